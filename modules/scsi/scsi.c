/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SCSI disks: commands that are not answered, error recovery, devices kept back
 *
 * A command that is not answered in time is aborted by a worker, alone, and sent again. Where that
 * does not help, the whole host goes into recovery: it takes no new command of any of its devices,
 * and once all that it has have come back or timed out, its thread scsi_eh_N tries harder and
 * harder resets, and asks the device after each whether it is ready. So three things are told apart
 * here:
 *
 *	a device whose commands are in recovery: that is the root, also of the recovery thread's
 *	own wait, which waits for the same device;
 *
 *	another device of such a host, which has done nothing wrong and waits for that one;
 *
 *	a device whose commands have not timed out yet: it does not answer.
 *
 * A device may also be kept back, by its transport (the port or the session is lost), its driver or
 * a power transition: its state says so, and commands wait in its queue.
 *
 * All types are scsi_mod's. A command (struct scsi_cmnd) stands behind its struct request.
 *
 * Kernel: drivers/scsi/scsi_error.c, scsi_lib.c (scsi_queue_rq, scsi_host_queue_ready),
 * include/scsi/scsi_device.h, scsi_host.h, scsi_cmnd.h.
 */
#include "device.h"

#include "inquest/module.h"
#include "inquest/storage.h"
#include "inquest/waitq.h"

enum {
	MAX_DEVICES = 16384,
	MAX_COMMANDS = 65536,
	MAX_SHOWN = 3,
	MAX_STACK_FRAMES = 8,
	SCSI_EH_ABORT_SCHEDULED = 2, /* scsi_cmnd.eh_eflags: it has timed out and was aborted */
};

static const char sdev_type[] = "struct scsi_device";
static const char host_type[] = "struct Scsi_Host";
static const char cmnd_type[] = "struct scsi_cmnd";

/* ---- commands ---- */

struct commands {
	struct iq_diag *d;
	struct iq_object *o;
	iq_vaddr sdev;
	struct iq_verdict *v;
	size_t num, num_aborted;
};

static iq_vaddr command_of(struct iq_session *s, iq_vaddr rq, iq_vaddr sdev)
{
	int64_t size = iq_sizeof(s, "struct request");
	uint64_t back;

	return size > 0 && iq_peek_member(s, cmnd_type, "device", rq + (uint64_t)size, &back) &&
			       back == sdev
		       ? rq + (uint64_t)size
		       : 0;
}

static bool was_aborted(struct iq_session *s, iq_vaddr cmnd)
{
	uint64_t flags;

	return iq_peek_member(s, cmnd_type, "eh_eflags", cmnd, &flags) &&
	       flags & SCSI_EH_ABORT_SCHEDULED;
}

static bool look_at_command(void *ctx, iq_vaddr rq)
{
	struct commands *c = ctx;
	struct iq_session *s = c->d->s;
	iq_vaddr cmnd = command_of(s, rq, c->sdev);
	uint64_t retries, allowed, start = 0; /* 0: not read, or its clock was not asked */
	int64_t age;

	if (!cmnd)
		return false;
	c->num++;
	if (was_aborted(s, cmnd))
		c->num_aborted++;
	if (!c->v || c->num > MAX_SHOWN ||
	    !iq_peek_member(s, cmnd_type, "retries", cmnd, &retries) ||
	    !iq_peek_member(s, cmnd_type, "allowed", cmnd, &allowed))
		return false;
	iq_peek_member(s, "struct request", "start_time_ns", rq, &start);
	age = start ? iq_ms_since(c->d->tasks, start) : -1;
	iq_text_add(c->d->g, &c->v->evidence,
		    "command %#" PRIx64 " (scsi_cmnd) of %s: %s%stried again %" PRId64
		    " of %" PRId64 " times",
		    cmnd, iq_device_name(c->o),
		    age < 0 ? ""
			    : iq_arena_printf(c->d->g->arena, "begun %" PRId64 " ms ago, ", age),
		    was_aborted(s, cmnd) ? "timed out and was aborted, " : "", (int64_t)retries,
		    (int64_t)allowed);
	return false;
}

