/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Programs that wait in poll, select and epoll: servers that are event loops, a proxy between, and
 * clients of all sorts
 *
 * Everybody speaks one byte at a time: a client writes a byte and waits for one.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "role.h"

enum { MAX_FDS = 1024, MAX_EVENTS = 16 };

/* PATH ("/tmp/x") is a Unix socket, "4711" a port of this machine. */
static int address_of(const char *where, struct sockaddr_storage *a, socklen_t *len)
{
	struct sockaddr_in *in = (void *)a;
	struct sockaddr_un *un = (void *)a;

	memset(a, 0, sizeof(*a));
	if (where[0] == '/') {
		un->sun_family = AF_UNIX;
		strncpy(un->sun_path, where, sizeof(un->sun_path) - 1);
		*len = sizeof(*un);
		return AF_UNIX;
	}
	in->sin_family = AF_INET;
	in->sin_port = htons((uint16_t)atoi(where));
	in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	*len = sizeof(*in);
	return AF_INET;
}

static int listen_at(const char *where)
{
	struct sockaddr_storage a;
	int one = 1, fd;
	socklen_t len;

	fd = checked(socket(address_of(where, &a, &len), SOCK_STREAM, 0), "socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	checked(bind(fd, (void *)&a, len), "bind");
	checked(listen(fd, MAX_EVENTS), "listen");
	return fd;
}

static int connect_to(const char *where)
{
	struct sockaddr_storage a;
	socklen_t len;
	int fd = checked(socket(address_of(where, &a, &len), SOCK_STREAM, 0), "socket");

	for (int i = 0; i < 100 && connect(fd, (void *)&a, len) < 0; i++)
		usleep(50000);
	return fd;
}

/* ---- an event loop ---- */

static void watch(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	checked(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
}

/* What a client sent: pass it to our own server, if we are a proxy, or answer it after a while. */
static void serve(int epoll, int fd, int *other, const char *upstream, unsigned answer_us)
{
	char byte;

	if (read(fd, &byte, 1) != 1) {
		close(fd);
		return;
	}
	if (!upstream) {
		usleep(answer_us);
		checked((int)write(fd, &byte, 1), "write");
		return;
	}
	if (!other[fd]) {
		int up = connect_to(upstream);

		other[fd] = up;
		other[up] = fd;
		watch(epoll, up);
	}
	checked((int)write(other[fd], &byte, 1), "write");
}

static _Noreturn void loop(int num, int *listeners, const char *upstream, unsigned answer_us)
{
	static int other[MAX_FDS];
	int epoll = checked(epoll_create1(0), "epoll_create");
	struct epoll_event events[MAX_EVENTS];

	for (int i = 0; i < num; i++)
		watch(epoll, listeners[i]);
	for (;;) {
		int found = epoll_wait(epoll, events, MAX_EVENTS, -1);

		for (int i = 0; i < found; i++) {
			int fd = events[i].data.fd, is_listener = 0;

			for (int k = 0; k < num; k++)
				is_listener = is_listener || fd == listeners[k];
			if (is_listener)
				watch(epoll, checked(accept(fd, NULL, NULL), "accept"));
			else
				serve(epoll, fd, other, upstream, answer_us);
		}
	}
}

/* poll-server PATH PORT MS: answers each byte after MS milliseconds */
static int role_poll_server(char **argv)
{
	int listeners[] = { listen_at(argv[0]), listen_at(argv[1]) };

	be("poll-server");
	fact(getpid(), "server");
	loop(2, listeners, NULL, (unsigned)atoi(argv[2]) * 1000);
}

/* poll-proxy PORT UPSTREAM NAME */
static int role_poll_proxy(char **argv)
{
	int listener = listen_at(argv[0]);

	be("poll-proxy");
	fact(getpid(), "%s", argv[2]);
	loop(1, &listener, argv[1], 0);
}

/* ---- clients ---- */

static void wait_by_poll(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	while (!poll(&p, 1, ms))
		;
}

static void wait_by_select(int fd)
{
	fd_set set;

	FD_ZERO(&set);
	FD_SET(fd, &set);
	select(fd + 1, &set, NULL, NULL, NULL);
}

/* As an event loop does: with a timer far away, signals, an event and a pipe of its own. */
static void wait_by_epoll(int fd)
{
	int epoll = checked(epoll_create1(0), "epoll_create"), pipes[2];
	int timer = checked(timerfd_create(CLOCK_MONOTONIC, 0), "timerfd_create");
	struct itimerspec far = { .it_value.tv_sec = 3600 };
	struct epoll_event event;
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	checked(pipe(pipes), "pipe");
	timerfd_settime(timer, 0, &far, NULL);
	watch(epoll, timer);
	watch(epoll, checked(signalfd(-1, &signals, 0), "signalfd"));
	watch(epoll, checked(eventfd(0, 0), "eventfd"));
	watch(epoll, pipes[0]);
	watch(epoll, fd);
	epoll_wait(epoll, &event, 1, -1);
}

static void wait_for_answer(int fd, const char *how)
{
	char byte;

	if (!strcmp(how, "select"))
		wait_by_select(fd);
	else if (!strcmp(how, "epoll"))
		wait_by_epoll(fd);
	else
		wait_by_poll(fd, !strcmp(how, "again") ? 500 : -1);
	checked((int)read(fd, &byte, 1), "read");
}

/*
 * poll-client WHERE poll|select|epoll|again NAME BYTES: ask so often, each time wait for the
 * answer; "again" by a poll of half a second that is repeated. Then wait for what nobody has asked
 * for.
 */
static int role_poll_client(char **argv)
{
	int fd = connect_to(argv[0]);

	be(argv[2]);
	fact(my_tid(), "%s", argv[2]);
	for (int i = atoi(argv[3]); i; i--) {
		checked((int)write(fd, "?", 1), "write");
		wait_for_answer(fd, argv[1]);
	}
	wait_for_answer(fd, argv[1]);
	return 0;
}

/* poll-teller WHERE: say something, and wait for no answer */
static int role_poll_teller(char **argv)
{
	int fd = connect_to(argv[0]);

	be("poll-teller");
	checked((int)write(fd, "!", 1), "write");
	fact(my_tid(), "client");
	sleep_for_ever();
}

/* ---- event loops that wait for each other ---- */

static _Noreturn void wait_for_each_other(int in, int out)
{
	struct pollfd p = { .fd = in, .events = POLLIN };

	(void)out;
	poll(&p, 1, -1);
	exit(0);
}

/* poll-pairs: two processes with a socket pair, two with a pipe each way; all wait for the other */
static int role_poll_pairs(char **argv)
{
	int pair[2], to[2], from[2];
	long first = getpid();

	(void)argv;
	be("poll-pairs");
	checked(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "socketpair");
	checked(pipe(to), "pipe");
	checked(pipe(from), "pipe");
	for (int i = 0; i < 4; i++) {
		pid_t pid = checked(fork(), "fork");

		if (pid)
			continue;
		if (i < 2) {
			close(pair[!i]);
			close(to[0]), close(to[1]), close(from[0]), close(from[1]);
			wait_for_each_other(pair[i], pair[i]);
		}
		close(pair[0]), close(pair[1]);
		close(i == 2 ? to[0] : from[0]), close(i == 2 ? from[1] : to[1]);
		wait_for_each_other(i == 2 ? from[0] : to[0], i == 2 ? to[1] : from[1]);
	}
	close(pair[0]), close(pair[1]);
	close(to[0]), close(to[1]), close(from[0]), close(from[1]);
	fact(first, "pairs");
	sleep_for_ever();
}

static const struct role roles[] = {
	{ "poll-server", 3, role_poll_server }, /* PATH PORT MS */
	{ "poll-proxy", 3, role_poll_proxy },	/* PORT UPSTREAM NAME */
	{ "poll-client", 4, role_poll_client }, /* WHERE HOW NAME BYTES */
	{ "poll-teller", 1, role_poll_teller }, /* WHERE */
	{ "poll-pairs", 0, role_poll_pairs },	{ 0 },
};
ROLES(roles)
