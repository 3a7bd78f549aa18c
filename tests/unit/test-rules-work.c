/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rules of workqueues on made kernels
 */
#include "test.h"

#include "fakekernel.h"
#include "layouts.h"

enum { PF_WQ_WORKER = 0x20, PWQ_BIT = 4, UNBOUND = -1 };

static struct fakekernel *kernel_with_queues(enum fk_flavour flavour)
{
	struct fakekernel *k = fakekernel_new(flavour);

	fk_types(k, "work_struct { atomic_long_t data; list_head entry; void *func; }",
		 "wq_barrier { work_struct work; completion done; void *task; }",
		 "wq_flusher { list_head list; s32 flush_color; completion done; }",
		 flavour == FK_OLD
			 ? "worker { list_head entry; void *current_work; void *current_func; void "
			   "*current_pwq; list_head scheduled; void *task; void *pool; }"
			 : "worker { list_head entry; void *current_work; void *current_func; void "
			   "*current_pwq; u32 current_color; list_head scheduled; void *task; void "
			   "*pool; }",
		 "worker_pool { u32 lock; s32 cpu; list_head worklist; s32 nr_workers; s32 "
		 "nr_idle; }",
		 "workqueue_struct { list_head pwqs; list_head list; s32 work_color; s32 "
		 "flush_color; void *first_flusher; list_head flusher_queue; list_head "
		 "flusher_overflow; char name[24]; }",
		 "pool_workqueue { void *pool; void *wq; s32 work_color; s32 flush_color; s32 "
		 "refcnt; s32 nr_in_flight[16]; s32 nr_active; list_head pwqs_node; }",
		 "kthread { u64 flags; void *data; }");
	fk_list_init(k, fk_data(k, "workqueues", 16));
	return k;
}

static iq_vaddr pool_of_cpu(struct fakekernel *k, int cpu, unsigned idle)
{
	iq_vaddr pool = fk_alloc(k, "worker_pool");

	fk_put(k, pool, "worker_pool.cpu", (uint64_t)cpu);
	fk_put(k, pool, "worker_pool.nr_idle", idle);
	fk_list_init(k, pool + fk_off(k, "worker_pool.worklist"));
	return pool;
}

/* A queue with one pool_workqueue. pool_workqueues are aligned to their flags' 256 bytes. */
static iq_vaddr queue_in(struct fakekernel *k, const char *name, iq_vaddr pool)
{
	iq_vaddr wq = fk_alloc(k, "workqueue_struct");
	iq_vaddr pwq = (fk_heap(k, 1024) + 255) & ~255ULL;

	fk_write(k, wq + fk_off(k, "workqueue_struct.name"), name, strlen(name));
	fk_list_init(k, wq + fk_off(k, "workqueue_struct.pwqs"));
	fk_list_init(k, wq + fk_off(k, "workqueue_struct.flusher_queue"));
	fk_list_init(k, wq + fk_off(k, "workqueue_struct.flusher_overflow"));
	fk_list_add_tail(k, fk_data(k, "workqueues", 16), wq + fk_off(k, "workqueue_struct.list"));
	fk_list_add_tail(k, wq + fk_off(k, "workqueue_struct.pwqs"),
			 pwq + fk_off(k, "pool_workqueue.pwqs_node"));
	fk_put(k, pwq, "pool_workqueue.pool", pool);
	fk_put(k, pwq, "pool_workqueue.wq", wq);
	fk_put(k, pwq, "pool_workqueue.flush_color", (uint64_t)-1);
	return pwq;
}

/* pwq 0: an idle one. */
static iq_vaddr worker(struct fk_task *t, iq_vaddr pool, iq_vaddr pwq, const char *func)
{
	struct fakekernel *k = t->k;
	iq_vaddr w = fk_alloc(k, "worker"), kthread = fk_alloc(k, "kthread");

	fk_task_put(t, "flags", fk_task_get(t, "flags") | PF_WQ_WORKER);
	fk_task_put(t, fk_flavour(k) == FK_OLD ? "set_child_tid" : "worker_private", kthread);
	fk_put(k, kthread, "kthread.data", w);
	fk_put(k, w, "worker.task", t->addr);
	fk_put(k, w, "worker.pool", pool);
	fk_list_init(k, w + fk_off(k, "worker.scheduled"));
	if (!pwq)
		return w;
	fk_put(k, w, "worker.current_pwq", pwq);
	fk_put(k, w, "worker.current_work", fk_alloc(k, "work_struct"));
	fk_put(k, w, "worker.current_func", fk_func(k, func));
	return w;
}

