/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The actors of the guest tests: `role NAME ARGUMENTS`
 *
 * Each role makes one kind of wait, or heals it. A role names its tasks (comm)
 * after what they do, says which they are on standard output (`FACT name=tid`,
 * one a line, for the scenario that started it), and then stays in its wait
 * until somebody kills it or makes it go on. The tables at the ends of role.c and
 * role-*.c list them all; what they share is at the top of this file.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/fs.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "role.h"

void die(const char *what)
{
	fprintf(stderr, "role: %s: %s\n", what, strerror(errno));
	exit(1);
}

int checked(int result, const char *what)
{
	if (result < 0)
		die(what);
	return result;
}

pid_t my_tid(void)
{
	return (pid_t)syscall(SYS_gettid);
}

void fact(long value, const char *name, ...)
{
	char buf[128];
	va_list ap;

	va_start(ap, name);
	vsnprintf(buf, sizeof(buf), name, ap);
	va_end(ap);
	printf("FACT %s=%ld\n", buf, value);
	fflush(stdout);
}

void be(const char *comm)
{
	prctl(PR_SET_NAME, comm);
}

void start(void *(*fn)(void *), void *arg)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 * 1024);
	errno = pthread_create(&thread, &attr, fn, arg);
	if (errno)
		die("pthread_create");
	pthread_attr_destroy(&attr);
}

void sleep_for_ever(void)
{
	for (;;)
		pause();
}

/* ------------------------------------------------------- a frozen filesystem */

/* freeze MNT: the backup job that froze a filesystem and sits there, with the directory open */
static int role_freeze(char **argv)
{
	int fd = checked(open(argv[0], O_RDONLY | O_DIRECTORY), argv[0]);

	be("backup");
	checked(ioctl(fd, FIFREEZE, 0), "FIFREEZE");
	fact(getpid(), "backup");
	sleep_for_ever();
}

enum { MAPPED_PAGES = 16 };

static struct {
	char *map;
	sem_t write, unmap;
	sem_t ready;
} mapper;

static void *mapper_writer(void *arg)
{
	(void)arg;
	be("writer");
	fact(my_tid(), "writer");
	sem_post(&mapper.ready);
	sem_wait(&mapper.write);
	*(volatile char *)mapper.map = 'x';
	fact(my_tid(), "written");
	sleep_for_ever();
}

/*
 * Part of the mapping that the writer faults in, so that it needs the write
 * lock of that very VMA where faults are taken under VMA locks.
 */
static void *mapper_unmapper(void *arg)
{
	(void)arg;
	be("unmapper");
	fact(my_tid(), "unmapper");
	sem_post(&mapper.ready);
	sem_wait(&mapper.unmap);
	munmap(mapper.map + (MAPPED_PAGES / 2) * PAGE, PAGE);
	fact(my_tid(), "unmapped");
	sleep_for_ever();
}

/*
 * mapper FILE: maps FILE shared; on SIGUSR1 one thread writes to the mapping,
 * on SIGUSR2 another one unmaps a part of it; the third one, the process's
 * first, only waits for these signals
 */
static int role_mapper(char **argv)
{
	int fd = checked(open(argv[0], O_RDWR | O_CREAT, 0644), argv[0]);
	sigset_t set;
	int sig;

	be("mapper");
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);

	checked(ftruncate(fd, MAPPED_PAGES * PAGE), "ftruncate");
	mapper.map = mmap(NULL, MAPPED_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (mapper.map == MAP_FAILED)
		die("mmap");
	memset(mapper.map, '.', MAPPED_PAGES * PAGE);
	checked(fsync(fd), "fsync");

	sem_init(&mapper.write, 0, 0);
	sem_init(&mapper.unmap, 0, 0);
	sem_init(&mapper.ready, 0, 0);
	fact(getpid(), "mapper");
	start(mapper_writer, NULL);
	sem_wait(&mapper.ready);
	start(mapper_unmapper, NULL);
	sem_wait(&mapper.ready);
	fact(1, "ready");
	while (!sigwait(&set, &sig))
		sem_post(sig == SIGUSR1 ? &mapper.write : &mapper.unmap);
	return 1;
}

