/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Modules that are being loaded
 *
 * Whoever loads a module that another task is loading already waits until that
 * one is done: until its init function has returned.
 *
 * By descriptor (finit_module(2), since v6.5): both have a struct idempotent on
 * their stacks with the same cookie, the file's inode; the later one sleeps on the completion in
 * its own. Else (by name): the later one sleeps in module_wq, and the other's struct module is in
 * the list of modules, in a state other than live.
 *
 * Kernel: kernel/module/main.c (kernel/module.c).
 */
#include "inquest/module.h"
#include "inquest/waitq.h"

enum { MAX_MODULES = 10000, NAME_LEN = 56, LIVE = 0 };

static const char idempotent_type[] = "struct idempotent";
static const char module_type[] = "struct module";

/* Inside of loading, or unloading. */
static const char *const loading[] = { "do_init_module",	 "load_module",
				       "init_module_from_file",	 "idempotent_init_module",
				       "__do_sys_init_module",	 "__do_sys_finit_module",
				       "__do_sys_delete_module", NULL };

static struct iq_wait *new_wait(const struct iq_sleeper *who, const char *name)
{
	struct iq_diag *d = who->d;
	struct iq_object *on = iq_graph_object(d->g, IQ_OBJ_KERNEL, "kernel:module-%s", name);

	iq_object_name(d->g, on, "module %s to be loaded", name);
	return iq_diag_wait(who, on, IQ_WAIT_LOCK);
}

static void add_loader(struct iq_diag *d, struct iq_wait *w, const struct iq_task *t,
		       const char *evidence)
{
	struct iq_edge *e = iq_graph_edge(d->g, w->task, iq_diag_task(d, t), w->on, IQ_EDGE_OWNER,
					  IQ_STRONG, "is loading it");

	iq_text_add(d->g, &e->evidence, "%s", evidence);
}

/* The struct module, not live, that a task is at work on: on its stack, in the list. */
struct coming {
	struct iq_diag *d;
	iq_vaddr list[64];
	size_t num;
};

static bool add_coming(void *ctx, iq_vaddr node)
{
	struct coming *c = ctx;
	iq_vaddr mod = node - (uint64_t)iq_offsetof(c->d->s, module_type, "list");
	uint64_t state;

	if (iq_peek_member(c->d->s, module_type, "state", mod, &state) && state != LIVE)
		c->list[c->num++] = mod;
	return c->num == IQ_ARRAY_SIZE(c->list);
}

static void find_coming(struct iq_diag *d, struct coming *c)
{
	iq_vaddr head = iq_sym_addr(d->s, "modules");

	*c = (struct coming){ .d = d };
	if (head && iq_offsetof(d->s, module_type, "list") >= 0)
		iq_error_free(iq_list_walk(d->s, head, MAX_MODULES, add_coming, c));
}

static bool module_name(struct iq_session *s, iq_vaddr mod, char name[static NAME_LEN])
{
	int64_t off = iq_offsetof(s, module_type, "name");

	if (off < 0 || !iq_peek(s, mod + (uint64_t)off, name, NAME_LEN) || name[NAME_LEN - 1])
		return false;
	for (const char *c = name; *c; c++)
		if (*c <= ' ' || *c > '~')
			return false;
	return name[0];
}

static bool is_loader(struct iq_diag *d, const struct iq_task *t, const struct iq_task *waiter,
		      uint64_t word)
{
	if (!t->pid || !t->stack || t->on_cpu || t->unreadable || t->addr == waiter->addr)
		return false;
	return iq_stack_find(iq_task_stack(d->s, t), 0, loading) >= 0 &&
	       iq_stack_mentions(iq_task_stack(d->s, t), word);
}

/* ---- by descriptor ---- */

