/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What cgroups are called
 *
 * A cgroup is a directory of kernfs. Its node is struct cgroup.kn; the names from there up
 * to the node without a parent are its path, as /proc/PID/cgroup shows it. A task's css_set
 * names its cgroup in the unified hierarchy, and for each controller the state of the task's
 * cgroup there; the controllers of v1 are in other hierarchies.
 *
 * Container managers make a cgroup for each container. The directory's name has the container's id
 * (64 hexadecimal digits) or its name in it:
 *
 *	docker-ID.scope, crio-ID.scope, cri-containerd-ID.scope, libpod-ID.scope	with systemd
 *	docker/ID, kubepods/burstable/podUID/ID, libpod_parent/libpod-ID		without
 *	lxc.payload.NAME, lxc/NAME; machine-NAME.scope, systemd-nspawn@NAME.service
 *
 * Kernel: include/linux/cgroup-defs.h, include/linux/kernfs.h.
 */
#include "names.h"

#include <ctype.h>
#include <stdio.h>

enum { MAX_DEPTH = 256, NAME_LEN = 256, PATH_LEN = 4096, ID_LEN = 64 };

static const char cgroup_type[] = "struct cgroup";
static const char css_type[] = "struct cgroup_subsys_state";

static iq_vaddr parent_node(struct iq_diag *d, iq_vaddr node)
{
	uint64_t parent = 0;

	/* Renamed in v6.15, when it came under RCU. */
	if (!iq_peek_member(d->s, "struct kernfs_node", "__parent", node, &parent))
		iq_peek_member(d->s, "struct kernfs_node", "parent", node, &parent);
	return parent;
}

const char *cgroup_path(struct iq_diag *d, iq_vaddr cgroup)
{
	char path[PATH_LEN], name[NAME_LEN];
	size_t at = sizeof(path) - 1;
	uint64_t node, addr;

	path[at] = '\0';
	if (!iq_peek_member(d->s, cgroup_type, "kn", cgroup, &node) || !node)
		return NULL;
	for (int i = 0;; i++) {
		iq_vaddr up = parent_node(d, node);
		struct iq_error *err;
		size_t len;

		if (!up)
			break;
		if (i == MAX_DEPTH || !iq_is_kernel_ptr(d->s, up) ||
		    !iq_peek_member(d->s, "struct kernfs_node", "name", node, &addr))
			return NULL;
		err = iq_read_str(d->s, addr, name, sizeof(name));
		if (err) {
			iq_error_free(err);
			return NULL;
		}
		len = strlen(name);
		if (len + 1 > at)
			return NULL;
		at -= len;
		memcpy(path + at, name, len);
		path[--at] = '/';
		node = up;
	}
	return iq_arena_strdup(iq_scratch(d->s), path[at] ? path + at : "/");
}

iq_vaddr cgroup_of_task(struct iq_diag *d, const struct iq_task *task)
{
	uint64_t cgroup = 0;

	if (task->cgroups)
		iq_peek_member(d->s, "struct css_set", "dfl_cgrp", task->cgroups, &cgroup);
	return cgroup;
}

iq_vaddr cgroup_css_of_task(struct iq_diag *d, const struct iq_task *task, const char *id_name)
{
	struct iq_error *err;
	uint64_t css = 0;
	char member[32];
	int64_t id;

	err = iq_enum_value(d->s, "enum cgroup_subsys_id", id_name, &id);
	if (err) {
		iq_error_free(err);
		return 0;
	}
	snprintf(member, sizeof(member), "subsys[%d]", (int)id);
	if (task->cgroups)
		iq_peek_member(d->s, "struct css_set", member, task->cgroups, &css);
	return css;
}

iq_vaddr cgroup_of_css(struct iq_diag *d, iq_vaddr css)
{
	uint64_t cgroup = 0;

	if (css)
		iq_peek_member(d->s, css_type, "cgroup", css, &cgroup);
	return cgroup;
}

iq_vaddr cgroup_css_parent(struct iq_diag *d, iq_vaddr css)
{
	uint64_t parent = 0;

	if (css)
		iq_peek_member(d->s, css_type, "parent", css, &parent);
	return parent;
}

iq_vaddr cgroup_parent(struct iq_diag *d, iq_vaddr cgroup)
{
	uint64_t parent;

	/* A cgroup begins with its own css (`self`), whose parent is that of the cgroup above. */
	if (!iq_peek_member(d->s, cgroup_type, "self.parent", cgroup, &parent) || !parent)
		return 0;
	return parent - (uint64_t)IQ_MAX(iq_offsetof(d->s, cgroup_type, "self"), 0);
}

