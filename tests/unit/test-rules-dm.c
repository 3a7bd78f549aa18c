/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who has what a mapped device was given, on made kernels
 */
#include "test.h"

#include "fakekernel-inside.h"
#include "fakekernel.h"
#include "layouts.h"
#include "why-parts.h"

enum { TAGS = 4, IN_FLIGHT = 1, SUSPENDED = 1 << 1 };

struct disk {
	iq_vaddr gendisk, bdev, md, table, pending, rqs;
};

static struct fakekernel *make(enum fk_flavour flavour)
{
	struct fakekernel *k = fakekernel_new(flavour);

	fk_types(k, "wait_bit_key { void *flags; s32 bit_nr; u64 timeout; }",
		 "wait_bit_queue_entry { wait_bit_key key; wait_queue_entry wq_entry; }",
		 "buffer_head { u64 b_state; u64 b_blocknr; void *b_bdev; }",
		 "mapped_device { u64 flags; void *disk; void *map; void *interface_ptr; void "
		 "*pending_io; }",
		 "dm_table { u32 num_targets; void *targets; list_head devices; }",
		 "dm_target { void *type; void *private; }", "target_type { void *name; }",
		 "dm_dev { void *bdev; }", "dm_dev_internal { list_head list; void *dm_dev; }",
		 "delay_c { u64 delay_timer[4]; list_head delayed_bios; }",
		 "dm_origin { void *dev; }",
		 "origin { void *bdev; list_head hash_list; list_head snapshots; }",
		 "dm_snapshot { void *origin; void *cow; list_head list; atomic_t "
		 "pending_exceptions_count; }");
	return k;
}

static struct disk disk(struct fakekernel *k, const char *name)
{
	struct disk x = { fk_alloc(k, "gendisk"), fk_alloc(k, "block_device") };

	fk_write(k, x.gendisk + fk_off(k, "gendisk.disk_name"), name, strlen(name) + 1);
	fk_put(k, x.gendisk, "gendisk.queue", fk_alloc(k, "request_queue"));
	fk_put(k, x.bdev, "block_device.bd_disk", x.gendisk);
	return x;
}

/* One that takes requests: with one in flight or none. */
static struct disk plain(struct fakekernel *k, const char *name, bool in_flight)
{
	struct disk x = disk(k, name);
	iq_vaddr queue = fk_get(k, x.gendisk, "gendisk.queue"), set = fk_alloc(k, "blk_mq_tag_set"),
		 tags = fk_alloc(k, "blk_mq_tags"), all = fk_heap(k, 8),
		 rq = fk_alloc(k, "request");

	x.rqs = fk_heap(k, 8 * TAGS);
	fk_put(k, queue, "request_queue.mq_ops", fk_data(k, "virtio_mq_ops", 64));
	fk_put(k, queue, "request_queue.tag_set", set);
	fk_put(k, tags, "blk_mq_tags.nr_tags", TAGS);
	fk_put(k, tags, "blk_mq_tags.rqs", x.rqs);
	fk_u64(k, all, tags);
	fk_put(k, set, "blk_mq_tag_set.nr_hw_queues", 1);
	fk_put(k, set, "blk_mq_tag_set.tags", all);
	fk_put(k, rq, "request.q", queue);
	fk_put(k, rq, "request.state", in_flight ? IN_FLIGHT : 0);
	fk_u64(k, x.rqs, rq);
	return x;
}

static iq_vaddr dm_dev(struct fakekernel *k, const struct disk *below)
{
	iq_vaddr dev = fk_alloc(k, "dm_dev");

	fk_put(k, dev, "dm_dev.bdev", below->bdev);
	return dev;
}

/* A mapped device with one target, on one device. */
static struct disk mapped(struct fakekernel *k, const char *name, const char *target,
			  iq_vaddr private, const struct disk *below)
{
	struct disk x = disk(k, name);
	iq_vaddr ti = fk_alloc(k, "dm_target"), type = fk_alloc(k, "target_type"),
		 dd = fk_alloc(k, "dm_dev_internal");

	x.md = fk_alloc(k, "mapped_device");
	x.table = fk_alloc(k, "dm_table");
	fk_put(k, x.gendisk, "gendisk.fops", fk_data(k, "dm_blk_dops", 64));
	fk_put(k, x.gendisk, "gendisk.private_data", x.md);
	fk_put(k, x.md, "mapped_device.disk", x.gendisk);
	fk_put(k, x.md, "mapped_device.map", x.table);
	fk_put(k, x.md, "mapped_device.pending_io", fk_percpu(k, 8, &x.pending));
	fk_put(k, x.table, "dm_table.num_targets", 1);
	fk_put(k, x.table, "dm_table.targets", ti);
	fk_list_init(k, x.table + fk_off(k, "dm_table.devices"));
	fk_put(k, type, "target_type.name", fk_str(k, target));
	fk_put(k, ti, "dm_target.type", type);
	fk_put(k, ti, "dm_target.private", private);
	fk_put(k, dd, "dm_dev_internal.dm_dev", dm_dev(k, below));
	fk_list_add_tail(k, x.table + fk_off(k, "dm_table.devices"),
			 dd + fk_off(k, "dm_dev_internal.list"));
	return x;
}

