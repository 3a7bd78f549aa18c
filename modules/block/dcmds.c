/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Block devices and requests, for the debugger
 *
 * Disks are found by the inodes of block devices, which are all in one pseudo filesystem.
 *
 * Kernel: block/bdev.c (blockdev_superblock), include/linux/blk-mq.h (struct request).
 */
#include "dcmds.h"

#include "inquest/disk.h"
#include "inquest/path.h"

enum { MAX_BDEVS = 1000000, REQ_OP_MASK = 0xff };

static const char bdev_type[] = "struct block_device";
static const char rq_type[] = "struct request";

/* ---- walkers ---- */

struct bdevs {
	struct iq_session *s;
	bool (*fn)(void *ctx, iq_vaddr bdev);
	void *ctx;
	uint64_t back; /* from inode.i_sb_list to the block_device */
};

static bool one_bdev(void *ctx, iq_vaddr node)
{
	struct bdevs *b = ctx;

	return b->fn(b->ctx, node - b->back);
}

static struct iq_error *each_bdev(struct iq_session *s, bool (*fn)(void *ctx, iq_vaddr bdev),
				  void *ctx)
{
	int64_t link = iq_offsetof(s, "struct inode", "i_sb_list"),
		inode = iq_offsetof(s, "struct bdev_inode", "vfs_inode"),
		bdev = iq_offsetof(s, "struct bdev_inode", "bdev"),
		inodes = iq_offsetof(s, "struct super_block", "s_inodes");
	struct bdevs b = { s, fn, ctx, (uint64_t)(link + inode - bdev) };
	uint64_t sb;

	if (link < 0 || inode < 0 || bdev < 0 || inodes < 0 ||
	    !iq_peek_u64(s, iq_sym_addr(s, "blockdev_superblock"), &sb))
		return iq_error_new(IQ_ERR_NOTFOUND, "this kernel's block devices are not known");
	return iq_list_walk(s, sb + (uint64_t)inodes, MAX_BDEVS, one_bdev, &b);
}

static bool emit_bdev(void *ctx, iq_vaddr bdev)
{
	struct iq_walk *walk = ctx;

	/* Of devices that were closed on older kernels only the inode is left. */
	return iq_disk_of_bdev(walk->s, bdev) && iq_walk_emit(walk, bdev);
}

static struct iq_error *walk_bdevs(struct iq_walk *walk)
{
	return each_bdev(walk->s, emit_bdev, walk);
}

struct disks {
	struct iq_session *s;
	struct iq_map seen;
	bool (*fn)(void *ctx, iq_vaddr disk);
	void *ctx;
};

static bool one_disk(void *ctx, iq_vaddr bdev)
{
	struct disks *x = ctx;
	iq_vaddr disk = iq_disk_of_bdev(x->s, bdev);

	if (!disk || iq_map_get(&x->seen, disk))
		return false;
	iq_map_set(&x->seen, disk, 1);
	return x->fn(x->ctx, disk);
}

static struct iq_error *each_disk(struct iq_session *s, bool (*fn)(void *ctx, iq_vaddr disk),
				  void *ctx)
{
	struct disks x = { .s = s, .fn = fn, .ctx = ctx };
	struct iq_error *err = each_bdev(s, one_disk, &x);

	iq_map_deinit(&x.seen);
	return err;
}

static bool emit(void *ctx, iq_vaddr addr)
{
	return iq_walk_emit(ctx, addr);
}

static struct iq_error *walk_disks(struct iq_walk *walk)
{
	return each_disk(walk->s, emit, walk);
}

static bool emit_queue(void *ctx, iq_vaddr disk)
{
	struct iq_walk *walk = ctx;
	uint64_t queue;

	return iq_peek_member(walk->s, "struct gendisk", "queue", disk, &queue) &&
	       iq_is_kernel_ptr(walk->s, queue) && iq_walk_emit(walk, queue);
}

static struct iq_error *walk_queues(struct iq_walk *walk)
{
	return each_disk(walk->s, emit_queue, walk);
}

/* A gendisk, or a block_device, whose disk that is. */
static iq_vaddr disk_at(struct iq_session *s, iq_vaddr addr)
{
	char name[33];

	return iq_disk_name(s, addr, name) ? addr : iq_disk_of_bdev(s, addr);
}

static struct iq_error *walk_requests(struct iq_walk *walk)
{
	iq_vaddr disk = disk_at(walk->s, walk->addr);

	if (!disk)
		return iq_error_new(IQ_ERR_INVALID, "%" PRIx64 " is no gendisk, no block_device",
				    walk->addr);
	iq_disk_each_request(walk->s, disk, emit, walk);
	return NULL;
}

/* ---- commands ---- */

