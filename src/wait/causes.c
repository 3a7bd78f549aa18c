/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From waits to causes
 *
 * What hanging tasks reach and what leads no further are the roots: the sinks
 * of the graph's condensation. A cycle over edges that are certain is a deadlock
 * wherever it stands, because nobody in it goes on whatever happens elsewhere.
 *
 * Three things keep the answer honest:
 *
 * - A mere place in the kernel ("kernel:exit_aio") explains nothing, and two tasks
 *   that sleep there have nothing in common: the root is the task. The same goes
 *   for a thing that only one task waits for; a thing that several wait for is
 *   worth naming. A KERNEL object is a service and no place if an edge that is not
 *   IQ_EDGE_ON leads to it.
 * - An ordinary wait that any of several tasks could end blames none of them: a
 *   task in it is a root of its own, one that sleeps for its own reasons.
 * - Contention that moves is no deadlock: every wait of the cycle has to last.
 */
#include <assert.h>
#include <stdio.h>

#include "wait/graph.h"

/* So many arcs may be looked at for all causes together; what is left then is counted and left out.
 */
enum { MAX_WORK = 20 * 1000 * 1000 };

struct finder {
	const struct iq_graph *g;
	const struct view *v;
	struct search back;
	uint8_t *asked;	   /* nodes to start from */
	bool few_asked;	   /* not all */
	uint8_t *reached;  /* from a hanging task that is asked for */
	uint32_t *ring;	   /* component over certain, lasting edges */
	uint32_t *comp;	   /* component over all edges that lead on */
	uint8_t *is_ring;  /* of components in ring: a deadlock */
	uint8_t *has_ring; /* of components in comp: one of those is in it */
	uint32_t num_rings, num_comps;
	uint32_t *on_start,
		*on; /* tasks that wait on node i: on[on_start[i]] up to on_start[i + 1] */
	struct iq_causes *causes;
};

static struct iq_object *object(const struct finder *f, uint32_t node)
{
	return f->g->objects.data[node];
}

/* ---- deadlocks ---- */

/* A wait that any of its ends can end, and one of them is not in the cycle. */
static bool has_way_out(const struct finder *f, uint32_t node)
{
	const struct iq_wait *w = object(f, node)->wait;

	if (!w || !w->any)
		return false;
	view_foreach_out(f->v, node, a)
		if (f->ring[f->v->arcs[a].to] != f->ring[node])
			return true;
	return false;
}

static bool has_certain_self_edge(const struct finder *f, uint32_t node, const uint8_t *still)
{
	if (still[node])
		return false;
	view_foreach_out(f->v, node, a)
		if (f->v->arcs[a].to == node && !(f->v->arcs[a].flags & WAYS_CERTAIN))
			return true;
	return false;
}

/* The components that are deadlocks: a task in them, and a way around. */
static void mark_rings(struct finder *f, const uint8_t *still)
{
	_cleanup_free_ uint32_t *size = iq_xcalloc(f->num_rings, sizeof(*size));

	free(f->is_ring);
	f->is_ring = iq_xcalloc(f->num_rings, 1);
	for (uint32_t i = 0; i < f->v->num_nodes; i++)
		size[f->ring[i]]++;
	for (uint32_t i = 0; i < f->v->num_nodes; i++)
		if (object(f, i)->type == IQ_OBJ_TASK &&
		    (size[f->ring[i]] > 1 || has_certain_self_edge(f, i, still)))
			f->is_ring[f->ring[i]] = true;
}

