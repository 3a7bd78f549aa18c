/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Processes: ps, pgrep, ptree, pid2proc
 *
 * A process is its thread group's leader, whose task_struct stands for it: Linux has no struct
 * for the process itself. The columns are mdb's; its zone is a pid namespace here, its task and
 * project are the cgroup and the group that CPU time is divided by.
 */
#include "proc.h"

#include <regex.h>

enum { MAX_DEPTH = 1000, MAX_COLUMNS = 14 };

/* ---- ps ---- */

struct ps_flags {
	bool args, lwps, threads, zone, task, project, unit;
};

static struct ps_flags ps_flags(const struct iq_cmd *cmd)
{
	return (struct ps_flags){
		.args = iq_cmd_has(cmd, 'f'),
		.lwps = iq_cmd_has(cmd, 'l'),
		.threads = iq_cmd_has(cmd, 't'),
		.zone = iq_cmd_has(cmd, 'z'),
		.task = iq_cmd_has(cmd, 'T'),
		.project = iq_cmd_has(cmd, 'P'),
		.unit = iq_cmd_has(cmd, 's'),
	};
}

/* The number of its cgroup in the unified hierarchy: its directory's inode number. */
static struct iq_cell cgroup_number(struct iq_session *s, const struct iq_task *t)
{
	uint64_t cgrp, kn, id;

	/* kernfs_node.id became a plain number in v5.5, 67c0496e87d1. */
	if (!t->cgroups || !iq_peek_member(s, "struct css_set", "dfl_cgrp", t->cgroups, &cgrp) ||
	    !iq_peek_member(s, "struct cgroup", "kn", cgrp, &kn) ||
	    !iq_peek_member(s, "struct kernfs_node", "id", kn, &id))
		return (struct iq_cell){ IQ_CELL_UNREADABLE };
	return (struct iq_cell){ IQ_CELL_U64, .u64 = id };
}

/* The number of the task_group that its CPU time is divided by. */
static struct iq_cell group_number(struct iq_session *s, const struct iq_task *t)
{
	uint64_t group, id;

	if (!iq_peek_member(s, "struct task_struct", "sched_task_group", t->addr, &group) ||
	    !iq_peek_member(s, "struct task_group", "css.id", group, &id))
		return (struct iq_cell){ IQ_CELL_UNREADABLE };
	return (struct iq_cell){ IQ_CELL_U64, .u64 = id };
}

/* The name of its cgroup's directory: of a service "ssh.service", at the top "/". */
static const char *cgroup_name(struct iq_session *s, const struct iq_task *t)
{
	uint64_t cgrp, kn, name;
	struct iq_error *err;
	char buf[128];

	if (!t->cgroups || !iq_peek_member(s, "struct css_set", "dfl_cgrp", t->cgroups, &cgrp) ||
	    !iq_peek_member(s, "struct cgroup", "kn", cgrp, &kn) ||
	    !iq_peek_member(s, "struct kernfs_node", "name", kn, &name))
		return NULL;
	err = iq_read_str(s, name, buf, sizeof(buf));
	if (err) {
		iq_error_free(err);
		return NULL;
	}
	return iq_arena_strdup(iq_scratch(s), *buf ? buf : "/");
}

static void add_column(struct iq_column *columns, struct iq_cell *cells, size_t *num,
		       struct iq_column column, struct iq_cell cell)
{
	columns[*num] = column;
	cells[(*num)++] = cell;
}

static struct iq_cell number(const struct iq_task *t, int64_t value)
{
	return t->unreadable ? (struct iq_cell){ IQ_CELL_UNREADABLE }
			     : (struct iq_cell){ IQ_CELL_I64, .i64 = value };
}

