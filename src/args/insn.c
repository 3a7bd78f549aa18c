/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Instructions, by Capstone, as what they do to values
 *
 * Only moves, loads and stores, additions of constants and what works on the stack are told
 * apart. Of all else it is enough to know which registers it may write. Where an instruction is not
 * one of the everyday ones, it counts as writing every register that a call may write: Capstone
 * does not know all that the rarer ones do.
 */
#include "args/insn.h"

#include "arch/decoder.h"
#include "inquest/util.h"

struct insn_decoder {
	struct iq_decoder decoder;
};

struct insn_decoder *insn_decoder_new(void)
{
	struct insn_decoder *d = iq_xcalloc(1, sizeof(*d));

	if (iq_decoder_init(&d->decoder, IQ_SYNTAX_INTEL))
		return d;
	free(d);
	return NULL;
}

void insn_decoder_free(struct insn_decoder *d)
{
	if (!d)
		return;
	iq_decoder_deinit(&d->decoder);
	free(d);
}

/* Number and size of a general register. */
static bool reg_of(unsigned reg, uint8_t *num_ret, uint8_t *size_ret)
{
	static const uint16_t regs[16][5] = {
		{ X86_REG_RAX, X86_REG_EAX, X86_REG_AX, X86_REG_AL, X86_REG_AH },
		{ X86_REG_RCX, X86_REG_ECX, X86_REG_CX, X86_REG_CL, X86_REG_CH },
		{ X86_REG_RDX, X86_REG_EDX, X86_REG_DX, X86_REG_DL, X86_REG_DH },
		{ X86_REG_RBX, X86_REG_EBX, X86_REG_BX, X86_REG_BL, X86_REG_BH },
		{ X86_REG_RSP, X86_REG_ESP, X86_REG_SP, X86_REG_SPL, 0 },
		{ X86_REG_RBP, X86_REG_EBP, X86_REG_BP, X86_REG_BPL, 0 },
		{ X86_REG_RSI, X86_REG_ESI, X86_REG_SI, X86_REG_SIL, 0 },
		{ X86_REG_RDI, X86_REG_EDI, X86_REG_DI, X86_REG_DIL, 0 },
		{ X86_REG_R8, X86_REG_R8D, X86_REG_R8W, X86_REG_R8B, 0 },
		{ X86_REG_R9, X86_REG_R9D, X86_REG_R9W, X86_REG_R9B, 0 },
		{ X86_REG_R10, X86_REG_R10D, X86_REG_R10W, X86_REG_R10B, 0 },
		{ X86_REG_R11, X86_REG_R11D, X86_REG_R11W, X86_REG_R11B, 0 },
		{ X86_REG_R12, X86_REG_R12D, X86_REG_R12W, X86_REG_R12B, 0 },
		{ X86_REG_R13, X86_REG_R13D, X86_REG_R13W, X86_REG_R13B, 0 },
		{ X86_REG_R14, X86_REG_R14D, X86_REG_R14W, X86_REG_R14B, 0 },
		{ X86_REG_R15, X86_REG_R15D, X86_REG_R15W, X86_REG_R15B, 0 },
	};
	static uint8_t num_of[X86_REG_ENDING], size_of[X86_REG_ENDING]; /* number + 1 */
	static bool filled;

	if (!filled) {
		/* A high byte (AH) is no low part of a value: size 0. */
		static const uint8_t sizes[5] = { 8, 4, 2, 1, 0 };

		for (uint8_t i = 0; i < 16; i++) {
			for (int j = 0; j < 5; j++) {
				num_of[regs[i][j]] = (uint8_t)(i + 1);
				size_of[regs[i][j]] = sizes[j];
			}
		}
		num_of[0] = 0;
		filled = true;
	}
	if (reg >= X86_REG_ENDING || !num_of[reg])
		return false;
	*num_ret = (uint8_t)(num_of[reg] - 1);
	*size_ret = size_of[reg];
	return true;
}

static enum insn_ext zero_ext(uint8_t size)
{
	return size == 1 ? EXT_U8 : size == 2 ? EXT_U16 : size == 4 ? EXT_U32 : EXT_NONE;
}

