/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Containers in the debugger: zone, container
 *
 * Linux has no struct for a container. What comes nearest to mdb's zone is a pid namespace: it has
 * an init of its own, ends with it, and what is in it sees nothing outside. Its name is that of the
 * container, where its processes' cgroup tells it, else its host name.
 */
#include "names.h"

static const char pidns_type[] = "struct pid_namespace";

/* The pid namespace that a task is in, not that of its children. */
static iq_vaddr pidns_of(struct iq_session *s, const struct iq_task *t)
{
	int64_t numbers = iq_offsetof(s, "struct pid", "numbers");
	int64_t size = iq_sizeof(s, "struct upid"), ns = iq_offsetof(s, "struct upid", "ns");
	uint64_t pid, level, addr = 0;

	if (numbers < 0 || size <= 0 || ns < 0 ||
	    !iq_peek_member(s, "struct task_struct", "thread_pid", t->addr, &pid) || !pid ||
	    !iq_peek_member(s, "struct pid", "level", pid, &level) || level > 32)
		return 0;
	iq_peek_u64(s, pid + (uint64_t)numbers + level * (uint64_t)size + (uint64_t)ns, &addr);
	return addr;
}

struct zone {
	iq_vaddr addr;
	const struct iq_task *first; /* a task in it: its init where that is known */
	size_t num_tasks;
};

struct zones {
	IQ_VEC(struct zone) list;
	struct iq_map by_addr; /* -> index + 1 */
};

static void zones_read(struct iq_session *s, struct zones *z)
{
	const struct iq_task_list *list = iq_tasks(s);

	for (size_t i = 0; list && i < list->num_tasks; i++) {
		const struct iq_task *t = &list->tasks[i];
		iq_vaddr ns = t->unreadable || !t->pid ? 0 : pidns_of(s, t);
		uint64_t *known;

		if (!ns)
			continue;
		known = iq_map_get(&z->by_addr, ns);
		if (!known) {
			iq_vec_push(&z->list, (struct zone){ .addr = ns, .first = t });
			iq_map_set(&z->by_addr, ns, z->list.num);
			known = iq_map_get(&z->by_addr, ns);
		}
		z->list.data[*known - 1].num_tasks++;
		if (t->ns_pid == 1)
			z->list.data[*known - 1].first = t;
	}
}

static void zones_deinit(struct zones *z)
{
	iq_vec_free(&z->list);
	iq_map_deinit(&z->by_addr);
}

/* ---- what is told of one ---- */

static const char *container_of_task(struct iq_diag *d, const struct iq_task *t)
{
	const char *engine, *path = cgroup_path(d, cgroup_of_task(d, t)), *name;

	name = path ? cgroup_container(d, path, &engine) : NULL;
	/* An id is told by its first digits, as the managers themselves do. */
	if (name && strlen(name) == 64)
		return iq_arena_printf(iq_scratch(d->s), "%.12s", name);
	return name;
}

static const char *hostname_of(struct iq_session *s, const struct iq_task *t)
{
	int64_t off = iq_offsetof(s, "struct uts_namespace", "name.nodename");
	struct iq_error *err;
	char name[65];
	uint64_t uts;

	if (off < 0 || !t->nsproxy ||
	    !iq_peek_member(s, "struct nsproxy", "uts_ns", t->nsproxy, &uts))
		return NULL;
	err = iq_read_str(s, uts + (uint64_t)off, name, sizeof(name));
	if (err) {
		iq_error_free(err);
		return NULL;
	}
	return iq_arena_strdup(iq_scratch(s), name);
}

static const char *root_of(struct iq_session *s, const struct iq_task *t)
{
	uint64_t root;

	if (!t->fs || !iq_peek_member(s, "struct fs_struct", "root.dentry", t->fs, &root))
		return NULL;
	return iq_path_of_dentry(s, root);
}

/* Is its init still there? */
static const char *status_of(struct iq_session *s, const struct zone *z)
{
	uint64_t reaper;
	const struct iq_task *t;

	if (!iq_peek_member(s, pidns_type, "child_reaper", z->addr, &reaper) || !reaper)
		return "-";
	t = iq_task_by_addr(s, reaper);
	if (!t || t->unreadable)
		return "no init";
	return t->state == 'Z' || t->state == 'X' || (t->flags & 0x4 /* PF_EXITING */)
		       ? "shutting_down"
		       : "running";
}

