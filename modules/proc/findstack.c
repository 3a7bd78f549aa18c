/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One stack: findstack, stackinfo, whatthread
 */
#include "proc.h"

void proc_frame(struct iq_cmd *cmd, const struct iq_task *task, const struct iq_stack *stack,
		size_t i, bool args, struct iq_strbuf *out)
{
	const struct iq_frame *f = &stack->frames[i];

	/* As the kernel marks them: found by searching the stack, not by unwinding it. */
	if (f->by == IQ_FRAME_SCAN)
		iq_strbuf_adds(out, "? ");
	if (!f->sym.name)
		iq_strbuf_printf(out, "%#" PRIx64, f->pc);
	else
		iq_strbuf_printf(out, "%s%s%s+%#" PRIx64, f->sym.module ? f->sym.module : "",
				 f->sym.module ? "`" : "", f->sym.name, f->offset);
	iq_strbuf_addc(out, '(');
	if (args) {
		struct iq_frame_args found;

		iq_frame_args(cmd->s, task, stack, i, &found);
		iq_frame_args_add(&found, iq_cmd_has(cmd, 'm'), out);
	}
	iq_strbuf_addc(out, ')');
}

void proc_frames(struct iq_cmd *cmd, const struct iq_task *task, const struct iq_stack *stack,
		 size_t from, unsigned indent, bool args)
{
	for (size_t i = from; i < stack->num_frames; i++) {
		struct iq_strbuf sb = IQ_STRBUF_INIT;

		proc_frame(cmd, task, stack, i, args, &sb);
		iq_out_text(cmd->out, "%*s%016" PRIx64 " %s\n", (int)indent, "",
			    stack->frames[i].sp, iq_strbuf_str(&sb));
		iq_strbuf_deinit(&sb);
	}
	if (stack->num_frames && !stack->complete)
		iq_out_text(cmd->out, "%*s<the rest of the stack could not be followed>\n",
			    (int)indent, "");
}

struct iq_error *cmd_findstack(struct iq_cmd *cmd)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf top = IQ_STRBUF_INIT, line = IQ_STRBUF_INIT;
	bool args = iq_cmd_has(cmd, 'v');
	const struct iq_stack *stack;
	const struct iq_task *task;
	struct iq_error *err;

	if (cmd->argc > 1)
		return iq_cmd_usage(cmd, "one command at most");
	err = proc_cmd_task(cmd, &task);
	if (err)
		return err;
	stack = iq_task_stack(cmd->s, task);
	if (!stack->num_frames)
		return iq_error_new(IQ_ERR_UNSUPPORTED,
				    "thread %" PRIx64 " (%s/%d) has no stack: %s", task->addr,
				    task->comm, task->pid,
				    stack->why_none ? stack->why_none : "not known");
	iq_out_text(cmd->out, "stack pointer for thread %" PRIx64 " (%s/%d): %" PRIx64 "\n",
		    task->addr, task->comm, task->pid, stack->frames[0].sp);
	if (cmd->argc) {
		iq_strbuf_printf(&line, "0x%" PRIx64 " %s", stack->frames[0].sp, cmd->argv[0].str);
		return iq_cmd_eval(cmd, iq_strbuf_str(&line));
	}
	/* The innermost frame is where it gave up its CPU: nothing can be said of arguments. */
	proc_frame(cmd, task, stack, 0, false, &top);
	iq_out_text(cmd->out, "[ %016" PRIx64 " %s ]\n", stack->frames[0].sp, iq_strbuf_str(&top));
	proc_frames(cmd, task, stack, 1, 2, args);
	return NULL;
}

/* ---- stackinfo: how much of its stack each thread uses ---- */

static const struct iq_column info_columns[] = {
	{ "THREAD", .min = 16 },
	{ "STACK", .min = 16 },
	{ "SIZE", .right = true, .min = 6 },
	{ "CUR", .right = true, .min = 6 },
	{ "MAX", .right = true, .min = 6 },
	{ "LWP", .right = true, .min = 7 },
	{ "NAME" },
	{ 0 },
};

/*
 * How deep it has ever been: a stack is given out zeroed, so that what is not zero any more was
 * used. It needs reading all of it: only where asked for.
 */
