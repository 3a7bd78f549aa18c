/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * XFS: the locks of inodes and buffers
 *
 * An xfs_inode has an rw_semaphore of its own below the VFS's (i_lock): writers are recorded,
 * readers are not. A buffer's lock is a semaphore that is 1, which records nobody; but a
 * buffer that was locked for a transaction names it (b_transp), and that its log ticket, and that
 * the task. A buffer that is being read or written synchronously has a task that waits
 * on its b_iowait; asynchronously it stays locked until the device is done.
 *
 * Kernel: fs/xfs/xfs_inode.c, xfs_buf.c, xfs_trans_buf.c, xfs_log_priv.h (xlog_ticket).
 */
#include "xfs.h"

#include "inquest/waitq.h"

enum { XBF_READ = 1, XBF_WRITE = 2, XBF_ASYNC = 16 };

/* ---- names ---- */

static bool name_inode(struct iq_diag *d, iq_vaddr lock, struct iq_lock_name *name_ret)
{
	int64_t off = iq_offsetof(d->s, XFS_INODE, "i_lock");
	int64_t vnode = iq_offsetof(d->s, XFS_INODE, "i_vnode");
	iq_vaddr inode = lock - (uint64_t)off;
	uint64_t mount, sb, of;
	struct iq_object *fs;
	const char *path;

	if (off < 0 || vnode < 0 || !iq_is_kernel_ptr(d->s, inode) ||
	    !iq_peek_member(d->s, XFS_INODE, "i_mount", inode, &mount) ||
	    !xfs_is_mount(d->s, mount) || !iq_peek_member(d->s, XFS_MOUNT, "m_super", mount, &sb) ||
	    !iq_peek_member(d->s, "struct inode", "i_sb", inode + (uint64_t)vnode, &of) || of != sb)
		return false;
	fs = iq_diag_filesystem(d, sb);
	path = iq_path_of_inode(d->s, inode + (uint64_t)vnode);
	*name_ret = (struct iq_lock_name){
		.name = iq_arena_printf(
			iq_scratch(d->s), "XFS's own lock of %s",
			path ? path
			: fs ? iq_arena_printf(iq_scratch(d->s), "an inode of %s", fs->name)
			     : "an inode"),
		.belongs = fs,
		.container = inode,
		.container_type = XFS_INODE,
		.member = "i_lock",
		.certainty = IQ_PROVEN,
	};
	return true;
}

static bool name_buf(struct iq_diag *d, iq_vaddr lock, struct iq_lock_name *name_ret)
{
	int64_t off = iq_offsetof(d->s, XFS_BUF, "b_sema");
	iq_vaddr buf = lock - (uint64_t)off;
	uint64_t mount, target, sector = 0;
	struct iq_object *device;

	if (off < 0 || !iq_is_kernel_ptr(d->s, buf) ||
	    !iq_peek_member(d->s, XFS_BUF, "b_mount", buf, &mount) || !xfs_is_mount(d->s, mount) ||
	    !iq_peek_member(d->s, XFS_BUF, "b_target", buf, &target))
		return false;
	device = xfs_device(d, target);
	if (!device)
		return false;
	iq_peek_member(d->s, XFS_BUF, "b_rhash_key", buf, &sector);
	*name_ret = (struct iq_lock_name){
		.name = iq_arena_printf(iq_scratch(d->s),
					"lock of the XFS buffer of sector %" PRIu64 " of %s",
					sector, iq_device_name(device)),
		.belongs = device,
		.container = buf,
		.container_type = XFS_BUF,
		.member = "b_sema",
		.certainty = IQ_PROVEN,
	};
	return true;
}

static bool identify(struct iq_diag *d, iq_vaddr lock, const char *lock_type,
		     const struct iq_sleeper *waiter, struct iq_lock_name *name_ret)
{
	(void)waiter;
	if (!iq_has_type(d->s, XFS_MOUNT))
		return false;
	if (!strcmp(lock_type, "struct rw_semaphore"))
		return name_inode(d, lock, name_ret);
	if (!strcmp(lock_type, "struct semaphore"))
		return name_buf(d, lock, name_ret);
	return false;
}

/* ---- buffers ---- */

