/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Timers that have not yet fired
 *
 * timer_list: each CPU has two or three wheels (timer_bases), each an array of lists by level and
 * slot; times are in jiffies. hrtimer: each CPU has a tree a clock (hrtimer_bases.clock_base),
 * times are in nanoseconds of that clock.
 *
 * Kernel: kernel/time/timer.c, kernel/time/hrtimer.c, include/linux/hrtimer_defs.h.
 */
#include <stdio.h>

#include "inquest/module.h"

enum { MAX_TIMERS = 1 << 20, MAX_SLOTS = 4096, MAX_BASES = 4, MAX_CLOCKS = 16 };

static const char base_type[] = "struct timer_base";

/* ---- timer_list ---- */

struct wheel_walk {
	struct iq_session *s;
	bool (*fn)(void *ctx, unsigned cpu, iq_vaddr timer);
	void *ctx;
	unsigned cpu;
	bool stop;
};

static bool wheel_timer(void *ctx, iq_vaddr node)
{
	struct wheel_walk *w = ctx;
	int64_t entry = iq_offsetof(w->s, "struct timer_list", "entry");

	w->stop = w->fn(w->ctx, w->cpu, node - (uint64_t)IQ_MAX(entry, 0));
	return w->stop;
}

static struct iq_error *walk_wheel(struct wheel_walk *w, iq_vaddr base)
{
	struct iq_type type, vectors;
	struct iq_member m;
	struct iq_error *err;
	uint64_t num, head;

	err = iq_type_by_name(w->s, base_type, &type);
	if (!err)
		err = iq_type_member(type, "vectors", &m);
	if (err)
		return err;
	vectors = iq_type_strip(m.type);
	num = IQ_MIN(iq_type_num_elems(vectors), (uint64_t)MAX_SLOTS);
	for (uint64_t i = 0; i < num && !w->stop; i++) {
		iq_vaddr at = base + m.bit_offset / 8 + 8 * i;

		if (!iq_peek_u64(w->s, at, &head))
			return iq_error_fault(at, "timer wheel");
		if (!head)
			continue;
		/* One list that moved on or is broken leaves the others. */
		iq_error_free(iq_hlist_walk(w->s, at, MAX_TIMERS, wheel_timer, w));
	}
	return NULL;
}

static struct iq_error *each_timer(struct iq_session *s,
				   bool (*fn)(void *ctx, unsigned cpu, iq_vaddr timer), void *ctx)
{
	struct wheel_walk w = { .s = s, .fn = fn, .ctx = ctx };
	int64_t size = iq_sizeof(s, base_type);
	struct iq_error *err;
	struct iq_sym sym;
	uint64_t cpu_of;

	err = iq_sym_by_name(s, "timer_bases", &sym);
	if (err)
		return err;
	if (size <= 0)
		return iq_error_new(IQ_ERR_NOTFOUND, "%s is not known", base_type);
	for (w.cpu = 0; w.cpu < iq_num_cpus(s) && !w.stop; w.cpu++) {
		iq_vaddr first = iq_per_cpu(s, sym.addr, w.cpu);

		for (uint64_t i = 0; first && i < MAX_BASES; i++) {
			iq_vaddr base = first + i * (uint64_t)size;

			if (sym.size && (i + 1) * (uint64_t)size > sym.size)
				break;
			/* One after the last is something else. */
			if (!iq_peek_member(s, base_type, "cpu", base, &cpu_of) || cpu_of != w.cpu)
				break;
			err = walk_wheel(&w, base);
			if (err)
				return err;
		}
	}
	return NULL;
}

static bool emit_timer(void *ctx, unsigned cpu, iq_vaddr timer)
{
	(void)cpu;
	return iq_walk_emit(ctx, timer);
}

static struct iq_error *walk_timers(struct iq_walk *walk)
{
	return each_timer(walk->s, emit_timer, walk);
}

static const struct iq_column timer_columns[] = {
	{ "cpu", "CPU", .right = true, .min = 3 },
	{ "addr", "ADDR", .min = 16 },
	{ "in", "JIFFIES", .right = true, .min = 10 },
	{ "function", "FUNCTION" },
	{ 0 },
};

static bool print_timer(void *ctx, unsigned cpu, iq_vaddr timer)
{
	struct iq_cmd *cmd = ctx;
	uint64_t expires, function, now;
	struct iq_cell in = { IQ_CELL_UNREADABLE };

	if (cmd->to_pipe) {
		iq_out_value(cmd->out, timer);
		return iq_cmd_stop(cmd);
	}
	if (!iq_peek_member(cmd->s, "struct timer_list", "function", timer, &function))
		return false;
	if (iq_peek_member(cmd->s, "struct timer_list", "expires", timer, &expires) &&
	    iq_peek_u64(cmd->s, iq_sym_addr(cmd->s, "jiffies"), &now))
		in = (struct iq_cell)IQ_I64((int64_t)(expires - now));
	iq_out_row(
		cmd, timer_columns,
		IQ_CELLS(IQ_U64(cpu), IQ_ADDR(timer), in, IQ_STR(iq_sym_format(cmd->s, function))));
	return iq_cmd_stop(cmd);
}

static struct iq_error *cmd_timers(struct iq_cmd *cmd)
{
	iq_out_type_named(cmd, "struct timer_list");
	return each_timer(cmd->s, print_timer, cmd);
}

/* ---- hrtimer ---- */

struct tree_walk {
	struct iq_session *s;
	bool (*fn)(void *ctx, unsigned cpu, unsigned clock, iq_vaddr timer);
	void *ctx;
	unsigned cpu, clock;
	bool stop;
};

