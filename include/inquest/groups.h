/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tasks with equal stacks
 *
 * Stacks are equal if they have the same addresses all the way down; those without any are if they
 * say the same reason. What else has to be equal for two tasks to be in one group, the caller says.
 *
 * Groups own their lists only: tasks and stacks are borrowed, and live as long as the snapshot.
 * Nothing here reads memory or can fail.
 */
#ifndef INQUEST_GROUPS_H
#define INQUEST_GROUPS_H

#include "inquest/stack.h"
#include "inquest/util.h"

/* What else is equal in a group. What a caller leaves zero for all tasks is of no account. */
struct iq_alike {
	char state;
	bool on_cpu, complete;
	const char *what; /* compared as a pointer: the same text has to be the same one */
};

struct iq_group {
	const struct iq_stack *stack; /* the first task's */
	struct iq_alike alike;
	IQ_VEC(const struct iq_task *) tasks; /* as they were added; there is one at least */
	const char *text;		      /* the caller's own, NULL at first */
	size_t next;			      /* groups.c: of the same hash, + 1 */
};

struct iq_groups {
	IQ_VEC(struct iq_group) list; /* may be sorted once all tasks have been added */
	struct iq_map by_hash;	      /* groups.c: -> index + 1 of the first */
};

/* Add a task to the group of its equals, or as the first of a new one. */
void iq_groups_add(struct iq_groups *groups, const struct iq_task *task,
		   const struct iq_stack *stack, const struct iq_alike *alike);
void iq_groups_deinit(struct iq_groups *groups);

#endif
