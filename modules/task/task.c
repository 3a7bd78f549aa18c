/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tasks as the end of a chain, and tasks that wait for tasks
 *
 * A task that others wait for and that waits for nothing itself is stopped,
 * traced, frozen, or asleep for a reason of its own. Its state says which. (Running, or
 * kept off its CPU: the sched room.)
 *
 * wait4() and waitid() leave a struct wait_opts on the stack, with the entry
 * that the children wake and with what they were asked to wait for; vfork()
 * leaves a completion that the child's vfork_done points to.
 *
 * Kernel: kernel/exit.c (do_wait), kernel/fork.c (wait_for_vfork_done),
 * kernel/signal.c (do_signal_stop), kernel/ptrace.c.
 */
#include "inquest/module.h"
#include "inquest/process.h"
#include "inquest/sleep.h"

/* PTRACE_O_EXITKILL, as task_struct.ptrace has it (include/linux/ptrace.h). */
enum { PT_EXITKILL = 1 << 23 };

enum { PIDTYPE_PID = 0, PIDTYPE_TGID = 1, PIDTYPE_PGID = 2 };

/* ---- what a task is when nothing else explains it ---- */

/* Sleeps that a program asks for: timers, events, input. */
enum {
	ORDINARY_SLEEPS = IQ_SLEEP_TIME | IQ_SLEEP_POLL | IQ_SLEEP_RING | IQ_SLEEP_SIGNAL |
			  IQ_SLEEP_FUTEX_ANY | IQ_SLEEP_EVENT | IQ_SLEEP_INPUT
};

/* The sleep that a program asked for ends where it touches its memory. */
static const char *const faults[] = { "asm_exc_page_fault", "exc_page_fault", "do_user_addr_fault",
				      "handle_mm_fault",    "do_page_fault",  NULL };

static int ordinary_sleep(const struct iq_stack *stack)
{
	enum { CALLER_OF_SCHEDULE = 2 }; /* behind __schedule() and schedule() */
	static const char *const kthread[] = { "kthread", NULL };
	int frame = iq_sleep_find(stack, 0, ORDINARY_SLEEPS);
	int fault = iq_stack_find(stack, 0, faults);

	/* Kernel threads without work. These are on the stack while there is work as well: only the
	 * innermost counts. */
	if (frame < 0) {
		frame = iq_sleep_find(stack, 0, IQ_SLEEP_WORKER);
		if (frame < 0)
			frame = iq_stack_find(stack, 0, kthread);
		return frame <= CALLER_OF_SCHEDULE ? frame : -1;
	}
	return fault >= 0 && fault < frame ? -1 : frame;
}

static void judge_stopped(struct iq_diag *d, struct iq_object *o, const struct iq_task *t)
{
	struct iq_verdict *v = iq_object_verdict(d->g, o, IQ_CAUSE_TASK_STOPPED, IQ_PROVEN,
						 "%s (%d) is stopped by a signal", t->comm, t->pid);

	if (!v)
		return;
	v->final = v->cannot_go_on = true;
	iq_text_add(d->g, &v->evidence, "task_struct.__state of %d is %#" PRIx64 " (stopped)",
		    t->pid, t->state_raw);
	iq_remedy_add(d->g, &v->remedy, IQ_RISK_LOW, iq_diag_continue(d, t),
		      "Find out who stopped it, and let it go on: %s", iq_diag_continue(d, t));
}

/*
 * A tracer that waits for a lock itself does not let its task go on: it is not the end of the
 * chain. (The lock may be the task's own, whose exec waits for this thread.)
 */
static bool waits_for_tracer(struct iq_diag *d, struct iq_object *o, const struct iq_task *t,
			     const struct iq_task *tracer)
{
	const struct iq_wait *its = tracer ? iq_diag_task(d, tracer)->wait : NULL;
	struct iq_object *on;
	struct iq_wait *w;
	struct iq_edge *e;

	if (!its || o->wait ||
	    (its->cls != IQ_WAIT_LOCK && its->cls != IQ_WAIT_UNASKED && !its->uninterruptible))
		return false;
	on = iq_graph_object(d->g, IQ_OBJ_KERNEL, "kernel:tracer-of-%d", t->pid);
	iq_object_name(d->g, on, "its tracer to let it go on");
	w = iq_diag_wait(&(struct iq_sleeper){ .d = d, .task = t, .stack = iq_task_stack(d->s, t) },
			 on, IQ_WAIT_UNASKED);
	w->rule = "traced";
	iq_text_add(d->g, &w->evidence, "task_struct.__state of %d is %#" PRIx64 " (traced)",
		    t->pid, t->state_raw);
	e = iq_graph_edge(d->g, o, iq_diag_task(d, tracer), NULL, IQ_EDGE_OWNER, IQ_PROVEN,
			  "traces it, and has stopped it");
	iq_text_add(d->g, &e->evidence, "task_struct.parent of %d is its tracer, %s (%d)", t->pid,
		    tracer->comm, tracer->pid);
	return true;
}

