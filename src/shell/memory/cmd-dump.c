/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ::dump: memory as bytes, with a ruler above that says which is the last digit of each one's
 * address, and where the address asked for is
 */
#include <ctype.h>
#include <stdio.h>

#include "shell/memory/commands.h"

enum { PARAGRAPH = 16, MAX_PARAGRAPHS = 16, MAX_DUMP = 64 << 20 };

struct dump {
	struct iq_cmd *cmd;
	iq_vaddr start, end;   /* what was asked for */
	uint64_t base;	       /* what -r counts from */
	unsigned group, width; /* bytes of a group, of a line */
	bool phys, swap, no_text, relative, squeeze, trim;
};

static bool read_some(struct dump *d, iq_vaddr addr, uint8_t *buf, size_t len)
{
	struct iq_error *err = d->phys ? iq_read_phys(d->cmd->s, addr, buf, len)
				       : iq_cmd_read(d->cmd, addr, buf, len);

	iq_error_free(err);
	return !err;
}

/* Bytes of a line; which of them are there. */
static void read_line(struct dump *d, iq_vaddr addr, uint8_t *buf, bool *there)
{
	bool all = read_some(d, addr, buf, d->width);

	for (unsigned i = 0; i < d->width; i++)
		there[i] = all || read_some(d, addr + i, buf + i, 1);
}

static void ruler(struct dump *d, iq_vaddr line)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;
	unsigned dot = (unsigned)(d->start - line);

	iq_strbuf_printf(&sb, "%*s  ", PARAGRAPH, "");
	for (unsigned i = 0; i < d->width; i++) {
		if (i && !(i % d->group))
			iq_strbuf_addc(&sb, ' ');
		if (i == dot)
			iq_strbuf_adds(&sb, "\\/");
		else
			iq_strbuf_printf(&sb, "%2x", (unsigned)(line + i) % 16);
	}
	if (!d->no_text) {
		iq_strbuf_adds(&sb, "  ");
		for (unsigned i = 0; i < d->width; i++)
			if (i == dot)
				iq_strbuf_addc(&sb, 'v');
			else
				iq_strbuf_printf(&sb, "%x", (unsigned)(line + i) % 16);
	}
	iq_out_text(d->cmd->out, "%s\n", iq_strbuf_str(&sb));
}

static void print_line(struct dump *d, iq_vaddr line, const uint8_t *buf, const bool *there)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;

	iq_strbuf_printf(&sb, "%16" PRIx64 ":", d->relative ? line - d->base : line);
	for (unsigned i = 0; i < d->width; i++) {
		unsigned at = i;

		if (!(i % d->group))
			iq_strbuf_addc(&sb, ' ');
		if (d->swap) /* the last byte of the group first */
			at = i - i % d->group + (d->group - 1 - i % d->group);
		if (d->trim && (line + at < d->start || line + at >= d->end))
			iq_strbuf_adds(&sb, "  ");
		else if (there[at])
			iq_strbuf_printf(&sb, "%02x", buf[at]);
		else
			iq_strbuf_adds(&sb, "?\?");
	}
	if (!d->no_text) {
		iq_strbuf_adds(&sb, "  ");
		for (unsigned i = 0; i < d->width; i++) {
			if (d->trim && (line + i < d->start || line + i >= d->end))
				iq_strbuf_addc(&sb, ' ');
			else
				iq_strbuf_addc(&sb,
					       there[i] && isprint(buf[i]) ? (char)buf[i] : '.');
		}
	}
	while (sb.len && sb.str[sb.len - 1] == ' ')
		sb.str[--sb.len] = '\0';
	iq_out_text(d->cmd->out, "%s\n", iq_strbuf_str(&sb));
}

