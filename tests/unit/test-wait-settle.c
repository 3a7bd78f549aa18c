/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Settling is a step, everything after it is a question: asked twice, for all or for some, in
 * whatever order, the answer is the same, and the graph is what it was.
 */
#include "graph-made.h"
#include "inquest/names.h"
#include "test.h"

/* ---- graphs of every sort ---- */

static struct iq_object *place(struct iq_graph *g, const char *name)
{
	return iq_graph_object(g, IQ_OBJ_KERNEL, "kernel:%s", name);
}

static struct iq_wait *message(struct iq_graph *g, struct iq_object *from, struct iq_object *to)
{
	struct iq_object *pipe = iq_graph_object(g, IQ_OBJ_IPC, "ipc:pipe:%" PRId64, from->tid);
	struct iq_wait *w = made_wait(g, from, pipe, IQ_WAIT_MESSAGE, 5000);

	iq_graph_edge(g, from, to, pipe, IQ_EDGE_SERVES, IQ_PROVEN, "has its other end");
	return w;
}

/* Two that hold each other's locks, and one behind them. */
static void deadlock(struct iq_graph *g)
{
	struct iq_object *a = made_task(g, 10, "a"), *b = made_task(g, 11, "b");
	struct iq_object *x = made_lock(g, 1, "x"), *y = made_lock(g, 2, "y");

	made_held(g, a, x, b, 5000);
	made_held(g, b, y, a, 6000);
	made_held(g, made_task(g, 12, "c"), x, b, 3000);
}

/* A lock whose holder one of two waiters knows; a task that sleeps where no rule knows. */
static void what_one_knows(struct iq_graph *g)
{
	struct iq_object *l = made_lock(g, 1, "l"), *holder = made_task(g, 22, "holder");

	made_held(g, made_task(g, 20, "knows"), l, holder, 5000);
	made_wait(g, made_task(g, 21, "knows not"), l, IQ_WAIT_LOCK, 4000);
	made_wait(g, holder, place(g, "frob_wait"), IQ_WAIT_SLEEP, 9000);
	made_wait(g, made_task(g, 23, "elsewhere"), place(g, "frob_wait"), IQ_WAIT_SLEEP, 9000);
}

/* A circle of messages, one that any of two could send, and a holder without a wait of its own. */
static void messages(struct iq_graph *g)
{
	struct iq_object *a = made_task(g, 30, "a"), *b = made_task(g, 31, "b");
	struct iq_object *c = made_task(g, 32, "c"), *d = made_task(g, 33, "d");

	message(g, a, b);
	message(g, b, a);
	message(g, c, a)->any = true;
	message(g, c, d);
	made_held(g, made_task(g, 34, "e"), made_lock(g, 3, "l"), c, 2000);
	iq_graph_edge(g, made_task(g, 35, "f"), d, NULL, IQ_EDGE_OWNER, IQ_STRONG, "serves it");
}

/* Threads of one stopped process, several candidates, a filesystem whose freeze is final. */
static void threads(struct iq_graph *g)
{
	made_incident(g);
	for (int i = 0; i < 3; i++) {
		struct iq_object *t = made_task(g, 40 + i, "server");

		t->pid = 40;
		iq_object_verdict(g, t, IQ_CAUSE_TASK_STOPPED, IQ_PROVEN, "server is stopped")
			->cannot_go_on = true;
		message(g, made_task(g, 50, "client"), t)->any = true;
	}
	for (int i = 0; i < 2; i++)
		iq_graph_edge(g, iq_graph_find(g, "task:50"), made_task(g, 60 + i, "maybe"),
			      made_lock(g, 9, "m"), IQ_EDGE_MAYBE, IQ_LIKELY, "may hold it");
}

static const struct {
	void (*make)(struct iq_graph *g);
	const char *some; /* a task to ask about */
} graphs[] = {
	{ deadlock, "task:12" },
	{ what_one_knows, "task:21" },
	{ messages, "task:34" },
	{ threads, "task:4720" },
};

/* ---- what they say, to be compared ---- */

static void add_texts(struct iq_strbuf *sb, const iq_texts *texts)
{
	iq_vec_foreach(texts, text)
		iq_strbuf_printf(sb, " | %s", *text);
	iq_strbuf_addc(sb, '\n');
}

static void add_remedies(struct iq_strbuf *sb, const iq_remedies *list)
{
	iq_vec_foreach(list, r)
		iq_strbuf_printf(sb, " | %s", r->text);
	iq_strbuf_addc(sb, '\n');
}

static char *answer_in_words(const struct iq_causes *causes)
{
	struct iq_strbuf sb = IQ_STRBUF_INIT;

	iq_strbuf_printf(&sb, "%zu left out\n", causes->num_left_out);
	iq_vec_foreach(&causes->list, p) {
		const struct iq_cause *c = *p;

		iq_strbuf_printf(&sb, "%s %d %s %s %" PRId64 "\n", iq_cause_kind_name(c->kind),
				 c->certainty, c->root->id, c->summary, c->oldest_ms);
		iq_vec_foreach(&c->blocked, o)
			iq_strbuf_printf(&sb, "%s ", (*o)->id);
		iq_vec_foreach(&c->chain, o)
			iq_strbuf_printf(&sb, "> %s ", (*o)->id);
		iq_vec_foreach(&c->chain_edges, e)
			iq_strbuf_printf(&sb, "(%s)", (*e)->how);
		add_texts(&sb, &c->evidence);
		add_remedies(&sb, &c->remedy);
	}
	return sb.str;
}

