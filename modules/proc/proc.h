/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tasks, for the debugger: what the files of this room share
 */
#ifndef IQ_MODULES_PROC_H
#define IQ_MODULES_PROC_H

#include "inquest/module.h"

enum {
	PF_EXITING = 0x4,
	PF_WQ_WORKER = 0x20,
	PF_KTHREAD = 0x200000,
};

/* The tasks as this statement sees them: the shell forgets them before the next one. */
struct iq_error *proc_tasks(struct iq_session *s, const struct iq_task_list **list_ret);

/* The task at this address. IQ_ERR_INVALID: there is none. */
struct iq_error *proc_task(struct iq_session *s, iq_vaddr addr, const struct iq_task **task_ret);
/* ... at the command's address. */
struct iq_error *proc_cmd_task(struct iq_cmd *cmd, const struct iq_task **task_ret);

/* Say what the values of this pipe are: tasks. */
void proc_out_type(struct iq_cmd *cmd);

/* The first thread of a task's process that is still known; the task itself where none is. */
const struct iq_task *proc_leader(struct iq_session *s, const struct iq_task *task);
/* Is this the task that stands for its process? */
static inline bool proc_is_leader(const struct iq_task *task)
{
	return task->pid == task->tgid;
}

/* "TASK_UNINTERRUPTIBLE|TASK_WAKEKILL": in the arena. */
const char *proc_state_name(struct iq_arena *arena, const struct iq_task *task);

/* ---- what a task sleeps on, by the functions on its stack (sobj.c) ---- */

/*
 * The class of synchronisation object: "MUTEX", "RWSEM", "WAITQ", ...; NULL where it sleeps on
 * none that we know. Static text. frame_ret (or NULL): the frame that says so.
 */
const char *proc_sobj(const struct iq_stack *stack, int *frame_ret);
/* The same of a task that sleeps, also by the wait queue that it is in; NULL where it runs. */
const char *proc_task_sobj(struct iq_session *s, const struct iq_task *task,
			   const struct iq_stack *stack);
/* Does a class have this name? Also as mdb calls it: RWLOCK, CV, USER; upper or lower case. */
bool proc_sobj_is(const char *sobj, const char *name);
/* Is it a name of any class? */
bool proc_sobj_known(const char *name);
/* Does a task that sleeps so only wait to be given something to do? */
bool proc_sobj_is_idle(const char *sobj);

/* Is this function a part of that module, built in or not? (sobj.c) */
bool proc_in_module(struct iq_session *s, const struct iq_sym *sym, const char *module);

/* ---- commands ---- */

struct iq_error *cmd_ps(struct iq_cmd *cmd);
struct iq_error *cmd_pgrep(struct iq_cmd *cmd);
struct iq_error *cmd_ptree(struct iq_cmd *cmd);
struct iq_error *cmd_pid2proc(struct iq_cmd *cmd);
struct iq_error *cmd_pflags(struct iq_cmd *cmd);
struct iq_error *cmd_task(struct iq_cmd *cmd);
struct iq_error *cmd_thread(struct iq_cmd *cmd);
struct iq_error *cmd_threadlist(struct iq_cmd *cmd);
struct iq_error *cmd_findstack(struct iq_cmd *cmd);
struct iq_error *cmd_stacks(struct iq_cmd *cmd);
struct iq_error *cmd_stackinfo(struct iq_cmd *cmd);
struct iq_error *cmd_whatthread(struct iq_cmd *cmd);
struct iq_error *cmd_syscall(struct iq_cmd *cmd);
struct iq_error *cmd_why(struct iq_cmd *cmd);
struct iq_error *cmd_cpustack(struct iq_cmd *cmd);
struct iq_error *cmd_stack_of_kernel(struct iq_cmd *cmd);
struct iq_error *cmd_regs_of_kernel(struct iq_cmd *cmd);
struct iq_error *cmd_cpuregs(struct iq_cmd *cmd);
struct iq_error *cmd_panicinfo(struct iq_cmd *cmd);

/* One frame as "func+0x12(args)", without its stack pointer (findstack.c). */
void proc_frame(struct iq_cmd *cmd, const struct iq_task *task, const struct iq_stack *stack,
		size_t i, bool args, struct iq_strbuf *out);
/* All of a stack, each frame a line "SP func+0x12(args)" behind this indentation. */
void proc_frames(struct iq_cmd *cmd, const struct iq_task *task, const struct iq_stack *stack,
		 size_t from, unsigned indent, bool args);

extern const struct iq_walker proc_walkers[];
extern const struct iq_whatis proc_whatis[];

#endif
