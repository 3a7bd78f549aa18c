/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * io.max, io.cost: I/O that a cgroup's limit keeps back
 *
 * io.max: a bio over the limit of its cgroup, or of one above it, is kept in that cgroup's queue
 * for the device (throtl_grp.service_queue), and no request exists for it. Who waits for it says so
 * by the device alone; so we look for his I/O among the bios that are kept: it has his page, or
 * wakes him or the buffer that he waits for. Whose I/O is not there does not wait for the limit.
 *
 * io.cost counts what I/O costs a device and lets a cgroup have its share: who has used it up
 * sleeps on the queue of the cgroup's ioc_gq, with the bio in the iocg_wait on its stack.
 *
 * The queue of a group has bios of its own and of the groups below it, one throtl_qnode for each:
 * they wait for this group's limit, wherever they came from.
 *
 * Kernel: block/blk-throttle.c, block/blk-throttle.h, block/blk-cgroup.h, block/blk-iocost.c.
 */
#include "writeback.h"

#include "inquest/waitq.h"

enum {
	MAX_GROUPS = 65536,
	MAX_NODES = 4096,
	MAX_BIOS = 16384,
	MAX_COMPARED = 32768, /* bios with waits, of one device */
	MAX_VECS = 1024,
	MAX_CHAIN = 8,
	PAGE_SIZE = 4096,
};

static const char group_type[] = "struct throtl_grp";

struct throttled {
	size_t compared;
	struct iq_diag *d;
	struct iq_object *device;
	uint64_t policy;
	size_t num_waits, num_held; /* tasks that wait for this device; of these for a limit */
	struct iq_object *one;	    /* a cgroup that keeps something back */
	bool several;
};

/* "/a/b": by the names of its directories in the hierarchy. */
static const char *path_of_cgroup(struct iq_diag *d, uint64_t cgroup)
{
	const char *path = "";
	uint64_t kn, name, parent;
	char text[128];

	if (!iq_peek_member(d->s, "struct cgroup", "kn", cgroup, &kn))
		return NULL;
	for (unsigned depth = 0; depth < 64 && kn; depth++) {
		if ((!iq_peek_member(d->s, "struct kernfs_node", "__parent", kn, &parent) &&
		     !iq_peek_member(d->s, "struct kernfs_node", "parent", kn, &parent)) ||
		    !iq_peek_member(d->s, "struct kernfs_node", "name", kn, &name))
			return NULL;
		if (!parent)
			break;
		iq_error_free(iq_read_str(d->s, name, text, sizeof(text)));
		path = iq_arena_printf(iq_scratch(d->s), "/%s%s", text, path);
		kn = parent;
	}
	return path[0] ? path : "/";
}

/* ---- whose I/O is a bio? ---- */

static bool has_page(struct iq_diag *d, iq_vaddr bio, iq_vaddr page)
{
	int64_t size = iq_sizeof(d->s, "struct page"), step = iq_sizeof(d->s, "struct bio_vec");
	uint64_t vecs, num, first, len, offset;

	if (size <= 0 || step <= 0 ||
	    !iq_peek_member(d->s, "struct bio", "bi_io_vec", bio, &vecs) ||
	    !iq_peek_member(d->s, "struct bio", "bi_vcnt", bio, &num))
		return false;
	for (uint64_t i = 0; i < num && i < MAX_VECS; i++) {
		iq_vaddr v = vecs + i * (uint64_t)step;

		if (iq_peek_member(d->s, "struct bio_vec", "bv_page", v, &first) &&
		    iq_peek_member(d->s, "struct bio_vec", "bv_len", v, &len) &&
		    iq_peek_member(d->s, "struct bio_vec", "bv_offset", v, &offset) &&
		    page >= first &&
		    page - first < (offset + len + PAGE_SIZE - 1) / PAGE_SIZE * (uint64_t)size)
			return true;
	}
	return false;
}

