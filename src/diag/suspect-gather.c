/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Everybody who may have to do with a sleep that no rule knows
 *
 * What somebody with a debugger would look at, in this order: whose stack is it that the task
 * waits on, and who has an address on the task's own; who does the object itself name as having it;
 * who else works on it; which filesystem or device does it belong to; and what do the functions on
 * the stack work on. Nothing is decided here (suspect.c).
 */
#include <stdio.h>

#include "diag/suspect.h"

enum {
	MAX_FRAMES = 10,    /* telling ones whose arguments and words are looked at */
	MAX_SUSPECTS = 64,  /* of one sleep */
	MAX_OBJECT = 16384, /* a slab object that is looked through */
	OWNER_BEFORE = 24,  /* how far from a lock's list of waiters its owner may stand */
	OWNER_BEHIND = 40,
	OWNER_FLAGS = 7, /* low bits of a lock's owner */
	MIN_CONTAINER = 16,
	MAX_TASK = 65536,
	MAX_STEPS = 16, /* pointers of a struct that are followed one step further */
	MAX_FURTHER = 4096,
	MAX_OPEN_FRAMES = 4, /* telling ones whose arguments somebody may have open */
};

void suspect_add(struct suspects *x, struct sleep_case *c, struct iq_object *o, enum tier tier,
		 const char *how, const char *evidence)
{
	if (!o || o == c->o || c->list.num == MAX_SUSPECTS)
		return;
	iq_vec_foreach(&c->list, s)
		if (s->o == o)
			return;
	iq_vec_push(&c->list,
		    (struct suspect){ .o = o,
				      .tier = tier,
				      .how = how,
				      .evidence = iq_arena_strdup(x->e->d.g->arena, evidence) });
}

void suspect_add_task(struct suspects *x, struct sleep_case *c, const struct iq_task *task,
		      enum tier tier, const char *how, const char *evidence)
{
	if (task && task != c->task && task->pid > 0)
		suspect_add(x, c, iq_diag_task(&x->e->d, task), tier, how, evidence);
}

const struct iq_sleep_on *sleep_of(struct suspects *x, const struct iq_task *task)
{
	static const char kind;
	struct iq_sleep_on *on = iq_diag_recall(&x->e->d, &kind, task->addr);

	if (!on) {
		on = iq_arena_alloc(x->e->d.g->arena, sizeof(*on));
		if (task->stack && !task->on_cpu && !task->unreadable)
			iq_sleep_on(x->e->d.s, task, iq_task_stack(x->e->d.s, task), on);
		iq_diag_remember(&x->e->d, &kind, task->addr, on);
	}
	return on;
}

/* ---- the object ---- */

struct typed {
	iq_vaddr addr;
	struct iq_type type;
	int frame;
};

struct typed_list {
	IQ_VEC(struct typed) list;
};

/* The structs that the functions on the stack were given, innermost first. */
static void collect_typed(struct suspects *x, const struct sleep_case *c, struct typed_list *t)
{
	struct iq_session *s = x->e->d.s;
	int last = IQ_MIN((int)c->stack->num_frames, c->frame + MAX_FRAMES);

	for (int f = IQ_MAX(c->frame, 0); f < last && !iq_engine_expired(x->e); f++) {
		struct iq_frame_args args;

		iq_frame_args(s, c->task, c->stack, (size_t)f, &args);
		for (unsigned i = 0; i < args.num && i < IQ_MAX_ARGS; i++) {
			struct iq_type type;

			if (args.args[i].by == IQ_ARG_UNKNOWN || !args.args[i].type.btf ||
			    !iq_is_kernel_ptr(s, args.args[i].value))
				continue;
			type = iq_type_strip(args.args[i].type);
			if (iq_type_kind(type) != IQ_TYPE_PTR)
				continue;
			type = iq_type_strip(iq_type_target(type));
			if (iq_type_kind(type) == IQ_TYPE_STRUCT && *iq_type_name(type))
				iq_vec_push(&t->list,
					    (struct typed){ args.args[i].value, type, f });
		}
	}
}

