/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The snapshot of all tasks
 *
 * From init_task along task_struct.tasks come the group leaders, from each
 * leader's signal_struct.thread_head along task_struct.thread_node its threads,
 * from each CPU's run queue its idle task. A single thread's thread_node points
 * back to the head, so that most processes cost one read.
 *
 * On a live machine tasks come and go while we walk. Every link is checked to
 * lead to a task whose signal_struct and group agree; where the list of leaders
 * breaks (a task left while we stood on it), the walk starts again, at most a
 * few times, and keeps what it has found.
 *
 * Where it is written in the kernel: include/linux/sched.h, sched/signal.h
 * (for_each_process_thread), fs/proc/array.c (task_state_array), kernel/sched/sched.h (rq).
 */
#include "kernel/session.h"

#include <stdio.h>

enum {
	MAX_TASKS = 4 << 20, /* PID_MAX_LIMIT */
	MAX_WALKS = 4,
	PF_KTHREAD = 0x00200000,
	PF_FROZEN_OLD = 0x00010000, /* before v6.1, f5d39b020809 */
	TASK_DEAD = 0x80,
	TASK_WAKEKILL = 0x100,
	TASK_NOLOAD = 0x400,
	TASK_RTLOCK_WAIT = 0x1000,
	TASK_FROZEN = 0x8000,
};

struct shadow_task {
	uint64_t has;
	uint64_t tasks_next, tasks_prev, thread_next, thread_prev;
	uint64_t state, exit_state, flags, pid, tgid;
	uint64_t on_cpu, on_rq, cpu, policy, ptrace, jobctl, frozen;
	int64_t prio, static_prio, rt_priority, exit_signal;
	uint64_t nvcsw, nivcsw, start, exec_start, runtime, last_arrival, last_queued;
	uint64_t stack, sp, mm, active_mm, signal, sighand, files, fs, nsproxy, cred, real_cred,
		cgroups;
	uint64_t parent, real_parent, group_leader, thread_pid;
	uint64_t min_flt, maj_flt, utime, stime;
	char comm[IQ_COMM_LEN];
};

IQ_SHADOW(task_desc, "struct task_struct", shadow_task,
	  IQ_FIELD(shadow_task, tasks_next, "tasks.next"),
	  IQ_FIELD(shadow_task, tasks_prev, "tasks.prev"),
	  IQ_FIELD(shadow_task, thread_next, "thread_node.next"),
	  IQ_FIELD(shadow_task, thread_prev, "thread_node.prev"),
	  /* Renamed in v5.14, 2f064a59a11f ("sched: Change task_struct::state"). */
	  IQ_FIELD(shadow_task, state, "__state", "state"),
	  IQ_FIELD(shadow_task, exit_state, "exit_state"), IQ_FIELD(shadow_task, flags, "flags"),
	  IQ_FIELD(shadow_task, pid, "pid"), IQ_FIELD(shadow_task, tgid, "tgid"),
	  IQ_FIELD_OPT(shadow_task, on_cpu, "on_cpu"), IQ_FIELD(shadow_task, on_rq, "on_rq"),
	  IQ_FIELD_OPT(shadow_task, cpu, "thread_info.cpu", "cpu"),
	  IQ_FIELD_OPT(shadow_task, policy, "policy"), IQ_FIELD_OPT(shadow_task, ptrace, "ptrace"),
	  IQ_FIELD_OPT(shadow_task, jobctl, "jobctl"), IQ_FIELD_OPT(shadow_task, frozen, "frozen"),
	  IQ_FIELD_OPT(shadow_task, prio, "prio"),
	  IQ_FIELD_OPT(shadow_task, static_prio, "static_prio"),
	  IQ_FIELD_OPT(shadow_task, rt_priority, "rt_priority"),
	  IQ_FIELD_OPT(shadow_task, exit_signal, "exit_signal"),
	  IQ_FIELD(shadow_task, nvcsw, "nvcsw"), IQ_FIELD(shadow_task, nivcsw, "nivcsw"),
	  IQ_FIELD_OPT(shadow_task, start, "start_boottime", "real_start_time"),
	  IQ_FIELD_OPT(shadow_task, exec_start, "se.exec_start"),
	  IQ_FIELD_OPT(shadow_task, runtime, "se.sum_exec_runtime"),
	  IQ_FIELD_OPT(shadow_task, last_arrival, "sched_info.last_arrival"),
	  IQ_FIELD_OPT(shadow_task, last_queued, "sched_info.last_queued"),
	  IQ_FIELD(shadow_task, stack, "stack"),
	  IQ_FIELD_OPT(shadow_task, sp, "thread.sp", "thread.cpu_context.sp"),
	  IQ_FIELD(shadow_task, mm, "mm"), IQ_FIELD_OPT(shadow_task, active_mm, "active_mm"),
	  IQ_FIELD(shadow_task, signal, "signal"), IQ_FIELD(shadow_task, sighand, "sighand"),
	  IQ_FIELD(shadow_task, files, "files"), IQ_FIELD(shadow_task, fs, "fs"),
	  IQ_FIELD(shadow_task, nsproxy, "nsproxy"), IQ_FIELD(shadow_task, cred, "cred"),
	  IQ_FIELD(shadow_task, real_cred, "real_cred"),
	  IQ_FIELD_OPT(shadow_task, cgroups, "cgroups"), IQ_FIELD(shadow_task, parent, "parent"),
	  IQ_FIELD(shadow_task, real_parent, "real_parent"),
	  IQ_FIELD(shadow_task, group_leader, "group_leader"),
	  IQ_FIELD_OPT(shadow_task, thread_pid, "thread_pid"),
	  IQ_FIELD_OPT(shadow_task, min_flt, "min_flt"),
	  IQ_FIELD_OPT(shadow_task, maj_flt, "maj_flt"), IQ_FIELD_OPT(shadow_task, utime, "utime"),
	  IQ_FIELD_OPT(shadow_task, stime, "stime"), IQ_FIELD_COPY(shadow_task, comm, "comm"));

