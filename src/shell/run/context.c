/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ::context and $p: whose memory is looked at
 *
 * With a process as context, addresses of the lower half are its, read by its page tables; those of
 * the upper half are the kernel's as ever. No lock is taken and nobody is stopped, so that it works
 * on a process that sleeps uninterruptibly.
 */
#include "shell/run/context.h"

#include "shell/run/inside.h"

static const struct iq_task *find_task(struct iq_session *s, iq_vaddr addr)
{
	return iq_tasks(s) ? iq_task_by_addr(s, addr) : NULL;
}

static struct iq_error *open_space(struct iq_session *s, const struct iq_task *task,
				   struct iq_uspace **us_ret)
{
	if (task->unreadable)
		return iq_error_new(IQ_ERR_FAULT, "its task_struct cannot be read");
	if (task->kthread)
		return iq_error_new(IQ_ERR_INVALID,
				    "%d (%s) is a kernel thread: it has no memory of its own",
				    task->pid, task->comm);
	if (!task->mm)
		return iq_error_new(IQ_ERR_INVALID, "%d (%s) has %s: its memory is gone", task->pid,
				    task->comm, task->exit_state ? "ended" : "no memory map");
	return iq_uspace_new(s, task->mm, us_ret);
}

struct iq_error *iq_context_set(struct iq_shell *sh, iq_vaddr addr)
{
	const struct iq_task *task;
	struct iq_uspace *us;
	struct iq_error *err;

	if (!sh->s)
		return iq_error_new(IQ_ERR_INVALID, "there is nothing to look at");
	if (!addr) {
		iq_context_forget(sh);
		sh->context_task = sh->context_mm = 0;
		return NULL;
	}
	task = find_task(sh->s, addr);
	if (!task)
		return iq_error_new(IQ_ERR_NOTFOUND, "%" PRIx64 " is not a task_struct", addr);
	err = open_space(sh->s, task, &us);
	if (err)
		return err;
	iq_context_forget(sh);
	sh->context_task = addr;
	sh->context_mm = task->mm;
	sh->context_space = us;
	return NULL;
}

struct iq_error *iq_shell_set_process(struct iq_shell *sh, int32_t pid)
{
	const struct iq_task *task = iq_tasks(sh->s) ? iq_task_by_pid(sh->s, pid) : NULL;

	if (!task)
		return iq_error_new(IQ_ERR_NOTFOUND, "there is no process %d", pid);
	sh->process = pid;
	return iq_context_set(sh, task->addr);
}

void iq_context_forget(struct iq_shell *sh)
{
	iq_uspace_free(sh->context_space);
	sh->context_space = NULL;
}

const struct iq_task *iq_context_task(struct iq_shell *sh)
{
	const struct iq_task *task =
		sh->s && sh->context_task ? find_task(sh->s, sh->context_task) : NULL;

	/* Its task_struct may be another's by now. */
	return task && task->mm == sh->context_mm ? task : NULL;
}

struct iq_uspace *iq_context_space(struct iq_shell *sh)
{
	struct iq_error *err;

	if (!sh->context_mm)
		return NULL;
	if (!sh->context_space && iq_context_task(sh)) {
		err = iq_uspace_new(sh->s, sh->context_mm, &sh->context_space);
		iq_error_free(err);
	}
	return sh->context_space;
}

static bool is_kernel_half(iq_vaddr addr)
{
	return addr >> 63;
}

struct iq_error *iq_context_read(struct iq_shell *sh, iq_vaddr addr, void *buf, size_t len)
{
	struct iq_uspace *us;

	if (!sh->context_mm || is_kernel_half(addr))
		return iq_read(sh->s, addr, buf, len);
	us = iq_context_space(sh);
	if (!us)
		return iq_error_new(IQ_ERR_FAULT, "%#" PRIx64 ": the process is gone", addr);
	return iq_uspace_read(us, addr, buf, len);
}

const char *iq_context_symbol(struct iq_shell *sh, iq_vaddr addr)
{
	return iq_context_symbol_of(sh, iq_context_space(sh), addr);
}

const char *iq_context_symbol_of(struct iq_shell *sh, struct iq_uspace *us, iq_vaddr addr)
{
	const struct iq_uobject *object;
	struct iq_usym sym;
	const char *base;

	if (sh->s && (is_kernel_half(addr) || !us))
		return iq_sym_format(sh->s, addr);
	object = us ? iq_uspace_object_of(us, addr) : NULL;
	if (!object)
		return iq_arena_printf(sh->arena, "0x%" PRIx64, addr);
	base = strrchr(object->path, '/');
	base = base ? base + 1 : object->path;
	if (!iq_uspace_sym_by_addr(us, addr, &sym))
		return iq_arena_printf(sh->arena, "%s`0x%" PRIx64, base, addr);
	if (addr == sym.addr)
		return iq_arena_printf(sh->arena, "%s`%s", base, sym.name);
	return iq_arena_printf(sh->arena, "%s`%s+%#" PRIx64, base, sym.name, addr - sym.addr);
}

bool iq_context_find(struct iq_shell *sh, const char *name, uint64_t *addr_ret)
{
	struct iq_uspace *us = iq_context_space(sh);
	struct iq_usym sym;

	if (!us || !iq_uspace_sym_by_name(us, name, &sym))
		return false;
	*addr_ret = sym.addr;
	return true;
}

static struct iq_error *cmd_context(struct iq_cmd *cmd)
{
	struct iq_error *err = iq_context_set(cmd->sh, cmd->addr);

	if (err)
		return err;
	if (cmd->addr)
		iq_out_text(cmd->out, "debugger context set to proc %" PRIx64 "\n", cmd->addr);
	else
		iq_out_text(cmd->out, "debugger context set to kernel\n");
	return NULL;
}

const struct iq_dcmd iq_context_dcmds[] = {
	{ "context", ":", "make a process the one whose user memory is read",
	  "The address is that of a task_struct; 0 goes back to the kernel. Addresses of user "
	  "space "
	  "are then the process's for all commands; those of the kernel stay what they are. Memory "
	  "is read by the page tables, without locks; what is not present may come out of the page "
	  "cache, and what is swapped out shows as ??.",
	  NULL, cmd_context, 0, IQ_COMPLETE_NONE },
	{ "$p", ":", "make a process the one whose user memory is read", NULL, NULL, cmd_context, 0,
	  IQ_COMPLETE_NONE },
	{ 0 },
};
