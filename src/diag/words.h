/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Causes in words
 *
 * Texts live in the graph's arena. Nothing here reads memory or can fail.
 */
#ifndef IQ_DIAG_WORDS_H
#define IQ_DIAG_WORDS_H

#include "inquest/wait.h"

/* Give each cause of an answer its summary, evidence and remedies; once. The graph is only read. */
void iq_causes_say(const struct iq_graph *g, struct iq_causes *causes);

#endif
