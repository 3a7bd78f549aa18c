/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Walks up made stacks: a system call that sleeps, interrupts, new tasks, code that no table
 * knows, and what is broken.
 */
#include "test.h"

#include <string.h>

#include "made-orc.h"

static const struct orc_format *const formats[] = {
	&orc_format_4_14,
	&orc_format_6_4,
	&orc_format_7_1,
};

/* The functions that these stacks are made of, and where their calls return to. */
struct code {
	iq_vaddr sleep, middle, syscall, entry, fault, irq, fork, thread, blob;
	iq_vaddr sleep_ret, middle_ret, syscall_ret, entry_ret, fault_ret, irq_ret, fork_ret,
		thread_ret, blob_ret;
};

static iq_vaddr call_at(struct made *m, iq_vaddr at, iq_vaddr target)
{
	uint8_t call[5] = { 0xe8 };
	int32_t offset = (int32_t)(target - (at + 5));

	memcpy(call + 1, &offset, sizeof(offset));
	iq_fake_write(m->target, at, call, sizeof(call));
	return at + 5;
}

static void call_rule(struct made *m, iq_vaddr pc, int sp_offset)
{
	made_rule(m, pc, ORC_TYPE_CALL, ORC_REG_SP, sp_offset, ORC_REG_UNDEFINED, 0);
}

static void entry_rule(struct made *m, iq_vaddr pc, enum orc_type type, int sp_offset)
{
	made_rule(m, pc, type, ORC_REG_SP, sp_offset, ORC_REG_UNDEFINED, 0);
}

static void made_kernel(struct made *m, struct code *c, const struct orc_format *format)
{
	made_init(m, format);
	/* push %rbp; mov %rsp,%rbp; push %rbx; sub $16,%rsp; call */
	c->sleep = made_func(m, "schedule", "\x55\x48\x89\xe5\x53\x48\x83\xec\x10", 9);
	call_rule(m, c->sleep, 8);
	made_rule(m, c->sleep + 1, ORC_TYPE_CALL, ORC_REG_SP, 16, ORC_REG_PREV_SP, -16);
	made_rule(m, c->sleep + 4, ORC_TYPE_CALL, ORC_REG_BP, 16, ORC_REG_PREV_SP, -16);
	/* push %rbx; mov %rdi,%rbx; call */
	c->middle = made_func(m, "middle.constprop.0", "\x53\x48\x89\xfb", 4);
	call_rule(m, c->middle, 8);
	call_rule(m, c->middle + 1, 16);
	/* push %r12; xor %r12d,%r12d; call */
	c->syscall = made_func(m, "do_syscall_64", "\x41\x54\x45\x31\xe4", 5);
	call_rule(m, c->syscall, 8);
	call_rule(m, c->syscall + 2, 16);
	c->entry = made_func(m, "entry_SYSCALL_64_after_hwframe", "", 0);
	entry_rule(m, c->entry, ORC_TYPE_REGS, 0);
	c->fault = made_func(m, "asm_exc_page_fault", "", 0);
	entry_rule(m, c->fault, ORC_TYPE_REGS, 0);
	c->irq = made_func(m, "asm_sysvec_apic_timer_interrupt", "", 0);
	entry_rule(m, c->irq, ORC_TYPE_REGS, 0);
	c->fork = made_func(m, "ret_from_fork", "", 0);
	entry_rule(m, c->fork, ORC_TYPE_END_OF_STACK, 0);
	c->thread = made_func(m, "kthread", "\x53", 1);
	call_rule(m, c->thread, 8);
	call_rule(m, c->thread + 1, 16);
	c->blob = made_func(m, "blob", "", 0);
	entry_rule(m, c->blob, ORC_TYPE_UNDEFINED, 0);

	c->sleep_ret = call_at(m, c->sleep + 9, MADE_TEXT + 0x8000);
	c->middle_ret = call_at(m, c->middle + 4, c->sleep);
	c->syscall_ret = call_at(m, c->syscall + 5, c->middle);
	c->entry_ret = call_at(m, c->entry, c->syscall);
	c->fault_ret = call_at(m, c->fault, c->middle);
	c->irq_ret = call_at(m, c->irq, c->middle);
	c->thread_ret = call_at(m, c->thread + 1, c->middle);
	c->fork_ret = call_at(m, c->fork, c->thread);
	c->blob_ret = call_at(m, c->blob, c->middle);
}

