/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * x86-64 instruction lengths and effects
 *
 * An instruction is: legacy prefixes, a REX prefix, an opcode of one to three
 * bytes (0F, 0F 38, 0F 3A), a ModRM byte with its SIB and displacement, an
 * immediate. Two tables of 256 say what follows an opcode and which operands
 * it writes. Vector instructions with VEX or EVEX prefixes do not occur in the
 * functions whose stacks we follow: there we give up.
 *
 * Writes are over-estimated: an operand counts as written unless we know that
 * it is only read. Whoever relies on a register's not having been written is
 * then wrong only by knowing less.
 */
#include "unwind/x86.h"

enum {
	BAD = 1 << 0,
	MODRM = 1 << 1,
	IMM8 = 1 << 2,
	IMMZ = 1 << 3, /* 4 bytes, 2 with an operand size prefix */
	IMM16 = 1 << 4,
	MOFFS = 1 << 5, /* 8 bytes of address */
	WREG = 1 << 6,	/* writes the operand in ModRM.reg */
	WRM = 1 << 7,	/* writes the operand in ModRM.rm, if that is a register */
	WOP = 1 << 8,	/* writes the register in the opcode's low three bits */
	BYTE = 1 << 9,	/* operands are bytes: without REX, 4 to 7 are AH CH DH BH */
};

/* clang-format off */
#define M MODRM
#define ARITH                                                                                      \
	M | WRM | BYTE, M | WRM, M | WREG | BYTE, M | WREG, IMM8, IMMZ, BAD, BAD
#define X4(x)  x, x, x, x
#define X8(x)  X4(x), X4(x)
#define X16(x) X8(x), X8(x)

static const uint16_t one_byte[256] = {
	/* 00 */ ARITH, ARITH, ARITH, ARITH, ARITH, ARITH, ARITH,
	/* 38 */ M | BYTE, M, M | BYTE, M, IMM8, IMMZ, BAD, BAD,
	/* 40 */ X16(BAD), /* REX: taken off before */
	/* 50 */ X16(0),
	/* 60 */ BAD, BAD, BAD, M | WREG, X4(BAD),
	/* 68 */ IMMZ, M | WREG | IMMZ, IMM8, M | WREG | IMM8, X4(0),
	/* 70 */ X16(IMM8),
	/* 80 */ M | WRM | IMM8 | BYTE, M | WRM | IMMZ, BAD, M | WRM | IMM8,
	/* 84 */ M | BYTE, M, M | WREG | WRM | BYTE, M | WREG | WRM,
	/* 88 */ M | WRM | BYTE, M | WRM, M | WREG | BYTE, M | WREG, M | WRM, M | WREG, M, M | WRM,
	/* 90 */ X8(WOP), 0, 0, BAD, 0, 0, 0, 0, 0,
	/* a0 */ X4(MOFFS), X4(0),
	/* a8 */ IMM8, IMMZ, 0, 0, X4(0),
	/* b0 */ X8(IMM8 | WOP | BYTE), X8(IMMZ | WOP),
	/* c0 */ M | WRM | IMM8 | BYTE, M | WRM | IMM8, IMM16, 0, BAD, BAD,
		 M | WRM | IMM8 | BYTE, M | WRM | IMMZ,
	/* c8 */ BAD, 0, IMM16, 0, 0, IMM8, BAD, 0,
	/* d0 */ M | WRM | BYTE, M | WRM, M | WRM | BYTE, M | WRM, BAD, BAD, BAD, 0, X8(M),
	/* e0 */ X4(IMM8), X4(IMM8),
	/* e8 */ IMMZ, IMMZ, BAD, IMM8, X4(0),
	/* f0 */ BAD, 0, BAD, BAD, 0, 0, M | WRM | BYTE, M | WRM,
	/* f8 */ X4(0), 0, 0, M | WRM | BYTE, M | WRM,
};

