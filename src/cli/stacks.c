/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * inquest stacks: equal stacks once, with how many tasks are in them
 *
 * The first thing to look at on a machine where much hangs: a hundred tasks
 * in three stacks are three questions. Stacks are equal if their tasks are in the
 * same state at the same addresses all the way down.
 */
#include <stdio.h>

#include "cli/frames.h"
#include "inquest/groups.h"
#include "out/text.h"

enum { OPT_STATE = 1, OPT_FUNCTION, OPT_MODULE, OPT_TIDS, MAX_NAMES = 8 };

const struct iq_option iq_stacks_option_table[] = {
	{ OPT_STATE, 's', "state", "LETTERS", "only tasks in these states: D, or DR" },
	{ OPT_FUNCTION, 'f', "function", "NAME", "only stacks with this function" },
	{ OPT_MODULE, 'm', "module", "NAME", "only stacks through this module" },
	{ OPT_TIDS, 't', "tids", NULL, "show which tasks they are" },
	{ 0 },
};

struct options {
	const char *states, *function, *module;
	bool tids;
};

static bool has_module(const struct iq_stack *stack, const char *module)
{
	for (size_t i = 0; i < stack->num_frames; i++)
		if (stack->frames[i].sym.module && !strcmp(stack->frames[i].sym.module, module))
			return true;
	return false;
}

static bool has_function(const struct iq_stack *stack, const char *function)
{
	for (size_t i = 0; i < stack->num_frames; i++)
		if (iq_frame_is(&stack->frames[i], function) ||
		    (stack->frames[i].sym.name && !strcmp(stack->frames[i].sym.name, function)))
			return true;
	return false;
}

static bool is_wanted(const struct options *o, const struct iq_task *t,
		      const struct iq_stack *stack)
{
	return (!o->states || strchr(o->states, t->state)) &&
	       (!o->function || has_function(stack, o->function)) &&
	       (!o->module || has_module(stack, o->module));
}

static int by_size(const void *a, const void *b)
{
	const struct iq_group *x = a, *y = b;

	if (x->tasks.num != y->tasks.num)
		return x->tasks.num > y->tasks.num ? -1 : 1;
	if (x->tasks.data[0]->tgid != y->tasks.data[0]->tgid)
		return x->tasks.data[0]->tgid < y->tasks.data[0]->tgid ? -1 : 1;
	return x->tasks.data[0]->pid < y->tasks.data[0]->pid ? -1 : 1;
}

/* ---- what they are called ---- */

struct name {
	const char *comm;
	size_t num;
};
typedef IQ_VEC(struct name) names;

static int by_number(const void *a, const void *b)
{
	const struct name *x = a, *y = b;

	if (x->num != y->num)
		return x->num > y->num ? -1 : 1;
	return strcmp(x->comm, y->comm);
}

static void count_names(const struct iq_group *g, names *out)
{
	struct iq_strmap index = { 0 };

	iq_vec_foreach(&g->tasks, t) {
		uintptr_t known = (uintptr_t)iq_strmap_get(&index, (*t)->comm);

		if (known) {
			out->data[known - 1].num++;
			continue;
		}
		iq_vec_push(out, (struct name){ (*t)->comm, 1 });
		iq_strmap_set(&index, (*t)->comm, (void *)(uintptr_t)out->num);
	}
	iq_strmap_deinit(&index);
	qsort(out->data, out->num, sizeof(*out->data), by_number);
}

/* ---- output ---- */

static void print_tids(const struct iq_group *g, struct iq_strbuf *out, unsigned width)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;

	iq_vec_foreach(&g->tasks, t)
		iq_strbuf_printf(&sb, "%s%d", sb.len ? " " : "", (*t)->pid);
	iq_text_wrap(out, iq_strbuf_str(&sb), "  tids: ", 8, width);
}

static void print_group(const struct iq_group *g, const struct options *o, bool color,
			unsigned width, struct iq_strbuf *out)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf head = IQ_STRBUF_INIT, who = IQ_STRBUF_INIT;
	names found = { 0 };
	size_t shown = 0;

	iq_strbuf_printf(&head, "%zu task%s, %c", g->tasks.num, g->tasks.num == 1 ? "" : "s",
			 g->alike.state);
	iq_text_color(out, color, IQ_BOLD, iq_strbuf_str(&head));
	count_names(g, &found);
	iq_vec_foreach(&found, name) {
		if (shown++ == MAX_NAMES)
			break;
		iq_strbuf_adds(&who, shown > 1 ? ", " : "");
		iq_text_clean(&who, name->comm);
		if (name->num > 1)
			iq_strbuf_printf(&who, " x%zu", name->num);
	}
	if (found.num > MAX_NAMES)
		iq_strbuf_printf(&who, " and %zu other names", found.num - MAX_NAMES);
	iq_vec_free(&found);
	iq_strbuf_printf(out, ": %s\n", iq_strbuf_str(&who));
	if (o->tids)
		print_tids(g, out, width);
	for (size_t i = 0; i < g->stack->num_frames; i++) {
		iq_strbuf_adds(out, "  ");
		iq_frame_text(out, &g->stack->frames[i]);
		iq_strbuf_addc(out, '\n');
	}
	if (!g->stack->num_frames) {
		iq_strbuf_adds(out, "  no stack: ");
		iq_text_clean(out, g->stack->why_none ? g->stack->why_none : "not known");
		iq_strbuf_addc(out, '\n');
	}
	iq_strbuf_addc(out, '\n');
}

