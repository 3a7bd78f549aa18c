/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guest's end of the test channel
 *
 * The host (guest.py) sends scripts over a virtio-serial port, we run them and
 * send back what they print. Requests and answers are a line, then as many
 * bytes as the line says:
 *
 *     host:  run TIMEOUT_MS SCRIPT_LEN STDIN_LEN \n  script  stdin
 *     guest: ready \n                      once, when we start
 *            out LEN \n bytes              standard output
 *            err LEN \n bytes              standard error
 *            exit STATUS \n                as in a shell; 124 is "out of time"
 *
 * We never wait for anything but the port and the script: what hangs in this
 * guest must not hang us. A script out of time is killed and left behind; when
 * it has ended, its background children may still hold the pipes, so we take
 * what is in them and go on. We may be PID 1 and then bury everybody's dead.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	CHUNK = 64 * 1024,
	MAX_CHUNKS = 64, /* at one go, so that `yes` cannot outlive its time */
	STATUS_TIMEOUT = 124,
	POLL_MS = 20,
};

static int port;

static void die(const char *what)
{
	fprintf(stderr, "agent: %s: %s\n", what, strerror(errno));
	for (;;)
		pause(); /* as PID 1 we must not exit */
}

static void read_all(char *buf, size_t len)
{
	while (len) {
		ssize_t n = read(port, buf, len);

		if (n > 0) {
			buf += n;
			len -= (size_t)n;
		} else if (n == 0) {
			usleep(POLL_MS * 1000); /* nobody at the other end yet */
		} else if (errno != EINTR && errno != EAGAIN) {
			die("read from the host");
		}
	}
}

static void write_all(const char *buf, size_t len)
{
	while (len) {
		ssize_t n = write(port, buf, len);

		if (n > 0) {
			buf += n;
			len -= (size_t)n;
		} else if (errno != EINTR && errno != EAGAIN) {
			die("write to the host");
		}
	}
}

static void send_line(const char *word, long value)
{
	char line[64];

	write_all(line, (size_t)snprintf(line, sizeof(line), "%s %ld\n", word, value));
}

static void read_line(char *buf, size_t size)
{
	size_t len = 0;

	for (;;) {
		char c;

		read_all(&c, 1);
		if (c == '\n')
			break;
		if (len + 1 < size)
			buf[len++] = c;
	}
	buf[len] = '\0';
}

/* LEN bytes of the request as a file descriptor. */
static int receive_file(const char *name, size_t len)
{
	char *buf = malloc(CHUNK);
	int fd = memfd_create(name, 0);

	if (!buf || fd < 0)
		die("memfd_create");
	while (len) {
		size_t n = len < CHUNK ? len : CHUNK;

		read_all(buf, n);
		if (write(fd, buf, n) != (ssize_t)n)
			die("write to memory");
		len -= n;
	}
	lseek(fd, 0, SEEK_SET);
	free(buf);
	return fd;
}

/* Pass on what is in the pipe; false when it is empty or at its end. */
static int forward(int fd, const char *word)
{
	static char buf[CHUNK];
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n <= 0)
		return 0;
	send_line(word, n);
	write_all(buf, (size_t)n);
	return 1;
}

static long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

static int status_of(int wstatus)
{
	return WIFEXITED(wstatus) ? WEXITSTATUS(wstatus) : 128 + WTERMSIG(wstatus);
}

/* Bury whoever died; true if PID was among them. */
static int reap(pid_t pid, int *status_ret)
{
	int wstatus, found = 0;
	pid_t dead;

	while ((dead = waitpid(-1, &wstatus, WNOHANG)) > 0) {
		if (dead == pid) {
			*status_ret = status_of(wstatus);
			found = 1;
		}
	}
	return found;
}

static pid_t spawn(int script, int input, int out, int err)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid == 0) {
		char path[32];

		setsid();
		dup2(input, 0);
		dup2(out, 1);
		dup2(err, 2);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", script);
		execl("/bin/sh", "sh", path, (char *)NULL);
		_exit(127);
	}
	return pid;
}

static void run(long timeout_ms, size_t script_len, size_t stdin_len)
{
	int script = receive_file("script", script_len);
	int input = receive_file("stdin", stdin_len);
	int out[2], err[2], status = STATUS_TIMEOUT;
	long long deadline = now_ms() + timeout_ms;
	pid_t pid;

	if (pipe2(out, O_CLOEXEC | O_NONBLOCK) || pipe2(err, O_CLOEXEC | O_NONBLOCK))
		die("pipe");
	/* The script's own ends block, as programs expect. */
	fcntl(out[1], F_SETFL, 0);
	fcntl(err[1], F_SETFL, 0);
	pid = spawn(script, input, out[1], err[1]);
	close(script);
	close(input);
	close(out[1]);
	close(err[1]);

	for (;;) {
		struct pollfd fds[2] = { { out[0], POLLIN, 0 }, { err[0], POLLIN, 0 } };
		int ended = reap(pid, &status);

		poll(fds, 2, ended ? 0 : POLL_MS);
		for (int n = 0; n < MAX_CHUNKS && forward(out[0], "out"); n++)
			;
		for (int n = 0; n < MAX_CHUNKS && forward(err[0], "err"); n++)
			;
		if (ended)
			break;
		if (now_ms() > deadline) {
			kill(-pid, SIGKILL);
			break;
		}
		if ((fds[0].revents | fds[1].revents) & POLLHUP)
			usleep(POLL_MS * 1000);
	}
	close(out[0]);
	close(err[0]);
	send_line("exit", status);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: agent PORT\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	port = open(argv[1], O_RDWR | O_CLOEXEC);
	if (port < 0)
		die(argv[1]);
	write_all("ready\n", 6);
	for (;;) {
		char line[128];
		long timeout_ms;
		size_t script_len, stdin_len;

		/* Without a request we still bury the dead. */
		struct pollfd fd = { port, POLLIN, 0 };
		int unused;

		reap(-1, &unused);
		if (poll(&fd, 1, 500) <= 0)
			continue;
		read_line(line, sizeof(line));
		if (sscanf(line, "run %ld %zu %zu", &timeout_ms, &script_len, &stdin_len) == 3)
			run(timeout_ms, script_len, stdin_len);
	}
}