/* From the frame that calls middle() down to the switch. */
static void push_sleep(struct made *m, const struct code *c)
{
	uint64_t rbp;

	made_push(m, 0xb1); /* rbx of who called middle() */
	made_push(m, c->middle_ret);
	rbp = made_push(m, 0xb9); /* rbp of middle() */
	made_push(m, 0xb2);	  /* rbx of middle() */
	made_push(m, 0);
	made_push(m, 0);
	made_switch(m, c->sleep_ret, rbp, 0xb3);
}

static struct made_pt_regs user_regs(int64_t orig_ax)
{
	return (struct made_pt_regs){ .di = 1,
				      .si = 2,
				      .dx = 3,
				      .r10 = 4,
				      .r8 = 5,
				      .r9 = 6,
				      .bx = 11,
				      .cx = 12,
				      .bp = 0x7ffdd000,
				      .r12 = 0xc0,
				      .orig_ax = (uint64_t)orig_ax,
				      .ip = 0x401000,
				      .cs = 0x33,
				      .flags = 0x246,
				      .sp = 0x7ffdc000,
				      .ss = 0x2b };
}

static void assert_frame(const struct iq_stack *s, size_t i, iq_vaddr pc, enum iq_frame_by by)
{
	assert_true(i < s->num_frames);
	assert_int_equal(s->frames[i].pc, pc);
	assert_int_equal(s->frames[i].by, by);
	if (i)
		assert_true(s->frames[i].sp > s->frames[i - 1].sp);
}

static void assert_reg(const struct iq_stack *s, size_t i, enum iq_reg reg, uint64_t value)
{
	assert_true(s->frames[i].regs.known & 1u << reg);
	assert_int_equal(s->frames[i].regs.r[reg], value);
}

static void push_syscall(struct made *m, const struct code *c, int64_t nr, unsigned padding)
{
	struct made_pt_regs regs = user_regs(nr);

	m->sp -= padding;
	made_pt_regs(m, &regs);
	made_push(m, c->entry_ret);
	made_push(m, 0xc1); /* r12 of the entry */
	made_push(m, c->syscall_ret);
}

static void a_system_call_that_sleeps_is_followed_to_its_entry(void **state)
{
	(void)state;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(formats) * 2; i++) {
		unsigned padding = i % 2 ? 16 : 0;
		struct iq_stack s;
		struct made m;
		struct code c;

		made_kernel(&m, &c, formats[i / 2]);
		made_done(&m);
		push_syscall(&m, &c, 35, padding);
		push_sleep(&m, &c);
		s = made_unwind(&m, true);
		assert_true(s.complete);
		assert_null(s.why_none);
		assert_int_equal(s.num_frames, 4);
		assert_frame(&s, 0, c.sleep_ret, IQ_FRAME_SWITCH);
		assert_frame(&s, 1, c.middle_ret, IQ_FRAME_ORC);
		assert_frame(&s, 2, c.syscall_ret, IQ_FRAME_ORC);
		assert_frame(&s, 3, c.entry_ret, IQ_FRAME_ORC);
		assert_string_equal(s.frames[1].sym.name, "middle.constprop.0");
		assert_int_equal(s.frames[1].offset, 9);
		assert_int_equal(s.frames[1].cfa, s.frames[2].sp);

		assert_reg(&s, 0, IQ_REG_BX, 0xb3);
		assert_reg(&s, 1, IQ_REG_BX, 0xb2);
		assert_reg(&s, 2, IQ_REG_BX, 0xb1);
		assert_reg(&s, 3, IQ_REG_BX, 0xb1);
		assert_reg(&s, 1, IQ_REG_BP, 0xb9);
		assert_reg(&s, 2, IQ_REG_R12, 12 * 0x1111);
		assert_reg(&s, 3, IQ_REG_R12, 0xc1);
		assert_reg(&s, 3, IQ_REG_R15, 15 * 0x1111);
		assert_false(s.frames[1].regs.known & 1u << IQ_REG_DI);

		assert_true(s.user.valid && s.user.syscall && !s.user.compat);
		assert_int_equal(s.user.nr, 35);
		for (uint64_t a = 0; a < 6; a++)
			assert_int_equal(s.user.args[a], a + 1);
		assert_int_equal(s.user.ip, 0x401000);
		assert_int_equal(s.user.sp, 0x7ffdc000);

		assert_int_equal(s.sp, m.sp);
		assert_int_equal(s.end, MADE_STACK_END);
		assert_int_equal(s.num_words, (MADE_STACK_END - m.sp) / 8);
		assert_int_equal(s.words[6], c.sleep_ret);
		made_deinit(&m);
	}
}

