/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files of this machine, as far as they are in memory
 *
 * The disk that /etc/passwd lies on may be what hangs. openat2() with
 * RESOLVE_CACHED finds a file without asking the filesystem, preadv2() with
 * RWF_NOWAIT reads what the page cache has; either says EAGAIN rather than
 * wait. Kernels before v5.12 and filesystems that cannot promise it answer
 * with an error, and then we do without the file.
 */
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "cli/cached.h"

#ifndef RESOLVE_CACHED
#define RESOLVE_CACHED 0x20
#endif

static bool may_wait;

void iq_cached_may_wait(void)
{
	may_wait = true;
}

bool iq_read_cached(const char *path, size_t max, struct iq_strbuf *sb)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
				.resolve = RESOLVE_CACHED };
	int fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
	char buf[16384];
	struct iovec iov = { buf, sizeof(buf) };
	ssize_t num;

	if (fd < 0 && may_wait)
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return false;
	while ((num = preadv2(fd, &iov, 1, (off_t)sb->len, may_wait ? 0 : RWF_NOWAIT)) > 0 &&
	       sb->len < max)
		iq_strbuf_add(sb, buf, (size_t)num);
	close(fd);
	return num == 0;
}
