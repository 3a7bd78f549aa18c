/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Addresses that belong to tasks: for ::whatis
 */
#include "proc.h"

#include <stdio.h>

/*
 * A task's own struct, or a member of it. The type says how long it could be; on x86 it ends with
 * room for registers that most machines do not have, and is given less: the nearest task counts.
 */
static bool in_task(struct iq_session *s, iq_vaddr addr, bool verbose, struct iq_strbuf *text)
{
	int64_t size = iq_sizeof(s, "struct task_struct");
	const struct iq_task_list *list = iq_tasks(s);
	const struct iq_task *t = NULL;

	(void)verbose;
	for (size_t i = 0; list && i < list->num_tasks; i++)
		if (list->tasks[i].addr <= addr && (!t || list->tasks[i].addr > t->addr))
			t = &list->tasks[i];
	if (!t || size <= 0 || addr - t->addr >= (uint64_t)size)
		return false;
	iq_strbuf_printf(text, "%" PRIx64 " is ", addr);
	if (addr == t->addr)
		iq_strbuf_adds(text, "the task_struct of ");
	else
		iq_strbuf_printf(text, "%" PRIx64 "+%" PRIx64 ", in the task_struct of ", t->addr,
				 addr - t->addr);
	iq_strbuf_printf(text, "%s/%d", t->unreadable ? "??" : t->comm, t->pid);
	return true;
}

/* The frame of a stack that an address is in; NULL: below or outside of all. */
static const struct iq_frame *frame_of(const struct iq_stack *stack, iq_vaddr addr)
{
	const struct iq_frame *found = NULL;

	/* A frame goes from its stack pointer up to the next one's. */
	for (size_t i = 0; i < stack->num_frames && stack->frames[i].sp <= addr; i++)
		found = &stack->frames[i];
	return found;
}

static bool on_stack(struct iq_session *s, iq_vaddr addr, bool verbose, struct iq_strbuf *text)
{
	const struct iq_task *t = iq_tasks(s) ? iq_task_by_stack_addr(s, addr) : NULL;
	const struct iq_stack *stack;
	const struct iq_frame *f;

	if (!t)
		return false;
	iq_strbuf_printf(text, "%" PRIx64 " is on the stack of %" PRIx64 " (%s/%d)", addr, t->addr,
			 t->comm, t->pid);
	stack = iq_task_stack(s, t);
	if (!stack->num_frames)
		return true;
	f = frame_of(stack, addr);
	if (addr < stack->sp)
		iq_strbuf_adds(text, ", in the part that is not in use");
	else if (f && f->sym.name)
		iq_strbuf_printf(text, ", in the frame of %s", f->sym.name);
	if (verbose)
		iq_strbuf_printf(text, ", %" PRIx64 " bytes above its stack pointer %" PRIx64,
				 addr - stack->sp, stack->sp);
	return true;
}

/* What a task points to, and nobody else's search would give a name. */
static bool of_task(struct iq_session *s, iq_vaddr addr, bool verbose, struct iq_strbuf *text)
{
	const struct iq_task_list *list = iq_tasks(s);
	static const struct {
		size_t member;
		const char *name;
	} things[] = {
		{ offsetof(struct iq_task, mm), "mm_struct" },
		{ offsetof(struct iq_task, signal), "signal_struct" },
		{ offsetof(struct iq_task, sighand), "sighand_struct" },
		{ offsetof(struct iq_task, files), "files_struct" },
		{ offsetof(struct iq_task, fs), "fs_struct" },
	};

	(void)verbose;
	for (size_t i = 0; list && i < list->num_tasks; i++) {
		const struct iq_task *t = &list->tasks[i];

		for (size_t k = 0; k < IQ_ARRAY_SIZE(things); k++) {
			iq_vaddr thing;
			int64_t size;
			char type[32];

			memcpy(&thing, (const char *)t + things[k].member, sizeof(thing));
			if (!thing || addr < thing || addr - thing > 4096)
				continue;
			snprintf(type, sizeof(type), "struct %s", things[k].name);
			size = iq_sizeof(s, type);
			if (size <= 0 || addr - thing >= (uint64_t)size)
				continue;
			iq_strbuf_printf(
				text, "%" PRIx64 " is %" PRIx64 "+%" PRIx64 ", the %s of %s/%d",
				addr, thing, addr - thing, things[k].name, t->comm, t->pid);
			return true;
		}
	}
	return false;
}

const struct iq_whatis proc_whatis[] = {
	{ "task", in_task },
	{ "stack", on_stack },
	{ "process", of_task },
	{ 0 },
};
