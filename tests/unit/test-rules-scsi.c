/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rules for SCSI disks, on made kernels of each layout
 */
#include "test.h"

#include "fakekernel.h"
#include "inquest/storage.h"
#include "layouts.h"
#include "made-btf.h"

enum { RUNNING = 2, BLOCK = 8, HOST_RUNNING = 2, HOST_RECOVERY = 5, IN_FLIGHT = 1, TAGS = 4 };

/* A host with two disks, and its recovery thread. */
struct machine {
	struct fakekernel *k;
	struct fk_task *eh;
	iq_vaddr host, tags, sda, sdb, request, cmnd;
};

static void states(struct made_btf *b)
{
	made_type(b, "scsi_device_state", BTF_ENUM, 0, 4);
	made_enumerator(b, "SDEV_RUNNING", RUNNING);
	made_enumerator(b, "SDEV_QUIESCE", 5);
	made_enumerator(b, "SDEV_BLOCK", BLOCK);
	made_type(b, "scsi_host_state", BTF_ENUM, 0, 4);
	made_enumerator(b, "SHOST_RUNNING", HOST_RUNNING);
	made_enumerator(b, "SHOST_RECOVERY", HOST_RECOVERY);
}

static iq_vaddr disk(struct machine *m, const char *name, uint64_t lun)
{
	struct fakekernel *k = m->k;
	iq_vaddr gendisk = fk_alloc(k, "gendisk"), queue = fk_alloc(k, "request_queue"),
		 set = fk_alloc(k, "blk_mq_tag_set"), sdev = fk_alloc(k, "scsi_device");

	fk_write(k, gendisk + fk_off(k, "gendisk.disk_name"), name, strlen(name) + 1);
	fk_put(k, gendisk, "gendisk.queue", queue);
	fk_put(k, queue, "request_queue.queuedata", sdev);
	fk_put(k, queue, "request_queue.mq_ops", fk_data(k, "scsi_mq_ops", 64));
	fk_put(k, queue, "request_queue.tag_set", set);
	fk_put(k, queue, "request_queue.disk", gendisk);
	fk_put(k, set, "blk_mq_tag_set.nr_hw_queues", 1);
	fk_put(k, set, "blk_mq_tag_set.tags", m->tags);
	fk_put(k, sdev, "scsi_device.host", m->host);
	fk_put(k, sdev, "scsi_device.request_queue", queue);
	fk_put(k, sdev, "scsi_device.lun", lun);
	fk_put(k, sdev, "scsi_device.sdev_state", RUNNING);
	fk_list_add_tail(k, m->host + fk_off(k, "Scsi_Host.__devices"),
			 sdev + fk_off(k, "scsi_device.siblings"));
	return sdev;
}

static void make(struct machine *m, enum fk_flavour flavour, uint64_t host_state)
{
	struct fakekernel *k = m->k = fakekernel_new(flavour);
	iq_vaddr template = fk_alloc(k, "scsi_host_template"), tags = fk_alloc(k, "blk_mq_tags"),
		 rqs = fk_heap(k, 8 * TAGS);
	static const char *const lists[] = { "Scsi_Host.__devices", "Scsi_Host.eh_abort_list",
					     "Scsi_Host.eh_cmd_q" };

	fk_more_types(k, states);
	m->eh = fk_kthread(k, 12, "scsi_eh_0");
	m->host = fk_alloc(k, "Scsi_Host");
	for (size_t i = 0; i < IQ_ARRAY_SIZE(lists); i++)
		fk_list_init(k, m->host + fk_off(k, lists[i]));
	fk_list_init(k, m->host + fk_off(k, "Scsi_Host.host_wait.head"));
	fk_put(k, template, "scsi_host_template.proc_name", fk_str(k, "made_hba"));
	fk_put(k, m->host, "Scsi_Host.hostt", template);
	fk_put(k, m->host, "Scsi_Host.ehandler", m->eh->addr);
	fk_put(k, m->host, "Scsi_Host.shost_state", host_state);
	fk_put(k, tags, "blk_mq_tags.nr_tags", TAGS);
	fk_put(k, tags, "blk_mq_tags.rqs", rqs);
	m->tags = fk_heap(k, 8);
	fk_u64(k, m->tags, tags);
	m->sda = disk(m, "sda", 0);
	m->sdb = disk(m, "sdb", 1);
	/* A command of sda; it was sent before with another tag, whose place still has it. */
	m->request = fk_heap(k, fk_size(k, "request") + fk_size(k, "scsi_cmnd"));
	m->cmnd = m->request + fk_size(k, "request");
	fk_put(k, m->request, "request.q", fk_get(k, m->sda, "scsi_device.request_queue"));
	fk_put(k, m->request, "request.tag", 2);
	fk_put(k, m->request, "request.state", IN_FLIGHT);
	fk_put(k, m->cmnd, "scsi_cmnd.device", m->sda);
	fk_u64(k, rqs, m->request);
	fk_u64(k, rqs + 16, m->request);
}

