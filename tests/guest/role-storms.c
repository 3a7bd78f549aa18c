/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A healthy machine with much going on: storms of forks, of locks, of writes
 *
 * All of it pauses now and then: a task that waits a second for its turn on an
 * emulated CPU would be a machine that is not healthy.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "role.h"

static char **args;
static char path[300];

static void pause_ms(unsigned ms)
{
	usleep(ms * 1000);
}

static void in_folder(const char *name, int nr)
{
	snprintf(path, sizeof(path), "%s/%s.%d", args[0], name, nr);
}

static int file_in_folder(const char *name, int nr)
{
	in_folder(name, nr);
	return checked(open(path, O_RDWR | O_CREAT, 0644), path);
}

/* A child that does FN(arg) again and again; it dies with us. */
static void one(const char *comm, void (*fn)(int), int arg)
{
	if (checked(fork(), "fork"))
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	be(comm);
	for (;;)
		fn(arg);
}

static void many(const char *comm, int count, void (*fn)(int))
{
	for (int i = 0; i < count; i++)
		one(comm, fn, i);
}

static _Noreturn void under_way(void)
{
	fact(getpid(), "storm");
	sleep_for_ever();
}

/* ---- forks ---- */

static char *const true_argv[] = { "true", NULL };
static char *const no_env[] = { NULL };

