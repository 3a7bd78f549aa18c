/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Terminals: output that nobody takes
 *
 * A writer sleeps on tty_struct.write_wait when the terminal is stopped (Ctrl-S) or
 * has no room. Behind a pseudo terminal is a program: an emulator, sshd, script, a container's
 * console. It has the other half open (tty_struct.link), and it has to read. A reader sleeps on
 * read_wait until somebody types; that is an ordinary wait.
 *
 * A stopped terminal is held up by whoever sits at it: the program at its other half reads all
 * there is, and sleeps until somebody types Ctrl-Q there.
 *
 * An open terminal's file points to a struct tty_file_private, and that to the tty.
 *
 * Kernel: drivers/tty/n_tty.c, tty_io.c, pty.c, include/linux/tty.h.
 */
#include "inquest/files.h"
#include "inquest/module.h"
#include "inquest/process.h"
#include "inquest/waitq.h"

static const char tty_type[] = "struct tty_struct";
static const char file_type[] = "struct tty_file_private";

enum { NAME_LEN = 64, MAX_FILES = 4096 };

static bool read_name(struct iq_diag *d, iq_vaddr tty, char *name)
{
	int64_t off = iq_offsetof(d->s, tty_type, "name");

	name[0] = '\0';
	if (off < 0 || !iq_peek(d->s, tty + (uint64_t)off, name, NAME_LEN - 1))
		return false;
	name[NAME_LEN - 1] = '\0';
	for (const char *c = name; *c; c++)
		if ((unsigned char)*c <= ' ' || (unsigned char)*c > '~')
			return false;
	return name[0] != '\0';
}

/* "pts3" is known to people as pts/3. */
static const char *path_of(struct iq_diag *d, const char *name)
{
	bool is_pts = !strncmp(name, "pts", 3) && name[3] >= '0' && name[3] <= '9';

	return is_pts ? iq_arena_printf(iq_scratch(d->s), "pts/%s", name + 3) : name;
}

/* A terminal knows itself: its driver's operations are code's, its name is a name. */
static iq_vaddr tty_of_queue(struct iq_diag *d, iq_vaddr head, const char *member, char *name)
{
	int64_t off = iq_offsetof(d->s, tty_type, member);
	iq_vaddr tty = head - (uint64_t)off;
	uint64_t ops, write;

	if (off < 0 || !iq_peek_member(d->s, tty_type, "ops", tty, &ops) ||
	    !iq_is_kernel_ptr(d->s, ops) ||
	    !iq_peek_member(d->s, "struct tty_operations", "write", ops, &write) ||
	    !iq_is_text(d->s, write) || !read_name(d, tty, name))
		return 0;
	return tty;
}

/* ---- the program behind a pseudo terminal ---- */

struct find_holders {
	struct iq_diag *d;
	struct iq_wait *w;
	const struct iq_task *waiter;
	const char *name; /* of the terminal */
	bool stopped;
	int64_t list;
	int32_t last_tgid;
	size_t num;
};

/*
 * Whoever stopped it is a person, or another program's doing; the program behind the terminal is
 * where the character has to come from that lets it go on.
 */
static void add_stopper(struct find_holders *f, const struct iq_open_file *open)
{
	struct iq_diag *d = f->d;
	const struct iq_task *t = open->task;
	struct iq_object *o = iq_diag_task(d, t);
	struct iq_verdict *v;
	struct iq_edge *e;

	e = iq_graph_edge(d->g, f->w->task, o, f->w->on, f->num ? IQ_EDGE_MAYBE : IQ_EDGE_OWNER,
			  f->num ? IQ_LIKELY : IQ_STRONG,
			  "is the program behind the terminal, which was stopped there");
	iq_text_add(d->g, &e->evidence,
		    "%s (%d) has the other half of the pseudo terminal open as descriptor %u",
		    t->comm, t->tgid, open->fd);
	f->num++;
	if (t->state != 'S' || t->frozen || o->verdict || o->wait)
		return;
	v = iq_object_verdict(d->g, o, IQ_CAUSE_TASK_SLEEPING, IQ_STRONG,
			      "output to terminal %s was stopped (Ctrl-S), and %s (%d) behind it "
			      "waits for somebody to let it go on (Ctrl-Q)",
			      f->name, t->comm, t->pid);
	iq_text_add(d->g, &v->evidence, "%s (%d) sleeps, and has read all that the terminal had",
		    t->comm, t->pid);
	iq_remedy_add(d->g, &v->remedy, IQ_RISK_LOW, NULL, "Type Ctrl-Q in terminal %s", f->name);
	iq_remedy_add(
		d->g, &v->remedy, IQ_RISK_LOW,
		iq_arena_printf(d->g->arena, "stty -F /dev/%s -drain -ixon", f->name),
		"From elsewhere: stty -F /dev/%s -drain -ixon lets it go on, and takes Ctrl-S "
		"from it "
		"until stty -F /dev/%s ixon",
		f->name, f->name);
}

