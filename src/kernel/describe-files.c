/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a file is
 *
 * Which operations a struct file has says what it is; what private_data points to then says which
 * one. Everything else has a path.
 *
 * Kernel: fs/pipe.c, fs/eventfd.c, fs/eventpoll.c, fs/timerfd.c, fs/signalfd.c, fs/notify/,
 * net/socket.c, include/net/af_unix.h, include/net/sock.h.
 */
#include <stdio.h>

#include "inquest/describe.h"

#include "inquest/files.h"
#include "inquest/path.h"
#include "kernel/epoll.h"
#include "kernel/session.h"

static const char sock_type[] = "struct sock";

enum {
	FAMILY_UNIX = 1,
	FAMILY_INET = 2,
	FAMILY_INET6 = 10,
	FAMILY_NETLINK = 16,
	FAMILY_PACKET = 17,
	PROTOCOL_TCP = 6,
	PROTOCOL_UDP = 17,
	STATE_SYN_SENT = 2,
	STATE_LISTEN = 10,
	MAX_UNIX_NAME = 108,
	OFFSET_OF_PATH = 2,
	MAX_NAME = 63,
};

/* ---- times ---- */

const char *iq_describe_ns(struct iq_session *s, int64_t ns)
{
	int64_t sec = ns / 1000000000, min = sec / 60, h = min / 60;

	if (sec < 100)
		return iq_arena_printf(s->scratch, "%.1f s", (double)(ns / 100000000) / 10);
	if (min < 100)
		return iq_arena_printf(s->scratch, "%" PRId64 " min", min);
	if (h < 48)
		return iq_arena_printf(s->scratch, "%" PRId64 " h %" PRId64 " min", h, min % 60);
	return iq_arena_printf(s->scratch, "%" PRId64 " days", h / 24);
}

/* The time now by the clock of a timer's base; 0 where that is not known. */
static uint64_t now_of(struct iq_session *s, uint64_t clockid)
{
	enum { REALTIME, MONOTONIC, BOOTTIME = 7 };
	const struct iq_task_list *list = iq_tasks(s);

	if (!list)
		return 0;
	switch (clockid) {
	case REALTIME:
		return list->realtime_ns;
	case MONOTONIC:
		return list->monotonic_ns;
	case BOOTTIME:
		return list->boottime_ns;
	default:
		return 0;
	}
}

bool iq_hrtimer_left(struct iq_session *s, iq_vaddr hrtimer, int64_t *ns_ret)
{
	/* A flag of its own since v7.1. */
	static const char type[] = "struct hrtimer";
	uint64_t armed, base, clockid, expires, now;

	if ((!iq_peek_member(s, type, "is_queued", hrtimer, &armed) &&
	     !iq_peek_member(s, type, "state", hrtimer, &armed)) ||
	    !(armed & 1) || !iq_peek_member(s, type, "base", hrtimer, &base) ||
	    !iq_is_kernel_ptr(s, base) ||
	    !iq_peek_member(s, "struct hrtimer_clock_base", "clockid", base, &clockid) ||
	    !iq_peek_member(s, type, "node.expires", hrtimer, &expires))
		return false;
	now = now_of(s, clockid);
	if (!now || expires > INT64_MAX)
		return false;
	*ns_ret = expires > now ? (int64_t)(expires - now) : 0;
	return true;
}

bool iq_sleep_left(struct iq_session *s, const struct iq_task *task, int64_t *ns_ret)
{
	static const char type[] = "struct hrtimer_sleeper";
	const struct iq_stack *stack = iq_task_stack(s, task);
	int64_t off = iq_offsetof(s, type, "task"), timer = iq_offsetof(s, type, "timer");
	iq_vaddr wakeup = iq_sym_addr(s, "hrtimer_wakeup");
	uint64_t func;

	for (size_t i = 0; off >= 0 && timer >= 0 && wakeup && i < stack->num_words; i++) {
		iq_vaddr addr = stack->sp + 8 * i - (uint64_t)off;

		if (stack->words[i] != task->addr || addr < stack->sp ||
		    !iq_peek_member(s, type, "timer.function", addr, &func) || func != wakeup)
			continue;
		if (iq_hrtimer_left(s, addr + (uint64_t)timer, ns_ret))
			return true;
	}
	return false;
}

/* ---- sockets ---- */

