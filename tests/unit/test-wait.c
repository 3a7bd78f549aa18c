/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test.h"

#include "graph-made.h"

static int graph_up(void **state)
{
	*state = iq_graph_new();
	return 0;
}

static int graph_down(void **state)
{
	iq_graph_free(*state);
	return 0;
}

/* ids of the chain, or of the blocked, with blanks between: easy to compare. */
static const char *ids(struct iq_object **list, size_t num)
{
	static char text[4096];
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < num && len < sizeof(text) - 64; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", i ? " " : "",
					list[i]->id);
	return text;
}

#define assert_chain(cause, expected)                                                              \
	assert_string_equal(ids((cause)->chain.data, (cause)->chain.num), expected)
#define assert_blocked(cause, expected)                                                            \
	assert_string_equal(ids((cause)->blocked.data, (cause)->blocked.num), expected)

static struct iq_cause *only_cause(struct iq_graph *g)
{
	struct iq_causes *causes = made_causes(g);

	assert_int_equal(causes->list.num, 1);
	return causes->list.data[0];
}

/* ---- building ---- */

static void an_object_is_made_once(void **state)
{
	struct iq_graph *g = *state;
	struct iq_object *a = iq_graph_task(g, 7);

	assert_ptr_equal(iq_graph_task(g, 7), a);
	assert_ptr_equal(iq_graph_find(g, "task:7"), a);
	assert_null(iq_graph_find(g, "task:8"));
	assert_int_equal(a->tid, 7);
	iq_object_name(g, a, "first");
	iq_object_name(g, a, "second");
	assert_string_equal(a->name, "first");
	iq_object_str(g, a, "comm", "x");
	iq_object_int(g, a, "comm", 3);
	assert_int_equal(a->attrs.num, 1);
	assert_int_equal(iq_object_attr(a, "comm")->num, 3);
	iq_object_str(g, a, "comm", NULL);
	assert_int_equal(iq_object_attr(a, "comm")->kind, IQ_ATTR_NULL);
}

static void an_edge_twice_is_one_and_the_surer(void **state)
{
	struct iq_graph *g = *state;
	struct iq_object *a = made_task(g, 1, "a"), *b = made_task(g, 2, "b");
	struct iq_object *l = made_lock(g, 1, "l");
	struct iq_edge *e = iq_graph_edge(g, a, b, l, IQ_EDGE_MAYBE, IQ_LIKELY, "may hold it");

	assert_ptr_equal(iq_graph_edge(g, a, b, l, IQ_EDGE_OWNER, IQ_PROVEN, "holds it"), e);
	assert_int_equal(e->kind, IQ_EDGE_OWNER);
	assert_int_equal(e->certainty, IQ_PROVEN);
	assert_string_equal(e->how, "holds it");
	assert_ptr_equal(iq_graph_edge(g, a, b, l, IQ_EDGE_MAYBE, IQ_LIKELY, "may hold it"), e);
	assert_int_equal(e->certainty, IQ_PROVEN);
	assert_ptr_not_equal(iq_graph_edge(g, a, b, NULL, IQ_EDGE_OWNER, IQ_PROVEN, "x"), e);
	assert_int_equal(a->out.num, 2);
}

static void a_surer_verdict_replaces_one(void **state)
{
	struct iq_graph *g = *state;
	struct iq_object *a = made_task(g, 1, "a");
	struct iq_verdict *v;

	v = iq_object_verdict(g, a, IQ_CAUSE_TASK_SLEEPING, IQ_LIKELY, "sleeps");
	iq_text_add(g, &v->evidence, "one");
	iq_text_add(g, &v->evidence, "one");
	assert_int_equal(v->evidence.num, 1);
	v = iq_object_verdict(g, a, IQ_CAUSE_TASK_STOPPED, IQ_PROVEN, "is stopped");
	assert_int_equal(v->kind, IQ_CAUSE_TASK_STOPPED);
	assert_int_equal(v->evidence.num, 0);
	assert_null(iq_object_verdict(g, a, IQ_CAUSE_UNKNOWN, IQ_PROVEN, "?"));
	assert_int_equal(a->verdict->kind, IQ_CAUSE_TASK_STOPPED);
	assert_ptr_equal(a->verdict, v);
}

/* Who comes second would put flags and evidence of its own on what another has said. */
static void a_verdict_that_stands_is_not_handed_out(void **state)
{
	struct iq_graph *g = *state;
	struct iq_object *a = made_task(g, 1, "a");

	assert_non_null(iq_object_verdict(g, a, IQ_CAUSE_TASK_FROZEN, IQ_STRONG, "is frozen"));
	assert_null(iq_object_verdict(g, a, IQ_CAUSE_TASK_STOPPED, IQ_STRONG, "is stopped"));
	assert_null(iq_object_verdict(g, a, IQ_CAUSE_TASK_SLEEPING, IQ_LIKELY, "sleeps"));
	assert_string_equal(a->verdict->summary, "is frozen");
	assert_non_null(iq_object_verdict(g, a, IQ_CAUSE_TASK_TRACED, IQ_PROVEN, "is traced"));
	assert_string_equal(a->verdict->summary, "is traced");
}

