/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The smallest parts of the language: numbers, names, quoted strings
 *
 * What a character means depends on where it stands ('/' is a command after an address and a
 * part of a word after a command's name), so that there is no list of tokens: the parser asks
 * for what can stand at its place.
 */
#include <ctype.h>

#include "shell/language/syntax.h"

bool iq_lex_fail(struct iq_parser *p, const char *fmt, ...)
{
	va_list ap;

	if (p->err)
		return false;
	va_start(ap, fmt);
	p->err = iq_error_new(IQ_ERR_INVALID, "%s", iq_arena_vprintf(p->arena, fmt, ap));
	va_end(ap);
	return false;
}

/* Blanks, and a comment, which begins a word. */
void iq_lex_blanks(struct iq_parser *p)
{
	const char *start = p->pos;

	while (*p->pos == ' ' || *p->pos == '\t' || *p->pos == '\r')
		p->pos++;
	if (p->pos[0] != '/' || p->pos[1] != '/')
		return;
	if (p->pos == p->text || p->pos != start || p->pos[-1] == '\n' || p->pos[-1] == ';')
		p->pos += strcspn(p->pos, "\n");
}

bool iq_lex_at_end(const struct iq_parser *p)
{
	return !*p->pos || *p->pos == '\n' || *p->pos == ';';
}

bool iq_lex_is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '`';
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 99;
}

/* "1.5": the bits of the double. */
static const char *real_number(const char *text, size_t len, uint64_t *value_ret)
{
	double real = 0, unit = 1;
	bool after_point = false;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '.' && !after_point) {
			after_point = true;
			continue;
		}
		if (text[i] == '_')
			continue;
		if (digit_value(text[i]) > 9)
			return "not a decimal number";
		real = real * 10 + digit_value(text[i]);
		if (after_point)
			unit *= 10;
	}
	real /= unit;
	memcpy(value_ret, &real, sizeof(real));
	return NULL;
}

const char *iq_lex_number(const char *text, size_t len, unsigned radix, uint64_t *value_ret)
{
	uint64_t value = 0;
	size_t i = 0;

	if (len > 1 && text[0] == '0') {
		char c = text[1];
		unsigned prefix = c == 'i' || c == 'I'	 ? 2
				  : c == 'o' || c == 'O' ? 8
				  : c == 't' || c == 'T' ? 10
				  : c == 'x' || c == 'X' ? 16
							 : 0;

		if (prefix) {
			radix = prefix;
			i = 2;
			if (prefix == 10 && memchr(text, '.', len))
				return real_number(text + 2, len - 2, value_ret);
		}
	}
	if (i == len || text[i] == '_')
		return "a number without digits";
	for (; i < len; i++) {
		int digit = digit_value(text[i]);

		if (text[i] == '_')
			continue;
		if (digit >= (int)radix)
			return "it has a digit that the radix does not have";
		if (value > (UINT64_MAX - (unsigned)digit) / radix)
			return "it does not fit in 64 bits";
		value = value * radix + (unsigned)digit;
	}
	*value_ret = value;
	return NULL;
}

static const char *escape(const char *s, const char *end, char *c_ret)
{
	static const char names[] = "abfnrtv", values[] = "\a\b\f\n\r\t\v";
	const char *name = strchr(names, *s);
	int value = 0, i;

	if (name && *s) {
		*c_ret = values[name - names];
		return s + 1;
	}
	if (*s == 'x' && s + 1 < end && digit_value(s[1]) < 16) {
		for (i = 1; i < 3 && s + i < end && digit_value(s[i]) < 16; i++)
			value = value * 16 + digit_value(s[i]);
		*c_ret = (char)value;
		return s + i;
	}
	if (digit_value(*s) < 8) {
		for (i = 0; i < 3 && s + i < end && digit_value(s[i]) < 8; i++)
			value = value * 8 + digit_value(s[i]);
		*c_ret = (char)value;
		return s + i;
	}
	*c_ret = *s;
	return s + 1;
}

char *iq_lex_unescape(struct iq_arena *arena, const char *str, size_t len, size_t *len_ret)
{
	char *out = iq_arena_alloc(arena, len + 1);
	const char *end = str + len;
	size_t n = 0;

	while (str < end) {
		if (*str != '\\' || str + 1 == end) {
			out[n++] = *str++;
			continue;
		}
		str = escape(str + 1, end, &out[n]);
		n++;
	}
	out[n] = '\0';
	if (len_ret)
		*len_ret = n;
	return out;
}

bool iq_lex_quoted(struct iq_parser *p, const char **str_ret, size_t *len_ret)
{
	char quote = *p->pos;
	const char *start = p->pos + 1, *end = start;
	size_t len;
	char *str;

	while (*end && *end != quote && *end != '\n') {
		if (quote == '"' && *end == '\\' && end[1] && end[1] != '\n')
			end++;
		end++;
	}
	if (*end != quote)
		return iq_lex_fail(p, "the string that %c begins has no end", quote);
	len = (size_t)(end - start);
	if (quote == '"') {
		str = iq_lex_unescape(p->arena, start, len, &len);
	} else {
		str = iq_arena_alloc(p->arena, len + 1);
		memcpy(str, start, len);
	}
	p->pos = end + 1;
	*str_ret = str;
	if (len_ret)
		*len_ret = len;
	return true;
}
