/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * No wait without a suspect
 *
 * For a sleep that no rule knows: what is it on, and who else has that (suspect-gather.c)? Here is
 * decided who of those is to blame, if anybody (docs/decisions/suspects.md).
 *
 * Somebody who goes on is no suspect. A suspect is a task that hangs itself, or a filesystem or
 * device with a verdict. Those behind whom a verdict is found are believed first, and so verdicts
 * spread from wait to wait; only then those of whom nothing further is known. Several suspects that
 * end at different things leave the question open: then they are mentioned, and no edge is drawn.
 *
 * What is drawn is likely, and never more. It makes no deadlock, and where two would blame each
 * other neither does.
 */
#include "diag/suspect.h"

enum {
	MAX_CASES = 512,
	MAX_ROUNDS = 4,
	MAX_SPREAD = 64, /* rounds in which verdicts spread */
	MAX_NODES = 512, /* that are followed to find where one ends */
	OLD_FACTOR = 4,
	OLD_SLACK_MS = 2000,
};

typedef IQ_VEC(struct iq_object *) objects;

/* ---- where a suspect ends ---- */

struct ends {
	uint64_t key; /* the same for the same ends */
	bool has_verdict;
};

static bool is_end(const struct iq_object *o)
{
	return o->verdict && o->verdict->kind != IQ_CAUSE_UNKNOWN && !o->verdict->ordinary &&
	       (o->verdict->final || !o->out.num);
}

/* Everything that is reached from here; false: too much. */
static bool reach(struct iq_object *o, objects *found)
{
	struct iq_map seen = { 0 };

	iq_vec_push(found, o);
	iq_map_set(&seen, o->index, 1);
	for (size_t i = 0; i < found->num && found->num < MAX_NODES; i++) {
		if (is_end(found->data[i]))
			continue;
		iq_vec_foreach(&found->data[i]->out, e) {
			if (iq_map_get(&seen, (*e)->to->index))
				continue;
			iq_map_set(&seen, (*e)->to->index, 1);
			iq_vec_push(found, (*e)->to);
		}
	}
	iq_map_deinit(&seen);
	return found->num < MAX_NODES;
}

static bool reaches(struct iq_object *from, const struct iq_object *to)
{
	objects found = { 0 };
	bool yes = !reach(from, &found);

	iq_vec_foreach(&found, o)
		yes = yes || *o == to;
	iq_vec_free(&found);
	return yes;
}

static void find_ends(struct iq_object *o, struct ends *ends)
{
	objects found = { 0 };
	size_t num_ends = 0;

	*ends = (struct ends){ 0 };
	if (!reach(o, &found)) {
		iq_vec_free(&found);
		return;
	}
	iq_vec_foreach(&found, p)
		if (is_end(*p)) {
			ends->key += iq_hash_u64((*p)->index + 1);
			ends->has_verdict = true;
		}
	/* One with a verdict that leads on, to where nothing is known: then it is that one. */
	for (size_t i = found.num; i-- && !ends->has_verdict;)
		if (found.data[i]->verdict && !found.data[i]->verdict->ordinary &&
		    found.data[i]->verdict->kind != IQ_CAUSE_UNKNOWN) {
			ends->key = iq_hash_u64(found.data[i]->index + 1);
			ends->has_verdict = true;
		}
	iq_vec_foreach(&found, p)
		if (!ends->has_verdict && !(*p)->out.num) {
			ends->key += iq_hash_u64((*p)->index + 1);
			num_ends++;
		}
	/* A cycle that nothing leads out of. */
	for (size_t i = 0; !ends->has_verdict && !num_ends && i < found.num; i++)
		ends->key = IQ_MAX(ends->key, iq_hash_u64(found.data[i]->index + 1));
	iq_vec_free(&found);
}

/* ---- who may be to blame ---- */