/* ---- chains ---- */

static void the_incident_ends_at_the_frozen_filesystem(void **state)
{
	struct iq_graph *g = *state;
	struct iq_cause *cause;

	made_incident(g);
	cause = only_cause(g);
	assert_int_equal(cause->kind, IQ_CAUSE_FS_FROZEN);
	assert_string_equal(cause->root->id, "fs:254:16");
	assert_blocked(cause, "task:313 task:314 task:4711 task:4720");
	assert_chain(cause, "task:4711 lock:0xffff888003a1c0d8 task:314 lock:0xffff888003a1c0d8 "
			    "task:313 fs:254:16");
	assert_int_equal(cause->certainty, IQ_STRONG);
	assert_int_equal(cause->oldest_ms, 93000);
	assert_string_equal(cause->evidence.data[0],
			    "super_block.s_writers.frozen is 4 (SB_FREEZE_COMPLETE)");
	assert_int_equal(cause->evidence.num, 4);
	assert_int_equal(cause->remedy.num, 1);
}

static void a_chain_is_as_sure_as_its_weakest_edge(void **state)
{
	struct iq_graph *g = *state;
	struct iq_object *t[4];
	struct iq_object *root = made_frozen_fs(g);

	for (int i = 0; i < 4; i++)
		t[i] = made_task(g, i + 1, "t");
	for (int i = 0; i < 3; i++)
		made_held(g, t[i], made_lock(g, (unsigned)i, "l"), t[i + 1], 2000)->certainty =
			i == 1 ? IQ_LIKELY : IQ_PROVEN;
	made_wait(g, t[3], root, IQ_WAIT_SLEEP, 2000);
	assert_int_equal(only_cause(g)->certainty, IQ_LIKELY);
}

static void a_wait_that_is_less_sure_weakens_its_chain(void **state)
{
	struct iq_graph *g = *state;
	struct iq_wait *w =
		made_wait(g, made_task(g, 1, "t"), made_frozen_fs(g), IQ_WAIT_SLEEP, 9000);

	w->certainty = IQ_STRONG;
	assert_int_equal(only_cause(g)->certainty, IQ_STRONG);
}

static void edges_of_things_are_followed(void **state)
{
	struct iq_graph *g = *state;
	struct iq_object *fs = iq_graph_object(g, IQ_OBJ_FILESYSTEM, "fs:254:0");
	struct iq_object *dm = iq_graph_object(g, IQ_OBJ_DEVICE, "dev:dm-0");
	struct iq_object *disk = iq_graph_object(g, IQ_OBJ_DEVICE, "dev:vdb");
	struct iq_cause *cause;

	iq_object_verdict(g, dm, IQ_CAUSE_IO_STALLED, IQ_PROVEN, "dm-0 has not answered");
	iq_object_verdict(g, disk, IQ_CAUSE_IO_STALLED, IQ_PROVEN, "vdb has not answered");
	iq_graph_edge(g, fs, dm, NULL, IQ_EDGE_SERVES, IQ_PROVEN, "is on it");
	iq_graph_edge(g, dm, disk, NULL, IQ_EDGE_SERVES, IQ_PROVEN, "is on it");
	made_wait(g, made_task(g, 1, "a"), fs, IQ_WAIT_SLEEP, 5000);
	made_wait(g, made_task(g, 2, "b"), dm, IQ_WAIT_SLEEP, 7000);
	cause = only_cause(g);
	assert_string_equal(cause->root->id, "dev:vdb");
	assert_chain(cause, "task:1 fs:254:0 dev:dm-0 dev:vdb");
	assert_blocked(cause, "task:1 task:2");
	assert_int_equal(cause->oldest_ms, 7000);
}

static void nothing_behind_a_final_verdict_matters(void **state)
{
	struct iq_graph *g = *state;
	struct iq_object *fs = made_frozen_fs(g), *freezer = made_task(g, 9, "backup");

	iq_graph_edge(g, fs, freezer, NULL, IQ_EDGE_SERVES, IQ_STRONG, "froze it");
	made_wait(g, made_task(g, 1, "a"), fs, IQ_WAIT_SLEEP, 5000);
	assert_string_equal(only_cause(g)->root->id, "fs:254:16");
	fs->verdict->final = false;
	assert_string_equal(only_cause(g)->root->id, "task:9");
}

static void an_aside_edge_counts_but_is_not_drawn(void **state)
{
	struct iq_graph *g = *state;
	struct iq_object *l = made_lock(g, 1, "l"), *fs = made_frozen_fs(g);
	struct iq_object *reader = made_task(g, 1, "reader"), *writer = made_task(g, 2, "writer");
	struct iq_object *holder = made_task(g, 3, "holder");
	struct iq_cause *cause;

	made_held(g, reader, l, holder, 3000)->aside = true;
	iq_graph_edge(g, reader, writer, l, IQ_EDGE_QUEUED, IQ_PROVEN, "queued in front");
	made_held(g, writer, l, holder, 4000);
	made_wait(g, holder, fs, IQ_WAIT_SLEEP, 5000);
	cause = only_cause(g);
	assert_chain(cause, "task:1 lock:0xffff888000000001 task:2 lock:0xffff888000000001 task:3 "
			    "fs:254:16");
}

