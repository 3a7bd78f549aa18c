/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What to say where no rule said it
 *
 * A verdict brings its own words. Deadlocks and chains that end without a verdict
 * get theirs here, in the language of somebody who has to decide something now:
 * names and numbers of processes, and what is not known is said to be unknown.
 */
#include "diag/words.h"

#include <stdio.h>

const char *iq_words_call(const struct iq_graph *g, const struct iq_object *o)
{
	const char *rest = strchr(o->id, ':');

	if (o->type == IQ_OBJ_TASK && !o->name)
		return iq_arena_printf(g->arena, "task %" PRId64, o->tid);
	if (o->type == IQ_OBJ_TASK)
		return iq_arena_printf(g->arena, "%s (%" PRId64 ")", o->name, o->tid);
	if (o->name)
		return o->name;
	return rest && rest[1] ? rest + 1 : o->id;
}

/* Did a rule recognise this wait, or is its object only where the task was found? */
static bool is_explained(const struct iq_wait *w)
{
	return w->rule && *w->rule;
}

static const char *on_name(const struct iq_graph *g, const struct iq_edge *e)
{
	if (e->via)
		return iq_words_call(g, e->via);
	if (e->from->wait && e->from->wait->on != e->to)
		return iq_words_call(g, e->from->wait->on);
	return NULL;
}

/* ---- summaries ---- */

static const char *edge_verb(const struct iq_edge *e)
{
	switch (e->kind) {
	case IQ_EDGE_QUEUED:
		return "behind";
	case IQ_EDGE_SERVES:
		return "which is up to";
	case IQ_EDGE_ON:
		return "that is";
	default:
		return "held by";
	}
}

/* One step of a cycle: "a (10) waits for X held by b (11)". */
static void step_in_words(const struct iq_graph *g, struct iq_strbuf *sb, const struct iq_edge *e)
{
	const char *on = on_name(g, e);

	if (e->from->type != IQ_OBJ_TASK) {
		iq_strbuf_printf(sb, "%s %s %s", iq_words_call(g, e->from),
				 e->kind == IQ_EDGE_OWNER ? "is held by" : "waits for",
				 iq_words_call(g, e->to));
		return;
	}
	iq_strbuf_printf(sb, "%s waits for ", iq_words_call(g, e->from));
	if (e->to == e->from)
		iq_strbuf_printf(sb, "%s, which it holds itself",
				 on ? on : iq_words_call(g, e->from->wait->on));
	else if (on)
		iq_strbuf_printf(sb, "%s%s %s %s", on, e->kind == IQ_EDGE_SERVES ? "," : "",
				 edge_verb(e), iq_words_call(g, e->to));
	else
		iq_strbuf_adds(sb, iq_words_call(g, e->to));
}

static size_t num_tasks(const struct iq_cause *cause)
{
	size_t num = 0;

	iq_vec_foreach(&cause->chain, o)
		num += (*o)->type == IQ_OBJ_TASK;
	return num;
}

static const char *deadlock_summary(const struct iq_graph *g, const struct iq_cause *cause)
{
	enum { MAX_STEPS = 8 };
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;
	size_t num = cause->chain_edges.num, tasks = num_tasks(cause);

	if (tasks == 1)
		iq_strbuf_adds(&sb, "deadlock of a task with itself: ");
	else
		iq_strbuf_printf(&sb, "deadlock of %zu tasks: ", tasks);
	for (size_t i = 0; i < num && i < MAX_STEPS; i++) {
		/* The last edge leaves the root, where the chain ends: tell it first. */
		if (i)
			iq_strbuf_adds(&sb, ", ");
		step_in_words(g, &sb, cause->chain_edges.data[(i + num - 1) % num]);
	}
	if (num > MAX_STEPS)
		iq_strbuf_adds(&sb, ", and so on around");
	return iq_arena_strdup(g->arena, iq_strbuf_str(&sb));
}

static bool has_only_candidates(const struct iq_object *o)
{
	iq_vec_foreach(&o->out, e)
		if ((*e)->kind != IQ_EDGE_MAYBE)
			return false;
	return o->out.num > 0;
}

