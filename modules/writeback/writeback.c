/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writeback and the controls of I/O: who waits until data has been written, and what holds it back
 *
 * Dirty data of a device is written by a flusher, a kworker in wb_workfn(). Who writes more than
 * the device takes is paused in balance_dirty_pages(); sync waits in wb_wait_for_completion()
 * for a job that it gave to the flusher, with the superblock in the job, on its own stack. Where
 * the flusher hangs itself, that is where it leads; else to the device.
 *
 * Before a request is made it may have to wait for a place: writes that would make reads slow
 * (wbt) in rq_qos_wait(). What cgroups' limits hold back is in throttle.c.
 *
 * Kernel: fs/fs-writeback.c, mm/page-writeback.c, block/blk-rq-qos.c, block/blk-wbt.c.
 */
#include "writeback.h"

#include "inquest/waitq.h"

enum { MAX_GROUPS = 65536, NUM_WBT = 4 };

static const char sb_type[] = "struct super_block";

/* ---- the flusher ---- */

/* Kernel threads that hang while they write back for this: its address is on their stacks. */
static size_t add_flushers(struct iq_diag *d, struct iq_wait *w, iq_vaddr sb, iq_vaddr wb,
			   iq_vaddr bdi)
{
	static const char *const working[] = { "wb_workfn", "wb_do_writeback", "wb_writeback",
					       NULL };
	size_t num = 0;

	for (size_t i = 0; i < d->tasks->num_tasks; i++) {
		const struct iq_task *t = &d->tasks->tasks[i];
		const struct iq_stack *stack;
		struct iq_edge *e;

		if (!t->kthread || t->state != 'D' || !t->stack || t->on_cpu ||
		    t->pid == w->task->tid)
			continue;
		stack = iq_task_stack(d->s, t);
		if (iq_stack_find(stack, 0, working) < 0 ||
		    !((sb && iq_stack_mentions(stack, sb)) ||
		      (wb && iq_stack_mentions(stack, wb)) ||
		      (bdi && iq_stack_mentions(stack, bdi))))
			continue;
		e = iq_graph_edge(d->g, w->task, iq_diag_task(d, t), w->on, IQ_EDGE_SERVES,
				  IQ_STRONG, "writes back for it");
		iq_text_add(d->g, &e->evidence,
			    "%s (%d) is in writeback and has this filesystem, or its device's, on "
			    "its stack",
			    t->comm, t->pid);
		num++;
	}
	return num;
}

/* Through the flusher if that hangs, else the filesystem itself and so its device. */
static struct iq_wait *wait_for_fs(const struct iq_sleeper *who, iq_vaddr sb, iq_vaddr wb)
{
	struct iq_diag *d = who->d;
	struct iq_object *fs = iq_diag_filesystem(d, sb);
	uint64_t bdi = 0;
	struct iq_wait *w;
	struct iq_edge *e;

	if (!fs)
		return NULL;
	iq_peek_member(d->s, sb_type, "s_bdi", sb, &bdi);
	w = iq_diag_wait(who, fs, IQ_WAIT_SLEEP);
	if (add_flushers(d, w, sb, wb, bdi))
		return w;
	e = iq_graph_edge(d->g, w->task, fs, NULL, IQ_EDGE_SERVES, IQ_STRONG,
			  "has to write its data");
	iq_text_add(d->g, &e->evidence, "%s (%d) waits for writeback of %s", who->task->comm,
		    who->task->pid, fs->name);
	return w;
}

/* ---- sync ---- */

struct find_work {
	struct iq_diag *d;
	const struct iq_stack *stack;
	uint64_t sb;
};

/* A job whose completion is on the same stack, and whose superblock is one. */
static bool is_work(struct find_work *f, iq_vaddr p)
{
	static const char work[] = "struct wb_writeback_work";
	uint64_t done, sb, type, dev;

	return iq_peek_member(f->d->s, work, "done", p, &done) && done >= f->stack->sp &&
	       done < f->stack->end && iq_peek_member(f->d->s, work, "sb", p, &sb) &&
	       iq_is_kernel_ptr(f->d->s, sb) &&
	       iq_peek_member(f->d->s, sb_type, "s_type", sb, &type) &&
	       iq_is_kernel_ptr(f->d->s, type) &&
	       iq_peek_member(f->d->s, sb_type, "s_dev", sb, &dev) && dev && (f->sb = sb);
}

