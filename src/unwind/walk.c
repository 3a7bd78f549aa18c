/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The walk up one stack
 *
 * From one frame to the next by the ORC rule of its pc. Where there is none (code made at run
 * time) by the frame pointer, if that leads to a place behind a call instruction; else by
 * searching the stack for such a place, preferring one behind a call of the very function we
 * are in. Each frame says how it was found.
 *
 * A walk ends at user mode, at what ORC marks as the end of the stack, or where nothing further is
 * found. It cannot loop: on the task's stack every frame has to lie above the one before; the other
 * stacks (interrupts, exceptions; of CPUs that ran in a dump) may be left but not entered from
 * there; and there is a bound for all.
 */
#include "unwind/site.h"

enum {
	MAX_FRAMES = 512,
	MAX_STACK = 256 << 10,
	MAX_PEEKS = 4096, /* words read outside of the task's stack */
	MAX_SCANS = 8,
};

struct walk {
	struct iq_unwinder *u;
	const struct iq_unwind_start *start;
	const uint64_t *words; /* of the task's stack from base on; NULL: by peeking */
	iq_vaddr base;
	size_t num_words;
	size_t num_frames;
	unsigned peeks, scans;
	iq_vaddr user_regs; /* where the walk met the pt_regs of user mode; 0: it did not */
	bool complete;
};

enum { BIT_IP = 1u << IQ_REG_IP, BIT_SP = 1u << IQ_REG_SP, BIT_BP = 1u << IQ_REG_BP };

static bool on_task_stack(const struct walk *w, iq_vaddr addr)
{
	return addr >= w->start->stack && addr < w->start->stack_end;
}

static bool word_at(struct walk *w, iq_vaddr addr, uint64_t *value_ret)
{
	uint64_t i = (addr - w->base) / 8;

	if (addr % 8)
		return false;
	if (addr >= w->base && i < w->num_words) {
		*value_ret = w->words[i];
		return true;
	}
	if (w->peeks++ >= MAX_PEEKS)
		return false;
	return iq_mem_peek(w->u->mem, addr, value_ret, sizeof(*value_ret));
}

static bool words_at(struct walk *w, iq_vaddr addr, uint64_t *words, size_t num)
{
	for (size_t i = 0; i < num; i++)
		if (!word_at(w, addr + i * 8, &words[i]))
			return false;
	return true;
}

static void set_reg(struct iq_regs *regs, enum iq_reg reg, uint64_t value)
{
	regs->r[reg] = value;
	regs->known |= 1u << reg;
}

static bool is_known(const struct iq_regs *regs, enum iq_reg reg)
{
	return regs->known & 1u << reg;
}

/* ---- one step ---- */

/* The frame to come, until it is accepted. */
struct next {
	struct iq_regs regs; /* with its pc and sp */
	iq_vaddr cfa;	     /* end of the frame before it */
	enum iq_frame_by by;
	bool exact;
};

enum step { STEP_OK, STEP_END, STEP_FAILED };

static const enum iq_reg saved_regs[NUM_SAVED_REGS] = {
	[SAVED_BX] = IQ_REG_BX,	  [SAVED_BP] = IQ_REG_BP,   [SAVED_R12] = IQ_REG_R12,
	[SAVED_R13] = IQ_REG_R13, [SAVED_R14] = IQ_REG_R14, [SAVED_R15] = IQ_REG_R15,
};

/* The registers that functions hand back, as the caller had them at its call. */
static void restore_saved(struct walk *w, const struct iq_frame *f, const struct saved_state *st,
			  iq_vaddr cfa, struct iq_regs *regs)
{
	for (int i = 0; i < NUM_SAVED_REGS; i++) {
		const struct saved_slot *slot = &st->reg[i];
		enum iq_reg reg = saved_regs[i];
		uint64_t value;
		iq_vaddr addr;

		if (slot->how == SAVED_NOT) {
			if (is_known(&f->regs, reg))
				set_reg(regs, reg, f->regs.r[reg]);
			continue;
		}
		if (slot->how == SAVED_LOST)
			continue;
		if (slot->at.base == SAVED_CFA)
			addr = cfa + (uint64_t)(int64_t)slot->at.offset;
		else if (st->bp.base == slot->at.base && is_known(&f->regs, IQ_REG_BP))
			addr = f->regs.r[IQ_REG_BP] +
			       (uint64_t)(int64_t)(slot->at.offset - st->bp.offset);
		else
			continue;
		if (addr >= f->sp && addr < cfa && word_at(w, addr, &value))
			set_reg(regs, reg, value);
	}
}

