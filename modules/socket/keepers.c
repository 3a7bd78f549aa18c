/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who reads a socket, and who only keeps it
 *
 * Descriptors are inherited and passed on: the service manager keeps each socket that it has passed
 * to a service, a parent those of its children. A process whose threads all sleep for something
 * else, and that has the socket in no epoll instance of its own, keeps it; where somebody else has
 * it who does not look like that, nobody waits for the keeper.
 *
 * Who sleeps in poll, select, epoll or a read for this very socket waits for the other end to
 * speak.
 *
 * Kernel: fs/eventpoll.c (struct epitem), fs/select.c.
 */
#include "socket.h"

enum { MAX_WATCHES = 1 << 14 };

const char *const poll_functions[] = {
	"do_sys_poll", "do_poll", "do_select", "core_sys_select", "ep_poll", "do_epoll_wait", NULL
};

/* Sleeps of a thread that has nothing in hand. */
static const char *const idle_functions[] = { "do_sys_poll",
					      "do_poll",
					      "do_select",
					      "core_sys_select",
					      "ep_poll",
					      "do_epoll_wait",
					      "do_wait",
					      "__do_wait",
					      "futex_wait",
					      "__futex_wait",
					      "futex_wait_queue",
					      "futex_wait_queue_me",
					      "do_sigtimedwait",
					      "sigsuspend",
					      "__do_sys_pause",
					      "hrtimer_nanosleep",
					      "inet_csk_accept",
					      "unix_accept",
					      NULL };

static const char watches_known[1];

const struct watch_list *watches_of(struct iq_diag *d, const struct iq_task *task)
{
	struct watch_list *known = iq_diag_recall(d, watches_known, task->addr);
	_cleanup_free_ struct iq_watch *list = NULL;
	const struct iq_stack *stack;

	if (known)
		return known;
	known = iq_arena_alloc(d->g->arena, sizeof(*known));
	iq_diag_remember(d, watches_known, task->addr, known);
	if (task->state != 'S' || task->unreadable || task->on_cpu || !task->stack)
		return known;
	stack = iq_task_stack(d->s, task);
	if (iq_stack_find(stack, 0, poll_functions) < 0)
		return known;
	list = iq_xcalloc(MAX_WATCHES, sizeof(*list));
	known->num = iq_watches(d->s, task, list, MAX_WATCHES);
	known->whole = known->num <= MAX_WATCHES;
	known->num = IQ_MIN(known->num, (size_t)MAX_WATCHES);
	known->list = iq_arena_alloc(d->g->arena, (known->num + 1) * sizeof(*known->list));
	memcpy(known->list, list, known->num * sizeof(*known->list));
	return known;
}

/* ---- an epoll instance that has it ---- */

struct in_epoll {
	struct iq_diag *d;
	iq_vaddr ops, file;
	struct iq_watch *list; /* room for MAX_WATCHES */
	bool found;
};

static bool look_in_epoll(void *ctx, const struct iq_open_file *open)
{
	struct in_epoll *x = ctx;
	size_t num;

	if (open->f_op != x->ops || !open->private_data)
		return false;
	num = iq_watches_of_epoll(x->d->s, open->private_data, x->list, MAX_WATCHES);
	for (size_t i = 0; i < num && i < MAX_WATCHES && !x->found; i++)
		x->found = x->list[i].file == x->file;
	return x->found;
}

/* Has this process an epoll instance in which the file is? */
static bool is_in_epoll(struct iq_diag *d, const struct iq_open_file *open)
{
	struct in_epoll x = { .d = d,
			      .ops = iq_sym_addr(d->s, "eventpoll_fops"),
			      .file = open->file };

	if (!x.ops)
		return true; /* not to be known: it may */
	x.list = iq_xcalloc(MAX_WATCHES, sizeof(*x.list));
	iq_open_of_task(d->s, open->task, look_in_epoll, &x);
	free(x.list);
	return x.found;
}

/* ---- what the threads of a process do ---- */

static const struct iq_task *first_thread(struct iq_diag *d, const struct iq_task *t)
{
	/* The snapshot is sorted by process: its threads stand together. */
	while (t > d->tasks->tasks && t[-1].tgid == t->tgid)
		t--;
	return t;
}

static bool sleeps_for(struct iq_diag *d, const struct iq_task *t, const struct iq_open_file *open)
{
	const struct watch_list *watches = watches_of(d, t);
	struct iq_wait_entry entry;
	struct sk sk;

	for (size_t i = 0; i < watches->num; i++)
		if (watches->list[i].file == open->file)
			return true;
	return t->state == 'S' && t->stack && !t->on_cpu && !t->unreadable &&
	       is_read_too(d, open->private_data) &&
	       iq_find_wait_entry(d->s, t, iq_task_stack(d->s, t), NULL, &entry) &&
	       sk_of_queue(d, entry.head, &sk) && sk.socket == open->private_data;
}

const struct iq_task *listens_to(struct iq_diag *d, const struct iq_open_file *open)
{
	const struct iq_task *end = d->tasks->tasks + d->tasks->num_tasks;

	for (const struct iq_task *t = first_thread(d, open->task);
	     t < end && t->tgid == open->task->tgid; t++)
		if (!t->frozen && sleeps_for(d, t, open))
			return t;
	return NULL;
}

static bool is_idle(struct iq_diag *d, const struct iq_task *t)
{
	return t->state == 'Z' || t->state == 'X' ||
	       (t->state == 'S' && !t->frozen && !t->on_cpu && t->stack && !t->unreadable &&
		iq_stack_find(iq_task_stack(d->s, t), 0, idle_functions) >= 0);
}

static bool keeps_only(struct iq_diag *d, const struct iq_open_file *open)
{
	const struct iq_task *end = d->tasks->tasks + d->tasks->num_tasks;

	for (const struct iq_task *t = first_thread(d, open->task);
	     t < end && t->tgid == open->task->tgid; t++)
		if (!is_idle(d, t) || sleeps_for(d, t, open))
			return false;
	return !is_in_epoll(d, open);
}

void drop_keepers(struct iq_diag *d, struct iq_servers *servers)
{
	struct iq_servers kept = { .num = 0 };

	if (servers->num < 2)
		return;
	for (size_t i = 0; i < servers->num; i++)
		if (!keeps_only(d, &servers->list[i]))
			kept.list[kept.num++] = servers->list[i];
	if (kept.num)
		*servers = kept;
}
