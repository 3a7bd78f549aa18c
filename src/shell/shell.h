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

/* ::set -o: false where there is no such option. */
bool iq_shell_set_option(struct iq_shell *sh, const char *name, bool on);
/* Where $<name looks: folders, a colon between two. */
void iq_shell_set_macro_path(struct iq_shell *sh, const char *path);

/* Be about the process with this id (-p PID): its memory is what ADDR/X and the like read. */
struct iq_error *iq_shell_set_process(struct iq_shell *sh, int32_t pid);

/* Run ~/.inquestrc, if there is one. False: something in it failed. */
bool iq_shell_run_rc(struct iq_shell *sh);

/* Run a line, or several, as typed at the prompt. False: something failed, and was complained of.
 */
bool iq_shell_run_line(struct iq_shell *sh, const char *text);

/* Has somebody typed $q? With which exit status? */
bool iq_shell_quits(const struct iq_shell *sh, int *status_ret);

/*
 * Where standard input and output are a terminal, find out what it can do: before the source is
 * opened, as that takes files.
 */
void iq_shell_prepare_terminal(void);

/* As $q does. */
void iq_shell_quit(struct iq_shell *sh, int status);

/*
 * Read lines from standard input and run them, until it ends or somebody types $q; with a prompt
 * where that is a terminal. The exit status.
 */
int iq_shell_loop(struct iq_shell *sh);

/* "Loading modules: [ lock mm fs ]": the rooms that this kernel can be read with. */
void iq_shell_banner(struct iq_shell *sh, struct iq_strbuf *sb);

/* inquest-debugger(7), as roff. */
void iq_shell_man(struct iq_strbuf *out);

/*
 * Run text, which may be several lines: what commands print is added to out, complaints, a line
 * each, to err. False: something failed, or was not understood.
 */
bool iq_shell_run_text(struct iq_shell *sh, const char *text, struct iq_strbuf *out,
		       struct iq_strbuf *err);

#endif
