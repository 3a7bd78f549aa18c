/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a task sleeps on, whatever it is
 *
 * Rules know what they look for. This is for the sleeps that no rule knows: the kernel has a
 * handful of ways to put a task to sleep, and each links a small struct on the sleeper's stack into
 * what it waits for, or leaves the address of it there.
 */
#ifndef IQ_KERNEL_SLEEP_ON_H
#define IQ_KERNEL_SLEEP_ON_H

#include "inquest/task.h"

enum iq_sleep_kind {
	IQ_ON_NOTHING,	  /* a timer, a loop that looks again, or nothing that could be proved */
	IQ_ON_PAGE,	  /* a bit of a page or folio */
	IQ_ON_BIT,	  /* a bit of a word, by wait_on_bit() */
	IQ_ON_VAR,	  /* a variable, by wait_var_event() */
	IQ_ON_QUEUE,	  /* a wait queue */
	IQ_ON_COMPLETION, /* a completion */
	IQ_ON_LOCK, /* a list of waiters: that of a mutex, an rwsem, a semaphore, an rtmutex */
};

struct iq_sleep_on {
	enum iq_sleep_kind kind;
	iq_vaddr addr; /* the page, the word, the variable, the head of the queue or the list, the
			  completion; 0 where kind is IQ_ON_NOTHING */
	int bit;       /* of a page, of a word */
	bool own;      /* it is on the sleeper's own stack: somebody else was given its address */
};

/* What this task sleeps on, proved by links that lead there and back. */
void iq_sleep_on(struct iq_session *s, const struct iq_task *task, const struct iq_stack *stack,
		 struct iq_sleep_on *on_ret);

/* "a completion", "a wait queue": what to call it. */
const char *iq_sleep_kind_in_words(enum iq_sleep_kind kind);

/*
 * Is this word of a stack a link of a list that goes through it: does the node that it points to
 * point back? Neighbours in a queue have each other's addresses on their stacks, and nothing else
 * to do with each other. at: the address of the word itself.
 */
bool iq_is_list_link(struct iq_session *s, iq_vaddr at, uint64_t word);

#endif