struct shadow_signal {
	uint64_t has;
	uint64_t nr_threads, tty, pgrp, session, runtime, utime, stime;
};

IQ_SHADOW(signal_desc, "struct signal_struct", shadow_signal,
	  IQ_FIELD(shadow_signal, nr_threads, "nr_threads"),
	  IQ_FIELD_OPT(shadow_signal, tty, "tty"),
	  /* enum pid_type: PIDTYPE_PGID and PIDTYPE_SID, include/linux/pid_types.h */
	  IQ_FIELD_OPT(shadow_signal, pgrp, "pids[2]"),
	  IQ_FIELD_OPT(shadow_signal, session, "pids[3]"),
	  IQ_FIELD_OPT(shadow_signal, runtime, "sum_sched_runtime"),
	  IQ_FIELD_OPT(shadow_signal, utime, "utime"), IQ_FIELD_OPT(shadow_signal, stime, "stime"));

struct shadow_pid {
	uint64_t has;
	uint64_t level, nr;
	uint64_t numbers;
};

IQ_SHADOW(pid_desc, "struct pid", shadow_pid, IQ_FIELD(shadow_pid, level, "level"),
	  IQ_FIELD_ADDR(shadow_pid, numbers, "numbers"));

struct shadow_tty {
	uint64_t has;
	uint64_t driver, index;
	char name[64];
};

IQ_SHADOW(tty_desc, "struct tty_struct", shadow_tty, IQ_FIELD(shadow_tty, driver, "driver"),
	  IQ_FIELD(shadow_tty, index, "index"), IQ_FIELD_COPY(shadow_tty, name, "name"));

/* One process's shared part, read once a snapshot. */
struct process {
	int32_t pgid, sid;
	uint32_t tty_nr, num_threads;
	uint64_t dead_runtime_ns;
	char tty[16];
};

struct walk {
	struct iq_session *s;
	uint64_t deadline_ns;
	IQ_VEC(struct iq_task) found;
	struct iq_map seen; /* task_struct -> the last round that came by, from 1 */
	uint64_t round;
	struct iq_map processes; /* signal_struct -> index + 1 into procs */
	IQ_VEC(struct process) procs;
	struct iq_map creds; /* cred -> uid | euid << 32 */
	struct iq_map gids;
	struct iq_map pids; /* struct pid -> number in the initial namespace */
	uint64_t *lag;	    /* a CPU: rq.clock - rq.clock_task */
	uint64_t clock;
	int64_t off_tasks, off_thread_node, off_thread_head, off_upid;
	int64_t upid_nr, upid_ns, upid_size;
	bool old_frozen_flag;
};

