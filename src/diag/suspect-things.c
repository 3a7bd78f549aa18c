/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What stands at an address
 *
 * A word on a stack may be a pointer to anything. It is a thing of a kind if members of it lead to
 * something that is known and back again: an inode's i_data.host is the inode, and its i_sb is one
 * of the kernel's super_blocks; a queue's disk has that queue. Caches of the slab allocator are
 * merged, so that their names prove nothing.
 *
 * Kernel: include/linux/fs.h, blkdev.h, blk-mq.h, blk_types.h, buffer_head.h, mm_types.h.
 */
#include <stdio.h>

#include "diag/suspect.h"
#include "inquest/storage.h"

enum { MAX_SBS = 65536, MAX_VECS = 256, MAX_BUFFER = 65536, MAX_MEMBERS = 512, MAX_DEPTH = 2 };

static const char inode_type[] = "struct inode", page_type[] = "struct page",
		  bio_type[] = "struct bio", bh_type[] = "struct buffer_head",
		  queue_type[] = "struct request_queue";

static uint64_t member(struct suspects *x, const char *type, const char *path, iq_vaddr addr)
{
	uint64_t value;

	return iq_peek_member(x->e->d.s, type, path, addr, &value) ? value : 0;
}

/* ---- filesystems ---- */

struct sb_walk {
	struct suspects *x;
	uint64_t list;
};

static bool add_sb(void *ctx, iq_vaddr node)
{
	struct sb_walk *w = ctx;

	iq_map_set(&w->x->sbs, node - w->list, 1);
	return false;
}

static bool is_sb(struct suspects *x, iq_vaddr addr)
{
	struct iq_session *s = x->e->d.s;
	int64_t list = iq_offsetof(s, "struct super_block", "s_list");
	iq_vaddr head = iq_sym_addr(s, "super_blocks");

	if (!x->have_sbs) {
		struct sb_walk w = { x, (uint64_t)list };

		x->have_sbs = true;
		if (list >= 0 && head)
			iq_error_free(iq_list_walk(s, head, MAX_SBS, add_sb, &w));
	}
	return addr && iq_map_get(&x->sbs, addr);
}

static bool is_inode(struct suspects *x, iq_vaddr addr)
{
	return is_sb(x, member(x, inode_type, "i_sb", addr)) &&
	       member(x, inode_type, "i_data.host", addr) == addr;
}

static bool is_dentry(struct suspects *x, iq_vaddr addr)
{
	static const char type[] = "struct dentry";
	iq_vaddr sb = member(x, type, "d_sb", addr), parent = member(x, type, "d_parent", addr),
		 inode;

	if (!is_sb(x, sb) || member(x, type, "d_sb", parent) != sb)
		return false;
	inode = member(x, type, "d_inode", addr);
	return !inode || is_inode(x, inode);
}

static bool is_file(struct suspects *x, iq_vaddr addr)
{
	iq_vaddr inode = member(x, "struct file", "f_inode", addr);

	return inode && is_inode(x, inode) &&
	       member(x, "struct file", "f_mapping", addr) ==
		       member(x, inode_type, "i_mapping", inode);
}

static iq_vaddr host_of_page(struct suspects *x, iq_vaddr page)
{
	iq_vaddr mapping = member(x, page_type, "mapping", page), host;

	if (!mapping || mapping & 7)
		return 0;
	host = member(x, "struct address_space", "host", mapping);
	return host && is_inode(x, host) && member(x, inode_type, "i_mapping", host) == mapping
		       ? host
		       : 0;
}

/* ---- block devices ---- */

static iq_vaddr disk_of_queue(struct suspects *x, iq_vaddr queue)
{
	iq_vaddr disk = member(x, queue_type, "disk", queue);
	char name[33];

	return disk && iq_disk_name(x->e->d.s, disk, name) &&
			       member(x, "struct gendisk", "queue", disk) == queue
		       ? disk
		       : 0;
}

/* Its disk, if it is one. */
static iq_vaddr disk_of_bdev(struct suspects *x, iq_vaddr bdev)
{
	iq_vaddr disk = bdev ? iq_disk_of_bdev(x->e->d.s, bdev) : 0;

	if (disk && iq_has_member(x->e->d.s, "struct block_device", "bd_queue") &&
	    member(x, "struct block_device", "bd_queue", bdev) !=
		    member(x, "struct gendisk", "queue", disk))
		return 0;
	return disk;
}