static void ps_threads(struct iq_cmd *cmd, const struct ps_flags *f, const struct iq_task *leader)
{
	const struct iq_task_list *list = iq_tasks(cmd->s);

	for (size_t i = 0; list && i < list->num_tasks; i++) {
		const struct iq_task *t = &list->tasks[i];

		if (t->tgid != leader->tgid || t->unreadable || (!t->pid && t != leader))
			continue;
		if (f->threads)
			iq_out_text(cmd->out, "\tT     %016" PRIx64 " <%s>\n", t->addr,
				    proc_state_name(cmd->arena, t));
		if (f->lwps)
			iq_out_text(cmd->out, "\tL     %016" PRIx64 " ID: %d\n", t->addr, t->pid);
	}
}

static void ps_row(struct iq_cmd *cmd, const struct ps_flags *f, const struct iq_task *t)
{
	struct iq_column columns[MAX_COLUMNS] = { 0 };
	struct iq_cell cells[MAX_COLUMNS] = { 0 };
	char state[2] = { t->state };
	size_t n = 0;

	if (cmd->to_pipe) {
		iq_out_value(cmd->out, t->addr);
		return;
	}
	add_column(columns, cells, &n, (struct iq_column){ "S", .min = 1 },
		   (struct iq_cell){ IQ_CELL_STR, .str = iq_arena_strdup(cmd->arena, state) });
	add_column(columns, cells, &n, (struct iq_column){ "PID", .right = true, .min = 6 },
		   number(t, t->tgid));
	add_column(columns, cells, &n, (struct iq_column){ "PPID", .right = true, .min = 6 },
		   number(t, t->ppid));
	add_column(columns, cells, &n, (struct iq_column){ "PGID", .right = true, .min = 6 },
		   number(t, t->pgid));
	add_column(columns, cells, &n, (struct iq_column){ "SID", .right = true, .min = 6 },
		   number(t, t->sid));
	if (f->task)
		add_column(columns, cells, &n,
			   (struct iq_column){ "TASK", .right = true, .min = 5 },
			   cgroup_number(cmd->s, t));
	if (f->project)
		add_column(columns, cells, &n,
			   (struct iq_column){ "PROJ", .right = true, .min = 5 },
			   group_number(cmd->s, t));
	if (f->zone)
		add_column(columns, cells, &n,
			   (struct iq_column){ "ZONE", .right = true, .min = 5 },
			   number(t, t->pidns_level ? (int64_t)t->pidns_inum : 0));
	add_column(columns, cells, &n, (struct iq_column){ "UID", .right = true, .min = 6 },
		   t->uid_known ? number(t, t->uid) : (struct iq_cell){ IQ_CELL_UNREADABLE });
	add_column(columns, cells, &n, (struct iq_column){ "FLAGS", .right = true, .min = 10 },
		   (struct iq_cell){ IQ_CELL_STR,
				     .str = iq_arena_printf(cmd->arena, "0x%08x", t->flags) });
	add_column(columns, cells, &n, (struct iq_column){ "ADDR", .right = true, .min = 16 },
		   (struct iq_cell){ IQ_CELL_ADDR, .u64 = t->addr });
	if (f->unit)
		add_column(columns, cells, &n, (struct iq_column){ "UNIT", .min = 16 },
			   (struct iq_cell){ IQ_CELL_STR, .str = cgroup_name(cmd->s, t) });
	add_column(columns, cells, &n, (struct iq_column){ "NAME", .min = 4 },
		   t->unreadable ? (struct iq_cell){ IQ_CELL_UNREADABLE }
				 : (struct iq_cell){ IQ_CELL_STR,
						     .str = f->args ? iq_task_cmdline(cmd->s, t)
								    : t->comm });
	iq_out_row(cmd, columns, cells);
	if (f->threads || f->lwps)
		ps_threads(cmd, f, t);
}

/* Every process once: leaders, and where a leader could not be read what is left of it. */
static bool is_process(struct iq_session *s, const struct iq_task *t)
{
	if (t->unreadable)
		return true;
	return t->pid && (proc_is_leader(t) || !iq_task_by_pid(s, t->tgid));
}

