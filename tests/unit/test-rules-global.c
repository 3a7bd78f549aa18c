/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rules for the kernel's global locks and services, on made kernels of each layout
 */
#include "test.h"

#include "fakekernel-inside.h"
#include "fakekernel.h"
#include "layouts.h"

static struct fk_task *sleeps_in(struct fakekernel *k, int32_t pid, const char *comm,
				 const char *outer, const char *inner)
{
	struct fk_task *t = fk_task(k, pid, comm);

	fk_calls(t, outer, inner);
	fk_switch(t, FK_D);
	return t;
}

static void waits_percpu(struct fakekernel *k, int32_t pid, iq_vaddr lock, bool to_write,
			 const char *outer)
{
	struct fk_task *t = fk_task(k, pid, to_write ? "writer2" : "reader");

	fk_calls(t, outer);
	fk_wait_percpu(t, lock, to_write);
}

/* On the task's own stack, or elsewhere: the waiter in a completion's queue. */
static void wait_completion(struct fk_task *t, iq_vaddr done, uint64_t state)
{
	struct fakekernel *k = t->k;
	iq_vaddr entry;

	fk_list_init(k, done + fk_off(k, "completion.wait.task_list"));
	fk_calls(t, "wait_for_completion");
	entry = fk_local(t, "swait_queue");
	fk_put(k, entry, "swait_queue.task", t->addr);
	fk_list_add_tail(k, done + fk_off(k, "completion.wait.task_list"),
			 entry + fk_off(k, "swait_queue.task_list"));
	fk_switch(t, state);
}

static void expect(struct fakekernel *k, const char *causes)
{
	assert_string_equal(fk_causes(k, fk_why(k)), causes);
	fakekernel_free(k);
}

static iq_vaddr held_percpu(struct fakekernel *k, const char *name)
{
	iq_vaddr lock = fk_percpu_rwsem(k, name);

	fk_put(k, lock, "percpu_rw_semaphore.block.counter", 1);
	return lock;
}

/* Of this task's wait, those that are at least so certain. */
static size_t num_holders(const struct iq_why *why, int32_t tid, enum iq_certainty certainty)
{
	size_t num = 0;

	for (size_t i = 0; i < why->graph->edges.num; i++)
		num += why->graph->edges.data[i]->from->tid == tid &&
		       why->graph->edges.data[i]->to->type == IQ_OBJ_TASK &&
		       why->graph->edges.data[i]->certainty >= certainty;
	return num;
}

/* ---- percpu_rw_semaphores whose writer nobody records ---- */

static void who_takes_a_cpu_down_has_the_hotplug_lock(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr lock = held_percpu(k, "cpu_hotplug_lock");

	sleeps_in(k, 10, "offline", "_cpu_down", "cpuhp_mystery");
	waits_percpu(k, 11, lock, false, "stop_machine");
	/* Wants to do the same, and waits for it. */
	waits_percpu(k, 12, lock, true, "_cpu_down");
	expect(k, "unknown strong task:10 [11,12] reader > cpu_hotplug_lock (CPUs that "
		  "come and go) > offline");
}

static void who_still_waits_for_a_grace_period_has_nothing_yet(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr lock = held_percpu(k, "cgroup_threadgroup_rwsem");
	struct fk_task *t = fk_task(k, 10, "early");

	fk_calls(t, "__cgroup_procs_write", "percpu_down_write", "rcu_sync_enter");
	fk_switch(t, FK_D);
	/* Has only come to cgroup_mutex. */
	t = fk_task(k, 12, "earlier");
	fk_calls(t, "__cgroup_procs_write", "cgroup_kn_lock_live", "mystery");
	fk_switch(t, FK_D);
	waits_percpu(k, 11, lock, false, "exit_signals");
	assert_int_equal(num_holders(fk_why(k), 11, IQ_LIKELY), 0);
	fakekernel_free(k);
}

static void two_who_could_have_it_are_likely_at_most(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr lock = held_percpu(k, "cgroup_threadgroup_rwsem");

	sleeps_in(k, 10, "a", "__cgroup_procs_write", "mystery_a");
	sleeps_in(k, 12, "b", "cgroup_update_dfl_csses", "mystery_b");
	waits_percpu(k, 11, lock, false, "exit_signals");
	assert_int_equal(num_holders(fk_why(k), 11, IQ_LIKELY), 2);
	assert_int_equal(num_holders(fk_why(k), 11, IQ_STRONG), 0);
	fakekernel_free(k);
}

