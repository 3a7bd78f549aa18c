/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The other end, where it is this machine
 *
 * A machine may mount what it exports itself, or a container what its host does. Then the answer
 * is in the hands of a kernel thread: nfsd, or another one of a struct svc_serv. Such a
 * thread was started with its svc_rqst, which has the number of the call (xid) that it works at;
 * the client keeps the calls that it wants answers for in a tree of the transport, by the same
 * number. The same number here and there is the same call, whatever the address says: bridges and
 * other network namespaces need not be understood for that.
 *
 * A call that no thread has taken yet waits in a socket until one of them is free. An idle thread
 * keeps the number of its last call: whether it is at work says its stack.
 *
 * Kernel: include/linux/sunrpc/svc.h (svc_rqst), xprt.h (rpc_xprt.recv_queue, rpc_rqst),
 * net/sunrpc/svc.c (svc_process), svc_xprt.c (svc_recv).
 */
#include "served.h"

#include "inquest/waitq.h"

enum { MAX_THREADS = 1024, MAX_REQUESTS = 65536 };

static const char svc_type[] = "struct svc_rqst";
static const char xprt_type[] = "struct rpc_xprt";

static const char *const working[] = { "svc_process", "svc_process_common", "nfsd_dispatch",
				       "nlmsvc_dispatch", NULL };
static const char *const serving[] = { "svc_recv", "nfsd", NULL };

struct worker {
	const struct iq_task *task;
	uint64_t rqstp, xid;
};

struct search {
	struct iq_diag *d;
	struct iq_object *server;
	struct iq_nfs_served *served;
	size_t num;
	struct worker list[MAX_THREADS];
};

static void add_worker(struct search *x, const struct iq_task *t)
{
	struct iq_session *s = x->d->s;
	const struct iq_stack *stack = iq_task_stack(s, t);
	struct worker w = { .task = t };
	uint64_t back;

	if (iq_stack_find(stack, 0, working) < 0) {
		x->served->num_idle += iq_stack_find(stack, 0, serving) >= 0;
		return;
	}
	w.rqstp = iq_kthread_data(s, t);
	if (!w.rqstp || !iq_peek_member(s, svc_type, "rq_xid", w.rqstp, &w.xid) ||
	    (iq_has_member(s, svc_type, "rq_task") &&
	     (!iq_peek_member(s, svc_type, "rq_task", w.rqstp, &back) || back != t->addr)))
		return;
	x->served->num_busy++;
	if (x->num < MAX_THREADS)
		x->list[x->num++] = w;
}

static struct iq_edge *edge(struct search *x, const struct worker *w, enum iq_edge_kind kind,
			    enum iq_certainty certainty, const char *how)
{
	x->served->num_edges++;
	return iq_graph_edge(x->d->g, x->server, iq_diag_task(x->d, w->task), NULL, kind, certainty,
			     "%s", how);
}

static bool match(void *ctx, iq_vaddr node)
{
	struct search *x = ctx;
	int64_t recv = iq_offsetof(x->d->s, "struct rpc_rqst", "rq_recv");
	iq_vaddr rqst = node - (uint64_t)recv;
	uint64_t xid;

	if (recv < 0 || !iq_peek_member(x->d->s, "struct rpc_rqst", "rq_xid", rqst, &xid))
		return recv < 0;
	for (size_t i = 0; i < x->num; i++) {
		const struct worker *w = &x->list[i];
		struct iq_edge *e;

		if ((uint32_t)w->xid != (uint32_t)xid || !xid)
			continue;
		e = edge(x, w, IQ_EDGE_SERVES, IQ_STRONG, "works at the call");
		iq_text_add(x->d->g, &e->evidence,
			    "%s (%d) is at work on call %#x (svc_rqst.rq_xid at %#" PRIx64
			    "), which is the number of rpc_rqst %#" PRIx64
			    ", sent and not answered",
			    w->task->comm, w->task->pid, (unsigned)(uint32_t)xid, w->rqstp, rqst);
	}
	return false;
}

static void find_place(struct search *x, iq_vaddr xprt)
{
	struct iq_session *s = x->d->s;
	int64_t addr = iq_offsetof(s, xprt_type, "addr");
	struct iq_address address;
	uint64_t net = 0;

	iq_peek_member(s, xprt_type, "xprt_net", xprt, &net);
	if (addr >= 0 && iq_address_read(s, xprt + (uint64_t)addr, &address))
		x->served->place = iq_address_place(s, net, &address, &x->served->device);
	x->served->here = x->served->place == IQ_ADDRESS_HERE;
}

void iq_nfs_add_threads(struct iq_diag *d, struct iq_object *server, iq_vaddr xprt,
			struct iq_nfs_served *served_ret)
{
	struct search *x = iq_arena_alloc(d->g->arena, sizeof(*x));
	int64_t queue = iq_offsetof(d->s, xprt_type, "recv_queue");

	*served_ret = (struct iq_nfs_served){ .place = IQ_ADDRESS_ELSEWHERE };
	*x = (struct search){ .d = d, .server = server, .served = served_ret };
	for (size_t i = 0; i < d->tasks->num_tasks; i++)
		if (d->tasks->tasks[i].kthread && d->tasks->tasks[i].stack &&
		    !d->tasks->tasks[i].on_cpu)
			add_worker(x, &d->tasks->tasks[i]);
	find_place(x, xprt);
	if (queue >= 0 && x->num)
		iq_error_free(iq_rbtree_walk(d->s, xprt + (uint64_t)queue, MAX_REQUESTS, match, x));
	if (served_ret->num_edges)
		served_ret->here = true;
	if (served_ret->num_edges || !served_ret->here || served_ret->num_idle)
		return;
	for (size_t i = 0; i < x->num; i++) {
		struct iq_edge *e = edge(x, &x->list[i], IQ_EDGE_MAYBE, IQ_LIKELY,
					 "has to take the call when it has done its own");

		iq_text_add(d->g, &e->evidence,
			    "the address is one of this machine (%s), and all %zu threads of its "
			    "servers are at work on other calls",
			    served_ret->device, x->num);
	}
}
