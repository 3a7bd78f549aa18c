/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who has the locks of superblocks, inodes and mounts
 *
 * An rw_semaphore counts its readers and does not name them. But some functions
 * are known to sleep only with such a lock held for read: a task in one of them that has
 * the superblock, or the inode, on its stack, and does not wait for the lock itself, is a reader.
 *
 * The freeze protection of a superblock is held by whoever changes it, at three levels; the
 * freezer takes it for write. While it does, and waits at none of the levels, it is found in
 * freeze_super().
 *
 * Kernel: fs/super.c, fs/sync.c, fs/fs-writeback.c, fs/quota/quota.c, fs/readdir.c, fs/namei.c,
 * fs/namespace.c, mm/readahead.c.
 */
#include "holders.h"

#include "inquest/waitq.h"

enum { SB_FREEZE_COMPLETE = 4 };

static const char sb_type[] = "struct super_block";

/* ---- read locks ---- */

static const char *const s_umount_functions[] = {
	"iterate_supers",
	"__iterate_supers",
	"iterate_super_types",
	"sync_inodes_sb",
	"writeback_inodes_sb",
	"writeback_inodes_sb_nr",
	"sync_filesystem",
	"writeback_sb_inodes",
	"super_cache_scan",
	"do_quotactl",
	NULL,
};
static const char *const i_rwsem_functions[] = {
	"iterate_dir",
	"lookup_slow",
	"open_last_lookups",
	"ext4_file_read_iter",
	"ext4_dio_read_iter",
	"ext4_dio_write_iter",
	"xfs_file_dio_read",
	"xfs_file_buffered_read",
	"xfs_file_dio_write",
	"btrfs_direct_read",
	"fuse_direct_read_iter",
	"nfs_file_read",
	NULL,
};
static const char *const invalidate_functions[] = { "page_cache_ra_unbounded",
						    "filemap_create_folio", "filemap_create_page",
						    NULL };

static const char *const namespace_functions[] = { "show_vfsmnt", "show_mountinfo", "show_vfsstat",
						   "do_statmount", NULL };

/* ---- freeze protection: who is inside of which level ---- */

static const char *const write_functions[] = {
	"vfs_write",
	"do_iter_write",
	"vfs_iter_write",
	"vfs_iocb_iter_write",
	"vfs_writev",
	"do_iter_readv_writev",
	"vfs_fallocate",
	"vfs_copy_file_range",
	"do_clone_file_range",
	"vfs_clone_file_range",
	"vfs_truncate",
	"do_sys_ftruncate",
	"do_ftruncate",
	"do_truncate",
	"notify_change",
	"do_splice_from",
	"iter_file_splice_write",
	"aio_write",
	"io_write",
	"vfs_mkdir",
	"vfs_rmdir",
	"vfs_unlink",
	"vfs_create",
	"vfs_mknod",
	"vfs_symlink",
	"vfs_link",
	"vfs_rename",
	"vfs_setxattr",
	"vfs_removexattr",
	"do_mkdirat",
	"do_rmdir",
	"do_unlinkat",
	"do_renameat2",
	"do_linkat",
	"do_symlinkat",
	"do_mknodat",
	"filename_mkdirat",
	"filename_rmdir",
	"filename_unlinkat",
	"filename_renameat2",
	"open_last_lookups",
	"lookup_open",
	"path_openat",
	NULL,
};
static const char *const fault_functions[] = {
	"do_page_mkwrite",    "ext4_page_mkwrite",    "xfs_filemap_page_mkwrite",
	"btrfs_page_mkwrite", "filemap_page_mkwrite", "__xfs_filemap_fault",
	"xfs_filemap_fault",  "xfs_write_fault",      NULL
};
static const char *const work_functions[] = { "start_this_handle",
					      "jbd2__journal_start",
					      "ext4_writepages",
					      "ext4_do_writepages",
					      "xfs_trans_alloc",
					      "xfs_log_reserve",
					      "ext4_evict_inode",
					      "btrfs_commit_transaction",
					      "jbd2_journal_stop",
					      "ext4_map_blocks",
					      NULL };

