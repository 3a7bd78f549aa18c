/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rules of control groups on made kernels: frozen, out of CPU time, over memory, out of I/O
 */
#include "test.h"

#include "fakekernel.h"
#include "layouts.h"
#include "made-btf.h"

enum {
	CPU_ID = 1,
	MEMORY_ID = 4,
	FREEZER_ID = 6,
	PF_FROZEN = 0x10000,
	TASK_FROZEN = 0x8000,
	FREEZING_SELF = 2,
	FREEZING_PARENT = 4,
	FIFO = 1,
};

static void ids(struct made_btf *b)
{
	made_type(b, "cgroup_subsys_id", BTF_ENUM, 0, 4);
	made_enumerator(b, "cpu_cgrp_id", CPU_ID);
	made_enumerator(b, "memory_cgrp_id", MEMORY_ID);
	made_enumerator(b, "freezer_cgrp_id", FREEZER_ID);
}

static struct fakekernel *new_kernel(enum fk_flavour flavour)
{
	struct fakekernel *k = fakekernel_new(flavour);

	fk_types(k, "cgroup_subsys_state { void *cgroup; void *parent; }",
		 "cgroup_freezer_state { u8 freeze; s32 e_freeze; }",
		 "cgroup { cgroup_subsys_state self; s32 level; void *kn; void *root; "
		 "cgroup_freezer_state freezer; }",
		 flavour == FK_NEW ? "kernfs_node { void *__parent; void *name; }"
				   : "kernfs_node { void *parent; void *name; }",
		 "css_set { void *subsys[14]; void *dfl_cgrp; }",
		 "freezer { cgroup_subsys_state css; u32 state; }",
		 "cfs_bandwidth { u64 period; u64 quota; }",
		 "task_group { cgroup_subsys_state css; cfs_bandwidth cfs_bandwidth; }",
		 flavour == FK_NEW ? "cfs_rq { void *tg; u64 throttled_clock; u32 throttled:1; u32 "
				     "pelt_clock_throttled:1; }"
				   : "cfs_rq { void *tg; u64 throttled_clock; s32 throttled; }",
		 "page_counter { atomic_long_t usage; u64 high; u64 max; }",
		 "mem_cgroup { cgroup_subsys_state css; page_counter memory; }",
		 "blkg_policy_data { void *blkg; s32 plid; }", "blkcg { cgroup_subsys_state css; }",
		 "blkcg_gq { void *q; void *blkcg; }",
		 "ioc_gq { blkg_policy_data pd; u32 weight; wait_queue_head waitq; }",
		 flavour == FK_OLD ? "bio { void *bi_next; void *bi_disk; }"
				   : "bio { void *bi_next; void *bi_bdev; }",
		 "iocg_wait { wait_queue_entry wait; void *bio; u64 abs_cost; }");
	fk_more_types(k, ids);
	return k;
}

static iq_vaddr cgroup(struct fakekernel *k, iq_vaddr parent, const char *name)
{
	iq_vaddr c = fk_alloc(k, "cgroup"), kn = fk_alloc(k, "kernfs_node");

	fk_put(k, c, "cgroup.kn", kn);
	fk_put(k, c, "cgroup.root", fk_data(k, "cgrp_dfl_root", 64));
	fk_put(k, c, "cgroup.self.cgroup", c);
	fk_put(k, c, "cgroup.self.parent", parent);
	fk_put(k, kn, "kernfs_node.name", fk_str(k, name));
	if (parent)
		fk_put(k, kn,
		       fk_flavour(k) == FK_NEW ? "kernfs_node.__parent" : "kernfs_node.parent",
		       fk_get(k, parent, "cgroup.kn"));
	return c;
}

static void join(struct fk_task *t, iq_vaddr c)
{
	iq_vaddr set = fk_alloc(t->k, "css_set");

	fk_put(t->k, set, "css_set.dfl_cgrp", c);
	fk_task_put(t, "cgroups", set);
}

/* A controller's state of that cgroup, of this type; the task is in it. */
static iq_vaddr controls(struct fk_task *t, iq_vaddr c, const char *type, int id, iq_vaddr parent)
{
	struct fakekernel *k = t->k;
	iq_vaddr css = fk_alloc(k, type);

	fk_put(k, css, "cgroup_subsys_state.cgroup", c);
	fk_put(k, css, "cgroup_subsys_state.parent", parent);
	fk_u64(k, fk_task_get(t, "cgroups") + 8 * (size_t)id, css);
	return css;
}