static void a_fault_in_user_mode_is_no_system_call(void **state)
{
	struct made_pt_regs regs = user_regs(-1);
	struct iq_stack s;
	struct made m;
	struct code c;

	(void)state;
	made_kernel(&m, &c, &orc_format_6_4);
	made_done(&m);
	made_pt_regs(&m, &regs);
	made_push(&m, c.fault_ret);
	push_sleep(&m, &c);
	s = made_unwind(&m, true);
	assert_true(s.complete && s.user.valid);
	assert_int_equal(s.num_frames, 3);
	assert_false(s.user.syscall);
	assert_int_equal(s.user.ip, 0x401000);
	made_deinit(&m);
}

static void old_code_of_32_bits_has_other_arguments(void **state)
{
	struct made_pt_regs regs = user_regs(7);
	struct iq_stack s;
	struct made m;
	struct code c;

	(void)state;
	regs.cs = 0x23;
	made_kernel(&m, &c, &orc_format_6_4);
	made_done(&m);
	made_pt_regs(&m, &regs);
	made_push(&m, c.entry_ret);
	made_push(&m, 0xc1);
	made_push(&m, c.syscall_ret);
	push_sleep(&m, &c);
	s = made_unwind(&m, true);
	assert_true(s.user.syscall && s.user.compat);
	assert_int_equal(s.user.nr, 7);
	assert_int_equal(s.user.args[0], 11);
	assert_int_equal(s.user.args[1], 12);
	assert_int_equal(s.user.args[4], 1);
	made_deinit(&m);
}

static void a_kernel_thread_ends_at_its_start(void **state)
{
	(void)state;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(formats); i++) {
		struct made_pt_regs regs = user_regs(1);
		struct iq_stack s;
		struct made m;
		struct code c;

		made_kernel(&m, &c, formats[i]);
		made_done(&m);
		made_pt_regs(&m, &regs); /* lies there, but is nobody's */
		made_push(&m, c.fork_ret);
		made_push(&m, 0xb0);
		made_push(&m, c.thread_ret);
		push_sleep(&m, &c);
		s = made_unwind(&m, false);
		assert_true(s.complete);
		assert_int_equal(s.num_frames, 4);
		assert_frame(&s, 3, c.fork_ret, IQ_FRAME_ORC);
		assert_reg(&s, 3, IQ_REG_BX, 0xb0);
		assert_false(s.user.valid);
		made_deinit(&m);
	}
}

