/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Loaded kernel modules
 *
 * Kernel: include/linux/module.h, kernel/module/main.c. Where a module's sections are says an
 * array of module_memory since v6.4, a module_layout before.
 */
#include <stdio.h>

#include "inquest/module.h"

enum { MAX_MODULES = 10000, NUM_MEMORIES = 16, MAX_USERS = 1000 };

static const char type[] = "struct module";

static bool emit_module(void *ctx, iq_vaddr node)
{
	struct iq_walk *walk = ctx;

	return iq_walk_emit(walk, node - (uint64_t)iq_offsetof(walk->s, type, "list"));
}

static struct iq_error *walk_modules(struct iq_walk *walk)
{
	iq_vaddr head = iq_sym_addr(walk->s, "modules");

	if (!head || iq_offsetof(walk->s, type, "list") < 0)
		return iq_error_new(IQ_ERR_NOTFOUND, "this kernel has no list of modules");
	return iq_list_walk(walk->s, head, MAX_MODULES, emit_module, walk);
}

static uint64_t size_of(struct iq_session *s, iq_vaddr mod, iq_vaddr *base_ret)
{
	uint64_t total = 0, size;
	char path[64];

	*base_ret = 0;
	if (iq_peek_member(s, type, "core_layout.size", mod, &total)) {
		iq_peek_member(s, type, "core_layout.base", mod, base_ret);
		return total;
	}
	for (unsigned i = 0; i < NUM_MEMORIES; i++) {
		snprintf(path, sizeof(path), "mem[%u].size", i);
		if (!iq_peek_member(s, type, path, mod, &size))
			break;
		total += size;
	}
	iq_peek_member(s, type, "mem[0].base", mod, base_ret);
	return total;
}

struct users {
	struct iq_session *s;
	struct iq_strbuf *text;
};

static bool add_user(void *ctx, iq_vaddr node)
{
	struct users *u = ctx;
	int64_t link = iq_offsetof(u->s, "struct module_use", "source_list");
	int64_t name = iq_offsetof(u->s, type, "name");
	char text[57] = "";
	uint64_t user;

	if (link < 0 || name < 0 ||
	    !iq_peek_member(u->s, "struct module_use", "source", node - (uint64_t)link, &user))
		return true;
	iq_error_free(iq_read_str(u->s, user + (uint64_t)name, text, sizeof(text)));
	iq_strbuf_printf(u->text, "%s%s", u->text->len ? "," : "", text);
	return false;
}

static const char *state_name(uint64_t state)
{
	static const char *const names[] = { "live", "coming", "going", "unformed" };

	return state < IQ_ARRAY_SIZE(names) ? names[state] : "?";
}

static struct iq_error *print_module(struct iq_cmd *cmd, iq_vaddr mod)
{
	static const struct iq_column columns[] = {
		{ "addr", "ADDR", .min = 16 },
		{ "name", "NAME", .min = 20 },
		{ "base", "BASE", .min = 16 },
		{ "size", "SIZE", .right = true, .min = 9 },
		{ "refs", "REFS", .right = true, .min = 4 },
		{ "state", "STATE", .min = 8 },
		{ "used_by", "USED BY" },
		{ 0 },
	};
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf users = IQ_STRBUF_INIT;
	int64_t at = iq_offsetof(cmd->s, type, "name"),
		sources = iq_offsetof(cmd->s, type, "source_list");
	struct users u = { cmd->s, &users };
	uint64_t refs, state;
	char name[57] = "";
	bool has_refs;
	iq_vaddr base;
	uint64_t size;

	if (at < 0 || !iq_peek_member(cmd->s, type, "state", mod, &state))
		return iq_error_fault(mod, "struct module");
	iq_error_free(iq_read_str(cmd->s, mod + (uint64_t)at, name, sizeof(name)));
	/* One reference is the module's own (MODULE_REF_BASE). */
	has_refs = iq_peek_member(cmd->s, type, "refcnt.counter", mod, &refs);
	if (sources >= 0)
		iq_error_free(
			iq_list_walk(cmd->s, mod + (uint64_t)sources, MAX_USERS, add_user, &u));
	size = size_of(cmd->s, mod, &base);
	iq_out_row(cmd, columns,
		   IQ_CELLS(IQ_ADDR(mod), IQ_STR(name), IQ_ADDR(base), IQ_U64(size),
			    IQ_KNOWN(has_refs, refs - 1), IQ_STR(state_name(state)),
			    IQ_STR(users.len ? iq_strbuf_str(&users) : NULL)));
	return NULL;
}

static bool print_one(struct iq_walk *walk, iq_vaddr mod)
{
	struct iq_cmd *cmd = walk->ctx;

	if (cmd->to_pipe)
		iq_out_value(cmd->out, mod);
	else
		iq_error_free(print_module(cmd, mod));
	return iq_cmd_stop(cmd);
}

static struct iq_error *cmd_modules(struct iq_cmd *cmd)
{
	iq_out_type_named(cmd, type);
	if (cmd->has_addr)
		return print_module(cmd, cmd->addr);
	return iq_walk_run(cmd->s, "modules", NULL, print_one, cmd);
}

static const struct iq_dcmd dcmds[] = {
	{ "modules", "?", "list the kernel's loaded modules",
	  "With an address: the one struct module there.", NULL, cmd_modules },
	{ "modinfo", "?", "list the kernel's loaded modules", NULL, NULL, cmd_modules },
	{ 0 },
};

static const struct iq_walker walkers[] = {
	{ "modules", "every loaded module", IQ_WALK_GLOBAL, "struct module", walk_modules },
	{ 0 },
};

static const struct iq_global globals[] = {
	{ "modules", "struct list_head" },
	{ "module_mutex", "struct mutex" },
	{ 0 },
};

const struct iq_module iq_module_kmod = {
	.api = IQ_MODULE_API,
	.name = "kmod",
	.summary = "loaded kernel modules",
	.dcmds = dcmds,
	.walkers = walkers,
	.globals = globals,
};
