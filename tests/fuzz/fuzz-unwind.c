/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stacks of random words, behind random ORC tables, over random code
 *
 * The input is a head of 8 bytes, then thirds: code; ORC entries of 8 bytes (2 of address, 6
 * as the kernel has them); words of the stack of 2 bytes, whose upper bits say what kind of
 * number they stand for. Whatever they are: the walk ends, frames lie one above the other, and
 * nothing is claimed that was not read.
 */
#include <assert.h>

#include "../unit/made-orc.h"
#include "args/args.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { MAX_ENTRIES = 512, MAX_WORDS = 1024, MAX_ASKED = 8, NUM_FUNCS = 32 };

static void add_code(struct made *m, const uint8_t *data, size_t len)
{
	static const char *const names[] = {
		"schedule",
		"do_exit",
		"vfs_read",
		"vfs_read.cold",
		"ret_from_fork",
		"return_to_handler",
		"do_syscall_64",
		"asm_exc_page_fault",
		"entry_SYSCALL_64_",
		"f",
		"f.cold",
		"int80_emulation",
	};

	for (size_t i = 0; i < NUM_FUNCS; i++) {
		size_t part = len / NUM_FUNCS;

		made_func(m, i < IQ_ARRAY_SIZE(names) ? names[i] : "g",
			  (const char *)data + i * part, IQ_MIN(part, 256));
	}
}

static void add_entries(struct made *m, const uint8_t *data, size_t len)
{
	iq_vaddr pc = MADE_TEXT;

	for (size_t i = 0; i + 8 <= len && i / 8 < MAX_ENTRIES; i += 8) {
		struct made_entry e;

		/* Mostly sorted. */
		pc = data[i + 1] == 0xff ? MADE_TEXT + data[i] * 32 : pc + data[i] % 64;
		e.pc = pc;
		memcpy(e.bytes, data + i + 2, sizeof(e.bytes));
		iq_vec_push(&m->entries, e);
	}
}

static uint64_t word_of(unsigned x)
{
	unsigned value = x & 0x1fff;

	switch (x >> 13) {
	case 0:
	case 1:
		return MADE_TEXT + value;
	case 2:
		return MADE_STACK_END - value;
	case 3:
		return MADE_STACK_END - (value & ~7u);
	case 4:
		return value % 2 ? 0x33 : 0x10;
	case 5:
		return 0x2b;
	case 6:
		return value * 0x9e3779b97f4a7c15ULL;
	default:
		return value;
	}
}

static void check(const struct iq_stack *s)
{
	for (size_t i = 0; i < s->num_frames; i++) {
		const struct iq_frame *f = &s->frames[i];
		bool on_stack = f->sp >= MADE_STACK && f->sp <= MADE_STACK_END;

		assert(f->regs.known & 1u << IQ_REG_IP && f->regs.known & 1u << IQ_REG_SP);
		assert(f->regs.r[IQ_REG_IP] == f->pc && f->regs.r[IQ_REG_SP] == f->sp);
		if (i && on_stack && s->frames[i - 1].sp >= MADE_STACK &&
		    s->frames[i - 1].sp < MADE_STACK_END)
			assert(f->sp > s->frames[i - 1].sp);
		iq_frame_is(f, "vfs_read");
	}
	assert(s->num_frames || s->why_none || !s->complete);
	assert(!s->num_words || s->num_words == (s->end - s->sp) / 8);
	assert(!s->user.syscall || s->user.valid);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct orc_format *const formats[] = { &orc_format_4_14, &orc_format_6_3,
							    &orc_format_6_4, &orc_format_7_1 };
	struct iq_regs regs = { .known = UINT32_MAX };
	struct iq_unwind_start start = { .stack = MADE_STACK, .stack_end = MADE_STACK_END };
	const uint8_t *head = data;
	struct iq_stack stack;
	struct iq_args *args;
	struct made m;
	iq_vaddr step;
	size_t part;

	if (len < 8)
		return 0;
	data += 8;
	part = (len - 8) / 3;
	made_init(&m, formats[head[0] % 4]);
	add_code(&m, data, part);
	if (!(head[0] & 4)) {
		/* What tells the format, so that it does not depend on luck. */
		made_rule(&m, MADE_TEXT, ORC_TYPE_CALL, ORC_REG_SP, 8, ORC_REG_UNDEFINED, 0);
		add_entries(&m, data + part, part);
	}
	data += 2 * part;
	for (size_t i = 0; i + 2 <= part && i / 2 < MAX_WORDS; i += 2)
		made_push(&m, word_of(data[i] | data[i + 1] << 8));
	if (head[0] & 8)
		iq_fake_remove_pages(m.target, MADE_STACK_END - 4096, 4096);
	made_done(&m);
	iq_error_free(iq_unwinder_add_module(m.u, "mod", MADE_TEXT_END + head[1] * 16ULL,
					     head[2] * 256ULL, MADE_ORC_IP, MADE_ORC,
					     head[3] * 2u));
	if (head[0] & 16) {
		for (int i = 0; i < IQ_NUM_REGS; i++)
			regs.r[i] = MADE_STACK_END - head[4] * 8ULL - (unsigned)i * head[5];
		regs.r[IQ_REG_IP] = MADE_TEXT + head[6] * 16ULL;
		regs.r[IQ_REG_CS] = head[7] & 3;
		start.regs = &regs;
	}
	args = args_new(m.u);
	start.user_task = head[0] & 32;
	step = 8 + ((MADE_STACK_END - m.sp) / (head[0] & 64 ? 16 : 4) & ~(iq_vaddr)7);
	for (start.sp = m.sp; start.sp < MADE_STACK_END; start.sp += step) {
		assert(!iq_unwind(m.u, &start, m.arena, &stack));
		check(&stack);
		for (size_t i = 0; i < stack.num_frames && i < MAX_ASKED; i++) {
			struct args_found found[ARGS_NUM_REGS];

			args_recover(args, &stack, i, MADE_STACK, found);
			for (int r = 0; r < ARGS_NUM_REGS; r++)
				assert(found[r].by || !found[r].both);
		}
	}
	args_free(args);
	made_deinit(&m);
	return 0;
}
