/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Disks: struct gendisk, and what they have in hand
 *
 * Several rooms meet at block devices: who waits for one, what one stands on, who serves it.
 */
#ifndef INQUEST_DISK_H
#define INQUEST_DISK_H

#include "inquest/module.h"

/* The disk (struct gendisk) of a block device, of a partition the whole one; 0 where it is none. */
iq_vaddr iq_disk_of_bdev(struct iq_session *s, iq_vaddr bdev);

/* Is this a gendisk? Its name, "vda", goes to name. */
bool iq_disk_name(struct iq_session *s, iq_vaddr disk, char name[static 33]);

/* Are these its operations (a symbol of struct block_device_operations)? */
bool iq_disk_has_ops(struct iq_session *s, iq_vaddr disk, const char *symbol);

/* The object of a disk, of a block device's disk; ->addr is the gendisk. NULL where it is none. */
struct iq_object *iq_diag_disk(struct iq_diag *d, iq_vaddr disk);
struct iq_object *iq_diag_bdev(struct iq_diag *d, iq_vaddr bdev);

/* The device that an inode's data is on; of a block device's own inode that device. NULL: none. */
struct iq_object *iq_diag_device_of_inode(struct iq_diag *d, iq_vaddr inode);
/* The same; of a filesystem that keeps its devices to itself (btrfs, which may have several) that
 * filesystem. */
struct iq_object *iq_diag_storage_of_inode(struct iq_diag *d, iq_vaddr inode);
/* Is this the inode of a block device itself, in the pseudo filesystem of block devices? */
bool iq_is_bdev_inode(struct iq_session *s, iq_vaddr inode);

struct iq_in_flight {
	unsigned num;
	int64_t oldest_ms; /* -1: not known */
	iq_vaddr oldest;   /* struct request; 0: the device takes bios, which are only counted */
};

/* What a disk has accepted and not answered. False: that cannot be known. */
bool iq_disk_in_flight(struct iq_diag *d, iq_vaddr disk, struct iq_in_flight *f);
/*
 * Call fn with each request (struct request) that the driver has and has not answered, until it
 * returns true. False: this disk takes no requests, or they are not known.
 */
typedef bool (*iq_request_fn)(void *ctx, iq_vaddr request);
bool iq_disk_each_request(struct iq_session *s, iq_vaddr disk, iq_request_fn fn, void *ctx);
/*
 * The scsi_device of a queue (struct request_queue), of a disk; 0: it is none, or its module has no
 * types.
 */
iq_vaddr iq_scsi_of_queue(struct iq_session *s, iq_vaddr queue);
iq_vaddr iq_scsi_of_disk(struct iq_session *s, iq_vaddr disk);
/*
 * What keeps I/O from being handed to a SCSI device, in the kernel's words: "SDEV_BLOCK",
 * "SHOST_RECOVERY", "host_self_blocked". NULL: nothing.
 */
const char *iq_scsi_device_held(struct iq_session *s, iq_vaddr sdev);
const char *iq_scsi_host_held(struct iq_session *s, iq_vaddr host);
/* May somebody wait for an answer of this disk? Not where it takes requests and has none. */
bool iq_disk_may_owe(struct iq_diag *d, iq_vaddr disk);

#endif
