/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * inquest doctor: can this machine be read, and does it work?
 *
 * First what can be told without reading kernel memory (target/doctor.h). Then,
 * step by step, what every other command needs, each with how long it took: open
 * the source, find symbols, types, tasks, follow a stack. On the live kernel the
 * stack is that of a child of ours which sleeps in a system call that we
 * know, so that the answer can be checked.
 */
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cached.h"
#include "cli/frames.h"
#include "out/table.h"
#include "target/doctor.h"

const struct iq_option iq_doctor_option_table[] = { { 0 } };

struct doctor {
	struct iq_cli *cli;
	struct iq_table *table;
	uint64_t since_ns;
	bool failed;
};

static void row(struct doctor *d, const char *what, const char *result, double ms, const char *text)
{
	char number[32];

	snprintf(number, sizeof(number), "%.1f", ms);
	iq_table_row(d->table,
		     (struct iq_cell[]){
			     { IQ_CELL_STR, .str = what },
			     { IQ_CELL_STR, .str = result },
			     ms < 0 ? (struct iq_cell){ IQ_CELL_NULL }
				    : (struct iq_cell){ IQ_CELL_REAL, .real = ms, .text = number },
			     { IQ_CELL_STR, .str = text },
			     { IQ_CELL_END },
		     });
}

static void begin(struct doctor *d)
{
	d->since_ns = iq_clock_monotonic();
}

static void step(struct doctor *d, const char *what, bool ok, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* A step of the self-test, begun at begin(). */
static void step(struct doctor *d, const char *what, bool ok, const char *fmt, ...)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf text = IQ_STRBUF_INIT;
	double ms = (double)(iq_clock_monotonic() - d->since_ns) / 1e6;
	va_list ap;

	va_start(ap, fmt);
	iq_strbuf_vprintf(&text, fmt, ap);
	va_end(ap);
	row(d, what, ok ? "ok" : "failed", ms, iq_strbuf_str(&text));
	d->failed |= !ok;
}

/* ---- a child that sleeps where we know it does ---- */

struct child {
	pid_t pid;
	int fd; /* closed: it ends */
};

static void child_start(struct child *c)
{
	int fds[2];
	char byte;

	c->pid = -1;
	if (pipe(fds) < 0)
		return;
	c->fd = fds[1];
	c->pid = fork();
	if (c->pid == 0) {
		close(fds[1]);
		while (read(fds[0], &byte, 1) < 0 && errno == EINTR)
			;
		_exit(0);
	}
	close(fds[0]);
	if (c->pid < 0)
		close(c->fd);
}

