/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The journal of ext4: who waits for a commit, and who keeps it from ending
 *
 * A running transaction is closed (T_LOCKED) and then drained: the commit
 * thread waits until every handle that is open in it has been stopped. Tasks
 * that want to start a handle meanwhile wait for that; tasks in fsync wait for
 * the commit. A task has its open handle in task_struct.journal_info, and the
 * handle names its transaction: that is the exact list of who is in the way.
 *
 * While a commit writes a buffer to the journal without a copy (BH_Shadow), nobody
 * may change it; while it writes the data of an inode (JI_COMMIT_RUNNING), nobody may give
 * the inode up. Both are bits that the commit thread clears, or what it wrote does when it has
 * been written: who sleeps on one waits for that thread's transaction.
 *
 * Kernel: fs/jbd2/transaction.c, commit.c, journal.c; include/linux/jbd2.h.
 */
#include "inquest/module.h"
#include "inquest/waitq.h"

/* A bit's number: __JI_COMMIT_RUNNING (include/linux/jbd2.h). */
enum { JI_COMMIT_RUNNING = 0 };

static const char journal_type[] = "struct journal_s";
static const char transaction_type[] = "struct transaction_s";
static const char handle_type[] = "struct jbd2_journal_handle";

/* The journal whose wait queue `member` has this head. */
static iq_vaddr journal_of_queue(struct iq_diag *d, iq_vaddr head, const char *member)
{
	int64_t off = iq_offsetof(d->s, journal_type, member);
	uint64_t commit_thread;

	if (off < 0 ||
	    !iq_peek_member(d->s, journal_type, "j_task", head - (uint64_t)off, &commit_thread) ||
	    (commit_thread && !iq_task_by_addr(d->s, commit_thread)))
		return 0;
	return head - (uint64_t)off;
}

static const char *name_of_journal(struct iq_diag *d, iq_vaddr journal)
{
	int64_t off = iq_offsetof(d->s, journal_type, "j_devname");
	char text[64];

	if (off < 0)
		return "?";
	iq_error_free(iq_read_str(d->s, journal + (uint64_t)off, text, sizeof(text)));
	return iq_arena_strdup(iq_scratch(d->s), text);
}

/* Every task that has a handle open in this transaction. */
static size_t add_handles(struct iq_diag *d, struct iq_wait *w, iq_vaddr transaction)
{
	size_t num = 0;

	for (size_t i = 0; i < d->tasks->num_tasks; i++) {
		const struct iq_task *t = &d->tasks->tasks[i];
		uint64_t handle, of;
		struct iq_edge *e;

		if (!t->pid || t->pid == w->task->tid ||
		    !iq_peek_member(d->s, "struct task_struct", "journal_info", t->addr, &handle) ||
		    !handle || !iq_peek_member(d->s, handle_type, "h_transaction", handle, &of) ||
		    of != transaction)
			continue;
		e = iq_graph_edge(d->g, w->task, iq_diag_task(d, t), w->on, IQ_EDGE_OWNER,
				  IQ_PROVEN, "has a handle open in the transaction");
		iq_text_add(
			d->g, &e->evidence,
			"task_struct.journal_info of %s (%d) is a handle of transaction %#" PRIx64,
			t->comm, t->pid, transaction);
		num++;
	}
	return num;
}

static struct iq_wait *wait_on_journal(const struct iq_sleeper *who, iq_vaddr at, const char *what,
				       iq_vaddr journal)
{
	struct iq_diag *d = who->d;
	struct iq_object *on = iq_graph_object(d->g, IQ_OBJ_LOCK, "lock:%#" PRIx64, at);

	on->addr = at;
	iq_object_str(d->g, on, "class", "journal");
	iq_object_name(d->g, on, "%s of the journal of %s", what, name_of_journal(d, journal));
	return iq_diag_wait(who, on, IQ_WAIT_SLEEP);
}

static void add_commit_thread(struct iq_diag *d, struct iq_wait *w, iq_vaddr journal)
{
	const struct iq_task *t;
	uint64_t task;
	struct iq_edge *e;

	if (!iq_peek_member(d->s, journal_type, "j_task", journal, &task))
		return;
	t = iq_task_by_addr(d->s, task);
	if (!t || t->pid == w->task->tid)
		return;
	e = iq_graph_edge(d->g, w->task, iq_diag_task(d, t), w->on, IQ_EDGE_OWNER, IQ_PROVEN,
			  "has to commit the transaction");
	iq_text_add(d->g, &e->evidence, "journal_s.j_task at %#" PRIx64 " is %s (%d)", journal,
		    t->comm, t->pid);
}

