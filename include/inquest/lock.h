/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Kernel locks that sleep: their kinds, what their words say, who waits for them
 *
 * One row a kind (iq_lock_kinds), one reader of a lock's words (iq_lock_read()), one reader of its
 * queue (iq_lock_queue_read()). Whoever speaks of locks, rules as well as commands, stands on
 * these. Completions and wait queues have a row too: they have queues, and nobody holds them.
 *
 * Kinds, their strings and lists of functions are static. A queue is the caller's, who ends it with
 * iq_lock_queue_deinit(). Errors: IQ_ERR_FAULT, the lock cannot be read; IQ_ERR_CORRUPT, what is
 * there is no such lock, or it moves; IQ_ERR_UNSUPPORTED, this kernel's is laid out in an unknown
 * way.
 */
#ifndef INQUEST_LOCK_H
#define INQUEST_LOCK_H

#include "inquest/task.h"

enum iq_lock_id {
	IQ_LOCK_MUTEX,
	IQ_LOCK_RWSEM,
	IQ_LOCK_PERCPU_RWSEM,
	IQ_LOCK_SEMAPHORE,
	IQ_LOCK_RTMUTEX,
	IQ_LOCK_SPINLOCK, /* of PREEMPT_RT, where these two sleep as well */
	IQ_LOCK_RWLOCK,
	IQ_LOCK_COMPLETION,
	IQ_LOCK_WAITQUEUE,
	IQ_NUM_LOCKS,
};

struct iq_lock_kind {
	enum iq_lock_id id;
	const char *cls;      /* "percpu-rwsem": the report's class; NULL: it has none */
	const char *brief;    /* "pcpu_rwsem": a word for a narrow column */
	const char *sobj;     /* "PERCPU_RWSEM": what threads are grouped by; NULL: not by this */
	const char *mdb_sobj; /* "RWLOCK": what mdb calls its like; NULL */
	const char *types[2]; /* "struct mutex"; the newest name first */
	const char *waiter;   /* "struct mutex_waiter" */
	const char *head;     /* in the lock: the list or tree of waiters */
	const char *links[2]; /* in the waiter; the newest name first */
	const char *task;
	const char *mode;     /* in the waiter: which way it wants the lock; NULL */
	uint32_t read_mask;   /* a waiter wants to read if one of these bits is set in `mode` */
	const char *rt_owner; /* PREEMPT_RT: the owner of the rt_mutex that it is made of; NULL */
	const char *rt_readers;
	uint8_t blocker_types;	      /* which types of task_struct.blocker name it, a bit each */
	const char *const *functions; /* in which tasks wait for it, NULL-terminated; NULL */
};

extern const struct iq_lock_kind iq_lock_kinds[IQ_NUM_LOCKS];

/* For the `functions` of rules. */
extern const char *const iq_mutex_functions[];
extern const char *const iq_rwsem_functions[];
extern const char *const iq_semaphore_functions[];

/* The kind of this class, of this type ("struct rw_semaphore"). NULL: none. */
const struct iq_lock_kind *iq_lock_by_class(const char *cls);
const struct iq_lock_kind *iq_lock_by_type(const char *type);

/* "struct mutex": what this kernel calls it. */
const char *iq_lock_type(struct iq_session *s, const struct iq_lock_kind *kind);

/* The same without "struct ". */
const char *iq_lock_type_name(const char *type);

/*
 * On PREEMPT_RT a lock is made of an rt_mutex, that its waiters are in: where in the lock. -1: it
 * is not, or not on this kernel.
 */
int64_t iq_lock_rt_offset(struct iq_session *s, const struct iq_lock_kind *kind);

/* Where in the lock the word is that names its owner; -1: nowhere. */
int64_t iq_lock_owner_offset(struct iq_session *s, const struct iq_lock_kind *kind);

/* ---- words ---- */

struct iq_lock_words {
	uint64_t count;	     /* of a semaphore, completion, readers; block of a percpu one */
	uint64_t owner_word; /* as it was read, with its flags */
	/*
	 * Who has the lock for himself, by the kernel's own record. 0: nobody, or somebody who is
	 * not recorded (`held` tells), or whose name is not there yet.
	 */
	iq_vaddr owner;
	iq_vaddr last; /* who got it last, as reader or from a semaphore, and may have let go */
	uint64_t num_readers; /* of an rw_semaphore; see iq_percpu_rwsem_readers() */
	bool held;	      /* somebody has it for himself, or for write */
	bool draining;	      /* the owner has closed it and waits for the readers inside */
	bool has_waiters, handoff;
	bool pickup; /* the owner was handed it, and has not run yet */
};

/* False: it cannot be read, or is of a kind that has no words that we know. */
bool iq_lock_read(struct iq_session *s, const struct iq_lock_kind *kind, iq_vaddr lock,
		  struct iq_lock_words *words_ret);

/* Readers inside of a percpu_rw_semaphore: the sum over all CPUs. False: one cannot be read. */
bool iq_percpu_rwsem_readers(struct iq_session *s, iq_vaddr lock, uint32_t *num_ret);

/*
 * Could a mutex, an rw_semaphore or a percpu_rw_semaphore be at this address: are its words such as
 * the kernel writes them, its owner a task, the links of its queue whole? IQ_ERR_CORRUPT says why
 * not.
 */
struct iq_error *iq_lock_is_plausible(struct iq_session *s, const struct iq_lock_kind *kind,
				      iq_vaddr lock);

/*
 * Is a plausible mutex more than an owner with zeros behind it, as other things are: has it a list
 * that leads back to it, or waiters?
 */
bool iq_mutex_is_telling(struct iq_session *s, iq_vaddr lock);

/* ---- the queue ---- */

/* IQ_LOCK_WAITS: this kind of lock is not taken for read or for write. */
enum iq_lock_mode { IQ_LOCK_WAITS, IQ_LOCK_READS, IQ_LOCK_WRITES };

struct iq_lock_waiter {
	iq_vaddr waiter; /* struct mutex_waiter, ...: mostly on its task's stack */
	iq_vaddr task;	 /* task_struct; 0: none (a callback, a waiter that was already let in) */
	enum iq_lock_mode mode;
};

struct iq_lock_queue {
	IQ_VEC(struct iq_lock_waiter) list; /* in the order of the queue */
};
void iq_lock_queue_deinit(struct iq_lock_queue *queue);

/* All who wait for the lock at this address; bounded. On an error, those up to it. */
struct iq_error *iq_lock_queue_read(struct iq_session *s, const struct iq_lock_kind *kind,
				    iq_vaddr lock, struct iq_lock_queue *queue);

#endif
