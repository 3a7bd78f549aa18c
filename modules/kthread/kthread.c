/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Kernel threads that are started, stopped or parked, and programs that the kernel starts
 *
 * kthread_stop() waits for kthread.exited, kthread_park() for kthread.parked: the completion is
 * part of the thread's struct kthread. A new kernel thread is made by kthreadd.
 *
 * call_usermodehelper() waits for a completion that its struct subprocess_info points to; that has
 * the path of the program. A worker starts the program, and waits for its end where that is asked
 * for; request_module() does.
 *
 * Kernel: kernel/kthread.c, kernel/umh.c.
 */
#include "inquest/module.h"
#include "inquest/waitq.h"

enum { KTHREADD = 2, MAX_STARTERS = 16 };

static struct iq_wait *new_wait(const struct iq_sleeper *who, iq_vaddr done, const char *name)
{
	struct iq_diag *d = who->d;
	struct iq_object *on = iq_graph_object(d->g, IQ_OBJ_LOCK, "lock:%#" PRIx64, done);

	on->addr = done;
	iq_object_str(d->g, on, "class", "completion");
	iq_object_name(d->g, on, "%s", name);
	return iq_diag_wait(who, on, IQ_WAIT_SLEEP);
}

/* ---- threads ---- */

static struct iq_error *explain_stop(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	static const char type[] = "struct kthread";
	int64_t exited = iq_offsetof(d->s, type, "exited"),
		parked = iq_offsetof(d->s, type, "parked");
	iq_vaddr done;

	if (exited < 0 || parked < 0 || !iq_find_completion(d->s, who->task, who->stack, &done))
		return NULL;
	for (size_t i = 0; i < d->tasks->num_tasks; i++) {
		const struct iq_task *t = &d->tasks->tasks[i];
		uint64_t kthread;
		struct iq_edge *e;
		bool stop;

		if (!t->kthread || !t->pid ||
		    (!iq_peek_member(d->s, "struct task_struct", "worker_private", t->addr,
				     &kthread) &&
		     !iq_peek_member(d->s, "struct task_struct", "set_child_tid", t->addr,
				     &kthread)))
			continue;
		stop = kthread + (uint64_t)exited == done;
		if (!stop && kthread + (uint64_t)parked != done)
			continue;
		*wait_ret = new_wait(who, done,
				     iq_arena_printf(iq_scratch(d->s),
						     "the %s of kernel thread %s (%d)",
						     stop ? "end" : "parking", t->comm, t->pid));
		e = iq_graph_edge(d->g, (*wait_ret)->task, iq_diag_task(d, t), (*wait_ret)->on,
				  IQ_EDGE_SERVES, IQ_PROVEN,
				  stop ? "has to end first" : "has to park first");
		iq_text_add(d->g, &e->evidence,
			    "the completion %#" PRIx64 " is kthread.%s of %s (%d)", done,
			    stop ? "exited" : "parked", t->comm, t->pid);
		return NULL;
	}
	return NULL;
}

static struct iq_error *explain_create(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	const struct iq_task *kthreadd = iq_task_by_pid(d->s, KTHREADD);
	struct iq_edge *e;
	iq_vaddr done;

	if (!kthreadd || !kthreadd->kthread ||
	    !iq_find_completion(d->s, who->task, who->stack, &done))
		return NULL;
	*wait_ret = new_wait(who, done, "a new kernel thread");
	e = iq_graph_edge(d->g, (*wait_ret)->task, iq_diag_task(d, kthreadd), (*wait_ret)->on,
			  IQ_EDGE_SERVES, IQ_STRONG, "makes all kernel threads");
	iq_text_add(d->g, &e->evidence, "%s (%d) makes all kernel threads", kthreadd->comm,
		    kthreadd->pid);
	return NULL;
}

/* ---- programs ---- */

struct info_search {
	const struct iq_stack *stack;
	iq_vaddr done, work;
};

static bool is_info(struct iq_session *s, iq_vaddr p, void *ctx)
{
	static const char type[] = "struct subprocess_info";
	struct info_search *x = ctx;
	uint64_t complete, func;

	/* The completion's address is on the stack itself, too. */
	return iq_is_kernel_ptr(s, p) && !(p >= x->stack->sp && p < x->stack->end) &&
	       iq_peek_member(s, type, "complete", p, &complete) && complete == x->done &&
	       (!x->work || (iq_peek_member(s, type, "work.func", p, &func) && func == x->work));
}

