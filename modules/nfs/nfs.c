/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * NFS: the server that has not answered
 *
 * A call to a server is a struct rpc_task. Who made it waits for a bit of its tk_runstate: queued
 * (a call of one's own), or active (a call that runs by itself). The task says which procedure of
 * which program it is, in which queue of the transport it is, since when, and how often it was
 * sent; the transport has the server's name, address, port and protocol, and whether it is
 * connected.
 *
 * The server may be this machine itself: see served.c.
 *
 * Others wait without a call of their own: for a page that a call of the kernel's fills or writes,
 * for a flag of an inode, for the state manager of an NFSv4 client, for a client that is being made
 * by another mount of the same server. All calls under way are in the list of their rpc_clnt; the
 * oldest says whether the server answers.
 *
 * Kernel: include/linux/sunrpc/sched.h, clnt.h, xprt.h, xprtsock.h, include/linux/nfs_fs_sb.h,
 * net/sunrpc/sched.c, fs/nfs/nfs4state.c, client.c (nfs_wait_client_init_complete), inode.c
 * (nfs_wait_bit_killable).
 */
#include "served.h"

#include <stdio.h>

#include "inquest/module.h"
#include "inquest/waitq.h"

enum {
	NFS_SUPER_MAGIC = 0x6969,
	PAGE_MAPPING_FLAGS = 3,
	MAX_SUPERS = 65536,
	MAX_CALLS = 65536,
	NFS_CS_READY = 0,
	NFS_CS_LAST = 2, /* what it is on its way there: NFS_CS_INITING, NFS_CS_SESSION_INITING */
	XPRT_CONNECTED = 1 << 1,
	XPRT_CONNECTING = 1 << 2,
	RPC_TASK_SOFT = 0x200,
};

static const char task_type[] = "struct rpc_task";
static const char xprt_type[] = "struct rpc_xprt";
static const char clnt_type[] = "struct rpc_clnt";

/* As text, RPC_DISPLAY_ADDR and RPC_DISPLAY_PORT. */
#define ADDRESS "address_strings[0]"
#define PORT	"address_strings[1]"

/* ---- the transport, and the server at its other end ---- */

static bool read_text(struct iq_diag *d, const char *type, const char *member, iq_vaddr addr,
		      char *buf, size_t size)
{
	struct iq_error *err;
	uint64_t p;

	buf[0] = '\0';
	if (!iq_peek_member(d->s, type, member, addr, &p) ||
	    !iq_is_kernel_ptr(d->s, p & ~(uint64_t)7))
		return false;
	err = iq_read_str(d->s, p, buf, size);
	if (err) {
		iq_error_free(err);
		return false;
	}
	for (const char *c = buf; *c; c++)
		if ((unsigned char)*c <= ' ' || (unsigned char)*c > '~')
			return false;
	return buf[0] != '\0';
}

struct find_mount {
	struct iq_diag *d;
	iq_vaddr xprt, sb;
	int64_t list;
};

static iq_vaddr xprt_of_clnt(struct iq_diag *d, iq_vaddr clnt)
{
	uint64_t xprt;

	return iq_is_kernel_ptr(d->s, clnt) &&
			       iq_peek_member(d->s, clnt_type, "cl_xprt", clnt, &xprt) &&
			       iq_is_kernel_ptr(d->s, xprt)
		       ? xprt
		       : 0;
}

static iq_vaddr clnt_of_sb(struct iq_diag *d, iq_vaddr sb)
{
	uint64_t magic, server, clnt;

	if (!iq_peek_member(d->s, "struct super_block", "s_magic", sb, &magic) ||
	    magic != NFS_SUPER_MAGIC ||
	    !iq_peek_member(d->s, "struct super_block", "s_fs_info", sb, &server) ||
	    !iq_is_kernel_ptr(d->s, server) ||
	    !iq_peek_member(d->s, "struct nfs_server", "client", server, &clnt) ||
	    !xprt_of_clnt(d, clnt))
		return 0;
	return clnt;
}

static bool is_mount_of(void *ctx, iq_vaddr node)
{
	struct find_mount *f = ctx;

	iq_vaddr clnt = clnt_of_sb(f->d, node - (uint64_t)f->list);

	if (!clnt || xprt_of_clnt(f->d, clnt) != f->xprt)
		return false;
	f->sb = node - (uint64_t)f->list;
	return true;
}

/* A filesystem of this transport: mounted where, from which export; NULL where there is none (a
 * mount under way). */
static struct iq_object *filesystem_of(struct iq_diag *d, iq_vaddr xprt)
{
	struct find_mount f = { .d = d,
				.xprt = xprt,
				.list = iq_offsetof(d->s, "struct super_block", "s_list") };
	iq_vaddr head = iq_sym_addr(d->s, "super_blocks");

	if (f.list < 0 || !head)
		return NULL;
	iq_error_free(iq_list_walk(d->s, head, MAX_SUPERS, is_mount_of, &f));
	return f.sb ? iq_diag_filesystem(d, f.sb) : NULL;
}

static const char *attr_text(const struct iq_object *o, const char *key)
{
	const struct iq_attr *attr = o ? iq_object_attr(o, key) : NULL;

	return attr ? attr->str : NULL;
}

/* Where the server of a transport was found to be (struct iq_nfs_served). */
static const char served_here[] = "served";

static struct iq_object *server_of(struct iq_diag *d, iq_vaddr xprt)
{
	char address[64], port[16], name[128];
	struct iq_nfs_served *served;
	struct iq_object *o, *fs;
	const char *mount;

	if (!read_text(d, xprt_type, ADDRESS, xprt, address, sizeof(address)))
		return NULL;
	if (read_text(d, xprt_type, PORT, xprt, port, sizeof(port)) && strcmp(port, "0") != 0)
		o = iq_graph_object(d->g, IQ_OBJ_SERVER,
				    strchr(address, ':') ? "server:[%s]:%s" : "server:%s:%s",
				    address, port);
	else
		o = iq_graph_object(d->g, IQ_OBJ_SERVER, "server:%s", address);
	if (o->addr)
		return o;
	o->addr = xprt;
	iq_object_str(d->g, o, "protocol", "nfs");
	served = iq_arena_alloc(d->g->arena, sizeof(*served));
	iq_nfs_add_threads(d, o, xprt, served);
	iq_diag_remember(d, served_here, xprt, served);
	fs = filesystem_of(d, xprt);
	mount = attr_text(fs, "mount");
	if (!read_text(d, xprt_type, "servername", xprt, name, sizeof(name)) ||
	    !strcmp(name, address))
		snprintf(name, sizeof(name), "%s", address);
	if (strcmp(name, address) != 0)
		iq_object_name(d->g, o, "NFS server %s (%s%s)", name, address,
			       served->here ? ", this machine" : "");
	else
		iq_object_name(d->g, o, "NFS server %s%s", address,
			       served->here ? " (this machine)" : "");
	if (mount && !served->here)
		iq_remedy_add(d->g, &o->remedy, IQ_RISK_DATA,
			      iq_arena_printf(d->g->arena, "umount -f %s",
					      iq_arena_quoted(d->g->arena, mount)),
			      "If the server does not come back: umount -f %s, then umount -l %s; "
			      "what was not written to the server is lost",
			      mount, mount);
	return o;
}

/* ---- the call ---- */

struct call {
	iq_vaddr xprt;
	char procedure[32], program[32], queue[48];
	uint64_t flags, sent;
	int64_t age_ms; /* -1: not known */
};

static bool read_call(struct iq_diag *d, iq_vaddr task, struct call *c)
{
	uint64_t clnt, xprt = 0, proc, program, queue, started, rqst;

	*c = (struct call){ .age_ms = -1 };
	if (!iq_peek_member(d->s, task_type, "tk_client", task, &clnt) ||
	    !iq_is_kernel_ptr(d->s, clnt) ||
	    !iq_peek_member(d->s, clnt_type, "cl_program", clnt, &program) ||
	    !read_text(d, "struct rpc_program", "name", program, c->program, sizeof(c->program)))
		return false;
	iq_peek_member(d->s, task_type, "tk_xprt", task, &xprt);
	if (!xprt)
		iq_peek_member(d->s, clnt_type, "cl_xprt", clnt, &xprt);
	if (!iq_is_kernel_ptr(d->s, xprt))
		return false;
	c->xprt = xprt;
	if (iq_peek_member(d->s, task_type, "tk_msg.rpc_proc", task, &proc) &&
	    iq_is_kernel_ptr(d->s, proc))
		read_text(d, "struct rpc_procinfo", "p_name", proc, c->procedure,
			  sizeof(c->procedure));
	if (iq_peek_member(d->s, task_type, "tk_waitqueue", task, &queue) &&
	    iq_is_kernel_ptr(d->s, queue))
		read_text(d, "struct rpc_wait_queue", "name", queue, c->queue, sizeof(c->queue));
	iq_peek_member(d->s, task_type, "tk_flags", task, &c->flags);
	if (iq_peek_member(d->s, task_type, "tk_rqstp", task, &rqst) &&
	    iq_is_kernel_ptr(d->s, rqst))
		iq_peek_member(d->s, "struct rpc_rqst", "rq_ntrans", rqst, &c->sent);
	if (iq_peek_member(d->s, task_type, "tk_start", task, &started))
		c->age_ms = iq_ms_since(d->tasks, started);
	return true;
}

struct oldest {
	struct iq_diag *d;
	int64_t list;
	struct call call;
};

static bool is_older(void *ctx, iq_vaddr node)
{
	struct oldest *o = ctx;
	struct call c;

	if (read_call(o->d, node - (uint64_t)o->list, &c) && c.age_ms > o->call.age_ms)
		o->call = c;
	return false;
}

/* Of all calls of this client that are under way; age_ms is -1 where there is none. */
static struct call oldest_call(struct iq_diag *d, iq_vaddr clnt)
{
	struct oldest o = { .d = d,
			    .list = iq_offsetof(d->s, task_type, "tk_task"),
			    .call.age_ms = -1 };
	int64_t off = iq_offsetof(d->s, clnt_type, "cl_tasks");

	if (o.list >= 0 && off >= 0)
		iq_error_free(iq_list_walk(d->s, clnt + (uint64_t)off, MAX_CALLS, is_older, &o));
	return o.call;
}

static const char *connection_of(struct iq_diag *d, iq_vaddr xprt)
{
	uint64_t state;

	if (!iq_peek_member(d->s, xprt_type, "state", xprt, &state))
		return "its connection could not be read";
	return state & XPRT_CONNECTED	 ? "the connection to it stands"
	       : state & XPRT_CONNECTING ? "no connection to it comes about"
					 : "it is not connected";
}

/* What the transport's own socket knows: whether anything comes back at all. */
static void add_socket(struct iq_diag *d, struct iq_verdict *v, iq_vaddr xprt)
{
	int64_t off = iq_offsetof(d->s, "struct sock_xprt", "xprt");
	uint64_t sk, again, written, acked;

	if (off < 0 ||
	    !iq_peek_member(d->s, "struct sock_xprt", "inet", xprt - (uint64_t)off, &sk) ||
	    !iq_is_kernel_ptr(d->s, sk) ||
	    !iq_peek_member(d->s, "struct inet_connection_sock", "icsk_retransmits", sk, &again) ||
	    !iq_peek_member(d->s, "struct tcp_sock", "write_seq", sk, &written) ||
	    !iq_peek_member(d->s, "struct tcp_sock", "snd_una", sk, &acked) || !again)
		return;
	iq_text_add(d->g, &v->evidence,
		    "its socket has sent again %" PRIu64
		    " times without an answer (icsk_retransmits of %#" PRIx64
		    "); %u bytes are not acknowledged",
		    again, sk, (uint32_t)written - (uint32_t)acked);
}

static void add_export(struct iq_diag *d, struct iq_verdict *v, iq_vaddr xprt)
{
	const struct iq_object *fs = filesystem_of(d, xprt);
	const char *device = attr_text(fs, "device"), *mount = attr_text(fs, "mount");

	if (device && mount)
		iq_text_add(d->g, &v->evidence, "%s, mounted at %s, is of this server", device,
			    mount);
}

/* The way to it is no question: the server is this machine. */
static void say_local(struct iq_diag *d, struct iq_verdict *v, const struct iq_nfs_served *served)
{
	iq_text_add(
		d->g, &v->evidence,
		"the server's address is one of this machine (%s); of its threads %zu wait for a "
		"call, %zu work at one",
		served->device ? served->device : "by a call that it has in hand", served->num_idle,
		served->num_busy);
	iq_remedy_add(d->g, &v->remedy, IQ_RISK_NONE, NULL,
		      served->num_idle + served->num_busy
			      ? "The server is this machine itself: look at its threads (inquest "
				"stacks -f svc_recv) and at what it exports (exportfs -v)"
			      : "The server is this machine itself, and it has no thread of an NFS "
				"server in the kernel: see whether one is to be started, or which "
				"program serves (ss -ltnp)");
}

static void judge(struct iq_diag *d, struct iq_object *server, iq_vaddr xprt, const struct call *c)
{
	const struct iq_nfs_served *served = iq_diag_recall(d, served_here, xprt);
	struct iq_verdict *v;
	char address[64];
	uint64_t state = 0;

	/* Slow is another thing than silent. */
	if (c->age_ms < d->bound_ms)
		return;
	iq_peek_member(d->s, xprt_type, "state", xprt, &state);
	v = iq_object_verdict(d->g, server, IQ_CAUSE_NET_UNREACHABLE, IQ_PROVEN,
			      "%s does not answer: %s", server->name, connection_of(d, xprt));
	if (server->verdict->kind != IQ_CAUSE_NET_UNREACHABLE)
		return;
	iq_text_add(d->g, &server->verdict->evidence,
		    "%s call %s is under way for %" PRId64 " s, sent %" PRIu64
		    " times, in queue %s",
		    c->program, c->procedure[0] ? c->procedure : "NULL", c->age_ms / 1000, c->sent,
		    c->queue[0] ? c->queue : "(none)");
	if (!v)
		return;
	iq_text_add(d->g, &v->evidence, "rpc_xprt.state at %#" PRIx64 " is %#" PRIx64 ": %s", xprt,
		    state, connection_of(d, xprt));
	add_socket(d, v, xprt);
	add_export(d, v, xprt);
	if (served && served->here) {
		say_local(d, v, served);
		return;
	}
	if (!read_text(d, xprt_type, ADDRESS, xprt, address, sizeof(address)))
		address[0] = '\0';
	iq_remedy_add(d->g, &v->remedy, IQ_RISK_NONE,
		      iq_arena_printf(d->g->arena, "rpcinfo -T tcp %s nfs", address),
		      "See whether the server is up, serves NFS, and the way to it is open "
		      "(firewall, route): ping %s; rpcinfo -T tcp %s nfs",
		      address, address);
	if (c->flags & RPC_TASK_SOFT)
		iq_remedy_add(d->g, &v->remedy, IQ_RISK_NONE, NULL,
			      "This call gives up by itself after its time-out (soft)");
	else
		iq_remedy_add(d->g, &v->remedy, IQ_RISK_NONE, NULL,
			      "The calls are hard ones: they go on by themselves when the server "
			      "answers, and wait for ever if "
			      "it does not");
}

static struct iq_wait *wait_for(const struct iq_sleeper *who, iq_vaddr xprt, const struct call *c)
{
	struct iq_diag *d = who->d;
	struct iq_object *server = server_of(d, xprt);
	struct iq_wait *w;

	if (!server)
		return NULL;
	w = iq_diag_wait(who, server, IQ_WAIT_SLEEP);
	iq_graph_edge(d->g, w->task, server, NULL, IQ_EDGE_SERVES, IQ_PROVEN, "has to answer");
	judge(d, server, xprt, c);
	return w;
}

static struct iq_error *explain_call(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	int64_t off = iq_offsetof(d->s, task_type, "tk_runstate");
	struct iq_wait *w;
	struct call c;
	iq_vaddr word;
	int bit;

	if (off < 0 || !iq_find_wait_bit(d->s, who->task, who->stack, &word, &bit) || bit < 0 ||
	    !read_call(d, word - (uint64_t)off, &c))
		return NULL;
	w = wait_for(who, c.xprt, &c);
	if (!w)
		return NULL;
	iq_text_add(d->g, &w->evidence,
		    "its wait_bit_queue_entry names bit %d of rpc_task %#" PRIx64
		    ": %s of program %s",
		    bit, word - (uint64_t)off, c.procedure[0] ? c.procedure : "NULL", c.program);
	w->in_words = iq_arena_printf(d->g->arena, "in %s's %s", c.program,
				      c.procedure[0] ? c.procedure : "NULL");
	*wait_ret = w;
	return NULL;
}

/* ---- waits without a call of one's own ---- */

static struct iq_wait *wait_for_client(const struct iq_sleeper *who, iq_vaddr clnt)
{
	struct iq_diag *d = who->d;
	struct call oldest = oldest_call(d, clnt);

	return wait_for(who, xprt_of_clnt(d, clnt), &oldest);
}

/* The RPC client of a struct nfs_client; 0 where this is none. */
static iq_vaddr clnt_of_client(struct iq_diag *d, iq_vaddr client)
{
	char host[128];
	uint64_t clnt;

	return iq_peek_member(d->s, "struct nfs_client", "cl_rpcclient", client, &clnt) &&
			       xprt_of_clnt(d, clnt) &&
			       read_text(d, "struct nfs_client", "cl_hostname", client, host,
					 sizeof(host))
		       ? clnt
		       : 0;
}

static struct iq_error *explain_manager(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	int64_t off = iq_offsetof(d->s, "struct nfs_client", "cl_state");
	struct iq_wait *w;
	iq_vaddr word, clnt;
	int bit;

	if (off < 0 || !iq_find_wait_bit(d->s, who->task, who->stack, &word, &bit) || bit < 0 ||
	    !(clnt = clnt_of_client(d, word - (uint64_t)off)))
		return NULL;
	w = wait_for_client(who, clnt);
	if (!w)
		return NULL;
	iq_text_add(d->g, &w->evidence,
		    "it waits for bit %d of nfs_client.cl_state at %#" PRIx64
		    ": the state manager recovers",
		    bit, word);
	*wait_ret = w;
	return NULL;
}

/* A client that is not ready yet. */
static bool is_new_client(struct iq_session *s, iq_vaddr p, void *ctx)
{
	uint64_t state, net;
	char host[128];

	return iq_peek_member(s, "struct nfs_client", "cl_cons_state", p, &state) &&
	       state > NFS_CS_READY && state <= NFS_CS_LAST &&
	       iq_peek_member(s, "struct nfs_client", "cl_net", p, &net) &&
	       iq_is_kernel_ptr(s, net) &&
	       read_text(ctx, "struct nfs_client", "cl_hostname", p, host, sizeof(host));
}

/* Who makes it asks the server and has it on its stack. */
static size_t add_makers(struct iq_diag *d, struct iq_wait *w, const struct iq_task *task,
			 iq_vaddr client)
{
	static const char *const making[] = { "nfs_get_client", "nfs_init_client",
					      "nfs4_init_client", NULL };
	static const char *const waiting[] = { "nfs_wait_client_init_complete", NULL };
	size_t num = 0;

	for (size_t i = 0; i < d->tasks->num_tasks; i++) {
		const struct iq_task *t = &d->tasks->tasks[i];
		const struct iq_stack *stack;
		struct iq_edge *e;

		if (t == task || t->state != 'D' || !t->stack || t->on_cpu)
			continue;
		stack = iq_task_stack(d->s, t);
		if (iq_stack_find(stack, 0, making) < 0 || iq_stack_find(stack, 0, waiting) >= 0 ||
		    !iq_stack_mentions(stack, client))
			continue;
		e = iq_graph_edge(d->g, w->task, iq_diag_task(d, t), w->on, IQ_EDGE_SERVES,
				  IQ_STRONG, "makes the client");
		iq_text_add(d->g, &e->evidence,
			    "%s (%d) makes a client and has nfs_client %#" PRIx64 " on its stack",
			    t->comm, t->pid, client);
		num++;
	}
	return num;
}

/* A second mount of a server waits until the first one has made the client. */
static struct iq_error *explain_new_client(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	iq_vaddr client = iq_stack_search(d->s, who->stack, who->frame, is_new_client, d);
	struct iq_object *on;
	char host[128];
	struct iq_wait *w;

	if (!client ||
	    !read_text(d, "struct nfs_client", "cl_hostname", client, host, sizeof(host)))
		return NULL;
	on = iq_graph_object(d->g, IQ_OBJ_KERNEL, "kernel:nfs-client-%s", host);
	iq_object_name(d->g, on, "the NFS client for %s", host);
	w = iq_diag_wait(who, on, IQ_WAIT_SLEEP);
	w->certainty = IQ_STRONG;
	iq_text_add(d->g, &w->evidence,
		    "it waits until nfs_client %#" PRIx64
		    " for %s is ready, which another mount is making",
		    client, host);
	add_makers(d, w, who->task, client);
	*wait_ret = w;
	return NULL;
}

static struct iq_error *explain_page(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	uint64_t mapping, inode, sb;
	int64_t writeback = -1;
	iq_vaddr page, clnt;
	struct iq_wait *w;
	const char *path;
	int bit;

	if (!iq_find_wait_page(d->s, who->task, who->stack, &page, &bit) ||
	    (!iq_peek_member(d->s, "struct page", "mapping", page, &mapping) &&
	     !iq_peek_member(d->s, "struct folio", "mapping", page, &mapping)) ||
	    !mapping || mapping & PAGE_MAPPING_FLAGS ||
	    !iq_peek_member(d->s, "struct address_space", "host", mapping, &inode) ||
	    !iq_peek_member(d->s, "struct inode", "i_sb", inode, &sb) ||
	    !iq_is_kernel_ptr(d->s, sb))
		return NULL;
	clnt = clnt_of_sb(d, sb);
	w = clnt ? wait_for_client(who, clnt) : NULL;
	if (!w)
		return NULL;
	/* Woken for this bit alone: who ran since has had what it waited for. */
	w->key = who->task->switches;
	iq_error_free(iq_enum_value(d->s, "enum pageflags", "PG_writeback", &writeback));
	path = iq_path_of_inode(d->s, inode);
	iq_text_add(d->g, &w->evidence,
		    "its wait_page_queue names page %#" PRIx64
		    " of %s, which the server has to %s (bit %d)",
		    page, path ? path : "a file", bit == writeback ? "take" : "send", bit);
	*wait_ret = w;
	return NULL;
}

/* An inode of NFS, or an open file of one. */
static bool is_nfs_inode(struct iq_session *s, iq_vaddr p, void *ctx)
{
	uint64_t sb, mapping, host;

	return iq_peek_member(s, "struct inode", "i_sb", p, &sb) && iq_is_kernel_ptr(s, sb) &&
	       iq_peek_member(s, "struct inode", "i_mapping", p, &mapping) &&
	       iq_is_kernel_ptr(s, mapping) &&
	       iq_peek_member(s, "struct address_space", "host", mapping, &host) && host == p &&
	       clnt_of_sb(ctx, sb);
}

/* Flags of an inode, I/O that is still counted, a write that has not been answered. */
static struct iq_error *explain_inode(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	iq_vaddr inode = iq_stack_search(d->s, who->stack, who->frame, is_nfs_inode, d);
	struct iq_wait *w;
	const char *path;
	uint64_t sb;

	if (!inode || !iq_peek_member(d->s, "struct inode", "i_sb", inode, &sb))
		return NULL;
	w = wait_for_client(who, clnt_of_sb(d, sb));
	if (!w)
		return NULL;
	w->certainty = IQ_STRONG;
	path = iq_path_of_inode(d->s, inode);
	iq_text_add(d->g, &w->evidence, "inode %#" PRIx64 " (%s) of NFS is on its stack in %s()",
		    inode, path ? path : "a file", who->stack->frames[who->frame].sym.name);
	*wait_ret = w;
	return NULL;
}

static const char *const call_functions[] = {
	"rpc_wait_bit_killable",
	"__rpc_execute",
	"rpc_wait_for_completion_task",
	"__rpc_wait_for_completion_task",
	"rpc_run_task",
	"rpc_call_sync",
	NULL,
};
static const char *const manager_functions[] = { "nfs4_wait_clnt_recover", "nfs_wait_bit_killable",
						 NULL };
static const char *const client_functions[] = { "nfs_wait_client_init_complete", NULL };
static const char *const inode_functions[] = {
	"nfs_wait_bit_killable", "nfs_clear_invalid_mapping",
	"nfs_iocounter_wait",	 "nfs_wait_on_request",
	"nfs_commit_inode",	 "__nfs_commit_inode",
	"nfs_inode_dio_wait",	 NULL,
};
static const char *const call_types[] = { "struct rpc_task", "struct rpc_clnt", "struct rpc_xprt",
					  NULL };
static const char *const nfs_types[] = { "struct nfs_client", "struct nfs_server",
					 "struct rpc_xprt", NULL };

static const struct iq_wait_rule wait_rules[] = {
	{ .name = "rpc",
	  .summary = "a call to an NFS server: which one, since when, and whether it is connected",
	  .reads = "wait_bit_queue_entry.key; rpc_task.tk_client, .tk_xprt, .tk_msg, .tk_start; "
		   "rpc_xprt.address_strings, .state",
	  .seen = "5.10, 6.1, 6.12, 7.3",
	  .certainty = IQ_PROVEN,
	  .functions = call_functions,
	  .needs_types = call_types,
	  .explain = explain_call },
	{ .name = "nfs-manager",
	  .rank = 1, /* not any bit of an inode */
	  .summary = "an NFSv4 client whose state manager recovers",
	  .reads = "nfs_client.cl_state, .cl_rpcclient; rpc_clnt.cl_tasks",
	  .seen = "5.10, 6.1, 6.12, 7.3",
	  .certainty = IQ_STRONG,
	  .functions = manager_functions,
	  .needs_types = nfs_types,
	  .explain = explain_manager },
	{ .name = "nfs-client",
	  .summary = "a mount of a server that another mount is still asking for",
	  .reads = "nfs_client.cl_cons_state, .cl_hostname",
	  .seen = "5.10, 6.1, 6.12, 7.3",
	  .certainty = IQ_STRONG,
	  .functions = client_functions,
	  .needs_types = nfs_types,
	  .explain = explain_new_client },
	{ .name = "nfs-page",
	  .summary = "a page of an NFS file that the server has to send or to take",
	  .reads = "wait_page_queue.folio; page.mapping; super_block.s_magic, .s_fs_info; "
		   "nfs_server.client; rpc_clnt.cl_tasks",
	  .seen = "5.10, 6.1, 6.12, 7.3",
	  .certainty = IQ_STRONG,
	  .functions = iq_page_wait_functions,
	  .needs_types = nfs_types,
	  .explain = explain_page },
	{ .name = "nfs-inode",
	  .summary = "a file of NFS on which calls are under way: its flags, its direct I/O, its "
		     "writes",
	  .reads = "inode.i_sb; super_block.s_magic, .s_fs_info; nfs_server.client; "
		   "rpc_clnt.cl_tasks",
	  .seen = "",
	  .certainty = IQ_STRONG,
	  .functions = inode_functions,
	  .needs_types = nfs_types,
	  .explain = explain_inode },
	{ 0 },
};

const struct iq_module iq_module_nfs = {
	.api = IQ_MODULE_API,
	.name = "nfs",
	.summary = "NFS: calls that the server has not answered",
	.wait_rules = wait_rules,
};