/* -------------------------------------- an exec that waits for its old AIO */

/*
 * exec-aio DEVICE PROGRAM: submits a read to a device that does not answer,
 * then becomes PROGRAM: exec waits for the read while it tears down the old mm
 */
static int role_exec_aio(char **argv)
{
	struct iocb cb = { 0 }, *cbs[] = { &cb };
	aio_context_t ctx = 0;
	void *buf;
	int fd;

	be("exec-aio");
	fd = checked(open(argv[0], O_RDONLY | O_DIRECT | O_CLOEXEC), argv[0]);
	if (posix_memalign(&buf, PAGE, PAGE))
		die("posix_memalign");
	checked((int)syscall(SYS_io_setup, 1, &ctx), "io_setup");
	cb.aio_fildes = (unsigned)fd;
	cb.aio_lio_opcode = IOCB_CMD_PREAD;
	cb.aio_buf = (uintptr_t)buf;
	cb.aio_nbytes = PAGE;
	checked((int)syscall(SYS_io_submit, ctx, 1, cbs), "io_submit");
	fact(getpid(), "execer");
	execv(argv[1], (char *[]){ argv[1], "100000", NULL });
	die(argv[1]);
	return 1;
}

/* ------------------------------------------------ tasks that wait and may */

static int idle_pair(int sockets[2])
{
	return checked(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), "socketpair");
}

static void idle_nanosleep(void)
{
	struct timespec ts = { 1000000, 0 };

	nanosleep(&ts, NULL);
}

static void idle_poll(void)
{
	int p[2];

	checked(pipe(p), "pipe");
	poll(&(struct pollfd){ p[0], POLLIN, 0 }, 1, -1);
}

static void idle_select(void)
{
	fd_set set;
	int p[2];

	checked(pipe(p), "pipe");
	FD_ZERO(&set);
	FD_SET(p[0], &set);
	select(p[0] + 1, &set, NULL, NULL, NULL);
}

static void idle_epoll(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	int ep = checked(epoll_create1(0), "epoll_create1"), s[2];

	idle_pair(s);
	epoll_ctl(ep, EPOLL_CTL_ADD, s[0], &event);
	epoll_wait(ep, &event, 1, -1);
}

static void idle_pipe(void)
{
	int p[2];
	char c;

	checked(pipe(p), "pipe");
	checked((int)read(p[0], &c, 1), "read");
}

static void idle_futex(void)
{
	static int word;

	syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
}

static void idle_sigwait(void)
{
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigwait(&set, &sig);
}

static void idle_recv(void)
{
	int s[2];
	char c;

	idle_pair(s);
	recv(s[0], &c, 1, 0);
}

static void idle_accept(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int s = checked(socket(AF_UNIX, SOCK_STREAM, 0), "socket");

	/* An empty name: the kernel finds one. */
	checked(bind(s, (struct sockaddr *)&addr, sizeof(sa_family_t)), "bind");
	checked(listen(s, 1), "listen");
	accept(s, NULL, NULL);
}

static void idle_wait4(void)
{
	pid_t pid = checked(fork(), "fork");

	if (pid == 0) {
		be("wait4-child");
		sleep_for_ever();
	}
	waitpid(pid, NULL, 0);
}

static void idle_eventfd(void)
{
	uint64_t value;

	checked((int)read(checked(eventfd(0, 0), "eventfd"), &value, sizeof(value)), "read");
}

static void idle_msgrcv(void)
{
	struct {
		long type;
		char text[8];
	} msg;

	msgrcv(checked(msgget(IPC_PRIVATE, 0600), "msgget"), &msg, sizeof(msg.text), 0, 0);
}

static void idle_pause(void)
{
	pause();
}

static void idle_condvar(void)
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;

	pthread_mutex_lock(&mutex);
	pthread_cond_wait(&cond, &mutex);
}

