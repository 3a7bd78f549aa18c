/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Kernel locks that sleep: mutex, rw_semaphore, percpu_rw_semaphore, semaphore,
 * rt_mutex
 *
 * What each records of its holder:
 *
 *	mutex			owner word: the task, three flag bits
 *	rw_semaphore		count: bit 0 a writer has it, bit 1 somebody waits, from bit 8 on
 *the number of readers; owner: the writer, or a reader that came by once percpu_rw_semaphore
 *readers only as a sum of per-CPU counts, the writer not at all semaphore		last_holder
 *since v6.17 (a hint), nothing before rt_mutex		owner word: the task, flag in bit 0
 *
 * Readers and percpu writers are found by the rooms that own the lock (struct
 * iq_holder_rule), else by looking for the lock's address on the stacks of tasks
 * that sleep elsewhere.
 *
 * Kernel: kernel/locking/ (mutex.h, rwsem.c, percpu-rwsem.c, semaphore.c, rtmutex_common.h).
 */
#include "waiter.h"

#include "inquest/waitq.h"
#include "queue.h"

enum {
	MUTEX_FLAGS = 7,
	MUTEX_FLAG_WAITERS = 1,
	MUTEX_FLAG_PICKUP = 4,
	RWSEM_WRITER_LOCKED = 1,
	RWSEM_FLAG_WAITERS = 2,
	RWSEM_READER_SHIFT = 8,
	RWSEM_OWNER_FLAGS = 7,
	RWSEM_READER_OWNED = 1,
	RWSEM_WAITING_FOR_READ = 1,
	MAX_WAITERS = 100000,
};

/* ---- words of locks ---- */

static bool mutex_owner(struct iq_diag *d, iq_vaddr lock, uint64_t *owner_ret)
{
	return iq_peek_member(d->s, "struct mutex", "owner.counter", lock, owner_ret);
}

/* The owner is nobody or something like a task; somebody is said to wait. */
static bool mutex_is_waited_for(struct iq_diag *d, iq_vaddr lock)
{
	uint64_t owner;

	if (!mutex_owner(d, lock, &owner) || !(owner & MUTEX_FLAG_WAITERS))
		return false;
	owner &= ~(uint64_t)MUTEX_FLAGS;
	return !owner || iq_is_kernel_ptr(d->s, owner);
}

static bool rwsem_words(struct iq_diag *d, iq_vaddr lock, uint64_t *count_ret, uint64_t *owner_ret)
{
	return iq_peek_member(d->s, "struct rw_semaphore", "count.counter", lock, count_ret) &&
	       iq_peek_member(d->s, "struct rw_semaphore", "owner.counter", lock, owner_ret);
}

static bool rwsem_is_waited_for(struct iq_diag *d, iq_vaddr lock)
{
	uint64_t count, owner;

	if (!rwsem_words(d, lock, &count, &owner))
		return false;
	owner &= ~(uint64_t)RWSEM_OWNER_FLAGS;
	return (count & RWSEM_FLAG_WAITERS) && (!owner || iq_is_kernel_ptr(d->s, owner));
}

static const struct lock_kind mutex_kind = {
	.cls = "mutex",
	.type = "struct mutex",
	.waiter_type = "struct mutex_waiter",
	.is_waited_for = mutex_is_waited_for,
};

static const struct lock_kind rwsem_kind = {
	.cls = "rwsem",
	.type = "struct rw_semaphore",
	.waiter_type = "struct rwsem_waiter",
	.mode_member = "type",
	.is_waited_for = rwsem_is_waited_for,
};

static const struct lock_kind semaphore_kind = {
	.cls = "semaphore",
	.type = "struct semaphore",
	.waiter_type = "struct semaphore_waiter",
};

/* ---- holders ---- */

/*
 * The owner word said this. A task that we know is the holder, and the kernel's own record proves
 * it; an address that is no task any more is a lock whose holder is gone, if we have seen all
 * tasks. On a live machine the owner may be younger than our list of them: there it counts only if
 * a later look finds the same (iq_engine_wait_key() in src/diag/engine.c).
 */
