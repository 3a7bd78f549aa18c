/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tasks that run and do not let go, and tasks that could run and get no CPU
 *
 * A runnable task is on the run queue of one CPU; rq.curr is who runs there. If that is a task of a
 * higher class (real-time, deadline) and nothing limits those, it keeps the CPU for as long as it
 * wants: then it is what has to be named.
 *
 * Kernel: kernel/sched/sched.h (struct rq), include/linux/sched/prio.h.
 */
#include "dcmds.h"

#include "inquest/module.h"

enum { MAX_RT_PRIO = 100, SCHED_FIFO = 1, SCHED_RR = 2, SCHED_DEADLINE = 6 };

static const struct iq_task *running_on(struct iq_diag *d, unsigned cpu, iq_vaddr *rq_ret)
{
	iq_vaddr percpu = iq_sym_addr(d->s, "runqueues");
	uint64_t curr;

	if (!percpu || cpu >= iq_num_cpus(d->s))
		return NULL;
	*rq_ret = iq_per_cpu(d->s, percpu, cpu);
	if (!*rq_ret || !iq_peek_member(d->s, "struct rq", "curr", *rq_ret, &curr))
		return NULL;
	return iq_task_by_addr(d->s, curr);
}

static const char *policy_name(uint32_t policy)
{
	return policy == SCHED_FIFO	  ? "SCHED_FIFO"
	       : policy == SCHED_RR	  ? "SCHED_RR"
	       : policy == SCHED_DEADLINE ? "SCHED_DEADLINE"
					  : "real-time";
}

static void add_hog(struct iq_diag *d, struct iq_verdict *v, const struct iq_task *t,
		    const struct iq_task *hog, iq_vaddr rq)
{
	iq_text_add(d->g, &v->evidence,
		    "rq.curr of CPU %u at %#" PRIx64 " is %s (%d), %s %d, priority %d before %d",
		    t->cpu, rq, hog->comm, hog->pid, policy_name(hog->policy), hog->rt_priority,
		    hog->prio, t->prio);
	if (hog->kthread) {
		iq_remedy_add(d->g, &v->remedy, IQ_RISK_NONE, NULL,
			      "%s (%d) is a thread of the kernel: see what it does, perf top -C %u",
			      hog->comm, hog->pid, t->cpu);
		return;
	}
	iq_remedy_add(
		d->g, &v->remedy, IQ_RISK_LOW,
		iq_arena_printf(d->g->arena, "chrt -o -p 0 %d", hog->pid),
		"Take its real-time priority from %s (%d): chrt -o -p 0 %d; it goes on, but no "
		"longer before all others",
		hog->comm, hog->pid, hog->pid);
	iq_remedy_add(d->g, &v->remedy, IQ_RISK_LOW, "sysctl kernel.sched_rt_runtime_us=950000",
		      "Or leave a share of each CPU to everybody else: sysctl "
		      "kernel.sched_rt_runtime_us=950000, where that was switched off");
	iq_remedy_add(d->g, &v->remedy, IQ_RISK_DATA,
		      iq_arena_printf(d->g->arena, "kill %d", hog->tgid),
		      "Or end it, if it does not loop within the kernel: kill %d", hog->tgid);
}

static void add_who_runs(struct iq_diag *d, struct iq_verdict *v, const struct iq_task *t)
{
	const struct iq_task *curr;
	iq_vaddr rq = 0;

	curr = running_on(d, t->cpu, &rq);
	if (!iq_cpu_online(d->s, t->cpu))
		iq_text_add(d->g, &v->evidence, "CPU %u is offline", t->cpu);
	if (curr && curr != t && curr->pid && curr->prio < MAX_RT_PRIO && curr->prio < t->prio) {
		add_hog(d, v, t, curr, rq);
		return;
	}
	if (curr && !curr->pid)
		iq_text_add(d->g, &v->evidence,
			    "rq.curr of CPU %u at %#" PRIx64
			    " is its idle task: it does not take what is ready to run",
			    t->cpu, rq);
	else if (curr && curr != t)
		iq_text_add(d->g, &v->evidence,
			    "rq.curr of CPU %u at %#" PRIx64 " is %s (%d), priority %d", t->cpu, rq,
			    curr->comm, curr->pid, curr->prio);
	iq_remedy_add(
		d->g, &v->remedy, IQ_RISK_NONE, NULL,
		"See what CPU %u is busy with: top, perf top -C %u; lower the priority of what "
		"keeps it",
		t->cpu, t->cpu);
}

