/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test.h"

#include <string.h>

#include "made-btf.h"
#include "made-orc.h"

static const struct orc_format *const formats[] = {
	&orc_format_4_14,
	&orc_format_6_3,
	&orc_format_6_4,
	&orc_format_7_1,
};

static void entries_read_the_same_in_all_formats(void **state)
{
	(void)state;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(formats); i++) {
		static const enum orc_reg regs[] = {
			ORC_REG_DX,  ORC_REG_DI,  ORC_REG_BP,	       ORC_REG_SP,
			ORC_REG_R10, ORC_REG_R13, ORC_REG_BP_INDIRECT, ORC_REG_SP_INDIRECT,
		};
		uint8_t bytes[ORC_ENTRY_LEN];
		struct orc_rule rule;

		for (size_t r = 0; r < IQ_ARRAY_SIZE(regs); r++) {
			made_encode(formats[i], ORC_TYPE_CALL, regs[r], -16, ORC_REG_PREV_SP,
				    -32768, bytes);
			rule = orc_decode(formats[i], bytes);
			assert_int_equal(rule.type, ORC_TYPE_CALL);
			assert_int_equal(rule.sp_reg, regs[r]);
			assert_int_equal(rule.sp_offset, -16);
			assert_int_equal(rule.bp_reg, ORC_REG_PREV_SP);
			assert_int_equal(rule.bp_offset, -32768);
			assert_false(rule.signal);
		}
		for (enum orc_type type = ORC_TYPE_UNDEFINED; type <= ORC_TYPE_REGS_PARTIAL;
		     type++) {
			made_encode(formats[i], type, ORC_REG_SP, 8, ORC_REG_UNDEFINED, 0, bytes);
			rule = orc_decode(formats[i], bytes);
			assert_int_equal(rule.type, type);
			assert_int_equal(rule.signal, type >= ORC_TYPE_REGS);
		}
	}
}

static void numbers_without_a_meaning_are_undefined(void **state)
{
	uint8_t ff[ORC_ENTRY_LEN];

	(void)state;
	memset(ff, 0xff, sizeof(ff));
	for (size_t i = 0; i < IQ_ARRAY_SIZE(formats); i++)
		assert_int_equal(orc_decode(formats[i], ff).type, ORC_TYPE_UNDEFINED);
}

/* 200 functions whose depth tells them apart, with entries in the middle of them. */
static void made_many(struct made *m, const struct orc_format *format)
{
	made_init(m, format);
	for (int i = 0; i < 200; i++) {
		iq_vaddr f = made_func(m, i ? "f" : "schedule", "\xc3", 1);

		made_rule(m, f, ORC_TYPE_CALL, ORC_REG_SP, 8, ORC_REG_UNDEFINED, 0);
		for (int j = 1; j <= i % 7; j++)
			made_rule(m, f + (iq_vaddr)j, ORC_TYPE_CALL, ORC_REG_SP, i * 100 + j,
				  ORC_REG_PREV_SP, -16);
	}
}

static void assert_many_found(struct made *m, struct orc *orc)
{
	struct orc_rule rule;

	for (int i = 0; i < 200; i++) {
		iq_vaddr f = MADE_TEXT + (iq_vaddr)i * 256;

		assert_true(orc_find(orc, f, &rule));
		assert_int_equal(rule.sp_offset, 8);
		for (int j = 1; j <= i % 7; j++) {
			assert_true(orc_find(orc, f + (iq_vaddr)j, &rule));
			assert_int_equal(rule.sp_offset, i * 100 + j);
		}
		assert_true(orc_find(orc, f + 255, &rule));
		assert_int_equal(rule.sp_offset, i % 7 ? i * 100 + i % 7 : 8);
	}
	assert_false(orc_find(orc, MADE_TEXT - 1, &rule));
	assert_false(orc_find(orc, MADE_TEXT_END + 1, &rule));
	assert_false(orc_find(orc, 0, &rule));
	assert_false(orc_find(orc, UINT64_MAX, &rule));
	(void)m;
}

