/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Workqueues: who is at the work that a task waits for
 *
 * flush_work() and its like put a struct wq_barrier, on the waiter's stack, behind the work: in the
 * list of the worker that executes it (worker.scheduled), or, where nobody does yet, in its pool's
 * (worker_pool.worklist). The ring that the barrier is in leads to one or the other.
 *
 * flush_workqueue() counts: a struct wq_flusher on the stack waits for the works of its colour that
 * the pool_workqueues have in flight; workers at work of that queue and colour are what it waits
 * for. Flushes of one queue end in the order of their colours, so a later one waits for the works
 * of the earlier ones too. Which colour a worker is at it says since v5.15.
 *
 * Works that nobody executes wait for a worker of their pool. One that is ready to run but gets no
 * CPU, or that runs for ever, keeps a pool of one CPU from the rest (WORKER_NOT_RUNNING aside);
 * else all workers are asleep in something.
 *
 * Kernel: kernel/workqueue.c, kernel/workqueue_internal.h.
 */
#include "dcmds.h"
#include "worker.h"

#include "inquest/module.h"
#include "inquest/waitq.h"

#include <stdio.h>

enum {
	MAX_RING = 100000,
	MAX_QUEUES = 10000,
	MAX_POOLS = 10000,
	PWQ_FLAGS = 0xff,
	DATA_PWQ = 4,
	MAX_CANDIDATES = 64,
	MAX_COLORS = 16,
};

typedef IQ_VEC(struct worker) worker_list;

static void read_workers(struct iq_diag *d, worker_list *list)
{
	struct worker w;

	for (size_t i = 0; i < d->tasks->num_tasks; i++)
		if (iq_worker_of_task(d->s, &d->tasks->tasks[i], &w))
			iq_vec_push(list, w);
}

static void add_worker(struct iq_diag *d, struct iq_wait *w, const struct worker *worker,
		       enum iq_edge_kind kind, enum iq_certainty certainty, const char *how)
{
	struct iq_edge *e;

	if (worker->task->addr == w->task->addr)
		return;
	e = iq_graph_edge(d->g, w->task, iq_diag_task(d, worker->task), NULL, kind, certainty, "%s",
			  how);
	if (worker->func)
		iq_text_add(d->g, &e->evidence,
			    "worker.current_func of %s (%d) at %#" PRIx64 " is %s",
			    worker->task->comm, worker->task->pid, worker->addr,
			    iq_sym_format(d->s, worker->func));
	else
		iq_text_add(d->g, &e->evidence,
			    "%s (%d) is an idle worker of that pool, woken to take it",
			    worker->task->comm, worker->task->pid);
}

/*
 * Nobody executes it: who could? Of a CPU's pool, the one that is on that CPU's run queue; else
 * those that are at work, if there is no other.
 */
static void add_pool(struct iq_diag *d, struct iq_wait *w, const worker_list *workers,
		     iq_vaddr pool)
{
	const struct worker *ready[MAX_CANDIDATES], *busy[MAX_CANDIDATES];
	uint64_t cpu = 0, idle = 0;
	size_t num = 0, num_ready = 0;

	iq_peek_member(d->s, "struct worker_pool", "cpu", pool, &cpu);
	iq_peek_member(d->s, "struct worker_pool", "nr_idle", pool, &idle);
	if ((int32_t)cpu >= 0)
		iq_text_add(d->g, &w->evidence,
			    "the work is in the list of CPU %d's pool at %#" PRIx64
			    ", and no worker is at it",
			    (int32_t)cpu, pool);
	else
		iq_text_add(d->g, &w->evidence,
			    "the work is in the list of the pool at %#" PRIx64
			    ", and no worker is at it",
			    pool);
	for (size_t i = 0; i < workers->num; i++) {
		const struct worker *x = &workers->data[i];

		if (x->pool != pool)
			continue;
		if (x->task->state == 'R' && num_ready < MAX_CANDIDATES)
			ready[num_ready++] = x;
		if (x->work && num < MAX_CANDIDATES)
			busy[num++] = x;
	}
	if (num_ready && (int32_t)cpu >= 0) {
		for (size_t i = 0; i < num_ready; i++)
			add_worker(d, w, ready[i], num_ready == 1 ? IQ_EDGE_SERVES : IQ_EDGE_MAYBE,
				   num_ready == 1 ? IQ_STRONG : IQ_LIKELY,
				   num_ready == 1 ? "is the worker that has to take it"
						  : "is a worker that could take it");
		return;
	}
	for (size_t i = 0; i < num && !idle; i++)
		add_worker(d, w, busy[i], num == 1 ? IQ_EDGE_SERVES : IQ_EDGE_MAYBE,
			   num == 1 ? IQ_STRONG : IQ_LIKELY,
			   "is a worker of the pool, which has no idle one");
}

