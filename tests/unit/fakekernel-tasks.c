/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Made kernels: tasks and their stacks
 *
 * A stack is built as the kernel would: at the top the registers of user mode, below them a frame
 * for each function that is gone into (return address, saved %rbp), and in the frames what the
 * test puts there. In place of ORC tables there is the chain of frame pointers.
 */
#include "fakekernel-inside.h"

#include <stdio.h>

enum {
	STACK_SIZE = 16384,
	PF_KTHREAD = 0x200000,
	USER_CS = 0x33,
	USER_DS = 0x2b,
};

static iq_vaddr member_addr(struct fk_task *t, const char *path)
{
	char full[128];

	snprintf(full, sizeof(full), "task_struct.%s", path);
	return t->addr + fk_off(t->k, full);
}

void fk_task_put(struct fk_task *t, const char *path, uint64_t value)
{
	char full[128];

	snprintf(full, sizeof(full), "task_struct.%s", path);
	fk_put(t->k, t->addr, full, value);
}

uint64_t fk_task_get(struct fk_task *t, const char *path)
{
	char full[128];

	snprintf(full, sizeof(full), "task_struct.%s", path);
	return fk_get(t->k, t->addr, full);
}

iq_vaddr fk_mm(struct fk_task *t)
{
	return fk_task_get(t, "mm");
}

iq_vaddr fk_signal(struct fk_task *t)
{
	return fk_task_get(t, "signal");
}

static iq_vaddr struct_pid(struct fakekernel *k, int32_t nr)
{
	iq_vaddr pid = fk_alloc(k, "pid");

	fk_put(k, pid, "pid.numbers[0].nr", (uint64_t)nr);
	fk_put(k, pid, "pid.numbers[0].ns", k->pid_ns);
	return pid;
}

static void set_comm(struct fk_task *t, const char *comm)
{
	char buf[16] = "";

	snprintf(buf, sizeof(buf), "%s", comm);
	fk_write(t->k, member_addr(t, "comm"), buf, sizeof(buf));
}

static iq_vaddr new_signal(struct fakekernel *k, int32_t pid)
{
	iq_vaddr signal = fk_alloc(k, "signal_struct");

	fk_list_init(k, signal + fk_off(k, "signal_struct.thread_head"));
	fk_init_mutex(k, signal + fk_off(k, "signal_struct.cred_guard_mutex"));
	fk_init_rwsem(k, signal + fk_off(k, "signal_struct.exec_update_lock"));
	fk_put(k, signal, "signal_struct.pids[2]", struct_pid(k, pid));
	fk_put(k, signal, "signal_struct.pids[3]", struct_pid(k, pid));
	return signal;
}

static iq_vaddr new_mm(struct fakekernel *k)
{
	iq_vaddr mm = fk_alloc(k, "mm_struct");

	fk_init_rwsem(k, mm + fk_off(k, "mm_struct.mmap_lock"));
	fk_put(k, mm, "mm_struct.pgd", mm);
	return mm;
}

static void new_stack(struct fk_task *t)
{
	struct fakekernel *k = t->k;
	static const uint8_t zeros[STACK_SIZE];
	iq_vaddr top;

	t->stack = k->next_stack;
	k->next_stack += 2 * STACK_SIZE;
	fk_write(k, t->stack, zeros, sizeof(zeros));
	/* Kernels with CONFIG_X86_FRED leave 16 bytes at the top. */
	top = t->stack + STACK_SIZE - (k->flavour == FK_NEW ? 16 : 0);
	t->pt_regs = t->sp = top - fk_size(k, "pt_regs");
	fk_task_put(t, "stack", t->stack);
	fk_task_put(t, "thread.sp", t->sp - 56);
}

static struct fk_task *new_task(struct fakekernel *k, iq_vaddr addr, int32_t pid, const char *comm)
{
	struct fk_task *t = iq_arena_alloc(k->arena, sizeof(*t));

