/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * System calls in words
 *
 * A table says of each call what its arguments are, by a letter each; what points into the
 * program's memory is read there by page tables. What cannot be read, and calls that the table does
 * not know, stay numbers.
 *
 *	f descriptor	d descriptor of a folder, or AT_FDCWD	p path or other text
 *	i number	u number without sign	x hexadecimal, a pointer	o file mode
 *	O flags of open	m milliseconds, -1: for ever	t struct timespec	v struct timeval
 *	a socket address, the next argument is its length	P struct pollfd[], the next is how
 *	many	F futex operation, the fourth argument is a timespec then	C clock
 *	G sigset	S number of a signal	Q protection of memory	W operation of flock
 */
#include <stdio.h>

#include "inquest/describe.h"

#include "kernel/session.h"

static const struct {
	const char *name, *args;
} calls[] = {
	{ "read", "fxu" },
	{ "write", "fxu" },
	{ "open", "pOo" },
	{ "close", "f" },
	{ "stat", "px" },
	{ "fstat", "fx" },
	{ "lstat", "px" },
	{ "poll", "Pum" },
	{ "lseek", "fii" },
	{ "mmap", "xuQxfx" },
	{ "mprotect", "xuQ" },
	{ "munmap", "xu" },
	{ "ioctl", "fxx" },
	{ "pread64", "fxuu" },
	{ "pwrite64", "fxuu" },
	{ "readv", "fxu" },
	{ "writev", "fxu" },
	{ "access", "po" },
	{ "select", "uxxxv" },
	{ "mremap", "xuuxx" },
	{ "msync", "xux" },
	{ "madvise", "xui" },
	{ "dup", "f" },
	{ "dup2", "fi" },
	{ "nanosleep", "tx" },
	{ "sendfile", "ffxu" },
	{ "connect", "fau" },
	{ "accept", "fxx" },
	{ "sendto", "fxuxau" },
	{ "recvfrom", "fxuxxx" },
	{ "sendmsg", "fxx" },
	{ "recvmsg", "fxx" },
	{ "shutdown", "fi" },
	{ "bind", "fau" },
	{ "listen", "fi" },
	{ "getsockname", "fxx" },
	{ "getpeername", "fxx" },
	{ "setsockopt", "fiixu" },
	{ "getsockopt", "fiixx" },
	{ "execve", "pxx" },
	{ "wait4", "ixxx" },
	{ "kill", "iS" },
	{ "semop", "ixu" },
	{ "msgsnd", "ixux" },
	{ "msgrcv", "ixuix" },
	{ "fcntl", "fix" },
	{ "flock", "fW" },
	{ "fsync", "f" },
	{ "fdatasync", "f" },
	{ "truncate", "pu" },
	{ "ftruncate", "fu" },
	{ "getdents", "fxu" },
	{ "chdir", "p" },
	{ "fchdir", "f" },
	{ "rename", "pp" },
	{ "mkdir", "po" },
	{ "rmdir", "p" },
	{ "creat", "po" },
	{ "link", "pp" },
	{ "unlink", "p" },
	{ "symlink", "pp" },
	{ "readlink", "pxu" },
	{ "chmod", "po" },
	{ "fchmod", "fo" },
	{ "chown", "pii" },
	{ "fchown", "fii" },
	{ "lchown", "pii" },
	{ "ptrace", "iixx" },
	{ "rt_sigtimedwait", "Gxtu" },
	{ "rt_sigsuspend", "xu" },
	{ "utime", "px" },
	{ "utimes", "px" },
	{ "mknod", "pox" },
	{ "statfs", "px" },
	{ "fstatfs", "fx" },
	{ "pivot_root", "pp" },
	{ "chroot", "p" },
	{ "acct", "p" },
	{ "mount", "pppxx" },
	{ "umount2", "px" },
	{ "swapon", "px" },
	{ "swapoff", "p" },
	{ "setxattr", "ppxux" },
	{ "lsetxattr", "ppxux" },
	{ "fsetxattr", "fpxux" },
	{ "getxattr", "ppxu" },
	{ "lgetxattr", "ppxu" },
	{ "fgetxattr", "fpxu" },
	{ "listxattr", "pxu" },
	{ "llistxattr", "pxu" },
	{ "flistxattr", "fxu" },
	{ "removexattr", "pp" },
	{ "lremovexattr", "pp" },
	{ "fremovexattr", "fp" },
	{ "readahead", "fuu" },
	{ "tkill", "iS" },
	{ "tgkill", "iiS" },
	{ "futex", "xFuxxx" },
	{ "io_getevents", "xiixt" },
	{ "getdents64", "fxu" },
	{ "semtimedop", "ixut" },
	{ "fadvise64", "fuui" },
	{ "clock_nanosleep", "Cxtx" },
	{ "exit_group", "i" },
	{ "epoll_wait", "fxim" },
	{ "epoll_ctl", "fifx" },
	{ "mq_open", "pOox" },
	{ "mq_unlink", "p" },
	{ "mq_timedsend", "fxuut" },
	{ "mq_timedreceive", "fxuxt" },
	{ "waitid", "iixxx" },
	{ "request_key", "ppxi" },
	{ "inotify_add_watch", "fpx" },
	{ "openat", "dpOo" },
	{ "mkdirat", "dpo" },
	{ "mknodat", "dpox" },
	{ "fchownat", "dpiix" },
	{ "futimesat", "dpx" },
	{ "newfstatat", "dpxx" },
	{ "unlinkat", "dpx" },
	{ "renameat", "dpdp" },
	{ "linkat", "dpdpx" },
	{ "symlinkat", "pdp" },
	{ "readlinkat", "dpxu" },
	{ "fchmodat", "dpo" },
	{ "faccessat", "dpo" },
	{ "pselect6", "uxxxtx" },
	{ "ppoll", "Putxu" },
	{ "splice", "fxfxux" },
	{ "tee", "ffux" },
	{ "sync_file_range", "fuux" },
	{ "vmsplice", "fxux" },
	{ "utimensat", "dpxx" },
	{ "epoll_pwait", "fximxu" },
	{ "fallocate", "fxuu" },
	{ "accept4", "fxxx" },
	{ "dup3", "fix" },
	{ "preadv", "fxuuu" },
	{ "pwritev", "fxuuu" },
	{ "recvmmsg", "fxuxt" },
	{ "fanotify_mark", "fxxdp" },
	{ "name_to_handle_at", "dpxxx" },
	{ "syncfs", "f" },
	{ "sendmmsg", "fxux" },
	{ "setns", "fx" },
	{ "finit_module", "fpx" },
	{ "renameat2", "dpdpx" },
	{ "memfd_create", "px" },
	{ "execveat", "dpxxx" },
	{ "copy_file_range", "fxfxux" },
	{ "preadv2", "fxuuux" },
	{ "pwritev2", "fxuuux" },
	{ "statx", "dpxxx" },
	{ "io_uring_enter", "fuuxxx" },
	{ "pidfd_send_signal", "fSxx" },
	{ "pidfd_open", "ix" },
	{ "open_tree", "dpx" },
	{ "move_mount", "dpdpx" },
	{ "fsopen", "px" },
	{ "fsmount", "fxx" },
	{ "openat2", "dpxu" },
	{ "faccessat2", "dpox" },
	{ "process_madvise", "fxuix" },
	{ "epoll_pwait2", "fxitxu" },
	{ "mount_setattr", "dpxxu" },
	{ "fchmodat2", "dpox" },
};

