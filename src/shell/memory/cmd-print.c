/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ::print
 *
 * The type is the first word, or what the pipe says, or, of a global variable, what its symbol's
 * type is known to be. A per-CPU variable's address is an offset that means nothing by itself:
 * every CPU's copy is printed.
 */
#include "shell/memory/commands.h"
#include "shell/print/print.h"

enum { PRINT_DEPTH = 32, FLUSH_AT = 64 << 10 };

static struct iq_error *option_number(struct iq_cmd *cmd, char letter, uint32_t *value_ret)
{
	const struct iq_arg *arg = iq_cmd_opt(cmd, letter);
	struct iq_error *err;
	uint64_t value;

	if (!arg)
		return NULL;
	if (!strcmp(arg->str, "none")) {
		*value_ret = IQ_PRINT_NO_LIMIT;
		return NULL;
	}
	err = iq_cmd_number(cmd, arg, &value);
	if (!err)
		*value_ret = (uint32_t)IQ_MIN(value, (uint64_t)IQ_PRINT_NO_LIMIT);
	return err;
}

static struct iq_error *options(struct iq_cmd *cmd, struct iq_print *p)
{
	static const struct {
		char letter;
		unsigned flag;
	} flags[] = {
		{ 'a', IQ_PRINT_ADDR },	      { 't', IQ_PRINT_TYPE },
		{ 'd', IQ_PRINT_DECIMAL },    { 'T', IQ_PRINT_TYPE | IQ_PRINT_BASE_TYPE },
		{ 'x', IQ_PRINT_HEX },	      { 'h', IQ_PRINT_HOLES },
		{ 'n', IQ_PRINT_NO_SYMBOLS },
	};
	struct iq_error *err;
	uint32_t depth = PRINT_DEPTH;

	for (size_t i = 0; i < IQ_ARRAY_SIZE(flags); i++)
		if (iq_cmd_has(cmd, flags[i].letter))
			p->flags |= flags[i].flag;
	p->max_chars = iq_cmd_has(cmd, 'C') ? IQ_PRINT_NO_LIMIT : IQ_PRINT_MAX_CHARS;
	p->max_elems = iq_cmd_has(cmd, 'L') ? IQ_PRINT_NO_LIMIT : IQ_PRINT_MAX_ELEMS;
	p->width = iq_out_width(cmd->out) ? iq_out_width(cmd->out) : 80;
	if (iq_cmd_has(cmd, 'C'))
		p->flags |= IQ_PRINT_NO_SYMBOLS;
	if (iq_cmd_has(cmd, 'L'))
		p->width = IQ_PRINT_NO_LIMIT;
	err = option_number(cmd, 'c', &p->max_chars);
	if (!err)
		err = option_number(cmd, 'l', &p->max_elems);
	if (!err)
		err = option_number(cmd, 's', &depth);
	p->depth = depth;
	return err;
}

/* ---- which type ---- */

struct find_sym {
	struct iq_arena *arena;
	iq_vaddr addr, best;
	const char *name;
};

/* The nearest below it. */
static bool is_nearer(void *ctx, const struct iq_sym *sym)
{
	struct find_sym *f = ctx;

	if (sym->addr > f->addr || sym->module || (f->name && sym->addr <= f->best) ||
	    !strncmp(sym->name, "__per_cpu_", 10) || !strncmp(sym->name, "fixed_percpu", 12))
		return false;
	f->best = sym->addr;
	f->name = iq_arena_strdup(f->arena, sym->name);
	return false;
}

/* Those of per-CPU variables belong to no part of the image. */
static const char *percpu_symbol(struct iq_cmd *cmd, iq_vaddr addr, uint64_t *offset_ret)
{
	struct find_sym f = { cmd->arena, addr, 0, NULL };

	iq_sym_foreach(cmd->s, is_nearer, &f);
	*offset_ret = addr - f.best;
	return f.name;
}

const char *iq_percpu_symbol(struct iq_cmd *cmd, iq_vaddr addr)
{
	uint64_t offset;
	const char *name = percpu_symbol(cmd, addr, &offset);

	if (!name || !offset)
		return name ? name : iq_arena_printf(cmd->arena, "%#" PRIx64, addr);
	return iq_arena_printf(cmd->arena, "%s+%#" PRIx64, name, offset);
}

/* The type of the variable whose address was given. */
static struct iq_error *type_at(struct iq_cmd *cmd, struct iq_type *type_ret)
{
	const char *name = NULL;
	struct iq_error *err;
	struct iq_sym sym;
	uint64_t offset;

