/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's containers, walked with suspicion: every link is checked, every
 * walk is bounded, and a ring whose back links disagree is CORRUPT rather than
 * endless.
 */
#include "inquest/session.h"

enum {
	XA_CHUNK_SHIFT = 6, /* include/linux/xarray.h: XA_CHUNK_SHIFT without CONFIG_BASE_SMALL */
	XA_MAX_LEVELS = 11,
};

struct iq_error *iq_list_walk(struct iq_session *s, iq_vaddr head, size_t max, iq_list_fn fn,
			      void *ctx)
{
	uint64_t links[2], prev = head;
	struct iq_error *err;
	iq_vaddr node;

	err = iq_read(s, head, links, sizeof(links));
	if (err)
		return iq_error_prefix(err, "list at %#" PRIx64, head);
	node = links[0];
	for (size_t i = 0; node != head; i++) {
		if (i >= max)
			return iq_error_new(IQ_ERR_CORRUPT,
					    "list at %#" PRIx64 " is longer than %zu", head, max);
		if (!iq_is_kernel_ptr(s, node))
			return iq_error_new(IQ_ERR_CORRUPT,
					    "list at %#" PRIx64 " leads to %#" PRIx64, head, node);
		err = iq_read(s, node, links, sizeof(links));
		if (err)
			return iq_error_prefix(err, "list at %#" PRIx64, head);
		if (links[1] != prev && !iq_is_live(s))
			return iq_error_new(IQ_ERR_CORRUPT,
					    "list at %#" PRIx64 ": %#" PRIx64
					    " does not point back",
					    head, node);
		if (fn(ctx, node))
			return NULL;
		prev = node;
		node = links[0];
	}
	return NULL;
}

struct iq_error *iq_hlist_walk(struct iq_session *s, iq_vaddr head, size_t max, iq_list_fn fn,
			       void *ctx)
{
	struct iq_error *err;
	iq_vaddr node;

	err = iq_read_u64(s, head, &node);
	if (err)
		return iq_error_prefix(err, "hlist at %#" PRIx64, head);
	/* An odd pointer ends the hash chains of hlist_nulls. */
	for (size_t i = 0; node && !(node & 1); i++) {
		if (i >= max)
			return iq_error_new(IQ_ERR_CORRUPT,
					    "hlist at %#" PRIx64 " is longer than %zu", head, max);
		if (fn(ctx, node))
			return NULL;
		err = iq_read_u64(s, node, &node);
		if (err)
			return iq_error_prefix(err, "hlist at %#" PRIx64, head);
	}
	return NULL;
}

struct iq_error *iq_rbtree_walk(struct iq_session *s, iq_vaddr root, size_t max, iq_list_fn fn,
				void *ctx)
{
	/* struct rb_node { parent_color; right; left }: include/linux/rbtree_types.h */
	int64_t right = iq_offsetof(s, "struct rb_node", "rb_right");
	int64_t left = iq_offsetof(s, "struct rb_node", "rb_left");
	IQ_VEC(iq_vaddr) todo = { 0 };
	struct iq_error *err = NULL;
	uint64_t node, words[3];
	size_t seen = 0;

	if (right < 0 || left < 0 || right > 16 || left > 16)
		return iq_error_new(IQ_ERR_NOTFOUND, "struct rb_node is not known");
	err = iq_read_u64(s, root, &node);
	/* In order: down the left side, then each node and the left side of its right child. */
	while (!err && (node || todo.num)) {
		if (node) {
			if (todo.num > 128 || !iq_is_kernel_ptr(s, node)) {
				err = iq_error_new(IQ_ERR_CORRUPT,
						   "rbtree at %#" PRIx64 " leads to %#" PRIx64,
						   root, node);
				break;
			}
			iq_vec_push(&todo, node);
			err = iq_read_u64(s, node + (uint64_t)left, &node);
			continue;
		}
		node = todo.data[--todo.num];
		if (++seen > max) {
			err = iq_error_new(IQ_ERR_CORRUPT,
					   "rbtree at %#" PRIx64 " is larger than %zu", root, max);
			break;
		}
		if (fn(ctx, node))
			break;
		err = iq_read(s, node, words, sizeof(words));
		if (!err)
			node = words[right / 8];
	}
	iq_vec_free(&todo);
	return iq_error_prefix(err, "rbtree at %#" PRIx64, root);
}

struct iq_error *iq_xarray_load(struct iq_session *s, iq_vaddr xa, uint64_t index,
				iq_vaddr *entry_ret)
{
	int64_t head = iq_offsetof(s, "struct xarray", "xa_head");
	int64_t shift_at = iq_offsetof(s, "struct xa_node", "shift");
	int64_t slots = iq_offsetof(s, "struct xa_node", "slots");
	struct iq_error *err;
	uint64_t entry, node;
	uint8_t shift;

	if (head < 0 || shift_at < 0 || slots < 0)
		return iq_error_new(IQ_ERR_NOTFOUND, "struct xarray is not known");
	*entry_ret = 0;
	err = iq_read_u64(s, xa + (uint64_t)head, &entry);
	/* xa_is_node(): the two low bits are 10, and it is no small internal value. */
	for (int level = 0; !err && (entry & 3) == 2 && entry > 4096; level++) {
		if (level >= XA_MAX_LEVELS)
			return iq_error_new(IQ_ERR_CORRUPT, "xarray at %#" PRIx64 " is too deep",
					    xa);
		node = entry - 2;
		err = iq_read(s, node + (uint64_t)shift_at, &shift, 1);
		if (err)
			break;
		if (shift > 60 || (level == 0 && index >> shift >> XA_CHUNK_SHIFT))
			return NULL; /* beyond what the tree holds */
		err = iq_read_u64(s,
				  node + (uint64_t)slots +
					  8 * (index >> shift & ((1 << XA_CHUNK_SHIFT) - 1)),
				  &entry);
		/* An entry of several indices has a slot for each part of them: all but the first
		 * say which slot that is (xa_mk_sibling()). */
		if (!err && (entry & 3) == 2 && entry >> 2 < (1 << XA_CHUNK_SHIFT) - 1)
			err = iq_read_u64(s, node + (uint64_t)slots + 8 * (entry >> 2), &entry);
		index &= (1ULL << shift) - 1;
		if (!err && (!shift || (entry & 3) != 2)) {
			*entry_ret = entry;
			return NULL;
		}
	}
	if (err)
		return iq_error_prefix(err, "xarray at %#" PRIx64, xa);
	if (!index)
		*entry_ret = entry;
	return NULL;
}
