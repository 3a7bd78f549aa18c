/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Control groups: tasks that are frozen, out of CPU quota, or over their memory
 *
 * These controls hold a task back wherever it is, and with it everybody who waits for
 * what it has. The root is the task; its cgroup says why and how to let it go on.
 *
 * Frozen: in the unified hierarchy cgroup.freezer says whether the cgroup itself is to be frozen
 * (freeze), or it or one above it (e_freeze). In v1's freezer hierarchy struct freezer.state has a
 * bit for each.
 *
 * Throttled: a cgroup that has used up cpu.max has its cfs_rq of a CPU taken off the run queue
 * (throttled), with all below it (throttle_count), until the next period. Since v6.18 a task goes
 * to sleep for it on its way to user mode (task_struct.throttled), so that it holds no kernel lock
 * then.
 *
 * Memory: a task over memory.high sleeps on its way to user mode, up to two seconds at a time; one
 * in a v1 cgroup without an OOM killer waits for memory to become free.
 *
 * Kernel: kernel/cgroup/freezer.c, kernel/cgroup/legacy_freezer.c, kernel/sched/fair.c,
 * mm/memcontrol.c.
 */
#include "names.h"

#include <stdio.h>

enum {
	MAX_DEPTH = 256,
	FREEZING_SELF = 2, /* CGROUP_FREEZING_SELF */
	FREEZING = 6,	   /* ... or a parent */
	PAGE_SHIFT = 12,
	MAX_RT_PRIO = 100,
};

static const char cgroup_type[] = "struct cgroup";

/* ---- frozen ---- */

struct freeze {
	iq_vaddr cgroup; /* the outermost one that was asked to be frozen */
	iq_vaddr own;	 /* the task's */
	const char *member;
	iq_vaddr at;
	uint64_t value;
	bool v1;
};

static bool find_freeze_v2(struct iq_diag *d, const struct iq_task *t, struct freeze *f)
{
	iq_vaddr cgroup = cgroup_of_task(d, t);
	uint64_t value;

	f->own = cgroup;
	for (int i = 0; cgroup && i < MAX_DEPTH; i++) {
		if (iq_peek_member(d->s, cgroup_type, "freezer.freeze", cgroup, &value) && value) {
			f->cgroup = f->at = cgroup;
			f->member = "cgroup.freezer.freeze";
			f->value = value;
		}
		cgroup = cgroup_parent(d, cgroup);
	}
	return f->cgroup;
}

static bool find_freeze_v1(struct iq_diag *d, const struct iq_task *t, struct freeze *f)
{
	iq_vaddr css = cgroup_css_of_task(d, t, "freezer_cgrp_id");
	int64_t off = iq_offsetof(d->s, "struct freezer", "css");
	uint64_t state;

	if (off < 0)
		return false;
	f->own = cgroup_of_css(d, css);
	for (int i = 0; css && i < MAX_DEPTH; i++) {
		if (!iq_peek_member(d->s, "struct freezer", "state", css - (uint64_t)off, &state) ||
		    !(state & FREEZING))
			break;
		if (state & FREEZING_SELF) {
			f->cgroup = cgroup_of_css(d, css);
			f->at = css - (uint64_t)off;
			f->member = "freezer.state";
			f->value = state;
			f->v1 = true;
		}
		css = cgroup_css_parent(d, css);
	}
	return f->cgroup;
}

static bool find_freeze(struct iq_diag *d, const struct iq_task *t, struct freeze *f)
{
	*f = (struct freeze){ 0 };
	if (find_freeze_v2(d, t, f))
		return true;
	*f = (struct freeze){ 0 };
	return find_freeze_v1(d, t, f);
}

