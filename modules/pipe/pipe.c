/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pipes and FIFOs
 *
 * A reader sleeps on pipe_inode_info.rd_wait, a writer on wr_wait. Who can wake
 * it are the processes that have the other end open: they are found in the
 * descriptor tables.
 *
 * Kernel: fs/pipe.c, include/linux/pipe_fs_i.h.
 */
#include "inquest/files.h"
#include "inquest/module.h"
#include "inquest/process.h"
#include "inquest/waitq.h"

static const char pipe_type[] = "struct pipe_inode_info";

struct ends {
	struct iq_diag *d;
	struct iq_wait *w;
	const struct iq_task *waiter;
	bool wants_writers;
	bool has_ino, is_own;
	uint64_t inode;
	int32_t last_tgid;
	const char *path;
};

static bool look(void *ctx, const struct iq_open_file *open)
{
	struct ends *x = ctx;

	x->inode = open->inode;
	x->has_ino = true;
	if (!x->path)
		x->path = iq_path_of_file(x->d->s, open->file);
	return true;
}

static bool add_end(void *ctx, const struct iq_open_file *open)
{
	struct ends *x = ctx;

	if (!(open->mode & (x->wants_writers ? IQ_FMODE_WRITE : IQ_FMODE_READ)) ||
	    open->task->tgid == x->last_tgid)
		return false;
	x->last_tgid = open->task->tgid;
	iq_diag_process_edges(
		x->d, &(struct iq_process_edges){
			      .wait = x->w,
			      .process = open->task,
			      .except = open->task->tgid == x->waiter->tgid ? x->waiter : NULL,
			      .via = x->w->on,
			      .kind = IQ_EDGE_SERVES,
			      .certainty = IQ_PROVEN,
			      .how = x->wants_writers ? "could write to it" : "could read from it",
			      .evidence = iq_arena_printf(
				      iq_scratch(x->d->s), "%s (%d) has descriptor %u open for %s",
				      open->task->comm, open->task->tgid, open->fd,
				      x->wants_writers ? "writing" : "reading") });
	return false;
}

/* Has the waiter's own process the other end? */
static bool is_own_end(void *ctx, const struct iq_open_file *open)
{
	struct ends *x = ctx;

	x->is_own =
		x->is_own || (open->task->tgid == x->waiter->tgid &&
			      (open->mode & (x->wants_writers ? IQ_FMODE_WRITE : IQ_FMODE_READ)));
	return x->is_own;
}

static iq_vaddr pipe_of(struct iq_diag *d, iq_vaddr head, bool *reads_ret)
{
	static const char *const members[] = { "rd_wait", "wr_wait" };

	for (int i = 0; i < 2; i++) {
		int64_t off = iq_offsetof(d->s, pipe_type, members[i]);
		uint64_t ring, bufs;

		if (off < 0 ||
		    !iq_peek_member(d->s, pipe_type, "ring_size", head - (uint64_t)off, &ring) ||
		    !ring || ring & (ring - 1) || ring > 1 << 20 ||
		    !iq_peek_member(d->s, pipe_type, "bufs", head - (uint64_t)off, &bufs) ||
		    !iq_is_kernel_ptr(d->s, bufs))
			continue;
		/* Right only if some process has this pipe open. */
		if (!iq_open_each(d->s, IQ_OPEN_PRIVATE, head - (uint64_t)off, look,
				  &(struct ends){ .d = d, .path = "" }))
			continue;
		*reads_ret = i == 0;
		return head - (uint64_t)off;
	}
	return 0;
}

