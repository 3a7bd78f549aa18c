/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a disk has in hand, and whether it may owe an answer, on made kernels of each layout
 */
#include "test.h"

#include "fakekernel.h"
#include "inquest/storage.h"
#include "layouts.h"

enum { TAGS = 4, IDLE = 0, IN_FLIGHT = 1, DMF_SUSPENDED = 1 };

/* A disk that takes requests, and its tags' requests. */
struct machine {
	struct fakekernel *k;
	iq_vaddr disk, queue, rqs;
};

static void make(struct machine *m, enum fk_flavour flavour)
{
	struct fakekernel *k = m->k = fakekernel_new(flavour);
	iq_vaddr set = fk_alloc(k, "blk_mq_tag_set"), tags = fk_alloc(k, "blk_mq_tags"),
		 all = fk_heap(k, 8);

	m->disk = fk_alloc(k, "gendisk");
	m->queue = fk_alloc(k, "request_queue");
	m->rqs = fk_heap(k, 8 * TAGS);
	fk_write(k, m->disk + fk_off(k, "gendisk.disk_name"), "vda", 4);
	fk_put(k, m->disk, "gendisk.queue", m->queue);
	fk_put(k, m->queue, "request_queue.mq_ops", fk_data(k, "virtio_mq_ops", 64));
	fk_put(k, m->queue, "request_queue.tag_set", set);
	fk_put(k, tags, "blk_mq_tags.nr_tags", TAGS);
	fk_put(k, tags, "blk_mq_tags.rqs", m->rqs);
	fk_u64(k, all, tags);
	fk_put(k, set, "blk_mq_tag_set.nr_hw_queues", 1);
	fk_put(k, set, "blk_mq_tag_set.tags", all);
}

static iq_vaddr request(struct machine *m, uint64_t tag, uint64_t state, uint64_t start_ns)
{
	iq_vaddr rq = fk_alloc(m->k, "request");

	fk_put(m->k, rq, "request.q", m->queue);
	fk_put(m->k, rq, "request.tag", tag);
	fk_put(m->k, rq, "request.state", state);
	fk_put(m->k, rq, "request.start_time_ns", start_ns);
	fk_u64(m->k, m->rqs + 8 * tag, rq);
	return rq;
}

static bool may_owe(struct machine *m)
{
	struct iq_diag d = { .s = fk_open(m->k) };

	d.tasks = iq_tasks(d.s);
	assert_non_null(d.tasks);
	return iq_disk_may_owe(&d, m->disk);
}

static void only_what_the_driver_has_is_in_flight(enum fk_flavour flavour)
{
	struct iq_in_flight f;
	struct iq_session *s;
	struct machine m;
	iq_vaddr oldest;

	make(&m, flavour);
	request(&m, 0, IDLE, 1000);
	request(&m, 1, IN_FLIGHT, 3000);
	oldest = request(&m, 2, IN_FLIGHT, 2000);
	/* It was sent before with tag 3, whose place still has it. */
	fk_u64(m.k, m.rqs + 8 * 3, oldest);
	s = fk_open(m.k);
	assert_true(iq_disk_in_flight(s, m.disk, iq_tasks(s), &f));
	assert_int_equal(f.num, 2);
	assert_int_equal(f.oldest, oldest);
	fakekernel_free(m.k);
}

static void a_disk_without_requests_owes_nothing(enum fk_flavour flavour)
{
	struct machine m;

	make(&m, flavour);
	request(&m, 0, IDLE, 1000);
	assert_false(may_owe(&m));
	fakekernel_free(m.k);
	make(&m, flavour);
	request(&m, 0, IN_FLIGHT, 1000);
	assert_true(may_owe(&m));
	fakekernel_free(m.k);
}

/* A number of tags that cannot be: nothing is counted, and nobody is acquitted. */
static void a_disk_whose_tags_make_no_sense_may_owe(enum fk_flavour flavour)
{
	struct machine m;

	make(&m, flavour);
	fk_put(m.k, fk_get(m.k, m.queue, "request_queue.tag_set"), "blk_mq_tag_set.nr_hw_queues",
	       100000);
	assert_true(may_owe(&m));
	fakekernel_free(m.k);
}

/* Of request-based device mapper, as multipath is; flags 0: not suspended. */
static void make_mapped(struct machine *m, enum fk_flavour flavour, uint64_t flags)
{
	iq_vaddr md;

	make(m, flavour);
	fk_types(m->k, "mapped_device { u64 holders; u64 flags; void *disk; void *map; }");
	md = fk_alloc(m->k, "mapped_device");
	fk_put(m->k, md, "mapped_device.disk", m->disk);
	fk_put(m->k, md, "mapped_device.flags", flags);
	fk_put(m->k, m->disk, "gendisk.private_data", md);
	fk_put(m->k, m->disk, "gendisk.fops", fk_data(m->k, "dm_rq_blk_dops", 64));
}

static void a_suspended_mapped_device_may_owe_what_nobody_counts(enum fk_flavour flavour)
{
	struct machine m;

	make_mapped(&m, flavour, 0);
	assert_false(may_owe(&m));
	fakekernel_free(m.k);
	make_mapped(&m, flavour, 1 << DMF_SUSPENDED);
	assert_true(may_owe(&m));
	fakekernel_free(m.k);
}

/* Its module has no types: the room is idle, and the device may. */
static void a_mapped_device_of_unknown_state_may_owe(enum fk_flavour flavour)
{
	struct machine m;

	make(&m, flavour);
	fk_put(m.k, m.disk, "gendisk.fops", fk_data(m.k, "dm_rq_blk_dops", 64));
	assert_true(may_owe(&m));
	fakekernel_free(m.k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		each_layout(only_what_the_driver_has_is_in_flight),
		each_layout(a_disk_without_requests_owes_nothing),
		each_layout(a_disk_whose_tags_make_no_sense_may_owe),
		each_layout(a_suspended_mapped_device_may_owe_what_nobody_counts),
		each_layout(a_mapped_device_of_unknown_state_may_owe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