	t->k = k;
	t->pid = pid;
	t->addr = addr ? addr : fk_alloc(k, "task_struct");
	fk_task_put(t, "pid", (uint64_t)pid);
	fk_task_put(t, "tgid", (uint64_t)pid);
	fk_task_put(t, "group_leader", t->addr);
	fk_task_put(t, "prio", 120);
	fk_task_put(t, "static_prio", 120);
	fk_task_put(t, "start_boottime", 1000000000ULL * (uint64_t)(pid + 1));
	fk_task_put(t, "nvcsw", 5);
	fk_task_put(t, "thread_pid", struct_pid(k, pid));
	set_comm(t, comm);
	fk_list_init(k, member_addr(t, "children"));
	fk_list_init(k, member_addr(t, "sibling"));
	new_stack(t);
	return t;
}

static void into_the_lists(struct fk_task *t, struct fk_task *parent)
{
	struct fakekernel *k = t->k;
	iq_vaddr signal = fk_signal(t);
	bool leads = fk_task_get(t, "pid") == fk_task_get(t, "tgid");

	fk_task_put(t, "real_parent", parent->addr);
	fk_task_put(t, "parent", parent->addr);
	fk_task_put(t, "cred", fk_task_get(parent, "cred"));
	fk_task_put(t, "real_cred", fk_task_get(parent, "cred"));
	fk_task_put(t, "nsproxy", fk_task_get(parent, "nsproxy"));
	fk_list_add_tail(k, signal + fk_off(k, "signal_struct.thread_head"),
			 member_addr(t, "thread_node"));
	fk_put(k, signal, "signal_struct.nr_threads",
	       fk_get(k, signal, "signal_struct.nr_threads") + 1);
	if (leads) {
		fk_list_add_tail(k, k->init_task + fk_off(k, "task_struct.tasks"),
				 member_addr(t, "tasks"));
		fk_list_add_tail(k, member_addr(parent, "children"), member_addr(t, "sibling"));
	}
	fk_waited(t, 93);
}

static void set_user_regs(struct fk_task *t)
{
	struct fakekernel *k = t->k;

	fk_put(k, t->pt_regs, "pt_regs.cs", USER_CS);
	fk_put(k, t->pt_regs, "pt_regs.ss", USER_DS);
	fk_put(k, t->pt_regs, "pt_regs.ip", 0x401000);
	fk_put(k, t->pt_regs, "pt_regs.sp", 0x7ffc00001000);
	fk_put(k, t->pt_regs, "pt_regs.orig_ax", (uint64_t)-1);
}

struct fk_task *fk_child(struct fk_task *parent, int32_t pid, const char *comm)
{
	struct fakekernel *k = parent->k;
	struct fk_task *t = new_task(k, 0, pid, comm);
	iq_vaddr mm = new_mm(k);

	fk_task_put(t, "signal", new_signal(k, pid));
	fk_task_put(t, "mm", mm);
	fk_task_put(t, "active_mm", mm);
	into_the_lists(t, parent);
	set_user_regs(t);
	return t;
}

struct fk_task *fk_task(struct fakekernel *k, int32_t pid, const char *comm)
{
	return fk_child(k->init, pid, comm);
}

struct fk_task *fk_thread(struct fk_task *leader, int32_t pid, const char *comm)
{
	struct fakekernel *k = leader->k;
	struct fk_task *t = new_task(k, 0, pid, comm);

	fk_task_put(t, "tgid", (uint64_t)leader->pid);
	fk_task_put(t, "tasks.next",
		    fk_task_get(leader, "tasks.next")); /* copied, and never linked */
	fk_task_put(t, "group_leader", leader->addr);
	fk_task_put(t, "signal", fk_signal(leader));
	fk_task_put(t, "mm", fk_mm(leader));
	fk_task_put(t, "active_mm", fk_mm(leader));
	into_the_lists(t, leader);
	fk_task_put(t, "real_parent", fk_task_get(leader, "real_parent"));
	fk_task_put(t, "parent", fk_task_get(leader, "parent"));
	set_user_regs(t);
	return t;
}