static struct fk_task *busy_worker(struct fakekernel *k, int32_t pid, iq_vaddr pool, iq_vaddr pwq,
				   iq_vaddr *worker_ret)
{
	struct fk_task *t = fk_kthread(k, pid, "kworker/0:1");
	iq_vaddr w = worker(t, pool, pwq, "mystery_work");

	if (worker_ret)
		*worker_ret = w;
	fk_calls(t, "worker_thread", "process_one_work", "mystery_work");
	fk_switch(t, FK_D);
	return t;
}

/* flush_work(): a barrier on the stack, in this list. */
static struct fk_task *flushes_work(struct fakekernel *k, int32_t pid, iq_vaddr pwq, iq_vaddr list)
{
	struct fk_task *t = fk_task(k, pid, "flusher");
	iq_vaddr barrier;

	fk_calls(t, "do_something", "__flush_work");
	barrier = fk_local(t, "wq_barrier");
	fk_put(k, barrier, "wq_barrier.work.func", fk_func(k, "wq_barrier_func"));
	fk_put(k, barrier, "wq_barrier.work.data.counter", pwq | PWQ_BIT);
	fk_put(k, barrier, "wq_barrier.task", t->addr);
	fk_list_add_tail(k, list, barrier + fk_off(k, "wq_barrier.work.entry"));
	fk_wait_completion(t, barrier + fk_off(k, "wq_barrier.done"), FK_D);
	return t;
}

static const struct iq_wait *wait_of(const struct iq_why *why, int64_t tid)
{
	iq_vec_foreach(&why->graph->waits, w)
		if ((*w)->task->tid == tid)
			return *w;
	fail();
	return NULL;
}

/* Tasks that it is said to wait for. */
static size_t num_blamed(const struct iq_wait *w)
{
	size_t num = 0;

	iq_vec_foreach(&w->task->out, e)
		num += (*e)->to->type == IQ_OBJ_TASK;
	return num;
}

/* ---- one work ---- */

static void who_executes_the_work_is_waited_for(enum fk_flavour f)
{
	struct fakekernel *k = kernel_with_queues(f);
	iq_vaddr pool = pool_of_cpu(k, 0, 1), pwq = queue_in(k, "events", pool), w;
	const struct iq_cause *cause;

	busy_worker(k, 20, pool, pwq, NULL);
	busy_worker(k, 21, pool, pwq, &w);
	flushes_work(k, 30, pwq, w + fk_off(k, "worker.scheduled"));
	cause = fk_why_pid(k, 30)->causes->list.data[0];
	assert_string_equal(fk_chain(k, cause), "flusher > kworker/0:1");
	assert_int_equal(cause->root->tid, 21);
	assert_int_equal(cause->chain_edges.data[0]->certainty, IQ_PROVEN);
	fakekernel_free(k);
}

static void work_in_a_full_pool_waits_for_its_workers(enum fk_flavour f)
{
	for (int num = 1; num <= 2; num++) {
		struct fakekernel *k = kernel_with_queues(f);
		iq_vaddr pool = pool_of_cpu(k, UNBOUND, 0), pwq = queue_in(k, "writeback", pool);
		const struct iq_wait *w;

		for (int32_t i = 0; i < num; i++)
			busy_worker(k, 20 + i, pool, pwq, NULL);
		flushes_work(k, 30, pwq, pool + fk_off(k, "worker_pool.worklist"));
		w = wait_of(fk_why(k), 30);
		assert_int_equal(w->task->out.num, num);
		assert_int_equal(w->task->out.data[0]->certainty, num == 1 ? IQ_STRONG : IQ_LIKELY);
		fakekernel_free(k);
	}
}

