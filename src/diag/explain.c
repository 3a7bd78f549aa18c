/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What `why` knows of one task
 *
 * An engine that takes no looks of its own: it works on the session's present snapshot, is made
 * when it is first asked, and goes with the snapshot.
 */
#include "inquest/explain.h"

#include <stdio.h>

#include "diag/engine.h"
#include "inquest/lock.h"
#include "inquest/waitq.h"

enum { BOUND_MS = 1000, MAX_MS = 10000 };

static const struct iq_why_options plain = { .longer_than_ms = BOUND_MS, .max_ms = MAX_MS };

static void explainer_free(void *value)
{
	struct engine *e = value;

	iq_engine_deinit(e);
	free(e);
}

static void *explainer_make(struct iq_session *s)
{
	const struct iq_task_list *list = iq_tasks(s);
	struct engine *e;

	if (!list)
		return NULL;
	e = iq_xmalloc(sizeof(*e));
	iq_engine_init(e, s, &plain);
	e->d.g = iq_graph_new();
	e->d.tasks = list;
	return e;
}

static const struct iq_cache explainer_cache = { .life = IQ_CACHE_SNAPSHOT,
						 .make = explainer_make,
						 .free = explainer_free };

static struct engine *explainer(struct iq_session *s)
{
	return iq_cache_get(s, &explainer_cache);
}

const struct iq_wait *iq_explain_task(struct iq_session *s, const struct iq_task *task)
{
	struct engine *e = explainer(s);

	return e && task->pid > 0 ? iq_engine_explain(e, task) : NULL;
}

static const char *type_of(struct iq_session *s, const struct iq_wait *w)
{
	const struct iq_attr *cls = iq_object_attr(w->on, "class");
	const struct iq_lock_kind *kind = cls ? iq_lock_by_class(cls->str) : NULL;

	if (kind)
		return iq_lock_type(s, kind);
	if (w->on->type == IQ_OBJ_FILESYSTEM)
		return "struct super_block";
	if (w->on->type == IQ_OBJ_TASK)
		return "struct task_struct";
	return NULL;
}

bool iq_explain_wchan(struct iq_session *s, const struct iq_task *task, struct iq_wchan *wchan_ret)
{
	const struct iq_wait *w = iq_explain_task(s, task);
	struct iq_wait_entry entry;
	const struct iq_stack *stack;

	*wchan_ret = (struct iq_wchan){ 0 };
	if (w) {
		wchan_ret->text = w->on->name;
		wchan_ret->mode = w->mode;
		wchan_ret->cls = iq_object_attr(w->on, "class")
					 ? iq_object_attr(w->on, "class")->str
					 : iq_object_type_name(w->on->type);
		wchan_ret->certainty = w->certainty;
	}
	if (w && w->on->type == IQ_OBJ_LOCK && w->on->addr) {
		wchan_ret->addr = w->on->addr;
		wchan_ret->type = type_of(s, w);
		return true;
	}
	if (task->unreadable || !task->stack || task->on_cpu || task->pid <= 0)
		return false;
	stack = iq_task_stack(s, task);
	if (iq_find_completion(s, task, stack, &wchan_ret->addr)) {
		wchan_ret->type = "struct completion";
		wchan_ret->certainty = IQ_PROVEN;
		return true;
	}
	if (iq_find_wait_entry(s, task, stack, NULL, &entry)) {
		wchan_ret->addr = entry.head;
		wchan_ret->type = "struct wait_queue_head";
		wchan_ret->certainty = IQ_PROVEN;
		return true;
	}
	if (!w || !w->on->addr)
		return false;
	wchan_ret->addr = w->on->addr;
	wchan_ret->type = type_of(s, w);
	return true;
}

const char *iq_explain_lock_name(struct iq_session *s, iq_vaddr lock, const char *lock_type)
{
	struct engine *e = explainer(s);
	const struct iq_lock_kind *kind = iq_lock_by_type(lock_type);
	const char *cls = kind && kind->cls ? kind->cls : "lock";

	return e ? iq_diag_lock(&e->d, lock, cls, lock_type, NULL, NULL)->name : NULL;
}

/* ---- why ---- */

static void add_duration(struct iq_strbuf *text, int64_t ms)
{
	if (ms >= 0)
		iq_strbuf_printf(text, ", for %" PRId64 ".%03" PRId64 " s", ms / 1000, ms % 1000);
}

