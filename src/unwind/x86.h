/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * x86-64 instructions, as far as stacks need them
 *
 * How long an instruction is, what it does to the stack pointer and to the frame pointer, where it
 * jumps, and which registers it may write. Not a disassembler.
 */
#ifndef IQ_UNWIND_X86_H
#define IQ_UNWIND_X86_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As encoded in instructions. */
enum x86_reg {
	X86_AX,
	X86_CX,
	X86_DX,
	X86_BX,
	X86_SP,
	X86_BP,
	X86_SI,
	X86_DI,
	X86_R8,
	X86_R9,
	X86_R10,
	X86_R11,
	X86_R12,
	X86_R13,
	X86_R14,
	X86_R15,
};

enum x86_kind {
	X86_OTHER,    /* goes on behind itself, the stack pointer stays */
	X86_PUSH_REG, /* push reg */
	X86_PUSH,     /* push something else */
	X86_POP_REG,  /* pop reg */
	X86_POP,
	X86_ADD_SP,    /* rsp += imm */
	X86_AND_SP,    /* rsp &= something */
	X86_LEA_SP_BP, /* rsp = rbp + imm (mov rbp,rsp too) */
	X86_LEA_BP_SP, /* rbp = rsp + imm (mov rsp,rbp too) */
	X86_LEAVE,
	X86_SET_SP, /* rsp = something else */
	X86_CALL,   /* a call, to target if that is not 0 */
	X86_JCC,    /* goes on behind itself or at target */
	X86_JMP,    /* goes on at target; 0: not known */
	X86_END,    /* return, trap: nothing follows */
};

struct x86_insn {
	enum x86_kind kind;
	uint8_t len;
	uint8_t reg;	 /* of PUSH_REG, POP_REG */
	uint16_t writes; /* bit (1 << reg): may be written; too many rather than too few */
	int32_t imm;
	uint64_t target;
};

/* Decode the instruction at p, whose address is pc. False: not one that we know, or cut off. */
bool x86_decode(const uint8_t *p, size_t len, uint64_t pc, struct x86_insn *insn_ret);

#endif
