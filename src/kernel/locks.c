/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Kernel locks that sleep: the table of their kinds, and what their words say
 *
 *	mutex			owner: the task, three flag bits
 *	rw_semaphore		count: bit 0 a writer has it, bit 1 somebody waits, bit 2 it is
 *				handed over, from bit 8 on the number of readers
 *				owner: the writer, or with bit 0 set the reader that came last
 *	percpu_rw_semaphore	block: a writer has it, or wants it; writer: while it waits for the
 *				readers inside; read_count: per CPU, only the sum means something
 *	semaphore		count; last_holder since v6.17
 *	rt_mutex		owner: the task, bit 0 somebody waits
 *
 * PREEMPT_RT makes some of them, and spinlocks and rwlocks too, of an rt_mutex (`rtmutex`, `lock`);
 * those that have readers of an rwbase_rt, which is an rt_mutex and a count:
 *
 *	READER_BIAS + n		n readers are inside, and others may come
 *	n			a writer has the rt_mutex and waits for n readers to leave
 *	WRITER_BIAS		a writer has it
 *
 * The owner of the rt_mutex is that writer; or a reader, for the moment in which it goes in.
 *
 * A reader's name stays in an rw_semaphore when the reader has left, also beside a writer who has
 * counted himself in and not written his own name yet: only a name without the reader's bit is
 * that of an owner.
 *
 * Kernel: kernel/locking/ (mutex.h, rwsem.c, percpu-rwsem.c, semaphore.c, rtmutex_common.h,
 * rwbase_rt.c);
 * include/linux/hung_task.h for task_struct.blocker.
 */
#include "inquest/lock.h"

#include "kernel/session.h"

enum {
	MUTEX_WAITERS = 1,
	MUTEX_HANDOFF = 2,
	MUTEX_PICKUP = 4,
	MUTEX_FLAGS = 7,
	RWSEM_WRITER = 1,
	RWSEM_WAITERS = 2,
	RWSEM_HANDOFF = 4,
	RWSEM_UNUSED = 0xf8,
	RWSEM_READERS_FROM = 8,
	RWSEM_MANY_READERS = 1 << 22, /* more than there can be tasks */
	RWSEM_READER_OWNED = 1,
	RWSEM_OWNER_FLAGS = 7, /* with those that say whether one may spin for it */
	RTMUTEX_WAITERS = 1,
	RWBASE_WRITER_BIAS = 1 << 30,
};

static const uint32_t rwbase_reader_bias = 1u << 31;

/* ---- kinds ---- */

const char *const iq_mutex_functions[] = {
	"__mutex_lock",
	"__mutex_lock_common",
	"__mutex_lock_slowpath",
	"__mutex_lock_killable_slowpath",
	"__mutex_lock_interruptible_slowpath",
	"__ww_mutex_lock",
	"__ww_mutex_lock_slowpath",
	"mutex_lock",
	"mutex_lock_killable",
	"mutex_lock_interruptible",
	"mutex_lock_io",
	"ww_mutex_lock",
	"ww_mutex_lock_interruptible",
	NULL,
};

const char *const iq_rwsem_functions[] = {
	"rwsem_down_read_slowpath",
	"rwsem_down_write_slowpath",
	"down_read",
	"down_read_killable",
	"down_read_interruptible",
	"down_write",
	"down_write_killable",
	"__down_read",
	"__down_write",
	"__down_read_common",
	"__down_write_common",
	NULL,
};

const char *const iq_semaphore_functions[] = {
	"__down",
	"__down_common",
	"___down_common",
	"__down_killable",
	"__down_interruptible",
	"__down_timeout",
	"down",
	"down_killable",
	"down_interruptible",
	"down_timeout",
	NULL,
};

/* The rules ask for readers and writers apart. */
static const char *const percpu_functions[] = { "percpu_rwsem_wait", "__percpu_down_read",
						"percpu_down_write", NULL };

/* Those of futexes are another class of thing to sleep on, though the lock is the same. */
static const char *const rtmutex_functions[] = {
	"rt_mutex_slowlock",	   "__rt_mutex_slowlock",
	"rt_mutex_slowlock_block", "rt_mutex_lock",
	"rtlock_slowlock_locked",  "__rt_mutex_slowlock_locked",
	"rt_mutex_schedule",	   NULL,
};

/* Those of PREEMPT_RT. What they call is the rt_mutex', or is told apart by them. */
static const char *const spinlock_functions[] = { "rt_spin_lock", "rt_spin_lock_nested",
						  "rt_spin_lock_nest_lock", "rt_spin_lock_unlock",
						  NULL };
