/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Completion
 *
 * What may stand at the end of a line follows from the table of the command that it belongs to:
 * the tables that run commands say what their words are. Before a command stands an expression: a
 * symbol or a variable.
 */
#include <ctype.h>
#include <stdio.h>

#include "shell/helper/helper.h"
#include "shell/run/inside.h"
#include "shell/terminal/terminal.h"

enum { MAX_CANDIDATES = 5000, MAX_TYPE_NAME = 256 };

void iq_candidates_deinit(struct iq_candidates *c)
{
	iq_vec_foreach(&c->list, s)
		free(*s);
	iq_vec_free(&c->list);
}

size_t iq_candidates_common(const struct iq_candidates *c)
{
	size_t len = c->list.num ? strlen(c->list.data[0]) : 0;

	for (size_t i = 1; i < c->list.num; i++) {
		size_t same = 0;

		while (same < len && c->list.data[i][same] == c->list.data[0][same])
			same++;
		len = same;
	}
	return len;
}

struct finder {
	struct iq_shell *sh;
	struct iq_candidates *c;
	const char *word; /* what there is of it */
	size_t len;
	enum iq_type_kind kind; /* of types: this one only; VOID: any */
};

static bool add(struct finder *f, const char *name)
{
	if (strncmp(name, f->word, f->len) != 0)
		return false;
	if (f->c->list.num >= MAX_CANDIDATES) {
		f->c->more = true;
		return true;
	}
	iq_vec_push(&f->c->list, iq_xstrdup(name));
	return false;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort(struct iq_candidates *c)
{
	size_t num = 0;

	if (!c->list.num)
		return;
	qsort(c->list.data, c->list.num, sizeof(*c->list.data), by_name);
	for (size_t i = 0; i < c->list.num; i++) {
		if (num && !strcmp(c->list.data[num - 1], c->list.data[i]))
			free(c->list.data[i]);
		else
			c->list.data[num++] = c->list.data[i];
	}
	c->list.num = num;
}

/* ---- names ---- */

static bool add_sym(void *ctx, const struct iq_sym *sym)
{
	return add(ctx, sym->name);
}

static void symbols(struct finder *f)
{
	if (f->sh->s && f->len)
		iq_sym_foreach(f->sh->s, add_sym, f);
}

static void dcmds(struct finder *f)
{
	struct iq_dcmd_at at;

	for (size_t i = 0; iq_dcmd_nth(f->sh->rooms, i, &at); i++)
		if (*iq_dcmd_sign(at.dcmd))
			(void)add(f, at.dcmd->name);
}

static void walkers(struct finder *f)
{
	struct iq_walker_at at;

	for (size_t i = 0; iq_walker_nth(f->sh->rooms, i, &at); i++)
		(void)add(f, at.walker->name);
}

static void modules(struct finder *f)
{
	iq_vec_foreach(&f->sh->rooms->list, m)
		(void)add(f, (*m)->name);
}

static void variables(struct finder *f)
{
	for (const struct iq_var *v = f->sh->vars; v; v = v->next)
		if (v->set)
			(void)add(f, v->name);
}

/* By the helper, which has a time limit: a folder may hang. */
static void files(struct finder *f)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf command = IQ_STRBUF_INIT,
						     text = IQ_STRBUF_INIT;
	const char *slash = strrchr(f->word, '/');
	size_t dir = slash ? (size_t)(slash + 1 - f->word) : 0;

	if (!f->sh->helper || strchr(f->word, '\'') || strlen(f->word) != f->len)
		return;
	iq_strbuf_printf(&command, "timeout 2 ls -Ap -- '%.*s' 2>/dev/null", (int)(dir ? dir : 1),
			 dir ? f->word : ".");
	iq_error_free(iq_helper_command(f->sh->helper, iq_strbuf_str(&command), "", 0, &text));
	for (char *line = text.str, *end; line && (end = strchr(line, '\n')); line = end + 1) {
		char *name = NULL;

		*end = '\0';
		if (asprintf(&name, "%.*s%s", (int)dir, f->word, line) >= 0)
			(void)add(f, name);
		free(name);
	}
}

/* ---- types and members ---- */

static bool add_type(void *ctx, struct iq_type type)
{
	struct finder *f = ctx;

	if (f->kind != IQ_TYPE_VOID && iq_type_kind(type) != f->kind)
		return false;
	return add(f, iq_type_name(type));
}