struct iq_error *cmd_ps(struct iq_cmd *cmd)
{
	struct ps_flags flags = ps_flags(cmd);
	const struct iq_task_list *list;
	const struct iq_task *task;
	struct iq_error *err;

	proc_out_type(cmd);
	if (cmd->has_addr) {
		err = proc_cmd_task(cmd, &task);
		if (!err)
			ps_row(cmd, &flags, proc_leader(cmd->s, task));
		return err;
	}
	err = proc_tasks(cmd->s, &list);
	if (err)
		return err;
	for (size_t i = 0; i < list->num_tasks && !iq_cmd_stop(cmd); i++)
		if (is_process(cmd->s, &list->tasks[i]))
			ps_row(cmd, &flags, &list->tasks[i]);
	return NULL;
}

/* ---- pgrep ---- */

static bool matches(const regex_t *re, const char *name, bool whole)
{
	regmatch_t m;

	return !regexec(re, name, 1, &m, 0) &&
	       (!whole || (m.rm_so == 0 && (size_t)m.rm_eo == strlen(name)));
}

struct iq_error *cmd_pgrep(struct iq_cmd *cmd)
{
	static const struct ps_flags plain = { 0 };
	bool newest = iq_cmd_has(cmd, 'n'), oldest = iq_cmd_has(cmd, 'o');
	const struct iq_task *one = NULL;
	const struct iq_task_list *list;
	struct iq_error *err;
	char why[128];
	regex_t re;
	int rc;

	if (cmd->argc != 1 || (newest && oldest))
		return iq_cmd_usage(cmd, newest && oldest ? "either the newest or the oldest"
							  : "one regular expression is needed");
	if (!iq_regex_is_modest(cmd->argv[0].str))
		return iq_error_new(IQ_ERR_INVALID, "the pattern is too large");
	rc = regcomp(&re, cmd->argv[0].str, REG_EXTENDED);
	if (rc) {
		regerror(rc, &re, why, sizeof(why));
		return iq_error_new(IQ_ERR_INVALID, "%s: %s", cmd->argv[0].str, why);
	}
	err = proc_tasks(cmd->s, &list);
	proc_out_type(cmd);
	for (size_t i = 0; !err && i < list->num_tasks && !iq_cmd_stop(cmd); i++) {
		const struct iq_task *t = &list->tasks[i];

		if (t->unreadable || !is_process(cmd->s, t) ||
		    !matches(&re, t->comm, iq_cmd_has(cmd, 'x')))
			continue;
		if (!newest && !oldest)
			ps_row(cmd, &plain, t);
		else if (!one ||
			 (newest ? t->start_ns >= one->start_ns : t->start_ns < one->start_ns))
			one = t;
	}
	if (one)
		ps_row(cmd, &plain, one);
	regfree(&re);
	return err;
}

/* ---- ptree ---- */

static void tree_line(struct iq_cmd *cmd, const struct iq_task *t, unsigned depth)
{
	if (cmd->to_pipe)
		iq_out_value(cmd->out, t->addr);
	else
		iq_out_text(cmd->out, "%*s%016" PRIx64 "  %s\n", (int)depth, "", t->addr,
			    t->unreadable ? "??" : t->comm);
}

/* Who was started by whom: the list of children of each process, by its place in the snapshot. */
struct tree {
	const struct iq_task_list *list;
	size_t *first, *next; /* index + 1 */
};

static void tree_below(struct iq_cmd *cmd, const struct tree *tree, size_t i, unsigned depth)
{
	tree_line(cmd, &tree->list->tasks[i], depth);
	if (depth >= MAX_DEPTH)
		return;
	for (size_t c = tree->first[i]; c && !iq_cmd_stop(cmd); c = tree->next[c - 1])
		tree_below(cmd, tree, c - 1, depth + 1);
}

