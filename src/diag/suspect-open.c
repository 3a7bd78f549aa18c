/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Suspects by what they have open
 *
 * A program that the kernel asks something (a supervisor of system calls, an automounter, a monitor
 * of page faults) has a file for it, and what the file stands for is what the asking task works on.
 * A lock of a file belongs to who has that file open.
 *
 * Whoever has it open could do what is waited for, the sleeper's own process too: that is left to
 * the rules.
 */
#include "diag/suspect.h"
#include "inquest/files.h"

enum { MAX_OPENERS = 16, MAX_KIND = 2048 };

struct openers {
	struct suspects *x;
	struct sleep_case *c;
	struct iq_open_file list[MAX_OPENERS];
	size_t num;
	bool own; /* the sleeper's own process has it open, or there are too many */
};

static bool add_opener(void *ctx, const struct iq_open_file *open)
{
	struct openers *f = ctx;

	if (open->task->tgid == f->c->task->tgid || f->num == MAX_OPENERS) {
		f->own = true;
		return true;
	}
	for (size_t i = 0; i < f->num; i++)
		if (f->list[i].task->tgid == open->task->tgid)
			return false;
	f->list[f->num++] = *open;
	return false;
}

static void tell_openers(struct openers *f, const char *what)
{
	struct iq_session *s = f->x->e->d.s;

	if (f->own)
		return;
	for (size_t i = 0; i < f->num; i++)
		suspect_add_task(f->x, f->c, f->list[i].task, TIER_OPEN, "has it open",
				 iq_arena_printf(iq_scratch(s),
						 "%s (%d) has %s open, descriptor %u",
						 f->list[i].task->comm, f->list[i].task->tgid, what,
						 f->list[i].fd));
}

void find_openers(struct suspects *x, struct sleep_case *c, iq_vaddr thing, const char *what)
{
	struct openers f = { .x = x, .c = c };
	struct iq_session *s = x->e->d.s;
	uint64_t private;

	/* A file that the kernel itself keeps for the purpose: what is behind it. */
	if (thing_kind(x, thing) == THING_FILE &&
	    iq_peek_member(s, "struct file", "private_data", thing, &private) &&
	    iq_is_kernel_ptr(s, private))
		iq_open_each(s, IQ_OPEN_PRIVATE, private, add_opener, &f);
	else
		iq_open_each(s, IQ_OPEN_PRIVATE, thing, add_opener, &f);
	tell_openers(&f, what);
}

static bool is_of_kind(struct iq_session *s, iq_vaddr addr, const char *kind)
{
	const char *cache;
	iq_vaddr start;
	struct iq_error *err = iq_slab_of(s, addr, &cache, &start);
	bool yes = !err && start == addr && !strcmp(cache, kind);

	iq_error_free(err);
	return yes;
}

static void look_for_file(struct suspects *x, struct sleep_case *c, iq_vaddr object, uint64_t size)
{
	struct iq_session *s = x->e->d.s;

	for (iq_vaddr a = object; a < object + size; a += 8) {
		struct openers f = { .x = x, .c = c };
		uint64_t to;

		if (!iq_peek_u64(s, a, &to) || thing_kind(x, to) != THING_FILE)
			continue;
		iq_open_each(s, IQ_OPEN_FILE, to, add_opener, &f);
		tell_openers(&f, iq_arena_printf(iq_scratch(s), "%s, whose lock stands in front,",
						 thing_name(x, to, THING_FILE)));
	}
}

struct front {
	struct suspects *x;
	struct sleep_case *c;
};

static bool is_in_front(void *ctx, iq_vaddr to, const char *type, const char *member)
{
	struct front *f = ctx;

	(void)member;
	if (to != f->c->in.addr && !strcmp(type, iq_type_name(f->c->in.type)))
		look_for_file(f->x, f->c, to, f->c->in.size);
	return false;
}

void find_openers_in_front(struct suspects *x, struct sleep_case *c)
{
	struct front f = { x, c };
	struct iq_session *s = x->e->d.s;
	const char *kind;
	iq_vaddr start;
	struct iq_error *err;

	if (c->in.addr && c->in.size <= MAX_KIND)
		each_pointer(x, c->in.type, c->in.addr, is_in_front, &f);
	if (!c->on.addr || c->on.own || c->end - c->from > MAX_KIND)
		return;
	err = iq_slab_of(s, c->on.addr, &kind, &start);
	if (err || start != c->from || !strncmp(kind, "kmalloc", 7)) {
		iq_error_free(err);
		return;
	}
	for (iq_vaddr a = c->from; a < c->end; a += 8) {
		uint64_t to;

		/* By its start: what is linked into a list with it is pointed to in the middle. */
		if (iq_peek_u64(s, a, &to) && iq_is_kernel_ptr(s, to) &&
		    (to < c->from || to >= c->end) && is_of_kind(s, to, kind))
			look_for_file(x, c, to, c->end - c->from);
	}
}
