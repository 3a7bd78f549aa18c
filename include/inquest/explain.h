/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What `why` knows of one task, for the debugger's commands
 *
 * The wait rules are asked about single tasks of the present snapshot, without looks, pauses and
 * verdicts: what a task sleeps on is the same to a command as to `why`. What was found is
 * remembered until the next snapshot.
 */
#ifndef INQUEST_EXPLAIN_H
#define INQUEST_EXPLAIN_H

#include "inquest/task.h"
#include "inquest/wait.h"

/*
 * What a task waits for, by the first rule that knows; its edges (wait->task->out) lead to who
 * holds it. Where no rule knows and it is in D, its object is the kernel function that it sleeps
 * in. NULL: it runs, has ended, has no stack, or sleeps as it likes. Borrowed until the next
 * snapshot.
 */
const struct iq_wait *iq_explain_task(struct iq_session *s, const struct iq_task *task);

/* The place in memory that a task sleeps on. */
struct iq_wchan {
	iq_vaddr addr;	  /* 0: none is known */
	const char *type; /* "struct rw_semaphore", "struct wait_queue_head", ...; NULL */
	const char
		*cls; /* as the report calls it: "rwsem", "vma"; of what is no lock "ipc"; NULL */
	const char *text; /* what it is, in words; NULL where only the address is known */
	const char *mode; /* "read", "write"; NULL */
	enum iq_certainty certainty; /* that it sleeps on it */
};

/*
 * A lock, a completion, else the wait queue that it is in, else the main structure of what its
 * rule says. False: it sleeps on nothing that has an address. Borrowed until the next snapshot.
 */
bool iq_explain_wchan(struct iq_session *s, const struct iq_task *task, struct iq_wchan *wchan_ret);

/* "mmap_lock of process 312 (mapper)": a lock as the rooms name it, else by where it is. Borrowed
 * until the next snapshot; NULL where there are no tasks. */
const char *iq_explain_lock_name(struct iq_session *s, iq_vaddr lock, const char *lock_type);

/*
 * `why` for one task: add what `inquest why PID` prints, with the address and the state of each
 * task and the address of each thing. all: every chain and every step, as --all. Takes new
 * snapshots: what was borrowed from the present one is gone afterwards. IQ_ERR_NOTFOUND: the task
 * has gone.
 */
struct iq_error *iq_why_task(struct iq_session *s, const struct iq_task *task, bool all,
			     struct iq_strbuf *text);

#endif
