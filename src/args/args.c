/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Arguments out of saved registers and call sites
 *
 * Two witnesses can tell what a function was called with. The function itself: it often moves an
 * argument into a register that its callees hand back, or into a slot of its own, and the unwinder
 * knows both. And its caller: what it had put into the register before the call is often a
 * constant, an address on its stack, or what it still has in such a register or slot, or its own
 * argument, for which its caller is asked in turn.
 *
 * A caller's word counts only if it is this function that it called: what is called by pointer may
 * have jumped on to another (a tail call) with other arguments. So the pointer is read again, and
 * has to lead here. Where both witnesses speak and differ, nothing is claimed.
 */
#include "args/args.h"

#include "args/flow.h"
#include "unwind/site.h"
#include "unwind/x86.h"

enum { MAX_STEPS = 400, MAX_DEPTH = 24, MAX_JUMPS = 4, MAX_FIXUPS = 1 << 16 };

/* What is known of a place in the code. */
struct facts {
	bool valid;
	iq_vaddr func; /* where the function begins */
	struct flow_call call;
	struct flow_state state;
};

struct fixup {
	iq_vaddr insn, to;
	uint32_t data;
};

struct iq_args {
	struct iq_unwinder *u; /* borrowed */
	struct flow *flow;
	struct flow_source source;
	iq_vaddr last; /* function run last; 0: none, or it could not be followed */
	struct iq_map by_pc;
	IQ_VEC(struct facts *) facts;
	struct fixup *fixups;
	size_t num_fixups;
};

/* ---- what the analysis asks of the kernel ---- */

static bool source_read(void *ctx, iq_vaddr addr, void *buf, size_t len)
{
	struct iq_args *a = ctx;

	return iq_mem_peek(a->u->mem, addr, buf, len);
}

static bool sym_at(struct iq_unwinder *u, iq_vaddr addr, struct iq_sym *sym_ret)
{
	struct iq_error *err = iq_symtab_by_addr(u->tab, addr, sym_ret);

	if (!err && sym_ret->name)
		return true;
	iq_error_free(err);
	return false;
}

static bool source_part(void *ctx, iq_vaddr addr, iq_vaddr *start_ret, uint64_t *len_ret)
{
	struct iq_args *a = ctx;
	struct iq_sym sym;

	if (!sym_at(a->u, addr, &sym) || !strstr(sym.name, ".cold") || !sym.size)
		return false;
	*start_ret = sym.addr;
	*len_ret = sym.size;
	return true;
}

/*
 * The table of instructions that may fault (arch/x86/include/asm/extable.h): three 32-bit words
 * each, the first two relative to where they are. The third was a function's offset up to v5.15,
 * and says since (d52a7344bdfa) which register the handler sets.
 */
static void load_fixups(struct iq_unwinder *u, struct iq_args *a)
{
	struct iq_sym start, stop;
	struct iq_error *err = iq_symtab_by_name(u->tab, "__start___ex_table", &start);
	int32_t *words;
	size_t len, num;

	if (!err)
		err = iq_symtab_by_name(u->tab, "__stop___ex_table", &stop);
	if (err || stop.addr < start.addr || (stop.addr - start.addr) / 12 > MAX_FIXUPS) {
		iq_error_free(err);
		return;
	}
	num = (stop.addr - start.addr) / 12;
	len = num * 12;
	words = iq_xmalloc(len + 1);
	if (num && iq_mem_peek(u->mem, start.addr, words, len)) {
		a->fixups = iq_xcalloc(num, sizeof(*a->fixups));
		a->num_fixups = num;
		for (size_t i = 0; i < num; i++) {
			iq_vaddr at = start.addr + i * 12;

			a->fixups[i].insn = at + (uint64_t)(int64_t)words[3 * i];
			a->fixups[i].to = at + 4 + (uint64_t)(int64_t)words[3 * i + 1];
			a->fixups[i].data = (uint32_t)words[3 * i + 2];
		}
	}
	free(words);
}

/* What older kernels keep in .fixup: a few instructions, and a jump back. */
static iq_vaddr follow_fixup(struct iq_unwinder *u, iq_vaddr pc, uint16_t *writes)
{
	for (int i = 0; i < 8; i++) {
		struct x86_insn insn;
		uint8_t text[15];

		if (!iq_mem_peek(u->mem, pc, text, sizeof(text)) ||
		    !x86_decode(text, sizeof(text), pc, &insn))
			return 0;
		if (insn.kind == X86_JMP)
			return insn.target;
		if (insn.kind != X86_OTHER)
			return 0;
		*writes |= insn.writes;
		pc += insn.len;
	}
	return 0;
}

