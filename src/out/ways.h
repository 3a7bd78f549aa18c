/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ways: from everyone who waits to one root, read out of a report
 */
#ifndef IQ_OUT_WAYS_H
#define IQ_OUT_WAYS_H

#include <jansson.h>

#include "inquest/util.h"

struct iq_way {
	const json_t *wait; /* the WAIT of this task */
	const json_t *next; /* the OBJECT that comes next: another task, a thing, the root */
	unsigned dist;	    /* steps to the root */
	unsigned order;	    /* in which it was found */
	bool told;	    /* for the caller */
};

struct iq_ways;

/* The shortest ways from every wait of the report to the object root; borrows from the report. */
struct iq_ways *iq_ways_new(const json_t *report, const json_t *root);
void iq_ways_free(struct iq_ways *ways);
/* The way of a task (an OBJECT); NULL if none leads to the root, or it is the root. */
struct iq_way *iq_ways_get(struct iq_ways *ways, const json_t *task);

#endif
