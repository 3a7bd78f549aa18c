/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Kernel locks that sleep: mutex, rw_semaphore, percpu_rw_semaphore, semaphore, rt_mutex
 *
 * What their words say is in inquest/lock.h; from the task to its lock leads waiter.c. Here is who
 * has it, and what is said of that.
 *
 * A mutex and an rt_mutex name their owner, an rw_semaphore its writer. Of readers there are only
 * counts. A percpu_rw_semaphore names a writer as long as that waits for the readers inside, and
 * forgets him when he has it. A semaphore remembers who got it last, on the newest kernels.
 *
 * Readers and writers that are not recorded are found by rows of the rooms that own the lock
 * (inquest/holders.h), else by looking for the lock's address on the stacks of tasks that sleep
 * elsewhere.
 */
#include "commands.h"
#include "holders.h"
#include "inquest/waitq.h"
#include "rt.h"

enum { MANY_READERS = 1 << 30 };

/* A wait for the lock in whose queue this entry is. */
static struct iq_wait *wait_in_queue(const struct iq_sleeper *who, const struct iq_lock_kind *kind,
				     const struct lock_waiter *self, struct iq_lock_name *name_ret)
{
	struct iq_diag *d = who->d;
	const struct lock_queue *q = self->queue;
	const char *type = iq_lock_type(d->s, kind);
	struct iq_object *on = iq_diag_lock(d, q->lock, kind->cls, type, who, name_ret);
	struct iq_wait *w = iq_diag_wait(who, on, IQ_WAIT_LOCK);

	w->certainty = q->certainty;
	lock_tell_apart(d, w, q);
	iq_text_add(d->g, &w->evidence, "%s %#" PRIx64 ": %s", iq_lock_type_name(type), q->lock,
		    q->found_by);
	return w;
}

/* ---- mutex ---- */

static struct iq_error *explain_mutex(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	static const struct iq_lock_kind *const kind = &iq_lock_kinds[IQ_LOCK_MUTEX];
	struct iq_diag *d = who->d;
	const struct iq_task *task = who->task;
	struct lock_waiter *self = lock_wait_find(who, kind);
	struct iq_lock_words words = { 0 };
	struct iq_wait *w;

	if (!self)
		return NULL;
	iq_lock_read(d->s, kind, self->queue->lock, &words);
	/* It was handed the lock and has only to run: it waits for a CPU. */
	if (words.pickup && words.owner == task->addr)
		return NULL;
	w = wait_in_queue(who, kind, self, NULL);
	if (words.owner)
		lock_add_owner(d, w, self->queue->lock, &words, "mutex.owner",
			       words.pickup ? "was handed it" : "holds it");
	else
		lock_add_first(d, w, self->queue);
	*wait_ret = w;
	return NULL;
}

/* ---- rw_semaphore ---- */

/* The first writer that stands in front of us in the queue: readers do not overtake it. */
static const struct iq_task *writer_in_front(struct iq_diag *d, const struct lock_waiter *self)
{
	for (const struct lock_waiter *q = self->queue->waiters; q < self; q++)
		if (q->is.mode != IQ_LOCK_READS)
			return iq_task_by_addr(d->s, q->is.task);
	return NULL;
}

/* We could have it together with the readers, were it not for this writer, who is first. */
static void add_writer_in_front(struct iq_diag *d, struct iq_wait *w, const struct iq_task *task,
				const struct lock_waiter *self)
{
	const struct iq_task *writer =
		self->is.mode == IQ_LOCK_READS ? writer_in_front(d, self) : NULL;
	struct iq_edge *e;

	if (!writer || writer == task)
		return;
	iq_vec_foreach(&w->task->out, ep)
		(*ep)->aside = true;
	e = iq_graph_edge(d->g, w->task, iq_diag_task(d, writer), w->on, IQ_EDGE_QUEUED, IQ_PROVEN,
			  "is queued in front of it, to write");
	iq_text_add(d->g, &e->evidence,
		    "its waiter stands before that of %s (%d) in the queue of %#" PRIx64,
		    task->comm, task->pid, self->queue->lock);
}

/*
 * Who holds it for read: asked of the rooms, then of the stacks. The last reader that came by is
 * no evidence of who holds it.
 */
