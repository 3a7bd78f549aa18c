/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The locks that a thread holds: findlocks
 *
 * The kernel keeps no list of them (lockdep aside). They are looked for in four places, and each
 * answer says which of them it comes from, because they are not equally sure:
 *
 *	who waits	the rules of `why` say of every sleeper who holds what it wants
 *	its stack	a word of the thread's stack or registers points to a lock whose own word
 *			names the thread
 *	its objects	the same of locks inside of slab objects that its stack points into
 *	all memory	(-a) every lock that names the thread, wherever it is
 *
 * A lock with waiters is proven. Without, it is four words of which three are 0 or a list that
 * leads back to itself, and on kernels whose mutexes have no list head only zeros: other structs
 * have the same, and memory that was freed keeps it. Then the lock's address on the stack makes it
 * strong, else it is likely.
 *
 * Locks that do not record their holders (read sides, percpu_rw_semaphores, semaphores) are found
 * by the first way only. That a thread that sleeps has the address of a lock that is held on its
 * stack is a hint, and said as one.
 */
#include "commands.h"
#include "inquest/explain.h"
#include "inquest/lock.h"
#include "inquest/names.h"
#include "inquest/ram.h"
#include "inquest/waitq.h"

enum { MAX_OBJECT = 16 << 10, MAX_OBJECTS = 512 };

static const struct iq_lock_kind *const mutex_kind = &iq_lock_kinds[IQ_LOCK_MUTEX];
static const struct iq_lock_kind *const rwsem_kind = &iq_lock_kinds[IQ_LOCK_RWSEM];

struct finding {
	struct iq_cmd *cmd;
	const struct iq_task *task;
	struct iq_map told;    /* lock -> 1 */
	struct iq_map objects; /* start of slab object -> 1: looked at */
	int64_t mutex_owner, rwsem_owner;
	size_t num;
};

static void tell(struct finding *f, iq_vaddr lock, const char *type, const char *mode,
		 const char *how)
{
	const char *name;

	if (iq_map_get(&f->told, lock))
		return;
	iq_map_set(&f->told, lock, 1);
	f->num++;
	if (f->cmd->to_pipe) {
		iq_out_value(f->cmd->out, lock);
		return;
	}
	name = iq_explain_lock_name(f->cmd->s, lock, type);
	iq_out_text(f->cmd->out, "%016" PRIx64 " (%s) is %s by %" PRIx64 " [%s]\n", lock,
		    iq_lock_type_name(type), mode, f->task->addr, how);
	iq_out_text(f->cmd->out, "                 %s\n", name ? name : "?");
}

/* ---- who waits ---- */

static void ask_waiters(struct finding *f)
{
	const struct iq_task_list *list = iq_tasks(f->cmd->s);

	for (size_t i = 0; list && i < list->num_tasks && !iq_cmd_stop(f->cmd); i++) {
		const struct iq_wait *w;

		if (list->tasks[i].state == 'R' || list->tasks[i].kthread)
			if (list->tasks[i].state != 'D')
				continue;
		w = iq_explain_task(f->cmd->s, &list->tasks[i]);
		if (!w || w->on->type != IQ_OBJ_LOCK || !w->on->addr)
			continue;
		iq_vec_foreach(&w->task->out, e) {
			struct iq_wchan ch;
			const char *type;

			if ((*e)->via != w->on || (*e)->to->tid != f->task->pid ||
			    (*e)->kind == IQ_EDGE_QUEUED)
				continue;
			type = "struct lock";
			if (iq_explain_wchan(f->cmd->s, &list->tasks[i], &ch))
				type = ch.type ? ch.type
					       : iq_arena_printf(f->cmd->arena, "struct %s",
								 ch.cls ? ch.cls : "lock");
			tell(f, w->on->addr, type,
			     iq_arena_printf(f->cmd->arena, "wanted by %s/%d and %s",
					     list->tasks[i].comm, list->tasks[i].pid,
					     (*e)->kind == IQ_EDGE_MAYBE ? "perhaps held" : "held"),
			     iq_certainty_name((*e)->certainty));
		}
	}
}

