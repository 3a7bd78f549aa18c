/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inquest/server.h"

#include "inquest/sleep.h"

enum { MAX_THREADS = 256 };

/* A thread asleep so has nothing in hand: it may be of a server that handles its requests
 * elsewhere. */
enum {
	IDLE_SLEEPS = IQ_SLEEP_TIME | IQ_SLEEP_POLL | IQ_SLEEP_RING | IQ_SLEEP_SIGNAL |
		      IQ_SLEEP_FUTEX | IQ_SLEEP_CHILD | IQ_SLEEP_EVENT
};

enum doing { READS, IDLES, BUSY };

struct thread {
	const struct iq_task *task;
	const struct iq_open_file *open;
	enum doing doing;
};

struct threads {
	struct thread list[MAX_THREADS];
	size_t num, by[BUSY + 1];
};

bool iq_servers_add(void *ctx, const struct iq_open_file *open)
{
	struct iq_servers *servers = ctx;

	if (open->task->kthread || open->task->state == 'X')
		return false;
	for (size_t i = 0; i < servers->num; i++)
		if (servers->list[i].task->tgid == open->task->tgid)
			return false;
	servers->list[servers->num++] = *open;
	return servers->num == IQ_MAX_SERVERS;
}

static enum doing look_at(struct iq_diag *d, const struct iq_task *t,
			  const struct iq_request *request)
{
	const struct iq_stack *stack;

	if (t->state != 'S' || t->frozen)
		return BUSY;
	stack = iq_task_stack(d->s, t);
	if (iq_stack_find(stack, 0, request->reads) >= 0)
		return READS;
	return iq_sleep_find(stack, 0, IDLE_SLEEPS) >= 0 ? IDLES : BUSY;
}

/* A thousand clients ask for the same threads. */
static enum doing doing(struct iq_diag *d, const struct iq_task *t,
			const struct iq_request *request)
{
	static const enum doing values[] = { READS, IDLES, BUSY };
	const enum doing *known = iq_diag_recall(d, request->reads, t->addr);

	if (!known) {
		known = &values[look_at(d, t, request)];
		iq_diag_remember(d, request->reads, t->addr, (void *)(uintptr_t)known);
	}
	return *known;
}

static void add_threads(struct iq_diag *d, struct threads *x, const struct iq_open_file *open,
			const struct iq_request *request, const struct iq_task *except)
{
	const struct iq_task *t = open->task, *end = d->tasks->tasks + d->tasks->num_tasks;

	/* The snapshot is sorted by process: its threads stand together. */
	while (t > d->tasks->tasks && t[-1].tgid == open->task->tgid)
		t--;
	for (; t < end && t->tgid == open->task->tgid && x->num < MAX_THREADS; t++) {
		if (t->state == 'Z' || t->state == 'X' || t == except)
			continue;
		x->list[x->num] = (struct thread){ t, open, doing(d, t, request) };
		x->by[x->list[x->num].doing]++;
		x->num++;
	}
}

/* Where some processes wait for new requests, one that does not only inherited the descriptor. */
static void drop_bystanders(struct threads *x)
{
	size_t kept = 0;

	if (!x->by[READS])
		return;
	memset(x->by, 0, sizeof(x->by));
	for (size_t i = 0; i < x->num; i++) {
		bool serves = false;

		for (size_t k = 0; k < x->num && !serves; k++)
			serves = x->list[k].doing == READS &&
				 x->list[k].task->tgid == x->list[i].task->tgid;
		if (serves)
			x->list[kept++] = x->list[i];
	}
	x->num = kept;
	for (size_t i = 0; i < x->num; i++)
		x->by[x->list[i].doing]++;
}

static bool is_candidate(const struct threads *x, const struct iq_request *request,
			 enum doing doing)
{
	/* Somebody waits for requests, and there is one that he has not got yet: any of them. */
	if (!request->taken && x->by[READS])
		return true;
	if (x->by[BUSY])
		return doing == BUSY;
	if (request->taken && x->by[IDLES])
		return doing == IDLES;
	return true;
}

size_t iq_diag_server_edges(struct iq_diag *d, struct iq_wait *w, const struct iq_servers *servers,
			    const struct iq_request *request)
{
	const struct iq_task *waiter = iq_task_by_pid(d->s, (int32_t)w->task->tid);
	struct threads x = { .num = 0 };
	enum iq_certainty certainty;
	size_t num = 0;

	for (size_t i = 0; i < servers->num; i++)
		add_threads(d, &x, &servers->list[i], request, request->taken ? waiter : NULL);
	drop_bystanders(&x);
	for (size_t i = 0; i < x.num; i++)
		num += is_candidate(&x, request, x.list[i].doing);
	certainty = num == x.num ? IQ_PROVEN : num == 1 ? IQ_STRONG : IQ_LIKELY;
	if (request->guessed)
		certainty = IQ_LIKELY;
	for (size_t i = 0; i < x.num; i++) {
		const struct thread *t = &x.list[i];
		struct iq_edge *e;

		if (!is_candidate(&x, request, t->doing))
			continue;
		e = iq_graph_edge(d->g, w->task, iq_diag_task(d, t->task),
				  request->via ? request->via : w->on, IQ_EDGE_SERVES, certainty,
				  "%s", request->how);
		iq_text_add(d->g, &e->evidence, "%s (%d) has descriptor %u open, %s",
			    t->open->task->comm, t->open->task->tgid, t->open->fd, request->what);
		if (num < x.num)
			iq_text_add(
				d->g, &e->evidence, "of %zu threads that have it, %s", x.num,
				num == 1
					? "this one alone is not asleep waiting for something to do"
					: "these are not asleep waiting for something to do");
	}
	return num;
}
