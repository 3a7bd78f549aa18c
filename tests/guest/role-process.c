/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Roles that wait for the end of processes and threads
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "role.h"

static const char *file;

/* Begins when FILE's filesystem is frozen, and does not come back before it is thawed. */
static void write_file(void)
{
	int fd = checked(open(file, O_WRONLY | O_CLOEXEC), file);

	checked((int)write(fd, "x", 1), "write");
	close(fd);
}

static void *writer(void *arg)
{
	(void)arg;
	be("exec-writer");
	fact(my_tid(), "writer");
	write_file();
	sleep_for_ever();
}

static void *execer(void *arg)
{
	static char *const argv[] = { "sleep", "1000", NULL };
	volatile pid_t *tid = arg; /* who wants to know it; or NULL */
	sigset_t set;
	int sig;

	be("exec-thread");
	if (tid)
		*tid = my_tid();
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	fact(my_tid(), "execer");
	sigwait(&set, &sig);
	execv("/bin/sleep", argv);
	die("execv");
}

/* exec-threads FILE: one thread writes to FILE, another calls execve on SIGUSR1 */
static int role_exec_threads(char **argv)
{
	sigset_t set;

	file = argv[0];
	be("exec-leader");
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fact(getpid(), "leader");
	start(writer, NULL);
	start(execer, NULL);
	sleep_for_ever();
}

static void *last_thread(void *arg)
{
	(void)arg;
	be("last-writer");
	usleep(200000);
	fact(my_tid(), "writer");
	write_file();
	exit(0);
}

/* last-thread FILE: waits for a child whose first thread has ended; its last one writes to FILE */
static int role_last_thread(char **argv)
{
	pid_t child;

	file = argv[0];
	be("last-parent");
	child = checked(fork(), "fork");
	if (!child) {
		be("last-leader");
		start(last_thread, NULL);
		pthread_exit(NULL);
	}
	fact(child, "leader");
	fact(getpid(), "parent");
	checked(waitpid(child, NULL, 0), "waitpid");
	return 0;
}

/* attach PID: as a debugger does */
static int role_attach(char **argv)
{
	be("attach");
	checked((int)ptrace(PTRACE_ATTACH, atoi(argv[0]), NULL, NULL), "ptrace");
	return 0;
}

static void *crash_sleeper(void *arg)
{
	be("crash-sleeper");
	fact(my_tid(), "sleeper%ld", (long)arg);
	sleep_for_ever();
}

/* crash: its child crashes on SIGUSR1, with two other threads; it waits for its end */
static int role_crash(char **argv)
{
	sigset_t set;
	int sig, status;
	pid_t child;

	(void)argv;
	be("crash-parent");
	fact(getpid(), "parent");
	child = checked(fork(), "fork");
	if (child) {
		checked(waitpid(child, &status, 0), "waitpid");
		return 0;
	}
	be("crash");
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	start(crash_sleeper, (void *)1);
	start(crash_sleeper, (void *)2);
	usleep(200000);
	fact(getpid(), "crasher");
	sigwait(&set, &sig);
	abort();
}

/* core-helper FILE: what core_pattern names; leaves its pid in FILE and reads nothing */
static int role_core_helper(char **argv)
{
	FILE *f = fopen(argv[0], "w");

	be("core-helper");
	if (!f)
		die(argv[0]);
	fprintf(f, "%d\n", getpid());
	fclose(f);
	sleep_for_ever();
}

/* pidns FILE: makes a pid namespace, in which one process writes to FILE and one sleeps */
static int role_pidns(char **argv)
{
	pid_t init;
	int status;

	file = argv[0];
	be("ns-parent");
	checked(unshare(CLONE_NEWPID), "unshare");
	init = checked(fork(), "fork");
	if (!init) {
		be("ns-init");
		if (!checked(fork(), "fork")) {
			be("ns-sleep");
			sleep_for_ever();
		}
		if (strcmp(file, "-") && !checked(fork(), "fork")) {
			be("ns-writer");
			write_file();
			sleep_for_ever();
		}
		sleep_for_ever();
	}
	fact(getpid(), "parent");
	fact(init, "init");
	checked(waitpid(init, &status, 0), "waitpid");
	return 0;
}

/* pidns-outsider INIT: puts a process into INIT's namespace and does not care when it ends */
static int role_pidns_outsider(char **argv)
{
	char path[64];
	pid_t child;
	int fd;

	be("outsider");
	snprintf(path, sizeof(path), "/proc/%s/ns/pid", argv[0]);
	fd = checked(open(path, O_RDONLY | O_CLOEXEC), path);
	checked(setns(fd, CLONE_NEWPID), "setns");
	child = checked(fork(), "fork");
	if (!child) {
		be("injected");
		sleep_for_ever();
	}
	fact(child, "injected");
	fact(getpid(), "outsider");
	sleep_for_ever();
}

/* trace-exec: traces one thread of a child up to its end, and attaches to the other, whose exec
 * waits for that end */
static int role_trace_exec(char **argv)
{
	volatile pid_t *tid =
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t child;

	(void)argv;
	be("tracer");
	child = checked(fork(), "fork");
	if (!child) {
		sigset_t set;

		sigemptyset(&set);
		sigaddset(&set, SIGUSR1);
		sigprocmask(SIG_BLOCK, &set, NULL);
		be("traced");
		start(execer, (void *)tid);
		sleep_for_ever();
	}
	for (int i = 0; i < 100 && !tid[0]; i++)
		usleep(50000);
	usleep(500000);
	fact(child, "traced");
	checked((int)ptrace(PTRACE_SEIZE, child, NULL, PTRACE_O_TRACEEXIT), "PTRACE_SEIZE");
	kill(child, SIGUSR1);
	usleep(500000);
	fact(getpid(), "tracer");
	checked((int)ptrace(PTRACE_ATTACH, tid[0], NULL, NULL), "PTRACE_ATTACH");
	return 0;
}

/* vfork: starts a program, whose process is stopped before it comes to that */
static int role_vfork(char **argv)
{
	(void)argv;
	be("vfork-parent");
	fact(getpid(), "parent");
	if (vfork() == 0) {
		raise(SIGSTOP);
		_exit(0);
	}
	return 0;
}

static const struct role process[] = {
	{ "exec-threads", 1, role_exec_threads }, /* FILE */
	{ "attach", 1, role_attach },		  /* PID */
	{ "last-thread", 1, role_last_thread },	  /* FILE */
	{ "crash", 0, role_crash },
	{ "core-helper", 1, role_core_helper },	      /* FILE */
	{ "pidns", 1, role_pidns },		      /* FILE or - */
	{ "pidns-outsider", 1, role_pidns_outsider }, /* INIT */
	{ "trace-exec", 0, role_trace_exec },
	{ "vfork", 0, role_vfork },
	{ 0 },
};
ROLES(process)
