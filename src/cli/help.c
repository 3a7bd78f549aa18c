/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Help and manual, out of the tables of commands and options
 */
#include <stdio.h>

#include "cli/cli.h"
#include "out/text.h"

enum { WIDTH = 79, INDENT = 26 };

static const char about[] =
	"inquest reads the memory of a Linux kernel, the running one or a dump of one, and says "
	"what "
	"hangs: which tasks wait, for what, who holds it, and what is at the root of it. It asks "
	"the "
	"kernel nothing that could hang as well: no file of another process, no lock, no name "
	"service. It changes nothing.";

static const char without_command[] =
	"Without a command it does `inquest why`; with -k, -c FILE or -p PID alone it is a "
	"debugger "
	"that speaks mdb's language: inquest-debugger(7), and `::help` in it.";

static const char status_text[] =
	"0: nothing hangs (other commands: done). 1: `why` found causes. 2: the command line is "
	"wrong. 3: the source could not be opened or read, or a PID named does not exist. 4: as 0 "
	"or "
	"1, but tasks or their stacks could not be read, so that something may be missing.";

/* "  -c, --name FILE" */
static void option_head(const struct iq_option *o, struct iq_strbuf *sb)
{
	if (o->letter)
		iq_strbuf_printf(sb, "-%c%s", o->letter, o->name ? ", " : "");
	else
		iq_strbuf_adds(sb, "    ");
	if (o->name)
		iq_strbuf_printf(sb, "--%s", o->name);
	if (o->arg)
		iq_strbuf_printf(sb, "%c%s", o->name ? '=' : ' ', o->arg);
}

static void row(struct iq_strbuf *out, const char *head, const char *text)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;

	iq_strbuf_printf(&sb, "  %-*s", INDENT - 2, head);
	if (strlen(head) > INDENT - 4) {
		iq_strbuf_printf(out, "  %s\n", head);
		sb.len = 0;
		iq_strbuf_printf(&sb, "%*s", INDENT, "");
	}
	iq_text_wrap(out, text, iq_strbuf_str(&sb), INDENT, WIDTH);
}

static void options(struct iq_strbuf *out, const struct iq_option *table)
{
	for (const struct iq_option *o = table; o && o->id; o++) {
		_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;

		if (!o->help)
			continue;
		option_head(o, &sb);
		row(out, iq_strbuf_str(&sb), o->help);
	}
}

/* Call fn with each paragraph: lines that start with a blank come one by one, as they are. */
static void paragraphs(const char *text, struct iq_strbuf *out,
		       void (*fn)(struct iq_strbuf *out, const char *text, bool as_is))
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;

	while (*text) {
		size_t len = strcspn(text, "\n");

		if (*text == ' ') {
			sb.len = 0;
			iq_strbuf_add(&sb, text, len);
			fn(out, iq_strbuf_str(&sb), true);
		} else if (len) {
			const char *end = strstr(text, "\n\n");

			len = end ? (size_t)(end - text) : strlen(text);
			sb.len = 0;
			for (size_t i = 0; i < len; i++)
				iq_strbuf_addc(&sb, text[i] == '\n' ? ' ' : text[i]);
			fn(out, iq_strbuf_str(&sb), false);
		}
		text += len;
		text += strspn(text, "\n");
	}
}

static void plain_paragraph(struct iq_strbuf *out, const char *text, bool as_is)
{
	if (as_is) {
		iq_strbuf_printf(out, "%s\n", text);
		return;
	}
	iq_strbuf_addc(out, '\n');
	iq_text_wrap(out, text, "", 0, WIDTH);
}

void iq_help_program(struct iq_strbuf *out)
{
	iq_strbuf_adds(out, "usage: inquest [OPTION...] [COMMAND] [ARGUMENT...]\n");
	plain_paragraph(out, about, false);
	plain_paragraph(out, without_command, false);
	iq_strbuf_adds(out, "\nCommands:\n");
	for (const struct iq_command *c = iq_commands; c->name; c++)
		row(out, c->name, c->summary);
	iq_strbuf_adds(out, "\nOptions, before or after the command's name:\n");
	options(out, iq_global_options);
	iq_strbuf_adds(out, "\nOptions of the debugger:\n");
	options(out, iq_debugger_option_table);
	plain_paragraph(out, "`inquest help COMMAND` says more about a command.", false);
	iq_strbuf_adds(out, "\nExit status:\n");
	iq_text_wrap(out, status_text, "  ", 2, WIDTH);
}

