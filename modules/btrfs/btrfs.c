/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * btrfs: transactions, space, blocks, and the devices below
 *
 * A superblock of btrfs has no block device: its btrfs_fs_info keeps a list of
 * them. What a task waits for is embedded in some struct of btrfs, which as a
 * rule names its fs_info; that one's superblock has to lead back to it, or it is none.
 *
 * This file has what leads to devices: blocks of the trees (extent_buffer), writes of data that are
 * under way (btrfs_ordered_extent), ranges that are locked while they are read or written
 * (extent_state), flushes, and the filesystem's object with its devices. transaction.c has
 * commits, the log and space; locks.c the locks of tree blocks.
 *
 * All of these types are the module's.
 *
 * Kernel: fs/btrfs/extent_io.c, ordered-data.c, disk-io.c, volumes.h, space-info.h.
 */
#include "btrfs.h"

#include "inquest/storage.h"
#include "inquest/waitq.h"

enum { MAX_DEVICES = 4096, MAX_SPACES = 64 };

bool btrfs_is_info(struct iq_session *s, iq_vaddr info)
{
	uint64_t sb, back;

	return iq_is_kernel_ptr(s, info) && iq_peek_member(s, BTRFS_INFO, "sb", info, &sb) &&
	       iq_is_kernel_ptr(s, sb) &&
	       iq_peek_member(s, "struct super_block", "s_fs_info", sb, &back) && back == info;
}

struct iq_object *btrfs_filesystem(struct iq_diag *d, iq_vaddr info)
{
	uint64_t sb;

	return btrfs_is_info(d->s, info) && iq_peek_member(d->s, BTRFS_INFO, "sb", info, &sb)
		       ? iq_diag_filesystem(d, sb)
		       : NULL;
}

iq_vaddr btrfs_owner_of(struct iq_diag *d, const char *type, const char *member, iq_vaddr at,
			iq_vaddr *info_ret)
{
	int64_t off = iq_offsetof(d->s, type, member);
	iq_vaddr owner = at - (uint64_t)off;

	return off >= 0 && iq_is_kernel_ptr(d->s, owner) &&
			       iq_peek_member(d->s, type, "fs_info", owner, info_ret) &&
			       btrfs_is_info(d->s, *info_ret)
		       ? owner
		       : 0;
}

bool btrfs_is_inside(const struct iq_stack *stack)
{
	for (size_t i = 0; i < stack->num_frames; i++)
		if (stack->frames[i].sym.module && !strcmp(stack->frames[i].sym.module, "btrfs"))
			return true;
	return false;
}

struct iq_object *btrfs_thing(struct iq_diag *d, iq_vaddr at, const char *cls,
			      const struct iq_object *fs, const char *words)
{
	struct iq_object *on = iq_graph_object(d->g, IQ_OBJ_LOCK, "lock:%#" PRIx64, at);

	on->addr = at;
	iq_object_str(d->g, on, "class", cls);
	iq_object_name(d->g, on, "%s of %s", words, fs->name);
	return on;
}

size_t btrfs_add_workers(struct iq_diag *d, struct iq_wait *w, const char *const *functions,
			 iq_vaddr in_hand, const char *what, const char *how)
{
	const struct iq_task *found[16];
	struct iq_wait_entry entry;
	size_t num = 0;

	for (size_t i = 0; i < d->tasks->num_tasks && num < IQ_ARRAY_SIZE(found); i++) {
		const struct iq_task *t = &d->tasks->tasks[i];
		const struct iq_stack *stack;

		if (!t->pid || !t->stack || t->on_cpu || t->pid == w->task->tid ||
		    (t->state != 'D' && t->state != 'S'))
			continue;
		stack = iq_task_stack(d->s, t);
		if (iq_stack_find(stack, 0, functions) < 0 || !iq_stack_mentions(stack, in_hand) ||
		    (iq_find_wait_entry(d->s, t, stack, NULL, &entry) && entry.head == w->on->addr))
			continue;
		found[num++] = t;
	}
	for (size_t i = 0; i < num; i++) {
		struct iq_edge *e = iq_graph_edge(d->g, w->task, iq_diag_task(d, found[i]), w->on,
						  num == 1 ? IQ_EDGE_OWNER : IQ_EDGE_MAYBE,
						  num == 1 ? IQ_STRONG : IQ_LIKELY, "%s", how);

		iq_text_add(d->g, &e->evidence, "%s (%d) is at work with %s %#" PRIx64 " in hand",
			    found[i]->comm, found[i]->pid, what, in_hand);
	}
	return num;
}

