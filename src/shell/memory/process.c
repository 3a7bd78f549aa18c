/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A process as a debugger of programs sees it: mappings, objects, registers, the stack of user mode
 *
 * About the process in view (::context, -p PID), or the one whose task_struct is given. Without
 * either, what another command of the same name says of the kernel.
 */
#include "shell/run/context.h"
#include "shell/run/inside.h"

enum { MAX_FRAMES = 256 };

/* Who is asked about, for the time of one command. */
struct subject {
	const struct iq_task *task;
	struct iq_uspace *us;
	struct iq_uspace *own; /* to be freed */
};

static void subject_deinit(struct subject *who)
{
	iq_uspace_free(who->own);
}

static bool is_kernel_thread(struct iq_cmd *cmd)
{
	const struct iq_task *task =
		iq_tasks(cmd->s) && cmd->has_addr ? iq_task_by_addr(cmd->s, cmd->addr) : NULL;

	return task && (task->kthread || !task->mm);
}

/* NULL with no task: it is the kernel. */
static struct iq_error *find_subject(struct iq_cmd *cmd, struct subject *who)
{
	struct iq_error *err;

	*who = (struct subject){ 0 };
	if (!cmd->has_addr) {
		if (!cmd->sh->context_task)
			return NULL;
		who->task = iq_context_task(cmd->sh);
		who->us = iq_context_space(cmd->sh);
		return who->task && who->us
			       ? NULL
			       : iq_error_new(IQ_ERR_NOTFOUND, "the process in view is gone");
	}
	if (!iq_tasks(cmd->s) || !(who->task = iq_task_by_addr(cmd->s, cmd->addr)))
		return iq_error_new(IQ_ERR_NOTFOUND, "%" PRIx64 " is not a task_struct", cmd->addr);
	if (who->task->mm && who->task->mm == cmd->sh->context_mm) {
		who->us = iq_context_space(cmd->sh);
		if (who->us)
			return NULL;
	}
	if (!who->task->mm || who->task->kthread)
		return iq_error_new(IQ_ERR_INVALID, "%d (%s) has no memory map", who->task->pid,
				    who->task->comm);
	err = iq_uspace_new(cmd->s, who->task->mm, &who->own);
	who->us = who->own;
	return err;
}

/* What the other command of this name does, which is about the kernel. */
static struct iq_error *of_kernel(struct iq_cmd *cmd)
{
	struct iq_dcmd_at at;
	bool behind = false;

	for (size_t i = 0; iq_dcmd_nth(cmd->sh->rooms, i, &at); i++) {
		if (at.dcmd == cmd->dcmd)
			behind = true;
		else if (behind && !strcmp(at.dcmd->name, cmd->dcmd->name))
			return at.dcmd->run(cmd);
	}
	return iq_cmd_usage(cmd,
			    "no process is in view: give a task_struct, or see ::help context");
}

/* ---- ::mappings, ::objects ---- */

/* An address that is no process's asks what is there, which the other command knows. */
static bool is_place(struct iq_cmd *cmd)
{
	return cmd->s && cmd->has_addr && !(iq_tasks(cmd->s) && iq_task_by_addr(cmd->s, cmd->addr));
}

static const struct iq_column mapping_columns[] = {
	{ "BASE", .right = true, .min = 16 },
	{ "LIMIT", .right = true, .min = 16 },
	{ "SIZE", .right = true, .min = 12 },
	{ "PROT" },
	{ "NAME" },
	{ 0 },
};

static struct iq_error *cmd_mappings(struct iq_cmd *cmd)
{
	__attribute__((cleanup(subject_deinit))) struct subject who;
	struct iq_error *err = cmd->s && !is_place(cmd) ? find_subject(cmd, &who) : NULL;
	const struct iq_vma *vmas;
	size_t num;

