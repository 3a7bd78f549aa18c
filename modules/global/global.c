/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's global locks: what they are for, and who has those that do not record it
 *
 * A lock with a symbol guards one thing for the whole machine: who waits for
 * it waits, in the end, for whoever does that thing. The name says which.
 *
 * A percpu_rw_semaphore does not record its writer once that has got it, an
 * rw_semaphore not its readers, and the address of a static lock is an
 * immediate operand that is on nobody's stack. What is known is which functions
 * have it: a task that sleeps inside of one of them, and does not wait for the lock itself, holds
 * it. The functions listed have the lock from their beginning to their end, or to where they
 * sleep; those that let it go in between are not listed.
 *
 * A writer that came through percpu_down_write() first waits for a grace period
 * (rcu_sync_enter()), when it has nothing yet; then percpu_rw_semaphore.writer is it, while it
 * waits for the readers inside; then .block alone says that somebody has it.
 *
 * Kernel: kernel/cpu.c, kernel/cgroup/cgroup.c, kernel/events/uprobes.c, kernel/fork.c,
 * net/core/net_namespace.c, mm/vmscan.c, mm/memory_hotplug.c, fs/namespace.c.
 */
#include "inquest/module.h"

#include <stdio.h>

static const char percpu_type[] = "struct percpu_rw_semaphore";
static const char rwsem_type[] = "struct rw_semaphore";

enum { MAX_FOUND = 32 };

/* ---- which functions have which lock ---- */

struct holders {
	const char *symbol;
	const char *type;
	const char *const *writers, *const *readers; /* NULL-terminated; or NULL */
	/* Who is in one of these does not have it yet, or not any more. */
	const char *const *outside;
};

/* CPUs that come and go, and what must not see them do so. */
static const char *const hotplug_writers[] = { "_cpu_down", "_cpu_up", NULL };
static const char *const hotplug_readers[] = {
	"stop_machine",
	"schedule_on_each_cpu",
	"static_key_slow_inc",
	"static_key_slow_dec",
	"static_key_enable",
	"static_key_disable",
	"__cpuhp_setup_state",
	"__cpuhp_remove_state",
	"__cpuhp_state_add_instance",
	"kmem_cache_destroy",
	"kmem_cache_shrink",
	"apply_workqueue_attrs",
	"rebuild_sched_domains",
	"cpuset_write_resmask",
	"cgroup_attach_lock",
	"cgroup_procs_write_start",
	"__cgroup_procs_write",
	"__cgroup1_procs_write",
	"cgroup_update_dfl_csses",
	"smpboot_register_percpu_thread",
	"lockup_detector_reconfigure",
	"ring_buffer_resize",
	"vmstat_shepherd",
	NULL,
};
static const char *const hotplug_outside[] = { "cpuset_wait_for_hotplug", "lockup_detector_cleanup",
					       "arch_smt_update", NULL };

/* Tasks that move between cgroups, and threads that come and go. */
static const char *const threadgroup_writers[] = {
	"__cgroup_procs_write",	   "__cgroup1_procs_write",
	"cgroup_procs_write",	   "cgroup_threads_write",
	"cgroup1_procs_write",	   "cgroup1_tasks_write",
	"cgroup_update_dfl_csses", "cgroup_attach_task_all",
	"cgroup_transfer_tasks",   NULL
};
static const char *const threadgroup_readers[] = { "cgroup_can_fork", "cgroup_css_set_fork",
						   "exit_signals", NULL };
static const char *const threadgroup_outside[] = {
	"cgroup_kn_lock_live",	     "cgroup_lock",	   "cgroup_lock_and_drain_offline",
	"cgroup_procs_write_finish", "cpuset_post_attach", NULL
};

/* Probes in programs, and address spaces that are copied. */
static const char *const dup_mmap_writers[] = { "register_for_each_vma", NULL };
static const char *const dup_mmap_readers[] = { "dup_mmap", "dup_mm", NULL };

static const char *const mem_hotplug_writers[] = { "add_memory_resource", "offline_pages",
						   "online_pages", "try_remove_memory", NULL };

static const char *const scx_writers[] = { "scx_enable", "scx_ops_enable", "scx_enable_workfn",
					   NULL };

