/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * io_uring: who has the requests
 *
 * A request (struct io_kiocb) that may block is a worker's, a thread iou-wrk of the program: its
 * io_worker.cur_work is a part of the request. Direct I/O needs none: the device has it.
 *
 * A program that waits for completions is an ordinary sleeper as long as one of its requests can
 * still end: a message, a timer. It is blocked only if all that it has under way
 * (io_uring_task.inflight) hang. exec and exit wait for requests whether they like it or not, and
 * so does the kernel when the last descriptor of a ring is closed.
 *
 * Kernel: io_uring/io_uring.c, io-wq.c, tctx.c; include/linux/io_uring_types.h.
 */
#include "uring.h"

#include "dio.h"
#include "inquest/waitq.h"

enum { PF_IO_WORKER = 0x10, ENTER_GETEVENTS = 1, MAX_CPUS = 8192 };

static const char kiocb_type[] = "struct io_kiocb";

/* Whose requests: a ring's, or a task's. */
struct requests {
	iq_vaddr ring;
	const struct iq_task *task;
	iq_vaddr tctx; /* struct io_uring_task */
	struct iq_wait *w;
	size_t num;
};

static bool is_one_of(struct iq_diag *d, void *ctx, iq_vaddr req)
{
	const struct requests *x = ctx;
	uint64_t ring, owner;

	if (!iq_is_kernel_ptr(d->s, req) || !iq_peek_member(d->s, kiocb_type, "ctx", req, &ring) ||
	    !iq_is_kernel_ptr(d->s, ring))
		return false;
	if (x->ring)
		return ring == x->ring;
	/* The task itself up to v6.12. */
	if (iq_peek_member(d->s, kiocb_type, "tctx", req, &owner))
		return owner && owner == x->tctx;
	return iq_peek_member(d->s, kiocb_type, "task", req, &owner) && owner == x->task->addr;
}

/* The request that a worker is at; 0: none, or it cannot be known. */
static iq_vaddr request_of_worker(struct iq_diag *d, const struct iq_task *t)
{
	static const char *const members[] = { "worker_private", "pf_io_worker" };
	int64_t off = iq_offsetof(d->s, kiocb_type, "work");
	uint64_t worker = 0, work;

	for (size_t i = 0; i < IQ_ARRAY_SIZE(members) && !worker; i++)
		iq_peek_member(d->s, "struct task_struct", members[i], t->addr, &worker);
	if (off < 0 || !worker || !iq_is_kernel_ptr(d->s, worker) ||
	    !iq_peek_member(d->s, "struct io_worker", "cur_work", worker, &work) || !work)
		return 0;
	return work - (uint64_t)off;
}

static bool is_stuck_worker(struct iq_diag *d, struct requests *x, const struct iq_task *t,
			    iq_vaddr *req_ret)
{
	if (!t->pid || !(t->flags & PF_IO_WORKER) || t->kthread || t->state != 'D')
		return false;
	*req_ret = request_of_worker(d, t);
	return *req_ret && is_one_of(d, x, *req_ret);
}

static void add_workers(struct iq_diag *d, struct requests *x)
{
	for (size_t i = 0; i < d->tasks->num_tasks; i++) {
		const struct iq_task *t = &d->tasks->tasks[i];
		struct iq_edge *e;
		iq_vaddr req;

		if (!is_stuck_worker(d, x, t, &req))
			continue;
		x->num++;
		if (!x->w)
			continue;
		e = iq_graph_edge(d->g, x->w->task, iq_diag_task(d, t), x->w->on, IQ_EDGE_SERVES,
				  IQ_PROVEN, "is at a request of it");
		iq_text_add(d->g, &e->evidence,
			    "io_worker.cur_work of %s (%d) is in the request io_kiocb %#" PRIx64,
			    t->comm, t->pid, req);
	}
}

static void add_device(struct iq_diag *d, void *ctx, struct iq_object *device, const char *where)
{
	struct requests *x = ctx;
	struct iq_edge *e;

	x->num++;
	if (!x->w)
		return;
	e = iq_graph_edge(d->g, x->w->task, device, x->w->on, IQ_EDGE_SERVES, IQ_PROVEN,
			  "has a request of it");
	if (!e->evidence.num)
		iq_text_add(d->g, &e->evidence, "%s, and belongs to a request of io_uring", where);
}

/* Count those that are known to be stuck; with a wait, add edges to who has them. */
static size_t find_stuck(struct iq_diag *d, struct requests *x, struct iq_wait *w)
{
	x->w = w;
	x->num = 0;
	add_workers(d, x);
	/* What waits for its turn at a device is no worker's; there it is looked for even if there
	 * are workers. */
	if (iq_offsetof(d->s, "struct io_rw", "kiocb") == 0)
		dio_search(d, is_one_of, add_device, x);
	return x->num;
}

