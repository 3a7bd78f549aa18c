/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * XFS: buffers, the log, and who has to make room in it
 *
 * Metadata is read and written in xfs_buf; who waits for its I/O sleeps on the buffer's own
 * completion. Changes go to the log: a transaction reserves space there and waits in a queue while
 * there is none, until xfsaild has written back what holds the log's tail. fsync and the like wait
 * until the log has been written that far; it is written by a worker that pushes
 * the committed items, and then by the log's device.
 *
 * ail.c knows what holds the log's tail, locks.c who has an inode or a buffer locked. All of these
 * types are the module's.
 *
 * Kernel: fs/xfs/xfs_buf.c, xfs_log.c, xfs_log_cil.c, xfs_trans_ail.c, xfs_mount.h.
 */
#include "xfs.h"

#include "inquest/storage.h"
#include "inquest/waitq.h"

struct iq_object *xfs_device(struct iq_diag *d, uint64_t target)
{
	uint64_t bdev;

	return iq_peek_member(d->s, "struct xfs_buftarg", "bt_bdev", target, &bdev)
		       ? iq_diag_bdev(d, bdev)
		       : NULL;
}

/* ---- buffers ---- */

static struct iq_error *explain_buf(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	int64_t off = iq_offsetof(d->s, XFS_BUF, "b_iowait");
	struct iq_object *on, *device;
	uint64_t target, block = 0;
	iq_vaddr completion, buf;
	struct iq_wait *w;
	struct iq_edge *e;

	if (off < 0 || !iq_find_completion(d->s, who->task, who->stack, &completion))
		return NULL;
	buf = completion - (uint64_t)off;
	if (!iq_peek_member(d->s, XFS_BUF, "b_target", buf, &target))
		return NULL;
	device = xfs_device(d, target);
	if (!device)
		return NULL;
	if (!iq_peek_member(d->s, XFS_BUF, "b_rhash_key", buf, &block))
		iq_peek_member(d->s, XFS_BUF, "b_bn", buf, &block);
	on = iq_graph_object(d->g, IQ_OBJ_LOCK, "lock:%#" PRIx64, completion);
	on->addr = completion;
	iq_object_str(d->g, on, "class", "completion");
	iq_object_name(d->g, on, "I/O of the XFS buffer of sector %" PRIu64 " of %s", block,
		       iq_device_name(device));
	w = iq_diag_wait(who, on, IQ_WAIT_SLEEP);
	e = iq_graph_edge(d->g, w->task, device, on, IQ_EDGE_SERVES, IQ_PROVEN,
			  "has to read or write the buffer");
	iq_text_add(d->g, &e->evidence, "xfs_buf.b_target at %#" PRIx64 " is %s", buf,
		    iq_device_name(device));
	*wait_ret = w;
	return NULL;
}

/* ---- the log ---- */

static bool is_log(struct iq_session *s, iq_vaddr p, void *ctx)
{
	uint64_t mount, back;

	(void)ctx;
	return iq_peek_member(s, XFS_LOG, "l_mp", p, &mount) && iq_is_kernel_ptr(s, mount) &&
	       iq_peek_member(s, XFS_MOUNT, "m_log", mount, &back) && back == p;
}

bool xfs_is_mount(struct iq_session *s, iq_vaddr mount)
{
	uint64_t log, back, sb, info;

	return iq_is_kernel_ptr(s, mount) && iq_peek_member(s, XFS_MOUNT, "m_log", mount, &log) &&
	       iq_is_kernel_ptr(s, log) && iq_peek_member(s, XFS_LOG, "l_mp", log, &back) &&
	       back == mount && iq_peek_member(s, XFS_MOUNT, "m_super", mount, &sb) &&
	       iq_is_kernel_ptr(s, sb) &&
	       iq_peek_member(s, "struct super_block", "s_fs_info", sb, &info) && info == mount;
}

static bool is_mount(struct iq_session *s, iq_vaddr p, void *ctx)
{
	(void)ctx;
	return xfs_is_mount(s, p);
}

struct log {
	iq_vaddr log;
	uint64_t mount, ail, cil, ail_task, target, data_target;
};