/* Of a bio that was split the pieces end in the one that is left. */
static iq_vaddr whole_of(struct iq_diag *d, iq_vaddr bio, uint64_t *private_ret)
{
	iq_vaddr chained = iq_sym_addr(d->s, "bio_chain_endio");
	uint64_t end_io;

	for (int i = 0; i < MAX_CHAIN; i++) {
		if (!iq_peek_member(d->s, "struct bio", "bi_private", bio, private_ret) ||
		    !iq_peek_member(d->s, "struct bio", "bi_end_io", bio, &end_io))
			return 0;
		if (!chained || end_io != chained || !iq_is_kernel_ptr(d->s, *private_ret))
			return bio;
		bio = *private_ret;
	}
	return 0;
}

/* Does this wait end when the bio does? */
static bool is_waited_for(struct iq_diag *d, const struct iq_wait *w, iq_vaddr bio)
{
	const struct iq_task *t = iq_task_by_pid(d->s, (int32_t)w->task->tid);
	int64_t state = iq_offsetof(d->s, "struct buffer_head", "b_state");
	const struct iq_stack *stack;
	uint64_t private;

	if (!t)
		return false;
	bio = whole_of(d, bio, &private);
	if (!bio)
		return false;
	if (w->on->type == IQ_OBJ_LOCK)
		return has_page(d, bio, w->on->addr) ||
		       (state >= 0 && private == w->on->addr - (uint64_t)state);
	stack = iq_task_stack(d->s, t);
	return private == t->addr || (private >= stack->sp && private < stack->end) ||
	       (bio >= stack->sp && bio < stack->end) || iq_stack_mentions(stack, bio) ||
	       (iq_is_kernel_ptr(d->s, private) && iq_stack_mentions(stack, private));
}

/* ---- a group's queue ---- */

struct group {
	struct throttled *t;
	iq_vaddr tg;
	struct iq_object *cgroup;
	size_t left; /* bios that may still be looked at */
};

/* The wait goes on when the cgroup may go on, whatever else the device has. */
static void hold(struct group *g, struct iq_wait *w, struct iq_edge *e, iq_vaddr bio)
{
	struct throttled *t = g->t;

	e->via = e->via ? e->via : t->device;
	e->to = g->cgroup;
	iq_text_add(t->d->g, &e->evidence,
		    "bio %#" PRIx64 " of this wait of %s is in the queue of throtl_grp %#" PRIx64
		    " for %s",
		    bio, w->task->name, g->tg, iq_device_name(t->device));
	t->num_held++;
}

static void look_at_bio(struct group *g, iq_vaddr bio)
{
	struct throttled *t = g->t;

	iq_vec_foreach(&t->d->g->waits, p)
		iq_vec_foreach(&(*p)->task->out, e)
			if ((*e)->to == t->device && t->compared++ < MAX_COMPARED &&
			    is_waited_for(t->d, *p, bio))
				hold(g, *p, *e, bio);
	if (t->compared >= MAX_COMPARED)
		g->left = 1;
}

static bool look_at_node(void *ctx, iq_vaddr link)
{
	static const char *const lists[] = { "bios_bps.head", "bios_iops.head", "bios.head" };
	static const char type[] = "struct throtl_qnode";
	struct group *g = ctx;
	struct iq_diag *d = g->t->d;
	iq_vaddr node = link - (uint64_t)iq_offsetof(d->s, type, "node");
	uint64_t bio;

	for (size_t i = 0; i < IQ_ARRAY_SIZE(lists); i++) {
		if (!iq_peek_member(d->s, type, lists[i], node, &bio))
			continue;
		for (; iq_is_kernel_ptr(d->s, bio) && g->left; g->left--) {
			look_at_bio(g, bio);
			if (!iq_peek_member(d->s, "struct bio", "bi_next", bio, &bio))
				break;
		}
	}
	return !g->left;
}