static void fork_exec(int i)
{
	pid_t pid = checked(fork(), "fork");

	if (!pid) {
		if (i % 2)
			execve("/bin/true", true_argv, no_env);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	pause_ms(10);
}

static void spawn(int i)
{
	pid_t pid;

	(void)i;
	if (!posix_spawn(&pid, "/bin/true", NULL, NULL, true_argv, no_env))
		waitpid(pid, NULL, 0);
	pause_ms(20);
}

static void *nothing(void *arg)
{
	return arg;
}

static void threads(int i)
{
	pthread_t thread[8];

	(void)i;
	for (int k = 0; k < 8; k++)
		if (pthread_create(&thread[k], NULL, nothing, NULL))
			die("pthread_create");
	for (int k = 0; k < 8; k++)
		pthread_join(thread[k], NULL);
	pause_ms(30);
}

/* Sixteen children that end together. */
static void burst(int i)
{
	(void)i;
	for (int k = 0; k < 16; k++) {
		if (!checked(fork(), "fork")) {
			pause_ms(50);
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
	pause_ms(100);
}

/* Shells that start pipes of programs, as a build does. */
static void build(int i)
{
	pid_t pid = checked(fork(), "fork");
	char command[1024];

	in_folder("object", i);
	snprintf(command, sizeof(command),
		 "echo 'int x;' | sed s/x/y/ | cat >%s; (cat %s; true) | grep -q y; rm %s", path,
		 path, path);
	if (!pid) {
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
	pause_ms(50);
}

/* storm-forks */
static int role_forks(char **argv)
{
	(void)argv;
	be("storm-forks");
	many("storm-fork", 4, fork_exec);
	many("storm-spawn", 2, spawn);
	many("storm-threads", 2, threads);
	many("storm-burst", 1, burst);
	under_way();
}

/* storm-build FOLDER */
static int role_build(char **argv)
{
	args = argv;
	be("storm-build");
	many("make", 4, build);
	under_way();
}

/* ---- writes ---- */

static void write_sync(int i)
{
	static const char buf[16 * PAGE];
	static int fd = -1;

	if (fd < 0)
		fd = file_in_folder("sync", i);
	if (pwrite(fd, buf, sizeof(buf), 0) < 0)
		die(path);
	if (i % 2)
		fsync(fd);
	else
		fdatasync(fd);
	pause_ms(10);
}

static void rename_sync(int i)
{
	char to[310];
	int fd = file_in_folder("new", i);

	if (write(fd, path, sizeof(path)) < 0)
		die(path);
	fsync(fd);
	close(fd);
	snprintf(to, sizeof(to), "%s.old", path);
	checked(rename(path, to), "rename");
	pause_ms(20);
}

static void read_direct(int i)
{
	static char buf[PAGE] __attribute__((aligned(4096)));
	static int fd = -1;

	if (fd < 0) {
		in_folder("sync", i);
		fd = open(path, O_RDONLY | O_DIRECT);
	}
	if (fd >= 0 && pread(fd, buf, sizeof(buf), 0) < 0)
		die("pread");
	pause_ms(10);
}

/* storm-writes FOLDER N: N processes that write and sync, others beside them */
static int role_writes(char **argv)
{
	args = argv;
	be("storm-writes");
	many("storm-sync", atoi(argv[1]), write_sync);
	many("storm-rename", 2, rename_sync);
	many("storm-read", 1, read_direct);
	under_way();
}

/* snapshots MNT: freezes the filesystem for an instant, again and again */
static int role_snapshots(char **argv)
{
	int fd = checked(open(argv[0], O_RDONLY | O_DIRECTORY), argv[0]);

	be("snapshots");
	fact(getpid(), "snapshots");
	for (int i = 0; i < 100000; i++) {
		checked(ioctl(fd, FIFREEZE, 0), "FIFREEZE");
		pause_ms(150);
		checked(ioctl(fd, FITHAW, 0), "FITHAW");
		if (i == 2)
			fact(1, "thawed");
		pause_ms(300);
	}
	return 0;
}

/* ---- locks of user space ---- */

static struct shared {
	pthread_mutex_t mutex, pi, robust;
	pthread_rwlock_t rwlock;
} * shared;

static void with_mutex(pthread_mutex_t *mutex, unsigned ms)
{
	if (pthread_mutex_lock(mutex))
		die("pthread_mutex_lock");
	pause_ms(ms);
	pthread_mutex_unlock(mutex);
	pause_ms(5);
}

static void take_mutexes(int i)
{
	with_mutex(i % 3 == 0 ? &shared->mutex : i % 3 == 1 ? &shared->pi : &shared->robust, 3);
}

static void take_rwlock(int i)
{
	if (i)
		pthread_rwlock_rdlock(&shared->rwlock);
	else
		pthread_rwlock_wrlock(&shared->rwlock);
	pause_ms(3);
	pthread_rwlock_unlock(&shared->rwlock);
	pause_ms(5);
}

static void take_flock(int i)
{
	static int fd = -1;

	if (fd < 0)
		fd = file_in_folder("flock", 0);
	checked(flock(fd, i % 2 ? LOCK_EX : LOCK_SH), "flock");
	pause_ms(3);
	flock(fd, LOCK_UN);
	pause_ms(10);
}

static void take_posix_lock(int i)
{
	static int fd = -1;
	struct flock lock = { .l_type = F_WRLCK, .l_start = i, .l_len = 3 };

	if (fd < 0)
		fd = file_in_folder("posix", 0);
	checked(fcntl(fd, i % 2 ? F_SETLKW : F_OFD_SETLKW, &lock), "F_SETLKW");
	pause_ms(3);
	lock.l_type = F_UNLCK;
	fcntl(fd, i % 2 ? F_SETLK : F_OFD_SETLK, &lock);
	pause_ms(10);
}

static int sem_id;

static void take_sem(int i)
{
	struct sembuf down = { .sem_op = -1, .sem_flg = i % 2 ? SEM_UNDO : 0 },
		      up = { .sem_op = 1, .sem_flg = down.sem_flg };

	checked(semop(sem_id, &down, 1), "semop");
	pause_ms(3);
	checked(semop(sem_id, &up, 1), "semop");
	pause_ms(10);
}

static void *thread_with_mutex(void *mutex)
{
	be("storm-thread");
	for (;;)
		with_mutex(mutex, 2);
	return NULL;
}

static void make_shared(void)
{
	pthread_mutexattr_t attr;
	pthread_rwlockattr_t rw;

	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		die("mmap");
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&shared->mutex, &attr);
	pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(&shared->pi, &attr);
	pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_NONE);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&shared->robust, &attr);
	pthread_rwlockattr_init(&rw);
	pthread_rwlockattr_setpshared(&rw, PTHREAD_PROCESS_SHARED);
	pthread_rwlock_init(&shared->rwlock, &rw);
}

/* storm-locks FOLDER: user space's locks, always wanted and never kept */
static int role_locks(char **argv)
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

	args = argv;
	be("storm-locks");
	make_shared();
	sem_id = checked(semget(IPC_PRIVATE, 1, 0600), "semget");
	checked(semctl(sem_id, 0, SETVAL, 1), "semctl");
	many("storm-mutex", 9, take_mutexes);
	many("storm-rwlock", 3, take_rwlock);
	many("storm-flock", 4, take_flock);
	many("storm-posix", 4, take_posix_lock);
	many("storm-sem", 4, take_sem);
	for (int i = 0; i < 4; i++)
		start(thread_with_mutex, &mutex);
	under_way();
}

/* ---- locks of the kernel ---- */

static void *map_and_unmap(void *arg)
{
	be("storm-map");
	for (;;) {
		char *p = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			       -1, 0);

		if (p == MAP_FAILED)
			die("mmap");
		for (int i = 0; i < 16; i++)
			p[i * PAGE] = 1;
		mprotect(p, PAGE, PROT_READ);
		munmap(p, 16 * PAGE);
		pause_ms(5);
	}
	return arg;
}

static void map_threads(int i)
{
	(void)i;
	for (int k = 0; k < 6; k++)
		start(map_and_unmap, NULL);
	sleep_for_ever();
}

static void look_at_maps(int i)
{
	char buf[4096];
	int fd;

	(void)i;
	snprintf(path, sizeof(path), "/proc/%d/maps", getppid());
	fd = open(path, O_RDONLY);
	while (fd >= 0 && read(fd, buf, sizeof(buf)) > 0)
		;
	close(fd);
	pause_ms(10);
}

