/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What waits on a healthy machine: every kind of sleep that a program asks for,
 * and queues that are full because somebody takes his time
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <linux/netlink.h>
#include <linux/userfaultfd.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "role.h"

static char byte;

/* A child that dies with us, and does FN or sleeps. */
static pid_t child(const char *comm, void (*fn)(void))
{
	pid_t pid = checked(fork(), "fork");

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	be(comm);
	if (fn)
		fn();
	sleep_for_ever();
}

static void *thread_that_sleeps(void *arg)
{
	be(arg);
	sleep_for_ever();
}

static void read_it(int fd)
{
	char buf[4096];

	checked((int)read(fd, buf, sizeof(buf)), "read");
}

/* ---- timers and signals ---- */

static void by_pause(void)
{
	pause();
}

static void by_nanosleep(void)
{
	nanosleep(&(struct timespec){ 1000000, 0 }, NULL);
}

static void by_clock(void)
{
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &(struct timespec){ 1000000, 0 }, NULL);
}

static void ignore(int sig)
{
	(void)sig;
}

static void by_timer(void)
{
	struct itimerspec often = { .it_interval.tv_nsec = 50000000, .it_value.tv_nsec = 50000000 };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM };
	timer_t timer;

	signal(SIGALRM, ignore);
	checked(timer_create(CLOCK_MONOTONIC, &event, &timer), "timer_create");
	timer_settime(timer, 0, &often, NULL);
	sleep_for_ever();
}

static void block_signal(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGUSR1);
	sigprocmask(SIG_BLOCK, set, NULL);
}

static void by_sigwait(void)
{
	sigset_t set;
	int sig;

	block_signal(&set);
	sigwait(&set, &sig);
}

static void by_sigtimedwait(void)
{
	sigset_t set;

	block_signal(&set);
	sigtimedwait(&set, NULL, &(struct timespec){ 1000000, 0 });
}

static void by_sigsuspend(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigsuspend(&set);
}

static void by_signalfd(void)
{
	sigset_t set;

	block_signal(&set);
	read_it(checked(signalfd(-1, &set, 0), "signalfd"));
}

static void by_timerfd(void)
{
	int fd = checked(timerfd_create(CLOCK_MONOTONIC, 0), "timerfd");

	timerfd_settime(fd, 0, &(struct itimerspec){ .it_value.tv_sec = 1000000 }, NULL);
	read_it(fd);
}

/* ---- events ---- */

static int pipe_reader(void)
{
	int p[2];

	checked(pipe(p), "pipe");
	return p[0];
}

static void by_poll(void)
{
	poll(&(struct pollfd){ pipe_reader(), POLLIN, 0 }, 1, -1);
}

static void by_ppoll_often(void)
{
	struct pollfd p = { pipe_reader(), POLLIN, 0 };

	for (;;)
		poll(&p, 1, 70);
}

static void by_select(void)
{
	fd_set set;
	int fd = pipe_reader();

	FD_ZERO(&set);
	FD_SET(fd, &set);
	select(fd + 1, &set, NULL, NULL, NULL);
}

static int epoll_of(int fd)
{
	struct epoll_event event = { .events = EPOLLIN };
	int ep = checked(epoll_create1(0), "epoll_create1");

	checked(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
	return ep;
}

static void by_epoll(void)
{
	struct epoll_event event;

	epoll_wait(epoll_of(epoll_of(pipe_reader())), &event, 1, -1);
}

static void by_eventfd(void)
{
	read_it(checked(eventfd(0, 0), "eventfd"));
}

static void by_full_eventfd(void)
{
	uint64_t most = UINT64_MAX - 1;
	int fd = checked(eventfd(0, 0), "eventfd");

	for (;;)
		checked((int)write(fd, &most, sizeof(most)), "eventfd");
}

static void by_inotify(void)
{
	int fd = checked(inotify_init1(0), "inotify_init");

	checked(inotify_add_watch(fd, "/bin", IN_CREATE), "inotify_add_watch");
	read_it(fd);
}

static void by_fanotify(void)
{
	int fd = checked(fanotify_init(FAN_CLASS_NOTIF, O_RDONLY), "fanotify_init");

	checked(fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_MOUNT, FAN_CLOSE_WRITE, AT_FDCWD, "/sys"),
		"fanotify_mark");
	read_it(fd);
}

