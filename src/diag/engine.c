/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One look: rules asked, objects followed
 *
 * Each task that sleeps is asked about, frame by frame; each object that comes
 * of it is handed to the object rules. Which rules there are and who is asked
 * first stands in rules.c.
 */
#include "diag/engine.h"

#include <stdio.h>

#include "inquest/sleep.h"

enum { TASK_NOLOAD = 0x400, MAX_OBJECTS = 2000000 };

void iq_engine_init(struct engine *e, struct iq_session *s, const struct iq_why_options *options)
{
	*e = (struct engine){ .no_stack = IQ_STRBUF_INIT,
			      .why_no_stack = IQ_STRBUF_INIT,
			      .d.s = s,
			      .d.bound_ms = options->longer_than_ms,
			      .options = options,
			      .rooms_changes = s->rooms.changes,
			      .arena = iq_arena_new() };
	iq_rules_init(e);
}

void iq_engine_deinit(struct engine *e)
{
	iq_rules_deinit(e);
	iq_map_deinit(&e->explained);
	iq_map_deinit(&e->lock_names);
	iq_map_deinit(&e->memo);
	iq_holders_free(e->holders);
	iq_history_deinit(&e->history);
	iq_vec_free(&e->notes);
	iq_strbuf_deinit(&e->no_stack);
	iq_strbuf_deinit(&e->why_no_stack);
	iq_graph_free(e->d.g);
	iq_arena_free(e->arena);
}

/* ---- a task ---- */

static bool is_blocked(const struct iq_task *t)
{
	return t->pid > 0 && !t->unreadable && t->stack && !t->on_cpu && t->state != 'Z' &&
	       t->state != 'X';
}

bool iq_engine_is_asked_for(const struct engine *e, const struct iq_task *t)
{
	const struct iq_asked *asked = &e->options->asked;

	for (size_t i = 0; i < asked->num_pids; i++)
		if (asked->pids[i] == t->pid || asked->pids[i] == t->tgid)
			return true;
	return false;
}

bool iq_engine_expired(const struct engine *e)
{
	return iq_session_expired(e->d.s, e->deadline_ns);
}

/* No rule knows this sleep: it is where the innermost telling function says. */
static struct iq_wait *wait_in_kernel(struct engine *e, const struct iq_sleeper *who,
				      enum iq_wait_class cls)
{
	const struct iq_task *task = who->task;
	const struct iq_stack *stack = who->stack;
	const char *where = NULL;
	struct iq_object *on;
	struct iq_wait *w;

	for (size_t i = 0; i < stack->num_frames && !where; i++)
		if (stack->frames[i].sym.name &&
		    !(iq_sleep_kinds(&stack->frames[i]) & IQ_SLEEP_HOW))
			where = stack->frames[i].sym.name;
	on = iq_graph_object(e->d.g, IQ_OBJ_KERNEL, "kernel:%s", where ? where : "unknown");
	iq_object_name(e->d.g, on, "%s", where ? where : "an unknown place");
	w = iq_diag_wait(who, on, cls);
	w->rule = "";
	w->certainty = IQ_PROVEN;
	/* Where it is nobody knows: that is a note, and no hang of its own. */
	if (!where && stack->unreadable)
		w->uninterruptible = false;
	if (where)
		iq_text_add(e->d.g, &w->evidence, "%s (%d) sleeps in %s()", task->comm, task->pid,
			    where);
	else
		iq_text_add(e->d.g, &w->evidence, "the stack of %s (%d) shows no function: %s",
			    task->comm, task->pid,
			    stack->why_none ? stack->why_none : "it could not be read");
	return w;
}

/* Many stacks that are missing are one note. */
static void note_no_stack(struct engine *e, const struct iq_task *task,
			  const struct iq_stack *stack)
{
	enum { EXAMPLES = 5 };

	if (!e->num_no_stack)
		iq_strbuf_adds(&e->why_no_stack,
			       stack->why_none ? stack->why_none : "no function was found");
	if (e->num_no_stack < EXAMPLES)
		iq_strbuf_printf(&e->no_stack, "%s%s (%d)", e->num_no_stack ? ", " : "", task->comm,
				 task->pid);
	else if (e->num_no_stack == EXAMPLES)
		iq_strbuf_adds(&e->no_stack, ", ...");
	e->num_no_stack++;
}

static void tell_no_stack(struct engine *e)
{
	if (e->num_no_stack == 1)
		iq_diag_note(&e->d, "the stack of %s could not be read: %s",
			     iq_strbuf_str(&e->no_stack), iq_strbuf_str(&e->why_no_stack));
	else if (e->num_no_stack)
		iq_diag_note(
			&e->d,
			"the stacks of %zu tasks could not be read, and what these wait for is "
			"not known: %s; the first one: %s",
			e->num_no_stack, iq_strbuf_str(&e->no_stack),
			iq_strbuf_str(&e->why_no_stack));
}

