/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading struct mapped_device: what explaining and showing it share
 *
 * Texts are in the scratch arena. What cannot be read is 0, NULL or false; the one error is of a
 * list that cannot be followed.
 */
#ifndef IQ_DM_MAPPED_H
#define IQ_DM_MAPPED_H

#include "inquest/session.h"

enum { IQ_DMF_SUSPENDED = 1 }; /* a bit of mapped_device.flags */

/* The mapped device of a disk (struct gendisk); 0: the disk is none of ours. */
iq_vaddr iq_dm_of_disk(struct iq_session *s, iq_vaddr disk);

/*
 * How many bios a mapped device (struct mapped_device) has been given and has not ended: those too
 * that a target keeps, which the disk's statistics leave out.
 */
unsigned iq_dm_pending(struct iq_session *s, iq_vaddr md);

/*
 * Is it a mapped device's disk that is suspended, so that bios are put aside before they are
 * counted, or that has some in hand? True also of one whose state cannot be read.
 */
bool iq_dm_may_owe(struct iq_session *s, iq_vaddr disk);

/* "vg-home": what dmsetup calls it; in the scratch arena. NULL where it cannot be read. */
const char *iq_dm_name(struct iq_session *s, iq_vaddr md);

/* Call fn with each target (struct dm_target) of its table and its type's name, until true. */
void iq_dm_each_target(struct iq_session *s, iq_vaddr md,
		       bool (*fn)(void *ctx, iq_vaddr target, const char *type), void *ctx);

/* Call fn with each device (struct block_device) that its table stands on, until true. */
struct iq_error *iq_dm_each_below(struct iq_session *s, iq_vaddr md,
				  bool (*fn)(void *ctx, iq_vaddr bdev), void *ctx);

/* How much of a thin pool (struct pool) is used, in percent: its data, or its metadata. */
bool iq_dm_pool_used(struct iq_session *s, iq_vaddr pool, bool metadata, double *pct_ret);

#endif
