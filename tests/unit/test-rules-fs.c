/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rules for filesystems on made kernels, and the incident that they are for: a frozen
 * filesystem, and a ps that hangs far away from it
 */
#include "test.h"

#include "fakekernel.h"
#include "layouts.h"

static iq_vaddr mmap_lock_of(struct fk_task *t)
{
	return fk_mm(t) + fk_off(t->k, "mm_struct.mmap_lock");
}

static struct fk_task *ps(struct fakekernel *k, int32_t pid, struct fk_task *of)
{
	struct fk_task *t = fk_task(k, pid, "ps");

	fk_syscall(t, 0, 6, 0x7ffd1000);
	fk_calls(t, "__x64_sys_read", "ksys_read", "vfs_read", "proc_pid_cmdline_read",
		 "access_remote_vm", "__access_remote_vm");
	fk_word(t, fk_mm(of));
	fk_wait_read(t, mmap_lock_of(of), true);
	return t;
}

static void wait_thawed(struct fk_task *t, iq_vaddr sb, unsigned level)
{
	fk_word(t, sb);
	fk_wait_percpu(t, fk_sb_level(t->k, sb, level), false);
}

/* Mapper's thread 1 faults on a frozen filesystem, thread 2 wants to change the mapping, ps reads
 * argv. */
static void incident(enum fk_flavour flavour)
{
	struct fakekernel *k = fakekernel_new(flavour);
	iq_vaddr sb = fk_sb(k, "ext4", "/dev/vdb", "/data");
	struct fk_task *mapper = fk_task(k, 310, "mapper");
	struct fk_task *a = fk_thread(mapper, 311, "writer"),
		       *b = fk_thread(mapper, 312, "unmapper");
	iq_vaddr vma = fk_vma(mapper, 0x7f0000000000, 0x10000, fk_file(k, fk_inode(k, sb, "file")));
	const struct iq_why *why;
	const struct iq_cause *cause;

	fk_freeze(k, sb);
	fk_nanosleep(mapper);
	fk_write_fault(a, vma);
	fk_calls(a, "ext4_page_mkwrite");
	wait_thawed(a, sb, 1);
	fk_syscall(b, 11, 0x7f0000000000, 0x1000);
	fk_calls(b, "__x64_sys_munmap", "__vm_munmap");
	if (flavour == FK_OLD)
		fk_wait_write(b, mmap_lock_of(mapper), true);
	else
		fk_wait_vma(b, vma);
	ps(k, 400, mapper);
	ps(k, 401, mapper);
	fk_waited(a, 100);

	why = fk_why(k);
	assert_string_equal(
		fk_causes(k, why),
		flavour == FK_OLD
			? "fs.frozen strong fs:254:32 [311,312,400,401] ps > mmap_lock of process "
			  "310 (mapper) > "
			  "unmapper > mmap_lock of process 310 (mapper) > writer > "
			  "freeze protection (page faults) of ext4 on /dev/vdb, mounted at /data > "
			  "ext4 on /dev/vdb, mounted at /data"
			: "fs.frozen strong fs:254:32 [311,312,400,401] ps > mmap_lock of process "
			  "310 (mapper) > "
			  "unmapper > lock of the mapping 7f0000000000-7f0000010000 of process 310 "
			  "(mapper) > writer > "
			  "freeze protection (page faults) of ext4 on /dev/vdb, mounted at /data > "
			  "ext4 on /dev/vdb, mounted at /data");
	cause = fk_cause(why, IQ_CAUSE_FS_FROZEN);
	assert_string_equal(cause->summary, "ext4 on /dev/vdb, mounted at /data, is frozen");
	assert_int_equal(cause->oldest_ms, 100000);
	assert_true(cause->evidence.num > 0);
	assert_true(cause->remedy.num > 0);
	assert_false(why->incomplete);
	assert_int_equal(why->notes.num, 0);
	fakekernel_free(k);
}

static void incident_on_an_old_kernel(void **state)
{
	(void)state;
	incident(FK_OLD);
}

static void incident_on_a_kernel_whose_mappings_have_a_semaphore(void **state)
{
	(void)state;
	incident(FK_MID);
}

static void incident_on_a_kernel_whose_mappings_count_readers(void **state)
{
	(void)state;
	incident(FK_NEW);
}

