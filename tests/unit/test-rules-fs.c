/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rules for filesystems on made kernels, and the incident that they are for: a frozen
 * filesystem, and a ps that hangs far away from it
 */
#include "test.h"

#include "fakekernel.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(incident_on_an_old_kernel),
		cmocka_unit_test(incident_on_a_kernel_whose_mappings_have_a_semaphore),
		cmocka_unit_test(incident_on_a_kernel_whose_mappings_count_readers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
