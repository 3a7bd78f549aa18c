/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Following values through a function
 *
 * Every place where a register gets a new value names that value: so does every place where ways
 * meet that bring different ones. Moves, stores and loads of stack slots carry names along. Two
 * places that bear the same name at some instruction hold the same value there, whatever it is,
 * and one of them may be a register whose content is known.
 *
 * A name would lie if the place that gave it is run again while the old value is still kept
 * elsewhere: so whoever gives a name takes it from all others first. Where ways meet, at least
 * one of them has not been there before, so that no old name survives.
 *
 * Slots count only below everything whose address the function gives away: what lies above may be
 * changed by others. The first such address is found on the way; if it turns out lower than
 * thought, all is done again.
 *
 * A function with a way that we cannot see (a table of jumps, code that cannot be read) is
 * not followed at all: what that way brings would be missing where it comes back.
 */
#include "args/flow.h"

#include "inquest/util.h"
#include "unwind/x86.h"

enum {
	MAX_LEN = 1 << 16,
	MAX_INSNS = 1 << 14,
	MAX_PARTS = 2,
	MAX_ROUNDS = 64, /* visits of a block, on average */
	MAX_RUNS = 8,
	MARGIN = 64, /* below an address given away: members in front of the one it is of */
	MAX_DEPTH = 14 << 10, /* of a stack frame */
	FIRST_MEETING = 1 << 24,
	MEETINGS = 1 << 12, /* places in a block that values can meet at */
	NO_ESCAPE = INT32_MAX,
	CALL_CLOBBERS = 1u << X86_AX | 1u << X86_CX | 1u << X86_DX | 1u << X86_SI | 1u << X86_DI |
			1u << X86_R8 | 1u << X86_R9 | 1u << X86_R10 | 1u << X86_R11,
};

enum way { WAY_NEXT, WAY_JUMP, WAY_FIXUP, NUM_WAYS };

struct part {
	iq_vaddr start;
	uint32_t len;
	uint8_t *text;
	uint32_t *at; /* by offset: index of its instruction + 1; 0: no way leads there */
};

struct node {
	struct insn insn;
	uint16_t fixup_writes;
	int32_t next, jump, fixup; /* indices of the nodes that follow; -1: none */
	int32_t block;		   /* that it begins; -1 */
	int32_t edges[NUM_WAYS];   /* to blocks, by enum way; -1 */
	/* Of INSN_LOAD: from where, when it was last looked at. */
	struct value load_base;
};

struct block {
	uint32_t first, order; /* blocks that come before others in all ways have a lower one */
	bool reached, queued, seen;
	int32_t last_edge; /* of those that lead here; -1 */
	struct flow_state in;
};

/* A way from one block to another, and what it brings. */
struct edge {
	uint32_t to;
	int32_t before; /* the next one that leads there; -1 */
	bool reached;
	struct flow_state state;
};

struct flow {
	const struct flow_source *source;
	struct insn_decoder *decoder;
	struct part parts[MAX_PARTS];
	unsigned num_parts;
	IQ_VEC(struct node) nodes;
	IQ_VEC(struct block) blocks;
	IQ_VEC(struct edge) edges;
	IQ_VEC(uint32_t) queue;
	int32_t escape[2]; /* the lowest offset given away, from VALUE_FRAME, from VALUE_ALIGNED */
	bool lowered, bad;
};

struct flow *flow_new(void)
{
	struct flow *flow = iq_xcalloc(1, sizeof(*flow));

	flow->decoder = insn_decoder_new();
	return flow;
}

static void forget(struct flow *flow)
{
	for (unsigned i = 0; i < flow->num_parts; i++) {
		free(flow->parts[i].text);
		free(flow->parts[i].at);
	}
	flow->num_parts = 0;
	flow->nodes.num = flow->blocks.num = flow->edges.num = flow->queue.num = 0;
}

void flow_free(struct flow *flow)
{
	if (!flow)
		return;
	forget(flow);
	iq_vec_free(&flow->nodes);
	iq_vec_free(&flow->blocks);
	iq_vec_free(&flow->edges);
	iq_vec_free(&flow->queue);
	insn_decoder_free(flow->decoder);
	free(flow);
}

/* ---- the code ---- */

