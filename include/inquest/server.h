/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Edges to a service in user space
 *
 * The kernel asks a program: a FUSE daemon, a fanotify listener. It knows the
 * descriptor that the program reads from, not the thread that has to answer. Who has
 * the descriptor open serves; what the threads of these processes are doing
 * says which of them it can be.
 */
#ifndef INQUEST_SERVER_H
#define INQUEST_SERVER_H

#include "inquest/files.h"
#include "inquest/module.h"

enum { IQ_MAX_SERVERS = 64 };

/* Processes that have the descriptor open, each once; kernel threads and what has ended are none.
 */
struct iq_servers {
	struct iq_open_file list[IQ_MAX_SERVERS];
	size_t num;
};

/* For iq_open_each(); ctx is a struct iq_servers. */
bool iq_servers_add(void *ctx, const struct iq_open_file *open);

struct iq_request {
	bool taken; /* a thread has read the request already, so that the asking one cannot be it */
	const char *const
		*reads;	  /* functions in which a thread waits for new requests; NULL-terminated */
	const char *what; /* the descriptor, in words: "/dev/fuse of connection 42" */
	const char *how;  /* "has to answer the request" */
	struct iq_object *via; /* what the edges lead through; NULL: what the wait is on */
	bool guessed;	       /* that there is a request: no edge is surer than likely */
};

/*
 * Edges from the wait, which should be an `any` wait, through w->on to the threads that may have to
 * answer. Idle ones of many are left out where another one is busy or stopped: that is a guess, and
 * the edges' certainty says so. Returns how many there are; 0: nobody serves.
 */
size_t iq_diag_server_edges(struct iq_diag *d, struct iq_wait *w, const struct iq_servers *servers,
			    const struct iq_request *request);

#endif
