/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The helper
 *
 * Both sides write frames: a header with a kind and a length, then so many bytes. A request is one
 * frame (RUN, READ, WRITE), for RUN followed by the command's input (INPUT frames, then END). The
 * answer is any number of OUTPUT frames and one DONE, which carries an exit status or an errno. The
 * helper takes all of the input before it runs anything, and the debugger reads once it has sent
 * everything: neither waits for the other to make room.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shell/helper/helper.h"

enum kind { RUN = 1, READ, WRITE, INPUT, END, OUTPUT, DONE };
enum {
	RUN_HAS_INPUT = 1,
	RUN_CAPTURE = 2,
	MAX_FRAME = 1 << 20,
	MAX_FILE = 64 << 20,
	FILE_MS = 5000,
	ANSWER_MS = FILE_MS + 2000,
};

struct header {
	uint32_t kind, len;
};

struct iq_helper {
	int fd; /* -1: it does not answer any more */
	pid_t pid;
};

/* ---- frames ---- */

static bool write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t num = write(fd, p, len);

		if (num < 0 && errno == EINTR)
			continue;
		if (num <= 0)
			return false;
		p += num;
		len -= (size_t)num;
	}
	return true;
}

static int64_t now_ms(void)
{
	return (int64_t)(iq_clock_monotonic() / 1000000);
}

/* end_ms 0: however long it takes. */
static bool read_all(int fd, void *data, size_t len, int64_t end_ms)
{
	char *p = data;

	while (len) {
		struct pollfd pfd = { .fd = fd, .events = POLLIN };
		int64_t left = end_ms ? end_ms - now_ms() : -1;
		ssize_t num;

		if (end_ms) {
			if (left <= 0)
				return false;
			num = poll(&pfd, 1, (int)left);
			if (num < 0 && errno == EINTR)
				continue;
			if (num <= 0)
				return false;
		}
		num = read(fd, p, len);
		if (num < 0 && errno == EINTR)
			continue;
		if (num <= 0)
			return false;
		p += num;
		len -= (size_t)num;
	}
	return true;
}

static bool send_frame(int fd, enum kind kind, const void *data, size_t len)
{
	struct header h = { kind, (uint32_t)len };

	return write_all(fd, &h, sizeof(h)) && write_all(fd, data, len);
}

/* As many frames as it takes. */
static bool send_data(int fd, enum kind kind, const char *data, size_t len)
{
	while (len) {
		size_t part = IQ_MIN(len, (size_t)MAX_FRAME);

		if (!send_frame(fd, kind, data, part))
			return false;
		data += part;
		len -= part;
	}
	return true;
}

static bool send_done(int fd, int status)
{
	int32_t value = status;

	return send_frame(fd, DONE, &value, sizeof(value));
}

/* Its data is added to sb. */
static bool read_frame(int fd, uint32_t *kind_ret, struct iq_strbuf *sb, int64_t end_ms)
{
	struct header h;
	char *data;

	if (!read_all(fd, &h, sizeof(h), end_ms) || h.len > MAX_FRAME)
		return false;
	data = malloc(h.len + 1);
	if (!data || !read_all(fd, data, h.len, end_ms)) {
		free(data);
		return false;
	}
	iq_strbuf_add(sb, data, h.len);
	free(data);
	*kind_ret = h.kind;
	return true;
}

/* ---- the helper's side ---- */

static void child_signals(void)
{
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGTSTP, SIG_DFL);
}

