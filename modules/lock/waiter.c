/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a sleeping task to the lock it sleeps on
 *
 * A task that sleeps on a mutex, an rw_semaphore or a semaphore has its waiter
 * (struct mutex_waiter and so on) in its own stack frame, linked with the
 * waiters of all others. Up to some 6.x the ring of waiters runs through the
 * lock (`wait_list`), so that the one node that is on nobody's stack is the lock. Later
 * the lock only points to its first waiter (`first_waiter`) and the ring has waiters alone; then
 * the lock is a pointer on a waiter's stack, or in a register that was saved
 * there, whose first_waiter is in our ring. BTF says which of the two it is.
 *
 * The waiter is found as a word of the stack that is the task's own address,
 * with a ring around it that closes both ways: a dead copy further down fails that, because it
 * was unlinked when the task woke.
 *
 * Kernel: kernel/locking/mutex.c, rwsem.c, semaphore.c; recorded locks:
 * include/linux/hung_task.h.
 */
#include "waiter.h"

#include "inquest/waitq.h"

enum { MAX_RING = 100000 };

/* What is remembered for the look: the entry of a waiter, and of a task, in its lock's queue. */
static const char known_waiter, known_task;

struct layout {
	int64_t list, task, mode, mode_size; /* in the waiter */
	int64_t wait_list, first_waiter;     /* in the lock; one of them is -1 */
};

static bool layout_of(struct iq_session *s, const struct lock_kind *kind, struct layout *l)
{
	l->list = iq_offsetof(s, kind->waiter_type, "list");
	l->task = iq_offsetof(s, kind->waiter_type, "task");
	l->mode = kind->mode_member ? iq_offsetof(s, kind->waiter_type, kind->mode_member) : -1;
	l->wait_list = iq_offsetof(s, kind->type, "wait_list");
	l->first_waiter = iq_offsetof(s, kind->type, "first_waiter");
	return l->list >= 0 && l->task >= 0 && (l->wait_list >= 0 || l->first_waiter >= 0);
}

/* Does the ring close around this node? Alone in it is right only where the lock is no part of it.
 */
static bool ring_closes(struct iq_session *s, iq_vaddr node, bool may_be_alone)
{
	uint64_t links[2], back;

	if (!iq_peek(s, node, links, sizeof(links)))
		return false;
	if (links[0] == node || links[1] == node)
		return may_be_alone && links[0] == links[1];
	return iq_is_kernel_ptr(s, links[0]) && iq_is_kernel_ptr(s, links[1]) &&
	       iq_peek_u64(s, links[0] + 8, &back) && back == node &&
	       iq_peek_u64(s, links[1], &back) && back == node;
}

/*
 * The next thing on the stack, from word *at on, that looks like a live waiter of this task. Copies
 * of earlier waits can do so too, where a waiter alone in its ring is linked to itself.
 */
static iq_vaddr next_waiter(struct iq_session *s, const struct layout *l,
			    const struct iq_task *task, const struct iq_stack *stack, size_t *at)
{
	while (*at < stack->num_words) {
		size_t i = (*at)++;
		iq_vaddr waiter = stack->sp + 8 * i - (uint64_t)l->task;

		if (stack->words[i] != task->addr || waiter + (uint64_t)l->list < stack->sp)
			continue;
		if (ring_closes(s, waiter + (uint64_t)l->list, l->first_waiter >= 0))
			return waiter;
	}
	return 0;
}

/* A ring of waiters while it is being looked at. */
struct ring {
	IQ_VEC(struct lock_waiter) queue;
	iq_vaddr waiter; /* whose ring it is */
	iq_vaddr lock;
	enum iq_certainty certainty;
	const char *found_by;
};

static void add_waiter(struct iq_session *s, const struct layout *l, iq_vaddr waiter,
		       struct ring *w)
{
	struct lock_waiter entry = { .waiter = waiter };
	uint32_t mode = 0;

	iq_peek_u64(s, waiter + (uint64_t)l->task, &entry.task);
	if (l->mode >= 0)
		iq_peek_u32(s, waiter + (uint64_t)l->mode, &mode);
	entry.mode = mode;
	iq_vec_push(&w->queue, entry);
}

/* Rotate the queue so that the entry at index `at` leads it. */
static void rotate(struct ring *w, size_t at)
{
	struct lock_waiter *tmp = iq_xmalloc(w->queue.num * sizeof(*tmp));

	for (size_t k = 0; k < w->queue.num; k++)
		tmp[k] = w->queue.data[(k + at) % w->queue.num];
	memcpy(w->queue.data, tmp, w->queue.num * sizeof(*tmp));
	free(tmp);
}

