/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * TCP: the process at the other end, or the host
 *
 * A reader, a writer without room and a connect sleep on the socket's own queue.
 * The other end may be a process of this machine: then it is the one that has to
 * read, to write or to accept. Else it is a host, of which we know its address and what it
 * has not acknowledged: the number of retransmissions says that it does not answer.
 *
 * Kernel: net/ipv4/tcp.c, af_inet.c, inet_connection_sock.c, net/core/stream.c, sock.c.
 */
#include "socket.h"

#include <stdio.h>

static const char icsk_type[] = "struct inet_connection_sock";
static const char tcp_type[] = "struct tcp_sock";

const char *const tcp_functions[] = {
	"sk_wait_data",
	"tcp_recvmsg_locked",
	"tcp_recvmsg",
	"tcp_splice_read",
	"sk_stream_wait_memory",
	"tcp_sendmsg_locked",
	"sk_stream_wait_connect",
	"inet_wait_for_connect",
	"__inet_stream_connect",
	"inet_csk_wait_for_connect",
	"inet_csk_accept",
	NULL,
};

/*
 * From when on silence is more than a slow way. A connection that is asked for takes seconds where
 * one packet is lost, and who probes for hosts that are down waits for so long on purpose. What is
 * sent is sent again after 0.2 s at the soonest, and then after twice as long each time.
 */
enum { MIN_RETRANSMITS = 2, MIN_CONNECT_MS = 15000, MIN_SENT_AGAIN = 6, MIN_GROUP = 2 };

static const char *address_text(struct iq_diag *d, const uint8_t *a)
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };
	struct iq_arena *arena = iq_scratch(d->s);
	int begin = -1, len = 0;
	char buf[64];
	size_t n = 0;

	if (!memcmp(a, prefix, sizeof(prefix)))
		return iq_arena_printf(arena, "%u.%u.%u.%u", a[12], a[13], a[14], a[15]);
	/* The longest run of zeros becomes "::". */
	for (int i = 0; i < 8; i++) {
		int k = i;

		while (k < 8 && !a[2 * k] && !a[2 * k + 1])
			k++;
		if (k - i > len && k - i >= MIN_GROUP) {
			begin = i;
			len = k - i;
		}
	}
	for (int i = 0; i < 8; i++) {
		if (i == begin) {
			n += (size_t)snprintf(buf + n, sizeof(buf) - n, "::");
			i += len - 1;
			continue;
		}
		n += (size_t)snprintf(buf + n, sizeof(buf) - n, "%s%x",
				      n && buf[n - 1] != ':' ? ":" : "",
				      a[2 * i] << 8 | a[2 * i + 1]);
	}
	return iq_arena_strdup(arena, buf);
}

static const char *end_text(struct iq_diag *d, const uint8_t *address, uint16_t port)
{
	const char *text = address_text(d, address);

	return iq_arena_printf(iq_scratch(d->s), strchr(text, ':') ? "[%s]:%u" : "%s:%u", text,
			       port);
}

bool is_here(const struct tuple *t)
{
	static const uint8_t loopback[16] = { [15] = 1 },
			     prefix[13] = { [10] = 0xff, [11] = 0xff, [12] = 127 };

	return !memcmp(t->remote, loopback, 16) || !memcmp(t->remote, prefix, sizeof(prefix)) ||
	       !memcmp(t->local, t->remote, 16);
}

enum doing { READS, WRITES, CONNECTS, ACCEPTS };

static enum doing doing(const struct iq_stack *stack, const struct sk *sk)
{
	static const char *const writes[] = { "sk_stream_wait_memory", NULL };

	if (sk->state == STATE_LISTEN)
		return ACCEPTS;
	if (sk->state == STATE_SYN_SENT)
		return CONNECTS;
	return iq_stack_find(stack, 0, writes) >= 0 ? WRITES : READS;
}

/* ---- to another host ---- */

struct progress {
	uint64_t retransmits, packets_out, written, acked, window;
};

static void read_progress(struct iq_diag *d, iq_vaddr sk, struct progress *p)
{
	*p = (struct progress){ 0 };
	iq_peek_member(d->s, icsk_type, "icsk_retransmits", sk, &p->retransmits);
	iq_peek_member(d->s, tcp_type, "packets_out", sk, &p->packets_out);
	iq_peek_member(d->s, tcp_type, "write_seq", sk, &p->written);
	iq_peek_member(d->s, tcp_type, "snd_una", sk, &p->acked);
	iq_peek_member(d->s, tcp_type, "snd_wnd", sk, &p->window);
}

/* Does the silence last for longer than a program at this end has to expect? */
static bool is_long(const struct iq_wait *w, const struct progress *p, enum doing what)
{
	if (what == CONNECTS && w->waited_ms >= 0)
		return w->waited_ms >= MIN_CONNECT_MS;
	return p->retransmits >= MIN_SENT_AGAIN;
}

static void judge_host(struct iq_diag *d, const struct iq_wait *w, struct iq_object *server,
		       const struct sk *sk, const struct progress *p, const char *end,
		       enum doing what)
{
	struct iq_verdict *v;

