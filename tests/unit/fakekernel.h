/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Made kernels
 *
 * A small kernel that a test lays out itself: memory, BTF, kallsyms, tasks with stacks, locks,
 * filesystems. Then the whole program runs on it, unchanged, from iq_session_over() to iq_why().
 *
 *	struct fakekernel *k = fakekernel_new(FK_OLD);
 *	iq_vaddr lock = fk_mutex(k, "big_lock");
 *	struct fk_task *holder = fk_task(k, 10, "holder"), *waiter = fk_task(k, 11, "waiter");
 *
 *	fk_mutex_take(holder, lock);
 *	fk_nanosleep(holder);
 *	fk_calls(waiter, "do_something");
 *	fk_wait_mutex(waiter, lock);
 *	why = fk_why(k, NULL);
 *
 * Three layouts: FK_OLD has the members, lists and symbol tables of 5.10 and 6.1; FK_MID
 * those of 6.12 (mappings with a rw_semaphore of their own); FK_NEW those of 7.x (waiters in
 * a ring without the lock, locks recorded in task_struct, mappings that count their
 * readers). layouts.h runs a test on each of them. Where a test wants something that no
 * builder makes, fk_put() and fk_u64() write it.
 *
 * What is wrong in a test ends the process: there is nothing to be freed or returned.
 */
#ifndef IQ_TESTS_UNIT_FAKEKERNEL_H
#define IQ_TESTS_UNIT_FAKEKERNEL_H

#include "diag/diag.h"

enum fk_flavour { FK_OLD, FK_MID, FK_NEW };

struct fakekernel;

struct fk_task {
	struct fakekernel *k;
	iq_vaddr addr;
	int32_t pid;
	iq_vaddr stack;
	iq_vaddr sp, bp, pc; /* of the stack that is being built */
	iq_vaddr pt_regs;
	uint64_t bx, r12; /* to be found in the switch frame */
};

struct fakekernel *fakekernel_new(enum fk_flavour flavour);
/* FK_MID with PREEMPT_RT: mutexes, rw_semaphores and spinlocks are made of rt_mutexes. */
struct fakekernel *fakekernel_new_rt(void);
void fakekernel_free(struct fakekernel *k);
enum fk_flavour fk_flavour(const struct fakekernel *k);

/* ---- memory ---- */

void fk_write(struct fakekernel *k, iq_vaddr addr, const void *data, size_t len);
void fk_read(struct fakekernel *k, iq_vaddr addr, void *data, size_t len);
void fk_u64(struct fakekernel *k, iq_vaddr addr, uint64_t value);
uint64_t fk_get_u64(struct fakekernel *k, iq_vaddr addr);
/* Take these pages away: what is there cannot be read. */
void fk_unmap(struct fakekernel *k, iq_vaddr addr, size_t len);
/* The pages that were written to, in that order; for the fuzzer. */
size_t fk_num_pages(const struct fakekernel *k);
iq_vaddr fk_page(const struct fakekernel *k, size_t i);

/* A zeroed piece of the heap. */
iq_vaddr fk_heap(struct fakekernel *k, size_t len);
/* ... for one of this type ("mutex"). */
iq_vaddr fk_alloc(struct fakekernel *k, const char *type);
iq_vaddr fk_str(struct fakekernel *k, const char *str);

/* Members by path, the type in front: "task_struct.se.exec_start",
 * "super_block.s_writers.rw_sem[1]". */
size_t fk_off(struct fakekernel *k, const char *path);
bool fk_has(struct fakekernel *k, const char *path);
size_t fk_size(struct fakekernel *k, const char *type);
void fk_put(struct fakekernel *k, iq_vaddr addr, const char *path, uint64_t value);
uint64_t fk_get(struct fakekernel *k, iq_vaddr addr, const char *path);

/* Types that the little language of fakekernel-types.h cannot say: called when BTF is written,
 * behind all others. Before fk_open(). */
struct made_btf;
void fk_more_types(struct fakekernel *k, void (*fn)(struct made_btf *b));

/* More types in the language of fakekernel-types.h, for one test file: NULL-terminated. */
void fk_types_(struct fakekernel *k, const char *const *texts);
#define fk_types(k, ...) fk_types_(k, (const char *const[]){ __VA_ARGS__, NULL })

void fk_list_init(struct fakekernel *k, iq_vaddr head);
void fk_list_add_tail(struct fakekernel *k, iq_vaddr head, iq_vaddr node);
void fk_list_del(struct fakekernel *k, iq_vaddr node);

