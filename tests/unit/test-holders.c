/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rows of holders (inquest/holders.h): a made room with rows of a lock that has a symbol and of one
 * that is a member, on made kernels. Kernels here have a table of rooms of their own: the lock
 * room, which asks, and the made one, which answers.
 */
#include "test.h"

#include <stdlib.h>
#include <time.h>

#include "diag/engine.h"
#include "fakekernel.h"
#include "layouts.h"

/* ---- the made room ---- */

enum { LOCK_IN_THING = 0x40, THING_SIZE = 0x200 };

static const char *const reading[] = { "frob_read", "frob_show", NULL };
static const char *const also_reading[] = { "frob_iterate", NULL };
static const char *const maybe_reading[] = { "frob_guess", NULL };
static const char *const faulting[] = { "frob_fault", NULL };
static const char *const writing[] = { "frob_write", NULL };
static const char *const left[] = { "frob_unlock", NULL };
static const char *const coming[] = { "frob_lock", NULL };

static const struct iq_holder made_rows[] = {
	{ .symbol = "frob_sem",
	  .mode = IQ_HOLD_READ,
	  .functions = reading,
	  .outside = { left, coming } },
	{ .symbol = "frob_sem", .mode = IQ_HOLD_READ, .functions = also_reading },
	{ .symbol = "frob_sem",
	  .mode = IQ_HOLD_READ,
	  .functions = maybe_reading,
	  .proof = IQ_HOLDER_LIKELY },
	{ .symbol = "frob_sem", .mode = IQ_HOLD_READ, .functions = faulting, .even_queued = true },
	{ .symbol = "frob_sem", .mode = IQ_HOLD_WRITE, .functions = writing },
	{ .container = "struct frob",
	  .member = "lock",
	  .mode = IQ_HOLD_READ,
	  .functions = reading,
	  .fits = iq_holder_on_stack },
	{ 0 },
};

/* The struct frob of the test that runs; 0: it has none. */
static iq_vaddr the_frob;

static bool name_frob(struct iq_diag *d, iq_vaddr lock, const char *lock_type,
		      const struct iq_sleeper *waiter, struct iq_lock_name *name_ret)
{
	(void)d;
	(void)lock_type;
	(void)waiter;
	if (!the_frob || lock != the_frob + LOCK_IN_THING)
		return false;
	*name_ret = (struct iq_lock_name){ .name = "lock of the frob",
					   .container = the_frob,
					   .container_type = "struct frob",
					   .member = "lock",
					   .certainty = IQ_PROVEN };
	return true;
}

static const struct iq_lock_namer namers[] = { { .name = "frob", .identify = name_frob }, { 0 } };

static struct iq_module made_room = { .api = IQ_MODULE_API,
				      .name = "made",
				      .summary = "a room of this test",
				      .lock_namers = namers,
				      .holders = made_rows };

extern const struct iq_module iq_module_lock;
static const struct iq_module *const rooms[] = { &iq_module_lock, &made_room, NULL };

static struct fakekernel *kernel_new(enum fk_flavour f)
{
	struct fakekernel *k = fakekernel_new(f);

	fk_rooms(k, rooms);
	return k;
}

/* ---- made kernels ---- */

static struct fk_task *sleeps_in(struct fakekernel *k, int32_t pid, const char *outer,
				 const char *inner)
{
	struct fk_task *t = fk_task(k, pid, "inside");

	fk_calls(t, outer, inner);
	fk_switch(t, FK_D);
	return t;
}

static void wants_to_write(struct fakekernel *k, int32_t pid, iq_vaddr lock)
{
	struct fk_task *t = fk_task(k, pid, "writer");

	fk_calls(t, "frob_change");
	fk_wait_write(t, lock, false);
}

static void count_readers(struct fakekernel *k, iq_vaddr lock, unsigned num)
{
	fk_put(k, lock, "rw_semaphore.count.counter",
	       (fk_get(k, lock, "rw_semaphore.count.counter") & 0xff) | num << 8);
}

static const struct iq_edge *edge(const struct iq_why *why, int32_t from, int32_t to)
{
	for (size_t i = 0; i < why->graph->edges.num; i++) {
		const struct iq_edge *e = why->graph->edges.data[i];

		if (e->from->tid == from && e->to->tid == to)
			return e;
	}
	return NULL;
}

static void assert_holds(const struct iq_why *why, int32_t waiter, int32_t holder,
			 enum iq_certainty certainty, enum iq_edge_kind kind)
{
	const struct iq_edge *e = edge(why, waiter, holder);

	if (!e)
		fail_msg("no edge from %d to %d", waiter, holder);
	assert_int_equal(e->certainty, certainty);
	assert_int_equal(e->kind, kind);
	assert_true(e->evidence.num > 0);
}

/* ---- a lock with a symbol ---- */

