/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * System V semaphores and message queues, POSIX message queues, eventfd
 *
 * Semaphores. A sleeper's struct sem_queue is on its stack and in a list of the semaphore or, for
 * operations on several at once, of the whole array. Who has a semaphore: a process that took it
 * with SEM_UNDO has an adjustment on record (sem_undo.semadj); else the process whose operation was
 * the last (sem.sempid), unless it waits itself, as consumers of an event do. Where no operation
 * has ever succeeded (sem_otime is 0) nobody can have taken it. Who waits for a semaphore to become
 * zero waits for everybody who counted it up; nothing says who they are. One such is known by its
 * key: the cookies of device mapper, that udev is to count down (udev.c).
 *
 * Message queues. Who sends to a System V queue next nobody knows; a full one waits for its last
 * receiver. A POSIX queue, an eventfd wait for the processes that have it open.
 *
 * Kernel: ipc/sem.c, ipc/msg.c, ipc/mqueue.c, fs/eventfd.c.
 */
#include "inquest/files.h"
#include "inquest/module.h"
#include "inquest/process.h"
#include "inquest/waitq.h"

#include "udev.h"

enum { MAX_RING = 100000, MAX_UNDO = 10000, SEMMSL = 32000 };

/* ---- the sleeper's struct on its stack, and the list that it is in ---- */

static iq_vaddr find_sleeper(const struct iq_sleeper *who, const char *type,
			     const char *task_member, const char *list_member)
{
	return iq_find_linked(who->d->s, who->task, who->stack, type, task_member, list_member);
}

/* The head of a list of sleepers: the one node that is on no task's stack. 0: not found. */
static iq_vaddr ring_head(struct iq_diag *d, iq_vaddr node)
{
	iq_vaddr at = node;

	for (int i = 0; i < MAX_RING; i++) {
		if (!iq_task_by_stack_addr(d->s, at))
			return at;
		if (!iq_peek_u64(d->s, at, &at) || at == node)
			return 0;
	}
	return 0;
}

/* ---- processes that the kernel remembers by struct pid ---- */

static const struct iq_task *task_of_pid(struct iq_diag *d, iq_vaddr pid, int32_t *nr_ret)
{
	const struct iq_task *t;
	uint64_t nr, own;

	*nr_ret = 0;
	if (!pid || !iq_peek_member(d->s, "struct pid", "numbers[0].nr", pid, &nr))
		return NULL;
	*nr_ret = (int32_t)nr;
	t = iq_task_by_pid(d->s, (int32_t)nr);
	/* The number may be another's by now. */
	if (!t || t->exit_state ||
	    !iq_peek_member(d->s, "struct task_struct", "thread_pid", t->addr, &own) || own != pid)
		return NULL;
	return t;
}

/* ---- System V semaphores ---- */

static const char *const sem_functions[] = { "do_semtimedop", "__do_semtimedop", "do_semop", NULL };

struct sem_wait {
	iq_vaddr array, sem;
	uint16_t num;
	int16_t op;
	int64_t id, value;
	uint64_t pid, otime;
};

static bool is_array(struct iq_diag *d, iq_vaddr array, uint16_t num)
{
	uint64_t nsems, id, deleted;

	return iq_is_kernel_ptr(d->s, array) &&
	       iq_peek_member(d->s, "struct sem_array", "sem_nsems", array, &nsems) &&
	       nsems > num && nsems <= SEMMSL &&
	       iq_peek_member(d->s, "struct sem_array", "sem_perm.id", array, &id) &&
	       (int64_t)id >= 0 && id <= INT32_MAX &&
	       iq_peek_member(d->s, "struct sem_array", "sem_perm.deleted", array, &deleted) &&
	       !deleted;
}

/* The list's head is in the array itself, or in one of its semaphores. */
static iq_vaddr array_of_head(struct iq_diag *d, iq_vaddr head, uint16_t num)
{
	static const char *const members[] = { "pending_alter", "pending_const" };
	int64_t sems = iq_offsetof(d->s, "struct sem_array", "sems"),
		size = iq_sizeof(d->s, "struct sem");

	if (sems < 0 || size <= 0)
		return 0;
	for (int i = 0; i < 2; i++) {
		int64_t in_sem = iq_offsetof(d->s, "struct sem", members[i]);
		int64_t in_array = iq_offsetof(d->s, "struct sem_array", members[i]);
		iq_vaddr one = head - (uint64_t)(sems + num * size + in_sem),
			 all = head - (uint64_t)in_array;

		if (in_sem >= 0 && is_array(d, one, num))
			return one;
		if (in_array >= 0 && is_array(d, all, num))
			return all;
	}
	return 0;
}

