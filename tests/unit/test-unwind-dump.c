/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The stacks of a real dump, pc by pc against what another debugger made of it with full debug
 * information (*.stacks.jsonl.gz beside the dump). INQUEST_DUMPS names the folder; without it
 * nothing is tested.
 */
#include "test.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "inquest/util.h"
#include "unwind/unwind.h"

enum { STACK_LEN = 16384 };

struct kernel {
	struct iq_target *target;
	struct iq_mem *mem;
	struct iq_symtab *tab;
	struct iq_types *types;
	struct iq_unwinder *u;
	struct iq_arena *arena;
};

static const char *dump_path(const char *name)
{
	static char path[4096];
	const char *folder = getenv("INQUEST_DUMPS");

	snprintf(path, sizeof(path), "%s/%s", folder ? folder : INQUEST_DUMPS, name);
	return path;
}

static bool open_kernel(struct kernel *k, const char *name)
{
	const char *path = dump_path(name);
	struct iq_sym start, stop;
	struct iq_error *err;
	const void *btf;

	*k = (struct kernel){ 0 };
	if (access(path, R_OK))
		return false;
	err = iq_target_open_dump(path, &k->target);
	if (iq_error_catch(&err, IQ_ERR_UNSUPPORTED))
		return false; /* built without the library for it */
	assert_ok(err);
	assert_ok(iq_mem_new(k->target, &k->mem));
	assert_ok(iq_symtab_new(k->mem, &k->tab));
	assert_ok(iq_symtab_by_name(k->tab, "__start_BTF", &start));
	assert_ok(iq_symtab_by_name(k->tab, "__stop_BTF", &stop));
	assert_ok(iq_mem_view(k->mem, start.addr, stop.addr - start.addr, &btf));
	assert_ok(iq_types_new(&k->types));
	assert_ok(iq_types_add(k->types, NULL, btf, stop.addr - start.addr));
	assert_ok(iq_unwinder_new(k->mem, k->tab, k->types, &k->u));
	k->arena = iq_arena_new();
	return true;
}

static void close_kernel(struct kernel *k)
{
	iq_unwinder_free(k->u);
	iq_types_free(k->types);
	iq_symtab_free(k->tab);
	iq_mem_free(k->mem);
	iq_target_close(k->target);
	iq_arena_free(k->arena);
}

/* `gzip -dc path`, to be read. */
static FILE *open_gz(const char *path, pid_t *pid_ret)
{
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	*pid_ret = fork();
	if (!*pid_ret) {
		dup2(fds[1], STDOUT_FILENO);
		close(fds[0]);
		close(fds[1]);
		execlp("gzip", "gzip", "-dc", "--", path, (char *)NULL);
		_exit(127);
	}
	close(fds[1]);
	return fdopen(fds[0], "r");
}

static uint64_t hex(const json_t *obj, const char *key)
{
	const char *str = json_string_value(json_object_get(obj, key));

	return str ? strtoull(str, NULL, 16) : 0;
}

static uint64_t member(struct kernel *k, iq_vaddr task, const char *name)
{
	int64_t offset = iq_types_offsetof(k->types, "struct task_struct", name);
	uint64_t value;

	assert_true(offset >= 0);
	assert_ok(iq_mem_read(k->mem, task + (uint64_t)offset, &value, sizeof(value)));
	return value;
}

struct tally {
	unsigned tasks, frames, running, gone, syscalls, locks;
	double us;
};

static double now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e6 + ts.tv_nsec / 1e3;
}

static void check_frames(const struct iq_stack *stack, const json_t *frames, int pid)
{
	size_t i = 0, n;
	json_t *f;

	json_array_foreach(frames, n, f)
	{
		const struct iq_frame *ours = &stack->frames[i];
		uint64_t pc = hex(f, "pc");

		if (json_is_true(json_object_get(f, "inline")))
			continue;
		if (i >= stack->num_frames)
			fail_msg("task %d: ends after %zu frames, before %#" PRIx64, pid, i, pc);
		if (ours->pc != pc || ours->sp != hex(f, "sp"))
			fail_msg("task %d frame %zu (%s): pc %#" PRIx64 " sp %#" PRIx64
				 ", not %#" PRIx64 " %#" PRIx64,
				 pid, i, ours->sym.name, ours->pc, ours->sp, pc, hex(f, "sp"));
		i++;
	}
	if (i != stack->num_frames)
		fail_msg("task %d: %zu frames, not %zu", pid, stack->num_frames, i);
	assert_true(stack->complete);
}

static uint64_t offset_of(struct kernel *k, const char *type, const char *name)
{
	int64_t offset = iq_types_offsetof(k->types, type, name);

	assert_true(offset >= 0);
	return (uint64_t)offset;
}