static const char *const rwlock_functions[] = { "rt_read_lock", "rt_write_lock",
						"rt_write_lock_nested", NULL };

const struct iq_lock_kind iq_lock_kinds[IQ_NUM_LOCKS] = {
	[IQ_LOCK_MUTEX] = { .id = IQ_LOCK_MUTEX,
			    .cls = "mutex",
			    .brief = "mutex",
			    .sobj = "MUTEX",
			    .types = { "struct mutex" },
			    .waiter = "struct mutex_waiter",
			    .head = "wait_list",
			    .links = { "list" },
			    .task = "task",
			    .rt_owner = "rtmutex.owner",
			    .blocker_types = 1 << 0,
			    .functions = iq_mutex_functions },
	[IQ_LOCK_RWSEM] = { .id = IQ_LOCK_RWSEM,
			    .cls = "rwsem",
			    .brief = "rwsem",
			    .sobj = "RWSEM",
			    .mdb_sobj = "RWLOCK",
			    .types = { "struct rw_semaphore" },
			    .waiter = "struct rwsem_waiter",
			    .head = "wait_list",
			    .links = { "list" },
			    .task = "task",
			    .mode = "type",
			    .read_mask = 1, /* RWSEM_WAITING_FOR_READ */
			    .rt_owner = "rwbase.rtmutex.owner",
			    .rt_readers = "rwbase.readers.counter",
			    /* As a reader, as a writer. */
			    .blocker_types = 1 << 2 | 1 << 3,
			    .functions = iq_rwsem_functions },
	[IQ_LOCK_PERCPU_RWSEM] = { .id = IQ_LOCK_PERCPU_RWSEM,
				   .cls = "percpu-rwsem",
				   .brief = "pcpu_rwsem",
				   .sobj = "PERCPU_RWSEM",
				   .mdb_sobj = "RWLOCK",
				   .types = { "struct percpu_rw_semaphore" },
				   .waiter = "struct wait_queue_entry",
				   .head = "waiters.head",
				   .links = { "entry" },
				   .task = "private",
				   .mode = "flags",
				   /* WQ_FLAG_CUSTOM: 8 up to v6.10, 4 since the flag between them
				    * went. */
				   .read_mask = 8 | 4,
				   .functions = percpu_functions },
	[IQ_LOCK_SEMAPHORE] = { .id = IQ_LOCK_SEMAPHORE,
				.cls = "semaphore",
				.brief = "sema",
				.sobj = "SEMA",
				.types = { "struct semaphore" },
				.waiter = "struct semaphore_waiter",
				.head = "wait_list",
				.links = { "list" },
				.task = "task",
				.blocker_types = 1 << 1,
				.functions = iq_semaphore_functions },
	/* struct rt_mutex_base since v5.15, 830e6acc8a1c; struct rt_mutex before. */
	[IQ_LOCK_RTMUTEX] = { .id = IQ_LOCK_RTMUTEX,
			      .cls = "rtmutex",
			      .brief = "rtmutex",
			      .sobj = "RTMUTEX",
			      .types = { "struct rt_mutex_base", "struct rt_mutex" },
			      .waiter = "struct rt_mutex_waiter",
			      .head = "waiters",
			      .links = { "tree.entry", "tree_entry" },
			      .task = "task",
			      .functions = rtmutex_functions },
	[IQ_LOCK_SPINLOCK] = { .id = IQ_LOCK_SPINLOCK,
			       .cls = "spinlock",
			       .brief = "spinlock",
			       .types = { "struct spinlock" },
			       .rt_owner = "lock.owner",
			       .functions = spinlock_functions },
	[IQ_LOCK_RWLOCK] = { .id = IQ_LOCK_RWLOCK,
			     .cls = "rwlock",
			     .brief = "rwlock",
			     .types = { "rwlock_t" },
			     .rt_owner = "rwbase.rtmutex.owner",
			     .rt_readers = "rwbase.readers.counter",
			     .functions = rwlock_functions },
	[IQ_LOCK_COMPLETION] = { .id = IQ_LOCK_COMPLETION,
				 .brief = "compl",
				 .types = { "struct completion" },
				 .waiter = "struct swait_queue",
				 .head = "wait.task_list",
				 .links = { "task_list" },
				 .task = "task" },
	[IQ_LOCK_WAITQUEUE] = { .id = IQ_LOCK_WAITQUEUE,
				.brief = "waitq",
				.types = { "struct wait_queue_head" },
				.waiter = "struct wait_queue_entry",
				.head = "head",
				.links = { "entry" },
				.task = "private" },
};