/* ---- what hangs ---- */

static void nobody_hangs_who_has_not_waited_long(void **state)
{
	struct iq_graph *g = *state;

	made_wait(g, made_task(g, 1, "a"), made_frozen_fs(g), IQ_WAIT_SLEEP, 900);
	made_held(g, made_task(g, 2, "b"), made_lock(g, 1, "l"), made_task(g, 3, "c"), 500);
	assert_int_equal(made_causes(g)->list.num, 0);
}

static void idle_waits_never_hang(void **state)
{
	struct iq_graph *g = *state;
	struct iq_object *timer = iq_graph_object(g, IQ_OBJ_KERNEL, "kernel:timer");
	struct iq_wait *w;

	for (int i = 1; i < 50; i++) {
		w = made_wait(g, made_task(g, i, "kthread"), timer, IQ_WAIT_IDLE, 1000000);
		w->uninterruptible = i & 1;
	}
	assert_int_equal(made_causes(g)->list.num, 0);
}

static void an_interruptible_wait_for_a_held_lock_hangs(void **state)
{
	struct iq_graph *g = *state;
	struct iq_object *a = made_task(g, 1, "a"), *b = made_task(g, 2, "b"),
			 *c = made_task(g, 3, "c");
	struct iq_object *l = made_lock(g, 1, "flock on /run/x");
	struct iq_object *m = made_lock(g, 2, "futex nobody owns");
	struct iq_cause *cause;

	made_held(g, a, l, b, 2000);
	a->wait->uninterruptible = false;
	made_wait(g, b, iq_graph_object(g, IQ_OBJ_KERNEL, "kernel:hrtimer_nanosleep"), IQ_WAIT_IDLE,
		  50000);
	made_wait(g, c, m, IQ_WAIT_LOCK, 9000)->uninterruptible = false;
	cause = only_cause(g);
	assert_int_equal(cause->kind, IQ_CAUSE_TASK_SLEEPING);
	assert_string_equal(cause->root->id, "task:2");
	assert_blocked(cause, "task:1");
	assert_int_equal(cause->oldest_ms, 2000);
	assert_true(a->wait->hangs);
	assert_false(c->wait->hangs);
}

static void a_starved_task_hangs_if_somebody_waits_for_it(void **state)
{
	struct iq_graph *g = *state;
	struct iq_object *cpu = iq_graph_object(g, IQ_OBJ_KERNEL, "kernel:cpu0");
	struct iq_object *lonely = made_task(g, 1, "lonely"), *holder = made_task(g, 2, "holder");
	struct iq_verdict *v;

	made_wait(g, lonely, cpu, IQ_WAIT_CPU, 60000);
	made_wait(g, holder, cpu, IQ_WAIT_CPU, 60000);
	v = iq_object_verdict(g, holder, IQ_CAUSE_TASK_STARVED, IQ_STRONG, "holder gets no CPU");
	v->cannot_go_on = true;
	made_held(g, made_task(g, 3, "victim"), made_lock(g, 1, "l"), holder, 50000);
	assert_int_equal(only_cause(g)->kind, IQ_CAUSE_TASK_STARVED);
	assert_false(lonely->wait->hangs);
	assert_true(holder->wait->hangs);
}

static void unasked_waits_hang_in_whatever_sleep(void **state)
{
	struct iq_graph *g = *state;
	struct iq_object *uffd = iq_graph_object(g, IQ_OBJ_DAEMON, "daemon:userfaultfd:7");

	iq_object_verdict(g, uffd, IQ_CAUSE_DAEMON_UNANSWERED, IQ_PROVEN, "nobody handles faults");
	made_wait(g, made_task(g, 1, "a"), uffd, IQ_WAIT_UNASKED, 2000);
	assert_int_equal(only_cause(g)->kind, IQ_CAUSE_DAEMON_UNANSWERED);
}

/* ---- messages ---- */

static struct iq_wait *message(struct iq_graph *g, struct iq_object *task, struct iq_object *from)
{
	struct iq_object *on = iq_graph_object(g, IQ_OBJ_IPC, "ipc:pipe:%" PRId64, task->tid);
	struct iq_wait *w = made_wait(g, task, on, IQ_WAIT_MESSAGE, 10000);

	if (from)
		iq_graph_edge(g, task, from, on, IQ_EDGE_SERVES, IQ_PROVEN, "has to write");
	return w;
}

