/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cmocka with what it needs included first, and asserts for our errors
 */
#ifndef IQ_TESTS_UNIT_TEST_H
#define IQ_TESTS_UNIT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "inquest/error.h"

#define assert_ok(e)                                                                               \
	do {                                                                                       \
		struct iq_error *_err = (e);                                                       \
		if (_err)                                                                          \
			fail_msg("%s", iq_error_text(_err));                                       \
	} while (0)

#define assert_err(expected, e)                                                                    \
	do {                                                                                       \
		struct iq_error *_err = (e);                                                       \
		if (!_err)                                                                         \
			fail_msg("%s succeeded", #e);                                              \
		assert_int_equal(_err->code, expected);                                            \
		iq_error_free(_err);                                                               \
	} while (0)

#endif
