/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a task sleeps on, by the functions on its stack; and whose code a function is
 *
 * The innermost function that is not the scheduler's own says which class of object it is. Only
 * the class: which object of that class, and who holds it, the wait rules find out (`::thread -b`,
 * `::why`).
 *
 * Whose code: a loaded module's functions carry its name. Of what is built into the kernel no
 * such record is kept in memory. But functions have prefixes, and the linker keeps the functions
 * of one object file, and the object files of one folder, next to each other: a function
 * between ext4_this() and ext4_that() is one of ext4's.
 */
#include <ctype.h>

#include "inquest/lock.h"
#include "inquest/sleep.h"
#include "inquest/waitq.h"
#include "proc.h"

enum { MAX_INNER = 12, MAX_NEIGHBOURS = 32 };

struct sobj_class {
	const char *name;
	const char *mdb; /* what mdb calls its like; NULL */
	bool idle;	 /* who sleeps so, and may be woken by signals, waits for something to do */
	unsigned kinds;	 /* IQ_SLEEP_* that are of this class */
	const char *const *functions; /* and these; NULL: none */
};

#define FUNCTIONS(...)                                                                             \
	(const char *const[])                                                                      \
	{                                                                                          \
		__VA_ARGS__, NULL                                                                  \
	}

/* Besides the kinds of lock that inquest/lock.h knows. */
static const struct sobj_class classes[] = {
	{ "FUTEX_PI", "USER_PI", true, 0,
	  FUNCTIONS("futex_lock_pi", "futex_wait_requeue_pi", "rt_mutex_wait_proxy_lock") },
	{ "FUTEX", "USER", true, IQ_SLEEP_FUTEX_ANY, NULL },
	{ "COMPLETION", NULL, false, IQ_SLEEP_COMPLETION, NULL },
	{ "PAGE", NULL, false, 0, iq_page_wait_functions },
	{ "BIT", NULL, false, IQ_SLEEP_BIT,
	  FUNCTIONS("__wait_on_buffer", "__lock_buffer", "wait_on_bit_io") },
	{ "POLL", "CV", true, IQ_SLEEP_POLL | IQ_SLEEP_RING, FUNCTIONS("poll_schedule_timeout") },
	{ "TIMER", "CV", true, IQ_SLEEP_TIME | IQ_SLEEP_NAP | IQ_SLEEP_TIMEOUT, NULL },
	{ "SIGNAL", "CV", true, IQ_SLEEP_SIGNAL,
	  FUNCTIONS("do_signal_stop", "ptrace_stop", "do_jobctl_trap", "do_freezer_trap") },
	{ "VMA", "RWLOCK", false, 0,
	  FUNCTIONS("__vma_start_exclude_readers", "__vma_enter_locked", "__vma_start_write",
		    "vma_start_read") },
	{ "RCU", NULL, false, 0,
	  FUNCTIONS("synchronize_rcu", "synchronize_srcu", "__synchronize_srcu", "__wait_rcu_gp",
		    "synchronize_rcu_expedited", "rcu_barrier", "synchronize_rcu_normal",
		    "synchronize_rcu_tasks", "synchronize_rcu_tasks_generic") },
	{ "IO", NULL, false, IQ_SLEEP_IO,
	  FUNCTIONS("rq_qos_wait", "blk_mq_get_tag", "__bio_queue_enter", "blk_queue_enter",
		    "blk_execute_rq", "submit_bio_wait", "balance_dirty_pages",
		    "__blkdev_direct_IO", "mempool_alloc", "mempool_alloc_noprof") },
	{ "WORK", "CV", true, IQ_SLEEP_WORKER,
	  FUNCTIONS("kthreadd", "irq_thread", "rcu_tasks_one_gp", "rcu_tasks_kthread",
		    "nbcon_kthread_func", "rcu_nocb_cb_kthread", "rcu_nocb_gp_kthread",
		    "rcu_gp_kthread", "rcu_gp_fqs_loop") },
	/* Who stands behind this function waits in a wait queue, as most of the kernel does. */
	{ "WAITQ", "CV", true, IQ_SLEEP_QUEUE | IQ_SLEEP_CHILD | IQ_SLEEP_EVENT | IQ_SLEEP_INPUT,
	  FUNCTIONS("pipe_write", "anon_pipe_write", "pipe_wait_writable", "wait_for_partner",
		    "fifo_open", "n_tty_write", "sk_stream_wait_memory", "sock_alloc_send_pskb",
		    "unix_wait_for_peer", "request_wait_answer", "__fuse_request_send",
		    "fuse_dev_do_read", "do_msgsnd", "__do_semtimedop", "handle_userfault",
		    "fanotify_handle_event", "fanotify_read", "jbd2_log_wait_commit", "kjournald2",
		    "wait_transaction_locked", "start_this_handle", "add_transaction_credits",
		    "rpc_wait_bit_killable", "locks_lock_inode_wait", "flock_lock_inode_wait",
		    "posix_lock_inode_wait", "do_lock_file_wait", "rcuwait_wait_event", "kswapd",
		    "kcompactd", "oom_reaper", "ksmd", "khugepaged", "read_events",
		    "__wait_on_freeing_inode", "__cgroup_freezer", "dm_wait_for_completion",
		    "raid5_get_active_stripe", "md_thread", "cifs_demultiplex_thread",
		    "devtmpfs_work_loop", "devtmpfsd", "prepare_to_wait_event", "__refrigerator",
		    "kernel_clone", "wait_for_vfork_done", "vsock_connectible_wait_data") },
};