static void by_kmsg(void)
{
	int fd = checked(open("/dev/kmsg", O_RDONLY), "/dev/kmsg");

	lseek(fd, 0, SEEK_END);
	read_it(fd);
}

static void by_mounts(void)
{
	poll(&(struct pollfd){ checked(open("/proc/self/mountinfo", O_RDONLY), "mountinfo"),
			       POLLPRI, 0 },
	     1, -1);
}

static void by_pidfd(void)
{
	pid_t pid = child("pidfd-child", NULL);

	poll(&(struct pollfd){ checked((int)syscall(SYS_pidfd_open, pid, 0), "pidfd_open"), POLLIN,
			       0 },
	     1, -1);
}

static void by_userfaultfd(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	int fd = checked((int)syscall(SYS_userfaultfd, O_CLOEXEC), "userfaultfd");

	checked(ioctl(fd, UFFDIO_API, &api), "UFFDIO_API");
	read_it(fd);
}

static void by_aio(void)
{
	aio_context_t ctx = 0;
	struct io_event event;

	checked((int)syscall(SYS_io_setup, 4, &ctx), "io_setup");
	syscall(SYS_io_getevents, ctx, 1, 1, &event, NULL);
}

static void by_uring(void)
{
	struct io_uring_params params = { 0 };
	int fd = (int)syscall(SYS_io_uring_setup, 4, &params);

	if (fd < 0)
		sleep_for_ever();
	syscall(SYS_io_uring_enter, fd, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0);
}

/* ---- sockets ---- */

static int listener(const char *name)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int s = checked(socket(AF_UNIX, SOCK_STREAM, 0), "socket");

	snprintf(addr.sun_path + 1, sizeof(addr.sun_path) - 1, "%s", name);
	checked(bind(s, (struct sockaddr *)&addr, sizeof(addr)), "bind");
	checked(listen(s, 0), "listen");
	return s;
}

static void join_unix(const char *name)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int s = checked(socket(AF_UNIX, SOCK_STREAM, 0), "socket");

	snprintf(addr.sun_path + 1, sizeof(addr.sun_path) - 1, "%s", name);
	checked(connect(s, (struct sockaddr *)&addr, sizeof(addr)), "connect");
}

static void by_accept(void)
{
	accept(listener("sleepers.idle"), NULL, NULL);
}

static void fill_backlog(void)
{
	for (;;)
		join_unix("sleepers.backlog");
}

/* Its clients stand in a queue, while it does something else. */
static void by_backlog(void)
{
	listener("sleepers.backlog");
	child("backlog", fill_backlog);
	sleep_for_ever();
}

static int tcp_listener(struct sockaddr_in *addr)
{
	socklen_t len = sizeof(*addr);
	int s = checked(socket(AF_INET, SOCK_STREAM, 0), "socket");

	*addr = (struct sockaddr_in){ .sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	checked(bind(s, (struct sockaddr *)addr, sizeof(*addr)), "bind");
	checked(listen(s, 4), "listen");
	checked(getsockname(s, (struct sockaddr *)addr, &len), "getsockname");
	return s;
}

static void by_tcp_accept(void)
{
	struct sockaddr_in addr;

	accept(tcp_listener(&addr), NULL, NULL);
}

/* The two ends of a connection over TCP. */
static void tcp_pair(int ends[2])
{
	struct sockaddr_in addr;
	int s = tcp_listener(&addr);

	ends[0] = checked(socket(AF_INET, SOCK_STREAM, 0), "socket");
	checked(connect(ends[0], (struct sockaddr *)&addr, sizeof(addr)), "connect");
	ends[1] = checked(accept(s, NULL, NULL), "accept");
	close(s);
}

static int ends[2];

static void read_other_end(void)
{
	close(ends[1]);
	read_it(ends[0]);
}

static void write_other_end(void)
{
	char buf[4096] = { 0 };

	close(ends[1]);
	for (;;)
		checked((int)write(ends[0], buf, sizeof(buf)), "write");
}

/* A client waits for what the server, which sleeps, has not sent yet. */
static void by_tcp_client(void)
{
	tcp_pair(ends);
	child("tcp-client", read_other_end);
	close(ends[0]);
	by_nanosleep();
}

static void by_unix_client(void)
{
	checked(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), "socketpair");
	child("unix-client", read_other_end);
	close(ends[0]);
	by_nanosleep();
}