/* task_state_array and task_state_index() of fs/proc/array.c and include/linux/sched.h. */
static char state_letter(uint64_t state, uint64_t exit_state)
{
	static const char letters[] = "RSDTtXZPI";
	unsigned bits = (unsigned)((state | exit_state) & 0x7f), i = 0;

	if ((state & (2 | TASK_NOLOAD)) == (2 | TASK_NOLOAD) && !exit_state)
		return 'I';
	if (state & (TASK_RTLOCK_WAIT | TASK_FROZEN))
		bits |= 2;
	while (bits >> i)
		i++;
	return letters[IQ_MIN(i, (unsigned)7)];
}

static int32_t pid_number(struct walk *w, iq_vaddr pid)
{
	uint64_t *known = iq_map_get(&w->pids, pid);
	uint32_t nr = 0;

	if (known)
		return (int32_t)*known;
	if (pid && w->off_upid >= 0)
		iq_peek_u32(w->s, pid + (uint64_t)(w->off_upid + w->upid_nr), &nr);
	iq_map_set(&w->pids, pid, nr);
	return (int32_t)nr;
}

static void read_ns_pid(struct walk *w, struct iq_task *t, iq_vaddr pid)
{
	struct shadow_pid p;
	struct iq_error *err;
	uint64_t ns, inum;
	uint32_t nr;

	t->ns_pid = t->pid;
	if (!pid || w->off_upid < 0)
		return;
	err = iq_shadow_read(w->s, &pid_desc, pid, &p);
	if (err || p.level > 32) {
		iq_error_free(err);
		return;
	}
	pid = p.numbers + p.level * (uint64_t)w->upid_size;
	if (!iq_peek_u32(w->s, pid + (uint64_t)w->upid_nr, &nr) ||
	    !iq_peek_u64(w->s, pid + (uint64_t)w->upid_ns, &ns))
		return;
	t->pidns_level = (uint32_t)p.level;
	t->ns_pid = (int32_t)nr;
	if (iq_peek_member(w->s, "struct pid_namespace", "ns.inum", ns, &inum))
		t->pidns_inum = (uint32_t)inum;
}

static void read_tty(struct walk *w, struct process *p, iq_vaddr addr)
{
	struct shadow_tty tty;
	uint64_t major, minor;
	struct iq_error *err;

	if (!addr)
		return;
	err = iq_shadow_read(w->s, &tty_desc, addr, &tty);
	if (err) {
		iq_error_free(err);
		return;
	}
	tty.name[sizeof(tty.name) - 1] = '\0';
	/* The driver's name is "pts"; ps(1) calls the device what it is called below /dev. */
	if (!strncmp(tty.name, "pts", 3) && tty.name[3] != '/')
		snprintf(p->tty, sizeof(p->tty), "pts/%.11s", tty.name + 3);
	else
		snprintf(p->tty, sizeof(p->tty), "%.15s", tty.name);
	if (iq_peek_member(w->s, "struct tty_driver", "major", tty.driver, &major) &&
	    iq_peek_member(w->s, "struct tty_driver", "minor_start", tty.driver, &minor)) {
		minor += tty.index;
		p->tty_nr = (uint32_t)((minor & 0xff) | major << 8 | (minor & ~0xffULL) << 12);
	}
}

static const struct process *process_of(struct walk *w, iq_vaddr signal)
{
	uint64_t *known = iq_map_get(&w->processes, signal);
	struct process p = { 0 };
	struct shadow_signal sig;
	struct iq_error *err;

	if (known)
		return &w->procs.data[*known - 1];
	err = signal ? iq_shadow_read(w->s, &signal_desc, signal, &sig) : NULL;
	if (signal && !err) {
		p.num_threads = (uint32_t)sig.nr_threads;
		p.pgid = pid_number(w, sig.pgrp);
		p.sid = pid_number(w, sig.session);
		p.dead_runtime_ns = sig.runtime;
		read_tty(w, &p, sig.tty);
	}
	iq_error_free(err);
	iq_vec_push(&w->procs, p);
	iq_map_set(&w->processes, signal, w->procs.num);
	return &w->procs.data[w->procs.num - 1];
}