	if (iq_is_percpu(cmd->s, cmd->addr)) {
		name = percpu_symbol(cmd, cmd->addr, &offset);
		if (offset)
			name = NULL;
	} else {
		err = iq_sym_by_addr(cmd->s, cmd->addr, &sym);
		if (!err && sym.addr == cmd->addr)
			name = sym.name;
		iq_error_free(err);
	}
	if (!name)
		return iq_error_new(IQ_ERR_NOTFOUND, "%#" PRIx64 " is no variable's address",
				    cmd->addr);
	return iq_global_type(cmd->s, name, type_ret);
}

struct iq_error *iq_cmd_type(struct iq_cmd *cmd, size_t first, struct iq_type *type_ret,
			     size_t *num_ret)
{
	const struct iq_arg *arg = first < cmd->argc ? &cmd->argv[first] : NULL;
	struct iq_error *err, *type_err;

	*num_ret = 0;
	/* A member of what the pipe gives; "struct x" is none. */
	if (cmd->type.btf && (!arg || arg->is_value || !strcmp(arg->str, ".") ||
			      iq_type_has_first(cmd->type, arg->str))) {
		*type_ret = cmd->type;
		return NULL;
	}
	if (arg && !arg->is_value) {
		err = iq_type_args(cmd, arg, cmd->argc - first, type_ret, num_ret);
		if (!err || !cmd->has_addr)
			return err;
		/* Then it may be a member of the variable whose address was given. */
		type_err = type_at(cmd, type_ret);
		if (!type_err && iq_type_has_first(*type_ret, arg->str)) {
			iq_error_free(err);
			*num_ret = 0;
			return NULL;
		}
		iq_error_free(type_err);
		return err;
	}
	if (!cmd->has_addr)
		return iq_cmd_usage(cmd, "a type is expected");
	err = type_at(cmd, type_ret);
	if (err && err->code == IQ_ERR_NOTFOUND) {
		iq_error_free(err);
		err = iq_error_new(IQ_ERR_NOTFOUND,
				   "the type of %s is not known: name it, as in ADDR::%s struct "
				   "list_head",
				   iq_sym_format(cmd->s, cmd->addr), cmd->dcmd->name);
	}
	return err;
}

bool iq_is_percpu(struct iq_session *s, iq_vaddr addr)
{
	iq_vaddr start = iq_sym_addr(s, "__per_cpu_start"), end = iq_sym_addr(s, "__per_cpu_end");

	return addr && addr >= start && addr < end;
}

/* ---- printing ---- */

static void flush(struct iq_print *p, struct iq_cmd *cmd)
{
	if (p->sb.len)
		iq_out_text(cmd->out, "%s", p->sb.str);
	p->sb.len = 0;
	p->num_lines = 0;
}

/* Values for the next command: numbers themselves, of all else the address. */
static struct iq_error *emit_place(struct iq_print *p, const struct iq_place *place, bool set_type)
{
	struct iq_cmd *cmd = p->reader->cmd;
	struct iq_type type = iq_type_strip(place->type);
	struct iq_error *err;
	uint64_t value;

	if (p->flags & IQ_PRINT_ADDR) {
		err = NULL;
		value = place->addr;
		type = place->type;
	} else {
		err = iq_place_number(p->reader, place, &value);
		if (iq_error_catch(&err, IQ_ERR_INVALID))
			value = place->addr;
		else
			type = iq_type_target(type);
	}
	if (err)
		return iq_error_prefix(err, "%#" PRIx64, place->addr);
	if (set_type && type.btf && type.id)
		iq_out_type(cmd->out, type);
	iq_out_value(cmd->out, value);
	return NULL;
}

static struct iq_error *print_exprs(struct iq_print *p, const struct iq_place *place, size_t first)
{
	struct iq_cmd *cmd = p->reader->cmd;
	struct iq_error *first_err = NULL, *err;

	if (first == cmd->argc && cmd->to_pipe)
		return emit_place(p, place, true);
	if (first == cmd->argc) {
		iq_print_place(p, place, NULL);
		flush(p, cmd);
		return NULL;
	}
	for (size_t i = first; i < cmd->argc; i++) {
		struct iq_place member;
		const char *path;

		err = iq_place_follow(p->reader, place, &cmd->argv[i], &member, &path);
		if (!err && cmd->to_pipe)
			err = emit_place(p, &member, first + 1 == cmd->argc);
		else if (!err)
			iq_print_place(p, &member, path);
		else if (err->code == IQ_ERR_FAULT && !cmd->to_pipe) {
			/* The others may be there. */
			iq_strbuf_printf(&p->sb, "%s = ?? (%s)\n", path, iq_error_text(err));
			iq_error_free(err);
			err = NULL;
		}
		flush(p, cmd);
		if (err && !first_err)
			first_err = err;
		else
			iq_error_free(err);
	}
	return first_err;
}

