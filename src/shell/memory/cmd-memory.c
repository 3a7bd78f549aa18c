/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ::vtop, ::mappings, ::objects: where memory is
 */
#include "shell/memory/commands.h"
#include "shell/memory/regions.h"
#include "shell/run/context.h"
#include "shell/run/inside.h"

/* ---- ::vtop ---- */

/* An address space by its mm_struct or its process. */
static struct iq_error *find_mm(struct iq_cmd *cmd, iq_vaddr addr, iq_vaddr *mm_ret)
{
	const struct iq_task *task = iq_tasks(cmd->s) ? iq_task_by_addr(cmd->s, addr) : NULL;

	if (task && !task->mm)
		return iq_error_new(IQ_ERR_INVALID, "%d (%s) has no memory of its own", task->pid,
				    task->comm);
	*mm_ret = task ? task->mm : addr;
	return NULL;
}

static struct iq_error *cmd_vtop(struct iq_cmd *cmd)
{
	const struct iq_arg *as = iq_cmd_opt(cmd, 'a');
	bool is_kernel = cmd->addr >> 63;
	iq_vaddr mm = is_kernel ? 0 : cmd->sh->context_mm;
	struct iq_error *err = NULL;
	iq_paddr pa;

	if (as) {
		err = iq_cmd_number(cmd, as, &mm);
		if (!err && mm)
			err = find_mm(cmd, mm, &mm);
	}
	if (!err)
		err = iq_vtop(cmd->s, mm, cmd->addr, &pa);
	if (err)
		return iq_error_prefix(err, "virtual %" PRIx64 " is not mapped", cmd->addr);
	if (cmd->to_pipe)
		iq_out_value(cmd->out, pa);
	else
		iq_out_text(cmd->out, "virtual %" PRIx64 " mapped to physical %" PRIx64 "\n",
			    cmd->addr, pa);
	return NULL;
}

/* ---- ::mappings, ::objects ---- */

static void print_range(struct iq_cmd *cmd, bool *header, iq_vaddr start, iq_vaddr end,
			const char *rights, const char *name)
{
	if (cmd->has_addr && (cmd->addr < start || cmd->addr >= end))
		return;
	if (cmd->to_pipe) {
		iq_out_value(cmd->out, start);
		return;
	}
	if (!*header)
		iq_out_text(cmd->out, "%16s %16s %16s %sNAME\n", "BASE", "LIMIT", "SIZE",
			    rights ? "PERM " : "");
	*header = true;
	iq_out_text(cmd->out, "%16" PRIx64 " %16" PRIx64 " %16" PRIx64 " %s%s%s\n", start, end,
		    end - start, rights ? rights : "", rights ? " " : "", name);
}

static struct iq_error *user_mappings(struct iq_cmd *cmd, struct iq_uspace *us, bool *header)
{
	size_t num;
	const struct iq_vma *vmas = iq_uspace_vmas(us, &num);

	for (size_t i = 0; i < num && !iq_cmd_stop(cmd); i++) {
		const struct iq_vma *v = &vmas[i];
		char rights[] = { v->flags & IQ_VM_READ ? 'r' : '-',
				  v->flags & IQ_VM_WRITE ? 'w' : '-',
				  v->flags & IQ_VM_EXEC ? 'x' : '-',
				  v->flags & IQ_VM_SHARED ? 's' : 'p', '\0' };

		print_range(cmd, header, v->start, v->end, rights, iq_uspace_vma_name(us, v));
	}
	return NULL;
}

static struct iq_error *none(struct iq_cmd *cmd, bool header)
{
	if (cmd->has_addr && !header && !cmd->to_pipe)
		return iq_error_new(IQ_ERR_NOTFOUND, "%" PRIx64 " is in no mapping that is known",
				    cmd->addr);
	return NULL;
}

static struct iq_error *cmd_mappings(struct iq_cmd *cmd)
{
	struct iq_uspace *us = iq_context_space(cmd->sh);
	struct iq_regions regions;
	bool header = false;

	if (us && !(cmd->has_addr && cmd->addr >> 63)) {
		struct iq_error *err = user_mappings(cmd, us, &header);

		return err ? err : none(cmd, header);
	}
	iq_regions_find(cmd->s, cmd->arena, &regions);
	iq_vec_foreach(&regions.list, r)
		print_range(cmd, &header, r->start, r->end, NULL, r->name);
	iq_regions_deinit(&regions);
	return none(cmd, header);
}

static struct iq_error *cmd_objects(struct iq_cmd *cmd)
{
	iq_vaddr start = iq_sym_addr(cmd->s, "_stext"), end = iq_sym_addr(cmd->s, "_end");
	struct iq_sym_module m;
	bool header = false;

	if (end > start)
		print_range(cmd, &header, start, end, NULL, "vmlinux");
	for (size_t i = 0; iq_sym_module_at(cmd->s, i, &m); i++)
		for (size_t j = 0; j < m.num_ranges; j++)
			if (m.ranges[j].len && (m.ranges[j].text || cmd->has_addr))
				print_range(cmd, &header, m.ranges[j].start,
					    m.ranges[j].start + m.ranges[j].len, NULL, m.name);
	return none(cmd, header);
}

static const struct iq_opt vtop_opts[] = {
	{ 'a', "space", "of this address space: an mm_struct, or a process's task_struct" },
	{ 0 },
};

const struct iq_dcmd iq_memory_dcmds[] = {
	{ "vtop", ":", "translate a virtual address to a physical one",
	  "By the page tables of the kernel, or, for user addresses, of the process that is the "
	  "context.",
	  vtop_opts, cmd_vtop, 0, IQ_COMPLETE_NONE },
	{ "mappings", "?", "list what the address space is divided into",
	  "Of the process that is the context its mappings, else the kernel's regions, per-CPU "
	  "areas and modules. With an address those that it is in.",
	  NULL, cmd_mappings, 0, IQ_COMPLETE_NONE },
	{ "objects", "?", "list the kernel and its modules with where they are loaded",
	  "Where their code is; with an address, which of them it is in.", NULL, cmd_objects, 0,
	  IQ_COMPLETE_NONE },
	{ 0 },
};