static void read_cred(struct walk *w, struct iq_task *t)
{
	uint64_t *known = iq_map_get(&w->creds, t->cred), *gid = iq_map_get(&w->gids, t->cred);
	uint64_t uid, euid, egid;

	if (!known) {
		if (!iq_peek_member(w->s, "struct cred", "uid.val", t->cred, &uid) ||
		    !iq_peek_member(w->s, "struct cred", "euid.val", t->cred, &euid) ||
		    !iq_peek_member(w->s, "struct cred", "egid.val", t->cred, &egid))
			return;
		iq_map_set(&w->creds, t->cred, (uid & 0xffffffff) | euid << 32);
		iq_map_set(&w->gids, t->cred, egid);
		known = iq_map_get(&w->creds, t->cred);
		gid = iq_map_get(&w->gids, t->cred);
	}
	t->uid_known = true;
	t->uid = (uint32_t)*known;
	t->euid = (uint32_t)(*known >> 32);
	t->gid = gid ? (uint32_t)*gid : 0;
}

static int64_t idle_for(const struct walk *w, const struct shadow_task *raw)
{
	uint64_t ran = raw->exec_start;

	if (!w->clock || !ran)
		return -1;
	/* exec_start is on the CPU's task clock, which lags behind by interrupts and steal. */
	if (raw->cpu < w->s->num_cpus)
		ran += w->lag[raw->cpu];
	ran = IQ_MAX(ran, raw->last_arrival);
	return w->clock > ran ? (int64_t)(w->clock - ran) : 0;
}

/*
 * task_struct.frozen alone says only that the task would not disturb a freeze: a vfork parent or a
 * traced task sets it as well (cgroup_enter_frozen() in kernel/cgroup/freezer.c). The cgroup knows
 * whether it is to be frozen.
 */
static bool in_frozen_cgroup(struct walk *w, iq_vaddr css_set)
{
	static const char cgroup[] = "struct cgroup";
	uint64_t cgrp, freeze = 0;

	if (!iq_peek_member(w->s, "struct css_set", "dfl_cgrp", css_set, &cgrp))
		return false;
	return (iq_peek_member(w->s, cgroup, "freezer.e_freeze", cgrp, &freeze) ||
		iq_peek_member(w->s, cgroup, "freezer.freeze", cgrp, &freeze)) &&
	       freeze;
}

static void fill(struct walk *w, iq_vaddr addr, const struct shadow_task *raw, struct iq_task *t)
{
	const struct process *p;
	uint64_t tgid;

	*t = (struct iq_task){
		.addr = addr,
		.pid = (int32_t)raw->pid,
		.tgid = (int32_t)raw->tgid,
		.state = state_letter(raw->state, raw->exit_state),
		.state_raw = raw->state,
		.exit_state = (uint32_t)raw->exit_state,
		.flags = (uint32_t)raw->flags,
		.kthread = raw->flags & PF_KTHREAD,
		.cpu = (uint32_t)raw->cpu,
		.killable = (raw->state & 2) && (raw->state & TASK_WAKEKILL),
		.frozen = (raw->frozen && in_frozen_cgroup(w, raw->cgroups)) ||
			  (raw->state & TASK_FROZEN) ||
			  (w->old_frozen_flag && (raw->flags & PF_FROZEN_OLD)),
		.on_cpu = raw->on_cpu,
		.on_rq = raw->on_rq,
		.policy = (uint32_t)raw->policy,
		.prio = (int32_t)raw->prio,
		.static_prio = (int32_t)raw->static_prio,
		.rt_priority = (int32_t)raw->rt_priority,
		.switches = raw->nvcsw + raw->nivcsw,
		.start_ns = raw->start,
		.runtime_ns = raw->runtime,
		.utime_ns = raw->utime,
		.stime_ns = raw->stime,
		.exec_start_ns = raw->exec_start,
		.idle_ns = idle_for(w, raw),
		.ptrace = (uint32_t)raw->ptrace,
		.jobctl = raw->jobctl,
		.stack = raw->stack,
		.sp = raw->sp,
		.mm = raw->mm,
		.active_mm = raw->active_mm,
		.signal = raw->signal,
		.sighand = raw->sighand,
		.files = raw->files,
		.fs = raw->fs,
		.nsproxy = raw->nsproxy,
		.cred = raw->real_cred ? raw->real_cred : raw->cred,
		.cgroups = raw->cgroups,
		.parent = raw->parent,
		.real_parent = raw->real_parent,
		.group_leader = raw->group_leader,
		.exit_signal = (int32_t)raw->exit_signal,
		.min_flt = raw->min_flt,
		.maj_flt = raw->maj_flt,
	};
	/* sched_info.last_queued is set while a task waits on a run queue, and 0 else. */
	t->queued_ns = raw->on_rq && !raw->on_cpu && raw->last_queued && w->clock > raw->last_queued
			       ? (int64_t)(w->clock - raw->last_queued)
			       : -1;
	memcpy(t->comm, raw->comm, IQ_COMM_LEN);
	if (t->state_raw & TASK_DEAD)
		t->stack = 0;
	if (raw->exec_start == 0 && raw->last_arrival == 0)
		t->idle_ns = -1;
	if (raw->real_parent &&
	    iq_peek_member(w->s, "struct task_struct", "tgid", raw->real_parent, &tgid))
		t->ppid = (int32_t)tgid;
	p = process_of(w, raw->signal);
	t->pgid = p->pgid;
	t->sid = p->sid;
	t->tty_nr = p->tty_nr;
	t->num_threads = p->num_threads;
	t->dead_runtime_ns = p->dead_runtime_ns;
	memcpy(t->tty, p->tty, sizeof(t->tty));
	read_cred(w, t);
	read_ns_pid(w, t, raw->thread_pid);
}

