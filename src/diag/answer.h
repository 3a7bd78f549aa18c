/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The answer as a report (src/out/report.h)
 */
#ifndef IQ_DIAG_ANSWER_H
#define IQ_DIAG_ANSWER_H

#include <jansson.h>

#include "diag/diag.h"

/*
 * The report of what `why` found; the caller's (json_decref()). asked_at_ns: CLOCK_MONOTONIC when
 * the question was put. addresses: objects say where they are in the kernel's memory.
 */
json_t *iq_why_report(struct iq_session *s, const struct iq_why *why, uint64_t asked_at_ns,
		      bool addresses);

#endif