static const char *unix_name(struct iq_session *s, iq_vaddr sk)
{
	int64_t name = iq_offsetof(s, "struct unix_address", "name");
	char buf[MAX_UNIX_NAME + 1] = "";
	uint64_t address, len;

	if (name < 0 || !iq_peek_member(s, "struct unix_sock", "addr", sk, &address) ||
	    !iq_is_kernel_ptr(s, address) ||
	    !iq_peek_member(s, "struct unix_address", "len", address, &len) ||
	    len <= OFFSET_OF_PATH || len > MAX_UNIX_NAME + OFFSET_OF_PATH ||
	    !iq_peek(s, address + (uint64_t)name + OFFSET_OF_PATH, buf, len - OFFSET_OF_PATH))
		return NULL;
	if (!buf[0])
		buf[0] = '@';
	for (char *c = buf; *c; c++)
		if ((unsigned char)*c < ' ')
			*c = '?';
	return iq_arena_strdup(s->scratch, buf);
}

struct owner {
	const struct iq_task *task;
	uint32_t mode;
};

static bool take_owner(void *ctx, const struct iq_open_file *open)
{
	struct owner *o = ctx;

	if (o->mode && !(open->mode & o->mode))
		return false;
	o->task = open->task;
	return true;
}

/* " of NAME (PID)", the first process that has this open; "" where there is none. */
static const char *owner_of(struct iq_session *s, const char *before, iq_vaddr private,
			    uint32_t mode)
{
	struct owner o = { .mode = mode };

	iq_open_each(s, IQ_OPEN_PRIVATE, private, take_owner, &o);
	return o.task ? iq_arena_printf(s->scratch, "%s%s (%d)", before, o.task->comm, o.task->tgid)
		      : "";
}

static const char *describe_unix(struct iq_session *s, iq_vaddr sk, uint64_t state)
{
	const char *name = unix_name(s, sk), *peer_name = NULL, *owner = "";
	uint64_t peer = 0, socket = 0;

	if (state == STATE_LISTEN)
		return iq_arena_printf(s->scratch, "Unix socket %s, listening", name ? name : "");
	iq_peek_member(s, "struct unix_sock", "peer", sk, &peer);
	if (iq_is_kernel_ptr(s, peer) && peer) {
		peer_name = unix_name(s, peer);
		if (iq_peek_member(s, sock_type, "sk_socket", peer, &socket) && socket)
			owner = owner_of(s, " of ", socket, 0);
	}
	if (peer && (peer_name || *owner))
		return iq_arena_printf(s->scratch, "Unix socket%s%s, connected to %s%s",
				       name ? " " : "", name ? name : "",
				       peer_name ? peer_name : "one", owner);
	return iq_arena_printf(s->scratch, "Unix socket%s%s", name ? " " : "", name ? name : "");
}

static uint16_t swap16(uint64_t v)
{
	return (uint16_t)((v & 0xff) << 8 | (v >> 8 & 0xff));
}

const char *iq_describe_address(struct iq_session *s, const uint8_t *v4, const uint8_t *v6,
				uint16_t port)
{
	static const uint8_t zero[16], mapped[12] = { [10] = 0xff, [11] = 0xff };
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;
	bool skipped = false;

	if (v6 && !memcmp(v6, mapped, sizeof(mapped)))
		v4 = v6 + sizeof(mapped);
	if (!v4 && !memcmp(v6, zero, sizeof(zero)))
		return iq_arena_printf(s->scratch, "*:%u", port);
	if (v4)
		return memcmp(v4, zero, 4) ? iq_arena_printf(s->scratch, "%u.%u.%u.%u:%u", v4[0],
							     v4[1], v4[2], v4[3], port)
					   : iq_arena_printf(s->scratch, "*:%u", port);
	for (int i = 0; i < 16; i += 2) {
		/* The first run of zeros is left out; which one is a matter of taste. */
		if (!skipped && i < 14 && !memcmp(v6 + i, zero, 4)) {
			while (i < 16 && !v6[i] && !v6[i + 1])
				i += 2;
			iq_strbuf_adds(&sb, "::");
			skipped = true;
			if (i >= 16)
				break;
		} else if (i && sb.str[sb.len - 1] != ':') {
			iq_strbuf_addc(&sb, ':');
		}
		iq_strbuf_printf(&sb, "%x", v6[i] << 8 | v6[i + 1]);
	}
	return iq_arena_printf(s->scratch, "[%s]:%u", iq_strbuf_str(&sb), port);
}

static bool read_v6(struct iq_session *s, iq_vaddr sk, const char *member, uint8_t *address)
{
	int64_t off = iq_offsetof(s, sock_type, member);

	return off >= 0 && iq_peek(s, sk + (uint64_t)off, address, 16);
}