static void a_new_task_stands_at_the_start_of_ret_from_fork(void **state)
{
	struct made_pt_regs regs = user_regs(56);
	struct iq_stack s;
	struct made m;
	struct code c;

	(void)state;
	made_kernel(&m, &c, &orc_format_6_4);
	made_done(&m);
	made_pt_regs(&m, &regs);
	made_switch(&m, c.fork, 0, 0);
	s = made_unwind(&m, true);
	assert_true(s.complete);
	assert_int_equal(s.num_frames, 1);
	assert_string_equal(s.frames[0].sym.name, "ret_from_fork");
	assert_true(s.user.syscall);
	assert_int_equal(s.user.nr, 56);
	made_deinit(&m);
}

static void an_interrupted_function_has_all_its_registers(void **state)
{
	struct made_pt_regs at = { .bx = 0xe1,
				   .r12 = 0xe2,
				   .cx = 0xe3,
				   .di = 0xe4,
				   .cs = 0x10,
				   .flags = 0x202,
				   .ss = 0x18 };
	struct iq_stack s;
	struct made m;
	struct code c;

	(void)state;
	made_kernel(&m, &c, &orc_format_7_1);
	made_done(&m);
	push_syscall(&m, &c, 1, 16);
	/* Stopped at the first instruction of middle(): nothing was pushed yet. */
	at.ip = c.middle;
	at.sp = m.sp;
	made_pt_regs(&m, &at);
	made_push(&m, c.irq_ret);
	push_sleep(&m, &c);
	s = made_unwind(&m, true);
	assert_true(s.complete);
	assert_int_equal(s.num_frames, 6);
	assert_frame(&s, 2, c.irq_ret, IQ_FRAME_ORC);
	assert_frame(&s, 3, c.middle, IQ_FRAME_REGS);
	assert_true(s.frames[3].interrupted);
	assert_false(s.frames[2].interrupted || s.frames[4].interrupted);
	assert_reg(&s, 3, IQ_REG_DI, 0xe4);
	assert_frame(&s, 4, c.syscall_ret, IQ_FRAME_ORC);
	assert_reg(&s, 4, IQ_REG_BX, 0xe1);
	assert_reg(&s, 4, IQ_REG_R12, 0xe2);
	assert_false(s.frames[4].regs.known & 1u << IQ_REG_DI);
	assert_reg(&s, 5, IQ_REG_R12, 0xc1);
	assert_true(s.user.syscall);
	made_deinit(&m);
}

static void where_no_table_helps_the_stack_is_searched(void **state)
{
	struct iq_stack s;
	struct made m;
	struct code c;

	(void)state;
	made_kernel(&m, &c, &orc_format_6_4);
	made_done(&m);
	push_syscall(&m, &c, 1, 0);
	made_push(&m, 0x1234);
	made_push(&m, c.middle + 2); /* in the code, but behind no call */
	made_push(&m, MADE_TEXT + 0x9000);
	made_push(&m, c.blob_ret);
	push_sleep(&m, &c);
	s = made_unwind(&m, true);
	assert_int_equal(s.num_frames, 5);
	assert_frame(&s, 2, c.blob_ret, IQ_FRAME_ORC);
	assert_frame(&s, 3, c.syscall_ret, IQ_FRAME_SCAN);
	assert_int_equal(s.frames[2].cfa, 0);
	assert_false(s.frames[3].regs.known & 1u << IQ_REG_BX);
	assert_frame(&s, 4, c.entry_ret, IQ_FRAME_ORC);
	assert_reg(&s, 4, IQ_REG_R12, 0xc1);
	assert_true(s.complete && s.user.syscall);
	made_deinit(&m);
}

