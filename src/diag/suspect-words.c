/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is said of a sleep for which nobody was found
 *
 * Where it is and what that is for, on what, how many like it, who has something to do with it
 * without that it would prove anything, and where to look next. Several tasks that sleep on the
 * same thing are one cause.
 */
#include "diag/places.h"
#include "diag/suspect.h"

enum { MAX_HINTS = 4 };

/* The innermost place on a stack that is known in words. */
static const struct iq_place *place_of(const struct sleep_case *c)
{
	for (size_t i = 0; c->frame >= 0 && i < c->stack->num_frames; i++) {
		const struct iq_place *p = c->stack->frames[i].sym.name
						   ? iq_place_of(c->stack->frames[i].sym.name)
						   : NULL;

		if (p && (int)i >= c->frame)
			return p;
	}
	return NULL;
}

static const char *where_in_words(struct iq_graph *g, const struct sleep_case *c)
{
	const struct iq_place *p = place_of(c);
	const char *module = c->stack->frames[c->frame].sym.module;

	return iq_arena_printf(g->arena, "%s%s%s%s%s", c->where, module ? " of the module " : "",
			       module ? module : "", p ? ", where it " : "", p ? p->words : "");
}

static size_t num_on(const struct sleep_case *cases, size_t num, const struct sleep_case *c)
{
	size_t n = 0;

	for (size_t i = 0; i < num; i++)
		n += !cases[i].joined && cases[i].o->wait && cases[i].o->wait->on == c->o->wait->on;
	return n;
}

static size_t num_at(const struct sleep_case *cases, size_t num, const struct sleep_case *c)
{
	size_t n = 0;

	for (size_t i = 0; i < num; i++)
		n += &cases[i] != c && !cases[i].joined && !cases[i].asleep && cases[i].where &&
		     !strcmp(cases[i].where, c->where);
	return n;
}

static void add_hints(struct iq_graph *g, const struct sleep_case *c, iq_texts *evidence)
{
	size_t num = 0;

	iq_vec_foreach(&c->list, s) {
		if (s->o->type != IQ_OBJ_TASK && !s->o->verdict)
			continue;
		if (num++ == MAX_HINTS)
			break;
		iq_text_add(g, evidence, "it may have to do with it, but nothing proves it: %s",
			    s->evidence);
	}
}

static void tell(struct iq_graph *g, const struct sleep_case *cases, size_t num,
		 const struct sleep_case *c)
{
	bool group = c->o->wait->on->type == IQ_OBJ_LOCK && num_on(cases, num, c) > 1;
	struct iq_object *o = group ? c->o->wait->on : c->o;
	const char *where = where_in_words(g, c);
	const struct iq_place *p = place_of(c);
	size_t like = num_at(cases, num, c);
	struct iq_verdict *v;

	if (o->verdict)
		return;
	if (group)
		v = iq_object_verdict(g, o, IQ_CAUSE_UNKNOWN, IQ_STRONG,
				      "%zu tasks sleep in %s, on %s, and nothing that was read "
				      "says who has to end that",
				      num_on(cases, num, c), where, o->name);
	else
		v = iq_object_verdict(g, o, IQ_CAUSE_UNKNOWN, IQ_STRONG,
				      "%s (%d) sleeps in %s, and nothing that was read says why",
				      c->task->comm, c->task->pid, where);
	if (!group && like)
		iq_text_add(g, &v->evidence, "%zu more task%s in %s(), each on something else",
			    like, like == 1 ? " sleeps" : "s sleep", c->where);
	add_hints(g, c, &v->evidence);
	iq_remedy_add(g, &o->remedy, IQ_RISK_NONE, NULL, "look next at %s",
		      p ? p->next : "what the kernel log says of it (dmesg)");
}

void tell_unknown(struct suspects *x, const struct sleep_case *cases, size_t num)
{
	for (size_t i = 0; i < num; i++)
		if (!cases[i].joined && !cases[i].asleep && cases[i].frame >= 0 &&
		    !cases[i].o->out.num)
			tell(x->e->d.g, cases, num, &cases[i]);
}
