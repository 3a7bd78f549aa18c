/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * poll, select and epoll: a wait for somebody
 *
 * A client that waits for an answer sleeps in poll as an idle server does. What tells them apart is
 * who could still wake it. Each descriptor that it polls is one of three things:
 *
 * - its own: timers, signals, event descriptors, a pipe to itself, what is closed at the other end;
 *   nobody is waited for by these;
 * - free: a listening socket, a peer on another host, the kernel, a device, a person: anything may
 *   come at any time, so that this sleep is an ordinary one;
 * - a peer's: the other end is a socket or a pipe that processes of this machine have open.
 *
 * Where all that is not its own is peers', it waits for these, and hangs if none of them can go on.
 * Where something is free, or the time is bounded, it waits for a peer only if that peer has a
 * request of it unanswered: bytes sent and not read, a connection that nobody accepts, or, of TCP,
 * that it was the one to speak last. A server (it polls a listening socket) never hangs by its
 * polls.
 *
 * A peer that polls the other end in turn waits for us, and can go on. But it may have asked
 * somebody else for our sake (a proxy its upstream, a message bus the service): whom it has asked
 * and who has not answered is what we wait for, likely.
 *
 * Event loops that all wait for each other are idle: such waits hang only behind somebody who
 * hangs for a reason of his own (iq_wait.only_behind).
 *
 * Kernel: fs/select.c, fs/eventpoll.c, net/unix/af_unix.c, include/linux/tcp.h (lsndtime),
 * include/net/inet_connection_sock.h (icsk_ack.lrcvtime).
 */
#include "socket.h"

#include "inquest/server.h"

enum { MAX_SOURCES = 64, MAX_ASKED = 4, MAX_BEHIND = 256, LONG_MS = 10000 };

enum kind { OWN, LISTENS, OPEN_TO_ALL, PEER };

/* Is there a request under way from the polling task to its peer? */
enum asked { ASKED_UNKNOWN, ASKED_NO, ASKED_LAST, ASKED_UNREAD };

/* A descriptor that is polled. */
struct source {
	enum kind kind;
	int fd;
	enum asked asked;
	const char *why_asked; /* in words, of ASKED_LAST and ASKED_UNREAD */
	struct iq_object *via;
	const char *what; /* "socket [123]" */
	struct iq_servers servers;
};

static struct source *keep(struct iq_diag *d, const struct source *src)
{
	struct source *kept = iq_arena_alloc(d->g->arena, sizeof(*kept));

	*kept = *src;
	return kept;
}

/* ---- who has the other end ---- */

static void find_servers(struct iq_diag *d, const struct iq_task *task, iq_vaddr private,
			 uint32_t mode, struct source *src)
{
	struct iq_servers all = { .num = 0 };

	iq_open_each(d->s, IQ_OPEN_PRIVATE, private, iq_servers_add, &all);
	src->servers.num = 0;
	for (size_t i = 0; i < all.num; i++)
		if (all.list[i].task->tgid != task->tgid && (!mode || all.list[i].mode & mode))
			src->servers.list[src->servers.num++] = all.list[i];
	src->kind = src->servers.num ? PEER : OWN;
}

static bool has_both_ends(struct iq_diag *d, const struct iq_task *task, iq_vaddr private,
			  uint32_t mode)
{
	struct iq_servers all = { .num = 0 };

	iq_open_each(d->s, IQ_OPEN_PRIVATE, private, iq_servers_add, &all);
	for (size_t i = 0; i < all.num; i++)
		if (all.list[i].task->tgid == task->tgid && all.list[i].mode & mode)
			return true;
	return false;
}

/* ---- sockets ---- */

static void look_at_unix(struct iq_diag *d, const struct iq_task *task, const struct sk *sk,
			 struct source *src)
{
	uint64_t shutdown = 0, addr = 0, unread;
	struct sk peer;

