/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The static executable's answer to dumps that only libkdumpfile reads
 */
#include <unistd.h>

#include "target/internal.h"

static bool begins(const char *head, ssize_t len, const char *with)
{
	return len >= (ssize_t)strlen(with) && !memcmp(head, with, strlen(with));
}

struct iq_error *iq_target_open_kdump(int fd, const char *path, struct iq_target **target_ret)
{
	char head[16];
	ssize_t n = pread(fd, head, sizeof(head), 0);

	(void)target_ret;
	close(fd);
	if (begins(head, n, "KDUMP   ") || begins(head, n, "DISKDUMP") ||
	    begins(head, n, "makedumpfile"))
		return iq_error_new(IQ_ERR_UNSUPPORTED,
				    "%s: a kdump-compressed dump, which inquest.static cannot "
				    "read; use the dynamically linked inquest",
				    path);
	return iq_error_new(
		IQ_ERR_INVALID,
		"%s: not a memory dump that inquest.static reads (ELF); the dynamically "
		"linked inquest reads more formats",
		path);
}

bool iq_target_has_kdump(void)
{
	return false;
}
