/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Locks on a made kernel with PREEMPT_RT, where they are made of rt_mutexes: what the rules and the
 * debugger's commands say of them
 */
#include "test.h"

#include "said.h"

static const uint64_t READER_BIAS = 0x80000000, WRITER_BIAS = 0x40000000, RTLOCK_WAIT = 0x1000;

static struct fk_task *sleeper(struct fakekernel *k, int32_t pid)
{
	struct fk_task *t = fk_task(k, pid, "holder");

	fk_nanosleep(t);
	return t;
}

static void expect(struct fakekernel *k, const char *causes)
{
	assert_string_equal(fk_causes(k, fk_why(k)), causes);
	fakekernel_free(k);
}

/* A task in these functions waits for the rt_mutex at this place in the lock. */
static struct fk_task *waits(struct fakekernel *k, int32_t pid, iq_vaddr lock, const char *rtmutex,
			     const char *const *functions)
{
	struct fk_task *t = fk_task(k, pid, "waiter");

	fk_calls_(t, functions);
	fk_wait_rt(t, lock + fk_off(k, rtmutex), FK_D);
	return t;
}

#define IN(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void a_mutex_names_its_owner(void **state)
{
	struct fakekernel *k = fakekernel_new_rt();
	iq_vaddr lock = fk_mutex(k, "big_lock");

	(void)state;
	fk_put(k, lock, "mutex.rtmutex.owner", sleeper(k, 10)->addr);
	waits(k, 11, lock, "mutex.rtmutex", IN("do_something", "mutex_lock"));
	expect(k, "task.sleeping strong task:10 [11] waiter > mutex big_lock > holder");
}

/* Where the compiler has made a jump of the last call, it is what it is: an rt_mutex. */
static void a_mutex_without_its_frame_is_an_rt_mutex(void **state)
{
	struct fakekernel *k = fakekernel_new_rt();
	iq_vaddr lock = fk_mutex(k, "big_lock");

	(void)state;
	fk_put(k, lock, "mutex.rtmutex.owner", sleeper(k, 10)->addr);
	waits(k, 11, lock, "mutex.rtmutex", IN("do_something"));
	expect(k, "task.sleeping strong task:10 [11] waiter > rtmutex big_lock > holder");
}

static void a_spinlock_on_the_way_into_a_mutex_is_told_from_it(void **state)
{
	struct fakekernel *k = fakekernel_new_rt();
	iq_vaddr lock = fk_data(k, "big_spin", fk_size(k, "spinlock"));
	struct fk_task *t = fk_task(k, 11, "waiter");

	(void)state;
	fk_put(k, lock, "spinlock.lock.owner", sleeper(k, 10)->addr);
	fk_calls(t, "mutex_lock", "blk_flush_plug", "rt_spin_lock", "rtlock_slowlock_locked");
	fk_wait_rt(t, lock, RTLOCK_WAIT);
	expect(k, "task.sleeping strong task:10 [11] waiter > spinlock big_spin > holder");
}

static void a_reader_waits_for_the_writer_that_has_the_rw_semaphore(void **state)
{
	const struct {
		const char *const *functions;
		const char *mode;
	} waiters[] = {
		{ IN("do_something", "down_read", "__rwbase_read_lock"), "read" },
		{ IN("do_something", "__rwbase_read_lock"), "read" },
		{ IN("mutex_lock", "do_something", "__rwbase_read_lock"), "read" },
		{ IN("do_something", "down_write", "rwbase_write_lock"), "write" },
	};

	(void)state;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(waiters); i++) {
		struct fakekernel *k = fakekernel_new_rt();
		iq_vaddr lock = fk_rwsem(k, "big_sem");

		fk_put(k, lock, "rw_semaphore.rwbase.readers.counter", WRITER_BIAS);
		fk_put(k, lock, "rw_semaphore.rwbase.rtmutex.owner", sleeper(k, 10)->addr);
		waits(k, 11, lock, "rw_semaphore.rwbase.rtmutex", waiters[i].functions);
		assert_string_equal(fk_why(k)->graph->waits.data[0]->mode, waiters[i].mode);
		expect(k, "task.sleeping strong task:10 [11] waiter > rwsem big_sem > holder");
	}
}

