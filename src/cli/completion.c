/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Completion for shells, out of the tables that the program itself goes by
 */
#include <stdio.h>

#include "cli/cli.h"
#include "shell/run/inside.h"

/* What can stand as an option's argument or a command's word, by what it is called. */
enum kind { KIND_NONE, KIND_ANY, KIND_VALUES, KIND_FILE, KIND_PID, KIND_DCMDS };

static enum kind kind_of(const struct iq_option *o)
{
	if (!o->arg)
		return KIND_NONE;
	if (o->values)
		return KIND_VALUES;
	if (strstr(o->arg, "FILE") || strstr(o->arg, "PATH"))
		return KIND_FILE;
	if (strstr(o->arg, "PID"))
		return KIND_PID;
	return !strcmp(o->arg, "COMMANDS") ? KIND_DCMDS : KIND_ANY;
}

static bool is_shown(const struct iq_option *o)
{
	return o->help && (o->letter || o->name);
}

static void dcmds(struct iq_strbuf *sb, const char *before)
{
	struct iq_rooms rooms;
	struct iq_dcmd_at at;

	iq_rooms_init(&rooms, iq_all_rooms);
	for (size_t i = 0; iq_dcmd_nth(&rooms, i, &at); i++)
		if (*iq_dcmd_sign(at.dcmd))
			iq_strbuf_printf(sb, "%s%s%s", sb->len ? " " : "", before, at.dcmd->name);
	iq_rooms_deinit(&rooms);
}

static void option_names(struct iq_strbuf *sb, const struct iq_option *table, const char *between)
{
	for (const struct iq_option *o = table; o && o->id; o++) {
		if (!is_shown(o))
			continue;
		if (o->letter)
			iq_strbuf_printf(sb, "%s-%c", sb->len ? between : "", o->letter);
		if (o->name)
			iq_strbuf_printf(sb, "%s--%s", sb->len ? between : "", o->name);
	}
}

/* ---- bash ---- */

/* "-c|--dump": the names of those that take an argument. */
static void names_with_argument(struct iq_strbuf *sb, const struct iq_option *table)
{
	for (const struct iq_option *o = table; o && o->id; o++) {
		if (!is_shown(o) || !o->arg)
			continue;
		if (o->letter)
			iq_strbuf_printf(sb, "%s-%c", sb->len ? "|" : "", o->letter);
		if (o->name)
			iq_strbuf_printf(sb, "%s--%s", sb->len ? "|" : "", o->name);
	}
}

static void bash_values(struct iq_strbuf *out, const char *command, const struct iq_option *table)
{
	static const char *const kinds[] = {
		[KIND_NONE] = "",     [KIND_ANY] = "any", [KIND_VALUES] = "words",
		[KIND_FILE] = "file", [KIND_PID] = "pid", [KIND_DCMDS] = "dcmds",
	};

	for (const struct iq_option *o = table; o && o->id; o++) {
		_cleanup_(iq_strbuf_deinit) struct iq_strbuf names = IQ_STRBUF_INIT;

		if (!is_shown(o) || !o->arg)
			continue;
		if (o->letter)
			iq_strbuf_printf(&names, "%s:-%c", command, o->letter);
		if (o->name)
			iq_strbuf_printf(&names, "%s%s:--%s", names.len ? "|" : "", command,
					 o->name);
		iq_strbuf_printf(out, "\t%s) kind=%s", iq_strbuf_str(&names), kinds[kind_of(o)]);
		if (o->values) {
			iq_strbuf_adds(out, " values='");
			for (size_t i = 0; o->values[i]; i++)
				iq_strbuf_printf(out, "%s%s", i ? " " : "", o->values[i]);
			iq_strbuf_addc(out, '\'');
		}
		iq_strbuf_adds(out, " ;;\n");
	}
}

