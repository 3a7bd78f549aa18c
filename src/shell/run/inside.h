/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The inside of the shell: what the files of this folder share, and those of the folders above it
 *
 * A struct iq_shell lives as long as the debugger; sh->arena as long as the statement that runs,
 * and what commands allocate there dies with it. Errors that these functions return have not been
 * told to anybody yet, but for iq_shell_said().
 */
#ifndef IQ_SHELL_RUN_INSIDE_H
#define IQ_SHELL_RUN_INSIDE_H

#include "inquest/module.h"
#include "kernel/session.h"
#include "shell/language/expr.h"
#include "shell/language/syntax.h"
#include "shell/run/shell.h"

/* Where text goes. */
struct iq_sink {
	void (*write)(void *ctx, const char *text, size_t len);
	void *ctx;
};

/*
 * What variables hold while a value of a pipe is worked on: `::walk task t` binds t for all that
 * comes of that task. Chains share their ends.
 */
struct iq_binding {
	const struct iq_binding *up;
	const char *name;
	uint64_t value;
};

struct iq_pipe_value {
	uint64_t value;
	const struct iq_binding *bound;
};

struct iq_out {
	struct iq_shell *sh;
	bool to_pipe;
	struct iq_sink sink;   /* of text, where it is no pipe */
	struct iq_strbuf text; /* not yet written; of a pipe: not yet understood */
	IQ_VEC(struct iq_pipe_value) values;
	struct iq_type type;
	const struct iq_binding *bound;		  /* of the present run */
	IQ_VEC(const struct iq_column *) headers; /* that were written */
	struct iq_error *err;			  /* text in a pipe that is no address */
};

void iq_out_init(struct iq_out *out, struct iq_shell *sh, bool to_pipe, struct iq_sink sink);
void iq_out_deinit(struct iq_out *out);
/* Hand on what is there: to the sink, or, in a pipe, as addresses (all but an unfinished line). */
void iq_out_flush(struct iq_out *out);
/* Also the unfinished line; the error of text that is no address. */
struct iq_error *iq_out_end(struct iq_out *out);
/* A new command begins: it writes its own header. */
void iq_out_begin(struct iq_out *out);
/* A value with the bindings of another. */
void iq_out_pass(struct iq_out *out, const struct iq_pipe_value *value);
/* A sink that adds to a struct iq_strbuf. */
struct iq_sink iq_sink_strbuf(struct iq_strbuf *sb);

struct iq_var {
	char *name;
	uint64_t value;
	bool set, tagged, fixed; /* typeset -t; one of the shell's own, that is not unset */
	struct iq_var *next;	 /* in the order in which they were made */
};

enum iq_shell_option {
	IQ_OPT_REPEAT_LAST = 1, /* an empty line repeats the last command */
	IQ_OPT_ADB = 2,
	IQ_OPT_NO_PAGER = 4,
	IQ_OPT_IGNORE_EOF = 8,
};

struct iq_helper;
struct iq_uspace;

struct iq_shell {
	struct iq_session *s;	/* NULL: there is no target */
	struct iq_rooms *rooms; /* the session's; its own where there is none */
	struct iq_rooms own_rooms;
	struct iq_arena *arena; /* of the statement that runs */
	uint64_t dot, last, increment;
	size_t format_col; /* where the line of a format that is being repeated has got to */
	unsigned radix;
	struct iq_var *vars, **vars_tail;
	struct iq_strmap var_by_name;
	struct iq_sink out, err;
	unsigned width;	  /* columns of the screen, 0: none */
	unsigned options; /* enum iq_shell_option */
	unsigned symdist;
	char *last_text;	 /* the last command, to be repeated */
	unsigned depth;		 /* texts that run other texts */
	unsigned num_statements; /* at the prompt, so far */
	bool wants_usage;	 /* the error is one of usage */
	bool failed;		 /* something failed, in the text that runs */
	bool quit;
	int quit_status;
	bool interactive; /* somebody reads the output as it comes */
	bool color;	  /* and sees what is bold */
	bool guarded;	  /* a command that crashes does not end the session (fault.h) */
	const struct iq_pipe_value
		*piped;	    /* IQ_DCMD_WHOLE_PIPE: the addresses with what is bound to them */
	bool out_is_stdout; /* sh->out writes to standard output at once */
	iq_vaddr context_task, context_mm;	/* whose user memory is read; 0: the kernel's */
	struct iq_uspace *context_space;	/* NULL: not read yet */
	int32_t process;			/* -p PID: the debugger is about it; 0 */
	void *(*find_symbol)(const char *name); /* of this program, for modules; NULL: static */
	struct iq_helper *helper; /* runs shell commands and reads files; NULL: there is none */
	char *prompt;
	char *macro_path;
	const char *source; /* "live kernel", or the dump's path */
	char *log_path;	    /* ::log's file; NULL: there is none */
	bool log_paused;
	struct iq_strbuf log; /* not yet written */
	bool end_text;	      /* a macro has taken the place of the rest of the text */
	volatile int *interrupted;
};

