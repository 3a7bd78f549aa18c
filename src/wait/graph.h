/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the graph keeps for itself behind inquest/wait.h, and what the files of
 * this folder say to each other
 *
 *	graph.c   objects, edges, waits: building them
 *	view.c    the same graph as arrays of numbers, to be searched fast; components
 *	settle.c  the step between building and asking: what follows from what was said
 *	hangs.c   a part of it: which waits hang
 *	causes.c  where they end, what that is, who is behind it, in which order
 */
#ifndef IQ_WAIT_GRAPH_H
#define IQ_WAIT_GRAPH_H

#include "inquest/wait.h"

/* Does nothing matter that lies behind it? */
static inline bool is_final(const struct iq_object *o)
{
	return o->verdict && o->verdict->final;
}

/* Did a rule recognise this wait, or is its object only where the task was found? */
static inline bool wait_is_explained(const struct iq_wait *w)
{
	return w->rule && *w->rule;
}

/* ---- view.c ---- */

enum {
	ARC_MAYBE = 1,	 /* one of several candidates */
	ARC_ASIDE = 2,	 /* counts, but tells no story */
	ARC_DROPPED = 4, /* leads to a mere place in the kernel: nothing comes after it */
	ARC_SOFT = 8,	 /* to somebody who is not to blame: one of many who could send a message */
};

/* Which arcs a search takes: those with none of these flags. */
enum {
	WAYS_CERTAIN = ARC_MAYBE | ARC_ASIDE | ARC_DROPPED | ARC_SOFT,
	WAYS_CHAIN = ARC_ASIDE | ARC_DROPPED | ARC_SOFT,
	WAYS_ONWARD = ARC_DROPPED | ARC_SOFT,
	WAYS_ALL = ARC_DROPPED,
};

struct arc {
	uint32_t from, to; /* indices of objects */
	uint8_t flags;
	struct iq_edge *edge;
};

/* Arcs leaving node i: out[out_start[i]] up to out[out_start[i + 1]]; the same for those coming in.
 */
struct view {
	const struct iq_graph *g;
	uint32_t num_nodes, num_arcs;
	struct arc *arcs;
	uint32_t *out_start, *out, *in_start, *in;
};

#define view_foreach_out(v, node, a)                                                               \
	for (uint32_t a##_i = (v)->out_start[node], a;                                             \
	     a##_i < (v)->out_start[(node) + 1] && (a = (v)->out[a##_i], true); a##_i++)
#define view_foreach_in(v, node, a)                                                                \
	for (uint32_t a##_i = (v)->in_start[node], a;                                              \
	     a##_i < (v)->in_start[(node) + 1] && (a = (v)->in[a##_i], true); a##_i++)

/* The graph's edges without those that leave, or lead through, an object whose verdict is final. */
void view_init(struct view *v, const struct iq_graph *g);
void view_deinit(struct view *v); /* leaves an empty one */

/*
 * Strongly connected components: comp[i] is the number of node i's, numbered so that what a
 * component leads to has a lower number. Arcs with one of the flags in `without`, or
 * leaving a node for which still[node] is set (still may be NULL), are not there. Returns how many.
 */
uint32_t view_components(const struct view *v, unsigned without, const uint8_t *still,
			 uint32_t *comp);

/*
 * How many tasks, up to max (2 at most), lead to this node directly or through things that are no
 * tasks. Where so many things are in between that it would take long, the answer is max.
 */
unsigned view_num_waiters(const struct view *v, uint32_t node, unsigned max);

enum { NO_ARC = UINT32_MAX };

/* A breadth-first search and its memory, for one after the other. */
struct search {
	uint32_t *seen, *dist, *step, *queue; /* step: the arc to take, or that was taken */
	uint32_t round;
	size_t num;		/* nodes in queue, in the order of their distance */
	uint64_t work;		/* arcs looked at, in all searches */
	const uint32_t *within; /* or NULL: only nodes of the component that they come from */
};

void search_setup(struct search *s, const struct view *v);
void search_deinit(struct search *s);
void search_begin(struct search *s);
/* Start at this node too. */
void search_add(struct search *s, uint32_t node);
/* Go on against the arcs: who leads here. step[node] is the arc to go from there. */
void search_back(struct search *s, const struct view *v, unsigned without);
/* Along the arcs: what is reached from here. step[node] is the arc that led there. */
void search_forward(struct search *s, const struct view *v, unsigned without);
static inline bool search_saw(const struct search *s, uint32_t node)
{
	return s->seen[node] == s->round;
}

/* ---- graph.c ---- */

typedef IQ_VEC(struct iq_causes *) answers;

/* pub comes first: a struct iq_graph * is a struct graph *. */
struct graph {
	struct iq_graph pub;
	struct iq_map edge_by_hash;  /* hash of (from, to, via) -> index in edges */
	struct view view;	     /* once it is settled */
	size_t num_edges, num_waits; /* when it was settled */
	bool is_settled;
	answers *answers; /* to be freed with the graph; no part of what it says */
};

/* Free what a cause points to; the cause itself is the arena's. */
void cause_deinit(struct iq_cause *cause);

/* ---- hangs.c ---- */

/* Set iq_wait.hangs of every wait; of one for messages, arcs to those who could send theirs become
 * soft. */
void wait_hangs(const struct view *v);

#endif