/* Of the commands that the host has put aside to be aborted or recovered: is one this device's? */
struct put_aside {
	struct iq_session *s;
	iq_vaddr sdev, found;
};

static bool is_of_device(void *ctx, iq_vaddr node)
{
	struct put_aside *x = ctx;
	int64_t off = iq_offsetof(x->s, cmnd_type, "eh_entry");
	uint64_t back;

	if (off >= 0 && iq_peek_member(x->s, cmnd_type, "device", node - (uint64_t)off, &back) &&
	    back == x->sdev)
		x->found = node - (uint64_t)off;
	return x->found != 0;
}

static iq_vaddr find_put_aside(struct iq_session *s, iq_vaddr host, iq_vaddr sdev,
			       const char **list_ret)
{
	/* The first since v5.16. */
	static const char *const lists[] = { "eh_abort_list", "eh_cmd_q" };
	struct put_aside x = { s, sdev, 0 };

	for (size_t i = 0; i < IQ_ARRAY_SIZE(lists) && !x.found; i++) {
		int64_t off = iq_offsetof(s, host_type, lists[i]);

		if (off < 0)
			continue;
		*list_ret = lists[i];
		iq_error_free(
			iq_list_walk(s, host + (uint64_t)off, MAX_COMMANDS, is_of_device, &x));
	}
	return x.found;
}

/* ---- the other devices of a host ---- */

struct siblings {
	struct iq_diag *d;
	iq_vaddr sdev; /* of which the others are meant; 0: all */
	struct iq_object *found[8];
	size_t num;
};

static bool look_at_sibling(void *ctx, iq_vaddr node)
{
	struct siblings *x = ctx;
	int64_t off = iq_offsetof(x->d->s, sdev_type, "siblings");
	struct iq_in_flight f;
	iq_vaddr sdev, disk;

	if (off < 0)
		return true;
	sdev = node - (uint64_t)off;
	disk = sdev == x->sdev ? 0 : iq_scsi_disk_of(x->d->s, sdev);
	if (disk && iq_disk_in_flight(x->d->s, disk, x->d->tasks, &f) && f.num)
		x->found[x->num++] = iq_diag_disk(x->d, disk);
	return x->num == IQ_ARRAY_SIZE(x->found);
}

/* Disks of the host that have commands in flight. */
static void find_siblings(struct siblings *x, iq_vaddr host)
{
	int64_t off = iq_offsetof(x->d->s, host_type, "__devices");

	if (off >= 0)
		iq_error_free(iq_list_walk(x->d->s, host + (uint64_t)off, MAX_DEVICES,
					   look_at_sibling, x));
}

/* ---- the recovery thread ---- */

static const struct iq_task *eh_thread(struct iq_session *s, iq_vaddr host)
{
	uint64_t addr;

	return iq_peek_member(s, host_type, "ehandler", host, &addr) && addr
		       ? iq_task_by_addr(s, addr)
		       : NULL;
}

/* What it is at, by its stack: "scsi_eh_tur < scsi_eh_ready_devs < scsi_error_handler". */
static const char *doing(struct iq_session *s, const struct iq_task *task)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf text = IQ_STRBUF_INIT;
	const struct iq_stack *stack = iq_task_stack(s, task);
	size_t num = 0;

	for (size_t i = 0; i < stack->num_frames && num < MAX_STACK_FRAMES; i++) {
		const struct iq_frame *f = &stack->frames[i];

		if (!f->sym.name || (!num && !f->sym.module))
			continue; /* sleeping itself is no news */
		iq_strbuf_printf(&text, "%s%s", num++ ? " < " : "", f->sym.name);
		if (iq_frame_is(f, "scsi_error_handler"))
			break;
	}
	return num ? iq_arena_printf(iq_scratch(s), "%s", iq_strbuf_str(&text)) : NULL;
}

/*
 * A driver's reset handler may itself wait for a lock or for other work; then the recovery, and all
 * that wait for it, wait for that.
 */
static const char *const further[] = {
	"__mutex_lock",
	"__mutex_lock_slowpath",
	"rwsem_down_write_slowpath",
	"rwsem_down_read_slowpath",
	"__flush_work",
	"__flush_workqueue",
	"flush_workqueue",
	"synchronize_rcu",
	"blk_mq_freeze_queue_wait",
	NULL,
};