static void code_made_at_run_time_is_left_by_its_frame_pointer(void **state)
{
	const iq_vaddr jit = 0xffffffffc0500040;
	struct iq_stack s;
	uint64_t rbp;
	struct made m;
	struct code c;

	(void)state;
	made_kernel(&m, &c, &orc_format_6_4);
	made_done(&m);
	push_syscall(&m, &c, 1, 0);
	rbp = made_push(&m, 0x77);
	made_push(&m, 0x1234);
	made_push(&m, call_at(&m, jit, c.middle));
	made_push(&m, 0xb1);
	made_push(&m, c.middle_ret);
	made_push(&m, rbp); /* middle() and below keep the rbp of that code */
	rbp = m.sp;
	made_push(&m, 0xb2);
	made_push(&m, 0);
	made_push(&m, 0);
	made_switch(&m, c.sleep_ret, rbp, 0xb3);
	s = made_unwind(&m, true);
	assert_int_equal(s.num_frames, 5);
	assert_frame(&s, 2, jit + 5, IQ_FRAME_ORC);
	assert_null(s.frames[2].sym.name);
	assert_frame(&s, 3, c.syscall_ret, IQ_FRAME_FP);
	assert_reg(&s, 3, IQ_REG_BP, 0x77);
	assert_true(s.complete);
	made_deinit(&m);
}

static void a_tracers_detour_does_not_lead_astray(void **state)
{
	struct iq_stack s;
	struct made m;
	struct code c;
	iq_vaddr detour;

	(void)state;
	made_kernel(&m, &c, &orc_format_6_4);
	detour = made_func(&m, "return_to_handler", "", 0);
	made_done(&m);
	push_syscall(&m, &c, 1, 0);
	made_push(&m, 0xb1);
	made_push(&m, detour); /* where the return address into do_syscall_64() was */
	made_push(&m, 0xb1);
	made_push(&m, c.middle_ret);
	made_push(&m, 0xb9);
	made_push(&m, 0xb2);
	made_push(&m, 0);
	made_push(&m, 0);
	made_switch(&m, c.sleep_ret, m.sp + 24, 0xb3);
	s = made_unwind(&m, true);
	assert_int_equal(s.num_frames, 5);
	assert_frame(&s, 2, detour, IQ_FRAME_ORC);
	assert_frame(&s, 3, c.syscall_ret, IQ_FRAME_SCAN);
	made_deinit(&m);
}

static void a_kernel_with_frame_pointers_needs_no_tables(void **state)
{
	static const char prologue[] = "\x55\x48\x89\xe5\x53"; /* push; mov; push %rbx */
	iq_vaddr sleep, middle, entry, rbp;
	iq_vaddr sleep_ret, middle_ret, entry_ret;
	struct iq_stack s;
	struct made m;

	(void)state;
	made_init(&m, &orc_format_6_4);
	sleep = made_func(&m, "schedule", prologue, 5);
	middle = made_func(&m, "middle", prologue, 5);
	entry = made_func(&m, "do_syscall_64", prologue, 5);
	sleep_ret = call_at(&m, sleep + 5, MADE_TEXT + 0x8000);
	middle_ret = call_at(&m, middle + 5, sleep);
	entry_ret = call_at(&m, entry + 5, middle);
	made_done(&m);
	assert_non_null(strstr(iq_unwinder_describe(m.u), "frame pointers"));

	made_push(&m, 0);
	rbp = made_push(&m, 0);
	made_push(&m, 0xb0);
	made_push(&m, entry_ret);
	rbp = made_push(&m, rbp);
	made_push(&m, 0xb1);
	made_push(&m, middle_ret);
	rbp = made_push(&m, rbp);
	made_push(&m, 0xb2);
	made_switch(&m, sleep_ret, rbp, 0xb3);
	s = made_unwind(&m, false);
	assert_int_equal(s.num_frames, 3);
	assert_frame(&s, 0, sleep_ret, IQ_FRAME_SWITCH);
	assert_frame(&s, 1, middle_ret, IQ_FRAME_FP);
	assert_frame(&s, 2, entry_ret, IQ_FRAME_FP);
	assert_reg(&s, 1, IQ_REG_BX, 0xb2);
	assert_reg(&s, 2, IQ_REG_BX, 0xb1);
	assert_false(s.complete); /* there is no telling */
	made_deinit(&m);
}

