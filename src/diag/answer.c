/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The answer as a report
 *
 * What a look found and what the session knows of the machine, handed to src/out: the one place
 * where a report is made, for the command line and for the debugger.
 */
#include "diag/answer.h"

#include "out/report.h"

static const char *or_null(const char *text)
{
	return text && *text ? text : NULL;
}

json_t *iq_why_report(struct iq_session *s, const struct iq_why *why, uint64_t asked_at_ns,
		      bool addresses)
{
	struct iq_report_meta meta = {
		.version = IQ_VERSION,
		.taken_at_ns = (int64_t)why->realtime_ns,
		.host = or_null(iq_session_nodename(s)),
		.kernel = or_null(iq_session_release(s)),
		.arch = s->target->arch->name,
		.uptime_s = why->boottime_ns ? (double)why->boottime_ns / 1e9 : -1,
		.source_kind = s->target->ops->kind,
		.source_path = or_null(s->target->path),
		.stats = { .tasks = why->num_tasks,
			   .waiting = why->num_waiting,
			   .unexplained = why->num_unexplained,
			   .inconsistent = why->num_inconsistent,
			   .elapsed_us = (iq_clock_monotonic() - asked_at_ns) / 1000,
			   .bytes_read = iq_mem_stats(s->mem).bytes_read },
		.longer_than_s = (double)why->longer_than_ms / 1000,
		.notes = &why->notes,
		.asked = &why->asked,
		.incomplete = why->incomplete || s->target->missing,
		.addresses = addresses,
	};

	return iq_report_json(&meta, why->graph, why->causes);
}
