/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The formatting commands (/ \ @ ? =) and their letters: how wide, how many bytes, in words
 */
#ifndef IQ_SHELL_PRINT_FORMAT_H
#define IQ_SHELL_PRINT_FORMAT_H

#include "shell/run/inside.h"

enum iq_format_kind {
	IQ_FORMAT_HEX,
	IQ_FORMAT_OCTAL,
	IQ_FORMAT_SIGNED_OCTAL,
	IQ_FORMAT_DEC,
	IQ_FORMAT_UNSIGNED,
	IQ_FORMAT_RADIX,
	IQ_FORMAT_SWAPPED,
	IQ_FORMAT_CHAR,
	IQ_FORMAT_ESCAPED_CHAR,
	IQ_FORMAT_STR,
	IQ_FORMAT_ESCAPED_STR,
	IQ_FORMAT_SYMBOL,
	IQ_FORMAT_DOT,
	IQ_FORMAT_INSN,
	IQ_FORMAT_INSN_ADDR,
	IQ_FORMAT_BINARY,
	IQ_FORMAT_DIAGRAM,
	IQ_FORMAT_TIME,
	IQ_FORMAT_FLOAT,
	IQ_FORMAT_NEWLINE,
	IQ_FORMAT_BLANK,
	IQ_FORMAT_TAB,
	IQ_FORMAT_FORTH, /* + */
	IQ_FORMAT_BACK,	 /* - */
	IQ_FORMAT_UNDO,	 /* ^ */
	IQ_FORMAT_WRITE,
	IQ_FORMAT_SEARCH,
};

struct iq_format_letter {
	char letter;
	uint8_t size;  /* bytes that it takes; 0: none, or as many as there are */
	uint8_t width; /* columns, left-justified; 0: as many as it needs */
	enum iq_format_kind kind;
	const char *what;
};

/* Ends with letter 0. */
extern const struct iq_format_letter iq_format_letters[];

/*
 * One run of / \ @ ? or = at dot. Sets the increment. The line that it ends in stays open, for the
 * next run of the same count (`first` false) to go on with, until iq_format_end().
 */
struct iq_error *iq_format_run(struct iq_shell *sh, const struct iq_stage *stage,
			       struct iq_out *out, bool first);
void iq_format_end(struct iq_shell *sh, struct iq_out *out);

#endif
