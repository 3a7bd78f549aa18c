/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Clients of hosts that do not answer
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "role.h"

/* lock-connect FILE HOST PORT: connect with the lock of FILE held */
static int role_lock_connect(char **argv)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons((uint16_t)atoi(argv[2])) };
	int fd = checked(socket(AF_INET, SOCK_STREAM, 0), "socket");

	be("lock-connect");
	inet_pton(AF_INET, argv[1], &a.sin_addr);
	checked(flock(checked(open(argv[0], O_RDWR | O_CREAT, 0600), argv[0]), LOCK_EX), "flock");
	fact(getpid(), "holder");
	checked(connect(fd, (void *)&a, sizeof(a)), "connect");
	return 0;
}

/* later GO ACTION FILE: open FILE; when GO is there, read, sync (write and wait) or fault */
static int role_later(char **argv)
{
	static char buf[16 * PAGE];
	const char *go = argv[0], *action = argv[1];
	int fd = checked(open(argv[2], O_RDWR), argv[2]);
	volatile char *map = MAP_FAILED;

	if (!strcmp(action, "fault")) {
		map = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
		if (map == MAP_FAILED)
			die("mmap");
	}
	be(action);
	fact(getpid(), "%s", action);
	while (access(go, F_OK))
		usleep(20000);
	if (!strcmp(action, "read")) {
		checked((int)pread(fd, buf, sizeof(buf), 0), "pread");
	} else if (!strcmp(action, "sync")) {
		checked((int)pwrite(fd, buf, sizeof(buf), 0), "pwrite");
		checked(fsync(fd), "fsync");
	} else {
		return map[0];
	}
	return 0;
}

static void read_all(int fd, void *buf, size_t len)
{
	for (size_t n = 0; n < len;) {
		int got = checked((int)read(fd, (char *)buf + n, len - n), "read");

		if (!got)
			exit(1);
		n += (size_t)got;
	}
}

enum { OP_SEQUENCE = 53, NFS4ERR_BADSESSION = 10052, MAX_CALL = 16384 };

/* The first operation of a compound call; 0 where it is cut off. */
static uint32_t first_operation(const uint32_t *call, size_t num)
{
	size_t i = 6;

	/* Credentials, verifier: a flavour, a length, a body. Then a tag, a minor version, a count.
	 */
	for (int k = 0; k < 2 && i + 1 < num; k++)
		i += 2 + (ntohl(call[i + 1]) + 3) / 4;
	if (i < num)
		i += 1 + (ntohl(call[i]) + 3) / 4 + 2;
	return i < num ? ntohl(call[i]) : 0;
}

/*
 * rpc-server HOST PORT: it answers the empty call of any program, and to who uses a session of
 * NFSv4 that there is none; nothing else
 */
static int role_rpc_server(char **argv)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons((uint16_t)atoi(argv[1])) };
	int fd = checked(socket(AF_INET, SOCK_STREAM, 0), "socket"), client, one = 1;
	static uint32_t call[MAX_CALL / 4];
	uint32_t len;

	be("rpc-server");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	inet_pton(AF_INET, argv[0], &a.sin_addr);
	checked(bind(fd, (void *)&a, sizeof(a)), "bind");
	checked(listen(fd, 8), "listen");
	fact(getpid(), "server");
	client = checked(accept(fd, NULL, NULL), "accept");
	for (;;) {
		/* The record's length with its last mark; accepted, by nobody, well; and what the
		 * compound came to. */
		uint32_t answer[12] = { [2] = htonl(1),
					[7] = htonl(NFS4ERR_BADSESSION),
					[9] = htonl(1),
					[10] = htonl(OP_SEQUENCE),
					[11] = htonl(NFS4ERR_BADSESSION) };
		size_t num = 7;

		read_all(client, &len, sizeof(len));
		len = ntohl(len) & 0x7fffffff;
		if (len > sizeof(call))
			return 1;
		read_all(client, call, len);
		answer[1] = call[0];
		if (call[5]) {
			if (first_operation(call, len / 4) != OP_SEQUENCE)
				break;
			num = 12;
		}
		answer[0] = htonl(0x80000000 | (uint32_t)(4 * num - 4));
		checked((int)write(client, answer, 4 * num), "write");
	}
	fact((long)first_operation(call, len / 4), "asked");
	sleep_for_ever();
}

/* silent-server HOST PORT: take a connection, hear one request, say nothing */
static int role_silent_server(char **argv)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons((uint16_t)atoi(argv[1])) };
	int fd = checked(socket(AF_INET, SOCK_STREAM, 0), "socket");
	char buf[PAGE];

	be("silent-server");
	inet_pton(AF_INET, argv[0], &a.sin_addr);
	checked(bind(fd, (void *)&a, sizeof(a)), "bind");
	checked(listen(fd, 8), "listen");
	fact(getpid(), "server");
	fd = checked(accept(fd, NULL, NULL), "accept");
	fact(checked((int)read(fd, buf, sizeof(buf)), "read"), "asked");
	sleep_for_ever();
}

/* mount-as TYPE SOURCE MNT OPTIONS */
static int role_mount_as(char **argv)
{
	be("mount-as");
	mkdir(argv[2], 0755);
	fact(getpid(), "mounter");
	checked(mount(argv[1], argv[2], argv[0], 0, argv[3]), "mount");
	return 0;
}

static const struct role remote_roles[] = {
	{ "silent-server", 2, role_silent_server }, /* HOST PORT */
	{ "mount-as", 4, role_mount_as },	    /* TYPE SOURCE MNT OPTIONS */
	{ "rpc-server", 2, role_rpc_server },	    /* HOST PORT */
	{ "later", 3, role_later },		    /* GO ACTION FILE */
	{ "lock-connect", 3, role_lock_connect },   /* FILE HOST PORT */
	{ 0 },
};
ROLES(remote_roles)
