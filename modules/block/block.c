/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Block I/O: who waits for which device, and what the device has in hand
 *
 * A task waits for I/O on a page (PG_locked while it is read, PG_writeback
 * while it is written), on a buffer_head (BH_Lock), or on a bio of its own. Each leads
 * to a block device: by the page's inode and its superblock, by b_bdev, by
 * bi_bdev. What a device has in hand are the requests of its queue that are
 * in flight; the age of the oldest says whether it answers.
 *
 * A page may also be locked by a task; then its address is on that task's stack. A page of
 * anonymous memory that is being swapped in or out carries the number of its swap area, and that
 * knows its device.
 *
 * Kernel: mm/filemap.c (folio_wait_bit_common), fs/buffer.c, block/bio.c (submit_bio_wait),
 * block/blk-mq.c, include/linux/blk-mq.h (struct request), block/fops.c, fs/iomap/direct-io.c.
 */
#include "dcmds.h"

#include "inquest/module.h"
#include "inquest/storage.h"
#include "inquest/waitq.h"

enum { PAGE_MAPPING_FLAGS = 3, PAGE_MAPPING_ANON = 1, BH_LOCK = 2 };

/* A swap entry's area: SWP_TYPE_SHIFT (include/linux/swapops.h), MAX_SWAPFILES. */
enum { SWAP_TYPE_SHIFT = 58, MAX_SWAP_AREAS = 32 };

static const char disk_type[] = "struct gendisk";

/* ---- devices ---- */

/* The driver, by its operations' symbol: "virtblk_fops", "loop_mq_ops", ... */
static const char *driver_of(struct iq_diag *d, iq_vaddr disk)
{
	static const char *const suffixes[] = { "_mq_ops", "_fops", "_dops", "_ops", "_bdops" };
	uint64_t ops;
	struct iq_sym sym;
	struct iq_error *err;
	size_t len;

	if (!iq_peek_member(d->s, disk_type, "fops", disk, &ops))
		return NULL;
	err = iq_sym_by_addr(d->s, ops, &sym);
	if (err) {
		iq_error_free(err);
		return NULL;
	}
	if (sym.module)
		return sym.module;
	len = strlen(sym.name);
	for (size_t i = 0; i < IQ_ARRAY_SIZE(suffixes); i++) {
		size_t n = strlen(suffixes[i]);

		if (len > n && !strcmp(sym.name + len - n, suffixes[i]))
			return iq_arena_printf(iq_scratch(d->s), "%.*s", (int)(len - n), sym.name);
	}
	return sym.name;
}

static struct iq_error *explain_device(struct iq_diag *d, struct iq_object *o)
{
	const struct iq_attr *driver = iq_object_attr(o, "driver");
	struct iq_in_flight f;
	struct iq_verdict *v;

	if (!o->addr)
		return NULL;
	/* A room in front of this one may know it better: what is behind the SCSI disk driver. */
	if (!driver || driver->kind != IQ_ATTR_STR)
		iq_object_str(d->g, o, "driver", driver_of(d, o->addr));
	if (!iq_disk_in_flight(d->s, o->addr, d->tasks, &f))
		return NULL;
	iq_object_int(d->g, o, "inflight", f.num);
	if (f.oldest_ms >= 0)
		iq_object_int(d->g, o, "oldest_ms", f.oldest_ms);
	if (!f.num)
		return NULL;
	v = iq_object_verdict(d->g, o, IQ_CAUSE_IO_STALLED,
			      f.oldest_ms > d->bound_ms ? IQ_PROVEN : IQ_STRONG,
			      f.num == 1 ? "%s has a request in flight and does not answer"
					 : "%s has %u requests in flight and does not answer",
			      o->name, f.num);
	if (!v)
		return NULL;
	if (f.oldest)
		iq_text_add(d->g, &v->evidence,
			    "request %#" PRIx64 " of %s is in flight since %" PRId64
			    " ms; %u in all",
			    f.oldest, iq_device_name(o), f.oldest_ms, f.num);
	else
		iq_text_add(d->g, &v->evidence,
			    "the statistics of gendisk %#" PRIx64 " (%s) count %u in flight",
			    o->addr, iq_device_name(o), f.num);
	iq_remedy_add(d->g, &v->remedy, IQ_RISK_NONE, NULL,
		      "Look at the device and the path to it: dmesg, /sys/block/%s, the storage or "
		      "the hypervisor behind it",
		      iq_device_name(o));
	iq_remedy_add(d->g, &v->remedy, IQ_RISK_NONE, NULL,
		      "Nothing on this machine ends these waits but an answer, an error or a "
		      "time-out of the driver");
	return NULL;
}

