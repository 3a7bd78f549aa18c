/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "shell/helper.h"

struct iq_error *iq_helper_command(struct iq_shell *sh, const char *command, const char *text,
				   size_t len, struct iq_strbuf *out)
{
	(void)sh, (void)command, (void)text, (void)len, (void)out;
	return iq_error_new(IQ_ERR_UNSUPPORTED, "no shell commands yet");
}
