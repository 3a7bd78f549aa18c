/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The wait-for graph
 *
 * Objects (tasks, locks, filesystems, devices, servers, ...) are nodes. An edge
 * says that one does not go on before the other does; an edge of a task usually
 * leads *through* the lock that it sleeps on (`via`) to who holds it. A wait is
 * what one task says about itself: what it sleeps on, in which mode, and which
 * of its edges belong to it. A verdict is what an object is when nothing further
 * explains it: a frozen filesystem, a stopped task.
 *
 * The graph is pure data. It knows no kernel. Rules fill it (inquest/module.h), iq_graph_settle()
 * adds once what follows from all of it together, iq_graph_causes() reads it, the report prints it.
 * Everything lives in the graph's arena; text given to it is copied.
 */
#ifndef INQUEST_WAIT_H
#define INQUEST_WAIT_H

#include "inquest/error.h"
#include "inquest/types.h"
#include "inquest/util.h"

enum iq_object_type {
	IQ_OBJ_TASK,
	IQ_OBJ_LOCK,
	IQ_OBJ_FILESYSTEM,
	IQ_OBJ_DEVICE,
	IQ_OBJ_POOL,
	IQ_OBJ_SERVER,
	IQ_OBJ_DAEMON,
	IQ_OBJ_IPC,
	IQ_OBJ_CGROUP,
	IQ_OBJ_KERNEL,
	IQ_NUM_OBJ_TYPES,
};

/* The kinds of cause; the report's words for them are in names.h. */
enum iq_cause_kind {
	IQ_CAUSE_UNKNOWN,
	IQ_CAUSE_DEADLOCK,
	IQ_CAUSE_TASK_STOPPED,
	IQ_CAUSE_TASK_TRACED,
	IQ_CAUSE_TASK_FROZEN,
	IQ_CAUSE_TASK_THROTTLED,
	IQ_CAUSE_TASK_RUNNING,
	IQ_CAUSE_TASK_STARVED,
	IQ_CAUSE_TASK_SLEEPING,
	IQ_CAUSE_TASK_GONE,
	IQ_CAUSE_FS_FROZEN,
	IQ_CAUSE_FS_FULL,
	IQ_CAUSE_FS_FAILED,
	IQ_CAUSE_IO_STALLED,
	IQ_CAUSE_DEV_SUSPENDED,
	IQ_CAUSE_DEV_NO_PATH,
	IQ_CAUSE_DEV_RECOVERING,
	IQ_CAUSE_POOL_FULL,
	IQ_CAUSE_POOL_SUSPENDED,
	IQ_CAUSE_POOL_STALLED,
	IQ_CAUSE_NET_UNREACHABLE,
	IQ_CAUSE_DAEMON_UNANSWERED,
	IQ_CAUSE_MEMORY_RECLAIM,
	IQ_CAUSE_MEMORY_LIMIT,
	IQ_CAUSE_WRITEBACK_THROTTLED,
	IQ_CAUSE_KERNEL_STUCK,
	IQ_NUM_CAUSE_KINDS,
};

typedef IQ_VEC(const char *) iq_texts;

/* What doing it may cost. */
enum iq_risk {
	IQ_RISK_NONE, /* it only looks, or is no more than advice */
	IQ_RISK_LOW,  /* it lets go on what was kept; nothing that was written is lost */
	IQ_RISK_DATA, /* work of processes, or data not yet written, is lost */
	IQ_RISK_HIGH, /* it concerns more than what hangs: the machine, all filesystems */
};

struct iq_remedy {
	const char *text;    /* the whole of it, as a person reads it */
	const char *command; /* as typed into a shell, if there is one that needs nothing more; or
				NULL */
	enum iq_risk risk;
};
typedef IQ_VEC(struct iq_remedy) iq_remedies;

