/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where commands put what they found
 *
 * Three kinds of ends: the user's eyes (a sink of text), a buffer (another sink), and the next
 * command of a pipe, which wants addresses. What a command writes as text into a pipe is read as
 * expressions, a line each, as it always was in this language; a row of a table gives its first
 * address there.
 */
#include <stdio.h>

#include "out/table.h"
#include "out/text.h"
#include "shell/run/inside.h"

enum { FLUSH_AT = 1 << 16, MAX_PIPE = 50000000 };

static void add_to_strbuf(void *ctx, const char *text, size_t len)
{
	iq_strbuf_add(ctx, text, len);
}

struct iq_sink iq_sink_strbuf(struct iq_strbuf *sb)
{
	return (struct iq_sink){ add_to_strbuf, sb };
}

void iq_out_init(struct iq_out *out, struct iq_shell *sh, bool to_pipe, struct iq_sink sink)
{
	*out = (struct iq_out){ .sh = sh, .to_pipe = to_pipe, .sink = sink };
}

void iq_out_deinit(struct iq_out *out)
{
	iq_strbuf_deinit(&out->text);
	iq_vec_free(&out->values);
	iq_vec_free(&out->headers);
	iq_error_free(out->err);
}

void iq_out_begin(struct iq_out *out)
{
	out->headers.num = 0;
	out->bound = NULL;
}

/* A line of text in a pipe. */
static void take_line(struct iq_out *out, const char *line)
{
	struct iq_error *err;
	uint64_t value;

	line += strspn(line, " \t\r");
	if (!*line || out->err)
		return;
	err = iq_shell_value(out->sh, line, &value);
	if (err)
		out->err = iq_error_prefix(err, "not an address for the next command: \"%.60s\"",
					   line);
	else
		iq_out_value(out, value);
}

static void take_lines(struct iq_out *out)
{
	struct iq_strbuf text = out->text;
	char *line = text.str, *end;

	/* Values are added meanwhile: what is read here is no longer out's. */
	out->text = (struct iq_strbuf)IQ_STRBUF_INIT;
	while (line && (end = memchr(line, '\n', (size_t)(text.str + text.len - line)))) {
		*end = '\0';
		take_line(out, line);
		line = end + 1;
	}
	if (line)
		iq_strbuf_adds(&out->text, line);
	iq_strbuf_deinit(&text);
}

void iq_out_flush(struct iq_out *out)
{
	if (out->to_pipe) {
		if (out->text.len && memchr(out->text.str, '\n', out->text.len))
			take_lines(out);
		return;
	}
	if (out->text.len && out->sink.write == out->sh->out.write)
		iq_shell_log(out->sh, out->text.str, out->text.len);
	if (out->text.len && out->sink.write)
		out->sink.write(out->sink.ctx, out->text.str, out->text.len);
	out->text.len = 0;
}

struct iq_error *iq_out_end(struct iq_out *out)
{
	if (out->to_pipe && out->text.len)
		iq_strbuf_addc(&out->text, '\n');
	iq_out_flush(out);
	return take_ptr(out->err);
}

static void written(struct iq_out *out)
{
	/* Who sits there sees each line at once. */
	bool at_once = out->sh->interactive && !out->to_pipe && out->text.len &&
		       out->text.str[out->text.len - 1] == '\n';

	if (out->text.len >= FLUSH_AT || at_once)
		iq_out_flush(out);
}

/* Names out of the target may hold anything: nothing in it is to steer a terminal. */
static void add_clean(struct iq_strbuf *sb, const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		size_t part = 0;

		while (text + part < end && text[part] != '\n' && text[part] != '\t')
			part++;
		if (iq_text_is_clean(text, part))
			iq_strbuf_add(sb, text, part);
		else
			iq_text_clean_n(sb, text, part);
		text += part;
		if (text < end)
			iq_strbuf_addc(sb, *text++);
	}
}

void iq_out_text(struct iq_out *out, const char *fmt, ...)
{
	char small[512];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	if (len < 0)
		return;
	if ((size_t)len < sizeof(small)) {
		add_clean(&out->text, small, (size_t)len);
	} else {
		struct iq_strbuf sb = IQ_STRBUF_INIT;

		va_start(ap, fmt);
		iq_strbuf_vprintf(&sb, fmt, ap);
		va_end(ap);
		add_clean(&out->text, sb.str, sb.len);
		iq_strbuf_deinit(&sb);
	}
	written(out);
}

