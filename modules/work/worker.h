/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Workers: a kworker's struct worker is the data of its kthread. */
#ifndef IQ_WORK_WORKER_H
#define IQ_WORK_WORKER_H

#include "inquest/task.h"

struct worker {
	const struct iq_task *task;
	iq_vaddr addr;
	uint64_t pwq, func, pool, work; /* worker.current_*; 0 of an idle one */
};

/* struct worker of a kworker; false: the task is none. */
bool iq_worker_of_task(struct iq_session *s, const struct iq_task *t, struct worker *w);

/* The name of a pool_workqueue's queue, in the scratch arena; NULL where it cannot be read. */
const char *iq_work_queue_name(struct iq_session *s, iq_vaddr pwq);
/* ... of a workqueue_struct. */
const char *iq_workqueue_name(struct iq_session *s, iq_vaddr wq);

#endif