/* Which of them is the address in? The smallest that says more than the address itself. */
static void find_container(struct sleep_case *c, const struct typed_list *t)
{
	iq_vec_foreach(&t->list, p) {
		uint64_t size = iq_type_size(p->type);

		if (c->on.addr < p->addr || c->on.addr - p->addr >= size || size < MIN_CONTAINER ||
		    !strncmp(iq_type_name(p->type), "wait_", 5) ||
		    !strcmp(iq_type_name(p->type), "completion") ||
		    (c->in.addr && c->in.size <= size))
			continue;
		c->in = (struct container){ p->addr, p->type, size };
	}
}

/* Slab objects have no end that we could ask for: where the next one begins. */
static bool find_slab_object(struct iq_session *s, iq_vaddr addr, const char **cache_ret,
			     iq_vaddr *from_ret, iq_vaddr *end_ret)
{
	struct iq_error *err = iq_slab_of(s, addr, cache_ret, from_ret);
	iq_vaddr end, start;
	const char *cache;

	if (err) {
		iq_error_free(err);
		return false;
	}
	for (end = addr + 8; end - *from_ret < MAX_OBJECT; end += 8) {
		err = iq_slab_of(s, end, &cache, &start);
		if (err || start != *from_ret) {
			iq_error_free(err);
			break;
		}
	}
	*end_ret = end;
	return true;
}

/* A variable of the kernel's. */
static bool find_symbol(struct iq_session *s, iq_vaddr addr, iq_vaddr *from_ret, iq_vaddr *end_ret)
{
	struct iq_sym sym;
	struct iq_error *err = iq_sym_by_addr(s, addr, &sym);

	if (!err && sym.size && sym.size <= MAX_OBJECT && addr - sym.addr < sym.size) {
		*from_ret = sym.addr;
		*end_ret = sym.addr + sym.size;
		return true;
	}
	iq_error_free(err);
	return false;
}

/* Something known that begins within the object: an inode in what its filesystem keeps for it. */
static iq_vaddr thing_inside(struct suspects *x, iq_vaddr from, iq_vaddr end,
			     enum thing_kind *kind_ret)
{
	for (iq_vaddr a = from; a < end; a += 8) {
		enum thing_kind kind = thing_kind(x, a);

		if (kind != THING_NONE && kind != THING_BIO) {
			*kind_ret = kind;
			return a;
		}
	}
	return 0;
}

/* The one thing of storage that the object points to; several: none. */
static struct iq_object *storage_pointed_to(struct suspects *x, iq_vaddr from, iq_vaddr end)
{
	struct iq_object *found = NULL;

	for (iq_vaddr a = from; a < end; a += 8) {
		enum thing_kind kind;
		struct iq_object *o;
		uint64_t to;

		if (!iq_peek_u64(x->e->d.s, a, &to) || (to >= from && to < end))
			continue;
		kind = thing_kind(x, to);
		if (kind != THING_SB && kind != THING_DISK && kind != THING_BDEV &&
		    kind != THING_QUEUE)
			continue;
		o = thing_storage(x, to, kind);
		if (found && o && o != found)
			return NULL;
		found = o ? o : found;
	}
	return found;
}

static void add_storage(struct suspects *x, struct sleep_case *c, struct iq_object *o,
			enum tier tier, const char *evidence)
{
	suspect_add(x, c, o, tier,
		    tier == TIER_STORAGE ? "is what that belongs to" : "is what it works on",
		    evidence);
}

