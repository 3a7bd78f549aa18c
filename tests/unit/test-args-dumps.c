/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Arguments on the stacks of real dumps, against what is known of them from elsewhere
 *
 * INQUEST_DUMPS names the folder; without it nothing is tested. Some arguments can be told from
 * other places: what a system call was given is in the registers of user mode, a worker knows its
 * task, a lock knows who waits for it. None may be wrong. How many were known is printed.
 */
#include "test.h"

#include <string.h>
#include <unistd.h>

#include "args/args.h"
#include "inquest/path.h"
#include "kernel/session.h"

enum truth {
	SYSCALL_ARG,  /* the registers of user mode say it: detail is its number */
	LINKS_TASK,   /* a struct (detail) whose member points back to the task */
	WAITED_FOR,   /* a lock on whose list of waiters the task is */
	OPEN_FILE,    /* the file behind the descriptor that is the system call's first argument */
	VMA_OF_FAULT, /* a mapping of the task */
	OWN_MM,
};

static const struct known {
	const char *function, *arg;
	enum truth truth;
	int number; /* of the argument of the system call */
	const char *type, *member;
	const char *syscall; /* only under this one; NULL: any */
} table[] = {
	{ "worker_thread", "__worker", LINKS_TASK, 0, "struct worker", "task", NULL },
	{ "rescuer_thread", "__rescuer", LINKS_TASK, 0, "struct worker", "task", NULL },
	{ "kjournald2", "arg", LINKS_TASK, 0, "struct journal_s", "j_task", NULL },
	{ "vfs_read", "file", OPEN_FILE, 0, NULL, NULL, "read" },
	{ "vfs_read", "buf", SYSCALL_ARG, 1, NULL, NULL, "read" },
	{ "vfs_read", "count", SYSCALL_ARG, 2, NULL, NULL, "read" },
	{ "vfs_write", "file", OPEN_FILE, 0, NULL, NULL, "write" },
	{ "vfs_write", "buf", SYSCALL_ARG, 1, NULL, NULL, "write" },
	{ "vfs_write", "count", SYSCALL_ARG, 2, NULL, NULL, "write" },
	{ "ksys_read", "fd", SYSCALL_ARG, 0, NULL, NULL, "read" },
	{ "ksys_read", "buf", SYSCALL_ARG, 1, NULL, NULL, "read" },
	{ "ksys_read", "count", SYSCALL_ARG, 2, NULL, NULL, "read" },
	{ "ksys_write", "buf", SYSCALL_ARG, 1, NULL, NULL, "write" },
	{ "ksys_write", "count", SYSCALL_ARG, 2, NULL, NULL, "write" },
	{ "do_futex", "uaddr", SYSCALL_ARG, 0, NULL, NULL, "futex" },
	{ "do_futex", "op", SYSCALL_ARG, 1, NULL, NULL, "futex" },
	{ "do_futex", "val", SYSCALL_ARG, 2, NULL, NULL, "futex" },
	{ "futex_wait", "uaddr", SYSCALL_ARG, 0, NULL, NULL, "futex" },
	{ "futex_wait", "val", SYSCALL_ARG, 2, NULL, NULL, "futex" },
	{ "do_epoll_wait", "epfd", SYSCALL_ARG, 0, NULL, NULL, "epoll_wait" },
	{ "do_epoll_wait", "events", SYSCALL_ARG, 1, NULL, NULL, "epoll_wait" },
	{ "do_epoll_wait", "maxevents", SYSCALL_ARG, 2, NULL, NULL, "epoll_wait" },
	{ "do_sys_poll", "ufds", SYSCALL_ARG, 0, NULL, NULL, "poll" },
	{ "do_sys_poll", "nfds", SYSCALL_ARG, 1, NULL, NULL, "poll" },
	{ "__vm_munmap", "start", SYSCALL_ARG, 0, NULL, NULL, "munmap" },
	{ "__vm_munmap", "len", SYSCALL_ARG, 1, NULL, NULL, "munmap" },
	{ "do_msgrcv", "msqid", SYSCALL_ARG, 0, NULL, NULL, "msgrcv" },
	{ "do_semtimedop", "semid", SYSCALL_ARG, 0, NULL, NULL, "semop" },
	{ "__sys_recvfrom", "fd", SYSCALL_ARG, 0, NULL, NULL, "recvfrom" },
	{ "__sys_recvfrom", "ubuf", SYSCALL_ARG, 1, NULL, NULL, "recvfrom" },
	{ "__sys_recvfrom", "size", SYSCALL_ARG, 2, NULL, NULL, "recvfrom" },
	{ "__sys_accept4", "fd", SYSCALL_ARG, 0, NULL, NULL, "accept" },
	{ "__sys_accept4", "upeer_sockaddr", SYSCALL_ARG, 1, NULL, NULL, "accept" },
	{ "kernel_wait4", "upid", SYSCALL_ARG, 0, NULL, NULL, "wait4" },
	{ "kernel_wait4", "stat_addr", SYSCALL_ARG, 1, NULL, NULL, "wait4" },
	{ "rwsem_down_read_slowpath", "sem", WAITED_FOR, 0, "struct rw_semaphore",
	  "struct rwsem_waiter", NULL },
	{ "rwsem_down_write_slowpath", "sem", WAITED_FOR, 0, "struct rw_semaphore",
	  "struct rwsem_waiter", NULL },
	{ "down_read", "sem", WAITED_FOR, 0, "struct rw_semaphore", "struct rwsem_waiter", NULL },
	{ "down_read_killable", "sem", WAITED_FOR, 0, "struct rw_semaphore", "struct rwsem_waiter",
	  NULL },
	{ "down_write", "sem", WAITED_FOR, 0, "struct rw_semaphore", "struct rwsem_waiter", NULL },
	{ "down_write_killable", "sem", WAITED_FOR, 0, "struct rw_semaphore", "struct rwsem_waiter",
	  NULL },
	{ "__mutex_lock_slowpath", "lock", WAITED_FOR, 0, "struct mutex", "struct mutex_waiter",
	  NULL },
	{ "mutex_lock", "lock", WAITED_FOR, 0, "struct mutex", "struct mutex_waiter", NULL },
	{ "handle_mm_fault", "vma", VMA_OF_FAULT, 0, NULL, NULL, NULL },
	{ "__handle_mm_fault", "vma", VMA_OF_FAULT, 0, NULL, NULL, NULL },
	{ "do_exit", "code", SYSCALL_ARG, 0, NULL, NULL, "exit" },
};

