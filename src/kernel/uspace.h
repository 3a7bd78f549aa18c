/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an address space keeps for the objects in it
 */
#ifndef IQ_KERNEL_USPACE_H
#define IQ_KERNEL_USPACE_H

#include "inquest/uobject.h"

struct iq_uobjects {
	IQ_VEC(struct iq_uobject) list;
	bool done;
};

void iq_uobjects_deinit(struct iq_uobjects *objects);
struct iq_uobjects *iq_uspace_own_objects(struct iq_uspace *us);
/* Lives as long as the address space. */
struct iq_arena *iq_uspace_arena(struct iq_uspace *us);

#endif
