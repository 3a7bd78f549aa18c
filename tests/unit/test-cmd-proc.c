/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The debugger's commands on tasks, on made kernels of each layout
 */
#include "test.h"

#include "layouts.h"
#include "said.h"

#define HEADER "S    PID   PPID   PGID    SID    UID      FLAGS             ADDR NAME\n"

/* Two threads wait for a lock of a third process, which sleeps. */
static struct fakekernel *made(enum fk_flavour f, struct names *n)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr lock = fk_mutex(k, "big_lock");
	struct fk_task *holder = fk_task(k, 10, "holder"), *waiter = fk_task(k, 11, "waiter");
	struct fk_task *thread = fk_thread(waiter, 12, "thread");
	struct fk_task *child = fk_child(waiter, 13, "child"), *grandchild;

	*n = (struct names){ 0 };
	fk_mutex_take(holder, lock);
	fk_nanosleep(holder);
	fk_calls(waiter, "ext4_do");
	fk_wait_mutex(waiter, lock);
	fk_calls(thread, "ext4_do");
	fk_wait_mutex(thread, lock);
	fk_nanosleep(child);
	grandchild = fk_child(child, 14, "waiter");
	fk_nanosleep(grandchild);
	name_task(n, holder);
	name_task(n, waiter);
	name_task(n, thread);
	name_task(n, child);
	name_task(n, grandchild);
	name_it(n, lock, "big_lock");
	return k;
}

/* ---- ps, pgrep, ptree, pid2proc ---- */

static void ps_lists_processes_and_their_threads(enum fk_flavour f)
{
	struct names n;
	struct fakekernel *k = made(f, &n);

	assert_said(k, &n, "::ps",
		    HEADER "S      1      0      1      1      0 0x00000000 ADDR init\n"
			   "S     10      1     10     10      0 0x00000000 @10 holder\n"
			   "D     11      1     11     11      0 0x00000000 @11 waiter\n"
			   "S     13     11     13     13      0 0x00000000 @13 child\n"
			   "S     14     13     14     14      0 0x00000000 @14 waiter\n");
	assert_said(k, &n, "0t11::pid2proc | ::ps -tl",
		    HEADER "D     11      1     11     11      0 0x00000000 @11 waiter\n"
			   "\tT     @11 <TASK_UNINTERRUPTIBLE>\n"
			   "\tL     @11 ID: 11\n"
			   "\tT     @12 <TASK_UNINTERRUPTIBLE>\n"
			   "\tL     @12 ID: 12\n");
	fakekernel_free(k);
}

static void ps_of_a_thread_is_its_process(void **state)
{
	struct names n;
	struct fakekernel *k = made(FK_MID, &n);

	(void)state;
	assert_said(k, &n, "0t12::pid2proc | ::ps",
		    HEADER "D     11      1     11     11      0 0x00000000 @11 waiter\n");
	assert_said(k, &n, "0t12::pid2proc", "@12\n");
	fakekernel_free(k);
}

static void ps_f_has_names_in_brackets_where_there_are_no_arguments(void **state)
{
	struct names n;
	struct fakekernel *k = made(FK_NEW, &n);

	(void)state;
	assert_said(k, &n, "::pgrep holder | ::ps -fz",
		    "S    PID   PPID   PGID    SID  ZONE    UID      FLAGS             ADDR NAME\n"
		    "S     10      1     10     10     0      0 0x00000000 @10 [holder]\n");
	fakekernel_free(k);
}

static void pgrep_takes_regular_expressions(void **state)
{
	struct names n;
	struct fakekernel *k = made(FK_MID, &n);

	(void)state;
	assert_said(k, &n, "::pgrep '^(h|c)' | ::walk thread", "@10\n@13\n");
	assert_said(k, &n, "::pgrep -x wait", "");
	assert_said(k, &n, "::pgrep -x 'wait.*' | ::walk thread", "@11\n@12\n@14\n");
	assert_says(k, &n, "::pgrep '('", "! inquest: ::pgrep: (: ", true);
	assert_says(k, &n, "::pgrep", "one regular expression", true);
	assert_says(k, &n, "::pgrep -no x", "either the newest or the oldest", true);
	fakekernel_free(k);
}

