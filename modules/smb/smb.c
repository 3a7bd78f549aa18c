/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SMB (cifs): the server that has not answered
 *
 * All connections are a struct TCP_Server_Info. Whoever sent a request sleeps on its response_q
 * until the answer is there, whoever has no credits for one on its request_q; so do those who wait
 * for the connection to come back. The queue is a part of the struct, and the struct has the
 * server's address, the state of the connection and the list of requests that were not answered
 * (mid_q_entry), with the task that made each.
 *
 * Who waits for a page of a file, that a request of the kernel's own fills or writes, is led there
 * by the superblock.
 *
 * A server may take its time for two requests: to tell of a change, and to grant a lock.
 *
 * Kernel: fs/smb/client/cifsglob.h (before v6.4 fs/cifs), transport.c, connect.c: its module's
 * types.
 */
#include <arpa/inet.h>
#include <stdio.h>

#include "inquest/module.h"
#include "inquest/net-address.h"
#include "inquest/waitq.h"

enum {
	CIFS_MAGIC = 0xff534d42u,
	SMB2_MAGIC = 0xfe534d42u,
	PAGE_MAPPING_FLAGS = 3,
	FAMILY_INET = 2,
	FAMILY_INET6 = 10,
	MAX_STATUS = 16,
	MAX_REQUESTS = 65536,
	/* SMB2 commands that may last. */
	COMMAND_LOCK = 10,
	COMMAND_CHANGE_NOTIFY = 15,
};

static const char server_type[] = "struct TCP_Server_Info";
static const char mid_type[] = "struct mid_q_entry";

/* ---- the server ---- */

struct server {
	iq_vaddr addr;
	uint64_t status;
	char address[INET6_ADDRSTRLEN], host[128];
	uint16_t port;
};

static bool read_host(struct iq_diag *d, iq_vaddr server, char *buf, size_t size)
{
	uint64_t p;

	buf[0] = '\0';
	if (!iq_peek_member(d->s, server_type, "hostname", server, &p))
		return false;
	if (!p)
		return true;
	iq_error_free(iq_read_str(d->s, p, buf, size));
	for (const char *c = buf; *c; c++)
		if ((unsigned char)*c <= ' ' || (unsigned char)*c > '~')
			return false;
	return true;
}

/* Is this a TCP_Server_Info? An address, a state and a name that make sense. */
static bool read_server(struct iq_diag *d, iq_vaddr addr, struct server *srv)
{
	int64_t off = iq_offsetof(d->s, server_type, "dstaddr");
	uint8_t a[28];
	uint16_t family, port;

	*srv = (struct server){ .addr = addr };
	if (off < 0 || !iq_peek(d->s, addr + (uint64_t)off, a, sizeof(a)) ||
	    !iq_peek_member(d->s, server_type, "tcpStatus", addr, &srv->status) ||
	    srv->status >= MAX_STATUS || !read_host(d, addr, srv->host, sizeof(srv->host)))
		return false;
	memcpy(&family, a, sizeof(family));
	memcpy(&port, a + 2, sizeof(port));
	srv->port = ntohs(port);
	if (family == FAMILY_INET)
		inet_ntop(AF_INET, a + 4, srv->address, sizeof(srv->address));
	else if (family == FAMILY_INET6)
		inet_ntop(AF_INET6, a + 8, srv->address, sizeof(srv->address));
	return srv->address[0] && srv->port;
}

/* "CifsGood", by the kernel's own names. */
static const char *status_name(struct iq_diag *d, uint64_t value)
{
	struct iq_type type;
	struct iq_error *err = iq_type_by_name(d->s, "enum statusEnum", &type);
	const char *name;
	int64_t v;

	if (err) {
		iq_error_free(err);
		return "?";
	}
	for (size_t i = 0; i < iq_type_num_members(type); i++)
		if (iq_type_enumerator_at(type, i, &name, &v) && v == (int64_t)value)
			return name;
	return "?";
}

