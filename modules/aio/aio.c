/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Asynchronous I/O that has to end before its context goes
 *
 * io_destroy(), and exec and exit through exit_aio(), wait with a struct ctx_rq_wait on the stack
 * until all requests of a context are done. The context does not list them. But a request keeps its
 * file: of the files that the process has open for direct I/O, or on a block device, those come
 * into question that are referred to more often than by descriptors.
 *
 * Kernel: fs/aio.c.
 */
#include "dio.h"
#include "uring.h"

#include "inquest/files.h"
#include "inquest/module.h"
#include "inquest/storage.h"
#include "inquest/waitq.h"

enum { O_DIRECT_FLAG = 040000, MAX_FILES = 64 };

struct candidates {
	struct iq_diag *d;
	struct {
		iq_vaddr file;
		struct iq_object *device;
		unsigned fd;
		uint64_t references, descriptors;
	} list[MAX_FILES];
	size_t num;
};

static bool count(void *ctx, const struct iq_open_file *open)
{
	(void)ctx;
	(void)open;
	return false;
}

static bool references(struct iq_diag *d, iq_vaddr file, uint64_t *num_ret)
{
	/* Counted from -1 on since v6.13, in a type of its own. */
	if (iq_peek_member(d->s, "struct file", "f_ref.refcnt.counter", file, num_ret)) {
		*num_ret += 1;
		return true;
	}
	return iq_peek_member(d->s, "struct file", "f_count.counter", file, num_ret);
}

static bool look(void *ctx, const struct iq_open_file *open)
{
	struct candidates *x = ctx;
	struct iq_diag *d = x->d;
	uint64_t flags, mapping, inode, num, descriptors;
	struct iq_object *device;

	if (x->num == MAX_FILES)
		return true;
	if (!iq_peek_member(d->s, "struct file", "f_flags", open->file, &flags) ||
	    !iq_peek_member(d->s, "struct file", "f_mapping", open->file, &mapping) || !mapping ||
	    !iq_peek_member(d->s, "struct address_space", "host", mapping, &inode) || !inode)
		return false;
	if (!(flags & O_DIRECT_FLAG) && !iq_is_bdev_inode(d->s, inode))
		return false;
	descriptors = iq_open_each(d->s, IQ_OPEN_FILE, open->file, count, NULL);
	if (!references(d, open->file, &num) || num <= descriptors)
		return false;
	device = iq_diag_device_of_inode(d, inode);
	if (!device)
		return false;
	for (size_t i = 0; i < x->num; i++)
		if (x->list[i].file == open->file)
			return false;
	x->list[x->num].file = open->file;
	x->list[x->num].device = device;
	x->list[x->num].fd = open->fd;
	x->list[x->num].references = num;
	x->list[x->num++].descriptors = descriptors;
	return false;
}

/* ---- from the devices ---- */

struct request_search {
	struct iq_wait *w;
	iq_vaddr rq_wait;
};

static bool is_request_of(struct iq_diag *d, void *ctx, iq_vaddr iocb)
{
	const struct request_search *x = ctx;
	int64_t off = iq_offsetof(d->s, "struct aio_kiocb", "rw");
	uint64_t kioctx, rq_wait;

	return off >= 0 && iq_is_kernel_ptr(d->s, iocb) &&
	       iq_peek_member(d->s, "struct aio_kiocb", "ki_ctx", iocb - (uint64_t)off, &kioctx) &&
	       iq_is_kernel_ptr(d->s, kioctx) &&
	       iq_peek_member(d->s, "struct kioctx", "rq_wait", kioctx, &rq_wait) &&
	       rq_wait == x->rq_wait;
}

static void add_device(struct iq_diag *d, void *ctx, struct iq_object *device, const char *where)
{
	const struct request_search *x = ctx;
	struct iq_edge *e = iq_graph_edge(d->g, x->w->task, device, x->w->on, IQ_EDGE_SERVES,
					  IQ_PROVEN, "has a request of it");

	if (!e->evidence.num)
		iq_text_add(d->g, &e->evidence, "%s; its kioctx.rq_wait is %#" PRIx64, where,
			    x->rq_wait);
}

