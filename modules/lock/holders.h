/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is said of who has a lock: edges of a wait, or a verdict on the lock
 */
#ifndef IQ_MODULES_LOCK_HOLDERS_H
#define IQ_MODULES_LOCK_HOLDERS_H

#include "waiter.h"

/* Who its words name: holds it (`how` in words), or has ended with it. member: "mutex.owner". */
void lock_add_owner(struct iq_diag *d, struct iq_wait *w, iq_vaddr lock,
		    const struct iq_lock_words *words, const char *member, const char *how);

/* Nobody has it: whoever is first in its queue, unless that is the one who waits. */
void lock_add_first(struct iq_diag *d, struct iq_wait *w, const struct lock_queue *queue);

/* Ask the rooms for those who hold the lock of this queue; false: nobody knows all of them. */
bool lock_ask_rooms(struct iq_diag *d, struct iq_wait *w, const struct lock_queue *queue,
		    struct iq_holders_wanted wanted);

/* Look for holders that nobody records on the stacks of sleeping tasks. */
void lock_search_holders(struct iq_diag *d, struct iq_wait *w, const struct iq_task *self,
			 struct lock_queue *queue, unsigned num, const char *how);

/* This wait is another one as soon as the first in the queue has run. */
void lock_tell_apart(struct iq_diag *d, struct iq_wait *w, const struct lock_queue *queue);

#endif
