/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sleeps that no rule knows: who is suspected, and who is not, on made kernels
 */
#include "test.h"

#include <stdio.h>

#include "diag/places.h"
#include "fakekernel.h"

#define FLAVOURS(f) for (enum fk_flavour f = FK_OLD; f <= FK_NEW; f++)

static void expect(struct fakekernel *k, const char *causes)
{
	assert_string_equal(fk_causes(k, fk_why(k)), causes);
	fakekernel_free(k);
}

static struct fk_task *in_mystery(struct fakekernel *k, int32_t pid, const char *comm)
{
	struct fk_task *t = fk_task(k, pid, comm);

	fk_calls(t, "mystery_ioctl", "wait_for_mystery");
	return t;
}

/* Sleeps on a wait queue that no rule knows. */
static void on_queue(struct fk_task *t, iq_vaddr head)
{
	fk_wait_queue(t, head, "default_wake_function", FK_D);
}

static iq_vaddr queue_at(struct fakekernel *k, iq_vaddr head)
{
	fk_list_init(k, head + fk_off(k, "wait_queue_head.head"));
	return head;
}

/* Waits for a mutex that a stopped task holds: it hangs, and it is known why. */
static void behind_a_stopped_one(struct fk_task *t, int32_t pid)
{
	struct fk_task *holder = fk_task(t->k, pid, "stopped");
	char name[16];
	iq_vaddr lock;

	snprintf(name, sizeof(name), "lock_%d", pid);
	lock = fk_mutex(t->k, name);

	fk_mutex_take(holder, lock);
	fk_stopped(holder);
	fk_wait_mutex(t, lock);
}

static const struct iq_wait *wait_of(const struct iq_why *why, int64_t tid)
{
	for (size_t i = 0; i < why->graph->waits.num; i++)
		if (why->graph->waits.data[i]->task->tid == tid)
			return why->graph->waits.data[i];
	fail();
	return NULL;
}

static bool is_said(const iq_texts *texts, const char *part)
{
	for (size_t i = 0; i < texts->num; i++)
		if (strstr(texts->data[i], part))
			return true;
	return false;
}

static bool is_advised(const struct iq_cause *cause, const char *part)
{
	for (size_t i = 0; i < cause->remedy.num; i++)
		if (strstr(cause->remedy.data[i].text, part))
			return true;
	return false;
}

/* ---- a rule left out ---- */

static void rule_that_is_left_out_explains_nothing(void **state)
{
	(void)state;
	FLAVOURS(f)
	{
		struct fakekernel *k = fakekernel_new(f);
		struct fk_task *victim = fk_task(k, 10, "victim");

		behind_a_stopped_one(victim, 11);
		/* Neither a part of its name nor more than it is its name. */
		assert_string_equal(wait_of(fk_why_without(k, "mute,mutexes"), 10)->rule, "mutex");
		assert_string_not_equal(wait_of(fk_why_without(k, "rwsem,mutex"), 10)->rule,
					"mutex");
		fakekernel_free(k);
	}
}

/* ---- who is suspected ---- */

static void task_whose_stack_is_waited_on_is_suspected(void **state)
{
	(void)state;
	FLAVOURS(f)
	{
		struct fakekernel *k = fakekernel_new(f);
		struct fk_task *holder = in_mystery(k, 10, "holder");
		iq_vaddr head = queue_at(k, fk_local(holder, "wait_queue_head"));
		const struct iq_why *why;
		const struct iq_wait *w;

		behind_a_stopped_one(holder, 12);
		on_queue(in_mystery(k, 11, "victim"), head);
		why = fk_why(k);
		assert_string_equal(fk_causes(k, why),
				    "task.stopped proven task:12 [10,11] holder > mutex lock_12 > "
				    "stopped");
		w = wait_of(why, 11);
		assert_string_equal(w->on->name, "a wait queue at stack of task 10 (holder)");
		assert_int_equal(w->task->out.data[0]->to->tid, 10);
		assert_string_equal(w->rule, "inferred");
		assert_int_equal(w->task->out.data[0]->certainty, IQ_LIKELY);
		assert_int_equal(w->task->out.data[0]->kind, IQ_EDGE_MAYBE);
		assert_int_equal(why->num_unexplained, 0);
		fakekernel_free(k);
	}
}

static void task_with_an_address_of_the_sleepers_stack_is_suspected(void **state)
{
	(void)state;
	FLAVOURS(f)
	{
		struct fakekernel *k = fakekernel_new(f);
		struct fk_task *victim = in_mystery(k, 11, "victim"), *worker;
		iq_vaddr done = fk_local(victim, "completion");

		fk_wait_completion(victim, done, FK_D);
		worker = in_mystery(k, 10, "worker");
		fk_word(worker, done);
		behind_a_stopped_one(worker, 12);
		expect(k, "task.stopped proven task:12 [10,11] worker > mutex lock_12 > stopped");
	}
}