static const char *const pernet_readers[] = { "cleanup_net", "setup_net", NULL };
static const char *const shrinker_readers[] = { "shrink_slab", "shrink_slab_memcg", NULL };
static const char *const namespace_readers[] = { "show_vfsmnt", "show_mountinfo", "show_vfsstat",
						 "do_statmount", NULL };

static const struct holders known_holders[] = {
	{ "cpu_hotplug_lock", percpu_type, hotplug_writers, hotplug_readers, hotplug_outside },
	{ "cgroup_threadgroup_rwsem", percpu_type, threadgroup_writers, threadgroup_readers,
	  threadgroup_outside },
	{ "dup_mmap_sem", percpu_type, dup_mmap_writers, dup_mmap_readers, NULL },
	{ "mem_hotplug_lock", percpu_type, mem_hotplug_writers, NULL, NULL },
	{ "scx_fork_rwsem", percpu_type, scx_writers, NULL, NULL },
	{ "pernet_ops_rwsem", rwsem_type, NULL, pernet_readers, NULL },
	{ "shrinker_rwsem", rwsem_type, NULL, shrinker_readers, NULL },
	{ "namespace_sem", rwsem_type, NULL, namespace_readers, NULL },
};

/* ---- who ---- */

struct found {
	const struct iq_task *task;
	const char *function;
};

/* It is on its way to the lock and has not got it, or has let it go. */
static bool is_outside(struct iq_diag *d, const struct holders *h, const struct iq_task *t,
		       const struct iq_stack *stack, int frame)
{
	static const char *const coming[] = { "rcu_sync_enter", NULL };

	if (d->is_queued && d->is_queued(d->queue, t->addr))
		return true;
	if (h->writers && iq_stack_find(stack, 0, coming) >= 0 &&
	    iq_stack_find(stack, 0, coming) < frame)
		return true;
	/* cleanup_net() lets go before it waits for callbacks by itself. */
	if (frame && iq_frame_is(&stack->frames[frame], "cleanup_net")) {
		for (int i = 0; i < frame; i++)
			if (iq_frame_is(&stack->frames[i], "rcu_barrier"))
				return i == frame - 1;
	}
	return h->outside && iq_stack_find(stack, 0, h->outside) >= 0;
}

static size_t find_in(struct iq_diag *d, const struct iq_wait *w, const struct holders *h,
		      const char *const *functions, struct found found[static MAX_FOUND])
{
	size_t num = 0;

	for (size_t i = 0; i < d->tasks->num_tasks && num < MAX_FOUND; i++) {
		const struct iq_task *t = &d->tasks->tasks[i];
		const struct iq_stack *stack;
		int frame;

		if (!t->pid || !t->stack || t->on_cpu || t->unreadable || t->exit_state ||
		    t->pid == w->task->tid)
			continue;
		stack = iq_task_stack(d->s, t);
		frame = iq_stack_find(stack, 0, functions);
		if (frame < 0 || is_outside(d, h, t, stack, frame))
			continue;
		found[num++] = (struct found){ t, stack->frames[frame].sym.name };
	}
	return num;
}

static void add(struct iq_diag *d, struct iq_wait *w, const struct found *f, bool sure,
		const char *how, const char *counted)
{
	struct iq_edge *e = iq_graph_edge(d->g, w->task, iq_diag_task(d, f->task), w->on,
					  sure ? IQ_EDGE_OWNER : IQ_EDGE_MAYBE,
					  sure ? IQ_STRONG : IQ_LIKELY, "%s", how);

	iq_text_add(d->g, &e->evidence, "%s (%d) sleeps inside of %s(), which has it; %s",
		    f->task->comm, f->task->pid, f->function, counted);
}

static bool add_writers(struct iq_diag *d, struct iq_wait *w, const struct holders *h)
{
	struct found found[MAX_FOUND];
	size_t num = h->writers ? find_in(d, w, h, h->writers, found) : 0;

	for (size_t i = 0; i < num; i++)
		add(d, w, &found[i], num == 1, "holds it for write",
		    "percpu_rw_semaphore.block says that a writer does");
	return num;
}

