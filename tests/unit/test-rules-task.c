/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rules for tasks as ends of chains, and for tasks that wait for tasks; what hangs and what
 * does not, on made kernels of each layout
 */
#include "test.h"

#include "fakekernel.h"
#include "layouts.h"

enum { PIDTYPE_PID, PIDTYPE_MAX = 4 };

/* Sleeps uninterruptibly where no rule knows more. */
static void hang(struct fk_task *t)
{
	fk_calls(t, "mystery_ioctl", "wait_for_mystery");
	fk_switch(t, FK_D);
}

static struct fk_task *waiter(struct fakekernel *k, int32_t pid, iq_vaddr mutex)
{
	struct fk_task *t = fk_task(k, pid, "waiter");

	fk_calls(t, "do_something");
	fk_wait_mutex(t, mutex);
	return t;
}

static void expect(struct fakekernel *k, const char *causes)
{
	assert_string_equal(fk_causes(k, fk_why(k)), causes);
	fakekernel_free(k);
}

/* A mutex that this task holds, and a task that waits for it. */
static void hold_up(struct fk_task *holder)
{
	iq_vaddr lock = fk_mutex(holder->k, "big_lock");

	fk_mutex_take(holder, lock);
	waiter(holder->k, 11, lock);
}

/* ---- what hangs ---- */

static void healthy_kernel_has_no_cause(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *t;

	fk_nanosleep(fk_task(k, 100, "cron"));
	t = fk_kthread(k, 2, "kthreadd");
	fk_calls(t, "kthreadd");
	fk_switch(t, FK_S);
	t = fk_kthread(k, 3, "rcu_gp");
	fk_calls(t, "rescuer_thread");
	fk_switch(t, FK_IDLE);
	fk_runs_on(fk_task(k, 101, "busy"), 0);
	fk_runnable(fk_task(k, 102, "next"), 0);
	t = fk_task(k, 103, "server");
	fk_calls(t, "__sys_accept4", "inet_csk_accept", "schedule_timeout");
	fk_switch(t, FK_S);
	fk_stopped(fk_task(k, 104, "vi"));
	t = fk_task(k, 105, "sh");
	fk_nanosleep(fk_child(t, 106, "sleep"));
	fk_wait_child(t, PIDTYPE_MAX, 0);
	expect(k, "");
}

static void short_uninterruptible_sleep_is_no_hang(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *t = fk_task(k, 100, "dd");

	hang(t);
	fk_waited(t, 0.2);
	expect(k, "");
}

static void lone_uninterruptible_sleeper_is_unknown(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);

	hang(fk_task(k, 100, "dd"));
	assert_int_equal(fk_why(k)->num_unexplained, 1);
	expect(k, "unknown strong task:100 [] dd");
}

static void two_lone_sleepers_in_the_same_place_have_nothing_in_common(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);

	hang(fk_task(k, 100, "dd"));
	hang(fk_task(k, 101, "cp"));
	assert_int_equal(fk_why(k)->causes->list.num, 2);
	fakekernel_free(k);
}

/* ---- ends of chains ---- */

static void stopped_holder(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *t = fk_task(k, 10, "holder");

	fk_stopped(t);
	hold_up(t);
	expect(k, "task.stopped proven task:10 [11] waiter > mutex big_lock > holder");
}

static void traced_holder(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *t = fk_task(k, 10, "holder"), *gdb = fk_task(k, 20, "gdb");
	const struct iq_why *why;

	fk_nanosleep(gdb);
	fk_calls(t, "get_signal", "ptrace_stop");
	fk_switch(t, FK_TRACED);
	fk_task_put(t, "parent", gdb->addr);
	fk_task_put(t, "ptrace", 1);
	hold_up(t);
	why = fk_why(k);
	assert_non_null(strstr(fk_cause(why, IQ_CAUSE_TASK_TRACED)->summary, "gdb"));
	expect(k, "task.traced proven task:10 [11] waiter > mutex big_lock > holder");
}

static void frozen_holder(enum fk_flavour f)
{
	enum { PF_FROZEN = 0x10000, TASK_FROZEN = 0x8000 };
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *t = fk_task(k, 10, "holder");

	fk_calls(t, "get_signal", "__refrigerator");
	fk_switch(t, f == FK_OLD ? FK_D : TASK_FROZEN);
	if (f == FK_OLD)
		fk_task_put(t, "flags", PF_FROZEN);
	hold_up(t);
	expect(k, "task.frozen proven task:10 [11] waiter > mutex big_lock > holder");
}

