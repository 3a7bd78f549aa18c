/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What every CPU has to take part in: RCU grace periods, the stopper threads
 *
 * A grace period ends when each CPU has been seen outside of read sections. A leaf of the tree of
 * struct rcu_node has a bit for each of its CPUs that was not seen yet (qsmask; expmask of an
 * expedited one), and the list of tasks that were preempted within a section, from gp_tasks
 * (exp_tasks) on. All of it is driven by one kernel thread, rcu_state.gp_kthread: where that gets
 * no CPU nothing happens at all.
 *
 * stop_machine(), stop_one_cpu() queue a struct cpu_stop_work for each CPU's stopper thread
 * (migration/N), with a struct cpu_stop_done on the waiter's stack.
 *
 * Kernel: kernel/rcu/tree.h, kernel/rcu/tree_plugin.h, kernel/rcu/tree_exp.h,
 * kernel/stop_machine.c.
 */
#include "srcu.h"

#include "inquest/waitq.h"

enum { MAX_LEAVES = 1024, MAX_READERS = 1000, MAX_LEVELS = 8, MAX_WORKS = 10000 };

static const char node_type[] = "struct rcu_node";

/* ---- grace periods ---- */

static void add_cpu(struct iq_diag *d, struct iq_wait *w, unsigned cpu, const char *mask,
		    iq_vaddr node, uint64_t bits)
{
	iq_vaddr percpu = iq_sym_addr(d->s, "runqueues"),
		 rq = percpu ? iq_per_cpu(d->s, percpu, cpu) : 0;
	const struct iq_task *t;
	struct iq_edge *e;
	uint64_t curr;

	if (!rq || !iq_peek_member(d->s, "struct rq", "curr", rq, &curr))
		return;
	t = iq_task_by_addr(d->s, curr);
	/* An idle CPU is in no section; the driving thread will find that out. */
	if (!t || !t->pid || t->addr == w->task->addr || iq_diag_is_self(d, t))
		return;
	e = iq_graph_edge(d->g, w->task, iq_diag_task(d, t), w->on, IQ_EDGE_SERVES, IQ_STRONG,
			  "keeps CPU %u from ending it", cpu);
	iq_text_add(d->g, &e->evidence,
		    "rcu_node.%s at %#" PRIx64 " is %#" PRIx64
		    ": CPU %u, where %s (%d) runs, is awaited",
		    mask, node, bits, cpu, t->comm, t->pid);
}

struct readers {
	struct iq_diag *d;
	struct iq_wait *w;
	iq_vaddr first;
	bool begun;
};

static bool add_reader(void *ctx, iq_vaddr node)
{
	struct readers *x = ctx;
	int64_t off = iq_offsetof(x->d->s, "struct task_struct", "rcu_node_entry");
	const struct iq_task *t;
	struct iq_edge *e;

	x->begun = x->begun || node == x->first;
	if (!x->begun || off < 0)
		return false;
	t = iq_task_by_addr(x->d->s, node - (uint64_t)off);
	if (!t || t->addr == x->w->task->addr)
		return false;
	e = iq_graph_edge(x->d->g, x->w->task, iq_diag_task(x->d, t), x->w->on, IQ_EDGE_OWNER,
			  IQ_PROVEN, "was interrupted within a read section");
	iq_text_add(x->d->g, &e->evidence,
		    "%s (%d) is in rcu_node.blkd_tasks, and the grace period waits for it", t->comm,
		    t->pid);
	return false;
}

static void add_leaf(struct iq_diag *d, struct iq_wait *w, iq_vaddr node, bool expedited,
		     uint64_t lo)
{
	const char *mask = expedited ? "expmask" : "qsmask";
	int64_t list = iq_offsetof(d->s, node_type, "blkd_tasks");
	uint64_t bits, first;

	if (iq_peek_member(d->s, node_type, mask, node, &bits))
		for (unsigned i = 0; i < 64; i++)
			if (bits >> i & 1)
				add_cpu(d, w, (unsigned)lo + i, mask, node, bits);
	if (list >= 0 &&
	    iq_peek_member(d->s, node_type, expedited ? "exp_tasks" : "gp_tasks", node, &first) &&
	    first)
		iq_error_free(iq_list_walk(d->s, node + (uint64_t)list, MAX_READERS, add_reader,
					   &(struct readers){ .d = d, .w = w, .first = first }));
}