/* ---- a word that names the thread ---- */

/* Where a word was found that names the thread. */
enum where { ON_STACK /* the lock's address is */, IN_OBJECT, ANYWHERE };

/* Does somebody stand in its queue who knows it: a waiter on its own task's stack? */
static bool has_waiter(struct finding *f, const struct iq_lock_kind *kind, iq_vaddr lock)
{
	struct iq_lock_queue q = { 0 };
	struct iq_error *err = iq_lock_queue_read(f->cmd->s, kind, lock, &q);
	bool found = false;

	iq_vec_foreach(&q.list, w)
		if (!err && w->task &&
		    iq_task_by_stack_addr(f->cmd->s, w->waiter) ==
			    iq_task_by_addr(f->cmd->s, w->task))
			found = true;
	iq_error_free(err);
	iq_lock_queue_deinit(&q);
	return found;
}

/* A worker's struct names its task, and has an empty list behind that, as a mutex has. */
static bool is_own_worker(const struct finding *f, iq_vaddr at)
{
	struct iq_session *s = f->cmd->s;
	/* In set_child_tid before v5.17, e32cf5dfbe22. */
	const char *where = iq_has_member(s, "struct task_struct", "worker_private")
				    ? "worker_private"
				    : "set_child_tid";
	int64_t off = iq_offsetof(s, "struct worker", "task");
	uint64_t kthread, data;

	return f->task->kthread && off >= 0 &&
	       iq_peek_member(s, "struct task_struct", where, f->task->addr, &kthread) &&
	       iq_peek_member(s, "struct kthread", "data", kthread, &data) &&
	       at == data + (uint64_t)off;
}

static const char *rwsem_certainty(struct finding *f, iq_vaddr lock, enum where where)
{
	if (has_waiter(f, rwsem_kind, lock))
		return "proven: the lock names it, and has waiters";
	if (where == ON_STACK)
		return "proven: the lock names it; its address is on its stack";
	return "strong: the lock names it, if its memory is still in use";
}

/* NULL: there are too many things like that. */
static const char *mutex_certainty(struct finding *f, iq_vaddr lock, enum where where)
{
	struct iq_sym sym;
	struct iq_error *err;

	if (has_waiter(f, mutex_kind, lock))
		return "proven: the lock names it, and has waiters";
	if (where == ON_STACK)
		return iq_mutex_is_telling(f->cmd->s, lock)
			       ? "strong: the lock names it; its address is on its stack"
			       : "likely: its address is on its stack, and the words there are as "
				 "those of a mutex that names it";
	if (!iq_mutex_is_telling(f->cmd->s, lock)) {
		err = iq_sym_by_addr(f->cmd->s, lock, &sym);
		if (err || sym.addr != lock) {
			iq_error_free(err);
			return NULL;
		}
	}
	return "likely: the words there are as those of a mutex that names it";
}

/* The words of a lock at this address, if one could be there. */
static bool is_lock(struct iq_session *s, const struct iq_lock_kind *kind, iq_vaddr lock,
		    struct iq_lock_words *words_ret)
{
	struct iq_error *err = iq_lock_is_plausible(s, kind, lock);

	if (!err)
		return iq_lock_read(s, kind, lock, words_ret);
	iq_error_free(err);
	return false;
}

/* False: it is no rw_semaphore that somebody has or wants. */
static bool try_rwsem(struct finding *f, iq_vaddr lock, enum where where)
{
	struct iq_lock_words w;

	if (!is_lock(f->cmd->s, rwsem_kind, lock, &w) ||
	    !(w.held || w.draining || w.num_readers || (w.has_waiters && w.last)))
		return false;
	if (w.owner == f->task->addr)
		tell(f, lock, rwsem_kind->types[0],
		     w.draining ? "being taken for write" : "held for write",
		     rwsem_certainty(f, lock, where));
	else if (w.last == f->task->addr && w.num_readers && where == ON_STACK)
		tell(f, lock, rwsem_kind->types[0], "held for read by somebody, and was last taken",
		     "likely: the last reader may have left");
	return true;
}