static void running_holder(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *t = fk_task(k, 10, "holder");

	fk_runs_on(t, 1);
	hold_up(t);
	expect(k, "task.running strong task:10 [11] waiter > mutex big_lock > holder");
}

static void holder_that_gets_no_cpu(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *t = fk_task(k, 10, "holder");

	fk_runnable(t, 1);
	hold_up(t);
	expect(k, "task.starved strong task:10 [11] waiter > mutex big_lock > holder");
}

static void holder_that_hangs_where_nobody_knows(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *t = fk_task(k, 10, "holder");

	hang(t);
	hold_up(t);
	expect(k, "unknown strong task:10 [11] waiter > mutex big_lock > holder");
}

/* It sleeps interruptibly, but not because it has nothing to do. */
static void kworker_that_sleeps_inside_of_its_work_does_not_sleep_for_itself(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *t = fk_kthread(k, 10, "kworker/0:1");

	fk_calls(t, "worker_thread", "process_one_work", "mystery_work", "wait_for_mystery");
	fk_switch(t, FK_S);
	hold_up(t);
	assert_null(fk_cause(fk_why(k), IQ_CAUSE_TASK_SLEEPING));
	assert_int_equal(fk_cause(fk_why(k), IQ_CAUSE_UNKNOWN)->root->tid, 10);
	fakekernel_free(k);
}

static void fault_inside_of_a_poll_is_no_sleep_for_a_reason_of_its_own(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *t = fk_task(k, 10, "holder");

	fk_calls(t, "do_sys_poll", "copy_from_user", "asm_exc_page_fault", "exc_page_fault",
		 "do_user_addr_fault", "handle_mm_fault", "handle_userfault");
	fk_switch(t, FK_S);
	hold_up(t);
	assert_null(fk_cause(fk_why(k), IQ_CAUSE_TASK_SLEEPING));
	assert_non_null(fk_cause(fk_why(k), IQ_CAUSE_UNKNOWN));
	fakekernel_free(k);
}

static void holder_that_ran_a_moment_ago_is_not_starved(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *t = fk_task(k, 10, "holder");

	fk_runnable(t, 1);
	fk_waited(t, 0.003);
	hold_up(t);
	expect(k, "task.running strong task:10 [11] waiter > mutex big_lock > holder");
}

static void frozen_task_for_which_nobody_waits_is_no_cause(enum fk_flavour f)
{
	enum { PF_FROZEN = 0x10000, TASK_FROZEN = 0x8000 };
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *t = fk_task(k, 10, "paused");

	fk_calls(t, "get_signal", "__refrigerator");
	fk_switch(t, f == FK_OLD ? FK_D : TASK_FROZEN);
	if (f == FK_OLD)
		fk_task_put(t, "flags", PF_FROZEN);
	expect(k, "");
}

/* kthread_create() leaves it in an uninterruptible sleep until somebody wakes it for the first
 * time. */
static void kernel_thread_that_was_not_started_yet_is_no_cause(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *t = fk_kthread(k, 10, "later/0"), *at_work = fk_kthread(k, 11, "worker");

	fk_calls(t, "schedule_preempt_disabled");
	fk_switch(t, FK_D);
	hang(at_work);
	expect(k, "unknown strong task:11 [] worker");
}

/* ---- children ---- */

static void parent_of_a_process_whose_last_thread_hangs_is_blocked_by_it(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *parent = fk_task(k, 100, "sh"), *child = fk_child(parent, 101, "java");

	hang(fk_thread(child, 102, "gc"));
	fk_task_put(child, "exit_state", 0x20);
	fk_wait_child(parent, PIDTYPE_MAX, 0);
	expect(k, "unknown strong task:102 [100] sh > gc");
}

static void parent_of_a_zombie_can_go_on(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *parent = fk_task(k, 100, "sh"), *child = fk_child(parent, 101, "true");

	fk_task_put(child, "exit_state", 0x20);
	hang(fk_child(parent, 102, "dd"));
	fk_wait_child(parent, PIDTYPE_MAX, 0);
	expect(k, "unknown strong task:102 [] dd");
}

