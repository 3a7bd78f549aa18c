/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The list of rooms
 *
 * Which modules take part is said by whoever opens a session: the table that the build makes of
 * modules/, or another one (tests). Modules that are loaded later join the session's list. What a
 * module is, inquest/module.h knows; here it is only listed. Modules stay the caller's and have to
 * outlive the list.
 */
#ifndef IQ_KERNEL_ROOMS_H
#define IQ_KERNEL_ROOMS_H

#include "inquest/util.h"

struct iq_module;

struct iq_rooms {
	IQ_VEC(const struct iq_module *) list;
	size_t num_first; /* those of the table, which never leave */
	unsigned changes; /* raised whenever a module joins or leaves */
};

/* Those of a table that ends with NULL; no table, no rooms. */
void iq_rooms_init(struct iq_rooms *rooms, const struct iq_module *const *table);
void iq_rooms_deinit(struct iq_rooms *rooms);
void iq_rooms_add(struct iq_rooms *rooms, const struct iq_module *module);
/* False: it is not among those that were added. */
bool iq_rooms_remove(struct iq_rooms *rooms, const struct iq_module *module);

#endif