/* How many bios a group keeps back: counted apart for bytes and for operations on newer kernels. */
static uint64_t num_queued(struct iq_diag *d, iq_vaddr tg)
{
	static const char *const members[] = {
		"service_queue.nr_queued_bps[0]",  "service_queue.nr_queued_bps[1]",
		"service_queue.nr_queued_iops[0]", "service_queue.nr_queued_iops[1]",
		"service_queue.nr_queued[0]",	   "service_queue.nr_queued[1]",
	};
	uint64_t sum = 0, n;

	for (size_t i = 0; i < IQ_ARRAY_SIZE(members); i++)
		if (iq_peek_member(d->s, "struct throtl_grp", members[i], tg, &n))
			sum += n;
	return sum;
}

/* What it may do in a second, in words. Before v6.10 there is a second limit, LIMIT_LOW, of each.
 */
static const char *limit_text(struct iq_diag *d, iq_vaddr tg, unsigned write)
{
	bool two = iq_has_member(d->s, group_type, "bps[3]");
	struct iq_arena *arena = iq_scratch(d->s);
	const char *text = "";
	uint64_t n;

	if (iq_peek_member(d->s, group_type,
			   iq_arena_printf(arena, "bps[%u]", two ? 2 * write + 1 : write), tg,
			   &n) &&
	    n != UINT64_MAX)
		text = iq_arena_printf(arena, "%" PRIu64 " bytes", n);
	if (iq_peek_member(d->s, group_type,
			   iq_arena_printf(arena, "iops[%u]", two ? 2 * write + 1 : write), tg,
			   &n) &&
	    (uint32_t)n != UINT32_MAX)
		text = iq_arena_printf(arena, "%s%s%u operations", text, text[0] ? ", " : "",
				       (uint32_t)n);
	return text[0] ? text : "any number";
}

static void judge_group(struct group *g, const char *path, uint64_t queued)
{
	struct iq_diag *d = g->t->d;
	const char *device = iq_device_name(g->t->device);
	struct iq_verdict *v = iq_object_verdict(
		d->g, g->cgroup, IQ_CAUSE_WRITEBACK_THROTTLED, IQ_STRONG,
		"cgroup %s has used up its I/O limit on %s (io.max)", path, device);

	if (!v)
		return;
	iq_text_add(d->g, &v->evidence,
		    "throtl_grp.service_queue at %#" PRIx64 " has %" PRIu64
		    " bio%s queued for %s; it may read %s and write %s in a second",
		    g->tg, queued, queued == 1 ? "" : "s", device, limit_text(d, g->tg, 0),
		    limit_text(d, g->tg, 1));
	iq_remedy_add(
		d->g, &v->remedy, IQ_RISK_NONE,
		iq_arena_printf(d->g->arena, "cat %s",
				iq_arena_quoted(d->g->arena,
						iq_arena_printf(d->g->arena,
								"/sys/fs/cgroup%s/io.max", path))),
		"See the limit: cat /sys/fs/cgroup%s/io.max", path);
	iq_remedy_add(d->g, &v->remedy, IQ_RISK_LOW, NULL,
		      "Raise it: echo 'MAJ:MIN rbps=max wbps=max riops=max wiops=max' > "
		      "/sys/fs/cgroup%s/io.max",
		      path);
}

static struct iq_object *object_of(struct iq_diag *d, const char *path)
{
	struct iq_object *o = iq_graph_object(d->g, IQ_OBJ_CGROUP, "cgroup:%s", path);

	if (!o->name) {
		iq_object_name(d->g, o, "cgroup %s", path);
		iq_object_null(d->g, o, "frozen");
		iq_object_null(d->g, o, "memory_pct");
	}
	iq_object_bool(d->g, o, "throttled", true);
	return o;
}