static void readers_of_the_hotplug_lock_are_found_by_what_they_do(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr lock = fk_percpu_rwsem(k, "cpu_hotplug_lock");
	struct fk_task *t = fk_task(k, 11, "offline");

	sleeps_in(k, 10, "everywhere", "schedule_on_each_cpu", "mystery");
	fk_calls(t, "_cpu_down", "cpus_write_lock");
	fk_drain_percpu(t, lock, 1);
	waits_percpu(k, 12, lock, false, "schedule_on_each_cpu");
	expect(k, "unknown strong task:10 [11,12] reader > cpu_hotplug_lock (CPUs that "
		  "come and go) > offline > cpu_hotplug_lock (CPUs that come and go) > "
		  "everywhere");
}

static void cleanup_of_a_network_namespace_reads_the_list(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr lock = fk_rwsem(k, "pernet_ops_rwsem");
	struct fk_task *t = sleeps_in(k, 10, "kworker", "cleanup_net", "mystery");

	fk_rwsem_take_read(t, lock);
	/* Another one has let go already, and waits for callbacks. */
	sleeps_in(k, 12, "kworker2", "cleanup_net", "rcu_barrier");
	t = fk_task(k, 11, "modprobe");
	fk_wait_write(t, lock, false);
	assert_string_equal(fk_chain(k, fk_cause(fk_why_pid(k, 11), IQ_CAUSE_UNKNOWN)),
			    "modprobe > pernet_ops_rwsem (network namespaces that "
			    "come and go) > kworker");
	fakekernel_free(k);
}

static void lock_of_a_device_is_named_after_it(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr dev = fk_alloc(k, "device"), lock = dev + fk_off(k, "device.mutex");
	struct fk_task *t = fk_task(k, 10, "probe"), *w = fk_task(k, 11, "unbind");

	fk_put(k, dev, "device.kobj.ktype", fk_data(k, "device_ktype", 8));
	fk_put(k, dev, "device.kobj.name", fk_str(k, "virtio3"));
	fk_init_mutex(k, lock);
	fk_nanosleep(t);
	fk_mutex_take(t, lock);
	fk_calls(w, "device_release_driver_internal");
	fk_wait_mutex(w, lock);
	expect(k, "task.sleeping strong task:10 [11] unbind > the lock of device virtio3 > "
		  "probe");
}

/* ---- CPUs that go ---- */

static void cpu_that_goes_offline_waits_for_its_thread(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr cpu1 = fk_percpu_data(k, "cpuhp_state", fk_size(k, "cpuhp_cpu_state")) + 0x10000;
	struct fk_task *thread = fk_kthread(k, 20, "cpuhp/1"), *t = fk_task(k, 11, "offline");

	fk_stopped(thread);
	fk_put(k, cpu1, "cpuhp_cpu_state.thread", thread->addr);
	fk_calls(t, "_cpu_down", "cpuhp_kick_ap");
	wait_completion(t, cpu1 + fk_off(k, "cpuhp_cpu_state.done_down"), FK_D);
	expect(k, "task.stopped proven task:20 [11] offline > CPU 1 to go offline > cpuhp/1");
}

/* ---- network devices ---- */

static iq_vaddr device(struct fakekernel *k, const char *name, uint64_t reg_state, uint32_t refs)
{
	iq_vaddr dev = fk_alloc(k, "net_device"), net = fk_alloc(k, "net");
	iq_vaddr cpu0, counts = fk_percpu(k, 8, &cpu0);

	fk_write(k, dev + fk_off(k, "net_device.name"), name, strlen(name) + 1);
	fk_list_init(k, dev + fk_off(k, "net_device.dev_list"));
	fk_list_init(k, dev + fk_off(k, "net_device.todo_list"));
	fk_put(k, dev, "net_device.reg_state", reg_state);
	fk_put(k, dev, "net_device.nd_net.net", net);
	fk_put(k, net, "net.ns.inum", 4026532000);
	fk_put(k, dev, "net_device.pcpu_refcnt", counts);
	fk_u64(k, cpu0, refs);
	return dev;
}

