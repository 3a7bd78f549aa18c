/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inquest/process.h"

#include "diag/engine.h"

enum { MAX_THREADS = 64, MAX_NESTED = 32 };

static size_t add(struct iq_diag *d, struct iq_wait *w, const struct iq_task *t,
		  struct iq_object *via, enum iq_edge_kind kind, enum iq_certainty certainty,
		  const char *how, const char *evidence)
{
	struct iq_edge *e =
		iq_graph_edge(d->g, w->task, iq_diag_task(d, t), via, kind, certainty, "%s", how);

	if (evidence)
		iq_text_add(d->g, &e->evidence, "%s", evidence);
	return 1;
}

/* What a thread waits for; NULL: nothing that is known. */
static const struct iq_wait *wait_of(struct iq_diag *d, const struct iq_task *t)
{
	struct engine *e = engine_of(d);
	const struct iq_wait *w;

	/* Its own wait may lead to a process of many threads, and so on. */
	if (t->state != 'S' || e->nested >= MAX_NESTED)
		return NULL;
	e->nested++;
	w = iq_engine_explain(e, t);
	e->nested--;
	return w;
}

static bool is_same_class(const struct iq_object *a, const struct iq_object *b)
{
	const struct iq_attr *x = iq_object_attr(a, "class"), *y = iq_object_attr(b, "class");

	return x && y && x->str && y->str && !strcmp(x->str, y->str);
}

struct threads {
	const struct iq_task *list[MAX_THREADS];
	size_t num;
};

/*
 * A lock of a process was taken by one of its threads, and which one is not recorded. One that
 * waits for another lock of the same kind is the likeliest to have it in its hands: that is how
 * locks taken in two orders meet. Then one that waits for something that it did not choose (another
 * lock, a disk), rather than one that sleeps for its next task. True: they wait for the same kind.
 */
static bool keep_held_up(struct iq_diag *d, const struct iq_object *on, struct threads *x)
{
	struct threads same = { .num = 0 }, held_up = { .num = 0 };

	for (size_t i = 0; i < x->num; i++) {
		const struct iq_task *t = x->list[i];
		const struct iq_wait *w = wait_of(d, t);

		if (w && is_same_class(w->on, on))
			same.list[same.num++] = t;
		if (t->state == 'D' || t->state == 'R' || t->state == 'T' || t->state == 't' ||
		    (w && (w->cls == IQ_WAIT_LOCK || w->cls == IQ_WAIT_UNASKED)))
			held_up.list[held_up.num++] = t;
	}
	if (same.num)
		*x = same;
	else if (held_up.num)
		*x = held_up;
	return same.num > 0;
}

size_t iq_diag_process_edges(struct iq_diag *d, const struct iq_process_edges *edges)
{
	const struct iq_task *process = edges->process, *first = process,
			     *end = d->tasks->tasks + d->tasks->num_tasks;
	struct threads x = { .num = 0 };
	enum iq_edge_kind kind = edges->kind;
	enum iq_certainty certainty = edges->certainty;
	const char *evidence = edges->evidence;
	struct iq_wait *w = edges->wait;
	size_t alive = 0, num = 0;

	/* The snapshot is sorted by process: its threads stand together. */
	while (first > d->tasks->tasks && first[-1].tgid == process->tgid)
		first--;
	for (const struct iq_task *t = first; t < end && t->tgid == process->tgid; t++) {
		if (t->state == 'Z' || t->state == 'X' || t == edges->except)
			continue;
		if (alive++ < MAX_THREADS)
			x.list[x.num++] = t;
	}
	if (!alive || alive > MAX_THREADS)
		return add(d, w, process, edges->via, kind, certainty, edges->how, evidence);
	if (alive > 1 && w->cls == IQ_WAIT_LOCK &&
	    (kind == IQ_EDGE_OWNER || kind == IQ_EDGE_MAYBE)) {
		bool same = keep_held_up(d, w->on, &x);

		if (x.num < alive)
			certainty = IQ_LIKELY;
		if (x.num < alive && x.num > 1)
			kind = IQ_EDGE_MAYBE;
		if (x.num < alive && evidence)
			evidence = iq_arena_printf(
				iq_scratch(d->s), "%s; of its %zu threads %s %s", evidence, alive,
				x.num == 1 ? "this one is" : "some are",
				same ? "waiting for such a lock too"
				     : "held up, the others sleep for themselves");
	}
	for (size_t i = 0; i < x.num; i++)
		num += add(d, w, x.list[i], edges->via, kind, certainty, edges->how,
			   i ? NULL : evidence);
	return num;
}

const char *iq_diag_continue(struct iq_diag *d, const struct iq_task *stopped)
{
	return iq_arena_printf(d->g->arena, "kill -CONT %d", stopped->tgid);
}
