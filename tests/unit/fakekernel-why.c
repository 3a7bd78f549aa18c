/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Made kernels: asking why, and looking at the answer
 */
#include "fakekernel-inside.h"

#include <stdio.h>
#include <time.h>

#include "inquest/names.h"

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

static struct iq_why *ask(struct fakekernel *k, const struct iq_why_options *options)
{
	struct iq_session *s = fk_open(k);
	struct iq_error *err;

	if (k->have_why)
		iq_why_deinit(&k->why);
	k->have_why = false;
	err = iq_why(s, options, &k->why);
	if (err)
		fk_fail("why: %s", iq_error_text(err));
	k->have_why = true;
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
