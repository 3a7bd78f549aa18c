/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Commands: finding them, and giving them what they are called with
 */
#include <ctype.h>

#include "shell/run/inside.h"

/* ---- finding ---- */

const struct iq_module *iq_module_find(const struct iq_rooms *rooms, const char *name)
{
	iq_vec_foreach(&rooms->list, m)
		if (!strcmp((*m)->name, name))
			return *m;
	return NULL;
}

const char *iq_module_lacks(struct iq_session *s, const struct iq_module *module)
{
	for (const char *const *t = module->needs_types; s && t && *t; t++)
		if (!iq_has_type(s, *t))
			return *t;
	return NULL;
}

bool iq_dcmd_nth(const struct iq_rooms *rooms, size_t i, struct iq_dcmd_at *at_ret)
{
	for (const struct iq_dcmd *const *table = iq_shell_parts.dcmds; *table; table++)
		for (const struct iq_dcmd *d = *table; d->name; d++)
			if (!i--) {
				*at_ret = (struct iq_dcmd_at){ d };
				return true;
			}
	iq_vec_foreach(&rooms->list, m)
		for (const struct iq_dcmd *d = (*m)->dcmds; d && d->name; d++)
			if (!i--) {
				*at_ret = (struct iq_dcmd_at){ d, *m };
				return true;
			}
	return false;
}

bool iq_walker_nth(const struct iq_rooms *rooms, size_t i, struct iq_walker_at *at_ret)
{
	for (const struct iq_walker *const *table = iq_shell_parts.walkers; *table; table++)
		for (const struct iq_walker *w = *table; w->name; w++)
			if (!i--) {
				*at_ret = (struct iq_walker_at){ w };
				return true;
			}
	iq_vec_foreach(&rooms->list, m)
		for (const struct iq_walker *w = (*m)->walkers; w && w->name; w++)
			if (!i--) {
				*at_ret = (struct iq_walker_at){ w, *m };
				return true;
			}
	return false;
}

/* Is this the module that "module`name" asks for? The rest of the name then. */
static const char *in_module(const char *name, const struct iq_module *m)
{
	const char *tick = strchr(name, '`');
	const char *module = m ? m->name : "inquest";

	if (!tick)
		return name;
	if (strlen(module) != (size_t)(tick - name) || strncmp(module, name, strlen(module)) != 0)
		return NULL;
	return tick + 1;
}

static bool find_in(const struct iq_dcmd *table, const struct iq_module *module, const char *name,
		    struct iq_dcmd_at *at_ret)
{
	const char *rest = in_module(name, module);

	for (const struct iq_dcmd *d = table; rest && d && d->name; d++)
		if (!strcmp(d->name, rest)) {
			*at_ret = (struct iq_dcmd_at){ d, module };
			return true;
		}
	return false;
}

static bool find_dcmd(const struct iq_rooms *rooms, const char *name, struct iq_dcmd_at *at_ret)
{
	for (const struct iq_dcmd *const *table = iq_shell_parts.dcmds; *table; table++)
		if (find_in(*table, NULL, name, at_ret))
			return true;
	iq_vec_foreach(&rooms->list, m)
		if (find_in((*m)->dcmds, *m, name, at_ret))
			return true;
	return false;
}

/* Short names of commands that others may bring. */
static const struct alias {
	const char *name, *stands_for, *extra;
} aliases[] = {
	{ "$c", "stack", NULL },
	{ "$C", "stack", "-C" },
	{ "$r", "regs", NULL },
	{ "$m", "mappings", NULL },
	{ "$p", "context", NULL },
	{ "$l", "cpuinfo", NULL },
	{ "$<threadlist", "threadlist", "-v" },
};

bool iq_dcmd_find(const struct iq_rooms *rooms, const char *name, struct iq_dcmd_at *at_ret)
{
	if (find_dcmd(rooms, name, at_ret))
		return true;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(aliases); i++)
		if (!strcmp(aliases[i].name, name) &&
		    find_dcmd(rooms, aliases[i].stands_for, at_ret)) {
			at_ret->extra = aliases[i].extra;
			return true;
		}
	return false;
}

bool iq_walker_find(const struct iq_rooms *rooms, const char *name, struct iq_walker_at *at_ret)
{
	struct iq_walker_at at;
	const char *rest;

	for (size_t i = 0; iq_walker_nth(rooms, i, &at); i++) {
		rest = in_module(name, at.module);
		if (rest && !strcmp(at.walker->name, rest)) {
			*at_ret = at;
			return true;
		}
	}
	return false;
}

