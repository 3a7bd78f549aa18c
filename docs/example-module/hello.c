/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A module for inquest, built outside of its tree
 *
 *	> ::load build/hello.so
 *	> ::hello
 *	> ::walk hello_leader | ::print struct task_struct comm pid
 */
#include <inquest/module.h>
#include <inquest/task.h>

static const struct iq_column columns[] = {
	{ "ADDR", .min = 16 },
	{ "PID", .right = true, .min = 7 },
	{ "NAME" },
	{ 0 },
};

/* Tasks; with -d those in uninterruptible sleep only. */
static struct iq_error *cmd_hello(struct iq_cmd *cmd)
{
	const struct iq_task_list *list = iq_tasks(cmd->s);

	for (size_t i = 0; list && i < list->num_tasks && !iq_cmd_stop(cmd); i++) {
		const struct iq_task *t = &list->tasks[i];

		if (iq_cmd_has(cmd, 'd') && t->state != 'D')
			continue;
		iq_out_row(cmd, columns,
			   (struct iq_cell[]){
				   { IQ_CELL_ADDR, .u64 = t->addr },
				   { IQ_CELL_I64, .i64 = t->pid },
				   { IQ_CELL_STR, .str = t->comm },
				   { IQ_CELL_END },
			   });
	}
	return NULL;
}

/* To show that a fault in a module does not end the session. */
static struct iq_error *cmd_crash(struct iq_cmd *cmd)
{
	volatile int *nowhere = (volatile int *)(uintptr_t)cmd->addr;

	*nowhere = 1;
	return NULL;
}

static struct iq_error *walk_leaders(struct iq_walk *walk)
{
	const struct iq_task_list *list = iq_tasks(walk->s);

	for (size_t i = 0; list && i < list->num_tasks; i++)
		if (list->tasks[i].pid == list->tasks[i].tgid &&
		    iq_walk_emit(walk, list->tasks[i].addr))
			break;
	return NULL;
}

static const struct iq_opt hello_opts[] = {
	{ 'd', NULL, "those in uninterruptible sleep" },
	{ 0 },
};

static const struct iq_dcmd dcmds[] = {
	{ "hello", "", "list tasks", NULL, hello_opts, cmd_hello },
	{ "hello_crash", ":", "write to an address of our own, which ends badly", NULL, NULL,
	  cmd_crash },
	{ 0 },
};

static const struct iq_walker walkers[] = {
	{ "hello_leader", "the leaders of all processes", IQ_WALK_GLOBAL, "struct task_struct",
	  walk_leaders },
	{ 0 },
};

extern const struct iq_module iq_module;
const struct iq_module iq_module = {
	.api = IQ_MODULE_API,
	.name = "hello",
	.summary = "an example of a module",
	.dcmds = dcmds,
	.walkers = walkers,
};