#define W (MODRM | WREG | WRM)
static const uint16_t two_byte[256] = {
	/* 00 */ M | WRM, M | WRM, M | WREG, M | WREG, BAD, 0, 0, 0, 0, 0, BAD, 0, BAD, M, BAD, BAD,
	/* 10 */ X8(W), M, M, M, M, M, M, M | WRM, M,
	/* 20 */ M | WRM, M | WRM, M, M, X4(BAD), X8(W),
	/* 30 */ X8(0), X8(BAD), /* 38 and 3a: three bytes, taken off before */
	/* 40 */ X16(M | WREG),
	/* 50 */ X16(W),
	/* 60 */ X16(W),
	/* 70 */ X4(W | IMM8), W, W, W, 0, W, W, BAD, BAD, X4(W),
	/* 80 */ X16(IMMZ),
	/* 90 */ X16(M | WRM | BYTE),
	/* a0 */ 0, 0, 0, M, M | WRM | IMM8, M | WRM, BAD, BAD,
	/* a8 */ 0, 0, 0, M | WRM, M | WRM | IMM8, M | WRM, M | WRM /* rdgsbase */, M | WREG,
	/* b0 */ M | WRM | BYTE, M | WRM, M | WREG, M | WRM, M | WREG, M | WREG, M | WREG, M | WREG,
	/* b8 */ M | WREG, M, M | WRM | IMM8, M | WRM, M | WREG, M | WREG, M | WREG, M | WREG,
	/* c0 */ W | BYTE, W, W | IMM8, M, W | IMM8, W | IMM8, W | IMM8, M | WRM, X8(WOP),
	/* d0 */ X16(W),
	/* e0 */ X16(W),
	/* f0 */ X16(W),
};
#undef M
#undef W
/* clang-format on */

struct cursor {
	const uint8_t *p;
	size_t pos, len;
	bool short_op, has_rex;
	uint8_t rex;
	unsigned op; /* with 0xf00, 0x3800, 0x3a00 for the longer maps */
	unsigned flags;
	unsigned mod, reg, rm;
	bool base_is_sp, base_is_bp; /* a memory operand of base and displacement only */
	int32_t disp;
	int64_t imm;
};

enum { MAP_0F = 0x100, MAP_0F38 = 0x200, MAP_0F3A = 0x300 };

static bool byte_at(struct cursor *c, uint8_t *byte_ret)
{
	if (c->pos >= c->len || c->pos >= 15)
		return false;
	*byte_ret = c->p[c->pos++];
	return true;
}

/* A signed little-endian number of 1, 2, 4 or 8 bytes. */
static bool number(struct cursor *c, unsigned size, int64_t *value_ret)
{
	uint64_t value = 0;
	uint8_t byte;

	for (unsigned i = 0; i < size; i++) {
		if (!byte_at(c, &byte))
			return false;
		value |= (uint64_t)byte << (8 * i);
	}
	if (size > 0 && size < 8)
		value = (uint64_t)((int64_t)(value << (64 - 8 * size)) >> (64 - 8 * size));
	*value_ret = (int64_t)value;
	return true;
}

static bool prefixes_and_opcode(struct cursor *c)
{
	uint8_t byte;

	for (;;) {
		if (!byte_at(c, &byte))
			return false;
		if (byte == 0x66)
			c->short_op = true;
		else if (byte == 0x67)
			return false; /* 32-bit addresses: not in kernel code */
		else if (byte != 0xf3 && byte != 0xf2 && byte != 0xf0 && byte != 0x2e &&
			 byte != 0x36 && byte != 0x3e && byte != 0x26 && byte != 0x64 &&
			 byte != 0x65)
			break;
	}
	if ((byte & 0xf0) == 0x40) {
		c->has_rex = true;
		c->rex = byte;
		if (!byte_at(c, &byte))
			return false;
	}
	c->op = byte;
	c->flags = one_byte[byte];
	if (byte != 0x0f)
		return !(c->flags & BAD);
	if (!byte_at(c, &byte))
		return false;
	c->op = MAP_0F | byte;
	c->flags = two_byte[byte];
	if (byte == 0x38 || byte == 0x3a) {
		c->flags = MODRM | WREG | WRM | (byte == 0x3a ? IMM8 : 0);
		c->op = byte == 0x38 ? MAP_0F38 : MAP_0F3A;
		if (!byte_at(c, &byte))
			return false;
		c->op |= byte;
	}
	return !(c->flags & BAD);
}

