/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sockets between processes: Unix stream and datagram sockets, TCP
 *
 * A Unix socket knows its peer. Who reads sleeps on its own queue until the peer writes; who writes
 * sleeps there too, while what it has sent is not read. Who sends a datagram to a full queue, or
 * connects to a listener whose backlog is full, sleeps on the other one's peer_wait.
 *
 * The processes that have the other end open are found in the descriptor tables. A connection that
 * was not accepted yet has a peer without a struct socket: it shares the listener's address.
 *
 * Kernel: net/unix/af_unix.c, include/net/af_unix.h, net/core/sock.c (sock_wait_for_wmem),
 * net/core/datagram.c (__skb_wait_for_more_packets).
 */
#include "socket.h"

#include "inquest/process.h"

static const char unix_type[] = "struct unix_sock";

enum { MAX_NAME = 108, OFFSET_OF_PATH = 2 };

/* "/run/x.sock", "@abstract", or NULL. */
static const char *address_of(struct iq_diag *d, iq_vaddr sk)
{
	int64_t name = iq_offsetof(d->s, "struct unix_address", "name");
	uint64_t address, len;
	char buf[MAX_NAME + 1] = "";

	if (name < 0 || !iq_peek_member(d->s, unix_type, "addr", sk, &address) ||
	    !iq_is_kernel_ptr(d->s, address) ||
	    !iq_peek_member(d->s, "struct unix_address", "len", address, &len) ||
	    len <= OFFSET_OF_PATH || len > MAX_NAME + OFFSET_OF_PATH ||
	    !iq_peek(d->s, address + (uint64_t)name + OFFSET_OF_PATH, buf, len - OFFSET_OF_PATH))
		return NULL;
	if (!buf[0])
		buf[0] = '@';
	for (char *c = buf; *c; c++)
		if ((unsigned char)*c < ' ')
			*c = '?';
	return iq_arena_strdup(iq_scratch(d->s), buf);
}

struct iq_object *unix_object(struct iq_diag *d, const struct sk *sk, const struct sk *peer)
{
	uint64_t ino = socket_ino(d, sk->socket);
	struct iq_object *o = iq_graph_object(d->g, IQ_OBJ_IPC, "ipc:unix:%" PRIu64, ino);
	const char *name = address_of(d, sk->sk);

	if (!name && peer)
		name = address_of(d, peer->sk);
	o->addr = sk->sk;
	if (name)
		iq_object_name(d->g, o, "Unix socket %s", name);
	else
		iq_object_name(d->g, o, "Unix socket [%" PRIu64 "]", ino);
	return o;
}

/* Who called listen(), as the client's socket remembers it (sk_peer_pid): good where the listener
 * is not to be found. */
static const struct iq_task *recorded_peer(struct iq_diag *d, iq_vaddr sk)
{
	uint64_t pid, own;

	if (!iq_peek_member(d->s, "struct sock", "sk_peer_pid", sk, &pid) || !pid)
		return NULL;
	for (size_t i = 0; i < d->tasks->num_tasks; i++) {
		const struct iq_task *t = &d->tasks->tasks[i];

		if (t->pid && t->pid == t->tgid &&
		    iq_peek_member(d->s, "struct task_struct", "thread_pid", t->addr, &own) &&
		    own == pid)
			return t;
	}
	return NULL;
}

iq_vaddr unix_acceptor(struct iq_diag *d, const struct sk *peer)
{
	uint64_t listener = 0, address;
	struct sk l;

	if (iq_peek_member(d->s, unix_type, "listener", peer->sk, &listener) && listener &&
	    read_sk(d, listener, &l) && l.socket)
		return l.socket;
	if (iq_peek_member(d->s, unix_type, "addr", peer->sk, &address) && address)
		return unix_listener(d, address);
	return 0;
}

