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
 * Readers and writers that are not recorded are found by the rooms that own the lock (struct
 * iq_holder_rule), else by looking for the lock's address on the stacks of tasks that sleep
 * elsewhere.
 */
#include "commands.h"
#include "inquest/waitq.h"
#include "waiter.h"

enum { MANY_READERS = 1 << 30 };

/* ---- holders ---- */

/*
 * The owner word said this. A task that we know is the holder, and the kernel's own record proves
 * it; an address that is no task any more is a lock whose holder is gone, if we have seen all
 * tasks. On a live machine the owner may be younger than our list of them: there it counts only if
 * a later look finds the same (iq_engine_wait_key() in src/diag/engine.c).
 */
static void add_owner(struct iq_diag *d, struct iq_wait *w, iq_vaddr lock,
		      const struct iq_lock_words *words, const char *member, const char *how)
{
	const struct iq_task *holder = iq_task_by_addr(d->s, words->owner);
	bool has_ended = holder && !holder->unreadable && holder->exit_state && !holder->on_cpu;
	struct iq_verdict *v;
	struct iq_edge *e;

	if (holder && !holder->unreadable && !has_ended) {
		e = iq_graph_edge(d->g, w->task, iq_diag_task(d, holder), w->on, IQ_EDGE_OWNER,
				  IQ_PROVEN, "%s", how);
		iq_text_add(d->g, &e->evidence, "%s at %#" PRIx64 " is %#" PRIx64 ": task %d (%s)",
			    member, lock, words->owner_word, holder->pid, holder->comm);
		return;
	}
	if (!has_ended && (holder || d->tasks->err || d->tasks->num_unreadable)) {
		iq_text_add(d->g, &w->evidence,
			    "%s at %#" PRIx64 " is %#" PRIx64 ", a task that could not be read",
			    member, lock, words->owner_word);
		return;
	}
	v = iq_object_verdict(d->g, w->on, IQ_CAUSE_TASK_GONE, IQ_STRONG,
			      "%s was never released by its owner, a task that %s", w->on->name,
			      has_ended ? "has ended" : "no longer exists");
	if (!v->evidence.num) {
		if (has_ended)
			iq_text_add(d->g, &v->evidence,
				    "%s at %#" PRIx64 " is %#" PRIx64 ": %s (%d), a zombie", member,
				    lock, words->owner_word, holder->comm, holder->pid);
		else
			iq_text_add(d->g, &v->evidence,
				    "%s at %#" PRIx64 " is %#" PRIx64
				    ", which is no task of this machine",
				    member, lock, words->owner_word);
		iq_text_add(d->g, &v->remedy,
			    "This is a fault of the kernel or of one of its modules: keep a dump "
			    "and report it");
		iq_text_add(d->g, &v->remedy,
			    "Restart the machine: nothing else releases the lock");
	}
}

/* Nobody holds it: it is the first in the queue who does not come to take it. */
static void add_first_in_queue(struct iq_diag *d, struct iq_wait *w, const struct lock_waiter *self)
{
	const struct lock_queue *q = self->queue;
	const struct iq_task *first = iq_task_by_addr(d->s, q->waiters[0].is.task);
	struct iq_edge *e;

	if (self == q->waiters || !first || first->unreadable || first->addr == w->task->addr)
		return;
	e = iq_graph_edge(d->g, w->task, iq_diag_task(d, first), w->on, IQ_EDGE_QUEUED, IQ_STRONG,
			  "is first in its queue, and nobody holds it");
	iq_text_add(d->g, &e->evidence,
		    "%#" PRIx64 " has no owner; the first waiter in its queue is that of %s (%d)",
		    q->lock, first->comm, first->pid);
}

struct queue_of {
	const struct iq_diag *d;
	const struct lock_queue *queue;
};

static bool is_queued(const void *ctx, iq_vaddr task)
{
	const struct queue_of *q = ctx;

	return lock_queue_has(q->d, q->queue, task);
}

/* Ask the rooms; false: nobody knows all holders. */
static bool rooms_know_holders(struct iq_diag *d, struct iq_wait *w, const struct lock_queue *queue,
			       const char *type, const struct iq_lock_name *name, unsigned num)
{
	struct queue_of q = { d, queue };
	bool known;

	d->is_queued = is_queued;
	d->queue = &q;
	known = iq_diag_find_holders(d, w, queue->lock, type, name, num);
	d->is_queued = NULL;
	d->queue = NULL;
	return known;
}

