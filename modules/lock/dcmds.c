/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Locks in the debugger: who holds one, who waits for one
 */
#include "inquest/explain.h"
#include "inquest/waitq.h"
#include "queue.h"

static const char task_type[] = "struct task_struct";

static void out_queue(struct iq_cmd *cmd, const struct queue *q)
{
	iq_out_type_named(cmd, task_type);
	iq_vec_foreach(&q->list, e)
		if (e->task)
			iq_out_value(cmd->out, e->task);
}

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
	struct queue q = { 0 };
	struct mutex_words w;
	struct iq_error *err;

	err = need_tasks(cmd);
	if (!err && !iq_cmd_has(cmd, 'f'))
		err = mutex_is_plausible(cmd->s, cmd->addr);
	if (!err && !mutex_words(cmd->s, cmd->addr, &w))
		err = iq_error_fault(cmd->addr, "mutex");
	if (err)
		return err->code == IQ_ERR_CORRUPT ? iq_error_prefix(err, "not shown without -f")
						   : err;
	if (cmd->to_pipe) {
		err = queue_read(cmd->s, QUEUE_MUTEX, cmd->addr, &q);
		out_queue(cmd, &q);
		queue_deinit(&q);
		return err;
	}
	iq_out_row(cmd, mutex_columns,
		   (struct iq_cell[]){
			   { IQ_CELL_ADDR, .u64 = cmd->addr },
			   { IQ_CELL_STR, .str = "mutex" },
			   w.owner ? (struct iq_cell){ IQ_CELL_ADDR, .u64 = w.owner }
				   : (struct iq_cell){ IQ_CELL_STR, .str = "no" },
			   /* Linux' mutexes block no interrupts. */
			   { IQ_CELL_NULL },
			   { IQ_CELL_NULL },
			   { IQ_CELL_STR, .str = w.waiters ? "yes" : "no" },
			   { IQ_CELL_END },
		   });
	return NULL;
}

static struct iq_error *cmd_mutex_owner(struct iq_cmd *cmd)
{
	struct mutex_words w;
	struct iq_error *err = need_tasks(cmd);

