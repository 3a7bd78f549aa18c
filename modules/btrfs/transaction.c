/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * btrfs: who waits for a commit, and who keeps it from ending
 *
 * Whoever changes something has a handle of the running transaction, and the
 * handle in task_struct.journal_info. A commit is made by the thread
 * btrfs-transaction or by anybody who asks for one (sync, fsync at times, snapshots): that task
 * keeps its own handle until the end. It first waits until the others have
 * given back theirs (num_writers is 1); who wants a new one meanwhile
 * waits for the commit.
 *
 * Space is reserved before anything is written. Where there is none left the
 * task queues a ticket and sleeps; workers write back, commit, and give freed
 * room to the tickets, in order.
 *
 * fsync writes a log of its own for each subvolume (btrfs_root): one task writes it, and the
 * others that want the same wait for that one.
 *
 * Kernel: fs/btrfs/transaction.c, tree-log.c, space-info.c.
 */
#include "btrfs.h"

#include "inquest/waitq.h"

enum { MAX_TICKETS = 100000, MAX_ROOT_LOGS = 2 };

static const char handle_type[] = "struct btrfs_trans_handle";
static const char root_type[] = "struct btrfs_root";
static const char space_type[] = "struct btrfs_space_info";

/* ---- transactions ---- */

const char *const btrfs_transaction_functions[] = { "wait_current_trans",
						    "wait_for_commit",
						    "btrfs_wait_for_commit",
						    "btrfs_commit_transaction",
						    "btrfs_commit_transaction_async",
						    "btrfs_throttle",
						    "start_transaction",
						    "btrfs_cleanup_one_transaction",
						    "btrfs_wait_on_delayed_iputs",
						    NULL };

/* Does the task have a handle of this transaction? */
static bool has_handle(struct iq_diag *d, const struct iq_task *t, iq_vaddr transaction,
		       uint64_t *handle_ret)
{
	uint64_t of;

	return iq_peek_member(d->s, "struct task_struct", "journal_info", t->addr, handle_ret) &&
	       iq_is_kernel_ptr(d->s, *handle_ret) &&
	       iq_peek_member(d->s, handle_type, "transaction", *handle_ret, &of) &&
	       of == transaction;
}

static bool is_committing(struct iq_diag *d, const struct iq_task *t)
{
	static const char *const committing[] = { "btrfs_commit_transaction", NULL };

	return t->stack && !t->on_cpu && iq_stack_find(iq_task_stack(d->s, t), 0, committing) >= 0;
}

/* Everybody with a handle of the transaction, or, if that is asked for, the one who commits it. */
static size_t add_handles(struct iq_diag *d, struct iq_wait *w, iq_vaddr transaction,
			  bool committer)
{
	size_t num = 0;

	for (size_t i = 0; i < d->tasks->num_tasks; i++) {
		const struct iq_task *t = &d->tasks->tasks[i];
		struct iq_edge *e;
		uint64_t handle;

		if (!t->pid || t->pid == w->task->tid || !has_handle(d, t, transaction, &handle) ||
		    (committer && !is_committing(d, t)))
			continue;
		e = iq_graph_edge(d->g, w->task, iq_diag_task(d, t), w->on, IQ_EDGE_OWNER,
				  committer ? IQ_STRONG : IQ_PROVEN, "%s",
				  committer ? "commits the transaction"
					    : "has a handle open in the transaction");
		iq_text_add(d->g, &e->evidence,
			    "task_struct.journal_info of %s (%d) is %#" PRIx64
			    ", a handle of btrfs_transaction %#" PRIx64 "%s",
			    t->comm, t->pid, handle, transaction,
			    committer ? ", and it is in btrfs_commit_transaction()" : "");
		num++;
	}
	return num;
}

/* A transaction that is being committed: by its committer, or who is in its way. */
static void add_commit(struct iq_diag *d, struct iq_wait *w, iq_vaddr transaction)
{
	uint64_t state = 0;

	iq_peek_member(d->s, BTRFS_TRANSACTION, "state", transaction, &state);
	iq_text_add(d->g, &w->evidence, "btrfs_transaction.state at %#" PRIx64 " is %" PRIu64,
		    transaction, state);
	if (!add_handles(d, w, transaction, true))
		add_handles(d, w, transaction, false);
}

