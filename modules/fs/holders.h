/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who has the locks of superblocks, inodes and mounts
 */
#ifndef IQ_MODULES_FS_HOLDERS_H
#define IQ_MODULES_FS_HOLDERS_H

#include "inquest/module.h"

extern const struct iq_holder fs_holders[];

/* The evidence for who is freezing a superblock whose s_writers.frozen is that. */
const char *fs_say_freezing(struct iq_diag *d, iq_vaddr sb, uint64_t frozen,
			    const struct iq_task *t);

#endif
