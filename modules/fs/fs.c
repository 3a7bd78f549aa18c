/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Superblocks, inodes and files: frozen filesystems, and the locks inside
 *
 * A filesystem is frozen level by level: writes, page faults, its own work; each level is a
 * percpu_rw_semaphore in super_block.s_writers.rw_sem that the freezer takes for write
 * and keeps. The freezing task may go away after that: s_writers.frozen says 4,
 * SB_FREEZE_COMPLETE, and that is all there is. While it is less the freezer is
 * still at it, in freeze_super().
 *
 * Kernel: fs/super.c, include/linux/fs.h.
 */
#include "freezers.h"
#include "holders.h"
#include "space.h"

#include "inquest/module.h"
#include "inquest/waitq.h"

enum { SB_FREEZE_COMPLETE = 4, MAX_SUPERS = 100000 };

static const char sb_type[] = "struct super_block";

struct find_sb {
	iq_vaddr sb;   /* looked for, or found */
	iq_vaddr from; /* lock, for sb_of_lock */
	int64_t list_off;
	uint64_t start, len; /* the range of the superblock that the lock has to be in */
	bool found;
};

static bool super_matches(void *ctx, iq_vaddr node)
{
	struct find_sb *f = ctx;
	iq_vaddr sb = node - (uint64_t)f->list_off;

	if (f->from ? f->from >= sb + f->start && f->from < sb + f->start + f->len : sb == f->sb) {
		f->sb = sb;
		f->found = true;
	}
	return f->found;
}

static bool walk_supers(struct iq_diag *d, struct find_sb *f)
{
	iq_vaddr head = iq_sym_addr(d->s, "super_blocks");

	f->list_off = iq_offsetof(d->s, sb_type, "s_list");
	if (!head || f->list_off < 0)
		return false;
	iq_error_free(iq_list_walk(d->s, head, MAX_SUPERS, super_matches, f));
	return f->found;
}

/* The superblock that this lock is a member of, where member.. is len bytes long. */
static iq_vaddr sb_of_lock(struct iq_diag *d, iq_vaddr lock, const char *member, uint64_t len,
			   uint64_t *offset_ret)
{
	int64_t off = iq_offsetof(d->s, sb_type, member);
	struct find_sb f = { .from = lock, .start = (uint64_t)off, .len = len };

	if (off < 0 || !walk_supers(d, &f))
		return 0;
	*offset_ret = lock - f.sb - (uint64_t)off;
	return f.sb;
}

static bool is_superblock(struct iq_diag *d, iq_vaddr sb)
{
	struct find_sb f = { .sb = sb };

	return iq_is_kernel_ptr(d->s, sb) && walk_supers(d, &f);
}

/* ---- names of locks ---- */

static bool name_sb_lock(struct iq_diag *d, iq_vaddr lock, struct iq_lock_name *name_ret)
{
	static const struct {
		const char *member, *words;
	} levels[] = { { "s_writers.rw_sem[0]", "writes" },
		       { "s_writers.rw_sem[1]", "page faults" },
		       { "s_writers.rw_sem[2]", "its own work" } };
	int64_t size = iq_sizeof(d->s, "struct percpu_rw_semaphore");
	struct iq_object *fs;
	uint64_t off, level;
	iq_vaddr sb;

	if (size <= 0)
		return false;
	sb = sb_of_lock(d, lock, "s_writers.rw_sem", (uint64_t)size * 3, &off);
	fs = sb ? iq_diag_filesystem(d, sb) : NULL;
	if (!fs)
		return false;
	level = off / (uint64_t)size;
	*name_ret = (struct iq_lock_name){
		.name = iq_arena_printf(iq_scratch(d->s), "freeze protection (%s) of %s",
					levels[level].words, fs->name),
		.belongs = fs,
		.container = sb,
		.container_type = sb_type,
		.member = levels[level].member,
		.certainty = IQ_PROVEN,
	};
	return true;
}

