/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The commands that pipelines are made of: ::walk, ::grep, ::map, ::head, ::eval, ::echo
 */
#include "shell/run/inside.h"

/* ---- ::walk ---- */

struct walk_to {
	struct iq_cmd *cmd;
	const char *var;
	uint64_t num;
};

static bool emit(struct iq_walk *walk, iq_vaddr addr)
{
	struct walk_to *to = walk->ctx;

	if (to->var)
		iq_cmd_set_var(to->cmd, to->var, addr);
	iq_out_value(to->cmd->out, addr);
	to->num++;
	return iq_cmd_stop(to->cmd);
}

static struct iq_error *cmd_walk(struct iq_cmd *cmd)
{
	struct walk_to to = { .cmd = cmd };
	struct iq_walk walk = { .s = cmd->s, .emit = emit, .ctx = &to };
	const struct iq_walker *w;
	struct iq_walker_at at;
	struct iq_error *err;
	struct iq_type type;
	const char *lacks;

	if (cmd->argc < 1 || cmd->argc > 2)
		return iq_cmd_usage(cmd, "which walk?");
	if (!iq_walker_find(cmd->sh->rooms, cmd->argv[0].str, &at))
		return iq_error_new(IQ_ERR_NOTFOUND, "there is no walker %.60s; see ::walkers",
				    cmd->argv[0].str);
	w = at.walker;
	lacks = at.module ? iq_module_lacks(cmd->s, at.module) : NULL;
	if (lacks)
		return iq_error_new(IQ_ERR_UNSUPPORTED, "%s: this kernel has no %s", w->name,
				    lacks);
	if (w->takes == IQ_WALK_LOCAL && !cmd->has_addr)
		return iq_cmd_usage(cmd, "the walker %s needs an address", w->name);
	if (w->takes == IQ_WALK_GLOBAL && cmd->has_addr)
		return iq_cmd_usage(cmd, "the walker %s does not take an address", w->name);
	if (cmd->argc == 2)
		to.var = cmd->argv[1].str;
	if (w->yields && cmd->s) {
		err = iq_type_by_name(cmd->s, w->yields, &type);
		if (err)
			iq_error_free(err);
		else
			iq_out_type(cmd->out, type);
	}
	walk.has_addr = cmd->has_addr;
	walk.addr = cmd->has_addr ? cmd->addr : 0;
	walk.arena = iq_arena_new();
	err = w->run(&walk);
	iq_arena_free(walk.arena);
	if (iq_cmd_stop(cmd)) {
		iq_error_free(err);
		return iq_error_new(IQ_ERR_TIMEOUT, "interrupted");
	}
	/* What was found before a list broke off is worth having. */
	if (err && to.num) {
		iq_shell_complain_error(cmd->sh,
					iq_error_prefix(err, "::walk %s: it breaks off", w->name));
		return NULL;
	}
	return iq_error_prefix(err, "%s", w->name);
}

/* ---- ::grep, ::map, ::head ---- */

/* All words as one expression. */
static struct iq_error *words_value(struct iq_cmd *cmd, uint64_t *value_ret)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;

	if (!cmd->argc)
		return iq_cmd_usage(cmd, "an expression is missing");
	for (size_t i = 0; i < cmd->argc; i++)
		iq_strbuf_printf(&sb, "%s%s", i ? " " : "", cmd->argv[i].str);
	return iq_shell_value(cmd->sh, iq_strbuf_str(&sb), value_ret);
}

static struct iq_error *cmd_grep(struct iq_cmd *cmd)
{
	struct iq_error *err;
	uint64_t value;

	iq_out_type(cmd->out, cmd->type);
	err = words_value(cmd, &value);
	if (!err && value)
		iq_out_value(cmd->out, cmd->addr);
	return err;
}

static struct iq_error *cmd_map(struct iq_cmd *cmd)
{
	struct iq_error *err;
	uint64_t value;

	err = words_value(cmd, &value);
	if (!err)
		iq_out_value(cmd->out, value);
	return err;
}