/* What an object is if it turns out to be the end of a chain. */
struct iq_verdict {
	enum iq_cause_kind kind;
	enum iq_certainty certainty;
	const char *summary; /* one plain line for an administrator */
	iq_texts evidence;   /* what was read, where, and what it proves */
	iq_remedies remedy;  /* what can be done, the safest first, with exact commands */
	/* Nothing behind this object matters any more, even if it has edges (a complete freeze). */
	bool final;
	/* A task that cannot go on by itself (stopped, traced, frozen, ...): who waits for its
	 * message hangs. */
	bool cannot_go_on;
	/* Of a thing: it explains who waits for it, but a wait for its message is an ordinary one
	 * and hangs nobody. */
	bool ordinary;
};

struct iq_attr {
	const char *key; /* the report's field: "fstype", "frozen", "used_pct" */
	enum { IQ_ATTR_NULL, IQ_ATTR_STR, IQ_ATTR_INT, IQ_ATTR_BOOL, IQ_ATTR_REAL } kind;
	const char *str;
	int64_t num;
	double real;
};

struct iq_object {
	enum iq_object_type type;
	uint32_t index;	  /* place in graph->objects */
	const char *id;	  /* "task:312", "fs:8:1": unique in the graph */
	const char *name; /* in words */
	IQ_VEC(struct iq_attr) attrs;
	struct iq_verdict *verdict; /* or NULL */
	struct iq_wait *wait;	    /* of a task: its wait, or NULL */
	IQ_VEC(struct iq_edge *) out;
	/* Of a task, else 0: the thread; its process, 0 where that is not known; its state as ps
	 * has it, 0 where it has none. */
	int64_t tid, pid;
	bool kthread;
	char state;
	uint64_t addr;	/* its main structure in the target, 0 if it has none; for rules */
	uint64_t aux;	/* for the room that made it */
	bool explained; /* the object rules have seen it */
	/* What can be done about it wherever it stands in a chain; a verdict's remedies are for the
	 * end of one. */
	iq_remedies remedy;
};

enum iq_edge_kind {
	IQ_EDGE_OWNER,	/* holds it */
	IQ_EDGE_QUEUED, /* stands in front of us in the queue */
	IQ_EDGE_MAYBE,	/* one of several candidates */
	IQ_EDGE_SERVES, /* has to answer, or to do the work */
	IQ_EDGE_ON,	/* the thing itself: no holder is known */
};

struct iq_edge {
	struct iq_object *from, *to;
	struct iq_object *via; /* the lock or thing in between, or NULL */
	enum iq_edge_kind kind;
	enum iq_certainty certainty;
	const char *how; /* "holds it for write", "queued in front, to write" */
	/*
	 * Counts for who is blocked and is listed among the holders, but chains are not drawn
	 * along it (a reader behind a queued writer is blocked by the writer first).
	 */
	bool aside;
	iq_texts evidence;
};

/* Why a wait counts as hanging, or does not (the report's rules 1 to 5). */
enum iq_wait_class {
	IQ_WAIT_SLEEP,	 /* any other sleep: hangs only if uninterruptible */
	IQ_WAIT_LOCK,	 /* a lock that somebody holds: hangs in whatever sleep */
	IQ_WAIT_CPU,	 /* runnable and gets no CPU: hangs if somebody waits for it */
	IQ_WAIT_MESSAGE, /* for a message, a child, room in a queue: hangs if whoever could answer
			    cannot go on */
	IQ_WAIT_UNASKED, /* page fault, core dump, exit, exec: hangs in whatever sleep */
	IQ_WAIT_IDLE,	 /* timers, poll, idle kernel threads: never hangs */
};

struct iq_frame_text {
	const char *function; /* NULL where no symbol covers it */
	uint64_t offset, address;
	const char *module; /* or NULL */
};

/* A descriptor that a task waits for by poll, select or epoll. */
struct iq_watch_text {
	int fd;
	const char *what, *events; /* "pipe [123]", "in" */
};