/* Of what a task waits for, and nobody is known who would bring it. */
static const char *nobody_brings(const struct iq_graph *g, const struct iq_wait *w, const char *who,
				 const char *on)
{
	static const char sem[] = "ipc:sem:";

	if (w->on->type == IQ_OBJ_KERNEL)
		return iq_arena_printf(g->arena, "%s sleeps in %s for a reason of its own", who,
				       on);
	if (w->until)
		return iq_arena_printf(
			g->arena,
			"%s waits for %s %s, and nothing that was read says who does that", who, on,
			w->until);
	if (strncmp(w->on->id, sem, sizeof(sem) - 1) == 0)
		return iq_arena_printf(
			g->arena, "%s waits for %s, and nobody is known who would give it back",
			who, on);
	if (w->on->type == IQ_OBJ_IPC && w->mode && strcmp(w->mode, "write") == 0)
		return iq_arena_printf(
			g->arena, "%s waits for room in %s, and nobody takes from it", who, on);
	if (w->on->type == IQ_OBJ_IPC)
		return iq_arena_printf(
			g->arena, "%s waits for something from %s, and nothing comes", who, on);
	return iq_arena_printf(g->arena, "%s waits for %s, and nothing comes of it", who, on);
}

static const char *task_summary(const struct iq_graph *g, const struct iq_cause *cause)
{
	const struct iq_wait *w = cause->root->wait;
	const char *who = iq_words_call(g, cause->root), *on;

	if (!w)
		return iq_arena_printf(
			g->arena, "%s does not go on, and nothing that was read says why", who);
	on = iq_words_call(g, w->on);
	if (cause->kind == IQ_CAUSE_TASK_SLEEPING)
		return nobody_brings(g, w, who, on);
	if (w->cls == IQ_WAIT_CPU)
		return iq_arena_printf(g->arena, "%s is ready to run and gets no CPU", who);
	if (has_only_candidates(cause->root))
		return iq_arena_printf(
			g->arena,
			"%s waits for %s, and nothing that was read says for certain who holds it",
			who, on);
	if (!is_explained(w))
		return iq_arena_printf(
			g->arena, "%s sleeps in %s, and nothing that was read says why", who, on);
	return iq_arena_printf(g->arena, "%s waits for %s, and nothing that was read says %s", who,
			       on, w->on->type == IQ_OBJ_LOCK ? "who holds it" : "why it has to");
}

static const char *thing_summary(const struct iq_graph *g, const struct iq_cause *cause)
{
	return iq_arena_printf(g->arena, "%zu task%s for %s, and nothing that was read says %s",
			       cause->blocked.num, cause->blocked.num == 1 ? " waits" : "s wait",
			       iq_words_call(g, cause->root),
			       cause->root->type == IQ_OBJ_LOCK ? "who holds it"
								: "why it does not answer");
}

/* ---- evidence ---- */

static const char *stack_in_words(const struct iq_graph *g, const struct iq_wait *w)
{
	enum { MAX_FRAMES = 6 };
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;
	size_t num = 0;

	iq_vec_foreach(&w->stack, frame) {
		if (!frame->function)
			continue;
		if (num == MAX_FRAMES) {
			iq_strbuf_adds(&sb, " < ...");
			break;
		}
		iq_strbuf_printf(&sb, "%s%s", num++ ? " < " : "", frame->function);
	}
	return sb.len ? iq_arena_strdup(g->arena, sb.str) : NULL;
}

static const char *wait_in_evidence(const struct iq_graph *g, const struct iq_wait *w)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;
	const char *stack = stack_in_words(g, w);

	iq_strbuf_printf(&sb, "%s is in state %c", iq_words_call(g, w->task),
			 w->state ? w->state : '?');
	if (w->waited_ms >= 10000)
		iq_strbuf_printf(&sb, " for %" PRId64 " s", w->waited_ms / 1000);
	else if (w->waited_ms >= 0)
		iq_strbuf_printf(&sb, " for %" PRId64 ".%" PRId64 " s", w->waited_ms / 1000,
				 w->waited_ms % 1000 / 100);
	if (stack)
		iq_strbuf_printf(&sb, ", its stack: %s", stack);
	else
		iq_strbuf_printf(&sb, ", waiting for %s", iq_words_call(g, w->on));
	return iq_arena_strdup(g->arena, iq_strbuf_str(&sb));
}

/* Texts, each once, however many there are. */
struct once {
	iq_texts *texts;
	struct iq_strmap seen;
};

static void once_add(struct once *once, const char *text)
{
	if (iq_strmap_get(&once->seen, text))
		return;
	iq_strmap_set(&once->seen, text, (void *)text);
	iq_vec_push(once->texts, text);
}

static void once_add_all(struct once *once, const iq_texts *texts)
{
	iq_vec_foreach(texts, text)
		once_add(once, *text);
}