static bool waits_further(struct iq_session *s, const struct iq_task *eh)
{
	return eh->state == 'D' && iq_stack_find(iq_task_stack(s, eh), 0, further) >= 0;
}

static void follow_eh_thread(struct iq_diag *d, struct iq_object *o, iq_vaddr host,
			     const struct iq_task *eh)
{
	struct iq_edge *e;

	if (!waits_further(d->s, eh))
		return;
	e = iq_graph_edge(d->g, o, iq_diag_task(d, eh), NULL, IQ_EDGE_SERVES, IQ_PROVEN,
			  "does the error recovery");
	iq_text_add(d->g, &e->evidence, "Scsi_Host.ehandler at %#" PRIx64 " is %s (%d)", host,
		    eh->comm, eh->pid);
}

/* ---- verdicts ---- */

static void add_give_up(struct iq_diag *d, struct iq_verdict *v, const char *disk)
{
	iq_remedy_add(
		d->g, &v->remedy, IQ_RISK_DATA,
		iq_arena_printf(d->g->arena, "echo 1 > /sys/block/%s/device/delete", disk),
		"The last resort, give the disk up: echo 1 > /sys/block/%s/device/delete. What "
		"was not written is lost and filesystems on it fail; and this command itself "
		"waits until the commands in flight have come back or timed out",
		disk);
}

static void add_evidence_of_state(struct iq_diag *d, struct iq_object *o, struct iq_verdict *v,
				  iq_vaddr sdev, iq_vaddr host)
{
	uint64_t state = 0, failed = 0, scheduled = 0;
	const struct iq_task *eh = eh_thread(d->s, host);
	const char *held = iq_scsi_host_held(d->s, host), *at;

	if (iq_peek_member(d->s, sdev_type, "sdev_state", sdev, &state)) {
		static const char *const names[] = {
			"?",	    "created", "running",	    "cancelled", "deleted",
			"quiesced", "offline", "transport-offline", "blocked",	 "created, blocked",
		};

		iq_text_add(d->g, &v->evidence,
			    "%s is %s; scsi_device.sdev_state at %#" PRIx64 " is %" PRIu64 " (%s)",
			    iq_device_name(o), iq_scsi_describe(d->s, sdev, host), sdev, state,
			    state < IQ_ARRAY_SIZE(names) ? names[state] : "?");
	}
	if (held) {
		iq_peek_member(d->s, host_type, "host_failed", host, &failed);
		iq_peek_member(d->s, host_type, "host_eh_scheduled", host, &scheduled);
		iq_text_add(d->g, &v->evidence,
			    "Scsi_Host at %#" PRIx64 ": %s; host_failed %" PRIu64
			    ", host_eh_scheduled %" PRIu64,
			    host, held, failed, scheduled);
	}
	at = held && eh ? doing(d->s, eh) : NULL;
	if (at)
		iq_text_add(d->g, &v->evidence, "its recovery thread %s (%d) is in %s", eh->comm,
			    eh->pid, at);
}

