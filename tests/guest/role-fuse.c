/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A FUSE daemon of our own, over /dev/fuse, and what can go wrong with one
 *
 * It serves one folder in which every name is a file of 64 KiB. The name says what happens:
 *
 *	plain...	all is answered
 *	stop...		the daemon stops itself when it is to be read
 *	nap...		a lookup is never answered, the daemon sleeps
 *	self...		to look it up the daemon asks its own filesystem
 *	disk...		to look it up the daemon writes to the file given to it
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "role.h"

enum { FILE_SIZE = 64 * 1024, FIRST_NODE = 16, BUF = FILE_SIZE + 64 * 1024 };

static struct {
	int dev;
	const char *mnt, *file;
	char names[256][64];
	unsigned num_names;
} fuse;

static void answer(const struct fuse_in_header *in, int err, const void *data, size_t len)
{
	static char buf[BUF];
	struct fuse_out_header out = { .len = (uint32_t)(sizeof(out) + len),
				       .error = -err,
				       .unique = in->unique };

	memcpy(buf, &out, sizeof(out));
	if (len)
		memcpy(buf + sizeof(out), data, len);
	if (write(fuse.dev, buf, out.len) < 0 && errno != ENOENT)
		die("answer");
}

static void fill_attr(struct fuse_attr *attr, uint64_t node)
{
	*attr = (struct fuse_attr){ .ino = node,
				    .nlink = 1,
				    .blksize = PAGE,
				    .mode = node == FUSE_ROOT_ID ? S_IFDIR | 0755 : S_IFREG | 0666,
				    .size = node == FUSE_ROOT_ID ? 0 : FILE_SIZE };
}

static bool is_named(uint64_t node, const char *begin)
{
	return node >= FIRST_NODE && node - FIRST_NODE < fuse.num_names &&
	       !strncmp(fuse.names[node - FIRST_NODE], begin, strlen(begin));
}

static void look_up(const struct fuse_in_header *in, const char *name)
{
	struct fuse_entry_out out = { .entry_valid = 1 };
	unsigned i;
	struct stat st;
	char path[300];

	if (!strncmp(name, "nap", 3))
		sleep_for_ever();
	if (!strncmp(name, "self", 4)) {
		snprintf(path, sizeof(path), "%s/plain.self", fuse.mnt);
		stat(path, &st);
	}
	if (!strncmp(name, "disk", 4)) {
		int fd = open(fuse.file, O_WRONLY | O_CREAT, 0644);

		if (fd < 0 || write(fd, name, 4) < 0)
			die(fuse.file);
		close(fd);
	}
	for (i = 0; i < fuse.num_names; i++)
		if (!strcmp(fuse.names[i], name))
			break;
	if (i == fuse.num_names && i < 255)
		snprintf(fuse.names[fuse.num_names++], sizeof(fuse.names[0]), "%s", name);
	out.nodeid = FIRST_NODE + i;
	fill_attr(&out.attr, out.nodeid);
	answer(in, 0, &out, sizeof(out));
}