static void a_pipeline_behind_a_sleeper_does_not_hang(void **state)
{
	struct iq_graph *g = *state;
	struct iq_object *t[5];

	for (int i = 0; i < 5; i++)
		t[i] = made_task(g, i + 1, "cat");
	for (int i = 0; i < 4; i++)
		message(g, t[i], t[i + 1]);
	made_wait(g, t[4], iq_graph_object(g, IQ_OBJ_KERNEL, "kernel:nanosleep"), IQ_WAIT_IDLE,
		  9000);
	message(g, made_task(g, 9, "alone"), NULL);
	assert_int_equal(made_causes(g)->list.num, 0);
}

static void a_pipeline_behind_a_stopped_task_hangs(void **state)
{
	struct iq_graph *g = *state;
	struct iq_object *t[5];
	struct iq_cause *cause;

	for (int i = 0; i < 5; i++)
		t[i] = made_task(g, i + 1, "cat");
	for (int i = 0; i < 4; i++)
		message(g, t[i], t[i + 1]);
	iq_object_verdict(g, t[4], IQ_CAUSE_TASK_STOPPED, IQ_PROVEN, "cat (5) is stopped")
		->cannot_go_on = true;
	cause = only_cause(g);
	assert_int_equal(cause->kind, IQ_CAUSE_TASK_STOPPED);
	assert_blocked(cause, "task:1 task:2 task:3 task:4");
	assert_int_equal(cause->remedy.num, 1);
}

static void one_free_end_is_enough_for_a_wait_for_any(void **state)
{
	struct iq_graph *g = *state;
	struct iq_object *a = made_task(g, 1, "a"), *stopped = made_task(g, 2, "stopped");
	struct iq_object *free_one = made_task(g, 3, "free");
	struct iq_wait *w = message(g, a, stopped);

	iq_object_verdict(g, stopped, IQ_CAUSE_TASK_STOPPED, IQ_PROVEN, "stopped")->cannot_go_on =
		true;
	iq_graph_edge(g, a, free_one, w->on, IQ_EDGE_SERVES, IQ_PROVEN, "has to write");
	w->any = true;
	assert_int_equal(made_causes(g)->list.num, 0);
	w->any = false;
	assert_int_equal(only_cause(g)->kind, IQ_CAUSE_TASK_STOPPED);
	assert_true(w->hangs);
}

static void a_cycle_of_messages_is_a_deadlock(void **state)
{
	struct iq_graph *g = *state;
	struct iq_object *a = made_task(g, 1, "a"), *b = made_task(g, 2, "b"),
			 *c = made_task(g, 3, "c");
	struct iq_cause *cause;

	message(g, a, b);
	message(g, b, c);
	message(g, c, a);
	cause = only_cause(g);
	assert_int_equal(cause->kind, IQ_CAUSE_DEADLOCK);
	assert_blocked(cause, "task:1 task:2 task:3");
}

static void a_cycle_with_a_way_out_is_none(void **state)
{
	struct iq_graph *g = *state;
	struct iq_object *a = made_task(g, 1, "a"), *b = made_task(g, 2, "b"),
			 *c = made_task(g, 3, "c");
	struct iq_wait *w;

	message(g, a, b);
	w = message(g, b, a);
	w->any = true;
	iq_graph_edge(g, b, c, w->on, IQ_EDGE_SERVES, IQ_PROVEN, "may write too");
	assert_int_equal(made_causes(g)->list.num, 0);
	/* The way out is stopped: it is what both wait for, and no deadlock. */
	iq_object_verdict(g, c, IQ_CAUSE_TASK_STOPPED, IQ_PROVEN, "stopped")->cannot_go_on = true;
	assert_int_equal(only_cause(g)->kind, IQ_CAUSE_TASK_STOPPED);
}

static void event_loops_that_wait_for_each_other_are_idle(void **state)
{
	struct iq_graph *g = *state;
	struct iq_object *a = made_task(g, 1, "a"), *b = made_task(g, 2, "b"),
			 *c = made_task(g, 3, "c");
	struct iq_wait *w;

	message(g, a, b)->only_behind = true;
	w = message(g, b, a);
	w->only_behind = w->any = true;
	assert_int_equal(made_causes(g)->list.num, 0);
	/* Nor if one of them could be woken by a third. */
	iq_graph_edge(g, b, c, w->on, IQ_EDGE_SERVES, IQ_PROVEN, "has to answer");
	assert_int_equal(made_causes(g)->list.num, 0);
}

static void event_loops_hang_behind_a_stopped_task_however_far(void **state)
{
	struct iq_graph *g = *state;
	struct iq_object *t[4] = { made_task(g, 1, "a"), made_task(g, 2, "b"), made_task(g, 3, "c"),
				   made_task(g, 4, "stopped") };

	for (int i = 0; i < 3; i++)
		message(g, t[i], t[i + 1])->only_behind = true;
	assert_int_equal(made_causes(g)->list.num, 0);
	iq_object_verdict(g, t[3], IQ_CAUSE_TASK_STOPPED, IQ_PROVEN, "stopped")->cannot_go_on =
		true;
	assert_int_equal(only_cause(g)->kind, IQ_CAUSE_TASK_STOPPED);
	assert_blocked(only_cause(g), "task:1 task:2 task:3");
}

