/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A person at a terminal: lines that are edited, completion and the pager
 *
 * None of these returns an error: what does not work (a history that cannot be read, an unknown
 * terminal) is done without.
 */
#ifndef IQ_SHELL_TERMINAL_TERMINAL_H
#define IQ_SHELL_TERMINAL_TERMINAL_H

#include "inquest/util.h"

struct iq_shell;
struct iq_sink;

/* ---- edit.c ---- */

/*
 * Where standard input and output are a terminal, find out what it can do: before the source is
 * opened, as that takes files.
 */
void iq_shell_prepare_terminal(void);

/*
 * Read lines from standard input and run them, until it ends or somebody types $q; with a prompt
 * where that is a terminal. The exit status.
 */
int iq_shell_loop(struct iq_shell *sh);

/* ---- complete.c ---- */

struct iq_candidates {
	IQ_VEC(char *) list; /* sorted, each once */
	size_t start;	     /* where in the line the word begins that they stand for */
	bool more;	     /* there were too many */
};

/* What could stand at the end of text. */
void iq_complete(struct iq_shell *sh, const char *text, struct iq_candidates *c);
void iq_candidates_deinit(struct iq_candidates *c);
/* How many bytes all of them begin with. */
size_t iq_candidates_common(const struct iq_candidates *c);

/* ---- pager.c ---- */

/*
 * Let what is written stop when the screen is full, and ask: sits between the shell and its sink.
 * begin: before each line that is run.
 */
void iq_pager_install(struct iq_shell *sh);
void iq_pager_begin(struct iq_shell *sh, unsigned rows);
void iq_pager_remove(struct iq_shell *sh);

#endif
