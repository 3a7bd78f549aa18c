/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The types of global variables
 *
 * BTF knows types, but not which variable has which: only those of the per-CPU section are there.
 * What people print by name is listed here. Where a variable has had several types, the newest
 * stands first: the first that this kernel has counts. What a room's variables are says the room.
 *
 * The declarations are those of include/linux and kernel/ of v5.10 to v7.x.
 */
#include "shell/print/place.h"
#include "shell/run/inside.h"

static const struct iq_global builtin_globals[] = {
	/* tasks */
	{ "init_task", "struct task_struct" },
	{ "init_mm", "struct mm_struct" },
	{ "init_cred", "struct cred" },
	{ "init_files", "struct files_struct" },
	{ "init_fs", "struct fs_struct" },
	{ "init_signals", "struct signal_struct" },
	{ "init_sighand", "struct sighand_struct" },
	{ "init_nsproxy", "struct nsproxy" },
	{ "init_pid_ns", "struct pid_namespace" },
	{ "init_uts_ns", "struct uts_namespace" },
	{ "init_user_ns", "struct user_namespace" },
	{ "init_ipc_ns", "struct ipc_namespace" },
	{ "init_cgroup_ns", "struct cgroup_namespace" },
	{ "init_time_ns", "struct time_namespace" },
	{ "init_net", "struct net" },
	{ "net_namespace_list", "struct list_head" },
	{ "init_struct_pid", "struct pid" },
	{ "root_user", "struct user_struct" },
	{ "tasklist_lock", "rwlock_t" },
	{ "nr_threads", "int" },
	{ "max_threads", "int" },
	{ "total_forks", "unsigned long" },
	{ "pid_max", "int" },
	{ "pid_max_max", "int" },
	{ "cad_pid", "struct pid *" },
	{ "root_task_group", "struct task_group" },
	{ "task_groups", "struct list_head" },
	{ "def_root_domain", "struct root_domain" },
	{ "sched_domains_mutex", "struct mutex" },
	{ "cgroup_mutex", "struct mutex" },
	{ "cgroup_threadgroup_rwsem", "struct percpu_rw_semaphore" },
	{ "cgrp_dfl_root", "struct cgroup_root" },
	{ "cgroup_roots", "struct list_head" },
	{ "css_set_count", "int" },
	{ "css_set_lock", "spinlock_t" },
	{ "init_css_set", "struct css_set" },
	{ "root_mem_cgroup", "struct mem_cgroup *" },
	{ "freezer_active", "struct static_key_false" },
	{ "pm_freezing", "bool" },
	{ "pm_nosig_freezing", "bool" },
	{ "system_freezing_cnt", "atomic_t" },
	{ "sysctl_hung_task_timeout_secs", "unsigned long" },
	{ "sysctl_hung_task_panic", "unsigned int" },
	/* CPUs and time */
	{ "nr_cpu_ids", "unsigned int" },
	{ "__num_online_cpus", "atomic_t" },
	{ "__cpu_possible_mask", "struct cpumask" },
	{ "__cpu_online_mask", "struct cpumask" },
	{ "__cpu_present_mask", "struct cpumask" },
	{ "__cpu_active_mask", "struct cpumask" },
	{ "cpu_hotplug_lock", "struct percpu_rw_semaphore" },
	{ "cpu_add_remove_lock", "struct mutex" },
	{ "boot_cpu_data", "struct cpuinfo_x86" },
	{ "jiffies", "unsigned long" },
	{ "jiffies_64", "u64" },
	{ "avenrun", "unsigned long [3]" },
	{ "tsc_khz", "unsigned int" },
	{ "cpu_khz", "unsigned int" },
	{ "clocksource_list", "struct list_head" },
	{ "curr_clocksource", "struct clocksource *" },
	{ "calc_load_tasks", "atomic_long_t" },
	{ "calc_load_update", "unsigned long" },
	{ "system_state", "enum system_states" },
	{ "panic_timeout", "int" },
	{ "panic_on_oops", "int" },
	{ "panic_cpu", "atomic_t" },
	{ "oops_in_progress", "int" },
	{ "crashing_cpu", "int" },
	{ "tainted_mask", "unsigned long" },
	{ "saved_command_line", "char *" },
	{ "linux_banner", "char [160]" },
	{ "rcu_state", "struct rcu_state" },
	{ "rcu_tasks", "struct rcu_tasks" },
	{ "srcu_online", "bool" },
	/* per CPU, where BTF does not know them */
	{ "runqueues", "struct rq" },
	{ "current_task", "struct task_struct *" },
	{ "pcpu_hot", "struct pcpu_hot" },
	{ "cpu_worker_pools", "struct worker_pool [2]" },
	{ "hrtimer_bases", "struct hrtimer_cpu_base" },
	{ "timer_bases", "struct timer_base [2]" },
	{ "tick_cpu_sched", "struct tick_sched" },
	{ "tick_cpu_device", "struct tick_device" },
	{ "rcu_data", "struct rcu_data" },
	{ "softnet_data", "struct softnet_data" },
	{ "kernel_cpustat", "struct kernel_cpustat" },
	{ "kstat", "struct kernel_stat" },
	{ "vm_event_states", "struct vm_event_state" },
	{ "cpu_info", "struct cpuinfo_x86" },
	{ "cpu_number", "int" },
	{ "cpu_stopper", "struct cpu_stopper" },
	{ "cpu_tss_rw", "struct tss_struct" },
	{ "blk_cpu_done", "struct llist_head" },
	{ "irq_stat", "irq_cpustat_t" },
	{ "process_counts", "unsigned long" },
	/* memory */
	{ "slab_caches", "struct list_head" },
	{ "slab_mutex", "struct mutex" },
	{ "vmap_area_list", "struct list_head" },
	{ "vmap_area_root", "struct rb_root" },
	{ "vmlist", "struct vm_struct *" },
	{ "contig_page_data", "struct pglist_data" },
	{ "node_data", "struct pglist_data *[1]" },
	{ "_totalram_pages", "atomic_long_t" },
	{ "totalreserve_pages", "unsigned long" },
	{ "vm_zone_stat", "atomic_long_t [1]" },
	{ "vm_node_stat", "atomic_long_t [1]" },
	{ "max_pfn", "unsigned long" },
	{ "max_low_pfn", "unsigned long" },
	{ "page_offset_base", "unsigned long" },
	{ "vmalloc_base", "unsigned long" },
	{ "vmemmap_base", "unsigned long" },
	{ "phys_base", "unsigned long" },
	{ "vm_swappiness", "int" },
	{ "dirty_background_ratio", "int" },
	{ "vm_dirty_ratio", "int" },
	{ "global_wb_domain", "struct wb_domain" },
	{ "swap_info", "struct swap_info_struct *[1]" },
	{ "nr_swapfiles", "unsigned int" },
	{ "total_swap_pages", "long" },
	{ "nr_swap_pages", "atomic_long_t" },
	{ "swapon_mutex", "struct mutex" },
	{ "shrinker_list", "struct list_head" },
	{ "shrinker_rwsem", "struct rw_semaphore" },
	{ "shrinker_mutex", "struct mutex" },
	{ "oom_lock", "struct mutex" },
	{ "oom_reaper_list", "struct task_struct *" },
	{ "iomem_resource", "struct resource" },
	{ "ioport_resource", "struct resource" },
	{ "pcpu_alloc_mutex", "struct mutex" },
	{ "vmap_purge_lock", "struct mutex" },
	/* files */
	{ "super_blocks", "struct list_head" },
	{ "sb_lock", "spinlock_t" },
	{ "file_systems", "struct file_system_type *" },
	{ "mount_lock", "seqlock_t" },
	{ "namespace_sem", "struct rw_semaphore" },
	{ "rename_lock", "seqlock_t" },
	{ "inodes_stat", "struct inodes_stat_t" },
	{ "files_stat", "struct files_stat_struct" },
	{ "dentry_stat", "struct dentry_stat_t" },
	{ "bdi_list", "struct list_head" },
	{ "bdi_lock", "spinlock_t" },
	{ "bdi_tree", "struct rb_root" },
	{ "noop_backing_dev_info", "struct backing_dev_info" },
	{ "bdi_wq", "struct workqueue_struct *" },
	{ "chrdevs", "struct char_device_struct *[255]" },
	{ "blk_requestq_cachep", "struct kmem_cache *" },
	{ "block_class", "struct class" },
	{ "proc_root", "struct proc_dir_entry" },
	{ "sysctl_table_root", "struct ctl_table_root" },
	{ "all_bdevs", "struct list_head" },
	/* work, modules, devices */
	{ "workqueues", "struct list_head" },
	{ "wq_pool_mutex", "struct mutex" },
	{ "wq_pool_attach_mutex", "struct mutex" },
	{ "system_wq", "struct workqueue_struct *" },
	{ "system_highpri_wq", "struct workqueue_struct *" },
	{ "system_long_wq", "struct workqueue_struct *" },
	{ "system_unbound_wq", "struct workqueue_struct *" },
	{ "system_freezable_wq", "struct workqueue_struct *" },
	{ "system_power_efficient_wq", "struct workqueue_struct *" },
	{ "system_percpu_wq", "struct workqueue_struct *" },
	{ "system_dfl_wq", "struct workqueue_struct *" },
	{ "modules", "struct list_head" },
	{ "module_mutex", "struct mutex" },
	{ "mod_tree", "struct mod_tree_root" },
	{ "module_kset", "struct kset *" },
	{ "kthreadd_task", "struct task_struct *" },
	{ "kthread_create_list", "struct list_head" },
	{ "rtnl_mutex", "struct mutex" },
	{ "pernet_ops_rwsem", "struct rw_semaphore" },
	{ "dpm_list", "struct list_head" },
	{ "devices_kset", "struct kset *" },
	{ "bus_kset", "struct kset *" },
	{ "class_kset", "struct kset *" },
	{ "console_drivers", "struct console *" },
	{ "console_list", "struct hlist_head" },
	{ "console_sem", "struct semaphore" },
	{ "console_mutex", "struct mutex" },
	{ "console_suspended", "int" },
	{ "prb", "struct printk_ringbuffer *" },
	{ "printk_rb_static", "struct printk_ringbuffer" },
	{ "log_buf_len", "u32" },
	{ "tty_mutex", "struct mutex" },
	{ "tty_drivers", "struct list_head" },
	{ "pci_root_buses", "struct list_head" },
	{ "irq_desc_tree", "struct radix_tree_root" },
	{ "irq_desc_tree", "struct xarray" },
	{ "sparse_irqs", "struct maple_tree" },
	{ "nr_irqs", "int" },
	{ "text_mutex", "struct mutex" },
	{ "jump_label_mutex", "struct mutex" },
	{ "kprobe_mutex", "struct mutex" },
	{ "event_mutex", "struct mutex" },
	{ "trace_types_lock", "struct mutex" },
	{ "ftrace_lock", "struct mutex" },
	{ "init_on_alloc", "struct static_key_false" },
	{ "sysrq_on", "bool" },
	{ 0 },
};

static bool find(struct iq_session *s, const struct iq_global *globals, const char *symbol,
		 struct iq_type *type_ret)
{
	for (; globals && globals->symbol; globals++) {
		struct iq_error *err;

		if (strcmp(globals->symbol, symbol))
			continue;
		err = iq_type_by_name(s, globals->type, type_ret);
		if (!err)
			return true;
		iq_error_free(err);
	}
	return false;
}

struct iq_error *iq_global_type(struct iq_session *s, const char *symbol, struct iq_type *type_ret)
{
	struct iq_error *err = iq_type_of_var(s, symbol, type_ret);

	if (!iq_error_catch(&err, IQ_ERR_NOTFOUND))
		return err;
	iq_vec_foreach(&s->rooms.list, m)
		if (find(s, (*m)->globals, symbol, type_ret))
			return NULL;
	if (find(s, builtin_globals, symbol, type_ret))
		return NULL;
	return iq_error_new(IQ_ERR_NOTFOUND, "the type of %s is not known", symbol);
}