/* "docker unpause ID", ...: what whoever froze it would thaw it with. */
static void add_manager_remedy(struct iq_diag *d, struct iq_verdict *v, const char *path)
{
	const char *engine = "", *id = cgroup_container(d, path, &engine);
	const char *last = strrchr(path, '/') + 1;
	size_t len = strlen(last);

	if (id && !strcmp(engine, "docker"))
		iq_remedy_add(d->g, &v->remedy, IQ_RISK_LOW,
			      iq_arena_printf(d->g->arena, "docker unpause %.12s", id),
			      "Let the container go on, if it was paused: docker unpause %.12s",
			      id);
	else if (id && !strcmp(engine, "podman"))
		iq_remedy_add(d->g, &v->remedy, IQ_RISK_LOW,
			      iq_arena_printf(d->g->arena, "podman unpause %.12s", id),
			      "Let the container go on, if it was paused: podman unpause %.12s",
			      id);
	else if (id && !strcmp(engine, "nerdctl"))
		iq_remedy_add(d->g, &v->remedy, IQ_RISK_LOW,
			      iq_arena_printf(d->g->arena, "nerdctl unpause %.12s", id),
			      "Let the container go on, if it was paused: nerdctl unpause %.12s",
			      id);
	else if (id && !strcmp(engine, "lxc"))
		iq_remedy_add(
			d->g, &v->remedy, IQ_RISK_LOW,
			iq_arena_printf(d->g->arena, "lxc-unfreeze -n %s", cgroup_quoted(d, id)),
			"Let the container go on: lxc-unfreeze -n %s", cgroup_quoted(d, id));
	else if (!id && ((len > 8 && !strcmp(last + len - 8, ".service")) ||
			 (len > 6 && !strcmp(last + len - 6, ".slice")) ||
			 (len > 6 && !strcmp(last + len - 6, ".scope"))))
		iq_remedy_add(
			d->g, &v->remedy, IQ_RISK_LOW,
			iq_arena_printf(d->g->arena, "systemctl thaw %s", cgroup_quoted(d, last)),
			"Let the unit go on: systemctl thaw %s", cgroup_quoted(d, last));
}

static void add_freeze(struct iq_diag *d, struct iq_verdict *v, const struct iq_task *t,
		       const struct freeze *f)
{
	const char *path = cgroup_path(d, f->cgroup), *own = cgroup_path(d, f->own);
	char file[4400];

	iq_text_add(d->g, &v->evidence,
		    "%s (%d) is in cgroup %s; %s of %s at %#" PRIx64 " is %" PRIu64
		    ": it is to be frozen",
		    t->comm, t->pid, own ? own : "?", f->member, path, f->at, f->value);
	iq_text_add(d->g, &v->evidence,
		    "task_struct of %d says frozen (state %#" PRIx64 ", flags %#x)", t->pid,
		    t->state_raw, t->flags);
	add_manager_remedy(d, v, path);
	snprintf(file, sizeof(file), "/sys/fs/cgroup/%s%s/%s", f->v1 ? "freezer" : "",
		 f->v1 ? path : path + 1, f->v1 ? "freezer.state" : "cgroup.freeze");
	iq_remedy_add(d->g, &v->remedy, IQ_RISK_LOW,
		      iq_arena_printf(d->g->arena, "echo %s > %s", f->v1 ? "THAWED" : "0",
				      cgroup_quoted(d, file)),
		      "Thaw it by hand, once it is clear who froze it and that he no longer needs "
		      "it: echo %s > %s",
		      f->v1 ? "THAWED" : "0", cgroup_quoted(d, file));
}

static void judge_frozen(struct iq_diag *d, struct iq_object *o, const struct iq_task *t)
{
	struct iq_object *cgroup;
	struct iq_verdict *v;
	struct freeze f;
	const char *path;

	if (!find_freeze(d, t, &f) || !(path = cgroup_path(d, f.cgroup)))
		return;
	v = iq_object_verdict(d->g, o, IQ_CAUSE_TASK_FROZEN, IQ_PROVEN,
			      "%s (%d) is frozen with its cgroup %s", t->comm, t->pid, path);
	if (v) {
		v->final = v->cannot_go_on = true;
		add_freeze(d, v, t, &f);
	}
	cgroup = cgroup_object(d, f.cgroup);
	if (cgroup)
		iq_object_bool(d->g, cgroup, "frozen", true);
}

