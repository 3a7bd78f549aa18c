/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Caches by key
 *
 * A vector in the order in which values were made. There is one entry for each kind of thing that
 * is kept, which are a dozen, so that it is searched from its start; what is asked for most often
 * (the table of tasks) is also made first.
 */
#include "inquest/cache.h"

#include <assert.h>

#include "kernel/session.h"

static void *find(struct iq_session *s, const struct iq_cache *cache)
{
	iq_vec_foreach(&s->caches, kept)
		if (kept->cache == cache)
			return kept->value;
	return NULL;
}

void iq_cache_put(struct iq_session *s, const struct iq_cache *cache, void *value)
{
	assert(value && !find(s, cache));
	iq_vec_push(&s->caches, (struct iq_kept){ .cache = cache, .value = value });
}

void *iq_cache_get(struct iq_session *s, const struct iq_cache *cache)
{
	void *value = find(s, cache);

	if (value || !cache->make)
		return value;
	/* Only now: what it asks for itself has to come before it. */
	value = cache->make(s);
	if (value)
		iq_cache_put(s, cache, value);
	return value;
}

static void drop(const struct iq_kept *kept)
{
	if (kept->cache->free)
		kept->cache->free(kept->value);
}

void iq_caches_drop_snapshot(struct iq_session *s)
{
	size_t num = 0;

	for (size_t i = s->caches.num; i; i--)
		if (s->caches.data[i - 1].cache->life == IQ_CACHE_SNAPSHOT)
			drop(&s->caches.data[i - 1]);
	iq_vec_foreach(&s->caches, kept)
		if (kept->cache->life != IQ_CACHE_SNAPSHOT)
			s->caches.data[num++] = *kept;
	s->caches.num = num;
}

void iq_caches_deinit(struct iq_session *s)
{
	for (size_t i = s->caches.num; i; i--)
		drop(&s->caches.data[i - 1]);
	iq_vec_free(&s->caches);
}