struct mounts {
	struct iq_cmd *cmd;
	iq_vaddr disk;
	struct iq_strbuf *text;
};

/* A filesystem on this disk, or on a partition of it. */
static bool add_mount(struct iq_walk *walk, iq_vaddr sb)
{
	struct mounts *m = walk->ctx;
	uint64_t bdev, root;
	const char *path;

	if (!iq_peek_member(walk->s, "struct super_block", "s_bdev", sb, &bdev) || !bdev ||
	    iq_disk_of_bdev(walk->s, bdev) != m->disk ||
	    !iq_peek_member(walk->s, "struct super_block", "s_root", sb, &root) || !root)
		return false;
	path = iq_path_of_dentry(walk->s, root);
	if (path)
		iq_strbuf_printf(m->text, "%s%s", m->text->len ? "," : "", path);
	return false;
}

static bool print_disk(void *ctx, iq_vaddr disk)
{
	static const struct iq_column columns[] = {
		{ "addr", "ADDR", .min = 16 },
		{ "name", "NAME", .min = 10 },
		{ "dev", "DEV", .min = 8 },
		{ "mb", "MB", .right = true, .min = 9 },
		{ "inflight", "INFLIGHT", .right = true, .min = 8 },
		{ "oldest", "OLDEST_MS", .right = true, .min = 9 },
		{ "ops", "OPS", .min = 20 },
		{ "mount", "MOUNT" },
		{ 0 },
	};
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf mounts = IQ_STRBUF_INIT;
	struct iq_cmd *cmd = ctx;
	const struct iq_task_list *list = iq_tasks(cmd->s);
	struct mounts m = { cmd, disk, &mounts };
	uint64_t part0 = 0, sectors, fops = 0, dev = 0;
	struct iq_in_flight f = { .oldest_ms = -1 };
	bool has_size, known;
	char name[33];

	if (cmd->to_pipe) {
		iq_out_value(cmd->out, disk);
		return iq_cmd_stop(cmd);
	}
	if (!iq_disk_name(cmd->s, disk, name))
		return false;
	known = list && iq_disk_in_flight(cmd->s, disk, list, &f);
	/* part0 is a hd_struct in the disk until v5.10. */
	has_size = iq_peek_member(cmd->s, "struct gendisk", "part0.nr_sects", disk, &sectors);
	if (!has_size && iq_peek_member(cmd->s, "struct gendisk", "part0", disk, &part0)) {
		has_size = iq_peek_member(cmd->s, bdev_type, "bd_nr_sectors", part0, &sectors);
		iq_peek_member(cmd->s, bdev_type, "bd_dev", part0, &dev);
	}
	if (!dev) {
		uint64_t major = 0, minor = 0;

		iq_peek_member(cmd->s, "struct gendisk", "major", disk, &major);
		iq_peek_member(cmd->s, "struct gendisk", "first_minor", disk, &minor);
		dev = major << 20 | minor;
	}
	iq_peek_member(cmd->s, "struct gendisk", "fops", disk, &fops);
	iq_error_free(iq_walk_run(cmd->s, "super_block", NULL, add_mount, &m));
	iq_out_row(cmd, columns,
		   IQ_CELLS(IQ_ADDR(disk), IQ_STR(name),
			    IQ_STR(iq_arena_printf(cmd->arena, "%" PRIu64 ":%" PRIu64, dev >> 20,
						   dev & 0xfffff)),
			    IQ_KNOWN(has_size, sectors / 2048), IQ_KNOWN(known, f.num),
			    { f.oldest_ms >= 0 ? IQ_CELL_I64 : IQ_CELL_NULL, .i64 = f.oldest_ms },
			    IQ_STR(fops ? iq_sym_format(cmd->s, fops) : NULL),
			    IQ_STR(mounts.len ? iq_strbuf_str(&mounts) : NULL)));
	return iq_cmd_stop(cmd);
}

static struct iq_error *cmd_bdev(struct iq_cmd *cmd)
{
	iq_vaddr disk;

	iq_out_type_named(cmd, "struct gendisk");
	if (!cmd->has_addr)
		return each_disk(cmd->s, print_disk, cmd);
	disk = disk_at(cmd->s, cmd->addr);
	if (!disk)
		return iq_error_new(IQ_ERR_INVALID, "%" PRIx64 " is no gendisk, no block_device",
				    cmd->addr);
	print_disk(cmd, disk);
	return NULL;
}

static const char *op_name(struct iq_cmd *cmd, uint64_t flags)
{
	static const char *const names[] = { "read", "write", "flush", "discard" };
	uint64_t op = flags & REQ_OP_MASK;

	return op < IQ_ARRAY_SIZE(names) ? names[op]
					 : iq_arena_printf(cmd->arena, "op %" PRIu64, op);
}

