/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One typed table that prints as text and as JSON
 *
 *	static const struct iq_column columns[] = {
 *		{ "pid", "PID", .right = true },
 *		{ "comm", "COMMAND" },
 *		{ 0 },
 *	};
 *	struct iq_table *t = iq_table_new(columns);
 *
 *	iq_table_row(t, (struct iq_cell[]){
 *		{ IQ_CELL_I64, .i64 = task->pid },
 *		err ? (struct iq_cell){ IQ_CELL_UNREADABLE }
 *		    : (struct iq_cell){ IQ_CELL_STR, .str = task->comm },
 *		{ IQ_CELL_END },
 *	});
 *
 * In text a column is as wide as its widest cell, between min and max; the last one takes what is
 * left of the line. In JSON a row is an object with the columns' names, numbers are numbers,
 * addresses are strings ("0xffff..."), what is not there or could not be read is null.
 */
#ifndef IQ_OUT_TABLE_H
#define IQ_OUT_TABLE_H

#include <jansson.h>

#include "inquest/out.h"
#include "inquest/util.h"

struct iq_table;

/* Columns end with one whose name is NULL. They are copied. */
struct iq_table *iq_table_new(const struct iq_column *columns);
void iq_table_free(struct iq_table *t);

/* Add a row; cells end with IQ_CELL_END. Columns that are not given are IQ_CELL_NULL. */
void iq_table_row(struct iq_table *t, const struct iq_cell *cells);
size_t iq_table_num_rows(const struct iq_table *t);

/* Sort rows by a column, keeping the order of equal ones. False: there is no such column. */
bool iq_table_sort(struct iq_table *t, const char *column, bool descending);

struct iq_table_style {
	unsigned width; /* of the terminal: lines are cut there; 0: no terminal, nothing is cut */
	bool no_header;
	bool color;
};

/*
 * What a cell shows; in `buf` (400 bytes are enough for any number) where it has to be made.
 * prefix: what stands before addresses, "0x" or nothing.
 */
const char *iq_cell_text(const struct iq_cell *cell, const char *prefix, char *buf, size_t size);

/* Append the table as text. Lines have no blanks at their end. */
void iq_table_text(const struct iq_table *t, const struct iq_table_style *style,
		   struct iq_strbuf *out);

/* {"schema": schema, "rows": [...]}; the caller owns it. */
json_t *iq_table_json(const struct iq_table *t, const char *schema);

#endif