static bool base_of(struct walk *w, const struct iq_frame *f, const struct orc_rule *rule,
		    iq_vaddr *sp_ret)
{
	uint64_t offset = (uint64_t)(int64_t)rule->sp_offset;
	const struct iq_regs *regs = &f->regs;
	enum iq_reg reg = IQ_REG_SP;
	iq_vaddr sp;

	switch (rule->sp_reg) {
	case ORC_REG_SP:
		*sp_ret = f->sp + offset;
		return true;
	case ORC_REG_BP:
		*sp_ret = regs->r[IQ_REG_BP] + offset;
		return is_known(regs, IQ_REG_BP);
	case ORC_REG_SP_INDIRECT:
		if (!word_at(w, f->sp, &sp))
			return false;
		*sp_ret = sp + offset;
		return true;
	case ORC_REG_BP_INDIRECT:
		return is_known(regs, IQ_REG_BP) && word_at(w, regs->r[IQ_REG_BP] + offset, sp_ret);
	case ORC_REG_R10:
		reg = IQ_REG_R10;
		break;
	case ORC_REG_R13:
		reg = IQ_REG_R13;
		break;
	case ORC_REG_DI:
		reg = IQ_REG_DI;
		break;
	case ORC_REG_DX:
		reg = IQ_REG_DX;
		break;
	default:
		return false;
	}
	*sp_ret = regs->r[reg];
	return is_known(regs, reg);
}

/* An exception or interrupt left the registers at sp. */
static enum step next_from_regs(struct walk *w, const struct iq_frame *f, iq_vaddr sp, bool partial,
				struct next *n)
{
	uint64_t words[PT_NUM_WORDS] = { 0 };
	unsigned first = partial ? PT_IP : 0;

	if (!words_at(w, sp, words + first, PT_NUM_WORDS - first))
		return STEP_FAILED;
	n->cfa = sp;
	n->by = IQ_FRAME_REGS;
	n->exact = true;
	if ((words[PT_CS] & 3) == 3) {
		w->user_regs = sp - first * 8;
		return STEP_END;
	}
	regs_from_pt_regs(words, &n->regs);
	if (partial) {
		/* The others were not changed since, if we know them of this very place. */
		for (int reg = 0; reg < IQ_REG_IP; reg++) {
			if (reg == IQ_REG_SP)
				continue;
			n->regs.r[reg] = f->regs.r[reg];
			if (!f->interrupted || !is_known(&f->regs, (enum iq_reg)reg))
				n->regs.known &= ~(1u << reg);
		}
	}
	return STEP_OK;
}

static enum step next_by_orc(struct walk *w, const struct iq_frame *f, const struct site *site,
			     struct next *n)
{
	const struct orc_rule *rule = &site->rule;
	uint64_t value;
	iq_vaddr sp, pc;

	if (rule->type == ORC_TYPE_END_OF_STACK)
		return STEP_END;
	if (rule->type == ORC_TYPE_UNDEFINED || !base_of(w, f, rule, &sp))
		return STEP_FAILED;
	if (rule->type != ORC_TYPE_CALL)
		return next_from_regs(w, f, sp, rule->type == ORC_TYPE_REGS_PARTIAL, n);

	if (!word_at(w, sp - 8, &pc))
		return STEP_FAILED;
	n->cfa = sp;
	n->by = IQ_FRAME_ORC;
	n->exact = rule->signal;
	if (site->has_saved)
		restore_saved(w, f, &site->saved, sp, &n->regs);

