/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef INQUEST_MODULES_FS_SPACE_H
#define INQUEST_MODULES_FS_SPACE_H

#include "inquest/module.h"

/* Fill in used_pct of a filesystem's object, where its kind is known. */
void fs_add_usage(struct iq_diag *d, struct iq_object *o);

/* Add to the verdict on a frozen filesystem who may have frozen it. */
void fs_add_freezers(struct iq_diag *d, iq_vaddr sb, struct iq_verdict *v, bool by_kernel);

#endif
