/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Slab caches (SLUB)
 *
 * A cache has a kmem_cache_node a NUMA node, which counts its slabs and the objects that fit in
 * them. Free objects are known of the slabs on the nodes' partial lists; those that a CPU keeps for
 * itself count as used here.
 *
 * Kernel: mm/slab.h, mm/slub.c. The nodes' pointers are in kmem_cache.per_node[].node, in older
 * kernels in kmem_cache.node[].
 */
#include <stdio.h>

#include "inquest/module.h"

enum { MAX_CACHES = 100000, MAX_NODES = 64, MAX_PARTIAL = 1 << 20 };

static const char type[] = "struct kmem_cache";
static const char node_type[] = "struct kmem_cache_node";

static bool emit_cache(void *ctx, iq_vaddr node)
{
	struct iq_walk *walk = ctx;

	return iq_walk_emit(walk, node - (uint64_t)iq_offsetof(walk->s, type, "list"));
}

static struct iq_error *walk_caches(struct iq_walk *walk)
{
	iq_vaddr head = iq_sym_addr(walk->s, "slab_caches");

	if (!head || iq_offsetof(walk->s, type, "list") < 0)
		return iq_error_new(IQ_ERR_NOTFOUND, "this kernel's slab caches are not known");
	return iq_list_walk(walk->s, head, MAX_CACHES, emit_cache, walk);
}

struct partial {
	struct iq_session *s;
	const char *slab_type, *link;
	uint64_t free;
};

/* struct slab since v5.17, before it a union in struct page. */
static bool count_free(void *ctx, iq_vaddr link)
{
	struct partial *p = ctx;
	iq_vaddr slab = link - (uint64_t)iq_offsetof(p->s, p->slab_type, p->link);
	uint64_t inuse, objects;

	if (iq_peek_member(p->s, p->slab_type, "inuse", slab, &inuse) &&
	    iq_peek_member(p->s, p->slab_type, "objects", slab, &objects) && inuse <= objects)
		p->free += objects - inuse;
	return false;
}

struct usage {
	uint64_t slabs, objects, free;
};

static bool add_node(struct iq_session *s, iq_vaddr cache, unsigned n, struct usage *u)
{
	struct partial p = { s, "struct slab", "slab_list", 0 };
	int64_t list = iq_offsetof(s, node_type, "partial");
	uint64_t node, slabs, objects;
	char path[40];

	snprintf(path, sizeof(path), "per_node[%u].node", n);
	if (!iq_peek_member(s, type, path, cache, &node)) {
		snprintf(path, sizeof(path), "node[%u]", n);
		if (!iq_peek_member(s, type, path, cache, &node))
			return false;
	}
	if (!node)
		return true;
	if (!iq_is_kernel_ptr(s, node) ||
	    !iq_peek_member(s, node_type, "nr_slabs.counter", node, &slabs) ||
	    !iq_peek_member(s, node_type, "total_objects.counter", node, &objects))
		return false;
	u->slabs += slabs;
	u->objects += objects;
	if (!iq_has_type(s, p.slab_type))
		p.slab_type = "struct page";
	if (list >= 0 && iq_offsetof(s, p.slab_type, p.link) >= 0)
		iq_error_free(iq_list_walk(s, node + (uint64_t)list, MAX_PARTIAL, count_free, &p));
	u->free += p.free;
	return true;
}

static struct iq_error *print_cache(struct iq_cmd *cmd, iq_vaddr cache)
{
	const char *header = iq_cmd_has(cmd, 'g')   ? "MEMORY GB"
			     : iq_cmd_has(cmd, 'm') ? "MEMORY MB"
						    : "MEMORY KB";
	unsigned shift = iq_cmd_has(cmd, 'g') ? 20 : iq_cmd_has(cmd, 'm') ? 10 : 0;
	const struct iq_column columns[] = {
		{ "addr", "ADDR", .min = 16 },
		{ "name", "NAME", .min = 24 },
		{ "size", "BUF SIZE", .right = true, .min = 8 },
		{ "in_use", "IN USE", .right = true, .min = 9 },
		{ "total", "TOTAL", .right = true, .min = 9 },
		{ "slabs", "SLABS", .right = true, .min = 7 },
		{ "memory", header, .right = true, .min = 10 },
		{ 0 },
	};
	uint64_t name, size, order = 0, used;
	struct usage u = { 0 };
	char text[64] = "";
	bool known = true;
	uint32_t nodes;