static json_t *group_json(const struct iq_group *g)
{
	json_t *row = json_object(), *tids = json_array(), *comms = json_object();
	char state[2] = { g->alike.state };
	names found = { 0 };

	count_names(g, &found);
	iq_vec_foreach(&g->tasks, t)
		json_array_append_new(tids, json_integer((*t)->pid));
	iq_vec_foreach(&found, name) {
		struct iq_strbuf sb = IQ_STRBUF_INIT;

		iq_text_clean(&sb, name->comm);
		json_object_set_new(comms, iq_strbuf_str(&sb), json_integer((json_int_t)name->num));
		iq_strbuf_deinit(&sb);
	}
	iq_vec_free(&found);
	json_object_set_new(row, "count", json_integer((json_int_t)g->tasks.num));
	json_object_set_new(row, "state", json_string(state));
	json_object_set_new(row, "comms", comms);
	json_object_set_new(row, "tids", tids);
	json_object_set_new(row, "frames", iq_frames_json(g->stack));
	json_object_set_new(row, "why_none",
			    g->stack->num_frames ? json_null() : iq_clean_json(g->stack->why_none));
	return row;
}

static int show(struct iq_cli *cli, const struct options *o)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf out = IQ_STRBUF_INIT;
	const struct iq_task_list *list;
	bool color = iq_use_color(cli);
	struct iq_groups groups = { 0 };
	struct iq_error *err;
	json_t *rows;
	int status;

	err = iq_cli_open(cli);
	if (!err)
		err = iq_cli_tasks(cli, &list, &status);
	if (err)
		return iq_complain_error(err);
	for (size_t i = 0; i < list->num_tasks; i++) {
		const struct iq_task *t = &list->tasks[i];
		const struct iq_stack *stack;

		/* Do not unwind what is not asked for. */
		if (t->pid == 0 || (o->states && !strchr(o->states, t->state)))
			continue;
		stack = iq_task_stack(cli->session, t);
		if (stack->unreadable)
			status = IQ_EXIT_INCOMPLETE;
		if (is_wanted(o, t, stack))
			iq_groups_add(&groups, t, stack, &(struct iq_alike){ .state = t->state });
	}
	iq_timing(cli, "stacks");
	if (groups.list.num)
		qsort(groups.list.data, groups.list.num, sizeof(*groups.list.data), by_size);
	if (!groups.list.num && !cli->json)
		iq_complain(0, "no task%s%s%s%s%s was found", o->states ? " in these states" : "",
			    o->function ? " with the function " : "",
			    o->function ? o->function : "", o->module ? " through module " : "",
			    o->module ? o->module : "");
	rows = json_array();
	iq_vec_foreach(&groups.list, g) {
		if (cli->json)
			json_array_append_new(rows, group_json(g));
		else
			print_group(g, o, color, iq_terminal_width(), &out);
	}
	if (cli->json)
		iq_json_rows("inquest.stacks/1", rows, &out);
	json_decref(rows);
	iq_groups_deinit(&groups);
	return iq_print(&out, status);
}

int iq_cmd_stacks(struct iq_cli *cli, struct iq_words *words)
{
	static const char letters[] = "RSDTtXZPI";
	struct options o = { 0 };
	int id;

	while ((id = iq_words_next(words)) != IQ_WORDS_END) {
		switch (id) {
		case OPT_STATE:
			o.states = words->value;
			if (!*o.states || strspn(o.states, letters) != strlen(o.states))
				return iq_complain(IQ_EXIT_USAGE,
						   "states are letters out of %s, not %s", letters,
						   o.states);
			break;
		case OPT_FUNCTION:
			o.function = words->value;
			break;
		case OPT_MODULE:
			o.module = words->value;
			break;
		case OPT_TIDS:
			o.tids = true;
			break;
		case IQ_WORDS_WORD:
			return iq_complain(IQ_EXIT_USAGE,
					   "stacks takes no words: %s; the stacks of one "
					   "process shows `inquest stack PID`",
					   words->value);
		default:
			return IQ_EXIT_USAGE;
		}
	}
	return show(cli, &o);
}