static void find_rings(struct finder *f)
{
	enum { MAX_ROUNDS = 16 };
	_cleanup_free_ uint8_t *still = iq_xcalloc(f->v->num_nodes, 1);
	bool again = true;

	for (uint32_t i = 0; i < f->v->num_nodes; i++)
		still[i] = object(f, i)->type == IQ_OBJ_TASK &&
			   (!object(f, i)->wait || !object(f, i)->wait->lasting);
	/* Who has a way out is taken out of the cycle, and others may have none left without him.
	 */
	for (unsigned round = 0; again && round < MAX_ROUNDS; round++) {
		f->num_rings = view_components(f->v, WAYS_CERTAIN, still, f->ring);
		mark_rings(f, still);
		again = false;
		for (uint32_t i = 0; i < f->v->num_nodes; i++) {
			if (still[i] || !f->is_ring[f->ring[i]] || !has_way_out(f, i))
				continue;
			still[i] = true;
			again = true;
		}
	}
	if (again) /* not settled: claim nothing where somebody had a way out */
		for (uint32_t i = 0; i < f->v->num_nodes; i++)
			if (still[i] && object(f, i)->wait && object(f, i)->wait->any)
				f->is_ring[f->ring[i]] = false;
}

/* ---- one cause ---- */

static struct iq_cause *cause_new(struct finder *f, struct iq_object *root)
{
	struct iq_cause *cause = iq_arena_alloc(f->g->arena, sizeof(*cause));

	cause->root = root;
	cause->oldest_ms = -1;
	cause->certainty = IQ_PROVEN;
	iq_vec_push(&f->causes->list, cause);
	return cause;
}

