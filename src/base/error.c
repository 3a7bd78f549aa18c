/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Errors
 *
 * Faults are common where memory is searched for a thing by its shape, so they
 * carry their address and a static word, and get their text only when somebody
 * asks for it.
 */
#include "inquest/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "inquest/util.h"

struct iq_error iq_nomem = { .code = IQ_ERR_NOMEM, .msg = (char *)"out of memory" };

static struct iq_error *error_vnew(enum iq_error_code code, const char *fmt, va_list ap)
{
	struct iq_error *err = malloc(sizeof(*err));

	if (!err)
		return &iq_nomem;
	*err = (struct iq_error){ .code = code };
	if (vasprintf(&err->msg, fmt, ap) < 0) {
		free(err);
		return &iq_nomem;
	}
	return err;
}

struct iq_error *iq_error_new(enum iq_error_code code, const char *fmt, ...)
{
	struct iq_error *err;
	va_list ap;

	va_start(ap, fmt);
	err = error_vnew(code, fmt, ap);
	va_end(ap);
	return err;
}

struct iq_error *iq_error_fault(iq_vaddr addr, const char *what)
{
	struct iq_error *err = malloc(sizeof(*err));

	if (!err)
		return &iq_nomem;
	*err = (struct iq_error){ .code = IQ_ERR_FAULT, .addr = addr, .what = what };
	return err;
}

struct iq_error *iq_error_errno(int errnum, const char *fmt, ...)
{
	enum iq_error_code code = errnum == EPERM || errnum == EACCES ? IQ_ERR_PERM : IQ_ERR_OS;
	struct iq_error *err;
	char *msg;
	va_list ap;

	va_start(ap, fmt);
	err = error_vnew(code, fmt, ap);
	va_end(ap);
	if (err == &iq_nomem)
		return err;
	if (asprintf(&msg, "%s: %s", err->msg, strerror(errnum)) >= 0) {
		free(err->msg);
		err->msg = msg;
	}
	return err;
}

const char *iq_error_text(struct iq_error *err)
{
	if (!err->msg &&
	    asprintf(&err->msg, "cannot read %s at %#" PRIx64, err->what, err->addr) < 0)
		err->msg = NULL;
	return err->msg ? err->msg : err->what;
}

struct iq_error *iq_error_prefix(struct iq_error *err, const char *fmt, ...)
{
	_cleanup_free_ char *prefix = NULL;
	char *msg;
	va_list ap;

	if (!err || err == &iq_nomem)
		return err;
	va_start(ap, fmt);
	if (vasprintf(&prefix, fmt, ap) < 0)
		prefix = NULL;
	va_end(ap);
	if (!prefix || asprintf(&msg, "%s: %s", prefix, iq_error_text(err)) < 0)
		return err;
	free(err->msg);
	err->msg = msg;
	return err;
}

bool iq_error_catch(struct iq_error **err, enum iq_error_code code)
{
	if (!*err || (*err)->code != code)
		return false;
	iq_error_free(*err);
	*err = NULL;
	return true;
}

void iq_error_free(struct iq_error *err)
{
	if (!err || err == &iq_nomem)
		return;
	free(err->msg);
	free(err);
}

void iq_error_freep(struct iq_error **err)
{
	iq_error_free(*err);
}
