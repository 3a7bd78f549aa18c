/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is the same in two looks
 *
 * A wait is the same if the task, what it waits for, who holds that, and the functions that it
 * sleeps in are. It may have run in between: many sleeps wake up to see whether they may go on, and
 * lie down again. Where a rule knows what is waited for, that is still the same wait. Where none
 * does, or where it was only inferred, nothing tells a task that looks again from one that goes
 * round a loop and gets on: then a task that ran has begun a new wait.
 *
 * Who naps is now and then seen on a CPU, between two naps. It has not run for most of the time, so
 * its wait stays what it was before; it is looked at again until it sleeps.
 */
#include "diag/history.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "diag/engine.h"
#include "inquest/describe.h"

enum { MAX_MISSED = 4, MIN_WATCHED_NS = 40 * 1000 * 1000, MIN_TIMED_NS = 2 * 1000 * 1000 };

static const int64_t FOR_EVER_NS = INT64_MAX / 2;

void iq_history_deinit(struct history *h)
{
	iq_vec_free(&h->waits);
	iq_vec_free(&h->tasks);
	iq_map_deinit(&h->wait_of);
	iq_map_deinit(&h->task_of);
}

static uint64_t wait_key(const struct iq_wait *w)
{
	uint64_t h =
		iq_hash_bytes(w->on->id, strlen(w->on->id)) ^ (w->key ? iq_hash_u64(w->key) : 0);

	if (w->mode)
		h ^= iq_hash_bytes(w->mode, strlen(w->mode));
	for (size_t i = 0; i < w->stack.num; i++)
		h = iq_hash_u64(h ^ w->stack.data[i].address);
	/* Whom it says to be its owner, and who is no task that we know. */
	if (w->on->verdict && w->on->verdict->kind == IQ_CAUSE_TASK_GONE &&
	    w->on->verdict->evidence.num)
		h ^= iq_hash_bytes(w->on->verdict->evidence.data[0],
				   strlen(w->on->verdict->evidence.data[0]));
	/* Who holds the lock: contention that moves is no hang. */
	for (size_t i = 0; i < w->task->out.num; i++)
		if (w->task->out.data[i]->kind == IQ_EDGE_OWNER)
			h += iq_hash_bytes(w->task->out.data[i]->to->id,
					   strlen(w->task->out.data[i]->to->id));
	return h;
}

/* ---- tasks ---- */

static void add_task(struct history *h, const struct iq_task *t, uint64_t now_ns)
{
	uint64_t *index = iq_map_get(&h->task_of, t->addr);
	struct seen_task first = { .start_ns = t->start_ns,
				   .runtime_ns = t->runtime_ns,
				   .switches = t->switches,
				   .first_ns = now_ns };
	struct seen_task *seen;

	if (!index) {
		iq_map_set(&h->task_of, t->addr, h->tasks.num);
		seen = iq_vec_push(&h->tasks, first);
	} else {
		seen = &h->tasks.data[*index];
		if (seen->start_ns != t->start_ns) /* another task at the same place */
			*seen = first;
	}
	seen->num_looks++;
	seen->num_on_cpu += t->on_cpu;
}

static const struct seen_task *seen_task(const struct engine *e, const struct iq_task *t)
{
	const uint64_t *index = iq_map_get(&e->history.task_of, t->addr);
	const struct seen_task *seen = index ? &e->history.tasks.data[*index] : NULL;

	return seen && seen->start_ns == t->start_ns ? seen : NULL;
}

bool iq_history_is_poller(const struct engine *e, const struct iq_task *t)
{
	const struct seen_task *seen = seen_task(e, t);

	return seen && iq_is_live(e->d.s) && e->now_ns - seen->first_ns >= MIN_WATCHED_NS &&
	       t->switches != seen->switches && t->runtime_ns >= seen->runtime_ns &&
	       t->runtime_ns - seen->runtime_ns < (e->now_ns - seen->first_ns) / 2;
}

void iq_diag_ran(struct iq_diag *d, const struct iq_task *t, struct iq_ran *ran_ret)
{
	const struct engine *e = engine_of(d);
	const struct seen_task *seen = seen_task(e, t);

	*ran_ret = (struct iq_ran){ .num_looks = 1, .num_on_cpu = t->on_cpu };
	if (!seen)
		return;
	ran_ret->num_looks += seen->num_looks;
	ran_ret->num_on_cpu += seen->num_on_cpu;
	ran_ret->ran_ns = t->runtime_ns > seen->runtime_ns ? t->runtime_ns - seen->runtime_ns : 0;
}

bool iq_diag_is_self(struct iq_diag *d, const struct iq_task *t)
{
	return iq_is_live(d->s) && t->on_cpu && t->ns_pid == (int32_t)getpid() &&
	       !strncmp(t->comm, program_invocation_short_name, IQ_COMM_LEN - 1);
}

/* ---- waits ---- */

/*
 * A completion wakes its waiter once, when what it waits for is done: whoever ran has left that
 * wait. Those with a time limit may have come back; compilers leave only the inner function of all
 * of these on the stack, so it is the timer that tells.
 */
