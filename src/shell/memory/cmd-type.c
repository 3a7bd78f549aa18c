/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ::sizeof, ::offsetof, ::enum, ::typelist: about types; ::list and ::array: addresses by types
 */
#include <fnmatch.h>
#include <stdio.h>

#include "shell/memory/commands.h"
#include "shell/print/print.h"

enum { MAX_LIST = 16 << 20, MAX_ARRAY = 16 << 20 };

static const char *type_text(struct iq_cmd *cmd, struct iq_type type)
{
	char text[512];

	return iq_arena_strdup(cmd->arena, iq_type_format(type, text, sizeof(text)));
}

/* ---- ::sizeof, ::offsetof ---- */

static struct iq_error *cmd_sizeof(struct iq_cmd *cmd)
{
	struct iq_place_reader reader = { .cmd = cmd };
	struct iq_place place = { .where = IQ_PLACE_NOWHERE };
	struct iq_error *err;
	const char *path = NULL;
	size_t first;

	err = iq_cmd_type(cmd, 0, &place.type, &first);
	if (!err && first + 1 < cmd->argc)
		return iq_cmd_usage(cmd, "too many words");
	if (!err && first < cmd->argc)
		err = iq_place_follow(&reader, &place, &cmd->argv[first], &place, &path);
	if (err)
		return err;
	if (cmd->to_pipe)
		iq_out_value(cmd->out, iq_type_size(place.type));
	else
		iq_out_text(cmd->out, "sizeof (%s) = %#" PRIx64 "\n",
			    path ? path : type_text(cmd, place.type), iq_type_size(place.type));
	return NULL;
}

static struct iq_error *cmd_offsetof(struct iq_cmd *cmd)
{
	struct iq_place_reader reader = { .cmd = cmd };
	struct iq_place from = { .where = IQ_PLACE_NOWHERE }, place;
	struct iq_error *err;
	const char *path;
	size_t first;

	err = iq_cmd_type(cmd, 0, &from.type, &first);
	if (err)
		return err;
	if (first + 1 != cmd->argc)
		return iq_cmd_usage(cmd, "a type and a member are expected");
	if (strstr(cmd->argv[first].str, "->"))
		return iq_error_new(IQ_ERR_INVALID, "what a pointer points to has no offset");
	err = iq_place_follow(&reader, &from, &cmd->argv[first], &place, &path);
	if (err)
		return err;
	if (cmd->to_pipe) {
		iq_out_value(cmd->out, place.addr);
		return NULL;
	}
	iq_out_text(cmd->out, "offsetof (%s, %s) = %#" PRIx64, type_text(cmd, from.type), path,
		    place.addr);
	if (place.bit_size)
		iq_out_text(cmd->out, ", bits %u to %u\n", place.bit,
			    place.bit + place.bit_size - 1);
	else
		iq_out_text(cmd->out, ", sizeof (...->%s) = %#" PRIx64 "\n", path,
			    iq_type_size(place.type));
	return NULL;
}

/* ---- ::enum ---- */

static void enum_value(struct iq_cmd *cmd, const char *name, int64_t value)
{
	if (cmd->to_pipe)
		iq_out_value(cmd->out, (uint64_t)value);
	else if (iq_cmd_has(cmd, 'x'))
		iq_out_text(cmd->out, "%#18" PRIx64 " %s\n", (uint64_t)value, name);
	else
		iq_out_text(cmd->out, "%18" PRId64 " %s\n", value, name);
}

static void enum_all(struct iq_cmd *cmd, struct iq_type type)
{
	const char *name;
	int64_t value;

	if (!cmd->to_pipe && !iq_cmd_has(cmd, 'e'))
		iq_out_text(cmd->out, "%s:\n%18s NAME\n", type_text(cmd, type), "VALUE");
	for (size_t i = 0; iq_type_enumerator_at(type, i, &name, &value); i++)
		enum_value(cmd, name, value);
}