static struct part *part_of(struct flow *flow, iq_vaddr pc)
{
	for (unsigned i = 0; i < flow->num_parts; i++)
		if (pc - flow->parts[i].start < flow->parts[i].len)
			return &flow->parts[i];
	return NULL;
}

static bool add_part(struct flow *flow, iq_vaddr start, uint64_t len)
{
	struct part *part = &flow->parts[flow->num_parts];

	if (flow->num_parts == MAX_PARTS || !len || len > MAX_LEN)
		return false;
	*part = (struct part){ .start = start, .len = (uint32_t)len };
	part->text = iq_xmalloc(len);
	part->at = iq_xcalloc(len, sizeof(*part->at));
	flow->num_parts++;
	return flow->source->read(flow->source->ctx, start, part->text, len);
}

/* The node at pc, made and queued if it is new; -1: that is not in this function. */
static int32_t node_at(struct flow *flow, iq_vaddr pc, bool jumped)
{
	struct part *part = part_of(flow, pc);
	uint32_t *at;
	iq_vaddr start;
	uint64_t len;

	if (!part && jumped && flow->source->part(flow->source->ctx, pc, &start, &len)) {
		if (!add_part(flow, start, len)) {
			flow->bad = true;
			return -1;
		}
		part = part_of(flow, pc);
	}
	if (!part)
		return -1;
	at = &part->at[pc - part->start];
	if (!*at) {
		if (flow->nodes.num == MAX_INSNS) {
			flow->bad = true;
			return -1;
		}
		iq_vec_push(&flow->nodes, (struct node){ .insn.pc = pc,
							 .next = -1,
							 .jump = -1,
							 .fixup = -1,
							 .block = -1,
							 .edges = { -1, -1, -1 } });
		*at = (uint32_t)flow->nodes.num;
		iq_vec_push(&flow->queue, *at - 1);
	}
	return (int32_t)*at - 1;
}

/* Calls into the function itself are made for tricks with the return address. */
static bool calls_itself(struct flow *flow, const struct insn *insn)
{
	return insn->op == INSN_CALL && insn->target && insn->target != flow->parts[0].start &&
	       part_of(flow, insn->target);
}

static void decode(struct flow *flow, uint32_t i)
{
	iq_vaddr pc = flow->nodes.data[i].insn.pc, fixup;
	struct part *part = part_of(flow, pc);
	uint32_t offset = (uint32_t)(pc - part->start);
	int32_t next = -1, jump = -1, handler = -1;
	uint16_t fixup_writes = 0;
	struct x86_insn x86;
	struct insn insn;

	if (!insn_decode(flow->decoder, &flow->source->current, part->text + offset,
			 part->len - offset, pc, &insn)) {
		/* No way leads here in truth: behind a call that does not return. */
		flow->nodes.data[i].insn.flow = FLOW_END;
		flow->nodes.data[i].insn.op = INSN_NONE;
		return;
	}
	if (!x86_decode(part->text + offset, part->len - offset, pc, &x86) || x86.len != insn.len ||
	    calls_itself(flow, &insn) || insn.flow == FLOW_JMP_TABLE) {
		flow->bad = true;
		return;
	}
	insn.writes |= x86.writes;
	if (insn.flow == FLOW_JMP || insn.flow == FLOW_JCC)
		jump = node_at(flow, insn.target, true);
	if (insn.flow == FLOW_NEXT || insn.flow == FLOW_JCC)
		next = node_at(flow, pc + insn.len, false);
	fixup = flow->source->fixup(flow->source->ctx, pc, &fixup_writes);
	if (fixup)
		handler = node_at(flow, fixup, true);
	/* The vector may have moved. */
	flow->nodes.data[i] = (struct node){ .insn = insn,
					     .fixup_writes = fixup_writes,
					     .next = next,
					     .jump = jump,
					     .fixup = handler,
					     .block = -1,
					     .edges = { -1, -1, -1 } };
}

static void begin_block(struct flow *flow, int32_t node)
{
	if (node < 0 || flow->nodes.data[node].block >= 0)
		return;
	flow->nodes.data[node].block = (int32_t)flow->blocks.num;
	iq_vec_push(&flow->blocks, (struct block){ .first = (uint32_t)node, .last_edge = -1 });
}

