/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Futexes: pthread mutexes and joins
 *
 * The kernel does not know what a futex stands for. The words around it, read
 * from the process's memory, often say:
 *
 *	glibc's mutex	waits with the value 2; 8 bytes on is the owner's thread id
 *	robust mutex	the word itself is the owner's thread id, bit 31 set
 *	pthread_join	a shared wait for the word to change from the thread's id
 *
 * An id counts only if it is a live thread of that process (ids are those of its
 * own pid namespace). That is a good sign, no proof: such a wait is
 * strong at the most. Everything else (condition variables, run-times with their own parking) is a
 * wait for a message from nobody in particular.
 *
 * PI futexes are the lock room's: the kernel records their owners.
 *
 * Kernel: kernel/futex/; user space: glibc nptl (pthread_mutex_t, pthread_join).
 */
#include "inquest/module.h"

enum {
	FUTEX_CMD_MASK = 0x7f,
	FUTEX_PRIVATE = 0x80,
	FUTEX_WAIT = 0,
	FUTEX_WAIT_BITSET = 9,
	GLIBC_CONTENDED = 2,
	FUTEX_WAITERS = 0x80000000,
	FUTEX_TID_MASK = 0x3fffffff,
	SYS_FUTEX = 202,
	MUTEX_TYPE = 3,
	MUTEX_RECURSIVE = 1,
	MUTEX_SHARED = 0x80,
	MUTEX_ELISION = 0x300,
	PID_LIMIT = 1 << 22,
	MAX_USERS = 1 << 20,
};

static const struct iq_task *thread_by_ns_tid(struct iq_diag *d, const struct iq_task *of,
					      uint32_t tid, bool same_process)
{
	for (size_t i = 0; i < d->tasks->num_tasks; i++) {
		const struct iq_task *t = &d->tasks->tasks[i];

		if (t->pid && (uint32_t)t->ns_pid == tid && t->pidns_inum == of->pidns_inum &&
		    t->state != 'Z' && t->state != 'X' && (!same_process || t->tgid == of->tgid))
			return t;
	}
	return NULL;
}

static struct iq_object *futex_object(struct iq_diag *d, const struct iq_task *task, uint64_t uaddr,
				      const char *what)
{
	/* A user address is one lock only together with its process, whose number stands in front
	 * of it. */
	struct iq_object *on = iq_graph_object(d->g, IQ_OBJ_LOCK, "lock:%#x%012" PRIx64,
					       (unsigned)task->tgid, uaddr);
	const struct iq_task *leader = iq_task_by_pid(d->s, task->tgid);

	iq_object_str(d->g, on, "class", "futex");
	iq_object_name(d->g, on, "%s at %#" PRIx64 " of process %d (%s)", what, uaddr, task->tgid,
		       leader ? leader->comm : task->comm);
	return on;
}

static void add_owner(struct iq_diag *d, struct iq_wait *w, const struct iq_task *owner,
		      enum iq_certainty certainty, const char *how, uint64_t addr, uint32_t value)
{
	struct iq_edge *e = iq_graph_edge(d->g, w->task, iq_diag_task(d, owner), w->on,
					  IQ_EDGE_OWNER, certainty, "%s", how);

	iq_text_add(d->g, &e->evidence,
		    "the word at %#" PRIx64
		    " of its memory is %#x: thread %d of this process, which lives",
		    addr, value, owner->ns_pid);
}

/* pthread_mutex_t of glibc on 64 bits */
struct mutex {
	uint32_t lock, count, owner, nusers, kind;
	int16_t spins, elision;
	uint64_t prev, next;
};

/* Many a struct has a word of 2 that somebody waits for; the whole of it has to be a locked mutex.
 */
static bool is_mutex(const struct mutex *m)
{
	bool recursive = (m->kind & MUTEX_TYPE) == MUTEX_RECURSIVE;

	return m->lock == GLIBC_CONTENDED && m->owner && m->owner < PID_LIMIT && m->nusers &&
	       m->nusers < MAX_USERS &&
	       !(m->kind & ~(uint32_t)(MUTEX_TYPE | MUTEX_SHARED | MUTEX_ELISION)) &&
	       recursive == (m->count > 0) && !m->prev && !m->next;
}

/* Can there have been such a thread, begun after the process's first one? */
static bool is_number_of_a_thread(struct iq_diag *d, const struct iq_task *task, uint32_t tid)
{
	const struct iq_task *leader = iq_task_by_pid(d->s, task->tgid);
	iq_vaddr ns = iq_sym_addr(d->s, "init_pid_ns");
	uint64_t next;

	if (!leader)
		return false;
	/* Of other pid namespaces we know only where the numbers began. */
	if (leader->ns_pid != leader->pid || !ns ||
	    !iq_peek_member(d->s, "struct pid_namespace", "idr.idr_next", ns, &next))
		return tid > (uint32_t)leader->ns_pid;
	/* They begin anew some time. */
	if ((uint32_t)next <= (uint32_t)leader->pid)
		return tid > (uint32_t)leader->pid || tid < (uint32_t)next;
	return tid > (uint32_t)leader->pid && tid < (uint32_t)next;
}