static struct iq_error *explain(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	struct ends x = { .d = d, .waiter = who->task, .last_tgid = -1 };
	struct iq_wait_entry entry;
	struct iq_object *on;
	uint64_t ino = 0;
	iq_vaddr pipe;
	bool reads;

	if (!iq_find_wait_entry(d->s, who->task, who->stack, NULL, &entry))
		return NULL;
	pipe = pipe_of(d, entry.head, &reads);
	if (!pipe)
		return NULL;
	iq_open_each(d->s, IQ_OPEN_PRIVATE, pipe, look, &x);
	if (!iq_peek_member(d->s, "struct inode", "i_ino", x.inode, &ino))
		return NULL;
	on = iq_graph_object(d->g, IQ_OBJ_IPC, "ipc:pipe:%" PRIu64, ino);
	on->addr = pipe;
	iq_object_name(d->g, on, "%s pipe [%" PRIu64 "]", reads ? "empty" : "full", ino);
	x.wants_writers = reads;
	x.w = iq_diag_wait(who, on, IQ_WAIT_MESSAGE);
	x.w->mode = reads ? "read" : "write";
	x.w->any = true;
	iq_text_add(d->g, &x.w->evidence, "it sleeps on pipe_inode_info.%s of %#" PRIx64,
		    reads ? "rd_wait" : "wr_wait", pipe);
	/*
	 * A process that has both ends may be woken by a signal handler of its own, whatever its
	 * threads do, and those who inherited both from it will hardly do it: a pipe to oneself
	 * blames nobody.
	 */
	iq_open_each(d->s, IQ_OPEN_PRIVATE, pipe, is_own_end, &x);
	if (!x.is_own)
		iq_open_each(d->s, IQ_OPEN_PRIVATE, pipe, add_end, &x);
	*wait_ret = x.w;
	return NULL;
}

/* The mutex of a pipe: some struct file that the waiter works on has that pipe as its private_data.
 */
static bool name_mutex(struct iq_diag *d, iq_vaddr lock, const char *lock_type,
		       const struct iq_sleeper *waiter, struct iq_lock_name *name_ret)
{
	int64_t off = iq_offsetof(d->s, pipe_type, "mutex");
	int64_t data = iq_offsetof(d->s, "struct file", "private_data");
	iq_vaddr pipe = lock - (uint64_t)off;
	uint64_t p, inode, ino = 0, ring;

	if (off < 0 || data < 0 || strcmp(lock_type, "struct mutex") ||
	    !iq_peek_member(d->s, pipe_type, "ring_size", pipe, &ring) || !ring ||
	    ring & (ring - 1))
		return false;
	for (size_t i = 0; waiter && i < waiter->stack->num_words; i++) {
		if (!iq_is_kernel_ptr(d->s, waiter->stack->words[i]) ||
		    !iq_peek_u64(d->s, waiter->stack->words[i] + (uint64_t)data, &p) || p != pipe ||
		    !iq_peek_member(d->s, "struct file", "f_inode", waiter->stack->words[i],
				    &inode) ||
		    !iq_peek_member(d->s, "struct inode", "i_ino", inode, &ino))
			continue;
		*name_ret = (struct iq_lock_name){
			.name = iq_arena_printf(iq_scratch(d->s), "mutex of pipe:[%" PRIu64 "]",
						ino),
			.container = pipe,
			.container_type = pipe_type,
			.member = "mutex",
			.certainty = IQ_STRONG,
		};
		return true;
	}
	return false;
}

static const char *const functions[] = { "pipe_read",
					 "pipe_write",
					 "anon_pipe_read",
					 "anon_pipe_write",
					 "fifo_pipe_read",
					 "fifo_pipe_write",
					 "pipe_wait_readable",
					 "pipe_wait_writable",
					 "wait_for_partner",
					 "ipipe_prep",
					 "opipe_prep",
					 "splice_from_pipe_next",
					 NULL };
static const char *const types[] = { "struct pipe_inode_info", NULL };

static const struct iq_wait_rule wait_rules[] = {
	{ .name = "pipe",
	  .summary = "a full or an empty pipe, and the processes at its other end",
	  .reads = "pipe_inode_info.rd_wait, .wr_wait; files_struct, file.private_data, .f_mode",
	  .seen = "5.10, 6.1, 6.12, 6.18, 7.3",
	  .certainty = IQ_PROVEN,
	  .functions = functions,
	  .needs_types = types,
	  .explain = explain },
	{ 0 },
};

static const struct iq_lock_namer lock_namers[] = {
	{ .name = "pipe", .identify = name_mutex },
	{ 0 },
};

const struct iq_module iq_module_pipe = {
	.api = IQ_MODULE_API,
	.name = "pipe",
	.summary = "pipes and FIFOs",
	.wait_rules = wait_rules,
	.lock_namers = lock_namers,
};
