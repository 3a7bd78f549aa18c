/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How full a filesystem is
 */
#ifndef INQUEST_MODULES_FS_SPACE_H
#define INQUEST_MODULES_FS_SPACE_H

#include "inquest/module.h"

/* Fill in used_pct of a filesystem's object, where its kind is known and its counters make sense.
 */
void fs_add_usage(struct iq_diag *d, struct iq_object *o);

#endif
