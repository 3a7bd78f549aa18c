/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Housekeeping: variables, radix, options, what is being looked at, the way out
 */
#include <stdio.h>

#include "shell/run/inside.h"

/* ---- variables ---- */

static struct iq_error *cmd_vars(struct iq_cmd *cmd)
{
	bool nonzero = iq_cmd_has(cmd, 'n') || *cmd->dcmd->name == '$';

	for (const struct iq_var *v = cmd->sh->vars; v; v = v->next) {
		if (!v->set || (nonzero && !v->value) || (iq_cmd_has(cmd, 't') && !v->tagged))
			continue;
		if (iq_cmd_has(cmd, 'p'))
			iq_out_text(cmd->out, "0x%" PRIx64 ">%s\n", v->value, v->name);
		else
			iq_out_text(cmd->out, "%s = %" PRIx64 "\n", v->name, v->value);
	}
	return NULL;
}

static struct iq_error *cmd_typeset(struct iq_cmd *cmd)
{
	int tag = 0;

	if (!cmd->argc) {
		return cmd_vars(cmd);
	}
	for (size_t i = 0; i < cmd->argc; i++) {
		const char *word = cmd->argv[i].str;
		struct iq_var *v;

		if (!strcmp(word, "-t") || !strcmp(word, "+t")) {
			tag = *word == '-' ? 1 : -1;
			continue;
		}
		if (*word == '-' || *word == '+')
			return iq_cmd_usage(cmd, "there is no option %s", word);
		v = iq_var_find(cmd->sh, word);
		if (!v || !v->set)
			v = iq_var_set(cmd->sh, word, 0);
		if (tag)
			v->tagged = tag > 0;
	}
	return NULL;
}

static struct iq_error *cmd_unset(struct iq_cmd *cmd)
{
	if (!cmd->argc)
		return iq_cmd_usage(cmd, "which variable?");
	for (size_t i = 0; i < cmd->argc; i++) {
		struct iq_var *v = iq_var_find(cmd->sh, cmd->argv[i].str);

		if (!v || !v->set)
			return iq_error_new(IQ_ERR_NOTFOUND, "there is no variable %.60s",
					    cmd->argv[i].str);
		if (v->fixed)
			return iq_error_new(IQ_ERR_INVALID, "the variable %s cannot be unset",
					    v->name);
		v->set = v->tagged = false;
	}
	return NULL;
}

/* ---- numbers ---- */

static struct iq_error *cmd_radix(struct iq_cmd *cmd)
{
	static const char *const names[] = {
		[2] = "two",	   [3] = "three",    [4] = "four",     [5] = "five",
		[6] = "six",	   [7] = "seven",    [8] = "eight",    [9] = "nine",
		[10] = "ten",	   [11] = "eleven",  [12] = "twelve",  [13] = "thirteen",
		[14] = "fourteen", [15] = "fifteen", [16] = "sixteen",
	};

	if (cmd->has_addr) {
		if (cmd->addr < 2 || cmd->addr > 16)
			return iq_error_new(IQ_ERR_INVALID,
					    "a radix is between 2 and 16 (0t2 and 0t16)");
		cmd->sh->radix = (unsigned)cmd->addr;
	}
	iq_out_text(cmd->out, "radix = %u base %s\n", cmd->sh->radix, names[cmd->sh->radix]);
	return NULL;
}

/* ---- the way out ---- */

static struct iq_error *cmd_quit(struct iq_cmd *cmd)
{
	cmd->sh->quit = true;
	cmd->sh->quit_status = cmd->has_addr ? (int)(cmd->addr & 0xff) : 0;
	return NULL;
}

static struct iq_error *cmd_version(struct iq_cmd *cmd)
{
	iq_out_text(cmd->out, "inquest %s\n", IQ_VERSION);
	return NULL;
}

static struct iq_error *cmd_dismode(struct iq_cmd *cmd)
{
	if (cmd->argc && strcmp(cmd->argv[0].str, "amd64") != 0)
		return iq_error_new(IQ_ERR_INVALID, "there is one way to disassemble: amd64");
	iq_out_text(cmd->out, "disassembly mode is amd64\n");
	return NULL;
}

static struct iq_error *cmd_disasms(struct iq_cmd *cmd)
{
	iq_out_text(cmd->out, "%-24s - AMD64 disassembler, AT&T's spelling\n", "amd64");
	return NULL;
}

static const struct iq_opt vars_opts[] = {
	{ 'n', NULL, "those that are not 0" },
	{ 'p', NULL, "as commands that set them again" },
	{ 't', NULL, "those that are tagged" },
	{ 0 },
};

const struct iq_dcmd iq_house_dcmds[] = {
	{ "vars", "", "show variables", NULL, vars_opts, cmd_vars, 0, IQ_COMPLETE_NONE },
	{ "$v", "", "show variables that are not 0", NULL, NULL, cmd_vars, 0, IQ_COMPLETE_NONE },
	{ "typeset", "[+t|-t] variable...", "make variables, tag and untag them", NULL, NULL,
	  cmd_typeset, IQ_DCMD_RAW_ARGS, IQ_COMPLETE_NONE },
	{ "unset", "variable...", "forget variables", NULL, NULL, cmd_unset, 0, IQ_COMPLETE_NONE },
	{ "$d", "?", "show the default radix, or set it to the address",
	  "The radix is shown in decimal. 0t10$d makes it ten.", NULL, cmd_radix, 0,
	  IQ_COMPLETE_NONE },
	{ "quit", "?", "leave; with an address, with that exit status", NULL, NULL, cmd_quit, 0,
	  IQ_COMPLETE_NONE },
	{ "$q", "?", "leave; with an address, with that exit status", NULL, NULL, cmd_quit, 0,
	  IQ_COMPLETE_NONE },
	{ "disasms", "", "list disassemblers", NULL, NULL, cmd_disasms, 0, IQ_COMPLETE_NONE },
	{ "dismode", "[mode]", "show the disassembler", NULL, NULL, cmd_dismode, 0,
	  IQ_COMPLETE_NONE },
	{ "version", "", "say which version this is", NULL, NULL, cmd_version, 0,
	  IQ_COMPLETE_NONE },
	{ 0 },
};