static void device_with_a_reference_left_is_waited_for(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *t = fk_kthread(k, 10, "kworker/u4:1");
	iq_vaddr dev = device(k, "lo", 3, 2), other = device(k, "eth0", 1, 9), list;
	const struct iq_cause *cause;

	fk_calls(t, "worker_thread", "cleanup_net", "netdev_run_todo");
	fk_word(t, other); /* a registered one: not this */
	list = fk_local(t, "list_head");
	fk_list_init(k, list);
	fk_list_add_tail(k, list, dev + fk_off(k, "net_device.todo_list"));
	fk_calls(t, "msleep", "schedule_timeout");
	fk_switch(t, FK_D);
	cause = fk_cause(fk_why(k), IQ_CAUSE_KERNEL_STUCK);
	assert_string_equal(fk_blocked(k, cause), "10");
	assert_string_equal(cause->summary,
			    "network device lo has been removed, but something keeps a "
			    "reference to it");
	assert_non_null(strstr(cause->evidence.data[0], "references counted are 2"));
	fakekernel_free(k);
}

/* Its namespace is being cleaned up; a module wants the list of namespaces for itself, and the next
 * namespace waits for that. */
static void device_that_cannot_go_keeps_namespaces_from_being_made(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *t = fk_kthread(k, 10, "kworker/u4:1");
	iq_vaddr lock = fk_rwsem(k, "pernet_ops_rwsem");
	const struct iq_cause *cause;

	fk_rwsem_take_read(t, lock);
	fk_calls(t, "worker_thread", "cleanup_net", "netdev_run_todo");
	fk_word(t, device(k, "eth0", 3, 5));
	fk_calls(t, "msleep", "schedule_timeout");
	fk_switch(t, FK_D);
	t = fk_task(k, 11, "modprobe");
	fk_calls(t, "register_pernet_subsys");
	fk_wait_write(t, lock, false);
	t = fk_task(k, 12, "unshare");
	fk_calls(t, "copy_net_ns");
	fk_wait_read(t, lock, true);
	cause = fk_cause(fk_why(k), IQ_CAUSE_KERNEL_STUCK);
	assert_string_equal(fk_blocked(k, cause), "10,11,12");
	assert_int_equal(cause->certainty, IQ_STRONG);
	assert_string_equal(fk_chain(k, cause),
			    "unshare > pernet_ops_rwsem (network namespaces that come and "
			    "go) > modprobe > pernet_ops_rwsem (network namespaces that "
			    "come and go) > kworker/u4:1 > references to network device "
			    "eth0");
	for (int i = 11; i <= 12; i++)
		assert_int_equal(num_holders(fk_why(k), i, IQ_STRONG), i == 11 ? 1 : 2);
	fakekernel_free(k);
}

static void what_else_netdev_run_todo_waits_for_blames_no_device(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *t = fk_task(k, 10, "ip");

	fk_calls(t, "netdev_run_todo");
	fk_word(t, device(k, "lo", 3, 2));
	fk_calls(t, "mystery_barrier", "schedule_timeout");
	fk_switch(t, FK_D);
	assert_null(fk_cause(fk_why(k), IQ_CAUSE_KERNEL_STUCK));
	fakekernel_free(k);
}

/* ---- auditing ---- */

static void waits_for_backlog(struct fakekernel *k, int32_t pid, uint32_t queued)
{
	struct fk_task *t = fk_task(k, pid, "victim");
	iq_vaddr head = fk_data(k, "audit_backlog_wait", fk_size(k, "wait_queue_head")), entry;

	fk_list_init(k, head + fk_off(k, "wait_queue_head.head"));
	fk_put(k, fk_data(k, "audit_queue", fk_size(k, "sk_buff_head")), "sk_buff_head.qlen",
	       queued);
	fk_calls(t, "audit_log_start");
	entry = fk_local(t, "wait_queue_entry");
	fk_put(k, entry, "wait_queue_entry.private", t->addr);
	fk_put(k, entry, "wait_queue_entry.func", fk_func(k, "default_wake_function"));
	fk_list_add_tail(k, head + fk_off(k, "wait_queue_head.head"),
			 entry + fk_off(k, "wait_queue_entry.entry"));
	fk_calls(t, "schedule_timeout");
	fk_switch(t, FK_D);
}