static int by_tid(const void *a, const void *b)
{
	const struct iq_object *x = *(struct iq_object *const *)a;
	const struct iq_object *y = *(struct iq_object *const *)b;

	if (x->tid != y->tid)
		return x->tid < y->tid ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static void note_age(struct iq_cause *cause, const struct iq_wait *w)
{
	if (w && w->hangs)
		cause->oldest_ms = IQ_MAX(cause->oldest_ms, w->waited_ms);
}

/* Who is in the last search and waits; without the root itself, unless it is in a cycle. */
static void collect_blocked(struct finder *f, struct iq_cause *cause, bool with_root)
{
	for (size_t i = 0; i < f->back.num; i++) {
		struct iq_object *o = object(f, f->back.queue[i]);

		note_age(cause, o->wait);
		if (o->type == IQ_OBJ_TASK && o->wait && (o != cause->root || with_root))
			iq_vec_push(&cause->blocked, o);
	}
	if (cause->blocked.num)
		qsort(cause->blocked.data, cause->blocked.num, sizeof(*cause->blocked.data),
		      by_tid);
}

/* Is x a better task to begin the chain with than y? Both wait; farther away is better. */
static bool begins_better(const struct finder *f, const struct iq_object *x,
			  const struct iq_object *y)
{
	uint32_t dx = f->back.dist[x->index], dy = f->back.dist[y->index];

	if (dx != dy)
		return dx > dy;
	if (x->wait->waited_ms != y->wait->waited_ms)
		return x->wait->waited_ms > y->wait->waited_ms;
	return by_tid(&x, &y) < 0;
}

static struct iq_object *chain_begin(const struct finder *f, const struct iq_object *root,
				     bool hanging)
{
	struct iq_object *best = NULL;

	for (size_t i = 0; i < f->back.num; i++) {
		struct iq_object *o = object(f, f->back.queue[i]);

		if (o == root || o->type != IQ_OBJ_TASK || !o->wait)
			continue;
		if (hanging && (!o->wait->hangs || !f->asked[o->index]))
			continue;
		if (!best || begins_better(f, o, best))
			best = o;
	}
	return best;
}

static void chain_object(struct iq_cause *cause, struct iq_object *o)
{
	if (!cause->chain.num || cause->chain.data[cause->chain.num - 1] != o)
		iq_vec_push(&cause->chain, o);
}

/* What stands between the two ends of an edge: its lock, or else what the task says it waits for.
 */
static struct iq_object *between(const struct iq_edge *e)
{
	if (e->via)
		return e->via;
	if (e->from->type == IQ_OBJ_TASK && e->from->wait->on->type != IQ_OBJ_KERNEL &&
	    e->from->wait->on->type != IQ_OBJ_TASK)
		return e->from->wait->on;
	return NULL;
}

static void chain_edge(struct iq_cause *cause, struct iq_edge *e)
{
	struct iq_object *via = between(e);

	chain_object(cause, e->from);
	if (via && via != e->from && via != e->to)
		chain_object(cause, via);
	chain_object(cause, e->to);
	iq_vec_push(&cause->chain_edges, e);
}

/* From begin by the steps of the last search. */
static void chain_from(struct finder *f, struct iq_cause *cause, struct iq_object *begin)
{
	uint32_t node = begin->index;

	while (f->back.step[node] != NO_ARC) {
		const struct arc *arc = &f->v->arcs[f->back.step[node]];

		chain_edge(cause, arc->edge);
		node = arc->to;
	}
}

static void search_from(struct finder *f, const struct iq_object *root, unsigned without)
{
	search_begin(&f->back);
	search_add(&f->back, root->index);
	search_back(&f->back, f->v, without);
}

/* Everyone behind the root: also who waits on it, but whose rule knew more and looked through it.
 */
static void search_blocked(struct finder *f, const struct iq_object *root)
{
	search_begin(&f->back);
	search_add(&f->back, root->index);
	for (uint32_t i = f->on_start[root->index]; i < f->on_start[root->index + 1]; i++)
		if (!is_final(object(f, f->on[i])))
			search_add(&f->back, f->on[i]);
	search_back(&f->back, f->v, WAYS_ALL);
}

static void index_on(struct finder *f)
{
	const struct iq_graph *g = f->g;

	f->on_start = iq_xcalloc((size_t)f->v->num_nodes + 2, sizeof(*f->on_start));
	f->on = iq_xcalloc(g->waits.num, sizeof(*f->on));
	iq_vec_foreach(&g->waits, w)
		f->on_start[(*w)->on->index + 2]++;
	for (uint32_t i = 2; i < f->v->num_nodes + 2; i++)
		f->on_start[i] += f->on_start[i - 1];
	iq_vec_foreach(&g->waits, w)
		f->on[f->on_start[(*w)->on->index + 1]++] = (*w)->task->index;
}

/* The chain of a root that is no deadlock: over the surest edges that there are. */
static void draw_chain(struct finder *f, struct iq_cause *cause)
{
	static const unsigned ways[] = { WAYS_CERTAIN, WAYS_CHAIN, WAYS_ONWARD, WAYS_ALL };
	const struct iq_wait *own = cause->root->wait;
	bool is_the_question = f->few_asked && f->asked[cause->root->index] && own && own->hangs;
	struct iq_object *begin = NULL;

	if (!is_the_question)
		for (unsigned i = 0; i < 2 * IQ_ARRAY_SIZE(ways) && !begin; i++) {
			search_from(f, cause->root, ways[i % IQ_ARRAY_SIZE(ways)]);
			begin = chain_begin(f, cause->root, i < IQ_ARRAY_SIZE(ways));
		}
	if (begin)
		chain_from(f, cause, begin);
	else
		chain_object(cause, cause->root);
}

static bool waits_for_a_reason_of_its_own(const struct iq_wait *w)
{
	return w && !w->hangs && (w->cls == IQ_WAIT_IDLE || w->cls == IQ_WAIT_MESSAGE);
}

static void weaken(struct iq_cause *cause, enum iq_certainty certainty)
{
	cause->certainty = IQ_MIN(cause->certainty, certainty);
}

static void weaken_by_chain(struct iq_cause *cause)
{
	iq_vec_foreach(&cause->chain_edges, p) {
		weaken(cause, (*p)->certainty);
		if ((*p)->kind == IQ_EDGE_MAYBE)
			weaken(cause, IQ_LIKELY);
		if ((*p)->from->wait)
			weaken(cause, (*p)->from->wait->certainty);
	}
}

static void add_root(struct finder *f, struct iq_object *root)
{
	struct iq_cause *cause = cause_new(f, root);

	search_blocked(f, root);
	collect_blocked(f, cause, false);
	draw_chain(f, cause);
	weaken_by_chain(cause);
	if (root->verdict) {
		cause->kind = root->verdict->kind;
		weaken(cause, root->verdict->certainty);
	} else if (root->wait) {
		weaken(cause, root->wait->certainty);
		if (waits_for_a_reason_of_its_own(root->wait))
			cause->kind = IQ_CAUSE_TASK_SLEEPING;
	}
	/* That nothing is known is no finding that the kernel's records prove. */
	if (cause->kind == IQ_CAUSE_UNKNOWN)
		weaken(cause, IQ_STRONG);
}

/* The shortest way from root around to itself within its component. */
static void draw_cycle(struct finder *f, struct iq_cause *cause)
{
	uint32_t root = cause->root->index;
	uint32_t best = NO_ARC;

	f->back.within = f->ring;
	search_from(f, cause->root, WAYS_CERTAIN);
	f->back.within = NULL;
	view_foreach_out(f->v, root, a) {
		uint32_t to = f->v->arcs[a].to;

		if (f->v->arcs[a].flags & WAYS_CERTAIN || f->ring[to] != f->ring[root])
			continue;
		if (best == NO_ARC || f->back.dist[to] < f->back.dist[f->v->arcs[best].to])
			best = a;
	}
	/* Begun behind the root, so that it ends there: the last edge, which closes it, is not
	 * drawn. */
	chain_from(f, cause, object(f, f->v->arcs[best].to));
	while (cause->chain.num && cause->chain.data[0]->type != IQ_OBJ_TASK)
		memmove(cause->chain.data, cause->chain.data + 1,
			--cause->chain.num * sizeof(*cause->chain.data));
	if (!cause->chain.num)
		chain_object(cause, cause->root);
	iq_vec_push(&cause->chain_edges, f->v->arcs[best].edge);
}

static void add_deadlock(struct finder *f, struct iq_object *root)
{
	struct iq_cause *cause = cause_new(f, root);

	cause->kind = IQ_CAUSE_DEADLOCK;
	search_blocked(f, root);
	collect_blocked(f, cause, true);
	draw_cycle(f, cause);
	weaken_by_chain(cause);
}

/* ---- which ones ---- */

static void mark_reached(struct finder *f)
{
	struct search forward;

	search_setup(&forward, f->v);
	search_begin(&forward);
	iq_vec_foreach(&f->g->waits, p)
		if ((*p)->hangs && f->asked[(*p)->task->index])
			search_add(&forward, (*p)->task->index);
	search_forward(&forward, f->v, WAYS_ONWARD);
	for (size_t i = 0; i < forward.num; i++)
		f->reached[forward.queue[i]] = true;
	search_deinit(&forward);
}

/* Is x the better one to stand for a component than y (which may be none)? */
static bool stands_better(const struct iq_object *x, const struct iq_object *y,
			  bool (*trait)(const struct finder *, const struct iq_object *),
			  const struct finder *f)
{
	bool tx, ty;

	if (!y)
		return true;
	tx = trait(f, x);
	ty = trait(f, y);
	if (tx != ty)
		return tx;
	if ((x->type == IQ_OBJ_TASK) != (y->type == IQ_OBJ_TASK))
		return x->type == IQ_OBJ_TASK;
	return by_tid(&x, &y) < 0;
}

/* Of a deadlock: a task that waits for itself, else the one with the lowest number. */
static bool holds_itself(const struct finder *f, const struct iq_object *o)
{
	view_foreach_out(f->v, o->index, a)
		if (f->v->arcs[a].to == o->index && !(f->v->arcs[a].flags & WAYS_CERTAIN))
			return true;
	return false;
}

/* Of a circle that is none for certain: what has a verdict, else a task that has only candidates.
 */
static bool ends_best(const struct finder *f, const struct iq_object *o)
{
	if (o->verdict)
		return true;
	view_foreach_out(f->v, o->index, a)
		if (!(f->v->arcs[a].flags & WAYS_CERTAIN))
			return false;
	return o->type == IQ_OBJ_TASK;
}

static void add_deadlocks(struct finder *f)
{
	struct iq_object **best = iq_xcalloc(f->num_rings, sizeof(struct iq_object *));

	for (uint32_t i = 0; i < f->v->num_nodes; i++) {
		uint32_t ring = f->ring[i];

		if (!f->is_ring[ring])
			continue;
		f->has_ring[f->comp[i]] = true;
		if (f->reached[i] && object(f, i)->type == IQ_OBJ_TASK &&
		    stands_better(object(f, i), best[ring], holds_itself, f))
			best[ring] = object(f, i);
	}
	for (uint32_t ring = 0; ring < f->num_rings; ring++) {
		if (!best[ring])
			continue;
		if (f->back.work > MAX_WORK)
			f->causes->num_left_out++;
		else
			add_deadlock(f, best[ring]);
	}
	free(best);
}

static void add_sinks(struct finder *f)
{
	struct iq_object **best = iq_xcalloc(f->num_comps, sizeof(struct iq_object *));
	_cleanup_free_ uint8_t *leads_on = iq_xcalloc(f->num_comps, 1);

	for (uint32_t a = 0; a < f->v->num_arcs; a++)
		if (!(f->v->arcs[a].flags & WAYS_ONWARD) &&
		    f->comp[f->v->arcs[a].from] != f->comp[f->v->arcs[a].to])
			leads_on[f->comp[f->v->arcs[a].from]] = true;
	for (uint32_t i = 0; i < f->v->num_nodes; i++) {
		uint32_t comp = f->comp[i];

		if (f->reached[i] && !leads_on[comp] && !f->has_ring[comp] &&
		    stands_better(object(f, i), best[comp], ends_best, f))
			best[comp] = object(f, i);
	}
	for (uint32_t comp = 0; comp < f->num_comps; comp++) {
		if (!best[comp])
			continue;
		if (f->back.work > MAX_WORK)
			f->causes->num_left_out++;
		else
			add_root(f, best[comp]);
	}
	free(best);
}

/* ---- threads of one process ---- */

static bool is_about_a_process(const struct iq_cause *cause)
{
	return cause->kind >= IQ_CAUSE_TASK_STOPPED && cause->kind <= IQ_CAUSE_TASK_GONE &&
	       cause->root->type == IQ_OBJ_TASK;
}

/* What may be one cause stands together, the thread that gave the process its number first. */
static int by_process(const void *a, const void *b)
{
	const struct iq_cause *x = *(struct iq_cause *const *)a, *y = *(struct iq_cause *const *)b;
	int64_t p = iq_object_pid(x->root), q = iq_object_pid(y->root);

	if (p != q)
		return p < q ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->blocked.num != y->blocked.num)
		return x->blocked.num < y->blocked.num ? -1 : 1;
	if ((x->root->tid == p) != (y->root->tid == p))
		return x->root->tid == p ? -1 : 1;
	return by_tid(&x->root, &y->root);
}