/* Its place as a child. A process that is its own ancestor hangs on nobody: no circle is made. */
static bool is_below(struct iq_session *s, const struct iq_task *t, const struct iq_task *of)
{
	for (unsigned depth = 0; t && depth < MAX_DEPTH; depth++) {
		if (t == of)
			return true;
		t = t->ppid ? iq_task_by_pid(s, t->ppid) : NULL;
	}
	return t != NULL;
}

static struct tree *tree_new(struct iq_cmd *cmd, const struct iq_task_list *list)
{
	struct tree *tree = iq_arena_alloc(cmd->arena, sizeof(*tree));

	tree->list = list;
	tree->first = iq_arena_alloc(cmd->arena, list->num_tasks * sizeof(size_t) + 1);
	tree->next = iq_arena_alloc(cmd->arena, list->num_tasks * sizeof(size_t) + 1);
	/* From the end, so that the lists are in the snapshot's order. */
	for (size_t i = list->num_tasks; i-- > 0;) {
		const struct iq_task *t = &list->tasks[i], *parent;

		if (t->unreadable || !t->pid || !proc_is_leader(t) || t->ppid <= 0)
			continue;
		parent = iq_task_by_pid(cmd->s, t->ppid);
		if (!parent || parent == t || is_below(cmd->s, parent, t))
			continue;
		tree->next[i] = tree->first[parent - list->tasks];
		tree->first[parent - list->tasks] = i + 1;
	}
	return tree;
}

/* The line of its ancestors, the first one first; how many there are. */
static unsigned ancestors(struct iq_cmd *cmd, const struct iq_task *t)
{
	const struct iq_task *parent = t->ppid > 0 ? iq_task_by_pid(cmd->s, t->ppid) : NULL;
	const struct iq_task *line[MAX_DEPTH];
	unsigned num = 0;

	while (parent && parent != t && num < MAX_DEPTH) {
		line[num++] = parent;
		parent = parent->ppid > 0 ? iq_task_by_pid(cmd->s, parent->ppid) : NULL;
	}
	for (unsigned i = 0; i < num; i++)
		tree_line(cmd, line[num - 1 - i], i);
	return num;
}

struct iq_error *cmd_ptree(struct iq_cmd *cmd)
{
	const struct iq_task_list *list;
	const struct iq_task *task;
	struct iq_error *err;
	struct tree *tree;

	err = proc_tasks(cmd->s, &list);
	if (err)
		return err;
	proc_out_type(cmd);
	if (cmd->has_addr) {
		err = proc_cmd_task(cmd, &task);
		if (err)
			return err;
		task = proc_leader(cmd->s, task);
		tree = tree_new(cmd, list);
		tree_below(cmd, tree, (size_t)(task - list->tasks), ancestors(cmd, task));
		return NULL;
	}
	tree = tree_new(cmd, list);
	for (size_t i = 0; i < list->num_tasks; i++) {
		const struct iq_task *t = &list->tasks[i], *parent;

		if (!is_process(cmd->s, t))
			continue;
		parent = t->ppid > 0 ? iq_task_by_pid(cmd->s, t->ppid) : NULL;
		if (!parent || parent == t || t->unreadable || !proc_is_leader(t) ||
		    is_below(cmd->s, parent, t))
			tree_below(cmd, tree, i, 0);
	}
	return NULL;
}

/* ---- pid2proc ---- */

struct iq_error *cmd_pid2proc(struct iq_cmd *cmd)
{
	const struct iq_task *t = NULL;
	const struct iq_task_list *list;
	struct iq_error *err;

	err = proc_tasks(cmd->s, &list);
	if (err)
		return err;
	if (cmd->addr <= INT32_MAX)
		t = cmd->addr ? iq_task_by_pid(cmd->s, (int32_t)cmd->addr) : NULL;
	if (!t)
		return iq_error_new(IQ_ERR_NOTFOUND, "no process or thread has the id %" PRId64,
				    (int64_t)cmd->addr);
	proc_out_type(cmd);
	iq_out_value(cmd->out, t->addr);
	return NULL;
}
