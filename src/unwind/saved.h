/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a function keeps its caller's registers
 *
 * A function's code is followed from its start to each instruction, by the effects of x86.h. No
 * memory of the target is read here: the text is given. Nothing can fail; what is not known is
 * SAVED_LOST or SAVED_NOWHERE.
 */
#ifndef IQ_UNWIND_SAVED_H
#define IQ_UNWIND_SAVED_H

#include "inquest/types.h"

/* The registers that functions hand back as they got them. */
enum saved_reg {
	SAVED_BX,
	SAVED_BP,
	SAVED_R12,
	SAVED_R13,
	SAVED_R14,
	SAVED_R15,
	NUM_SAVED_REGS,
};

enum saved_how {
	SAVED_NOT,  /* the register still has the caller's value */
	SAVED_BOTH, /* still has it, and a copy is on the stack */
	SAVED_SLOT, /* the caller's value is on the stack */
	SAVED_LOST, /* not known */
};

/* What a place on the stack is counted from. */
enum saved_base {
	SAVED_CFA,     /* the end of the frame: the caller's stack pointer after the return */
	SAVED_ALIGNED, /* where the stack pointer was after it had been aligned */
	SAVED_NOWHERE, /* not known */
};

struct saved_place {
	int16_t offset;
	uint8_t base; /* enum saved_base */
};

/* What holds at one instruction, before it runs. */
struct saved_state {
	struct saved_place sp, bp; /* where the stack pointer and the frame pointer point */
	struct saved_slot {
		struct saved_place at;
		uint8_t how; /* enum saved_how */
	} reg[NUM_SAVED_REGS];
};

/* A piece of a function; the compiler may have put its unlikely half somewhere else. */
struct saved_part {
	iq_vaddr start;
	const uint8_t *text;
	uint32_t len;
};
enum { SAVED_MAX_PARTS = 2, SAVED_MAX_TEXT = 1 << 16 };

/* Working memory, used for one function after the other. */
struct saved_flow;
struct saved_flow *saved_flow_new(void);
void saved_flow_free(struct saved_flow *flow);

/*
 * Follow all ways through a function from the start of its first part on. parts[].text must
 * stay while the answers are asked for.
 */
void saved_flow_run(struct saved_flow *flow, const struct saved_part *parts, unsigned num_parts);

/*
 * Of the function run last: what holds at the instruction at pc, or with `returned` at the call
 * that returns to pc. False: no way leads there.
 */
bool saved_flow_at(const struct saved_flow *flow, iq_vaddr pc, bool returned,
		   struct saved_state *state_ret);

/* Of the function run last: every call, in order of address. */
typedef void (*saved_call_fn)(void *ctx, iq_vaddr returns_to, const struct saved_state *state);
void saved_flow_calls(const struct saved_flow *flow, saved_call_fn fn, void *ctx);

#endif
