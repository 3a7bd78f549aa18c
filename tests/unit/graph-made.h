/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Graphs made by hand, in the words that a test thinks in
 */
#ifndef IQ_TESTS_UNIT_GRAPH_MADE_H
#define IQ_TESTS_UNIT_GRAPH_MADE_H

#include "diag/words.h"

static inline struct iq_object *made_task(struct iq_graph *g, int tid, const char *comm)
{
	struct iq_object *o = iq_graph_task(g, tid);

	iq_object_name(g, o, "%s", comm);
	iq_object_str(g, o, "comm", comm);
	o->pid = tid;
	iq_object_int(g, o, "uid", 0);
	iq_object_null(g, o, "container");
	return o;
}

static inline struct iq_object *made_lock(struct iq_graph *g, unsigned addr, const char *name)
{
	struct iq_object *o = iq_graph_object(g, IQ_OBJ_LOCK, "lock:0xffff88800000%04x", addr);

	iq_object_name(g, o, "%s", name);
	iq_object_str(g, o, "class", "mutex");
	return o;
}

/* A wait that lasts: in D, but for message waits. */
static inline struct iq_wait *made_wait(struct iq_graph *g, struct iq_object *task,
					struct iq_object *on, enum iq_wait_class cls, int64_t ms)
{
	struct iq_wait *w = iq_graph_wait(g, task, on, cls);

	w->rule =
		on->type == IQ_OBJ_KERNEL ? NULL : "made"; /* found at a place, and not explained */
	w->certainty = IQ_PROVEN;
	w->waited_ms = ms;
	w->lasting = ms < 0 || ms > 1000;
	w->uninterruptible = cls == IQ_WAIT_LOCK || cls == IQ_WAIT_SLEEP;
	w->state = w->uninterruptible ? 'D' : 'S';
	return w;
}

/* task waits for a lock that holder holds; seconds ago. */
static inline struct iq_edge *made_held(struct iq_graph *g, struct iq_object *task,
					struct iq_object *lock, struct iq_object *holder,
					int64_t ms)
{
	made_wait(g, task, lock, IQ_WAIT_LOCK, ms);
	return iq_graph_edge(g, task, holder, lock, IQ_EDGE_OWNER, IQ_PROVEN, "holds it");
}

static inline struct iq_object *made_frozen_fs(struct iq_graph *g)
{
	struct iq_object *fs = iq_graph_object(g, IQ_OBJ_FILESYSTEM, "fs:254:16");
	struct iq_verdict *v;

	iq_object_name(g, fs, "ext4 on /dev/vdb");
	iq_object_str(g, fs, "fstype", "ext4");
	iq_object_str(g, fs, "device", "/dev/vdb");
	iq_object_str(g, fs, "mount", "/data");
	iq_object_bool(g, fs, "frozen", true);
	v = iq_object_verdict(g, fs, IQ_CAUSE_FS_FROZEN, IQ_PROVEN,
			      "ext4 on /dev/vdb, mounted at /data, is frozen");
	v->final = true;
	iq_text_add(g, &v->evidence, "super_block.s_writers.frozen is 4 (SB_FREEZE_COMPLETE)");
	iq_remedy_add(g, &v->remedy, IQ_RISK_LOW, "fsfreeze -u /data",
		      "fsfreeze -u /data thaws it; nothing is lost");
	return fs;
}

/*
 * ps reads /proc/312/cmdline, behind a thread of 312 that wants to munmap, behind one
 * that writes to a mapped page of a frozen filesystem.
 */
static inline void made_incident(struct iq_graph *g)
{
	struct iq_object *fs = made_frozen_fs(g);
	struct iq_object *lock = iq_graph_object(g, IQ_OBJ_LOCK, "lock:0xffff888003a1c0d8");
	struct iq_object *fault = made_task(g, 313, "mapper"), *unmap = made_task(g, 314, "mapper");
	struct iq_object *ps1 = made_task(g, 4711, "ps"), *ps2 = made_task(g, 4720, "ps");
	struct iq_object *both[] = { ps1, ps2 };
	struct iq_wait *w;
	struct iq_edge *e;

	fault->pid = unmap->pid = 312;
	iq_object_name(g, lock, "mmap_lock of process 312 (mapper)");
	iq_object_str(g, lock, "class", "rwsem");

	w = made_wait(g, fault, fs, IQ_WAIT_SLEEP, 93000);
	w->mode = "write";
	w->in_words = "in a write fault on /data/file";
	iq_text_add(g, &w->evidence,
		    "waits in sb_start_pagefault for super_block 0xffff888004400000");

	w = made_wait(g, unmap, lock, IQ_WAIT_LOCK, 92000);
	w->mode = "write";
	w->syscall.known = true;
	w->syscall.nr = 11;
	w->syscall.name = "munmap";
	w->syscall.num_args = 2;
	w->syscall.args[0] = 0x7f12a0000000;
	w->syscall.args[1] = 0x1000;
	iq_text_add(g, &w->evidence, "rwsem_waiter on its stack points to 0xffff888003a1c0d8");
	e = iq_graph_edge(g, unmap, fault, lock, IQ_EDGE_OWNER, IQ_STRONG,
			  "holds it to read, in a page fault");
	iq_text_add(g, &e->evidence, "the one reader: handle_mm_fault is on the stack of 313");

	for (unsigned i = 0; i < 2; i++) {
		w = made_wait(g, both[i], lock, IQ_WAIT_LOCK, 60000 - 1000 * i);
		w->mode = "read";
		w->syscall.known = true;
		w->syscall.nr = 0;
		w->syscall.name = "read";
		w->syscall.num_args = 3;
		w->syscall.args[0] = 6;
		w->syscall.args[1] = 0x55d0c0de0000;
		w->syscall.args[2] = 2048;
		iq_vec_push(&w->stack,
			    (struct iq_frame_text){ .function = "rwsem_down_read_slowpath",
						    .offset = 661,
						    .address = 0xffffffff81a0c315 });
		iq_graph_edge(g, both[i], unmap, lock, IQ_EDGE_QUEUED, IQ_PROVEN,
			      "stands in front of it in the queue, to write");
		e = iq_graph_edge(g, both[i], fault, lock, IQ_EDGE_OWNER, IQ_STRONG,
				  "holds it to read, in a page fault");
		e->aside = true;
	}
}

/* Settled, and asked what everybody waits for. */
static inline struct iq_causes *made_causes(struct iq_graph *g)
{
	struct iq_causes *causes;

	iq_graph_settle(g);
	causes = iq_graph_causes(g, NULL);
	iq_causes_say(g, causes);
	return causes;
}

/* The same of this task alone, in a graph that is settled. */
static inline struct iq_causes *made_causes_of(struct iq_graph *g, struct iq_object *task)
{
	int32_t pid = (int32_t)task->tid;
	struct iq_asked asked = { .pids = &pid, .num_pids = 1 };
	struct iq_causes *causes;

	iq_vec_push(&asked.tasks, task);
	causes = iq_graph_causes(g, &asked);
	iq_causes_say(g, causes);
	iq_vec_free(&asked.tasks);
	return causes;
}

#endif