/* What it says about itself: it waits for its cgroup to be thawed. Nobody hangs by that alone. */
static struct iq_error *explain_frozen(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	struct iq_object *on;
	struct iq_wait *w;
	struct freeze f;

	if (!who->task->frozen || !find_freeze(d, who->task, &f))
		return NULL;
	on = cgroup_object(d, f.cgroup);
	if (!on)
		return NULL;
	iq_object_bool(d->g, on, "frozen", true);
	w = iq_diag_wait(who, on, IQ_WAIT_IDLE);
	iq_text_add(d->g, &w->evidence,
		    "%s of %s at %#" PRIx64 " is %" PRIu64 ": it is to be frozen", f.member,
		    on->name, f.at, f.value);
	*wait_ret = w;
	return NULL;
}

/* ---- out of CPU quota ---- */

struct quota {
	iq_vaddr cfs_rq, tg;
	uint64_t throttled, clock;
	uint64_t quota_ns, period_ns;
};

/* The cfs_rq on the way from the task up that is throttled itself. */
static bool find_quota(struct iq_diag *d, const struct iq_task *t, struct quota *q)
{
	int64_t off = iq_offsetof(d->s, "struct task_struct", "se");
	iq_vaddr se = t->addr + (uint64_t)off;

	if (off < 0)
		return false;
	for (int i = 0; se && i < MAX_DEPTH; i++) {
		if (!iq_peek_member(d->s, "struct sched_entity", "cfs_rq", se, &q->cfs_rq) ||
		    !iq_peek_member(d->s, "struct cfs_rq", "throttled", q->cfs_rq, &q->throttled) ||
		    !iq_peek_member(d->s, "struct cfs_rq", "tg", q->cfs_rq, &q->tg))
			return false;
		if (q->throttled) {
			iq_peek_member(d->s, "struct cfs_rq", "throttled_clock", q->cfs_rq,
				       &q->clock);
			return iq_peek_member(d->s, "struct task_group", "cfs_bandwidth.quota",
					      q->tg, &q->quota_ns) &&
			       iq_peek_member(d->s, "struct task_group", "cfs_bandwidth.period",
					      q->tg, &q->period_ns) &&
			       q->quota_ns != UINT64_MAX;
		}
		if (!iq_peek_member(d->s, "struct sched_entity", "parent", se, &se))
			return false;
	}
	return false;
}

static void judge_throttled(struct iq_diag *d, struct iq_object *o, const struct iq_task *t)
{
	int64_t off = iq_offsetof(d->s, "struct task_group", "css");
	struct iq_object *cgroup;
	struct iq_verdict *v;
	struct quota q;
	const char *path, *command;

	/* It is the fair class that has a quota. Who was lent a better priority is in another. */
	if (t->on_cpu || t->prio < MAX_RT_PRIO || off < 0 || !find_quota(d, t, &q))
		return;
	cgroup = cgroup_object(d, cgroup_of_css(d, q.tg + (uint64_t)off));
	if (!cgroup)
		return;
	path = cgroup->id + strlen("cgroup:");
	iq_object_bool(d->g, cgroup, "throttled", true);
	v = iq_object_verdict(d->g, o, IQ_CAUSE_TASK_THROTTLED, IQ_STRONG,
			      "%s (%d) could run, but its cgroup %s has used up its CPU quota",
			      t->comm, t->pid, path);
	if (!v)
		return;
	/* A moment of it is how a quota works. */
	v->cannot_go_on = t->idle_ns > d->bound_ms * 1000000;
	iq_text_add(d->g, &v->evidence,
		    "cfs_rq.throttled at %#" PRIx64 " is %" PRIu64
		    ": the cgroup's quota of %.1f ms of CPU time in %.1f ms is used up",
		    q.cfs_rq, q.throttled, (double)q.quota_ns / 1e6, (double)q.period_ns / 1e6);
	iq_text_add(d->g, &v->evidence, "%s (%d) is runnable and has not run for %" PRId64 " ms",
		    t->comm, t->pid, t->idle_ns < 0 ? 0 : t->idle_ns / 1000000);
	if (cgroup_is_v1(d, cgroup->addr))
		command = iq_arena_printf(
			d->g->arena, "echo -1 > %s",
			cgroup_quoted(d, iq_arena_printf(iq_scratch(d->s),
							 "/sys/fs/cgroup/cpu%s/cpu.cfs_quota_us",
							 path)));
	else
		command = iq_arena_printf(
			d->g->arena, "echo max > %s",
			cgroup_quoted(d, iq_arena_printf(iq_scratch(d->s),
							 "/sys/fs/cgroup%s/cpu.max", path)));
	iq_remedy_add(d->g, &v->remedy, IQ_RISK_LOW, command,
		      "Give the cgroup more CPU time, at the expense of others: %s", command);
}

