/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Disks: names, and what they have in hand
 *
 * A disk that takes requests has them in its tag sets: a tag's request that is
 * of this queue and in the state MQ_RQ_IN_FLIGHT has gone to the driver and not come back, and
 * knows when it began. A disk that takes bios (device mapper, md, and others
 * that stand on others) only counts them, per CPU, in its statistics.
 *
 * A SCSI device, or its host, may keep requests from being handed to the driver: those are not in
 * flight.
 *
 * Kernel: include/linux/blkdev.h, include/linux/blk-mq.h, block/blk-mq.c, block/genhd.c
 * (part_in_flight), include/scsi/scsi_device.h, scsi_host.h.
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

struct iq_object *iq_diag_disk(struct iq_diag *d, iq_vaddr disk)
{
	struct iq_object *o;
	char name[33];

	if (!iq_disk_name(d->s, disk, name))
		return NULL;
	o = iq_diag_device(d, 0, name);
	o->addr = disk;
	return o;
}

struct iq_object *iq_diag_bdev(struct iq_diag *d, iq_vaddr bdev)
{
	iq_vaddr disk = iq_disk_of_bdev(d->s, bdev);

	return disk ? iq_diag_disk(d, disk) : NULL;
}

bool iq_is_bdev_inode(struct iq_session *s, iq_vaddr inode)
{
	uint64_t sb, blockdevs;

	return iq_peek_member(s, "struct inode", "i_sb", inode, &sb) &&
	       iq_peek_u64(s, iq_sym_addr(s, "blockdev_superblock"), &blockdevs) && sb == blockdevs;
}

struct iq_object *iq_diag_device_of_inode(struct iq_diag *d, iq_vaddr inode)
{
	int64_t outer = iq_offsetof(d->s, "struct bdev_inode", "vfs_inode");
	int64_t inner = iq_offsetof(d->s, "struct bdev_inode", "bdev");
	uint64_t sb, bdev;

	if (iq_is_bdev_inode(d->s, inode))
		return outer < 0 || inner < 0
			       ? NULL
			       : iq_diag_bdev(d, inode - (uint64_t)outer + (uint64_t)inner);
	if (!iq_peek_member(d->s, "struct inode", "i_sb", inode, &sb) ||
	    !iq_peek_member(d->s, "struct super_block", "s_bdev", sb, &bdev) || !bdev)
		return NULL;
	return iq_diag_bdev(d, bdev);
}

struct iq_object *iq_diag_storage_of_inode(struct iq_diag *d, iq_vaddr inode)
{
	enum { FS_REQUIRES_DEV = 1 };
	struct iq_object *device = iq_diag_device_of_inode(d, inode);
	uint64_t sb, bdev, type, flags;

