/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rules of exec, core dumps and pid namespaces on made kernels
 */
#include "test.h"

#include "fakekernel.h"
#include "layouts.h"
#include "why-parts.h"

enum { FMODE_READ = 1, FMODE_WRITE = 2 };

static struct fakekernel *new_kernel(enum fk_flavour flavour)
{
	struct fakekernel *k = fakekernel_new(flavour);

	fk_types(k, "core_thread { void *task; void *next; }",
		 "core_state { atomic_t nr_threads; core_thread dumper; completion startup; }",
		 "pipe_inode_info { mutex mutex; wait_queue_head rd_wait; wait_queue_head wr_wait; "
		 "u32 head; u32 tail; u32 ring_size; void *bufs; }");
	return k;
}

static struct fk_task *hangs_somewhere(struct fk_task *t)
{
	fk_calls(t, "mystery_read");
	fk_switch(t, FK_D);
	return t;
}

/* ---- exec ---- */

static struct fk_task *execs(struct fk_task *t, int32_t left)
{
	iq_vaddr signal = fk_signal(t);

	fk_put(t->k, signal,
	       fk_flavour(t->k) == FK_OLD ? "signal_struct.group_exit_task"
					  : "signal_struct.group_exec_task",
	       t->addr);
	fk_put(t->k, signal, "signal_struct.notify_count", (uint64_t)left);
	fk_calls(t, "__x64_sys_execve", "load_elf_binary", "begin_new_exec", "de_thread");
	fk_switch(t, FK_KILLABLE);
	return t;
}

static void exec_waits_for_the_threads_that_are_left(enum fk_flavour f)
{
	struct fakekernel *k = new_kernel(f);
	struct fk_task *leader = fk_task(k, 10, "java"), *dead, *other;
	const struct iq_cause *cause;
	const struct iq_why *why;

	dead = fk_thread(leader, 12, "gone");
	fk_task_put(dead, "exit_state", 0x20);
	hangs_somewhere(fk_thread(leader, 11, "reader"));
	other = fk_task(k, 20, "other");
	hangs_somewhere(other);
	execs(leader, 1);
	why = fk_why_pid(k, 10);
	assert_int_equal(why->causes->list.num, 1);
	cause = why->causes->list.data[0];
	assert_int_equal(cause->root->tid, 11);
	assert_string_equal(fk_blocked(k, cause), "10");
	assert_int_equal(edge_to(wait_of(why, 10), 11)->certainty, IQ_PROVEN);
	assert_null(edge_to(wait_of(why, 10), 12));
	fakekernel_free(k);
}

static void exec_that_waits_for_nobody_any_more_blames_nobody(enum fk_flavour f)
{
	struct fakekernel *k = new_kernel(f);
	struct fk_task *leader = fk_task(k, 10, "java");

	hangs_somewhere(fk_thread(leader, 11, "reader"));
	execs(leader, 0);
	assert_null(edge_to(wait_of(fk_why_pid(k, 10), 10), 11));
	fakekernel_free(k);
	/* Another thread is the one that does it. */
	k = new_kernel(f);
	leader = fk_task(k, 10, "java");
	hangs_somewhere(fk_thread(leader, 11, "reader"));
	execs(leader, 1);
	fk_put(k, fk_signal(leader),
	       f == FK_OLD ? "signal_struct.group_exit_task" : "signal_struct.group_exec_task",
	       0xffff8880deadb000);
	assert_null(edge_to(wait_of(fk_why_pid(k, 10), 10), 11));
	fakekernel_free(k);
}

/* ---- core dumps ---- */

static iq_vaddr dump_of(struct fk_task *dumper, unsigned left)
{
	struct fakekernel *k = dumper->k;
	iq_vaddr state = fk_alloc(k, "core_state");

	fk_put(k, state, "core_state.dumper.task", dumper->addr);
	fk_put(k, state, "core_state.nr_threads.counter", left);
	if (fk_flavour(k) == FK_OLD)
		fk_put(k, fk_mm(dumper), "mm_struct.core_state", state);
	else
		fk_put(k, fk_signal(dumper), "signal_struct.core_state", state);
	return state;
}