/* The log is on the waiter's stack, or the mount that it is of. */
static bool find_log(struct iq_diag *d, const struct iq_stack *stack, size_t frame, struct log *l)
{
	iq_vaddr mount;

	*l = (struct log){ .log = iq_stack_search(d->s, stack, frame, is_log, NULL) };
	if (!l->log) {
		mount = iq_stack_search(d->s, stack, frame, is_mount, NULL);
		if (!mount || !iq_peek_member(d->s, XFS_MOUNT, "m_log", mount, &l->log))
			return false;
	}
	if (!iq_peek_member(d->s, XFS_LOG, "l_mp", l->log, &l->mount) ||
	    !iq_peek_member(d->s, XFS_LOG, "l_targ", l->log, &l->target))
		return false;
	iq_peek_member(d->s, XFS_MOUNT, "m_ddev_targp", l->mount, &l->data_target);
	iq_peek_member(d->s, XFS_LOG, "l_cilp", l->log, &l->cil);
	if (iq_peek_member(d->s, XFS_LOG, "l_ailp", l->log, &l->ail))
		iq_peek_member(d->s, "struct xfs_ail", "ail_task", l->ail, &l->ail_task);
	return true;
}

/* Kernel threads that hang at work for this log. */
static size_t add_workers(struct iq_diag *d, struct iq_wait *w, const struct log *l)
{
	static const char *const working[] = { "xlog_cil_push_work", "xlog_ioend_work",
					       "xfs_log_worker",     "xfsaild",
					       "xfsaild_push",	     NULL };
	size_t num = 0;

	for (size_t i = 0; i < d->tasks->num_tasks; i++) {
		const struct iq_task *t = &d->tasks->tasks[i];
		const struct iq_stack *stack;
		struct iq_edge *e;

		if (!t->kthread || t->state != 'D' || !t->stack || t->on_cpu ||
		    t->pid == w->task->tid)
			continue;
		stack = iq_task_stack(d->s, t);
		if (t->addr != l->ail_task &&
		    (iq_stack_find(stack, 0, working) < 0 ||
		     !(iq_stack_mentions(stack, l->log) || iq_stack_mentions(stack, l->mount) ||
		       (l->cil && iq_stack_mentions(stack, l->cil)))))
			continue;
		e = iq_graph_edge(d->g, w->task, iq_diag_task(d, t), w->on, IQ_EDGE_SERVES,
				  IQ_STRONG, "has to write the log on");
		iq_text_add(d->g, &e->evidence, "%s (%d) is at work for xlog %#" PRIx64, t->comm,
			    t->pid, l->log);
		num++;
	}
	return num;
}

static struct iq_error *explain_log(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	const struct iq_stack *stack = who->stack;
	static const char *const tail_functions[] = { "xlog_grant_head_wait",
						      "xlog_grant_head_check",
						      "xfs_ail_push_all_sync", NULL };
	struct iq_object *on, *device, *data, *fs;
	struct iq_wait *w;
	struct iq_edge *e;
	uint64_t sb;
	struct log l;
	bool tail;

	if (!find_log(d, stack, who->frame, &l))
		return NULL;
	fs = iq_peek_member(d->s, XFS_MOUNT, "m_super", l.mount, &sb) ? iq_diag_filesystem(d, sb)
								      : NULL;
	if (!fs)
		return NULL;
	on = iq_graph_object(d->g, IQ_OBJ_LOCK, "lock:%#" PRIx64, l.log);
	on->addr = l.log;
	iq_object_str(d->g, on, "class", "journal");
	iq_object_name(d->g, on, "the log of %s", fs->name);
	w = iq_diag_wait(who, on, IQ_WAIT_SLEEP);
	w->certainty = IQ_STRONG;
	iq_text_add(d->g, &w->evidence, "%s (%d) waits in %s() with xlog %#" PRIx64 " in hand",
		    who->task->comm, who->task->pid, stack->frames[who->frame].sym.name, l.log);
	*wait_ret = w;
	/* What is in the log has to be written back first, by xfsaild, to the other device. */
	tail = iq_stack_find(stack, 0, tail_functions) >= 0;
	if (tail && xfs_judge_failed(d, fs, l.ail)) {
		e = iq_graph_edge(d->g, w->task, fs, on, IQ_EDGE_SERVES, IQ_PROVEN,
				  "cannot write back what is in the log");
		iq_text_add(d->g, &e->evidence, "xlog.l_ailp at %#" PRIx64 " is %#" PRIx64, l.log,
			    l.ail);
		return NULL;
	}
	/* A worker waits for the device, its callers for it. */
	if (add_workers(d, w, &l) || (tail && xfs_add_tail_holder(d, w, l.ail)))
		return NULL;
	data = tail ? xfs_device(d, l.data_target) : NULL;
	if (data && iq_disk_may_owe(d, data->addr)) {
		e = iq_graph_edge(d->g, w->task, data, on, IQ_EDGE_SERVES, IQ_STRONG,
				  "has to take what is in the log");
		iq_text_add(d->g, &e->evidence, "xfs_mount.m_ddev_targp at %#" PRIx64 " is %s",
			    l.mount, iq_device_name(data));
		return NULL;
	}
	device = xfs_device(d, l.target);
	if (!device)
		return NULL;
	e = iq_graph_edge(d->g, w->task, device, on, IQ_EDGE_SERVES, IQ_STRONG,
			  "has to write the log");
	iq_text_add(d->g, &e->evidence, "xlog.l_targ at %#" PRIx64 " is %s", l.log,
		    iq_device_name(device));
	return NULL;
}

