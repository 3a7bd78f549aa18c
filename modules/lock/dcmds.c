/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Locks in the debugger: who holds one, who waits for one
 */
#include "commands.h"
#include "inquest/explain.h"
#include "inquest/lock.h"

static const char task_type[] = "struct task_struct";

/* Who it is, for the lines below the columns. */
static const char *who(struct iq_cmd *cmd, iq_vaddr task)
{
	const struct iq_task *t = iq_task_by_addr(cmd->s, task);

	return t ? iq_arena_printf(cmd->arena, "%s/%d", t->comm, t->pid) : "?";
}

static struct iq_error *need_tasks(struct iq_cmd *cmd)
{
	return iq_tasks(cmd->s) ? NULL
				: iq_error_new(IQ_ERR_CORRUPT, "the list of tasks cannot be read");
}

/* Who waits, for the next command in the pipe. */
static struct iq_error *out_waiters(struct iq_cmd *cmd, const struct iq_lock_kind *kind)
{
	struct iq_lock_queue q = { 0 };
	struct iq_error *err = iq_lock_queue_read(cmd->s, kind, cmd->addr, &q);

	iq_out_type_named(cmd, task_type);
	iq_vec_foreach(&q.list, w)
		if (w->task)
			iq_out_value(cmd->out, w->task);
	iq_lock_queue_deinit(&q);
	return err;
}

/* What its words say, if they are those of such a lock; forced: whatever they are. */
static struct iq_error *read_words(struct iq_session *s, const struct iq_lock_kind *kind,
				   iq_vaddr lock, bool forced, struct iq_lock_words *words_ret)
{
	struct iq_error *err = forced ? NULL : iq_lock_is_plausible(s, kind, lock);

	if (!err && !iq_lock_read(s, kind, lock, words_ret))
		err = iq_error_fault(lock, iq_lock_type_name(iq_lock_type(s, kind)));
	return err;
}

/* The same for a command that has -f. */
static struct iq_error *words_to_show(struct iq_cmd *cmd, const struct iq_lock_kind *kind,
				      struct iq_lock_words *words_ret)
{
	struct iq_error *err = read_words(cmd->s, kind, cmd->addr, iq_cmd_has(cmd, 'f'), words_ret);

	return err && err->code == IQ_ERR_CORRUPT ? iq_error_prefix(err, "not shown without -f")
						  : err;
}

/* ---- mutex ---- */

static const struct iq_column mutex_columns[] = {
	{ "ADDR", .right = true, .min = 16 },
	{ "TYPE", .min = 6 },
	{ "HELD", .right = true, .min = 16 },
	{ "MINSPL", .right = true, .min = 6 },
	{ "OLDSPL", .right = true, .min = 6 },
	{ "WAITERS", .min = 7 },
	{ 0 },
};

static struct iq_error *cmd_mutex(struct iq_cmd *cmd)
{
	static const struct iq_lock_kind *const kind = &iq_lock_kinds[IQ_LOCK_MUTEX];
	struct iq_lock_words w;
	struct iq_error *err = need_tasks(cmd);

	if (!err)
		err = words_to_show(cmd, kind, &w);
	if (err)
		return err;
	if (cmd->to_pipe)
		return out_waiters(cmd, kind);
	iq_out_row(cmd, mutex_columns,
		   (struct iq_cell[]){
			   { IQ_CELL_ADDR, .u64 = cmd->addr },
			   { IQ_CELL_STR, .str = "mutex" },
			   w.owner ? (struct iq_cell){ IQ_CELL_ADDR, .u64 = w.owner }
				   : (struct iq_cell){ IQ_CELL_STR, .str = "no" },
			   /* Linux' mutexes block no interrupts. */
			   { IQ_CELL_NULL },
			   { IQ_CELL_NULL },
			   { IQ_CELL_STR, .str = w.has_waiters ? "yes" : "no" },
			   { IQ_CELL_END },
		   });
	return NULL;
}

static struct iq_error *cmd_mutex_owner(struct iq_cmd *cmd)
{
	struct iq_lock_words w;
	struct iq_error *err = need_tasks(cmd);

