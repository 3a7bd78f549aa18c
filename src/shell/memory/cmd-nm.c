/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ::nm, ::nmadd, ::nmdel: tables of symbols
 */
#include <ctype.h>
#include <stdio.h>

#include "shell/memory/commands.h"
#include "shell/print/place.h"

struct nm_sym {
	struct iq_sym sym;
	size_t order;
};

struct nm {
	struct iq_cmd *cmd;
	const char *module; /* NULL: all; "vmlinux": the kernel's own */
	bool has_module;    /* there was a symbol of it */
	const char *types;  /* letters; NULL */
	IQ_VEC(struct nm_sym) syms;
};

static bool is_undefined(const struct iq_sym *sym)
{
	return toupper((unsigned char)sym->kind) == 'U';
}

static const char *type_word(const struct iq_sym *sym)
{
	switch (toupper((unsigned char)sym->kind)) {
	case 'T':
	case 'W':
		return "FUNC";
	case 'D':
	case 'B':
	case 'R':
	case 'V':
		return "OBJT";
	default:
		return "NOTY";
	}
}

static const char *bind_word(const struct iq_sym *sym)
{
	if (strchr("wWvV", sym->kind))
		return "WEAK";
	return isupper((unsigned char)sym->kind) ? "GLOB" : "LOCL";
}

static bool is_in_module(const struct nm *nm, const struct iq_sym *sym)
{
	return !nm->module || !strcmp(nm->module, sym->module ? sym->module : "vmlinux");
}

static bool is_selected(const struct nm *nm, const struct iq_sym *sym)
{
	struct iq_cmd *cmd = nm->cmd;
	const char *type = type_word(sym);

	if (!is_in_module(nm, sym))
		return false;
	if (iq_cmd_has(cmd, 'g') && islower((unsigned char)sym->kind))
		return false;
	if (iq_cmd_has(cmd, 'u') && !is_undefined(sym))
		return false;
	if (nm->types) {
		/* mdb's words, or nm's letters */
		bool found = strchr(nm->types, sym->kind) && !strstr(nm->types, "func") &&
			     !strstr(nm->types, "objt") && !strstr(nm->types, "noty");

		found |= strstr(nm->types, "func") && !strcmp(type, "FUNC");
		found |= strstr(nm->types, "objt") && !strcmp(type, "OBJT");
		found |= strstr(nm->types, "noty") && !strcmp(type, "NOTY");
		if (!found)
			return false;
	}
	if (cmd->has_addr &&
	    (cmd->addr < sym->addr || cmd->addr - sym->addr >= IQ_MAX(sym->size, UINT64_C(1))))
		return false;
	return true;
}

static bool collect(void *ctx, const struct iq_sym *sym)
{
	struct nm *nm = ctx;
	struct nm_sym *mine;

	nm->has_module |= is_in_module(nm, sym);
	if (!is_selected(nm, sym))
		return iq_cmd_stop(nm->cmd);
	mine = iq_vec_push(&nm->syms, (struct nm_sym){ *sym, nm->syms.num });
	mine->sym.name = iq_arena_strdup(nm->cmd->arena, sym->name);
	return iq_cmd_stop(nm->cmd);
}

static int by_name(const void *a, const void *b)
{
	const struct nm_sym *x = a, *y = b;
	int order = strcmp(x->sym.name, y->sym.name);

	return order ? order : x->order < y->order ? -1 : 1;
}

