/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a command costs, as a whole process
 *
 *	meter [-n RUNS] [-m] COMMAND [ARGUMENT...]
 *
 * Runs COMMAND so many times and prints one line of JSON for each run: when its first line of
 * output was there and when it had ended (counted from before the fork), its CPU time, its
 * resident memory at the highest, how much it printed, its exit status. With -m it looks again and
 * again into /proc at how much of the memory is its own and not mapped from a file: that takes CPU
 * time away from it, so times of such a run mean nothing.
 *
 * It is one static program, so that it can be taken into a guest.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void die(const char *what)
{
	fprintf(stderr, "meter: %s: %s\n", what, strerror(errno));
	exit(3);
}

static int64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static int64_t us_of(struct timeval tv)
{
	return (int64_t)tv.tv_sec * 1000000 + tv.tv_usec;
}

/* RssAnon of a process in KiB; 0 where it cannot be read (any more). */
static long anon_kb(pid_t pid)
{
	char path[64], buf[4096];
	const char *at;
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	len = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (len <= 0)
		return 0;
	buf[len] = '\0';
	at = strstr(buf, "RssAnon:");
	return at ? strtol(at + strlen("RssAnon:"), NULL, 10) : 0;
}

static pid_t start(char **argv, int *out_ret)
{
	int out[2];
	pid_t pid;

	if (pipe2(out, O_CLOEXEC) < 0)
		die("pipe2");
	/* Room for what it prints, so that it need not wait for us. */
	fcntl(out[1], F_SETPIPE_SZ, 1 << 20);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(out[1], STDOUT_FILENO) < 0)
			die("dup2");
		if (!getenv("METER_STDERR"))
			dup2(null, STDERR_FILENO);
		execvp(argv[0], argv);
		_exit(127);
	}
	close(out[1]);
	*out_ret = out[0];
	return pid;
}

static void run(char **argv, bool memory)
{
	int64_t began = now_us(), first = -1, ended, bytes = 0, anon = 0;
	struct pollfd pfd;
	struct rusage used;
	static char buf[1 << 20];
	int status;
	pid_t pid;

	pid = start(argv, &pfd.fd);
	pfd.events = POLLIN;
	for (;;) {
		ssize_t len;

		if (memory) {
			long kb = anon_kb(pid);

			if (kb > anon)
				anon = kb;
			if (!poll(&pfd, 1, 0))
				continue;
		}
		len = read(pfd.fd, buf, sizeof(buf));
		if (len < 0)
			die("read");
		if (len == 0)
			break;
		if (first < 0 && memchr(buf, '\n', (size_t)len))
			first = now_us() - began;
		bytes += len;
	}
	if (wait4(pid, &status, 0, &used) < 0)
		die("wait4");
	ended = now_us() - began;
	close(pfd.fd);
	printf("{\"first_us\": %lld, \"wall_us\": %lld, \"user_us\": %lld, \"sys_us\": %lld, "
	       "\"rss_kb\": %ld, \"anon_kb\": %lld, \"bytes\": %lld, \"status\": %d}\n",
	       (long long)first, (long long)ended, (long long)us_of(used.ru_utime),
	       (long long)us_of(used.ru_stime), used.ru_maxrss, (long long)anon, (long long)bytes,
	       WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	fflush(stdout);
}

int main(int argc, char **argv)
{
	bool memory = false;
	long runs = 1;
	int c;

	while ((c = getopt(argc, argv, "+n:m")) != -1) {
		if (c == 'n')
			runs = strtol(optarg, NULL, 10);
		else if (c == 'm')
			memory = true;
		else
			return 2;
	}
	if (optind == argc || runs < 1 || runs > 100000) {
		fprintf(stderr, "usage: meter [-n RUNS] [-m] COMMAND [ARGUMENT...]\n");
		return 2;
	}
	while (runs--)
		run(argv + optind, memory);
	return 0;
}
