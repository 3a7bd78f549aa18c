/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stacks: threads grouped by state, class of synchronisation object, and stack
 *
 * The first command on a machine where much hangs: a hundred threads in three stacks are three
 * questions. Two threads are in one group if their stacks have the same addresses all the way
 * down, they are in the same state, and sleep on the same class of object.
 */
#include "proc.h"

#include "inquest/groups.h"

struct found {
	struct iq_groups groups; /* alike.what is the class of synchronisation object, NULL: none */
	size_t num_threads, num_failed;
};

/* ---- what is asked for ---- */

/* A state as the user names it: letters of ps(1), or mdb's words. */
static bool state_is(const struct iq_task *t, const char *name)
{
	static const struct {
		const char *word, *letters;
	} words[] = {
		{ "sleep", "SDI" },
		{ "run", "R" },
		{ "zomb", "ZX" },
		{ "zombie", "ZX" },
		{ "stopped", "Tt" },
		{ "free", "X" },
		{ "uninterruptible", "D" },
		{ "interruptible", "S" },
		{ "idle", "I" },
		{ "traced", "t" },
		{ "dead", "X" },
		{ "wait", "D" },
		{ "TASK_INTERRUPTIBLE", "S" },
		{ "TASK_UNINTERRUPTIBLE", "D" },
		{ "TASK_RUNNING", "R" },
	};

	if (!strcasecmp(name, "onproc"))
		return t->on_cpu;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(words); i++)
		if (!strcasecmp(name, words[i].word))
			return strchr(words[i].letters, t->state) != NULL;
	return t->state && strchr(name, t->state);
}

static bool state_is_known(const char *name)
{
	static const char *const words[] = { "sleep",
					     "run",
					     "zomb",
					     "zombie",
					     "stopped",
					     "free",
					     "uninterruptible",
					     "interruptible",
					     "idle",
					     "traced",
					     "dead",
					     "wait",
					     "onproc",
					     "TASK_INTERRUPTIBLE",
					     "TASK_UNINTERRUPTIBLE",
					     "TASK_RUNNING" };

	for (size_t i = 0; i < IQ_ARRAY_SIZE(words); i++)
		if (!strcasecmp(name, words[i]))
			return true;
	return *name && strspn(name, "RSDTtXZPI") == strlen(name);
}

/* "func" or "func+0x12". */
struct place {
	char name[128];
	bool has_offset;
	uint64_t offset;
};

static struct iq_error *parse_place(struct iq_cmd *cmd, const char *str, struct place *place)
{
	const char *plus = strchr(str, '+');
	size_t len = plus ? (size_t)(plus - str) : strlen(str);
	char *end = NULL;

	if (!len || len >= sizeof(place->name))
		return iq_cmd_usage(cmd, "%s is not the name of a function", str);
	memcpy(place->name, str, len);
	place->name[len] = '\0';
	place->has_offset = plus != NULL;
	if (!plus)
		return NULL;
	/* Offsets are hexadecimal, as they are shown. */
	place->offset = strtoull(plus + 1, &end, 16);
	return *end || end == plus + 1 ? iq_cmd_usage(cmd, "%s is not an offset", plus + 1) : NULL;
}

static bool has_place(const struct iq_stack *stack, const struct place *place)
{
	const char *name = strrchr(place->name, '`');

	name = name ? name + 1 : place->name;
	for (size_t i = 0; i < stack->num_frames; i++) {
		const struct iq_frame *f = &stack->frames[i];

		if (!f->sym.name || (strcmp(f->sym.name, name) != 0 && !iq_frame_is(f, name)))
			continue;
		if (name != place->name &&
		    (!f->sym.module || strncmp(f->sym.module, place->name, strlen(f->sym.module)) ||
		     place->name[strlen(f->sym.module)] != '`'))
			continue;
		if (!place->has_offset || place->offset == f->offset)
			return true;
	}
	return false;
}

static bool has_module(struct iq_session *s, const struct iq_stack *stack, const char *module)
{
	for (size_t i = 0; i < stack->num_frames; i++)
		if (proc_in_module(s, &stack->frames[i].sym, module))
			return true;
	return false;
}

enum { MAX_PLACES = 8 };

struct filter {
	struct place with[MAX_PLACES], without[MAX_PLACES];
	size_t num_with, num_without;
	bool interesting;
};

static struct iq_error *parse_places(struct iq_cmd *cmd, char letter, struct place *places,
				     size_t *num)
{
	const struct iq_arg *arg;
	struct iq_error *err = NULL;

	for (*num = 0; !err && (arg = iq_cmd_opt_at(cmd, letter, *num)); (*num)++) {
		if (*num == MAX_PLACES)
			return iq_cmd_usage(cmd, "-%c is given too often", letter);
		err = parse_place(cmd, arg->str, &places[*num]);
	}
	return err;
}

