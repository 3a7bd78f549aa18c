/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What can be done, and what a kill would do
 *
 * A verdict brings its own remedies. To these is added what follows from how the tasks of a cause
 * sleep. Any signal ends an interruptible sleep, SIGKILL also a killable one (TASK_WAKEKILL). An
 * uninterruptible one lasts as long as what it waits for: who is killed in it ends only then.
 * Threads of the kernel and process 1 are not killed at all, and on who has SIGKILL pending or is
 * exiting already another one has no effect.
 *
 * A task that is killed leaves the kernel, and lets go on its way of the kernel's locks that it
 * has. Mutexes in user memory stay taken, but for those on the thread's list of robust ones.
 */
#include <stdio.h>

#include "diag/words.h"

enum kill_effect {
	KILL_UNKNOWN, /* it has no wait that we know */
	KILL_NEVER,   /* the kernel's own, or process 1 */
	KILL_PENDING, /* it has been killed already, or is exiting */
	KILL_LATER,   /* it ends when its sleep does */
	KILL_ENDS,    /* its sleep, now */
};

static enum kill_effect effect_on(const struct iq_object *task)
{
	const struct iq_wait *w = task->wait;

	if (task->type != IQ_OBJ_TASK)
		return KILL_UNKNOWN;
	if (task->kthread || iq_object_pid(task) == 1)
		return KILL_NEVER;
	if (!w)
		return KILL_UNKNOWN;
	return w->doomed ? KILL_PENDING : w->killable ? KILL_ENDS : KILL_LATER;
}

static const char *kill_command(const struct iq_graph *g, const char *kill,
				const struct iq_object *o)
{
	return iq_arena_printf(g->arena, "%s %" PRId64, kill, iq_object_pid(o));
}

static void keep_the_trace(const struct iq_graph *g, struct iq_cause *cause)
{
	iq_remedy_add(
		g, &cause->remedy, IQ_RISK_NONE, NULL,
		"before you reboot, keep what helps to find the reason: the output of `inquest why "
		"--json`, and a memory dump if you can take one");
}

/* The class of the lock by which this task keeps others of the cause; NULL: it is no lock. */
static const char *holds(const struct iq_cause *cause, const struct iq_object *task)
{
	const struct iq_attr *cls = NULL;

	iq_vec_foreach(&cause->chain_edges, p) {
		const struct iq_edge *e = *p;

		if (e->to == task && e->from != task && e->via && e->via->type == IQ_OBJ_LOCK)
			cls = iq_object_attr(e->via, "class");
	}
	return cls ? cls->str : NULL;
}

static bool is_in_user_memory(const char *lock_class)
{
	return lock_class && !strcmp(lock_class, "futex");
}

/* ---- deadlocks ---- */

/* Of those whose sleep a kill ends: rather one that holds a lock of the kernel, and one that any
 * signal reaches. */
static int worth(const struct iq_cause *cause, const struct iq_object *o)
{
	return 2 * !is_in_user_memory(holds(cause, o)) + !o->wait->uninterruptible;
}

static void nothing_ends_it(const struct iq_graph *g, struct iq_cause *cause,
			    const struct iq_object *doomed, bool has_kthreads)
{
	if (doomed)
		iq_remedy_add(
			g, &cause->remedy, IQ_RISK_NONE, NULL,
			"%s has been killed already, or is exiting, and ends when its sleep does: "
			"another kill -9 changes nothing",
			iq_words_call(g, doomed));
	if (cause->remedy.num > (doomed ? 1 : 0))
		return;
	iq_remedy_add(
		g, &cause->remedy, IQ_RISK_HIGH, NULL,
		"nothing ends this cycle from outside: its tasks %s, and kill -9 takes effect "
		"only when such a sleep ends; it takes a reboot",
		has_kthreads ? "are the kernel's own or sleep uninterruptibly"
			     : "sleep uninterruptibly");
}

