/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Text for people: cleaning, width, wrapping, numbers in words
 */
#include <stdio.h>

#include "out/text.h"

/* ---- UTF-8 ---- */

/*
 * The character at str: its value, and its length in *len_ret. Length 0: these bytes are no
 * character (cut off, overlong, a surrogate, too large).
 */
static uint32_t decode(const char *str, size_t len, size_t *len_ret)
{
	const unsigned char *p = (const unsigned char *)str;
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t c;
	size_t num;

	*len_ret = 0;
	if (!len)
		return 0;
	if (p[0] < 0x80) {
		*len_ret = 1;
		return p[0];
	}
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	num = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (num > len)
		return 0;
	c = p[0] & (0xffu >> (num + 1));
	for (size_t i = 1; i < num; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[num] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	*len_ret = num;
	return c;
}

struct range {
	uint32_t first, last;
};

static bool is_in(uint32_t c, const struct range *ranges, size_t num)
{
	for (size_t i = 0; i < num; i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

/* Control characters, line separators, marks that turn or embed writing, tags, no characters. */
static bool is_steering(uint32_t c)
{
	static const struct range steering[] = {
		{ 0x00, 0x1f },	    { 0x7f, 0x9f },	{ 0xad, 0xad },	    { 0x61c, 0x61c },
		{ 0x180e, 0x180e }, { 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f },
		{ 0xfeff, 0xfeff }, { 0xfff9, 0xfffb }, { 0xfffe, 0xffff }, { 0xe0000, 0xe007f },
	};

	return is_in(c, steering, IQ_ARRAY_SIZE(steering));
}

static unsigned columns(uint32_t c)
{
	static const struct range none[] = {
		{ 0x300, 0x36f },   { 0x483, 0x489 },	{ 0x591, 0x5bd },     { 0x610, 0x61a },
		{ 0x64b, 0x65f },   { 0x1ab0, 0x1aff }, { 0x1dc0, 0x1dff },   { 0x20d0, 0x20ff },
		{ 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f }, { 0xe0100, 0xe01ef },
	};
	static const struct range two[] = {
		{ 0x1100, 0x115f },   { 0x2e80, 0x303e },   { 0x3041, 0xa4cf },
		{ 0xac00, 0xd7a3 },   { 0xf900, 0xfaff },   { 0xfe30, 0xfe6f },
		{ 0xff00, 0xff60 },   { 0xffe0, 0xffe6 },   { 0x1f300, 0x1f64f },
		{ 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd },
	};

	if (c < 0x300)
		return 1;
	if (is_in(c, none, IQ_ARRAY_SIZE(none)))
		return 0;
	return is_in(c, two, IQ_ARRAY_SIZE(two)) ? 2 : 1;
}

bool iq_text_is_clean(const char *str, size_t len)
{
	size_t num;

	for (size_t i = 0; i < len; i += num)
		if (is_steering(decode(str + i, len - i, &num)) || !num)
			return false;
	return true;
}

void iq_text_clean_n(struct iq_strbuf *sb, const char *str, size_t len)
{
	size_t num;

	for (size_t i = 0; i < len; i += num) {
		uint32_t c = decode(str + i, len - i, &num);

		if (num && !is_steering(c)) {
			iq_strbuf_add(sb, str + i, num);
			continue;
		}
		num = num ? num : 1;
		for (size_t k = 0; k < num; k++)
			iq_strbuf_printf(sb, "\\x%02x", (unsigned char)str[i + k]);
	}
}

void iq_text_clean(struct iq_strbuf *sb, const char *str)
{
	iq_text_clean_n(sb, str, strlen(str));
}

size_t iq_text_fit(const char *str, size_t width)
{
	size_t len = strlen(str), i = 0, num;

	while (i < len) {
		uint32_t c = decode(str + i, len - i, &num);
		unsigned cols = num ? columns(c) : 1;

		if (cols > width)
			break;
		width -= cols;
		i += num ? num : 1;
	}
	return i;
}

size_t iq_text_width(const char *str)
{
	size_t len = strlen(str), width = 0, num;

	for (size_t i = 0; i < len; i += num ? num : 1) {
		uint32_t c = decode(str + i, len - i, &num);

		width += num ? columns(c) : 1;
	}
	return width;
}

/* ---- wrapping ---- */

static void add_blanks(struct iq_strbuf *sb, size_t num)
{
	while (num--)
		iq_strbuf_addc(sb, ' ');
}

/* The length of the next word: up to a blank, but what stands in backquotes is a word. */
static size_t word_len(const char *text)
{
	size_t len = strcspn(text, " ");
	const char *quote = memchr(text, '`', len), *end;

	if (!quote)
		return len;
	end = strchr(quote + 1, '`');
	if (!end || (size_t)(end - text) < len)
		return len;
	len = (size_t)(end - text);
	return len + strcspn(text + len, " ");
}

void iq_text_wrap(struct iq_strbuf *sb, const char *text, const char *first, unsigned indent,
		  unsigned width)
{
	size_t at = iq_text_width(first);
	bool is_begin = true;
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf word = IQ_STRBUF_INIT;

	iq_strbuf_adds(sb, first);
	for (;;) {
		size_t len, word_width;

		text += strspn(text, " ");
		len = word_len(text);
		if (!len)
			break;
		word.len = 0;
		iq_strbuf_add(&word, text, len);
		word_width = iq_text_width(word.str);
		if (!is_begin && width && at + 1 + word_width > width) {
			iq_strbuf_addc(sb, '\n');
			add_blanks(sb, indent);
			at = indent;
			is_begin = true;
		}
		if (!is_begin) {
			iq_strbuf_addc(sb, ' ');
			at++;
		}
		iq_strbuf_adds(sb, word.str);
		at += word_width;
		is_begin = false;
		text += len;
	}
	iq_strbuf_addc(sb, '\n');
}

/* ---- numbers in words ---- */

void iq_text_duration(struct iq_strbuf *sb, int64_t ms)
{
	int64_t s = ms / 1000;

	if (ms < 0)
		iq_strbuf_adds(sb, "an unknown time");
	else if (ms < 10000)
		iq_strbuf_printf(sb, "%" PRId64 ".%" PRId64 " s", s, ms % 1000 / 100);
	else if (s < 120)
		iq_strbuf_printf(sb, "%" PRId64 " s", s);
	else if (s < 3600)
		iq_strbuf_printf(sb, "%" PRId64 " min %" PRId64 " s", s / 60, s % 60);
	else if (s < 86400)
		iq_strbuf_printf(sb, "%" PRId64 " h %" PRId64 " min", s / 3600, s % 3600 / 60);
	else
		iq_strbuf_printf(sb, "%" PRId64 " day%s %" PRId64 " h", s / 86400,
				 s / 86400 == 1 ? "" : "s", s % 86400 / 3600);
}

void iq_text_size(struct iq_strbuf *sb, uint64_t bytes)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double value = (double)bytes / 1024;
	size_t unit = 0;

	if (bytes < 1024) {
		iq_strbuf_printf(sb, "%" PRIu64 " byte%s", bytes, bytes == 1 ? "" : "s");
		return;
	}
	while (value >= 1023.95 && unit + 1 < IQ_ARRAY_SIZE(units)) {
		value /= 1024;
		unit++;
	}
	iq_strbuf_printf(sb, "%.1f %s", value, units[unit]);
}

void iq_text_color(struct iq_strbuf *sb, bool on, enum iq_color color, const char *text)
{
	static const char *const codes[] = {
		[IQ_BOLD] = "1",    [IQ_DIM] = "2",    [IQ_RED] = "1;31",
		[IQ_YELLOW] = "33", [IQ_GREEN] = "32",
	};

	if (on && color != IQ_PLAIN)
		iq_strbuf_printf(sb, "\033[%sm%s\033[0m", codes[color], text);
	else
		iq_strbuf_adds(sb, text);
}
