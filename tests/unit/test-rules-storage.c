/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rules of XFS and btrfs on made kernels
 */
#include "test.h"

#include "fakekernel.h"
#include "layouts.h"

enum { LI_BUF = 0x123c, LI_INODE = 0x123b, LI_FAILED = 1 << 2 };

/* Sleep in a queue, by an entry on the stack. */
static void wait_in(struct fk_task *t, iq_vaddr head)
{
	struct fakekernel *k = t->k;
	iq_vaddr entry = fk_local(t, "wait_queue_entry");

	if (!fk_get_u64(k, head + fk_off(k, "wait_queue_head.head")))
		fk_list_init(k, head + fk_off(k, "wait_queue_head.head"));
	fk_put(k, entry, "wait_queue_entry.private", t->addr);
	fk_put(k, entry, "wait_queue_entry.func", fk_func(k, "autoremove_wake_function"));
	fk_list_add_tail(k, head + fk_off(k, "wait_queue_head.head"),
			 entry + fk_off(k, "wait_queue_entry.entry"));
	fk_switch(t, FK_D);
}

/* ---- btrfs ---- */

struct btrfs {
	iq_vaddr sb, info, transaction, devices;
};

static struct btrfs make_btrfs(struct fakekernel *k)
{
	iq_vaddr sb = fk_sb(k, "btrfs", "/dev/vdb", "/data");
	struct btrfs b = { sb, fk_alloc(k, "btrfs_fs_info"), fk_alloc(k, "btrfs_transaction"),
			   fk_alloc(k, "btrfs_fs_devices") };

	fk_list_init(k, b.devices + fk_off(k, "btrfs_fs_devices.devices"));
	fk_put(k, b.info, "btrfs_fs_info.fs_devices", b.devices);
	fk_put(k, sb, "super_block.s_fs_info", b.info);
	fk_put(k, b.info, "btrfs_fs_info.sb", sb);
	fk_put(k, b.info, "btrfs_fs_info.running_transaction", b.transaction);
	fk_put(k, b.transaction, "btrfs_transaction.fs_info", b.info);
	fk_put(k, b.transaction, "btrfs_transaction.num_writers.counter", 2);
	return b;
}

static void open_handle(struct fk_task *t, iq_vaddr transaction)
{
	iq_vaddr handle = fk_alloc(t->k, "btrfs_trans_handle");

	fk_put(t->k, handle, "btrfs_trans_handle.transaction", transaction);
	fk_task_put(t, "journal_info", handle);
}

static void commit_waits_for_who_has_a_handle_open(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct btrfs b = make_btrfs(k), other = make_btrfs(k);
	struct fk_task *holder = fk_task(k, 90, "cp"), *bystander = fk_task(k, 91, "mv"),
		       *committer = fk_task(k, 100, "sync"), *late = fk_task(k, 101, "rm");
	const struct iq_cause *cause;
	const struct iq_why *why;

	open_handle(holder, b.transaction);
	fk_calls(holder, "mystery_read");
	fk_switch(holder, FK_D);
	open_handle(bystander, other.transaction);
	fk_nanosleep(bystander);
	open_handle(committer, b.transaction);
	fk_calls(committer, "btrfs_sync_fs", "btrfs_commit_transaction");
	wait_in(committer, b.transaction + fk_off(k, "btrfs_transaction.writer_wait"));
	fk_calls(late, "btrfs_unlink", "start_transaction", "wait_current_trans");
	wait_in(late, b.info + fk_off(k, "btrfs_fs_info.transaction_wait"));
	why = fk_why(k);
	assert_int_equal(why->causes->list.num, 1);
	cause = why->causes->list.data[0];
	assert_int_equal(cause->root->tid, 90);
	assert_string_equal(fk_blocked(k, cause), "100,101");
	assert_string_equal(fk_chain(k, cause),
			    "rm > the commit of the running transaction of btrfs on "
			    "/dev/vdb, mounted at /data > sync > the open handles of a "
			    "transaction of btrfs on /dev/vdb, mounted at /data > cp");
	fakekernel_free(k);
}

/* Its list of devices leads into nothing: that is said, counted, and changes nothing else. */
static void what_contradicts_itself_is_counted(enum fk_flavour f)
{
	for (int broken = 0; broken < 2; broken++) {
		struct fakekernel *k = fakekernel_new(f);
		struct btrfs b = make_btrfs(k);
		struct fk_task *writer = fk_task(k, 100, "touch");
		const struct iq_why *why;

		if (broken)
			fk_u64(k, b.devices + fk_off(k, "btrfs_fs_devices.devices"), 0x4711);
		fk_freeze(k, b.sb);
		fk_calls(writer, "mnt_want_write");
		fk_wait_percpu(writer, fk_sb_level(k, b.sb, 0), false);
		why = fk_why(k);
		assert_string_equal(fk_blocked(k, fk_cause(why, IQ_CAUSE_FS_FROZEN)), "100");
		assert_int_equal(why->num_inconsistent, broken);
		assert_int_equal(why->notes.num, broken);
		fakekernel_free(k);
	}
}