/* A client that has more to say than the server has read; it does something else. */
static void by_slow_tcp_reader(void)
{
	tcp_pair(ends);
	child("tcp-sender", write_other_end);
	close(ends[0]);
	by_nanosleep();
}

static void by_slow_unix_reader(void)
{
	checked(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), "socketpair");
	child("unix-sender", write_other_end);
	close(ends[0]);
	by_nanosleep();
}

static void by_slow_dgram_reader(void)
{
	checked(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), "socketpair");
	child("dgram-sender", write_other_end);
	close(ends[0]);
	by_nanosleep();
}

static void by_socket(int domain, int type, int protocol)
{
	int s = checked(socket(domain, type, protocol), "socket");
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	if (domain == AF_INET)
		checked(bind(s, (struct sockaddr *)&in, sizeof(in)), "bind");
	recv(s, &byte, 1, 0);
}

static void by_udp(void)
{
	by_socket(AF_INET, SOCK_DGRAM, 0);
}

static void by_netlink(void)
{
	by_socket(AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT);
}

static void by_unix_dgram(void)
{
	by_socket(AF_UNIX, SOCK_DGRAM, 0);
}

static void by_seqpacket(void)
{
	int s[2];

	checked(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s), "socketpair");
	recv(s[0], &byte, 1, 0);
}

/* ---- pipes and terminals ---- */

static void by_self_pipe(void)
{
	read_it(pipe_reader());
}

static void by_pipe(void)
{
	checked(pipe(ends), "pipe");
	child("pipe-writer", NULL);
	close(ends[1]);
	read_it(ends[0]);
}

static void write_pipe(void)
{
	char buf[4096] = { 0 };

	close(ends[0]);
	for (;;)
		checked((int)write(ends[1], buf, sizeof(buf)), "write");
}

/* A pipeline behind a sleeper: its pipe is full. */
static void by_full_pipe(void)
{
	checked(pipe(ends), "pipe");
	child("pipe-full", write_pipe);
	close(ends[1]);
	by_nanosleep();
}

static void by_fifo(void)
{
	unlink("/run/fifo");
	checked(mkfifo("/run/fifo", 0600), "mkfifo");
	open("/run/fifo", O_RDONLY);
}

static int terminal(char *name)
{
	int fd = checked(open("/dev/ptmx", O_RDWR | O_NOCTTY), "/dev/ptmx"), number = 0, lock = 0;

	checked(ioctl(fd, TIOCSPTLCK, &lock), "TIOCSPTLCK");
	checked(ioctl(fd, TIOCGPTN, &number), "TIOCGPTN");
	sprintf(name, "/dev/pts/%d", number);
	return fd;
}

static void by_tty(void)
{
	char name[32];

	terminal(name);
	read_it(checked(open(name, O_RDWR | O_NOCTTY), name));
}

static void by_pty_master(void)
{
	char name[32];
	int fd = terminal(name);

	checked(open(name, O_RDWR | O_NOCTTY), name);
	read_it(fd);
}

/* ---- threads ---- */

static void by_condvar(void)
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;

	pthread_mutex_lock(&mutex);
	pthread_cond_wait(&cond, &mutex);
}

static void by_condvar_often(void)
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
	struct timespec ts;

	pthread_mutex_lock(&mutex);
	for (;;) {
		clock_gettime(CLOCK_REALTIME, &ts);
		ts.tv_sec++;
		pthread_cond_timedwait(&cond, &mutex, &ts);
	}
}

static void by_join(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, thread_that_sleeps, "joined"))
		die("pthread_create");
	pthread_join(thread, NULL);
}

static void by_barrier(void)
{
	static pthread_barrier_t barrier;

	pthread_barrier_init(&barrier, NULL, 2);
	pthread_barrier_wait(&barrier);
}

static void by_sem(void)
{
	static sem_t sem;

	sem_wait(&sem);
}

static void by_shared_sem(void)
{
	sem_t *sem = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (sem == MAP_FAILED)
		die("mmap");
	sem_init(sem, 1, 0);
	child("sem-poster", NULL);
	sem_wait(sem);
}

/* A state that others change, with whatever beside it: what std::atomic::wait() does. It only looks
 * like a mutex. */
