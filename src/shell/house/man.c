/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * inquest-debugger(7): the language in words, and the tables of commands, walkers and formats
 */
#include <stdio.h>

#include "shell/house/house.h"
#include "shell/print/format.h"
#include "shell/run/inside.h"

/* A text for roff: in it, lines that begin with "=" are headings, with ">" commands as typed. */
static const char language[] =
	"=DESCRIPTION\n"
	"The debugger of inquest speaks the language of mdb and adb on the memory of a Linux "
	"kernel, "
	"the running one or that of a dump. It only reads.\n"
	"\n"
	"At the prompt, in scripts on standard input, with -e and in macros there are the same "
	"statements, one a line or separated by semicolons. On a terminal there is a prompt; "
	"otherwise standard output carries nothing but what the commands print.\n"
	"=STATEMENTS\n"
	"A command works on an address, which stands in front of it, and hands addresses to the "
	"next "
	"one:\n"
	">0t4711::pid2proc | ::walk thread | ::findstack -v\n"
	"The address is also the new dot, the place that commands without an address work on. "
	"After a "
	"comma stands how often a command is to be run, each time where the one before ended:\n"
	">jiffies,3/J\n"
	"An address alone runs the last command again, there; a comma and a count alone run it so "
	"often from the next place on. Within ::eval and macros an address alone only sets dot. An "
	"empty line does nothing, but repeats the last command after ::set -o repeatlast. What "
	"follows // is a comment.\n"
	"\n"
	"What a command prints goes to the next one of a pipeline as addresses. A command that "
	"fails "
	"ends the pipeline. Without addresses the next command is not run.\n"
	"\n"
	"What follows ! up to a semicolon or the end of the line is a shell command, which gets "
	"what "
	"the statement prints. In quotes it can stand within a pipeline; its lines are addresses "
	"then. What follows !< is a shell command as well; what it prints is run.\n"
	">::threadlist -v ! grep -A8 state:D\n"
	">::ps ! 'grep sshd | cut -c44-60' | ::findstack\n"
	"\n"
	"After a command's name there are words, separated by blanks. Single quotes keep a word "
	"together as it is, double quotes with the escapes of C, and $[ expression ] is the value "
	"of an expression.\n"
	"=EXPRESSIONS\n"
	"Numbers are hexadecimal, or in the radix that $d set; 0i, 0o, 0t and 0x in front make "
	"them "
	"binary, octal, decimal and hexadecimal; between digits there may be _. What does not "
	"begin "
	"with 0 to 9 is a symbol first, and a number only where there is no such symbol. 0t1.5 is "
	"the bits of a double, 'abc' characters packed. module`name is a symbol of a module.\n"
	"\n"
	". is dot, & dot at the last command, + the place after what was printed last, ^ the one "
	"before, <name a variable.\n"
	"\n"
	"One operand, from right to left: # (logical not), ~, -, * (what is there in memory, eight "
	"bytes), % (the same of the object file); */c/, */s/, */i/ and */l/ or */1/ to */8/ read "
	"so many bytes.\n"
	"\n"
	"Two operands, the tightest first: %% (remainder); *, % (division, with signs), # (up to a "
	"multiple); + and -; << and >>; == and !=; &; ^; |. Outside of ( ) and $[ ] the last "
	"one is the pipe.\n"
	"=VARIABLES\n"
	"value>name sets one, value>/s/name with so many bytes of it (c, s, i, l or 1 to 8), <name "
	"is its value. 0 is the last value printed, 9 the count of the last macro; b, d, e, m and "
	"t "
	"tell of the kernel's image. ::walk and others bind a variable: the rest of the pipeline "
	"sees it with what comes of that address.\n"
	">::walk task t | ::print struct task_struct mm | ::grep '.!=0' | ::map <t\n"
	"=FORMATS\n"
	"address/letters shows memory, value=letters the value itself; address\\letters and "
	"address@letters physical memory, address?letters the object file. A count before a letter "
	"is decimal, or $[ ]. Text in double quotes is shown as it is. Dot stays; + is the place "
	"after what was shown. After l, L and M stands a value to be searched, and maybe a mask; "
	"dot "
	"is where it was found.\n";