static void judge_traced(struct iq_diag *d, struct iq_object *o, const struct iq_task *t)
{
	const struct iq_task *tracer = iq_task_by_addr(d->s, t->parent);
	struct iq_verdict *v;

	if (waits_for_tracer(d, o, t, tracer))
		return;
	v = iq_object_verdict(d->g, o, IQ_CAUSE_TASK_TRACED, IQ_PROVEN,
			      "%s (%d) is held by its tracer%s%s", t->comm, t->pid,
			      tracer ? ", " : "", tracer ? tracer->comm : "");

	if (!v)
		return;
	v->final = v->cannot_go_on = true;
	iq_text_add(d->g, &v->evidence, "task_struct.__state of %d is %#" PRIx64 " (traced)",
		    t->pid, t->state_raw);
	if (tracer)
		iq_remedy_add(d->g, &v->remedy, IQ_RISK_LOW, NULL, "Let %s (%d) go on or detach",
			      tracer->comm, tracer->pid);
	if (tracer)
		iq_remedy_add(
			d->g, &v->remedy, IQ_RISK_DATA,
			iq_arena_printf(d->g->arena, "kill -9 %d", tracer->tgid),
			t->ptrace & PT_EXITKILL
				? "If the tracer is of no use any more: kill -9 %d; it has asked "
				  "for its task to be killed with it"
				: "If the tracer is of no use any more: kill -9 %d; its task is "
				  "released then",
			tracer->tgid);
}

static void judge_frozen(struct iq_diag *d, struct iq_object *o, const struct iq_task *t)
{
	struct iq_verdict *v =
		iq_object_verdict(d->g, o, IQ_CAUSE_TASK_FROZEN, IQ_PROVEN,
				  "%s (%d) is frozen with its cgroup", t->comm, t->pid);

	if (!v)
		return;
	v->final = v->cannot_go_on = true;
	iq_text_add(d->g, &v->evidence,
		    "task_struct of %d says frozen (state %#" PRIx64 ", flags %#x)", t->pid,
		    t->state_raw, t->flags);
	iq_remedy_add(
		d->g, &v->remedy, IQ_RISK_LOW, NULL,
		"Thaw its cgroup: docker unpause, systemctl thaw, or echo 0 > .../cgroup.freeze");
}

static void judge_sleeping(struct iq_diag *d, struct iq_object *o, const struct iq_task *t)
{
	const struct iq_stack *stack = iq_task_stack(d->s, t);
	int frame = ordinary_sleep(stack);
	const char *call = stack->user.valid && stack->user.syscall
				   ? iq_syscall_name(d->s, stack->user.nr)
				   : NULL;
	struct iq_verdict *v;

	if (frame < 0)
		return;
	v = iq_object_verdict(d->g, o, IQ_CAUSE_TASK_SLEEPING, IQ_STRONG,
			      "%s (%d) sleeps%s%s for a reason of its own", t->comm, t->pid,
			      call ? " in " : "", call ? call : "");
	if (!v)
		return;
	iq_text_add(d->g, &v->evidence,
		    "%s (%d) sleeps in %s(), which waits for nothing that somebody holds", t->comm,
		    t->pid, stack->frames[frame].sym.name);
	iq_remedy_add(d->g, &v->remedy, IQ_RISK_NONE, NULL,
		      "Find out what %s (%d) is waiting for, and why it keeps what the others need",
		      t->comm, t->pid);
}

static struct iq_error *judge(struct iq_diag *d, struct iq_object *o)
{
	const struct iq_task *t = iq_task_by_pid(d->s, (int32_t)o->tid);

	if (!t || t->unreadable || o->verdict)
		return NULL;
	if (t->state == 'T')
		judge_stopped(d, o, t);
	else if (t->state == 't')
		judge_traced(d, o, t);
	else if (t->frozen)
		judge_frozen(d, o, t);
	else if ((t->state == 'S' || t->state == 'I') && !o->wait)
		judge_sleeping(d, o, t);
	return NULL;
}

/* ---- waiting for a child ---- */

struct shadow_wait_opts {
	uint64_t has;
	uint64_t type, flags, pid, private, func;
};

