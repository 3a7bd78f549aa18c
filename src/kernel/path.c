/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names of files and mounts
 *
 * A dentry's name and parents give its path below its filesystem's root; the
 * mounts of the initial namespace say where that root is. Mounts are read once
 * a snapshot: a list up to v6.7, a red-black tree since v6.8 (2eea9ce4310d,
 * "mounts: keep list of mounts in an rbtree"). See fs/mount.h, fs/d_path.c and
 * fs/proc_namespace.c in the kernel.
 */
#include "inquest/path.h"

#include "kernel/session.h"

enum { MAX_MOUNTS = 200000, MAX_DEPTH = 256, MAX_PATH_LEN = 4096, MAX_NAME_LEN = 255 };

struct mount_entry {
	iq_vaddr mount, sb, root, parent, mountpoint;
	const char *device;
	const char *path; /* made when asked for */
	bool in_progress;
};

struct mount_table {
	struct iq_session *s;
	IQ_VEC(struct mount_entry) list;
	struct iq_map by_mount; /* struct mount -> index */
	struct iq_map by_sb;	/* first mount of that superblock */
	int64_t node_off;
};

struct shadow_mount {
	uint64_t has;
	uint64_t sb, root, parent, mountpoint, devname;
};

IQ_SHADOW(mount_desc, "struct mount", shadow_mount, IQ_FIELD(shadow_mount, sb, "mnt.mnt_sb"),
	  IQ_FIELD(shadow_mount, root, "mnt.mnt_root"),
	  IQ_FIELD(shadow_mount, parent, "mnt_parent"),
	  IQ_FIELD(shadow_mount, mountpoint, "mnt_mountpoint"),
	  IQ_FIELD(shadow_mount, devname, "mnt_devname"));

struct shadow_dentry {
	uint64_t has;
	uint64_t parent, name, len, inode, sb;
};

IQ_SHADOW(dentry_desc, "struct dentry", shadow_dentry, IQ_FIELD(shadow_dentry, parent, "d_parent"),
	  IQ_FIELD(shadow_dentry, name, "d_name.name"), IQ_FIELD(shadow_dentry, len, "d_name.len"),
	  IQ_FIELD(shadow_dentry, inode, "d_inode"), IQ_FIELD(shadow_dentry, sb, "d_sb"));

static bool add_mount(void *ctx, iq_vaddr node)
{
	struct mount_table *t = ctx;
	iq_vaddr addr = node - (uint64_t)t->node_off;
	struct shadow_mount m;
	struct iq_error *err;
	char device[256] = "";

	err = iq_shadow_read(t->s, &mount_desc, addr, &m);
	if (err || !iq_is_kernel_ptr(t->s, m.sb)) {
		iq_error_free(err);
		return false;
	}
	if (m.devname)
		iq_error_free(iq_read_str(t->s, m.devname, device, sizeof(device)));
	iq_map_set(&t->by_mount, addr, t->list.num);
	if (!iq_map_get(&t->by_sb, m.sb))
		iq_map_set(&t->by_sb, m.sb, t->list.num);
	iq_vec_push(&t->list,
		    (struct mount_entry){ .mount = addr,
					  .sb = m.sb,
					  .root = m.root,
					  .parent = m.parent,
					  .mountpoint = m.mountpoint,
					  .device = iq_arena_strdup(t->s->scratch, device) });
	return false;
}

static void *make_mounts(struct iq_session *s)
{
	static const char ns_type[] = "struct mnt_namespace";
	struct mount_table *t = iq_xcalloc(1, sizeof(*t));
	uint64_t nsproxy, ns;
	struct iq_error *err = NULL;
	int64_t off;

	t->s = s;
	if (!iq_peek_member(s, "struct task_struct", "nsproxy", iq_sym_addr(s, "init_task"),
			    &nsproxy) ||
	    !iq_peek_member(s, "struct nsproxy", "mnt_ns", nsproxy, &ns) || !ns)
		return t;
	off = iq_offsetof(s, ns_type, "mounts.rb_node");
	if (off >= 0) {
		t->node_off = iq_offsetof(s, "struct mount", "mnt_node");
		if (t->node_off >= 0)
			err = iq_rbtree_walk(s, ns + (uint64_t)off, MAX_MOUNTS, add_mount, t);
	} else {
		off = iq_offsetof(s, ns_type, "list");
		t->node_off = iq_offsetof(s, "struct mount", "mnt_list");
		if (off >= 0 && t->node_off >= 0)
			err = iq_list_walk(s, ns + (uint64_t)off, MAX_MOUNTS, add_mount, t);
	}
	iq_error_free(err); /* the mounts read so far are right */
	return t;
}