static void add_edge(struct flow *flow, struct node *from, enum way way, int32_t node)
{
	int32_t block = node < 0 ? -1 : flow->nodes.data[node].block;
	struct block *b;

	if (block < 0)
		return;
	b = &flow->blocks.data[block];
	from->edges[way] = (int32_t)flow->edges.num;
	iq_vec_push(&flow->edges, (struct edge){ .to = (uint32_t)block, .before = b->last_edge });
	b->last_edge = from->edges[way];
}

static void find_blocks(struct flow *flow)
{
	uint8_t *num_before = iq_xcalloc(flow->nodes.num, 1);

	begin_block(flow, 0);
	for (size_t i = 0; i < flow->nodes.num; i++) {
		const struct node *n = &flow->nodes.data[i];

		begin_block(flow, n->jump);
		begin_block(flow, n->fixup);
		if (n->jump >= 0)
			begin_block(flow, n->next);
		if (n->next >= 0 && num_before[n->next]++ == 1)
			begin_block(flow, n->next);
	}
	free(num_before);
	for (size_t i = 0; i < flow->nodes.num; i++) {
		struct node *n = &flow->nodes.data[i];

		add_edge(flow, n, WAY_NEXT, n->next);
		add_edge(flow, n, WAY_JUMP, n->jump);
		add_edge(flow, n, WAY_FIXUP, n->fixup);
	}
}

/* The next unseen block that a way out of the block leads to, from its node *at on; -1. */
static int32_t unseen_after(struct flow *flow, uint32_t *at)
{
	for (;;) {
		const struct node *n = &flow->nodes.data[*at];

		for (int way = 0; way < NUM_WAYS; way++) {
			if (n->edges[way] < 0)
				continue;
			if (!flow->blocks.data[flow->edges.data[n->edges[way]].to].seen)
				return (int32_t)flow->edges.data[n->edges[way]].to;
		}
		if (n->next < 0 || flow->nodes.data[n->next].block >= 0)
			return -1;
		*at = (uint32_t)n->next;
	}
}

/* Number the blocks so that, loops aside, each comes behind all that lead to it. */
static void order_blocks(struct flow *flow)
{
	uint32_t order = (uint32_t)flow->blocks.num;
	struct level {
		uint32_t block, at;
	};
	IQ_VEC(struct level) stack = { 0 };

	flow->blocks.data[0].seen = true;
	iq_vec_push(&stack, (struct level){ 0, flow->blocks.data[0].first });
	while (stack.num) {
		struct level *l = &stack.data[stack.num - 1];
		int32_t next = unseen_after(flow, &l->at);

		if (next < 0) {
			flow->blocks.data[l->block].order = order--;
			stack.num--;
			continue;
		}
		flow->blocks.data[next].seen = true;
		iq_vec_push(&stack,
			    (struct level){ (uint32_t)next, flow->blocks.data[next].first });
	}
	iq_vec_free(&stack);
}

/* ---- states ---- */

static bool same(struct value a, struct value b)
{
	return a.id == b.id && a.ext == b.ext && a.add == b.add;
}

static struct value none(void)
{
	return (struct value){ VALUE_NONE, EXT_NONE, 0 };
}

static struct value named(uint32_t id)
{
	return (struct value){ id, EXT_NONE, 0 };
}

static bool is_stack(struct value v)
{
	return (v.id == VALUE_FRAME || v.id == VALUE_ALIGNED) && v.ext == EXT_NONE;
}

static struct value extend(struct value v, uint8_t ext)
{
	if (ext == EXT_NONE)
		return v;
	if (v.id == VALUE_CONST && v.ext == EXT_NONE) {
		const unsigned shift[] = { 0, 56, 48, 32, 56, 48, 32 };
		uint64_t up = (uint64_t)v.add << shift[ext];

		v.add = ext >= EXT_S8 ? (int64_t)up >> shift[ext] : (int64_t)(up >> shift[ext]);
		return v;
	}
	/* Widened already, from no more: it stays as it is. */
	if (v.ext == ext && !v.add)
		return v;
	if (v.ext != EXT_NONE || v.add || v.id == VALUE_NONE)
		return none();
	v.ext = ext;
	return v;
}

