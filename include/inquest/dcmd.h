/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The debugger's commands ("dcmds") and walkers
 *
 * A room offers both in tables. The table row is all there is about a command: the shell reads its
 * options by it, refuses wrong usage by it, and help, completion and the manual page are made of
 * it. A command gets a struct iq_cmd, puts what it found into cmd->out, and returns an error
 * where it could not do what it was asked for. It never prints, and never keeps what it was
 * given.
 *
 *	static const struct iq_opt mutex_opts[] = {
 *		{ 'f', NULL, "believe an implausible owner" },
 *		{ 0 },
 *	};
 *	{ "mutex", ":", "say who holds a mutex", NULL, mutex_opts, cmd_mutex },
 */
#ifndef INQUEST_DCMD_H
#define INQUEST_DCMD_H

#include "inquest/out.h"
#include "inquest/session.h"
#include "inquest/type.h"
#include "inquest/util.h"

struct iq_shell;
struct iq_out;
struct iq_task;

/* ---- what a command is given ---- */

/* A word after the command's name. */
struct iq_arg {
	const char *str; /* as typed, without its quotes; of $[ ] the value in hexadecimal */
	bool quoted;	 /* was in quotes */
	bool is_value;	 /* came from $[ ] */
	uint64_t value;	 /* then its value */
};

struct iq_cmd {
	struct iq_session *s;
	struct iq_shell *sh;
	const struct iq_dcmd *dcmd;
	struct iq_arena *arena; /* lives until the statement has ended */
	struct iq_out *out;

	iq_vaddr addr;	/* dot */
	bool has_addr;	/* it was given: before the name, by a pipe, or by a repeat count */
	uint64_t count; /* of "addr,count"; 1. Only commands with IQ_DCMD_COUNT see another */
	bool has_count;
	bool loop;     /* this is one of several runs, on a pipe's or a count's addresses */
	bool first;    /* of these the first, or the only one: time for a header */
	bool to_pipe;  /* the output goes to another command: give values, by iq_out_value() */
	bool has_pipe; /* addr came out of a pipe */
	/* What addr points to, where the pipe says so ("struct task_struct"); btf NULL where not.
	 */
	struct iq_type type;
	/* IQ_DCMD_WHOLE_PIPE: all that the pipe holds, in one run. */
	const uint64_t *pipe;
	size_t num_pipe;

	size_t argc; /* the words that are no options */
	const struct iq_arg *argv;
	const struct iq_cmd_opts *opts; /* iq_cmd_has(), iq_cmd_opt() */
};

/* Was the option given? */
bool iq_cmd_has(const struct iq_cmd *cmd, char letter);
/* The argument of an option, the last one given; NULL: not given. */
const struct iq_arg *iq_cmd_opt(const struct iq_cmd *cmd, char letter);
/* The i-th argument of an option given several times; NULL: there are not so many. */
const struct iq_arg *iq_cmd_opt_at(const struct iq_cmd *cmd, char letter, size_t i);

/*
 * An argument as a number: an expression of the debugger's, in its radix, with symbols; of a plain
 * decimal count (how many lines, how deep) iq_cmd_count().
 */
struct iq_error *iq_cmd_number(struct iq_cmd *cmd, const struct iq_arg *arg, uint64_t *value_ret);
struct iq_error *iq_cmd_count(struct iq_cmd *cmd, const struct iq_arg *arg, uint64_t *value_ret);

