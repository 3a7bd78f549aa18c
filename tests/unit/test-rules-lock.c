/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rules for kernel locks, on made kernels of each layout
 */
#include "test.h"

#include "fakekernel.h"
#include "layouts.h"

static struct fk_task *sleeper(struct fakekernel *k, int32_t pid)
{
	struct fk_task *t = fk_task(k, pid, "holder");

	fk_nanosleep(t);
	return t;
}

static struct fk_task *mutex_waiter(struct fakekernel *k, int32_t pid, iq_vaddr lock)
{
	struct fk_task *t = fk_task(k, pid, "waiter");

	fk_calls(t, "do_something");
	fk_wait_mutex(t, lock);
	return t;
}

static void expect(struct fakekernel *k, const char *causes)
{
	assert_string_equal(fk_causes(k, fk_why(k)), causes);
	fakekernel_free(k);
}

/* ---- mutex ---- */

static void mutex_whose_owner_sleeps(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr lock = fk_mutex(k, "big_lock");

	fk_mutex_take(sleeper(k, 10), lock);
	mutex_waiter(k, 11, lock);
	expect(k, "task.sleeping strong task:10 [11] waiter > mutex big_lock > holder");
}

static void mutex_without_an_owner(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr lock = fk_mutex(k, "big_lock");

	mutex_waiter(k, 11, lock);
	mutex_waiter(k, 12, lock);
	assert_int_equal(fk_why(k)->causes->list.num, 1);
	assert_int_equal(fk_why(k)->causes->list.data[0]->kind, IQ_CAUSE_UNKNOWN);
	fakekernel_free(k);
}

static void mutex_whose_owner_is_gone(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr lock = fk_mutex(k, "big_lock");
	struct fk_task *t = sleeper(k, 10);

	fk_mutex_take(t, lock);
	mutex_waiter(k, 11, lock);
	fk_gone(t);
	assert_non_null(fk_cause(fk_why(k), IQ_CAUSE_TASK_GONE));
	fakekernel_free(k);
}

/* Exited with the lock held; its parent has not asked for it yet. */
static void mutex_whose_owner_is_a_zombie_has_no_owner_any_more(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr lock = fk_mutex(k, "big_lock");
	struct fk_task *t = sleeper(k, 10);

	fk_mutex_take(t, lock);
	mutex_waiter(k, 11, lock);
	fk_task_put(t, f == FK_OLD ? "state" : "__state", 0x80);
	fk_task_put(t, "exit_state", 0x20);
	assert_string_equal(fk_blocked(k, fk_cause(fk_why(k), IQ_CAUSE_TASK_GONE)), "11");
	fakekernel_free(k);
}

static void no_owner_is_gone_where_the_list_of_tasks_is_broken(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr lock = fk_mutex(k, "big_lock");
	struct fk_task *t;

	mutex_waiter(k, 11, lock);
	t = sleeper(k, 12);
	fk_mutex_take(sleeper(k, 13), lock);
	fk_task_put(t, "tasks.next", 0xffff8880deadb000);
	assert_null(fk_cause(fk_why(k), IQ_CAUSE_TASK_GONE));
	assert_true(fk_why(k)->incomplete);
	fakekernel_free(k);
}

static void three_wait_for_one_mutex(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr lock = fk_mutex(k, NULL);

	fk_mutex_take(sleeper(k, 10), lock);
	for (int i = 11; i < 14; i++)
		mutex_waiter(k, i, lock);
	assert_string_equal(fk_blocked(k, fk_cause(fk_why(k), IQ_CAUSE_TASK_SLEEPING)), "11,12,13");
	fakekernel_free(k);
}

static void a_thousand_wait_for_one_rwsem_in_order(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr lock = fk_rwsem(k, "big_sem");
	const struct iq_why *why;

	fk_rwsem_take_write(sleeper(k, 10), lock);
	for (int i = 0; i < 1000; i++) {
		struct fk_task *t = fk_task(k, 1000 + i, "waiter");

		if (i % 3)
			fk_wait_read(t, lock, i % 2);
		else
			fk_wait_write(t, lock, i % 2);
	}
	why = fk_why(k);
	assert_int_equal(why->causes->list.num, 1);
	assert_int_equal(why->causes->list.data[0]->blocked.num, 1000);
	for (size_t i = 0; i < why->graph->waits.num; i++)
		assert_string_equal(why->graph->waits.data[i]->mode,
				    (why->graph->waits.data[i]->task->tid - 1000) % 3 ? "read"
										      : "write");
	fakekernel_free(k);
}

