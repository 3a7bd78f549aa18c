/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The answer, for somebody who was woken up by it
 *
 * First where and since when, then one block for each cause: what it is, how sure
 * that is, who waits, the way from one of them to the cause, what to do, and at
 * last what all this rests on. Chains are told task by task: the lock between two of
 * them belongs to the sentence of the one that waits for it.
 */
#include <stdio.h>

#include "out/alike.h"
#include "out/text.h"
#include "out/ways.h"
#include "out/why-text.h"

struct teller {
	struct iq_strbuf *out;
	const json_t *report;
	struct iq_why_style style;
	struct iq_strmap waits; /* id of the task -> its WAIT */
};

enum { TOLD_IN_FULL = 5, MARGIN = 3, MAX_STEPS = 14, MAX_GROUPS = 6, MAX_PIDS = 8 };

/* ---- reading the report ---- */

static const json_t *get(const json_t *object, const char *key)
{
	return json_object_get(object, key);
}

/* A text of the report as it may be printed, "" where there is none; borrowed until the next 8
 * calls. */
static const char *str(const json_t *value)
{
	static struct iq_strbuf bufs[8];
	static unsigned next;
	struct iq_strbuf *sb = &bufs[next++ % IQ_ARRAY_SIZE(bufs)];

	if (!json_is_string(value))
		return "";
	sb->len = 0;
	iq_strbuf_add(sb, "", 0);
	iq_text_clean_n(sb, json_string_value(value), json_string_length(value));
	return iq_strbuf_str(sb);
}

static const char *get_str(const json_t *object, const char *key)
{
	return str(get(object, key));
}

static bool is(const json_t *object, const char *key, const char *value)
{
	const char *have = json_string_value(get(object, key));

	return have && !strcmp(have, value);
}

static bool is_same(const json_t *x, const json_t *y)
{
	const char *id = json_string_value(get(x, "id"));

	return id && is(y, "id", id);
}

static int64_t get_ms(const json_t *object, const char *key)
{
	const json_t *value = get(object, key);

	return json_is_integer(value) ? json_integer_value(value) : -1;
}

static const json_t *wait_of(const struct teller *t, const json_t *task)
{
	const char *id = json_string_value(get(task, "id"));

	return id ? iq_strmap_get(&t->waits, id) : NULL;
}

static const json_t *holder_entry(const json_t *wait, const json_t *object)
{
	const json_t *holders = get(wait, "holders");

	for (size_t i = 0; i < json_array_size(holders); i++)
		if (is_same(get(json_array_get(holders, i), "object"), object))
			return json_array_get(holders, i);
	return NULL;
}

/* ---- parts of sentences ---- */

static void add_duration(struct iq_strbuf *sb, const char *before, int64_t ms)
{
	if (ms < 0)
		return;
	iq_strbuf_adds(sb, before);
	iq_text_duration(sb, ms);
}

/* An id of 64 digits as container managers print it; a name as it is. */
static void add_container(struct iq_strbuf *sb, const char *name)
{
	bool is_id = strlen(name) == 64 && strspn(name, "0123456789abcdef") == 64;

	iq_strbuf_printf(sb, ", in container %.*s", is_id ? 12 : 256, name);
}

/* Where it is, in a report for the debugger: " at ffff888003a1c0d8", as one types it there. */
static void add_address(struct iq_strbuf *sb, const json_t *o)
{
	const char *address = get_str(o, "address");

	if (!strncmp(address, "0x", 2))
		iq_strbuf_printf(sb, " at %s", address + 2);
}

/* "ps (4711)", "ps (4711, in container web)", "ext4 on /dev/vdb". */
static void add_object(struct iq_strbuf *sb, const json_t *o)
{
	const char *name = get_str(o, "name");

	if (!is(o, "type", "task")) {
		iq_strbuf_adds(sb, *name ? name : get_str(o, "id"));
		add_address(sb, o);
		return;
	}
	iq_strbuf_printf(sb, "%s (%" PRId64, *name ? name : "task",
			 (int64_t)json_integer_value(get(o, "tid")));
	if (json_is_string(get(o, "container")))
		add_container(sb, get_str(o, "container"));
	iq_strbuf_addc(sb, ')');
	add_address(sb, o);
}

