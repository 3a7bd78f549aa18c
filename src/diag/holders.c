/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who holds a lock: records first, then the rows of all rooms
 *
 * The rows (inquest/holders.h) are indexed by their functions at the first question. The first one
 * of a look goes over the stacks of all tasks once: each frame calls up the rows that its function
 * belongs to, so that the cost is that of the frames, however many rows there are. What is kept for
 * each row is who is inside. A lock's rows are found by its address or by the member that it is,
 * and only those who are inside of them are asked whether they fit.
 *
 * Waiters of one lock have the same in front of them: what was found for the first is said again
 * for the others (docs/decisions/holders-once.md).
 */
#include <stdio.h>

#include "diag/engine.h"
#include "inquest/waitq.h"

enum { MAX_FOUND = 64 };

struct inside {
	const struct iq_task *task;
	size_t frame;
};

struct row {
	const struct iq_holder *holder;
	struct row *next; /* of the same lock, in the order of the rooms */
	/* Of this look. */
	IQ_VEC(struct inside) inside;
	/* Of the task that is being looked at, counted from 1. */
	size_t is_inside, is_outside, frame;
};

/* A function, or a module, calls up a row. */
struct called {
	struct row *row;
	bool outside;
	struct called *next;
};

/* What a frame calls up. */
struct frame_calls {
	const struct called *by_function, *by_module;
};

/* What was said of a lock, as edges of the first task that asked. */
struct found_holders {
	const struct iq_wait *wait;
	size_t first, end; /* in wait->task->out */
	bool all;	   /* somebody knew all holders */
};

struct holders {
	struct iq_arena *arena;
	IQ_VEC(struct row *) rows;
	struct iq_strmap by_function, by_module; /* -> struct called * */
	struct iq_strmap by_member;		 /* "struct mm_struct.mmap_lock" -> struct row * */
	struct iq_map by_lock;			 /* address of a variable -> struct row * */
	struct iq_map calls_at;			 /* symbol address -> struct frame_calls * */
	/* Of this look. */
	struct iq_map
		found;	  /* lock, mode, number -> struct found_holders *, in the graph's arena */
	bool looked, cut; /* the time was up before all stacks were seen */
};

/* ---- the index ---- */

static void call_up(struct iq_arena *arena, struct iq_strmap *map, const char *name,
		    struct row *row, bool outside)
{
	struct called *called = iq_arena_alloc(arena, sizeof(*called));

	*called = (struct called){ row, outside, iq_strmap_get(map, name) };
	iq_strmap_set(map, name, called);
}

static struct row *append(struct row *first, struct row *row)
{
	struct row *last = first;

	while (last && last->next)
		last = last->next;
	if (last)
		last->next = row;
	return first ? first : row;
}

static void member_key(struct iq_strbuf *key, const char *container, const char *member)
{
	iq_strbuf_printf(key, "%s.%s", container, member);
}

static void add_lock(struct engine *e, struct holders *h, struct row *row)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf key = IQ_STRBUF_INIT;
	const struct iq_holder *holder = row->holder;
	iq_vaddr lock;
	uint64_t *known;

	if (!holder->symbol) {
		member_key(&key, holder->container, holder->member);
		iq_strmap_set(&h->by_member, iq_strbuf_str(&key),
			      append(iq_strmap_get(&h->by_member, iq_strbuf_str(&key)), row));
		return;
	}
	lock = iq_sym_addr(e->d.s, holder->symbol);
	if (!lock)
		return;
	known = iq_map_get(&h->by_lock, lock);
	iq_map_set(&h->by_lock, lock,
		   (uintptr_t)append(known ? (struct row *)(uintptr_t)*known : NULL, row));
}

static void add_row(struct engine *e, struct holders *h, const struct iq_holder *holder)
{
	struct row *row = iq_arena_alloc(h->arena, sizeof(*row));

	row->holder = holder;
	iq_vec_push(&h->rows, row);
	add_lock(e, h, row);
	for (size_t i = 0; holder->functions && holder->functions[i]; i++)
		call_up(h->arena, &h->by_function, holder->functions[i], row, false);
	if (holder->module)
		call_up(h->arena, &h->by_module, holder->module, row, false);
	for (size_t k = 0; k < IQ_ARRAY_SIZE(holder->outside) && holder->outside[k]; k++)
		for (size_t i = 0; holder->outside[k][i]; i++)
			call_up(h->arena, &h->by_function, holder->outside[k][i], row, true);
}

