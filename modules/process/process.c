/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Processes that wait for the end of others: exec, exit, core dumps, the end of a pid namespace
 *
 * exec: of a process with several threads it kills the others and waits until they are gone.
 * signal_struct.group_exec_task is the one that waits, notify_count how many there are left. It
 * holds cred_guard_mutex all the while.
 *
 * Core dump: signal_struct.core_state (until v5.15 mm_struct's) has the thread that dumps; the
 * others are parked on their way out, each in the list of core_state.dumper. The dumper waits for
 * those that have not come there, nr_threads of them, then for the helper that reads its pipe.
 *
 * pid namespace: its init waits for everything in it to be gone and reaped, also what outsiders
 * have put there and do not wait for.
 *
 * Zombies: a first thread is one while others of its process live; anybody, until his parent or
 * tracer reaps him.
 *
 * A signal that was sent to a stopped process stays pending until it goes on (task_struct.pending
 * of a thread, signal_struct.shared_pending of the process).
 *
 * None of these waits was asked for by a program: they hang in whatever sleep.
 *
 * Kernel: fs/exec.c (de_thread), fs/coredump.c, kernel/exit.c (coredump_task_exit),
 * kernel/pid_namespace.c (zap_pid_ns_processes).
 */
#include "inquest/process.h"
#include "inquest/files.h"
#include "inquest/module.h"
#include "inquest/sleep.h"
#include "inquest/waitq.h"

enum { MAX_LEVEL = 32, MAX_DUMPED = 100000 };

static const char *const dump_functions[] = { "do_coredump", "vfs_coredump", "elf_core_dump",
					      NULL };

/* Nothing but the scheduler and completions below this frame: it is this function that sleeps. */
static bool sleeps_in(const struct iq_stack *stack, size_t frame)
{
	return iq_sleeps_in(stack, frame,
			    IQ_SLEEP_SCHEDULER | IQ_SLEEP_TIMEOUT | IQ_SLEEP_COMPLETION);
}

static struct iq_edge *add_edge(struct iq_diag *d, struct iq_wait *w, const struct iq_task *t,
				const char *how)
{
	return iq_graph_edge(d->g, w->task, iq_diag_task(d, t), NULL, IQ_EDGE_SERVES, IQ_PROVEN,
			     "%s", how);
}

static struct iq_wait *new_wait(const struct iq_sleeper *who, const char *id, const char *what)
{
	struct iq_diag *d = who->d;
	const struct iq_task *task = who->task;
	struct iq_object *on = iq_graph_object(d->g, IQ_OBJ_KERNEL, "kernel:%s-%d", id, task->tgid);

	iq_object_name(d->g, on, "%s %s (%d)", what, task->comm, task->tgid);
	return iq_diag_wait(who, on, IQ_WAIT_UNASKED);
}

/* ---- exec ---- */

static struct iq_error *explain_exec(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	const struct iq_task *task = who->task;
	static const char type[] = "struct signal_struct";
	uint64_t thread, left;
	struct iq_wait *w;

	/* Renamed in v5.17. */
	if ((!iq_peek_member(d->s, type, "group_exec_task", task->signal, &thread) &&
	     !iq_peek_member(d->s, type, "group_exit_task", task->signal, &thread)) ||
	    thread != task->addr ||
	    !iq_peek_member(d->s, type, "notify_count", task->signal, &left) || !(int32_t)left)
		return NULL;
	w = new_wait(who, "exec-of", "the end of the other threads of");
	iq_text_add(
		d->g, &w->evidence,
		"signal_struct.notify_count of process %d is %d: its exec waits for threads to end",
		task->tgid, (int32_t)left);
	for (size_t i = 0; i < d->tasks->num_tasks; i++) {
		const struct iq_task *t = &d->tasks->tasks[i];
		struct iq_edge *e;

		if (t->tgid != task->tgid || t == task || t->unreadable ||
		    (t->exit_state && !t->ptrace))
			continue;
		e = add_edge(d, w, t, "has to end before exec goes on");
		iq_text_add(d->g, &e->evidence,
			    "%s (%d) is a thread of process %d and has not ended", t->comm, t->pid,
			    task->tgid);
	}
	*wait_ret = w;
	return NULL;
}

/* ---- the end of a pid namespace ---- */

/* The namespace that a task is known in at this level; 0: none. */
static iq_vaddr pidns_at(struct iq_diag *d, const struct iq_task *t, uint32_t level)
{
	int64_t numbers = iq_offsetof(d->s, "struct pid", "numbers"),
		size = iq_sizeof(d->s, "struct upid");
	int64_t off = iq_offsetof(d->s, "struct upid", "ns");
	uint64_t pid, ns = 0;

	if (numbers < 0 || size <= 0 || off < 0 || level > t->pidns_level || level > MAX_LEVEL ||
	    !iq_peek_member(d->s, "struct task_struct", "thread_pid", t->addr, &pid) || !pid)
		return 0;
	iq_peek_u64(d->s, pid + (uint64_t)(numbers + level * size + off), &ns);
	return ns;
}

static struct iq_error *explain_pidns(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	const struct iq_task *task = who->task;
	static const char *const zap[] = { "zap_pid_ns_processes", NULL };
	iq_vaddr ns;
	struct iq_wait *w;

	if (iq_stack_find(who->stack, 0, zap) < 0)
		return NULL;
	ns = pidns_at(d, task, task->pidns_level);
	if (!ns)
		return NULL;
	w = new_wait(who, "pidns-of", "the end of the pid namespace of");
	iq_text_add(d->g, &w->evidence,
		    "%s (%d) is the init of pid namespace %u and waits in zap_pid_ns_processes() "
		    "for all in it to be gone",
		    task->comm, task->pid, task->pidns_inum);
	for (size_t i = 0; i < d->tasks->num_tasks; i++) {
		const struct iq_task *t = &d->tasks->tasks[i];
		struct iq_edge *e;

		if (!t->pid || t->unreadable || t->tgid == task->tgid ||
		    t->pidns_level < task->pidns_level || pidns_at(d, t, task->pidns_level) != ns)
			continue;
		e = add_edge(d, w, t,
			     t->exit_state ? "has ended, and has to be reaped"
					   : "has to end first");
		iq_text_add(d->g, &e->evidence, "%s (%d) is in pid namespace %u", t->comm, t->pid,
			    task->pidns_inum);
	}
	*wait_ret = w;
	return NULL;
}

/* ---- core dumps ---- */

static iq_vaddr core_state_of(struct iq_diag *d, const struct iq_task *t)
{
	uint64_t state = 0;

	/* Moved in v5.16. */
	if (!iq_peek_member(d->s, "struct signal_struct", "core_state", t->signal, &state) && t->mm)
		iq_peek_member(d->s, "struct mm_struct", "core_state", t->mm, &state);
	return state;
}

static const char *const parked_functions[] = { "coredump_task_exit", "do_exit", "exit_mm", NULL };

static bool is_parked(struct iq_diag *d, const struct iq_task *t)
{
	const struct iq_stack *stack = iq_task_stack(d->s, t);
	int frame = iq_stack_find(stack, 0, parked_functions);

	return frame >= 0 && sleeps_in(stack, (size_t)frame);
}

static struct iq_error *explain_parked(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	const struct iq_task *task = who->task;
	iq_vaddr state = core_state_of(d, task);
	const struct iq_task *dumper;
	uint64_t addr;
	struct iq_wait *w;
	struct iq_edge *e;

	if (!state || !sleeps_in(who->stack, who->frame) ||
	    !iq_peek_member(d->s, "struct core_state", "dumper.task", state, &addr))
		return NULL;
	dumper = iq_task_by_addr(d->s, addr);
	if (!dumper || dumper == task)
		return NULL;
	w = new_wait(who, "coredump-of", "the core dump of");
	iq_text_add(d->g, &w->evidence,
		    "core_state of process %d at %#" PRIx64 ": its core is being dumped",
		    task->tgid, state);
	e = add_edge(d, w, dumper, "writes the core dump");
	iq_text_add(d->g, &e->evidence, "core_state.dumper.task at %#" PRIx64 " is %s (%d)", state,
		    dumper->comm, dumper->pid);
	*wait_ret = w;
	return NULL;
}

struct readers {
	struct iq_diag *d;
	struct iq_wait *w;
	const struct iq_task *dumper;
	size_t num;
};

static bool add_reader(void *ctx, const struct iq_open_file *open)
{
	struct readers *x = ctx;

	if (!(open->mode & IQ_FMODE_READ) || open->task->tgid == x->dumper->tgid)
		return false;
	x->num += !!x->w;
	if (x->w)
		iq_diag_process_edges(
			x->d,
			&(struct iq_process_edges){
				.wait = x->w,
				.process = open->task,
				.via = x->w->on,
				.kind = IQ_EDGE_SERVES,
				.certainty = IQ_PROVEN,
				.how = "has to read the core dump",
				.evidence = iq_arena_printf(
					iq_scratch(x->d->s),
					"%s (%d) has the pipe open for reading as descriptor %u",
					open->task->comm, open->task->tgid, open->fd) });
	else
		x->num++;
	return false;
}

/* It writes into the pipe of the helper that core_pattern names, or waits for that one to end. */
static bool dump_to_helper(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	const struct iq_task *task = who->task;
	static const char *const members[] = { "wr_wait", "rd_wait" };
	struct readers x = { .d = d, .dumper = task };
	struct iq_wait_entry entry;
	struct iq_object *on;

	if (!iq_find_wait_entry(d->s, task, who->stack, NULL, &entry))
		return false;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(members); i++) {
		int64_t off = iq_offsetof(d->s, "struct pipe_inode_info", members[i]);
		iq_vaddr pipe = entry.head - (uint64_t)off;

		if (off < 0 || !iq_open_each(d->s, IQ_OPEN_PRIVATE, pipe, add_reader, &x) || !x.num)
			continue;
		on = iq_graph_object(d->g, IQ_OBJ_DAEMON, "daemon:coredump:%d", task->tgid);
		on->addr = pipe;
		iq_object_name(d->g, on, "the helper that takes the core dump of %s (%d)",
			       task->comm, task->tgid);
		x.w = iq_diag_wait(who, on, IQ_WAIT_UNASKED);
		x.w->any = true;
		iq_text_add(d->g, &x.w->evidence,
			    "it dumps core and sleeps on pipe_inode_info.%s of %#" PRIx64,
			    members[i], pipe);
		iq_open_each(d->s, IQ_OPEN_PRIVATE, pipe, add_reader, &x);
		*wait_ret = x.w;
		return true;
	}
	return false;
}