/* In a report for the debugger its state too: "cat (312) at ffff888003412a00 in state D". */
static void add_task(struct iq_strbuf *sb, const json_t *task)
{
	add_object(sb, task);
	if (*get_str(task, "state"))
		iq_strbuf_printf(sb, " in state %s", get_str(task, "state"));
}

/* "read(6, 0x55d0c0de0000, 2048)": small numbers as a person writes them. */
static void add_syscall(struct iq_strbuf *sb, const json_t *call)
{
	const json_t *args = get(call, "args");

	if (json_is_string(get(call, "text"))) {
		iq_strbuf_adds(sb, get_str(call, "text"));
		return;
	}
	if (!json_is_string(get(call, "name"))) {
		iq_strbuf_printf(sb, "system call %" PRId64,
				 (int64_t)json_integer_value(get(call, "nr")));
		return;
	}
	iq_strbuf_printf(sb, "%s(", get_str(call, "name"));
	for (size_t i = 0; i < json_array_size(args); i++) {
		const char *arg = str(json_array_get(args, i));
		uint64_t value = strtoull(arg, NULL, 16);

		iq_strbuf_adds(sb, i ? ", " : "");
		if (value < 65536)
			iq_strbuf_printf(sb, "%" PRIu64, value);
		else if ((int64_t)value < 0 && (int64_t)value > -4096)
			iq_strbuf_printf(sb, "%" PRId64, (int64_t)value);
		else
			iq_strbuf_adds(sb, arg);
	}
	iq_strbuf_addc(sb, ')');
}

/* What it is doing while it waits: ", in read(...)", ", in a write fault on /data/file". */
static void add_doing(struct iq_strbuf *sb, const json_t *wait)
{
	const char *words = get_str(wait, "words");

	if (*words)
		iq_strbuf_printf(sb, ", %s%s", strncmp(words, "in ", 3) ? "in " : "", words);
	else if (json_is_object(get(wait, "syscall"))) {
		iq_strbuf_adds(sb, ", in ");
		add_syscall(sb, get(wait, "syscall"));
	}
}

/* "waits to read mmap_lock of process 312, for 60 s, in read(...)"; `before` is the step before it.
 */
static void add_wait(struct iq_strbuf *sb, const json_t *wait, const json_t *before)
{
	const json_t *on = get(wait, "on");
	const char *mode = get_str(wait, "mode"), *words = get_str(wait, "words");

	/* No rule, but words: what the program asked for. */
	if (!*get_str(wait, "rule") && *words) {
		bool is_held = !strncmp(words, "is ", 3);

		iq_strbuf_printf(sb, "%s%s", is_held ? "" : "sleeps in ", words);
		add_duration(sb, is_held ? "; for " : ", for ", get_ms(wait, "waited_ms"));
		return;
	}
	if (is(on, "type", "kernel") && !*get_str(wait, "rule"))
		iq_strbuf_adds(sb, "sleeps in ");
	else if (*mode)
		iq_strbuf_printf(sb, "waits to %s ", mode);
	else
		iq_strbuf_adds(sb, "waits for ");
	if (before && is_same(get(before, "on"), on))
		iq_strbuf_adds(sb, "it too");
	else
		add_object(sb, on);
	add_duration(sb, ", for ", get_ms(wait, "waited_ms"));
	add_doing(sb, wait);
}

/* "holds it to read (strong)". */
static void add_how(struct iq_strbuf *sb, const json_t *entry)
{
	iq_strbuf_adds(sb, get_str(entry, "how"));
	if (!is(entry, "certainty", "proven"))
		iq_strbuf_printf(sb, " (%s)", get_str(entry, "certainty"));
}

/* ---- paragraphs ---- */

static void paragraph(struct teller *t, const char *first, unsigned indent, const char *text)
{
	iq_text_wrap(t->out, text, first, indent, t->style.width);
}

