/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an instruction does to values, as far as arguments can be traced through it
 */
#ifndef IQ_ARGS_INSN_H
#define IQ_ARGS_INSN_H

#include "inquest/types.h"

enum insn_op {
	INSN_OTHER, /* what it writes is not known; its memory operand too */
	INSN_NONE,  /* changes nothing but flags */
	INSN_MOVE,  /* dst = ext(src) */
	INSN_CONST, /* dst = imm */
	INSN_LEA,   /* dst = ext(base + disp) */
	INSN_LOAD,  /* dst = ext(memory) */
	INSN_STORE, /* memory = src, of size bytes */
	INSN_STORE_CONST,
	INSN_ADD,   /* dst = ext(dst + imm) */
	INSN_ALIGN, /* the stack pointer is aligned downwards */
	INSN_PUSH,  /* src */
	INSN_PUSH_OTHER,
	INSN_POP, /* dst */
	INSN_POP_OTHER,
	INSN_LEAVE,
	INSN_CURRENT, /* dst = the per-CPU pointer to the running task */
	INSN_CALL,
};

/* How the low part of a value is widened to 64 bits. */
enum insn_ext { EXT_NONE, EXT_U8, EXT_U16, EXT_U32, EXT_S8, EXT_S16, EXT_S32 };

enum insn_flow {
	FLOW_NEXT,
	FLOW_JCC,
	FLOW_JMP,
	FLOW_JMP_INDIRECT,
	FLOW_JMP_TABLE, /* by a table, or so it looks */
	FLOW_END,
};

enum { INSN_NO_REG = 16 };

struct insn {
	iq_vaddr pc;
	iq_vaddr target; /* of jumps and calls; 0: not known */
	int64_t imm;
	int64_t disp;	 /* with base INSN_NO_REG: the address */
	uint16_t writes; /* registers, by their number in instructions */
	uint8_t len;
	uint8_t op, ext, flow;
	uint8_t dst, src, base;
	uint8_t size; /* of the memory operand */
	bool has_mem, indexed, segment, writes_mem;
	bool uses_sp; /* the stack pointer is an operand in a way that is not followed */
	bool strange; /* may write registers that it does not name */
};

/* What makes a per-CPU address the pointer to the running task: up to four. */
struct insn_current {
	uint64_t offsets[4];
	unsigned num;
};

struct insn_decoder;
struct insn_decoder *insn_decoder_new(void);
void insn_decoder_free(struct insn_decoder *d);

/* False: no instruction, or cut off. */
bool insn_decode(struct insn_decoder *d, const struct insn_current *current, const uint8_t *p,
		 size_t len, iq_vaddr pc, struct insn *insn_ret);

#endif
