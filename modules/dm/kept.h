/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a mapped device has in hand itself, and not the devices that its table lists
 *
 * What cannot be read counts as nothing. Texts are in the graph's arena.
 */
#ifndef IQ_DM_KEPT_H
#define IQ_DM_KEPT_H

#include "inquest/module.h"

/*
 * Of a target (struct dm_target) that is the origin of snapshots: edges from its device to those to
 * which old blocks are being copied and that may owe an answer. How many.
 */
size_t iq_dm_add_copies(struct iq_diag *d, struct iq_object *device, iq_vaddr target);

/*
 * Nothing below has what this device was given: its targets keep it. A verdict, if there is
 * something.
 */
void iq_dm_judge_kept(struct iq_diag *d, struct iq_object *device, iq_vaddr md);

#endif