/* A command of its own to a disk: sda has it in flight. */
static void commands(struct machine *m, int32_t pid)
{
	struct fk_task *t = fk_task(m->k, pid, "sg_inq");

	fk_calls(t, "sg_io", "blk_execute_rq");
	fk_put(m->k, m->request, "request.end_io_data", fk_local(t, "completion"));
	fk_word(t, m->request);
	fk_switch(t, FK_D);
}

/* Opening a disk while its host recovers. */
static void opens(struct machine *m, int32_t pid, iq_vaddr sdev)
{
	struct fakekernel *k = m->k;
	struct fk_task *t = fk_task(k, pid, "blkid");
	iq_vaddr entry;

	fk_calls(t, "sd_open", "scsi_block_when_processing_errors");
	entry = fk_local(t, "wait_queue_entry");
	fk_put(k, entry, "wait_queue_entry.private", t->addr);
	fk_put(k, entry, "wait_queue_entry.func", fk_func(k, "autoremove_wake_function"));
	fk_list_add_tail(k, m->host + fk_off(k, "Scsi_Host.host_wait.head"),
			 entry + fk_off(k, "wait_queue_entry.entry"));
	fk_word(t, sdev);
	fk_switch(t, FK_D);
}

static const struct iq_cause *only_cause(const struct iq_why *why)
{
	assert_int_equal(why->causes->list.num, 1);
	return why->causes->list.data[0];
}

static void a_disk_in_recovery_is_the_root_for_the_whole_host(enum fk_flavour flavour)
{
	const struct iq_cause *cause;
	const struct iq_attr *num;
	struct machine m;

	make(&m, flavour, HOST_RECOVERY);
	commands(&m, 10);
	opens(&m, 11, m.sdb);
	fk_calls(m.eh, "scsi_error_handler");
	fk_word(m.eh, m.host);
	fk_calls(m.eh, "scsi_eh_ready_devs", "scsi_send_eh_cmnd");
	fk_word(m.eh, m.cmnd);
	fk_switch(m.eh, FK_D);
	cause = only_cause(fk_why(m.k));
	assert_int_equal(cause->kind, IQ_CAUSE_DEV_RECOVERING);
	assert_int_equal(cause->certainty, IQ_PROVEN);
	assert_string_equal(cause->root->id, "dev:sda");
	assert_string_equal(fk_blocked(m.k, cause), "10,11,12");
	num = iq_object_attr(cause->root, "inflight");
	assert_non_null(num);
	assert_int_equal(num->num, 1);
	assert_string_equal(iq_object_attr(cause->root, "driver")->str, "made_hba");
	fakekernel_free(m.k);
}

static void a_recovery_that_waits_for_a_lock_leads_to_its_holder(enum fk_flavour flavour)
{
	struct fk_task *holder;
	const struct iq_cause *cause;
	struct machine m;
	iq_vaddr lock;

	make(&m, flavour, HOST_RECOVERY);
	lock = fk_mutex(m.k, "hba_mutex");
	holder = fk_task(m.k, 20, "flasher");
	fk_mutex_take(holder, lock);
	fk_nanosleep(holder);
	opens(&m, 11, m.sda);
	fk_calls(m.eh, "scsi_error_handler");
	fk_word(m.eh, m.host);
	fk_word(m.eh, m.cmnd);
	fk_calls(m.eh, "made_host_reset");
	fk_wait_mutex(m.eh, lock);
	cause = only_cause(fk_why(m.k));
	assert_string_equal(cause->root->id, "task:20");
	assert_string_equal(fk_blocked(m.k, cause), "11,12");
	fakekernel_free(m.k);
}