static void ptree_indents_by_parentage(void **state)
{
	struct names n;
	struct fakekernel *k = made(FK_MID, &n);

	(void)state;
	assert_said(k, &n, "::ptree",
		    "ADDR  init\n @10  holder\n @11  waiter\n  @13  child\n   @14  waiter\n");
	assert_said(k, &n, "0t13::pid2proc | ::ptree",
		    "ADDR  init\n @11  waiter\n  @13  child\n   @14  waiter\n");
	fakekernel_free(k);
}

static void parents_in_a_circle_make_no_endless_tree(void **state)
{
	struct fakekernel *k = fakekernel_new(FK_MID);
	struct fk_task *a = fk_task(k, 10, "a"), *b = fk_child(a, 11, "b");
	struct names n = { 0 };

	(void)state;
	fk_nanosleep(a);
	fk_nanosleep(b);
	fk_task_put(a, "real_parent", b->addr);
	name_task(&n, a);
	name_task(&n, b);
	assert_said(k, &n, "::ptree", "ADDR  init\n@10  a\n@11  b\n");
	assert_says(k, &n, "0t10::pid2proc | ::ptree", "@10  a\n", true);
	assert_says(k, &n, "0t10::pid2proc | ::walk ancestors", "@11\n", true);
	fakekernel_free(k);
}

static void who_is_not_there_is_an_error(void **state)
{
	struct names n;
	struct fakekernel *k = made(FK_OLD, &n);

	(void)state;
	assert_said(k, &n, "0t4711::pid2proc",
		    "! inquest: ::pid2proc: no process or thread has the id 4711\n");
	assert_said(k, &n, "-1::pid2proc",
		    "! inquest: ::pid2proc: no process or thread has the id -1\n");
	assert_said(k, &n, "10::findstack",
		    "! inquest: ::findstack: 0x10 is not the task_struct of any task\n");
	assert_said(k, &n, "10::ps", "! inquest: ::ps: 0x10 is not the task_struct of any task\n");
	assert_said(k, &n, "10::walk children",
		    "! inquest: ::walk: children: 0x10 is not the task_struct of any task\n");
	assert_said(k, &n, "::task nobody", "! inquest: ::task: no task is called nobody\n");
	fakekernel_free(k);
}

/* ---- stacks ---- */

static void findstack_has_mdbs_shape(enum fk_flavour f)
{
	struct names n;
	struct fakekernel *k = made(f, &n);

	assert_said(k, &n, "0t11::pid2proc | ::findstack",
		    "stack pointer for thread @11 (waiter/11): ADDR\n"
		    "[ ADDR __schedule+0x20() ]\n"
		    "  ADDR schedule+0x20()\n"
		    "  ADDR schedule_preempt_disabled+0x20()\n"
		    "  ADDR __mutex_lock.constprop.0+0x20()\n"
		    "  ADDR __mutex_lock_slowpath+0x20()\n"
		    "  ADDR mutex_lock+0x20()\n"
		    "  ADDR ext4_do+0x20()\n"
		    "  ADDR do_syscall_64+0x20()\n"
		    "  ADDR entry_SYSCALL_64_after_hwframe+0x20()\n");
	fakekernel_free(k);
}

static void a_kernel_threads_stack_is_the_kernels(void **state)
{
	struct fakekernel *k = fakekernel_new(FK_MID);
	struct fk_task *t = fk_kthread(k, 10, "worker");

	(void)state;
	fk_switch(t, FK_IDLE);
	assert_said(k, NULL, "0t10::pid2proc | ::stack 2", "__schedule+0x20()\nschedule+0x20()\n");
	assert_said(k, NULL, "0t10::pid2proc | $C 2",
		    "ADDR __schedule+0x20()\nADDR schedule+0x20()\n");
	assert_says(k, NULL, "0t10::pid2proc | ::stack", "user", false);
	fakekernel_free(k);
}

