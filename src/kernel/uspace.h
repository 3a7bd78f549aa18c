/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The address space's side of the objects in it
 *
 * uspace.c knows mappings, uobject.c, which stands on it, the programs and libraries in them. What
 * uobject.c has found out it keeps with the address space, which frees it and knows nothing else
 * about it.
 */
#ifndef IQ_KERNEL_USPACE_H
#define IQ_KERNEL_USPACE_H

#include "inquest/uobject.h"

struct iq_uobjects;

/* What has been kept; NULL: nothing yet. */
struct iq_uobjects *iq_uspace_kept(struct iq_uspace *us);
/* Keep this, once; free() is called when the address space is freed. */
void iq_uspace_keep(struct iq_uspace *us, struct iq_uobjects *objects,
		    void (*free)(struct iq_uobjects *objects));
/* Lives as long as the address space. */
struct iq_arena *iq_uspace_arena(struct iq_uspace *us);

#endif