static void a_cpu_of_a_dump_starts_at_its_registers(void **state)
{
	const iq_vaddr irq_stack = 0xfffffe0000008000;
	struct iq_regs regs = { .known = UINT32_MAX };
	struct iq_unwind_start start = {
		.stack = MADE_STACK, .stack_end = MADE_STACK_END, .regs = &regs, .user_task = true
	};
	struct iq_stack s;
	struct made m;
	struct code c;
	iq_vaddr on_irq_stack;

	(void)state;
	made_kernel(&m, &c, &orc_format_6_4);
	/* Code that runs on the interrupts' stack; the top word there is the stack it came from. */
	on_irq_stack = made_func(&m, "sysvec_apic_timer_interrupt", "\x90", 1);
	made_rule(&m, on_irq_stack, ORC_TYPE_CALL, ORC_REG_SP_INDIRECT, 8, ORC_REG_UNDEFINED, 0);
	made_done(&m);
	push_syscall(&m, &c, 1, 0);

	/* In user mode */
	regs.r[IQ_REG_CS] = 0x33;
	regs.r[IQ_REG_IP] = 0x401234;
	assert_ok(iq_unwind(m.u, &start, m.arena, &s));
	assert_int_equal(s.num_frames, 0);
	assert_string_equal(s.why_none, "running in user mode");
	assert_true(s.user.valid && !s.user.syscall);
	assert_int_equal(s.user.ip, 0x401234);

	/* in the middle of middle() */
	made_push(&m, 0xb1);
	regs.r[IQ_REG_CS] = 0x10;
	regs.r[IQ_REG_IP] = c.middle + 4;
	regs.r[IQ_REG_SP] = m.sp;
	regs.r[IQ_REG_R15] = 0xf5;
	assert_ok(iq_unwind(m.u, &start, m.arena, &s));
	assert_int_equal(s.num_frames, 3);
	assert_frame(&s, 0, c.middle + 4, IQ_FRAME_REGS);
	assert_frame(&s, 1, c.syscall_ret, IQ_FRAME_ORC);
	assert_reg(&s, 1, IQ_REG_BX, 0xb1);
	assert_reg(&s, 2, IQ_REG_R15, 0xf5);
	assert_true(s.complete && s.user.syscall);
	assert_int_equal(s.sp, m.sp);

	/* in an interrupt that middle() was stopped by */
	iq_fake_add_pages(m.target, irq_stack, 4096);
	iq_fake_write_u64(m.target, irq_stack + 0xff8, m.sp);
	made_push(&m, c.middle_ret); /* 8 above the word's value */
	iq_fake_write_u64(m.target, irq_stack + 0xff8, m.sp);
	regs.r[IQ_REG_IP] = on_irq_stack;
	regs.r[IQ_REG_SP] = irq_stack + 0xff8;
	assert_ok(iq_unwind(m.u, &start, m.arena, &s));
	assert_int_equal(s.num_frames, 4);
	assert_int_equal(s.frames[1].pc, c.middle_ret);
	assert_true(s.complete);
	assert_int_equal(s.sp, s.frames[1].sp);

	/* and where nothing is known. */
	regs.known = 0;
	assert_ok(iq_unwind(m.u, &start, m.arena, &s));
	assert_int_equal(s.num_frames, 0);
	assert_non_null(s.why_none);
	made_deinit(&m);
}