static void who_sleeps_inside_of_a_function_of_a_row_holds_its_lock(enum fk_flavour f)
{
	struct fakekernel *k = kernel_new(f);
	iq_vaddr lock = fk_rwsem(k, "frob_sem"), other = fk_rwsem(k, "other_sem");
	const struct iq_edge *e;

	sleeps_in(k, 10, "frob_show", "mystery");
	wants_to_write(k, 11, lock);
	count_readers(k, lock, 1);
	/* No row knows this one. */
	wants_to_write(k, 12, other);
	count_readers(k, other, 1);
	assert_holds(fk_why(k), 11, 10, IQ_STRONG, IQ_EDGE_OWNER);
	e = edge(fk_why(k), 11, 10);
	assert_string_equal(e->how, "holds it for read");
	assert_string_equal(e->evidence.data[0],
			    "inside (10) sleeps inside of frob_show(), which has it; 1 reader is "
			    "counted");
	assert_null(edge(fk_why(k), 12, 10));
	fakekernel_free(k);
}

static void name_of_a_clone_is_that_of_its_function(enum fk_flavour f)
{
	struct fakekernel *k = kernel_new(f);
	iq_vaddr lock = fk_rwsem(k, "frob_sem");

	sleeps_in(k, 10, "frob_show.constprop.0", "mystery");
	wants_to_write(k, 11, lock);
	count_readers(k, lock, 1);
	assert_holds(fk_why(k), 11, 10, IQ_STRONG, IQ_EDGE_OWNER);
	fakekernel_free(k);
}

static void who_has_let_go_or_is_still_coming_holds_nothing(enum fk_flavour f)
{
	struct fakekernel *k = kernel_new(f);
	iq_vaddr lock = fk_rwsem(k, "frob_sem");

	sleeps_in(k, 10, "frob_show", "frob_unlock");
	sleeps_in(k, 12, "frob_read", "frob_lock");
	wants_to_write(k, 11, lock);
	count_readers(k, lock, 2);
	assert_null(edge(fk_why(k), 11, 10));
	assert_null(edge(fk_why(k), 11, 12));
	fakekernel_free(k);
}

static void who_waits_for_the_lock_itself_is_no_holder(enum fk_flavour f)
{
	struct fakekernel *k = kernel_new(f);
	iq_vaddr lock = fk_rwsem(k, "frob_sem");
	struct fk_task *late = fk_task(k, 12, "late"), *twice = fk_task(k, 13, "twice");

	wants_to_write(k, 11, lock);
	fk_calls(late, "frob_show");
	fk_wait_read(late, lock, false);
	/* Nobody comes into this function without the lock. */
	fk_calls(twice, "frob_fault");
	fk_wait_read(twice, lock, false);
	count_readers(k, lock, 1);
	assert_null(edge(fk_why(k), 11, 12));
	assert_holds(fk_why(k), 11, 13, IQ_STRONG, IQ_EDGE_OWNER);
	fakekernel_free(k);
}

static void more_than_are_counted_are_likely_at_most(enum fk_flavour f)
{
	struct fakekernel *k = kernel_new(f);
	iq_vaddr lock = fk_rwsem(k, "frob_sem");

	sleeps_in(k, 10, "frob_show", "mystery");
	sleeps_in(k, 12, "frob_iterate", "mystery");
	wants_to_write(k, 11, lock);
	count_readers(k, lock, 1);
	assert_holds(fk_why(k), 11, 10, IQ_LIKELY, IQ_EDGE_MAYBE);
	assert_holds(fk_why(k), 11, 12, IQ_LIKELY, IQ_EDGE_MAYBE);
	fakekernel_free(k);
}

static void who_is_inside_of_two_rows_counts_once(enum fk_flavour f)
{
	struct fakekernel *k = kernel_new(f);
	iq_vaddr lock = fk_rwsem(k, "frob_sem");

	sleeps_in(k, 10, "frob_iterate", "frob_show");
	wants_to_write(k, 11, lock);
	count_readers(k, lock, 1);
	assert_holds(fk_why(k), 11, 10, IQ_STRONG, IQ_EDGE_OWNER);
	fakekernel_free(k);
}

static void row_that_is_likely_stays_so_however_the_count_fits(enum fk_flavour f)
{
	struct fakekernel *k = kernel_new(f);
	iq_vaddr lock = fk_rwsem(k, "frob_sem");

	sleeps_in(k, 10, "frob_guess", "mystery");
	wants_to_write(k, 11, lock);
	count_readers(k, lock, 1);
	assert_holds(fk_why(k), 11, 10, IQ_LIKELY, IQ_EDGE_OWNER);
	fakekernel_free(k);
}

static void row_for_the_other_mode_does_not_answer(enum fk_flavour f)
{
	struct fakekernel *k = kernel_new(f);
	iq_vaddr lock = fk_rwsem(k, "frob_sem");

	sleeps_in(k, 10, "frob_write", "mystery");
	wants_to_write(k, 11, lock);
	count_readers(k, lock, 1);
	assert_null(edge(fk_why(k), 11, 10));
	fakekernel_free(k);
}

/* ---- a lock that is a member ---- */

