/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rules of what every CPU takes part in, and of kernel threads, on made kernels
 */
#include "test.h"

#include "fakekernel-inside.h"
#include "layouts.h"
#include "why-parts.h"

static struct fakekernel *new_kernel(enum fk_flavour flavour)
{
	struct fakekernel *k = fakekernel_new(flavour);

	fk_types(k, "cpu_stop_done { atomic_t nr_todo; s32 ret; completion completion; }",
		 "cpu_stop_work { list_head list; void *fn; void *arg; void *done; }",
		 "cpu_stopper { u32 lock; void *thread; u8 enabled; list_head works; }",
		 "rcu_node { u32 lock; u64 qsmask; u64 expmask; s32 grplo; s32 grphi; list_head "
		 "blkd_tasks; void *gp_tasks; void *exp_tasks; }",
		 "rcu_state { rcu_node node[2]; void *level[4]; u64 gp_seq; void *gp_kthread; u64 "
		 "expedited_sequence; }",
		 "kthread { u64 flags; void *data; completion parked; completion exited; }");
	return k;
}

static struct fk_task *runs_for_ever(struct fakekernel *k, struct fk_task *t, unsigned cpu)
{
	fk_runs_on(t, cpu);
	fk_put(k, k->runqueues + 0x10000 * cpu, "rq.curr", t->addr);
	return t;
}

/* ---- stoppers ---- */

/* Two CPUs with their threads, and who has all of them stopped. */
struct stop {
	struct fakekernel *k;
	struct fk_task *threads[2], *waiter;
	iq_vaddr stoppers[2], done;
};

static void make_stop(struct stop *s, enum fk_flavour flavour)
{
	struct fakekernel *k = s->k = new_kernel(flavour);
	iq_vaddr first = fk_percpu_data(k, "cpu_stopper", fk_size(k, "cpu_stopper"));

	for (unsigned cpu = 0; cpu < 2; cpu++) {
		s->threads[cpu] = fk_kthread(k, 15 + (int32_t)cpu, "migration");
		s->stoppers[cpu] = first + 0x10000 * cpu;
		fk_put(k, s->stoppers[cpu], "cpu_stopper.thread", s->threads[cpu]->addr);
		fk_list_init(k, s->stoppers[cpu] + fk_off(k, "cpu_stopper.works"));
	}
	s->waiter = fk_task(k, 30, "modprobe");
	fk_calls(s->waiter, "do_something", "stop_machine_cpuslocked", "stop_cpus");
	s->done = fk_local(s->waiter, "cpu_stop_done");
	fk_wait_completion(s->waiter, s->done + fk_off(k, "cpu_stop_done.completion"), FK_D);
}

static void queue_for(struct stop *s, unsigned cpu, iq_vaddr done)
{
	iq_vaddr work = fk_alloc(s->k, "cpu_stop_work");

	fk_put(s->k, work, "cpu_stop_work.done", done);
	fk_list_add_tail(s->k, s->stoppers[cpu] + fk_off(s->k, "cpu_stopper.works"),
			 work + fk_off(s->k, "cpu_stop_work.list"));
}

static void sleeps_until_called(struct fk_task *t)
{
	fk_calls(t, "smpboot_thread_fn");
	fk_switch(t, FK_S);
}

/* The others are there already, and turn in circles until the last one comes. */
static void stop_of_all_cpus_waits_for_the_one_that_does_not_come(enum fk_flavour f)
{
	struct stop s;
	const struct iq_edge *e;
	const struct iq_why *why;

	make_stop(&s, f);
	runs_for_ever(s.k, s.threads[0], 0);
	runs_for_ever(s.k, fk_task(s.k, 40, "spinner"), 1);
	fk_calls(s.threads[1], "smpboot_thread_fn");
	fk_runnable(s.threads[1], 1);
	queue_for(&s, 1, s.done);
	why = fk_why(s.k);
	e = edge_to(wait_of(why, 30), 16);
	assert_non_null(e);
	assert_int_equal(e->certainty, IQ_PROVEN);
	assert_null(edge_to(wait_of(why, 30), 15));
	fakekernel_free(s.k);
}