static struct iq_wait *new_wait(const struct iq_sleeper *who, const char *queue)
{
	struct iq_diag *d = who->d;
	struct iq_object *on = iq_graph_object(d->g, IQ_OBJ_KERNEL, "kernel:workqueue-%s",
					       queue ? queue : "unknown");

	iq_object_name(d->g, on, "work of workqueue %s", queue ? queue : "(unknown)");
	return iq_diag_wait(who, on, IQ_WAIT_SLEEP);
}

/* ---- one work ---- */

/* The head of the ring that node is in: a worker's `scheduled`, or the list of a pool. */
static bool find_ring(struct iq_diag *d, iq_vaddr node, iq_vaddr pool, const worker_list *workers,
		      const struct worker **worker_ret)
{
	int64_t scheduled = iq_offsetof(d->s, "struct worker", "scheduled");
	int64_t worklist = iq_offsetof(d->s, "struct worker_pool", "worklist");
	struct iq_map heads = { 0 };
	iq_vaddr at = node;
	bool found = false;

	*worker_ret = NULL;
	for (size_t i = 0; i < workers->num; i++)
		iq_map_set(&heads, workers->data[i].addr + (uint64_t)scheduled, i + 1);
	for (int i = 0; i < MAX_RING && !found; i++) {
		uint64_t *index = iq_map_get(&heads, at);

		if (index) {
			*worker_ret = &workers->data[*index - 1];
			found = true;
		} else if (pool && at == pool + (uint64_t)worklist) {
			found = true;
		} else if (!iq_peek_u64(d->s, at, &at) || at == node ||
			   !iq_is_kernel_ptr(d->s, at)) {
			break;
		}
	}
	iq_map_deinit(&heads);
	return found;
}

static struct iq_error *explain_flush(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	static const char type[] = "struct wq_barrier";
	int64_t off = iq_offsetof(d->s, type, "done"),
		entry = iq_offsetof(d->s, type, "work.entry");
	const struct worker *worker;
	worker_list workers = { 0 };
	uint64_t func, data, pool = 0;
	iq_vaddr done, barrier, pwq;
	struct iq_wait *w;

	if (off < 0 || entry < 0 || !iq_find_completion(d->s, who->task, who->stack, &done))
		return NULL;
	barrier = done - (uint64_t)off;
	if (!iq_peek_member(d->s, type, "work.func", barrier, &func) ||
	    func != iq_sym_addr(d->s, "wq_barrier_func") ||
	    !iq_peek_member(d->s, type, "work.data.counter", barrier, &data) || !(data & DATA_PWQ))
		return NULL;
	pwq = data & ~(uint64_t)PWQ_FLAGS;
	iq_peek_member(d->s, "struct pool_workqueue", "pool", pwq, &pool);
	w = new_wait(who, iq_work_queue_name(d->s, pwq));
	iq_text_add(d->g, &w->evidence,
		    "its wq_barrier at %#" PRIx64
		    " stands behind a work of pool_workqueue %#" PRIx64,
		    barrier, pwq);
	read_workers(d, &workers);
	if (find_ring(d, barrier + (uint64_t)entry, pool, &workers, &worker)) {
		if (worker)
			add_worker(d, w, worker, IQ_EDGE_SERVES, IQ_PROVEN,
				   "executes the work that it waits for");
		else
			add_pool(d, w, &workers, pool);
	}
	iq_vec_free(&workers);
	*wait_ret = w;
	return NULL;
}