/* The tasks in the list of those who have come. */
static void read_parked(struct iq_diag *d, iq_vaddr state, struct iq_map *parked)
{
	uint64_t node, who;

	if (!iq_peek_member(d->s, "struct core_state", "dumper.next", state, &node))
		return;
	for (int i = 0; node && i < MAX_DUMPED; i++) {
		if (!iq_peek_member(d->s, "struct core_thread", "task", node, &who) ||
		    iq_map_get(parked, who))
			return;
		iq_map_set(parked, who, 1);
		if (!iq_peek_member(d->s, "struct core_thread", "next", node, &node))
			return;
	}
}

/* A thread that still has to come. Who has given up his address space was there before. */
static bool is_missing(struct iq_diag *d, const struct iq_task *t, const struct iq_task *dumper,
		       const struct iq_map *parked)
{
	return t->tgid == dumper->tgid && t != dumper && !t->unreadable && !t->exit_state &&
	       t->mm && !iq_map_get(parked, t->addr) && !is_parked(d, t);
}

static void add_missing(struct iq_diag *d, struct iq_wait *w, const struct iq_task *task,
			iq_vaddr state)
{
	struct iq_map parked = { 0 };
	uint64_t left = 0, num = 0;

	read_parked(d, state, &parked);
	iq_peek_member(d->s, "struct core_state", "nr_threads.counter", state, &left);
	for (size_t i = 0; i < d->tasks->num_tasks; i++)
		num += is_missing(d, &d->tasks->tasks[i], task, &parked);
	for (size_t i = 0; i < d->tasks->num_tasks; i++) {
		const struct iq_task *t = &d->tasks->tasks[i];
		struct iq_edge *e;

		if (!is_missing(d, t, task, &parked))
			continue;
		e = iq_graph_edge(d->g, w->task, iq_diag_task(d, t), NULL,
				  num == left ? IQ_EDGE_SERVES : IQ_EDGE_MAYBE,
				  num == left ? IQ_PROVEN : IQ_LIKELY,
				  "has not come to where it is dumped");
		iq_text_add(d->g, &e->evidence,
			    "core_state.nr_threads at %#" PRIx64 " is %d; %s (%d) is not in the "
			    "list of core_state.dumper%s",
			    state, (int32_t)left, t->comm, t->pid,
			    num == left ? "" : ", nor are some others");
	}
	iq_map_deinit(&parked);
}