struct iq_error *iq_walk_run(struct iq_session *s, const char *name, const iq_vaddr *addr,
			     bool (*emit)(struct iq_walk *walk, iq_vaddr addr), void *ctx)
{
	struct iq_walk walk = { .s = s, .emit = emit, .ctx = ctx };
	struct iq_walker_at at;
	struct iq_error *err;

	if (!iq_walker_find(&s->rooms, name, &at))
		return iq_error_new(IQ_ERR_NOTFOUND, "there is no walker %s", name);
	if (addr) {
		walk.addr = *addr;
		walk.has_addr = true;
	} else if (at.walker->takes == IQ_WALK_LOCAL) {
		return iq_error_new(IQ_ERR_INVALID, "the walker %s needs an address", name);
	}
	walk.arena = iq_arena_new();
	err = at.walker->run(&walk);
	iq_arena_free(walk.arena);
	return err;
}

/* ---- usage ---- */

const char *iq_dcmd_sign(const struct iq_dcmd *dcmd)
{
	return isalnum((unsigned char)*dcmd->name) || *dcmd->name == '_' ? "::" : "";
}

void iq_dcmd_usage(const struct iq_dcmd *dcmd, struct iq_strbuf *sb)
{
	const char *usage = dcmd->usage ? dcmd->usage : "";
	bool flags = false;

	if (*usage == ':')
		iq_strbuf_adds(sb, "ADDR");
	else if (*usage == '?')
		iq_strbuf_adds(sb, "[ADDR]");
	if (*usage == ':' || *usage == '?')
		usage++;
	iq_strbuf_printf(sb, "%s%s", iq_dcmd_sign(dcmd), dcmd->name);
	for (const struct iq_opt *o = dcmd->opts; o && o->letter; o++) {
		if (o->arg)
			continue;
		iq_strbuf_adds(sb, flags ? "" : " [-");
		iq_strbuf_addc(sb, o->letter);
		flags = true;
	}
	if (flags)
		iq_strbuf_addc(sb, ']');
	for (const struct iq_opt *o = dcmd->opts; o && o->letter; o++)
		if (o->arg)
			iq_strbuf_printf(sb, " [-%c %s]", o->letter, o->arg);
	if (*usage)
		iq_strbuf_printf(sb, " %s", usage);
}

struct iq_error *iq_cmd_usage(struct iq_cmd *cmd, const char *fmt, ...)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	iq_strbuf_vprintf(&sb, fmt, ap);
	va_end(ap);
	cmd->sh->wants_usage = true;
	return iq_error_new(IQ_ERR_INVALID, "%s", iq_strbuf_str(&sb));
}

/* ---- words ---- */

/* A word with its pieces put together; where its last piece is a $[ ], that one's place. */
struct word {
	struct iq_arg arg;
	size_t value_at;
	bool has_value;
};

static struct iq_error *make_word(struct iq_cmd *cmd, const struct iq_word *word, struct word *w)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;
	struct iq_error *err;

	*w = (struct word){ 0 };
	for (const struct iq_piece *p = word->pieces; p; p = p->next) {
		if (p->expr) {
			err = iq_shell_node_value(cmd->sh, p->expr, &w->arg.value);
			if (err)
				return err;
			w->value_at = sb.len;
			w->has_value = !p->next;
			iq_strbuf_printf(&sb, "%" PRIx64, w->arg.value);
		} else {
			iq_strbuf_adds(&sb, p->str);
			w->arg.quoted |= p->quoted;
		}
	}
	w->arg.is_value = w->has_value && !w->value_at;
	w->arg.str = iq_arena_strdup(cmd->arena, iq_strbuf_str(&sb));
	return NULL;
}

static const struct iq_opt *find_opt(const struct iq_dcmd *dcmd, char letter)
{
	for (const struct iq_opt *o = dcmd->opts; o && o->letter; o++)
		if (o->letter == letter)
			return o;
	return NULL;
}

/* Take the options off the front of the words. */
static struct iq_error *take_opts(struct iq_cmd *cmd, const struct word *words, size_t num,
				  size_t *taken_ret)
{
	struct iq_cmd_opts *opts = iq_arena_alloc(cmd->arena, sizeof(*opts));
	IQ_VEC(struct iq_given_opt) list = { 0 };
	struct iq_error *err = NULL;
	size_t i;

	for (i = 0; i < num && !err; i++) {
		const char *s = words[i].arg.str;

		if (*s != '-' || !s[1] || words[i].arg.quoted || words[i].arg.is_value)
			break;
		if (!strcmp(s, "--")) {
			i++;
			break;
		}
		if (isdigit((unsigned char)s[1]) && !find_opt(cmd->dcmd, s[1]))
			break;
		for (s++; *s && !err; s++) {
			const struct iq_opt *o = find_opt(cmd->dcmd, *s);
			struct iq_given_opt given = { *s };

			if (!o) {
				err = iq_cmd_usage(cmd, "there is no option -%c", *s);
				break;
			}
			if (o->arg && s[1]) {
				size_t at = (size_t)(s + 1 - words[i].arg.str);

				given.arg = (struct iq_arg){ .str = s + 1 };
				if (words[i].has_value && words[i].value_at == at) {
					given.arg.is_value = true;
					given.arg.value = words[i].arg.value;
				}
			} else if (o->arg && i + 1 < num) {
				given.arg = words[++i].arg;
			} else if (o->arg) {
				err = iq_cmd_usage(cmd, "option -%c needs %s", *s, o->arg);
				break;
			}
			iq_vec_push(&list, given);
			if (o->arg)
				break;
		}
	}
	opts->num = list.num;
	opts->list = iq_arena_alloc(cmd->arena, (list.num + 1) * sizeof(*opts->list));
	if (list.num)
		memcpy(opts->list, list.data, list.num * sizeof(*opts->list));
	iq_vec_free(&list);
	cmd->opts = opts;
	*taken_ret = i;
	return err;
}