enum { MAX_TEXT = 256, MAX_POLLFDS = 4, AT_FDCWD_ = -100, MAX_SOCKADDR = 128, OFFSET_OF_PATH = 2 };

struct args {
	struct iq_session *s;
	const struct iq_task *task;
	const uint64_t *v;
	unsigned num;
	struct iq_strbuf *sb;
};

/* Some of it, or all: how much there was. */
static size_t read_some(const struct args *x, iq_vaddr addr, void *buf, size_t len)
{
	size_t done = 0;

	while (x->task->mm && done < len) {
		size_t chunk = IQ_MIN(len - done, (size_t)(4096 - (addr + done) % 4096));
		struct iq_error *err =
			iq_read_user(x->s, x->task->mm, addr + done, (char *)buf + done, chunk);

		if (err) {
			iq_error_free(err);
			break;
		}
		done += chunk;
	}
	return done;
}

static void add_pointer(const struct args *x, uint64_t v)
{
	if (v)
		iq_strbuf_printf(x->sb, "%#" PRIx64, v);
	else
		iq_strbuf_adds(x->sb, "0");
}

static void add_quoted(const struct args *x, const char *text, size_t len, bool more)
{
	iq_strbuf_addc(x->sb, '"');
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '"' || c == '\\')
			iq_strbuf_printf(x->sb, "\\%c", c);
		else if (c < ' ' || c == 0x7f)
			iq_strbuf_printf(x->sb, "\\x%02x", c);
		else
			iq_strbuf_addc(x->sb, (char)c);
	}
	iq_strbuf_adds(x->sb, more ? "\"..." : "\"");
}

static void add_text(const struct args *x, uint64_t addr)
{
	char buf[MAX_TEXT];
	size_t len = addr ? read_some(x, addr, buf, sizeof(buf)) : 0;
	const char *end = memchr(buf, '\0', len);

	if (!len)
		add_pointer(x, addr);
	else
		add_quoted(x, buf, end ? (size_t)(end - buf) : len, !end);
}

