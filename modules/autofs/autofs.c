/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * autofs: a mount that the automounter has to make
 *
 * Who walks into a place that is to be mounted waits on a struct autofs_wait_queue, which
 * is in the list of the autofs superblock's queues. The kernel has written the
 * request into the automounter's pipe, whose end it holds (autofs_sb_info.pipe); who has the pipe
 * open for reading is the automounter: automount(8), or systemd. If that one is gone after it has
 * read the request, nobody answers.
 *
 * Kernel: fs/autofs/waitq.c, autofs_i.h.
 */
#include "inquest/files.h"
#include "inquest/module.h"
#include "inquest/server.h"
#include "inquest/waitq.h"

enum {
	AUTOFS_SUPER_MAGIC = 0x187,
	MINOR_BITS = 20,
	MAX_SUPERS = 65536,
	MAX_QUEUES = 65536,
	MAX_NAME = 255
};

static const char sbi_type[] = "struct autofs_sb_info";
static const char queue_type[] = "struct autofs_wait_queue";

static const char *const reads[] = { "pipe_read", "anon_pipe_read", NULL };

/* ---- the mount ---- */

struct find_mount {
	struct iq_diag *d;
	int64_t list;
	iq_vaddr queue, sb, sbi;
};

/* Is the wait queue one of this superblock's? */
static bool has_queue(void *ctx, iq_vaddr node)
{
	struct find_mount *f = ctx;
	iq_vaddr sb = node - (uint64_t)f->list;
	uint64_t magic, sbi, back, wq;

	if (!iq_peek_member(f->d->s, "struct super_block", "s_magic", sb, &magic) ||
	    magic != AUTOFS_SUPER_MAGIC ||
	    !iq_peek_member(f->d->s, "struct super_block", "s_fs_info", sb, &sbi) ||
	    !iq_is_kernel_ptr(f->d->s, sbi) ||
	    !iq_peek_member(f->d->s, sbi_type, "sb", sbi, &back) || back != sb ||
	    !iq_peek_member(f->d->s, sbi_type, "queues", sbi, &wq))
		return false;
	for (size_t i = 0; i < MAX_QUEUES && iq_is_kernel_ptr(f->d->s, wq); i++) {
		if (wq == f->queue) {
			f->sb = sb;
			f->sbi = sbi;
			return true;
		}
		if (!iq_peek_member(f->d->s, queue_type, "next", wq, &wq))
			break;
	}
	return false;
}

static bool find_mount(struct iq_diag *d, iq_vaddr queue, struct find_mount *f)
{
	iq_vaddr head = iq_sym_addr(d->s, "super_blocks");

	*f = (struct find_mount){ .d = d,
				  .queue = queue,
				  .list = iq_offsetof(d->s, "struct super_block", "s_list") };
	if (f->list < 0 || !head)
		return false;
	iq_error_free(iq_list_walk(d->s, head, MAX_SUPERS, has_queue, f));
	return f->sbi != 0;
}

/* What is to be mounted, in its place's words; "" where it cannot be read. */
static void read_name(struct iq_diag *d, iq_vaddr queue, char *buf, size_t size)
{
	uint64_t name, len;

	buf[0] = '\0';
	if (!iq_peek_member(d->s, queue_type, "name.name", queue, &name) ||
	    !iq_peek_member(d->s, queue_type, "name.len", queue, &len) ||
	    !iq_is_kernel_ptr(d->s, name & ~(uint64_t)7) || len >= size || len > MAX_NAME)
		return;
	if (!iq_peek(d->s, name, buf, len))
		len = 0;
	buf[len] = '\0';
	for (char *c = buf; *c; c++)
		if ((unsigned char)*c < ' ')
			*c = '?';
}

/* ---- the automounter ---- */

static bool add_reader(void *ctx, const struct iq_open_file *open)
{
	return open->mode & IQ_FMODE_READ ? iq_servers_add(ctx, open) : false;
}

static bool find_readers(struct iq_diag *d, iq_vaddr sbi, struct iq_servers *servers)
{
	uint64_t file, pipe;

	if (!iq_peek_member(d->s, sbi_type, "pipe", sbi, &file) || !iq_is_kernel_ptr(d->s, file) ||
	    !iq_peek_member(d->s, "struct file", "private_data", file, &pipe))
		return false;
	iq_open_each(d->s, IQ_OPEN_PRIVATE, pipe, add_reader, servers);
	return true;
}