static void a_thread_without_a_stack_says_why(void **state)
{
	struct fakekernel *k = fakekernel_new(FK_MID);
	struct fk_task *t = fk_task(k, 10, "runs");

	(void)state;
	fk_runs_on(t, 0);
	assert_says(k, NULL, "0t10::pid2proc | ::findstack", "(runs/10) has no stack: running",
		    true);
	assert_says(k, NULL, "::stacks", "<running: no stack to be seen>", true);
	fakekernel_free(k);
}

#define GROUP                                                                                      \
	"                 __schedule+0x20\n                 schedule+0x20\n"                       \
	"                 schedule_preempt_disabled+0x20\n"                                        \
	"                 __mutex_lock.constprop.0+0x20\n"                                         \
	"                 __mutex_lock_slowpath+0x20\n                 mutex_lock+0x20\n"          \
	"                 ext4_do+0x20\n                 do_syscall_64+0x20\n"                     \
	"                 entry_SYSCALL_64_after_hwframe+0x20\n\n"
#define STACKS_HEADER "THREAD           STATE    SOBJ                COUNT\n"

static void equal_stacks_are_one_group(enum fk_flavour f)
{
	struct names n;
	struct fakekernel *k = made(f, &n);

	assert_said(k, &n, "::stacks -c ext4_do",
		    STACKS_HEADER "@11 D        MUTEX                   2\n" GROUP);
	assert_said(k, &n, "::stacks -a -t D",
		    STACKS_HEADER "@11 D        MUTEX                   2\n"
				  "@12 D        MUTEX                   -\n" GROUP);
	assert_said(k, &n, "::stacks -t D | ::walk thread", "@11\n@12\n@11\n@12\n");
	fakekernel_free(k);
}

static void stacks_filters_by_all_its_options(void **state)
{
	struct names n;
	struct fakekernel *k = made(FK_MID, &n);

	(void)state;
	/* Without what the compiler put behind the name, and with an offset. */
	assert_says(k, &n, "::stacks -c __mutex_lock", "@11 D ", true);
	assert_says(k, &n, "::stacks -c __mutex_lock+20", "@11 D ", true);
	assert_said(k, &n, "::stacks -c __mutex_lock+21", "");
	assert_says(k, &n, "::stacks -C ext4_do", "MUTEX", false);
	assert_says(k, &n, "::stacks -C ext4_do", "TIMER", true);
	assert_says(k, &n, "::stacks -s mutex", "@11", true);
	assert_says(k, &n, "::stacks -S MUTEX", "@11", false);
	assert_says(k, &n, "::stacks -s cv", "TIMER", true);
	assert_says(k, &n, "::stacks -t sleep -T D", "@11", false);
	assert_says(k, &n, "::stacks -i", "@11", true);
	assert_says(k, &n, "::stacks -i", "TIMER", false);
	assert_says(k, &n, "0t12::pid2proc | ::stacks", "@12 D        MUTEX                   1",
		    true);
	assert_says(k, &n, "::stacks -v", "5 threads", false);
	assert_says(k, &n, "::stacks -v", "6 threads, 3 different stacks, 0 without", true);
	assert_says(k, &n, "::stacks -t q", "q is no state", true);
	assert_says(k, &n, "::stacks -s lockish", "lockish is no class", true);
	assert_says(k, &n, "::stacks -c +3", "is not the name of a function", true);
	assert_says(k, &n, "::stacks -c f+x", "x is not an offset", true);
	fakekernel_free(k);
}

