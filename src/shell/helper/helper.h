/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The helper: a small process that does for the debugger what it may not do itself
 *
 * It is forked before the source is opened, holds nothing of it, and is spoken to over a socket:
 * run this command, read this file, add to that one. Files are opened by children of its own, with
 * a time limit: a home directory that hangs does not hang the debugger.
 */
#ifndef IQ_SHELL_HELPER_HELPER_H
#define IQ_SHELL_HELPER_HELPER_H

#include "inquest/error.h"
#include "inquest/util.h"

struct iq_shell;
struct iq_helper;

/* Start it; NULL: that is not possible here. Freeing it ends it. */
struct iq_helper *iq_helper_start(void);
void iq_helper_free(struct iq_helper *h);
/* The socket to it, above 2: what a confined process still has to write to. */
int iq_helper_fd(const struct iq_helper *h);

/*
 * Run a shell command with `text` as its input (NULL: the terminal's, or none). What it prints is
 * added to out; NULL: it goes to standard output. IQ_ERR_INVALID: the command said that it failed.
 */
struct iq_error *iq_helper_command(struct iq_helper *h, const char *command, const char *text,
				   size_t len, struct iq_strbuf *out);

/* Add a file's content to out. IQ_ERR_NOTFOUND, IQ_ERR_TIMEOUT. */
struct iq_error *iq_helper_read_file(struct iq_helper *h, const char *path, struct iq_strbuf *out);

/* Add text to the end of a file, which is made if need be; truncate: from its start. */
struct iq_error *iq_helper_write_file(struct iq_helper *h, const char *path, bool truncate,
				      const char *text, size_t len);

#endif
