/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Places in the kernel, in plain words
 *
 * Where tasks are seen to sleep, what such a sleep is for, and where one would look next. This
 * decides nothing: it is said of a sleep for which nobody was found.
 */
#include "diag/places.h"

#include <string.h>

static const char disk[] = "the storage below: dmesg, /sys/block/*/inflight";
static const char server[] = "the server, and the network to it: dmesg";
static const char daemon_alive[] = "that program: whether it runs, and what it waits for";
static const char reading_a_block[] =
	"waits for a block that is read from or written to its device";
static const char journal[] = "waits for the journal of its filesystem";
static const char freezing[] = "waits until no request uses the queue of a disk";
static const char memory[] = "waits because memory is short";
static const char memory_next[] = "free memory, swap and who uses them: /proc/meminfo, dmesg";
static const char rcu[] = "waits until all CPUs have passed through a quiet state (RCU)";
static const char rcu_next[] = "a CPU that does not come to rest: dmesg for RCU stalls, top";
static const char work_item[] = "waits for work that was handed to a kernel worker";
static const char work_next[] =
	"the kworkers that are in D or run all the time: inquest stacks kworker";

static const struct iq_place places[] = {
	{ "__lock_page", reading_a_block, disk },
	{ "__folio_lock", reading_a_block, disk },
	{ "folio_wait_bit_common", reading_a_block, disk },
	{ "wait_on_page_bit_common", reading_a_block, disk },
	{ "__wait_on_buffer", reading_a_block, disk },
	{ "__lock_buffer", reading_a_block, disk },
	{ "submit_bio_wait", reading_a_block, disk },
	{ "blk_execute_rq", "waits for a request to its device", disk },
	{ "iomap_dio_rw", reading_a_block, disk },
	{ "__iomap_dio_rw", reading_a_block, disk },
	{ "__blockdev_direct_IO", reading_a_block, disk },
	{ "blk_mq_get_tag", "waits for a free request of its disk: all are under way", disk },
	{ "blk_mq_freeze_queue_wait", freezing, disk },
	{ "blk_mq_freeze_queue_wait_timeout", freezing, disk },
	{ "blk_queue_enter", "waits until a disk's queue takes requests again", disk },
	{ "__bio_queue_enter", "waits until a disk's queue takes requests again", disk },
	{ "rq_qos_wait", "waits until its share of a disk lets it go on", disk },
	{ "wbt_wait", "waits until fewer writes are under way", disk },
	{ "dm_wait_for_completion", "waits for the I/O that a device-mapper device has under way",
	  "what is below that device: dmsetup info, dmsetup table" },
	{ "md_write_start", "waits until an md array may be written to", "/proc/mdstat" },
	{ "raid5_get_active_stripe", "waits for a free stripe of an md array", "/proc/mdstat" },
	{ "wait_barrier", "waits for an md array that is being resynchronised", "/proc/mdstat" },
	{ "do_get_write_access", "waits for a buffer that the journal is writing", disk },
	{ "wait_transaction_locked", journal, disk },
	{ "add_transaction_credits", journal, disk },
	{ "start_this_handle", journal, disk },
	{ "jbd2_log_wait_commit", journal, disk },
	{ "jbd2_journal_commit_transaction", journal, disk },
	{ "xlog_grant_head_wait", "waits for room in the log of its XFS filesystem", disk },
	{ "xlog_wait_on_iclog", "waits until the log of its XFS filesystem is written", disk },
	{ "xfs_log_force", "waits until the log of its XFS filesystem is written", disk },
	{ "xfs_buf_iowait", reading_a_block, disk },
	{ "btrfs_commit_transaction", "waits for a transaction of its btrfs filesystem", disk },
	{ "wait_current_trans", "waits for a transaction of its btrfs filesystem", disk },
	{ "d_alloc_parallel", "waits for another task that looks up the same name",
	  "what that task waits for" },
	{ "d_wait_lookup", "waits for another task that looks up the same name",
	  "what that task waits for" },
	{ "__wait_on_freeing_inode", "waits for an inode that another task takes out of memory",
	  "what that task waits for" },
	{ "find_inode_fast", "waits for an inode that another task brings in or takes out",
	  "what that task waits for" },
	{ "ilookup5", "waits for an inode that another task brings in or takes out",
	  "what that task waits for" },
	{ "iget_locked", "waits for an inode that another task brings in",
	  "what that task waits for" },
	{ "inode_wait_for_writeback", "waits until an inode has been written back", disk },
	{ "inode_dio_wait", "waits for direct I/O on a file that is under way", disk },
	{ "wb_wait_for_completion", "waits until dirty pages have been written", disk },
	{ "balance_dirty_pages", "was told to wait because too many pages are dirty", disk },
	{ "break_lease", "waits for a process that has a lease on the file",
	  "/proc/locks, lines with LEASE" },
	{ "__break_lease", "waits for a process that has a lease on the file",
	  "/proc/locks, lines with LEASE" },
	{ "autofs_wait", "waits for the automount daemon", daemon_alive },
	{ "fuse_simple_request", "waits for the program behind a FUSE filesystem", daemon_alive },
	{ "request_wait_answer", "waits for the program behind a FUSE filesystem", daemon_alive },
	{ "rpc_wait_bit_killable", "waits for the answer of an NFS server", server },
	{ "nfs_wait_bit_killable", "waits for the answer of an NFS server", server },
	{ "wait_for_response", "waits for the answer of an SMB server", server },
	{ "ceph_mdsc_wait_request", "waits for the answer of a Ceph server", server },
	{ "handle_userfault", "waits until a program resolves its page fault (userfaultfd)",
	  daemon_alive },
	{ "seccomp_do_user_notification", "waits for the program that decides on its system calls",
	  daemon_alive },
	{ "fanotify_get_response", "waits for a program that has to allow the access (fanotify)",
	  daemon_alive },
	{ "call_usermodehelper_exec", "waits for a program that the kernel has started",
	  daemon_alive },
	{ "__request_module", "waits for modprobe, which loads a module", "modprobe and the disk" },
	{ "audit_log_start", "waits for room in the queue of audit records", "auditd" },
	{ "kauditd_send_queue", "sends audit records to auditd", "auditd" },
	{ "cgroup_lock_and_drain_offline", "waits until cgroups that were removed have gone",
	  "tasks in D in these cgroups" },
	{ "percpu_ref_kill_and_confirm", "waits until nobody uses an object any more",
	  "who still uses it" },
	{ "mem_cgroup_handle_over_high", "waits because its cgroup is over memory.high",
	  "memory.high and memory.current of its cgroup" },
	{ "reclaim_throttle", memory, memory_next },
	{ "throttle_direct_reclaim", memory, memory_next },
	{ "synchronize_rcu", rcu, rcu_next },
	{ "synchronize_rcu_expedited", rcu, rcu_next },
	{ "synchronize_srcu", rcu, rcu_next },
	{ "__synchronize_srcu", rcu, rcu_next },
	{ "rcu_barrier", rcu, rcu_next },
	{ "rcu_sync_enter", rcu, rcu_next },
	{ "stop_one_cpu", "waits until a CPU has stopped for it", rcu_next },
	{ "stop_machine", "waits until all CPUs have stopped for it", rcu_next },
	{ "flush_work", work_item, work_next },
	{ "__flush_work", work_item, work_next },
	{ "flush_workqueue", work_item, work_next },
	{ "__flush_workqueue", work_item, work_next },
	{ "drain_workqueue", work_item, work_next },
	{ "kthread_stop", "waits until a kernel thread has ended", "that kernel thread" },
	{ "kthread_park", "waits until a kernel thread has parked", "that kernel thread" },
	{ "percpu_down_write", "waits until the last reader has left", "who reads" },
	{ "percpu_rwsem_wait", "waits for a writer to leave, or readers", "who writes" },
	{ "netdev_wait_allrefs", "waits until nobody uses a network device any more",
	  "dmesg, for `waiting for ... to become free`" },
	{ "netdev_wait_allrefs_any", "waits until nobody uses a network device any more",
	  "dmesg, for `waiting for ... to become free`" },
	{ "wait_for_device_probe", "waits until drivers have looked at their devices", "dmesg" },
	{ "usb_start_wait_urb", "waits for the answer of a USB device", "dmesg, the device" },
	{ "scsi_block_when_processing_errors", "waits for the recovery of a SCSI device", disk },
	{ "nvme_submit_sync_cmd", "waits for the answer of an NVMe device", disk },
	{ "__nvme_submit_sync_cmd", "waits for the answer of an NVMe device", disk },
	{ "do_coredump", "waits until its core has been written", "where cores go: core_pattern" },
	{ "coredump_wait", "waits until all threads of its process have stopped for the core",
	  "the other threads of the process" },
	{ "de_thread", "waits until the other threads of its process have ended (exec)",
	  "the other threads of the process" },
	{ "zap_pid_ns_processes", "waits until all processes of its pid namespace have ended",
	  "those that do not end" },
	{ "exit_aio", "waits for asynchronous I/O of the process that ends", disk },
};

const struct iq_place *iq_place_of(const char *function)
{
	size_t len = strcspn(function, ".");

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (strlen(places[i].function) == len &&
		    !strncmp(places[i].function, function, len))
			return &places[i];
	return NULL;
}
