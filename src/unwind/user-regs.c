/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The registers that a task had in user mode
 *
 * On entry from user mode the kernel puts them at the top of the task's stack, as struct
 * pt_regs (arch/x86/include/asm/ptrace.h). Kernels with CONFIG_X86_FRED leave 16 bytes above
 * it, others none (TOP_OF_KERNEL_STACK_PADDING): the code segment, which is one of two in user
 * mode, and the stack segment tell which. Where the unwinder came to pt_regs by itself, that
 * is where they are.
 *
 * orig_ax is the system call's number, or -1 after exceptions and interrupts
 * and where a system call must not be restarted.
 */
#include "unwind/site.h"

enum {
	USER_CS = 0x33,
	USER32_CS = 0x23,
	USER_DS = 0x2b,
	SELECTOR = 0xffff, /* FRED keeps more above it */
	X32_BIT = 0x40000000,
	MAX_SYSCALL = 4096,
};

static const uint8_t reg_of_word[PT_NUM_WORDS] = {
	[PT_R15] = IQ_REG_R15,	    [PT_R14] = IQ_REG_R14, [PT_R13] = IQ_REG_R13,
	[PT_R12] = IQ_REG_R12,	    [PT_BP] = IQ_REG_BP,   [PT_BX] = IQ_REG_BX,
	[PT_R11] = IQ_REG_R11,	    [PT_R10] = IQ_REG_R10, [PT_R9] = IQ_REG_R9,
	[PT_R8] = IQ_REG_R8,	    [PT_AX] = IQ_REG_AX,   [PT_CX] = IQ_REG_CX,
	[PT_DX] = IQ_REG_DX,	    [PT_SI] = IQ_REG_SI,   [PT_DI] = IQ_REG_DI,
	[PT_ORIG_AX] = IQ_NUM_REGS, [PT_IP] = IQ_REG_IP,   [PT_CS] = IQ_REG_CS,
	[PT_FLAGS] = IQ_REG_FLAGS,  [PT_SP] = IQ_REG_SP,   [PT_SS] = IQ_REG_SS,
};

void regs_from_pt_regs(const uint64_t words[PT_NUM_WORDS], struct iq_regs *regs_ret)
{
	regs_ret->known = 0;
	for (unsigned i = 0; i < PT_NUM_WORDS; i++) {
		if (reg_of_word[i] == IQ_NUM_REGS)
			continue;
		regs_ret->r[reg_of_word[i]] = words[i];
		regs_ret->known |= 1u << reg_of_word[i];
	}
	regs_ret->r[IQ_REG_CS] &= SELECTOR;
	regs_ret->r[IQ_REG_SS] &= SELECTOR;
}

void user_regs_set(const struct iq_regs *regs, struct iq_stack *stack)
{
	struct iq_user_regs *user = &stack->user;

	user->valid = true;
	user->ip = regs->r[IQ_REG_IP];
	user->sp = regs->r[IQ_REG_SP];
	user->bp = regs->r[IQ_REG_BP];
	user->flags = regs->r[IQ_REG_FLAGS];
	user->compat = regs->r[IQ_REG_CS] == USER32_CS;
	memcpy(user->r, regs->r, sizeof(user->r));
}

static bool look_like_user(const uint64_t words[PT_NUM_WORDS])
{
	uint64_t cs = words[PT_CS] & SELECTOR, ss = words[PT_SS] & SELECTOR;

	return (cs == USER_CS || cs == USER32_CS) && ss == USER_DS;
}

static void set_syscall(struct iq_user_regs *user, int64_t nr, enum entry_kind entry)
{
	static const uint8_t args_64[6] = { IQ_REG_DI,	IQ_REG_SI, IQ_REG_DX,
					    IQ_REG_R10, IQ_REG_R8, IQ_REG_R9 };
	static const uint8_t args_32[6] = { IQ_REG_BX, IQ_REG_CX, IQ_REG_DX,
					    IQ_REG_SI, IQ_REG_DI, IQ_REG_BP };
	const uint8_t *args = args_64;

	if (entry == ENTRY_SYSCALL_COMPAT)
		user->compat = true; /* int 0x80 works from 64-bit code too */
	if (user->compat)
		args = args_32;
	else
		nr &= ~(int64_t)X32_BIT;
	if (entry == ENTRY_EVENT || nr < 0 || nr >= MAX_SYSCALL)
		return;
	user->syscall = true;
	user->nr = nr;
	for (int i = 0; i < 6; i++)
		user->args[i] = user->compat ? (uint32_t)user->r[args[i]] : user->r[args[i]];
}

/* Out of the words that were read already, so that they are of the same moment. */
static bool words_at(struct iq_unwinder *u, const struct iq_stack *stack, iq_vaddr addr,
		     uint64_t words[PT_NUM_WORDS])
{
	uint64_t i = (addr - stack->sp) / 8;

	if (addr % 8)
		return false;
	if (addr < stack->sp || stack->num_words < PT_NUM_WORDS ||
	    i > stack->num_words - PT_NUM_WORDS)
		return iq_mem_peek(u->mem, addr, words, PT_NUM_WORDS * 8);
	memcpy(words, stack->words + i, PT_NUM_WORDS * 8);
	return true;
}

void user_regs_read(struct iq_unwinder *u, const struct iq_unwind_start *start, iq_vaddr proven,
		    enum entry_kind entry, struct iq_stack *stack)
{
	iq_vaddr top = start->stack_end - PT_NUM_WORDS * 8;
	const iq_vaddr places[] = { top - 16, top };
	uint64_t words[PT_NUM_WORDS];
	struct iq_regs regs;
	iq_vaddr addr = proven;

	if (start->stack_end - start->stack < PT_NUM_WORDS * 8 + 16)
		return;
	for (size_t i = 0; !addr && i < IQ_ARRAY_SIZE(places); i++)
		if (words_at(u, stack, places[i], words) && look_like_user(words))
			addr = places[i];
	if (!addr || !words_at(u, stack, addr, words))
		return;
	regs_from_pt_regs(words, &regs);
	user_regs_set(&regs, stack);
	set_syscall(&stack->user, (int64_t)words[PT_ORIG_AX], entry);
}