struct iq_cmd_opts {
	struct iq_given_opt {
		char letter;
		struct iq_arg arg;
	} * list;
	size_t num;
};

/* ---- run.c ---- */

/*
 * Run text. At the prompt an address alone repeats the last command at it; in other texts
 * (nested) it only sets dot. Complaints have been made; false: something failed.
 */
bool iq_shell_run(struct iq_shell *sh, const char *text, bool nested, struct iq_out *out);

/* "inquest: text" as a complaint; the text that runs has failed. */
void iq_shell_complain(struct iq_shell *sh, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void iq_shell_complain_error(struct iq_shell *sh, struct iq_error *err); /* frees it */
/* An error that has been complained about already. */
struct iq_error *iq_shell_said(void);

bool iq_shell_stop(struct iq_shell *sh);

void iq_shell_env(struct iq_shell *sh, struct iq_expr_env *env);
/* Text that is an expression; its value. */
struct iq_error *iq_shell_value(struct iq_shell *sh, const char *text, uint64_t *value_ret);
struct iq_error *iq_shell_node_value(struct iq_shell *sh, const struct iq_node *node,
				     uint64_t *value_ret);
/* Memory of the present context. */
struct iq_error *iq_shell_read(struct iq_shell *sh, iq_vaddr addr, void *buf, size_t len);

/* ---- cmd.c ---- */

struct iq_dcmd_at {
	const struct iq_dcmd *dcmd;
	const struct iq_module *module; /* NULL: the shell's own */
	const char *extra;		/* words that the other name stands for; NULL */
};
struct iq_walker_at {
	const struct iq_walker *walker;
	const struct iq_module *module;
};

/* "name" or "module`name"; false: there is none. */
bool iq_dcmd_find(const struct iq_rooms *rooms, const char *name, struct iq_dcmd_at *at_ret);
bool iq_walker_find(const struct iq_rooms *rooms, const char *name, struct iq_walker_at *at_ret);
/* The i-th of all, in no order but always the same; false: there are not so many. */
bool iq_dcmd_nth(const struct iq_rooms *rooms, size_t i, struct iq_dcmd_at *at_ret);
bool iq_walker_nth(const struct iq_rooms *rooms, size_t i, struct iq_walker_at *at_ret);
/* The module of this name; NULL. */
const struct iq_module *iq_module_find(const struct iq_rooms *rooms, const char *name);
/* The first type that this kernel lacks and the room needs, or NULL. */
const char *iq_module_lacks(struct iq_session *s, const struct iq_module *module);

/* "usage: ADDR::mutex [-f]" */
void iq_dcmd_usage(const struct iq_dcmd *dcmd, struct iq_strbuf *sb);
/* "::mutex", "$c" */
const char *iq_dcmd_sign(const struct iq_dcmd *dcmd);

/* Words with their $[ ] computed, and options taken off, into cmd. */
struct iq_error *iq_cmd_words(struct iq_cmd *cmd, const char *extra, const struct iq_word *words);

/* ---- vars.c ---- */

void iq_vars_init(struct iq_shell *sh);
void iq_vars_free(struct iq_shell *sh);
struct iq_var *iq_var_find(struct iq_shell *sh, const char *name);
struct iq_var *iq_var_set(struct iq_shell *sh, const char *name, uint64_t value);
/* The same as the user asks for it: IQ_ERR_INVALID where the variable is read-only. */
struct iq_error *iq_var_assign(struct iq_shell *sh, const char *name, uint64_t value);

/* ---- registers.c ---- */

/* A variable that is a register; IQ_ERR_NOTFOUND. */
struct iq_error *iq_register_value(struct iq_shell *sh, const char *name, uint64_t *value_ret);
/* The task_struct that the registers are of; 0: none. */
uint64_t iq_register_thread(struct iq_shell *sh);

/* ---- log.c ---- */

/* What goes to the log, if there is one. */
void iq_shell_log(struct iq_shell *sh, const char *text, size_t len);
void iq_shell_log_flush(struct iq_shell *sh);

/* ---- shell/parts.c ---- */

/* What stands above the running of statements and is run by it. */
struct iq_shell_parts {
	/* Tables that each end with an entry without a name; the list ends with NULL. */
	const struct iq_dcmd *const *dcmds;
	const struct iq_walker *const *walkers;
	/* iq_format_run() and iq_format_end(), print/format.h. */
	struct iq_error *(*format_run)(struct iq_shell *sh, const struct iq_stage *stage,
				       struct iq_out *out, bool first);
	void (*format_end)(struct iq_shell *sh, struct iq_out *out);
};
extern const struct iq_shell_parts iq_shell_parts;

#endif