static void stop_that_has_begun_waits_for_who_is_at_it(enum fk_flavour f)
{
	struct stop s;
	const struct iq_why *why;

	make_stop(&s, f);
	runs_for_ever(s.k, s.threads[0], 0);
	sleeps_until_called(s.threads[1]);
	queue_for(&s, 1, 0xffff888001234560);
	why = fk_why(s.k);
	assert_int_equal(edge_to(wait_of(why, 30), 15)->certainty, IQ_STRONG);
	assert_null(edge_to(wait_of(why, 30), 16));
	fakekernel_free(s.k);
}

static void lists_of_stoppers_that_do_not_close_prove_nothing(enum fk_flavour f)
{
	struct stop s;

	make_stop(&s, f);
	sleeps_until_called(s.threads[0]);
	sleeps_until_called(s.threads[1]);
	fk_u64(s.k, s.stoppers[0] + fk_off(s.k, "cpu_stopper.works"), 0xffff8880deadb000);
	assert_null(edge_to(wait_of(fk_why(s.k), 30), 15));
	fakekernel_free(s.k);
}

/* ---- grace periods ---- */

static iq_vaddr rcu(struct fakekernel *k, struct fk_task *driver, uint64_t mask)
{
	iq_vaddr state = fk_data(k, "rcu_state", fk_size(k, "rcu_state"));
	uint32_t levels = 1;

	fk_write(k, fk_data(k, "rcu_num_lvls", 8), &levels, 4);
	fk_put(k, state, "rcu_state.level[0]", state);
	fk_put(k, state, "rcu_state.gp_kthread", driver->addr);
	fk_put(k, state, "rcu_node.grphi", 1);
	fk_put(k, state, "rcu_node.qsmask", mask);
	fk_list_init(k, state + fk_off(k, "rcu_node.blkd_tasks"));
	return state;
}

static struct fk_task *synchronizes(struct fakekernel *k)
{
	struct fk_task *t = fk_task(k, 30, "rmdir");
	iq_vaddr done;

	fk_calls(t, "do_something", "synchronize_rcu", "__wait_rcu_gp");
	done = fk_local(t, "completion");
	fk_wait_completion(t, done, FK_D);
	return t;
}

static void grace_period_waits_for_the_cpu_that_does_not_report(enum fk_flavour f)
{
	struct fakekernel *k = new_kernel(f);
	struct fk_task *driver = fk_kthread(k, 14, "rcu_sched");
	const struct iq_why *why;

	fk_calls(driver, "rcu_gp_kthread", "rcu_gp_fqs_loop");
	fk_switch(driver, FK_IDLE);
	runs_for_ever(k, fk_task(k, 40, "spinner"), 1);
	runs_for_ever(k, fk_task(k, 41, "innocent"), 0);
	rcu(k, driver, 1 << 1);
	synchronizes(k);
	why = fk_why(k);
	assert_int_equal(edge_to(wait_of(why, 30), 40)->certainty, IQ_STRONG);
	assert_null(edge_to(wait_of(why, 30), 41));
	assert_null(edge_to(wait_of(why, 30), 14));
	fakekernel_free(k);
}

