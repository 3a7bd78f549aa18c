/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rules of ext4's journal on made kernels: bits that a commit sets
 */
#include "test.h"

#include "fakekernel.h"
#include "layouts.h"
#include "made-btf.h"

enum { SHADOW = 23, COMMIT_RUNNING = 0 };

struct journal {
	struct fakekernel *k;
	iq_vaddr journal, transaction;
	struct fk_task *jbd2;
};

static void bits(struct made_btf *b)
{
	made_type(b, "jbd_state_bits", BTF_ENUM, 0, 4);
	made_enumerator(b, "BH_Shadow", SHADOW);
}

static void make(struct journal *j, enum fk_flavour flavour)
{
	struct fakekernel *k = j->k = fakekernel_new(flavour);

	fk_types(k, "wait_bit_key { void *flags; s32 bit_nr; u64 timeout; }",
		 "wait_bit_queue_entry { wait_bit_key key; wait_queue_entry wq_entry; }",
		 "journal_s { void *j_committing_transaction; void *j_task; char j_devname[32]; }",
		 "transaction_s { void *t_journal; }",
		 "jbd2_journal_handle { void *h_transaction; }",
		 "buffer_head { u64 b_state; u64 b_blocknr; void *b_bdev; void *b_private; }",
		 "journal_head { void *b_bh; void *b_transaction; void *b_next_transaction; }",
		 "jbd2_inode { void *i_transaction; void *i_vfs_inode; u64 i_flags; }");
	fk_more_types(k, bits);
	j->journal = fk_alloc(k, "journal_s");
	j->transaction = fk_alloc(k, "transaction_s");
	j->jbd2 = fk_kthread(k, 90, "jbd2/vdb-8");
	fk_put(k, j->journal, "journal_s.j_committing_transaction", j->transaction);
	fk_put(k, j->journal, "journal_s.j_task", j->jbd2->addr);
	fk_write(k, j->journal + fk_off(k, "journal_s.j_devname"), "vdb-8", 6);
	fk_put(k, j->transaction, "transaction_s.t_journal", j->journal);
	fk_calls(j->jbd2, "kthread", "kjournald2", "mystery_io");
	fk_switch(j->jbd2, FK_D);
}

static iq_vaddr make_buffer(struct journal *j)
{
	struct fakekernel *k = j->k;
	iq_vaddr bh = fk_alloc(k, "buffer_head"), jh = fk_alloc(k, "journal_head");

	fk_put(k, bh, "buffer_head.b_private", jh);
	fk_put(k, bh, "buffer_head.b_blocknr", 77);
	fk_put(k, jh, "journal_head.b_bh", bh);
	fk_put(k, jh, "journal_head.b_transaction", j->transaction);
	return bh;
}

static iq_vaddr make_inode(struct journal *j)
{
	struct fakekernel *k = j->k;
	iq_vaddr jinode = fk_alloc(k, "jbd2_inode");

	fk_put(k, jinode, "jbd2_inode.i_transaction", j->transaction);
	fk_put(k, jinode, "jbd2_inode.i_vfs_inode",
	       fk_inode(k, fk_sb(k, "ext4", "/dev/vdb", "/data"), "f"));
	return jinode;
}

/* What wait_on_bit() leaves on the stack. */
static void wait_on_bit(struct fk_task *t, iq_vaddr word, uint64_t bit)
{
	struct fakekernel *k = t->k;
	iq_vaddr queue = fk_alloc(k, "wait_queue_head"), e = fk_local(t, "wait_bit_queue_entry"),
		 entry = e + fk_off(k, "wait_bit_queue_entry.wq_entry");

	fk_list_init(k, queue + fk_off(k, "wait_queue_head.head"));
	fk_put(k, e, "wait_bit_queue_entry.key.flags", word);
	fk_put(k, e, "wait_bit_queue_entry.key.bit_nr", bit);
	fk_put(k, entry, "wait_queue_entry.private", t->addr);
	fk_put(k, entry, "wait_queue_entry.func", fk_func(k, "wake_bit_function"));
	fk_list_add_tail(k, queue + fk_off(k, "wait_queue_head.head"),
			 entry + fk_off(k, "wait_queue_entry.entry"));
	fk_switch(t, FK_D);
}