/* Who has the request in hands: the worker, until it has started the program; where it waits for
 * its end, to the last. */
static size_t add_starters(struct iq_diag *d, struct iq_wait *w, iq_vaddr info)
{
	const struct iq_task *found[MAX_STARTERS];
	size_t num = 0;

	for (size_t i = 0; i < d->tasks->num_tasks && num < MAX_STARTERS; i++) {
		const struct iq_task *t = &d->tasks->tasks[i];

		if (t->pid && t->stack && !t->on_cpu && !t->exit_state &&
		    t->addr != w->task->addr && iq_stack_mentions(iq_task_stack(d->s, t), info))
			found[num++] = t;
	}
	/* Of several one or the other has an old word on its stack. */
	for (size_t i = 0; i < num; i++) {
		struct iq_edge *e = iq_graph_edge(d->g, w->task, iq_diag_task(d, found[i]), w->on,
						  num == 1 ? IQ_EDGE_SERVES : IQ_EDGE_MAYBE,
						  num == 1 ? IQ_STRONG : IQ_LIKELY,
						  "has to start it, and to see its end");

		iq_text_add(d->g, &e->evidence,
			    "subprocess_info %#" PRIx64 " is on the stack of %s (%d)", info,
			    found[i]->comm, found[i]->pid);
	}
	return num;
}

static struct iq_error *explain_helper(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	const struct iq_stack *stack = who->stack;
	struct info_search x = { .stack = stack,
				 .work = iq_sym_addr(d->s, "call_usermodehelper_exec_work") };
	char path[256] = "";
	iq_vaddr info;
	uint64_t addr;
	struct iq_wait *w;

	if (!iq_find_completion(d->s, who->task, stack, &x.done))
		return NULL;
	info = iq_stack_search(d->s, stack, 0, is_info, &x);
	if (!info)
		return NULL;
	if (iq_peek_member(d->s, "struct subprocess_info", "path", info, &addr))
		iq_error_free(iq_read_str(d->s, addr, path, sizeof(path)));
	w = new_wait(who, x.done,
		     iq_arena_printf(iq_scratch(d->s), "the program %s, which the kernel starts",
				     path[0] ? path : "?"));
	iq_text_add(d->g, &w->evidence, "subprocess_info.path at %#" PRIx64 " is %s", info, path);
	add_starters(d, w, info);
	*wait_ret = w;
	return NULL;
}

static const char *const stop_functions[] = { "kthread_stop", "kthread_stop_put", "kthread_park",
					      NULL };
static const char *const create_functions[] = { "__kthread_create_on_node",
						"kthread_create_on_node", NULL };
static const char *const helper_functions[] = { "call_usermodehelper_exec", NULL };
static const char *const kthread_types[] = { "struct kthread", NULL };
static const char *const helper_types[] = { "struct subprocess_info", NULL };

static const struct iq_wait_rule wait_rules[] = {
	{ .name = "kthread-stop",
	  .summary = "a kernel thread that has to end, or to park",
	  .reads = "kthread.exited, .parked",
	  .seen = "5.10, 6.1, 6.12, 7.3",
	  .certainty = IQ_PROVEN,
	  .functions = stop_functions,
	  .needs_types = kthread_types,
	  .explain = explain_stop },
	{ .name = "kthread-create",
	  .summary = "a new kernel thread, which kthreadd has to make",
	  .reads = "completion",
	  .seen = "5.10, 6.1, 6.12, 7.3",
	  .certainty = IQ_STRONG,
	  .functions = create_functions,
	  .explain = explain_create },
	{ .name = "usermodehelper",
	  .summary = "a program that the kernel starts: request_module, ...",
	  .reads = "subprocess_info.complete, .path",
	  .seen = "5.10, 6.1, 6.12, 7.3",
	  .certainty = IQ_STRONG,
	  .functions = helper_functions,
	  .needs_types = helper_types,
	  .explain = explain_helper },
	{ 0 },
};

const struct iq_module iq_module_kthread = {
	.api = IQ_MODULE_API,
	.name = "kthread",
	.summary = "kernel threads that end, programs that the kernel starts",
	.wait_rules = wait_rules,
};
