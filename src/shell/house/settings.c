/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the shell looks at, and how it behaves: ::status, ::showrev, ::set and the $-commands of old
 */
#include <stdio.h>

#include "inquest/log.h"
#include "shell/house/house.h"
#include "shell/run/context.h"
#include "shell/run/inside.h"

/* ---- what is looked at ---- */

struct panic {
	char text[200];
	bool found;
};

static bool find_panic(void *ctx, const struct iq_log_line *line)
{
	static const char start[] = "Kernel panic - not syncing: ";
	struct panic *panic = ctx;

	if (strncmp(line->text, start, sizeof(start) - 1) != 0)
		return false;
	snprintf(panic->text, sizeof(panic->text), "%s", line->text + sizeof(start) - 1);
	panic->found = true;
	return true;
}

static const char *uts(struct iq_cmd *cmd, const char *path)
{
	iq_vaddr addr = iq_sym_addr(cmd->s, "init_uts_ns");
	int64_t off = iq_offsetof(cmd->s, "struct uts_namespace", path);
	char text[66];
	struct iq_error *err;

	if (!addr || off < 0)
		return "??";
	err = iq_read_str(cmd->s, addr + (uint64_t)off, text, sizeof(text));
	if (err) {
		iq_error_free(err);
		return "??";
	}
	return iq_arena_strdup(cmd->arena, text);
}

static struct iq_error *cmd_status(struct iq_cmd *cmd)
{
	struct iq_shell *sh = cmd->sh;
	struct panic panic = { 0 };
	const char *host, *release;

	if (!cmd->s) {
		iq_out_text(cmd->out, "debugger has no target\n");
		return NULL;
	}
	host = iq_session_nodename(cmd->s);
	release = iq_session_release(cmd->s);
	if (iq_is_live(cmd->s))
		iq_out_text(cmd->out, "debugging live kernel (64-bit) on %s\n", host);
	else
		iq_out_text(cmd->out, "debugging crash dump %s (64-bit) from %s\n",
			    sh->source ? sh->source : "??", host);
	iq_out_text(cmd->out, "operating system: Linux %s (%s)\n", release,
		    uts(cmd, "name.machine"));
	iq_out_text(cmd->out, "version: %s\n", uts(cmd, "name.version"));
	if (!iq_is_live(cmd->s)) {
		iq_error_free(iq_log_each(cmd->s, find_panic, &panic));
		if (panic.found)
			iq_out_text(cmd->out, "panic message: %s\n", panic.text);
		iq_out_text(cmd->out, "dump content: %s\n",
			    cmd->s->target->missing ? cmd->s->target->missing
						    : "all that the dump was made of");
	}
	if (sh->process)
		iq_out_text(cmd->out, "debugging process %d (%s) without stopping it\n",
			    sh->process,
			    iq_context_task(sh) ? iq_task_cmdline(cmd->s, iq_context_task(sh))
						: "it is gone");
	if (sh->context_task)
		iq_out_text(cmd->out, "context: proc %" PRIx64 "\n", sh->context_task);
	return NULL;
}

static struct iq_error *cmd_showrev(struct iq_cmd *cmd)
{
	if (!cmd->s)
		return iq_error_new(IQ_ERR_INVALID, "there is no target");
	iq_out_text(cmd->out, "Hostname: %s\n", uts(cmd, "name.nodename"));
	iq_out_text(cmd->out, "Release: %s\n", uts(cmd, "name.release"));
	iq_out_text(cmd->out, "Kernel architecture: %s\n", uts(cmd, "name.machine"));
	iq_out_text(cmd->out, "Application architecture: x86_64\n");
	iq_out_text(cmd->out, "Kernel version: %s %s\n", uts(cmd, "name.sysname"),
		    uts(cmd, "name.version"));
	iq_out_text(cmd->out, "Platform: %s\n", uts(cmd, "name.machine"));
	return NULL;
}

/* ---- options ---- */

static const struct option {
	const char *name;
	unsigned bit;
	bool inverted;
} options[] = {
	{ "adb", IQ_OPT_ADB | IQ_OPT_REPEAT_LAST, false },
	{ "ignoreeof", IQ_OPT_IGNORE_EOF, false },
	{ "pager", IQ_OPT_NO_PAGER, true },
	{ "repeatlast", IQ_OPT_REPEAT_LAST, false },
};