/* The peer has no struct socket: it waits in its listener's queue to be accepted. */
static void add_acceptors(struct iq_diag *d, struct iq_wait *w, const struct iq_task *task,
			  const struct sk *sk, const struct sk *peer)
{
	iq_vaddr listener = unix_acceptor(d, peer);
	const struct iq_task *server;
	size_t num = 0;

	iq_text_add(d->g, &w->evidence,
		    "its peer, unix_sock %#" PRIx64
		    ", has no struct socket: nobody has accepted the connection",
		    peer->sk);
	if (listener)
		num = add_holders(d, w, task, listener, "has to accept it");
	server = num ? NULL : recorded_peer(d, sk->sk);
	if (server && server != task)
		iq_diag_process_edges(d,
				      &(struct iq_process_edges){
					      .wait = w,
					      .process = server,
					      .via = w->on,
					      .kind = IQ_EDGE_SERVES,
					      .certainty = IQ_STRONG,
					      .how = "has to accept it",
					      .evidence = iq_arena_printf(
						      iq_scratch(d->s),
						      "sock.sk_peer_pid of %#" PRIx64 " is %s (%d)",
						      sk->sk, server->comm, server->tgid) });
}

/* ---- its own queue: reading, or writing what the peer has no room for ---- */

static struct iq_wait *wait_on_own(const struct iq_sleeper *who, const struct sk *sk)
{
	struct iq_diag *d = who->d;
	static const char *const writes[] = { "sock_wait_for_wmem", "sock_alloc_send_pskb", NULL };
	bool writing = iq_stack_find(who->stack, 0, writes) >= 0, idle, quiet;
	uint64_t peer_addr = 0;
	struct sk peer;
	bool has_peer;
	struct iq_wait *w;

	iq_peek_member(d->s, unix_type, "peer", sk->sk, &peer_addr);
	has_peer = peer_addr && read_sk(d, peer_addr, &peer) && peer.family == AF_UNIX_;
	/* accept(), and datagrams that anybody may send. Both ends wait for the other one to speak:
	 * nothing says that one of them should have, and a signal or a timer may make it. */
	quiet = has_peer && peer.socket && !writing && is_read_too(d, peer.socket);
	idle = sk->state == STATE_LISTEN || (!has_peer && !writing) || quiet;
	w = iq_diag_wait(who, unix_object(d, sk, has_peer ? &peer : NULL),
			 idle ? IQ_WAIT_IDLE : IQ_WAIT_MESSAGE);
	w->any = true;
	iq_text_add(d->g, &w->evidence, "it sleeps on the queue of unix_sock %#" PRIx64 "%s",
		    sk->sk,
		    sk->state == STATE_LISTEN ? ", to accept a connection"
		    : writing		      ? ", which has no room to write"
					      : ", which has nothing to read");
	if (quiet)
		iq_text_add(d->g, &w->evidence,
			    "the other end, unix_sock %#" PRIx64 ", waits to read as well",
			    peer.sk);
	if (idle && !quiet)
		return w;
	w->mode = writing ? "write" : "read";
	if (has_peer && peer.socket)
		add_holders(d, w, who->task, peer.socket,
			    writing ? "has to read what was sent" : "could send something");
	else if (has_peer)
		add_acceptors(d, w, who->task, sk, &peer);
	return w;
}

/* ---- the other one's queue ---- */

static struct iq_wait *wait_on_peer(const struct iq_sleeper *who, iq_vaddr head)
{
	struct iq_diag *d = who->d;
	int64_t off = iq_offsetof(d->s, unix_type, "peer_wq.wait");
	uint64_t queued = 0, max = 0;
	struct iq_wait *w;
	struct sk other;
	bool connects;

