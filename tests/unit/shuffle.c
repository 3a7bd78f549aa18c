/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "shuffle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MARK_LEN = 6, REVERSED = 1 };

struct dice {
	uint32_t state;
	bool reversed; /* names in reverse, and not by chance */
};

static uint32_t next(struct dice *dice)
{
	dice->state = dice->state * 1664525 + 1013904223;
	return dice->state >> 8;
}

/* What comes later in the alphabet, by its first two letters, comes earlier. */
static uint32_t reversed(const char *name)
{
	return (uint32_t)('z' - name[0]) % 26 * 26 + (uint32_t)('z' - name[1]) % 26;
}

/* "~q007~", a mark that no text of ours has. The first seed turns the order of names around. */
static const char *marked(struct iq_arena *arena, struct dice *dice, const char *name)
{
	uint32_t random = next(dice) % 1000;

	return iq_arena_printf(arena, "~q%03u~%s", dice->reversed ? reversed(name) : random, name);
}

void fk_unshuffle_words(char *text)
{
	for (char *p = text; (p = strstr(p, "~q"));) {
		if (strlen(p) >= MARK_LEN && p[5] == '~')
			memmove(p, p + MARK_LEN, strlen(p + MARK_LEN) + 1);
		else
			p++;
	}
}

/* Copies of a kind of table: its rows have names, the last of them none. */
#define DEFINE_COPY(type, fn)                                                                      \
	static const struct type *fn(struct iq_arena *arena, struct dice *dice,                    \
				     const struct type *from)                                      \
	{                                                                                          \
		struct type *copy;                                                                 \
		size_t num = 0;                                                                    \
                                                                                                   \
		while (from && from[num].name)                                                     \
			num++;                                                                     \
		copy = iq_arena_alloc(arena, (num + 1) * sizeof(*copy));                           \
		memset(copy, 0, (num + 1) * sizeof(*copy));                                        \
		for (size_t i = 0; i < num; i++) {                                                 \
			copy[i] = from[i];                                                         \
			copy[i].name = marked(arena, dice, from[i].name);                          \
		}                                                                                  \
		return copy;                                                                       \
	}

DEFINE_COPY(iq_wait_rule, copy_wait_rules)
DEFINE_COPY(iq_object_rule, copy_object_rules)
DEFINE_COPY(iq_lock_namer, copy_namers)
DEFINE_COPY(iq_holder_rule, copy_holder_rules)

static const struct iq_module *copy_room(struct iq_arena *arena, struct dice *dice,
					 const struct iq_module *from)
{
	struct iq_module *m = iq_arena_alloc(arena, sizeof(*m));

	*m = *from;
	m->name = marked(arena, dice, from->name);
	m->wait_rules = copy_wait_rules(arena, dice, from->wait_rules);
	m->object_rules = copy_object_rules(arena, dice, from->object_rules);
	m->lock_namers = copy_namers(arena, dice, from->lock_namers);
	m->holder_rules = copy_holder_rules(arena, dice, from->holder_rules);
	return m;
}

struct fk_shuffled *fk_shuffle_rooms(const struct iq_rooms *rooms, unsigned seed)
{
	struct fk_shuffled *shuffled = iq_xcalloc(1, sizeof(*shuffled));
	struct dice dice = { seed * 2654435761u, seed == REVERSED };

	shuffled->arena = iq_arena_new();
	iq_vec_foreach(&rooms->list, m)
		iq_rooms_add(&shuffled->rooms, copy_room(shuffled->arena, &dice, *m));
	for (size_t i = shuffled->rooms.list.num; i > 1; i--) {
		size_t other = next(&dice) % i;
		const struct iq_module *m = shuffled->rooms.list.data[i - 1];

		shuffled->rooms.list.data[i - 1] = shuffled->rooms.list.data[other];
		shuffled->rooms.list.data[other] = m;
	}
	return shuffled;
}

void fk_shuffled_free(struct fk_shuffled *shuffled)
{
	iq_rooms_deinit(&shuffled->rooms);
	iq_arena_free(shuffled->arena);
	free(shuffled);
}