	if (!err)
		err = mutex_is_plausible(cmd->s, cmd->addr);
	if (!err && !mutex_words(cmd->s, cmd->addr, &w))
		err = iq_error_fault(cmd->addr, "mutex");
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

/* The bits of the count, and what each says; the leftmost first. */
static const struct {
	uint64_t bit;
	const char *name;
} rw_bits[] = {
	{ RWSEM_LOCKED_BIT, "WRITE_LOCKED" },
	{ RWSEM_HANDOFF_BIT, "HANDOFF" },
	{ RWSEM_WAITERS_BIT, "HAS_WAITERS" },
};

/* Where the row's columns are, for the lines below it. */
enum { NUM_BITS = IQ_ARRAY_SIZE(rw_bits), NAME_AT = 17, BITS_AT = 35, WAITERS_AT = 40 };

static const struct iq_column rwlock_columns[] = {
	{ "ADDR", .right = true, .min = 16 },
	{ "OWNER/COUNT", .right = true, .min = 16 },
	{ "FLAGS", .min = 5 },
	{ "WAITERS", .min = 7 },
	{ 0 },
};

static const char *waiter_text(struct iq_cmd *cmd, const struct queue *q, size_t i)
{
	const struct queue_entry *e;

	if (i >= q->list.num)
		return "";
	e = &q->list.data[i];
	return iq_arena_printf(cmd->arena, "%016" PRIx64 " (%c) %s", e->task,
			       e->mode == WAITS_TO_READ ? 'R' : 'W', who(cmd, e->task));
}

/*
 * Below the row: at the right the other waiters, at the left a line for each bit that is set,
 * with a line up to it:
 *
 *	ffff888003a1c0d8        READERS=1 B011  ffff888003a1d000 (W) mapper/155
 *	                 HANDOFF -----------+|  ffff888003a1e000 (R) ps/184
 *	                 HAS_WAITERS --------+
 */
static void rw_legend(struct iq_cmd *cmd, uint64_t count, const struct queue *q)
{
	size_t set[NUM_BITS], num_set = 0;

	for (size_t b = 0; b < NUM_BITS; b++)
		if (count & rw_bits[b].bit)
			set[num_set++] = b;
	for (size_t i = 0; i < num_set || i + 1 < q->list.num; i++) {
		char line[WAITERS_AT + 1];
		size_t end = WAITERS_AT;

		memset(line, ' ', WAITERS_AT);
		line[WAITERS_AT] = '\0';
		if (i < num_set) {
			const char *name = rw_bits[set[i]].name;
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

static struct iq_error *show_rwsem(struct iq_cmd *cmd)
{
	struct rwsem_words w;
	struct queue q = { 0 };
	struct iq_error *err = NULL;
	const char *owner = "-";

	if (!iq_cmd_has(cmd, 'f'))
		err = rwsem_is_plausible(cmd->s, cmd->addr);
	if (err && err->code == IQ_ERR_CORRUPT)
		return iq_error_prefix(err, "not shown without -f");
	if (!err && !rwsem_words_of(cmd->s, cmd->addr, &w))
		err = iq_error_fault(cmd->addr, "rw_semaphore");
	if (err)
		return err;
	err = queue_read(cmd->s, QUEUE_RWSEM, cmd->addr, &q);
	if (cmd->to_pipe) {
		out_queue(cmd, &q);
		queue_deinit(&q);
		return err;
	}
	if (w.has_writer)
		owner = w.owner ? iq_arena_printf(cmd->arena, "%" PRIx64, w.owner) : "?";
	else if (w.num_readers)
		owner = iq_arena_printf(cmd->arena, "READERS=%" PRIu64, w.num_readers);
	iq_out_row(cmd, rwlock_columns,
		   (struct iq_cell[]){
			   { IQ_CELL_ADDR, .u64 = cmd->addr },
			   { IQ_CELL_STR, .str = owner },
			   { IQ_CELL_STR, .str = iq_arena_printf(cmd->arena, "B%d%d%d",
								 (w.count & rw_bits[0].bit) != 0,
								 (w.count & rw_bits[1].bit) != 0,
								 (w.count & rw_bits[2].bit) != 0) },
			   { IQ_CELL_STR, .str = q.list.num ? waiter_text(cmd, &q, 0) : "-" },
			   { IQ_CELL_END },
		   });
	rw_legend(cmd, w.count, &q);
	if (w.has_writer && w.owner)
		iq_out_text(cmd->out, "%17sheld for write by %s\n", "", who(cmd, w.owner));
	else if (w.num_readers && w.owner && iq_task_by_addr(cmd->s, w.owner))
		iq_out_text(cmd->out,
			    "%17sthe last reader that came by was %s, whether it still holds it is "
			    "not recorded\n",
			    "", who(cmd, w.owner));
	queue_deinit(&q);
	return err;
}

/* Readers inside: the sum of the per-CPU counts, modulo 2^32. */
static bool percpu_readers(struct iq_session *s, iq_vaddr lock, uint32_t *num_ret)
{
	uint64_t counts;
	uint32_t sum = 0, n;

	if (!iq_peek_member(s, "struct percpu_rw_semaphore", "read_count", lock, &counts))
		return false;
	for (unsigned cpu = 0; cpu < iq_num_cpus(s); cpu++) {
		if (!iq_peek_u32(s, iq_per_cpu(s, counts, cpu), &n))
			return false;
		sum += n;
	}
	*num_ret = sum;
	return true;
}

static struct iq_error *show_percpu(struct iq_cmd *cmd)
{
	static const char type[] = "struct percpu_rw_semaphore";
	uint64_t block, writer = 0;
	struct queue q = { 0 };
	struct iq_error *err;
	const char *owner;
	uint32_t readers;

	if (!iq_peek_member(cmd->s, type, "block.counter", cmd->addr, &block))
		return iq_error_fault(cmd->addr, "percpu_rw_semaphore");
	iq_peek_member(cmd->s, type, "writer.task", cmd->addr, &writer);
	if (!iq_cmd_has(cmd, 'f') && (block > 1 || (writer && !iq_task_by_addr(cmd->s, writer))))
		return iq_error_new(IQ_ERR_CORRUPT,
				    "not shown without -f: %#" PRIx64
				    " does not look like a percpu_rw_semaphore: %s",
				    cmd->addr,
				    block > 1 ? "its block is neither 0 nor 1"
					      : "its writer is no task");
	err = queue_read(cmd->s, QUEUE_PERCPU_RWSEM, cmd->addr, &q);
	if (cmd->to_pipe) {
		out_queue(cmd, &q);
		queue_deinit(&q);
		return err;
	}
	if (!percpu_readers(cmd->s, cmd->addr, &readers))
		owner = "??";
	else if (readers)
		owner = iq_arena_printf(cmd->arena, "READERS=%u", readers);
	else
		owner = block ? "WRITER" : "-";
	iq_out_row(cmd, rwlock_columns,
		   (struct iq_cell[]){
			   { IQ_CELL_ADDR, .u64 = cmd->addr },
			   { IQ_CELL_STR, .str = owner },
			   { IQ_CELL_STR,
			     .str = iq_arena_printf(cmd->arena, "B%d%d%d", (int)(block & 1), 0,
						    q.list.num != 0) },
			   { IQ_CELL_STR, .str = q.list.num ? waiter_text(cmd, &q, 0) : "-" },
			   { IQ_CELL_END },
		   });
	rw_legend(cmd, (block & 1 ? RWSEM_LOCKED_BIT : 0) | (q.list.num ? RWSEM_WAITERS_BIT : 0),
		  &q);
	if (writer)
		iq_out_text(cmd->out, "%17s%s takes it for write, and waits for the readers\n", "",
			    who(cmd, writer));
	else if (block & 1)
		iq_out_text(cmd->out, "%17sheld for write: the kernel does not record by whom\n",
			    "");
	queue_deinit(&q);
	return err;
}

/* Its words are such as the kernel writes them, and its queue is one. */
static bool percpu_is_plausible(struct iq_session *s, iq_vaddr lock)
{
	static const char type[] = "struct percpu_rw_semaphore";
	uint64_t block, writer, counts;
	struct queue q = { 0 };
	struct iq_error *err;
	bool fits;

	if (!iq_peek_member(s, type, "block.counter", lock, &block) || block > 1 ||
	    !iq_peek_member(s, type, "writer.task", lock, &writer) ||
	    (writer && !iq_task_by_addr(s, writer)) ||
	    !iq_peek_member(s, type, "read_count", lock, &counts) || !counts)
		return false;
	err = queue_read(s, QUEUE_PERCPU_RWSEM, lock, &q);
	fits = !err;
	iq_error_free(err);
	queue_deinit(&q);
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
	err = rwsem_is_plausible(cmd->s, cmd->addr);
	if (!err)
		return false;
	iq_error_free(err);
	return !iq_cmd_has(cmd, 'f') && percpu_is_plausible(cmd->s, cmd->addr);
}

static struct iq_error *cmd_rwlock(struct iq_cmd *cmd)
{
	struct iq_error *err = need_tasks(cmd);

	if (err)
		return err;
	return is_percpu(cmd) ? show_percpu(cmd) : show_rwsem(cmd);
}

/* ---- semaphores, completions, rt_mutexes, wait queues ---- */

static const struct iq_column queue_columns[] = {
	{ "ADDR", .right = true, .min = 16 },
	{ "COUNT", .right = true, .min = 16 },
	{ "WAITERS", .min = 7 },
	{ 0 },
};

/* A row with the first waiter, the others below it. */
static struct iq_error *show_queue(struct iq_cmd *cmd, enum queue_kind kind, const char *count)
{
	struct queue q = { 0 };
	struct iq_error *err;

	err = queue_read(cmd->s, kind, cmd->addr, &q);
	if (err) {
		queue_deinit(&q);
		return err;
	}
	if (cmd->to_pipe) {
		out_queue(cmd, &q);
		queue_deinit(&q);
		return NULL;
	}
	for (size_t i = 0; i == 0 || i < q.list.num; i++) {
		const char *text = "-";

		if (q.list.num)
			text = q.list.data[i].task
				       ? iq_arena_printf(cmd->arena, "%016" PRIx64 " %s",
							 q.list.data[i].task,
							 who(cmd, q.list.data[i].task))
				       : iq_arena_printf(cmd->arena, "entry %" PRIx64 " of no task",
							 q.list.data[i].entry);
		if (i)
			iq_out_text(cmd->out, "%34s%s\n", "", text);
		else
			iq_out_row(cmd, queue_columns,
				   (struct iq_cell[]){ { IQ_CELL_ADDR, .u64 = cmd->addr },
						       { IQ_CELL_STR, .str = count },
						       { IQ_CELL_STR, .str = text },
						       { IQ_CELL_END } });
	}
	queue_deinit(&q);
	return NULL;
}

static struct iq_error *cmd_sema(struct iq_cmd *cmd)
{
	uint64_t count, holder = 0;
	struct iq_error *err = need_tasks(cmd);

	if (!err)
		err = iq_read_member(cmd->s, "struct semaphore", "count", cmd->addr, &count);
	if (!err)
		err = show_queue(cmd, QUEUE_SEMAPHORE,
				 iq_arena_printf(cmd->arena, "%u", (uint32_t)count));
	if (!err && !cmd->to_pipe &&
	    iq_peek_member(cmd->s, "struct semaphore", "last_holder", cmd->addr, &holder) &&
	    holder && iq_task_by_addr(cmd->s, holder))
		iq_out_text(cmd->out, "%17sthe last to get it was %s\n", "", who(cmd, holder));
	return err;
}

static struct iq_error *cmd_completion(struct iq_cmd *cmd)
{
	uint64_t done;
	struct iq_error *err = need_tasks(cmd);

	if (!err)
		err = iq_read_member(cmd->s, "struct completion", "done", cmd->addr, &done);
	/* complete_all() makes it UINT_MAX. */
	return err ? err
		   : show_queue(cmd, QUEUE_COMPLETION,
				(uint32_t)done == UINT32_MAX
					? "DONE FOR ALL"
					: iq_arena_printf(cmd->arena, "DONE=%u", (uint32_t)done));
}

static struct iq_error *cmd_rtmutex(struct iq_cmd *cmd)
{
	uint64_t owner;
	struct iq_error *err = need_tasks(cmd);

	if (!err)
		err = iq_read_member(cmd->s, queue_type(cmd->s, QUEUE_RTMUTEX), "owner", cmd->addr,
				     &owner);
	if (err)
		return err;
	owner &= ~1ULL; /* RT_MUTEX_HAS_WAITERS */
	return show_queue(cmd, QUEUE_RTMUTEX,
			  owner ? iq_arena_printf(cmd->arena, "%" PRIx64, owner) : "no");
}

static struct iq_error *cmd_waitqueue(struct iq_cmd *cmd)
{
	struct iq_error *err = need_tasks(cmd);

	return err ? err : show_queue(cmd, QUEUE_WAITQUEUE, "-");
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
	static const char *const names[][2] = {
		{ "struct wait_queue_head", "waitq" },
		{ "struct completion", "compl" },
		{ "struct mutex", "mutex" },
		{ "struct rw_semaphore", "rwsem" },
		{ "struct percpu_rw_semaphore", "pcpu_rwsem" },
		{ "struct semaphore", "sema" },
		{ "struct super_block", "fs" },
		{ "struct task_struct", "task" },
	};

	for (size_t i = 0; type && i < IQ_ARRAY_SIZE(names); i++)
		if (!strcmp(names[i][0], type))
			return names[i][1];
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

static struct iq_error *walk_queue(struct iq_walk *walk, enum queue_kind kind)
{
	struct queue q = { 0 };
	struct iq_error *err = queue_read(walk->s, kind, walk->addr, &q);

	iq_vec_foreach(&q.list, e)
		if (e->task && iq_walk_emit(walk, e->task))
			break;
	queue_deinit(&q);
	return err;
}

#define QUEUE_WALKER(fn, kind)                                                                     \
	static struct iq_error *fn(struct iq_walk *walk)                                           \
	{                                                                                          \
		return walk_queue(walk, kind);                                                     \
	}

QUEUE_WALKER(walk_mutex, QUEUE_MUTEX)
QUEUE_WALKER(walk_rwsem, QUEUE_RWSEM)
QUEUE_WALKER(walk_percpu, QUEUE_PERCPU_RWSEM)
QUEUE_WALKER(walk_sema, QUEUE_SEMAPHORE)
QUEUE_WALKER(walk_rtmutex, QUEUE_RTMUTEX)
QUEUE_WALKER(walk_completion, QUEUE_COMPLETION)
QUEUE_WALKER(walk_waitqueue, QUEUE_WAITQUEUE)

static struct iq_error *walk_mutex_owner(struct iq_walk *walk)
{
	struct mutex_words w;
	struct iq_error *err = mutex_is_plausible(walk->s, walk->addr);

	if (!err && !mutex_words(walk->s, walk->addr, &w))
		err = iq_error_fault(walk->addr, "mutex");
	if (!err && w.owner)
		iq_walk_emit(walk, w.owner);
	return err;
}

static struct iq_error *walk_rwsem_owner(struct iq_walk *walk)
{
	struct rwsem_words w;
	struct iq_error *err = rwsem_is_plausible(walk->s, walk->addr);

	if (!err && !rwsem_words_of(walk->s, walk->addr, &w))
		err = iq_error_fault(walk->addr, "rw_semaphore");
	if (!err && w.has_writer && w.owner)
		iq_walk_emit(walk, w.owner);
	return err;
}

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
	"An rw_semaphore, or a percpu_rw_semaphore: which of them it is says the pipe, or who "
	"waits for it, else its words; -p decides.\n\n"
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