	if (!err)
		err = read_words(cmd->s, &iq_lock_kinds[IQ_LOCK_MUTEX], cmd->addr, false, &w);
	if (err)
		return err;
	iq_out_type_named(cmd, task_type);
	if (w.owner)
		iq_out_value(cmd->out, w.owner);
	else if (!cmd->to_pipe)
		iq_out_text(cmd->out, "mutex %" PRIx64 " is not held\n", cmd->addr);
	return NULL;
}

/* ---- rwlock ---- */

/* What the flags are called; the leftmost first. */
enum rw_flag { WRITE_LOCKED, HANDOFF, HAS_WAITERS, NUM_FLAGS };

static const char *const rw_flags[NUM_FLAGS] = { "WRITE_LOCKED", "HANDOFF", "HAS_WAITERS" };

/* Where the row's columns are, for the lines below it. */
enum { NAME_AT = 17, BITS_AT = 35, WAITERS_AT = 40 };

static const struct iq_column rwlock_columns[] = {
	{ "ADDR", .right = true, .min = 16 },
	{ "OWNER/COUNT", .right = true, .min = 16 },
	{ "FLAGS", .min = 5 },
	{ "WAITERS", .min = 7 },
	{ 0 },
};

/* Of a lock that a writer has closed. */
#define DRAINS "%17s%s takes it for write, and waits for the readers\n"

static const char *waiter_text(struct iq_cmd *cmd, const struct iq_lock_queue *q, size_t i)
{
	const struct iq_lock_waiter *w;

	if (i >= q->list.num)
		return "";
	w = &q->list.data[i];
	return iq_arena_printf(cmd->arena, "%016" PRIx64 " (%c) %s", w->task,
			       w->mode == IQ_LOCK_READS ? 'R' : 'W', who(cmd, w->task));
}

/*
 * Below the row: at the right the other waiters, at the left a line for each bit that is set,
 * with a line up to it:
 *
 *	ffff888003a1c0d8        READERS=1 B011  ffff888003a1d000 (W) mapper/155
 *	                 HANDOFF -----------+|  ffff888003a1e000 (R) ps/184
 *	                 HAS_WAITERS --------+
 */
static void rw_legend(struct iq_cmd *cmd, const bool *flags, const struct iq_lock_queue *q)
{
	size_t set[NUM_FLAGS], num_set = 0;

	for (size_t b = 0; b < NUM_FLAGS; b++)
		if (flags[b])
			set[num_set++] = b;
	for (size_t i = 0; i < num_set || i + 1 < q->list.num; i++) {
		char line[WAITERS_AT + 1];
		size_t end = WAITERS_AT;

		memset(line, ' ', WAITERS_AT);
		line[WAITERS_AT] = '\0';
		if (i < num_set) {
			const char *name = rw_flags[set[i]];
			size_t at = NAME_AT + strlen(name);

			memcpy(line + NAME_AT, name, strlen(name));
			memset(line + at + 1, '-', BITS_AT + set[i] - at - 1);
			line[BITS_AT + set[i]] = '+';
			for (size_t later = i + 1; later < num_set; later++)
				line[BITS_AT + set[later]] = '|';
		}
		if (i + 1 >= q->list.num)
			while (end && line[end - 1] == ' ')
				line[--end] = '\0';
		iq_out_text(cmd->out, "%s%s\n", line, waiter_text(cmd, q, i + 1));
	}
}

static void rw_rows(struct iq_cmd *cmd, const char *owner, const bool *flags,
		    const struct iq_lock_queue *q)
{
	iq_out_row(cmd, rwlock_columns,
		   (struct iq_cell[]){
			   { IQ_CELL_ADDR, .u64 = cmd->addr },
			   { IQ_CELL_STR, .str = owner },
			   { IQ_CELL_STR,
			     .str = iq_arena_printf(cmd->arena, "B%d%d%d", flags[WRITE_LOCKED],
						    flags[HANDOFF], flags[HAS_WAITERS]) },
			   { IQ_CELL_STR, .str = q->list.num ? waiter_text(cmd, q, 0) : "-" },
			   { IQ_CELL_END },
		   });
	rw_legend(cmd, flags, q);
}