/* Nobody else may bear the name that is given again. */
static void take_name(struct flow_state *st, uint32_t id)
{
	for (int r = 0; r < 16; r++)
		if (st->regs[r].id == id)
			st->regs[r] = none();
	for (unsigned i = 0; i < st->num_slots; i++)
		if (st->slots[i].value.id == id)
			st->slots[i].value = none();
}

static void define(struct flow_state *st, uint32_t node, unsigned reg)
{
	uint32_t id = VALUE_DEFINED + node * 16 + reg;

	take_name(st, id);
	st->regs[reg] = named(id);
}

static void define_all(struct flow_state *st, uint32_t node, unsigned mask)
{
	for (unsigned r = 0; r < 16; r++)
		if (mask & 1u << r)
			define(st, node, r);
}

static void escape_at(struct flow *flow, struct value v)
{
	int32_t *lowest = &flow->escape[v.id == VALUE_ALIGNED];
	int64_t offset = v.add - MARGIN;

	if (offset >= *lowest)
		return;
	*lowest = offset < -MAX_LEN ? -MAX_LEN : (int32_t)offset;
	flow->lowered = true;
}

/* Can only the function itself reach this slot? */
static bool is_private(const struct flow *flow, const struct flow_slot *slot)
{
	return slot->offset < flow->escape[slot->aligned] && slot->offset < 0;
}

static struct flow_slot *find_slot(struct flow_state *st, struct value at)
{
	for (unsigned i = 0; i < st->num_slots; i++)
		if (st->slots[i].offset == at.add &&
		    st->slots[i].aligned == (at.id == VALUE_ALIGNED))
			return &st->slots[i];
	return NULL;
}

static void drop_slot(struct flow_state *st, unsigned i)
{
	st->slots[i] = st->slots[--st->num_slots];
}

/* [at, at + len) is written to. What is aligned lies below what is not, but how far? */
static void overwrite(struct flow_state *st, struct value at, int64_t len)
{
	for (unsigned i = 0; i < st->num_slots;) {
		const struct flow_slot *s = &st->slots[i];

		if (s->aligned == (at.id == VALUE_ALIGNED) && s->offset < at.add + len &&
		    s->offset + 8 > at.add)
			drop_slot(st, i);
		else
			i++;
	}
}

static void put_slot(const struct flow *flow, struct flow_state *st, struct value at,
		     struct value v)
{
	struct flow_slot slot = { (int32_t)at.add, at.id == VALUE_ALIGNED, v };

	overwrite(st, at, 8);
	if (at.add % 8 || at.add <= -MAX_DEPTH || v.id == VALUE_NONE || !is_private(flow, &slot) ||
	    st->num_slots == FLOW_MAX_SLOTS)
		return;
	st->slots[st->num_slots++] = slot;
}

/* The stack pointer is here now: what is below is nobody's. */
static void set_sp(struct flow_state *st, struct value sp)
{
	st->regs[X86_SP] = sp;
	for (unsigned i = 0; i < st->num_slots;) {
		const struct flow_slot *s = &st->slots[i];
		bool dead = !is_stack(sp);

		if (s->aligned)
			dead |= sp.id == VALUE_FRAME || s->offset < sp.add;
		else
			dead |= sp.id == VALUE_FRAME && s->offset < sp.add;
		if (dead)
			drop_slot(st, i);
		else
			i++;
	}
}

static struct value moved(struct value v, int64_t by)
{
	if (v.id == VALUE_NONE || (v.ext != EXT_NONE && by))
		return none();
	v.add = (int64_t)((uint64_t)v.add + (uint64_t)by);
	return v;
}

/* ---- what an instruction does ---- */

static struct value mem_addr(const struct flow_state *st, const struct insn *insn)
{
	if (insn->base == INSN_NO_REG)
		return (struct value){ VALUE_CONST, EXT_NONE, insn->disp };
	return moved(st->regs[insn->base], insn->disp);
}

/* A register gets a value. A stack address outside of the two registers for it is given away. */
static void set_reg(struct flow *flow, struct flow_state *st, uint32_t node, unsigned reg,
		    struct value v)
{
	if (v.id == VALUE_NONE) {
		define(st, node, reg);
		return;
	}
	if (reg == X86_SP) {
		set_sp(st, v);
		return;
	}
	if (is_stack(v) && !(reg == X86_BP && same(v, st->regs[X86_SP])))
		escape_at(flow, v);
	st->regs[reg] = v;
}

