/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One test, all layouts of made kernels
 *
 * A test that holds for every layout takes the layout and stands in the table of its file as
 *
 *	each_layout(a_mutex_says_who_holds_it),
 *
 * which are as many cases as there are layouts: each has the layout in its name, so that a failure
 * says on which it was, and one that fails leaves the others to run. layouts_since_6_12() leaves
 * FK_OLD out, for what older kernels do not have.
 */
#ifndef IQ_TESTS_UNIT_LAYOUTS_H
#define IQ_TESTS_UNIT_LAYOUTS_H

#include "test.h"

#include "fakekernel.h"

typedef void (*iq_layout_test)(enum fk_flavour layout);

struct layout_case {
	iq_layout_test fn;
	enum fk_flavour layout;
};

static inline void run_layout_case(void **state)
{
	const struct layout_case *c = *state;

	c->fn(c->layout);
}

#define LAYOUT_CASE(test, says, which)                                                             \
	{                                                                                          \
		.name = #test " [" says "]", .test_func = run_layout_case,                         \
		.initial_state = &(struct layout_case)                                             \
		{                                                                                  \
			.fn = (test), .layout = (which)                                            \
		}                                                                                  \
	}

#define layouts_since_6_12(test)                                                                   \
	LAYOUT_CASE(test, "FK_MID, as 6.12", FK_MID), LAYOUT_CASE(test, "FK_NEW, as 7.x", FK_NEW)

#define each_layout(test) LAYOUT_CASE(test, "FK_OLD, as 5.10", FK_OLD), layouts_since_6_12(test)

#endif
