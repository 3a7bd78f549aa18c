/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a sleeping task to the lock it sleeps on
 */
#ifndef IQ_MODULES_LOCK_WAITER_H
#define IQ_MODULES_LOCK_WAITER_H

#include "inquest/module.h"

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
	iq_vaddr task;	 /* task_struct; 0: already granted, about to run */
	iq_vaddr waiter; /* on that task's stack */
	uint64_t mode;	 /* value of mode_member */
};

struct lock_wait {
	iq_vaddr lock;
	iq_vaddr waiter;	       /* ours */
	uint64_t mode;
	enum iq_certainty certainty;
	const char *found_by;	       /* in words, for the evidence */
	IQ_VEC(struct lock_waiter) queue; /* all who wait, in the order of the queue where that is known */
	size_t self;		       /* our place in queue */
};

/*
 * Find the lock that `task` sleeps on.
 * recorded: the lock that task_struct itself names, 0 if none. False: not found.
 * The queue is the caller's (lock_wait_deinit).
 */
bool lock_wait_find(struct iq_diag *d, const struct lock_kind *kind, const struct iq_task *task,
		    const struct iq_stack *stack, iq_vaddr recorded, struct lock_wait *wait_ret);
void lock_wait_deinit(struct lock_wait *wait);

/* What task_struct.blocked_on or .blocker say; 0 if nothing, or not of this type (0 mutex, 1 semaphore, 2 and 3 rwsem). */
iq_vaddr lock_recorded(struct iq_diag *d, const struct iq_task *task, unsigned type_low, unsigned type_high);

#endif