static void load(struct flow *flow, struct flow_state *st, uint32_t i, const struct insn *insn)
{
	struct value at = mem_addr(st, insn);
	struct flow_slot *slot;

	if (insn->indexed)
		at = none();
	if (is_stack(at) && (slot = find_slot(st, at))) {
		set_reg(flow, st, i, insn->dst, extend(slot->value, insn->ext));
		return;
	}
	flow->nodes.data[i].load_base = insn->ext == EXT_NONE ? at : none();
	define(st, i, insn->dst);
	/* From now on both are the same. */
	if (is_stack(at) && insn->ext == EXT_NONE && !is_stack(st->regs[insn->dst]))
		put_slot(flow, st, at, st->regs[insn->dst]);
}

static void push(struct flow *flow, struct flow_state *st, struct value v)
{
	set_sp(st, moved(st->regs[X86_SP], -8));
	if (is_stack(st->regs[X86_SP]))
		put_slot(flow, st, st->regs[X86_SP], v);
}

static void pop(struct flow *flow, struct flow_state *st, uint32_t i, unsigned reg)
{
	struct value sp = st->regs[X86_SP], v = none();
	struct flow_slot *slot = is_stack(sp) ? find_slot(st, sp) : NULL;

	if (slot)
		v = slot->value;
	set_sp(st, moved(sp, 8));
	if (reg != INSN_NO_REG)
		set_reg(flow, st, i, reg, v);
}

static void call(struct flow *flow, struct flow_state *st, uint32_t i, const struct insn *insn)
{
	const struct flow_source *src = flow->source;
	struct value sp = st->regs[X86_SP];

	uint16_t clobbers = CALL_CLOBBERS;

	if (insn->target)
		clobbers = src->clobbers(src->ctx, insn->target, CALL_CLOBBERS);
	if (is_stack(sp))
		overwrite(st, moved(sp, -8), 8);
	define_all(st, i, clobbers);
}

static void other(struct flow *flow, struct flow_state *st, uint32_t i, const struct insn *insn)
{
	unsigned writes = insn->writes;

	if (insn->strange)
		writes |= CALL_CLOBBERS;
	if (insn->uses_sp || writes & 1u << X86_SP) {
		escape_at(flow, (struct value){ VALUE_FRAME, EXT_NONE, -MAX_LEN });
		escape_at(flow, (struct value){ VALUE_ALIGNED, EXT_NONE, -MAX_LEN });
	}
	if (writes & 1u << X86_SP)
		set_sp(st, none());
	define_all(st, i, writes);
}

static void touch_memory(struct flow *flow, struct flow_state *st, const struct insn *insn)
{
	struct value at;

	if (!insn->has_mem || insn->segment || insn->base == INSN_NO_REG)
		return;
	at = mem_addr(st, insn);
	if (!is_stack(at))
		return;
	if (insn->indexed)
		escape_at(flow, at);
	else if (insn->op == INSN_OTHER && insn->size > 8)
		escape_at(flow, at);
	if (insn->writes_mem)
		overwrite(st, at, IQ_MAX(insn->size, 8));
}

