/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who has locks of superblocks and inodes for read
 */
#ifndef IQ_MODULES_FS_SHARED_H
#define IQ_MODULES_FS_SHARED_H

#include "inquest/module.h"

/* A holder rule's find(), for rw_semaphores of super_block and inode. */
bool fs_find_shared(struct iq_diag *d, struct iq_wait *w, iq_vaddr lock,
		    const struct iq_lock_name *name, unsigned num);

#endif