static struct iq_edge *wait_for_fs(struct iq_diag *d, struct iq_wait *w, struct iq_object *fs,
				   enum iq_certainty certainty, const char *how)
{
	return iq_graph_edge(d->g, w->task, fs, w->on, IQ_EDGE_SERVES, certainty, "%s", how);
}

/* ---- blocks of the trees ---- */

static struct iq_error *explain_block(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	struct iq_object *fs;
	uint64_t start = 0;
	iq_vaddr word, eb, info;
	struct iq_wait *w;
	struct iq_edge *e;
	int bit;

	if (!iq_find_wait_bit(d->s, who->task, who->stack, &word, &bit) || bit < 0)
		return NULL;
	eb = btrfs_owner_of(d, BTRFS_BUFFER, "bflags", word, &info);
	fs = eb ? btrfs_filesystem(d, info) : NULL;
	if (!fs)
		return NULL;
	iq_peek_member(d->s, BTRFS_BUFFER, "start", eb, &start);
	w = iq_diag_wait(
		who,
		btrfs_thing(d, word, "bit", fs,
			    iq_arena_printf(iq_scratch(d->s), "tree block %" PRIu64, start)),
		IQ_WAIT_SLEEP);
	/* Woken for this bit alone: who ran since has had what it waited for. */
	w->key = who->task->switches;
	iq_text_add(d->g, &w->evidence,
		    "its wait_bit_queue_entry names extent_buffer %#" PRIx64 ", bit %d", eb, bit);
	e = wait_for_fs(d, w, fs, IQ_PROVEN, "has to read or write the block");
	iq_text_add(d->g, &e->evidence, "extent_buffer.fs_info at %#" PRIx64 " is that of %s", eb,
		    fs->name);
	*wait_ret = w;
	return NULL;
}

/* ---- data ---- */

/* A btrfs_inode or the inode in it, as the kernel has it: its btrfs_fs_info. */
static iq_vaddr info_of_inode(struct iq_diag *d, iq_vaddr inode, iq_vaddr *vfs_ret)
{
	int64_t inner = iq_offsetof(d->s, "struct btrfs_inode", "vfs_inode");
	uint64_t sb, info;

	for (int i = 0; i < 2; i++) {
		*vfs_ret = i ? inode + (uint64_t)inner : inode;
		if ((!i || inner >= 0) &&
		    iq_peek_member(d->s, "struct inode", "i_sb", *vfs_ret, &sb) &&
		    iq_is_kernel_ptr(d->s, sb) &&
		    iq_peek_member(d->s, "struct super_block", "s_fs_info", sb, &info) &&
		    btrfs_is_info(d->s, info))
			return info;
	}
	return 0;
}