const struct iq_lock_kind *iq_lock_by_class(const char *cls)
{
	for (size_t i = 0; cls && i < IQ_NUM_LOCKS; i++)
		if (iq_lock_kinds[i].cls && !strcmp(iq_lock_kinds[i].cls, cls))
			return &iq_lock_kinds[i];
	return NULL;
}

const struct iq_lock_kind *iq_lock_by_type(const char *type)
{
	for (size_t i = 0; type && i < IQ_NUM_LOCKS; i++)
		for (size_t n = 0; n < 2 && iq_lock_kinds[i].types[n]; n++)
			if (!strcmp(iq_lock_kinds[i].types[n], type))
				return &iq_lock_kinds[i];
	return NULL;
}

const char *iq_lock_type(struct iq_session *s, const struct iq_lock_kind *kind)
{
	return kind->types[1] && !iq_has_type(s, kind->types[0]) ? kind->types[1] : kind->types[0];
}

const char *iq_lock_type_name(const char *type)
{
	size_t len = strlen("struct ");

	return strncmp(type, "struct ", len) ? type : type + len;
}

static const struct iq_lock_kind *const rtmutex_kind = &iq_lock_kinds[IQ_LOCK_RTMUTEX];

int64_t iq_lock_rt_offset(struct iq_session *s, const struct iq_lock_kind *kind)
{
	int64_t owner;

	if (kind->id == IQ_LOCK_RTMUTEX)
		return 0;
	owner = kind->rt_owner ? iq_offsetof(s, iq_lock_type(s, kind), kind->rt_owner) : -1;
	return owner < 0 ? -1 : owner - iq_lock_owner_offset(s, rtmutex_kind);
}

int64_t iq_lock_owner_offset(struct iq_session *s, const struct iq_lock_kind *kind)
{
	const char *type = iq_lock_type(s, kind);
	int64_t off = kind->rt_owner ? iq_offsetof(s, type, kind->rt_owner) : -1;

	return off < 0 ? iq_offsetof(s, type, "owner") : off;
}

/* ---- words ---- */

static bool read_mutex(struct iq_session *s, iq_vaddr lock, struct iq_lock_words *w)
{
	if (!iq_peek_member(s, "struct mutex", "owner.counter", lock, &w->owner_word))
		return false;
	w->owner = w->owner_word & ~(uint64_t)MUTEX_FLAGS;
	w->held = w->owner;
	w->has_waiters = w->owner_word & MUTEX_WAITERS;
	w->handoff = w->owner_word & MUTEX_HANDOFF;
	w->pickup = w->owner_word & MUTEX_PICKUP;
	return true;
}

static bool read_rwsem(struct iq_session *s, iq_vaddr lock, struct iq_lock_words *w)
{
	static const char type[] = "struct rw_semaphore";
	iq_vaddr name;

	if (!iq_peek_member(s, type, "count.counter", lock, &w->count) ||
	    !iq_peek_member(s, type, "owner.counter", lock, &w->owner_word))
		return false;
	w->held = w->count & RWSEM_WRITER;
	w->has_waiters = w->count & RWSEM_WAITERS;
	w->handoff = w->count & RWSEM_HANDOFF;
	/* The topmost bit is a guard against overflow, not a reader. */
	w->num_readers = w->held ? 0 : (w->count & INT64_MAX) >> RWSEM_READERS_FROM;
	name = w->owner_word & ~(uint64_t)RWSEM_OWNER_FLAGS;
	if (w->owner_word & RWSEM_READER_OWNED)
		w->last = name;
	else if (w->held)
		w->owner = name;
	return true;
}

static bool read_percpu_rwsem(struct iq_session *s, iq_vaddr lock, struct iq_lock_words *w)
{
	static const char type[] = "struct percpu_rw_semaphore";

	if (!iq_peek_member(s, type, "block.counter", lock, &w->count) ||
	    !iq_peek_member(s, type, "writer.task", lock, &w->owner_word))
		return false;
	w->owner = w->owner_word;
	w->draining = w->owner;
	w->held = w->count && !w->owner;
	return true;
}

static bool read_semaphore(struct iq_session *s, iq_vaddr lock, struct iq_lock_words *w)
{
	static const char type[] = "struct semaphore";

	if (!iq_peek_member(s, type, "count", lock, &w->count))
		return false;
	w->count &= UINT32_MAX;
	iq_peek_member(s, type, "last_holder", lock, &w->last);
	return true;
}

static bool read_rtmutex(struct iq_session *s, iq_vaddr lock, struct iq_lock_words *w)
{
	const char *type = iq_lock_type(s, &iq_lock_kinds[IQ_LOCK_RTMUTEX]);

	if (!iq_peek_member(s, type, "owner", lock, &w->owner_word))
		return false;
	w->owner = w->owner_word & ~(uint64_t)RTMUTEX_WAITERS;
	w->held = w->owner;
	w->has_waiters = w->owner_word & RTMUTEX_WAITERS;
	return true;
}

