/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Locks by their address
 *
 * Queues hang on their locks in three ways:
 *
 *	list_head in the lock		mutex, rw_semaphore, semaphore of most kernels; the wait
 *					queues of completions and percpu_rw_semaphores
 *	a pointer to the first waiter	the same locks of the newest kernels: the waiters are a
 *					ring of their own
 *	a red-black tree		rt_mutex
 *
 * Kernel: include/linux/mutex.h, rwsem.h, semaphore.h, rtmutex.h, wait.h, swait.h;
 * kernel/locking/rtmutex_common.h.
 */
#include "queue.h"

enum { MAX_ENTRIES = 100000, NEWCOMERS = 1000, RWSEM_FOR_READ = 1, WQ_FLAG_READER = 0xc };

struct kind {
	const char *types[2]; /* newest name first */
	const char *waiter;
	const char *head;	  /* of the list, in the lock */
	const char *links, *task; /* in the waiter */
	const char *mode;	  /* member that says which way; NULL */
};

static const struct kind kinds[NUM_QUEUE_KINDS] = {
	[QUEUE_MUTEX] = { { "struct mutex" }, "struct mutex_waiter", "wait_list", "list", "task" },
	[QUEUE_RWSEM] = { { "struct rw_semaphore" },
			  "struct rwsem_waiter",
			  "wait_list",
			  "list",
			  "task",
			  "type" },
	[QUEUE_SEMAPHORE] = { { "struct semaphore" },
			      "struct semaphore_waiter",
			      "wait_list",
			      "list",
			      "task" },
	[QUEUE_PERCPU_RWSEM] = { { "struct percpu_rw_semaphore" },
				 "struct wait_queue_entry",
				 "waiters.head",
				 "entry",
				 "private",
				 "flags" },
	/* struct rt_mutex_base since v5.15, 830e6acc8a1c; struct rt_mutex before. */
	[QUEUE_RTMUTEX] = { { "struct rt_mutex_base", "struct rt_mutex" },
			    "struct rt_mutex_waiter",
			    "waiters",
			    NULL, /* see tree_links() */
			    "task" },
	[QUEUE_COMPLETION] = { { "struct completion" },
			       "struct swait_queue",
			       "wait.task_list",
			       "task_list",
			       "task" },
	[QUEUE_WAITQUEUE] = { { "struct wait_queue_head" },
			      "struct wait_queue_entry",
			      "head",
			      "entry",
			      "private" },
};

const char *queue_type(struct iq_session *s, enum queue_kind kind)
{
	const char *const *types = kinds[kind].types;

	return types[1] && !iq_has_type(s, types[0]) ? types[1] : types[0];
}

void queue_deinit(struct queue *q)
{
	iq_vec_free(&q->list);
}

/* ---- queues ---- */

struct reading {
	struct iq_session *s;
	enum queue_kind kind;
	int64_t links, task, mode;
	struct queue *queue;
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
	struct queue_entry e = { .entry = node - (uint64_t)r->links };
	uint64_t task = 0;
	uint32_t mode = 0;

	r->circles = iq_map_get(&r->seen, node) != NULL;
	if (r->circles)
		return true;
	iq_map_set(&r->seen, node, 1);
	iq_peek_u64(r->s, e.entry + (uint64_t)r->task, &task);
	e.task = r->kind == QUEUE_WAITQUEUE ? task_of(r->s, task) : task;
	if (r->mode >= 0 && iq_peek_u32(r->s, e.entry + (uint64_t)r->mode, &mode)) {
		if (r->kind == QUEUE_RWSEM)
			e.mode = mode == RWSEM_FOR_READ ? WAITS_TO_READ : WAITS_TO_WRITE;
		else if (r->kind == QUEUE_PERCPU_RWSEM)
			e.mode = mode & WQ_FLAG_READER ? WAITS_TO_READ : WAITS_TO_WRITE;
	}
	iq_vec_push(&r->queue->list, e);
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

static int64_t tree_links(struct iq_session *s)
{
	int64_t off = iq_offsetof(s, "struct rt_mutex_waiter", "tree.entry");

	return off >= 0 ? off : iq_offsetof(s, "struct rt_mutex_waiter", "tree_entry");
}

struct iq_error *queue_read(struct iq_session *s, enum queue_kind kind, iq_vaddr lock,
			    struct queue *queue)
{
	const struct kind *k = &kinds[kind];
	const char *type = queue_type(s, kind);
	int64_t head = iq_offsetof(s, type, k->head);
	int64_t first = iq_offsetof(s, type, "first_waiter");
	struct reading r = {
		.s = s,
		.kind = kind,
		.links =
			kind == QUEUE_RTMUTEX ? tree_links(s) : iq_offsetof(s, k->waiter, k->links),
		.task = iq_offsetof(s, k->waiter, k->task),
		.mode = k->mode ? iq_offsetof(s, k->waiter, k->mode) : -1,
		.queue = queue,
	};
	const struct iq_task_list *list = iq_tasks(s);
	struct iq_error *err;
	uint64_t waiter;

