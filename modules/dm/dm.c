/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Device mapper: suspended devices, thin pools without space, multipath without
 * paths, and the devices underneath
 *
 * A mapped device is the private_data of a gendisk whose operations are
 * dm_blk_dops or dm_rq_blk_dops. While it is suspended, bios for it are put
 * aside and nobody answers them. Its table lists the devices that it stands on and
 * its targets, whose type says what they are.
 *
 * All of dm's types are its modules' (BTF of modules exists since v5.11).
 *
 * Kernel: drivers/md/dm.c (DMF_*), dm-core.h (mapped_device), dm-table.c (dm_table),
 * dm-thin.c (pool, thin_c), dm-mpath.c (multipath), dm-ioctl.c (hash_cell).
 */
#include "inquest/disk.h"
#include "inquest/module.h"

enum {
	DMF_SUSPENDED = 1,
	DMF_SUSPENDED_INTERNALLY = 7,
	MPATHF_QUEUE_IF_NO_PATH = 1,
	PM_OUT_OF_DATA_SPACE = 1,
	PM_OUT_OF_METADATA_SPACE = 2,
	PM_READ_ONLY = 3,
	PM_FAIL = 4,
	MAX_TARGETS = 65536,
	MAX_DEVICES = 65536,
};

static const char md_type[] = "struct mapped_device";

/* The mapped device of a disk; 0: the disk is none of ours. */
static iq_vaddr md_of_disk(struct iq_diag *d, iq_vaddr disk)
{
	uint64_t md, back;

	if ((!iq_disk_has_ops(d->s, disk, "dm_blk_dops") &&
	     !iq_disk_has_ops(d->s, disk, "dm_rq_blk_dops")) ||
	    !iq_peek_member(d->s, "struct gendisk", "private_data", disk, &md) ||
	    !iq_peek_member(d->s, md_type, "disk", md, &back) || back != disk)
		return 0;
	return md;
}

/* "vg-home": what dmsetup calls it. NULL where it cannot be read. */
static const char *name_of_md(struct iq_diag *d, iq_vaddr md)
{
	uint64_t cell, name, back;
	char text[129];

	if (!iq_peek_member(d->s, md_type, "interface_ptr", md, &cell) || !cell ||
	    !iq_peek_member(d->s, "struct hash_cell", "md", cell, &back) || back != md ||
	    !iq_peek_member(d->s, "struct hash_cell", "name", cell, &name))
		return NULL;
	iq_error_free(iq_read_str(d->s, name, text, sizeof(text)));
	return text[0] ? iq_arena_strdup(iq_scratch(d->s), text) : NULL;
}

/* ---- suspended ---- */

static void judge_suspended(struct iq_diag *d, struct iq_object *o, iq_vaddr md, const char *name,
			    uint64_t flags)
{
	struct iq_verdict *v = iq_object_verdict(d->g, o, IQ_CAUSE_DEV_SUSPENDED, IQ_PROVEN,
						 "the device-mapper device %s (%s) is suspended",
						 name ? name : "?", o->id + 4);
	uint64_t first = 0;

	v->final = v->cannot_go_on = true;
	if (v->evidence.num)
		return;
	iq_text_add(d->g, &v->evidence,
		    "mapped_device.flags at %#" PRIx64 " is %#" PRIx64 ": suspended%s", md, flags,
		    flags >> DMF_SUSPENDED_INTERNALLY & 1 ? " by the kernel itself" : "");
	if (iq_peek_member(d->s, md_type, "deferred.head", md, &first) && first)
		iq_text_add(
			d->g, &v->evidence,
			"I/O is put aside in mapped_device.deferred, the first bio at %#" PRIx64,
			first);
	iq_text_add(d->g, &v->remedy,
		    "See whether lvm, dmsetup or a snapshot tool is at work on it, and let it end");
	iq_text_add(d->g, &v->remedy, "If it was interrupted: dmsetup resume %s",
		    name ? name : o->id + 4);
}

/* ---- thin pools ---- */

/* Blocks of a space map on disk: struct sm_disk { struct dm_space_map sm; struct ll_disk ll; ... }.
 */
static bool used_of_space_map(struct iq_diag *d, iq_vaddr sm, uint64_t *used_ret, uint64_t *all_ret)
{
	return iq_peek_member(d->s, "struct sm_disk", "ll.nr_blocks", sm, all_ret) &&
	       iq_peek_member(d->s, "struct sm_disk", "ll.nr_allocated", sm, used_ret) &&
	       *all_ret && *used_ret <= *all_ret;
}

static struct iq_object *pool_object(struct iq_diag *d, iq_vaddr pool, struct iq_object *via)
{
	static const char *const modes[] = { "writable", "out of data space",
					     "out of metadata space", "read only", "failed" };
	uint64_t md, mode, pmd, sm, used, all, error = 0;
	const char *name = NULL;
	struct iq_object *o;
	struct iq_verdict *v;

