/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The debugger's commands on locks, on made kernels of each layout
 */
#include "test.h"

#include "layouts.h"
#include "said.h"

/* A lock of each kind; 10 holds the mutex and the rw_semaphore. */
static struct fakekernel *made(enum fk_flavour f, struct names *n)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr mutex = fk_mutex(k, "big_mutex"), rwsem = fk_rwsem(k, "big_rwsem"),
		 percpu = fk_percpu_rwsem(k, "big_percpu"), sema = fk_semaphore(k, "big_sema"),
		 rtmutex = fk_rtmutex(k, "big_rtmutex"), freed = fk_mutex(k, "free_mutex");
	struct fk_task *holder = fk_task(k, 10, "holder");

	*n = (struct names){ 0 };
	fk_mutex_take(holder, mutex);
	fk_rwsem_take_write(holder, rwsem);
	fk_calls(holder, "do_something");
	fk_word(holder, freed);
	fk_nanosleep(holder);
	name_task(n, holder);
	name_it(n, mutex, "big_mutex");
	name_it(n, rwsem, "big_rwsem");
	name_it(n, percpu, "big_percpu");
	name_it(n, sema, "big_sema");
	name_it(n, rtmutex, "big_rtmutex");
	return k;
}

static struct fk_task *waits(struct fakekernel *k, struct names *n, int32_t pid)
{
	struct fk_task *t = fk_task(k, pid, "waiter");

	name_task(n, t);
	return t;
}

static void a_mutex_says_who_holds_it(enum fk_flavour f)
{
	static const char header[] =
		"            ADDR TYPE               HELD MINSPL OLDSPL WAITERS\n";
	struct names n;
	char expected[256];
	struct fakekernel *k = made(f, &n);

	fk_wait_mutex(waits(k, &n, 11), fk_mutex(k, "other"));
	fk_wait_mutex(waits(k, &n, 12), n.list[1].addr);
	snprintf(expected, sizeof(expected), "%sbig_mutex mutex  @10      -      - yes\n", header);
	assert_said(k, &n, "big_mutex::mutex", expected);
	assert_said(k, &n, "big_mutex::mutex_owner", "@10\n");
	assert_said(k, &n, "big_mutex::walk mutex_owner", "@10\n");
	assert_said(k, &n, "big_mutex::walk mutex_waiters", "@12\n");
	assert_said(k, &n, "big_mutex::walk blocked", "@12\n");
	assert_said(k, &n, "big_mutex::walk wchan", "@12\n");
	assert_said(k, &n, "free_mutex::mutex_owner", "mutex ADDR is not held\n");
	assert_says(k, &n, "free_mutex::mutex", " no ", true);
	fakekernel_free(k);
}

static void what_is_no_mutex_is_shown_only_when_forced(enum fk_flavour f)
{
	struct names n;
	struct fakekernel *k = made(f, &n);

	assert_says(k, &n, "big_rwsem::mutex", "! inquest: ::mutex: not shown without -f", true);
	assert_says(k, &n, "big_rwsem::mutex -f", "TYPE ", true);
	assert_says(k, &n, "1000::mutex -f", "!", true);
	assert_says(k, &n, "big_mutex+1::mutex", "it is not aligned", true);
	fakekernel_free(k);
}

static void a_reader_writer_lock_shows_its_queue_and_its_bits(enum fk_flavour f)
{
	struct names n;
	struct fakekernel *k = made(f, &n);

	fk_wait_read(waits(k, &n, 11), n.list[2].addr, false);
	fk_wait_write(waits(k, &n, 12), n.list[2].addr, false);
	fk_wait_read(waits(k, &n, 13), n.list[2].addr, false);
	assert_said(k, &n, "big_rwsem::rwlock",
		    "            ADDR      OWNER/COUNT FLAGS WAITERS\n"
		    "big_rwsem @10 B101  @11 (R) waiter/11\n"
		    "                 WRITE_LOCKED -----+ |  @12 (W) waiter/12\n"
		    "                 HAS_WAITERS --------+  @13 (R) waiter/13\n"
		    "                 held for write by holder/10\n");
	assert_said(k, &n, "big_rwsem::rwsem | ::walk thread", "@11\n@12\n@13\n");
	assert_said(k, &n, "big_rwsem::walk rwsem_owner", "@10\n");
	assert_says(k, &n, "big_mutex::rwlock", "!", true);
	fakekernel_free(k);
}

