/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Walkers along the kernel's containers, from the address of their head
 *
 * What they give are the nodes: the structures that these are in says ::list, or the walker of a
 * room.
 */
#include "shell/memory/commands.h"

enum { MAX_NODES = 16 << 20 };

static bool emit(void *ctx, iq_vaddr node)
{
	return iq_walk_emit(ctx, node);
}

static struct iq_error *walk_list(struct iq_walk *w)
{
	return iq_list_walk(w->s, w->addr, MAX_NODES, emit, w);
}

static struct iq_error *walk_hlist(struct iq_walk *w)
{
	return iq_hlist_walk(w->s, w->addr, MAX_NODES, emit, w);
}

static struct iq_error *walk_llist(struct iq_walk *w)
{
	return iq_llist_walk(w->s, w->addr, MAX_NODES, emit, w);
}

static struct iq_error *walk_rbtree(struct iq_walk *w)
{
	return iq_rbtree_walk(w->s, w->addr, MAX_NODES, emit, w);
}

static bool emit_entry(void *ctx, uint64_t first, uint64_t last, iq_vaddr entry)
{
	(void)first;
	(void)last;
	/* Numbers, and what the owner marks by the low bits, are given as they are. */
	return iq_walk_emit(ctx, entry);
}

static struct iq_error *walk_xarray(struct iq_walk *w)
{
	return iq_xarray_walk(w->s, w->addr, MAX_NODES, emit_entry, w);
}

static struct iq_error *walk_maple(struct iq_walk *w)
{
	return iq_maple_walk(w->s, w->addr, MAX_NODES, emit_entry, w);
}

static bool emit_plist(void *ctx, iq_vaddr node)
{
	struct iq_walk *w = ctx;
	int64_t off = iq_offsetof(w->s, "struct plist_node", "node_list");

	return iq_walk_emit(w, node - (uint64_t)off);
}

static struct iq_error *walk_plist(struct iq_walk *w)
{
	int64_t head = iq_offsetof(w->s, "struct plist_head", "node_list");

	if (head < 0 || iq_offsetof(w->s, "struct plist_node", "node_list") < 0)
		return iq_error_new(IQ_ERR_NOTFOUND, "this kernel has no struct plist_head");
	return iq_list_walk(w->s, w->addr + (uint64_t)head, MAX_NODES, emit_plist, w);
}

static struct iq_error *walk_percpu(struct iq_walk *w)
{
	for (unsigned cpu = 0; cpu < iq_num_cpus(w->s); cpu++)
		if (iq_cpu_online(w->s, cpu) && iq_walk_emit(w, iq_per_cpu(w->s, w->addr, cpu)))
			break;
	return NULL;
}

const struct iq_walker iq_container_walkers[] = {
	{ "list", "the nodes of a list_head, without the head", IQ_WALK_LOCAL, "struct list_head",
	  walk_list },
	{ "hlist", "the nodes of a hlist_head", IQ_WALK_LOCAL, "struct hlist_node", walk_hlist },
	{ "llist", "the nodes of a llist_head", IQ_WALK_LOCAL, "struct llist_node", walk_llist },
	{ "plist", "the nodes of a plist_head", IQ_WALK_LOCAL, "struct plist_node", walk_plist },
	{ "rbtree", "the nodes below a rb_root, in order", IQ_WALK_LOCAL, "struct rb_node",
	  walk_rbtree },
	{ "xarray", "the entries of an xarray", IQ_WALK_LOCAL, NULL, walk_xarray },
	{ "radix", "the entries of a radix_tree_root", IQ_WALK_LOCAL, NULL, walk_xarray },
	{ "maple", "the entries of a maple_tree", IQ_WALK_LOCAL, NULL, walk_maple },
	{ "percpu", "each CPU's copy of a per-CPU variable", IQ_WALK_LOCAL, NULL, walk_percpu },
	{ 0 },
};