static void apply(struct flow *flow, struct flow_state *st, uint32_t i)
{
	const struct insn *insn = &flow->nodes.data[i].insn;
	struct value v;

	touch_memory(flow, st, insn);
	switch (insn->op) {
	case INSN_NONE:
		break;
	case INSN_MOVE:
		set_reg(flow, st, i, insn->dst, extend(st->regs[insn->src], insn->ext));
		break;
	case INSN_CONST:
		set_reg(flow, st, i, insn->dst, (struct value){ VALUE_CONST, EXT_NONE, insn->imm });
		break;
	case INSN_LEA:
		set_reg(flow, st, i, insn->dst, extend(mem_addr(st, insn), insn->ext));
		break;
	case INSN_LOAD:
		load(flow, st, i, insn);
		break;
	case INSN_STORE:
	case INSN_STORE_CONST:
		v = insn->op == INSN_STORE ? st->regs[insn->src]
					   : (struct value){ VALUE_CONST, EXT_NONE, insn->imm };
		if (insn->op == INSN_STORE && is_stack(v))
			escape_at(flow, v);
		if (insn->size == 8 && !insn->indexed && is_stack(mem_addr(st, insn)))
			put_slot(flow, st, mem_addr(st, insn), v);
		break;
	case INSN_ADD:
		set_reg(flow, st, i, insn->dst,
			extend(moved(st->regs[insn->dst], insn->imm), insn->ext));
		break;
	case INSN_ALIGN:
		/* Twice would be two things of one name. */
		v = st->regs[X86_SP];
		set_sp(st, v.id == VALUE_FRAME ? named(VALUE_ALIGNED) : none());
		break;
	case INSN_PUSH:
		push(flow, st, st->regs[insn->src]);
		break;
	case INSN_PUSH_OTHER:
		push(flow, st, none());
		break;
	case INSN_POP:
		pop(flow, st, i, insn->dst);
		break;
	case INSN_POP_OTHER:
		pop(flow, st, i, INSN_NO_REG);
		break;
	case INSN_LEAVE:
		set_sp(st, st->regs[X86_BP]);
		pop(flow, st, i, X86_BP);
		break;
	case INSN_CURRENT:
		set_reg(flow, st, i, insn->dst, named(VALUE_CURRENT));
		break;
	case INSN_CALL:
		call(flow, st, i, insn);
		break;
	default:
		other(flow, st, i, insn);
		break;
	}
}

/* ---- where ways meet ---- */

static uint32_t meeting_id(uint32_t block, unsigned place)
{
	return FIRST_MEETING + block * MEETINGS + place;
}

static unsigned place_of_slot(const struct flow_slot *slot)
{
	return 16 + (unsigned)(-slot->offset / 8) + (slot->aligned ? MAX_DEPTH / 8 + 1 : 0);
}

/* What `value` becomes where a way brings `other`. */
static void meet(struct value *value, const struct value *other_value, uint32_t block,
		 unsigned place)
{
	uint32_t first = meeting_id(block, 0), id = meeting_id(block, place);

	if (value->id == id && !value->ext && !value->add)
		return;
	/* Names that were given here the last time round are old. */
	if ((value->id >= first && value->id < first + MEETINGS) || value->id == VALUE_NONE ||
	    (other_value && !same(*value, *other_value)))
		*value = named(id);
}

static const struct flow_slot *slot_like(const struct flow_state *st, const struct flow_slot *slot)
{
	for (unsigned i = 0; i < st->num_slots; i++)
		if (st->slots[i].offset == slot->offset && st->slots[i].aligned == slot->aligned)
			return &st->slots[i];
	return NULL;
}

static void meet_state(struct flow_state *in, const struct flow_state *from, uint32_t block)
{
	for (unsigned r = 0; r < 16; r++)
		if (r != X86_SP || !is_stack(in->regs[r]) ||
		    (from && !same(in->regs[r], from->regs[r])))
			meet(&in->regs[r], from ? &from->regs[r] : NULL, block, r);
	for (unsigned i = 0; i < in->num_slots;) {
		struct flow_slot *slot = &in->slots[i];
		const struct flow_slot *other_slot = from ? slot_like(from, slot) : NULL;

		if (from && !other_slot) {
			drop_slot(in, i);
			continue;
		}
		meet(&slot->value, other_slot ? &other_slot->value : NULL, block,
		     place_of_slot(slot));
		i++;
	}
}

static bool same_state(const struct flow_state *a, const struct flow_state *b)
{
	for (unsigned r = 0; r < 16; r++)
		if (!same(a->regs[r], b->regs[r]))
			return false;
	if (a->num_slots != b->num_slots)
		return false;
	for (unsigned i = 0; i < a->num_slots; i++) {
		const struct flow_slot *other_slot = slot_like(b, &a->slots[i]);

		if (!other_slot || !same(a->slots[i].value, other_slot->value))
			return false;
	}
	return true;
}

/*
 * What holds at the start of a block, out of what all ways bring. Where they once differed they
 * are taken to differ for good, so that this comes to an end.
 */
