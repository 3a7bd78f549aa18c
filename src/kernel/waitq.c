/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a sleeping task left on its stack to be woken by
 */
#include "inquest/waitq.h"

#include "kernel/session.h"

enum { MAX_QUEUE = 100000 };

struct entry_layout {
	int64_t flags, private, func, list, head;
};

static bool entry_layout(struct iq_session *s, struct entry_layout *l)
{
	static const char type[] = "struct wait_queue_entry";

	l->flags = iq_offsetof(s, type, "flags");
	l->private = iq_offsetof(s, type, "private");
	l->func = iq_offsetof(s, type, "func");
	l->list = iq_offsetof(s, type, "entry");
	l->head = iq_offsetof(s, "struct wait_queue_head", "head");
	return l->flags >= 0 && l->private >= 0 && l->func >= 0 && l->list >= 0 && l->head >= 0;
}

/* Are both neighbours of this node linked to it? A node alone in its ring is nobody's waiter. */
static bool is_linked(struct iq_session *s, iq_vaddr node)
{
	uint64_t links[2], back;

	return iq_peek(s, node, links, sizeof(links)) && links[0] != node &&
	       iq_is_kernel_ptr(s, links[0]) && iq_is_kernel_ptr(s, links[1]) &&
	       iq_peek_u64(s, links[0] + 8, &back) && back == node &&
	       iq_peek_u64(s, links[1], &back) && back == node;
}

/* Entries have a function to be called; the head, a bare list after a spinlock, has none. */
static bool is_entry(struct iq_session *s, const struct entry_layout *l, iq_vaddr node)
{
	uint64_t func;

	return iq_peek_u64(s, node - (uint64_t)l->list + (uint64_t)l->func, &func) &&
	       iq_is_text(s, func);
}

/* Node of a wait queue -> its head. */
static void *make_heads(struct iq_session *s)
{
	(void)s;
	return iq_xcalloc(1, sizeof(struct iq_map));
}

static void free_heads(void *value)
{
	iq_map_deinit(value);
	free(value);
}

static const struct iq_cache heads_cache = { .life = IQ_CACHE_SNAPSHOT,
					     .make = make_heads,
					     .free = free_heads };

/*
 * The head of the queue that node is in. Remembered for all nodes that were passed: thousands may
 * wait in one queue.
 */
static iq_vaddr find_head(struct iq_session *s, const struct entry_layout *l, iq_vaddr node)
{
	struct iq_map *heads = iq_cache_get(s, &heads_cache);
	uint64_t *known = iq_map_get(heads, node), back;
	IQ_VEC(iq_vaddr) passed = { 0 };
	iq_vaddr head = 0, next;

	if (known)
		return *known;
	while (!head && passed.num < MAX_QUEUE) {
		iq_vec_push(&passed, node);
		/* Links that lead back show that the walk is still in the ring that it began in. */
		if (!iq_peek_u64(s, node, &next) || !iq_is_kernel_ptr(s, next) ||
		    next == passed.data[0] || !iq_peek_u64(s, next + 8, &back) || back != node)
			break;
		known = iq_map_get(heads, next);
		if (known)
			head = *known;
		else if (!is_entry(s, l, next))
			head = next - (uint64_t)l->head;
		node = next;
	}
	for (size_t i = 0; head && i < passed.num; i++)
		iq_map_set(heads, passed.data[i], head);
	iq_vec_free(&passed);
	return head;
}

iq_vaddr iq_find_linked(struct iq_session *s, const struct iq_task *task,
			const struct iq_stack *stack, const char *type, const char *task_member,
			const char *list_member)
{
	int64_t off = iq_offsetof(s, type, task_member), list = iq_offsetof(s, type, list_member);

	for (size_t i = 0; off >= 0 && list >= 0 && i < stack->num_words; i++) {
		iq_vaddr addr = stack->sp + 8 * i - (uint64_t)off;

		if (stack->words[i] == task->addr && addr >= stack->sp &&
		    is_linked(s, addr + (uint64_t)list))
			return addr;
	}
	return 0;
}

bool iq_find_wait_entry(struct iq_session *s, const struct iq_task *task,
			const struct iq_stack *stack, const char *func,
			struct iq_wait_entry *entry_ret)
{
	iq_vaddr wanted = func ? iq_sym_addr(s, func) : 0;
	struct entry_layout l;
	uint64_t fn, flags;

	if ((func && !wanted) || !entry_layout(s, &l))
		return false;
	for (size_t i = 0; i < stack->num_words; i++) {
		iq_vaddr entry = stack->sp + 8 * i - (uint64_t)l.private, head;

		if (stack->words[i] != task->addr || entry < stack->sp ||
		    !iq_peek_u64(s, entry + (uint64_t)l.func, &fn) ||
		    (wanted ? fn != wanted : !iq_is_text(s, fn)) ||
		    !is_linked(s, entry + (uint64_t)l.list))
			continue;
		head = find_head(s, &l, entry + (uint64_t)l.list);
		if (!head || !iq_peek_u64(s, entry + (uint64_t)l.flags, &flags))
			continue;
		*entry_ret = (struct iq_wait_entry){
			.entry = entry, .head = head, .func = fn, .flags = flags & 0xffffffff
		};
		return true;
	}
	return false;
}