static void every_pc_finds_its_entry(void **state)
{
	(void)state;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(formats); i++) {
		struct made m;
		struct orc orc;

		made_many(&m, formats[i]);
		made_done(&m);
		assert_ok(orc_init(&orc, m.mem, m.tab, NULL));
		assert_string_equal(orc.format.version,
				    i == 1 ? "4.14" : formats[i]->version); /* told by BTF only */
		assert_true(orc.num_lookup > 0);
		assert_many_found(&m, &orc);
		orc_deinit(&orc);
		made_deinit(&m);
	}
}

static void a_wrong_fast_table_is_not_believed(void **state)
{
	struct made m;
	struct orc orc;

	(void)state;
	made_many(&m, &orc_format_6_4);
	made_done(&m);
	for (uint32_t i = 0; i < (MADE_TEXT_END - MADE_TEXT) / 256; i++)
		iq_fake_write_u32(m.target, MADE_LOOKUP + i * 4, i % 3 ? i * 7 : UINT32_MAX - i);
	assert_ok(orc_init(&orc, m.mem, m.tab, NULL));
	assert_many_found(&m, &orc);
	/* Nor is it needed. */
	iq_fake_remove_pages(m.target, MADE_LOOKUP, 4096);
	assert_many_found(&m, &orc);
	orc_deinit(&orc);
	made_deinit(&m);
}

static void of_entries_at_one_address_the_last_counts(void **state)
{
	struct orc_rule rule;
	struct made m;
	struct orc orc;
	iq_vaddr f;

	(void)state;
	made_init(&m, &orc_format_6_4);
	f = made_func(&m, "schedule", "\xc3", 1);
	made_rule(&m, f, ORC_TYPE_UNDEFINED, ORC_REG_UNDEFINED, 0, ORC_REG_UNDEFINED, 0);
	made_rule(&m, f, ORC_TYPE_CALL, ORC_REG_SP, 8, ORC_REG_UNDEFINED, 0);
	for (int i = 0; i < 300; i++)
		made_rule(&m, f + 1, ORC_TYPE_CALL, ORC_REG_SP, i, ORC_REG_UNDEFINED, 0);
	made_done(&m);
	assert_ok(orc_init(&orc, m.mem, m.tab, NULL));
	assert_true(orc_find(&orc, f, &rule));
	assert_int_equal(rule.sp_offset, 8);
	assert_true(orc_find(&orc, f + 1, &rule));
	assert_int_equal(rule.sp_offset, 299);
	orc_deinit(&orc);
	made_deinit(&m);
}

static struct iq_types *types_with_orc_entry(struct made_btf *b, bool old, unsigned type_bits)
{
	struct iq_types *types;
	uint32_t t_short, t_uint;
	const void *data;
	size_t len;

	made_btf_init(b, NULL);
	t_short = made_int(b, "short", 2, MADE_SIGNED);
	t_uint = made_int(b, "unsigned int", 4, 0);
	made_struct(b, "orc_entry", 6, true);
	made_member(b, "sp_offset", t_short, 0);
	made_member(b, "bp_offset", t_short, 16);
	made_member(b, "sp_reg", t_uint, 32 | 4 << 24);
	made_member(b, "bp_reg", t_uint, 36 | 4 << 24);
	made_member(b, "type", t_uint, 40 | type_bits << 24);
	if (!old)
		made_member(b, "signal", t_uint, (40 + type_bits) | 1 << 24);
	if (type_bits == 2)
		made_member(b, "end", t_uint, (old ? 42 : 43) | 1 << 24);
	data = made_btf_data(b, &len);
	assert_ok(iq_types_new(&types));
	assert_ok(iq_types_add(types, NULL, data, len));
	return types;
}