static bool name_s_umount(struct iq_diag *d, iq_vaddr lock, struct iq_lock_name *name_ret)
{
	struct iq_object *fs;
	uint64_t off;
	iq_vaddr sb = sb_of_lock(d, lock, "s_umount", 1, &off);

	fs = sb ? iq_diag_filesystem(d, sb) : NULL;
	if (!fs)
		return false;
	*name_ret = (struct iq_lock_name){
		.name = iq_arena_printf(iq_scratch(d->s), "s_umount of %s", fs->name),
		.belongs = fs,
		.container = sb,
		.container_type = sb_type,
		.member = "s_umount",
		.certainty = IQ_PROVEN,
	};
	return true;
}

/* An inode is one whose superblock exists, whose own address is in its mapping, and where the lock
 * fits. */
static bool name_inode_lock(struct iq_diag *d, iq_vaddr lock, const char *member, const char *words,
			    struct iq_lock_name *name_ret)
{
	int64_t off = iq_offsetof(d->s, "struct inode", member);
	uint64_t sb, host, ino;
	const char *path;
	iq_vaddr inode = lock - (uint64_t)off;
	const struct iq_attr *mount;
	struct iq_object *fs;

	if (off < 0 || !iq_peek_member(d->s, "struct inode", "i_sb", inode, &sb) ||
	    !iq_peek_member(d->s, "struct inode", "i_data.host", inode, &host) || host != inode ||
	    !is_superblock(d, sb))
		return false;
	fs = iq_diag_filesystem(d, sb);
	path = iq_path_of_inode(d->s, inode);
	if (!path) {
		iq_peek_member(d->s, "struct inode", "i_ino", inode, &ino);
		path = iq_arena_printf(iq_scratch(d->s), "inode %" PRIu64 " of %s", ino,
				       fs ? fs->name : "a filesystem");
	}
	/* A path where it is not mounted here says little. */
	mount = fs ? iq_object_attr(fs, "mount") : NULL;
	*name_ret = (struct iq_lock_name){
		.name = mount && mount->kind == IQ_ATTR_NULL && *path == '/'
				? iq_arena_printf(iq_scratch(d->s), "%s of %s in %s", words, path,
						  fs->name)
				: iq_arena_printf(iq_scratch(d->s), "%s of %s", words, path),
		.belongs = fs,
		.container = inode,
		.container_type = "struct inode",
		.member = member,
		.certainty = IQ_PROVEN,
	};
	return true;
}

static bool name_f_pos_lock(struct iq_diag *d, iq_vaddr lock, struct iq_lock_name *name_ret)
{
	int64_t off = iq_offsetof(d->s, "struct file", "f_pos_lock");
	iq_vaddr file = lock - (uint64_t)off;
	uint64_t inode, dentry, of_dentry;
	const char *path;

	if (off < 0 || !iq_peek_member(d->s, "struct file", "f_inode", file, &inode) ||
	    !iq_is_kernel_ptr(d->s, inode) ||
	    !iq_peek_member(d->s, "struct file", "f_path.dentry", file, &dentry) ||
	    !iq_is_kernel_ptr(d->s, dentry) ||
	    !iq_peek_member(d->s, "struct dentry", "d_inode", dentry, &of_dentry) ||
	    of_dentry != inode)
		return false;
	path = iq_path_of_dentry(d->s, dentry);
	*name_ret = (struct iq_lock_name){
		.name = iq_arena_printf(iq_scratch(d->s), "f_pos_lock of an open file, %s",
					path ? path : "name unknown"),
		.container = file,
		.container_type = "struct file",
		.member = "f_pos_lock",
		.certainty = IQ_STRONG,
	};
	return true;
}

static bool identify(struct iq_diag *d, iq_vaddr lock, const char *lock_type,
		     const struct iq_sleeper *waiter, struct iq_lock_name *name_ret)
{
	(void)waiter;
	if (!strcmp(lock_type, "struct percpu_rw_semaphore"))
		return name_sb_lock(d, lock, name_ret);
	if (!strcmp(lock_type, "struct rw_semaphore"))
		return name_s_umount(d, lock, name_ret) ||
		       name_inode_lock(d, lock, "i_rwsem", "i_rwsem", name_ret) ||
		       name_inode_lock(d, lock, "i_data.invalidate_lock", "invalidate_lock",
				       name_ret) ||
		       name_inode_lock(d, lock, "i_data.i_mmap_rwsem", "i_mmap_rwsem", name_ret);
	if (!strcmp(lock_type, "struct mutex"))
		return name_f_pos_lock(d, lock, name_ret);
	return false;
}