	n->regs.known &= ~(uint32_t)BIT_BP;
	if (rule->bp_reg == ORC_REG_UNDEFINED) {
		if (is_known(&f->regs, IQ_REG_BP))
			set_reg(&n->regs, IQ_REG_BP, f->regs.r[IQ_REG_BP]);
	} else if (rule->bp_reg == ORC_REG_PREV_SP) {
		if (word_at(w, sp + (uint64_t)(int64_t)rule->bp_offset, &value))
			set_reg(&n->regs, IQ_REG_BP, value);
	} else if (rule->bp_reg == ORC_REG_BP && is_known(&f->regs, IQ_REG_BP)) {
		if (word_at(w, f->regs.r[IQ_REG_BP] + (uint64_t)(int64_t)rule->bp_offset, &value))
			set_reg(&n->regs, IQ_REG_BP, value);
	}
	set_reg(&n->regs, IQ_REG_IP, pc);
	set_reg(&n->regs, IQ_REG_SP, sp);
	return STEP_OK;
}

static enum step next_by_fp(struct walk *w, const struct iq_frame *f, const struct site *site,
			    struct next *n)
{
	iq_vaddr bp = f->regs.r[IQ_REG_BP], target;
	uint64_t words[2];

	if (!is_known(&f->regs, IQ_REG_BP))
		return STEP_FAILED;
	/*
	 * Interrupt entries of kernels with frame pointers mark pt_regs by an odd one
	 * (asm/frame.h).
	 */
	if (bp & 1 && bp > f->sp && !w->u->orc.kernel.num)
		return next_from_regs(w, f, bp - 1, false, n);
	if (bp < f->sp || !words_at(w, bp, words, 2) || !site_is_text(w->u, words[1] - 1))
		return STEP_FAILED;
	/* With ORC tables nobody promised that there is a frame pointer. */
	if (w->u->orc.kernel.num && !site_follows_call(w->u, words[1], &target))
		return STEP_FAILED;
	n->cfa = bp + 16;
	n->by = IQ_FRAME_FP;
	if (site->has_saved)
		restore_saved(w, f, &site->saved, n->cfa, &n->regs);
	set_reg(&n->regs, IQ_REG_BP, words[0]);
	set_reg(&n->regs, IQ_REG_IP, words[1]);
	set_reg(&n->regs, IQ_REG_SP, n->cfa);
	return STEP_OK;
}

static enum step next_by_scan(struct walk *w, const struct iq_frame *f, const struct site *site,
			      struct next *n)
{
	iq_vaddr end = on_task_stack(w, f->sp) ? w->start->stack_end : f->sp + 4096;
	iq_vaddr found = 0, target;
	uint64_t word, pc = 0;

	if (w->scans++ >= MAX_SCANS)
		return STEP_FAILED;
	for (iq_vaddr addr = (f->sp + 7) & ~(iq_vaddr)7; addr < end; addr += 8) {
		if (!word_at(w, addr, &word))
			break;
		if (!site_is_text(w->u, word - 1) || !site_follows_call(w->u, word, &target))
			continue;
		if (!found || (target && target == site->sym.addr)) {
			found = addr;
			pc = word;
		}
		if (target && target == site->sym.addr)
			break;
	}
	if (!found)
		return STEP_FAILED;
	n->cfa = 0;
	n->by = IQ_FRAME_SCAN;
	set_reg(&n->regs, IQ_REG_IP, pc);
	set_reg(&n->regs, IQ_REG_SP, found + 8);
	return STEP_OK;
}

/* May the next frame lie where it does? */
static bool is_further(const struct walk *w, const struct iq_frame *f, const struct next *n)
{
	iq_vaddr sp = n->regs.r[IQ_REG_SP];

	if (on_task_stack(w, f->sp))
		return sp > f->sp && sp <= w->start->stack_end;
	return on_task_stack(w, sp) || sp != f->sp;
}

/*
 * Can something return to pc? Code made at run time is no text that we know, but a call is a call.
 * The code of the kernel's start is given away later; its rules stay.
 */
static bool is_return_address(struct walk *w, iq_vaddr pc)
{
	const struct site *site = site_get(w->u, pc, false);
	iq_vaddr target;

	return site->is_text || site->is_detour ||
	       (site->has_rule && site->rule.type != ORC_TYPE_UNDEFINED) ||
	       site_follows_call(w->u, pc, &target);
}

