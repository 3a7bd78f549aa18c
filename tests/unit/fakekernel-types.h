/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The types of made kernels, in a small language
 *
 *	name { type member; type member[3]; type *member; u32 member:1; ... }
 *
 * Types are u8 u16 u32 u64 s32 s64 char and structs declared further up; a pointer may be to
 * any struct or void. Members are laid out as C does it. The flavours in front of each say
 * which kernels have it so.
 */
#ifndef IQ_TESTS_UNIT_FAKEKERNEL_TYPES_H
#define IQ_TESTS_UNIT_FAKEKERNEL_TYPES_H

/* RT: of PREEMPT_RT, which is made of FK_MID; NOT_RT: only where it is none. */
enum { O = 1, M = 2, N = 4, ALL = O | M | N, RT = 8, NOT_RT = 16 };

static const struct made_type_text {
	unsigned flavours;
	const char *text;
} made_types[] = {
	{ ALL, "list_head { u64 next; u64 prev; }" },
	{ ALL, "hlist_head { u64 first; }" },
	{ ALL, "hlist_node { u64 next; u64 pprev; }" },
	{ ALL, "rb_node { u64 __rb_parent_color; u64 rb_right; u64 rb_left; }" },
	{ ALL, "rb_root { u64 rb_node; }" },
	{ ALL, "rb_root_cached { rb_root rb_root; u64 rb_leftmost; }" },
	{ ALL, "atomic_t { s32 counter; }" },
	{ ALL, "atomic_long_t { s64 counter; }" },
	{ ALL, "refcount_struct { atomic_t refs; }" },
	{ ALL, "inactive_task_frame { u64 r15; u64 r14; u64 r13; u64 r12; u64 bx; u64 bp; u64 "
	       "ret_addr; }" },
	{ ALL,
	  "pt_regs { u64 r15; u64 r14; u64 r13; u64 r12; u64 bp; u64 bx; u64 r11; u64 r10; u64 r9; "
	  "u64 r8; u64 ax; u64 cx; u64 dx; u64 si; u64 di; u64 orig_ax; u64 ip; u64 cs; u64 flags; "
	  "u64 sp; u64 ss; }" },

	{ M | N, "rt_mutex_base { u32 wait_lock; rb_root_cached waiters; void *owner; }" },
	{ RT, "rwbase_rt { atomic_t readers; rt_mutex_base rtmutex; }" },
	{ RT, "mutex { rt_mutex_base rtmutex; }" },
	{ RT, "rw_semaphore { rwbase_rt rwbase; }" },
	{ RT, "spinlock { rt_mutex_base lock; }" },
	{ O | M | NOT_RT,
	  "mutex { atomic_long_t owner; u32 wait_lock; u32 osq; list_head wait_list; }" },
	{ N, "mutex { atomic_long_t owner; u32 wait_lock; u32 osq; u64 first_waiter; }" },
	{ ALL | NOT_RT, "mutex_waiter { list_head list; void *task; u64 ww_ctx; }" },
	{ O | M | NOT_RT,
	  "rw_semaphore { atomic_long_t count; atomic_long_t owner; u32 osq; u32 wait_lock; "
	  "list_head wait_list; }" },
	{ N, "rw_semaphore { atomic_long_t count; atomic_long_t owner; u32 osq; u32 wait_lock; "
	     "u64 first_waiter; }" },
	{ O,
	  "rwsem_waiter { list_head list; void *task; u32 type; u64 timeout; u64 last_rowner; }" },
	{ M | N | NOT_RT,
	  "rwsem_waiter { list_head list; void *task; u32 type; u64 timeout; u8 handoff_set; }" },
	{ O | M, "semaphore { u32 lock; u32 count; list_head wait_list; }" },
	{ N, "semaphore { u32 lock; u32 count; u64 first_waiter; u64 last_holder; }" },
	{ ALL, "semaphore_waiter { list_head list; void *task; u8 up; }" },
	{ O, "rt_mutex { u32 wait_lock; rb_root_cached waiters; void *owner; }" },
	{ M | N, "rt_mutex { rt_mutex_base rtmutex; }" },
	{ ALL,
	  "rt_mutex_waiter { rb_node tree_entry; rb_node pi_tree_entry; void *task; void *lock; "
	  "u32 wake_state; s32 prio; u64 deadline; }" },
	{ ALL, "wait_queue_head { u32 lock; list_head head; }" },
	{ ALL, "wait_queue_entry { u32 flags; void *private; void *func; list_head entry; }" },
	{ ALL, "rcuwait { void *task; }" },
	{ ALL,
	  "rcu_sync { s32 gp_state; s32 gp_count; wait_queue_head gp_wait; u64 cb_head[2]; }" },
	{ ALL, "percpu_rw_semaphore { rcu_sync rss; void *read_count; rcuwait writer; "
	       "wait_queue_head waiters; atomic_t block; }" },
	{ ALL, "swait_queue_head { u32 lock; list_head task_list; }" },
	{ ALL, "completion { u32 done; swait_queue_head wait; }" },
	{ ALL, "swait_queue { void *task; list_head task_list; }" },
	{ ALL, "wait_opts { u32 wo_type; s32 wo_flags; void *wo_pid; void *wo_info; s32 wo_stat; "
	       "void *wo_rusage; wait_queue_entry child_wait; s32 notask_error; }" },

	{ ALL, "kuid_t { u32 val; }" },
	{ ALL, "cred { u64 usage; kuid_t uid; kuid_t gid; kuid_t suid; kuid_t sgid; kuid_t euid; "
	       "kuid_t egid; }" },
	{ ALL, "ns_common { u64 stashed; void *ops; u32 inum; }" },
	{ ALL, "pid_namespace { u64 idr; u32 level; ns_common ns; }" },
	{ ALL, "upid { s32 nr; void *ns; }" },
	{ ALL, "pid { u32 count; u32 level; u64 lock; upid numbers[1]; }" },
	{ ALL, "new_utsname { char sysname[65]; char nodename[65]; char release[65]; }" },
	{ ALL, "uts_namespace { new_utsname name; }" },
	{ ALL, "sched_entity { u64 load[2]; u64 exec_start; u64 sum_exec_runtime; void *cfs_rq; "
	       "void *parent; }" },
	{ ALL, "sched_info { u64 pcount; u64 run_delay; u64 last_arrival; u64 last_queued; }" },
	{ ALL, "thread_struct { u64 tls_array[3]; u64 sp; }" },
	{ ALL, "seccomp { void *filter; }" },
	{ M | N, "thread_info { u64 flags; u64 syscall_work; u32 status; u32 cpu; }" },
	{ ALL, "sigset_t { u64 sig[1]; }" },
	{ ALL, "sigpending { list_head list; sigset_t signal; }" },
	{ O, "signal_struct { u64 sigcnt; s32 nr_threads; list_head thread_head; void *pids[4]; "
	     "void *group_exit_task; s32 notify_count; void *tty; "
	     "u64 utime; u64 stime; u64 sum_sched_runtime; mutex cred_guard_mutex; "
	     "rw_semaphore exec_update_lock; sigpending shared_pending; }" },
	{ M | N,
	  "signal_struct { u64 sigcnt; s32 nr_threads; s32 quick_threads; list_head thread_head; "
	  "void *pids[4]; void *group_exec_task; s32 notify_count; void *core_state; void *tty; "
	  "u64 utime; u64 stime; u64 sum_sched_runtime; "
	  "mutex cred_guard_mutex; rw_semaphore exec_update_lock; sigpending shared_pending; }" },
	{ O,
	  "task_struct { u64 thread_info[2]; s64 state; void *stack; u64 usage; u32 flags; u32 "
	  "ptrace; "
	  "s32 on_cpu; u32 cpu; s32 on_rq; s32 prio; s32 static_prio; u32 rt_priority; "
	  "sched_entity se; "
	  "u32 policy; sched_info sched_info; list_head tasks; void *mm; void *active_mm; s32 "
	  "exit_state; "
	  "s32 exit_code; s32 exit_signal; u64 jobctl; u32 in_execve:1; u32 frozen:1; s32 pid; "
	  "s32 tgid; "
	  "void *real_parent; void *parent; list_head children; list_head sibling; void "
	  "*group_leader; "
	  "void *thread_pid; list_head thread_node; void *vfork_done; sigpending pending; void "
	  "*journal_info; u64 "
	  "utime; u64 stime; u64 "
	  "nvcsw; "
	  "u64 nivcsw; u64 start_time; u64 start_boottime; u64 min_flt; u64 maj_flt; void "
	  "*real_cred; "
	  "void *cred; char comm[16]; void *fs; void *files; void *nsproxy; void *signal; void "
	  "*sighand; "
	  "void *pi_blocked_on; void *cgroups; thread_struct thread; seccomp seccomp; u8 "
	  "rcu_tasks_holdout; "
	  "void *io_uring; void *pf_io_worker; void *set_child_tid; list_head rcu_node_entry; }" },
	{ M,
	  "task_struct { thread_info thread_info; u32 __state; u32 saved_state; void *stack; "
	  "u64 usage; "
	  "u32 flags; u32 ptrace; s32 on_cpu; s32 on_rq; s32 prio; s32 static_prio; u32 "
	  "rt_priority; "
	  "sched_entity se; u32 policy; sched_info sched_info; list_head tasks; void *mm; void "
	  "*active_mm; "
	  "s32 exit_state; s32 exit_code; s32 exit_signal; u64 jobctl; u32 in_execve:1; u32 "
	  "frozen:1; "
	  "s32 pid; s32 tgid; void *real_parent; void *parent; list_head children; list_head "
	  "sibling; "
	  "void *group_leader; void *thread_pid; list_head thread_node; void *vfork_done; "
	  "sigpending "
	  "pending; void *journal_info; u64 "
	  "utime; "
	  "u64 stime; u64 nvcsw; u64 nivcsw; u64 start_time; u64 start_boottime; u64 min_flt; "
	  "u64 maj_flt; "
	  "void *real_cred; void *cred; char comm[16]; void *fs; void *files; void *nsproxy; "
	  "void *signal; "
	  "void *sighand; void *pi_blocked_on; void *cgroups; thread_struct thread; seccomp "
	  "seccomp; u8 "
	  "rcu_tasks_holdout; void *io_uring; void *worker_private; list_head rcu_node_entry; }" },
	{ N,
	  "task_struct { thread_info thread_info; u32 __state; u32 saved_state; void *stack; u64 "
	  "usage; "
	  "u32 flags; u32 ptrace; u8 on_cpu; u8 on_rq; u8 is_blocked; s32 prio; s32 static_prio; "
	  "u32 rt_priority; sched_entity se; u32 policy; sched_info sched_info; list_head tasks; "
	  "void *mm; "
	  "void *active_mm; s32 exit_state; s32 exit_code; s32 exit_signal; u64 jobctl; u32 "
	  "in_execve:1; "
	  "u32 frozen:1; s32 pid; s32 tgid; void *real_parent; void *parent; list_head children; "
	  "list_head sibling; void *group_leader; void *journal_info; void *thread_pid; list_head "
	  "thread_node; void "
	  "*vfork_done; sigpending pending; "
	  "u64 utime; u64 stime; u64 nvcsw; u64 nivcsw; u64 start_time; u64 start_boottime; u64 "
	  "min_flt; "
	  "u64 maj_flt; void *real_cred; void *cred; char comm[16]; void *fs; void *files; void "
	  "*nsproxy; "
	  "void *signal; void *sighand; void *pi_blocked_on; mutex *blocked_on; u64 blocker; void "
	  "*cgroups; "
	  "thread_struct thread; seccomp seccomp; u8 rcu_tasks_holdout; void *io_uring; void "
	  "*worker_private; "
	  "list_head rcu_node_entry; }" },
	{ ALL,
	  "rq { u32 lock; u32 nr_running; void *curr; void *idle; u64 clock; u64 clock_task; }" },

	{ ALL, "percpu_counter { u32 lock; s64 count; list_head list; u64 counters; }" },
	{ ALL, "io_uring_task { s32 cached_refs; percpu_counter inflight; }" },
	{ ALL, "io_wq_work { u64 list; u32 flags; }" },
	{ O | M, "io_kiocb { void *file; void *ctx; void *task; io_wq_work work; }" },
	{ N, "io_kiocb { void *file; void *ctx; void *tctx; io_wq_work work; }" },
	{ ALL, "io_worker { u32 ref; u32 flags; void *cur_work; }" },

	{ M | N, "maple_tree { u64 ma_flags; u64 ma_root; }" },
	{ O, "mm_struct { void *mmap; u64 mm_rb; void *pgd; rw_semaphore mmap_lock; u64 arg_start; "
	     "u64 arg_end; void *core_state; }" },
	{ M,
	  "mm_struct { maple_tree mm_mt; void *pgd; rw_semaphore mmap_lock; s32 mm_lock_seq; u64 "
	  "arg_start; "
	  "u64 arg_end; }" },
	{ N, "mm_struct { maple_tree mm_mt; void *pgd; rcuwait vma_writer_wait; rw_semaphore "
	     "mmap_lock; "
	     "u32 mm_lock_seq; u64 arg_start; u64 arg_end; }" },
	{ O,
	  "vm_area_struct { u64 vm_start; u64 vm_end; void *vm_next; void *vm_prev; void *vm_mm; "
	  "u64 vm_flags; void *vm_ops; u64 vm_pgoff; void *vm_file; }" },
	{ M, "vma_lock { rw_semaphore lock; }" },
	{ M,
	  "vm_area_struct { u64 vm_start; u64 vm_end; void *vm_mm; u64 vm_page_prot; u64 vm_flags; "
	  "u8 detached; s32 vm_lock_seq; vma_lock *vm_lock; void *vm_ops; u64 vm_pgoff; void "
	  "*vm_file; }" },
	{ N,
	  "vm_area_struct { u64 vm_start; u64 vm_end; void *vm_mm; u64 vm_page_prot; u64 vm_flags; "
	  "u32 vm_lock_seq; void *vm_ops; u64 vm_pgoff; void *vm_file; refcount_struct vm_refcnt; "
	  "}" },

	{ ALL, "vm_fault { void *vma; u32 gfp_mask; u64 pgoff; u64 address; u64 real_address; u32 "
	       "flags; }" },

	{ O, "sb_writers { s32 frozen; wait_queue_head wait_unfrozen; percpu_rw_semaphore "
	     "rw_sem[3]; }" },
	{ M | N, "sb_writers { u16 frozen; s32 freeze_kcount; s32 freeze_ucount; "
		 "percpu_rw_semaphore rw_sem[3]; }" },
	{ ALL, "file_system_type { void *name; }" },
	{ O, "block_device { u32 bd_dev; s32 bd_fsfreeze_count; }" },
	{ M | N, "block_device { u32 bd_dev; atomic_t bd_fsfreeze_count; void *bd_disk; }" },
	{ ALL,
	  "super_block { list_head s_list; u32 s_dev; u64 s_maxbytes; file_system_type *s_type; "
	  "u64 s_flags; void *s_root; rw_semaphore s_umount; s32 s_count; block_device *s_bdev; "
	  "void *s_fs_info; sb_writers s_writers; char s_id[32]; }" },
	{ ALL, "address_space { void *host; u64 i_pages[2]; rw_semaphore invalidate_lock; "
	       "rw_semaphore i_mmap_rwsem; }" },
	{ ALL,
	  "inode { u16 i_mode; void *i_op; super_block *i_sb; address_space *i_mapping; u64 i_ino; "
	  "rw_semaphore i_rwsem; hlist_head i_dentry; address_space i_data; }" },
	{ ALL, "qstr { u32 hash; u32 len; void *name; }" },
	{ ALL, "dentry_u { hlist_node d_alias; }" },
	{ ALL, "dentry { u32 d_flags; void *d_parent; qstr d_name; inode *d_inode; super_block "
	       "*d_sb; dentry_u d_u; }" },
	{ ALL, "path { void *mnt; dentry *dentry; }" },
	{ ALL, "file { u32 f_mode; path f_path; inode *f_inode; mutex f_pos_lock; u64 f_pos; void "
	       "*f_op; void *private_data; }" },
	{ ALL, "fdtable { u32 max_fds; void *fd; }" },
	{ ALL, "files_struct { u64 count; void *fdt; }" },
	{ ALL, "btrfs_fs_devices { u64 total_rw_bytes; list_head devices; }" },
	{ ALL, "btrfs_fs_info { super_block *sb; void *running_transaction; "
	       "btrfs_fs_devices *fs_devices; "
	       "wait_queue_head transaction_wait; }" },
	{ ALL, "btrfs_transaction { u64 transid; atomic_t num_writers; u32 state; "
	       "wait_queue_head writer_wait; wait_queue_head commit_wait; btrfs_fs_info *fs_info; "
	       "}" },
	{ ALL, "btrfs_trans_handle { u64 transid; btrfs_transaction *transaction; }" },
	{ ALL, "xfs_buf { u64 b_rhash_key; u32 b_flags; semaphore b_sema; void *b_target; s32 "
	       "b_last_error; }" },
	{ ALL, "xfs_log_item { list_head li_ail; u32 li_type; u64 li_flags; xfs_buf *li_buf; }" },
	{ ALL, "xfs_buf_log_item { xfs_log_item bli_item; xfs_buf *bli_buf; }" },
	{ ALL, "xfs_ail { void *ail_task; list_head ail_head; }" },
	{ ALL, "xlog { void *l_mp; xfs_ail *l_ailp; void *l_targ; }" },
	{ ALL, "xfs_mount { super_block *m_super; xfs_ail *m_ail; xlog *m_log; }" },
	{ ALL, "vfsmount { dentry *mnt_root; super_block *mnt_sb; s32 mnt_flags; }" },
	{ O, "mount { hlist_node mnt_hash; void *mnt_parent; dentry *mnt_mountpoint; vfsmount mnt; "
	     "void *mnt_devname; list_head mnt_list; }" },
	{ M | N,
	  "mount { hlist_node mnt_hash; void *mnt_parent; dentry *mnt_mountpoint; vfsmount mnt; "
	  "void *mnt_devname; rb_node mnt_node; }" },
	{ O, "mnt_namespace { u64 ns; void *root; list_head list; }" },
	{ M | N, "mnt_namespace { u64 ns; void *root; rb_root mounts; }" },
	{ ALL, "nsproxy { u64 count; void *uts_ns; void *ipc_ns; mnt_namespace *mnt_ns; }" },

	{ ALL, "cpuhp_cpu_state { s32 state; s32 target; void *thread; completion done_up; "
	       "completion done_down; }" },
	{ ALL, "kobject { void *name; list_head entry; void *parent; void *kset; void *ktype; }" },
	{ ALL, "device { kobject kobj; void *parent; mutex mutex; }" },
	{ ALL, "srcu_struct { u64 srcu_gp_seq; void *sda; }" },
	{ O | M, "srcu_data { u64 srcu_lock_count[2]; u64 srcu_unlock_count[2]; void *ssp; }" },
	{ N, "srcu_ctr { atomic_long_t srcu_locks; atomic_long_t srcu_unlocks; }" },
	{ N, "srcu_data { srcu_ctr srcu_ctrs[2]; void *ssp; }" },
	{ ALL, "module { u32 state; list_head list; char name[56]; }" },
	{ M | N, "idempotent { void *cookie; hlist_node entry; completion complete; s32 ret; }" },
	{ ALL, "net { u64 passive; ns_common ns; list_head list; list_head dev_base_head; }" },
	{ ALL, "possible_net_t { net *net; }" },
	{ ALL,
	  "net_device { char name[16]; list_head dev_list; list_head todo_list; void "
	  "*pcpu_refcnt; u8 reg_state; possible_net_t nd_net; void *ip_ptr; void *ip6_ptr; }" },
	{ ALL, "in_device { void *dev; void *ifa_list; }" },
	{ ALL, "in_ifaddr { hlist_node hash; void *ifa_next; u32 ifa_local; u32 ifa_address; }" },
	{ ALL, "in6_addr { u8 bytes[16]; }" },
	{ ALL, "inet6_dev { void *dev; list_head addr_list; }" },
	{ ALL, "inet6_ifaddr { in6_addr addr; u32 prefix_len; list_head if_list; }" },
	{ ALL, "sk_buff_head { u64 next; u64 prev; u32 qlen; u32 lock; }" },
	{ ALL, "sock_common { u16 skc_family; u8 skc_state; }" },
	{ ALL, "sock_backlog { atomic_t rmem_alloc; s32 len; }" },
	{ ALL, "sock { sock_common __sk_common; sock_backlog sk_backlog; s32 sk_rcvbuf; u16 "
	       "sk_protocol; void *sk_socket; }" },
	{ ALL,
	  "netlink_sock { sock sk; u64 flags; u32 portid; u64 state; wait_queue_head wait; u32 "
	  "ngroups; void *groups; }" },
	{ ALL, "socket { u32 state; void *file; sock *sk; }" },
	/* Pointers into the kernel's core are void, as in modules. */
	{ ALL, "TCP_Server_Info { list_head tcp_ses_list; u32 tcpStatus; void *hostname; void "
	       "*ssocket; u64 dstaddr[16]; wait_queue_head response_q; wait_queue_head "
	       "request_q; list_head pending_mid_q; }" },
	{ ALL, "mid_q_entry { list_head qhead; u64 mid; void *creator; u16 command; }" },
	{ ALL, "gendisk { char disk_name[32]; void *fops; void *queue; void *private_data; }" },
	{ ALL, "blk_mq_tags { u32 nr_tags; void *rqs; }" },
	{ ALL, "blk_mq_tag_set { u32 nr_hw_queues; void *tags; }" },
	{ ALL, "request_queue { void *queuedata; void *mq_ops; blk_mq_tag_set *tag_set; gendisk "
	       "*disk; }" },
	{ ALL, "request { request_queue *q; s32 tag; u32 state; u64 start_time_ns; void "
	       "*end_io_data; }" },
	{ ALL, "scsi_host_template { void *name; void *proc_name; }" },
	{ ALL, "Scsi_Host { list_head __devices; list_head eh_abort_list; list_head eh_cmd_q; void "
	       "*ehandler; wait_queue_head host_wait; scsi_host_template *hostt; u32 host_failed; "
	       "u32 host_no; u32 host_self_blocked:1; u32 shost_state; }" },
	{ ALL, "scsi_device { Scsi_Host *host; void *request_queue; list_head siblings; u32 id; "
	       "u32 channel; u64 lun; void *vendor; void *model; u32 sdev_state; }" },
	{ ALL, "scsi_cmnd { scsi_device *device; list_head eh_entry; s32 eh_eflags; s32 retries; "
	       "s32 allowed; }" },
	{ ALL,
	  "rpc_xprt { u64 state; void *servername; void *address_strings[6]; void *xprt_net; u64 "
	  "addr[16]; rb_root recv_queue; }" },
	{ ALL, "rpc_rqst { void *rq_xprt; u32 rq_xid; rb_node rq_recv; }" },
	{ ALL, "svc_rqst { void *rq_server; u32 rq_xid; u32 rq_prog; void *rq_task; }" },
	{ ALL, "rpc_clnt { list_head cl_tasks; rpc_xprt *cl_xprt; }" },
	{ ALL, "nfs_client { s32 cl_cons_state; void *cl_hostname; rpc_clnt *cl_rpcclient; u64 "
	       "cl_state; void *cl_net; }" },
	{ ALL, "nfs_server { rpc_clnt *client; }" },
	{ ALL, "auditd_connection { pid *pid; u32 portid; void *net; }" },
};

#endif