static void what_is_no_stack_has_no_frames_and_says_why(void **state)
{
	struct iq_stack s;
	struct made m;
	struct code c;
	iq_vaddr good;

	(void)state;
	made_kernel(&m, &c, &orc_format_6_4);
	made_done(&m);
	push_syscall(&m, &c, 1, 0);
	push_sleep(&m, &c);
	good = m.sp;
	const struct iq_unwind_start starts[] = {
		{ 0 },
		{ .sp = good, .stack = MADE_STACK, .stack_end = MADE_STACK },
		{ .sp = good, .stack = MADE_STACK, .stack_end = MADE_STACK + (1ULL << 40) },
		{ .sp = good, .stack = MADE_STACK, .stack_end = MADE_STACK_END - 3 },
		{ .sp = good + 4, .stack = MADE_STACK, .stack_end = MADE_STACK_END },
		{ .sp = MADE_STACK_END, .stack = MADE_STACK, .stack_end = MADE_STACK_END },
		{ .sp = MADE_STACK_END - 8, .stack = MADE_STACK, .stack_end = MADE_STACK_END },
		{ .sp = MADE_STACK - 8, .stack = MADE_STACK, .stack_end = MADE_STACK_END },
		{ .sp = MADE_STACK + 64, .stack = MADE_STACK, .stack_end = MADE_STACK_END },
		{ .sp = 0xffffc90000090000,
		  .stack = 0xffffc90000090000,
		  .stack_end = 0xffffc90000094000 },
	};

	for (size_t i = 0; i < IQ_ARRAY_SIZE(starts); i++) {
		assert_ok(iq_unwind(m.u, &starts[i], m.arena, &s));
		assert_int_equal(s.num_frames, 0);
		assert_non_null(s.why_none);
		assert_false(s.complete);
	}
	made_deinit(&m);
}

static void a_stack_cut_off_in_the_middle_keeps_its_inner_frames(void **state)
{
	struct iq_stack s;
	struct made m;
	struct code c;

	(void)state;
	made_kernel(&m, &c, &orc_format_6_4);
	made_done(&m);
	push_syscall(&m, &c, 1, 0);
	m.sp = MADE_STACK_END - 4096;
	made_push(&m, c.syscall_ret);
	push_sleep(&m, &c);
	iq_fake_remove_pages(m.target, MADE_STACK_END - 4096, 4096);
	s = made_unwind(&m, true);
	assert_int_equal(s.num_frames, 3);
	assert_null(s.words);
	assert_int_equal(s.num_words, 0);
	assert_false(s.complete);
	assert_false(s.user.valid);
	made_deinit(&m);
}

static void a_frame_that_leads_down_ends_the_walk(void **state)
{
	struct iq_stack s;
	struct made m;
	struct code c;

	(void)state;
	made_kernel(&m, &c, &orc_format_6_4);
	made_done(&m);
	/* schedule() finds its caller by rbp: let it point at itself, and below. */
	for (int i = -5; i < 2; i++) {
		m.sp = MADE_STACK_END - 512;
		for (int j = 0; j < 30; j++)
			made_push(&m, c.sleep_ret);
		made_switch(&m, c.sleep_ret, m.sp + (uint64_t)(int64_t)i * 8, 0);
		s = made_unwind(&m, true);
		assert_true(s.num_frames >= 1 && s.num_frames < 64);
		for (size_t f = 1; f < s.num_frames; f++)
			assert_true(s.frames[f].sp > s.frames[f - 1].sp);
	}
	made_deinit(&m);
}

static void a_live_stack_is_read_as_it_is_now(void **state)
{
	struct iq_stack s;
	struct made m;
	struct code c;
	iq_vaddr sp;

	(void)state;
	made_kernel(&m, &c, &orc_format_6_4);
	iq_fake_set_live(m.target);
	made_done(&m);
	push_syscall(&m, &c, 1, 0);
	push_sleep(&m, &c);
	s = made_unwind(&m, true);
	assert_true(s.complete);
	assert_int_equal(s.num_frames, 4);
	assert_int_equal(s.user.nr, 1);
	/* It ran, and sleeps somewhere else now, by another call. */
	sp = m.sp;
	m.sp = MADE_STACK_END;
	push_syscall(&m, &c, 2, 0);
	m.sp -= 8;
	made_switch(&m, c.middle_ret, 0x77, 0);
	assert_true(m.sp > sp);
	s = made_unwind(&m, true);
	assert_int_equal(s.frames[0].pc, c.middle_ret);
	assert_int_equal(s.user.nr, 2);
	made_deinit(&m);
}

