/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The report: what was found, as one JSON object
 *
 * It is the answer itself: `why --json` prints it, `why` renders it, `why --from`
 * renders one that was saved. Next to the fields that were promised it has a few that the
 * text needs: of the report "longer_than_s", "asked" (the tasks that `why PID` was called with) and
 * "complete" (false: something could not be looked at, so that a cause may be missing), of a wait
 * "words" (what it is doing, or null), "certainty", "rule", "hangs", "killable" (SIGKILL ends it)
 * and "killed" (one is on its way already, or the task is exiting), of a holder "aside" (somebody
 * else stands in front), of daemon and ipc objects "kind"; of a system call "text" (with its
 * arguments decoded, or null); of a wait by poll, select or epoll that was asked for "watches" (its
 * descriptors); of a task without a wait that was asked for "doing". A report for the debugger has
 * the "address" of each object's main structure, where it has one, and the "state" of each task.
 */
#ifndef IQ_OUT_REPORT_H
#define IQ_OUT_REPORT_H

#include <jansson.h>

#include "inquest/wait.h"

struct iq_report_meta {
	const char *version; /* of this program */
	int64_t taken_at_ns; /* since 1970 in UTC; 0: not known */
	const char *host;    /* each NULL where not known */
	const char *kernel;  /* release */
	const char *arch;
	double uptime_s;	 /* negative: not known */
	const char *source_kind; /* "kcore", "bpf", "elf", "kdump", "qemu" */
	const char *source_path; /* NULL: there is none */
	struct {
		uint64_t tasks, waiting, unexplained, inconsistent, elapsed_us, bytes_read;
	} stats;
	double longer_than_s;	      /* the bound; negative: not known */
	const iq_texts *notes;	      /* or NULL */
	const struct iq_asked *asked; /* or NULL */
	bool incomplete;	      /* a cause may be missing */
	bool addresses;		      /* objects say where they are: for the debugger */
};

/* The report; the caller owns it (json_decref()). */
json_t *iq_report_json(const struct iq_report_meta *meta, const struct iq_graph *g,
		       const struct iq_causes *causes);

/* As text, with a newline at the end; the caller's own. */
char *iq_report_dump(const json_t *report);

/* A saved report. IQ_ERR_INVALID: this is no JSON, or no report that we can read. */
struct iq_error *iq_report_load(const char *text, size_t len, json_t **report_ret);

#endif
