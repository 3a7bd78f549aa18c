/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A frame's arguments: registers as its prototype deals them out
 *
 * The calling convention (System V, x86-64): whatever is no larger than eight bytes takes the next
 * of six registers, a struct of up to sixteen takes two if there are two, all else is on
 * the stack. Functions that the compiler has changed (".isra.0" lost a parameter, ".constprop.0"
 * too, ".part.0" is a piece of one) have no prototype that would hold.
 */
#include "args/args.h"
#include "kernel/session.h"

static bool was_changed(const char *name)
{
	return strstr(name, ".isra.") || strstr(name, ".constprop.") || strstr(name, ".part.");
}

/* The name without ".cold" and ".llvm.123": it is the same function. */
static void plain_name(const char *symbol, char *buf, size_t size)
{
	size_t len = strcspn(symbol, ".");

	len = IQ_MIN(len, size - 1);
	memcpy(buf, symbol, len);
	buf[len] = '\0';
}

static bool find_prototype(struct iq_session *s, const struct iq_frame *f, struct iq_type *func_ret)
{
	struct iq_error *err;
	char name[256];

	if (!f->sym.name || was_changed(f->sym.name))
		return false;
	plain_name(f->sym.name, name, sizeof(name));
	err = iq_type_of_func(s, f->sym.module, name, func_ret);
	if (!err)
		return true;
	iq_error_free(err);
	return false;
}

/* Only what the type has room for was passed: what is above it in the register is nobody's. */
static uint64_t as_type(uint64_t value, struct iq_type type)
{
	uint64_t size = iq_type_size(type);
	unsigned shift;

	if (iq_type_kind(iq_type_strip(type)) == IQ_TYPE_BOOL)
		return value & 1;
	if (!size || size >= 8)
		return value;
	shift = (unsigned)(64 - 8 * size);
	if (iq_type_is_signed(type))
		return (uint64_t)((int64_t)(value << shift) >> shift);
	return value << shift >> shift;
}

static void by_prototype(struct iq_type func, const struct args_found found[ARGS_NUM_REGS],
			 struct iq_frame_args *args)
{
	unsigned reg = 0;

	args->has_prototype = true;
	for (size_t i = 0; i < iq_type_num_params(func); i++) {
		struct iq_frame_arg arg = { 0 };
		enum iq_type_kind kind;
		uint64_t size;

		if (!iq_type_param_at(func, i, &arg.name, &arg.type) ||
		    args->num == IQ_ARRAY_SIZE(args->args)) {
			args->variadic = true;
			break;
		}
		kind = iq_type_kind(iq_type_strip(arg.type));
		size = iq_type_size(arg.type);
		if (kind == IQ_TYPE_FLOAT || size > 16 ||
		    reg + (size > 8 ? 2u : 1u) > ARGS_NUM_REGS) {
			/* not in a register */
		} else if (size > 8 || !size) {
			reg += size > 8 ? 2 : 0;
		} else {
			arg.by = found[reg].by;
			arg.value = arg.by ? as_type(found[reg].value, arg.type) : 0;
			reg++;
		}
		args->args[args->num++] = arg;
	}
}

static void *make_recovery(struct iq_session *s)
{
	return args_new(s->unwinder);
}

static void free_recovery(void *value)
{
	args_free(value);
}

static const struct iq_cache recovery_cache = { .life = IQ_CACHE_SESSION,
						.make = make_recovery,
						.free = free_recovery };

void iq_frame_args(struct iq_session *s, const struct iq_task *task, const struct iq_stack *stack,
		   size_t i, struct iq_frame_args *args_ret)
{
	struct args_found found[ARGS_NUM_REGS] = { 0 };
	struct iq_frame_args args = { 0 };
	struct iq_type func;

	if (i < stack->num_frames) {
		args_recover(iq_cache_get(s, &recovery_cache), stack, i, task ? task->addr : 0,
			     found);
		if (find_prototype(s, &stack->frames[i], &func)) {
			by_prototype(func, found, &args);
		} else {
			for (unsigned reg = 0; reg < ARGS_NUM_REGS; reg++) {
				args.args[reg] = (struct iq_frame_arg){ .name = "",
									.by = found[reg].by,
									.value = found[reg].value };
				if (found[reg].by)
					args.num = reg + 1;
			}
		}
	}
	*args_ret = args;
}

const char *iq_arg_by_name(enum iq_arg_by by)
{
	static const char *const names[] = {
		[IQ_ARG_UNKNOWN] = "unknown",
		[IQ_ARG_CALL_SITE] = "call site",
		[IQ_ARG_SAVED] = "saved register",
	};

	return (size_t)by < IQ_ARRAY_SIZE(names) ? names[by] : "?";
}

static void add_value(const struct iq_frame_arg *arg, struct iq_strbuf *text)
{
	int64_t value = (int64_t)arg->value;

	if (!arg->by)
		iq_strbuf_addc(text, '?');
	else if (value < 0 && arg->type.btf && iq_type_is_signed(arg->type) && value != INT64_MIN)
		iq_strbuf_printf(text, "-%" PRIx64, (uint64_t)-value);
	else
		iq_strbuf_printf(text, "%" PRIx64, arg->value);
}

void iq_frame_args_add(const struct iq_frame_args *args, bool marks, struct iq_strbuf *text)
{
	for (unsigned i = 0; i < args->num; i++) {
		const struct iq_frame_arg *arg = &args->args[i];

		if (i)
			iq_strbuf_adds(text, ", ");
		if (marks && *arg->name)
			iq_strbuf_printf(text, "%s=", arg->name);
		add_value(arg, text);
		if (marks && arg->by)
			iq_strbuf_printf(text, " [%s]", iq_arg_by_name(arg->by));
	}
	if (args->variadic)
		iq_strbuf_adds(text, args->num ? ", ..." : "...");
}
