/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rules for io_uring
 */
#ifndef IQ_MODULES_AIO_URING_H
#define IQ_MODULES_AIO_URING_H

#include "inquest/module.h"

extern const char *const uring_wait_functions[],
	*const uring_cancel_functions[], *const uring_exit_functions[], *const uring_types[];

struct iq_error *explain_uring_wait(const struct iq_sleeper *who, struct iq_wait **wait_ret);
struct iq_error *explain_uring_cancel(const struct iq_sleeper *who, struct iq_wait **wait_ret);
struct iq_error *explain_uring_exit(const struct iq_sleeper *who, struct iq_wait **wait_ret);

#endif
