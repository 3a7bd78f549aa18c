/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Descriptors that a task waits for by poll, select and epoll
 *
 * poll and select have their lists in the program's memory, where they stay unchanged while it
 * sleeps; an epoll instance keeps them itself (epoll.c).
 *
 * Kernel: fs/select.c.
 */
#include "inquest/describe.h"

#include "inquest/path.h"
#include "kernel/epoll.h"
#include "kernel/session.h"

enum { MAX_POLLFDS = 1 << 16, MAX_SELECT = 1024 };

const char *iq_watch_events(struct iq_session *s, uint32_t events)
{
	static const char *const names[] = { "in", "pri", "out" };
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;

	for (unsigned i = 0; i < IQ_ARRAY_SIZE(names); i++)
		if (events & 1U << i)
			iq_strbuf_printf(&sb, "%s%s", sb.len ? ", " : "", names[i]);
	return iq_arena_strdup(s->scratch, iq_strbuf_str(&sb));
}

struct watches {
	struct iq_session *s;
	const struct iq_task *task;
	struct iq_watch *list;
	size_t num, max;
};

static void add(struct watches *x, int fd, iq_vaddr file, uint32_t events)
{
	if (x->num < x->max)
		x->list[x->num] = (struct iq_watch){ .fd = fd, .file = file, .events = events };
	x->num++;
}

/* ---- epoll ---- */

static void add_epitem(void *ctx, int fd, iq_vaddr file, uint32_t events)
{
	add(ctx, fd, file, events);
}

size_t iq_watches_of_epoll(struct iq_session *s, iq_vaddr eventpoll, struct iq_watch *list,
			   size_t max)
{
	struct watches x = { .s = s, .list = list, .max = max };

	iq_epoll_each(s, eventpoll, add_epitem, &x);
	return x.num;
}

static void add_epoll(struct watches *x, int fd)
{
	iq_vaddr file = fd >= 0 ? iq_task_file(x->s, x->task, (unsigned)fd) : 0;
	uint64_t private, ops;

	if (!file || !iq_peek_member(x->s, "struct file", "f_op", file, &ops) || !ops ||
	    ops != iq_sym_addr(x->s, "eventpoll_fops") ||
	    !iq_peek_member(x->s, "struct file", "private_data", file, &private))
		return;
	iq_epoll_each(x->s, private, add_epitem, x);
}

/* ---- poll ---- */

static void add_poll(struct watches *x, iq_vaddr list, uint64_t num)
{
	struct {
		int fd;
		int16_t events, revents;
	} p;

	for (uint64_t i = 0; i < num && i < MAX_POLLFDS; i++) {
		struct iq_error *err =
			iq_read_user(x->s, x->task->mm, list + i * sizeof(p), &p, sizeof(p));

		if (err) {
			iq_error_free(err);
			return;
		}
		if (p.fd >= 0)
			add(x, p.fd, iq_task_file(x->s, x->task, (unsigned)p.fd),
			    (uint16_t)p.events);
	}
}

/* ---- select ---- */

static bool read_set(struct watches *x, iq_vaddr addr, uint64_t num, uint64_t *set)
{
	struct iq_error *err =
		addr ? iq_read_user(x->s, x->task->mm, addr, set, (num + 63) / 64 * 8) : NULL;

	iq_error_free(err);
	return !err;
}

static void add_select(struct watches *x, const uint64_t *args)
{
	uint64_t num = IQ_MIN(args[0], (uint64_t)MAX_SELECT);
	uint64_t in[MAX_SELECT / 64] = { 0 }, out[MAX_SELECT / 64] = { 0 },
				 pri[MAX_SELECT / 64] = { 0 };

	if (!read_set(x, args[1], num, in) || !read_set(x, args[2], num, out) ||
	    !read_set(x, args[3], num, pri))
		return;
	for (unsigned fd = 0; fd < num; fd++) {
		uint64_t bit = 1ULL << fd % 64;
		uint32_t events = (in[fd / 64] & bit ? IQ_WATCH_IN : 0) |
				  (out[fd / 64] & bit ? IQ_WATCH_OUT : 0) |
				  (pri[fd / 64] & bit ? IQ_WATCH_PRI : 0);

		if (events)
			add(x, (int)fd, iq_task_file(x->s, x->task, fd), events);
	}
}

size_t iq_watches(struct iq_session *s, const struct iq_task *task, struct iq_watch *list,
		  size_t max)
{
	const struct iq_user_regs *user = &iq_task_stack(s, task)->user;
	struct watches x = { .s = s, .task = task, .list = list, .max = max };
	const char *name;

	if (!user->valid || !user->syscall || user->compat || !task->mm)
		return 0;
	name = iq_syscall_name(s, user->nr);
	if (!name)
		return 0;
	if (!strncmp(name, "epoll_", 6) && strstr(name, "wait"))
		add_epoll(&x, (int)user->args[0]);
	else if (!strcmp(name, "poll") || !strcmp(name, "ppoll"))
		add_poll(&x, user->args[0], user->args[1]);
	else if (!strcmp(name, "select") || !strcmp(name, "pselect6"))
		add_select(&x, user->args);
	return x.num;
}