static void add_wait(struct iq_strbuf *text, const struct iq_wait *w)
{
	iq_strbuf_adds(text, "    ");
	if (w->mode)
		iq_strbuf_printf(text, "waits to %s %s", w->mode, w->on->name);
	else
		iq_strbuf_printf(text, "%s %s", w->rule && *w->rule ? "waits for" : "sleeps in",
				 w->on->name);
	if (w->on->addr)
		iq_strbuf_printf(text, " (%" PRIx64 ")", w->on->addr);
	add_duration(text, w->waited_ms);
	if (w->in_words)
		iq_strbuf_printf(text, ", %s", w->in_words);
	iq_strbuf_printf(text, " [%s]\n", iq_certainty_name(w->certainty));
	iq_vec_foreach(&w->evidence, line)
		iq_strbuf_printf(text, "        %s\n", *line);
}

/* The edge that leads to an object of the chain: how it has what the one before wants. */
static void add_step(struct iq_session *s, struct iq_strbuf *text, const struct iq_object *o,
		     const struct iq_edge *edge)
{
	const struct iq_task *t =
		o->type == IQ_OBJ_TASK ? iq_task_by_pid(s, (int32_t)o->tid) : NULL;

	if (t)
		iq_strbuf_printf(text, "%" PRIx64 " %s (%d) %c", t->addr, t->comm, t->pid,
				 t->state);
	else if (o->addr)
		iq_strbuf_printf(text, "%" PRIx64 " %s", o->addr, o->name);
	else
		iq_strbuf_adds(text, o->name ? o->name : o->id);
	if (edge)
		iq_strbuf_printf(text, ": %s [%s]", edge->how, iq_certainty_name(edge->certainty));
	iq_strbuf_addc(text, '\n');
	if (edge)
		iq_vec_foreach(&edge->evidence, line)
			iq_strbuf_printf(text, "        %s\n", *line);
	if (o->wait)
		add_wait(text, o->wait);
}

static const struct iq_edge *edge_to(const struct iq_cause *cause, const struct iq_object *o)
{
	iq_vec_foreach(&cause->chain_edges, e)
		if ((*e)->to == o)
			return *e;
	return NULL;
}

static void add_cause(struct iq_session *s, struct iq_strbuf *text, const struct iq_cause *cause)
{
	/* Locks in between are told with who waits for them. */
	for (size_t i = 0; i < cause->chain.num; i++) {
		const struct iq_object *o = cause->chain.data[i];
		bool last = i + 1 == cause->chain.num;

		if (i == 0 || last || o->type == IQ_OBJ_TASK || edge_to(cause, o))
			add_step(s, text, o, i ? edge_to(cause, o) : NULL);
	}
	iq_strbuf_printf(text, "cause: %s [%s, %s]\n", cause->summary,
			 iq_cause_kind_name(cause->kind), iq_certainty_name(cause->certainty));
	iq_vec_foreach(&cause->evidence, line)
		iq_strbuf_printf(text, "        %s\n", *line);
	iq_vec_foreach(&cause->remedy, line)
		iq_strbuf_printf(text, "    to do: %s\n", *line);
	if (cause->blocked.num > 1)
		iq_strbuf_printf(text, "%zu tasks wait for this\n", cause->blocked.num);
}

static void add_no_cause(struct iq_session *s, struct iq_strbuf *text, int32_t pid)
{
	const struct iq_task *t = iq_task_by_pid(s, pid);
	const struct iq_wait *w = t ? iq_explain_task(s, t) : NULL;

	if (!t) {
		iq_strbuf_adds(text, "it has gone meanwhile\n");
		return;
	}
	iq_strbuf_printf(text, "%" PRIx64 " %s (%d) %c\n", t->addr, t->comm, t->pid, t->state);
	if (w)
		add_wait(text, w);
	iq_strbuf_adds(text, w		 ? "it does not hang\n"
			     : t->on_cpu ? "it runs\n"
					 : "it waits for nothing that hangs\n");
}

struct iq_error *iq_why_task(struct iq_session *s, const struct iq_task *task,
			     struct iq_strbuf *text)
{
	int32_t pid = task->pid;
	struct iq_why_options options = {
		.asked = { .pids = &pid, .num_pids = 1 },
		.longer_than_ms = BOUND_MS,
		.max_ms = MAX_MS,
	};
	struct iq_error *err;
	struct iq_why why;

	err = iq_why(s, &options, &why);
	if (err)
		return err;
	for (size_t i = 0; i < why.causes->list.num; i++)
		add_cause(s, text, why.causes->list.data[i]);
	if (!why.causes->list.num)
		add_no_cause(s, text, pid);
	iq_vec_foreach(&why.notes, note)
		iq_strbuf_printf(text, "note: %s\n", *note);
	iq_why_deinit(&why);
	return NULL;
}