static bool add_holder(void *ctx, const struct iq_open_file *open)
{
	struct find_holders *f = ctx;

	if (open->task->tgid == f->last_tgid || open->task->tgid == f->waiter->tgid)
		return false;
	f->last_tgid = open->task->tgid;
	if (f->stopped) {
		add_stopper(f, open);
		return false;
	}
	f->num += iq_diag_process_edges(
		f->d, &(struct iq_process_edges){
			      .wait = f->w,
			      .process = open->task,
			      .via = f->w->on,
			      .kind = IQ_EDGE_SERVES,
			      .certainty = IQ_PROVEN,
			      .how = "has to read its output",
			      .evidence = iq_arena_printf(iq_scratch(f->d->s),
							  "%s (%d) has the other half of the "
							  "pseudo terminal open as descriptor %u",
							  open->task->comm, open->task->tgid,
							  open->fd) });
	return false;
}

static bool add_file(void *ctx, iq_vaddr node)
{
	struct find_holders *f = ctx;

	iq_open_each(f->d->s, IQ_OPEN_PRIVATE, node - (uint64_t)f->list, add_holder, f);
	return false;
}

static size_t add_holders(struct iq_diag *d, struct iq_wait *w, const struct iq_task *waiter,
			  iq_vaddr tty, const char *name, bool stopped)
{
	struct find_holders f = { .d = d,
				  .w = w,
				  .waiter = waiter,
				  .name = name,
				  .stopped = stopped,
				  .list = iq_offsetof(d->s, file_type, "list"),
				  .last_tgid = -1 };
	int64_t files = iq_offsetof(d->s, tty_type, "tty_files");
	uint64_t other;

	if (f.list < 0 || files < 0 || !iq_peek_member(d->s, tty_type, "link", tty, &other) ||
	    !iq_is_kernel_ptr(d->s, other))
		return 0;
	iq_error_free(iq_list_walk(d->s, other + (uint64_t)files, MAX_FILES, add_file, &f));
	return f.num;
}

static bool is_stopped(struct iq_diag *d, iq_vaddr tty, const char **member_ret)
{
	static const char *const members[] = { "flow.stopped", "stopped" };
	uint64_t stopped;

	for (size_t i = 0; i < IQ_ARRAY_SIZE(members); i++) {
		if (!iq_peek_member(d->s, tty_type, members[i], tty, &stopped))
			continue;
		*member_ret = members[i];
		return stopped != 0;
	}
	return false;
}

static struct iq_error *explain(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	struct iq_wait_entry entry;
	const char *member = NULL;
	struct iq_object *on;
	char buf[NAME_LEN];
	const char *name;
	struct iq_wait *w;
	iq_vaddr tty;
	bool stopped;

	if (!iq_find_wait_entry(d->s, who->task, who->stack, NULL, &entry))
		return NULL;
	tty = tty_of_queue(d, entry.head, "write_wait", buf);
	if (!tty)
		return NULL;
	stopped = is_stopped(d, tty, &member);
	name = path_of(d, buf);
	on = iq_diag_device(d, 0, name);
	w = iq_diag_wait(who, on, IQ_WAIT_MESSAGE);
	w->any = true;
	w->mode = "write";
	w->in_words = iq_arena_printf(d->g->arena,
				      stopped ? "writing to terminal %s, which is stopped (Ctrl-S; "
						"Ctrl-Q in it lets it go on)"
					      : "writing to terminal %s, which has no room",
				      name);
	iq_text_add(d->g, &w->evidence, "it sleeps on tty_struct.write_wait of %#" PRIx64 " (%s)",
		    tty, name);
	if (stopped)
		iq_text_add(d->g, &w->evidence,
			    "tty_struct.%s of %s is set: output was stopped, by Ctrl-S or tcflow()",
			    member, name);
	iq_remedy_add(d->g, &on->remedy, IQ_RISK_LOW, NULL,
		      stopped ? "If the terminal was stopped: type Ctrl-Q in %s"
			      : "End what writes to %s, or read from its "
				"other half",
		      name);
	/* Nothing but Ctrl-Q ends this one, whatever the program behind the terminal does. */
	if (add_holders(d, w, who->task, tty, name, stopped) && stopped)
		w->cls = IQ_WAIT_LOCK;
	*wait_ret = w;
	return NULL;
}

static const char *const functions[] = { "n_tty_write", "file_tty_write", "tty_write",
					 "do_tty_write", NULL };
static const char *const types[] = { "struct tty_struct", "struct tty_file_private", NULL };

static const struct iq_wait_rule wait_rules[] = {
	{ .name = "tty",
	  .summary = "a terminal that takes no output: stopped, or nobody reads at its other half",
	  .reads = "tty_struct.write_wait, .flow.stopped, .link, .tty_files; files_struct",
	  .seen = "5.10, 6.1, 6.12, 7.3",
	  .certainty = IQ_PROVEN,
	  .functions = functions,
	  .needs_types = types,
	  .explain = explain },
	{ 0 },
};

const struct iq_module iq_module_tty = {
	.api = IQ_MODULE_API,
	.name = "tty",
	.summary = "terminals: output that nobody takes",
	.wait_rules = wait_rules,
};