static void free_mounts(void *value)
{
	struct mount_table *t = value;

	iq_vec_free(&t->list);
	iq_map_deinit(&t->by_mount);
	iq_map_deinit(&t->by_sb);
	free(t);
}

static const struct iq_cache mounts_cache = { .life = IQ_CACHE_SNAPSHOT,
					      .make = make_mounts,
					      .free = free_mounts };

/*
 * The names from `dentry` up to (not with) `stop`, joined by slashes, in front of what is in buf
 * at *at. False: it does not lead there, or a name cannot be read.
 */
static bool prepend_path(struct iq_session *s, iq_vaddr dentry, iq_vaddr stop, char *buf,
			 size_t *at)
{
	struct shadow_dentry d;
	struct iq_error *err;
	size_t len;

	for (int depth = 0; depth < MAX_DEPTH; depth++) {
		if (dentry == stop)
			return true;
		err = iq_shadow_read(s, &dentry_desc, dentry, &d);
		if (err) {
			iq_error_free(err);
			return false;
		}
		if (d.parent == dentry)
			return !stop;
		len = d.len & 0xffffffff;
		if (!len || len > MAX_NAME_LEN || *at < len + 1 ||
		    !iq_peek(s, d.name, buf + *at - len, len) || memchr(buf + *at - len, 0, len))
			return false;
		*at -= len;
		buf[--*at] = '/';
		dentry = d.parent;
	}
	return false;
}

static const char *mount_path(struct mount_table *t, struct mount_entry *m)
{
	char buf[MAX_PATH_LEN];
	size_t at = sizeof(buf) - 1;
	struct mount_entry *parent;
	uint64_t *index;
	const char *above;

	if (m->path || m->in_progress)
		return m->path;
	m->in_progress = true;
	buf[at] = '\0';
	index = iq_map_get(&t->by_mount, m->parent);
	if (m->parent == m->mount || !index) {
		m->path = "/";
		return m->path;
	}
	parent = &t->list.data[*index];
	above = mount_path(t, parent);
	if (above && prepend_path(t->s, m->mountpoint, parent->root, buf, &at))
		m->path = iq_arena_printf(t->s->scratch, "%s%s",
					  strcmp(above, "/") || !buf[at] ? above : "", buf + at);
	return m->path;
}

bool iq_mount_of_sb(struct iq_session *s, iq_vaddr sb, struct iq_mount_info *info_ret)
{
	struct mount_table *t = iq_cache_get(s, &mounts_cache);
	uint64_t *index = iq_map_get(&t->by_sb, sb);
	struct mount_entry *m;

	if (!index)
		return false;
	m = &t->list.data[*index];
	*info_ret = (struct iq_mount_info){ .device = m->device,
					    .path = mount_path(t, m),
					    .root = m->root };
	return true;
}

/* Where a mount of any namespace is, from the root of its namespace. */
static const char *path_elsewhere(struct iq_session *s, iq_vaddr mount)
{
	char buf[MAX_PATH_LEN];
	size_t at = sizeof(buf) - 1;
	struct shadow_mount m, parent;
	struct iq_error *err;

	buf[at] = '\0';
	for (int depth = 0; depth < MAX_DEPTH; depth++) {
		err = iq_shadow_read(s, &mount_desc, mount, &m);
		if (!err && m.parent == mount)
			return iq_arena_strdup(s->scratch, buf[at] ? buf + at : "/");
		if (!err)
			err = iq_shadow_read(s, &mount_desc, m.parent, &parent);
		if (err || !prepend_path(s, m.mountpoint, parent.root, buf, &at)) {
			iq_error_free(err);
			return NULL;
		}
		mount = m.parent;
	}
	return NULL;
}

struct find_mount {
	struct iq_session *s;
	int64_t node_off;
	iq_vaddr mount;
};

/* Private clones of mounts, as overlays have them, are in no namespace. */
static bool is_in_a_namespace(void *ctx, iq_vaddr node)
{
	struct find_mount *f = ctx;
	iq_vaddr mount = node - (uint64_t)f->node_off;
	uint64_t ns, seq;

	if (!iq_peek_member(f->s, "struct mount", "mnt_ns", mount, &ns) ||
	    !iq_is_kernel_ptr(f->s, ns) || !iq_peek_u64(f->s, ns, &seq))
		return false;
	f->mount = mount;
	return true;
}

