/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The debugger: `inquest -k`, `-c FILE`, `-p PID` without a command's name
 *
 * Speaks mdb's language (src/shell) over a kernel. On a terminal it has a prompt; on a pipe
 * standard output carries nothing but what the commands print.
 */
#include <dlfcn.h>
#include <errno.h>
#include <unistd.h>

#include "cli/cli.h"
#include "shell/helper/helper.h"
#include "shell/shell.h"

enum { OPT_PID = 900, OPT_EVAL, OPT_NO_RC, OPT_SET, OPT_PATH, OPT_WRITE };

const struct iq_option iq_debugger_option_table[] = {
	{ OPT_PID, 'p', NULL, "PID", "look at this process, without stopping it" },
	{ OPT_EVAL, 'e', NULL, "COMMANDS", "run these commands and end: 0, or 1 if one failed" },
	{ OPT_NO_RC, 'S', NULL, NULL, "do not run the commands in ~/.inquestrc" },
	{ OPT_SET, 'o', NULL, "OPTION",
	  "set an option, as ::set -o does; or nohelper: no shell commands, no files" },
	{ OPT_PATH, 'I', NULL, "PATH", "where $<name looks for macro files" },
	{ OPT_WRITE, 'w', NULL, NULL, NULL },
	{ 0 },
};

struct options {
	const char *pid, *eval;
	bool no_rc, no_helper;
	IQ_VEC(const char *) set; /* -o */
	const char *path;
};

static void to_stdout(void *ctx, const char *text, size_t len)
{
	if (iq_write_all(STDOUT_FILENO, text, len))
		return;
	/* Whoever stopped reading has what he wanted. */
	if (errno != EPIPE)
		iq_complain(0, "standard output: %s", strerror(errno));
	iq_interrupted = 1;
	iq_shell_quit(ctx, errno == EPIPE ? IQ_EXIT_OK : IQ_EXIT_SOURCE);
}

static void to_stderr(void *ctx, const char *text, size_t len)
{
	(void)ctx;
	iq_write_all(STDERR_FILENO, text, len);
}

#ifndef IQ_STATIC
static void *find_symbol(const char *name)
{
	return dlsym(RTLD_DEFAULT, name);
}
#endif

static int read_options(struct iq_words *words, struct options *o)
{
	int id;

	while ((id = iq_words_next(words)) != IQ_WORDS_END) {
		switch (id) {
		case OPT_PID:
			o->pid = words->value;
			break;
		case OPT_EVAL:
			o->eval = words->value;
			break;
		case OPT_NO_RC:
			o->no_rc = true;
			break;
		case OPT_SET:
			if (!strcmp(words->value, "nohelper"))
				o->no_helper = true;
			else
				iq_vec_push(&o->set, words->value);
			break;
		case OPT_PATH:
			o->path = words->value;
			break;
		case OPT_WRITE:
			return iq_complain(IQ_EXIT_USAGE, "inquest reads: there is no -w");
		default:
			return IQ_EXIT_USAGE;
		}
	}
	return IQ_EXIT_OK;
}

static int run(struct iq_cli *cli, struct iq_shell *sh, const struct options *o)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf banner = IQ_STRBUF_INIT;
	int status = 0;

	iq_shell_set_io(sh, &(struct iq_shell_io){
				    .out = to_stdout,
				    .err = to_stderr,
				    .ctx = sh,
				    .width = iq_terminal_width(),
				    .is_stdout = true,
				    .interactive = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO),
				    .color = iq_use_color(cli),
				    .interrupted = &iq_interrupted,
			    });
	iq_shell_set_source(sh, cli->dump ? cli->dump : "live kernel");
	iq_vec_foreach(&o->set, name)
		if (!iq_shell_set_option(sh, *name, true))
			return iq_complain(IQ_EXIT_USAGE, "there is no option -o %s", *name);
	if (o->path)
		iq_shell_set_macro_path(sh, o->path);
	if (!o->no_rc)
		iq_shell_run_rc(sh);
	if (o->eval) {
		bool ok = iq_shell_run_line(sh, o->eval);

		return iq_shell_quits(sh, &status) ? status : !ok;
	}
	iq_shell_banner(sh, &banner);
	to_stderr(NULL, iq_strbuf_str(&banner), banner.len);
	return iq_shell_loop(sh);
}

static int cmd_debugger(struct iq_cli *cli, struct iq_words *words)
{
	struct options o = { 0 };
	struct iq_helper *helper;
	struct iq_shell *sh;
	struct iq_error *err;
	int64_t pid = 0;
	int status = read_options(words, &o);

	if (status)
		return status;
	if (cli->json)
		return iq_complain(IQ_EXIT_USAGE, "--json is for commands, not for the debugger");
	if (o.pid && !iq_parse_int(o.pid, 1, INT32_MAX, &pid))
		return iq_complain(IQ_EXIT_USAGE, "-p: %s is not a process id", o.pid);
	if (!cli->live && !cli->dump && !o.pid)
		return iq_complain(IQ_EXIT_USAGE, "the debugger needs -k, -c FILE or -p PID");
	if (!o.eval)
		iq_shell_prepare_terminal();
	/* Before anything of the target is there that it could inherit. */
	helper = o.no_helper ? NULL : iq_helper_start();
	cli->helper = iq_helper_fd(helper);
	err = iq_cli_open(cli);
	if (err) {
		iq_helper_free(helper);
		return iq_complain_error(err);
	}
	iq_catch_interrupts_again();
	sh = iq_shell_new(cli->session);
	iq_shell_set_helper(sh, helper);
#ifndef IQ_STATIC
	iq_shell_set_symbols(sh, find_symbol);
#endif
	iq_shell_survive_faults(sh);
	err = pid ? iq_shell_set_process(sh, (int32_t)pid) : NULL;
	status = err ? iq_complain_error(err) : run(cli, sh, &o);
	iq_shell_free(sh);
	iq_helper_free(helper);
	iq_vec_free(&o.set);
	return status;
}

const struct iq_command iq_debugger = {
	"debugger",
	"debug a kernel or a process, in mdb's language",
	"",
	NULL,
	iq_debugger_option_table,
	NULL,
	cmd_debugger,
};
