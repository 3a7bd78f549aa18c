/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's log, out of its ring in memory
 *
 * Since v5.10 (896fbe20b4e2, "printk: use the lockless ringbuffer") the log is a ring of
 * descriptors, each with a struct printk_info, over a ring of text. Kernel:
 * kernel/printk/printk_ringbuffer.c.
 */
#ifndef INQUEST_LOG_H
#define INQUEST_LOG_H

#include "inquest/session.h"

struct iq_log_line {
	uint64_t ns; /* time since boot */
	uint64_t seq;
	unsigned level;	  /* 0 to 7 */
	const char *text; /* control characters as they are; valid during the call */
};

/* Call fn with each line, oldest first, until it returns true. IQ_ERR_NOTFOUND: a log of a form
 * that is not known. */
typedef bool (*iq_log_fn)(void *ctx, const struct iq_log_line *line);
struct iq_error *iq_log_each(struct iq_session *s, iq_log_fn fn, void *ctx);

#endif