static struct holders *holders_new(struct engine *e)
{
	struct holders *h = iq_xcalloc(1, sizeof(*h));

	h->arena = iq_arena_new();
	/* Of idle rooms too: a row needs no types. */
	iq_vec_foreach(&e->rooms, m)
		for (const struct iq_holder *row = (*m)->holders;
		     row && (row->functions || row->module); row++)
			add_row(e, h, row);
	return h;
}

void iq_holders_forget(struct holders *h)
{
	if (!h)
		return;
	iq_vec_foreach(&h->rows, row)
		(*row)->inside.num = 0;
	iq_map_deinit(&h->found);
	h->looked = h->cut = false;
}

void iq_holders_free(struct holders *h)
{
	if (!h)
		return;
	iq_vec_foreach(&h->rows, row)
		iq_vec_free(&(*row)->inside);
	iq_vec_free(&h->rows);
	iq_strmap_deinit(&h->by_function);
	iq_strmap_deinit(&h->by_module);
	iq_strmap_deinit(&h->by_member);
	iq_map_deinit(&h->by_lock);
	iq_map_deinit(&h->calls_at);
	iq_map_deinit(&h->found);
	iq_arena_free(h->arena);
	free(h);
}

/* ---- one pass over all stacks ---- */

static const struct frame_calls *calls_of(struct holders *h, const struct iq_frame *frame)
{
	uint64_t *known;
	struct frame_calls *calls;
	char name[128];

	if (!frame->sym.name)
		return NULL;
	known = iq_map_get(&h->calls_at, frame->sym.addr);
	if (known)
		return (const struct frame_calls *)(uintptr_t)*known;
	calls = iq_arena_alloc(h->arena, sizeof(*calls));
	if (iq_engine_function_name(frame, name, sizeof(name)))
		calls->by_function = iq_strmap_get(&h->by_function, name);
	if (frame->sym.module)
		calls->by_module = iq_strmap_get(&h->by_module, frame->sym.module);
	iq_map_set(&h->calls_at, frame->sym.addr, (uintptr_t)calls);
	return calls;
}

/* Rows that this task has not met before in its stack. */
typedef IQ_VEC(struct row *) met_rows;

static void meet(const struct called *called, size_t task, size_t frame, met_rows *met)
{
	for (; called; called = called->next) {
		struct row *row = called->row;

		if (called->outside) {
			row->is_outside = task;
		} else if (row->is_inside != task) {
			row->is_inside = task;
			row->frame = frame;
			iq_vec_push(met, row);
		}
	}
}

static bool may_hold(const struct iq_task *t)
{
	return t->pid && t->stack && !t->on_cpu && !t->unreadable && !t->exit_state;
}

/* Who is inside of which rows: asked for the first time in this look. */
static void look_at_stacks(struct engine *e, struct holders *h)
{
	const struct iq_task_list *list = e->d.tasks;
	met_rows met = { 0 };

	h->looked = true;
	iq_vec_foreach(&h->rows, row)
		(*row)->is_inside = (*row)->is_outside = 0;
	for (size_t i = 0; i < list->num_tasks; i++) {
		const struct iq_task *t = &list->tasks[i];
		const struct iq_stack *stack;

		if (i % 64 == 0 && iq_engine_expired(e)) {
			h->cut = e->incomplete = true;
			iq_diag_note(&e->d,
				     "the time was up before all stacks were searched for holders "
				     "of locks");
			break;
		}
		if (!may_hold(t))
			continue;
		stack = iq_task_stack(e->d.s, t);
		met.num = 0;
		for (size_t k = 0; k < stack->num_frames; k++) {
			const struct frame_calls *calls = calls_of(h, &stack->frames[k]);

			if (!calls)
				continue;
			meet(calls->by_function, i + 1, k, &met);
			meet(calls->by_module, i + 1, k, &met);
		}
		iq_vec_foreach(&met, row)
			if ((*row)->is_outside != i + 1)
				iq_vec_push(&(*row)->inside, (struct inside){ t, (*row)->frame });
	}
	iq_vec_free(&met);
}

