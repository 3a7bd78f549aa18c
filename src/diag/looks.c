/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How many looks it takes
 *
 * A dump is looked at once. On a live machine what one look finds may be
 * about to move, so a wait counts only if a second look, a moment later, sees
 * the same task in the same wait for the same thing, held by the same holder.
 *
 * What ends in something that moves by itself (a task that runs, or is about
 * to; a device at work; a place in the kernel that no rule knows) has to be
 * seen unchanged for as long as the bound says, unless it has lasted for five
 * times that already: a busy machine is full of waits that are about to end.
 *
 * Tasks that wake up now and then, only to see that they cannot go on, look
 * as if they had just begun to wait. Where such a wait could matter we keep
 * looking until it has moved or the bound has passed since the first look; on
 * a machine where nothing of the kind is to be seen, two looks are enough.
 */
#include "diag/looks.h"

#include <time.h>

#include "diag/engine.h"

enum {
	FIRST_PAUSE_MS = 60,
	LATER_PAUSE_MS = 200,
	STIRRED_PAUSE_MS = 35,
	SLACK_MS = 100,
	MAX_LOOKS = 64,
	SURELY_LASTING = 5,
	MAX_THINGS = 8,
	FAIR_SHARE = 50, /* of a CPU, in hundredths */
	MAX_PATIENCE = 5,
	MAX_NAP_LOOKS = 40,
	NAP_PAUSE_MS = 7
};

static void pause_ms(int64_t ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&ts, NULL); /* a signal ends it: ^C asks for what is known */
}

/* A message from somebody who cannot go on: it hangs once it has lasted for long enough. */
static bool is_behind_a_stuck_one(const struct iq_wait *w)
{
	iq_vec_foreach(&w->task->out, e) {
		const struct iq_object *to = (*e)->to;

		if ((to->verdict && to->verdict->cannot_go_on) || (to->wait && to->wait->hangs))
			return true;
	}
	return false;
}

static bool counts(const struct iq_wait *w)
{
	switch (w->cls) {
	case IQ_WAIT_LOCK:
	case IQ_WAIT_UNASKED:
	case IQ_WAIT_CPU:
		return true;
	case IQ_WAIT_IDLE:
		return false;
	case IQ_WAIT_MESSAGE:
		return w->uninterruptible || is_behind_a_stuck_one(w);
	default:
		return w->uninterruptible;
	}
}

/* How much of the budget is left. */
static int64_t left_ms(const struct engine *e)
{
	uint64_t now = iq_clock_monotonic();

	return now < e->deadline_ns ? (int64_t)((e->deadline_ns - now) / 1000000) : 0;
}

/* Could a later look of this run turn this one into a hang? */
static bool is_undecided(const struct engine *e, const struct iq_wait *w)
{
	return counts(w) && w->steady && !w->lasting && w->waited_ms >= 0 &&
	       w->waited_ms <= e->options->longer_than_ms &&
	       e->options->longer_than_ms - w->waited_ms < left_ms(e);
}

/*
 * The end of a look: what it found is settled, and only asked about from then on. On a live machine
 * one look alone proves nothing: a wait lasts only if an earlier look saw it too. (Of the first
 * look, what would last is asked once, to know whether it takes a second one.)
 */
static void settle(struct engine *e, bool is_confirmed)
{
	if (iq_is_live(e->d.s) && is_confirmed)
		iq_vec_foreach(&e->d.g->waits, p)
			(*p)->lasting = (*p)->lasting && (*p)->steady;
	iq_graph_settle(e->d.g);
}

/*
 * Is there anything that a second look has to confirm, or that may yet come to last?
 * Causes are found anew in the graph of the last look.
 */
static bool needs_second_look(const struct engine *e)
{
	for (size_t i = 0; i < e->d.g->waits.num; i++)
		if (counts(e->d.g->waits.data[i]))
			return true;
	return iq_graph_causes(e->d.g, NULL)->list.num > 0;
}

/*
 * How long until the next look? Contention that moves looks like a hang to who looks rarely: the
 * same task waits for the same holder at both looks, and had the lock in between. Where tasks ran
 * in between we look more often, and not in step with them.
 */