static void an_event_loop_that_one_of_several_owes_an_answer_hangs_behind_it(void **state)
{
	struct iq_graph *g = *state;
	struct iq_object *a = made_task(g, 1, "a"), *idle = made_task(g, 2, "idle"),
			 *stopped = made_task(g, 3, "stopped");
	struct iq_wait *w = message(g, a, idle);

	w->only_behind = true;
	iq_graph_edge(g, a, stopped, w->on, IQ_EDGE_SERVES, IQ_LIKELY, "owes it an answer");
	iq_object_verdict(g, stopped, IQ_CAUSE_TASK_STOPPED, IQ_PROVEN, "stopped")->cannot_go_on =
		true;
	assert_int_equal(only_cause(g)->root, stopped);
	/* If any of them would do, it does not. */
	w->any = true;
	assert_int_equal(made_causes(g)->list.num, 0);
}

static void descriptors_that_everybody_inherited_make_no_deadlock(void **state)
{
	struct iq_graph *g = *state;
	struct iq_object *t[3] = { made_task(g, 1, "a"), made_task(g, 2, "b"),
				   made_task(g, 3, "c") };

	for (int i = 0; i < 3; i++) {
		struct iq_wait *w = message(g, t[i], t[(i + 1) % 3]);

		w->any = true;
		iq_graph_edge(g, t[i], t[(i + 2) % 3], w->on, IQ_EDGE_SERVES, IQ_PROVEN,
			      "inherited it");
	}
	assert_int_equal(made_causes(g)->list.num, 0);
}

static void a_message_through_a_connection_hangs_with_its_daemon(void **state)
{
	struct iq_graph *g = *state;
	struct iq_object *conn = iq_graph_object(g, IQ_OBJ_DAEMON, "daemon:fuse:41");
	struct iq_object *t1 = made_task(g, 5, "sshfs"), *t2 = made_task(g, 6, "sshfs");
	struct iq_wait *w = made_wait(g, made_task(g, 1, "ls"), conn, IQ_WAIT_MESSAGE, 5000);

	iq_graph_edge(g, conn, t1, NULL, IQ_EDGE_SERVES, IQ_PROVEN, "serves it");
	iq_graph_edge(g, conn, t2, NULL, IQ_EDGE_SERVES, IQ_PROVEN, "serves it");
	iq_object_verdict(g, t1, IQ_CAUSE_TASK_STOPPED, IQ_PROVEN, "stopped")->cannot_go_on = true;
	assert_int_equal(made_causes(g)->list.num, 0);
	iq_object_verdict(g, t2, IQ_CAUSE_TASK_STOPPED, IQ_PROVEN, "stopped")->cannot_go_on = true;
	assert_int_equal(made_causes(g)->list.num, 2); /* two processes */
	assert_true(w->hangs);
}

static void a_silent_host_hangs_only_who_stands_behind_another(void **state)
{
	struct iq_graph *g = *state;
	struct iq_object *host = iq_graph_object(g, IQ_OBJ_SERVER, "server:10.9.9.2:80");
	struct iq_object *client = made_task(g, 2, "curl");
	struct iq_wait *w = made_wait(g, client, host, IQ_WAIT_MESSAGE, 5000);
	struct iq_cause *cause;

	iq_graph_edge(g, client, host, NULL, IQ_EDGE_SERVES, IQ_PROVEN, "has to answer");
	iq_object_verdict(g, host, IQ_CAUSE_NET_UNREACHABLE, IQ_STRONG, "does not answer")
		->ordinary = true;
	assert_int_equal(made_causes(g)->list.num, 0);
	assert_false(w->hangs);
	made_held(g, made_task(g, 1, "victim"), made_lock(g, 1, "flock on x"), client, 5000);
	cause = only_cause(g);
	assert_int_equal(cause->kind, IQ_CAUSE_NET_UNREACHABLE);
	assert_blocked(cause, "task:1 task:2");
}

static void who_could_be_written_to_by_many_sleeps_for_itself(void **state)
{
	struct iq_graph *g = *state;
	struct iq_object *holder = made_task(g, 2, "cat");
	struct iq_wait *w = message(g, holder, made_task(g, 3, "sh"));
	struct iq_cause *cause;

	w->any = true;
	iq_graph_edge(g, holder, made_task(g, 4, "sleep"), w->on, IQ_EDGE_SERVES, IQ_PROVEN,
		      "writes");
	made_held(g, made_task(g, 1, "victim"), made_lock(g, 1, "flock on x"), holder, 5000);
	cause = only_cause(g);
	assert_int_equal(cause->kind, IQ_CAUSE_TASK_SLEEPING);
	assert_string_equal(cause->root->id, "task:2");
}

/* ---- deadlocks ---- */

