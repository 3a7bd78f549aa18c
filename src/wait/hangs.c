/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which waits hang
 *
 * Most are decided by themselves: how the task sleeps, and for how long. A wait
 * for a message hangs only if whoever could send it cannot go on, and he may be
 * waiting for a message too. So we take all of these for stuck, and set free,
 * again and again, whoever has somebody who can go on: what is left hangs,
 * cycles of such waits among it (the greatest fixpoint).
 *
 * A wait for all of several ends is stuck if one of them is; a wait for any of
 * them only if all are. Things between tasks (a connection, a filesystem) take
 * part: such a thing is stuck if what it stands on is, or if none of those who
 * serve it can go on.
 */
#include "wait/graph.h"

static bool is_holder(const struct iq_edge *e)
{
	return e->kind == IQ_EDGE_OWNER || e->kind == IQ_EDGE_MAYBE || e->kind == IQ_EDGE_QUEUED;
}

/* Does somebody hold what this wait is for? The holder may stand behind the lock's own object. */
static bool is_held(const struct iq_wait *w)
{
	if (w->on->verdict)
		return true;
	iq_vec_foreach(&w->task->out, p) {
		if (is_holder(*p) || (*p)->to->verdict || ((*p)->via && (*p)->via->verdict))
			return true;
		if ((*p)->to->type == IQ_OBJ_TASK)
			continue;
		iq_vec_foreach(&(*p)->to->out, next)
			if (is_holder(*next))
				return true;
	}
	return false;
}

static bool hangs_by_itself(const struct view *v, const struct iq_wait *w)
{
	if (!w->lasting || w->cls == IQ_WAIT_IDLE)
		return false;
	if (w->uninterruptible)
		return true;
	switch (w->cls) {
	case IQ_WAIT_UNASKED:
		return true;
	case IQ_WAIT_LOCK:
		return is_held(w);
	case IQ_WAIT_CPU:
		return view_num_waiters(v, w->task->index, 1) > 0;
	default:
		return false;
	}
}

enum { MAX_ROUNDS = 16 };

/* How a node stands while the messages are sorted out. */
enum { FREE, STUCK, OPEN /* stuck, as long as nothing speaks against it */ };

/* The process of a task, or a number of its own for another object. */
static int64_t process_of(const struct iq_object *o)
{
	return o->type == IQ_OBJ_TASK ? iq_object_pid(o) : -1 - (int64_t)o->index;
}

/*
 * Could several processes send the message? Descriptors are inherited by who will never use them:
 * that such waits go round in a circle proves nothing. One of these at least has to be stuck for a
 * reason of its own. The same goes for waits that say so of themselves.
 */
static bool needs_a_stuck_end(const struct iq_wait *w)
{
	if (w->cls != IQ_WAIT_MESSAGE || !w->task->out.num)
		return false;
	if (w->only_behind)
		return true;
	if (!w->any)
		return false;
	iq_vec_foreach(&w->task->out, p)
		if (process_of((*p)->to) != process_of(w->task->out.data[0]->to))
			return true;
	return false;
}

/* Stuck, whatever becomes of the messages. */
static bool is_stuck(const struct iq_object *o, const uint8_t *all_stuck)
{
	if (o->type != IQ_OBJ_TASK)
		return o->verdict && !o->verdict->ordinary;
	return (o->verdict && o->verdict->cannot_go_on) || (o->wait && o->wait->hangs) ||
	       all_stuck[o->index];
}

static bool has_stuck_end(const struct iq_object *o, const uint8_t *all_stuck)
{
	iq_vec_foreach(&o->out, p)
		if (is_stuck((*p)->to, all_stuck))
			return true;
	return false;
}

static uint8_t first_state(const struct view *v, const struct iq_object *o,
			   const uint8_t *all_stuck)
{
	bool leads_on = v->out_start[o->index] < v->out_start[o->index + 1];
	const struct iq_wait *w = o->wait;

	if (is_stuck(o, all_stuck))
		return STUCK;
	if (o->type != IQ_OBJ_TASK)
		return leads_on ? OPEN : FREE;
	if (w && w->cls == IQ_WAIT_MESSAGE && leads_on &&
	    (!needs_a_stuck_end(w) || has_stuck_end(o, all_stuck)))
		return OPEN;
	return FREE;
}

/* Will this arc's end do alone, or is it one of those that are all needed? */
static bool one_is_enough(const struct iq_object *o, const struct arc *arc)
{
	if (arc->edge->kind == IQ_EDGE_MAYBE)
		return true;
	return o->type == IQ_OBJ_TASK ? o->wait->any : arc->edge->kind == IQ_EDGE_SERVES;
}