/* The commit thread drains the transaction that it closed. */
static struct iq_error *explain_updates(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	struct iq_wait_entry entry;
	uint64_t transaction, updates = 0;
	iq_vaddr journal;
	struct iq_wait *w;

	if (!iq_find_wait_entry(d->s, who->task, who->stack, NULL, &entry))
		return NULL;
	journal = journal_of_queue(d, entry.head, "j_wait_updates");
	if (!journal ||
	    (!iq_peek_member(d->s, journal_type, "j_running_transaction", journal, &transaction) ||
	     !transaction))
		return NULL;
	w = wait_on_journal(who, transaction, "the open handles of the running transaction",
			    journal);
	iq_peek_member(d->s, transaction_type, "t_updates.counter", transaction, &updates);
	iq_text_add(d->g, &w->evidence, "transaction %#" PRIx64 ": t_updates is %" PRIu64,
		    transaction, updates);
	add_handles(d, w, transaction);
	*wait_ret = w;
	return NULL;
}

/* Starting a handle waits for the closed transaction to be drained. */
static struct iq_error *explain_locked(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	struct iq_wait_entry entry;
	uint64_t transaction;
	iq_vaddr journal;
	struct iq_wait *w;

	if (!iq_find_wait_entry(d->s, who->task, who->stack, NULL, &entry))
		return NULL;
	journal = journal_of_queue(d, entry.head, "j_wait_transaction_locked");
	if (!journal)
		return NULL;
	w = wait_on_journal(who, entry.head, "the closing transaction", journal);
	*wait_ret = w;
	add_commit_thread(d, w, journal);
	if (!w->task->out.num &&
	    iq_peek_member(d->s, journal_type, "j_running_transaction", journal, &transaction) &&
	    transaction)
		add_handles(d, w, transaction);
	return NULL;
}

static struct iq_error *explain_commit(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	struct iq_wait_entry entry;
	iq_vaddr journal;
	struct iq_wait *w;

	if (!iq_find_wait_entry(d->s, who->task, who->stack, NULL, &entry))
		return NULL;
	journal = journal_of_queue(d, entry.head, "j_wait_done_commit");
	if (!journal)
		return NULL;
	w = wait_on_journal(who, entry.head, "a commit", journal);
	add_commit_thread(d, w, journal);
	*wait_ret = w;
	return NULL;
}

/* ---- bits that a commit sets ---- */

/* The journal of a buffer whose primary copy is being written to it; 0: this is no such buffer. */
static iq_vaddr journal_of_buffer(struct iq_diag *d, iq_vaddr bh, iq_vaddr *transaction_ret)
{
	uint64_t jh, back, journal;

	if (!iq_peek_member(d->s, "struct buffer_head", "b_private", bh, &jh) ||
	    !iq_is_kernel_ptr(d->s, jh) ||
	    !iq_peek_member(d->s, "struct journal_head", "b_bh", jh, &back) || back != bh ||
	    !iq_peek_member(d->s, "struct journal_head", "b_transaction", jh, transaction_ret) ||
	    !iq_is_kernel_ptr(d->s, *transaction_ret) ||
	    !iq_peek_member(d->s, transaction_type, "t_journal", *transaction_ret, &journal))
		return 0;
	return journal;
}

static iq_vaddr journal_of_inode(struct iq_diag *d, iq_vaddr jinode, iq_vaddr *transaction_ret)
{
	uint64_t inode, sb, journal;

	if (!iq_peek_member(d->s, "struct jbd2_inode", "i_vfs_inode", jinode, &inode) ||
	    !iq_is_kernel_ptr(d->s, inode) ||
	    !iq_peek_member(d->s, "struct inode", "i_sb", inode, &sb) ||
	    !iq_is_kernel_ptr(d->s, sb) ||
	    !iq_peek_member(d->s, "struct jbd2_inode", "i_transaction", jinode, transaction_ret) ||
	    !iq_is_kernel_ptr(d->s, *transaction_ret) ||
	    !iq_peek_member(d->s, transaction_type, "t_journal", *transaction_ret, &journal))
		return 0;
	return journal;
}

/* Is this transaction the one that the journal commits, or the one that it has closed to do so? */
static bool is_committing(struct iq_diag *d, iq_vaddr journal, iq_vaddr transaction)
{
	uint64_t committing;

	return iq_is_kernel_ptr(d->s, journal) &&
	       iq_peek_member(d->s, journal_type, "j_committing_transaction", journal,
			      &committing) &&
	       committing == transaction;
}