static const char *describe_inet(struct iq_session *s, iq_vaddr sk, uint64_t family, uint64_t state)
{
	uint64_t protocol = 0, local = 0, remote = 0, num = 0, dport = 0;
	uint8_t local6[16] = { 0 }, remote6[16] = { 0 };
	bool is_v6 = family == FAMILY_INET6;
	const char *here, *there, *what;

	iq_peek_member(s, sock_type, "sk_protocol", sk, &protocol);
	iq_peek_member(s, sock_type, "__sk_common.skc_num", sk, &num);
	iq_peek_member(s, sock_type, "__sk_common.skc_dport", sk, &dport);
	iq_peek_member(s, sock_type, "__sk_common.skc_rcv_saddr", sk, &local);
	iq_peek_member(s, sock_type, "__sk_common.skc_daddr", sk, &remote);
	if (is_v6) {
		read_v6(s, sk, "__sk_common.skc_v6_rcv_saddr", local6);
		read_v6(s, sk, "__sk_common.skc_v6_daddr", remote6);
	}
	what = protocol == PROTOCOL_TCP ? "TCP"
	       : protocol == PROTOCOL_UDP
		       ? "UDP"
		       : iq_arena_printf(s->scratch, "IP protocol %u", (unsigned)protocol & 0xffff);
	here = iq_describe_address(s, is_v6 ? NULL : (uint8_t *)&local, is_v6 ? local6 : NULL,
				   (uint16_t)num);
	there = iq_describe_address(s, is_v6 ? NULL : (uint8_t *)&remote, is_v6 ? remote6 : NULL,
				    swap16(dport));
	if (protocol == PROTOCOL_TCP && state == STATE_LISTEN)
		return iq_arena_printf(s->scratch, "TCP %s, listening", here);
	if (!dport)
		return iq_arena_printf(s->scratch, "%s %s", what, here);
	return iq_arena_printf(s->scratch, "%s %s to %s%s", what, here, there,
			       protocol == PROTOCOL_TCP && state == STATE_SYN_SENT ? ", connecting"
										   : "");
}

const char *iq_describe_socket(struct iq_session *s, iq_vaddr socket)
{
	uint64_t sk, back, family, state;

	if (!iq_peek_member(s, "struct socket", "sk", socket, &sk) || !sk ||
	    !iq_is_kernel_ptr(s, sk) || !iq_peek_member(s, sock_type, "sk_socket", sk, &back) ||
	    back != socket ||
	    !iq_peek_member(s, sock_type, "__sk_common.skc_family", sk, &family) ||
	    !iq_peek_member(s, sock_type, "__sk_common.skc_state", sk, &state))
		return NULL;
	switch (family) {
	case FAMILY_UNIX:
		return describe_unix(s, sk, state);
	case FAMILY_INET:
	case FAMILY_INET6:
		return describe_inet(s, sk, family, state);
	case FAMILY_NETLINK:
		return "netlink socket";
	case FAMILY_PACKET:
		return "packet socket";
	default:
		return iq_arena_printf(s->scratch, "socket of family %u", (unsigned)family);
	}
}

/* ---- other things without a path ---- */

static uint64_t ino_of(struct iq_session *s, iq_vaddr file)
{
	uint64_t inode, ino = 0;

	if (iq_peek_member(s, "struct file", "f_inode", file, &inode))
		iq_peek_member(s, "struct inode", "i_ino", inode, &ino);
	return ino;
}

static const char *describe_pipe(struct iq_session *s, iq_vaddr file, iq_vaddr private)
{
	uint64_t mode = 0, dentry, parent = 0;
	const char *name, *path = NULL, *owner;

	iq_peek_member(s, "struct file", "f_mode", file, &mode);
	/* A FIFO has a path; a pipe is its dentry's own parent. */
	if (iq_peek_member(s, "struct file", "f_path.dentry", file, &dentry) &&
	    iq_peek_member(s, "struct dentry", "d_parent", dentry, &parent) && parent != dentry)
		path = iq_path_of_file(s, file);
	name = path ? iq_arena_printf(s->scratch, "FIFO %s", path)
		    : iq_arena_printf(s->scratch, "pipe [%" PRIu64 "]", ino_of(s, file));
	owner = mode & IQ_FMODE_READ ? owner_of(s, ", written by ", private, IQ_FMODE_WRITE)
				     : owner_of(s, ", read by ", private, IQ_FMODE_READ);
	return iq_arena_printf(s->scratch, "%s%s", name, owner);
}

static const char *describe_eventfd(struct iq_session *s, iq_vaddr file, iq_vaddr private)
{
	uint64_t id = 0, count = 0;

	(void)file;
	iq_peek_member(s, "struct eventfd_ctx", "count", private, &count);
	if (!iq_peek_member(s, "struct eventfd_ctx", "id", private, &id))
		return "eventfd";
	return iq_arena_printf(s->scratch, "eventfd %" PRIu64 ", count %" PRIu64, id, count);
}

