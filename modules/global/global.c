/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's global locks: what they are for, and who has those that belong to no room
 *
 * A lock with a symbol guards one thing for the whole machine: who waits for
 * it waits, in the end, for whoever does that thing. The name says which.
 *
 * Who has those that do not record it stands in rows in the room that the lock belongs to
 * (inquest/holders.h). The functions in them have the lock from their beginning to their end, or
 * to where they sleep; those that let it go in between are not listed.
 *
 * Kernel: mm/vmscan.c, mm/shrinker.c, include/linux/device.h.
 */
#include "inquest/module.h"

static const char *const shrinker_readers[] = { "shrink_slab", "shrink_slab_memcg", NULL };

static const struct iq_holder holders[] = {
	{ .symbol = "shrinker_rwsem", .mode = IQ_HOLD_READ, .functions = shrinker_readers },
	{ 0 },
};

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
	{ .name = "global", .rank = 1, .identify = identify },
	{ 0 },
};

const struct iq_module iq_module_global = {
	.api = IQ_MODULE_API,
	.name = "global",
	.summary = "the kernel's global locks: what they are for, who has them",
	.lock_namers = lock_namers,
	.holders = holders,
};