static void try_mutex(struct finding *f, iq_vaddr lock, enum where where)
{
	const char *certainty;
	struct iq_lock_words w;

	if (!is_lock(f->cmd->s, mutex_kind, lock, &w) || w.owner != f->task->addr)
		return;
	certainty = mutex_certainty(f, lock, where);
	if (certainty)
		tell(f, lock, mutex_kind->types[0], w.pickup ? "handed over, to be taken" : "held",
		     certainty);
}

/*
 * Is this word, which is the thread's address with flags, the owner of a lock? An owner alone is
 * not enough, since a task's address is in many places: the rest of the lock has to fit. From its
 * owner on an rw_semaphore looks as a mutex does. The word in front of it, the count, tells: it is
 * asked first.
 */
static void try_word(struct finding *f, iq_vaddr at, enum where where)
{
	if (is_own_worker(f, at))
		return;
	if (f->rwsem_owner >= 0 && try_rwsem(f, at - (uint64_t)f->rwsem_owner, where))
		return;
	if (f->mutex_owner >= 0)
		try_mutex(f, at - (uint64_t)f->mutex_owner, where);
}

static bool is_owner_word(const struct finding *f, uint64_t word)
{
	return (word & ~7ULL) == f->task->addr;
}

/* All words of a piece of memory that somebody's stack points into. */
static void scan_object(struct finding *f, iq_vaddr start, uint64_t len)
{
	uint64_t words[64];

	for (uint64_t at = 0; at < len; at += sizeof(words)) {
		uint64_t part = IQ_MIN(len - at, (uint64_t)sizeof(words));

		if (!iq_peek(f->cmd->s, start + at, words, part))
			return;
		for (size_t i = 0; i < part / 8; i++)
			if (is_owner_word(f, words[i]))
				try_word(f, start + at + 8 * i, IN_OBJECT);
	}
}

static void follow(struct finding *f, uint64_t p)
{
	struct iq_session *s = f->cmd->s;
	const char *cache;
	struct iq_error *err;
	iq_vaddr object;
	uint64_t word;

	if (!iq_is_kernel_ptr(s, p) || iq_task_by_stack_addr(s, p) || iq_task_by_addr(s, p) ||
	    iq_is_text(s, p))
		return;
	if (f->rwsem_owner >= 0 && iq_peek_u64(s, p + (uint64_t)f->rwsem_owner, &word) &&
	    is_owner_word(f, word))
		try_word(f, p + (uint64_t)f->rwsem_owner, ON_STACK);
	if (f->mutex_owner >= 0 && iq_peek_u64(s, p + (uint64_t)f->mutex_owner, &word) &&
	    is_owner_word(f, word))
		try_word(f, p + (uint64_t)f->mutex_owner, ON_STACK);
	err = iq_slab_of(s, p, &cache, &object);
	if (err) {
		iq_error_free(err);
		return;
	}
	if (iq_map_get(&f->objects, object) || f->objects.num >= MAX_OBJECTS)
		return;
	iq_map_set(&f->objects, object, 1);
	/* As far as the next object begins, which is where its last byte's neighbour is. */
	for (uint64_t len = 64; len <= MAX_OBJECT; len *= 2) {
		iq_vaddr other = 0;

		err = iq_slab_of(s, object + len, &cache, &other);
		if (!err && other == object)
			continue;
		iq_error_free(err);
		scan_object(f, object, err ? len : IQ_MIN(other - object, len));
		return;
	}
	scan_object(f, object, MAX_OBJECT);
}