static iq_vaddr disk_of_bio(struct suspects *x, iq_vaddr bio)
{
	struct iq_session *s = x->e->d.s;
	uint64_t max = member(x, bio_type, "bi_max_vecs", bio);
	iq_vaddr disk;
	char name[33];

	if (max > MAX_VECS || !member(x, bio_type, "bi_end_io", bio))
		return 0;
	/* A partition's block device since v5.12; before, the disk. */
	if (iq_has_member(s, bio_type, "bi_bdev"))
		return disk_of_bdev(x, member(x, bio_type, "bi_bdev", bio));
	disk = member(x, bio_type, "bi_disk", bio);
	return disk && iq_disk_name(s, disk, name) ? disk : 0;
}

static iq_vaddr disk_of_buffer(struct suspects *x, iq_vaddr bh)
{
	uint64_t size = member(x, bh_type, "b_size", bh);

	if (size < 512 || size > MAX_BUFFER || size & (size - 1) ||
	    !iq_is_kernel_ptr(x->e->d.s, member(x, bh_type, "b_data", bh)))
		return 0;
	return disk_of_bdev(x, member(x, bh_type, "b_bdev", bh));
}

static iq_vaddr disk_of_request(struct suspects *x, iq_vaddr rq)
{
	iq_vaddr queue = member(x, "struct request", "q", rq),
		 hctx = member(x, "struct request", "mq_hctx", rq);

	if (!queue || !hctx || member(x, "struct blk_mq_hw_ctx", "queue", hctx) != queue)
		return 0;
	return disk_of_queue(x, queue);
}

/* ---- all of them ---- */

static enum thing_kind look_at(struct suspects *x, iq_vaddr addr)
{
	char name[33];

	if (iq_task_by_addr(x->e->d.s, addr))
		return THING_TASK;
	if (iq_task_by_stack_addr(x->e->d.s, addr))
		return disk_of_bio(x, addr) ? THING_BIO : THING_NONE;
	if (is_sb(x, addr))
		return THING_SB;
	if (is_inode(x, addr))
		return THING_INODE;
	if (is_file(x, addr))
		return THING_FILE;
	if (is_dentry(x, addr))
		return THING_DENTRY;
	if (iq_disk_name(x->e->d.s, addr, name))
		return THING_DISK;
	if (disk_of_queue(x, addr))
		return THING_QUEUE;
	if (disk_of_buffer(x, addr))
		return THING_BUFFER;
	if (disk_of_request(x, addr))
		return THING_REQUEST;
	if (disk_of_bio(x, addr))
		return THING_BIO;
	if (disk_of_bdev(x, addr))
		return THING_BDEV;
	if (host_of_page(x, addr))
		return THING_PAGE;
	return THING_NONE;
}

enum thing_kind thing_kind(struct suspects *x, iq_vaddr addr)
{
	uint64_t *known;
	enum thing_kind kind;

	if (!iq_is_kernel_ptr(x->e->d.s, addr))
		return THING_NONE;
	known = iq_map_get(&x->kinds, addr);
	if (known)
		return (enum thing_kind) * known;
	kind = look_at(x, addr);
	iq_map_set(&x->kinds, addr, kind);
	return kind;
}

static iq_vaddr inode_of(struct suspects *x, iq_vaddr addr, enum thing_kind kind)
{
	switch (kind) {
	case THING_INODE:
		return addr;
	case THING_FILE:
		return member(x, "struct file", "f_inode", addr);
	case THING_PAGE:
		return host_of_page(x, addr);
	default:
		return 0;
	}
}

static iq_vaddr disk_of(struct suspects *x, iq_vaddr addr, enum thing_kind kind)
{
	switch (kind) {
	case THING_DISK:
		return addr;
	case THING_BDEV:
		return disk_of_bdev(x, addr);
	case THING_QUEUE:
		return disk_of_queue(x, addr);
	case THING_REQUEST:
		return disk_of_request(x, addr);
	case THING_BIO:
		return disk_of_bio(x, addr);
	case THING_BUFFER:
		return disk_of_buffer(x, addr);
	default:
		return 0;
	}
}

struct iq_object *thing_storage(struct suspects *x, iq_vaddr addr, enum thing_kind kind)
{
	iq_vaddr inode = inode_of(x, addr, kind), disk = disk_of(x, addr, kind);

	if (disk)
		return iq_diag_disk(&x->e->d, disk);
	if (inode && iq_is_bdev_inode(x->e->d.s, inode))
		return iq_diag_device_of_inode(&x->e->d, inode);
	if (inode)
		return iq_diag_filesystem(&x->e->d, member(x, inode_type, "i_sb", inode));
	if (kind == THING_SB)
		return iq_diag_filesystem(&x->e->d, addr);
	if (kind == THING_DENTRY)
		return iq_diag_filesystem(&x->e->d, member(x, "struct dentry", "d_sb", addr));
	return NULL;
}