static struct iq_error *explain_ordered(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	static const char type[] = "struct btrfs_ordered_extent";
	static const char *const ending[] = { "btrfs_finish_ordered_io", "btrfs_finish_one_ordered",
					      "btrfs_work_helper", "finish_ordered_fn", NULL };
	int64_t off = iq_offsetof(d->s, type, "wait");
	struct iq_wait_entry entry;
	iq_vaddr ordered, info, vfs;
	struct iq_object *fs;
	const char *path;
	struct iq_wait *w;
	struct iq_edge *e;
	uint64_t inode;

	if (off < 0 || !iq_find_wait_entry(d->s, who->task, who->stack, NULL, &entry))
		return NULL;
	ordered = entry.head - (uint64_t)off;
	if (!iq_peek_member(d->s, type, "inode", ordered, &inode) || !iq_is_kernel_ptr(d->s, inode))
		return NULL;
	info = info_of_inode(d, inode, &vfs);
	fs = info ? btrfs_filesystem(d, info) : NULL;
	if (!fs)
		return NULL;
	path = iq_path_of_inode(d->s, vfs);
	w = iq_diag_wait(who,
			 btrfs_thing(d, entry.head, "waitqueue", fs,
				     iq_arena_printf(iq_scratch(d->s), "data written to %s",
						     path ? path : "a file")),
			 IQ_WAIT_SLEEP);
	iq_text_add(d->g, &w->evidence, "it is in the queue of btrfs_ordered_extent %#" PRIx64,
		    ordered);
	*wait_ret = w;
	/* On the device still, or back from there and being finished by a worker. */
	if (btrfs_add_workers(d, w, ending, ordered, "btrfs_ordered_extent", "has to finish it"))
		return NULL;
	e = wait_for_fs(d, w, fs, IQ_STRONG, "has to write the data");
	iq_text_add(d->g, &e->evidence,
		    "btrfs_ordered_extent.inode at %#" PRIx64 " is %s, and no worker has it",
		    ordered, path ? path : "a file there");
	return NULL;
}

static bool is_own_info(struct iq_session *s, iq_vaddr p, void *ctx)
{
	uint64_t sb;

	(void)ctx;
	return btrfs_is_info(s, p) ||
	       (iq_peek_member(s, "struct inode", "i_sb", p, &sb) && iq_is_kernel_ptr(s, sb) &&
		iq_peek_member(s, "struct super_block", "s_fs_info", sb, &sb) &&
		btrfs_is_info(s, sb));
}

/* The filesystem that a task works on, by what is on its stack: its fs_info, or an inode of it. */
static struct iq_object *fs_in_hand(struct iq_diag *d, const struct iq_stack *stack, size_t frame)
{
	iq_vaddr p = iq_stack_search(d->s, stack, frame, is_own_info, NULL);
	uint64_t sb;

	if (!p)
		return NULL;
	if (btrfs_is_info(d->s, p))
		return btrfs_filesystem(d, p);
	return iq_peek_member(d->s, "struct inode", "i_sb", p, &sb) ? iq_diag_filesystem(d, sb)
								    : NULL;
}

/* A range of a file that is locked: by a task that remembers its state, or by I/O. */
static struct iq_error *explain_range(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	static const char type[] = "struct extent_state";
	int64_t off = iq_offsetof(d->s, type, "wq");
	uint64_t start, end;
	struct iq_wait_entry entry;
	struct iq_object *fs;
	struct iq_wait *w;
	struct iq_edge *e;
	iq_vaddr state;
	size_t num = 0;

	if (off < 0 || !iq_find_wait_entry(d->s, who->task, who->stack, NULL, &entry))
		return NULL;
	state = entry.head - (uint64_t)off;
	if (!iq_peek_member(d->s, type, "start", state, &start) ||
	    !iq_peek_member(d->s, type, "end", state, &end) || start > end)
		return NULL;
	fs = fs_in_hand(d, who->stack, who->frame);
	if (!fs)
		return NULL;
	w = iq_diag_wait(who,
			 btrfs_thing(d, entry.head, "range", fs,
				     iq_arena_printf(iq_scratch(d->s),
						     "the locked range from byte %" PRIu64
						     " to %" PRIu64 " of a file",
						     start, end)),
			 IQ_WAIT_SLEEP);
	w->certainty = IQ_STRONG;
	iq_text_add(d->g, &w->evidence, "it is in the queue of extent_state %#" PRIx64, state);
	*wait_ret = w;
	for (size_t i = 0; i < d->tasks->num_tasks; i++) {
		const struct iq_task *t = &d->tasks->tasks[i];
		const struct iq_stack *other;
		struct iq_wait_entry its;

		if (!t->pid || !t->stack || t->on_cpu || t == who->task || t->state != 'D')
			continue;
		other = iq_task_stack(d->s, t);
		if (!btrfs_is_inside(other) || !iq_stack_mentions(other, state) ||
		    (iq_find_wait_entry(d->s, t, other, NULL, &its) && its.head == entry.head))
			continue;
		e = iq_graph_edge(d->g, w->task, iq_diag_task(d, t), w->on, IQ_EDGE_MAYBE,
				  IQ_LIKELY, "may have locked it");
		iq_text_add(d->g, &e->evidence,
			    "extent_state %#" PRIx64 " is on the stack of %s (%d)", state, t->comm,
			    t->pid);
		num++;
	}
	if (!num) {
		e = wait_for_fs(d, w, fs, IQ_LIKELY, "is reading or writing the range");
		iq_text_add(d->g, &e->evidence,
			    "no task has extent_state %#" PRIx64
			    " in hand: it stays locked until I/O is done",
			    state);
	}
	return NULL;
}