static void cycle_of_two_mutexes_is_a_deadlock(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr a = fk_mutex(k, "lock_a"), b = fk_mutex(k, "lock_b");

	fk_mutex_take(mutex_waiter(k, 10, b), a);
	fk_mutex_take(mutex_waiter(k, 11, a), b);
	mutex_waiter(k, 12, a);
	assert_int_equal(fk_why(k)->causes->list.num, 1);
	assert_string_equal(fk_blocked(k, fk_cause(fk_why(k), IQ_CAUSE_DEADLOCK)), "10,11,12");
	fakekernel_free(k);
}

static void a_task_that_waits_for_its_own_mutex_is_a_deadlock(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr a = fk_mutex(k, "lock_a");

	fk_mutex_take(mutex_waiter(k, 10, a), a);
	assert_string_equal(fk_blocked(k, fk_cause(fk_why(k), IQ_CAUSE_DEADLOCK)), "10");
	fakekernel_free(k);
}

/* MUTEX_FLAG_PICKUP: the lock is kept for a waiter who has been woken and has not run yet. */
static void mutex_handed_to_a_waiter_that_gets_no_cpu(enum fk_flavour f)
{
	enum { WAITERS_AND_PICKUP = 5 };
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr lock = fk_mutex(k, "big_lock");
	struct fk_task *next = mutex_waiter(k, 11, lock);
	const struct iq_cause *cause;
	const struct iq_why *why;

	mutex_waiter(k, 12, lock);
	fk_task_put(next, f == FK_OLD ? "state" : "__state", 0);
	fk_task_put(next, "on_rq", 1);
	fk_put(k, lock, "mutex.owner.counter", next->addr | WAITERS_AND_PICKUP);
	why = fk_why(k);
	assert_int_equal(why->causes->list.num, 1);
	cause = fk_cause(why, IQ_CAUSE_TASK_STARVED);
	assert_non_null(cause);
	assert_string_equal(fk_blocked(k, cause), "12");
	fakekernel_free(k);
}

static void mutex_that_only_task_struct_knows(void **state)
{
	struct fakekernel *k = fakekernel_new(FK_NEW);
	iq_vaddr lock = fk_mutex(k, "big_lock");
	struct fk_task *t;

	(void)state;
	fk_mutex_take(sleeper(k, 10), lock);
	t = mutex_waiter(k, 11, lock);
	/* Take the copy in the switch frame away: rbx is its fifth word. */
	fk_u64(k, t->sp + 32, 0);
	expect(k, "task.sleeping strong task:10 [11] waiter > mutex big_lock > holder");
}

static void mutex_that_only_another_waiters_stack_knows(void **state)
{
	struct fakekernel *k = fakekernel_new(FK_NEW);
	iq_vaddr lock = fk_mutex(k, "big_lock");
	struct fk_task *t;

	(void)state;
	fk_mutex_take(sleeper(k, 10), lock);
	t = mutex_waiter(k, 11, lock);
	mutex_waiter(k, 12, lock);
	fk_u64(k, t->sp + 32, 0);
	fk_task_put(t, "blocked_on", (uint64_t)-1); /* PROXY_WAKING */
	fk_task_put(t, "blocker", 0);
	assert_string_equal(fk_blocked(k, fk_cause(fk_why(k), IQ_CAUSE_TASK_SLEEPING)), "11,12");
	fakekernel_free(k);
}

/* ---- what lies about on stacks ---- */

static void waiters_of_earlier_waits_do_not_count(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr lock = fk_mutex(k, "big_lock"), other = fk_mutex(k, "other_lock");
	iq_vaddr head = f == FK_NEW ? other : other + fk_off(k, "mutex.wait_list");
	struct fk_task *t = fk_task(k, 11, "waiter");

	fk_mutex_take(sleeper(k, 10), lock);
	fk_mutex_take(sleeper(k, 20), other);
	fk_calls(t, "do_something");
	fk_stale_waiter(t, "mutex_waiter", 0, 0);	/* linked to itself */
	fk_stale_waiter(t, "rwsem_waiter", head, head); /* to a lock that does not know it */
	fk_stale_waiter(t, "mutex_waiter", 0xdead000000000100, 0xdead000000000122);
	fk_word(t, other);
	fk_wait_mutex(t, lock);
	expect(k, "task.sleeping strong task:10 [11] waiter > mutex big_lock > holder");
}

