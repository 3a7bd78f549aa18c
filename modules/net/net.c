/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Network devices that cannot go
 *
 * A network device that was unregistered is freed when the last reference to
 * it is gone. netdev_run_todo() waits for that, looking four times a second and
 * writing "unregister_netdevice: waiting for lo to become free" to the log. A
 * reference that was leaked keeps it there for ever, and where the device went with its network
 * namespace, cleanup_net() keeps pernet_ops_rwsem meanwhile: no namespace can be made as soon as
 * somebody wants that for write.
 *
 * The device is on the waiter's stack, or the list that it is in by its todo_list is. Nothing
 * records who has the references.
 *
 * Kernel: net/core/dev.c.
 */
#include "inquest/module.h"
#include "inquest/sleep.h"
#include "inquest/waitq.h"

#include <ctype.h>

static const char dev_type[] = "struct net_device";

enum { IFNAMSIZ = 16, NETREG_UNREGISTERED = 3 };

struct device {
	struct iq_diag *d;
	char name[IFNAMSIZ];
	iq_vaddr addr;
	int64_t unregistered; /* NETREG_UNREGISTERED */
};

/* A name as dev_valid_name() lets it be. */
static bool is_name(const char *name)
{
	if (!name[0])
		return false;
	for (const char *c = name; *c; c++)
		if (!isgraph((unsigned char)*c) || *c == '/')
			return false;
	return true;
}

static bool is_going(struct iq_session *s, iq_vaddr dev, struct device *x)
{
	int64_t name = iq_offsetof(s, dev_type, "name");
	uint64_t state, net, next, back;

	if (name < 0 || !iq_is_kernel_ptr(s, dev) ||
	    !iq_peek_member(s, dev_type, "reg_state", dev, &state) ||
	    (int64_t)state != x->unregistered ||
	    !iq_peek_member(s, dev_type, "nd_net.net", dev, &net) || !iq_is_kernel_ptr(s, net) ||
	    !iq_peek_member(s, dev_type, "dev_list.next", dev, &next) ||
	    !iq_peek_member(s, dev_type, "todo_list.next", dev, &back) ||
	    !iq_peek(s, dev + (uint64_t)name, x->name, sizeof(x->name)) || x->name[IFNAMSIZ - 1] ||
	    !is_name(x->name))
		return false;
	x->addr = dev;
	return true;
}

/* It, or a list head that links to its todo_list. */
static bool leads_to_device(struct iq_session *s, iq_vaddr p, void *ctx)
{
	int64_t todo = iq_offsetof(s, dev_type, "todo_list");
	uint64_t next;

	if (!iq_is_kernel_ptr(s, p))
		return false;
	if (is_going(s, p, ctx))
		return true;
	return todo >= 0 && ((p > (uint64_t)todo && is_going(s, p - (uint64_t)todo, ctx)) ||
			     (iq_peek_u64(s, p, &next) && next > (uint64_t)todo &&
			      is_going(s, next - (uint64_t)todo, ctx)));
}

/* References, as netdev_refcnt_read() counts them. */
static bool references(struct iq_diag *d, iq_vaddr dev, int32_t *num_ret)
{
	uint64_t percpu, count;
	uint32_t n;
	int32_t sum = 0;

	if (iq_peek_member(d->s, dev_type, "dev_refcnt.refs.counter", dev, &count)) {
		*num_ret = (int32_t)count;
		return true;
	}
	if (!iq_peek_member(d->s, dev_type, "pcpu_refcnt", dev, &percpu))
		return false;
	for (unsigned cpu = 0; cpu < iq_num_cpus(d->s); cpu++)
		if (iq_peek_u32(d->s, iq_per_cpu(d->s, percpu, cpu), &n))
			sum += (int32_t)n;
	*num_ret = sum;
	return true;
}

/* It sleeps there for a while, and not in something that is called there. */
static bool only_sleeps(const struct iq_stack *stack, size_t frame)
{
	static const char *const own[] = { "netdev_wait_allrefs", "netdev_wait_allrefs_any", NULL };

	for (size_t i = 0; i < frame; i++)
		if (!(iq_sleep_kinds(&stack->frames[i]) &
		      (IQ_SLEEP_SCHEDULER | IQ_SLEEP_TIMEOUT | IQ_SLEEP_NAP)) &&
		    iq_stack_find(stack, i, own) != (int)i)
			return false;
	return frame > 0;
}