/* iq_wait.rule of a wait that no rule explained, and of which a suspect was found. */
#define IQ_RULE_INFERRED "inferred"

struct iq_wait {
	struct iq_object *task;
	struct iq_object *on; /* the lock or thing it sleeps on; never NULL */
	const char *mode;     /* "read", "write" or NULL */
	const char *rule;     /* the name of the rule that explained it */
	enum iq_wait_class cls;
	bool any; /* one of the edges' ends is enough to end the wait (readers of a pipe) */
	/*
	 * It hangs only behind somebody who hangs for a reason of his own: event loops that wait
	 * for each other in a circle are idle, and no deadlock.
	 */
	bool only_behind;
	enum iq_certainty certainty; /* that it waits on `on` */
	char state;
	bool uninterruptible; /* in D, killable or not */
	bool killable;	      /* SIGKILL ends this sleep, be it in D or not */
	bool doomed;	      /* SIGKILL is on its way already, or the task is exiting: another one
				 changes nothing */
	int64_t waited_ms;    /* -1: not known */
	bool lasting; /* longer than the bound (or not knowable and the state alone counts) */
	iq_texts evidence;
	const char
		*in_words; /* "in a write fault on /data/file", "munmap(0x7f.., 0x1000)"; or NULL */
	const char *until; /* what `on` has to do, where it is not to be had or sent: "to become
			      zero"; or NULL */
	struct {
		bool known;
		int64_t nr;
		const char *name; /* or NULL */
		uint64_t args[6];
		unsigned num_args;
	} syscall;
	const char *call;		      /* the same with its arguments decoded; or NULL */
	IQ_VEC(struct iq_watch_text) watches; /* of poll, select, epoll */
	IQ_VEC(struct iq_frame_text) stack;
	uint64_t key; /* what else tells it from the next one like it; 0: nothing */
	/* Whoever sleeps here is woken only when it has what it wants: a task that ran has left
	 * this wait. */
	bool handed_over;
	bool steady;  /* seen the same by an earlier look of this run */
	bool stirred; /* ... but it ran in between */
	bool hangs;   /* set by iq_graph_settle() */
};

struct iq_graph {
	struct iq_arena *arena;
	IQ_VEC(struct iq_object *) objects;
	IQ_VEC(struct iq_wait *) waits;
	IQ_VEC(struct iq_edge *) edges;
	struct iq_strmap by_id;
};

struct iq_graph *iq_graph_new(void);
void iq_graph_free(struct iq_graph *g);

/*
 * The object with this id, made if there is none; no task. type must agree for the same id. The id
 * is as the report wants it ("lock:0xffff888003a1c0d8": hexadecimal in lower case, no leading
 * zeros).
 */
struct iq_object *iq_graph_object(struct iq_graph *g, enum iq_object_type type, const char *id_fmt,
				  ...) __attribute__((format(printf, 3, 4)));
/* The task with this number: "task:312". */
struct iq_object *iq_graph_task(struct iq_graph *g, int64_t tid);
/* The number of a task's process, as far as it is known. */
static inline int64_t iq_object_pid(const struct iq_object *task)
{
	return task->pid ? task->pid : task->tid;
}
/* The object with this id, or NULL. */
struct iq_object *iq_graph_find(const struct iq_graph *g, const char *id);