static void exec_command(const char *command)
{
	const char *shell = getenv("SHELL");

	if (!shell || *shell != '/')
		shell = "/bin/sh";
	execl(shell, shell, "-c", command, (char *)NULL);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 255;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Feed the command, and hand on what it prints, until both are over. Descriptors are closed. */
static void pump(int fd, int in, int out, const struct iq_strbuf *input)
{
	size_t sent = 0;

	if (in >= 0)
		fcntl(in, F_SETFL, O_NONBLOCK);
	while (in >= 0 || out >= 0) {
		struct pollfd pfd[2] = { { .fd = in, .events = POLLOUT },
					 { .fd = out, .events = POLLIN } };
		char buf[65536];
		ssize_t num;

		if (in >= 0 && sent == input->len) {
			close(in);
			in = -1;
			continue;
		}
		if (poll(pfd, 2, -1) < 0 && errno != EINTR)
			break;
		if (in >= 0 && pfd[0].revents) {
			num = write(in, input->str + sent, input->len - sent);
			if (num > 0)
				sent += (size_t)num;
			else if (errno != EAGAIN && errno != EINTR)
				sent = input->len; /* it has had enough */
		}
		if (out >= 0 && pfd[1].revents) {
			num = read(out, buf, sizeof(buf));
			if (num > 0 && !send_frame(fd, OUTPUT, buf, (size_t)num))
				_exit(1);
			if (!num || (num < 0 && errno != EINTR)) {
				close(out);
				out = -1;
			}
		}
	}
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
}

static void serve_run(int fd, const struct iq_strbuf *request, const struct iq_strbuf *input)
{
	unsigned flags = (unsigned char)request->str[0];
	bool has_input = flags & RUN_HAS_INPUT, capture = flags & RUN_CAPTURE;
	int in[2] = { -1, -1 }, out[2] = { -1, -1 };
	pid_t pid;

	if ((has_input && pipe2(in, O_CLOEXEC) < 0) || (capture && pipe2(out, O_CLOEXEC) < 0)) {
		send_done(fd, 255);
		return;
	}
	pid = fork();
	if (!pid) {
		int null = -1;

		if (has_input)
			dup2(in[0], STDIN_FILENO);
		else if (!isatty(STDIN_FILENO))
			null = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (null >= 0)
			dup2(null, STDIN_FILENO);
		if (capture)
			dup2(out[1], STDOUT_FILENO);
		child_signals();
		exec_command(request->str + 1);
	}
	if (has_input)
		close(in[0]);
	if (capture)
		close(out[1]);
	signal(SIGPIPE, SIG_IGN);
	pump(fd, in[1], out[0], input);
	send_done(fd, pid < 0 ? 255 : wait_for(pid));
}

/* The child of a READ or WRITE: its output is the file's content, its status an errno. */
static void file_child(uint32_t kind, const struct iq_strbuf *request, int out)
{
	const char *path = request->str + 1;
	size_t at = strlen(path) + 2;
	char buf[65536];
	ssize_t num;
	int fd;

	if (kind == READ)
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	else
		fd = open(path,
			  O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY |
				  (request->str[0] ? O_TRUNC : O_APPEND),
			  0600);
	if (fd < 0)
		_exit(errno & 0xff);
	if (kind == WRITE) {
		if (at < request->len && !write_all(fd, request->str + at, request->len - at))
			_exit(errno & 0xff);
		_exit(close(fd) < 0 ? errno & 0xff : 0);
	}
	while ((num = read(fd, buf, sizeof(buf))) > 0)
		if (!write_all(out, buf, (size_t)num))
			_exit(EPIPE);
	_exit(num < 0 ? errno & 0xff : 0);
}

static void serve_file(int fd, uint32_t kind, const struct iq_strbuf *request)
{
	int64_t end_ms = now_ms() + FILE_MS;
	size_t total = 0;
	int out[2];
	pid_t pid;

	if (pipe2(out, O_CLOEXEC) < 0) {
		send_done(fd, errno);
		return;
	}
	pid = fork();
	if (!pid) {
		close(fd);
		close(out[0]);
		file_child(kind, request, out[1]);
	}
	close(out[1]);
	while (pid > 0) {
		struct pollfd pfd = { .fd = out[0], .events = POLLIN };
		int64_t left = end_ms - now_ms();
		char buf[65536];
		ssize_t num;

		num = left > 0 ? poll(&pfd, 1, (int)left) : 0;
		if (num < 0 && errno == EINTR)
			continue;
		num = num > 0 ? read(out[0], buf, sizeof(buf)) : -1;
		if (!num)
			break;
		total += num > 0 ? (size_t)num : 0;
		if (num < 0 || total > MAX_FILE) {
			/* It may not be possible to kill it: nobody waits for it. */
			kill(pid, SIGKILL);
			close(out[0]);
			send_done(fd, num < 0 ? ETIMEDOUT : EFBIG);
			return;
		}
		if (!send_frame(fd, OUTPUT, buf, (size_t)num))
			_exit(1);
	}
	close(out[0]);
	send_done(fd, pid < 0 ? EAGAIN : wait_for(pid));
}

static void serve(int fd)
{
	for (;;) {
		struct iq_strbuf request = IQ_STRBUF_INIT, input = IQ_STRBUF_INIT;
		uint32_t kind, next = INPUT;

		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (!read_frame(fd, &kind, &request, 0) || request.len < 1)
			_exit(0);
		while (kind == RUN && next == INPUT)
			if (!read_frame(fd, &next, &input, 0))
				_exit(0);
		if (kind == RUN)
			serve_run(fd, &request, &input);
		else if (kind == READ || kind == WRITE)
			serve_file(fd, kind, &request);
		else
			_exit(1);
		iq_strbuf_deinit(&request);
		iq_strbuf_deinit(&input);
	}
}

/* ---- the debugger's side ---- */

/* The same descriptor above those of input, output and complaints, of which one may be closed. */
static int moved_up(int fd)
{
	int up = fd > STDERR_FILENO ? fd : fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	if (up != fd)
		close(fd);
	return up;
}

struct iq_helper *iq_helper_start(void)
{
	struct iq_helper *h;
	int fds[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return NULL;
	fds[0] = moved_up(fds[0]);
	fds[1] = moved_up(fds[1]);
	if (fds[0] < 0 || fds[1] < 0) {
		if (fds[0] >= 0)
			close(fds[0]);
		if (fds[1] >= 0)
			close(fds[1]);
		return NULL;
	}
	pid = fork();
	if (!pid) {
		close(fds[0]);
		/* ^C is for the command that runs, and for the debugger. */
		signal(SIGINT, SIG_IGN);
		signal(SIGQUIT, SIG_IGN);
		prctl(PR_SET_NAME, "inquest-helper");
		serve(fds[1]);
	}
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return NULL;
	}
	h = iq_xcalloc(1, sizeof(*h));
	h->fd = fds[0];
	h->pid = pid;
	return h;
}

void iq_helper_free(struct iq_helper *h)
{
	if (!h)
		return;
	if (h->fd >= 0)
		close(h->fd);
	free(h);
}

int iq_helper_fd(const struct iq_helper *h)
{
	return h ? h->fd : 0;
}

static struct iq_error *is_lost(struct iq_helper *h)
{
	if (h->fd >= 0)
		close(h->fd);
	h->fd = -1;
	return iq_error_new(IQ_ERR_TIMEOUT, "the helper process does not answer");
}

static struct iq_error *check(const struct iq_helper *h)
{
	if (!h || h->fd < 0)
		return iq_error_new(IQ_ERR_UNSUPPORTED,
				    "there is no helper process: neither files nor shell commands");
	return NULL;
}

/* All frames up to DONE. out may be NULL. */
static struct iq_error *answer(struct iq_helper *h, struct iq_strbuf *out, int64_t end_ms,
			       int *status_ret)
{
	for (;;) {
		struct iq_strbuf sb = IQ_STRBUF_INIT;
		int32_t status = 0;
		uint32_t kind;
		bool ok = read_frame(h->fd, &kind, &sb, end_ms);

		if (ok && kind == OUTPUT && out)
			iq_strbuf_add(out, sb.str, sb.len);
		if (ok && kind == DONE && sb.len == sizeof(status))
			memcpy(&status, sb.str, sizeof(status));
		iq_strbuf_deinit(&sb);
		if (!ok || (kind != DONE && kind != OUTPUT))
			return is_lost(h);
		if (kind == DONE) {
			*status_ret = status;
			return NULL;
		}
	}
}

struct iq_error *iq_helper_command(struct iq_helper *h, const char *command, const char *text,
				   size_t len, struct iq_strbuf *out)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf request = IQ_STRBUF_INIT;
	struct iq_error *err = check(h);
	int status;

	if (err)
		return err;
	iq_strbuf_addc(&request, (char)((text ? RUN_HAS_INPUT : 0) | (out ? RUN_CAPTURE : 0)));
	iq_strbuf_add(&request, command, strlen(command) + 1);
	if (!send_frame(h->fd, RUN, request.str, request.len) ||
	    !send_data(h->fd, INPUT, text, text ? len : 0) || !send_frame(h->fd, END, "", 0))
		return is_lost(h);
	err = answer(h, out, 0, &status);
	if (err)
		return err;
	/* grep that finds nothing has not failed; but a shell that finds no command has. */
	if (status == 126 || status == 127)
		return iq_error_new(IQ_ERR_INVALID, "the shell could not run %.60s", command);
	return NULL;
}

