/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading the command line
 *
 * getopt() sorts words, knows one table and speaks for itself; we have two
 * tables (a command's own letters win over the program's) and want to say what
 * was probably meant.
 */
#include <errno.h>
#include <stdio.h>

#include "cli/cli.h"

/* ---- what was meant ---- */

/* Changes of one letter between two words (a letter too many, too few, another, or two swapped). */
static unsigned distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);
	unsigned row[3][64];

	if (la > 62 || lb > 62)
		return 99;
	for (size_t j = 0; j <= lb; j++)
		row[0][j] = (unsigned)j;
	for (size_t i = 1; i <= la; i++) {
		unsigned *now = row[i % 3], *last = row[(i + 2) % 3], *older = row[(i + 1) % 3];

		now[0] = (unsigned)i;
		for (size_t j = 1; j <= lb; j++) {
			unsigned best = last[j - 1] + (a[i - 1] != b[j - 1]);

			best = IQ_MIN(best, last[j] + 1);
			best = IQ_MIN(best, now[j - 1] + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				best = IQ_MIN(best, older[j - 2] + 1);
			now[j] = best;
		}
	}
	return row[la % 3][lb];
}

const char *iq_nearest(const char *word, const char *const *candidates)
{
	unsigned best = 99, bound = strlen(word) > 4 ? 3 : 2;
	const char *nearest = NULL;

	for (size_t i = 0; candidates[i]; i++) {
		unsigned d = distance(word, candidates[i]);

		/* The beginning of a word is as good as a slip of one letter. */
		if (strlen(word) > 1 && !strncmp(word, candidates[i], strlen(word)))
			d = IQ_MIN(d, 1u);
		/* Nothing in common is no likeness. */
		if (d < best && d <= bound && d < strlen(candidates[i]) && d < strlen(word)) {
			best = d;
			nearest = candidates[i];
		}
	}
	return nearest;
}

/* ---- numbers ---- */

bool iq_parse_int(const char *text, int64_t min, int64_t max, int64_t *value_ret)
{
	char *end;
	long long v;

	errno = 0;
	v = strtoll(text, &end, 10);
	if (errno || end == text || *end || *text == ' ' || v < min || v > max)
		return false;
	*value_ret = v;
	return true;
}

bool iq_parse_seconds(const char *text, int64_t *ms_ret)
{
	char *end;
	double v;

	if (!strchr("0123456789.", *text) || !*text)
		return false;
	v = strtod(text, &end);
	if (end == text || *end || !(v >= 0 && v < 1e9))
		return false;
	*ms_ret = (int64_t)(v * 1000 + 0.5);
	return true;
}

/* ---- options ---- */

static const struct iq_option *by_letter(const struct iq_option *table, char letter)
{
	for (const struct iq_option *o = table; o && o->id; o++)
		if (o->letter == letter)
			return o;
	return NULL;
}

static const struct iq_option *by_name(const struct iq_option *table, const char *name, size_t len)
{
	for (const struct iq_option *o = table; o && o->id; o++)
		if (o->name && strlen(o->name) == len && !memcmp(o->name, name, len))
			return o;
	return NULL;
}

/* Whose options these are, for "see ...". */
static const char *help_words(const struct iq_words *w, char *buf, size_t len)
{
	if (w->own)
		snprintf(buf, len, "inquest %s --help", w->cli->command->name);
	else
		snprintf(buf, len, "inquest --help");
	return buf;
}

static int unknown_long(const struct iq_words *w, const char *name, size_t len)
{
	const char *candidates[128], *nearest;
	char word[64], see[64];
	size_t num = 0;

	for (const struct iq_option *o = w->own; o && o->id; o++)
		if (o->name && o->help && num < 127)
			candidates[num++] = o->name;
	for (const struct iq_option *o = iq_global_options; o->id; o++)
		if (o->name && o->help && num < 127)
			candidates[num++] = o->name;
	candidates[num] = NULL;
	snprintf(word, sizeof(word), "%.*s", (int)IQ_MIN(len, sizeof(word) - 1), name);
	nearest = iq_nearest(word, candidates);
	help_words(w, see, sizeof(see));
	if (nearest)
		iq_complain(0, "unknown option --%s; did you mean --%s? See `%s`", word, nearest,
			    see);
	else
		iq_complain(0, "unknown option --%s; see `%s`", word, see);
	return IQ_WORDS_ERROR;
}

static int unknown_letter(const struct iq_words *w, char letter)
{
	const char *nearest = NULL;
	char see[64], other = letter ^ 0x20;
	const struct iq_option *o;

	o = by_letter(w->own, other);
	if (!o)
		o = by_letter(iq_global_options, other);
	if (o && o->help)
		nearest = o->help;
	help_words(w, see, sizeof(see));
	if (nearest)
		iq_complain(0, "unknown option -%c; did you mean -%c (%s)? See `%s`", letter, other,
			    nearest, see);
	else
		iq_complain(0, "unknown option -%c; see `%s`", letter, see);
	return IQ_WORDS_ERROR;
}

static bool is_one_of(const char *value, const char *const *values)
{
	for (size_t i = 0; values[i]; i++)
		if (!strcmp(value, values[i]))
			return true;
	return false;
}

static void option_text(const struct iq_option *o, char *buf, size_t len)
{
	if (o->name)
		snprintf(buf, len, "--%s", o->name);
	else
		snprintf(buf, len, "-%c", o->letter);
}

