/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * `why`: from tasks to causes
 *
 * One look takes a snapshot of all tasks, asks the rooms' wait rules about each
 * that sleeps, and then follows what they found: holders that sleep are asked
 * about in turn, objects are handed to the object rules, until nothing new
 * appears. On a live machine there are at least two looks, and only what stayed
 * the same between them counts (looks.c).
 */
#ifndef IQ_DIAG_DIAG_H
#define IQ_DIAG_DIAG_H

#include "inquest/module.h"
#include "kernel/session.h"

struct iq_why_options {
	struct iq_asked asked;	/* their numbers */
	int64_t longer_than_ms; /* the bound of what counts as hanging */
	int64_t max_ms;		/* the budget of the whole */
	const char *without;	/* wait rules that are left out, with commas between; or NULL */
};

struct iq_why {
	struct iq_graph *graph;
	struct iq_asked asked;
	struct iq_causes *causes;
	iq_texts notes; /* freed with it; their text is in the graph's arena */
	size_t num_tasks, num_waiting, num_unexplained, num_inconsistent;
	bool incomplete; /* tasks or stacks could not be read, or it was interrupted: exit status 4
			  */
	uint64_t realtime_ns, boottime_ns; /* of the look; 0: not known */
	unsigned num_looks;
	int64_t longer_than_ms; /* the bound that it was asked with */
};

/*
 * Find out what hangs. IQ_ERR_NOTFOUND: a PID that does not exist. The result is the caller's
 * (iq_why_deinit) and borrows from the session until its next snapshot.
 */
struct iq_error *iq_why(struct iq_session *s, const struct iq_why_options *options,
			struct iq_why *why_ret);
void iq_why_deinit(struct iq_why *why);

#endif