/* ---- the filesystem ---- */

static struct iq_error *explain_fs(struct iq_diag *d, struct iq_object *o)
{
	const struct iq_attr *fstype = iq_object_attr(o, "fstype");
	uint64_t mount, ail;

	if (o->addr && fstype && fstype->str && !strcmp(fstype->str, "xfs") &&
	    iq_peek_member(d->s, "struct super_block", "s_fs_info", o->addr, &mount) &&
	    xfs_is_mount(d->s, mount) && iq_peek_member(d->s, XFS_MOUNT, "m_ail", mount, &ail))
		xfs_judge_failed(d, o, ail);
	return NULL;
}

static const char *const buf_functions[] = { "xfs_buf_iowait",
					     "__xfs_buf_submit",
					     "xfs_buf_submit",
					     "_xfs_buf_read",
					     "xfs_buf_read_map",
					     "xfs_bwrite",
					     NULL };
static const char *const log_functions[] = {
	"xlog_grant_head_wait",
	"xlog_grant_head_check",
	"xlog_wait_on_iclog",
	"xlog_wait",
	"xfs_log_force",
	"xfs_log_force_seq",
	"xlog_force_lsn",
	"xlog_state_get_iclog_space",
	"xlog_cil_force_seq",
	"xlog_cil_push_now",
	"xlog_cil_commit",
	"xlog_cil_order_write",
	"xfs_iunpin_wait",
	"__xfs_iunpin_wait",
	"xfs_buf_wait_unpin",
	"xfs_ail_push_all_sync",
	NULL,
};

static const struct iq_wait_rule wait_rules[] = {
	{ .name = "xfs-buffer",
	  .summary = "I/O of an XFS metadata buffer",
	  .reads = "xfs_buf.b_iowait, .b_target; xfs_buftarg.bt_bdev",
	  .seen = "6.1, 7.3",
	  .certainty = IQ_PROVEN,
	  .functions = buf_functions,
	  .explain = explain_buf },
	{ .name = "xfs-log",
	  .summary = "space in XFS's log, or that it is written: who works on it, or its device",
	  .reads = "xlog.l_mp, .l_targ, .l_ailp; xfs_ail.ail_task, .ail_head; "
		   "xfs_log_item.li_flags, .li_buf; xfs_buf.b_last_error",
	  .seen = "6.1, 7.3",
	  .certainty = IQ_STRONG,
	  .functions = log_functions,
	  .explain = explain_log },
	{ 0 },
};

static const struct iq_object_rule object_rules[] = {
	{ .name = "xfs-failed",
	  .rank = 1, /* a thaw does not mend it */
	  .summary = "metadata that cannot be written and is tried again for ever",
	  .type = IQ_OBJ_FILESYSTEM,
	  .explain = explain_fs },
	{ 0 },
};

static const char *const types[] = { "struct xfs_mount", "struct xlog", NULL };

const struct iq_module iq_module_xfs = {
	.api = IQ_MODULE_API,
	.name = "xfs",
	.summary = "XFS: metadata buffers, the log and who writes it, inodes and buffers locked",
	.needs_types = types,
	.wait_rules = wait_rules,
	.object_rules = object_rules,
	.lock_namers = xfs_lock_namers,
	.holder_rules = xfs_holder_rules,
	.holders = xfs_holders,
};