static void add_readers(struct iq_diag *d, struct iq_wait *w, const struct iq_task *task,
			const struct lock_waiter *self, const struct iq_lock_name *name,
			const struct iq_lock_words *words)
{
	unsigned num = (unsigned)IQ_MIN(words->num_readers, (uint64_t)MANY_READERS);
	size_t before = w->task->out.num;

	if (!lock_ask_rooms(d, w, self->queue,
			    (struct iq_holders_wanted){ .type = "struct rw_semaphore",
							.name = name,
							.mode = IQ_HOLD_READ,
							.counted = num }) &&
	    w->task->out.num == before)
		lock_search_holders(d, w, task, self->queue, num, "holds it for read");
	iq_text_add(d->g, &w->evidence,
		    "rw_semaphore.count at %#" PRIx64 " is %#" PRIx64 ": held by %u reader%s",
		    self->queue->lock, words->count, num, num == 1 ? "" : "s");
}

static struct iq_error *explain_rwsem(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	static const struct iq_lock_kind *const kind = &iq_lock_kinds[IQ_LOCK_RWSEM];
	struct iq_diag *d = who->d;
	const struct iq_task *task = who->task;
	struct lock_waiter *self = lock_wait_find(who, kind);
	struct iq_lock_words words;
	struct iq_lock_name name;
	struct iq_wait *w;
	bool readable;

	if (!self)
		return NULL;
	readable = iq_lock_read(d->s, kind, self->queue->lock, &words);
	/* Nobody has it, and the first in the queue was woken to take it: it waits for a CPU. */
	if (readable && !words.held && !words.num_readers && task->state == 'R' &&
	    self == self->queue->waiters)
		return NULL;
	w = wait_in_queue(who, kind, self, &name);
	w->mode = self->is.mode == IQ_LOCK_READS ? "read" : "write";
	*wait_ret = w;
	if (!readable)
		return NULL;
	if (words.owner) {
		lock_add_owner(d, w, self->queue->lock, &words, "rw_semaphore.owner",
			       "holds it for write");
	} else if (words.num_readers) {
		add_readers(d, w, task, self, &name, &words);
		add_writer_in_front(d, w, task, self);
	} else if (!words.held) {
		lock_add_first(d, w, self->queue);
	}
	return NULL;
}

/* ---- percpu_rw_semaphore ---- */

static struct iq_error *explain_percpu(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	static const struct iq_lock_kind *const kind = &iq_lock_kinds[IQ_LOCK_PERCPU_RWSEM];
	struct iq_diag *d = who->d;
	int64_t waiters = iq_offsetof(d->s, kind->types[0], "waiters");
	struct iq_lock_words words = { 0 };
	struct iq_lock_name name;
	struct iq_object *on;
	struct iq_wait *w;
	struct iq_wait_entry entry;
	struct lock_queue *queue;
	iq_vaddr lock;

	if (waiters < 0 ||
	    !iq_find_wait_entry(d->s, who->task, who->stack, "percpu_rwsem_wake_function", &entry))
		return NULL;
	lock = entry.head - (uint64_t)waiters;
	on = iq_diag_lock(d, lock, kind->cls, kind->types[0], who, &name);
	w = iq_diag_wait(who, on, IQ_WAIT_LOCK);
	w->mode = entry.flags & kind->read_mask ? "read" : "write";
	iq_text_add(d->g, &w->evidence,
		    "percpu_rw_semaphore %#" PRIx64
		    ": the head of the wait queue that its entry is in",
		    lock);
	*wait_ret = w;
	iq_lock_read(d->s, kind, lock, &words);
	/* Who waits has the lock's address on the stack too, and holds nothing of it. */
	queue = lock_queue_of(d, kind, lock);
	if (lock_ask_rooms(d, w, queue,
			   (struct iq_holders_wanted){
				   .type = kind->types[0],
				   .name = &name,
				   .mode = IQ_HOLD_WRITE,
				   .counted = 1,
				   .record = "percpu_rw_semaphore.block says that a writer does",
				   .records_only = words.draining || !words.held }))
		return NULL;
	if (words.draining) {
		/* A writer has closed it and sleeps until the readers inside have gone. */
		lock_add_owner(d, w, lock, &words, "percpu_rw_semaphore.writer",
			       "is taking it for write");
	} else if (words.held) {
		iq_text_add(d->g, &w->evidence,
			    "percpu_rw_semaphore.block is set and nobody is recorded: a writer "
			    "holds it");
		lock_search_holders(d, w, who->task, queue, 1, "holds it for write");
	}
	return NULL;
}

