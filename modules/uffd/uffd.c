/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * userfaultfd: page faults that a program has to resolve
 *
 * A task that touches a page of a registered range sleeps in the fault until a
 * monitor has put a page there. Its struct userfaultfd_wait_queue lies on its stack,
 * and says which address and which userfaultfd; it is in fault_pending_wqh until the
 * monitor has read the message, in fault_wqh from then on. A fork, mremap or munmap of such a range
 * waits on event_wqh, where the monitor asked to be told of them.
 *
 * The monitor has the descriptor open: a process of its own (a migration, a
 * checkpoint being restored), or another thread of the same process.
 *
 * Kernel: fs/userfaultfd.c, include/linux/userfaultfd_k.h.
 */
#include "inquest/files.h"
#include "inquest/module.h"
#include "inquest/server.h"
#include "inquest/waitq.h"

static const char ctx_type[] = "struct userfaultfd_ctx";
static const char queue_type[] = "struct userfaultfd_wait_queue";

static const char *const faults[] = { "handle_userfault", "userfaultfd_event_wait_completion",
				      NULL };

/* ---- the monitor ---- */

struct fault {
	iq_vaddr ctx, queue;
	uint64_t address;
	bool is_event, taken;
};

struct monitors {
	const struct iq_task *list[IQ_MAX_SERVERS];
	const struct iq_open_file *open[IQ_MAX_SERVERS];
	size_t num;
};

/* A thread in poll() or read() of it has the file, or its wait queue, on its stack. */
static bool listens(struct iq_diag *d, const struct iq_task *t, iq_vaddr ctx, iq_vaddr file)
{
	const struct iq_stack *stack = iq_task_stack(d->s, t);
	int64_t wqh = iq_offsetof(d->s, ctx_type, "fd_wqh");

	return iq_stack_mentions(stack, file) ||
	       (wqh >= 0 && iq_stack_mentions(stack, ctx + (uint64_t)wqh));
}

static void add_threads(struct iq_diag *d, struct monitors *m, const struct iq_open_file *open,
			const struct iq_task *waiter, iq_vaddr ctx, bool only_listeners)
{
	const struct iq_task *t = open->task, *end = d->tasks->tasks + d->tasks->num_tasks;

	while (t > d->tasks->tasks && t[-1].tgid == open->task->tgid)
		t--;
	for (; t < end && t->tgid == open->task->tgid && m->num < IQ_MAX_SERVERS; t++) {
		if (t == waiter || t->state == 'Z' || t->state == 'X' ||
		    iq_stack_find(iq_task_stack(d->s, t), 0, faults) >= 0 ||
		    (only_listeners && !listens(d, t, ctx, open->file)))
			continue;
		m->list[m->num] = t;
		m->open[m->num++] = open;
	}
}

/*
 * Who passes his descriptor on to another process does so to be served by it; of the threads of one
 * process those that listen are the monitors. Where none of them does, and the message has not been
 * read, nobody is about to.
 */
static enum iq_certainty find_monitors(struct iq_diag *d, const struct iq_servers *servers,
				       const struct iq_task *waiter, const struct fault *f,
				       struct monitors *m)
{
	bool others = false;

	for (size_t i = 0; i < servers->num; i++)
		others = others || servers->list[i].task->tgid != waiter->tgid;
	m->num = 0;
	for (int listeners = !others; listeners >= (!others && !f->taken) && !m->num; listeners--)
		for (size_t i = 0; i < servers->num; i++)
			if (!others || servers->list[i].task->tgid != waiter->tgid)
				add_threads(d, m, &servers->list[i], waiter, f->ctx, listeners);
	return servers->num == 1 && others ? IQ_PROVEN : IQ_STRONG;
}

static void nobody_monitors(struct iq_diag *d, struct iq_object *o, const struct iq_task *task,
			    const struct iq_servers *servers)
{
	struct iq_verdict *v = iq_object_verdict(d->g, o, IQ_CAUSE_DAEMON_UNANSWERED, IQ_STRONG,
						 "page faults of %s (%d) are to be resolved "
						 "through a userfaultfd, and there is nobody left "
						 "to do it",
						 task->comm, task->tgid);

	if (!v)
		return;
	if (servers->num)
		iq_text_add(d->g, &v->evidence,
			    "only process %s (%d) has userfaultfd_ctx %#" PRIx64
			    " open, and none of its threads reads or polls it",
			    servers->list[0].task->comm, servers->list[0].task->tgid, o->addr);
	else
		iq_text_add(d->g, &v->evidence,
			    "no descriptor table has a file of userfaultfd_ctx %#" PRIx64, o->addr);
	iq_remedy_add(d->g, &v->remedy, IQ_RISK_DATA,
		      iq_arena_printf(d->g->arena, "kill -9 %d", task->tgid),
		      "End the process that faults: kill -9 %d; its memory was incomplete",
		      task->tgid);
}

/* ---- the fault ---- */

