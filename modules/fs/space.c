/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How full a filesystem is
 *
 * Out of the counters that the filesystems themselves keep in memory, without asking anybody.
 * Per-CPU counters are read without the parts that CPUs still have to add: a few blocks do not
 * matter here.
 *
 * Kernel: fs/ext4/ext4.h, fs/xfs/xfs_mount.h, include/linux/shmem_fs.h.
 */
#include "space.h"

struct usage {
	int64_t total, free;
};

static bool peek(struct iq_diag *d, const char *type, const char *member, iq_vaddr addr,
		 int64_t *value_ret)
{
	uint64_t value;

	if (!iq_peek_member(d->s, type, member, addr, &value))
		return false;
	*value_ret = (int64_t)value;
	return true;
}

/* Free space is counted in clusters, all of it in blocks. */
static bool usage_of_ext4(struct iq_diag *d, iq_vaddr info, struct usage *u)
{
	static const char type[] = "struct ext4_sb_info";
	int64_t super, low, high = 0, bits = 0;

	if (!peek(d, type, "s_freeclusters_counter.count", info, &u->free) ||
	    !peek(d, type, "s_es", info, &super) ||
	    !peek(d, "struct ext4_super_block", "s_blocks_count_lo", (iq_vaddr)super, &low))
		return false;
	peek(d, "struct ext4_super_block", "s_blocks_count_hi", (iq_vaddr)super, &high);
	peek(d, type, "s_cluster_bits", info, &bits);
	if (bits < 0 || bits > 16 || u->free < 0 || u->free > INT64_MAX >> 17)
		return false;
	u->total = (int64_t)((uint64_t)low & 0xffffffff) | (int64_t)((uint64_t)high << 32);
	u->free <<= bits;
	return true;
}

static bool usage_of_xfs(struct iq_diag *d, iq_vaddr info, struct usage *u)
{
	static const char type[] = "struct xfs_mount";

	return peek(d, type, "m_fdblocks.count", info, &u->free) &&
	       peek(d, type, "m_sb.sb_dblocks", info, &u->total);
}

static bool usage_of_tmpfs(struct iq_diag *d, iq_vaddr info, struct usage *u)
{
	int64_t used;

	if (!peek(d, "struct shmem_sb_info", "max_blocks", info, &u->total) ||
	    !peek(d, "struct shmem_sb_info", "used_blocks.count", info, &used))
		return false;
	u->free = u->total - used;
	return true;
}

void fs_add_usage(struct iq_diag *d, struct iq_object *o)
{
	static const struct {
		const char *fstype;
		bool (*usage)(struct iq_diag *d, iq_vaddr info, struct usage *u);
	} kinds[] = {
		{ "ext4", usage_of_ext4 },
		{ "xfs", usage_of_xfs },
		{ "tmpfs", usage_of_tmpfs },
	};
	const struct iq_attr *fstype = iq_object_attr(o, "fstype");
	struct usage u;
	uint64_t info;

	if (!fstype || !fstype->str ||
	    !iq_peek_member(d->s, "struct super_block", "s_fs_info", o->addr, &info) || !info)
		return;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(kinds); i++)
		if (!strcmp(fstype->str, kinds[i].fstype) && kinds[i].usage(d, info, &u) &&
		    u.total > 0 && u.free >= 0 && u.free <= u.total)
			iq_object_real(d->g, o, "used_pct",
				       100.0 * (double)(u.total - u.free) / (double)u.total);
}
