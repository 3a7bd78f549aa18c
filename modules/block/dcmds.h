/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The room's part in the debugger; see dcmds.c. */
#ifndef IQ_BLOCK_DCMDS_H
#define IQ_BLOCK_DCMDS_H

#include "inquest/dcmd.h"

extern const struct iq_dcmd iq_block_dcmds[];
extern const struct iq_walker iq_block_walkers[];
extern const struct iq_global iq_block_globals[];

#endif
