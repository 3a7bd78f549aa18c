/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * XFS: what holds the log's tail
 *
 * What has been logged and not yet written back is in the active item list (AIL), the oldest first;
 * the log's tail is where the first of them was logged. xfsaild writes them back.
 * Where a buffer cannot be written, the error stays in b_last_error, and by default
 * it is tried again for ever: the items stay, the log fills, and who waits for the list to
 * be empty (freeze, unmount) or for room in the log waits as long.
 *
 * Kernel: fs/xfs/xfs_trans_ail.c, xfs_buf.c (xfs_buf_ioend_handle_error), xfs_trans.h (XFS_LI_*),
 * libxfs/xfs_log_format.h (item types).
 */
#include "inquest/lock.h"
#include "xfs.h"

enum { MAX_ITEMS = 2000, LI_FAILED = 2, LI_BUF = 0x123c, LI_INODE = 0x123b };

static const char item_type[] = "struct xfs_log_item";

/* The buffer that a log item is written back by; 0: it has none at present. */
static iq_vaddr buf_of_item(struct iq_diag *d, iq_vaddr item)
{
	int64_t off = iq_offsetof(d->s, "struct xfs_buf_log_item", "bli_item");
	uint64_t type, buf = 0;

	if (!iq_peek_member(d->s, item_type, "li_type", item, &type))
		return 0;
	if ((type & 0xffffffff) == LI_BUF)
		iq_peek_member(d->s, "struct xfs_buf_log_item", "bli_buf",
			       item - (uint64_t)(off < 0 ? 0 : off), &buf);
	else
		iq_peek_member(d->s, item_type, "li_buf", item, &buf);
	return iq_is_kernel_ptr(d->s, buf) ? buf : 0;
}

struct failed {
	struct iq_diag *d;
	int64_t li_off;
	unsigned num_items, num;
	iq_vaddr first, buf;
	int64_t error;
};

static bool count_failed(void *ctx, iq_vaddr node)
{
	struct failed *f = ctx;
	iq_vaddr item = node - (uint64_t)f->li_off, buf = buf_of_item(f->d, item);
	uint64_t flags, error = 0;

	f->num_items++;
	if (!iq_peek_member(f->d->s, item_type, "li_flags", item, &flags))
		return true;
	if (buf)
		iq_peek_member(f->d->s, XFS_BUF, "b_last_error", buf, &error);
	if (!(flags >> LI_FAILED & 1) && (int32_t)error >= 0)
		return false;
	f->num++;
	if (!f->buf && (int32_t)error < 0) {
		f->first = item;
		f->buf = buf;
		f->error = (int32_t)error;
	}
	return false;
}

bool xfs_judge_failed(struct iq_diag *d, struct iq_object *fs, iq_vaddr ail)
{
	struct failed f = { .d = d, .li_off = iq_offsetof(d->s, item_type, "li_ail") };
	int64_t head = iq_offsetof(d->s, "struct xfs_ail", "ail_head");
	uint64_t target, sector = 0;
	struct iq_object *device = NULL;
	struct iq_verdict *v;

	if (f.li_off < 0 || head < 0 || !ail)
		return false;
	iq_error_free(iq_list_walk(d->s, ail + (uint64_t)head, MAX_ITEMS, count_failed, &f));
	/* Nobody keeps the error of an item whose buffer was let go. */
	if (!f.num || !f.buf)
		return false;
	if (iq_peek_member(d->s, XFS_BUF, "b_target", f.buf, &target))
		device = xfs_device(d, target);
	iq_peek_member(d->s, XFS_BUF, "b_rhash_key", f.buf, &sector);
	v = iq_object_verdict(d->g, fs, IQ_CAUSE_FS_FAILED, IQ_PROVEN,
			      "%s cannot write its metadata: %s answers with an error, and it is "
			      "tried again for ever",
			      fs->name, device ? device->name : "the device");
	if (!v)
		return true;
	v->final = v->cannot_go_on = true;
	iq_text_add(d->g, &v->evidence,
		    "xfs_buf.b_last_error at %#" PRIx64 " (sector %" PRIu64 " of %s) is %" PRId64
		    ": the last attempt to write it failed",
		    f.buf, sector, device ? iq_device_name(device) : "a device", f.error);
	iq_text_add(d->g, &v->evidence,
		    "%u of the %u log items that wait to be written back (xfs_ail %#" PRIx64
		    ") are in that state",
		    f.num, f.num_items, ail);
	iq_remedy_add(d->g, &v->remedy, IQ_RISK_NONE, NULL,
		      "Bring the device or the path to it back (dmesg; /sys/block/%s): the next "
		      "attempt then succeeds, and nothing is lost",
		      device ? iq_device_name(device) : "DEVICE");
	if (device)
		iq_remedy_add(
			d->g, &v->remedy, IQ_RISK_DATA,
			iq_arena_printf(d->g->arena,
					"for f in /sys/fs/xfs/%s/error/metadata/*/max_retries; do "
					"echo 0 > $f; done",
					iq_device_name(device)),
			"If it does not come back, let XFS give up: for f in "
			"/sys/fs/xfs/%s/error/metadata/*/max_retries; do echo 0 > $f; done (it "
			"shuts down: its users get errors, what is not written is lost)",
			iq_device_name(device));
	return true;
}

/* ---- the oldest item ---- */

static bool take_first(void *ctx, iq_vaddr node)
{
	*(iq_vaddr *)ctx = node;
	return true;
}

bool xfs_add_tail_holder(struct iq_diag *d, struct iq_wait *w, iq_vaddr ail)
{
	static const char inode_item[] = "struct xfs_inode_log_item";
	int64_t head = iq_offsetof(d->s, "struct xfs_ail", "ail_head");
	int64_t off = iq_offsetof(d->s, item_type, "li_ail");
	int64_t inner = iq_offsetof(d->s, inode_item, "ili_item");
	/* A rw_semaphore, or the first member of an mrlock that has one. */
	int64_t lock = iq_offsetof(d->s, XFS_INODE, "i_lock");
	struct iq_lock_words words;
	const struct iq_task *t = NULL;
	iq_vaddr node = 0, item, buf;
	uint64_t type = 0, inode = 0;
	struct iq_edge *e;

	if (head < 0 || off < 0 || !ail)
		return false;
	iq_error_free(iq_list_walk(d->s, ail + (uint64_t)head, MAX_ITEMS, take_first, &node));
	if (!node)
		return false;
	item = node - (uint64_t)off;
	iq_peek_member(d->s, item_type, "li_type", item, &type);
	if ((type & 0xffffffff) == LI_INODE) {
		if (inner >= 0 && lock >= 0 &&
		    iq_peek_member(d->s, inode_item, "ili_inode", item - (uint64_t)inner, &inode) &&
		    iq_lock_read(d->s, &iq_lock_kinds[IQ_LOCK_RWSEM], inode + (uint64_t)lock,
				 &words))
			t = words.owner ? iq_task_by_addr(d->s, words.owner) : NULL;
	} else {
		buf = buf_of_item(d, item);
		t = buf ? xfs_buf_owner(d, buf) : NULL;
	}
	if (!t || t->pid == w->task->tid)
		return false;
	e = iq_graph_edge(d->g, w->task, iq_diag_task(d, t), w->on, IQ_EDGE_OWNER, IQ_STRONG,
			  "has the oldest change in the log locked");
	iq_text_add(d->g, &e->evidence,
		    "the first xfs_log_item of xfs_ail %#" PRIx64 " is %#" PRIx64
		    ", and %s (%d) has what it is of locked",
		    ail, item, t->comm, t->pid);
	return true;
}
