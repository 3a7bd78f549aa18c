/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Flattened kdump files
 *
 * What makedumpfile -F and QEMU's dump-guest-memory -z write, so that it can go
 * through a pipe: a header of 4096 bytes ("makedumpfile", then type 1 and
 * version 1 as big-endian 64-bit numbers at 16 and 24), then records of offset
 * and size (big-endian, 64 bits each) with size bytes that belong at that offset
 * of the real file, until an offset of -1. Libkdumpfile 0.5.1 wants the
 * real file: we put it together in a temporary file without a name, by
 * copy_file_range(), which shares the blocks where the filesystem can.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "target/internal.h"

enum { HEADER = 4096, BUFFER = 1 << 20 };

bool iq_flat_magic(const void *head, size_t len)
{
	return len >= 12 && !memcmp(head, "makedumpfile", 12);
}

static int open_unnamed(void)
{
	const char *folder = getenv("TMPDIR");
	const char *folders[] = { folder && *folder ? folder : "/var/tmp", "/tmp" };
	int fd = -1;

	for (unsigned i = 0; fd < 0 && i < IQ_ARRAY_SIZE(folders); i++)
		fd = open(folders[i], O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	return fd;
}

/* Copy len bytes between files; false at the end of the source or on an error (errno). */
static bool copy(int from, off_t from_off, int to, off_t to_off, uint64_t len, char *buf)
{
	while (len) {
		ssize_t n = copy_file_range(from, &from_off, to, &to_off, len, 0);

		if (n > 0) {
			len -= (uint64_t)n;
			continue;
		}
		if (n < 0 && errno != EXDEV && errno != EINVAL && errno != ENOSYS &&
		    errno != EOPNOTSUPP && errno != EINTR)
			return false;
		n = pread(from, buf, IQ_MIN(len, (uint64_t)BUFFER), from_off);
		if (n <= 0) {
			errno = n ? errno : 0;
			return false;
		}
		n = pwrite(to, buf, (size_t)n, to_off);
		if (n <= 0)
			return false;
		from_off += n;
		to_off += n;
		len -= (uint64_t)n;
	}
	return true;
}

struct iq_error *iq_flat_unfold(int fd, int *fd_ret, bool *cut_off_ret)
{
	_cleanup_free_ char *buf = malloc(BUFFER);
	uint64_t file_len, pos = HEADER;
	bool cut_off = false;
	struct stat st;
	int to;

	if (!buf)
		return &iq_nomem;
	if (fstat(fd, &st) < 0)
		return iq_error_errno(errno, "stat");
	file_len = (uint64_t)st.st_size;
	to = open_unnamed();
	if (to < 0)
		return iq_error_errno(errno,
				      "a flattened dump: make a temporary file for unfolding it "
				      "(set TMPDIR, or use makedumpfile -R)");
	for (;;) {
		uint64_t record[2], offset, len;
		ssize_t n = pread(fd, record, sizeof(record), (off_t)pos);

		offset = be64toh(record[0]);
		len = be64toh(record[1]);
		if (n == (ssize_t)sizeof(record) && offset == UINT64_MAX)
			break;
		if (n < (ssize_t)sizeof(record)) {
			cut_off = true;
			break;
		}
		pos += sizeof(record);
		if (!len || offset > INT64_MAX / 2 || len > INT64_MAX / 2) {
			close(to);
			return iq_error_new(IQ_ERR_CORRUPT,
					    "a flattened dump with a bad record at %" PRIu64,
					    pos - sizeof(record));
		}
		if (len > file_len - IQ_MIN(pos, file_len)) {
			cut_off = true;
			len = file_len - IQ_MIN(pos, file_len);
		}
		errno = 0;
		if (!copy(fd, (off_t)pos, to, (off_t)offset, len, buf) && errno) {
			struct iq_error *err = iq_error_errno(
				errno, "a flattened dump: unfold it into a temporary file (set "
				       "TMPDIR, or use makedumpfile -R)");

			close(to);
			return err;
		}
		if (cut_off)
			break;
		pos += len;
	}
	*fd_ret = to;
	*cut_off_ret = cut_off;
	return NULL;
}
