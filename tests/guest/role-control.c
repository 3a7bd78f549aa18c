/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Roles that controls hold back: frozen, throttled, starved, over memory
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "role.h"

static int open_lock(const char *path)
{
	return checked(open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644), path);
}

/* flock-hold FILE: has the lock and sleeps */
static int role_flock_hold(char **argv)
{
	be("flock-hold");
	checked(flock(open_lock(argv[0]), LOCK_EX), "flock");
	fact(getpid(), "holder");
	sleep_for_ever();
}

/* flock-spin FILE: has the lock and computes, which takes it for ever */
static int role_flock_spin(char **argv)
{
	be("flock-spin");
	checked(flock(open_lock(argv[0]), LOCK_EX), "flock");
	fact(getpid(), "spinner");
	for (volatile unsigned long i = 0; i < ~0UL; i++)
		;
	return 0;
}

/* flock-wait FILE: wants it */
static int role_flock_wait(char **argv)
{
	be("flock-wait");
	checked(flock(open_lock(argv[0]), LOCK_EX), "flock");
	return 0;
}

/* flock-both HAS WANTS: has one, wants another */
static int role_flock_both(char **argv)
{
	be("flock-both");
	checked(flock(open_lock(argv[0]), LOCK_EX), "flock");
	fact(getpid(), "between");
	checked(flock(open_lock(argv[1]), LOCK_EX), "flock");
	return 0;
}

/* rt-hog CPU: computes there with a real-time priority */
static int role_rt_hog(char **argv)
{
	struct sched_param param = { .sched_priority = 50 };
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)atoi(argv[0]), &set);
	be("rt-hog");
	checked(sched_setaffinity(0, sizeof(set), &set), "sched_setaffinity");
	fact(getpid(), "hog");
	checked(sched_setscheduler(0, SCHED_FIFO, &param), "sched_setscheduler");
	for (volatile unsigned long i = 0; i < ~0UL; i++)
		;
	return 0;
}

/* eat-memory MB FILE: has the lock of FILE and more and more memory */
static int role_eat_memory(char **argv)
{
	size_t len = (size_t)atoi(argv[0]) << 20;

	be("eat-memory");
	checked(flock(open_lock(argv[1]), LOCK_EX), "flock");
	fact(getpid(), "eater");
	for (;;) {
		char *p =
			mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			die("mmap");
		for (size_t i = 0; i < len; i += PAGE)
			p[i] = 1;
	}
}

/* membarrier: waits for an RCU grace period */
static int role_membarrier(char **argv)
{
	(void)argv;
	be("membarrier");
	checked((int)syscall(SYS_membarrier, 1 /* MEMBARRIER_CMD_GLOBAL */, 0), "membarrier");
	return 0;
}

static const struct role control[] = {
	{ "flock-hold", 1, role_flock_hold }, /* FILE */
	{ "flock-spin", 1, role_flock_spin }, /* FILE */
	{ "flock-wait", 1, role_flock_wait }, /* FILE */
	{ "flock-both", 2, role_flock_both }, /* HAS WANTS */
	{ "rt-hog", 1, role_rt_hog },	      /* CPU */
	{ "eat-memory", 2, role_eat_memory }, /* MB FILE */
	{ "membarrier", 0, role_membarrier }, { 0 },
};
ROLES(control)