bool iq_shell_set_option(struct iq_shell *sh, const char *name, bool on)
{
	if (!strncmp(name, "no", 2)) {
		on = !on;
		name += 2;
	}
	for (size_t i = 0; i < IQ_ARRAY_SIZE(options); i++) {
		if (strcmp(options[i].name, name) != 0)
			continue;
		if (on != options[i].inverted)
			sh->options |= options[i].bit;
		else
			sh->options &= ~options[i].bit;
		return true;
	}
	return false;
}

void iq_shell_set_macro_path(struct iq_shell *sh, const char *path)
{
	free(sh->macro_path);
	sh->macro_path = iq_xstrdup(path);
}

static struct iq_error *show_settings(struct iq_cmd *cmd)
{
	struct iq_shell *sh = cmd->sh;

	iq_out_text(cmd->out, "options:");
	for (size_t i = 0; i < IQ_ARRAY_SIZE(options); i++) {
		bool on = (sh->options & options[i].bit) == options[i].bit;

		iq_out_text(cmd->out, " %s%s", on != options[i].inverted ? "" : "no",
			    options[i].name);
	}
	iq_out_text(cmd->out, "\nprompt: \"%s\"\nmacro path: %s\nradix: %u\nwidth: %u\n",
		    sh->prompt, sh->macro_path ? sh->macro_path : "(default)", sh->radix,
		    sh->width);
	return NULL;
}

static struct iq_error *set_option(struct iq_cmd *cmd, const char *name, bool on)
{
	if (!iq_shell_set_option(cmd->sh, name, on))
		return iq_cmd_usage(cmd,
				    "there is no option %.40s: adb, ignoreeof, pager, "
				    "repeatlast, or no- in front",
				    name);
	return NULL;
}

static struct iq_error *set_one(struct iq_cmd *cmd, char letter, bool on, const struct iq_arg *arg)
{
	struct iq_shell *sh = cmd->sh;
	uint64_t value;
	struct iq_error *err;

	switch (letter) {
	case 'o':
		return set_option(cmd, arg->str, on);
	case 'I':
		iq_shell_set_macro_path(sh, arg->str);
		return NULL;
	case 'P':
		free(sh->prompt);
		sh->prompt = iq_xstrdup(arg->str);
		return NULL;
	case 's':
		err = iq_cmd_number(cmd, arg, &value);
		if (!err)
			sh->symdist = (unsigned)IQ_MIN(value, (uint64_t)UINT32_MAX);
		return err;
	default:
		return iq_cmd_usage(cmd, "there is no option -%c", letter);
	}
}

/* ::set: options begin with - or +. */
static struct iq_error *cmd_set(struct iq_cmd *cmd)
{
	struct iq_error *err = NULL;

	if (!cmd->argc)
		return show_settings(cmd);
	for (size_t i = 0; i < cmd->argc && !err; i++) {
		const char *s = cmd->argv[i].str;
		struct iq_arg arg;

		if ((*s != '-' && *s != '+') || !s[1])
			return iq_cmd_usage(cmd, "%.40s is not an option", s);
		if (s[1] == 'w' && !s[2])
			return iq_error_new(IQ_ERR_INVALID,
					    "there is no writing: inquest only reads");
		if (!strchr("oIPs", s[1]))
			return iq_cmd_usage(cmd, "there is no option %.2s", s);
		if (s[2])
			arg = (struct iq_arg){ .str = s + 2 };
		else if (i + 1 < cmd->argc)
			arg = cmd->argv[++i];
		else
			return iq_cmd_usage(cmd, "option %s needs an argument", s);
		err = set_one(cmd, s[1], *s == '-', &arg);
	}
	return err;
}

/* ---- commands of adb's ---- */

static struct iq_error *cmd_write_mode(struct iq_cmd *cmd)
{
	(void)cmd;
	return iq_error_new(IQ_ERR_INVALID, "there is no writing: inquest only reads");
}

static struct iq_error *cmd_width(struct iq_cmd *cmd)
{
	if (!cmd->has_addr) {
		iq_out_text(cmd->out, "output width = %u\n", cmd->sh->width ? cmd->sh->width : 80);
		return NULL;
	}
	if (cmd->addr < 20 || cmd->addr > 10000)
		return iq_error_new(IQ_ERR_INVALID, "a width is between 0t20 and 0t10000");
	cmd->sh->width = (unsigned)cmd->addr;
	return NULL;
}