/* A writer that has closed it, and sleeps until those inside have left: named by no record. */
static struct fk_task *drains(struct fakekernel *k, int32_t pid, iq_vaddr lock, uint64_t readers)
{
	struct fk_task *t = fk_task(k, pid, "writer");

	fk_put(k, lock, "rw_semaphore.rwbase.readers.counter", readers);
	fk_put(k, lock, "rw_semaphore.rwbase.rtmutex.owner", t->addr);
	fk_calls(t, "do_something", "down_write", "rwbase_write_lock");
	fk_word(t, lock);
	fk_switch(t, FK_D);
	return t;
}

static struct fk_task *reader(struct fakekernel *k, int32_t pid, iq_vaddr lock)
{
	struct fk_task *t = fk_task(k, pid, "reader");

	fk_calls(t, "do_reads");
	fk_word(t, lock);
	t->bx = lock;
	fk_nanosleep(t);
	return t;
}

static void a_writer_waits_for_the_readers_inside(void **state)
{
	struct fakekernel *k = fakekernel_new_rt();
	iq_vaddr lock = fk_rwsem(k, "big_sem");

	(void)state;
	reader(k, 10, lock);
	drains(k, 11, lock, 1);
	waits(k, 12, lock, "rw_semaphore.rwbase.rtmutex",
	      IN("do_something", "down_write", "rwbase_write_lock"));
	expect(k, "task.sleeping strong task:10 [11,12] waiter > rwsem big_sem > writer > rwsem "
		  "big_sem > reader");
}

/* The words of its own stack may look like a lock that it has. */
static void what_lies_on_a_stack_is_no_lock(void **state)
{
	struct fakekernel *k = fakekernel_new_rt();
	iq_vaddr lock = fk_rwsem(k, "big_sem"), looks_like_one;
	struct fk_task *t = fk_task(k, 11, "writer");

	(void)state;
	reader(k, 10, lock);
	fk_put(k, lock, "rw_semaphore.rwbase.readers.counter", 1);
	fk_put(k, lock, "rw_semaphore.rwbase.rtmutex.owner", t->addr);
	fk_calls(t, "do_something", "down_write", "rwbase_write_lock");
	fk_word(t, lock);
	looks_like_one = fk_local(t, "rw_semaphore");
	fk_put(k, looks_like_one, "rw_semaphore.rwbase.readers.counter", 0);
	fk_put(k, looks_like_one, "rw_semaphore.rwbase.rtmutex.owner", t->addr);
	fk_word(t, looks_like_one);
	fk_switch(t, FK_D);
	expect(k, "task.sleeping strong task:10 [11] writer > rwsem big_sem > reader");
}

/* Nobody is inside any more: who has the lock's address on his stack is no reader. */
static void a_writer_without_readers_inside_blames_nobody(void **state)
{
	struct fakekernel *k = fakekernel_new_rt();
	iq_vaddr lock = fk_rwsem(k, "big_sem");

	(void)state;
	reader(k, 10, lock);
	drains(k, 11, lock, 0);
	expect(k, "unknown strong task:11 [] writer");
}