static struct iq_error *explain_bit(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	int64_t state = iq_offsetof(d->s, "struct buffer_head", "b_state"),
		flags = iq_offsetof(d->s, "struct jbd2_inode", "i_flags"), shadow = -1;
	iq_vaddr word, transaction = 0, journal = 0;
	const char *what = "a buffer that is being written to it,";
	uint64_t block = 0;
	struct iq_wait *w;
	int bit;

	if (!iq_find_wait_bit(d->s, who->task, who->stack, &word, &bit) || bit < 0)
		return NULL;
	iq_error_free(iq_enum_value(d->s, "enum jbd_state_bits", "BH_Shadow", &shadow));
	if (state >= 0 && bit == shadow)
		journal = journal_of_buffer(d, word - (uint64_t)state, &transaction);
	if (!journal && flags >= 0 && bit == JI_COMMIT_RUNNING) {
		journal = journal_of_inode(d, word - (uint64_t)flags, &transaction);
		what = "the data of an inode that is being written for a commit";
	}
	if (!journal || !is_committing(d, journal, transaction))
		return NULL;
	if (bit == shadow && state >= 0 &&
	    iq_peek_member(d->s, "struct buffer_head", "b_blocknr", word - (uint64_t)state, &block))
		what = iq_arena_printf(iq_scratch(d->s), "block %" PRIu64 ", in a commit", block);
	w = wait_on_journal(who, word, what, journal);
	/* Woken for this bit alone: who ran since has had what it waited for. */
	w->key = who->task->switches;
	iq_text_add(d->g, &w->evidence,
		    "its wait_bit_queue_entry names bit %d of %#" PRIx64
		    ", which belongs to transaction %#" PRIx64
		    ", journal_s.j_committing_transaction of %#" PRIx64,
		    bit, word, transaction, journal);
	add_commit_thread(d, w, journal);
	*wait_ret = w;
	return NULL;
}

static const char *const updates_functions[] = { "jbd2_journal_wait_updates",
						 "jbd2_journal_commit_transaction",
						 "jbd2_journal_lock_updates", NULL };
static const char *const locked_functions[] = { "wait_transaction_locked",
						"wait_transaction_switching",
						"add_transaction_credits", "start_this_handle",
						NULL };
static const char *const commit_functions[] = { "jbd2_log_wait_commit", "jbd2_complete_transaction",
						"jbd2_journal_force_commit_nested", NULL };
/* The bit's own functions stand further in and are asked first: those of the block room know no
 * such bit. */
static const char *const bit_functions[] = {
	"do_get_write_access",
	"jbd2_journal_get_write_access",
	"jbd2_journal_get_undo_access",
	"jbd2_journal_get_create_access",
	"jbd2_journal_release_jbd_inode",
	NULL,
};

static const struct iq_wait_rule wait_rules[] = {
	{ .name = "jbd2-updates",
	  .summary = "the commit thread waits for open handles: whose",
	  .seen = "6.1, 6.12, 7.3",
	  .reads = "journal_s.j_wait_updates, .j_running_transaction; task_struct.journal_info; "
		   "handle.h_transaction",
	  .certainty = IQ_PROVEN,
	  .functions = updates_functions,
	  .explain = explain_updates },
	{ .name = "jbd2-locked",
	  .summary = "a new handle waits for the transaction that is being closed",
	  .seen = "6.1, 6.12, 7.3",
	  .reads = "journal_s.j_wait_transaction_locked, .j_task",
	  .certainty = IQ_PROVEN,
	  .functions = locked_functions,
	  .explain = explain_locked },
	{ .name = "jbd2-commit",
	  .summary = "fsync and the like wait for a commit",
	  .reads = "journal_s.j_wait_done_commit, .j_task",
	  .seen = "6.1, 6.12, 7.3",
	  .certainty = IQ_PROVEN,
	  .functions = commit_functions,
	  .explain = explain_commit },
	{ .name = "jbd2-bit",
	  .summary =
		  "a change of a buffer, or the end of an inode, waits for the commit that writes "
		  "it",
	  .seen = "6.1, 7.3",
	  .reads = "wait_bit_queue_entry.key; buffer_head.b_private; journal_head.b_transaction; "
		   "jbd2_inode.i_flags, .i_transaction; transaction_s.t_journal; "
		   "journal_s.j_committing_transaction, .j_task",
	  .certainty = IQ_PROVEN,
	  .functions = bit_functions,
	  .explain = explain_bit },
	{ 0 },
};

static const char *const types[] = { "struct journal_s", "struct jbd2_journal_handle", NULL };

const struct iq_module iq_module_jbd2 = {
	.api = IQ_MODULE_API,
	.name = "jbd2",
	.summary = "ext4's journal: commits, and the handles that keep them waiting",
	.needs_types = types,
	.wait_rules = wait_rules,
};