/* ---- flushes ---- */

static struct iq_error *explain_flush(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	static const char type[] = "struct btrfs_device";
	struct iq_object *device, *fs;
	iq_vaddr completion, own, info;
	struct iq_wait *w;
	struct iq_edge *e;
	uint64_t bdev;

	if (!iq_find_completion(d->s, who->task, who->stack, &completion))
		return NULL;
	own = btrfs_owner_of(d, type, "flush_wait", completion, &info);
	fs = own ? btrfs_filesystem(d, info) : NULL;
	device =
		fs && iq_peek_member(d->s, type, "bdev", own, &bdev) ? iq_diag_bdev(d, bdev) : NULL;
	if (!device)
		return NULL;
	w = iq_diag_wait(who, btrfs_thing(d, completion, "completion", fs, "a flush of a device"),
			 IQ_WAIT_SLEEP);
	w->key = who->task->switches;
	e = iq_graph_edge(d->g, w->task, device, w->on, IQ_EDGE_SERVES, IQ_PROVEN,
			  "has to flush what it caches");
	iq_text_add(d->g, &e->evidence, "btrfs_device.bdev at %#" PRIx64 " is %s", own,
		    device->name);
	*wait_ret = w;
	return NULL;
}

/* ---- room for a block group's free space to be read ---- */

static struct iq_error *explain_caching(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	static const char type[] = "struct btrfs_caching_control";
	static const char *const caching[] = { "caching_thread", "load_free_space_tree",
					       "load_extent_tree_free", NULL };
	int64_t off = iq_offsetof(d->s, type, "wait");
	struct iq_wait_entry entry;
	uint64_t group, info;
	struct iq_object *fs;
	struct iq_wait *w;
	iq_vaddr control;

	if (off < 0 || !iq_find_wait_entry(d->s, who->task, who->stack, NULL, &entry))
		return NULL;
	control = entry.head - (uint64_t)off;
	if (!iq_peek_member(d->s, type, "block_group", control, &group) ||
	    !iq_peek_member(d->s, "struct btrfs_block_group", "fs_info", group, &info))
		return NULL;
	fs = btrfs_filesystem(d, info);
	if (!fs)
		return NULL;
	w = iq_diag_wait(who,
			 btrfs_thing(d, entry.head, "waitqueue", fs,
				     "the list of free space of a block group"),
			 IQ_WAIT_SLEEP);
	iq_text_add(d->g, &w->evidence, "it is in the queue of btrfs_caching_control %#" PRIx64,
		    control);
	*wait_ret = w;
	btrfs_add_workers(d, w, caching, group, "btrfs_block_group", "has to read it");
	return NULL;
}

/* ---- the filesystem ---- */

struct walk {
	struct iq_diag *d;
	struct iq_object *fs;
	uint64_t used;
};