	/* The kernel has asked again and again, and nothing came: that is no slow program at the
	 * other end. */
	if (p->retransmits < MIN_RETRANSMITS || (what != CONNECTS && !p->packets_out))
		return;
	v = iq_object_verdict(d->g, server, IQ_CAUSE_NET_UNREACHABLE, IQ_STRONG,
			      what == CONNECTS ? "%s does not answer: no connection comes about"
					       : "%s does not acknowledge what is sent to it",
			      end);
	if (!v) {
		/* One wait that is too long for an ordinary one is enough. */
		if (is_long(w, p, what))
			server->verdict->ordinary = false;
		return;
	}
	v->ordinary = !is_long(w, p, what);
	iq_text_add(d->g, &v->evidence,
		    "inet_connection_sock.icsk_retransmits of %#" PRIx64 " is %" PRIu64
		    ": sent again so often, without an "
		    "answer",
		    sk->sk, p->retransmits);
	if (what != CONNECTS)
		iq_text_add(d->g, &v->evidence,
			    "%u bytes written to it are not acknowledged (tcp_sock.write_seq, "
			    ".snd_una)",
			    (unsigned)((uint32_t)p->written - (uint32_t)p->acked));
	iq_remedy_add(
		d->g, &v->remedy, IQ_RISK_NONE, NULL,
		"See whether the host is up and the way to it is open (firewall, route): ping, "
		"ip route get, "
		"tcpdump for %s",
		end);
	iq_remedy_add(d->g, &v->remedy, IQ_RISK_NONE, NULL,
		      "The kernel gives up by itself after some minutes; or end what waits: an "
		      "interrupted connection is lost");
}

static void wait_for_host(struct iq_diag *d, struct iq_wait *w, const struct sk *sk,
			  const struct tuple *t, enum doing what)
{
	const char *end = end_text(d, t->remote, t->remote_port);
	struct iq_object *server = iq_graph_object(d->g, IQ_OBJ_SERVER, "server:%s", end);
	struct progress p;

	if (!iq_object_attr(server, "protocol"))
		iq_object_str(d->g, server, "protocol", "tcp");
	iq_object_name(d->g, server, "%s", end);
	read_progress(d, sk->sk, &p);
	iq_text_add(d->g, &w->evidence,
		    "the other end is %s, which no process of this machine has open; %u bytes "
		    "unacknowledged, %" PRIu64 " retransmissions, window %" PRIu64,
		    end, (unsigned)((uint32_t)p.written - (uint32_t)p.acked), p.retransmits,
		    p.window);
	judge_host(d, w, server, sk, &p, end, what);
	iq_graph_edge(d->g, w->task, server, w->on, IQ_EDGE_SERVES, IQ_PROVEN, "%s",
		      what == CONNECTS ? "has to answer"
		      : what == WRITES ? "has to take the data"
				       : "has to send something");
}

struct iq_object *tcp_object(struct iq_diag *d, const struct sk *sk, const struct tuple *t)
{
	struct iq_object *o =
		iq_graph_object(d->g, IQ_OBJ_IPC, "ipc:tcp:%" PRIu64, socket_ino(d, sk->socket));

	o->addr = sk->sk;
	if (sk->state == STATE_LISTEN)
		iq_object_name(d->g, o, "TCP port %u", t->local_port);
	else
		iq_object_name(d->g, o, "TCP connection to %s",
			       end_text(d, t->remote, t->remote_port));
	return o;
}

/* ---- ---- */

struct iq_error *explain_tcp(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	static const char *const hows[] = { "could send something", "has to read what was sent",
					    "has to accept it", "" };
	struct iq_wait_entry entry;
	struct iq_object *on;
	enum doing what;
	struct tuple t;
	iq_vaddr peer;
	struct iq_wait *w;
	struct sk sk;

	if (!iq_find_wait_entry(d->s, who->task, who->stack, NULL, &entry) ||
	    !sk_of_queue(d, entry.head, &sk) || !read_tuple(d, &sk, &t))
		return NULL;
	what = doing(who->stack, &sk);
	on = tcp_object(d, &sk, &t);
	w = iq_diag_wait(who, on, what == ACCEPTS ? IQ_WAIT_IDLE : IQ_WAIT_MESSAGE);
	w->any = true;
	w->mode = what == READS ? "read" : what == WRITES ? "write" : NULL;
	*wait_ret = w;
	if (what == ACCEPTS) {
		iq_text_add(d->g, &w->evidence, "it waits for a connection to port %u",
			    t.local_port);
		return NULL;
	}
	iq_text_add(d->g, &w->evidence, "it sleeps on the queue of sock %#" PRIx64 ", %s to %s",
		    sk.sk, end_text(d, t.local, t.local_port),
		    end_text(d, t.remote, t.remote_port));
	peer = what == CONNECTS ? 0 : tcp_peer(d, &t);
	if (!peer && is_here(&t)) {
		peer = tcp_listener(d, &t);
		if (peer)
			iq_text_add(d->g, &w->evidence, "nobody has accepted the connection");
	} else if (!peer) {
		wait_for_host(d, w, &sk, &t, what);
		return NULL;
	}
	/* As of Unix sockets: nobody says which of the two should speak. */
	if (peer && what == READS && is_read_too(d, peer))
		w->cls = IQ_WAIT_IDLE;
	if (peer)
		add_holders(d, w, who->task, peer, hows[what]);
	return NULL;
}
