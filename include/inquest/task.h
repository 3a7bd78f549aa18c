/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tasks: a snapshot of every thread
 *
 * A snapshot is one walk over the kernel's lists of tasks, each task checked. It belongs to the
 * session and is good until the next one is taken: so are its tasks, their stacks, and what else is
 * kept in the scratch arena. A task that cannot be read is in the list, and says so (unreadable).
 */
#ifndef INQUEST_TASK_H
#define INQUEST_TASK_H

#include "inquest/session.h"
#include "inquest/stack.h"

#define IQ_COMM_LEN 16

struct iq_task {
	iq_vaddr addr;	   /* task_struct */
	int32_t pid, tgid; /* thread and process, in the initial pid namespace */
	int32_t ppid;	   /* tgid of real_parent; 0 where there is none */
	int32_t pgid, sid;
	char comm[IQ_COMM_LEN + 1];
	char state;	    /* ps(1)'s letter: R S D T t X Z P I; '?' unknown */
	uint64_t state_raw; /* task_struct.__state */
	uint32_t exit_state;
	uint32_t flags;	 /* PF_* */
	bool kthread;	 /* PF_KTHREAD */
	bool killable;	 /* sleeps uninterruptibly, but fatal signals wake it (TASK_WAKEKILL) */
	bool frozen;	 /* by a cgroup or the suspend freezer */
	bool unreadable; /* the struct could not be read: only addr (and pid) hold */
	uint32_t uid, euid, gid;
	bool uid_known;
	uint32_t cpu;
	bool on_cpu, on_rq;
	uint32_t policy; /* SCHED_* */
	int32_t prio, static_prio, rt_priority;
	uint64_t switches;	     /* nvcsw + nivcsw */
	uint64_t start_ns;	     /* since boot (start_boottime) */
	uint64_t utime_ns, stime_ns; /* as accounted: ticks on most kernels */
	uint64_t runtime_ns;	     /* precisely, user and system together */
	uint64_t dead_runtime_ns;    /* the same of its process's threads that have ended */
	uint64_t exec_start_ns;	     /* the scheduler's clock when it was last accounted */
	int64_t queued_ns; /* how long it has been runnable and not run; -1 where it is not or
			      cannot be known */
	int64_t idle_ns;   /* how long it has not run; -1 where it cannot be known */
	uint32_t ptrace;
	uint64_t jobctl;
	iq_vaddr stack; /* start of its kernel stack; 0: gone */
	iq_vaddr sp;	/* saved stack pointer (thread.sp) */
	iq_vaddr mm, active_mm, signal, sighand, files, fs, nsproxy, cred, cgroups;
	iq_vaddr parent, real_parent, group_leader;
	uint32_t tty_nr; /* device number of the controlling terminal, 0: none */
	char tty[16];	 /* "pts/0", "ttyS0"; "" where none */
	int32_t exit_signal;
	uint64_t min_flt, maj_flt;
	uint32_t num_threads; /* of its process */
	int32_t ns_pid;	      /* its id in its own pid namespace */
	uint32_t pidns_inum;  /* that namespace; 0 where not known */
	uint32_t pidns_level; /* 0: the initial one */
};

struct iq_task_list {
	struct iq_task *tasks; /* sorted by tgid, then pid; idle tasks (pid 0) last, one a CPU */
	size_t num_tasks;      /* with idle tasks */
	size_t num_idle;
	size_t num_unreadable;
	struct iq_error *err; /* why the walk ended early, or NULL; owned by the list */
	uint64_t clock_ns; /* newest rq clock_task of any CPU at the time of the walk; 0: unknown */
	uint64_t boottime_ns;  /* now, on start_ns' clock; 0 where not known */
	uint64_t monotonic_ns; /* now, CLOCK_MONOTONIC; 0 where not known */
	uint64_t realtime_ns;  /* now, wall clock since the epoch; 0 where not known */
};

/*
 * Take a new snapshot of all tasks (drops the former one, the scratch arena and what is cached of
 * live memory). The list belongs to the session, and what is not read by the deadline
 * (CLOCK_MONOTONIC; 0: none) is missing in it. Errors only where not even the first task was found.
 */
struct iq_error *iq_tasks_snapshot(struct iq_session *s, uint64_t deadline_ns,
				   const struct iq_task_list **list_ret);

/* The present snapshot, taken if there is none. NULL if it cannot be. */
const struct iq_task_list *iq_tasks(struct iq_session *s);

/* How long before the snapshot this was (CLOCK_MONOTONIC); -1: not known, that is 0, or later. */
int64_t iq_ms_since(const struct iq_task_list *list, uint64_t monotonic_ns);

/* In the present snapshot, by task_struct address or by id; NULL if there is none such. O(1). */
const struct iq_task *iq_task_by_addr(struct iq_session *s, iq_vaddr addr);
const struct iq_task *iq_task_by_pid(struct iq_session *s, int32_t pid);

/* Read this task again, past the cache. IQ_ERR_CORRUPT: no longer a task of that id. */
struct iq_error *iq_task_reread(struct iq_session *s, const struct iq_task *task,
				struct iq_task *task_ret);

/* The task's stack in this snapshot: unwound when first asked for, then remembered. Never NULL;
 * check why_none. */
const struct iq_stack *iq_task_stack(struct iq_session *s, const struct iq_task *task);

/* How large kernel stacks are, in bytes. */
uint64_t iq_stack_size(struct iq_session *s);

/* The task whose kernel stack addr is on, or NULL. */
const struct iq_task *iq_task_by_stack_addr(struct iq_session *s, iq_vaddr addr);

/*
 * Command line with blanks for NULs, read from its memory by page tables; "[comm]" where it has
 * none or it is not present. In the scratch arena.
 */
const char *iq_task_cmdline(struct iq_session *s, const struct iq_task *task);

/* The tasks of the same process, or with the same mm: iterate the snapshot and compare ->tgid or
 * ->mm. */

/* Name of a system call ("munmap") on the target's machine, or NULL. */
const char *iq_syscall_name(struct iq_session *s, int64_t nr);
/* How many arguments it takes; 6 where that is not known. */
unsigned iq_syscall_num_args(struct iq_session *s, int64_t nr);

#endif
