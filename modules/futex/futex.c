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
 * own pid namespace), or, of a mutex in memory that processes share, one of a process that has the
 * same page of the same file mapped: numbers are given anew, and another process with the number
 * of an owner that has ended is not the owner. That is a good sign, no proof: such a wait is
 * strong at the most. Everything else (condition variables, semaphores, barriers, run-times with
 * their own parking) is a wait for a message from nobody in particular; the words around those do
 * not make a locked mutex.
 *
 * Where nobody has the id, the owner has ended with the mutex locked, and nothing unlocks it. A
 * process that was forked while another thread of its parent had a mutex locked has a copy of it
 * that nobody unlocks either.
 *
 * PI futexes are the lock room's: the kernel records their owners.
 *
 * Kernel: kernel/futex/; user space: glibc nptl (pthread_mutex_t, pthread_join).
 */
#include "inquest/module.h"
#include "inquest/uspace.h"

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
	MUTEX_ROBUST = 0x10,
	MUTEX_SHARED = 0x80,
	MUTEX_ELISION = 0x300,
	PID_LIMIT = 1 << 22,
	MAX_USERS = 1 << 20,
};

/* ---- where a futex lies, and who could have it ---- */

/* In a file that others may have mapped too; inode 0: in the memory of one process. */
struct place {
	iq_vaddr inode;
	uint64_t offset;
};

/* False: its mappings are not known. */
static bool find_place(struct iq_diag *d, const struct iq_task *task, uint64_t uaddr,
		       struct place *place)
{
	const struct iq_vma *vma;
	struct iq_uspace *us;
	struct iq_error *err = iq_uspace_new(d->s, task->mm, &us);
	bool found;

	*place = (struct place){ 0 };
	if (err) {
		iq_error_free(err);
		return false;
	}
	vma = iq_uspace_find(us, uaddr);
	found = vma != NULL;
	if (vma && vma->flags & IQ_VM_SHARED && vma->file) {
		found = iq_peek_member(d->s, "struct file", "f_inode", vma->file, &place->inode);
		place->offset = vma->offset + (uaddr - vma->start);
	}
	iq_uspace_free(us);
	return found;
}

enum mapped { NOT_MAPPED, MAPPED, NOT_KNOWN };

static enum mapped has_mapped(struct iq_diag *d, const struct iq_task *t, const struct place *place)
{
	const struct iq_vma *vmas;
	struct iq_uspace *us;
	struct iq_error *err;
	enum mapped mapped;
	uint64_t inode;
	size_t num;

	if (!t->mm)
		return NOT_MAPPED;
	err = iq_uspace_new(d->s, t->mm, &us);
	if (err) {
		iq_error_free(err);
		return NOT_KNOWN;
	}
	vmas = iq_uspace_vmas(us, &num);
	mapped = num ? NOT_MAPPED : NOT_KNOWN;
	for (size_t i = 0; i < num && mapped != MAPPED; i++) {
		const struct iq_vma *v = &vmas[i];

		if (v->flags & IQ_VM_SHARED && v->file && place->offset >= v->offset &&
		    place->offset - v->offset < v->end - v->start &&
		    iq_peek_member(d->s, "struct file", "f_inode", v->file, &inode) &&
		    inode == place->inode)
			mapped = MAPPED;
	}
	iq_uspace_free(us);
	return mapped;
}

/*
 * The living thread with this number that has the futex in its memory. place NULL: in that of the
 * waiting process alone. known_ret: there is none other, and none of which that cannot be said.
 */
static const struct iq_task *find_owner(struct iq_diag *d, const struct iq_task *of,
					const struct place *place, uint32_t tid, bool *known_ret)
{
	bool known = true;

	for (size_t i = 0; i < d->tasks->num_tasks; i++) {
		const struct iq_task *t = &d->tasks->tasks[i];
		enum mapped mapped;

		/* What it calls itself is its number in its own namespace. */
		if (!t->pid || (uint32_t)t->ns_pid != tid || t->state == 'Z' || t->state == 'X' ||
		    t->kthread)
			continue;
		mapped = t->mm == of->mm ? MAPPED : place ? has_mapped(d, t, place) : NOT_MAPPED;
		if (mapped == MAPPED) {
			*known_ret = true;
			return t;
		}
		known = known && mapped == NOT_MAPPED;
	}
	/* A task that could not be read may be the one. */
	*known_ret = known && !d->tasks->num_unreadable && !d->tasks->err;
	return NULL;
}

