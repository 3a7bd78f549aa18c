/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The other kinds of RCU: sleepable, and that of tasks
 *
 * SRCU: each domain (struct srcu_struct) counts for each of two indexes who has
 * come in and who has left, per CPU; a grace period ends when the sums are
 * equal. Readers may sleep, and nothing says who they are. The domain is a
 * pointer on the waiter's stack whose per-CPU srcu_data point back to it.
 *
 * RCU of tasks waits until every task that was runnable has gone through the
 * scheduler of its own accord: those that have not are marked (task_struct.rcu_tasks_holdout).
 *
 * Kernel: kernel/rcu/srcutree.c, kernel/rcu/tasks.h.
 */
#include "srcu.h"

#include "inquest/waitq.h"

enum { MAX_FOUND = 16 };

static const char domain_type[] = "struct srcu_struct";
static const char data_type[] = "struct srcu_data";

const char *const srcu_functions[] = { "__synchronize_srcu", "synchronize_srcu",
				       "synchronize_srcu_expedited", NULL };
const char *const srcu_types[] = { domain_type, data_type, NULL };
const char *const rcu_tasks_functions[] = { "synchronize_rcu_tasks_generic",
					    "synchronize_rcu_tasks", NULL };

static bool is_domain(struct iq_session *s, iq_vaddr p, void *ctx)
{
	uint64_t sda, back;

	(void)ctx;
	return iq_is_kernel_ptr(s, p) && iq_peek_member(s, domain_type, "sda", p, &sda) && sda &&
	       iq_peek_member(s, data_type, "ssp", iq_per_cpu(s, sda, 0), &back) && back == p;
}

static uint64_t count(struct iq_session *s, iq_vaddr data, const char *const *paths)
{
	uint64_t n = 0;

	while (*paths && !iq_peek_member(s, data_type, *paths, data, &n))
		paths++;
	return n;
}

/* Readers inside, by both indexes; the counts are modulo 2^64. */
static uint64_t readers(struct iq_diag *d, iq_vaddr domain)
{
	/* Of their own struct since v6.14, atomic since v6.2. */
	static const char *const in[2][4] = {
		{ "srcu_ctrs[0].srcu_locks.counter", "srcu_lock_count[0].counter",
		  "srcu_lock_count[0]", NULL },
		{ "srcu_ctrs[1].srcu_locks.counter", "srcu_lock_count[1].counter",
		  "srcu_lock_count[1]", NULL }
	};
	static const char *const out[2][4] = {
		{ "srcu_ctrs[0].srcu_unlocks.counter", "srcu_unlock_count[0].counter",
		  "srcu_unlock_count[0]", NULL },
		{ "srcu_ctrs[1].srcu_unlocks.counter", "srcu_unlock_count[1].counter",
		  "srcu_unlock_count[1]", NULL }
	};
	uint64_t sda, sum = 0;

	if (!iq_peek_member(d->s, domain_type, "sda", domain, &sda))
		return 0;
	for (int i = 0; i < 2; i++)
		for (unsigned cpu = 0; cpu < iq_num_cpus(d->s); cpu++) {
			iq_vaddr data = iq_per_cpu(d->s, sda, cpu);

			sum += count(d->s, data, in[i]) - count(d->s, data, out[i]);
		}
	return sum;
}

/* A sleeper that has the domain at hand, and does not wait for its readers itself. */
static bool may_read(struct iq_diag *d, const struct iq_task *t, iq_vaddr domain)
{
	const struct iq_stack *stack;

	if (!t->pid || !t->stack || t->on_cpu || t->unreadable || t->exit_state)
		return false;
	stack = iq_task_stack(d->s, t);
	return iq_stack_find(stack, 0, srcu_functions) < 0 && iq_stack_mentions(stack, domain);
}

struct iq_error *srcu_explain(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	iq_vaddr domain = iq_stack_search(d->s, who->stack, who->frame, is_domain, NULL);
	size_t num = 0;
	struct iq_object *on;
	struct iq_edge *e;
	struct iq_wait *w;
	uint64_t inside;

	if (!domain)
		return NULL;
	inside = readers(d, domain);
	on = iq_graph_object(d->g, IQ_OBJ_KERNEL, "kernel:srcu-%#" PRIx64, domain);
	on->addr = domain;
	iq_object_name(d->g, on, "the readers of SRCU domain %s", iq_describe_addr(d->s, domain));
	w = iq_diag_wait(who, on, IQ_WAIT_SLEEP);
	iq_text_add(d->g, &w->evidence,
		    "srcu_struct %#" PRIx64 " counts %" PRIu64 " reader%s inside", domain, inside,
		    inside == 1 ? "" : "s");
	*wait_ret = w;
	for (size_t i = 0; inside && i < d->tasks->num_tasks && num < MAX_FOUND; i++) {
		const struct iq_task *t = &d->tasks->tasks[i];

		if (t->addr == who->task->addr || !may_read(d, t, domain))
			continue;
		e = iq_graph_edge(d->g, w->task, iq_diag_task(d, t), on, IQ_EDGE_MAYBE, IQ_LIKELY,
				  "may be inside");
		iq_text_add(d->g, &e->evidence,
			    "the domain's address %#" PRIx64 " is on the stack of %s (%d)", domain,
			    t->comm, t->pid);
		num++;
	}
	return NULL;
}

struct iq_error *rcu_tasks_explain(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	static const char *const other_kinds[] = { "synchronize_rcu_tasks_rude",
						   "synchronize_rcu_tasks_trace", NULL };
	struct iq_object *on;
	struct iq_wait *w;

	if (iq_stack_find(who->stack, 0, other_kinds) >= 0)
		return NULL;
	on = iq_graph_object(d->g, IQ_OBJ_KERNEL, "kernel:rcu-tasks");
	iq_object_name(d->g, on, "all tasks to go through the scheduler (RCU of tasks)");
	w = iq_diag_wait(who, on, IQ_WAIT_SLEEP);
	iq_text_add(d->g, &w->evidence, "it sleeps in %s()",
		    who->stack->frames[who->frame].sym.name);
	*wait_ret = w;
	for (size_t i = 0; i < d->tasks->num_tasks; i++) {
		const struct iq_task *t = &d->tasks->tasks[i];
		struct iq_edge *e;
		uint64_t holdout;

		if (!t->pid || t->unreadable || t->addr == who->task->addr || t->exit_state ||
		    (!t->on_cpu && t->state != 'R') ||
		    !iq_peek_member(d->s, "struct task_struct", "rcu_tasks_holdout", t->addr,
				    &holdout) ||
		    !(holdout & 0xff))
			continue;
		e = iq_graph_edge(d->g, w->task, iq_diag_task(d, t), on, IQ_EDGE_SERVES, IQ_PROVEN,
				  "has not gone through it yet");
		iq_text_add(d->g, &e->evidence, "task_struct.rcu_tasks_holdout of %s (%d) is set",
			    t->comm, t->pid);
	}
	return NULL;
}