static void judge_recovering(struct iq_diag *d, struct iq_object *o, iq_vaddr sdev, iq_vaddr host)
{
	struct commands c = { .d = d, .o = o, .sdev = sdev };
	const struct iq_task *eh = eh_thread(d->s, host);
	const char *list = NULL;
	iq_vaddr aside = find_put_aside(d->s, host, sdev, &list);
	uint64_t no = 0;

	c.v = iq_object_verdict(
		d->g, o, IQ_CAUSE_DEV_RECOVERING, IQ_PROVEN,
		"the kernel is in error recovery of the disk %s (%s), which did not answer in time",
		iq_device_name(o), iq_scsi_describe(d->s, sdev, host));
	if (!c.v)
		return;
	add_evidence_of_state(d, o, c.v, sdev, host);
	if (aside)
		iq_text_add(d->g, &c.v->evidence,
			    "command %#" PRIx64 " of it is on Scsi_Host.%s: it has timed out",
			    aside, list);
	iq_disk_each_request(d->s, o->addr, look_at_command, &c);
	iq_peek_member(d->s, host_type, "host_no", host, &no);
	iq_remedy_add(
		d->g, &c.v->remedy, IQ_RISK_NONE, NULL,
		"Look at the disk and the way to it (cable, port, array, hypervisor): dmesg | "
		"grep %s; multipath -ll",
		iq_device_name(o));
	iq_remedy_add(
		d->g, &c.v->remedy, IQ_RISK_NONE, NULL,
		"Recovery ends by itself: abort, then resets of the device, the bus, the host, "
		"each followed by a test of up to /sys/block/%s/device/eh_timeout seconds. "
		"Until then all disks of host%" PRIu64 " wait",
		iq_device_name(o), no);
	iq_remedy_add(
		d->g, &c.v->remedy, IQ_RISK_HIGH,
		iq_arena_printf(d->g->arena,
				"echo 30 > /sys/class/scsi_host/host%" PRIu64 "/eh_deadline", no),
		"To make the next one shorter: echo 30 > "
		"/sys/class/scsi_host/host%" PRIu64 "/eh_deadline (after 30 seconds of it the "
		"host is reset, which disturbs all of its disks)",
		no);
	add_give_up(d, c.v, iq_device_name(o));
	if (eh)
		follow_eh_thread(d, o, host, eh);
}

static void judge_held(struct iq_diag *d, struct iq_object *o, iq_vaddr sdev, iq_vaddr host,
		       const char *held)
{
	struct iq_verdict *v;
	uint64_t by = 0;

	if (!strcmp(held, "SDEV_QUIESCE"))
		v = iq_object_verdict(d->g, o, IQ_CAUSE_DEV_SUSPENDED, IQ_PROVEN,
				      "the disk %s (%s) is quiesced: the kernel keeps its I/O back",
				      iq_device_name(o), iq_scsi_describe(d->s, sdev, host));
	else if (!strcmp(held, "host_self_blocked"))
		v = iq_object_verdict(d->g, o, IQ_CAUSE_DEV_SUSPENDED, IQ_PROVEN,
				      "the driver of %s (%s) keeps back the I/O of all its disks",
				      iq_device_name(o), iq_scsi_describe(d->s, sdev, host));
	else
		v = iq_object_verdict(d->g, o, IQ_CAUSE_DEV_SUSPENDED, IQ_PROVEN,
				      "the disk %s (%s) is blocked: its transport or driver keeps "
				      "its I/O back",
				      iq_device_name(o), iq_scsi_describe(d->s, sdev, host));
	if (!v)
		return;
	v->final = v->cannot_go_on = true;
	add_evidence_of_state(d, o, v, sdev, host);
	if (iq_peek_member(d->s, sdev_type, "quiesced_by", sdev, &by) && by) {
		const struct iq_task *t = iq_task_by_addr(d->s, by);

		iq_text_add(d->g, &v->evidence,
			    "scsi_device.quiesced_by is %#" PRIx64
			    "%s%s: it was quiesced by that task",
			    by, t ? ", " : "", t ? t->comm : "");
	}
	iq_remedy_add(
		d->g, &v->remedy, IQ_RISK_NONE, NULL,
		"Bring the path back, or wait until the transport gives up: dmesg | grep %s; of "
		"Fibre Channel /sys/class/fc_remote_ports/*/{port_state,dev_loss_tmo}, of iSCSI "
		"iscsiadm -m session -P 1",
		iq_device_name(o));
	iq_remedy_add(d->g, &v->remedy, IQ_RISK_LOW,
		      iq_arena_printf(d->g->arena, "echo running > /sys/block/%s/device/state",
				      iq_device_name(o)),
		      "If the path is there and the device was forgotten: echo running > "
		      "/sys/block/%s/device/state",
		      iq_device_name(o));
	iq_remedy_add(
		d->g, &v->remedy, IQ_RISK_DATA,
		iq_arena_printf(d->g->arena, "echo offline > /sys/block/%s/device/state",
				iq_device_name(o)),
		"If errors are better than waiting: echo offline > /sys/block/%s/device/state; "
		"I/O fails then, and filesystems on it with it",
		iq_device_name(o));
}

