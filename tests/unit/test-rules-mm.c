/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rules for address spaces and processes' locks, on made kernels of each layout
 */
#include "test.h"

#include "fakekernel.h"
#include "layouts.h"

static iq_vaddr mmap_lock_of(struct fk_task *t)
{
	return fk_mm(t) + fk_off(t->k, "mm_struct.mmap_lock");
}

/* What a fault under mmap_lock looks like; newer kernels do that too, where the lock of the mapping
 * is not to be had. */
static struct fk_task *faulting(struct fk_task *leader, int32_t pid, const char *inside)
{
	struct fk_task *t = fk_thread(leader, pid, "fault");

	fk_rwsem_take_read(t, mmap_lock_of(leader));
	fk_calls(t, "asm_exc_page_fault", "exc_page_fault", "do_user_addr_fault", "handle_mm_fault",
		 "__handle_mm_fault", "do_fault", inside);
	fk_switch(t, FK_D);
	return t;
}

static struct fk_task *wants_to_map(struct fk_task *leader, int32_t pid)
{
	struct fk_task *t = fk_thread(leader, pid, "mapping");

	fk_syscall(t, 9, 0, 4096);
	fk_calls(t, "__x64_sys_mmap", "ksys_mmap_pgoff", "vm_mmap_pgoff");
	fk_wait_write(t, mmap_lock_of(leader), true);
	return t;
}

static struct fk_task *process(struct fakekernel *k, int32_t pid, const char *comm)
{
	struct fk_task *t = fk_task(k, pid, comm);

	fk_nanosleep(t);
	return t;
}

static const char *lock_name(const struct iq_why *why, int64_t tid)
{
	for (size_t i = 0; i < why->graph->waits.num; i++)
		if (why->graph->waits.data[i]->task->tid == tid)
			return why->graph->waits.data[i]->on->name;
	return "";
}

/* ---- names ---- */

static void locks_of_processes_are_named(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *p = process(k, 312, "mapper"), *t = fk_thread(p, 313, "thread");
	iq_vaddr exec = fk_signal(p) + fk_off(k, "signal_struct.exec_update_lock");
	iq_vaddr cred = fk_signal(p) + fk_off(k, "signal_struct.cred_guard_mutex");
	const struct iq_why *why;

	fk_nanosleep(t);
	fk_rwsem_take_write(t, exec);
	fk_mutex_take(t, cred);
	fk_rwsem_take_write(t, mmap_lock_of(p));
	fk_wait_read(fk_task(k, 400, "ps"), exec, true);
	fk_wait_mutex(fk_task(k, 401, "gdb"), cred);
	fk_wait_read(fk_task(k, 402, "ps"), mmap_lock_of(p), true);
	why = fk_why(k);
	assert_string_equal(lock_name(why, 400), "exec_update_lock of process 312 (mapper)");
	assert_string_equal(lock_name(why, 401), "cred_guard_mutex of process 312 (mapper)");
	assert_string_equal(lock_name(why, 402), "mmap_lock of process 312 (mapper)");
	assert_string_equal(fk_blocked(k, fk_cause(why, IQ_CAUSE_TASK_SLEEPING)), "400,401,402");
	assert_int_equal(fk_cause(why, IQ_CAUSE_TASK_SLEEPING)->root->tid, 313);
	fakekernel_free(k);
}

/* execve that waits for its old AIO, exec_update_lock held: the place is named, and no more
 * claimed. */
static void exec_in_an_unknown_wait_is_unknown(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *p = fk_task(k, 312, "aio");
	iq_vaddr exec = fk_signal(p) + fk_off(k, "signal_struct.exec_update_lock");

	fk_rwsem_take_write(p, exec);
	fk_calls(p, "__x64_sys_execve", "begin_new_exec", "exec_mmap", "mmput", "exit_aio",
		 "wait_for_completion");
	fk_switch(p, FK_D);
	fk_wait_read(fk_task(k, 400, "ps"), exec, true);
	assert_string_equal(fk_causes(k, fk_why(k)),
			    "unknown strong task:312 [400] ps > exec_update_lock of "
			    "process 312 (aio) > aio");
	fakekernel_free(k);
}

