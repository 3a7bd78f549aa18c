/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Daemons of many threads, healthy and not
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "role.h"

enum { WORKERS = 4 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t work = PTHREAD_COND_INITIALIZER, room = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static sem_t slots;
static int there[2], back[2], event = -1, num_jobs;

static _Noreturn void *on_condition(void *arg)
{
	(void)arg;
	be("pool-worker");
	pthread_mutex_lock(&lock);
	for (;;) {
		while (!num_jobs)
			pthread_cond_wait(&work, &lock);
		num_jobs--;
		pthread_cond_signal(&room);
	}
}

static _Noreturn void *on_pipe(void *arg)
{
	char c;

	(void)arg;
	be("pool-pipe");
	for (;;) {
		checked((int)read(there[0], &c, 1), "read");
		checked((int)write(back[1], &c, 1), "write");
	}
}

static _Noreturn void *on_eventfd(void *arg)
{
	uint64_t n;

	(void)arg;
	be("pool-event");
	for (;;)
		checked((int)read(event, &n, sizeof(n)), "read");
}

static _Noreturn void *on_semaphore(void *arg)
{
	(void)arg;
	be("pool-slots");
	for (;;)
		sem_wait(&slots);
}

static _Noreturn void *with_timeout(void *arg)
{
	struct timespec ts;

	(void)arg;
	be("pool-timer");
	for (;;) {
		clock_gettime(CLOCK_REALTIME, &ts);
		ts.tv_sec += 3;
		pthread_mutex_lock(&lock);
		pthread_cond_timedwait(&work, &lock, &ts);
		pthread_mutex_unlock(&lock);
	}
}

/* Holds a lock for reading while it sleeps, which nobody minds. */
static _Noreturn void *reader(void *arg)
{
	(void)arg;
	be("pool-reader");
	pthread_rwlock_rdlock(&rwlock);
	sleep_for_ever();
}

static void *joiner(void *arg)
{
	be("pool-joiner");
	pthread_join(*(pthread_t *)arg, NULL);
	return NULL;
}

/* A main thread in epoll, and threads that wait for it and for each other in every way. */
static _Noreturn void pool(void)
{
	static pthread_t first;
	int ep = checked(epoll_create1(0), "epoll_create1");
	struct epoll_event ev = { .events = EPOLLIN };
	char c = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	be("pool-main");
	checked(pipe(there), "pipe");
	checked(pipe(back), "pipe");
	event = checked(eventfd(0, 0), "eventfd");
	sem_init(&slots, 0, 0);
	if (pthread_create(&first, NULL, on_condition, NULL))
		die("pthread_create");
	for (int i = 0; i < WORKERS; i++)
		start(on_condition, NULL);
	start(on_pipe, NULL);
	start(on_eventfd, NULL);
	start(on_semaphore, NULL);
	start(with_timeout, NULL);
	start(reader, NULL);
	start(joiner, &first);
	checked((int)write(there[1], &c, 1), "write");
	checked(epoll_ctl(ep, EPOLL_CTL_ADD, event, &ev), "epoll_ctl");
	for (;;)
		epoll_wait(ep, &ev, 1, -1);
}

/* Two processes with a pipe each way, both reading: nobody has anything to say. */
static void both_ways(void)
{
	int a[2], b[2];
	char c;

	checked(pipe(a), "pipe");
	checked(pipe(b), "pipe");
	for (int i = 0; i < 2; i++) {
		if (checked(fork(), "fork"))
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		be(i ? "both-right" : "both-left");
		close(i ? a[1] : b[1]);
		close(i ? b[0] : a[0]);
		/* One of them has a thread besides, which is to speak when there is something. */
		if (i)
			start(with_timeout, NULL);
		checked((int)read(i ? a[0] : b[0], &c, 1), "read");
		sleep_for_ever();
	}
	close(a[0]);
	close(a[1]);
	close(b[0]);
	close(b[1]);
}

/* pools: daemons of many threads that have nothing to do */
static int role_pools(char **argv)
{
	(void)argv;
	for (int i = 0; i < 3; i++)
		if (!checked(fork(), "fork"))
			pool();
	both_ways();
	be("pools");
	usleep(500000);
	fact(getpid(), "pools");
	sleep_for_ever();
}

/* ---- a daemon whose threads hang ---- */

static const char *file;

static _Noreturn void *stuck_worker(void *arg)
{
	int s = (int)(long)arg, fd;
	char c;

	be("stuck-worker");
	checked((int)read(s, &c, 1), "read");
	fact(my_tid(), "worker");
	fd = checked(open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0644), file);
	checked((int)write(fd, &c, 1), "write");
	close(fd);
	checked((int)write(s, &c, 1), "write");
	sleep_for_ever();
}

/* stuck-pool FILE: one thread writes to FILE before it answers a client, who waits for that; others
 * wait for work */
static int role_stuck_pool(char **argv)
{
	int s[2];
	char c = 0;

	file = argv[0];
	checked(socketpair(AF_UNIX, SOCK_STREAM, 0, s), "socketpair");
	if (!checked(fork(), "fork")) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		be("pool-client");
		close(s[0]);
		fact(getpid(), "client");
		checked((int)write(s[1], &c, 1), "write");
		checked((int)read(s[1], &c, 1), "read");
		return 0;
	}
	close(s[1]);
	be("stuck-pool");
	for (int i = 0; i < WORKERS; i++)
		start(on_condition, NULL);
	start(stuck_worker, (void *)(long)s[0]);
	usleep(500000);
	fact(getpid(), "daemon");
	sleep_for_ever();
}

static const struct role pool_roles[] = {
	{ "pools", 0, role_pools },
	{ "stuck-pool", 1, role_stuck_pool }, /* FILE */
	{ 0 },
};
ROLES(pool_roles)
