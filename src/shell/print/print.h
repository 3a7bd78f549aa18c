/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Values of any type as text
 */
#ifndef IQ_SHELL_PRINT_PRINT_H
#define IQ_SHELL_PRINT_PRINT_H

#include "shell/print/place.h"

enum {
	IQ_PRINT_ADDR = 1,	/* the address in front of each member */
	IQ_PRINT_TYPE = 2,	/* its type */
	IQ_PRINT_BASE_TYPE = 4, /* and what that stands for */
	IQ_PRINT_DECIMAL = 8,
	IQ_PRINT_HEX = 16,
	IQ_PRINT_HOLES = 32,
	IQ_PRINT_NO_SYMBOLS = 64,
};

enum { IQ_PRINT_NO_LIMIT = UINT32_MAX, IQ_PRINT_MAX_CHARS = 1024, IQ_PRINT_MAX_ELEMS = 32 };

struct iq_print {
	struct iq_place_reader *reader;
	unsigned flags;
	unsigned depth;	     /* how many structs inside of structs */
	uint32_t max_chars;  /* of an array of characters, of a string */
	uint32_t max_elems;  /* of other arrays; equal ones one after the other count as one */
	unsigned width;	     /* columns; lines of array elements are broken there */
	struct iq_strbuf sb; /* text so far; the caller's */
	unsigned num_lines;  /* how many were written; there is a bound */
};

/*
 * Add what is at place as text, which may be many lines, with a newline at the end; name NULL:
 * the thing itself, without " = " in front. Bounded, whatever types and memory say.
 */
void iq_print_place(struct iq_print *p, const struct iq_place *place, const char *name);

/* Add a scalar's value (integer, pointer, enum, float, bit field) without name and newline; "??"
 * where it cannot be read. */
void iq_print_scalar(struct iq_print *p, const struct iq_place *place);

/* Add bytes of a string with C's escapes, without quotes. */
void iq_print_escaped(struct iq_strbuf *sb, const char *str, size_t len);

/* "1 (NAME)", "6 (A|B)", "7 (???)"; decimal unless flags say otherwise. */
void iq_print_enum(struct iq_strbuf *sb, struct iq_type type, int64_t value, unsigned flags);

#endif