/* What a filesystem stands on: whoever waits for the one may wait for the other. */
static struct iq_error *explain_fs(struct iq_diag *d, struct iq_object *o)
{
	struct iq_object *device;
	struct iq_edge *e;
	uint64_t bdev;

	if (!o->addr || !iq_peek_member(d->s, "struct super_block", "s_bdev", o->addr, &bdev) ||
	    !bdev)
		return NULL;
	device = iq_diag_bdev(d, bdev);
	if (!device || !iq_disk_may_owe(d, device->addr))
		return NULL;
	e = iq_graph_edge(d->g, o, device, NULL, IQ_EDGE_SERVES, IQ_STRONG,
			  "is the device that it is on");
	iq_text_add(d->g, &e->evidence, "super_block.s_bdev at %#" PRIx64 " is %s", o->addr,
		    iq_device_name(device));
	return NULL;
}

/* ---- pages ---- */

static iq_vaddr inode_of_page(struct iq_diag *d, iq_vaddr page)
{
	uint64_t mapping, host;

	if (!iq_peek_member(d->s, "struct page", "mapping", page, &mapping) &&
	    !iq_peek_member(d->s, "struct folio", "mapping", page, &mapping))
		return 0;
	if (!mapping || mapping & PAGE_MAPPING_FLAGS ||
	    !iq_peek_member(d->s, "struct address_space", "host", mapping, &host) ||
	    !iq_is_kernel_ptr(d->s, host))
		return 0;
	return host;
}

static bool page_flag(struct iq_diag *d, iq_vaddr page, const char *name)
{
	int64_t bit;
	uint64_t flags;
	struct iq_error *err = iq_enum_value(d->s, "enum pageflags", name, &bit);

	if (err) {
		iq_error_free(err);
		return false;
	}
	if (!iq_peek_member(d->s, "struct page", "flags", page, &flags) &&
	    !iq_peek_member(d->s, "struct page", "flags.f", page, &flags))
		return false;
	return flags >> bit & 1;
}

/* The swap area (struct swap_info_struct) that a page of anonymous or shared memory is read from or
 * written to; 0: it is in none. */
static iq_vaddr swap_area_of_page(struct iq_diag *d, iq_vaddr page)
{
	iq_vaddr areas = iq_sym_addr(d->s, "swap_info");
	uint64_t mapping, entry, area, type;

	if (!areas || !page_flag(d, page, "PG_swapcache") || !page_flag(d, page, "PG_swapbacked") ||
	    !iq_peek_member(d->s, "struct page", "mapping", page, &mapping) ||
	    (mapping && (mapping & PAGE_MAPPING_FLAGS) != PAGE_MAPPING_ANON))
		return 0;
	if (!iq_peek_member(d->s, "struct folio", "swap.val", page, &entry) &&
	    !iq_peek_member(d->s, "struct page", "private", page, &entry))
		return 0;
	entry >>= SWAP_TYPE_SHIFT;
	if (entry >= MAX_SWAP_AREAS || !iq_peek_u64(d->s, areas + 8 * entry, &area) ||
	    !iq_is_kernel_ptr(d->s, area) ||
	    !iq_peek_member(d->s, "struct swap_info_struct", "type", area, &type) || type != entry)
		return 0;
	return area;
}

/* The device of a swap area, or the filesystem that has the file. */
static struct iq_object *storage_of_swap(struct iq_diag *d, iq_vaddr area, const char **path_ret)
{
	struct iq_object *device = NULL;
	uint64_t file, bdev, inode;

	if (!iq_peek_member(d->s, "struct swap_info_struct", "swap_file", area, &file))
		return NULL;
	*path_ret = iq_path_of_file(d->s, file);
	if (iq_peek_member(d->s, "struct swap_info_struct", "bdev", area, &bdev))
		device = iq_diag_bdev(d, bdev);
	if (!device && iq_peek_member(d->s, "struct file", "f_mapping", file, &inode) &&
	    iq_peek_member(d->s, "struct address_space", "host", inode, &inode))
		device = iq_diag_storage_of_inode(d, inode);
	return device;
}