static const char *connection_of(const char *status)
{
	return !strcmp(status, "CifsGood") ? "the connection to it stands"
	       : !strcmp(status, "CifsNew") || !strcmp(status, "CifsNeedNegotiate") ||
			       !strcmp(status, "CifsInNegotiate")
		       ? "it takes the connection and says nothing"
		       : "no connection to it comes about";
}

static struct iq_object *server_object(struct iq_diag *d, const struct server *srv)
{
	struct iq_object *o = iq_graph_object(
		d->g, IQ_OBJ_SERVER, strchr(srv->address, ':') ? "server:[%s]:%u" : "server:%s:%u",
		srv->address, srv->port);

	o->addr = srv->addr;
	iq_object_str(d->g, o, "protocol", "smb");
	if (srv->host[0] && strcmp(srv->host, srv->address) != 0)
		iq_object_name(d->g, o, "SMB server %s (%s)", srv->host, srv->address);
	else
		iq_object_name(d->g, o, "SMB server %s", srv->address);
	return o;
}

/* ---- requests ---- */

struct requests {
	struct iq_diag *d;
	int64_t list;
	iq_vaddr task;
	size_t num, num_patient; /* not answered; of these such as may last */
	uint64_t own;		 /* the task's command; -1 where there is none */
};

static bool is_patient(uint64_t command)
{
	return command == COMMAND_LOCK || command == COMMAND_CHANGE_NOTIFY;
}

static bool count_request(void *ctx, iq_vaddr node)
{
	struct requests *r = ctx;
	iq_vaddr mid = node - (uint64_t)r->list;
	uint64_t command, creator;

	if (!iq_peek_member(r->d->s, mid_type, "command", mid, &command))
		return true;
	r->num++;
	r->num_patient += is_patient(command);
	if (iq_peek_member(r->d->s, mid_type, "creator", mid, &creator) && creator == r->task)
		r->own = command;
	return false;
}

static struct requests requests_of(struct iq_diag *d, iq_vaddr server, iq_vaddr task)
{
	int64_t off = iq_offsetof(d->s, server_type, "pending_mid_q");
	struct requests r = { .d = d,
			      .list = iq_offsetof(d->s, mid_type, "qhead"),
			      .task = task,
			      .own = UINT64_MAX };

	if (off >= 0 && r.list >= 0)
		iq_error_free(iq_list_walk(d->s, server + (uint64_t)off, MAX_REQUESTS,
					   count_request, &r));
	return r;
}

static const char *command_name(uint64_t command)
{
	static const char *const names[] = {
		"NEGOTIATE",	 "SESSION_SETUP", "LOGOFF",   "TREE_CONNECT", "TREE_DISCONNECT",
		"CREATE",	 "CLOSE",	  "FLUSH",    "READ",	      "WRITE",
		"LOCK",		 "IOCTL",	  "CANCEL",   "ECHO",	      "QUERY_DIRECTORY",
		"CHANGE_NOTIFY", "QUERY_INFO",	  "SET_INFO", "OPLOCK_BREAK",
	};

	return command < IQ_ARRAY_SIZE(names) ? names[command] : NULL;
}

/* ---- the verdict ---- */

/* What the connection's own socket knows: whether anything comes back at all. */
static void add_socket(struct iq_diag *d, struct iq_verdict *v, iq_vaddr server)
{
	uint64_t socket, sk, again;

	if (iq_peek_member(d->s, server_type, "ssocket", server, &socket) &&
	    iq_is_kernel_ptr(d->s, socket) &&
	    iq_peek_member(d->s, "struct socket", "sk", socket, &sk) &&
	    iq_is_kernel_ptr(d->s, sk) &&
	    iq_peek_member(d->s, "struct inet_connection_sock", "icsk_retransmits", sk, &again) &&
	    again)
		iq_text_add(d->g, &v->evidence,
			    "inet_connection_sock.icsk_retransmits of %#" PRIx64 " is %" PRIu64
			    ": sent again so often, without an answer",
			    sk, again);
}

/* Is the server this machine itself? Then the way to it is no question, and to give the mount up no
 * remedy. */
