/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a task sleeps on, whatever it is
 *
 * Wait queues, completions, bits and pages are found as for the rules (waitq.c). The waiters of
 * sleeping locks have one shape in common: a list_head and, close behind it, the sleeping task:
 *
 *	struct mutex_waiter     { list, task, ... }
 *	struct rwsem_waiter     { list, task, ... }
 *	struct semaphore_waiter { list, task, ... }
 *	struct rt_mutex_waiter  { nodes of trees, task, lock, ... }
 *
 * The head of such a list is the node that is on no task's stack.
 *
 * Kernel: kernel/locking/mutex.h, rwsem.c, semaphore.c, rtmutex_common.h.
 */
#include "kernel/sleep-on.h"

#include "inquest/waitq.h"
#include "kernel/session.h"

enum { MAX_WAITERS = 100000, LIST_BEFORE_TASK = 16 };

bool iq_is_list_link(struct iq_session *s, iq_vaddr at, uint64_t word)
{
	uint64_t back[2];

	if (!iq_is_kernel_ptr(s, word) || !iq_peek(s, word, back, sizeof(back)))
		return false;
	/* at is our next, whose prev is our node; or our prev, whose next is it. */
	return back[1] == at || back[0] == at - 8;
}

static bool is_linked(struct iq_session *s, iq_vaddr node)
{
	uint64_t links[2];

	return iq_peek(s, node, links, sizeof(links)) && links[0] != node &&
	       iq_is_list_link(s, node, links[0]) && iq_is_list_link(s, node + 8, links[1]);
}

/* The node of this ring that is on nobody's stack; 0: there is none, or it does not close. */
static iq_vaddr list_head(struct iq_session *s, iq_vaddr node)
{
	iq_vaddr start = node, next, back;

	for (size_t i = 0; i < MAX_WAITERS; i++) {
		if (!iq_peek_u64(s, node, &next) || !iq_is_kernel_ptr(s, next) || next == start ||
		    !iq_peek_u64(s, next + 8, &back) || back != node)
			return 0;
		if (!iq_task_by_stack_addr(s, next))
			return next;
		node = next;
	}
	return 0;
}

static bool find_list(struct iq_session *s, const struct iq_task *task,
		      const struct iq_stack *stack, iq_vaddr *head_ret)
{
	for (size_t i = 2; i < stack->num_words; i++) {
		iq_vaddr node = stack->sp + 8 * i - LIST_BEFORE_TASK, head;

		if (stack->words[i] != task->addr || !is_linked(s, node))
			continue;
		head = list_head(s, node);
		if (!head)
			continue;
		*head_ret = head;
		return true;
	}
	return false;
}

/* A waiter of an rtmutex names its lock; that it waits is shown by the lock's tree, whose root is a
 * waiter on some task's stack. */
static bool find_rtmutex(struct iq_session *s, const struct iq_task *task,
			 const struct iq_stack *stack, iq_vaddr *lock_ret)
{
	static const char type[] = "struct rt_mutex_waiter", base[] = "struct rt_mutex_base";
	int64_t task_off = iq_offsetof(s, type, "task"), lock_off = iq_offsetof(s, type, "lock");
	const char *lock_type = iq_has_type(s, base) ? base : "struct rt_mutex";
	uint64_t lock, root;

	if (task_off < 0 || lock_off < 0)
		return false;
	for (size_t i = 0; i < stack->num_words; i++) {
		iq_vaddr waiter = stack->sp + 8 * i - (uint64_t)task_off;

		if (stack->words[i] != task->addr || waiter < stack->sp ||
		    !iq_peek_u64(s, waiter + (uint64_t)lock_off, &lock) ||
		    !iq_is_kernel_ptr(s, lock) || iq_task_by_stack_addr(s, lock) ||
		    !iq_peek_member(s, lock_type, "waiters.rb_root.rb_node", lock, &root) ||
		    !iq_task_by_stack_addr(s, root))
			continue;
		*lock_ret = lock;
		return true;
	}
	return false;
}

static enum iq_sleep_kind find(struct iq_session *s, const struct iq_task *task,
			       const struct iq_stack *stack, struct iq_sleep_on *on)
{
	struct iq_wait_entry entry;

	if (iq_find_wait_page(s, task, stack, &on->addr, &on->bit))
		return IQ_ON_PAGE;
	if (iq_find_wait_bit(s, task, stack, &on->addr, &on->bit))
		return on->bit < 0 ? IQ_ON_VAR : IQ_ON_BIT;
	if (iq_find_completion(s, task, stack, &on->addr))
		return IQ_ON_COMPLETION;
	if (iq_find_wait_entry(s, task, stack, NULL, &entry)) {
		on->addr = entry.head;
		return IQ_ON_QUEUE;
	}
	if (find_list(s, task, stack, &on->addr) || find_rtmutex(s, task, stack, &on->addr))
		return IQ_ON_LOCK;
	return IQ_ON_NOTHING;
}

void iq_sleep_on(struct iq_session *s, const struct iq_task *task, const struct iq_stack *stack,
		 struct iq_sleep_on *on_ret)
{
	*on_ret = (struct iq_sleep_on){ .bit = -1 };
	on_ret->kind = find(s, task, stack, on_ret);
	if (on_ret->kind == IQ_ON_NOTHING)
		on_ret->addr = 0;
	on_ret->own = on_ret->addr && iq_task_by_stack_addr(s, on_ret->addr) == task;
}

const char *iq_sleep_kind_in_words(enum iq_sleep_kind kind)
{
	switch (kind) {
	case IQ_ON_PAGE:
		return "a page";
	case IQ_ON_BIT:
		return "a bit";
	case IQ_ON_VAR:
		return "a variable";
	case IQ_ON_QUEUE:
		return "a wait queue";
	case IQ_ON_COMPLETION:
		return "a completion";
	case IQ_ON_LOCK:
		return "a lock";
	default:
		return "nothing that could be found";
	}
}
