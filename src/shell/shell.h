/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The shell: the debugger's language over one session
 */
#ifndef IQ_SHELL_SHELL_H
#define IQ_SHELL_SHELL_H

#include "inquest/dcmd.h"

/*
 * Tables of commands that belong to the language itself and not to a room; each ends with an entry
 * without a name, the list with NULL (builtins.c).
 */
extern const struct iq_dcmd *const iq_builtin_dcmds[];
extern const struct iq_walker *const iq_builtin_walkers[];

/* A shell over a session, which stays the caller's. */
struct iq_shell *iq_shell_new(struct iq_session *s);
void iq_shell_free(struct iq_shell *sh);

/*
 * Run text, which may be several lines: what commands print is added to out, complaints, a line
 * each, to err. False: something failed, or was not understood.
 */
bool iq_shell_run_text(struct iq_shell *sh, const char *text, struct iq_strbuf *out,
		       struct iq_strbuf *err);

#endif