/* Instructions whose written registers are all among their operands. */
static bool is_everyday(unsigned id)
{
	switch (id) {
	case X86_INS_MOV:
	case X86_INS_MOVABS:
	case X86_INS_MOVZX:
	case X86_INS_MOVSX:
	case X86_INS_MOVSXD:
	case X86_INS_LEA:
	case X86_INS_PUSH:
	case X86_INS_POP:
	case X86_INS_ADD:
	case X86_INS_ADC:
	case X86_INS_SUB:
	case X86_INS_SBB:
	case X86_INS_INC:
	case X86_INS_DEC:
	case X86_INS_AND:
	case X86_INS_OR:
	case X86_INS_XOR:
	case X86_INS_NEG:
	case X86_INS_NOT:
	case X86_INS_SHL:
	case X86_INS_SHR:
	case X86_INS_SAR:
	case X86_INS_SAL:
	case X86_INS_ROL:
	case X86_INS_ROR:
	case X86_INS_TEST:
	case X86_INS_CMP:
	case X86_INS_BT:
	case X86_INS_BTS:
	case X86_INS_BTR:
	case X86_INS_NOP:
	case X86_INS_LEAVE:
	case X86_INS_RET:
	case X86_INS_UD2:
	case X86_INS_INT3:
		return true;
	default:
		return false;
	}
}

/* The memory operand, if there is one. */
static void take_mem(const cs_insn *ci, struct insn *insn)
{
	const cs_x86 *x86 = &ci->detail->x86;
	uint8_t size;

	for (uint8_t i = 0; i < x86->op_count; i++) {
		const cs_x86_op *op = &x86->operands[i];

		if (op->type != X86_OP_MEM)
			continue;
		insn->has_mem = true;
		insn->size = op->size;
		insn->disp = op->mem.disp;
		insn->base = INSN_NO_REG;
		if (op->mem.base == X86_REG_RIP)
			insn->disp += (int64_t)(ci->address + ci->size);
		else if (op->mem.base != X86_REG_INVALID &&
			 !reg_of(op->mem.base, &insn->base, &size))
			insn->strange = true;
		insn->indexed |= op->mem.index != X86_REG_INVALID && op->mem.index != X86_REG_RIZ &&
				 op->mem.index != X86_REG_EIZ;
		insn->segment = op->mem.segment == X86_REG_GS || op->mem.segment == X86_REG_FS;
		/* lea and nop do not touch what they name. */
		insn->writes_mem = ci->id != X86_INS_LEA && ci->id != X86_INS_NOP &&
				   ci->id != X86_INS_CMP && ci->id != X86_INS_TEST &&
				   ci->id != X86_INS_PUSH && ci->id != X86_INS_CALL &&
				   ci->id != X86_INS_JMP && (op->access & CS_AC_WRITE || i == 0);
	}
}

static void take_writes(struct insn_decoder *d, const cs_insn *ci, struct insn *insn)
{
	const cs_x86 *x86 = &ci->detail->x86;
	uint8_t num_read, num_write, num, size;
	cs_regs read, write;

	if (cs_regs_access(d->decoder.handle, ci, read, &num_read, write, &num_write) !=
	    CS_ERR_OK) {
		insn->strange = true;
		num_write = 0;
	}
	for (uint8_t i = 0; i < num_write; i++)
		if (reg_of(write[i], &num, &size))
			insn->writes |= (uint16_t)(1u << num);
	/* What is named first is what is written. */
	if (x86->op_count && x86->operands[0].type == X86_OP_REG && ci->id != X86_INS_CMP &&
	    ci->id != X86_INS_TEST && ci->id != X86_INS_PUSH && ci->id != X86_INS_BT &&
	    ci->id != X86_INS_CALL && ci->id != X86_INS_JMP && ci->id != X86_INS_NOP &&
	    reg_of(x86->operands[0].reg, &num, &size))
		insn->writes |= (uint16_t)(1u << num);
	for (uint8_t i = 0; i < x86->op_count; i++)
		if (x86->operands[i].type == X86_OP_REG &&
		    reg_of(x86->operands[i].reg, &num, &size) && num == 4)
			insn->uses_sp = true;
}

static bool in_group(const cs_insn *ci, unsigned group)
{
	for (uint8_t i = 0; i < ci->detail->groups_count; i++)
		if (ci->detail->groups[i] == group)
			return true;
	return false;
}