static struct iq_error *wait_in_transaction(const struct iq_sleeper *who, iq_vaddr head,
					    struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	static const char *const members[] = { "writer_wait", "commit_wait", "pending_wait" };
	static const char *const words[] = { "the open handles of a transaction",
					     "the commit of a transaction",
					     "the data of a transaction" };
	iq_vaddr transaction = 0, info = 0;
	struct iq_object *fs;
	struct iq_wait *w;
	struct iq_edge *e;
	uint64_t num = 0;
	size_t i;

	for (i = 0; i < IQ_ARRAY_SIZE(members) && !transaction; i++)
		transaction = btrfs_owner_of(d, BTRFS_TRANSACTION, members[i], head, &info);
	fs = transaction ? btrfs_filesystem(d, info) : NULL;
	if (!fs)
		return NULL;
	i--;
	w = iq_diag_wait(who, btrfs_thing(d, head, "transaction", fs, words[i]), IQ_WAIT_SLEEP);
	iq_text_add(d->g, &w->evidence, "it is in btrfs_transaction.%s at %#" PRIx64, members[i],
		    transaction);
	*wait_ret = w;
	if (i == 1) {
		add_commit(d, w, transaction);
	} else if (i == 2) {
		e = iq_graph_edge(d->g, w->task, fs, w->on, IQ_EDGE_SERVES, IQ_STRONG,
				  "has to write data first");
		iq_peek_member(d->s, BTRFS_TRANSACTION, "pending_ordered.counter", transaction,
			       &num);
		iq_text_add(d->g, &e->evidence,
			    "btrfs_transaction.pending_ordered at %#" PRIx64 " is %" PRIu64,
			    transaction, num);
	} else {
		iq_peek_member(d->s, BTRFS_TRANSACTION, "num_writers.counter", transaction, &num);
		iq_text_add(d->g, &w->evidence,
			    "btrfs_transaction.num_writers is %" PRIu64 ", its own among them",
			    num);
		add_handles(d, w, transaction, false);
	}
	return NULL;
}

struct iq_error *btrfs_explain_transaction(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	static const char *const members[] = { "transaction_wait", "transaction_blocked_wait",
					       "delayed_iputs_wait" };
	struct iq_wait_entry entry;
	uint64_t transaction, thread;
	const struct iq_task *cleaner;
	struct iq_object *fs = NULL;
	struct iq_wait *w;
	struct iq_edge *e;
	iq_vaddr info = 0;
	size_t i;

	if (!iq_find_wait_entry(d->s, who->task, who->stack, NULL, &entry))
		return NULL;
	for (i = 0; i < IQ_ARRAY_SIZE(members) && !fs; i++) {
		int64_t off = iq_offsetof(d->s, BTRFS_INFO, members[i]);

		info = entry.head - (uint64_t)off;
		fs = off >= 0 ? btrfs_filesystem(d, info) : NULL;
	}
	if (!fs)
		return wait_in_transaction(who, entry.head, wait_ret);
	i--;
	w = iq_diag_wait(who,
			 btrfs_thing(d, entry.head, "transaction", fs,
				     i == 2 ? "the deletion of files"
					    : "the commit of the running transaction"),
			 IQ_WAIT_SLEEP);
	iq_text_add(d->g, &w->evidence, "it is in btrfs_fs_info.%s at %#" PRIx64, members[i], info);
	*wait_ret = w;
	if (i != 2) {
		if (iq_peek_member(d->s, BTRFS_INFO, "running_transaction", info, &transaction) &&
		    iq_is_kernel_ptr(d->s, transaction))
			add_commit(d, w, transaction);
		return NULL;
	}
	if (!iq_peek_member(d->s, BTRFS_INFO, "cleaner_kthread", info, &thread))
		return NULL;
	cleaner = iq_task_by_addr(d->s, thread);
	if (!cleaner || cleaner == who->task)
		return NULL;
	e = iq_graph_edge(d->g, w->task, iq_diag_task(d, cleaner), w->on, IQ_EDGE_SERVES, IQ_STRONG,
			  "has to delete them");
	iq_text_add(d->g, &e->evidence, "btrfs_fs_info.cleaner_kthread at %#" PRIx64 " is %s (%d)",
		    info, cleaner->comm, cleaner->pid);
	return NULL;
}

/* ---- the log of a subvolume ---- */

const char *const btrfs_log_functions[] = { "wait_log_commit",	      "wait_for_writer",
					    "btrfs_sync_log",	      "start_log_trans",
					    "join_running_log_trans", NULL };

/* The btrfs_root whose queue this is; what says which. */
static iq_vaddr root_of_queue(struct iq_diag *d, iq_vaddr head, bool *commits_ret,
			      iq_vaddr *info_ret)
{
	int64_t commits = iq_offsetof(d->s, root_type, "log_commit_wait");
	int64_t size = iq_sizeof(d->s, "struct wait_queue_head");
	iq_vaddr root;

	*commits_ret = false;
	root = btrfs_owner_of(d, root_type, "log_writer_wait", head, info_ret);
	if (root || commits < 0 || size <= 0)
		return root;
	*commits_ret = true;
	for (int64_t i = 0; i < MAX_ROOT_LOGS; i++) {
		root = btrfs_owner_of(d, root_type, "log_commit_wait", head - (uint64_t)(i * size),
				      info_ret);
		if (root)
			return root;
	}
	return 0;
}