static void heading(struct teller *t, const char *text)
{
	iq_strbuf_printf(t->out, "\n%*s", MARGIN, "");
	iq_text_color(t->out, t->style.color, IQ_BOLD, text);
	iq_strbuf_addc(t->out, '\n');
}

/* Colour the paragraphs that have been told since the text was so long. */
static void color_from(struct teller *t, size_t begin, enum iq_color color)
{
	_cleanup_free_ char *text = NULL;

	if (!t->style.color || t->out->len <= begin)
		return;
	text = iq_xstrdup(t->out->str + begin);
	text[strlen(text) - 1] = '\0';
	t->out->len = begin;
	iq_text_color(t->out, true, color, text);
	iq_strbuf_addc(t->out, '\n');
}

static void item(struct teller *t, unsigned number, const char *text)
{
	char first[32];

	if (number)
		snprintf(first, sizeof(first), "%*s%2u. ", MARGIN, "", number);
	else
		snprintf(first, sizeof(first), "%*s  - ", MARGIN, "");
	paragraph(t, first, MARGIN + 4, text);
}

static void items(struct teller *t, const char *title, const json_t *list, bool numbered)
{
	if (!json_array_size(list))
		return;
	heading(t, title);
	for (size_t i = 0; i < json_array_size(list); i++)
		item(t, numbered ? (unsigned)i + 1 : 0, str(json_array_get(list, i)));
}

/* ---- who waits ---- */

struct group {
	char *comm;
	unsigned num;
	struct iq_strbuf pids;
};

typedef IQ_VEC(struct group) groups;

static int by_number(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	if (x->num != y->num)
		return x->num > y->num ? -1 : 1;
	return strcmp(x->comm, y->comm);
}

static const json_t *wait_of_tid(const struct teller *t, const json_t *tid)
{
	char id[32];

	snprintf(id, sizeof(id), "task:%" PRId64, (int64_t)json_integer_value(tid));
	return iq_strmap_get(&t->waits, id);
}

/* By the name of the program; all of a machine's kworkers are one group. */
static void group_tasks(const struct teller *t, const json_t *tids, groups *list)
{
	struct iq_strmap by_comm = { 0 };

	for (size_t i = 0; i < json_array_size(tids); i++) {
		const json_t *tid = json_array_get(tids, i);
		const char *comm = get_str(get(wait_of_tid(t, tid), "task"), "name");
		struct group *group;
		uintptr_t place;

		if (!*comm)
			comm = "?";
		if (!strncmp(comm, "kworker/", 8))
			comm = "kworker";
		place = (uintptr_t)iq_strmap_get(&by_comm, comm);
		if (!place) {
			iq_vec_push(list, (struct group){ .comm = iq_xstrdup(comm) });
			place = list->num;
			iq_strmap_set(&by_comm, comm, (void *)place);
		}
		group = &list->data[place - 1];
		if (group->num++ < MAX_PIDS)
			iq_strbuf_printf(&group->pids, "%s%" PRId64, group->num > 1 ? ", " : "",
					 (int64_t)json_integer_value(tid));
	}
	iq_strmap_deinit(&by_comm);
	if (list->num)
		qsort(list->data, list->num, sizeof(*list->data), by_number);
}

