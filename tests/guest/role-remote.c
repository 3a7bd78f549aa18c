/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Clients of hosts that do not answer
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
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

static const struct role remote_roles[] = {
	{ "lock-connect", 3, role_lock_connect }, /* FILE HOST PORT */
	{ 0 },
};
ROLES(remote_roles)
