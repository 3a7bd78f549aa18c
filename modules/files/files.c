/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Filesystems, open files and paths, for the debugger
 *
 * Kernel: include/linux/fs.h, fs/super.c (super_blocks), fs/dcache.c.
 */
#include "inquest/files.h"
#include "inquest/describe.h"
#include "inquest/module.h"
#include "inquest/path.h"

enum { MAX_SUPERS = 100000, MAX_INODES = 10000000, MAX_CHILDREN = 10000000, MAX_MOUNTS = 1000000 };

static const char sb_type[] = "struct super_block";
static const char inode_type[] = "struct inode";
static const char dentry_type[] = "struct dentry";

/* ---- walkers ---- */

struct link {
	struct iq_walk *walk;
	uint64_t off;
};

static bool emit_linked(void *ctx, iq_vaddr node)
{
	struct link *link = ctx;

	return iq_walk_emit(link->walk, node - link->off);
}

static struct iq_error *walk_supers(struct iq_walk *walk)
{
	int64_t off = iq_offsetof(walk->s, sb_type, "s_list");
	iq_vaddr head = iq_sym_addr(walk->s, "super_blocks");
	struct link link = { walk, (uint64_t)off };

	if (!head || off < 0)
		return iq_error_new(IQ_ERR_NOTFOUND, "this kernel's superblocks are not known");
	return iq_list_walk(walk->s, head, MAX_SUPERS, emit_linked, &link);
}

static struct iq_error *walk_inodes(struct iq_walk *walk)
{
	int64_t off = iq_offsetof(walk->s, inode_type, "i_sb_list"),
		head = iq_offsetof(walk->s, sb_type, "s_inodes");
	struct link link = { walk, (uint64_t)off };

	if (off < 0 || head < 0)
		return iq_error_new(IQ_ERR_NOTFOUND, "super_block.s_inodes is not known");
	return iq_list_walk(walk->s, walk->addr + (uint64_t)head, MAX_INODES, emit_linked, &link);
}

/* An hlist since v6.8, a list before. */
static struct iq_error *walk_children(struct iq_walk *walk)
{
	int64_t off = iq_offsetof(walk->s, dentry_type, "d_sib"),
		head = iq_offsetof(walk->s, dentry_type, "d_children");
	struct link link = { walk, (uint64_t)off };

	if (off >= 0 && head >= 0)
		return iq_hlist_walk(walk->s, walk->addr + (uint64_t)head, MAX_CHILDREN,
				     emit_linked, &link);
	off = iq_offsetof(walk->s, dentry_type, "d_child");
	head = iq_offsetof(walk->s, dentry_type, "d_subdirs");
	link.off = (uint64_t)off;
	if (off < 0 || head < 0)
		return iq_error_new(IQ_ERR_NOTFOUND, "the children of a dentry are not known");
	return iq_list_walk(walk->s, walk->addr + (uint64_t)head, MAX_CHILDREN, emit_linked, &link);
}

static bool emit_file(void *ctx, const struct iq_open_file *open)
{
	return iq_walk_emit(ctx, open->file);
}

static struct iq_error *task_at(struct iq_session *s, iq_vaddr addr,
				const struct iq_task **task_ret)
{
	iq_tasks(s);
	*task_ret = iq_task_by_addr(s, addr);
	if (!*task_ret)
		return iq_error_new(IQ_ERR_INVALID, "%" PRIx64 " is no task", addr);
	return NULL;
}

static struct iq_error *walk_files(struct iq_walk *walk)
{
	const struct iq_task *t;
	struct iq_error *err;

	err = task_at(walk->s, walk->addr, &t);
	if (!err)
		iq_open_of_task(walk->s, t, emit_file, walk);
	return err;
}

/* ---- mounts ---- */

static bool emit_mount(void *ctx, iq_vaddr node)
{
	struct link *link = ctx;
	iq_vaddr mount = node - link->off;
	uint64_t sb;

	/* Who reads /proc/mounts may stand in the list, as a mount of nothing. */
	return iq_peek_member(link->walk->s, "struct mount", "mnt.mnt_sb", mount, &sb) &&
	       iq_is_kernel_ptr(link->walk->s, sb) && iq_walk_emit(link->walk, mount);
}

