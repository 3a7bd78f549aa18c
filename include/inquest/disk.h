/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Disks: struct gendisk, its name, and what it has in hand
 *
 * Facts as they are read, of any kind of disk. The objects of the graph that stand for disks are in
 * storage.h. Nothing here is to be freed. What cannot be read, and what contradicts itself, is "not
 * known": 0 or false, never an error.
 */
#ifndef INQUEST_DISK_H
#define INQUEST_DISK_H

#include "inquest/task.h"

/* The disk (struct gendisk) of a block device, of a partition the whole one; 0 where it is none. */
iq_vaddr iq_disk_of_bdev(struct iq_session *s, iq_vaddr bdev);

/* Is this a gendisk? Its name, "vda", goes to name. */
bool iq_disk_name(struct iq_session *s, iq_vaddr disk, char name[static 33]);

/* Are these its operations (a symbol of struct block_device_operations)? */
bool iq_disk_has_ops(struct iq_session *s, iq_vaddr disk, const char *symbol);

/* Is this the inode of a block device itself, in the pseudo filesystem of block devices? */
bool iq_is_bdev_inode(struct iq_session *s, iq_vaddr inode);

struct iq_in_flight {
	unsigned num;
	int64_t oldest_ms; /* -1: not known */
	iq_vaddr oldest;   /* struct request; 0: the device takes bios, which are only counted */
};

/*
 * What a disk has accepted and not answered, and since when: before the moment of the snapshot
 * `at`. False: that cannot be known.
 */
bool iq_disk_in_flight(struct iq_session *s, iq_vaddr disk, const struct iq_task_list *at,
		       struct iq_in_flight *f_ret);

/*
 * Call fn with each request (struct request) that the driver has and has not answered, until it
 * returns true. False: this disk takes no requests, or they are not known.
 */
typedef bool (*iq_request_fn)(void *ctx, iq_vaddr request);
bool iq_disk_each_request(struct iq_session *s, iq_vaddr disk, iq_request_fn fn, void *ctx);

#endif
