/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rt_mutexes, and the locks that PREEMPT_RT makes of them
 *
 * task_struct.pi_blocked_on leads from a task to the rt_mutex that it waits for. On PREEMPT_RT
 * mutexes, rw_semaphores, spinlocks and rwlocks are made of one. Nothing in it says of which: the
 * nearest function on the stack does, because a task on its way to sleep in mutex_lock() may have
 * to wait for a spinlock. Where the compiler has left no frame of it, the lock is called an
 * rt_mutex, which it is as well.
 *
 * A writer that has the rt_mutex of an rwbase_rt, and waits for the readers inside, is recorded
 * nowhere. Its lock is the pointer in a register or on its stack whose owner it is.
 *
 * Readers go on coming in as long as such a writer waits: only one that has the lock stops them.
 *
 * Kernel: kernel/locking/rtmutex.c, rtmutex_api.c, rwbase_rt.c, rwsem.c, spinlock_rt.c.
 */
#include "rt.h"

#include "holders.h"
#include "inquest/waitq.h"

const char *const lock_rtmutex_functions[] = {
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

/* These say that it is a lock with readers; who calls them, which. */
const char *const lock_rwbase_functions[] = { "rwbase_write_lock", "down_write",
					      "down_write_killable", "rt_write_lock", NULL };

static const char *const rwbase_inner[] = { "rwbase_write_lock", "rwbase_read_lock",
					    "__rwbase_read_lock", NULL };

static const char *const reading[] = {
	"rwbase_read_lock",	   "__rwbase_read_lock", "down_read", "down_read_killable",
	"down_read_interruptible", "rt_read_lock",	 NULL
};

/* The lock of PREEMPT_RT that a task takes from this frame on; NULL: not known. */
static const struct iq_lock_kind *kind_on_stack(const struct iq_sleeper *who)
{
	struct iq_session *s = who->d->s;
	int inner = iq_stack_find(who->stack, who->frame, rwbase_inner), nearest = -1;
	const struct iq_lock_kind *found = NULL, *rwsem = &iq_lock_kinds[IQ_LOCK_RWSEM];

	for (size_t i = 0; i < IQ_NUM_LOCKS; i++) {
		const struct iq_lock_kind *kind = &iq_lock_kinds[i];
		int at;

		if (!kind->rt_owner || iq_lock_rt_offset(s, kind) < 0)
			continue;
		at = iq_stack_find(who->stack, who->frame, kind->functions);
		if (at >= 0 && (nearest < 0 || at < nearest)) {
			nearest = at;
			found = kind;
		}
	}
	/* rwlocks call these, rw_semaphores may be left for them without a frame. */
	if (inner >= 0 && (nearest < 0 || nearest > inner + 1))
		return iq_lock_rt_offset(s, rwsem) >= 0 ? rwsem : NULL;
	return found;
}

static const char *how_held(const struct iq_lock_kind *kind, const struct iq_lock_words *words)
{
	if (!kind->rt_readers)
		return "holds it";
	if (words->held)
		return "holds it for write";
	return words->draining ? "is taking it for write" : "is about to take it";
}

/* A lock on PREEMPT_RT, or an rt_mutex everywhere. */
struct iq_error *lock_explain_rtmutex(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	static const char *const futex[] = { "futex_lock_pi", "futex_wait_requeue_pi", NULL };
	static const struct iq_lock_kind *const rtmutex = &iq_lock_kinds[IQ_LOCK_RTMUTEX];
	const struct iq_lock_kind *kind = kind_on_stack(who);
	const char *cls = kind ? kind->cls : rtmutex->cls, *member = "rt_mutex.owner", *type;
	struct iq_lock_words words, outer = { 0 };
	uint64_t waiter, inner, sleeper;
	struct lock_queue *queue;
	struct iq_wait *w;
	iq_vaddr lock;

	if (!iq_peek_member(d->s, "struct task_struct", "pi_blocked_on", who->task->addr,
			    &waiter) ||
	    !waiter || !iq_peek_member(d->s, rtmutex->waiter, "lock", waiter, &inner) ||
	    !iq_peek_member(d->s, rtmutex->waiter, rtmutex->task, waiter, &sleeper) ||
	    sleeper != who->task->addr || !iq_is_kernel_ptr(d->s, inner))
		return NULL;
	if (iq_stack_find(who->stack, who->frame, futex) >= 0)
		cls = "futex";
	if (!kind)
		kind = rtmutex;
	type = iq_lock_type(d->s, kind);
	lock = inner - (uint64_t)iq_lock_rt_offset(d->s, kind);
	w = iq_diag_wait(who, iq_diag_lock(d, lock, cls, type, who, NULL), IQ_WAIT_LOCK);
	*wait_ret = w;
	if (kind->rt_readers)
		w->mode = iq_stack_find(who->stack, who->frame, reading) >= 0 ? "read" : "write";
	iq_text_add(d->g, &w->evidence,
		    "task_struct.pi_blocked_on leads to the rt_mutex at %#" PRIx64, inner);
	if (kind != rtmutex) {
		iq_text_add(d->g, &w->evidence,
			    "%s %#" PRIx64 ": this rt_mutex is in it, by the function that waits",
			    iq_lock_type_name(type), lock);
		member = iq_arena_printf(iq_scratch(d->s), "%s.%s", iq_lock_type_name(type),
					 kind->rt_owner);
	}
	queue = lock_queue_of(d, kind, lock);
	lock_tell_apart(d, w, queue);
	if (!iq_lock_read(d->s, rtmutex, inner, &words))
		return NULL;
	if (!words.owner) {
		lock_add_first(d, w, queue);
		return NULL;
	}
	iq_lock_read(d->s, kind, lock, &outer);
	lock_add_owner(d, w, lock, &words, member, how_held(kind, &outer));
	return NULL;
}

struct writer_of {
	const struct iq_lock_kind *kind;
	iq_vaddr task;
};

static bool is_its_writer(struct iq_session *s, iq_vaddr lock, void *ctx)
{
	const struct writer_of *of = ctx;
	struct iq_lock_words w;

	/* A task's own stack is full of itself, and such locks are not kept there. */
	return !iq_task_by_stack_addr(s, lock) && iq_lock_read(s, of->kind, lock, &w) &&
	       w.draining && w.owner == of->task;
}

struct iq_error *lock_explain_rwbase_writer(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	struct writer_of of = { kind_on_stack(who), who->task->addr };
	struct iq_lock_words words;
	struct iq_lock_name name;
	struct lock_queue *queue;
	struct iq_wait *w;
	const char *type;
	unsigned num;
	iq_vaddr lock;

	if (!of.kind || !of.kind->rt_readers)
		return NULL;
	lock = iq_stack_search(d->s, who->stack, 0, is_its_writer, &of);
	if (!lock || !iq_lock_read(d->s, of.kind, lock, &words))
		return NULL;
	type = iq_lock_type(d->s, of.kind);
	w = iq_diag_wait(who, iq_diag_lock(d, lock, of.kind->cls, type, who, &name), IQ_WAIT_LOCK);
	*wait_ret = w;
	w->mode = "write";
	num = (unsigned)words.num_readers;
	iq_text_add(d->g, &w->evidence,
		    "%s.%s of %#" PRIx64 " is this task: it waits for %u reader%s to leave",
		    iq_lock_type_name(type), of.kind->rt_owner, lock, num, num == 1 ? "" : "s");
	queue = lock_queue_of(d, of.kind, lock);
	if (num &&
	    !lock_ask_rooms(
		    d, w, queue,
		    (struct iq_holders_wanted){
			    .type = type, .name = &name, .mode = IQ_HOLD_READ, .counted = num }) &&
	    !w->task->out.num)
		lock_search_holders(d, w, who->task, queue, num, "holds it for read");
	return NULL;
}
