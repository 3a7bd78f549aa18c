/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How many looks it takes, and which causes have been seen for long enough
 */
#ifndef IQ_DIAG_LOOKS_H
#define IQ_DIAG_LOOKS_H

#include "inquest/wait.h"

struct engine;

/*
 * Look as often as it takes, until e->deadline_ns at the latest. The graph of the last look stands
 * in e->d.g, settled. Errors are those of a look of which nothing can be said.
 */
struct iq_error *iq_looks_take(struct engine *e, unsigned *num_ret);

/* Take out causes that may dissolve by themselves, and have not been watched for long enough. */
void iq_looks_drop_moving(const struct engine *e, struct iq_causes *causes);

#endif
