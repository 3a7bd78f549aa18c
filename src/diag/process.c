/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inquest/process.h"

enum { MAX_THREADS = 64 };

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

size_t iq_diag_process_edges(struct iq_diag *d, struct iq_wait *w, const struct iq_task *process,
			     const struct iq_task *except, struct iq_object *via,
			     enum iq_edge_kind kind, enum iq_certainty certainty, const char *how,
			     const char *evidence)
{
	const struct iq_task *first = process;
	size_t alive = 0, num = 0;

	/* The snapshot is sorted by process: its threads stand together. */
	while (first > d->tasks->tasks && first[-1].tgid == process->tgid)
		first--;
	for (const struct iq_task *t = first;
	     t < d->tasks->tasks + d->tasks->num_tasks && t->tgid == process->tgid; t++)
		alive += t->state != 'Z' && t->state != 'X' && t != except;
	if (!alive || alive > MAX_THREADS)
		return add(d, w, process, via, kind, certainty, how, evidence);
	for (const struct iq_task *t = first;
	     t < d->tasks->tasks + d->tasks->num_tasks && t->tgid == process->tgid; t++)
		if (t->state != 'Z' && t->state != 'X' && t != except)
			num += add(d, w, t, via, kind, certainty, how, num ? NULL : evidence);
	return num;
}
