/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A task's stack, as far as it holds still
 *
 * On a live machine a stack counts only if the task did not run while it was
 * read: its switch count and stack pointer are read before and after. A task
 * that ran is read again, a few times; then it is said to be running, which is
 * what it does.
 */
#include "kernel/session.h"

enum { MAX_TRIES = 3 };

/* Where this kernel keeps what tells that a task ran. */
struct steady {
	int64_t on_cpu, nvcsw, nivcsw, sp, stack, pid;
	uint64_t on_cpu_size;
};

static bool steady_init(struct iq_session *s, struct steady *o)
{
	static const char task[] = "struct task_struct";
	struct iq_member m;
	struct iq_type t;
	struct iq_error *err;

	o->on_cpu = iq_offsetof(s, task, "on_cpu");
	o->nvcsw = iq_offsetof(s, task, "nvcsw");
	o->nivcsw = iq_offsetof(s, task, "nivcsw");
	o->sp = iq_offsetof(s, task, "thread.sp");
	o->stack = iq_offsetof(s, task, "stack");
	o->pid = iq_offsetof(s, task, "pid");
	o->on_cpu_size = 4;
	err = iq_type_by_name(s, task, &t);
	if (!err)
		err = iq_type_member(t, "on_cpu", &m);
	if (!err)
		o->on_cpu_size = IQ_MIN(iq_type_size(m.type), (uint64_t)8);
	iq_error_free(err);
	return o->nvcsw >= 0 && o->nivcsw >= 0 && o->sp >= 0 && o->stack >= 0 && o->pid >= 0;
}

static bool peek_fresh(struct iq_session *s, iq_vaddr addr, void *buf, size_t len)
{
	struct iq_error *err = iq_mem_read_fresh(s->mem, addr, buf, len);

	if (!err)
		return true;
	iq_error_free(err);
	return false;
}

struct moment {
	uint64_t switches, sp, on_cpu, stack;
	uint32_t pid;
};

static bool read_moment(struct iq_session *s, const struct steady *o, iq_vaddr task,
			struct moment *m)
{
	uint64_t nvcsw, nivcsw;

	m->on_cpu = 0;
	if (!peek_fresh(s, task + (uint64_t)o->nvcsw, &nvcsw, 8) ||
	    !peek_fresh(s, task + (uint64_t)o->nivcsw, &nivcsw, 8) ||
	    !peek_fresh(s, task + (uint64_t)o->sp, &m->sp, 8) ||
	    !peek_fresh(s, task + (uint64_t)o->stack, &m->stack, 8) ||
	    !peek_fresh(s, task + (uint64_t)o->pid, &m->pid, 4))
		return false;
	if (o->on_cpu >= 0 &&
	    !peek_fresh(s, task + (uint64_t)o->on_cpu, &m->on_cpu, o->on_cpu_size))
		return false;
	m->switches = nvcsw + nivcsw;
	return true;
}

static struct iq_error *read_once(struct iq_session *s, const struct iq_task *task, iq_vaddr sp,
				  struct iq_stack *stack)
{
	struct iq_unwind_start start = { .sp = sp,
					 .stack = task->stack,
					 .stack_end = task->stack + s->stack_size,
					 .user_task = !task->kthread };
	struct iq_regs regs;
	struct iq_error *err;

	if (task->on_cpu) {
		err = s->target->ops->cpu_regs(s->target, task->cpu, &regs);
		if (err) {
			iq_error_free(err);
			stack->why_none = "running";
			return NULL;
		}
		start.regs = &regs;
		return iq_unwind(s->unwinder, &start, s->scratch, stack);
	}
	if (sp < task->stack || sp >= task->stack + s->stack_size || sp & 7)
		return iq_error_new(IQ_ERR_CORRUPT,
				    "the saved stack pointer %#" PRIx64
				    " is not on the stack at %#" PRIx64,
				    sp, task->stack);
	err = iq_unwind(s->unwinder, &start, s->scratch, stack);
	/* It sleeps, so that there has to be something. */
	if (!err && !stack->num_frames)
		stack->unreadable = true;
	return err;
}

struct iq_error *iq_stack_read(struct iq_session *s, const struct iq_task *task,
			       struct iq_stack *stack_ret)
{
	struct moment before, after;
	struct iq_error *err = NULL;
	struct steady o;

	*stack_ret = (struct iq_stack){ 0 };
	if (task->unreadable || !task->stack) {
		stack_ret->why_none = task->unreadable ? "unreadable" : "zombie";
		return NULL;
	}
	if (!iq_is_live(s))
		return read_once(s, task, task->sp, stack_ret);
	if (!steady_init(s, &o))
		return iq_error_new(IQ_ERR_NOTFOUND,
				    "no saved stack pointer in struct task_struct");
	for (int i = 0; i < MAX_TRIES; i++) {
		iq_error_free(err);
		err = NULL;
		*stack_ret = (struct iq_stack){ .why_none = "running" };
		if (!read_moment(s, &o, task->addr, &before))
			return iq_error_fault(task->addr, "task_struct");
		if (before.on_cpu)
			return NULL;
		/* Its task_struct has been given to another since. */
		if (before.stack != task->stack || (int32_t)before.pid != task->pid) {
			stack_ret->why_none = "gone";
			return NULL;
		}
		err = read_once(s, task, before.sp, stack_ret);
		if (!read_moment(s, &o, task->addr, &after))
			break;
		if (before.switches == after.switches && before.sp == after.sp && !after.on_cpu)
			return err;
	}
	iq_error_free(err);
	*stack_ret = (struct iq_stack){ .why_none = "running", .moved = true };
	return NULL;
}

/* The stacks that were asked for: one a task of the snapshot, NULL else; themselves in the scratch
 * arena. */
static void *make_stacks(struct iq_session *s)
{
	const struct iq_task_list *list = iq_tasks(s);

	return list ? iq_xcalloc(list->num_tasks, sizeof(struct iq_stack *)) : NULL;
}

static const struct iq_cache stacks_cache = { .life = IQ_CACHE_SNAPSHOT,
					      .make = make_stacks,
					      .free = free };

const struct iq_stack *iq_task_stack(struct iq_session *s, const struct iq_task *task)
{
	struct iq_stack **stacks = iq_cache_get(s, &stacks_cache), **stack;
	struct iq_error *err;

	stack = &stacks[task - iq_tasks(s)->tasks];
	if (!*stack) {
		*stack = iq_arena_alloc(s->scratch, sizeof(**stack));
		err = iq_stack_read(s, task, *stack);
		if (err) {
			(*stack)->num_frames = 0;
			(*stack)->why_none = iq_arena_strdup(s->scratch, iq_error_text(err));
			(*stack)->unreadable = true;
			iq_error_free(err);
		}
	}
	return *stack;
}