static void tracer_of_a_task_that_hangs_is_blocked_by_it(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *tracer = fk_task(k, 100, "strace"), *t = fk_task(k, 101, "dd");
	struct fk_task *held = fk_task(k, 102, "held");

	hang(t);
	fk_task_put(t, "ptrace", 1);
	fk_task_put(t, "parent", tracer->addr);
	/* Who is stopped by the tracer waits for it, not the other way round. */
	fk_calls(held, "get_signal", "ptrace_stop");
	fk_switch(held, FK_TRACED);
	fk_task_put(held, "ptrace", 1);
	fk_task_put(held, "parent", tracer->addr);
	fk_wait_child(tracer, PIDTYPE_MAX, 0);
	expect(k, "unknown strong task:101 [100] strace > dd");
}

static void parent_of_a_child_that_hangs_is_blocked_by_it(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *parent = fk_task(k, 100, "make");

	hang(fk_child(parent, 101, "cc"));
	fk_wait_child(parent, PIDTYPE_MAX, 0);
	expect(k, "unknown strong task:101 [100] make > cc");
}

static void parent_of_two_children_of_which_one_can_end_goes_on(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *parent = fk_task(k, 100, "make");

	hang(fk_child(parent, 101, "cc"));
	fk_nanosleep(fk_child(parent, 102, "ld"));
	fk_wait_child(parent, PIDTYPE_MAX, 0);
	expect(k, "unknown strong task:101 [] cc");
}

static void parent_that_waits_for_one_child_waits_for_that_one(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *parent = fk_task(k, 100, "make"), *cc = fk_child(parent, 101, "cc");

	hang(cc);
	fk_nanosleep(fk_child(parent, 102, "ld"));
	fk_wait_child(parent, PIDTYPE_PID, fk_task_get(cc, "thread_pid"));
	assert_string_equal(fk_blocked(k, fk_cause(fk_why(k), IQ_CAUSE_UNKNOWN)), "100");
	fakekernel_free(k);
}

static void parent_of_a_stopped_child_hangs(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *parent = fk_task(k, 100, "make");

	fk_stopped(fk_child(parent, 101, "cc"));
	fk_wait_child(parent, PIDTYPE_MAX, 0);
	expect(k, "task.stopped proven task:101 [100] make > cc");
}

static void grandparents_wait_too(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *g = fk_task(k, 99, "sh"), *parent = fk_child(g, 100, "make");

	hang(fk_child(parent, 101, "cc"));
	fk_wait_child(parent, PIDTYPE_MAX, 0);
	fk_wait_child(g, PIDTYPE_MAX, 0);
	assert_string_equal(fk_blocked(k, fk_cause(fk_why(k), IQ_CAUSE_UNKNOWN)), "99,100");
	fakekernel_free(k);
}

static void vfork_parent_waits_for_its_child(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *parent = fk_task(k, 100, "sh"), *child = fk_child(parent, 101, "sh");

	hang(child);
	fk_wait_vfork(parent, child);
	assert_string_equal(fk_blocked(k, fk_cause(fk_why(k), IQ_CAUSE_UNKNOWN)), "100");
	expect(k, "unknown strong task:101 [100] sh > the end of vfork in sh (101) > sh");
}

/* ---- what cannot be read ---- */

static void task_that_cannot_be_read_costs_one_task(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *lost;

	fk_nanosleep(fk_task(k, 100, "before"));
	fk_heap(k, 8192);
	lost = fk_task(k, 101, "lost");
	fk_nanosleep(lost);
	fk_heap(k, 8192);
	hang(fk_task(k, 102, "after"));
	hang(fk_task(k, 103, "after"));
	fk_unmap(k, lost->addr, fk_size(k, "task_struct"));
	assert_int_equal(fk_why(k)->causes->list.num, 2);
	assert_true(fk_why(k)->incomplete);
	fakekernel_free(k);
}

static void signal_that_a_stopped_process_does_not_take_is_noted(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *t = fk_task(k, 100, "checkpointer");
	const struct iq_why *why;

	fk_stopped(t);
	assert_int_equal(fk_why(k)->notes.num, 0);
	/* That a child ended is no request of anybody's. */
	fk_put(k, fk_task_get(t, "signal"), "signal_struct.shared_pending.signal.sig[0]",
	       1UL << (17 - 1));
	assert_int_equal(fk_why(k)->notes.num, 0);
	fk_put(k, fk_task_get(t, "signal"), "signal_struct.shared_pending.signal.sig[0]",
	       1UL << (2 - 1));
	why = fk_why(k);
	assert_int_equal(why->causes->list.num, 0);
	assert_int_equal(why->notes.num, 1);
	assert_non_null(strstr(why->notes.data[0], "checkpointer (100)"));
	assert_non_null(strstr(why->notes.data[0], "it has not taken SIGINT, which is pending"));
	fakekernel_free(k);
}