/* Somebody waits for what t has. */
static void hold_up(struct fk_task *t)
{
	iq_vaddr lock = fk_mutex(t->k, "big_lock");
	struct fk_task *waiter = fk_task(t->k, 90, "waiter");

	fk_mutex_take(t, lock);
	fk_calls(waiter, "do_something");
	fk_wait_mutex(waiter, lock);
}

static const struct iq_cause *only_cause(const struct iq_why *why)
{
	assert_int_equal(why->causes->list.num, 1);
	return why->causes->list.data[0];
}

/* ---- frozen ---- */

static void task_frozen_by_a_cgroup_above_names_that_one(enum fk_flavour f)
{
	struct fakekernel *k = new_kernel(f);
	iq_vaddr root = cgroup(k, 0, ""), slice = cgroup(k, root, "batch.slice"),
		 own = cgroup(k, slice, "job.scope");
	struct fk_task *t = fk_task(k, 10, "job");
	const struct iq_cause *c;

	fk_put(k, slice, "cgroup.freezer.freeze", 1);
	fk_put(k, slice, "cgroup.freezer.e_freeze", 1);
	fk_put(k, own, "cgroup.freezer.e_freeze", 1);
	join(t, own);
	fk_task_put(t, "frozen", 1);
	fk_calls(t, "get_signal", "do_freezer_trap");
	fk_switch(t, FK_S);
	hold_up(t);
	c = only_cause(fk_why(k));
	assert_int_equal(c->kind, IQ_CAUSE_TASK_FROZEN);
	assert_int_equal(c->certainty, IQ_PROVEN);
	assert_string_equal(c->summary, "job (10) is frozen with its cgroup /batch.slice");
	assert_string_equal(fk_blocked(k, c), "90");
	fakekernel_free(k);
}

static void task_frozen_by_the_old_freezer_names_who_was_told_to(enum fk_flavour f)
{
	struct fakekernel *k = new_kernel(f);
	iq_vaddr root = cgroup(k, 0, ""), up = cgroup(k, root, "up"), own = cgroup(k, up, "own"),
		 above, below;
	struct fk_task *t = fk_task(k, 10, "job");
	const struct iq_cause *c;

	join(t, root);
	above = controls(t, up, "freezer", FREEZER_ID, 0);
	below = controls(t, own, "freezer", FREEZER_ID, above);
	fk_put(k, above, "freezer.state", 1 | FREEZING_SELF);
	fk_put(k, below, "freezer.state", 1 | FREEZING_PARENT);
	fk_calls(t, "get_signal", "__refrigerator");
	fk_switch(t, f == FK_OLD ? FK_D : TASK_FROZEN);
	if (f == FK_OLD)
		fk_task_put(t, "flags", PF_FROZEN);
	hold_up(t);
	c = only_cause(fk_why(k));
	assert_int_equal(c->kind, IQ_CAUSE_TASK_FROZEN);
	assert_string_equal(c->summary, "job (10) is frozen with its cgroup /up");
	fakekernel_free(k);
}

/* Names in a circle: it is frozen all the same. The same of parents. */
static void cgroups_that_lie_name_nothing(enum fk_flavour f)
{
	for (int circle = 0; circle < 2; circle++) {
		struct fakekernel *k = new_kernel(f);
		iq_vaddr root = cgroup(k, 0, ""), own = cgroup(k, root, "own");
		iq_vaddr kn = fk_get(k, own, "cgroup.kn");
		struct fk_task *t = fk_task(k, 10, "job");

		fk_put(k, own, "cgroup.freezer.freeze", 1);
		fk_put(k, own, "cgroup.freezer.e_freeze", 1);
		if (circle)
			fk_put(k, own, "cgroup.self.parent", own);
		fk_put(k, kn, f == FK_NEW ? "kernfs_node.__parent" : "kernfs_node.parent", kn);
		join(t, own);
		fk_task_put(t, "frozen", 1);
		fk_calls(t, "get_signal", "do_freezer_trap");
		fk_switch(t, FK_S);
		hold_up(t);
		assert_int_equal(only_cause(fk_why(k))->kind, IQ_CAUSE_TASK_FROZEN);
		fakekernel_free(k);
	}
}