static bool tree_timer(void *ctx, iq_vaddr node)
{
	struct tree_walk *w = ctx;

	/* The node of the tree is the first member's first: hrtimer.node.node. */
	w->stop = w->fn(w->ctx, w->cpu, w->clock, node);
	return w->stop;
}

static struct iq_error *each_hrtimer(struct iq_session *s,
				     bool (*fn)(void *ctx, unsigned cpu, unsigned clock,
						iq_vaddr timer),
				     void *ctx)
{
	struct tree_walk w = { .s = s, .fn = fn, .ctx = ctx };
	iq_vaddr percpu = iq_sym_addr(s, "hrtimer_bases"), bases;
	char path[64];
	int64_t at;

	if (!percpu || iq_offsetof(s, "struct hrtimer", "node") != 0)
		return iq_error_new(IQ_ERR_NOTFOUND, "this kernel's hrtimers are not known");
	for (w.cpu = 0; w.cpu < iq_num_cpus(s); w.cpu++) {
		bases = iq_per_cpu(s, percpu, w.cpu);
		for (w.clock = 0; bases && w.clock < MAX_CLOCKS && !w.stop; w.clock++) {
			snprintf(path, sizeof(path), "clock_base[%u].active", w.clock);
			at = iq_offsetof(s, "struct hrtimer_cpu_base", path);
			if (at < 0)
				break;
			iq_error_free(iq_rbtree_walk(s, bases + (uint64_t)at, MAX_TIMERS,
						     tree_timer, &w));
		}
	}
	return NULL;
}

static bool emit_hrtimer(void *ctx, unsigned cpu, unsigned clock, iq_vaddr timer)
{
	(void)cpu;
	(void)clock;
	return iq_walk_emit(ctx, timer);
}

static struct iq_error *walk_hrtimers(struct iq_walk *walk)
{
	return each_hrtimer(walk->s, emit_hrtimer, walk);
}

static const struct iq_column hrtimer_columns[] = {
	{ "cpu", "CPU", .right = true, .min = 3 },
	{ "clock", "CLOCK", .min = 9 },
	{ "addr", "ADDR", .min = 16 },
	{ "expires", "EXPIRES_NS", .right = true, .min = 20 },
	{ "function", "FUNCTION", .min = 24 },
	{ "task", "TASK" },
	{ 0 },
};

/* A sleeping task's timer is in a struct hrtimer_sleeper. */
static const char *sleeper(struct iq_cmd *cmd, iq_vaddr timer, const char *function)
{
	const struct iq_task *t;
	uint64_t task;

	if (strcmp(function, "hrtimer_wakeup") != 0 ||
	    iq_offsetof(cmd->s, "struct hrtimer_sleeper", "timer") != 0 ||
	    !iq_peek_member(cmd->s, "struct hrtimer_sleeper", "task", timer, &task))
		return NULL;
	t = iq_task_by_addr(cmd->s, task);
	return t ? iq_arena_printf(cmd->arena, "%d (%s)", t->pid, t->comm) : NULL;
}

static bool print_hrtimer(void *ctx, unsigned cpu, unsigned clock, iq_vaddr timer)
{
	/* enum hrtimer_base_type; the second four fire in a soft interrupt. */
	static const char *const clocks[] = { "MONOTONIC", "REALTIME", "BOOTTIME", "TAI" };
	struct iq_cmd *cmd = ctx;
	uint64_t expires, function;
	const char *name;
	bool known;

	if (cmd->to_pipe) {
		iq_out_value(cmd->out, timer);
		return iq_cmd_stop(cmd);
	}
	if (!iq_peek_member(cmd->s, "struct hrtimer", "function", timer, &function))
		return false;
	known = iq_peek_member(cmd->s, "struct hrtimer", "node.expires", timer, &expires);
	name = iq_sym_format(cmd->s, function);
	iq_out_row(cmd, hrtimer_columns,
		   IQ_CELLS(IQ_U64(cpu), IQ_STR(clocks[clock % 4]), IQ_ADDR(timer),
			    IQ_KNOWN(known, expires), IQ_STR(name),
			    IQ_STR(sleeper(cmd, timer, name))));
	return iq_cmd_stop(cmd);
}

static struct iq_error *cmd_hrtimers(struct iq_cmd *cmd)
{
	iq_out_type_named(cmd, "struct hrtimer");
	iq_tasks(cmd->s);
	return each_hrtimer(cmd->s, print_hrtimer, cmd);
}

static const struct iq_dcmd dcmds[] = {
	{ "timers", "", "list the timers that have not fired yet",
	  "JIFFIES is how many from now; less than nothing for those that are late.", NULL,
	  cmd_timers },
	{ "callout", "", "list the timers that have not fired yet", NULL, NULL, cmd_timers },
	{ "hrtimers", "", "list the high-resolution timers that have not fired yet",
	  "With the task that each will wake, where it was made for a task's sleep.", NULL,
	  cmd_hrtimers },
	{ "cyclic", "", "list the high-resolution timers that have not fired yet", NULL, NULL,
	  cmd_hrtimers },
	{ 0 },
};

static const struct iq_walker walkers[] = {
	{ "timer", "every timer_list that is queued", IQ_WALK_GLOBAL, "struct timer_list",
	  walk_timers },
	{ "hrtimer", "every hrtimer that is queued", IQ_WALK_GLOBAL, "struct hrtimer",
	  walk_hrtimers },
	{ 0 },
};

static const struct iq_global globals[] = {
	{ "jiffies", "unsigned long" },
	{ "jiffies_64", "u64" },
	{ 0 },
};

const struct iq_module iq_module_timer = {
	.api = IQ_MODULE_API,
	.name = "timer",
	.summary = "timers that have not fired yet",
	.dcmds = dcmds,
	.walkers = walkers,
	.globals = globals,
};