static void bash_command(struct iq_strbuf *out, const char *name, const char *words,
			 const struct iq_option *table, const struct iq_option *more)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;

	option_names(&sb, table, " ");
	option_names(&sb, more, " ");
	option_names(&sb, iq_global_options, " ");
	iq_strbuf_printf(out, "\t%s) options='%s' kind=%s ;;\n", name, iq_strbuf_str(&sb),
			 strstr(words, "PID")	    ? "pid"
			 : strstr(words, "COMMAND") ? "command"
						    : "none");
}

static void bash(struct iq_strbuf *out)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf names = IQ_STRBUF_INIT, sb = IQ_STRBUF_INIT,
						     takes = IQ_STRBUF_INIT;

	for (const struct iq_command *c = iq_commands; c->name; c++)
		iq_strbuf_printf(&names, "%s%s", names.len ? " " : "", c->name);
	dcmds(&sb, "");
	names_with_argument(&takes, iq_global_options);
	names_with_argument(&takes, iq_debugger.options);
	iq_strbuf_printf(
		out,
		"_inquest()\n{\n"
		"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
		"\tlocal command= takes= options= values= kind=none last= word i\n"
		"\tlocal commands='%s'\n"
		"\tlocal dcmds='%s'\n"
		"\tCOMPREPLY=()\n"
		"\t# --color=al comes as three words\n"
		"\tif [[ $cur == = ]]; then\n\t\tcur=\n"
		"\telif [[ $prev == = ]]; then\n\t\tprev=${COMP_WORDS[COMP_CWORD - 2]}\n\tfi\n"
		"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
		"\t\tword=${COMP_WORDS[i]}\n"
		"\t\tif [[ -n $takes ]]; then\n\t\t\ttakes=\n\t\t\tcontinue\n\t\tfi\n"
		"\t\tcase $word in\n"
		"\t\t=|%s) takes=1 ;;\n"
		"\t\t-*) ;;\n"
		"\t\t*[:\\'\\\"]*) ;;\n"
		"\t\t*)\n\t\t\tcommand=$word\n\t\t\tbreak\n\t\t\t;;\n"
		"\t\tesac\n\tdone\n"
		"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
		"\t\t[[ ${COMP_WORDS[i]} == -* ]] && last=${COMP_WORDS[i]}\n\tdone\n"
		"\tcase $command in\n",
		iq_strbuf_str(&names), iq_strbuf_str(&sb), iq_strbuf_str(&takes));
	for (const struct iq_command *c = iq_commands; c->name; c++)
		bash_command(out, c->name, c->words, c->options, NULL);
	bash_command(out, "''", "COMMAND", iq_debugger.options, iq_command_by_name("why")->options);
	iq_strbuf_adds(out, "\tesac\n\tcase $command:$prev in\n");
	for (const struct iq_command *c = iq_commands; c->name; c++)
		bash_values(out, c->name, c->options);
	bash_values(out, "", iq_debugger.options);
	bash_values(out, "", iq_command_by_name("why")->options);
	bash_values(out, "*", iq_global_options);
	iq_strbuf_adds(
		out,
		"\tesac\n"
		"\t# ::dcmd comes in pieces: the colons break words\n"
		"\t[[ -z $command && $last == -e ]] && kind=dcmds\n"
		"\tif [[ $kind == dcmds ]]; then\n"
		"\t\tlocal body=${cur#[\\'\\\"]} before=\n"
		"\t\tif [[ $body == *::* ]]; then\n"
		"\t\t\tbefore=${body%::*}::\n\t\t\tbody=${body##*::}\n"
		"\t\telif [[ $prev != *:* ]]; then\n\t\t\tbefore=::\n\t\tfi\n"
		"\t\tmapfile -t COMPREPLY < <(compgen -P \"$before\" -W \"$dcmds\" -- \"$body\")\n"
		"\t\treturn\n\tfi\n"
		"\tif [[ $cur == -* ]]; then\n"
		"\t\tmapfile -t COMPREPLY < <(compgen -W \"$options\" -- "
		"\"$cur\")\n\t\treturn\n\tfi\n"
		"\tcase $kind in\n"
		"\twords) mapfile -t COMPREPLY < <(compgen -W \"$values\" -- \"$cur\") ;;\n"
		"\tfile)\n\t\tcompopt -o filenames 2>/dev/null\n"
		"\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n\t\t;;\n"
		"\tpid) mapfile -t COMPREPLY < <(cd /proc && for i in [0-9]*; do\n"
		"\t\t[[ $i == \"$cur\"* ]] && echo \"$i\"; done) ;;\n"
		"\tcommand) mapfile -t COMPREPLY < <(compgen -W \"$commands\" -- \"$cur\") ;;\n"
		"\tesac\n}\n"
		"complete -F _inquest inquest\n");
}

