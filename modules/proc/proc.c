/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The debugger's commands about tasks: the tables
 */
#include "proc.h"

/* ---- which tasks ---- */

static struct iq_error *no_tasks(void)
{
	return iq_error_new(IQ_ERR_CORRUPT, "the list of tasks cannot be read");
}

struct iq_error *proc_tasks(struct iq_session *s, const struct iq_task_list **list_ret)
{
	*list_ret = iq_tasks(s);
	return *list_ret ? NULL : no_tasks();
}

struct iq_error *proc_task(struct iq_session *s, iq_vaddr addr, const struct iq_task **task_ret)
{
	const struct iq_task_list *list = iq_tasks(s);
	const struct iq_task *t;

	if (!list)
		return no_tasks();
	t = iq_task_by_addr(s, addr);
	if (!t)
		return iq_error_new(IQ_ERR_INVALID,
				    "%#" PRIx64 " is not the task_struct of any task", addr);
	*task_ret = t;
	return NULL;
}

struct iq_error *proc_cmd_task(struct iq_cmd *cmd, const struct iq_task **task_ret)
{
	return proc_task(cmd->s, cmd->addr, task_ret);
}

void proc_out_type(struct iq_cmd *cmd)
{
	iq_out_type_named(cmd, "struct task_struct");
}

const struct iq_task *proc_leader(struct iq_session *s, const struct iq_task *task)
{
	const struct iq_task *leader = task->pid > 0 ? iq_task_by_pid(s, task->tgid) : NULL;

	return leader ? leader : task;
}

const char *proc_state_name(struct iq_arena *arena, const struct iq_task *task)
{
	static const struct {
		uint64_t bit;
		const char *name;
	} bits[] = {
		{ 0x1, "TASK_INTERRUPTIBLE" }, { 0x2, "TASK_UNINTERRUPTIBLE" },
		{ 0x4, "__TASK_STOPPED" },     { 0x8, "__TASK_TRACED" },
		{ 0x10, "EXIT_DEAD" },	       { 0x20, "EXIT_ZOMBIE" },
		{ 0x40, "TASK_PARKED" },       { 0x80, "TASK_DEAD" },
		{ 0x100, "TASK_WAKEKILL" },    { 0x200, "TASK_WAKING" },
		{ 0x400, "TASK_NOLOAD" },      { 0x800, "TASK_NEW" },
	};
	uint64_t state = task->state_raw | task->exit_state;
	const char *text = NULL;

	if (task->unreadable)
		return "??";
	for (size_t i = 0; i < IQ_ARRAY_SIZE(bits); i++) {
		if (!(state & bits[i].bit))
			continue;
		state &= ~bits[i].bit;
		text = text ? iq_arena_printf(arena, "%s|%s", text, bits[i].name) : bits[i].name;
	}
	if (state)
		return iq_arena_printf(arena, "%s%s%#" PRIx64, text ? text : "", text ? "|" : "",
				       state);
	return text ? text : "TASK_RUNNING";
}

/* ---- tables ---- */

static const struct iq_opt ps_opts[] = {
	{ 'f', NULL, "show the arguments; of what has none, the name in brackets" },
	{ 'l', NULL, "a line for each thread with its id" },
	{ 't', NULL, "a line for each thread with its state" },
	{ 's', NULL, "show the name of the cgroup: of a service its unit" },
	{ 'z', NULL, "show the zone: the pid namespace, 0 the initial one" },
	{ 'T', NULL, "show the task: the number of the cgroup" },
	{ 'P', NULL, "show the project: the number of the group for CPU time" },
	{ 0 },
};

static const struct iq_opt pgrep_opts[] = {
	{ 'x', NULL, "the expression has to match the whole name" },
	{ 'n', NULL, "only the newest" },
	{ 'o', NULL, "only the oldest" },
	{ 0 },
};