/* ---- freezes ---- */

static struct fk_task *write_blocked(struct fakekernel *k, int32_t pid, iq_vaddr sb)
{
	struct fk_task *t = fk_task(k, pid, "dd");

	fk_calls(t, "ksys_write", "vfs_write");
	wait_thawed(t, sb, 0);
	return t;
}

static void only_the_frozen_filesystem_is_blamed(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr home = fk_sb(k, "xfs", "/dev/vdc", "/home"),
		 data = fk_sb(k, "ext4", "/dev/vdb", "/data");

	fk_freeze(k, data);
	write_blocked(k, 100, data);
	/* Closed by somebody, but not frozen. */
	fk_put(k, fk_sb_level(k, home, 0), "percpu_rw_semaphore.block.counter", 1);
	write_blocked(k, 101, home);
	assert_string_equal(fk_blocked(k, fk_cause(fk_why(k), IQ_CAUSE_FS_FROZEN)), "100");
	assert_string_equal(fk_cause(fk_why(k), IQ_CAUSE_FS_FROZEN)->root->name,
			    "ext4 on /dev/vdb, mounted at /data");
	fakekernel_free(k);
}

static void frozen_filesystem_that_is_not_mounted_here(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr sb = fk_sb(k, "ext4", "/dev/vdb", NULL);
	const struct iq_cause *cause;

	fk_freeze(k, sb);
	write_blocked(k, 100, sb);
	cause = fk_cause(fk_why(k), IQ_CAUSE_FS_FROZEN);
	assert_string_equal(cause->summary, "ext4 on vdb is frozen");
	/* No command that leaves a name to be filled in. */
	assert_true(cause->root->verdict->remedy.num > 0);
	for (size_t i = 0; i < cause->root->verdict->remedy.num; i++) {
		assert_null(strstr(cause->root->verdict->remedy.data[i].text, "MOUNTPOINT"));
		assert_null(strstr(cause->root->verdict->remedy.data[i].text, "fsfreeze"));
	}
	fakekernel_free(k);
}

static void frozen_filesystem_for_which_nobody_waits_is_no_cause(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);

	fk_freeze(k, fk_sb(k, "ext4", "/dev/vdb", "/data"));
	fk_nanosleep(fk_task(k, 100, "backup"));
	assert_string_equal(fk_causes(k, fk_why(k)), "");
	fakekernel_free(k);
}

/* The freezer waits for a writer to leave, and that one sleeps: he is the root, the freeze a step.
 */
static void freeze_under_way_leads_to_whom_the_freezer_waits_for(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr sb = fk_sb(k, "ext4", "/dev/vdb", "/data"), lock = fk_sb_level(k, sb, 0);
	struct fk_task *freezer = fk_task(k, 100, "fsfreeze"), *inside = fk_task(k, 90, "cp");
	const struct iq_cause *cause;

	fk_put(k, sb, "super_block.s_writers.frozen", 1);
	fk_calls(inside, "ksys_write", "vfs_write");
	fk_word(inside, lock);
	fk_calls(inside, "mystery_write");
	fk_switch(inside, FK_D);
	fk_calls(freezer, "ioctl_fsfreeze", "freeze_super");
	fk_word(freezer, sb);
	fk_drain_percpu(freezer, lock, 1);
	write_blocked(k, 101, sb);
	cause = fk_why(k)->causes->list.data[0];
	assert_int_equal(cause->root->tid, 90);
	assert_string_equal(fk_blocked(k, cause), "100,101");
	assert_int_equal(cause->kind, IQ_CAUSE_UNKNOWN);
	fakekernel_free(k);
}

static void second_freezer_is_not_taken_for_the_first(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr sb = fk_sb(k, "ext4", "/dev/vdb", "/data"), lock = fk_sb_level(k, sb, 0);
	struct fk_task *second = fk_task(k, 90, "fsfreeze"), *first = fk_task(k, 100, "fsfreeze");
	const struct iq_why *why;

	fk_put(k, sb, "super_block.s_writers.frozen", 1);
	fk_calls(first, "ioctl_fsfreeze", "freeze_super");
	fk_word(first, sb);
	fk_drain_percpu(first, lock, 1);
	fk_calls(second, "ioctl_fsfreeze", "freeze_super");
	fk_word(second, sb);
	fk_switch(second, FK_D);
	write_blocked(k, 101, sb);
	why = fk_why(k);
	assert_string_equal(fk_blocked(k, why->causes->list.data[0]), "101");
	assert_int_equal(why->causes->list.data[0]->root->tid, 100);
	fakekernel_free(k);
}

