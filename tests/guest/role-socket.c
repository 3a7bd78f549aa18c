/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Two ends of sockets, one of which does not do its part
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "role.h"

static struct sockaddr_un unix_address(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	return a;
}

static struct sockaddr_in inet_address(const char *host, const char *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };

	inet_pton(AF_INET, host, &a.sin_addr);
	return a;
}

/* Take two connections, and then do nothing more. */
static _Noreturn void accept_two(int fd)
{
	fact(getpid(), "server");
	for (int i = 0; i < 2; i++)
		checked(accept(fd, NULL, NULL), "accept");
	sleep_for_ever();
}

/* unix-server PATH: two connections to PATH, and datagrams to PATH.d, that it does not look at */
static int role_unix_server(char **argv)
{
	struct sockaddr_un a = unix_address(argv[0]);
	int fd = checked(socket(AF_UNIX, SOCK_STREAM, 0), "socket"),
	    dgram = checked(socket(AF_UNIX, SOCK_DGRAM, 0), "socket");

	be("unix-server");
	checked(bind(fd, (void *)&a, sizeof(a)), "bind");
	checked(listen(fd, 1), "listen");
	strcat(a.sun_path, ".d");
	checked(bind(dgram, (void *)&a, sizeof(a)), "bind");
	accept_two(fd);
}

static _Noreturn void use(int fd, const char *how)
{
	static char buf[65536];

	be(how);
	fact(my_tid(), "%s", how);
	if (!strcmp(how, "reader") || !strcmp(how, "early")) {
		checked((int)read(fd, buf, sizeof(buf)), "read");
		exit(0);
	}
	for (;;)
		checked((int)write(fd, buf, sizeof(buf)), "write");
}

/* unix-client PATH reader|early|writer|connecter */
static int role_unix_client(char **argv)
{
	struct sockaddr_un a = unix_address(argv[0]);
	int fd = checked(socket(AF_UNIX, SOCK_STREAM, 0), "socket");

	be(argv[1]);
	if (!strcmp(argv[1], "connecter"))
		fact(my_tid(), "%s", argv[1]);
	checked(connect(fd, (void *)&a, sizeof(a)), "connect");
	use(fd, argv[1]);
}

/* unix-sender PATH: datagrams, until there is no room */
static _Noreturn int role_unix_sender(char **argv)
{
	struct sockaddr_un a = unix_address(argv[0]);
	int fd = checked(socket(AF_UNIX, SOCK_DGRAM, 0), "socket");

	be("sender");
	fact(my_tid(), "sender");
	for (;;)
		checked((int)sendto(fd, "x", 1, 0, (void *)&a, sizeof(a)), "sendto");
}

/* tcp-server PORT */
static int role_tcp_server(char **argv)
{
	struct sockaddr_in a = inet_address("0.0.0.0", argv[0]);
	int fd = checked(socket(AF_INET, SOCK_STREAM, 0), "socket"), one = 1;

	be("tcp-server");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	checked(bind(fd, (void *)&a, sizeof(a)), "bind");
	checked(listen(fd, 8), "listen");
	accept_two(fd);
}

/* tcp-client HOST PORT reader|early|writer|connecter */
static int role_tcp_client(char **argv)
{
	struct sockaddr_in a = inet_address(argv[0], argv[1]);
	int fd = checked(socket(AF_INET, SOCK_STREAM, 0), "socket");

	be(argv[2]);
	if (!strcmp(argv[2], "connecter"))
		fact(my_tid(), "%s", argv[2]);
	checked(connect(fd, (void *)&a, sizeof(a)), "connect");
	use(fd, argv[2]);
}

/* peers: pairs that talk to each other when there is something to say, all of them healthy */
static int role_peers(char **argv)
{
	char c;

	(void)argv;
	for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++) {
		int ends[2];

		checked(socketpair(AF_UNIX, type, 0, ends), "socketpair");
		for (int i = 0; i < 2; i++) {
			if (checked(fork(), "fork"))
				continue;
			close(ends[!i]);
			be(i ? "peer-b" : "peer-a");
			checked((int)read(ends[i], &c, 1), "read");
			_exit(0);
		}
		close(ends[0]);
		close(ends[1]);
	}
	be("peers");
	fact(getpid(), "peers");
	sleep_for_ever();
}

static const struct role socket_roles[] = {
	{ "unix-server", 1, role_unix_server }, /* PATH */
	{ "unix-client", 2, role_unix_client }, /* PATH HOW */
	{ "unix-sender", 1, role_unix_sender }, /* PATH */
	{ "tcp-server", 1, role_tcp_server },	/* PORT */
	{ "tcp-client", 3, role_tcp_client },	/* HOST PORT HOW */
	{ "peers", 0, role_peers },
	{ 0 },
};
ROLES(socket_roles)
