/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * /proc/kallsyms: "ffffffff81000000 T _stext", of modules with "\t[name]" behind. Where
 * the reader may not see addresses (kptr_restrict, CAP_SYSLOG) all are 0.
 */
#include "sym/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { MAX_FILE = 256 << 20 };

static struct iq_error *read_file(const char *path, char **text_ret)
{
	_cleanup_free_ char *text = NULL;
	size_t len = 0, cap = 0;
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return iq_error_errno(errno, "%s", path);
	do {
		if (cap - len < 1 << 16) {
			cap = cap ? cap * 2 : 1 << 20;
			text = iq_xrealloc(text, cap);
		}
		n = read(fd, text + len, cap - len - 1);
		if (n > 0)
			len += (size_t)n;
	} while ((n > 0 && len < MAX_FILE) || (n < 0 && errno == EINTR));
	if (n < 0) {
		struct iq_error *err = iq_error_errno(errno, "%s", path);

		close(fd);
		return err;
	}
	close(fd);
	text[len] = '\0';
	*text_ret = take_ptr(text);
	return NULL;
}

struct iq_error *proc_kallsyms_read(const char *path, struct symlist *list, char **text_ret)
{
	_cleanup_free_ char *text = NULL;
	struct iq_error *err = read_file(path, &text);
	bool any = false;
	char *line, *next;

	if (err)
		return err;
	for (line = text; *line; line = next) {
		char *end = strchrnul(line, '\n'), *p, *name;
		uint64_t addr = strtoull(line, &p, 16);

		next = *end ? end + 1 : end;
		*end = '\0';
		if (p == line || p[0] != ' ' || !p[1] || p[2] != ' ' || !p[3])
			continue;
		name = p + 3;
		if (strchr(name, '\t'))
			continue; /* of a module */
		any = any || addr;
		symlist_add(list, addr, p[1], name);
	}
	if (!list->syms.num)
		return iq_error_new(IQ_ERR_CORRUPT, "%s lists no symbols", path);
	if (!any) {
		symlist_deinit(list);
		return iq_error_new(IQ_ERR_PERM,
				    "%s hides its addresses (sysctl kernel.kptr_restrict is 2, or "
				    "CAP_SYSLOG is missing)",
				    path);
	}
	symlist_finish(list);
	*text_ret = take_ptr(text);
	return NULL;
}
