/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tasks with equal stacks: a hash over the addresses finds the candidates, which are then compared
 */
#include "inquest/groups.h"

static const char *reason(const struct iq_stack *stack)
{
	return stack->num_frames || !stack->why_none ? "" : stack->why_none;
}

static uint64_t hash_of(const struct iq_stack *stack, const struct iq_alike *alike)
{
	uint64_t hash = iq_hash_u64((uint8_t)alike->state ^ (uintptr_t)alike->what);

	for (size_t i = 0; i < stack->num_frames; i++)
		hash = iq_hash_u64(hash ^ stack->frames[i].pc);
	return hash ^ iq_hash_bytes(reason(stack), strlen(reason(stack)));
}

static bool has_equal_stack(const struct iq_stack *a, const struct iq_stack *b)
{
	if (a->num_frames != b->num_frames || strcmp(reason(a), reason(b)))
		return false;
	for (size_t i = 0; i < a->num_frames; i++)
		if (a->frames[i].pc != b->frames[i].pc)
			return false;
	return true;
}

static bool is_alike(const struct iq_alike *a, const struct iq_alike *b)
{
	return a->state == b->state && a->on_cpu == b->on_cpu && a->complete == b->complete &&
	       a->what == b->what;
}

void iq_groups_add(struct iq_groups *groups, const struct iq_task *task,
		   const struct iq_stack *stack, const struct iq_alike *alike)
{
	uint64_t hash = hash_of(stack, alike), *first = iq_map_get(&groups->by_hash, hash);
	struct iq_group *group;

	for (size_t i = first ? *first : 0; i; i = groups->list.data[i - 1].next) {
		group = &groups->list.data[i - 1];
		if (is_alike(&group->alike, alike) && has_equal_stack(group->stack, stack)) {
			iq_vec_push(&group->tasks, task);
			return;
		}
	}
	group = iq_vec_push(
		&groups->list,
		(struct iq_group){ .stack = stack, .alike = *alike, .next = first ? *first : 0 });
	iq_vec_push(&group->tasks, task);
	iq_map_set(&groups->by_hash, hash, groups->list.num);
}

void iq_groups_deinit(struct iq_groups *groups)
{
	iq_vec_foreach(&groups->list, group)
		iq_vec_free(&group->tasks);
	iq_vec_free(&groups->list);
	iq_map_deinit(&groups->by_hash);
}
