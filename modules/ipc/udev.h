/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Cookies of device mapper: semaphores that udev is to bring to zero
 */
#ifndef IQ_MODULES_IPC_UDEV_H
#define IQ_MODULES_IPC_UDEV_H

#include "inquest/module.h"

/* Is it one, and waited for until it is zero? Its key goes out. */
bool is_udev_cookie(struct iq_diag *d, iq_vaddr array, int op, uint32_t *key_ret);

/*
 * What can be done about it, and edges to those who have to do udev's work and cannot go on. None
 * where udev is well: then its rules have lost the cookie, or nobody runs them.
 */
void explain_udev_cookie(struct iq_diag *d, struct iq_wait *wait, uint32_t key);

#endif