static bool modrm(struct cursor *c)
{
	bool has_sib, has_index = false;
	int64_t disp = 0;
	uint8_t byte, sib = 0;
	unsigned base;

	if (!byte_at(c, &byte))
		return false;
	c->mod = byte >> 6;
	c->reg = (byte >> 3 & 7) | (c->rex & 4) << 1;
	c->rm = (byte & 7) | (c->rex & 1) << 3;
	/* Moves to and from control and debug registers have no memory form. */
	if (c->op >= (MAP_0F | 0x20) && c->op <= (MAP_0F | 0x23))
		c->mod = 3;
	if (c->mod == 3)
		return true;

	base = byte & 7;
	has_sib = base == 4;
	if (has_sib) {
		if (!byte_at(c, &sib))
			return false;
		base = sib & 7;
		has_index = ((sib >> 3 & 7) | (c->rex & 2) << 2) != 4;
	}
	if (c->mod == 1) {
		if (!number(c, 1, &disp))
			return false;
	} else if (c->mod == 2 || base == 5) {
		if (!number(c, 4, &disp))
			return false;
		if (c->mod == 0)
			return true; /* rip or no base at all */
	}
	if (!(c->rex & 1) && !has_index) {
		c->base_is_sp = has_sib && base == X86_SP;
		c->base_is_bp = base == X86_BP;
	}
	c->disp = (int32_t)disp;
	return true;
}

static bool immediate(struct cursor *c)
{
	unsigned size = 0;
	unsigned ext = c->reg & 7;

	if (c->flags & IMM8)
		size = 1;
	else if (c->flags & IMM16)
		size = 2;
	else if (c->flags & MOFFS)
		size = 8;
	else if (c->flags & IMMZ)
		size = c->short_op && !(c->rex & 8) ? 2 : 4;

	if (c->op >= 0xb8 && c->op <= 0xbf && (c->rex & 8))
		size = 8;
	/* Branches keep 4 bytes whatever the prefix. */
	if (c->op == 0xe8 || c->op == 0xe9 || (c->op & ~0xfu) == (MAP_0F | 0x80))
		size = 4;
	/* test is the only one of its group with an immediate. */
	if (c->op == 0xf6 && ext < 2)
		size = 1;
	if (c->op == 0xf7 && ext < 2)
		size = c->short_op && !(c->rex & 8) ? 2 : 4;
	return number(c, size, &c->imm);
}

static uint16_t reg_bits(const struct cursor *c, unsigned reg)
{
	uint16_t bits = (uint16_t)(1u << reg);

	if ((c->flags & BYTE) && !c->has_rex && reg >= 4 && reg < 8)
		bits = (uint16_t)(1u << (reg & 3));
	return bits;
}

static uint16_t written(const struct cursor *c)
{
	unsigned ext = c->reg & 7;
	unsigned flags = c->flags;
	uint16_t bits = 0;

	switch (c->op) {
	case 0x80:
	case 0x81:
	case 0x83:
		if (ext == 7) /* cmp */
			return 0;
		break;
	case 0xf6:
	case 0xf7:
		if (ext < 2) /* test */
			return 0;
		if (ext >= 4) /* mul, div */
			return 1u << X86_AX | 1u << X86_DX;
		break;
	case 0xff:
		if (ext >= 2) /* call, jmp, push */
			return 0;
		break;
	case MAP_0F | 0xba:
		if (ext == 4) /* bt */
			return 0;
		break;
	case MAP_0F | 0xa2: /* cpuid */
		return 1u << X86_AX | 1u << X86_BX | 1u << X86_CX | 1u << X86_DX;
	default:
		break;
	}
	if (flags & WREG)
		bits |= reg_bits(c, c->reg);
	if ((flags & WRM) && c->mod == 3)
		bits |= reg_bits(c, c->rm);
	if (flags & WOP)
		bits |= reg_bits(c, (c->op & 7) | (c->rex & 1) << 3);
	return bits;
}

