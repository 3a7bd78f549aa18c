/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The other ends of sockets
 *
 * A TCP connection within one machine has two sockets that do not know each other:
 * their addresses are mirrored. A connection that nobody has accepted yet has a socket that
 * no process has open; then who listens there has to accept it.
 */
#include "socket.h"

#include "inquest/process.h"

static const char sock_type[] = "struct sock";

bool read_sk(struct iq_diag *d, iq_vaddr sk, struct sk *ret)
{
	uint64_t family, state, socket = 0, back;

	if (!iq_is_kernel_ptr(d->s, sk) ||
	    !iq_peek_member(d->s, sock_type, "__sk_common.skc_family", sk, &family) ||
	    !iq_peek_member(d->s, sock_type, "__sk_common.skc_state", sk, &state) ||
	    !iq_peek_member(d->s, sock_type, "sk_socket", sk, &socket))
		return false;
	if (socket && (!iq_is_kernel_ptr(d->s, socket) ||
		       !iq_peek_member(d->s, "struct socket", "sk", socket, &back) || back != sk))
		return false;
	*ret = (struct sk){ sk, socket, (unsigned)family, (unsigned)state };
	return true;
}

bool sk_of_queue(struct iq_diag *d, iq_vaddr head, struct sk *ret)
{
	int64_t off = iq_offsetof(d->s, "struct socket", "wq.wait");
	iq_vaddr socket = head - (uint64_t)off;
	uint64_t sk;

	return off >= 0 && iq_peek_member(d->s, "struct socket", "sk", socket, &sk) &&
	       read_sk(d, sk, ret) && ret->socket == socket;
}

uint64_t socket_ino(struct iq_diag *d, iq_vaddr socket)
{
	int64_t in = iq_offsetof(d->s, "struct socket_alloc", "socket"),
		inode = iq_offsetof(d->s, "struct socket_alloc", "vfs_inode");
	uint64_t ino = 0;

	if (!socket || in < 0 || inode < 0)
		return 0;
	iq_peek_member(d->s, "struct inode", "i_ino", socket - (uint64_t)in + (uint64_t)inode,
		       &ino);
	return ino;
}

uint64_t num_queued(struct iq_diag *d, iq_vaddr sk)
{
	uint64_t num = 0;

	iq_peek_member(d->s, sock_type, "sk_receive_queue.qlen", sk, &num);
	return num;
}

bool is_unread(struct iq_diag *d, const struct sk *sk)
{
	uint64_t type = 0, next, copied;

	if (sk->socket)
		iq_peek_member(d->s, "struct socket", "type", sk->socket, &type);
	if (sk->family == AF_UNIX_ || type != TYPE_STREAM)
		return num_queued(d, sk->sk) > 0;
	return iq_peek_member(d->s, "struct tcp_sock", "rcv_nxt", sk->sk, &next) &&
	       iq_peek_member(d->s, "struct tcp_sock", "copied_seq", sk->sk, &copied) &&
	       (int32_t)((uint32_t)next - (uint32_t)copied) > 0;
}

/* ---- holders ---- */

size_t add_holders(struct iq_diag *d, struct iq_wait *w, const struct iq_task *waiter,
		   iq_vaddr socket, const char *how)
{
	struct iq_servers servers = { .num = 0 };
	size_t num = 0;

	iq_open_each(d->s, IQ_OPEN_PRIVATE, socket, iq_servers_add, &servers);
	drop_keepers(d, &servers);
	for (size_t i = 0; i < servers.num; i++) {
		const struct iq_open_file *open = &servers.list[i];
		bool own = open->task->tgid == waiter->tgid;

		if (own && waiter->num_threads <= 1)
			continue;
		num += iq_diag_process_edges(
			d, &(struct iq_process_edges){
				   .wait = w,
				   .process = open->task,
				   .except = own ? waiter : NULL,
				   .via = w->on,
				   .kind = IQ_EDGE_SERVES,
				   .certainty = IQ_PROVEN,
				   .how = how,
				   .evidence = iq_arena_printf(
					   iq_scratch(d->s),
					   "%s (%d) has the other end, socket [%" PRIu64
					   "], open as descriptor %u",
					   open->task->comm, open->task->tgid,
					   socket_ino(d, open->private_data), open->fd) });
	}
	return num;
}