static void add_flags_of_open(const struct args *x, uint64_t flags)
{
	static const struct {
		unsigned bit;
		const char *name;
	} names[] = {
		{ 0100, "O_CREAT" },	   { 0200, "O_EXCL" },	       { 0400, "O_NOCTTY" },
		{ 01000, "O_TRUNC" },	   { 02000, "O_APPEND" },      { 04000, "O_NONBLOCK" },
		{ 040000, "O_DIRECT" },	   { 0200000, "O_DIRECTORY" }, { 0400000, "O_NOFOLLOW" },
		{ 02000000, "O_CLOEXEC" }, { 010000000, "O_PATH" },
	};
	static const char *const modes[] = { "O_RDONLY", "O_WRONLY", "O_RDWR", "3" };
	uint64_t left = flags & 0xffffffff & ~3ULL;

	iq_strbuf_adds(x->sb, modes[flags & 3]);
	for (size_t i = 0; i < IQ_ARRAY_SIZE(names); i++) {
		if (left & names[i].bit)
			iq_strbuf_printf(x->sb, "|%s", names[i].name);
		left &= ~(uint64_t)names[i].bit;
	}
	if (left)
		iq_strbuf_printf(x->sb, "|%#" PRIx64, left);
}

static void add_time(const struct args *x, uint64_t addr, unsigned per_second)
{
	int64_t t[2];

	if (!addr || read_some(x, addr, t, sizeof(t)) < sizeof(t) || t[1] < 0 ||
	    t[1] >= per_second) {
		add_pointer(x, addr);
		return;
	}
	iq_strbuf_printf(x->sb, "{%" PRId64 ".%03u s}", t[0],
			 (unsigned)(t[1] / (per_second / 1000)));
}

static void add_address(const struct args *x, uint64_t addr, uint64_t len)
{
	enum { UNIX = 1, INET = 2, INET6 = 10 };
	uint8_t buf[MAX_SOCKADDR + 1] = { 0 };
	size_t got = addr ? read_some(x, addr, buf, IQ_MIN(len, (uint64_t)MAX_SOCKADDR)) : 0;
	unsigned family = buf[0] | buf[1] << 8, port = buf[2] << 8 | buf[3];

	if (family == INET && got >= 8)
		iq_strbuf_adds(x->sb, iq_describe_address(x->s, buf + 4, NULL, (uint16_t)port));
	else if (family == INET6 && got >= 24)
		iq_strbuf_adds(x->sb, iq_describe_address(x->s, NULL, buf + 8, (uint16_t)port));
	else if (family == UNIX && got > OFFSET_OF_PATH && !buf[OFFSET_OF_PATH])
		iq_strbuf_printf(x->sb, "\"@%s\"", buf + OFFSET_OF_PATH + 1);
	else if (family == UNIX && got > OFFSET_OF_PATH)
		add_quoted(x, (char *)buf + OFFSET_OF_PATH, strlen((char *)buf + OFFSET_OF_PATH),
			   false);
	else
		add_pointer(x, addr);
}

static void add_pollfds(const struct args *x, uint64_t addr, uint64_t num)
{
	struct {
		int fd;
		int16_t events, revents;
	} p[MAX_POLLFDS];
	size_t got =
		addr ? read_some(x, addr, p, IQ_MIN(num, (uint64_t)MAX_POLLFDS) * sizeof(*p)) : 0;

	if (got < sizeof(*p)) {
		add_pointer(x, addr);
		return;
	}
	iq_strbuf_addc(x->sb, '[');
	for (size_t i = 0; i < got / sizeof(*p); i++)
		iq_strbuf_printf(x->sb, "%s%d", i ? ", " : "", p[i].fd);
	iq_strbuf_adds(x->sb, num > MAX_POLLFDS ? ", ...]" : "]");
}

static void add_futex_op(const struct args *x, uint64_t op)
{
	static const char *const names[] = {
		"FUTEX_WAIT",		"FUTEX_WAKE",	     "FUTEX_FD",
		"FUTEX_REQUEUE",	"FUTEX_CMP_REQUEUE", "FUTEX_WAKE_OP",
		"FUTEX_LOCK_PI",	"FUTEX_UNLOCK_PI",   "FUTEX_TRYLOCK_PI",
		"FUTEX_WAIT_BITSET",	"FUTEX_WAKE_BITSET", "FUTEX_WAIT_REQUEUE_PI",
		"FUTEX_CMP_REQUEUE_PI", "FUTEX_LOCK_PI2",
	};
	enum { PRIVATE = 128, CLOCK = 256 };
	uint64_t command = op & 0xffffffff & ~(uint64_t)(PRIVATE | CLOCK);

	if (command >= IQ_ARRAY_SIZE(names)) {
		add_pointer(x, op);
		return;
	}
	iq_strbuf_printf(x->sb, "%s%s%s", names[command], op & PRIVATE ? "_PRIVATE" : "",
			 op & CLOCK ? "|FUTEX_CLOCK_REALTIME" : "");
}

