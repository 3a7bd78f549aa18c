/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The state of threads: thread, threadlist, pflags, task, syscall
 *
 * A Linux thread is a task_struct, and so is the process: what mdb keeps in kthread_t, klwp_t and
 * proc_t is here one thing, so that PROC is the leader's task_struct and LWP the thread's id.
 */
#include "inquest/describe.h"
#include "inquest/explain.h"
#include "proc.h"

static const struct {
	uint32_t bit;
	const char *name;
} task_flags[] = {
	/* include/linux/sched.h: those whose meaning has not changed since v5.10. */
	{ 0x1, "PF_VCPU" },
	{ 0x2, "PF_IDLE" },
	{ 0x4, "PF_EXITING" },
	{ 0x10, "PF_IO_WORKER" },
	{ 0x20, "PF_WQ_WORKER" },
	{ 0x40, "PF_FORKNOEXEC" },
	{ 0x80, "PF_MCE_PROCESS" },
	{ 0x100, "PF_SUPERPRIV" },
	{ 0x200, "PF_DUMPCORE" },
	{ 0x400, "PF_SIGNALED" },
	{ 0x800, "PF_MEMALLOC" },
	{ 0x1000, "PF_NPROC_EXCEEDED" },
	{ 0x2000, "PF_USED_MATH" },
	{ 0x8000, "PF_NOFREEZE" },
	{ 0x20000, "PF_KSWAPD" },
	{ 0x40000, "PF_MEMALLOC_NOFS" },
	{ 0x80000, "PF_MEMALLOC_NOIO" },
	{ PF_KTHREAD, "PF_KTHREAD" },
	{ 0x400000, "PF_RANDOMIZE" },
	{ 0x4000000, "PF_NO_SETAFFINITY" },
	{ 0x8000000, "PF_MCE_EARLY" },
	{ 0x80000000, "PF_SUSPEND_TASK" },
};

static const char *flags_text(struct iq_arena *arena, uint32_t flags)
{
	const char *text = "";

	for (size_t i = 0; i < IQ_ARRAY_SIZE(task_flags); i++) {
		if (!(flags & task_flags[i].bit))
			continue;
		text = iq_arena_printf(arena, "%s%s%s", text, *text ? "|" : "", task_flags[i].name);
		flags &= ~task_flags[i].bit;
	}
	if (flags)
		text = iq_arena_printf(arena, "%s%s%#x", text, *text ? "|" : "", flags);
	return *text ? text : "0";
}

static const char *class_name(const struct iq_task *t)
{
	static const char *const names[] = { "TS", "FF", "RR", "B", "ISO", "IDL", "DLN", "EXT" };

	return t->policy < IQ_ARRAY_SIZE(names) ? names[t->policy] : "?";
}

/* ---- thread ---- */

enum { MAX_COLUMNS = 24 };

struct row {
	struct iq_column columns[MAX_COLUMNS];
	struct iq_cell cells[MAX_COLUMNS];
	size_t num;
	const char *waits_for; /* of any length: the last column */
};

static void put(struct row *row, const char *header, unsigned min, bool right, struct iq_cell cell)
{
	if (row->num + 1 == MAX_COLUMNS)
		return;
	row->columns[row->num] = (struct iq_column){ .name = header, .min = min, .right = right };
	row->cells[row->num++] = cell;
}

static struct iq_cell text(const char *str)
{
	return (struct iq_cell){ IQ_CELL_STR, .str = str };
}

static struct iq_cell address(iq_vaddr addr)
{
	return addr ? (struct iq_cell){ IQ_CELL_ADDR, .u64 = addr }
		    : (struct iq_cell){ IQ_CELL_NULL };
}

static struct iq_cell number(int64_t value)
{
	return (struct iq_cell){ IQ_CELL_I64, .i64 = value };
}

/* A member of the task_struct in hexadecimal; "-" where this kernel has none, "??" unreadable. */
static struct iq_cell member(struct iq_cmd *cmd, const struct iq_task *t, const char *path)
{
	uint64_t value;

	if (!iq_has_member(cmd->s, "struct task_struct", path))
		return (struct iq_cell){ IQ_CELL_NULL };
	if (!iq_peek_member(cmd->s, "struct task_struct", path, t->addr, &value))
		return (struct iq_cell){ IQ_CELL_UNREADABLE };
	return text(iq_arena_printf(cmd->arena, "%" PRIx64, value));
}

