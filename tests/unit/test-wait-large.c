/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Graphs of 100,000 nodes: no recursion, nothing quadratic. Times are bounded so widely that only
 * the wrong order of growth fails.
 */
#include "test.h"

#include <time.h>

#include "graph-made.h"

enum { N = 100000 };

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static struct iq_causes *causes_in_time(struct iq_graph *g, const char *what)
{
	double begin = now();
	struct iq_causes *causes = made_causes(g);
	double took = now() - begin;

	print_message("%s: %zu objects, %zu edges, %zu causes, %.3f s\n", what, g->objects.num,
		      g->edges.num, causes->list.num, took);
	assert_true(took < 10);
	assert_int_equal(causes->num_left_out, 0);
	return causes;
}

static struct iq_object *task(struct iq_graph *g, int i)
{
	return made_task(g, i + 1, "t");
}

static uint64_t random_u64(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return iq_hash_u64(*seed);
}

static void a_chain_is_followed_to_its_end(void **state)
{
	struct iq_graph *g = iq_graph_new();
	struct iq_causes *causes;

	(void)state;
	for (int i = 0; i < N; i++)
		made_held(g, task(g, i), made_lock(g, (unsigned)i, "l"), task(g, i + 1), 5000);
	made_wait(g, task(g, N), made_frozen_fs(g), IQ_WAIT_SLEEP, 5000);
	causes = causes_in_time(g, "chain");
	assert_int_equal(causes->list.num, 1);
	assert_int_equal(causes->list.data[0]->blocked.num, N + 1);
	assert_int_equal(causes->list.data[0]->chain.num, 2 * N + 2);
	iq_graph_free(g);
}

static void a_chain_of_things_is_followed_to_its_end(void **state)
{
	struct iq_graph *g = iq_graph_new();
	struct iq_object *below, *above = iq_graph_object(g, IQ_OBJ_DEVICE, "dev:0");
	struct iq_causes *causes;

	(void)state;
	made_wait(g, task(g, 0), above, IQ_WAIT_SLEEP, 5000);
	for (int i = 1; i < N; i++) {
		below = iq_graph_object(g, IQ_OBJ_DEVICE, "dev:%d", i);
		iq_graph_edge(g, above, below, NULL, IQ_EDGE_SERVES, IQ_PROVEN, "is on it");
		above = below;
	}
	causes = causes_in_time(g, "things");
	assert_int_equal(causes->list.num, 1);
	iq_graph_free(g);
}

static void a_star_has_one_root(void **state)
{
	struct iq_graph *g = iq_graph_new();
	struct iq_object *l = made_lock(g, 1, "l"), *holder = task(g, N);
	struct iq_causes *causes;

	(void)state;
	for (int i = 0; i < N; i++)
		made_held(g, task(g, i), l, holder, 5000 + i % 7);
	causes = causes_in_time(g, "star");
	assert_int_equal(causes->list.num, 1);
	assert_int_equal(causes->list.data[0]->blocked.num, N);
	assert_int_equal(causes->list.data[0]->chain.num, 3);
	iq_graph_free(g);
}

static void a_big_cycle_is_one_deadlock(void **state)
{
	struct iq_graph *g = iq_graph_new();
	struct iq_causes *causes;

	(void)state;
	for (int i = 0; i < N; i++)
		made_held(g, task(g, i), made_lock(g, (unsigned)i, "l"), task(g, (i + 1) % N),
			  5000);
	causes = causes_in_time(g, "cycle");
	assert_int_equal(causes->list.num, 1);
	assert_int_equal(causes->list.data[0]->kind, IQ_CAUSE_DEADLOCK);
	assert_int_equal(causes->list.data[0]->blocked.num, N);
	assert_int_equal(causes->list.data[0]->chain.num, 2 * N - 1);
	iq_graph_free(g);
}