static struct iq_error *explain(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	const struct iq_task *task = who->task;
	const struct iq_stack *stack = who->stack;
	int64_t off = iq_offsetof(d->s, "struct ctx_rq_wait", "comp");
	struct candidates x = { .d = d };
	struct request_search requests;
	struct iq_object *on;
	struct iq_wait *w;
	uint64_t left = 0;
	iq_vaddr done;

	if (off < 0 || !iq_find_completion(d->s, task, stack, &done) || done < stack->sp ||
	    done >= stack->end)
		return NULL;
	iq_peek_member(d->s, "struct ctx_rq_wait", "count.counter", done - (uint64_t)off, &left);
	on = iq_graph_object(d->g, IQ_OBJ_LOCK, "lock:%#" PRIx64, done);
	on->addr = done;
	iq_object_str(d->g, on, "class", "completion");
	iq_object_name(d->g, on, "the end of the asynchronous I/O of %s (%d)", task->comm,
		       task->tgid);
	w = iq_diag_wait(who, on, IQ_WAIT_UNASKED);
	iq_text_add(d->g, &w->evidence,
		    "ctx_rq_wait.count at %#" PRIx64 " is %" PRId64
		    ": so many contexts have requests under way",
		    done - (uint64_t)off, (int64_t)left);
	*wait_ret = w;
	requests = (struct request_search){ .w = w, .rq_wait = done - (uint64_t)off };
	if (dio_search(d, is_request_of, add_device, &requests))
		return NULL;
	iq_open_of_task(d->s, task, look, &x);
	for (size_t i = 0; i < x.num; i++) {
		struct iq_edge *e =
			iq_graph_edge(d->g, w->task, x.list[i].device, on,
				      x.num == 1 ? IQ_EDGE_SERVES : IQ_EDGE_MAYBE,
				      x.num == 1 ? IQ_STRONG : IQ_LIKELY, "has requests of it");

		iq_text_add(d->g, &e->evidence,
			    "the file of descriptor %u is referred to %" PRIu64
			    " times, by %" PRIu64 " descriptors: a request keeps it",
			    x.list[i].fd, x.list[i].references, x.list[i].descriptors);
	}
	return NULL;
}

static const char *const functions[] = { "exit_aio",
					 "__do_sys_io_destroy",
					 "__x64_sys_io_destroy",
					 "__se_sys_io_destroy",
					 "io_destroy",
					 NULL };
static const char *const types[] = { "struct ctx_rq_wait", NULL };

static const struct iq_wait_rule wait_rules[] = {
	{ .name = "aio",
	  .summary = "asynchronous I/O that exec, exit or io_destroy waits for, and its devices",
	  .reads = "ctx_rq_wait; mapped_device.deferred, blkdev_dio.iocb, aio_kiocb.ki_ctx, "
		   "kioctx.rq_wait; file.f_flags, .f_ref (.f_count)",
	  .seen = "6.1, 6.12, 7.3",
	  .certainty = IQ_PROVEN,
	  .functions = functions,
	  .needs_types = types,
	  .explain = explain },
	{ .name = "io_uring",
	  .summary = "completions of io_uring, where all requests under way are stuck: in workers, "
		     "or at devices",
	  .reads = "io_uring_task.inflight, .cached_refs; io_worker.cur_work; io_kiocb.ctx, .tctx "
		   "(.task); what the rule aio reads of devices",
	  .seen = "6.1, 6.12, 6.18, 7.3",
	  .certainty = IQ_PROVEN,
	  .functions = uring_wait_functions,
	  .needs_types = uring_types,
	  .explain = explain_uring_wait },
	{ .name = "io_uring-cancel",
	  .summary = "exec and exit, until the requests of io_uring have ended",
	  .reads = "io_worker.cur_work; io_kiocb.ctx, .tctx (.task)",
	  .seen = "6.1, 6.12, 6.18, 7.3",
	  .certainty = IQ_PROVEN,
	  .functions = uring_cancel_functions,
	  .needs_types = uring_types,
	  .explain = explain_uring_cancel },
	{ .name = "io_uring-exit",
	  .summary = "the end of a ring that was closed, until its requests have ended",
	  .reads = "io_ring_ctx.ref_comp; io_worker.cur_work; io_kiocb.ctx",
	  .seen = "",
	  .certainty = IQ_PROVEN,
	  .functions = uring_exit_functions,
	  .needs_types = uring_types,
	  .explain = explain_uring_exit },
	{ 0 },
};

const struct iq_module iq_module_aio = {
	.api = IQ_MODULE_API,
	.name = "aio",
	.summary = "asynchronous I/O and io_uring",
	.wait_rules = wait_rules,
};