static bool say_local(struct iq_diag *d, struct iq_verdict *v, const struct server *srv)
{
	int64_t off = iq_offsetof(d->s, server_type, "dstaddr");
	struct iq_address address;
	const char *device;
	uint64_t net = 0;

	iq_peek_member(d->s, server_type, "net.net", srv->addr, &net);
	if (off < 0 || !iq_address_read(d->s, srv->addr + (uint64_t)off, &address) ||
	    iq_address_place(d->s, net, &address, &device) != IQ_ADDRESS_HERE)
		return false;
	iq_text_add(d->g, &v->evidence, "%s is an address of this machine (%s)", srv->address,
		    device);
	iq_remedy_add(d->g, &v->remedy, IQ_RISK_NONE, NULL,
		      "The address is one of this machine: see which program serves it (ss -ltnp "
		      "'sport = :%u') and what that one waits for (inquest why PID)",
		      srv->port);
	return true;
}

static void judge(struct iq_diag *d, struct iq_object *o, const struct server *srv,
		  const struct requests *r)
{
	const char *status = status_name(d, srv->status);
	struct iq_verdict *v =
		iq_object_verdict(d->g, o, IQ_CAUSE_NET_UNREACHABLE, IQ_STRONG,
				  "%s does not answer: %s", o->name, connection_of(status));

	if (!v)
		return;
	iq_text_add(d->g, &v->evidence,
		    "TCP_Server_Info %#" PRIx64
		    ": tcpStatus is %s, %zu request%s without an answer",
		    srv->addr, status, r->num, r->num == 1 ? "" : "s");
	add_socket(d, v, srv->addr);
	if (say_local(d, v, srv))
		return;
	iq_remedy_add(d->g, &v->remedy, IQ_RISK_NONE, NULL,
		      "See whether the server is up, and the way to it is open (firewall, route): "
		      "ping %s; smbclient -L %s",
		      srv->address, srv->address);
	iq_remedy_add(d->g, &v->remedy, IQ_RISK_DATA, NULL,
		      "If it does not come back: umount -f MOUNTPOINT, then umount -l MOUNTPOINT "
		      "(grep cifs /proc/mounts); what was not written "
		      "to the server is lost");
}

static struct iq_wait *wait_for(const struct iq_sleeper *who, const struct server *srv)
{
	struct iq_diag *d = who->d;
	struct requests r = requests_of(d, srv->addr, who->task->addr);
	struct iq_object *o = server_object(d, srv);
	struct iq_wait *w =
		iq_diag_wait(who, o, r.own == COMMAND_CHANGE_NOTIFY ? IQ_WAIT_IDLE : IQ_WAIT_SLEEP);

	iq_graph_edge(d->g, w->task, o, NULL, IQ_EDGE_SERVES, IQ_PROVEN, "has to answer");
	if (r.own != UINT64_MAX && command_name(r.own))
		iq_text_add(d->g, &w->evidence, "mid_q_entry.creator is this task: its %s",
			    command_name(r.own));
	/* Slow is another thing than silent, and so is a lock that somebody has. */
	if ((r.own == UINT64_MAX ? r.num && r.num == r.num_patient : is_patient(r.own)) ||
	    (w->waited_ms >= 0 && w->waited_ms < d->bound_ms))
		return w;
	judge(d, o, srv, &r);
	return w;
}

/* ---- the waits ---- */

static struct iq_error *explain_queue(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	static const char *const queues[] = { "response_q", "request_q" };
	struct iq_wait_entry entry;
	struct server srv;

	if (!iq_find_wait_entry(d->s, who->task, who->stack, NULL, &entry))
		return NULL;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(queues) && !*wait_ret; i++) {
		int64_t off = iq_offsetof(d->s, server_type, queues[i]);

		if (off < 0 || !read_server(d, entry.head - (uint64_t)off, &srv))
			continue;
		*wait_ret = wait_for(who, &srv);
		iq_text_add(d->g, &(*wait_ret)->evidence,
			    "it sleeps on %s of TCP_Server_Info %#" PRIx64 " (%s)", queues[i],
			    srv.addr, i ? "for credits" : "for an answer");
	}
	return NULL;
}