/* Nodes of the ring that are on no stack that we know: the lock's head, and waiters newer than our
 * snapshot. */
struct strangers {
	struct {
		iq_vaddr node;
		size_t before; /* index of the first waiter after it */
	} list[8];
	size_t num;
};

/* Walk the ring from our waiter. False: it does not close, or too much of it is strange. */
static bool walk_ring(struct iq_session *s, const struct layout *l, struct ring *w,
		      struct strangers *strangers)
{
	iq_vaddr start = w->waiter + (uint64_t)l->list, node = start, next;
	uint64_t back;

	for (size_t i = 0; i < MAX_RING; i++) {
		if (node == start || iq_task_by_stack_addr(s, node)) {
			add_waiter(s, l, node - (uint64_t)l->list, w);
		} else {
			if (strangers->num == IQ_ARRAY_SIZE(strangers->list))
				return false;
			strangers->list[strangers->num].node = node;
			strangers->list[strangers->num++].before = w->queue.num;
		}
		/* Each node has to point back, or the walk could end up in a ring without our
		 * waiter. */
		if (!iq_peek_u64(s, node, &next) || !iq_is_kernel_ptr(s, next) ||
		    !iq_peek_u64(s, next + 8, &back) || back != node)
			return false;
		if (next == start)
			return true;
		node = next;
	}
	return false;
}

/* Which stranger is the lock's list head? */
static bool find_head(struct iq_diag *d, const struct lock_kind *kind, const struct layout *l,
		      const struct iq_stack *stack, const struct strangers *strangers,
		      struct ring *w)
{
	for (size_t i = 0; i < strangers->num; i++) {
		iq_vaddr lock = strangers->list[i].node - (uint64_t)l->wait_list;

		if (strangers->num > 1 && !iq_stack_mentions(stack, lock))
			continue;
		if (kind->is_waited_for && !kind->is_waited_for(d, lock))
			continue;
		w->lock = lock;
		w->certainty = IQ_PROVEN;
		w->found_by = "the head of the list that its waiter is in";
		rotate(w, strangers->list[i].before % w->queue.num);
		return true;
	}
	return false;
}

static bool ring_has(const struct ring *w, iq_vaddr waiter)
{
	iq_vec_foreach(&w->queue, q)
		if (q->waiter == waiter)
			return true;
	return false;
}

static bool is_lock_of_ring(struct iq_diag *d, const struct lock_kind *kind, const struct layout *l,
			    const struct ring *w, iq_vaddr p, iq_vaddr *first_ret)
{
	/* No lock is on a stack; the links between waiters, misread as locks, are. */
	return p && iq_is_kernel_ptr(d->s, p) && !iq_task_by_stack_addr(d->s, p) &&
	       iq_peek_u64(d->s, p + (uint64_t)l->first_waiter, first_ret) &&
	       ring_has(w, *first_ret) && (!kind->is_waited_for || kind->is_waited_for(d, p));
}

/* The lock is one of the pointers on this stack, or saved registers, if it leads back to our ring.
 */
static iq_vaddr search_stack(struct iq_diag *d, const struct lock_kind *kind,
			     const struct layout *l, const struct ring *w,
			     const struct iq_stack *stack, iq_vaddr *first_ret)
{
	for (size_t i = 0; i < stack->num_frames; i++)
		for (unsigned r = 0; r < IQ_NUM_REGS; r++)
			if (stack->frames[i].regs.known & (1u << r) &&
			    is_lock_of_ring(d, kind, l, w, stack->frames[i].regs.r[r], first_ret))
				return stack->frames[i].regs.r[r];
	for (size_t i = 0; i < stack->num_words; i++)
		if (is_lock_of_ring(d, kind, l, w, stack->words[i], first_ret))
			return stack->words[i];
	return 0;
}

static bool find_by_first_waiter(struct iq_diag *d, const struct lock_kind *kind,
				 const struct layout *l, const struct iq_stack *stack,
				 iq_vaddr recorded, struct ring *w)
{
	iq_vaddr first = 0;

	if (is_lock_of_ring(d, kind, l, w, recorded, &first)) {
		w->lock = recorded;
		w->certainty = IQ_PROVEN;
		w->found_by = "task_struct names it, and its first waiter is in our queue";
	} else {
		w->lock = search_stack(d, kind, l, w, stack, &first);
		/* Our own stack failing, those who wait with us know it too. */
		for (size_t i = 0; !w->lock && i < w->queue.num && i < 64; i++) {
			const struct iq_task *other = iq_task_by_addr(d->s, w->queue.data[i].task);

			if (other)
				w->lock = search_stack(d, kind, l, w, iq_task_stack(d->s, other),
						       &first);
		}
		w->certainty = IQ_PROVEN;
		w->found_by = "a pointer on the waiter's stack, whose first waiter is in our queue";
	}
	if (!w->lock)
		return false;
	for (size_t i = 0; i < w->queue.num; i++) {
		if (w->queue.data[i].waiter == first) {
			rotate(w, i);
			break;
		}
	}
	return true;
}

