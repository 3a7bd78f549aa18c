/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What `why` knows of one task
 *
 * An engine that takes no looks of its own: it works on the session's present snapshot, is made
 * when it is first asked, and goes with the snapshot.
 */
#include "inquest/explain.h"

#include <stdio.h>

#include "diag/answer.h"
#include "diag/engine.h"
#include "inquest/lock.h"
#include "inquest/names.h"
#include "inquest/waitq.h"
#include "out/why-text.h"

enum { BOUND_MS = 1000, MAX_MS = 10000 };

static const struct iq_why_options plain = { .longer_than_ms = BOUND_MS, .max_ms = MAX_MS };

static void explainer_free(void *value)
{
	struct engine *e = value;

	iq_engine_deinit(e);
	free(e);
}

static void start(struct engine *e, struct iq_session *s, const struct iq_task_list *list)
{
	iq_engine_init(e, s, &plain);
	e->d.g = iq_graph_new();
	e->d.tasks = list;
}

static void *explainer_make(struct iq_session *s)
{
	const struct iq_task_list *list = iq_tasks(s);
	struct engine *e;

	if (!list)
		return NULL;
	e = iq_xmalloc(sizeof(*e));
	start(e, s, list);
	return e;
}

static const struct iq_cache explainer_cache = { .life = IQ_CACHE_SNAPSHOT,
						 .make = explainer_make,
						 .free = explainer_free };

static struct engine *explainer(struct iq_session *s)
{
	struct engine *e = iq_cache_get(s, &explainer_cache);

	/* A module has come or gone: the rules are others. */
	if (e && e->rooms_changes != s->rooms.changes) {
		iq_engine_deinit(e);
		start(e, s, iq_tasks(s));
	}
	return e;
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

struct iq_error *iq_why_task(struct iq_session *s, const struct iq_task *task, bool all,
			     struct iq_strbuf *text)
{
	struct iq_why_style style = { .all = all, .more = "::why -a" };
	uint64_t asked_at_ns = iq_clock_monotonic();
	int32_t pid = task->pid;
	struct iq_why_options options = {
		.asked = { .pids = &pid, .num_pids = 1 },
		.longer_than_ms = BOUND_MS,
		.max_ms = MAX_MS,
	};
	struct iq_error *err;
	struct iq_why why;
	json_t *report;

	err = iq_why(s, &options, &why);
	if (err)
		return err;
	report = iq_why_report(s, &why, asked_at_ns, true);
	iq_why_text(text, report, &style);
	json_decref(report);
	iq_why_deinit(&why);
	return NULL;
}