/* A task that waits for a block of a device. */
static void reads(struct fakekernel *k, const struct disk *from)
{
	struct fk_task *t = fk_task(k, 100, "dd");
	iq_vaddr bh = fk_alloc(k, "buffer_head"), queue = fk_alloc(k, "wait_queue_head"), e, entry;

	fk_put(k, bh, "buffer_head.b_bdev", from->bdev);
	fk_calls(t, "__bread_gfp", "__wait_on_buffer", "out_of_line_wait_on_bit");
	e = fk_local(t, "wait_bit_queue_entry");
	entry = e + fk_off(k, "wait_bit_queue_entry.wq_entry");
	fk_list_init(k, queue + fk_off(k, "wait_queue_head.head"));
	fk_put(k, e, "wait_bit_queue_entry.key.flags", bh + fk_off(k, "buffer_head.b_state"));
	fk_put(k, e, "wait_bit_queue_entry.key.bit_nr", 2);
	fk_put(k, entry, "wait_queue_entry.private", t->addr);
	fk_put(k, entry, "wait_queue_entry.func", fk_func(k, "wake_bit_function"));
	fk_list_add_tail(k, queue + fk_off(k, "wait_queue_head.head"),
			 entry + fk_off(k, "wait_queue_entry.entry"));
	fk_switch(t, FK_D);
}

static const struct iq_cause *only_cause(const struct iq_why *why)
{
	assert_int_equal(why->causes->list.num, 1);
	return why->causes->list.data[0];
}

static bool says(const iq_texts *texts, const char *part)
{
	iq_vec_foreach(texts, t)
		if (strstr(*t, part))
			return true;
	return false;
}

static iq_vaddr delay_of(struct fakekernel *k, unsigned num)
{
	iq_vaddr delay = fk_alloc(k, "delay_c");

	fk_list_init(k, delay + fk_off(k, "delay_c.delayed_bios"));
	for (unsigned i = 0; i < num; i++)
		fk_list_add_tail(k, delay + fk_off(k, "delay_c.delayed_bios"),
				 fk_alloc(k, "list_head"));
	return delay;
}

static void a_device_whose_disk_has_nothing_keeps_it_itself(enum fk_flavour flavour)
{
	struct fakekernel *k = make(flavour);
	struct disk vda = plain(k, "vda", false),
		    late = mapped(k, "dm-0", "delay", delay_of(k, 2), &vda);
	const struct iq_cause *cause;

	fk_u64(k, late.pending, 3);
	fk_u64(k, late.pending + 0x10000, (uint64_t)-1);
	reads(k, &late);
	cause = only_cause(fk_why(k));
	assert_int_equal(cause->kind, IQ_CAUSE_IO_STALLED);
	assert_string_equal(cause->root->id, "dev:dm-0");
	assert_true(says(&cause->evidence, "is 2, and none of the devices"));
	assert_true(says(&cause->evidence, "delayed_bios lists 2"));
	assert_null(remedy_with(cause, "Nothing on this machine"));
	fakekernel_free(k);
}

static void what_the_disk_below_has_is_not_kept_above(enum fk_flavour flavour)
{
	struct fakekernel *k = make(flavour);
	struct disk vda = plain(k, "vda", true),
		    late = mapped(k, "dm-0", "delay", delay_of(k, 0), &vda);

	fk_u64(k, late.pending, 1);
	reads(k, &late);
	assert_string_equal(only_cause(fk_why(k))->root->id, "dev:vda");
	fakekernel_free(k);
}

/* One on top of the other: the upper one's table leads to the lower one, which keeps it. */
static void what_a_mapped_device_below_keeps_is_found_there(enum fk_flavour flavour)
{
	struct fakekernel *k = make(flavour);
	struct disk vda = plain(k, "vda", false),
		    late = mapped(k, "dm-0", "delay", delay_of(k, 1), &vda),
		    top = mapped(k, "dm-1", "linear", 0, &late);

	fk_u64(k, late.pending, 1);
	fk_u64(k, top.pending, 1);
	reads(k, &top);
	assert_string_equal(only_cause(fk_why(k))->root->id, "dev:dm-0");
	fakekernel_free(k);
}

