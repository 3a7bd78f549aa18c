/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Machine code as text (AT&T's spelling, as mdb and objdump write it)
 */
#ifndef IQ_SHELL_PRINT_DISASM_H
#define IQ_SHELL_PRINT_DISASM_H

#include "inquest/session.h"
#include "inquest/util.h"

enum { IQ_MAX_INSN = 15 }; /* bytes; x86-64 */

/*
 * Add the instruction that begins with code[0], which lies at addr, to text, and say how many bytes
 * it has. len is what could be read of it; 15 are enough. Where it jumps to, or what it speaks of
 * relative to itself, follows as a symbol: "callq  0xffffffff81a2b3c0 <schedule>". What is no
 * instruction is one byte long, and its text is "***ERROR--unknown op code***"; 0: len is 0.
 */
size_t iq_disasm_one(struct iq_session *s, iq_vaddr addr, const void *code, size_t len,
		     struct iq_strbuf *text);

/*
 * What an instruction refers to, for who looks for references: the target of a jump or a call, the
 * address of a memory operand relative to the instruction, a constant that could be an address.
 */
struct iq_insn_ref {
	size_t len; /* of the instruction; 1 where it is none */
	bool valid;
	bool has_ref;
	iq_vaddr ref;
};

/* To decode many: one handle, kept. NULL: Capstone cannot be had. */
struct iq_disasm;
struct iq_disasm *iq_disasm_new(void);
void iq_disasm_free(struct iq_disasm *d);
struct iq_insn_ref iq_disasm_ref(struct iq_disasm *d, iq_vaddr addr, const void *code, size_t len);
/* As iq_disasm_one(). */
size_t iq_disasm_text(struct iq_disasm *d, struct iq_session *s, iq_vaddr addr, const void *code,
		      size_t len, struct iq_strbuf *text);

#endif