static struct iq_error *parse_filter(struct iq_cmd *cmd, struct filter *f)
{
	const struct iq_arg *arg;
	struct iq_error *err;

	f->interesting = iq_cmd_has(cmd, 'i');
	for (const char *l = "tT"; *l; l++)
		for (size_t i = 0; (arg = iq_cmd_opt_at(cmd, *l, i)); i++)
			if (!state_is_known(arg->str))
				return iq_cmd_usage(cmd,
						    "%s is no state: letters out of RSDTtXZPI, "
						    "or sleep, run, onproc, zomb, stopped",
						    arg->str);
	for (const char *l = "sS"; *l; l++)
		for (size_t i = 0; (arg = iq_cmd_opt_at(cmd, *l, i)); i++)
			if (!proc_sobj_known(arg->str))
				return iq_cmd_usage(cmd, "%s is no class of synchronisation object",
						    arg->str);
	err = parse_places(cmd, 'c', f->with, &f->num_with);
	return err ? err : parse_places(cmd, 'C', f->without, &f->num_without);
}

static bool is_wanted_state(struct iq_cmd *cmd, const struct iq_task *t)
{
	const struct iq_arg *arg;

	for (size_t i = 0; (arg = iq_cmd_opt_at(cmd, 't', i)); i++)
		if (!state_is(t, arg->str))
			return false;
	for (size_t i = 0; (arg = iq_cmd_opt_at(cmd, 'T', i)); i++)
		if (state_is(t, arg->str))
			return false;
	return true;
}

/* Asleep until there is something to do, or gone. */
static bool is_dull(const struct iq_task *t, const char *sobj)
{
	if (t->state == 'Z' || t->state == 'X')
		return true;
	return (t->state == 'S' || t->state == 'I' || t->state == 'P') && proc_sobj_is_idle(sobj);
}

static bool is_wanted(struct iq_cmd *cmd, const struct filter *f, const struct iq_task *t,
		      const struct iq_stack *stack, const char *sobj)
{
	const struct iq_arg *arg;

	if (f->interesting && is_dull(t, sobj))
		return false;
	for (size_t i = 0; (arg = iq_cmd_opt_at(cmd, 's', i)); i++)
		if (!proc_sobj_is(sobj, arg->str))
			return false;
	for (size_t i = 0; (arg = iq_cmd_opt_at(cmd, 'S', i)); i++)
		if (proc_sobj_is(sobj, arg->str))
			return false;
	for (size_t i = 0; i < f->num_with; i++)
		if (!has_place(stack, &f->with[i]))
			return false;
	for (size_t i = 0; i < f->num_without; i++)
		if (has_place(stack, &f->without[i]))
			return false;
	for (size_t i = 0; (arg = iq_cmd_opt_at(cmd, 'm', i)); i++)
		if (!has_module(cmd->s, stack, arg->str))
			return false;
	for (size_t i = 0; (arg = iq_cmd_opt_at(cmd, 'M', i)); i++)
		if (has_module(cmd->s, stack, arg->str))
			return false;
	return true;
}

/* ---- groups ---- */

static void add(struct found *found, const struct iq_task *t, const struct iq_stack *stack,
		const char *sobj)
{
	found->num_threads++;
	found->num_failed += !stack->num_frames || !stack->complete;
	iq_groups_add(&found->groups, t, stack,
		      &(struct iq_alike){ .state = t->state,
					  .on_cpu = t->on_cpu,
					  .complete = stack->complete,
					  .what = sobj });
}

static int by_size(const void *a, const void *b)
{
	const struct iq_group *x = a, *y = b;
	int rc;

	if (x->tasks.num != y->tasks.num)
		return x->tasks.num > y->tasks.num ? -1 : 1;
	rc = strcmp(x->text, y->text);
	if (rc)
		return rc;
	return x->tasks.data[0]->pid < y->tasks.data[0]->pid
		       ? -1
		       : x->tasks.data[0]->pid > y->tasks.data[0]->pid;
}

/* ---- output ---- */

static const char *failure(struct iq_cmd *cmd, const struct iq_group *g)
{
	if (g->stack->num_frames)
		return g->stack->complete ? NULL : "<the rest of the stack could not be followed>";
	if (g->alike.on_cpu)
		return "<running: no stack to be seen>";
	return iq_arena_printf(cmd->arena, "<no stack: %s>",
			       g->stack->why_none ? g->stack->why_none : "not known");
}

