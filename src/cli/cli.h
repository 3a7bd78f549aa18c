/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The command line
 *
 * A command is one row: its name, its options, its manual and its function. What the program's
 * help, the man page and the shells' completions say is made from these rows and from nothing else.
 */
#ifndef IQ_CLI_CLI_H
#define IQ_CLI_CLI_H

#include <jansson.h>

#include "inquest/util.h"
#include "kernel/session.h"

enum iq_exit {
	IQ_EXIT_OK = 0,		/* done; nothing hangs */
	IQ_EXIT_CAUSES = 1,	/* `why`: causes were found */
	IQ_EXIT_USAGE = 2,	/* the command line is off */
	IQ_EXIT_SOURCE = 3,	/* the source could not be read, or a PID does not exist */
	IQ_EXIT_INCOMPLETE = 4, /* done as far as memory could be read */
};

struct iq_cli;
struct iq_words;

struct iq_option {
	int id;		  /* what iq_words_next() says; above 0 */
	char letter;	  /* -x, or 0 */
	const char *name; /* --name, or NULL */
	const char *arg;  /* what its argument is called; NULL: it takes none */
	const char *help; /* NULL: not shown */
	const char *const
		*values; /* the words that the argument can be, NULL-terminated; or NULL */
};

struct iq_command {
	const char *name, *summary;
	const char *words; /* its arguments, as usage shows them: "[PID...]"; "" for none */
	const char *help;  /* paragraphs, separated by empty lines; a line that starts with a blank
			      stays as it is */
	const struct iq_option *options; /* ends with id 0; or NULL */
	const char *const
		*examples; /* pairs of a command line and what it does; NULL at the end; or NULL */
	int (*run)(struct iq_cli *cli, struct iq_words *words);
};

/* All commands, in the order in which help shows them; name NULL at the end. */
extern const struct iq_command iq_commands[];
/* The options that every command takes; id 0 at the end. */
extern const struct iq_option iq_global_options[];

enum iq_when { IQ_WHEN_AUTO, IQ_WHEN_ALWAYS, IQ_WHEN_NEVER };

struct iq_cli {
	const struct iq_command *command;
	const char *dump;  /* -c FILE */
	const char *kcore; /* another file than /proc/kcore */
	bool live;	   /* -k was given */
	bool json, help, version, timings;
	bool man; /* print the manual page's source */
	bool man_debugger;
	const char *completion; /* print the completion of this shell */
	enum iq_when color;
	uint64_t start_ns; /* CLOCK_MONOTONIC */
	struct iq_session *session;
	bool missing; /* the dump was cut off */
	int helper;   /* the socket to the debugger's helper; 0: there is none */
};

/* ---- words.c: reading the command line ---- */

struct iq_words {
	struct iq_cli *cli;
	const struct iq_option *own; /* asked before the global ones; or NULL */
	char **argv;
	int argc, next;
	const char *cluster; /* the rest of "-abc" */
	bool only_words;     /* after "--" */
	const char *value;   /* the option's argument, or the word itself */
};

enum { IQ_WORDS_END = 0, IQ_WORDS_WORD = -1, IQ_WORDS_ERROR = -2 };

/*
 * The next thing of the command line: an option's id with its argument in ->value, a word
 * (IQ_WORDS_WORD), the end, or an error, which has been printed. Global options are
 * taken care of and never seen. Words and options may be mixed.
 */
int iq_words_next(struct iq_words *words);

/* Of the candidates (NULL-terminated) the one most like word, or NULL where none is near. */
const char *iq_nearest(const char *word, const char *const *candidates);

/* A whole number within bounds, or a fraction of seconds as milliseconds. False: it is none. */
bool iq_parse_int(const char *text, int64_t min, int64_t max, int64_t *value_ret);
bool iq_parse_seconds(const char *text, int64_t *ms_ret);

const struct iq_command *iq_command_by_name(const char *name);

/* ---- help.c ---- */

void iq_help_program(struct iq_strbuf *out);
void iq_help_command(struct iq_strbuf *out, const struct iq_command *command);
/* inquest(1), as roff. */
void iq_help_man(struct iq_strbuf *out);

/* ---- completion.c ---- */

/* Completion for "bash", "zsh" or "fish", as a script; false: for no other. */
bool iq_completion(const char *shell, struct iq_strbuf *out);

/* ---- io.c: what the program says ---- */

/* "inquest: ..." on standard error; the status is handed through. */
int iq_complain(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same of an error, which is freed: IQ_EXIT_SOURCE, whatever it was. */
int iq_complain_error(struct iq_error *err);

/* Write all of it; false: nobody reads it any more. */
bool iq_write_all(int fd, const char *text, size_t len);
/* Write all of it to standard output. Whoever stopped reading has what he wanted: that is no error.
 */
int iq_print(const struct iq_strbuf *out, int status);

/* Append {"schema": schema, "rows": [...]}, a row a line: programs stream it, people can read it.
 */
void iq_json_rows(const char *schema, const json_t *rows, struct iq_strbuf *out);

/* Does standard output get colours? How many columns has the terminal; 0: not a terminal. */
bool iq_use_color(const struct iq_cli *cli);
unsigned iq_terminal_width(void);

/* --timings: say on standard error how long it took since the last call. */
void iq_timing(struct iq_cli *cli, const char *what);

/* ---- debugger.c ---- */

/* Not in the list of commands: what -k, -c FILE and -p PID without a command's name start. */
extern const struct iq_command iq_debugger;

/* ---- source.c ---- */

/* Set by ^C. */
extern volatile int iq_interrupted;
/* ... and from now on each ^C counts: a debugger lives longer than one of them. */
void iq_catch_interrupts_again(void);

/*
 * Open what the command line asks for: cli->session. On the live kernel first lock our own memory.
 * Then nothing is left that this process could write, signal or run.
 */
struct iq_error *iq_cli_open(struct iq_cli *cli);

/*
 * Give up all that this process does not need any more (confine.c). helper: a socket that it may
 * still write to, above 0; or 0.
 */
void iq_confine(int helper);

void iq_cli_close(struct iq_cli *cli);

/* The snapshot, with what a table of tasks needs to say about it: IQ_EXIT_OK or IQ_EXIT_INCOMPLETE
 * in *status. */
struct iq_error *iq_cli_tasks(struct iq_cli *cli, const struct iq_task_list **list_ret,
			      int *status);

/* ---- the commands ---- */

int iq_cmd_why(struct iq_cli *cli, struct iq_words *words);
int iq_cmd_ps(struct iq_cli *cli, struct iq_words *words);
int iq_cmd_ptree(struct iq_cli *cli, struct iq_words *words);
int iq_cmd_stack(struct iq_cli *cli, struct iq_words *words);
int iq_cmd_stacks(struct iq_cli *cli, struct iq_words *words);
int iq_cmd_doctor(struct iq_cli *cli, struct iq_words *words);
int iq_cmd_help(struct iq_cli *cli, struct iq_words *words);

extern const struct iq_option iq_why_option_table[], iq_ps_option_table[], iq_stack_option_table[],
	iq_doctor_option_table[], iq_stacks_option_table[], iq_debugger_option_table[];

#endif
