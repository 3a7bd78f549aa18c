/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What ps shows beyond the snapshot of tasks, read only where a column asks for it
 */
#include "cli/ps.h"

enum { MAX_RSS_PAGES = 1 << 30 };

/* include/linux/mm_types_task.h: MM_FILEPAGES, MM_ANONPAGES, (MM_SWAPENTS), MM_SHMEMPAGES */
static const unsigned rss_counters[] = { 0, 1, 3 };

struct layout {
	int64_t total_vm, locked_vm, rss, rss_size;
	int64_t percpu; /* percpu_counter.counters; -1: plain counters */
};

static void find_layout(struct iq_session *s, struct layout *l)
{
	static const char mm[] = "struct mm_struct";

	l->total_vm = iq_offsetof(s, mm, "total_vm");
	l->locked_vm = iq_offsetof(s, mm, "locked_vm");
	/* Per-CPU counters since v6.2, f1a7941243c1 ("mm: convert mm's rss stats into
	 * percpu_counter"). */
	l->rss = iq_offsetof(s, mm, "rss_stat[0].count");
	l->rss_size = iq_sizeof(s, "struct percpu_counter");
	l->percpu = l->rss < 0 ? -1
			       : iq_offsetof(s, "struct percpu_counter", "counters") -
					 iq_offsetof(s, "struct percpu_counter", "count");
	if (l->rss < 0) {
		l->rss = iq_offsetof(s, mm, "rss_stat.count");
		l->rss_size = 8;
	}
}

/* A counter with what each CPU has not added to it yet. */
static int64_t read_counter(struct iq_session *s, const struct layout *l, iq_vaddr at)
{
	uint64_t value, counters;
	uint32_t part;
	int64_t sum;

	if (!iq_peek_u64(s, at, &value))
		return 0;
	sum = (int64_t)value;
	if (l->percpu != -1 && iq_peek_u64(s, at + (uint64_t)l->percpu, &counters))
		for (unsigned cpu = 0; cpu < iq_num_cpus(s); cpu++)
			if (iq_cpu_online(s, cpu) &&
			    iq_peek_u32(s, iq_per_cpu(s, counters, cpu), &part))
				sum += (int32_t)part;
	/* It may stand below zero for a moment; that is said as zero. */
	return sum > 0 && sum < MAX_RSS_PAGES ? sum : 0;
}

static void read_mm(struct iq_session *s, const struct layout *l, struct ps_row *row)
{
	if (!row->task->mm || l->total_vm < 0)
		return;
	iq_peek_u64(s, row->task->mm + (uint64_t)l->total_vm, &row->total_vm);
	if (l->locked_vm >= 0)
		iq_peek_u64(s, row->task->mm + (uint64_t)l->locked_vm, &row->locked_vm);
	for (size_t i = 0; l->rss >= 0 && i < IQ_ARRAY_SIZE(rss_counters); i++)
		row->rss += (uint64_t)read_counter(s, l,
						   row->task->mm + (uint64_t)l->rss +
							   rss_counters[i] * (uint64_t)l->rss_size);
}

static int32_t read_tpgid(struct iq_session *s, const struct iq_task *t)
{
	/* Moved in v5.16, 6c80c0b94b94 ("tty: move ctrl members to a struct in tty_struct"). */
	const char *pgrp =
		iq_has_member(s, "struct tty_struct", "ctrl.pgrp") ? "ctrl.pgrp" : "pgrp";
	int64_t numbers = iq_offsetof(s, "struct pid", "numbers");
	int64_t nr = iq_offsetof(s, "struct upid", "nr");
	uint64_t tty, pid;
	uint32_t number;

	if (!t->tty_nr || numbers < 0 || nr < 0 ||
	    !iq_peek_member(s, "struct signal_struct", "tty", t->signal, &tty) || !tty ||
	    !iq_peek_member(s, "struct tty_struct", pgrp, tty, &pid) || !pid ||
	    !iq_peek_u32(s, pid + (uint64_t)(numbers + nr), &number))
		return -1;
	return (int32_t)number;
}

struct wait_texts {
	iq_vaddr sched_start, sched_end, lock_start, lock_end;
};

/*
 * What /proc/PID/wchan says: the innermost function that is neither the scheduler nor a lock
 * (in_sched_functions() of kernel/sched/core.c).
 */
static const char *find_wchan(struct iq_session *s, const struct wait_texts *w,
			      const struct iq_task *t)
{
	const struct iq_stack *stack;

	if (t->state == 'R' || t->state == 'Z' || t->state == 'X' || t->on_cpu)
		return NULL;
	stack = iq_task_stack(s, t);
	for (size_t i = 0; i < stack->num_frames; i++) {
		const struct iq_frame *f = &stack->frames[i];

		if (f->by == IQ_FRAME_SCAN)
			continue;
		if ((f->pc >= w->sched_start && f->pc < w->sched_end) ||
		    (f->pc >= w->lock_start && f->pc < w->lock_end))
			continue;
		return f->sym.name;
	}
	return NULL;
}

/* "kworker/R-" and the name of its work queue; NULL if it is no rescuer, or all of that fits comm.
 */
static const char *rescuer_name(struct iq_session *s, const struct iq_task *t, iq_vaddr worker)
{
	int64_t name = iq_offsetof(s, "struct workqueue_struct", "name");
	struct iq_error *err;
	char text[64];
	uint64_t wq;

	if (strncmp(t->comm, "kworker/R-", 10) != 0 || name < 0 ||
	    !iq_peek_member(s, "struct worker", "rescue_wq", worker, &wq) ||
	    !iq_is_kernel_ptr(s, wq))
		return NULL;
	err = iq_read_str(s, wq + (uint64_t)name, text, 33);
	if (err || strncmp(text, t->comm + 10, strlen(t->comm + 10)) != 0) {
		iq_error_free(err);
		return NULL;
	}
	return iq_arena_printf(iq_scratch(s), "kworker/R-%s", text);
}

