/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of this room share
 */
#ifndef IQ_MODULES_SOCKET_H
#define IQ_MODULES_SOCKET_H

#include "inquest/describe.h"
#include "inquest/files.h"
#include "inquest/module.h"
#include "inquest/server.h"
#include "inquest/waitq.h"

enum {
	AF_UNIX_ = 1,
	AF_INET_ = 2,
	AF_INET6_ = 10,
	TYPE_STREAM = 1,
	RCV_SHUTDOWN_ = 1,
	TCP_ESTABLISHED_ = 1,
	STATE_SYN_SENT = 2,
	STATE_LISTEN = 10
};

/* A struct sock, as far as it matters here. */
struct sk {
	iq_vaddr sk, socket; /* socket: 0 where it is not accepted yet, or closed */
	unsigned family, state;
};

bool read_sk(struct iq_diag *d, iq_vaddr sk, struct sk *sk_ret);
/* The socket whose own wait queue this is. */
bool sk_of_queue(struct iq_diag *d, iq_vaddr head, struct sk *sk_ret);
/* Inode number of a struct socket, which is what lsof and ss know it by; 0: not known. */
uint64_t socket_ino(struct iq_diag *d, iq_vaddr socket);

/*
 * Edges to all processes that have this struct socket open. Returns how many there are. A process
 * of one thread that waits for itself is none: a signal handler of its own may wake it.
 */
size_t add_holders(struct iq_diag *d, struct iq_wait *w, const struct iq_task *waiter,
		   iq_vaddr socket, const char *how);

/* The object of a Unix socket, by its inode and its name or its peer's. peer may be NULL. */
struct iq_object *unix_object(struct iq_diag *d, const struct sk *sk, const struct sk *peer);

/* The struct socket that has to accept a connection whose end `peer` has none yet; 0: not known. */
iq_vaddr unix_acceptor(struct iq_diag *d, const struct sk *peer);

/* Does a task sleep until something comes in from this struct socket? */
bool is_read_too(struct iq_diag *d, iq_vaddr socket);

/* ---- who else has which socket: found in all descriptor tables, once a look ---- */

/* A listening Unix socket with this struct unix_address; its struct socket, 0: none. */
iq_vaddr unix_listener(struct iq_diag *d, iq_vaddr address);

struct tuple {
	uint8_t local[16], remote[16]; /* IPv4 addresses as IPv6 ones */
	uint16_t local_port, remote_port;
};

bool read_tuple(struct iq_diag *d, const struct sk *sk, struct tuple *t);
/* The struct socket at the other end of a TCP connection; one that is open on this machine; 0:
 * none. */
iq_vaddr tcp_peer(struct iq_diag *d, const struct tuple *t);
/* ... and that accepts connections at the other end's address and port. */
iq_vaddr tcp_listener(struct iq_diag *d, const struct tuple *t);

/* The object of a TCP connection. */
struct iq_object *tcp_object(struct iq_diag *d, const struct sk *sk, const struct tuple *t);
/* Is the other end on this machine, by its address? */
bool is_here(const struct tuple *t);

/* ---- who reads, and who only keeps a descriptor (keepers.c) ---- */

/* What a task sleeps for in poll, select or epoll; empty where it does not. This look's. */
struct watch_list {
	struct iq_watch *list;
	size_t num;
	bool whole; /* there are no more than these */
};

const struct watch_list *watches_of(struct iq_diag *d, const struct iq_task *task);

/* A thread of the process that sleeps until something comes in from this descriptor, by a read or a
 * poll; NULL: there is none. */
const struct iq_task *listens_to(struct iq_diag *d, const struct iq_open_file *open);

/* Leave out those who only keep the descriptor, if somebody is left. */
void drop_keepers(struct iq_diag *d, struct iq_servers *servers);

/* How many buffers (messages, connections) are in a socket's receive queue. */
uint64_t num_queued(struct iq_diag *d, iq_vaddr sk);
/* Is there something in a connected socket that nobody has read yet? */
bool is_unread(struct iq_diag *d, const struct sk *sk);

/* iq_module.wanted_of */
void wanted_of(struct iq_diag *d, const struct iq_task *process, iq_texts *wanted);

/* ---- rules ---- */

extern const char *const poll_functions[];
struct iq_error *explain_poll(const struct iq_sleeper *who, struct iq_wait **wait_ret);

extern const char *const tcp_functions[];
struct iq_error *explain_tcp(const struct iq_sleeper *who, struct iq_wait **wait_ret);

#endif