void iq_help_command(struct iq_strbuf *out, const struct iq_command *c)
{
	iq_strbuf_printf(out, "usage: inquest %s %s%s%s\n", c->name,
			 c->options ? "[OPTION...]" : "", c->options && *c->words ? " " : "",
			 c->words);
	iq_strbuf_printf(out, "\n%s: %s\n", c->name, c->summary);
	if (c->help)
		paragraphs(c->help, out, plain_paragraph);
	if (c->options) {
		iq_strbuf_adds(out, "\nOptions:\n");
		options(out, c->options);
	}
	iq_strbuf_adds(out, "\nOptions of every command:\n");
	options(out, iq_global_options);
	if (c->examples) {
		iq_strbuf_adds(out, "\nExamples:\n");
		for (size_t i = 0; c->examples[i]; i += 2)
			iq_strbuf_printf(out, "  %-36s  %s\n", c->examples[i], c->examples[i + 1]);
	}
}

/* ---- roff ---- */

static void roff_text(struct iq_strbuf *out, const char *text)
{
	if (*text == '.' || *text == '\'')
		iq_strbuf_adds(out, "\\&");
	for (const char *p = text; *p; p++) {
		if (*p == '\\')
			iq_strbuf_adds(out, "\\e");
		else if (*p == '-')
			iq_strbuf_adds(out, "\\-");
		else
			iq_strbuf_addc(out, *p);
	}
}

static void roff_paragraph(struct iq_strbuf *out, const char *text, bool as_is)
{
	if (as_is)
		iq_strbuf_adds(out, ".br\n\\&");
	else
		iq_strbuf_adds(out, ".PP\n");
	roff_text(out, text);
	iq_strbuf_addc(out, '\n');
}

static void roff_options(struct iq_strbuf *out, const struct iq_option *table)
{
	for (const struct iq_option *o = table; o && o->id; o++) {
		_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;
		const char *head;

		if (!o->help)
			continue;
		option_head(o, &sb);
		head = iq_strbuf_str(&sb);
		iq_strbuf_adds(out, ".TP\n.B ");
		roff_text(out, head + strspn(head, " "));
		iq_strbuf_addc(out, '\n');
		roff_text(out, o->help);
		iq_strbuf_addc(out, '\n');
	}
}

static void roff_command(struct iq_strbuf *out, const struct iq_command *c)
{
	iq_strbuf_printf(out, ".SS %s\n.B inquest %s\n", c->name, c->name);
	if (c->options)
		iq_strbuf_adds(out, "[\\fIOPTION\\fR...]\n");
	if (*c->words) {
		roff_text(out, c->words);
		iq_strbuf_addc(out, '\n');
	}
	roff_paragraph(out, c->summary, false);
	if (c->help)
		paragraphs(c->help, out, roff_paragraph);
	roff_options(out, c->options);
	for (size_t i = 0; c->examples && c->examples[i]; i += 2) {
		iq_strbuf_adds(out, i ? ".TP\n.B " : ".PP\nExamples:\n.TP\n.B ");
		roff_text(out, c->examples[i]);
		iq_strbuf_addc(out, '\n');
		roff_text(out, c->examples[i + 1]);
		iq_strbuf_addc(out, '\n');
	}
}

void iq_help_man(struct iq_strbuf *out)
{
	iq_strbuf_adds(out, ".\\\" SPDX\\-License\\-Identifier: LGPL\\-2.1\\-or\\-later\n");
	iq_strbuf_printf(out, ".TH INQUEST 1 \"\" \"inquest %s\" \"User Commands\"\n", IQ_VERSION);
	iq_strbuf_adds(out, ".SH NAME\ninquest \\- say what hangs on a machine, and why\n"
			    ".SH SYNOPSIS\n.B inquest\n[\\fIOPTION\\fR...] [\\fICOMMAND\\fR] "
			    "[\\fIARGUMENT\\fR...]\n.SH DESCRIPTION\n");
	roff_text(out, about);
	iq_strbuf_adds(
		out,
		"\n.PP\nWithout a command it does\n.BR \"inquest why\" ;\nwith \\-k, \\-c FILE or "
		"\\-p PID alone it is a debugger:\n.BR inquest\\-debugger (7).\n.SH OPTIONS\n"
		"Before or after the command's name; after it, the command's own letters win.\n");
	roff_options(out, iq_global_options);
	iq_strbuf_adds(out, ".SS Options of the debugger\n");
	roff_options(out, iq_debugger_option_table);
	iq_strbuf_adds(out, ".SH COMMANDS\n");
	for (const struct iq_command *c = iq_commands; c->name; c++)
		roff_command(out, c);
	iq_strbuf_adds(out, ".SH EXIT STATUS\n");
	roff_text(out, status_text);
	iq_strbuf_adds(
		out,
		"\n.SH ENVIRONMENT\n.TP\n.B NO_COLOR\nif set and not empty, no colours "
		"unless \\-\\-color=always says so\n.SH SEE ALSO\n.BR ps (1),\n.BR ptree (1),\n"
		".BR proc (5),\n.BR inquest\\-debugger (7)\n");
}