static void two_tasks_that_wait_for_each_other_are_a_deadlock(void **state)
{
	struct iq_graph *g = *state;
	struct iq_object *a = made_task(g, 10, "a"), *b = made_task(g, 11, "b"),
			 *c = made_task(g, 12, "c");
	struct iq_object *x = made_lock(g, 1, "inode_lock"), *y = made_lock(g, 2, "journal_lock");
	struct iq_cause *cause;

	made_held(g, a, x, b, 5000);
	made_held(g, b, y, a, 4000);
	made_held(g, c, x, b, 3000);
	cause = only_cause(g);
	assert_int_equal(cause->kind, IQ_CAUSE_DEADLOCK);
	assert_string_equal(cause->root->id, "task:10");
	assert_chain(cause, "task:11 lock:0xffff888000000002 task:10");
	assert_int_equal(cause->chain_edges.num, 2);
	assert_blocked(cause, "task:10 task:11 task:12");
	assert_string_equal(cause->summary,
			    "deadlock of 2 tasks: a (10) waits for inode_lock held by b (11), "
			    "b (11) waits for journal_lock held by a (10)");
	assert_int_equal(cause->certainty, IQ_PROVEN);
	assert_int_equal(cause->oldest_ms, 5000);
	assert_true(cause->evidence.num > 0);
}

static void a_task_can_deadlock_with_itself(void **state)
{
	struct iq_graph *g = *state;
	struct iq_object *a = made_task(g, 10, "a");
	struct iq_cause *cause;

	made_held(g, a, made_lock(g, 1, "some_mutex"), a, 5000);
	cause = only_cause(g);
	assert_int_equal(cause->kind, IQ_CAUSE_DEADLOCK);
	assert_chain(cause, "task:10");
	assert_blocked(cause, "task:10");
	assert_string_equal(cause->summary, "deadlock of a task with itself: a (10) waits for "
					    "some_mutex, which it holds itself");
}

static void a_cycle_through_things_is_a_deadlock(void **state)
{
	struct iq_graph *g = *state;
	struct iq_object *a = made_task(g, 10, "a"), *l = made_lock(g, 1, "l");
	struct iq_cause *cause;

	made_wait(g, a, l, IQ_WAIT_LOCK, 5000);
	iq_graph_edge(g, a, l, NULL, IQ_EDGE_ON, IQ_PROVEN, "waits for it");
	iq_graph_edge(g, l, a, NULL, IQ_EDGE_OWNER, IQ_STRONG, "holds it");
	cause = only_cause(g);
	assert_int_equal(cause->kind, IQ_CAUSE_DEADLOCK);
	assert_int_equal(cause->certainty, IQ_STRONG);
	assert_chain(cause, "task:10");
}

static void a_cycle_over_candidates_is_no_deadlock(void **state)
{
	struct iq_graph *g = *state;
	struct iq_object *a = made_task(g, 10, "a"), *b = made_task(g, 11, "b");
	struct iq_cause *cause;

	made_held(g, a, made_lock(g, 1, "x"), b, 5000);
	made_held(g, b, made_lock(g, 2, "y"), a, 4000)->kind = IQ_EDGE_MAYBE;
	cause = only_cause(g);
	assert_int_equal(cause->kind, IQ_CAUSE_UNKNOWN);
	assert_string_equal(cause->root->id, "task:11");
	assert_blocked(cause, "task:10");
}

static void contention_that_moves_is_no_deadlock(void **state)
{
	struct iq_graph *g = *state;
	struct iq_object *a = made_task(g, 10, "a"), *b = made_task(g, 11, "b");
	struct iq_causes *causes;

	made_held(g, a, made_lock(g, 1, "x"), b, 5000);
	made_held(g, b, made_lock(g, 2, "y"), a, 3);
	causes = made_causes(g);
	assert_int_equal(causes->list.num, 1);
	assert_int_equal(causes->list.data[0]->kind, IQ_CAUSE_UNKNOWN);
}

static void a_deadlock_is_found_in_front_of_another_root(void **state)
{
	struct iq_graph *g = *state;
	struct iq_object *a = made_task(g, 10, "a"), *b = made_task(g, 11, "b");
	struct iq_causes *causes;

	made_held(g, a, made_lock(g, 1, "x"), b, 5000);
	made_held(g, b, made_lock(g, 2, "y"), a, 4000);
	iq_graph_edge(g, b, made_frozen_fs(g), NULL, IQ_EDGE_ON, IQ_PROVEN, "writes to it");
	causes = made_causes(g);
	assert_int_equal(causes->list.num, 2);
	assert_int_equal(causes->list.data[0]->kind, IQ_CAUSE_DEADLOCK);
	assert_int_equal(causes->list.data[1]->kind, IQ_CAUSE_FS_FROZEN);
}

/* ---- what nobody explains ---- */

