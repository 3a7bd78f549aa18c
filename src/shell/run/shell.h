/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A shell for those who have one: made, told where its output goes, given text to run
 *
 * Everything here is the caller's to free that says so; what a shell is told by reference (session,
 * helper, source) stays the caller's and has to outlive it. Running text returns no error: what
 * fails has been complained of where complaints go, and false is returned.
 */
#ifndef IQ_SHELL_RUN_SHELL_H
#define IQ_SHELL_RUN_SHELL_H

#include "inquest/dcmd.h"

/* A shell over a session, which stays the caller's; NULL: there is none, and no memory to read. */
struct iq_shell *iq_shell_new(struct iq_session *s);
void iq_shell_free(struct iq_shell *sh);

/* Where what commands print, and complaints, go. */
struct iq_shell_io {
	void (*out)(void *ctx, const char *text, size_t len);
	void (*err)(void *ctx, const char *text, size_t len);
	void *ctx;
	unsigned width;	  /* columns of the screen; 0: it is none */
	bool is_stdout;	  /* out writes to standard output at once */
	bool interactive; /* somebody sits there */
	bool color;	  /* the screen shows bold and colours */
	volatile int
		*interrupted; /* set by ^C, and cleared by the shell when it has obeyed; NULL */
};
void iq_shell_set_io(struct iq_shell *sh, const struct iq_shell_io *io);

/* From here on a command that crashes is an error, and not the end. Tests want the end. */
void iq_shell_survive_faults(struct iq_shell *sh);

/* How modules find what they need of this program; without it none can be loaded. */
void iq_shell_set_symbols(struct iq_shell *sh, void *(*find)(const char *name));

/* What is being looked at, for ::status: "live kernel", or the dump's path. Borrowed. */
void iq_shell_set_source(struct iq_shell *sh, const char *source);

/*
 * Who runs shell commands and reads files (shell/helper.h); it stays the caller's. Without one,
 * neither is possible.
 */
struct iq_helper;
void iq_shell_set_helper(struct iq_shell *sh, struct iq_helper *helper);

/* Be about the process with this id (-p PID): its memory is what ADDR/X and the like read. */
struct iq_error *iq_shell_set_process(struct iq_shell *sh, int32_t pid);

/* Run a line, or several, as typed at the prompt. False: something failed, and was complained of.
 */
bool iq_shell_run_line(struct iq_shell *sh, const char *text);

/* Has somebody typed $q? With which exit status? */
bool iq_shell_quits(const struct iq_shell *sh, int *status_ret);

/* As $q does. */
void iq_shell_quit(struct iq_shell *sh, int status);

/* "Loading modules: [ lock mm fs ]": the rooms that this kernel can be read with. */
void iq_shell_banner(struct iq_shell *sh, struct iq_strbuf *sb);

/*
 * Run text, which may be several lines: what commands print is added to out, complaints, a line
 * each, to err. False: something failed, or was not understood.
 */
bool iq_shell_run_text(struct iq_shell *sh, const char *text, struct iq_strbuf *out,
		       struct iq_strbuf *err);

#endif
