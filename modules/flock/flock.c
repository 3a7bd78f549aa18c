/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * File locks: flock, POSIX locks, open file description locks, leases
 *
 * A waiting request is a struct file_lock with a wait queue of its own; it
 * names what it waits for, which may be another waiting request: requests for
 * the same range form a tree. The last one on that way is the lock that was granted.
 *
 * Who holds it: a POSIX lock belongs to a files_struct, that is to a process;
 * flock and OFD locks belong to an open file, that is to everybody who has it open, by
 * inheritance or by passing it on. fl_pid is the process that took it.
 *
 * Since v6.9 (a69ce85ec9af, "filelock: split common fields into struct file_lock_core") the
 * common part is a struct of its own.
 *
 * Kernel: fs/locks.c, include/linux/filelock.h.
 */
#include "inquest/files.h"
#include "inquest/module.h"
#include "inquest/process.h"
#include "inquest/waitq.h"

enum {
	FL_POSIX = 1,
	FL_FLOCK = 2,
	FL_LEASE = 32,
	FL_OFDLCK = 1024,
	F_RDLCK = 0,
	F_UNLCK = 2,
	MAX_DEPTH = 1000,
	MAX_LOCKS = 64
};

static const char *const functions[] = {
	"flock_lock_inode_wait", "locks_lock_inode_wait", "posix_lock_inode_wait",
	"do_lock_file_wait",	 "fcntl_setlk",		  "__do_sys_flock",
	"__x64_sys_flock",	 "__break_lease",	  NULL,
};

struct shadow_lock {
	uint64_t has;
	uint64_t blocker, owner, flags, type, pid, file;
	int64_t start, end; /* 0 where they do not matter */
};

IQ_SHADOW(core_desc, "struct file_lock_core", shadow_lock,
	  IQ_FIELD(shadow_lock, blocker, "flc_blocker"), IQ_FIELD(shadow_lock, owner, "flc_owner"),
	  IQ_FIELD(shadow_lock, flags, "flc_flags"), IQ_FIELD(shadow_lock, type, "flc_type"),
	  IQ_FIELD(shadow_lock, pid, "flc_pid"), IQ_FIELD(shadow_lock, file, "flc_file"));

IQ_SHADOW(lock_desc, "struct file_lock", shadow_lock, IQ_FIELD(shadow_lock, blocker, "fl_blocker"),
	  IQ_FIELD(shadow_lock, owner, "fl_owner"), IQ_FIELD(shadow_lock, flags, "fl_flags"),
	  IQ_FIELD(shadow_lock, type, "fl_type"), IQ_FIELD(shadow_lock, pid, "fl_pid"),
	  IQ_FIELD(shadow_lock, file, "fl_file"));

static struct iq_error *read_lock(struct iq_diag *d, iq_vaddr addr, struct shadow_lock *lock)
{
	struct iq_error *err;
	uint64_t start, end;

	err = iq_shadow_read(d->s,
			     iq_has_type(d->s, "struct file_lock_core") ? &core_desc : &lock_desc,
			     addr, lock);
	/* The common part is the first member of struct file_lock. A lease has no range. */
	if (!err && !(lock->flags & FL_LEASE) &&
	    iq_peek_member(d->s, "struct file_lock", "fl_start", addr, &start) &&
	    iq_peek_member(d->s, "struct file_lock", "fl_end", addr, &end)) {
		lock->start = (int64_t)start;
		lock->end = (int64_t)end;
	}
	return err;
}

static int64_t wait_offset(struct iq_diag *d)
{
	int64_t off = iq_offsetof(d->s, "struct file_lock_core", "flc_wait");

	return off >= 0 ? off : iq_offsetof(d->s, "struct file_lock", "fl_wait");
}

/* ---- who holds a granted lock ---- */

struct holders {
	struct iq_diag *d;
	struct iq_wait *w;
	const struct iq_task *waiter;
	const struct shadow_lock *lock;
	iq_vaddr addr;
	size_t num, others; /* descriptors; those of other processes than the one that took it */
	bool taker_has_it;
};

static bool count_opener(void *ctx, const struct iq_open_file *open)
{
	struct holders *h = ctx;

	h->num++;
	if (open->task->tgid == (int32_t)h->lock->pid)
		h->taker_has_it = true;
	else
		h->others++;
	return false;
}

