/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * CPUs, for the debugger: what each does, and who waits for it
 */
#include "dcmds.h"

#include "inquest/module.h"

static const char type[] = "struct rq";

static iq_vaddr rq_of(struct iq_session *s, unsigned cpu)
{
	iq_vaddr percpu = iq_sym_addr(s, "runqueues");

	return percpu ? iq_per_cpu(s, percpu, cpu) : 0;
}

/* An address of a run queue, or the number of a CPU; false: neither. */
static bool cpu_of(struct iq_session *s, uint64_t value, unsigned *cpu_ret)
{
	for (unsigned cpu = 0; cpu < iq_num_cpus(s); cpu++)
		if (value == cpu || value == rq_of(s, cpu)) {
			*cpu_ret = cpu;
			return true;
		}
	return false;
}

static struct iq_error *walk_cpus(struct iq_walk *walk)
{
	if (!iq_sym_addr(walk->s, "runqueues"))
		return iq_error_new(IQ_ERR_NOTFOUND, "this kernel's run queues are not known");
	for (unsigned cpu = 0; cpu < iq_num_cpus(walk->s); cpu++)
		if (iq_cpu_online(walk->s, cpu) && iq_walk_emit(walk, rq_of(walk->s, cpu)))
			break;
	return NULL;
}

static struct iq_error *walk_queued(struct iq_walk *walk)
{
	const struct iq_task_list *list = iq_tasks(walk->s);
	unsigned cpu;

	if (!cpu_of(walk->s, walk->addr, &cpu))
		return iq_error_new(IQ_ERR_INVALID, "%" PRIx64 " is no CPU and no run queue",
				    walk->addr);
	for (size_t i = 0; list && i < list->num_tasks; i++) {
		const struct iq_task *t = &list->tasks[i];

		if (t->on_rq && t->cpu == cpu && t->pid && iq_walk_emit(walk, t->addr))
			break;
	}
	return NULL;
}

static void print_queue(struct iq_cmd *cmd, unsigned cpu)
{
	const struct iq_task_list *list = iq_tasks(cmd->s);
	bool any = false;

	for (size_t i = 0; list && i < list->num_tasks; i++) {
		const struct iq_task *t = &list->tasks[i];

		if (!t->on_rq || t->on_cpu || t->cpu != cpu || !t->pid)
			continue;
		if (!any)
			iq_out_text(cmd->out, "%8s%4s %-16s %10s %s\n", "", "PRI", "THREAD",
				    "WAITED_MS", "PROC");
		any = true;
		iq_out_text(cmd->out, "%8s%4d %016" PRIx64 " ", "", t->prio, t->addr);
		if (t->queued_ns >= 0)
			iq_out_text(cmd->out, "%10" PRId64, t->queued_ns / 1000000);
		else
			iq_out_text(cmd->out, "%10s", "-");
		iq_out_text(cmd->out, " %s/%d\n", t->comm, t->pid);
	}
}

