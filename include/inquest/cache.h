/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What has been found out and is kept with the session
 *
 * Whoever has something that is costly to find out declares a static struct iq_cache; its address
 * is the key. The session keeps the value and knows nothing else about it: it calls the owner's
 * free() when the value's time is over. So the session owns what is kept, the owner knows what it
 * is, and nobody has to be told of a new cache.
 *
 * Values are freed in the reverse order in which they were made, before the scratch arena is: a
 * value may stand on those that it asked for while it was made. None of this can fail.
 */
#ifndef INQUEST_CACHE_H
#define INQUEST_CACHE_H

#include "inquest/session.h"

enum iq_cache_life {
	IQ_CACHE_SESSION,  /* what does not change while a kernel runs */
	IQ_CACHE_SNAPSHOT, /* what moves: dropped when the snapshot of all tasks is */
};

struct iq_cache {
	enum iq_cache_life life;
	/*
	 * Called when it is first asked for; may ask for other caches, and may take a snapshot.
	 * NULL in return: there is nothing to keep, ask again next time. No function here: it is
	 * there once it has been put.
	 */
	void *(*make)(struct iq_session *s);
	void (*free)(void *value); /* NULL: the value lives in an arena */
};

/* The value, made if need be; NULL where there is none. */
void *iq_cache_get(struct iq_session *s, const struct iq_cache *cache);

/* Keep this value, which is the session's from now on. There must be none yet. */
void iq_cache_put(struct iq_session *s, const struct iq_cache *cache, void *value);

#endif