/* A lock that is made of an rt_mutex: its owner is the owner of that. */
static bool read_rt(struct iq_session *s, const struct iq_lock_kind *kind, iq_vaddr lock,
		    struct iq_lock_words *w)
{
	const char *type = iq_lock_type(s, kind);

	if (!read_rtmutex(s, lock + (uint64_t)iq_lock_rt_offset(s, kind), w) ||
	    (kind->rt_readers && !iq_peek_member(s, type, kind->rt_readers, lock, &w->count)))
		return false;
	if (!kind->rt_readers)
		return true;
	w->count &= UINT32_MAX;
	w->held = w->count == RWBASE_WRITER_BIAS;
	w->draining = w->owner && w->count < RWBASE_WRITER_BIAS;
	w->num_readers = w->held ? 0 : w->count & ~(uint64_t)rwbase_reader_bias;
	/* Who has the rt_mutex of a lock that is open has not closed it yet. */
	if (!w->held && !w->draining)
		w->owner = 0;
	return true;
}

static bool read_completion(struct iq_session *s, iq_vaddr lock, struct iq_lock_words *w)
{
	if (!iq_peek_member(s, "struct completion", "done", lock, &w->count))
		return false;
	w->count &= UINT32_MAX;
	return true;
}

bool iq_lock_read(struct iq_session *s, const struct iq_lock_kind *kind, iq_vaddr lock,
		  struct iq_lock_words *words_ret)
{
	static bool (*const readers[IQ_NUM_LOCKS])(struct iq_session *, iq_vaddr,
						   struct iq_lock_words *) = {
		[IQ_LOCK_MUTEX] = read_mutex,
		[IQ_LOCK_RWSEM] = read_rwsem,
		[IQ_LOCK_PERCPU_RWSEM] = read_percpu_rwsem,
		[IQ_LOCK_SEMAPHORE] = read_semaphore,
		[IQ_LOCK_RTMUTEX] = read_rtmutex,
		[IQ_LOCK_COMPLETION] = read_completion,
	};
	bool is_rt = kind->id != IQ_LOCK_RTMUTEX && iq_lock_rt_offset(s, kind) >= 0;
	struct iq_lock_words words = { 0 };

	if (is_rt ? !read_rt(s, kind, lock, &words)
		  : !readers[kind->id] || !readers[kind->id](s, lock, &words))
		return false;
	*words_ret = words;
	return true;
}

bool iq_percpu_rwsem_readers(struct iq_session *s, iq_vaddr lock, uint32_t *num_ret)
{
	uint64_t counts;
	uint32_t sum = 0, n;

	if (!iq_peek_member(s, "struct percpu_rw_semaphore", "read_count", lock, &counts))
		return false;
	/* Who came on one CPU may have left on another: modulo 2^32. */
	for (unsigned cpu = 0; cpu < iq_num_cpus(s); cpu++) {
		if (!iq_peek_u32(s, iq_per_cpu(s, counts, cpu), &n))
			return false;
		sum += n;
	}
	*num_ret = sum;
	return true;
}

/* ---- is it one? ---- */

/* What an address would be as the lock that it is said to be. */
struct suspect {
	struct iq_session *s;
	const struct iq_lock_kind *kind;
	const char *type;
	iq_vaddr lock;
	bool is_rt;
	struct iq_lock_words words;
};

static struct suspect suspect(struct iq_session *s, const struct iq_lock_kind *kind, iq_vaddr lock)
{
	return (struct suspect){ .s = s,
				 .kind = kind,
				 .type = iq_lock_type(s, kind),
				 .lock = lock,
				 .is_rt = iq_lock_rt_offset(s, kind) >= 0 };
}

static bool is_task(struct iq_session *s, iq_vaddr addr)
{
	/* Whoever asks first has no list of tasks yet. */
	return iq_tasks(s) && iq_task_by_addr(s, addr);
}

/*
 * Where its queue begins: a list head in it, else the word that points to the first waiter, or of
 * an rt_mutex to the root of the tree of them.
 */
static bool queue_starts(const struct suspect *x, iq_vaddr *head_ret, uint64_t *next_ret)
{
	int64_t head = iq_offsetof(x->s, x->type, x->kind->head);
	int64_t first = iq_offsetof(x->s, x->type, "first_waiter");

	if (x->is_rt)
		first = iq_lock_rt_offset(x->s, x->kind) +
			iq_offsetof(x->s, iq_lock_type(x->s, rtmutex_kind), rtmutex_kind->head);
	*head_ret = head >= 0 ? x->lock + (uint64_t)head : 0;
	return (head >= 0 || first >= 0) &&
	       iq_peek_u64(x->s, x->lock + (uint64_t)(head >= 0 ? head : first), next_ret);
}

