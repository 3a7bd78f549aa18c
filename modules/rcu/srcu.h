/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The other kinds of RCU: sleepable, and that of tasks
 */
#ifndef IQ_MODULES_RCU_SRCU_H
#define IQ_MODULES_RCU_SRCU_H

#include "inquest/module.h"

extern const char *const srcu_functions[], *const srcu_types[], *const rcu_tasks_functions[];

/* explain() of wait rules. */
struct iq_error *srcu_explain(const struct iq_sleeper *who, struct iq_wait **wait_ret);
struct iq_error *rcu_tasks_explain(const struct iq_sleeper *who, struct iq_wait **wait_ret);

#endif
