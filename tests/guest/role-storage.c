/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Roles that wait for storage: readers past the page cache, writers who want their data to be on
 * the device, and a network block device with a server of its own
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <endian.h>
#include <fcntl.h>
#include <linux/nbd.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "role.h"

/* direct-read FILE: past the page cache */
static int role_direct_read(char **argv)
{
	int fd = checked(open(argv[0], O_RDONLY | O_DIRECT), argv[0]);
	void *buf;

	be("direct-read");
	if (posix_memalign(&buf, PAGE, PAGE))
		die("posix_memalign");
	checked((int)pread(fd, buf, PAGE, 0), "read");
	return 0;
}

/* direct-write FILE OFFSET: past the page cache */
static int role_direct_write(char **argv)
{
	int fd = checked(open(argv[0], O_WRONLY | O_DIRECT), argv[0]);
	void *buf;

	be("direct-write");
	if (posix_memalign(&buf, PAGE, PAGE))
		die("posix_memalign");
	memset(buf, 'x', PAGE);
	checked((int)pwrite(fd, buf, PAGE, atol(argv[1]) / PAGE * PAGE), "write");
	return 0;
}

/* read-for-ever FILE: one page after the other, never from the cache */
static int role_read_for_ever(char **argv)
{
	int fd = checked(open(argv[0], O_RDONLY | O_DIRECT), argv[0]);
	off_t at = 0;
	void *buf;

	be("reader");
	if (posix_memalign(&buf, PAGE, PAGE))
		die("posix_memalign");
	for (;; at += PAGE)
		if (checked((int)pread(fd, buf, PAGE, at), "read") == 0)
			at = -PAGE;
	return 0;
}

/* sync-for-ever FILE: append and fsync, again and again */
static int role_sync_for_ever(char **argv)
{
	int fd = checked(open(argv[0], O_WRONLY | O_CREAT | O_APPEND, 0644), argv[0]);
	static char buf[PAGE];

	be("syncer");
	while (checked((int)write(fd, buf, sizeof(buf)), "write"))
		checked(fsync(fd), "fsync");
	return 0;
}

/* write-sync FILE KB: fill a file, then fsync it */
static int role_write_sync(char **argv)
{
	int fd = checked(open(argv[0], O_RDWR | O_CREAT, 0644), argv[0]);
	static char buf[1024];

	be("write-sync");
	for (long kb = atol(argv[1]); kb > 0; kb--)
		checked((int)write(fd, buf, sizeof(buf)), "write");
	checked(fsync(fd), "fsync");
	return 0;
}

/* chmod-sync FILE: change nothing but the inode, then fsync it: only the journal has something to
 * do */
static int role_chmod_sync(char **argv)
{
	int fd = checked(open(argv[0], O_RDWR), argv[0]);

	be("chmod-sync");
	checked(fchmod(fd, 0600 | (getpid() & 077)), "fchmod");
	checked(fsync(fd), "fsync");
	return 0;
}

/* ------------------------------------------------------ network block device */

static void read_all(int fd, void *buf, size_t len)
{
	for (size_t n = 0; n < len;) {
		ssize_t got = read(fd, (char *)buf + n, len - n);

		if (got <= 0)
			exit(0);
		n += (size_t)got;
	}
}

static void write_all(int fd, const void *buf, size_t len)
{
	for (size_t n = 0; n < len;)
		n += (size_t)checked((int)write(fd, (const char *)buf + n, len - n), "write");
}

static _Noreturn void serve_nbd(int sock, size_t size)
{
	char *disk = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (disk == MAP_FAILED)
		die("mmap");
	for (;;) {
		struct nbd_request rq;
		struct nbd_reply reply = { .magic = htobe32(NBD_REPLY_MAGIC) };
		uint64_t from;
		uint32_t type, len;

		read_all(sock, &rq, sizeof(rq));
		memcpy(reply.handle, rq.handle, sizeof(reply.handle));
		from = be64toh(rq.from);
		len = be32toh(rq.len);
		type = be32toh(rq.type) & 0xffff;
		if (type == NBD_CMD_DISC)
			exit(0);
		if (from > size || len > size - from)
			die("a request past the end");
		if (type == NBD_CMD_WRITE)
			read_all(sock, disk + from, len);
		write_all(sock, &reply, sizeof(reply));
		if (type == NBD_CMD_READ)
			write_all(sock, disk + from, len);
	}
}

/* The ends of a connection: within this machine by a Unix socket, or by TCP to HOST. */
static void connect_ends(const char *host, int *sv)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(10809) };
	int fd;

	if (!host) {
		checked(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), "socketpair");
		return;
	}
	inet_pton(AF_INET, host, &a.sin_addr);
	fd = checked(socket(AF_INET, SOCK_STREAM, 0), "socket");
	checked(bind(fd, (void *)&a, sizeof(a)), "bind");
	checked(listen(fd, 1), "listen");
	sv[0] = checked(socket(AF_INET, SOCK_STREAM, 0), "socket");
	checked(connect(sv[0], (void *)&a, sizeof(a)), "connect");
	sv[1] = checked(accept(fd, NULL, NULL), "accept");
	close(fd);
}

/* nbd-to DEVICE MB HOST: a device, its server, and the client that keeps them together */
static int role_nbd_to(char **argv)
{
	size_t size = (size_t)atol(argv[1]) << 20;
	int sv[2], nbd;
	pid_t server;

	connect_ends(argv[2], sv);
	server = checked(fork(), "fork");
	if (!server) {
		be("nbd-server");
		close(sv[0]);
		serve_nbd(sv[1], size);
	}
	close(sv[1]);
	be("nbd-client");
	nbd = checked(open(argv[0], O_RDWR), argv[0]);
	checked(ioctl(nbd, NBD_SET_BLKSIZE, (unsigned long)PAGE), "NBD_SET_BLKSIZE");
	checked(ioctl(nbd, NBD_SET_SIZE_BLOCKS, (unsigned long)(size / PAGE)),
		"NBD_SET_SIZE_BLOCKS");
	checked(ioctl(nbd, NBD_SET_SOCK, (unsigned long)sv[0]), "NBD_SET_SOCK");
	fact(server, "nbd_server");
	fact(getpid(), "nbd_client");
	ioctl(nbd, NBD_DO_IT);
	ioctl(nbd, NBD_CLEAR_QUE);
	ioctl(nbd, NBD_CLEAR_SOCK);
	return 0;
}

/* nbd DEVICE MB: with a server at a Unix socket */
static int role_nbd(char **argv)
{
	return role_nbd_to((char *[]){ argv[0], argv[1], NULL });
}

static const struct role storage_roles[] = {
	{ "direct-read", 1, role_direct_read },	    /* FILE */
	{ "direct-write", 2, role_direct_write },   /* FILE OFFSET */
	{ "read-for-ever", 1, role_read_for_ever }, /* FILE */
	{ "sync-for-ever", 1, role_sync_for_ever }, /* FILE */
	{ "write-sync", 2, role_write_sync },	    /* FILE KB */
	{ "chmod-sync", 1, role_chmod_sync },	    /* FILE */
	{ "nbd", 2, role_nbd },			    /* DEVICE MB */
	{ "nbd-to", 3, role_nbd_to },		    /* DEVICE MB HOST */
	{ 0 },
};

ROLES(storage_roles)