static bool explain_mutex(const struct iq_sleeper *who, uint64_t uaddr, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	const struct iq_task *task = who->task;
	const struct iq_task *owner;
	struct iq_verdict *v;
	struct mutex m;
	struct iq_wait *w;
	struct iq_error *err = iq_read_user(d->s, task->mm, uaddr, &m, sizeof(m));

	if (err) {
		iq_error_free(err);
		return false;
	}
	if (!is_mutex(&m))
		return false;
	owner = thread_by_ns_tid(d, task, m.owner, !(m.kind & MUTEX_SHARED));
	if (!owner && !is_number_of_a_thread(d, task, m.owner))
		return false;
	w = iq_diag_wait(who, futex_object(d, task, uaddr, "mutex"), IQ_WAIT_LOCK);
	w->certainty = IQ_STRONG;
	iq_text_add(d->g, &w->evidence,
		    "it waits while the word at %#" PRIx64 " is 2, as glibc's mutexes do", uaddr);
	*wait_ret = w;
	if (owner) {
		add_owner(d, w, owner, IQ_STRONG, "holds it", uaddr + 8, m.owner);
		return true;
	}
	v = iq_object_verdict(d->g, w->on, IQ_CAUSE_TASK_GONE, IQ_LIKELY,
			      "%s was locked by thread %u, which no longer exists", w->on->name,
			      m.owner);
	if (v) {
		iq_text_add(d->g, &v->evidence,
			    "the owner at %#" PRIx64 " is %u, and the process has no such thread",
			    uaddr + 8, m.owner);
		iq_text_add(d->g, &v->remedy,
			    "Restart process %d: nobody is left to unlock the mutex", task->tgid);
	}
	return true;
}

static struct iq_error *explain(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	const struct iq_task *task = who->task;
	const struct iq_stack *stack = who->stack;
	const struct iq_task *owner;
	uint32_t op, value, word;
	struct iq_error *err;
	struct iq_wait *w;
	uint64_t uaddr;

	if (!stack->user.valid || !stack->user.syscall || stack->user.compat ||
	    stack->user.nr != SYS_FUTEX || !task->mm)
		return NULL;
	uaddr = stack->user.args[0];
	op = (uint32_t)stack->user.args[1];
	value = (uint32_t)stack->user.args[2];
	if ((op & FUTEX_CMD_MASK) != FUTEX_WAIT && (op & FUTEX_CMD_MASK) != FUTEX_WAIT_BITSET)
		return NULL;
	err = iq_read_user(d->s, task->mm, uaddr, &word, sizeof(word));
	if (err) {
		iq_error_free(err);
		return NULL;
	}
	if (value == GLIBC_CONTENDED && explain_mutex(who, uaddr, wait_ret))
		return NULL;
	owner = value & FUTEX_WAITERS && (word & FUTEX_TID_MASK) == (value & FUTEX_TID_MASK)
			? thread_by_ns_tid(d, task, value & FUTEX_TID_MASK, false)
			: NULL;
	if (owner) {
		w = iq_diag_wait(who, futex_object(d, task, uaddr, "robust mutex"), IQ_WAIT_LOCK);
		w->certainty = IQ_STRONG;
		add_owner(d, w, owner, IQ_STRONG, "holds it", uaddr, word);
		*wait_ret = w;
		return NULL;
	}
	owner = !(op & FUTEX_PRIVATE) && word == value && value
			? thread_by_ns_tid(d, task, value, true)
			: NULL;
	if (owner && owner != task) {
		w = iq_diag_wait(who, futex_object(d, task, uaddr, "end of a thread"),
				 IQ_WAIT_MESSAGE);
		w->certainty = IQ_STRONG;
		add_owner(d, w, owner, IQ_STRONG, "is the thread that it joins", uaddr, word);
		*wait_ret = w;
	}
	return NULL;
}

static const char *const functions[] = { "futex_wait_queue_me", "futex_wait_queue", "futex_do_wait",
					 "__futex_wait",	"futex_wait",	    NULL };

static const struct iq_wait_rule wait_rules[] = {
	{ .name = "futex",
	  .summary = "mutexes and joins of pthreads, by the words around the futex",
	  .reads = "the process's memory at the futex",
	  .seen = "5.10, 6.1, 6.12, 6.18, 7.3",
	  .certainty = IQ_STRONG,
	  .functions = functions,
	  .explain = explain },
	{ 0 },
};

const struct iq_module iq_module_futex = {
	.api = IQ_MODULE_API,
	.name = "futex",
	.summary = "futexes of user space",
	.wait_rules = wait_rules,
};