static void add_leaves(struct iq_diag *d, struct iq_wait *w, iq_vaddr state, bool expedited)
{
	iq_vaddr levels = iq_sym_addr(d->s, "rcu_num_lvls");
	int64_t off = iq_offsetof(d->s, "struct rcu_state", "level"),
		size = iq_sizeof(d->s, node_type);
	uint32_t num = 1;
	uint64_t leaf, lo, hi;

	if (off < 0 || size <= 0 || (levels && !iq_peek_u32(d->s, levels, &num)) || !num ||
	    num > MAX_LEVELS ||
	    !iq_peek_u64(d->s, state + (uint64_t)off + 8 * (uint64_t)(num - 1), &leaf))
		return;
	for (unsigned i = 0; i < MAX_LEAVES; i++, leaf += (uint64_t)size) {
		if (!iq_peek_member(d->s, node_type, "grplo", leaf, &lo) ||
		    !iq_peek_member(d->s, node_type, "grphi", leaf, &hi) || lo > hi ||
		    hi - lo >= 64)
			return;
		add_leaf(d, w, leaf, expedited, lo);
		if (hi + 1 >= iq_num_cpus(d->s))
			return;
	}
}

/* The thread that drives grace periods, where it could run and does not, or hangs itself. */
static bool add_driver(struct iq_diag *d, struct iq_wait *w, iq_vaddr state)
{
	const struct iq_task *t;
	struct iq_edge *e;
	uint64_t addr;

	if (!iq_peek_member(d->s, "struct rcu_state", "gp_kthread", state, &addr))
		return false;
	t = iq_task_by_addr(d->s, addr);
	if (!t || t->on_cpu || (t->state != 'R' && t->state != 'D'))
		return false;
	/* For a moment that is nothing. */
	if (t->state == 'R' && t->queued_ns >= 0 && t->queued_ns < d->bound_ms * 1000000 / 2)
		return false;
	e = iq_graph_edge(d->g, w->task, iq_diag_task(d, t), w->on, IQ_EDGE_SERVES, IQ_STRONG,
			  "drives all grace periods");
	iq_text_add(d->g, &e->evidence,
		    "rcu_state.gp_kthread at %#" PRIx64 " is %s (%d), in state %c", state, t->comm,
		    t->pid, t->state);
	return true;
}

static struct iq_error *explain_rcu(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	const char *function = who->stack->frames[who->frame].sym.name;
	iq_vaddr state = iq_sym_addr(d->s, "rcu_state");
	bool expedited = strstr(function, "expedited");
	/* These wait for callbacks in the same way, after grace periods of another kind. */
	static const char *const other_kinds[] = { "synchronize_rcu_tasks",
						   "synchronize_rcu_tasks_generic",
						   "synchronize_rcu_tasks_rude",
						   "synchronize_rcu_tasks_trace",
						   "rcu_barrier_tasks_generic",
						   "__synchronize_srcu",
						   NULL };
	struct iq_object *on;
	uint64_t seq = 0;
	struct iq_wait *w;

	if (!state || iq_stack_find(who->stack, 0, other_kinds) >= 0)
		return NULL;
	on = iq_graph_object(d->g, IQ_OBJ_KERNEL, "kernel:rcu%s", expedited ? "-expedited" : "");
	iq_object_name(d->g, on, "%s",
		       expedited ? "an expedited RCU grace period" : "an RCU grace period");
	w = iq_diag_wait(who, on, IQ_WAIT_SLEEP);
	iq_peek_member(d->s, "struct rcu_state", expedited ? "expedited_sequence" : "gp_seq", state,
		       &seq);
	iq_text_add(d->g, &w->evidence, "it sleeps in %s(); rcu_state.%s is %#" PRIx64, function,
		    expedited ? "expedited_sequence" : "gp_seq", seq);
	*wait_ret = w;
	if (expedited || !add_driver(d, w, state))
		add_leaves(d, w, state, expedited);
	return NULL;
}

/* ---- stoppers ---- */

struct stop_search {
	struct iq_diag *d;
	iq_vaddr done;
	bool found;
};

static bool is_ours(void *ctx, iq_vaddr node)
{
	struct stop_search *x = ctx;
	iq_vaddr work = node - (uint64_t)iq_offsetof(x->d->s, "struct cpu_stop_work", "list");
	uint64_t done;

	x->found = iq_peek_member(x->d->s, "struct cpu_stop_work", "done", work, &done) &&
		   done == x->done;
	return x->found;
}

static void add_stopper(struct iq_diag *d, struct iq_wait *w, const struct iq_task *t, unsigned cpu,
			bool queued)
{
	struct iq_edge *e =
		iq_graph_edge(d->g, w->task, iq_diag_task(d, t), w->on, IQ_EDGE_SERVES,
			      queued ? IQ_PROVEN : IQ_STRONG, "has to do it on CPU %u", cpu);

	iq_text_add(d->g, &e->evidence,
		    queued ? "its work is in cpu_stopper.works of CPU %u, whose thread is %s (%d)"
			   : "on CPU %u the thread for it, %s (%d), is at it",
		    cpu, t->comm, t->pid);
}

