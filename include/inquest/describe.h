/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files, descriptors, system calls and timers of a task, in words
 *
 * Everything that a sleeping program has asked the kernel for, as its own memory and the kernel's
 * structures tell it. Strings live in the scratch arena.
 */
#ifndef INQUEST_DESCRIBE_H
#define INQUEST_DESCRIBE_H

#include "inquest/task.h"

/*
 * What a struct file is: "/data/x", "pipe [123]", "Unix socket /run/x, listening",
 * "TCP 10.0.0.1:22 to 10.0.0.2:4711", "eventfd 7", "timer, 3.2 s left". "a file" where it cannot be
 * told. Never NULL.
 */
const char *iq_describe_file(struct iq_session *s, iq_vaddr file);

/* The same for a struct socket, a part of the above. NULL: it is none. */
const char *iq_describe_socket(struct iq_session *s, iq_vaddr socket);

/* "10.0.0.1:22", "[fe80::1]:22", "*:22": one of the two, in the network's order. */
const char *iq_describe_address(struct iq_session *s, const uint8_t *v4, const uint8_t *v6,
				uint16_t port);

/* "5 (/data/x)"; "5" where that task has no such descriptor. */
const char *iq_describe_fd(struct iq_session *s, const struct iq_task *task, int fd);

/*
 * The system call that a task is in, with its arguments: openat(AT_FDCWD, "/data/x", O_RDONLY).
 * Paths, addresses, times are read from its memory; what is not there now stays a number. NULL:
 * it is in none that is known.
 */
const char *iq_syscall_describe(struct iq_session *s, const struct iq_task *task);

/* A descriptor that a task waits for by poll, select or epoll. */
struct iq_watch {
	int fd;
	iq_vaddr file;	 /* 0: it is not open any more */
	uint32_t events; /* IQ_WATCH_*, and whatever else was asked for */
};

enum { IQ_WATCH_IN = 1, IQ_WATCH_PRI = 2, IQ_WATCH_OUT = 4 };

/* "in", "in, out"; "" where none of the three was asked for. In the scratch arena. */
const char *iq_watch_events(struct iq_session *s, uint32_t events);

/* Those of an epoll instance (struct eventpoll). Returns how many there are; list gets the first
 * max. */
size_t iq_watches_of_epoll(struct iq_session *s, iq_vaddr eventpoll, struct iq_watch *list,
			   size_t max);

/* Those that the system call a task is in waits for; 0 for every other call. Returns how many there
 * are; list gets the first max. */
size_t iq_watches(struct iq_session *s, const struct iq_task *task, struct iq_watch *list,
		  size_t max);

/* How long until the timer that ends a task's sleep at the latest; false: there is none. */
bool iq_sleep_left(struct iq_session *s, const struct iq_task *task, int64_t *ns_ret);

/* The same of a struct hrtimer: how long until it expires, if it is armed. */
bool iq_hrtimer_left(struct iq_session *s, iq_vaddr hrtimer, int64_t *ns_ret);

/* "3.2 s", "5 min", "2 h 10 min". */
const char *iq_describe_ns(struct iq_session *s, int64_t ns);

#endif
