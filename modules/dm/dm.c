/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Device mapper: suspended devices, thin pools without space, multipath without
 * paths, and the devices underneath
 *
 * A mapped device is the private_data of a gendisk whose operations are
 * dm_blk_dops or dm_rq_blk_dops. While it is suspended, bios for it are put
 * aside and nobody answers them. Its table lists the devices that it stands on and
 * its targets, whose type says what they are. What no device below has, the targets keep (kept.c).
 *
 * This room stands in front of the block room, which knows of such a device only that it has
 * something.
 *
 * All of dm's types are its modules' (BTF of modules exists since v5.11).
 *
 * Kernel: drivers/md/dm.c (DMF_*), dm-core.h (mapped_device), dm-table.c (dm_table),
 * dm-thin.c (pool, thin_c), dm-mpath.c (multipath), dm-ioctl.c (hash_cell).
 */
#include "dcmds.h"
#include "kept.h"
#include "mapped.h"

#include "inquest/module.h"
#include "inquest/storage.h"

enum {
	DMF_SUSPENDED_INTERNALLY = 7,
	MPATHF_QUEUE_IF_NO_PATH = 1,
	PM_OUT_OF_DATA_SPACE = 1,
	PM_OUT_OF_METADATA_SPACE = 2,
	PM_READ_ONLY = 3,
	PM_FAIL = 4,
};

static const char md_type[] = "struct mapped_device";

/* ---- suspended ---- */

static void judge_suspended(struct iq_diag *d, struct iq_object *o, iq_vaddr md, const char *name,
			    uint64_t flags)
{
	struct iq_verdict *v = iq_object_verdict(d->g, o, IQ_CAUSE_DEV_SUSPENDED, IQ_PROVEN,
						 "the device-mapper device %s (%s) is suspended",
						 name ? name : "?", iq_device_name(o));
	uint64_t first = 0;

	if (!v)
		return;
	v->final = v->cannot_go_on = true;
	iq_text_add(d->g, &v->evidence,
		    "mapped_device.flags at %#" PRIx64 " is %#" PRIx64 ": suspended%s", md, flags,
		    flags >> DMF_SUSPENDED_INTERNALLY & 1 ? " by the kernel itself" : "");
	if (iq_peek_member(d->s, md_type, "deferred.head", md, &first) && first)
		iq_text_add(
			d->g, &v->evidence,
			"I/O is put aside in mapped_device.deferred, the first bio at %#" PRIx64,
			first);
	iq_remedy_add(
		d->g, &v->remedy, IQ_RISK_NONE, NULL,
		"See whether lvm, dmsetup or a snapshot tool is at work on it, and let it end");
	iq_remedy_add(
		d->g, &v->remedy, IQ_RISK_LOW,
		iq_arena_printf(d->g->arena, "dmsetup resume %s",
				iq_arena_quoted(d->g->arena, name ? name : iq_device_name(o))),
		"If it was interrupted: dmsetup resume %s", name ? name : iq_device_name(o));
}

/* ---- thin pools ---- */

static struct iq_object *pool_object(struct iq_diag *d, iq_vaddr pool, struct iq_object *via)
{
	static const char *const modes[] = { "writable", "out of data space",
					     "out of metadata space", "read only", "failed" };
	uint64_t md, mode, error = 0;
	const char *name = NULL;
	double used;
	struct iq_object *o;
	struct iq_verdict *v;

	if (!iq_peek_member(d->s, "struct pool", "pf.mode", pool, &mode) || mode > PM_FAIL)
		return NULL;
	if (iq_peek_member(d->s, "struct pool", "pool_md", pool, &md))
		name = iq_dm_name(d->s, md);
	o = iq_graph_object(d->g, IQ_OBJ_POOL, "pool:%s", name ? name : via->name);
	if (o->addr)
		return o;
	o->addr = pool;
	iq_object_name(d->g, o, "thin pool %s", name ? name : via->name);
	iq_object_str(d->g, o, "kind", "dm-thin");
	iq_object_str(d->g, o, "health", modes[mode]);
	iq_object_null(d->g, o, "used_pct");
	if (iq_dm_pool_used(d->s, pool, mode == PM_OUT_OF_METADATA_SPACE, &used))
		iq_object_real(d->g, o, "used_pct", used);
	if (mode == 0)
		return o;
	iq_peek_member(d->s, "struct pool", "pf.error_if_no_space", pool, &error);
	v = iq_object_verdict(d->g, o,
			      mode <= PM_OUT_OF_METADATA_SPACE ? IQ_CAUSE_POOL_FULL
							       : IQ_CAUSE_POOL_SUSPENDED,
			      IQ_PROVEN, "%s is %s", o->name, modes[mode]);
	if (!v)
		return o;
	v->final = v->cannot_go_on = true;
	iq_text_add(d->g, &v->evidence,
		    "pool.pf.mode at %#" PRIx64 " is %" PRIu64 " (%s); writes are %s", pool, mode,
		    modes[mode], error ? "refused" : "kept waiting");
	if (mode <= PM_OUT_OF_METADATA_SPACE) {
		iq_remedy_add(d->g, &v->remedy, IQ_RISK_LOW, NULL,
			      "Give it space: lvextend its volume group's pool, or free blocks "
			      "(fstrim on filesystems that still answer)");
		iq_remedy_add(d->g, &v->remedy, IQ_RISK_DATA, NULL,
			      "If waiting is worse than errors: lvchange --errorwhenfull y POOL "
			      "(writes then fail)");
	} else {
		iq_remedy_add(
			d->g, &v->remedy, IQ_RISK_DATA, NULL,
			"Repair its metadata: lvconvert --repair, with the pool taken out of use");
	}
	return o;
}