static bool read_sem_wait(const struct iq_sleeper *who, struct sem_wait *w)
{
	struct iq_diag *d = who->d;
	static const char queue[] = "struct sem_queue";
	iq_vaddr q = find_sleeper(who, queue, "sleeper", "list");
	uint64_t sops, blocking, value, id;
	struct {
		uint16_t num;
		int16_t op, flags;
	} op;

	if (!q || !iq_peek_member(d->s, queue, "sops", q, &sops))
		return false;
	if (iq_peek_member(d->s, queue, "blocking", q, &blocking) &&
	    iq_is_kernel_ptr(d->s, blocking & ~7ULL) && blocking)
		sops = blocking;
	if (!iq_peek(d->s, sops, &op, sizeof(op)))
		return false;
	*w = (struct sem_wait){ .num = op.num, .op = op.op };
	w->array = array_of_head(d, ring_head(d, q + (uint64_t)iq_offsetof(d->s, queue, "list")),
				 op.num);
	if (!w->array)
		return false;
	w->sem = w->array + (uint64_t)iq_offsetof(d->s, "struct sem_array", "sems") +
		 (uint64_t)(op.num * iq_sizeof(d->s, "struct sem"));
	if (!iq_peek_member(d->s, "struct sem", "semval", w->sem, &value) ||
	    !iq_peek_member(d->s, "struct sem", "sempid", w->sem, &w->pid) ||
	    !iq_peek_member(d->s, "struct sem_array", "sem_perm.id", w->array, &id))
		return false;
	iq_peek_member(d->s, "struct sem", "sem_otime", w->sem, &w->otime);
	if (!w->otime)
		iq_peek_member(d->s, "struct sem_array", "sems[0].sem_otime", w->array, &w->otime);
	w->value = (int64_t)value;
	w->id = (int64_t)id;
	return true;
}

/* Does a thread of this process wait for the same semaphore? Then it has not got it. */
static bool waits_too(struct iq_diag *d, const struct iq_task *process, const struct sem_wait *w)
{
	for (size_t i = 0; i < d->tasks->num_tasks; i++) {
		const struct iq_task *t = &d->tasks->tasks[i];
		struct iq_sleeper it = { .d = d };
		struct sem_wait other;

		if (t->tgid != process->tgid || !t->stack || t->on_cpu || t->exit_state)
			continue;
		it.task = t;
		it.stack = iq_task_stack(d->s, t);
		if (iq_stack_find(it.stack, 0, sem_functions) < 0)
			continue;
		if (read_sem_wait(&it, &other) && other.sem == w->sem)
			return true;
	}
	return false;
}

struct undo_search {
	struct iq_diag *d;
	struct iq_wait *wait;
	const struct iq_task *waiter;
	const struct sem_wait *w;
	size_t found;
};

static void add_undo_holder(struct undo_search *x, iq_vaddr undo, iq_vaddr list, int adjust)
{
	for (size_t i = 0; i < x->d->tasks->num_tasks; i++) {
		const struct iq_task *t = &x->d->tasks->tasks[i];
		uint64_t own;

		if (!t->pid || t->kthread || t->exit_state || t->tgid == x->waiter->tgid ||
		    !iq_peek_member(x->d->s, "struct task_struct", "sysvsem.undo_list", t->addr,
				    &own) ||
		    own != list)
			continue;
		iq_diag_process_edges(x->d, &(struct iq_process_edges){
						    .wait = x->wait,
						    .process = t,
						    .via = x->wait->on,
						    .kind = IQ_EDGE_OWNER,
						    .certainty = IQ_PROVEN,
						    .how = "has taken it",
						    .evidence = iq_arena_printf(
							    iq_scratch(x->d->s),
							    "sem_undo at %#" PRIx64
							    " of %s (%d) would give back %d of it",
							    undo, t->comm, t->tgid, adjust) });
		x->found++;
		return;
	}
}

