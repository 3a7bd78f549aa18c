/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Workqueues, for the debugger: what they have to do, and which of their workers are stuck
 *
 * Kernel: kernel/workqueue.c. Works that a queue keeps back are in pool_workqueue.inactive_works,
 * until v5.15 delayed_works.
 */
#include "dcmds.h"

#include "inquest/module.h"
#include "worker.h"

enum { MAX_QUEUES = 100000, MAX_POOLS = 100000, MAX_WORKS = 100000 };

static const char wq_type[] = "struct workqueue_struct";
static const char pwq_type[] = "struct pool_workqueue";

/* ---- walkers ---- */

struct link {
	struct iq_walk *walk;
	uint64_t off;
};

static bool emit_linked(void *ctx, iq_vaddr node)
{
	struct link *link = ctx;

	return iq_walk_emit(link->walk, node - link->off);
}

static struct iq_error *walk_list(struct iq_walk *walk, iq_vaddr head, const char *type,
				  const char *member, size_t max)
{
	struct link link = { walk, (uint64_t)iq_offsetof(walk->s, type, member) };

	if (iq_offsetof(walk->s, type, member) < 0)
		return iq_error_new(IQ_ERR_NOTFOUND, "%s.%s is not known", type, member);
	return iq_list_walk(walk->s, head, max, emit_linked, &link);
}

static struct iq_error *walk_queues(struct iq_walk *walk)
{
	iq_vaddr head = iq_sym_addr(walk->s, "workqueues");

	if (!head)
		return iq_error_new(IQ_ERR_NOTFOUND, "this kernel's workqueues are not known");
	return walk_list(walk, head, wq_type, "list", MAX_QUEUES);
}

static struct iq_error *walk_pwqs(struct iq_walk *walk)
{
	int64_t off = iq_offsetof(walk->s, wq_type, "pwqs");

	if (off < 0)
		return iq_error_new(IQ_ERR_NOTFOUND, "%s is not known", wq_type);
	return walk_list(walk, walk->addr + (uint64_t)off, pwq_type, "pwqs_node", MAX_POOLS);
}

/* The workers of a pool, or of all. */
static struct iq_error *walk_workers(struct iq_walk *walk)
{
	const struct iq_task_list *list = iq_tasks(walk->s);
	struct worker w;

	for (size_t i = 0; list && i < list->num_tasks; i++)
		if (iq_worker_of_task(walk->s, &list->tasks[i], &w) &&
		    (!walk->has_addr || w.pool == walk->addr) && iq_walk_emit(walk, w.addr))
			break;
	return NULL;
}

static struct iq_error *walk_pools(struct iq_walk *walk)
{
	const struct iq_task_list *list = iq_tasks(walk->s);
	struct iq_map seen = { 0 };
	struct worker w;

	/* A pool without a worker does not stay so. */
	for (size_t i = 0; list && i < list->num_tasks; i++) {
		if (!iq_worker_of_task(walk->s, &list->tasks[i], &w) || !w.pool ||
		    iq_map_get(&seen, w.pool))
			continue;
		iq_map_set(&seen, w.pool, 1);
		if (iq_walk_emit(walk, w.pool))
			break;
	}
	iq_map_deinit(&seen);
	return NULL;
}

static struct iq_error *walk_works(struct iq_walk *walk)
{
	int64_t off = iq_offsetof(walk->s, "struct worker_pool", "worklist");

	if (off < 0)
		return iq_error_new(IQ_ERR_NOTFOUND, "struct worker_pool is not known");
	return walk_list(walk, walk->addr + (uint64_t)off, "struct work_struct", "entry",
			 MAX_WORKS);
}

/* ---- commands ---- */

static bool count(void *ctx, iq_vaddr node)
{
	uint64_t *num = ctx;

	(void)node;
	++*num;
	return false;
}

struct queue {
	struct iq_session *s;
	uint64_t active, kept, workers;
	int64_t oldest_ns;
	struct iq_map pwqs;
};

static bool add_pwq(void *ctx, iq_vaddr node)
{
	struct queue *q = ctx;
	iq_vaddr pwq = node - (uint64_t)iq_offsetof(q->s, pwq_type, "pwqs_node");
	int64_t kept = iq_offsetof(q->s, pwq_type, "inactive_works");
	uint64_t active;

	if (kept < 0)
		kept = iq_offsetof(q->s, pwq_type, "delayed_works");
	if (iq_peek_member(q->s, pwq_type, "nr_active", pwq, &active))
		q->active += (uint32_t)active;
	if (kept >= 0)
		iq_error_free(iq_list_walk(q->s, pwq + (uint64_t)kept, MAX_WORKS, count, &q->kept));
	iq_map_set(&q->pwqs, pwq, 1);
	return false;
}