static void a_place_in_the_kernel_is_no_root(void **state)
{
	struct iq_graph *g = *state;
	struct iq_object *place = iq_graph_object(g, IQ_OBJ_KERNEL, "kernel:exit_aio");
	struct iq_object *bash = made_task(g, 312, "bash"), *ps = made_task(g, 400, "ps");
	struct iq_causes *causes;

	iq_object_name(g, place, "exit_aio");
	made_wait(g, bash, place, IQ_WAIT_SLEEP, 30000);
	made_wait(g, made_task(g, 500, "other"), place, IQ_WAIT_SLEEP, 20000);
	made_held(g, ps, made_lock(g, 1, "exec_update_lock of process 312 (bash)"), bash, 20000);
	causes = made_causes(g);
	assert_int_equal(causes->list.num, 2);
	assert_int_equal(causes->list.data[0]->kind, IQ_CAUSE_UNKNOWN);
	assert_string_equal(causes->list.data[0]->summary,
			    "bash (312) sleeps in exit_aio, and nothing that was read says why");
	assert_chain(causes->list.data[0], "task:400 lock:0xffff888000000001 task:312");
	assert_int_equal(causes->list.data[0]->oldest_ms, 30000);
	assert_true(causes->list.data[0]->evidence.num > 0);
	assert_true(causes->list.data[0]->remedy.num > 0);
	assert_chain(causes->list.data[1], "task:500");
	assert_int_equal(causes->list.data[1]->blocked.num, 0);
}

static void a_service_of_the_kernel_is_a_root(void **state)
{
	struct iq_graph *g = *state;
	struct iq_object *rcu = iq_graph_object(g, IQ_OBJ_KERNEL, "kernel:rcu");

	for (int i = 1; i < 4; i++) {
		struct iq_object *t = made_task(g, i, "t");

		made_wait(g, t, rcu, IQ_WAIT_SLEEP, 3000);
		iq_graph_edge(g, t, rcu, NULL, IQ_EDGE_SERVES, IQ_PROVEN, "has to end its period");
	}
	assert_string_equal(only_cause(g)->root->id, "kernel:rcu");
}

static void a_thing_that_two_wait_for_is_named(void **state)
{
	struct iq_graph *g = *state;
	struct iq_object *l = made_lock(g, 1, "cgroup_mutex"), *m = made_lock(g, 2, "m");
	struct iq_causes *causes;

	made_wait(g, made_task(g, 1, "a"), l, IQ_WAIT_LOCK, 4000);
	made_wait(g, made_task(g, 2, "b"), l, IQ_WAIT_LOCK, 4000);
	made_wait(g, made_task(g, 3, "c"), m, IQ_WAIT_LOCK, 9000);
	causes = made_causes(g);
	assert_int_equal(causes->list.num, 2);
	assert_ptr_equal(causes->list.data[0]->root, l);
	assert_string_equal(
		causes->list.data[0]->summary,
		"2 tasks wait for cgroup_mutex, and nothing that was read says who holds it");
	assert_chain(causes->list.data[0], "task:1 lock:0xffff888000000001");
	assert_string_equal(causes->list.data[1]->root->id, "task:3");
}

static void threads_of_a_stopped_server_are_one_cause(void **state)
{
	struct iq_graph *g = *state;
	struct iq_object *conn = iq_graph_object(g, IQ_OBJ_DAEMON, "daemon:fuse:41");
	struct iq_cause *cause;

	for (int i = 0; i < 10; i++) {
		struct iq_object *t = made_task(g, 50 + (i + 3) % 10, "sshfs");
		struct iq_verdict *v = iq_object_verdict(g, t, IQ_CAUSE_TASK_STOPPED, IQ_PROVEN,
							 "sshfs (%d) is stopped", (int)t->tid);

		v->cannot_go_on = true;
		t->pid = 50;
		iq_graph_edge(g, conn, t, NULL, IQ_EDGE_SERVES, IQ_PROVEN, "serves it");
	}
	made_wait(g, made_task(g, 1, "ls"), conn, IQ_WAIT_MESSAGE, 5000);
	made_wait(g, made_task(g, 2, "df"), conn, IQ_WAIT_MESSAGE, 5000);
	cause = only_cause(g);
	assert_string_equal(cause->root->id, "task:50");
	assert_blocked(cause, "task:1 task:2");
	assert_string_equal(cause->evidence.data[cause->evidence.num - 1],
			    "the same holds for 9 more threads of process 50");
}

/* ---- order, and who asks ---- */

static void more_blocked_come_first_then_the_older(void **state)
{
	struct iq_graph *g = *state;
	struct iq_object *holder[3];
	struct iq_causes *causes;
	int tid = 100;

	for (int i = 0; i < 3; i++) {
		holder[i] = made_task(g, i + 1, "holder");
		iq_object_verdict(g, holder[i], IQ_CAUSE_TASK_RUNNING, IQ_PROVEN, "runs");
		for (int k = 0; k < (i == 1 ? 5 : 2); k++)
			made_held(g, made_task(g, tid++, "t"), made_lock(g, (unsigned)i, "l"),
				  holder[i], i == 2 ? 8000 : 4000);
	}
	causes = made_causes(g);
	assert_int_equal(causes->list.num, 3);
	assert_ptr_equal(causes->list.data[0]->root, holder[1]);
	assert_ptr_equal(causes->list.data[1]->root, holder[2]);
	assert_ptr_equal(causes->list.data[2]->root, holder[0]);
}

