/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * XFS: what the files of this room share
 *
 * Objects are the graph's, tables are static; NULL and false are "there is none", not errors.
 */
#ifndef INQUEST_MODULES_XFS_H
#define INQUEST_MODULES_XFS_H

#include "inquest/module.h"

#define XFS_BUF	  "struct xfs_buf"
#define XFS_LOG	  "struct xlog"
#define XFS_MOUNT "struct xfs_mount"
#define XFS_INODE "struct xfs_inode"

/* The device of a struct xfs_buftarg, NULL: it is none. */
struct iq_object *xfs_device(struct iq_diag *d, uint64_t target);

/* Is this an xfs_mount? Its log and its superblock lead back to it. */
bool xfs_is_mount(struct iq_session *s, iq_vaddr mount);

/* ---- the items that hold the log's tail (ail.c) ---- */

/*
 * Metadata that could not be written back and is tried again and again: makes it the verdict on the
 * filesystem. False: there is none such.
 */
bool xfs_judge_failed(struct iq_diag *d, struct iq_object *fs, iq_vaddr ail);

/* Edges to who has the oldest item locked. False: nobody that could be found. */
bool xfs_add_tail_holder(struct iq_diag *d, struct iq_wait *w, iq_vaddr ail);

/* ---- locks of inodes and buffers (locks.c) ---- */

/* The task whose transaction has a buffer locked, NULL: none. */
const struct iq_task *xfs_buf_owner(struct iq_diag *d, iq_vaddr buf);

extern const struct iq_lock_namer xfs_lock_namers[];
extern const struct iq_holder_rule xfs_holder_rules[];
extern const struct iq_holder xfs_holders[];

#endif