static void owner_beside_the_waiters_of_an_unknown_lock_is_suspected(void **state)
{
	(void)state;
	/* Newer locks have no head of their waiters' list that could be found. */
	for (enum fk_flavour f = FK_OLD; f <= FK_MID; f++) {
		struct fakekernel *k = fakekernel_new(f);
		struct fk_task *holder = fk_task(k, 10, "holder");
		struct fk_task *victim = in_mystery(k, 11, "victim");
		iq_vaddr lock = fk_mutex(k, "odd_lock"), waiter;
		const struct iq_cause *cause;

		fk_mutex_take(holder, lock);
		fk_stopped(holder);
		waiter = fk_local(victim, "mutex_waiter");
		fk_put(k, waiter, "mutex_waiter.task", victim->addr);
		fk_list_add_tail(k, lock + fk_off(k, "mutex.wait_list"), waiter);
		fk_switch(victim, FK_D);
		cause = fk_cause(fk_why(k), IQ_CAUSE_TASK_STOPPED);
		assert_int_equal(cause->root->tid, 10);
		assert_int_equal(cause->certainty, IQ_LIKELY);
		assert_string_equal(fk_blocked(k, cause), "11");
		assert_true(is_said(&cause->evidence, "is holder (10)"));
		fakekernel_free(k);
	}
}

static void filesystem_of_what_a_function_works_on_is_suspected(void **state)
{
	(void)state;
	FLAVOURS(f)
	{
		struct fakekernel *k = fakekernel_new(f);
		iq_vaddr sb = fk_sb(k, "ext4", "/dev/vdb", "/data"), inode = fk_inode(k, sb, "x");
		struct fk_task *t = in_mystery(k, 11, "victim");

		fk_put(k, inode, "inode.i_data.host", inode);
		fk_freeze(k, sb);
		fk_word(t, inode);
		fk_switch(t, FK_D);
		expect(k, "fs.frozen likely fs:254:32 [11] victim > ext4 on /dev/vdb, mounted at "
			  "/data");
	}
}

/* A service: what it is asked is waited for in a queue of the kernel's, which its file stands for.
 */
static iq_vaddr service(struct fakekernel *k, struct fk_task *program, struct fk_task *copy)
{
	iq_vaddr head = queue_at(k, fk_data(k, "odd_service", 64));
	iq_vaddr sb = fk_sb(k, "anon", "none", NULL);
	iq_vaddr file = fk_file(k, fk_inode(k, sb, "service"));

	fk_put(k, file, "file.private_data", head);
	fk_fd(program, 3, file);
	if (copy)
		fk_fd(copy, 3, file);
	return head;
}

static void stopped_program_that_has_it_open_is_suspected(void **state)
{
	(void)state;
	FLAVOURS(f)
	{
		for (uint64_t how = FK_S; how <= FK_D; how++) {
			struct fakekernel *k = fakekernel_new(f);
			struct fk_task *program = fk_task(k, 10, "program");
			iq_vaddr head = service(k, program, NULL);
			struct fk_task *t = in_mystery(k, 11, "client");

			fk_stopped(program);
			fk_wait_queue(t, head, "default_wake_function", how);
			expect(k, "task.stopped likely task:10 [11] client > a wait queue at "
				  "odd_service > program");
		}
	}
}

static void program_that_has_it_open_and_goes_on_is_no_suspect(void **state)
{
	(void)state;
	FLAVOURS(f)
	{
		struct fakekernel *k = fakekernel_new(f);
		struct fk_task *program = fk_task(k, 10, "program");
		struct fk_task *copy = fk_task(k, 12, "copy");
		iq_vaddr head = service(k, program, copy);

		/* Of two the other one can answer. */
		fk_stopped(copy);
		fk_nanosleep(program);
		fk_wait_queue(in_mystery(k, 11, "client"), head, "default_wake_function", FK_S);
		expect(k, "");
	}
}

static void child_that_was_given_what_its_parent_waits_on_is_suspected(void **state)
{
	(void)state;
	FLAVOURS(f)
	{
		struct fakekernel *k = fakekernel_new(f);
		struct fk_task *parent = in_mystery(k, 11, "parent"), *child;
		iq_vaddr done = fk_local(parent, "completion");

		fk_wait_completion(parent, done, FK_D);
		child = fk_child(parent, 12, "child");
		fk_task_put(child, "vfork_done", done);
		fk_stopped(child);
		expect(k, "task.stopped likely task:12 [11] parent > a completion on its own stack "
			  "> child");
	}
}

/* ---- who is not ---- */