static void deadlock_remedy(const struct iq_graph *g, struct iq_cause *cause)
{
	const struct iq_object *victim = NULL, *doomed = NULL;
	bool one_process = true, has_kthreads = false;
	const char *lock;

	iq_vec_foreach(&cause->chain, p) {
		const struct iq_object *o = *p;

		if (o->type != IQ_OBJ_TASK)
			continue;
		one_process = one_process && iq_object_pid(o) == iq_object_pid(cause->root);
		has_kthreads = has_kthreads || o->kthread;
		if (effect_on(o) == KILL_PENDING)
			doomed = o;
		if (effect_on(o) == KILL_ENDS &&
		    (!victim || worth(cause, o) > worth(cause, victim)))
			victim = o;
	}
	if (!victim) {
		nothing_ends_it(g, cause, doomed, has_kthreads);
		keep_the_trace(g, cause);
		return;
	}
	lock = holds(cause, victim);
	if (one_process)
		iq_remedy_add(g, &cause->remedy, IQ_RISK_DATA, kill_command(g, "kill -9", victim),
			      "kill -9 %" PRId64
			      " (%s): the cycle is inside this one process, so that "
			      "it has to end; restart it after",
			      iq_object_pid(victim), victim->name ? victim->name : "?");
	else
		iq_remedy_add(g, &cause->remedy, IQ_RISK_DATA, kill_command(g, "kill -9", victim),
			      "kill -9 %" PRId64
			      " (%s): its sleep is one that %s ends, and %s; what it was "
			      "doing is lost",
			      iq_object_pid(victim), victim->name ? victim->name : "?",
			      victim->wait->uninterruptible ? "only SIGKILL" : "a signal",
			      is_in_user_memory(lock) ? "if its mutex is a robust one, which is "
							"not known, the next one gets "
							"it (any other stays taken)"
						      : "what it holds in this cycle is let go of");
	keep_the_trace(g, cause);
}

/* ---- a task at the end ---- */

static void kill_of_root(const struct iq_graph *g, struct iq_cause *cause)
{
	const struct iq_object *root = cause->root;
	int64_t pid = iq_object_pid(root);

	switch (effect_on(root)) {
	case KILL_ENDS:
		if (root->wait->uninterruptible)
			iq_remedy_add(
				g, &cause->remedy, IQ_RISK_DATA, kill_command(g, "kill -9", root),
				"if it may be ended: kill -9 %" PRId64
				" (its sleep is one that only SIGKILL ends); what it was doing "
				"is lost",
				pid);
		else
			iq_remedy_add(g, &cause->remedy, IQ_RISK_DATA,
				      kill_command(g, "kill", root),
				      "if it may be ended: kill %" PRId64
				      " (kill -9 if that does not help); "
				      "what it was doing is lost",
				      pid);
		break;
	case KILL_LATER:
		iq_remedy_add(g, &cause->remedy, IQ_RISK_NONE, NULL,
			      "kill -9 %" PRId64 " does not help as long as this sleep lasts", pid);
		break;
	case KILL_PENDING:
		iq_remedy_add(
			g, &cause->remedy, IQ_RISK_NONE, NULL,
			"%s has been killed already, or is exiting, and ends when this sleep does: "
			"another kill -9 changes nothing",
			iq_words_call(g, root));
		break;
	default:
		break;
	}
}

static void task_remedy(const struct iq_graph *g, struct iq_cause *cause)
{
	const struct iq_object *root = cause->root;

	iq_remedy_add(g, &cause->remedy, IQ_RISK_NONE,
		      iq_arena_printf(g->arena, "inquest stack %" PRId64, root->tid),
		      "`inquest stack %" PRId64 "` shows where %s is", root->tid,
		      iq_words_call(g, root));
	/* Somebody keeps it from going on: what to do about that the rule knows that found it. */
	if (root->verdict && root->verdict->cannot_go_on)
		return;
	kill_of_root(g, cause);
	keep_the_trace(g, cause);
}

/* It sleeps for a reason of its own, interruptibly, and others want what it has. */
static void end_the_sleeper(const struct iq_graph *g, struct iq_cause *cause)
{
	const struct iq_object *root = cause->root;
	const char *lock = holds(cause, root), *then = "";

	if (root->kthread || iq_object_pid(root) == 1)
		return;
	if (is_in_user_memory(lock))
		then = ". A mutex in user memory is let go of by that only if it is a robust one";
	else if (lock && !strcmp(lock, "flock"))
		then = ". Its lock goes with the last process that shares the open file";
	else if (lock)
		then = ". Its lock is let go of by that";
	iq_remedy_add(g, &cause->remedy, IQ_RISK_DATA, kill_command(g, "kill", root),
		      "If it can be done without: kill %" PRId64
		      " (kill -9 if that does not help); what it was doing is lost%s",
		      iq_object_pid(root), then);
}