static bool enter_block(struct flow *flow, uint32_t index, const struct flow_state *entry)
{
	struct block *b = &flow->blocks.data[index];
	struct flow_state in;
	bool any = false;

	if (!index) {
		in = *entry;
		any = true;
	}
	for (int32_t e = b->last_edge; e >= 0; e = flow->edges.data[e].before) {
		if (!flow->edges.data[e].reached)
			continue;
		if (!any)
			in = flow->edges.data[e].state;
		else
			meet_state(&in, &flow->edges.data[e].state, index);
		any = true;
	}
	if (!any)
		return false;
	meet_state(&in, NULL, index);
	if (b->reached) {
		for (unsigned r = 0; r < 16; r++)
			if (b->in.regs[r].id == meeting_id(index, r))
				in.regs[r] = b->in.regs[r];
		for (unsigned i = 0; i < in.num_slots; i++) {
			const struct flow_slot *old = slot_like(&b->in, &in.slots[i]);

			if (old && old->value.id == meeting_id(index, place_of_slot(old)))
				in.slots[i].value = old->value;
		}
		if (same_state(&in, &b->in))
			return false;
	}
	b->reached = true;
	b->in = in;
	return true;
}

static void go(struct flow *flow, int32_t edge, const struct flow_state *st)
{
	struct edge *e;
	struct block *b;

	if (edge < 0)
		return;
	e = &flow->edges.data[edge];
	b = &flow->blocks.data[e->to];
	if (e->reached && same_state(&e->state, st))
		return;
	e->reached = true;
	e->state = *st;
	if (!b->queued) {
		b->queued = true;
		iq_vec_push(&flow->queue, e->to);
	}
}

/* Does it jump to what was loaded out of a table? */
static bool jumps_by_table(const struct flow *flow, const struct insn *insn,
			   const struct flow_state *st)
{
	const struct node *n;
	struct value v;

	if (!same(st->regs[X86_SP], named(VALUE_FRAME)))
		return true; /* out of the middle of a frame nobody goes for good */
	if (insn->src == INSN_NO_REG)
		return false;
	v = st->regs[insn->src];
	if (v.id < VALUE_DEFINED || v.id >= FIRST_MEETING)
		return v.id >= FIRST_MEETING;
	n = &flow->nodes.data[(v.id - VALUE_DEFINED) / 16];
	return n->insn.op != INSN_LOAD || n->insn.indexed;
}

/* Run the instructions of a block up to `stop` (an index of a node; -1: to its end). */
static bool run_block(struct flow *flow, const struct block *b, int32_t stop, struct flow_state *st)
{
	uint32_t i = b->first;

	*st = b->in;
	for (;;) {
		const struct node *n = &flow->nodes.data[i];

		if ((int32_t)i == stop)
			return true;
		if (n->edges[WAY_FIXUP] >= 0 && stop < 0) {
			struct flow_state faulted = *st;

			define_all(&faulted, i, CALL_CLOBBERS | n->fixup_writes);
			go(flow, n->edges[WAY_FIXUP], &faulted);
		}
		if (n->insn.flow == FLOW_JMP_INDIRECT && jumps_by_table(flow, &n->insn, st))
			flow->bad = true;
		apply(flow, st, i);
		if (stop < 0)
			go(flow, n->edges[WAY_JUMP], st);
		if (n->next < 0)
			return false;
		if (flow->nodes.data[n->next].block >= 0) {
			if (stop < 0)
				go(flow, n->edges[WAY_NEXT], st);
			return false;
		}
		i = (uint32_t)n->next;
	}
}

static uint32_t take_first(struct flow *flow)
{
	size_t best = 0;
	uint32_t block;

	for (size_t i = 1; i < flow->queue.num; i++)
		if (flow->blocks.data[flow->queue.data[i]].order <
		    flow->blocks.data[flow->queue.data[best]].order)
			best = i;
	block = flow->queue.data[best];
	flow->queue.data[best] = flow->queue.data[--flow->queue.num];
	flow->blocks.data[block].queued = false;
	return block;
}

static void run(struct flow *flow)
{
	struct flow_state entry = { 0 }, st;
	size_t left = (flow->blocks.num + 1) * MAX_ROUNDS;

	for (unsigned r = 0; r < 16; r++)
		entry.regs[r] = named(r == X86_SP ? VALUE_FRAME : VALUE_ENTRY + r);
	iq_vec_foreach(&flow->blocks, b)
		b->reached = b->queued = false;
	iq_vec_foreach(&flow->edges, e)
		e->reached = false;
	flow->queue.num = 0;
	iq_vec_push(&flow->queue, 0);
	flow->blocks.data[0].queued = true;
	while (flow->queue.num && !flow->bad && !flow->lowered) {
		uint32_t block = take_first(flow);

		if (!left--)
			flow->bad = true;
		else if (enter_block(flow, block, &entry))
			run_block(flow, &flow->blocks.data[block], -1, &st);
	}
}

