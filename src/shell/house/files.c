/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Commands on files, which the helper reads and writes: macros, ::cat, ::log
 *
 * A macro is a file of commands, found along a path. A name that has no file may be one that
 * stands for a command; and one that is neither may be a type, which is then shown at dot.
 */
#include "shell/helper/helper.h"
#include "shell/house/house.h"
#include "shell/run/inside.h"

/* ---- macros ---- */

static const struct macro_alias {
	const char *name, *stands_for;
} macro_aliases[] = {
	{ "bio", ".::print struct bio" },
	{ "cpu", ".::print struct rq" },
	{ "cpus", "::walk cpu | ::cpuinfo -v" },
	{ "cred", ".::print struct cred" },
	{ "dentry", ".::print struct dentry" },
	{ "file", ".::print struct file" },
	{ "files", ".::pfiles" },
	{ "inode", ".::print struct inode" },
	{ "mm", ".::print struct mm_struct" },
	{ "modules", "::modules" },
	{ "mount", "::fsinfo" },
	{ "msgbuf", "::msgbuf" },
	{ "mutex", ".::mutex" },
	{ "page", ".::print struct page" },
	{ "panicbuf", "::panicinfo" },
	{ "pid2proc", ".::pid2proc | ::print struct task_struct" },
	{ "proc", ".::print struct task_struct" },
	{ "request", ".::print struct request" },
	{ "rwlock", ".::rwlock" },
	{ "sema", ".::sema" },
	{ "stack", ".::findstack" },
	{ "thread", ".::print struct task_struct" },
	{ "threadlist", "::threadlist -v" },
	{ "utsname", "init_uts_ns::print struct uts_namespace name" },
	{ "vfs", ".::print struct super_block" },
	{ "vnode", ".::print struct inode" },
};

static struct iq_error *cmd_macro_aliases(struct iq_cmd *cmd)
{
	for (size_t i = 0; i < IQ_ARRAY_SIZE(macro_aliases); i++)
		iq_out_text(cmd->out, "%-16s %s\n", macro_aliases[i].name,
			    macro_aliases[i].stands_for);
	return NULL;
}

/* %-signs in a path: what they stand for; NULL: nothing. */
static const char *token(const struct iq_shell *sh, char letter)
{
	switch (letter) {
	case 'i': /* instruction set */
	case 'm': /* machine */
		return "x86_64";
	case 'p': /* platform */
		return "linux";
	case 't': /* kind of target */
		return sh->context_mm ? "proc" : "kvm";
	case 'V':
		return IQ_VERSION;
	case 'r': /* root */
		return "";
	case 'H':
		return getenv("HOME");
	case '%':
		return "%";
	default:
		return NULL;
	}
}

static const char default_path[] = "%H/.inquest/macros:%r/usr/share/inquest/macros/%m:"
				   "%r/usr/share/inquest/macros";

/* Try name in each folder of the path. */
static struct iq_error *find_macro(struct iq_shell *sh, const char *name, struct iq_strbuf *text)
{
	const char *p = sh->macro_path ? sh->macro_path : default_path;
	struct iq_error *err;

	if (strchr(name, '/'))
		return iq_helper_read_file(sh->helper, name, text);
	while (*p) {
		_cleanup_(iq_strbuf_deinit) struct iq_strbuf path = IQ_STRBUF_INIT;

		for (; *p && *p != ':'; p++) {
			const char *t = *p == '%' && p[1] ? token(sh, *++p) : NULL;

			if (t)
				iq_strbuf_adds(&path, t);
			else
				iq_strbuf_addc(&path, *p);
		}
		p += *p == ':';
		iq_strbuf_printf(&path, "/%s", name);
		err = iq_helper_read_file(sh->helper, iq_strbuf_str(&path), text);
		if (!iq_error_catch(&err, IQ_ERR_NOTFOUND))
			return err;
	}
	return iq_error_new(IQ_ERR_NOTFOUND, "there is no macro %.60s", name);
}

static bool find_macro_alias(const char *name, struct iq_strbuf *text)
{
	for (size_t i = 0; i < IQ_ARRAY_SIZE(macro_aliases); i++)
		if (!strcmp(macro_aliases[i].name, name)) {
			iq_strbuf_adds(text, macro_aliases[i].stands_for);
			return true;
		}
	return false;
}

static struct iq_error *cmd_macro(struct iq_cmd *cmd)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf text = IQ_STRBUF_INIT;
	struct iq_shell *sh = cmd->sh;
	struct iq_error *err, *why;
	struct iq_type type;
	const char *name;

	if (cmd->argc != 1)
		return iq_cmd_usage(cmd, "which macro?");
	name = cmd->argv[0].str;
	iq_var_set(sh, "9", cmd->has_count ? cmd->count : 1);
	err = find_macro(sh, name, &text);
	if (err && (err->code == IQ_ERR_NOTFOUND || err->code == IQ_ERR_UNSUPPORTED)) {
		if (find_macro_alias(name, &text)) {
			iq_error_free(err);
			err = NULL;
		} else if (cmd->s) {
			why = iq_type_by_name(cmd->s, name, &type);
			if (!why) {
				iq_error_free(err);
				err = NULL;
				iq_strbuf_printf(&text, ".::print '%s'", name);
			}
			iq_error_free(why);
		}
	}
	if (err)
		return err;
	err = iq_cmd_eval(cmd, iq_strbuf_str(&text));
	/* The macro takes the place of what would have followed. */
	if (!strcmp(cmd->dcmd->name, "$<"))
		sh->end_text = true;
	return err;
}

