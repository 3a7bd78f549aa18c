/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * inquest ps
 *
 * The options that people type at ps(1), in both of its languages: `-ef`,
 * `-eo pid,comm` and `aux`. It reads the tasks out of kernel memory, and
 * waits for none of them.
 */
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "cli/cached.h"
#include "cli/ps.h"

enum {
	OPT_ALL = 1,
	OPT_WITH_TTY,
	OPT_NO_LEADERS,
	OPT_FULL,
	OPT_EXTRA,
	OPT_LONG,
	OPT_JOBS,
	OPT_Y,
	OPT_THREADS,
	OPT_SPID,
	OPT_FORMAT,
	OPT_FORMAT_IN,
	OPT_PIDS,
	OPT_PPIDS,
	OPT_USERS,
	OPT_RUSERS,
	OPT_TTYS,
	OPT_SIDS,
	OPT_COMMS,
	OPT_SORT,
	OPT_HIERARCHY,
	OPT_FOREST,
	OPT_NO_HEADERS,
	OPT_DESELECT,
	OPT_WIDE,
	OPT_COLUMNS,
};

const struct iq_option iq_ps_option_table[] = {
	{ OPT_ALL, 'e', NULL, NULL, "all processes; -A is the same" },
	{ OPT_ALL, 'A', NULL, NULL, NULL },
	{ OPT_WITH_TTY, 'a', NULL, NULL, "all with a terminal but the leaders of sessions" },
	{ OPT_NO_LEADERS, 'd', NULL, NULL, "all but the leaders of sessions" },
	{ OPT_PIDS, 'p', "pid", "LIST", "these processes; a number alone is one as well" },
	{ OPT_PIDS, 'q', "quick-pid", "LIST", NULL },
	{ OPT_PPIDS, 0, "ppid", "LIST", "the children of these" },
	{ OPT_USERS, 'u', "user", "LIST", "with these effective users, by number or name" },
	{ OPT_RUSERS, 'U', "User", "LIST", "with these real users" },
	{ OPT_TTYS, 't', "tty", "LIST", "on these terminals: pts/0, ttyS0, ? for none" },
	{ OPT_SIDS, 's', "sid", "LIST", "of these sessions" },
	{ OPT_COMMS, 'C', NULL, "LIST", "with these names" },
	{ OPT_DESELECT, 'N', "deselect", NULL, "all but those selected" },
	{ OPT_THREADS, 'L', NULL, NULL, "a row for each thread, with LWP and NLWP" },
	{ OPT_SPID, 'T', NULL, NULL, "a row for each thread, with SPID" },
	{ OPT_FULL, 'f', NULL, NULL, "the full format: UID PID PPID C STIME TTY TIME CMD" },
	{ OPT_EXTRA, 'F', NULL, NULL, "that, with SZ RSS PSR" },
	{ OPT_LONG, 'l', NULL, NULL, "the long format, with WCHAN" },
	{ OPT_Y, 'y', NULL, NULL, "with -l: RSS in place of F and ADDR" },
	{ OPT_JOBS, 'j', NULL, NULL, "the jobs format, with PGID SID" },
	{ OPT_FORMAT, 'o', "format", "LIST", "these columns: NAME, NAME:WIDTH, NAME=HEADER" },
	{ OPT_FORMAT_IN, 'O', NULL, "LIST", "these columns between PID and S TTY TIME COMMAND" },
	{ OPT_SORT, 0, "sort", "LIST", "order by these columns; -NAME: the other way round" },
	{ OPT_HIERARCHY, 'H', NULL, NULL, "children below their parents, indented" },
	{ OPT_FOREST, 0, "forest", NULL, "children below their parents, with lines" },
	{ OPT_NO_HEADERS, 0, "no-headers", NULL, "no line of headers" },
	{ OPT_NO_HEADERS, 0, "no-heading", NULL, NULL },
	{ OPT_NO_HEADERS, 0, "noheaders", NULL, NULL },
	{ OPT_NO_HEADERS, 0, "noheader", NULL, NULL },
	{ OPT_WIDE, 'w', NULL, NULL, "wider lines on a terminal; twice: no limit" },
	{ OPT_COLUMNS, 0, "columns", "NUM", "lines of this width" },
	{ OPT_COLUMNS, 0, "cols", "NUM", NULL },
	{ OPT_COLUMNS, 0, "width", "NUM", NULL },
	{ 0 },
};

typedef IQ_VEC(int64_t) numbers;

