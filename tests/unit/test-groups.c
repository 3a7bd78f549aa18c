/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Grouping of tasks with equal stacks
 */
#include "test.h"

#include "inquest/groups.h"
#include "inquest/task.h"

enum { NUM_TASKS = 4 };

static struct iq_task tasks[NUM_TASKS];
static struct iq_frame down[] = { { .pc = 0x100 }, { .pc = 0x200 }, { .pc = 0x300 } };
static struct iq_frame aside[] = { { .pc = 0x100 }, { .pc = 0x250 }, { .pc = 0x300 } };

static void equal_stacks_are_one_group_in_the_order_of_their_tasks(void **state)
{
	const struct iq_stack a = { .frames = down, .num_frames = 3 }, b = a;
	struct iq_groups groups = { 0 };
	struct iq_alike alike = { .state = 'D' };

	(void)state;
	iq_groups_add(&groups, &tasks[0], &a, &alike);
	iq_groups_add(&groups, &tasks[1], &b, &alike);
	assert_int_equal(groups.list.num, 1);
	assert_ptr_equal(groups.list.data[0].stack, &a);
	assert_int_equal(groups.list.data[0].tasks.num, 2);
	assert_ptr_equal(groups.list.data[0].tasks.data[0], &tasks[0]);
	assert_ptr_equal(groups.list.data[0].tasks.data[1], &tasks[1]);
	iq_groups_deinit(&groups);
}

static void stacks_that_differ_anywhere_are_apart(void **state)
{
	const struct iq_stack stacks[] = { { .frames = down, .num_frames = 3 },
					   { .frames = aside, .num_frames = 3 },
					   { .frames = down, .num_frames = 2 },
					   { .why_none = "running" },
					   { .why_none = "gone" },
					   { 0 } };
	struct iq_groups groups = { 0 };
	struct iq_alike alike = { .state = 'S' };

	(void)state;
	for (int twice = 0; twice < 2; twice++)
		for (size_t i = 0; i < IQ_ARRAY_SIZE(stacks); i++)
			iq_groups_add(&groups, &tasks[twice], &stacks[i], &alike);
	assert_int_equal(groups.list.num, IQ_ARRAY_SIZE(stacks));
	iq_vec_foreach(&groups.list, g)
		assert_int_equal(g->tasks.num, 2);
	iq_groups_deinit(&groups);
}

static void whatever_else_the_caller_names_has_to_be_equal(void **state)
{
	static const char one[] = "mutex", other[] = "rwsem";
	const struct iq_alike alike[] = { { .state = 'S' },
					  { .state = 'D' },
					  { .state = 'S', .on_cpu = true },
					  { .state = 'S', .complete = true },
					  { .state = 'S', .what = one },
					  { .state = 'S', .what = other } };
	const struct iq_stack stack = { .frames = down, .num_frames = 3 };
	struct iq_groups groups = { 0 };

	(void)state;
	for (int twice = 0; twice < 2; twice++)
		for (size_t i = 0; i < IQ_ARRAY_SIZE(alike); i++)
			iq_groups_add(&groups, &tasks[twice], &stack, &alike[i]);
	assert_int_equal(groups.list.num, IQ_ARRAY_SIZE(alike));
	iq_vec_foreach(&groups.list, g)
		assert_int_equal(g->tasks.num, 2);
	iq_groups_deinit(&groups);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_stacks_are_one_group_in_the_order_of_their_tasks),
		cmocka_unit_test(stacks_that_differ_anywhere_are_apart),
		cmocka_unit_test(whatever_else_the_caller_names_has_to_be_equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