/* ---- the holders of one lock ---- */

struct found {
	struct iq_holding list[MAX_FOUND];
	size_t num, sure;
};

static struct row *rows_of(struct holders *h, const struct iq_holders_wanted *wanted)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf key = IQ_STRBUF_INIT;
	uint64_t *known = iq_map_get(&h->by_lock, wanted->lock);

	if (known)
		return (struct row *)(uintptr_t)*known;
	if (!wanted->name->container_type || !wanted->name->member)
		return NULL;
	member_key(&key, wanted->name->container_type, wanted->name->member);
	return iq_strmap_get(&h->by_member, iq_strbuf_str(&key));
}

static bool is_found(const struct found *found, const struct iq_task *task)
{
	for (size_t i = 0; i < found->num; i++)
		if (found->list[i].task == task)
			return true;
	return false;
}

static void add_inside(struct iq_diag *d, const struct iq_wait *wait, const struct row *row,
		       const struct iq_holders_wanted *wanted, struct found *found)
{
	iq_vec_foreach(&row->inside, in) {
		struct iq_holding h = { .row = row->holder,
					.lock = wanted->lock,
					.name = wanted->name,
					.task = in->task,
					.stack = iq_task_stack(d->s, in->task),
					.frame = in->frame };

		if (found->num == MAX_FOUND)
			return;
		if (in->task->pid == wait->task->tid || is_found(found, in->task))
			continue;
		if (!row->holder->even_queued && wanted->is_queued &&
		    wanted->is_queued(wanted->queue, in->task->addr))
			continue;
		h.fit = row->holder->fits ? row->holder->fits(d, &h) : IQ_FIT_YES;
		if (h.fit == IQ_FIT_NO)
			continue;
		found->list[found->num++] = h;
		found->sure += h.fit == IQ_FIT_YES;
	}
}

static const char *in_words(struct iq_diag *d, const struct iq_holding *h)
{
	const char *function = h->stack->frames[h->frame].sym.name;

	if (h->said)
		return h->said;
	return iq_arena_printf(d->g->arena, "%s (%d) sleeps inside of %s()%s", h->task->comm,
			       h->task->pid, function, h->row->functions ? ", which has it" : "");
}

enum iq_fit iq_holder_on_stack(struct iq_diag *d, struct iq_holding *h)
{
	iq_vaddr at = h->name->container && iq_stack_mentions(h->stack, h->name->container)
			      ? h->name->container
		      : iq_stack_mentions(h->stack, h->lock) ? h->lock
							     : 0;

	if (!at)
		return IQ_FIT_NO;
	h->said = iq_arena_printf(d->g->arena, "%s, with %#" PRIx64 " on its stack", in_words(d, h),
				  at);
	return IQ_FIT_YES;
}

/* Does the number of those who were found say that it is they? */
static bool agrees(const struct iq_holding *h, const struct found *found, unsigned counted)
{
	if (h->row->proof == IQ_HOLDER_RECORDED)
		return true;
	if (h->fit != IQ_FIT_YES || found->num == MAX_FOUND)
		return false;
	return h->row->proof == IQ_HOLDER_INSIDE ? found->num <= counted : found->sure == counted;
}