struct selection {
	bool all, with_tty, no_leaders, any;
	bool bsd_a, bsd_x, running, deselect;
	numbers pids, ppids, users, rusers, sids;
	IQ_VEC(const char *) ttys, comms;
};

struct options {
	struct selection sel;
	bool full, extra, is_long, jobs, y, threads, spid, hierarchy, forest, no_headers, bsd;
	bool bsd_u, bsd_l, bsd_j, bsd_v, columns_given;
	unsigned wide, columns;
	const char *sort;
	ps_fields fields;
	char *lists[64]; /* lists taken apart: the names point into them */
	size_t num_lists;
};

/* ---- lists: "1,2 3" ---- */

static char *next_item(char **at)
{
	char *item;

	*at += strspn(*at, ", \t");
	item = *at;
	*at += strcspn(*at, ", \t");
	if (**at)
		*(*at)++ = '\0';
	return *item ? item : NULL;
}

static bool complain_list(const char *item, const char *what)
{
	iq_complain(0, "%s is %s; see `inquest ps --help`", *item ? item : "an empty list", what);
	return false;
}

static char *own_copy(struct options *o, const char *list)
{
	char *copy = iq_xstrdup(list);

	if (o->num_lists < IQ_ARRAY_SIZE(o->lists))
		o->lists[o->num_lists++] = copy;
	return copy;
}

static bool add_numbers(struct options *o, numbers *to, const char *list, bool users)
{
	char *at = own_copy(o, list), *item;
	int64_t value;
	uint32_t uid;

	while ((item = next_item(&at))) {
		if (users ? !iq_user_by_name(item, &uid)
			  : !iq_parse_int(item, 0, INT32_MAX, &value))
			return complain_list(item,
					     users ? "no user that is known here (a number works)"
						   : "no PID");
		iq_vec_push(to, users ? (int64_t)uid : value);
	}
	o->sel.any = true;
	return to->num || complain_list(list, "no list");
}

static bool add_names(struct options *o, const char *list, bool ttys)
{
	char *at = own_copy(o, list), *item;

	while ((item = next_item(&at))) {
		if (ttys)
			iq_vec_push(&o->sel.ttys, !strncmp(item, "/dev/", 5) ? item + 5 : item);
		else
			iq_vec_push(&o->sel.comms, item);
	}
	o->sel.any = true;
	return true;
}

/* ---- the words of the BSDs ---- */

static const char bsd_letters[] = "acefhHjklLmnoOprStTuUvwx";

static bool is_bsd_word(const char *word)
{
	return *word && strspn(word, bsd_letters) == strlen(word);
}

static bool bsd_argument(struct iq_words *words, const char *rest, char letter,
			 const char **arg_ret)
{
	if (*rest) {
		*arg_ret = rest;
		return true;
	}
	if (words->next >= words->argc) {
		iq_complain(0, "%c wants an argument; see `inquest ps --help`", letter);
		return false;
	}
	*arg_ret = words->argv[words->next++];
	return true;
}

static bool bsd_format(struct options *o, const char *list, bool in)
{
	return in ? ps_add_fields(&o->fields, "pid") && ps_add_fields(&o->fields, list) &&
			       ps_add_fields(&o->fields, "s,tname,time,command")
		  : ps_add_fields(&o->fields, list);
}

static bool take_bsd_word(struct options *o, struct iq_words *words, const char *word)
{
	const char *arg;

	if (*word >= '0' && *word <= '9')
		return o->bsd = add_numbers(o, &o->sel.pids, word, false);
	o->bsd = true;
	for (; *word; word++) {
		switch (*word) {
		case 'a':
			o->sel.bsd_a = true;
			break;
		case 'x':
			o->sel.bsd_x = true;
			break;
		case 'u':
			o->bsd_u = true;
			break;
		case 'l':
			o->bsd_l = true;
			break;
		case 'j':
			o->bsd_j = true;
			break;
		case 'v':
			o->bsd_v = true;
			break;
		case 'w':
			o->wide++;
			break;
		case 'f':
			o->forest = true;
			break;
		case 'h':
			o->no_headers = true;
			break;
		case 'H':
		case 'L':
		case 'm':
			o->threads = true;
			break;
		case 'r':
			o->sel.running = true;
			break;
		case 'c': /* the true name: shown anyway */
		case 'e': /* the environment: never shown */
		case 'n':
		case 'S':
			break;
		case 'T':
			add_names(o, "-", true);
			break;
		case 'o':
		case 'O':
		case 'p':
		case 't':
		case 'U':
		case 'k':
			if (!bsd_argument(words, word + 1, *word, &arg))
				return false;
			if (*word == 'k')
				o->sort = arg;
			return *word == 'k'   ? true
			       : *word == 'p' ? add_numbers(o, &o->sel.pids, arg, false)
			       : *word == 'U' ? add_numbers(o, &o->sel.users, arg, true)
			       : *word == 't' ? add_names(o, arg, true)
					      : bsd_format(o, arg, *word == 'O');
		default:
			iq_complain(0, "unknown option %c; see `inquest ps --help`", *word);
			return false;
		}
	}
	return true;
}

