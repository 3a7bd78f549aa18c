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

/*
 * A lock of a process was taken by one of its threads, and which one is not recorded. One that
 * waits for something that it did not choose (another lock, a disk) is likelier to have it in its
 * hands than one that sleeps for its next task.
 */
static bool is_held_up(struct iq_diag *d, const struct iq_task *t)
{
	struct engine *e = engine_of(d);
	const struct iq_wait *w = NULL;

	if (t->state == 'D' || t->state == 'R' || t->state == 'T' || t->state == 't')
		return true;
	/* Its own wait may lead to a process of many threads, and so on. */
	if (t->state != 'S' || e->nested >= MAX_NESTED)
		return false;
	e->nested++;
	w = iq_engine_explain(e, t);
	e->nested--;
	return w && (w->cls == IQ_WAIT_LOCK || w->cls == IQ_WAIT_UNASKED);
}

struct threads {
	const struct iq_task *list[MAX_THREADS];
	size_t num;
};

static void keep_held_up(struct iq_diag *d, struct threads *x)
{
	struct threads kept = { .num = 0 };

	for (size_t i = 0; i < x->num; i++)
		if (is_held_up(d, x->list[i]))
			kept.list[kept.num++] = x->list[i];
	if (kept.num)
		*x = kept;
}

size_t iq_diag_process_edges(struct iq_diag *d, struct iq_wait *w, const struct iq_task *process,
			     const struct iq_task *except, struct iq_object *via,
			     enum iq_edge_kind kind, enum iq_certainty certainty, const char *how,
			     const char *evidence)
{
	const struct iq_task *first = process, *end = d->tasks->tasks + d->tasks->num_tasks;
	struct threads x = { .num = 0 };
	size_t alive = 0, num = 0;

	/* The snapshot is sorted by process: its threads stand together. */
	while (first > d->tasks->tasks && first[-1].tgid == process->tgid)
		first--;
	for (const struct iq_task *t = first; t < end && t->tgid == process->tgid; t++) {
		if (t->state == 'Z' || t->state == 'X' || t == except)
			continue;
		if (alive++ < MAX_THREADS)
			x.list[x.num++] = t;
	}
	if (!alive || alive > MAX_THREADS)
		return add(d, w, process, via, kind, certainty, how, evidence);
	if (alive > 1 && w->cls == IQ_WAIT_LOCK &&
	    (kind == IQ_EDGE_OWNER || kind == IQ_EDGE_MAYBE)) {
		keep_held_up(d, &x);
		if (x.num < alive)
			certainty = IQ_LIKELY;
		if (x.num < alive && x.num > 1)
			kind = IQ_EDGE_MAYBE;
		if (x.num < alive && evidence)
			evidence = iq_arena_printf(iq_scratch(d->s),
						   "%s; of its %zu threads %s held up, the others "
						   "sleep for themselves",
						   evidence, alive,
						   x.num == 1 ? "this one is" : "some are");
	}
	for (size_t i = 0; i < x.num; i++)
		num += add(d, w, x.list[i], via, kind, certainty, how, i ? NULL : evidence);
	return num;
}