static struct iq_error *file_request(struct iq_helper *h, enum kind kind, const char *path,
				     bool truncate, const char *text, size_t len,
				     struct iq_strbuf *out)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf request = IQ_STRBUF_INIT;
	struct iq_error *err = check(h);
	int status;

	if (err)
		return err;
	iq_strbuf_addc(&request, truncate ? 1 : 0);
	iq_strbuf_add(&request, path, strlen(path) + 1);
	iq_strbuf_add(&request, text, len);
	if (request.len > MAX_FRAME)
		return iq_error_new(IQ_ERR_INVALID, "%.100s: more text than fits in a request",
				    path);
	if (!send_frame(h->fd, kind, request.str, request.len))
		return is_lost(h);
	err = answer(h, out, now_ms() + ANSWER_MS, &status);
	if (err)
		return err;
	if (status == ENOENT)
		return iq_error_new(IQ_ERR_NOTFOUND, "%.200s: %s", path, strerror(status));
	if (status == ETIMEDOUT)
		return iq_error_new(IQ_ERR_TIMEOUT, "%.200s: it did not answer within %d s", path,
				    FILE_MS / 1000);
	return status ? iq_error_errno(status, "%.200s", path) : NULL;
}

struct iq_error *iq_helper_read_file(struct iq_helper *h, const char *path, struct iq_strbuf *out)
{
	return file_request(h, READ, path, false, "", 0, out);
}

struct iq_error *iq_helper_write_file(struct iq_helper *h, const char *path, bool truncate,
				      const char *text, size_t len)
{
	while (len > MAX_FRAME / 2) {
		struct iq_error *err =
			file_request(h, WRITE, path, truncate, text, MAX_FRAME / 2, NULL);

		if (err)
			return err;
		text += MAX_FRAME / 2;
		len -= MAX_FRAME / 2;
		truncate = false;
	}
	return file_request(h, WRITE, path, truncate, text, len, NULL);
}
