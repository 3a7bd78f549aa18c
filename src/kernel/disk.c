/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Disks: names, and what they have in hand
 *
 * A disk that takes requests has them in its tag sets: a tag's request that is
 * of this queue and in the state MQ_RQ_IN_FLIGHT has gone to the driver and not come back, and
 * knows when it began. A disk that takes bios (device mapper, md, and others
 * that stand on others) only counts them, per CPU, in its statistics.
 *
 * Kernel: include/linux/blkdev.h, include/linux/blk-mq.h, block/blk-mq.c, block/genhd.c
 * (part_in_flight).
 */
#include "inquest/disk.h"

enum { MAX_TAGS = 65536, MAX_QUEUES = 1024, MQ_RQ_IN_FLIGHT = 1, MAX_COUNTED = 1 << 24 };

static const char bdev_type[] = "struct block_device";
static const char disk_type[] = "struct gendisk";

bool iq_disk_name(struct iq_session *s, iq_vaddr disk, char name[static 33])
{
	int64_t off = iq_offsetof(s, disk_type, "disk_name");
	uint64_t back;
	size_t len;

	/* disk_name is an array of 32 on every kernel. */
	if (off < 0 || !iq_is_kernel_ptr(s, disk) || !iq_peek(s, disk + (uint64_t)off, name, 32))
		return false;
	name[32] = '\0';
	len = strlen(name);
	for (size_t i = 0; i < len; i++)
		if (name[i] <= ' ' || name[i] > '~')
			return false;
	/* Since v5.11 a pointer to the block device of the whole disk, before that a hd_struct in
	 * it. */
	if (!iq_has_type(s, "struct hd_struct") &&
	    iq_peek_member(s, disk_type, "part0", disk, &back) &&
	    (!iq_peek_member(s, bdev_type, "bd_disk", back, &back) || back != disk))
		return false;
	return len && iq_peek_member(s, disk_type, "queue", disk, &back) &&
	       iq_is_kernel_ptr(s, back);
}

iq_vaddr iq_disk_of_bdev(struct iq_session *s, iq_vaddr bdev)
{
	uint64_t disk;
	char name[33];

	return bdev && iq_peek_member(s, bdev_type, "bd_disk", bdev, &disk) &&
			       iq_disk_name(s, disk, name)
		       ? disk
		       : 0;
}

bool iq_disk_has_ops(struct iq_session *s, iq_vaddr disk, const char *symbol)
{
	iq_vaddr wanted = iq_sym_addr(s, symbol);
	uint64_t fops;

	return disk && wanted && iq_peek_member(s, disk_type, "fops", disk, &fops) &&
	       fops == wanted;
}

bool iq_is_bdev_inode(struct iq_session *s, iq_vaddr inode)
{
	uint64_t sb, blockdevs;

	return iq_peek_member(s, "struct inode", "i_sb", inode, &sb) &&
	       iq_peek_u64(s, iq_sym_addr(s, "blockdev_superblock"), &blockdevs) && sb == blockdevs;
}

/* ---- in flight ---- */

/* False: fn has seen enough. */
static bool each_of_tags(struct iq_session *s, iq_vaddr tags, iq_vaddr queue, iq_request_fn fn,
			 void *ctx)
{
	uint64_t num, rqs, rq, q, state, tag;

	if (!iq_peek_member(s, "struct blk_mq_tags", "nr_tags", tags, &num) || num > MAX_TAGS ||
	    !iq_peek_member(s, "struct blk_mq_tags", "rqs", tags, &rqs))
		return true;
	for (uint64_t i = 0; i < num; i++) {
		if (!iq_peek_u64(s, rqs + 8 * i, &rq) || !iq_is_kernel_ptr(s, rq) ||
		    !iq_peek_member(s, "struct request", "q", rq, &q) || q != queue ||
		    !iq_peek_member(s, "struct request", "state", rq, &state) ||
		    state != MQ_RQ_IN_FLIGHT)
			continue;
		/* Sent again, a request gets another tag; the former one's place is not cleared. */
		if (iq_peek_member(s, "struct request", "tag", rq, &tag) && (uint32_t)tag != i)
			continue;
		if (fn(ctx, rq))
			return false;
	}
	return true;
}

