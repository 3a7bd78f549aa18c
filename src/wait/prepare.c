/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Making a graph ready to be searched
 *
 * Rules say what they know, each for its own wait. Here the rest is added that follows from it,
 * and what would lead the search astray is marked.
 */
#include "wait/graph.h"

static struct iq_object *object(const struct view *v, uint32_t node)
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

void wait_complete(struct iq_graph *g)
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

void wait_soften(struct view *v)
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

void wait_drop_dead_ends(struct view *v)
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