/* ---- readers of mmap_lock ---- */

static void as_many_faults_as_readers_are_the_readers(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *p = process(k, 300, "java");
	const struct iq_why *why;

	faulting(p, 301, "do_page_mkwrite");
	faulting(p, 302, "do_page_mkwrite");
	wants_to_map(p, 303);
	why = fk_why(k);
	assert_int_equal(why->causes->list.num, 2);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(why->causes->list.data[i]->certainty, IQ_STRONG);
		assert_string_equal(fk_blocked(k, why->causes->list.data[i]), "303");
	}
	fakekernel_free(k);
}

static void more_faults_than_readers_are_likely_at_most(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *p = process(k, 300, "java");
	const struct iq_why *why;

	for (int i = 301; i < 304; i++)
		faulting(p, i, "do_page_mkwrite");
	fk_put(k, mmap_lock_of(p), "rw_semaphore.count.counter", 0x200);
	wants_to_map(p, 310);
	why = fk_why(k);
	assert_int_equal(why->causes->list.num, 3);
	for (int i = 0; i < 3; i++)
		if (why->causes->list.data[i]->blocked.num)
			assert_int_equal(why->causes->list.data[i]->certainty, IQ_LIKELY);
	fakekernel_free(k);
}

/* filemap_fault() lets go of the lock before it sleeps, the first time. */
static void fault_that_may_have_let_go_is_not_blamed_beside_one_that_cannot(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *p = process(k, 300, "java");
	const struct iq_why *why;

	faulting(p, 301, "do_page_mkwrite");
	faulting(p, 302, "filemap_fault");
	fk_put(k, mmap_lock_of(p), "rw_semaphore.count.counter", 0x100);
	wants_to_map(p, 303);
	why = fk_why(k);
	assert_string_equal(fk_blocked(k, why->causes->list.data[0]), "303");
	assert_int_equal(why->causes->list.data[0]->root->tid, 301);
	assert_int_equal(why->causes->list.data[0]->certainty, IQ_STRONG);
	assert_int_equal(why->causes->list.data[1]->blocked.num, 0);
	fakekernel_free(k);
}

/* The reader may be somebody else, in a function that nobody knows. */
static void fault_that_may_have_let_go_is_likely_at_most(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *p = process(k, 300, "java");
	const struct iq_why *why;

	faulting(p, 301, "filemap_fault");
	wants_to_map(p, 303);
	why = fk_why(k);
	assert_int_equal(why->causes->list.data[0]->root->tid, 301);
	assert_int_equal(why->causes->list.data[0]->certainty, IQ_LIKELY);
	fakekernel_free(k);
}

/* ... unless its struct vm_fault says which of the two tries it is. */
static void fault_at_its_second_try_has_kept_the_lock(enum fk_flavour f)
{
	enum { ALLOW_RETRY = 4, TRIED = 0x20 };

	for (int again = 0; again < 2; again++) {
		struct fakekernel *k = fakekernel_new(f);
		struct fk_task *p = process(k, 300, "java"), *t = fk_thread(p, 301, "fault");
		iq_vaddr vma = fk_vma(t, 0x7f0000000000, 0x10000, 0), vmf;
		const struct iq_why *why;

		fk_calls(t, "do_user_addr_fault", "handle_mm_fault", "__handle_mm_fault");
		fk_put(k, vma, "vm_area_struct.vm_pgoff", 7);
		vmf = fk_local(t, "vm_fault");
		fk_put(k, vmf, "vm_fault.vma", vma);
		fk_put(k, vmf, "vm_fault.address", 0x7f0000003000);
		fk_put(k, vmf, "vm_fault.pgoff", 10);
		fk_put(k, vmf, "vm_fault.flags", again ? ALLOW_RETRY | TRIED : ALLOW_RETRY);
		fk_calls(t, "filemap_fault", "wait_for_mystery");
		fk_switch(t, FK_D);
		fk_put(k, mmap_lock_of(p), "rw_semaphore.count.counter", 0x100);
		wants_to_map(p, 303);
		why = fk_why(k);
		for (size_t i = 0; i < why->graph->edges.num; i++)
			assert_true(again || why->graph->edges.data[i]->to->tid != 301);
		if (again) {
			assert_int_equal(why->causes->list.data[0]->root->tid, 301);
			assert_int_equal(why->causes->list.data[0]->certainty, IQ_STRONG);
		}
		fakekernel_free(k);
	}
}