static void print_lines(struct dump *d)
{
	uint8_t buf[2][PARAGRAPH * MAX_PARAGRAPHS];
	bool there[2][PARAGRAPH * MAX_PARAGRAPHS];
	iq_vaddr line = d->start, last;
	bool squeezed = false;
	unsigned k = 0;

	if (!iq_cmd_has(d->cmd, 'u'))
		line -= line % PARAGRAPH;
	ruler(d, line);
	/* Counted by lines: the end may be that of the address space. */
	last = (d->end - 1 - line) / d->width;
	for (uint64_t i = 0; i <= last && !iq_cmd_stop(d->cmd); i++, line += d->width) {
		read_line(d, line, buf[k], there[k]);
		if (d->squeeze && i && i != last && !memcmp(buf[k], buf[!k], d->width) &&
		    !memcmp(there[k], there[!k], d->width)) {
			if (!squeezed)
				iq_out_text(d->cmd->out, "%16s\n", "*");
			squeezed = true;
			continue;
		}
		squeezed = false;
		print_line(d, line, buf[k], there[k]);
		k = !k;
	}
}

static struct iq_error *cmd_dump(struct iq_cmd *cmd)
{
	struct dump d = {
		.cmd = cmd,
		.start = cmd->addr,
		.base = cmd->addr,
		.phys = iq_cmd_has(cmd, 'p'),
		.swap = iq_cmd_has(cmd, 'e'),
		.no_text = iq_cmd_has(cmd, 'q'),
		.relative = iq_cmd_has(cmd, 'r'),
		.squeeze = iq_cmd_has(cmd, 's'),
		.trim = iq_cmd_has(cmd, 't'),
	};
	uint64_t len = cmd->has_count ? cmd->count : PARAGRAPH, group = 4, width = 1;
	const struct iq_arg *arg;
	struct iq_error *err = NULL;

	if (iq_cmd_has(cmd, 'f'))
		return iq_error_new(IQ_ERR_UNSUPPORTED, "there is no object file to read from");
	if ((arg = iq_cmd_opt(cmd, 'l')))
		err = iq_cmd_number(cmd, arg, &len);
	if (!err && (arg = iq_cmd_opt(cmd, 'g')))
		err = iq_cmd_number(cmd, arg, &group);
	if (!err && (arg = iq_cmd_opt(cmd, 'w')))
		err = iq_cmd_number(cmd, arg, &width);
	if (err)
		return err;
	if (!group || group > PARAGRAPH || group & (group - 1))
		return iq_cmd_usage(cmd, "-g takes 1, 2, 4, 8 or 16 bytes (hexadecimal: 10)");
	if (!width || width > MAX_PARAGRAPHS)
		return iq_cmd_usage(cmd, "-w takes 1 to %x times 16 bytes", MAX_PARAGRAPHS);
	if (!len)
		return NULL;
	if (len > MAX_DUMP)
		return iq_error_new(IQ_ERR_INVALID, "%#" PRIx64 " bytes are too many", len);
	if (len - 1 > UINT64_MAX - d.start)
		len = UINT64_MAX - d.start + 1;
	d.end = d.start + len; /* 0 where that is the end of everything */
	d.group = (unsigned)group;
	d.width = (unsigned)width * PARAGRAPH;
	print_lines(&d);
	return NULL;
}

static const struct iq_opt dump_opts[] = {
	{ 'e', NULL, "groups as numbers: the byte at the highest address first" },
	{ 'f', NULL, "of the object file" },
	{ 'g', "bytes", "bytes of a group: 1, 2, 4, 8 or 10 (hexadecimal)" },
	{ 'l', "bytes", "how many bytes, as ADDR,bytes::dump does" },
	{ 'p', NULL, "the address is a physical one" },
	{ 'q', NULL, "no characters at the right" },
	{ 'r', NULL, "addresses relative to the one given" },
	{ 's', NULL, "lines that repeat are one *" },
	{ 't', NULL, "only what was asked for: nothing before and behind it" },
	{ 'u', NULL, "lines begin with the address given" },
	{ 'w', "number", "that many times 16 bytes in a line" },
	{ 0 },
};

const struct iq_dcmd iq_dump_dcmds[] = {
	{ "dump", "?", "print memory as bytes and characters",
	  "A count says how many bytes: ADDR,200::dump. \\/ and v above mark the address given. "
	  "What cannot be read is ??.",
	  dump_opts, cmd_dump, IQ_DCMD_COUNT, IQ_COMPLETE_NONE },
	{ 0 },
};
