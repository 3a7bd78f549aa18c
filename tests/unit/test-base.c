/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test.h"

#include "inquest/util.h"

static void a_prefix_grows_on_the_way_up(void **state)
{
	struct iq_error *err = iq_error_fault(0x1000, "memory");

	(void)state;
	err = iq_error_prefix(err, "mutex %#x", 0x20);
	assert_string_equal(iq_error_text(err), "mutex 0x20: cannot read memory at 0x1000");
	assert_int_equal(err->addr, 0x1000);
	assert_false(iq_error_catch(&err, IQ_ERR_NOTFOUND));
	assert_true(iq_error_catch(&err, IQ_ERR_FAULT));
	assert_null(err);
	assert_null(iq_error_prefix(NULL, "nothing"));
}

static void a_map_keeps_what_it_was_given(void **state)
{
	struct iq_map map = { 0 };

	(void)state;
	assert_null(iq_map_get(&map, 0));
	for (uint64_t i = 0; i < 10000; i++)
		iq_map_set(&map, i * 4096, i);
	for (uint64_t i = 0; i < 10000; i++)
		assert_int_equal(*iq_map_get(&map, i * 4096), i);
	assert_null(iq_map_get(&map, 1));
	iq_map_set(&map, 0, 7);
	assert_int_equal(*iq_map_get(&map, 0), 7);
	assert_int_equal(map.num, 10000);
	iq_map_deinit(&map);
}

static void a_strmap_copies_its_keys(void **state)
{
	struct iq_strmap map = { 0 };
	char key[16];
	int values[100];

	(void)state;
	for (int i = 0; i < 100; i++) {
		snprintf(key, sizeof(key), "key%d", i);
		iq_strmap_set(&map, key, &values[i]);
	}
	assert_ptr_equal(iq_strmap_get(&map, "key42"), &values[42]);
	assert_null(iq_strmap_get(&map, "key"));
	iq_strmap_deinit(&map);
}

static void arenas_and_strings_grow(void **state)
{
	struct iq_arena *arena = iq_arena_new();
	struct iq_strbuf sb = IQ_STRBUF_INIT;
	char *big;

	(void)state;
	big = iq_arena_alloc(arena, 3 << 20);
	big[(3 << 20) - 1] = 1;
	assert_string_equal(iq_arena_printf(arena, "%d-%s", 7, "x"), "7-x");
	for (int i = 0; i < 1000; i++)
		iq_strbuf_printf(&sb, "%d,", i);
	assert_int_equal(sb.len, 10 * 2 + 90 * 3 + 900 * 4);
	assert_string_equal(sb.str + sb.len - 4, "999,");
	iq_strbuf_deinit(&sb);
	assert_string_equal(iq_strbuf_str(&sb), "");
	iq_arena_free(arena);
}

static void a_vector_keeps_its_elements(void **state)
{
	IQ_VEC(int) v = { 0 };
	int sum = 0;

	(void)state;
	for (int i = 0; i < 100; i++)
		*iq_vec_push(&v, i) += 1;
	iq_vec_foreach(&v, p)
		sum += *p;
	assert_int_equal(sum, 5050);
	iq_vec_free(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_prefix_grows_on_the_way_up),
		cmocka_unit_test(a_map_keeps_what_it_was_given),
		cmocka_unit_test(a_strmap_copies_its_keys),
		cmocka_unit_test(arenas_and_strings_grow),
		cmocka_unit_test(a_vector_keeps_its_elements),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
