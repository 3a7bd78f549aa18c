/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The log of a session: what was typed and what came of it, kept back until a line is done
 */
#include "shell/helper/helper.h"
#include "shell/run/inside.h"

void iq_shell_log(struct iq_shell *sh, const char *text, size_t len)
{
	if (sh->log_path && !sh->log_paused)
		iq_strbuf_add(&sh->log, text, len);
}

void iq_shell_log_flush(struct iq_shell *sh)
{
	struct iq_error *err;

	if (!sh->log_path || !sh->log.len)
		return;
	err = iq_helper_write_file(sh->helper, sh->log_path, false, sh->log.str, sh->log.len);
	sh->log.len = 0;
	if (!err)
		return;
	free(sh->log_path);
	sh->log_path = NULL;
	iq_shell_complain(sh, "the log ends: %s", iq_error_text(err));
	iq_error_free(err);
}