static void add_verdict(struct iq_diag *d, struct iq_object *on, const struct device *x)
{
	uint64_t net = 0, inum = 0;
	struct iq_verdict *v;
	bool counted;
	int32_t num = 0;

	counted = references(d, x->addr, &num);
	iq_peek_member(d->s, dev_type, "nd_net.net", x->addr, &net);
	iq_peek_member(d->s, "struct net", "ns.inum", net, &inum);
	v = iq_object_verdict(d->g, on, IQ_CAUSE_KERNEL_STUCK, IQ_STRONG,
			      "network device %s has been removed, but something keeps a reference "
			      "to it",
			      x->name);
	if (!v)
		return;
	v->final = true;
	if (counted)
		iq_text_add(d->g, &v->evidence,
			    "net_device at %#" PRIx64 " is %s, unregistered; its references "
			    "counted are %d",
			    x->addr, x->name, num);
	else
		iq_text_add(d->g, &v->evidence, "net_device at %#" PRIx64 " is %s, unregistered",
			    x->addr, x->name);
	iq_text_add(d->g, &v->evidence, "it is of the network namespace net:[%" PRIu64 "]", inum);
	iq_remedy_add(d->g, &v->remedy, IQ_RISK_NONE, "lsns -t net",
		      "End what still uses that namespace, if anything does: lsns -t net; "
		      "connections that are left show in ss -tan");
	iq_remedy_add(
		d->g, &v->remedy, IQ_RISK_NONE, NULL,
		"If the log goes on saying \"waiting for %s to become free\", the reference was "
		"leaked, a fault of the kernel: keep a dump, look for a newer kernel",
		x->name);
	iq_remedy_add(d->g, &v->remedy, IQ_RISK_HIGH, NULL,
		      "Restart the machine: nothing else gives up a leaked reference");
}

static struct iq_error *explain(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	struct device x = { .d = d, .unregistered = NETREG_UNREGISTERED };
	struct iq_object *on;

	if (!only_sleeps(who->stack, who->frame))
		return NULL;
	/* An enumerator of an enum without a name; it has always had the same value. */
	iq_error_free(iq_enum_value(d->s, NULL, "NETREG_UNREGISTERED", &x.unregistered));
	if (!iq_stack_search(d->s, who->stack, 0, leads_to_device, &x))
		return NULL;
	on = iq_graph_object(d->g, IQ_OBJ_KERNEL, "kernel:netdev-%#" PRIx64, x.addr);
	on->addr = x.addr;
	iq_object_name(d->g, on, "references to network device %s", x.name);
	*wait_ret = iq_diag_wait(who, on, IQ_WAIT_SLEEP);
	iq_text_add(d->g, &(*wait_ret)->evidence,
		    "it sleeps in netdev_run_todo(), with net_device %#" PRIx64 " (%s) in hand",
		    x.addr, x.name);
	add_verdict(d, on, &x);
	iq_graph_edge(d->g, (*wait_ret)->task, on, NULL, IQ_EDGE_ON, IQ_STRONG,
		      "has to be given up by all");
	return NULL;
}

static const char *const functions[] = { "netdev_wait_allrefs", "netdev_wait_allrefs_any",
					 "netdev_run_todo", NULL };
static const char *const types[] = { dev_type, NULL };

static const struct iq_wait_rule wait_rules[] = {
	{ .name = "netdev-references",
	  .summary = "a network device that was removed and is still referred to: "
		     "\"unregister_netdevice: waiting for lo to become free\"",
	  .reads = "net_device.reg_state, .name, .todo_list, .nd_net, .pcpu_refcnt or .dev_refcnt",
	  .seen = "",
	  .certainty = IQ_STRONG,
	  .functions = functions,
	  .needs_types = types,
	  .explain = explain },
	{ 0 },
};

/* ---- who reads the list of namespaces ---- */

static const char *const pernet_readers[] = { "cleanup_net", "setup_net", NULL };

/* cleanup_net() lets go before it waits for callbacks by itself. */
static enum iq_fit still_has_it(struct iq_diag *d, struct iq_holding *h)
{
	(void)d;
	return h->frame && iq_frame_is(&h->stack->frames[h->frame], "cleanup_net") &&
			       iq_frame_is(&h->stack->frames[h->frame - 1], "rcu_barrier")
		       ? IQ_FIT_NO
		       : IQ_FIT_YES;
}

static const struct iq_holder holders[] = {
	{ .symbol = "pernet_ops_rwsem",
	  .mode = IQ_HOLD_READ,
	  .functions = pernet_readers,
	  .fits = still_has_it },
	{ 0 },
};

const struct iq_module iq_module_net = {
	.api = IQ_MODULE_API,
	.name = "net",
	.summary = "network devices and namespaces that cannot go",
	.wait_rules = wait_rules,
	.holders = holders,
};
