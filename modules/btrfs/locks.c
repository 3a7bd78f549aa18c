/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * btrfs: locks, and who has a tree block locked
 *
 * Each block of a tree (extent_buffer) has an rw_semaphore. A search keeps the blocks that it came
 * by in a btrfs_path: nodes[] and, for each level, in locks[] how it has locked it. That is the
 * record of readers that the semaphore itself does not have; the path is on the stack, or its
 * address is.
 *
 * Kernel: fs/btrfs/ctree.h (btrfs_path), locking.h (BTRFS_READ_LOCK).
 */
#include "btrfs.h"

#include "inquest/waitq.h"

enum { NUM_LEVELS = 8, BTRFS_READ_LOCK = 2 };

static const char path_type[] = "struct btrfs_path";

/* ---- names ---- */

static bool name_block(struct iq_diag *d, iq_vaddr lock, struct iq_lock_name *name_ret)
{
	struct iq_object *fs;
	iq_vaddr eb, info;
	uint64_t start = 0;

	eb = btrfs_owner_of(d, BTRFS_BUFFER, "lock", lock, &info);
	fs = eb ? btrfs_filesystem(d, info) : NULL;
	if (!fs)
		return false;
	iq_peek_member(d->s, BTRFS_BUFFER, "start", eb, &start);
	*name_ret = (struct iq_lock_name){
		.name = iq_arena_printf(iq_scratch(d->s), "lock of tree block %" PRIu64 " of %s",
					start, fs->name),
		.belongs = fs,
		.container = eb,
		.container_type = BTRFS_BUFFER,
		.member = "lock",
		.certainty = IQ_PROVEN,
	};
	return true;
}

/* The locks of a whole filesystem, and those of a subvolume. */
static bool name_member(struct iq_diag *d, iq_vaddr lock, const char *type,
			const char *const *members, struct iq_lock_name *name_ret)
{
	for (size_t i = 0; members[i]; i++) {
		int64_t off = iq_offsetof(d->s, type, members[i]);
		bool is_info = !strcmp(type, BTRFS_INFO);
		iq_vaddr owner = lock - (uint64_t)off, info = owner;
		struct iq_object *fs;

		if (off < 0 || (!is_info && !btrfs_owner_of(d, type, members[i], lock, &info)))
			continue;
		fs = btrfs_filesystem(d, info);
		if (!fs)
			continue;
		*name_ret = (struct iq_lock_name){
			.name = iq_arena_printf(iq_scratch(d->s), "%s of %s%s", members[i],
						is_info ? "" : "a subvolume of ", fs->name),
			.belongs = fs,
			.container = owner,
			.container_type = type,
			.member = members[i],
			.certainty = IQ_PROVEN,
		};
		return true;
	}
	return false;
}

static bool identify(struct iq_diag *d, iq_vaddr lock, const char *lock_type,
		     const struct iq_sleeper *waiter, struct iq_lock_name *name_ret)
{
	static const char *const info_mutexes[] = {
		"tree_log_mutex",
		"transaction_kthread_mutex",
		"cleaner_mutex",
		"chunk_mutex",
		"ro_block_group_mutex",
		"ordered_operations_mutex",
		"reloc_mutex",
		"delalloc_root_mutex",
		"balance_mutex",
		"scrub_lock",
		"qgroup_ioctl_lock",
		"qgroup_rescan_lock",
		"unused_bg_unpin_mutex",
		"reclaim_bgs_lock",
		NULL,
	};
	static const char *const info_rwsems[] = { "commit_root_sem", "subvol_sem",
						   "cleanup_work_sem", "dev_replace.rwsem", NULL };
	static const char *const root_mutexes[] = { "log_mutex", "objectid_mutex", "delalloc_mutex",
						    "ordered_extent_mutex", NULL };

	if (!waiter || !btrfs_is_inside(waiter->stack))
		return false;
	if (!strcmp(lock_type, "struct rw_semaphore"))
		return name_block(d, lock, name_ret) ||
		       name_member(d, lock, BTRFS_INFO, info_rwsems, name_ret);
	if (!strcmp(lock_type, "struct mutex"))
		return name_member(d, lock, BTRFS_INFO, info_mutexes, name_ret) ||
		       name_member(d, lock, "struct btrfs_root", root_mutexes, name_ret);
	return false;
}

/* ---- who has a block ---- */

struct find_path {
	iq_vaddr eb, info;
	uint64_t nodes_off, locks_off;
};

/* A path holds blocks of one filesystem, and no lock at a level where it has no block. */
static bool has_block(struct iq_session *s, iq_vaddr path, void *ctx)
{
	struct find_path *f = ctx;
	uint64_t nodes[NUM_LEVELS], info;
	uint8_t locks[NUM_LEVELS];
	bool found = false;

	if (!iq_peek(s, path + f->nodes_off, nodes, sizeof(nodes)) ||
	    !iq_peek(s, path + f->locks_off, locks, sizeof(locks)))
		return false;
	for (size_t i = 0; i < NUM_LEVELS; i++) {
		if (locks[i] > BTRFS_READ_LOCK || (locks[i] && !nodes[i]))
			return false;
		if (nodes[i] && (!iq_is_kernel_ptr(s, nodes[i]) ||
				 !iq_peek_member(s, BTRFS_BUFFER, "fs_info", nodes[i], &info) ||
				 info != f->info))
			return false;
		found = found || (nodes[i] == f->eb && locks[i] == BTRFS_READ_LOCK);
	}
	return found;
}

/* The btrfs_path of a task that has the block; 0: none. */
static iq_vaddr path_with_block(struct iq_diag *d, const struct iq_stack *stack,
				struct find_path *f)
{
	iq_vaddr path = iq_stack_search(d->s, stack, 0, has_block, f);

	/* ... or the path itself lies on the stack. */
	for (size_t i = 0; !path && i < stack->num_words; i++)
		for (uint64_t level = 0;
		     !path && stack->words[i] == f->eb && level < NUM_LEVELS && level <= i; level++)
			if (has_block(d->s, stack->sp + 8 * (i - level) - f->nodes_off, f))
				path = stack->sp + 8 * (i - level) - f->nodes_off;
	return path;
}

static enum iq_fit has_locked(struct iq_diag *d, struct iq_holding *h)
{
	int64_t nodes = iq_offsetof(d->s, path_type, "nodes");
	int64_t locks = iq_offsetof(d->s, path_type, "locks");
	struct find_path f = { .eb = h->name->container,
			       .nodes_off = (uint64_t)nodes,
			       .locks_off = (uint64_t)locks };
	iq_vaddr path = 0;

	if (nodes >= 0 && locks >= 0 &&
	    iq_peek_member(d->s, BTRFS_BUFFER, "fs_info", f.eb, &f.info))
		path = path_with_block(d, h->stack, &f);
	if (!path)
		return IQ_FIT_NO;
	h->said = iq_arena_printf(d->g->arena,
				  "btrfs_path %#" PRIx64 " of %s (%d) has extent_buffer %#" PRIx64
				  ", locked for read",
				  path, h->task->comm, h->task->pid, f.eb);
	return IQ_FIT_YES;
}

const struct iq_holder btrfs_holders[] = {
	{ .container = BTRFS_BUFFER,
	  .member = "lock",
	  .mode = IQ_HOLD_READ,
	  .module = "btrfs",
	  .proof = IQ_HOLDER_RECORDED,
	  .how = "has locked the block for read",
	  .fits = has_locked },
	{ 0 },
};

const struct iq_lock_namer btrfs_lock_namers[] = {
	{ .name = "btrfs", .identify = identify },
	{ 0 },
};
