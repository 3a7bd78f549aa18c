/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The objects of disks, and whether one may be waited for
 *
 * A device that stands on others leads to those of them that may owe it an answer. A disk that has
 * nothing in flight owes none, unless it keeps I/O back before that is counted. How a disk does so
 * is known to the room of its driver, which says it by a hook of struct iq_module.
 */
#include "inquest/storage.h"
#include "kernel/session.h"

struct iq_object *iq_diag_disk(struct iq_diag *d, iq_vaddr disk)
{
	struct iq_object *o;
	char name[33];

	if (!iq_disk_name(d->s, disk, name))
		return NULL;
	o = iq_diag_device(d, 0, name);
	o->addr = disk;
	return o;
}

struct iq_object *iq_diag_bdev(struct iq_diag *d, iq_vaddr bdev)
{
	iq_vaddr disk = iq_disk_of_bdev(d->s, bdev);

	return disk ? iq_diag_disk(d, disk) : NULL;
}

struct iq_object *iq_diag_device_of_inode(struct iq_diag *d, iq_vaddr inode)
{
	int64_t outer = iq_offsetof(d->s, "struct bdev_inode", "vfs_inode");
	int64_t inner = iq_offsetof(d->s, "struct bdev_inode", "bdev");
	uint64_t sb, bdev;

	if (iq_is_bdev_inode(d->s, inode))
		return outer < 0 || inner < 0
			       ? NULL
			       : iq_diag_bdev(d, inode - (uint64_t)outer + (uint64_t)inner);
	if (!iq_peek_member(d->s, "struct inode", "i_sb", inode, &sb) ||
	    !iq_peek_member(d->s, "struct super_block", "s_bdev", sb, &bdev) || !bdev)
		return NULL;
	return iq_diag_bdev(d, bdev);
}

struct iq_object *iq_diag_storage_of_inode(struct iq_diag *d, iq_vaddr inode)
{
	enum { FS_REQUIRES_DEV = 1 };
	struct iq_object *device = iq_diag_device_of_inode(d, inode);
	uint64_t sb, bdev, type, flags;

	if (device || iq_is_bdev_inode(d->s, inode) ||
	    !iq_peek_member(d->s, "struct inode", "i_sb", inode, &sb) ||
	    !iq_peek_member(d->s, "struct super_block", "s_bdev", sb, &bdev) || bdev ||
	    !iq_peek_member(d->s, "struct super_block", "s_type", sb, &type) ||
	    !iq_peek_member(d->s, "struct file_system_type", "fs_flags", type, &flags) ||
	    !(flags & FS_REQUIRES_DEV))
		return device;
	return iq_diag_filesystem(d, sb);
}

bool iq_disk_may_owe(struct iq_diag *d, iq_vaddr disk)
{
	struct iq_in_flight f;

	if (!iq_disk_in_flight(d->s, disk, d->tasks, &f) || f.num)
		return true;
	/* Of idle rooms too: a disk of which nothing more is known may. */
	iq_vec_foreach(&d->s->rooms.list, m)
		if ((*m)->disk_may_owe && (*m)->disk_may_owe(d->s, disk))
			return true;
	return false;
}
