/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a sleeping task left on its stack to be woken by
 *
 * The kernel links a sleeper into what it waits for by a small struct on the
 * sleeper's own stack: a wait_queue_entry, a swait_queue, ... Finding it gives
 * the thing. Dead copies of earlier sleeps lie deeper in the stack; they are
 * told apart by their links, which no longer lead back to them.
 *
 * Kernel: include/linux/wait.h, swait.h, completion.h, wait_bit.h, pagemap.h.
 */
#ifndef INQUEST_WAITQ_H
#define INQUEST_WAITQ_H

#include "inquest/task.h"

struct iq_wait_entry {
	iq_vaddr entry; /* struct wait_queue_entry, on the task's stack or in what its stack points
			   to */
	iq_vaddr head;	/* struct wait_queue_head that it is in */
	iq_vaddr func;	/* its wake function */
	uint64_t flags;
};

/*
 * The live wait_queue_entry of a task, nearest to the stack's top, whose wake function has this
 * name (NULL: any). False: there is none.
 */
bool iq_find_wait_entry(struct iq_session *s, const struct iq_task *task,
			const struct iq_stack *stack, const char *func,
			struct iq_wait_entry *entry_ret);

/*
 * What else a task left on its stack and in some list: an object of this type whose member `task`
 * is the task itself, and whose list_head `list` is linked into a ring with others. 0: none.
 */
iq_vaddr iq_find_linked(struct iq_session *s, const struct iq_task *task,
			const struct iq_stack *stack, const char *type, const char *task_member,
			const char *list_member);

/*
 * The completion that a task waits for (the swait_queue on its stack is in it). False: none.
 */
bool iq_find_completion(struct iq_session *s, const struct iq_task *task,
			const struct iq_stack *stack, iq_vaddr *completion_ret);

/*
 * A bit, or a variable, that a task waits for by wait_on_bit(), wait_var_event(): the word and the
 * bit's number; -1: a variable at that address. False: none.
 */
bool iq_find_wait_bit(struct iq_session *s, const struct iq_task *task,
		      const struct iq_stack *stack, iq_vaddr *word_ret, int *bit_ret);

/* A page or folio of which a task waits for a bit (PG_locked 0, PG_writeback: iq_enum_value()).
 * False: none. */
bool iq_find_wait_page(struct iq_session *s, const struct iq_task *task,
		       const struct iq_stack *stack, iq_vaddr *page_ret, int *bit_ret);

/* Is this word on the used part of the stack, or in a register that was recovered? */
bool iq_stack_mentions(const struct iq_stack *stack, uint64_t word);

/* What a kernel thread was started with (kthread_run()'s data); 0: not known, or it is none. */
iq_vaddr iq_kthread_data(struct iq_session *s, const struct iq_task *task);

/*
 * The first pointer p, in the frames' recovered registers from frame `from` outward and then on the
 * stack's words, that `fits`. 0: none.
 */
typedef bool (*iq_fits_fn)(struct iq_session *s, iq_vaddr p, void *ctx);
iq_vaddr iq_stack_search(struct iq_session *s, const struct iq_stack *stack, size_t from,
			 iq_fits_fn fits, void *ctx);

/*
 * Functions in which tasks wait for a page or folio, NULL-terminated: for the `functions` of rules
 * that ask whose page it is.
 */
extern const char *const iq_page_wait_functions[];

#endif