/* ---- symbols ---- */

/* The address of a function, made when first named. */
iq_vaddr fk_func(struct fakekernel *k, const char *name);
/* Data with a symbol: the same address for the same name. */
iq_vaddr fk_data(struct fakekernel *k, const char *name, size_t len);

/* ---- tasks ---- */

/* A process of one thread, child of 1, with its own mm and signal_struct. Its stack stands behind
 * do_syscall_64(). */
struct fk_task *fk_task(struct fakekernel *k, int32_t pid, const char *comm);
struct fk_task *fk_thread(struct fk_task *leader, int32_t pid, const char *comm);
struct fk_task *fk_kthread(struct fakekernel *k, int32_t pid, const char *comm);
struct fk_task *fk_child(struct fk_task *parent, int32_t pid, const char *comm);
/* What the task_struct says; the type is put in front of the path. */
void fk_task_put(struct fk_task *t, const char *path, uint64_t value);
uint64_t fk_task_get(struct fk_task *t, const char *path);
iq_vaddr fk_mm(struct fk_task *t);
iq_vaddr fk_signal(struct fk_task *t);
/* The system call that its registers of user mode tell of. */
void fk_syscall(struct fk_task *t, int64_t nr, uint64_t arg0, uint64_t arg1);

/* Go into functions, the outer one first. */
void fk_calls_(struct fk_task *t, const char *const *names);
#define fk_calls(t, ...) fk_calls_(t, (const char *const[]){ __VA_ARGS__, NULL })
/* Put a word into the frame of the function that it is in; its address. */
iq_vaddr fk_word(struct fk_task *t, uint64_t value);
/* Room for a variable of this type there. */
iq_vaddr fk_local(struct fk_task *t, const char *type);

enum { FK_S = 1, FK_D = 2, FK_STOPPED = 4, FK_TRACED = 8, FK_KILLABLE = 0x102, FK_IDLE = 0x402 };

/* Through schedule() into the switch, in this state; then its stack is done. */
void fk_switch(struct fk_task *t, uint64_t state);
/* How long it has not run. 93 s where nothing is said. */
void fk_waited(struct fk_task *t, double seconds);
void fk_nanosleep(struct fk_task *t);
void fk_runs_on(struct fk_task *t, unsigned cpu);
void fk_runnable(struct fk_task *t, unsigned cpu);
void fk_stopped(struct fk_task *t);
/* It leaves the list of tasks; its memory stays. */
void fk_gone(struct fk_task *t);

/* ---- locks ---- */

/* name NULL: in the heap. */
iq_vaddr fk_mutex(struct fakekernel *k, const char *name);
iq_vaddr fk_rwsem(struct fakekernel *k, const char *name);
iq_vaddr fk_semaphore(struct fakekernel *k, const char *name);
iq_vaddr fk_percpu_rwsem(struct fakekernel *k, const char *name);
iq_vaddr fk_rtmutex(struct fakekernel *k, const char *name);
void fk_init_mutex(struct fakekernel *k, iq_vaddr lock);
void fk_init_rwsem(struct fakekernel *k, iq_vaddr lock);
void fk_init_percpu_rwsem(struct fakekernel *k, iq_vaddr lock);

void fk_mutex_take(struct fk_task *t, iq_vaddr lock);
void fk_rwsem_take_write(struct fk_task *t, iq_vaddr lock);
void fk_rwsem_take_read(struct fk_task *t, iq_vaddr lock);

/*
 * Sleep on a lock: the frames below the present one, the waiter in them, queued behind those who
 * wait already. The address of the waiter.
 */
iq_vaddr fk_wait_mutex(struct fk_task *t, iq_vaddr lock);
iq_vaddr fk_wait_write(struct fk_task *t, iq_vaddr lock, bool killable);
iq_vaddr fk_wait_read(struct fk_task *t, iq_vaddr lock, bool killable);
iq_vaddr fk_wait_semaphore(struct fk_task *t, iq_vaddr lock);
iq_vaddr fk_wait_percpu(struct fk_task *t, iq_vaddr lock, bool to_write);
void fk_wait_rtmutex(struct fk_task *t, iq_vaddr lock);
/* PREEMPT_RT: sleep on the rt_mutex of a lock, in the function that the task is in; alone. */
iq_vaddr fk_wait_rt(struct fk_task *t, iq_vaddr rtmutex, uint64_t state);
/* Sleep in a completion, or in a queue (wait_queue_head), by an entry on the stack. The queue is
 * made when the first comes. The address of the entry. */