/* Between two levels it works on in freeze_super(): none of them knows a writer then. Who it is of
 * two is not known. */
static void freezer_that_waits_at_no_level_is_found_by_what_it_does(enum fk_flavour f)
{
	for (int num = 1; num <= 2; num++) {
		struct fakekernel *k = fakekernel_new(f);
		iq_vaddr sb = fk_sb(k, "ext4", "/dev/vdb", "/data");
		const struct iq_why *why;
		size_t found = 0;

		fk_put(k, sb, "super_block.s_writers.frozen", 2);
		fk_put(k, fk_sb_level(k, sb, 0), "percpu_rw_semaphore.block.counter", 1);
		for (int i = 0; i < num; i++) {
			struct fk_task *t = fk_task(k, 90 + i, "fsfreeze");

			fk_calls(t, "ioctl_fsfreeze", "freeze_super");
			fk_word(t, sb);
			fk_calls(t, "sync_mystery");
			fk_switch(t, FK_D);
		}
		write_blocked(k, 101, sb);
		why = fk_why(k);
		for (size_t i = 0; i < why->graph->edges.num; i++) {
			const struct iq_edge *e = why->graph->edges.data[i];

			if (e->from->tid != 101 || e->to->type != IQ_OBJ_TASK)
				continue;
			found++;
			assert_string_equal(e->how, "is freezing it");
			assert_int_equal(e->certainty, num == 1 ? IQ_STRONG : IQ_LIKELY);
		}
		assert_int_equal(found, num);
		fakekernel_free(k);
	}
}

static void holder_of_an_inode_that_waits_for_the_thaw_passes_it_on(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr sb = fk_sb(k, "ext4", "/dev/vdb", "/data"), inode = fk_inode(k, sb, "dir");
	iq_vaddr lock = inode + fk_off(k, "inode.i_rwsem");
	struct fk_task *holder = fk_task(k, 100, "rm"), *late = fk_task(k, 101, "mkdir");

	fk_freeze(k, sb);
	fk_rwsem_take_write(holder, lock);
	fk_calls(holder, "do_rmdir", "vfs_rmdir", "ext4_journal_start_sb");
	wait_thawed(holder, sb, 2);
	fk_calls(late, "do_mkdirat", "filename_create");
	fk_wait_write(late, lock, false);
	assert_string_equal(
		fk_causes(k, fk_why(k)),
		"fs.frozen proven fs:254:32 [100,101] mkdir > i_rwsem of /data/dir > rm > "
		"freeze protection (its own work) of ext4 on /dev/vdb, mounted at /data > "
		"ext4 on /dev/vdb, mounted at /data");
	fakekernel_free(k);
}

/* sync holds s_umount and waits for the thaw, which needs s_umount. */
static void thaw_that_waits_for_what_a_blocked_task_holds_is_a_deadlock(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr sb = fk_sb(k, "ext4", "/dev/vdb", "/data");
	iq_vaddr umount = sb + fk_off(k, "super_block.s_umount");
	struct fk_task *sync = fk_task(k, 100, "sync"), *thawer = fk_task(k, 101, "fsfreeze");
	const struct iq_cause *cause;

	fk_freeze(k, sb);
	fk_rwsem_take_read(sync, umount);
	fk_calls(sync, "ksys_sync", "iterate_supers");
	fk_word(sync, umount);
	fk_calls(sync, "sync_inodes_one_sb", "ext4_journal_start_sb");
	wait_thawed(sync, sb, 2);
	fk_calls(thawer, "ioctl_fsthaw", "thaw_super");
	fk_word(thawer, sb);
	fk_wait_write(thawer, umount, false);
	write_blocked(k, 102, sb);
	cause = fk_cause(fk_why(k), IQ_CAUSE_DEADLOCK);
	assert_non_null(cause);
	assert_string_equal(fk_blocked(k, cause), "100,101,102");
	fakekernel_free(k);
}