struct fk_task *fk_kthread(struct fakekernel *k, int32_t pid, const char *comm)
{
	struct fk_task *t = new_task(k, 0, pid, comm);

	fk_task_put(t, "flags", PF_KTHREAD);
	fk_task_put(t, "signal", new_signal(k, pid));
	into_the_lists(t, k->init);
	return t;
}

void fk_gone(struct fk_task *t)
{
	fk_list_del(t->k, member_addr(t, "tasks"));
}

void fk_syscall(struct fk_task *t, int64_t nr, uint64_t arg0, uint64_t arg1)
{
	fk_put(t->k, t->pt_regs, "pt_regs.orig_ax", (uint64_t)nr);
	fk_put(t->k, t->pt_regs, "pt_regs.di", arg0);
	fk_put(t->k, t->pt_regs, "pt_regs.si", arg1);
}

/* ---- stacks ---- */

static void push(struct fk_task *t, uint64_t value)
{
	t->sp -= 8;
	if (t->sp < t->stack + 64)
		fk_fail("the stack of %d is full", t->pid);
	fk_u64(t->k, t->sp, value);
}

static void enter(struct fk_task *t, const char *name)
{
	struct fakekernel *k = t->k;

	if (!t->pc) {
		/* Marked as registers, as ENCODE_FRAME_POINTER does. */
		t->bp = fk_task_get(t, "flags") & PF_KTHREAD ? 0 : t->pt_regs | 1;
	} else {
		push(t, t->pc);
		push(t, t->bp);
		t->bp = t->sp;
	}
	t->pc = fk_call_in(k, name);
}

static void enter_kernel(struct fk_task *t, const char *name)
{
	if (t->pc)
		return;
	if (fk_task_get(t, "flags") & PF_KTHREAD) {
		enter(t, "ret_from_fork");
		enter(t, "kthread");
	} else if (strncmp(name, "asm_", 4)) {
		enter(t, "entry_SYSCALL_64_after_hwframe");
		enter(t, "do_syscall_64");
	}
}

void fk_calls_(struct fk_task *t, const char *const *names)
{
	for (; *names; names++) {
		enter_kernel(t, *names);
		enter(t, *names);
	}
}

iq_vaddr fk_word(struct fk_task *t, uint64_t value)
{
	push(t, value);
	return t->sp;
}

iq_vaddr fk_local(struct fk_task *t, const char *type)
{
	for (size_t len = (fk_size(t->k, type) + 7) / 8; len; len--)
		push(t, 0);
	return t->sp;
}

static void set_state(struct fk_task *t, uint64_t state)
{
	fk_task_put(t, t->k->flavour == FK_OLD ? "state" : "__state", state);
}

void fk_switch(struct fk_task *t, uint64_t state)
{
	fk_calls(t, "schedule", "__schedule");
	push(t, t->pc);
	push(t, t->bp);
	push(t, t->bx);
	push(t, t->r12);
	push(t, 0);
	push(t, 0);
	push(t, 0);
	fk_task_put(t, "thread.sp", t->sp);
	set_state(t, state);
}

void fk_waited(struct fk_task *t, double seconds)
{
	fk_task_put(t, "se.exec_start", t->k->clock_ns - (uint64_t)(seconds * 1e9));
}

void fk_nanosleep(struct fk_task *t)
{
	fk_syscall(t, 230, 1, 0);
	fk_calls(t, "__x64_sys_clock_nanosleep", "common_nsleep", "hrtimer_nanosleep",
		 "do_nanosleep");
	fk_switch(t, FK_S);
}

