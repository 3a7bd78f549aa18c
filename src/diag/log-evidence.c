/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the kernel's hung task detector has written
 *
 * Lines of kernel/hung_task.c: "INFO: task COMM:PID blocked for more than N
 * seconds." and, since v6.15, "... is blocked on a mutex likely owned by task ...".
 */
#include "diag/log-evidence.h"

#include <stdio.h>

#include "inquest/log.h"

enum { MAX_LINES = 3 };

struct reader {
	struct iq_graph *g;
	struct iq_causes *causes;
	struct iq_map cause_of; /* tid -> index of the first cause that it is in, + 1 */
	struct iq_map lines;	/* index -> how many lines it has got */
};

/* The number behind the last colon of "task COMM:PID": names may hold colons and blanks. */
static long pid_in(const char *text, const char *end)
{
	const char *colon = end;

	while (colon > text && *colon != ':')
		colon--;
	return *colon == ':' ? strtol(colon + 1, NULL, 10) : 0;
}

static bool look(void *ctx, const struct iq_log_line *line)
{
	static const char *const verbs[] = { " blocked for more than ", " is blocked on " };
	struct reader *r = ctx;
	const char *task = strstr(line->text, "INFO: task "), *end = NULL;
	struct iq_cause *cause;
	uint64_t *index, *num;

	for (size_t i = 0; task && !end && i < IQ_ARRAY_SIZE(verbs); i++)
		end = strstr(task, verbs[i]);
	if (!end)
		return false;
	index = iq_map_get(&r->cause_of, (uint64_t)pid_in(task, end));
	if (!index)
		return false;
	num = iq_map_get(&r->lines, *index);
	if (num && *num >= MAX_LINES)
		return false;
	iq_map_set(&r->lines, *index, num ? *num + 1 : 1);
	cause = r->causes->list.data[*index - 1];
	iq_text_add(r->g, &cause->evidence,
		    "the kernel log says, %" PRIu64 ".%03u s after boot: %s", line->ns / 1000000000,
		    (unsigned)(line->ns / 1000000 % 1000), task);
	return false;
}

static void put(struct reader *r, const struct iq_object *o, size_t index)
{
	if (o->tid && !iq_map_get(&r->cause_of, (uint64_t)o->tid))
		iq_map_set(&r->cause_of, (uint64_t)o->tid, index + 1);
}

void iq_log_evidence(struct iq_session *s, struct iq_graph *g, struct iq_causes *causes)
{
	struct reader r = { .g = g, .causes = causes };

	if (!causes->list.num)
		return;
	for (size_t i = 0; i < causes->list.num; i++) {
		put(&r, causes->list.data[i]->root, i);
		for (size_t k = 0; k < causes->list.data[i]->blocked.num; k++)
			put(&r, causes->list.data[i]->blocked.data[k], i);
	}
	/* A log that cannot be read takes nothing away from what was found. */
	iq_error_free(iq_log_each(s, look, &r));
	iq_map_deinit(&r.cause_of);
	iq_map_deinit(&r.lines);
}
