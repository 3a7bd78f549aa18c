/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Asynchronous I/O that has to end before its context goes
 *
 * io_destroy(), and exec and exit through exit_aio(), wait with a struct ctx_rq_wait on the stack
 * until all requests of a context are done. The context does not list them. But a request keeps its
 * file: of the files that the process has open for direct I/O, or on a block device, those come
 * into question that are referred to more often than by descriptors.
 *
 * Kernel: fs/aio.c.
 */
#include "inquest/disk.h"
#include "inquest/files.h"
#include "inquest/module.h"
#include "inquest/waitq.h"

enum { O_DIRECT_FLAG = 040000, MAX_FILES = 64, MAX_DEVICES = 10000, MAX_BIOS = 10000 };

struct candidates {
	struct iq_diag *d;
	struct {
		iq_vaddr file;
		struct iq_object *device;
		unsigned fd;
		uint64_t references, descriptors;
	} list[MAX_FILES];
	size_t num;
};

static bool count(void *ctx, const struct iq_open_file *open)
{
	(void)ctx;
	(void)open;
	return false;
}

static bool references(struct iq_diag *d, iq_vaddr file, uint64_t *num_ret)
{
	/* Counted from -1 on since v6.13, in a type of its own. */
	if (iq_peek_member(d->s, "struct file", "f_ref.refcnt.counter", file, num_ret)) {
		*num_ret += 1;
		return true;
	}
	return iq_peek_member(d->s, "struct file", "f_count.counter", file, num_ret);
}

static bool look(void *ctx, const struct iq_open_file *open)
{
	struct candidates *x = ctx;
	struct iq_diag *d = x->d;
	uint64_t flags, mapping, inode, num, descriptors;
	struct iq_object *device;

	if (x->num == MAX_FILES)
		return true;
	if (!iq_peek_member(d->s, "struct file", "f_flags", open->file, &flags) ||
	    !iq_peek_member(d->s, "struct file", "f_mapping", open->file, &mapping) || !mapping ||
	    !iq_peek_member(d->s, "struct address_space", "host", mapping, &inode) || !inode)
		return false;
	if (!(flags & O_DIRECT_FLAG) && !iq_is_bdev_inode(d->s, inode))
		return false;
	descriptors = iq_open_each(d->s, IQ_OPEN_FILE, open->file, count, NULL);
	if (!references(d, open->file, &num) || num <= descriptors)
		return false;
	device = iq_diag_device_of_inode(d, inode);
	if (!device)
		return false;
	for (size_t i = 0; i < x->num; i++)
		if (x->list[i].file == open->file)
			return false;
	x->list[x->num].file = open->file;
	x->list[x->num].device = device;
	x->list[x->num].fd = open->fd;
	x->list[x->num].references = num;
	x->list[x->num++].descriptors = descriptors;
	return false;
}

/* ---- from the devices ---- */

struct device_search {
	struct iq_diag *d;
	struct iq_wait *w;
	iq_vaddr rq_wait;
	size_t num;
};

static bool is_request_of(struct device_search *x, iq_vaddr iocb)
{
	int64_t off = iq_offsetof(x->d->s, "struct aio_kiocb", "rw");
	uint64_t ctx, rq_wait;

	return off >= 0 && iq_is_kernel_ptr(x->d->s, iocb) &&
	       iq_peek_member(x->d->s, "struct aio_kiocb", "ki_ctx", iocb - (uint64_t)off, &ctx) &&
	       iq_is_kernel_ptr(x->d->s, ctx) &&
	       iq_peek_member(x->d->s, "struct kioctx", "rq_wait", ctx, &rq_wait) &&
	       rq_wait == x->rq_wait;
}

static bool is_bio_of(struct device_search *x, iq_vaddr bio)
{
	static const char *const dio_types[] = { "struct blkdev_dio", "struct dio",
						 "struct iomap_dio" };
	int64_t in_dio = iq_offsetof(x->d->s, "struct blkdev_dio", "bio");
	uint64_t dio, iocb;

	if (in_dio >= 0 &&
	    iq_peek_member(x->d->s, dio_types[0], "iocb", bio - (uint64_t)in_dio, &iocb) &&
	    is_request_of(x, iocb))
		return true;
	if (!iq_peek_member(x->d->s, "struct bio", "bi_private", bio, &dio) ||
	    !iq_is_kernel_ptr(x->d->s, dio))
		return false;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(dio_types); i++)
		if (iq_peek_member(x->d->s, dio_types[i], "iocb", dio, &iocb) &&
		    is_request_of(x, iocb))
			return true;
	return false;
}