static void find_object(struct suspects *x, struct sleep_case *c, const struct typed_list *t)
{
	struct iq_arena *arena = x->e->d.g->arena;
	struct iq_session *s = x->e->d.s;
	const char *kind_name = iq_sleep_kind_in_words(c->on.kind), *cache = NULL, *member = "";
	enum thing_kind kind = THING_NONE;
	struct iq_object *storage;
	iq_vaddr thing = 0;

	if (!c->on.addr)
		return;
	find_container(c, t);
	if (c->on.own) {
		c->from = c->stack->sp;
		c->end = c->stack->end;
		c->what = iq_arena_printf(arena, "%s on its own stack", kind_name);
		return;
	}
	c->known = true;
	if (c->on.kind == IQ_ON_PAGE) {
		thing = c->on.addr;
		kind = thing_kind(x, thing);
		c->from = c->on.addr;
		c->end = c->on.addr + 8;
	} else if (find_slab_object(s, c->on.addr, &cache, &c->from, &c->end)) {
		thing = thing_inside(x, c->from, c->end, &kind);
	} else if (c->in.addr) {
		c->from = c->in.addr;
		c->end = c->in.addr + c->in.size;
		thing = thing_inside(x, c->from, c->end, &kind);
	} else if (!find_symbol(s, c->on.addr, &c->from, &c->end)) {
		c->from = c->on.addr;
		c->end = c->on.addr + 8;
		c->known = false;
	}
	if (c->in.addr)
		member = member_at(c->in.type, c->on.addr - c->in.addr);
	if (kind == THING_PAGE)
		c->what = iq_arena_strdup(arena, thing_name(x, thing, kind));
	else if (thing && kind != THING_NONE)
		c->what = iq_arena_printf(arena, "%s of %s", *member ? member : kind_name,
					  thing_name(x, thing, kind));
	else if (c->in.addr)
		c->what = iq_arena_printf(arena, "%s of a struct %s", *member ? member : kind_name,
					  iq_type_name(c->in.type));
	else
		c->what = iq_arena_printf(arena, "%s at %s", kind_name,
					  iq_describe_addr(s, c->on.addr));
	storage = thing && kind != THING_NONE ? thing_storage(x, thing, kind)
					      : storage_pointed_to(x, c->from, c->end);
	if (storage)
		add_storage(
			x, c, storage, TIER_STORAGE,
			iq_arena_printf(iq_scratch(s), "%s belongs to %s", c->what, storage->name));
}

/* ---- who has it ---- */

struct search {
	struct suspects *x;
	struct sleep_case *c;
	bool stack;	   /* the range is the sleeper's own stack */
	const char *given; /* the range is this, not what is slept on; or NULL */
};

/* Waits for the very same, or for the sleeper: a victim, and nobody to blame. */
static bool is_alike(struct suspects *x, const struct sleep_case *c, const struct iq_task *task)
{
	const struct iq_sleep_on *on = sleep_of(x, task);
	const struct iq_stack *stack;
	int frame;

	if (on->addr && on->addr == c->on.addr)
		return true;
	if (on->addr && on->addr >= c->stack->sp && on->addr < c->stack->end)
		return true;
	if (on->addr || task->state != 'D' || !c->where)
		return false;
	stack = iq_task_stack(x->e->d.s, task);
	frame = telling_frame(stack);
	return frame >= 0 && !strcmp(stack->frames[frame].sym.name, c->where);
}

static bool has_it(void *ctx, const struct iq_task *task, const struct iq_stack *stack, size_t at)
{
	struct search *f = ctx;
	struct iq_session *s = f->x->e->d.s;
	const char *function = function_at(stack, at);

	if (task == f->c->task || !function || is_alike(f->x, f->c, task) ||
	    iq_is_list_link(s, stack->sp + 8 * at, stack->words[at]))
		return false;
	suspect_add_task(
		f->x, f->c, task, f->stack ? TIER_STACK : TIER_SHARED,
		f->stack ? "has something in hand that lies on the stack of who waits"
			 : "has it in hand",
		f->stack ? iq_arena_printf(iq_scratch(s),
					   "%s (%d) has %#" PRIx64
					   ", on the stack of %s (%d), in its frame of %s()",
					   task->comm, task->pid, stack->words[at],
					   f->c->task->comm, f->c->task->pid, function)
			 : iq_arena_printf(iq_scratch(s), "both have %s: %s (%d) in %s()",
					   f->given ? f->given : f->c->what, task->comm, task->pid,
					   function));
	return f->c->list.num == MAX_SUSPECTS;
}

