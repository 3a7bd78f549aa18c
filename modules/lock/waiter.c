/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a sleeping task to the lock it sleeps on
 *
 * A task that sleeps on a mutex, an rw_semaphore or a semaphore has its waiter
 * (struct mutex_waiter and so on) in its own stack frame, linked with the
 * waiters of all others. Up to some 6.x the ring of waiters runs through the
 * lock (`wait_list`), so that the one node that is on nobody's stack is the
 * lock. Later the lock only points to its first waiter (`first_waiter`) and the
 * ring has waiters alone; then the lock is a pointer on a waiter's stack, or in
 * a register that was saved there, whose first_waiter is in our ring. BTF says
 * which of the two it is.
 *
 * The waiter is found as a word of the stack that is the task's own address,
 * with a ring around it that closes both ways: a dead copy further down fails
 * that, because it was unlinked when the task woke.
 *
 * Kernel: kernel/locking/mutex.c, rwsem.c, semaphore.c; recorded locks:
 * include/linux/hung_task.h.
 */
#include "waiter.h"

#include "inquest/waitq.h"

enum { MAX_RING = 100000, MAX_STRANGERS = 8, MAX_ASKED = 64 };

/* What is remembered for the look: the entry of a waiter, and of a task, in its lock's queue. */
static const char known_waiter, known_task;

/* A lock while it is being looked for. */
struct search {
	const struct iq_sleeper *who;
	struct iq_session *s;
	const struct iq_lock_kind *kind;
	int64_t list, its_task;		 /* in the waiter */
	int64_t wait_list, first_waiter; /* in the lock; one of them is -1 */

	iq_vaddr waiter;	/* ours */
	IQ_VEC(iq_vaddr) nodes; /* of its ring, on stacks that we know */
	iq_vaddr last;
	/* Nodes on no stack that we know: the lock, and waiters newer than our snapshot. */
	iq_vaddr strangers[MAX_STRANGERS];
	size_t num_strangers;
	bool broken;

	iq_vaddr lock;
	const char *found_by;
};

static bool layout_of(struct search *f)
{
	const char *type = iq_lock_type(f->s, f->kind);

	f->list = iq_offsetof(f->s, f->kind->waiter, f->kind->links[0]);
	f->its_task = iq_offsetof(f->s, f->kind->waiter, f->kind->task);
	f->wait_list = iq_offsetof(f->s, type, f->kind->head);
	f->first_waiter = iq_offsetof(f->s, type, "first_waiter");
	return f->list >= 0 && f->its_task >= 0 && (f->wait_list >= 0 || f->first_waiter >= 0);
}

/* Do the neighbours of this node lead back to it? Alone it may be where no lock is in the ring. */
static bool is_linked(struct iq_session *s, iq_vaddr node, bool may_be_alone)
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
static iq_vaddr next_waiter(const struct search *f, size_t *at)
{
	const struct iq_stack *stack = f->who->stack;

	while (*at < stack->num_words) {
		size_t i = (*at)++;
		iq_vaddr waiter = stack->sp + 8 * i - (uint64_t)f->its_task;
		iq_vaddr node = waiter + (uint64_t)f->list;

		if (stack->words[i] == f->who->task->addr && node >= stack->sp &&
		    is_linked(f->s, node, f->first_waiter >= 0))
			return waiter;
	}
	return 0;
}

/* Each node has to point back, or the walk could end up in a ring without our waiter. */
static bool note_node(void *ctx, iq_vaddr node)
{
	struct search *f = ctx;
	uint64_t back;

	f->broken = !iq_peek_u64(f->s, node + 8, &back) || back != f->last;
	f->last = node;
	if (iq_task_by_stack_addr(f->s, node))
		iq_vec_push(&f->nodes, node);
	else if (f->num_strangers < MAX_STRANGERS)
		f->strangers[f->num_strangers++] = node;
	else
		f->broken = true;
	return f->broken;
}

/* False: the ring around our waiter does not close, or too much of it is strange. */
static bool walk_ring(struct search *f)
{
	iq_vaddr start = f->waiter + (uint64_t)f->list;
	struct iq_error *err;
	bool closes;

	f->last = start;
	iq_vec_push(&f->nodes, start);
	err = iq_list_walk(f->s, start, MAX_RING, note_node, f);
	closes = !err && !f->broken;
	iq_error_free(err);
	return closes;
}

/* Does this look like a lock that somebody waits for: its owner is nobody, or could be a task? */
static bool is_waited_for(const struct search *f, iq_vaddr lock)
{
	struct iq_lock_words w;
	iq_vaddr named;

	if (!iq_lock_read(f->s, f->kind, lock, &w))
		return false;
	if (f->kind->id == IQ_LOCK_SEMAPHORE)
		return true;
	named = w.owner_word & ~7ULL;
	return w.has_waiters && (!named || iq_is_kernel_ptr(f->s, named));
}

/* Which stranger is the lock's list head? */
static bool find_head(struct search *f)
{
	for (size_t i = 0; i < f->num_strangers && !f->lock; i++) {
		iq_vaddr lock = f->strangers[i] - (uint64_t)f->wait_list;

		if ((f->num_strangers == 1 || iq_stack_mentions(f->who->stack, lock)) &&
		    is_waited_for(f, lock))
			f->lock = lock;
	}
	f->found_by = "the head of the list that its waiter is in";
	return f->lock;
}