const char *thing_name(struct suspects *x, iq_vaddr addr, enum thing_kind kind)
{
	static const char *const names[] = {
		[THING_DISK] = "the disk",	 [THING_BDEV] = "the block device",
		[THING_QUEUE] = "the queue",	 [THING_REQUEST] = "a request",
		[THING_BIO] = "a bio",		 [THING_BUFFER] = "a buffer",
		[THING_INODE] = "the inode of",	 [THING_FILE] = "the open file",
		[THING_DENTRY] = "the entry of", [THING_PAGE] = "a page of",
	};
	struct iq_session *s = x->e->d.s;
	iq_vaddr disk = disk_of(x, addr, kind), inode = inode_of(x, addr, kind);
	const struct iq_task *task;
	const char *path = NULL;
	struct iq_object *o;
	char name[33];

	if (disk && iq_disk_name(s, disk, name))
		return iq_arena_printf(iq_scratch(s), "%s %s%s", names[kind],
				       kind == THING_DISK || kind == THING_BDEV ? "" : "of ", name);
	if (kind == THING_DENTRY)
		path = iq_path_of_dentry(s, addr);
	else if (inode)
		path = iq_path_of_inode(s, inode);
	if (path)
		return iq_arena_printf(iq_scratch(s), "%s %s", names[kind], path);
	if (kind == THING_TASK && (task = iq_task_by_addr(s, addr)))
		return iq_arena_printf(iq_scratch(s), "%s (%d)", task->comm, task->pid);
	o = thing_storage(x, addr, kind);
	if (o && kind == THING_SB)
		return o->name;
	if (o)
		return iq_arena_printf(iq_scratch(s), "%s %s on %s", names[kind], "a file",
				       o->name);
	return iq_describe_addr(s, addr);
}

/* ---- types ---- */

struct pointers {
	struct suspects *x;
	pointer_fn fn;
	void *ctx;
	size_t num;
};

static bool walk_pointers(struct pointers *p, struct iq_type type, iq_vaddr addr, unsigned depth)
{
	size_t num = iq_type_num_members(type);

	for (size_t i = 0; i < num && p->num < MAX_MEMBERS; i++) {
		struct iq_member m;
		struct iq_type t, to;
		iq_vaddr at;
		uint64_t value;

		p->num++;
		if (!iq_type_member_at(type, i, &m) || m.bit_size)
			continue;
		at = addr + m.bit_offset / 8;
		t = iq_type_strip(m.type);
		if (iq_type_kind(t) == IQ_TYPE_STRUCT || iq_type_kind(t) == IQ_TYPE_UNION) {
			if (depth && walk_pointers(p, t, at, depth - 1))
				return true;
			continue;
		}
		if (iq_type_kind(t) != IQ_TYPE_PTR)
			continue;
		to = iq_type_strip(iq_type_target(t));
		if (iq_type_kind(to) != IQ_TYPE_STRUCT && iq_type_kind(to) != IQ_TYPE_FWD)
			continue;
		if (*iq_type_name(to) && iq_peek_u64(p->x->e->d.s, at, &value) &&
		    iq_is_kernel_ptr(p->x->e->d.s, value) &&
		    p->fn(p->ctx, value, iq_type_name(to), m.name))
			return true;
	}
	return false;
}

void each_pointer(struct suspects *x, struct iq_type type, iq_vaddr addr, pointer_fn fn, void *ctx)
{
	struct pointers p = { x, fn, ctx, 0 };

	walk_pointers(&p, iq_type_strip(type), addr, MAX_DEPTH);
}

const char *member_at(struct iq_type type, uint64_t offset)
{
	const char *name = "";

	for (unsigned depth = 0; depth <= MAX_DEPTH; depth++) {
		size_t num;
		bool found = false;

		type = iq_type_strip(type);
		if (iq_type_kind(type) != IQ_TYPE_STRUCT && iq_type_kind(type) != IQ_TYPE_UNION)
			break;
		num = iq_type_num_members(type);
		for (size_t i = 0; i < num && !found; i++) {
			struct iq_member m;
			uint64_t at;

			if (!iq_type_member_at(type, i, &m) || m.bit_size)
				continue;
			at = m.bit_offset / 8;
			if (offset < at || offset - at >= iq_type_size(m.type))
				continue;
			found = true;
			/* The parts of a wait queue, a lock, a completion say nothing more. */
			if (*m.name && depth && iq_type_size(m.type) <= 8)
				return name;
			if (*m.name)
				name = m.name;
			offset -= at;
			type = m.type;
		}
		if (!found)
			break;
	}
	return name;
}