static bool look_at_group(void *ctx, iq_vaddr node)
{
	struct throttled *t = ctx;
	struct iq_diag *d = t->d;
	int64_t off = iq_offsetof(d->s, "struct blkcg_gq", "q_node");
	int64_t pds = iq_offsetof(d->s, "struct blkcg_gq", "pd");
	int64_t queues = iq_offsetof(d->s, group_type, "service_queue.queued");
	iq_vaddr blkg = node - (uint64_t)off;
	struct group g = { .t = t, .left = MAX_BIOS };
	uint64_t blkcg, queued, cgroup;
	const char *path;

	if (off < 0 || pds < 0 || queues < 0 ||
	    !iq_peek_u64(d->s, blkg + (uint64_t)pds + 8 * t->policy, &g.tg) || !g.tg)
		return false;
	queued = num_queued(d, g.tg);
	if (!queued || !iq_peek_member(d->s, "struct blkcg_gq", "blkcg", blkg, &blkcg) ||
	    !iq_peek_member(d->s, "struct blkcg", "css.cgroup", blkcg, &cgroup) ||
	    !(path = path_of_cgroup(d, cgroup)))
		return false;
	g.cgroup = object_of(d, path);
	judge_group(&g, path, queued);
	t->several = t->several || t->one;
	t->one = g.cgroup;
	for (uint64_t rw = 0; rw < 2; rw++)
		iq_error_free(iq_list_walk(d->s, g.tg + (uint64_t)queues + 16 * rw, MAX_NODES,
					   look_at_node, &g));
	return false;
}

/* Nobody waits for the device but through something that stands on it: only one group says which.
 */
static void hold_device(struct throttled *t)
{
	struct iq_edge *e;

	if (t->num_waits || !t->one || t->several)
		return;
	e = iq_graph_edge(t->d->g, t->device, t->one, NULL, IQ_EDGE_SERVES, IQ_LIKELY,
			  "keeps I/O back");
	iq_text_add(t->d->g, &e->evidence,
		    "it is the only cgroup that keeps back I/O for %s, which has no request of "
		    "anybody",
		    iq_device_name(t->device));
}

struct iq_error *explain_io_limits(struct iq_diag *d, struct iq_object *o)
{
	int64_t off = iq_offsetof(d->s, "struct request_queue", "blkg_list");
	iq_vaddr policy = iq_sym_addr(d->s, "blkcg_policy_throtl");
	struct throttled t = { .d = d, .device = o };
	uint64_t queue, td, reads, writes;
	struct iq_in_flight f;
	struct iq_error *err;

	/* A device that does not answer is what its users wait for, whatever the limits are. */
	if (!o->addr || off < 0 || !policy ||
	    (iq_disk_in_flight(d->s, o->addr, d->tasks, &f) && f.oldest_ms > d->bound_ms) ||
	    !iq_peek_member(d->s, "struct gendisk", "queue", o->addr, &queue) ||
	    !iq_peek_member(d->s, "struct request_queue", "td", queue, &td) || !td ||
	    !iq_peek_member(d->s, "struct throtl_data", "nr_queued[0]", td, &reads) ||
	    !iq_peek_member(d->s, "struct throtl_data", "nr_queued[1]", td, &writes) ||
	    !(reads + writes) ||
	    !iq_peek_member(d->s, "struct blkcg_policy", "plid", policy, &t.policy) ||
	    t.policy > 64)
		return NULL;
	iq_vec_foreach(&d->g->waits, p)
		iq_vec_foreach(&(*p)->task->out, e)
			t.num_waits += (*e)->to == o;
	err = iq_list_walk(d->s, queue + (uint64_t)off, MAX_GROUPS, look_at_group, &t);
	hold_device(&t);
	return err;
}

/* ---- io.cost ---- */

static struct iq_object *device_of_bio(struct iq_diag *d, iq_vaddr bio)
{
	uint64_t p;

	if (iq_peek_member(d->s, "struct bio", "bi_bdev", bio, &p))
		return iq_diag_bdev(d, p);
	return iq_peek_member(d->s, "struct bio", "bi_disk", bio, &p) ? iq_diag_disk(d, p) : NULL;
}