static void work_of_a_cpu_waits_for_the_worker_that_gets_none(void **state)
{
	(void)state;
	for (int num = 1; num <= 2; num++) {
		struct fakekernel *k = kernel_with_queues(FK_MID);
		iq_vaddr pool = pool_of_cpu(k, 0, 1), pwq = queue_in(k, "events", pool);
		struct fk_task *t;
		const struct iq_wait *w;

		for (int32_t i = 0; i < num; i++) {
			t = fk_kthread(k, 20 + i, "kworker/0:1");
			worker(t, pool, i ? pwq : 0, "spinning_work");
			fk_calls(t, "worker_thread");
			fk_runnable(t, 0);
		}
		flushes_work(k, 30, pwq, pool + fk_off(k, "worker_pool.worklist"));
		w = wait_of(fk_why(k), 30);
		assert_int_equal(w->task->out.num, num);
		assert_int_equal(w->task->out.data[0]->certainty, num == 1 ? IQ_STRONG : IQ_LIKELY);
		fakekernel_free(k);
	}
}

/* A barrier of another kind, or in no ring that is known: whose work it is nobody says. */
static void barriers_that_lie_lead_to_nobody(enum fk_flavour f)
{
	struct fakekernel *k = kernel_with_queues(f);
	iq_vaddr pool = pool_of_cpu(k, 0, 0), pwq = queue_in(k, "events", pool);
	iq_vaddr stray = fk_heap(k, 16), list = fk_heap(k, 16);
	const struct iq_why *why;

	busy_worker(k, 20, pool, pwq, NULL);
	fk_list_init(k, stray);
	flushes_work(k, 30, pwq, stray);
	fk_list_init(k, list);
	flushes_work(k, 31, 0xdead0000, list);
	fk_u64(k, list, 0xffff8880deadb000);
	why = fk_why(k);
	assert_int_equal(num_blamed(wait_of(why, 30)), 0);
	assert_int_equal(num_blamed(wait_of(why, 31)), 0);
	fakekernel_free(k);
}

/* ---- all works of a queue ---- */

/* first: it is the one that is served; else one that stands behind. */
static struct fk_task *flushes_queue(struct fakekernel *k, int32_t pid, iq_vaddr pwq, int color,
				     bool first)
{
	iq_vaddr wq = fk_get(k, pwq, "pool_workqueue.wq"), flusher;
	struct fk_task *t = fk_task(k, pid, "umount");

	fk_calls(t, "do_something", "__flush_workqueue");
	flusher = fk_local(t, "wq_flusher");
	fk_put(k, flusher, "wq_flusher.flush_color", (uint64_t)color);
	fk_list_init(k, flusher + fk_off(k, "wq_flusher.list"));
	if (first)
		fk_put(k, wq, "workqueue_struct.first_flusher", flusher);
	else
		fk_list_add_tail(k, wq + fk_off(k, "workqueue_struct.flusher_queue"),
				 flusher + fk_off(k, "wq_flusher.list"));
	fk_wait_completion(t, flusher + fk_off(k, "wq_flusher.done"), FK_D);
	return t;
}

static void put_in_flight(struct fakekernel *k, iq_vaddr pwq, unsigned color, unsigned num)
{
	char path[48];

	snprintf(path, sizeof(path), "pool_workqueue.nr_in_flight[%u]", color);
	fk_put(k, pwq, path, num);
	fk_put(k, pwq, "pool_workqueue.nr_active", num);
}