/* The links of an empty queue, or the first of a full one, lead back. */
static bool links_are_whole(const struct suspect *x)
{
	uint64_t next, back;
	iq_vaddr head;

	if (!queue_starts(x, &head, &next))
		return false;
	if (head)
		return iq_is_kernel_ptr(x->s, next) && iq_peek_u64(x->s, next + 8, &back) &&
		       back == head;
	return !next || (iq_tasks(x->s) && iq_task_by_stack_addr(x->s, next));
}

static bool queue_is_empty(const struct suspect *x)
{
	uint64_t next;
	iq_vaddr head;

	return queue_starts(x, &head, &next) && next == head;
}

/* The spinlock and the queue of spinners: mostly 0, and never large. */
static bool spinners_are_sane(const struct suspect *x)
{
	int64_t wait_lock = iq_offsetof(x->s, x->type, "wait_lock");
	int64_t osq = iq_offsetof(x->s, x->type, "osq");
	uint32_t word;

	/* Up to a CPU's number and two bits, from bit 16 on; pending and locked below. */
	if (wait_lock >= 0 && (!iq_peek_u32(x->s, x->lock + (uint64_t)wait_lock, &word) ||
			       (word & 0xfffe) > 0x100 || word >> 18 > iq_num_cpus(x->s)))
		return false;
	return osq < 0 ||
	       (iq_peek_u32(x->s, x->lock + (uint64_t)osq, &word) && word <= iq_num_cpus(x->s));
}

/* Why its queue cannot be one; NULL: it can. */
static const char *doubt_of_queue(const struct suspect *x)
{
	if (!links_are_whole(x))
		return "its queue does not lead back to it";
	/*
	 * The flags go with the last waiter. What an rw_semaphore remembers of its last reader
	 * looks like a mutex with a flag.
	 */
	if (x->kind->id == IQ_LOCK_MUTEX && (x->words.owner_word & MUTEX_FLAGS) &&
	    queue_is_empty(x))
		return "it has flags for waiters, and none";
	return spinners_are_sane(x) ? NULL : "its spinlock is none";
}

static const char *doubt_of_percpu(const struct suspect *x)
{
	uint64_t counts;

	if (x->words.count > 1)
		return "its block is neither 0 nor 1";
	if (x->words.owner && !is_task(x->s, x->words.owner))
		return "its writer is no task";
	return iq_peek_member(x->s, x->type, "read_count", x->lock, &counts) && counts
		       ? NULL
		       : "it has no counts of readers";
}

/* Some bits of the count have no meaning, some values mean nothing. */
static bool count_is_sane(const struct suspect *x)
{
	if (x->kind->id != IQ_LOCK_RWSEM)
		return true;
	return x->words.num_readers <= RWSEM_MANY_READERS &&
	       (x->is_rt ? x->words.count != 0 : !(x->words.count & RWSEM_UNUSED));
}

static const char *doubt_of(const struct suspect *x)
{
	if (x->kind->id == IQ_LOCK_PERCPU_RWSEM)
		return doubt_of_percpu(x);
	if (!count_is_sane(x))
		return "its count is none";
	if (x->words.owner && !is_task(x->s, x->words.owner))
		return "its owner is no task";
	return doubt_of_queue(x);
}

struct iq_error *iq_lock_is_plausible(struct iq_session *s, const struct iq_lock_kind *kind,
				      iq_vaddr lock)
{
	struct suspect x = suspect(s, kind, lock);
	const char *name = iq_lock_type_name(x.type), *doubt = "it is not aligned";

	if (!(lock & 7)) {
		if (!iq_lock_read(s, kind, lock, &x.words))
			return iq_error_fault(lock, name);
		doubt = doubt_of(&x);
	}
	return doubt ? iq_error_new(IQ_ERR_CORRUPT, "%#" PRIx64 " does not look like a %s: %s",
				    lock, name, doubt)
		     : NULL;
}

bool iq_mutex_is_telling(struct iq_session *s, iq_vaddr lock)
{
	struct suspect x = suspect(s, &iq_lock_kinds[IQ_LOCK_MUTEX], lock);

	if (iq_offsetof(s, x.type, x.kind->head) >= 0)
		return true;
	return iq_lock_read(s, x.kind, lock, &x.words) && x.words.has_waiters &&
	       !queue_is_empty(&x);
}