static const char *frames_text(struct iq_cmd *cmd, const struct iq_group *g)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;
	const char *failed = failure(cmd, g);

	for (size_t i = 0; i < g->stack->num_frames; i++) {
		const struct iq_frame *f = &g->stack->frames[i];

		iq_strbuf_printf(&sb, "%17s%s", "", f->by == IQ_FRAME_SCAN ? "? " : "");
		if (f->sym.name)
			iq_strbuf_printf(&sb, "%s%s%s+%#" PRIx64 "\n",
					 f->sym.module ? f->sym.module : "",
					 f->sym.module ? "`" : "", f->sym.name, f->offset);
		else
			iq_strbuf_printf(&sb, "%#" PRIx64 "\n", f->pc);
	}
	if (failed)
		iq_strbuf_printf(&sb, "%17s%s\n", "", failed);
	return iq_arena_strdup(cmd->arena, iq_strbuf_str(&sb));
}

static const struct iq_column columns[] = {
	{ "THREAD", .min = 16 },
	{ "STATE", .min = 8 },
	{ "SOBJ", .min = 16 },
	{ "COUNT", .right = true, .min = 8 },
	{ 0 },
};

static void group_row(struct iq_cmd *cmd, const struct iq_group *g, const struct iq_task *t,
		      bool first)
{
	char state[2] = { g->alike.state };

	iq_out_row(cmd, columns,
		   (struct iq_cell[]){
			   { IQ_CELL_ADDR, .u64 = t->addr },
			   { IQ_CELL_STR, .str = state },
			   { IQ_CELL_STR, .str = g->alike.what ? g->alike.what : "<NONE>" },
			   first ? (struct iq_cell){ IQ_CELL_U64, .u64 = g->tasks.num }
				 : (struct iq_cell){ IQ_CELL_NULL },
			   { IQ_CELL_END },
		   });
}

static void show(struct iq_cmd *cmd, const struct found *found)
{
	bool all = iq_cmd_has(cmd, 'a');

	if (cmd->to_pipe)
		proc_out_type(cmd);
	iq_vec_foreach(&found->groups.list, g) {
		if (iq_cmd_stop(cmd))
			return;
		if (cmd->to_pipe) {
			iq_vec_foreach(&g->tasks, t)
				iq_out_value(cmd->out, (*t)->addr);
			continue;
		}
		for (size_t i = 0; i < g->tasks.num && (all || i == 0); i++)
			group_row(cmd, g, g->tasks.data[i], i == 0);
		iq_out_text(cmd->out, "%s\n", g->text);
	}
	if (iq_cmd_has(cmd, 'v') && !cmd->to_pipe)
		iq_out_text(cmd->out,
			    "%zu thread%s, %zu different stack%s, %zu without a whole stack\n",
			    found->num_threads, found->num_threads == 1 ? "" : "s",
			    found->groups.list.num, found->groups.list.num == 1 ? "" : "s",
			    found->num_failed);
}

/* ---- which threads ---- */

static void consider(struct iq_cmd *cmd, const struct filter *f, const struct iq_task *t,
		     struct found *found)
{
	const struct iq_stack *stack;
	const char *sobj;

	/* Do not unwind what is not asked for. */
	if (!is_wanted_state(cmd, t))
		return;
	stack = iq_task_stack(cmd->s, t);
	sobj = proc_task_sobj(cmd->s, t, stack);
	if (is_wanted(cmd, f, t, stack, sobj))
		add(found, t, stack, sobj);
}

static struct iq_error *given_threads(struct iq_cmd *cmd, const struct filter *f,
				      struct found *found)
{
	size_t num = cmd->pipe ? cmd->num_pipe : 1;
	const struct iq_task *t;
	struct iq_error *err = NULL;

	for (size_t i = 0; !err && i < num && !iq_cmd_stop(cmd); i++) {
		err = proc_task(cmd->s, cmd->pipe ? cmd->pipe[i] : cmd->addr, &t);
		if (!err)
			consider(cmd, f, t, found);
	}
	return err;
}

struct iq_error *cmd_stacks(struct iq_cmd *cmd)
{
	const struct iq_task_list *list;
	struct found found = { 0 };
	struct filter filter = { 0 };
	struct iq_error *err;

	err = parse_filter(cmd, &filter);
	if (!err)
		err = iq_cmd_has(cmd, 'f') ? iq_tasks_snapshot(cmd->s, 0, &list)
					   : proc_tasks(cmd->s, &list);
	if (err)
		return err;
	if (cmd->has_addr || cmd->pipe)
		err = given_threads(cmd, &filter, &found);
	for (size_t i = 0; !cmd->has_addr && !cmd->pipe && i < list->num_tasks; i++) {
		if (iq_cmd_stop(cmd))
			break;
		if (list->tasks[i].pid && !list->tasks[i].unreadable)
			consider(cmd, &filter, &list->tasks[i], &found);
	}
	iq_vec_foreach(&found.groups.list, g)
		g->text = frames_text(cmd, g);
	if (found.groups.list.num)
		qsort(found.groups.list.data, found.groups.list.num,
		      sizeof(*found.groups.list.data), by_size);
	if (!err)
		show(cmd, &found);
	iq_groups_deinit(&found.groups);
	return err;
}