static void the_certain_come_before_the_possible(void **state)
{
	struct iq_graph *g = *state;
	struct iq_object *a = made_task(g, 1, "a"), *l = made_lock(g, 1, "l");
	struct iq_object *sure = made_task(g, 3, "sure"), *maybe = made_task(g, 2, "maybe");
	struct iq_causes *causes;

	iq_object_verdict(g, sure, IQ_CAUSE_TASK_RUNNING, IQ_PROVEN, "runs");
	iq_object_verdict(g, maybe, IQ_CAUSE_TASK_RUNNING, IQ_PROVEN, "runs");
	made_held(g, a, l, sure, 3000);
	iq_graph_edge(g, a, maybe, l, IQ_EDGE_MAYBE, IQ_STRONG, "may hold it");
	causes = made_causes(g);
	assert_int_equal(causes->list.num, 2);
	assert_ptr_equal(causes->list.data[0]->root, sure);
	assert_int_equal(causes->list.data[0]->certainty, IQ_PROVEN);
	assert_int_equal(causes->list.data[1]->certainty, IQ_LIKELY);
}

static void a_question_about_one_task_has_its_causes_alone(void **state)
{
	struct iq_graph *g = *state;
	struct iq_object *ps;
	struct iq_causes *causes;

	made_incident(g);
	made_held(g, made_task(g, 1, "x"), made_lock(g, 1, "l"), made_task(g, 2, "y"), 9000);
	ps = iq_graph_find(g, "task:4720");
	iq_graph_settle(g);
	causes = made_causes_of(g, ps);
	assert_int_equal(causes->list.num, 1);
	assert_string_equal(causes->list.data[0]->root->id, "fs:254:16");
	assert_string_equal(causes->list.data[0]->chain.data[0]->id, "task:4720");
	assert_int_equal(causes->list.data[0]->blocked.num, 4);
	ps = iq_graph_find(g, "task:2");
	assert_int_equal(made_causes_of(g, ps)->list.num, 0);
}

static void ordinary_waiters_are_among_the_blocked(void **state)
{
	struct iq_graph *g = *state;
	struct iq_object *d = made_task(g, 5, "child");
	struct iq_cause *cause;

	made_wait(g, d, made_frozen_fs(g), IQ_WAIT_SLEEP, 5000);
	message(g, made_task(g, 4, "parent"), d)->lasting = false;
	cause = only_cause(g);
	assert_blocked(cause, "task:4 task:5");
	assert_chain(cause, "task:5 fs:254:16");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, graph_up, graph_down)
	const struct CMUnitTest tests[] = {
		T(an_object_is_made_once),
		T(an_edge_twice_is_one_and_the_surer),
		T(a_surer_verdict_replaces_one),
		T(a_verdict_that_stands_is_not_handed_out),
		T(the_incident_ends_at_the_frozen_filesystem),
		T(a_chain_is_as_sure_as_its_weakest_edge),
		T(a_wait_that_is_less_sure_weakens_its_chain),
		T(edges_of_things_are_followed),
		T(nothing_behind_a_final_verdict_matters),
		T(an_aside_edge_counts_but_is_not_drawn),
		T(nobody_hangs_who_has_not_waited_long),
		T(idle_waits_never_hang),
		T(an_interruptible_wait_for_a_held_lock_hangs),
		T(a_starved_task_hangs_if_somebody_waits_for_it),
		T(unasked_waits_hang_in_whatever_sleep),
		T(a_pipeline_behind_a_sleeper_does_not_hang),
		T(a_pipeline_behind_a_stopped_task_hangs),
		T(one_free_end_is_enough_for_a_wait_for_any),
		T(a_cycle_of_messages_is_a_deadlock),
		T(a_cycle_with_a_way_out_is_none),
		T(descriptors_that_everybody_inherited_make_no_deadlock),
		T(event_loops_that_wait_for_each_other_are_idle),
		T(event_loops_hang_behind_a_stopped_task_however_far),
		T(an_event_loop_that_one_of_several_owes_an_answer_hangs_behind_it),
		T(a_message_through_a_connection_hangs_with_its_daemon),
		T(a_silent_host_hangs_only_who_stands_behind_another),
		T(who_could_be_written_to_by_many_sleeps_for_itself),
		T(two_tasks_that_wait_for_each_other_are_a_deadlock),
		T(a_task_can_deadlock_with_itself),
		T(a_cycle_through_things_is_a_deadlock),
		T(a_cycle_over_candidates_is_no_deadlock),
		T(contention_that_moves_is_no_deadlock),
		T(a_deadlock_is_found_in_front_of_another_root),
		T(a_place_in_the_kernel_is_no_root),
		T(a_service_of_the_kernel_is_a_root),
		T(a_thing_that_two_wait_for_is_named),
		T(threads_of_a_stopped_server_are_one_cause),
		T(more_blocked_come_first_then_the_older),
		T(the_certain_come_before_the_possible),
		T(a_question_about_one_task_has_its_causes_alone),
		T(ordinary_waiters_are_among_the_blocked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
