/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The shell as a whole
 */
#include "shell/run/context.h"
#include "shell/run/inside.h"

struct iq_shell *iq_shell_new(struct iq_session *s)
{
	struct iq_shell *sh = iq_xcalloc(1, sizeof(*sh));

	sh->s = s;
	if (!s)
		iq_rooms_init(&sh->own_rooms, iq_all_rooms);
	sh->rooms = s ? &s->rooms : &sh->own_rooms;
	sh->radix = 16;
	sh->prompt = iq_xstrdup("> ");
	iq_vars_init(sh);
	return sh;
}

void iq_shell_free(struct iq_shell *sh)
{
	if (!sh)
		return;
	iq_context_forget(sh);
	free(sh->last_text);
	free(sh->prompt);
	iq_shell_log_flush(sh);
	iq_vars_free(sh);
	free(sh->log_path);
	iq_strbuf_deinit(&sh->log);
	free(sh->macro_path);
	iq_rooms_deinit(&sh->own_rooms);
	free(sh);
}

void iq_shell_set_io(struct iq_shell *sh, const struct iq_shell_io *io)
{
	sh->out = (struct iq_sink){ io->out, io->ctx };
	sh->err = (struct iq_sink){ io->err, io->ctx };
	sh->width = io->width;
	sh->out_is_stdout = io->is_stdout;
	sh->interactive = io->interactive;
	sh->color = io->color;
	sh->interrupted = io->interrupted;
}

void iq_shell_survive_faults(struct iq_shell *sh)
{
	sh->guarded = true;
}

void iq_shell_set_symbols(struct iq_shell *sh, void *(*find)(const char *name))
{
	sh->find_symbol = find;
}

void iq_shell_set_source(struct iq_shell *sh, const char *source)
{
	sh->source = source;
}

void iq_shell_set_helper(struct iq_shell *sh, struct iq_helper *helper)
{
	sh->helper = helper;
}

void iq_shell_quit(struct iq_shell *sh, int status)
{
	sh->quit = true;
	sh->quit_status = status;
}

bool iq_shell_quits(const struct iq_shell *sh, int *status_ret)
{
	if (sh->quit && status_ret)
		*status_ret = sh->quit_status;
	return sh->quit;
}

bool iq_shell_run_line(struct iq_shell *sh, const char *text)
{
	struct iq_out out;
	bool ok;

	if (sh->log_path) {
		iq_shell_log(sh, sh->prompt, strlen(sh->prompt));
		iq_shell_log(sh, text, strlen(text));
		iq_shell_log(sh, "\n", 1);
	}
	iq_out_init(&out, sh, false, sh->out);
	ok = iq_shell_run(sh, text, false, &out);
	iq_out_flush(&out);
	iq_out_deinit(&out);
	iq_shell_log_flush(sh);
	return ok;
}

void iq_shell_banner(struct iq_shell *sh, struct iq_strbuf *sb)
{
	iq_strbuf_adds(sb, "Loading modules: [");
	iq_vec_foreach(&sh->rooms->list, m)
		if (!iq_module_lacks(sh->s, *m))
			iq_strbuf_printf(sb, " %s", (*m)->name);
	iq_strbuf_adds(sb, " ]\n");
}

bool iq_shell_run_text(struct iq_shell *sh, const char *text, struct iq_strbuf *out,
		       struct iq_strbuf *err)
{
	struct iq_sink out_before = sh->out, err_before = sh->err;
	bool stdout_before = sh->out_is_stdout, ok;
	struct iq_out o;

	sh->out = iq_sink_strbuf(out);
	sh->err = iq_sink_strbuf(err);
	sh->out_is_stdout = false;
	iq_out_init(&o, sh, false, sh->out);
	ok = iq_shell_run(sh, text, false, &o);
	iq_out_flush(&o);
	iq_out_deinit(&o);
	sh->out = out_before;
	sh->err = err_before;
	sh->out_is_stdout = stdout_before;
	return ok;
}
