/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a function keeps its caller's registers
 *
 * ORC finds the caller's stack pointer and rbp, not rbx and r12 to r15. A function that wants
 * to use one of these pushes it first, and the caller's value stays in that slot until it is
 * popped again. So we follow the code from its first instruction, along all branches, and keep
 * track of where the stack pointer is and of what happened to each of the six registers:
 * untouched, in a slot, or lost. Where two ways meet that disagree, what they disagree on is
 * lost: nothing is claimed that is not so on all ways. That covers prologues that come late
 * (after an early test), several of them, epilogues in the middle, and functions that never
 * return and do not bother to save.
 *
 * Places are counted from the end of the frame (CFA). Functions that align
 * their stack push further registers at a place that cannot be told from the
 * code; those are counted from the aligned stack pointer, and found at run time if
 * the frame pointer is counted from there too.
 *
 * The same pass gives the depth of the stack at each instruction, which ORC
 * gives as well: the unwinder believes us only where the two agree.
 */
#include "unwind/saved.h"

#include "inquest/util.h"
#include "unwind/x86.h"

struct node {
	iq_vaddr pc;
	struct saved_state state;
	uint8_t len;
	bool queued, is_call;
};

struct saved_flow {
	struct saved_part parts[SAVED_MAX_PARTS];
	unsigned num_parts;
	IQ_VEC(struct node) nodes;
	IQ_VEC(uint32_t) queue;	       /* of nodes; a stack */
	uint32_t *at[SAVED_MAX_PARTS]; /* by offset in the part: index of its node + 1, or 0 */
	size_t at_cap[SAVED_MAX_PARTS];
};

struct saved_flow *saved_flow_new(void)
{
	return iq_xcalloc(1, sizeof(struct saved_flow));
}

void saved_flow_free(struct saved_flow *flow)
{
	if (!flow)
		return;
	iq_vec_free(&flow->nodes);
	iq_vec_free(&flow->queue);
	for (unsigned i = 0; i < SAVED_MAX_PARTS; i++)
		free(flow->at[i]);
	free(flow);
}

static int tracked(unsigned reg)
{
	switch (reg) {
	case X86_BX:
		return SAVED_BX;
	case X86_BP:
		return SAVED_BP;
	case X86_R12:
	case X86_R13:
	case X86_R14:
	case X86_R15:
		return SAVED_R12 + (int)(reg - X86_R12);
	default:
		return -1;
	}
}

/* ---- what an instruction does to the state ---- */

static struct saved_place place_add(struct saved_place p, int32_t offset)
{
	int32_t sum = p.offset + offset;

	if (p.base == SAVED_NOWHERE || offset < INT16_MIN || offset > INT16_MAX ||
	    sum < INT16_MIN || sum > INT16_MAX)
		return (struct saved_place){ 0, SAVED_NOWHERE };
	p.offset = (int16_t)sum;
	return p;
}

static bool place_is(struct saved_place a, struct saved_place b)
{
	return a.base == b.base && a.offset == b.offset && a.base != SAVED_NOWHERE;
}

static void wrote(struct saved_slot *slot)
{
	if (slot->how == SAVED_NOT)
		slot->how = SAVED_LOST;
	else if (slot->how == SAVED_BOTH)
		slot->how = SAVED_SLOT;
}

static void release(struct saved_slot *slot)
{
	if (slot->how == SAVED_BOTH)
		slot->how = SAVED_NOT;
	else if (slot->how == SAVED_SLOT)
		slot->how = SAVED_LOST;
}

/* The stack pointer went up: what is below it may be overwritten at any time. */
static void set_sp(struct saved_state *st, struct saved_place sp)
{
	st->sp = sp;
	if (sp.base == SAVED_NOWHERE)
		return; /* another stack (interrupts'); ours stays as it is */
	for (int i = 0; i < NUM_SAVED_REGS; i++) {
		struct saved_place at = st->reg[i].at;

		/* All that was aligned lies below all that was not. */
		if (at.base == sp.base ? at.offset < sp.offset : sp.base == SAVED_CFA)
			release(&st->reg[i]);
	}
}

static void align_sp(struct saved_state *st)
{
	bool twice = st->sp.base != SAVED_CFA || st->bp.base == SAVED_ALIGNED;

	for (int i = 0; i < NUM_SAVED_REGS; i++)
		twice |= st->reg[i].how != SAVED_NOT && st->reg[i].at.base == SAVED_ALIGNED;
	st->sp = (struct saved_place){ 0, twice ? SAVED_NOWHERE : SAVED_ALIGNED };
}