	if (!iq_peek_member(d->s, "struct pool", "pf.mode", pool, &mode) || mode > PM_FAIL)
		return NULL;
	if (iq_peek_member(d->s, "struct pool", "pool_md", pool, &md))
		name = name_of_md(d, md);
	o = iq_graph_object(d->g, IQ_OBJ_POOL, "pool:%s", name ? name : via->name);
	if (o->addr)
		return o;
	o->addr = pool;
	iq_object_name(d->g, o, "thin pool %s", name ? name : via->name);
	iq_object_str(d->g, o, "kind", "dm-thin");
	iq_object_str(d->g, o, "health", modes[mode]);
	iq_object_null(d->g, o, "used_pct");
	if (iq_peek_member(d->s, "struct pool", "pmd", pool, &pmd) &&
	    iq_peek_member(d->s, "struct dm_pool_metadata",
			   mode == PM_OUT_OF_METADATA_SPACE ? "metadata_sm" : "data_sm", pmd,
			   &sm) &&
	    used_of_space_map(d, sm, &used, &all))
		iq_object_real(d->g, o, "used_pct", 100.0 * (double)used / (double)all);
	if (mode == 0)
		return o;
	iq_peek_member(d->s, "struct pool", "pf.error_if_no_space", pool, &error);
	v = iq_object_verdict(d->g, o,
			      mode <= PM_OUT_OF_METADATA_SPACE ? IQ_CAUSE_POOL_FULL
							       : IQ_CAUSE_POOL_SUSPENDED,
			      IQ_PROVEN, "%s is %s", o->name, modes[mode]);
	v->final = v->cannot_go_on = true;
	iq_text_add(d->g, &v->evidence,
		    "pool.pf.mode at %#" PRIx64 " is %" PRIu64 " (%s); writes are %s", pool, mode,
		    modes[mode], error ? "refused" : "kept waiting");
	if (mode <= PM_OUT_OF_METADATA_SPACE) {
		iq_text_add(d->g, &v->remedy,
			    "Give it space: lvextend its volume group's pool, or free blocks "
			    "(fstrim on filesystems that still answer)");
		iq_text_add(d->g, &v->remedy,
			    "If waiting is worse than errors: lvchange --errorwhenfull y POOL "
			    "(writes then fail)");
	} else {
		iq_text_add(
			d->g, &v->remedy,
			"Repair its metadata: lvconvert --repair, with the pool taken out of use");
	}
	return o;
}

/* ---- the table ---- */

static void explain_target(struct iq_diag *d, struct iq_object *o, iq_vaddr ti)
{
	uint64_t type, name, private, pool, valid, flags;
	struct iq_object *p;
	struct iq_verdict *v;
	char text[32];

	if (!iq_peek_member(d->s, "struct dm_target", "type", ti, &type) ||
	    !iq_peek_member(d->s, "struct target_type", "name", type, &name) ||
	    !iq_peek_member(d->s, "struct dm_target", "private", ti, &private))
		return;
	iq_error_free(iq_read_str(d->s, name, text, sizeof(text)));
	if (!strcmp(text, "thin") &&
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
		v->final = v->cannot_go_on = true;
		if (v->evidence.num)
			return;
		iq_text_add(d->g, &v->evidence,
			    "multipath.nr_valid_paths at %#" PRIx64 " is 0, flags %#" PRIx64,
			    private, flags);
		iq_text_add(d->g, &v->remedy,
			    "Bring a path back: multipath -ll, the fabric, the storage");
		iq_text_add(
			d->g, &v->remedy,
			"If errors are better than waiting: dmsetup message %s 0 fail_if_no_path",
			o->name);
	}
}

struct below {
	struct iq_diag *d;
	struct iq_object *o;
};

/* struct dm_dev_internal { struct list_head list; refcount_t count; struct dm_dev *dm_dev; } */
static bool add_below(void *ctx, iq_vaddr node)
{
	struct below *b = ctx;
	int64_t list = iq_offsetof(b->d->s, "struct dm_dev_internal", "list");
	uint64_t dm_dev, bdev;
	struct iq_object *o;

	if (list < 0 ||
	    !iq_peek_member(b->d->s, "struct dm_dev_internal", "dm_dev", node - (uint64_t)list,
			    &dm_dev) ||
	    !iq_peek_member(b->d->s, "struct dm_dev", "bdev", dm_dev, &bdev))
		return false;
	o = iq_diag_bdev(b->d, bdev);
	if (!o || o == b->o)
		return false;
	if (!iq_disk_may_owe(b->d, o->addr))
		return false;
	iq_graph_edge(b->d->g, b->o, o, NULL, IQ_EDGE_SERVES, IQ_STRONG,
		      "is a device that it stands on");
	return false;
}

static struct iq_error *explain_dm(struct iq_diag *d, struct iq_object *o)
{
	int64_t devices = iq_offsetof(d->s, "struct dm_table", "devices");
	int64_t size = iq_sizeof(d->s, "struct dm_target");
	struct below below = { d, o };
	uint64_t flags, table, num, targets;
	const char *name;
	iq_vaddr md = md_of_disk(d, o->addr);

	if (!md || !iq_peek_member(d->s, md_type, "flags", md, &flags))
		return NULL;
	name = name_of_md(d, md);
	iq_object_str(d->g, o, "driver", "device-mapper");
	if (name)
		o->name = iq_arena_printf(d->g->arena, "%s", name);
	if (flags >> DMF_SUSPENDED & 1) {
		judge_suspended(d, o, md, name, flags);
		return NULL;
	}
	if (!iq_peek_member(d->s, md_type, "map", md, &table) || !table)
		return NULL;
	if (size > 0 && iq_peek_member(d->s, "struct dm_table", "num_targets", table, &num) &&
	    num <= MAX_TARGETS &&
	    iq_peek_member(d->s, "struct dm_table", "targets", table, &targets))
		for (uint64_t i = 0; i < num; i++)
			explain_target(d, o, targets + i * (uint64_t)size);
	if (devices >= 0)
		return iq_list_walk(d->s, table + (uint64_t)devices, MAX_DEVICES, add_below,
				    &below);
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
};
