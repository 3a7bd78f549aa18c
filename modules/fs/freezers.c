/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who may have frozen a filesystem that is frozen
 *
 * The ioctl leaves no name behind: the task may have ended long ago, as fsfreeze(8) does, and the
 * freeze stays. Newer kernels note a freeze of their own (freeze_owner). A program that
 * wants to thaw it later usually keeps the directory open by which it asked for the
 * freeze; so processes of root with a directory of that filesystem open may be it, if they
 * do not wait for its thaw themselves.
 *
 * Kernel: fs/super.c (freeze_super), fs/ioctl.c (ioctl_fsfreeze).
 */
#include "freezers.h"

#include "inquest/files.h"

enum { S_IFMT = 0170000, S_IFDIR = 0040000, MAX_NAMED = 4 };

struct find {
	struct iq_session *s;
	iq_vaddr sb, inode;
};

static bool is_directory_there(void *ctx, const struct iq_open_file *open)
{
	struct find *f = ctx;
	uint64_t sb, mode;

	if (!iq_peek_member(f->s, "struct inode", "i_sb", open->inode, &sb) || sb != f->sb ||
	    !iq_peek_member(f->s, "struct inode", "i_mode", open->inode, &mode) ||
	    (mode & S_IFMT) != S_IFDIR)
		return false;
	f->inode = open->inode;
	return true;
}

/* Whoever freezes a filesystem has a directory of it open for that; so have others. */
static void add_processes(struct iq_diag *d, iq_vaddr sb, struct iq_verdict *v)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf names = IQ_STRBUF_INIT;
	const struct iq_task *one = NULL;
	unsigned num = 0;

	for (size_t i = 0; i < d->tasks->num_tasks; i++) {
		const struct iq_task *t = &d->tasks->tasks[i];
		struct find f = { .s = d->s, .sb = sb };
		const char *path;

		/* init freezes nothing by itself. */
		if (t->pid <= 1 || t->pid != t->tgid || t->kthread || t->state == 'D' ||
		    !t->files || !t->uid_known || t->euid)
			continue;
		iq_open_of_task(d->s, t, is_directory_there, &f);
		if (!f.inode)
			continue;
		one = t;
		if (++num > MAX_NAMED)
			continue;
		path = iq_path_of_inode(d->s, f.inode);
		iq_strbuf_printf(&names, "%s%s (%d) has %s open", num > 1 ? ", " : "", t->comm,
				 t->pid, path ? path : "a directory there");
	}
	if (!num) {
		iq_text_add(
			d->g, &v->evidence,
			"no process of root has a directory of it open: who froze it has ended, or "
			"keeps nothing of it, and the kernel does not record who it was");
		return;
	}
	iq_text_add(d->g, &v->evidence, "who froze it is not recorded; %s%s: it may be %s (likely)",
		    iq_strbuf_str(&names), num > MAX_NAMED ? ", and others" : "",
		    num == 1 ? "that one" : "one of these");
	if (num == 1)
		iq_remedy_add(
			d->g, &v->remedy, IQ_RISK_NONE, NULL,
			"If it was %s (%d): let it go on to its thaw; killing it does not thaw",
			one->comm, one->pid);
}

void fs_add_freezers(struct iq_diag *d, iq_vaddr sb, struct iq_verdict *v, bool by_kernel)
{
	uint64_t owner;

	if (iq_peek_member(d->s, "struct super_block", "s_writers.freeze_owner", sb, &owner) &&
	    owner) {
		iq_text_add(d->g, &v->evidence, "super_block.s_writers.freeze_owner is %s",
			    iq_describe_addr(d->s, owner));
		return;
	}
	if (!by_kernel)
		add_processes(d, sb, v);
}
