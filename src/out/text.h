/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Text for people
 *
 * Names that come out of a target (of processes, files, devices) are anything:
 * escape sequences, half a UTF-8 character, marks that turn the writing
 * direction. They go through iq_text_clean() before they get near a terminal or
 * a JSON string. The rest is width, wrapping, and numbers in words.
 */
#ifndef IQ_OUT_TEXT_H
#define IQ_OUT_TEXT_H

#include "inquest/util.h"

/* Append str as valid UTF-8 in which nothing steers a terminal; what is not, byte by byte as \xNN.
 */
void iq_text_clean(struct iq_strbuf *sb, const char *str);
void iq_text_clean_n(struct iq_strbuf *sb, const char *str, size_t len);
/* Needs str no cleaning? */
bool iq_text_is_clean(const char *str, size_t len);

/* How many columns a clean text takes: two for wide characters, none for combining ones. */
size_t iq_text_width(const char *str);
/* How many bytes of it fit into `width` columns. */
size_t iq_text_fit(const char *str, size_t width);

/*
 * Append text in lines of at most `width` columns, broken at blanks; each ends with a newline.
 * The first line begins with `first` and the others with as many blanks as `indent`. A
 * word longer than a line gets a line and is not cut: it may be a command to copy. width 0: no
 * limit.
 */
void iq_text_wrap(struct iq_strbuf *sb, const char *text, const char *first, unsigned indent,
		  unsigned width);

/* Append a duration in words: "0.4 s", "93 s", "4 min 10 s", "2 h 3 min", "3 days 4 h". */
void iq_text_duration(struct iq_strbuf *sb, int64_t ms);
/* Append a size in words: "512 bytes", "5.2 MiB". */
void iq_text_size(struct iq_strbuf *sb, uint64_t bytes);

enum iq_color { IQ_PLAIN, IQ_BOLD, IQ_DIM, IQ_RED, IQ_YELLOW, IQ_GREEN };

/* Append text in a colour, or plainly if not `on`. The text is not cleaned. */
void iq_text_color(struct iq_strbuf *sb, bool on, enum iq_color color, const char *text);

#endif