static bool dump_waits_for_threads(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	const struct iq_task *task = who->task;
	int64_t off = iq_offsetof(d->s, "struct core_state", "startup");
	iq_vaddr done, state = core_state_of(d, task);
	struct iq_wait *w;

	if (off < 0 || !state || !iq_find_completion(d->s, task, who->stack, &done) ||
	    done != state + (uint64_t)off)
		return false;
	w = new_wait(who, "coredump-of", "the threads to be dumped of");
	iq_text_add(d->g, &w->evidence,
		    "it waits for core_state.startup of process %d at %#" PRIx64, task->tgid, done);
	add_missing(d, w, task, state);
	*wait_ret = w;
	return true;
}

static struct iq_error *explain_dumper(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	if (iq_stack_find(who->stack, 0, dump_functions) < 0)
		return NULL;
	if (!dump_waits_for_threads(who, wait_ret))
		dump_to_helper(who, wait_ret);
	return NULL;
}

/* ---- zombies ---- */

static size_t add_living_threads(struct iq_diag *d, struct iq_wait *w, const struct iq_task *leader)
{
	size_t num = 0;

	for (size_t i = 0; i < d->tasks->num_tasks; i++) {
		const struct iq_task *t = &d->tasks->tasks[i];
		struct iq_edge *e;

		if (t->tgid != leader->tgid || t == leader || t->exit_state || t->unreadable)
			continue;
		num++;
		if (!w)
			continue;
		e = add_edge(d, w, t, "is left of its process");
		iq_text_add(d->g, &e->evidence,
			    "%s (%d) is a thread of process %d that has not ended", t->comm, t->pid,
			    t->tgid);
	}
	return num;
}