static bool is_owner(void *ctx, iq_vaddr to, const char *type, const char *member)
{
	struct search *f = ctx;
	struct iq_session *s = f->x->e->d.s;
	const struct iq_task *task =
		strcmp(type, "task_struct") == 0 ? iq_task_by_addr(s, to) : NULL;

	if (task && !is_alike(f->x, f->c, task))
		suspect_add_task(f->x, f->c, task, TIER_OWNER, "is named in it",
				 iq_arena_printf(iq_scratch(s), "%s.%s at %#" PRIx64 " is %s (%d)",
						 iq_type_name(f->c->in.type), member, f->c->in.addr,
						 task->comm, task->pid));
	return false;
}

/* The owner of a lock stands within a few words of the list of its waiters. */
static void find_owner_near(struct suspects *x, struct sleep_case *c)
{
	struct iq_session *s = x->e->d.s;

	for (iq_vaddr a = c->on.addr - OWNER_BEFORE; a <= c->on.addr + OWNER_BEHIND; a += 8) {
		const struct iq_task *task;
		uint64_t word;

		if ((c->known && (a < c->from || a >= c->end)) || !iq_peek_u64(s, a, &word) ||
		    !(task = iq_task_by_addr(s, word & ~(uint64_t)OWNER_FLAGS)))
			continue;
		suspect_add_task(x, c, task, TIER_OWNER, "is named in it",
				 iq_arena_printf(iq_scratch(s),
						 "beside %s, %#" PRIx64 " is %s (%d)", c->what, a,
						 task->comm, task->pid));
	}
}

/* A child that was given a place on its parent's stack has it in its task_struct (vfork_done). */
static void find_children(struct suspects *x, struct sleep_case *c)
{
	const struct iq_task_list *list = x->e->d.tasks;
	struct iq_session *s = x->e->d.s;
	int64_t size = iq_sizeof(s, "struct task_struct");
	_cleanup_free_ uint64_t *words = NULL;

	if (!c->on.own || size <= 0 || size > MAX_TASK)
		return;
	words = iq_xcalloc((size_t)size / 8 + 1, sizeof(*words));
	for (size_t i = 0; i < list->num_tasks; i++) {
		const struct iq_task *t = &list->tasks[i];
		bool found = false;

		/* What stands behind the registers at its end is not always there. */
		if (t->real_parent != c->task->addr || t->pid <= 0 || t->unreadable ||
		    !iq_peek(s, t->addr, words, (size_t)size * 3 / 4))
			continue;
		for (size_t k = 0; k < (size_t)size / 8 * 3 / 4 && !found; k++)
			found = words[k] == c->on.addr;
		if (found)
			suspect_add_task(x, c, t, TIER_STACK, "was given it",
					 iq_arena_printf(iq_scratch(s),
							 "the task_struct of %s (%d) has %#" PRIx64
							 ", %s",
							 t->comm, t->pid, c->on.addr, c->what));
	}
}

static void find_owners(struct suspects *x, struct sleep_case *c)
{
	struct search f = { .x = x, .c = c };
	const struct iq_task *host;

	/* Whatever it is, it stands on somebody's stack: he will be the one who ends it. */
	host = c->on.addr && !c->on.own ? iq_task_by_stack_addr(x->e->d.s, c->on.addr) : NULL;
	if (host)
		suspect_add_task(x, c, host, TIER_STACK, "has what is waited on, on its stack",
				 iq_arena_printf(iq_scratch(x->e->d.s),
						 "%s at %#" PRIx64 " is on the stack of %s (%d)",
						 iq_sleep_kind_in_words(c->on.kind), c->on.addr,
						 host->comm, host->pid));
	f.stack = true;
	each_mention(x, c->stack->sp, c->stack->end, has_it, &f);
	f.stack = false;
	find_children(x, c);
	if (c->in.addr)
		each_pointer(x, c->in.type, c->in.addr, is_owner, &f);
	if (c->on.kind == IQ_ON_LOCK && !c->on.own && !host)
		find_owner_near(x, c);
	if (c->end && !c->on.own && !host)
		each_mention(x, c->from, c->end, has_it, &f);
}

