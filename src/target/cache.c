/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A cache of pages
 *
 * Two-way set associative: enough for small reads that stay near each other, and
 * of a fixed size that can be locked into memory. The tag's low bits are the
 * page number; neighbouring pages go to neighbouring sets.
 */
#include "target/mem-internal.h"

struct iq_page_cache *iq_page_cache_new(void)
{
	struct iq_page_cache *cache = iq_xcalloc(1, sizeof(*cache));

	cache->data = iq_xmalloc((size_t)IQ_CACHE_SETS * IQ_CACHE_WAYS * IQ_PAGE_SIZE);
	return cache;
}

void iq_page_cache_free(struct iq_page_cache *cache)
{
	if (!cache)
		return;
	free(cache->data);
	free(cache);
}

void iq_page_cache_clear(struct iq_page_cache *cache)
{
	memset(cache->tags, 0, sizeof(cache->tags));
}

static size_t set_of(uint64_t tag)
{
	/* The direct map's pages of one slab order are far apart: mix higher bits in. */
	return (tag ^ tag >> 9 ^ tag >> 18) & (IQ_CACHE_SETS - 1);
}

static unsigned char *page_of(struct iq_page_cache *cache, size_t set, unsigned way)
{
	return cache->data + (set * IQ_CACHE_WAYS + way) * IQ_PAGE_SIZE;
}

const unsigned char *iq_page_cache_get(struct iq_page_cache *cache, uint64_t tag)
{
	size_t set = set_of(tag);

	for (unsigned way = 0; way < IQ_CACHE_WAYS; way++) {
		if (cache->tags[set][way] != tag)
			continue;
		cache->newest[set] = (uint8_t)way;
		return page_of(cache, set, way);
	}
	return NULL;
}

unsigned char *iq_page_cache_put(struct iq_page_cache *cache, uint64_t tag)
{
	size_t set = set_of(tag);
	unsigned way = (cache->newest[set] + 1U) % IQ_CACHE_WAYS;

	cache->tags[set][way] = tag;
	cache->newest[set] = (uint8_t)way;
	return page_of(cache, set, way);
}

void iq_page_cache_drop(struct iq_page_cache *cache, uint64_t tag)
{
	size_t set = set_of(tag);

	for (unsigned way = 0; way < IQ_CACHE_WAYS; way++)
		if (cache->tags[set][way] == tag)
			cache->tags[set][way] = 0;
}