/* ---- over memory ---- */

/* The memory cgroup, the task's or one above it, that is over `limit`. */
static iq_vaddr find_over(struct iq_diag *d, const struct iq_task *t, const char *limit,
			  uint64_t *usage, uint64_t *max)
{
	int64_t off = iq_offsetof(d->s, "struct mem_cgroup", "css");
	iq_vaddr css = cgroup_css_of_task(d, t, "memory_cgrp_id");

	for (int i = 0; off >= 0 && css && i < MAX_DEPTH; i++) {
		iq_vaddr memcg = css - (uint64_t)off;

		if (iq_peek_member(d->s, "struct mem_cgroup", "memory.usage.counter", memcg,
				   usage) &&
		    iq_peek_member(d->s, "struct mem_cgroup", limit, memcg, max) && *usage >= *max)
			return cgroup_of_css(d, css);
		css = cgroup_css_parent(d, css);
	}
	return 0;
}

static void add_memory_verdict(struct iq_diag *d, const struct iq_task *t, struct iq_wait *w,
			       bool high, uint64_t usage, uint64_t max)
{
	const char *path = w->on->id + strlen("cgroup:"), *command;
	bool v1 = cgroup_is_v1(d, w->on->addr);
	struct iq_verdict *v;

	v = iq_object_verdict(
		d->g, w->task, IQ_CAUSE_MEMORY_LIMIT, IQ_STRONG,
		high ? "%s (%d) is slowed down because its cgroup %s is over memory.high"
		     : "%s (%d) waits because its cgroup %s is at its memory limit, and nothing is "
		       "killed there",
		t->comm, t->pid, path);
	if (!v)
		return;
	v->final = true;
	iq_text_add(d->g, &v->evidence,
		    "mem_cgroup.memory.usage of %s is %" PRIu64 " kB, %s %" PRIu64 " kB", path,
		    usage << (PAGE_SHIFT - 10), high ? "memory.high" : "its limit",
		    max << (PAGE_SHIFT - 10));
	iq_text_add(d->g, &v->evidence, "%s (%d) sleeps in %s()", t->comm, t->pid,
		    high ? "mem_cgroup_handle_over_high" : "mem_cgroup_oom_synchronize");
	command = iq_arena_printf(
		d->g->arena, "echo %s > %s", high ? "max" : "-1",
		cgroup_quoted(d, iq_arena_printf(iq_scratch(d->s), "/sys/fs/cgroup%s%s/%s",
						 v1 ? "/memory" : "", path,
						 high ? "memory.high" : "memory.limit_in_bytes")));
	iq_remedy_add(d->g, &v->remedy, IQ_RISK_LOW, command,
		      "Let the cgroup have more memory, if the machine has it: %s", command);
	iq_remedy_add(
		d->g, &v->remedy, IQ_RISK_DATA, iq_arena_printf(d->g->arena, "kill %d", t->tgid),
		"Or end what uses the memory: kill %d, or another process of that cgroup", t->tgid);
}