static bool is_plausible(struct walk *w, const struct iq_frame *f, const struct next *n)
{
	return is_further(w, f, n) && (n->exact || is_return_address(w, n->regs.r[IQ_REG_IP]));
}

static enum step next_frame(struct walk *w, const struct iq_frame *f, struct next *n)
{
	static enum step (*const ways[])(struct walk *, const struct iq_frame *,
					 const struct site *, struct next *) = {
		next_by_orc,
		next_by_fp,
		next_by_scan,
	};

	for (size_t i = 0; i < IQ_ARRAY_SIZE(ways); i++) {
		struct site site = *site_get(w->u, f->pc, f->interrupted);
		enum step step;

		if (i == 0 && !site.has_rule)
			continue;
		/*
		 * What has a rule keeps no frame pointer; where a detour is, it is the caller's
		 * caller's.
		 */
		if (i == 1 && (site.has_rule || site.is_detour))
			continue;
		n->regs.known = 0;
		n->exact = false;
		step = ways[i](w, f, &site, n);
		if (step == STEP_END || (step == STEP_OK && is_plausible(w, f, n)))
			return step;
	}
	return STEP_FAILED;
}

/* ---- the walk ---- */

static void add_frame(struct walk *w, const struct iq_regs *regs, enum iq_frame_by by, bool exact)
{
	struct iq_frame *f = &w->u->frames[w->num_frames++];
	iq_vaddr pc = regs->r[IQ_REG_IP];
	const struct site *site = site_get(w->u, pc, exact);

	f->pc = pc;
	f->sp = regs->r[IQ_REG_SP];
	f->cfa = 0;
	f->regs = *regs;
	f->sym = site->sym;
	f->offset = f->sym.name ? pc - f->sym.addr : 0;
	f->by = by;
	f->interrupted = exact;
}

static void walk(struct walk *w, const struct iq_regs *first, enum iq_frame_by by, bool exact)
{
	struct next n = { 0 };

	add_frame(w, first, by, exact);
	while (w->num_frames < MAX_FRAMES) {
		struct iq_frame *f = &w->u->frames[w->num_frames - 1];
		enum step step = next_frame(w, f, &n);

		if (step == STEP_END) {
			w->complete = true;
			f->cfa = w->user_regs;
			return;
		}
		if (step == STEP_FAILED)
			return;
		f->cfa = n.cfa;
		add_frame(w, &n.regs, n.by, n.exact);
	}
}

/* The registers that __switch_to_asm left on the stack of a task that does not run. */
static bool switch_regs(struct walk *w, struct iq_regs *regs)
{
	const struct iq_unwinder *u = w->u;
	const struct {
		enum iq_reg reg;
		uint16_t offset;
	} places[] = {
		{ IQ_REG_R15, u->switch_frame.r15 },	 { IQ_REG_R14, u->switch_frame.r14 },
		{ IQ_REG_R13, u->switch_frame.r13 },	 { IQ_REG_R12, u->switch_frame.r12 },
		{ IQ_REG_BX, u->switch_frame.bx },	 { IQ_REG_BP, u->switch_frame.bp },
		{ IQ_REG_IP, u->switch_frame.ret_addr },
	};

	regs->known = 0;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(places); i++) {
		uint64_t value;

		if (!word_at(w, w->start->sp + places[i].offset, &value))
			return false;
		set_reg(regs, places[i].reg, value);
	}
	set_reg(regs, IQ_REG_SP, w->start->sp + u->switch_frame.len);
	return true;
}

static void read_words(struct walk *w, iq_vaddr sp, struct iq_arena *arena, struct iq_stack *stack)
{
	iq_vaddr end = w->start->stack_end;
	size_t num = (end - sp) / 8;
	uint64_t *words = iq_arena_alloc(arena, num * 8);
	struct iq_error *err;

	stack->sp = sp;
	stack->end = end;
	/* In one piece, and as it is now: not as some other reader found it a while ago. */
	err = iq_mem_read_fresh(w->u->mem, sp, words, num * 8);
	if (err) {
		iq_error_free(err);
		return;
	}
	stack->words = words;
	stack->num_words = num;
	w->words = words;
	w->num_words = num;
	w->base = sp;
}

