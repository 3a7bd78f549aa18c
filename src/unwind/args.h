/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What was in the argument registers when a function was entered
 */
#ifndef IQ_UNWIND_ARGS_H
#define IQ_UNWIND_ARGS_H

#include "unwind/unwind.h"

enum { ARGS_NUM_REGS = 6 };

struct args_found {
	enum iq_arg_by by;
	uint64_t value;
	bool both;   /* function and caller agree on it */
	bool differ; /* they do not: unknown */
};

/* What was learned of the code; belongs to the unwinder. */
void args_free(struct iq_args *args);

/*
 * Recover rdi, rsi, rdx, rcx, r8 and r9, as they were on entry of the function of frame i.
 * current: the task whose stack it is, 0 where not known.
 */
void args_recover(struct iq_unwinder *u, const struct iq_stack *stack, size_t i, iq_vaddr current,
		  struct args_found found_ret[ARGS_NUM_REGS]);

#endif