/* ---- reading the command line ---- */

static bool take_option(struct options *o, int id, const char *value)
{
	int64_t number;

	switch (id) {
	case OPT_ALL:
		o->sel.all = o->sel.any = true;
		return true;
	case OPT_WITH_TTY:
		o->sel.with_tty = o->sel.any = true;
		return true;
	case OPT_NO_LEADERS:
		o->sel.no_leaders = o->sel.any = true;
		return true;
	case OPT_PIDS:
		return add_numbers(o, &o->sel.pids, value, false);
	case OPT_PPIDS:
		return add_numbers(o, &o->sel.ppids, value, false);
	case OPT_SIDS:
		return add_numbers(o, &o->sel.sids, value, false);
	case OPT_USERS:
		return add_numbers(o, &o->sel.users, value, true);
	case OPT_RUSERS:
		return add_numbers(o, &o->sel.rusers, value, true);
	case OPT_TTYS:
		return add_names(o, value, true);
	case OPT_COMMS:
		return add_names(o, value, false);
	case OPT_DESELECT:
		return o->sel.deselect = true;
	case OPT_THREADS:
		return o->threads = true;
	case OPT_SPID:
		return o->threads = o->spid = true;
	case OPT_FULL:
		return o->full = true;
	case OPT_EXTRA:
		return o->full = o->extra = true;
	case OPT_LONG:
		return o->is_long = true;
	case OPT_Y:
		return o->y = true;
	case OPT_JOBS:
		return o->jobs = true;
	case OPT_FORMAT:
	case OPT_FORMAT_IN:
		return bsd_format(o, value, id == OPT_FORMAT_IN);
	case OPT_SORT:
		o->sort = value;
		return true;
	case OPT_HIERARCHY:
		return o->hierarchy = true;
	case OPT_FOREST:
		return o->forest = true;
	case OPT_NO_HEADERS:
		return o->no_headers = true;
	case OPT_WIDE:
		o->wide++;
		return true;
	case OPT_COLUMNS:
		if (!iq_parse_int(value, 1, 100000, &number))
			return complain_list(value, "no width");
		o->columns = (unsigned)number;
		return o->columns_given = true;
	default:
		return false;
	}
}

/* `-aux` is what many type for `aux`: there is no user whose name is x. */
static void forgive_aux(struct iq_words *words)
{
	uint32_t uid;

	for (int i = words->next; i < words->argc; i++) {
		char *word = words->argv[i];

		if (!strncmp(word, "-aux", 4) && is_bsd_word(word + 1) &&
		    !iq_user_by_name(word + 3, &uid))
			words->argv[i]++;
	}
}

static bool read_words(struct options *o, struct iq_words *words)
{
	int id;

	forgive_aux(words);
	while ((id = iq_words_next(words)) != IQ_WORDS_END) {
		if (id == IQ_WORDS_ERROR)
			return false;
		if (id == IQ_WORDS_WORD ? !take_bsd_word(o, words, words->value)
					: !take_option(o, id, words->value))
			return false;
	}
	return true;
}

