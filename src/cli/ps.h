/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The inside of `inquest ps`
 */
#ifndef IQ_CLI_PS_H
#define IQ_CLI_PS_H

#include "cli/cli.h"

/* What a column needs that the snapshot of tasks does not have. */
enum ps_needs {
	NEEDS_MM = 1,
	NEEDS_TPGID = 2,
	NEEDS_WCHAN = 4,
	NEEDS_ARGS = 8,
	NEEDS_NAME = 16,
	NEEDS_FAULTS = 32,
};

struct ps_row {
	const struct iq_task *task;	   /* the leader's, or the thread's */
	uint64_t runtime_ns;		   /* of the thread, or of the whole process */
	uint64_t min_flt, maj_flt;	   /* the same of page faults */
	uint64_t total_vm, rss, locked_vm; /* pages */
	int32_t tpgid;
	const char *name;	  /* where it is longer than comm can be, or NULL */
	const char *wchan, *args; /* "-" and the like where there is none */
	const char *forest;	  /* what stands in front of the command's name, or NULL */
};

/* What all rows are printed against. */
struct ps {
	struct iq_cli *cli;
	const struct iq_task_list *list;
	int64_t btime_s, now_s;
	double up_s;
	uint64_t ram_pages;
	unsigned pid_digits;
	bool threads; /* a row a thread */
	unsigned needs;
	IQ_VEC(struct ps_row) rows;
};

enum ps_just { PS_RIGHT, PS_LEFT, PS_USER, PS_UNLIMITED };
enum ps_kind { PS_NUMBER, PS_TEXT, PS_REAL };

/* A value: as a number where the column is of that kind, and what it looks like. */
struct ps_value {
	int64_t num;
	double real;
	bool null; /* nothing to say: "-" */
};

struct ps_column {
	const char *name, *header;
	unsigned width;
	enum ps_just just;
	enum ps_kind kind;
	unsigned needs;
	/* Append the text; and for numbers set the value. */
	void (*get)(const struct ps *ps, const struct ps_row *row, struct iq_strbuf *sb,
		    struct ps_value *value);
	bool is_pid; /* as wide as the greatest pid */
};

extern const struct ps_column ps_columns[];
const struct ps_column *ps_column_by_name(const char *name, size_t len);

/* Read what the columns need; ->rows are there. */
void ps_fill(struct ps *ps);

/* One column of the output. */
struct ps_field {
	const struct ps_column *column;
	const char *header;
	unsigned width;
	bool fixed; /* the width was asked for */
	bool down;  /* of an order: the greatest first */
};
typedef IQ_VEC(struct ps_field) ps_fields;

/*
 * Add the columns of a list: "pid,stat,wchan:20,comm=NAME". False: one is unknown, and that has
 * been said.
 */
bool ps_add_fields(ps_fields *fields, const char *list);

/* The same of an order: "-rss,+pid". */
bool ps_sort_fields(ps_fields *fields, const char *list);

/* Put the rows in order; or children below their parents (and drawn so, in ->forest). */
void ps_sort(struct ps *ps, const ps_fields *fields);
void ps_make_forest(struct ps *ps, bool lines);

void ps_print_text(const struct ps *ps, const ps_fields *fields, bool header, unsigned width,
		   struct iq_strbuf *out);
void ps_print_json(const struct ps *ps, const ps_fields *fields, struct iq_strbuf *out);

#endif