static bool look_at_undo(void *ctx, iq_vaddr node)
{
	struct undo_search *x = ctx;
	iq_vaddr undo = node - (uint64_t)iq_offsetof(x->d->s, "struct sem_undo", "list_id");
	int64_t off = iq_offsetof(x->d->s, "struct sem_undo", "semadj");
	iq_vaddr adjusts = undo + (uint64_t)off;
	uint64_t list;
	int16_t adjust;

	/* An array at its end since v6.10, a pointer before. */
	if (off < 0 || !iq_peek_member(x->d->s, "struct sem_undo", "ulp", undo, &list) || !list)
		return false;
	if (off + 8 <= iq_sizeof(x->d->s, "struct sem_undo") &&
	    !iq_has_member(x->d->s, "struct sem_undo", "semadj[0]") &&
	    !iq_peek_u64(x->d->s, undo + (uint64_t)off, &adjusts))
		return false;
	if (iq_peek(x->d->s, adjusts + 2 * (uint64_t)x->w->num, &adjust, sizeof(adjust)) &&
	    adjust > 0)
		add_undo_holder(x, undo, list, adjust);
	return false;
}

static void judge_gone(struct iq_diag *d, struct iq_wait *wait, const struct sem_wait *w,
		       int32_t pid)
{
	struct iq_verdict *v = iq_object_verdict(
		d->g, wait->on, IQ_CAUSE_TASK_GONE, IQ_LIKELY,
		"%s was taken last by process %d, which has ended and did not give it back",
		wait->on->name, pid);

	if (!v)
		return;
	iq_text_add(
		d->g, &v->evidence,
		"sem.sempid at %#" PRIx64
		" is process %d, which is none of this machine's any more; sem.semval is %" PRId64,
		w->sem, pid, w->value);
	iq_remedy_add(d->g, &v->remedy, IQ_RISK_NONE,
		      iq_arena_printf(d->g->arena, "ipcs -s -i %" PRId64, w->id),
		      "Find out whose semaphore it is: ipcs -s -i %" PRId64, w->id);
	iq_remedy_add(
		d->g, &v->remedy, IQ_RISK_DATA,
		iq_arena_printf(d->g->arena, "ipcrm -s %" PRId64, w->id),
		"Restart the application that uses it; if nobody does any more: ipcrm -s %" PRId64
		", which ends the waiting with an error",
		w->id);
}

/* Somebody else of the array lives who could give it back. */
static bool has_other_user(struct iq_diag *d, const struct sem_wait *w, int32_t waiter)
{
	int64_t sems = iq_offsetof(d->s, "struct sem_array", "sems"),
		size = iq_sizeof(d->s, "struct sem");
	uint64_t nsems = 0, pid;
	int32_t nr;

	iq_peek_member(d->s, "struct sem_array", "sem_nsems", w->array, &nsems);
	for (uint64_t i = 0; i < nsems && i < SEMMSL; i++) {
		const struct iq_task *t;

		if (!iq_peek_member(d->s, "struct sem", "sempid",
				    w->array + (uint64_t)sems + i * (uint64_t)size, &pid))
			continue;
		t = task_of_pid(d, pid, &nr);
		if (t && t->tgid != waiter && !waits_too(d, t, w))
			return true;
	}
	return false;
}

static void add_sem_holders(struct iq_diag *d, struct iq_wait *wait, const struct iq_task *task,
			    const struct sem_wait *w)
{
	int64_t list = iq_offsetof(d->s, "struct sem_array", "list_id");
	struct undo_search x = { .d = d, .wait = wait, .waiter = task, .w = w };
	const struct iq_task *last;
	int32_t nr;

	if (list >= 0)
		iq_error_free(
			iq_list_walk(d->s, w->array + (uint64_t)list, MAX_UNDO, look_at_undo, &x));
	if (x.found || !w->otime || !w->pid)
		return;
	last = task_of_pid(d, w->pid, &nr);
	if (!last && nr) {
		if (!has_other_user(d, w, task->tgid))
			judge_gone(d, wait, w, nr);
		return;
	}
	if (!last || last->tgid == task->tgid || waits_too(d, last, w))
		return;
	iq_diag_process_edges(
		d, &(struct iq_process_edges){
			   .wait = wait,
			   .process = last,
			   .via = wait->on,
			   .kind = IQ_EDGE_OWNER,
			   .certainty = IQ_STRONG,
			   .how = "took it last",
			   .evidence = iq_arena_printf(iq_scratch(d->s),
						       "sem.sempid at %#" PRIx64
						       " is process %d (%s), sem.semval %" PRId64,
						       w->sem, nr, last->comm, w->value) });
}