IQ_SHADOW(wait_opts_desc, "struct wait_opts", shadow_wait_opts,
	  IQ_FIELD(shadow_wait_opts, type, "wo_type"),
	  IQ_FIELD(shadow_wait_opts, flags, "wo_flags"), IQ_FIELD(shadow_wait_opts, pid, "wo_pid"),
	  IQ_FIELD(shadow_wait_opts, private, "child_wait.private"),
	  IQ_FIELD(shadow_wait_opts, func, "child_wait.func"));

static bool find_wait_opts(const struct iq_sleeper *who, struct shadow_wait_opts *opts)
{
	struct iq_diag *d = who->d;
	const struct iq_stack *stack = who->stack;
	int64_t off = iq_offsetof(d->s, "struct wait_opts", "child_wait.private");
	iq_vaddr func = iq_sym_addr(d->s, "child_wait_callback");
	struct iq_error *err;

	for (size_t i = 0; off >= 0 && i < stack->num_words; i++) {
		iq_vaddr addr = stack->sp + 8 * i - (uint64_t)off;

		if (stack->words[i] != who->task->addr || addr < stack->sp)
			continue;
		err = iq_shadow_read(d->s, &wait_opts_desc, addr, opts);
		if (!err && opts->func == func && opts->private == who->task->addr &&
		    opts->type <= 4)
			return true;
		iq_error_free(err);
	}
	return false;
}

static bool is_waited_for(struct iq_diag *d, const struct shadow_wait_opts *opts,
			  const struct iq_task *child)
{
	uint64_t thread_pid = 0, pgrp = 0;

	if (opts->type == PIDTYPE_PID || opts->type == PIDTYPE_TGID)
		return iq_peek_member(d->s, "struct task_struct", "thread_pid", child->addr,
				      &thread_pid) &&
		       thread_pid == opts->pid;
	if (opts->type == PIDTYPE_PGID)
		return iq_peek_member(d->s, "struct signal_struct", "pids[2]", child->signal,
				      &pgrp) &&
		       pgrp == opts->pid;
	return true;
}

static void add_child(struct iq_diag *d, struct iq_wait *w, const struct iq_task *parent,
		      const struct iq_task *child, const char *how)
{
	struct iq_edge *e = iq_graph_edge(d->g, w->task, iq_diag_task(d, child), NULL,
					  IQ_EDGE_SERVES, IQ_PROVEN, "%s", how);

	if (!e->evidence.num)
		iq_text_add(d->g, &e->evidence, "%s (%d) has %s (%d) for its parent or tracer",
			    child->comm, child->pid, parent->comm, parent->pid);
}

/* A process whose first thread has ended is no zombie to be waited for before the last one has. */
static bool add_last_threads(struct iq_diag *d, struct iq_wait *w, const struct iq_task *parent,
			     const struct iq_task *child)
{
	bool any = false;

	for (size_t i = 0; i < d->tasks->num_tasks; i++) {
		const struct iq_task *t = &d->tasks->tasks[i];

		if (t->tgid != child->pid || t->pid == t->tgid || t->exit_state)
			continue;
		add_child(d, w, parent, t,
			  "is a thread that is left of the child that it waits for");
		any = true;
	}
	return any;
}

/* Traced by a thread of this process, and not its child. Who is held by the tracer waits for it,
 * not the tracer for him. */
static bool is_traced_by(struct iq_diag *d, const struct iq_task *t, const struct iq_task *task)
{
	const struct iq_task *tracer = t->ptrace ? iq_task_by_addr(d->s, t->parent) : NULL;

	return tracer && tracer->tgid == task->tgid && t->state != 't' && t->state != 'T';
}

static struct iq_error *explain_wait(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	const struct iq_task *task = who->task;
	struct shadow_wait_opts opts;
	struct iq_object *on;
	struct iq_wait *w;

	if (!find_wait_opts(who, &opts))
		return NULL;
	on = iq_graph_object(d->g, IQ_OBJ_KERNEL, "kernel:child-of-%d", task->tgid);
	iq_object_name(d->g, on, "a child of %s (%d)", task->comm, task->tgid);
	w = iq_diag_wait(who, on, IQ_WAIT_MESSAGE);
	w->any = true;
	iq_text_add(d->g, &w->evidence, "struct wait_opts on its stack asks for %s",
		    opts.type <= PIDTYPE_TGID	? "one child"
		    : opts.type == PIDTYPE_PGID ? "a process group"
						: "any child");
	for (size_t i = 0; i < d->tasks->num_tasks; i++) {
		const struct iq_task *child = &d->tasks->tasks[i];
		bool is_child = child->pid == child->tgid && child->ppid == task->tgid;

		/* What the snapshot knows first: the rest is read from the target for each. */
		if (!child->pid || !(is_child || is_traced_by(d, child, task)) ||
		    !is_waited_for(d, &opts, child))
			continue;
		if (!is_child)
			add_child(d, w, task, child, "is the task that it traces and waits for");
		else if (!child->exit_state || !child->num_threads ||
			 !add_last_threads(d, w, task, child))
			add_child(d, w, task, child, "is the child that it waits for");
	}
	*wait_ret = w;
	return NULL;
}