static void add_process(struct holders *h, const struct iq_task *t, enum iq_edge_kind kind,
			enum iq_certainty certainty, const char *how)
{
	const struct iq_task *except = t->tgid == h->waiter->tgid ? h->waiter : NULL;
	const char *evidence = iq_arena_printf(
		iq_scratch(h->d->s),
		"the granted file lock %#" PRIx64 " has pid %d, owner %#" PRIx64 ", file %#" PRIx64,
		h->addr, (int)h->lock->pid, h->lock->owner, h->lock->file);

	iq_diag_process_edges(h->d, &(struct iq_process_edges){ .wait = h->w,
								.process = t,
								.except = except,
								.via = h->w->on,
								.kind = kind,
								.certainty = certainty,
								.how = how,
								.evidence = evidence });
}

static bool add_opener(void *ctx, const struct iq_open_file *open)
{
	struct holders *h = ctx;

	/* The one that took it and still has it is the holder; else whoever has the file open keeps
	 * it locked. */
	if (h->taker_has_it && open->task->tgid != (int32_t)h->lock->pid)
		return false;
	add_process(h, open->task,
		    h->taker_has_it || h->others == 1 ? IQ_EDGE_OWNER : IQ_EDGE_MAYBE,
		    h->taker_has_it  ? (h->others ? IQ_STRONG : IQ_PROVEN)
		    : h->others == 1 ? IQ_STRONG
				     : IQ_LIKELY,
		    h->taker_has_it ? "holds it" : "has the locked file open");
	return false;
}

static void add_holders(struct holders *h)
{
	if (h->lock->flags & FL_POSIX && !(h->lock->flags & FL_OFDLCK)) {
		for (size_t i = 0; i < h->d->tasks->num_tasks; i++) {
			const struct iq_task *t = &h->d->tasks->tasks[i];

			if (t->pid && t->files == h->lock->owner) {
				add_process(h, t, IQ_EDGE_OWNER, IQ_PROVEN, "holds it");
				return;
			}
		}
		return;
	}
	if (!h->lock->file)
		return;
	iq_open_each(h->d->s, IQ_OPEN_FILE, h->lock->file, count_opener, h);
	iq_open_each(h->d->s, IQ_OPEN_FILE, h->lock->file, add_opener, h);
}

/* ---- all locks in the way ---- */

/*
 * The request names one lock that is in its way. There may be others: several readers where it
 * wants to write. They are on the lists of the inode's file_lock_context.
 */
struct conflicts {
	struct iq_diag *d;
	const struct shadow_lock *own;
	iq_vaddr locks[MAX_LOCKS];
	size_t num;
	int64_t link;
};

/* flock_locks_conflict() and posix_locks_conflict() of fs/locks.c */
static bool is_in_the_way(const struct shadow_lock *own, const struct shadow_lock *lock)
{
	if (own->type == F_RDLCK && lock->type == F_RDLCK)
		return false;
	if (own->flags & FL_FLOCK)
		return lock->file != own->file;
	return lock->owner != own->owner && lock->start <= own->end && own->start <= lock->end;
}

static bool add_conflict(void *ctx, iq_vaddr node)
{
	struct conflicts *c = ctx;
	iq_vaddr addr = node - (uint64_t)c->link;
	struct shadow_lock lock;
	struct iq_error *err = read_lock(c->d, addr, &lock);

	if (!err && lock.type != F_UNLCK && is_in_the_way(c->own, &lock))
		c->locks[c->num++] = addr;
	iq_error_free(err);
	return c->num == MAX_LOCKS;
}

static void find_conflicts(struct conflicts *c)
{
	static const char ctx_type[] = "struct file_lock_context";
	const char *list = c->own->flags & FL_FLOCK   ? "flc_flock"
			   : c->own->flags & FL_LEASE ? "flc_lease"
						      : "flc_posix";
	int64_t off = iq_offsetof(c->d->s, ctx_type, list);
	uint64_t inode, flctx;

	c->link = iq_offsetof(c->d->s, "struct file_lock_core", "flc_list");
	if (c->link < 0)
		c->link = iq_offsetof(c->d->s, "struct file_lock", "fl_list");
	if (off < 0 || c->link < 0 || c->own->flags & FL_LEASE ||
	    !iq_peek_member(c->d->s, "struct file", "f_inode", c->own->file, &inode) ||
	    !iq_peek_member(c->d->s, "struct inode", "i_flctx", inode, &flctx) || !flctx)
		return;
	/* A list that moves under us: the lock that the request names is known all the same. */
	iq_error_free(iq_list_walk(c->d->s, flctx + (uint64_t)off, MAX_DEPTH, add_conflict, c));
}

