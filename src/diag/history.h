/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the earlier looks of this run saw
 *
 * Which waits stayed the same, and how much each task has run meanwhile. All times are
 * CLOCK_MONOTONIC's. The history belongs to the engine; nothing here can fail.
 */
#ifndef IQ_DIAG_HISTORY_H
#define IQ_DIAG_HISTORY_H

#include "inquest/module.h"

struct engine;

/* A wait as an earlier look saw it: what has to be the same for it to count. */
struct seen_wait {
	iq_vaddr task;
	uint64_t start_ns, switches, runtime_ns;
	uint64_t key;	   /* hash of the object's id, the mode and the innermost functions */
	uint64_t since_ns; /* the first look that saw it */
	unsigned missed;   /* looks, up to the last one, in which it ran instead */
};

/* A task as the first look saw it, and since. */
struct seen_task {
	uint64_t start_ns, runtime_ns, switches;
	uint64_t first_ns;
	unsigned num_looks, num_on_cpu;
};

struct history {
	IQ_VEC(struct seen_wait) waits;
	struct iq_map wait_of; /* task address -> index in waits */
	IQ_VEC(struct seen_task) tasks;
	struct iq_map task_of; /* task address -> index in tasks */
	/*
	 * Of the time that looks took, the smallest part for which this program had a CPU, in
	 * hundredths: where even we do not get on, others who do not are not stuck by that.
	 */
	unsigned own_share;
};

void iq_history_deinit(struct history *h);

/* The end of a look: say of each wait whether an earlier look saw it too (iq_wait.steady, .stirred,
 * .waited_ms, .lasting), and remember what this one saw. */
void iq_history_add_look(struct engine *e);

/* Since when has this task's wait been seen unchanged? 0: it has none. */
uint64_t iq_history_since(const struct engine *e, const struct iq_task *task);

/* It runs now, but has not done so for most of the time since the first look: it sleeps in between.
 */
bool iq_history_is_poller(const struct engine *e, const struct iq_task *task);

/* CPU time of this program against the time that passed, for own_share. */
struct stopwatch {
	uint64_t wall_ns, cpu_ns;
};

struct stopwatch iq_history_start(void);
void iq_history_stop(struct engine *e, struct stopwatch started);

#endif
