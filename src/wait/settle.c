/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Settling: what follows from what the rules said
 *
 * Rules say what they know, each for its own wait. Here the rest is added that follows from all of
 * it together, it is decided which waits hang, and what would lead a search astray is marked.
 *
 * This is the one step that changes the graph. It leaves a view (the graph as arrays, with its
 * marks), and every question is answered from that view without changing anything: asked twice, the
 * same answer. Settling a settled graph again changes nothing either, unless somebody has learned
 * more in between.
 */
#include "wait/graph.h"

static const struct iq_object *object(const struct view *v, uint32_t node)
{
	return v->g->objects.data[node];
}

static bool leads_somewhere(const struct iq_object *o)
{
	return o->verdict || o->out.num;
}

/*
 * What one waiter knows of a lock's holders is true for all of them: those who know nobody reach
 * them through the lock.
 */
static void share_holders(struct iq_graph *g, size_t num_edges)
{
	_cleanup_free_ uint8_t *is_end = iq_xcalloc(g->objects.num, 1);

	for (size_t i = num_edges; i < g->edges.num; i++)
		is_end[g->edges.data[i]->to->index] = true;
	for (size_t i = 0; i < num_edges; i++) {
		struct iq_edge *e = g->edges.data[i];

		/* Who has closed it and waits for it to become empty does not wait for himself. */
		if (e->to->wait && e->to->wait->on == e->via)
			continue;
		if (e->via && is_end[e->via->index] && e->to != e->via &&
		    (e->kind == IQ_EDGE_OWNER || e->kind == IQ_EDGE_MAYBE))
			iq_graph_edge(g, e->via, e->to, NULL, e->kind, e->certainty, "%s", e->how);
	}
}

/* Every wait shall have an edge, and every task with an edge a wait: it is what the report shows.
 */
static void complete(struct iq_graph *g)
{
	size_t num_edges = g->edges.num;

	/* What is final ends a chain also where a rule looked through it; view_init() drops the
	 * rest. */
	for (size_t i = 0; i < num_edges; i++) {
		struct iq_edge *e = g->edges.data[i];

		if (e->via && e->via != e->from && is_final(e->via))
			iq_graph_edge(g, e->from, e->via, NULL, IQ_EDGE_ON, e->certainty,
				      "waits for it");
	}

	for (size_t i = 0; i < num_edges; i++) {
		struct iq_edge *e = g->edges.data[i];

		if (e->from->type == IQ_OBJ_TASK && !e->from->wait) {
			struct iq_wait *w =
				iq_graph_wait(g, e->from, e->via ? e->via : e->to, IQ_WAIT_SLEEP);

			w->certainty = e->certainty;
			w->state = '?';
		}
	}
	iq_vec_foreach(&g->waits, p) {
		struct iq_wait *w = *p;

		if (w->task->out.num || w->on == w->task || w->cls == IQ_WAIT_IDLE)
			continue;
		if (w->cls == IQ_WAIT_MESSAGE && !w->uninterruptible && !leads_somewhere(w->on))
			continue;
		iq_graph_edge(g, w->task, w->on, NULL, IQ_EDGE_ON, w->certainty, "waits for it");
	}
	share_holders(g, num_edges);
}

/* An ordinary wait that more than one could end. */
static bool blames_nobody(const struct view *v, const struct iq_wait *w)
{
	uint32_t node = w->task->index, first = NO_ARC;

	if (w->hangs || (w->cls != IQ_WAIT_MESSAGE && w->cls != IQ_WAIT_IDLE))
		return false;
	view_foreach_out(v, node, a) {
		if (v->arcs[a].to == node)
			continue;
		if (first != NO_ARC && v->arcs[a].to != first)
			return true;
		first = v->arcs[a].to;
	}
	return false;
}

/* Mark the arcs of ordinary waits that several could end. After wait_hangs(). */
static void soften(struct view *v)
{
	iq_vec_foreach(&v->g->waits, p)
		if (blames_nobody(v, *p))
			view_foreach_out(v, (*p)->task->index, a)
				v->arcs[a].flags |= ARC_SOFT;
}

static bool is_place(const struct view *v, uint32_t node)
{
	if (object(v, node)->type != IQ_OBJ_KERNEL)
		return false;
	view_foreach_in(v, node, a) {
		const struct iq_wait *w = object(v, v->arcs[a].from)->wait;

		if (v->arcs[a].edge->kind != IQ_EDGE_ON || (w && wait_is_explained(w)))
			return false;
	}
	return true;
}

static bool has_way_on(const struct view *v, uint32_t node)
{
	view_foreach_out(v, node, a)
		if (!(v->arcs[a].flags & ARC_DROPPED) && v->arcs[a].to != node)
			return true;
	return false;
}

/*
 * Drop what leads to a thing that explains nothing: a place, or one that a single task waits for.
 * What stood in front of it may be such a thing then.
 */
static void drop_dead_ends(struct view *v)
{
	_cleanup_free_ uint32_t *todo = iq_xcalloc(v->num_nodes, sizeof(*todo));
	_cleanup_free_ uint8_t *done = iq_xcalloc(v->num_nodes, 1);
	size_t num = 0;

	for (uint32_t i = 0; i < v->num_nodes; i++)
		if (object(v, i)->type != IQ_OBJ_TASK && !object(v, i)->verdict &&
		    !has_way_on(v, i))
			todo[num++] = i;
	while (num) {
		uint32_t node = todo[--num];

		if (done[node] || (!is_place(v, node) && view_num_waiters(v, node, 2) > 1))
			continue;
		done[node] = true;
		view_foreach_in(v, node, a) {
			uint32_t from = v->arcs[a].from;

			v->arcs[a].flags |= ARC_DROPPED;
			if (object(v, from)->type != IQ_OBJ_TASK && !object(v, from)->verdict &&
			    !done[from] && !has_way_on(v, from))
				todo[num++] = from;
		}
	}
}

void iq_graph_settle(struct iq_graph *g)
{
	struct graph *gr = (struct graph *)g;

	view_deinit(&gr->view);
	complete(g);
	view_init(&gr->view, g);
	wait_hangs(&gr->view);
	soften(&gr->view);
	drop_dead_ends(&gr->view);
	gr->num_edges = g->edges.num;
	gr->num_waits = g->waits.num;
	gr->is_settled = true;
}