static void stack_that_cannot_be_read_is_said_so(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *t = fk_task(k, 100, "lost");
	const struct iq_why *why;

	hang(t);
	fk_unmap(k, t->stack, 16384);
	why = fk_why(k);
	assert_true(why->incomplete);
	assert_true(why->notes.num > 0);
	/* Where it is nobody knows: a note, and no hang of its own. */
	assert_int_equal(why->causes->list.num, 0);
	fakekernel_free(k);
}

static void stack_that_cannot_be_read_is_a_cause_if_somebody_waits(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *t = fk_task(k, 10, "lost");
	const struct iq_why *why;

	hang(t);
	hold_up(t);
	fk_unmap(k, t->stack, 16384);
	why = fk_why(k);
	assert_true(why->incomplete);
	assert_int_equal(why->causes->list.num, 1);
	assert_string_equal(fk_blocked(k, why->causes->list.data[0]), "11");
	fakekernel_free(k);
}

/* ---- why PID ---- */

static void asking_for_one_task_tells_of_it_alone(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *t = fk_task(k, 10, "holder");

	hang(fk_task(k, 100, "dd"));
	hang(t);
	hold_up(t);
	fk_nanosleep(fk_task(k, 101, "sleep"));
	assert_string_equal(fk_causes(k, fk_why_pid(k, 11)),
			    "unknown strong task:10 [11] waiter > mutex big_lock > holder");
	assert_string_equal(fk_causes(k, fk_why_pid(k, 101)), "");
	fakekernel_free(k);
}

static struct iq_wait *wait_asked_for(struct fakekernel *k, int32_t pid)
{
	struct iq_why *why = fk_why_pid(k, pid);
	struct iq_object *o;
	char id[32];

	assert_int_equal(why->causes->list.num, 0);
	snprintf(id, sizeof(id), "task:%d", pid);
	o = iq_graph_find(why->graph, id);
	assert_non_null(o);
	assert_non_null(o->wait);
	return o->wait;
}

static void task_that_is_asked_for_says_what_it_sleeps_for(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *t = fk_task(k, 102, "daemon");
	struct iq_wait *w;

	fk_nanosleep(fk_task(k, 101, "sleep"));
	fk_syscall(t, 34, 0, 0);
	fk_calls(t, "__x64_sys_pause", "__do_sys_pause");
	fk_switch(t, FK_S);
	w = wait_asked_for(k, 101);
	assert_string_equal(w->in_words, "clock_nanosleep");
	assert_string_equal(w->call, "clock_nanosleep(CLOCK_MONOTONIC, 0, 0, 0)");
	w = wait_asked_for(k, 102);
	assert_string_equal(w->in_words, "pause, until a signal comes");
	assert_string_equal(w->call, "pause()");
	fakekernel_free(k);
}

/* Of one who waits for a lock the system call is decoded, and the wait is the rule's. */
static void arguments_that_cannot_be_read_stay_numbers(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *t = fk_task(k, 101, "opener");
	struct iq_why *why;

	fk_syscall(t, 257, (uint64_t)-100, 0x7f0000001000);
	hang(t);
	why = fk_why_pid(k, 101);
	assert_string_equal(iq_graph_find(why->graph, "task:101")->wait->call,
			    "openat(AT_FDCWD, 0x7f0000001000, O_RDONLY, 00)");
	fakekernel_free(k);
}

/* ---- io_uring ---- */

/* A worker at a request of this task that hangs where nobody knows. */
static struct fk_task *stuck_worker(struct fk_task *of, int32_t pid, bool is_old)
{
	enum { PF_IO_WORKER = 0x10 };
	struct fakekernel *k = of->k;
	struct fk_task *t = fk_thread(of, pid, "iou-wrk");
	iq_vaddr worker = fk_alloc(k, "io_worker"), req = fk_alloc(k, "io_kiocb");

	fk_task_put(t, "flags", fk_task_get(t, "flags") | PF_IO_WORKER);
	fk_task_put(t, fk_has(k, "task_struct.worker_private") ? "worker_private" : "pf_io_worker",
		    worker);
	fk_put(k, worker, "io_worker.cur_work", req + fk_off(k, "io_kiocb.work"));
	fk_put(k, req, "io_kiocb.ctx", fk_heap(k, 64));
	if (is_old)
		fk_put(k, req, "io_kiocb.task", of->addr);
	else
		fk_put(k, req, "io_kiocb.tctx", fk_task_get(of, "io_uring"));
	hang(t);
	return t;
}

