/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Running statements
 *
 * A stage of a pipeline runs to its end before the next one begins: once for each address that the
 * stage before it gave. Whatever fails ends the pipeline, and complains; the next statement runs.
 */
#include <stdio.h>

#include "out/text.h"
#include "shell/helper/helper.h"
#include "shell/run/context.h"
#include "shell/run/fault.h"
#include "shell/run/inside.h"

enum { MAX_NESTING = 32, STATEMENTS_REMEMBERED = 64 };

/* ---- complaints ---- */

void iq_shell_complain(struct iq_shell *sh, const char *fmt, ...)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf raw = IQ_STRBUF_INIT, sb = IQ_STRBUF_INIT;
	va_list ap;

	sh->failed = true;
	va_start(ap, fmt);
	iq_strbuf_vprintf(&raw, fmt, ap);
	va_end(ap);
	/* Names of the target's are in it. */
	iq_strbuf_adds(&sb, "inquest: ");
	iq_text_clean(&sb, iq_strbuf_str(&raw));
	iq_strbuf_addc(&sb, '\n');
	iq_shell_log(sh, sb.str, sb.len);
	if (sh->err.write)
		sh->err.write(sh->err.ctx, sb.str, sb.len);
}

void iq_shell_complain_error(struct iq_shell *sh, struct iq_error *err)
{
	sh->failed = true;
	if (*iq_error_text(err))
		iq_shell_complain(sh, "%s", iq_error_text(err));
	iq_error_free(err);
}

struct iq_error *iq_shell_said(void)
{
	return iq_error_new(IQ_ERR_INVALID, "%s", "");
}

static bool was_said(struct iq_error *err)
{
	return !*iq_error_text(err);
}

bool iq_shell_stop(struct iq_shell *sh)
{
	if (!sh)
		return false;
	if (sh->interrupted && *sh->interrupted)
		return true;
	return sh->s && iq_session_expired(sh->s, 0);
}

/* ---- expressions ---- */

struct iq_error *iq_shell_read(struct iq_shell *sh, iq_vaddr addr, void *buf, size_t len)
{
	if (!sh->s)
		return iq_error_fault(addr, "memory");
	return iq_context_read(sh, addr, buf, len);
}

static struct iq_error *env_symbol(void *ctx, const char *name, uint64_t *value_ret)
{
	struct iq_shell *sh = ctx;
	struct iq_error *err;
	struct iq_sym sym;

	/* With -p PID the process's own come first, with ::context the kernel's. */
	if (sh->process && iq_context_find(sh, name, value_ret))
		return NULL;
	err = sh->s ? iq_sym_by_name(sh->s, name, &sym) : iq_error_new(IQ_ERR_NOTFOUND, "none");
	if (iq_error_catch(&err, IQ_ERR_NOTFOUND))
		return iq_context_find(sh, name, value_ret)
			       ? NULL
			       : iq_error_new(IQ_ERR_NOTFOUND, "there is no symbol %.100s", name);
	if (!err)
		*value_ret = sym.addr;
	return err;
}

static struct iq_error *env_variable(void *ctx, const char *name, uint64_t *value_ret)
{
	const struct iq_var *var = iq_var_find(ctx, name);

	if (!var || !var->set)
		return iq_register_value(ctx, name, value_ret);
	*value_ret = strcmp(name, "thread") ? var->value : iq_register_thread(ctx);
	return NULL;
}

static struct iq_error *env_read(void *ctx, iq_vaddr addr, unsigned size, bool in_file,
				 uint64_t *value_ret)
{
	struct iq_error *err;
	uint64_t value = 0; /* little-endian, as is the target */

	(void)in_file; /* the kernel's file is not at hand: what it held is in memory */
	err = iq_shell_read(ctx, addr, &value, size);
	if (!err)
		*value_ret = value;
	return err;
}

void iq_shell_env(struct iq_shell *sh, struct iq_expr_env *env)
{
	*env = (struct iq_expr_env){
		.ctx = sh,
		.dot = sh->dot,
		.last = sh->last,
		.increment = sh->increment,
		.symbol = env_symbol,
		.variable = env_variable,
		.read = env_read,
	};
}

struct iq_error *iq_shell_node_value(struct iq_shell *sh, const struct iq_node *node,
				     uint64_t *value_ret)
{
	struct iq_expr_env env;

	iq_shell_env(sh, &env);
	return iq_expr_value(&env, node, value_ret);
}