struct count {
	unsigned right, unknown, wrong, both;
};

struct waiter_of {
	struct iq_session *s;
	const struct known *known;
	iq_vaddr task;
	bool found;
};

static bool is_waiter(void *ctx, iq_vaddr node)
{
	struct waiter_of *w = ctx;
	int64_t list = iq_offsetof(w->s, w->known->member, "list");
	uint64_t task;

	w->found |= list >= 0 &&
		    iq_peek_member(w->s, w->known->member, "task", node - (uint64_t)list, &task) &&
		    task == w->task;
	return w->found;
}

static bool waits_for(struct iq_session *s, const struct known *known, iq_vaddr task, iq_vaddr lock)
{
	int64_t head = iq_offsetof(s, known->type, "wait_list");
	struct waiter_of w = { s, known, task, false };

	/* Newer locks point to their first waiter. */
	if (head < 0) {
		uint64_t first;

		if (!iq_peek_member(s, known->type, "first_waiter", lock, &first) || !first)
			return false;
		(void)is_waiter(&w, first + (uint64_t)iq_offsetof(s, known->member, "list"));
		if (!w.found)
			iq_error_free(iq_list_walk(
				s, first + (uint64_t)iq_offsetof(s, known->member, "list"), 1000,
				is_waiter, &w));
		return w.found;
	}
	iq_error_free(iq_list_walk(s, lock + (uint64_t)head, 1000, is_waiter, &w));
	return w.found;
}

/* Right, wrong (-1), or not to be told here (0). */
static int judge(struct iq_session *s, const struct iq_task *task, const struct iq_stack *stack,
		 const struct known *known, const struct iq_frame_arg *arg)
{
	uint64_t size = arg->type.btf ? iq_type_size(arg->type) : 8, other;
	uint64_t mask = size && size < 8 ? ((uint64_t)1 << (8 * size)) - 1 : ~(uint64_t)0;

	switch (known->truth) {
	case SYSCALL_ARG:
		return (stack->user.args[known->number] & mask) == (arg->value & mask) ? 1 : -1;
	case OPEN_FILE:
		other = iq_task_file(s, task, (unsigned)stack->user.args[0]);
		return other ? other == arg->value ? 1 : -1 : 0;
	case LINKS_TASK:
		if (!iq_has_member(s, known->type, known->member))
			return 0;
		return iq_peek_member(s, known->type, known->member, arg->value, &other) &&
				       other == task->addr
			       ? 1
			       : -1;
	case WAITED_FOR:
		return waits_for(s, known, task->addr, arg->value) ? 1 : -1;
	case VMA_OF_FAULT:
		return iq_peek_member(s, "struct vm_area_struct", "vm_mm", arg->value, &other) &&
				       other == task->mm
			       ? 1
			       : -1;
	default:
		return 0;
	}
}