static void code_built_in_belongs_to_a_module_by_its_neighbours(void **state)
{
	struct fakekernel *k = fakekernel_new(FK_MID);
	struct fk_task *named = fk_task(k, 10, "named"), *between = fk_task(k, 11, "between"),
		       *outside = fk_task(k, 12, "outside");
	struct names n = { 0 };

	(void)state;
	/* Functions come into memory in the order in which they are first named. */
	fk_func(k, "vfs_outside");
	fk_func(k, "__xyz_first");
	fk_func(k, "add_entry");
	fk_func(k, "xyz_last");
	fk_func(k, "xyzzy");
	fk_calls(named, "xyz_last");
	fk_nanosleep(named);
	fk_calls(between, "add_entry");
	fk_nanosleep(between);
	fk_calls(outside, "vfs_outside", "xyzzy");
	fk_nanosleep(outside);
	name_task(&n, named);
	name_task(&n, between);
	name_task(&n, outside);
	assert_said(k, &n, "::stacks -m xyz | ::walk thread", "@11\n@10\n");
	assert_says(k, &n, "::stacks -M xyz", "@12 S", true);
	assert_says(k, &n, "::stacks -M xyz", "@11 S", false);
	assert_said(k, &n, "::stacks -m abc", "");
	fakekernel_free(k);
}

/* ---- threads ---- */

static void thread_b_names_what_it_sleeps_on(enum fk_flavour f)
{
	struct names n;
	struct fakekernel *k = made(f, &n);

	assert_says(k, &n, "0t11::pid2proc | ::walk thread | ::thread -b",
		    "@12 big_lock -        0                MUTEX          mutex big_lock\n", true);
	assert_says(k, &n, "0t10::pid2proc | ::thread -p", "@10 @10      10 ", true);
	assert_says(k, &n, "0t11::pid2proc | ::thread -d", "t-93.000s", true);
	fakekernel_free(k);
}

static void tasks_are_found_by_any_name(void **state)
{
	struct names n;
	struct fakekernel *k = made(FK_MID, &n);

	(void)state;
	assert_said(k, &n, "::task waiter | ::walk mm_task | ::walk thread",
		    "@11\n@12\n@11\n@12\n"
		    "@14\n");
	assert_said(k, &n, "::task_struct 13 | ::walk children", "@14\n");
	assert_said(k, &n, "0t10::task | ::walk thread", "@10\n");
	fakekernel_free(k);
}

static void threadlist_v_shows_stacks(void **state)
{
	struct names n;
	struct fakekernel *k = made(FK_MID, &n);

	(void)state;
	assert_says(k, &n, "::threadlist", "@12 @11      12 thread/12\n", true);
	assert_says(k, &n, "0t12::pid2proc | ::threadlist -v 2", "schedule+0x20", true);
	assert_says(k, &n, "0t12::pid2proc | ::threadlist -v 2", "ext4_do", false);
	assert_says(k, &n, "::threadlist 2", "only -v takes a number", true);
	fakekernel_free(k);
}

static void walkers_give_the_threads_they_say(void **state)
{
	struct names n;
	struct fakekernel *k = made(FK_NEW, &n);

	(void)state;
	assert_said(k, &n, "::walk uninterruptible", "@11\n@12\n");
	assert_said(k, &n, "::walk proc", "ADDR\n@10\n@11\n@13\n@14\n");
	assert_said(k, &n, "::walk task", "ADDR\n@10\n@11\n@12\n@13\n@14\n");
	assert_said(k, &n, "0t11::pid2proc | ::walk thread", "@11\n@12\n");
	assert_said(k, &n, "0t11::pid2proc | ::walk children", "@13\n");
	assert_said(k, &n, "::walk zombie", "");
	/* What a walker yields is known to who prints it. */
	assert_said(k, &n, "::walk uninterruptible | ::print -d pid", "pid = 0t11\npid = 0t12\n");
	fakekernel_free(k);
}