/* A name's value, a value's name. */
static struct iq_error *enum_word(struct iq_cmd *cmd, struct iq_type type, const struct iq_arg *arg)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;
	const char *name;
	struct iq_error *err;
	int64_t value;
	uint64_t number;

	for (size_t i = 0; !arg->is_value && iq_type_enumerator_at(type, i, &name, &value); i++) {
		if (!strcmp(name, arg->str)) {
			enum_value(cmd, name, value);
			return NULL;
		}
	}
	err = iq_cmd_number(cmd, arg, &number);
	if (err)
		return iq_error_prefix(err, "%s: neither a name nor a value", arg->str);
	if (iq_type_size(type) == 4 && iq_type_is_signed(type))
		number = (uint64_t)(int32_t)number;
	iq_print_enum(&sb, type, (int64_t)number, iq_cmd_has(cmd, 'x') ? IQ_PRINT_HEX : 0);
	iq_out_text(cmd->out, "%s\n", iq_strbuf_str(&sb));
	return NULL;
}

static struct iq_error *cmd_enum(struct iq_cmd *cmd)
{
	struct iq_type type;
	struct iq_error *err;
	int64_t value;
	size_t num;

	if (!cmd->argc)
		return iq_cmd_usage(cmd, "an enum, or a name of one, is expected");
	err = iq_type_args(cmd, cmd->argv, cmd->argc, &type, &num);
	if (!err && iq_type_kind(iq_type_strip(type)) != IQ_TYPE_ENUM)
		return iq_error_new(IQ_ERR_INVALID, "%s is no enum", type_text(cmd, type));
	/* A name of any of them. */
	if (err && err->code == IQ_ERR_NOTFOUND && cmd->argc == 1) {
		iq_error_free(err);
		err = iq_enum_value(cmd->s, NULL, cmd->argv[0].str, &value);
		if (err) {
			iq_error_free(err);
			return iq_error_new(IQ_ERR_NOTFOUND,
					    "%s is neither an enum nor a name of one",
					    cmd->argv[0].str);
		}
		enum_value(cmd, cmd->argv[0].str, value);
		return NULL;
	}
	if (err)
		return err;
	if (num == cmd->argc)
		enum_all(cmd, type);
	for (size_t i = num; !err && i < cmd->argc; i++)
		err = enum_word(cmd, type, &cmd->argv[i]);
	return err;
}

/* ---- ::typelist ---- */

struct typelist {
	struct iq_cmd *cmd;
	const char *pattern;
};

static bool list_type(void *ctx, struct iq_type type)
{
	struct typelist *l = ctx;
	struct iq_cmd *cmd = l->cmd;
	const char *module = iq_type_module(type);
	char text[256];

	if (l->pattern && fnmatch(l->pattern, iq_type_name(type), 0))
		return iq_cmd_stop(cmd);
	iq_type_format(type, text, sizeof(text));
	iq_out_text(cmd->out, "%8" PRIx64 " %s%s%s\n", iq_type_size(type), module ? module : "",
		    module ? "`" : "", text);
	return iq_cmd_stop(cmd);
}

static struct iq_error *cmd_typelist(struct iq_cmd *cmd)
{
	struct typelist l = { cmd, cmd->argc ? cmd->argv[0].str : NULL };

	if (cmd->argc > 1)
		return iq_cmd_usage(cmd, "one pattern at most");
	iq_type_foreach(cmd->s, list_type, &l);
	return NULL;
}

/* ---- ::typedef ---- */

static struct iq_error *cmd_typedef(struct iq_cmd *cmd)
{
	struct iq_error *err;
	struct iq_type type;
	const char *name;
	size_t num;

	if (iq_cmd_has(cmd, 'l') || !cmd->argc) {
		for (size_t i = 0; iq_type_alias_at(cmd->s, i, &name, &type); i++)
			iq_out_text(cmd->out, "typedef %s %s\n", type_text(cmd, type), name);
		return NULL;
	}
	err = iq_type_args(cmd, cmd->argv, cmd->argc - 1, &type, &num);
	if (!err && num + 1 != cmd->argc)
		return iq_cmd_usage(cmd, "a type and a new name are expected");
	return err ? err : iq_type_alias(cmd->s, cmd->argv[num].str, type);
}

/* ---- ::list ---- */