static uint64_t zone_id(struct iq_session *s, const struct zone *z)
{
	uint64_t inum = 0, level = 0;

	iq_peek_member(s, pidns_type, "level", z->addr, &level);
	iq_peek_member(s, pidns_type, "ns.inum", z->addr, &inum);
	return level ? inum : 0;
}

static const struct iq_column columns[] = {
	{ "ADDR", .right = true, .min = 16 },
	{ "ID", .right = true, .min = 10 },
	{ "STATUS", .min = 13 },
	{ "NAME", .min = 20 },
	{ "PATH", .min = 4 },
	{ 0 },
};

static const struct iq_column ref_columns[] = {
	{ "ADDR", .right = true, .min = 16 },
	{ "ID", .right = true, .min = 10 },
	{ "REFS", .right = true, .min = 6 },
	{ "TASKS", .right = true, .min = 6 },
	{ "NAME", .min = 20 },
	{ 0 },
};

static void zone_namespaces(struct iq_cmd *cmd, const struct zone *z)
{
	static const struct {
		const char *member, *type, *name;
	} kinds[] = {
		{ "mnt_ns", "struct mnt_namespace", "mnt" },
		{ "net_ns", "struct net", "net" },
		{ "uts_ns", "struct uts_namespace", "uts" },
		{ "ipc_ns", "struct ipc_namespace", "ipc" },
		{ "cgroup_ns", "struct cgroup_namespace", "cgroup" },
		{ "time_ns", "struct time_namespace", "time" },
	};
	struct iq_session *s = cmd->s;
	uint64_t ns, inum;

	if (!z->first->nsproxy)
		return;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(kinds); i++) {
		if (!iq_peek_member(s, "struct nsproxy", kinds[i].member, z->first->nsproxy, &ns))
			continue;
		if (iq_peek_member(s, kinds[i].type, "ns.inum", ns, &inum))
			iq_out_text(cmd->out, "\t%-7s %016" PRIx64 " %" PRIu64 "\n", kinds[i].name,
				    ns, inum);
		else
			iq_out_text(cmd->out, "\t%-7s %016" PRIx64 " ??\n", kinds[i].name, ns);
	}
}

static void zone_row(struct iq_cmd *cmd, struct iq_diag *d, const struct zone *z)
{
	const char *name = NULL;
	uint64_t refs;
	bool known;

	if (cmd->to_pipe) {
		iq_out_value(cmd->out, z->addr);
		return;
	}
	if (!zone_id(cmd->s, z))
		name = "global";
	else if (iq_has_type(cmd->s, "struct cgroup"))
		name = container_of_task(d, z->first);
	if (!name)
		name = hostname_of(cmd->s, z->first);
	if (iq_cmd_has(cmd, 'r')) {
		/* The count moved into ns_common in v5.11, 8eb71d95f34a. */
		known = iq_peek_member(cmd->s, pidns_type, "ns.count.refs.counter", z->addr,
				       &refs) ||
			iq_peek_member(cmd->s, pidns_type, "ns.__ns_ref.refs.counter", z->addr,
				       &refs) ||
			iq_peek_member(cmd->s, pidns_type, "kref.refcount.refs.counter", z->addr,
				       &refs);
		iq_out_row(cmd, ref_columns,
			   IQ_CELLS(IQ_ADDR(z->addr), IQ_U64(zone_id(cmd->s, z)),
				    IQ_KNOWN(known, refs), IQ_U64(z->num_tasks), IQ_STR(name)));
	} else {
		iq_out_row(cmd, columns,
			   IQ_CELLS(IQ_ADDR(z->addr), IQ_U64(zone_id(cmd->s, z)),
				    IQ_STR(status_of(cmd->s, z)), IQ_STR(name),
				    IQ_STR(root_of(cmd->s, z->first))));
	}
	if (iq_cmd_has(cmd, 'v'))
		zone_namespaces(cmd, z);
}

/* A zone by its own address, or that of a task in it; 0: neither. */
static iq_vaddr zone_of(struct iq_session *s, iq_vaddr addr)
{
	const struct iq_task *t = iq_tasks(s) ? iq_task_by_addr(s, addr) : NULL;

	return t ? pidns_of(s, t) : addr;
}

struct iq_error *cgroup_cmd_zone(struct iq_cmd *cmd)
{
	size_t num = cmd->pipe ? cmd->num_pipe : cmd->has_addr ? 1 : 0;
	struct iq_diag d = { .s = cmd->s };
	struct iq_map wanted = { 0 };
	struct zones z = { 0 };
	struct iq_error *err;