/* ... nor if they lie nearer than the live one, where frames leave gaps. */
static void stale_waiters_in_front_of_the_live_one_do_not_count(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr lock = fk_rwsem(k, "big_sem");
	struct fk_task *t = fk_task(k, 11, "waiter");
	iq_vaddr waiter;

	fk_rwsem_take_write(sleeper(k, 10), lock);
	fk_calls(t, "do_something", "down_write", "rwsem_down_write_slowpath");
	fk_word(t, lock);
	waiter = fk_local(t, "rwsem_waiter");
	fk_put(k, waiter, "rwsem_waiter.task", t->addr);
	fk_put(k, lock, "rw_semaphore.count.counter", 3);
	if (f == FK_NEW) {
		fk_put(k, lock, "rw_semaphore.first_waiter", waiter);
		fk_list_init(k, waiter);
	} else {
		fk_list_add_tail(k, lock + fk_off(k, "rw_semaphore.wait_list"), waiter);
	}
	fk_calls(t, "schedule_preempt_disabled");
	fk_stale_waiter(t, "mutex_waiter", 0, 0);
	fk_switch(t, FK_D);
	expect(k, "task.sleeping strong task:10 [11] waiter > rwsem big_sem > holder");
}

static void rings_that_do_not_close_end_and_prove_nothing(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr lock = fk_mutex(k, "big_lock"), first, second;
	struct fk_task *a = fk_task(k, 11, "a"), *b = fk_task(k, 12, "b");
	struct fk_task *c = fk_task(k, 13, "c");

	fk_mutex_take(sleeper(k, 10), lock);
	first = fk_wait_mutex(a, lock);
	second = fk_wait_mutex(b, lock);
	fk_wait_mutex(c, lock);
	/* b's waiter leads to itself: whoever comes from a never gets home. */
	fk_u64(k, second, second);
	assert_int_equal(fk_get_u64(k, first), second);
	fk_why(k);
	assert_null(fk_cause(fk_why(k), IQ_CAUSE_DEADLOCK));
	assert_null(fk_cause(fk_why(k), IQ_CAUSE_TASK_GONE));
	fakekernel_free(k);
}

/* ---- rw_semaphore ---- */

static void rwsem_that_a_writer_holds(enum fk_flavour f)
{
	for (int i = 0; i < 4; i++) {
		struct fakekernel *k = fakekernel_new(f);
		iq_vaddr lock = fk_rwsem(k, "big_sem");
		struct fk_task *t = fk_task(k, 11, "waiter");

		fk_rwsem_take_write(sleeper(k, 10), lock);
		fk_calls(t, "do_something");
		if (i & 1)
			fk_wait_write(t, lock, i & 2);
		else
			fk_wait_read(t, lock, i & 2);
		expect(k, "task.sleeping strong task:10 [11] waiter > rwsem big_sem > holder");
	}
}

/* The writer has counted itself in, and not written its name over that of the last reader yet. */
static void rwsem_whose_writer_has_no_name_yet_blames_no_reader(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr lock = fk_rwsem(k, "big_sem");
	struct fk_task *t = fk_task(k, 11, "waiter");

	fk_rwsem_take_write(sleeper(k, 10), lock);
	fk_put(k, lock, "rw_semaphore.owner.counter", sleeper(k, 12)->addr | 1);
	fk_wait_write(t, lock, false);
	assert_null(fk_cause(fk_why(k), IQ_CAUSE_TASK_SLEEPING));
	fakekernel_free(k);
}

/* A reader that sleeps, with the lock's address on its stack and in a register. */
static struct fk_task *reader(struct fakekernel *k, int32_t pid, iq_vaddr lock)
{
	struct fk_task *t = fk_task(k, pid, "reader");

	fk_calls(t, "do_reads");
	fk_word(t, lock);
	t->bx = lock;
	fk_nanosleep(t);
	return t;
}