static const char files[] =
	"=MACROS AND FILES\n"
	"$<name runs a file of commands in place of what follows, $<<name and goes on; the file is "
	"searched along the path that -I or ::set -I gave. A name without a file may stand for a "
	"command ($M), or be a type: then that is shown at dot.\n"
	"\n"
	"~/.inquestrc is run first, unless -S is given.\n"
	"=EXIT STATUS\n"
	"With -e: 0, or 1 if a command failed. Otherwise 0, or what stood before $q. 2: the "
	"command "
	"line is wrong. 3: the source could not be opened.\n"
	"=SEE ALSO\n"
	".BR inquest (1)\n";

static void roff(struct iq_strbuf *out, const char *text, size_t len)
{
	if (len && (*text == '.' || *text == '\''))
		iq_strbuf_adds(out, "\\&");
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\\')
			iq_strbuf_adds(out, "\\e");
		else if (text[i] == '-')
			iq_strbuf_adds(out, "\\-");
		else if (text[i] == '`')
			iq_strbuf_adds(out, "\\(ga");
		else if (text[i] == '\'')
			iq_strbuf_adds(out, "\\(aq");
		else if (text[i] == '^')
			iq_strbuf_adds(out, "\\(ha");
		else if (text[i] == '~')
			iq_strbuf_adds(out, "\\(ti");
		else
			iq_strbuf_addc(out, text[i]);
	}
}

static void line(struct iq_strbuf *out, const char *text)
{
	roff(out, text, strlen(text));
	iq_strbuf_addc(out, '\n');
}

static void chapters(struct iq_strbuf *out, const char *text)
{
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		size_t len = strcspn(text, "\n");

		if (*text == '=') {
			iq_strbuf_printf(out, ".SH %.*s\n", (int)len - 1, text + 1);
		} else if (*text == '>') {
			iq_strbuf_adds(out, ".RS 4\n.nf\n.B \"");
			for (size_t i = 1; i < len; i++)
				if (text[i] == '"')
					iq_strbuf_adds(out, "\\(dq");
				else
					roff(out, text + i, 1);
			iq_strbuf_adds(out, "\"\n.fi\n.RE\n");
		} else if (!len) {
			iq_strbuf_adds(out, ".PP\n");
		} else if (*text == '.' && text[1] == 'B') {
			iq_strbuf_printf(out, "%.*s\n", (int)len, text);
		} else {
			roff(out, text, len);
			iq_strbuf_addc(out, '\n');
		}
	}
}

static void paragraphs(struct iq_strbuf *out, const char *text)
{
	bool in_example = false;

	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		size_t len = strcspn(text, "\n");

		if (in_example != (*text == ' ') && len) {
			in_example = !in_example;
			iq_strbuf_adds(out, in_example ? ".RS 4\n.nf\n" : ".fi\n.RE\n");
		}
		if (!len && !in_example) {
			iq_strbuf_adds(out, ".IP\n");
			continue;
		}
		if (*text == ' ')
			iq_strbuf_adds(out, "\\&");
		roff(out, text, len);
		iq_strbuf_addc(out, '\n');
	}
	if (in_example)
		iq_strbuf_adds(out, ".fi\n.RE\n");
}

/* ---- tables ---- */

static int by_dcmd(const void *a, const void *b)
{
	const struct iq_dcmd_at *x = a, *y = b;

	return strcmp(x->dcmd->name, y->dcmd->name);
}

static int by_walker(const void *a, const void *b)
{
	const struct iq_walker_at *x = a, *y = b;

	return strcmp(x->walker->name, y->walker->name);
}

static void dcmd(struct iq_strbuf *out, const struct iq_dcmd *d)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf usage = IQ_STRBUF_INIT;

	iq_dcmd_usage(d, &usage);
	iq_strbuf_adds(out, ".TP\n.B ");
	for (const char *p = iq_strbuf_str(&usage); *p; p++)
		if (*p == '"')
			iq_strbuf_adds(out, "\\(dq");
		else
			roff(out, p, 1);
	iq_strbuf_addc(out, '\n');
	line(out, d->summary);
	if (d->help) {
		iq_strbuf_adds(out, ".IP\n");
		paragraphs(out, d->help);
	}
	if (!d->opts || !d->opts->letter)
		return;
	iq_strbuf_adds(out, ".RS\n");
	for (const struct iq_opt *o = d->opts; o->letter; o++) {
		iq_strbuf_printf(out, ".TP\n\\fB\\-%c\\fR%s%s%s%s\n", o->letter, o->arg ? " " : "",
				 o->arg ? "\\fI" : "", o->arg ? o->arg : "", o->arg ? "\\fR" : "");
		line(out, o->help);
	}
	iq_strbuf_adds(out, ".RE\n");
}

