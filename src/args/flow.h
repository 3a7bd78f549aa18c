/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which registers and stack slots of a function hold the same value
 */
#ifndef IQ_ARGS_FLOW_H
#define IQ_ARGS_FLOW_H

#include "args/insn.h"

/*
 * A value: ext(what `id` names) + add. What it was is not known here, only what else is the same.
 * The part that an extension leaves of something with an addend cannot be said.
 */
enum value_id {
	VALUE_NONE,	  /* equal to nothing */
	VALUE_CONST,	  /* 0 */
	VALUE_FRAME,	  /* the stack pointer on entry: where the return address is */
	VALUE_ALIGNED,	  /* the stack pointer after it had been aligned */
	VALUE_CURRENT,	  /* the running task */
	VALUE_ENTRY = 16, /* + number of a register: what was in it on entry */
	VALUE_DEFINED = 32,
};

struct value {
	uint32_t id;
	uint8_t ext; /* enum insn_ext */
	int64_t add;
};

/* A slot of eight bytes on the stack, counted from VALUE_FRAME, or from VALUE_ALIGNED. */
struct flow_slot {
	int32_t offset;
	bool aligned;
	struct value value;
};

enum { FLOW_MAX_SLOTS = 48, FLOW_MAX_LOADS = 3 };

/* What is known at one instruction, before it runs. */
struct flow_state {
	struct value regs[16]; /* by their number in instructions */
	unsigned num_slots;
	struct flow_slot slots[FLOW_MAX_SLOTS];
};

/* What a call calls: a place, or what a few loads lead to from a value. */
struct flow_call {
	iq_vaddr target;
	bool indirect;
	struct value base;
	unsigned num_loads;
	int64_t loads[FLOW_MAX_LOADS]; /* offsets; the first is that from base */
};

struct flow_source {
	/* Copy code: false where it cannot be read. */
	bool (*read)(void *ctx, iq_vaddr addr, void *buf, size_t len);
	/* The unlikely half of a function, kept elsewhere, that a jump from it leads to. */
	bool (*part)(void *ctx, iq_vaddr addr, iq_vaddr *start_ret, uint64_t *len_ret);
	/* Where the kernel goes on after a fault at this instruction; 0: nowhere. */
	iq_vaddr (*fixup)(void *ctx, iq_vaddr pc, uint16_t *writes_ret);
	/* Registers that a called function changes, where others change `usual`. */
	uint16_t (*clobbers)(void *ctx, iq_vaddr target, uint16_t usual);
	/* The register that a thunk jumps to; INSN_NO_REG where it is none. */
	uint8_t (*thunk)(void *ctx, iq_vaddr target);
	void *ctx;
	struct insn_current current;
};

struct flow;
struct flow *flow_new(void);
void flow_free(struct flow *flow);

/*
 * Follow all ways through the function at start. False: it cannot be followed completely, and
 * nothing is known.
 */
bool flow_run(struct flow *flow, const struct flow_source *source, iq_vaddr start, uint64_t len);

/*
 * Of the function run last: what holds at the instruction at pc, or with `returned` at the call
 * that returns to pc, which is then told in *call_ret. False: no way leads there.
 */
bool flow_at(struct flow *flow, iq_vaddr pc, bool returned, struct flow_state *state_ret,
	     struct flow_call *call_ret);

#endif