static bool add_readers(struct iq_diag *d, struct iq_wait *w, const struct holders *h,
			unsigned counted)
{
	struct found found[MAX_FOUND];
	size_t num = h->readers ? find_in(d, w, h, h->readers, found) : 0;
	char text[64];

	snprintf(text, sizeof(text), "%u reader%s counted", counted,
		 counted == 1 ? " is" : "s are");
	for (size_t i = 0; i < num; i++)
		add(d, w, &found[i], num <= counted && num < MAX_FOUND, "holds it for read", text);
	return num;
}

static const struct holders *holders_of(struct iq_diag *d, iq_vaddr lock, const char *type)
{
	for (size_t i = 0; i < IQ_ARRAY_SIZE(known_holders); i++)
		if (known_holders[i].type == type &&
		    iq_sym_addr(d->s, known_holders[i].symbol) == lock)
			return &known_holders[i];
	return NULL;
}

static bool find_percpu(struct iq_diag *d, struct iq_wait *w, iq_vaddr lock,
			const struct iq_lock_name *name, unsigned num)
{
	const struct holders *h = holders_of(d, lock, percpu_type);
	uint64_t writer, block;

	(void)name;
	if (!h || !iq_peek_member(d->s, percpu_type, "writer.task", lock, &writer) ||
	    !iq_peek_member(d->s, percpu_type, "block.counter", lock, &block))
		return false;
	if (writer)
		return writer == w->task->addr && num && add_readers(d, w, h, num);
	return block && add_writers(d, w, h);
}

static bool find_rwsem(struct iq_diag *d, struct iq_wait *w, iq_vaddr lock,
		       const struct iq_lock_name *name, unsigned num)
{
	const struct holders *h = holders_of(d, lock, rwsem_type);

	(void)name;
	return h && num && add_readers(d, w, h, num);
}

/* ---- what they are for ---- */

static const struct {
	const char *symbol, *words;
} known_locks[] = {
	{ "rtnl_mutex", "the configuration of network devices" },
	{ "pernet_ops_rwsem", "network namespaces that come and go" },
	{ "net_mutex", "network namespaces that come and go" },
	{ "genl_mutex", "generic netlink" },
	{ "cb_lock", "generic netlink" },
	{ "cgroup_mutex", "the tree of cgroups" },
	{ "cgroup_threadgroup_rwsem", "tasks that move between cgroups" },
	{ "cpuset_mutex", "cpusets" },
	{ "cpuset_rwsem", "cpusets" },
	{ "freezer_mutex", "the cgroup freezer" },
	{ "cpu_hotplug_lock", "CPUs that come and go" },
	{ "cpu_add_remove_lock", "CPUs that come and go" },
	{ "mem_hotplug_lock", "memory that comes and goes" },
	{ "device_hotplug_lock", "devices that come and go" },
	{ "dup_mmap_sem", "address spaces that are copied" },
	{ "namespace_sem", "the tree of mounts" },
	{ "mount_lock", "the tree of mounts" },
	{ "shrinker_rwsem", "caches that memory is taken from" },
	{ "shrinker_mutex", "caches that memory is taken from" },
	{ "slab_mutex", "the kernel's caches of objects" },
	{ "pcpu_alloc_mutex", "per-CPU memory" },
	{ "pcpu_drain_mutex", "per-CPU lists of free pages" },
	{ "module_mutex", "the list of kernel modules" },
	{ "text_mutex", "changes to the kernel's code" },
	{ "jump_label_mutex", "switches in the kernel's code" },
	{ "kprobe_mutex", "kernel probes" },
	{ "event_mutex", "trace events" },
	{ "trace_types_lock", "tracing" },
	{ "tracepoints_mutex", "tracepoints" },
	{ "ftrace_lock", "function tracing" },
	{ "bpf_stats_enabled_mutex", "BPF statistics" },
	{ "trampoline_mutex", "BPF trampolines" },
	{ "tty_mutex", "terminals that are opened and closed" },
	{ "console_mutex", "the list of consoles" },
	{ "console_sem", "the console" },
	{ "misc_mtx", "opening of misc devices" },
	{ "loop_ctl_mutex", "loop devices that come and go" },
	{ "major_names_lock", "numbers of block devices" },
	{ "all_mddevs_lock", "the list of md arrays" },
	{ "dpm_list_mtx", "suspend and resume of devices" },
	{ "system_transition_mutex", "suspend and resume" },
	{ "wq_pool_mutex", "pools of kernel workers" },
	{ "wq_pool_attach_mutex", "pools of kernel workers" },
	{ "uevent_sock_mutex", "messages to udev" },
	{ "key_types_sem", "types of keys" },
	{ "crypto_alg_sem", "the list of cryptographic algorithms" },
	{ "audit_cmd_mutex", "the configuration of auditing" },
	{ "audit_filter_mutex", "the rules of auditing" },
};