/* A tree since v6.8, a list before. */
static struct iq_error *walk_mounts(struct iq_walk *walk)
{
	struct iq_session *s = walk->s;
	iq_vaddr task = walk->has_addr ? walk->addr : iq_sym_addr(s, "init_task");
	static const char ns_type[] = "struct mnt_namespace";
	int64_t tree = iq_offsetof(s, ns_type, "mounts.rb_node"),
		list = iq_offsetof(s, ns_type, "list");
	int64_t off = iq_offsetof(s, "struct mount", tree >= 0 ? "mnt_node" : "mnt_list");
	struct link link = { walk, (uint64_t)off };
	uint64_t nsproxy, ns;

	if (!iq_peek_member(s, "struct task_struct", "nsproxy", task, &nsproxy) ||
	    !iq_peek_member(s, "struct nsproxy", "mnt_ns", nsproxy, &ns) ||
	    !iq_is_kernel_ptr(s, ns))
		return iq_error_new(IQ_ERR_NOTFOUND, "%" PRIx64 " has no mount namespace", task);
	if (off < 0 || (tree < 0 && list < 0))
		return iq_error_new(IQ_ERR_NOTFOUND, "the mounts of a namespace are not known");
	if (tree >= 0)
		return iq_rbtree_walk(s, ns + (uint64_t)tree, MAX_MOUNTS, emit_mount, &link);
	return iq_list_walk(s, ns + (uint64_t)list, MAX_MOUNTS, emit_mount, &link);
}

/* ---- ::fsinfo ---- */

static const char *fs_type(struct iq_cmd *cmd, iq_vaddr sb)
{
	char name[32] = "", sub[32] = "";
	uint64_t type, at;

	if (!iq_peek_member(cmd->s, sb_type, "s_type", sb, &type) ||
	    !iq_peek_member(cmd->s, "struct file_system_type", "name", type, &at))
		return NULL;
	iq_error_free(iq_read_str(cmd->s, at, name, sizeof(name)));
	if (iq_peek_member(cmd->s, sb_type, "s_subtype", sb, &at) && at)
		iq_error_free(iq_read_str(cmd->s, at, sub, sizeof(sub)));
	return iq_arena_printf(cmd->arena, "%s%s%s", name, sub[0] ? "." : "", sub);
}

/* Under its row: the device as it was named, or the name that the kernel gave it, and flags. */
static void print_more(struct iq_cmd *cmd, iq_vaddr sb, uint64_t flags)
{
	static const struct {
		unsigned bit;
		const char *name;
	} names[] = {
		{ 0, "ro" },	      { 1, "nosuid" },	  { 2, "nodev" },     { 3, "noexec" },
		{ 4, "sync" },	      { 6, "mand" },	  { 7, "dirsync" },   { 10, "noatime" },
		{ 11, "nodiratime" }, { 16, "posixacl" }, { 25, "lazytime" },
	};
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf text = IQ_STRBUF_INIT;
	int64_t off = iq_offsetof(cmd->s, sb_type, "s_id");
	char id[33] = "";

	if (off >= 0)
		iq_error_free(iq_read_str(cmd->s, sb + (uint64_t)off, id, sizeof(id) - 1));
	for (size_t i = 0; i < IQ_ARRAY_SIZE(names); i++)
		if (flags >> names[i].bit & 1)
			iq_strbuf_printf(&text, ",%s", names[i].name);
	iq_out_text(cmd->out, "%18sR: %s\n%18sO: %s%s\n", "", *id ? id : "-", "",
		    flags & 1 ? "" : "rw", iq_strbuf_str(&text) + (flags & 1));
}

static struct iq_error *print_super(struct iq_cmd *cmd, iq_vaddr sb)
{
	static const struct iq_column columns[] = {
		{ "addr", "VFSP", .min = 16 }, { "fs", "FS", .min = 12 },
		{ "dev", "DEV", .min = 7 },    { "flags", "FLAGS", .min = 9 },
		{ "mount", "MOUNT" },	       { 0 },
	};
	static const char *const frozen_names[] = { "", "freezing", "freezing", "freezing",
						    "frozen" };
	enum { SB_RDONLY = 1, SB_KERNMOUNT = 1 << 22 };
	uint64_t dev, flags = 0, frozen = 0, root = 0;
	const char *state, *path;

