/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is kept with a session: made, recalled, dropped with the snapshot, freed with the session
 */
#include "test.h"

#include "fakekernel.h"
#include "inquest/cache.h"
#include "kernel/session.h"

/* What was freed, in that order: a letter each. */
static struct iq_strbuf freed;
static unsigned num_made;
static const struct iq_cache of_session, of_snapshot, upper;

static void *make_letter(const char *letter)
{
	num_made++;
	return strcpy(iq_xmalloc(2), letter);
}

static void free_letter(void *value)
{
	iq_strbuf_adds(&freed, value);
	free(value);
}

static void *make_a(struct iq_session *s)
{
	(void)s;
	return make_letter("a");
}

static void *make_b(struct iq_session *s)
{
	(void)s;
	return make_letter("b");
}

/* Stands on another one. */
static void *make_u(struct iq_session *s)
{
	assert_non_null(iq_cache_get(s, &of_snapshot));
	return make_letter("u");
}

static void *make_after_a_snapshot(struct iq_session *s)
{
	const struct iq_task_list *list;

	assert_ok(iq_tasks_snapshot(s, 0, &list));
	return make_letter("n");
}

static void *make_nothing(struct iq_session *s)
{
	(void)s;
	num_made++;
	return NULL;
}

static const struct iq_cache of_session = { IQ_CACHE_SESSION, make_a, free_letter };
static const struct iq_cache of_snapshot = { IQ_CACHE_SNAPSHOT, make_b, free_letter };
static const struct iq_cache upper = { IQ_CACHE_SNAPSHOT, make_u, free_letter };

static struct fakekernel *begin(void)
{
	struct fakekernel *k = fakekernel_new(FK_OLD);

	fk_task(k, 10, "one");
	iq_strbuf_deinit(&freed);
	num_made = 0;
	return k;
}

static void assert_freed(const char *letters)
{
	assert_string_equal(iq_strbuf_str(&freed), letters);
}

static void what_was_made_is_recalled(void **state)
{
	struct fakekernel *k = begin();
	struct iq_session *s = fk_open(k);
	void *a = iq_cache_get(s, &of_session), *b = iq_cache_get(s, &of_snapshot);

	(void)state;
	assert_string_equal(a, "a");
	assert_string_equal(b, "b");
	assert_ptr_equal(iq_cache_get(s, &of_session), a);
	assert_ptr_equal(iq_cache_get(s, &of_snapshot), b);
	assert_int_equal(num_made, 2);
	assert_freed("");
	fakekernel_free(k);
}

static void a_snapshot_drops_what_stood_on_the_former(void **state)
{
	struct fakekernel *k = begin();
	struct iq_session *s = fk_open(k);
	void *a = iq_cache_get(s, &of_session);
	const struct iq_task_list *list;

	(void)state;
	iq_cache_get(s, &of_snapshot);
	assert_ok(iq_tasks_snapshot(s, 0, &list));
	assert_freed("b");
	assert_ptr_equal(iq_cache_get(s, &of_session), a);
	assert_int_equal(num_made, 2);
	assert_string_equal(iq_cache_get(s, &of_snapshot), "b");
	assert_int_equal(num_made, 3);
	fakekernel_free(k);
}

static void all_is_freed_with_the_session_the_last_first(void **state)
{
	struct fakekernel *k = begin();
	struct iq_session *s = fk_open(k);

	(void)state;
	iq_cache_get(s, &of_session);
	iq_cache_get(s, &upper); /* makes of_snapshot, and stands on it */
	fakekernel_free(k);
	assert_freed("uba");
}

static void what_takes_a_snapshot_while_it_is_made_is_kept(void **state)
{
	static const struct iq_cache taker = { IQ_CACHE_SNAPSHOT, make_after_a_snapshot,
					       free_letter };
	struct fakekernel *k = begin();
	struct iq_session *s = fk_open(k);
	void *n;

	(void)state;
	iq_cache_get(s, &of_snapshot);
	n = iq_cache_get(s, &taker);
	assert_freed("b");
	assert_ptr_equal(iq_cache_get(s, &taker), n);
	fakekernel_free(k);
	assert_freed("bn");
}

static void nothing_is_not_kept(void **state)
{
	static const struct iq_cache empty = { IQ_CACHE_SESSION, make_nothing, free_letter };
	struct fakekernel *k = begin();
	struct iq_session *s = fk_open(k);

	(void)state;
	assert_null(iq_cache_get(s, &empty));
	assert_null(iq_cache_get(s, &empty));
	assert_int_equal(num_made, 2);
	fakekernel_free(k);
	assert_freed("");
}

static void what_nobody_makes_is_there_once_it_is_put(void **state)
{
	static const struct iq_cache by_hand = { .life = IQ_CACHE_SESSION, .free = free_letter };
	struct fakekernel *k = begin();
	struct iq_session *s = fk_open(k);
	void *value;

	(void)state;
	assert_null(iq_cache_get(s, &by_hand));
	value = make_letter("h");
	iq_cache_put(s, &by_hand, value);
	assert_ptr_equal(iq_cache_get(s, &by_hand), value);
	fakekernel_free(k);
	assert_freed("h");
}

/* The tasks themselves are kept in this way: to forget is to forget them too. */
static void after_forgetting_there_is_no_task_until_they_are_asked_for(void **state)
{
	struct fakekernel *k = begin();
	struct iq_session *s = fk_open(k);

	(void)state;
	assert_null(iq_task_by_pid(s, 10));
	assert_non_null(iq_tasks(s));
	assert_non_null(iq_task_by_pid(s, 10));
	iq_session_forget(s);
	assert_null(iq_task_by_pid(s, 10));
	assert_non_null(iq_tasks(s));
	assert_non_null(iq_task_by_pid(s, 10));
	fakekernel_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_made_is_recalled),
		cmocka_unit_test(a_snapshot_drops_what_stood_on_the_former),
		cmocka_unit_test(all_is_freed_with_the_session_the_last_first),
		cmocka_unit_test(what_takes_a_snapshot_while_it_is_made_is_kept),
		cmocka_unit_test(nothing_is_not_kept),
		cmocka_unit_test(what_nobody_makes_is_there_once_it_is_put),
		cmocka_unit_test(after_forgetting_there_is_no_task_until_they_are_asked_for),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	iq_strbuf_deinit(&freed);
	return failed;
}
