/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The audit backlog
 *
 * Whatever is audited puts a record into audit_queue; kauditd takes them from there
 * to auditd's netlink socket. With more records queued than audit_backlog_limit a task sleeps in
 * audit_log_start(), in whatever system call it is, until kauditd wakes it (one task
 * for each time that it has emptied the queue) or audit_backlog_wait_time has passed, a minute if
 * nobody says otherwise. kauditd itself tries for half a second to deliver each
 * batch to a socket that is full.
 *
 * auditd_conn says which process is auditd and what its socket is called.
 *
 * Kernel: kernel/audit.c, net/netlink/af_netlink.h.
 */
#include "inquest/files.h"
#include "inquest/module.h"
#include "inquest/process.h"
#include "inquest/waitq.h"

enum { NETLINK_AUDIT = 9, AF_NETLINK = 16, NETLINK_S_CONGESTED = 0 };

static const char conn_type[] = "struct auditd_connection";
static const char nlk_type[] = "struct netlink_sock";

struct auditd {
	struct iq_diag *d;
	const struct iq_task *task;
	uint64_t portid;
	iq_vaddr conn;
	iq_vaddr sk;	/* its socket; 0: not found */
	bool congested; /* nothing more fits in there */
	uint64_t queued, room;
};

static bool is_audit_socket(void *ctx, const struct iq_open_file *open)
{
	struct auditd *a = ctx;
	struct iq_session *s = a->d->s;
	uint64_t sk, back, family, protocol, portid, state, queued, room;

	if (open->f_op != iq_sym_addr(s, "socket_file_ops") ||
	    !iq_peek_member(s, "struct socket", "sk", open->private_data, &sk) ||
	    !iq_peek_member(s, "struct sock", "sk_socket", sk, &back) ||
	    back != open->private_data ||
	    !iq_peek_member(s, "struct sock", "__sk_common.skc_family", sk, &family) ||
	    family != AF_NETLINK ||
	    !iq_peek_member(s, "struct sock", "sk_protocol", sk, &protocol) ||
	    protocol != NETLINK_AUDIT || !iq_peek_member(s, nlk_type, "portid", sk, &portid) ||
	    portid != a->portid)
		return false;
	a->sk = sk;
	if (iq_peek_member(s, nlk_type, "state", sk, &state) &&
	    iq_peek_member(s, "struct sock", "sk_backlog.rmem_alloc.counter", sk, &queued) &&
	    iq_peek_member(s, "struct sock", "sk_rcvbuf", sk, &room)) {
		a->congested = state & 1 << NETLINK_S_CONGESTED || queued > room;
		a->queued = queued;
		a->room = room;
	}
	return true;
}

/* The process that has said it is auditd. False: none, or not to be found. */
static bool find_auditd(struct iq_diag *d, struct auditd *a)
{
	iq_vaddr symbol = iq_sym_addr(d->s, "auditd_conn");
	int64_t numbers = iq_offsetof(d->s, "struct pid", "numbers"),
		nr = iq_offsetof(d->s, "struct upid", "nr");
	uint64_t pid;
	uint32_t tgid;

	*a = (struct auditd){ .d = d };
	if (!symbol || numbers < 0 || nr < 0 || !iq_peek_u64(d->s, symbol, &a->conn) || !a->conn ||
	    !iq_peek_member(d->s, conn_type, "pid", a->conn, &pid) ||
	    !iq_peek_member(d->s, conn_type, "portid", a->conn, &a->portid) ||
	    !iq_peek_u32(d->s, pid + (uint64_t)(numbers + nr), &tgid))
		return false;
	a->task = iq_task_by_pid(d->s, (int32_t)tgid);
	if (!a->task || a->task->unreadable || a->task->kthread)
		return false;
	iq_open_of_task(d->s, a->task, is_audit_socket, a);
	return true;
}

static uint32_t number(struct iq_diag *d, const char *symbol)
{
	iq_vaddr addr = iq_sym_addr(d->s, symbol);
	uint32_t value = 0;

	if (addr)
		iq_peek_u32(d->s, addr, &value);
	return value;
}

