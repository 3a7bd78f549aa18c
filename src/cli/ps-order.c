/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * In which order ps shows its rows: by columns, or children below their parents
 */
#include "cli/ps.h"

bool ps_sort_fields(ps_fields *fields, const char *list)
{
	while (*list) {
		size_t len, num = fields->num;
		char spec[64];
		bool down;

		list += strspn(list, ", ");
		down = *list == '-';
		list += *list == '-' || *list == '+';
		len = IQ_MIN(strcspn(list, ", "), sizeof(spec) - 1);
		if (!len)
			break;
		memcpy(spec, list, len);
		spec[len] = '\0';
		if (!ps_add_fields(fields, spec))
			return false;
		fields->data[num].down = down;
		list += strcspn(list, ", ");
	}
	return true;
}

/* ---- by columns ---- */

struct key {
	int64_t num;
	double real;
	const char *text;
};

struct sortable {
	struct ps_row row;
	size_t index;
	struct key *keys;
};

struct order {
	const ps_fields *fields;
};

static int compare_keys(const struct key *a, const struct key *b)
{
	if (a->num != b->num)
		return a->num < b->num ? -1 : 1;
	if (a->real != b->real)
		return a->real < b->real ? -1 : 1;
	return strcmp(a->text, b->text);
}

static int compare_rows(const void *a, const void *b, void *arg)
{
	const struct sortable *x = a, *y = b;
	const struct order *order = arg;

	for (size_t i = 0; i < order->fields->num; i++) {
		int diff = compare_keys(&x->keys[i], &y->keys[i]);

		if (diff)
			return order->fields->data[i].down ? -diff : diff;
	}
	return x->index < y->index ? -1 : x->index > y->index;
}

void ps_sort(struct ps *ps, const ps_fields *fields)
{
	struct sortable *all = iq_xcalloc(ps->rows.num ? ps->rows.num : 1, sizeof(*all));
	struct iq_arena *arena = iq_arena_new();
	struct order order = { fields };
	struct iq_strbuf sb = IQ_STRBUF_INIT;

	for (size_t i = 0; i < ps->rows.num; i++) {
		all[i].row = ps->rows.data[i];
		all[i].index = i;
		all[i].keys = iq_arena_alloc(arena, fields->num * sizeof(*all[i].keys));
		for (size_t k = 0; k < fields->num; k++) {
			const struct ps_column *c = fields->data[k].column;
			struct key *key = &all[i].keys[k];
			struct ps_value value = { 0 };

			sb.len = 0;
			if (!all[i].row.task->unreadable)
				c->get(ps, &all[i].row, &sb, &value);
			key->num = value.num;
			key->real = value.real;
			/* Times come with a number behind their text. */
			key->text = c->kind == PS_TEXT && !value.num
					    ? iq_arena_strdup(arena, iq_strbuf_str(&sb))
					    : "";
		}
	}
	qsort_r(all, ps->rows.num, sizeof(*all), compare_rows, &order);
	for (size_t i = 0; i < ps->rows.num; i++)
		ps->rows.data[i] = all[i].row;
	iq_strbuf_deinit(&sb);
	iq_arena_free(arena);
	free(all);
}

/* ---- children below their parents ---- */

enum { MAX_DEPTH = 64 };

struct forest {
	const struct ps *ps;
	struct iq_map first_child; /* tgid -> row + 1 */
	size_t *next_sibling;	   /* row -> row + 1, 0: the last */
	bool *placed;
	bool lines;
	IQ_VEC(struct ps_row) out;
	bool more[MAX_DEPTH]; /* has the ancestor at this depth a later sibling? */
};

static const char *prefix(const struct forest *f, struct iq_arena *arena, unsigned depth)
{
	char text[MAX_DEPTH * 4 + 1];
	size_t len = 0;

	for (unsigned i = 1; i <= depth; i++) {
		const char *piece = !f->lines	 ? "  "
				    : i == depth ? " \\_ "
				    : f->more[i] ? " |  "
						 : "    ";

		memcpy(text + len, piece, strlen(piece));
		len += strlen(piece);
	}
	text[len] = '\0';
	return iq_arena_strdup(arena, text);
}

static void place(struct forest *f, struct iq_arena *arena, size_t row, unsigned depth)
{
	uint64_t *child;
	size_t next;
	/* With lines, the children of init stand beside it: they are everything there is. */
	unsigned below = f->lines && f->ps->rows.data[row].task->tgid == 1 ? depth : depth + 1;

	if (f->placed[row] || depth >= MAX_DEPTH)
		return;
	f->placed[row] = true;
	iq_vec_push(&f->out, f->ps->rows.data[row])->forest = prefix(f, arena, depth);
	child = iq_map_get(&f->first_child, (uint64_t)f->ps->rows.data[row].task->tgid);
	if (f->ps->rows.data[row].task->pid != f->ps->rows.data[row].task->tgid)
		return;
	for (next = child ? *child : 0; next; next = f->next_sibling[next - 1]) {
		if (below < MAX_DEPTH)
			f->more[below] = f->next_sibling[next - 1];
		place(f, arena, next - 1, below);
	}
}

void ps_make_forest(struct ps *ps, bool lines)
{
	size_t num = ps->rows.num;
	struct forest f = { .ps = ps,
			    .lines = lines,
			    .next_sibling = iq_xcalloc(num ? num : 1, sizeof(size_t)),
			    .placed = iq_xcalloc(num ? num : 1, sizeof(bool)) };
	struct iq_map here = { 0 };

	for (size_t i = 0; i < num; i++)
		if (!ps->rows.data[i].task->unreadable)
			iq_map_set(&here, (uint64_t)ps->rows.data[i].task->tgid, i + 1);
	/* From the end, so that the lists of children begin with the first. */
	for (size_t i = num; i-- > 0;) {
		const struct iq_task *t = ps->rows.data[i].task;
		uint64_t *first = iq_map_get(&f.first_child, (uint64_t)t->ppid);

		if (t->unreadable || t->ppid == t->tgid)
			continue;
		f.next_sibling[i] = first ? *first : 0;
		iq_map_set(&f.first_child, (uint64_t)t->ppid, i + 1);
	}
	/* Kernel threads come first, as in ps(1). */
	for (size_t i = 0; i < num; i++)
		if (ps->rows.data[i].task->tgid == 2 && ps->rows.data[i].task->kthread)
			place(&f, iq_scratch(ps->cli->session), i, 0);
	for (size_t i = 0; i < num; i++)
		if (ps->rows.data[i].task->unreadable ||
		    !iq_map_get(&here, (uint64_t)ps->rows.data[i].task->ppid))
			place(&f, iq_scratch(ps->cli->session), i, 0);
	/* What a circle of parents kept from being reached. */
	for (size_t i = 0; i < num; i++)
		place(&f, iq_scratch(ps->cli->session), i, 0);
	free(ps->rows.data);
	ps->rows.data = f.out.data;
	ps->rows.num = f.out.num;
	ps->rows.cap = f.out.cap;
	iq_map_deinit(&f.first_child);
	iq_map_deinit(&here);
	free(f.next_sibling);
	free(f.placed);
}
