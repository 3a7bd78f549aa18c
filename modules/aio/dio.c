/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which devices have somebody's direct I/O
 *
 * Direct I/O that is asynchronous leads from a bio to the request of the program: bi_private is a
 * struct dio or iomap_dio, or the bio is a part of a struct blkdev_dio, and these have the kiocb.
 * A suspended device-mapper device has put its bios aside (mapped_device.deferred); of a disk that
 * takes requests the driver has them.
 *
 * Kernel: block/fops.c, fs/direct-io.c, fs/iomap/direct-io.c, drivers/md/dm.c.
 */
#include "dio.h"

#include "inquest/storage.h"

enum { MAX_DEVICES = 10000, MAX_BIOS = 10000 };

struct search {
	struct iq_diag *d;
	dio_is_ours_fn is_ours;
	dio_found_fn found;
	void *ctx;
	iq_vaddr disk;
	struct iq_map disks; /* those that were looked at */
	size_t num;
};

static bool is_bio_of(struct search *x, iq_vaddr bio)
{
	static const char *const types[] = { "struct blkdev_dio", "struct dio",
					     "struct iomap_dio" };
	int64_t in_dio = iq_offsetof(x->d->s, types[0], "bio");
	uint64_t dio, iocb;

	if (in_dio >= 0 &&
	    iq_peek_member(x->d->s, types[0], "iocb", bio - (uint64_t)in_dio, &iocb) &&
	    x->is_ours(x->d, x->ctx, iocb))
		return true;
	if (!iq_peek_member(x->d->s, "struct bio", "bi_private", bio, &dio) ||
	    !iq_is_kernel_ptr(x->d->s, dio))
		return false;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(types); i++)
		if (iq_peek_member(x->d->s, types[i], "iocb", dio, &iocb) &&
		    x->is_ours(x->d, x->ctx, iocb))
			return true;
	return false;
}

/* bios in a row, linked by bi_next */
static void look_at_bios(struct search *x, uint64_t bio, const char *where, iq_vaddr holder)
{
	for (int i = 0; i < MAX_BIOS && bio && iq_is_kernel_ptr(x->d->s, bio); i++) {
		struct iq_object *device = is_bio_of(x, bio) ? iq_diag_disk(x->d, x->disk) : NULL;

		if (device) {
			x->found(x->d, x->ctx, device,
				 iq_arena_printf(iq_scratch(x->d->s),
						 "bio %#" PRIx64 " is in %s of %#" PRIx64, bio,
						 where, holder));
			x->num++;
		}
		if (!iq_peek_member(x->d->s, "struct bio", "bi_next", bio, &bio))
			return;
	}
}

static bool look_at_request(void *ctx, iq_vaddr request)
{
	struct search *x = ctx;
	uint64_t bio;

	if (iq_peek_member(x->d->s, "struct request", "bio", request, &bio))
		look_at_bios(x, bio, "request.bio", request);
	return false;
}

static void look_at_disk(struct search *x)
{
	uint64_t md, bio;

	if (!iq_disk_has_ops(x->d->s, x->disk, "dm_blk_dops")) {
		iq_disk_each_request(x->d->s, x->disk, look_at_request, x);
		return;
	}
	if (iq_peek_member(x->d->s, "struct gendisk", "private_data", x->disk, &md) &&
	    iq_peek_member(x->d->s, "struct mapped_device", "deferred.head", md, &bio))
		look_at_bios(x, bio, "mapped_device.deferred", md);
}

/* A disk has an inode, and each of its partitions: once is enough. */
static bool look_at_inode(void *ctx, iq_vaddr node)
{
	struct search *x = ctx;
	struct iq_session *s = x->d->s;
	int64_t list = iq_offsetof(s, "struct inode", "i_sb_list");
	int64_t outer = iq_offsetof(s, "struct bdev_inode", "vfs_inode");
	int64_t inner = iq_offsetof(s, "struct bdev_inode", "bdev");
	iq_vaddr disk;

	if (list < 0 || outer < 0 || inner < 0)
		return true;
	disk = iq_disk_of_bdev(s, node - (uint64_t)(list + outer) + (uint64_t)inner);
	if (!disk || iq_map_get(&x->disks, disk))
		return false;
	iq_map_set(&x->disks, disk, 1);
	x->disk = disk;
	look_at_disk(x);
	return false;
}

size_t dio_search(struct iq_diag *d, dio_is_ours_fn is_ours, dio_found_fn found, void *ctx)
{
	int64_t off = iq_offsetof(d->s, "struct super_block", "s_inodes");
	iq_vaddr symbol = iq_sym_addr(d->s, "blockdev_superblock");
	struct search x = { .d = d, .is_ours = is_ours, .found = found, .ctx = ctx };
	uint64_t sb;

	if (off >= 0 && symbol && iq_peek_u64(d->s, symbol, &sb) && sb)
		iq_error_free(
			iq_list_walk(d->s, sb + (uint64_t)off, MAX_DEVICES, look_at_inode, &x));
	iq_map_deinit(&x.disks);
	return x.num;
}
