/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hangs as people had them: leases, supervised system calls, mutexes between processes, keys,
 * cookies of semaphores; and what looks like them and is healthy
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "role.h"

static void lock_file(const char *path)
{
	int fd = checked(open(path, O_RDWR | O_CREAT, 0644), path);

	checked(flock(fd, LOCK_EX), "flock");
}

/* ---- leases ---- */

/* lease FILE GIVES: has a write lease on FILE; where GIVES is not 0, gives it back when asked to
 * and takes a new one, for ever */
static int role_lease(char **argv)
{
	int fd = checked(open(argv[0], O_RDWR | O_CREAT, 0644), argv[0]);
	sigset_t set;
	int sig;

	be("lease-holder");
	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	sigprocmask(SIG_BLOCK, &set, NULL);
	checked(fcntl(fd, F_SETLEASE, F_WRLCK), "F_SETLEASE");
	fact(getpid(), "holder");
	if (!atoi(argv[1]))
		sleep_for_ever();
	while (!sigwait(&set, &sig)) {
		usleep(100000);
		fcntl(fd, F_SETLEASE, F_UNLCK);
		/* As soon as the others have closed it again. */
		while (fcntl(fd, F_SETLEASE, F_WRLCK))
			usleep(5000);
	}
	return 1;
}

/* flock-open LOCK FILE: has the lock of LOCK, and opens FILE */
static int role_flock_open(char **argv)
{
	be("flock-open");
	lock_file(argv[0]);
	fact(getpid(), "opener");
	close(checked(open(argv[1], O_RDONLY), argv[1]));
	return 0;
}

/* open-again FILE: opens it again and again */
static int role_open_again(char **argv)
{
	be("open-again");
	for (;;) {
		close(checked(open(argv[0], O_RDONLY), argv[0]));
		usleep(50000);
	}
	return 0;
}

/* ---- a system call that a supervisor decides on ---- */

static int notify_on_mkdir(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mkdir, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { sizeof(code) / sizeof(code[0]), code };

	checked(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
	return checked((int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
				    SECCOMP_FILTER_FLAG_NEW_LISTENER, &prog),
		       "seccomp");
}

/* Answers what is asked: go on. */
static void supervise(int listener)
{
	struct seccomp_notif asked;
	struct seccomp_notif_resp answer;

	be("supervisor");
	for (;;) {
		memset(&asked, 0, sizeof(asked));
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked)) {
			if (errno == EINTR || errno == ENOENT)
				continue;
			exit(0);
		}
		answer = (struct seccomp_notif_resp){ .id = asked.id,
						      .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
	}
}

/*
 * seccomp-mkdir LOCK DIR: has the lock of LOCK, and makes DIR on SIGUSR1, if its supervisor,
 * another process, agrees. The supervisor gets the listener by a thread's table of files that both
 * share.
 */
static int role_seccomp_mkdir(char **argv)
{
	static int listener = -1;
	int go[2];
	sigset_t set;
	pid_t pid;
	char c = 0;
	int sig;

	be("supervised");
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	checked(pipe(go), "pipe");
	/* The files are shared until it has unshared them. */
	pid = checked((int)syscall(SYS_clone, SIGCHLD | CLONE_FILES, 0, 0, 0, 0), "clone");
	if (pid == 0) {
		int fd;

		checked((int)read(go[0], &fd, sizeof(fd)), "read");
		checked(unshare(CLONE_FILES), "unshare");
		checked((int)write(go[1], &c, 1), "write");
		supervise(fd);
	}
	listener = notify_on_mkdir();
	checked((int)write(go[1], &listener, sizeof(listener)), "write");
	usleep(500000);
	close(listener);
	lock_file(argv[0]);
	fact(pid, "supervisor");
	fact(getpid(), "supervised");
	sigwait(&set, &sig);
	checked((int)syscall(SYS_mkdir, argv[1], 0755), argv[1]);
	return 0;
}

/* ---- a mutex that processes share ---- */