bool iq_mount_elsewhere(struct iq_session *s, iq_vaddr sb, struct iq_mount_info *info_ret)
{
	struct find_mount f = { .s = s,
				.node_off = iq_offsetof(s, "struct mount", "mnt_instance") };
	int64_t head = iq_offsetof(s, "struct super_block", "s_mounts");
	char device[256] = "";
	struct shadow_mount m;
	struct iq_error *err;
	uint64_t mount;

	if (head < 0)
		return false;
	if (f.node_off >= 0) {
		iq_error_free(
			iq_list_walk(s, sb + (uint64_t)head, MAX_MOUNTS, is_in_a_namespace, &f));
	} else if (iq_has_member(s, "struct mount", "mnt_next_for_sb") &&
		   iq_peek_u64(s, sb + (uint64_t)head, &mount)) {
		f.node_off = 0;
		for (int i = 0;
		     i < MAX_MOUNTS && iq_is_kernel_ptr(s, mount) && !is_in_a_namespace(&f, mount);
		     i++)
			if (!iq_peek_member(s, "struct mount", "mnt_next_for_sb", mount, &mount))
				break;
	}
	if (!f.mount)
		return false;
	err = iq_shadow_read(s, &mount_desc, f.mount, &m);
	if (err) {
		iq_error_free(err);
		return false;
	}
	if (m.devname)
		iq_error_free(iq_read_str(s, m.devname, device, sizeof(device)));
	*info_ret = (struct iq_mount_info){ .device = iq_arena_strdup(s->scratch, device),
					    .path = path_elsewhere(s, f.mount),
					    .root = m.root };
	return true;
}

const char *iq_path_of_dentry(struct iq_session *s, iq_vaddr dentry)
{
	char buf[MAX_PATH_LEN];
	size_t at = sizeof(buf) - 1;
	struct iq_mount_info mount;
	struct shadow_dentry d;
	struct iq_error *err;

	buf[at] = '\0';
	if (!iq_is_kernel_ptr(s, dentry))
		return NULL;
	err = iq_shadow_read(s, &dentry_desc, dentry, &d);
	if (err) {
		iq_error_free(err);
		return NULL;
	}
	if (iq_mount_of_sb(s, d.sb, &mount) && mount.path &&
	    prepend_path(s, dentry, mount.root, buf, &at))
		return iq_arena_printf(s->scratch, "%s%s",
				       strcmp(mount.path, "/") || !buf[at] ? mount.path : "",
				       buf + at);
	at = sizeof(buf) - 1;
	if (!prepend_path(s, dentry, 0, buf, &at))
		return NULL;
	return iq_arena_strdup(s->scratch, buf[at] ? buf + at : "/");
}

const char *iq_path_of_inode(struct iq_session *s, iq_vaddr inode)
{
	/* Inside a union that has a name on some kernels and none on others. */
	int64_t alias = iq_offsetof(s, "struct dentry", "d_u.d_alias");
	int64_t dentries = iq_offsetof(s, "struct inode", "i_dentry");
	uint64_t node;

	if (alias < 0)
		alias = iq_offsetof(s, "struct dentry", "d_alias");
	if (alias < 0 || dentries < 0 || !iq_is_kernel_ptr(s, inode) ||
	    !iq_peek_u64(s, inode + (uint64_t)dentries, &node) || !iq_is_kernel_ptr(s, node))
		return NULL;
	return iq_path_of_dentry(s, node - (uint64_t)alias);
}

const char *iq_path_of_file(struct iq_session *s, iq_vaddr file)
{
	uint64_t dentry;

	if (!iq_is_kernel_ptr(s, file) ||
	    !iq_peek_member(s, "struct file", "f_path.dentry", file, &dentry))
		return NULL;
	return iq_path_of_dentry(s, dentry);
}

iq_vaddr iq_task_file(struct iq_session *s, const struct iq_task *task, unsigned fd)
{
	uint64_t fdt, max, table, file;

	if (!task->files || !iq_peek_member(s, "struct files_struct", "fdt", task->files, &fdt) ||
	    !iq_peek_member(s, "struct fdtable", "max_fds", fdt, &max) || fd >= max ||
	    !iq_peek_member(s, "struct fdtable", "fd", fdt, &table) ||
	    !iq_peek_u64(s, table + 8 * (uint64_t)fd, &file) || !iq_is_kernel_ptr(s, file))
		return 0;
	return file;
}