/* ---- other files ---- */

static struct iq_error *cmd_cat(struct iq_cmd *cmd)
{
	if (!cmd->argc)
		return iq_cmd_usage(cmd, "which file?");
	for (size_t i = 0; i < cmd->argc; i++) {
		_cleanup_(iq_strbuf_deinit) struct iq_strbuf text = IQ_STRBUF_INIT;
		struct iq_error *err;

		err = iq_helper_read_file(cmd->sh->helper, cmd->argv[i].str, &text);
		if (err)
			return err;
		iq_out_text(cmd->out, "%s", iq_strbuf_str(&text));
	}
	return NULL;
}

static struct iq_error *log_to(struct iq_shell *sh, const char *path)
{
	struct iq_error *err = iq_helper_write_file(sh->helper, path, false, "", 0);

	if (err)
		return err;
	iq_shell_log_flush(sh);
	free(sh->log_path);
	sh->log_path = iq_xstrdup(path);
	sh->log_paused = false;
	return NULL;
}

static struct iq_error *log_end(struct iq_shell *sh)
{
	if (!sh->log_path)
		return iq_error_new(IQ_ERR_INVALID, "there is no log");
	iq_shell_log_flush(sh);
	free(sh->log_path);
	sh->log_path = NULL;
	return NULL;
}

static struct iq_error *cmd_log(struct iq_cmd *cmd)
{
	struct iq_shell *sh = cmd->sh;

	if (iq_cmd_has(cmd, 'd') && iq_cmd_has(cmd, 'e'))
		return iq_cmd_usage(cmd, "-d or -e");
	if (iq_cmd_has(cmd, 'd')) {
		sh->log_paused = true;
		return NULL;
	}
	if (cmd->argc > 1)
		return iq_cmd_usage(cmd, "one file");
	if (cmd->argc)
		return log_to(sh, cmd->argv[0].str);
	if (iq_cmd_has(cmd, 'e')) {
		sh->log_paused = false;
		return sh->log_path ? NULL : iq_cmd_usage(cmd, "to which file?");
	}
	if (sh->log_path)
		iq_out_text(cmd->out, "logging to %s%s\n", sh->log_path,
			    sh->log_paused ? " (paused)" : "");
	else
		iq_out_text(cmd->out, "there is no log\n");
	return NULL;
}

/* $>file, and $> alone to end it. */
static struct iq_error *cmd_log_sign(struct iq_cmd *cmd)
{
	if (cmd->argc > 1)
		return iq_cmd_usage(cmd, "one file");
	return cmd->argc ? log_to(cmd->sh, cmd->argv[0].str) : log_end(cmd->sh);
}

bool iq_shell_run_rc(struct iq_shell *sh)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf path = IQ_STRBUF_INIT, text = IQ_STRBUF_INIT;
	const char *home = getenv("HOME");
	struct iq_error *err;
	struct iq_out out;
	bool ok;

	if (!home || *home != '/' || !sh->helper)
		return true;
	iq_strbuf_printf(&path, "%s/.inquestrc", home);
	err = iq_helper_read_file(sh->helper, iq_strbuf_str(&path), &text);
	if (iq_error_catch(&err, IQ_ERR_NOTFOUND))
		return true;
	if (err) {
		iq_shell_complain_error(sh, err);
		return false;
	}
	iq_out_init(&out, sh, false, sh->out);
	ok = iq_shell_run(sh, iq_strbuf_str(&text), true, &out);
	iq_out_flush(&out);
	iq_out_deinit(&out);
	return ok;
}

static const struct iq_opt log_opts[] = {
	{ 'd', NULL, "pause" },
	{ 'e', NULL, "go on" },
	{ 0 },
};

const struct iq_dcmd iq_file_dcmds[] = {
	{ "$<", "?name", "run a macro, in place of what follows",
	  "Looks for a file of that name along the path (::set -I); then in the list of names that "
	  "stand for commands ($M); and where the name is that of a type, shows it at the "
	  "address.",
	  NULL, cmd_macro, IQ_DCMD_COUNT | IQ_DCMD_RAW_ARGS, IQ_COMPLETE_FILE },
	{ "$<<", "?name", "run a macro, then go on", NULL, NULL, cmd_macro,
	  IQ_DCMD_COUNT | IQ_DCMD_RAW_ARGS, IQ_COMPLETE_FILE },
	{ "$M", "", "list the names that $< knows without a file", NULL, NULL, cmd_macro_aliases, 0,
	  IQ_COMPLETE_NONE },
	{ "cat", "file...", "show files", NULL, NULL, cmd_cat, 0, IQ_COMPLETE_FILE },
	{ "log", "[file]", "keep a log of commands and what they print",
	  "Adds to the file; without one says whether there is a log. $> ends it.", log_opts,
	  cmd_log, 0, IQ_COMPLETE_FILE },
	{ "$>", "[file]", "keep a log, or end it", NULL, NULL, cmd_log_sign, IQ_DCMD_RAW_ARGS,
	  IQ_COMPLETE_FILE },
	{ 0 },
};
