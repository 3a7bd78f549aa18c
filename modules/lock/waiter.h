/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a sleeping task to the lock it sleeps on
 */
#ifndef IQ_MODULES_LOCK_WAITER_H
#define IQ_MODULES_LOCK_WAITER_H

#include "inquest/module.h"

enum { LOCK_MAX_CANDIDATES = 16 };

/* A kind of sleeping lock: how its waiters hang together. */
struct lock_kind {
	const char *cls;	 /* the report's class */
	const char *type;	 /* "struct mutex" */
	const char *waiter_type; /* "struct mutex_waiter" */
	const char *mode_member; /* of the waiter: which way it wants the lock; or NULL */
	/* Does this look like a lock of the kind that somebody waits for? */
	bool (*is_waited_for)(struct iq_diag *d, iq_vaddr lock);
};

struct lock_waiter {
	iq_vaddr task;		  /* task_struct; 0: already granted, about to run */
	iq_vaddr waiter;	  /* on that task's stack */
	uint64_t mode;		  /* value of mode_member */
	struct lock_queue *queue; /* that it is in */
};

/* All who wait for one lock. Found once a look, for all of them. */
struct lock_queue {
	iq_vaddr lock;
	enum iq_certainty certainty;
	const char *found_by;	     /* in words, for the evidence */
	struct lock_waiter *waiters; /* in the order of the queue where that is known */
	size_t num;
	/* Who may hold it, where nobody records that: see search_holders(). */
	bool searched, too_many;
	size_t num_candidates;
	const struct iq_task *candidates[LOCK_MAX_CANDIDATES];
};

/*
 * Find the lock that `task` sleeps on.
 * recorded: the lock that task_struct itself names, 0 if none. NULL: not found.
 * Its own entry in the queue; lives as long as the look.
 */
struct lock_waiter *lock_wait_find(struct iq_diag *d, const struct lock_kind *kind,
				   const struct iq_task *task, const struct iq_stack *stack,
				   iq_vaddr recorded);

/* A queue out of entries that were found in another way; remembers its tasks. */
struct lock_queue *lock_queue_new(struct iq_diag *d, iq_vaddr lock,
				  const struct lock_waiter *waiters, size_t num);

/* Does this task (task_struct) wait in this queue? */
bool lock_queue_has(const struct iq_diag *d, const struct lock_queue *queue, iq_vaddr task);

/* What task_struct.blocked_on or .blocker say; 0 if nothing, or not of this type (0 mutex, 1
 * semaphore, 2 and 3 rwsem). */
iq_vaddr lock_recorded(struct iq_diag *d, const struct iq_task *task, unsigned type_low,
		       unsigned type_high);

#endif