	iq_peek_member(d->s, "struct sock", "sk_shutdown", sk->sk, &shutdown);
	if (shutdown & RCV_SHUTDOWN_)
		return; /* nobody will send anything */
	if (!iq_peek_member(d->s, "struct unix_sock", "peer", sk->sk, &addr) || !addr) {
		src->kind = OPEN_TO_ALL; /* datagrams from anybody */
		return;
	}
	if (!read_sk(d, addr, &peer) || peer.family != AF_UNIX_ || is_unread(d, sk)) {
		src->kind = OPEN_TO_ALL;
		return;
	}
	src->via = unix_object(d, sk, &peer);
	if (!peer.socket) {
		iq_vaddr listener = unix_acceptor(d, &peer);

		src->asked = ASKED_UNREAD;
		src->why_asked = "nobody has accepted its connection";
		if (listener)
			find_servers(d, task, listener, 0, src);
		else
			src->kind = OPEN_TO_ALL;
		return;
	}
	find_servers(d, task, peer.socket, 0, src);
	src->what = iq_arena_printf(d->g->arena, "the other end, socket [%" PRIu64 "]",
				    socket_ino(d, peer.socket));
	unread = num_queued(d, peer.sk);
	if (!unread)
		return;
	src->asked = ASKED_UNREAD;
	src->why_asked = iq_arena_printf(d->g->arena,
					 "%" PRIu64 " message%s sent to it %s not read (unix_sock "
					 "%#" PRIx64 ")",
					 unread, unread == 1 ? "" : "s", unread == 1 ? "is" : "are",
					 peer.sk);
}

/* Who sent the last bytes of a TCP connection, by this end's clocks (jiffies, 32 bits). */
static enum asked who_spoke_last(struct iq_diag *d, iq_vaddr sk)
{
	uint64_t sent, received;

	if (!iq_peek_member(d->s, "struct tcp_sock", "lsndtime", sk, &sent) ||
	    !iq_peek_member(d->s, "struct inet_connection_sock", "icsk_ack.lrcvtime", sk,
			    &received))
		return ASKED_UNKNOWN;
	if ((uint32_t)sent == (uint32_t)received)
		return ASKED_UNKNOWN;
	return (int32_t)((uint32_t)sent - (uint32_t)received) > 0 ? ASKED_LAST : ASKED_NO;
}

static bool is_unread_by(struct iq_diag *d, iq_vaddr socket)
{
	struct sk sk;
	uint64_t addr;

	return iq_peek_member(d->s, "struct socket", "sk", socket, &addr) &&
	       read_sk(d, addr, &sk) && is_unread(d, &sk);
}

static void look_at_tcp(struct iq_diag *d, const struct iq_task *task, const struct sk *sk,
			struct source *src)
{
	iq_vaddr peer, listener;
	struct tuple t;

	src->kind = OPEN_TO_ALL;
	if (!read_tuple(d, sk, &t) || is_unread(d, sk))
		return;
	if (sk->state != TCP_ESTABLISHED_ && sk->state != STATE_SYN_SENT) {
		src->kind = sk->state == STATE_LISTEN ? LISTENS : OWN;
		return;
	}
	peer = tcp_peer(d, &t);
	listener = !peer && is_here(&t) ? tcp_listener(d, &t) : 0;
	if (!peer && !listener)
		return;
	src->via = tcp_object(d, sk, &t);
	find_servers(d, task, peer ? peer : listener, 0, src);
	if (src->kind != PEER)
		return;
	if (listener) {
		src->asked = ASKED_UNREAD;
		src->why_asked = "nobody has accepted its connection";
		return;
	}
	src->what = iq_arena_printf(d->g->arena, "the other end, socket [%" PRIu64 "]",
				    socket_ino(d, peer));
	src->asked = who_spoke_last(d, sk->sk);
	if (is_unread_by(d, peer)) {
		src->asked = ASKED_UNREAD;
		src->why_asked = "what was sent to it is not read (tcp_sock.rcv_nxt, .copied_seq)";
	} else if (src->asked == ASKED_LAST) {
		src->why_asked = "the last that was sent on the connection is a request to it "
				 "(tcp_sock.lsndtime, inet_connection_sock.icsk_ack.lrcvtime)";
	}
}

