/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who has what open
 *
 * The index is an array of all descriptors, chained three times: by file, by
 * private_data and by inode.
 */
#include "inquest/files.h"

#include "kernel/session.h"

enum { MAX_FDS = 1 << 20, MAX_OPEN = 8 << 20 };

struct shadow_file {
	uint64_t has;
	uint64_t op, private, inode, mode;
};

IQ_SHADOW(file_desc, "struct file", shadow_file, IQ_FIELD(shadow_file, op, "f_op"),
	  IQ_FIELD(shadow_file, private, "private_data"), IQ_FIELD(shadow_file, inode, "f_inode"),
	  IQ_FIELD(shadow_file, mode, "f_mode"));

struct open_entry {
	struct iq_open_file open;
	size_t next[3]; /* index + 1 of the next with the same key */
};

struct open_index {
	IQ_VEC(struct open_entry) list;
	struct iq_map by[3];  /* key -> index + 1 */
	struct iq_map tables; /* files_struct -> index + 1 of its first entry, 0: none */
};

static void add(struct open_index *x, const struct iq_open_file *open)
{
	uint64_t keys[3] = { open->file, open->private_data, open->inode };
	struct open_entry e = { .open = *open };

	for (int k = 0; k < 3; k++) {
		uint64_t *first = keys[k] ? iq_map_get(&x->by[k], keys[k]) : NULL;

		e.next[k] = first ? *first : 0;
		if (keys[k])
			iq_map_set(&x->by[k], keys[k], x->list.num + 1);
	}
	iq_vec_push(&x->list, e);
}

static void add_table(struct iq_session *s, struct open_index *x, const struct iq_task *t)
{
	uint64_t fdt, max, table, *words;
	size_t first = x->list.num;

	iq_map_set(&x->tables, t->files, 0);
	if (!iq_peek_member(s, "struct files_struct", "fdt", t->files, &fdt) ||
	    !iq_peek_member(s, "struct fdtable", "max_fds", fdt, &max) || !max || max > MAX_FDS ||
	    !iq_peek_member(s, "struct fdtable", "fd", fdt, &table))
		return;
	words = iq_xmalloc(max * 8);
	for (uint64_t at = 0; at < max; at += 512) {
		uint64_t num = IQ_MIN(max - at, (uint64_t)512);

		if (!iq_peek(s, table + at * 8, words + at, num * 8))
			memset(words + at, 0, num * 8);
	}
	for (uint64_t fd = 0; fd < max && x->list.num < MAX_OPEN; fd++) {
		struct shadow_file f;
		struct iq_error *err;

		if (!words[fd] || !iq_is_kernel_ptr(s, words[fd]))
			continue;
		err = iq_shadow_read(s, &file_desc, words[fd], &f);
		if (err) {
			iq_error_free(err);
			continue;
		}
		add(x, &(struct iq_open_file){ .task = t,
					       .files = t->files,
					       .fd = (unsigned)fd,
					       .file = words[fd],
					       .f_op = f.op,
					       .private_data = f.private,
					       .inode = f.inode,
					       .mode = (uint32_t)f.mode });
	}
	free(words);
	if (x->list.num > first)
		iq_map_set(&x->tables, t->files, first + 1);
}

static void *make_index(struct iq_session *s)
{
	const struct iq_task_list *list = iq_tasks(s);
	struct open_index *x;

	if (!list)
		return NULL;
	x = iq_xcalloc(1, sizeof(*x));
	/* Leaders first, so that a table is the process's rather than one thread's. */
	for (int leaders = 1; leaders >= 0; leaders--)
		for (size_t i = 0; i < list->num_tasks; i++) {
			const struct iq_task *t = &list->tasks[i];

			if (t->pid && t->files && (t->pid == t->tgid) == leaders &&
			    !iq_map_get(&x->tables, t->files))
				add_table(s, x, t);
		}
	return x;
}

static void free_index(void *value)
{
	struct open_index *x = value;

	iq_vec_free(&x->list);
	for (int k = 0; k < 3; k++)
		iq_map_deinit(&x->by[k]);
	iq_map_deinit(&x->tables);
	free(x);
}

static const struct iq_cache index_cache = { .life = IQ_CACHE_SNAPSHOT,
					     .make = make_index,
					     .free = free_index };

size_t iq_open_each(struct iq_session *s, enum iq_open_key key, iq_vaddr value, iq_open_fn fn,
		    void *ctx)
{
	struct open_index *x = iq_cache_get(s, &index_cache);
	uint64_t *first = x && value ? iq_map_get(&x->by[key], value) : NULL;
	size_t num = 0;

	for (size_t i = first ? *first : 0; i; i = x->list.data[i - 1].next[key]) {
		num++;
		if (fn(ctx, &x->list.data[i - 1].open))
			break;
	}
	return num;
}

size_t iq_open_of_task(struct iq_session *s, const struct iq_task *task, iq_open_fn fn, void *ctx)
{
	struct open_index *x = iq_cache_get(s, &index_cache);
	uint64_t *first = x && task->files ? iq_map_get(&x->tables, task->files) : NULL;
	size_t num = 0;

	for (size_t i = first ? *first : 0;
	     i && i <= x->list.num && x->list.data[i - 1].open.files == task->files; i++) {
		num++;
		if (fn(ctx, &x->list.data[i - 1].open))
			break;
	}
	return num;
}