struct iq_error *iq_shell_value(struct iq_shell *sh, const char *text, uint64_t *value_ret)
{
	struct iq_arena *arena = iq_arena_new();
	struct iq_node *node;
	struct iq_error *err;

	err = iq_parse_expr(arena, text, sh->radix, &node);
	if (!err)
		err = iq_shell_node_value(sh, node, value_ret);
	iq_arena_free(arena);
	return err;
}

/* ---- stages ---- */

/* What a stage is run on. */
struct input {
	bool is_pipe;
	const struct iq_pipe_value *values;
	size_t num;
	struct iq_type type;
	/* where it is no pipe: */
	bool has_addr, has_count;
	uint64_t count;
	const struct iq_binding *bound;
};

struct stage_run {
	struct iq_shell *sh;
	const struct iq_stage *stage;
	const struct input *in;
	struct iq_out *out;
	struct iq_dcmd_at at; /* DCMD */
	bool loop, first, has_addr;
	/* Words without $[ ] are the same in each run. */
	bool fixed_words, have_words;
	size_t argc;
	const struct iq_arg *argv;
	const struct iq_cmd_opts *opts;
};

static void bind(struct iq_shell *sh, const struct iq_binding *bound)
{
	/* The innermost is the newest: the outer ones first. */
	if (!bound)
		return;
	bind(sh, bound->up);
	iq_var_set(sh, bound->name, bound->value);
}

static struct iq_error *check_usage(struct iq_cmd *cmd, const struct input *in)
{
	const char *usage = cmd->dcmd->usage ? cmd->dcmd->usage : "";
	const char *sign = iq_dcmd_sign(cmd->dcmd), *name = cmd->dcmd->name;

	if (*usage == ':' && !cmd->has_addr && !cmd->pipe)
		return iq_cmd_usage(cmd, "%s%s needs an address", sign, name);
	if (*usage != ':' && *usage != '?' && (in->has_addr || in->is_pipe))
		return iq_cmd_usage(cmd, "%s%s does not take an address", sign, name);
	return NULL;
}

static bool are_fixed(const struct iq_word *words)
{
	for (; words; words = words->next)
		for (const struct iq_piece *p = words->pieces; p; p = p->next)
			if (p->expr)
				return false;
	return true;
}

/* Does the usage name any, behind what it says of the address? */
static bool takes_words(const struct iq_dcmd *dcmd)
{
	const char *usage = dcmd->usage ? dcmd->usage : "";

	return usage[strspn(usage, ":?")] || dcmd->flags & IQ_DCMD_RAW_ARGS;
}

static struct iq_error *give_words(struct stage_run *r, struct iq_cmd *cmd)
{
	struct iq_error *err;

	if (r->have_words) {
		cmd->argc = r->argc;
		cmd->argv = r->argv;
		cmd->opts = r->opts;
		return NULL;
	}
	err = iq_cmd_words(cmd, r->at.extra, r->stage->words);
	if (err)
		return err;
	if (cmd->argc && !takes_words(cmd->dcmd))
		return iq_cmd_usage(cmd, "%s%s takes no words: %.60s", iq_dcmd_sign(cmd->dcmd),
				    cmd->dcmd->name, cmd->argv[0].str);
	r->argc = cmd->argc;
	r->argv = cmd->argv;
	r->opts = cmd->opts;
	r->have_words = r->fixed_words;
	return NULL;
}

static struct iq_error *guarded(struct iq_shell *sh, struct iq_cmd *cmd)
{
	struct iq_arena *arena = sh->arena;
	unsigned depth = sh->depth;
	struct iq_error *err;
	bool fault;

	err = iq_fault_guard(cmd, &fault);
	if (fault) {
		sh->arena = arena;
		sh->depth = depth;
	}
	return err;
}

static struct iq_error *run_dcmd_once(struct stage_run *r)
{
	struct iq_shell *sh = r->sh;
	const struct iq_dcmd *dcmd = r->at.dcmd;
	struct iq_cmd cmd = {
		.s = sh->s,
		.sh = sh,
		.dcmd = dcmd,
		.arena = sh->arena,
		.out = r->out,
		.addr = sh->dot,
		.has_addr = r->has_addr,
		.count = 1,
		.loop = r->loop,
		.first = r->first,
		.to_pipe = r->out->to_pipe,
		.has_pipe = r->in->is_pipe,
		.type = r->in->type,
	};
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf usage = IQ_STRBUF_INIT;
	struct iq_error *err;

