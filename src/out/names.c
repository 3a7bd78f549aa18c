/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The report's words for what the graph has as enums
 */
#include "inquest/names.h"

static const char *const cause_names[IQ_NUM_CAUSE_KINDS] = {
	[IQ_CAUSE_UNKNOWN] = "unknown",
	[IQ_CAUSE_DEADLOCK] = "deadlock",
	[IQ_CAUSE_TASK_STOPPED] = "task.stopped",
	[IQ_CAUSE_TASK_TRACED] = "task.traced",
	[IQ_CAUSE_TASK_FROZEN] = "task.frozen",
	[IQ_CAUSE_TASK_THROTTLED] = "task.throttled",
	[IQ_CAUSE_TASK_RUNNING] = "task.running",
	[IQ_CAUSE_TASK_STARVED] = "task.starved",
	[IQ_CAUSE_TASK_SLEEPING] = "task.sleeping",
	[IQ_CAUSE_TASK_GONE] = "task.gone",
	[IQ_CAUSE_FS_FROZEN] = "fs.frozen",
	[IQ_CAUSE_FS_FULL] = "fs.full",
	[IQ_CAUSE_FS_FAILED] = "fs.failed",
	[IQ_CAUSE_IO_STALLED] = "io.stalled",
	[IQ_CAUSE_DEV_SUSPENDED] = "dev.suspended",
	[IQ_CAUSE_DEV_NO_PATH] = "dev.no-path",
	[IQ_CAUSE_DEV_RECOVERING] = "dev.recovering",
	[IQ_CAUSE_POOL_FULL] = "pool.full",
	[IQ_CAUSE_POOL_SUSPENDED] = "pool.suspended",
	[IQ_CAUSE_POOL_STALLED] = "pool.stalled",
	[IQ_CAUSE_NET_UNREACHABLE] = "net.unreachable",
	[IQ_CAUSE_DAEMON_UNANSWERED] = "daemon.unanswered",
	[IQ_CAUSE_MEMORY_RECLAIM] = "memory.reclaim",
	[IQ_CAUSE_MEMORY_LIMIT] = "memory.limit",
	[IQ_CAUSE_WRITEBACK_THROTTLED] = "writeback.throttled",
	[IQ_CAUSE_KERNEL_STUCK] = "kernel.stuck",
};

static const char *const type_names[IQ_NUM_OBJ_TYPES] = {
	[IQ_OBJ_TASK] = "task",	    [IQ_OBJ_LOCK] = "lock", [IQ_OBJ_FILESYSTEM] = "filesystem",
	[IQ_OBJ_DEVICE] = "device", [IQ_OBJ_POOL] = "pool", [IQ_OBJ_SERVER] = "server",
	[IQ_OBJ_DAEMON] = "daemon", [IQ_OBJ_IPC] = "ipc",   [IQ_OBJ_CGROUP] = "cgroup",
	[IQ_OBJ_KERNEL] = "kernel",
};

const char *iq_cause_kind_name(enum iq_cause_kind kind)
{
	return (unsigned)kind < IQ_NUM_CAUSE_KINDS ? cause_names[kind] : "unknown";
}

const char *iq_object_type_name(enum iq_object_type type)
{
	return (unsigned)type < IQ_NUM_OBJ_TYPES ? type_names[type] : "kernel";
}

const char *iq_risk_name(enum iq_risk risk)
{
	static const char *const names[] = { [IQ_RISK_NONE] = "none",
					     [IQ_RISK_LOW] = "low",
					     [IQ_RISK_DATA] = "data",
					     [IQ_RISK_HIGH] = "high" };

	return (unsigned)risk < IQ_ARRAY_SIZE(names) ? names[risk] : "high";
}

const char *iq_certainty_name(enum iq_certainty certainty)
{
	return certainty >= IQ_PROVEN ? "proven" : certainty == IQ_STRONG ? "strong" : "likely";
}
