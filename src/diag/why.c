/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * `why`: looks are taken, the last one's graph is asked for its causes, those get their words, and
 * what is left of the look goes to the caller
 */
#include "diag/engine.h"
#include "diag/log-evidence.h"
#include "diag/looks.h"
#include "diag/words.h"

static struct iq_error *check_pids(struct iq_session *s, const struct iq_asked *asked)
{
	for (size_t i = 0; i < asked->num_pids; i++) {
		if (!iq_tasks(s))
			break;
		if (!iq_task_by_pid(s, asked->pids[i]))
			return iq_error_new(IQ_ERR_NOTFOUND,
					    "no process or thread %d; `inquest ps -eL` lists them",
					    asked->pids[i]);
	}
	return NULL;
}

/* Whom the numbers mean: a thread, or all threads of a process. */
static void find_asked(struct engine *e, struct iq_asked *asked)
{
	for (size_t i = 0; i < asked->num_pids; i++) {
		for (size_t k = 0; k < e->d.tasks->num_tasks; k++) {
			const struct iq_task *t = &e->d.tasks->tasks[k];

			if (t->pid == asked->pids[i] || (t->pid && t->tgid == asked->pids[i]))
				iq_vec_push(&asked->tasks, iq_diag_task(&e->d, t));
		}
	}
}

/* The session may have an end of its own. */
static uint64_t deadline(const struct iq_session *s, int64_t max_ms)
{
	uint64_t ns = iq_clock_monotonic() + (uint64_t)max_ms * 1000000;

	return s->deadline_ns ? IQ_MIN(ns, s->deadline_ns) : ns;
}

struct iq_error *iq_why(struct iq_session *s, const struct iq_why_options *options,
			struct iq_why *why_ret)
{
	struct iq_error *err;
	struct engine e;

	*why_ret = (struct iq_why){ .asked = { .pids = options->asked.pids,
					       .num_pids = options->asked.num_pids } };
	iq_engine_init(&e, s, options);
	e.deadline_ns = deadline(s, options->max_ms);
	err = iq_looks_take(&e, &why_ret->num_looks);
	if (!err)
		err = check_pids(s, &options->asked);
	if (err) {
		iq_engine_deinit(&e);
		return err;
	}
	find_asked(&e, &why_ret->asked);
	why_ret->causes = iq_graph_causes(e.d.g, &why_ret->asked);
	if (why_ret->causes->num_left_out) {
		e.incomplete = true;
		iq_diag_note(&e.d, "%zu more ends of chains were not looked at, for want of time",
			     why_ret->causes->num_left_out);
	}
	iq_looks_drop_moving(&e, why_ret->causes);
	iq_causes_say(e.d.g, why_ret->causes);
	iq_log_evidence(s, e.d.g, why_ret->causes);
	iq_engine_tell_sleeps(&e, why_ret->causes);
	if (!options->asked.num_pids)
		iq_engine_tell_stopped(&e, why_ret->causes);
	if (options->without)
		iq_diag_note(&e.d, "left out, as --without-rule says: %s", options->without);
	if (s->target->missing)
		iq_diag_note(&e.d, "the dump is %s", s->target->missing);
	why_ret->graph = take_ptr(e.d.g);
	why_ret->notes = e.notes;
	e.notes = (iq_texts){ 0 };
	why_ret->num_tasks = e.d.tasks->num_tasks - e.d.tasks->num_idle;
	why_ret->num_waiting = why_ret->graph->waits.num;
	why_ret->num_unexplained = e.num_unexplained;
	why_ret->num_inconsistent = e.num_inconsistent;
	why_ret->longer_than_ms = options->longer_than_ms;
	why_ret->incomplete = e.incomplete || (s->interrupted && *s->interrupted);
	why_ret->realtime_ns = e.d.tasks->realtime_ns;
	why_ret->boottime_ns = e.d.tasks->boottime_ns;
	iq_engine_deinit(&e);
	return NULL;
}

void iq_why_deinit(struct iq_why *why)
{
	iq_vec_free(&why->notes);
	iq_vec_free(&why->asked.tasks);
	iq_graph_free(why->graph);
	*why = (struct iq_why){ 0 };
}
