/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The shell's own commands, and what those who start the debugger ask of them: options, macros, the
 * manual
 */
#ifndef IQ_SHELL_HOUSE_HOUSE_H
#define IQ_SHELL_HOUSE_HOUSE_H

#include "inquest/dcmd.h"

extern const struct iq_dcmd iq_pipe_dcmds[], iq_help_dcmds[], iq_house_dcmds[], iq_setting_dcmds[],
	iq_file_dcmds[], iq_load_dcmds[];

/* ::set -o: false where there is no such option. */
bool iq_shell_set_option(struct iq_shell *sh, const char *name, bool on);
/* Where $<name looks: folders, a colon between two. */
void iq_shell_set_macro_path(struct iq_shell *sh, const char *path);

/* Run ~/.inquestrc, if there is one. False: something in it failed. */
bool iq_shell_run_rc(struct iq_shell *sh);

/* inquest-debugger(7), as roff. */
void iq_shell_man(struct iq_strbuf *out);

#endif
