/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rows of ps, as text and as JSON
 *
 * Columns have a width, and a blank stands between two. What is wider runs over
 * into the room to the right of it, and the columns behind it take back as much
 * of their padding as they can, so that most of the line stands where it should.
 */
#include <jansson.h>
#include <stdio.h>

#include "cli/ps.h"
#include "out/text.h"

/* ---- which columns ---- */

static bool add_field(ps_fields *fields, const char *spec, size_t len)
{
	const char *equals = memchr(spec, '=', len), *colon;
	size_t name_len = equals ? (size_t)(equals - spec) : len;
	struct ps_field field = { 0 };
	int64_t width = 0;
	char number[16];

	colon = memchr(spec, ':', name_len);
	if (colon) {
		snprintf(number, sizeof(number), "%.*s", (int)(spec + name_len - colon - 1),
			 colon + 1);
		if (!iq_parse_int(number, 1, 4096, &width)) {
			iq_complain(0, "a column's width is a number from 1 to 4096, not %s",
				    number);
			return false;
		}
		name_len = (size_t)(colon - spec);
	}
	field.column = ps_column_by_name(spec, name_len);
	if (!field.column) {
		const char *names[128], *nearest;
		char name[64];
		size_t num = 0;

		for (const struct ps_column *c = ps_columns; c->name && num < 127; c++)
			names[num++] = c->name;
		names[num] = NULL;
		snprintf(name, sizeof(name), "%.*s", (int)IQ_MIN(name_len, (size_t)63), spec);
		nearest = iq_nearest(name, names);
		iq_complain(0, "unknown column %s%s%s; see `inquest ps --help`", name,
			    nearest ? "; did you mean " : "", nearest ? nearest : "");
		return false;
	}
	field.header = field.column->header;
	field.fixed = width != 0;
	field.width = width ? (unsigned)width : field.column->width;
	if (equals) {
		static struct iq_arena *arena; /* for the program's life */

		if (!arena)
			arena = iq_arena_new();
		field.header =
			iq_arena_printf(arena, "%.*s", (int)(spec + len - equals - 1), equals + 1);
		if (strlen(field.header) > field.width)
			field.width = (unsigned)strlen(field.header);
	}
	iq_vec_push(fields, field);
	return true;
}

bool ps_add_fields(ps_fields *fields, const char *list)
{
	while (*list) {
		size_t len;

		list += strspn(list, ", \t");
		len = strcspn(list, ", \t");
		if (len && !add_field(fields, list, len))
			return false;
		list += len;
	}
	return true;
}

/* ---- text ---- */

struct line {
	struct iq_strbuf *out;
	unsigned at;	 /* columns written */
	unsigned should; /* columns that should have been written before the next field */
	unsigned limit;	 /* 0: none */
};

static void pad(struct line *l, unsigned num)
{
	if (l->limit && l->at + num > l->limit)
		num = l->limit > l->at ? l->limit - l->at : 0;
	for (unsigned i = 0; i < num; i++)
		iq_strbuf_addc(l->out, ' ');
	l->at += num;
}

static void put(struct line *l, const char *text, size_t len, unsigned width)
{
	if (l->limit && l->at + width > l->limit) {
		width = l->limit > l->at ? l->limit - l->at : 0;
		len = iq_text_fit(text, width);
	}
	iq_strbuf_add(l->out, text, len);
	l->at += width;
}

static unsigned field_width(const struct ps *ps, const struct ps_field *f)
{
	return f->column->is_pid && !f->fixed ? IQ_MAX(f->width, ps->pid_digits) : f->width;
}

static void put_field(const struct ps *ps, struct line *l, const struct ps_field *f,
		      const char *text, bool is_first, bool is_last, bool is_header)
{
	enum ps_just just = f->column->just;
	unsigned width = field_width(ps, f), own, left = 0, gap;
	size_t len = strlen(text);
	bool plus = false;

	own = (unsigned)iq_text_width(text);
	/* Only numbers may run over; names are cut unless they end the line. */
	if (!is_header && own > width && just != PS_RIGHT && !is_last) {
		plus = just == PS_USER && width > 1;
		own = width - plus;
		len = iq_text_fit(text, own);
	}
	if (just == PS_RIGHT && own < width)
		left = width - own;
	gap = l->should + left > l->at ? l->should + left - l->at : 0;
	if (!gap && !is_first)
		gap = 1;
	pad(l, gap);
	put(l, text, len, own);
	if (plus)
		put(l, "+", 1, 1);
	l->should += width + 1;
}

static void end_line(struct line *l)
{
	iq_strbuf_addc(l->out, '\n');
	l->at = l->should = 0;
}

void ps_print_text(const struct ps *ps, const ps_fields *fields, bool header, unsigned width,
		   struct iq_strbuf *out)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf text = IQ_STRBUF_INIT;
	struct line line = { .out = out, .limit = width };
	bool any_header = false;

	iq_vec_foreach(fields, f)
		any_header |= *f->header != '\0';
	for (size_t i = 0; header && any_header && i < fields->num; i++)
		put_field(ps, &line, &fields->data[i], fields->data[i].header, !i,
			  i + 1 == fields->num, true);
	if (header && any_header)
		end_line(&line);
	iq_vec_foreach(&ps->rows, row) {
		for (size_t i = 0; i < fields->num; i++) {
			struct ps_value value = { 0 };

			text.len = 0;
			if (row->task->unreadable)
				iq_strbuf_adds(&text, "??");
			else
				fields->data[i].column->get(ps, row, &text, &value);
			put_field(ps, &line, &fields->data[i], iq_strbuf_str(&text), !i,
				  i + 1 == fields->num, false);
		}
		end_line(&line);
	}
}

/* ---- JSON ---- */

static json_t *json_value(const struct ps *ps, const struct ps_row *row, const struct ps_column *c,
			  struct iq_strbuf *text)
{
	struct ps_value value = { 0 };

	if (row->task->unreadable)
		return json_null();
	text->len = 0;
	c->get(ps, row, text, &value);
	if (value.null)
		return json_null();
	switch (c->kind) {
	case PS_NUMBER:
		return json_integer(value.num);
	case PS_REAL:
		return json_real(value.real);
	default:
		return json_string(iq_strbuf_str(text) + strspn(iq_strbuf_str(text), " "));
	}
}

void ps_print_json(const struct ps *ps, const ps_fields *fields, struct iq_strbuf *out)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf text = IQ_STRBUF_INIT;
	json_t *rows = json_array(), *object;

	iq_vec_foreach(&ps->rows, row) {
		object = json_object();
		iq_vec_foreach(fields, f)
			json_object_set_new(object, f->column->name,
					    json_value(ps, row, f->column, &text));
		json_array_append_new(rows, object);
	}
	iq_json_rows("inquest.ps/1", rows, out);
	json_decref(rows);
}