static void add_clock(const struct args *x, uint64_t clock)
{
	static const char *const names[] = { "CLOCK_REALTIME", "CLOCK_MONOTONIC" };

	if (clock == 7)
		iq_strbuf_adds(x->sb, "CLOCK_BOOTTIME");
	else if (clock < IQ_ARRAY_SIZE(names))
		iq_strbuf_adds(x->sb, names[clock]);
	else
		iq_strbuf_printf(x->sb, "%d", (int)clock);
}

static void add_lock_operation(const struct args *x, uint64_t op)
{
	static const char *const names[] = { NULL, "LOCK_SH", "LOCK_EX", NULL,	   NULL,
					     NULL, NULL,      NULL,	 "LOCK_UN" };
	uint64_t command = op & 0xfb;

	if (command < IQ_ARRAY_SIZE(names) && names[command])
		iq_strbuf_printf(x->sb, "%s%s", names[command], op & 4 ? "|LOCK_NB" : "");
	else
		add_pointer(x, op);
}

static void add_protection(const struct args *x, uint64_t prot)
{
	if (prot & ~7ULL) {
		add_pointer(x, prot);
		return;
	}
	iq_strbuf_printf(x->sb, "%s%s%s%s", prot ? "" : "PROT_NONE", prot & 1 ? "r" : "",
			 prot & 2 ? "w" : "", prot & 4 ? "x" : "");
}

static void add_signals(const struct args *x, uint64_t addr)
{
	const char *before = "{";
	uint64_t set;

	if (!addr || read_some(x, addr, &set, sizeof(set)) < sizeof(set) || !set) {
		add_pointer(x, addr);
		return;
	}
	for (unsigned i = 0; i < 64; i++) {
		if (!(set & 1ULL << i))
			continue;
		iq_strbuf_printf(x->sb, "%s%u", before, i + 1);
		before = ", ";
	}
	iq_strbuf_addc(x->sb, '}');
}

static void add_arg(const struct args *x, unsigned i, char letter)
{
	uint64_t v = x->v[i];

	switch (letter) {
	case 'd':
		if ((int)v == AT_FDCWD_) {
			iq_strbuf_adds(x->sb, "AT_FDCWD");
			return;
		}
		/* fall through */
	case 'f':
		iq_strbuf_adds(x->sb, iq_describe_fd(x->s, x->task, (int)v));
		return;
	case 'p':
		add_text(x, v);
		return;
	case 'i':
	case 'm':
	case 'S':
		iq_strbuf_printf(x->sb, "%d", (int)v);
		return;
	case 'u':
		iq_strbuf_printf(x->sb, "%" PRIu64, v);
		return;
	case 'o':
		iq_strbuf_printf(x->sb, "0%o", (unsigned)v & 0177777);
		return;
	case 'O':
		add_flags_of_open(x, v);
		return;
	case 't':
		add_time(x, v, 1000000000);
		return;
	case 'v':
		add_time(x, v, 1000000);
		return;
	case 'a':
		add_address(x, v, i + 1 < 6 ? x->v[i + 1] : 0);
		return;
	case 'P':
		add_pollfds(x, v, i + 1 < 6 ? x->v[i + 1] : 0);
		return;
	case 'F':
		add_futex_op(x, v);
		return;
	case 'C':
		add_clock(x, v);
		return;
	case 'G':
		add_signals(x, v);
		return;
	case 'W':
		add_lock_operation(x, v);
		return;
	case 'Q':
		add_protection(x, v);
		return;
	default:
		add_pointer(x, v);
	}
}

const char *iq_syscall_describe(struct iq_session *s, const struct iq_task *task)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;
	const struct iq_user_regs *user = &iq_task_stack(s, task)->user;
	struct args x = { .s = s, .task = task, .v = user->args, .sb = &sb };
	const char *name, *letters = "";

	/* Numbers of 32-bit programs are another table's. */
	if (!user->valid || !user->syscall || user->compat)
		return NULL;
	name = iq_syscall_name(s, user->nr);
	if (!name)
		return NULL;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(calls) && !*letters; i++)
		if (!strcmp(calls[i].name, name))
			letters = calls[i].args;
	x.num = IQ_MIN(*letters ? (unsigned)strlen(letters) : iq_syscall_num_args(s, user->nr), 6U);
	iq_strbuf_printf(&sb, "%s(", name);
	for (unsigned i = 0; i < x.num; i++) {
		if (i)
			iq_strbuf_adds(&sb, ", ");
		add_arg(&x, i, *letters ? letters[i] : 'x');
	}
	iq_strbuf_addc(&sb, ')');
	return iq_arena_strdup(s->scratch, iq_strbuf_str(&sb));
}