static bool by_descriptor(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	const struct iq_stack *stack = who->stack;
	int64_t off = iq_offsetof(d->s, idempotent_type, "complete");
	struct coming coming;
	char name[NAME_LEN] = "";
	iq_vaddr done;
	uint64_t cookie;

	if (off < 0 || !iq_find_completion(d->s, who->task, stack, &done) || done < stack->sp ||
	    done >= stack->end ||
	    !iq_peek_member(d->s, idempotent_type, "cookie", done - (uint64_t)off, &cookie) ||
	    !iq_is_kernel_ptr(d->s, cookie))
		return false;
	find_coming(d, &coming);
	for (size_t i = 0; i < d->tasks->num_tasks; i++) {
		const struct iq_task *t = &d->tasks->tasks[i];
		iq_vaddr own;

		/* Others wait as we do, with the same cookie. */
		if (!is_loader(d, t, who->task, cookie) ||
		    (iq_find_completion(d->s, t, iq_task_stack(d->s, t), &own) &&
		     own >= iq_task_stack(d->s, t)->sp && own < iq_task_stack(d->s, t)->end &&
		     iq_peek_member(d->s, idempotent_type, "cookie", own - (uint64_t)off, &own) &&
		     own == cookie))
			continue;
		for (size_t k = 0; k < coming.num; k++)
			if (iq_stack_mentions(iq_task_stack(d->s, t), coming.list[k]) &&
			    module_name(d->s, coming.list[k], name))
				break;
		*wait_ret = new_wait(who, name[0] ? name : "(unknown)");
		add_loader(d, *wait_ret, t,
			   iq_arena_printf(iq_scratch(d->s),
					   "%s (%d) is at work on the same file: idempotent.cookie "
					   "%#" PRIx64 " is on its stack as well",
					   t->comm, t->pid, cookie));
		return true;
	}
	return false;
}

/* ---- by name ---- */

struct name_search {
	const char *name;
	iq_vaddr except;
};

static bool is_namesake(struct iq_session *s, iq_vaddr p, void *ctx)
{
	const struct name_search *x = ctx;
	char name[NAME_LEN];

	return p != x->except && iq_is_kernel_ptr(s, p) && module_name(s, p, name) &&
	       !strcmp(name, x->name);
}

static bool by_name(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	iq_vaddr head = iq_sym_addr(d->s, "module_wq");
	struct iq_wait_entry entry;
	struct coming coming;

	if (!head || !iq_find_wait_entry(d->s, who->task, who->stack, NULL, &entry) ||
	    entry.head != head)
		return false;
	find_coming(d, &coming);
	for (size_t k = 0; k < coming.num; k++) {
		struct name_search x = { .except = coming.list[k] };
		char name[NAME_LEN];

		if (!module_name(d->s, coming.list[k], name))
			continue;
		x.name = name;
		/* Its own copy of the module has the same name. */
		if (!iq_stack_search(d->s, who->stack, 0, is_namesake, &x))
			continue;
		for (size_t i = 0; i < d->tasks->num_tasks; i++) {
			const struct iq_task *t = &d->tasks->tasks[i];

			if (!is_loader(d, t, who->task, coming.list[k]))
				continue;
			if (!*wait_ret)
				*wait_ret = new_wait(who, name);
			add_loader(d, *wait_ret, t,
				   iq_arena_printf(iq_scratch(d->s),
						   "module %s at %#" PRIx64
						   " is not live yet, and on the stack of %s (%d)",
						   name, coming.list[k], t->comm, t->pid));
		}
		if (*wait_ret)
			return true;
	}
	return false;
}

static struct iq_error *explain(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	/* What a module's init function waits for is another matter. */
	if (who->frame &&
	    iq_stack_find(who->stack, 0, (const char *const[]){ "do_init_module", NULL }) >= 0 &&
	    iq_frame_is(&who->stack->frames[who->frame], "load_module"))
		return NULL;
	if (!by_descriptor(who, wait_ret))
		by_name(who, wait_ret);
	return NULL;
}

static const char *const functions[] = { "idempotent_wait_for_completion",
					 "idempotent_init_module",
					 "add_unformed_module",
					 "module_patient_check_exists",
					 "load_module",
					 "__do_sys_finit_module",
					 NULL };
static const char *const types[] = { module_type, NULL };

static const struct iq_wait_rule wait_rules[] = {
	{ .name = "module-load",
	  .summary = "a module that another task is loading already",
	  .reads = "idempotent.cookie, .complete; module_wq; module.name, .state, .list",
	  .seen = "5.10, 6.1, 6.12, 7.3",
	  .certainty = IQ_STRONG,
	  .functions = functions,
	  .needs_types = types,
	  .explain = explain },
	{ 0 },
};

const struct iq_module iq_module_modload = {
	.api = IQ_MODULE_API,
	.name = "modload",
	.summary = "modules that are being loaded",
	.wait_rules = wait_rules,
};
