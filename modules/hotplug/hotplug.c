/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * CPUs that go offline and come online, and memory that does
 *
 * Whoever takes a CPU down (or brings one up, or installs a callback for that)
 * has cpu_hotplug_lock for write or read meanwhile, and waits for the CPU's own
 * thread, cpuhp/N, to go through its steps: for the completions done_up and
 * done_down in the CPU's struct cpuhp_cpu_state.
 *
 * cpu_hotplug_lock does not record who has it. A writer of such a lock first waits for a grace
 * period (rcu_sync_enter()), when it has nothing yet; then percpu_rw_semaphore.writer is it, while
 * it waits for the readers inside; then .block alone says that somebody has it.
 *
 * Kernel: kernel/cpu.c, mm/memory_hotplug.c.
 */
#include "inquest/module.h"
#include "inquest/waitq.h"

static const char state_type[] = "struct cpuhp_cpu_state";

static struct iq_error *explain(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	iq_vaddr percpu = iq_sym_addr(d->s, "cpuhp_state"), done;
	int64_t up = iq_offsetof(d->s, state_type, "done_up"),
		down = iq_offsetof(d->s, state_type, "done_down");
	const struct iq_task *t;
	struct iq_object *on;
	struct iq_edge *e;

	if (!percpu || up < 0 || down < 0 ||
	    !iq_find_completion(d->s, who->task, who->stack, &done))
		return NULL;
	for (unsigned cpu = 0; cpu < iq_num_cpus(d->s); cpu++) {
		iq_vaddr state = iq_per_cpu(d->s, percpu, cpu);
		uint64_t thread, target = 0, now = 0;
		bool is_up = done == state + (uint64_t)up;

		if (!is_up && done != state + (uint64_t)down)
			continue;
		if (!iq_peek_member(d->s, state_type, "thread", state, &thread))
			return NULL;
		iq_peek_member(d->s, state_type, "state", state, &now);
		iq_peek_member(d->s, state_type, "target", state, &target);
		on = iq_graph_object(d->g, IQ_OBJ_KERNEL, "kernel:cpu-%u-%s", cpu,
				     is_up ? "online" : "offline");
		iq_object_name(d->g, on, "CPU %u to %s", cpu, is_up ? "come online" : "go offline");
		*wait_ret = iq_diag_wait(who, on, IQ_WAIT_SLEEP);
		iq_text_add(d->g, &(*wait_ret)->evidence,
			    "it waits for cpuhp_cpu_state.%s of CPU %u at %#" PRIx64
			    ", which is in state %" PRIu64 " and has to get to %" PRIu64,
			    is_up ? "done_up" : "done_down", cpu, state, now, target);
		t = iq_task_by_addr(d->s, thread);
		if (!t || t->addr == who->task->addr)
			return NULL;
		e = iq_graph_edge(d->g, (*wait_ret)->task, iq_diag_task(d, t), on, IQ_EDGE_SERVES,
				  IQ_PROVEN, "has to do it on that CPU");
		iq_text_add(d->g, &e->evidence,
			    "cpuhp_cpu_state.thread of CPU %u at %#" PRIx64 " is %s (%d)", cpu,
			    state, t->comm, t->pid);
		return NULL;
	}
	return NULL;
}

static const char *const functions[] = { "cpuhp_kick_ap",
					 "cpuhp_kick_ap_work",
					 "cpuhp_kick_ap_alive",
					 "cpuhp_invoke_ap_callback",
					 "cpuhp_issue_call",
					 "cpuhp_bringup_ap",
					 "bringup_wait_for_ap",
					 "bringup_wait_for_ap_online",
					 "bringup_cpu",
					 "takedown_cpu",
					 "_cpu_down",
					 "_cpu_up",
					 NULL };
static const char *const types[] = { state_type, NULL };

static const struct iq_wait_rule wait_rules[] = {
	{ .name = "cpu-hotplug",
	  .summary = "who takes a CPU offline or online: the thread of that CPU",
	  .reads = "cpuhp_cpu_state.done_up, .done_down, .thread, .state, .target",
	  .seen = "5.10, 6.1, 6.12, 7.3",
	  .certainty = IQ_PROVEN,
	  .functions = functions,
	  .needs_types = types,
	  .explain = explain },
	{ 0 },
};

/* ---- who has the locks ---- */

static const char *const cpu_writers[] = { "_cpu_down", "_cpu_up", NULL };
static const char *const cpu_readers[] = {
	"stop_machine",
	"schedule_on_each_cpu",
	"static_key_slow_inc",
	"static_key_slow_dec",
	"static_key_enable",
	"static_key_disable",
	"__cpuhp_setup_state",
	"__cpuhp_remove_state",
	"__cpuhp_state_add_instance",
	"kmem_cache_destroy",
	"kmem_cache_shrink",
	"apply_workqueue_attrs",
	"rebuild_sched_domains",
	"smpboot_register_percpu_thread",
	"lockup_detector_reconfigure",
	"ring_buffer_resize",
	"vmstat_shepherd",
	NULL,
};
static const char *const outside[] = { "rcu_sync_enter", "cpuset_wait_for_hotplug",
				       "lockup_detector_cleanup", "arch_smt_update", NULL };

static const char *const memory_writers[] = { "add_memory_resource", "offline_pages",
					      "online_pages", "try_remove_memory", NULL };
static const char *const coming[] = { "rcu_sync_enter", NULL };

static const struct iq_holder holders[] = {
	{ .symbol = "cpu_hotplug_lock",
	  .mode = IQ_HOLD_WRITE,
	  .functions = cpu_writers,
	  .outside = { outside } },
	{ .symbol = "cpu_hotplug_lock",
	  .mode = IQ_HOLD_READ,
	  .functions = cpu_readers,
	  .outside = { outside } },
	{ .symbol = "mem_hotplug_lock",
	  .mode = IQ_HOLD_WRITE,
	  .functions = memory_writers,
	  .outside = { coming } },
	{ 0 },
};

const struct iq_module iq_module_hotplug = {
	.api = IQ_MODULE_API,
	.name = "hotplug",
	.summary = "CPUs that go offline and come online",
	.wait_rules = wait_rules,
	.holders = holders,
};