static void put_state(struct iq_cmd *cmd, const struct iq_task *t, struct row *row)
{
	const char *state = iq_arena_printf(cmd->arena, "%c%s", t->state,
					    t->on_cpu	  ? "/onproc"
					    : t->frozen	  ? "/frozen"
					    : t->killable ? "/killable"
							  : "");

	put(row, "STATE", 10, false, text(state));
	put(row, "FLG", 8, true, member(cmd, t, "thread_info.flags"));
	put(row, "PFLG", 8, true, text(iq_arena_printf(cmd->arena, "%x", t->flags)));
	put(row, "SFLG", 8, true, text(iq_arena_printf(cmd->arena, "%" PRIx64, t->jobctl)));
	put(row, "PRI", 4, true, number(t->static_prio));
	put(row, "EPRI", 4, true, number(t->prio));
	put(row, "CLS", 4, true, text(class_name(t)));
	/* Nothing of the kind: Linux' interrupts do not run on threads of their own. */
	put(row, "PIL", 4, true, (struct iq_cell){ IQ_CELL_NULL });
	put(row, "INTR", 4, true, (struct iq_cell){ IQ_CELL_NULL });
}

static void put_process(struct iq_cmd *cmd, const struct iq_task *t, struct row *row)
{
	put(row, "PROC", 16, false, address(proc_leader(cmd->s, t)->addr));
	put(row, "LWP", 7, true, number(t->pid));
	put(row, "CRED", 16, false, address(t->cred));
}

static void put_blocked(struct iq_cmd *cmd, const struct iq_task *t, struct row *row)
{
	const struct iq_stack *stack = iq_task_stack(cmd->s, t);
	const char *sobj = proc_task_sobj(cmd->s, t, stack);
	struct iq_wchan w = { 0 };

	iq_explain_wchan(cmd->s, t, &w);
	put(row, "WCHAN", 16, false, address(w.addr));
	put(row, "TS", 8, false, text(t->on_rq ? "queued" : "-"));
	put(row, "PITS", 16, false, member(cmd, t, "pi_blocked_on"));
	put(row, "SOBJ OPS", 14, false, text(sobj ? sobj : "-"));
	row->waits_for = w.text;
}

static void put_signals(struct iq_cmd *cmd, const struct iq_task *t, struct row *row)
{
	put(row, "SIGQUEUE", 16, false, member(cmd, t, "pending.list.next"));
	put(row, "SIG PEND", 16, false, member(cmd, t, "pending.signal.sig[0]"));
	put(row, "SIG HELD", 16, false, member(cmd, t, "blocked.sig[0]"));
}

static void put_dispatch(struct iq_cmd *cmd, const struct iq_task *t, struct row *row)
{
	const char *ago = "-";
	uint64_t allowed;

	if (t->idle_ns >= 0)
		ago = iq_arena_printf(cmd->arena, "t-%" PRId64 ".%03" PRId64 "s",
				      t->idle_ns / 1000000000, t->idle_ns / 1000000 % 1000);
	put(row, "DISPTIME", 16, true,
	    text(iq_arena_printf(cmd->arena, "%" PRIu64 ".%03" PRIu64,
				 t->exec_start_ns / 1000000000,
				 t->exec_start_ns / 1000000 % 1000)));
	put(row, "BOUND", 5, true,
	    iq_peek_member(cmd->s, "struct task_struct", "nr_cpus_allowed", t->addr, &allowed) &&
			    allowed == 1
		    ? number(t->cpu)
		    : (struct iq_cell){ IQ_CELL_NULL });
	put(row, "PR", 4, true, number(t->cpu));
	put(row, "SWITCH", 14, true, text(ago));
	put(row, "SWITCHES", 10, true, (struct iq_cell){ IQ_CELL_U64, .u64 = t->switches });
}

