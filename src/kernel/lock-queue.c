/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who waits for a lock, by the lock's address
 *
 * Queues hang on their locks in three ways:
 *
 *	list_head in the lock		mutex, rw_semaphore, semaphore of most kernels; the wait
 *					queues of completions and percpu_rw_semaphores
 *	a pointer to the first waiter	the same locks of the newest kernels: the waiters are a
 *					ring of their own
 *	a red-black tree		rt_mutex, and what PREEMPT_RT makes of one
 *
 * Kernel: include/linux/mutex.h, rwsem.h, semaphore.h, rtmutex.h, wait.h, swait.h;
 * kernel/locking/rtmutex_common.h.
 */
#include "inquest/lock.h"

#include "kernel/session.h"

enum { MAX_ENTRIES = 100000, NEWCOMERS = 1000 };

void iq_lock_queue_deinit(struct iq_lock_queue *queue)
{
	iq_vec_free(&queue->list);
}

struct reading {
	struct iq_session *s;
	const struct iq_lock_kind *kind;
	int64_t head, first; /* in the lock; one of them is -1 */
	int64_t links, task, mode;
	bool is_tree;
	struct iq_lock_queue *queue;
	size_t max;
	struct iq_map seen;
	bool circles; /* back to a waiter, not to the lock */
};

/* Poll's entries name no task but a struct of their own, which is on the task's stack. */
static iq_vaddr task_of(struct iq_session *s, iq_vaddr private)
{
	uint64_t task;

	if (iq_task_by_addr(s, private))
		return private;
	if (private && iq_peek_member(s, "struct poll_wqueues", "polling_task", private, &task) &&
	    iq_task_by_addr(s, task))
		return task;
	return 0;
}

static bool add_node(void *ctx, iq_vaddr node)
{
	struct reading *r = ctx;
	struct iq_lock_waiter w = { .waiter = node - (uint64_t)r->links, .mode = IQ_LOCK_WAITS };
	uint64_t task = 0;
	uint32_t mode = 0;

	r->circles = iq_map_get(&r->seen, node) != NULL;
	if (r->circles)
		return true;
	iq_map_set(&r->seen, node, 1);
	iq_peek_u64(r->s, w.waiter + (uint64_t)r->task, &task);
	w.task = r->kind->id == IQ_LOCK_WAITQUEUE ? task_of(r->s, task) : task;
	if (r->mode >= 0 && iq_peek_u32(r->s, w.waiter + (uint64_t)r->mode, &mode))
		w.mode = mode & r->kind->read_mask ? IQ_LOCK_READS : IQ_LOCK_WRITES;
	iq_vec_push(&r->queue->list, w);
	return r->queue->list.num >= r->max;
}

/* A ring of waiters without a head. */
static struct iq_error *walk_ring(struct reading *r, iq_vaddr first)
{
	iq_vaddr start = first + (uint64_t)r->links, node = start;
	uint64_t next, back;

	for (size_t i = 0; i < r->max; i++) {
		if (!iq_is_kernel_ptr(r->s, node))
			break;
		if (add_node(r, node))
			break;
		if (!iq_peek_u64(r->s, node, &next) || !iq_is_kernel_ptr(r->s, next) ||
		    !iq_peek_u64(r->s, next + 8, &back) || back != node)
			break;
		if (next == start)
			return NULL;
		node = next;
	}
	return iq_error_new(IQ_ERR_CORRUPT, "the queue of waiters does not close at %#" PRIx64,
			    node);
}

static struct iq_error *walk(struct reading *r, iq_vaddr lock)
{
	struct iq_error *err;
	uint64_t waiter;

	if (r->is_tree)
		return iq_rbtree_walk(r->s, lock + (uint64_t)r->head, r->max, add_node, r);
	if (r->head >= 0)
		return iq_list_walk(r->s, lock + (uint64_t)r->head, r->max, add_node, r);
	err = iq_read_u64(r->s, lock + (uint64_t)r->first, &waiter);
	return err || !waiter ? err : walk_ring(r, waiter);
}

/* The members of this kernel's locks of the kind, and of their waiters. */
static bool layout_of(struct reading *r)
{
	int64_t rt = iq_lock_rt_offset(r->s, r->kind);
	const struct iq_lock_kind *in = rt < 0 ? r->kind : &iq_lock_kinds[IQ_LOCK_RTMUTEX];
	const char *type = iq_lock_type(r->s, in);

	if (!in->head)
		return false;
	r->is_tree = rt >= 0;
	r->head = iq_offsetof(r->s, type, in->head);
	if (r->head >= 0 && rt > 0)
		r->head += rt;
	r->first = iq_offsetof(r->s, type, "first_waiter");
	r->links = iq_offsetof(r->s, in->waiter, in->links[0]);
	if (r->links < 0 && in->links[1])
		r->links = iq_offsetof(r->s, in->waiter, in->links[1]);
	r->task = iq_offsetof(r->s, in->waiter, in->task);
	r->mode = in->mode ? iq_offsetof(r->s, in->waiter, in->mode) : -1;
	return r->links >= 0 && r->task >= 0 && (r->head >= 0 || r->first >= 0);
}

struct iq_error *iq_lock_queue_read(struct iq_session *s, const struct iq_lock_kind *kind,
				    iq_vaddr lock, struct iq_lock_queue *queue)
{
	const struct iq_task_list *tasks = iq_tasks(s);
	struct reading r = { .s = s, .kind = kind, .queue = queue };
	const char *type = iq_lock_type(s, kind);
	struct iq_error *err;

	if (!layout_of(&r))
		return iq_error_new(IQ_ERR_UNSUPPORTED,
				    "this kernel's %s is laid out in an unknown way", type);
	/* A task waits in one queue of these; a wait queue has callbacks of others as well. */
	r.max = kind->id == IQ_LOCK_WAITQUEUE ? MAX_ENTRIES
					      : (tasks ? tasks->num_tasks : 0) + NEWCOMERS;
	err = walk(&r, lock);
	iq_map_deinit(&r.seen);
	if (!err && (r.circles || queue->list.num >= r.max))
		err = iq_error_new(IQ_ERR_CORRUPT, "the queue goes in a circle");
	return iq_error_prefix(err, "who waits for the %s at %#" PRIx64, iq_lock_type_name(type),
			       lock);
}
