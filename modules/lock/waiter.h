/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a sleeping task to the lock that it sleeps on, and to those who wait with it
 *
 * What is found is remembered, and lives as long as the look. A lock that is not found is no error:
 * the rule was asked about something else, or its memory cannot be read.
 */
#ifndef IQ_MODULES_LOCK_WAITER_H
#define IQ_MODULES_LOCK_WAITER_H

#include "inquest/lock.h"
#include "inquest/module.h"

enum { LOCK_MAX_CANDIDATES = 16 };

struct lock_waiter {
	struct iq_lock_waiter is;
	struct lock_queue *queue; /* that it is in */
};

/* All who wait for one lock. Read once a look, for all of them. */
struct lock_queue {
	iq_vaddr lock;
	enum iq_certainty certainty;
	const char *found_by; /* in words, for the evidence */
	struct lock_waiter *waiters;
	size_t num;
	/* Who may hold it, where nobody records that: see search_holders(). */
	bool searched, too_many;
	size_t num_candidates;
	const struct iq_task *candidates[LOCK_MAX_CANDIDATES];
};

/* This task's entry in the queue of the lock of this kind that it sleeps on. NULL: not found. */
struct lock_waiter *lock_wait_find(const struct iq_sleeper *who, const struct iq_lock_kind *kind);

/* The queue of a lock that was found in another way; empty if it cannot be read. */
struct lock_queue *lock_queue_of(struct iq_diag *d, const struct iq_lock_kind *kind, iq_vaddr lock);

/* Does this task (task_struct) wait in this queue? */
bool lock_queue_has(const struct iq_diag *d, const struct lock_queue *queue, iq_vaddr task);

#endif
