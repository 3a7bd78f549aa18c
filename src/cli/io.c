/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the program says
 *
 * The answer goes out in one piece at the end. Complaints are one line each on
 * standard error. Both go through write(2): nothing is left in a buffer that
 * an early end could lose.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/cli.h"
#include "out/text.h"

bool iq_write_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t num = write(fd, text, len);

		if (num < 0 && errno == EINTR)
			continue;
		if (num <= 0)
			return false;
		text += num;
		len -= (size_t)num;
	}
	return true;
}

int iq_complain(int status, const char *fmt, ...)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf raw = IQ_STRBUF_INIT, line = IQ_STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	iq_strbuf_vprintf(&raw, fmt, ap);
	va_end(ap);
	iq_strbuf_adds(&line, "inquest: ");
	iq_text_clean(&line, iq_strbuf_str(&raw));
	iq_strbuf_addc(&line, '\n');
	iq_write_all(STDERR_FILENO, line.str, line.len);
	return status;
}

int iq_complain_error(struct iq_error *err)
{
	iq_complain(0, "%s", iq_error_text(err));
	iq_error_free(err);
	return IQ_EXIT_SOURCE;
}

int iq_print(const struct iq_strbuf *out, int status)
{
	if (!out->len || iq_write_all(STDOUT_FILENO, out->str, out->len) || errno == EPIPE)
		return status;
	return iq_complain(IQ_EXIT_SOURCE, "the answer could not be written: standard output: %s",
			   strerror(errno));
}

void iq_json_rows(const char *schema, const json_t *rows, struct iq_strbuf *out)
{
	const char *comma = "\n";
	size_t i;
	json_t *row;

	iq_strbuf_printf(out, "{\"schema\": \"%s\", \"rows\": [", schema);
	json_array_foreach(rows, i, row)
	{
		char *dump = json_dumps(row, JSON_REAL_PRECISION(6));

		iq_strbuf_printf(out, "%s%s", comma, dump ? dump : "{}");
		free(dump);
		comma = ",\n";
	}
	iq_strbuf_adds(out, "\n]}\n");
}

bool iq_use_color(const struct iq_cli *cli)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	if (cli->color != IQ_WHEN_AUTO)
		return cli->color == IQ_WHEN_ALWAYS;
	if (no_color && *no_color)
		return false;
	return isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0;
}

unsigned iq_terminal_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	int64_t num;

	if (!isatty(STDOUT_FILENO))
		return 0;
	if (columns && iq_parse_int(columns, 1, 10000, &num))
		return (unsigned)num;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col)
		return size.ws_col;
	return 80;
}

void iq_timing(struct iq_cli *cli, const char *what)
{
	static uint64_t last_ns;
	uint64_t now;

	if (!cli->timings)
		return;
	now = iq_clock_monotonic();
	iq_complain(0, "timing: %-10s %8.3f ms, at %8.3f ms, CPU %8.3f ms", what,
		    (double)(now - (last_ns ? last_ns : cli->start_ns)) / 1e6,
		    (double)(now - cli->start_ns) / 1e6, (double)iq_clock_cpu() / 1e6);
	last_ns = now;
}