static bool add_device(void *ctx, iq_vaddr node)
{
	static const char type[] = "struct btrfs_device";
	struct walk *walk = ctx;
	struct iq_diag *d = walk->d;
	int64_t off = iq_offsetof(d->s, type, "dev_list");
	struct iq_object *device;
	struct iq_edge *e;
	uint64_t bdev;

	if (off < 0 || !iq_peek_member(d->s, type, "bdev", node - (uint64_t)off, &bdev) || !bdev)
		return false;
	device = iq_diag_bdev(d, bdev);
	if (!device || !iq_disk_may_owe(d, device->addr))
		return false;
	e = iq_graph_edge(d->g, walk->fs, device, NULL, IQ_EDGE_SERVES, IQ_STRONG,
			  "is a device that it is on");
	iq_text_add(d->g, &e->evidence, "btrfs_device.bdev at %#" PRIx64 " is %s",
		    node - (uint64_t)off, iq_device_name(device));
	return false;
}

static bool add_space(void *ctx, iq_vaddr node)
{
	static const char type[] = "struct btrfs_space_info";
	struct walk *walk = ctx;
	int64_t off = iq_offsetof(walk->d->s, type, "list");
	uint64_t used;

	if (off >= 0 &&
	    iq_peek_member(walk->d->s, type, "disk_used", node - (uint64_t)off, &used) &&
	    used <= INT64_MAX / MAX_SPACES)
		walk->used += used;
	return false;
}

static struct iq_error *explain_fs(struct iq_diag *d, struct iq_object *o)
{
	static const char devices_type[] = "struct btrfs_fs_devices";
	int64_t off = iq_offsetof(d->s, devices_type, "devices");
	int64_t spaces = iq_offsetof(d->s, BTRFS_INFO, "space_info");
	const struct iq_attr *fstype = iq_object_attr(o, "fstype");
	struct walk walk = { .d = d, .fs = o };
	uint64_t info, devices, total;

	if (!o->addr || !fstype || !fstype->str || strcmp(fstype->str, "btrfs") ||
	    !iq_peek_member(d->s, "struct super_block", "s_fs_info", o->addr, &info) ||
	    !btrfs_is_info(d->s, info) ||
	    !iq_peek_member(d->s, BTRFS_INFO, "fs_devices", info, &devices))
		return NULL;
	if (spaces >= 0 && iq_peek_member(d->s, devices_type, "total_rw_bytes", devices, &total) &&
	    total) {
		iq_error_free(
			iq_list_walk(d->s, info + (uint64_t)spaces, MAX_SPACES, add_space, &walk));
		if (walk.used <= total)
			iq_object_real(d->g, o, "used_pct",
				       100.0 * (double)walk.used / (double)total);
	}
	if (off < 0)
		return NULL;
	return iq_list_walk(d->s, devices + (uint64_t)off, MAX_DEVICES, add_device, &walk);
}

static const char *const block_functions[] = { "read_extent_buffer_pages",
					       "read_extent_buffer_pages_nowait",
					       "wait_on_extent_buffer_writeback",
					       "btrfs_btree_wait_writeback_range",
					       "lock_extent_buffer_for_io",
					       "out_of_line_wait_on_bit",
					       NULL };
static const char *const ordered_functions[] = { "btrfs_start_ordered_extent",
						 "btrfs_start_ordered_extent_nowriteback",
						 "btrfs_wait_ordered_range",
						 "btrfs_wait_ordered_extents", NULL };
static const char *const range_functions[] = { "wait_extent_bit",
					       "lock_extent",
					       "lock_extent_bits",
					       "__lock_extent",
					       "btrfs_lock_extent_bits",
					       "btrfs_lock_extent",
					       "btrfs_lock_and_flush_ordered_range",
					       NULL };
static const char *const flush_functions[] = { "wait_dev_flush", "barrier_all_devices",
					       "write_all_supers", NULL };