/* ---- who reads where ---- */

static const char reads_indexed[1], reads_by_socket[1];

static void index_readers(struct iq_diag *d)
{
	static const char *const reads[] = { "unix_stream_read_generic",
					     "unix_stream_data_wait",
					     "__skb_wait_for_more_packets",
					     "sk_wait_data",
					     "tcp_recvmsg",
					     "tcp_recvmsg_locked",
					     NULL };

	iq_diag_remember(d, reads_indexed, 0, (void *)reads_indexed);
	for (size_t i = 0; i < d->tasks->num_tasks; i++) {
		const struct iq_task *t = &d->tasks->tasks[i];
		const struct iq_stack *stack;
		struct iq_wait_entry entry;
		struct sk sk;

		if (!t->pid || !t->stack || t->on_cpu || t->state != 'S' || t->unreadable)
			continue;
		stack = iq_task_stack(d->s, t);
		if (iq_stack_find(stack, 0, reads) >= 0 &&
		    iq_find_wait_entry(d->s, t, stack, NULL, &entry) &&
		    sk_of_queue(d, entry.head, &sk))
			iq_diag_remember(d, reads_by_socket, sk.socket, (void *)reads_by_socket);
	}
}

bool is_read_too(struct iq_diag *d, iq_vaddr socket)
{
	if (!iq_diag_recall(d, reads_indexed, 0))
		index_readers(d);
	return iq_diag_recall(d, reads_by_socket, socket);
}

/* ---- the index ---- */

static const char indexed[1], by_address[1], by_tuple[1], by_port[1];

struct known {
	iq_vaddr socket;
	struct tuple tuple;
	struct known *next; /* of the same hash */
};

static bool is_mapped(const uint8_t *address)
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };

	return !memcmp(address, prefix, sizeof(prefix));
}

static void map_v4(uint8_t *address, uint64_t v4)
{
	memset(address, 0, 16);
	address[10] = address[11] = 0xff;
	memcpy(address + 12, &v4, 4);
}

static bool read_v6(struct iq_diag *d, iq_vaddr sk, const char *member, uint8_t *address)
{
	int64_t off = iq_offsetof(d->s, sock_type, member);

	return off >= 0 && iq_peek(d->s, sk + (uint64_t)off, address, 16);
}

bool read_tuple(struct iq_diag *d, const struct sk *sk, struct tuple *t)
{
	uint64_t local, remote, dport, num;

	memset(t, 0, sizeof(*t));
	if (!iq_peek_member(d->s, sock_type, "__sk_common.skc_daddr", sk->sk, &remote) ||
	    !iq_peek_member(d->s, sock_type, "__sk_common.skc_rcv_saddr", sk->sk, &local) ||
	    !iq_peek_member(d->s, sock_type, "__sk_common.skc_dport", sk->sk, &dport) ||
	    !iq_peek_member(d->s, sock_type, "__sk_common.skc_num", sk->sk, &num))
		return false;
	t->local_port = (uint16_t)num;
	t->remote_port = (uint16_t)((dport & 0xff) << 8 | (dport >> 8 & 0xff)); /* big endian */
	if (sk->family == AF_INET6_ &&
	    read_v6(d, sk->sk, "__sk_common.skc_v6_rcv_saddr", t->local) &&
	    read_v6(d, sk->sk, "__sk_common.skc_v6_daddr", t->remote))
		return true;
	if (sk->family != AF_INET_)
		return false;
	map_v4(t->local, local);
	map_v4(t->remote, remote);
	return true;
}

