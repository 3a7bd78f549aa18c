/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What others want of a process, by its sockets
 *
 * It listens; connections wait to be accepted; what was sent to it is not read. Each is in the
 * socket's own struct sock: its state, and its queues.
 *
 * Kernel: net/unix/af_unix.c (a listener's sk_receive_queue holds what nobody has accepted),
 * include/net/inet_connection_sock.h (sk_ack_backlog), net/ipv4/tcp.c.
 */
#include "socket.h"

struct wanted {
	struct iq_diag *d;
	const char *listens; /* the first of them, in words */
	uint64_t num_listens, num_unaccepted, num_unread;
};

static uint64_t num_unaccepted(struct iq_diag *d, const struct sk *sk)
{
	uint64_t num = 0;

	if (sk->family == AF_UNIX_)
		return num_queued(d, sk->sk);
	iq_peek_member(d->s, "struct sock", "sk_ack_backlog", sk->sk, &num);
	return num;
}

static bool look(void *ctx, const struct iq_open_file *open)
{
	struct wanted *x = ctx;
	uint64_t addr;
	struct sk sk;

	if (open->f_op != iq_sym_addr(x->d->s, "socket_file_ops") || !open->private_data ||
	    !iq_peek_member(x->d->s, "struct socket", "sk", open->private_data, &addr) ||
	    !read_sk(x->d, addr, &sk) || sk.socket != open->private_data)
		return false;
	if (sk.family != AF_UNIX_ && sk.family != AF_INET_ && sk.family != AF_INET6_)
		return false;
	if (sk.state == STATE_LISTEN) {
		if (!x->num_listens++)
			x->listens = iq_describe_socket(x->d->s, open->private_data);
		x->num_unaccepted += num_unaccepted(x->d, &sk);
	} else if (is_unread(x->d, &sk)) {
		x->num_unread++;
	}
	return false;
}

void wanted_of(struct iq_diag *d, const struct iq_task *process, iq_texts *wanted)
{
	struct wanted x = { .d = d };

	iq_open_of_task(d->s, process, look, &x);
	if (x.num_listens)
		iq_text_add(d->g, wanted,
			    x.num_listens > 1 ? "it has %s, and %" PRIu64 " more such"
					      : "it has %s",
			    x.listens ? x.listens : "a listening socket", x.num_listens - 1);
	if (x.num_unaccepted)
		iq_text_add(d->g, wanted, "%" PRIu64 " connection%s to it %s not accepted",
			    x.num_unaccepted, x.num_unaccepted == 1 ? "" : "s",
			    x.num_unaccepted == 1 ? "is" : "are");
	if (x.num_unread)
		iq_text_add(d->g, wanted,
			    "on %" PRIu64 " of its sockets it has not read what was sent",
			    x.num_unread);
}