/* ---- zsh ---- */

/* A help text between single quotes, where brackets and colons mean something. */
static void zsh_text(struct iq_strbuf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			iq_strbuf_adds(out, "'\\''");
		else if (strchr("[]:\\", *text))
			iq_strbuf_printf(out, "\\%c", *text);
		else
			iq_strbuf_addc(out, *text);
	}
}

static void zsh_option(struct iq_strbuf *out, const struct iq_option *o, bool with_letter)
{
	iq_strbuf_addc(out, '\'');
	if (with_letter)
		iq_strbuf_printf(out, "*-%c%s", o->letter, o->arg ? "+" : "");
	else
		iq_strbuf_printf(out, "*--%s%s", o->name, o->arg ? "=" : "");
	iq_strbuf_addc(out, '[');
	zsh_text(out, o->help);
	iq_strbuf_addc(out, ']');
	switch (kind_of(o)) {
	case KIND_NONE:
		break;
	case KIND_VALUES:
		iq_strbuf_printf(out, ":%s:(", o->arg);
		for (size_t i = 0; o->values[i]; i++)
			iq_strbuf_printf(out, "%s%s", i ? " " : "", o->values[i]);
		iq_strbuf_addc(out, ')');
		break;
	case KIND_FILE:
		iq_strbuf_printf(out, ":%s:_files", o->arg);
		break;
	case KIND_PID:
		iq_strbuf_printf(out, ":%s:_pids", o->arg);
		break;
	case KIND_DCMDS:
		iq_strbuf_printf(out, ":%s:_inquest_dcmds", o->arg);
		break;
	default:
		iq_strbuf_printf(out, ":%s: ", o->arg);
	}
	iq_strbuf_adds(out, "' \\\n\t\t\t");
}

static void zsh_options(struct iq_strbuf *out, const struct iq_option *table)
{
	for (const struct iq_option *o = table; o && o->id; o++) {
		if (!is_shown(o))
			continue;
		if (o->letter)
			zsh_option(out, o, true);
		if (o->name)
			zsh_option(out, o, false);
	}
}

static void zsh(struct iq_strbuf *out)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;

	dcmds(&sb, "::");
	iq_strbuf_printf(out,
			 "_inquest_dcmds()\n{\n"
			 "\tlocal -a dcmds=(%s)\n\tcompadd -a dcmds\n}\n\n"
			 "_inquest()\n{\n\tlocal context state line\n\tlocal -a commands=(\n",
			 iq_strbuf_str(&sb));
	for (const struct iq_command *c = iq_commands; c->name; c++) {
		iq_strbuf_printf(out, "\t\t'%s:", c->name);
		zsh_text(out, c->summary);
		iq_strbuf_adds(out, "'\n");
	}
	iq_strbuf_adds(out, "\t)\n\t_arguments -C \\\n\t\t\t");
	zsh_options(out, iq_debugger.options);
	zsh_options(out, iq_global_options);
	iq_strbuf_adds(out, "'1: :->command' '*:: :->rest'\n\tcase $state in\n"
			    "\tcommand) _describe command commands ;;\n"
			    "\trest)\n\t\tcase $words[1] in\n");
	for (const struct iq_command *c = iq_commands; c->name; c++) {
		iq_strbuf_printf(out, "\t\t%s) _arguments \\\n\t\t\t", c->name);
		zsh_options(out, c->options);
		zsh_options(out, iq_global_options);
		iq_strbuf_printf(out, "'*: :%s' ;;\n",
				 strstr(c->words, "PID")       ? "_pids"
				 : strstr(c->words, "COMMAND") ? "{ _describe command commands }"
							       : " ");
	}
	iq_strbuf_adds(out, "\t\tesac\n\t\t;;\n\tesac\n}\n\n_inquest \"$@\"\n");
}