bool cgroup_is_v1(struct iq_diag *d, iq_vaddr cgroup)
{
	iq_vaddr unified = iq_sym_addr(d->s, "cgrp_dfl_root");
	uint64_t root;

	return unified && iq_peek_member(d->s, cgroup_type, "root", cgroup, &root) &&
	       root != unified;
}

struct iq_object *cgroup_object(struct iq_diag *d, iq_vaddr cgroup)
{
	const char *path = cgroup ? cgroup_path(d, cgroup) : NULL;
	struct iq_object *o;

	if (!path)
		return NULL;
	o = iq_graph_object(d->g, IQ_OBJ_CGROUP, "cgroup:%s", path);
	if (o->addr)
		return o;
	o->addr = cgroup;
	iq_object_name(d->g, o, "cgroup %s", path);
	iq_object_null(d->g, o, "frozen");
	iq_object_null(d->g, o, "throttled");
	iq_object_null(d->g, o, "memory_pct");
	return o;
}

/* ---- containers ---- */

static bool is_id(const char *text, size_t len)
{
	if (len != ID_LEN)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isxdigit((unsigned char)text[i]))
			return false;
	return true;
}

struct container_form {
	const char *before, *after, *engine;
	bool id; /* what stands between them is an id; else a name */
};

static const struct container_form forms[] = {
	{ "docker-", ".scope", "docker", true },
	{ "libpod-", ".scope", "podman", true },
	{ "libpod-", "", "podman", true },
	{ "crio-", ".scope", "crio", true },
	{ "cri-containerd-", ".scope", "containerd", true },
	{ "nerdctl-", ".scope", "nerdctl", true },
	{ "containerd-", ".scope", "containerd", true },
	{ "", "", "", true },
	{ "lxc.payload.", "", "lxc", false },
	{ "systemd-nspawn@", ".service", "machine", false },
	{ "machine-", ".scope", "machine", false },
};

/* systemd writes "\x2d" for "-" in the names of units. */
static const char *unescaped(struct iq_diag *d, const char *text, size_t len)
{
	char *name = iq_arena_alloc(iq_scratch(d->s), len + 1);
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (i + 3 < len && text[i] == '\\' && text[i + 1] == 'x' &&
		    isxdigit((unsigned char)text[i + 2]) && isxdigit((unsigned char)text[i + 3])) {
			char hex[3] = { text[i + 2], text[i + 3], '\0' };

			name[n++] = (char)strtol(hex, NULL, 16);
			i += 3;
		} else {
			name[n++] = text[i];
		}
	}
	return name;
}

static const char *container_of_part(struct iq_diag *d, const char *part, size_t len,
				     const char **engine_ret)
{
	for (size_t i = 0; i < IQ_ARRAY_SIZE(forms); i++) {
		const struct container_form *f = &forms[i];
		size_t before = strlen(f->before), after = strlen(f->after);

		if (len <= before + after || strncmp(part, f->before, before) ||
		    strncmp(part + len - after, f->after, after))
			continue;
		if (f->id && !is_id(part + before, len - before - after))
			continue;
		*engine_ret = f->engine;
		return unescaped(d, part + before, len - before - after);
	}
	return NULL;
}

const char *cgroup_container(struct iq_diag *d, const char *path, const char **engine_ret)
{
	const char *found = NULL, *above = "";
	size_t above_len = 0;

	/* The outermost container is the one that the host knows; of /docker/ID and the like the
	 * engine stands above it. */
	for (const char *p = path; *p && !found;) {
		size_t len;

		p += strspn(p, "/");
		len = strcspn(p, "/");
		if (!len)
			break;
		found = container_of_part(d, p, len, engine_ret);
		if (found && !**engine_ret && above_len == 6 && !strncmp(above, "docker", 6))
			*engine_ret = "docker";
		if (!found && above_len == 3 && !strncmp(above, "lxc", 3)) {
			*engine_ret = "lxc";
			found = unescaped(d, p, len);
		}
		above = p;
		above_len = len;
		p += len;
	}
	return found;
}

const char *cgroup_quoted(struct iq_diag *d, const char *word)
{
	return iq_arena_quoted(iq_scratch(d->s), word);
}