static const char *rwsem_owner(struct iq_cmd *cmd, const struct iq_lock_words *w)
{
	if (w->owner && !w->draining)
		return iq_arena_printf(cmd->arena, "%" PRIx64, w->owner);
	if (w->num_readers)
		return iq_arena_printf(cmd->arena, "READERS=%" PRIu64, w->num_readers);
	return w->held ? "?" : "-";
}

static void show_rwsem(struct iq_cmd *cmd, const struct iq_lock_words *w,
		       const struct iq_lock_queue *q)
{
	bool flags[NUM_FLAGS] = { w->held, w->handoff, w->has_waiters };

	rw_rows(cmd, rwsem_owner(cmd, w), flags, q);
	if (w->draining)
		iq_out_text(cmd->out, DRAINS, "", who(cmd, w->owner));
	else if (w->owner)
		iq_out_text(cmd->out, "%17sheld for write by %s\n", "", who(cmd, w->owner));
	else if (w->held && w->last)
		iq_out_text(
			cmd->out,
			"%17sheld for write: by whom is not recorded yet, it still has the name "
			"of its last reader\n",
			"");
	else if (w->num_readers && w->last && iq_task_by_addr(cmd->s, w->last))
		iq_out_text(cmd->out,
			    "%17sthe last reader that came by was %s, whether it still holds it is "
			    "not recorded\n",
			    "", who(cmd, w->last));
}

static void show_percpu(struct iq_cmd *cmd, const struct iq_lock_words *w,
			const struct iq_lock_queue *q)
{
	bool closed = w->held || w->draining;
	bool flags[NUM_FLAGS] = { closed, false, q->list.num };
	const char *owner = closed ? "WRITER" : "-";
	uint32_t readers;

	if (!iq_percpu_rwsem_readers(cmd->s, cmd->addr, &readers))
		owner = "??";
	else if (readers)
		owner = iq_arena_printf(cmd->arena, "READERS=%u", readers);
	rw_rows(cmd, owner, flags, q);
	if (w->draining)
		iq_out_text(cmd->out, DRAINS, "", who(cmd, w->owner));
	else if (w->held)
		iq_out_text(cmd->out, "%17sheld for write: the kernel does not record by whom\n",
			    "");
}

/* Its words are such as the kernel writes them, and its queue is one. */
static bool percpu_is_plausible(struct iq_session *s, iq_vaddr lock)
{
	static const struct iq_lock_kind *const kind = &iq_lock_kinds[IQ_LOCK_PERCPU_RWSEM];
	struct iq_lock_queue q = { 0 };
	struct iq_error *err = iq_lock_is_plausible(s, kind, lock);
	bool fits;

	if (!err)
		err = iq_lock_queue_read(s, kind, lock, &q);
	fits = !err;
	iq_error_free(err);
	iq_lock_queue_deinit(&q);
	return fits;
}

static bool is_percpu(struct iq_cmd *cmd)
{
	const struct iq_task_list *list = iq_tasks(cmd->s);
	struct iq_wchan w;
	struct iq_error *err;

	if (iq_cmd_has(cmd, 'p'))
		return true;
	if (cmd->type.btf)
		return !strcmp(iq_type_name(iq_type_strip(cmd->type)), "percpu_rw_semaphore");
	/* Whoever waits for it knows what it is. */
	for (size_t i = 0; list && i < list->num_tasks; i++)
		if (list->tasks[i].state == 'D' && iq_explain_wchan(cmd->s, &list->tasks[i], &w) &&
		    w.addr == cmd->addr && w.type)
			return !strcmp(w.type, "struct percpu_rw_semaphore");
	err = iq_lock_is_plausible(cmd->s, &iq_lock_kinds[IQ_LOCK_RWSEM], cmd->addr);
	if (!err)
		return false;
	iq_error_free(err);
	return !iq_cmd_has(cmd, 'f') && percpu_is_plausible(cmd->s, cmd->addr);
}