/* Tasks that may have locked this page: they have its address on their stacks and do not wait for
 * it. */
static size_t add_page_lockers(struct iq_diag *d, struct iq_wait *w, iq_vaddr page)
{
	const struct iq_task *found[8];
	size_t num = 0;

	for (size_t i = 0; i < d->tasks->num_tasks && num < IQ_ARRAY_SIZE(found); i++) {
		const struct iq_task *t = &d->tasks->tasks[i];
		const struct iq_stack *stack;
		iq_vaddr waits_for;
		int bit;

		if (!t->pid || !t->stack || t->on_cpu || t->pid == w->task->tid ||
		    (t->state != 'D' && t->state != 'S'))
			continue;
		stack = iq_task_stack(d->s, t);
		if (!iq_stack_mentions(stack, page) ||
		    (iq_find_wait_page(d->s, t, stack, &waits_for, &bit) && waits_for == page))
			continue;
		found[num++] = t;
	}
	for (size_t i = 0; i < num; i++) {
		struct iq_edge *e =
			iq_graph_edge(d->g, w->task, iq_diag_task(d, found[i]), w->on,
				      num == 1 ? IQ_EDGE_OWNER : IQ_EDGE_MAYBE,
				      num == 1 ? IQ_STRONG : IQ_LIKELY, "holds the page's lock");

		iq_text_add(d->g, &e->evidence,
			    "the page's address %#" PRIx64
			    " is on the stack of %s (%d), which does not wait for it",
			    page, found[i]->comm, found[i]->pid);
	}
	return num;
}

static struct iq_error *explain_page(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	struct iq_object *on, *device = NULL;
	struct iq_wait *w;
	const char *path = NULL, *swap_path = NULL;
	int64_t writeback = -1;
	iq_vaddr page, inode, swap = 0;
	struct iq_edge *e;
	int bit;

	if (!iq_find_wait_page(d->s, who->task, who->stack, &page, &bit))
		return NULL;
	iq_error_free(iq_enum_value(d->s, "enum pageflags", "PG_writeback", &writeback));
	inode = inode_of_page(d, page);
	if (inode)
		device = iq_diag_storage_of_inode(d, inode);
	else
		swap = swap_area_of_page(d, page);
	if (swap)
		device = storage_of_swap(d, swap, &swap_path);
	if (inode)
		path = iq_is_bdev_inode(d->s, inode) && device ? device->name
							       : iq_path_of_inode(d->s, inode);
	on = iq_graph_object(d->g, IQ_OBJ_LOCK, "lock:%#" PRIx64, page);
	on->addr = page;
	iq_object_str(d->g, on, "class", "bit");
	iq_object_name(d->g, on, "%s of a page of %s", bit == writeback ? "writeback" : "lock",
		       path    ? path
		       : inode ? "a file"
		       : swap  ? "swapped memory"
			       : "anonymous memory");
	w = iq_diag_wait(who, on, IQ_WAIT_SLEEP);
	/* Woken for this bit alone: who ran since has had what it waited for. */
	w->key = who->task->switches;
	iq_text_add(d->g, &w->evidence, "its wait_page_queue names page %#" PRIx64 ", bit %d", page,
		    bit);
	*wait_ret = w;
	if (bit != writeback && (page_flag(d, page, "PG_uptodate") || !device) &&
	    add_page_lockers(d, w, page))
		return NULL;
	if (!device)
		return NULL;
	e = iq_graph_edge(d->g, w->task, device, on, IQ_EDGE_SERVES, IQ_STRONG, "%s",
			  bit == writeback ? "has to write the page" : "has to read the page");
	if (swap)
		iq_text_add(d->g, &e->evidence,
			    "page %#" PRIx64 " is in the swap area %#" PRIx64
			    " (%s), which is on %s",
			    page, swap, swap_path ? swap_path : "its name cannot be read",
			    device->name);
	else
		iq_text_add(d->g, &e->evidence, "page %#" PRIx64 " belongs to %s, which is on %s",
			    page, path ? path : "a file", device->name);
	return NULL;
}

/* ---- buffers ---- */

