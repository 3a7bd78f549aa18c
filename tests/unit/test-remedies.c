/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What can be done, and what a kill would do: on made kernels of each layout
 */
#include "test.h"

#include "inquest/names.h"

#include "fakekernel.h"
#include "graph-made.h"
#include "layouts.h"
#include "why-parts.h"

enum { SIGKILL_BIT = 0x100, PF_EXITING = 4 };

#define assert_advised(cause, part)                                                                \
	do {                                                                                       \
		if (!remedy_with(cause, part))                                                     \
			for (size_t _i = 0; _i < (cause)->remedy.num; _i++)                        \
				printf("advised: %s\n", (cause)->remedy.data[_i].text);            \
		assert_non_null(remedy_with(cause, part));                                         \
	} while (0)

static struct fk_task *stuck(struct fakekernel *k, int32_t pid, uint64_t state)
{
	struct fk_task *t = fk_task(k, pid, "holder");

	fk_calls(t, "mystery_read", "schedule");
	fk_switch(t, state);
	return t;
}

static struct fk_task *writer(struct fakekernel *k, int32_t pid, iq_vaddr lock, bool killable)
{
	struct fk_task *t = fk_task(k, pid, "writer");

	fk_calls(t, "do_something");
	fk_wait_write(t, lock, killable);
	return t;
}

static const struct iq_cause *only_cause(const struct iq_why *why)
{
	assert_int_equal(why->causes->list.num, 1);
	return why->causes->list.data[0];
}

/* ---- who waits ---- */

static void a_kill_ends_killable_sleeps_and_no_others(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr lock = fk_rwsem(k, "big_lock");
	const struct iq_cause *cause;
	const struct iq_why *why;

	fk_rwsem_take_write(stuck(k, 10, FK_D), lock);
	writer(k, 11, lock, true);
	writer(k, 12, lock, false);
	why = fk_why(k);
	cause = only_cause(why);
	assert_true(wait_of(why, 11)->killable);
	assert_false(wait_of(why, 12)->killable);
	assert_false(wait_of(why, 10)->killable);
	assert_advised(cause, "kill -9 ends the wait of writer (11); it takes effect only when "
			      "their waits end on writer (12)");
	assert_advised(cause, "kill -9 10 does not help as long as this sleep lasts");
	fakekernel_free(k);
}

static void that_nobody_can_be_killed_is_no_remedy(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr lock = fk_rwsem(k, "big_lock");

	fk_rwsem_take_write(stuck(k, 10, FK_D), lock);
	writer(k, 12, lock, false);
	assert_null(remedy_with(only_cause(fk_why(k)), "kill -9 ends"));
	fakekernel_free(k);
}

/* ---- the root ---- */

static void a_killable_root_is_ended_by_sigkill(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr lock = fk_rwsem(k, "big_lock");
	const struct iq_remedy *r;

	fk_rwsem_take_write(stuck(k, 10, FK_KILLABLE), lock);
	writer(k, 12, lock, false);
	r = remedy_with(only_cause(fk_why(k)), "only SIGKILL ends");
	assert_non_null(r);
	assert_string_equal(r->command, "kill -9 10");
	assert_int_equal(r->risk, IQ_RISK_DATA);
	assert_null(remedy_with(only_cause(fk_why(k)), "does not help"));
	fakekernel_free(k);
}

/* SIGKILL is pending, or it is on its way out: another signal is none. */
static void who_has_been_killed_is_not_killed_again(enum fk_flavour f)
{
	for (int exiting = 0; exiting < 2; exiting++) {
		struct fakekernel *k = fakekernel_new(f);
		iq_vaddr lock = fk_rwsem(k, "big_lock");
		struct fk_task *t = stuck(k, 10, exiting ? FK_KILLABLE : FK_D);
		const struct iq_why *why;

		fk_rwsem_take_write(t, lock);
		writer(k, 12, lock, false);
		if (exiting)
			fk_task_put(t, "flags", PF_EXITING);
		else
			fk_task_put(t, "pending.signal.sig[0]", SIGKILL_BIT);
		why = fk_why(k);
		assert_true(wait_of(why, 10)->doomed);
		assert_false(wait_of(why, 10)->killable);
		assert_false(wait_of(why, 12)->doomed);
		assert_advised(only_cause(why),
			       "holder (10) has been killed already, or is exiting");
		assert_null(remedy_with(only_cause(why), "kill -9 10"));
		fakekernel_free(k);
	}
}

/* Process 1 is sent no SIGKILL, and a thread of the kernel takes none. */
static void nobody_is_told_to_kill_what_cannot_be(enum fk_flavour f)
{
	for (int init = 0; init < 2; init++) {
		struct fakekernel *k = fakekernel_new(f);
		iq_vaddr lock = fk_rwsem(k, "big_lock");
		struct fk_task *t = init ? fk_task(k, 1, "init") : fk_kthread(k, 10, "worker");

		fk_calls(t, "mystery_read", "schedule");
		fk_switch(t, FK_KILLABLE);
		fk_rwsem_take_write(t, lock);
		writer(k, 12, lock, false);
		assert_false(wait_of(fk_why(k), init ? 1 : 10)->killable);
		assert_null(remedy_with(only_cause(fk_why(k)), "kill -9"));
		fakekernel_free(k);
	}
}