static uint64_t tuple_hash(const uint8_t *local, const uint8_t *remote, uint16_t local_port,
			   uint16_t remote_port)
{
	return iq_hash_bytes(local, 16) * 31 + iq_hash_bytes(remote, 16) +
	       iq_hash_u64((uint64_t)local_port << 16 | remote_port);
}

static void add_known(struct iq_diag *d, const void *kind, uint64_t key, iq_vaddr socket,
		      const struct tuple *tuple)
{
	struct known *k = iq_arena_alloc(d->g->arena, sizeof(*k));

	k->socket = socket;
	if (tuple)
		k->tuple = *tuple;
	k->next = iq_diag_recall(d, kind, key);
	iq_diag_remember(d, kind, key, k);
}

static bool add_socket(void *ctx, const struct iq_open_file *open)
{
	struct iq_diag *d = ctx;
	iq_vaddr ops = iq_sym_addr(d->s, "socket_file_ops");
	uint64_t sk_addr, type, address;
	struct tuple t;
	struct sk sk;

	if ((ops && open->f_op != ops) || !open->private_data ||
	    !iq_peek_member(d->s, "struct socket", "sk", open->private_data, &sk_addr) ||
	    !iq_peek_member(d->s, "struct socket", "type", open->private_data, &type) ||
	    !read_sk(d, sk_addr, &sk) || sk.socket != open->private_data)
		return false;
	if (sk.family == AF_UNIX_) {
		if (sk.state == STATE_LISTEN &&
		    iq_peek_member(d->s, "struct unix_sock", "addr", sk.sk, &address) && address)
			add_known(d, by_address, address, sk.socket, NULL);
		return false;
	}
	if (type != TYPE_STREAM || !read_tuple(d, &sk, &t))
		return false;
	if (sk.state == STATE_LISTEN)
		add_known(d, by_port, t.local_port, sk.socket, &t);
	else
		add_known(d, by_tuple, tuple_hash(t.local, t.remote, t.local_port, t.remote_port),
			  sk.socket, &t);
	return false;
}

static void index_sockets(struct iq_diag *d)
{
	struct iq_map seen = { 0 };

	if (iq_diag_recall(d, indexed, 0))
		return;
	iq_diag_remember(d, indexed, 0, d);
	for (size_t i = 0; i < d->tasks->num_tasks; i++) {
		const struct iq_task *t = &d->tasks->tasks[i];

		if (!t->pid || !t->files || iq_map_get(&seen, t->files))
			continue;
		iq_map_set(&seen, t->files, 1);
		iq_open_of_task(d->s, t, add_socket, d);
	}
	iq_map_deinit(&seen);
}

iq_vaddr unix_listener(struct iq_diag *d, iq_vaddr address)
{
	struct known *k;

	index_sockets(d);
	k = iq_diag_recall(d, by_address, address);
	return k ? k->socket : 0;
}

iq_vaddr tcp_peer(struct iq_diag *d, const struct tuple *t)
{
	struct known *k;

	index_sockets(d);
	k = iq_diag_recall(d, by_tuple,
			   tuple_hash(t->remote, t->local, t->remote_port, t->local_port));
	for (; k; k = k->next)
		if (!memcmp(k->tuple.local, t->remote, 16) &&
		    !memcmp(k->tuple.remote, t->local, 16) &&
		    k->tuple.local_port == t->remote_port && k->tuple.remote_port == t->local_port)
			return k->socket;
	return 0;
}

static bool is_any(const uint8_t *address)
{
	static const uint8_t zero[16];

	return !memcmp(address, zero, 16) || (is_mapped(address) && !memcmp(address + 12, zero, 4));
}

iq_vaddr tcp_listener(struct iq_diag *d, const struct tuple *t)
{
	struct known *k;

	index_sockets(d);
	for (k = iq_diag_recall(d, by_port, t->remote_port); k; k = k->next)
		if (is_any(k->tuple.local) || !memcmp(k->tuple.local, t->remote, 16))
			return k->socket;
	return 0;
}