/* ---- the table ---- */

struct targets {
	struct iq_diag *d;
	struct iq_object *o;
};

static bool explain_target(void *ctx, iq_vaddr ti, const char *text)
{
	struct targets *x = ctx;
	struct iq_diag *d = x->d;
	struct iq_object *o = x->o, *p;
	uint64_t private, pool, valid, flags;
	struct iq_verdict *v;

	if (!iq_peek_member(d->s, "struct dm_target", "private", ti, &private))
		return false;
	if (!strcmp(text, "snapshot-origin"))
		iq_dm_add_copies(d, o, ti);
	else if (!strcmp(text, "thin") &&
		 iq_peek_member(d->s, "struct thin_c", "pool", private, &pool)) {
		p = pool_object(d, pool, o);
		if (p)
			iq_graph_edge(d->g, o, p, NULL, IQ_EDGE_SERVES, IQ_PROVEN,
				      "gives it its blocks");
	} else if (!strcmp(text, "multipath") &&
		   iq_peek_member(d->s, "struct multipath", "nr_valid_paths.counter", private,
				  &valid) &&
		   !valid && iq_peek_member(d->s, "struct multipath", "flags", private, &flags)) {
		v = iq_object_verdict(
			d->g, o, IQ_CAUSE_DEV_NO_PATH, IQ_PROVEN,
			"multipath device %s has no path left%s", o->name,
			flags >> MPATHF_QUEUE_IF_NO_PATH & 1 ? ", and I/O waits for one" : "");
		if (!v)
			return false;
		v->final = v->cannot_go_on = true;
		iq_text_add(d->g, &v->evidence,
			    "multipath.nr_valid_paths at %#" PRIx64 " is 0, flags %#" PRIx64,
			    private, flags);
		iq_remedy_add(d->g, &v->remedy, IQ_RISK_NONE, NULL,
			      "Bring a path back: multipath -ll, the fabric, the storage");
		iq_remedy_add(
			d->g, &v->remedy, IQ_RISK_DATA,
			iq_arena_printf(d->g->arena, "dmsetup message %s 0 fail_if_no_path",
					iq_arena_quoted(d->g->arena, o->name)),
			"If errors are better than waiting: dmsetup message %s 0 fail_if_no_path",
			o->name);
	}
	return false;
}

static bool add_below(void *ctx, iq_vaddr bdev)
{
	struct targets *b = ctx;
	struct iq_object *o = iq_diag_bdev(b->d, bdev);

	if (!o || o == b->o || !iq_disk_may_owe(b->d, o->addr))
		return false;
	iq_graph_edge(b->d->g, b->o, o, NULL, IQ_EDGE_SERVES, IQ_STRONG,
		      "is a device that it stands on");
	return false;
}

static struct iq_error *explain_dm(struct iq_diag *d, struct iq_object *o)
{
	struct targets x = { d, o };
	struct iq_error *err;
	uint64_t flags;
	const char *name;
	iq_vaddr md = iq_dm_of_disk(d->s, o->addr);

	if (!md || !iq_peek_member(d->s, md_type, "flags", md, &flags))
		return NULL;
	name = iq_dm_name(d->s, md);
	iq_object_str(d->g, o, "driver", "device-mapper");
	if (name)
		o->name = iq_arena_printf(d->g->arena, "%s", name);
	if (flags >> IQ_DMF_SUSPENDED & 1) {
		judge_suspended(d, o, md, name, flags);
		return NULL;
	}
	iq_dm_each_target(d->s, md, explain_target, &x);
	err = iq_dm_each_below(d->s, md, add_below, &x);
	if (err)
		return err;
	if (!o->out.num)
		iq_dm_judge_kept(d, o, md);
	return NULL;
}

static const struct iq_object_rule object_rules[] = {
	{ .name = "dm",
	  .summary = "device-mapper devices: suspended, out of space, without a path, and what "
		     "they stand on",
	  .type = IQ_OBJ_DEVICE,
	  .explain = explain_dm },
	{ 0 },
};

static const char *const types[] = { "struct mapped_device", NULL };

const struct iq_module iq_module_dm = {
	.api = IQ_MODULE_API,
	.name = "dm",
	.summary = "device mapper: suspended devices, thin pools, multipath, the devices below",
	.needs_types = types,
	.object_rules = object_rules,
	.disk_may_owe = iq_dm_may_owe,
	.dcmds = iq_dm_dcmds,
};