static char *graph_in_words(const struct iq_graph *g)
{
	struct iq_strbuf sb = IQ_STRBUF_INIT;

	iq_vec_foreach(&g->objects, p) {
		const struct iq_object *o = *p;

		iq_strbuf_printf(&sb, "%s %s %zu", o->id, o->name ? o->name : "-", o->out.num);
		add_remedies(&sb, &o->remedy);
		if (o->verdict)
			add_texts(&sb, &o->verdict->evidence);
	}
	iq_vec_foreach(&g->edges, e) {
		iq_strbuf_printf(&sb, "%s -> %s %d %d %d", (*e)->from->id, (*e)->to->id, (*e)->kind,
				 (*e)->certainty, (*e)->aside);
		add_texts(&sb, &(*e)->evidence);
	}
	iq_vec_foreach(&g->waits, w) {
		iq_strbuf_printf(&sb, "%s on %s %d %d %d %c", (*w)->task->id, (*w)->on->id,
				 (*w)->hangs, (*w)->lasting, (*w)->steady, (*w)->state);
		add_texts(&sb, &(*w)->evidence);
	}
	return sb.str;
}

static char *ask_all(const struct iq_graph *g)
{
	struct iq_causes *causes = iq_graph_causes(g, NULL);

	iq_causes_say(g, causes);
	return answer_in_words(causes);
}

static char *ask_some(struct iq_graph *g, const char *id)
{
	return answer_in_words(made_causes_of(g, iq_graph_find(g, id)));
}

/* ---- tests ---- */

static void a_question_changes_nothing_and_has_one_answer(void **state)
{
	(void)state;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(graphs); i++) {
		struct iq_graph *g = iq_graph_new(), *other = iq_graph_new();
		const char *id = graphs[i].some;

		graphs[i].make(g);
		graphs[i].make(other);
		iq_graph_settle(g);
		iq_graph_settle(other);
		{
			_cleanup_free_ char *before = graph_in_words(g), *all = ask_all(g);
			_cleanup_free_ char *some = ask_some(g, id), *all2 = ask_all(g);
			_cleanup_free_ char *some2 = ask_some(g, id), *after = graph_in_words(g);
			_cleanup_free_ char *some_first = ask_some(other, id);
			_cleanup_free_ char *all_last = ask_all(other);

			/* Each of these graphs has something to say to either question. */
			assert_non_null(strstr(all, "task:"));
			assert_non_null(strstr(some, "task:"));
			assert_string_equal(all2, all);
			assert_string_equal(some2, some);
			assert_string_equal(some_first, some);
			assert_string_equal(all_last, all);
			assert_string_equal(after, before);
		}
		iq_graph_free(g);
		iq_graph_free(other);
	}
}

static void settling_a_settled_graph_changes_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(graphs); i++) {
		struct iq_graph *g = iq_graph_new();

		graphs[i].make(g);
		iq_graph_settle(g);
		{
			_cleanup_free_ char *before = graph_in_words(g), *all = ask_all(g);
			_cleanup_free_ char *after = NULL, *again = NULL;

			iq_graph_settle(g);
			after = graph_in_words(g);
			again = ask_all(g);
			assert_string_equal(after, before);
			assert_string_equal(again, all);
		}
		iq_graph_free(g);
	}
}

static void what_was_learned_later_counts_after_settling_again(void **state)
{
	struct iq_graph *g = *state;
	struct iq_object *a = made_task(g, 1, "a"), *b = made_task(g, 2, "b");

	made_held(g, a, made_lock(g, 1, "l"), b, 5000);
	assert_int_equal(made_causes(g)->list.num, 1);
	assert_true(a->wait->hangs);
	a->wait->lasting = false;
	assert_int_equal(made_causes(g)->list.num, 0);
	assert_false(a->wait->hangs);
}

static void who_was_met_after_settling_waits_for_nothing(void **state)
{
	struct iq_graph *g = *state;
	struct iq_object *late;

	deadlock(g);
	iq_graph_settle(g);
	late = made_task(g, 99, "late");
	assert_int_equal(made_causes_of(g, late)->list.num, 0);
	assert_int_equal(iq_graph_causes(g, NULL)->list.num, 1);
}

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_question_changes_nothing_and_has_one_answer),
		cmocka_unit_test(settling_a_settled_graph_changes_nothing),
		cmocka_unit_test_setup_teardown(what_was_learned_later_counts_after_settling_again,
						graph_up, graph_down),
		cmocka_unit_test_setup_teardown(who_was_met_after_settling_waits_for_nothing,
						graph_up, graph_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