static const struct idle_kind {
	const char *comm;
	void (*fn)(void);
} idle_kinds[] = {
	{ "pause", idle_pause },      { "nanosleep", idle_nanosleep }, { "poll", idle_poll },
	{ "select", idle_select },    { "epoll", idle_epoll },	       { "pipe-read", idle_pipe },
	{ "futex-wait", idle_futex }, { "condvar", idle_condvar },     { "sigwait", idle_sigwait },
	{ "unix-recv", idle_recv },   { "accept", idle_accept },       { "wait4", idle_wait4 },
	{ "eventfd", idle_eventfd },  { "msgrcv", idle_msgrcv },
};

enum { NUM_IDLE_KINDS = sizeof(idle_kinds) / sizeof(idle_kinds[0]) };

static void *idle_thread(void *arg)
{
	const struct idle_kind *kind = arg;

	be(kind->comm);
	for (;;)
		kind->fn();
	return NULL;
}

/*
 * idle N: N tasks asleep in every ordinary way, as processes and as threads;
 * the child of each wait4 comes on top
 */
static int role_idle(char **argv)
{
	int num = atoi(argv[0]), done = 0;

	be("idle");
	signal(SIGCHLD, SIG_IGN);
	while (done < num) {
		int kind = done % NUM_IDLE_KINDS, threads = done / NUM_IDLE_KINDS % 4;

		if (done + threads >= num)
			threads = 0;
		if (checked(fork(), "fork") == 0) {
			signal(SIGCHLD, SIG_DFL);
			for (int i = 0; i < threads; i++)
				start(idle_thread,
				      (void *)&idle_kinds[(kind + i) % NUM_IDLE_KINDS]);
			idle_thread((void *)&idle_kinds[kind]);
		}
		done += 1 + threads;
	}
	fact(getpid(), "idle");
	sleep_for_ever();
}

/* ------------------------------------------------- a busy, healthy machine */

/*
 * Much is going on, but the CPUs have time to spare: an emulated guest on a busy
 * host must not come to where a task waits a second for its turn, for that is a
 * machine that is not healthy.
 */
static pthread_mutex_t churn_mutex = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool churn_over;

static void *churn_locks(void *arg)
{
	(void)arg;
	be("churn-mutex");
	while (!churn_over) {
		pthread_mutex_lock(&churn_mutex);
		for (volatile int i = 0; i < 5000; i++)
			;
		pthread_mutex_unlock(&churn_mutex);
		usleep(2000);
	}
	return NULL;
}

static void *churn_mmap(void *arg)
{
	(void)arg;
	be("churn-mmap");
	while (!churn_over) {
		char *p = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			       -1, 0);

		if (p == MAP_FAILED)
			die("mmap");
		for (int i = 0; i < 64; i++)
			p[i * PAGE] = 1;
		munmap(p, 64 * PAGE);
		usleep(5000);
	}
	return NULL;
}

static void churn_fork(void)
{
	be("churn-fork");
	while (!churn_over) {
		pid_t pid = checked(fork(), "fork");

		if (pid == 0) {
			execl("/bin/true", "true", (char *)NULL);
			_exit(0);
		}
		waitpid(pid, NULL, 0);
		usleep(20000);
	}
}

static void churn_files(const char *folder, int nr, int sync)
{
	char path[256], buf[8192] = "churn";
	int fd;

	be(sync ? "churn-fsync" : "churn-flock");
	snprintf(path, sizeof(path), "%s/churn.%s%d", folder, sync ? "sync" : "lock",
		 sync ? nr : 0);
	fd = checked(open(path, O_RDWR | O_CREAT, 0644), path);
	while (!churn_over) {
		if (!sync)
			flock(fd, LOCK_EX);
		if (pwrite(fd, buf, sizeof(buf), 0) < 0)
			die("pwrite");
		if (sync)
			fsync(fd);
		else
			flock(fd, LOCK_UN);
		usleep(5000);
	}
}

/* Files made and removed in one directory: its lock is short, and always taken by somebody. */
static void churn_names(const char *folder, int nr)
{
	char path[256];

	be("churn-names");
	while (!churn_over) {
		for (int i = 0; i < 8; i++) {
			snprintf(path, sizeof(path), "%s/name.%d.%d", folder, nr, i);
			close(open(path, O_RDWR | O_CREAT, 0644));
			unlink(path);
		}
		usleep(5000);
	}
}

