/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Xarrays and maple trees
 *
 * Both keep pointers by index in trees whose nodes are told from entries by the two low bits: 10 is
 * something internal, and where it is larger than 4096 the address of a node
 * (include/linux/xarray.h).
 *
 * An xarray's node has slots for equal parts of its range, by a shift. A maple tree's (since v6.1)
 * has pivots: slot i holds what is above pivot i - 1 and not above pivot i; a pivot of 0 that is
 * not the first stands for the node's own end, and the one that is that end is the last
 * (lib/maple_tree.c, include/linux/maple_tree.h). The address of a node has its kind in the low
 * byte; the mark of an internal entry has the root's alone: inner nodes' slots hold nothing but
 * nodes.
 */
#include "kernel/session.h"

enum { MAX_DEPTH = 24, MAX_SLOTS = 64, MAX_NODE = 1024, MAPLE_TYPE_SHIFT = 3 };

enum maple_type { MAPLE_DENSE, MAPLE_LEAF_64, MAPLE_RANGE_64, MAPLE_ARANGE_64 };

struct walk {
	struct iq_session *s;
	iq_vaddr tree;
	size_t max, num; /* entries given and nodes seen */
	iq_index_fn fn;
	void *ctx;
	bool stop;
	/* of xarrays */
	int64_t shift, slots;
	uint64_t num_slots;
	/* of maple trees, by type: where pivots and slots begin, and how many there are */
	struct maple_layout {
		int64_t pivot, slot;
		uint64_t num_pivots, num_slots;
	} layout[4];
};

static bool is_node(uint64_t entry)
{
	return (entry & 3) == 2 && entry > 4096;
}

/* Marks of the tree's own, which stand for no entry. */
static bool is_internal(uint64_t entry)
{
	return (entry & 3) == 2;
}

static struct iq_error *too_large(struct walk *w)
{
	return iq_error_new(IQ_ERR_CORRUPT,
			    "the tree at %#" PRIx64 " is larger than %zu or deeper "
			    "than %d",
			    w->tree, w->max, MAX_DEPTH);
}

static void give(struct walk *w, uint64_t first, uint64_t last, uint64_t entry)
{
	if (entry && !is_internal(entry)) {
		w->num++;
		w->stop = w->fn(w->ctx, first, last, entry);
	}
}

static struct iq_error *walk_xa_node(struct walk *w, uint64_t entry, uint64_t first, unsigned depth,
				     unsigned above)
{
	uint64_t node = entry - 2, slots[MAX_SLOTS];
	struct iq_error *err;
	uint8_t shift;

	if (++w->num > w->max || depth > MAX_DEPTH)
		return too_large(w);
	err = iq_read(w->s, node + (uint64_t)w->shift, &shift, 1);
	if (!err && (shift > 60 || shift >= above))
		err = iq_error_new(IQ_ERR_CORRUPT, "node %#" PRIx64 " has a shift of %u", node,
				   shift);
	if (!err)
		err = iq_read(w->s, node + (uint64_t)w->slots, slots, w->num_slots * 8);
	for (uint64_t i = 0; !err && !w->stop && i < w->num_slots; i++) {
		uint64_t at = first + (i << shift);

		if (shift && is_node(slots[i]))
			err = walk_xa_node(w, slots[i], at, depth + 1, shift);
		else
			give(w, at, at + (UINT64_C(1) << shift) - 1, slots[i]);
	}
	return err;
}

struct iq_error *iq_xarray_walk(struct iq_session *s, iq_vaddr xa, size_t max, iq_index_fn fn,
				void *ctx)
{
	struct walk w = { .s = s, .tree = xa, .max = max, .fn = fn, .ctx = ctx };
	int64_t head = iq_offsetof(s, "struct xarray", "xa_head");
	int64_t one = iq_offsetof(s, "struct xa_node", "slots[1]");
	int64_t size = iq_sizeof(s, "struct xa_node");
	struct iq_error *err;
	struct iq_type node;
	struct iq_member m;
	uint64_t entry;

	w.shift = iq_offsetof(s, "struct xa_node", "shift");
	w.slots = iq_offsetof(s, "struct xa_node", "slots");
	if (head < 0 || w.shift < 0 || w.slots < 0 || one != w.slots + 8 || size < 0)
		return iq_error_new(IQ_ERR_NOTFOUND, "struct xarray is not known");
	err = iq_type_by_name(s, "struct xa_node", &node);
	if (!err)
		err = iq_type_member(node, "slots", &m);
	if (err)
		return err;
	w.num_slots = IQ_MIN(iq_type_num_elems(m.type), (uint64_t)MAX_SLOTS);
	err = iq_read_u64(s, xa + (uint64_t)head, &entry);
	if (!err && is_node(entry))
		err = walk_xa_node(&w, entry, 0, 0, 64);
	else if (!err)
		give(&w, 0, 0, entry);
	return iq_error_prefix(err, "xarray at %#" PRIx64, xa);
}

/* ---- maple trees ---- */