/* ---- names ---- */

static const char *lock_name(const struct iq_why *why, int64_t tid)
{
	for (size_t i = 0; i < why->graph->waits.num; i++)
		if (why->graph->waits.data[i]->task->tid == tid)
			return why->graph->waits.data[i]->on->name;
	return "";
}

static void locks_of_filesystems_are_named(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr sb = fk_sb(k, "ext4", "/dev/vdb", "/data"), inode = fk_inode(k, sb, "file");
	iq_vaddr file = fk_file(k, inode);
	const struct iq_why *why;

	fk_wait_write(fk_task(k, 100, "umount"), sb + fk_off(k, "super_block.s_umount"), false);
	fk_wait_read(fk_task(k, 101, "ls"), inode + fk_off(k, "inode.i_rwsem"), false);
	fk_wait_read(fk_task(k, 102, "cat"), inode + fk_off(k, "inode.i_data.invalidate_lock"),
		     false);
	fk_wait_mutex(fk_task(k, 103, "tail"), file + fk_off(k, "file.f_pos_lock"));
	why = fk_why(k);
	assert_string_equal(lock_name(why, 100), "s_umount of ext4 on /dev/vdb, mounted at /data");
	assert_string_equal(lock_name(why, 101), "i_rwsem of /data/file");
	assert_string_equal(lock_name(why, 102), "invalidate_lock of /data/file");
	assert_string_equal(lock_name(why, 103), "f_pos_lock of an open file, /data/file");
	fakekernel_free(k);
}

static void lists_of_superblocks_that_do_not_close_name_nothing_wrong(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr sb = fk_sb(k, "ext4", "/dev/vdb", "/data"),
		 other = fk_sb(k, "xfs", "/dev/vdc", "/home");

	fk_freeze(k, other);
	write_blocked(k, 100, other);
	fk_u64(k, sb, sb);
	assert_null(fk_cause(fk_why(k), IQ_CAUSE_DEADLOCK));
	assert_null(fk_cause(fk_why(k), IQ_CAUSE_FS_FROZEN));
	fakekernel_free(k);
}

/* ---- a machine that moves ---- */

static void thaw(struct fakekernel *k, unsigned num_pauses, void *ctx)
{
	(void)num_pauses;
	fk_put(k, *(iq_vaddr *)ctx, "super_block.s_writers.frozen", 0);
}

static void filesystem_thawed_between_looks_is_no_cause(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr sb = fk_sb(k, "ext4", "/dev/vdb", "/data");

	fk_freeze(k, sb);
	write_blocked(k, 100, sb);
	fk_live(k, thaw, &sb);
	assert_null(fk_cause(fk_why(k), IQ_CAUSE_FS_FROZEN));
	fakekernel_free(k);
}

static void incident_on_a_running_machine(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr sb = fk_sb(k, "ext4", "/dev/vdb", "/data");

	fk_freeze(k, sb);
	write_blocked(k, 100, sb);
	fk_live(k, NULL, NULL);
	assert_string_equal(fk_blocked(k, fk_cause(fk_why(k), IQ_CAUSE_FS_FROZEN)), "100");
	fakekernel_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(incident_on_an_old_kernel),
		cmocka_unit_test(incident_on_a_kernel_whose_mappings_have_a_semaphore),
		cmocka_unit_test(incident_on_a_kernel_whose_mappings_count_readers),
		each_layout(only_the_frozen_filesystem_is_blamed),
		each_layout(frozen_filesystem_that_is_not_mounted_here),
		each_layout(frozen_filesystem_for_which_nobody_waits_is_no_cause),
		each_layout(freeze_under_way_leads_to_whom_the_freezer_waits_for),
		each_layout(second_freezer_is_not_taken_for_the_first),
		each_layout(freezer_that_waits_at_no_level_is_found_by_what_it_does),
		each_layout(holder_of_an_inode_that_waits_for_the_thaw_passes_it_on),
		each_layout(thaw_that_waits_for_what_a_blocked_task_holds_is_a_deadlock),
		each_layout(locks_of_filesystems_are_named),
		each_layout(lists_of_superblocks_that_do_not_close_name_nothing_wrong),
		each_layout(filesystem_thawed_between_looks_is_no_cause),
		each_layout(incident_on_a_running_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