static void userfault_holds_nothing(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *p = process(k, 300, "qemu");
	const struct iq_why *why;

	faulting(p, 301, "handle_userfault");
	faulting(p, 302, "do_page_mkwrite");
	fk_put(k, mmap_lock_of(p), "rw_semaphore.count.counter", 0x100);
	wants_to_map(p, 303);
	why = fk_why(k);
	assert_string_equal(fk_blocked(k, why->causes->list.data[0]), "303");
	assert_int_equal(why->causes->list.data[0]->root->tid, 302);
	assert_int_equal(why->causes->list.data[0]->certainty, IQ_STRONG);
	fakekernel_free(k);
}

/* Who reads a foreign process's memory and sleeps there holds that process's lock, not its own. */
static void ps_that_sleeps_on_a_page_holds_the_lock_of_the_process_it_looks_at(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *p = process(k, 300, "java"), *ps = fk_task(k, 400, "ps");

	fk_rwsem_take_read(ps, mmap_lock_of(p));
	fk_calls(ps, "proc_pid_cmdline_read", "access_remote_vm", "__access_remote_vm");
	fk_word(ps, fk_mm(p));
	fk_calls(ps, "get_user_page_vma_remote", "do_swap_page", "folio_wait_bit_common");
	fk_switch(ps, FK_D);
	wants_to_map(p, 303);
	assert_string_equal(fk_causes(k, fk_why(k)),
			    "unknown strong task:400 [303] mapping > mmap_lock of process "
			    "300 (java) > ps");
	fakekernel_free(k);
}

static void thread_that_reads_another_process_does_not_hold_its_own_lock(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *p = process(k, 300, "java"), *q = process(k, 320, "other");
	struct fk_task *reader = fk_thread(p, 302, "reader");
	const struct iq_why *why;

	faulting(p, 301, "do_page_mkwrite");
	fk_rwsem_take_read(reader, mmap_lock_of(q));
	fk_calls(reader, "mem_rw", "access_remote_vm", "__access_remote_vm");
	fk_word(reader, fk_mm(q));
	fk_calls(reader, "__get_user_pages", "faultin_page", "handle_mm_fault", "do_swap_page");
	fk_switch(reader, FK_D);
	wants_to_map(p, 303);
	wants_to_map(q, 321);
	why = fk_why(k);
	assert_string_equal(fk_causes(k, why), "unknown strong task:301 [303] mapping > "
					       "mmap_lock of process 300 (java) > fault\n"
					       "unknown strong task:302 [321] mapping > "
					       "mmap_lock of process 320 (other) > reader");
	fakekernel_free(k);
}

