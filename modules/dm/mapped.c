/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading struct mapped_device
 *
 * Kernel: drivers/md/dm-core.h (mapped_device), dm-table.c (dm_table), dm-ioctl.c (hash_cell),
 * drivers/md/persistent-data/dm-space-map-disk.c (sm_disk).
 */
#include "mapped.h"

#include "inquest/disk.h"

enum { MAX_TARGETS = 65536, MAX_DEVICES = 65536, MAX_PENDING = 1 << 24 };

static const char md_type[] = "struct mapped_device";

static bool is_mapped(struct iq_session *s, iq_vaddr disk)
{
	return iq_disk_has_ops(s, disk, "dm_blk_dops") ||
	       iq_disk_has_ops(s, disk, "dm_rq_blk_dops");
}

iq_vaddr iq_dm_of_disk(struct iq_session *s, iq_vaddr disk)
{
	uint64_t md, back;

	if (!is_mapped(s, disk) ||
	    !iq_peek_member(s, "struct gendisk", "private_data", disk, &md) ||
	    !iq_peek_member(s, md_type, "disk", md, &back) || back != disk)
		return 0;
	return md;
}

unsigned iq_dm_pending(struct iq_session *s, iq_vaddr md)
{
	uint64_t percpu, n;
	int64_t sum = 0;

	if (!iq_peek_member(s, "struct mapped_device", "pending_io", md, &percpu) || !percpu)
		return 0;
	/* Counted up on one CPU and down on another: only the sum means something. */
	for (unsigned cpu = 0; cpu < iq_num_cpus(s); cpu++)
		if (iq_peek_u64(s, iq_per_cpu(s, percpu, cpu), &n))
			sum += (int64_t)n;
	return sum > 0 && sum < MAX_PENDING ? (unsigned)sum : 0;
}

bool iq_dm_may_owe(struct iq_session *s, iq_vaddr disk)
{
	iq_vaddr md = iq_dm_of_disk(s, disk);
	uint64_t flags;

	if (!md || !iq_peek_member(s, md_type, "flags", md, &flags))
		return is_mapped(s, disk);
	return flags >> IQ_DMF_SUSPENDED & 1 || iq_dm_pending(s, md);
}

const char *iq_dm_name(struct iq_session *s, iq_vaddr md)
{
	uint64_t cell, name, back;
	char text[129];

	if (!iq_peek_member(s, md_type, "interface_ptr", md, &cell) || !cell ||
	    !iq_peek_member(s, "struct hash_cell", "md", cell, &back) || back != md ||
	    !iq_peek_member(s, "struct hash_cell", "name", cell, &name))
		return NULL;
	iq_error_free(iq_read_str(s, name, text, sizeof(text)));
	return text[0] ? iq_arena_strdup(iq_scratch(s), text) : NULL;
}

void iq_dm_each_target(struct iq_session *s, iq_vaddr md,
		       bool (*fn)(void *ctx, iq_vaddr target, const char *type), void *ctx)
{
	int64_t size = iq_sizeof(s, "struct dm_target");
	uint64_t table, num, targets, type, name;
	char text[32];

	if (size <= 0 || !iq_peek_member(s, md_type, "map", md, &table) || !table ||
	    !iq_peek_member(s, "struct dm_table", "num_targets", table, &num) ||
	    num > MAX_TARGETS || !iq_peek_member(s, "struct dm_table", "targets", table, &targets))
		return;
	for (uint64_t i = 0; i < num; i++) {
		iq_vaddr target = targets + i * (uint64_t)size;

		if (!iq_peek_member(s, "struct dm_target", "type", target, &type) ||
		    !iq_peek_member(s, "struct target_type", "name", type, &name))
			continue;
		text[0] = '\0';
		iq_error_free(iq_read_str(s, name, text, sizeof(text)));
		if (fn(ctx, target, text))
			return;
	}
}

struct below {
	struct iq_session *s;
	bool (*fn)(void *ctx, iq_vaddr bdev);
	void *ctx;
};

static bool one_below(void *ctx, iq_vaddr node)
{
	struct below *b = ctx;
	int64_t list = iq_offsetof(b->s, "struct dm_dev_internal", "list");
	uint64_t dm_dev, bdev;

	return list >= 0 &&
	       iq_peek_member(b->s, "struct dm_dev_internal", "dm_dev", node - (uint64_t)list,
			      &dm_dev) &&
	       iq_peek_member(b->s, "struct dm_dev", "bdev", dm_dev, &bdev) && b->fn(b->ctx, bdev);
}

struct iq_error *iq_dm_each_below(struct iq_session *s, iq_vaddr md,
				  bool (*fn)(void *ctx, iq_vaddr bdev), void *ctx)
{
	int64_t devices = iq_offsetof(s, "struct dm_table", "devices");
	struct below b = { s, fn, ctx };
	uint64_t table;

	if (devices < 0 || !iq_peek_member(s, md_type, "map", md, &table) || !table)
		return NULL;
	return iq_list_walk(s, table + (uint64_t)devices, MAX_DEVICES, one_below, &b);
}

/* Blocks of a space map on disk: struct sm_disk { struct dm_space_map sm; struct ll_disk ll; ... }.
 */
bool iq_dm_pool_used(struct iq_session *s, iq_vaddr pool, bool metadata, double *pct_ret)
{
	uint64_t pmd, sm, used, all;

	if (!iq_peek_member(s, "struct pool", "pmd", pool, &pmd) ||
	    !iq_peek_member(s, "struct dm_pool_metadata", metadata ? "metadata_sm" : "data_sm", pmd,
			    &sm))
		return false;
	/* The map of the metadata is of another type, with the same ll in it. */
	if (metadata && iq_has_member(s, "struct sm_metadata", "ll.nr_blocks")) {
		if (!iq_peek_member(s, "struct sm_metadata", "ll.nr_blocks", sm, &all) ||
		    !iq_peek_member(s, "struct sm_metadata", "ll.nr_allocated", sm, &used))
			return false;
	} else if (!iq_peek_member(s, "struct sm_disk", "ll.nr_blocks", sm, &all) ||
		   !iq_peek_member(s, "struct sm_disk", "ll.nr_allocated", sm, &used)) {
		return false;
	}
	if (!all || used > all)
		return false;
	*pct_ret = 100.0 * (double)used / (double)all;
	return true;
}