struct iq_error *btrfs_explain_log(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	static const char *const writing[] = { "btrfs_sync_log", NULL };
	static const char *const adding[] = { "btrfs_log_inode",
					      "btrfs_log_inode_parent",
					      "btrfs_log_dentry_safe",
					      "btrfs_log_new_name",
					      "btrfs_del_inode_ref_in_log",
					      "btrfs_del_dir_entries_in_log",
					      NULL };
	struct iq_wait_entry entry;
	struct iq_object *fs;
	iq_vaddr root, info = 0;
	struct iq_wait *w;
	bool commits;

	if (!iq_find_wait_entry(d->s, who->task, who->stack, NULL, &entry))
		return NULL;
	root = root_of_queue(d, entry.head, &commits, &info);
	fs = root ? btrfs_filesystem(d, info) : NULL;
	if (!fs)
		return NULL;
	w = iq_diag_wait(who,
			 btrfs_thing(d, entry.head, "journal", fs,
				     commits ? "the fsync log" : "who adds to the fsync log"),
			 IQ_WAIT_SLEEP);
	iq_text_add(d->g, &w->evidence, "it is in a queue of btrfs_root %#" PRIx64, root);
	*wait_ret = w;
	if (commits)
		btrfs_add_workers(d, w, writing, root, "btrfs_root", "writes that log");
	else
		btrfs_add_workers(d, w, adding, root, "btrfs_root", "adds to that log");
	return NULL;
}

/* ---- room ---- */

const char *const btrfs_ticket_functions[] = { "wait_reserve_ticket",
					       "handle_reserve_ticket",
					       "__reserve_bytes",
					       "reserve_bytes",
					       "btrfs_reserve_metadata_bytes",
					       "btrfs_reserve_data_bytes",
					       NULL };

struct find_space {
	struct iq_diag *d;
	iq_vaddr space, info;
	bool priority;
};

/* The tickets are queued at the space_info: the list's one node that is in such a struct. */
static bool is_space(void *ctx, iq_vaddr node)
{
	struct find_space *f = ctx;

	if (iq_task_by_stack_addr(f->d->s, node))
		return false;
	f->space = btrfs_owner_of(f->d, space_type, "tickets", node, &f->info);
	if (!f->space) {
		f->space = btrfs_owner_of(f->d, space_type, "priority_tickets", node, &f->info);
		f->priority = f->space;
	}
	return f->space;
}

static void describe_space(struct iq_diag *d, struct iq_wait *w, iq_vaddr space, uint64_t bytes)
{
	static const char *const members[] = { "bytes_used", "bytes_pinned", "bytes_reserved",
					       "bytes_may_use", "bytes_readonly" };
	uint64_t v[IQ_ARRAY_SIZE(members)], total, full = 0;

	if (!iq_peek_member(d->s, space_type, "total_bytes", space, &total))
		return;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(members); i++)
		if (!iq_peek_member(d->s, space_type, members[i], space, &v[i]))
			return;
	iq_peek_member(d->s, space_type, "full", space, &full);
	iq_text_add(d->g, &w->evidence,
		    "it wants %" PRIu64 " bytes of btrfs_space_info %#" PRIx64
		    ", which has %" PRIu64 ": %" PRIu64 " used, %" PRIu64 " pinned, %" PRIu64
		    " reserved, %" PRIu64 " promised, %" PRIu64
		    " read-only; more %s be allocated on the devices",
		    bytes, space, total, v[0], v[1], v[2], v[3], v[4], full ? "cannot" : "may");
}

struct iq_error *btrfs_explain_ticket(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	const struct iq_stack *stack = who->stack;
	enum { BLOCK_GROUP_DATA = 1, BLOCK_GROUP_SYSTEM = 2 };
	static const char type[] = "struct reserve_ticket";
	static const char *const winning[] = { "btrfs_async_reclaim_metadata_space",
					       "btrfs_async_reclaim_data_space",
					       "btrfs_preempt_reclaim_metadata_space",
					       "do_async_reclaim_metadata_space",
					       "do_async_reclaim_data_space",
					       "flush_space",
					       NULL };
	int64_t wait = iq_offsetof(d->s, type, "wait"), list = iq_offsetof(d->s, type, "list");
	struct find_space f = { .d = d };
	uint64_t bytes = 0, flags = 0;
	struct iq_wait_entry entry;
	struct iq_object *fs;
	iq_vaddr ticket;
	struct iq_wait *w;

	if (wait < 0 || list < 0 || !iq_find_wait_entry(d->s, who->task, stack, NULL, &entry))
		return NULL;
	ticket = entry.head - (uint64_t)wait;
	if (ticket < stack->sp || ticket >= stack->end)
		return NULL;
	iq_error_free(iq_list_walk(d->s, ticket + (uint64_t)list, MAX_TICKETS, is_space, &f));
	fs = f.space ? btrfs_filesystem(d, f.info) : NULL;
	if (!fs)
		return NULL;
	iq_peek_member(d->s, type, "bytes", ticket, &bytes);
	iq_peek_member(d->s, space_type, "flags", f.space, &flags);
	w = iq_diag_wait(who,
			 btrfs_thing(d, f.space, "space", fs,
				     flags & BLOCK_GROUP_DATA	  ? "room for data"
				     : flags & BLOCK_GROUP_SYSTEM ? "room for chunks"
								  : "room for metadata"),
			 IQ_WAIT_SLEEP);
	describe_space(d, w, f.space, bytes);
	*wait_ret = w;
	if (!btrfs_add_workers(d, w, winning, f.space, "btrfs_space_info", "has to win room back"))
		btrfs_add_workers(d, w, winning, f.info, "btrfs_fs_info", "has to win room back");
	return NULL;
}
