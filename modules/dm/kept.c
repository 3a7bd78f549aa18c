/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the targets of a mapped device keep
 *
 * Most targets pass a bio on to a device of the table, and then that device has it in flight. Some
 * do not, or not yet: delay has a list of its own and a timer; the origin of snapshots first has
 * the old blocks copied to each snapshot's own device, which is in that one's table and not in its
 * own; others hand bios to workers. mapped_device.pending_io counts, per CPU, what was given
 * to the device as a whole and has not ended. Where that is something, and no device below owes
 * an answer, the targets have it.
 *
 * Kernel: drivers/md/dm.c (pending_io), dm-delay.c (delay_c), dm-snap.c (_origins, origin,
 * dm_origin, dm_snapshot).
 */
#include "kept.h"

#include <stdio.h>

#include "inquest/disk.h"
#include "inquest/storage.h"
#include "mapped.h"

enum {
	ORIGIN_HASH_SIZE = 256,
	MAX_IN_LIST = 65536,
	MAX_COUNTED = 1 << 20,
};

static const char snap_type[] = "struct dm_snapshot";

/* ---- snapshots ---- */

struct copies {
	struct iq_diag *d;
	struct iq_object *device;
	uint64_t bdev; /* the origin's */
	size_t num;
};

static bool add_snapshot(void *ctx, iq_vaddr node)
{
	struct copies *c = ctx;
	struct iq_session *s = c->d->s;
	int64_t list = iq_offsetof(s, snap_type, "list");
	iq_vaddr snap = node - (uint64_t)list;
	struct iq_object *cow;
	uint64_t dev, bdev, copies;
	struct iq_edge *e;

	if (list < 0)
		return true;
	if (!iq_peek_member(s, snap_type, "origin", snap, &dev) ||
	    !iq_peek_member(s, "struct dm_dev", "bdev", dev, &bdev) || bdev != c->bdev ||
	    !iq_peek_member(s, snap_type, "pending_exceptions_count.counter", snap, &copies) ||
	    !copies || copies > MAX_COUNTED || !iq_peek_member(s, snap_type, "cow", snap, &dev) ||
	    !iq_peek_member(s, "struct dm_dev", "bdev", dev, &bdev))
		return false;
	cow = iq_diag_bdev(c->d, bdev);
	if (!cow || cow == c->device || !iq_disk_may_owe(c->d, cow->addr))
		return false;
	e = iq_graph_edge(c->d->g, c->device, cow, NULL, IQ_EDGE_SERVES, IQ_STRONG,
			  "has to take the old blocks first, for a snapshot");
	iq_text_add(c->d->g, &e->evidence,
		    "dm_snapshot %#" PRIx64 " of this origin has %" PRIu64
		    " copies under way (pending_exceptions_count), to %s",
		    snap, copies, iq_device_name(cow));
	c->num++;
	return false;
}

static bool add_origin(void *ctx, iq_vaddr node)
{
	struct copies *c = ctx;
	struct iq_session *s = c->d->s;
	int64_t list = iq_offsetof(s, "struct origin", "hash_list"),
		snapshots = iq_offsetof(s, "struct origin", "snapshots");
	uint64_t bdev;

	if (list < 0 || snapshots < 0)
		return true;
	if (iq_peek_member(s, "struct origin", "bdev", node - (uint64_t)list, &bdev) &&
	    bdev == c->bdev)
		iq_error_free(iq_list_walk(s, node - (uint64_t)list + (uint64_t)snapshots,
					   MAX_IN_LIST, add_snapshot, c));
	return false;
}

size_t iq_dm_add_copies(struct iq_diag *d, struct iq_object *device, iq_vaddr target)
{
	struct copies c = { .d = d, .device = device };
	uint64_t private, dev, table;

	if (!iq_peek_member(d->s, "struct dm_target", "private", target, &private) ||
	    !iq_peek_member(d->s, "struct dm_origin", "dev", private, &dev) ||
	    !iq_peek_member(d->s, "struct dm_dev", "bdev", dev, &c.bdev) ||
	    !iq_peek_u64(d->s, iq_sym_addr(d->s, "_origins"), &table) ||
	    !iq_is_kernel_ptr(d->s, table))
		return 0;
	for (uint64_t i = 0; i < ORIGIN_HASH_SIZE; i++)
		iq_error_free(iq_list_walk(d->s, table + 16 * i, MAX_IN_LIST, add_origin, &c));
	return c.num;
}

/* ---- what is left ---- */

struct targets {
	struct iq_session *s;
	struct iq_strbuf names;
	char last[32];
	bool delays;
	uint64_t num_delayed;
};

static bool count_one(void *ctx, iq_vaddr node)
{
	uint64_t *num = ctx;

	(void)node;
	(*num)++;
	return false;
}

static bool name_target(void *ctx, iq_vaddr ti, const char *type)
{
	struct targets *t = ctx;
	int64_t list = iq_offsetof(t->s, "struct delay_c", "delayed_bios");
	uint64_t private;

	/* One after another of the same kind is said once. */
	if (strcmp(type, t->last) != 0)
		iq_strbuf_printf(&t->names, "%s%s", t->names.len ? ", " : "", type);
	snprintf(t->last, sizeof(t->last), "%s", type);
	if (strcmp(type, "delay") != 0)
		return false;
	t->delays = true;
	if (list >= 0 && iq_peek_member(t->s, "struct dm_target", "private", ti, &private))
		iq_error_free(iq_list_walk(t->s, private + (uint64_t)list, MAX_COUNTED, count_one,
					   &t->num_delayed));
	return false;
}

void iq_dm_judge_kept(struct iq_diag *d, struct iq_object *device, iq_vaddr md)
{
	struct targets t = { .s = d->s };
	unsigned num = iq_dm_pending(d->s, md);
	struct iq_verdict *v;
	const char *names;

	if (!num)
		return;
	iq_dm_each_target(d->s, md, name_target, &t);
	names = iq_arena_strdup(d->g->arena, iq_strbuf_str(&t.names));
	iq_strbuf_deinit(&t.names);
	v = iq_object_verdict(d->g, device, IQ_CAUSE_IO_STALLED, IQ_STRONG,
			      "%s keeps %u request%s itself: no device that it stands on has %s",
			      device->name, num, num == 1 ? "" : "s", num == 1 ? "it" : "them");
	if (!v)
		return;
	iq_text_add(d->g, &v->evidence,
		    "mapped_device.pending_io of %#" PRIx64
		    " is %u, and none of the devices of its table has anything in flight; its "
		    "targets: %s",
		    md, num, *names ? names : "not known");
	if (t.num_delayed)
		iq_text_add(d->g, &v->evidence,
			    "delay_c.delayed_bios lists %" PRIu64 " that wait for their time",
			    t.num_delayed);
	iq_remedy_add(d->g, &v->remedy, IQ_RISK_NONE,
		      iq_arena_printf(d->g->arena, "dmsetup table %s",
				      iq_arena_quoted(d->g->arena, device->name)),
		      "See what its table makes of I/O: dmsetup table %s; dmsetup status %s",
		      device->name, device->name);
	if (t.delays)
		iq_remedy_add(d->g, &v->remedy, IQ_RISK_LOW, NULL,
			      "A suspend sends on what the target delays: dmsetup suspend %s; "
			      "dmsetup resume %s. To end the delay, load another table first",
			      device->name, device->name);
}