/* Name it; an earlier name stays unless it was NULL. */
void iq_object_name(struct iq_graph *g, struct iq_object *o, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Set a field of the object (again: replaces it). */
void iq_object_str(struct iq_graph *g, struct iq_object *o, const char *key,
		   const char *value /* or NULL */);
void iq_object_int(struct iq_graph *g, struct iq_object *o, const char *key, int64_t value);
void iq_object_bool(struct iq_graph *g, struct iq_object *o, const char *key, bool value);
void iq_object_real(struct iq_graph *g, struct iq_object *o, const char *key, double value);
void iq_object_null(struct iq_graph *g, struct iq_object *o, const char *key);
const struct iq_attr *iq_object_attr(const struct iq_object *o, const char *key);

/* What the kernel calls a device ("dm-0"); where that is not known its numbers ("254:16"). */
const char *iq_device_name(const struct iq_object *device);

/*
 * Give it a verdict: the new one, to be filled in, which replaces an earlier one that is less sure
 * or of kind unknown. NULL where one as good stands already, which belongs to who gave it; it is
 * o->verdict.
 */
struct iq_verdict *iq_object_verdict(struct iq_graph *g, struct iq_object *o,
				     enum iq_cause_kind kind, enum iq_certainty certainty,
				     const char *summary_fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* Add a remedy, once. command is copied; NULL: there is none that could be typed as it is. */
void iq_remedy_add(const struct iq_graph *g, iq_remedies *list, enum iq_risk risk,
		   const char *command, const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* Add a line to evidence, notes, ... */
void iq_text_add(const struct iq_graph *g, iq_texts *texts, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* This task's wait: made on the first call, the same one after. on may be set again by a better
 * rule. */
struct iq_wait *iq_graph_wait(struct iq_graph *g, struct iq_object *task, struct iq_object *on,
			      enum iq_wait_class cls);

/*
 * An edge; the same (from, to, via) again returns the first, made surer if this one is. A task's
 * edges to itself are kept (self-deadlock).
 */
struct iq_edge *iq_graph_edge(struct iq_graph *g, struct iq_object *from, struct iq_object *to,
			      struct iq_object *via, enum iq_edge_kind kind,
			      enum iq_certainty certainty, const char *how_fmt, ...)
	__attribute__((format(printf, 7, 8)));

/*
 * Between building and asking: add the edges that follow from others, decide which waits hang, mark
 * what leads nowhere. Again after something was learned (an edge was added, a wait turned out not
 * to last). Of the functions that follow none changes the graph.
 */
void iq_graph_settle(struct iq_graph *g);

/* ---- reading it ---- */

struct iq_cause {
	enum iq_cause_kind kind;
	enum iq_certainty certainty; /* the weakest of the verdict and the chain's edges */
	struct iq_object *root;
	size_t num_alike;  /* more threads of the root's process, of which the same holds */
	int64_t oldest_ms; /* -1: not known */
	IQ_VEC(struct iq_object *) blocked; /* tasks, by tid */
	IQ_VEC(struct iq_object *)
	chain; /* objects, a task first, the root last; the cycle of a deadlock */
	IQ_VEC(struct iq_edge *) chain_edges; /* the edges along it */
	/* In words: said by those who know what may be done (src/diag/words.c). */
	const char *summary;
	iq_texts evidence;
	iq_remedies remedy;
};

struct iq_causes {
	IQ_VEC(struct iq_cause *) list; /* most blocked first */
	size_t num_left_out; /* roots not looked at, because it took too long: for the notes */
};

/*
 * Whom an answer is about: `why PID...`. The command line fills in the numbers, the look the tasks,
 * and the report lists them.
 */
struct iq_asked {
	const int32_t *pids; /* of processes or of threads; borrowed */
	size_t num_pids;     /* 0: nobody in particular, but all that hang */
	IQ_VEC(struct iq_object *) tasks;
};

/*
 * Of a settled graph: find what all waits that hang end at, and rank it. asked: consider these
 * tasks alone as the waiting ones; NULL, or without a number: all. The result lives in the graph's
 * arena.
 *
 * Roots are the sinks of the graph's condensation (Tarjan's strongly connected components) that
 * hanging tasks reach; components of more than one task, or with a self-edge, over edges that are
 * not MAYBE are deadlocks wherever they stand (unless the waits in it are `any` waits with a way
 * out).
 */
struct iq_causes *iq_graph_causes(const struct iq_graph *g, const struct iq_asked *asked);

/* Take the cause at this place out of the list, and free it. */
void iq_causes_remove(struct iq_causes *causes, size_t i);

#endif