static bool is_the_same(const struct iq_cause *x, const struct iq_cause *y)
{
	return iq_object_pid(x->root) == iq_object_pid(y->root) && x->kind == y->kind &&
	       x->blocked.num == y->blocked.num &&
	       (!x->blocked.num || !memcmp(x->blocked.data, y->blocked.data,
					   x->blocked.num * sizeof(*x->blocked.data)));
}

/*
 * A stopped server with ten threads is one cause and not ten: of roots that are threads of one
 * process, in the same state, with the same tasks behind them, one stays.
 */
static void merge_threads(struct iq_causes *causes)
{
	struct iq_cause **kept = causes->list.data, *first = NULL;
	size_t num = causes->list.num, num_kept = 0;

	if (num)
		qsort(kept, num, sizeof(struct iq_cause *), by_process);
	for (size_t i = 0; i <= num; i++) {
		struct iq_cause *cause = i < num ? kept[i] : NULL;

		if (cause && first && is_about_a_process(cause) && is_the_same(first, cause)) {
			cause_deinit(cause);
			first->num_alike++;
			continue;
		}
		first = cause && is_about_a_process(cause) && cause->blocked.num ? cause : NULL;
		if (cause)
			kept[num_kept++] = cause;
	}
	causes->list.num = num_kept;
}