static struct iq_error *explain_buffer(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	int64_t state = iq_offsetof(d->s, "struct buffer_head", "b_state");
	struct iq_object *on, *device;
	uint64_t bdev, block = 0;
	struct iq_wait *w;
	struct iq_edge *e;
	iq_vaddr word, bh;
	int bit;

	if (state < 0 || !iq_find_wait_bit(d->s, who->task, who->stack, &word, &bit) ||
	    bit != BH_LOCK)
		return NULL;
	bh = word - (uint64_t)state;
	if (!iq_peek_member(d->s, "struct buffer_head", "b_bdev", bh, &bdev))
		return NULL;
	device = iq_diag_bdev(d, bdev);
	if (!device)
		return NULL;
	iq_peek_member(d->s, "struct buffer_head", "b_blocknr", bh, &block);
	on = iq_graph_object(d->g, IQ_OBJ_LOCK, "lock:%#" PRIx64, word);
	on->addr = word;
	iq_object_str(d->g, on, "class", "bit");
	iq_object_name(d->g, on, "block %" PRIu64 " of %s", block, device->name);
	w = iq_diag_wait(who, on, IQ_WAIT_SLEEP);
	/* Woken for this bit alone: who ran since has had what it waited for. */
	w->key = who->task->switches;
	iq_text_add(d->g, &w->evidence,
		    "its wait_bit_queue_entry names buffer_head %#" PRIx64 ", bit %d", bh, bit);
	e = iq_graph_edge(d->g, w->task, device, on, IQ_EDGE_SERVES, IQ_PROVEN,
			  "has to read or write the block");
	iq_text_add(d->g, &e->evidence, "buffer_head.b_bdev at %#" PRIx64 " is %s", bh,
		    device->name);
	*wait_ret = w;
	return NULL;
}

/* ---- bios of one's own ---- */

/* Is p a bio that ends by waking this very sleep? */
struct find_bio {
	struct iq_diag *d;
	const struct iq_task *task;
	const struct iq_stack *stack;
};

static bool is_own_bio(struct iq_session *s, iq_vaddr p, void *ctx)
{
	struct find_bio *f = ctx;
	uint64_t private, bdev, end_io;
	char name[33];

	if (!iq_peek_member(s, "struct bio", "bi_end_io", p, &end_io) || !iq_is_text(s, end_io) ||
	    !iq_peek_member(s, "struct bio", "bi_private", p, &private))
		return false;
	/* It wakes the task itself, a completion on its stack, or what its stack points to. */
	if (private != f->task->addr && !(private >= f->stack->sp && private < f->stack->end) &&
	    !iq_stack_mentions(f->stack, private))
		return false;
	if (iq_has_member(s, "struct bio", "bi_bdev"))
		return iq_peek_member(s, "struct bio", "bi_bdev", p, &bdev) &&
		       iq_disk_of_bdev(s, bdev);
	return iq_peek_member(s, "struct bio", "bi_disk", p, &bdev) && iq_disk_name(s, bdev, name);
}

static iq_vaddr find_bio(const struct iq_sleeper *who)
{
	struct iq_diag *d = who->d;
	const struct iq_stack *stack = who->stack;
	struct find_bio f = { d, who->task, stack };
	iq_vaddr bio = iq_stack_search(d->s, stack, 0, is_own_bio, &f);

	/* ... or the bio itself lies on the stack. */
	for (size_t i = 0; !bio && i < stack->num_words; i++)
		if (is_own_bio(d->s, stack->sp + 8 * i, &f))
			bio = stack->sp + 8 * i;
	return bio;
}

/* The device that the system call's descriptor is, or that its file is on. */
static struct iq_object *device_of_syscall(const struct iq_sleeper *who)
{
	struct iq_diag *d = who->d;
	const struct iq_stack *stack = who->stack;
	uint64_t inode;
	iq_vaddr file;

	if (!stack->user.valid || !stack->user.syscall)
		return NULL;
	file = iq_task_file(d->s, who->task, (unsigned)stack->user.args[0]);
	if (!file || !iq_peek_member(d->s, "struct file", "f_mapping", file, &inode) ||
	    !iq_peek_member(d->s, "struct address_space", "host", inode, &inode))
		return NULL;
	return iq_diag_storage_of_inode(d, inode);
}