static void judge_starved(struct iq_diag *d, struct iq_object *o, const struct iq_task *t,
			  int64_t off_cpu_ns)
{
	const struct iq_task *curr;
	struct iq_verdict *v;
	iq_vaddr rq = 0;

	curr = running_on(d, t->cpu, &rq);
	if (curr && curr != t && curr->pid && curr->prio < MAX_RT_PRIO && curr->prio < t->prio)
		v = iq_object_verdict(d->g, o, IQ_CAUSE_TASK_STARVED, IQ_STRONG,
				      "%s (%d) could run and gets no CPU: %s (%d) keeps CPU %u "
				      "with a real-time priority",
				      t->comm, t->pid, curr->comm, curr->pid, t->cpu);
	else
		v = iq_object_verdict(d->g, o, IQ_CAUSE_TASK_STARVED, IQ_STRONG,
				      "%s (%d) could run and gets no CPU", t->comm, t->pid);
	if (!v)
		return;
	v->cannot_go_on = true;
	if (off_cpu_ns < 0)
		iq_text_add(d->g, &v->evidence, "task %d is runnable on CPU %u and is not on it",
			    t->pid, t->cpu);
	else
		iq_text_add(d->g, &v->evidence,
			    "task %d is runnable on CPU %u for %" PRId64 " ms and is not on it",
			    t->pid, t->cpu, off_cpu_ns / 1000000);
	add_who_runs(d, v, t);
}

static void judge_running(struct iq_diag *d, struct iq_object *o, const struct iq_task *t)
{
	struct iq_verdict *v = iq_object_verdict(d->g, o, IQ_CAUSE_TASK_RUNNING, IQ_STRONG,
						 "%s (%d) runs on CPU %u and does not let go",
						 t->comm, t->pid, t->cpu);

	if (!v)
		return;
	iq_text_add(d->g, &v->evidence, "task_struct.on_cpu of %d is %d, on_rq %d, CPU %u", t->pid,
		    t->on_cpu, t->on_rq, t->cpu);
	iq_text_add(d->g, &v->evidence,
		    "up to now it has run for %" PRIu64 " ms in user mode and %" PRIu64
		    " ms in the kernel",
		    t->utime_ns / 1000000, t->stime_ns / 1000000);
	iq_remedy_add(d->g, &v->remedy, IQ_RISK_NONE, NULL,
		      "See what it does: top -H -p %d, perf top -t %d", t->tgid, t->pid);
	if (!t->kthread)
		iq_remedy_add(
			d->g, &v->remedy, IQ_RISK_DATA,
			iq_arena_printf(d->g->arena, "kill %d", t->tgid),
			"If it can be done without: kill %d; a loop within the kernel it does "
			"not end",
			t->tgid);
}

/*
 * Is it seen to run, and not only between two naps? One look at a task on a CPU says nothing of
 * that; two do, or time that was spent on running.
 */
static bool is_seen_running(struct iq_diag *d, const struct iq_task *t)
{
	struct iq_ran ran;

	if (!iq_is_live(d->s))
		return true;
	iq_diag_ran(d, t, &ran);
	return ran.num_looks < 2 || ran.num_on_cpu >= 2 || ran.ran_ns > 0;
}

static struct iq_error *judge(struct iq_diag *d, struct iq_object *o)
{
	const struct iq_task *t = iq_task_by_pid(d->s, (int32_t)o->tid);
	int64_t off_cpu_ns;

	if (!t || t->unreadable || o->verdict || t->state != 'R' || t->frozen ||
	    iq_diag_is_self(d, t))
		return NULL;
	off_cpu_ns = t->queued_ns >= 0 ? t->queued_ns : t->idle_ns;
	/* In a dump where the time is not known the state alone counts. */
	if (!t->on_cpu && (off_cpu_ns < 0 ? !iq_is_live(d->s) : off_cpu_ns > d->bound_ms * 1000000))
		judge_starved(d, o, t, off_cpu_ns);
	else if (is_seen_running(d, t))
		judge_running(d, o, t);
	return NULL;
}

static const struct iq_object_rule object_rules[] = {
	{ .name = "cpu",
	  .summary = "a task that runs and does not let go, or that could run and gets no CPU, and "
		     "who has it",
	  .type = IQ_OBJ_TASK,
	  .explain = judge },
	{ 0 },
};

/* Schedulers out of BPF: who turns one on keeps everybody from forking. */
static const char *const scx_writers[] = { "scx_enable", "scx_ops_enable", "scx_enable_workfn",
					   NULL };
static const char *const coming[] = { "rcu_sync_enter", NULL };

static const struct iq_holder holders[] = {
	{ .symbol = "scx_fork_rwsem",
	  .mode = IQ_HOLD_WRITE,
	  .functions = scx_writers,
	  .outside = { coming } },
	{ 0 },
};

const struct iq_module iq_module_sched = {
	.api = IQ_MODULE_API,
	.name = "sched",
	.summary = "running, and runnable without a CPU",
	.object_rules = object_rules,
	.holders = holders,
	.dcmds = iq_sched_dcmds,
	.walkers = iq_sched_walkers,
	.globals = iq_sched_globals,
};