/* A zombie somebody waits for: threads of its process are left, or nobody reaps it. */
static struct iq_error *explain_zombie(struct iq_diag *d, struct iq_object *o)
{
	static const char *const waiting[] = { "do_wait", "__do_wait", "kernel_wait4", NULL };
	const struct iq_task *t = iq_task_by_pid(d->s, (int32_t)o->tid), *reaper;
	static const struct iq_stack none = { 0 };
	const struct iq_sleeper who = { .d = d, .task = t, .stack = &none };
	struct iq_object *on;
	struct iq_wait *w;

	if (!t || t->unreadable || t->state != 'Z' || o->verdict || o->wait)
		return NULL;
	on = iq_graph_object(d->g, IQ_OBJ_KERNEL, "kernel:end-of-%d", t->pid);
	if (t->pid == t->tgid && add_living_threads(d, NULL, t)) {
		iq_object_name(d->g, on, "the end of the last thread of %s (%d)", t->comm, t->tgid);
		w = iq_diag_wait(&who, on, IQ_WAIT_MESSAGE);
		add_living_threads(d, w, t);
	} else {
		reaper = iq_task_by_addr(d->s, t->parent);
		/* Whoever is in wait4 takes it at once. */
		if (!reaper || reaper->tgid == t->tgid ||
		    iq_stack_find(iq_task_stack(d->s, reaper), 0, waiting) >= 0)
			return NULL;
		iq_object_name(d->g, on, "%s (%d) to be reaped", t->comm, t->pid);
		w = iq_diag_wait(&who, on, IQ_WAIT_MESSAGE);
		w->any = true;
		iq_diag_process_edges(
			d, &(struct iq_process_edges){
				   .wait = w,
				   .process = reaper,
				   .kind = IQ_EDGE_SERVES,
				   .certainty = IQ_PROVEN,
				   .how = t->ptrace ? "traces it, and has to reap it"
						    : "is its parent, and has to reap it",
				   .evidence = iq_arena_printf(iq_scratch(d->s),
							       "task_struct.parent of %d is %s "
							       "(%d), and its exit_state is %#x",
							       t->pid, reaper->comm, reaper->pid,
							       t->exit_state) });
	}
	w->rule = "zombie";
	iq_text_add(d->g, &w->evidence, "task_struct.exit_state of %d is %#x", t->pid,
		    t->exit_state);
	return NULL;
}

