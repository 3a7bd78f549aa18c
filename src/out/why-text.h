/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A report as text: what `inquest why` prints
 */
#ifndef IQ_OUT_WHY_TEXT_H
#define IQ_OUT_WHY_TEXT_H

#include <jansson.h>

#include "inquest/util.h"

struct iq_why_style {
	unsigned width; /* of a line; 0: 80 */
	bool color;
	bool all;	  /* every chain, and every step of it */
	const char *more; /* the option that shows all, named where something is left out */
};

/*
 * Append the text of a report (iq_report_json(), iq_report_load()) and of nothing else. A report
 * from a file may lie: what is missing is left out, and no control character gets through.
 */
void iq_why_text(struct iq_strbuf *out, const json_t *report, const struct iq_why_style *style);

#endif