static void flush_of_a_queue_waits_for_the_worker_at_it(enum fk_flavour f)
{
	for (int first = 0; first < 2; first++) {
		struct fakekernel *k = kernel_with_queues(f);
		iq_vaddr pool = pool_of_cpu(k, UNBOUND, 1),
			 pwq = queue_in(k, "xfs-sync/sda1", pool),
			 other = queue_in(k, "other", pool);
		const struct iq_cause *cause;
		const struct iq_why *why;

		put_in_flight(k, pwq, 3, 1);
		put_in_flight(k, other, 3, 1);
		busy_worker(k, 20, pool, other, NULL);
		busy_worker(k, 21, pool, pwq, NULL);
		flushes_queue(k, 30, pwq, 3, first);
		why = fk_why_pid(k, 30);
		cause = why->causes->list.data[0];
		assert_string_equal(fk_chain(k, cause), "umount > kworker/0:1");
		assert_int_equal(cause->root->tid, 21);
		assert_string_equal(wait_of(why, 30)->on->name, "work of workqueue xfs-sync/sda1");
		assert_int_equal(cause->chain_edges.data[0]->certainty, IQ_STRONG);
		fakekernel_free(k);
	}
}

/* Works that were queued after the flush began have a later colour. */
static void flush_of_a_queue_does_not_wait_for_later_works(enum fk_flavour f)
{
	struct fakekernel *k = kernel_with_queues(f);
	iq_vaddr pool = pool_of_cpu(k, UNBOUND, 1), pwq = queue_in(k, "wq", pool);
	const struct iq_wait *wait;
	iq_vaddr w;

	put_in_flight(k, pwq, 4, 1);
	busy_worker(k, 20, pool, pwq, &w);
	if (fk_has(k, "worker.current_color"))
		fk_put(k, w, "worker.current_color", 4);
	flushes_queue(k, 30, pwq, 3, true);
	wait = wait_of(fk_why(k), 30);
	assert_int_equal(num_blamed(wait), 0);
	fakekernel_free(k);
}

/* One of two is in the colour: newer kernels say which. */
static void of_two_workers_the_one_with_the_colour_is_waited_for(enum fk_flavour f)
{
	struct fakekernel *k = kernel_with_queues(f);
	iq_vaddr pool = pool_of_cpu(k, UNBOUND, 1), pwq = queue_in(k, "wq", pool), a, b;
	const struct iq_wait *wait;

	put_in_flight(k, pwq, 4, 1);
	put_in_flight(k, pwq, 2, 1);
	busy_worker(k, 20, pool, pwq, &a);
	busy_worker(k, 21, pool, pwq, &b);
	if (f != FK_OLD) {
		fk_put(k, a, "worker.current_color", 4);
		fk_put(k, b, "worker.current_color", 2);
	}
	flushes_queue(k, 30, pwq, 2, true);
	wait = wait_of(fk_why(k), 30);
	assert_int_equal(wait->task->out.num, f == FK_OLD ? 2 : 1);
	assert_int_equal(wait->task->out.data[0]->certainty, f == FK_OLD ? IQ_LIKELY : IQ_STRONG);
	if (f != FK_OLD)
		assert_int_equal(wait->task->out.data[0]->to->tid, 21);
	fakekernel_free(k);
}

static void lists_of_queues_that_do_not_close_name_nobody(enum fk_flavour f)
{
	struct fakekernel *k = kernel_with_queues(f);
	iq_vaddr pool = pool_of_cpu(k, UNBOUND, 1), pwq = queue_in(k, "wq", pool);
	iq_vaddr wq = fk_get(k, pwq, "pool_workqueue.wq");

	put_in_flight(k, pwq, 3, 1);
	busy_worker(k, 21, pool, pwq, NULL);
	flushes_queue(k, 30, pwq, 3, true);
	fk_u64(k, wq + fk_off(k, "workqueue_struct.pwqs"), 0xffff8880deadb000);
	assert_int_equal(num_blamed(wait_of(fk_why(k), 30)), 0);
	fakekernel_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		each_layout(who_executes_the_work_is_waited_for),
		each_layout(work_in_a_full_pool_waits_for_its_workers),
		cmocka_unit_test(work_of_a_cpu_waits_for_the_worker_that_gets_none),
		each_layout(barriers_that_lie_lead_to_nobody),
		each_layout(flush_of_a_queue_waits_for_the_worker_at_it),
		each_layout(flush_of_a_queue_does_not_wait_for_later_works),
		each_layout(of_two_workers_the_one_with_the_colour_is_waited_for),
		each_layout(lists_of_queues_that_do_not_close_name_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