	/* A task waits in one queue of these; a wait queue has callbacks of others as well. */
	r.max = kind == QUEUE_WAITQUEUE ? MAX_ENTRIES : (list ? list->num_tasks : 0) + NEWCOMERS;
	if (r.links < 0 || r.task < 0 || (head < 0 && first < 0))
		return iq_error_new(IQ_ERR_UNSUPPORTED,
				    "this kernel's %s is laid out in an "
				    "unknown way",
				    type);
	if (kind == QUEUE_RTMUTEX) {
		err = iq_rbtree_walk(s, lock + (uint64_t)head, r.max, add_node, &r);
	} else if (head >= 0) {
		err = iq_list_walk(s, lock + (uint64_t)head, r.max, add_node, &r);
	} else {
		err = iq_read_u64(s, lock + (uint64_t)first, &waiter);
		if (!err && waiter)
			err = walk_ring(&r, waiter);
	}
	iq_map_deinit(&r.seen);
	if (!err && (r.circles || queue->list.num >= r.max))
		err = iq_error_new(IQ_ERR_CORRUPT, "the queue goes in a circle");
	return iq_error_prefix(err, "who waits for the %s at %#" PRIx64, type + strlen("struct "),
			       lock);
}

/* ---- words ---- */

bool mutex_words(struct iq_session *s, iq_vaddr lock, struct mutex_words *w)
{
	if (!iq_peek_member(s, "struct mutex", "owner.counter", lock, &w->word))
		return false;
	w->owner = w->word & ~(uint64_t)MUTEX_OWNER_FLAGS;
	/* MUTEX_FLAG_WAITERS, _HANDOFF, _PICKUP */
	w->waiters = w->word & 1;
	w->handoff = w->word & 2;
	w->pickup = w->word & 4;
	return true;
}

bool rwsem_words_of(struct iq_session *s, iq_vaddr lock, struct rwsem_words *w)
{
	if (!iq_peek_member(s, "struct rw_semaphore", "count.counter", lock, &w->count) ||
	    !iq_peek_member(s, "struct rw_semaphore", "owner.counter", lock, &w->owner_word))
		return false;
	w->has_writer = w->count & RWSEM_LOCKED_BIT;
	/* The topmost bit is a guard against overflow, not a reader. */
	w->num_readers = w->has_writer ? 0 : (w->count & INT64_MAX) >> RWSEM_READERS_SHIFT;
	w->owner = w->owner_word & ~(uint64_t)RWSEM_OWNER_BITS;
	return true;
}

/* The links of an empty queue, or the first of a full one, lead back. */
static bool links_are_whole(struct iq_session *s, const char *type, iq_vaddr lock)
{
	int64_t head = iq_offsetof(s, type, "wait_list");
	int64_t first = iq_offsetof(s, type, "first_waiter");
	uint64_t next, back;

	if (head >= 0)
		return iq_peek_u64(s, lock + (uint64_t)head, &next) && iq_is_kernel_ptr(s, next) &&
		       iq_peek_u64(s, next + 8, &back) && back == lock + (uint64_t)head;
	return first >= 0 && iq_peek_u64(s, lock + (uint64_t)first, &next) &&
	       (!next || iq_task_by_stack_addr(s, next));
}

/* Does nobody stand in its queue? */
static bool queue_is_empty(struct iq_session *s, const char *type, iq_vaddr lock)
{
	int64_t head = iq_offsetof(s, type, "wait_list");
	int64_t first = iq_offsetof(s, type, "first_waiter");
	uint64_t next;

	if (head >= 0)
		return iq_peek_u64(s, lock + (uint64_t)head, &next) &&
		       next == lock + (uint64_t)head;
	return first >= 0 && iq_peek_u64(s, lock + (uint64_t)first, &next) && !next;
}

/* The spinlock and the queue of spinners: mostly 0, and never large. */
static bool spinners_are_sane(struct iq_session *s, const char *type, iq_vaddr lock)
{
	int64_t wait_lock = iq_offsetof(s, type, "wait_lock"), osq = iq_offsetof(s, type, "osq");
	uint32_t word;

	/* Up to a CPU's number and two bits, from bit 16 on; pending and locked below. */
	if (wait_lock >= 0 && (!iq_peek_u32(s, lock + (uint64_t)wait_lock, &word) ||
			       (word & 0xfffe) > 0x100 || word >> 18 > iq_num_cpus(s)))
		return false;
	return osq < 0 || (iq_peek_u32(s, lock + (uint64_t)osq, &word) && word <= iq_num_cpus(s));
}

static struct iq_error *not_a(const char *type, iq_vaddr lock, const char *why)
{
	return iq_error_new(IQ_ERR_CORRUPT, "%#" PRIx64 " does not look like a %s: %s", lock, type,
			    why);
}

struct iq_error *mutex_is_plausible(struct iq_session *s, iq_vaddr lock)
{
	struct mutex_words w;