/* A device that answers others meanwhile does not keep one waiting for so much longer. */
static bool is_old_enough(struct suspects *x, const struct sleep_case *c, const struct iq_object *o)
{
	const struct iq_attr *oldest = iq_object_attr(o, "oldest_ms");

	if (!o->verdict || o->verdict->kind != IQ_CAUSE_IO_STALLED || !oldest ||
	    oldest->kind != IQ_ATTR_INT)
		return true;
	return oldest->num > x->e->d.bound_ms &&
	       (c->w->waited_ms < 0 || oldest->num * OLD_FACTOR + OLD_SLACK_MS >= c->w->waited_ms);
}

static bool hangs(const struct iq_object *task)
{
	const struct iq_wait *w = task->wait;

	if (task->verdict && task->verdict->cannot_go_on)
		return true;
	if (!w || !w->lasting)
		return false;
	return w->uninterruptible || w->cls == IQ_WAIT_UNASKED ||
	       (w->cls == IQ_WAIT_LOCK && task->out.num);
}

static bool may_be_to_blame(struct suspects *x, const struct sleep_case *c, const struct suspect *s,
			    struct ends *ends)
{
	objects found = { 0 };
	bool ok = true;

	if (s->o->type == IQ_OBJ_TASK ? !hangs(s->o) : false)
		return false;
	find_ends(s->o, ends);
	if (s->o->type == IQ_OBJ_TASK)
		return true;
	if (!ends->has_verdict)
		return false;
	reach(s->o, &found);
	iq_vec_foreach(&found, o)
		ok = ok && is_old_enough(x, c, *o);
	iq_vec_free(&found);
	return ok;
}

/* ---- edges ---- */

static void join(struct suspects *x, struct sleep_case *c, const struct suspect *s)
{
	struct iq_graph *g = x->e->d.g;
	struct iq_object *via = c->w->on->type == IQ_OBJ_LOCK && c->w->on != s->o ? c->w->on : NULL;
	struct iq_edge *e =
		iq_graph_edge(g, c->w->task, s->o, via, IQ_EDGE_MAYBE, IQ_LIKELY, "%s", s->how);

	iq_text_add(g, &e->evidence, "%s", s->evidence);
	if (!c->joined)
		x->e->num_unexplained -= x->e->num_unexplained > 0;
	c->joined = true;
	c->w->rule = "inferred";
}

/* Would somebody of these wait for us then? Our own tentative edges are in the graph already. */
static bool makes_a_circle(const struct sleep_case *c, const struct suspect *s)
{
	return reaches(s->o, c->w->task);
}

/*
 * The suspects of the best tier that has any: all of them, if they end at one thing. verdict: only
 * those behind whom something is known.
 */
static size_t choose(struct suspects *x, struct sleep_case *c, bool verdict,
		     const struct suspect *chosen[], size_t max)
{
	for (unsigned tier = 0; tier < NUM_TIERS; tier++) {
		struct ends first = { 0 }, ends;
		size_t num = 0;
		bool waits = false;

		iq_vec_foreach(&c->list, s) {
			if (s->tier != tier || makes_a_circle(c, s) ||
			    !may_be_to_blame(x, c, s, &ends))
				continue;
			if (ends.has_verdict != verdict) {
				waits = waits || verdict;
				continue;
			}
			if (num && ends.key != first.key)
				return 0;
			first = ends;
			if (num < max)
				chosen[num++] = s;
			/* What the innermost function works on comes before the rest. */
			if (tier == TIER_FRAMES)
				break;
		}
		if (num)
			return verdict || num == 1 ? num : 0;
		/* Who is known to have it may yet turn out to have a reason. */
		if (waits && tier <= TIER_OWNER)
			return 0;
		/* Of whom nothing is known, only those who surely have it. */
		if (!verdict && tier == TIER_SHARED)
			return 0;
	}
	return 0;
}

struct choice {
	struct sleep_case *c;
	const struct suspect *s;
};