/* Of an open node: what its arcs lead to. */
struct ends {
	uint32_t num_any, free_any, stuck_all;
};

static bool can_go_on(const struct ends *ends)
{
	return !ends->stuck_all && (!ends->num_any || ends->free_any);
}

/* Of a message that is due from several, those who could send theirs are not to blame. */
static void excuse_the_free(const struct view *v, const struct iq_wait *w, const uint8_t *state)
{
	bool one_is_stuck = false;

	view_foreach_out(v, w->task->index, a)
		one_is_stuck = one_is_stuck || state[v->arcs[a].to] != FREE;
	if (!one_is_stuck)
		return;
	view_foreach_out(v, w->task->index, a)
		if (state[v->arcs[a].to] == FREE)
			v->arcs[a].flags |= ARC_SOFT;
}

/* Somebody else can send it the message: it is not blocked by the one who cannot. */
static void release(const struct view *v, const struct iq_wait *w)
{
	if (w->task->out.num < 2)
		return;
	view_foreach_out(v, w->task->index, a)
		v->arcs[a].flags |= ARC_DROPPED;
}

/* One round: who is stuck if those in all_stuck are. */
static void settle(const struct view *v, const uint8_t *all_stuck, uint8_t *state, uint32_t *todo,
		   struct ends *ends)
{
	size_t num = 0;

	memset(ends, 0, v->num_nodes * sizeof(*ends));
	for (uint32_t i = 0; i < v->num_nodes; i++) {
		const struct iq_object *o = v->g->objects.data[i];

		state[i] = first_state(v, o, all_stuck);
		if (state[i] == FREE)
			todo[num++] = i;
		if (state[i] != OPEN)
			continue;
		view_foreach_out(v, i, a) {
			if (one_is_enough(o, &v->arcs[a]))
				ends[i].num_any++;
			else
				ends[i].stuck_all++;
		}
	}
	/* Each that turns out free is taken off the counts of those who wait for it, once. */
	while (num) {
		uint32_t node = todo[--num];

		view_foreach_in(v, node, a) {
			uint32_t from = v->arcs[a].from;

			if (state[from] != OPEN)
				continue;
			if (one_is_enough(v->g->objects.data[from], &v->arcs[a]))
				ends[from].free_any++;
			else
				ends[from].stuck_all--;
			if (can_go_on(&ends[from])) {
				state[from] = FREE;
				todo[num++] = from;
			}
		}
	}
}

/* Are the ends stuck that it takes: all of them, or of some that are all needed, one? */
static bool are_ends_stuck(const struct view *v, const struct iq_wait *w, const uint8_t *state)
{
	bool all = v->out_start[w->task->index] < v->out_start[w->task->index + 1], any = false;

	view_foreach_out(v, w->task->index, a) {
		bool stuck = state[v->arcs[a].to] != FREE;

		all = all && stuck;
		any = any || (stuck && !one_is_enough(w->task, &v->arcs[a]));
	}
	return all || any;
}

/* Messages due from several whose ends turn out to be stuck. Says whether there are new ones. */
static bool find_all_stuck(const struct view *v, const uint8_t *state, uint8_t *all_stuck)
{
	bool found = false;

	iq_vec_foreach(&v->g->waits, p) {
		uint32_t node = (*p)->task->index;

		if (!all_stuck[node] && needs_a_stuck_end(*p) && are_ends_stuck(v, *p, state))
			all_stuck[node] = found = true;
	}
	return found;
}

static void settle_messages(const struct view *v)
{
	size_t n = v->num_nodes;
	_cleanup_free_ uint8_t *state = iq_xcalloc(n, 1);
	_cleanup_free_ uint8_t *all_stuck = iq_xcalloc(n, 1);
	_cleanup_free_ uint32_t *todo = iq_xcalloc(n, sizeof(*todo));
	_cleanup_free_ struct ends *ends = iq_xcalloc(n, sizeof(*ends));

	for (int i = 0; i < MAX_ROUNDS; i++) {
		settle(v, all_stuck, state, todo, ends);
		if (!find_all_stuck(v, state, all_stuck))
			break;
	}
	iq_vec_foreach(&v->g->waits, p) {
		struct iq_wait *w = *p;
		uint32_t node = w->task->index;

		if (w->cls != IQ_WAIT_MESSAGE)
			continue;
		w->hangs = w->hangs || (w->lasting && (state[node] == OPEN || all_stuck[node]));
		if (w->hangs)
			excuse_the_free(v, w, state);
		else if (w->any && state[node] == FREE)
			release(v, w);
	}
}

void wait_hangs(const struct view *v)
{
	iq_vec_foreach(&v->g->waits, p)
		(*p)->hangs = hangs_by_itself(v, *p);
	settle_messages(v);
}