static void judge_silent(struct iq_diag *d, struct iq_object *o, iq_vaddr sdev, iq_vaddr host)
{
	struct commands c = { .d = d, .o = o, .sdev = sdev };
	struct iq_in_flight f;

	if (!iq_disk_in_flight(d->s, o->addr, d->tasks, &f) || !f.num)
		return;
	c.v = iq_object_verdict(d->g, o, IQ_CAUSE_IO_STALLED,
				f.oldest_ms > d->bound_ms ? IQ_PROVEN : IQ_STRONG,
				"the disk %s (%s) has %u command%s in flight and does not answer",
				iq_device_name(o), iq_scsi_describe(d->s, sdev, host), f.num,
				f.num == 1 ? "" : "s");
	if (!c.v)
		return;
	iq_text_add(d->g, &c.v->evidence,
		    "request %#" PRIx64 " of %s is in flight since %" PRId64 " ms; %u in all",
		    f.oldest, iq_device_name(o), f.oldest_ms, f.num);
	add_evidence_of_state(d, o, c.v, sdev, host);
	iq_disk_each_request(d->s, o->addr, look_at_command, &c);
	if (c.num_aborted)
		iq_text_add(d->g, &c.v->evidence,
			    "%zu of them timed out before, were aborted and sent again",
			    c.num_aborted);
	iq_remedy_add(
		d->g, &c.v->remedy, IQ_RISK_NONE, NULL,
		"Look at the disk and the way to it (cable, port, array, hypervisor): dmesg | "
		"grep %s; multipath -ll",
		iq_device_name(o));
	iq_remedy_add(
		d->g, &c.v->remedy, IQ_RISK_NONE, NULL,
		"The kernel waits /sys/block/%s/device/timeout seconds for each command and "
		"begins error recovery then; echo 30 > that file makes it 30 for new commands, "
		"not for those in flight",
		iq_device_name(o));
	add_give_up(d, c.v, iq_device_name(o));
}

static struct iq_error *explain_disk(struct iq_diag *d, struct iq_object *o)
{
	iq_vaddr sdev = iq_scsi_of_disk(d->s, o->addr),
		 host = sdev ? iq_scsi_host_of(d->s, sdev) : 0;
	const char *driver, *held, *state, *list;
	struct siblings others = { .d = d, .sdev = sdev };
	struct iq_in_flight f;
	bool recovery;

	if (!host)
		return NULL;
	driver = iq_scsi_driver(d->s, host);
	if (driver)
		iq_object_str(d->g, o, "driver", driver);
	held = iq_scsi_device_held(d->s, sdev);
	recovery = iq_scsi_in_recovery(d->s, host, &state);
	if (held && !recovery) {
		judge_held(d, o, sdev, host, held);
		return NULL;
	}
	if (find_put_aside(d->s, host, sdev, &list) ||
	    (recovery && iq_disk_in_flight(d->s, o->addr, d->tasks, &f) && f.num)) {
		judge_recovering(d, o, sdev, host);
		return NULL;
	}
	if (recovery) {
		find_siblings(&others, host);
		for (size_t i = 0; i < others.num; i++) {
			struct iq_edge *e = iq_graph_edge(d->g, o, others.found[i], NULL,
							  IQ_EDGE_SERVES, IQ_PROVEN,
							  "is on the same host adapter, whose "
							  "error recovery keeps all of its "
							  "disks waiting");

			iq_text_add(d->g, &e->evidence,
				    "both are devices of Scsi_Host %#" PRIx64
				    ", which is in %s; %s has commands in it",
				    host, state, iq_device_name(others.found[i]));
		}
		if (!others.num)
			judge_recovering(d, o, sdev, host);
		return NULL;
	}
	if (state)
		judge_held(d, o, sdev, host, state);
	else
		judge_silent(d, o, sdev, host);
	return NULL;
}

/* ---- who waits in the kernel's own SCSI code ---- */

struct search {
	const struct iq_task *task;
	const struct iq_stack *stack;
	iq_vaddr host, sdev;
};

static bool is_own_host(struct iq_session *s, iq_vaddr p, void *ctx)
{
	struct search *x = ctx;
	uint64_t eh;

	return iq_peek_member(s, host_type, "ehandler", p, &eh) && eh == x->task->addr;
}