static int by_value(const void *a, const void *b)
{
	const struct nm_sym *x = a, *y = b;

	if (x->sym.addr != y->sym.addr)
		return x->sym.addr < y->sym.addr ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

/* ---- how they look ---- */

enum nm_field {
	NM_NDX,
	NM_VAL,
	NM_SZ,
	NM_TYPE,
	NM_BIND,
	NM_OTH,
	NM_SHNDX,
	NM_NAME,
	NM_CTYPE,
	NM_OBJ,
	NM_NUM_FIELDS,
};

static const struct {
	const char *name, *header;
	int width;
} fields[NM_NUM_FIELDS] = {
	[NM_NDX] = { "ndx", "Index", 7 },	[NM_VAL] = { "val", "Value", 18 },
	[NM_SZ] = { "sz", "Size", 18 },		[NM_TYPE] = { "type", "Type", 5 },
	[NM_BIND] = { "bind", "Bind", 5 },	[NM_OTH] = { "oth", "Other", 5 },
	[NM_SHNDX] = { "shndx", "Shndx", 8 },	[NM_NAME] = { "name", "Name", 0 },
	[NM_CTYPE] = { "ctype", "C Type", 24 }, [NM_OBJ] = { "obj", "Object", 16 },
};

static const char *number(struct iq_cmd *cmd, uint64_t value)
{
	if (iq_cmd_has(cmd, 'd'))
		return iq_arena_printf(cmd->arena, "%18" PRIu64, value);
	if (iq_cmd_has(cmd, 'o'))
		return iq_arena_printf(cmd->arena, "%18" PRIo64, value);
	return iq_arena_printf(cmd->arena, "0x%016" PRIx64, value);
}

/* Where an ELF file says section: nm's letter in words. */
static const char *section(const struct iq_sym *sym)
{
	switch (toupper((unsigned char)sym->kind)) {
	case 'T':
		return ".text";
	case 'D':
		return ".data";
	case 'B':
		return ".bss";
	case 'R':
		return ".rodata";
	case 'A':
		return "ABS";
	case 'U':
		return "UNDEF";
	default:
		return "-";
	}
}

static const char *ctype(struct iq_cmd *cmd, const struct iq_sym *sym)
{
	char text[256];
	struct iq_error *err;
	struct iq_type type;

	if (!strcmp(type_word(sym), "FUNC"))
		err = iq_type_of_func(cmd->s, sym->module, sym->name, &type);
	else
		err = iq_global_type(cmd->s, sym->name, &type);
	if (err) {
		iq_error_free(err);
		return "-";
	}
	return iq_arena_strdup(cmd->arena, iq_type_format(type, text, sizeof(text)));
}

static const char *field_text(struct iq_cmd *cmd, enum nm_field field, const struct nm_sym *s)
{
	switch (field) {
	case NM_NDX:
		return iq_arena_printf(cmd->arena, "%zu", s->order);
	case NM_VAL:
		return number(cmd, s->sym.addr);
	case NM_SZ:
		return number(cmd, s->sym.size);
	case NM_TYPE:
		return type_word(&s->sym);
	case NM_BIND:
		return bind_word(&s->sym);
	case NM_OTH:
		return "0x0";
	case NM_SHNDX:
		return section(&s->sym);
	case NM_CTYPE:
		return ctype(cmd, &s->sym);
	case NM_OBJ:
		return s->sym.module ? s->sym.module : "vmlinux";
	default:
		return s->sym.name;
	}
}

static struct iq_error *which_fields(struct iq_cmd *cmd, enum nm_field *list, size_t *num_ret)
{
	static const enum nm_field usual[] = { NM_VAL, NM_SZ,	 NM_TYPE, NM_BIND,
					       NM_OTH, NM_SHNDX, NM_NAME };
	const struct iq_arg *arg = iq_cmd_opt(cmd, 'f');
	const char *p;

	*num_ret = 0;
	if (!arg) {
		memcpy(list, usual, sizeof(usual));
		*num_ret = IQ_ARRAY_SIZE(usual);
		return NULL;
	}
	for (p = arg->str; *p;) {
		size_t len = strcspn(p, ", "), i;

		for (i = 0; i < NM_NUM_FIELDS; i++)
			if (strlen(fields[i].name) == len && !strncmp(fields[i].name, p, len))
				break;
		if (i == NM_NUM_FIELDS || *num_ret >= NM_NUM_FIELDS)
			return iq_cmd_usage(cmd, "-f takes ndx,val,sz,type,bind,oth,shndx,name,"
						 "ctype,obj");
		list[(*num_ret)++] = (enum nm_field)i;
		p += len;
		p += strspn(p, ", ");
	}
	return NULL;
}

static void print_fields(struct iq_cmd *cmd, const enum nm_field *list, size_t num,
			 const struct nm_sym *s)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;

	for (size_t i = 0; i < num; i++)
		iq_strbuf_printf(&sb, "%s%-*s", i ? "|" : "",
				 i + 1 < num ? fields[list[i]].width : 0,
				 s ? field_text(cmd, list[i], s) : fields[list[i]].header);
	iq_out_text(cmd->out, "%s\n", iq_strbuf_str(&sb));
}

/* -p: value, letter and name, as nm -p has it. */
static void print_plain(struct iq_cmd *cmd, const struct iq_sym *sym)
{
	iq_out_text(cmd->out, "%016" PRIx64 " %c %s%s%s\n", sym->addr, sym->kind,
		    sym->module ? sym->module : "", sym->module ? "`" : "", sym->name);
}

static struct iq_error *cmd_nm(struct iq_cmd *cmd)
{
	struct nm nm = { .cmd = cmd };
	enum nm_field list[NM_NUM_FIELDS];
	struct iq_error *err;
	struct iq_sym sym;
	size_t num;