/* The threads that have the work in their list, or else those that run. */
static size_t add_stoppers(struct iq_diag *d, struct iq_wait *w, iq_vaddr percpu, iq_vaddr done,
			   bool queued)
{
	int64_t works = iq_offsetof(d->s, "struct cpu_stopper", "works");
	size_t num = 0;

	for (unsigned cpu = 0; cpu < iq_num_cpus(d->s); cpu++) {
		struct stop_search x = { .d = d, .done = done };
		iq_vaddr stopper = iq_per_cpu(d->s, percpu, cpu);
		const struct iq_task *t;
		uint64_t thread;

		if (!iq_cpu_online(d->s, cpu) ||
		    !iq_peek_member(d->s, "struct cpu_stopper", "thread", stopper, &thread))
			continue;
		t = iq_task_by_addr(d->s, thread);
		if (queued)
			iq_error_free(iq_list_walk(d->s, stopper + (uint64_t)works, MAX_WORKS,
						   is_ours, &x));
		if (!t || !(queued ? x.found : t->on_cpu))
			continue;
		add_stopper(d, w, t, cpu, queued);
		num++;
	}
	return num;
}

static struct iq_error *explain_stop(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	const struct iq_task *task = who->task;
	const struct iq_stack *stack = who->stack;
	int64_t off = iq_offsetof(d->s, "struct cpu_stop_done", "completion");
	iq_vaddr percpu = iq_sym_addr(d->s, "cpu_stopper"), done;
	struct iq_object *on;

	if (off < 0 || !iq_has_member(d->s, "struct cpu_stopper", "works") || !percpu ||
	    !iq_find_completion(d->s, task, stack, &done) || done < stack->sp || done >= stack->end)
		return NULL;
	on = iq_graph_object(d->g, IQ_OBJ_KERNEL, "kernel:stopper-for-%d", task->pid);
	iq_object_name(d->g, on, "CPUs to stop for %s (%d)", task->comm, task->pid);
	*wait_ret = iq_diag_wait(who, on, IQ_WAIT_SLEEP);
	iq_text_add(d->g, &(*wait_ret)->evidence, "it waits for cpu_stop_done at %#" PRIx64,
		    done - (uint64_t)off);
	/* Those who have begun may only wait for the rest to come: they count where all have. */
	if (!add_stoppers(d, *wait_ret, percpu, done - (uint64_t)off, true))
		add_stoppers(d, *wait_ret, percpu, done - (uint64_t)off, false);
	return NULL;
}

static const char *const rcu_functions[] = { "synchronize_rcu",
					     "synchronize_rcu_normal",
					     "__wait_rcu_gp",
					     "synchronize_rcu_expedited",
					     "synchronize_rcu_expedited_wait",
					     "rcu_barrier",
					     NULL };
static const char *const rcu_types[] = { "struct rcu_state", "struct rcu_node", NULL };
static const char *const stop_functions[] = { "stop_one_cpu",
					      "stop_two_cpus",
					      "__stop_cpus",
					      "stop_cpus",
					      "stop_machine_cpuslocked",
					      "stop_machine",
					      NULL };
static const char *const stop_types[] = { "struct cpu_stop_done", "struct cpu_stopper",
					  "struct cpu_stop_work", NULL };

static const struct iq_wait_rule wait_rules[] = {
	{ .name = "srcu",
	  .summary = "a grace period of an SRCU domain: its readers, who may sleep",
	  .reads = "srcu_struct.sda; srcu_data.ssp, .srcu_ctrs or .srcu_lock_count, "
		   ".srcu_unlock_count",
	  .seen = "",
	  .certainty = IQ_LIKELY,
	  .functions = srcu_functions,
	  .needs_types = srcu_types,
	  .explain = srcu_explain },
	{ .name = "rcu-tasks",
	  .summary = "RCU of tasks: those that have not gone through the scheduler yet",
	  .reads = "task_struct.rcu_tasks_holdout",
	  .seen = "",
	  .certainty = IQ_PROVEN,
	  .functions = rcu_tasks_functions,
	  .explain = rcu_tasks_explain },
	{ .name = "rcu",
	  .summary = "an RCU grace period: the CPUs, the readers, the thread that it waits for",
	  .reads = "rcu_state.gp_kthread, .level, .gp_seq; rcu_node.qsmask, .expmask, .gp_tasks, "
		   ".exp_tasks, .blkd_tasks; rq.curr",
	  .seen = "5.10, 6.1, 6.12, 7.3",
	  .certainty = IQ_PROVEN,
	  .functions = rcu_functions,
	  .needs_types = rcu_types,
	  .explain = explain_rcu },
	{ .name = "stop-machine",
	  .summary = "the stopper threads of CPUs",
	  .reads = "cpu_stop_done; cpu_stopper.thread, .works",
	  .seen = "",
	  .certainty = IQ_PROVEN,
	  .functions = stop_functions,
	  .needs_types = stop_types,
	  .explain = explain_stop },
	{ 0 },
};

const struct iq_module iq_module_rcu = {
	.api = IQ_MODULE_API,
	.name = "rcu",
	.summary = "grace periods and stopped CPUs",
	.wait_rules = wait_rules,
};