bool flow_run(struct flow *flow, const struct flow_source *source, iq_vaddr start, uint64_t len)
{
	forget(flow);
	flow->source = source;
	flow->bad = !flow->decoder;
	flow->escape[0] = flow->escape[1] = NO_ESCAPE;
	if (flow->bad || !add_part(flow, start, len))
		return false;
	node_at(flow, start, false);
	while (flow->queue.num && !flow->bad)
		decode(flow, flow->queue.data[--flow->queue.num]);
	if (flow->bad)
		return false;
	find_blocks(flow);
	order_blocks(flow);
	for (int i = 0; i < MAX_RUNS; i++) {
		flow->lowered = false;
		run(flow);
		if (flow->bad || !flow->lowered)
			return !flow->bad;
	}
	return false;
}

static int32_t find_node(struct flow *flow, iq_vaddr pc)
{
	struct part *part = part_of(flow, pc);

	return part ? (int32_t)part->at[pc - part->start] - 1 : -1;
}

/* The loads that led to a value, the last first. */
static void trace_loads(const struct flow *flow, struct value v, struct flow_call *call_ret)
{
	int64_t offsets[FLOW_MAX_LOADS];
	unsigned num = call_ret->num_loads;

	memcpy(offsets, call_ret->loads, sizeof(offsets));
	while (num < FLOW_MAX_LOADS && v.id >= VALUE_DEFINED && v.id < FIRST_MEETING && !v.ext) {
		const struct node *n = &flow->nodes.data[(v.id - VALUE_DEFINED) / 16];

		if (n->insn.op != INSN_LOAD || (v.id - VALUE_DEFINED) % 16 != n->insn.dst ||
		    n->load_base.id == VALUE_NONE || v.add)
			break;
		offsets[num++] = n->load_base.add;
		v = n->load_base;
		v.add = 0;
	}
	call_ret->base = v;
	call_ret->num_loads = num;
	for (unsigned i = 0; i < num; i++)
		call_ret->loads[i] = offsets[num - 1 - i];
}

static void describe_call(const struct flow *flow, const struct insn *insn,
			  const struct flow_state *st, struct flow_call *call_ret)
{
	uint8_t reg = insn->src;

	*call_ret = (struct flow_call){ .target = insn->target };
	if (insn->target)
		reg = flow->source->thunk(flow->source->ctx, insn->target);
	if (insn->target && reg == INSN_NO_REG)
		return;
	call_ret->indirect = true;
	if (reg != INSN_NO_REG) {
		trace_loads(flow, st->regs[reg], call_ret);
	} else if (insn->has_mem && !insn->indexed && !insn->segment) {
		struct value at = mem_addr(st, insn);

		call_ret->num_loads = 1;
		call_ret->loads[0] = at.add;
		at.add = 0;
		trace_loads(flow, at, call_ret);
	}
}

bool flow_at(struct flow *flow, iq_vaddr pc, bool returned, struct flow_state *state_ret,
	     struct flow_call *call_ret)
{
	/* A call has 2 to 8 bytes; one of 5 is the most likely. */
	static const uint8_t lens[] = { 5, 2, 3, 6, 7, 4, 8 };
	int32_t node = -1;

	*call_ret = (struct flow_call){ 0 };
	if (!returned)
		node = find_node(flow, pc);
	for (size_t i = 0; returned && i < IQ_ARRAY_SIZE(lens) && node < 0; i++) {
		node = find_node(flow, pc - lens[i]);
		if (node >= 0 && (flow->nodes.data[node].insn.op != INSN_CALL ||
				  flow->nodes.data[node].insn.len != lens[i]))
			node = -1;
	}
	if (node < 0)
		return false;
	for (size_t b = 0; b < flow->blocks.num; b++) {
		if (!flow->blocks.data[b].reached ||
		    !run_block(flow, &flow->blocks.data[b], node, state_ret))
			continue;
		if (returned)
			describe_call(flow, &flow->nodes.data[node].insn, state_ret, call_ret);
		return true;
	}
	return false;
}
