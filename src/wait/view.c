/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The graph as arrays
 *
 * Everything here is linear in nodes and arcs and keeps its own stacks: a chain
 * of 100,000 tasks is a chain of 100,000 tasks and not a crash.
 */
#include "wait/graph.h"

static void index_arcs(const struct view *v, bool by_to, uint32_t **start_ret, uint32_t **list_ret)
{
	uint32_t *start = iq_xcalloc((size_t)v->num_nodes + 2, sizeof(*start));
	uint32_t *list = iq_xcalloc(v->num_arcs, sizeof(*list));

	/* Counted one place to the right, so that filling moves each start to where it belongs. */
	for (uint32_t a = 0; a < v->num_arcs; a++)
		start[(by_to ? v->arcs[a].to : v->arcs[a].from) + 2]++;
	for (uint32_t i = 2; i < v->num_nodes + 2; i++)
		start[i] += start[i - 1];
	for (uint32_t a = 0; a < v->num_arcs; a++)
		list[start[(by_to ? v->arcs[a].to : v->arcs[a].from) + 1]++] = a;
	*start_ret = start;
	*list_ret = list;
}

void view_init(struct view *v, const struct iq_graph *g)
{
	*v = (struct view){ .g = g, .num_nodes = (uint32_t)g->objects.num };
	v->arcs = iq_xcalloc(g->edges.num, sizeof(*v->arcs));
	iq_vec_foreach(&g->edges, p) {
		struct iq_edge *e = *p;

		if (is_final(e->from) || (e->via && is_final(e->via)))
			continue;
		v->arcs[v->num_arcs++] = (struct arc){
			.from = e->from->index,
			.to = e->to->index,
			.flags = (uint8_t)((e->kind == IQ_EDGE_MAYBE ? ARC_MAYBE : 0) |
					   (e->aside ? ARC_ASIDE : 0)),
			.edge = e,
		};
	}
	index_arcs(v, false, &v->out_start, &v->out);
	index_arcs(v, true, &v->in_start, &v->in);
}

void view_deinit(struct view *v)
{
	free(v->arcs);
	free(v->out_start);
	free(v->out);
	free(v->in_start);
	free(v->in);
	*v = (struct view){ 0 };
}

/* Tarjan, with the recursion turned into a stack of (node, next arc). */
struct tarjan {
	uint32_t *index, *low, *next, *open, *path;
	size_t num_open, depth;
	uint32_t counter, num_comps;
};

enum { UNSEEN = 0, NO_COMP = UINT32_MAX };

static void tarjan_enter(struct tarjan *t, const struct view *v, uint32_t node)
{
	t->index[node] = t->low[node] = ++t->counter;
	t->next[node] = v->out_start[node];
	t->open[t->num_open++] = node;
	t->path[t->depth++] = node;
}

static void tarjan_leave(struct tarjan *t, uint32_t node, uint32_t *comp)
{
	t->depth--;
	if (t->depth) {
		uint32_t above = t->path[t->depth - 1];

		t->low[above] = IQ_MIN(t->low[above], t->low[node]);
	}
	if (t->low[node] != t->index[node])
		return;
	for (;;) {
		uint32_t member = t->open[--t->num_open];

		comp[member] = t->num_comps;
		if (member == node)
			break;
	}
	t->num_comps++;
}

uint32_t view_components(const struct view *v, unsigned without, const uint8_t *still,
			 uint32_t *comp)
{
	size_t n = v->num_nodes;
	_cleanup_free_ uint32_t *memory = iq_xcalloc(n * 5, sizeof(*memory));
	struct tarjan t = {
		.index = memory,
		.low = memory + n,
		.next = memory + 2 * n,
		.open = memory + 3 * n,
		.path = memory + 4 * n,
	};

	for (uint32_t i = 0; i < n; i++)
		comp[i] = NO_COMP;
	for (uint32_t first = 0; first < n; first++) {
		if (t.index[first] != UNSEEN)
			continue;
		tarjan_enter(&t, v, first);
		while (t.depth) {
			uint32_t node = t.path[t.depth - 1];
			const struct arc *arc;

			if (t.next[node] == v->out_start[node + 1] || (still && still[node])) {
				tarjan_leave(&t, node, comp);
				continue;
			}
			arc = &v->arcs[v->out[t.next[node]++]];
			if (arc->flags & without)
				continue;
			if (t.index[arc->to] == UNSEEN)
				tarjan_enter(&t, v, arc->to);
			else if (comp[arc->to] == NO_COMP)
				t.low[node] = IQ_MIN(t.low[node], t.index[arc->to]);
		}
	}
	return t.num_comps;
}

void search_setup(struct search *s, const struct view *v)
{
	size_t n = v->num_nodes;

	*s = (struct search){ .seen = iq_xcalloc(n * 4, sizeof(*s->seen)) };
	s->dist = s->seen + n;
	s->step = s->seen + 2 * n;
	s->queue = s->seen + 3 * n;
}

void search_deinit(struct search *s)
{
	free(s->seen);
}

void search_begin(struct search *s)
{
	s->round++;
	s->num = 0;
}

static void visit(struct search *s, uint32_t node, uint32_t dist, uint32_t step)
{
	s->seen[node] = s->round;
	s->dist[node] = dist;
	s->step[node] = step;
	s->queue[s->num++] = node;
}

void search_add(struct search *s, uint32_t node)
{
	if (!search_saw(s, node))
		visit(s, node, 0, NO_ARC);
}

static bool may_go(const struct search *s, uint32_t here, uint32_t there)
{
	return !search_saw(s, there) && (!s->within || s->within[here] == s->within[there]);
}

void search_back(struct search *s, const struct view *v, unsigned without)
{
	for (size_t i = 0; i < s->num; i++) {
		uint32_t node = s->queue[i];

		s->work += v->in_start[node + 1] - v->in_start[node] + 1;
		view_foreach_in(v, node, a)
			if (!(v->arcs[a].flags & without) && may_go(s, node, v->arcs[a].from))
				visit(s, v->arcs[a].from, s->dist[node] + 1, a);
	}
}

void search_forward(struct search *s, const struct view *v, unsigned without)
{
	for (size_t i = 0; i < s->num; i++) {
		uint32_t node = s->queue[i];

		s->work += v->out_start[node + 1] - v->out_start[node] + 1;
		view_foreach_out(v, node, a)
			if (!(v->arcs[a].flags & without) && may_go(s, node, v->arcs[a].to))
				visit(s, v->arcs[a].to, s->dist[node] + 1, a);
	}
}

enum { MAX_THINGS = 64 };

static bool is_among(const uint32_t *list, unsigned num, uint32_t value)
{
	for (unsigned i = 0; i < num; i++)
		if (list[i] == value)
			return true;
	return false;
}

unsigned view_num_waiters(const struct view *v, uint32_t node, unsigned max)
{
	uint32_t things[MAX_THINGS] = { node }, tasks[2];
	unsigned num_things = 1, num_tasks = 0;

	for (unsigned i = 0; i < num_things; i++) {
		view_foreach_in(v, things[i], a) {
			uint32_t from = v->arcs[a].from;

			if (v->arcs[a].flags & ARC_DROPPED || is_among(things, num_things, from))
				continue;
			if (v->g->objects.data[from]->type == IQ_OBJ_TASK) {
				if (is_among(tasks, num_tasks, from))
					continue;
				if (num_tasks + 1 == max)
					return max;
				tasks[num_tasks++] = from;
			} else {
				if (num_things == MAX_THINGS)
					return max;
				things[num_things++] = from;
			}
		}
	}
	return num_tasks;
}