static void print_cpu(struct iq_cmd *cmd, unsigned cpu)
{
	static const struct iq_column columns[] = {
		{ "id", "ID", .right = true, .min = 3 },
		{ "addr", "ADDR", .min = 16 },
		{ "flags", "FLG", .min = 3 },
		{ "running", "NRUN", .right = true, .min = 4 },
		{ "blocked", "NIOWAIT", .right = true, .min = 7 },
		{ "prio", "PRI", .right = true, .min = 4 },
		{ "resched", "RNRN", .min = 4 },
		{ "ran_ms", "ON_MS", .right = true, .min = 8 },
		{ "thread", "THREAD", .min = 16 },
		{ "proc", "PROC" },
		{ 0 },
	};
	iq_vaddr rq = rq_of(cmd->s, cpu);
	uint64_t curr = 0, running, iowait, clock, flags;
	const struct iq_task *t = NULL;
	struct iq_cell on = { IQ_CELL_NULL }, prio = { IQ_CELL_NULL };
	const char *resched = NULL;
	bool has_running, has_iowait;

	if (cmd->to_pipe) {
		iq_out_value(cmd->out, rq);
		return;
	}
	has_running = iq_peek_member(cmd->s, type, "nr_running", rq, &running);
	has_iowait = iq_peek_member(cmd->s, type, "nr_iowait.counter", rq, &iowait);
	if (iq_peek_member(cmd->s, type, "curr", rq, &curr))
		t = iq_task_by_addr(cmd->s, curr);
	if (t) {
		prio = (struct iq_cell)IQ_I64(t->prio);
		if (t->pid && iq_peek_member(cmd->s, type, "clock_task", rq, &clock) &&
		    clock >= t->exec_start_ns)
			on = (struct iq_cell)IQ_U64((clock - t->exec_start_ns) / 1000000);
		/* TIF_NEED_RESCHED is 3 on x86, 1 on arm64; only x86 is read by now. */
		if (iq_peek_member(cmd->s, "struct task_struct", "thread_info.flags", curr, &flags))
			resched = flags >> 3 & 1 ? "yes" : "no";
	}
	iq_out_row(
		cmd, columns,
		IQ_CELLS(IQ_U64(cpu), IQ_ADDR(rq),
			 IQ_STR(!iq_cpu_online(cmd->s, cpu) ? "off"
				: t && !t->pid		    ? "I"
							    : "R"),
			 IQ_KNOWN(has_running, running), IQ_KNOWN(has_iowait, iowait), prio,
			 IQ_STR(resched), on, IQ_ADDR(curr),
			 IQ_STR(t ? t->pid ? iq_arena_printf(cmd->arena, "%s/%d", t->comm, t->pid)
					   : "(idle)"
				  : NULL)));
	if (iq_cmd_has(cmd, 'v'))
		print_queue(cmd, cpu);
}

static struct iq_error *cmd_cpuinfo(struct iq_cmd *cmd)
{
	const struct iq_arg *which = iq_cmd_opt(cmd, 'c');
	uint64_t value = cmd->addr;
	struct iq_error *err;
	unsigned cpu;

	if (!iq_sym_addr(cmd->s, "runqueues"))
		return iq_error_new(IQ_ERR_NOTFOUND, "this kernel's run queues are not known");
	iq_tasks(cmd->s);
	iq_out_type_named(cmd, type);
	if (which) {
		err = iq_cmd_count(cmd, which, &value);
		if (err)
			return err;
	}
	if (which || cmd->has_addr) {
		if (!cpu_of(cmd->s, value, &cpu))
			return iq_error_new(IQ_ERR_INVALID,
					    "%" PRIx64 " is no CPU and no run queue", value);
		print_cpu(cmd, cpu);
		return NULL;
	}
	for (cpu = 0; cpu < iq_num_cpus(cmd->s) && !iq_cmd_stop(cmd); cpu++)
		if (iq_cpu_online(cmd->s, cpu))
			print_cpu(cmd, cpu);
	return NULL;
}

static const struct iq_opt cpuinfo_opts[] = {
	{ 'v', NULL, "and who is on its run queue" },
	{ 'c', "CPU", "this CPU alone" },
	{ 0 },
};

const struct iq_dcmd iq_sched_dcmds[] = {
	{ "cpuinfo", "?", "say what each CPU does",
	  "The address is a CPU's number or its run queue. FLG is R for one that runs a task, I "
	  "for "
	  "an idle one; RNRN says whether it was asked to reschedule; ON_MS is how long the task "
	  "is on it since it was last accounted.",
	  cpuinfo_opts, cmd_cpuinfo },
	{ 0 },
};

const struct iq_walker iq_sched_walkers[] = {
	{ "cpu", "the run queue of every CPU that is online", IQ_WALK_GLOBAL, "struct rq",
	  walk_cpus },
	{ "runqueue", "the run queue of every CPU that is online", IQ_WALK_GLOBAL, "struct rq",
	  walk_cpus },
	{ "runq", "the tasks on a CPU's run queue", IQ_WALK_LOCAL, "struct task_struct",
	  walk_queued },
	{ 0 },
};

const struct iq_global iq_sched_globals[] = {
	{ "runqueues", "struct rq" },
	{ "init_task", "struct task_struct" },
	{ 0 },
};