static bool server_of_sb(struct iq_diag *d, iq_vaddr sb, struct server *srv)
{
	uint64_t magic, p;

	return iq_peek_member(d->s, "struct super_block", "s_magic", sb, &magic) &&
	       (magic == CIFS_MAGIC || magic == SMB2_MAGIC) &&
	       iq_peek_member(d->s, "struct super_block", "s_fs_info", sb, &p) &&
	       iq_peek_member(d->s, "struct cifs_sb_info", "master_tlink", p, &p) &&
	       iq_is_kernel_ptr(d->s, p) &&
	       iq_peek_member(d->s, "struct tcon_link", "tl_tcon", p, &p) &&
	       iq_is_kernel_ptr(d->s, p) &&
	       iq_peek_member(d->s, "struct cifs_tcon", "ses", p, &p) &&
	       iq_is_kernel_ptr(d->s, p) &&
	       iq_peek_member(d->s, "struct cifs_ses", "server", p, &p) &&
	       iq_is_kernel_ptr(d->s, p) && read_server(d, p, srv);
}

static struct iq_error *explain_page(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	uint64_t mapping, inode, sb;
	struct server srv;
	iq_vaddr page;
	struct iq_wait *w;
	int bit;

	if (!iq_find_wait_page(d->s, who->task, who->stack, &page, &bit) ||
	    (!iq_peek_member(d->s, "struct page", "mapping", page, &mapping) &&
	     !iq_peek_member(d->s, "struct folio", "mapping", page, &mapping)) ||
	    !mapping || mapping & PAGE_MAPPING_FLAGS ||
	    !iq_peek_member(d->s, "struct address_space", "host", mapping, &inode) ||
	    !iq_peek_member(d->s, "struct inode", "i_sb", inode, &sb) || !server_of_sb(d, sb, &srv))
		return NULL;
	w = wait_for(who, &srv);
	w->certainty = IQ_STRONG;
	/* Woken for this bit alone: who ran since has had what it waited for. */
	w->key = who->task->switches;
	iq_text_add(d->g, &w->evidence,
		    "its wait_page_queue names page %#" PRIx64 " of a file of the server (bit %d)",
		    page, bit);
	*wait_ret = w;
	return NULL;
}

static const char *const queue_functions[] = {
	"wait_for_response",
	"compound_send_recv",
	"cifs_send_recv",
	"SendReceive",
	"SendReceive2",
	"SendReceiveBlockingLock",
	"wait_for_free_credits",
	"wait_for_compound_request",
	"smb2_wait_for_server_reconnect",
	"cifs_wait_for_server_reconnect",
	"smb2_reconnect",
	"cifs_reconnect_tcon",
	"cifs_negotiate_protocol",
	NULL,
};
static const char *const types[] = { "struct TCP_Server_Info", "struct mid_q_entry", NULL };

static const struct iq_wait_rule wait_rules[] = {
	{ .name = "smb",
	  .summary = "a request to an SMB server: which one, and how the connection stands",
	  .reads = "TCP_Server_Info.response_q, .request_q, .dstaddr, .tcpStatus, .pending_mid_q; "
		   "mid_q_entry.creator, .command",
	  .seen = "6.1, 6.12, 7.3",
	  .certainty = IQ_STRONG,
	  .functions = queue_functions,
	  .needs_types = types,
	  .explain = explain_queue },
	{ .name = "smb-page",
	  .summary = "a page of a file that an SMB server has to send or to take",
	  .reads = "wait_page_queue.folio; page.mapping; super_block.s_magic; "
		   "cifs_sb_info.master_tlink; cifs_ses.server",
	  .seen = "",
	  .certainty = IQ_STRONG,
	  .functions = iq_page_wait_functions,
	  .needs_types = types,
	  .explain = explain_page },
	{ 0 },
};

const struct iq_module iq_module_smb = {
	.api = IQ_MODULE_API,
	.name = "smb",
	.summary = "SMB: requests that the server has not answered",
	.needs_types = types,
	.wait_rules = wait_rules,
};