	if (!iq_peek_member(cmd->s, sb_type, "s_dev", sb, &dev))
		return iq_error_fault(sb, "struct super_block");
	iq_peek_member(cmd->s, sb_type, "s_flags", sb, &flags);
	iq_peek_member(cmd->s, sb_type, "s_writers.frozen", sb, &frozen);
	iq_peek_member(cmd->s, sb_type, "s_root", sb, &root);
	state = frozen < IQ_ARRAY_SIZE(frozen_names) && frozen ? frozen_names[frozen]
		: flags & SB_RDONLY			       ? "ro"
							       : "rw";
	path = root ? iq_path_of_dentry(cmd->s, root) : NULL;
	/* Mounted by the kernel for itself, and nowhere else. */
	if (path && flags & SB_KERNMOUNT && !strcmp(path, "/"))
		path = NULL;
	iq_out_row(cmd, columns,
		   IQ_CELLS(IQ_ADDR(sb), IQ_STR(fs_type(cmd, sb)),
			    IQ_STR(iq_arena_printf(cmd->arena, "%" PRIu64 ":%" PRIu64, dev >> 20,
						   dev & 0xfffff)),
			    IQ_STR(state), IQ_STR(path)));
	if (iq_cmd_has(cmd, 'v'))
		print_more(cmd, sb, flags);
	return NULL;
}

static bool print_one(struct iq_walk *walk, iq_vaddr sb)
{
	struct iq_cmd *cmd = walk->ctx;

	if (cmd->to_pipe)
		iq_out_value(cmd->out, sb);
	else
		iq_error_free(print_super(cmd, sb));
	return iq_cmd_stop(cmd);
}

static struct iq_error *cmd_fsinfo(struct iq_cmd *cmd)
{
	iq_out_type_named(cmd, sb_type);
	if (cmd->has_addr)
		return print_super(cmd, cmd->addr);
	return iq_walk_run(cmd->s, "super_block", NULL, print_one, cmd);
}

/* ---- descriptors ---- */

/* What a file is, by its mode and where it lives. */
static const char *file_kind(struct iq_session *s, iq_vaddr inode)
{
	uint64_t mode;

	if (!inode || !iq_peek_member(s, inode_type, "i_mode", inode, &mode))
		return "?";
	switch (mode & 0170000) {
	case 0100000:
		return "REG";
	case 0040000:
		return "DIR";
	case 0020000:
		return "CHR";
	case 0060000:
		return "BLK";
	case 0010000:
		return "FIFO";
	case 0140000:
		return "SOCK";
	default:
		return "ANON";
	}
}

static bool print_fd(void *ctx, const struct iq_open_file *open)
{
	static const struct iq_column short_columns[] = {
		{ "fd", "FD", .right = true, .min = 4 },
		{ "type", "TYPE", .min = 4 },
		{ "inode", "INODE", .min = 16 },
		{ "path", "PATH" },
		{ 0 },
	};
	static const struct iq_column long_columns[] = {
		{ "fd", "FD", .right = true, .min = 4 },
		{ "file", "FILE", .min = 16 },
		{ "flags", "FLAG", .min = 8 },
		{ "inode", "INODE", .min = 16 },
		{ "pos", "OFFSET", .right = true, .min = 12 },
		{ "ops", "OPS", .min = 20 },
		{ "path", "PATH" },
		{ 0 },
	};
	struct iq_cmd *cmd = ctx;
	const char *path = iq_describe_file(cmd->s, open->file);
	uint64_t flags, pos;
	bool has_flags, has_pos;

	if (cmd->to_pipe) {
		iq_out_value(cmd->out, open->file);
	} else if (iq_cmd_has(cmd, 'f')) {
		has_flags = iq_peek_member(cmd->s, "struct file", "f_flags", open->file, &flags);
		has_pos = iq_peek_member(cmd->s, "struct file", "f_pos", open->file, &pos);
		iq_out_row(cmd, long_columns,
			   IQ_CELLS(IQ_U64(open->fd), IQ_ADDR(open->file),
				    { has_flags ? IQ_CELL_STR : IQ_CELL_UNREADABLE,
				      .str = iq_arena_printf(cmd->arena, "%" PRIx64, flags) },
				    IQ_ADDR(open->inode), IQ_KNOWN(has_pos, pos),
				    IQ_STR(iq_sym_format(cmd->s, open->f_op)), IQ_STR(path)));
	} else {
		iq_out_row(cmd, short_columns,
			   IQ_CELLS(IQ_U64(open->fd), IQ_STR(file_kind(cmd->s, open->inode)),
				    IQ_ADDR(open->inode), IQ_STR(path)));
	}
	return iq_cmd_stop(cmd);
}