static bool applies(struct iq_session *s, const struct iq_stack *stack, const struct known *known)
{
	const char *name;

	if (!known->syscall)
		return true;
	if (!stack->user.valid || !stack->user.syscall || stack->user.compat)
		return false;
	name = iq_syscall_name(s, stack->user.nr);
	return name && !strcmp(name, known->syscall);
}

static void judge_frame(struct iq_session *s, const struct iq_task *task,
			const struct iq_stack *stack, size_t i, struct count *count)
{
	const struct iq_frame *f = &stack->frames[i];
	struct iq_frame_args args;

	iq_frame_args(s, task, stack, i, &args);
	for (size_t k = 0; k < IQ_ARRAY_SIZE(table); k++) {
		if (!iq_frame_is(f, table[k].function) || !applies(s, stack, &table[k]))
			continue;
		for (unsigned a = 0; a < args.num; a++) {
			const struct iq_frame_arg *arg = &args.args[a];
			int verdict;

			if (!args.has_prototype || strcmp(arg->name, table[k].arg))
				continue;
			verdict = arg->by ? judge(s, task, stack, &table[k], arg) : 0;
			count->unknown += !arg->by;
			count->right += verdict > 0;
			count->wrong += verdict < 0;
			if (verdict < 0)
				printf("wrong: task %d, %s(%s = %#" PRIx64 ", %s)\n", task->pid,
				       f->sym.name, arg->name, arg->value, iq_arg_by_name(arg->by));
		}
	}
}

static void judge_dump(const char *path)
{
	struct iq_session_options options = { .dump = path };
	struct iq_args *recovery;
	unsigned num_known = 0, num_args = 0, num_both = 0, num_differ = 0;
	const struct iq_task_list *list;
	struct count count = { 0 };
	struct iq_session *s;
	struct iq_error *err = iq_session_open(&options, &s);

	if (iq_error_catch(&err, IQ_ERR_UNSUPPORTED))
		return; /* built without the library for it */
	assert_ok(err);
	assert_ok(iq_tasks_snapshot(s, 0, &list));
	recovery = args_new(s->unwinder);
	for (size_t t = 0; t < list->num_tasks; t++) {
		const struct iq_task *task = &list->tasks[t];
		const struct iq_stack *stack = iq_task_stack(s, task);

		for (size_t i = 0; i < stack->num_frames; i++) {
			struct args_found found[ARGS_NUM_REGS];
			struct iq_frame_args args;

			judge_frame(s, task, stack, i, &count);
			args_recover(recovery, stack, i, task->addr, found);
			for (int r = 0; r < ARGS_NUM_REGS; r++) {
				num_both += found[r].both;
				num_differ += found[r].differ;
			}
			iq_frame_args(s, task, stack, i, &args);
			for (unsigned a = 0; args.has_prototype && a < args.num; a++) {
				num_args++;
				num_known += args.args[a].by != IQ_ARG_UNKNOWN;
			}
		}
	}
	printf("%s: %u of %u arguments known; told from elsewhere: %u right, %u unknown, %u wrong; "
	       "told twice: %u agree, %u differ\n",
	       path, num_known, num_args, count.right, count.unknown, count.wrong, num_both,
	       num_differ);
	assert_int_equal(count.wrong, 0);
	assert_int_equal(num_differ, 0);
	assert_true(count.right > count.unknown / 4);
	args_free(recovery);
	iq_session_close(s);
}

static void no_argument_of_a_real_stack_is_wrong(void **state)
{
	static const char *const names[] = { "k61-n2000.kdump", "healthy.elf", "incident.elf" };
	const char *folder = getenv("INQUEST_DUMPS");
	char path[4096];
	bool any = false;

	(void)state;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder ? folder : INQUEST_DUMPS, names[i]);
		if (access(path, R_OK))
			continue;
		judge_dump(path);
		any = true;
	}
	if (!any)
		skip();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_argument_of_a_real_stack_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