static struct iq_error *explain_sem(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	struct sem_wait w;
	struct iq_object *on;
	struct iq_wait *wait;
	uint32_t key;
	bool cookie;

	if (!read_sem_wait(who, &w))
		return NULL;
	on = iq_graph_object(d->g, IQ_OBJ_IPC, "ipc:sem:%" PRId64, w.id);
	on->addr = w.array;
	cookie = is_udev_cookie(d, w.array, w.op, &key);
	if (cookie)
		iq_object_name(d->g, on, "udev cookie %#x (System V semaphore set %" PRId64 ")",
			       key, w.id);
	else
		iq_object_name(d->g, on, "System V semaphore set %" PRId64, w.id);
	wait = iq_diag_wait(who, on, IQ_WAIT_LOCK);
	wait->handed_over = true; /* its operation is done by whoever gives */
	wait->any = true;	  /* each thread of the holder can give it back */
	iq_text_add(d->g, &wait->evidence,
		    "its sem_queue asks for %d of semaphore %u at %#" PRIx64
		    ", whose value is %" PRId64,
		    w.op, w.num, w.sem, w.value);
	if (w.op < 0)
		add_sem_holders(d, wait, who->task, &w);
	else if (w.op == 0)
		wait->until = "to become zero";
	if (cookie)
		explain_udev_cookie(d, wait, key);
	if (cookie || (!wait->task->out.num && !on->verdict))
		wait->cls = IQ_WAIT_MESSAGE;
	*wait_ret = wait;
	return NULL;
}

/* ---- System V message queues ---- */

static struct iq_error *explain_msg(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	static const char queue[] = "struct msg_queue";
	bool sends = strstr(who->stack->frames[who->frame].sym.name, "snd");
	const char *type = sends ? "struct msg_sender" : "struct msg_receiver",
		   *list = sends ? "list" : "r_list";
	iq_vaddr own = find_sleeper(who, type, sends ? "tsk" : "r_tsk", list), q;
	uint64_t id, deleted, pid = 0, num = 0;
	const struct iq_task *last;
	struct iq_object *on;
	struct iq_wait *w;
	int32_t nr;

	if (!own)
		return NULL;
	q = ring_head(d, own + (uint64_t)iq_offsetof(d->s, type, list)) -
	    (uint64_t)iq_offsetof(d->s, queue, sends ? "q_senders" : "q_receivers");
	if (!iq_peek_member(d->s, queue, "q_perm.id", q, &id) || (int64_t)id < 0 ||
	    id > INT32_MAX || !iq_peek_member(d->s, queue, "q_perm.deleted", q, &deleted) ||
	    deleted)
		return NULL;
	iq_peek_member(d->s, queue, "q_qnum", q, &num);
	iq_peek_member(d->s, queue, sends ? "q_lrpid" : "q_lspid", q, &pid);
	on = iq_graph_object(d->g, IQ_OBJ_IPC, "ipc:msg:%" PRIu64, id);
	on->addr = q;
	iq_object_name(d->g, on, "System V message queue %" PRIu64, id);
	w = iq_diag_wait(who, on, IQ_WAIT_MESSAGE);
	w->mode = sends ? "write" : "read";
	w->any = true;
	last = task_of_pid(d, pid, &nr);
	iq_text_add(d->g, &w->evidence,
		    "msg_queue at %#" PRIx64 " has %" PRIu64
		    " messages; the last to %s was process %d%s",
		    q, num, sends ? "receive" : "send", nr, nr && !last ? ", which has ended" : "");
	*wait_ret = w;
	/* Anybody may send; room is made by who receives. */
	if (sends && last && last->tgid != who->task->tgid)
		iq_diag_process_edges(
			d, &(struct iq_process_edges){
				   .wait = w,
				   .process = last,
				   .via = on,
				   .kind = IQ_EDGE_SERVES,
				   .certainty = IQ_STRONG,
				   .how = "received from it last",
				   .evidence = iq_arena_printf(iq_scratch(d->s),
							       "msg_queue.q_lrpid of %#" PRIx64
							       " is process %d (%s)",
							       q, nr, last->comm) });
	return NULL;
}