static void kauditd(struct fakekernel *k, uint64_t state)
{
	struct fk_task *t = fk_kthread(k, 20, "kauditd");

	fk_u64(k, fk_data(k, "kauditd_task", 8), t->addr);
	fk_calls(t, "kauditd_thread");
	if (state == FK_D)
		fk_calls(t, "mystery");
	fk_switch(t, state);
}

/* The process that is auditd, its socket full or not. */
static struct fk_task *auditd(struct fakekernel *k, bool congested)
{
	struct fk_task *t = fk_task(k, 30, "auditd");
	iq_vaddr conn = fk_alloc(k, "auditd_connection"), pid = fk_alloc(k, "pid");
	iq_vaddr sk = fk_alloc(k, "netlink_sock"), socket = fk_alloc(k, "socket");
	iq_vaddr file = fk_alloc(k, "file"), files = fk_alloc(k, "files_struct");
	iq_vaddr fdt = fk_alloc(k, "fdtable"), fds = fk_heap(k, 64 * 8);

	fk_u64(k, fk_data(k, "auditd_conn", 8), conn);
	fk_put(k, conn, "auditd_connection.pid", pid);
	fk_put(k, conn, "auditd_connection.portid", 30);
	fk_put(k, pid, "pid.numbers[0].nr", 30);
	fk_put(k, sk, "netlink_sock.portid", 30);
	fk_put(k, sk, "netlink_sock.state", congested);
	fk_put(k, sk, "sock.__sk_common.skc_family", 16);
	fk_put(k, sk, "sock.sk_protocol", 9);
	fk_put(k, sk, "sock.sk_rcvbuf", 1000);
	fk_put(k, sk, "sock.sk_socket", socket);
	fk_put(k, socket, "socket.sk", sk);
	fk_put(k, file, "file.f_op", fk_data(k, "socket_file_ops", 8));
	fk_put(k, file, "file.private_data", socket);
	fk_put(k, fdt, "fdtable.max_fds", 64);
	fk_put(k, fdt, "fdtable.fd", fds);
	fk_u64(k, fds + 3 * 8, file);
	fk_put(k, files, "files_struct.fdt", fdt);
	fk_task_put(t, "files", files);
	return t;
}

static void audit_daemon_that_is_stopped_holds_up_who_is_audited(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);

	kauditd(k, FK_S);
	fk_stopped(auditd(k, true));
	waits_for_backlog(k, 11, 70);
	fk_u64(k, fk_data(k, "audit_backlog_limit", 8), 64);
	expect(k, "task.stopped proven task:30 [11] victim > room in the audit backlog, "
		  "which takes 64 records > auditd");
}

static void audit_daemon_with_room_in_its_socket_is_not_to_blame(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);

	kauditd(k, FK_D);
	fk_stopped(auditd(k, false));
	waits_for_backlog(k, 11, 70);
	assert_int_equal(fk_why(k)->causes->list.num, 1);
	assert_int_equal(fk_cause(fk_why(k), IQ_CAUSE_UNKNOWN)->root->tid, 20);
	fakekernel_free(k);
}

static void audit_backlog_that_is_empty_again_wakes_nobody(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);

	kauditd(k, FK_S);
	waits_for_backlog(k, 11, 0);
	assert_string_equal(fk_blocked(k, fk_cause(fk_why(k), IQ_CAUSE_KERNEL_STUCK)), "11");
	fakekernel_free(k);
}

/* ---- RCU of other kinds ---- */