	if (dcmd->flags & IQ_DCMD_COUNT && r->in->has_count) {
		cmd.count = r->in->count;
		cmd.has_count = true;
	}
	if (dcmd->flags & IQ_DCMD_WHOLE_PIPE && r->in->is_pipe) {
		uint64_t *pipe = iq_arena_alloc(sh->arena, (r->in->num + 1) * sizeof(*pipe));

		for (size_t i = 0; i < r->in->num; i++)
			pipe[i] = r->in->values[i].value;
		cmd.pipe = pipe;
		cmd.num_pipe = r->in->num;
		cmd.has_addr = false;
		sh->piped = r->in->values;
	}
	sh->wants_usage = false;
	err = check_usage(&cmd, r->in);
	if (!err)
		err = give_words(r, &cmd);
	if (!err)
		err = sh->guarded ? guarded(sh, &cmd) : dcmd->run(&cmd);
	sh->last = cmd.addr;
	if (!err || was_said(err))
		return err;
	if (sh->wants_usage) {
		iq_dcmd_usage(dcmd, &usage);
		sh->wants_usage = false;
		iq_shell_complain_error(sh, err);
		iq_shell_complain(sh, "usage: %s", iq_strbuf_str(&usage));
		return iq_shell_said();
	}
	return iq_error_prefix(err, "%s%s", iq_dcmd_sign(dcmd), dcmd->name);
}

static struct iq_error *run_once(struct stage_run *r)
{
	struct iq_shell *sh = r->sh;
	const struct iq_stage *stage = r->stage;
	struct iq_error *err;
	uint64_t value;

	switch (stage->kind) {
	case IQ_STAGE_DCMD:
		return run_dcmd_once(r);
	case IQ_STAGE_FORMAT:
		return iq_shell_parts.format_run(sh, stage, r->out, r->first);
	case IQ_STAGE_ASSIGN:
		value = sh->dot;
		if (stage->size && stage->size < 8)
			value &= ((uint64_t)1 << (8 * stage->size)) - 1;
		return iq_var_assign(sh, stage->name, value);
	default:
		err = iq_shell_node_value(sh, stage->expr, &value);
		if (!err)
			iq_out_value(r->out, value);
		return err;
	}
}

/* Run it for each address of a pipe. */
static struct iq_error *run_on_pipe(struct stage_run *r)
{
	struct iq_error *err = NULL;

	for (size_t i = 0; i < r->in->num && !err; i++) {
		if (iq_shell_stop(r->sh))
			return iq_error_new(IQ_ERR_TIMEOUT, "interrupted");
		r->sh->dot = r->in->values[i].value;
		r->out->bound = r->in->values[i].bound;
		bind(r->sh, r->out->bound);
		r->first = !i || r->stage->kind == IQ_STAGE_FORMAT; /* each place its label */
		r->loop = r->in->num > 1;
		r->has_addr = true;
		err = run_once(r);
		iq_shell_parts.format_end(r->sh, r->out);
		if (r->sh->quit)
			break;
	}
	return err;
}

/* Run it as often as the count says, dot moving on. */
static struct iq_error *run_counted(struct stage_run *r)
{
	uint64_t count = r->in->has_count ? r->in->count : 1;
	bool takes_count = r->stage->kind == IQ_STAGE_DCMD && r->at.dcmd->flags & IQ_DCMD_COUNT;
	struct iq_error *err = NULL;

	if (takes_count)
		count = count ? 1 : 0;
	r->loop = count > 1;
	r->has_addr = r->in->has_addr || r->in->has_count;
	for (uint64_t i = 0; i < count && !err; i++) {
		if (iq_shell_stop(r->sh))
			return iq_error_new(IQ_ERR_TIMEOUT, "interrupted");
		if (i)
			r->sh->dot += r->sh->increment;
		r->first = !i;
		r->out->bound = r->in->bound;
		err = run_once(r);
		if (r->sh->quit)
			break;
	}
	iq_shell_parts.format_end(r->sh, r->out);
	return err;
}

static struct iq_error *find_stage_dcmd(struct stage_run *r)
{
	const char *name = r->stage->name, *lacks;