	if (device || iq_is_bdev_inode(d->s, inode) ||
	    !iq_peek_member(d->s, "struct inode", "i_sb", inode, &sb) ||
	    !iq_peek_member(d->s, "struct super_block", "s_bdev", sb, &bdev) || bdev ||
	    !iq_peek_member(d->s, "struct super_block", "s_type", sb, &type) ||
	    !iq_peek_member(d->s, "struct file_system_type", "fs_flags", type, &flags) ||
	    !(flags & FS_REQUIRES_DEV))
		return device;
	return iq_diag_filesystem(d, sb);
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

static bool count_requests(struct iq_diag *d, iq_vaddr disk, struct iq_in_flight *f)
{
	struct counted c = { d->s, f, 0 };

	if (!iq_disk_each_request(d->s, disk, count_request, &c))
		return false;
	f->oldest_ms = iq_ms_since(d->tasks, c.oldest_ns);
	return true;
}

/* Starts and ends are counted on the CPU where they happen: only the sum means something. */
static bool count_bios(struct iq_diag *d, iq_vaddr disk, struct iq_in_flight *f)
{
	int64_t off = iq_offsetof(d->s, "struct disk_stats", "in_flight");
	uint64_t part0, stats, n[2];
	int64_t sum = 0;

	if (off < 0)
		return false;
	if (!iq_peek_member(d->s, disk_type, "part0.dkstats", disk, &stats) &&
	    (!iq_peek_member(d->s, disk_type, "part0", disk, &part0) ||
	     !iq_peek_member(d->s, bdev_type, "bd_stats", part0, &stats)))
		return false;
	for (unsigned cpu = 0; cpu < iq_num_cpus(d->s); cpu++)
		if (iq_peek(d->s, iq_per_cpu(d->s, stats, cpu) + (uint64_t)off, n, sizeof(n)))
			sum += (int64_t)(n[0] + n[1]);
	if (sum < 0 || sum > MAX_COUNTED)
		return false;
	f->num = (unsigned)sum;
	return true;
}

bool iq_disk_in_flight(struct iq_diag *d, iq_vaddr disk, struct iq_in_flight *f)
{
	uint64_t queue, ops = 0;

	*f = (struct iq_in_flight){ .oldest_ms = -1 };
	if (!iq_peek_member(d->s, disk_type, "queue", disk, &queue))
		return false;
	if (iq_peek_member(d->s, "struct request_queue", "mq_ops", queue, &ops) && ops)
		return count_requests(d, disk, f);
	return count_bios(d, disk, f);
}

/* ---- SCSI ---- */

iq_vaddr iq_scsi_of_queue(struct iq_session *s, iq_vaddr queue)
{
	static const char ops_prefix[] = "scsi_mq_ops";
	uint64_t sdev, ops, back, host;
	struct iq_sym sym;
	struct iq_error *err;

	if (!iq_peek_member(s, "struct request_queue", "queuedata", queue, &sdev) ||
	    !iq_is_kernel_ptr(s, sdev) ||
	    !iq_peek_member(s, "struct scsi_device", "request_queue", sdev, &back) ||
	    back != queue || !iq_peek_member(s, "struct scsi_device", "host", sdev, &host) ||
	    !iq_is_kernel_ptr(s, host) ||
	    !iq_peek_member(s, "struct request_queue", "mq_ops", queue, &ops))
		return 0;
	err = iq_sym_by_addr(s, ops, &sym);
	if (err) {
		iq_error_free(err);
		return 0;
	}
	/* scsi_mq_ops, and scsi_mq_ops_no_commit where the driver takes commands one by one. */
	return strncmp(sym.name, ops_prefix, strlen(ops_prefix)) ? 0 : sdev;
}

iq_vaddr iq_scsi_of_disk(struct iq_session *s, iq_vaddr disk)
{
	uint64_t queue;

	return disk && iq_peek_member(s, disk_type, "queue", disk, &queue)
		       ? iq_scsi_of_queue(s, queue)
		       : 0;
}

/* The first of the enum's names (NULL-terminated) that a state is. */
static const char *state_among(struct iq_session *s, const char *type, uint64_t state,
			       const char *const *names)
{
	for (; *names; names++) {
		int64_t value;
		struct iq_error *err = iq_enum_value(s, type, *names, &value);

		if (err)
			iq_error_free(err);
		else if (value == (int64_t)state)
			return *names;
	}
	return NULL;
}

const char *iq_scsi_device_held(struct iq_session *s, iq_vaddr sdev)
{
	static const char *const held[] = { "SDEV_BLOCK", "SDEV_CREATED_BLOCK", "SDEV_QUIESCE",
					    NULL };
	uint64_t state;

	return iq_peek_member(s, "struct scsi_device", "sdev_state", sdev, &state)
		       ? state_among(s, "enum scsi_device_state", state, held)
		       : NULL;
}

const char *iq_scsi_host_held(struct iq_session *s, iq_vaddr host)
{
	static const char *const held[] = { "SHOST_RECOVERY", "SHOST_CANCEL_RECOVERY",
					    "SHOST_DEL_RECOVERY", NULL };
	const char *name = NULL;
	uint64_t state, blocked;

	if (iq_peek_member(s, "struct Scsi_Host", "shost_state", host, &state))
		name = state_among(s, "enum scsi_host_state", state, held);
	if (!name && iq_peek_member(s, "struct Scsi_Host", "host_self_blocked", host, &blocked) &&
	    blocked)
		name = "host_self_blocked";
	return name;
}

/* ---- who may be waited for ---- */

bool iq_disk_may_owe(struct iq_diag *d, iq_vaddr disk)
{
	enum { DMF_SUSPENDED = 1 };
	struct iq_in_flight f;
	uint64_t md, flags, host;
	iq_vaddr sdev;

	if (!iq_disk_in_flight(d, disk, &f) || f.num)
		return true;
	sdev = iq_scsi_of_disk(d->s, disk);
	if (sdev)
		return iq_scsi_device_held(d->s, sdev) ||
		       (iq_peek_member(d->s, "struct scsi_device", "host", sdev, &host) &&
			iq_scsi_host_held(d->s, host));
	/* A suspended mapped device puts bios aside before they are counted. */
	if (!iq_disk_has_ops(d->s, disk, "dm_blk_dops") &&
	    !iq_disk_has_ops(d->s, disk, "dm_rq_blk_dops"))
		return false;
	return !iq_peek_member(d->s, "struct gendisk", "private_data", disk, &md) ||
	       !iq_peek_member(d->s, "struct mapped_device", "flags", md, &flags) ||
	       flags >> DMF_SUSPENDED & 1;
}
