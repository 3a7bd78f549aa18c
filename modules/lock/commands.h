/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The debugger's commands on locks, for the tables of the room and of each other
 */
#ifndef IQ_MODULES_LOCK_COMMANDS_H
#define IQ_MODULES_LOCK_COMMANDS_H

#include "inquest/module.h"

extern const struct iq_dcmd lock_dcmds[];
extern const struct iq_walker lock_walkers[];

struct iq_error *cmd_findlocks(struct iq_cmd *cmd);
extern const struct iq_opt findlocks_opts[];
extern const char findlocks_help[];

#endif