struct writer_of {
	iq_vaddr task;
	int64_t writer;
};

static bool is_its_writer(struct iq_session *s, iq_vaddr lock, void *ctx)
{
	const struct writer_of *of = ctx;
	uint64_t writer;

	return iq_peek_u64(s, lock + (uint64_t)of->writer, &writer) && writer == of->task;
}

/*
 * The writer that waits for the readers inside to leave (rcuwait in percpu_down_write). The lock is
 * the pointer, in this frame's registers or those outside of it, or on the stack, whose writer is
 * this task.
 */
static struct iq_error *explain_percpu_writer(const struct iq_sleeper *who,
					      struct iq_wait **wait_ret)
{
	static const struct iq_lock_kind *const kind = &iq_lock_kinds[IQ_LOCK_PERCPU_RWSEM];
	struct iq_diag *d = who->d;
	struct writer_of of = { who->task->addr, iq_offsetof(d->s, kind->types[0], "writer.task") };
	struct iq_lock_name name;
	struct iq_object *on;
	struct iq_wait *w;
	iq_vaddr lock;
	uint32_t readers = 0;
	bool counted;

	lock = of.writer < 0 ? 0
			     : iq_stack_search(d->s, who->stack, who->frame, is_its_writer, &of);
	if (!lock)
		return NULL;
	on = iq_diag_lock(d, lock, kind->cls, kind->types[0], who, &name);
	w = iq_diag_wait(who, on, IQ_WAIT_LOCK);
	w->mode = "write";
	*wait_ret = w;
	counted = iq_percpu_rwsem_readers(d->s, lock, &readers);
	iq_text_add(d->g, &w->evidence,
		    counted ? "percpu_rw_semaphore.writer at %#" PRIx64
			      " is this task: it waits for %u reader%s to leave"
			    : "percpu_rw_semaphore.writer at %#" PRIx64
			      " is this task: it waits for readers to leave",
		    lock, readers, readers == 1 ? "" : "s");
	if ((readers || !counted) &&
	    !lock_ask_rooms(d, w, lock_queue_of(d, kind, lock),
			    (struct iq_holders_wanted){ .type = kind->types[0],
							.name = &name,
							.mode = IQ_HOLD_READ,
							.counted = readers }))
		lock_search_holders(d, w, who->task, lock_queue_of(d, kind, lock), readers,
				    "holds it for read");
	return NULL;
}

/* ---- semaphore ---- */

static struct iq_error *explain_semaphore(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	static const struct iq_lock_kind *const kind = &iq_lock_kinds[IQ_LOCK_SEMAPHORE];
	struct iq_diag *d = who->d;
	const struct iq_task *task = who->task;
	struct lock_waiter *self = lock_wait_find(who, kind);
	struct iq_lock_words words = { 0 };
	const struct iq_task *last;
	struct iq_lock_name name;
	struct iq_edge *e;
	struct iq_wait *w;

	if (!self)
		return NULL;
	w = wait_in_queue(who, kind, self, &name);
	*wait_ret = w;
	if (lock_ask_rooms(d, w, self->queue,
			   (struct iq_holders_wanted){
				   .type = kind->types[0], .name = &name, .mode = IQ_HOLD_WRITE }))
		return NULL;
	/* The last task that got it, where it is recorded; whether it still has it is not. */
	iq_lock_read(d->s, kind, self->queue->lock, &words);
	last = words.last ? iq_task_by_addr(d->s, words.last) : NULL;
	if (last) {
		e = iq_graph_edge(d->g, w->task, iq_diag_task(d, last), w->on, IQ_EDGE_MAYBE,
				  IQ_LIKELY, "was the last to get it");
		iq_text_add(d->g, &e->evidence,
			    "semaphore.last_holder at %#" PRIx64 " is %#" PRIx64, self->queue->lock,
			    words.last);
	} else {
		lock_search_holders(d, w, task, self->queue, 0, "may hold it");
	}
	return NULL;
}