static struct iq_object *object_of(struct iq_diag *d, iq_vaddr sb)
{
	struct iq_object *fs = iq_diag_filesystem(d, sb), *o;
	const struct iq_attr *mount = fs ? iq_object_attr(fs, "mount") : NULL;
	uint64_t dev = 0;

	iq_peek_member(d->s, "struct super_block", "s_dev", sb, &dev);
	o = iq_graph_object(d->g, IQ_OBJ_DAEMON, "daemon:autofs:%u",
			    (unsigned)(dev & ((1u << MINOR_BITS) - 1)));
	if (o->addr)
		return o;
	o->addr = sb;
	if (mount && mount->str)
		iq_object_name(d->g, o, "automount at %s", mount->str);
	else
		iq_object_name(d->g, o, "automount");
	return o;
}

static void nobody_mounts(struct iq_diag *d, struct iq_object *o, iq_vaddr sbi)
{
	struct iq_verdict *v = iq_object_verdict(d->g, o, IQ_CAUSE_DAEMON_UNANSWERED, IQ_STRONG,
						 "the daemon of the %s is gone, and a mount "
						 "is asked for",
						 o->name);
	const char *place = strstr(o->name, "/");

	if (!v)
		return;
	iq_text_add(d->g, &v->evidence,
		    "no process has the pipe of autofs_sb_info %#" PRIx64 " open for reading", sbi);
	iq_remedy_add(
		d->g, &v->remedy, IQ_RISK_LOW, NULL,
		"Start the automounter again (systemctl restart autofs); before that umount -l %s",
		place ? place : "its mount");
}

static struct iq_error *explain(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	int64_t off = iq_offsetof(d->s, queue_type, "queue");
	struct iq_request request = { .taken = true,
				      .reads = reads,
				      .what = "the automounter's pipe",
				      .how = "has to mount it" };
	struct iq_servers servers = { .num = 0 };
	struct iq_wait_entry entry;
	char name[MAX_NAME + 1];
	struct find_mount f;
	struct iq_wait *w;

	if (off < 0 || !iq_find_wait_entry(d->s, who->task, who->stack, NULL, &entry) ||
	    !find_mount(d, entry.head - (uint64_t)off, &f))
		return NULL;
	w = iq_diag_wait(who, object_of(d, f.sb), IQ_WAIT_MESSAGE);
	w->any = true;
	read_name(d, f.queue, name, sizeof(name));
	iq_text_add(d->g, &w->evidence,
		    "it sleeps on autofs_wait_queue %#" PRIx64
		    "%s%s%s, which is one of the queues of autofs_sb_info %#" PRIx64,
		    f.queue, name[0] ? " (" : "", name, name[0] ? ")" : "", f.sbi);
	if (name[0])
		w->in_words = iq_arena_printf(d->g->arena, "for %s to be mounted", name);
	if (find_readers(d, f.sbi, &servers) && !iq_diag_server_edges(d, w, &servers, &request))
		nobody_mounts(d, w->on, f.sbi);
	*wait_ret = w;
	return NULL;
}

static const char *const functions[] = { "autofs_wait", "autofs_mount_wait", "autofs_d_automount",
					 NULL };
static const char *const types[] = { "struct autofs_sb_info", "struct autofs_wait_queue", NULL };

static const struct iq_wait_rule wait_rules[] = {
	{ .name = "autofs",
	  .summary = "a mount that the automounter has to make, and who that is",
	  .reads = "autofs_wait_queue.queue, .name; autofs_sb_info.queues, .pipe; files_struct",
	  .seen = "6.1, 6.12, 7.3",
	  .certainty = IQ_PROVEN,
	  .functions = functions,
	  .needs_types = types,
	  .explain = explain },
	{ 0 },
};

const struct iq_module iq_module_autofs = {
	.api = IQ_MODULE_API,
	.name = "autofs",
	.summary = "autofs: mounts on demand",
	.wait_rules = wait_rules,
};