static void find_candidates(struct iq_diag *d, const struct iq_task *self, struct lock_queue *queue)
{
	queue->searched = true;
	for (size_t i = 0; i < d->tasks->num_tasks; i++) {
		const struct iq_task *t = &d->tasks->tasks[i];

		if (!t->pid || !t->stack || t->on_cpu || t->addr == self->addr ||
		    lock_queue_has(d, queue, t->addr))
			continue;
		if (!iq_stack_mentions(iq_task_stack(d->s, t), queue->lock))
			continue;
		queue->too_many = queue->num_candidates == LOCK_MAX_CANDIDATES;
		if (queue->too_many)
			break;
		queue->candidates[queue->num_candidates++] = t;
	}
}

/* Has one of its callers the lock's address in a register, over the call that sleeps? */
static bool is_in_register(const struct iq_stack *stack, iq_vaddr lock)
{
	for (size_t i = 0; i < stack->num_frames; i++)
		for (unsigned r = 0; r < IQ_NUM_REGS; r++)
			if (stack->frames[i].regs.known & (1u << r) &&
			    stack->frames[i].regs.r[r] == lock)
				return true;
	return false;
}

/*
 * Nobody records these holders: sleeping tasks that have the lock's address on the used part of
 * their stacks, and do not wait for it themselves, are candidates. A word on a stack may be left
 * over from an earlier call whose place a live frame has taken, so that it makes a holder likely at
 * most. Strong are as many candidates as holders, if all of them keep the address in a
 * register for later.
 */
static void search_holders(struct iq_diag *d, struct iq_wait *w, const struct iq_task *self,
			   struct lock_queue *queue, unsigned num, const char *how)
{
	enum iq_certainty certainty;
	struct iq_edge *e;

	if (!queue->searched)
		find_candidates(d, self, queue);
	certainty = num && queue->num_candidates == num && !queue->too_many ? IQ_STRONG : IQ_LIKELY;
	for (size_t i = 0; i < queue->num_candidates; i++)
		if (!is_in_register(iq_task_stack(d->s, queue->candidates[i]), queue->lock))
			certainty = IQ_LIKELY;
	for (size_t i = 0; i < queue->num_candidates; i++) {
		const struct iq_task *t = queue->candidates[i];

		e = iq_graph_edge(d->g, w->task, iq_diag_task(d, t), w->on,
				  certainty == IQ_STRONG ? IQ_EDGE_OWNER : IQ_EDGE_MAYBE, certainty,
				  "%s", how);
		iq_text_add(d->g, &e->evidence,
			    "the lock's address %#" PRIx64 " is on the stack of %s (%d)",
			    queue->lock, t->comm, t->pid);
	}
}

/*
 * Whoever lets go wakes the first in the queue. If that one has run, the lock has moved, even where
 * the same task has it again: the wait of those behind it is another one.
 */
static void tell_apart(struct iq_diag *d, struct iq_wait *w, const struct lock_waiter *self)
{
	const struct iq_task *first = iq_task_by_addr(d->s, self->queue->waiters[0].is.task);

	if (first && !first->unreadable)
		w->key = iq_hash_u64(first->addr ^ iq_hash_u64(first->switches));
}

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
	tell_apart(d, w, self);
	iq_text_add(d->g, &w->evidence, "%s %#" PRIx64 ": %s", type + strlen("struct "), q->lock,
		    q->found_by);
	return w;
}

/* ---- mutex ---- */

static struct iq_error *explain_mutex(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	const struct iq_task *task = who->task;
	static const struct iq_lock_kind *const kind = &iq_lock_kinds[IQ_LOCK_MUTEX];
	struct lock_waiter *self = lock_wait_find(d, kind, task, who->stack);
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
		add_owner(d, w, self->queue->lock, &words, "mutex.owner",
			  words.pickup ? "was handed it" : "holds it");
	else
		add_first_in_queue(d, w, self);
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

	if (!rooms_know_holders(d, w, self->queue, "struct rw_semaphore", name, num) &&
	    w->task->out.num == before)
		search_holders(d, w, task, self->queue, num, "holds it for read");
	iq_text_add(d->g, &w->evidence,
		    "rw_semaphore.count at %#" PRIx64 " is %#" PRIx64 ": held by %u reader%s",
		    self->queue->lock, words->count, num, num == 1 ? "" : "s");
}

static struct iq_error *explain_rwsem(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	const struct iq_task *task = who->task;
	static const struct iq_lock_kind *const kind = &iq_lock_kinds[IQ_LOCK_RWSEM];
	struct lock_waiter *self = lock_wait_find(d, kind, task, who->stack);
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
		add_owner(d, w, self->queue->lock, &words, "rw_semaphore.owner",
			  "holds it for write");
	} else if (words.num_readers) {
		add_readers(d, w, task, self, &name, &words);
		add_writer_in_front(d, w, task, self);
	} else if (!words.held) {
		add_first_in_queue(d, w, self);
	}
	return NULL;
}