static const char *describe_timerfd(struct iq_session *s, iq_vaddr file, iq_vaddr private)
{
	int64_t off = iq_offsetof(s, "struct timerfd_ctx", "t.tmr"), left;

	(void)file;
	if (off >= 0 && iq_hrtimer_left(s, private + (uint64_t)off, &left))
		return iq_arena_printf(s->scratch, "timer, %s left", iq_describe_ns(s, left));
	return "timer";
}

static const char *describe_epoll(struct iq_session *s, iq_vaddr file, iq_vaddr private)
{
	size_t num = iq_epoll_each(s, private, NULL, NULL);

	(void)file;
	return iq_arena_printf(s->scratch, "epoll of %zu descriptor%s", num, num == 1 ? "" : "s");
}

static const char *describe_socket(struct iq_session *s, iq_vaddr file, iq_vaddr private)
{
	const char *what = iq_describe_socket(s, private);

	(void)file;
	return what ? what : "socket";
}

static const struct {
	const char *ops;
	const char *what; /* if that is all there is to say */
	const char *(*describe)(struct iq_session *s, iq_vaddr file, iq_vaddr private);
} kinds[] = {
	{ "pipefifo_fops", NULL, describe_pipe },
	{ "pipeanon_fops", NULL, describe_pipe }, /* since v6.15 */
	{ "socket_file_ops", NULL, describe_socket },
	{ "eventpoll_fops", NULL, describe_epoll },
	{ "eventfd_fops", NULL, describe_eventfd },
	{ "timerfd_fops", NULL, describe_timerfd },
	{ "signalfd_fops", "signalfd", NULL },
	{ "inotify_fops", "inotify", NULL },
	{ "fanotify_fops", "fanotify", NULL },
	{ "userfaultfd_fops", "userfaultfd", NULL },
	{ "userfaultfd_dev_fops", "userfaultfd", NULL },
	{ "io_uring_fops", "io_uring", NULL },
	{ "pidfd_fops", "pidfd", NULL },
	{ "pidfs_file_operations", "pidfd", NULL },
	{ "perf_fops", "perf event", NULL },
	{ "bpf_map_fops", "BPF map", NULL },
	{ "bpf_prog_fops", "BPF program", NULL },
	{ "bpf_link_fops", "BPF link", NULL },
	{ "ns_file_operations", "namespace", NULL },
};

/* The name of a file that is in no folder: "memfd:x", "[perf_event]". */
static const char *nameless(struct iq_session *s, iq_vaddr file)
{
	uint64_t dentry, parent, name;
	char buf[MAX_NAME + 1] = "";

	if (!iq_peek_member(s, "struct file", "f_path.dentry", file, &dentry) ||
	    !iq_peek_member(s, "struct dentry", "d_parent", dentry, &parent) || parent != dentry ||
	    !iq_peek_member(s, "struct dentry", "d_name.name", dentry, &name))
		return NULL;
	iq_error_free(iq_read_str(s, name, buf, sizeof(buf)));
	for (char *c = buf; *c; c++)
		if ((unsigned char)*c < ' ')
			*c = '?';
	return buf[0] && strcmp(buf, "/") ? iq_arena_strdup(s->scratch, buf) : NULL;
}

const char *iq_describe_file(struct iq_session *s, iq_vaddr file)
{
	uint64_t ops = 0, private = 0, inode = 0, links = 1;
	const char *name;
	struct iq_sym sym;
	struct iq_error *err;

	if (!iq_is_kernel_ptr(s, file) || !iq_peek_member(s, "struct file", "f_op", file, &ops))
		return "a file";
	iq_peek_member(s, "struct file", "private_data", file, &private);
	err = iq_sym_by_addr(s, ops, &sym);
	for (size_t i = 0; !err && sym.addr == ops && i < IQ_ARRAY_SIZE(kinds); i++)
		if (!strcmp(sym.name, kinds[i].ops))
			return kinds[i].describe ? kinds[i].describe(s, file, private)
						 : kinds[i].what;
	iq_error_free(err);
	name = nameless(s, file);
	if (!name)
		name = iq_path_of_file(s, file);
	if (!name)
		return "a file";
	if (iq_peek_member(s, "struct file", "f_inode", file, &inode) &&
	    iq_peek_member(s, "struct inode", "i_nlink", inode, &links) && !links && *name == '/')
		return iq_arena_printf(s->scratch, "%s, deleted", name);
	return name;
}

const char *iq_describe_fd(struct iq_session *s, const struct iq_task *task, int fd)
{
	iq_vaddr file = fd >= 0 ? iq_task_file(s, task, (unsigned)fd) : 0;

	if (!file)
		return iq_arena_printf(s->scratch, "%d", fd);
	return iq_arena_printf(s->scratch, "%d (%s)", fd, iq_describe_file(s, file));
}