/* Inside of what takes the lock further in: it waits for it, and has it not. */
static void who_waits_for_the_lock_does_not_hold_it(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *p = process(k, 300, "java"), *reader = fk_task(k, 400, "strace");
	const struct iq_why *why;

	faulting(p, 301, "do_page_mkwrite");
	wants_to_map(p, 303);
	fk_calls(reader, "__x64_sys_process_vm_readv", "process_vm_rw_core");
	fk_word(reader, fk_mm(p));
	fk_calls(reader, "process_vm_rw_single_vec", "mmap_read_lock");
	fk_wait_read(reader, mmap_lock_of(p), false);
	fk_put(k, mmap_lock_of(p), "rw_semaphore.count.counter", 0x102);
	why = fk_why(k);
	assert_null(fk_cause(why, IQ_CAUSE_DEADLOCK));
	assert_string_equal(fk_causes(k, why),
			    "unknown strong task:301 [303,400] strace > mmap_lock of "
			    "process 300 (java) > "
			    "mapping > mmap_lock of process 300 (java) > fault");
	fakekernel_free(k);
}

/* A fault that wants the lock a second time, behind a writer: nobody of the two goes on. */
static void fault_that_takes_the_lock_again_behind_a_writer_is_a_deadlock(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *p = process(k, 300, "java"), *t = fk_thread(p, 301, "fault");

	fk_rwsem_take_read(t, mmap_lock_of(p));
	wants_to_map(p, 303);
	fk_calls(t, "asm_exc_page_fault", "exc_page_fault", "do_user_addr_fault", "handle_mm_fault",
		 "do_page_mkwrite", "get_user_pages_unlocked");
	fk_wait_read(t, mmap_lock_of(p), false);
	assert_string_equal(fk_blocked(k, fk_cause(fk_why(k), IQ_CAUSE_DEADLOCK)), "301,303");
	fakekernel_free(k);
}

/* ---- locks of mappings ---- */

static iq_vaddr mapping(struct fakekernel *k, struct fk_task *p, uint64_t start)
{
	iq_vaddr sb = fk_sb(k, "ext4", "/dev/vdb", "/data");

	return fk_vma(p, start, 0x4000, fk_file(k, fk_inode(k, sb, "file")));
}

static void fault_that_has_only_its_mapping_does_not_hold_mmap_lock(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *p = process(k, 300, "java"), *t = fk_thread(p, 301, "fault");
	struct fk_task *ps = fk_task(k, 400, "ps");
	const struct iq_why *why;

	fk_write_fault(t, mapping(k, p, 0x7f0000000000));
	fk_switch(t, FK_D);
	fk_rwsem_take_read(ps, mmap_lock_of(p));
	fk_calls(ps, "proc_pid_cmdline_read", "access_remote_vm", "__access_remote_vm");
	fk_word(ps, fk_mm(p));
	fk_calls(ps, "do_swap_page", "folio_wait_bit_common");
	fk_switch(ps, FK_D);
	wants_to_map(p, 303);
	why = fk_why(k);
	assert_string_equal(fk_blocked(k, why->causes->list.data[0]), "303");
	assert_int_equal(why->causes->list.data[0]->root->tid, 400);
	assert_int_equal(why->causes->list.data[0]->certainty, IQ_STRONG);
	assert_int_equal(why->causes->list.data[1]->blocked.num, 0);
	fakekernel_free(k);
}

static void only_faults_in_the_same_mapping_hold_its_lock(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *p = process(k, 300, "java"), *t = fk_thread(p, 301, "fault");
	struct fk_task *other = fk_thread(p, 302, "other"), *w = fk_thread(p, 303, "unmap");
	iq_vaddr vma = mapping(k, p, 0x7f0000000000), second = mapping(k, p, 0x7f1000000000);
	const struct iq_why *why;

	fk_write_fault(t, vma);
	fk_switch(t, FK_D);
	fk_write_fault(other, second);
	fk_switch(other, FK_D);
	fk_calls(w, "__vm_munmap", "__split_vma");
	fk_wait_vma(w, vma);
	why = fk_why(k);
	assert_string_equal(fk_causes(k, why),
			    "unknown strong task:301 [303] unmap > lock of the mapping "
			    "7f0000000000-7f0000004000 of process 300 (java) > fault\n"
			    "unknown strong task:302 [] other");
	fakekernel_free(k);
}

