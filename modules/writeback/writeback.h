/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rules for I/O that a cgroup's limits keep back, for the room's tables
 */
#ifndef INQUEST_MODULES_WRITEBACK_H
#define INQUEST_MODULES_WRITEBACK_H

#include "inquest/storage.h"

/* throttle.c: what io.max keeps back of a device's I/O. */
struct iq_error *explain_io_limits(struct iq_diag *d, struct iq_object *o);
/* ... and io.cost of a task. */
struct iq_error *explain_io_cost(const struct iq_sleeper *who, struct iq_wait **wait_ret);

#endif
