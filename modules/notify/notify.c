/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fanotify: who has to allow an access
 *
 * With permission events (virus scanners, execution control, tiered storage) an
 * open or a read waits until a listener of the group has allowed it. The task
 * sleeps on the group's access_waitq. The event that it waits for is in one of two lists of the
 * group: in notification_list until a listener reads it, in access_list until it is answered. Who
 * has the group's file open can answer; when the last one closes it, the kernel lets all through.
 *
 * Since v6.15 an event says which task read it (recv_pid).
 *
 * Kernel: fs/notify/fanotify/fanotify.c, fanotify_user.c, fanotify.h,
 * include/linux/fsnotify_backend.h.
 */
#include "inquest/files.h"
#include "inquest/module.h"
#include "inquest/server.h"
#include "inquest/waitq.h"

enum {
	MAX_EVENTS = 65536,
	FAN_OPEN_PERM = 0x10000,
	FAN_ACCESS_PERM = 0x20000,
	FAN_OPEN_EXEC_PERM = 0x40000,
	FAN_PRE_ACCESS = 0x100000
};

static const char group_type[] = "struct fsnotify_group";
static const char event_type[] = "struct fanotify_perm_event";

static const char *const reads[] = { "fanotify_read", NULL };

/* ---- the event ---- */

struct find_event {
	struct iq_diag *d;
	const struct iq_stack *stack;
	int64_t list;
	iq_vaddr event;
};

/* The task that waits for an event has its address in a register or on its stack. */
static bool is_own(void *ctx, iq_vaddr node)
{
	struct find_event *f = ctx;
	iq_vaddr event = node - (uint64_t)f->list;

	if (!iq_stack_mentions(f->stack, event))
		return false;
	f->event = event;
	return true;
}

static iq_vaddr find_event(struct iq_diag *d, const struct iq_stack *stack, iq_vaddr group,
			   bool *taken_ret)
{
	static const char *const lists[] = { "fanotify_data.access_list", "notification_list" };
	struct find_event f = { .d = d,
				.stack = stack,
				.list = iq_offsetof(d->s, event_type, "fae.fse.list") };

	for (size_t i = 0; f.list >= 0 && i < IQ_ARRAY_SIZE(lists); i++) {
		int64_t off = iq_offsetof(d->s, group_type, lists[i]);

		if (off < 0)
			continue;
		iq_error_free(iq_list_walk(d->s, group + (uint64_t)off, MAX_EVENTS, is_own, &f));
		if (f.event) {
			*taken_ret = i == 0;
			return f.event;
		}
	}
	return 0;
}

static const char *access_of(uint64_t mask)
{
	if (mask & FAN_OPEN_EXEC_PERM)
		return "execution";
	if (mask & FAN_OPEN_PERM)
		return "opening";
	return mask & (FAN_ACCESS_PERM | FAN_PRE_ACCESS) ? "reading" : "access";
}

static void tell_event(struct iq_diag *d, struct iq_wait *w, iq_vaddr event, bool taken)
{
	uint64_t dentry, mask = 0, reader = 0;
	const struct iq_task *t;
	const char *path = NULL;

	if (iq_peek_member(d->s, event_type, "path.dentry", event, &dentry))
		path = iq_path_of_dentry(d->s, dentry);
	iq_peek_member(d->s, event_type, "fae.mask", event, &mask);
	iq_text_add(d->g, &w->evidence,
		    "fanotify_perm_event %#" PRIx64 " asks for the %s of %s; a listener has %s",
		    event, access_of(mask), path ? path : "a file",
		    taken ? "read it and not answered" : "not read it");
	w->in_words =
		iq_arena_printf(d->g->arena, "%s of %s", access_of(mask), path ? path : "a file");
	if (!iq_peek_member(d->s, event_type, "recv_pid", event, &reader) || !reader)
		return;
	t = iq_task_by_pid(d->s, (int32_t)reader);
	iq_text_add(d->g, &w->evidence,
		    "fanotify_perm_event.recv_pid is %d (%s), which read the event",
		    (int32_t)reader, t ? t->comm : "gone");
}

/* ---- the group ---- */

static bool is_group(struct iq_diag *d, iq_vaddr group)
{
	uint64_t ops, known = iq_sym_addr(d->s, "fanotify_fsnotify_ops");

	return known && iq_peek_member(d->s, group_type, "ops", group, &ops) && ops == known;
}

