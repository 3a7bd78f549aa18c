/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Processes and threads that wait for each other in a circle, or in a row, across locks of
 * different kinds
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <unistd.h>

#include "role.h"

enum { MAX_MEMBERS = 8 };

/* Shared by all members. */
static struct shared {
	volatile int have, go[MAX_MEMBERS];
	pthread_mutex_t mutex[MAX_MEMBERS];
} * shared;

static struct thing {
	const char *kind; /* flock, posix, ofd, mutex, pimutex, sem, pipe */
	int more_threads; /* its holder has an idle one besides: a '+' behind the kind */
	int fd[2], sem;
} things[MAX_MEMBERS];
static int num_things;

static const char *path_of(int i)
{
	static char path[64];

	snprintf(path, sizeof(path), "/run/circle-%d-%d", getpgrp(), i);
	return path;
}

static void init_mutex(pthread_mutex_t *m, int is_pi)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	if (is_pi)
		pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(m, &attr);
}

static void make_things(char *list)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED)
		die("mmap");
	for (char *kind = strtok(list, ","); kind && num_things < MAX_MEMBERS;
	     kind = strtok(NULL, ",")) {
		struct thing *t = &things[num_things];
		size_t len = strlen(kind);

		if (kind[len - 1] == '+') {
			t->more_threads = 1;
			kind[len - 1] = '\0';
		}
		t->kind = kind;
		if (!strcmp(kind, "pipe"))
			checked(pipe(t->fd), "pipe");
		if (!strcmp(kind, "sem")) {
			t->sem = checked(semget(IPC_PRIVATE, 1, 0600), "semget");
			checked(semctl(t->sem, 0, SETVAL, 1), "SETVAL");
		}
		init_mutex(&shared->mutex[num_things++], !strcmp(kind, "pimutex"));
	}
}

static void lock_file(int i, int how)
{
	int fd = checked(open(path_of(i), O_RDWR | O_CREAT | O_CLOEXEC, 0644), path_of(i));
	struct flock lock = { .l_type = F_WRLCK };

	if (how < 0)
		checked(flock(fd, LOCK_EX), "flock");
	else
		checked(fcntl(fd, how, &lock), "fcntl");
}

/* Take it, or wait for it; a pipe is taken by who can write to it. */
static void get(int i, int wants)
{
	struct thing *t = &things[i];
	struct sembuf op = { .sem_op = -1, .sem_flg = SEM_UNDO };
	char c;

	if (!strcmp(t->kind, "flock"))
		lock_file(i, -1);
	else if (!strcmp(t->kind, "posix"))
		lock_file(i, F_SETLKW);
	else if (!strcmp(t->kind, "ofd"))
		lock_file(i, F_OFD_SETLKW);
	else if (!strcmp(t->kind, "sem"))
		checked(semop(t->sem, &op, 1), "semop");
	else if (strcmp(t->kind, "pipe") != 0)
		pthread_mutex_lock(&shared->mutex[i]);
	else if (wants)
		checked((int)read(t->fd[0], &c, 1), "read");
}

static void *idle_thread(void *arg)
{
	(void)arg;
	be("circle-idle");
	sleep_for_ever();
}

static _Noreturn void member(int i, int wants)
{
	char name[16];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(name, sizeof(name), "circle-%d", i & (MAX_MEMBERS - 1));
	be(name);
	for (int k = 0; k < num_things; k++) {
		if (strcmp(things[k].kind, "pipe") != 0)
			continue;
		if (k != i)
			close(things[k].fd[1]);
		if (k != wants)
			close(things[k].fd[0]);
	}
	get(i, 0);
	if (things[i].more_threads)
		start(idle_thread, NULL);
	__atomic_add_fetch(&shared->have, 1, __ATOMIC_SEQ_CST);
	while (shared->have < num_things)
		usleep(10000);
	/* One after the other: a circle of POSIX locks alone would be refused. */
	usleep((useconds_t)(100000 * i));
	fact(getpid(), "member%d", i);
	if (wants >= 0)
		get(wants, 1);
	sleep_for_ever();
}

static _Noreturn void run(char *list, int is_circle)
{
	make_things(list);
	for (int i = 0; i < num_things; i++)
		if (!checked(fork(), "fork"))
			member(i, i + 1 < num_things ? i + 1 : is_circle ? 0 : -1);
	for (int i = 0; i < num_things; i++)
		if (!strcmp(things[i].kind, "pipe")) {
			close(things[i].fd[0]);
			close(things[i].fd[1]);
		}
	be("circle");
	usleep((useconds_t)(100000 * num_things + 300000));
	fact(getpid(), "leader");
	sleep_for_ever();
}

/* circle KIND,KIND,...: a process each, which has one thing and wants the next one's */
static int role_circle(char **argv)
{
	run(argv[0], 1);
}

/* row KIND,KIND,...: the last one wants nothing */
static int role_row(char **argv)
{
	run(argv[0], 0);
}

static void *ring_thread(void *arg)
{
	long i = (long)arg;

	be("ring-thread");
	pthread_mutex_lock(&shared->mutex[i]);
	__atomic_add_fetch(&shared->have, 1, __ATOMIC_SEQ_CST);
	while (shared->have < num_things)
		usleep(10000);
	fact(my_tid(), "thread%ld", i);
	pthread_mutex_lock(&shared->mutex[(i + 1) % num_things]);
	return NULL;
}

/* ring N: threads of one process that take its mutexes in different orders */
static int role_ring(char **argv)
{
	static pthread_mutex_t plain = PTHREAD_MUTEX_INITIALIZER;
	char list[] = "mutex,mutex,mutex,mutex,mutex,mutex,mutex,mutex";

	make_things(list);
	num_things = atoi(argv[0]);
	for (int i = 0; i < MAX_MEMBERS; i++)
		shared->mutex[i] = plain;
	for (long i = 0; i < num_things; i++)
		start(ring_thread, (void *)i);
	be("ring");
	usleep(500000);
	fact(getpid(), "leader");
	sleep_for_ever();
}

static const struct role cycle_roles[] = {
	{ "circle", 1, role_circle }, /* KIND,KIND,... */
	{ "row", 1, role_row },	      /* KIND,KIND,... */
	{ "ring", 1, role_ring },     /* N */
	{ 0 },
};
ROLES(cycle_roles)