/* ---- who keeps a superblock's freeze protection ---- */

/* A freeze that is complete needs no task; of one under way a level knows the writer while that
 * waits there. */
static bool find_freezer(struct iq_diag *d, struct iq_wait *w,
			 const struct iq_holders_wanted *wanted)
{
	static const char *const levels[] = { "s_writers.rw_sem[0].writer.task",
					      "s_writers.rw_sem[1].writer.task",
					      "s_writers.rw_sem[2].writer.task" };
	const struct iq_lock_name *name = wanted->name;
	const struct iq_task *t = NULL;
	uint64_t frozen, writer;
	struct iq_edge *e;

	if (!name->container_type || strcmp(name->container_type, sb_type) || !name->belongs ||
	    wanted->mode != IQ_HOLD_WRITE ||
	    !iq_peek_member(d->s, sb_type, "s_writers.frozen", name->container, &frozen) || !frozen)
		return false;
	if (frozen == SB_FREEZE_COMPLETE) {
		e = iq_graph_edge(d->g, w->task, name->belongs, w->on, IQ_EDGE_OWNER, IQ_PROVEN,
				  "is frozen");
		iq_text_add(d->g, &e->evidence,
			    "super_block.s_writers.frozen at %#" PRIx64 " is %" PRIu64
			    " (complete)",
			    name->container, frozen);
		return true;
	}
	for (size_t i = 0; i < IQ_ARRAY_SIZE(levels) && !t; i++)
		if (iq_peek_member(d->s, sb_type, levels[i], name->container, &writer) && writer)
			t = iq_task_by_addr(d->s, writer);
	if (!t || t->unreadable)
		return false;
	e = iq_graph_edge(d->g, w->task, iq_diag_task(d, t), w->on, IQ_EDGE_OWNER, IQ_STRONG,
			  "is freezing it");
	iq_text_add(d->g, &e->evidence, "%s", fs_say_freezing(d, name->container, frozen, t));
	return true;
}

/* Who is about to end the freeze, and sleeps on the way: the freeze lasts as long as that. */
static const struct iq_task *find_thawer(struct iq_diag *d, iq_vaddr sb)
{
	static const char *const thawing[] = { "thaw_super", "thaw_super_locked", NULL };

	for (size_t i = 0; i < d->tasks->num_tasks; i++) {
		const struct iq_task *t = &d->tasks->tasks[i];
		const struct iq_stack *stack;

		if (!t->pid || !t->stack || t->on_cpu || t->state == 'R')
			continue;
		stack = iq_task_stack(d->s, t);
		if (iq_stack_find(stack, 0, thawing) >= 0 && iq_stack_mentions(stack, sb))
			return t;
	}
	return NULL;
}

/* ---- what a filesystem is ---- */

static struct iq_error *explain_fs(struct iq_diag *d, struct iq_object *o)
{
	const struct iq_attr *mount = iq_object_attr(o, "mount");
	uint64_t frozen, kernel = 0, user = 0, bdev = 0, device_freezes = 0;
	const struct iq_task *thawer;
	struct iq_verdict *v;
	struct iq_edge *e;

