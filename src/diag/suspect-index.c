/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who has what on the stack
 *
 * The words of all stacks of tasks that could be in somebody's way, sorted: who works on an object
 * has its address in one of the frames. Only the used part of a stack counts. What lies in it may
 * still be left over from an earlier call, so that a word alone proves nothing.
 */
#include <stdio.h>
#include <stdlib.h>

#include "diag/suspect.h"
#include "inquest/sleep.h"

enum { MAX_MENTIONS = 8 * 1000 * 1000, MAX_TOLD = 4096, NS_PER_MS = 1000000 };

int telling_frame(const struct iq_stack *stack)
{
	for (size_t i = 0; i < stack->num_frames; i++)
		if (stack->frames[i].sym.name &&
		    !(iq_sleep_kinds(&stack->frames[i]) & IQ_SLEEP_HOW))
			return (int)i;
	return -1;
}

const char *function_at(const struct iq_stack *stack, size_t at)
{
	iq_vaddr addr = stack->sp + 8 * at;
	const char *name = NULL;

	/* A frame goes from its stack pointer up to the next one's. */
	for (size_t i = 0; i < stack->num_frames && stack->frames[i].sp <= addr; i++)
		name = stack->frames[i].sym.name;
	return name;
}

/* Runs, or sleeps as it likes: such a task is in nobody's way, or the rules know it. */
static bool may_be_in_the_way(struct engine *e, const struct iq_task *t)
{
	const struct iq_object *o;
	char id[32];

	if (t->pid <= 0 || t->unreadable || !t->stack || t->on_cpu || t->state == 'Z' ||
	    t->state == 'X')
		return false;
	if (t->state == 'D' || t->state == 'T' || t->state == 't' || t->frozen)
		return true;
	if (t->state == 'R' && t->queued_ns > e->d.bound_ms * NS_PER_MS)
		return true;
	snprintf(id, sizeof(id), "task:%d", t->pid);
	o = iq_graph_find(e->d.g, id);
	return o && (o->wait || o->verdict);
}

static int by_word(const void *a, const void *b)
{
	const struct mention *x = a, *y = b;

	if (x->word != y->word)
		return x->word < y->word ? -1 : 1;
	if (x->task != y->task)
		return x->task < y->task ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static void index_stack(struct suspects *x, size_t task, const struct iq_stack *stack)
{
	struct iq_session *s = x->e->d.s;

	for (size_t i = 0; stack->words && i < stack->num_words; i++) {
		uint64_t word = stack->words[i];

		if (!iq_is_kernel_ptr(s, word) || (word >= stack->sp && word < stack->end) ||
		    x->mentions.num == MAX_MENTIONS)
			continue;
		iq_vec_push(&x->mentions, (struct mention){ word, (uint32_t)task, (uint32_t)i });
	}
}

static void make_index(struct suspects *x)
{
	const struct iq_task_list *list = x->e->d.tasks;

	x->indexed = true;
	for (size_t i = 0; i < list->num_tasks; i++) {
		if (i % 64 == 0 && iq_engine_expired(x->e))
			break;
		if (may_be_in_the_way(x->e, &list->tasks[i]))
			index_stack(x, i, iq_task_stack(x->e->d.s, &list->tasks[i]));
	}
	if (x->mentions.num)
		qsort(x->mentions.data, x->mentions.num, sizeof(*x->mentions.data), by_word);
}

void each_mention(struct suspects *x, iq_vaddr from, iq_vaddr end, mention_fn fn, void *ctx)
{
	const struct iq_task *tasks = x->e->d.tasks->tasks;
	size_t low = 0, high;

	if (!x->indexed)
		make_index(x);
	high = x->mentions.num;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (x->mentions.data[middle].word < from)
			low = middle + 1;
		else
			high = middle;
	}
	for (size_t n = 0; low < x->mentions.num && n < MAX_TOLD; low++, n++) {
		const struct mention *m = &x->mentions.data[low];

		if (m->word >= end ||
		    fn(ctx, &tasks[m->task], iq_task_stack(x->e->d.s, &tasks[m->task]), m->at))
			return;
	}
}