static void holder_of_a_member_has_the_struct_in_hand(enum fk_flavour f)
{
	struct fakekernel *k = kernel_new(f);
	struct fk_task *t = fk_task(k, 10, "inside");
	iq_vaddr lock;

	the_frob = fk_heap(k, THING_SIZE);
	lock = the_frob + LOCK_IN_THING;
	fk_init_rwsem(k, lock);
	fk_calls(t, "frob_read");
	fk_word(t, the_frob);
	fk_calls(t, "mystery");
	fk_switch(t, FK_D);
	/* In the same function with another one. */
	t = fk_task(k, 12, "other");
	fk_calls(t, "frob_read");
	fk_word(t, fk_heap(k, THING_SIZE));
	fk_calls(t, "mystery");
	fk_switch(t, FK_D);
	wants_to_write(k, 11, lock);
	count_readers(k, lock, 1);
	assert_holds(fk_why(k), 11, 10, IQ_STRONG, IQ_EDGE_OWNER);
	assert_non_null(strstr(edge(fk_why(k), 11, 10)->evidence.data[0], "on its stack"));
	assert_null(edge(fk_why(k), 11, 12));
	the_frob = 0;
	fakekernel_free(k);
}

/* ---- what it costs ---- */

enum { COST_TASKS = 400, COST_LOOKS = 5 };

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

/* The rows above, and many more of locks and functions that this kernel has not. */
static struct iq_holder *many_rows(size_t num)
{
	enum { FUNCTIONS = 10, NAME = 32 };
	struct iq_holder *rows = iq_xcalloc(num + IQ_ARRAY_SIZE(made_rows), sizeof(*rows));

	for (size_t i = 0; i < num; i++) {
		char(*names)[NAME] = iq_xcalloc(FUNCTIONS, NAME);
		const char **functions = iq_xcalloc(FUNCTIONS + 1, sizeof(*functions));

		for (size_t k = 0; k < FUNCTIONS; k++) {
			snprintf(names[k], NAME, "never_%zu_%zu", i, k);
			functions[k] = names[k];
		}
		rows[i] = (struct iq_holder){ .container = "struct never",
					      .member = names[0],
					      .functions = functions };
	}
	memcpy(rows + num, made_rows, sizeof(made_rows));
	return rows;
}

static void free_rows(struct iq_holder *rows, size_t num)
{
	for (size_t i = 0; i < num; i++) {
		free((char *)(uintptr_t)rows[i].functions[0]);
		free((const char **)(uintptr_t)rows[i].functions);
	}
	free(rows);
}

/* The shortest of some looks after the first, in which the rows are indexed. */
static double look_ms(struct fakekernel *k, double *first_ret)
{
	const struct iq_why_options options = { .longer_than_ms = 1000, .max_ms = 60000 };
	double best = 1e9;
	struct engine e;

	iq_engine_init(&e, fk_open(k), &options);
	for (int i = 0; i <= COST_LOOKS; i++) {
		double start = now_ms(), took;

		assert_ok(iq_engine_look(&e));
		took = now_ms() - start;
		if (!i)
			*first_ret = took;
		else if (took < best)
			best = took;
	}
	iq_engine_deinit(&e);
	return best;
}

/* Times are told and not asserted: the machine may be busy. That all are right is. */
static void cost_of_a_look_is_that_of_its_stacks_however_many_rows_there_are(void **state)
{
	static const size_t nums[] = { 0, 100, 1000, 10000 };

	(void)state;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(nums); i++) {
		struct fakekernel *k = kernel_new(FK_OLD);
		iq_vaddr lock = fk_rwsem(k, "frob_sem");
		struct iq_holder *rows = many_rows(nums[i]);
		double first, best;

		made_room.holders = rows;
		for (int32_t pid = 100; pid < 100 + COST_TASKS; pid++)
			sleeps_in(k, pid, "vfs_something", "mystery");
		sleeps_in(k, 10, "frob_show", "mystery");
		wants_to_write(k, 11, lock);
		count_readers(k, lock, 1);
		best = look_ms(k, &first);
		print_message("%6zu rows more, %d tasks: a look takes %.2f ms, the first %.2f ms\n",
			      nums[i], COST_TASKS, best, first);
		assert_holds(fk_why(k), 11, 10, IQ_STRONG, IQ_EDGE_OWNER);
		fakekernel_free(k);
		made_room.holders = made_rows;
		free_rows(rows, nums[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		each_layout(who_sleeps_inside_of_a_function_of_a_row_holds_its_lock),
		each_layout(name_of_a_clone_is_that_of_its_function),
		each_layout(who_has_let_go_or_is_still_coming_holds_nothing),
		each_layout(who_waits_for_the_lock_itself_is_no_holder),
		each_layout(more_than_are_counted_are_likely_at_most),
		each_layout(who_is_inside_of_two_rows_counts_once),
		each_layout(row_that_is_likely_stays_so_however_the_count_fits),
		each_layout(row_for_the_other_mode_does_not_answer),
		each_layout(holder_of_a_member_has_the_struct_in_hand),
		cmocka_unit_test(cost_of_a_look_is_that_of_its_stacks_however_many_rows_there_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