/* Is this what a task_struct looks like? Anything may stand behind a link that broke under us. */
static bool is_plausible(struct walk *w, const struct shadow_task *raw)
{
	return raw->pid <= MAX_TASKS && raw->tgid <= MAX_TASKS &&
	       iq_is_kernel_ptr(w->s, raw->tasks_next) &&
	       iq_is_kernel_ptr(w->s, raw->group_leader) &&
	       iq_is_kernel_ptr(w->s, raw->real_parent) &&
	       (!raw->signal || iq_is_kernel_ptr(w->s, raw->signal));
}

/* False: this round has been here before, so that it goes in a circle. */
static bool mark_seen(struct walk *w, iq_vaddr addr, bool *is_new_ret)
{
	uint64_t *round = iq_map_get(&w->seen, addr);

	*is_new_ret = !round;
	if (round && *round == w->round)
		return false;
	iq_map_set(&w->seen, addr, w->round);
	return true;
}

static bool add(struct walk *w, iq_vaddr addr, const struct shadow_task *raw)
{
	struct iq_task t;
	bool is_new;

	if (!mark_seen(w, addr, &is_new))
		return false;
	if (is_new) {
		fill(w, addr, raw, &t);
		iq_vec_push(&w->found, t);
	}
	return true;
}

static void add_unreadable(struct walk *w, iq_vaddr addr)
{
	bool is_new;

	mark_seen(w, addr, &is_new);
	if (is_new)
		iq_vec_push(&w->found, (struct iq_task){ .addr = addr,
							 .state = '?',
							 .unreadable = true,
							 .idle_ns = -1,
							 .pid = -1,
							 .tgid = -1 });
}

/* The other threads of a leader, forward or backward; where the ring breaks, what was found so far
 * stays. */
static struct iq_error *walk_threads(struct walk *w, iq_vaddr leader,
				     const struct shadow_task *first, bool backward)
{
	iq_vaddr head = first->signal + (uint64_t)w->off_thread_head;
	iq_vaddr node = first->thread_next, addr;
	struct shadow_task raw;
	struct iq_error *err;

	if (!first->signal || (backward && !iq_peek_u64(w->s, head + 8, &node)))
		return NULL;
	while (node != head) {
		addr = node - (uint64_t)w->off_thread_node;
		if (addr == leader)
			break;
		if (!iq_is_kernel_ptr(w->s, node))
			return iq_error_new(IQ_ERR_CORRUPT,
					    "threads of process %d lead to %#" PRIx64,
					    (int)first->pid, node);
		err = iq_shadow_read(w->s, &task_desc, addr, &raw);
		if (err) {
			add_unreadable(w, addr);
			return err;
		}
		if (!is_plausible(w, &raw) || raw.signal != first->signal)
			return iq_error_new(IQ_ERR_CORRUPT,
					    "threads of process %d lead to %#" PRIx64,
					    (int)first->pid, node);
		if (!add(w, addr, &raw))
			return iq_error_new(IQ_ERR_CORRUPT, "threads of process %d go in a circle",
					    (int)first->pid);
		node = backward ? raw.thread_prev : raw.thread_next;
	}
	return NULL;
}

static struct iq_error *walk_all_threads(struct walk *w, iq_vaddr leader,
					 const struct shadow_task *first)
{
	struct iq_error *err = walk_threads(w, leader, first, false);

	if (err)
		iq_error_free(walk_threads(w, leader, first, true));
	return err;
}