static void child_end(struct child *c)
{
	if (c->pid <= 0)
		return;
	close(c->fd);
	while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static const struct iq_task *find_child(const struct iq_task_list *list, pid_t pid)
{
	for (size_t i = 0; i < list->num_tasks; i++)
		if (list->tasks[i].ns_pid == pid && !strcmp(list->tasks[i].comm, "inquest"))
			return &list->tasks[i];
	return NULL;
}

static void test_own_stack(struct doctor *d, const struct iq_task_list *list, const struct child *c)
{
	struct iq_session *s = d->cli->session;
	const struct iq_task *t = find_child(list, c->pid);
	const struct iq_stack *stack;
	bool ok;

	begin(d);
	if (!t) {
		step(d, "own stack", false, "a child of ours, process %d, is not among the tasks",
		     (int)c->pid);
		return;
	}
	stack = iq_task_stack(s, t);
	ok = stack->num_frames && stack->complete && stack->user.syscall &&
	     stack->user.nr == SYS_read;
	if (stack->num_frames)
		step(d, "own stack", ok, "%zu frames from %s to %s, in %s, %s", stack->num_frames,
		     stack->frames[0].sym.name ? stack->frames[0].sym.name : "?",
		     stack->frames[stack->num_frames - 1].sym.name
			     ? stack->frames[stack->num_frames - 1].sym.name
			     : "?",
		     stack->user.syscall ? iq_syscall_name(s, stack->user.nr) : "no system call",
		     iq_unwinder_describe(s->unwinder));
	else
		step(d, "own stack", false, "none: %s", stack->why_none);
}

static void test_stacks(struct doctor *d, const struct iq_task_list *list)
{
	size_t num = 0, complete = 0, none = 0, broken = 0;

	begin(d);
	for (size_t i = 0; i < list->num_tasks; i++) {
		const struct iq_stack *stack = iq_task_stack(d->cli->session, &list->tasks[i]);

		num++;
		complete += stack->num_frames && stack->complete;
		none += !stack->num_frames && !stack->unreadable;
		broken += stack->unreadable || (stack->num_frames && !stack->complete);
	}
	step(d, "stacks", broken * 20 <= num,
	     "%zu of %zu tasks: %zu followed to their end, %zu not, %zu have none; %s",
	     complete + broken + none, num, complete, broken, none,
	     iq_unwinder_describe(d->cli->session->unwinder));
}

/* ---- the steps ---- */

static void test_symbols(struct doctor *d)
{
	struct iq_session *s = d->cli->session;
	struct iq_symtab_stats stats = iq_symtab_stats(s->tab);
	struct iq_sym by_name, by_addr;
	struct iq_error *err;

	begin(d);
	err = iq_sym_by_name(s, "schedule", &by_name);
	if (!err)
		err = iq_sym_by_addr(s, by_name.addr + 4, &by_addr);
	if (err || by_addr.addr != by_name.addr)
		step(d, "symbols", false, "schedule: %s",
		     err ? iq_error_text(err) : "its address leads to another symbol");
	else
		step(d, "symbols", true, "%zu of the kernel, from %s; %zu modules", stats.num_syms,
		     stats.source, stats.num_modules);
	iq_error_free(err);
}

static void test_types(struct doctor *d)
{
	struct iq_session *s = d->cli->session;
	struct iq_types_stats stats = iq_types_stats(s->types);
	int64_t size;

	begin(d);
	size = iq_sizeof(s, "struct task_struct");
	if (size > 0)
		step(d, "types", true, "%zu by BTF from %s; a task_struct has %" PRId64 " bytes",
		     stats.num_types, s->btf_file ? "/sys/kernel/btf/vmlinux" : "memory", size);
	else
		step(d, "types", false, "BTF has no struct task_struct");
}

static void test_layout(struct doctor *d)
{
	const struct iq_mem_layout *l = iq_mem_layout(d->cli->session->mem);

	begin(d);
	step(d, "page tables", true, "%u levels, kernel at %#" PRIx64 ", direct map at %#" PRIx64,
	     l->levels, l->image_start, l->page_offset);
}

static int self_test(struct doctor *d)
{
	struct iq_cli *cli = d->cli;
	const struct iq_task_list *list;
	struct child child = { .pid = -1 };
	struct iq_error *err;
	int status = IQ_EXIT_OK;

	/* Before our memory is locked: a child inherits none of it. */
	if (!cli->dump)
		child_start(&child);
	begin(d);
	err = iq_cli_open(cli);
	if (err) {
		step(d, "open", false, "%s", iq_error_text(err));
		iq_error_free(err);
		child_end(&child);
		return IQ_EXIT_SOURCE;
	}
	step(d, "open", true, "%s, %s %s",
	     cli->session->target->path ? cli->session->target->path : "",
	     cli->session->target->ops->kind, iq_session_release(cli->session));
	test_layout(d);
	test_symbols(d);
	test_types(d);
	begin(d);
	err = iq_cli_tasks(cli, &list, &status);
	if (err) {
		step(d, "tasks", false, "%s", iq_error_text(err));
		iq_error_free(err);
	} else {
		step(d, "tasks", !list->err, "%zu, and %zu idle ones%s",
		     list->num_tasks - list->num_idle, list->num_idle,
		     list->err ? "; then the list broke off" : "");
		if (cli->dump)
			test_stacks(d, list);
		else
			test_own_stack(d, list, &child);
	}
	child_end(&child);
	return d->failed ? IQ_EXIT_INCOMPLETE : status;
}

static void look_around(struct doctor *d)
{
	struct iq_doctor facts;

	iq_target_doctor("", &facts);
	for (size_t i = 0; i < facts.num_facts; i++)
		row(d, facts.facts[i].what, iq_doctor_state_name(facts.facts[i].state), -1,
		    facts.facts[i].text);
	iq_doctor_deinit(&facts);
	if (iq_user_name(0))
		row(d, "user names", "ok", -1, "/etc/passwd is in the page cache");
	else
		row(d, "user names", "note", -1,
		    "/etc/passwd cannot be read without waiting for its disk; users stay numbers");
}

int iq_cmd_doctor(struct iq_cli *cli, struct iq_words *words)
{
	static const struct iq_column columns[] = {
		{ "check", "CHECK" },
		{ "result", "RESULT" },
		{ "ms", "MS", .right = true },
		{ "text", "WHAT" },
		{ 0 },
	};
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf out = IQ_STRBUF_INIT;
	struct iq_table_style style = { .width = iq_terminal_width(), .color = iq_use_color(cli) };
	struct doctor d = { .cli = cli };
	json_t *json;
	int status;

	if (iq_words_next(words) != IQ_WORDS_END)
		return words->value ? iq_complain(IQ_EXIT_USAGE, "doctor takes no words: %s",
						  words->value)
				    : IQ_EXIT_USAGE;
	d.table = iq_table_new(columns);
	if (!cli->dump)
		look_around(&d);
	status = self_test(&d);
	if (cli->json) {
		json = iq_table_json(d.table, "inquest.doctor/1");
		iq_json_rows("inquest.doctor/1", json_object_get(json, "rows"), &out);
		json_decref(json);
	} else {
		iq_table_text(d.table, &style, &out);
	}
	iq_table_free(d.table);
	return iq_print(&out, status);
}