/* ---- the order ---- */

static bool is_maybe(const struct iq_cause *cause)
{
	iq_vec_foreach(&cause->chain_edges, p)
		if ((*p)->kind == IQ_EDGE_MAYBE)
			return true;
	return false;
}

struct ranked {
	struct iq_cause *cause;
	bool maybe;
};

/* Most blocked first; of the same number, the certain before the possible, the older first. */
static int by_rank(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	const struct iq_cause *p = x->cause, *q = y->cause;

	if (p->blocked.num != q->blocked.num)
		return p->blocked.num > q->blocked.num ? -1 : 1;
	if (x->maybe != y->maybe)
		return x->maybe ? 1 : -1;
	if ((p->kind == IQ_CAUSE_UNKNOWN) != (q->kind == IQ_CAUSE_UNKNOWN))
		return p->kind == IQ_CAUSE_UNKNOWN ? 1 : -1;
	if (p->oldest_ms != q->oldest_ms)
		return p->oldest_ms > q->oldest_ms ? -1 : 1;
	if ((p->kind == IQ_CAUSE_DEADLOCK) != (q->kind == IQ_CAUSE_DEADLOCK))
		return p->kind == IQ_CAUSE_DEADLOCK ? -1 : 1;
	return by_tid(&p->root, &q->root);
}