static void thread_row(struct iq_cmd *cmd, const struct iq_task *t)
{
	struct row row = { .num = 0 };

	if (cmd->to_pipe) {
		iq_out_value(cmd->out, t->addr);
		return;
	}
	put(&row, "ADDR", 16, false, address(t->addr));
	if (t->unreadable) {
		put(&row, "STATE", 10, false, (struct iq_cell){ IQ_CELL_UNREADABLE });
	} else {
		bool none = !iq_cmd_has(cmd, 'b') && !iq_cmd_has(cmd, 'd') &&
			    !iq_cmd_has(cmd, 'p') && !iq_cmd_has(cmd, 's');

		if (none || iq_cmd_has(cmd, 'i'))
			put_state(cmd, t, &row);
		if (iq_cmd_has(cmd, 'p'))
			put_process(cmd, t, &row);
		if (iq_cmd_has(cmd, 'b'))
			put_blocked(cmd, t, &row);
		if (iq_cmd_has(cmd, 'd'))
			put_dispatch(cmd, t, &row);
		if (iq_cmd_has(cmd, 's'))
			put_signals(cmd, t, &row);
		if (iq_cmd_has(cmd, 'b'))
			put(&row, "WAITS FOR", 10, false, text(row.waits_for));
	}
	iq_out_row(cmd, row.columns, row.cells);
}

static bool has_ended(const struct iq_task *t)
{
	return t->state == 'Z' || t->state == 'X';
}

struct iq_error *cmd_thread(struct iq_cmd *cmd)
{
	const struct iq_task_list *list;
	const struct iq_task *task;
	struct iq_error *err;

	err = proc_tasks(cmd->s, &list);
	if (err)
		return err;
	proc_out_type(cmd);
	if (cmd->has_addr) {
		err = proc_task(cmd->s, cmd->addr, &task);
		if (!err && !(iq_cmd_has(cmd, 'f') && has_ended(task)))
			thread_row(cmd, task);
		return err;
	}
	for (size_t i = 0; i < list->num_tasks && !iq_cmd_stop(cmd); i++)
		if (!(iq_cmd_has(cmd, 'f') && has_ended(&list->tasks[i])))
			thread_row(cmd, &list->tasks[i]);
	return NULL;
}

/* ---- threadlist ---- */

static void short_line(struct iq_cmd *cmd, const struct iq_task *t)
{
	struct row row = { .num = 0 };

	put(&row, "ADDR", 16, false, address(t->addr));
	put(&row, "PROC", 16, false, address(proc_leader(cmd->s, t)->addr));
	put(&row, "LWP", 7, true, number(t->pid));
	put(&row, "CMD/LWPID", 9, false,
	    text(t->unreadable ? "??" : iq_arena_printf(cmd->arena, "%s/%d", t->comm, t->pid)));
	iq_out_row(cmd, row.columns, row.cells);
}

static void long_entry(struct iq_cmd *cmd, const struct iq_task *t, uint64_t depth)
{
	const struct iq_stack *stack = iq_task_stack(cmd->s, t);
	struct row row = { .num = 0 };
	struct iq_wchan w = { 0 };
	struct iq_stack part;

	iq_explain_wchan(cmd->s, t, &w);
	put(&row, "ADDR", 16, false, address(t->addr));
	put(&row, "PROC", 16, false, address(proc_leader(cmd->s, t)->addr));
	put(&row, "LWP", 7, true, number(t->pid));
	put(&row, "CLS", 3, true, text(class_name(t)));
	put(&row, "PRI", 3, true, number(t->prio));
	put(&row, "WCHAN", 16, false, address(w.addr));
	iq_out_row(cmd, row.columns, row.cells);
	iq_out_text(cmd->out, "  PC: %-32s CMD: %s state:%c\n",
		    stack->num_frames ? iq_sym_format(cmd->s, stack->frames[0].pc) : "-",
		    t->kthread ? iq_arena_printf(cmd->arena, "[%s]", t->comm)
			       : iq_task_cmdline(cmd->s, t),
		    t->state);
	if (!stack->num_frames) {
		iq_out_text(cmd->out, "  <no stack: %s>\n\n",
			    stack->why_none ? stack->why_none : "not known");
		return;
	}
	iq_out_text(cmd->out, "  stack pointer for thread %" PRIx64 ": %" PRIx64 "\n", t->addr,
		    stack->frames[0].sp);
	part = *stack;
	part.num_frames = IQ_MIN(part.num_frames, (size_t)IQ_MIN(depth, (uint64_t)1 << 20));
	part.complete |= part.num_frames < stack->num_frames;
	proc_frames(cmd, t, &part, 0, 4, true);
	iq_out_text(cmd->out, "\n");
}