/* A command of a device with a disk; of this host, if one is given. */
static bool is_command(struct iq_session *s, iq_vaddr p, void *ctx)
{
	struct search *x = ctx;
	uint64_t sdev;

	if (!iq_peek_member(s, cmnd_type, "device", p, &sdev) || !iq_is_kernel_ptr(s, sdev) ||
	    (x->host && iq_scsi_host_of(s, sdev) != x->host) || !iq_scsi_disk_of(s, sdev))
		return false;
	x->sdev = sdev;
	return true;
}

/* A request that ends by waking this very sleep. */
static bool is_own_request(struct iq_session *s, iq_vaddr p, void *ctx)
{
	struct search *x = ctx;
	uint64_t queue, data;

	if (!iq_peek_member(s, "struct request", "end_io_data", p, &data) || data < x->stack->sp ||
	    data >= x->stack->end || !iq_peek_member(s, "struct request", "q", p, &queue) ||
	    !iq_is_kernel_ptr(s, queue))
		return false;
	x->sdev = iq_scsi_of_queue(s, queue);
	return x->sdev && iq_scsi_disk_of(s, x->sdev);
}

static struct iq_wait *wait_for(const struct iq_sleeper *who, struct iq_object *device,
				enum iq_certainty certainty, const char *how, iq_vaddr what,
				const char *type)
{
	struct iq_diag *d = who->d;
	const struct iq_task *task = who->task;
	struct iq_wait *w = iq_diag_wait(who, device, IQ_WAIT_SLEEP);
	struct iq_edge *e =
		iq_graph_edge(d->g, w->task, device, NULL, IQ_EDGE_SERVES, certainty, "%s", how);

	/* Nothing wakes it but the end of this command; the next one is another wait. */
	w->key = task->switches;
	iq_text_add(d->g, &e->evidence, "%s %#" PRIx64 " on the stack of %s (%d) is for %s", type,
		    what, task->comm, task->pid, iq_device_name(device));
	return w;
}

static struct iq_error *explain_eh_thread(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	const struct iq_task *task = who->task;
	const struct iq_stack *stack = who->stack;
	struct search x = { .task = task, .stack = stack };
	struct siblings all = { .d = d };
	const char *state;
	iq_vaddr cmnd;

	/* Idle, it sleeps interruptibly; so it does until all commands have ended. */
	if (task->state != 'D' || waits_further(d->s, task))
		return NULL;
	x.host = iq_kthread_data(d->s, task);
	if (!x.host || !is_own_host(d->s, x.host, &x))
		x.host = iq_stack_search(d->s, stack, 0, is_own_host, &x);
	if (!x.host || !iq_scsi_in_recovery(d->s, x.host, &state))
		return NULL;
	cmnd = iq_stack_search(d->s, stack, 0, is_command, &x);
	if (cmnd) {
		*wait_ret = wait_for(who, iq_diag_disk(d, iq_scsi_disk_of(d->s, x.sdev)), IQ_PROVEN,
				     "has to answer the recovery", cmnd, "scsi_cmnd");
		return NULL;
	}
	/* A driver that recovers in its own way (libata). */
	find_siblings(&all, x.host);
	if (all.num)
		*wait_ret = wait_for(who, all.found[0], IQ_STRONG, "has to answer the recovery",
				     x.host, "the host");
	return NULL;
}

static struct iq_error *explain_abort(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	struct search x = { .task = who->task, .stack = who->stack };
	iq_vaddr cmnd = who->task->state == 'D'
				? iq_stack_search(d->s, who->stack, who->frame, is_command, &x)
				: 0;

	if (cmnd)
		*wait_ret = wait_for(who, iq_diag_disk(d, iq_scsi_disk_of(d->s, x.sdev)), IQ_STRONG,
				     "has to answer the abort", cmnd, "scsi_cmnd");
	return NULL;
}

static struct iq_error *explain_command(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	struct search x = { .task = who->task, .stack = who->stack };
	iq_vaddr rq = iq_stack_search(d->s, who->stack, 0, is_own_request, &x);

	if (rq)
		*wait_ret = wait_for(who, iq_diag_disk(d, iq_scsi_disk_of(d->s, x.sdev)), IQ_PROVEN,
				     "has to answer the command", rq, "request");
	return NULL;
}

