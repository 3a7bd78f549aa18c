/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which rules there are, and who is asked first
 *
 * The rooms' tables become lists in the order in which they are asked: by rank,
 * then by the rule's name, then by the room's. The order in which the session
 * lists its rooms leaves no trace in them.
 *
 * Which wait rules to ask is decided by the functions on a task's stack. Names
 * are compared once for each function of the kernel that is ever met; after
 * that a frame's rules are found by its symbol's address.
 */
#include "diag/engine.h"

/* Put a rule into a list where its rank and name belong, behind its equals. */
#define ADD_BY_RANK(vec, rule)                                                                     \
	do {                                                                                       \
		size_t at_ = (vec)->num;                                                           \
                                                                                                   \
		iq_vec_push(vec, rule);                                                            \
		for (; at_ && goes_before((rule)->rank, (rule)->name, (vec)->data[at_ - 1]->rank,  \
					  (vec)->data[at_ - 1]->name);                             \
		     at_--)                                                                        \
			(vec)->data[at_] = (vec)->data[at_ - 1];                                   \
		(vec)->data[at_] = (rule);                                                         \
	} while (0)

static bool goes_before(int rank, const char *name, int other_rank, const char *other)
{
	return rank != other_rank ? rank > other_rank : strcmp(name, other) < 0;
}

static bool has_types(struct iq_session *s, const char *const *types, const char **missing)
{
	for (size_t i = 0; types && types[i]; i++) {
		if (!iq_has_type(s, types[i])) {
			*missing = types[i];
			return false;
		}
	}
	return true;
}

/* A rule whose types this kernel lacks is there only to say so, where it would have been asked. */
static void add_wait_rule(struct engine *e, const struct iq_module *m,
			  const struct iq_wait_rule *rule, const char *missing)
{
	if (!missing)
		has_types(e->d.s, rule->needs_types, &missing);
	for (size_t i = 0; rule->functions[i]; i++) {
		struct rule_ref *ref = iq_arena_alloc(e->arena, sizeof(*ref));
		struct rule_ref *first = iq_strmap_get(&e->rules, rule->functions[i]);
		struct rule_ref **at = &first;

		*ref = (struct rule_ref){ .module = m, .rule = rule, .missing = missing };
		while (*at &&
		       !goes_before(rule->rank, rule->name, (*at)->rule->rank, (*at)->rule->name))
			at = &(*at)->next;
		ref->next = *at;
		*at = ref;
		iq_strmap_set(&e->rules, rule->functions[i], first);
	}
}

/* Is it among the names that stand in LIST with commas between? */
static bool is_listed(const char *list, const char *name)
{
	size_t len = strlen(name), part;

	for (; list && *list; list += part + (list[part] == ',')) {
		part = strcspn(list, ",");
		if (part == len && !strncmp(list, name, len))
			return true;
	}
	return false;
}

/* Rules of an idle room are not asked. */
static void add_others(struct engine *e, const struct iq_module *m)
{
	iq_vec_push(&e->modules, m);
	for (const struct iq_object_rule *r = m->object_rules; r && r->name; r++)
		ADD_BY_RANK(&e->object_rules, r);
	for (const struct iq_lock_namer *n = m->lock_namers; n && n->name; n++)
		ADD_BY_RANK(&e->lock_namers, n);
	for (const struct iq_holder_rule *r = m->holder_rules; r && r->name; r++)
		ADD_BY_RANK(&e->holder_rules, r);
}

static int by_name(const void *a, const void *b)
{
	const struct iq_module *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

void iq_rules_init(struct engine *e)
{
	const char *missing;

	iq_vec_foreach(&e->d.s->rooms.list, m)
		iq_vec_push(&e->rooms, *m);
	if (e->rooms.num)
		qsort(e->rooms.data, e->rooms.num, sizeof(*e->rooms.data), by_name);
	iq_vec_foreach(&e->rooms, mp) {
		const struct iq_module *m = *mp;

		missing = NULL;
		if (has_types(e->d.s, m->needs_types, &missing))
			add_others(e, m);
		for (size_t k = 0; m->wait_rules && m->wait_rules[k].name; k++)
			if (!is_listed(e->options->without, m->wait_rules[k].name))
				add_wait_rule(e, m, &m->wait_rules[k], missing);
	}
}

void iq_rules_deinit(struct engine *e)
{
	iq_strmap_deinit(&e->rules);
	iq_map_deinit(&e->rules_at);
	iq_vec_free(&e->rooms);
	iq_vec_free(&e->modules);
	iq_vec_free(&e->object_rules);
	iq_vec_free(&e->lock_namers);
	iq_vec_free(&e->holder_rules);
}

/* ---- which rules a frame calls up ---- */

bool iq_engine_function_name(const struct iq_frame *frame, char *name, size_t size)
{
	/* Compilers add suffixes to clones: "__mutex_lock.constprop.0". */
	size_t len = frame->sym.name ? strcspn(frame->sym.name, ".") : 0;

	if (!len || len >= size)
		return false;
	memcpy(name, frame->sym.name, len);
	name[len] = '\0';
	return true;
}

struct rule_ref *iq_rules_of(struct engine *e, const struct iq_frame *frame)
{
	uint64_t *known;
	struct rule_ref *ref = NULL;
	char name[128];

	if (!frame->sym.name)
		return NULL;
	known = iq_map_get(&e->rules_at, frame->sym.addr);
	if (known)
		return (struct rule_ref *)(uintptr_t)*known;
	if (iq_engine_function_name(frame, name, sizeof(name)))
		ref = iq_strmap_get(&e->rules, name);
	iq_map_set(&e->rules_at, frame->sym.addr, (uintptr_t)ref);
	return ref;
}