static void types_tell_the_places_of_fields(void **state)
{
	(void)state;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(formats); i++) {
		struct iq_types *types;
		struct made_btf b;
		struct made m;
		struct orc orc;

		types = types_with_orc_entry(&b, i == 0, formats[i]->type_bits);
		made_many(&m, formats[i]);
		made_done(&m);
		assert_ok(orc_init(&orc, m.mem, m.tab, types));
		assert_string_equal(orc.format.version, formats[i]->version);
		assert_int_equal(orc.format.signal, formats[i]->signal);
		assert_int_equal(orc.format.end, formats[i]->end);
		assert_many_found(&m, &orc);
		orc_deinit(&orc);
		made_deinit(&m);
		iq_types_free(types);
		made_btf_deinit(&b);
	}
}

static void a_known_header_tells_the_format_but_not_against_the_table(void **state)
{
	static const uint8_t of_7_3[20] = { 0x13, 0x7c, 0x36, 0xad, 0x76, 0x27, 0xc4,
					    0xdd, 0x55, 0x93, 0x21, 0x76, 0xbb, 0x0e,
					    0xcd, 0xbd, 0x50, 0x41, 0xfc, 0x82 };

	(void)state;
	for (int wrong = 0; wrong < 2; wrong++) {
		struct made m;
		struct orc orc;

		made_many(&m, wrong ? &orc_format_6_4 : &orc_format_7_1);
		made_sym(&m, "__start_orc_header", MADE_HEADER, 'R');
		iq_fake_write(m.target, MADE_HEADER, of_7_3, sizeof(of_7_3));
		made_done(&m);
		assert_ok(orc_init(&orc, m.mem, m.tab, NULL));
		assert_string_equal(orc.format.version, wrong ? "6.4" : "7.1");
		assert_many_found(&m, &orc);
		orc_deinit(&orc);
		made_deinit(&m);
	}
}

static void random_bytes_are_no_orc_table(void **state)
{
	struct made m;
	struct orc orc;
	uint64_t x = 1;

	(void)state;
	made_many(&m, &orc_format_6_4);
	iq_vec_foreach(&m.entries, e)
		for (int i = 0; i < ORC_ENTRY_LEN; i++)
			e->bytes[i] = (uint8_t)((x = x * 6364136223846793005ULL + 1442695) >> 56);
	made_done(&m);
	assert_err(IQ_ERR_CORRUPT, orc_init(&orc, m.mem, m.tab, NULL));
	assert_int_equal(orc.kernel.num, 0);
	orc_deinit(&orc);
	/* The unwinder lives on without. */
	assert_non_null(strstr(iq_unwinder_describe(m.u), "frame pointers"));
	made_deinit(&m);
}

static void tables_that_lie_about_their_size_are_refused(void **state)
{
	static const struct {
		const char *sym;
		iq_vaddr addr;
		enum iq_error_code code;
	} lies[] = {
		{ "__stop_orc_unwind_ip", MADE_ORC_IP - 4, IQ_ERR_CORRUPT },
		{ "__stop_orc_unwind_ip", MADE_ORC_IP + 3, IQ_ERR_CORRUPT },
		{ "__stop_orc_unwind_ip", MADE_ORC_IP + (1ULL << 40), IQ_ERR_CORRUPT },
		{ "__stop_orc_unwind", MADE_ORC + 7, IQ_ERR_CORRUPT },
		{ "__stop_orc_unwind", 0, IQ_ERR_CORRUPT },
	};

	(void)state;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(lies); i++) {
		struct made m;
		struct orc orc;

		made_many(&m, &orc_format_6_4);
		made_done(&m);
		iq_symtab_free(m.tab);
		iq_vec_foreach(&m.syms, s)
			if (!strcmp(s->name, lies[i].sym))
				s->addr = lies[i].addr;
		assert_ok(iq_symtab_new_list(m.mem, m.syms.data, m.syms.num, &m.tab));
		assert_err(lies[i].code, orc_init(&orc, m.mem, m.tab, NULL));
		assert_int_equal(orc.kernel.num, 0);
		orc_deinit(&orc);
		made_deinit(&m);
	}
}