static void pop(struct saved_state *st, unsigned reg)
{
	int i = tracked(reg);

	if (reg == X86_SP) {
		set_sp(st, (struct saved_place){ 0, SAVED_NOWHERE });
		return;
	}
	if (i >= 0) {
		struct saved_slot *slot = &st->reg[i];

		if ((slot->how == SAVED_BOTH || slot->how == SAVED_SLOT) &&
		    place_is(slot->at, st->sp))
			slot->how = SAVED_NOT;
		else
			wrote(slot);
	}
	if (reg == X86_BP)
		st->bp.base = SAVED_NOWHERE;
	set_sp(st, place_add(st->sp, 8));
}

static void push(struct saved_state *st, unsigned reg)
{
	int i = tracked(reg);

	st->sp = place_add(st->sp, -8);
	if (i >= 0 && st->reg[i].how == SAVED_NOT && st->sp.base != SAVED_NOWHERE)
		st->reg[i] = (struct saved_slot){ st->sp, SAVED_BOTH };
}

static void apply(struct saved_state *st, const struct x86_insn *insn)
{
	if (insn->kind == X86_POP_REG) {
		pop(st, insn->reg);
		return;
	}
	if (insn->kind == X86_LEAVE) {
		set_sp(st, st->bp);
		pop(st, X86_BP);
		return;
	}
	for (unsigned reg = 0; reg < 16; reg++)
		if (insn->writes & 1u << reg && tracked(reg) >= 0)
			wrote(&st->reg[tracked(reg)]);
	if (insn->kind == X86_LEA_BP_SP)
		st->bp = place_add(st->sp, insn->imm);
	else if (insn->writes & 1u << X86_BP)
		st->bp.base = SAVED_NOWHERE;

	switch (insn->kind) {
	case X86_PUSH_REG:
		push(st, insn->reg);
		break;
	case X86_PUSH:
		st->sp = place_add(st->sp, -8);
		break;
	case X86_POP:
		set_sp(st, place_add(st->sp, 8));
		break;
	case X86_ADD_SP:
		set_sp(st, place_add(st->sp, insn->imm));
		break;
	case X86_AND_SP:
		align_sp(st);
		break;
	case X86_LEA_SP_BP:
		set_sp(st, place_add(st->bp, insn->imm));
		break;
	case X86_SET_SP:
		set_sp(st, (struct saved_place){ 0, SAVED_NOWHERE });
		break;
	default:
		break;
	}
}

/* ---- where ways meet ---- */

static bool merge_place(struct saved_place *into, struct saved_place from)
{
	if (into->base == SAVED_NOWHERE || place_is(*into, from))
		return false;
	into->base = SAVED_NOWHERE;
	return true;
}

static bool merge_slot(struct saved_slot *into, struct saved_slot from)
{
	bool same_slot = place_is(into->at, from.at);
	uint8_t a = into->how, b = from.how, how;

	if (a == SAVED_LOST)
		return false;
	if (a == SAVED_NOT && (b == SAVED_NOT || b == SAVED_BOTH))
		how = SAVED_NOT;
	else if (a == SAVED_BOTH && (b == SAVED_NOT || (b == SAVED_BOTH && !same_slot)))
		how = SAVED_NOT;
	else if (a != SAVED_NOT && b != SAVED_NOT && b != SAVED_LOST && same_slot)
		how = IQ_MAX(a, b);
	else
		how = SAVED_LOST;
	into->how = how;
	return how != a;
}

static bool merge(struct saved_state *into, const struct saved_state *from)
{
	bool changed = merge_place(&into->sp, from->sp);

	changed |= merge_place(&into->bp, from->bp);
	for (int i = 0; i < NUM_SAVED_REGS; i++)
		changed |= merge_slot(&into->reg[i], from->reg[i]);
	return changed;
}

/* ---- following the code ---- */

static const struct saved_part *part_of(const struct saved_flow *flow, iq_vaddr pc, unsigned *i_ret)
{
	for (unsigned i = 0; i < flow->num_parts; i++) {
		if (pc - flow->parts[i].start < flow->parts[i].len) {
			*i_ret = i;
			return &flow->parts[i];
		}
	}
	return NULL;
}

static const struct node *node_at(const struct saved_flow *flow, iq_vaddr pc)
{
	unsigned i;
	const struct saved_part *part = part_of(flow, pc, &i);
	uint32_t index = part ? flow->at[i][pc - part->start] : 0;

	return index ? &flow->nodes.data[index - 1] : NULL;
}

