/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * md arrays: on to the members, and arrays that are suspended
 *
 * An array takes bios and hands them on to its members; a write is done when all mirrors have it,
 * so that one member that does not answer is enough. While the array is changed it is
 * suspended and new bios wait.
 *
 * Kernel: drivers/md/md.h (struct mddev, struct md_rdev: its module's types), md.c.
 */
#include "inquest/storage.h"
#include "inquest/waitq.h"

enum { MAX_MEMBERS = 4096 };

static const char mddev_type[] = "struct mddev";

struct members {
	struct iq_diag *d;
	struct iq_object *array;
};

static bool add_member(void *ctx, iq_vaddr node)
{
	struct members *m = ctx;
	int64_t off = iq_offsetof(m->d->s, "struct md_rdev", "same_set");
	struct iq_object *o;
	struct iq_edge *e;
	uint64_t bdev;

	if (off < 0 ||
	    !iq_peek_member(m->d->s, "struct md_rdev", "bdev", node - (uint64_t)off, &bdev))
		return false;
	o = iq_diag_bdev(m->d, bdev);
	if (!o || o == m->array || !iq_disk_may_owe(m->d, o->addr))
		return false;
	e = iq_graph_edge(m->d->g, m->array, o, NULL, IQ_EDGE_SERVES, IQ_STRONG,
			  "is a member of it, and has not answered");
	iq_text_add(m->d->g, &e->evidence, "md_rdev %#" PRIx64 " of %s is %s", node - (uint64_t)off,
		    iq_device_name(m->array), iq_device_name(o));
	return false;
}

static struct iq_error *explain_md(struct iq_diag *d, struct iq_object *o)
{
	int64_t disks = iq_offsetof(d->s, mddev_type, "disks");
	uint64_t mddev, back, suspended = 0, lo = 0, hi = 0;
	struct members members = { d, o };
	struct iq_verdict *v;

	if (!iq_disk_has_ops(d->s, o->addr, "md_fops") ||
	    !iq_peek_member(d->s, "struct gendisk", "private_data", o->addr, &mddev) ||
	    !iq_peek_member(d->s, mddev_type, "gendisk", mddev, &back) || back != o->addr ||
	    disks < 0)
		return NULL;
	iq_peek_member(d->s, mddev_type, "suspended", mddev, &suspended);
	iq_peek_member(d->s, mddev_type, "suspend_lo", mddev, &lo);
	iq_peek_member(d->s, mddev_type, "suspend_hi", mddev, &hi);
	if (suspended || lo < hi) {
		v = iq_object_verdict(d->g, o, IQ_CAUSE_DEV_SUSPENDED,
				      suspended ? IQ_PROVEN : IQ_STRONG,
				      "the md array %s is suspended", iq_device_name(o));
		if (v) {
			iq_text_add(d->g, &v->evidence,
				    "mddev %#" PRIx64 ": suspended is %" PRIu64 ", sectors %" PRIu64
				    " to %" PRIu64 " are kept back",
				    mddev, suspended, lo, hi);
			iq_remedy_add(
				d->g, &v->remedy, IQ_RISK_NONE,
				iq_arena_printf(d->g->arena, "mdadm --detail /dev/%s",
						iq_device_name(o)),
				"See what changes the array: cat /proc/mdstat, mdadm --detail "
				"/dev/%s",
				iq_device_name(o));
			iq_remedy_add(
				d->g, &v->remedy, IQ_RISK_LOW,
				iq_arena_printf(d->g->arena,
						"echo 0 > /sys/block/%s/md/suspend_lo; echo 0 > "
						"/sys/block/%s/md/suspend_hi",
						iq_device_name(o), iq_device_name(o)),
				"If that has been given up: echo 0 > /sys/block/%s/md/suspend_lo; "
				"echo 0 > /sys/block/%s/md/suspend_hi",
				iq_device_name(o), iq_device_name(o));
		}
	}
	return iq_list_walk(d->s, mddev + (uint64_t)disks, MAX_MEMBERS, add_member, &members);
}

/* The thread that resyncs, recovers or checks an array, waiting for what it has asked of the
 * members. */
static struct iq_error *explain_sync(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	const struct iq_task *task = who->task;
	int64_t queue = iq_offsetof(d->s, mddev_type, "recovery_wait");
	iq_vaddr thread = iq_kthread_data(d->s, task);
	struct iq_wait_entry entry;
	struct iq_object *array;
	uint64_t tsk, mddev, disk;
	struct iq_edge *e;

	if (queue < 0 || !thread ||
	    !iq_peek_member(d->s, "struct md_thread", "tsk", thread, &tsk) || tsk != task->addr ||
	    !iq_peek_member(d->s, "struct md_thread", "mddev", thread, &mddev) ||
	    !iq_find_wait_entry(d->s, task, who->stack, NULL, &entry) ||
	    entry.head != mddev + (uint64_t)queue ||
	    !iq_peek_member(d->s, mddev_type, "gendisk", mddev, &disk))
		return NULL;
	array = iq_diag_disk(d, disk);
	if (!array)
		return NULL;
	*wait_ret = iq_diag_wait(who, array, IQ_WAIT_SLEEP);
	e = iq_graph_edge(d->g, (*wait_ret)->task, array, NULL, IQ_EDGE_SERVES, IQ_PROVEN,
			  "has to end the I/O of its sync");
	iq_text_add(d->g, &e->evidence,
		    "it is the thread of mddev %#" PRIx64 " (%s), and sleeps on its recovery_wait",
		    mddev, iq_device_name(array));
	return NULL;
}

static const char *const sync_functions[] = { "md_do_sync", NULL };

static const struct iq_wait_rule wait_rules[] = {
	{ .name = "md-sync",
	  .summary = "the thread that syncs an md array, waiting for its members",
	  .reads = "kthread.data; md_thread.tsk, .mddev; mddev.recovery_wait, .gendisk",
	  .seen = "6.1",
	  .certainty = IQ_PROVEN,
	  .functions = sync_functions,
	  .explain = explain_sync },
	{ 0 },
};

static const struct iq_object_rule object_rules[] = {
	{ .name = "md",
	  .summary = "md arrays: suspended ones, and the members that have not answered",
	  .type = IQ_OBJ_DEVICE,
	  .explain = explain_md },
	{ 0 },
};

static const char *const types[] = { "struct mddev", "struct md_rdev", NULL };

const struct iq_module iq_module_md = {
	.api = IQ_MODULE_API,
	.name = "md",
	.summary = "md arrays: suspended ones, and their members",
	.needs_types = types,
	.wait_rules = wait_rules,
	.object_rules = object_rules,
};