static struct iq_object *futex_object(struct iq_diag *d, const struct iq_task *task, uint64_t uaddr,
				      const struct place *place, const char *what)
{
	const struct iq_task *leader = iq_task_by_pid(d->s, task->tgid);
	struct iq_error *err;
	struct iq_object *on;
	iq_paddr pa = 0;

	if (place && place->inode) {
		err = iq_vtop(d->s, task->mm, uaddr, &pa);
		if (err)
			pa = 0;
		iq_error_free(err);
	}
	/* A user address is one lock only together with its process, whose number stands in front
	 * of it. What processes share is in one place in memory. */
	on = pa ? iq_graph_object(d->g, IQ_OBJ_LOCK, "lock:%#" PRIx64, (uint64_t)pa)
		: iq_graph_object(d->g, IQ_OBJ_LOCK, "lock:%#x%012" PRIx64, (unsigned)task->tgid,
				  uaddr);
	iq_object_str(d->g, on, "class", "futex");
	iq_object_name(d->g, on, "%s at %#" PRIx64 " of process %d (%s)%s", what, uaddr, task->tgid,
		       leader ? leader->comm : task->comm, pa ? ", which processes share" : "");
	return on;
}

static void add_owner(struct iq_diag *d, struct iq_wait *w, const struct iq_task *owner,
		      enum iq_certainty certainty, const char *how, uint64_t addr, uint32_t value)
{
	struct iq_edge *e = iq_graph_edge(d->g, w->task, iq_diag_task(d, owner), w->on,
					  IQ_EDGE_OWNER, certainty, "%s", how);

