/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * inquest ptree: who started whom
 *
 * Without an argument everything; with a PID its ancestors and all below it;
 * with a user the processes of that user, each with its ancestors.
 */
#include <stdio.h>

#include "cli/cached.h"
#include "cli/frames.h"
#include "out/text.h"

enum { MAX_DEPTH = 256 };

struct tree {
	struct iq_cli *cli;
	const struct iq_task_list *list;
	struct iq_map first_child; /* tgid -> place in the list + 1 */
	size_t *next_sibling;	   /* place -> place + 1; 0: the last */
	uint8_t *shown;		   /* place: part of what was asked for */
	uint8_t *done;
	struct iq_strbuf *out;
	json_t *rows;
	unsigned width;
};

static bool is_process(const struct iq_task *t)
{
	return t->pid > 0 && t->pid == t->tgid;
}

static size_t place_of(const struct tree *tree, const struct iq_task *t)
{
	return (size_t)(t - tree->list->tasks);
}

static const struct iq_task *parent_of(const struct tree *tree, const struct iq_task *t)
{
	const struct iq_task *parent =
		t->ppid > 0 ? iq_task_by_pid(tree->cli->session, t->ppid) : NULL;

	return parent && parent != t && is_process(parent) ? parent : NULL;
}

static void index_children(struct tree *tree)
{
	/* From the end, so that each list of children begins with the lowest pid. */
	for (size_t i = tree->list->num_tasks; i-- > 0;) {
		const struct iq_task *t = &tree->list->tasks[i];
		uint64_t *first = iq_map_get(&tree->first_child, (uint64_t)t->ppid);

		if (!is_process(t) || t->ppid == t->tgid)
			continue;
		tree->next_sibling[i] = first ? *first : 0;
		iq_map_set(&tree->first_child, (uint64_t)t->ppid, i + 1);
	}
}

static void show_ancestors(struct tree *tree, const struct iq_task *t)
{
	for (unsigned i = 0; t && i < MAX_DEPTH; i++, t = parent_of(tree, t))
		tree->shown[place_of(tree, t)] = 1;
}

static void show_below(struct tree *tree, const struct iq_task *t, unsigned depth)
{
	uint64_t *child = iq_map_get(&tree->first_child, (uint64_t)t->tgid);

	tree->shown[place_of(tree, t)] = 1;
	for (size_t i = child ? *child : 0; i && depth < MAX_DEPTH; i = tree->next_sibling[i - 1])
		if (!tree->shown[i - 1])
			show_below(tree, &tree->list->tasks[i - 1], depth + 1);
}

static void print_one(struct tree *tree, const struct iq_task *t, unsigned depth)
{
	const char *args = iq_task_cmdline(tree->cli->session, t);
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf line = IQ_STRBUF_INIT;
	json_t *row;

	if (!tree->rows) {
		iq_strbuf_printf(&line, "%*s%d  ", (int)(2 * depth), "", t->pid);
		iq_text_clean(&line, args);
		if (t->state == 'Z')
			iq_strbuf_adds(&line, " <defunct>");
		iq_strbuf_add(tree->out, line.str,
			      tree->width ? iq_text_fit(line.str, tree->width) : line.len);
		iq_strbuf_addc(tree->out, '\n');
		return;
	}
	row = json_object();
	json_object_set_new(row, "pid", json_integer(t->pid));
	json_object_set_new(row, "ppid", json_integer(t->ppid));
	json_object_set_new(row, "depth", json_integer(depth));
	json_object_set_new(row, "uid", t->uid_known ? json_integer(t->euid) : json_null());
	json_object_set_new(row, "state", json_stringn(&t->state, 1));
	json_object_set_new(row, "nlwp", json_integer(t->num_threads));
	json_object_set_new(row, "comm", iq_clean_json(t->comm));
	json_object_set_new(row, "args", iq_clean_json(args));
	json_array_append_new(tree->rows, row);
}