	if (off < 0 || !read_sk(d, head - (uint64_t)off, &other) || other.family != AF_UNIX_ ||
	    !other.socket)
		return NULL;
	connects = other.state == STATE_LISTEN;
	w = iq_diag_wait(who, unix_object(d, &other, NULL), IQ_WAIT_MESSAGE);
	w->any = true;
	w->mode = connects ? NULL : "write";
	iq_peek_member(d->s, "struct sock", "sk_receive_queue.qlen", other.sk, &queued);
	iq_peek_member(d->s, "struct sock", "sk_max_ack_backlog", other.sk, &max);
	iq_text_add(d->g, &w->evidence,
		    connects ? "it sleeps on peer_wait of the listening unix_sock %#" PRIx64
			       ", in whose queue %" PRIu64
			       " connections are not accepted yet (%" PRIu64 " may be)"
			     : "it sleeps on peer_wait of unix_sock %#" PRIx64
			       ", in whose queue are %" PRIu64 " datagrams (%" PRIu64 " may be)",
		    other.sk, queued, max);
	add_holders(d, w, who->task, other.socket,
		    connects ? "has to accept connections" : "has to receive datagrams");
	return w;
}

static struct iq_error *explain_unix(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	struct iq_wait_entry entry;
	struct sk sk;

	if (!iq_find_wait_entry(d->s, who->task, who->stack, NULL, &entry))
		return NULL;
	if (sk_of_queue(d, entry.head, &sk)) {
		if (sk.family == AF_UNIX_)
			*wait_ret = wait_on_own(who, &sk);
		return NULL;
	}
	*wait_ret = wait_on_peer(who, entry.head);
	return NULL;
}

static const char *const unix_functions[] = {
	"unix_stream_data_wait",
	"unix_stream_read_generic",
	"__skb_wait_for_more_packets",
	"sock_wait_for_wmem",
	"sock_alloc_send_pskb",
	"unix_wait_for_peer",
	"unix_dgram_sendmsg",
	"unix_stream_connect",
	"unix_accept",
	NULL,
};
static const char *const unix_types[] = { "struct unix_sock", "struct sock", "struct socket",
					  NULL };
static const char *const tcp_types[] = { "struct tcp_sock", "struct sock", "struct socket", NULL };

static const struct iq_wait_rule wait_rules[] = {
	{ .name = "unix",
	  .summary = "a Unix socket: who has to read, to write or to accept",
	  .reads = "socket.wq; sock.sk_socket, .sk_peer_pid; unix_sock.peer, .addr, .listener, "
		   ".peer_wq; files_struct",
	  .seen = "5.10, 6.1, 6.12, 7.3",
	  .certainty = IQ_PROVEN,
	  .functions = unix_functions,
	  .needs_types = unix_types,
	  .explain = explain_unix },
	{ .name = "tcp",
	  .summary = "a TCP connection: the process at the other end on this machine, or the host",
	  .reads = "socket.wq; sock_common.skc_daddr, .skc_dport, ...; "
		   "inet_connection_sock.icsk_retransmits; tcp_sock.snd_una; files_struct",
	  .seen = "5.10, 6.1, 6.12, 7.3",
	  .certainty = IQ_PROVEN,
	  .functions = tcp_functions,
	  .needs_types = tcp_types,
	  .explain = explain_tcp },
	{ .name = "poll",
	  .summary = "poll, select and epoll where only peers that cannot go on could end it, or "
		     "where one owes an answer",
	  .reads = "epitem.ffd, pollfd and fd_set in user memory; unix_sock.peer, "
		   "sock.sk_receive_queue; tcp_sock.rcv_nxt, .copied_seq, .lsndtime; "
		   "inet_connection_sock.icsk_ack.lrcvtime; files_struct",
	  .seen = "",
	  .certainty = IQ_STRONG,
	  .functions = poll_functions,
	  .needs_types = unix_types,
	  .explain = explain_poll },
	{ 0 },
};

const struct iq_module iq_module_socket = {
	.api = IQ_MODULE_API,
	.name = "socket",
	.summary = "Unix sockets and TCP",
	.wait_rules = wait_rules,
	.wanted_of = wanted_of,
};
