/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's log, for the debugger
 */
#include "inquest/log.h"
#include "inquest/module.h"

struct print {
	struct iq_cmd *cmd;
	uint64_t before;
	bool any;
};

static bool print_line(void *ctx, const struct iq_log_line *line)
{
	struct print *p = ctx;
	struct iq_cmd *cmd = p->cmd;
	uint64_t us = line->ns / 1000, delta = p->any ? (line->ns - p->before) / 1000 : 0;

	if (iq_cmd_has(cmd, 'v'))
		iq_out_text(cmd->out, "%8" PRIu64 " <%u> ", line->seq, line->level);
	if (iq_cmd_has(cmd, 't') || iq_cmd_has(cmd, 'v'))
		iq_out_text(cmd->out, "[%5" PRIu64 ".%06" PRIu64 "] ", us / 1000000, us % 1000000);
	if (iq_cmd_has(cmd, 'T'))
		iq_out_text(cmd->out, "+%4" PRIu64 ".%06" PRIu64 " ", delta / 1000000,
			    delta % 1000000);
	for (const char *c = line->text; *c;) {
		size_t plain = 0;

		/* What programs wrote to the log must not steer the terminal. */
		while (c[plain] && (c[plain] == '\t' || (unsigned char)c[plain] >= ' ') &&
		       c[plain] != 0x7f)
			plain++;
		iq_out_text(cmd->out, "%.*s", (int)plain, c);
		c += plain;
		if (*c)
			iq_out_text(cmd->out, "\\x%02x", (unsigned char)*c++);
	}
	iq_out_text(cmd->out, "\n");
	p->before = line->ns;
	p->any = true;
	return iq_cmd_stop(cmd);
}

static struct iq_error *cmd_msgbuf(struct iq_cmd *cmd)
{
	struct print p = { .cmd = cmd };

	return iq_log_each(cmd->s, print_line, &p);
}

static const struct iq_opt msgbuf_opts[] = {
	{ 't', NULL, "when each line was written, in seconds since boot" },
	{ 'T', NULL, "how long after the line before it" },
	{ 'v', NULL, "time, sequence number and level" },
	{ 0 },
};

static const struct iq_dcmd dcmds[] = {
	{ "msgbuf", "", "print the kernel's log", NULL, msgbuf_opts, cmd_msgbuf },
	{ 0 },
};

const struct iq_module iq_module_klog = {
	.api = IQ_MODULE_API,
	.name = "klog",
	.summary = "the kernel's log",
	.dcmds = dcmds,
};