bool iq_disk_each_request(struct iq_session *s, iq_vaddr disk, iq_request_fn fn, void *ctx)
{
	uint64_t queue, set, tags, num, shared = 0, one;

	if (!iq_peek_member(s, disk_type, "queue", disk, &queue) ||
	    !iq_peek_member(s, "struct request_queue", "tag_set", queue, &set) || !set ||
	    !iq_peek_member(s, "struct blk_mq_tag_set", "tags", set, &tags) ||
	    !iq_peek_member(s, "struct blk_mq_tag_set", "nr_hw_queues", set, &num) ||
	    num > MAX_QUEUES)
		return false;
	iq_peek_member(s, "struct blk_mq_tag_set", "shared_tags", set, &shared);
	if (shared) {
		each_of_tags(s, shared, queue, fn, ctx);
		return true;
	}
	for (uint64_t i = 0; i < num; i++)
		if (iq_peek_u64(s, tags + 8 * i, &one) && one &&
		    !each_of_tags(s, one, queue, fn, ctx))
			break;
	return true;
}

struct counted {
	struct iq_session *s;
	struct iq_in_flight *f;
	uint64_t oldest_ns;
};

static bool count_request(void *ctx, iq_vaddr rq)
{
	struct counted *c = ctx;
	uint64_t start;

	c->f->num++;
	if (iq_peek_member(c->s, "struct request", "start_time_ns", rq, &start) && start &&
	    (!c->oldest_ns || start < c->oldest_ns)) {
		c->oldest_ns = start;
		c->f->oldest = rq;
	}
	return false;
}

static bool count_requests(struct iq_session *s, iq_vaddr disk, const struct iq_task_list *at,
			   struct iq_in_flight *f)
{
	struct counted c = { s, f, 0 };

	if (!iq_disk_each_request(s, disk, count_request, &c))
		return false;
	f->oldest_ms = iq_ms_since(at, c.oldest_ns);
	return true;
}

/* Starts and ends are counted on the CPU where they happen: only the sum means something. */
static bool count_bios(struct iq_session *s, iq_vaddr disk, struct iq_in_flight *f)
{
	int64_t off = iq_offsetof(s, "struct disk_stats", "in_flight");
	uint64_t part0, stats, n[2];
	int64_t sum = 0;

	if (off < 0)
		return false;
	if (!iq_peek_member(s, disk_type, "part0.dkstats", disk, &stats) &&
	    (!iq_peek_member(s, disk_type, "part0", disk, &part0) ||
	     !iq_peek_member(s, bdev_type, "bd_stats", part0, &stats)))
		return false;
	for (unsigned cpu = 0; cpu < iq_num_cpus(s); cpu++)
		if (iq_peek(s, iq_per_cpu(s, stats, cpu) + (uint64_t)off, n, sizeof(n)))
			sum += (int64_t)(n[0] + n[1]);
	if (sum < 0 || sum > MAX_COUNTED)
		return false;
	f->num = (unsigned)sum;
	return true;
}

bool iq_disk_in_flight(struct iq_session *s, iq_vaddr disk, const struct iq_task_list *at,
		       struct iq_in_flight *f_ret)
{
	uint64_t queue, ops = 0;

	*f_ret = (struct iq_in_flight){ .oldest_ms = -1 };
	if (!iq_peek_member(s, disk_type, "queue", disk, &queue))
		return false;
	if (iq_peek_member(s, "struct request_queue", "mq_ops", queue, &ops) && ops)
		return count_requests(s, disk, at, f_ret);
	return count_bios(s, disk, f_ret);
}