static void churn_stop(int sig)
{
	(void)sig;
	churn_over = true;
}

/* churn SECONDS FOLDER: forks and execs, short locks, I/O to files in FOLDER */
static int role_churn(char **argv)
{
	int seconds = atoi(argv[0]);

	be("churn");
	signal(SIGALRM, churn_stop);
	for (int i = 0; i < 9; i++) {
		pid_t pid = checked(fork(), "fork");

		if (pid)
			continue;
		alarm((unsigned)seconds);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		switch (i) {
		case 0:
		case 1:
			churn_fork();
			break;
		case 2:
		case 3:
			churn_files(argv[1], i, 1);
			break;
		case 4:
		case 5:
			churn_files(argv[1], i, 0);
			break;
		case 6:
		case 7:
			churn_names(argv[1], i);
			break;
		default:
			be("churn-threads");
			for (int t = 0; t < 4; t++)
				start(t % 2 ? churn_mmap : churn_locks, NULL);
			while (!churn_over)
				pause();
		}
		_exit(0);
	}
	fact(getpid(), "churn");
	while (wait(NULL) > 0)
		;
	return 0;
}

/* ------------------------------------------------- what /proc says of tasks */

static void print_file(const char *folder, const char *name, const char *before)
{
	char path[512], buf[16 * 1024];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return;
	n = read(fd, buf, sizeof(buf));
	close(fd);
	if (n > 0)
		printf("%s%.*s%s", before, (int)n, buf, buf[n - 1] == '\n' ? "" : "\n");
}

/*
 * tasks: every task's status and stack, for a comparison; `== TGID TID` begins
 * a task, `-- stack` its stack. Not for a machine on which these files hang.
 */
static int role_tasks(char **argv)
{
	DIR *proc = opendir("/proc"), *tasks;
	struct dirent *p, *t;
	char path[300], folder[600];

	(void)argv;
	if (!proc)
		die("/proc");
	while ((p = readdir(proc))) {
		if (p->d_name[0] < '1' || p->d_name[0] > '9' || atoi(p->d_name) == getpid())
			continue;
		snprintf(path, sizeof(path), "/proc/%s/task", p->d_name);
		tasks = opendir(path);
		if (!tasks)
			continue;
		while ((t = readdir(tasks))) {
			if (t->d_name[0] == '.')
				continue;
			snprintf(folder, sizeof(folder), "%s/%s", path, t->d_name);
			printf("== %s %s\n", p->d_name, t->d_name);
			print_file(folder, "status", "");
			print_file(folder, "stack", "-- stack\n");
		}
		closedir(tasks);
	}
	closedir(proc);
	return 0;
}

/* -------------------------------------------------------------------- table */

static const struct role here[] = {
	{ "freeze", 1, role_freeze },	  /* MNT */
	{ "mapper", 1, role_mapper },	  /* FILE */
	{ "exec-aio", 2, role_exec_aio }, /* DEVICE PROGRAM */
	{ "idle", 1, role_idle },	  /* N */
	{ "churn", 2, role_churn },	  /* SECONDS FOLDER */
	{ "tasks", 0, role_tasks },	  { 0 },
};
ROLES(here)

static struct role_table *tables;

void role_add(struct role_table *table)
{
	table->next = tables;
	tables = table;
}

int main(int argc, char **argv)
{
	for (struct role_table *t = tables; t; t = t->next)
		for (const struct role *r = t->roles; r->name; r++)
			if (argc >= 2 && !strcmp(argv[1], r->name) && argc - 2 == r->args)
				return r->fn(argv + 2);
	fprintf(stderr, "usage: role NAME ARGUMENTS, NAME one of:");
	for (struct role_table *t = tables; t; t = t->next)
		for (const struct role *r = t->roles; r->name; r++)
			fprintf(stderr, " %s", r->name);
	fprintf(stderr, "\n");
	return 2;
}