static iq_vaddr source_fixup(void *ctx, iq_vaddr pc, uint16_t *writes_ret)
{
	struct iq_args *a = ctx;
	struct iq_unwinder *u = a->u;
	size_t from = 0, to = a->num_fixups;
	struct iq_sym sym, target;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (a->fixups[middle].insn < pc)
			from = middle + 1;
		else
			to = middle;
	}
	if (from == a->num_fixups || a->fixups[from].insn != pc)
		return 0;
	*writes_ret = (uint16_t)(1u << (a->fixups[from].data >> 8 & 15));
	*writes_ret &= (uint16_t) ~(1u << X86_SP);
	if (sym_at(u, a->fixups[from].to, &target) && sym_at(u, pc, &sym) &&
	    (target.addr == sym.addr || strstr(target.name, ".cold")))
		return a->fixups[from].to;
	return follow_fixup(u, a->fixups[from].to, writes_ret);
}

static uint16_t source_clobbers(void *ctx, iq_vaddr target, uint16_t usual)
{
	struct iq_args *a = ctx;
	struct iq_sym sym;

	if (!sym_at(a->u, target, &sym))
		return usual;
	/* Tracers leave all as it was. */
	if (!strcmp(sym.name, "__fentry__") || !strcmp(sym.name, "ftrace_caller") ||
	    !strcmp(sym.name, "ftrace_regs_caller"))
		return 0;
	/* Inline assembler calls these; up to v5.x put_user() declared rbx as changed. */
	if (!strncmp(sym.name, "__put_user_", 11) || !strncmp(sym.name, "__get_user_", 11))
		return (uint16_t)(usual | 1u << X86_BX);
	return usual;
}

static uint8_t source_thunk(void *ctx, iq_vaddr target)
{
	static const char *const regs[16] = { "rax", "rcx", "rdx", "rbx", "rsp", "rbp",
					      "rsi", "rdi", "r8",  "r9",  "r10", "r11",
					      "r12", "r13", "r14", "r15" };
	struct iq_args *a = ctx;
	struct iq_sym sym;
	const char *reg;

	if (!sym_at(a->u, target, &sym) || strncmp(sym.name, "__x86_indirect_", 15))
		return INSN_NO_REG;
	reg = strrchr(sym.name, '_') + 1;
	for (uint8_t i = 0; i < 16; i++)
		if (!strcmp(reg, regs[i]))
			return i;
	/* Arrays of thunks have one symbol: which register it is we do not know. */
	return X86_SP;
}

static void find_current(struct iq_unwinder *u, struct insn_current *current)
{
	/*
	 * A per-CPU variable; at the start of struct pcpu_hot from v6.2 (e57ef2ed97c1) to v6.14.
	 */
	static const char *const names[] = { "current_task", "const_current_task", "pcpu_hot",
					     "const_pcpu_hot" };

	for (size_t i = 0; i < IQ_ARRAY_SIZE(names); i++) {
		struct iq_sym sym;
		struct iq_error *err = iq_symtab_by_name(u->tab, names[i], &sym);

		if (!err)
			current->offsets[current->num++] = sym.addr;
		iq_error_free(err);
	}
}

struct iq_args *args_new(struct iq_unwinder *u)
{
	struct iq_args *a = iq_xcalloc(1, sizeof(*a));

	a->u = u;
	a->flow = flow_new();
	a->source = (struct flow_source){ source_read,	source_part, source_fixup, source_clobbers,
					  source_thunk, a,	     { { 0 }, 0 } };
	find_current(u, &a->source.current);
	load_fixups(u, a);
	return a;
}

void args_free(struct iq_args *a)
{
	if (!a)
		return;
	flow_free(a->flow);
	iq_map_deinit(&a->by_pc);
	iq_vec_foreach(&a->facts, f)
		free(*f);
	iq_vec_free(&a->facts);
	free(a->fixups);
	free(a);
}

/* ---- facts ---- */