	if (lock & 7)
		return not_a("mutex", lock, "it is not aligned");
	if (!mutex_words(s, lock, &w))
		return iq_error_fault(lock, "mutex");
	if (w.owner && !iq_task_by_addr(s, w.owner))
		return not_a("mutex", lock, "its owner is no task");
	if (!links_are_whole(s, "struct mutex", lock))
		return not_a("mutex", lock, "its queue does not lead back to it");
	/*
	 * The flags go with the last waiter. What an rw_semaphore remembers of its last reader
	 * looks like a mutex with a flag.
	 */
	if ((w.word & MUTEX_OWNER_FLAGS) && queue_is_empty(s, "struct mutex", lock))
		return not_a("mutex", lock, "it has flags for waiters, and none");
	if (!spinners_are_sane(s, "struct mutex", lock))
		return not_a("mutex", lock, "its spinlock is none");
	return NULL;
}

bool mutex_is_telling(struct iq_session *s, iq_vaddr lock)
{
	int64_t first = iq_offsetof(s, "struct mutex", "first_waiter");
	struct mutex_words w;
	uint64_t waiter;

	if (first < 0)
		return true;
	return mutex_words(s, lock, &w) && w.waiters &&
	       iq_peek_u64(s, lock + (uint64_t)first, &waiter) && waiter != 0;
}

struct iq_error *rwsem_is_plausible(struct iq_session *s, iq_vaddr lock)
{
	struct rwsem_words w;

	if (lock & 7)
		return not_a("rw_semaphore", lock, "it is not aligned");
	if (!rwsem_words_of(s, lock, &w))
		return iq_error_fault(lock, "rw_semaphore");
	/* Bits 3 to 7 of the count have no meaning; more readers than tasks there are not. */
	if ((w.count & 0xf8) || w.num_readers > 1 << 22)
		return not_a("rw_semaphore", lock, "its count is none");
	if (w.has_writer && w.owner && !iq_task_by_addr(s, w.owner))
		return not_a("rw_semaphore", lock, "its owner is no task");
	if (!links_are_whole(s, "struct rw_semaphore", lock))
		return not_a("rw_semaphore", lock, "its queue does not lead back to it");
	if (!spinners_are_sane(s, "struct rw_semaphore", lock))
		return not_a("rw_semaphore", lock, "its spinlock is none");
	return NULL;
}