bool iq_find_completion(struct iq_session *s, const struct iq_task *task,
			const struct iq_stack *stack, iq_vaddr *completion_ret)
{
	int64_t task_off = iq_offsetof(s, "struct swait_queue", "task");
	int64_t list = iq_offsetof(s, "struct swait_queue", "task_list");
	int64_t head = iq_offsetof(s, "struct completion", "wait.task_list");
	uint64_t node, done;

	if (task_off < 0 || list < 0 || head < 0)
		return false;
	for (size_t i = 0; i < stack->num_words; i++) {
		iq_vaddr entry = stack->sp + 8 * i - (uint64_t)task_off;
		iq_vaddr start = entry + (uint64_t)list;

		if (stack->words[i] != task->addr || entry < stack->sp || !is_linked(s, start))
			continue;
		/* The head is the node before a `done` of 0 or more and no task of its own. */
		node = start;
		for (size_t n = 0; n < MAX_QUEUE; n++) {
			uint64_t who;

			if (!iq_peek_u64(s, node, &node) || node == start)
				break;
			if (iq_peek_u64(s, node - (uint64_t)list + (uint64_t)task_off, &who) &&
			    iq_task_by_addr(s, who) &&
			    iq_task_by_stack_addr(s, node) == iq_task_by_addr(s, who))
				continue;
			if (!iq_peek_member(s, "struct completion", "done", node - (uint64_t)head,
					    &done) ||
			    (done && done != 0xffffffff && done > 100000))
				break;
			*completion_ret = node - (uint64_t)head;
			return true;
		}
	}
	return false;
}

bool iq_find_wait_bit(struct iq_session *s, const struct iq_task *task,
		      const struct iq_stack *stack, iq_vaddr *word_ret, int *bit_ret)
{
	static const char type[] = "struct wait_bit_queue_entry";
	int64_t inner = iq_offsetof(s, type, "wq_entry");
	static const char *const funcs[] = { "wake_bit_function", "var_wake_function" };
	struct iq_wait_entry e;
	uint64_t flags, bit;

	for (size_t i = 0; inner >= 0 && i < IQ_ARRAY_SIZE(funcs); i++) {
		if (!iq_find_wait_entry(s, task, stack, funcs[i], &e) ||
		    !iq_peek_member(s, type, "key.flags", e.entry - (uint64_t)inner, &flags) ||
		    !iq_peek_member(s, type, "key.bit_nr", e.entry - (uint64_t)inner, &bit))
			continue;
		*word_ret = flags;
		*bit_ret = i ? -1 : (int)bit;
		return true;
	}
	return false;
}

bool iq_find_wait_page(struct iq_session *s, const struct iq_task *task,
		       const struct iq_stack *stack, iq_vaddr *page_ret, int *bit_ret)
{
	static const char type[] = "struct wait_page_queue";
	int64_t inner = iq_offsetof(s, type, "wait");
	struct iq_wait_entry e;
	uint64_t page, bit;

	if (inner < 0 || !iq_find_wait_entry(s, task, stack, "wake_page_function", &e))
		return false;
	/* A folio since v5.16; a page before. */
	if (!iq_peek_member(s, type, "folio", e.entry - (uint64_t)inner, &page) &&
	    !iq_peek_member(s, type, "page", e.entry - (uint64_t)inner, &page))
		return false;
	if (!iq_peek_member(s, type, "bit_nr", e.entry - (uint64_t)inner, &bit))
		return false;
	*page_ret = page;
	*bit_ret = (int)bit;
	return true;
}

bool iq_stack_mentions(const struct iq_stack *stack, uint64_t word)
{
	for (size_t i = 0; i < stack->num_words; i++)
		if (stack->words[i] == word)
			return true;
	for (size_t f = 0; f < stack->num_frames; f++)
		for (unsigned r = 0; r < IQ_NUM_REGS; r++)
			if ((stack->frames[f].regs.known & (1u << r)) &&
			    stack->frames[f].regs.r[r] == word)
				return true;
	return false;
}

iq_vaddr iq_kthread_data(struct iq_session *s, const struct iq_task *task)
{
	uint64_t kthread, data;

	/* In worker_private since v5.17. */
	return task->kthread &&
			       (iq_peek_member(s, "struct task_struct", "worker_private",
					       task->addr, &kthread) ||
				iq_peek_member(s, "struct task_struct", "set_child_tid", task->addr,
					       &kthread)) &&
			       kthread &&
			       iq_peek_member(s, "struct kthread", "data", kthread, &data) &&
			       iq_is_kernel_ptr(s, data)
		       ? data
		       : 0;
}

iq_vaddr iq_stack_search(struct iq_session *s, const struct iq_stack *stack, size_t from,
			 iq_fits_fn fits, void *ctx)
{
	for (size_t f = from; f < stack->num_frames; f++) {
		const struct iq_regs *regs = &stack->frames[f].regs;

		for (unsigned r = 0; r < IQ_NUM_REGS; r++)
			if ((regs->known & (1u << r)) && iq_is_kernel_ptr(s, regs->r[r]) &&
			    fits(s, regs->r[r], ctx))
				return regs->r[r];
	}
	for (size_t i = 0; i < stack->num_words; i++)
		if (iq_is_kernel_ptr(s, stack->words[i]) && fits(s, stack->words[i], ctx))
			return stack->words[i];
	return 0;
}

const char *const iq_page_wait_functions[] = {
	"folio_wait_bit_common",
	"folio_wait_bit",
	"folio_wait_bit_killable",
	"wait_on_page_bit_common",
	"wait_on_page_bit",
	"wait_on_page_bit_killable",
	"__lock_page",
	"__lock_page_killable",
	"__folio_lock",
	"__folio_lock_killable",
	"__folio_lock_or_retry",
	"__lock_page_or_retry",
	"folio_wait_writeback",
	"wait_on_page_writeback",
	"folio_wait_stable",
	"wait_for_stable_page",
	"migration_entry_wait_on_locked",
	"softleaf_entry_wait_on_locked",
	"folio_put_wait_locked",
	"put_and_wait_on_page_locked",
	NULL,
};