static const struct iq_opt findstack_opts[] = {
	{ 'v', NULL, "show arguments, as far as they can be recovered" },
	{ 'm', NULL, "with -v: their names, and how each was recovered" },
	{ 0 },
};

static const struct iq_opt stacks_opts[] = {
	{ 'a', NULL, "list every thread, not one of each group" },
	{ 'f', NULL, "take a new snapshot first" },
	{ 'i', NULL, "only interesting threads: not asleep until there is something to do" },
	{ 'v', NULL, "say how many threads and stacks there were, and which failed" },
	{ 'c', "FUNC[+OFF]", "only stacks with this function" },
	{ 'C', "FUNC[+OFF]", "only stacks without it" },
	{ 'm', "MODULE", "only stacks through this module" },
	{ 'M', "MODULE", "only stacks not through it" },
	{ 's', "SOBJ", "only threads that sleep on this class of object; ALL: on any" },
	{ 'S', "SOBJ", "only threads that do not" },
	{ 't', "STATE", "only threads in this state" },
	{ 'T', "STATE", "only threads not in this state" },
	{ 0 },
};

static const char stacks_help[] =
	"Threads whose stacks have the same addresses, that are in the same state and sleep on the "
	"same class of object make one group, which is shown once, with how many they are; the "
	"most frequent first. From a pipe it takes the threads to look at; into a pipe it gives "
	"all threads of the groups that it would have shown.\n\n"
	"STATE is one or more of ps(1)'s letters (D, DR), or a word: sleep, run, onproc, zomb, "
	"stopped, wait. SOBJ is a class as the column shows it: MUTEX, RWSEM, PERCPU_RWSEM, "
	"RTMUTEX, SEMA, COMPLETION, WAITQ, FUTEX, BIT, PAGE, IO, SIGNAL, TIMER, "
	"POLL, RCU, VMA, WORK, NONE; also as "
	"mdb calls them: RWLOCK, CV, USER.\n\n"
	"A function is found by its name, with or without what compilers add to it "
	"(.constprop.0, .cold). MODULE is the module that a function belongs to. Where no such "
	"module is loaded, its code may be built into the kernel: then a function counts as the "
	"module's if its name begins with the module's (ext4_, __ext4_), or if it stands between "
	"two such functions in memory, not more than 32 functions from either: the linker keeps "
	"the code of one folder together. `kernel` is what belongs to no module.\n\n"
	"A stack that cannot be shown says why, in < >: running, zombie, unreadable.";

static const struct iq_opt thread_opts[] = {
	{ 'b', NULL, "what it sleeps on: the object's address, its class, and what it is" },
	{ 'd', NULL, "when it was scheduled, where, and how long ago" },
	{ 'f', NULL, "leave out what has ended" },
	{ 'i', NULL, "state, flags and priority (where nothing else is asked for)" },
	{ 'm', NULL, "all on one line: it always is" },
	{ 'p', NULL, "process and credentials" },
	{ 's', NULL, "signals: queued, pending, blocked" },
	{ 0 },
};

static const struct iq_opt threadlist_opts[] = {
	{ 't', NULL, "leave out the threads of work queues" },
	{ 'v', NULL, "with stacks; n: of so many frames at most" },
	{ 0 },
};

static const struct iq_opt stackinfo_opts[] = {
	{ 'a', NULL, "also the most that was ever used, which needs reading all stacks" },
	{ 0 },
};

static const struct iq_opt whatthread_opts[] = {
	{ 'v', NULL, "show where" },
	{ 0 },
};

static const struct iq_opt cpustack_opts[] = {
	{ 'c', "CPU", "of this CPU alone (decimal)" },
	{ 'v', NULL, "show arguments, as far as they can be recovered" },
	{ 0 },
};

static const struct iq_opt kernel_stack_opts[] = {
	{ 'C', NULL, "with each frame's stack pointer in front" },
	{ 0 },
};

static const struct iq_opt cpuregs_opts[] = {
	{ 'c', "CPU", "of this CPU alone (decimal)" },
	{ 0 },
};

