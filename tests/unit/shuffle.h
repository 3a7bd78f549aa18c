/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rooms in another order
 *
 * Copies of all rooms, dealt anew by a seed. Rules of equal rank are asked in the order of their
 * names: so the copies' names begin with a mark that the seed chose, and what had to be given a
 * rank and was not shows. fk_unshuffle_words() takes the marks out of an answer.
 */
#ifndef IQ_TEST_SHUFFLE_H
#define IQ_TEST_SHUFFLE_H

#include "inquest/module.h"
#include "kernel/rooms.h"

struct fk_shuffled {
	struct iq_rooms rooms;
	struct iq_arena *arena; /* the copies */
};

struct fk_shuffled *fk_shuffle_rooms(const struct iq_rooms *rooms, unsigned seed);
void fk_shuffled_free(struct fk_shuffled *shuffled);
void fk_unshuffle_words(char *text);

#endif