const struct iq_task *xfs_buf_owner(struct iq_diag *d, iq_vaddr buf)
{
	uint64_t trans, ticket, task;

	return iq_peek_member(d->s, XFS_BUF, "b_transp", buf, &trans) &&
			       iq_is_kernel_ptr(d->s, trans) &&
			       iq_peek_member(d->s, "struct xfs_trans", "t_ticket", trans,
					      &ticket) &&
			       iq_is_kernel_ptr(d->s, ticket) &&
			       iq_peek_member(d->s, "struct xlog_ticket", "t_task", ticket, &task)
		       ? iq_task_by_addr(d->s, task)
		       : NULL;
}

static bool find_buf_holder(struct iq_diag *d, struct iq_wait *w,
			    const struct iq_holders_wanted *wanted)
{
	const struct iq_lock_name *name = wanted->name;
	const struct iq_task *t;
	iq_vaddr buf = name->container;
	uint64_t flags = 0;
	struct iq_edge *e;

	if (!name->container_type || strcmp(name->container_type, XFS_BUF))
		return false;
	t = xfs_buf_owner(d, buf);
	if (t && t->pid != w->task->tid) {
		e = iq_graph_edge(d->g, w->task, iq_diag_task(d, t), w->on, IQ_EDGE_OWNER,
				  IQ_STRONG, "has it locked in its transaction");
		iq_text_add(d->g, &e->evidence,
			    "xfs_buf.b_transp at %#" PRIx64 " leads to the xlog_ticket of %s (%d)",
			    buf, t->comm, t->pid);
		return true;
	}
	/* Nobody waits for asynchronous I/O: else it is whoever does. */
	iq_peek_member(d->s, XFS_BUF, "b_flags", buf, &flags);
	if (!(flags & XBF_ASYNC) || !(flags & (XBF_READ | XBF_WRITE)) || !name->belongs)
		return false;
	e = iq_graph_edge(d->g, w->task, name->belongs, w->on, IQ_EDGE_SERVES, IQ_STRONG,
			  "has to %s the buffer, which stays locked until then",
			  flags & XBF_WRITE ? "write" : "read");
	iq_text_add(d->g, &e->evidence,
		    "xfs_buf.b_flags at %#" PRIx64 " is %#" PRIx64 ": asynchronous I/O", buf,
		    flags & 0xffffffff);
	return true;
}

/* ---- who holds them ---- */

static const char *const io_functions[] = { "xfs_buf_iowait", NULL };

static enum iq_fit waits_for_io(struct iq_diag *d, struct iq_holding *h)
{
	int64_t off = iq_offsetof(d->s, XFS_BUF, "b_iowait");
	iq_vaddr completion;

	if (off < 0 || h->task->state != 'D' ||
	    !iq_find_completion(d->s, h->task, h->stack, &completion) ||
	    completion != h->name->container + (uint64_t)off)
		return IQ_FIT_NO;
	h->said = iq_arena_printf(d->g->arena, "%s (%d) sleeps on xfs_buf.b_iowait of %#" PRIx64,
				  h->task->comm, h->task->pid, h->name->container);
	return IQ_FIT_YES;
}

/*
 * Readers of i_lock: tasks that sleep in XFS with the inode in hand, and do not wait for it. The
 * word may be a former call's, so that they are likely ones, however well their number fits.
 */
static enum iq_fit has_inode(struct iq_diag *d, struct iq_holding *h)
{
	return h->task->state == 'D' || h->task->state == 'S' ? iq_holder_on_stack(d, h)
							      : IQ_FIT_NO;
}

const struct iq_holder xfs_holders[] = {
	{ .container = XFS_BUF,
	  .member = "b_sema",
	  .mode = IQ_HOLD_WRITE,
	  .functions = io_functions,
	  .proof = IQ_HOLDER_RECORDED,
	  .how = "has it locked and waits for its I/O",
	  .fits = waits_for_io },
	{ .container = XFS_INODE,
	  .member = "i_lock",
	  .mode = IQ_HOLD_READ,
	  .module = "xfs",
	  .proof = IQ_HOLDER_LIKELY,
	  .fits = has_inode },
	{ 0 },
};

const struct iq_lock_namer xfs_lock_namers[] = {
	{ .name = "xfs", .identify = identify },
	{ 0 },
};

const struct iq_holder_rule xfs_holder_rules[] = {
	{ .name = "xfs-buffer",
	  .summary = "the transaction that has an XFS buffer locked, or its device",
	  .lock_type = "struct semaphore",
	  .find = find_buf_holder },
	{ 0 },
};
