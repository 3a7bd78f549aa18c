/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Walkers over tasks
 */
#include "proc.h"

typedef bool (*wants_fn)(struct iq_session *s, const struct iq_task *t, const struct iq_task *of);

/* All tasks that are wanted, in the order of the snapshot. `of`: the one at the walk's address. */
static struct iq_error *walk_if(struct iq_walk *walk, wants_fn wants)
{
	const struct iq_task_list *list;
	const struct iq_task *of = NULL;
	struct iq_error *err;
	iq_vaddr *found;
	size_t num = 0;

	err = proc_tasks(walk->s, &list);
	if (!err && walk->has_addr)
		err = proc_task(walk->s, walk->addr, &of);
	if (err)
		return err;
	found = iq_arena_alloc(walk->arena, list->num_tasks * sizeof(*found) + 1);
	for (size_t i = 0; i < list->num_tasks; i++)
		if (wants(walk->s, &list->tasks[i], of))
			found[num++] = list->tasks[i].addr;
	for (size_t i = 0; i < num; i++)
		if (iq_walk_emit(walk, found[i]))
			break;
	return NULL;
}

static bool is_task(struct iq_session *s, const struct iq_task *t, const struct iq_task *of)
{
	(void)s;
	(void)of;
	return t->pid != 0;
}

static bool is_idle(struct iq_session *s, const struct iq_task *t, const struct iq_task *of)
{
	(void)s;
	(void)of;
	return t->pid == 0;
}

static bool is_process(struct iq_session *s, const struct iq_task *t, const struct iq_task *of)
{
	(void)of;
	return t->unreadable || (t->pid && (proc_is_leader(t) || !iq_task_by_pid(s, t->tgid)));
}

/* Of a process its threads; of all, all. */
static bool is_thread(struct iq_session *s, const struct iq_task *t, const struct iq_task *of)
{
	(void)s;
	if (!of)
		return t->pid != 0;
	return t == of || (!t->unreadable && t->tgid == of->tgid && of->pid && t->pid);
}

static bool is_child(struct iq_session *s, const struct iq_task *t, const struct iq_task *of)
{
	(void)s;
	return !t->unreadable && proc_is_leader(t) && t->pid && t->ppid == of->tgid &&
	       t->tgid != of->tgid;
}

static bool is_running(struct iq_session *s, const struct iq_task *t, const struct iq_task *of)
{
	(void)s;
	(void)of;
	return t->on_cpu && !t->unreadable && t->pid;
}

static bool is_runnable(struct iq_session *s, const struct iq_task *t, const struct iq_task *of)
{
	(void)s;
	(void)of;
	return t->on_rq && !t->unreadable && t->pid;
}

static bool is_kthread(struct iq_session *s, const struct iq_task *t, const struct iq_task *of)
{
	(void)s;
	(void)of;
	return t->kthread && t->pid;
}

static bool is_zombie(struct iq_session *s, const struct iq_task *t, const struct iq_task *of)
{
	(void)s;
	(void)of;
	return t->state == 'Z' || t->state == 'X';
}

static bool is_in_d(struct iq_session *s, const struct iq_task *t, const struct iq_task *of)
{
	(void)s;
	(void)of;
	return t->state == 'D';
}

static bool is_stopped(struct iq_session *s, const struct iq_task *t, const struct iq_task *of)
{
	(void)s;
	(void)of;
	return t->state == 'T' || t->state == 't';
}

static bool has_same_mm(struct iq_session *s, const struct iq_task *t, const struct iq_task *of)
{
	(void)s;
	return of->mm ? t->mm == of->mm : t == of;
}

static bool has_same_pidns(struct iq_session *s, const struct iq_task *t, const struct iq_task *of)
{
	(void)s;
	return t->pid && t->pidns_inum == of->pidns_inum;
}

#define WALKER(fn, wants)                                                                          \
	static struct iq_error *fn(struct iq_walk *walk)                                           \
	{                                                                                          \
		return walk_if(walk, wants);                                                       \
	}

WALKER(walk_task, is_task)
WALKER(walk_idle, is_idle)
WALKER(walk_proc, is_process)
WALKER(walk_thread, is_thread)
WALKER(walk_children, is_child)
WALKER(walk_running, is_running)
WALKER(walk_runnable, is_runnable)
WALKER(walk_kthread, is_kthread)
WALKER(walk_zombie, is_zombie)
WALKER(walk_in_d, is_in_d)
WALKER(walk_stopped, is_stopped)
WALKER(walk_same_mm, has_same_mm)
WALKER(walk_same_pidns, has_same_pidns)

static struct iq_error *walk_ancestors(struct iq_walk *walk)
{
	enum { MAX_DEPTH = 1000 };
	const struct iq_task *t;
	struct iq_error *err = proc_task(walk->s, walk->addr, &t);

	for (unsigned i = 0; !err && i < MAX_DEPTH && t->ppid > 0; i++) {
		t = iq_task_by_pid(walk->s, t->ppid);
		if (!t || iq_walk_emit(walk, t->addr))
			break;
	}
	return err;
}

static const char task_type[] = "struct task_struct";

const struct iq_walker proc_walkers[] = {
	{ "task", "all threads of all processes", IQ_WALK_GLOBAL, task_type, walk_task },
	{ "proc", "all processes: their leaders", IQ_WALK_GLOBAL, task_type, walk_proc },
	{ "thread", "the threads of a process, of any task in it; without an address all threads",
	  IQ_WALK_OPTIONAL, task_type, walk_thread },
	{ "children", "the processes that a process has started", IQ_WALK_LOCAL, task_type,
	  walk_children },
	{ "ancestors", "the parent of a process, its parent, and so on", IQ_WALK_LOCAL, task_type,
	  walk_ancestors },
	{ "running", "the threads that are on a CPU", IQ_WALK_GLOBAL, task_type, walk_running },
	{ "runnable", "the threads on the run queues, with those on a CPU", IQ_WALK_GLOBAL,
	  task_type, walk_runnable },
	{ "kthread", "kernel threads", IQ_WALK_GLOBAL, task_type, walk_kthread },
	{ "zombie", "what has ended and was not waited for", IQ_WALK_GLOBAL, task_type,
	  walk_zombie },
	{ "uninterruptible", "threads in state D", IQ_WALK_GLOBAL, task_type, walk_in_d },
	{ "stopped", "threads that are stopped or traced", IQ_WALK_GLOBAL, task_type,
	  walk_stopped },
	{ "idle_task", "each CPU's idle task", IQ_WALK_GLOBAL, task_type, walk_idle },
	{ "mm_task", "the threads that share a task's address space", IQ_WALK_LOCAL, task_type,
	  walk_same_mm },
	{ "pidns_task", "the threads of a task's pid namespace", IQ_WALK_LOCAL, task_type,
	  walk_same_pidns },
	{ 0 },
};