static void look_at_socket(struct iq_diag *d, const struct iq_task *task, iq_vaddr socket,
			   struct source *src)
{
	uint64_t addr, type = 0;
	struct sk sk;

	src->kind = OPEN_TO_ALL;
	if (!iq_peek_member(d->s, "struct socket", "sk", socket, &addr) || !read_sk(d, addr, &sk) ||
	    !iq_peek_member(d->s, "struct socket", "type", socket, &type))
		return;
	if (sk.state == STATE_LISTEN) {
		src->kind = LISTENS;
	} else if (sk.family == AF_UNIX_) {
		src->kind = OWN;
		look_at_unix(d, task, &sk, src);
	} else if ((sk.family == AF_INET_ || sk.family == AF_INET6_) && type == TYPE_STREAM) {
		look_at_tcp(d, task, &sk, src);
	}
}

/* ---- pipes ---- */

static void look_at_pipe(struct iq_diag *d, const struct iq_task *task,
			 const struct iq_watch *watch, iq_vaddr pipe, struct source *src)
{
	uint32_t mode = watch->events & IQ_WATCH_OUT ? IQ_FMODE_READ : IQ_FMODE_WRITE;
	uint64_t inode, ino = 0;

	src->kind = OPEN_TO_ALL;
	if (!iq_peek_member(d->s, "struct file", "f_inode", watch->file, &inode) ||
	    !iq_peek_member(d->s, "struct inode", "i_ino", inode, &ino))
		return;
	src->kind = OWN;
	if (has_both_ends(d, task, pipe, mode))
		return;
	find_servers(d, task, pipe, mode, src);
	src->via = iq_graph_object(d->g, IQ_OBJ_IPC, "ipc:pipe:%" PRIu64, ino);
	src->via->addr = pipe;
	iq_object_name(d->g, src->via, "pipe [%" PRIu64 "]", ino);
	src->what = iq_arena_printf(d->g->arena, "the other end of pipe [%" PRIu64 "]", ino);
}

/* ---- any descriptor ---- */

static bool is_own_event(struct iq_session *s, iq_vaddr ops)
{
	static const char *const names[] = { "eventfd_fops", "timerfd_fops", "signalfd_fops",
					     "inotify_fops" };

	for (size_t i = 0; i < IQ_ARRAY_SIZE(names); i++)
		if (ops == iq_sym_addr(s, names[i]))
			return true;
	return false;
}

static void look_at(struct iq_diag *d, const struct iq_task *task, const struct iq_watch *watch,
		    struct source *src)
{
	uint64_t ops, private;

	*src = (struct source){ .kind = OPEN_TO_ALL, .fd = watch->fd };
	if (!watch->file) {
		src->kind = OWN; /* closed */
		return;
	}
	if (!iq_peek_member(d->s, "struct file", "f_op", watch->file, &ops) || !ops ||
	    !iq_peek_member(d->s, "struct file", "private_data", watch->file, &private))
		return;
	if (is_own_event(d->s, ops))
		src->kind = OWN;
	else if (ops == iq_sym_addr(d->s, "socket_file_ops") && private)
		look_at_socket(d, task, private, src);
	else if (ops == iq_sym_addr(d->s, "pipefifo_fops") && private)
		look_at_pipe(d, task, watch, private, src);
}

/* ---- what a peer that waits for us has asked others ---- */

/* All of a process's threads are where they cannot answer from, as far as a look at them tells. */
static bool may_be_stuck(const struct iq_servers *servers)
{
	for (size_t i = 0; i < servers->num; i++)
		if (servers->list[i].task->state != 'S' || servers->list[i].task->frozen)
			return true;
	return false;
}