static void readers_are_counted(enum fk_flavour f)
{
	struct names n = { 0 };
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr lock = fk_rwsem(k, "big_rwsem");
	struct fk_task *a = fk_task(k, 10, "one"), *b = fk_task(k, 11, "two");

	fk_rwsem_take_read(a, lock);
	fk_rwsem_take_read(b, lock);
	fk_nanosleep(a);
	fk_nanosleep(b);
	assert_says(k, &n, "big_rwsem::rwlock", " READERS=2 B000  -\n", true);
	assert_says(k, &n, "big_rwsem::rwlock", "the last reader that came by was two/11", true);
	assert_said(k, &n, "big_rwsem::walk rwsem_owner", "");
	fakekernel_free(k);
}

static void a_percpu_lock_is_told_from_the_other_kind(enum fk_flavour f)
{
	struct names n;
	struct fakekernel *k = made(f, &n);

	fk_put(k, n.list[3].addr, "percpu_rw_semaphore.block.counter", 1);
	fk_wait_percpu(waits(k, &n, 11), n.list[3].addr, false);
	fk_wait_percpu(waits(k, &n, 12), n.list[3].addr, true);
	assert_said(k, &n, "big_percpu::rwlock",
		    "            ADDR      OWNER/COUNT FLAGS WAITERS\n"
		    "big_percpu           WRITER B101  @11 (R) waiter/11\n"
		    "                 WRITE_LOCKED -----+ |  @12 (W) waiter/12\n"
		    "                 HAS_WAITERS --------+\n"
		    "                 held for write: the kernel does not record by whom\n");
	assert_said(k, &n, "big_percpu::walk percpu_rwsem_waiters", "@11\n@12\n");
	fakekernel_free(k);
}

static void semaphores_and_rtmutexes_show_their_queues(enum fk_flavour f)
{
	struct names n;
	struct fakekernel *k = made(f, &n);

	fk_wait_semaphore(waits(k, &n, 11), n.list[4].addr);
	fk_wait_semaphore(waits(k, &n, 12), n.list[4].addr);
	assert_says(k, &n, "big_sema::sema", "0 @11 waiter/11\n", true);
	assert_said(k, &n, "big_sema::walk semaphore_waiters", "@11\n@12\n");
	assert_says(k, &n, "big_rtmutex::rtmutex", " no -\n", true);
	fakekernel_free(k);
}

static void wchaninfo_counts_who_sleeps_where(enum fk_flavour f)
{
	struct names n;
	struct fakekernel *k = made(f, &n);

	fk_wait_mutex(waits(k, &n, 11), n.list[1].addr);
	fk_wait_mutex(waits(k, &n, 12), n.list[1].addr);
	fk_wait_read(waits(k, &n, 13), n.list[2].addr, false);
	assert_said(k, &n, "::wchaninfo",
		    "            ADDR TYPE       NWAITERS\n"
		    "big_mutex mutex             2\n"
		    "big_rwsem rwsem             1\n");
	assert_said(k, &n, "big_mutex::wchaninfo -v",
		    "            ADDR TYPE       NWAITERS           THREAD PROC\n"
		    "big_mutex mutex             2 @11 waiter\n"
		    "                                     @12 waiter\n");
	assert_said(k, &n, "::walk waiters", "@11\n@12\n@13\n");
	fakekernel_free(k);
}

static void findlocks_says_how_sure_it_is(enum fk_flavour f)
{
	struct names n;
	struct fakekernel *k = made(f, &n);

	fk_wait_mutex(waits(k, &n, 11), n.list[1].addr);
	assert_says(k, &n, "0t10::pid2proc | ::findlocks",
		    "big_mutex (mutex) is wanted by waiter/11 and held by @10 [proven]\n", true);
	/* Its stack has the address of a lock that it does not hold. */
	assert_says(k, &n, "0t10::pid2proc | ::findlocks", "free_mutex", false);
	assert_says(k, &n, "0t11::pid2proc | ::findlocks", "0 locks found", true);
	fakekernel_free(k);
}

