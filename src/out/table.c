/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tables
 *
 * Cells are kept as they were given, typed, with their strings in an arena. Text and
 * JSON are two ways to look at the same cells, so that they cannot differ.
 */
#include <math.h>
#include <stdio.h>

#include "out/table.h"
#include "out/text.h"

struct iq_table {
	struct iq_arena *arena;
	struct iq_column *columns;
	size_t num_columns;
	IQ_VEC(struct iq_cell *) rows;
};

struct iq_table *iq_table_new(const struct iq_column *columns)
{
	struct iq_table *t = iq_xcalloc(1, sizeof(*t));

	json_set_alloc_funcs(iq_xmalloc, free);
	t->arena = iq_arena_new();
	while (columns[t->num_columns].name)
		t->num_columns++;
	t->columns = iq_xcalloc(t->num_columns, sizeof(*t->columns));
	for (size_t i = 0; i < t->num_columns; i++) {
		struct iq_column *c = &t->columns[i];

		*c = columns[i];
		c->name = iq_arena_strdup(t->arena, c->name);
		c->header = c->header ? iq_arena_strdup(t->arena, c->header) : c->name;
	}
	return t;
}

void iq_table_free(struct iq_table *t)
{
	if (!t)
		return;
	iq_vec_foreach(&t->rows, row)
		for (size_t i = 0; i < t->num_columns; i++)
			json_decref((*row)[i].json);
	iq_vec_free(&t->rows);
	free(t->columns);
	iq_arena_free(t->arena);
	free(t);
}

/* A string of the target as it may be shown. */
static const char *clean(struct iq_table *t, const char *str)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;

	if (iq_text_is_clean(str, strlen(str)))
		return iq_arena_strdup(t->arena, str);
	iq_text_clean(&sb, str);
	return iq_arena_strdup(t->arena, iq_strbuf_str(&sb));
}

void iq_table_row(struct iq_table *t, const struct iq_cell *cells)
{
	struct iq_cell *row = iq_arena_alloc(t->arena, t->num_columns * sizeof(*row));
	size_t i = 0;

	for (; i < t->num_columns && cells[i].kind != IQ_CELL_END; i++) {
		row[i] = cells[i];
		if (row[i].kind == IQ_CELL_STR && !row[i].str)
			row[i].kind = IQ_CELL_NULL;
		if (row[i].kind == IQ_CELL_STR)
			row[i].str = clean(t, row[i].str);
		if (row[i].text)
			row[i].text = clean(t, row[i].text);
	}
	for (; i < t->num_columns; i++)
		row[i].kind = IQ_CELL_NULL;
	iq_vec_push(&t->rows, row);
}

size_t iq_table_num_rows(const struct iq_table *t)
{
	return t->rows.num;
}

/* ---- sorting ---- */

struct sorted {
	struct iq_cell *row;
	size_t column, place;
	bool descending;
};

static int compare(double x, double y)
{
	return x < y ? -1 : x > y;
}

/* Whether numbers, whose kinds may be mixed, or strings; what has no value comes last. */
static int compare_cells(const struct iq_cell *x, const struct iq_cell *y)
{
	if (x->kind == IQ_CELL_STR && y->kind == IQ_CELL_STR)
		return strcmp(x->str, y->str);
	if (x->kind != y->kind)
		return 0;
	switch (x->kind) {
	case IQ_CELL_I64:
		return x->i64 < y->i64 ? -1 : x->i64 > y->i64;
	case IQ_CELL_U64:
	case IQ_CELL_ADDR:
		return x->u64 < y->u64 ? -1 : x->u64 > y->u64;
	case IQ_CELL_REAL:
		return compare(x->real, y->real);
	case IQ_CELL_BOOL:
		return x->yes - y->yes;
	default:
		return 0;
	}
}

static int kind_rank(const struct iq_cell *cell)
{
	return cell->kind == IQ_CELL_UNREADABLE ? 100
	       : cell->kind == IQ_CELL_NULL	? 99
						: cell->kind;
}

static int by_column(const void *a, const void *b)
{
	const struct sorted *x = a, *y = b;
	const struct iq_cell *p = &x->row[x->column], *q = &y->row[y->column];
	int diff;

	if (kind_rank(p) != kind_rank(q))
		return kind_rank(p) < kind_rank(q) ? -1 : 1;
	diff = compare_cells(p, q);
	if (diff)
		return x->descending ? -diff : diff;
	return x->place < y->place ? -1 : x->place > y->place;
}

bool iq_table_sort(struct iq_table *t, const char *column, bool descending)
{
	struct sorted *list;
	size_t c = 0;

	while (c < t->num_columns && strcmp(t->columns[c].name, column))
		c++;
	if (c == t->num_columns)
		return false;
	list = iq_xcalloc(t->rows.num, sizeof(*list));
	for (size_t i = 0; i < t->rows.num; i++)
		list[i] = (struct sorted){ t->rows.data[i], c, i, descending };
	qsort(list, t->rows.num, sizeof(*list), by_column);
	for (size_t i = 0; i < t->rows.num; i++)
		t->rows.data[i] = list[i].row;
	free(list);
	return true;
}

/* ---- text ---- */