static bool is_of(const struct sobj_class *c, const struct iq_frame *f, unsigned kinds)
{
	if (c->kinds & kinds)
		return true;
	for (size_t i = 0; c->functions && c->functions[i]; i++)
		if (iq_frame_is(f, c->functions[i]))
			return true;
	return false;
}

/* All classes, one after the other, the kinds of lock first; false: there are no more. */
static bool class_at(size_t i, struct sobj_class *class_ret)
{
	const struct iq_lock_kind *kind = i < IQ_NUM_LOCKS ? &iq_lock_kinds[i] : NULL;

	if (kind)
		*class_ret = (struct sobj_class){ .name = kind->sobj,
						  .mdb = kind->mdb_sobj,
						  .functions = kind->functions };
	else if (i - IQ_NUM_LOCKS < IQ_ARRAY_SIZE(classes))
		*class_ret = classes[i - IQ_NUM_LOCKS];
	else
		return false;
	return true;
}

static bool class_of(const char *name, struct sobj_class *class_ret)
{
	for (size_t i = 0; name && class_at(i, class_ret); i++)
		if (class_ret->name && !strcmp(class_ret->name, name))
			return true;
	return false;
}

static const char *class_of_frame(const struct iq_frame *f, unsigned kinds)
{
	struct sobj_class c;

	for (size_t i = 0; class_at(i, &c); i++)
		if (c.name && is_of(&c, f, kinds))
			return c.name;
	return NULL;
}

/* These say how a task sleeps: they count only where no function around them says more. */
enum { WEAK = IQ_SLEEP_TIMEOUT | IQ_SLEEP_IO };

/* Frame by frame from the innermost. */
const char *proc_sobj(const struct iq_stack *stack, int *frame_ret)
{
	const char *weak = NULL;
	int weak_at = -1;

	for (size_t i = 0; i < stack->num_frames && i < MAX_INNER; i++) {
		unsigned kinds = iq_sleep_kinds(&stack->frames[i]);
		const char *name = class_of_frame(&stack->frames[i], kinds);

		if (!name)
			continue;
		if (kinds & WEAK) {
			weak = weak ? weak : name;
			weak_at = weak_at < 0 ? (int)i : weak_at;
			continue;
		}
		if (frame_ret)
			*frame_ret = (int)i;
		return name;
	}
	if (frame_ret)
		*frame_ret = weak_at;
	return weak;
}

const char *proc_task_sobj(struct iq_session *s, const struct iq_task *t,
			   const struct iq_stack *stack)
{
	struct iq_wait_entry entry;
	const char *sobj;

	if (t->on_cpu || t->state == 'R' || !stack->num_frames)
		return NULL;
	sobj = proc_sobj(stack, NULL);
	/* What is not known by name can be known by what it left on its stack. */
	if ((!sobj || !strcmp(sobj, "TIMER")) && iq_find_wait_entry(s, t, stack, NULL, &entry))
		return "WAITQ";
	return sobj;
}

bool proc_sobj_is(const char *sobj, const char *name)
{
	struct sobj_class c;

	if (!strcasecmp(name, "ALL"))
		return sobj != NULL;
	if (!strcasecmp(name, "NONE") || !strcasecmp(name, "<NONE>"))
		return !sobj;
	return class_of(sobj, &c) &&
	       (!strcasecmp(name, c.name) || (c.mdb && !strcasecmp(name, c.mdb)));
}

bool proc_sobj_known(const char *name)
{
	struct sobj_class c;

	if (!strcasecmp(name, "ALL") || !strcasecmp(name, "NONE") || !strcasecmp(name, "<NONE>"))
		return true;
	for (size_t i = 0; class_at(i, &c); i++)
		if (c.name && proc_sobj_is(c.name, name))
			return true;
	return false;
}

bool proc_sobj_is_idle(const char *sobj)
{
	struct sobj_class c;

	return !class_of(sobj, &c) || c.idle;
}

/* ---- whose code ---- */

/* dm-thin-pool and dm_thin_pool are one. */
static bool is_same(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if (*a != *b && !((*a == '-' || *a == '_') && (*b == '-' || *b == '_')))
			return false;
	return !*a && !*b;
}

/* "ext4_foo", "__ext4_foo", "_ext4_foo"; "ext4" alone. */
static bool has_prefix(const char *name, const char *module)
{
	size_t len = strlen(module);

	while (*name == '_')
		name++;
	for (size_t i = 0; i < len; i++)
		if (name[i] != module[i] && !(name[i] == '_' && module[i] == '-'))
			return false;
	return len && !isalnum((unsigned char)name[len]);
}

/* Is one of the next functions on this side the module's? */
static bool neighbour_is(struct iq_session *s, const struct iq_sym *sym, const char *module,
			 bool above)
{
	struct iq_sym at = *sym;

	for (unsigned i = 0; i < MAX_NEIGHBOURS; i++) {
		iq_vaddr next = above ? at.addr + at.size : at.addr - 1;
		struct iq_error *err;

		if (above ? !at.size : !at.addr)
			return false;
		err = iq_sym_by_addr(s, next, &at);
		if (err || at.module || !at.name) {
			iq_error_free(err);
			return false;
		}
		if (at.kind != 't' && at.kind != 'T')
			return false;
		if (has_prefix(at.name, module))
			return true;
	}
	return false;
}

bool proc_in_module(struct iq_session *s, const struct iq_sym *sym, const char *module)
{
	if (!sym->name)
		return false;
	if (sym->module)
		return is_same(sym->module, module);
	if (!strcmp(module, "kernel") || !strcmp(module, "vmlinux"))
		return true;
	return has_prefix(sym->name, module) ||
	       (neighbour_is(s, sym, module, false) && neighbour_is(s, sym, module, true));
}
