/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * CPUs as a dump shows them: cpustack, cpuregs, panicinfo
 *
 * A dump has the registers of every CPU, so that there are stacks of what was running. On a live
 * machine there are none: what runs moves.
 */
#include "inquest/log.h"
#include "proc.h"

/* The task that a CPU was running; NULL: not known. */
static const struct iq_task *current_of(struct iq_session *s, unsigned cpu)
{
	iq_vaddr runqueues = iq_sym_addr(s, "runqueues");
	const struct iq_task_list *list = iq_tasks(s);
	uint64_t curr;

	if (runqueues &&
	    iq_peek_member(s, "struct rq", "curr", iq_per_cpu(s, runqueues, cpu), &curr) &&
	    iq_task_by_addr(s, curr))
		return iq_task_by_addr(s, curr);
	for (size_t i = 0; list && i < list->num_tasks; i++)
		if (list->tasks[i].on_cpu && list->tasks[i].cpu == cpu)
			return &list->tasks[i];
	return NULL;
}

/* The registers of what it was doing; NULL where nobody recorded them. */
static const struct iq_regs *regs_of(struct iq_session *s, const struct iq_task *t)
{
	const struct iq_stack *stack = t ? iq_task_stack(s, t) : NULL;

	return stack && stack->num_frames ? &stack->frames[0].regs : NULL;
}

static void out_regs(struct iq_cmd *cmd, const struct iq_regs *regs)
{
	static const struct {
		enum iq_reg reg;
		const char *name;
	} rows[][2] = {
		{ { IQ_REG_AX, "rax" }, { IQ_REG_R8, "r8" } },
		{ { IQ_REG_BX, "rbx" }, { IQ_REG_R9, "r9" } },
		{ { IQ_REG_CX, "rcx" }, { IQ_REG_R10, "r10" } },
		{ { IQ_REG_DX, "rdx" }, { IQ_REG_R11, "r11" } },
		{ { IQ_REG_SI, "rsi" }, { IQ_REG_R12, "r12" } },
		{ { IQ_REG_DI, "rdi" }, { IQ_REG_R13, "r13" } },
		{ { IQ_REG_BP, "rbp" }, { IQ_REG_R14, "r14" } },
		{ { IQ_REG_SP, "rsp" }, { IQ_REG_R15, "r15" } },
		{ { IQ_REG_IP, "rip" }, { IQ_REG_FLAGS, "rfl" } },
		{ { IQ_REG_CS, "cs" }, { IQ_REG_SS, "ss" } },
	};

	for (size_t i = 0; i < IQ_ARRAY_SIZE(rows); i++)
		for (size_t k = 0; k < 2; k++) {
			bool known = regs->known & 1u << rows[i][k].reg;

			iq_out_text(cmd->out, "%%%-3s = %-18s%s", rows[i][k].name,
				    known ? iq_arena_printf(cmd->arena, "0x%016" PRIx64,
							    regs->r[rows[i][k].reg])
					  : "?",
				    k ? "\n" : "        ");
		}
	if (regs->known & 1u << IQ_REG_IP)
		iq_out_text(cmd->out, "%%rip = %s\n", iq_sym_format(cmd->s, regs->r[IQ_REG_IP]));
}

static void show_stack(struct iq_cmd *cmd, unsigned cpu, const struct iq_task *t)
{
	const struct iq_stack *stack = iq_task_stack(cmd->s, t);

	iq_out_text(cmd->out, "CPU %u: thread %" PRIx64 " (%s/%d)\n", cpu, t->addr, t->comm,
		    t->pid);
	if (!stack->num_frames)
		iq_out_text(cmd->out, "  <no stack: %s>\n",
			    stack->why_none ? stack->why_none : "not known");
	proc_frames(cmd, t, stack, 0, 2, iq_cmd_has(cmd, 'v'));
}

static void show_regs(struct iq_cmd *cmd, unsigned cpu, const struct iq_task *t)
{
	const struct iq_regs *regs = regs_of(cmd->s, t);

	iq_out_text(cmd->out, "CPU %u: thread %" PRIx64 " (%s/%d)\n", cpu, t->addr, t->comm,
		    t->pid);
	if (regs)
		out_regs(cmd, regs);
	else
		iq_out_text(cmd->out, "  <its registers are not known>\n");
}

/* For one CPU, or for each that is online. */
static struct iq_error *for_cpus(struct iq_cmd *cmd, void (*show)(struct iq_cmd *cmd, unsigned cpu,
								  const struct iq_task *t))
{
	const struct iq_arg *arg = iq_cmd_opt(cmd, 'c');
	unsigned num = iq_num_cpus(cmd->s);
	const struct iq_task_list *list;
	struct iq_error *err;
	uint64_t only = UINT64_MAX;

	err = arg ? iq_cmd_count(cmd, arg, &only) : NULL;
	if (!err && arg && (only >= num || !iq_cpu_online(cmd->s, (unsigned)only)))
		err = iq_error_new(IQ_ERR_NOTFOUND, "there is no CPU %" PRIu64, only);
	if (!err)
		err = proc_tasks(cmd->s, &list);
	for (unsigned cpu = 0; !err && cpu < num && !iq_cmd_stop(cmd); cpu++) {
		const struct iq_task *t;

		if (!iq_cpu_online(cmd->s, cpu) || (arg && cpu != only))
			continue;
		t = current_of(cmd->s, cpu);
		if (t)
			show(cmd, cpu, t);
		else
			iq_out_text(cmd->out, "CPU %u: what it was running is not known\n", cpu);
	}
	return err;
}