static void findlocks_a_searches_all_memory(enum fk_flavour f)
{
	struct names n;
	struct fakekernel *k = made(f, &n);

	fk_tells_ram(k);
	assert_says(k, &n, "0t10::pid2proc | ::findlocks -a",
		    "big_rwsem (rw_semaphore) is held for write by @10 [strong", true);
	/* Its owner and list look as a mutex does. */
	assert_says(k, &n, "0t10::pid2proc | ::findlocks -a", "mutex ADDR", false);
	assert_says(k, &n, "0t10::pid2proc | ::findlocks -a", "2 locks found", true);
	fakekernel_free(k);
}

static void a_reader_that_has_left_holds_nothing(enum fk_flavour f)
{
	struct names n;
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr lock = fk_rwsem(k, "big_rwsem");
	struct fk_task *t = fk_task(k, 10, "reader");

	n = (struct names){ 0 };
	fk_rwsem_take_read(t, lock);
	fk_put(k, lock, "rw_semaphore.count.counter", 0);
	fk_calls(t, "do_something");
	fk_word(t, lock);
	fk_nanosleep(t);
	fk_tells_ram(k);
	assert_says(k, &n, "0t10::pid2proc | ::findlocks -a", "0 locks found", true);
	assert_says(k, &n, "big_rwsem+8::mutex", "flags for waiters, and none", true);
	fakekernel_free(k);
}

/*
 * The writer has counted himself in, and not written his name over that of the last reader, who has
 * left: 10, whose stack still has the lock's address.
 */
static struct fakekernel *with_a_readers_name(enum fk_flavour f, struct names *n, uint64_t bits)
{
	struct fakekernel *k = fakekernel_new(f);
	iq_vaddr lock = fk_rwsem(k, "big_rwsem");
	struct fk_task *reader = fk_task(k, 10, "reader");

	*n = (struct names){ 0 };
	fk_rwsem_take_write(reader, lock);
	fk_put(k, lock, "rw_semaphore.owner.counter", reader->addr | bits);
	fk_calls(reader, "do_something");
	fk_word(reader, lock);
	fk_nanosleep(reader);
	fk_wait_write(fk_task(k, 11, "waiter"), lock, false);
	fk_tells_ram(k);
	return k;
}

static void a_reader_whose_name_was_left_is_not_called_the_writer(enum fk_flavour f)
{
	enum { READER_OWNED = 1, NONSPINNABLE = 2, WRITERS_TOO = 4 };
	static const uint64_t bits[] = { READER_OWNED, READER_OWNED | NONSPINNABLE,
					 READER_OWNED | NONSPINNABLE | WRITERS_TOO };
	struct names n;

	for (size_t i = 0; i < IQ_ARRAY_SIZE(bits); i++) {
		struct fakekernel *k = with_a_readers_name(f, &n, bits[i]);

		assert_says(k, &n, "big_rwsem::rwlock", " ? B101  ", true);
		assert_says(k, &n, "big_rwsem::rwlock", "by reader/10", false);
		assert_says(k, &n, "0t10::pid2proc | ::findlocks", "0 locks found", true);
		assert_says(k, &n, "0t10::pid2proc | ::findlocks -a", "0 locks found", true);
		assert_said(k, &n, "big_rwsem::walk rwsem_owner", "");
		fakekernel_free(k);
	}
}

/* Free, and the first in its queue has not come yet: from its owner on it looks as a mutex does. */
static void a_reader_whose_name_was_left_in_a_free_rwsem_holds_no_mutex(enum fk_flavour f)
{
	enum { WAITERS = 2, READER_OWNED = 1 };
	struct names n;
	struct fakekernel *k = with_a_readers_name(f, &n, READER_OWNED);

	fk_put(k, fk_data(k, "big_rwsem", 0), "rw_semaphore.count.counter", WAITERS);
	assert_says(k, &n, "0t10::pid2proc | ::findlocks -a", "0 locks found", true);
	fakekernel_free(k);
}