static void by_atomic(void)
{
	static struct {
		uint32_t state, unused, port, version;
		uint64_t more[4];
	} server = { 2, 0, 8080, 1, { 0 } };

	for (;;)
		syscall(SYS_futex, &server.state, FUTEX_WAIT_PRIVATE, 2, NULL, NULL, 0);
}

static void by_mutex_held(void)
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

	pthread_mutex_lock(&mutex);
	start(thread_that_sleeps, "mutex-other");
	by_nanosleep();
}

static void *accept_thread(void *arg)
{
	(void)arg;
	be("server-accept");
	by_tcp_accept();
	return NULL;
}

static void *condvar_thread(void *arg)
{
	(void)arg;
	be("server-worker");
	by_condvar();
	return NULL;
}

/* A server with a pool of threads: one in accept(), the others wait for work, the first one joins.
 */
static void by_pool(void)
{
	pthread_t thread;

	for (int i = 0; i < 4; i++)
		start(condvar_thread, NULL);
	if (pthread_create(&thread, NULL, accept_thread, NULL))
		die("pthread_create");
	pthread_join(thread, NULL);
}

static void first_thread_ends(void)
{
	start(thread_that_sleeps, "last-thread");
	pthread_exit(NULL);
}

static void by_last_thread(void)
{
	waitpid(child("first-thread", first_thread_ends), NULL, 0);
}

/* ---- System V and POSIX ---- */

static void by_semop(void)
{
	int id = checked(semget(IPC_PRIVATE, 1, 0600), "semget");
	struct sembuf op = { .sem_op = -1 };

	semop(id, &op, 1);
}

static void by_semop_zero(void)
{
	int id = checked(semget(IPC_PRIVATE, 1, 0600), "semget");
	struct sembuf up = { .sem_op = 1 }, zero = { .sem_op = 0 };

	semop(id, &up, 1);
	semop(id, &zero, 1);
}

struct text {
	long type;
	char text[1024];
};

static void by_msgrcv(void)
{
	struct text msg;

	msgrcv(checked(msgget(IPC_PRIVATE, 0600), "msgget"), &msg, sizeof(msg.text), 7, 0);
}

static int queue;

static void fill_queue(void)
{
	struct text msg = { .type = 1 };

	for (;;)
		checked(msgsnd(queue, &msg, sizeof(msg.text), 0), "msgsnd");
}

static void by_slow_msg_reader(void)
{
	struct text msg;

	queue = checked(msgget(IPC_PRIVATE, 0600), "msgget");
	child("msg-sender", fill_queue);
	checked((int)msgrcv(queue, &msg, sizeof(msg.text), 0, 0), "msgrcv");
	by_nanosleep();
}

static mqd_t posix_queue(const char *name)
{
	struct mq_attr attr = { .mq_maxmsg = 2, .mq_msgsize = 64 };
	mqd_t mq = mq_open(name, O_RDWR | O_CREAT, 0600, &attr);

	checked(mq, "mq_open");
	mq_unlink(name);
	return mq;
}

static void by_mqueue(void)
{
	char buf[64];

	mq_receive(posix_queue("/sleepers"), buf, sizeof(buf), NULL);
}

/* ---- locks that nobody wants ---- */

static int lock_file(const char *path)
{
	return checked(open(path, O_RDWR | O_CREAT, 0644), path);
}

static void by_flock_held(void)
{
	checked(flock(lock_file("/run/flock"), LOCK_EX), "flock");
	by_nanosleep();
}

static void by_posix_lock_held(void)
{
	checked(fcntl(lock_file("/run/posix-lock"), F_SETLK, &(struct flock){ .l_type = F_WRLCK }),
		"F_SETLK");
	by_nanosleep();
}

static void by_ofd_lock_held(void)
{
	checked(fcntl(lock_file("/run/ofd-lock"), F_OFD_SETLK,
		      &(struct flock){ .l_type = F_WRLCK }),
		"F_OFD_SETLK");
	by_nanosleep();
}

static void by_lease_held(void)
{
	checked(fcntl(lock_file("/run/lease"), F_SETLEASE, F_WRLCK), "F_SETLEASE");
	by_nanosleep();
}

/* ---- children ---- */

static void by_wait4(void)
{
	waitpid(child("wait4-child", NULL), NULL, 0);
}