static struct iq_error *walk_maple_node(struct walk *w, uint64_t entry, uint64_t min, uint64_t end,
					unsigned depth)
{
	uint64_t node = entry & ~UINT64_C(0xff), first = min, last;
	unsigned type = entry >> MAPLE_TYPE_SHIFT & 0xf;
	uint8_t bytes[MAX_NODE];
	const struct maple_layout *l;
	struct iq_error *err;
	uint64_t slot, len;

	if (++w->num > w->max || depth > MAX_DEPTH)
		return too_large(w);
	if (type > MAPLE_ARANGE_64 || !w->layout[type].num_slots)
		return iq_error_new(IQ_ERR_CORRUPT, "node %#" PRIx64 " is of a kind %u", node,
				    type);
	l = &w->layout[type];
	len = (uint64_t)l->slot + l->num_slots * 8;
	len = IQ_MAX(len, (uint64_t)l->pivot + l->num_pivots * 8);
	err = iq_read(w->s, node, bytes, len);
	for (uint64_t i = 0; !err && !w->stop && i < l->num_slots; i++) {
		memcpy(&slot, bytes + l->slot + i * 8, 8);
		last = end;
		if (type == MAPLE_DENSE)
			last = min + i;
		else if (i < l->num_pivots)
			memcpy(&last, bytes + l->pivot + i * 8, 8);
		if (!last && i)
			last = end;
		if (last > end || last < first)
			return iq_error_new(IQ_ERR_CORRUPT,
					    "node %#" PRIx64 " has a pivot of %#" PRIx64, node,
					    last);
		if (type >= MAPLE_RANGE_64 && slot > 4096)
			err = walk_maple_node(w, slot, first, last, depth + 1);
		else
			give(w, first, last, slot);
		if (last == end)
			break;
		first = last + 1;
	}
	return err;
}

static void maple_layout(struct iq_session *s, const char *type, struct maple_layout *l)
{
	struct iq_member pivot, slot;
	struct iq_type t;
	struct iq_error *err;

	err = iq_type_by_name(s, type, &t);
	if (!err)
		err = iq_type_member(t, "slot", &slot);
	if (!err)
		err = iq_type_member(t, "pivot", &pivot);
	if (err) {
		iq_error_free(err);
		return;
	}
	l->slot = (int64_t)(slot.bit_offset / 8);
	l->pivot = (int64_t)(pivot.bit_offset / 8);
	l->num_slots = iq_type_num_elems(slot.type);
	l->num_pivots = iq_type_num_elems(pivot.type);
	if (l->num_slots > MAX_SLOTS || l->num_pivots > MAX_SLOTS ||
	    (uint64_t)l->slot + l->num_slots * 8 > MAX_NODE ||
	    (uint64_t)l->pivot + l->num_pivots * 8 > MAX_NODE)
		*l = (struct maple_layout){ 0 };
}

struct iq_error *iq_maple_walk(struct iq_session *s, iq_vaddr tree, size_t max, iq_index_fn fn,
			       void *ctx)
{
	struct walk w = { .s = s, .tree = tree, .max = max, .fn = fn, .ctx = ctx };
	int64_t root = iq_offsetof(s, "struct maple_tree", "ma_root");
	struct iq_error *err;
	uint64_t entry;

	if (root < 0)
		return iq_error_new(IQ_ERR_NOTFOUND, "this kernel has no struct maple_tree");
	maple_layout(s, "struct maple_range_64", &w.layout[MAPLE_RANGE_64]);
	w.layout[MAPLE_LEAF_64] = w.layout[MAPLE_RANGE_64];
	maple_layout(s, "struct maple_arange_64", &w.layout[MAPLE_ARANGE_64]);
	/* A dense node has a parent and then slots. */
	w.layout[MAPLE_DENSE] = (struct maple_layout){ 8, 8, 0, 31 };
	err = iq_read_u64(s, tree + (uint64_t)root, &entry);
	if (!err && is_node(entry))
		err = walk_maple_node(&w, entry, 0, UINT64_MAX, 0);
	else if (!err)
		give(&w, 0, 0, entry);
	return iq_error_prefix(err, "maple tree at %#" PRIx64, tree);
}

/* ---- the simplest ones ---- */

struct iq_error *iq_llist_walk(struct iq_session *s, iq_vaddr head, size_t max, iq_list_fn fn,
			       void *ctx)
{
	struct iq_error *err;
	iq_vaddr node;

	err = iq_read_u64(s, head, &node);
	for (size_t i = 0; !err && node; i++) {
		if (i >= max)
			err = iq_error_new(IQ_ERR_CORRUPT, "longer than %zu", max);
		else if (!iq_is_kernel_ptr(s, node))
			err = iq_error_new(IQ_ERR_CORRUPT, "leads to %#" PRIx64, node);
		else if (fn(ctx, node))
			return NULL;
		else
			err = iq_read_u64(s, node, &node);
	}
	return iq_error_prefix(err, "llist at %#" PRIx64, head);
}
