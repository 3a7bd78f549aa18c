/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Locks by their address: what their words say, and who waits for them
 *
 * For the debugger's commands, which are given the address of a lock. (The rules go the other way,
 * from a sleeping task to its lock: waiter.h.)
 */
#ifndef IQ_MODULES_LOCK_QUEUE_H
#define IQ_MODULES_LOCK_QUEUE_H

#include "inquest/module.h"

enum queue_kind {
	QUEUE_MUTEX,
	QUEUE_RWSEM,
	QUEUE_PERCPU_RWSEM,
	QUEUE_SEMAPHORE,
	QUEUE_RTMUTEX,
	QUEUE_COMPLETION,
	QUEUE_WAITQUEUE,
	NUM_QUEUE_KINDS,
};

/* "struct mutex", ...; of this kernel. */
const char *queue_type(struct iq_session *s, enum queue_kind kind);

struct queue_entry {
	iq_vaddr entry; /* the waiter, on its task's stack */
	iq_vaddr task; /* task_struct; 0: none that we know (a callback, a waiter already let in) */
	enum { WAITS, WAITS_TO_READ, WAITS_TO_WRITE } mode;
};

struct queue {
	IQ_VEC(struct queue_entry) list; /* in the order of the queue */
};
void queue_deinit(struct queue *q);

/*
 * All who wait for the lock at this address; bounded. IQ_ERR_CORRUPT: the queue does not close, or
 * leads out of memory: this is no such lock, or it moves.
 */
struct iq_error *queue_read(struct iq_session *s, enum queue_kind kind, iq_vaddr lock,
			    struct queue *queue);

/* ---- the words ---- */

enum { MUTEX_OWNER_FLAGS = 7, RWSEM_OWNER_BITS = 7, RWSEM_READERS_SHIFT = 8 };
enum { RWSEM_LOCKED_BIT = 1, RWSEM_WAITERS_BIT = 2, RWSEM_HANDOFF_BIT = 4 };

struct mutex_words {
	uint64_t word;	/* as read */
	iq_vaddr owner; /* 0: nobody */
	bool waiters, handoff, pickup;
};
bool mutex_words(struct iq_session *s, iq_vaddr lock, struct mutex_words *words_ret);

struct rwsem_words {
	uint64_t count, owner_word;
	bool has_writer;
	uint64_t num_readers; /* 0 with a writer */
	iq_vaddr owner;	      /* the writer; with readers, the last that came by: a hint */
};
bool rwsem_words_of(struct iq_session *s, iq_vaddr lock, struct rwsem_words *words_ret);

/*
 * Could there be such a lock at this address: are its words such as the kernel writes them, its
 * owner a task, its queue's links whole? On success NULL, else why not.
 */
struct iq_error *mutex_is_plausible(struct iq_session *s, iq_vaddr lock);
/*
 * ... and is it more than an owner with zeros behind it, as other things are: has it a list that
 * leads back to it, or waiters?
 */
bool mutex_is_telling(struct iq_session *s, iq_vaddr lock);
struct iq_error *rwsem_is_plausible(struct iq_session *s, iq_vaddr lock);

/* ---- commands ---- */

extern const struct iq_dcmd lock_dcmds[];
extern const struct iq_walker lock_walkers[];
struct iq_error *cmd_findlocks(struct iq_cmd *cmd);
extern const struct iq_opt findlocks_opts[];
extern const char findlocks_help[];

#endif
