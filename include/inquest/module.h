/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The module interface
 *
 * A room (modules/NAME/NAME.c) offers one `const struct iq_module iq_module_NAME`: tables of what
 * it can explain. Rooms are listed in modules/meson.build, from which the
 * table of all rooms is generated; the order does not matter. Rooms include inquest/ headers
 * only, and do not know each other: what one has to say about another's objects goes through the
 * registries below (lock namers, object rules).
 */
#ifndef INQUEST_MODULE_H
#define INQUEST_MODULE_H

#include "inquest/dcmd.h"
#include "inquest/holders.h"
#include "inquest/path.h"
#include "inquest/session.h"
#include "inquest/stack.h"
#include "inquest/task.h"
#include "inquest/wait.h"

#define IQ_MODULE_API 1

/* What `why` works on: one look at one kernel. */
struct iq_diag {
	struct iq_session *s;
	struct iq_graph *g;
	const struct iq_task_list *tasks;
	int64_t bound_ms; /* what lasts longer than this hangs */
};

/* What a wait rule is asked about: a task that sleeps, and how it came to that. */
struct iq_sleeper {
	struct iq_diag *d;
	const struct iq_task *task;
	const struct iq_stack *stack; /* never NULL; without frames where it is not known */
	size_t frame;		      /* the one whose function called the rule up */
};

/*
 * Who is asked first
 *
 * The order in which rooms are listed decides nothing. Where two rules can be asked about the same
 * (wait rules that list one function; object rules of one type; namers; records of holders) the one
 * of the higher rank is asked first, and of equal ranks the one whose name comes first. The rank is
 * 0 where nothing depends on it: below are rules for the general case, which others know more of;
 * above those for a special case of what others claim too. What is said first stands: a wait that
 * was explained, the name of a lock, a verdict until somebody is more certain. Wait rules that list
 * one function have different ranks, unless each of them can tell what is its own.
 */

/*
 * Explains one kind of wait. Asked for a sleeping task when one of `functions` is on its stack,
 * the innermost frame first; of several rules for the same frame the one of the higher rank.
 */
struct iq_wait_rule {
	const char *name;		/* "mutex", "rwsem" */
	int rank;			/* who is asked first, see above */
	const char *summary;		/* one line: what it recognises */
	const char *reads;		/* which structures and members, for docs/waits.md */
	const char *seen;		/* kernels it was seen on */
	enum iq_certainty certainty;	/* the best it can reach */
	const char *const *functions;	/* NULL-terminated, without compilers' suffixes */
	const char *const *needs_types; /* NULL-terminated or NULL: idle where one is missing */
	/*
	 * Add a wait of the task with its edges to who->d->g and return it in *wait_ret; leave it
	 * NULL where this is not what the rule knows, so that the next one is asked. Errors are
	 * for memory that could not be read: they become a note and the next rule is asked.
	 */
	struct iq_error *(*explain)(const struct iq_sleeper *who, struct iq_wait **wait_ret);
};

/* Explains an object that a wait led to: gives it fields, a verdict, edges to what it depends on.
 */
struct iq_object_rule {
	const char *name;
	int rank; /* whose verdict stands among equally certain ones */
	const char *summary;
	enum iq_object_type type;
	struct iq_error *(*explain)(struct iq_diag *d, struct iq_object *object);
};

/* What a lock is. */
struct iq_lock_name {
	const char *name;	    /* "mmap_lock of process 312 (mapper)"; in the scratch arena */
	struct iq_object *belongs;  /* the object it is a part of (a filesystem), or NULL */
	iq_vaddr container;	    /* the struct it is embedded in, 0 if not known */
	const char *container_type; /* "struct mm_struct", ...; NULL */
	const char *member;	    /* "mmap_lock" */
	enum iq_certainty certainty;
};

/*
 * Names locks by where they are. The stack of the task that waits for it often holds a pointer to
 * the container; `waiter` is NULL where nobody waits. Says true and fills *name_ret if it knows.
 */
struct iq_lock_namer {
	const char *name;
	int rank;
	bool (*identify)(struct iq_diag *d, iq_vaddr lock, const char *lock_type,
			 const struct iq_sleeper *waiter, struct iq_lock_name *name_ret);
};

/*
 * Reads a record of who holds a lock that is not in the lock itself: the state of a frozen
 * filesystem, the transaction of a buffer. Adds edges from `wait` to the holders and says true if
 * it knows them all; else the rows are asked (inquest/holders.h).
 */