/* How many requests a task has under way. */
static bool num_in_flight(struct iq_diag *d, iq_vaddr tctx, int64_t *num_ret)
{
	static const char type[] = "struct io_uring_task";
	uint64_t sum, counters, cached;

	if (!iq_peek_member(d->s, type, "inflight.count", tctx, &sum) ||
	    !iq_peek_member(d->s, type, "inflight.counters", tctx, &counters) ||
	    !iq_peek_member(d->s, type, "cached_refs", tctx, &cached))
		return false;
	*num_ret = (int64_t)sum - (int32_t)cached;
	for (unsigned cpu = 0; counters && cpu < iq_num_cpus(d->s) && cpu < MAX_CPUS; cpu++) {
		uint32_t n;

		if (iq_peek_u32(d->s, iq_per_cpu(d->s, counters, cpu), &n))
			*num_ret += (int32_t)n;
	}
	return true;
}

static struct iq_wait *new_wait(const struct iq_sleeper *who, enum iq_wait_class cls)
{
	struct iq_diag *d = who->d;
	const struct iq_task *task = who->task;
	struct iq_object *on =
		iq_graph_object(d->g, IQ_OBJ_KERNEL, "kernel:io_uring-of-%d", task->tgid);

	iq_object_name(d->g, on, "io_uring requests of %s (%d)", task->comm, task->tgid);
	return iq_diag_wait(who, on, cls);
}

static iq_vaddr tctx_of(struct iq_diag *d, const struct iq_task *task)
{
	uint64_t tctx;

	return iq_peek_member(d->s, "struct task_struct", "io_uring", task->addr, &tctx) &&
			       iq_is_kernel_ptr(d->s, tctx)
		       ? tctx
		       : 0;
}

struct iq_error *explain_uring_wait(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	const struct iq_stack *stack = who->stack;
	struct requests x = { .task = who->task, .tctx = tctx_of(d, who->task) };
	int64_t in_flight;
	struct iq_wait *w;

	if (!x.tctx || !stack->user.valid || !stack->user.syscall ||
	    !(stack->user.args[3] & ENTER_GETEVENTS) || !num_in_flight(d, x.tctx, &in_flight) ||
	    in_flight <= 0 || (int64_t)find_stuck(d, &x, NULL) < in_flight)
		return NULL;
	w = new_wait(who, IQ_WAIT_MESSAGE);
	w->any = true;
	iq_text_add(d->g, &w->evidence,
		    "io_uring_task.inflight at %#" PRIx64 " says that it has %" PRId64
		    " requests under way, and all of them are accounted for",
		    x.tctx, in_flight);
	find_stuck(d, &x, w);
	*wait_ret = w;
	return NULL;
}

struct iq_error *explain_uring_cancel(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	struct requests x = { .task = who->task, .tctx = tctx_of(d, who->task) };
	struct iq_wait *w;

	if (!x.tctx || !find_stuck(d, &x, NULL))
		return NULL;
	w = new_wait(who, IQ_WAIT_UNASKED);
	iq_text_add(d->g, &w->evidence,
		    "io_uring_task at %#" PRIx64
		    ": exec and exit wait for the requests that are under way",
		    x.tctx);
	find_stuck(d, &x, w);
	*wait_ret = w;
	return NULL;
}

struct iq_error *explain_uring_exit(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	int64_t off = iq_offsetof(d->s, "struct io_ring_ctx", "ref_comp");
	struct requests x = { .ring = 0 };
	struct iq_object *on;
	struct iq_wait *w;
	iq_vaddr done;

	if (off < 0 || !iq_find_completion(d->s, who->task, who->stack, &done))
		return NULL;
	x.ring = done - (uint64_t)off;
	if (!find_stuck(d, &x, NULL))
		return NULL;
	on = iq_graph_object(d->g, IQ_OBJ_KERNEL, "kernel:io_uring-%#" PRIx64, x.ring);
	on->addr = x.ring;
	iq_object_name(d->g, on, "requests of an io_uring that was closed");
	w = iq_diag_wait(who, on, IQ_WAIT_UNASKED);
	iq_text_add(d->g, &w->evidence, "it waits for io_ring_ctx.ref_comp of %#" PRIx64, x.ring);
	find_stuck(d, &x, w);
	*wait_ret = w;
	return NULL;
}

const char *const uring_wait_functions[] = { "io_cqring_wait", "__do_sys_io_uring_enter",
					     "__x64_sys_io_uring_enter", NULL };
const char *const uring_cancel_functions[] = { "io_uring_cancel_generic", "io_uring_cancel_files",
					       "io_uring_files_cancel",	  "__io_uring_cancel",
					       "io_wq_put_and_exit",	  "io_wq_exit_workers",
					       "io_wq_destroy",		  NULL };
const char *const uring_exit_functions[] = { "io_ring_exit_work", NULL };
const char *const uring_types[] = { "struct io_kiocb", "struct io_uring_task", NULL };