/* ---- fish ---- */

static void fish_text(struct iq_strbuf *out, const char *text)
{
	iq_strbuf_addc(out, '\'');
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			iq_strbuf_addc(out, '\\');
		iq_strbuf_addc(out, *text);
	}
	iq_strbuf_addc(out, '\'');
}

static void fish_options(struct iq_strbuf *out, const char *condition,
			 const struct iq_option *table)
{
	for (const struct iq_option *o = table; o && o->id; o++) {
		_cleanup_(iq_strbuf_deinit) struct iq_strbuf words = IQ_STRBUF_INIT;
		enum kind kind = kind_of(o);

		if (!is_shown(o))
			continue;
		iq_strbuf_printf(out, "complete -c inquest%s", condition);
		if (o->letter)
			iq_strbuf_printf(out, " -s %c", o->letter);
		if (o->name)
			iq_strbuf_printf(out, " -l %s", o->name);
		if (kind == KIND_FILE)
			iq_strbuf_adds(out, " -r -F");
		else if (kind != KIND_NONE)
			iq_strbuf_adds(out, " -x");
		for (size_t i = 0; kind == KIND_VALUES && o->values[i]; i++)
			iq_strbuf_printf(&words, "%s%s", i ? " " : "", o->values[i]);
		if (kind == KIND_DCMDS)
			dcmds(&words, "::");
		if (kind == KIND_PID)
			iq_strbuf_adds(&words, "(__fish_complete_pids)");
		if (words.len) {
			iq_strbuf_adds(out, " -a ");
			fish_text(out, words.str);
		}
		iq_strbuf_adds(out, " -d ");
		fish_text(out, o->help);
		iq_strbuf_addc(out, '\n');
	}
}

static void fish(struct iq_strbuf *out)
{
	iq_strbuf_adds(out, "complete -c inquest -f\n");
	for (const struct iq_command *c = iq_commands; c->name; c++) {
		iq_strbuf_printf(out, "complete -c inquest -n __fish_use_subcommand -a %s -d ",
				 c->name);
		fish_text(out, c->summary);
		iq_strbuf_addc(out, '\n');
	}
	fish_options(out, "", iq_global_options);
	fish_options(out, " -n __fish_use_subcommand", iq_debugger.options);
	for (const struct iq_command *c = iq_commands; c->name; c++) {
		char condition[100];

		snprintf(condition, sizeof(condition), " -n '__fish_seen_subcommand_from %s'",
			 c->name);
		fish_options(out, condition, c->options);
		if (strstr(c->words, "PID"))
			iq_strbuf_printf(out, "complete -c inquest%s -a '(__fish_complete_pids)'\n",
					 condition);
	}
}

bool iq_completion(const char *shell, struct iq_strbuf *out)
{
	iq_strbuf_printf(out,
			 "%s# SPDX-License-Identifier: LGPL-2.1-or-later\n"
			 "# Made by inquest --dump-completion=%s\n",
			 strcmp(shell, "zsh") ? "" : "#compdef inquest\n", shell);
	if (!strcmp(shell, "bash"))
		bash(out);
	else if (!strcmp(shell, "zsh"))
		zsh(out);
	else if (!strcmp(shell, "fish"))
		fish(out);
	else
		return false;
	return true;
}