/* The function that the frame is in: for the unlikely half of one, the other half. */
static bool function_of(struct iq_unwinder *u, const struct iq_sym *sym, struct iq_sym *func_ret)
{
	const char *dot = strstr(sym->name, ".cold");
	struct iq_error *err;
	char name[256];

	*func_ret = *sym;
	if (!dot)
		return true;
	if ((size_t)(dot - sym->name) >= sizeof(name))
		return false;
	memcpy(name, sym->name, (size_t)(dot - sym->name));
	name[dot - sym->name] = '\0';
	err = iq_symtab_by_name(u->tab, name, func_ret);
	iq_error_free(err);
	return !err;
}

static void learn(struct iq_args *a, const struct iq_frame *f, struct facts *facts)
{
	struct iq_sym func;

	if (!f->sym.name || !function_of(a->u, &f->sym, &func) || !func.size)
		return;
	if (a->last != func.addr) {
		a->last = 0;
		if (!flow_run(a->flow, &a->source, func.addr, func.size))
			return;
		a->last = func.addr;
	}
	facts->func = func.addr;
	facts->valid = flow_at(a->flow, f->pc, !f->interrupted, &facts->state, &facts->call);
}

static const struct facts *facts_of(struct iq_args *a, const struct iq_frame *f)
{
	uint64_t key = f->pc << 1 | f->interrupted;
	uint64_t *index = iq_map_get(&a->by_pc, key);
	struct facts *facts;

	if (index)
		return a->facts.data[*index];
	facts = iq_xcalloc(1, sizeof(*facts));
	learn(a, f, facts);
	iq_map_set(&a->by_pc, key, a->facts.num);
	iq_vec_push(&a->facts, facts);
	return facts;
}

/* ---- questions about one stack ---- */

struct inquiry {
	struct iq_args *a;
	const struct iq_stack *stack;
	iq_vaddr current;
	unsigned steps, depth;
};

static const uint8_t iq_reg_of[16] = {
	[X86_AX] = IQ_REG_AX,	[X86_CX] = IQ_REG_CX,	[X86_DX] = IQ_REG_DX,
	[X86_BX] = IQ_REG_BX,	[X86_SP] = IQ_REG_SP,	[X86_BP] = IQ_REG_BP,
	[X86_SI] = IQ_REG_SI,	[X86_DI] = IQ_REG_DI,	[X86_R8] = IQ_REG_R8,
	[X86_R9] = IQ_REG_R9,	[X86_R10] = IQ_REG_R10, [X86_R11] = IQ_REG_R11,
	[X86_R12] = IQ_REG_R12, [X86_R13] = IQ_REG_R13, [X86_R14] = IQ_REG_R14,
	[X86_R15] = IQ_REG_R15,
};

static bool entry_value(struct inquiry *q, size_t i, unsigned reg, uint64_t *value_ret);

static uint64_t widen(uint64_t value, uint8_t ext)
{
	switch (ext) {
	case EXT_U8:
		return (uint8_t)value;
	case EXT_U16:
		return (uint16_t)value;
	case EXT_U32:
		return (uint32_t)value;
	case EXT_S8:
		return (uint64_t)(int8_t)value;
	case EXT_S16:
		return (uint64_t)(int16_t)value;
	case EXT_S32:
		return (uint64_t)(int32_t)value;
	default:
		return value;
	}
}

/*
 * The place on the stack that offset 0 is, counted from where the stack pointer is known to be. It
 * has to agree with what the unwinder made of the frame; entry code has no frame, only registers.
 */
static bool stack_base(const struct inquiry *q, size_t i, const struct facts *facts, bool aligned,
		       iq_vaddr *base_ret)
{
	const struct iq_frame *f = &q->stack->frames[i];
	const struct value *sp = &facts->state.regs[X86_SP];
	bool is_entry = i + 1 == q->stack->num_frames;

	if (sp->id == VALUE_FRAME && !is_entry &&
	    (!f->cfa || f->cfa - 8 + (uint64_t)sp->add != f->sp))
		return false;
	if (aligned || sp->id == VALUE_FRAME) {
		*base_ret = f->sp - (uint64_t)sp->add;
		return sp->id == (aligned ? VALUE_ALIGNED : VALUE_FRAME);
	}
	*base_ret = f->cfa - 8;
	return f->cfa && sp->id == VALUE_ALIGNED;
}

