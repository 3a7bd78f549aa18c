/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Epoll instances
 *
 * An instance keeps a tree of struct epitem, each of which names a descriptor and its file.
 *
 * Kernel: fs/eventpoll.c.
 */
#include "kernel/epoll.h"

enum { MAX_EPITEMS = 1 << 20 };

static const char epitem[] = "struct epitem";

struct walk {
	struct iq_session *s;
	int64_t node_off;
	iq_epitem_fn fn;
	void *ctx;
	size_t num;
};

static bool visit(void *ctx, iq_vaddr node)
{
	struct walk *w = ctx;
	iq_vaddr item = node - (uint64_t)w->node_off;
	uint64_t fd, file, events = 0;

	if (!iq_peek_member(w->s, epitem, "ffd.fd", item, &fd) ||
	    !iq_peek_member(w->s, epitem, "ffd.file", item, &file))
		return true;
	iq_peek_member(w->s, epitem, "event.events", item, &events);
	w->num++;
	if (w->fn)
		w->fn(w->ctx, (int)fd, file, (uint32_t)events);
	return false;
}

size_t iq_epoll_each(struct iq_session *s, iq_vaddr eventpoll, iq_epitem_fn fn, void *ctx)
{
	int64_t root = iq_offsetof(s, "struct eventpoll", "rbr.rb_root");
	struct walk w = { .s = s, .node_off = iq_offsetof(s, epitem, "rbn"), .fn = fn, .ctx = ctx };

	if (root >= 0 && w.node_off >= 0)
		iq_error_free(
			iq_rbtree_walk(s, eventpoll + (uint64_t)root, MAX_EPITEMS, visit, &w));
	return w.num;
}