static void by_waitid(void)
{
	siginfo_t info;

	waitid(P_PID, (id_t)child("waitid-child", NULL), &info, WEXITED);
}

/* One of its children is stopped, but it will hear of any of them. */
static void by_wait_any(void)
{
	kill(child("any-stopped", NULL), SIGSTOP);
	child("any-sleeping", NULL);
	wait(NULL);
}

static void by_spawn(void)
{
	static char *const argv[] = { "sleep", "1000000", NULL };
	static char *const none[] = { NULL };
	pid_t pid;

	errno = posix_spawn(&pid, "/bin/sleep", NULL, NULL, argv, none);
	if (errno)
		die("posix_spawn");
	waitpid(pid, NULL, 0);
}

static void by_zombie(void)
{
	child("zombie", (void (*)(void))abort);
	by_nanosleep();
}

static const struct kind {
	const char *comm;
	void (*fn)(void);
} kinds[] = {
	{ "pause", by_pause },
	{ "nanosleep", by_nanosleep },
	{ "clock", by_clock },
	{ "timer", by_timer },
	{ "sigwait", by_sigwait },
	{ "sigtimedwait", by_sigtimedwait },
	{ "sigsuspend", by_sigsuspend },
	{ "signalfd", by_signalfd },
	{ "timerfd", by_timerfd },
	{ "poll", by_poll },
	{ "poll-often", by_ppoll_often },
	{ "select", by_select },
	{ "epoll", by_epoll },
	{ "eventfd", by_eventfd },
	{ "eventfd-full", by_full_eventfd },
	{ "inotify", by_inotify },
	{ "fanotify", by_fanotify },
	{ "kmsg", by_kmsg },
	{ "mounts", by_mounts },
	{ "pidfd", by_pidfd },
	{ "userfaultfd", by_userfaultfd },
	{ "aio", by_aio },
	{ "io_uring", by_uring },
	{ "accept", by_accept },
	{ "backlog-server", by_backlog },
	{ "tcp-accept", by_tcp_accept },
	{ "tcp-server", by_tcp_client },
	{ "unix-server", by_unix_client },
	{ "tcp-slow", by_slow_tcp_reader },
	{ "unix-slow", by_slow_unix_reader },
	{ "dgram-slow", by_slow_dgram_reader },
	{ "udp", by_udp },
	{ "netlink", by_netlink },
	{ "unix-dgram", by_unix_dgram },
	{ "seqpacket", by_seqpacket },
	{ "self-pipe", by_self_pipe },
	{ "pipe", by_pipe },
	{ "pipe-slow", by_full_pipe },
	{ "fifo", by_fifo },
	{ "tty", by_tty },
	{ "pty-master", by_pty_master },
	{ "condvar", by_condvar },
	{ "condvar-often", by_condvar_often },
	{ "join", by_join },
	{ "barrier", by_barrier },
	{ "sem", by_sem },
	{ "shared-sem", by_shared_sem },
	{ "atomic", by_atomic },
	{ "mutex-held", by_mutex_held },
	{ "pool", by_pool },
	{ "last-thread", by_last_thread },
	{ "semop", by_semop },
	{ "semop-zero", by_semop_zero },
	{ "msgrcv", by_msgrcv },
	{ "msg-slow", by_slow_msg_reader },
	{ "mqueue", by_mqueue },
	{ "flock-held", by_flock_held },
	{ "posix-held", by_posix_lock_held },
	{ "ofd-held", by_ofd_lock_held },
	{ "lease-held", by_lease_held },
	{ "wait4", by_wait4 },
	{ "waitid", by_waitid },
	{ "wait-any", by_wait_any },
	{ "spawn", by_spawn },
	{ "zombie", by_zombie },
};

/* sleepers: one process of each kind */
static int role_sleepers(char **argv)
{
	(void)argv;
	be("sleepers");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (checked(fork(), "fork"))
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		be(kinds[i].comm);
		kinds[i].fn();
		fprintf(stderr, "%s did not sleep: %s\n", kinds[i].comm, strerror(errno));
		sleep_for_ever();
	}
	fact(getpid(), "sleepers");
	sleep_for_ever();
}

static const struct role healthy[] = {
	{ "sleepers", 0, role_sleepers },
	{ 0 },
};
ROLES(healthy)