/* One round: decide for all on the same graph, and draw what makes no circle. Says if any was. */
static bool decide(struct suspects *x, struct sleep_case *cases, size_t num, bool verdict)
{
	enum { MAX_CHOSEN = 4 };
	IQ_VEC(struct choice) choices = { 0 };
	bool any = false;

	for (size_t i = 0; i < num && !iq_engine_expired(x->e); i++) {
		const struct suspect *chosen[MAX_CHOSEN];
		size_t n = cases[i].joined ? 0 : choose(x, &cases[i], verdict, chosen, MAX_CHOSEN);

		for (size_t k = 0; k < n; k++)
			iq_vec_push(&choices, (struct choice){ &cases[i], chosen[k] });
	}
	/* Two that would blame each other: neither does. */
	iq_vec_foreach(&choices, p)
		iq_vec_foreach(&choices, q)
			if (p->s && q->s && p->s->o == q->c->w->task && q->s->o == p->c->w->task)
				p->s = q->s = NULL;
	iq_vec_foreach(&choices, p) {
		if (!p->s || makes_a_circle(p->c, p->s))
			continue;
		join(x, p->c, p->s);
		any = true;
	}
	iq_vec_free(&choices);
	return any;
}

/* ---- cases ---- */

static const char *class_of(enum iq_sleep_kind kind)
{
	switch (kind) {
	case IQ_ON_PAGE:
		return "page";
	case IQ_ON_BIT:
		return "bit";
	case IQ_ON_VAR:
		return "variable";
	case IQ_ON_QUEUE:
		return "waitqueue";
	case IQ_ON_COMPLETION:
		return "completion";
	default:
		return "lock";
	}
}

/* It waits for the thing that was found, instead of the place in the kernel. */
static void name_object(struct suspects *x, struct sleep_case *c)
{
	struct iq_graph *g = x->e->d.g;
	struct iq_object *on;

	if (!c->on.addr || !c->what || c->w->on->type != IQ_OBJ_KERNEL)
		return;
	on = iq_graph_object(g, IQ_OBJ_LOCK, "lock:%#" PRIx64, c->on.addr);
	if (!on->name) {
		on->addr = c->on.addr;
		iq_object_str(g, on, "class", class_of(c->on.kind));
		iq_object_name(g, on, "%s", c->what);
	}
	c->w->on = on;
	iq_text_add(g, &c->w->evidence, "%s() waits on %s, %#" PRIx64, c->where, c->what,
		    c->on.addr);
}

static bool is_case(const struct iq_wait *w)
{
	return w->rule && !*w->rule && w->uninterruptible && !w->task->out.num;
}

static size_t collect(struct suspects *x, struct iq_map *done, struct sleep_case *cases, size_t num)
{
	struct engine *e = x->e;

	for (size_t i = 0; i < e->d.g->waits.num && num < MAX_CASES; i++) {
		struct iq_wait *w = e->d.g->waits.data[i];
		const struct iq_task *t;

		if (!is_case(w) || iq_map_get(done, w->task->index) || iq_engine_expired(e))
			continue;
		iq_map_set(done, w->task->index, 1);
		t = iq_task_by_pid(e->d.s, (int32_t)w->task->tid);
		if (!t)
			continue;
		cases[num] =
			(struct sleep_case){ .w = w, .task = t, .stack = iq_task_stack(e->d.s, t) };
		gather_suspects(x, &cases[num]);
		name_object(x, &cases[num]);
		num++;
	}
	return num;
}

void iq_engine_suspect(struct engine *e)
{
	struct suspects x = { .e = e };
	struct sleep_case *cases = iq_xcalloc(MAX_CASES, sizeof(*cases));
	struct iq_map done = { 0 };
	size_t num = 0;

	for (unsigned round = 0; round < MAX_ROUNDS; round++) {
		size_t before = num;
		bool any = false;

		num = collect(&x, &done, cases, num);
		if (num == before)
			break;
		iq_engine_follow(e);
		for (unsigned i = 0; i < MAX_SPREAD && decide(&x, cases, num, true); i++) {
			iq_engine_follow(e);
			any = true;
		}
		any = decide(&x, cases, num, false) || any;
		if (any)
			iq_engine_follow(e);
	}
	tell_unknown(&x, cases, num);
	for (size_t i = 0; i < num; i++)
		iq_vec_free(&cases[i].list);
	free(cases);
	iq_map_deinit(&done);
	iq_map_deinit(&x.kinds);
	iq_map_deinit(&x.sbs);
	iq_vec_free(&x.mentions);
}
