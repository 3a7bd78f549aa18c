/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hash maps: open addressing, linear probing, a power of two of slots of which
 * at most three quarters are used. Nothing is ever taken out.
 */
#include "inquest/util.h"

uint64_t iq_hash_u64(uint64_t v)
{
	v ^= v >> 33;
	v *= 0xff51afd7ed558ccdULL;
	v ^= v >> 33;
	v *= 0xc4ceb9fe1a85ec53ULL;
	v ^= v >> 33;
	return v;
}

uint64_t iq_hash_bytes(const void *data, size_t len)
{
	const unsigned char *p = data;
	uint64_t h = 0xcbf29ce484222325ULL; /* FNV-1a */

	while (len--)
		h = (h ^ *p++) * 0x100000001b3ULL;
	return iq_hash_u64(h);
}

static bool is_full(size_t num, size_t cap)
{
	return (num + 1) * 4 > cap * 3;
}

void iq_map_deinit(struct iq_map *map)
{
	free(map->slots);
	*map = (struct iq_map){ 0 };
}

static struct iq_map_slot *map_slot(const struct iq_map *map, uint64_t key)
{
	size_t i = iq_hash_u64(key) & (map->cap - 1);

	while (map->slots[i].used && map->slots[i].key != key)
		i = (i + 1) & (map->cap - 1);
	return &map->slots[i];
}

uint64_t *iq_map_get(const struct iq_map *map, uint64_t key)
{
	struct iq_map_slot *slot;

	if (!map->cap)
		return NULL;
	slot = map_slot(map, key);
	return slot->used ? &slot->value : NULL;
}

void iq_map_set(struct iq_map *map, uint64_t key, uint64_t value)
{
	struct iq_map_slot *slot;

	if (is_full(map->num, map->cap)) {
		struct iq_map old = *map;

		map->cap = old.cap ? old.cap * 2 : 16;
		map->slots = iq_xcalloc(map->cap, sizeof(*map->slots));
		for (size_t i = 0; i < old.cap; i++)
			if (old.slots[i].used)
				*map_slot(map, old.slots[i].key) = old.slots[i];
		free(old.slots);
	}
	slot = map_slot(map, key);
	if (!slot->used)
		map->num++;
	*slot = (struct iq_map_slot){ .key = key, .value = value, .used = true };
}

void iq_strmap_deinit(struct iq_strmap *map)
{
	for (size_t i = 0; i < map->cap; i++)
		free(map->slots[i].key);
	free(map->slots);
	*map = (struct iq_strmap){ 0 };
}

static struct iq_strmap_slot *strmap_slot(const struct iq_strmap *map, const char *key)
{
	size_t i = iq_hash_bytes(key, strlen(key)) & (map->cap - 1);

	while (map->slots[i].key && strcmp(map->slots[i].key, key))
		i = (i + 1) & (map->cap - 1);
	return &map->slots[i];
}

void *iq_strmap_get(const struct iq_strmap *map, const char *key)
{
	return map->cap ? strmap_slot(map, key)->value : NULL;
}

void iq_strmap_set(struct iq_strmap *map, const char *key, void *value)
{
	struct iq_strmap_slot *slot;

	if (is_full(map->num, map->cap)) {
		struct iq_strmap old = *map;

		map->cap = old.cap ? old.cap * 2 : 16;
		map->slots = iq_xcalloc(map->cap, sizeof(*map->slots));
		for (size_t i = 0; i < old.cap; i++)
			if (old.slots[i].key)
				*strmap_slot(map, old.slots[i].key) = old.slots[i];
		free(old.slots);
	}
	slot = strmap_slot(map, key);
	if (!slot->key) {
		slot->key = iq_xstrdup(key);
		map->num++;
	}
	slot->value = value;
}