/* It has come to where it is dumped; in its function, or where the compiler put that. */
static void parks(struct fk_task *t, iq_vaddr state, const char *function)
{
	struct fakekernel *k = t->k;
	iq_vaddr self;

	fk_calls(t, "get_signal", "do_group_exit", function);
	self = fk_local(t, "core_thread");
	fk_put(k, self, "core_thread.task", t->addr);
	fk_put(k, self, "core_thread.next", fk_get(k, state, "core_state.dumper.next"));
	fk_put(k, state, "core_state.dumper.next", self);
	fk_switch(t, FK_D);
}

static void waits_for_threads(struct fk_task *dumper, iq_vaddr state)
{
	fk_calls(dumper, "get_signal", "do_coredump", "coredump_wait");
	fk_wait_completion(dumper, state + fk_off(dumper->k, "core_state.startup"), FK_D);
}

static void dump_waits_for_the_thread_that_does_not_come(enum fk_flavour f)
{
	struct fakekernel *k = new_kernel(f);
	struct fk_task *dumper = fk_task(k, 10, "crash");
	iq_vaddr core = dump_of(dumper, 1);
	const struct iq_why *why;

	/* The name of the function is not what tells who has come. */
	parks(fk_thread(dumper, 11, "parked"), core, "do_exit_with_another_name");
	hangs_somewhere(fk_thread(dumper, 12, "stuck"));
	parks(fk_thread(dumper, 13, "parked"), core, "do_exit");
	waits_for_threads(dumper, core);
	why = fk_why(k);
	assert_null(edge_to(wait_of(why, 10), 11));
	assert_null(edge_to(wait_of(why, 10), 13));
	assert_non_null(edge_to(wait_of(why, 10), 12));
	assert_int_equal(edge_to(wait_of(why, 10), 12)->certainty, IQ_PROVEN);
	assert_true(edge_to(wait_of(why, 10), 12)->evidence.num > 0);
	/* ... and those who are parked wait for the dumper. */
	assert_int_equal(edge_to(wait_of(why, 13), 10)->certainty, IQ_PROVEN);
	assert_int_equal(why->causes->list.num >= 1, 1);
	assert_int_equal(why->causes->list.data[0]->root->tid, 12);
	fakekernel_free(k);
}

/* One has to come, two could be it: one of them may be behind that place already. */
static void more_threads_than_are_counted_are_likely_at_most(enum fk_flavour f)
{
	struct fakekernel *k = new_kernel(f);
	struct fk_task *dumper = fk_task(k, 10, "crash"), *past;
	iq_vaddr core = dump_of(dumper, 1);
	const struct iq_why *why;

	hangs_somewhere(fk_thread(dumper, 11, "one"));
	hangs_somewhere(fk_thread(dumper, 12, "two"));
	/* Without an address space it has passed it. */
	past = hangs_somewhere(fk_thread(dumper, 13, "past"));
	fk_task_put(past, "mm", 0);
	waits_for_threads(dumper, core);
	why = fk_why(k);
	assert_int_equal(edge_to(wait_of(why, 10), 11)->certainty, IQ_LIKELY);
	assert_int_equal(edge_to(wait_of(why, 10), 12)->certainty, IQ_LIKELY);
	assert_null(edge_to(wait_of(why, 10), 13));
	fakekernel_free(k);
}

static void dump_whose_list_has_no_end_ends(enum fk_flavour f)
{
	struct fakekernel *k = new_kernel(f);
	struct fk_task *dumper = fk_task(k, 10, "crash");
	iq_vaddr core = dump_of(dumper, 1), self;

	self = core + fk_off(k, "core_state.dumper");
	fk_put(k, core, "core_state.dumper.next", self);
	hangs_somewhere(fk_thread(dumper, 12, "stuck"));
	waits_for_threads(dumper, core);
	assert_non_null(edge_to(wait_of(fk_why(k), 10), 12));
	fakekernel_free(k);
}

