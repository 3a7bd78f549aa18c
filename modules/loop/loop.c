/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Loop devices: on to the file behind them
 *
 * A loop device has no hardware: a worker reads and writes a file for it, and
 * sleeps in that file's filesystem where that does not go on. With direct I/O the
 * worker only submits, and the requests are with the filesystem's device.
 *
 * The worker is a kworker in loop_process_work() since v5.14, a thread named like the device
 * before; the device is on its stack.
 *
 * Kernel: drivers/block/loop.c (struct loop_device, its module's type).
 */
#include "inquest/path.h"
#include "inquest/storage.h"
#include "inquest/waitq.h"

static const char loop_type[] = "struct loop_device";

/* The loop_device of a disk, 0: it is none, or this kernel has no type for it. */
static iq_vaddr loop_of_disk(struct iq_diag *d, iq_vaddr disk)
{
	uint64_t lo, back;

	if (!iq_disk_has_ops(d->s, disk, "lo_fops") ||
	    !iq_peek_member(d->s, "struct gendisk", "private_data", disk, &lo) ||
	    !iq_is_kernel_ptr(d->s, lo))
		return 0;
	return !iq_peek_member(d->s, loop_type, "lo_disk", lo, &back) || back == disk ? lo : 0;
}

/* Is this a worker that is blocked while it works for the device? */
static bool is_worker(struct iq_diag *d, const struct iq_task *t, const char *disk_name,
		      iq_vaddr lo, uint64_t file)
{
	static const char *const working[] = { "loop_process_work", "loop_workfn",
					       "loop_rootcg_workfn", NULL };
	static const char *const old[] = { "loop_queue_work", "kthread_worker_fn", NULL };
	const struct iq_stack *stack;

	if (!t->kthread || t->state != 'D' || !t->stack || t->on_cpu)
		return false;
	stack = iq_task_stack(d->s, t);
	if (iq_stack_find(stack, 0, old) >= 0 && !strcmp(t->comm, disk_name))
		return true;
	return iq_stack_find(stack, 0, working) >= 0 &&
	       (iq_stack_mentions(stack, lo) || (file && iq_stack_mentions(stack, file)));
}

static size_t add_workers(struct iq_diag *d, struct iq_object *o, iq_vaddr lo, uint64_t file)
{
	char name[33];
	size_t num = 0;

	if (!iq_disk_name(d->s, o->addr, name))
		return 0;
	for (size_t i = 0; i < d->tasks->num_tasks; i++) {
		const struct iq_task *t = &d->tasks->tasks[i];
		struct iq_edge *e;

		if (!is_worker(d, t, name, lo, file))
			continue;
		e = iq_graph_edge(d->g, o, iq_diag_task(d, t), NULL, IQ_EDGE_SERVES, IQ_STRONG,
				  "works for it");
		iq_text_add(d->g, &e->evidence,
			    "%s (%d) is at work for loop_device %#" PRIx64 " (%s)", t->comm, t->pid,
			    lo, name);
		num++;
	}
	return num;
}

static struct iq_error *explain_loop(struct iq_diag *d, struct iq_object *o)
{
	uint64_t file = 0, mapping, inode, sb;
	iq_vaddr lo = loop_of_disk(d, o->addr);
	const char *path;
	struct iq_object *fs, *below;
	struct iq_edge *e;

	if (!lo)
		return NULL;
	iq_peek_member(d->s, loop_type, "lo_backing_file", lo, &file);
	path = file ? iq_path_of_file(d->s, file) : NULL;
	if (path)
		o->name = iq_arena_printf(d->g->arena, "%s (%s)", iq_device_name(o), path);
	if (add_workers(d, o, lo, file) || !file ||
	    !iq_peek_member(d->s, "struct file", "f_mapping", file, &mapping) ||
	    !iq_peek_member(d->s, "struct address_space", "host", mapping, &inode))
		return NULL;
	if (iq_is_bdev_inode(d->s, inode))
		fs = iq_diag_device_of_inode(d, inode);
	else
		fs = iq_peek_member(d->s, "struct inode", "i_sb", inode, &sb)
			     ? iq_diag_filesystem(d, sb)
			     : NULL;
	/* What has no device below, or none that owes anything, explains nothing. */
	below = fs ? iq_diag_storage_of_inode(d, inode) : NULL;
	if (!fs || fs == o || !below ||
	    (below->type == IQ_OBJ_DEVICE && !iq_disk_may_owe(d, below->addr)))
		return NULL;
	e = iq_graph_edge(d->g, o, fs, NULL, IQ_EDGE_SERVES, IQ_STRONG, "has the file behind it");
	iq_text_add(d->g, &e->evidence, "loop_device.lo_backing_file at %#" PRIx64 " is %s", lo,
		    path ? path : "a file there");
	return NULL;
}

static const struct iq_object_rule object_rules[] = {
	{ .name = "loop",
	  .summary = "the worker of a loop device, and the file behind it",
	  .type = IQ_OBJ_DEVICE,
	  .explain = explain_loop },
	{ 0 },
};

const struct iq_module iq_module_loop = {
	.api = IQ_MODULE_API,
	.name = "loop",
	.summary = "loop devices: on to the file behind them",
	.object_rules = object_rules,
};