static void filesystem_that_nothing_is_wrong_with_is_no_suspect(void **state)
{
	(void)state;
	FLAVOURS(f)
	{
		struct fakekernel *k = fakekernel_new(f);
		iq_vaddr sb = fk_sb(k, "ext4", "/dev/vdb", "/data"), inode = fk_inode(k, sb, "x");
		struct fk_task *t = in_mystery(k, 11, "victim");

		fk_put(k, inode, "inode.i_data.host", inode);
		fk_word(t, inode);
		fk_switch(t, FK_D);
		expect(k, "unknown strong task:11 [] victim");
	}
}

/* Its members do not lead back: it is no inode. */
static void word_that_only_looks_like_an_inode_accuses_nobody(void **state)
{
	(void)state;
	FLAVOURS(f)
	{
		struct fakekernel *k = fakekernel_new(f);
		iq_vaddr sb = fk_sb(k, "ext4", "/dev/vdb", "/data"), inode = fk_inode(k, sb, "x");
		struct fk_task *t = in_mystery(k, 11, "victim");

		fk_put(k, inode, "inode.i_data.host", inode + 8);
		fk_freeze(k, sb);
		fk_word(t, inode);
		fk_switch(t, FK_D);
		expect(k, "unknown strong task:11 [] victim");
	}
}

static void task_that_goes_on_is_no_suspect(void **state)
{
	(void)state;
	FLAVOURS(f)
	{
		struct fakekernel *k = fakekernel_new(f);
		struct fk_task *victim = in_mystery(k, 11, "victim"), *other;
		iq_vaddr done = fk_local(victim, "completion");

		fk_wait_completion(victim, done, FK_D);
		other = in_mystery(k, 10, "sleeper");
		fk_word(other, done);
		fk_nanosleep(other);
		other = in_mystery(k, 12, "busy");
		fk_word(other, done);
		fk_runs_on(other, 0);
		expect(k, "unknown strong task:11 [] victim");
	}
}

static void those_who_wait_for_the_same_are_one_cause_and_no_suspects(void **state)
{
	(void)state;
	FLAVOURS(f)
	{
		struct fakekernel *k = fakekernel_new(f);
		iq_vaddr head = queue_at(k, fk_data(k, "odd_queue", 64));
		const struct iq_why *why;

		for (int32_t pid = 11; pid <= 13; pid++) {
			struct fk_task *t = in_mystery(k, pid, "victim");

			fk_word(t, head);
			on_queue(t, head);
		}
		why = fk_why(k);
		assert_int_equal(why->causes->list.num, 1);
		assert_int_equal(why->causes->list.data[0]->kind, IQ_CAUSE_UNKNOWN);
		assert_string_equal(fk_blocked(k, why->causes->list.data[0]), "11,12,13");
		assert_string_equal(why->causes->list.data[0]->summary,
				    "3 tasks sleep in wait_for_mystery, on a wait queue at "
				    "odd_queue, and nothing that was read says who has to end "
				    "that");
		fakekernel_free(k);
	}
}

static void two_that_would_blame_each_other_are_both_unknown(void **state)
{
	(void)state;
	FLAVOURS(f)
	{
		struct fakekernel *k = fakekernel_new(f);
		struct fk_task *a = in_mystery(k, 10, "one"), *b = in_mystery(k, 11, "other");
		iq_vaddr on_a = queue_at(k, fk_local(a, "wait_queue_head"));
		iq_vaddr on_b = queue_at(k, fk_local(b, "wait_queue_head"));
		const struct iq_why *why;

		on_queue(a, on_b);
		on_queue(b, on_a);
		why = fk_why(k);
		assert_int_equal(why->causes->list.num, 2);
		for (size_t i = 0; i < 2; i++) {
			assert_int_equal(why->causes->list.data[i]->kind, IQ_CAUSE_UNKNOWN);
			assert_int_equal(why->causes->list.data[i]->blocked.num, 0);
		}
		fakekernel_free(k);
	}
}

static void suspects_with_different_ends_are_only_mentioned(void **state)
{
	(void)state;
	FLAVOURS(f)
	{
		struct fakekernel *k = fakekernel_new(f);
		struct fk_task *victim = in_mystery(k, 11, "victim");
		iq_vaddr done = fk_local(victim, "completion");
		const struct iq_cause *cause;

		fk_wait_completion(victim, done, FK_D);
		for (int32_t pid = 20; pid <= 30; pid += 10) {
			struct fk_task *t = in_mystery(k, pid, "worker");

			fk_word(t, done);
			behind_a_stopped_one(t, pid + 1);
		}
		cause = fk_cause(fk_why(k), IQ_CAUSE_UNKNOWN);
		assert_int_equal(cause->root->tid, 11);
		assert_true(is_said(&cause->evidence, "nothing proves it: worker (20) has"));
		assert_true(is_said(&cause->evidence, "nothing proves it: worker (30) has"));
		fakekernel_free(k);
	}
}