	iq_out_type_named(cmd, pidns_type);
	zones_read(cmd->s, &z);
	err = NULL;
	for (size_t i = 0; i < num && !err; i++) {
		iq_vaddr addr = zone_of(cmd->s, cmd->pipe ? cmd->pipe[i] : cmd->addr);

		iq_map_set(&wanted, addr, 1);
		if (!iq_map_get(&z.by_addr, addr))
			err = iq_error_new(IQ_ERR_NOTFOUND,
					   "%#" PRIx64
					   " is neither a task nor a pid namespace with tasks",
					   cmd->pipe ? cmd->pipe[i] : cmd->addr);
	}
	iq_vec_foreach(&z.list, zone)
		if (!err && (!num || iq_map_get(&wanted, zone->addr)))
			zone_row(cmd, &d, zone);
	zones_deinit(&z);
	iq_map_deinit(&wanted);
	return err;
}

/* ---- walkers ---- */

/* Each thing once, in the order in which tasks lead to it. */
struct things {
	struct iq_map seen;
	IQ_VEC(iq_vaddr) list;
};

static void add_thing(struct things *th, iq_vaddr addr)
{
	if (!addr || iq_map_get(&th->seen, addr))
		return;
	iq_map_set(&th->seen, addr, 1);
	iq_vec_push(&th->list, addr);
}

static void emit_things(struct iq_walk *walk, struct things *th)
{
	iq_vec_foreach(&th->list, addr)
		if (iq_walk_emit(walk, *addr))
			break;
	iq_vec_free(&th->list);
	iq_map_deinit(&th->seen);
}

/* With an address: those of that task alone. */
static bool is_asked_for(const struct iq_walk *walk, const struct iq_task *t)
{
	return !t->unreadable && t->pid && (!walk->has_addr || t->addr == walk->addr);
}

static struct iq_error *walk_pidns(struct iq_walk *walk)
{
	const struct iq_task_list *list = iq_tasks(walk->s);
	struct things th = { 0 };

	for (size_t i = 0; list && i < list->num_tasks; i++)
		if (is_asked_for(walk, &list->tasks[i]))
			add_thing(&th, pidns_of(walk->s, &list->tasks[i]));
	emit_things(walk, &th);
	return NULL;
}

static struct iq_error *walk_ns(struct iq_walk *walk, const char *member)
{
	const struct iq_task_list *list = iq_tasks(walk->s);
	struct things th = { 0 };
	uint64_t ns;

	for (size_t i = 0; list && i < list->num_tasks; i++)
		if (is_asked_for(walk, &list->tasks[i]) && list->tasks[i].nsproxy &&
		    iq_peek_member(walk->s, "struct nsproxy", member, list->tasks[i].nsproxy, &ns))
			add_thing(&th, ns);
	emit_things(walk, &th);
	return NULL;
}

#define NS_WALKER(fn, member)                                                                      \
	static struct iq_error *fn(struct iq_walk *walk)                                           \
	{                                                                                          \
		return walk_ns(walk, member);                                                      \
	}

NS_WALKER(walk_mntns, "mnt_ns")
NS_WALKER(walk_netns, "net_ns")
NS_WALKER(walk_utsns, "uts_ns")
NS_WALKER(walk_ipcns, "ipc_ns")
NS_WALKER(walk_cgroupns, "cgroup_ns")

const struct iq_walker cgroup_walkers[] = {
	{ "zone", "pid namespaces with tasks in them; of a task its own", IQ_WALK_OPTIONAL,
	  pidns_type, walk_pidns },
	{ "pid_namespace", "pid namespaces with tasks in them; of a task its own", IQ_WALK_OPTIONAL,
	  pidns_type, walk_pidns },
	{ "mnt_namespace", "mount namespaces of tasks; of a task its own", IQ_WALK_OPTIONAL,
	  "struct mnt_namespace", walk_mntns },
	{ "net_namespace", "network namespaces of tasks; of a task its own", IQ_WALK_OPTIONAL,
	  "struct net", walk_netns },
	{ "uts_namespace", "namespaces of host names; of a task its own", IQ_WALK_OPTIONAL,
	  "struct uts_namespace", walk_utsns },
	{ "ipc_namespace", "namespaces of System V IPC; of a task its own", IQ_WALK_OPTIONAL,
	  "struct ipc_namespace", walk_ipcns },
	{ "cgroup_namespace", "namespaces of cgroups; of a task its own", IQ_WALK_OPTIONAL,
	  "struct cgroup_namespace", walk_cgroupns },
	{ 0 },
};