static void types(struct finder *f, const char *before)
{
	static const char *const keywords[] = { "struct", "union", "enum" };
	static const enum iq_type_kind kinds[] = { IQ_TYPE_STRUCT, IQ_TYPE_UNION, IQ_TYPE_ENUM };

	f->kind = IQ_TYPE_VOID;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(keywords); i++) {
		if (before && !strcmp(before, keywords[i]))
			f->kind = kinds[i];
		else if (!before)
			(void)add(f, keywords[i]);
	}
	if (f->sh->s && (f->len || f->kind != IQ_TYPE_VOID))
		iq_type_foreach(f->sh->s, add_type, f);
}

static void add_members(struct finder *f, const char *prefix, struct iq_type type, int depth)
{
	struct iq_member m;

	for (size_t i = 0; depth < 8 && iq_type_member_at(type, i, &m); i++) {
		char name[MAX_TYPE_NAME];

		if (!*m.name) {
			add_members(f, prefix, m.type, depth + 1);
			continue;
		}
		snprintf(name, sizeof(name), "%s%s", prefix, m.name);
		(void)add(f, name);
	}
}

/* "se.load.w", "mm->own": the members of what stands before the last step. */
static void members(struct finder *f, struct iq_type type)
{
	char prefix[MAX_TYPE_NAME];
	size_t start = 0;

	if (f->len >= sizeof(prefix))
		return;
	for (size_t i = 0; i < f->len; i++) {
		bool dot = f->word[i] == '.';
		bool arrow = f->word[i] == '-' && f->word[i + 1] == '>';
		struct iq_member m;
		struct iq_error *err;

		if (!dot && !arrow)
			continue;
		snprintf(prefix, sizeof(prefix), "%.*s", (int)(i - start), f->word + start);
		prefix[strcspn(prefix, "[")] = '\0';
		err = iq_type_member(type, prefix, &m);
		if (err) {
			iq_error_free(err);
			return;
		}
		type = iq_type_strip(m.type);
		while (iq_type_kind(type) == IQ_TYPE_ARRAY || iq_type_kind(type) == IQ_TYPE_PTR)
			type = iq_type_strip(iq_type_target(type));
		i += arrow;
		start = i + 1;
	}
	snprintf(prefix, sizeof(prefix), "%.*s", (int)start, f->word);
	add_members(f, prefix, iq_type_strip(type), 0);
}

/* ---- where in the line ---- */

/* The words after a command's name, the last one unfinished. */
struct words {
	char *list[64];
	size_t num;
	size_t last; /* where the last one begins, in the text */
};

static void split(struct words *w, char *text)
{
	char quote = 0;
	bool in_word = false;
	size_t total = strlen(text);

	w->num = w->last = 0;
	for (char *p = text;; p++) {
		bool end = !*p, blank = !quote && (*p == ' ' || *p == '\t');

		if (!end && quote == *p && quote) {
			quote = 0;
			*p = '\0';
			in_word = false;
			continue;
		}
		if (!in_word && !blank && !end) {
			if (*p == '"' || *p == '\'') {
				quote = *p;
				p++;
			}
			if (w->num < IQ_ARRAY_SIZE(w->list))
				w->list[w->num++] = p;
			w->last = (size_t)(p - text);
			in_word = true;
			if (!*p)
				break;
		} else if (in_word && blank) {
			*p = '\0';
			in_word = false;
		}
		if (end)
			break;
	}
	if (!in_word && w->num < IQ_ARRAY_SIZE(w->list)) {
		w->last = total;
		w->list[w->num++] = NULL; /* a new one */
	}
}

/* The type that the finished words begin with, options left out. False: it is not complete. */
static bool type_of_words(struct finder *f, const struct words *w, struct iq_type *type_ret)
{
	char name[MAX_TYPE_NAME];
	size_t i = 0;

	while (i + 1 < w->num && w->list[i] && *w->list[i] == '-')
		i++;
	for (; i + 1 < w->num && w->list[i]; i++) {
		static const char *const keywords[] = { "struct", "union", "enum" };
		struct iq_error *err;
		bool keyword = false;

		for (size_t k = 0; k < IQ_ARRAY_SIZE(keywords); k++)
			keyword |= !strcmp(w->list[i], keywords[k]);
		if (keyword && i + 2 < w->num && w->list[i + 1]) {
			snprintf(name, sizeof(name), "%s %s", w->list[i], w->list[i + 1]);
			i++;
		} else if (keyword) {
			return false;
		} else {
			snprintf(name, sizeof(name), "%s", w->list[i]);
		}
		err = f->sh->s ? iq_type_by_name(f->sh->s, name, type_ret)
			       : iq_error_new(IQ_ERR_NOTFOUND, "none");
		iq_error_free(err);
		return !err;
	}
	return false;
}