static void serve_one(const char *buf)
{
	static const char zeros[FILE_SIZE];
	const struct fuse_in_header *in = (const void *)buf;
	const void *arg = buf + sizeof(*in);

	switch (in->opcode) {
	case FUSE_INIT: {
		const struct fuse_init_in *init = arg;
		struct fuse_init_out out = { .major = FUSE_KERNEL_VERSION,
					     .minor = FUSE_KERNEL_MINOR_VERSION,
					     .max_readahead = init->max_readahead,
					     .max_background = 16,
					     .flags = init->flags &
						      (FUSE_ASYNC_READ | FUSE_PARALLEL_DIROPS),
					     .max_write = PAGE };

		if (init->minor < out.minor)
			out.minor = init->minor;
		answer(in, 0, &out, sizeof(out));
		break;
	}
	case FUSE_LOOKUP:
		look_up(in, arg);
		break;
	case FUSE_GETATTR: {
		struct fuse_attr_out out = { .attr_valid = 1 };

		fill_attr(&out.attr, in->nodeid);
		answer(in, 0, &out, sizeof(out));
		break;
	}
	case FUSE_OPEN:
	case FUSE_OPENDIR: {
		struct fuse_open_out out = { .fh = in->nodeid };

		answer(in, 0, &out, sizeof(out));
		break;
	}
	case FUSE_READ: {
		const struct fuse_read_in *r = arg;

		if (is_named(in->nodeid, "stop"))
			raise(SIGSTOP);
		answer(in, 0, zeros,
		       r->offset >= FILE_SIZE		 ? 0
		       : r->offset + r->size > FILE_SIZE ? FILE_SIZE - r->offset
							 : r->size);
		break;
	}
	case FUSE_READDIR:
		answer(in, 0, NULL, 0);
		break;
	case FUSE_STATFS: {
		struct fuse_statfs_out out = { .st = { .bsize = PAGE, .namelen = 63 } };

		answer(in, 0, &out, sizeof(out));
		break;
	}
	case FUSE_FLUSH:
	case FUSE_RELEASE:
	case FUSE_RELEASEDIR:
	case FUSE_FSYNC:
		answer(in, 0, NULL, 0);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	default:
		answer(in, ENOSYS, NULL, 0);
	}
}

static void mount_it(const char *mnt)
{
	char options[128];

	mkdir(mnt, 0755);
	fuse.mnt = mnt;
	fuse.dev = checked(open("/dev/fuse", O_RDWR | O_CLOEXEC), "/dev/fuse");
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other",
		 fuse.dev);
	checked(mount("zoo", mnt, "fuse.zoo", MS_NOSUID | MS_NODEV, options), "mount");
}

static void serve(void)
{
	static char buf[BUF];
	ssize_t n;

	for (;;) {
		n = read(fuse.dev, buf, sizeof(buf));
		if (n < 0 && errno == ENODEV)
			exit(0);
		if (n < 0 && errno != ENOENT && errno != EINTR && errno != EAGAIN)
			die("read of /dev/fuse");
		if (n >= (ssize_t)sizeof(struct fuse_in_header))
			serve_one(buf);
	}
}

static void *serve_thread(void *arg)
{
	be(arg);
	fact(my_tid(), "%s", (const char *)arg);
	serve();
	return NULL;
}

/* fuse MNT: a daemon of one thread */
static int role_fuse(char **argv)
{
	be("fuse-daemon");
	mount_it(argv[0]);
	fact(getpid(), "daemon");
	serve();
	return 0;
}

/* fuse-threads MNT FILE: a main thread that sleeps, and one that serves */
static int role_fuse_threads(char **argv)
{
	be("fuse-main");
	mount_it(argv[0]);
	fuse.file = argv[1];
	start(serve_thread, "fuse_worker");
	fact(getpid(), "daemon");
	sleep_for_ever();
}

/* fuse-orphan MNT: a daemon that has put its device into a message to a keeper and is gone */
static int role_fuse_orphan(char **argv)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 }, c = 0;
	struct iovec iov = { &c, 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	int ends[2];
	pid_t pid;

	be("fuse-keeper");
	checked(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), "socketpair");
	pid = checked(fork(), "fork");
	if (!pid) {
		be("fuse-daemon");
		mount_it(argv[0]);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &fuse.dev, sizeof(int));
		checked((int)sendmsg(ends[0], &msg, 0), "sendmsg");
		/* INIT has to be answered before anybody can ask for anything. */
		for (int i = 0; i < 1; i++) {
			static char buf[BUF];

			if (read(fuse.dev, buf, sizeof(buf)) > 0)
				serve_one(buf);
		}
		fact(getpid(), "daemon");
		_exit(0);
	}
	close(ends[0]);
	fact(getpid(), "keeper");
	sleep_for_ever();
}

static const struct role fuse_roles[] = {
	{ "fuse", 1, role_fuse },		  /* MNT */
	{ "fuse-threads", 2, role_fuse_threads }, /* MNT FILE */
	{ "fuse-orphan", 1, role_fuse_orphan },	  /* MNT */
	{ 0 },
};
ROLES(fuse_roles)