void iq_out_pass(struct iq_out *out, const struct iq_pipe_value *value)
{
	if (!out->to_pipe) {
		iq_strbuf_printf(&out->text, "%" PRIx64 "\n", value->value);
		written(out);
		return;
	}
	if (out->text.len)
		iq_out_flush(out);
	if (out->values.num >= MAX_PIPE) {
		if (!out->err)
			out->err = iq_error_new(IQ_ERR_INVALID, "more than %d addresses in a pipe",
						MAX_PIPE);
		return;
	}
	iq_vec_push(&out->values, *value);
}

void iq_out_value(struct iq_out *out, uint64_t value)
{
	iq_out_pass(out, &(struct iq_pipe_value){ value, out->bound });
}

void iq_out_type(struct iq_out *out, struct iq_type type)
{
	out->type = type;
}

void iq_out_type_named(struct iq_cmd *cmd, const char *name)
{
	struct iq_error *err = NULL;
	struct iq_type type;

	if (cmd->to_pipe) {
		err = iq_type_by_name(cmd->s, name, &type);
		if (!err)
			iq_out_type(cmd->out, type);
	}
	iq_error_free(err);
}

unsigned iq_out_width(const struct iq_out *out)
{
	return out->to_pipe ? 0 : out->sh->width;
}

/* ---- tables ---- */

static void blanks(struct iq_strbuf *sb, size_t num)
{
	while (num--)
		iq_strbuf_addc(sb, ' ');
}

static void add_cell(struct iq_strbuf *line, const struct iq_column *c, const char *raw, bool last)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf clean = IQ_STRBUF_INIT;
	size_t width = IQ_MAX((size_t)c->min, iq_text_width(c->header ? c->header : c->name)), has;
	const char *text;

	iq_text_clean(&clean, raw);
	text = iq_strbuf_str(&clean);
	has = iq_text_width(text);
	if (c->max && has > IQ_MAX(width, (size_t)c->max)) {
		size_t max = IQ_MAX(width, (size_t)c->max);

		iq_strbuf_add(line, text, iq_text_fit(text, max - 1));
		iq_strbuf_addc(line, '+');
		return;
	}
	if (c->right && has < width)
		blanks(line, width - has);
	iq_strbuf_adds(line, text);
	if (!c->right && has < width && !last)
		blanks(line, width - has);
}

/* cells NULL: the header. */
static void add_line(struct iq_strbuf *text, const struct iq_column *columns,
		     const struct iq_cell *cells)
{
	bool ended = false, is_first = true;
	size_t start = text->len;
	char buf[400];

	for (const struct iq_column *c = columns; c->name; c++) {
		const struct iq_cell none = { IQ_CELL_NULL };
		const struct iq_cell *cell = &none;

		if (cells && !ended && cells->kind == IQ_CELL_END)
			ended = true;
		if (cells && !ended)
			cell = cells++;
		if (c->json_only)
			continue;
		if (!is_first)
			iq_strbuf_addc(text, ' ');
		is_first = false;
		add_cell(text, c,
			 !cells ? (c->header ? c->header : c->name)
				: iq_cell_text(cell, "", buf, sizeof(buf)),
			 !c[1].name);
	}
	while (text->len > start && text->str[text->len - 1] == ' ')
		text->len--;
	iq_strbuf_addc(text, '\n');
}

static bool header_is_due(struct iq_out *out, const struct iq_column *columns)
{
	iq_vec_foreach(&out->headers, h)
		if (*h == columns)
			return false;
	iq_vec_push(&out->headers, columns);
	return true;
}

/* Headers are bold where somebody sees it; not in a file, a log or another program's input. */
static void add_header(struct iq_out *out, const struct iq_column *columns)
{
	struct iq_shell *sh = out->sh;
	bool bold = sh->color && !out->to_pipe && out->sink.write == sh->out.write && !sh->log_path;

	if (bold)
		iq_strbuf_adds(&out->text, "\033[1m");
	add_line(&out->text, columns, NULL);
	if (!bold)
		return;
	out->text.len--; /* the end of the line comes after the end of bold */
	iq_strbuf_adds(&out->text, "\033[0m\n");
}

void iq_out_row(struct iq_cmd *cmd, const struct iq_column *columns, const struct iq_cell *cells)
{
	struct iq_out *out = cmd->out;

	if (out->to_pipe) {
		for (const struct iq_cell *c = cells; c->kind != IQ_CELL_END; c++)
			if (c->kind == IQ_CELL_ADDR) {
				iq_out_value(out, c->u64);
				return;
			}
	}
	if (header_is_due(out, columns))
		add_header(out, columns);
	add_line(&out->text, columns, cells);
	written(out);
}