const char *iq_cell_text(const struct iq_cell *cell, const char *prefix, char *buf, size_t size)
{
	if (cell->text)
		return cell->text;
	switch (cell->kind) {
	case IQ_CELL_STR:
		return cell->str ? cell->str : "-";
	case IQ_CELL_I64:
		snprintf(buf, size, "%" PRId64, cell->i64);
		return buf;
	case IQ_CELL_U64:
		snprintf(buf, size, "%" PRIu64, cell->u64);
		return buf;
	case IQ_CELL_REAL:
		snprintf(buf, size, "%.1f", cell->real);
		return buf;
	case IQ_CELL_BOOL:
		return cell->yes ? "yes" : "no";
	case IQ_CELL_ADDR:
		snprintf(buf, size, "%s%" PRIx64, prefix, cell->u64);
		return buf;
	case IQ_CELL_UNREADABLE:
		return "??";
	default:
		return "-";
	}
}

enum { NUM_BUF = 400 /* the longest double has 309 digits before its point */ };

static size_t *column_widths(const struct iq_table *t, bool with_header)
{
	size_t *widths = iq_xcalloc(t->num_columns, sizeof(*widths));
	char buf[NUM_BUF];

	for (size_t i = 0; i < t->num_columns; i++) {
		const struct iq_column *c = &t->columns[i];

		widths[i] = IQ_MAX((size_t)c->min, with_header ? iq_text_width(c->header) : 0);
		if (c->json_only)
			continue;
		iq_vec_foreach(&t->rows, row) {
			size_t width =
				iq_text_width(iq_cell_text(&(*row)[i], "0x", buf, sizeof(buf)));

			if (c->max)
				width = IQ_MIN(width, (size_t)c->max);
			widths[i] = IQ_MAX(widths[i], width);
		}
	}
	return widths;
}

static void blanks(struct iq_strbuf *sb, size_t num)
{
	while (num--)
		iq_strbuf_addc(sb, ' ');
}

static void add_cell(struct iq_strbuf *line, const struct iq_column *c, const char *text,
		     size_t width, bool is_last)
{
	size_t has = iq_text_width(text);

	if (c->max && has > IQ_MAX(c->max, c->min) && has > width) {
		size_t fits = iq_text_fit(text, width - 1);

		iq_strbuf_add(line, text, fits);
		iq_strbuf_addc(line, '+');
		return;
	}
	if (c->right && has < width)
		blanks(line, width - has);
	iq_strbuf_adds(line, text);
	if (!c->right && has < width && !is_last)
		blanks(line, width - has);
}

/* A line: no wider than the terminal, and no blanks at its end. */
static void end_line(struct iq_strbuf *out, struct iq_strbuf *line,
		     const struct iq_table_style *style, bool is_header)
{
	size_t len = line->len;

	if (style->width)
		len = iq_text_fit(iq_strbuf_str(line), style->width);
	while (len && line->str[len - 1] == ' ')
		len--;
	if (len) {
		line->str[len] = '\0';
		iq_text_color(out, style->color && is_header, IQ_BOLD, line->str);
	}
	iq_strbuf_addc(out, '\n');
	line->len = 0;
}

void iq_table_text(const struct iq_table *t, const struct iq_table_style *style,
		   struct iq_strbuf *out)
{
	_cleanup_free_ size_t *widths = column_widths(t, !style->no_header);
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf line = IQ_STRBUF_INIT;
	size_t first = style->no_header ? 1 : 0, last = t->num_columns;
	char buf[NUM_BUF];

	while (last && t->columns[last - 1].json_only)
		last--;
	for (size_t r = first; r <= t->rows.num; r++) {
		bool is_first_cell = true;

		for (size_t i = 0; i < last; i++) {
			const struct iq_column *c = &t->columns[i];
			const char *text =
				r ? iq_cell_text(&t->rows.data[r - 1][i], "0x", buf, sizeof(buf))
				  : c->header;

			if (c->json_only)
				continue;
			if (!is_first_cell)
				iq_strbuf_addc(&line, ' ');
			is_first_cell = false;
			add_cell(&line, c, text, widths[i], i + 1 == last);
		}
		end_line(out, &line, style, !r);
	}
}

/* ---- JSON ---- */

static json_t *cell_json(const struct iq_cell *cell)
{
	char buf[32];

	if (cell->json)
		return json_incref(cell->json);
	switch (cell->kind) {
	case IQ_CELL_STR:
		return json_string_nocheck(cell->str);
	case IQ_CELL_I64:
		return json_integer(cell->i64);
	case IQ_CELL_U64:
		/* Beyond what jansson's integers hold: rather a string than a wrong number. */
		if (cell->u64 <= INT64_MAX)
			return json_integer((json_int_t)cell->u64);
		snprintf(buf, sizeof(buf), "%" PRIu64, cell->u64);
		return json_string(buf);
	case IQ_CELL_REAL:
		return isfinite(cell->real) ? json_real(cell->real) : json_null();
	case IQ_CELL_BOOL:
		return json_boolean(cell->yes);
	case IQ_CELL_ADDR:
		snprintf(buf, sizeof(buf), "0x%" PRIx64, cell->u64);
		return json_string(buf);
	default:
		return json_null();
	}
}

json_t *iq_table_json(const struct iq_table *t, const char *schema)
{
	json_t *json = json_object(), *rows = json_array();

	json_object_set_new(json, "schema", json_string(schema));
	iq_vec_foreach(&t->rows, row) {
		json_t *object = json_object();

		for (size_t i = 0; i < t->num_columns; i++)
			json_object_set_new(object, t->columns[i].name, cell_json(&(*row)[i]));
		json_array_append_new(rows, object);
	}
	json_object_set_new(json, "rows", rows);
	return json;
}