static void set_cpu(struct fk_task *t, unsigned cpu)
{
	fk_task_put(t, t->k->flavour == FK_OLD ? "cpu" : "thread_info.cpu", cpu);
}

void fk_runs_on(struct fk_task *t, unsigned cpu)
{
	set_cpu(t, cpu);
	set_state(t, 0);
	fk_task_put(t, "on_cpu", 1);
	fk_task_put(t, "on_rq", 1);
	fk_waited(t, 0);
}

void fk_runnable(struct fk_task *t, unsigned cpu)
{
	fk_calls(t, "exit_to_user_mode_loop");
	fk_switch(t, 0);
	set_cpu(t, cpu);
	fk_task_put(t, "on_rq", 1);
}

void fk_stopped(struct fk_task *t)
{
	fk_calls(t, "exit_to_user_mode_loop", "get_signal", "do_signal_stop");
	fk_switch(t, FK_STOPPED);
}

/* ---- what every kernel has ---- */

static struct fk_task *make_idle(struct fakekernel *k, unsigned cpu, iq_vaddr addr)
{
	struct fk_task *t = new_task(k, addr, 0, cpu ? "swapper/1" : "swapper/0");
	iq_vaddr rq = k->runqueues + 0x10000 * cpu;

	fk_task_put(t, "flags", PF_KTHREAD);
	fk_task_put(t, "real_parent", k->init_task);
	fk_task_put(t, "parent", k->init_task);
	fk_list_init(k, member_addr(t, "tasks"));
	fk_list_init(k, member_addr(t, "thread_node"));
	fk_runs_on(t, cpu);
	fk_put(k, rq, "rq.idle", t->addr);
	fk_put(k, rq, "rq.curr", t->addr);
	fk_put(k, rq, "rq.clock", k->clock_ns);
	fk_put(k, rq, "rq.clock_task", k->clock_ns);
	return t;
}

static void make_root_filesystem(struct fakekernel *k)
{
	iq_vaddr nsproxy = fk_alloc(k, "nsproxy");
	iq_vaddr supers = fk_data(k, "super_blocks", 16);

	fk_list_init(k, supers);
	k->mnt_ns = fk_alloc(k, "mnt_namespace");
	if (k->flavour == FK_OLD)
		fk_list_init(k, k->mnt_ns + fk_off(k, "mnt_namespace.list"));
	fk_put(k, nsproxy, "nsproxy.mnt_ns", k->mnt_ns);
	fk_put(k, k->init_task, "task_struct.nsproxy", nsproxy);
	fk_sb(k, "ext4", "/dev/vda1", "/");
}

void fk_make_first(struct fakekernel *k)
{
	struct fk_task *idle;
	iq_vaddr cred;

	k->clock_ns = 5000ULL * 1000000000;
	k->pid_ns = fk_data(k, "init_pid_ns", fk_size(k, "pid_namespace"));
	fk_put(k, k->pid_ns, "pid_namespace.ns.inum", 0xeffffffc);
	fk_write(k,
		 fk_data(k, "init_uts_ns", fk_size(k, "uts_namespace")) +
			 fk_off(k, "uts_namespace.name.nodename"),
		 "made", 5);
	k->init_task = fk_data(k, "init_task", fk_size(k, "task_struct"));
	cred = fk_alloc(k, "cred");
	fk_put(k, k->init_task, "task_struct.cred", cred);
	idle = make_idle(k, 0, k->init_task);
	fk_task_put(idle, "signal", new_signal(k, 0));
	make_idle(k, 1, 0);
	make_root_filesystem(k);
	fk_func(k, "percpu_rwsem_wake_function");
	fk_func(k, "child_wait_callback");
	if (k->flavour != FK_OLD)
		fk_data(k, "freezer_active", 8);
	k->init = fk_child(idle, 1, "init");
	fk_calls(k->init, "__x64_sys_epoll_wait", "do_epoll_wait", "ep_poll");
	fk_switch(k->init, FK_S);
}