static bool choose_fields(struct options *o)
{
	struct iq_strbuf sb = IQ_STRBUF_INIT;
	const char *thread = !o->threads ? "" : o->spid ? "spid," : "lwp,";
	const char *nlwp = o->threads && !o->spid ? "nlwp," : "";
	bool ok;

	if (o->fields.num)
		return true;
	if (o->bsd_u)
		iq_strbuf_adds(&sb,
			       "user,pid,%cpu,%mem,vsz,rss,tname,stat,start_time,bsdtime,command");
	else if (o->bsd_l)
		iq_strbuf_adds(
			&sb, "f,uid,pid,ppid,pri_bsd,ni,vsz,rss,wchan,stat,tname,bsdtime,command");
	else if (o->bsd_j)
		iq_strbuf_adds(&sb, "ppid,pid,pgid,sid,tname,tpgid,stat,uid,bsdtime,command");
	else if (o->bsd_v)
		iq_strbuf_adds(&sb, "pid,tname,stat,bsdtime,maj_flt,vsz,rss,%mem,command");
	else if (o->bsd)
		iq_strbuf_adds(&sb, "pid,tname,stat,bsdtime,command");
	else if (o->is_long && o->y)
		iq_strbuf_printf(&sb, "s,uid,pid,ppid,%sc,%sopri,ni,rss,sz,wchan,%stname,time,%s",
				 thread, nlwp, o->full ? "stime," : "", o->full ? "cmd" : "ucmd");
	else if (o->is_long)
		iq_strbuf_printf(
			&sb, "f,s,%s,pid,ppid,%sc,%sopri,ni,addr_1,sz,%swchan,%stname,time,%s",
			o->full ? "user=UID" : "uid", thread, nlwp, o->extra ? "rss,psr," : "",
			o->full ? "stime," : "", o->full ? "cmd" : "ucmd");
	else if (o->full)
		iq_strbuf_printf(&sb, "user=UID,pid,%s%s%s%sc,%s%sstime,tname,time,cmd",
				 o->spid ? thread : "", "ppid,", o->jobs ? "pgid,sid," : "",
				 o->spid ? "" : thread, nlwp, o->extra ? "sz,rss,psr," : "");
	else if (o->jobs)
		iq_strbuf_printf(&sb, "pid,%spgid,%ssid,%stname,time,ucmd", o->spid ? thread : "",
				 o->spid ? "" : "", o->spid ? "" : thread);
	else
		iq_strbuf_printf(&sb, "pid,%stname,time,ucmd", thread);
	ok = ps_add_fields(&o->fields, iq_strbuf_str(&sb));
	iq_strbuf_deinit(&sb);
	return ok;
}

/* ---- selecting ---- */

static bool has_number(const numbers *list, int64_t value)
{
	for (size_t i = 0; i < list->num; i++)
		if (list->data[i] == value)
			return true;
	return false;
}

static bool has_tty(const struct selection *sel, const struct iq_task *t,
		    const struct iq_task *self)
{
	iq_vec_foreach(&sel->ttys, name) {
		const char *tty = !strcmp(*name, "-") ? (self ? self->tty : "") : *name;

		if (!t->tty[0] ? !strcmp(tty, "?") : !strcmp(tty, t->tty))
			return true;
		/* "1" and "S0" for tty1 and ttyS0; "0" stands for pts/0 too, which is more common.
		 */
		if (!strncmp(t->tty, "tty", 3) && *tty && !strcmp(tty, t->tty + 3))
			return true;
	}
	return false;
}

/* What the task that runs this program is, in a live kernel; else NULL. */
static const struct iq_task *find_self(struct iq_cli *cli, const struct iq_task_list *list)
{
	char name[17] = "";
	int32_t pid = (int32_t)getpid();

	if (cli->dump)
		return NULL;
	prctl(PR_GET_NAME, name);
	for (size_t i = 0; i < list->num_tasks; i++)
		if (list->tasks[i].ns_pid == pid && list->tasks[i].pid > 0 &&
		    !strcmp(list->tasks[i].comm, name))
			return &list->tasks[i];
	return NULL;
}

static bool is_selected(const struct options *o, const struct iq_task *t,
			const struct iq_task *leader, const struct iq_task *self)
{
	const struct selection *sel = &o->sel;
	bool is_leader = t->sid == t->tgid, in;

	if (!sel->any && o->bsd) {
		bool own = t->euid == (self ? self->euid : geteuid());

		in = (sel->bsd_a || own) && (sel->bsd_x || t->tty_nr);
	} else if (!sel->any) {
		in = !self || (t->euid == self->euid && t->tty_nr == self->tty_nr);
	} else {
		in = sel->all || (sel->with_tty && t->tty_nr && !is_leader) ||
		     (sel->no_leaders && !is_leader) || has_number(&sel->pids, t->tgid) ||
		     has_number(&sel->ppids, t->ppid) || has_number(&sel->sids, t->sid) ||
		     (t->uid_known &&
		      (has_number(&sel->users, t->euid) || has_number(&sel->rusers, t->uid))) ||
		     has_tty(sel, t, self) || (o->bsd && sel->bsd_a && sel->bsd_x);
		iq_vec_foreach(&sel->comms, name)
			in |= !strcmp(*name, leader->comm);
	}
	if (sel->deselect)
		in = !in;
	return in && (!sel->running || t->state == 'R' || t->state == 'D');
}