/* ---- percpu_rw_semaphore ---- */

static struct iq_error *explain_percpu(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	static const struct iq_lock_kind *const kind = &iq_lock_kinds[IQ_LOCK_PERCPU_RWSEM];
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
	if (rooms_know_holders(d, w, queue, kind->types[0], &name, 0))
		return NULL;
	if (words.draining) {
		/* A writer has closed it and sleeps until the readers inside have gone. */
		add_owner(d, w, lock, &words, "percpu_rw_semaphore.writer",
			  "is taking it for write");
	} else if (words.held) {
		iq_text_add(d->g, &w->evidence,
			    "percpu_rw_semaphore.block is set and nobody is recorded: a writer "
			    "holds it");
		search_holders(d, w, who->task, queue, 1, "holds it for write");
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
	struct iq_diag *d = who->d;
	static const struct iq_lock_kind *const kind = &iq_lock_kinds[IQ_LOCK_PERCPU_RWSEM];
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
	    !rooms_know_holders(d, w, lock_queue_of(d, kind, lock), kind->types[0], &name, readers))
		search_holders(d, w, who->task, lock_queue_of(d, kind, lock), readers,
			       "holds it for read");
	return NULL;
}

/* ---- semaphore ---- */

static struct iq_error *explain_semaphore(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	const struct iq_task *task = who->task;
	static const struct iq_lock_kind *const kind = &iq_lock_kinds[IQ_LOCK_SEMAPHORE];
	struct lock_waiter *self = lock_wait_find(d, kind, task, who->stack);
	struct iq_lock_words words = { 0 };
	const struct iq_task *last;
	struct iq_lock_name name;
	struct iq_edge *e;
	struct iq_wait *w;

	if (!self)
		return NULL;
	w = wait_in_queue(who, kind, self, &name);
	*wait_ret = w;
	if (rooms_know_holders(d, w, self->queue, kind->types[0], &name, 0))
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
		search_holders(d, w, task, self->queue, 0, "may hold it");
	}
	return NULL;
}

/* ---- rt_mutex ---- */

static struct iq_error *explain_rtmutex(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	static const char *const futex[] = { "futex_lock_pi", "futex_wait_requeue_pi", NULL };
	static const struct iq_lock_kind *const kind = &iq_lock_kinds[IQ_LOCK_RTMUTEX];
	struct iq_lock_words words;
	uint64_t waiter, lock, sleeper;
	struct iq_object *on;
	struct iq_wait *w;

	if (!iq_peek_member(d->s, "struct task_struct", "pi_blocked_on", who->task->addr,
			    &waiter) ||
	    !waiter || !iq_peek_member(d->s, kind->waiter, "lock", waiter, &lock) ||
	    !iq_peek_member(d->s, kind->waiter, kind->task, waiter, &sleeper) ||
	    sleeper != who->task->addr || !iq_is_kernel_ptr(d->s, lock))
		return NULL;
	on = iq_diag_lock(d, lock,
			  iq_stack_find(who->stack, who->frame, futex) >= 0 ? "futex" : kind->cls,
			  iq_lock_type(d->s, kind), who, NULL);
	w = iq_diag_wait(who, on, IQ_WAIT_LOCK);
	iq_text_add(d->g, &w->evidence,
		    "task_struct.pi_blocked_on leads to the rt_mutex at %#" PRIx64, lock);
	if (iq_lock_read(d->s, kind, lock, &words) && words.owner)
		add_owner(d, w, lock, &words, "rt_mutex.owner", "holds it");
	*wait_ret = w;
	return NULL;
}

static const char *const percpu_functions[] = { "percpu_rwsem_wait", "__percpu_down_read", NULL };
static const char *const percpu_writer_functions[] = { "percpu_down_write", NULL };
static const char *const rtmutex_functions[] = {
	"rt_mutex_slowlock",
	"__rt_mutex_slowlock",
	"rt_mutex_slowlock_block",
	"rt_mutex_wait_proxy_lock",
	"rt_mutex_lock",
	"rt_mutex_schedule",
	"futex_lock_pi",
	"futex_wait_requeue_pi",
	"rtlock_slowlock_locked",
	"__rt_mutex_slowlock_locked",
	NULL,
};

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
	  .summary = "an rt_mutex, also of a PI futex; its owner",
	  .reads = "task_struct.pi_blocked_on; rt_mutex_waiter.lock; rt_mutex.owner",
	  .seen = "6.1",
	  .certainty = IQ_PROVEN,
	  .functions = rtmutex_functions,
	  .explain = explain_rtmutex },
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