static bool max_used(struct iq_session *s, const struct iq_task *t, uint64_t size,
		     uint64_t *max_ret)
{
	uint64_t words[512];

	/* The first word is the guard against overflow (STACK_END_MAGIC). */
	for (uint64_t at = 0; at < size; at += sizeof(words)) {
		if (!iq_peek(s, t->stack + at, words, sizeof(words)))
			return false;
		for (size_t i = at ? 0 : 1; i < IQ_ARRAY_SIZE(words); i++) {
			if (words[i]) {
				*max_ret = size - at - 8 * i;
				return true;
			}
		}
	}
	*max_ret = 0;
	return true;
}

static void info_row(struct iq_cmd *cmd, const struct iq_task *t, uint64_t size)
{
	uint64_t cur = 0, max;
	bool has_cur, has_max;

	if (!t->stack || t->unreadable)
		return;
	if (cmd->to_pipe) {
		iq_out_value(cmd->out, t->addr);
		return;
	}
	has_cur = !t->on_cpu && t->sp > t->stack && t->sp < t->stack + size;
	if (has_cur)
		cur = t->stack + size - t->sp;
	has_max = (iq_cmd_has(cmd, 'a') || cmd->has_addr) && max_used(cmd->s, t, size, &max);
	iq_out_row(cmd, info_columns,
		   (struct iq_cell[]){
			   { IQ_CELL_ADDR, .u64 = t->addr },
			   { IQ_CELL_ADDR, .u64 = t->stack },
			   { IQ_CELL_U64, .u64 = size },
			   has_cur ? (struct iq_cell){ IQ_CELL_U64, .u64 = cur }
				   : (struct iq_cell){ IQ_CELL_NULL },
			   has_max ? (struct iq_cell){ IQ_CELL_U64, .u64 = max }
				   : (struct iq_cell){ IQ_CELL_NULL },
			   { IQ_CELL_I64, .i64 = t->pid },
			   { IQ_CELL_STR, .str = t->comm },
			   { IQ_CELL_END },
		   });
}

struct iq_error *cmd_stackinfo(struct iq_cmd *cmd)
{
	const struct iq_task_list *list;
	const struct iq_task *task;
	struct iq_error *err;
	uint64_t size;

	err = proc_tasks(cmd->s, &list);
	if (err)
		return err;
	size = iq_stack_size(cmd->s);
	proc_out_type(cmd);
	if (cmd->has_addr) {
		err = proc_task(cmd->s, cmd->addr, &task);
		if (!err)
			info_row(cmd, task, size);
		return err;
	}
	for (size_t i = 0; i < list->num_tasks && !iq_cmd_stop(cmd); i++)
		info_row(cmd, &list->tasks[i], size);
	return NULL;
}

/* ---- whatthread: on whose stack is this value? ---- */

static void whatthread_of(struct iq_cmd *cmd, const struct iq_task *t)
{
	const struct iq_stack *stack = iq_task_stack(cmd->s, t);
	bool told = false;

	for (size_t i = 0; i < stack->num_words; i++) {
		if (stack->words[i] != cmd->addr)
			continue;
		if (cmd->to_pipe || !iq_cmd_has(cmd, 'v')) {
			iq_out_value(cmd->out, t->addr);
			return;
		}
		iq_out_text(cmd->out, "%016" PRIx64 " %s/%d: on its stack at %" PRIx64 "\n",
			    t->addr, t->comm, t->pid, stack->sp + 8 * i);
		told = true;
	}
	/* What was recovered of registers is saved in the switch frame, which the words begin
	 * with: a register alone is said only where no word is it. */
	for (size_t f = 0; !told && f < stack->num_frames; f++)
		for (unsigned r = 0; r < IQ_NUM_REGS; r++)
			if ((stack->frames[f].regs.known & (1u << r)) && r != IQ_REG_SP &&
			    stack->frames[f].regs.r[r] == cmd->addr) {
				if (cmd->to_pipe || !iq_cmd_has(cmd, 'v')) {
					iq_out_value(cmd->out, t->addr);
					return;
				}
				iq_out_text(cmd->out, "%016" PRIx64 " %s/%d: in a register of %s\n",
					    t->addr, t->comm, t->pid,
					    iq_sym_format(cmd->s, stack->frames[f].pc));
				return;
			}
}

struct iq_error *cmd_whatthread(struct iq_cmd *cmd)
{
	const struct iq_task_list *list;
	struct iq_error *err;

	err = proc_tasks(cmd->s, &list);
	if (err)
		return err;
	proc_out_type(cmd);
	for (size_t i = 0; i < list->num_tasks && !iq_cmd_stop(cmd); i++)
		if (list->tasks[i].stack && !list->tasks[i].unreadable)
			whatthread_of(cmd, &list->tasks[i]);
	return NULL;
}