static void print_stack(struct iq_cmd *cmd, const struct worker *w)
{
	const struct iq_stack *stack = iq_task_stack(cmd->s, w->task);

	iq_out_text(cmd->out, "    %s/%d at %s", w->task->comm, w->task->pid,
		    iq_sym_format(cmd->s, w->func));
	if (w->task->idle_ns >= 0)
		iq_out_text(cmd->out, ", last ran %" PRId64 " ms ago", w->task->idle_ns / 1000000);
	iq_out_text(cmd->out, "\n");
	for (size_t i = 0; i < stack->num_frames; i++)
		iq_out_text(cmd->out, "      %s\n", iq_sym_format(cmd->s, stack->frames[i].pc));
}

/* The workers that are at a work of this queue. */
static void each_busy(struct iq_cmd *cmd, struct queue *q, bool stacks)
{
	const struct iq_task_list *list = iq_tasks(cmd->s);
	struct worker w;

	for (size_t i = 0; list && i < list->num_tasks; i++) {
		if (!iq_worker_of_task(cmd->s, &list->tasks[i], &w) || !w.pwq ||
		    !iq_map_get(&q->pwqs, w.pwq))
			continue;
		q->workers++;
		q->oldest_ns = IQ_MAX(q->oldest_ns, w.task->idle_ns);
		if (stacks)
			print_stack(cmd, &w);
	}
}

static struct iq_error *print_queue(struct iq_cmd *cmd, iq_vaddr wq)
{
	static const struct iq_column columns[] = {
		{ "addr", "ADDR", .min = 16 },
		{ "name", "NAME", .min = 24 },
		{ "active", "ACT", .right = true, .min = 5 },
		{ "queued", "Q'ED", .right = true, .min = 5 },
		{ "max", "MAXACT", .right = true, .min = 6 },
		{ "workers", "WORKERS", .right = true, .min = 7 },
		{ "oldest", "OLDEST_MS", .right = true, .min = 9 },
		{ 0 },
	};
	int64_t name_at = iq_offsetof(cmd->s, wq_type, "name"),
		pwqs = iq_offsetof(cmd->s, wq_type, "pwqs");
	const struct iq_arg *only = iq_cmd_opt(cmd, 'n');
	struct queue q = { .s = cmd->s, .oldest_ns = -1 };
	struct iq_error *err;
	char name[33] = "";
	uint64_t max;
	bool has_max;

	if (name_at < 0 || pwqs < 0)
		return iq_error_new(IQ_ERR_NOTFOUND, "%s is not known", wq_type);
	err = iq_read_str(cmd->s, wq + (uint64_t)name_at, name, sizeof(name));
	if (err)
		return err;
	if (only && !strstr(name, only->str))
		return NULL;
	/* saved_max_active is what was asked for; the other may be 0 while all is frozen. */
	has_max = iq_peek_member(cmd->s, wq_type, "saved_max_active", wq, &max);
	err = iq_list_walk(cmd->s, wq + (uint64_t)pwqs, MAX_POOLS, add_pwq, &q);
	if (!err)
		each_busy(cmd, &q, false);
	if (!err &&
	    (iq_cmd_has(cmd, 'a') || cmd->has_addr || only || q.active || q.kept || q.workers))
		iq_out_row(cmd, columns,
			   IQ_CELLS(IQ_ADDR(wq), IQ_STR(name), IQ_U64(q.active), IQ_U64(q.kept),
				    IQ_KNOWN(has_max, max), IQ_U64(q.workers),
				    { q.oldest_ns >= 0 ? IQ_CELL_I64 : IQ_CELL_NULL,
				      .i64 = q.oldest_ns / 1000000 }));
	if (!err && iq_cmd_has(cmd, 't'))
		each_busy(cmd, &q, true);
	iq_map_deinit(&q.pwqs);
	return err;
}

static bool print_one(struct iq_walk *walk, iq_vaddr wq)
{
	struct iq_cmd *cmd = walk->ctx;

	if (cmd->to_pipe)
		iq_out_value(cmd->out, wq);
	else
		iq_error_free(print_queue(cmd, wq));
	return iq_cmd_stop(cmd);
}