static enum entry_kind entry_of(struct walk *w)
{
	enum { OUTERMOST = 6 };

	/* The outermost one that says anything: fork's way out comes before what it ends at. */
	for (size_t i = 0; i < OUTERMOST && i < w->num_frames; i++) {
		const struct iq_frame *f = &w->u->frames[w->num_frames - 1 - i];
		const struct site *site = site_get(w->u, f->pc, f->interrupted);

		if (site->entry != ENTRY_NONE)
			return (enum entry_kind)site->entry;
	}
	return ENTRY_NONE;
}

static void finish(struct walk *w, struct iq_arena *arena, struct iq_stack *stack)
{
	size_t len = w->num_frames * sizeof(*stack->frames);

	stack->complete = w->complete;
	stack->num_frames = w->num_frames;
	if (w->num_frames)
		stack->frames = memcpy(iq_arena_alloc(arena, len), w->u->frames, len);
	if (w->start->user_task && !stack->user.valid)
		user_regs_read(w->u, w->start, w->user_regs, entry_of(w), stack);
}

static void unwind_sleeping(struct walk *w, struct iq_arena *arena, struct iq_stack *stack)
{
	const struct iq_unwind_start *s = w->start;
	struct iq_regs first;
	iq_vaddr pc;
	bool exact;

	if (s->sp % 8 || !on_task_stack(w, s->sp) ||
	    s->stack_end - s->sp < w->u->switch_frame.len) {
		stack->why_none = "its stack pointer is not on its stack";
		return;
	}
	read_words(w, s->sp, arena, stack);
	if (!switch_regs(w, &first)) {
		stack->why_none = "its stack cannot be read";
		return;
	}
	/* A new task has never called anything: it stands at the start of ret_from_fork. */
	pc = first.r[IQ_REG_IP];
	exact = site_get(w->u, pc, true)->is_text && site_get(w->u, pc, true)->sym.addr == pc;
	if (!exact && !is_return_address(w, pc)) {
		stack->why_none = "what its stack pointer points at is no switch frame";
		return;
	}
	walk(w, &first, IQ_FRAME_SWITCH, exact);
}

static void unwind_running(struct walk *w, struct iq_arena *arena, struct iq_stack *stack)
{
	const struct iq_regs *regs = w->start->regs;
	iq_vaddr sp = regs->r[IQ_REG_SP];

	if ((regs->known & (BIT_IP | BIT_SP)) != (BIT_IP | BIT_SP)) {
		stack->why_none = "running, its registers are not known";
		return;
	}
	if (is_known(regs, IQ_REG_CS) && (regs->r[IQ_REG_CS] & 3)) {
		stack->why_none = "running in user mode";
		user_regs_set(regs, stack);
		return;
	}
	if (on_task_stack(w, sp))
		read_words(w, sp & ~(iq_vaddr)7, arena, stack);
	walk(w, regs, IQ_FRAME_REGS, true);
	/* On an interrupt's stack: the task's own is used from where the walk came back to it. */
	for (size_t i = 0; !stack->sp && i < w->num_frames; i++)
		if (on_task_stack(w, w->u->frames[i].sp))
			read_words(w, w->u->frames[i].sp & ~(iq_vaddr)7, arena, stack);
}

struct iq_error *iq_unwind(struct iq_unwinder *u, const struct iq_unwind_start *start,
			   struct iq_arena *arena, struct iq_stack *stack_ret)
{
	struct walk w = { .u = u, .start = start };
	struct iq_stack stack = { 0 };

	if (!u->frames)
		u->frames = iq_xcalloc(MAX_FRAMES, sizeof(*u->frames));
	if (!start->stack)
		stack.why_none = "its stack is gone";
	else if (start->stack % 8 || start->stack_end % 8 || start->stack_end <= start->stack ||
		 start->stack_end - start->stack > MAX_STACK)
		stack.why_none = "its stack has no sane bounds";
	else if (start->regs)
		unwind_running(&w, arena, &stack);
	else
		unwind_sleeping(&w, arena, &stack);
	if (!stack.why_none || start->regs)
		finish(&w, arena, &stack);
	*stack_ret = stack;
	return NULL;
}
