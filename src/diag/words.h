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

/* Remedies: those that rules know, and what a kill would do (remedies.c). */
void iq_cause_remedies(const struct iq_graph *g, struct iq_cause *cause);

/* What an object is called in a sentence: "bash (312)"; of what is no task, its name. */
const char *iq_words_call(const struct iq_graph *g, const struct iq_object *o);

#endif