static void random_stacks_end(void **state)
{
	uint64_t x = 88172645463325252ULL;
	struct made m;
	struct code c;

	(void)state;
	made_kernel(&m, &c, &orc_format_6_4);
	made_done(&m);
	for (int round = 0; round < 2000; round++) {
		struct iq_stack s;

		m.sp = MADE_STACK_END;
		for (int i = 0; i < 100; i++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			made_push(&m, x % 3 == 0   ? MADE_TEXT + x / 3 % 0x1000
				      : x % 3 == 1 ? MADE_STACK_END - x / 3 % 900
						   : x);
		}
		s = made_unwind(&m, x & 1);
		assert_true(s.num_frames < 200);
	}
	made_deinit(&m);
}

static bool is(const char *sym, const char *name)
{
	struct iq_frame f = { .sym = { .name = sym } };

	return iq_frame_is(&f, name);
}

static void functions_are_known_by_name_whatever_the_compiler_hung_on_them(void **state)
{
	static const char *const names[] = { "absent", "schedule", NULL };
	struct iq_frame frames[3] = { { .sym = { .name = "a" } },
				      { .sym = { .name = "schedule.part.0" } },
				      { .sym = { .name = "schedule" } } };
	struct iq_stack s = { .frames = frames, .num_frames = 3 };

	(void)state;
	assert_true(is("__mutex_lock", "__mutex_lock"));
	assert_true(is("__mutex_lock.constprop.0", "__mutex_lock"));
	assert_true(is("f.isra.0.cold", "f"));
	assert_true(is("f.constprop.12.part.3", "f"));
	assert_true(is("f.cold", "f"));
	assert_true(is("f.llvm.1234567890", "f"));
	assert_true(is("__pfx_f", "f"));
	assert_true(is("__pfx_f", "__pfx_f"));
	assert_false(is("f2", "f"));
	assert_false(is("f", "f2"));
	assert_false(is("f.", "f"));
	assert_false(is("f.constprop0", "f"));
	assert_false(is("f.other", "f"));
	assert_false(is(NULL, "f"));
	assert_int_equal(iq_stack_find(&s, 0, names), 1);
	assert_int_equal(iq_stack_find(&s, 2, names), 2);
	assert_int_equal(iq_stack_find(&s, 3, names), -1);
	assert_string_equal(iq_frame_by_name(IQ_FRAME_ORC), "orc");
	assert_string_equal(iq_frame_by_name(IQ_FRAME_SCAN), "scan");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_system_call_that_sleeps_is_followed_to_its_entry),
		cmocka_unit_test(a_fault_in_user_mode_is_no_system_call),
		cmocka_unit_test(old_code_of_32_bits_has_other_arguments),
		cmocka_unit_test(a_kernel_thread_ends_at_its_start),
		cmocka_unit_test(a_new_task_stands_at_the_start_of_ret_from_fork),
		cmocka_unit_test(an_interrupted_function_has_all_its_registers),
		cmocka_unit_test(where_no_table_helps_the_stack_is_searched),
		cmocka_unit_test(code_made_at_run_time_is_left_by_its_frame_pointer),
		cmocka_unit_test(a_tracers_detour_does_not_lead_astray),
		cmocka_unit_test(a_kernel_with_frame_pointers_needs_no_tables),
		cmocka_unit_test(a_cpu_of_a_dump_starts_at_its_registers),
		cmocka_unit_test(what_is_no_stack_has_no_frames_and_says_why),
		cmocka_unit_test(a_stack_cut_off_in_the_middle_keeps_its_inner_frames),
		cmocka_unit_test(a_frame_that_leads_down_ends_the_walk),
		cmocka_unit_test(a_live_stack_is_read_as_it_is_now),
		cmocka_unit_test(random_stacks_end),
		cmocka_unit_test(functions_are_known_by_name_whatever_the_compiler_hung_on_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