static struct fk_task *changer(struct journal *j, iq_vaddr bh, uint64_t bit)
{
	struct fk_task *t = fk_task(j->k, 100, "chmod");

	fk_calls(t, "ext4_setattr", "do_get_write_access", "out_of_line_wait_on_bit");
	wait_on_bit(t, bh + fk_off(j->k, "buffer_head.b_state"), bit);
	return t;
}

static struct fk_task *evictor(struct journal *j, iq_vaddr jinode)
{
	struct fk_task *t = fk_task(j->k, 100, "rm");

	fk_calls(t, "ext4_evict_inode", "jbd2_journal_release_jbd_inode");
	wait_on_bit(t, jinode + fk_off(j->k, "jbd2_inode.i_flags"), COMMIT_RUNNING);
	return t;
}

static void a_change_waits_for_the_commit_that_writes_the_buffer(enum fk_flavour flavour)
{
	const struct iq_cause *cause;
	const struct iq_why *why;
	struct journal j;

	make(&j, flavour);
	changer(&j, make_buffer(&j), SHADOW);
	why = fk_why(j.k);
	assert_int_equal(why->causes->list.num, 1);
	cause = why->causes->list.data[0];
	assert_int_equal(cause->root->tid, 90);
	assert_string_equal(fk_blocked(j.k, cause), "100");
	assert_string_equal(fk_chain(j.k, cause),
			    "chmod > block 77, in a commit of the journal of vdb-8 > jbd2/vdb-8");
	fakekernel_free(j.k);
}

static void the_end_of_an_inode_waits_for_the_commit_of_its_data(enum fk_flavour flavour)
{
	const struct iq_cause *cause;
	const struct iq_why *why;
	struct journal j;

	make(&j, flavour);
	evictor(&j, make_inode(&j));
	why = fk_why(j.k);
	assert_int_equal(why->causes->list.num, 1);
	cause = why->causes->list.data[0];
	assert_int_equal(cause->root->tid, 90);
	assert_string_equal(fk_blocked(j.k, cause), "100");
	fakekernel_free(j.k);
}

/* The rule is not the one that explained it. */
static void is_not_believed(struct journal *j)
{
	const struct iq_why *why = fk_why(j->k);

	iq_vec_foreach(&why->graph->waits, w)
		assert_true(!(*w)->rule || strcmp((*w)->rule, "jbd2-bit") != 0);
	fakekernel_free(j->k);
}

static void a_buffer_that_does_not_lead_back_is_none(enum fk_flavour flavour)
{
	struct journal j;
	iq_vaddr bh;

	make(&j, flavour);
	bh = make_buffer(&j);
	fk_put(j.k, fk_get(j.k, bh, "buffer_head.b_private"), "journal_head.b_bh", bh + 8);
	changer(&j, bh, SHADOW);
	is_not_believed(&j);
}

static void a_transaction_that_is_not_being_committed_keeps_nobody(enum fk_flavour flavour)
{
	struct journal j;

	make(&j, flavour);
	fk_put(j.k, j.journal, "journal_s.j_committing_transaction", 0);
	changer(&j, make_buffer(&j), SHADOW);
	is_not_believed(&j);
}

static void another_bit_is_another_wait(enum fk_flavour flavour)
{
	struct journal j;

	make(&j, flavour);
	changer(&j, make_buffer(&j), SHADOW - 1);
	is_not_believed(&j);
}

static void an_inode_in_no_transaction_keeps_nobody(enum fk_flavour flavour)
{
	struct journal j;
	iq_vaddr jinode;

	make(&j, flavour);
	jinode = make_inode(&j);
	fk_put(j.k, jinode, "jbd2_inode.i_transaction", 1);
	evictor(&j, jinode);
	is_not_believed(&j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		each_layout(a_change_waits_for_the_commit_that_writes_the_buffer),
		each_layout(the_end_of_an_inode_waits_for_the_commit_of_its_data),
		each_layout(a_buffer_that_does_not_lead_back_is_none),
		each_layout(a_transaction_that_is_not_being_committed_keeps_nobody),
		each_layout(another_bit_is_another_wait),
		each_layout(an_inode_in_no_transaction_keeps_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
