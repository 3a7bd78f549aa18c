/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Help: everything that is known of commands and walkers stands in their tables
 */
#include <ctype.h>
#include <regex.h>
#include <stdio.h>

#include "out/text.h"
#include "shell/print/format.h"
#include "shell/run/inside.h"

enum { WIDTH = 79, INDENT = 2, OPTION_INDENT = 14 };

static const char *module_name(const struct iq_module *m)
{
	return m ? m->name : "inquest";
}

/* Paragraphs of a help text; a line that starts with a blank stays as it is. */
static void paragraphs(struct iq_strbuf *sb, const char *text)
{
	while (*text) {
		const char *end = strstr(text, "\n\n");
		size_t len = end ? (size_t)(end - text) : strlen(text);

		if (*text == ' ') {
			len = strcspn(text, "\n");
			iq_strbuf_printf(sb, "%*s%.*s\n", INDENT, "", (int)len, text);
		} else {
			char *paragraph = strndup(text, len);

			for (char *p = paragraph; p && *p; p++)
				if (*p == '\n')
					*p = ' ';
			iq_text_wrap(sb, paragraph ? paragraph : "", "  ", INDENT, WIDTH);
			free(paragraph);
		}
		text += len;
		if (end && text == end)
			iq_strbuf_addc(sb, '\n');
		text += strspn(text, "\n");
	}
}

static void sentence(struct iq_strbuf *sb, const char *summary)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf text = IQ_STRBUF_INIT;

	iq_strbuf_printf(&text, "%c%s.", toupper((unsigned char)*summary), summary + 1);
	iq_text_wrap(sb, iq_strbuf_str(&text), "  ", INDENT, WIDTH);
}

static void help_dcmd(const struct iq_dcmd_at *at, struct iq_strbuf *sb)
{
	const struct iq_dcmd *d = at->dcmd;

	iq_strbuf_printf(sb, "NAME\n  %s - %s\n\nSYNOPSIS\n  ", d->name, d->summary);
	iq_dcmd_usage(d, sb);
	iq_strbuf_adds(sb, "\n\nDESCRIPTION\n");
	sentence(sb, d->summary);
	if (d->help) {
		iq_strbuf_addc(sb, '\n');
		paragraphs(sb, d->help);
	}
	if (d->opts && d->opts->letter)
		iq_strbuf_adds(sb, "\nOPTIONS\n");
	for (const struct iq_opt *o = d->opts; o && o->letter; o++) {
		_cleanup_(iq_strbuf_deinit) struct iq_strbuf head = IQ_STRBUF_INIT;

		iq_strbuf_printf(&head, "  -%c%s%s", o->letter, o->arg ? " " : "",
				 o->arg ? o->arg : "");
		while (head.len < OPTION_INDENT)
			iq_strbuf_addc(&head, ' ');
		iq_text_wrap(sb, o->help, iq_strbuf_str(&head), OPTION_INDENT, WIDTH);
	}
	iq_strbuf_printf(sb, "\nATTRIBUTES\n  Target: kvm\n  Module: %s\n",
			 module_name(at->module));
}

static void help_walker(const struct iq_walker_at *at, struct iq_strbuf *sb)
{
	static const char *const takes[] = {
		[IQ_WALK_GLOBAL] = "none",
		[IQ_WALK_OPTIONAL] = "may be given",
		[IQ_WALK_LOCAL] = "has to be given",
	};
	const struct iq_walker *w = at->walker;

	iq_strbuf_printf(sb, "NAME\n  %s - %s\n\nSYNOPSIS\n  %s::walk %s [variable]\n", w->name,
			 w->summary,
			 w->takes == IQ_WALK_LOCAL    ? "ADDR"
			 : w->takes == IQ_WALK_GLOBAL ? ""
						      : "[ADDR]",
			 w->name);
	iq_strbuf_adds(sb, "\nDESCRIPTION\n");
	sentence(sb, w->summary);
	iq_strbuf_printf(sb, "\nATTRIBUTES\n  Address: %s\n  Gives: %s\n  Module: %s\n",
			 takes[w->takes], w->yields ? w->yields : "addresses",
			 module_name(at->module));
}