static void print_below(struct tree *tree, const struct iq_task *t, unsigned depth, unsigned level)
{
	uint64_t *child = iq_map_get(&tree->first_child, (uint64_t)t->tgid);
	size_t place = place_of(tree, t);

	if (tree->done[place])
		return;
	tree->done[place] = 1;
	if (tree->shown[place])
		print_one(tree, t, depth);
	for (size_t i = child ? *child : 0; i && level < MAX_DEPTH; i = tree->next_sibling[i - 1])
		print_below(tree, &tree->list->tasks[i - 1], depth + tree->shown[place], level + 1);
}

static int choose(struct tree *tree, const char *what)
{
	const struct iq_task *t;
	uint32_t uid;
	int64_t pid;

	if (!what) {
		memset(tree->shown, 1, tree->list->num_tasks);
		return IQ_EXIT_OK;
	}
	if (iq_parse_int(what, 1, INT32_MAX, &pid)) {
		t = iq_task_by_pid(tree->cli->session, (int32_t)pid);
		if (t && !is_process(t))
			t = iq_task_by_pid(tree->cli->session, t->tgid);
		if (!t)
			return iq_complain(IQ_EXIT_SOURCE, "no process %s", what);
		show_ancestors(tree, t);
		tree->shown[place_of(tree, t)] = 0;
		show_below(tree, t, 0);
		return IQ_EXIT_OK;
	}
	if (!iq_user_by_name(what, &uid))
		return iq_complain(IQ_EXIT_USAGE,
				   "%s is neither a PID nor a user that is known here", what);
	for (size_t i = 0; i < tree->list->num_tasks; i++) {
		t = &tree->list->tasks[i];
		if (is_process(t) && t->uid_known && t->euid == uid)
			show_ancestors(tree, t);
	}
	return IQ_EXIT_OK;
}

static int show(struct iq_cli *cli, const char *what)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf out = IQ_STRBUF_INIT;
	struct tree tree = { .cli = cli, .out = &out, .width = iq_terminal_width() };
	int status, chosen;
	struct iq_error *err;
	size_t num;

	err = iq_cli_open(cli);
	if (!err)
		err = iq_cli_tasks(cli, &tree.list, &status);
	if (err)
		return iq_complain_error(err);
	num = tree.list->num_tasks;
	tree.next_sibling = iq_xcalloc(num, sizeof(*tree.next_sibling));
	tree.shown = iq_xcalloc(num, 1);
	tree.done = iq_xcalloc(num, 1);
	index_children(&tree);
	chosen = choose(&tree, what);
	if (cli->json)
		tree.rows = json_array();
	/* The roots: nobody's children. And then whatever a circle kept from being reached. */
	for (int round = 0; chosen == IQ_EXIT_OK && round < 2; round++)
		for (size_t i = 0; i < num; i++)
			if (is_process(&tree.list->tasks[i]) &&
			    (round || !parent_of(&tree, &tree.list->tasks[i])))
				print_below(&tree, &tree.list->tasks[i], 0, 0);
	if (!what && !cli->json)
		for (size_t i = 0; i < num; i++)
			if (tree.list->tasks[i].unreadable)
				iq_strbuf_printf(&out, "??  task_struct at %#" PRIx64 "\n",
						 tree.list->tasks[i].addr);
	if (cli->json && chosen == IQ_EXIT_OK)
		iq_json_rows("inquest.ptree/1", tree.rows, &out);
	json_decref(tree.rows);
	iq_map_deinit(&tree.first_child);
	free(tree.next_sibling);
	free(tree.shown);
	free(tree.done);
	iq_timing(cli, "tree");
	return iq_print(&out, chosen ? chosen : status);
}

int iq_cmd_ptree(struct iq_cli *cli, struct iq_words *words)
{
	const char *what = NULL;
	int id;

	while ((id = iq_words_next(words)) != IQ_WORDS_END) {
		if (id != IQ_WORDS_WORD)
			return IQ_EXIT_USAGE;
		if (what)
			return iq_complain(
				IQ_EXIT_USAGE,
				"ptree takes one PID or user; see `inquest ptree --help`");
		what = words->value;
	}
	return show(cli, what);
}