	if (!o->addr)
		return NULL;
	fs_add_usage(d, o);
	if (!iq_peek_member(d->s, sb_type, "s_writers.frozen", o->addr, &frozen) ||
	    frozen != SB_FREEZE_COMPLETE)
		return NULL;
	thawer = find_thawer(d, o->addr);
	if (thawer) {
		e = iq_graph_edge(d->g, o, iq_diag_task(d, thawer), NULL, IQ_EDGE_OWNER, IQ_STRONG,
				  "is thawing it");
		iq_text_add(d->g, &e->evidence,
			    "%s (%d) is in thaw_super() with the superblock %#" PRIx64,
			    thawer->comm, thawer->pid, o->addr);
		return NULL;
	}
	/* The second comma ends the name's "mounted at ...", and goes where that is not. */
	v = iq_object_verdict(d->g, o, IQ_CAUSE_FS_FROZEN, IQ_PROVEN, "%s%s is frozen", o->name,
			      mount && mount->str ? "," : "");
	if (!v)
		return NULL;
	/* A plain int on older kernels. */
	if (iq_peek_member(d->s, sb_type, "s_bdev", o->addr, &bdev) && bdev &&
	    !iq_peek_member(d->s, "struct block_device", "bd_fsfreeze_count.counter", bdev,
			    &device_freezes))
		iq_peek_member(d->s, "struct block_device", "bd_fsfreeze_count", bdev,
			       &device_freezes);
	/* Frozen for a change of its device: if that is suspended, its resume is the end of the
	 * freeze. */
	v->final = !device_freezes;
	v->cannot_go_on = true;
	iq_text_add(d->g, &v->evidence,
		    "super_block.s_writers.frozen at %#" PRIx64
		    " is 4: the freeze is complete, and every write waits for its end",
		    o->addr);
	/* Who asked is counted apart since v6.6; a freeze of the device below counts at the device.
	 */
	if (iq_peek_member(d->s, sb_type, "s_writers.freeze_kcount", o->addr, &kernel) &&
	    iq_peek_member(d->s, sb_type, "s_writers.freeze_ucount", o->addr, &user))
		iq_text_add(d->g, &v->evidence, "frozen by %s",
			    kernel && user ? "user space and the kernel itself"
			    : kernel ? "the kernel itself (suspend, or a device being changed)"
				     : "user space (fsfreeze, a backup or snapshot agent)");
	if (device_freezes)
		iq_text_add(
			d->g, &v->evidence,
			"block_device.bd_fsfreeze_count at %#" PRIx64 " is %" PRIu64
			": its block device asked for the freeze (LVM or device-mapper snapshot)",
			bdev, device_freezes);
	if (device_freezes)
		iq_remedy_add(d->g, &v->remedy, IQ_RISK_LOW, NULL,
			      "If a device-mapper change was interrupted: dmsetup info shows which "
			      "device is suspended, and a dmsetup resume of that ends the freeze");
	fs_add_freezers(d, o->addr, v, device_freezes || (kernel && !user));
	iq_remedy_add(d->g, &v->remedy, IQ_RISK_NONE, NULL,
		      "Ask whether a backup or snapshot of it is under way, and let it end or stop "
		      "it properly");
	if (mount && mount->str)
		iq_remedy_add(d->g, &v->remedy, IQ_RISK_LOW,
			      iq_arena_printf(d->g->arena, "fsfreeze --unfreeze %s",
					      iq_arena_quoted(d->g->arena, mount->str)),
			      "Thaw it: fsfreeze --unfreeze %s (a snapshot being taken at this "
			      "moment becomes inconsistent)",
			      mount->str);
	iq_remedy_add(d->g, &v->remedy, IQ_RISK_HIGH, "echo j > /proc/sysrq-trigger",
		      "Last resort, thaws every filesystem: echo j > /proc/sysrq-trigger");
	return NULL;
}

static const struct iq_object_rule object_rules[] = {
	{ .name = "frozen",
	  .summary = "a frozen filesystem",
	  .type = IQ_OBJ_FILESYSTEM,
	  .explain = explain_fs },
	{ 0 },
};

static const struct iq_lock_namer lock_namers[] = {
	{ .name = "fs", .identify = identify },
	{ 0 },
};

static const struct iq_holder_rule holder_rules[] = {
	{ .name = "freezer",
	  .summary = "the freeze that keeps writers out, or the task that is still freezing",
	  .lock_type = "struct percpu_rw_semaphore",
	  .find = find_freezer },
	{ 0 },
};

const struct iq_module iq_module_fs = {
	.api = IQ_MODULE_API,
	.name = "fs",
	.summary = "filesystems: frozen ones, and the locks of superblocks, inodes and files",
	.object_rules = object_rules,
	.lock_namers = lock_namers,
	.holder_rules = holder_rules,
	.holders = fs_holders,
};