static void reader_of_an_srcu_domain_is_likely_at_most(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr domain = fk_data(k, "mark_srcu", fk_size(k, "srcu_struct")), cpu0;
	struct fk_task *t = fk_task(k, 10, "reader");

	fk_put(k, domain, "srcu_struct.sda", fk_percpu(k, fk_size(k, "srcu_data"), &cpu0));
	fk_put(k, cpu0, "srcu_data.ssp", domain);
	/* Came in on one CPU, and others left on another. */
	fk_put(k, cpu0,
	       f == FK_NEW ? "srcu_data.srcu_ctrs[1].srcu_locks.counter"
			   : "srcu_data.srcu_lock_count[1]",
	       6);
	fk_put(k, cpu0 + 0x10000,
	       f == FK_NEW ? "srcu_data.srcu_ctrs[1].srcu_unlocks.counter"
			   : "srcu_data.srcu_unlock_count[1]",
	       5);
	fk_calls(t, "do_reads");
	fk_word(t, domain);
	fk_nanosleep(t);
	t = fk_kthread(k, 11, "kworker/u4:0");
	fk_calls(t, "worker_thread", "fsnotify_mark_destroy_workfn", "__synchronize_srcu");
	fk_word(t, domain);
	fk_calls(t, "wait_for_completion", "schedule_timeout");
	fk_switch(t, FK_D);
	expect(k, "task.sleeping likely task:10 [11] kworker/u4:0 > the readers of SRCU "
		  "domain mark_srcu > reader");
}

static void task_that_is_held_off_its_cpu_keeps_rcu_of_tasks_waiting(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *t = fk_task(k, 10, "preempted"), *w = fk_task(k, 11, "tracer");

	fk_runnable(t, 1);
	fk_task_put(t, "rcu_tasks_holdout", 1);
	fk_runnable(fk_task(k, 12, "other"), 1);
	fk_calls(w, "ftrace_shutdown", "synchronize_rcu_tasks_generic", "__wait_rcu_gp",
		 "wait_for_completion", "schedule_timeout");
	fk_switch(w, FK_D);
	expect(k, "task.starved strong task:10 [11] tracer > all tasks to go through the "
		  "scheduler (RCU of tasks) > preempted");
}

/* ---- loading modules ---- */

static void second_loader_of_a_file_waits_for_the_first(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr modules = fk_data(k, "modules", 16), mod = fk_alloc(k, "module");
	iq_vaddr cookie = fk_heap(k, 64), own;
	struct fk_task *first = fk_task(k, 10, "insmod"), *t = fk_task(k, 11, "insmod2");

	fk_list_init(k, modules);
	fk_list_add_tail(k, modules, mod + fk_off(k, "module.list"));
	fk_put(k, mod, "module.state", 1);
	fk_write(k, mod + fk_off(k, "module.name"), "dummy", 6);
	fk_calls(first, "idempotent_init_module");
	own = fk_local(first, "idempotent");
	fk_put(k, own, "idempotent.cookie", cookie);
	fk_calls(first, "load_module", "do_init_module");
	fk_word(first, mod);
	fk_nanosleep(first);
	fk_calls(t, "idempotent_init_module");
	own = fk_local(t, "idempotent");
	fk_put(k, own, "idempotent.cookie", cookie);
	wait_completion(t, own + fk_off(k, "idempotent.complete"), FK_KILLABLE);
	expect(k, "task.sleeping strong task:10 [11] insmod2 > module dummy to be loaded > "
		  "insmod");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		each_layout(who_takes_a_cpu_down_has_the_hotplug_lock),
		each_layout(who_still_waits_for_a_grace_period_has_nothing_yet),
		each_layout(two_who_could_have_it_are_likely_at_most),
		each_layout(readers_of_the_hotplug_lock_are_found_by_what_they_do),
		each_layout(cleanup_of_a_network_namespace_reads_the_list),
		each_layout(lock_of_a_device_is_named_after_it),
		each_layout(cpu_that_goes_offline_waits_for_its_thread),
		each_layout(device_with_a_reference_left_is_waited_for),
		each_layout(device_that_cannot_go_keeps_namespaces_from_being_made),
		each_layout(what_else_netdev_run_todo_waits_for_blames_no_device),
		each_layout(audit_daemon_that_is_stopped_holds_up_who_is_audited),
		each_layout(audit_daemon_with_room_in_its_socket_is_not_to_blame),
		each_layout(audit_backlog_that_is_empty_again_wakes_nobody),
		each_layout(reader_of_an_srcu_domain_is_likely_at_most),
		each_layout(task_that_is_held_off_its_cpu_keeps_rcu_of_tasks_waiting),
		layouts_since_6_12(second_loader_of_a_file_waits_for_the_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