static const char *kind_of(const struct shadow_lock *lock)
{
	return lock->flags & FL_OFDLCK	? "OFD lock"
	       : lock->flags & FL_POSIX ? "POSIX lock"
	       : lock->flags & FL_LEASE ? "lease"
					: "flock";
}

static struct iq_error *explain(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	const struct iq_task *task = who->task;
	struct iq_wait_entry entry;
	struct shadow_lock own = { 0 }, lock;
	struct conflicts conflicts = { .d = d, .own = &own };
	struct iq_error *err;
	struct iq_object *on;
	struct iq_wait *w;
	iq_vaddr addr;
	const char *path;

	if (wait_offset(d) < 0 || !iq_find_wait_entry(d->s, task, who->stack, NULL, &entry))
		return NULL;
	addr = entry.head - (uint64_t)wait_offset(d);
	err = read_lock(d, addr, &own);
	if (err || !(own.flags & (FL_POSIX | FL_FLOCK | FL_LEASE)) ||
	    !iq_is_kernel_ptr(d->s, own.blocker) || !own.blocker)
		return err;
	lock = own;
	for (int i = 0; lock.blocker && i < MAX_DEPTH; i++) {
		addr = lock.blocker;
		err = read_lock(d, addr, &lock);
		if (err)
			return err;
	}
	/* Requests that wait for each other in a circle: none of them is a granted lock. */
	if (lock.blocker)
		return NULL;
	path = iq_path_of_file(d->s, own.file);
	on = iq_graph_object(d->g, IQ_OBJ_LOCK, "lock:%#" PRIx64, addr);
	on->addr = addr;
	iq_object_str(d->g, on, "class",
		      own.flags & FL_FLOCK   ? "flock"
		      : own.flags & FL_LEASE ? "lease"
					     : "posix-lock");
	iq_object_name(d->g, on, "%s of %s", kind_of(&lock), path ? path : "a file");
	w = iq_diag_wait(who, on, IQ_WAIT_LOCK);
	w->mode = own.type == F_RDLCK ? "read" : "write";
	iq_text_add(d->g, &w->evidence, "its request is blocked by the file lock at %#" PRIx64,
		    addr);
	*wait_ret = w;
	find_conflicts(&conflicts);
	if (conflicts.num > 1)
		iq_text_add(d->g, &w->evidence,
			    "%zu granted locks of the file are in its way: all of them have to go",
			    conflicts.num);
	/* Each thread of one holder can give it back; of several holders all have to. */
	w->any = conflicts.num <= 1;
	add_holders(
		&(struct holders){ .d = d, .w = w, .waiter = task, .lock = &lock, .addr = addr });
	for (size_t i = 0; i < conflicts.num; i++) {
		if (conflicts.locks[i] == addr)
			continue;
		err = read_lock(d, conflicts.locks[i], &lock);
		if (err)
			return err;
		add_holders(&(struct holders){ .d = d,
					       .w = w,
					       .waiter = task,
					       .lock = &lock,
					       .addr = conflicts.locks[i] });
	}
	return NULL;
}

static const struct iq_wait_rule wait_rules[] = {
	{ .name = "file-lock",
	  .summary =
		  "flock, POSIX and OFD locks: the lock in the way and the processes that keep it",
	  .reads = "file_lock.fl_wait, .fl_blocker, .fl_owner, .fl_file, .fl_pid "
		   "(file_lock_core.flc_*); files_struct",
	  .seen = "5.10, 6.1, 6.12, 6.18, 7.3",
	  .certainty = IQ_PROVEN,
	  .functions = functions,
	  .explain = explain },
	{ 0 },
};

const struct iq_module iq_module_flock = {
	.api = IQ_MODULE_API,
	.name = "flock",
	.summary = "file locks and who holds them",
	.wait_rules = wait_rules,
};