/* "Wrong usage": the shell adds how it is right. */
struct iq_error *iq_cmd_usage(struct iq_cmd *cmd, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Has the user had enough (^C)? To be asked in every long loop. */
bool iq_cmd_stop(struct iq_cmd *cmd);

/*
 * Read memory of the present context: the kernel's, or the user memory of the process that
 * ::context chose. IQ_ERR_FAULT. iq_read() and its like always read the kernel.
 */
struct iq_error *iq_cmd_read(struct iq_cmd *cmd, iq_vaddr addr, void *buf, size_t len);

/* Run a line of the debugger's language, its output going where this command's goes. */
struct iq_error *iq_cmd_eval(struct iq_cmd *cmd, const char *text);

/* Set a variable ("<name"). */
void iq_cmd_set_var(struct iq_cmd *cmd, const char *name, uint64_t value);

/* ---- where a command puts what it found ---- */

/* Text as it is: lines end with '\n', written by the command. */
void iq_out_text(struct iq_out *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * A value for the next command, or, where there is none, a line with it in hexadecimal. What kind
 * of thing the values point to says iq_out_type(), once.
 */
void iq_out_value(struct iq_out *out, uint64_t value);
void iq_out_type(struct iq_out *out, struct iq_type type);
/* The same by the type's name; nothing where this kernel does not have it, or nobody reads on. */
void iq_out_type_named(struct iq_cmd *cmd, const char *name);

/*
 * Rows of a table whose columns are as wide as they say (min; at least the header): cells as in
 * inquest/out.h. The header is written with the first row of a command's first run. Addresses are
 * hexadecimal without 0x, as the debugger reads them; columns of addresses need .min = 16.
 */
void iq_out_row(struct iq_cmd *cmd, const struct iq_column *columns, const struct iq_cell *cells);

/* Columns of the screen; 0: the output is not a terminal's. */
unsigned iq_out_width(const struct iq_out *out);

/* ---- a command ---- */

struct iq_opt {
	char letter;
	const char *arg; /* what its argument is called; NULL: it takes none */
	const char *help;
};

enum {
	IQ_DCMD_COUNT = 1,	/* the command itself makes something of a count (::dump) */
	IQ_DCMD_WHOLE_PIPE = 2, /* run once with all that the pipe holds */
	IQ_DCMD_RAW_ARGS = 4,	/* options are not taken off: all words are in argv */
};

/* What words can stand after the name: for completion. */
enum iq_complete {
	IQ_COMPLETE_NONE,
	IQ_COMPLETE_TYPE, /* a type, then its members */
	IQ_COMPLETE_SYMBOL,
	IQ_COMPLETE_DCMD,
	IQ_COMPLETE_WALKER,
	IQ_COMPLETE_MODULE,
	IQ_COMPLETE_FILE,
};

struct iq_dcmd {
	const char *name;
	/*
	 * ":" an address has to be given, "?" it may be, "" it must not; then the words after the
	 * name as usage shows them, without the options, which come from opts: ":[comm]".
	 */
	const char *usage;
	const char *summary; /* one line, a verb first, no dot at the end */
	const char *help; /* paragraphs, separated by empty lines; a line that starts with a blank
			     stays as it is; NULL */
	const struct iq_opt *opts; /* ends with letter 0; NULL */
	struct iq_error *(*run)(struct iq_cmd *cmd);
	unsigned flags;
	enum iq_complete completes;
};

/* ---- a walker ---- */

enum iq_walk_addr { IQ_WALK_GLOBAL, IQ_WALK_OPTIONAL, IQ_WALK_LOCAL };

struct iq_walk {
	struct iq_session *s;
	struct iq_arena *arena; /* lives as long as the walk */
	iq_vaddr addr;		/* where to begin; 0 where none was given */
	bool has_addr;
	/* The shell's: give one address. True: stop, and return NULL. */
	bool (*emit)(struct iq_walk *walk, iq_vaddr addr);
	void *ctx;
};

static inline bool iq_walk_emit(struct iq_walk *walk, iq_vaddr addr)
{
	return walk->emit(walk, addr);
}

struct iq_walker {
	const char *name;
	const char *summary;
	enum iq_walk_addr takes; /* GLOBAL: no address; LOCAL: needs one */
	const char *yields;	 /* what the addresses point to: "struct task_struct"; NULL */
	/* Emit every address, bounded; an error ends the walk, what was emitted stays. */
	struct iq_error *(*run)(struct iq_walk *walk);
};

/* Find a walker by its name and run it: for commands that are built on one. */
struct iq_error *iq_walk_run(struct iq_session *s, const char *name, const iq_vaddr *addr,
			     bool (*emit)(struct iq_walk *walk, iq_vaddr addr), void *ctx);

/* ---- what else a room tells the debugger ---- */

/*
 * What an address is ("task_struct of 312 (ps)", "in slab object of dentry"): adds one or more
 * lines' text to `text`, without a newline, and says true; false where it does not know it.
 */
struct iq_whatis {
	const char *name;
	bool (*identify)(struct iq_session *s, iq_vaddr addr, bool verbose, struct iq_strbuf *text);
};

/* The types of global variables, which BTF does not have: `jiffies` is an "unsigned long". */
struct iq_global {
	const char *symbol, *type;
};

#endif