static void folders(int i)
{
	char to[310];

	in_folder("folder", i);
	snprintf(to, sizeof(to), "%s.renamed", path);
	mkdir(path, 0755);
	rename(path, to);
	rmdir(to);
	pause_ms(5);
}

static int pipe_ends[2];

static void write_lines(int i)
{
	static const char line[2048];

	(void)i;
	if (write(pipe_ends[1], line, sizeof(line)) < 0)
		die("write");
	pause_ms(2);
}

/* Slower than they write: the pipe is always full, and always moving. */
static void read_lines(int i)
{
	char buf[4096];

	(void)i;
	if (read(pipe_ends[0], buf, sizeof(buf)) < 0)
		die("read");
	pause_ms(5);
}

/* storm-kernel FOLDER: locks that the kernel takes for what they do */
static int role_kernel(char **argv)
{
	args = argv;
	be("storm-kernel");
	checked(pipe(pipe_ends), "pipe");
	many("storm-maps", 1, map_threads);
	many("storm-look", 2, look_at_maps);
	many("storm-folder", 6, folders);
	many("storm-writer", 6, write_lines);
	many("storm-reader", 1, read_lines);
	under_way();
}

/* ---- a debugger ---- */

static _Noreturn void debuggee(const char *comm, bool threads_too)
{
	be(comm);
	checked((int)ptrace(PTRACE_TRACEME, 0, 0, 0), "PTRACE_TRACEME");
	if (threads_too)
		start(map_and_unmap, NULL);
	raise(SIGSTOP);
	sleep_for_ever();
}

/* debugger: has one process stopped, lets another one run and waits for news of it; its user thinks
 */
static int role_debugger(char **argv)
{
	pid_t held = checked(fork(), "fork"), runs;
	int status;

	(void)argv;
	if (!held)
		debuggee("held", false);
	be("debugger");
	checked(waitpid(held, &status, 0), "waitpid");
	fact(held, "held");
	runs = checked(fork(), "fork");
	if (!runs) {
		pid_t pid = checked(fork(), "fork");

		be("tracer");
		if (!pid)
			debuggee("traced", true);
		waitpid(pid, &status, 0);
		ptrace(PTRACE_CONT, pid, 0, 0);
		fact(pid, "traced");
		for (;;)
			waitpid(-1, &status, __WALL);
	}
	fact(runs, "tracer");
	fact(getpid(), "debugger");
	sleep_for_ever();
}

/* ---- servers ---- */

enum { COMPUTES = 1, SLEEPS = 2 };

static void serve(int how)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	char request[64];
	int s = checked(socket(AF_UNIX, SOCK_STREAM, 0), "socket"), client;

	snprintf(addr.sun_path + 1, sizeof(addr.sun_path) - 1, "server.%d", how);
	checked(bind(s, (struct sockaddr *)&addr, sizeof(addr)), "bind");
	checked(listen(s, 8), "listen");
	client = checked(accept(s, NULL, NULL), "accept");
	checked((int)read(client, request, sizeof(request)), "read");
	/* It computes the answer, at a low priority so that the others have a CPU as well; or
	 * sleeps over it. */
	if (how == COMPUTES) {
		setpriority(PRIO_PROCESS, 0, 19);
		for (volatile unsigned long i = 0; i < ~0UL; i++)
			if (i % 1000000 == 0)
				pause_ms(5);
	}
	sleep_for_ever();
}

static void ask(int how)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int s = checked(socket(AF_UNIX, SOCK_STREAM, 0), "socket");
	char answer[64];

	snprintf(addr.sun_path + 1, sizeof(addr.sun_path) - 1, "server.%d", how);
	while (connect(s, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		pause_ms(20);
	if (write(s, "question", 8) < 0)
		die("write");
	fact(getpid(), "client%d", how);
	if (read(s, answer, sizeof(answer)) < 0)
		die("read");
}

/* servers: a client that waits for an answer that is being computed, one whose server sleeps, one
 * in the queue behind it */
static int role_servers(char **argv)
{
	(void)argv;
	be("servers");
	for (int how = COMPUTES; how <= SLEEPS; how++) {
		one("server", serve, how);
		one("client", ask, how);
	}
	pause_ms(500);
	one("client-2", ask, SLEEPS);
	pause_ms(500);
	under_way();
}

static const struct role storms[] = {
	{ "storm-forks", 0, role_forks },   { "storm-build", 1, role_build }, /* FOLDER */
	{ "storm-writes", 2, role_writes },				      /* FOLDER N */
	{ "snapshots", 1, role_snapshots },				      /* MNT */
	{ "storm-locks", 1, role_locks },				      /* FOLDER */
	{ "storm-kernel", 1, role_kernel },				      /* FOLDER */
	{ "debugger", 0, role_debugger },   { "servers", 0, role_servers },   { 0 },
};
ROLES(storms)