static bool read_slot(const struct inquiry *q, size_t i, const struct facts *facts,
		      const struct flow_slot *slot, uint64_t *value_ret)
{
	const struct iq_frame *f = &q->stack->frames[i];
	iq_vaddr base, addr;
	size_t word;

	if (!stack_base(q, i, facts, slot->aligned, &base))
		return false;
	addr = base + (uint64_t)(int64_t)slot->offset;
	if (addr < f->sp || addr + 8 > f->cfa || addr % 8 || !q->stack->words ||
	    addr < q->stack->sp)
		return false;
	word = (addr - q->stack->sp) / 8;
	if (word >= q->stack->num_words)
		return false;
	*value_ret = q->stack->words[word];
	return true;
}

/* Is what `id` names kept somewhere in frame i? */
static bool kept_value(const struct inquiry *q, size_t i, const struct facts *facts, uint32_t id,
		       uint64_t *value_ret)
{
	const struct iq_frame *f = &q->stack->frames[i];

	for (unsigned r = 0; r < 16; r++) {
		const struct value *v = &facts->state.regs[r];

		if (v->id == id && v->ext == EXT_NONE && r != X86_SP &&
		    f->regs.known & 1u << iq_reg_of[r]) {
			*value_ret = f->regs.r[iq_reg_of[r]] - (uint64_t)v->add;
			return true;
		}
	}
	for (unsigned s = 0; s < facts->state.num_slots; s++) {
		const struct flow_slot *slot = &facts->state.slots[s];

		if (slot->value.id == id && slot->value.ext == EXT_NONE &&
		    read_slot(q, i, facts, slot, value_ret)) {
			*value_ret -= (uint64_t)slot->value.add;
			return true;
		}
	}
	return false;
}

/* A value that was widened already may be all that is kept of it. */
static bool kept_extended(const struct inquiry *q, size_t i, const struct facts *facts,
			  const struct value *wanted, uint64_t *value_ret)
{
	const struct iq_frame *f = &q->stack->frames[i];

	if (wanted->ext == EXT_NONE)
		return false;
	for (unsigned r = 0; r < 16; r++) {
		const struct value *v = &facts->state.regs[r];

		if (v->id == wanted->id && v->ext == wanted->ext && v->add == wanted->add &&
		    f->regs.known & 1u << iq_reg_of[r]) {
			*value_ret = f->regs.r[iq_reg_of[r]];
			return true;
		}
	}
	return false;
}

/* Is frame i's caller the frame behind it, stopped at its call? */
static bool has_caller(const struct inquiry *q, size_t i)
{
	const struct iq_frame *caller;

	if (i + 1 >= q->stack->num_frames || q->stack->frames[i].by == IQ_FRAME_SCAN)
		return false;
	caller = &q->stack->frames[i + 1];
	return !caller->interrupted && (caller->by == IQ_FRAME_ORC || caller->by == IQ_FRAME_FP);
}

static bool value_in(struct inquiry *q, size_t i, const struct value *v, uint64_t *value_ret)
{
	const struct facts *facts = facts_of(q->a, &q->stack->frames[i]);
	uint64_t value;
	bool known = false;

	if (!facts->valid || v->id == VALUE_NONE || q->steps++ > MAX_STEPS)
		return false;
	if (v->id == VALUE_CONST) {
		value = 0;
		known = true;
	} else if (v->id == VALUE_CURRENT) {
		value = q->current;
		known = q->current;
	} else if (v->id == VALUE_FRAME || v->id == VALUE_ALIGNED) {
		known = stack_base(q, i, facts, v->id == VALUE_ALIGNED, &value);
	} else if (kept_extended(q, i, facts, v, value_ret)) {
		return true;
	} else {
		known = kept_value(q, i, facts, v->id, &value);
	}
	if (!known && v->id >= VALUE_ENTRY && v->id < VALUE_ENTRY + 16)
		known = entry_value(q, i, v->id - VALUE_ENTRY, &value);
	if (known)
		*value_ret = widen(value, v->ext) + (uint64_t)v->add;
	return known;
}