static int64_t next_pause_ms(const struct engine *e, unsigned num)
{
	if (num == 1)
		return FIRST_PAUSE_MS;
	iq_vec_foreach(&e->d.g->waits, p)
		if ((*p)->stirred && is_undecided(e, *p))
			return IQ_MIN(LATER_PAUSE_MS,
				      IQ_MAX(STIRRED_PAUSE_MS,
					     e->options->longer_than_ms / (MAX_LOOKS / 2)) +
					      7 * (num % 5));
	return LATER_PAUSE_MS;
}

static bool any_undecided(const struct engine *e)
{
	for (size_t i = 0; i < e->d.g->waits.num; i++)
		if (is_undecided(e, e->d.g->waits.data[i]))
			return true;
	return false;
}

static int64_t watched_ms(const struct engine *e, const struct iq_object *task)
{
	const struct iq_task *t = iq_task_by_pid(e->d.s, (int32_t)task->tid);
	uint64_t since_ns = t ? iq_history_since(e, t) : 0;

	if (!since_ns || !task->wait || !task->wait->hangs)
		return 0;
	return (int64_t)((e->now_ns - since_ns) / 1000000);
}

/* How long have we seen this cause's waits unchanged? The longest of them counts. */
static int64_t observed_ms(const struct engine *e, const struct iq_cause *cause)
{
	int64_t longest = cause->root->type == IQ_OBJ_TASK ? watched_ms(e, cause->root) : 0;

	for (size_t i = 0; i < cause->blocked.num; i++)
		longest = IQ_MAX(longest, watched_ms(e, cause->blocked.data[i]));
	return longest;
}

/* Nothing but somebody's action ends these: they were not about to go away when we looked. */
static bool is_standing(enum iq_cause_kind kind)
{
	switch (kind) {
	case IQ_CAUSE_UNKNOWN:
	case IQ_CAUSE_TASK_RUNNING:
	case IQ_CAUSE_TASK_STARVED:
	case IQ_CAUSE_TASK_SLEEPING:
	case IQ_CAUSE_TASK_THROTTLED:
	case IQ_CAUSE_IO_STALLED:
	case IQ_CAUSE_DEV_RECOVERING:
	case IQ_CAUSE_POOL_STALLED:
	case IQ_CAUSE_MEMORY_RECLAIM:
	case IQ_CAUSE_MEMORY_LIMIT:
	case IQ_CAUSE_WRITEBACK_THROTTLED:
	case IQ_CAUSE_KERNEL_STUCK:
		return false;
	default:
		return true;
	}
}

/* Is the root, or what only things lie in front of, what this object waits for itself? */
static bool leads_to(const struct iq_object *from, const struct iq_object *root, unsigned depth)
{
	if (from->wait && from->wait->on == root)
		return true;
	iq_vec_foreach(&from->out, e)
		if ((*e)->to == root || (*e)->via == root ||
		    (depth && (*e)->to->type != IQ_OBJ_TASK && leads_to((*e)->to, root, depth - 1)))
			return true;
	return false;
}

/*
 * A device that answers one request after the other keeps those waiting who need many. It is to
 * blame only if somebody waits long for the device itself, not for a task that does, again and
 * again.
 */
static bool is_at_work(const struct engine *e, const struct iq_cause *cause)
{
	if (cause->root->type != IQ_OBJ_DEVICE ||
	    (cause->kind != IQ_CAUSE_IO_STALLED && cause->kind != IQ_CAUSE_UNKNOWN))
		return false;
	for (size_t i = 0; i < cause->blocked.num; i++) {
		const struct iq_object *o = cause->blocked.data[i];

		if (!o->wait || !o->wait->hangs || !leads_to(o, cause->root, MAX_THINGS))
			continue;
		if (!iq_is_live(e->d.s) ||
		    o->wait->waited_ms >= e->options->longer_than_ms * SURELY_LASTING ||
		    watched_ms(e, o) >= e->options->longer_than_ms)
			return false;
	}
	return true;
}