/* ---- those who wait ---- */

struct names {
	struct iq_strbuf sb;
	size_t num;
};

static void add_name(const struct iq_graph *g, struct names *n, const struct iq_object *o)
{
	enum { MAX_NAMES = 5 };

	if (n->num++ < MAX_NAMES)
		iq_strbuf_printf(&n->sb, "%s%s", n->num > 1 ? ", " : "", iq_words_call(g, o));
	else if (n->num == MAX_NAMES + 1)
		iq_strbuf_adds(&n->sb, ", ...");
}

/*
 * What a kill does to those who wait in D. That one of them may be got rid of is worth a line; that
 * none can be is no remedy, and stands with each wait.
 */
static void kill_of_the_blocked(const struct iq_graph *g, struct iq_cause *cause)
{
	struct names ends = { 0 }, later = { 0 }, pending = { 0 };

	iq_vec_foreach(&cause->blocked, p) {
		const struct iq_object *o = *p;
		enum kill_effect effect = effect_on(o);

		if (o == cause->root || !o->wait || !o->wait->uninterruptible)
			continue;
		if (effect == KILL_ENDS)
			add_name(g, &ends, o);
		else if (effect == KILL_LATER)
			add_name(g, &later, o);
		else if (effect == KILL_PENDING)
			add_name(g, &pending, o);
	}
	if (ends.num)
		iq_remedy_add(g, &cause->remedy, IQ_RISK_DATA, NULL,
			      "kill -9 ends the wait of %s%s%s", iq_strbuf_str(&ends.sb),
			      later.num ? "; it takes effect only when their waits end on " : "",
			      iq_strbuf_str(&later.sb));
	if (pending.num)
		iq_remedy_add(
			g, &cause->remedy, IQ_RISK_NONE, NULL,
			"killed already, or exiting: %s; this takes effect when the wait ends",
			iq_strbuf_str(&pending.sb));
	iq_strbuf_deinit(&ends.sb);
	iq_strbuf_deinit(&later.sb);
	iq_strbuf_deinit(&pending.sb);
}

/* ---- all of them ---- */

static void add_all(const struct iq_graph *g, struct iq_cause *cause, const iq_remedies *list)
{
	iq_vec_foreach(list, r)
		iq_remedy_add(g, &cause->remedy, r->risk, r->command, "%s", r->text);
}

static void add_those_known(const struct iq_graph *g, struct iq_cause *cause)
{
	const struct iq_verdict *v = cause->root->verdict;

	if (v && cause->kind != IQ_CAUSE_DEADLOCK)
		add_all(g, cause, &v->remedy);
	iq_vec_foreach(&cause->chain, o)
		add_all(g, cause, &(*o)->remedy);
	iq_vec_foreach(&cause->chain_edges, e)
		if ((*e)->via)
			add_all(g, cause, &(*e)->via->remedy);
	/* What the last task waits for, where no edge leads on from it. */
	if (cause->root->wait && !cause->root->out.num)
		add_all(g, cause, &cause->root->wait->on->remedy);
}

static bool has_a_verdict_of_its_own(const struct iq_cause *cause)
{
	return cause->root->verdict && cause->kind != IQ_CAUSE_DEADLOCK &&
	       cause->kind != IQ_CAUSE_UNKNOWN;
}

void iq_cause_remedies(const struct iq_graph *g, struct iq_cause *cause)
{
	add_those_known(g, cause);
	if (has_a_verdict_of_its_own(cause) && cause->kind == IQ_CAUSE_TASK_SLEEPING &&
	    cause->remedy.num)
		end_the_sleeper(g, cause);
	if (has_a_verdict_of_its_own(cause) && cause->remedy.num)
		;
	else if (cause->kind == IQ_CAUSE_DEADLOCK)
		deadlock_remedy(g, cause);
	else if (cause->root->type == IQ_OBJ_TASK)
		task_remedy(g, cause);
	else {
		/* A lock says nothing anywhere. */
		if (cause->root->type != IQ_OBJ_LOCK || !cause->remedy.num)
			iq_remedy_add(g, &cause->remedy, IQ_RISK_NONE, NULL,
				      "look at %s: what it says in the kernel log (dmesg)",
				      iq_words_call(g, cause->root));
		keep_the_trace(g, cause);
	}
	if (cause->kind != IQ_CAUSE_DEADLOCK)
		kill_of_the_blocked(g, cause);
}