/*
 * The name of a kernel thread in full: struct kthread's own where comm was too short for it
 * (get_kthread_comm() of kernel/kthread.c), and with what a worker is or was at
 * (wq_worker_comm() of kernel/workqueue.c).
 */
static const char *find_name(struct iq_session *s, const struct iq_task *t)
{
	enum { PF_WQ_WORKER = 0x20 };
	static const char task[] = "struct task_struct", kthread[] = "struct kthread";
	/* In set_child_tid before v5.17, e32cf5dfbe22 ("kthread: Generalize pf_io_worker so it can
	 * point to struct kthread"). */
	const char *where =
		iq_has_member(s, task, "worker_private") ? "worker_private" : "set_child_tid";
	int64_t desc = iq_offsetof(s, "struct worker", "desc");
	uint64_t self, data, pool = 0, work = 0;
	const char *rescuer = NULL;
	char text[64] = "";
	iq_vaddr full = 0;
	struct iq_error *err;

	if (!t->kthread || !iq_peek_member(s, task, where, t->addr, &self) ||
	    !iq_is_kernel_ptr(s, self))
		return NULL;
	if (!(t->flags & PF_WQ_WORKER)) {
		if (!iq_peek_member(s, kthread, "full_name", self, &full) || !full)
			return NULL;
		err = iq_read_str(s, full, text, sizeof(text));
	} else {
		if (desc < 0 || !iq_peek_member(s, kthread, "data", self, &data) ||
		    !iq_is_kernel_ptr(s, data))
			return NULL;
		/* A rescuer that has left its pool keeps an old description (wq_worker_comm()). */
		iq_peek_member(s, "struct worker", "pool", data, &pool);
		err = pool ? iq_read_str(s, data + (uint64_t)desc, text, 32) : NULL;
		iq_peek_member(s, "struct worker", "current_work", data, &work);
		rescuer = rescuer_name(s, t, data);
	}
	if (err || !*text) {
		iq_error_free(err);
		return rescuer;
	}
	if (rescuer)
		return iq_arena_printf(iq_scratch(s), "%s%c%s", rescuer, work ? '+' : '-', text);
	return full ? iq_arena_strdup(iq_scratch(s), text)
		    : iq_arena_printf(iq_scratch(s), "%s%c%s", t->comm, work ? '+' : '-', text);
}

static void add_faults(struct iq_session *s, struct ps_row *row)
{
	uint64_t value;

	if (iq_peek_member(s, "struct signal_struct", "min_flt", row->task->signal, &value))
		row->min_flt += value;
	if (iq_peek_member(s, "struct signal_struct", "maj_flt", row->task->signal, &value))
		row->maj_flt += value;
}

static uint64_t ram_pages(struct iq_session *s)
{
	uint64_t pages = 0;

	/* totalram_pages before v5.0 */
	iq_peek_u64(s, iq_sym_addr(s, "_totalram_pages"), &pages);
	return pages;
}

static unsigned pid_digits(struct iq_session *s)
{
	uint32_t max = 0;
	uint64_t value;
	unsigned digits = 1;

	/* A member of the namespace since v6.14, 7863dcc72d0f ("pid: allow pid_max to be set per
	 * pid namespace"). */
	if (iq_peek_member(s, "struct pid_namespace", "pid_max", iq_sym_addr(s, "init_pid_ns"),
			   &value))
		max = (uint32_t)value;
	else
		iq_peek_u32(s, iq_sym_addr(s, "pid_max"), &max);
	if (max < 2 || max > 4 << 20)
		return 5;
	for (max--; max >= 10; max /= 10)
		digits++;
	return IQ_MAX(digits, 5u);
}

void ps_fill(struct ps *ps)
{
	struct iq_session *s = ps->cli->session;
	struct layout layout = { 0 };
	struct wait_texts texts = { 0 };

	ps->up_s = (double)ps->list->boottime_ns / 1e9;
	ps->now_s = (int64_t)(ps->list->realtime_ns / 1000000000);
	ps->btime_s = (int64_t)((ps->list->realtime_ns - ps->list->boottime_ns) / 1000000000);
	ps->pid_digits = pid_digits(s);
	if (ps->needs & NEEDS_MM) {
		find_layout(s, &layout);
		ps->ram_pages = ram_pages(s);
	}
	if (ps->needs & NEEDS_WCHAN) {
		texts.sched_start = iq_sym_addr(s, "__sched_text_start");
		texts.sched_end = iq_sym_addr(s, "__sched_text_end");
		texts.lock_start = iq_sym_addr(s, "__lock_text_start");
		texts.lock_end = iq_sym_addr(s, "__lock_text_end");
	}
	iq_vec_foreach(&ps->rows, row) {
		if (row->task->unreadable)
			continue;
		if (ps->needs & NEEDS_MM)
			read_mm(s, &layout, row);
		if (ps->needs & NEEDS_TPGID)
			row->tpgid = read_tpgid(s, row->task);
		if (ps->needs & NEEDS_WCHAN)
			row->wchan = find_wchan(s, &texts, row->task);
		if (ps->needs & NEEDS_NAME)
			row->name = find_name(s, row->task);
		if (ps->needs & NEEDS_ARGS)
			row->args = row->name ? iq_arena_printf(iq_scratch(s), "[%s]", row->name)
					      : iq_task_cmdline(s, row->task);
		if (ps->needs & NEEDS_FAULTS && !ps->threads)
			add_faults(s, row);
	}
}