static struct iq_error *cmd_rwlock(struct iq_cmd *cmd)
{
	const struct iq_lock_kind *kind;
	struct iq_lock_queue q = { 0 };
	struct iq_lock_words w;
	struct iq_error *err = need_tasks(cmd);

	if (err)
		return err;
	kind = &iq_lock_kinds[is_percpu(cmd) ? IQ_LOCK_PERCPU_RWSEM : IQ_LOCK_RWSEM];
	err = words_to_show(cmd, kind, &w);
	if (err)
		return err;
	if (cmd->to_pipe)
		return out_waiters(cmd, kind);
	err = iq_lock_queue_read(cmd->s, kind, cmd->addr, &q);
	if (kind->id == IQ_LOCK_PERCPU_RWSEM)
		show_percpu(cmd, &w, &q);
	else
		show_rwsem(cmd, &w, &q);
	iq_lock_queue_deinit(&q);
	return err;
}

/* ---- semaphores, completions, rt_mutexes, wait queues ---- */

static const struct iq_column queue_columns[] = {
	{ "ADDR", .right = true, .min = 16 },
	{ "COUNT", .right = true, .min = 16 },
	{ "WAITERS", .min = 7 },
	{ 0 },
};

/* A row with the first waiter, the others below it. */
static struct iq_error *show_queue(struct iq_cmd *cmd, const struct iq_lock_kind *kind,
				   const char *count)
{
	struct iq_lock_queue q = { 0 };
	struct iq_error *err;

	if (cmd->to_pipe)
		return out_waiters(cmd, kind);
	err = iq_lock_queue_read(cmd->s, kind, cmd->addr, &q);
	for (size_t i = 0; !err && (i == 0 || i < q.list.num); i++) {
		const struct iq_lock_waiter *w = q.list.num ? &q.list.data[i] : NULL;
		const char *text = "-";

		if (w)
			text = w->task ? iq_arena_printf(cmd->arena, "%016" PRIx64 " %s", w->task,
							 who(cmd, w->task))
				       : iq_arena_printf(cmd->arena, "entry %" PRIx64 " of no task",
							 w->waiter);
		if (i)
			iq_out_text(cmd->out, "%34s%s\n", "", text);
		else
			iq_out_row(cmd, queue_columns,
				   (struct iq_cell[]){ { IQ_CELL_ADDR, .u64 = cmd->addr },
						       { IQ_CELL_STR, .str = count },
						       { IQ_CELL_STR, .str = text },
						       { IQ_CELL_END } });
	}
	iq_lock_queue_deinit(&q);
	return err;
}

/* What stands in the column COUNT. */
static const char *count_text(struct iq_cmd *cmd, const struct iq_lock_kind *kind,
			      const struct iq_lock_words *w)
{
	if (kind->id == IQ_LOCK_RTMUTEX)
		return w->owner ? iq_arena_printf(cmd->arena, "%" PRIx64, w->owner) : "no";
	if (kind->id == IQ_LOCK_SEMAPHORE)
		return iq_arena_printf(cmd->arena, "%" PRIu64, w->count);
	/* complete_all() makes it UINT_MAX. */
	return w->count == UINT32_MAX ? "DONE FOR ALL"
				      : iq_arena_printf(cmd->arena, "DONE=%" PRIu64, w->count);
}

static struct iq_error *show_count(struct iq_cmd *cmd, enum iq_lock_id id)
{
	const struct iq_lock_kind *kind = &iq_lock_kinds[id];
	struct iq_lock_words w;
	struct iq_error *err = need_tasks(cmd);

	/* These have no words to be told by from something else. */
	if (!err)
		err = read_words(cmd->s, kind, cmd->addr, true, &w);
	if (!err)
		err = show_queue(cmd, kind, count_text(cmd, kind, &w));
	if (!err && !cmd->to_pipe && w.last && iq_task_by_addr(cmd->s, w.last))
		iq_out_text(cmd->out, "%17sthe last to get it was %s\n", "", who(cmd, w.last));
	return err;
}