static void listed(struct iq_cmd *cmd, const struct iq_task *t, uint64_t depth)
{
	if (cmd->to_pipe)
		iq_out_value(cmd->out, t->addr);
	else if (iq_cmd_has(cmd, 'v') && !t->unreadable)
		long_entry(cmd, t, depth);
	else
		short_line(cmd, t);
}

struct iq_error *cmd_threadlist(struct iq_cmd *cmd)
{
	const struct iq_task_list *list;
	const struct iq_task *task;
	uint64_t depth = UINT64_MAX;
	struct iq_error *err;

	if (cmd->argc > 1 || (cmd->argc && !iq_cmd_has(cmd, 'v')))
		return iq_cmd_usage(cmd, "only -v takes a number of frames");
	err = cmd->argc ? iq_cmd_count(cmd, &cmd->argv[0], &depth) : NULL;
	if (!err)
		err = proc_tasks(cmd->s, &list);
	if (err)
		return err;
	proc_out_type(cmd);
	if (cmd->has_addr) {
		err = proc_task(cmd->s, cmd->addr, &task);
		if (!err)
			listed(cmd, task, depth);
		return err;
	}
	for (size_t i = 0; i < list->num_tasks && !iq_cmd_stop(cmd); i++)
		if (!iq_cmd_has(cmd, 't') || !(list->tasks[i].flags & PF_WQ_WORKER))
			listed(cmd, &list->tasks[i], depth);
	return NULL;
}

/* ---- pflags ---- */

static void pflags_of(struct iq_cmd *cmd, const struct iq_task *leader)
{
	const struct iq_task_list *list = iq_tasks(cmd->s);

	iq_out_text(cmd->out, "%d:\t%s\n", leader->tgid, iq_task_cmdline(cmd->s, leader));
	for (size_t i = 0; i < list->num_tasks; i++) {
		const struct iq_task *t = &list->tasks[i];
		const struct iq_stack *stack;

		if (t->unreadable || t->tgid != leader->tgid || (!t->pid && t != leader))
			continue;
		stack = iq_task_stack(cmd->s, t);
		iq_out_text(cmd->out, " /%d:\tflags = %s\n\tstate = %s", t->pid,
			    flags_text(cmd->arena, t->flags), proc_state_name(cmd->arena, t));
		if (t->ptrace)
			iq_out_text(cmd->out, "  ptrace = %#x", t->ptrace);
		if (t->jobctl)
			iq_out_text(cmd->out, "  jobctl = %#" PRIx64, t->jobctl);
		if (stack->user.valid && stack->user.syscall && !stack->user.compat)
			iq_out_text(cmd->out, "  in %s()",
				    iq_syscall_name(cmd->s, stack->user.nr)
					    ? iq_syscall_name(cmd->s, stack->user.nr)
					    : iq_arena_printf(cmd->arena, "syscall_%" PRId64,
							      stack->user.nr));
		iq_out_text(cmd->out, "\n");
	}
}

struct iq_error *cmd_pflags(struct iq_cmd *cmd)
{
	const struct iq_task_list *list;
	const struct iq_task *task;
	struct iq_error *err;

	err = proc_tasks(cmd->s, &list);
	if (err)
		return err;
	if (cmd->has_addr) {
		err = proc_task(cmd->s, cmd->addr, &task);
		if (!err)
			pflags_of(cmd, proc_leader(cmd->s, task));
		return err;
	}
	for (size_t i = 0; i < list->num_tasks && !iq_cmd_stop(cmd); i++)
		if (list->tasks[i].pid && !list->tasks[i].unreadable &&
		    proc_is_leader(&list->tasks[i]))
			pflags_of(cmd, &list->tasks[i]);
	return NULL;
}

/* ---- task: one by any of its names ---- */

static bool has_name(const struct iq_task *t, const char *name)
{
	char *end;
	long pid = strtol(name, &end, 10);

	if (*name && !*end)
		return t->pid == pid;
	return !strcmp(t->comm, name);
}

