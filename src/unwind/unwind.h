/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Kernel stacks
 *
 * An unwinder belongs to one kernel and remembers what it learned of its code: which ORC entry
 * and which symbol a pc has, and where functions keep their callers' registers. Not for
 * several threads.
 */
#ifndef IQ_UNWIND_UNWIND_H
#define IQ_UNWIND_UNWIND_H

#include "inquest/stack.h"
#include "inquest/util.h"
#include "sym/symtab.h"
#include "target/mem.h"
#include "type/types.h"

struct iq_unwinder;

/*
 * Find the kernel's ORC tables and which of the formats they are in. A kernel without them is no
 * error: its stacks are followed by frame pointers, else searched. Borrows mem, tab and types.
 */
struct iq_error *iq_unwinder_new(struct iq_mem *mem, struct iq_symtab *tab, struct iq_types *types,
				 struct iq_unwinder **u_ret);
void iq_unwinder_free(struct iq_unwinder *u);

/*
 * The ORC tables of a module (struct module.arch: orc_unwind_ip, orc_unwind, num_orcs). orc_ip may
 * be 0 for a module without them: then only its text is made known. IQ_ERR_CORRUPT: the tables
 * cannot be right; the module's text is known all the same. The name is for messages only.
 */
struct iq_error *iq_unwinder_add_module(struct iq_unwinder *u, const char *name, iq_vaddr text,
					uint64_t text_len, iq_vaddr orc_ip, iq_vaddr orc,
					uint32_t num);

struct iq_unwind_start {
	iq_vaddr sp;		    /* task_struct.thread.sp: its switch frame; unused with regs */
	iq_vaddr stack, stack_end;  /* the task's kernel stack; 0: it has none any more */
	const struct iq_regs *regs; /* of a task that runs in a dump, else NULL */
	bool user_task;		    /* not a kernel thread: it has registers of user mode */
};

/*
 * Unwind. Frames and words live in the arena. A stack that cannot be followed is no error: it has
 * the frames up to there, and is not complete; without any, why_none says why.
 */
struct iq_error *iq_unwind(struct iq_unwinder *u, const struct iq_unwind_start *start,
			   struct iq_arena *arena, struct iq_stack *stack_ret);

/*
 * "orc (368123 entries, format of 6.4)", "frame pointers, scan (no ORC tables)": borrowed, for
 * doctor.
 */
const char *iq_unwinder_describe(const struct iq_unwinder *u);

#endif