static void a_disk_whose_commands_have_not_timed_out_does_not_answer(enum fk_flavour flavour)
{
	const struct iq_cause *cause;
	struct machine m;

	make(&m, flavour, HOST_RUNNING);
	commands(&m, 10);
	fk_calls(m.eh, "scsi_error_handler");
	fk_switch(m.eh, FK_S);
	cause = only_cause(fk_why(m.k));
	assert_int_equal(cause->kind, IQ_CAUSE_IO_STALLED);
	assert_string_equal(cause->root->id, "dev:sda");
	assert_string_equal(fk_blocked(m.k, cause), "10");
	fakekernel_free(m.k);
}

static void a_command_being_aborted_is_recovery_too(void **state)
{
	const struct iq_cause *cause;
	struct machine m;

	(void)state;
	make(&m, FK_NEW, HOST_RUNNING);
	commands(&m, 10);
	fk_list_add_tail(m.k, m.host + fk_off(m.k, "Scsi_Host.eh_abort_list"),
			 m.cmnd + fk_off(m.k, "scsi_cmnd.eh_entry"));
	fk_calls(m.eh, "scsi_error_handler");
	fk_switch(m.eh, FK_S);
	cause = only_cause(fk_why(m.k));
	assert_int_equal(cause->kind, IQ_CAUSE_DEV_RECOVERING);
	fakekernel_free(m.k);
}

static void a_blocked_disk_says_so_even_with_nothing_in_flight(enum fk_flavour flavour)
{
	const struct iq_cause *cause;
	struct machine m;

	make(&m, flavour, HOST_RUNNING);
	commands(&m, 10);
	fk_put(m.k, m.request, "request.state", 0);
	fk_put(m.k, m.sda, "scsi_device.sdev_state", BLOCK);
	fk_calls(m.eh, "scsi_error_handler");
	fk_switch(m.eh, FK_S);
	cause = only_cause(fk_why(m.k));
	assert_int_equal(cause->kind, IQ_CAUSE_DEV_SUSPENDED);
	assert_int_equal(cause->certainty, IQ_PROVEN);
	assert_string_equal(cause->root->id, "dev:sda");
	fakekernel_free(m.k);
}

/* Asked of sdb, which has nothing in flight. */
static bool may_owe(struct machine *m)
{
	struct iq_diag d = { .s = fk_open(m->k) };
	uint64_t disk = fk_get(m->k, fk_get(m->k, m->sdb, "scsi_device.request_queue"),
			       "request_queue.disk");

	d.tasks = iq_tasks(d.s);
	assert_non_null(d.tasks);
	return iq_disk_may_owe(&d, disk);
}

static void a_disk_with_nothing_in_flight_may_owe_while_it_is_kept_back(enum fk_flavour flavour)
{
	static const struct {
		uint64_t device, host;
		bool blocked, owes;
	} cases[] = {
		{ RUNNING, HOST_RUNNING, false, false },
		{ BLOCK, HOST_RUNNING, false, true },
		{ RUNNING, HOST_RECOVERY, false, true },
		{ RUNNING, HOST_RUNNING, true, true },
	};

	for (size_t i = 0; i < IQ_ARRAY_SIZE(cases); i++) {
		struct machine m;

		make(&m, flavour, cases[i].host);
		fk_put(m.k, m.sdb, "scsi_device.sdev_state", cases[i].device);
		fk_put(m.k, m.host, "Scsi_Host.host_self_blocked", cases[i].blocked);
		assert_int_equal(may_owe(&m), cases[i].owes);
		fakekernel_free(m.k);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		each_layout(a_disk_in_recovery_is_the_root_for_the_whole_host),
		each_layout(a_recovery_that_waits_for_a_lock_leads_to_its_holder),
		each_layout(a_disk_whose_commands_have_not_timed_out_does_not_answer),
		cmocka_unit_test(a_command_being_aborted_is_recovery_too),
		each_layout(a_blocked_disk_says_so_even_with_nothing_in_flight),
		each_layout(a_disk_with_nothing_in_flight_may_owe_while_it_is_kept_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
