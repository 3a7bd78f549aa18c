/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The helper: a small process that does for the debugger what it may not do itself
 */
#ifndef IQ_SHELL_HELPER_H
#define IQ_SHELL_HELPER_H

#include "inquest/error.h"
#include "inquest/util.h"

struct iq_shell;

/*
 * Run a shell command with `text` as its input (NULL: our own). Its output is added to out; NULL:
 * it goes to standard output.
 */
struct iq_error *iq_helper_command(struct iq_shell *sh, const char *command, const char *text,
				   size_t len, struct iq_strbuf *out);

#endif