struct iq_error *cmd_cpustack(struct iq_cmd *cmd)
{
	return for_cpus(cmd, show_stack);
}

struct iq_error *cmd_cpuregs(struct iq_cmd *cmd)
{
	return for_cpus(cmd, show_regs);
}

/* ---- stack and regs, where the kernel is in view: of what the dump was made on ---- */

static struct iq_error *cmd_subject(struct iq_cmd *cmd, const struct iq_task **task_ret)
{
	if (cmd->has_addr)
		return proc_cmd_task(cmd, task_ret);
	if (iq_is_live(cmd->s))
		return iq_cmd_usage(cmd, "of a live kernel only the address of a task_struct, or a "
					 "process in view (see ::help context), has a stack");
	*task_ret = current_of(cmd->s, iq_dump_cpu(cmd->s));
	return *task_ret ? NULL
			 : iq_error_new(IQ_ERR_NOTFOUND, "what CPU %u was running is not known",
					iq_dump_cpu(cmd->s));
}

struct iq_error *cmd_stack_of_kernel(struct iq_cmd *cmd)
{
	uint64_t max = UINT64_MAX;
	const struct iq_stack *stack;
	const struct iq_task *task;
	struct iq_error *err;

	if (cmd->argc > 1)
		return iq_cmd_usage(cmd, "how many frames?");
	err = cmd->argc ? iq_cmd_number(cmd, &cmd->argv[0], &max) : NULL;
	if (!err)
		err = cmd_subject(cmd, &task);
	if (err)
		return err;
	stack = iq_task_stack(cmd->s, task);
	if (!stack->num_frames)
		return iq_error_new(IQ_ERR_UNSUPPORTED, "%d (%s) has no stack: %s", task->pid,
				    task->comm, stack->why_none ? stack->why_none : "not known");
	for (size_t i = 0; i < stack->num_frames && i < max; i++) {
		struct iq_strbuf sb = IQ_STRBUF_INIT;

		if (iq_cmd_has(cmd, 'C'))
			iq_strbuf_printf(&sb, "%016" PRIx64 " ", stack->frames[i].sp);
		/* Nothing can be said of the innermost's arguments. */
		proc_frame(cmd, task, stack, i, i > 0, &sb);
		iq_out_text(cmd->out, "%s\n", iq_strbuf_str(&sb));
		iq_strbuf_deinit(&sb);
	}
	return NULL;
}

struct iq_error *cmd_regs_of_kernel(struct iq_cmd *cmd)
{
	const struct iq_regs *regs;
	const struct iq_task *task;
	struct iq_error *err;

	err = cmd_subject(cmd, &task);
	if (err)
		return err;
	regs = regs_of(cmd->s, task);
	if (!regs)
		return iq_error_new(IQ_ERR_UNSUPPORTED, "the registers of %d (%s) are not known",
				    task->pid, task->comm);
	out_regs(cmd, regs);
	return NULL;
}

/* ---- panicinfo ---- */

static bool find_panic(void *ctx, const struct iq_log_line *line)
{
	static const char text[] = "Kernel panic - not syncing: ";
	char **message = ctx;
	const char *at = strstr(line->text, text);

	/* The first one: what comes after is what the first one led to. */
	if (at)
		*message = iq_xstrdup(at + strlen(text));
	return at != NULL;
}

struct iq_error *cmd_panicinfo(struct iq_cmd *cmd)
{
	iq_vaddr panic_cpu = iq_sym_addr(cmd->s, "panic_cpu");
	_cleanup_free_ char *message = NULL;
	const struct iq_task *t;
	uint32_t cpu;

	if (iq_is_live(cmd->s))
		return iq_error_new(IQ_ERR_UNSUPPORTED, "a live kernel has not panicked");
	if (!panic_cpu || !iq_peek_u32(cmd->s, panic_cpu, &cpu))
		return iq_error_new(IQ_ERR_UNSUPPORTED,
				    "this kernel does not say which CPU panicked");
	iq_error_free(iq_log_each(cmd->s, find_panic, &message));
	/* PANIC_CPU_INVALID is -1. */
	if (cpu == UINT32_MAX) {
		iq_out_text(cmd->out, "this kernel had not panicked when the dump was taken%s\n",
			    message ? ", though its log tells of a panic" : "");
		return NULL;
	}
	t = cpu < iq_num_cpus(cmd->s) ? current_of(cmd->s, cpu) : NULL;
	iq_out_text(cmd->out, "%16s %16u\n", "cpu", cpu);
	if (t)
		iq_out_text(cmd->out, "%16s %016" PRIx64 " (%s/%d)\n", "thread", t->addr, t->comm,
			    t->pid);
	iq_out_text(cmd->out, "%16s %s\n", "message", message ? message : "not in the log");
	if (t && regs_of(cmd->s, t))
		out_regs(cmd, regs_of(cmd->s, t));
	return NULL;
}