static void take_flow(const cs_insn *ci, struct insn *insn)
{
	const cs_x86 *x86 = &ci->detail->x86;
	const cs_x86_op *op = &x86->operands[0];

	if (ci->id == X86_INS_CALL) {
		insn->op = INSN_CALL;
		if (op->type == X86_OP_IMM)
			insn->target = (iq_vaddr)op->imm;
		else if (op->type == X86_OP_REG && !reg_of(op->reg, &insn->src, &insn->size))
			insn->strange = true;
	} else if (ci->id == X86_INS_JMP || ci->id == X86_INS_LJMP) {
		insn->op = INSN_NONE;
		insn->flow = FLOW_JMP_INDIRECT;
		if (op->type == X86_OP_REG)
			(void)reg_of(op->reg, &insn->src, &insn->size);
		if (op->type == X86_OP_IMM) {
			insn->flow = FLOW_JMP;
			insn->target = (iq_vaddr)op->imm;
		} else if (ci->id == X86_INS_LJMP || insn->indexed || ci->bytes[0] == 0x3e ||
			   (insn->has_mem && insn->base == INSN_NO_REG)) {
			insn->flow = FLOW_JMP_TABLE;
		}
	} else if (in_group(ci, X86_GRP_RET) || in_group(ci, X86_GRP_IRET) ||
		   ci->id == X86_INS_INT3 || ci->id == X86_INS_SYSRET ||
		   ci->id == X86_INS_SYSEXIT) {
		insn->op = INSN_NONE;
		insn->flow = FLOW_END;
	} else if (in_group(ci, X86_GRP_JUMP) && op->type == X86_OP_IMM) {
		insn->op = INSN_NONE;
		insn->flow = FLOW_JCC;
		insn->target = (iq_vaddr)op->imm;
	}
}

static void take_mov(const struct insn_current *current, const cs_x86_op *to, const cs_x86_op *from,
		     struct insn *insn)
{
	uint8_t size, from_size;

	if (to->type == X86_OP_REG && reg_of(to->reg, &insn->dst, &size) && size >= 4) {
		insn->ext = size == 4 ? EXT_U32 : EXT_NONE;
		if (from->type == X86_OP_REG && reg_of(from->reg, &insn->src, &from_size) &&
		    from_size == size) {
			insn->op = INSN_MOVE;
		} else if (from->type == X86_OP_IMM) {
			insn->op = INSN_CONST;
			insn->imm = size == 4 ? (int64_t)(uint32_t)from->imm : from->imm;
		} else if (from->type == X86_OP_MEM && from->size == size) {
			insn->op = insn->segment ? INSN_OTHER : INSN_LOAD;
			for (unsigned i = 0; insn->segment && i < current->num; i++)
				if (size == 8 && insn->base == INSN_NO_REG && !insn->indexed &&
				    (uint64_t)insn->disp == current->offsets[i])
					insn->op = INSN_CURRENT;
		}
	} else if (to->type == X86_OP_MEM && !insn->segment) {
		if (from->type == X86_OP_REG && reg_of(from->reg, &insn->src, &from_size) &&
		    from_size == to->size && from_size) {
			insn->op = INSN_STORE;
		} else if (from->type == X86_OP_IMM) {
			insn->op = INSN_STORE_CONST;
			insn->imm = from->imm;
		}
	}
}

static void take_extend(bool is_signed, const cs_x86_op *to, const cs_x86_op *from,
			struct insn *insn)
{
	uint8_t size, from_size = from->size;
	bool is_reg = from->type == X86_OP_REG && reg_of(from->reg, &insn->src, &from_size);

	if (to->type != X86_OP_REG || !reg_of(to->reg, &insn->dst, &size) ||
	    (size != 8 && (is_signed || size != 4)) || !from_size || from_size > 4)
		return;
	insn->ext = zero_ext(from_size);
	if (is_signed)
		insn->ext = (uint8_t)(insn->ext + (EXT_S8 - EXT_U8));
	if (is_reg)
		insn->op = INSN_MOVE;
	else if (from->type == X86_OP_MEM && !insn->segment)
		insn->op = INSN_LOAD;
}

