/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is known of a place in the code
 *
 * The same few hundred return addresses are on all stacks. A site is one of
 * them, with everything that has to be looked up about it, remembered.
 */
#ifndef IQ_UNWIND_SITE_H
#define IQ_UNWIND_SITE_H

#include "unwind/orc.h"
#include "unwind/saved.h"
#include "unwind/unwind.h"

/* What a function near the outer end of a stack says about how the kernel was entered. */
enum entry_kind {
	ENTRY_NONE,
	ENTRY_SYSCALL,
	ENTRY_SYSCALL_COMPAT, /* with the numbers of i386 */
	ENTRY_EVENT,	      /* exception, interrupt */
	ENTRY_FORK,	      /* a new task's way out */
};

struct site {
	struct iq_sym sym;
	struct orc_rule rule;
	struct saved_state saved;
	bool has_rule;
	bool has_saved; /* and it agrees with the rule */
	bool is_text;	/* code of the kernel or of a module */
	bool is_detour; /* a tracer put it in the place of the return address */
	uint8_t entry;	/* enum entry_kind */
};

struct iq_unwinder {
	struct iq_mem *mem;
	struct iq_symtab *tab;
	struct orc orc;
	char *description;
	iq_vaddr detours[4]; /* return_to_handler and its like */
	unsigned num_detours;
	struct {
		uint16_t r15, r14, r13, r12, bx, bp, ret_addr, len;
	} switch_frame; /* struct inactive_task_frame */

	struct iq_map by_pc; /* pc and whether it is exact: index of a site */
	IQ_VEC(struct site) sites;
	struct iq_map by_func; /* a function's start: index in funcs */
	IQ_VEC(struct func_calls) funcs;
	struct saved_flow *flow;
	uint8_t *text; /* of the function under study */

	struct iq_frame *frames; /* of the stack under study */
};

/*
 * What is known of pc: a return address, or with `exact` an instruction that was stopped at.
 * Never NULL; valid until the next call.
 */
const struct site *site_get(struct iq_unwinder *u, iq_vaddr pc, bool exact);

/*
 * Is pc behind a call instruction? If it calls a fixed place, that is put in *target_ret, else 0.
 */
bool site_follows_call(struct iq_unwinder *u, iq_vaddr pc, iq_vaddr *target_ret);

/* Is pc in code of the kernel or of a module? */
bool site_is_text(struct iq_unwinder *u, iq_vaddr pc);

void site_deinit(struct iq_unwinder *u);

/*
 * Fill in stack->user out of the pt_regs at `proven`; if that is 0, out of what looks like it at
 * the top of the stack. user.valid stays false where there are none.
 */
void user_regs_read(struct iq_unwinder *u, const struct iq_unwind_start *start, iq_vaddr proven,
		    enum entry_kind entry, struct iq_stack *stack);
void user_regs_set(const struct iq_regs *regs, struct iq_stack *stack);

/* Words of struct pt_regs, x86-64. */
enum {
	PT_R15,
	PT_R14,
	PT_R13,
	PT_R12,
	PT_BP,
	PT_BX,
	PT_R11,
	PT_R10,
	PT_R9,
	PT_R8,
	PT_AX,
	PT_CX,
	PT_DX,
	PT_SI,
	PT_DI,
	PT_ORIG_AX,
	PT_IP,
	PT_CS,
	PT_FLAGS,
	PT_SP,
	PT_SS,
	PT_NUM_WORDS,
};

/* All of pt_regs as registers. */
void regs_from_pt_regs(const uint64_t words[PT_NUM_WORDS], struct iq_regs *regs_ret);

#endif