static void go(struct saved_flow *flow, iq_vaddr pc, const struct saved_state *st)
{
	unsigned i;
	const struct saved_part *part = part_of(flow, pc, &i);
	uint32_t *index;
	struct node *node;

	if (!part)
		return; /* into another function: a tail call */
	index = &flow->at[i][pc - part->start];
	if (!*index) {
		iq_vec_push(&flow->nodes, (struct node){ .pc = pc, .state = *st });
		*index = (uint32_t)flow->nodes.num;
		node = &flow->nodes.data[*index - 1];
	} else {
		node = &flow->nodes.data[*index - 1];
		if (!merge(&node->state, st))
			return;
	}
	if (!node->queued) {
		node->queued = true;
		iq_vec_push(&flow->queue, *index - 1);
	}
}

static void step(struct saved_flow *flow, uint32_t index)
{
	struct node *node = &flow->nodes.data[index];
	struct saved_state st = node->state;
	iq_vaddr pc = node->pc, target;
	struct x86_insn insn;
	unsigned i;
	const struct saved_part *part = part_of(flow, pc, &i);
	uint32_t offset = (uint32_t)(pc - part->start);

	node->queued = false;
	if (!x86_decode(part->text + offset, part->len - offset, pc, &insn))
		return;
	node->len = insn.len;
	node->is_call = insn.kind == X86_CALL;
	/* Calls into the middle of itself are made for tricks with the return address. */
	if (node->is_call && insn.target != flow->parts[0].start && part_of(flow, insn.target, &i))
		return;
	apply(&st, &insn);
	target = insn.target;
	switch (insn.kind) {
	case X86_END:
		return;
	case X86_JMP:
		go(flow, target, &st);
		return;
	case X86_JCC:
		go(flow, target, &st);
		break;
	default:
		break;
	}
	go(flow, pc + insn.len, &st);
}

void saved_flow_run(struct saved_flow *flow, const struct saved_part *parts, unsigned num_parts)
{
	struct saved_state entry = { .sp = { -8, SAVED_CFA }, .bp = { 0, SAVED_NOWHERE } };
	size_t steps = 0, max_steps = 0;

	flow->num_parts = IQ_MIN(num_parts, SAVED_MAX_PARTS);
	flow->nodes.num = flow->queue.num = 0;
	for (unsigned i = 0; i < flow->num_parts; i++) {
		size_t len = parts[i].len;

		flow->parts[i] = parts[i];
		if (len > flow->at_cap[i]) {
			flow->at[i] = iq_xrealloc(flow->at[i], len * sizeof(**flow->at));
			flow->at_cap[i] = len;
		}
		if (len)
			memset(flow->at[i], 0, len * sizeof(**flow->at));
		max_steps += len * 4;
	}
	for (int i = 0; i < NUM_SAVED_REGS; i++)
		entry.reg[i].at.base = SAVED_NOWHERE;
	go(flow, parts[0].start, &entry);
	while (flow->queue.num) {
		if (++steps > max_steps) {
			flow->nodes.num = 0; /* half a result is none */
			flow->num_parts = 0;
			return;
		}
		step(flow, flow->queue.data[--flow->queue.num]);
	}
}

bool saved_flow_at(const struct saved_flow *flow, iq_vaddr pc, bool returned,
		   struct saved_state *state_ret)
{
	const struct node *node = NULL;

	if (!returned) {
		node = node_at(flow, pc);
	} else {
		/* A call has 2 to 8 bytes; one of 5 is the most likely. */
		static const uint8_t lens[] = { 5, 2, 3, 6, 7, 4, 8 };

		for (size_t i = 0; i < IQ_ARRAY_SIZE(lens); i++) {
			node = node_at(flow, pc - lens[i]);
			if (node && node->is_call && node->len == lens[i])
				break;
			node = NULL;
		}
	}
	if (!node)
		return false;
	*state_ret = node->state;
	return true;
}

void saved_flow_calls(const struct saved_flow *flow, saved_call_fn fn, void *ctx)
{
	for (unsigned i = 0; i < flow->num_parts; i++) {
		for (uint32_t offset = 0; offset < flow->parts[i].len; offset++) {
			uint32_t index = flow->at[i][offset];
			const struct node *node = index ? &flow->nodes.data[index - 1] : NULL;

			if (node && node->is_call)
				fn(ctx, node->pc + node->len, &node->state);
		}
	}
}