/* Neighbours in a queue have each other's addresses on their stacks. */
static void neighbours_in_a_queue_are_no_suspects(void **state)
{
	(void)state;
	FLAVOURS(f)
	{
		struct fakekernel *k = fakekernel_new(f);
		iq_vaddr head = queue_at(k, fk_data(k, "odd_queue", 64));
		iq_vaddr entry;
		struct fk_task *t;

		on_queue(in_mystery(k, 11, "victim"), head);
		/* Woken already, and hanging elsewhere by now: its entry is still in the queue. */
		t = in_mystery(k, 12, "woken");
		entry = fk_local(t, "wait_queue_entry");
		fk_put(k, entry, "wait_queue_entry.func", fk_func(k, "default_wake_function"));
		fk_list_add_tail(k, head + fk_off(k, "wait_queue_head.head"),
				 entry + fk_off(k, "wait_queue_entry.entry"));
		behind_a_stopped_one(t, 20);
		expect(k, "task.stopped proven task:20 [12] woken > mutex lock_20 > stopped\n"
			  "unknown strong task:11 [] victim");
	}
}

static void memory_that_lies_accuses_nobody(void **state)
{
	(void)state;
	FLAVOURS(f)
	{
		struct fakekernel *k = fakekernel_new(f);
		struct fk_task *t = in_mystery(k, 11, "victim");
		iq_vaddr head = queue_at(k, fk_data(k, "odd_queue", 64)), entry;

		/* What it sleeps in says that its neighbour is somewhere else. */
		entry = fk_wait_queue(t, head, "default_wake_function", FK_D);
		fk_u64(k, entry + fk_off(k, "wait_queue_entry.entry"), entry);
		fk_u64(k, head + fk_off(k, "wait_queue_head.head"), 0xffff888000000008);
		t = in_mystery(k, 12, "other");
		fk_word(t, 0xffffffffffffff00);
		fk_word(t, 0xffff888fffff0000);
		fk_word(t, entry + 1);
		fk_switch(t, FK_D);
		assert_int_equal(fk_why(k)->causes->list.num, 2);
		assert_int_equal(fk_why(k)->num_unexplained, 2);
		fakekernel_free(k);
	}
}

/* ---- what is said ---- */

static void known_place_is_told_in_plain_words(void **state)
{
	(void)state;
	FLAVOURS(f)
	{
		struct fakekernel *k = fakekernel_new(f);
		struct fk_task *t = fk_task(k, 11, "ls");
		const struct iq_cause *cause;

		fk_calls(t, "autofs_d_automount", "autofs_wait");
		fk_switch(t, FK_D);
		cause = fk_cause(fk_why(k), IQ_CAUSE_UNKNOWN);
		assert_string_equal(cause->summary,
				    "ls (11) sleeps in autofs_wait, where it waits for the "
				    "automount daemon, and nothing that was read says why");
		assert_true(is_advised(cause, "look next at that program"));
		fakekernel_free(k);
	}
}

static void places_are_found_with_a_compilers_suffix(void **state)
{
	(void)state;
	assert_non_null(iq_place_of("jbd2_log_wait_commit"));
	assert_ptr_equal(iq_place_of("jbd2_log_wait_commit.isra.0"),
			 iq_place_of("jbd2_log_wait_commit"));
	assert_null(iq_place_of("jbd2_log_wait"));
	assert_null(iq_place_of(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rule_that_is_left_out_explains_nothing),
		cmocka_unit_test(task_whose_stack_is_waited_on_is_suspected),
		cmocka_unit_test(task_with_an_address_of_the_sleepers_stack_is_suspected),
		cmocka_unit_test(owner_beside_the_waiters_of_an_unknown_lock_is_suspected),
		cmocka_unit_test(filesystem_of_what_a_function_works_on_is_suspected),
		cmocka_unit_test(stopped_program_that_has_it_open_is_suspected),
		cmocka_unit_test(program_that_has_it_open_and_goes_on_is_no_suspect),
		cmocka_unit_test(child_that_was_given_what_its_parent_waits_on_is_suspected),
		cmocka_unit_test(filesystem_that_nothing_is_wrong_with_is_no_suspect),
		cmocka_unit_test(word_that_only_looks_like_an_inode_accuses_nobody),
		cmocka_unit_test(task_that_goes_on_is_no_suspect),
		cmocka_unit_test(those_who_wait_for_the_same_are_one_cause_and_no_suspects),
		cmocka_unit_test(two_that_would_blame_each_other_are_both_unknown),
		cmocka_unit_test(suspects_with_different_ends_are_only_mentioned),
		cmocka_unit_test(neighbours_in_a_queue_are_no_suspects),
		cmocka_unit_test(memory_that_lies_accuses_nobody),
		cmocka_unit_test(known_place_is_told_in_plain_words),
		cmocka_unit_test(places_are_found_with_a_compilers_suffix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