/*
 * The descriptors on which a thread that polls has an unanswered request. Returns how many; the
 * result is this look's.
 */
static const char unanswered_known[1];

struct unanswered {
	size_t num;
	struct source *list[MAX_ASKED];
};

static const struct unanswered *unanswered_of(struct iq_diag *d, const struct iq_task *t)
{
	const struct watch_list *watches = watches_of(d, t);
	struct unanswered *u = iq_diag_recall(d, unanswered_known, t->addr);

	if (u)
		return u;
	u = iq_arena_alloc(d->g->arena, sizeof(*u));
	iq_diag_remember(d, unanswered_known, t->addr, u);
	for (size_t i = 0; i < watches->num && u->num < MAX_ASKED; i++) {
		_cleanup_free_ struct source *src = iq_xmalloc(sizeof(*src));

		look_at(d, t, &watches->list[i], src);
		if (src->kind != PEER || src->asked < ASKED_LAST || !may_be_stuck(&src->servers))
			continue;
		drop_keepers(d, &src->servers);
		u->list[u->num++] = keep(d, src);
	}
	return u;
}

/* A process at the other end that polls it, and so can go on: the thread; NULL: there is none. */
static const struct iq_task *find_listener(struct iq_diag *d, const struct source *src)
{
	for (size_t i = 0; i < src->servers.num; i++) {
		const struct iq_task *t = listens_to(d, &src->servers.list[i]);

		if (t)
			return t;
	}
	return NULL;
}

/* ---- the wait ---- */

struct poll {
	struct iq_diag *d;
	const struct iq_sleeper *who;
	struct source *list[MAX_SOURCES];
	size_t num; /* of peers */
	size_t num_watches, num_free;
	bool serves, is_bounded;
};

static bool look_at_all(struct poll *p)
{
	const struct watch_list *watches = watches_of(p->d, p->who->task);

	p->num_watches = watches->num;
	if (!watches->whole || watches->num > MAX_BEHIND)
		p->num_free++;
	for (size_t i = 0; i < watches->num && i < MAX_BEHIND; i++) {
		_cleanup_free_ struct source *src = iq_xmalloc(sizeof(*src));

		look_at(p->d, p->who->task, &watches->list[i], src);
		p->serves = p->serves || src->kind == LISTENS;
		if (src->kind == OPEN_TO_ALL)
			p->num_free++;
		if (src->kind != PEER)
			continue;
		if (p->num == MAX_SOURCES) {
			p->num_free++;
			continue;
		}
		p->list[p->num++] = keep(p->d, src);
	}
	return p->num && !p->serves;
}

static struct iq_wait *start(struct poll *p, struct iq_object *only)
{
	struct iq_diag *d = p->d;
	struct iq_object *on = only;
	struct iq_wait *w;

	if (!on || p->num_watches > 1) {
		on = iq_graph_object(d->g, IQ_OBJ_KERNEL, "kernel:poll-of-%d", p->who->task->pid);
		iq_object_name(d->g, on, "one of its %zu descriptors", p->num_watches);
	}
	w = iq_diag_wait(p->who, on, IQ_WAIT_MESSAGE);
	w->only_behind = true;
	return w;
}

static void add_edges(struct iq_diag *d, struct iq_wait *w, const struct source *src, bool guessed,
		      const char *how)
{
	static const char *const reads[] = { NULL };
	struct iq_request request = { .taken = true,
				      .reads = reads,
				      .what = src->what ? src->what
							: "the socket it has to accept "
							  "the connection from",
				      .how = how,
				      .via = src->via,
				      .guessed = guessed };

	iq_diag_server_edges(d, w, &src->servers, &request);
}

/* Everything that can wake it comes from these. */
static struct iq_wait *wait_for_all(struct poll *p)
{
	struct iq_wait *w = start(p, p->list[0]->via);