struct io {
	struct iq_cmd *cmd;
	iq_vaddr disk;
	size_t found;
};

static bool print_request(void *ctx, iq_vaddr rq)
{
	static const struct iq_column columns[] = {
		{ "addr", "REQUEST", .min = 16 },
		{ "disk", "DISK", .min = 10 },
		{ "op", "OP", .min = 7 },
		{ "sector", "SECTOR", .right = true, .min = 12 },
		{ "len", "BYTES", .right = true, .min = 8 },
		{ "tag", "TAG", .right = true, .min = 5 },
		{ "age", "AGE_MS", .right = true, .min = 9 },
		{ "bio", "BIO" },
		{ 0 },
	};
	struct io *io = ctx;
	struct iq_cmd *cmd = io->cmd;
	const struct iq_task_list *list = iq_tasks(cmd->s);
	uint64_t flags, sector, len, tag, start = 0, bio;
	bool has_flags, has_sector, has_len, has_tag;
	int64_t age_ms;
	char name[33] = "?";

	io->found++;
	if (cmd->to_pipe) {
		iq_out_value(cmd->out, rq);
		return iq_cmd_stop(cmd);
	}
	iq_disk_name(cmd->s, io->disk, name);
	has_flags = iq_peek_member(cmd->s, rq_type, "cmd_flags", rq, &flags);
	has_sector = iq_peek_member(cmd->s, rq_type, "__sector", rq, &sector);
	has_len = iq_peek_member(cmd->s, rq_type, "__data_len", rq, &len);
	has_tag = iq_peek_member(cmd->s, rq_type, "tag", rq, &tag);
	iq_peek_member(cmd->s, rq_type, "start_time_ns", rq, &start);
	age_ms = list ? iq_ms_since(list, start) : -1;
	if (!iq_peek_member(cmd->s, rq_type, "bio", rq, &bio))
		bio = 0;
	iq_out_row(cmd, columns,
		   IQ_CELLS(IQ_ADDR(rq), IQ_STR(name),
			    IQ_STR(has_flags ? op_name(cmd, flags) : "??"),
			    IQ_KNOWN(has_sector, sector), IQ_KNOWN(has_len, len),
			    IQ_KNOWN(has_tag, tag),
			    { age_ms < 0 ? IQ_CELL_NULL : IQ_CELL_U64,
			      .u64 = age_ms < 0 ? 0 : (uint64_t)age_ms },
			    IQ_ADDR(bio)));
	return iq_cmd_stop(cmd);
}

static bool print_requests(void *ctx, iq_vaddr disk)
{
	struct io *io = ctx;

	io->disk = disk;
	iq_disk_each_request(io->cmd->s, disk, print_request, io);
	return iq_cmd_stop(io->cmd);
}

static struct iq_error *cmd_io(struct iq_cmd *cmd)
{
	struct io io = { .cmd = cmd };
	iq_vaddr disk;

	iq_out_type_named(cmd, rq_type);
	if (!cmd->has_addr)
		return each_disk(cmd->s, print_requests, &io);
	disk = disk_at(cmd->s, cmd->addr);
	if (!disk)
		return iq_error_new(IQ_ERR_INVALID, "%" PRIx64 " is no gendisk, no block_device",
				    cmd->addr);
	print_requests(&io, disk);
	return NULL;
}

const struct iq_dcmd iq_block_dcmds[] = {
	{ "bdev", "?", "list disks and how many requests each has not answered",
	  "The address is a struct gendisk or a struct block_device.", NULL, cmd_bdev },
	{ "disks", "?", "list disks and how many requests each has not answered", NULL, NULL,
	  cmd_bdev },
	{ "io", "?", "list the requests that drivers have and have not answered",
	  "Of one disk, with the address of its gendisk or block_device. Disks that stand on "
	  "others "
	  "(device mapper, md) take bios and have no requests.",
	  NULL, cmd_io },
	{ 0 },
};

const struct iq_walker iq_block_walkers[] = {
	{ "bdev", "every block device, with partitions", IQ_WALK_GLOBAL, "struct block_device",
	  walk_bdevs },
	{ "disk", "every disk", IQ_WALK_GLOBAL, "struct gendisk", walk_disks },
	{ "request_queue", "the request queue of every disk", IQ_WALK_GLOBAL,
	  "struct request_queue", walk_queues },
	{ "request", "the requests that a disk has not answered", IQ_WALK_LOCAL, "struct request",
	  walk_requests },
	{ 0 },
};

const struct iq_global iq_block_globals[] = {
	{ "blockdev_superblock", "struct super_block *" },
	{ 0 },
};
