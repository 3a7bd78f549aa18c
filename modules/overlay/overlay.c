/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * overlayfs: what a wait has to do with the overlay that the task works on
 *
 * An overlay has no storage. A task that works on one ends up in a filesystem below: the upper
 * layer's for what it writes, one of the lower layers' for what it reads. Its wait is explained
 * there; this room says which overlay led to it, and what its layers are, for the
 * administrator knows the container's root and not the filesystem below it.
 *
 * The first write to a file of a lower layer copies it up; that is done under the inode's own
 * mutex (ovl_inode.lock), which is named here.
 *
 * Kernel: fs/overlayfs/ovl_entry.h, copy_up.c, util.c (ovl_inode_lock).
 */
#include "inquest/module.h"
#include "inquest/waitq.h"

enum { MAX_LAYERS = 512, MAX_TOLD = 4 };

static const char ovl_type[] = "struct ovl_fs";
static const char inode_type[] = "struct ovl_inode";

/* ---- overlays ---- */

static bool is_overlay(struct iq_session *s, iq_vaddr sb)
{
	char name[16] = "";
	uint64_t type, text;

	if (!iq_is_kernel_ptr(s, sb) ||
	    !iq_peek_member(s, "struct super_block", "s_type", sb, &type) ||
	    !iq_is_kernel_ptr(s, type) ||
	    !iq_peek_member(s, "struct file_system_type", "name", type, &text))
		return false;
	iq_error_free(iq_read_str(s, text, name, sizeof(name)));
	return !strcmp(name, "overlay");
}

/* The overlay that something is of: a superblock, an inode, a dentry, an open file. 0: of none. */
static iq_vaddr overlay_of(struct iq_session *s, iq_vaddr p)
{
	uint64_t sb, inode;

	if (is_overlay(s, p))
		return p;
	if (iq_peek_member(s, "struct inode", "i_sb", p, &sb) && is_overlay(s, sb))
		return sb;
	if (iq_peek_member(s, "struct dentry", "d_sb", p, &sb) && is_overlay(s, sb))
		return sb;
	if (iq_peek_member(s, "struct file", "f_inode", p, &inode) && iq_is_kernel_ptr(s, inode) &&
	    iq_peek_member(s, "struct inode", "i_sb", inode, &sb) && is_overlay(s, sb))
		return sb;
	return 0;
}

static bool fits(struct iq_session *s, iq_vaddr p, void *ctx)
{
	iq_vaddr *sb = ctx;

	*sb = overlay_of(s, p);
	return *sb;
}

/* ---- layers ---- */

static const char *layer_in_words(struct iq_diag *d, iq_vaddr layer)
{
	uint64_t mnt, sb, root;
	struct iq_object *fs;
	const char *path;

	if (!iq_peek_member(d->s, "struct ovl_layer", "mnt", layer, &mnt) ||
	    !iq_is_kernel_ptr(d->s, mnt) ||
	    !iq_peek_member(d->s, "struct vfsmount", "mnt_sb", mnt, &sb) ||
	    !iq_peek_member(d->s, "struct vfsmount", "mnt_root", mnt, &root))
		return NULL;
	fs = iq_diag_filesystem(d, sb);
	path = iq_path_of_dentry(d->s, root);
	return fs ? iq_arena_printf(iq_scratch(d->s), "%s (%s)", path ? path : "?", fs->name)
		  : NULL;
}

/* The first of the layers is the upper one; where there is none it has no mount. */
static void tell_layers(struct iq_diag *d, struct iq_wait *w, iq_vaddr sb)
{
	int64_t size = iq_sizeof(d->s, "struct ovl_layer");
	struct iq_object *fs = iq_diag_filesystem(d, sb);
	uint64_t info, num, layers;
	const char *words;
	unsigned told = 0;

	if (!fs || size <= 0 ||
	    !iq_peek_member(d->s, "struct super_block", "s_fs_info", sb, &info) ||
	    !iq_peek_member(d->s, ovl_type, "numlayer", info, &num) || !num || num > MAX_LAYERS ||
	    !iq_peek_member(d->s, ovl_type, "layers", info, &layers))
		return;
	iq_text_add(d->g, &w->evidence, "%s works on %s", w->task->name, fs->name);
	for (uint64_t i = 0; i < num && told < MAX_TOLD; i++) {
		words = layer_in_words(d, layers + i * (uint64_t)size);
		if (!words)
			continue;
		iq_text_add(d->g, &w->evidence, "%s layer of that overlay: %s",
			    i ? "a lower" : "the upper", words);
		told++;
	}
	if (num > told + 1)
		iq_text_add(d->g, &w->evidence, "that overlay has %" PRIu64 " lower layers in all",
			    num - 1);
}

static bool is_inside(const struct iq_stack *stack)
{
	for (size_t i = 0; i < stack->num_frames; i++)
		if (stack->frames[i].sym.module && !strcmp(stack->frames[i].sym.module, "overlay"))
			return true;
	return false;
}

static struct iq_error *explain_task(struct iq_diag *d, struct iq_object *o)
{
	const struct iq_task *t = iq_task_by_pid(d->s, (int32_t)o->tid);
	const struct iq_stack *stack;
	iq_vaddr sb = 0;

	if (!t || !o->wait || !t->stack || t->on_cpu)
		return NULL;
	stack = iq_task_stack(d->s, t);
	if (is_inside(stack) && iq_stack_search(d->s, stack, 0, fits, &sb))
		tell_layers(d, o->wait, sb);
	return NULL;
}

/* ---- locks ---- */

static bool identify(struct iq_diag *d, iq_vaddr lock, const char *lock_type,
		     const struct iq_sleeper *waiter, struct iq_lock_name *name_ret)
{
	int64_t off = iq_offsetof(d->s, inode_type, "lock");
	int64_t vfs = iq_offsetof(d->s, inode_type, "vfs_inode");
	struct iq_object *fs;
	const char *path;
	iq_vaddr inode;
	uint64_t sb;

	(void)waiter;
	if (off < 0 || vfs < 0 || strcmp(lock_type, "struct mutex") != 0)
		return false;
	inode = lock - (uint64_t)off + (uint64_t)vfs;
	if (!iq_peek_member(d->s, "struct inode", "i_sb", inode, &sb) || !is_overlay(d->s, sb))
		return false;
	fs = iq_diag_filesystem(d, sb);
	path = iq_path_of_inode(d->s, inode);
	*name_ret = (struct iq_lock_name){
		.name = iq_arena_printf(iq_scratch(d->s), "copy-up lock of %s in %s",
					path ? path : "a file", fs ? fs->name : "an overlay"),
		.belongs = fs,
		.container = lock - (uint64_t)off,
		.container_type = inode_type,
		.member = "lock",
		.certainty = IQ_PROVEN,
	};
	return true;
}

static const struct iq_object_rule object_rules[] = {
	{ .name = "overlay",
	  .summary = "the overlay that a task works on, and its layers",
	  .type = IQ_OBJ_TASK,
	  .explain = explain_task },
	{ 0 },
};

static const struct iq_lock_namer lock_namers[] = {
	{ .name = "overlay", .identify = identify },
	{ 0 },
};

static const char *const types[] = { "struct ovl_fs", NULL };

const struct iq_module iq_module_overlay = {
	.api = IQ_MODULE_API,
	.name = "overlay",
	.summary = "overlayfs: the layers below, copy-up locks",
	.needs_types = types,
	.object_rules = object_rules,
	.lock_namers = lock_namers,
};