static void thousands_of_roots_are_ranked(void **state)
{
	struct iq_graph *g = iq_graph_new();
	struct iq_causes *causes;
	uint64_t seed = 1;
	size_t sum = 0;

	(void)state;
	/* A random forest: each waits for one that comes after it, a few for nobody. */
	for (int i = 0; i < N; i++)
		if (random_u64(&seed) % 20)
			made_held(g, task(g, i), made_lock(g, (unsigned)i, "l"),
				  task(g, i + 1 + (int)(random_u64(&seed) % 1000)), 5000);
	causes = causes_in_time(g, "forest");
	assert_true(causes->list.num > 1000);
	for (size_t i = 0; i < causes->list.num; i++) {
		sum += causes->list.data[i]->blocked.num;
		if (i)
			assert_true(causes->list.data[i - 1]->blocked.num >=
				    causes->list.data[i]->blocked.num);
	}
	assert_true(sum > 90000 && sum < 100000);
	iq_graph_free(g);
}

static void thousands_of_deadlocks_are_found(void **state)
{
	struct iq_graph *g = iq_graph_new();
	struct iq_causes *causes;

	(void)state;
	for (int i = 0; i < N; i++)
		made_held(g, task(g, i), made_lock(g, (unsigned)i, "l"),
			  task(g, i % 4 == 3 ? i - 3 : i + 1), 5000);
	causes = causes_in_time(g, "rings");
	assert_int_equal(causes->list.num, N / 4);
	iq_graph_free(g);
}

static void a_random_graph_is_searched(void **state)
{
	struct iq_graph *g = iq_graph_new();
	uint64_t seed = 7;

	(void)state;
	for (int i = 0; i < N; i++) {
		struct iq_object *t = task(g, i);

		for (int k = 0; k < 3; k++) {
			made_held(g, t, made_lock(g, (unsigned)i, "l"),
				  task(g, (int)(random_u64(&seed) % N)), 5000);
			t->out.data[t->out.num - 1]->kind = k;
		}
	}
	for (int i = 0; i < 10; i++)
		iq_object_verdict(g, task(g, i * 9973), IQ_CAUSE_TASK_STOPPED, IQ_PROVEN, "stopped")
			->final = true;
	assert_true(causes_in_time(g, "random")->list.num >= 1);
	iq_graph_free(g);
}

static void messages_settle_in_one_pass(void **state)
{
	struct iq_graph *g = iq_graph_new();
	struct iq_object *on = iq_graph_object(g, IQ_OBJ_IPC, "ipc:pipe:1"), *hub = task(g, N);

	(void)state;
	/* All can answer the hub, and each waits for the next: the last one goes on, so all do. */
	made_wait(g, hub, on, IQ_WAIT_MESSAGE, 5000);
	for (int i = 0; i < N; i++) {
		iq_graph_edge(g, hub, task(g, i), on, IQ_EDGE_SERVES, IQ_PROVEN, "writes");
		if (i == N - 1)
			continue;
		made_wait(g, task(g, i), on, IQ_WAIT_MESSAGE, 5000);
		iq_graph_edge(g, task(g, i), task(g, i + 1), on, IQ_EDGE_SERVES, IQ_PROVEN,
			      "writes");
	}
	assert_int_equal(causes_in_time(g, "messages")->list.num, 0);
	iq_graph_free(g);
}

static void what_would_take_too_long_is_counted(void **state)
{
	struct iq_graph *g = iq_graph_new();
	struct iq_object *l = made_lock(g, 1, "l"), *front = task(g, 0);
	struct iq_causes *causes;
	double begin = now();

	(void)state;
	/* 20,000 behind one who may be held up by any of 20,000. */
	for (int i = 1; i < 20000; i++) {
		made_held(g, task(g, i), l, front, 5000);
		made_held(g, front, l, task(g, 30000 + i), 5000)->kind = IQ_EDGE_MAYBE;
	}
	causes = made_causes(g);
	assert_true(now() - begin < 20);
	assert_int_equal(causes->list.num + causes->num_left_out, 19999);
	assert_true(causes->num_left_out > 0);
	iq_graph_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_chain_is_followed_to_its_end),
		cmocka_unit_test(a_chain_of_things_is_followed_to_its_end),
		cmocka_unit_test(a_star_has_one_root),
		cmocka_unit_test(a_big_cycle_is_one_deadlock),
		cmocka_unit_test(thousands_of_roots_are_ranked),
		cmocka_unit_test(thousands_of_deadlocks_are_found),
		cmocka_unit_test(a_random_graph_is_searched),
		cmocka_unit_test(messages_settle_in_one_pass),
		cmocka_unit_test(what_would_take_too_long_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