static const char *const caching_functions[] = { "btrfs_caching_ctl_wait_done",
						 "btrfs_cache_block_group",
						 "btrfs_wait_block_group_cache_progress",
						 "btrfs_wait_block_group_cache_done", NULL };

static const struct iq_wait_rule wait_rules[] = {
	{ .name = "btrfs-transaction",
	  .summary = "a commit: who has to make it, and whose open handles it waits for",
	  .reads = "btrfs_transaction.writer_wait, .commit_wait, .pending_wait, .num_writers; "
		   "btrfs_fs_info.transaction_wait, .running_transaction; "
		   "task_struct.journal_info; btrfs_trans_handle.transaction",
	  .seen = "6.1, 6.12, 7.3",
	  .certainty = IQ_PROVEN,
	  .functions = btrfs_transaction_functions,
	  .explain = btrfs_explain_transaction },
	{ .name = "btrfs-log",
	  .summary = "fsync's log of a subvolume: who writes it, who adds to it",
	  .reads = "btrfs_root.log_commit_wait, .log_writer_wait",
	  .seen = "",
	  .certainty = IQ_STRONG,
	  .functions = btrfs_log_functions,
	  .explain = btrfs_explain_log },
	{ .name = "btrfs-ticket",
	  .summary = "room that has to be won back first, and who is at that",
	  .reads = "reserve_ticket.wait, .list; btrfs_space_info.tickets, .priority_tickets, "
		   ".total_bytes, .bytes_*",
	  .seen = "",
	  .certainty = IQ_STRONG,
	  .functions = btrfs_ticket_functions,
	  .explain = btrfs_explain_ticket },
	{ .name = "btrfs-block",
	  .summary = "a block of a btrfs tree that is being read or written",
	  .reads = "wait_bit_queue_entry.key; extent_buffer.bflags, .fs_info, .start",
	  .seen = "",
	  .certainty = IQ_PROVEN,
	  .functions = block_functions,
	  .explain = explain_block },
	{ .name = "btrfs-ordered",
	  .summary = "data on its way to the disk, or a worker that has to finish it",
	  .reads = "btrfs_ordered_extent.wait, .inode",
	  .seen = "",
	  .certainty = IQ_STRONG,
	  .functions = ordered_functions,
	  .explain = explain_ordered },
	{ .name = "btrfs-range",
	  .summary = "a locked range of a file: who has it, or the I/O that it is locked for",
	  .reads = "extent_state.wq, .start, .end",
	  .seen = "",
	  .certainty = IQ_LIKELY,
	  .functions = range_functions,
	  .explain = explain_range },
	{ .name = "btrfs-flush",
	  .summary = "a flush of one of the devices",
	  .reads = "btrfs_device.flush_wait, .bdev",
	  .seen = "",
	  .certainty = IQ_PROVEN,
	  .functions = flush_functions,
	  .explain = explain_flush },
	{ .name = "btrfs-caching",
	  .summary = "the free space of a block group that a worker has to read first",
	  .reads = "btrfs_caching_control.wait, .block_group",
	  .seen = "",
	  .certainty = IQ_STRONG,
	  .functions = caching_functions,
	  .explain = explain_caching },
	{ 0 },
};

static const struct iq_object_rule object_rules[] = {
	{ .name = "btrfs-devices",
	  .summary = "the devices that a btrfs is on, and how full it is",
	  .type = IQ_OBJ_FILESYSTEM,
	  .explain = explain_fs },
	{ 0 },
};

static const char *const types[] = { BTRFS_INFO, BTRFS_TRANSACTION, NULL };

const struct iq_module iq_module_btrfs = {
	.api = IQ_MODULE_API,
	.name = "btrfs",
	.summary = "btrfs: transactions, space, tree blocks, and its devices",
	.needs_types = types,
	.wait_rules = wait_rules,
	.object_rules = object_rules,
	.lock_namers = btrfs_lock_namers,
	.holders = btrfs_holders,
};