/* Where a chain of jumps leads to: calls may go by a trampoline. */
static iq_vaddr end_of_jumps(struct iq_unwinder *u, iq_vaddr pc, iq_vaddr wanted)
{
	static const uint8_t endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };

	for (int i = 0; i < MAX_JUMPS && pc != wanted; i++) {
		struct x86_insn insn;
		uint8_t text[15];

		if (!iq_mem_peek(u->mem, pc, text, sizeof(text)))
			break;
		/* Newer kernels call behind the landing pad. */
		if (pc == wanted + 4 && iq_mem_peek(u->mem, wanted, text, 4) &&
		    !memcmp(text, endbr64, 4))
			return wanted;
		if (!memcmp(text, endbr64, sizeof(endbr64))) {
			pc += sizeof(endbr64);
			continue;
		}
		if (!x86_decode(text, sizeof(text), pc, &insn) || insn.kind != X86_JMP ||
		    !insn.target)
			break;
		pc = insn.target;
	}
	return pc;
}

/* Did the caller of frame i call this very function? */
static bool calls_this(struct inquiry *q, size_t i)
{
	const struct facts *callee = facts_of(q->a, &q->stack->frames[i]);
	const struct facts *caller = facts_of(q->a, &q->stack->frames[i + 1]);
	const struct iq_frame *f = &q->stack->frames[i];
	const struct flow_call *call = &caller->call;
	iq_vaddr wanted = callee->func;
	struct iq_sym func;
	uint64_t target;

	if (!wanted) {
		if (!f->sym.name || !function_of(q->a->u, &f->sym, &func))
			return false;
		wanted = func.addr;
	}
	if (!call->indirect)
		return call->target && end_of_jumps(q->a->u, call->target, wanted) == wanted;
	if (!value_in(q, i + 1, &call->base, &target))
		return false;
	for (unsigned l = 0; l < call->num_loads; l++)
		if (!iq_mem_peek(q->a->u->mem, target + (uint64_t)call->loads[l], &target,
				 sizeof(target)))
			return false;
	return end_of_jumps(q->a->u, target, wanted) == wanted;
}

/* What its caller says. */
static bool passed_value(struct inquiry *q, size_t i, unsigned reg, uint64_t *value_ret)
{
	const struct iq_frame *caller;
	const struct facts *facts;
	bool known;

	if (!has_caller(q, i) || q->depth >= MAX_DEPTH)
		return false;
	caller = &q->stack->frames[i + 1];
	/* What functions hand back, the unwinder knows. */
	if (caller->regs.known & 1u << iq_reg_of[reg] &&
	    (reg == X86_BX || reg == X86_BP || reg >= X86_R12)) {
		*value_ret = caller->regs.r[iq_reg_of[reg]];
		return true;
	}
	facts = facts_of(q->a, caller);
	if (!facts->valid)
		return false;
	q->depth++;
	known = calls_this(q, i) && value_in(q, i + 1, &facts->state.regs[reg], value_ret);
	q->depth--;
	return known;
}

static bool own_value(struct inquiry *q, size_t i, unsigned reg, uint64_t *value_ret)
{
	const struct facts *facts = facts_of(q->a, &q->stack->frames[i]);

	return facts->valid && kept_value(q, i, facts, VALUE_ENTRY + reg, value_ret);
}

static bool entry_value(struct inquiry *q, size_t i, unsigned reg, uint64_t *value_ret)
{
	return own_value(q, i, reg, value_ret) || passed_value(q, i, reg, value_ret);
}

void args_recover(struct iq_args *a, const struct iq_stack *stack, size_t i, iq_vaddr current,
		  struct args_found found_ret[ARGS_NUM_REGS])
{
	static const uint8_t regs[ARGS_NUM_REGS] = {
		X86_DI, X86_SI, X86_DX, X86_CX, X86_R8, X86_R9
	};

	for (unsigned r = 0; r < ARGS_NUM_REGS; r++) {
		struct inquiry q = { .a = a, .stack = stack, .current = current };
		uint64_t own, passed;
		bool has_own = own_value(&q, i, regs[r], &own);
		bool has_passed = passed_value(&q, i, regs[r], &passed);

		found_ret[r] = (struct args_found){ IQ_ARG_UNKNOWN, 0 };
		/* One of them is wrong, and we cannot know which. */
		found_ret[r].differ = has_own && has_passed && own != passed;
		if (found_ret[r].differ)
			continue;
		if (has_own)
			found_ret[r] = (struct args_found){ IQ_ARG_SAVED, own, has_passed, false };
		else if (has_passed)
			found_ret[r] =
				(struct args_found){ IQ_ARG_CALL_SITE, passed, false, false };
	}
}