/* What it does to the stack, and where it goes. */
static void classify(const struct cursor *c, uint64_t pc, struct x86_insn *insn)
{
	uint64_t next = pc + c->pos;
	unsigned op = c->op, ext = c->reg & 7;
	bool wide = c->rex & 8;

	if (op >= 0x50 && op <= 0x5f) {
		insn->kind = op < 0x58 ? X86_PUSH_REG : X86_POP_REG;
		insn->reg = (uint8_t)((op & 7) | (c->rex & 1) << 3);
	} else if (op == 0x68 || op == 0x6a || op == 0x9c || op == (MAP_0F | 0xa0) ||
		   op == (MAP_0F | 0xa8) || (op == 0xff && ext == 6)) {
		insn->kind = X86_PUSH;
	} else if (op == 0x9d || op == (MAP_0F | 0xa1) || op == (MAP_0F | 0xa9) ||
		   (op == 0x8f && ext == 0)) {
		insn->kind = X86_POP;
	} else if ((op == 0x81 || op == 0x83) && c->mod == 3 && c->rm == X86_SP && wide &&
		   (ext == 0 || ext == 5 || ext == 4)) {
		insn->kind = ext == 4 ? X86_AND_SP : X86_ADD_SP;
		insn->imm = (int32_t)(ext == 5 ? -c->imm : c->imm);
	} else if (op == 0x8d && wide && c->reg == X86_SP && c->base_is_sp) {
		insn->kind = X86_ADD_SP;
		insn->imm = c->disp;
	} else if (op == 0x8d && wide && c->reg == X86_SP && c->base_is_bp) {
		insn->kind = X86_LEA_SP_BP;
		insn->imm = c->disp;
	} else if (op == 0x8d && wide && c->reg == X86_BP && c->base_is_sp) {
		insn->kind = X86_LEA_BP_SP;
		insn->imm = c->disp;
	} else if (wide && c->mod == 3 &&
		   ((op == 0x89 && c->reg == X86_SP && c->rm == X86_BP) ||
		    (op == 0x8b && c->rm == X86_SP && c->reg == X86_BP))) {
		insn->kind = X86_LEA_BP_SP;
	} else if (wide && c->mod == 3 &&
		   ((op == 0x89 && c->reg == X86_BP && c->rm == X86_SP) ||
		    (op == 0x8b && c->rm == X86_BP && c->reg == X86_SP))) {
		insn->kind = X86_LEA_SP_BP;
	} else if (op == 0xc9) {
		insn->kind = X86_LEAVE;
	} else if (op == 0xe8 || (op == 0xff && (ext == 2 || ext == 3))) {
		insn->kind = X86_CALL;
		insn->target = op == 0xe8 ? next + (uint64_t)c->imm : 0;
	} else if ((op >= 0x70 && op <= 0x7f) || (op >= 0xe0 && op <= 0xe3) ||
		   (op >= (MAP_0F | 0x80) && op <= (MAP_0F | 0x8f))) {
		insn->kind = X86_JCC;
		insn->target = next + (uint64_t)c->imm;
	} else if (op == 0xe9 || op == 0xeb || (op == 0xff && (ext == 4 || ext == 5))) {
		insn->kind = X86_JMP;
		insn->target = op == 0xff ? 0 : next + (uint64_t)c->imm;
	} else if (op == 0xc2 || op == 0xc3 || op == 0xca || op == 0xcb || op == 0xcc ||
		   op == 0xcf || op == (MAP_0F | 0x0b) || op == (MAP_0F | 0xb9) ||
		   op == (MAP_0F | 0xff) || op == (MAP_0F | 0x07)) {
		insn->kind = X86_END;
	} else if (insn->writes & 1u << X86_SP) {
		insn->kind = X86_SET_SP;
	}
}

bool x86_decode(const uint8_t *p, size_t len, uint64_t pc, struct x86_insn *insn_ret)
{
	struct cursor c = { .p = p, .len = len };
	struct x86_insn insn = { X86_OTHER };

	if (!prefixes_and_opcode(&c) || ((c.flags & MODRM) && !modrm(&c)) || !immediate(&c))
		return false;
	insn.len = (uint8_t)c.pos;
	insn.writes = written(&c);
	classify(&c, pc, &insn);
	/* A push or pop of 16 bits, or an oddity in a group: nothing that a compiler makes. */
	if (c.short_op && insn.kind >= X86_PUSH_REG && insn.kind <= X86_POP)
		return false;
	if (c.op == 0xff && (c.reg & 7) == 7)
		return false;
	if (insn.kind == X86_POP_REG)
		insn.writes |= (uint16_t)(1u << insn.reg);
	*insn_ret = insn;
	return true;
}
