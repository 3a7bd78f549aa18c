/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The list of rooms: modules join, leave, and are counted
 */
#include "kernel/rooms.h"

void iq_rooms_init(struct iq_rooms *rooms, const struct iq_module *const *table)
{
	*rooms = (struct iq_rooms){ 0 };
	for (; table && *table; table++)
		iq_vec_push(&rooms->list, *table);
	rooms->num_first = rooms->list.num;
}

void iq_rooms_deinit(struct iq_rooms *rooms)
{
	iq_vec_free(&rooms->list);
}

void iq_rooms_add(struct iq_rooms *rooms, const struct iq_module *module)
{
	iq_vec_push(&rooms->list, module);
	rooms->changes++;
}

bool iq_rooms_remove(struct iq_rooms *rooms, const struct iq_module *module)
{
	for (size_t i = rooms->num_first; i < rooms->list.num; i++) {
		if (rooms->list.data[i] != module)
			continue;
		memmove(&rooms->list.data[i], &rooms->list.data[i + 1],
			(rooms->list.num - i - 1) * sizeof(*rooms->list.data));
		rooms->list.num--;
		rooms->changes++;
		return true;
	}
	return false;
}