static int bad_value(const struct iq_option *o, const char *value)
{
	struct iq_strbuf sb = IQ_STRBUF_INIT;
	const char *nearest;
	char text[64];

	for (size_t i = 0; o->values[i]; i++)
		iq_strbuf_printf(&sb, "%s%s",
				 !i		    ? ""
				 : o->values[i + 1] ? ", "
						    : " or ",
				 o->values[i]);
	option_text(o, text, sizeof(text));
	nearest = iq_nearest(value, o->values);
	iq_complain(0, "%s is %s, not %s%s%s%s", text, iq_strbuf_str(&sb), value,
		    nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
	iq_strbuf_deinit(&sb);
	return IQ_WORDS_ERROR;
}

static void set_global(struct iq_cli *cli, const struct iq_option *o, const char *value);

/* An option was recognised; *rest is what stands behind its name ("=value", "value"), or NULL. */
static int take(struct iq_words *w, const struct iq_option *o, bool global, const char *rest)
{
	char text[64];

	option_text(o, text, sizeof(text));
	w->value = NULL;
	if (o->arg && !rest) {
		if (w->next >= w->argc) {
			iq_complain(0, "%s wants an argument: %s", text, o->arg);
			return IQ_WORDS_ERROR;
		}
		rest = w->argv[w->next++];
	} else if (!o->arg && rest) {
		iq_complain(0, "%s takes no argument", text);
		return IQ_WORDS_ERROR;
	}
	w->value = rest;
	if (o->values && !is_one_of(rest, o->values))
		return bad_value(o, rest);
	if (!global)
		return o->id;
	set_global(w->cli, o, rest);
	return 0;
}

static int next_letter(struct iq_words *w)
{
	char letter = *w->cluster++;
	const struct iq_option *o = by_letter(w->own, letter);
	const char *rest = NULL;
	bool global = !o;

	if (!o)
		o = by_letter(iq_global_options, letter);
	if (!o)
		return unknown_letter(w, letter);
	if (o->arg && *w->cluster) {
		rest = w->cluster;
		w->cluster = NULL;
	} else if (!*w->cluster) {
		w->cluster = NULL;
	}
	return take(w, o, global, rest);
}

static int next_name(struct iq_words *w, const char *name)
{
	const char *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	const struct iq_option *o = by_name(w->own, name, len);
	bool global = !o;

	if (!o)
		o = by_name(iq_global_options, name, len);
	if (!o)
		return unknown_long(w, name, len);
	return take(w, o, global, equals ? equals + 1 : NULL);
}

int iq_words_next(struct iq_words *w)
{
	int id;

	do {
		if (w->cluster) {
			id = next_letter(w);
			continue;
		}
		if (w->next >= w->argc)
			return IQ_WORDS_END;
		w->value = w->argv[w->next++];
		if (w->only_words || w->value[0] != '-' || !w->value[1])
			return IQ_WORDS_WORD;
		if (!strcmp(w->value, "--")) {
			w->only_words = true;
			id = 0;
		} else if (w->value[1] == '-') {
			id = next_name(w, w->value + 2);
		} else {
			w->cluster = w->value + 1;
			id = 0;
		}
	} while (id == 0);
	return id;
}

/* ---- the options that every command takes ---- */

enum {
	OPT_LIVE = 1000,
	OPT_DUMP,
	OPT_JSON,
	OPT_COLOR,
	OPT_HELP,
	OPT_VERSION,
	OPT_KCORE,
	OPT_TIMINGS,
	OPT_MAN,
	OPT_MAN_DEBUGGER,
	OPT_COMPLETION,
};

static const char *const color_words[] = { "auto", "always", "never", NULL };

static const char *const shell_words[] = { "bash", "zsh", "fish", NULL };

const struct iq_option iq_global_options[] = {
	{ OPT_LIVE, 'k', NULL, NULL, "look at the running kernel (the default)" },
	{ OPT_DUMP, 'c', NULL, "FILE", "look at a memory dump" },
	{ OPT_JSON, 0, "json", NULL, "print one JSON object" },
	{ OPT_COLOR, 0, "color", "WHEN", "use colours: auto, always or never", color_words },
	{ OPT_HELP, 'h', "help", NULL, "say what the program, or the command, does" },
	{ OPT_VERSION, 0, "version", NULL, "print the version" },
	{ OPT_KCORE, 0, "kcore", "PATH", NULL },
	{ OPT_TIMINGS, 0, "timings", NULL, NULL },
	{ OPT_MAN, 0, "dump-man", NULL, NULL },
	{ OPT_MAN_DEBUGGER, 0, "dump-man-debugger", NULL, NULL },
	{ OPT_COMPLETION, 0, "dump-completion", "SHELL", NULL, shell_words },
	{ 0 },
};

static void set_global(struct iq_cli *cli, const struct iq_option *o, const char *value)
{
	switch (o->id) {
	case OPT_LIVE:
		cli->live = true;
		cli->dump = NULL;
		break;
	case OPT_DUMP:
		cli->live = false;
		cli->dump = value;
		break;
	case OPT_JSON:
		cli->json = true;
		break;
	case OPT_COLOR:
		cli->color = !strcmp(value, "always")  ? IQ_WHEN_ALWAYS
			     : !strcmp(value, "never") ? IQ_WHEN_NEVER
						       : IQ_WHEN_AUTO;
		break;
	case OPT_HELP:
		cli->help = true;
		break;
	case OPT_VERSION:
		cli->version = true;
		break;
	case OPT_KCORE:
		cli->kcore = value;
		break;
	case OPT_MAN:
		cli->man = true;
		break;
	case OPT_MAN_DEBUGGER:
		cli->man_debugger = true;
		break;
	case OPT_COMPLETION:
		cli->completion = value;
		break;
	case OPT_TIMINGS:
		cli->timings = true;
		break;
	}
}