static void add_kauditd(struct iq_diag *d, struct iq_wait *w, uint64_t queued)
{
	iq_vaddr symbol = iq_sym_addr(d->s, "kauditd_task");
	static const char *const idle[] = { "kauditd_thread", NULL };
	const struct iq_task *t;
	struct iq_verdict *v;
	struct iq_edge *e;
	uint64_t addr;

	if (!symbol || !iq_peek_u64(d->s, symbol, &addr) || !(t = iq_task_by_addr(d->s, addr)) ||
	    t->unreadable)
		return;
	if (!queued && t->state == 'S' && iq_stack_find(iq_task_stack(d->s, t), 0, idle) >= 0) {
		v = iq_object_verdict(d->g, w->on, IQ_CAUSE_KERNEL_STUCK, IQ_STRONG,
				      "the audit backlog is empty again, and who waits for it is "
				      "woken by the next record, or when its time is up");
		if (v)
			iq_text_add(d->g, &v->evidence,
				    "audit_queue.qlen is 0, and %s (%d) sleeps until there is "
				    "something to do",
				    t->comm, t->pid);
		return;
	}
	e = iq_graph_edge(d->g, w->task, iq_diag_task(d, t), w->on, IQ_EDGE_SERVES, IQ_STRONG,
			  "has to empty the audit backlog");
	iq_text_add(d->g, &e->evidence, "kauditd_task is %s (%d), in state %c", t->comm, t->pid,
		    t->state);
}

static void add_remedy(struct iq_diag *d, struct iq_object *on)
{
	if (on->remedy.num)
		return;
	iq_remedy_add(d->g, &on->remedy, IQ_RISK_NONE, "auditctl -s",
		      "See how auditing does: auditctl -s (backlog, backlog_limit, lost)");
	iq_remedy_add(
		d->g, &on->remedy, IQ_RISK_DATA, "auditctl --backlog_wait_time 0",
		"Let tasks go on without their records: auditctl --backlog_wait_time 0 (records "
		"are lost while the backlog is full)");
}

static struct iq_error *explain(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	iq_vaddr head = iq_sym_addr(d->s, "audit_backlog_wait"),
		 queue = iq_sym_addr(d->s, "audit_queue");
	uint32_t limit = number(d, "audit_backlog_limit");
	struct iq_wait_entry entry;
	struct iq_object *on;
	uint64_t queued = 0;
	struct auditd a;
	struct iq_wait *w;

	if (!head || !iq_find_wait_entry(d->s, who->task, who->stack, NULL, &entry) ||
	    entry.head != head)
		return NULL;
	if (queue)
		iq_peek_member(d->s, "struct sk_buff_head", "qlen", queue, &queued);
	on = iq_graph_object(d->g, IQ_OBJ_KERNEL, "kernel:audit-backlog");
	iq_object_name(d->g, on, "room in the audit backlog, which takes %u records", limit);
	add_remedy(d, on);
	w = iq_diag_wait(who, on, IQ_WAIT_SLEEP);
	w->any = true;
	iq_text_add(d->g, &w->evidence,
		    "it is in the queue audit_backlog_wait; audit_queue.qlen is %" PRIu64
		    " now, audit_backlog_limit %u",
		    queued, limit);
	*wait_ret = w;
	if (find_auditd(d, &a) && a.congested)
		iq_diag_process_edges(
			d, &(struct iq_process_edges){
				   .wait = w,
				   .process = a.task,
				   .via = on,
				   .kind = IQ_EDGE_SERVES,
				   .certainty = IQ_PROVEN,
				   .how = "has to read the records",
				   .evidence = iq_arena_printf(
					   iq_scratch(d->s),
					   "auditd_connection.pid at %#" PRIx64
					   " is %s (%d); nothing more fits into its netlink socket "
					   "%#" PRIx64 " (%" PRIu64 " of %" PRIu64 " bytes)",
					   a.conn, a.task->comm, a.task->tgid, a.sk, a.queued,
					   a.room) });
	else
		add_kauditd(d, w, queued);
	return NULL;
}

static const char *const functions[] = { "audit_log_start", "audit_receive", NULL };
static const char *const types[] = { "struct auditd_connection", "struct netlink_sock",
				     "struct sk_buff_head", NULL };

static const struct iq_wait_rule wait_rules[] = {
	{ .name = "audit-backlog",
	  .summary = "what is audited while the backlog is full: auditd, which does not read, or "
		     "kauditd",
	  .reads = "audit_backlog_wait, audit_queue.qlen; auditd_connection.pid, .portid; "
		   "netlink_sock.portid, .state; sock.sk_rcvbuf; kauditd_task",
	  .seen = "5.10, 6.1, 6.12, 7.3",
	  .certainty = IQ_PROVEN,
	  .functions = functions,
	  .needs_types = types,
	  .explain = explain },
	{ 0 },
};

const struct iq_module iq_module_audit = {
	.api = IQ_MODULE_API,
	.name = "audit",
	.summary = "the audit backlog",
	.wait_rules = wait_rules,
};