/* One step of the list of leaders: the task at addr, and where it leads. */
static struct iq_error *walk_leader(struct walk *w, iq_vaddr addr, bool is_init, bool backward,
				    struct iq_error **threads_err, iq_vaddr *next_ret)
{
	struct shadow_task raw;
	struct iq_error *err;

	if (iq_session_expired(w->s, w->deadline_ns))
		return iq_error_new(IQ_ERR_TIMEOUT, "the list of tasks was not finished in time");
	if (w->found.num > MAX_TASKS)
		return iq_error_new(IQ_ERR_CORRUPT, "the list of tasks does not end");
	err = iq_shadow_read(w->s, &task_desc, addr, &raw);
	if (err) {
		if (err->code == IQ_ERR_FAULT)
			add_unreadable(w, addr);
		return err;
	}
	if (!is_plausible(w, &raw))
		return iq_error_new(IQ_ERR_CORRUPT,
				    "the list of tasks leads to %#" PRIx64 ", which is no task",
				    addr);
	*next_ret = (backward ? raw.tasks_prev : raw.tasks_next) - (uint64_t)w->off_tasks;
	if (is_init)
		return NULL;
	/* A task that was taken off the list keeps its own links: they may lead into a circle. */
	if (!add(w, addr, &raw))
		return iq_error_new(IQ_ERR_BUSY, "the list of tasks goes in a circle at task %d",
				    (int)raw.pid);
	err = walk_all_threads(w, addr, &raw);
	if (*threads_err)
		iq_error_free(err);
	else
		*threads_err = err;
	return NULL;
}

static struct iq_error *walk_leaders(struct walk *w, iq_vaddr init_task, bool backward)
{
	struct iq_error *err, *threads_err = NULL;
	iq_vaddr addr = init_task;

	w->round++;
	do {
		err = walk_leader(w, addr, addr == init_task, backward, &threads_err, &addr);
		if (err) {
			iq_error_free(threads_err);
			return err;
		}
	} while (addr != init_task);
	return threads_err;
}

/* Where the list breaks, what lies behind the break is reached from its other end. */
static struct iq_error *walk_both_ways(struct walk *w, iq_vaddr init_task)
{
	struct iq_error *err = walk_leaders(w, init_task, false);

	if (err && err->code != IQ_ERR_TIMEOUT)
		iq_error_free(walk_leaders(w, init_task, true));
	return err;
}

static void read_clocks(struct walk *w)
{
	iq_vaddr runqueues = iq_sym_addr(w->s, "runqueues");
	int64_t clock = iq_offsetof(w->s, "struct rq", "clock");
	int64_t clock_task = iq_offsetof(w->s, "struct rq", "clock_task");
	uint64_t now, task_now;
	iq_vaddr rq;

	w->lag = iq_xcalloc(w->s->num_cpus, sizeof(*w->lag));
	if (!runqueues || clock < 0)
		return;
	for (unsigned cpu = 0; cpu < w->s->num_cpus; cpu++) {
		rq = iq_per_cpu(w->s, runqueues, cpu);
		if (!iq_peek_u64(w->s, rq + (uint64_t)clock, &now))
			continue;
		w->clock = IQ_MAX(w->clock, now);
		if (clock_task >= 0 && iq_peek_u64(w->s, rq + (uint64_t)clock_task, &task_now) &&
		    task_now <= now)
			w->lag[cpu] = now - task_now;
	}
}

static void add_idle_tasks(struct walk *w)
{
	iq_vaddr runqueues = iq_sym_addr(w->s, "runqueues");
	int64_t idle = iq_offsetof(w->s, "struct rq", "idle");
	struct shadow_task raw;
	struct iq_error *err;
	iq_vaddr addr;

	if (!runqueues || idle < 0)
		return;
	for (unsigned cpu = 0; cpu < w->s->num_cpus; cpu++) {
		if (!iq_cpu_online(w->s, cpu) ||
		    !iq_peek_u64(w->s, iq_per_cpu(w->s, runqueues, cpu) + (uint64_t)idle, &addr) ||
		    !iq_is_kernel_ptr(w->s, addr))
			continue;
		err = iq_shadow_read(w->s, &task_desc, addr, &raw);
		if (!err && is_plausible(w, &raw) && raw.pid == 0)
			add(w, addr, &raw);
		iq_error_free(err);
	}
}

/*
 * struct timekeeper inside tk_core (kernel/time/timekeeping.c): after the sequence counter, 8 bytes
 * in; a struct tk_data says so itself since v6.13. In newer kernels timekeeper_data is an array of
 * those, whose first is the system's time.
 */
