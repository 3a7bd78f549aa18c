/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Edges to a process, where any of its threads will do
 *
 * A descriptor, a file lock, a message belong to a process, not to one of its threads. Who waits
 * for a process waits for any of its threads to act.
 */
#ifndef INQUEST_PROCESS_H
#define INQUEST_PROCESS_H

#include "inquest/module.h"

struct iq_process_edges {
	struct iq_wait *wait; /* an `any` wait, where one thread's action ends it */
	const struct iq_task *process;
	/* A thread that is left out, where the process has others (the waiter itself); or NULL. */
	const struct iq_task *except;
	struct iq_object *via; /* or NULL */
	enum iq_edge_kind kind;
	enum iq_certainty certainty;
	const char *how;
	const char *evidence; /* of the first edge; or NULL */
};

/*
 * Edges from the waiting task to every thread of this process (to its leader alone where there are
 * more than 64). Returns how many there are.
 */
size_t iq_diag_process_edges(struct iq_diag *d, const struct iq_process_edges *edges);

/* The command that lets a stopped process go on; in the graph's arena. */
const char *iq_diag_continue(struct iq_diag *d, const struct iq_task *stopped);

#endif