/* "4 tasks wait for it, the oldest for 93 s: 2 mapper (313, 314), 2 ps (4711, 4720)". */
static void tell_blocked(struct teller *t, const json_t *cause, bool is_many)
{
	const char *it = is_many ? "them" : "it";
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;
	const json_t *tids = get(get(cause, "blocked"), "tids");
	size_t num = json_array_size(tids), shown = 0;
	bool is_deadlock = is(cause, "kind", "deadlock");
	groups list = { 0 };

	if (!num) {
		iq_strbuf_printf(&sb, "Nobody else waits for %s.", it);
		add_duration(&sb, " It has lasted ", get_ms(cause, "oldest_ms"));
		if (get_ms(cause, "oldest_ms") >= 0)
			iq_strbuf_addc(&sb, '.');
	} else {
		group_tasks(t, tids, &list);
		iq_strbuf_printf(&sb, "%zu task%s ", num, num == 1 ? "" : "s");
		if (is_deadlock)
			iq_strbuf_printf(&sb, "%s in %s or behind %s", num == 1 ? "is" : "are", it,
					 it);
		else
			iq_strbuf_printf(&sb, "%s for %s", num == 1 ? "waits" : "wait", it);
		add_duration(&sb, num == 1 ? ", for " : ", the oldest for ",
			     get_ms(cause, "oldest_ms"));
		iq_strbuf_adds(&sb, ": ");
	}
	for (size_t i = 0; i < list.num; i++) {
		struct group *group = &list.data[i];

		if (i < MAX_GROUPS || t->style.all) {
			iq_strbuf_adds(&sb, i ? ", " : "");
			if (group->num > 1)
				iq_strbuf_printf(&sb, "%u ", group->num);
			iq_strbuf_adds(&sb, group->comm);
			if (group->num <= MAX_PIDS)
				iq_strbuf_printf(&sb, " (%s)", iq_strbuf_str(&group->pids));
			shown += group->num;
		}
		free(group->comm);
		iq_strbuf_deinit(&group->pids);
	}
	if (shown < num && list.num == MAX_GROUPS + 1)
		iq_strbuf_printf(&sb, ", and %zu of another program", num - shown);
	else if (shown < num && list.num)
		iq_strbuf_printf(&sb, ", and %zu of %zu other programs", num - shown,
				 list.num - MAX_GROUPS);
	iq_vec_free(&list);
	iq_strbuf_addc(t->out, '\n');
	paragraph(t, "   ", MARGIN, iq_strbuf_str(&sb));
}

/* ---- the chain ---- */

/* One step: how this object holds up the wait before it, and what it waits for itself. */
static void add_step(struct teller *t, struct iq_strbuf *sb, const json_t *object,
		     const json_t *before)
{
	const json_t *entry = before ? holder_entry(before, object) : NULL;
	const json_t *wait = is(object, "type", "task") ? wait_of(t, object) : NULL;

	add_task(sb, object);
	if (entry && *get_str(entry, "how")) {
		iq_strbuf_adds(sb, ": ");
		add_how(sb, entry);
	}
	if (!wait && !*get_str(object, "doing"))
		return;
	iq_strbuf_adds(sb, entry && *get_str(entry, "how") ? "; " : " ");
	if (wait)
		add_wait(sb, wait, before);
	else
		iq_strbuf_adds(sb, get_str(object, "doing"));
}

/* Things that need no step of their own: what the task before them says it waits for. */
static bool is_told(const json_t *object, const json_t *before)
{
	if (!before || is(object, "type", "task"))
		return false;
	return is_same(get(before, "on"), object) || is(object, "type", "lock");
}

typedef IQ_VEC(const json_t *) objects;

static void tell_steps(struct teller *t, const objects *steps, const json_t *cause)
{
	const json_t *root = get(cause, "root"), *before = NULL;
	size_t skip_from = 5, skip_to = 0;
	unsigned number = 0;

	if (!t->style.all && steps->num > MAX_STEPS)
		skip_to = steps->num - (MAX_STEPS - skip_from);
	for (size_t i = 0; i < steps->num; i++) {
		_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;
		const json_t *o = steps->data[i];
		const json_t *wait = wait_of(t, o);

		number++;
		if (i == skip_from && skip_to) {
			iq_strbuf_printf(t->out, "%*s... %zu more steps (%s shows them)\n",
					 MARGIN + 1, "", skip_to - skip_from, t->style.more);
			number += (unsigned)(skip_to - skip_from);
			i = skip_to;
			o = steps->data[i];
			before = wait_of(t, steps->data[i - 1]);
			wait = wait_of(t, o);
		}
		add_step(t, &sb, o, before);
		item(t, number, iq_strbuf_str(&sb));
		if (wait)
			before = wait;
	}
	if (!is(root, "type", "task"))
		item(t, number + 1, get_str(cause, "summary"));
}

