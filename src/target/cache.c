/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A cache of pages
 *
 * Two-way set associative: enough for small reads that stay near each other, and
 * of a fixed size that can be locked into memory. The tag's low bits are the
 * page number; neighbouring pages go to neighbouring sets.
 */
#include "target/internal.h"

enum { WAYS = 2 };

struct iq_page_cache {
	size_t num_sets;
	struct set {
		uint64_t tags[WAYS];
		unsigned newest; /* the way used last */
	} * sets;
	unsigned char *data; /* num_sets * WAYS pages */
};

struct iq_page_cache *iq_page_cache_new(size_t num_sets)
{
	struct iq_page_cache *cache = iq_xcalloc(1, sizeof(*cache));

	cache->num_sets = num_sets;
	cache->sets = iq_xcalloc(num_sets, sizeof(*cache->sets));
	cache->data = iq_xmalloc(num_sets * WAYS * IQ_PAGE_SIZE);
	return cache;
}

void iq_page_cache_free(struct iq_page_cache *cache)
{
	if (!cache)
		return;
	free(cache->sets);
	free(cache->data);
	free(cache);
}

void iq_page_cache_clear(struct iq_page_cache *cache)
{
	memset(cache->sets, 0, cache->num_sets * sizeof(*cache->sets));
}

static size_t set_of(const struct iq_page_cache *cache, uint64_t tag)
{
	/* The direct map's pages of one slab order are far apart: mix higher bits in. */
	return (tag ^ tag >> 9 ^ tag >> 18) & (cache->num_sets - 1);
}

static unsigned char *page_of(struct iq_page_cache *cache, size_t set, unsigned way)
{
	return cache->data + (set * WAYS + way) * IQ_PAGE_SIZE;
}

const unsigned char *iq_page_cache_get(struct iq_page_cache *cache, uint64_t tag)
{
	size_t i = set_of(cache, tag);
	struct set *set = &cache->sets[i];

	for (unsigned way = 0; way < WAYS; way++) {
		if (set->tags[way] != tag)
			continue;
		set->newest = way;
		return page_of(cache, i, way);
	}
	return NULL;
}

unsigned char *iq_page_cache_put(struct iq_page_cache *cache, uint64_t tag)
{
	size_t i = set_of(cache, tag);
	struct set *set = &cache->sets[i];
	unsigned way = (set->newest + 1) % WAYS;

	set->tags[way] = tag;
	set->newest = way;
	return page_of(cache, i, way);
}

void iq_page_cache_drop(struct iq_page_cache *cache, uint64_t tag)
{
	struct set *set = &cache->sets[set_of(cache, tag)];

	for (unsigned way = 0; way < WAYS; way++)
		if (set->tags[way] == tag)
			set->tags[way] = 0;
}