static void dump_into_a_pipe_waits_for_its_helper(enum fk_flavour f)
{
	struct fakekernel *k = new_kernel(f);
	struct fk_task *dumper = fk_task(k, 10, "crash"), *helper = fk_task(k, 50, "helper");
	iq_vaddr pipe = fk_alloc(k, "pipe_inode_info"), file = fk_alloc(k, "file");
	const struct iq_cause *cause;

	dump_of(dumper, 0);
	fk_put(k, file, "file.private_data", pipe);
	fk_put(k, file, "file.f_mode", FMODE_READ);
	fk_fd(helper, 0, file);
	fk_stopped(helper);
	fk_calls(dumper, "do_coredump", "elf_core_dump", "pipe_write");
	fk_wait_queue(dumper, pipe + fk_off(k, "pipe_inode_info.wr_wait"),
		      "autoremove_wake_function", FK_S);
	cause = fk_cause(fk_why(k), IQ_CAUSE_TASK_STOPPED);
	assert_non_null(cause);
	assert_string_equal(fk_blocked(k, cause), "10");
	assert_string_equal(cause->chain.data[1]->id, "daemon:coredump:10");
	fakekernel_free(k);
}

/* ---- the end of a pid namespace ---- */

/* Into a namespace of its own, as process `nr` of it. */
static void enter_ns(struct fk_task *t, iq_vaddr ns, int32_t nr)
{
	struct fakekernel *k = t->k;
	size_t numbers = fk_off(k, "pid.numbers"), size = fk_size(k, "upid");
	iq_vaddr pid = fk_heap(k, numbers + 2 * size);

	fk_put(k, pid, "pid.level", 1);
	fk_put(k, pid, "pid.numbers[0].nr", (uint64_t)t->pid);
	fk_put(k, pid, "pid.numbers[0].ns", fk_data(k, "init_pid_ns", 8));
	fk_put(k, pid + size, "pid.numbers[0].nr", (uint64_t)nr);
	fk_put(k, pid + size, "pid.numbers[0].ns", ns);
	fk_task_put(t, "thread_pid", pid);
}

static void end_of_a_pid_namespace_waits_for_who_is_in_it(enum fk_flavour f)
{
	struct fakekernel *k = new_kernel(f);
	struct fk_task *init = fk_task(k, 10, "init"), *in = fk_task(k, 11, "inside"),
		       *elsewhere = fk_task(k, 12, "elsewhere");
	iq_vaddr ns = fk_alloc(k, "pid_namespace"), other = fk_alloc(k, "pid_namespace");
	const struct iq_why *why;

	fk_put(k, ns, "pid_namespace.level", 1);
	fk_put(k, other, "pid_namespace.level", 1);
	enter_ns(init, ns, 1);
	enter_ns(in, ns, 2);
	enter_ns(elsewhere, other, 1);
	hangs_somewhere(in);
	hangs_somewhere(elsewhere);
	fk_calls(init, "do_group_exit", "do_exit", "zap_pid_ns_processes");
	fk_switch(init, FK_S);
	why = fk_why_pid(k, 10);
	assert_int_equal(why->causes->list.num, 1);
	assert_int_equal(why->causes->list.data[0]->root->tid, 11);
	assert_int_equal(edge_to(wait_of(why, 10), 11)->certainty, IQ_PROVEN);
	assert_null(edge_to(wait_of(why, 10), 12));
	fakekernel_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		each_layout(exec_waits_for_the_threads_that_are_left),
		each_layout(exec_that_waits_for_nobody_any_more_blames_nobody),
		each_layout(dump_waits_for_the_thread_that_does_not_come),
		each_layout(more_threads_than_are_counted_are_likely_at_most),
		each_layout(dump_whose_list_has_no_end_ends),
		each_layout(dump_into_a_pipe_waits_for_its_helper),
		each_layout(end_of_a_pid_namespace_waits_for_who_is_in_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