static void a_count_that_cannot_be_says_nothing(enum fk_flavour flavour)
{
	struct fakekernel *k = make(flavour);
	struct disk vda = plain(k, "vda", false), x = mapped(k, "dm-0", "crypt", 0, &vda);

	fk_u64(k, x.pending, UINT64_C(1) << 40);
	reads(k, &x);
	assert_int_equal(only_cause(fk_why(k))->kind, IQ_CAUSE_UNKNOWN);
	fakekernel_free(k);
}

/* data is the origin of a snapshot; the snapshot's own device is suspended. */
struct snapshot {
	struct fakekernel *k;
	struct disk vda, real, cow, data;
};

static void make_snapshot(struct snapshot *x, enum fk_flavour flavour, uint64_t copies,
			  bool other_origin)
{
	struct fakekernel *k = x->k = make(flavour);
	iq_vaddr target = fk_alloc(k, "dm_origin"), origin = fk_alloc(k, "origin"),
		 snap = fk_alloc(k, "dm_snapshot"), table = fk_heap(k, 16 * 256);

	x->vda = plain(k, "vda", false);
	x->real = mapped(k, "dm-0", "linear", 0, &x->vda);
	x->cow = mapped(k, "dm-1", "linear", 0, &x->vda);
	x->data = mapped(k, "dm-2", "snapshot-origin", target, &x->real);
	fk_u64(k, x->data.pending, 1);
	fk_put(k, x->cow.md, "mapped_device.flags", SUSPENDED);
	fk_put(k, target, "dm_origin.dev", dm_dev(k, &x->real));
	fk_u64(k, fk_data(k, "_origins", 8), table);
	for (unsigned i = 0; i < 256; i++)
		fk_list_init(k, table + 16 * i);
	fk_put(k, origin, "origin.bdev", x->real.bdev);
	fk_list_add_tail(k, table + 16 * 7, origin + fk_off(k, "origin.hash_list"));
	fk_list_init(k, origin + fk_off(k, "origin.snapshots"));
	fk_list_add_tail(k, origin + fk_off(k, "origin.snapshots"),
			 snap + fk_off(k, "dm_snapshot.list"));
	fk_put(k, snap, "dm_snapshot.origin", dm_dev(k, other_origin ? &x->cow : &x->real));
	fk_put(k, snap, "dm_snapshot.cow", dm_dev(k, &x->cow));
	fk_put(k, snap, "dm_snapshot.pending_exceptions_count.counter", copies);
	reads(k, &x->data);
}

static void copies_for_a_snapshot_lead_to_its_own_device(enum fk_flavour flavour)
{
	const struct iq_cause *cause;
	struct snapshot x;

	make_snapshot(&x, flavour, 3, false);
	cause = only_cause(fk_why(x.k));
	assert_int_equal(cause->kind, IQ_CAUSE_DEV_SUSPENDED);
	assert_string_equal(cause->root->id, "dev:dm-1");
	assert_string_equal(fk_blocked(x.k, cause), "100");
	fakekernel_free(x.k);
}

static void a_snapshot_that_copies_nothing_keeps_nobody(enum fk_flavour flavour)
{
	struct snapshot x;

	make_snapshot(&x, flavour, 0, false);
	assert_int_not_equal(only_cause(fk_why(x.k))->kind, IQ_CAUSE_DEV_SUSPENDED);
	fakekernel_free(x.k);
}

static void a_snapshot_of_another_origin_keeps_nobody(enum fk_flavour flavour)
{
	struct snapshot x;

	make_snapshot(&x, flavour, 3, true);
	assert_int_not_equal(only_cause(fk_why(x.k))->kind, IQ_CAUSE_DEV_SUSPENDED);
	fakekernel_free(x.k);
}

int main(void)
{
	/* FK_OLD's modules have no types, and dm is one. */
	const struct CMUnitTest tests[] = {
		layouts_since_6_12(a_device_whose_disk_has_nothing_keeps_it_itself),
		layouts_since_6_12(what_the_disk_below_has_is_not_kept_above),
		layouts_since_6_12(what_a_mapped_device_below_keeps_is_found_there),
		layouts_since_6_12(a_count_that_cannot_be_says_nothing),
		layouts_since_6_12(copies_for_a_snapshot_lead_to_its_own_device),
		layouts_since_6_12(a_snapshot_that_copies_nothing_keeps_nobody),
		layouts_since_6_12(a_snapshot_of_another_origin_keeps_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