static void help_help(struct iq_strbuf *sb)
{
	iq_strbuf_adds(
		sb, "A command stands behind the address that it is to work on: ADDR::name words.\n"
		    "  ::help NAME       about a command, or a walker\n"
		    "  ::dcmds           all commands\n"
		    "  ::walkers         what can be walked: ::walk NAME\n"
		    "  ::formats         letters for ADDR/LETTERS and VALUE=LETTERS\n"
		    "  ::status          what is being looked at\n"
		    "  ::quit            or $q, or the end of the input\n"
		    "Numbers are hexadecimal; 0t10 is ten. Pipes hand on addresses: ::walk task | "
		    "::findstack\n"
		    "The language is described in inquest-debugger(7).\n");
}

static struct iq_error *cmd_help(struct iq_cmd *cmd)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;
	struct iq_walker_at walker;
	struct iq_dcmd_at dcmd;
	const char *name;

	if (!cmd->argc) {
		help_help(&sb);
		iq_out_text(cmd->out, "%s", iq_strbuf_str(&sb));
		return NULL;
	}
	if (cmd->argc > 1)
		return iq_cmd_usage(cmd, "one name at a time");
	name = cmd->argv[0].str;
	if (!strncmp(name, "::", 2))
		name += 2;
	if (iq_dcmd_find(cmd->sh->rooms, name, &dcmd))
		help_dcmd(&dcmd, &sb);
	else if (iq_walker_find(cmd->sh->rooms, name, &walker))
		help_walker(&walker, &sb);
	else
		return iq_error_new(IQ_ERR_NOTFOUND, "there is no command or walker %.60s", name);
	iq_out_text(cmd->out, "%s", iq_strbuf_str(&sb));
	return NULL;
}

/* ---- lists ---- */

struct line {
	const char *name, *summary;
};

