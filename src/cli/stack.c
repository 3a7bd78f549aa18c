/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * inquest stack: the kernel stacks of some tasks, or of all
 */
#include <stdio.h>

#include "cli/frames.h"
#include "out/text.h"

enum { OPT_ALL = 1 };

const struct iq_option iq_stack_option_table[] = {
	{ OPT_ALL, 'a', "all", NULL, "the stacks of all tasks" },
	{ 0 },
};

static void print_task(struct iq_session *s, const struct iq_task *t, const struct iq_stack *stack,
		       bool color, struct iq_strbuf *out)
{
	const struct iq_task *leader = iq_task_by_pid(s, t->tgid);
	struct iq_strbuf head = IQ_STRBUF_INIT;

	if (t->unreadable) {
		iq_strbuf_printf(out, "?? task_struct at %#" PRIx64 " could not be read\n\n",
				 t->addr);
		return;
	}
	iq_strbuf_printf(&head, "%d (", t->pid);
	iq_text_clean(&head, t->comm);
	iq_strbuf_addc(&head, ')');
	if (t->pid && leader && leader != t) {
		iq_strbuf_printf(&head, ", thread of %d (", t->tgid);
		iq_text_clean(&head, leader->comm);
		iq_strbuf_addc(&head, ')');
	}
	iq_text_color(out, color, IQ_BOLD, iq_strbuf_str(&head));
	iq_strbuf_deinit(&head);
	iq_strbuf_printf(out, ", %c", t->state);
	if (t->state != 'R' && t->idle_ns >= 0) {
		iq_strbuf_adds(out, ", has not run for ");
		iq_idle_text(t, out);
	} else if (t->on_cpu) {
		iq_strbuf_printf(out, ", on CPU %u", t->cpu);
	}
	iq_strbuf_adds(out, stack->moved ? ", moves while it is read\n" : "\n");
	for (size_t i = 0; i < stack->num_frames; i++) {
		iq_strbuf_adds(out, "  ");
		iq_frame_text(out, &stack->frames[i]);
		iq_strbuf_addc(out, '\n');
	}
	if (!stack->num_frames) {
		iq_strbuf_adds(out, "  no stack: ");
		iq_text_clean(out, stack->why_none ? stack->why_none : "not known");
		iq_strbuf_addc(out, '\n');
	} else if (!stack->complete) {
		iq_strbuf_adds(out, "  ... the rest could not be followed\n");
	}
	if (stack->user.valid && stack->user.syscall) {
		iq_strbuf_adds(out, "  in ");
		iq_syscall_text(s, stack, out);
		iq_strbuf_addc(out, '\n');
	}
	iq_strbuf_addc(out, '\n');
}

static json_t *task_json(struct iq_session *s, const struct iq_task *t,
			 const struct iq_stack *stack)
{
	struct iq_strbuf call = IQ_STRBUF_INIT;
	json_t *row = json_object();
	char state[2] = { t->state };

	json_object_set_new(row, "pid", t->unreadable ? json_null() : json_integer(t->tgid));
	json_object_set_new(row, "tid", t->unreadable ? json_null() : json_integer(t->pid));
	json_object_set_new(row, "comm", t->unreadable ? json_null() : iq_clean_json(t->comm));
	json_object_set_new(row, "state", json_string(state));
	json_object_set_new(row, "cpu", json_integer(t->cpu));
	json_object_set_new(row, "idle_ms",
			    t->idle_ns < 0 ? json_null() : json_integer(t->idle_ns / 1000000));
	json_object_set_new(row, "syscall",
			    iq_syscall_text(s, stack, &call) ? json_string(iq_strbuf_str(&call))
							     : json_null());
	json_object_set_new(row, "frames", iq_frames_json(stack));
	json_object_set_new(row, "complete", json_boolean(stack->complete));
	json_object_set_new(row, "why_none",
			    stack->num_frames ? json_null() : iq_clean_json(stack->why_none));
	iq_strbuf_deinit(&call);
	return row;
}

typedef IQ_VEC(const struct iq_task *) picked_tasks;

/* A process: its threads. A thread: itself. */
static int pick(struct iq_session *s, const struct iq_task_list *list, int32_t pid,
		picked_tasks *tasks)
{
	const struct iq_task *t = iq_task_by_pid(s, pid);

	if (!t)
		return iq_complain(IQ_EXIT_SOURCE,
				   "no process or thread %d; `inquest ps -eL` lists them", pid);
	for (size_t i = 0; i < list->num_tasks; i++)
		if (list->tasks[i].pid == pid || (list->tasks[i].tgid == pid && pid))
			iq_vec_push(tasks, &list->tasks[i]);
	return IQ_EXIT_OK;
}

static int show(struct iq_cli *cli, const int32_t *pids, size_t num_pids)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf out = IQ_STRBUF_INIT;
	const struct iq_task_list *list;
	picked_tasks tasks = { 0 };
	bool color = iq_use_color(cli);
	struct iq_error *err;
	json_t *rows = json_array();
	int status;

	err = iq_cli_open(cli);
	if (!err)
		err = iq_cli_tasks(cli, &list, &status);
	if (err) {
		json_decref(rows);
		return iq_complain_error(err);
	}
	for (size_t i = 0; i < num_pids; i++) {
		int found = pick(cli->session, list, pids[i], &tasks);

		status = found ? found : status;
	}
	for (size_t i = 0; !num_pids && i < list->num_tasks; i++)
		iq_vec_push(&tasks, &list->tasks[i]);
	iq_vec_foreach(&tasks, t) {
		const struct iq_stack *stack = iq_task_stack(cli->session, *t);

		if (stack->unreadable && status == IQ_EXIT_OK)
			status = IQ_EXIT_INCOMPLETE;
		if (cli->json)
			json_array_append_new(rows, task_json(cli->session, *t, stack));
		else
			print_task(cli->session, *t, stack, color, &out);
	}
	iq_vec_free(&tasks);
	iq_timing(cli, "stacks");
	if (cli->json)
		iq_json_rows("inquest.stack/1", rows, &out);
	json_decref(rows);
	return iq_print(&out, status);
}

int iq_cmd_stack(struct iq_cli *cli, struct iq_words *words)
{
	IQ_VEC(int32_t) pids = { 0 };
	bool all = false;
	int64_t pid;
	int id, status;

	while ((id = iq_words_next(words)) != IQ_WORDS_END) {
		if (id == OPT_ALL) {
			all = true;
		} else if (id == IQ_WORDS_WORD) {
			if (!iq_parse_int(words->value, 0, INT32_MAX, &pid))
				return iq_complain(IQ_EXIT_USAGE,
						   "stack wants PIDs, not %s; see `inquest "
						   "stack --help`",
						   words->value);
			iq_vec_push(&pids, (int32_t)pid);
		} else {
			return IQ_EXIT_USAGE;
		}
	}
	if (!all && !pids.num)
		return iq_complain(
			IQ_EXIT_USAGE,
			"stack wants PIDs, or -a for all tasks; see `inquest stack --help`");
	if (all && pids.num) {
		iq_vec_free(&pids);
		return iq_complain(IQ_EXIT_USAGE, "stack wants PIDs or -a for all tasks, not both; "
						  "see `inquest stack --help`");
	}
	status = show(cli, pids.data, pids.num);
	iq_vec_free(&pids);
	return status;
}
