/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is said of who has a lock
 *
 * The owner that a word names; the first in the queue, where nobody has it; those whom the rooms
 * know; and where nobody knows them, those whose stacks have the lock's address.
 */
#include "holders.h"

#include "inquest/waitq.h"

/*
 * The owner word said this. A task that we know is the holder, and the kernel's own record proves
 * it; an address that is no task any more is a lock whose holder is gone, if we have seen all
 * tasks. On a live machine the owner may be younger than our list of them: there it counts only if
 * a later look finds the same (iq_engine_wait_key() in src/diag/engine.c).
 */
void lock_add_owner(struct iq_diag *d, struct iq_wait *w, iq_vaddr lock,
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
	if (v) {
		if (has_ended)
			iq_text_add(d->g, &v->evidence,
				    "%s at %#" PRIx64 " is %#" PRIx64 ": %s (%d), a zombie", member,
				    lock, words->owner_word, holder->comm, holder->pid);
		else
			iq_text_add(d->g, &v->evidence,
				    "%s at %#" PRIx64 " is %#" PRIx64
				    ", which is no task of this machine",
				    member, lock, words->owner_word);
		iq_remedy_add(d->g, &v->remedy, IQ_RISK_NONE, NULL,
			      "This is a fault of the kernel or of one of its modules: keep a dump "
			      "and report it");
		iq_remedy_add(d->g, &v->remedy, IQ_RISK_HIGH, NULL,
			      "Restart the machine: nothing else releases the lock");
	}
}

static const struct iq_task *first_of(struct iq_diag *d, const struct lock_queue *q)
{
	const struct iq_task *first = q->num ? iq_task_by_addr(d->s, q->waiters[0].is.task) : NULL;

	return first && !first->unreadable ? first : NULL;
}

/* Nobody holds it: it is the first in the queue who does not come to take it. */
void lock_add_first(struct iq_diag *d, struct iq_wait *w, const struct lock_queue *q)
{
	const struct iq_task *first = first_of(d, q);
	struct iq_edge *e;

	if (!first || first->addr == w->task->addr)
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

bool lock_ask_rooms(struct iq_diag *d, struct iq_wait *w, const struct lock_queue *queue,
		    struct iq_holders_wanted wanted)
{
	struct queue_of q = { d, queue };

	wanted.lock = queue->lock;
	wanted.is_queued = is_queued;
	wanted.queue = &q;
	return iq_diag_find_holders(d, w, &wanted);
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
void lock_search_holders(struct iq_diag *d, struct iq_wait *w, const struct iq_task *self,
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
void lock_tell_apart(struct iq_diag *d, struct iq_wait *w, const struct lock_queue *queue)
{
	const struct iq_task *first = first_of(d, queue);

	if (first)
		w->key = iq_hash_u64(first->addr ^ iq_hash_u64(first->switches));
}