static struct iq_error *cmd_taskq(struct iq_cmd *cmd)
{
	iq_out_type_named(cmd, wq_type);
	if (cmd->has_addr)
		return print_queue(cmd, cmd->addr);
	return iq_walk_run(cmd->s, "workqueue", NULL, print_one, cmd);
}

static struct iq_error *cmd_workers(struct iq_cmd *cmd)
{
	static const struct iq_column columns[] = {
		{ "addr", "ADDR", .min = 16 },
		{ "task", "TASK", .min = 16 },
		{ "pid", "PID", .right = true, .min = 7 },
		{ "state", "S", .min = 1 },
		{ "pool", "POOL", .min = 16 },
		{ "idle", "RAN_MS_AGO", .right = true, .min = 10 },
		{ "queue", "QUEUE", .min = 16 },
		{ "func", "FUNCTION" },
		{ 0 },
	};
	const struct iq_task_list *list = iq_tasks(cmd->s);
	struct worker w;

	iq_out_type_named(cmd, "struct worker");
	for (size_t i = 0; list && i < list->num_tasks && !iq_cmd_stop(cmd); i++) {
		const struct iq_task *t = &list->tasks[i];

		if (!iq_worker_of_task(cmd->s, t, &w) || (!w.func && !iq_cmd_has(cmd, 'a')) ||
		    (cmd->has_addr && cmd->addr != w.addr && cmd->addr != w.pool))
			continue;
		if (cmd->to_pipe) {
			iq_out_value(cmd->out, w.addr);
			continue;
		}
		iq_out_row(cmd, columns,
			   IQ_CELLS(IQ_ADDR(w.addr), IQ_ADDR(t->addr), IQ_I64(t->pid),
				    IQ_STR(iq_arena_printf(cmd->arena, "%c", t->state)),
				    IQ_ADDR(w.pool),
				    { t->idle_ns >= 0 ? IQ_CELL_I64 : IQ_CELL_NULL,
				      .i64 = t->idle_ns / 1000000 },
				    IQ_STR(w.pwq ? iq_work_queue_name(cmd->s, w.pwq) : NULL),
				    IQ_STR(w.func ? iq_sym_format(cmd->s, w.func) : NULL)));
	}
	return NULL;
}

static const struct iq_opt taskq_opts[] = {
	{ 'a', NULL, "all queues, not only those that have something to do" },
	{ 't', NULL, "and the stacks of the workers that are at work for it" },
	{ 'n', "NAME", "queues with this in their name" },
	{ 0 },
};
static const struct iq_opt workers_opts[] = {
	{ 'a', NULL, "idle ones too" },
	{ 0 },
};

const struct iq_dcmd iq_work_dcmds[] = {
	{ "taskq", "?", "list workqueues, what they have to do, and who is at it",
	  "ACT are works handed to workers, Q'ED those kept back, OLDEST_MS how long the worker "
	  "that has slept longest in a work of the queue has not run.",
	  taskq_opts, cmd_taskq },
	{ "workqueue", "?", "list workqueues, what they have to do, and who is at it", NULL,
	  taskq_opts, cmd_taskq },
	{ "workers", "?", "list the workers that are at work", "The address is a worker or a pool.",
	  workers_opts, cmd_workers },
	{ 0 },
};

const struct iq_walker iq_work_walkers[] = {
	{ "workqueue", "every workqueue", IQ_WALK_GLOBAL, "struct workqueue_struct", walk_queues },
	{ "pwq", "the pool_workqueues of a workqueue", IQ_WALK_LOCAL, "struct pool_workqueue",
	  walk_pwqs },
	{ "worker_pool", "every pool of workers that has one", IQ_WALK_GLOBAL, "struct worker_pool",
	  walk_pools },
	{ "pool", "every pool of workers that has one", IQ_WALK_GLOBAL, "struct worker_pool",
	  walk_pools },
	{ "worker", "the workers of a pool, or all", IQ_WALK_OPTIONAL, "struct worker",
	  walk_workers },
	{ "work", "the works that wait in a pool", IQ_WALK_LOCAL, "struct work_struct",
	  walk_works },
	{ 0 },
};

const struct iq_global iq_work_globals[] = {
	{ "workqueues", "struct list_head" },
	{ "wq_pool_mutex", "struct mutex" },
	{ "system_wq", "struct workqueue_struct *" },
	{ "system_unbound_wq", "struct workqueue_struct *" },
	{ 0 },
};
