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
#include <stdio.h>

#include "diag/suspect.h"
#include "inquest/sleep.h"

enum {
	MAX_CASES = 512,
	MAX_ROUNDS = 4,
	MAX_SPREAD = 64, /* rounds in which verdicts spread */
	MAX_NODES = 512, /* that are followed to find where one ends */
	OLD_FACTOR = 4,
	OLD_SLACK_MS = 2000,
	NS_PER_MS = 1000000,
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
	       (c->task->idle_ns < 0 ||
		oldest->num * OLD_FACTOR + OLD_SLACK_MS >= c->task->idle_ns / NS_PER_MS);
}

static bool is_inferred(const struct iq_wait *w)
{
	return w->rule && !strcmp(w->rule, IQ_RULE_INFERRED);
}

static bool hangs(const struct iq_object *task)
{
	const struct iq_wait *w = task->wait;

	if (task->verdict && task->verdict->cannot_go_on)
		return true;
	if (!w || !w->lasting)
		return false;
	return w->uninterruptible || w->cls == IQ_WAIT_UNASKED || is_inferred(w) ||
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

static struct iq_object *object_of(struct suspects *x, const struct sleep_case *c)
{
	struct iq_graph *g = x->e->d.g;
	struct iq_object *on = iq_graph_object(g, IQ_OBJ_LOCK, "lock:%#" PRIx64, c->on.addr);

	if (!on->name) {
		on->addr = c->on.addr;
		iq_object_str(g, on, "class", class_of(c->on.kind));
		iq_object_name(g, on, "%s", c->what);
	}
	return on;
}

/* An ordinary sleep is told of only now that it hangs by somebody who cannot end it. */
static void begin_wait(struct suspects *x, const struct sleep_case *c)
{
	const struct iq_sleeper who = {
		.d = &x->e->d, .task = c->task, .stack = c->stack, .frame = (size_t)c->frame
	};
	struct iq_wait *w = iq_diag_wait(&who, object_of(x, c), IQ_WAIT_MESSAGE);

	w->any = true;
	iq_text_add(x->e->d.g, &w->evidence, "%s() waits on %s, %#" PRIx64, c->where, c->what,
		    c->on.addr);
}

static void join(struct suspects *x, struct sleep_case *c, const struct suspect *s)
{
	struct iq_graph *g = x->e->d.g;
	struct iq_object *via;
	struct iq_edge *e;

	if (!c->o->wait)
		begin_wait(x, c);
	via = c->o->wait->on->type == IQ_OBJ_LOCK && c->o->wait->on != s->o ? c->o->wait->on : NULL;
	e = iq_graph_edge(g, c->o, s->o, via, IQ_EDGE_MAYBE, IQ_LIKELY, "%s", s->how);
	iq_text_add(g, &e->evidence, "%s", s->evidence);
	if (!c->joined && !c->asleep)
		x->e->num_unexplained -= x->e->num_unexplained > 0;
	c->joined = true;
	c->o->wait->rule = IQ_RULE_INFERRED;
}

/* Would somebody of these wait for us then? Our own tentative edges are in the graph already. */
static bool makes_a_circle(const struct sleep_case *c, const struct suspect *s)
{
	return reaches(s->o, c->o);
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
			if (s->tier != tier)
				continue;
			if (makes_a_circle(c, s) || !may_be_to_blame(x, c, s, &ends)) {
				/* Any of those who have it open could do what is waited for. */
				if (tier == TIER_OPEN)
					return 0;
				continue;
			}
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
		if (tier == TIER_OPEN && (!verdict || c->asleep))
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
			if (p->s && q->s && p->s->o == q->c->o && q->s->o == p->c->o)
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

/* It waits for the thing that was found, instead of the place in the kernel. */
static void name_object(struct suspects *x, struct sleep_case *c)
{
	struct iq_wait *w = c->o->wait;

	if (!w || !c->on.addr || !c->what || w->on->type != IQ_OBJ_KERNEL)
		return;
	w->on = object_of(x, c);
	iq_text_add(x->e->d.g, &w->evidence, "%s() waits on %s, %#" PRIx64, c->where, c->what,
		    c->on.addr);
}

static bool is_case(const struct iq_wait *w)
{
	return w->rule && !*w->rule && w->uninterruptible && !w->task->out.num;
}

struct cases {
	struct sleep_case *list;
	size_t num;
	struct iq_map done; /* index of the task's object -> 1 */
};

static void add_case(struct suspects *x, struct cases *cases, const struct iq_task *t, bool asleep)
{
	struct iq_object *o = iq_diag_task(&x->e->d, t);
	struct sleep_case *c = &cases->list[cases->num];

	if (iq_map_get(&cases->done, o->index))
		return;
	iq_map_set(&cases->done, o->index, 1);
	*c = (struct sleep_case){
		.o = o, .task = t, .stack = iq_task_stack(x->e->d.s, t), .asleep = asleep
	};
	gather_suspects(x, c);
	name_object(x, c);
	cases->num++;
}

static void collect(struct suspects *x, struct cases *cases)
{
	struct engine *e = x->e;

	for (size_t i = 0; i < e->d.g->waits.num && cases->num < MAX_CASES; i++) {
		const struct iq_wait *w = e->d.g->waits.data[i];
		const struct iq_task *t;

		if (!is_case(w) || iq_engine_expired(e))
			continue;
		t = iq_task_by_pid(e->d.s, (int32_t)w->task->tid);
		if (t)
			add_case(x, cases, t, false);
	}
}

/* A sleep that nobody but another task ends, and that is not what idle programs do all day. */
static bool may_sleep_on_somebody(struct suspects *x, const struct iq_task *t)
{
	const unsigned ordinary = IQ_SLEEP_TIME | IQ_SLEEP_POLL | IQ_SLEEP_RING | IQ_SLEEP_SIGNAL |
				  IQ_SLEEP_FUTEX_ANY | IQ_SLEEP_CHILD | IQ_SLEEP_EVENT |
				  IQ_SLEEP_INPUT;
	const struct iq_object *o;
	char id[32];

	if (t->state != 'S' || t->kthread || t->frozen || t->on_cpu || t->unreadable || !t->stack ||
	    t->pid <= 0)
		return false;
	snprintf(id, sizeof(id), "task:%d", t->pid);
	o = iq_graph_find(x->e->d.g, id);
	return (!o || !o->wait) && iq_sleep_find(iq_task_stack(x->e->d.s, t), 0, ordinary) < 0 &&
	       sleep_of(x, t)->addr;
}

static bool is_anybody_stuck(struct engine *e)
{
	for (size_t i = 0; i < e->d.tasks->num_tasks; i++) {
		const struct iq_task *t = &e->d.tasks->tasks[i];

		if (t->state == 'T' || t->state == 't' || t->frozen ||
		    (t->state == 'R' && t->queued_ns > e->d.bound_ms * NS_PER_MS))
			return true;
	}
	iq_vec_foreach(&e->d.g->waits, w)
		if ((*w)->uninterruptible && (*w)->lasting)
			return true;
	return false;
}

static void collect_asleep(struct suspects *x, struct cases *cases)
{
	struct engine *e = x->e;

	if (!is_anybody_stuck(e))
		return;
	for (size_t i = 0; i < e->d.tasks->num_tasks && cases->num < MAX_CASES; i++) {
		if (i % 64 == 0 && iq_engine_expired(e))
			break;
		if (may_sleep_on_somebody(x, &e->d.tasks->tasks[i]))
			add_case(x, cases, &e->d.tasks->tasks[i], true);
	}
}

/* Verdicts spread as long as there is somebody new whom they reach. */
static void decide_all(struct suspects *x, struct cases *cases)
{
	for (unsigned i = 0; i < MAX_SPREAD && decide(x, cases->list, cases->num, true); i++)
		iq_engine_follow(x->e);
	if (decide(x, cases->list, cases->num, false))
		iq_engine_follow(x->e);
}

void iq_engine_suspect(struct engine *e)
{
	struct suspects x = { .e = e };
	struct cases cases = { .list = iq_xcalloc(MAX_CASES, sizeof(*cases.list)) };

	collect_asleep(&x, &cases);
	for (unsigned round = 0; round < MAX_ROUNDS; round++) {
		size_t before = cases.num;

		collect(&x, &cases);
		if (round && cases.num == before)
			break;
		iq_engine_follow(e);
		decide_all(&x, &cases);
	}
	tell_unknown(&x, cases.list, cases.num);
	for (size_t i = 0; i < cases.num; i++)
		iq_vec_free(&cases.list[i].list);
	free(cases.list);
	iq_map_deinit(&cases.done);
	iq_map_deinit(&x.kinds);
	iq_map_deinit(&x.sbs);
	iq_vec_free(&x.mentions);
}
