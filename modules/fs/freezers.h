/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who may have frozen a filesystem
 */
#ifndef INQUEST_MODULES_FS_FREEZERS_H
#define INQUEST_MODULES_FS_FREEZERS_H

#include "inquest/module.h"

/*
 * Add to the verdict on a frozen filesystem (struct super_block) who may have frozen it: evidence,
 * and a remedy where one process alone comes into question. by_kernel: no task did.
 */
void fs_add_freezers(struct iq_diag *d, iq_vaddr sb, struct iq_verdict *v, bool by_kernel);

#endif