static bool is_completion(const struct engine *e, const struct iq_wait *w, const struct iq_task *t)
{
	static const char *const functions[] = { "wait_for_completion", "__wait_for_common",
						 "wait_for_common", "do_wait_for_common" };
	int64_t left_ns;

	for (size_t i = 0; i < w->stack.num; i++) {
		const char *name = w->stack.data[i].function;

		for (size_t k = 0; name && k < IQ_ARRAY_SIZE(functions); k++)
			if (!strncmp(name, functions[k], strlen(functions[k])))
				return !iq_sleep_left(e->d.s, t, &left_ns) || left_ns > FOR_EVER_NS;
	}
	return false;
}

/* Is it still the wait that an earlier look saw? */
static bool is_same(const struct engine *e, const struct iq_wait *w, const struct iq_task *t,
		    const struct seen_wait *old, const struct seen_wait *now)
{
	bool is_known = w->rule && *w->rule && strcmp(w->rule, IQ_RULE_INFERRED) != 0;

	return old->start_ns == now->start_ns && old->key == now->key &&
	       !(w->stirred && (w->handed_over || !is_known || is_completion(e, w, t)));
}

static void add_wait(struct engine *e, struct history *next, struct iq_wait *w,
		     const struct iq_task *t)
{
	const struct history *h = &e->history;
	const uint64_t *index = iq_map_get(&h->wait_of, t->addr);
	struct seen_wait sw = { .task = t->addr,
				.start_ns = t->start_ns,
				.switches = t->switches,
				.runtime_ns = t->runtime_ns,
				.key = wait_key(w),
				.since_ns = e->now_ns };
	int64_t watched;

	if (index) {
		const struct seen_wait *old = &h->waits.data[*index];

		w->stirred = old->switches != sw.switches;
		w->steady = is_same(e, w, t, old, &sw);
		if (w->steady)
			sw.since_ns = old->since_ns;
	}
	watched = (int64_t)((e->now_ns - sw.since_ns) / 1000000);
	/* It woke only to look whether it may go on: the wait is as long as we saw it. */
	if (iq_is_live(e->d.s) && w->waited_ms >= 0 && watched > w->waited_ms)
		w->waited_ms = watched;
	if (w->waited_ms >= 0)
		w->lasting = w->waited_ms > e->options->longer_than_ms;
	iq_map_set(&next->wait_of, t->addr, next->waits.num);
	iq_vec_push(&next->waits, sw);
}

/* Waits of tasks that are up between two naps stay for a few looks. */
static void keep_naps(struct engine *e, struct history *next)
{
	iq_vec_foreach(&e->history.waits, old) {
		const struct iq_task *t = iq_task_by_addr(e->d.s, old->task);
		struct seen_wait kept = *old;

		if (!t || t->state != 'R' || t->start_ns != old->start_ns ||
		    old->missed == MAX_MISSED || iq_map_get(&next->wait_of, t->addr) ||
		    t->runtime_ns - old->runtime_ns > (e->now_ns - old->since_ns) / 2)
			continue;
		kept.missed++;
		iq_map_set(&next->wait_of, t->addr, next->waits.num);
		iq_vec_push(&next->waits, kept);
	}
}

void iq_history_add_look(struct engine *e)
{
	struct history *h = &e->history, next = { 0 };

	iq_vec_foreach(&e->d.g->waits, w) {
		const struct iq_task *t = iq_task_by_pid(e->d.s, (int32_t)(*w)->task->tid);

		if (t)
			add_wait(e, &next, *w, t);
	}
	keep_naps(e, &next);
	for (size_t i = 0; i < e->d.tasks->num_tasks; i++)
		if (e->d.tasks->tasks[i].pid)
			add_task(h, &e->d.tasks->tasks[i], e->now_ns);
	iq_vec_free(&h->waits);
	iq_map_deinit(&h->wait_of);
	h->waits.data = next.waits.data;
	h->waits.num = next.waits.num;
	h->waits.cap = next.waits.cap;
	h->wait_of = next.wait_of;
}

uint64_t iq_history_since(const struct engine *e, const struct iq_task *task)
{
	const uint64_t *index = iq_map_get(&e->history.wait_of, task->addr);

	return index ? e->history.waits.data[*index].since_ns : 0;
}

/* ---- our own time ---- */

struct stopwatch iq_history_start(void)
{
	struct timespec cpu;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
	return (struct stopwatch){ iq_clock_monotonic(),
				   (uint64_t)cpu.tv_sec * 1000000000 + (uint64_t)cpu.tv_nsec };
}

void iq_history_stop(struct engine *e, struct stopwatch started)
{
	struct stopwatch now = iq_history_start();
	uint64_t wall = now.wall_ns - started.wall_ns, cpu = now.cpu_ns - started.cpu_ns;
	unsigned share = wall ? (unsigned)(IQ_MIN(cpu, wall) * 100 / wall) : 100;

	/* What is over at once says nothing. */
	if (wall < MIN_TIMED_NS)
		return;
	if (!e->history.own_share || share < e->history.own_share)
		e->history.own_share = IQ_MAX(share, 1U);
}