struct iq_error *cmd_task(struct iq_cmd *cmd)
{
	const struct iq_task_list *list;
	struct iq_error *err;
	bool any = false;

	if (!cmd->argc && !cmd->has_addr)
		return iq_cmd_usage(cmd, "an address, a PID (decimal) or a name is needed");
	err = proc_tasks(cmd->s, &list);
	if (err)
		return err;
	proc_out_type(cmd);
	/* An address may be that of the task, or of its stack, or the number of its process. */
	if (!cmd->argc) {
		const struct iq_task *t = iq_task_by_addr(cmd->s, cmd->addr);

		if (!t)
			t = iq_task_by_stack_addr(cmd->s, cmd->addr);
		if (!t && cmd->addr && cmd->addr <= INT32_MAX)
			t = iq_task_by_pid(cmd->s, (int32_t)cmd->addr);
		if (!t)
			return iq_error_new(IQ_ERR_NOTFOUND,
					    "%#" PRIx64 " is no task, is on no task's stack, and "
					    "is no task's id",
					    cmd->addr);
		thread_row(cmd, t);
		return NULL;
	}
	for (size_t a = 0; a < cmd->argc; a++)
		for (size_t i = 0; i < list->num_tasks && !iq_cmd_stop(cmd); i++)
			if (!list->tasks[i].unreadable &&
			    has_name(&list->tasks[i], cmd->argv[a].str)) {
				thread_row(cmd, &list->tasks[i]);
				any = true;
			}
	return any ? NULL : iq_error_new(IQ_ERR_NOTFOUND, "no task is called %s", cmd->argv[0].str);
}

/* ---- syscall ---- */

/* As numbers: what the kernel's table does not know, and 32-bit calls. */
static const char *plain_call(struct iq_cmd *cmd, const struct iq_stack *stack)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;

	iq_strbuf_printf(&sb, "%ssyscall_%" PRId64 "(", stack->user.compat ? "32-bit " : "",
			 stack->user.nr);
	for (unsigned i = 0; i < IQ_ARRAY_SIZE(stack->user.args); i++)
		iq_strbuf_printf(&sb, "%s%#" PRIx64, i ? ", " : "", stack->user.args[i]);
	iq_strbuf_addc(&sb, ')');
	return iq_arena_strdup(cmd->arena, iq_strbuf_str(&sb));
}

struct iq_error *cmd_syscall(struct iq_cmd *cmd)
{
	const struct iq_stack *stack;
	const struct iq_task *t;
	const char *call;
	struct iq_error *err;

	err = proc_cmd_task(cmd, &t);
	if (err)
		return err;
	if (cmd->to_pipe)
		return iq_error_new(IQ_ERR_INVALID, "system calls are text, not addresses");
	stack = iq_task_stack(cmd->s, t);
	call = iq_syscall_describe(cmd->s, t);
	if (!call && stack->user.valid && stack->user.syscall)
		call = plain_call(cmd, stack);
	if (!call && stack->user.valid)
		call = iq_arena_printf(cmd->arena,
				       "in no system call: it entered the kernel by an exception "
				       "or interrupt at %#" PRIx64,
				       stack->user.ip);
	if (!call)
		call = t->kthread	   ? "a kernel thread, which makes none"
		       : stack->num_frames ? "its registers of user mode are not known"
		       : stack->why_none   ? stack->why_none
					   : "it has no stack";
	iq_out_text(cmd->out, "%016" PRIx64 " %s/%d: %s\n", t->addr, t->comm, t->pid, call);
	return NULL;
}

/* ---- why ---- */

struct iq_error *cmd_why(struct iq_cmd *cmd)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;
	const struct iq_task *t;
	struct iq_error *err;

	err = proc_cmd_task(cmd, &t);
	if (!err && t->pid <= 0)
		err = iq_error_new(IQ_ERR_INVALID, "%" PRIx64 " waits for nothing: it is %s",
				   t->addr, t->unreadable ? "unreadable" : "an idle task");
	if (!err)
		err = iq_why_task(cmd->s, t, iq_cmd_has(cmd, 'a'), &sb);
	if (!err)
		iq_out_text(cmd->out, "%s", iq_strbuf_str(&sb));
	return err;
}
