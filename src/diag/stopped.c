/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stopped processes that others may miss
 *
 * A process that is stopped, traced or frozen, and behind which nobody is known to hang, is no
 * cause. But one that listens on a socket, or to which others have sent what it has not read, is
 * what an administrator looks for: that is a note. What a process has that others want, the rooms
 * know (iq_module.wanted_of).
 */
#include <stdio.h>

#include "diag/engine.h"
#include "inquest/describe.h"

enum { MAX_NOTES = 16 };

static bool is_in(const struct iq_causes *causes, const struct iq_object *o)
{
	iq_vec_foreach(&causes->list, cause) {
		if ((*cause)->root == o)
			return true;
		iq_vec_foreach(&(*cause)->chain, c)
			if (*c == o)
				return true;
		iq_vec_foreach(&(*cause)->blocked, b)
			if (*b == o)
				return true;
	}
	return false;
}

/* Is a thread of this process, which begins at tasks[i], the root of a cause or part of one? */
static bool is_told_of(const struct engine *e, const struct iq_causes *causes, size_t i)
{
	const struct iq_task_list *list = e->d.tasks;
	int32_t tgid = list->tasks[i].tgid;

	for (; i < list->num_tasks && list->tasks[i].tgid == tgid; i++) {
		char id[32];
		const struct iq_object *o;

		snprintf(id, sizeof(id), "task:%d", list->tasks[i].pid);
		o = iq_graph_find(e->d.g, id);
		if (o && is_in(causes, o))
			return true;
	}
	return false;
}

static const char *how_held(const struct iq_task *t)
{
	if (t->state == 'T')
		return "Stopped by a signal";
	if (t->state == 't')
		return "Held by its tracer";
	return t->frozen ? "Frozen with its cgroup" : NULL;
}

static void tell(struct engine *e, const struct iq_task *t, const iq_texts *wanted)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;

	iq_strbuf_printf(&sb, "%s: %s (%d)", how_held(t), t->comm, t->tgid);
	if (t->idle_ns >= 0)
		iq_strbuf_printf(&sb, ", since %s", iq_describe_ns(e->d.s, t->idle_ns));
	iq_vec_foreach(wanted, text)
		iq_strbuf_printf(&sb, "; %s", *text);
	iq_diag_note(&e->d, "%s", iq_strbuf_str(&sb));
}

void iq_engine_tell_stopped(struct engine *e, const struct iq_causes *causes)
{
	const struct iq_task_list *list = e->d.tasks;
	size_t num = 0;

	for (size_t i = 0; i < list->num_tasks && num < MAX_NOTES; i++) {
		const struct iq_task *t = &list->tasks[i];
		iq_texts wanted = { 0 };

		if (!t->pid || t->pid != t->tgid || t->kthread || t->unreadable || !how_held(t) ||
		    is_told_of(e, causes, i))
			continue;
		iq_vec_foreach(&e->modules, m)
			if ((*m)->wanted_of)
				(*m)->wanted_of(&e->d, t, &wanted);
		if (wanted.num) {
			tell(e, t, &wanted);
			num++;
		}
		iq_vec_free(&wanted);
	}
}