/*
 * How long a cause that may dissolve by itself has to be watched. Where this program gets only a
 * part of the time that it wants (a busy machine, a virtual one whose host is), the others do not
 * get more.
 */
static int64_t patience_ms(const struct engine *e)
{
	unsigned share = e->history.own_share;

	if (!share || share >= FAIR_SHARE)
		return e->options->longer_than_ms;
	return e->options->longer_than_ms *
	       IQ_MIN(FAIR_SHARE / (int64_t)share + 1, (int64_t)MAX_PATIENCE);
}

/* It may dissolve by itself, has not lasted for long, and has not been watched for long enough. */
static bool is_moving(const struct engine *e, const struct iq_cause *cause)
{
	const struct iq_task *root = iq_task_by_pid(e->d.s, (int32_t)cause->root->tid);

	if (is_at_work(e, cause))
		return true;
	if (cause->root->tid && root && iq_diag_is_self((struct iq_diag *)&e->d, root))
		return true;
	return iq_is_live(e->d.s) && !is_standing(cause->kind) &&
	       cause->oldest_ms < e->options->longer_than_ms * SURELY_LASTING &&
	       observed_ms(e, cause) < patience_ms(e);
}

/* Is there a cause that may dissolve by itself, and that has not been watched for long enough? */
static bool any_moving(const struct engine *e, const struct iq_causes *causes)
{
	for (size_t i = 0; i < causes->list.num; i++)
		if (is_moving(e, causes->list.data[i]))
			return true;
	return false;
}

void iq_looks_drop_moving(const struct engine *e, struct iq_causes *causes)
{
	for (size_t i = causes->list.num; i--;)
		if (is_moving(e, causes->list.data[i]))
			iq_causes_remove(causes, i);
}

/* Is a root said to run that only was up between two naps? */
static bool any_napping(const struct engine *e)
{
	const struct iq_causes *causes = iq_graph_causes(e->d.g, NULL);

	iq_vec_foreach(&causes->list, cause) {
		const struct iq_task *t = iq_task_by_pid(e->d.s, (int32_t)(*cause)->root->tid);

		if (t && t->state == 'R' && iq_history_is_poller(e, t))
			return true;
	}
	return false;
}

static bool needs_another_look(const struct engine *e)
{
	return any_undecided(e) || any_moving(e, iq_graph_causes(e->d.g, NULL));
}

struct iq_error *iq_looks_take(struct engine *e, unsigned *num_ret)
{
	struct iq_error *err;
	uint64_t first_ns, took_ns = iq_clock_monotonic();
	unsigned num = 1;

	err = iq_engine_look(e);
	took_ns = iq_clock_monotonic() - took_ns;
	if (!err)
		settle(e, false);
	if (err || !iq_is_live(e->d.s)) {
		*num_ret = num;
		return err;
	}
	first_ns = e->now_ns;
	/* What began after the first look cannot be decided by this run. */
	while (num < MAX_LOOKS && !iq_engine_expired(e) &&
	       (int64_t)((e->now_ns - first_ns) / 1000000) <= patience_ms(e) + SLACK_MS) {
		if (num == 1 ? !needs_second_look(e) : !needs_another_look(e))
			break;
		/* A look that does not come to its end is worth less than the one that we have. */
		if (iq_clock_monotonic() + 2 * took_ns + (uint64_t)LATER_PAUSE_MS * 1000000 >
		    e->deadline_ns)
			break;
		pause_ms(next_pause_ms(e, num));
		took_ns = iq_clock_monotonic();
		err = iq_engine_look(e);
		took_ns = iq_clock_monotonic() - took_ns;
		if (err)
			return err;
		settle(e, true);
		num++;
	}
	for (unsigned i = 0;
	     i < MAX_NAP_LOOKS && num > 1 && !iq_engine_expired(e) && any_napping(e); i++, num++) {
		pause_ms(NAP_PAUSE_MS + i % 12);
		err = iq_engine_look(e);
		if (err)
			return err;
		settle(e, true);
	}
	/* It stayed at one look: nothing that it saw is confirmed. */
	if (num == 1)
		settle(e, true);
	*num_ret = num;
	return NULL;
}