static void add_edge(struct iq_diag *d, struct iq_wait *wait, const struct iq_holding *h,
		     const struct iq_holders_wanted *wanted, bool sure)
{
	const char *how = h->row->how			 ? h->row->how
			  : wanted->mode == IQ_HOLD_READ ? "holds it for read"
							 : "holds it for write";
	struct iq_edge *e = iq_graph_edge(
		d->g, wait->task, iq_diag_task(d, h->task), wait->on,
		sure ? IQ_EDGE_OWNER : IQ_EDGE_MAYBE,
		sure && h->row->proof != IQ_HOLDER_LIKELY ? IQ_STRONG : IQ_LIKELY, "%s", how);

	if (h->row->proof == IQ_HOLDER_RECORDED || (!wanted->record && !wanted->counted))
		iq_text_add(d->g, &e->evidence, "%s", in_words(d, h));
	else if (wanted->record)
		iq_text_add(d->g, &e->evidence, "%s; %s", in_words(d, h), wanted->record);
	else
		iq_text_add(d->g, &e->evidence, "%s; %u reader%s counted", in_words(d, h),
			    wanted->counted, wanted->counted == 1 ? " is" : "s are");
}

static bool ask_rows(struct iq_diag *d, struct iq_wait *wait,
		     const struct iq_holders_wanted *wanted)
{
	struct holders *h = engine_of(d)->holders;
	struct found found = { .num = 0 };
	size_t recorded = 0;
	bool only_sure;

	for (const struct row *row = rows_of(h, wanted); row; row = row->next) {
		if (row->holder->mode != wanted->mode)
			continue;
		if (!h->looked)
			look_at_stacks(engine_of(d), h);
		add_inside(d, wait, row, wanted, &found);
	}
	/* Those who surely have it are as many as do: the others have let go. */
	only_sure = found.sure && found.sure == wanted->counted && found.num < MAX_FOUND;
	for (size_t i = 0; i < found.num; i++) {
		const struct iq_holding *one = &found.list[i];
		bool sure = !h->cut && agrees(one, &found, wanted->counted);

		recorded += one->row->proof == IQ_HOLDER_RECORDED;
		if (one->fit == IQ_FIT_YES || !only_sure)
			add_edge(d, wait, one, wanted, sure);
	}
	return found.num &&
	       (wanted->counted ? found.num >= wanted->counted : recorded == found.num);
}

/* ---- the question ---- */

static bool ask_rules(struct iq_diag *d, struct iq_wait *wait,
		      const struct iq_holders_wanted *wanted)
{
	iq_vec_foreach(&engine_of(d)->holder_rules, rule)
		if (!strcmp((*rule)->lock_type, wanted->type) && (*rule)->find(d, wait, wanted))
			return true;
	return false;
}

/* What was said for another who waits for the same: the same edges. */
static void say_again(struct iq_diag *d, struct iq_wait *wait, const struct found_holders *found)
{
	for (size_t i = found->first; i < found->end; i++) {
		const struct iq_edge *old = found->wait->task->out.data[i];
		struct iq_edge *e;

		if (old->to == wait->task)
			continue;
		e = iq_graph_edge(d->g, wait->task, old->to, wait->on, old->kind, old->certainty,
				  "%s", old->how);
		for (size_t k = e->evidence.num; k < old->evidence.num; k++)
			iq_text_add(d->g, &e->evidence, "%s", old->evidence.data[k]);
	}
}

bool iq_diag_find_holders(struct iq_diag *d, struct iq_wait *wait,
			  const struct iq_holders_wanted *wanted)
{
	struct engine *e = engine_of(d);
	uint64_t key = iq_hash_u64(wanted->lock * 2 + wanted->mode) ^ wanted->counted ^
		       (wait->mode ? iq_hash_bytes(wait->mode, strlen(wait->mode)) : 0);
	struct found_holders *found;
	uint64_t *known;

	if (!e->holders)
		e->holders = holders_new(e);
	known = iq_map_get(&e->holders->found, key);
	found = known ? (struct found_holders *)(uintptr_t)*known : NULL;
	/* A thousand waiters of one lock have the same in front of them. */
	if (found && found->wait->on == wait->on) {
		say_again(d, wait, found);
		return found->all;
	}
	found = iq_arena_alloc(d->g->arena, sizeof(*found));
	found->wait = wait;
	found->first = wait->task->out.num;
	found->all =
		ask_rules(d, wait, wanted) || (!wanted->records_only && ask_rows(d, wait, wanted));
	found->end = wait->task->out.num;
	iq_map_set(&e->holders->found, key, (uintptr_t)found);
	return found->all;
}
