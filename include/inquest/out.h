/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Cells and columns: what commands say, before anybody has decided how it looks
 *
 * A row is an array of cells that ends with IQ_CELL_END; strings are copied. Nothing here can fail:
 * what could not be read is a cell of its own kind, which is not the same as what is not there.
 */
#ifndef INQUEST_OUT_H
#define INQUEST_OUT_H

#include "inquest/types.h"

struct json_t;

struct iq_column {
	const char *name;   /* the field in JSON */
	const char *header; /* above the column; NULL: the name */
	bool right;	    /* numbers stand at the right side of their column */
	unsigned min,
		max;	/* columns of the screen; max 0: no limit. What is longer ends with '+' */
	bool json_only; /* in JSON, but not in text */
};

enum iq_cell_kind {
	IQ_CELL_END,
	IQ_CELL_STR, /* copied; NULL is as good as IQ_CELL_NULL */
	IQ_CELL_I64,
	IQ_CELL_U64,
	IQ_CELL_REAL,
	IQ_CELL_BOOL,	    /* yes, no */
	IQ_CELL_ADDR,	    /* 0 too is an address */
	IQ_CELL_NULL,	    /* "-": there is none */
	IQ_CELL_UNREADABLE, /* "??": it could not be read */
};

struct iq_cell {
	enum iq_cell_kind kind;
	union {
		const char *str;
		int64_t i64;
		uint64_t u64;
		double real;
		bool yes;
	};
	const char *text;    /* or NULL: what the text shows instead of the value ("1:02" for 62);
				copied */
	struct json_t *json; /* or NULL: what JSON shows instead of the value (a list); the table
				owns it then */
};

/* The cells of one row. */
#define IQ_CELLS(...)                                                                              \
	(const struct iq_cell[])                                                                   \
	{                                                                                          \
		__VA_ARGS__,                                                                       \
		{                                                                                  \
			IQ_CELL_END                                                                \
		}                                                                                  \
	}
#define IQ_STR(v)                                                                                  \
	{                                                                                          \
		IQ_CELL_STR, .str = (v)                                                            \
	}
#define IQ_ADDR(v)                                                                                 \
	{                                                                                          \
		IQ_CELL_ADDR, .u64 = (v)                                                           \
	}
#define IQ_U64(v)                                                                                  \
	{                                                                                          \
		IQ_CELL_U64, .u64 = (v)                                                            \
	}
#define IQ_I64(v)                                                                                  \
	{                                                                                          \
		IQ_CELL_I64, .i64 = (v)                                                            \
	}
/* A number that could be read, or "??". */
#define IQ_KNOWN(yes, v)                                                                           \
	{                                                                                          \
		(yes) ? IQ_CELL_U64 : IQ_CELL_UNREADABLE, .u64 = (v)                               \
	}

#endif