static struct iq_error *explain_sync(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	const struct iq_stack *stack = who->stack;
	struct find_work f = { .d = who->d, .stack = stack };

	for (size_t i = 0; i < stack->num_words && !f.sb; i++)
		is_work(&f, stack->sp + 8 * i);
	if (f.sb)
		*wait_ret = wait_for_fs(who, f.sb, 0);
	return NULL;
}

/* ---- dirty throttling ---- */

static bool is_wb(struct iq_session *s, iq_vaddr p, void *ctx)
{
	int64_t off = iq_offsetof(s, "struct backing_dev_info", "wb");
	uint64_t bdi, back, state;

	(void)ctx;
	return off >= 0 && iq_peek_member(s, "struct bdi_writeback", "bdi", p, &bdi) &&
	       iq_is_kernel_ptr(s, bdi) &&
	       iq_peek_member(s, "struct bdi_writeback", "bdi", bdi + (uint64_t)off, &back) &&
	       back == bdi && iq_peek_member(s, "struct bdi_writeback", "state", p, &state) &&
	       state < 1 << 16;
}

struct find_bdi {
	struct iq_diag *d;
	uint64_t bdi;
	iq_vaddr sb;
};

static bool has_bdi(void *ctx, iq_vaddr node)
{
	struct find_bdi *f = ctx;
	iq_vaddr sb = node - (uint64_t)iq_offsetof(f->d->s, sb_type, "s_list");
	uint64_t bdi;

	if (iq_peek_member(f->d->s, sb_type, "s_bdi", sb, &bdi) && bdi == f->bdi)
		f->sb = sb;
	return f->sb != 0;
}

static struct iq_error *explain_throttled(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	iq_vaddr wb = iq_stack_search(d->s, who->stack, who->frame, is_wb, NULL);
	struct find_bdi f = { .d = d };
	struct iq_verdict *v;
	struct iq_wait *w;

	if (!wb || iq_offsetof(d->s, sb_type, "s_list") < 0 ||
	    !iq_peek_member(d->s, "struct bdi_writeback", "bdi", wb, &f.bdi))
		return NULL;
	iq_error_free(
		iq_list_walk(d->s, iq_sym_addr(d->s, "super_blocks"), MAX_GROUPS, has_bdi, &f));
	w = f.sb ? wait_for_fs(who, f.sb, wb) : NULL;
	if (!w)
		return NULL;
	w->certainty = IQ_STRONG;
	iq_text_add(d->g, &w->evidence,
		    "balance_dirty_pages() has bdi_writeback %#" PRIx64 " on its stack", wb);
	*wait_ret = w;
	v = iq_object_verdict(d->g, w->on, IQ_CAUSE_WRITEBACK_THROTTLED, IQ_STRONG,
			      "too much dirty data waits to be written to %s", w->on->name);
	if (!v)
		return NULL;
	iq_text_add(d->g, &v->evidence,
		    "%s (%d) is paused in balance_dirty_pages() for bdi_writeback %#" PRIx64,
		    who->task->comm, who->task->pid, wb);
	iq_remedy_add(d->g, &v->remedy, IQ_RISK_NONE, "grep -E 'Dirty|Writeback' /proc/meminfo",
		      "Look at the speed of the device: iostat -x, grep -E 'Dirty|Writeback' "
		      "/proc/meminfo");
	return NULL;
}

/* ---- a place in the device's queue ---- */