static struct iq_error *explain_memory(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	const struct iq_stack *stack = who->stack;
	bool high = strstr(stack->frames[who->frame].sym.name, "over_high");
	uint64_t usage = 0, max = 0;
	struct iq_object *on;
	struct iq_wait *w;

	/* What it sleeps in within reclaim is another's to explain. */
	for (size_t i = 0; i < who->frame; i++)
		if (stack->frames[i].sym.name && strstr(stack->frames[i].sym.name, "shrink"))
			return NULL;
	on = cgroup_object(
		d, find_over(d, who->task, high ? "memory.high" : "memory.max", &usage, &max));
	if (!on || !max)
		return NULL;
	iq_object_real(d->g, on, "memory_pct", (double)usage * 100 / (double)max);
	w = iq_diag_wait(who, on, IQ_WAIT_SLEEP);
	iq_text_add(d->g, &w->evidence, "its cgroup uses %" PRIu64 " kB of %" PRIu64 " kB",
		    usage << (PAGE_SHIFT - 10), max << (PAGE_SHIFT - 10));
	*wait_ret = w;
	add_memory_verdict(d, who->task, w, high, usage, max);
	return NULL;
}

/* ---- what is known of every task ---- */

static void name_container(struct iq_diag *d, struct iq_object *o, const struct iq_task *t)
{
	static const char *const controllers[] = { "freezer_cgrp_id", "memory_cgrp_id",
						   "cpu_cgrp_id", "pids_cgrp_id" };
	const char *engine = "", *name = NULL, *path;

	if (t->kthread)
		return;
	path = cgroup_path(d, cgroup_of_task(d, t));
	if (path)
		name = cgroup_container(d, path, &engine);
	for (size_t i = 0; i < IQ_ARRAY_SIZE(controllers) && !name; i++) {
		iq_vaddr cgroup = cgroup_of_css(d, cgroup_css_of_task(d, t, controllers[i]));

		path = cgroup && cgroup_is_v1(d, cgroup) ? cgroup_path(d, cgroup) : NULL;
		if (path)
			name = cgroup_container(d, path, &engine);
	}
	if (name)
		iq_object_str(d->g, o, "container", name);
}

static struct iq_error *judge(struct iq_diag *d, struct iq_object *o)
{
	const struct iq_task *t = iq_task_by_pid(d->s, (int32_t)o->tid);

	if (!t || t->unreadable)
		return NULL;
	name_container(d, o, t);
	if (o->verdict)
		return NULL;
	if (t->frozen)
		judge_frozen(d, o, t);
	else if (t->state == 'R')
		judge_throttled(d, o, t);
	return NULL;
}

static const char *const frozen_functions[] = { "do_freezer_trap", "get_signal", "__refrigerator",
						NULL };
static const char *const memory_functions[] = { "mem_cgroup_handle_over_high",
						"__mem_cgroup_handle_over_high",
						"mem_cgroup_oom_synchronize", NULL };
static const char *const memory_types[] = { "struct mem_cgroup", NULL };
static const char *const types[] = { "struct cgroup", "struct css_set", "struct kernfs_node",
				     NULL };

static const struct iq_wait_rule wait_rules[] = {
	{ .name = "frozen",
	  .summary = "a task frozen with its cgroup (v2, v1)",
	  .reads = "css_set.dfl_cgrp, cgroup.freezer.freeze; freezer.state; cgroup.kn",
	  .seen = "5.10, 6.1, 6.12, 7.3",
	  .certainty = IQ_PROVEN,
	  .functions = frozen_functions,
	  .explain = explain_frozen },
	{ .name = "memory-limit",
	  .summary = "a task held back because its cgroup is over memory.high, or at its limit "
		     "without an OOM killer",
	  .reads = "css_set.subsys, mem_cgroup.memory.usage, .high, .max",
	  .seen = "5.10, 6.1, 6.12, 7.3",
	  .certainty = IQ_STRONG,
	  .functions = memory_functions,
	  .needs_types = memory_types,
	  .explain = explain_memory },
	{ 0 },
};

