/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The small tools that every folder may use: scopes that free, arenas, strings
 * that grow, vectors, hash maps.
 *
 * Containers do not report exhausted memory: they end the process with one line
 * and exit status 3 (docs/decisions/out-of-memory.md). What the target asks for
 * is bounded before it gets here.
 */
#ifndef INQUEST_UTIL_H
#define INQUEST_UTIL_H

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "inquest/types.h"

#define IQ_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define IQ_MIN(a, b)	 ((a) < (b) ? (a) : (b))
#define IQ_MAX(a, b)	 ((a) > (b) ? (a) : (b))

/* ---- scopes that free ---- */

#define _cleanup_(fn) __attribute__((cleanup(fn)))
static inline void iq_freep(void *p)
{
	free(*(void **)p);
}
#define _cleanup_free_ _cleanup_(iq_freep)

/* Give the pointer away: its value, and NULL stays behind. */
#define take_ptr(p)                                                                                \
	({                                                                                         \
		__typeof__(p) _taken = (p);                                                        \
		(p) = NULL;                                                                        \
		_taken;                                                                            \
	})

/* malloc and friends that do not return NULL. */
void *iq_xmalloc(size_t len);
void *iq_xcalloc(size_t num, size_t size);
void *iq_xrealloc(void *p, size_t len);
char *iq_xstrdup(const char *str);

/* ---- arenas: memory that is forgotten all at once ---- */

struct iq_arena;

struct iq_arena *iq_arena_new(void);
void iq_arena_free(struct iq_arena *arena);

/* Zeroed memory, aligned for anything, that lives as long as the arena. */
void *iq_arena_alloc(struct iq_arena *arena, size_t len);
char *iq_arena_strdup(struct iq_arena *arena, const char *str);
/* A word as a shell takes it: in quotes where it needs them. */
const char *iq_arena_quoted(struct iq_arena *arena, const char *word);
char *iq_arena_printf(struct iq_arena *arena, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
char *iq_arena_vprintf(struct iq_arena *arena, const char *fmt, va_list ap);

/* ---- strings that grow ---- */

struct iq_strbuf {
	char *str; /* NUL-terminated once anything was added; NULL before */
	size_t len;
	size_t cap;
};
#define IQ_STRBUF_INIT                                                                             \
	{                                                                                          \
		0                                                                                  \
	}

void iq_strbuf_deinit(struct iq_strbuf *sb);
void iq_strbuf_add(struct iq_strbuf *sb, const void *data, size_t len);
void iq_strbuf_addc(struct iq_strbuf *sb, char c);
void iq_strbuf_adds(struct iq_strbuf *sb, const char *str);
void iq_strbuf_printf(struct iq_strbuf *sb, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void iq_strbuf_vprintf(struct iq_strbuf *sb, const char *fmt, va_list ap);

/* The text, "" if nothing was added; borrowed. */
const char *iq_strbuf_str(const struct iq_strbuf *sb);
/* The text as the caller's own (free()); the buffer is empty afterwards. */
char *iq_strbuf_steal(struct iq_strbuf *sb);

/* ---- vectors: struct { T *data; size_t num, cap; } ---- */

#define IQ_VEC(type)                                                                               \
	struct {                                                                                   \
		type *data;                                                                        \
		size_t num, cap;                                                                   \
	}

void *iq_vec_grow(void *data, size_t *cap, size_t num, size_t size);

/* Append a value; evaluates to a pointer to the new element. */
#define iq_vec_push(v, ...)                                                                        \
	({                                                                                         \
		if ((v)->num == (v)->cap)                                                          \
			(v)->data = iq_vec_grow((v)->data, &(v)->cap, (v)->num + 1,                \
						sizeof(*(v)->data));                               \
		(v)->data[(v)->num] = (__VA_ARGS__);                                               \
		&(v)->data[(v)->num++];                                                            \
	})
#define iq_vec_free(v)                                                                             \
	do {                                                                                       \
		free((v)->data);                                                                   \
		(v)->data = NULL;                                                                  \
		(v)->num = (v)->cap = 0;                                                           \
	} while (0)
#define iq_vec_foreach(v, p)                                                                       \
	for (__typeof__((v)->data + 0) p = (v)->data; p && p < (v)->data + (v)->num; p++)

/* ---- hash maps ---- */

/* From a 64-bit key to a 64-bit value. */
struct iq_map {
	struct iq_map_slot {
		uint64_t key, value;
		bool used;
	} * slots;
	size_t num, cap;
};

void iq_map_deinit(struct iq_map *map);
/* The value's place, or NULL; valid until the next set. */
uint64_t *iq_map_get(const struct iq_map *map, uint64_t key);
void iq_map_set(struct iq_map *map, uint64_t key, uint64_t value);

/* From a string to a pointer. Keys are copied. */
struct iq_strmap {
	struct iq_strmap_slot {
		char *key;
		void *value;
	} * slots;
	size_t num, cap;
};

void iq_strmap_deinit(struct iq_strmap *map);
void *iq_strmap_get(const struct iq_strmap *map, const char *key);
void iq_strmap_set(struct iq_strmap *map, const char *key, void *value);

uint64_t iq_hash_bytes(const void *data, size_t len);
uint64_t iq_hash_u64(uint64_t v);

/* ---- regular expressions ---- */

/*
 * May regcomp() have this one? Repetitions of repetitions ("((x{99}){99}){99}") make it use up all
 * memory there is, instead of saying that this is too much.
 */
bool iq_regex_is_modest(const char *pattern);

/* ---- clocks of the machine that we run on, in nanoseconds ---- */

uint64_t iq_clock_monotonic(void);
uint64_t iq_clock_boottime(void);
uint64_t iq_clock_realtime(void);
/* The time that this process has run. */
uint64_t iq_clock_cpu(void);

/* ---- the calendar, without libc, which opens files for it ---- */

struct iq_civil {
	int year, mon, mday, yday, wday; /* mon, yday and wday begin with 0, wday on a Sunday */
	int hour, min, sec;
};

/* Seconds since 1970 as date and time in UTC. */
void iq_civil_utc(int64_t t, struct iq_civil *civil_ret);
bool iq_is_leap_year(int64_t year);
/* Days from 1970-01-01 to the first day of a year. */
int64_t iq_days_to_year(int64_t year);
/* The day of the year that a month (0 to 12) begins with. */
int iq_day_of_year(int year, int mon);

#endif
