/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Small facts of src/kernel that need no made kernel
 */
#include "test.h"

#include "inquest/sleep.h"
#include "inquest/task.h"
#include "inquest/util.h"

static void a_time_after_the_snapshot_or_none_is_not_known(void **state)
{
	const struct iq_task_list at = { .monotonic_ns = 5000000000 }, never = { 0 };

	(void)state;
	assert_int_equal(iq_ms_since(&at, 2000000000), 3000);
	assert_int_equal(iq_ms_since(&at, 4999999999), 0);
	assert_int_equal(iq_ms_since(&at, 5000000000), 0);
	assert_int_equal(iq_ms_since(&at, 5000000001), -1);
	assert_int_equal(iq_ms_since(&at, 0), -1);
	assert_int_equal(iq_ms_since(&never, 2000000000), -1);
}

/* A stack of these functions, the innermost first. */
static struct iq_stack stack_of(struct iq_frame *frames, const char *const *names)
{
	struct iq_stack stack = { .frames = frames };

	for (; names[stack.num_frames]; stack.num_frames++)
		frames[stack.num_frames] = (struct iq_frame){ .sym.name = names[stack.num_frames] };
	return stack;
}

static void a_function_says_how_or_for_what_a_task_sleeps(void **state)
{
	static const struct {
		const char *name;
		unsigned kinds;
	} want[] = {
		{ "__schedule", IQ_SLEEP_SCHEDULER | IQ_SLEEP_HOW },
		{ "schedule_timeout.constprop.0", IQ_SLEEP_TIMEOUT | IQ_SLEEP_HOW },
		{ "__wait_on_bit", IQ_SLEEP_BIT | IQ_SLEEP_HOW },
		{ "do_nanosleep", IQ_SLEEP_NAP | IQ_SLEEP_HOW },
		{ "hrtimer_nanosleep", IQ_SLEEP_TIME },
		{ "futex_wait", IQ_SLEEP_FUTEX | IQ_SLEEP_FUTEX_ANY },
		/* It may be a lock that somebody holds. */
		{ "do_futex", IQ_SLEEP_FUTEX_ANY },
		{ "schedule_time", 0 },
		{ "ext4_sync_file", 0 },
		{ NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(want); i++)
		assert_int_equal(iq_sleep_kinds(&(struct iq_frame){ .sym.name = want[i].name }),
				 want[i].kinds);
}

static void the_innermost_sleep_of_a_kind_is_found(void **state)
{
	static const char *const names[] = { "__schedule",  "schedule",	      "do_poll",
					     "do_sys_poll", "__x64_sys_poll", NULL };
	struct iq_frame frames[8];
	struct iq_stack stack = stack_of(frames, names);

	(void)state;
	assert_int_equal(iq_sleep_find(&stack, 0, IQ_SLEEP_POLL), 2);
	assert_int_equal(iq_sleep_find(&stack, 3, IQ_SLEEP_POLL), 3);
	assert_int_equal(iq_sleep_find(&stack, 4, IQ_SLEEP_POLL), -1);
	assert_int_equal(iq_sleep_find(&stack, 0, IQ_SLEEP_TIME | IQ_SLEEP_SIGNAL), -1);
	assert_int_equal(iq_sleep_find(&stack, 0, IQ_SLEEP_TIME | IQ_SLEEP_SCHEDULER), 0);
}

static void a_function_sleeps_where_it_called_only_what_sleeps(void **state)
{
	static const char *const names[] = { "__schedule", "schedule", "mutex_lock", "work_on",
					     NULL };
	struct iq_frame frames[8];
	struct iq_stack stack = stack_of(frames, names);

	(void)state;
	assert_true(iq_sleeps_in(&stack, 2, IQ_SLEEP_SCHEDULER));
	assert_false(iq_sleeps_in(&stack, 3, IQ_SLEEP_SCHEDULER));
	assert_false(iq_sleeps_in(&stack, 2, IQ_SLEEP_TIMEOUT));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_time_after_the_snapshot_or_none_is_not_known),
		cmocka_unit_test(a_function_says_how_or_for_what_a_task_sleeps),
		cmocka_unit_test(the_innermost_sleep_of_a_kind_is_found),
		cmocka_unit_test(a_function_sleeps_where_it_called_only_what_sleeps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
