/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The shell as a whole
 */
#include "shell/inside.h"

struct iq_shell *iq_shell_new(struct iq_session *s)
{
	struct iq_shell *sh = iq_xcalloc(1, sizeof(*sh));

	sh->s = s;
	sh->radix = 16;
	sh->prompt = iq_xstrdup("> ");
	iq_vars_init(sh);
	return sh;
}

void iq_shell_free(struct iq_shell *sh)
{
	if (!sh)
		return;
	iq_vars_free(sh);
	free(sh->last_text);
	free(sh->prompt);
	free(sh->macro_path);
	free(sh);
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