	if (!iq_peek_member(cmd->s, type, "name", cache, &name) ||
	    !iq_peek_member(cmd->s, type, "size", cache, &size))
		return iq_error_fault(cache, "struct kmem_cache");
	iq_error_free(iq_read_str(cmd->s, name, text, sizeof(text)));
	/* kmem_cache_order_objects: the order is above the 16 bits of the number of objects. */
	iq_peek_member(cmd->s, type, "oo.x", cache, &order);
	order = IQ_MIN(order >> 16, (uint64_t)20);
	/* There are as many pointers as nodes are possible; beyond them is other memory. */
	if (!iq_peek_u32(cmd->s, iq_sym_addr(cmd->s, "nr_node_ids"), &nodes) || !nodes)
		nodes = 1;
	nodes = IQ_MIN(nodes, (uint32_t)MAX_NODES);
	for (unsigned n = 0; n < nodes && known; n++)
		known = add_node(cmd->s, cache, n, &u);
	used = u.objects >= u.free ? u.objects - u.free : 0;
	iq_out_row(cmd, columns,
		   IQ_CELLS(IQ_ADDR(cache), IQ_STR(text), IQ_U64(size), IQ_KNOWN(known, used),
			    IQ_KNOWN(known, u.objects), IQ_KNOWN(known, u.slabs),
			    IQ_KNOWN(known, (u.slabs << order) * 4 >> shift)));
	return NULL;
}

static bool print_one(struct iq_walk *walk, iq_vaddr cache)
{
	struct iq_cmd *cmd = walk->ctx;

	if (cmd->to_pipe)
		iq_out_value(cmd->out, cache);
	else
		iq_error_free(print_cache(cmd, cache));
	return iq_cmd_stop(cmd);
}

static struct iq_error *cmd_kmastat(struct iq_cmd *cmd)
{
	iq_out_type_named(cmd, type);
	if (cmd->has_addr)
		return print_cache(cmd, cmd->addr);
	return iq_walk_run(cmd->s, "slab_cache", NULL, print_one, cmd);
}

static const struct iq_opt kmastat_opts[] = {
	{ 'k', NULL, "memory in KB, as it is without an option" },
	{ 'm', NULL, "in MB" },
	{ 'g', NULL, "in GB" },
	{ 0 },
};

static const struct iq_dcmd dcmds[] = {
	{ "kmastat", "?", "list the slab caches and how full they are",
	  "Objects that a CPU keeps in reserve count as used.", kmastat_opts, cmd_kmastat },
	{ "kmem_cache", "?", "list the slab caches and how full they are", NULL, NULL,
	  cmd_kmastat },
	{ "slabs", "?", "list the slab caches and how full they are", NULL, kmastat_opts,
	  cmd_kmastat },
	{ 0 },
};

static const struct iq_walker walkers[] = {
	{ "slab_cache", "every slab cache", IQ_WALK_GLOBAL, "struct kmem_cache", walk_caches },
	{ "kmem_cache", "every slab cache", IQ_WALK_GLOBAL, "struct kmem_cache", walk_caches },
	{ 0 },
};

static const struct iq_global globals[] = {
	{ "slab_caches", "struct list_head" },
	{ "slab_mutex", "struct mutex" },
	{ 0 },
};

const struct iq_module iq_module_slab = {
	.api = IQ_MODULE_API,
	.name = "slab",
	.summary = "slab caches",
	.dcmds = dcmds,
	.walkers = walkers,
	.globals = globals,
};
