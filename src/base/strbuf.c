/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Strings that grow, and the growth of vectors
 */
#include <stdio.h>

#include "inquest/util.h"

void iq_strbuf_deinit(struct iq_strbuf *sb)
{
	free(sb->str);
	*sb = (struct iq_strbuf)IQ_STRBUF_INIT;
}

static void reserve(struct iq_strbuf *sb, size_t more)
{
	size_t need = sb->len + more + 1;

	if (need <= sb->cap)
		return;
	sb->cap = IQ_MAX(need, sb->cap * 2);
	sb->cap = IQ_MAX(sb->cap, (size_t)64);
	sb->str = iq_xrealloc(sb->str, sb->cap);
}

void iq_strbuf_add(struct iq_strbuf *sb, const void *data, size_t len)
{
	reserve(sb, len);
	if (len)
		memcpy(sb->str + sb->len, data, len);
	sb->len += len;
	sb->str[sb->len] = '\0';
}

void iq_strbuf_addc(struct iq_strbuf *sb, char c)
{
	iq_strbuf_add(sb, &c, 1);
}

void iq_strbuf_adds(struct iq_strbuf *sb, const char *str)
{
	iq_strbuf_add(sb, str, strlen(str));
}

void iq_strbuf_vprintf(struct iq_strbuf *sb, const char *fmt, va_list ap)
{
	va_list again;
	int len;

	va_copy(again, ap);
	len = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (len < 0)
		return;
	reserve(sb, (size_t)len);
	vsnprintf(sb->str + sb->len, (size_t)len + 1, fmt, ap);
	sb->len += (size_t)len;
}

void iq_strbuf_printf(struct iq_strbuf *sb, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	iq_strbuf_vprintf(sb, fmt, ap);
	va_end(ap);
}

const char *iq_strbuf_str(const struct iq_strbuf *sb)
{
	return sb->str ? sb->str : "";
}

char *iq_strbuf_steal(struct iq_strbuf *sb)
{
	char *str = sb->str ? sb->str : iq_xstrdup("");

	*sb = (struct iq_strbuf)IQ_STRBUF_INIT;
	return str;
}

void *iq_vec_grow(void *data, size_t *cap, size_t num, size_t size)
{
	size_t new_cap = *cap ? *cap * 2 : 8;

	while (new_cap < num)
		new_cap *= 2;
	*cap = new_cap;
	return iq_xrealloc(data, new_cap * size);
}
