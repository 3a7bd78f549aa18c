/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the kernel's log says about causes
 *
 * The text becomes the graph's. A log that cannot be read adds nothing, and is no error.
 */
#ifndef IQ_DIAG_LOG_EVIDENCE_H
#define IQ_DIAG_LOG_EVIDENCE_H

#include "inquest/module.h"

/*
 * Where the kernel's own hung task detector has spoken of a task of a cause, its line becomes
 * evidence of that cause: at most a few lines a cause, the first ones.
 */
void iq_log_evidence(struct iq_session *s, struct iq_graph *g, struct iq_causes *causes);

#endif