static void read_time(struct iq_session *s, struct iq_task_list *list)
{
	static const char tk[] = "struct timekeeper";
	int64_t off = iq_offsetof(s, "struct tk_data", "timekeeper");
	iq_vaddr addr = iq_sym_addr(s, "timekeeper_data");
	uint64_t sec, base, nsec, shift, boot;

	if (iq_is_live(s)) {
		list->boottime_ns = iq_clock_boottime();
		list->monotonic_ns = iq_clock_monotonic();
		list->realtime_ns = iq_clock_realtime();
		return;
	}
	if (!addr)
		addr = iq_sym_addr(s, "tk_core");
	if (!addr)
		return;
	addr += off >= 0 ? (uint64_t)off : 8;
	if (!iq_peek_member(s, tk, "xtime_sec", addr, &sec) ||
	    !iq_peek_member(s, tk, "tkr_mono.base", addr, &base) ||
	    !iq_peek_member(s, tk, "tkr_mono.xtime_nsec", addr, &nsec) ||
	    !iq_peek_member(s, tk, "tkr_mono.shift", addr, &shift) ||
	    !iq_peek_member(s, tk, "offs_boot", addr, &boot))
		return;
	/* 1990 to 2200, or it is not the time. */
	if (shift > 40 || sec < 631152000 || sec > 7258118400 || base >> 62)
		return;
	list->realtime_ns = sec * 1000000000 + (nsec >> shift);
	list->monotonic_ns = base + (nsec >> shift);
	list->boottime_ns = list->monotonic_ns + boot;
}