/* The address of a mapping lies about on stacks; the one that the fault is about comes first. */
static void fault_that_only_mentions_a_mapping_does_not_hold_it(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *p = process(k, 300, "java"), *t = fk_thread(p, 301, "fault");
	struct fk_task *other = fk_thread(p, 302, "other"), *w = fk_thread(p, 303, "unmap");
	iq_vaddr vma = mapping(k, p, 0x7f0000000000), second = mapping(k, p, 0x7f1000000000);
	const struct iq_why *why;

	fk_write_fault(t, vma);
	fk_switch(t, FK_D);
	fk_calls(other, "asm_exc_page_fault");
	fk_word(other, vma);
	fk_write_fault(other, second);
	fk_switch(other, FK_D);
	fk_calls(w, "__vm_munmap", "__split_vma");
	fk_wait_vma(w, vma);
	why = fk_why(k);
	assert_string_equal(fk_causes(k, why),
			    "unknown strong task:301 [303] unmap > lock of the mapping "
			    "7f0000000000-7f0000004000 of process 300 (java) > fault\n"
			    "unknown strong task:302 [] other");
	fakekernel_free(k);
}

static void mapping_whose_readers_nobody_knows_blames_nobody(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *p = process(k, 300, "java"), *w = fk_thread(p, 303, "unmap");
	struct fk_task *ps = fk_task(k, 400, "ps");
	iq_vaddr vma = mapping(k, p, 0x7f0000000000);
	const struct iq_why *why;

	if (f == FK_NEW)
		fk_put(k, vma, "vm_area_struct.vm_refcnt.refs.counter", 2);
	else
		fk_put(k, fk_get(k, vma, "vm_area_struct.vm_lock"), "rw_semaphore.count.counter",
		       0x100);
	fk_calls(w, "__vm_munmap", "__split_vma");
	fk_wait_vma(w, vma);
	fk_wait_read(ps, mmap_lock_of(p), true);
	why = fk_why(k);
	assert_int_equal(why->causes->list.num, 1);
	assert_string_equal(fk_causes(k, why), "unknown strong task:303 [400] ps > "
					       "mmap_lock of process 300 (java) > unmap");
	fakekernel_free(k);
}

static void fault_is_told_in_words(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *p = process(k, 300, "java"), *t = fk_thread(p, 301, "fault");
	const struct iq_why *why;

	fk_write_fault(t, mapping(k, p, 0x7f0000000000));
	fk_switch(t, FK_D);
	why = fk_why(k);
	assert_int_equal(why->graph->waits.num, 1);
	assert_string_equal(why->graph->waits.data[0]->in_words, "in a write fault on /data/file");
	fakekernel_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		each_layout(locks_of_processes_are_named),
		each_layout(exec_in_an_unknown_wait_is_unknown),
		each_layout(as_many_faults_as_readers_are_the_readers),
		each_layout(more_faults_than_readers_are_likely_at_most),
		each_layout(fault_that_may_have_let_go_is_not_blamed_beside_one_that_cannot),
		each_layout(fault_that_may_have_let_go_is_likely_at_most),
		each_layout(fault_at_its_second_try_has_kept_the_lock),
		each_layout(userfault_holds_nothing),
		each_layout(ps_that_sleeps_on_a_page_holds_the_lock_of_the_process_it_looks_at),
		each_layout(thread_that_reads_another_process_does_not_hold_its_own_lock),
		each_layout(who_waits_for_the_lock_does_not_hold_it),
		each_layout(fault_that_takes_the_lock_again_behind_a_writer_is_a_deadlock),
		layouts_since_6_12(fault_that_has_only_its_mapping_does_not_hold_mmap_lock),
		layouts_since_6_12(only_faults_in_the_same_mapping_hold_its_lock),
		layouts_since_6_12(fault_that_only_mentions_a_mapping_does_not_hold_it),
		layouts_since_6_12(mapping_whose_readers_nobody_knows_blames_nobody),
		each_layout(fault_is_told_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
