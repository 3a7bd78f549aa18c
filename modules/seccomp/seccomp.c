/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * seccomp: system calls that a supervisor decides
 *
 * A filter may say of a system call that another process is to decide it. The caller then
 * has a struct seccomp_knotif on its stack, linked into the list of the filter's struct
 * notification (filter->notif), and sleeps until it has been answered: its state goes from
 * SECCOMP_NOTIFY_INIT (nobody has read it) to SENT (the supervisor has) to REPLIED.
 *
 * The supervisor has the listener open, an anonymous file whose private_data is the filter.
 * When its last descriptor is closed every caller gets ENOSYS; so where nobody has it open,
 * it is on its way to somebody in a message, or held by something that we do not know.
 *
 * The filters of a task are a list: task->seccomp.filter, then along prev.
 *
 * Kernel: kernel/seccomp.c.
 */
#include "inquest/files.h"
#include "inquest/module.h"
#include "inquest/server.h"
#include "inquest/waitq.h"

static const char knotif_type[] = "struct seccomp_knotif";
static const char filter_type[] = "struct seccomp_filter";
static const char notif_type[] = "struct notification";

enum { MAX_FILTERS = 1024, MAX_KNOTIFS = 100000 };

static const char *const reads[] = { "seccomp_notify_recv", NULL };

struct question {
	iq_vaddr knotif, filter;
	uint64_t id;
	bool taken;
};

struct search {
	iq_vaddr node;
	bool found;
};

static bool is_node(void *ctx, iq_vaddr node)
{
	struct search *x = ctx;

	x->found = node == x->node;
	return x->found;
}

static bool has_question(struct iq_diag *d, iq_vaddr filter, iq_vaddr node)
{
	int64_t list = iq_offsetof(d->s, notif_type, "notifications");
	struct search x = { .node = node };
	uint64_t notif;

	if (list < 0 || !iq_peek_member(d->s, filter_type, "notif", filter, &notif) || !notif ||
	    !iq_is_kernel_ptr(d->s, notif))
		return false;
	iq_error_free(iq_list_walk(d->s, notif + (uint64_t)list, MAX_KNOTIFS, is_node, &x));
	return x.found;
}

/* That of the task's filters in whose list the question stands. 0: none. */
static iq_vaddr filter_of(struct iq_diag *d, const struct iq_task *task, iq_vaddr node)
{
	uint64_t filter;

	if (!iq_peek_member(d->s, "struct task_struct", "seccomp.filter", task->addr, &filter))
		return 0;
	for (int i = 0; i < MAX_FILTERS && filter && iq_is_kernel_ptr(d->s, filter); i++) {
		if (has_question(d, filter, node))
			return filter;
		if (!iq_peek_member(d->s, filter_type, "prev", filter, &filter))
			return 0;
	}
	return 0;
}

static bool is_sent(struct iq_diag *d, uint64_t state)
{
	int64_t sent;
	struct iq_error *err =
		iq_enum_value(d->s, "enum notify_state", "SECCOMP_NOTIFY_SENT", &sent);

	if (err) {
		iq_error_free(err);
		return false;
	}
	return (int64_t)state == sent;
}

static bool find_question(const struct iq_sleeper *who, struct question *q)
{
	struct iq_diag *d = who->d;
	iq_vaddr knotif = iq_find_linked(d->s, who->task, who->stack, knotif_type, "task", "list");
	uint64_t state;

	*q = (struct question){ .knotif = knotif };
	if (!knotif)
		return false;
	q->filter =
		filter_of(d, who->task, knotif + (uint64_t)iq_offsetof(d->s, knotif_type, "list"));
	if (!q->filter)
		return false;
	iq_peek_member(d->s, knotif_type, "id", knotif, &q->id);
	q->taken = iq_peek_member(d->s, knotif_type, "state", knotif, &state) && is_sent(d, state);
	return true;
}

static void nobody_answers(struct iq_diag *d, struct iq_object *o, const struct iq_task *task)
{
	struct iq_verdict *v = iq_object_verdict(d->g, o, IQ_CAUSE_DAEMON_UNANSWERED, IQ_LIKELY,
						 "system calls of %s (%d) are to be decided by its "
						 "seccomp supervisor, and no process "
						 "has the listener open",
						 task->comm, task->tgid);

	if (!v)
		return;
	iq_text_add(d->g, &v->evidence,
		    "no descriptor table has a file of seccomp_filter %#" PRIx64
		    ", and its last end has not been closed: it may be in a message that nobody "
		    "has received",
		    o->addr);
	iq_remedy_add(d->g, &v->remedy, IQ_RISK_LOW, NULL,
		      "Find out who was to get the listener (a container's manager, by a Unix "
		      "socket), and restart it or the container");
}

static struct iq_object *object_of(struct iq_diag *d, iq_vaddr filter, const struct iq_task *task)
{
	struct iq_object *o =
		iq_graph_object(d->g, IQ_OBJ_DAEMON, "daemon:seccomp:%#" PRIx64, filter);

	if (!o->addr) {
		o->addr = filter;
		iq_object_name(d->g, o, "seccomp filter of %s (%d) that asks a supervisor",
			       task->comm, task->tgid);
	}
	return o;
}

static struct iq_error *explain(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	struct iq_servers servers = { .num = 0 };
	struct iq_request request = { .reads = reads,
				      .what = "the listener of the seccomp filter",
				      .how = "has to decide the system call" };
	struct question q;
	struct iq_wait *w;

	if (!find_question(who, &q))
		return NULL;
	w = iq_diag_wait(who, object_of(d, q.filter, who->task), IQ_WAIT_MESSAGE);
	w->any = true;
	w->key = q.id;
	w->in_words = w->syscall.name
			      ? iq_arena_printf(d->g->arena,
						"in %s, until its seccomp supervisor decides it",
						w->syscall.name)
			      : "in a system call that its seccomp supervisor decides";
	iq_text_add(d->g, &w->evidence,
		    "seccomp_knotif %#" PRIx64 " on its stack is question %#" PRIx64
		    " of seccomp_filter %#" PRIx64 "; the supervisor has %s",
		    q.knotif, q.id, q.filter, q.taken ? "read it and not answered" : "not read it");
	request.taken = q.taken;
	iq_open_each(d->s, IQ_OPEN_PRIVATE, q.filter, iq_servers_add, &servers);
	if (!iq_diag_server_edges(d, w, &servers, &request))
		nobody_answers(d, w->on, who->task);
	*wait_ret = w;
	return NULL;
}

static const char *const functions[] = { "seccomp_do_user_notification", "__seccomp_filter", NULL };

static const char *const types[] = { "struct seccomp_knotif", "struct seccomp_filter",
				     "struct notification", NULL };

static const struct iq_wait_rule wait_rules[] = {
	{ .name = "seccomp",
	  .summary = "a system call that a seccomp supervisor has to decide",
	  .reads = "seccomp_knotif.task, .list, .state, .id; seccomp_filter.notif, .prev; "
		   "notification.notifications; task_struct.seccomp; files_struct",
	  .seen = "5.10, 6.1, 7.3",
	  .certainty = IQ_PROVEN,
	  .functions = functions,
	  .needs_types = types,
	  .explain = explain },
	{ 0 },
};

const struct iq_module iq_module_seccomp = {
	.api = IQ_MODULE_API,
	.name = "seccomp",
	.summary = "seccomp filters that ask a supervisor",
	.wait_rules = wait_rules,
};
