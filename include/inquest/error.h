/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Errors are values: NULL is success, everything else is a struct iq_error that
 * its receiver owns and either handles, frees, or passes on with a prefix.
 */
#ifndef INQUEST_ERROR_H
#define INQUEST_ERROR_H

#include "inquest/types.h"

enum iq_error_code {
	IQ_ERR_NOMEM = 1,
	IQ_ERR_NOTFOUND,    /* no such symbol, type, member, task: often to be expected */
	IQ_ERR_FAULT,	    /* the address cannot be read */
	IQ_ERR_CORRUPT,	    /* read, but it contradicts itself */
	IQ_ERR_UNSUPPORTED, /* this source or kernel cannot answer that */
	IQ_ERR_PERM,	    /* permission, lockdown */
	IQ_ERR_OS,	    /* a system call of our own failed */
	IQ_ERR_INVALID,	    /* the user's words are off */
	IQ_ERR_TIMEOUT,	    /* the time budget is used up */
	IQ_ERR_BUSY,	    /* the thing moved while it was being read */
};

struct iq_error {
	enum iq_error_code code;
	char *msg;	  /* one line; ask iq_error_text(), a fault has none until then */
	iq_vaddr addr;	  /* with IQ_ERR_FAULT: what could not be read; else 0 */
	const char *what; /* with IQ_ERR_FAULT: the kind of memory, static text */
};

/* The error for exhausted memory; static, iq_error_free() knows it. */
extern struct iq_error iq_nomem;

/* Make an error; the caller owns it. */
struct iq_error *iq_error_new(enum iq_error_code code, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Make an error for an address that cannot be read. Cheap: formats its text only when asked for it.
 */
struct iq_error *iq_error_fault(iq_vaddr addr, const char *what);

/* Make an IQ_ERR_OS (or IQ_ERR_PERM for EPERM, EACCES) error out of errno: "what: No such file". */
struct iq_error *iq_error_errno(int errnum, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Put "text: " in front of the message; takes and returns ownership. NULL stays NULL. */
struct iq_error *iq_error_prefix(struct iq_error *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* If *err has this code: free it, set *err to NULL and say true. */
bool iq_error_catch(struct iq_error **err, enum iq_error_code code);

/* The message; borrowed from the error. */
const char *iq_error_text(struct iq_error *err);

void iq_error_free(struct iq_error *err);

/* For _cleanup_(iq_error_freep). */
void iq_error_freep(struct iq_error **err);

#endif