static void take_arithmetic(unsigned id, const cs_x86 *x86, struct insn *insn)
{
	const cs_x86_op *to = &x86->operands[0], *from = &x86->operands[1];
	uint8_t size, src, src_size;

	if (!x86->op_count || to->type != X86_OP_REG || !reg_of(to->reg, &insn->dst, &size) ||
	    size < 4)
		return;
	insn->ext = size == 4 ? EXT_U32 : EXT_NONE;
	if (id == X86_INS_INC || id == X86_INS_DEC) {
		insn->op = INSN_ADD;
		insn->imm = id == X86_INS_INC ? 1 : -1;
	} else if ((id == X86_INS_ADD || id == X86_INS_SUB) && from->type == X86_OP_IMM) {
		insn->op = INSN_ADD;
		insn->imm = id == X86_INS_ADD ? from->imm : -from->imm;
	} else if (id == X86_INS_AND && size == 8 && insn->dst == 4 && from->type == X86_OP_IMM) {
		insn->op = INSN_ALIGN;
	} else if ((id == X86_INS_XOR || id == X86_INS_SUB) && from->type == X86_OP_REG &&
		   reg_of(from->reg, &src, &src_size) && src == insn->dst && src_size == size) {
		insn->op = INSN_CONST;
		insn->imm = 0;
	}
}

static void take_value(const struct insn_current *current, const cs_insn *ci, struct insn *insn)
{
	const cs_x86 *x86 = &ci->detail->x86;
	const cs_x86_op *first = &x86->operands[0], *second = &x86->operands[1];
	uint8_t size;

	switch (ci->id) {
	case X86_INS_MOV:
	case X86_INS_MOVABS:
		take_mov(current, first, second, insn);
		break;
	case X86_INS_MOVZX:
		take_extend(false, first, second, insn);
		break;
	case X86_INS_MOVSX:
	case X86_INS_MOVSXD:
		take_extend(true, first, second, insn);
		break;
	case X86_INS_LEA:
		if (reg_of(first->reg, &insn->dst, &size) && size >= 4 && !insn->indexed) {
			insn->op = INSN_LEA;
			insn->ext = size == 4 ? EXT_U32 : EXT_NONE;
		}
		break;
	case X86_INS_PUSH:
		insn->op = INSN_PUSH_OTHER;
		if (first->type == X86_OP_REG && reg_of(first->reg, &insn->src, &size) && size == 8)
			insn->op = INSN_PUSH;
		break;
	case X86_INS_PUSHFQ:
		insn->op = INSN_PUSH_OTHER;
		break;
	case X86_INS_POP:
		insn->op = INSN_POP_OTHER;
		if (first->type == X86_OP_REG && reg_of(first->reg, &insn->dst, &size) && size == 8)
			insn->op = INSN_POP;
		break;
	case X86_INS_POPFQ:
		insn->op = INSN_POP_OTHER;
		break;
	case X86_INS_LEAVE:
		insn->op = INSN_LEAVE;
		break;
	case X86_INS_NOP:
	case X86_INS_CMP:
	case X86_INS_TEST:
	case X86_INS_UD2:
		insn->op = INSN_NONE;
		break;
	default:
		take_arithmetic(ci->id, x86, insn);
		break;
	}
}

bool insn_decode(struct insn_decoder *d, const struct insn_current *current, const uint8_t *p,
		 size_t len, iq_vaddr pc, struct insn *insn_ret)
{
	static const uint8_t endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	struct insn insn = {
		.pc = pc, .dst = INSN_NO_REG, .src = INSN_NO_REG, .base = INSN_NO_REG
	};
	const cs_insn *ci = d->decoder.insn;

	if (len >= sizeof(endbr64) && !memcmp(p, endbr64, sizeof(endbr64))) {
		insn.len = sizeof(endbr64);
		insn.op = INSN_NONE;
		*insn_ret = insn;
		return true;
	}
	if (!iq_decoder_next(&d->decoder, pc, p, len))
		return false;
	insn.len = (uint8_t)ci->size;
	take_mem(ci, &insn);
	take_writes(d, ci, &insn);
	take_flow(ci, &insn);
	if (insn.op == INSN_OTHER && insn.flow == FLOW_NEXT)
		take_value(current, ci, &insn);
	insn.strange |=
		insn.op == INSN_OTHER && !is_everyday(ci->id) && !in_group(ci, X86_GRP_CMOV);
	*insn_ret = insn;
	return true;
}