static int by_name(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static bool matches(const struct iq_cmd *cmd, const regex_t *regex, const struct line *line)
{
	if (!cmd->argc)
		return true;
	return !regexec(regex, line->name, 0, NULL, 0) ||
	       (!iq_cmd_has(cmd, 'n') && !regexec(regex, line->summary, 0, NULL, 0));
}

static struct iq_error *list(struct iq_cmd *cmd, struct line *lines, size_t num)
{
	const char *last = NULL;
	regex_t regex;

	if (cmd->argc > 1)
		return iq_cmd_usage(cmd, "one pattern at a time");
	if (cmd->argc && (!iq_regex_is_modest(cmd->argv[0].str) ||
			  regcomp(&regex, cmd->argv[0].str, REG_EXTENDED | REG_NOSUB)))
		return iq_error_new(IQ_ERR_INVALID,
				    "%.60s is not a regular expression, or too large a one",
				    cmd->argv[0].str);
	qsort(lines, num, sizeof(*lines), by_name);
	for (size_t i = 0; i < num; i++) {
		/* Of several rooms' commands of one name the first is the one that runs. */
		if ((last && !strcmp(last, lines[i].name)) || !matches(cmd, &regex, &lines[i]))
			continue;
		iq_out_text(cmd->out, "%-24s - %s\n", lines[i].name, lines[i].summary);
		last = lines[i].name;
	}
	if (cmd->argc)
		regfree(&regex);
	return NULL;
}

static struct iq_error *cmd_dcmds(struct iq_cmd *cmd)
{
	IQ_VEC(struct line) lines = { 0 };
	struct iq_dcmd_at at;
	struct iq_error *err;

	for (size_t i = 0; iq_dcmd_nth(cmd->sh->rooms, i, &at); i++)
		iq_vec_push(&lines, (struct line){ at.dcmd->name, at.dcmd->summary });
	err = list(cmd, lines.data, lines.num);
	iq_vec_free(&lines);
	return err;
}

static struct iq_error *cmd_walkers(struct iq_cmd *cmd)
{
	IQ_VEC(struct line) lines = { 0 };
	struct iq_walker_at at;
	struct iq_error *err;

	for (size_t i = 0; iq_walker_nth(cmd->sh->rooms, i, &at); i++)
		iq_vec_push(&lines, (struct line){ at.walker->name, at.walker->summary });
	err = list(cmd, lines.data, lines.num);
	iq_vec_free(&lines);
	return err;
}

static struct iq_error *cmd_formats(struct iq_cmd *cmd)
{
	for (const struct iq_format_letter *l = iq_format_letters; l->letter; l++) {
		char size[32] = "";

		if (l->size)
			snprintf(size, sizeof(size), " (%u byte%s)", l->size,
				 l->size == 1 ? "" : "s");
		iq_out_text(cmd->out, "%c - %s%s\n", l->letter, l->what, size);
	}
	return NULL;
}

static struct iq_error *cmd_which(struct iq_cmd *cmd)
{
	struct iq_walker_at walker;
	struct iq_dcmd_at dcmd;

	if (!cmd->argc)
		return iq_cmd_usage(cmd, "which name?");
	for (size_t i = 0; i < cmd->argc; i++) {
		const char *name = cmd->argv[i].str;
		bool known = false;

		if (!strncmp(name, "::", 2))
			name += 2;
		if (iq_dcmd_find(cmd->sh->rooms, name, &dcmd)) {
			iq_out_text(cmd->out, "%s is a dcmd from module %s\n", name,
				    module_name(dcmd.module));
			known = true;
			if (iq_cmd_has(cmd, 'v'))
				iq_out_text(cmd->out, "\t%s\n", dcmd.dcmd->summary);
		}
		if (iq_walker_find(cmd->sh->rooms, name, &walker)) {
			iq_out_text(cmd->out, "%s is a walker from module %s\n", name,
				    module_name(walker.module));
			known = true;
			if (iq_cmd_has(cmd, 'v'))
				iq_out_text(cmd->out, "\t%s\n", walker.walker->summary);
		}
		if (!known)
			return iq_error_new(IQ_ERR_NOTFOUND, "%.60s is neither a dcmd nor a walker",
					    name);
	}
	return NULL;
}

static struct iq_error *cmd_dmods(struct iq_cmd *cmd)
{
	bool all = iq_cmd_has(cmd, 'l');

	iq_vec_foreach(&cmd->sh->rooms->list, mp) {
		const struct iq_module *m = *mp;
		const char *lacks = iq_module_lacks(cmd->s, m);

		if (cmd->argc && strcmp(cmd->argv[0].str, m->name) != 0)
			continue;
		if (!all) {
			iq_out_text(cmd->out, "%s\n", m->name);
			continue;
		}
		iq_out_text(cmd->out, "%s - %s", m->name, m->summary);
		if (lacks)
			iq_out_text(cmd->out, " (idle: this kernel has no %s)", lacks);
		iq_out_text(cmd->out, "\n");
		for (const struct iq_dcmd *d = m->dcmds; d && d->name; d++)
			iq_out_text(cmd->out, "  dcmd %-18s - %s\n", d->name, d->summary);
		for (const struct iq_walker *w = m->walkers; w && w->name; w++)
			iq_out_text(cmd->out, "  walker %-16s - %s\n", w->name, w->summary);
	}
	return NULL;
}

static const struct iq_opt name_opts[] = {
	{ 'n', NULL, "the pattern is for the name alone" },
	{ 0 },
};
static const struct iq_opt which_opts[] = {
	{ 'v', NULL, "with the line that describes it" },
	{ 0 },
};
static const struct iq_opt dmods_opts[] = {
	{ 'l', NULL, "with what each of them brings" },
	{ 0 },
};

const struct iq_dcmd iq_help_dcmds[] = {
	{ "help", "[name]", "tell about a command or a walker", NULL, NULL, cmd_help, 0,
	  IQ_COMPLETE_DCMD },
	{ "dcmds", "[pattern]", "list commands", NULL, name_opts, cmd_dcmds, 0, IQ_COMPLETE_NONE },
	{ "walkers", "[pattern]", "list walkers", NULL, name_opts, cmd_walkers, 0,
	  IQ_COMPLETE_NONE },
	{ "formats", "", "list format letters", NULL, NULL, cmd_formats, 0, IQ_COMPLETE_NONE },
	{ "which", "name...", "say which module a command or walker comes from", NULL, which_opts,
	  cmd_which, 0, IQ_COMPLETE_DCMD },
	{ "whence", "name...", "say which module a command or walker comes from", NULL, which_opts,
	  cmd_which, 0, IQ_COMPLETE_DCMD },
	{ "dmods", "[module]", "list modules", NULL, dmods_opts, cmd_dmods, 0, IQ_COMPLETE_MODULE },
	{ 0 },
};
