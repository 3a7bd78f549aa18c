/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Locks of address spaces and of processes: mmap_lock, VMA locks,
 * exec_update_lock, cred_guard_mutex
 *
 * These are the locks that make /proc/PID hang. The kernel records the writer
 * of an mmap_lock but no readers. A reader that sleeps is a task of the same
 * mm inside a page fault, or one that reaches into a foreign mm; some fault
 * paths drop the lock before they sleep and are left out.
 *
 * Since v6.4 a page fault may hold only the lock of its VMA. Up to v6.14 that is a
 * rw_semaphore behind vm_area_struct.vm_lock; since v6.15 (f35ab95ca0af, "mm: replace
 * vm_lock and detached flag with a reference count") the count vm_refcnt: 1
 * while attached, one more a reader, and bit 30 when a writer wants it alone.
 *
 * Kernel: mm/memory.c, mm/mmap_lock.c, include/linux/mmap_lock.h, fs/exec.c, fs/proc/base.c.
 */
#include "inquest/lock.h"
#include "inquest/module.h"
#include "inquest/waitq.h"

enum {
	VM_REFCNT_EXCLUSIVE = 0x40000000,
	PAGE_SHIFT = 12,
	/* Macros up to v5.13, enum fault_flag since; the values have stayed. */
	FAULT_FLAG_ALLOW_RETRY = 4,
	FAULT_FLAG_RETRY_NOWAIT = 8,
	FAULT_FLAG_TRIED = 0x20,
};

static const char vma_type[] = "struct vm_area_struct";
static const char fault_type[] = "struct vm_fault";

/* In one of these a task is inside of a page fault or of get_user_pages, mmap_lock or VMA lock
 * held. */
static const char *const fault_functions[] = {
	"handle_mm_fault",
	"__handle_mm_fault",
	"do_page_mkwrite",
	"do_fault",
	"do_shared_fault",
	"do_wp_page",
	"wp_page_shared",
	"__get_user_pages",
	"populate_vma_page_range",
	"faultin_page",
	NULL,
};

/* These take the lock of their own mm, and keep it while they sleep further in. */
static const char *const own_functions[] = {
	"do_madvise", "madvise_walk_vmas", "__x64_sys_mincore", "task_numa_work", NULL,
};

/* These take that of some mm, usually another process's, whose address is on the stack then. */
static const char *const user_functions[] = {
	"__access_remote_vm", "access_remote_vm",   "process_vm_rw_core", "do_pages_stat",
	"walk_page_range",    "collapse_huge_page", "show_map",		  "show_smap",
	"show_smaps_rollup",  "show_numa_map",	    "pagemap_read",	  NULL,
};

/* Here the lock has been dropped before the task went to sleep. */
static const char *const dropped_functions[] = {
	"handle_userfault",
	"__folio_lock_or_retry",
	"__lock_page_or_retry",
	"migration_entry_wait",
	"softleaf_entry_wait_on_locked",
	"folio_put_wait_locked",
	"pte_marker_handle_uffd_wp",
	NULL,
};

/* Here it may have been dropped: on the first try it is, on the second it is kept. */
static const char *const maybe_dropped_functions[] = {
	"filemap_fault",
	"__lock_folio_maybe_drop_mmap",
	"lock_page_maybe_drop_mmap",
	NULL,
};

static const char *const lock_functions[] = {
	"down_read",
	"down_read_killable",
	"down_read_interruptible",
	"down_write",
	"down_write_killable",
	"rwsem_down_read_slowpath",
	"rwsem_down_write_slowpath",
	"mmap_read_lock_killable",
	"mmap_read_lock",
	NULL,
};

static bool has_function(const struct iq_stack *stack, const char *const *names)
{
	return iq_stack_find(stack, 0, names) >= 0;
}

/* ---- whose is it ---- */

static const struct iq_task *leader_of(struct iq_diag *d, const struct iq_task *t)
{
	const struct iq_task *leader = iq_task_by_pid(d->s, t->tgid);

	return leader ? leader : t;
}

static void name_of_process(struct iq_diag *d, const char *member, const struct iq_task *t,
			    iq_vaddr container, const char *type, struct iq_lock_name *name_ret)
{
	const struct iq_task *leader = leader_of(d, t);

	*name_ret = (struct iq_lock_name){
		.name = iq_arena_printf(iq_scratch(d->s), "%s of process %d (%s)", member,
					leader->pid, leader->comm),
		.container = container,
		.container_type = type,
		.member = member,
		.certainty = IQ_PROVEN,
	};
}

/* The VMA that a task works on: the innermost pointer on its stack to one of its own mm that
 * `fits`. */
static iq_vaddr vma_on_stack(struct iq_diag *d, iq_vaddr mm, const struct iq_stack *stack,
			     bool (*fits)(struct iq_diag *d, iq_vaddr vma, void *ctx), void *ctx)
{
	int64_t vm_mm = iq_offsetof(d->s, vma_type, "vm_mm");
	uint64_t found;

	if (!mm || vm_mm < 0)
		return 0;
	for (size_t f = 0; f < stack->num_frames; f++)
		for (unsigned r = 0; r < IQ_NUM_REGS; r++) {
			uint64_t p = stack->frames[f].regs.r[r];

			if ((stack->frames[f].regs.known & (1u << r)) &&
			    iq_is_kernel_ptr(d->s, p) &&
			    iq_peek_u64(d->s, p + (uint64_t)vm_mm, &found) && found == mm &&
			    fits(d, p, ctx))
				return p;
		}
	for (size_t i = 0; i < stack->num_words; i++)
		if (iq_is_kernel_ptr(d->s, stack->words[i]) &&
		    iq_peek_u64(d->s, stack->words[i] + (uint64_t)vm_mm, &found) && found == mm &&
		    fits(d, stack->words[i], ctx))
			return stack->words[i];
	return 0;
}

static bool is_vma(struct iq_diag *d, iq_vaddr vma, void *ctx)
{
	uint64_t start, end;

	(void)ctx;
	return iq_peek_member(d->s, vma_type, "vm_start", vma, &start) &&
	       iq_peek_member(d->s, vma_type, "vm_end", vma, &end) && start < end &&
	       !(start & 4095) && !(end & 4095) && end < 1ULL << 57;
}

static bool has_vma_lock(struct iq_diag *d, iq_vaddr vma, void *ctx)
{
	int64_t off = iq_offsetof(d->s, "struct vma_lock", "lock");
	uint64_t lock;

	return off >= 0 && is_vma(d, vma, NULL) &&
	       iq_peek_member(d->s, vma_type, "vm_lock", vma, &lock) &&
	       lock + (uint64_t)off == *(iq_vaddr *)ctx;
}

static const char *name_of_vma(struct iq_diag *d, iq_vaddr vma, const struct iq_task *t)
{
	const struct iq_task *leader = leader_of(d, t);
	uint64_t start = 0, end = 0;

	iq_peek_member(d->s, vma_type, "vm_start", vma, &start);
	iq_peek_member(d->s, vma_type, "vm_end", vma, &end);
	return iq_arena_printf(iq_scratch(d->s),
			       "lock of the mapping %" PRIx64 "-%" PRIx64 " of process %d (%s)",
			       start, end, leader->pid, leader->comm);
}

static bool identify(struct iq_diag *d, iq_vaddr lock, const char *lock_type,
		     const struct iq_sleeper *waiter, struct iq_lock_name *name_ret)
{
	int64_t mmap_lock = iq_offsetof(d->s, "struct mm_struct", "mmap_lock");
	int64_t exec_update = iq_offsetof(d->s, "struct signal_struct", "exec_update_lock");
	int64_t cred_guard = iq_offsetof(d->s, "struct signal_struct", "cred_guard_mutex");
	iq_vaddr vma;

	for (size_t i = 0; i < d->tasks->num_tasks; i++) {
		const struct iq_task *t = &d->tasks->tasks[i];

		if (!t->pid || t->kthread)
			continue;
		if (t->mm && mmap_lock >= 0 && lock == t->mm + (uint64_t)mmap_lock)
			name_of_process(d, "mmap_lock", t, t->mm, "struct mm_struct", name_ret);
		else if (t->signal && exec_update >= 0 && lock == t->signal + (uint64_t)exec_update)
			name_of_process(d, "exec_update_lock", t, t->signal, "struct signal_struct",
					name_ret);
		else if (t->signal && cred_guard >= 0 && lock == t->signal + (uint64_t)cred_guard)
			name_of_process(d, "cred_guard_mutex", t, t->signal, "struct signal_struct",
					name_ret);
		else
			continue;
		return true;
	}
	if (strcmp(lock_type, "struct rw_semaphore") || !waiter || !waiter->task->mm)
		return false;
	vma = vma_on_stack(d, waiter->task->mm, waiter->stack, has_vma_lock, &lock);
	if (!vma)
		return false;
	*name_ret = (struct iq_lock_name){ .name = name_of_vma(d, vma, waiter->task),
					   .container = vma,
					   .container_type = vma_type,
					   .member = "vm_lock",
					   .certainty = IQ_PROVEN };
	return true;
}

/* ---- who holds it for read ---- */

struct fault_search {
	struct iq_diag *d;
	iq_vaddr mm;
	uint64_t flags;
};

/* A struct vm_fault of this mm: address, offset and mapping go together. */
static bool is_vm_fault(struct iq_session *s, iq_vaddr vmf, struct fault_search *x)
{
	uint64_t vma, mm, start, end, first, pgoff, address;

	return iq_peek_member(s, fault_type, "vma", vmf, &vma) && iq_is_kernel_ptr(s, vma) &&
	       iq_peek_member(s, vma_type, "vm_mm", vma, &mm) && mm == x->mm &&
	       iq_peek_member(s, vma_type, "vm_start", vma, &start) &&
	       iq_peek_member(s, vma_type, "vm_end", vma, &end) &&
	       iq_peek_member(s, vma_type, "vm_pgoff", vma, &first) &&
	       iq_peek_member(s, fault_type, "address", vmf, &address) &&
	       iq_peek_member(s, fault_type, "pgoff", vmf, &pgoff) && address >= start &&
	       address < end && pgoff == first + ((address - start) >> PAGE_SHIFT) &&
	       iq_peek_member(s, fault_type, "flags", vmf, &x->flags);
}

/*
 * May the lock be let go of in this fault? It is at the first try, and kept at the second: the
 * struct vm_fault in __handle_mm_fault()'s frame says which it is.
 */
static enum {
	KEPT,
	LET_GO,
	EITHER
} fault_lets_go(struct iq_diag *d, const struct iq_stack *stack, iq_vaddr mm)
{
	int64_t off = iq_offsetof(d->s, fault_type, "vma");
	struct fault_search x = { .d = d, .mm = mm };

	for (size_t i = 0; off >= 0 && i < stack->num_words; i++) {
		if (!iq_is_kernel_ptr(d->s, stack->words[i]) ||
		    !is_vm_fault(d->s, stack->sp + 8 * i - (uint64_t)off, &x))
			continue;
		return (x.flags & FAULT_FLAG_ALLOW_RETRY) && !(x.flags & FAULT_FLAG_TRIED) &&
				       !(x.flags & FAULT_FLAG_RETRY_NOWAIT)
			       ? LET_GO
			       : KEPT;
	}
	return EITHER;
}

/*
 * Is the task in a page fault under the lock of its mapping alone? A fault that took mmap_lock has
 * not locked the mapping for read.
 */
static bool holds_its_mapping(struct iq_diag *d, const struct iq_task *t)
{
	const struct iq_stack *stack = iq_task_stack(d->s, t);
	iq_vaddr vma = has_function(stack, fault_functions)
			       ? vma_on_stack(d, t->mm, stack, is_vma, NULL)
			       : 0;
	int64_t off = iq_offsetof(d->s, "struct vma_lock", "lock");
	struct iq_lock_words words;
	uint64_t count, lock;

	if (!vma)
		return false;
	if (iq_peek_member(d->s, vma_type, "vm_refcnt.refs.counter", vma, &count))
		return (count & (VM_REFCNT_EXCLUSIVE - 1)) > 1;
	return off >= 0 && iq_peek_member(d->s, vma_type, "vm_lock", vma, &lock) &&
	       iq_lock_read(d->s, &iq_lock_kinds[IQ_LOCK_RWSEM], lock + (uint64_t)off, &words) &&
	       words.num_readers;
}

/* What reaches into another mm has that on its stack. It takes the lock there, but not while the
 * frame inside is the locking itself. */
static bool is_in(const struct iq_holding *h, iq_vaddr mm)
{
	if (h->row->functions == user_functions ? !iq_stack_mentions(h->stack, mm)
						: h->task->mm != mm)
		return false;
	return h->row->functions == fault_functions || !h->frame ||
	       iq_stack_find(h->stack, h->frame - 1, lock_functions) != (int)h->frame - 1;
}

/* Does it keep what it has while it sleeps? */
static enum iq_fit keeps_it(struct iq_diag *d, const struct iq_stack *stack, iq_vaddr mm)
{
	static const enum iq_fit fits[] = {
		[KEPT] = IQ_FIT_YES, [LET_GO] = IQ_FIT_NO, [EITHER] = IQ_FIT_MAYBE
	};

	return has_function(stack, maybe_dropped_functions) ? fits[fault_lets_go(d, stack, mm)]
							    : IQ_FIT_YES;
}

static enum iq_fit has_mmap_lock(struct iq_diag *d, struct iq_holding *h)
{
	iq_vaddr mm = h->name->container;

	return is_in(h, mm) && !holds_its_mapping(d, h->task) ? keeps_it(d, h->stack, mm)
							      : IQ_FIT_NO;
}

static bool is_this_vma(struct iq_diag *d, iq_vaddr vma, void *ctx)
{
	(void)d;
	return vma == *(const iq_vaddr *)ctx;
}

static enum iq_fit has_vma(struct iq_diag *d, struct iq_holding *h)
{
	iq_vaddr vma = h->name->container;
	enum iq_fit fit;
	uint64_t mm;

	if (!iq_peek_member(d->s, vma_type, "vm_mm", vma, &mm) || h->task->mm != mm ||
	    !is_in(h, mm) || !vma_on_stack(d, mm, h->stack, is_this_vma, &vma))
		return IQ_FIT_NO;
	fit = keeps_it(d, h->stack, mm);
	/* It has seen this mapping; the one that it is about comes first. */
	return fit == IQ_FIT_YES && vma_on_stack(d, mm, h->stack, is_vma, NULL) != vma
		       ? IQ_FIT_MAYBE
		       : fit;
}

/* Probes in programs, and address spaces that are copied. */
static const char *const dup_mmap_writers[] = { "register_for_each_vma", NULL };
static const char *const dup_mmap_readers[] = { "dup_mmap", "dup_mm", NULL };
static const char *const coming[] = { "rcu_sync_enter", NULL };

/*
 * What reaches into another mm may fault there: such a fault says nothing of the task's own. A
 * fault is entered with the lock: who waits for it again in there has it.
 */
#define MMAP_LOCK                                                                                  \
	.container = "struct mm_struct", .member = "mmap_lock", .mode = IQ_HOLD_READ,              \
	.proof = IQ_HOLDER_COUNTED, .fits = has_mmap_lock
#define VMA_LOCK                                                                                   \
	.container = "struct vm_area_struct", .member = "vm_lock", .mode = IQ_HOLD_READ,           \
	.proof = IQ_HOLDER_COUNTED, .fits = has_vma
#define IN_ANOTHER .functions = user_functions, .outside = { dropped_functions }
#define IN_FAULT                                                                                   \
	.functions = fault_functions, .outside = { dropped_functions, user_functions },            \
	.even_queued = true
#define IN_ITS_OWN                                                                                 \
	.functions = own_functions,                                                                \
	.outside = { dropped_functions, user_functions, fault_functions }

static const struct iq_holder holders[] = {
	{ MMAP_LOCK, IN_ANOTHER },
	{ MMAP_LOCK, IN_FAULT },
	{ MMAP_LOCK, IN_ITS_OWN },
	{ VMA_LOCK, IN_ANOTHER },
	{ VMA_LOCK, IN_FAULT },
	{ VMA_LOCK, IN_ITS_OWN },
	{ .symbol = "dup_mmap_sem",
	  .mode = IQ_HOLD_WRITE,
	  .functions = dup_mmap_writers,
	  .outside = { coming } },
	{ .symbol = "dup_mmap_sem",
	  .mode = IQ_HOLD_READ,
	  .functions = dup_mmap_readers,
	  .outside = { coming } },
	{ 0 },
};

/* ---- the writer of a VMA that counts its readers ---- */

static bool wants_vma_alone(struct iq_diag *d, iq_vaddr vma, void *ctx)
{
	uint64_t count;

	(void)ctx;
	return is_vma(d, vma, NULL) &&
	       iq_peek_member(d->s, vma_type, "vm_refcnt.refs.counter", vma, &count) &&
	       (count & VM_REFCNT_EXCLUSIVE);
}

static struct iq_error *explain_vma_writer(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	const struct iq_task *task = who->task;
	int64_t off = iq_offsetof(d->s, vma_type, "vm_refcnt");
	struct iq_object *on;
	struct iq_wait *w;
	uint64_t count = 0, writer = 0;
	unsigned readers;
	iq_vaddr vma;

	if (off < 0 || !task->mm)
		return NULL;
	vma = vma_on_stack(d, task->mm, who->stack, wants_vma_alone, NULL);
	if (!vma || !iq_peek_member(d->s, vma_type, "vm_refcnt.refs.counter", vma, &count))
		return NULL;
	on = iq_graph_object(d->g, IQ_OBJ_LOCK, "lock:%#" PRIx64, vma + (uint64_t)off);
	on->addr = vma + (uint64_t)off;
	iq_object_str(d->g, on, "class", "vma-lock");
	iq_object_name(d->g, on, "%s", name_of_vma(d, vma, task));
	w = iq_diag_wait(who, on, IQ_WAIT_LOCK);
	w->mode = "write";
	/* Attached counts as one. */
	readers = (unsigned)(count & (VM_REFCNT_EXCLUSIVE - 1));
	readers = readers ? readers - 1 : 0;
	w->certainty = IQ_STRONG;
	if (iq_peek_member(d->s, "struct mm_struct", "vma_writer_wait.task", task->mm, &writer) &&
	    writer == task->addr)
		w->certainty = IQ_PROVEN;
	iq_text_add(d->g, &w->evidence,
		    "vm_area_struct.vm_refcnt at %#" PRIx64 " is %#" PRIx64
		    ": a writer waits for %u reader%s",
		    on->addr, count, readers, readers == 1 ? "" : "s");
	if (readers)
		iq_diag_find_holders(
			d, w,
			&(struct iq_holders_wanted){
				.lock = on->addr,
				.type = "",
				.name = &(struct iq_lock_name){ .container = vma,
								.container_type = vma_type,
								.member = "vm_lock" },
				.mode = IQ_HOLD_READ,
				.counted = readers });
	*wait_ret = w;
	return NULL;
}

/* ---- what a faulting task does, in words ---- */

static struct iq_error *describe_fault(struct iq_diag *d, struct iq_object *o)
{
	static const char *const write_functions[] = { "do_page_mkwrite", "do_shared_fault",
						       "do_wp_page", "wp_page_shared", NULL };
	const struct iq_task *t = iq_task_by_pid(d->s, (int32_t)o->tid);
	const struct iq_stack *stack;
	const char *path = NULL;
	uint64_t file;
	iq_vaddr vma;

	if (!t || !o->wait || o->wait->in_words)
		return NULL;
	stack = iq_task_stack(d->s, t);
	if (t->kthread || !has_function(stack, fault_functions))
		return NULL;
	vma = vma_on_stack(d, t->mm, stack, is_vma, NULL);
	if (vma && iq_peek_member(d->s, vma_type, "vm_file", vma, &file) && file)
		path = iq_path_of_file(d->s, file);
	o->wait->in_words =
		iq_arena_printf(d->g->arena, "in a %s on %s",
				has_function(stack, write_functions) ? "write fault" : "page fault",
				path ? path : "its memory");
	return NULL;
}

static const char *const vma_functions[] = { "__vma_start_exclude_readers", "__vma_enter_locked",
					     "__vma_start_write", "vma_mark_detached", NULL };

static const struct iq_wait_rule wait_rules[] = {
	{ .name = "vma-writer",
	  .summary = "who wants a mapping alone, and the page faults that still have it",
	  .reads = "vm_area_struct.vm_mm, .vm_refcnt, .vm_start; mm_struct.vma_writer_wait",
	  .seen = "7.3",
	  .certainty = IQ_STRONG,
	  .functions = vma_functions,
	  .explain = explain_vma_writer },
	{ 0 },
};

static const struct iq_object_rule object_rules[] = {
	{ .name = "fault",
	  .summary = "which file a page fault is about",
	  .type = IQ_OBJ_TASK,
	  .explain = describe_fault },
	{ 0 },
};

static const struct iq_lock_namer lock_namers[] = {
	{ .name = "mm", .identify = identify },
	{ 0 },
};

const struct iq_module iq_module_mm = {
	.api = IQ_MODULE_API,
	.name = "mm",
	.summary = "locks of address spaces and processes: mmap_lock, VMA locks, exec_update_lock",
	.wait_rules = wait_rules,
	.object_rules = object_rules,
	.lock_namers = lock_namers,
	.holders = holders,
};