/* shared-mutex: its owner, a process, exits with it; two others want it */
static int role_shared_mutex(char **argv)
{
	pthread_mutex_t *mutex =
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_t attr;
	pid_t pid;

	(void)argv;
	be("shared-mutex");
	if (mutex == MAP_FAILED)
		die("mmap");
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(mutex, &attr);
	pid = checked(fork(), "fork");
	if (pid == 0) {
		pthread_mutex_lock(mutex);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	fact(pid, "owner");
	for (int i = 0; i < 2; i++) {
		pid = checked(fork(), "fork");
		if (pid == 0) {
			be("wants-shared");
			pthread_mutex_lock(mutex);
			_exit(0);
		}
		fact(pid, "wants%d", i);
	}
	sleep_for_ever();
}

/* ---- a cookie: a semaphore that somebody else is to bring to zero ---- */

/* cookie LOCK KEY: has the lock of LOCK and waits until its semaphore, of this key (hexadecimal; 0:
 * none), is zero */
static int role_cookie(char **argv)
{
	struct sembuf op = { 0, 0, 0 };
	int id;

	be("cookie-wait");
	lock_file(argv[0]);
	id = checked(semget((key_t)strtol(argv[1], NULL, 16), 1, 0600 | IPC_CREAT), "semget");
	checked(semctl(id, 0, SETVAL, 1), "SETVAL");
	fact(id, "sem");
	fact(getpid(), "waiter");
	checked(semop(id, &op, 1), "semop");
	semctl(id, 0, IPC_RMID);
	return 0;
}

/* uevents: receives the kernel's events of devices, and does nothing with them */
static int role_uevents(char **argv)
{
	struct sockaddr_nl from = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = checked(socket(AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT), "socket");
	char buf[4096];

	(void)argv;
	be("uevents");
	checked(bind(fd, (struct sockaddr *)&from, sizeof(from)), "bind");
	fact(getpid(), "udev");
	while (recv(fd, buf, sizeof(buf), 0) >= 0)
		;
	return 0;
}

/* ---- keys ---- */

/* request-key NAME: asks for a key that nobody has; the kernel asks /sbin/request-key */
static int role_request_key(char **argv)
{
	be("request-key");
	fact(getpid(), "asker");
	syscall(SYS_request_key, "user", argv[0], "info", -4 /* KEY_SPEC_USER_KEYRING */);
	return 0;
}

static void loop_keys(int nr)
{
	char name[32];
	long key;

	snprintf(name, sizeof(name), "loop%d", nr);
	for (;;) {
		key = syscall(SYS_add_key, "user", name, "x", 1, -2);
		syscall(SYS_request_key, "user", name, NULL, -2);
		syscall(SYS_request_key, "user", "no such key", "", -2);
		if (key > 0)
			syscall(SYS_keyctl, 3 /* KEYCTL_REVOKE */, key);
		usleep(10000);
	}
}

/* ---- loops of what takes a moment ---- */

static void loop_vfork(int nr)
{
	(void)nr;
	for (;;) {
		pid_t pid = vfork();

		if (pid == 0)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
}

static void loop_vfork_exec(int nr)
{
	(void)nr;
	for (;;) {
		pid_t pid = vfork();

		if (pid == 0) {
			execl("/bin/true", "true", (char *)NULL);
			_exit(1);
		}
		waitpid(pid, NULL, 0);
	}
}

static void loop_namespaces(int nr)
{
	(void)nr;
	for (;;) {
		pid_t pid = checked(fork(), "fork");

		if (pid == 0)
			_exit(unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS));
		waitpid(pid, NULL, 0);
		usleep(100000);
	}
}

/* Two that hand a byte to and fro. */
static void loop_switches(int nr)
{
	int a[2], b[2];
	char c = 0;

	(void)nr;
	checked(pipe(a), "pipe");
	checked(pipe(b), "pipe");
	if (checked(fork(), "fork") == 0) {
		while (read(a[0], &c, 1) == 1 && write(b[1], &c, 1) == 1)
			;
		_exit(0);
	}
	while (write(a[1], &c, 1) == 1 && read(b[0], &c, 1) == 1)
		;
}

static const struct {
	const char *name;
	void (*fn)(int nr);
} loops[] = {
	{ "vfork", loop_vfork },	   { "vfork-exec", loop_vfork_exec }, { "keys", loop_keys },
	{ "namespaces", loop_namespaces }, { "switches", loop_switches },     { 0 },
};

/* loop WHAT NUM: that many processes do it again and again; they are one process group */
static int role_loop(char **argv)
{
	setpgid(0, 0);
	for (size_t i = 0; loops[i].name; i++) {
		if (strcmp(loops[i].name, argv[0]))
			continue;
		for (int n = 0; n < atoi(argv[1]); n++) {
			if (checked(fork(), "fork"))
				continue;
			be("loop");
			loops[i].fn(n);
			_exit(1);
		}
		be("loops");
		fact(getpid(), "loops");
		sleep_for_ever();
	}
	return 2;
}

static const struct role case_roles[] = {
	{ "lease", 2, role_lease },		    /* FILE GIVES */
	{ "flock-open", 2, role_flock_open },	    /* LOCK FILE */
	{ "open-again", 1, role_open_again },	    /* FILE */
	{ "seccomp-mkdir", 2, role_seccomp_mkdir }, /* LOCK DIR */
	{ "shared-mutex", 0, role_shared_mutex },
	{ "cookie", 2, role_cookie }, /* LOCK KEY */
	{ "uevents", 0, role_uevents },
	{ "request-key", 1, role_request_key }, /* NAME */
	{ "loop", 2, role_loop },		/* WHAT NUM */
	{ 0 },
};
ROLES(case_roles)