	w->any = true;
	w->certainty = IQ_STRONG;
	if (p->num_watches == 1)
		iq_text_add(p->d->g, &w->evidence,
			    "it polls descriptor %d alone, and only the other end can wake it",
			    p->list[0]->fd);
	else
		iq_text_add(p->d->g, &w->evidence,
			    "it polls %zu descriptors; what can wake it, but for timers, signals "
			    "and its own events, is the other end of %zu of them",
			    p->num_watches, p->num);
	for (size_t i = 0; i < p->num; i++) {
		if (p->list[i]->why_asked)
			iq_text_add(p->d->g, &w->evidence, "descriptor %d: %s", p->list[i]->fd,
				    p->list[i]->why_asked);
		add_edges(p->d, w, p->list[i], false, "has to answer it");
	}
	return w;
}

/* Other things could wake it, but these owe it an answer. */
static struct iq_wait *wait_for_asked(struct poll *p)
{
	struct iq_wait *w = NULL;

	for (size_t i = 0; i < p->num; i++) {
		const struct source *src = p->list[i];

		if (src->asked < ASKED_LAST)
			continue;
		w = w ? w : start(p, src->via);
		w->certainty = IQ_LIKELY;
		iq_text_add(p->d->g, &w->evidence, "it polls descriptor %d: %s", src->fd,
			    src->why_asked);
		add_edges(p->d, w, src, true, "has a request of it that is not answered");
	}
	return w;
}

/* Its peer is there and waits for us, but somebody owes the peer an answer. */
static struct iq_wait *wait_behind(struct poll *p, const struct source *src,
				   const struct iq_task *peer)
{
	const struct unanswered *u = unanswered_of(p->d, peer);
	struct iq_wait *w;

	/* Who is served in turn must be waiting for an answer, not for whatever comes. */
	if (!u->num || src->asked == ASKED_NO ||
	    (src->asked == ASKED_UNKNOWN && (p->num_watches > 1 || p->num_free)))
		return NULL;
	w = start(p, src->via);
	w->certainty = IQ_LIKELY;
	iq_text_add(p->d->g, &w->evidence,
		    "it polls descriptor %d for an answer of %s (%d), which polls in turn", src->fd,
		    peer->comm, peer->tgid);
	for (size_t i = 0; i < u->num; i++) {
		iq_text_add(p->d->g, &w->evidence, "descriptor %d of %s (%d): %s", u->list[i]->fd,
			    peer->comm, peer->tgid, u->list[i]->why_asked);
		add_edges(p->d, w, u->list[i], true,
			  iq_arena_printf(p->d->g->arena,
					  "owes %s (%d) an answer, which it may need for this one",
					  peer->comm, peer->tgid));
	}
	return w;
}

/* How long the call lasts in the whole, if it is bounded. */
static bool is_bounded(struct iq_diag *d, const struct iq_task *task)
{
	int64_t left_ns;

	if (!iq_sleep_left(d->s, task, &left_ns))
		return false;
	return left_ns / 1000000 + IQ_MAX(task->idle_ns, (int64_t)0) / 1000000 < LONG_MS;
}

struct iq_error *explain_poll(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	const struct iq_task *task = who->task;
	struct poll p = { .d = d, .who = who };
	size_t kept = 0;

	if (task->state != 'S' || !look_at_all(&p))
		return NULL;
	p.is_bounded = is_bounded(d, task);
	/* Peers that wait for us are free to go on. */
	for (size_t i = 0; i < p.num; i++) {
		const struct iq_task *peer;

		drop_keepers(d, &p.list[i]->servers);
		peer = find_listener(d, p.list[i]);
		if (!peer) {
			p.list[kept++] = p.list[i];
			continue;
		}
		if (!*wait_ret)
			*wait_ret = wait_behind(&p, p.list[i], peer);
		p.num_free++;
	}
	p.num = kept;
	if (*wait_ret || !p.num)
		return NULL;
	*wait_ret = p.num_free || p.is_bounded ? wait_for_asked(&p) : wait_for_all(&p);
	return NULL;
}