static const char task_help[] =
	"From an address: a task_struct's own, one on a task's stack, or a number that is a "
	"process's or thread's id. From words: ids (decimal), and names as ps shows them, each of "
	"which may be the name of many.";

static const char findstack_help[] =
	"With a command, it is run with the stack pointer as its address instead. A question mark "
	"before a function says that it was found by searching the stack, not by unwinding it. "
	"Arguments are what the function was called with, recovered from its caller's code and "
	"from saved registers; one that cannot be proved is a question mark.";

static const char why_help[] =
	"From this thread along what each waits for and who holds it, to the cause, with the "
	"evidence for every step and how sure it is: what `inquest why PID` prints, with states "
	"and with the addresses to go on from. On a live machine it takes more than one look, and "
	"a "
	"moment.";

static const struct iq_opt why_opts[] = {
	{ 'a', NULL, "show every task and every wait, not only the first of each cause" },
	{ 0 },
};

static const struct iq_dcmd dcmds[] = {
	{ "ps", "?", "list processes, and their threads", NULL, ps_opts, cmd_ps },
	{ "pgrep", "regex", "list the processes whose name matches", NULL, pgrep_opts, cmd_pgrep },
	{ "ptree", "?", "show who started whom", NULL, NULL, cmd_ptree },
	{ "pid2proc", ":", "turn a process's id into its address", NULL, NULL, cmd_pid2proc },
	{ "pflags", "?", "show the flags and states of a process and its threads", NULL, NULL,
	  cmd_pflags },
	{ "task", "?[pid|name...]", "find tasks by any of their names", task_help, thread_opts,
	  cmd_task },
	{ "task_struct", "?[pid|name...]", "find tasks by any of their names", task_help,
	  thread_opts, cmd_task },
	{ "thread", "?", "show the state of threads", NULL, thread_opts, cmd_thread },
	{ "threadlist", "?[n]", "list threads, with their stacks", NULL, threadlist_opts,
	  cmd_threadlist },
	{ "findstack", ":[cmd]", "show the kernel stack of a thread", findstack_help,
	  findstack_opts, cmd_findstack },
	{ "stacks", "?", "show equal stacks once, with how many threads are in them", stacks_help,
	  stacks_opts, cmd_stacks, IQ_DCMD_WHOLE_PIPE },
	{ "stackinfo", "?", "show how much of their stacks threads use", NULL, stackinfo_opts,
	  cmd_stackinfo },
	{ "whatthread", ":", "find the threads on whose stacks a value is", NULL, whatthread_opts,
	  cmd_whatthread },
	{ "syscall", ":", "show the system call that a task is in", NULL, NULL, cmd_syscall },
	{ "cpustack", "", "show the stacks of what the CPUs were running", NULL, cpustack_opts,
	  cmd_cpustack },
	{ "cpuregs", "", "show the registers of the CPUs", NULL, cpuregs_opts, cmd_cpuregs },
	/* The shell's own, about processes, come first; these where none is in view. */
	{ "stack", "?[n]", "show the kernel stack of a thread, or of what a dump was made on",
	  "Without an address: of the CPU that panicked, or of the first. At most n frames.",
	  kernel_stack_opts, cmd_stack_of_kernel },
	{ "regs", "?", "show the registers of what a dump was made on",
	  "Without an address: of the CPU that panicked, or of the first.", NULL,
	  cmd_regs_of_kernel },
	{ "panicinfo", "", "show where and why a kernel panicked", NULL, NULL, cmd_panicinfo },
	{ "why", ":", "explain what a thread waits for, to the cause", why_help, why_opts,
	  cmd_why },
	{ 0 },
};

const struct iq_module iq_module_proc = {
	.api = IQ_MODULE_API,
	.name = "proc",
	.summary = "processes, threads and their stacks",
	.dcmds = dcmds,
	.walkers = proc_walkers,
	.whatis = proc_whatis,
};
