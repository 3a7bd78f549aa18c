/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Readers by io_uring
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "role.h"

enum { ENTRIES = 8 };

static int ring;
static struct io_uring_params params;
static struct io_uring_sqe *sqes;
static volatile unsigned *sq_tail, *sq_array;

static void make_ring(void)
{
	char *sq;

	ring = checked((int)syscall(SYS_io_uring_setup, ENTRIES, &params), "io_uring_setup");
	sq = mmap(NULL, params.sq_off.array + ENTRIES * sizeof(unsigned), PROT_READ | PROT_WRITE,
		  MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQ_RING);
	sqes = mmap(NULL, ENTRIES * sizeof(*sqes), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQES);
	if (sq == MAP_FAILED || sqes == MAP_FAILED)
		die("mmap");
	sq_tail = (volatile unsigned *)(sq + params.sq_off.tail);
	sq_array = (volatile unsigned *)(sq + params.sq_off.array);
}

static struct io_uring_sqe *next_sqe(void)
{
	unsigned tail = *sq_tail;
	struct io_uring_sqe *sqe = &sqes[tail % ENTRIES];

	memset(sqe, 0, sizeof(*sqe));
	sq_array[tail % ENTRIES] = tail % ENTRIES;
	__atomic_store_n(sq_tail, tail + 1, __ATOMIC_RELEASE);
	return sqe;
}

/* uring HOW FILE: reads from FILE and waits for that. HOW: buffered (by a worker), direct, loop (it
 * has a poll of a pipe under way too), exec (it calls execve then), fsync (it does that, which no
 * signal ends) */
static int role_uring(char **argv)
{
	int is_direct = !strcmp(argv[0], "direct") || !strcmp(argv[0], "exec");
	int fd = checked(open(argv[1], O_RDONLY | O_CLOEXEC | (is_direct ? O_DIRECT : 0)), argv[1]);
	struct io_uring_sqe *sqe;
	unsigned num = 1;
	void *buf;
	int p[2];

	be("uring");
	if (posix_memalign(&buf, PAGE, PAGE))
		die("posix_memalign");
	make_ring();
	sqe = next_sqe();
	sqe->opcode = IORING_OP_READ;
	sqe->fd = fd;
	sqe->addr = (uintptr_t)buf;
	sqe->len = PAGE;
	if (!strcmp(argv[0], "fsync")) {
		sqe->opcode = IORING_OP_FSYNC;
		sqe->addr = sqe->len = 0;
	}
	if (!is_direct)
		sqe->flags = IOSQE_ASYNC;
	if (!strcmp(argv[0], "loop")) {
		checked(pipe(p), "pipe");
		sqe = next_sqe();
		sqe->opcode = IORING_OP_POLL_ADD;
		sqe->fd = p[0];
		sqe->poll_events = POLLIN;
		num++;
	}
	fact(getpid(), "uring");
	if (!strcmp(argv[0], "exec")) {
		checked((int)syscall(SYS_io_uring_enter, ring, num, 0, 0, NULL, 0), "submit");
		/* What has not begun yet would be cancelled. */
		usleep(300000);
		execl("/bin/sleep", "sleep", "1000000", NULL);
		die("execl");
	}
	checked((int)syscall(SYS_io_uring_enter, ring, num, 1, IORING_ENTER_GETEVENTS, NULL, 0),
		"io_uring_enter");
	return 0;
}

static const struct role uring_roles[] = {
	{ "uring", 2, role_uring }, /* HOW FILE */
	{ 0 },
};
ROLES(uring_roles)