struct iq_holder_rule {
	const char *name;
	int rank;
	const char *summary;
	const char *lock_type; /* "struct rw_semaphore" */
	bool (*find)(struct iq_diag *d, struct iq_wait *wait,
		     const struct iq_holders_wanted *wanted);
};

struct iq_module {
	unsigned api; /* IQ_MODULE_API */
	const char *name, *summary;
	const char *const *needs_types; /* NULL-terminated or NULL: the room is idle without them */
	const struct iq_wait_rule
		*wait_rules; /* each table ends with an entry whose name is NULL; or NULL */
	const struct iq_object_rule *object_rules;
	const struct iq_lock_namer *lock_namers;
	const struct iq_holder_rule *holder_rules;
	const struct iq_holder *holders; /* ends with a row that has no functions */
	/*
	 * What others want of a process (its leader is given) that cannot go on, and behind which
	 * nobody is known to hang: "it has Unix socket /run/x, listening". Adds to `wanted`; or
	 * NULL.
	 */
	void (*wanted_of)(struct iq_diag *d, const struct iq_task *process, iq_texts *wanted);
	/*
	 * Nothing is in flight on this disk (struct gendisk). May it owe an answer all the same,
	 * because it is the room's, and I/O for it is kept back where nobody counts it? Asked even
	 * where the room is idle: a disk of its own of which that cannot be read may. Or NULL.
	 */
	bool (*disk_may_owe)(struct iq_session *s, iq_vaddr disk);
	/* For the debugger; each ends with an entry without a name, or is NULL. */
	const struct iq_dcmd *dcmds;
	const struct iq_walker *walkers;
	const struct iq_whatis *whatis;
	const struct iq_global *globals;
};

/*
 * A module built outside of the tree and loaded by ::load offers this one (docs/example-module):
 *
 *	const struct iq_module iq_module = { .api = IQ_MODULE_API, .name = "hello", ... };
 */

/*
 * The rooms of modules/, generated; NULL at the end. Whoever opens a session gives it this list, or
 * another; the engine knows the session's only.
 */
extern const struct iq_module *const iq_all_rooms[];

/* ---- what rooms build graphs with ---- */

/* The object of a task, with the report's fields filled in. */
struct iq_object *iq_diag_task(struct iq_diag *d, const struct iq_task *task);

/* A task that no longer exists, or whose struct cannot be read: comm and uid stay null. */
struct iq_object *iq_diag_task_gone(struct iq_diag *d, int32_t tid, int32_t pid);

/* A lock by address, named by the namers (else by iq_describe_addr()). name_ret may be NULL. */
struct iq_object *iq_diag_lock(struct iq_diag *d, iq_vaddr addr, const char *cls,
			       const char *lock_type, const struct iq_sleeper *waiter,
			       struct iq_lock_name *name_ret);

/* Start the wait of a task (fills in state, time, system call, stack). */
struct iq_wait *iq_diag_wait(const struct iq_sleeper *who, struct iq_object *on,
			     enum iq_wait_class cls);

/* The object of a filesystem (struct super_block), a block device (struct block_device, or a
 * dev_t). */
struct iq_object *iq_diag_filesystem(struct iq_diag *d, iq_vaddr sb);
struct iq_object *iq_diag_device(struct iq_diag *d, uint32_t dev, const char *name);

/*
 * What was found out about something, for the others of this look who ask: a thousand tasks may
 * wait for one lock. What kind of knowledge it is says the address of some static variable; key is
 * usually an address in the target. What is remembered has to live as long as the look:
 * d->g->arena. NULL: nothing is known.
 */
void iq_diag_remember(struct iq_diag *d, const void *kind, uint64_t key, void *value);
void *iq_diag_recall(const struct iq_diag *d, const void *kind, uint64_t key);

/*
 * How a task ran during the looks of this run: in how many of them it was on a CPU, and for how
 * long it ran since the first. In a dump there is one look.
 */
struct iq_ran {
	unsigned num_looks, num_on_cpu;
	uint64_t ran_ns;
};

void iq_diag_ran(struct iq_diag *d, const struct iq_task *task, struct iq_ran *ran_ret);

/* Is it this program, on the machine that it looks at? It runs at each look, and keeps nobody
 * waiting for longer than that. */
bool iq_diag_is_self(struct iq_diag *d, const struct iq_task *task);

/* Something the report's notes should say (once each). */
void iq_diag_note(struct iq_diag *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same of what went wrong, behind a colon. Frees err; NULL does nothing. What contradicts
 * itself (IQ_ERR_CORRUPT) is counted in the report. */
void iq_diag_note_error(struct iq_diag *d, struct iq_error *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