static struct iq_error *explain_wbt(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	const struct iq_stack *stack = who->stack;
	iq_vaddr func = iq_sym_addr(d->s, "rq_qos_wake_function"),
		 ops = iq_sym_addr(d->s, "wbt_rqos_ops");
	int64_t off = iq_offsetof(d->s, "struct rq_qos_wait_data", "wq.func");
	int64_t waits = iq_offsetof(d->s, "struct rq_wb", "rq_wait"),
		size = iq_sizeof(d->s, "struct rq_wait");
	uint64_t rqw, p, inflight = 0;
	struct iq_object *device = NULL;
	struct iq_wait *w;
	struct iq_edge *e;

	if (!func || !ops || off < 0 || waits < 0 || size <= 0)
		return NULL;
	for (size_t i = 0; i < stack->num_words && !device; i++) {
		if (stack->words[i] != func ||
		    !iq_peek_member(d->s, "struct rq_qos_wait_data", "rqw",
				    stack->sp + 8 * i - (uint64_t)off, &rqw))
			continue;
		for (uint64_t k = 0; k < NUM_WBT && !device; k++) {
			iq_vaddr rwb = rqw - (uint64_t)waits - k * (uint64_t)size;

			if (!iq_peek_member(d->s, "struct rq_wb", "rqos.ops", rwb, &p) || p != ops)
				continue;
			if (iq_peek_member(d->s, "struct rq_wb", "rqos.disk", rwb, &p) ||
			    (iq_peek_member(d->s, "struct rq_wb", "rqos.q", rwb, &p) &&
			     iq_peek_member(d->s, "struct request_queue", "disk", p, &p)))
				device = iq_diag_disk(d, p);
			iq_peek_member(d->s, "struct rq_wait", "inflight.counter", rqw, &inflight);
		}
	}
	if (!device)
		return NULL;
	w = iq_diag_wait(who, device, IQ_WAIT_SLEEP);
	e = iq_graph_edge(d->g, w->task, device, NULL, IQ_EDGE_SERVES, IQ_PROVEN,
			  "has no place for its request");
	iq_text_add(d->g, &e->evidence,
		    "rq_wait %#" PRIx64 " of %s, %" PRIu64 " in flight, is what %s (%d) waits for",
		    rqw, iq_device_name(device), inflight, who->task->comm, who->task->pid);
	*wait_ret = w;
	return NULL;
}

static const char *const sync_functions[] = { "wb_wait_for_completion", NULL };
static const char *const throttle_functions[] = { "balance_dirty_pages",
						  "balance_dirty_pages_ratelimited_flags",
						  "balance_dirty_pages_ratelimited", NULL };
static const char *const cost_functions[] = { "ioc_rqos_throttle", NULL };
static const char *const wbt_functions[] = { "rq_qos_wait", NULL };

static const struct iq_wait_rule wait_rules[] = {
	{ .name = "writeback-sync",
	  .summary = "sync waits for a job of the flusher: for which filesystem",
	  .reads = "wb_writeback_work.sb, .done; super_block.s_bdi",
	  .seen = "",
	  .certainty = IQ_STRONG,
	  .functions = sync_functions,
	  .explain = explain_sync },
	{ .name = "dirty-throttle",
	  .summary = "a writer is paused until dirty data has been written",
	  .reads = "bdi_writeback.bdi; super_block.s_bdi",
	  .seen = "",
	  .certainty = IQ_STRONG,
	  .functions = throttle_functions,
	  .explain = explain_throttled },
	{ .name = "wbt",
	  .summary = "a request waits for a place in the device's queue",
	  .reads = "rq_qos_wait_data.rqw; rq_wb.rqos",
	  .seen = "6.1",
	  .certainty = IQ_PROVEN,
	  .functions = wbt_functions,
	  .explain = explain_wbt },
	{ .name = "io-cost",
	  .summary = "a cgroup has used up its share of a device (io.cost)",
	  .reads = "iocg_wait.wait, .bio; ioc_gq.waitq, .pd.blkg; blkcg_gq.blkcg; bio.bi_bdev",
	  .seen = "6.1, 7.3",
	  .certainty = IQ_STRONG,
	  .functions = cost_functions,
	  .explain = explain_io_cost },
	{ 0 },
};

static const struct iq_object_rule object_rules[] = {
	{ .name = "io-max",
	  .summary = "I/O that a cgroup's limit keeps back",
	  .type = IQ_OBJ_DEVICE,
	  .explain = explain_io_limits },
	{ 0 },
};

const struct iq_module iq_module_writeback = {
	.api = IQ_MODULE_API,
	.name = "writeback",
	.summary =
		"writeback: sync, dirty throttling, places in a device's queue, limits of cgroups",
	.wait_rules = wait_rules,
	.object_rules = object_rules,
};