static int compare(const void *a, const void *b)
{
	const struct iq_task *x = a, *y = b;

	if (!x->pid != !y->pid)
		return x->pid ? -1 : 1;
	if (!x->pid)
		return x->cpu < y->cpu ? -1 : 1;
	if (x->tgid != y->tgid)
		return x->tgid < y->tgid ? -1 : 1;
	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

static struct iq_error *prepare(struct walk *w)
{
	w->off_tasks = iq_offsetof(w->s, "struct task_struct", "tasks");
	w->off_thread_node = iq_offsetof(w->s, "struct task_struct", "thread_node");
	w->off_thread_head = iq_offsetof(w->s, "struct signal_struct", "thread_head");
	w->off_upid = iq_offsetof(w->s, "struct pid", "numbers");
	w->upid_nr = iq_offsetof(w->s, "struct upid", "nr");
	w->upid_ns = iq_offsetof(w->s, "struct upid", "ns");
	w->upid_size = iq_sizeof(w->s, "struct upid");
	/* Freezing became a task state of its own in v6.1, f5d39b020809 ("freezer,sched: Rewrite
	 * core freezer logic"). */
	w->old_frozen_flag = !iq_sym_addr(w->s, "freezer_active");
	if (w->off_tasks < 0 || w->off_thread_node < 0 || w->off_thread_head < 0)
		return iq_error_new(IQ_ERR_NOTFOUND,
				    "this kernel's types have no list of tasks that inquest knows");
	return NULL;
}

static void walk_deinit(struct walk *w)
{
	iq_map_deinit(&w->seen);
	iq_map_deinit(&w->processes);
	iq_vec_free(&w->procs);
	iq_map_deinit(&w->creds);
	iq_map_deinit(&w->gids);
	iq_map_deinit(&w->pids);
	free(w->lag);
}

/* ---- the table ---- */

/* The snapshot, and where each task is in it. */
struct table {
	struct iq_task_list list;
	struct iq_map by_addr; /* -> index + 1 */
	struct iq_map by_pid;
	struct iq_map by_stack; /* start of the stack in stack sizes -> index + 1 */
};

static void table_free(void *value)
{
	struct table *t = value;

	free(t->list.tasks);
	iq_error_free(t->list.err);
	iq_map_deinit(&t->by_addr);
	iq_map_deinit(&t->by_pid);
	iq_map_deinit(&t->by_stack);
	free(t);
}

/* No make(): whether there are tasks may be asked without taking a snapshot. */
static const struct iq_cache table_cache = { .life = IQ_CACHE_SNAPSHOT, .free = table_free };

static void index_tasks(struct iq_session *s, struct table *table)
{
	struct iq_task_list *list = &table->list;

	for (size_t i = 0; i < list->num_tasks; i++) {
		const struct iq_task *t = &list->tasks[i];

		iq_map_set(&table->by_addr, t->addr, i + 1);
		if (t->pid > 0)
			iq_map_set(&table->by_pid, (uint64_t)t->pid, i + 1);
		if (t->stack)
			iq_map_set(&table->by_stack, t->stack / s->stack_size, i + 1);
		list->num_idle += t->pid == 0;
		list->num_unreadable += t->unreadable;
	}
}

struct iq_error *iq_tasks_snapshot(struct iq_session *s, uint64_t deadline_ns,
				   const struct iq_task_list **list_ret)
{
	iq_vaddr init_task = iq_sym_addr(s, "init_task");
	struct walk w = { .s = s, .deadline_ns = deadline_ns };
	struct iq_error *err;
	struct table *table;

	iq_session_forget(s);
	if (!init_task)
		return iq_error_new(IQ_ERR_NOTFOUND, "no symbol init_task");
	err = prepare(&w);
	if (err)
		return err;
	read_clocks(&w);
	for (int i = 0; i < (iq_is_live(s) ? MAX_WALKS : 1); i++) {
		iq_error_free(err);
		err = walk_both_ways(&w, init_task);
		if (!err || err->code == IQ_ERR_TIMEOUT)
			break;
		if (iq_is_live(s))
			iq_mem_forget(s->mem);
	}
	w.round++;
	add_idle_tasks(&w);
	walk_deinit(&w);
	if (!w.found.num) {
		iq_vec_free(&w.found);
		return err ? err : iq_error_new(IQ_ERR_CORRUPT, "no task was found");
	}
	qsort(w.found.data, w.found.num, sizeof(*w.found.data), compare);
	table = iq_xcalloc(1, sizeof(*table));
	table->list = (struct iq_task_list){
		.tasks = w.found.data, .num_tasks = w.found.num, .err = err, .clock_ns = w.clock
	};
	read_time(s, &table->list);
	index_tasks(s, table);
	iq_cache_put(s, &table_cache, table);
	*list_ret = &table->list;
	return NULL;
}

int64_t iq_ms_since(const struct iq_task_list *list, uint64_t monotonic_ns)
{
	return monotonic_ns && monotonic_ns <= list->monotonic_ns
		       ? (int64_t)((list->monotonic_ns - monotonic_ns) / 1000000)
		       : -1;
}

const struct iq_task_list *iq_tasks(struct iq_session *s)
{
	struct table *table = iq_cache_get(s, &table_cache);
	const struct iq_task_list *list = NULL;

	if (table)
		return &table->list;
	iq_error_free(iq_tasks_snapshot(s, 0, &list));
	return list;
}

static const struct iq_task *by_index(struct table *table, const uint64_t *index)
{
	return index ? &table->list.tasks[*index - 1] : NULL;
}

const struct iq_task *iq_task_by_addr(struct iq_session *s, iq_vaddr addr)
{
	struct table *table = iq_cache_get(s, &table_cache);

	return table ? by_index(table, iq_map_get(&table->by_addr, addr)) : NULL;
}

const struct iq_task *iq_task_by_pid(struct iq_session *s, int32_t pid)
{
	struct table *table = iq_cache_get(s, &table_cache);

	return table ? by_index(table, iq_map_get(&table->by_pid, (uint64_t)(uint32_t)pid)) : NULL;
}

const struct iq_task *iq_task_by_stack_addr(struct iq_session *s, iq_vaddr addr)
{
	struct table *table = iq_cache_get(s, &table_cache);
	const struct iq_task *t =
		table ? by_index(table, iq_map_get(&table->by_stack, addr / s->stack_size)) : NULL;

	return t && addr >= t->stack && addr < t->stack + s->stack_size ? t : NULL;
}

struct iq_error *iq_task_reread(struct iq_session *s, const struct iq_task *task,
				struct iq_task *task_ret)
{
	struct walk w = { .s = s };
	struct shadow_task raw;
	struct iq_error *err;

	err = prepare(&w);
	if (err)
		return err;
	iq_mem_forget(s->mem);
	read_clocks(&w);
	err = iq_shadow_read(s, &task_desc, task->addr, &raw);
	if (!err && (!is_plausible(&w, &raw) || (int32_t)raw.pid != task->pid ||
		     raw.start != task->start_ns))
		err = iq_error_new(IQ_ERR_CORRUPT, "task %d has gone", task->pid);
	if (!err)
		fill(&w, task->addr, &raw, task_ret);
	walk_deinit(&w);
	return err;
}