/* ---- tables ---- */

static const char *const exec_functions[] = { "de_thread", "begin_new_exec", "flush_old_exec",
					      NULL };
static const char *const zap_functions[] = { "do_wait", "__do_wait", "kernel_wait4",
					     "zap_pid_ns_processes", NULL };
static const char *const pipe_functions[] = { "pipe_write",
					      "anon_pipe_write",
					      "wait_for_dump_helpers",
					      "coredump_wait",
					      "do_coredump",
					      "vfs_coredump",
					      NULL };
static const char *const core_types[] = { "struct core_state", NULL };

static const struct iq_wait_rule wait_rules[] = {
	{ .name = "exec-threads",
	  .summary = "exec, until the other threads of its process have ended",
	  .reads = "signal_struct.group_exec_task, .notify_count",
	  .seen = "5.10, 6.1, 6.12, 7.3",
	  .certainty = IQ_PROVEN,
	  .functions = exec_functions,
	  .explain = explain_exec },
	{ .name = "pid-namespace",
	  .rank = 1, /* not any wait for a child */
	  .summary = "the init of a pid namespace, until everything in it has ended",
	  .reads = "task_struct.thread_pid, pid.numbers",
	  .seen = "5.10, 6.1, 6.12, 7.3",
	  .certainty = IQ_PROVEN,
	  .functions = zap_functions,
	  .explain = explain_pidns },
	{ .name = "coredump-thread",
	  .summary = "a thread of a process whose core is being dumped",
	  .reads = "signal_struct.core_state (mm_struct.core_state), core_state.dumper",
	  .seen = "5.10, 6.1, 6.12, 7.3",
	  .certainty = IQ_PROVEN,
	  .functions = parked_functions,
	  .needs_types = core_types,
	  .explain = explain_parked },
	{ .name = "coredump",
	  .rank = 1, /* not any pipe: that of a core dump */
	  .summary = "the thread that dumps core: threads that do not stop, a helper that does not "
		     "read",
	  .reads = "core_state.startup, .dumper, .nr_threads; core_thread; pipe_inode_info; "
		   "files_struct",
	  .seen = "5.10, 6.1, 6.12, 7.3",
	  .certainty = IQ_PROVEN,
	  .functions = pipe_functions,
	  .needs_types = core_types,
	  .explain = explain_dumper },
	{ 0 },
};

static const struct iq_object_rule object_rules[] = {
	{ .name = "zombie",
	  .rank = 1, /* it runs no more, whatever else is true of it */
	  .summary = "an ended task somebody waits for: threads that are left, or who does not "
		     "reap it",
	  .type = IQ_OBJ_TASK,
	  .explain = explain_zombie },
	{ 0 },
};

/* ---- signals that nobody takes ---- */

/*
 * Numbers from 1 on, as x86 and arm64 have them. Left out (NULL) is what stops or continues, what
 * tells of children, terminals and urgent data, and what a process's own timers send.
 */
static const char *const signal_names[] = {
	[1] = "SIGHUP",	  [2] = "SIGINT",   [3] = "SIGQUIT",  [9] = "SIGKILL",
	[10] = "SIGUSR1", [12] = "SIGUSR2", [15] = "SIGTERM",
};

/* What others have sent to a process that cannot take it. */
static void wanted_of(struct iq_diag *d, const struct iq_task *process, iq_texts *wanted)
{
	uint64_t own = 0, shared = 0;

	iq_peek_member(d->s, "struct task_struct", "pending.signal.sig[0]", process->addr, &own);
	iq_peek_member(d->s, "struct signal_struct", "shared_pending.signal.sig[0]",
		       process->signal, &shared);
	for (size_t i = 1; i < IQ_ARRAY_SIZE(signal_names); i++)
		if (signal_names[i] && (own | shared) >> (i - 1) & 1)
			iq_text_add(d->g, wanted, "it has not taken %s, which is pending",
				    signal_names[i]);
}

const struct iq_module iq_module_process = {
	.api = IQ_MODULE_API,
	.name = "process",
	.summary = "exec, exit, core dumps, pid namespaces",
	.wait_rules = wait_rules,
	.object_rules = object_rules,
	.wanted_of = wanted_of,
};