/* The bios that a device-mapper device has put aside. */
static void look_at_disk(struct device_search *x, iq_vaddr disk)
{
	struct iq_object *device;
	struct iq_edge *e;
	uint64_t md, bio;

	if (!iq_disk_has_ops(x->d->s, disk, "dm_blk_dops") ||
	    !iq_peek_member(x->d->s, "struct gendisk", "private_data", disk, &md) ||
	    !iq_peek_member(x->d->s, "struct mapped_device", "deferred.head", md, &bio))
		return;
	for (int i = 0; i < MAX_BIOS && iq_is_kernel_ptr(x->d->s, bio) && bio; i++) {
		if (is_bio_of(x, bio)) {
			device = iq_diag_disk(x->d, disk);
			if (!device)
				return;
			e = iq_graph_edge(x->d->g, x->w->task, device, x->w->on, IQ_EDGE_SERVES,
					  IQ_PROVEN, "has a request of it");
			if (!e->evidence.num)
				iq_text_add(x->d->g, &e->evidence,
					    "bio %#" PRIx64
					    " is in mapped_device.deferred of %#" PRIx64
					    "; its kioctx.rq_wait is %#" PRIx64,
					    bio, md, x->rq_wait);
			x->num++;
			return;
		}
		if (!iq_peek_member(x->d->s, "struct bio", "bi_next", bio, &bio))
			return;
	}
}

static bool look_at_device(void *ctx, iq_vaddr node)
{
	struct device_search *x = ctx;
	int64_t list = iq_offsetof(x->d->s, "struct inode", "i_sb_list");
	int64_t outer = iq_offsetof(x->d->s, "struct bdev_inode", "vfs_inode");
	int64_t inner = iq_offsetof(x->d->s, "struct bdev_inode", "bdev");
	iq_vaddr disk;

	if (list < 0 || outer < 0 || inner < 0)
		return true;
	disk = iq_disk_of_bdev(x->d->s, node - (uint64_t)(list + outer) + (uint64_t)inner);
	if (disk)
		look_at_disk(x, disk);
	return false;
}

static void search_devices(struct device_search *x)
{
	int64_t off = iq_offsetof(x->d->s, "struct super_block", "s_inodes");
	iq_vaddr symbol = iq_sym_addr(x->d->s, "blockdev_superblock");
	uint64_t sb;

	if (off >= 0 && symbol && iq_peek_u64(x->d->s, symbol, &sb) && sb)
		iq_error_free(
			iq_list_walk(x->d->s, sb + (uint64_t)off, MAX_DEVICES, look_at_device, x));
}

static struct iq_error *explain(struct iq_diag *d, const struct iq_task *task,
				const struct iq_stack *stack, size_t frame,
				struct iq_wait **wait_ret)
{
	int64_t off = iq_offsetof(d->s, "struct ctx_rq_wait", "comp");
	struct candidates x = { .d = d };
	struct device_search devices;
	struct iq_object *on;
	struct iq_wait *w;
	uint64_t left = 0;
	iq_vaddr done;

	(void)frame;
	if (off < 0 || !iq_find_completion(d->s, task, stack, &done) || done < stack->sp ||
	    done >= stack->end)
		return NULL;
	iq_peek_member(d->s, "struct ctx_rq_wait", "count.counter", done - (uint64_t)off, &left);
	on = iq_graph_object(d->g, IQ_OBJ_LOCK, "lock:%#" PRIx64, done);
	on->addr = done;
	iq_object_str(d->g, on, "class", "completion");
	iq_object_name(d->g, on, "the end of the asynchronous I/O of %s (%d)", task->comm,
		       task->tgid);
	w = iq_diag_wait(d, task, stack, on, IQ_WAIT_UNASKED);
	iq_text_add(d->g, &w->evidence,
		    "ctx_rq_wait.count at %#" PRIx64 " is %" PRId64
		    ": so many contexts have requests under way",
		    done - (uint64_t)off, (int64_t)left);
	*wait_ret = w;
	devices = (struct device_search){ .d = d, .w = w, .rq_wait = done - (uint64_t)off };
	search_devices(&devices);
	if (devices.num)
		return NULL;
	iq_open_of_task(d->s, task, look, &x);
	for (size_t i = 0; i < x.num; i++) {
		struct iq_edge *e =
			iq_graph_edge(d->g, w->task, x.list[i].device, on,
				      x.num == 1 ? IQ_EDGE_SERVES : IQ_EDGE_MAYBE,
				      x.num == 1 ? IQ_STRONG : IQ_LIKELY, "has requests of it");

		iq_text_add(d->g, &e->evidence,
			    "the file of descriptor %u is referred to %" PRIu64
			    " times, by %" PRIu64 " descriptors: a request keeps it",
			    x.list[i].fd, x.list[i].references, x.list[i].descriptors);
	}
	return NULL;
}

static const char *const functions[] = { "exit_aio",
					 "__do_sys_io_destroy",
					 "__x64_sys_io_destroy",
					 "__se_sys_io_destroy",
					 "io_destroy",
					 NULL };
static const char *const types[] = { "struct ctx_rq_wait", NULL };

static const struct iq_wait_rule wait_rules[] = {
	{ .name = "aio",
	  .summary = "asynchronous I/O that exec, exit or io_destroy waits for, and its devices",
	  .reads = "ctx_rq_wait; mapped_device.deferred, blkdev_dio.iocb, aio_kiocb.ki_ctx, "
		   "kioctx.rq_wait; file.f_flags, .f_ref (.f_count)",
	  .seen = "6.1, 6.12, 7.3",
	  .certainty = IQ_PROVEN,
	  .functions = functions,
	  .needs_types = types,
	  .explain = explain },
	{ 0 },
};

const struct iq_module iq_module_aio = {
	.api = IQ_MODULE_API,
	.name = "aio",
	.summary = "the end of asynchronous I/O",
	.wait_rules = wait_rules,
};