	if (!cmd->s || is_place(cmd))
		who = (struct subject){ 0 };
	if (err)
		return err;
	if (!who.us)
		return of_kernel(cmd);
	vmas = iq_uspace_vmas(who.us, &num);
	for (size_t i = 0; i < num && !iq_cmd_stop(cmd); i++) {
		const struct iq_vma *v = &vmas[i];
		char prot[] = "----";

		if (v->flags & IQ_VM_READ)
			prot[0] = 'r';
		if (v->flags & IQ_VM_WRITE)
			prot[1] = 'w';
		if (v->flags & IQ_VM_EXEC)
			prot[2] = 'x';
		prot[3] = v->flags & IQ_VM_SHARED ? 's' : 'p';
		iq_out_row(cmd, mapping_columns,
			   (struct iq_cell[]){
				   { IQ_CELL_ADDR, .u64 = v->start },
				   { IQ_CELL_ADDR, .u64 = v->end },
				   { IQ_CELL_STR, .str = iq_arena_printf(cmd->arena, "%" PRIx64,
									 v->end - v->start) },
				   { IQ_CELL_STR, .str = prot },
				   { IQ_CELL_STR, .str = iq_uspace_vma_name(who.us, v) },
				   { IQ_CELL_END },
			   });
	}
	return NULL;
}

static const struct iq_column object_columns[] = {
	{ "BASE", .right = true, .min = 16 },
	{ "LIMIT", .right = true, .min = 16 },
	{ "SIZE", .right = true, .min = 12 },
	{ "NAME" },
	{ 0 },
};

static struct iq_error *cmd_objects(struct iq_cmd *cmd)
{
	__attribute__((cleanup(subject_deinit))) struct subject who = { 0 };
	struct iq_error *err = cmd->s && !is_place(cmd) ? find_subject(cmd, &who) : NULL;
	const struct iq_uobject *objects;
	size_t num;

	if (err)
		return err;
	if (!who.us)
		return of_kernel(cmd);
	objects = iq_uspace_objects(who.us, &num);
	for (size_t i = 0; i < num; i++)
		iq_out_row(cmd, object_columns,
			   (struct iq_cell[]){
				   { IQ_CELL_ADDR, .u64 = objects[i].start },
				   { IQ_CELL_ADDR, .u64 = objects[i].end },
				   { IQ_CELL_STR,
				     .str = iq_arena_printf(cmd->arena, "%" PRIx64,
							    objects[i].end - objects[i].start) },
				   { IQ_CELL_STR, .str = objects[i].path },
				   { IQ_CELL_END },
			   });
	return NULL;
}

/* ---- registers ---- */

static const struct iq_user_regs *user_regs(struct iq_cmd *cmd, const struct iq_task *task,
					    struct iq_error **err)
{
	const struct iq_stack *stack = iq_task_stack(cmd->s, task);

	*err = NULL;
	if (stack->user.valid)
		return &stack->user;
	*err = iq_error_new(IQ_ERR_UNSUPPORTED, "the registers of %d (%s) are not known: %s",
			    task->pid, task->comm,
			    stack->why_none ? stack->why_none : "it has none in user mode");
	return NULL;
}

static void flags_text(uint64_t flags, struct iq_strbuf *sb)
{
	static const struct {
		unsigned bit;
		const char *name;
	} bits[] = {
		{ 11, "of" }, { 10, "df" }, { 9, "if" }, { 8, "tf" }, { 7, "sf" },
		{ 6, "zf" },  { 4, "af" },  { 2, "pf" }, { 0, "cf" },
	};

	for (size_t i = 0; i < IQ_ARRAY_SIZE(bits); i++)
		if (flags >> bits[i].bit & 1)
			iq_strbuf_printf(sb, "%s%s", sb->len ? "," : "", bits[i].name);
}

static struct iq_error *cmd_regs(struct iq_cmd *cmd)
{
	static const struct {
		const char *name;
		uint8_t reg;
	} rows[][2] = {
		{ { "rax", IQ_REG_AX }, { "r8", IQ_REG_R8 } },
		{ { "rbx", IQ_REG_BX }, { "r9", IQ_REG_R9 } },
		{ { "rcx", IQ_REG_CX }, { "r10", IQ_REG_R10 } },
		{ { "rdx", IQ_REG_DX }, { "r11", IQ_REG_R11 } },
		{ { "rsi", IQ_REG_SI }, { "r12", IQ_REG_R12 } },
		{ { "rdi", IQ_REG_DI }, { "r13", IQ_REG_R13 } },
		{ { "rbp", IQ_REG_BP }, { "r14", IQ_REG_R14 } },
		{ { "rsp", IQ_REG_SP }, { "r15", IQ_REG_R15 } },
	};
	__attribute__((cleanup(subject_deinit))) struct subject who = { 0 };
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf flags = IQ_STRBUF_INIT;
	bool of_thread = cmd->s && !is_kernel_thread(cmd);
	struct iq_error *err = of_thread ? find_subject(cmd, &who) : NULL;
	const struct iq_user_regs *u;