static void rank(struct iq_causes *causes)
{
	struct ranked *list = iq_xcalloc(causes->list.num, sizeof(*list));

	for (size_t i = 0; i < causes->list.num; i++)
		list[i] = (struct ranked){ causes->list.data[i], is_maybe(causes->list.data[i]) };
	qsort(list, causes->list.num, sizeof(*list), by_rank);
	for (size_t i = 0; i < causes->list.num; i++)
		causes->list.data[i] = list[i].cause;
	free(list);
}

struct iq_causes *iq_graph_causes(const struct iq_graph *g, const struct iq_asked *asked)
{
	const struct graph *gr = (const struct graph *)g;
	struct finder f = { .g = g, .v = &gr->view };
	size_t n = gr->view.num_nodes;

	/* Whoever builds on has to settle again before he asks. */
	assert(gr->is_settled && gr->num_edges == g->edges.num && gr->num_waits == g->waits.num);
	f.causes = iq_arena_alloc(g->arena, sizeof(*f.causes));
	iq_vec_push(gr->answers, f.causes);
	search_setup(&f.back, f.v);
	f.asked = iq_xcalloc(n, 1);
	f.reached = iq_xcalloc(n, 1);
	f.ring = iq_xcalloc(n, sizeof(*f.ring));
	f.comp = iq_xcalloc(n, sizeof(*f.comp));
	f.few_asked = asked && asked->num_pids;
	if (f.few_asked)
		iq_vec_foreach(&asked->tasks, o) {
			/* Whom nobody had met when the graph was settled waits for nothing. */
			if ((*o)->index < n)
				f.asked[(*o)->index] = true;
		}
	else
		memset(f.asked, true, n);

	index_on(&f);
	mark_reached(&f);
	find_rings(&f);
	f.num_comps = view_components(f.v, WAYS_ONWARD, NULL, f.comp);
	f.has_ring = iq_xcalloc(f.num_comps, 1);
	add_deadlocks(&f);
	add_sinks(&f);
	merge_threads(f.causes);
	rank(f.causes);

	search_deinit(&f.back);
	free(f.on_start);
	free(f.on);
	free(f.asked);
	free(f.reached);
	free(f.ring);
	free(f.comp);
	free(f.is_ring);
	free(f.has_ring);
	return f.causes;
}
