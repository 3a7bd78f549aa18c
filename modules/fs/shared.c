/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who has locks of superblocks and inodes for read
 *
 * An rw_semaphore counts its readers and does not name them. But some functions
 * are known to sleep only with such a lock held for read: a task in one of them that has
 * the superblock, or the inode, on its stack, and does not wait for the lock itself, is a reader.
 *
 * Kernel: fs/super.c, fs/sync.c, fs/fs-writeback.c, fs/quota/quota.c, fs/readdir.c, fs/namei.c,
 * mm/readahead.c.
 */
#include "shared.h"

#include "inquest/waitq.h"

enum { MAX_FOUND = 32 };

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

static const struct {
	const char *type, *member;
	const char *const *functions;
} known[] = {
	{ "struct super_block", "s_umount", s_umount_functions },
	{ "struct inode", "i_rwsem", i_rwsem_functions },
	{ "struct inode", "i_data.invalidate_lock", invalidate_functions },
};

bool fs_find_shared(struct iq_diag *d, struct iq_wait *w, iq_vaddr lock,
		    const struct iq_lock_name *name, unsigned num)
{
	const char *const *functions = NULL;
	const struct iq_task *found[MAX_FOUND];
	size_t num_found = 0;

	for (size_t i = 0; i < IQ_ARRAY_SIZE(known) && !functions; i++)
		if (name->container_type && !strcmp(known[i].type, name->container_type) &&
		    name->member && !strcmp(known[i].member, name->member))
			functions = known[i].functions;
	if (!functions || !num)
		return false;
	for (size_t i = 0; i < d->tasks->num_tasks && num_found < MAX_FOUND; i++) {
		const struct iq_task *t = &d->tasks->tasks[i];
		const struct iq_stack *stack;

		if (!t->pid || !t->stack || t->on_cpu || t->unreadable || t->exit_state ||
		    t->pid == w->task->tid || (d->is_queued && d->is_queued(d->queue, t->addr)))
			continue;
		stack = iq_task_stack(d->s, t);
		if (iq_stack_find(stack, 0, functions) >= 0 &&
		    (iq_stack_mentions(stack, lock) || iq_stack_mentions(stack, name->container)))
			found[num_found++] = t;
	}
	for (size_t i = 0; i < num_found; i++) {
		const struct iq_stack *stack = iq_task_stack(d->s, found[i]);
		int frame = iq_stack_find(stack, 0, functions);
		bool sure = num_found <= num;
		struct iq_edge *e =
			iq_graph_edge(d->g, w->task, iq_diag_task(d, found[i]), w->on,
				      sure ? IQ_EDGE_OWNER : IQ_EDGE_MAYBE,
				      sure ? IQ_STRONG : IQ_LIKELY, "holds it for read");

		iq_text_add(d->g, &e->evidence,
			    "%s (%d) sleeps inside of %s(), which has it, with %#" PRIx64
			    " on its stack; %u reader%s counted",
			    found[i]->comm, found[i]->pid, stack->frames[frame].sym.name,
			    name->container, num, num == 1 ? " is" : "s are");
	}
	return num_found;
}