static struct iq_object *object_of(struct iq_diag *d, iq_vaddr group,
				   const struct iq_servers *servers)
{
	struct iq_object *o =
		iq_graph_object(d->g, IQ_OBJ_DAEMON, "daemon:fanotify:%#" PRIx64, group);
	const struct iq_task *t = servers->num ? servers->list[0].task : NULL;

	if (o->addr)
		return o;
	o->addr = group;
	if (!t) {
		iq_object_name(d->g, o, "a fanotify group without a listener");
		return o;
	}
	iq_object_name(d->g, o, "fanotify group of %s (%d)", t->comm, t->tgid);
	if (servers->num == 1)
		iq_remedy_add(d->g, &o->remedy, IQ_RISK_DATA,
			      iq_arena_printf(d->g->arena, "kill -9 %d", t->tgid),
			      "If %s (%d) does not come back: kill -9 %d; when it has ended the "
			      "kernel lets every access that waits for it "
			      "through, unchecked",
			      t->comm, t->tgid, t->tgid);
	return o;
}

static void nobody_listens(struct iq_diag *d, struct iq_object *o)
{
	struct iq_verdict *v = iq_object_verdict(
		d->g, o, IQ_CAUSE_DAEMON_UNANSWERED, IQ_STRONG,
		"a fanotify group has to allow accesses, and no process has it open to answer");

	if (!v)
		return;
	iq_text_add(d->g, &v->evidence,
		    "no descriptor table has a file of fsnotify_group %#" PRIx64, o->addr);
	iq_remedy_add(
		d->g, &v->remedy, IQ_RISK_LOW, NULL,
		"Restart what may keep its descriptor in a message (its service manager): with "
		"its last copy the group ends, and "
		"the kernel lets the accesses through");
}

static struct iq_error *explain(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	int64_t off = iq_offsetof(d->s, group_type, "fanotify_data.access_waitq");
	struct iq_request request = { .reads = reads,
				      .what = "the fanotify group",
				      .how = "has to allow it" };
	struct iq_servers servers = { .num = 0 };
	struct iq_wait_entry entry;
	iq_vaddr group, event;
	struct iq_wait *w;

	if (off < 0 || !iq_find_wait_entry(d->s, who->task, who->stack, NULL, &entry))
		return NULL;
	group = entry.head - (uint64_t)off;
	if (!is_group(d, group))
		return NULL;
	iq_open_each(d->s, IQ_OPEN_PRIVATE, group, iq_servers_add, &servers);
	w = iq_diag_wait(who, object_of(d, group, &servers), IQ_WAIT_MESSAGE);
	w->any = true;
	event = find_event(d, who->stack, group, &request.taken);
	iq_text_add(d->g, &w->evidence,
		    "it sleeps on fsnotify_group.fanotify_data.access_waitq of %#" PRIx64, group);
	if (event)
		tell_event(d, w, event, request.taken);
	if (!iq_diag_server_edges(d, w, &servers, &request))
		nobody_listens(d, w->on);
	*wait_ret = w;
	return NULL;
}

static struct iq_error *explain_listener(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	const struct iq_task *task = who->task;
	int64_t off = iq_offsetof(d->s, group_type, "notification_waitq");
	struct iq_servers servers = { .num = 0 };
	struct iq_wait_entry entry;
	iq_vaddr group;

	if (off < 0 || task->state != 'S' ||
	    !iq_find_wait_entry(d->s, task, who->stack, NULL, &entry))
		return NULL;
	group = entry.head - (uint64_t)off;
	if (!is_group(d, group))
		return NULL;
	iq_open_each(d->s, IQ_OPEN_PRIVATE, group, iq_servers_add, &servers);
	*wait_ret = iq_diag_wait(who, object_of(d, group, &servers), IQ_WAIT_IDLE);
	iq_text_add(d->g, &(*wait_ret)->evidence, "%s (%d) waits for the next event", task->comm,
		    task->pid);
	return NULL;
}

static const char *const functions[] = { "fanotify_handle_event", "fanotify_get_response", NULL };
static const char *const types[] = { "struct fsnotify_group", "struct fanotify_perm_event", NULL };

static const struct iq_wait_rule wait_rules[] = {
	{ .name = "fanotify",
	  .summary = "an access that a fanotify listener has to allow, and who that is",
	  .reads = "fsnotify_group.fanotify_data.access_waitq, .access_list, .notification_list; "
		   "fanotify_perm_event.path, .recv_pid; "
		   "files_struct",
	  .seen = "5.10, 6.1, 6.12, 7.3",
	  .certainty = IQ_PROVEN,
	  .functions = functions,
	  .needs_types = types,
	  .explain = explain },
	{ .name = "fanotify-listener",
	  .summary = "a listener that waits for events",
	  .reads = "fsnotify_group.notification_waitq",
	  .seen = "5.10, 6.1, 6.12, 7.3",
	  .certainty = IQ_PROVEN,
	  .functions = reads,
	  .needs_types = types,
	  .explain = explain_listener },
	{ 0 },
};

const struct iq_module iq_module_notify = {
	.api = IQ_MODULE_API,
	.name = "notify",
	.summary = "fanotify: permission events and their listeners",
	.wait_rules = wait_rules,
};
