/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The report's words for what the graph has as enums
 *
 * Readers of reports compare them: a word that has been given out stays. All are static text; a
 * value that is none of its enum gets the word for what is not known.
 */
#ifndef INQUEST_NAMES_H
#define INQUEST_NAMES_H

#include "inquest/wait.h"

/* "fs.frozen", "io.stalled", "unknown" */
const char *iq_cause_kind_name(enum iq_cause_kind kind);
/* "task", "lock", "device" */
const char *iq_object_type_name(enum iq_object_type type);
/* "proven", "strong", "likely" */
const char *iq_certainty_name(enum iq_certainty certainty);
/* "none", "low", "data", "high" */
const char *iq_risk_name(enum iq_risk risk);

#endif