/* The words of an alias: plain ones. */
static void add_extra(struct iq_cmd *cmd, const char *extra, struct word *words, size_t *num)
{
	while (extra && *extra) {
		size_t len = strcspn(extra, " ");

		words[(*num)++] = (struct word){ .arg.str = iq_arena_printf(cmd->arena, "%.*s",
									    (int)len, extra) };
		extra += len;
		extra += strspn(extra, " ");
	}
}

struct iq_error *iq_cmd_words(struct iq_cmd *cmd, const char *extra, const struct iq_word *words)
{
	size_t num = 0, taken = 0, max = extra ? strlen(extra) : 0;
	struct iq_error *err;
	struct word *list;
	struct iq_arg *argv;

	for (const struct iq_word *w = words; w; w = w->next)
		max++;
	list = iq_arena_alloc(cmd->arena, (max + 1) * sizeof(*list));
	add_extra(cmd, extra, list, &num);
	for (const struct iq_word *w = words; w; w = w->next) {
		err = make_word(cmd, w, &list[num++]);
		if (err)
			return err;
	}
	if (!(cmd->dcmd->flags & IQ_DCMD_RAW_ARGS)) {
		err = take_opts(cmd, list, num, &taken);
		if (err)
			return err;
	}
	argv = iq_arena_alloc(cmd->arena, (num - taken + 1) * sizeof(*argv));
	for (size_t i = taken; i < num; i++)
		argv[i - taken] = list[i].arg;
	cmd->argv = argv;
	cmd->argc = num - taken;
	return NULL;
}

/* ---- what commands ask for ---- */

const struct iq_arg *iq_cmd_opt_at(const struct iq_cmd *cmd, char letter, size_t i)
{
	for (size_t n = 0; cmd->opts && n < cmd->opts->num; n++)
		if (cmd->opts->list[n].letter == letter && !i--)
			return &cmd->opts->list[n].arg;
	return NULL;
}

const struct iq_arg *iq_cmd_opt(const struct iq_cmd *cmd, char letter)
{
	for (size_t n = cmd->opts ? cmd->opts->num : 0; n--;)
		if (cmd->opts->list[n].letter == letter)
			return &cmd->opts->list[n].arg;
	return NULL;
}

bool iq_cmd_has(const struct iq_cmd *cmd, char letter)
{
	return iq_cmd_opt(cmd, letter) != NULL;
}

struct iq_error *iq_cmd_number(struct iq_cmd *cmd, const struct iq_arg *arg, uint64_t *value_ret)
{
	if (arg->is_value) {
		*value_ret = arg->value;
		return NULL;
	}
	return iq_shell_value(cmd->sh, arg->str, value_ret);
}

struct iq_error *iq_cmd_count(struct iq_cmd *cmd, const struct iq_arg *arg, uint64_t *value_ret)
{
	const char *wrong;

	(void)cmd;
	if (arg->is_value) {
		*value_ret = arg->value;
		return NULL;
	}
	wrong = iq_lex_number(arg->str, strlen(arg->str), 10, value_ret);
	if (wrong)
		return iq_error_new(IQ_ERR_INVALID, "%.60s is not a count: %s", arg->str, wrong);
	return NULL;
}

bool iq_cmd_stop(struct iq_cmd *cmd)
{
	return iq_shell_stop(cmd->sh);
}

struct iq_error *iq_cmd_read(struct iq_cmd *cmd, iq_vaddr addr, void *buf, size_t len)
{
	return iq_shell_read(cmd->sh, addr, buf, len);
}

struct iq_error *iq_cmd_eval(struct iq_cmd *cmd, const char *text)
{
	return iq_shell_run(cmd->sh, text, true, cmd->out) ? NULL : iq_shell_said();
}

void iq_cmd_set_var(struct iq_cmd *cmd, const char *name, uint64_t value)
{
	const struct iq_var *var = iq_var_set(cmd->sh, name, value);
	struct iq_binding *bound;

	if (!cmd->out->to_pipe)
		return;
	/* What this run emits from here on carries the value along; a newer one takes the place of
	 * an older one of the same run. */
	bound = iq_arena_alloc(cmd->arena, sizeof(*bound));
	*bound = (struct iq_binding){ cmd->out->bound, var->name, value };
	if (bound->up && !strcmp(bound->up->name, name))
		bound->up = bound->up->up;
	cmd->out->bound = bound;
}