	if (cmd->argc > 1)
		return iq_cmd_usage(cmd, "one module at most");
	err = which_fields(cmd, list, &num);
	if (err)
		return err;
	nm.module = cmd->argc ? cmd->argv[0].str : NULL;
	nm.types = iq_cmd_opt(cmd, 't') ? iq_cmd_opt(cmd, 't')->str : NULL;
	if (iq_cmd_has(cmd, 'P')) {
		for (size_t i = 0; iq_sym_private_at(cmd->s, i, &sym); i++)
			collect(&nm, &sym);
	} else {
		iq_sym_foreach(cmd->s, collect, &nm);
	}
	if (nm.module && !nm.has_module && !iq_cmd_has(cmd, 'P'))
		return iq_error_new(IQ_ERR_NOTFOUND, "there is no module %.60s with symbols",
				    nm.module);
	if (iq_cmd_has(cmd, 'n') && nm.syms.num)
		qsort(nm.syms.data, nm.syms.num, sizeof(*nm.syms.data), by_name);
	else if (iq_cmd_has(cmd, 'v') && nm.syms.num)
		qsort(nm.syms.data, nm.syms.num, sizeof(*nm.syms.data), by_value);
	if (!cmd->to_pipe && !iq_cmd_has(cmd, 'p') && !iq_cmd_has(cmd, 'h') && cmd->first)
		print_fields(cmd, list, num, NULL);
	iq_vec_foreach(&nm.syms, s) {
		if (iq_cmd_stop(cmd))
			break;
		if (cmd->to_pipe)
			iq_out_value(cmd->out, s->sym.addr);
		else if (iq_cmd_has(cmd, 'p'))
			print_plain(cmd, &s->sym);
		else
			print_fields(cmd, list, num, s);
	}
	iq_vec_free(&nm.syms);
	return NULL;
}

/* ---- names of one's own ---- */

static struct iq_error *cmd_nmadd(struct iq_cmd *cmd)
{
	const struct iq_arg *end = iq_cmd_opt(cmd, 'e'), *size_arg = iq_cmd_opt(cmd, 's');
	struct iq_error *err = NULL;
	uint64_t size = 0;

	if (cmd->argc != 1)
		return iq_cmd_usage(cmd, "a name is expected");
	if (size_arg)
		err = iq_cmd_number(cmd, size_arg, &size);
	if (!err && end) {
		err = iq_cmd_number(cmd, end, &size);
		if (!err && size < cmd->addr)
			return iq_cmd_usage(cmd, "the end is before the beginning");
		size -= cmd->addr;
	}
	if (!err)
		err = iq_sym_private_add(cmd->s, cmd->argv[0].str, cmd->addr, size);
	if (!err)
		iq_out_text(cmd->out, "added %s, value=%" PRIx64 " size=%#" PRIx64 "\n",
			    cmd->argv[0].str, cmd->addr, size);
	return err;
}

static struct iq_error *cmd_nmdel(struct iq_cmd *cmd)
{
	if (cmd->argc != 1)
		return iq_cmd_usage(cmd, "a name is expected");
	if (!iq_sym_private_del(cmd->s, cmd->argv[0].str))
		return iq_error_new(IQ_ERR_NOTFOUND, "%s was not added by ::nmadd",
				    cmd->argv[0].str);
	iq_out_text(cmd->out, "deleted %s\n", cmd->argv[0].str);
	return NULL;
}

static const struct iq_opt nm_opts[] = {
	{ 'D', NULL, "the dynamic symbols: the same, a kernel has one table" },
	{ 'P', NULL, "the private symbols, which ::nmadd made" },
	{ 'd', NULL, "values in decimal" },
	{ 'g', NULL, "global symbols only" },
	{ 'h', NULL, "no heading" },
	{ 'n', NULL, "sorted by name" },
	{ 'o', NULL, "values in octal" },
	{ 'p', NULL, "as nm -p: value, letter, name" },
	{ 'u', NULL, "undefined symbols only" },
	{ 'v', NULL, "sorted by value" },
	{ 'x', NULL, "values in hexadecimal, as ever" },
	{ 'f', "fields", "which: ndx,val,sz,type,bind,oth,shndx,name,ctype,obj" },
	{ 't', "types", "which: func,objt,noty, or nm's letters" },
	{ 0 },
};

static const struct iq_opt nmadd_opts[] = {
	{ 'f', NULL, "it is a function" },
	{ 'o', NULL, "it is an object" },
	{ 'e', "end", "where what it names ends" },
	{ 's', "size", "how many bytes it has" },
	{ 0 },
};

const struct iq_dcmd iq_nm_dcmds[] = {
	{ "nm", "?[module]", "list symbols",
	  "Of the kernel and all modules, of one of them, or of the kernel alone (vmlinux). With "
	  "an address those that cover it.",
	  nm_opts, cmd_nm, 0, IQ_COMPLETE_MODULE },
	{ "nmadd", ":name", "give an address a name", NULL, nmadd_opts, cmd_nmadd, 0,
	  IQ_COMPLETE_NONE },
	{ "nmdel", "name", "forget a name that ::nmadd gave", NULL, NULL, cmd_nmdel, 0,
	  IQ_COMPLETE_NONE },
	{ 0 },
};