static bool is_device_of_host(struct iq_session *s, iq_vaddr p, void *ctx)
{
	struct search *x = ctx;

	return iq_scsi_host_of(s, p) == x->host && iq_scsi_disk_of(s, p);
}

/* Whoever opens a disk, or asks it something, waits until its host is out of recovery. */
static struct iq_error *explain_host_wait(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	const struct iq_stack *stack = who->stack;
	int64_t off = iq_offsetof(d->s, host_type, "host_wait");
	struct search x = { .task = who->task, .stack = stack };
	struct iq_wait_entry entry;
	const char *state;
	iq_vaddr sdev;

	if (off < 0 || !iq_find_wait_entry(d->s, who->task, stack, NULL, &entry))
		return NULL;
	x.host = entry.head - (uint64_t)off;
	if (!iq_scsi_in_recovery(d->s, x.host, &state))
		return NULL;
	sdev = iq_stack_search(d->s, stack, 0, is_device_of_host, &x);
	if (!sdev)
		return NULL;
	*wait_ret = wait_for(who, iq_diag_disk(d, iq_scsi_disk_of(d->s, sdev)), IQ_PROVEN,
			     "its host has to be out of error recovery", sdev, "scsi_device");
	iq_text_add(d->g, &(*wait_ret)->evidence,
		    "it sleeps on Scsi_Host.host_wait of %#" PRIx64 ", which is in %s", x.host,
		    state);
	return NULL;
}

static const char *const eh_functions[] = { "scsi_error_handler", NULL };
static const char *const abort_functions[] = { "scmd_eh_abort_handler", NULL };
static const char *const host_functions[] = { "scsi_block_when_processing_errors", NULL };
static const char *const command_functions[] = { "blk_execute_rq", NULL };

static const struct iq_wait_rule wait_rules[] = {
	{ .name = "scsi-recovery",
	  .summary = "the error recovery thread of a SCSI host, waiting for the device",
	  .reads = "Scsi_Host.ehandler, .shost_state, .__devices; scsi_cmnd.device",
	  .seen = "6.1, 6.12, 6.18, 7.3",
	  .certainty = IQ_PROVEN,
	  .functions = eh_functions,
	  .explain = explain_eh_thread },
	{ .name = "scsi-abort",
	  .summary = "a worker that aborts a SCSI command which has timed out",
	  .reads = "scsi_cmnd.device; scsi_device.host",
	  .certainty = IQ_STRONG,
	  .functions = abort_functions,
	  .explain = explain_abort },
	{ .name = "scsi-host",
	  .summary = "opening a disk, or an ioctl, while its host is in error recovery",
	  .reads = "wait_queue_entry.entry; Scsi_Host.host_wait, .shost_state; scsi_device.host",
	  .seen = "6.1, 6.12, 6.18, 7.3",
	  .certainty = IQ_PROVEN,
	  .functions = host_functions,
	  .explain = explain_host_wait },
	{ .name = "scsi-command",
	  .summary = "a SCSI command of the task's own: opening a disk, ioctl, flush of its cache",
	  .reads = "request.q, .end_io_data; request_queue.queuedata, .disk",
	  .certainty = IQ_PROVEN,
	  .functions = command_functions,
	  .explain = explain_command },
	{ 0 },
};

static const struct iq_object_rule object_rules[] = {
	{ .name = "scsi",
	  .rank = 2, /* knows what is behind the driver */
	  .summary = "SCSI disks: error recovery, devices kept back, and those that do not answer",
	  .type = IQ_OBJ_DEVICE,
	  .explain = explain_disk },
	{ 0 },
};

static const char *const types[] = { "struct scsi_device", "struct Scsi_Host", "struct scsi_cmnd",
				     NULL };

const struct iq_module iq_module_scsi = {
	.api = IQ_MODULE_API,
	.name = "scsi",
	.summary = "SCSI disks: error recovery, blocked devices, commands without an answer",
	.needs_types = types,
	.wait_rules = wait_rules,
	.object_rules = object_rules,
	.disk_may_owe = iq_scsi_may_owe,
};
