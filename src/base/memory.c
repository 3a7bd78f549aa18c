/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Allocation that does not fail, and arenas
 *
 * An arena is a list of chunks that double in size up to a bound; what is larger
 * than a chunk gets one of its own. Nothing is freed before the arena is.
 */
#include <stdio.h>
#include <unistd.h>

#include "inquest/util.h"

enum { CHUNK_MIN = 4096, CHUNK_MAX = 1 << 20, ALIGN = 16 };

struct chunk {
	struct chunk *next;
	size_t used, cap;
	_Alignas(ALIGN) char data[];
};

struct iq_arena {
	struct chunk *chunks;
	size_t next_cap;
};

static void *checked(void *p)
{
	static const char msg[] = "inquest: out of memory\n";

	if (!p) {
		if (write(STDERR_FILENO, msg, sizeof(msg) - 1) < 0)
			_exit(3);
		_exit(3);
	}
	return p;
}

void *iq_xmalloc(size_t len)
{
	return checked(malloc(len ? len : 1));
}

void *iq_xcalloc(size_t num, size_t size)
{
	return checked(calloc(num ? num : 1, size ? size : 1));
}

void *iq_xrealloc(void *p, size_t len)
{
	return checked(realloc(p, len ? len : 1));
}

char *iq_xstrdup(const char *str)
{
	return checked(strdup(str));
}

struct iq_arena *iq_arena_new(void)
{
	struct iq_arena *arena = iq_xcalloc(1, sizeof(*arena));

	arena->next_cap = CHUNK_MIN;
	return arena;
}

void iq_arena_free(struct iq_arena *arena)
{
	struct chunk *chunk, *next;

	if (!arena)
		return;
	for (chunk = arena->chunks; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	free(arena);
}

static struct chunk *chunk_add(struct iq_arena *arena, size_t len)
{
	size_t cap = IQ_MAX(arena->next_cap, len);
	struct chunk *chunk = iq_xcalloc(1, sizeof(*chunk) + cap);

	chunk->cap = cap;
	chunk->next = arena->chunks;
	arena->chunks = chunk;
	if (arena->next_cap < CHUNK_MAX)
		arena->next_cap *= 2;
	return chunk;
}

void *iq_arena_alloc(struct iq_arena *arena, size_t len)
{
	struct chunk *chunk = arena->chunks;
	void *p;

	len = (len + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (!chunk || chunk->cap - chunk->used < len)
		chunk = chunk_add(arena, len);
	p = chunk->data + chunk->used;
	chunk->used += len;
	return p;
}

char *iq_arena_strdup(struct iq_arena *arena, const char *str)
{
	size_t len = strlen(str) + 1;

	return memcpy(iq_arena_alloc(arena, len), str, len);
}

char *iq_arena_vprintf(struct iq_arena *arena, const char *fmt, va_list ap)
{
	va_list again;
	char *str;
	int len;

	va_copy(again, ap);
	len = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (len < 0)
		return iq_arena_strdup(arena, "");
	str = iq_arena_alloc(arena, (size_t)len + 1);
	vsnprintf(str, (size_t)len + 1, fmt, ap);
	return str;
}

const char *iq_arena_quoted(struct iq_arena *arena, const char *word)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-@:+,=";
	char *quoted, *to;

	if (*word && !word[strspn(word, plain)])
		return iq_arena_strdup(arena, word);
	to = quoted = iq_arena_alloc(arena, 4 * strlen(word) + 3);
	*to++ = '\'';
	for (const char *p = word; *p; p++) {
		if (*p == '\'')
			to = stpcpy(to, "'\\''");
		else
			*to++ = *p;
	}
	*to++ = '\'';
	*to = '\0';
	return quoted;
}

char *iq_arena_printf(struct iq_arena *arena, const char *fmt, ...)
{
	va_list ap;
	char *str;

	va_start(ap, fmt);
	str = iq_arena_vprintf(arena, fmt, ap);
	va_end(ap);
	return str;
}