/* ---- what processes have open: POSIX message queues, eventfd ---- */

struct openers {
	struct iq_diag *d;
	struct iq_wait *w;
	const struct iq_task *waiter;
	uint32_t mode;
	int32_t last_tgid;
	const char *how;
};

static bool add_opener(void *ctx, const struct iq_open_file *open)
{
	struct openers *x = ctx;
	bool own = open->task->tgid == x->waiter->tgid;

	/* In its own process a signal handler may serve it, and an eventfd the kernel itself: no
	 * cycle. */
	if (!(open->mode & x->mode) || open->task->tgid == x->last_tgid || own)
		return false;
	x->last_tgid = open->task->tgid;
	iq_diag_process_edges(
		x->d, &(struct iq_process_edges){
			      .wait = x->w,
			      .process = open->task,
			      .via = x->w->on,
			      .kind = IQ_EDGE_SERVES,
			      .certainty = IQ_PROVEN,
			      .how = x->how,
			      .evidence = iq_arena_printf(
				      iq_scratch(x->d->s), "%s (%d) has it open as descriptor %u",
				      open->task->comm, open->task->tgid, open->fd) });
	return false;
}

static bool note_path(void *ctx, const struct iq_open_file *open)
{
	*(iq_vaddr *)ctx = open->file;
	return true;
}

static struct iq_error *explain_mqueue(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	static const char info[] = "struct mqueue_inode_info", entry[] = "struct ext_wait_queue";
	struct openers x = { .d = d, .waiter = who->task, .last_tgid = -1 };
	iq_vaddr own = find_sleeper(who, entry, "task", "list"), head, file = 0;
	int64_t in_entry = iq_offsetof(d->s, entry, "list"),
		inode_at = iq_offsetof(d->s, info, "vfs_inode");
	struct iq_object *on;
	const char *path;
	uint64_t ino;

	if (!own || inode_at < 0)
		return NULL;
	head = ring_head(d, own + (uint64_t)in_entry);
	for (int i = 0; head && i < 2; i++) {
		int64_t off = iq_offsetof(d->s, info, i ? "e_wait_q[1]" : "e_wait_q[0]");
		iq_vaddr inode = head - (uint64_t)(off + in_entry) + (uint64_t)inode_at;

		if (off < 0 || !iq_open_each(d->s, IQ_OPEN_INODE, inode, note_path, &file) ||
		    !iq_peek_member(d->s, "struct inode", "i_ino", inode, &ino))
			continue;
		path = file ? iq_path_of_file(d->s, file) : NULL;
		on = iq_graph_object(d->g, IQ_OBJ_IPC, "ipc:mqueue:%" PRIu64, ino);
		on->addr = inode;
		iq_object_name(d->g, on, "%s message queue %s", i ? "empty" : "full",
			       path ? path : "");
		x.w = iq_diag_wait(who, on, IQ_WAIT_MESSAGE);
		x.w->mode = i ? "read" : "write"; /* SEND 0, RECV 1 */
		x.w->any = true;
		x.mode = i ? IQ_FMODE_WRITE : IQ_FMODE_READ;
		x.how = i ? "could send to it" : "could receive from it";
		iq_text_add(d->g, &x.w->evidence,
			    "its ext_wait_queue is in mqueue_inode_info.e_wait_q[%d] of inode "
			    "%#" PRIx64,
			    i, inode);
		iq_open_each(d->s, IQ_OPEN_INODE, inode, add_opener, &x);
		*wait_ret = x.w;
		return NULL;
	}
	return NULL;
}