static void why_goes_from_the_thread_to_the_cause(enum fk_flavour f)
{
	struct names n;
	struct fakekernel *k = made(f, &n);

	assert_says(k, &n, "0t12::pid2proc | ::why", "holder (10) at @10 in state S: holds it;",
		    true);
	assert_says(k, &n, "0t12::pid2proc | ::why", "as good as sure", true);
	assert_says(k, &n, "0t12::pid2proc | ::why",
		    "\nmutex big_lock, held by holder (10), which sleeps", true);
	assert_says(k, &n, "0t10::pid2proc | ::why", "holder (10) at @10 in state S", true);
	fakekernel_free(k);
}

static void cpus_say_what_they_were_running(enum fk_flavour f)
{
	struct names n;
	struct fakekernel *k = made(f, &n);
	struct fk_task *t = fk_task(k, 20, "runs");

	fk_runs_on(t, 1);
	name_task(&n, t);
	assert_says(k, &n, "::cpustack", "CPU 1: thread ", true);
	assert_says(k, &n, "::cpuregs -c 0", "CPU 1", false);
	assert_says(k, &n, "::cpustack -c 7", "there is no CPU 7", true);
	assert_says(k, &n, "::panicinfo", "which CPU panicked", true);
	/* What no process is in view of: the kernel's, of what the dump was made on. */
	assert_said(k, &n, "$c", "! inquest: ::stack: 0 (swapper/0) has no stack: running\n");
	assert_said(k, &n, "$r",
		    "! inquest: ::regs: the registers of 0 (swapper/0) are not known\n");
	assert_said(k, &n, "<thread-init_task=D", "                0               \n");
	fakekernel_free(k);
}

/* ---- whatever the address is ---- */

static void no_command_falls_over_any_address(enum fk_flavour f)
{
	static const char *const addrs[] = {
		"0",	       "1",	    "-1", "big_lock", "init_task", "-8", "ffff800000000000",
		"init_task+8", "big_lock+3"
	};
	struct names n;
	struct fakekernel *k = made(f, &n);

	for (size_t i = 0; iq_all_rooms[i]; i++) {
		const struct iq_dcmd *d = iq_all_rooms[i]->dcmds;
		const struct iq_walker *w = iq_all_rooms[i]->walkers;

		for (size_t a = 0; a < IQ_ARRAY_SIZE(addrs); a++) {
			char line[128];

			for (const struct iq_dcmd *p = d; p && p->name; p++) {
				snprintf(line, sizeof(line), "%s::%s", addrs[a], p->name);
				free(said(k, &n, line));
			}
			for (const struct iq_walker *p = w; p && p->name; p++) {
				snprintf(line, sizeof(line), "%s::walk %s", addrs[a], p->name);
				free(said(k, &n, line));
			}
		}
	}
	fakekernel_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		each_layout(ps_lists_processes_and_their_threads),
		cmocka_unit_test(ps_of_a_thread_is_its_process),
		cmocka_unit_test(ps_f_has_names_in_brackets_where_there_are_no_arguments),
		cmocka_unit_test(pgrep_takes_regular_expressions),
		cmocka_unit_test(ptree_indents_by_parentage),
		cmocka_unit_test(parents_in_a_circle_make_no_endless_tree),
		cmocka_unit_test(who_is_not_there_is_an_error),
		each_layout(findstack_has_mdbs_shape),
		cmocka_unit_test(a_kernel_threads_stack_is_the_kernels),
		cmocka_unit_test(a_thread_without_a_stack_says_why),
		each_layout(equal_stacks_are_one_group),
		cmocka_unit_test(stacks_filters_by_all_its_options),
		cmocka_unit_test(code_built_in_belongs_to_a_module_by_its_neighbours),
		each_layout(thread_b_names_what_it_sleeps_on),
		cmocka_unit_test(tasks_are_found_by_any_name),
		cmocka_unit_test(threadlist_v_shows_stacks),
		cmocka_unit_test(walkers_give_the_threads_they_say),
		each_layout(why_goes_from_the_thread_to_the_cause),
		each_layout(cpus_say_what_they_were_running),
		each_layout(no_command_falls_over_any_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