static bool find_lock(struct iq_diag *d, const struct lock_kind *kind, const struct layout *l,
		      const struct iq_stack *stack, iq_vaddr recorded, struct ring *w)
{
	struct strangers strangers = { 0 };

	if (!walk_ring(d->s, l, w, &strangers))
		return false;
	if (l->wait_list >= 0)
		return find_head(d, kind, l, stack, &strangers, w);
	return find_by_first_waiter(d, kind, l, stack, recorded, w);
}

struct lock_queue *lock_queue_new(struct iq_diag *d, iq_vaddr lock,
				  const struct lock_waiter *waiters, size_t num)
{
	struct lock_queue *q = iq_arena_alloc(d->g->arena, sizeof(*q));

	q->lock = lock;
	q->num = num;
	q->waiters = iq_arena_alloc(d->g->arena, num * sizeof(*q->waiters) + 1);
	for (size_t i = 0; i < num; i++) {
		q->waiters[i] = waiters[i];
		q->waiters[i].queue = q;
		iq_diag_remember(d, &known_waiter, waiters[i].waiter, &q->waiters[i]);
		/* A task sleeps in one queue. */
		iq_diag_remember(d, &known_task, waiters[i].task, &q->waiters[i]);
	}
	return q;
}

bool lock_queue_has(const struct iq_diag *d, const struct lock_queue *queue, iq_vaddr task)
{
	const struct lock_waiter *w = iq_diag_recall(d, &known_task, task);

	return w && w->queue == queue;
}

static struct lock_waiter *own_entry(struct lock_queue *q, iq_vaddr waiter)
{
	for (size_t i = 0; i < q->num; i++)
		if (q->waiters[i].waiter == waiter)
			return &q->waiters[i];
	return NULL;
}

struct lock_waiter *lock_wait_find(struct iq_diag *d, const struct lock_kind *kind,
				   const struct iq_task *task, const struct iq_stack *stack,
				   iq_vaddr recorded)
{
	struct lock_waiter *known = NULL;
	struct layout l;
	size_t at = 0;

	if (!layout_of(d->s, kind, &l))
		return NULL;
	while (!known) {
		struct ring ring = { .waiter = next_waiter(d->s, &l, task, stack, &at) };

		if (!ring.waiter)
			return NULL;
		known = iq_diag_recall(d, &known_waiter, ring.waiter);
		if (known)
			break;
		if (find_lock(d, kind, &l, stack, recorded, &ring)) {
			struct lock_queue *q =
				lock_queue_new(d, ring.lock, ring.queue.data, ring.queue.num);

			q->certainty = ring.certainty;
			q->found_by = ring.found_by;
			known = own_entry(q, ring.waiter);
		}
		iq_vec_free(&ring.queue);
	}
	return known;
}

iq_vaddr lock_recorded(struct iq_diag *d, const struct iq_task *task, unsigned type_low,
		       unsigned type_high)
{
	static const char type[] = "struct task_struct";
	uint64_t value;
	struct iq_member m;
	struct iq_type t;
	struct iq_error *err;

	/* The lock and its type in the low two bits, since v6.16; only while it sleeps. */
	if (iq_peek_member(d->s, type, "blocker", task->addr, &value) && value &&
	    (value & 3) >= type_low && (value & 3) <= type_high)
		return value & ~3ULL;
	if (type_low != 0)
		return 0;
	/* A struct mutex * since v6.17; the struct mutex_waiter * of older debugging kernels is
	 * none. */
	err = iq_type_by_name(d->s, type, &t);
	if (!err)
		err = iq_type_member(t, "blocked_on", &m);
	if (err) {
		iq_error_free(err);
		return 0;
	}
	if (strcmp(iq_type_name(iq_type_strip(iq_type_target(iq_type_strip(m.type)))), "mutex") ||
	    !iq_peek_member(d->s, type, "blocked_on", task->addr, &value) ||
	    !iq_is_kernel_ptr(d->s, value))
		return 0;
	return value;
}