static struct iq_error *cmd_pfiles(struct iq_cmd *cmd)
{
	const struct iq_task *t;
	struct iq_error *err;

	iq_out_type_named(cmd, "struct file");
	err = task_at(cmd->s, cmd->addr, &t);
	if (!err && !iq_open_of_task(cmd->s, t, print_fd, cmd) && !cmd->to_pipe)
		iq_out_text(cmd->out, "%s/%d has no open files that can be read\n", t->comm,
			    t->pid);
	return err;
}

static struct iq_error *cmd_fd(struct iq_cmd *cmd)
{
	const struct iq_task *t;
	struct iq_error *err;
	uint64_t fd;
	iq_vaddr file;

	if (cmd->argc != 1)
		return iq_cmd_usage(cmd, "which descriptor?");
	err = iq_cmd_count(cmd, &cmd->argv[0], &fd);
	if (!err)
		err = task_at(cmd->s, cmd->addr, &t);
	if (err)
		return err;
	file = fd <= UINT32_MAX ? iq_task_file(cmd->s, t, (unsigned)fd) : 0;
	if (!file)
		return iq_error_new(IQ_ERR_NOTFOUND, "%s/%d has no descriptor %" PRIu64, t->comm,
				    t->pid, fd);
	iq_out_type_named(cmd, "struct file");
	iq_out_value(cmd->out, file);
	return NULL;
}

/* ---- who has it open ---- */

struct whereopen {
	struct iq_cmd *cmd;
	iq_vaddr sb; /* any file on this filesystem; or 0 */
	size_t found;
};

static bool print_opener(void *ctx, const struct iq_open_file *open)
{
	static const struct iq_column columns[] = {
		{ "task", "TASK", .min = 16 },
		{ "pid", "PID", .right = true, .min = 7 },
		{ "comm", "COMMAND", .min = 16 },
		{ "fd", "FD", .right = true, .min = 4 },
		{ "file", "FILE", .min = 16 },
		{ "path", "PATH" },
		{ 0 },
	};
	struct whereopen *w = ctx;
	struct iq_cmd *cmd = w->cmd;
	uint64_t sb;

	if (w->sb && (!open->inode ||
		      !iq_peek_member(cmd->s, inode_type, "i_sb", open->inode, &sb) || sb != w->sb))
		return false;
	w->found++;
	if (cmd->to_pipe)
		iq_out_value(cmd->out, open->task->addr);
	else
		iq_out_row(cmd, columns,
			   IQ_CELLS(IQ_ADDR(open->task->addr), IQ_I64(open->task->tgid),
				    IQ_STR(open->task->comm), IQ_U64(open->fd), IQ_ADDR(open->file),
				    IQ_STR(iq_describe_file(cmd->s, open->file))));
	return iq_cmd_stop(cmd);
}

static bool is_super(void *ctx, iq_vaddr node)
{
	struct whereopen *w = ctx;
	iq_vaddr sb = node - (uint64_t)iq_offsetof(w->cmd->s, sb_type, "s_list");

	if (sb == w->cmd->addr)
		w->sb = sb;
	return w->sb != 0;
}

static struct iq_error *cmd_whereopen(struct iq_cmd *cmd)
{
	const struct iq_task_list *list = iq_tasks(cmd->s);
	struct whereopen w = { .cmd = cmd };
	iq_vaddr supers = iq_sym_addr(cmd->s, "super_blocks");
	struct iq_map seen = { 0 };

