/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who is a worker
 *
 * Kernel: kernel/workqueue_internal.h (struct worker, current_wq_worker()), kernel/kthread.c.
 */
#include "worker.h"

enum { PF_WQ_WORKER = 0x20 };

bool iq_worker_of_task(struct iq_session *s, const struct iq_task *t, struct worker *w)
{
	static const char type[] = "struct worker";
	uint64_t kthread, data, task;

	if (!t->kthread || !(t->flags & PF_WQ_WORKER))
		return false;
	/* A member of its own since v5.17; before, in one that kernel threads have no use for. */
	if (!iq_peek_member(s, "struct task_struct", "worker_private", t->addr, &kthread) &&
	    !iq_peek_member(s, "struct task_struct", "set_child_tid", t->addr, &kthread))
		return false;
	if (!iq_peek_member(s, "struct kthread", "data", kthread, &data) ||
	    !iq_peek_member(s, type, "task", data, &task) || task != t->addr)
		return false;
	*w = (struct worker){ .task = t, .addr = data };
	return iq_peek_member(s, type, "current_pwq", data, &w->pwq) &&
	       iq_peek_member(s, type, "current_func", data, &w->func) &&
	       iq_peek_member(s, type, "current_work", data, &w->work) &&
	       iq_peek_member(s, type, "pool", data, &w->pool);
}

const char *iq_workqueue_name(struct iq_session *s, iq_vaddr wq)
{
	int64_t off = iq_offsetof(s, "struct workqueue_struct", "name");
	char name[33] = "";

	if (off >= 0)
		iq_error_free(iq_read_str(s, wq + (uint64_t)off, name, sizeof(name)));
	return name[0] ? iq_arena_strdup(iq_scratch(s), name) : NULL;
}

const char *iq_work_queue_name(struct iq_session *s, iq_vaddr pwq)
{
	uint64_t wq;

	return iq_peek_member(s, "struct pool_workqueue", "wq", pwq, &wq) ? iq_workqueue_name(s, wq)
									  : NULL;
}