static void tell_chain(struct teller *t, const json_t *cause, bool is_many)
{
	const json_t *chain = get(cause, "chain"), *before = NULL;
	bool is_deadlock = is(cause, "kind", "deadlock");
	objects steps = { 0 };

	for (size_t i = 0; i < json_array_size(chain); i++) {
		const json_t *o = json_array_get(chain, i);

		/* The root that is no task is told by its summary. */
		if (is_told(o, before) ||
		    (!is(o, "type", "task") && is_same(o, get(cause, "root"))))
			continue;
		iq_vec_push(&steps, o);
		if (wait_of(t, o))
			before = wait_of(t, o);
	}
	heading(t, is_many	 ? "How the first comes about"
		   : is_deadlock ? "The circle"
				 : "How it comes about");
	tell_steps(t, &steps, cause);
	if (is_deadlock && steps.num && wait_of(t, steps.data[steps.num - 1])) {
		_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;
		const json_t *last = wait_of(t, steps.data[steps.num - 1]);
		const json_t *entry = holder_entry(last, steps.data[0]);

		add_object(&sb, steps.data[0]);
		iq_strbuf_adds(&sb, ": ");
		if (entry && *get_str(entry, "how"))
			add_how(&sb, entry);
		else
			iq_strbuf_adds(&sb, "holds that up");
		iq_strbuf_adds(&sb, ", and so it goes round");
		item(t, (unsigned)steps.num + 1, iq_strbuf_str(&sb));
	}
	iq_vec_free(&steps);
}

/* ---- all chains ---- */

static int by_distance(const void *a, const void *b)
{
	const struct iq_way *x = *(struct iq_way *const *)a, *y = *(struct iq_way *const *)b;

	if (x->dist != y->dist)
		return x->dist > y->dist ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* From one task on, until one who was told before: no step is told twice. */
static void tell_way(struct teller *t, struct iq_ways *ways, struct iq_way *way)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;
	const json_t *before = NULL, *o = get(way->wait, "task");
	unsigned number = 0;

	iq_strbuf_addc(t->out, '\n');
	for (;;) {
		bool was_told = way && way->told;

		sb.len = 0;
		if (was_told && number) {
			const json_t *entry = holder_entry(before, o);

			add_object(&sb, o);
			iq_strbuf_adds(&sb, ": ");
			if (entry && *get_str(entry, "how")) {
				add_how(&sb, entry);
				iq_strbuf_adds(&sb, "; ");
			}
			iq_strbuf_adds(&sb, "goes on as above");
			item(t, ++number, iq_strbuf_str(&sb));
			return;
		}
		add_step(t, &sb, o, before);
		if (!is_told(o, before))
			item(t, ++number, iq_strbuf_str(&sb));
		if (!way)
			return;
		way->told = true;
		before = way->wait;
		o = way->next;
		way = iq_ways_get(ways, o);
	}
}

/* Every other way to the root, the longest first. */
static void tell_all(struct teller *t, const json_t *cause)
{
	const json_t *tids = get(get(cause, "blocked"), "tids"), *chain = get(cause, "chain");
	struct iq_ways *ways = iq_ways_new(t->report, get(cause, "root"));
	IQ_VEC(struct iq_way *) list = { 0 };

	for (size_t i = 0; i < json_array_size(chain); i++) {
		struct iq_way *way = iq_ways_get(ways, json_array_get(chain, i));

		if (way)
			way->told = true;
	}
	for (size_t i = 0; i < json_array_size(tids); i++) {
		const json_t *wait = wait_of_tid(t, json_array_get(tids, i));
		struct iq_way *way = wait ? iq_ways_get(ways, get(wait, "task")) : NULL;

		if (way && !way->told)
			iq_vec_push(&list, way);
	}
	if (list.num) {
		qsort(list.data, list.num, sizeof(*list.data), by_distance);
		heading(t, "The other chains");
	}
	iq_vec_foreach(&list, way)
		if (!(*way)->told)
			tell_way(t, ways, *way);
	iq_vec_free(&list);
	iq_ways_free(ways);
}