/* Is the task among the waiters of the lock? */
static bool is_waiter(struct kernel *k, iq_vaddr lock, const char *lock_type,
		      const char *waiter_type, iq_vaddr task)
{
	iq_vaddr head = lock + offset_of(k, lock_type, "wait_list"), node = head, waiter;
	uint64_t who;

	for (int i = 0; i < 100; i++) {
		if (!iq_mem_peek(k->mem, node, &node, sizeof(node)) || node == head)
			return false;
		waiter = node - offset_of(k, waiter_type, "list");
		if (!iq_mem_peek(k->mem, waiter + offset_of(k, waiter_type, "task"), &who,
				 sizeof(who)))
			return false;
		if (who == task)
			return true;
	}
	return false;
}

/*
 * These keep the lock in rbx in this build. That it is the right one, and that rbx was brought
 * back through the frames of the scheduler below, shows in the lock's list of waiters.
 */
static unsigned check_lock(struct kernel *k, const struct iq_stack *stack, iq_vaddr task)
{
	static const struct {
		const char *function, *lock, *waiter;
	} table[] = {
		{ "__mutex_lock", "struct mutex", "struct mutex_waiter" },
		{ "rwsem_down_write_slowpath", "struct rw_semaphore", "struct rwsem_waiter" },
		{ "rwsem_down_read_slowpath", "struct rw_semaphore", "struct rwsem_waiter" },
	};

	for (size_t i = 0; i < IQ_ARRAY_SIZE(table); i++) {
		const char *const names[] = { table[i].function, NULL };
		int frame = iq_stack_find(stack, 0, names);
		const struct iq_regs *regs;

		if (frame < 0)
			continue;
		regs = &stack->frames[frame].regs;
		assert_true(regs->known & 1u << IQ_REG_BX);
		assert_true(is_waiter(k, regs->r[IQ_REG_BX], table[i].lock, table[i].waiter, task));
		return 1;
	}
	return 0;
}

static void check_task(struct kernel *k, const json_t *obj, struct tally *tally)
{
	iq_vaddr task = hex(obj, "task");
	int pid = (int)json_integer_value(json_object_get(obj, "pid"));
	bool on_cpu = json_is_true(json_object_get(obj, "on_cpu"));
	bool kthread = json_is_true(json_object_get(obj, "kthread"));
	struct iq_unwind_start start = {
		.sp = member(k, task, "thread.sp"),
		.stack = member(k, task, "stack"),
		.user_task = !kthread,
	};
	struct iq_regs regs = { 0 };
	struct iq_stack stack;
	double before;

	start.stack_end = start.stack ? start.stack + STACK_LEN : 0;
	if (on_cpu) {
		unsigned cpu = (unsigned)json_integer_value(json_object_get(obj, "cpu"));

		assert_ok(k->target->ops->cpu_regs(k->target, cpu, &regs));
		start.regs = &regs;
		tally->running++;
	}
	before = now_us();
	assert_ok(iq_unwind(k->u, &start, k->arena, &stack));
	tally->us += now_us() - before;
	tally->tasks++;

	if (!strcmp(json_string_value(json_object_get(obj, "state")), "Z")) {
		/* The stack goes before the task does. */
		if (!start.stack)
			assert_int_equal(stack.num_frames, 0);
		tally->gone += !start.stack;
		return;
	}
	if (!json_is_true(json_object_get(obj, "frames_valid"))) {
		assert_int_equal(stack.num_frames, 0);
		assert_string_equal(stack.why_none, "running in user mode");
	} else {
		check_frames(&stack, json_object_get(obj, "frames"), pid);
		tally->frames += stack.num_frames;
		tally->locks += check_lock(k, &stack, task);
	}
	if (!kthread) {
		assert_true(stack.user.valid);
		assert_int_equal(stack.user.ip, hex(obj, "user_pc"));
		tally->syscalls += stack.user.syscall;
	} else {
		assert_false(stack.user.valid);
	}
	for (size_t i = 0; !on_cpu && i < stack.num_words; i += 17) {
		uint64_t word;

		assert_ok(iq_mem_read(k->mem, stack.sp + i * 8, &word, sizeof(word)));
		assert_int_equal(word, stack.words[i]);
	}
}

static void stacks_are_those_that_debug_information_gives(void **state)
{
	struct kernel k;
	struct tally tally = { 0 };
	char line[1 << 16];
	int status;
	pid_t pid;
	FILE *f;

	(void)state;
	if (!open_kernel(&k, "k61-n2000.kdump"))
		skip();
	f = open_gz(dump_path("k61-n2000.stacks.jsonl.gz"), &pid);
	while (fgets(line, sizeof(line), f)) {
		json_t *obj = json_loads(line, 0, NULL);

		assert_non_null(obj);
		check_task(&k, obj, &tally);
		json_decref(obj);
	}
	fclose(f);
	waitpid(pid, &status, 0);
	assert_true(tally.tasks > 2000 && tally.locks > 10);
	print_message(
		"%s: %u tasks (%u running, %u without a stack, %u in system calls, %u waiting "
		"for locks), %u frames, %.1f us a task\n",
		iq_unwinder_describe(k.u), tally.tasks, tally.running, tally.gone, tally.syscalls,
		tally.locks, tally.frames, tally.us / tally.tasks);
	close_kernel(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stacks_are_those_that_debug_information_gives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