/* ---- all works of a queue ---- */

struct queue_search {
	struct iq_diag *d;
	iq_vaddr flusher, queue;
	bool found;
};

static bool is_flusher(void *ctx, iq_vaddr node)
{
	struct queue_search *x = ctx;

	x->found = x->found ||
		   node == x->flusher + (uint64_t)iq_offsetof(x->d->s, "struct wq_flusher", "list");
	return x->found;
}

static bool look_at_queue(void *ctx, iq_vaddr node)
{
	static const char type[] = "struct workqueue_struct";
	static const char *const lists[] = { "flusher_queue", "flusher_overflow" };
	struct queue_search *x = ctx;
	iq_vaddr wq = node - (uint64_t)iq_offsetof(x->d->s, type, "list");
	uint64_t first;

	x->found =
		iq_peek_member(x->d->s, type, "first_flusher", wq, &first) && first == x->flusher;
	for (int i = 0; i < 2 && !x->found; i++) {
		int64_t off = iq_offsetof(x->d->s, type, lists[i]);

		if (off >= 0)
			iq_error_free(
				iq_list_walk(x->d->s, wq + (uint64_t)off, MAX_RING, is_flusher, x));
	}
	x->queue = wq;
	return x->found;
}

struct pwq_search {
	struct iq_diag *d;
	struct iq_wait *w;
	const worker_list *workers;
	uint32_t colors; /* whose works it waits for */
};

/* The colours from the one that is being flushed to the flusher's own. */
static uint32_t colors_of(struct iq_diag *d, const struct queue_search *q)
{
	unsigned num = iq_has_member(d->s, "struct pool_workqueue", "nr_in_flight[15]") ? 16 : 15;
	uint64_t own, color;
	uint32_t set = 0;

	/* It has none as long as all are taken, and waits for all of them. */
	if (!iq_peek_member(d->s, "struct wq_flusher", "flush_color", q->flusher, &own) ||
	    own >= num)
		return UINT32_MAX;
	if (!iq_peek_member(d->s, "struct workqueue_struct", "flush_color", q->queue, &color) ||
	    color >= num)
		color = own;
	for (; color != own; color = (color + 1) % num)
		set |= 1u << color;
	return set | 1u << own;
}

/* How many works of these colours a pool_workqueue has taken and not finished. */
static uint64_t num_in_flight(struct iq_diag *d, iq_vaddr pwq, uint32_t colors)
{
	uint64_t sum = 0, n;
	char member[32];

	for (unsigned i = 0; i < MAX_COLORS; i++) {
		snprintf(member, sizeof(member), "nr_in_flight[%u]", i);
		if ((colors & 1u << i) &&
		    iq_peek_member(d->s, "struct pool_workqueue", member, pwq, &n))
			sum += (uint32_t)n;
	}
	return sum;
}

static bool look_at_pwq(void *ctx, iq_vaddr node)
{
	static const char type[] = "struct pool_workqueue";
	struct pwq_search *x = ctx;
	struct iq_diag *d = x->d;
	iq_vaddr pwq = node - (uint64_t)iq_offsetof(d->s, type, "pwqs_node");
	bool sure = !num_in_flight(d, pwq, ~x->colors), found = false;
	uint64_t pool, active, color;

	if (!num_in_flight(d, pwq, x->colors))
		return false;
	for (size_t i = 0; i < x->workers->num; i++) {
		const struct worker *worker = &x->workers->data[i];
		bool known = iq_peek_member(d->s, "struct worker", "current_color", worker->addr,
					    &color);

		if (worker->pwq != pwq ||
		    (known && (color >= MAX_COLORS || !(x->colors & 1u << color))))
			continue;
		add_worker(d, x->w, worker, sure || known ? IQ_EDGE_SERVES : IQ_EDGE_MAYBE,
			   sure || known ? IQ_STRONG : IQ_LIKELY, "is at a work of that queue");
		found = true;
	}
	if (!found && iq_peek_member(d->s, type, "nr_active", pwq, &active) && active &&
	    iq_peek_member(d->s, type, "pool", pwq, &pool))
		add_pool(d, x->w, x->workers, pool);
	return false;
}

