/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Made kernels: asking why, and looking at the answer
 */
#include "fakekernel-inside.h"
#include "shuffle.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "diag/answer.h"
#include "inquest/names.h"
#include "out/report.h"

enum { NUM_SHUFFLES = 2 };

/* ---- a machine that moves between looks ---- */

struct fakekernel *fk_paused;

/*
 * In place of the C library's: looks are apart by what in_pause changes, not by time.
 */
int nanosleep(const struct timespec *request, struct timespec *rest)
{
	(void)request;
	(void)rest;
	if (fk_paused && fk_paused->in_pause)
		fk_paused->in_pause(fk_paused, ++fk_paused->num_pauses, fk_paused->pause_ctx);
	return 0;
}

void fk_live(struct fakekernel *k,
	     void (*in_pause)(struct fakekernel *k, unsigned num_pauses, void *ctx), void *ctx)
{
	k->live = true;
	k->in_pause = in_pause;
	k->pause_ctx = ctx;
	fk_paused = k;
}

/* ---- asking ---- */

/* The answer without what no two have in common. */
static char *answer(struct iq_session *s, const struct iq_why *why)
{
	json_t *report = iq_why_report(s, why, 0, false);
	char *text;

	json_object_del(json_object_get(report, "stats"), "elapsed_us");
	json_object_del(json_object_get(report, "stats"), "bytes_read");
	text = iq_report_dump(report);
	json_decref(report);
	return text;
}

/* Other rooms in another order: the names of their rules, which decide among equal ranks, too. */
static char *ask_shuffled(struct iq_session *s, const struct iq_why_options *options, unsigned seed)
{
	struct iq_rooms before = s->rooms;
	struct fk_shuffled *shuffled = fk_shuffle_rooms(&before, seed);
	struct iq_error *err;
	struct iq_why why;
	char *text;

	s->rooms = shuffled->rooms;
	err = iq_why(s, options, &why);
	if (err)
		fk_fail("why, shuffled: %s", iq_error_text(err));
	text = answer(s, &why);
	fk_unshuffle_words(text);
	iq_why_deinit(&why);
	s->rooms = before;
	fk_shuffled_free(shuffled);
	return text;
}

static void compare(struct iq_session *s, const struct iq_why *why, char *shuffled, unsigned seed)
{
	char *text = answer(s, why);
	size_t at = 0;

	while (text[at] && text[at] == shuffled[at])
		at++;
	if (text[at] || shuffled[at]) {
		size_t from = at > 200 ? at - 200 : 0;

		fk_fail("the order of rooms matters (seed %u): ...%.400s\n\n--- and not "
			"---\n...%.400s",
			seed, text + from, shuffled + from);
	}
	free(text);
	free(shuffled);
}

static struct iq_why *ask(struct fakekernel *k, const struct iq_why_options *options)
{
	struct iq_session *s = fk_open(k);
	struct iq_error *err;

	char *shuffled[NUM_SHUFFLES] = { 0 };

	if (k->have_why)
		iq_why_deinit(&k->why);
	k->have_why = false;
	/* A machine that moves, and rules that are left out by name, cannot be asked twice. */
	for (unsigned i = 0; i < NUM_SHUFFLES && !k->live && !options->without; i++)
		shuffled[i] = ask_shuffled(s, options, i + 1);
	err = iq_why(s, options, &k->why);
	if (err)
		fk_fail("why: %s", iq_error_text(err));
	k->have_why = true;
	for (unsigned i = 0; i < NUM_SHUFFLES && shuffled[i]; i++)
		compare(s, &k->why, shuffled[i], i + 1);
	return &k->why;
}

struct iq_why *fk_why(struct fakekernel *k)
{
	return ask(k, &(struct iq_why_options){ .longer_than_ms = 1000, .max_ms = 60000 });
}

struct iq_why *fk_why_without(struct fakekernel *k, const char *rules)
{
	return ask(k, &(struct iq_why_options){
			      .longer_than_ms = 1000, .max_ms = 60000, .without = rules });
}

struct iq_why *fk_why_pid(struct fakekernel *k, int32_t pid)
{
	return ask(k, &(struct iq_why_options){ .asked = { .pids = &pid, .num_pids = 1 },
						.longer_than_ms = 1000,
						.max_ms = 60000 });
}

/* ---- the answer ---- */

struct iq_cause *fk_cause(const struct iq_why *why, enum iq_cause_kind kind)
{
	struct iq_cause *found = NULL;

	for (size_t i = 0; i < why->causes->list.num; i++) {
		if (why->causes->list.data[i]->kind != kind)
			continue;
		if (found)
			fk_fail("more than one cause of the kind %s", iq_cause_kind_name(kind));
		found = why->causes->list.data[i];
	}
	return found;
}

const char *fk_blocked(struct fakekernel *k, const struct iq_cause *cause)
{
	struct iq_strbuf sb = IQ_STRBUF_INIT;
	const char *text;

	for (size_t i = 0; i < cause->blocked.num; i++)
		iq_strbuf_printf(&sb, "%s%" PRId64, i ? "," : "", cause->blocked.data[i]->tid);
	text = iq_arena_strdup(k->arena, iq_strbuf_str(&sb));
	iq_strbuf_deinit(&sb);
	return text;
}

const char *fk_chain(struct fakekernel *k, const struct iq_cause *cause)
{
	struct iq_strbuf sb = IQ_STRBUF_INIT;
	const char *text;

	for (size_t i = 0; i < cause->chain.num; i++)
		iq_strbuf_printf(&sb, "%s%s", i ? " > " : "", cause->chain.data[i]->name);
	text = iq_arena_strdup(k->arena, iq_strbuf_str(&sb));
	iq_strbuf_deinit(&sb);
	return text;
}

const char *fk_causes(struct fakekernel *k, const struct iq_why *why)
{
	struct iq_strbuf sb = IQ_STRBUF_INIT;
	const char *text;

	for (size_t i = 0; i < why->causes->list.num; i++) {
		const struct iq_cause *c = why->causes->list.data[i];

		iq_strbuf_printf(&sb, "%s%s %s %s [%s] %s", i ? "\n" : "",
				 iq_cause_kind_name(c->kind), iq_certainty_name(c->certainty),
				 c->root->id, fk_blocked(k, c), fk_chain(k, c));
	}
	text = iq_arena_strdup(k->arena, iq_strbuf_str(&sb));
	iq_strbuf_deinit(&sb);
	return text;
}