static struct iq_object *object_of(struct iq_diag *d, iq_vaddr ctx, const struct iq_task *task)
{
	struct iq_object *o =
		iq_graph_object(d->g, IQ_OBJ_DAEMON, "daemon:userfaultfd:%#" PRIx64, ctx);

	if (!o->addr) {
		o->addr = ctx;
		iq_object_name(d->g, o, "userfaultfd of %s (%d)", task->comm, task->tgid);
	}
	return o;
}

static bool find_fault(const struct iq_sleeper *who, struct fault *f)
{
	struct iq_diag *d = who->d;
	int64_t wq = iq_offsetof(d->s, queue_type, "wq"),
		events = iq_offsetof(d->s, ctx_type, "event_wqh");
	int64_t taken = iq_offsetof(d->s, ctx_type, "fault_wqh");
	struct iq_wait_entry entry;

	*f = (struct fault){ 0 };
	if (wq < 0 || events < 0 || taken < 0)
		return false;
	if (iq_find_wait_entry(d->s, who->task, who->stack, "userfaultfd_wake_function", &entry)) {
		f->queue = entry.entry - (uint64_t)wq;
		iq_peek_member(d->s, queue_type, "msg.arg.pagefault.address", f->queue,
			       &f->address);
		if (!iq_peek_member(d->s, queue_type, "ctx", f->queue, &f->ctx) ||
		    !iq_is_kernel_ptr(d->s, f->ctx))
			return false;
		f->taken = entry.head == f->ctx + (uint64_t)taken;
		return true;
	}
	if (!iq_find_wait_entry(d->s, who->task, who->stack, NULL, &entry))
		return false;
	f->is_event = true;
	f->ctx = entry.head - (uint64_t)events;
	f->queue = entry.entry - (uint64_t)wq;
	return iq_is_kernel_ptr(d->s, f->ctx);
}

static struct iq_error *explain(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	const struct iq_task *task = who->task;
	struct iq_servers servers = { .num = 0 };
	enum iq_certainty certainty;
	struct monitors m;
	struct fault f;
	uint64_t mm;
	struct iq_wait *w;

	if (!find_fault(who, &f) || !iq_peek_member(d->s, ctx_type, "mm", f.ctx, &mm) ||
	    (mm != task->mm && !f.is_event))
		return NULL;
	w = iq_diag_wait(who, object_of(d, f.ctx, task), IQ_WAIT_UNASKED);
	w->any = true;
	if (f.is_event) {
		iq_text_add(d->g, &w->evidence,
			    "it sleeps on userfaultfd_ctx.event_wqh of %#" PRIx64
			    ": the monitor is told of a change of "
			    "the memory",
			    f.ctx);
		w->in_words = "in a change of memory that a userfaultfd monitor is told of";
	} else {
		iq_text_add(d->g, &w->evidence,
			    "userfaultfd_wait_queue %#" PRIx64
			    " on its stack is about address %#" PRIx64
			    " and userfaultfd_ctx %#" PRIx64 "; the monitor has %s",
			    f.queue, f.address, f.ctx,
			    f.taken ? "read the message" : "not read the message");
		w->in_words =
			iq_arena_printf(d->g->arena, "in a page fault at %#" PRIx64, f.address);
	}
	iq_open_each(d->s, IQ_OPEN_PRIVATE, f.ctx, iq_servers_add, &servers);
	certainty = find_monitors(d, &servers, task, &f, &m);
	for (size_t i = 0; i < m.num; i++) {
		struct iq_edge *e =
			iq_graph_edge(d->g, w->task, iq_diag_task(d, m.list[i]), w->on,
				      IQ_EDGE_SERVES, certainty, "has to resolve the fault");

		iq_text_add(d->g, &e->evidence, "%s (%d) has descriptor %u open, the userfaultfd",
			    m.open[i]->task->comm, m.open[i]->task->tgid, m.open[i]->fd);
	}
	if (!m.num)
		nobody_monitors(d, w->on, task, &servers);
	*wait_ret = w;
	return NULL;
}

static const char *const types[] = { "struct userfaultfd_ctx", "struct userfaultfd_wait_queue",
				     NULL };

static const struct iq_wait_rule wait_rules[] = {
	{ .name = "userfaultfd",
	  .summary = "a page fault that a userfaultfd monitor has to resolve",
	  .reads = "userfaultfd_wait_queue.ctx, .msg; userfaultfd_ctx.fault_wqh, .event_wqh, .mm; "
		   "files_struct",
	  .seen = "5.10, 6.1, 6.12, 7.3",
	  .certainty = IQ_PROVEN,
	  .functions = faults,
	  .needs_types = types,
	  .explain = explain },
	{ 0 },
};

const struct iq_module iq_module_uffd = {
	.api = IQ_MODULE_API,
	.name = "uffd",
	.summary = "userfaultfd: page faults and their monitors",
	.wait_rules = wait_rules,
};