/* What is asked first has no list of tasks to look into yet. */
static void an_owner_is_found_whatever_was_asked_before(enum fk_flavour f)
{
	static const char *const asked[] = { "big_mutex::walk mutex_owner",
					     "big_rwsem::walk rwsem_owner",
					     "big_mutex::mutex_owner" };
	struct names n;

	for (size_t i = 0; i < IQ_ARRAY_SIZE(asked); i++) {
		struct fakekernel *k = made(f, &n);

		assert_said(k, &n, asked[i], "@10\n");
		fakekernel_free(k);
	}
}

static void kgrep_finds_who_points_there(void **state)
{
	struct fakekernel *k = fakekernel_new(FK_MID);
	iq_vaddr lock = fk_mutex(k, "big_mutex"), place = fk_data(k, "pointer", 8);
	struct fk_task *t = fk_task(k, 10, "task");
	struct names n = { 0 };

	(void)state;
	fk_tells_ram(k);
	fk_u64(k, place, lock);
	fk_calls(t, "do_something");
	fk_word(t, lock);
	fk_nanosleep(t);
	name_it(&n, place, "pointer");
	name_it(&n, lock, "lock");
	assert_says(k, &n, "big_mutex::kgrep", "pointer\n", true);
	assert_says(k, &n, "big_mutex::kgrep -v", "pointer  lock  pointer\n", true);
	assert_says(k, &n, "big_mutex::kgrep -v", "lock  stack of task 10 (task)\n", true);
	assert_said(k, &n, "big_mutex::kgrep -a pointer -A pointer", "pointer\n");
	assert_said(k, &n, "big_mutex+8::kgrep -a pointer -A pointer", "");
	assert_said(k, &n, "big_mutex+8::kgrep -d 8 -a pointer -A pointer", "pointer\n");
	assert_said(k, &n, "big_mutex+8::kgrep -m ffffffffffffff00 -a pointer -A pointer",
		    (lock & 0xff) < 0xf8 ? "pointer\n" : "");
	assert_says(k, &n, "big_mutex::kgrep -s 3", "words are of 4 or 8 bytes", true);
	assert_says(k, &n, "big_mutex::kgrep -d 1 -m 1", "either a distance or a mask", true);
	assert_says(k, &n, "big_mutex::whatthread -v", "task/10: on its stack at", true);
	fakekernel_free(k);
}

static void a_queue_that_does_not_close_ends(enum fk_flavour f)
{
	struct names n;
	struct fakekernel *k = made(f, &n);
	iq_vaddr waiter = fk_wait_mutex(waits(k, &n, 11), n.list[1].addr);

	/* Its list leads into a circle that the lock is no part of. */
	fk_u64(k, waiter, waiter);
	assert_says(k, &n, "big_mutex::walk mutex_waiters", "who waits for the mutex", f != FK_NEW);
	free(said(k, &n, "big_mutex::mutex"));
	free(said(k, &n, "::wchaninfo -v"));
	assert_says(k, &n, "::ps", "@11 waiter", true);
	fakekernel_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		each_layout(a_mutex_says_who_holds_it),
		each_layout(what_is_no_mutex_is_shown_only_when_forced),
		each_layout(a_reader_writer_lock_shows_its_queue_and_its_bits),
		each_layout(readers_are_counted),
		each_layout(a_percpu_lock_is_told_from_the_other_kind),
		each_layout(semaphores_and_rtmutexes_show_their_queues),
		each_layout(wchaninfo_counts_who_sleeps_where),
		each_layout(findlocks_says_how_sure_it_is),
		each_layout(findlocks_a_searches_all_memory),
		each_layout(a_reader_that_has_left_holds_nothing),
		each_layout(a_reader_whose_name_was_left_is_not_called_the_writer),
		each_layout(a_reader_whose_name_was_left_in_a_free_rwsem_holds_no_mutex),
		each_layout(an_owner_is_found_whatever_was_asked_before),
		cmocka_unit_test(kgrep_finds_who_points_there),
		each_layout(a_queue_that_does_not_close_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