/* ---- what the functions work on ---- */

struct frame_search {
	struct suspects *x;
	struct sleep_case *c;
	struct typed typed;
	bool devices_only;
	unsigned steps;
};

static bool is_named(void *ctx, iq_vaddr to, const char *type, const char *member)
{
	struct frame_search *f = ctx;
	struct iq_session *s = f->x->e->d.s;
	const char *function = f->c->stack->frames[f->typed.frame].sym.name;
	const struct iq_task *task =
		strcmp(type, "task_struct") == 0 ? iq_task_by_addr(s, to) : NULL;
	enum thing_kind kind;
	struct iq_object *o;

	if (f->devices_only) {
		kind = thing_kind(f->x, to);
		if (kind != THING_QUEUE && kind != THING_DISK && kind != THING_BDEV)
			return false;
	} else if (task) {
		if (!is_alike(f->x, f->c, task))
			suspect_add_task(
				f->x, f->c, task, TIER_FRAMES, "is named by what it works on",
				iq_arena_printf(iq_scratch(s),
						"%s() works on a struct %s at %#" PRIx64
						", whose %s is %s (%d)",
						function, iq_type_name(f->typed.type),
						f->typed.addr, member, task->comm, task->pid));
		return false;
	}
	kind = thing_kind(f->x, to);
	if (kind == THING_FILE && f->typed.frame < f->c->frame + MAX_OPEN_FRAMES)
		find_openers(f->x, f->c, to,
			     iq_arena_printf(iq_scratch(s), "%s.%s of %s()",
					     iq_type_name(f->typed.type), member, function));
	o = kind == THING_NONE || f->c->asleep ? NULL : thing_storage(f->x, to, kind);
	if (o)
		add_storage(f->x, f->c, o, TIER_FRAMES,
			    iq_arena_printf(iq_scratch(s),
					    "%s() works on a struct %s at %#" PRIx64
					    ", whose %s is of %s",
					    function, iq_type_name(f->typed.type), f->typed.addr,
					    member, o->name));
	return false;
}

/* One step further: a command knows its device, and that has the queue. */
static bool is_named_further(void *ctx, iq_vaddr to, const char *type, const char *member)
{
	struct frame_search *f = ctx, next = *f;
	struct iq_session *s = f->x->e->d.s;
	struct iq_error *err;

	(void)member;
	if (thing_kind(f->x, to) != THING_NONE || f->steps++ >= MAX_STEPS)
		return f->steps > MAX_STEPS;
	err = iq_type_by_name(s, iq_arena_printf(iq_scratch(s), "struct %s", type),
			      &next.typed.type);
	if (err) {
		iq_error_free(err);
		return false;
	}
	next.typed.addr = to;
	next.devices_only = true;
	if (iq_type_size(next.typed.type) <= MAX_FURTHER)
		each_pointer(f->x, next.typed.type, to, is_named, &next);
	return false;
}

static void look_at_words(struct suspects *x, struct sleep_case *c, int frame)
{
	const struct iq_stack *stack = c->stack;
	iq_vaddr from = stack->frames[frame].sp;
	iq_vaddr end =
		(size_t)frame + 1 < stack->num_frames ? stack->frames[frame + 1].sp : stack->end;

	for (iq_vaddr a = from; stack->words && a + 8 <= end && a + 8 <= stack->end; a += 8) {
		uint64_t word;
		enum thing_kind kind;
		struct iq_object *o;

		if (a < stack->sp)
			continue;
		word = stack->words[(a - stack->sp) / 8];
		kind = thing_kind(x, word);
		o = kind == THING_NONE ? NULL : thing_storage(x, word, kind);
		if (o)
			add_storage(x, c, o, TIER_FRAMES,
				    iq_arena_printf(iq_scratch(x->e->d.s), "%s() works on %s",
						    stack->frames[frame].sym.name,
						    thing_name(x, word, kind)));
	}
}

