/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tasks, inside of the session
 */
#ifndef IQ_KERNEL_TASKS_H
#define IQ_KERNEL_TASKS_H

#include "kernel/session.h"

#endif