struct iq_wait *iq_engine_explain(struct engine *e, const struct iq_task *task)
{
	const struct rule_ref *idle = NULL;
	struct iq_sleeper who = { .d = &e->d, .task = task };
	const struct iq_stack *stack;
	struct iq_wait *w = NULL;
	struct iq_error *err;

	if (iq_map_get(&e->explained, task->addr))
		return iq_diag_task(&e->d, task)->wait;
	iq_map_set(&e->explained, task->addr, 1);
	if (!is_blocked(task))
		return NULL;
	who.stack = stack = iq_task_stack(e->d.s, task);
	e->num_inconsistent += stack->moved;
	if (stack->unreadable) {
		e->incomplete = true;
		note_no_stack(e, task, stack);
	}
	/* What runs or is about to run waits for a CPU at most; that is the sched room's. */
	for (size_t i = 0; i < stack->num_frames && !w; i++) {
		who.frame = i;
		for (struct rule_ref *ref = iq_rules_of(e, &stack->frames[i]); ref && !w;
		     ref = ref->next) {
			if (ref->missing) {
				idle = idle ? idle : ref;
				continue;
			}
			err = ref->rule->explain(&who, &w);
			iq_diag_note_error(&e->d, err, "%s (%d): %s", task->comm, task->pid,
					   ref->rule->name);
			if (w)
				w->rule = ref->rule->name;
		}
	}
	/* A task frozen with its cgroup sleeps that way too: nothing hangs by it unless somebody
	 * waits for it. */
	if (!w && task->state == 'D' && !task->frozen) {
		w = wait_in_kernel(e, &who, IQ_WAIT_SLEEP);
		e->num_unexplained++;
		if (idle)
			iq_diag_note(&e->d,
				     "the rule %s could not be asked: this kernel's types lack %s",
				     idle->rule->name, idle->missing);
	} else if (!w && iq_engine_is_asked_for(e, task) && stack->num_frames) {
		w = wait_in_kernel(e, &who, IQ_WAIT_IDLE);
	}
	return w;
}

/* ---- objects ---- */

static void explain_object(struct engine *e, struct iq_object *o)
{
	struct iq_error *err;

	if (o->explained)
		return;
	o->explained = true;
	if (o->type == IQ_OBJ_TASK) {
		const struct iq_task *task = iq_task_by_pid(e->d.s, (int32_t)o->tid);

		if (task)
			iq_engine_explain(e, task);
	}
	iq_vec_foreach(&e->object_rules, rule) {
		if ((*rule)->type != o->type)
			continue;
		err = (*rule)->explain(&e->d, o);
		iq_diag_note_error(&e->d, err, "%s", o->id);
	}
}

/* Objects appear while others are explained: go on until there is nothing new. */
void iq_engine_follow(struct engine *e)
{
	for (size_t i = 0; i < e->d.g->objects.num && i < MAX_OBJECTS; i++) {
		if (iq_engine_expired(e)) {
			e->incomplete = true;
			iq_diag_note(&e->d,
				     "the time was up before everything was followed to its end");
			return;
		}
		explain_object(e, e->d.g->objects.data[i]);
	}
}

static void explain_tasks(struct engine *e)
{
	const struct iq_task_list *list = e->d.tasks;

	for (size_t i = 0; i < list->num_tasks; i++) {
		const struct iq_task *t = &list->tasks[i];

		if (iq_engine_expired(e)) {
			e->incomplete = true;
			iq_diag_note(&e->d, "the time was up after %zu of %zu tasks", i,
				     list->num_tasks);
			break;
		}
		/* Kernel threads that sleep interruptibly or idle are waiting for work. */
		if (t->kthread && t->state != 'D' && !iq_engine_is_asked_for(e, t))
			continue;
		if (!is_blocked(t))
			continue;
		iq_engine_explain(e, t);
	}
}

struct iq_error *iq_engine_look(struct engine *e)
{
	struct stopwatch started = iq_history_start();
	struct iq_error *err;

	iq_graph_free(e->d.g);
	e->d.g = iq_graph_new();
	iq_vec_free(&e->notes);
	iq_map_deinit(&e->explained);
	iq_map_deinit(&e->lock_names);
	iq_map_deinit(&e->memo);
	iq_holders_forget(e->holders);
	e->num_unexplained = e->num_inconsistent = 0;
	e->num_no_stack = 0;
	e->no_stack.len = e->why_no_stack.len = 0;
	e->incomplete = false;
	err = iq_tasks_snapshot(e->d.s, e->deadline_ns, &e->d.tasks);
	if (err)
		return err;
	e->now_ns = iq_clock_monotonic();
	if (e->d.tasks->err) {
		e->incomplete = true;
		iq_diag_note(&e->d, "the list of tasks: %s", iq_error_text(e->d.tasks->err));
	}
	if (e->d.tasks->num_unreadable) {
		e->incomplete = true;
		iq_diag_note(&e->d, "%zu tasks could not be read", e->d.tasks->num_unreadable);
	}
	explain_tasks(e);
	iq_engine_follow(e);
	iq_engine_suspect(e);
	tell_no_stack(e);
	iq_history_add_look(e);
	iq_history_stop(e, started);
	return NULL;
}
