/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Searching all memory of the kernel
 *
 * What the source holds of RAM is read piece by piece, once. What was found is given the address
 * that the kernel knows it by: a variable that of its symbol, a place on a task's stack that on
 * the stack, all else that in the direct map.
 */
#ifndef INQUEST_RAM_H
#define INQUEST_RAM_H

#include "inquest/session.h"

struct iq_ram_search {
	/* Words of this size (4 or 8 bytes), at multiples of it. */
	unsigned size;
	/* A word fits if its bits under the mask are from `min` to `max`. */
	uint64_t mask, min, max;
	iq_vaddr from, to; /* only at addresses in [from, to]; to 0: no bound */
	/* Asked now and then; true ends the search. NULL: it goes to its end. */
	bool (*stop)(void *ctx);
	/* A word that fits; true ends the search. */
	bool (*hit)(void *ctx, iq_vaddr addr, uint64_t word);
	void *ctx;
};

struct iq_ram_searched {
	uint64_t num_bytes, num_unreadable; /* looked at; of what should be there */
	bool stopped;
};

/*
 * IQ_ERR_UNSUPPORTED: the source does not say what memory there is, or where the direct map of it
 * is. Pages that cannot be read are counted and passed over. Takes seconds for some GiB.
 */
struct iq_error *iq_ram_search(struct iq_session *s, const struct iq_ram_search *search,
			       struct iq_ram_searched *searched_ret);

#endif