static struct iq_error *head_count(struct iq_cmd *cmd, uint64_t *num_ret)
{
	struct iq_arg arg;

	*num_ret = 10;
	if (!cmd->argc)
		return NULL;
	arg = cmd->argv[0];
	if (arg.is_value && cmd->argc == 1) {
		*num_ret = arg.value;
		return NULL;
	}
	if (!strcmp(arg.str, "-n") && cmd->argc == 2)
		return iq_cmd_count(cmd, &cmd->argv[1], num_ret);
	if (*arg.str == '-' && cmd->argc == 1 && strcmp(arg.str, "-n") != 0) {
		arg.str += !strncmp(arg.str, "-n", 2) ? 2 : 1;
		return iq_cmd_count(cmd, &arg, num_ret);
	}
	return iq_cmd_usage(cmd, "-n N, or -N");
}

static struct iq_error *cmd_head(struct iq_cmd *cmd)
{
	struct iq_error *err;
	uint64_t num;

	err = head_count(cmd, &num);
	if (err)
		return err;
	iq_out_type(cmd->out, cmd->type);
	if (!cmd->pipe && cmd->has_addr && num)
		iq_out_value(cmd->out, cmd->addr);
	for (size_t i = 0; i < cmd->num_pipe && i < num; i++)
		iq_out_pass(cmd->out, &cmd->sh->piped[i]);
	return NULL;
}

static struct iq_error *cmd_eval(struct iq_cmd *cmd)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;

	if (!cmd->argc)
		return iq_cmd_usage(cmd, "there is nothing to run");
	for (size_t i = 0; i < cmd->argc; i++)
		iq_strbuf_printf(&sb, "%s%s", i ? " " : "", cmd->argv[i].str);
	return iq_cmd_eval(cmd, iq_strbuf_str(&sb));
}

static struct iq_error *cmd_echo(struct iq_cmd *cmd)
{
	for (size_t i = 0; i < cmd->argc; i++)
		iq_out_text(cmd->out, "%s%s", i ? " " : "", cmd->argv[i].str);
	iq_out_text(cmd->out, "\n");
	return NULL;
}

const struct iq_dcmd iq_pipe_dcmds[] = {
	{ "walk", "?name [variable]", "give the addresses that a walker finds",
	  "Each address goes to the next command of the pipeline, or is printed. The variable "
	  "holds "
	  "the address while the rest of the pipeline works on what comes of it:\n\n"
	  "  ::walk task t | ::print struct task_struct mm | ::grep '.!=0' | ::map <t\n\n"
	  "What there is to be walked, and from which address, says ::walkers.",
	  NULL, cmd_walk, 0, IQ_COMPLETE_WALKER },
	{ "grep", "?expression", "hand on the addresses for which an expression is not 0",
	  "The expression sees the address as dot. Quote it where it holds signs that end a "
	  "command's "
	  "words: ::grep '.!=0'.",
	  NULL, cmd_grep, IQ_DCMD_RAW_ARGS, IQ_COMPLETE_NONE },
	{ "map", "?expression", "hand on what an expression is worth at each address",
	  "The expression sees the address as dot.", NULL, cmd_map, IQ_DCMD_RAW_ARGS,
	  IQ_COMPLETE_NONE },
	{ "head", "?[-n num | -num]", "hand on the first addresses of a pipe, ten or so many",
	  "The number is decimal.", NULL, cmd_head, IQ_DCMD_WHOLE_PIPE | IQ_DCMD_RAW_ARGS,
	  IQ_COMPLETE_NONE },
	{ "eval", "?commands", "run commands given as text",
	  "The text is one or more statements; quote it. An address alone in it only sets dot.",
	  NULL, cmd_eval, IQ_DCMD_RAW_ARGS, IQ_COMPLETE_NONE },
	{ "echo", "?[word...]", "print words", NULL, NULL, cmd_echo, IQ_DCMD_RAW_ARGS,
	  IQ_COMPLETE_NONE },
	{ 0 },
};
