/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The grammar of the debugger's language
 *
 * A parser that knows no kernel and runs nothing: text becomes statements, a tree in the caller's
 * arena. Statements are parsed one at a time, each after the one before it has run, because
 * running one may change how the next one reads (the radix).
 */
#ifndef IQ_SHELL_LANGUAGE_SYNTAX_H
#define IQ_SHELL_LANGUAGE_SYNTAX_H

#include "inquest/error.h"
#include "inquest/util.h"

enum iq_op {
	IQ_OP_NUM,
	IQ_OP_NAME, /* a symbol; where is_number is set and there is none of that name, a number */
	IQ_OP_DOT,  /* . */
	IQ_OP_LAST, /* & */
	IQ_OP_NEXT, /* + */
	IQ_OP_PREV, /* ^ */
	IQ_OP_VAR,  /* <name */
	/* with one operand, left */
	IQ_OP_NOT,   /* # */
	IQ_OP_COMPL, /* ~ */
	IQ_OP_NEG,   /* - */
	IQ_OP_READ,  /* * and %, of `size` bytes */
	/* with two */
	IQ_OP_REM,   /* %% */
	IQ_OP_MUL,   /* * */
	IQ_OP_DIV,   /* % */
	IQ_OP_ROUND, /* # */
	IQ_OP_ADD,
	IQ_OP_SUB,
	IQ_OP_SHL,
	IQ_OP_SHR,
	IQ_OP_EQ,
	IQ_OP_NE,
	IQ_OP_AND,
	IQ_OP_XOR,
	IQ_OP_OR,
};

struct iq_node {
	enum iq_op op;
	bool is_number; /* IQ_OP_NAME: it can be read as a number, which value is */
	bool in_file;	/* IQ_OP_READ: from the object file, not from memory */
	uint8_t size;
	uint64_t value;
	const char *name;
	struct iq_node *left, *right;
};

/* A word consists of pieces with no blank in between: a"b c"$[ 1 ]. */
struct iq_piece {
	const char *str;      /* its text, quotes and escapes resolved; NULL: expr */
	struct iq_node *expr; /* of $[ ] */
	bool quoted;
	struct iq_piece *next;
};

struct iq_word {
	struct iq_piece *pieces;
	struct iq_word *next;
};

/* A letter of a format list, or a text of it (letter '"'). */
struct iq_format {
	char letter;
	bool has_count;
	uint64_t count;		    /* 1 where there is none */
	struct iq_node *count_expr; /* of $[ ], instead */
	const char *text;
	struct iq_format *next;
};

enum iq_stage_kind {
	IQ_STAGE_DCMD,	 /* ::name, $x, :x */
	IQ_STAGE_FORMAT, /* / \ @ ? = */
	IQ_STAGE_ASSIGN, /* >name */
	IQ_STAGE_EXPR,	 /* expr alone */
	IQ_STAGE_SHELL,	 /* ! command */
};

enum { IQ_MAX_FORMAT_VALUES = 64 };

struct iq_stage {
	enum iq_stage_kind kind;
	const char *name;	 /* DCMD: "ps", "mod`ps", "$c", ":c"; ASSIGN: the variable */
	struct iq_word *words;	 /* DCMD */
	char verb;		 /* FORMAT */
	struct iq_format *list;	 /* FORMAT */
	struct iq_node **values; /* FORMAT: what is to be written or searched for */
	size_t num_values;
	uint8_t size;	      /* ASSIGN: truncate to so many bytes; 0: do not */
	struct iq_node *expr; /* EXPR */
	const char *command;  /* SHELL */
	bool eval_output;     /* SHELL: "! <command" */
	const char *text;     /* the whole stage as typed, to be repeated */
	struct iq_stage *next;
};

struct iq_statement {
	struct iq_node *addr;	 /* or NULL */
	struct iq_node *count;	 /* or NULL */
	struct iq_stage *stages; /* NULL: there is addr or count alone, or nothing at all */
};

struct iq_parser {
	struct iq_arena *arena;
	const char *text, *pos;
	unsigned radix;
	/* of the statement that is being parsed */
	unsigned depth, num_nodes;
	struct iq_error *err;
};

void iq_parser_init(struct iq_parser *p, struct iq_arena *arena, const char *text, unsigned radix);

/*
 * The next statement. False: the text has ended. IQ_ERR_INVALID in *err_ret: it was not understood,
 * and the rest of its line is skipped.
 */
bool iq_parse_statement(struct iq_parser *p, struct iq_statement *statement_ret,
			struct iq_error **err_ret);

/* A text that is one expression and nothing else. IQ_ERR_INVALID. */
struct iq_error *iq_parse_expr(struct iq_arena *arena, const char *text, unsigned radix,
			       struct iq_node **node_ret);

/* ---- for the files of the parser ---- */

bool iq_lex_fail(struct iq_parser *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void iq_lex_blanks(struct iq_parser *p);
/* Is the statement over here: end, newline, ';'? */
bool iq_lex_at_end(const struct iq_parser *p);
bool iq_lex_is_name_char(char c);
/* A number as it stands in text, len bytes, with its prefix or in the radix. Says why not. */
const char *iq_lex_number(const char *text, size_t len, unsigned radix, uint64_t *value_ret);
/* A quoted string at p->pos; of '...' verbatim, of "..." with C's escapes. */
bool iq_lex_quoted(struct iq_parser *p, const char **str_ret, size_t *len_ret);
/* C's escapes resolved; len may be NULL. */
char *iq_lex_unescape(struct iq_arena *arena, const char *str, size_t len, size_t *len_ret);

bool iq_parse_node(struct iq_parser *p, bool in_parens, struct iq_node **node_ret);
/* Could an expression begin here? */
bool iq_parse_begins_expr(const struct iq_parser *p);
/* $[ expr ], at the '$'. */
bool iq_parse_immediate(struct iq_parser *p, struct iq_node **node_ret);

#endif