/* ---- a cause ---- */

static const char *certainty_in_words(const json_t *cause)
{
	bool unknown = is(cause, "kind", "unknown");

	if (is(cause, "certainty", "proven"))
		return unknown ? "What leads there is proven: the kernel's own records say it."
			       : "This is proven: the kernel's own records say it.";
	if (is(cause, "certainty", "strong"))
		return unknown ? "What leads there is as good as sure; what comes after is not "
				 "known."
			       : "This is as good as sure: at one step a search left one "
				 "candidate.";
	return unknown ? "What leads there is likely, not sure; what comes after is not known."
		       : "This is likely, not sure: at one step there were several candidates, or "
			 "only signs.";
}

static void tell_certainty(struct teller *t, const json_t *cause)
{
	size_t begin = t->out->len;

	paragraph(t, "   ", MARGIN, certainty_in_words(cause));
	if (is(cause, "certainty", "likely"))
		color_from(t, begin, IQ_YELLOW);
}

/* "...; 29 more are like it: vfork-c (108), vfork-c (109), vfork-c (110) and others". */
static void add_others(struct iq_strbuf *sb, const struct iq_alike *alike)
{
	enum { MAX_NAMED = 3 };
	size_t num = alike->others.num;

	if (!num)
		return;
	iq_strbuf_printf(sb, "; %zu more are like it: ", num);
	for (size_t i = 0; i < num && i < MAX_NAMED; i++) {
		iq_strbuf_adds(sb, !i ? "" : i + 1 == num ? " and " : ", ");
		add_object(sb, get(alike->others.data[i], "root"));
	}
	if (num > MAX_NAMED)
		iq_strbuf_adds(sb, " and others");
}

/* in_short: the sentence and who waits, no more. number: 0 of the only one. */
static void tell_cause(struct teller *t, const struct iq_alike *alike, size_t number, bool in_short)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf first = IQ_STRBUF_INIT;
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf summary = IQ_STRBUF_INIT;
	const json_t *cause = alike->cause;
	bool is_many = alike->others.num > 0;
	size_t begin;

	iq_strbuf_addc(t->out, '\n');
	if (number)
		iq_strbuf_printf(&first, "%zu. ", number);
	begin = t->out->len;
	iq_strbuf_adds(&summary, get_str(cause, "summary"));
	add_others(&summary, alike);
	paragraph(t, iq_strbuf_str(&first), (unsigned)first.len, iq_strbuf_str(&summary));
	color_from(t, begin, IQ_RED);
	tell_certainty(t, cause);
	tell_blocked(t, cause, is_many);
	if (in_short)
		return;
	tell_chain(t, cause, is_many);
	if (t->style.all)
		tell_all(t, cause);
	items(t, is_many ? "What to do about the first" : "What to do", get(cause, "remedy"), true);
	items(t, is_many ? "What the first rests on" : "What this rests on", get(cause, "evidence"),
	      false);
}

/* ---- the tasks that were asked for ---- */

/* The descriptors of poll and its like, one a line, where they are not all told already. */
static void tell_watches(struct teller *t, const json_t *wait)
{
	enum { TOLD_IN_WORDS = 4 };
	const json_t *watches = get(wait, "watches");
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;

	if (json_array_size(watches) <= TOLD_IN_WORDS || !t->style.all)
		return;
	for (size_t i = 0; i < json_array_size(watches); i++) {
		const json_t *watch = json_array_get(watches, i);

		sb.len = 0;
		iq_strbuf_printf(&sb, "%" PRId64 ": %s",
				 (int64_t)json_integer_value(get(watch, "fd")),
				 get_str(watch, "what"));
		if (*get_str(watch, "events"))
			iq_strbuf_printf(&sb, " (%s)", get_str(watch, "events"));
		item(t, 0, iq_strbuf_str(&sb));
	}
}