static struct iq_error *explain_vfork(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	const struct iq_task *task = who->task;
	uint64_t done;

	for (size_t i = 0; i < d->tasks->num_tasks; i++) {
		const struct iq_task *child = &d->tasks->tasks[i];
		struct iq_object *on;
		struct iq_wait *w;
		struct iq_edge *e;

		/* CLONE_VM comes with vfork, or else the parent is known; then ask the target. */
		if (!child->pid || child->pid == task->pid ||
		    (child->mm != task->mm && child->ppid != task->tgid) ||
		    !iq_peek_member(d->s, "struct task_struct", "vfork_done", child->addr, &done) ||
		    done < who->stack->sp || done >= who->stack->end)
			continue;
		on = iq_graph_object(d->g, IQ_OBJ_LOCK, "lock:%#" PRIx64, done);
		on->addr = done;
		iq_object_str(d->g, on, "class", "completion");
		iq_object_name(d->g, on, "the end of vfork in %s (%d)", child->comm, child->pid);
		w = iq_diag_wait(who, on, IQ_WAIT_MESSAGE);
		e = iq_graph_edge(d->g, w->task, iq_diag_task(d, child), on, IQ_EDGE_SERVES,
				  IQ_PROVEN, "has to call execve or to exit first");
		iq_text_add(d->g, &e->evidence,
			    "task_struct.vfork_done of %s (%d) is the completion %#" PRIx64
			    " on its parent's stack",
			    child->comm, child->pid, done);
		*wait_ret = w;
		return NULL;
	}
	return NULL;
}

/* kthread() sleeps uninterruptibly until somebody wakes the new thread for the first time. */
static struct iq_error *explain_new_kthread(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	const struct iq_task *task = who->task;
	struct iq_object *on;

	if (!task->kthread || !who->frame ||
	    !iq_sleeps_in(who->stack, who->frame, IQ_SLEEP_SCHEDULER))
		return NULL;
	on = iq_graph_object(d->g, IQ_OBJ_KERNEL, "kernel:first-wakeup-of-%d", task->pid);
	iq_object_name(d->g, on, "the start of %s (%d)", task->comm, task->pid);
	*wait_ret = iq_diag_wait(who, on, IQ_WAIT_IDLE);
	return NULL;
}

static const char *const new_kthread_functions[] = { "kthread", NULL };
static const char *const wait_functions[] = { "do_wait", "__do_wait", "kernel_wait4", NULL };
static const char *const vfork_functions[] = { "wait_for_vfork_done", "kernel_clone", "_do_fork",
					       NULL };
static const char *const wait_types[] = { "struct wait_opts", NULL };

static const struct iq_wait_rule wait_rules[] = {
	{ .name = "wait",
	  .summary = "wait4 and waitid: which children it waits for",
	  .reads = "wait_opts.wo_type, .wo_pid, .child_wait; task_struct.real_parent, .thread_pid",
	  .seen = "5.10, 6.1, 6.12, 6.18, 7.3",
	  .certainty = IQ_PROVEN,
	  .functions = wait_functions,
	  .needs_types = wait_types,
	  .explain = explain_wait },
	{ .name = "new-kthread",
	  .summary = "a kernel thread that was created and not started yet",
	  .reads = "",
	  .seen = "",
	  .certainty = IQ_PROVEN,
	  .functions = new_kthread_functions,
	  .explain = explain_new_kthread },
	{ .name = "vfork",
	  .summary = "vfork and posix_spawn: the child that has not called execve yet",
	  .reads = "task_struct.vfork_done",
	  .seen = "6.1",
	  .certainty = IQ_PROVEN,
	  .functions = vfork_functions,
	  .explain = explain_vfork },
	{ 0 },
};

static const struct iq_object_rule object_rules[] = {
	{ .name = "judge",
	  .rank = -1, /* what others say of a task says more */
	  .summary = "a task that is stopped, traced, frozen or asleep on its own account",
	  .type = IQ_OBJ_TASK,
	  .explain = judge },
	{ 0 },
};

const struct iq_module iq_module_task = {
	.api = IQ_MODULE_API,
	.name = "task",
	.summary = "tasks as the end of a chain, and tasks that wait for tasks",
	.wait_rules = wait_rules,
	.object_rules = object_rules,
};