static void collect_evidence(const struct iq_graph *g, struct iq_cause *cause)
{
	struct once once = { .texts = &cause->evidence };
	const struct iq_verdict *v = cause->root->verdict;
	bool by_verdict = v && cause->kind != IQ_CAUSE_DEADLOCK && cause->kind != IQ_CAUSE_UNKNOWN;

	if (!by_verdict && cause->root->wait && cause->kind != IQ_CAUSE_DEADLOCK)
		once_add(&once, wait_in_evidence(g, cause->root->wait));
	if (v && cause->kind != IQ_CAUSE_DEADLOCK)
		once_add_all(&once, &v->evidence);
	iq_vec_foreach(&cause->chain_edges, e) {
		if ((*e)->from->wait)
			once_add_all(&once, &(*e)->from->wait->evidence);
		once_add_all(&once, &(*e)->evidence);
	}
	if (!by_verdict && cause->root->wait)
		once_add_all(&once, &cause->root->wait->evidence);
	if (!cause->evidence.num && cause->chain_edges.num)
		iq_vec_foreach(&cause->chain_edges, e)
			if ((*e)->from->wait)
				once_add(&once, wait_in_evidence(g, (*e)->from->wait));
	if (!cause->evidence.num)
		once_add(&once, cause->summary);
	iq_strmap_deinit(&once.seen);
}

enum { MAX_LOCKS = 16 };

/* How many locks other than this one it holds that somebody in this cause waits for, up to a few.
 */
static size_t num_more_locks(const struct iq_cause *cause, const struct iq_object *lock)
{
	const struct iq_object *seen[MAX_LOCKS + 1] = { lock };
	size_t num = 1;

	iq_vec_foreach(&cause->blocked, task)
		iq_vec_foreach(&(*task)->out, p) {
			const struct iq_edge *e = *p;
			size_t i = 0;

			if (e->to != cause->root || e->kind != IQ_EDGE_OWNER || !e->via ||
			    e->via->type != IQ_OBJ_LOCK)
				continue;
			while (i < num && seen[i] != e->via)
				i++;
			if (i == num && num <= MAX_LOCKS)
				seen[num++] = e->via;
		}
	return num - 1;
}

/*
 * "flock of /var/lock/x, held by backup.sh (10936), which sleeps in clock_nanosleep": the others
 * wait for the lock, so that it comes first. Made of what is said about the holder, where that
 * begins with the holder.
 */
static const char *held_summary(const struct iq_graph *g, const struct iq_cause *cause,
				const char *summary)
{
	static const char own[] = " for a reason of its own";
	const struct iq_edge *last = NULL;
	const char *who = iq_words_call(g, cause->root);
	size_t len = strlen(who), more;

	if (cause->kind != IQ_CAUSE_TASK_SLEEPING)
		return summary;
	if (cause->chain_edges.num)
		last = cause->chain_edges.data[cause->chain_edges.num - 1];
	if (!last || last->to != cause->root || last->kind != IQ_EDGE_OWNER || !last->via ||
	    last->via->type != IQ_OBJ_LOCK || strncmp(summary, who, len) != 0 ||
	    summary[len] != ' ')
		return summary;
	more = num_more_locks(cause, last->via);
	summary += len;
	len = strlen(summary);
	if (len > strlen(own) && !strcmp(summary + len - strlen(own), own))
		len -= strlen(own);
	return iq_arena_printf(g->arena, "%s%s, held by %s, which%.*s", iq_words_call(g, last->via),
			       !more	   ? ""
			       : more == 1 ? " and one more lock"
			       : more == MAX_LOCKS
				       ? " and many more locks"
				       : iq_arena_printf(g->arena, " and %zu more locks", more),
			       who, (int)len, summary);
}

static void say(const struct iq_graph *g, struct iq_cause *cause)
{
	const struct iq_verdict *v = cause->root->verdict;

	if (cause->kind == IQ_CAUSE_DEADLOCK)
		cause->summary = deadlock_summary(g, cause);
	else if (v && v->summary && *v->summary)
		cause->summary = v->summary;
	else if (cause->root->type == IQ_OBJ_TASK)
		cause->summary = task_summary(g, cause);
	else
		cause->summary = thing_summary(g, cause);
	if (cause->root->type == IQ_OBJ_TASK)
		cause->summary = held_summary(g, cause, cause->summary);
	collect_evidence(g, cause);
	if (cause->num_alike)
		iq_text_add(g, &cause->evidence,
			    "the same holds for %zu more thread%s of process %" PRId64,
			    cause->num_alike, cause->num_alike == 1 ? "" : "s",
			    iq_object_pid(cause->root));
	iq_cause_remedies(g, cause);
}

void iq_causes_say(const struct iq_graph *g, struct iq_causes *causes)
{
	iq_vec_foreach(&causes->list, cause)
		say(g, *cause);
}