static void tell_asked(struct teller *t, const json_t *task)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;
	const json_t *wait = wait_of(t, task), *holders = get(wait, "holders");

	iq_strbuf_addc(t->out, '\n');
	add_task(&sb, task);
	if (!wait) {
		if (*get_str(task, "doing"))
			iq_strbuf_printf(&sb, " %s", get_str(task, "doing"));
		else
			iq_strbuf_adds(&sb, " waits for nothing that is known");
		paragraph(t, "", 0, iq_strbuf_str(&sb));
		return;
	}
	iq_strbuf_addc(&sb, ' ');
	add_wait(&sb, wait, NULL);
	if (!json_is_true(get(wait, "hangs")))
		iq_strbuf_adds(&sb, " (an ordinary wait)");
	paragraph(t, "", 0, iq_strbuf_str(&sb));
	if (!*get_str(wait, "rule") && *get_str(wait, "words") &&
	    json_array_size(get(get(wait, "syscall"), "args"))) {
		sb.len = 0;
		iq_strbuf_adds(&sb, "its system call: ");
		add_syscall(&sb, get(wait, "syscall"));
		item(t, 0, iq_strbuf_str(&sb));
	}
	tell_watches(t, wait);
	for (size_t i = 0; i < json_array_size(holders); i++) {
		const json_t *o = get(json_array_get(holders, i), "object");

		if (i == MAX_STEPS && !t->style.all) {
			iq_strbuf_printf(t->out, "%*s... and %zu more (%s shows them)\n",
					 MARGIN + 2, "", json_array_size(holders) - i,
					 t->style.more);
			break;
		}
		sb.len = 0;
		add_step(t, &sb, o, wait);
		item(t, 0, iq_strbuf_str(&sb));
	}
}

/* ---- the whole ---- */

static int64_t oldest(const json_t *causes)
{
	int64_t ms = -1;

	for (size_t i = 0; i < json_array_size(causes); i++)
		ms = IQ_MAX(ms, get_ms(json_array_get(causes, i), "oldest_ms"));
	return ms;
}

/* "milkyway1, Linux 6.1.0-50-cloud-amd64, up 3 h 2 min; oldest wait: 93 s". */
static void tell_head(struct teller *t)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;
	const json_t *host = get(t->report, "host"), *source = get(t->report, "source");
	const json_t *causes = get(t->report, "causes"), *uptime = get(host, "uptime_s");
	bool is_live = is(source, "kind", "kcore") || is(source, "kind", "bpf");

	iq_strbuf_adds(&sb, *get_str(host, "name") ? get_str(host, "name") : "a machine");
	if (*get_str(host, "kernel"))
		iq_strbuf_printf(&sb, ", Linux %s", get_str(host, "kernel"));
	if (json_is_number(uptime) && json_number_value(uptime) < 1e12)
		add_duration(&sb, ", up ", (int64_t)(json_number_value(uptime) * 1000));
	if (!is_live && *get_str(source, "path"))
		iq_strbuf_printf(&sb, ", from %s", get_str(source, "path"));
	if (!is_live && *get_str(t->report, "taken_at"))
		iq_strbuf_printf(&sb, " taken at %s", get_str(t->report, "taken_at"));
	add_duration(&sb, "; oldest wait: ", oldest(causes));
	paragraph(t, "", 0, iq_strbuf_str(&sb));
}

static void tell_nothing(struct teller *t)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;
	const json_t *bound = get(t->report, "longer_than_s");
	int64_t num = json_integer_value(get(get(t->report, "stats"), "tasks"));
	size_t begin = t->out->len;

	if (json_is_false(get(t->report, "complete"))) {
		bool noted = json_array_size(get(t->report, "notes")) > 0;

		iq_strbuf_printf(&sb,
				 "Nothing was found to hang, but not everything could be "
				 "looked at%s",
				 noted ? ":" : ".");
		paragraph(t, "", 0, iq_strbuf_str(&sb));
		color_from(t, begin, IQ_YELLOW);
		return;
	}
	iq_strbuf_printf(
		&sb, "Nothing hangs: %" PRId64 " task%s looked at, none has waited longer than ",
		num, num == 1 ? "" : "s");
	if (json_is_number(bound))
		iq_strbuf_printf(&sb, "%g s", json_number_value(bound));
	else
		iq_strbuf_adds(&sb, "the bound");
	iq_strbuf_adds(&sb, " for something that does not move.");
	paragraph(t, "", 0, iq_strbuf_str(&sb));
	color_from(t, begin, IQ_GREEN);
}