/*
 * How to get from one to the next: the pointer at `next_off` of a node; nodes lie at `node_off` of
 * the things that are wanted.
 */
struct links {
	uint64_t node_off, next_off;
	bool is_node;
};

/*
 * A struct that holds a pointer to its own kind, as list_head, hlist_node, llist_node do, is a
 * node inside of what is wanted; a pointer leads there itself.
 */
static struct iq_error *find_links(const struct iq_place *member, const char *name,
				   struct links *links_ret)
{
	struct iq_type type = iq_type_strip(member->type), target;
	struct iq_place inner;
	const char *inner_name;

	if (iq_type_kind(type) == IQ_TYPE_PTR) {
		*links_ret = (struct links){ 0, member->addr, false };
		return NULL;
	}
	for (size_t i = 0; iq_place_member(member, i, &inner_name, &inner); i++) {
		struct iq_type of = iq_type_strip(inner.type);

		if (iq_type_kind(of) != IQ_TYPE_PTR)
			continue;
		target = iq_type_strip(iq_type_target(of));
		if (target.btf == type.btf && target.id == type.id) {
			*links_ret = (struct links){ member->addr, inner.addr, true };
			return NULL;
		}
	}
	return iq_error_new(IQ_ERR_INVALID, "%s is neither a pointer nor a node of a list", name);
}

/* A node that a symbol begins with is the list's head, and in no struct. */
static bool is_symbol(struct iq_cmd *cmd, iq_vaddr node)
{
	struct iq_sym sym;
	struct iq_error *err = iq_sym_by_addr(cmd->s, node, &sym);
	bool found = !err && sym.addr == node;

	iq_error_free(err);
	return found;
}

/* Is the address given that of a variable that is the head of a list: super_blocks? */
static bool is_head(struct iq_cmd *cmd)
{
	struct iq_type type;
	struct iq_error *err;
	struct iq_sym sym;
	bool is = false;

	err = iq_sym_by_addr(cmd->s, cmd->addr, &sym);
	if (!err && sym.addr == cmd->addr)
		err = iq_global_type(cmd->s, sym.name, &type);
	if (!err && sym.addr == cmd->addr) {
		const char *name = iq_type_name(iq_type_strip(type));

		is = !strcmp(name, "list_head") || !strcmp(name, "hlist_head") ||
		     !strcmp(name, "llist_head");
	}
	iq_error_free(err);
	return is;
}

static struct iq_error *walk_links(struct iq_cmd *cmd, struct links links, bool at_head,
				   const char *var)
{
	iq_vaddr node = at_head ? cmd->addr : cmd->addr + links.node_off, first = node;
	uint64_t to_next = links.next_off - links.node_off;
	struct iq_map seen = { 0 };
	struct iq_error *err = NULL;

	for (size_t i = 0; node && !(node & 1) && i < MAX_LIST && !iq_cmd_stop(cmd); i++) {
		iq_vaddr thing = node - links.node_off;

		if (i && node == first)
			break;
		if (iq_map_get(&seen, node)) {
			err = iq_error_new(IQ_ERR_CORRUPT,
					   "the list comes back to %" PRIx64
					   ", which is not where it began",
					   thing);
			break;
		}
		iq_map_set(&seen, node, 1);
		if (!(at_head && !i) && !(links.is_node && i && is_symbol(cmd, node))) {
			if (var)
				iq_cmd_set_var(cmd, var, thing);
			iq_out_value(cmd->out, thing);
		}
		err = iq_cmd_read(cmd, node + to_next, &node, sizeof(node));
		if (err)
			break;
	}
	iq_map_deinit(&seen);
	return err;
}

static struct iq_error *cmd_list(struct iq_cmd *cmd)
{
	struct iq_place_reader reader = { .cmd = cmd };
	struct iq_place place = { .where = IQ_PLACE_NOWHERE }, member;
	struct links links = { 0 };
	struct iq_error *err;
	const char *path;
	bool at_head = iq_cmd_has(cmd, 'H');
	size_t first;

