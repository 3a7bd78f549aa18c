/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What was in the argument registers when a function was entered
 *
 * One struct iq_args belongs to one kernel and remembers what it learned of its code. It borrows
 * the unwinder, which has to outlive it; nothing here can fail: what is not known is
 * IQ_ARG_UNKNOWN.
 */
#ifndef IQ_ARGS_ARGS_H
#define IQ_ARGS_ARGS_H

#include "unwind/unwind.h"

enum { ARGS_NUM_REGS = 6 };

struct args_found {
	enum iq_arg_by by;
	uint64_t value;
	bool both;   /* function and caller agree on it */
	bool differ; /* they do not: unknown */
};

struct iq_args;

struct iq_args *args_new(struct iq_unwinder *u);
void args_free(struct iq_args *args);

/*
 * Recover rdi, rsi, rdx, rcx, r8 and r9, as they were on entry of the function of frame i.
 * current: the task whose stack it is, 0 where not known.
 */
void args_recover(struct iq_args *a, const struct iq_stack *stack, size_t i, iq_vaddr current,
		  struct args_found found_ret[ARGS_NUM_REGS]);

#endif