/* Of notes that differ in numbers only the first is told, and how many they are. */
static void tell_notes(struct teller *t)
{
	const json_t *notes = get(t->report, "notes");
	struct iq_strmap count = { 0 };
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;

	if (!json_array_size(notes))
		return;
	iq_strbuf_addc(t->out, '\n');
	iq_text_color(t->out, t->style.color, IQ_BOLD, "What could not be read");
	iq_strbuf_addc(t->out, '\n');
	for (size_t i = 0; i < json_array_size(notes) && !t->style.all; i++) {
		sb.len = 0;
		iq_strbuf_adds(&sb, "");
		iq_alike_shape(&sb, str(json_array_get(notes, i)));
		iq_strmap_set(&count, iq_strbuf_str(&sb),
			      (void *)((uintptr_t)iq_strmap_get(&count, iq_strbuf_str(&sb)) + 1));
	}
	for (size_t i = 0; i < json_array_size(notes); i++) {
		const char *note = str(json_array_get(notes, i));
		uintptr_t num = 1;

		sb.len = 0;
		iq_strbuf_adds(&sb, "");
		iq_alike_shape(&sb, note);
		if (!t->style.all)
			num = (uintptr_t)iq_strmap_get(&count, iq_strbuf_str(&sb));
		if (!num)
			continue;
		iq_strmap_set(&count, iq_strbuf_str(&sb), NULL);
		sb.len = 0;
		iq_strbuf_adds(&sb, note);
		if (num > 1)
			iq_strbuf_printf(&sb, "; and %zu more like it (%s shows %s)",
					 (size_t)num - 1, t->style.more, num == 2 ? "it" : "them");
		paragraph(t, "- ", 2, iq_strbuf_str(&sb));
	}
	iq_strmap_deinit(&count);
}

void iq_why_text(struct iq_strbuf *out, const json_t *report, const struct iq_why_style *style)
{
	struct teller t = { .out = out, .report = report, .style = *style };
	const json_t *causes = get(report, "causes"), *waits = get(report, "waits");
	const json_t *asked = get(report, "asked");
	iq_alikes alikes;
	bool in_short = false, is_crowd = false;

	if (!t.style.width)
		t.style.width = 80;
	if (!t.style.more)
		t.style.more = "--all";
	for (size_t i = 0; i < json_array_size(waits); i++) {
		json_t *wait = json_array_get(waits, i);
		const char *id = json_string_value(get(get(wait, "task"), "id"));

		if (id)
			iq_strmap_set(&t.waits, id, wait);
	}
	tell_head(&t);
	for (size_t i = 0; i < json_array_size(asked); i++)
		tell_asked(&t, json_array_get(asked, i));
	iq_alikes_init(&alikes, causes, t.style.all);
	for (size_t i = 0; i < alikes.num; i++) {
		bool is_short = !t.style.all && i >= TOLD_IN_FULL;

		tell_cause(&t, &alikes.data[i], alikes.num > 1 ? i + 1 : 0, is_short);
		in_short |= is_short;
		is_crowd |= alikes.data[i].others.num > 0;
	}
	iq_alikes_deinit(&alikes);
	if (in_short || is_crowd)
		iq_strbuf_printf(out, "\n%s: %s tells all of each.\n",
				 in_short ? "The last ones are told in short"
					  : "What is alike is told once",
				 t.style.more);
	if (!json_array_size(causes) && !json_array_size(asked))
		tell_nothing(&t);
	tell_notes(&t);
	iq_strmap_deinit(&t.waits);
}