static void the_sleeper_who_holds_a_lock_may_be_ended(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr lock = fk_mutex(k, "big_lock");
	struct fk_task *holder = fk_task(k, 10, "holder"), *waiter = fk_task(k, 11, "waiter");
	const struct iq_remedy *r;

	fk_nanosleep(holder);
	fk_mutex_take(holder, lock);
	fk_calls(waiter, "do_something");
	fk_wait_mutex(waiter, lock);
	r = remedy_with(fk_cause(fk_why(k), IQ_CAUSE_TASK_SLEEPING),
			"Its lock is let go of by that");
	assert_non_null(r);
	assert_string_equal(r->command, "kill 10");
	fakekernel_free(k);
}

/* ---- deadlocks ---- */

static const struct iq_cause *deadlock(struct fakekernel *k, bool killable)
{
	iq_vaddr a = fk_rwsem(k, "lock_a"), b = fk_rwsem(k, "lock_b");

	fk_rwsem_take_write(writer(k, 10, b, false), a);
	fk_rwsem_take_write(writer(k, 11, a, killable), b);
	return fk_cause(fk_why(k), IQ_CAUSE_DEADLOCK);
}

static void a_deadlock_with_a_killable_member_ends_by_that_one(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	const struct iq_cause *cause = deadlock(k, true);
	const struct iq_remedy *r = remedy_with(cause, "kill -9 11");

	assert_non_null(r);
	assert_string_equal(r->command, "kill -9 11");
	assert_non_null(strstr(r->text, "only SIGKILL ends"));
	assert_null(remedy_with(cause, "takes a reboot"));
	fakekernel_free(k);
}

static void a_deadlock_without_one_takes_a_reboot(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	const struct iq_cause *cause = deadlock(k, false);

	assert_advised(cause, "it takes a reboot");
	assert_int_equal(remedy_with(cause, "it takes a reboot")->risk, IQ_RISK_HIGH);
	assert_null(remedy_with(cause, "it takes a reboot")->command);
	assert_null(remedy_with(cause, "kill -9 1"));
	fakekernel_free(k);
}

/* Of two that a signal reaches, the one whose lock is the kernel's; alone, no promise is made. */
static void a_mutex_in_user_memory_is_not_said_to_be_let_go_of(void **state)
{
	struct iq_graph *g = iq_graph_new();
	struct iq_object *a = made_task(g, 10, "mv"), *b = made_task(g, 11, "mkdir");
	struct iq_object *futex = made_lock(g, 1, "mutex of mv"), *lock = made_lock(g, 2, "rwsem");
	const struct iq_cause *cause;

	(void)state;
	iq_object_str(g, futex, "class", "futex");
	made_held(g, b, futex, a, 9000);
	made_held(g, a, lock, b, 9000);
	a->wait->killable = true;
	cause = made_causes(g)->list.data[0];
	assert_advised(cause, "kill -9 10");
	assert_advised(cause, "if its mutex is a robust one");
	b->wait->killable = true;
	cause = made_causes(g)->list.data[0];
	assert_advised(cause, "kill -9 11");
	assert_advised(cause, "is let go of");
	iq_graph_free(g);
}

/* ---- the list itself ---- */

static void a_remedy_is_listed_once_with_what_it_costs(void **state)
{
	struct iq_graph *g = iq_graph_new();
	iq_remedies list = { 0 };

	(void)state;
	iq_remedy_add(g, &list, IQ_RISK_LOW, "kill -CONT 1", "let it go on");
	iq_remedy_add(g, &list, IQ_RISK_HIGH, NULL, "let it go on");
	iq_remedy_add(g, &list, IQ_RISK_HIGH, NULL, "reboot");
	assert_int_equal(list.num, 2);
	assert_string_equal(list.data[0].command, "kill -CONT 1");
	assert_string_equal(iq_risk_name(list.data[0].risk), "low");
	assert_null(list.data[1].command);
	iq_vec_free(&list);
	iq_graph_free(g);
}

static void words_are_quoted_where_a_shell_would_split_them(void **state)
{
	struct iq_arena *arena = iq_arena_new();

	(void)state;
	assert_string_equal(iq_arena_quoted(arena, "/srv/data-1"), "/srv/data-1");
	assert_string_equal(iq_arena_quoted(arena, "/a b;$(x)"), "'/a b;$(x)'");
	assert_string_equal(iq_arena_quoted(arena, "it's"), "'it'\\''s'");
	assert_string_equal(iq_arena_quoted(arena, ""), "''");
	iq_arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		each_layout(a_kill_ends_killable_sleeps_and_no_others),
		each_layout(that_nobody_can_be_killed_is_no_remedy),
		each_layout(a_killable_root_is_ended_by_sigkill),
		each_layout(who_has_been_killed_is_not_killed_again),
		each_layout(nobody_is_told_to_kill_what_cannot_be),
		each_layout(the_sleeper_who_holds_a_lock_may_be_ended),
		each_layout(a_deadlock_with_a_killable_member_ends_by_that_one),
		each_layout(a_deadlock_without_one_takes_a_reboot),
		cmocka_unit_test(a_mutex_in_user_memory_is_not_said_to_be_let_go_of),
		cmocka_unit_test(a_remedy_is_listed_once_with_what_it_costs),
		cmocka_unit_test(words_are_quoted_where_a_shell_would_split_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