static void grace_period_waits_for_a_reader_that_was_interrupted(enum fk_flavour f)
{
	struct fakekernel *k = new_kernel(f);
	struct fk_task *driver = fk_kthread(k, 14, "rcu_preempt"),
		       *reader = fk_task(k, 40, "reader"), *later = fk_task(k, 41, "later");
	size_t link = fk_off(k, "task_struct.rcu_node_entry");
	const struct iq_why *why;
	iq_vaddr node;

	fk_calls(driver, "rcu_gp_kthread", "rcu_gp_fqs_loop");
	fk_switch(driver, FK_IDLE);
	node = rcu(k, driver, 0);
	/* Those in front of gp_tasks came later, and count for the next one. */
	fk_list_add_tail(k, node + fk_off(k, "rcu_node.blkd_tasks"), later->addr + link);
	fk_list_add_tail(k, node + fk_off(k, "rcu_node.blkd_tasks"), reader->addr + link);
	fk_put(k, node, "rcu_node.gp_tasks", reader->addr + link);
	fk_runnable(reader, 0);
	fk_runnable(later, 0);
	synchronizes(k);
	why = fk_why(k);
	assert_int_equal(edge_to(wait_of(why, 30), 40)->certainty, IQ_PROVEN);
	assert_null(edge_to(wait_of(why, 30), 41));
	fakekernel_free(k);
}

/* Bits for CPUs that there are not, leaves that never end: nobody is blamed. */
static void trees_of_grace_periods_that_lie_blame_nobody(enum fk_flavour f)
{
	struct fakekernel *k = new_kernel(f);
	struct fk_task *driver = fk_kthread(k, 14, "rcu_sched");
	iq_vaddr node;

	fk_calls(driver, "rcu_gp_kthread", "rcu_gp_fqs_loop");
	fk_switch(driver, FK_IDLE);
	node = rcu(k, driver, ~3ULL);
	fk_u64(k, node + fk_off(k, "rcu_node.blkd_tasks"), 0xffff8880deadb000);
	fk_put(k, node, "rcu_node.gp_tasks", 0xffff8880deadb000);
	fk_put(k, node, "rcu_node.grphi", 0);
	synchronizes(k);
	assert_int_equal(wait_of(fk_why(k), 30)->task->out.num, 1);
	fakekernel_free(k);
}

/* ---- kernel threads ---- */

static void who_stops_or_parks_a_thread_waits_for_it(enum fk_flavour f)
{
	static const char *const members[] = { "kthread.exited", "kthread.parked" };
	for (int park = 0; park < 2; park++) {
		struct fakekernel *k = new_kernel(f);
		struct fk_task *other = fk_kthread(k, 14, "other"),
			       *thread = fk_kthread(k, 15, "jbd2/sda1"),
			       *waiter = fk_task(k, 30, "umount");
		const char *self = f == FK_OLD ? "set_child_tid" : "worker_private";
		iq_vaddr kthread = fk_alloc(k, "kthread");
		const struct iq_cause *c;

		fk_task_put(other, self, fk_alloc(k, "kthread"));
		fk_task_put(thread, self, kthread);
		fk_calls(other, "other_thread");
		fk_switch(other, FK_S);
		fk_calls(thread, "mystery_thread", "mystery_read");
		fk_switch(thread, FK_D);
		fk_calls(waiter, park ? "kthread_park" : "kthread_stop");
		fk_wait_completion(waiter, kthread + fk_off(k, members[park]), FK_D);
		c = fk_why_pid(k, 30)->causes->list.data[0];
		assert_int_equal(c->root->tid, 15);
		assert_string_equal(fk_chain(k, c),
				    park ? "umount > the parking of kernel thread "
					   "jbd2/sda1 (15) > jbd2/sda1"
					 : "umount > the end of kernel thread jbd2/sda1 "
					   "(15) > jbd2/sda1");
		assert_int_equal(c->chain_edges.data[0]->certainty, IQ_PROVEN);
		fakekernel_free(k);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		each_layout(stop_of_all_cpus_waits_for_the_one_that_does_not_come),
		each_layout(stop_that_has_begun_waits_for_who_is_at_it),
		each_layout(lists_of_stoppers_that_do_not_close_prove_nothing),
		each_layout(grace_period_waits_for_the_cpu_that_does_not_report),
		each_layout(grace_period_waits_for_a_reader_that_was_interrupted),
		each_layout(trees_of_grace_periods_that_lie_blame_nobody),
		each_layout(who_stops_or_parks_a_thread_waits_for_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