static void rwsem_with_one_reader_and_one_candidate(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr lock = fk_rwsem(k, "big_sem");
	struct fk_task *t = fk_task(k, 11, "waiter");

	fk_rwsem_take_read(reader(k, 10, lock), lock);
	/* The last who came by, and has left. */
	fk_put(k, lock, "rw_semaphore.owner.counter", sleeper(k, 20)->addr | 1);
	fk_wait_write(t, lock, false);
	expect(k, "task.sleeping strong task:10 [11] waiter > rwsem big_sem > reader");
}

/* What an earlier call left on the stack may look like this too. */
static void rwsem_with_one_candidate_by_a_word_of_its_stack_is_likely_at_most(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr lock = fk_rwsem(k, "big_sem");
	struct fk_task *t = fk_task(k, 10, "passer-by");

	fk_rwsem_take_read(sleeper(k, 20), lock);
	fk_calls(t, "do_something");
	fk_word(t, lock);
	fk_nanosleep(t);
	fk_wait_write(fk_task(k, 11, "waiter"), lock, false);
	expect(k, "task.sleeping likely task:10 [11] waiter > rwsem big_sem > passer-by");
}

static void rwsem_with_two_readers_and_three_candidates_is_likely_at_most(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr lock = fk_rwsem(k, "big_sem");
	struct fk_task *t = fk_task(k, 13, "waiter");
	const struct iq_why *why;

	for (int i = 10; i < 13; i++)
		fk_rwsem_take_read(reader(k, i, lock), lock);
	fk_put(k, lock, "rw_semaphore.count.counter", 0x200);
	fk_wait_write(t, lock, false);
	why = fk_why(k);
	assert_int_equal(why->causes->list.num, 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(why->causes->list.data[i]->certainty, IQ_LIKELY);
	fakekernel_free(k);
}

/* We look at no more than sixteen: that they are as many as the readers says nothing then. */
static void rwsem_with_more_candidates_than_are_looked_at_is_likely_at_most(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr lock = fk_rwsem(k, "big_sem");
	struct fk_task *t = fk_task(k, 9, "waiter");
	const struct iq_why *why;

	for (int i = 0; i < 20; i++)
		fk_rwsem_take_read(reader(k, 10 + i, lock), lock);
	fk_put(k, lock, "rw_semaphore.count.counter", 0x1000);
	fk_wait_write(t, lock, false);
	why = fk_why(k);
	for (size_t i = 0; i < why->causes->list.num; i++)
		assert_int_equal(why->causes->list.data[i]->certainty, IQ_LIKELY);
	fakekernel_free(k);
}

static void reader_that_was_preempted_is_found(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr lock = fk_rwsem(k, "big_sem");
	struct fk_task *t = fk_task(k, 11, "waiter"), *r = fk_task(k, 10, "reader");

	fk_rwsem_take_read(r, lock);
	fk_calls(r, "do_reads");
	fk_word(r, lock);
	r->bx = lock;
	fk_runnable(r, 1);
	fk_wait_write(t, lock, false);
	expect(k, "task.starved strong task:10 [11] waiter > rwsem big_sem > reader");
}

static void reader_behind_queued_writers_waits_for_the_first_of_them(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr lock = fk_rwsem(k, "big_sem");
	struct fk_task *w1 = fk_task(k, 11, "writer1"), *w2 = fk_task(k, 12, "writer2");
	struct fk_task *r = fk_task(k, 13, "late"), *r2 = fk_task(k, 14, "later");
	const struct iq_cause *cause;
	const struct iq_why *why;

	fk_rwsem_take_read(reader(k, 10, lock), lock);
	fk_wait_write(w1, lock, false);
	fk_wait_read(r, lock, true);
	fk_wait_write(w2, lock, false);
	fk_wait_read(r2, lock, false);
	why = fk_why(k);
	cause = fk_cause(why, IQ_CAUSE_TASK_SLEEPING);
	assert_non_null(cause);
	assert_string_equal(fk_blocked(k, cause), "11,12,13,14");
	assert_string_equal(fk_chain(k, cause),
			    "late > rwsem big_sem > writer1 > rwsem big_sem > reader");
	assert_int_equal(cause->certainty, IQ_STRONG);
	fakekernel_free(k);
}

/* Nobody holds it; the first in the queue was woken and gets no CPU: those behind him wait for him.
 */
static void rwsem_that_is_free_waits_for_the_first_in_its_queue(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr lock = fk_rwsem(k, "big_sem");
	struct fk_task *w1 = fk_task(k, 11, "writer1"), *w2 = fk_task(k, 12, "writer2");
	const struct iq_cause *cause;
	const struct iq_why *why;

	fk_wait_write(w1, lock, false);
	fk_wait_write(w2, lock, false);
	fk_put(k, lock, "rw_semaphore.count.counter", 6); /* waiters, handoff */
	fk_task_put(w1, f == FK_OLD ? "state" : "__state", 0);
	fk_task_put(w1, "on_rq", 1);
	why = fk_why(k);
	assert_int_equal(why->causes->list.num, 1);
	cause = fk_cause(why, IQ_CAUSE_TASK_STARVED);
	assert_non_null(cause);
	assert_string_equal(fk_blocked(k, cause), "12");
	fakekernel_free(k);
}

/* ---- percpu_rw_semaphore ---- */

static void percpu_rwsem_whose_writer_drains_readers(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr lock = fk_percpu_rwsem(k, "big_percpu");
	struct fk_task *w = fk_task(k, 11, "writer"), *late = fk_task(k, 12, "late");
	struct fk_task *late2 = fk_task(k, 13, "late2");
	const struct iq_cause *cause;
	const struct iq_why *why;

	reader(k, 10, lock);
	fk_drain_percpu(w, lock, 1);
	fk_wait_percpu(late, lock, false);
	fk_wait_percpu(late2, lock, false);
	why = fk_why(k);
	assert_int_equal(why->causes->list.num, 1);
	cause = fk_cause(why, IQ_CAUSE_TASK_SLEEPING);
	assert_non_null(cause);
	assert_string_equal(fk_blocked(k, cause), "11,12,13");
	assert_string_equal(fk_chain(k, cause),
			    "late > percpu-rwsem big_percpu > writer > percpu-rwsem "
			    "big_percpu > reader");
	fakekernel_free(k);
}

static void percpu_rwsem_whose_readers_nobody_knows(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr lock = fk_percpu_rwsem(k, "big_percpu");

	fk_drain_percpu(fk_task(k, 11, "writer"), lock, 1);
	fk_wait_percpu(fk_task(k, 12, "late"), lock, false);
	assert_null(fk_cause(fk_why(k), IQ_CAUSE_DEADLOCK));
	assert_int_equal(fk_why(k)->causes->list.num, 1);
	assert_int_equal(fk_cause(fk_why(k), IQ_CAUSE_UNKNOWN)->root->tid, 11);
	fakekernel_free(k);
}

/* The last reader has left and the writer was not woken, or not yet: who mentions the lock is no
 * reader. */
static void percpu_rwsem_without_readers_blames_nobody(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr lock = fk_percpu_rwsem(k, "big_percpu");

	reader(k, 10, lock);
	fk_drain_percpu(fk_task(k, 11, "writer"), lock, 0);
	assert_string_equal(fk_causes(k, fk_why(k)), "unknown strong task:11 [] writer");
	fakekernel_free(k);
}

/* Held for write by somebody who is not recorded: those who wait are not the ones. */
static void percpu_rwsem_held_by_nobody_we_know(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr lock = fk_percpu_rwsem(k, "big_percpu");

	fk_put(k, lock, "percpu_rw_semaphore.block.counter", 1);
	fk_wait_percpu(fk_task(k, 11, "a"), lock, false);
	fk_wait_percpu(fk_task(k, 12, "b"), lock, false);
	fk_wait_percpu(fk_task(k, 13, "c"), lock, true);
	assert_null(fk_cause(fk_why(k), IQ_CAUSE_DEADLOCK));
	assert_int_equal(fk_why(k)->causes->list.num, 1);
	assert_string_equal(fk_blocked(k, fk_cause(fk_why(k), IQ_CAUSE_UNKNOWN)), "11,12,13");
	fakekernel_free(k);
}

static void percpu_rwsem_held_by_the_one_who_has_it_on_his_stack(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr lock = fk_percpu_rwsem(k, "big_percpu");

	fk_put(k, lock, "percpu_rw_semaphore.block.counter", 1);
	fk_wait_percpu(fk_task(k, 11, "a"), lock, false);
	fk_wait_percpu(fk_task(k, 12, "b"), lock, false);
	reader(k, 10, lock);
	assert_string_equal(fk_blocked(k, fk_cause(fk_why(k), IQ_CAUSE_TASK_SLEEPING)), "11,12");
	fakekernel_free(k);
}

/* ---- semaphore, rt_mutex ---- */

static void semaphore_and_who_may_hold_it(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr lock = fk_semaphore(k, "console_sem");
	struct fk_task *t = reader(k, 10, lock);

	if (f == FK_NEW)
		fk_put(k, lock, "semaphore.last_holder", t->addr);
	fk_wait_semaphore(fk_task(k, 11, "a"), lock);
	fk_wait_semaphore(fk_task(k, 12, "b"), lock);
	expect(k, "task.sleeping likely task:10 [11,12] a > console_sem (the console) > "
		  "reader");
}

static void rt_mutex_and_its_owner(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr lock = fk_rtmutex(k, "big_rt");
	struct fk_task *t = fk_task(k, 11, "waiter");

	fk_put(k, lock, f == FK_OLD ? "rt_mutex.owner" : "rt_mutex.rtmutex.owner",
	       sleeper(k, 10)->addr | 1);
	fk_calls(t, "do_something");
	fk_wait_rtmutex(t, lock);
	expect(k, "task.sleeping strong task:10 [11] waiter > rtmutex big_rt > holder");
}

/* ---- a machine that moves ---- */

struct contention {
	iq_vaddr lock;
	struct fk_task *holders[2];
};

static void change_hands(struct fakekernel *k, unsigned num_pauses, void *ctx)
{
	struct contention *c = ctx;

	(void)k;
	fk_mutex_take(c->holders[num_pauses % 2], c->lock);
}

static void contention_that_moves_is_no_hang(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct contention c = { fk_mutex(k, "hot_lock"), { sleeper(k, 10), sleeper(k, 20) } };

	fk_mutex_take(c.holders[0], c.lock);
	mutex_waiter(k, 11, c.lock);
	fk_live(k, change_hands, &c);
	assert_string_equal(fk_causes(k, fk_why(k)), "");
	fakekernel_free(k);
}

/* It has been elsewhere and come back: the first in the queue was woken for it. */
static void come_back(struct fakekernel *k, unsigned num_pauses, void *ctx)
{
	(void)k;
	fk_task_put(ctx, "nvcsw", 100 + num_pauses);
}

static void lock_that_comes_back_to_the_same_owner_has_moved(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr lock = fk_mutex(k, "hot_lock");
	struct fk_task *first;

	fk_mutex_take(sleeper(k, 10), lock);
	first = mutex_waiter(k, 11, lock);
	mutex_waiter(k, 12, lock);
	fk_live(k, come_back, first);
	assert_string_equal(fk_causes(k, fk_why(k)), "");
	fakekernel_free(k);
}

static void what_stays_the_same_on_a_running_machine_is_a_hang(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr lock = fk_mutex(k, "big_lock");

	fk_mutex_take(sleeper(k, 10), lock);
	mutex_waiter(k, 11, lock);
	fk_live(k, NULL, NULL);
	expect(k, "task.sleeping strong task:10 [11] waiter > mutex big_lock > holder");
}

static void leave(struct fakekernel *k, unsigned num_pauses, void *ctx)
{
	(void)k;
	if (num_pauses == 1)
		fk_gone(ctx);
}

static void waiter_that_ends_between_looks_is_no_hang(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr lock = fk_mutex(k, "big_lock");

	fk_mutex_take(sleeper(k, 10), lock);
	fk_live(k, leave, mutex_waiter(k, 11, lock));
	assert_string_equal(fk_causes(k, fk_why(k)), "");
	fakekernel_free(k);
}

static void owner_that_is_gone_in_two_looks_is_gone(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr lock = fk_mutex(k, "big_lock");
	struct fk_task *t = sleeper(k, 10);

	fk_mutex_take(t, lock);
	fk_gone(t);
	mutex_waiter(k, 11, lock);
	fk_live(k, NULL, NULL);
	assert_non_null(fk_cause(fk_why(k), IQ_CAUSE_TASK_GONE));
	fakekernel_free(k);
}

/* Owners younger than each look's list of tasks. */
static void owners_that_no_look_knows_and_that_change_are_not_gone(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct contention c = { fk_mutex(k, "hot_lock"), { sleeper(k, 10), sleeper(k, 20) } };

	fk_mutex_take(c.holders[0], c.lock);
	fk_gone(c.holders[0]);
	fk_gone(c.holders[1]);
	mutex_waiter(k, 11, c.lock);
	fk_live(k, change_hands, &c);
	assert_null(fk_cause(fk_why(k), IQ_CAUSE_TASK_GONE));
	fakekernel_free(k);
}

/* It wakes and goes back to sleep whenever its stack is read: what was read of it is from two
 * moments. */
static void run_in_between(struct fakekernel *k, iq_vaddr addr, size_t len, void *ctx)
{
	struct fk_task *t = ctx;

	(void)k;
	if (addr < t->stack + 16384 && addr + len > t->stack)
		fk_task_put(t, "nvcsw", fk_task_get(t, "nvcsw") + 1);
}

static void task_that_runs_while_its_stack_is_read_is_said_to_wait_for_nothing(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr lock = fk_mutex(k, "hot_lock");

	fk_mutex_take(sleeper(k, 10), lock);
	fk_live(k, NULL, NULL);
	fk_on_read(k, run_in_between, mutex_waiter(k, 11, lock));
	assert_null(fk_cause(fk_why(k), IQ_CAUSE_TASK_SLEEPING));
	assert_int_equal(fk_why(k)->num_inconsistent, 1);
	fakekernel_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		each_layout(mutex_whose_owner_sleeps),
		each_layout(mutex_without_an_owner),
		each_layout(mutex_whose_owner_is_gone),
		each_layout(mutex_whose_owner_is_a_zombie_has_no_owner_any_more),
		each_layout(no_owner_is_gone_where_the_list_of_tasks_is_broken),
		each_layout(three_wait_for_one_mutex),
		each_layout(a_thousand_wait_for_one_rwsem_in_order),
		each_layout(cycle_of_two_mutexes_is_a_deadlock),
		each_layout(a_task_that_waits_for_its_own_mutex_is_a_deadlock),
		each_layout(mutex_handed_to_a_waiter_that_gets_no_cpu),
		cmocka_unit_test(mutex_that_only_task_struct_knows),
		cmocka_unit_test(mutex_that_only_another_waiters_stack_knows),
		each_layout(waiters_of_earlier_waits_do_not_count),
		each_layout(stale_waiters_in_front_of_the_live_one_do_not_count),
		each_layout(rings_that_do_not_close_end_and_prove_nothing),
		each_layout(rwsem_that_a_writer_holds),
		each_layout(rwsem_whose_writer_has_no_name_yet_blames_no_reader),
		each_layout(rwsem_with_one_reader_and_one_candidate),
		each_layout(rwsem_with_one_candidate_by_a_word_of_its_stack_is_likely_at_most),
		each_layout(rwsem_with_two_readers_and_three_candidates_is_likely_at_most),
		each_layout(rwsem_with_more_candidates_than_are_looked_at_is_likely_at_most),
		each_layout(reader_that_was_preempted_is_found),
		each_layout(reader_behind_queued_writers_waits_for_the_first_of_them),
		each_layout(rwsem_that_is_free_waits_for_the_first_in_its_queue),
		each_layout(percpu_rwsem_whose_writer_drains_readers),
		each_layout(percpu_rwsem_whose_readers_nobody_knows),
		each_layout(percpu_rwsem_without_readers_blames_nobody),
		each_layout(percpu_rwsem_held_by_nobody_we_know),
		each_layout(percpu_rwsem_held_by_the_one_who_has_it_on_his_stack),
		each_layout(semaphore_and_who_may_hold_it),
		each_layout(rt_mutex_and_its_owner),
		each_layout(contention_that_moves_is_no_hang),
		each_layout(lock_that_comes_back_to_the_same_owner_has_moved),
		each_layout(what_stays_the_same_on_a_running_machine_is_a_hang),
		each_layout(waiter_that_ends_between_looks_is_no_hang),
		each_layout(task_that_runs_while_its_stack_is_read_is_said_to_wait_for_nothing),
		each_layout(owner_that_is_gone_in_two_looks_is_gone),
		each_layout(owners_that_no_look_knows_and_that_change_are_not_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