static void ask_stack(struct finding *f)
{
	const struct iq_stack *stack = iq_task_stack(f->cmd->s, f->task);

	for (size_t i = 0; i < stack->num_frames; i++)
		for (unsigned r = 0; r < IQ_NUM_REGS; r++)
			if (stack->frames[i].regs.known & (1u << r))
				follow(f, stack->frames[i].regs.r[r]);
	for (size_t i = 0; i < stack->num_words && !iq_cmd_stop(f->cmd); i++)
		follow(f, stack->words[i]);
}

/* ---- hints ---- */

/* Locks that are held by somebody for read, and whose address its stack has. */
static void ask_hints(struct finding *f)
{
	struct iq_session *s = f->cmd->s;
	const struct iq_stack *stack = iq_task_stack(s, f->task);
	struct iq_wchan own;

	if (!iq_explain_wchan(s, f->task, &own))
		own.addr = 0;
	for (size_t i = 0; i < stack->num_words && !iq_cmd_stop(f->cmd); i++) {
		iq_vaddr p = stack->words[i];
		struct iq_lock_words w;

		if (p == own.addr || !iq_is_kernel_ptr(s, p) || iq_task_by_stack_addr(s, p) ||
		    iq_is_text(s, p) || iq_task_by_addr(s, p))
			continue;
		/* Zeros look like anything. */
		if (is_lock(s, rwsem_kind, p, &w) && w.num_readers && w.last &&
		    iq_task_by_addr(s, w.last))
			tell(f, p, rwsem_kind->types[0], "held for read by somebody, perhaps",
			     "likely: its address is on its stack");
	}
}

/* ---- all memory ---- */

static bool stop(void *ctx)
{
	return iq_cmd_stop(((struct finding *)ctx)->cmd);
}

static bool hit(void *ctx, iq_vaddr addr, uint64_t word)
{
	struct finding *f = ctx;

	(void)word;
	/* No lock of this kind is on a stack, but many things that look like one. */
	if (!iq_task_by_stack_addr(f->cmd->s, addr))
		try_word(f, addr, ANYWHERE);
	return false;
}

static struct iq_error *ask_memory(struct finding *f)
{
	struct iq_ram_search search = { .size = 8,
					.mask = ~7ULL,
					.min = f->task->addr,
					.max = f->task->addr,
					.stop = stop,
					.hit = hit,
					.ctx = f };
	struct iq_ram_searched done;

	return iq_ram_search(f->cmd->s, &search, &done);
}

struct iq_error *cmd_findlocks(struct iq_cmd *cmd)
{
	struct finding f = { .cmd = cmd };
	struct iq_error *err = NULL;

	f.task = iq_tasks(cmd->s) ? iq_task_by_addr(cmd->s, cmd->addr) : NULL;
	if (!f.task || f.task->unreadable)
		return iq_error_new(IQ_ERR_INVALID,
				    "%#" PRIx64 " is not the task_struct of any task", cmd->addr);
	f.mutex_owner = iq_lock_owner_offset(cmd->s, mutex_kind);
	f.rwsem_owner = iq_lock_owner_offset(cmd->s, rwsem_kind);
	ask_waiters(&f);
	ask_stack(&f);
	if (iq_cmd_has(cmd, 'a'))
		err = ask_memory(&f);
	ask_hints(&f);
	if (!err && !cmd->to_pipe)
		iq_out_text(cmd->out, "%zu lock%s found; %s\n", f.num, f.num == 1 ? "" : "s",
			    iq_cmd_has(cmd, 'a')
				    ? "locks that do not record who holds them may be missing"
				    : "others may exist: -a searches all memory");
	iq_map_deinit(&f.told);
	iq_map_deinit(&f.objects);
	return err;
}

const struct iq_opt findlocks_opts[] = {
	{ 'a', NULL, "search all memory for locks that name the thread" },
	{ 0 },
};

const char findlocks_help[] =
	"Works on live kernels too. In square brackets stands how sure it is, and why. Looked for "
	"are: what the sleepers of the system wait for, mutexes and rw_semaphores that its stack "
	"or an object that its stack points into leads to, with -a those anywhere in memory. Locks "
	"that do not record who holds them are found only where somebody waits for them.";