static struct iq_error *print_percpu(struct iq_print *p, struct iq_place *place, size_t first)
{
	struct iq_cmd *cmd = p->reader->cmd;
	struct iq_error *err = NULL;
	iq_vaddr percpu = place->addr;

	for (unsigned cpu = 0; !err && cpu < iq_num_cpus(cmd->s) && !iq_cmd_stop(cmd); cpu++) {
		if (!iq_cpu_online(cmd->s, cpu))
			continue;
		place->addr = iq_per_cpu(cmd->s, percpu, cpu);
		if (!cmd->to_pipe)
			iq_out_text(cmd->out, "cpu %u: %" PRIx64 "\n", cpu, place->addr);
		err = print_exprs(p, place, first);
	}
	return err;
}

static struct iq_error *cmd_print(struct iq_cmd *cmd)
{
	struct iq_place_reader reader = { .cmd = cmd };
	struct iq_print p = { .reader = &reader };
	struct iq_place place = { .addr = cmd->addr };
	struct iq_error *err;
	uint8_t byte;
	size_t first;

	err = options(cmd, &p);
	if (err)
		return err;
	err = iq_cmd_type(cmd, 0, &place.type, &first);
	if (err)
		return err;
	if (iq_cmd_has(cmd, 'i')) {
		place.where = IQ_PLACE_VALUE;
		place.addr = 0;
		place.value = cmd->addr;
		if (iq_type_size(place.type) > sizeof(place.value))
			err = iq_error_new(IQ_ERR_INVALID,
					   "-i: values of this type have %" PRIu64 " bytes",
					   iq_type_size(place.type));
	} else if (iq_cmd_has(cmd, 'p')) {
		place.where = IQ_PLACE_PHYS;
	} else if (!cmd->has_addr) {
		place.where = IQ_PLACE_NOWHERE;
		place.addr = 0;
		p.flags |= IQ_PRINT_TYPE;
		if (cmd->to_pipe)
			err = iq_cmd_usage(cmd, "an address is expected");
	}
	if (!err && place.where == IQ_PLACE_MEMORY && iq_is_percpu(cmd->s, cmd->addr) &&
	    (cmd->addr >> 63 || !iq_place_read(&reader, &place, 0, &byte, 1)))
		err = print_percpu(&p, &place, first);
	else if (!err)
		err = print_exprs(&p, &place, first);
	iq_strbuf_deinit(&p.sb);
	return err;
}

static const struct iq_opt print_opts[] = {
	{ 'a', NULL, "the address in front of each member" },
	{ 'C', NULL, "no limit to character arrays, and no symbols for what pointers point to" },
	{ 'd', NULL, "numbers in decimal" },
	{ 'h', NULL, "show the holes in structures" },
	{ 'i', NULL, "the address given is the value itself" },
	{ 'L', NULL, "no limit to other arrays, and no line of theirs is broken" },
	{ 'n', NULL, "no symbols for what pointers point to" },
	{ 'p', NULL, "the address is a physical one" },
	{ 't', NULL, "the type of each member" },
	{ 'T', NULL, "the type, and what it stands for" },
	{ 'x', NULL, "numbers in hexadecimal, enums, characters and booleans too" },
	{ 'c', "limit", "show that many characters of an array or string, or none: all" },
	{ 'l', "limit", "show that many elements of other arrays, or none: all" },
	{ 's', "depth", "how many structures inside of structures are shown" },
	{ 0 },
};

const struct iq_dcmd iq_print_dcmds[] = {
	{ "print", "?[type] [member|$[offset]...]", "print what is at an address, by its type",
	  "The type may be left out where a pipe says what its addresses point to, and of global "
	  "variables whose types are known.\n\n"
	  "Members are C expressions: se.load.weight, mm->owner, comm[2]. Pointers are followed "
	  "by ->.\n\n"
	  "In front of a pipe only values are given: of numbers, pointers and enums the value, of "
	  "all else, and with -a, the address.\n\n"
	  "Without an address the type itself is shown; with -a, where its members are.\n\n"
	  "What cannot be read is ??. Of a per-CPU variable every CPU's copy is printed.",
	  print_opts, cmd_print, 0, IQ_COMPLETE_TYPE },
	{ 0 },
};
