/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The room's part in the debugger; see dcmds.c. */
#ifndef IQ_DM_DCMDS_H
#define IQ_DM_DCMDS_H

#include "inquest/dcmd.h"

extern const struct iq_dcmd iq_dm_dcmds[];

#endif