/* What belongs to a superblock: it, an open file, an inode or a dentry in it. */
static bool is_of_sb(struct iq_session *s, iq_vaddr p, void *ctx)
{
	const iq_vaddr *sb = ctx;
	uint64_t inode, of;

	if (p == *sb)
		return true;
	if (iq_peek_member(s, "struct inode", "i_sb", p, &of) && of == *sb)
		return true;
	if (iq_peek_member(s, "struct dentry", "d_sb", p, &of) && of == *sb)
		return true;
	return iq_peek_member(s, "struct file", "f_inode", p, &inode) &&
	       iq_is_kernel_ptr(s, inode) &&
	       iq_peek_member(s, "struct inode", "i_sb", inode, &of) && of == *sb;
}

/* It sleeps in a function that is called with this level of protection, with something of this
 * filesystem in hand. */
static enum iq_fit is_inside(struct iq_diag *d, struct iq_holding *h)
{
	iq_vaddr sb = h->name->container;

	if ((h->task->state != 'D' && h->task->state != 'S') ||
	    !iq_stack_search(d->s, h->stack, 0, is_of_sb, &sb))
		return IQ_FIT_NO;
	h->said = iq_arena_printf(d->g->arena, "%s (%d) sleeps in %s(), which changes %s",
				  h->task->comm, h->task->pid, h->stack->frames[h->frame].sym.name,
				  h->name->belongs->name);
	return IQ_FIT_YES;
}

/* ---- who is freezing ---- */

static const char *const freeze_functions[] = { "freeze_super", "sb_wait_write", NULL };

const char *fs_say_freezing(struct iq_diag *d, iq_vaddr sb, uint64_t frozen,
			    const struct iq_task *t)
{
	return iq_arena_printf(d->g->arena,
			       "super_block.s_writers.frozen at %#" PRIx64 " is %" PRIu64
			       " (not complete), and %s (%d) is in freeze_super() with it",
			       sb, frozen, t->comm, t->pid);
}

static enum iq_fit is_freezing(struct iq_diag *d, struct iq_holding *h)
{
	iq_vaddr sb = h->name->container;
	uint64_t frozen;

	if (!iq_peek_member(d->s, sb_type, "s_writers.frozen", sb, &frozen) || !frozen ||
	    frozen == SB_FREEZE_COMPLETE || !iq_stack_mentions(h->stack, sb))
		return IQ_FIT_NO;
	h->said = fs_say_freezing(d, sb, frozen, h->task);
	return IQ_FIT_YES;
}

/* ---- rows ---- */

#define WITH_IT_ON_STACK .mode = IQ_HOLD_READ, .fits = iq_holder_on_stack
#define INSIDE                                                                                     \
	.container = "struct super_block", .mode = IQ_HOLD_READ, .fits = is_inside,                \
	.how = "is inside, and it waits for it to leave"
#define FREEZES                                                                                    \
	.container = "struct super_block", .mode = IQ_HOLD_WRITE, .fits = is_freezing,             \
	.how = "is freezing it", .functions = freeze_functions

const struct iq_holder fs_holders[] = {
	{ WITH_IT_ON_STACK, .container = "struct super_block", .member = "s_umount",
	  .functions = s_umount_functions },
	{ WITH_IT_ON_STACK, .container = "struct inode", .member = "i_rwsem",
	  .functions = i_rwsem_functions },
	{ WITH_IT_ON_STACK, .container = "struct inode", .member = "i_data.invalidate_lock",
	  .functions = invalidate_functions },
	{ INSIDE, .member = "s_writers.rw_sem[0]", .functions = write_functions },
	{ INSIDE, .member = "s_writers.rw_sem[1]", .functions = fault_functions },
	{ INSIDE, .member = "s_writers.rw_sem[2]", .functions = work_functions },
	{ FREEZES, .member = "s_writers.rw_sem[0]" },
	{ FREEZES, .member = "s_writers.rw_sem[1]" },
	{ FREEZES, .member = "s_writers.rw_sem[2]" },
	{ .symbol = "namespace_sem", .mode = IQ_HOLD_READ, .functions = namespace_functions },
	{ 0 },
};
