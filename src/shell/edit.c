/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lines from standard input
 */
#include <errno.h>
#include <unistd.h>

#include "shell/inside.h"

enum { MAX_LINE = 1 << 20 };

/* The next line without its end, in line. False: there is none. */
static bool read_line(struct iq_strbuf *input, struct iq_strbuf *line)
{
	const char *end;

	line->len = 0;
	while (!(end = input->len ? memchr(input->str, '\n', input->len) : NULL)) {
		char buf[4096];
		ssize_t num = read(STDIN_FILENO, buf, sizeof(buf));

		if (num < 0 && errno == EINTR)
			continue;
		if (num <= 0 || input->len > MAX_LINE)
			break;
		iq_strbuf_add(input, buf, (size_t)num);
	}
	if (!input->len)
		return false;
	if (!end) {
		iq_strbuf_add(line, input->str, input->len);
		input->len = 0;
		return true;
	}
	iq_strbuf_add(line, input->str, (size_t)(end - input->str));
	input->len -= (size_t)(end + 1 - input->str);
	memmove(input->str, end + 1, input->len + 1);
	return true;
}

int iq_shell_loop(struct iq_shell *sh)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf input = IQ_STRBUF_INIT, line = IQ_STRBUF_INIT;
	bool terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);

	while (!sh->quit) {
		if (terminal)
			sh->out.write(sh->out.ctx, sh->prompt, strlen(sh->prompt));
		if (!read_line(&input, &line))
			break;
		if (memchr(iq_strbuf_str(&line), '\0', line.len)) {
			iq_shell_complain(sh, "a line with a NUL in it");
			continue;
		}
		iq_shell_run_line(sh, iq_strbuf_str(&line));
	}
	return sh->quit ? sh->quit_status : 0;
}