	if (!iq_dcmd_find(r->sh->rooms, name, &r->at))
		return iq_error_new(IQ_ERR_NOTFOUND, "there is no command %s%.60s; see ::dcmds",
				    *name == '$' || *name == ':' ? "" : "::", name);
	lacks = r->at.module ? iq_module_lacks(r->sh->s, r->at.module) : NULL;
	if (lacks)
		return iq_error_new(IQ_ERR_UNSUPPORTED, "::%s: this kernel has no %s", name, lacks);
	return NULL;
}

static struct iq_error *run_stage(struct iq_shell *sh, const struct iq_stage *stage,
				  const struct input *in, struct iq_out *out)
{
	struct stage_run r = { .sh = sh, .stage = stage, .in = in, .out = out };
	struct iq_error *err;
	bool whole = false;

	iq_out_begin(out);
	if (stage->kind == IQ_STAGE_DCMD) {
		err = find_stage_dcmd(&r);
		if (err)
			return err;
		r.fixed_words = are_fixed(stage->words);
		whole = r.at.dcmd->flags & IQ_DCMD_WHOLE_PIPE && in->is_pipe;
	}
	if (!whole)
		return in->is_pipe ? run_on_pipe(&r) : run_counted(&r);
	r.first = true;
	if (!in->num)
		return NULL;
	return run_once(&r);
}

/* ---- pipelines ---- */

/* The text of a stage goes through a shell command; what comes of it is the output. */
static struct iq_error *run_shell_stage(struct iq_shell *sh, const struct iq_stage *stage,
					const struct iq_strbuf *text, struct iq_out *out)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf got = IQ_STRBUF_INIT;
	bool capture = stage->eval_output || out->to_pipe || out->sink.write != sh->out.write ||
		       !sh->out_is_stdout;
	struct iq_error *err;

	if (!out->to_pipe)
		iq_out_flush(out);
	err = iq_helper_command(sh->helper, stage->command, text ? iq_strbuf_str(text) : NULL,
				text ? text->len : 0, capture ? &got : NULL);
	if (err || !capture)
		return err;
	if (stage->eval_output)
		return iq_shell_run(sh, iq_strbuf_str(&got), true, out) ? NULL : iq_shell_said();
	iq_strbuf_add(&out->text, iq_strbuf_str(&got), got.len);
	iq_out_flush(out);
	return NULL;
}

static struct iq_error *run_pipeline(struct iq_shell *sh, const struct iq_stage *stages,
				     struct input *in, struct iq_out *out)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf shell_text = IQ_STRBUF_INIT;
	const struct iq_binding *outer = out->bound;
	struct iq_out between = { 0 };
	struct iq_error *err = NULL;
	bool has_text = false;

	in->bound = outer;
	for (const struct iq_stage *st = stages; st && !err; st = st->next) {
		bool to_shell = st->next && st->next->kind == IQ_STAGE_SHELL;
		struct iq_out made, *to = st->next ? &made : out;

		iq_out_init(&made, sh, !to_shell, iq_sink_strbuf(&shell_text));
		if (st->kind == IQ_STAGE_SHELL)
			err = run_shell_stage(sh, st, has_text ? &shell_text : NULL, to);
		else
			err = run_stage(sh, st, in, to);
		if (!st->next) {
			iq_out_deinit(&made);
			break;
		}
		/* What was found before it failed is not for commands, but for eyes. */
		if (err && to_shell && !st->next->next) {
			iq_shell_complain_error(sh, err);
			err = NULL;
		}
		if (err) {
			iq_out_deinit(&made);
			break;
		}
		err = iq_out_end(&made);
		has_text = to_shell;
		iq_out_deinit(&between);
		between = made;
		*in = (struct input){
			.is_pipe = true,
			.values = between.values.data,
			.num = between.values.num,
			.type = between.type,
		};
		if (!to_shell && !in->num)
			break; /* nothing is nothing */
	}
	iq_out_deinit(&between);
	out->bound = outer;
	return err;
}

/* ---- statements ---- */

/* The last command again, at dot. */
static struct iq_error *repeat(struct iq_shell *sh, struct input *in, struct iq_out *out)
{
	_cleanup_free_ char *text = sh->last_text ? iq_xstrdup(sh->last_text) : NULL;
	struct iq_statement st;
	struct iq_parser p;
	struct iq_error *err;
	struct iq_dcmd_at at;