/* What an inner function was given: a task, or a struct that somebody who hangs has in hand too. */
static void look_at_given(struct suspects *x, struct sleep_case *c, const struct typed *p)
{
	struct iq_session *s = x->e->d.s;
	const char *function = c->stack->frames[p->frame].sym.name;
	struct search f = { .x = x, .c = c };
	const struct iq_task *task;

	if (p->frame >= c->frame + MAX_OPEN_FRAMES || c->asleep)
		return;
	task = strcmp(iq_type_name(p->type), "task_struct") ? NULL : iq_task_by_addr(s, p->addr);
	if (task && !is_alike(x, c, task))
		suspect_add_task(x, c, task, TIER_FRAMES, "is whom it waits for",
				 iq_arena_printf(iq_scratch(s), "%s() was given %s (%d)", function,
						 task->comm, task->pid));
	if (thing_kind(x, p->addr) != THING_NONE || iq_task_by_stack_addr(s, p->addr))
		return;
	f.given = iq_arena_printf(iq_scratch(s), "the %s of %s()", iq_type_name(p->type), function);
	each_mention(x, p->addr, p->addr + 1, has_it, &f);
}

static void look_at_frames(struct suspects *x, struct sleep_case *c, const struct typed_list *t)
{
	int last = IQ_MIN((int)c->stack->num_frames, c->frame + MAX_FRAMES);

	for (int f = IQ_MAX(c->frame, 0); f < last && !iq_engine_expired(x->e); f++) {
		if (!c->stack->frames[f].sym.name)
			continue;
		iq_vec_foreach(&t->list, p) {
			struct frame_search s = { x, c, *p };
			enum thing_kind kind;
			struct iq_object *o;

			if (p->frame != f)
				continue;
			look_at_given(x, c, p);
			kind = thing_kind(x, p->addr);
			o = kind == THING_NONE || c->asleep ? NULL
							    : thing_storage(x, p->addr, kind);
			if (o)
				add_storage(x, c, o, TIER_FRAMES,
					    iq_arena_printf(iq_scratch(x->e->d.s),
							    "%s() works on %s",
							    c->stack->frames[f].sym.name,
							    thing_name(x, p->addr, kind)));
			else if (kind == THING_NONE) {
				each_pointer(x, p->type, p->addr, is_named, &s);
				if (!c->asleep && f < c->frame + MAX_OPEN_FRAMES)
					each_pointer(x, p->type, p->addr, is_named_further, &s);
			}
		}
		if (!c->asleep)
			look_at_words(x, c, f);
	}
}

/* What it sleeps in, and what the innermost functions were given: somebody may have it open. */
static void find_open(struct suspects *x, struct sleep_case *c, const struct typed_list *t)
{
	struct iq_session *s = x->e->d.s;

	if (c->on.addr && !c->on.own)
		find_openers(x, c, c->from, c->what);
	iq_vec_foreach(&t->list, p)
		if (p->frame < c->frame + MAX_OPEN_FRAMES && p->addr != c->from &&
		    thing_kind(x, p->addr) == THING_NONE)
			find_openers(x, c, p->addr,
				     iq_arena_printf(iq_scratch(s), "the %s of %s()",
						     iq_type_name(p->type),
						     c->stack->frames[p->frame].sym.name));
	find_openers_in_front(x, c);
}

void gather_suspects(struct suspects *x, struct sleep_case *c)
{
	struct typed_list t = { 0 };

	c->frame = telling_frame(c->stack);
	c->where = c->frame < 0 ? NULL : c->stack->frames[c->frame].sym.name;
	c->on = *sleep_of(x, c->task);
	if (c->frame < 0)
		return;
	collect_typed(x, c, &t);
	find_object(x, c, &t);
	find_owners(x, c);
	find_open(x, c, &t);
	look_at_frames(x, c, &t);
	iq_vec_free(&t.list);
}