static struct iq_error *cmd_sema(struct iq_cmd *cmd)
{
	return show_count(cmd, IQ_LOCK_SEMAPHORE);
}

static struct iq_error *cmd_completion(struct iq_cmd *cmd)
{
	return show_count(cmd, IQ_LOCK_COMPLETION);
}

static struct iq_error *cmd_rtmutex(struct iq_cmd *cmd)
{
	return show_count(cmd, IQ_LOCK_RTMUTEX);
}

static struct iq_error *cmd_waitqueue(struct iq_cmd *cmd)
{
	struct iq_error *err = need_tasks(cmd);

	return err ? err : show_queue(cmd, &iq_lock_kinds[IQ_LOCK_WAITQUEUE], "-");
}

/* ---- wchaninfo ---- */

struct channel {
	iq_vaddr addr;
	const char *type, *cls;
	IQ_VEC(const struct iq_task *) tasks;
};

struct channels {
	IQ_VEC(struct channel) list;
	struct iq_map by_addr; /* -> index + 1 */
};

static void channels_read(struct iq_cmd *cmd, struct channels *ch)
{
	const struct iq_task_list *list = iq_tasks(cmd->s);

	for (size_t i = 0; list && i < list->num_tasks && !iq_cmd_stop(cmd); i++) {
		const struct iq_task *t = &list->tasks[i];
		struct iq_wchan w;
		uint64_t *known;

		if (!iq_explain_wchan(cmd->s, t, &w) || (cmd->has_addr && w.addr != cmd->addr))
			continue;
		known = iq_map_get(&ch->by_addr, w.addr);
		if (!known) {
			iq_vec_push(
				&ch->list,
				(struct channel){ .addr = w.addr, .type = w.type, .cls = w.cls });
			iq_map_set(&ch->by_addr, w.addr, ch->list.num);
			known = iq_map_get(&ch->by_addr, w.addr);
		}
		iq_vec_push(&ch->list.data[*known - 1].tasks, t);
	}
}

static void channels_deinit(struct channels *ch)
{
	iq_vec_foreach(&ch->list, c)
		iq_vec_free(&c->tasks);
	iq_vec_free(&ch->list);
	iq_map_deinit(&ch->by_addr);
}

/* As short as mdb's: cond, sema, and what Linux has besides. */
static const char *short_type(const char *type, const char *cls)
{
	const struct iq_lock_kind *kind = iq_lock_by_type(type);

	if (kind)
		return kind->brief;
	if (type && !strcmp(type, "struct super_block"))
		return "fs";
	if (type && !strcmp(type, task_type))
		return "task";
	return cls ? cls : "??";
}

static void wchan_rows(struct iq_cmd *cmd, const struct channel *c)
{
	struct iq_column columns[] = {
		{ "ADDR", .right = true, .min = 16 },
		{ "TYPE", .min = 10 },
		{ "NWAITERS", .right = true, .min = 8 },
		{ "THREAD", .right = true, .min = 16 },
		{ "PROC", .min = 8 },
		{ 0 },
	};
	bool verbose = iq_cmd_has(cmd, 'v');

	if (!verbose)
		columns[3].name = NULL;
	for (size_t i = 0; i < (verbose ? c->tasks.num : 1); i++) {
		const struct iq_task *t = c->tasks.data[i];

		if (i) {
			iq_out_text(cmd->out, "%37s%016" PRIx64 " %s\n", "", t->addr, t->comm);
			continue;
		}
		iq_out_row(cmd, columns,
			   (struct iq_cell[]){
				   { IQ_CELL_ADDR, .u64 = c->addr },
				   { IQ_CELL_STR, .str = short_type(c->type, c->cls) },
				   { IQ_CELL_U64, .u64 = c->tasks.num },
				   verbose ? (struct iq_cell){ IQ_CELL_ADDR, .u64 = t->addr }
					   : (struct iq_cell){ IQ_CELL_END },
				   { IQ_CELL_STR, .str = t->comm },
				   { IQ_CELL_END },
			   });
	}
}