	iq_text_add(d->g, &e->evidence,
		    "the word at %#" PRIx64 " of its memory is %#x: thread %d of %s, which lives",
		    addr, value, owner->ns_pid,
		    owner->mm && (int64_t)owner->tgid == iq_object_pid(w->task)
			    ? "this process"
			    : iq_arena_printf(iq_scratch(d->s), "process %d, which has it mapped",
					      owner->tgid));
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

/* Did the process get its copy of the mutex when it was forked by this one? */
static const struct iq_task *thread_of_parent(struct iq_diag *d, const struct iq_task *task,
					      uint32_t tid)
{
	const struct iq_task *t;
	bool known;

	for (size_t i = 0; i < d->tasks->num_tasks; i++) {
		t = &d->tasks->tasks[i];
		if (t->pid && t->tgid == task->ppid && t->pidns_inum == task->pidns_inum && t->mm)
			return find_owner(d, t, NULL, tid, &known);
	}
	return NULL;
}

struct lock {
	uint64_t uaddr;
	uint32_t op, word, value;
	struct mutex m;
	bool is_whole; /* m could be read */
	struct place place;
};

static void judge_gone(struct iq_diag *d, struct iq_wait *w, const struct iq_task *task,
		       const struct lock *l, uint32_t tid, enum iq_certainty certainty,
		       const struct iq_task *forked_from)
{
	struct iq_verdict *v =
		forked_from
			? iq_object_verdict(
				  d->g, w->on, IQ_CAUSE_TASK_GONE, certainty,
				  "%s was locked by thread %u of its parent (%s) when it was "
				  "forked, and none of its own threads has it",
				  w->on->name, tid, forked_from->comm)
			: iq_object_verdict(d->g, w->on, IQ_CAUSE_TASK_GONE, certainty,
					    "%s was locked by thread %u, which no longer exists",
					    w->on->name, tid);

	if (!v)
		return;
	iq_text_add(d->g, &v->evidence, "the owner at %#" PRIx64 " is %u, and %s", l->uaddr + 8,
		    tid,
		    l->place.inode ? "no living thread with that number has this memory mapped"
				   : "the process has no such thread");
	if (l->place.inode)
		iq_remedy_add(
			d->g, &v->remedy, IQ_RISK_DATA, NULL,
			"Restart the whole application, all processes that share the mutex: "
			"nobody is left to unlock it; where it lies in a file that is kept (in "
			"/dev/shm), that has to be made anew");
	else
		iq_remedy_add(d->g, &v->remedy, IQ_RISK_DATA, NULL,
			      "Restart process %d: nobody is left to unlock the mutex", task->tgid);
}

static bool explain_mutex(const struct iq_sleeper *who, struct lock *l, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	const struct iq_task *task = who->task, *owner, *parent = NULL;
	const struct mutex *m = &l->m;
	bool shared = m->kind & MUTEX_SHARED, known;
	struct iq_wait *w;

	/* glibc waits privately for what is not to be shared. */
	if (!is_mutex(m) || shared != !(l->op & FUTEX_PRIVATE) ||
	    (shared && !find_place(d, task, l->uaddr, &l->place)))
		return false;
	owner = find_owner(d, task, l->place.inode ? &l->place : NULL, m->owner, &known);
	if (!owner && !known)
		return false;
	if (!owner && !l->place.inode && !is_number_of_a_thread(d, task, m->owner)) {
		parent = thread_of_parent(d, task, m->owner);
		if (!parent)
			return false;
	}
	w = iq_diag_wait(who, futex_object(d, task, l->uaddr, &l->place, "mutex"), IQ_WAIT_LOCK);
	w->certainty = IQ_STRONG;
	iq_text_add(d->g, &w->evidence,
		    "it waits while the word at %#" PRIx64 " is 2, as glibc's mutexes do",
		    l->uaddr);
	*wait_ret = w;
	if (owner)
		add_owner(d, w, owner, IQ_STRONG, "holds it", l->uaddr + 8, m->owner);
	else
		judge_gone(d, w, task, l, m->owner, IQ_LIKELY, parent);
	return true;
}

/* The word itself names the owner, and glibc's robust mutexes name him once more. */
static bool is_robust(const struct lock *l)
{
	return l->is_whole && l->m.kind & MUTEX_ROBUST && l->m.owner &&
	       l->m.owner == (l->word & FUTEX_TID_MASK) &&
	       !(l->m.kind & ~(uint32_t)(MUTEX_TYPE | MUTEX_ROBUST | MUTEX_SHARED)) &&
	       !(l->m.kind & MUTEX_SHARED) == !!(l->op & FUTEX_PRIVATE);
}

static bool explain_robust(const struct iq_sleeper *who, struct lock *l, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	const struct iq_task *task = who->task, *owner;
	uint32_t tid = l->word & FUTEX_TID_MASK;
	bool known;
	struct iq_wait *w;

	if (!(l->value & FUTEX_WAITERS) || !tid || tid != (l->value & FUTEX_TID_MASK) ||
	    (!(l->op & FUTEX_PRIVATE) && !find_place(d, task, l->uaddr, &l->place)))
		return false;
	owner = find_owner(d, task, l->place.inode ? &l->place : NULL, tid, &known);
	if (!owner && !(known && is_robust(l)))
		return false;
	w = iq_diag_wait(who, futex_object(d, task, l->uaddr, &l->place, "robust mutex"),
			 IQ_WAIT_LOCK);
	w->certainty = IQ_STRONG;
	*wait_ret = w;
	if (owner)
		add_owner(d, w, owner, IQ_STRONG, "holds it", l->uaddr, l->word);
	else
		judge_gone(d, w, task, l, tid, IQ_STRONG, NULL);
	return true;
}

static void explain_join(const struct iq_sleeper *who, const struct lock *l,
			 struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	const struct iq_task *owner;
	struct iq_wait *w;
	bool known;

	if (l->op & FUTEX_PRIVATE || l->word != l->value || !l->value)
		return;
	owner = find_owner(d, who->task, NULL, l->value, &known);
	if (!owner || owner == who->task || owner->tgid != who->task->tgid)
		return;
	w = iq_diag_wait(who, futex_object(d, who->task, l->uaddr, NULL, "end of a thread"),
			 IQ_WAIT_MESSAGE);
	w->certainty = IQ_STRONG;
	add_owner(d, w, owner, IQ_STRONG, "is the thread that it joins", l->uaddr, l->word);
	*wait_ret = w;
}

static struct iq_error *explain(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	const struct iq_user_regs *user = &who->stack->user;
	struct lock l;
	struct iq_error *err;
	uint32_t cmd;

	if (!user->valid || !user->syscall || user->compat || user->nr != SYS_FUTEX ||
	    !who->task->mm)
		return NULL;
	l = (struct lock){ .uaddr = user->args[0],
			   .op = (uint32_t)user->args[1],
			   .value = (uint32_t)user->args[2] };
	cmd = l.op & FUTEX_CMD_MASK;
	if (cmd != FUTEX_WAIT && cmd != FUTEX_WAIT_BITSET)
		return NULL;
	err = iq_read_user(d->s, who->task->mm, l.uaddr, &l.word, sizeof(l.word));
	if (err) {
		iq_error_free(err);
		return NULL;
	}
	err = iq_read_user(d->s, who->task->mm, l.uaddr, &l.m, sizeof(l.m));
	l.is_whole = !err;
	iq_error_free(err);
	if (l.is_whole && l.value == GLIBC_CONTENDED && explain_mutex(who, &l, wait_ret))
		return NULL;
	if (explain_robust(who, &l, wait_ret))
		return NULL;
	explain_join(who, &l, wait_ret);
	return NULL;
}

static const char *const functions[] = { "futex_wait_queue_me", "futex_wait_queue", "futex_do_wait",
					 "__futex_wait",	"futex_wait",	    NULL };

static const struct iq_wait_rule wait_rules[] = {
	{ .name = "futex",
	  .summary = "mutexes and joins of pthreads, by the words around the futex",
	  .reads = "the process's memory at the futex; vm_area_struct, file.f_inode of those who "
		   "share it",
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