/* ---- out of CPU time ---- */

static void out_of_quota(struct fk_task *t, iq_vaddr c, uint64_t quota)
{
	struct fakekernel *k = t->k;
	iq_vaddr rq = fk_alloc(k, "cfs_rq"), tg;

	tg = controls(t, c, "task_group", CPU_ID, 0);
	fk_put(k, tg, "task_group.cfs_bandwidth.quota", quota);
	fk_put(k, tg, "task_group.cfs_bandwidth.period", 100000000);
	fk_put(k, rq, "cfs_rq.tg", tg);
	fk_put(k, rq, "cfs_rq.throttled", 1);
	fk_task_put(t, "se.cfs_rq", rq);
}

static struct fk_task *throttled(struct fakekernel *k, uint64_t quota)
{
	iq_vaddr c = cgroup(k, cgroup(k, 0, ""), "small");
	struct fk_task *t = fk_task(k, 10, "job");

	join(t, c);
	out_of_quota(t, c, quota);
	fk_runnable(t, 1);
	hold_up(t);
	return t;
}

static void task_out_of_quota_is_the_root(enum fk_flavour f)
{
	struct fakekernel *k = new_kernel(f);
	const struct iq_cause *c;

	throttled(k, 1000000);
	c = only_cause(fk_why(k));
	assert_int_equal(c->kind, IQ_CAUSE_TASK_THROTTLED);
	assert_int_equal(c->certainty, IQ_STRONG);
	assert_string_equal(c->summary,
			    "job (10) could run, but its cgroup /small has used up its CPU quota");
	fakekernel_free(k);
}

static void quota_that_is_none_or_does_not_count_holds_nobody(enum fk_flavour f)
{
	struct fakekernel *k = new_kernel(f);
	struct fk_task *t;

	throttled(k, UINT64_MAX);
	assert_int_equal(only_cause(fk_why(k))->kind, IQ_CAUSE_TASK_STARVED);
	fakekernel_free(k);
	/* The quota is one of the fair class: a real-time task has another. */
	k = new_kernel(f);
	t = throttled(k, 1000000);
	fk_task_put(t, "policy", FIFO);
	fk_task_put(t, "prio", 50);
	assert_int_equal(only_cause(fk_why(k))->kind, IQ_CAUSE_TASK_STARVED);
	fakekernel_free(k);
}

/* ---- over memory ---- */

static struct fk_task *over_memory(struct fakekernel *k, iq_vaddr c, uint64_t pages)
{
	struct fk_task *t = fk_task(k, 10, "job");
	iq_vaddr memcg;

	join(t, c);
	memcg = controls(t, c, "mem_cgroup", MEMORY_ID, 0);
	fk_put(k, memcg, "mem_cgroup.memory.usage.counter", pages);
	fk_put(k, memcg, "mem_cgroup.memory.high", 1000);
	fk_put(k, memcg, "mem_cgroup.memory.max", 100000);
	fk_calls(t, "exit_to_user_mode_loop", "mem_cgroup_handle_over_high", "schedule_timeout");
	fk_switch(t, FK_KILLABLE);
	hold_up(t);
	return t;
}

static void task_over_memory_high_is_the_root(enum fk_flavour f)
{
	struct fakekernel *k = new_kernel(f);
	const struct iq_cause *c;

	over_memory(k, cgroup(k, cgroup(k, 0, ""), "small"), 2000);
	c = only_cause(fk_why(k));
	assert_int_equal(c->kind, IQ_CAUSE_MEMORY_LIMIT);
	assert_int_equal(c->certainty, IQ_STRONG);
	assert_int_equal(c->root->tid, 10);
	fakekernel_free(k);
	k = new_kernel(f);
	over_memory(k, cgroup(k, cgroup(k, 0, ""), "small"), 900);
	assert_int_not_equal(only_cause(fk_why(k))->kind, IQ_CAUSE_MEMORY_LIMIT);
	fakekernel_free(k);
}

/* ---- io.cost ---- */

/* It has used up its cgroup's share of sda. */
static struct fk_task *out_of_share(struct fakekernel *k, int32_t pid, iq_vaddr c, const char *wake)
{
	struct fk_task *t = fk_task(k, pid, "writer");
	iq_vaddr disk = fk_alloc(k, "gendisk"), bdev = fk_alloc(k, "block_device");
	iq_vaddr bio = fk_alloc(k, "bio"), iocg = fk_alloc(k, "ioc_gq"), on;
	iq_vaddr blkg = fk_alloc(k, "blkcg_gq"), blkcg = fk_alloc(k, "blkcg");

