/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Services in user space that the kernel waits for: fanotify listeners, userfaultfd monitors,
 * an automounter
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/auto_fs.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "role.h"

/* fanotify FOLDER LOG: a scanner that allows each opening below FOLDER, and writes a line to LOG
 * before */
static int role_fanotify(char **argv)
{
	int group = checked(
		fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY | O_LARGEFILE | O_CLOEXEC),
		"fanotify_init");
	int log = checked(open(argv[1], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644), argv[1]);
	char buf[4096];
	ssize_t n;

	be("scanner");
	checked(fanotify_mark(group, FAN_MARK_ADD | FAN_MARK_MOUNT, FAN_OPEN_PERM, AT_FDCWD,
			      argv[0]),
		"fanotify_mark");
	fact(getpid(), "scanner");
	while ((n = read(group, buf, sizeof(buf))) > 0) {
		struct fanotify_event_metadata *e = (void *)buf;

		for (; FAN_EVENT_OK(e, n); e = FAN_EVENT_NEXT(e, n)) {
			struct fanotify_response answer = { .fd = e->fd, .response = FAN_ALLOW };

			if (write(log, "opened\n", 7) < 0)
				die(argv[1]);
			if (e->mask & FAN_OPEN_PERM && write(group, &answer, sizeof(answer)) < 0 &&
			    errno != ENOENT)
				die("answer");
			close(e->fd);
		}
	}
	return 0;
}

/* ---- userfaultfd ---- */

enum { PAGES = 4 };

static char *registered_range(int uffd)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	char *map = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);

	if (map == MAP_FAILED)
		die("mmap");
	checked(ioctl(uffd, UFFDIO_API, &api), "UFFDIO_API");
	range.range.start = (uintptr_t)map;
	range.range.len = PAGES * PAGE;
	checked(ioctl(uffd, UFFDIO_REGISTER, &range), "UFFDIO_REGISTER");
	return map;
}

static _Noreturn void monitor(int uffd)
{
	static char page[PAGE] __attribute__((aligned(4096)));
	struct uffd_msg msg;

	for (;;) {
		struct uffdio_copy copy = { .src = (uintptr_t)page, .len = PAGE };
		struct pollfd p = { .fd = uffd, .events = POLLIN };

		poll(&p, 1, -1);
		if (read(uffd, &msg, sizeof(msg)) != sizeof(msg))
			_exit(0);
		copy.dst = msg.arg.pagefault.address & ~(uint64_t)(PAGE - 1);
		ioctl(uffd, UFFDIO_COPY, &copy);
	}
}

static void *touch(void *map)
{
	be("uffd-user");
	fact(my_tid(), "user");
	for (int i = 1; i < PAGES; i++)
		((volatile char *)map)[i * PAGE]++;
	return NULL;
}

/* uffd: a process whose pages another one brings; that one is stopped */
static int role_uffd(char **argv)
{
	int uffd = checked((int)syscall(SYS_userfaultfd, O_CLOEXEC), "userfaultfd");
	char *map = registered_range(uffd);
	pid_t pid = checked(fork(), "fork");

	(void)argv;
	if (!pid) {
		be("uffd-monitor");
		fact(getpid(), "monitor");
		monitor(uffd);
	}
	close(uffd);
	((volatile char *)map)[0]++; /* it works */
	kill(pid, SIGSTOP);
	waitpid(pid, NULL, WUNTRACED);
	be("uffd-main");
	fact(getpid(), "main");
	start(touch, map);
	sleep_for_ever();
}

/* ---- autofs ---- */

/* autofs MNT: an automounter that refuses every mount; it has its own process group */
static int role_autofs(char **argv)
{
	struct autofs_v5_packet packet;
	char options[128];
	int ends[2], root;

	be("automounter");
	setpgid(0, 0);
	checked(pipe2(ends, O_CLOEXEC), "pipe");
	snprintf(options, sizeof(options), "fd=%d,pgrp=%d,minproto=5,maxproto=5,indirect", ends[1],
		 getpgrp());
	mkdir(argv[0], 0755);
	checked(mount("zoo", argv[0], "autofs", 0, options), "mount");
	close(ends[1]);
	root = checked(open(argv[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC), argv[0]);
	fact(getpid(), "automounter");
	while (read(ends[0], &packet, sizeof(packet)) > 0)
		ioctl(root, AUTOFS_IOC_FAIL, packet.wait_queue_token);
	return 0;
}

static const struct role service_roles[] = {
	{ "autofs", 1, role_autofs },	  /* MNT */
	{ "fanotify", 2, role_fanotify }, /* FOLDER LOG */
	{ "uffd", 0, role_uffd },
	{ 0 },
};
ROLES(service_roles)