static struct iq_error *explain_bio(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	const struct iq_task *task = who->task;
	const struct iq_stack *stack = who->stack;
	iq_vaddr bio = find_bio(who);
	struct iq_object *device = NULL;
	struct iq_wait *w;
	struct iq_edge *e;
	uint64_t p;

	if (bio && iq_peek_member(d->s, "struct bio", "bi_bdev", bio, &p))
		device = iq_diag_bdev(d, p);
	else if (bio && iq_peek_member(d->s, "struct bio", "bi_disk", bio, &p))
		device = iq_diag_disk(d, p);
	if (!device) {
		bio = 0;
		device = device_of_syscall(who);
	}
	if (!device)
		return NULL;
	w = iq_diag_wait(who, device, IQ_WAIT_SLEEP);
	/* Nothing wakes it but the end of this I/O; the next one is another wait. */
	w->key = task->switches;
	e = iq_graph_edge(d->g, w->task, device, NULL, IQ_EDGE_SERVES, bio ? IQ_PROVEN : IQ_STRONG,
			  "has to do the I/O");
	if (bio)
		iq_text_add(d->g, &e->evidence,
			    "%s (%d) waits in %s() for the bio at %#" PRIx64 ", which is for %s",
			    task->comm, task->pid, stack->frames[who->frame].sym.name, bio,
			    device->name);
	else
		iq_text_add(d->g, &e->evidence,
			    "%s (%d) waits in %s() for I/O of descriptor %" PRIu64
			    ", which is on %s",
			    task->comm, task->pid, stack->frames[who->frame].sym.name,
			    stack->user.args[0], device->name);
	*wait_ret = w;
	return NULL;
}

static const char *const buffer_functions[] = {
	"__wait_on_buffer",
	"wait_on_buffer",
	"__lock_buffer",
	"out_of_line_wait_on_bit",
	"out_of_line_wait_on_bit_lock",
	"__bread_gfp",
	"bdev_getblk",
	NULL,
};
static const char *const bio_functions[] = {
	"submit_bio_wait",    "bio_await",	  "__blkdev_direct_IO_simple",
	"__blkdev_direct_IO", "blkdev_direct_IO", "__iomap_dio_rw",
	"iomap_dio_rw",	      "dio_await_one",	  "dio_await_completion",
	"blkdev_issue_flush", "xfs_buf_iowait",	  "blk_execute_rq",
	"swap_readpage",      "swap_read_folio",  NULL,
};

static const struct iq_wait_rule wait_rules[] = {
	{ .name = "page",
	  .rank = -1, /* those who know the filesystem first */
	  .summary = "a page being read, written or locked: its file or swap area, the device "
		     "below, or the task that locked it",
	  .reads = "wait_page_queue.folio, .bit_nr; page.mapping, .flags, .private; inode.i_sb; "
		   "super_block.s_bdev; swap_info_struct.bdev, .swap_file",
	  .seen = "6.1, 6.12, 7.3",
	  .certainty = IQ_STRONG,
	  .functions = iq_page_wait_functions,
	  .explain = explain_page },
	{ .name = "buffer",
	  .rank = -1, /* those who know the filesystem first */
	  .summary = "a block of a device in a buffer_head",
	  .reads = "wait_bit_queue_entry.key; buffer_head.b_bdev, .b_blocknr",
	  .seen = "6.1, 6.12, 7.3",
	  .certainty = IQ_PROVEN,
	  .functions = buffer_functions,
	  .explain = explain_buffer },
	{ .name = "bio",
	  .rank = -1, /* those who know what sent it first */
	  .summary = "I/O that the task submitted itself and waits for",
	  .reads = "bio.bi_bdev, .bi_end_io, .bi_private; block_device.bd_disk",
	  .seen = "6.1, 6.12, 7.3",
	  .certainty = IQ_PROVEN,
	  .functions = bio_functions,
	  .explain = explain_bio },
	{ 0 },
};

static const struct iq_object_rule object_rules[] = {
	{ .name = "in-flight",
	  .rank = 1, /* requests in flight are what waits for the device */
	  .summary = "requests that a device has and does not answer",
	  .type = IQ_OBJ_DEVICE,
	  .explain = explain_device },
	{ .name = "fs-device",
	  .rank = -1, /* the filesystem itself first */
	  .summary = "the device that a filesystem is on",
	  .type = IQ_OBJ_FILESYSTEM,
	  .explain = explain_fs },
	{ 0 },
};

const struct iq_module iq_module_block = {
	.api = IQ_MODULE_API,
	.name = "block",
	.summary = "block I/O: pages, buffers, bios, and what a device has in flight",
	.wait_rules = wait_rules,
	.object_rules = object_rules,
	.dcmds = iq_block_dcmds,
	.walkers = iq_block_walkers,
	.globals = iq_block_globals,
};