static struct iq_error *explain_eventfd(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	struct openers x = {
		.d = d, .waiter = who->task, .last_tgid = -1, .mode = IQ_FMODE_WRITE | IQ_FMODE_READ
	};
	int64_t off = iq_offsetof(d->s, "struct eventfd_ctx", "wqh");
	struct iq_wait_entry entry;
	struct iq_object *on;
	uint64_t id = 0;
	iq_vaddr ctx;
	bool reads;

	if (off < 0 || !iq_find_wait_entry(d->s, who->task, who->stack, NULL, &entry))
		return NULL;
	ctx = entry.head - (uint64_t)off;
	if (!iq_open_each(d->s, IQ_OPEN_PRIVATE, ctx, note_path, &(iq_vaddr){ 0 }) ||
	    !iq_peek_member(d->s, "struct eventfd_ctx", "id", ctx, &id))
		return NULL;
	reads = strstr(who->stack->frames[who->frame].sym.name, "read");
	on = iq_graph_object(d->g, IQ_OBJ_IPC, "ipc:eventfd:%" PRIu64, id);
	on->addr = ctx;
	iq_object_name(d->g, on, "eventfd %" PRIu64, id);
	x.w = iq_diag_wait(who, on, IQ_WAIT_IDLE);
	x.w->mode = reads ? "read" : "write";
	x.w->any = true;
	x.how = reads ? "could signal it" : "could read it";
	iq_text_add(d->g, &x.w->evidence, "it sleeps on eventfd_ctx.wqh of %#" PRIx64, ctx);
	iq_open_each(d->s, IQ_OPEN_PRIVATE, ctx, add_opener, &x);
	*wait_ret = x.w;
	return NULL;
}

static const char *const sem_types[] = { "struct sem_queue", "struct sem_array", "struct sem",
					 NULL };
static const char *const msg_types[] = { "struct msg_queue", "struct msg_receiver",
					 "struct msg_sender", NULL };
static const char *const msg_functions[] = { "do_msgrcv", "do_msgsnd", NULL };
static const char *const mqueue_types[] = { "struct mqueue_inode_info", "struct ext_wait_queue",
					    NULL };
static const char *const mqueue_functions[] = { "wq_sleep", "do_mq_timedreceive", "do_mq_timedsend",
						NULL };
static const char *const eventfd_types[] = { "struct eventfd_ctx", NULL };
static const char *const eventfd_functions[] = { "eventfd_read", "eventfd_write", NULL };

static const struct iq_wait_rule wait_rules[] = {
	{ .name = "sysv-sem",
	  .summary = "a System V semaphore, and the process that took it",
	  .reads = "sem_queue.sleeper, .sops, .list; sem_array.sems, .list_id; sem.sempid, "
		   ".semval, .sem_otime; sem_undo.semadj",
	  .seen = "5.10, 6.1, 6.12, 7.3",
	  .certainty = IQ_PROVEN,
	  .functions = sem_functions,
	  .needs_types = sem_types,
	  .explain = explain_sem },
	{ .name = "sysv-msg",
	  .summary = "a System V message queue, and who received from a full one last",
	  .reads = "msg_receiver, msg_sender; msg_queue.q_perm.id, .q_lrpid, .q_lspid",
	  .seen = "5.10, 6.1, 6.12, 7.3",
	  .certainty = IQ_STRONG,
	  .functions = msg_functions,
	  .needs_types = msg_types,
	  .explain = explain_msg },
	{ .name = "mqueue",
	  .summary = "a POSIX message queue, and who has it open",
	  .reads = "ext_wait_queue; mqueue_inode_info.e_wait_q, .vfs_inode; files_struct",
	  .seen = "5.10, 6.1, 6.12, 7.3",
	  .certainty = IQ_PROVEN,
	  .functions = mqueue_functions,
	  .needs_types = mqueue_types,
	  .explain = explain_mqueue },
	{ .name = "eventfd",
	  .summary = "an eventfd, and who has it open",
	  .reads = "eventfd_ctx.wqh, .id; files_struct",
	  .seen = "5.10, 6.1, 6.12, 6.18, 7.3",
	  .certainty = IQ_PROVEN,
	  .functions = eventfd_functions,
	  .needs_types = eventfd_types,
	  .explain = explain_eventfd },
	{ 0 },
};

const struct iq_module iq_module_ipc = {
	.api = IQ_MODULE_API,
	.name = "ipc",
	.summary = "semaphores, message queues, eventfd",
	.wait_rules = wait_rules,
};