/* Handed over, and the one who was woken for it gets no CPU. */
static void a_mutex_that_is_free_waits_for_the_first_in_its_queue(void **state)
{
	struct fakekernel *k = fakekernel_new_rt();
	iq_vaddr lock = fk_mutex(k, "big_lock"), root, first, second;
	struct fk_task *next = waits(k, 11, lock, "mutex.rtmutex", IN("mutex_lock"));

	(void)state;
	root = lock + fk_off(k, "mutex.rtmutex.waiters");
	first = fk_get_u64(k, root);
	waits(k, 12, lock, "mutex.rtmutex", IN("mutex_lock"));
	/* Behind it in the tree. */
	second = fk_get_u64(k, root);
	fk_u64(k, root, first);
	fk_put(k, first, "rb_node.rb_right", second);
	fk_put(k, second, "rb_node.__rb_parent_color", first);
	fk_task_put(next, "__state", 0);
	fk_task_put(next, "on_rq", 1);
	assert_string_equal(fk_blocked(k, fk_cause(fk_why(k), IQ_CAUSE_TASK_STARVED)), "12");
	fakekernel_free(k);
}

static void commands_read_them_too(void **state)
{
	struct fakekernel *k = fakekernel_new_rt();
	iq_vaddr mutex = fk_mutex(k, "big_mutex"), held = fk_rwsem(k, "held_sem"),
		 draining = fk_rwsem(k, "draining_sem"), open = fk_rwsem(k, "open_sem");
	struct fk_task *t = sleeper(k, 10), *w;
	struct names n = { 0 };

	(void)state;
	name_task(&n, t);
	fk_put(k, mutex, "mutex.rtmutex.owner", t->addr);
	name_task(&n, waits(k, 11, mutex, "mutex.rtmutex", IN("mutex_lock")));
	fk_put(k, held, "rw_semaphore.rwbase.readers.counter", WRITER_BIAS);
	fk_put(k, held, "rw_semaphore.rwbase.rtmutex.owner", t->addr);
	w = drains(k, 12, draining, 3);
	name_task(&n, w);
	fk_put(k, open, "rw_semaphore.rwbase.readers.counter", READER_BIAS + 2);
	fk_tells_ram(k);

	assert_said(k, &n, "big_mutex::walk mutex_owner", "@10\n");
	assert_says(k, &n, "big_mutex::mutex", "mutex  @10      -      - yes\n", true);
	assert_said(k, &n, "big_mutex::walk mutex_waiters", "@11\n");
	assert_said(k, &n, "held_sem::walk rwsem_owner", "@10\n");
	assert_says(k, &n, "held_sem::rwlock", " @10 B100  -\n", true);
	assert_says(k, &n, "held_sem::rwlock", "held for write by holder/10", true);
	assert_says(k, &n, "draining_sem::rwlock", " READERS=3 B000  -\n", true);
	assert_says(k, &n, "draining_sem::rwlock", "writer/12 takes it for write", true);
	assert_says(k, &n, "open_sem::rwlock", " READERS=2 B000  -\n", true);
	assert_said(k, &n, "open_sem::walk rwsem_owner", "");
	assert_says(k, &n, "0t10::pid2proc | ::findlocks -a",
		    "ADDR (rw_semaphore) is held for write by @10 [strong", true);
	assert_says(k, &n, "0t10::pid2proc | ::findlocks",
		    "ADDR (mutex) is wanted by waiter/11 and held by @10 [proven]", true);
	/* What an rw_semaphore is made of looks as a mutex does. */
	assert_says(k, &n, "0t10::pid2proc | ::findlocks -a", "2 locks found", true);
	fakekernel_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mutex_names_its_owner),
		cmocka_unit_test(a_mutex_without_its_frame_is_an_rt_mutex),
		cmocka_unit_test(a_spinlock_on_the_way_into_a_mutex_is_told_from_it),
		cmocka_unit_test(a_reader_waits_for_the_writer_that_has_the_rw_semaphore),
		cmocka_unit_test(a_writer_waits_for_the_readers_inside),
		cmocka_unit_test(what_lies_on_a_stack_is_no_lock),
		cmocka_unit_test(a_writer_without_readers_inside_blames_nobody),
		cmocka_unit_test(a_mutex_that_is_free_waits_for_the_first_in_its_queue),
		cmocka_unit_test(commands_read_them_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