	fk_write(k, disk + fk_off(k, "gendisk.disk_name"), "sda", 4);
	fk_put(k, disk, "gendisk.queue", fk_alloc(k, "request_queue"));
	if (fk_flavour(k) == FK_OLD) {
		fk_put(k, bio, "bio.bi_disk", disk);
	} else {
		fk_put(k, bdev, "block_device.bd_disk", disk);
		fk_put(k, bio, "bio.bi_bdev", bdev);
	}
	fk_put(k, blkcg, "blkcg.css.cgroup", c);
	fk_put(k, blkg, "blkcg_gq.blkcg", blkcg);
	fk_put(k, iocg, "ioc_gq.pd.blkg", blkg);
	fk_put(k, iocg, "ioc_gq.weight", 100);
	fk_calls(t, "submit_bio_noacct", "ioc_rqos_throttle");
	fk_word(t, 0);
	fk_word(t, bio); /* the rest of an iocg_wait, whose entry comes below */
	on = fk_wait_queue(t, iocg + fk_off(k, "ioc_gq.waitq"), wake, FK_D);
	assert_int_equal(fk_get(k, on, "iocg_wait.bio"), bio);
	return t;
}

static void who_has_used_up_his_share_waits_for_his_cgroup(enum fk_flavour f)
{
	struct fakekernel *k = new_kernel(f);
	const struct iq_cause *c;

	out_of_share(k, 20, cgroup(k, cgroup(k, 0, ""), "small"), "iocg_wake_fn");
	c = only_cause(fk_why(k));
	assert_int_equal(c->kind, IQ_CAUSE_WRITEBACK_THROTTLED);
	assert_int_equal(c->certainty, IQ_STRONG);
	assert_string_equal(c->root->id, "cgroup:/small");
	assert_string_equal(fk_blocked(k, c), "20");
	fakekernel_free(k);
	/* Another function wakes it: that is another queue. */
	k = new_kernel(f);
	fk_func(k, "iocg_wake_fn");
	out_of_share(k, 20, cgroup(k, cgroup(k, 0, ""), "small"), "autoremove_wake_function");
	assert_int_not_equal(only_cause(fk_why(k))->kind, IQ_CAUSE_WRITEBACK_THROTTLED);
	fakekernel_free(k);
}

/* Whoever is first to tell of a cgroup, its name is the same for all. */
static void cgroup_that_two_rules_tell_of_has_one_name(enum fk_flavour f)
{
	struct fakekernel *k = new_kernel(f);
	iq_vaddr c = cgroup(k, cgroup(k, 0, ""), "s");
	const struct iq_why *why;

	over_memory(k, c, 2000);
	out_of_share(k, 20, c, "iocg_wake_fn");
	why = fk_why(k);
	assert_string_equal(iq_graph_find(why->graph, "cgroup:/s")->name, "cgroup /s");
	assert_string_equal(fk_cause(why, IQ_CAUSE_MEMORY_LIMIT)->summary,
			    "job (10) is slowed down because its cgroup /s is over memory.high");
	fakekernel_free(k);
	/* ... the other way about */
	k = new_kernel(f);
	c = cgroup(k, cgroup(k, 0, ""), "s");
	out_of_share(k, 5, c, "iocg_wake_fn");
	over_memory(k, c, 2000);
	why = fk_why(k);
	assert_string_equal(fk_cause(why, IQ_CAUSE_MEMORY_LIMIT)->summary,
			    "job (10) is slowed down because its cgroup /s is over memory.high");
	fakekernel_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		each_layout(task_frozen_by_a_cgroup_above_names_that_one),
		each_layout(task_frozen_by_the_old_freezer_names_who_was_told_to),
		each_layout(cgroups_that_lie_name_nothing),
		each_layout(task_out_of_quota_is_the_root),
		each_layout(quota_that_is_none_or_does_not_count_holds_nobody),
		each_layout(task_over_memory_high_is_the_root),
		each_layout(who_has_used_up_his_share_waits_for_his_cgroup),
		each_layout(cgroup_that_two_rules_tell_of_has_one_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
