/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * inquest why
 *
 * The answer is the report, a JSON object. What a person reads is made from that
 * object alone, so that a saved one reads the same later (--from).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/cli.h"
#include "diag/answer.h"
#include "out/report.h"
#include "out/why-text.h"

enum { OPT_ALL = 1, OPT_LONGER_THAN, OPT_MAX_MS, OPT_FROM, OPT_WITHOUT_RULE };

const struct iq_option iq_why_option_table[] = {
	{ OPT_ALL, 'a', "all", NULL,
	  "show every task and every wait, not only the first of each cause" },
	{ OPT_LONGER_THAN, 0, "longer-than", "SECONDS",
	  "a task hangs if it has waited for longer than this (default 1; fractions are fine)" },
	{ OPT_MAX_MS, 0, "max-ms", "MS",
	  "stop after so many milliseconds with what is known by then (default 10000)" },
	{ OPT_WITHOUT_RULE, 0, "without-rule", "NAMES",
	  "for tests: leave these rules out (as in \"rule\" of the JSON, with commas between)" },
	{ OPT_FROM, 0, "from", "FILE", "print a saved JSON answer as text; - is standard input" },
	{ 0 },
};

struct options {
	struct iq_why_options why;
	IQ_VEC(int32_t) pids;
	const char *from;
	bool all;
};

enum { MAX_REPORT = 1 << 30 };

static struct iq_error *read_file(const char *path, struct iq_strbuf *sb)
{
	bool is_stdin = !strcmp(path, "-");
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	struct iq_error *err = NULL;
	char buf[65536];
	ssize_t num;

	if (fd < 0)
		return iq_error_errno(errno, "the saved answer cannot be opened: %s", path);
	while ((num = read(fd, buf, sizeof(buf))) != 0) {
		if (num < 0 && errno == EINTR)
			continue;
		if (num < 0) {
			err = iq_error_errno(errno, "the saved answer cannot be read: %s", path);
			break;
		}
		iq_strbuf_add(sb, buf, (size_t)num);
		if (sb->len > MAX_REPORT) {
			err = iq_error_new(IQ_ERR_INVALID, "the saved answer is too large: %s",
					   path);
			break;
		}
	}
	if (!is_stdin)
		close(fd);
	return err;
}

static int print_report(struct iq_cli *cli, const json_t *report, const struct options *o,
			int status)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf out = IQ_STRBUF_INIT;
	_cleanup_free_ char *json = NULL;

	if (cli->json) {
		json = iq_report_dump(report);
		iq_strbuf_adds(&out, json);
	} else {
		struct iq_why_style style = { .color = iq_use_color(cli),
					      .all = o->all,
					      .more = "--all",
					      .width = iq_terminal_width() };

		iq_why_text(&out, report, &style);
	}
	return iq_print(&out, status);
}

static int from_file(struct iq_cli *cli, const struct options *o)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf text = IQ_STRBUF_INIT;
	struct iq_error *err;
	json_t *report;
	int status;

	err = read_file(o->from, &text);
	if (!err)
		err = iq_error_prefix(iq_report_load(iq_strbuf_str(&text), text.len, &report), "%s",
				      o->from);
	if (err)
		return iq_complain_error(err);
	status = json_array_size(json_object_get(report, "causes")) ? IQ_EXIT_CAUSES : IQ_EXIT_OK;
	status = print_report(cli, report, o, status);
	json_decref(report);
	return status;
}

static int ask(struct iq_cli *cli, const struct options *o)
{
	struct iq_error *err;
	struct iq_why why;
	json_t *report;
	int status;

	err = iq_cli_open(cli);
	if (!err)
		err = iq_why(cli->session, &o->why, &why);
	if (err)
		return iq_complain_error(err);
	iq_timing(cli, "why");
	status = why.causes->list.num ? IQ_EXIT_CAUSES : IQ_EXIT_OK;
	if (why.incomplete)
		status = IQ_EXIT_INCOMPLETE;
	report = iq_why_report(cli->session, &why, cli->start_ns, false);
	status = print_report(cli, report, o, status);
	json_decref(report);
	iq_why_deinit(&why);
	return status;
}

static int usage(const char *option, const char *value, const char *wants)
{
	return iq_complain(IQ_EXIT_USAGE, "%s wants %s, not %s; see `inquest why --help`", option,
			   wants, value);
}

int iq_cmd_why(struct iq_cli *cli, struct iq_words *words)
{
	struct options o = { .why = { .longer_than_ms = 1000, .max_ms = 10000 } };
	int64_t value;
	int id, status;

	while ((id = iq_words_next(words)) != IQ_WORDS_END) {
		switch (id) {
		case OPT_ALL:
			o.all = true;
			break;
		case OPT_LONGER_THAN:
			if (!iq_parse_seconds(words->value, &o.why.longer_than_ms))
				return usage("--longer-than", words->value, "seconds");
			break;
		case OPT_MAX_MS:
			if (!iq_parse_int(words->value, 1, 86400000, &o.why.max_ms))
				return usage("--max-ms", words->value, "milliseconds");
			break;
		case OPT_WITHOUT_RULE:
			o.why.without = words->value;
			break;
		case OPT_FROM:
			o.from = words->value;
			break;
		case IQ_WORDS_WORD:
			if (!iq_parse_int(words->value, 1, INT32_MAX, &value))
				return usage("why", words->value, "PIDs");
			iq_vec_push(&o.pids, (int32_t)value);
			break;
		default:
			return IQ_EXIT_USAGE;
		}
	}
	o.why.asked.pids = o.pids.data;
	o.why.asked.num_pids = o.pids.num;
	if (o.from && o.pids.num)
		status = iq_complain(IQ_EXIT_USAGE, "--from prints a saved answer as it is, and "
						    "takes no PIDs; see `inquest why --help`");
	else
		status = o.from ? from_file(cli, &o) : ask(cli, &o);
	iq_vec_free(&o.pids);
	return status;
}