	if (!text)
		return NULL;
	iq_parser_init(&p, sh->arena, text, sh->radix);
	if (!iq_parse_statement(&p, &st, &err))
		return NULL;
	if (err || !st.stages)
		return err;
	if (st.stages->kind == IQ_STAGE_DCMD && in->has_addr &&
	    iq_dcmd_find(sh->rooms, st.stages->name, &at) &&
	    (!at.dcmd->usage || !strchr(":?", *at.dcmd->usage) || !*at.dcmd->usage))
		return NULL; /* it takes no address: dot is all that is set */
	return run_pipeline(sh, st.stages, in, out);
}

static void remember(struct iq_shell *sh, const struct iq_stage *stages)
{
	const struct iq_stage *last = NULL;

	for (; stages; stages = stages->next)
		if (stages->kind == IQ_STAGE_DCMD || stages->kind == IQ_STAGE_FORMAT)
			last = stages;
	if (!last)
		return;
	free(sh->last_text);
	sh->last_text = iq_xstrdup(last->text);
}

static struct iq_error *run_statement(struct iq_shell *sh, const struct iq_statement *st,
				      bool nested, struct iq_out *out)
{
	struct input in = { 0 };
	struct iq_error *err;
	uint64_t addr = 0;

	if (st->addr) {
		err = iq_shell_node_value(sh, st->addr, &addr);
		if (err)
			return err;
		in.has_addr = true;
	}
	if (st->count) {
		err = iq_shell_node_value(sh, st->count, &in.count);
		if (err)
			return err;
		in.has_count = true;
	}
	if (in.has_addr)
		sh->dot = addr;
	if (st->stages) {
		if (!nested)
			remember(sh, st->stages);
		return run_pipeline(sh, st->stages, &in, out);
	}
	if (!in.has_addr && !in.has_count)
		return NULL;
	if (in.has_addr && !in.has_count && nested) {
		sh->increment = 0;
		return NULL;
	}
	if (!in.has_addr)
		sh->dot += sh->increment;
	return repeat(sh, &in, out);
}

/* What is known of a running machine gets old. */
static void refresh(struct iq_shell *sh)
{
	/* Of a dump it only takes up room. */
	if (!sh->s || (!iq_is_live(sh->s) && ++sh->num_statements % STATEMENTS_REMEMBERED))
		return;
	iq_context_forget(sh);
	iq_session_forget(sh->s);
}

static bool is_blank(const char *text)
{
	return !text[strspn(text, " \t\r\n")];
}

static bool run_next(struct iq_shell *sh, struct iq_parser *p, bool nested, struct iq_out *out)
{
	struct iq_statement st;
	struct iq_error *err, *end;

	if (!iq_parse_statement(p, &st, &err))
		return false;
	if (!err)
		err = run_statement(sh, &st, nested, out);
	end = nested ? NULL : iq_out_end(out);
	iq_out_flush(out);
	if (err)
		iq_shell_complain_error(sh, err);
	if (end)
		iq_shell_complain_error(sh, end);
	if (sh->end_text) {
		sh->end_text = false;
		return false;
	}
	return !sh->quit && !(nested && iq_shell_stop(sh));
}

bool iq_shell_run(struct iq_shell *sh, const char *text, bool nested, struct iq_out *out)
{
	bool failed_before = sh->failed, ok, more = true;
	struct iq_arena *arena = sh->arena;
	_cleanup_free_ char *again = NULL;
	struct iq_parser p;

	if (sh->depth >= MAX_NESTING) {
		iq_shell_complain(sh, "commands that run commands: more than %d levels",
				  MAX_NESTING);
		return false;
	}
	sh->depth++;
	sh->failed = false;
	iq_parser_init(&p, NULL, text, sh->radix);
	if (!nested && is_blank(text) && sh->options & IQ_OPT_REPEAT_LAST && sh->last_text) {
		sh->dot += sh->increment;
		again = iq_xstrdup(sh->last_text);
		iq_parser_init(&p, NULL, again, sh->radix);
	}
	while (more) {
		/* What one statement made is forgotten with it, but not before those around it. */
		struct iq_arena *own = arena ? NULL : iq_arena_new();

		sh->arena = own ? own : arena;
		p.arena = sh->arena;
		p.radix = sh->radix;
		if (own)
			refresh(sh);
		more = run_next(sh, &p, nested, out);
		iq_arena_free(own);
		sh->arena = arena;
		if (!arena && sh->interrupted)
			*sh->interrupted = 0;
	}
	sh->depth--;
	ok = !sh->failed;
	sh->failed = failed_before || !ok;
	return ok;
}