static const struct iq_object_rule object_rules[] = {
	{ .name = "cgroup",
	  .rank = 1, /* a quota that is used up is why it gets no CPU */
	  .summary = "a task whose cgroup is frozen or has used up its CPU quota; the container "
		     "that a task is in",
	  .type = IQ_OBJ_TASK,
	  .explain = judge },
	{ 0 },
};

static const struct iq_opt zone_opts[] = {
	{ 'r', NULL, "show references, and how many tasks are in it" },
	{ 'v', NULL, "show the other namespaces of its first task" },
	{ 0 },
};

static const char zone_help[] =
	"A zone is a pid namespace here; the initial one has the number 0, as in ::ps -z. From the "
	"address of a task it shows the one that the task is in. NAME is that of the container "
	"where the cgroup tells it, else the host name; PATH is where its root directory is.";

static const struct iq_dcmd dcmds[] = {
	{ "zone", "?", "list pid namespaces, the zones of Linux", zone_help, zone_opts,
	  cgroup_cmd_zone, IQ_DCMD_WHOLE_PIPE },
	{ "container", "?", "list pid namespaces, the zones of Linux", zone_help, zone_opts,
	  cgroup_cmd_zone, IQ_DCMD_WHOLE_PIPE },
	{ 0 },
};

/* ---- who moves tasks between cgroups ---- */

static const char *const threadgroup_writers[] = {
	"__cgroup_procs_write",	   "__cgroup1_procs_write",
	"cgroup_procs_write",	   "cgroup_threads_write",
	"cgroup1_procs_write",	   "cgroup1_tasks_write",
	"cgroup_update_dfl_csses", "cgroup_attach_task_all",
	"cgroup_transfer_tasks",   NULL
};
/* Threads that come and go. */
static const char *const threadgroup_readers[] = { "cgroup_can_fork", "cgroup_css_set_fork",
						   "exit_signals", NULL };
static const char *const threadgroup_outside[] = { "rcu_sync_enter",
						   "cgroup_kn_lock_live",
						   "cgroup_lock",
						   "cgroup_lock_and_drain_offline",
						   "cgroup_procs_write_finish",
						   "cpuset_post_attach",
						   NULL };
/* CPUs must not come or go meanwhile. */
static const char *const cpu_readers[] = { "cpuset_write_resmask",
					   "cgroup_attach_lock",
					   "cgroup_procs_write_start",
					   "__cgroup_procs_write",
					   "__cgroup1_procs_write",
					   "cgroup_update_dfl_csses",
					   NULL };
static const char *const cpu_outside[] = { "rcu_sync_enter", "cpuset_wait_for_hotplug", NULL };

static const struct iq_holder holders[] = {
	{ .symbol = "cgroup_threadgroup_rwsem",
	  .mode = IQ_HOLD_WRITE,
	  .functions = threadgroup_writers,
	  .outside = { threadgroup_outside } },
	{ .symbol = "cgroup_threadgroup_rwsem",
	  .mode = IQ_HOLD_READ,
	  .functions = threadgroup_readers,
	  .outside = { threadgroup_outside } },
	{ .symbol = "cpu_hotplug_lock",
	  .mode = IQ_HOLD_READ,
	  .functions = cpu_readers,
	  .outside = { cpu_outside } },
	{ 0 },
};

const struct iq_module iq_module_cgroup = {
	.api = IQ_MODULE_API,
	.name = "cgroup",
	.summary = "control groups: frozen, throttled, over memory",
	.needs_types = types,
	.wait_rules = wait_rules,
	.holders = holders,
	.object_rules = object_rules,
	.dcmds = dcmds,
	.walkers = cgroup_walkers,
};