/* Who waits for completions is blocked if all that he has under way hang; a message may come else.
 */
static void waiter_of_io_uring_hangs_with_all_of_its_requests(enum fk_flavour f)
{
	for (int in_flight = 1; in_flight <= 2; in_flight++) {
		struct fakekernel *k = fakekernel_new(f);
		struct fk_task *t = fk_task(k, 20, "server");
		iq_vaddr tctx = fk_alloc(k, "io_uring_task");

		fk_task_put(t, "io_uring", tctx);
		/* A thousand references more are taken in advance. */
		fk_put(k, tctx, "io_uring_task.cached_refs", 1000);
		fk_put(k, tctx, "io_uring_task.inflight.count", 1000 + (uint64_t)in_flight);
		fk_syscall(t, 426, 3, 1);
		fk_put(k, t->pt_regs, "pt_regs.r10", 1);
		fk_calls(t, "__do_sys_io_uring_enter", "io_cqring_wait");
		fk_switch(t, FK_S);
		stuck_worker(t, 21, fk_has(k, "io_kiocb.task"));
		expect(k, in_flight == 1 ? "unknown strong task:21 [20] server > "
					   "io_uring requests of server (20) > iou-wrk"
					 : "unknown strong task:21 [] iou-wrk");
	}
}

static void the_time_of_one_answer_is_not_that_of_the_session(void **state)
{
	struct fakekernel *k = fakekernel_new(FK_NEW);
	struct iq_session *s;
	struct iq_why *why;

	(void)state;
	hang(fk_task(k, 10, "holder"));
	s = fk_open(k);
	why = fk_why(k);
	assert_false(why->incomplete);
	assert_int_equal(why->causes->list.num, 1);
	assert_int_equal(s->deadline_ns, 0);
	/* A session that has to end sooner ends the answer. */
	s->deadline_ns = 1;
	why = fk_why(k);
	assert_true(why->incomplete);
	assert_true(why->notes.num > 0);
	assert_int_equal(s->deadline_ns, 1);
	s->deadline_ns = 0;
	assert_false(fk_why(k)->incomplete);
	fakekernel_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		each_layout(healthy_kernel_has_no_cause),
		each_layout(short_uninterruptible_sleep_is_no_hang),
		each_layout(lone_uninterruptible_sleeper_is_unknown),
		each_layout(two_lone_sleepers_in_the_same_place_have_nothing_in_common),
		each_layout(stopped_holder),
		each_layout(traced_holder),
		each_layout(frozen_holder),
		each_layout(running_holder),
		each_layout(holder_that_gets_no_cpu),
		each_layout(holder_that_hangs_where_nobody_knows),
		each_layout(kworker_that_sleeps_inside_of_its_work_does_not_sleep_for_itself),
		each_layout(fault_inside_of_a_poll_is_no_sleep_for_a_reason_of_its_own),
		each_layout(holder_that_ran_a_moment_ago_is_not_starved),
		each_layout(frozen_task_for_which_nobody_waits_is_no_cause),
		each_layout(kernel_thread_that_was_not_started_yet_is_no_cause),
		each_layout(parent_of_a_process_whose_last_thread_hangs_is_blocked_by_it),
		each_layout(parent_of_a_zombie_can_go_on),
		each_layout(tracer_of_a_task_that_hangs_is_blocked_by_it),
		each_layout(parent_of_a_child_that_hangs_is_blocked_by_it),
		each_layout(parent_of_two_children_of_which_one_can_end_goes_on),
		each_layout(parent_that_waits_for_one_child_waits_for_that_one),
		each_layout(parent_of_a_stopped_child_hangs),
		each_layout(grandparents_wait_too),
		each_layout(vfork_parent_waits_for_its_child),
		each_layout(task_that_cannot_be_read_costs_one_task),
		each_layout(signal_that_a_stopped_process_does_not_take_is_noted),
		each_layout(stack_that_cannot_be_read_is_said_so),
		each_layout(stack_that_cannot_be_read_is_a_cause_if_somebody_waits),
		each_layout(asking_for_one_task_tells_of_it_alone),
		each_layout(task_that_is_asked_for_says_what_it_sleeps_for),
		each_layout(arguments_that_cannot_be_read_stay_numbers),
		each_layout(waiter_of_io_uring_hangs_with_all_of_its_requests),
		cmocka_unit_test(the_time_of_one_answer_is_not_that_of_the_session),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
