/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Small facts of src/kernel that need no made kernel
 */
#include "test.h"

#include "inquest/task.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_time_after_the_snapshot_or_none_is_not_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
