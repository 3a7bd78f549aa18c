/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Many alike: causes of a report that a person reads once
 *
 * Thirty children that sleep in pause are thirty causes, because nothing joins them, and one thing
 * to read. Alike are causes of the same kind and certainty whose roots are tasks, whose summaries
 * differ in numbers only, and whose chains are the same by the types of what they go through. The
 * report keeps each; this is for the text.
 */
#ifndef IQ_OUT_ALIKE_H
#define IQ_OUT_ALIKE_H

#include <jansson.h>

#include "inquest/util.h"

struct iq_alike {
	json_t *cause; /* the first, with the waiters and the age of all of them */
	IQ_VEC(const json_t *) others;
};

typedef IQ_VEC(struct iq_alike) iq_alikes;

/*
 * The causes of a report, those that are alike together, most waiters first and then the oldest; or
 * each apart, as they stand. Borrows from the report.
 */
void iq_alikes_init(iq_alikes *list, const json_t *causes, bool apart);
void iq_alikes_deinit(iq_alikes *list);

/* Append a text without what tells it from others like it: every number is a '#'. */
void iq_alike_shape(struct iq_strbuf *sb, const char *text);

#endif