/* A string that names something in /sys. */
static bool read_name(struct iq_session *s, iq_vaddr addr, char *name, size_t size)
{
	struct iq_error *err = iq_read_str(s, addr, name, size);

	if (err) {
		iq_error_free(err);
		return false;
	}
	for (const char *c = name; *c; c++)
		if (*c <= ' ' || *c > '~')
			return false;
	return name[0];
}

/* device_lock(), which whoever binds a driver to a device has, or takes it away. */
static bool name_device(struct iq_diag *d, iq_vaddr lock, struct iq_lock_name *name_ret)
{
	static const char type[] = "struct device";
	int64_t off = iq_offsetof(d->s, type, "mutex");
	iq_vaddr ktype = iq_sym_addr(d->s, "device_ktype"), device = lock - (uint64_t)off;
	uint64_t addr, found;
	char name[64];

	if (off < 0 || !ktype || !iq_peek_member(d->s, type, "kobj.ktype", device, &found) ||
	    found != ktype || !iq_peek_member(d->s, type, "kobj.name", device, &addr) ||
	    !read_name(d->s, addr, name, sizeof(name)))
		return false;
	*name_ret = (struct iq_lock_name){
		.name = iq_arena_printf(iq_scratch(d->s), "the lock of device %s", name),
		.container = device,
		.container_type = type,
		.member = "mutex",
		.certainty = IQ_PROVEN,
	};
	return true;
}

static bool identify(struct iq_diag *d, iq_vaddr lock, const char *lock_type,
		     const struct iq_sleeper *waiter, struct iq_lock_name *name_ret)
{
	struct iq_sym sym;
	struct iq_error *err = iq_sym_by_addr(d->s, lock, &sym);

	(void)waiter;
	if (err) {
		iq_error_free(err);
		return !strcmp(lock_type, "struct mutex") && name_device(d, lock, name_ret);
	}
	for (size_t i = 0; i < IQ_ARRAY_SIZE(known_locks); i++) {
		if (strcmp(known_locks[i].symbol, sym.name))
			continue;
		/* Some are a struct with the lock first in it (audit_cmd_mutex). */
		if (lock < sym.addr || lock - sym.addr >= IQ_MAX(sym.size, (uint64_t)1))
			return false;
		*name_ret = (struct iq_lock_name){
			.name = iq_arena_printf(iq_scratch(d->s), "%s (%s)", sym.name,
						known_locks[i].words),
			.certainty = IQ_PROVEN,
		};
		return true;
	}
	return false;
}

static const struct iq_lock_namer lock_namers[] = {
	{ .name = "global", .identify = identify },
	{ 0 },
};

static const struct iq_holder_rule holder_rules[] = {
	{ .name = "global-percpu-rwsem",
	  .summary = "who has CPUs, cgroups, address spaces to itself: the functions that take "
		     "these locks",
	  .lock_type = "struct percpu_rw_semaphore",
	  .find = find_percpu },
	{ .name = "global-rwsem",
	  .summary = "who reads the list of network namespaces, mounts, shrinkers: the functions "
		     "that take these locks",
	  .lock_type = "struct rw_semaphore",
	  .find = find_rwsem },
	{ 0 },
};

const struct iq_module iq_module_global = {
	.api = IQ_MODULE_API,
	.name = "global",
	.summary = "the kernel's global locks: what they are for, who has them",
	.lock_namers = lock_namers,
	.holder_rules = holder_rules,
};
