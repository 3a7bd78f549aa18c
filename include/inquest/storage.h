/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Disks in the graph: their objects, and which of them may be waited for
 *
 * Several rooms meet at block devices: who waits for one, what one stands on, who serves it.
 * Objects belong to the graph, and live as long as it. NULL is no error: there is no such device.
 */
#ifndef INQUEST_STORAGE_H
#define INQUEST_STORAGE_H

#include "inquest/disk.h"
#include "inquest/module.h"

/* The object of a disk, of a block device's disk; ->addr is the gendisk. NULL where it is none. */
struct iq_object *iq_diag_disk(struct iq_diag *d, iq_vaddr disk);
struct iq_object *iq_diag_bdev(struct iq_diag *d, iq_vaddr bdev);

/* The device that an inode's data is on; of a block device's own inode that device. NULL: none. */
struct iq_object *iq_diag_device_of_inode(struct iq_diag *d, iq_vaddr inode);

/* The same; of a filesystem that keeps its devices to itself (btrfs, which may have several) that
 * filesystem. */
struct iq_object *iq_diag_storage_of_inode(struct iq_diag *d, iq_vaddr inode);

/*
 * May somebody wait for an answer of this disk? Not where it has nothing in flight, and no room
 * says that it keeps I/O back (disk_may_owe of struct iq_module).
 */
bool iq_disk_may_owe(struct iq_diag *d, iq_vaddr disk);

#endif
