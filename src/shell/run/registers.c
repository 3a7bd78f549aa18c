/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Registers as variables, and the thread that they are of
 *
 * Of a process in view they are those that it entered the kernel with; of a dump those of the
 * CPU that panicked, or of its first one. A running kernel has none that stand still.
 */
#include "shell/run/context.h"
#include "shell/run/inside.h"

static const struct reg_name {
	const char *name;
	enum iq_reg reg;
} names[] = {
	{ "rax", IQ_REG_AX },  { "rbx", IQ_REG_BX },  { "rcx", IQ_REG_CX },
	{ "rdx", IQ_REG_DX },  { "rsi", IQ_REG_SI },  { "rdi", IQ_REG_DI },
	{ "rbp", IQ_REG_BP },  { "rsp", IQ_REG_SP },  { "r8", IQ_REG_R8 },
	{ "r9", IQ_REG_R9 },   { "r10", IQ_REG_R10 }, { "r11", IQ_REG_R11 },
	{ "r12", IQ_REG_R12 }, { "r13", IQ_REG_R13 }, { "r14", IQ_REG_R14 },
	{ "r15", IQ_REG_R15 }, { "rip", IQ_REG_IP },  { "rflags", IQ_REG_FLAGS },
	{ "cs", IQ_REG_CS },   { "ss", IQ_REG_SS },   { "pc", IQ_REG_IP },
	{ "sp", IQ_REG_SP },   { "fp", IQ_REG_BP },
};

static struct iq_error *unknown(const char *name)
{
	return iq_error_new(IQ_ERR_NOTFOUND, "the register %s is not known here", name);
}

static struct iq_error *of_process(const struct iq_task *task, struct iq_shell *sh,
				   const struct reg_name *n, uint64_t *value_ret)
{
	const struct iq_stack *stack = iq_task_stack(sh->s, task);

	if (!stack->user.valid)
		return unknown(n->name);
	*value_ret = stack->user.r[n->reg];
	return NULL;
}

struct iq_error *iq_register_value(struct iq_shell *sh, const char *name, uint64_t *value_ret)
{
	const struct reg_name *n = names;
	const struct iq_task *task;
	struct iq_error *err;
	struct iq_regs regs;

	while (n < names + IQ_ARRAY_SIZE(names) && strcmp(n->name, name) != 0)
		n++;
	if (n == names + IQ_ARRAY_SIZE(names) || !sh->s)
		return iq_error_new(IQ_ERR_NOTFOUND, "there is no variable %.100s", name);
	task = iq_context_task(sh);
	if (task)
		return of_process(task, sh, n, value_ret);
	if (iq_is_live(sh->s))
		return unknown(name);
	err = sh->s->target->ops->cpu_regs(sh->s->target, iq_dump_cpu(sh->s), &regs);
	if (err || !(regs.known >> n->reg & 1)) {
		iq_error_free(err);
		return unknown(name);
	}
	*value_ret = regs.r[n->reg];
	return NULL;
}

uint64_t iq_register_thread(struct iq_shell *sh)
{
	int64_t off;
	iq_vaddr rqs;
	uint64_t addr;

	if (sh->context_task || !sh->s || iq_is_live(sh->s))
		return sh->context_task;
	off = iq_offsetof(sh->s, "struct rq", "curr");
	rqs = iq_sym_addr(sh->s, "runqueues");
	if (off < 0 || !rqs ||
	    !iq_peek_u64(sh->s, iq_per_cpu(sh->s, rqs, iq_dump_cpu(sh->s)) + (uint64_t)off, &addr))
		return 0;
	return addr;
}
