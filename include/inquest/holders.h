/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who holds a lock that does not record it, as data
 *
 * An rw_semaphore counts its readers and does not name them; a percpu_rw_semaphore forgets its
 * writer. What is known is which functions have such a lock while they sleep. A room says so in a
 * row (struct iq_holder): the lock, the mode, the functions. One search (src/diag/holders.c) goes
 * over all stacks of a look once and answers the rows of every lock from that.
 *
 * A row claims no more than can be read: see enum iq_holder_proof. Rows are constant data of their
 * rooms; what fits() is given lives as long as the look.
 */
#ifndef INQUEST_HOLDERS_H
#define INQUEST_HOLDERS_H

#include "inquest/stack.h"
#include "inquest/task.h"

struct iq_diag;
struct iq_holder;
struct iq_lock_name;
struct iq_wait;

enum iq_hold_mode { IQ_HOLD_READ, IQ_HOLD_WRITE };

/* How far a row can be believed. Whatever else is found is likely at most. */
enum iq_holder_proof {
	/* Who is inside has this very lock: strong where no more are found than hold it. */
	IQ_HOLDER_INSIDE,
	/* Who is inside may have another one: strong where exactly as many are found. */
	IQ_HOLDER_COUNTED,
	/* fits() has read that this task has it: strong, whatever is counted. */
	IQ_HOLDER_RECORDED,
	/* Likely, however well the number fits. */
	IQ_HOLDER_LIKELY,
};

enum iq_fit { IQ_FIT_NO, IQ_FIT_MAYBE, IQ_FIT_YES };

/* A task inside of one of a row's functions, while it is asked whether it holds the lock. */
struct iq_holding {
	const struct iq_holder *row;
	iq_vaddr lock;
	const struct iq_lock_name *name; /* what the lock is: its container */
	const struct iq_task *task;
	const struct iq_stack *stack;
	size_t frame; /* the innermost one of the row's */
	enum iq_fit fit;
	/* fits() may say in a sentence what makes it think so; NULL: that it is inside. */
	const char *said;
};

struct iq_holder {
	/* The lock: a variable of the kernel, or a member as its namer calls it (iq_lock_name). */
	const char *symbol;
	const char *container, *member;
	enum iq_hold_mode mode;
	/* Who sleeps in one of these holds it: NULL-terminated, without compilers' suffixes. Or
	 * in any function of a kernel module. */
	const char *const *functions;
	const char *module;
	/* Lists of functions: with one of them on its stack a task does not count, because it
	 * does not have the lock yet, or not any more. */
	const char *const *outside[4];
	/* Who waits for the lock does not hold it, but where the functions are only entered with
	 * it. */
	bool even_queued;
	enum iq_holder_proof proof;
	const char *how; /* of the edge; NULL: "holds it for read" or "... for write" */
	/* Is it this lock that the task has? NULL: there is only one. */
	enum iq_fit (*fits)(struct iq_diag *d, struct iq_holding *h);
};

/* For fits: the address of the lock, or of what it is a part of, is on the task's stack. */
enum iq_fit iq_holder_on_stack(struct iq_diag *d, struct iq_holding *h);

/* What is asked. */
struct iq_holders_wanted {
	iq_vaddr lock;
	const char *type; /* "struct rw_semaphore" */
	const struct iq_lock_name *name;
	enum iq_hold_mode mode;
	unsigned counted;   /* how many hold it in that mode, 0 where that is not known */
	const char *record; /* what says that they do, in words; NULL: the count of readers */
	bool records_only;  /* nobody has it in that mode yet: the rows are not asked */
	/* Does this task (task_struct) wait for the lock itself? It has the lock's address on its
	 * stack as holders do. NULL where nobody knows. */
	bool (*is_queued)(const void *queue, iq_vaddr task);
	const void *queue;
};

/*
 * Add edges from `wait` to those who hold the lock: what records say (struct iq_holder_rule), then
 * what the rows do. True: that is all of them.
 */
bool iq_diag_find_holders(struct iq_diag *d, struct iq_wait *wait,
			  const struct iq_holders_wanted *wanted);

#endif