	if (err)
		return err;
	if (!who.us)
		return of_kernel(cmd);
	u = user_regs(cmd, who.task, &err);
	if (err)
		return err;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(rows); i++)
		iq_out_text(cmd->out, "%%%-3s = 0x%016" PRIx64 "       %%%-3s = 0x%016" PRIx64 "\n",
			    rows[i][0].name, u->r[rows[i][0].reg], rows[i][1].name,
			    u->r[rows[i][1].reg]);
	flags_text(u->flags, &flags);
	iq_out_text(cmd->out, "\n%%rip = 0x%016" PRIx64 " %s\n", u->ip,
		    iq_context_symbol_of(cmd->sh, who.us, u->ip));
	iq_out_text(cmd->out, "%%rflags = 0x%08" PRIx64 " <%s>\n", u->flags, iq_strbuf_str(&flags));
	return NULL;
}

/* ---- the stack ---- */

static struct iq_error *cmd_stack(struct iq_cmd *cmd)
{
	__attribute__((cleanup(subject_deinit))) struct subject who = { 0 };
	bool of_thread = cmd->s && !is_kernel_thread(cmd);
	struct iq_error *err = of_thread ? find_subject(cmd, &who) : NULL;
	const struct iq_user_regs *u;
	struct iq_uframe *frames;
	struct iq_regs regs = { 0 };
	uint64_t max = MAX_FRAMES;
	size_t num;

	if (err)
		return err;
	if (!who.us)
		return of_kernel(cmd);
	if (cmd->argc > 1)
		return iq_cmd_usage(cmd, "how many frames?");
	u = user_regs(cmd, who.task, &err);
	if (err)
		return err;
	if (u->compat)
		return iq_error_new(IQ_ERR_UNSUPPORTED, "a stack of 32-bit code");
	memcpy(regs.r, u->r, sizeof(regs.r));
	regs.r[IQ_REG_IP] = u->ip;
	regs.r[IQ_REG_SP] = u->sp;
	regs.r[IQ_REG_BP] = u->bp;
	regs.known = (1u << (IQ_REG_IP + 1)) - 1;
	if (cmd->argc) {
		err = iq_cmd_number(cmd, &cmd->argv[0], &max);
		if (err)
			return err;
	}
	frames = iq_arena_alloc(cmd->arena, MAX_FRAMES * sizeof(*frames));
	num = iq_uspace_unwind(who.us, &regs, frames, IQ_MIN(max, (uint64_t)MAX_FRAMES));
	for (size_t i = 0; i < num; i++) {
		if (iq_cmd_has(cmd, 'C'))
			iq_out_text(cmd->out, "%016" PRIx64 " ", frames[i].sp);
		iq_out_text(cmd->out, "%s()%s\n",
			    iq_context_symbol_of(cmd->sh, who.us, frames[i].pc),
			    frames[i].by == IQ_UFRAME_FP ? " ?" : "");
	}
	return NULL;
}

static const struct iq_opt stack_opts[] = {
	{ 'C', NULL, "with each frame's stack pointer in front" },
	{ 0 },
};

const struct iq_dcmd iq_process_dcmds[] = {
	{ "mappings", "?", "list what is mapped where", NULL, NULL, cmd_mappings, 0,
	  IQ_COMPLETE_NONE },
	{ "objects", "?", "list the program and the libraries of a process", NULL, NULL,
	  cmd_objects, 0, IQ_COMPLETE_NONE },
	{ "regs", "?", "show the registers that a thread had in user mode",
	  "Of a thread that runs at this moment they are not known. The address is that of a "
	  "task_struct. On a dump with no process in view: those of the CPU that panicked, or of "
	  "the first.",
	  NULL, cmd_regs, 0, IQ_COMPLETE_NONE },
	{ "stack", "?[n]",
	  "show the stack of user mode, or the kernel's where no process is in view",
	  "Of the process in view, or of the thread whose task_struct is given; at most n frames. "
	  "Unwound by .eh_frame out of the process's memory or the page cache. A question mark "
	  "behind a frame: there was no such description, and the frame pointer led there.\n\n"
	  "Of a kernel thread, and on a dump with no process in view, the stack is the kernel's: "
	  "without an address that of the CPU that panicked, or of the first. All kernel stacks "
	  "are shown by ::findstack.",
	  stack_opts, cmd_stack, 0, IQ_COMPLETE_NONE },
	{ 0 },
};
