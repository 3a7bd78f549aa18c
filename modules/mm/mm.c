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
#include "inquest/module.h"
#include "inquest/waitq.h"

enum {
	VM_REFCNT_EXCLUSIVE = 0x40000000,
	RWSEM_READER_SHIFT = 8,
	MAX_HOLDERS = 64,
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

struct holder {
	const struct iq_task *task;
	int frame;
	bool maybe;
};

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

/* It waits for the lock, rather than in it: in the queue, or where the frame inside is the locking
 * itself. */
static bool still_waits(struct iq_diag *d, const struct iq_task *t, const struct iq_stack *stack,
			int frame)
{
	if (frame > 0 && iq_stack_find(stack, (size_t)frame - 1, lock_functions) == frame - 1)
		return true;
	return d->is_queued && d->is_queued(d->queue, t->addr);
}

/*
 * Is the task inside of something that keeps the lock while it sleeps? What reaches into another mm
 * may fault there: such a fault says nothing of the task's own.
 */
static bool holds_mm(struct iq_diag *d, const struct iq_task *t, iq_vaddr mm, struct holder *h)
{
	const struct iq_stack *stack = iq_task_stack(d->s, t);
	int frame = iq_stack_find(stack, 0, user_functions);

	if (has_function(stack, dropped_functions))
		return false;
	if (frame >= 0) {
		if (still_waits(d, t, stack, frame) || !iq_stack_mentions(stack, mm))
			return false;
	} else if (t->mm != mm) {
		return false;
	} else {
		frame = iq_stack_find(stack, 0, fault_functions);
		if (frame < 0) {
			frame = iq_stack_find(stack, 0, own_functions);
			if (frame < 0 || still_waits(d, t, stack, frame))
				return false;
		}
	}
	*h = (struct holder){ .task = t, .frame = frame };
	if (has_function(stack, maybe_dropped_functions)) {
		int let_go = fault_lets_go(d, stack, mm);

		h->maybe = let_go == EITHER;
		return let_go != LET_GO;
	}
	return true;
}

static void add_holders(struct iq_diag *d, struct iq_wait *w, const struct holder *list, size_t num,
			bool also_maybe, enum iq_certainty certainty, unsigned counted)
{
	struct iq_edge *e;

	for (size_t i = 0; i < num; i++) {
		const struct iq_stack *stack = iq_task_stack(d->s, list[i].task);

		if (list[i].maybe && !also_maybe)
			continue;
		e = iq_graph_edge(d->g, w->task, iq_diag_task(d, list[i].task), w->on,
				  certainty == IQ_LIKELY ? IQ_EDGE_MAYBE : IQ_EDGE_OWNER, certainty,
				  "holds it for read");
		iq_text_add(d->g, &e->evidence,
			    "%s (%d) sleeps inside of %s(), which holds it; %u reader%s counted",
			    list[i].task->comm, list[i].task->pid,
			    stack->frames[list[i].frame].sym.name, counted,
			    counted == 1 ? " is" : "s are");
	}
}

/*
 * As many holders as the lock counts: it is they. Who may have let go is never more than likely:
 * the reader may be somebody whose function we do not know.
 */
static bool conclude(struct iq_diag *d, struct iq_wait *w, const struct holder *list, size_t num,
		     unsigned counted)
{
	size_t sure = 0;

	for (size_t i = 0; i < num; i++)
		sure += !list[i].maybe;
	if (sure && sure == counted && num < MAX_HOLDERS)
		add_holders(d, w, list, num, false, IQ_STRONG, counted);
	else
		add_holders(d, w, list, num, true, IQ_LIKELY, counted);
	return num > 0;
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
	uint64_t count, lock;

	if (!vma)
		return false;
	if (iq_peek_member(d->s, vma_type, "vm_refcnt.refs.counter", vma, &count))
		return (count & (VM_REFCNT_EXCLUSIVE - 1)) > 1;
	return off >= 0 && iq_peek_member(d->s, vma_type, "vm_lock", vma, &lock) &&
	       iq_peek_member(d->s, "struct rw_semaphore", "count.counter", lock + (uint64_t)off,
			      &count) &&
	       count >> RWSEM_READER_SHIFT;
}

struct holders {
	struct holder list[MAX_HOLDERS];
	size_t num;
};

/* Looked for once a look: all who wait for one lock have the same in front of them. */
static const struct holders *mmap_holders(struct iq_diag *d, iq_vaddr mm)
{
	static const char known;
	struct holders *h = iq_diag_recall(d, &known, mm);

	if (h)
		return h;
	h = iq_arena_alloc(d->g->arena, sizeof(*h));
	for (size_t i = 0; i < d->tasks->num_tasks && h->num < MAX_HOLDERS; i++) {
		const struct iq_task *t = &d->tasks->tasks[i];

		if (t->pid && t->stack && !t->on_cpu && holds_mm(d, t, mm, &h->list[h->num]) &&
		    !holds_its_mapping(d, t))
			h->num++;
	}
	iq_diag_remember(d, &known, mm, h);
	return h;
}

static bool find_mmap_readers(struct iq_diag *d, struct iq_wait *w, iq_vaddr lock,
			      const struct iq_lock_name *name, unsigned counted)
{
	struct holder list[MAX_HOLDERS];
	const struct holders *known;
	size_t num = 0;

	(void)lock;
	if (!name->container_type || strcmp(name->container_type, "struct mm_struct"))
		return false;
	known = mmap_holders(d, name->container);
	for (size_t i = 0; i < known->num; i++)
		if (known->list[i].task->pid != w->task->tid)
			list[num++] = known->list[i];
	return conclude(d, w, list, num, counted);
}

static bool is_this_vma(struct iq_diag *d, iq_vaddr vma, void *ctx)
{
	(void)d;
	return vma == *(iq_vaddr *)ctx;
}

static bool vma_readers(struct iq_diag *d, struct iq_wait *w, iq_vaddr vma, unsigned counted)
{
	struct holder list[MAX_HOLDERS];
	uint64_t mm;
	size_t num = 0;

	if (!iq_peek_member(d->s, vma_type, "vm_mm", vma, &mm))
		return false;
	for (size_t i = 0; i < d->tasks->num_tasks && num < MAX_HOLDERS; i++) {
		const struct iq_task *t = &d->tasks->tasks[i];

		if (!t->pid || !t->stack || t->on_cpu || t->mm != mm || t->pid == w->task->tid ||
		    !holds_mm(d, t, mm, &list[num]) ||
		    !vma_on_stack(d, mm, iq_task_stack(d->s, t), is_this_vma, &vma))
			continue;
		/* It has seen this mapping; the one that it is about comes first. */
		if (vma_on_stack(d, mm, iq_task_stack(d->s, t), is_vma, NULL) != vma)
			list[num].maybe = true;
		num++;
	}
	return conclude(d, w, list, num, counted);
}

static bool find_vma_readers(struct iq_diag *d, struct iq_wait *w, iq_vaddr lock,
			     const struct iq_lock_name *name, unsigned counted)
{
	(void)lock;
	if (!name->container_type || strcmp(name->container_type, vma_type))
		return false;
	return vma_readers(d, w, name->container, counted);
}

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
	vma_readers(d, w, vma, readers);
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

static const struct iq_holder_rule holder_rules[] = {
	{ .name = "mmap_lock-readers",
	  .summary = "tasks that sleep in page faults of the same mm, or reach into it",
	  .lock_type = "struct rw_semaphore",
	  .find = find_mmap_readers },
	{ .name = "vma-readers",
	  .summary = "tasks that sleep in page faults of that mapping",
	  .lock_type = "struct rw_semaphore",
	  .find = find_vma_readers },
	{ 0 },
};

const struct iq_module iq_module_mm = {
	.api = IQ_MODULE_API,
	.name = "mm",
	.summary = "locks of address spaces and processes: mmap_lock, VMA locks, exec_update_lock",
	.wait_rules = wait_rules,
	.object_rules = object_rules,
	.lock_namers = lock_namers,
	.holder_rules = holder_rules,
};
