/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Machine code as text, by Capstone
 *
 * Capstone gives the words; what we add is what an operand refers to. Constants that begin with
 * ffffffff8 are written as negative numbers by AT&T's spelling, which nobody recognises: as they
 * stand for symbols more often than not, the symbol is named behind them.
 */
#include "shell/print/disasm.h"

#include <ctype.h>

#include "arch/decoder.h"
#include "shell/print/print.h"

enum {
	MAX_STRING = 40,
	MIN_STRING = 3,
	FAR = 0x10000, /* from a symbol, that it says nothing of a constant */
};

struct iq_disasm {
	struct iq_decoder decoder;
};

struct iq_disasm *iq_disasm_new(void)
{
	struct iq_disasm *d = iq_xcalloc(1, sizeof(*d));

	if (iq_decoder_init(&d->decoder, IQ_SYNTAX_ATT))
		return d;
	free(d);
	return NULL;
}

void iq_disasm_free(struct iq_disasm *d)
{
	if (!d)
		return;
	iq_decoder_deinit(&d->decoder);
	free(d);
}

/* Could a 32-bit constant, sign-extended, be an address of the kernel's image or a module? */
static bool is_image_constant(uint64_t value)
{
	return value >= 0xffffffff80000000 && value < 0xffffffffff000000;
}

/* What a constant points to, where that is text: messages have no symbols. */
static bool add_string(struct iq_session *s, iq_vaddr addr, struct iq_strbuf *text)
{
	char buf[MAX_STRING + 2];
	struct iq_error *err;
	size_t len;

	if (iq_is_text(s, addr))
		return false;
	err = iq_read_str(s, addr, buf, sizeof(buf));
	if (err) {
		iq_error_free(err);
		return false;
	}
	len = strlen(buf);
	/* printk()'s level goes in front. */
	for (size_t i = buf[0] == 1 ? 2 : 0; i < len; i++)
		if (!isprint((unsigned char)buf[i]) && buf[i] != '\n' && buf[i] != '\t')
			return false;
	if (len < MIN_STRING)
		return false;
	iq_strbuf_adds(text, " \"");
	iq_print_escaped(text, buf, IQ_MIN(len, (size_t)MAX_STRING));
	iq_strbuf_adds(text, len > MAX_STRING ? "\"..." : "\"");
	return true;
}

static void add_ref(struct iq_session *s, iq_vaddr ref, bool is_constant, struct iq_strbuf *text)
{
	struct iq_error *err;
	struct iq_sym sym;

	err = iq_sym_by_addr(s, ref, &sym);
	if (is_constant && !err && sym.addr != ref && add_string(s, ref, text))
		return;
	if (!err && (!is_constant || ref - sym.addr < FAR))
		iq_strbuf_printf(text, " <%s>", iq_sym_format(s, ref));
	iq_error_free(err);
}

static bool find_ref(const cs_insn *insn, iq_vaddr *ref_ret, bool *is_constant_ret)
{
	const cs_x86 *x86 = &insn->detail->x86;
	bool is_branch = false;

	*is_constant_ret = false;

	for (uint8_t i = 0; i < insn->detail->groups_count; i++)
		is_branch |= insn->detail->groups[i] == X86_GRP_JUMP ||
			     insn->detail->groups[i] == X86_GRP_CALL ||
			     insn->detail->groups[i] == X86_GRP_BRANCH_RELATIVE;
	for (uint8_t i = 0; i < x86->op_count && i < IQ_ARRAY_SIZE(x86->operands); i++) {
		const cs_x86_op *op = &x86->operands[i];

		if (op->type == X86_OP_MEM && op->mem.base == X86_REG_RIP) {
			*ref_ret = insn->address + insn->size + (uint64_t)op->mem.disp;
			return true;
		}
		if (op->type == X86_OP_MEM && op->mem.segment == X86_REG_INVALID &&
		    is_image_constant((uint64_t)op->mem.disp)) {
			*ref_ret = (uint64_t)op->mem.disp;
			return true;
		}
		if (op->type == X86_OP_IMM && (is_branch || is_image_constant((uint64_t)op->imm))) {
			*ref_ret = (uint64_t)op->imm;
			*is_constant_ret = !is_branch;
			return true;
		}
	}
	return false;
}

struct iq_insn_ref iq_disasm_ref(struct iq_disasm *d, iq_vaddr addr, const void *code, size_t len)
{
	struct iq_insn_ref ref = { .len = len ? 1 : 0 };
	bool is_constant;

	if (!len || !iq_decoder_next(&d->decoder, addr, code, len))
		return ref;
	ref.valid = true;
	ref.len = d->decoder.insn->size;
	ref.has_ref = find_ref(d->decoder.insn, &ref.ref, &is_constant);
	return ref;
}

size_t iq_disasm_text(struct iq_disasm *d, struct iq_session *s, iq_vaddr addr, const void *code,
		      size_t len, struct iq_strbuf *text)
{
	bool is_constant;
	iq_vaddr ref;

	if (!len)
		return 0;
	if (!iq_decoder_next(&d->decoder, addr, code, len)) {
		iq_strbuf_adds(text, "***ERROR--unknown op code***");
		return 1;
	}
	if (!*d->decoder.insn->op_str)
		iq_strbuf_adds(text, d->decoder.insn->mnemonic);
	else
		iq_strbuf_printf(text, "%-6s ", d->decoder.insn->mnemonic);
	/* "a, b" is written "a,b". */
	for (const char *p = d->decoder.insn->op_str; *p; p++)
		if (*p != ' ' || p == d->decoder.insn->op_str || p[-1] != ',')
			iq_strbuf_addc(text, *p);
	if (find_ref(d->decoder.insn, &ref, &is_constant))
		add_ref(s, ref, is_constant, text);
	return d->decoder.insn->size;
}

size_t iq_disasm_one(struct iq_session *s, iq_vaddr addr, const void *code, size_t len,
		     struct iq_strbuf *text)
{
	struct iq_disasm *d = iq_disasm_new();
	size_t size;

	if (!d) {
		iq_strbuf_adds(text, "(no disassembler)");
		return len ? 1 : 0;
	}
	size = iq_disasm_text(d, s, addr, code, len, text);
	iq_disasm_free(d);
	return size;
}