static void dcmds(const struct iq_rooms *rooms, struct iq_strbuf *out)
{
	IQ_VEC(struct iq_dcmd_at) list = { 0 };
	const char *last = "";
	struct iq_dcmd_at at;

	for (size_t i = 0; iq_dcmd_nth(rooms, i, &at); i++)
		iq_vec_push(&list, at);
	qsort(list.data, list.num, sizeof(*list.data), by_dcmd);
	iq_strbuf_adds(out, ".SH COMMANDS\n");
	iq_vec_foreach(&list, d) {
		if (strcmp(last, d->dcmd->name) != 0)
			dcmd(out, d->dcmd);
		last = d->dcmd->name;
	}
	iq_vec_free(&list);
}

static void walkers(const struct iq_rooms *rooms, struct iq_strbuf *out)
{
	static const char *const takes[] = {
		[IQ_WALK_GLOBAL] = "",
		[IQ_WALK_OPTIONAL] = "[ADDR]",
		[IQ_WALK_LOCAL] = "ADDR",
	};
	IQ_VEC(struct iq_walker_at) list = { 0 };
	const char *last = "";
	struct iq_walker_at at;

	for (size_t i = 0; iq_walker_nth(rooms, i, &at); i++)
		iq_vec_push(&list, at);
	if (list.num)
		qsort(list.data, list.num, sizeof(*list.data), by_walker);
	iq_strbuf_adds(out, ".SH WALKERS\n");
	iq_vec_foreach(&list, w) {
		const struct iq_walker *walker = w->walker;

		if (!strcmp(last, walker->name))
			continue;
		last = walker->name;
		iq_strbuf_printf(out, ".TP\n.B %s::walk ", takes[walker->takes]);
		line(out, walker->name);
		roff(out, walker->summary, strlen(walker->summary));
		if (walker->yields)
			iq_strbuf_printf(out, " (%s)", walker->yields);
		iq_strbuf_addc(out, '\n');
	}
	iq_vec_free(&list);
}

static void formats(struct iq_strbuf *out)
{
	for (const struct iq_format_letter *l = iq_format_letters; l->letter; l++) {
		iq_strbuf_adds(out, ".TP 4\n.B ");
		roff(out, &l->letter, 1);
		iq_strbuf_addc(out, '\n');
		roff(out, l->what, strlen(l->what));
		if (l->size)
			iq_strbuf_printf(out, "; %u byte%s", l->size, l->size == 1 ? "" : "s");
		iq_strbuf_addc(out, '\n');
	}
}

void iq_shell_man(struct iq_strbuf *out)
{
	struct iq_rooms rooms;
	iq_strbuf_adds(out, ".\\\" SPDX\\-License\\-Identifier: LGPL\\-2.1\\-or\\-later\n");
	iq_strbuf_printf(out,
			 ".TH INQUEST\\-DEBUGGER 7 \"\" \"inquest %s\" \"Miscellaneous\"\n"
			 ".SH NAME\ninquest\\-debugger \\- the language of inquest's debugger\n"
			 ".SH SYNOPSIS\n"
			 ".B inquest \\-k\n.br\n.B inquest \\-c \\fIFILE\\fR\n.br\n"
			 ".B inquest \\-p \\fIPID\\fR\n.PP\n"
			 "[\\fB\\-S\\fR] [\\fB\\-e\\fR \\fICOMMANDS\\fR] "
			 "[\\fB\\-o\\fR \\fIOPTION\\fR] [\\fB\\-I\\fR \\fIPATH\\fR]\n",
			 IQ_VERSION);
	chapters(out, language);
	formats(out);
	iq_rooms_init(&rooms, iq_all_rooms);
	dcmds(&rooms, out);
	walkers(&rooms, out);
	iq_rooms_deinit(&rooms);
	chapters(out, files);
}