	err = iq_cmd_type(cmd, 0, &place.type, &first);
	if (err)
		return err;
	if (first + 1 != cmd->argc && first + 2 != cmd->argc)
		return iq_cmd_usage(cmd, "a type and a member are expected");
	err = iq_place_follow(&reader, &place, &cmd->argv[first], &member, &path);
	if (!err)
		err = find_links(&member, path, &links);
	if (err)
		return err;
	at_head |= links.is_node && is_head(cmd);
	iq_out_type(cmd->out, place.type);
	return walk_links(cmd, links, at_head,
			  first + 2 == cmd->argc ? cmd->argv[first + 1].str : NULL);
}

/* ---- ::array ---- */

static struct iq_error *cmd_array(struct iq_cmd *cmd)
{
	struct iq_type type;
	struct iq_error *err;
	uint64_t num, size;
	size_t first;

	err = iq_cmd_type(cmd, 0, &type, &first);
	if (err)
		return err;
	if (first + 1 != cmd->argc && first + 2 != cmd->argc)
		return iq_cmd_usage(cmd, "a type and a count are expected");
	err = iq_cmd_number(cmd, &cmd->argv[first], &num);
	if (err)
		return err;
	size = iq_type_size(type);
	if (num > MAX_ARRAY || (size && num > UINT64_MAX / size))
		return iq_error_new(IQ_ERR_INVALID, "%#" PRIx64 " elements are too many", num);
	iq_out_type(cmd->out, type);
	for (uint64_t i = 0; i < num && !iq_cmd_stop(cmd); i++) {
		if (first + 2 == cmd->argc)
			iq_cmd_set_var(cmd, cmd->argv[first + 1].str, cmd->addr + i * size);
		iq_out_value(cmd->out, cmd->addr + i * size);
	}
	return NULL;
}

static const struct iq_opt enum_opts[] = {
	{ 'e', NULL, "only the enumerators, without a heading" },
	{ 'x', NULL, "values in hexadecimal" },
	{ 0 },
};

static const struct iq_opt typedef_opts[] = {
	{ 'l', NULL, "list the names that were given" },
	{ 0 },
};

static const struct iq_opt list_opts[] = {
	{ 'H', NULL, "the address is the list's head, which is in no structure" },
	{ 0 },
};

const struct iq_dcmd iq_type_dcmds[] = {
	{ "sizeof", "?type [member]", "print the size of a type, or of a member", NULL, NULL,
	  cmd_sizeof, 0, IQ_COMPLETE_TYPE },
	{ "offsetof", "?type member", "print where in a type a member is", NULL, NULL, cmd_offsetof,
	  0, IQ_COMPLETE_TYPE },
	{ "enum", "enum [name|value...]", "print an enum, a name's value or a value's name",
	  "A value that is no enumerator's is taken apart into those that are one bit each.\n\n"
	  "The name of an enumerator alone is looked for in all enums.",
	  enum_opts, cmd_enum, 0, IQ_COMPLETE_TYPE },
	{ "typelist", "[pattern]", "list the types that have a name",
	  "The pattern is one of the shell's (*, ?, [ ]) and stands for the name without struct.",
	  NULL, cmd_typelist, 0, IQ_COMPLETE_TYPE },
	{ "typedef", "[type name]", "give a type another name",
	  "Of types that this kernel has, and of pointers to and arrays of them: ::typedef "
	  "\"struct "
	  "list_head [8]\" heads. Types of a shape of one's own cannot be made.",
	  typedef_opts, cmd_typedef, 0, IQ_COMPLETE_TYPE },
	{ "list", ":type member [variable]", "follow a linked list, from structure to structure",
	  "The member is a pointer to the next, or a node of the kernel's lists (list_head, "
	  "hlist_node, llist_node): then what is printed are the structures that the nodes are "
	  "in. The list ends where it comes back to its beginning, or with a null pointer.\n\n"
	  "The address is that of a structure on the list, or of a variable that is the list's "
	  "head; with -H any address is a head's.",
	  list_opts, cmd_list, 0, IQ_COMPLETE_TYPE },
	{ "array", ":type count [variable]", "give the addresses of an array's elements", NULL,
	  NULL, cmd_array, 0, IQ_COMPLETE_TYPE },
	{ 0 },
};