static void judge_cost(struct iq_diag *d, struct iq_object *cgroup, const char *path,
		       const char *device, iq_vaddr iocg)
{
	struct iq_verdict *v =
		iq_object_verdict(d->g, cgroup, IQ_CAUSE_WRITEBACK_THROTTLED, IQ_STRONG,
				  "cgroup %s has used up its share of %s (io.cost)", path, device);
	uint64_t weight = 0;

	if (!v)
		return;
	iq_peek_member(d->s, "struct ioc_gq", "weight", iocg, &weight);
	iq_text_add(d->g, &v->evidence,
		    "ioc_gq %#" PRIx64 " of cgroup %s has tasks asleep on its waitq; its weight is "
		    "%" PRIu64,
		    iocg, path, weight);
	iq_remedy_add(d->g, &v->remedy, IQ_RISK_NONE, NULL,
		      "See what the device is said to be able to do, and the cgroup's weight: "
		      "cat /sys/fs/cgroup/io.cost.qos /sys/fs/cgroup/io.cost.model "
		      "/sys/fs/cgroup%s/io.weight",
		      path);
	iq_remedy_add(
		d->g, &v->remedy, IQ_RISK_LOW, NULL,
		"If that is too little: let the kernel find it out, echo 'MAJ:MIN ctrl=auto' > "
		"/sys/fs/cgroup/io.cost.model, and the same for io.cost.qos. To switch the "
		"control off (enable=0) does not wake who waits already");
}

struct iq_error *explain_io_cost(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	const struct iq_task *task = who->task;
	int64_t waitq = iq_offsetof(d->s, "struct ioc_gq", "waitq");
	int64_t inner = iq_offsetof(d->s, "struct iocg_wait", "wait");
	struct iq_object *device, *cgroup = NULL;
	struct iq_wait_entry entry;
	struct iq_in_flight f;
	const char *path;
	struct iq_wait *w;
	struct iq_edge *e;
	uint64_t p, bio;
	iq_vaddr iocg;

	if (waitq < 0 || inner < 0 ||
	    !iq_find_wait_entry(d->s, task, who->stack, "iocg_wake_fn", &entry) ||
	    !iq_peek_member(d->s, "struct iocg_wait", "bio", entry.entry - (uint64_t)inner, &bio) ||
	    !(device = device_of_bio(d, bio)))
		return NULL;
	iocg = entry.head - (uint64_t)waitq;
	if (!iq_peek_member(d->s, "struct ioc_gq", "pd.blkg", iocg, &p) ||
	    !iq_peek_member(d->s, "struct blkcg_gq", "blkcg", p, &p) ||
	    !iq_peek_member(d->s, "struct blkcg", "css.cgroup", p, &p) ||
	    !(path = path_of_cgroup(d, p)))
		return NULL;
	w = iq_diag_wait(who, device, IQ_WAIT_SLEEP);
	iq_text_add(d->g, &w->evidence,
		    "it sleeps on the waitq of ioc_gq %#" PRIx64 " (cgroup %s) with bio %#" PRIx64
		    " for %s",
		    iocg, path, bio, iq_device_name(device));
	*wait_ret = w;
	/* A device that does not answer is what its users wait for, whatever the limits are. */
	if (!iq_disk_in_flight(d->s, device->addr, d->tasks, &f) || f.oldest_ms <= d->bound_ms) {
		cgroup = object_of(d, path);
		judge_cost(d, cgroup, path, iq_device_name(device), iocg);
	}
	e = iq_graph_edge(d->g, w->task, cgroup ? cgroup : device, cgroup ? device : NULL,
			  IQ_EDGE_SERVES, IQ_PROVEN, "%s",
			  cgroup ? "has to let it go on" : "has to answer first");
	iq_text_add(d->g, &e->evidence, "iocg_wait.bio of %s (%d) is %#" PRIx64 ", for %s",
		    task->comm, task->pid, bio, iq_device_name(device));
	return NULL;
}