static const char *const percpu_functions[] = { "percpu_rwsem_wait", "__percpu_down_read", NULL };
static const char *const percpu_writer_functions[] = { "percpu_down_write", NULL };
static const char *const rwbase_types[] = { "struct rwbase_rt", NULL };
static const char *const percpu_types[] = { "struct percpu_rw_semaphore", NULL };

static const struct iq_wait_rule wait_rules[] = {
	{ .name = "mutex",
	  .summary = "a mutex, by its waiter on the task's stack; its owner",
	  .reads = "mutex_waiter.list, .task; mutex.wait_list or .first_waiter, .owner; "
		   "task_struct.blocked_on, .blocker",
	  .seen = "6.1",
	  .certainty = IQ_PROVEN,
	  .functions = iq_mutex_functions,
	  .explain = explain_mutex },
	{ .name = "rwsem",
	  .summary = "an rw_semaphore; its writer, its readers, and the writer that stands in "
		     "front of a reader",
	  .reads = "rwsem_waiter.list, .task, .type; rw_semaphore.wait_list or .first_waiter, "
		   ".count, .owner; task_struct.blocker",
	  .seen = "5.10, 6.1, 6.12, 7.3",
	  .certainty = IQ_PROVEN,
	  .functions = iq_rwsem_functions,
	  .explain = explain_rwsem },
	{ .name = "percpu-rwsem",
	  .summary = "a percpu_rw_semaphore that a writer has closed",
	  .reads = "wait_queue_entry.private, .func, .entry; percpu_rw_semaphore.waiters, .block, "
		   ".writer",
	  .seen = "5.10, 6.1, 6.12, 7.3",
	  .certainty = IQ_PROVEN,
	  .functions = percpu_functions,
	  .needs_types = percpu_types,
	  .explain = explain_percpu },
	{ .name = "percpu-rwsem-writer",
	  .summary = "the writer of a percpu_rw_semaphore that waits for the readers inside",
	  .reads = "percpu_rw_semaphore.writer, .read_count",
	  .seen = "5.10, 6.1, 6.12, 7.3",
	  .certainty = IQ_STRONG,
	  .functions = percpu_writer_functions,
	  .needs_types = percpu_types,
	  .explain = explain_percpu_writer },
	{ .name = "semaphore",
	  .summary = "a counting semaphore; its last holder where it is recorded",
	  .reads = "semaphore_waiter.list, .task; semaphore.wait_list or .first_waiter, "
		   ".last_holder; task_struct.blocker",
	  .seen = "",
	  .certainty = IQ_LIKELY,
	  .functions = iq_semaphore_functions,
	  .explain = explain_semaphore },
	{ .name = "rtmutex",
	  .summary = "an rt_mutex, also of a PI futex, and the locks that PREEMPT_RT makes of one; "
		     "its owner",
	  .reads = "task_struct.pi_blocked_on; rt_mutex_waiter.lock; rt_mutex.owner; "
		   "rwbase_rt.readers",
	  .seen = "6.1",
	  .certainty = IQ_PROVEN,
	  .functions = lock_rtmutex_functions,
	  .explain = lock_explain_rtmutex },
	{ .name = "rwbase-writer",
	  .rank = -1, /* rwsem knows whose it is where it is no rwbase */
	  .summary = "PREEMPT_RT: the writer of an rw_semaphore or rwlock that waits for the "
		     "readers inside",
	  .reads = "rwbase_rt.readers, .rtmutex",
	  .seen = "",
	  .certainty = IQ_PROVEN,
	  .functions = lock_rwbase_functions,
	  .needs_types = rwbase_types,
	  .explain = lock_explain_rwbase_writer },
	{ 0 },
};

const struct iq_module iq_module_lock = {
	.api = IQ_MODULE_API,
	.name = "lock",
	.summary = "kernel locks that sleep, and who holds them",
	.wait_rules = wait_rules,
	.dcmds = lock_dcmds,
	.walkers = lock_walkers,
};
