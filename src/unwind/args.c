/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Arguments
 */
#include "unwind/args.h"

void args_recover(struct iq_unwinder *u, const struct iq_stack *stack, size_t i, iq_vaddr current,
		  struct args_found found_ret[ARGS_NUM_REGS])
{
	memset(found_ret, 0, ARGS_NUM_REGS * sizeof(*found_ret));
	(void)u;
	(void)stack;
	(void)i;
	(void)current;
}