	iq_out_type_named(cmd, "struct task_struct");
	if (supers && iq_offsetof(cmd->s, sb_type, "s_list") >= 0)
		iq_error_free(iq_list_walk(cmd->s, supers, MAX_SUPERS, is_super, &w));
	if (!w.sb) {
		iq_open_each(cmd->s, IQ_OPEN_INODE, cmd->addr, print_opener, &w);
		if (!w.found)
			iq_open_each(cmd->s, IQ_OPEN_FILE, cmd->addr, print_opener, &w);
	}
	for (size_t i = 0; w.sb && list && i < list->num_tasks && !iq_cmd_stop(cmd); i++) {
		const struct iq_task *t = &list->tasks[i];

		if (!t->files || iq_map_get(&seen, t->files))
			continue;
		iq_map_set(&seen, t->files, 1);
		iq_open_of_task(cmd->s, t, print_opener, &w);
	}
	iq_map_deinit(&seen);
	return NULL;
}

/* ---- paths ---- */

static struct iq_error *print_path(struct iq_cmd *cmd, const char *path, const char *what)
{
	if (!path)
		return iq_error_new(IQ_ERR_NOTFOUND, "%" PRIx64 ": no path of %s there", cmd->addr,
				    what);
	iq_out_text(cmd->out, "%s\n", path);
	return NULL;
}

static struct iq_error *cmd_inode2path(struct iq_cmd *cmd)
{
	return print_path(cmd, iq_path_of_inode(cmd->s, cmd->addr), "an inode");
}

static struct iq_error *cmd_dentry2path(struct iq_cmd *cmd)
{
	return print_path(cmd, iq_path_of_dentry(cmd->s, cmd->addr), "a dentry");
}

static struct iq_error *cmd_file2path(struct iq_cmd *cmd)
{
	return print_path(cmd, iq_path_of_file(cmd->s, cmd->addr), "a file");
}

static const struct iq_opt fsinfo_opts[] = {
	{ 'v', NULL, "also what is mounted (R), and the flags (O)" },
	{ 0 },
};

static const struct iq_opt fd_opts[] = {
	{ 'f', NULL, "the struct file, its flags, position and operations" },
	{ 'p', NULL, "paths, which are shown anyway" },
	{ 0 },
};

static const struct iq_dcmd dcmds[] = {
	{ "fsinfo", "?", "list filesystems: type, device, state, where they are mounted",
	  "With an address: the one struct super_block there. The path is that of the initial "
	  "mount "
	  "namespace.",
	  fsinfo_opts, cmd_fsinfo },
	{ "fd", ":FD", "print the struct file behind a task's descriptor", NULL, NULL, cmd_fd },
	{ "pfiles", ":", "list a task's open files", NULL, fd_opts, cmd_pfiles },
	{ "whereopen", ":", "say who has an inode, a file or anything on a filesystem open",
	  "The address is a struct inode, a struct file or a struct super_block.", NULL,
	  cmd_whereopen },
	{ "inode2path", ":", "print an inode's path", NULL, NULL, cmd_inode2path },
	{ "vnode2path", ":", "print an inode's path", NULL, NULL, cmd_inode2path },
	{ "dentry2path", ":", "print a dentry's path", NULL, NULL, cmd_dentry2path },
	{ "file2path", ":", "print the path of an open file", NULL, NULL, cmd_file2path },
	{ 0 },
};

static const struct iq_walker walkers[] = {
	{ "super_block", "every filesystem", IQ_WALK_GLOBAL, "struct super_block", walk_supers },
	{ "mount", "what is mounted in the namespace of a task, or in the initial one",
	  IQ_WALK_OPTIONAL, "struct mount", walk_mounts },
	{ "vfs", "every filesystem", IQ_WALK_GLOBAL, "struct super_block", walk_supers },
	{ "inode", "the inodes in memory of a filesystem", IQ_WALK_LOCAL, "struct inode",
	  walk_inodes },
	{ "dentry", "the children in memory of a dentry", IQ_WALK_LOCAL, "struct dentry",
	  walk_children },
	{ "file", "the open files of a task", IQ_WALK_LOCAL, "struct file", walk_files },
	{ 0 },
};

static const struct iq_global globals[] = {
	{ "super_blocks", "struct list_head" },
	{ "sb_lock", "spinlock_t" },
	{ "namespace_sem", "struct rw_semaphore" },
	{ 0 },
};

const struct iq_module iq_module_files = {
	.api = IQ_MODULE_API,
	.name = "files",
	.summary = "filesystems, open files and paths",
	.dcmds = dcmds,
	.walkers = walkers,
	.globals = globals,
};