static void a_kernel_without_tables_is_told_from_one_with_broken_ones(void **state)
{
	struct made m;
	struct orc orc;

	(void)state;
	made_init(&m, &orc_format_6_4);
	made_done(&m);
	assert_err(IQ_ERR_NOTFOUND, orc_init(&orc, m.mem, m.tab, NULL));
	orc_deinit(&orc);
	made_deinit(&m);

	made_many(&m, &orc_format_6_4);
	made_done(&m);
	iq_fake_remove_pages(m.target, MADE_ORC_IP, 4096);
	assert_err(IQ_ERR_FAULT, orc_init(&orc, m.mem, m.tab, NULL));
	orc_deinit(&orc);
	made_deinit(&m);
}

static void modules_have_tables_of_their_own(void **state)
{
	const iq_vaddr text = 0xffffffffc0100000, ip = 0xffffffffc0200000,
		       orcs = 0xffffffffc0210000;
	struct orc_rule rule;
	struct made m;
	struct orc orc;
	size_t first;

	(void)state;
	made_many(&m, &orc_format_7_1);
	made_done(&m);
	first = m.entries.num;
	for (int i = 0; i < 50; i++)
		made_rule(&m, text + (iq_vaddr)i * 16, ORC_TYPE_CALL, ORC_REG_SP, 1000 + i,
			  ORC_REG_UNDEFINED, 0);
	made_write_tables(&m, ip, orcs, first, 50);
	assert_ok(orc_init(&orc, m.mem, m.tab, NULL));
	assert_ok(orc_add_module(&orc, text + 0x2000, 0x1000, 0, 0, 0));
	assert_ok(orc_add_module(&orc, text, 0x1000, ip, orcs, 50));
	assert_true(orc_find(&orc, text + 33, &rule));
	assert_int_equal(rule.sp_offset, 1002);
	assert_true(orc_find(&orc, text + 0xfff, &rule));
	assert_int_equal(rule.sp_offset, 1049);
	assert_false(orc_find(&orc, text + 0x1000, &rule));
	assert_true(orc_in_module(&orc, text + 0x2000));
	assert_false(orc_find(&orc, text + 0x2000, &rule));
	assert_false(orc_in_module(&orc, text + 0x3000));
	assert_many_found(&m, &orc);

	/* Entries for other code, too many, none there; and a text that wraps around. */
	assert_err(IQ_ERR_CORRUPT, orc_add_module(&orc, 0xffff888000000000, 4096, ip, orcs, 50));
	assert_err(IQ_ERR_CORRUPT, orc_add_module(&orc, text + 0x8000, 4096, ip, orcs, 1u << 31));
	assert_err(IQ_ERR_CORRUPT, orc_add_module(&orc, text + 0xa000, 4096, 8, 8, 50));
	assert_err(IQ_ERR_CORRUPT, orc_add_module(&orc, text, UINT64_MAX - 5, ip, orcs, 50));
	assert_false(orc_find(&orc, text + 0x8000, &rule));
	orc_deinit(&orc);
	made_deinit(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_read_the_same_in_all_formats),
		cmocka_unit_test(numbers_without_a_meaning_are_undefined),
		cmocka_unit_test(every_pc_finds_its_entry),
		cmocka_unit_test(a_wrong_fast_table_is_not_believed),
		cmocka_unit_test(of_entries_at_one_address_the_last_counts),
		cmocka_unit_test(types_tell_the_places_of_fields),
		cmocka_unit_test(a_known_header_tells_the_format_but_not_against_the_table),
		cmocka_unit_test(random_bytes_are_no_orc_table),
		cmocka_unit_test(tables_that_lie_about_their_size_are_refused),
		cmocka_unit_test(a_kernel_without_tables_is_told_from_one_with_broken_ones),
		cmocka_unit_test(modules_have_tables_of_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