static void add_owner(struct iq_diag *d, struct iq_wait *w, iq_vaddr lock, iq_vaddr owner,
		      const char *member, uint64_t word, const char *how)
{
	const struct iq_task *holder = iq_task_by_addr(d->s, owner);
	bool has_ended = holder && !holder->unreadable && holder->exit_state && !holder->on_cpu;
	struct iq_verdict *v;
	struct iq_edge *e;

	if (holder && !holder->unreadable && !has_ended) {
		e = iq_graph_edge(d->g, w->task, iq_diag_task(d, holder), w->on, IQ_EDGE_OWNER,
				  IQ_PROVEN, "%s", how);
		iq_text_add(d->g, &e->evidence, "%s at %#" PRIx64 " is %#" PRIx64 ": task %d (%s)",
			    member, lock, word, holder->pid, holder->comm);
		return;
	}
	if (!has_ended && (holder || d->tasks->err || d->tasks->num_unreadable)) {
		iq_text_add(d->g, &w->evidence,
			    "%s at %#" PRIx64 " is %#" PRIx64 ", a task that could not be read",
			    member, lock, word);
		return;
	}
	v = iq_object_verdict(d->g, w->on, IQ_CAUSE_TASK_GONE, IQ_STRONG,
			      "%s was never released by its owner, a task that %s", w->on->name,
			      has_ended ? "has ended" : "no longer exists");
	if (!v->evidence.num) {
		if (has_ended)
			iq_text_add(d->g, &v->evidence,
				    "%s at %#" PRIx64 " is %#" PRIx64 ": %s (%d), a zombie", member,
				    lock, word, holder->comm, holder->pid);
		else
			iq_text_add(d->g, &v->evidence,
				    "%s at %#" PRIx64 " is %#" PRIx64
				    ", which is no task of this machine",
				    member, lock, word);
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
	const struct iq_task *first = iq_task_by_addr(d->s, q->waiters[0].task);
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
	const struct iq_task *first = iq_task_by_addr(d->s, self->queue->waiters[0].task);

	if (first && !first->unreadable)
		w->key = iq_hash_u64(first->addr ^ iq_hash_u64(first->switches));
}

/* ---- mutex ---- */

static struct iq_error *explain_mutex(struct iq_diag *d, const struct iq_task *task,
				      const struct iq_stack *stack, size_t frame,
				      struct iq_wait **wait_ret)
{
	struct lock_waiter *self =
		lock_wait_find(d, &mutex_kind, task, stack, lock_recorded(d, task, 0, 0));
	struct iq_object *on;
	struct iq_wait *w;
	uint64_t owner;
	iq_vaddr lock;

	(void)frame;
	if (!self)
		return NULL;
	lock = self->queue->lock;
	if (!mutex_owner(d, lock, &owner))
		owner = 0;
	/* It was handed the lock and has only to run: it waits for a CPU. */
	if ((owner & MUTEX_FLAG_PICKUP) && (owner & ~(uint64_t)MUTEX_FLAGS) == task->addr)
		return NULL;
	on = iq_diag_lock(d, lock, "mutex", "struct mutex", task, stack, NULL);
	w = iq_diag_wait(d, task, stack, on, IQ_WAIT_LOCK);
	w->certainty = self->queue->certainty;
	tell_apart(d, w, self);
	iq_text_add(d->g, &w->evidence, "mutex %#" PRIx64 ": %s", lock, self->queue->found_by);
	if (owner & ~(uint64_t)MUTEX_FLAGS)
		add_owner(d, w, lock, owner & ~(uint64_t)MUTEX_FLAGS, "mutex.owner", owner,
			  owner & MUTEX_FLAG_PICKUP ? "was handed it" : "holds it");
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
		if (q->mode != RWSEM_WAITING_FOR_READ)
			return iq_task_by_addr(d->s, q->task);
	return NULL;
}

/* Who holds it for read: asked of the rooms, then of the stacks. */
static void add_readers(struct iq_diag *d, struct iq_wait *w, const struct iq_task *task,
			const struct lock_waiter *self, const struct iq_lock_name *name,
			uint64_t count, uint64_t owner)
{
	unsigned num = (unsigned)IQ_MIN(count >> RWSEM_READER_SHIFT & 0xffffffffffffULL,
					(uint64_t)1 << 30);
	size_t before = w->task->out.num;

	if (!rooms_know_holders(d, w, self->queue, "struct rw_semaphore", name, num) &&
	    w->task->out.num == before)
		search_holders(d, w, task, self->queue, num, "holds it for read");
	iq_text_add(d->g, &w->evidence,
		    "rw_semaphore.count at %#" PRIx64 " is %#" PRIx64 ": held by %u reader%s",
		    self->queue->lock, count, num, num == 1 ? "" : "s");
	(void)owner; /* the last reader that came by: no evidence of who holds it */
}

/* Nobody has it, and the first in the queue has been woken to take it: it waits for a CPU. */
static bool is_free_for(struct iq_diag *d, const struct lock_waiter *self,
			const struct iq_task *task)
{
	uint64_t count, owner;

	return task->state == 'R' && self == self->queue->waiters &&
	       rwsem_words(d, self->queue->lock, &count, &owner) &&
	       !(count & RWSEM_WRITER_LOCKED) && !(count >> RWSEM_READER_SHIFT);
}

static struct iq_error *explain_rwsem(struct iq_diag *d, const struct iq_task *task,
				      const struct iq_stack *stack, size_t frame,
				      struct iq_wait **wait_ret)
{
	const struct iq_task *writer;
	struct iq_lock_name name;
	struct lock_waiter *self =
		lock_wait_find(d, &rwsem_kind, task, stack, lock_recorded(d, task, 2, 3));
	struct iq_object *on;
	struct iq_edge *e;
	struct iq_wait *w;
	uint64_t count, owner;
	iq_vaddr lock;
	bool reads;

	(void)frame;
	if (!self || is_free_for(d, self, task))
		return NULL;
	lock = self->queue->lock;
	on = iq_diag_lock(d, lock, "rwsem", "struct rw_semaphore", task, stack, &name);
	w = iq_diag_wait(d, task, stack, on, IQ_WAIT_LOCK);
	tell_apart(d, w, self);
	reads = self->mode == RWSEM_WAITING_FOR_READ;
	w->mode = reads ? "read" : "write";
	w->certainty = self->queue->certainty;
	iq_text_add(d->g, &w->evidence, "rw_semaphore %#" PRIx64 ": %s", lock,
		    self->queue->found_by);
	*wait_ret = w;
	if (!rwsem_words(d, lock, &count, &owner))
		return NULL;
	writer = reads ? writer_in_front(d, self) : NULL;
	if (count & RWSEM_WRITER_LOCKED) {
		/* The writer counts itself in before it writes its name over that of the last
		 * reader. */
		if (owner & ~(uint64_t)RWSEM_OWNER_FLAGS && !(owner & RWSEM_READER_OWNED))
			add_owner(d, w, lock, owner & ~(uint64_t)RWSEM_OWNER_FLAGS,
				  "rw_semaphore.owner", owner, "holds it for write");
	} else if (count >> RWSEM_READER_SHIFT) {
		add_readers(d, w, task, self, &name, count, owner);
		if (writer && writer != task) {
			/* We could have it together with the readers, were it not for the writer
			 * that is first. */
			iq_vec_foreach(&w->task->out, ep)
				(*ep)->aside = true;
			e = iq_graph_edge(d->g, w->task, iq_diag_task(d, writer), on,
					  IQ_EDGE_QUEUED, IQ_PROVEN,
					  "is queued in front of it, to write");
			iq_text_add(d->g, &e->evidence,
				    "its waiter stands before that of %s (%d) in the queue of "
				    "%#" PRIx64,
				    task->comm, task->pid, lock);
		}
	} else {
		add_first_in_queue(d, w, self);
	}
	return NULL;
}

/* ---- percpu_rw_semaphore ---- */

enum {
	/* WQ_FLAG_CUSTOM, set by readers: 8 up to v6.10, 4 since the flag between them went. */
	WQ_FLAGS_READER = 0xc,
};

/* Live readers of a percpu_rw_semaphore: the sum of its per-CPU counts, modulo 2^32. */
static uint32_t percpu_readers(struct iq_diag *d, iq_vaddr lock)
{
	uint64_t counts;
	uint32_t sum = 0, n;

	if (!iq_peek_member(d->s, "struct percpu_rw_semaphore", "read_count", lock, &counts))
		return 0;
	for (unsigned cpu = 0; cpu < iq_num_cpus(d->s); cpu++)
		if (iq_peek_u32(d->s, iq_per_cpu(d->s, counts, cpu), &n))
			sum += n;
	return sum;
}

struct percpu_entries {
	struct iq_session *s;
	int64_t from_node; /* from an entry's links to its task */
	IQ_VEC(struct lock_waiter) list;
};

static bool add_percpu_waiter(void *ctx, iq_vaddr node)
{
	struct percpu_entries *entries = ctx;
	struct lock_waiter w = { .waiter = node };

	if (iq_peek_u64(entries->s, node + (uint64_t)entries->from_node, &w.task))
		iq_vec_push(&entries->list, w);
	return false;
}

/* Who waits for it: they have its address on their stacks too, and hold nothing of it. */
static struct lock_queue *percpu_queue(struct iq_diag *d, iq_vaddr lock)
{
	static const char known;
	int64_t head = iq_offsetof(d->s, "struct percpu_rw_semaphore", "waiters.head");
	int64_t private = iq_offsetof(d->s, "struct wait_queue_entry", "private");
	int64_t entry = iq_offsetof(d->s, "struct wait_queue_entry", "entry");
	struct percpu_entries entries = { .s = d->s, .from_node = private - entry };
	struct lock_queue *q = iq_diag_recall(d, &known, lock);

	if (q)
		return q;
	if (head >= 0 && private >= 0 && entry >= 0)
		iq_error_free(iq_list_walk(d->s, lock + (uint64_t)head, MAX_WAITERS,
					   add_percpu_waiter, &entries));
	q = lock_queue_new(d, lock, entries.list.data, entries.list.num);
	iq_vec_free(&entries.list);
	iq_diag_remember(d, &known, lock, q);
	return q;
}

static struct iq_error *explain_percpu(struct iq_diag *d, const struct iq_task *task,
				       const struct iq_stack *stack, size_t frame,
				       struct iq_wait **wait_ret)
{
	static const char type[] = "struct percpu_rw_semaphore";
	int64_t waiters = iq_offsetof(d->s, type, "waiters");
	struct iq_lock_name name;
	struct iq_object *on;
	struct iq_wait *w;
	struct iq_wait_entry entry;
	struct lock_queue *queue;
	uint64_t block = 0, writer = 0;
	iq_vaddr lock;

	(void)frame;
	if (waiters < 0 ||
	    !iq_find_wait_entry(d->s, task, stack, "percpu_rwsem_wake_function", &entry))
		return NULL;
	lock = entry.head - (uint64_t)waiters;
	on = iq_diag_lock(d, lock, "percpu-rwsem", type, task, stack, &name);
	w = iq_diag_wait(d, task, stack, on, IQ_WAIT_LOCK);
	w->mode = entry.flags & WQ_FLAGS_READER ? "read" : "write";
	iq_text_add(d->g, &w->evidence,
		    "percpu_rw_semaphore %#" PRIx64
		    ": the head of the wait queue that its entry is in",
		    lock);
	*wait_ret = w;
	iq_peek_member(d->s, type, "block.counter", lock, &block);
	iq_peek_member(d->s, type, "writer.task", lock, &writer);
	queue = percpu_queue(d, lock);
	if (rooms_know_holders(d, w, queue, type, &name, 0))
		return NULL;
	if (writer) {
		/* A writer has closed it and sleeps until the readers inside have gone. */
		add_owner(d, w, lock, writer, "percpu_rw_semaphore.writer", writer,
			  "is taking it for write");
	} else if (block) {
		iq_text_add(d->g, &w->evidence,
			    "percpu_rw_semaphore.block is set and nobody is recorded: a writer "
			    "holds it");
		search_holders(d, w, task, queue, 1, "holds it for write");
	}
	return NULL;
}

/* The writer that waits for the readers inside to leave (rcuwait in percpu_down_write). */
static struct iq_error *explain_percpu_writer(struct iq_diag *d, const struct iq_task *task,
					      const struct iq_stack *stack, size_t frame,
					      struct iq_wait **wait_ret)
{
	static const char type[] = "struct percpu_rw_semaphore";
	int64_t writer_off = iq_offsetof(d->s, type, "writer.task");
	struct iq_lock_name name;
	struct lock_queue *queue;
	struct iq_object *on;
	struct iq_wait *w;
	iq_vaddr lock = 0;
	uint64_t writer;
	uint32_t readers;

	if (writer_off < 0)
		return NULL;
	/* The lock is the pointer, in this frame's registers or on the stack, whose writer is this
	 * task. */
	for (size_t i = 0; i < stack->num_words + IQ_NUM_REGS && !lock; i++) {
		const struct iq_regs *regs = &stack->frames[frame].regs;
		uint64_t p = i < IQ_NUM_REGS ? (regs->known & (1u << i) ? regs->r[i] : 0)
					     : stack->words[i - IQ_NUM_REGS];

		if (iq_is_kernel_ptr(d->s, p) &&
		    iq_peek_u64(d->s, p + (uint64_t)writer_off, &writer) && writer == task->addr)
			lock = p;
	}
	if (!lock)
		return NULL;
	on = iq_diag_lock(d, lock, "percpu-rwsem", type, task, stack, &name);
	w = iq_diag_wait(d, task, stack, on, IQ_WAIT_LOCK);
	w->mode = "write";
	readers = percpu_readers(d, lock);
	iq_text_add(d->g, &w->evidence,
		    "percpu_rw_semaphore.writer at %#" PRIx64
		    " is this task: it waits for %u reader%s to leave",
		    lock, readers, readers == 1 ? "" : "s");
	queue = percpu_queue(d, lock);
	if (readers && !rooms_know_holders(d, w, queue, type, &name, readers))
		search_holders(d, w, task, queue, readers, "holds it for read");
	*wait_ret = w;
	return NULL;
}

/* ---- semaphore ---- */

static struct iq_error *explain_semaphore(struct iq_diag *d, const struct iq_task *task,
					  const struct iq_stack *stack, size_t frame,
					  struct iq_wait **wait_ret)
{
	struct lock_waiter *self =
		lock_wait_find(d, &semaphore_kind, task, stack, lock_recorded(d, task, 1, 1));
	struct iq_object *on;
	struct iq_edge *e;
	struct iq_wait *w;
	struct iq_lock_name name;
	uint64_t holder = 0;
	iq_vaddr lock;

	(void)frame;
	if (!self)
		return NULL;
	lock = self->queue->lock;
	on = iq_diag_lock(d, lock, "semaphore", "struct semaphore", task, stack, &name);
	w = iq_diag_wait(d, task, stack, on, IQ_WAIT_LOCK);
	w->certainty = self->queue->certainty;
	tell_apart(d, w, self);
	iq_text_add(d->g, &w->evidence, "semaphore %#" PRIx64 ": %s", lock, self->queue->found_by);
	*wait_ret = w;
	if (rooms_know_holders(d, w, self->queue, "struct semaphore", &name, 0))
		return NULL;
	/* The last task that got it, where it is recorded; whether it still has it is not. */
	if (iq_peek_member(d->s, "struct semaphore", "last_holder", lock, &holder) && holder &&
	    iq_task_by_addr(d->s, holder)) {
		e = iq_graph_edge(d->g, w->task, iq_diag_task(d, iq_task_by_addr(d->s, holder)), on,
				  IQ_EDGE_MAYBE, IQ_LIKELY, "was the last to get it");
		iq_text_add(d->g, &e->evidence,
			    "semaphore.last_holder at %#" PRIx64 " is %#" PRIx64, lock, holder);
	} else {
		search_holders(d, w, task, self->queue, 0, "may hold it");
	}
	return NULL;
}

/* ---- rt_mutex ---- */

static struct iq_error *explain_rtmutex(struct iq_diag *d, const struct iq_task *task,
					const struct iq_stack *stack, size_t frame,
					struct iq_wait **wait_ret)
{
	static const char *const futex[] = { "futex_lock_pi", "futex_wait_requeue_pi", NULL };
	/* struct rt_mutex_base since v5.15, 830e6acc8a1c; struct rt_mutex before. */
	const char *type = iq_has_type(d->s, "struct rt_mutex_base") ? "struct rt_mutex_base"
								     : "struct rt_mutex";
	uint64_t waiter, lock, owner, who;
	struct iq_object *on;
	struct iq_wait *w;

	if (!iq_peek_member(d->s, "struct task_struct", "pi_blocked_on", task->addr, &waiter) ||
	    !waiter || !iq_peek_member(d->s, "struct rt_mutex_waiter", "lock", waiter, &lock) ||
	    !iq_peek_member(d->s, "struct rt_mutex_waiter", "task", waiter, &who) ||
	    who != task->addr || !iq_is_kernel_ptr(d->s, lock))
		return NULL;
	on = iq_diag_lock(d, lock, iq_stack_find(stack, frame, futex) >= 0 ? "futex" : "rtmutex",
			  type, task, stack, NULL);
	w = iq_diag_wait(d, task, stack, on, IQ_WAIT_LOCK);
	iq_text_add(d->g, &w->evidence,
		    "task_struct.pi_blocked_on leads to the rt_mutex at %#" PRIx64, lock);
	if (iq_peek_member(d->s, type, "owner", lock, &owner) && owner & ~1ULL)
		add_owner(d, w, lock, owner & ~1ULL, "rt_mutex.owner", owner, "holds it");
	*wait_ret = w;
	return NULL;
}

static const char *const mutex_functions[] = {
	"__mutex_lock",
	"__mutex_lock_common",
	"__mutex_lock_slowpath",
	"__mutex_lock_killable_slowpath",
	"__mutex_lock_interruptible_slowpath",
	"__ww_mutex_lock",
	"__ww_mutex_lock_slowpath",
	"mutex_lock",
	"mutex_lock_killable",
	"mutex_lock_interruptible",
	"mutex_lock_io",
	"ww_mutex_lock",
	"ww_mutex_lock_interruptible",
	NULL,
};
static const char *const rwsem_functions[] = {
	"rwsem_down_read_slowpath",
	"rwsem_down_write_slowpath",
	"down_read",
	"down_read_killable",
	"down_read_interruptible",
	"down_write",
	"down_write_killable",
	"__down_read",
	"__down_write",
	"__down_read_common",
	"__down_write_common",
	NULL,
};
static const char *const percpu_functions[] = { "percpu_rwsem_wait", "__percpu_down_read", NULL };
static const char *const percpu_writer_functions[] = { "percpu_down_write", NULL };
static const char *const semaphore_functions[] = {
	"__down",
	"__down_common",
	"___down_common",
	"__down_killable",
	"__down_interruptible",
	"__down_timeout",
	"down",
	"down_killable",
	"down_interruptible",
	"down_timeout",
	NULL,
};
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
	  .functions = mutex_functions,
	  .explain = explain_mutex },
	{ .name = "rwsem",
	  .summary = "an rw_semaphore; its writer, its readers, and the writer that stands in "
		     "front of a reader",
	  .reads = "rwsem_waiter.list, .task, .type; rw_semaphore.wait_list or .first_waiter, "
		   ".count, .owner; task_struct.blocker",
	  .seen = "5.10, 6.1, 6.12, 7.3",
	  .certainty = IQ_PROVEN,
	  .functions = rwsem_functions,
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
	  .functions = semaphore_functions,
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
