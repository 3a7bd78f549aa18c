/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A command that crashes is an error of that command, and not the end of the session
 */
#ifndef IQ_SHELL_RUN_FAULT_H
#define IQ_SHELL_RUN_FAULT_H

#include "inquest/dcmd.h"

/*
 * Run a command. Where it makes the processor complain (SIGSEGV, SIGBUS, SIGFPE, SIGILL) it is left
 * at once, with IQ_ERR_CORRUPT and *fault_ret set: what it had allocated or half changed stays as
 * it is. May be nested.
 */
struct iq_error *iq_fault_guard(struct iq_cmd *cmd, bool *fault_ret);

#endif