/* Rows, in the order of the snapshot: a process's threads stand together. */
static void select_rows(struct ps *ps, const struct options *o)
{
	const struct iq_task_list *list = ps->list;
	const struct iq_task *self = find_self(ps->cli, list);

	for (size_t i = 0, end; i < list->num_tasks; i = end) {
		const struct iq_task *first = &list->tasks[i], *leader = first;
		uint64_t runtime = first->dead_runtime_ns, min_flt = 0, maj_flt = 0;

		for (end = i; end < list->num_tasks && list->tasks[end].tgid == first->tgid;
		     end++) {
			runtime += list->tasks[end].runtime_ns;
			min_flt += list->tasks[end].min_flt;
			maj_flt += list->tasks[end].maj_flt;
			if (list->tasks[end].pid == first->tgid)
				leader = &list->tasks[end];
			if (first->pid <= 0) { /* idle tasks, and those that cannot be read, are
						  each for itself */
				end++;
				break;
			}
		}
		if (first->pid == 0)
			continue;
		if (!first->unreadable && !is_selected(o, leader, leader, self))
			continue;
		for (size_t k = i; k < end; k++) {
			const struct iq_task *t = &list->tasks[k];

			if (ps->threads || t == leader)
				iq_vec_push(
					&ps->rows,
					(struct ps_row){
						.task = t,
						.tpgid = -1,
						.runtime_ns = ps->threads ? t->runtime_ns : runtime,
						.min_flt = ps->threads ? t->min_flt : min_flt,
						.maj_flt = ps->threads ? t->maj_flt : maj_flt });
		}
	}
}

/* A PID that was named and is not there. */
static int check_pids(const struct ps *ps, const struct options *o)
{
	int status = IQ_EXIT_OK;

	for (size_t i = 0; i < o->sel.pids.num; i++)
		if (!iq_task_by_pid(ps->cli->session, (int32_t)o->sel.pids.data[i]))
			status = iq_complain(IQ_EXIT_SOURCE, "no process %d",
					     (int)o->sel.pids.data[i]);
	return status;
}

static int show(struct iq_cli *cli, const struct options *o, const ps_fields *sort, struct ps *ps)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf out = IQ_STRBUF_INIT;
	int status, pids_status;
	struct iq_error *err;
	unsigned width;

	err = iq_cli_open(cli);
	if (!err)
		err = iq_cli_tasks(cli, &ps->list, &status);
	if (err)
		return iq_complain_error(err);
	ps->threads = o->threads;
	iq_vec_foreach(&o->fields, f)
		ps->needs |= f->column->needs;
	iq_vec_foreach(sort, f)
		ps->needs |= f->column->needs;
	select_rows(ps, o);
	pids_status = check_pids(ps, o);
	status = pids_status ? pids_status : status;
	ps_fill(ps);
	if (sort->num)
		ps_sort(ps, sort);
	if (o->hierarchy || o->forest)
		ps_make_forest(ps, o->forest);
	width = o->columns_given ? o->columns : iq_terminal_width();
	if (o->wide && !o->columns_given)
		width = o->wide > 1 || !width ? 0 : IQ_MAX(width, 132u);
	if (cli->json)
		ps_print_json(ps, &o->fields, &out);
	else
		ps_print_text(ps, &o->fields, !o->no_headers, width, &out);
	iq_timing(cli, "rows");
	return iq_print(&out, status);
}

static void options_deinit(struct options *o)
{
	struct selection *sel = &o->sel;

	iq_vec_free(&sel->pids);
	iq_vec_free(&sel->ppids);
	iq_vec_free(&sel->users);
	iq_vec_free(&sel->rusers);
	iq_vec_free(&sel->sids);
	iq_vec_free(&sel->ttys);
	iq_vec_free(&sel->comms);
	for (size_t i = 0; i < o->num_lists; i++)
		free(o->lists[i]);
	iq_vec_free(&o->fields);
}

int iq_cmd_ps(struct iq_cli *cli, struct iq_words *words)
{
	struct ps ps = { .cli = cli };
	struct options o = { 0 };
	ps_fields sort = { 0 };
	int status = IQ_EXIT_USAGE;

	if (read_words(&o, words) && choose_fields(&o) &&
	    (!o.sort || ps_sort_fields(&sort, o.sort))) {
		/* The users of a dump are another machine's. */
		if (cli->dump) {
			iq_users_off();
			iq_cached_may_wait();
		}
		iq_cached_preload();
		status = show(cli, &o, &sort, &ps);
	}
	iq_vec_free(&ps.rows);
	iq_vec_free(&sort);
	options_deinit(&o);
	return status;
}