/* The superblock does not lead back: whatever that was, it is no btrfs. */
static void queue_of_something_else_is_no_transaction(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct btrfs b = make_btrfs(k);
	struct fk_task *holder = fk_task(k, 90, "cp"), *committer = fk_task(k, 100, "sync");

	fk_put(k, b.info, "btrfs_fs_info.sb", fk_alloc(k, "super_block"));
	open_handle(holder, b.transaction);
	fk_nanosleep(holder);
	fk_calls(committer, "btrfs_commit_transaction");
	wait_in(committer, b.transaction + fk_off(k, "btrfs_transaction.writer_wait"));
	assert_int_equal(fk_cause(fk_why(k), IQ_CAUSE_UNKNOWN)->root->tid, 100);
	fakekernel_free(k);
}

/* ---- XFS ---- */

struct xfs {
	iq_vaddr sb, log, ail;
};

static struct xfs make_xfs(struct fakekernel *k)
{
	struct xfs x = { fk_sb(k, "xfs", "/dev/vdb", "/data"), fk_alloc(k, "xlog"),
			 fk_alloc(k, "xfs_ail") };
	iq_vaddr mount = fk_alloc(k, "xfs_mount");

	fk_put(k, x.sb, "super_block.s_fs_info", mount);
	fk_put(k, mount, "xfs_mount.m_super", x.sb);
	fk_put(k, mount, "xfs_mount.m_log", x.log);
	fk_put(k, mount, "xfs_mount.m_ail", x.ail);
	fk_put(k, x.log, "xlog.l_mp", mount);
	fk_put(k, x.log, "xlog.l_ailp", x.ail);
	fk_list_init(k, x.ail + fk_off(k, "xfs_ail.ail_head"));
	return x;
}

static void add_item(struct fakekernel *k, const struct xfs *x, uint32_t type, uint64_t flags,
		     int32_t error)
{
	iq_vaddr item = fk_alloc(k, "xfs_buf_log_item"), buf = fk_alloc(k, "xfs_buf");

	fk_put(k, buf, "xfs_buf.b_last_error", (uint64_t)(int64_t)error);
	fk_put(k, buf, "xfs_buf.b_rhash_key", 491648);
	fk_put(k, item, "xfs_log_item.li_type", type);
	fk_put(k, item, "xfs_log_item.li_flags", flags);
	fk_put(k, item, type == LI_BUF ? "xfs_buf_log_item.bli_buf" : "xfs_log_item.li_buf", buf);
	fk_list_add_tail(k, x->ail + fk_off(k, "xfs_ail.ail_head"),
			 item + fk_off(k, "xfs_log_item.li_ail"));
}

static struct fk_task *unmount(struct fakekernel *k, const struct xfs *x)
{
	struct fk_task *t = fk_task(k, 100, "umount");

	fk_calls(t, "xfs_unmountfs", "xfs_ail_push_all_sync");
	fk_word(t, x->log);
	fk_calls(t, "schedule");
	fk_switch(t, FK_D);
	return t;
}

static void metadata_that_cannot_be_written_is_the_root(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct xfs x = make_xfs(k);
	const struct iq_cause *cause;

	add_item(k, &x, LI_BUF, 0, 0);
	add_item(k, &x, LI_INODE, LI_FAILED, -5);
	add_item(k, &x, LI_BUF, 0, -5);
	unmount(k, &x);
	cause = fk_cause(fk_why(k), IQ_CAUSE_FS_FAILED);
	assert_string_equal(fk_blocked(k, cause), "100");
	assert_string_equal(cause->root->name, "xfs on /dev/vdb, mounted at /data");
	assert_true(cause->remedy.num > 0);
	assert_non_null(strstr(cause->evidence.data[1], "2 of the 3 log items"));
	fakekernel_free(k);
}

/* A thaw does not mend what cannot be written: of two that are as sure the failure stands. */
static void verdict_of_a_failed_filesystem_stands_where_it_is_frozen_too(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct xfs x = make_xfs(k);
	const struct iq_cause *cause;

	add_item(k, &x, LI_BUF, 0, -5);
	unmount(k, &x);
	fk_freeze(k, x.sb);
	cause = fk_cause(fk_why(k), IQ_CAUSE_FS_FAILED);
	assert_non_null(cause);
	assert_true(cause->root->verdict->final);
	fakekernel_free(k);
}

static void metadata_that_is_only_slow_is_no_failure(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct xfs x = make_xfs(k);

	add_item(k, &x, LI_BUF, 0, 0);
	add_item(k, &x, LI_INODE, 0, 0);
	unmount(k, &x);
	assert_int_equal(fk_cause(fk_why(k), IQ_CAUSE_UNKNOWN)->root->tid, 100);
	fakekernel_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		each_layout(commit_waits_for_who_has_a_handle_open),
		each_layout(what_contradicts_itself_is_counted),
		each_layout(queue_of_something_else_is_no_transaction),
		each_layout(metadata_that_cannot_be_written_is_the_root),
		each_layout(verdict_of_a_failed_filesystem_stands_where_it_is_frozen_too),
		each_layout(metadata_that_is_only_slow_is_no_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
