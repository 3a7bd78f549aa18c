/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parts of an answer that tests of rules ask for. */
#ifndef IQ_TEST_WHY_PARTS_H
#define IQ_TEST_WHY_PARTS_H

#include "test.h"

#include "fakekernel.h"

/* The wait of a task; it has to have one. */
static inline const struct iq_wait *wait_of(const struct iq_why *why, int64_t tid)
{
	iq_vec_foreach(&why->graph->waits, w)
		if ((*w)->task->tid == tid)
			return *w;
	fail();
	return NULL;
}

/* The edge from a waiting task to another; NULL: there is none. */
static inline const struct iq_edge *edge_to(const struct iq_wait *w, int64_t tid)
{
	iq_vec_foreach(&w->task->out, e)
		if ((*e)->to->tid == tid)
			return *e;
	return NULL;
}

/* The remedy that says this; NULL: there is none. */
static inline const struct iq_remedy *remedy_with(const struct iq_cause *cause, const char *part)
{
	for (size_t i = 0; i < cause->remedy.num; i++)
		if (strstr(cause->remedy.data[i].text, part))
			return &cause->remedy.data[i];
	return NULL;
}

#endif