static struct iq_error *cmd_prompt(struct iq_cmd *cmd)
{
	free(cmd->sh->prompt);
	cmd->sh->prompt = iq_xstrdup(cmd->argc ? cmd->argv[0].str : "");
	return NULL;
}

static struct iq_error *cmd_symdist(struct iq_cmd *cmd)
{
	if (cmd->has_addr)
		cmd->sh->symdist = (unsigned)IQ_MIN(cmd->addr, (uint64_t)UINT32_MAX);
	iq_out_text(cmd->out, "symbol matching distance = %u%s\n", cmd->sh->symdist,
		    cmd->sh->symdist ? "" : " (the size of the symbol)");
	return NULL;
}

static struct iq_error *cmd_mode(struct iq_cmd *cmd)
{
	if (cmd->has_addr)
		return iq_error_new(IQ_ERR_INVALID, "there is nothing to be switched");
	iq_out_text(cmd->out, "inquest %s; %s\n", IQ_VERSION,
		    cmd->sh->options & IQ_OPT_ADB ? "adb's manner" : "mdb's manner");
	return NULL;
}

/* $e: variables of the kernel that are not zero. */
static bool show_variable(void *ctx, const struct iq_sym *sym)
{
	struct iq_cmd *cmd = ctx;
	uint64_t value = 0;
	size_t size = sym->size && sym->size < 8 ? sym->size : 8;

	if (!strchr("dDbB", sym->kind) || !iq_peek(cmd->s, sym->addr, &value, size) || !value)
		return iq_cmd_stop(cmd);
	iq_out_text(cmd->out, "%s%s%s:%*s%" PRIx64 "\n", sym->module ? sym->module : "",
		    sym->module ? "`" : "", sym->name,
		    (int)IQ_MAX((size_t)1, 31 - IQ_MIN(strlen(sym->name), (size_t)30)), "", value);
	return iq_cmd_stop(cmd);
}

static struct iq_error *cmd_externals(struct iq_cmd *cmd)
{
	if (!cmd->s)
		return iq_error_new(IQ_ERR_INVALID, "there is no target");
	iq_sym_foreach(cmd->s, show_variable, cmd);
	return NULL;
}

const struct iq_dcmd iq_setting_dcmds[] = {
	{ "status", "", "say what is being looked at", NULL, NULL, cmd_status, 0,
	  IQ_COMPLETE_NONE },
	{ "$?", "", "say what is being looked at", NULL, NULL, cmd_status, 0, IQ_COMPLETE_NONE },
	{ "showrev", "", "show names and versions of the kernel", NULL, NULL, cmd_showrev, 0,
	  IQ_COMPLETE_NONE },
	{ "set", "[+/-o option] [-I path] [-P prompt] [-s distance]", "show or change settings",
	  "Options: adb and repeatlast (an empty line repeats the last command), ignoreeof, pager; "
	  "with no in front, or +o, the opposite.",
	  NULL, cmd_set, IQ_DCMD_RAW_ARGS, IQ_COMPLETE_NONE },
	{ "$W", "", "be told that inquest does not write", NULL, NULL, cmd_write_mode, 0,
	  IQ_COMPLETE_NONE },
	{ "$w", "?", "show or set the width of the output", NULL, NULL, cmd_width, 0,
	  IQ_COMPLETE_NONE },
	{ "$P", "[prompt]", "set the prompt", NULL, NULL, cmd_prompt, 0, IQ_COMPLETE_NONE },
	{ "$s", "?", "show or set how far from a symbol an address may be", NULL, NULL, cmd_symdist,
	  0, IQ_COMPLETE_NONE },
	{ "$V", "?", "show version and manner", NULL, NULL, cmd_mode, 0, IQ_COMPLETE_NONE },
	{ "$D", "?", "show version and manner", NULL, NULL, cmd_mode, 0, IQ_COMPLETE_NONE },
	{ "$e", "", "show the kernel's variables that are not 0", NULL, NULL, cmd_externals, 0,
	  IQ_COMPLETE_NONE },
	{ 0 },
};