static struct iq_error *explain_flush_queue(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	int64_t off = iq_offsetof(d->s, "struct wq_flusher", "done"),
		pwqs = iq_offsetof(d->s, "struct workqueue_struct", "pwqs");
	iq_vaddr queues = iq_sym_addr(d->s, "workqueues"), done;
	struct queue_search q = { .d = d };
	worker_list workers = { 0 };

	if (off < 0 || pwqs < 0 || !queues ||
	    !iq_find_completion(d->s, who->task, who->stack, &done))
		return NULL;
	q.flusher = done - (uint64_t)off;
	iq_error_free(iq_list_walk(d->s, queues, MAX_QUEUES, look_at_queue, &q));
	if (!q.found)
		return NULL;
	*wait_ret = new_wait(who, iq_workqueue_name(d->s, q.queue));
	iq_text_add(d->g, &(*wait_ret)->evidence,
		    "its wq_flusher at %#" PRIx64 " is one of workqueue_struct %#" PRIx64,
		    q.flusher, q.queue);
	read_workers(d, &workers);
	iq_error_free(iq_list_walk(
		d->s, q.queue + (uint64_t)pwqs, MAX_POOLS, look_at_pwq,
		&(struct pwq_search){
			.d = d, .w = *wait_ret, .workers = &workers, .colors = colors_of(d, &q) }));
	iq_vec_free(&workers);
	return NULL;
}

static const char *const flush_functions[] = { "__flush_work",
					       "flush_work",
					       "__cancel_work_timer",
					       "__cancel_work_sync",
					       "cancel_work_sync",
					       "cancel_delayed_work_sync",
					       "flush_delayed_work",
					       "schedule_on_each_cpu",
					       "__lru_add_drain_all",
					       "start_flush_work",
					       NULL };
static const char *const queue_functions[] = { "__flush_workqueue", "flush_workqueue",
					       "drain_workqueue", "destroy_workqueue", NULL };
static const char *const flush_types[] = { "struct wq_barrier", "struct worker",
					   "struct worker_pool", "struct pool_workqueue", NULL };
static const char *const queue_types[] = { "struct wq_flusher", "struct workqueue_struct",
					   "struct worker", "struct pool_workqueue", NULL };

static const struct iq_wait_rule wait_rules[] = {
	{ .name = "flush-work",
	  .summary = "a work that somebody waits for: the worker that executes it, or has to",
	  .reads = "wq_barrier.work, .done; worker.scheduled, .current_func, .pool; "
		   "pool_workqueue.pool, .wq; worker_pool.worklist",
	  .seen = "5.10, 6.1, 6.12, 7.3",
	  .certainty = IQ_PROVEN,
	  .functions = flush_functions,
	  .needs_types = flush_types,
	  .explain = explain_flush },
	{ .name = "flush-workqueue",
	  .summary = "the works of a whole queue: the workers that are at them",
	  .reads = "wq_flusher; workqueue_struct.first_flusher, .flusher_queue, .pwqs; "
		   "pool_workqueue.nr_in_flight; worker.current_pwq, .current_color",
	  .seen = "",
	  .certainty = IQ_STRONG,
	  .functions = queue_functions,
	  .needs_types = queue_types,
	  .explain = explain_flush_queue },
	{ 0 },
};

const struct iq_module iq_module_work = {
	.api = IQ_MODULE_API,
	.name = "work",
	.summary = "workqueues and their workers",
	.wait_rules = wait_rules,
	.dcmds = iq_work_dcmds,
	.walkers = iq_work_walkers,
	.globals = iq_work_globals,
};