static int by_num_waiters(const void *a, const void *b)
{
	const struct channel *x = a, *y = b;

	if (x->tasks.num != y->tasks.num)
		return x->tasks.num > y->tasks.num ? -1 : 1;
	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

static struct iq_error *cmd_wchaninfo(struct iq_cmd *cmd)
{
	struct channels ch = { 0 };
	struct iq_error *err = need_tasks(cmd);

	if (err)
		return err;
	channels_read(cmd, &ch);
	if (ch.list.num)
		qsort(ch.list.data, ch.list.num, sizeof(*ch.list.data), by_num_waiters);
	iq_vec_foreach(&ch.list, c) {
		if (cmd->to_pipe)
			iq_out_value(cmd->out, c->addr);
		else
			wchan_rows(cmd, c);
	}
	channels_deinit(&ch);
	return NULL;
}

/* ---- walkers ---- */

/* Threads that sleep on an address: on this one, or on any. */
static struct iq_error *walk_blocked(struct iq_walk *walk)
{
	const struct iq_task_list *list = iq_tasks(walk->s);
	iq_vaddr *found;
	size_t num = 0;

	if (!list)
		return iq_error_new(IQ_ERR_CORRUPT, "the list of tasks cannot be read");
	found = iq_arena_alloc(walk->arena, list->num_tasks * sizeof(*found) + 1);
	for (size_t i = 0; i < list->num_tasks; i++) {
		struct iq_wchan w;

		if (iq_explain_wchan(walk->s, &list->tasks[i], &w) &&
		    (!walk->has_addr || w.addr == walk->addr))
			found[num++] = list->tasks[i].addr;
	}
	for (size_t i = 0; i < num; i++)
		if (iq_walk_emit(walk, found[i]))
			break;
	return NULL;
}

static struct iq_error *walk_queue(struct iq_walk *walk, enum iq_lock_id id)
{
	struct iq_lock_queue q = { 0 };
	struct iq_error *err = iq_lock_queue_read(walk->s, &iq_lock_kinds[id], walk->addr, &q);

	iq_vec_foreach(&q.list, w)
		if (w->task && iq_walk_emit(walk, w->task))
			break;
	iq_lock_queue_deinit(&q);
	return err;
}

static struct iq_error *walk_owner(struct iq_walk *walk, enum iq_lock_id id)
{
	struct iq_lock_words w;
	struct iq_error *err = read_words(walk->s, &iq_lock_kinds[id], walk->addr, false, &w);

	if (!err && w.owner)
		iq_walk_emit(walk, w.owner);
	return err;
}

#define LOCK_WALKER(fn, walk_it, id)                                                               \
	static struct iq_error *fn(struct iq_walk *walk)                                           \
	{                                                                                          \
		return walk_it(walk, id);                                                          \
	}

LOCK_WALKER(walk_mutex, walk_queue, IQ_LOCK_MUTEX)
LOCK_WALKER(walk_rwsem, walk_queue, IQ_LOCK_RWSEM)
LOCK_WALKER(walk_percpu, walk_queue, IQ_LOCK_PERCPU_RWSEM)
LOCK_WALKER(walk_sema, walk_queue, IQ_LOCK_SEMAPHORE)
LOCK_WALKER(walk_rtmutex, walk_queue, IQ_LOCK_RTMUTEX)
LOCK_WALKER(walk_completion, walk_queue, IQ_LOCK_COMPLETION)
LOCK_WALKER(walk_waitqueue, walk_queue, IQ_LOCK_WAITQUEUE)
LOCK_WALKER(walk_mutex_owner, walk_owner, IQ_LOCK_MUTEX)
LOCK_WALKER(walk_rwsem_owner, walk_owner, IQ_LOCK_RWSEM)

/* ---- tables ---- */

static const struct iq_opt force_opts[] = {
	{ 'f', NULL, "believe what does not look like such a lock" },
	{ 0 },
};

static const struct iq_opt rwlock_opts[] = {
	{ 'f', NULL, "believe what does not look like such a lock" },
	{ 'p', NULL, "it is a percpu_rw_semaphore" },
	{ 0 },
};

static const struct iq_opt wchaninfo_opts[] = {
	{ 'v', NULL, "show the threads" },
	{ 0 },
};

static const char rwlock_help[] =
	"An rw_semaphore, or a percpu_rw_semaphore. Which of them it is, the type in the pipe "
	"tells, or who waits for it, else its words; with -p it is a percpu_rw_semaphore.\n\n"
	"OWNER/COUNT is the writer, or how many readers hold it. FLAGS are the bits of the count, "
	"with a line that says what each bit that is set means; WAITERS those in its queue, who "
	"want to read (R) or write (W), in their order. Which readers hold it the kernel does not "
	"record: ::findlocks and ::why find them by what they are doing.";

static const char wchaninfo_help[] =
	"The address that a thread sleeps on is the lock, the completion or the wait queue "
	"that it is linked into, found on its stack. Of a thread that sleeps on something else "
	"it is the structure that the rules of ::why lead to.";

const struct iq_dcmd lock_dcmds[] = {
	{ "mutex", ":", "show who holds a mutex, and whether somebody waits", NULL, force_opts,
	  cmd_mutex },
	{ "mutex_owner", ":", "give the task that holds a mutex", NULL, NULL, cmd_mutex_owner },
	{ "rwlock", ":", "show who holds a reader-writer semaphore, and its queue", rwlock_help,
	  rwlock_opts, cmd_rwlock },
	{ "rwsem", ":", "show who holds a reader-writer semaphore, and its queue", rwlock_help,
	  rwlock_opts, cmd_rwlock },
	{ "sema", ":", "show the count of a semaphore, and its queue", NULL, NULL, cmd_sema },
	{ "completion", ":", "show whether something is complete, and who waits for it", NULL, NULL,
	  cmd_completion },
	{ "rtmutex", ":", "show who holds an rt_mutex, and its queue", NULL, NULL, cmd_rtmutex },
	{ "waitqueue", ":", "show who sleeps in a wait queue", NULL, NULL, cmd_waitqueue },
	{ "wchaninfo", "?", "show what threads sleep on, and how many on each", wchaninfo_help,
	  wchaninfo_opts, cmd_wchaninfo },
	{ "findlocks", ":", "find the locks that a thread holds", findlocks_help, findlocks_opts,
	  cmd_findlocks },
	{ 0 },
};

const struct iq_walker lock_walkers[] = {
	{ "wchan", "the threads that sleep on this address; without one, all that sleep on any",
	  IQ_WALK_OPTIONAL, task_type, walk_blocked },
	{ "blocked", "the threads that sleep on this lock or queue; without one, on any",
	  IQ_WALK_OPTIONAL, task_type, walk_blocked },
	{ "waiters", "the threads that sleep on this lock or queue; without one, on any",
	  IQ_WALK_OPTIONAL, task_type, walk_blocked },
	{ "mutex_waiters", "the queue of a mutex", IQ_WALK_LOCAL, task_type, walk_mutex },
	{ "rwsem_waiters", "the queue of an rw_semaphore", IQ_WALK_LOCAL, task_type, walk_rwsem },
	{ "percpu_rwsem_waiters", "the queue of a percpu_rw_semaphore", IQ_WALK_LOCAL, task_type,
	  walk_percpu },
	{ "semaphore_waiters", "the queue of a semaphore", IQ_WALK_LOCAL, task_type, walk_sema },
	{ "rtmutex_waiters", "the queue of an rt_mutex", IQ_WALK_LOCAL, task_type, walk_rtmutex },
	{ "completion_waiters", "who waits for a completion", IQ_WALK_LOCAL, task_type,
	  walk_completion },
	{ "waitqueue", "the tasks in a wait_queue_head", IQ_WALK_LOCAL, task_type, walk_waitqueue },
	{ "mutex_owner", "the task that holds a mutex", IQ_WALK_LOCAL, task_type,
	  walk_mutex_owner },
	{ "rwsem_owner", "the task that holds an rw_semaphore for write", IQ_WALK_LOCAL, task_type,
	  walk_rwsem_owner },
	{ 0 },
};