iq_vaddr fk_wait_completion(struct fk_task *t, iq_vaddr done, uint64_t state);
iq_vaddr fk_wait_queue(struct fk_task *t, iq_vaddr head, const char *func, uint64_t state);
/* A waiter left over in the stack from an earlier wait (mutex_waiter, rwsem_waiter, ...). */
iq_vaddr fk_stale_waiter(struct fk_task *t, const char *type, iq_vaddr next, iq_vaddr prev);
/* The writer of a percpu_rw_semaphore that waits for readers inside to leave. */
void fk_drain_percpu(struct fk_task *t, iq_vaddr lock, unsigned num_readers);
/* Wants a mapping alone, with mmap_lock held for write: __vma_start_write(). FK_MID and FK_NEW. */
void fk_wait_vma(struct fk_task *t, iq_vaddr vma);
/* wait4() for any child, for a process (struct pid), ...: PIDTYPE_MAX 4, PIDTYPE_PID 0. */
void fk_wait_child(struct fk_task *t, unsigned type, iq_vaddr pid);
void fk_wait_vfork(struct fk_task *t, struct fk_task *child);

/* ---- filesystems and address spaces ---- */

iq_vaddr fk_sb(struct fakekernel *k, const char *fstype, const char *device, const char *mount);
/* Frozen completely: by a process that has ended, as fsfreeze(8) does. */
void fk_freeze(struct fakekernel *k, iq_vaddr sb);
iq_vaddr fk_sb_level(struct fakekernel *k, iq_vaddr sb, unsigned level);
/* A file in the root directory of that filesystem: its inode. */
iq_vaddr fk_inode(struct fakekernel *k, iq_vaddr sb, const char *name);
iq_vaddr fk_file(struct fakekernel *k, iq_vaddr inode);
/* The process has that file open as descriptor fd, below 64. */
void fk_fd(struct fk_task *t, unsigned fd, iq_vaddr file);
iq_vaddr fk_vma(struct fk_task *t, uint64_t start, uint64_t len, iq_vaddr file);
/* The task is in a write fault on a shared mapping of a file, and has it locked: as the flavour
 * does. */
void fk_write_fault(struct fk_task *t, iq_vaddr vma);

/* ---- running it ---- */

/* Symbols and types are put into memory, and the kernel is opened. The session is k's. */
struct iq_session *fk_open(struct fakekernel *k);
/* Before that: with these rooms, a table that ends with NULL, instead of all. It has to stay. */
void fk_rooms(struct fakekernel *k, const struct iq_module *const *rooms);
struct iq_error *fk_try_open(struct fakekernel *k, struct iq_session **s_ret);
/* As a running machine: memory may change between looks. Called in each pause; before fk_open(). */
void fk_live(struct fakekernel *k,
	     void (*in_pause)(struct fakekernel *k, unsigned num_pauses, void *ctx), void *ctx);

/* Its source says what memory there is, as dumps do; before fk_open(). */
void fk_tells_ram(struct fakekernel *k);

/* Called before each read of memory, so that it can move while it is being read; before fk_open().
 */
void fk_on_read(struct fakekernel *k,
		void (*fn)(struct fakekernel *k, iq_vaddr addr, size_t len, void *ctx), void *ctx);

/* iq_why() for all tasks, or for some; k's, and freed with it or by the next call. */
struct iq_why *fk_why(struct fakekernel *k);
struct iq_why *fk_why_without(struct fakekernel *k, const char *rules);
struct iq_why *fk_why_pid(struct fakekernel *k, int32_t pid);

/* ---- looking at the answer ---- */

/* The cause with this kind; the test fails if there is none, or several. */
struct iq_cause *fk_cause(const struct iq_why *why, enum iq_cause_kind kind);
/* "312,313": the tids of the blocked. */
const char *fk_blocked(struct fakekernel *k, const struct iq_cause *cause);
/* "ps -> mmap_lock of process 312 (mapper) -> ...": names, of tasks the comm. */
const char *fk_chain(struct fakekernel *k, const struct iq_cause *cause);
/* All causes, each on a line: kind, certainty, root, blocked, chain. */
const char *fk_causes(struct fakekernel *k, const struct iq_why *why);

#endif