/* The type of the addresses that a walker gives: "... ::walk task | ::print com". */
static bool type_of_walk(struct finder *f, const char *text, struct iq_type *type_ret)
{
	const char *walk = NULL;
	struct iq_walker_at at;
	struct iq_error *err;
	char name[64];

	for (const char *p = text; (p = strstr(p, "::walk ")); p++)
		walk = p + 7;
	if (!walk || !f->sh->s)
		return false;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(walk, " \t|;"), walk);
	if (!iq_walker_find(f->sh->rooms, name, &at) || !at.walker->yields)
		return false;
	err = iq_type_by_name(f->sh->s, at.walker->yields, type_ret);
	iq_error_free(err);
	return !err;
}

static void word_of_dcmd(struct finder *f, const struct iq_dcmd *dcmd, const struct words *w,
			 const char *text)
{
	const char *before = w->num > 1 ? w->list[w->num - 2] : NULL;
	struct iq_type type;

	if (f->len && *f->word == '-') {
		for (const struct iq_opt *o = dcmd->opts; o && o->letter; o++)
			(void)add(f, (char[]){ '-', o->letter, '\0' });
		return;
	}
	switch (dcmd->completes) {
	case IQ_COMPLETE_TYPE:
		if (type_of_words(f, w, &type)) {
			members(f, type);
		} else {
			types(f, before && *before != '-' ? before : NULL);
			if (type_of_walk(f, text, &type))
				members(f, type);
		}
		break;
	case IQ_COMPLETE_SYMBOL:
		symbols(f);
		break;
	case IQ_COMPLETE_DCMD:
		dcmds(f);
		break;
	case IQ_COMPLETE_WALKER:
		walkers(f);
		break;
	case IQ_COMPLETE_MODULE:
		modules(f);
		break;
	case IQ_COMPLETE_FILE:
		files(f);
		break;
	default:
		break;
	}
}

/* Where the last stage begins: behind the last | ; or ! outside of quotes. */
static size_t last_stage(const char *text, char *sign)
{
	size_t start = 0;
	char quote = 0;

	*sign = 0;
	for (size_t i = 0; text[i]; i++) {
		if (quote) {
			if (text[i] == quote)
				quote = 0;
		} else if (text[i] == '"' || text[i] == '\'') {
			quote = text[i];
		} else if (strchr("|;!", text[i])) {
			start = i + 1;
			*sign = text[i];
		}
	}
	return start;
}

void iq_complete(struct iq_shell *sh, const char *text, struct iq_candidates *c)
{
	struct finder f = { .sh = sh, .c = c };
	const char *colons = NULL;
	size_t stage, name_len, start;
	struct iq_dcmd_at at;
	char sign, name[80];

	*c = (struct iq_candidates){ 0 };
	stage = last_stage(text, &sign);
	if (sign == '!')
		return;
	for (const char *p = text + stage; (p = strstr(p, "::")); p += 2) {
		colons = p + 2;
		break;
	}
	if (!colons) {
		for (start = strlen(text); start > stage; start--) {
			unsigned char ch = (unsigned char)text[start - 1];

			if (!isalnum(ch) && ch != '_' && ch != '.' && ch != '`')
				break;
		}
		f.word = text + start;
		f.len = strlen(f.word);
		c->start = start;
		if (start > stage && text[start - 1] == '<')
			variables(&f);
		else
			symbols(&f);
		sort(c);
		return;
	}
	name_len = strcspn(colons, " \t");
	if (!colons[name_len]) {
		f.word = colons;
		f.len = name_len;
		c->start = (size_t)(colons - text);
		dcmds(&f);
		sort(c);
		return;
	}
	snprintf(name, sizeof(name), "%.*s", (int)name_len, colons);
	if (iq_dcmd_find(f.sh->rooms, name, &at)) {
		_cleanup_free_ char *copy = iq_xstrdup(colons + name_len);
		size_t base = (size_t)(colons - text) + name_len;
		struct words w;

		split(&w, copy);
		c->start = base + w.last;
		f.word = text + c->start;
		f.len = strlen(f.word);
		word_of_dcmd(&f, at.dcmd, &w, text);
	}
	sort(c);
}