static bool is_lock_of_ring(struct iq_session *s, iq_vaddr p, void *ctx)
{
	const struct search *f = ctx;
	uint64_t first;

	/* No lock is on a stack; the links between waiters, misread as locks, are. */
	if (iq_task_by_stack_addr(s, p) || !iq_peek_u64(s, p + (uint64_t)f->first_waiter, &first))
		return false;
	iq_vec_foreach(&f->nodes, node)
		if (*node == first + (uint64_t)f->list)
			return is_waited_for(f, p);
	return false;
}

/*
 * The lock and its type in the low two bits, since v6.16 and only while it sleeps uninterruptibly;
 * or a pointer of the lock's type: a struct mutex * since v6.17. The struct mutex_waiter * of older
 * debugging kernels is none.
 */
static iq_vaddr recorded(const struct search *f)
{
	static const char type[] = "struct task_struct";
	struct iq_session *s = f->s;
	struct iq_member m;
	struct iq_type t;
	struct iq_error *err;
	uint64_t value;
	bool fits;

	if (iq_peek_member(s, type, "blocker", f->who->task->addr, &value) && value &&
	    f->kind->blocker_types & 1 << (value & 3))
		return value & ~3ULL;
	err = iq_type_by_name(s, type, &t);
	if (!err)
		err = iq_type_member(t, "blocked_on", &m);
	fits = !err &&
	       !strcmp(iq_type_name(iq_type_strip(iq_type_target(iq_type_strip(m.type)))),
		       iq_lock_type_name(f->kind->types[0])) &&
	       iq_peek_member(s, type, "blocked_on", f->who->task->addr, &value);
	iq_error_free(err);
	return fits ? value : 0;
}

static bool find_by_first_waiter(struct search *f)
{
	iq_vaddr named = recorded(f);

	if (iq_is_kernel_ptr(f->s, named) && is_lock_of_ring(f->s, named, f)) {
		f->lock = named;
		f->found_by = "task_struct names it, and its first waiter is in our queue";
		return true;
	}
	f->lock = iq_stack_search(f->s, f->who->stack, 0, is_lock_of_ring, f);
	/* Our own stack failing, those who wait with us know it too. */
	for (size_t i = 0; !f->lock && i < f->nodes.num && i < MAX_ASKED; i++) {
		const struct iq_task *other = iq_task_by_stack_addr(f->s, f->nodes.data[i]);

		if (other)
			f->lock = iq_stack_search(f->s, iq_task_stack(f->s, other), 0,
						  is_lock_of_ring, f);
	}
	f->found_by = "a pointer on the waiter's stack, whose first waiter is in our queue";
	return f->lock;
}

/* ---- queues ---- */

static struct lock_queue *queue_new(struct iq_diag *d, iq_vaddr lock,
				    const struct iq_lock_queue *read)
{
	struct lock_queue *q = iq_arena_alloc(d->g->arena, sizeof(*q));

	q->lock = lock;
	q->certainty = IQ_PROVEN;
	q->waiters = iq_arena_alloc(d->g->arena, read->list.num * sizeof(*q->waiters) + 1);
	iq_vec_foreach(&read->list, w) {
		struct lock_waiter *entry = &q->waiters[q->num];

		/* Newer than our snapshot. */
		if (!iq_task_by_stack_addr(d->s, w->waiter))
			continue;
		q->num++;
		*entry = (struct lock_waiter){ *w, q };
		iq_diag_remember(d, &known_waiter, w->waiter, entry);
		/* A task sleeps in one queue. */
		iq_diag_remember(d, &known_task, w->task, entry);
	}
	return q;
}

struct lock_queue *lock_queue_of(struct iq_diag *d, const struct iq_lock_kind *kind, iq_vaddr lock)
{
	static const char known;
	struct lock_queue *q = iq_diag_recall(d, &known, lock);
	struct iq_lock_queue read = { 0 };

	if (q)
		return q;
	iq_error_free(iq_lock_queue_read(d->s, kind, lock, &read));
	q = queue_new(d, lock, &read);
	iq_lock_queue_deinit(&read);
	iq_diag_remember(d, &known, lock, q);
	return q;
}

bool lock_queue_has(const struct iq_diag *d, const struct lock_queue *queue, iq_vaddr task)
{
	const struct lock_waiter *w = iq_diag_recall(d, &known_task, task);

	return w && w->queue == queue;
}

/* Our entry in the queue of the lock that this waiter is in; NULL: it is in none. */
static struct lock_waiter *find_entry(struct search *f)
{
	struct lock_waiter *known = iq_diag_recall(f->who->d, &known_waiter, f->waiter);

	if (known)
		return known;
	f->num_strangers = f->nodes.num = 0;
	f->broken = false;
	f->lock = 0;
	if (!walk_ring(f) || !(f->wait_list >= 0 ? find_head(f) : find_by_first_waiter(f)))
		return NULL;
	lock_queue_of(f->who->d, f->kind, f->lock)->found_by = f->found_by;
	return iq_diag_recall(f->who->d, &known_waiter, f->waiter);
}

struct lock_waiter *lock_wait_find(const struct iq_sleeper *who, const struct iq_lock_kind *kind)
{
	struct search f = { .who = who, .s = who->d->s, .kind = kind };
	struct lock_waiter *found = NULL;
	size_t at = 0;

	if (!layout_of(&f))
		return NULL;
	while (!found && (f.waiter = next_waiter(&f, &at)))
		found = find_entry(&f);
	iq_vec_free(&f.nodes);
	return found;
}
