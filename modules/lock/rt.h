/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rules for rt_mutexes, and what PREEMPT_RT makes of them; for the room's table of rules
 */
#ifndef IQ_MODULES_LOCK_RT_H
#define IQ_MODULES_LOCK_RT_H

#include "inquest/module.h"

extern const char *const lock_rtmutex_functions[];
struct iq_error *lock_explain_rtmutex(const struct iq_sleeper *who, struct iq_wait **wait_ret);

extern const char *const lock_rwbase_functions[];
struct iq_error *lock_explain_rwbase_writer(const struct iq_sleeper *who,
					    struct iq_wait **wait_ret);

#endif
