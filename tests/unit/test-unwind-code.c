/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test.h"

#include <string.h>

#include "inquest/util.h"
#include "unwind/saved.h"
#include "unwind/x86.h"

/* ---- instructions ---- */

static struct x86_insn decoded(const char *bytes, size_t len)
{
	struct x86_insn insn;

	assert_true(x86_decode((const uint8_t *)bytes, len, 0x1000, &insn));
	assert_int_equal(insn.len, len);
	/* A byte less, and it is not there. */
	assert_false(x86_decode((const uint8_t *)bytes, len - 1, 0x1000, &insn));
	x86_decode((const uint8_t *)bytes, len, 0x1000, &insn);
	return insn;
}
#define DECODED(bytes) decoded(bytes, sizeof(bytes) - 1)

static void lengths_are_right(void **state)
{
	(void)state;
	DECODED("\x90");
	DECODED("\xf3\x0f\x1e\xfa");			     /* endbr64 */
	DECODED("\x0f\x1f\x44\x00\x00");		     /* nop of 5 */
	DECODED("\x66\x2e\x0f\x1f\x84\x00\x00\x00\x00\x00"); /* nop of 10 */
	DECODED("\x48\x8b\x05\x11\x22\x33\x44");	     /* mov x(%rip),%rax */
	DECODED("\x65\x48\x8b\x04\x25\x28\x00\x00\x00");     /* mov %gs:0x28,%rax */
	DECODED("\x48\xb8\x11\x22\x33\x44\x55\x66\x77\x88"); /* movabs */
	DECODED("\x66\xb8\x11\x22");			     /* mov $,%ax */
	DECODED("\xb8\x11\x22\x33\x44");
	DECODED("\x66\x81\xfb\x34\x12");		     /* cmp $,%bx */
	DECODED("\x41\xf6\x84\x24\xc8\x05\x00\x00\x01");     /* testb $1,x(%r12) */
	DECODED("\xf7\xd8");				     /* neg: no immediate */
	DECODED("\xf7\xc7\x00\x02\x00\x00");		     /* test $,%edi: one */
	DECODED("\x48\xa1\x11\x22\x33\x44\x55\x66\x77\x88"); /* mov moffs */
	DECODED("\xf0\x48\x0f\xb1\x17");		     /* lock cmpxchg */
	DECODED("\x66\x0f\x3a\x22\xc0\x01");		     /* pinsrd */
	DECODED("\x0f\x20\xd8");			     /* mov %cr3,%rax */
	DECODED("\x42\x8d\x04\xad\x10\x00\x00\x00");	     /* lea with an index only */
	DECODED("\x44\x0f\xb6\x6c\x24\x0f");		     /* movzbl 0xf(%rsp),%r13d */
}

static void unknown_and_cut_off_instructions_are_refused(void **state)
{
	struct x86_insn insn;

	(void)state;
	assert_false(x86_decode((const uint8_t *)"", 0, 0, &insn));
	assert_false(
		x86_decode((const uint8_t *)"\x62\xf1\x7c\x48\x10\x00", 6, 0, &insn)); /* EVEX */
	assert_false(x86_decode((const uint8_t *)"\xc5\xf8\x77", 3, 0, &insn));	       /* VEX */
	assert_false(x86_decode((const uint8_t *)"\x06", 1, 0, &insn));
	assert_false(x86_decode((const uint8_t *)"\x66\x50", 2, 0, &insn)); /* push %ax */
	assert_false(x86_decode((const uint8_t *)"\x48\x48\x90", 3, 0, &insn));
	assert_false(x86_decode((const uint8_t *)"\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66"
						 "\x66\x66\x66\x66\x90",
				17, 0, &insn));
}

static void effects_on_the_stack_are_known(void **state)
{
	struct x86_insn i;

	(void)state;
	i = DECODED("\x53");
	assert_true(i.kind == X86_PUSH_REG && i.reg == X86_BX);
	i = DECODED("\x41\x57");
	assert_true(i.kind == X86_PUSH_REG && i.reg == X86_R15);
	i = DECODED("\x41\x5c");
	assert_true(i.kind == X86_POP_REG && i.reg == X86_R12);
	i = DECODED("\x48\x83\xec\x28");
	assert_true(i.kind == X86_ADD_SP && i.imm == -0x28);
	i = DECODED("\x48\x81\xec\x00\x01\x00\x00");
	assert_true(i.kind == X86_ADD_SP && i.imm == -0x100);
	i = DECODED("\x48\x83\xc4\x80");
	assert_true(i.kind == X86_ADD_SP && i.imm == -0x80);
	i = DECODED("\x48\x89\xe5");
	assert_true(i.kind == X86_LEA_BP_SP && i.imm == 0);
	i = DECODED("\x48\x8d\x65\xd8");
	assert_true(i.kind == X86_LEA_SP_BP && i.imm == -0x28);
	i = DECODED("\x48\x83\xe4\xf0");
	assert_int_equal(i.kind, X86_AND_SP);
	i = DECODED("\xc9");
	assert_int_equal(i.kind, X86_LEAVE);
	i = DECODED("\x4c\x89\xc4"); /* mov %r8,%rsp */
	assert_int_equal(i.kind, X86_SET_SP);
	i = DECODED("\xff\x70\x08");
	assert_int_equal(i.kind, X86_PUSH);
	i = DECODED("\xe8\x00\x01\x00\x00");
	assert_true(i.kind == X86_CALL && i.target == 0x1105);
	i = DECODED("\x74\xfe");
	assert_true(i.kind == X86_JCC && i.target == 0x1000);
	i = DECODED("\x0f\x85\xfa\xff\xff\xff");
	assert_true(i.kind == X86_JCC && i.target == 0x1000);
	i = DECODED("\xff\xe0");
	assert_true(i.kind == X86_JMP && i.target == 0);
	i = DECODED("\xc3");
	assert_int_equal(i.kind, X86_END);
}

static void written_registers_are_known(void **state)
{
	(void)state;
	assert_int_equal(DECODED("\x48\x89\xfb").writes, 1 << X86_BX); /* mov %rdi,%rbx */
	assert_int_equal(DECODED("\x48\x8b\xdf").writes, 1 << X86_BX); /* the other way round */
	assert_int_equal(DECODED("\x48\x89\x1f").writes, 0);	       /* mov %rbx,(%rdi) */
	assert_int_equal(DECODED("\x49\x89\xd4").writes, 1 << X86_R12);
	assert_int_equal(DECODED("\x48\x39\xfb").writes, 0);	   /* cmp */
	assert_int_equal(DECODED("\x48\x85\xdb").writes, 0);	   /* test */
	assert_int_equal(DECODED("\x48\x83\xfb\x01").writes, 0);   /* cmp $1,%rbx */
	assert_int_equal(DECODED("\xb7\x01").writes, 1 << X86_BX); /* mov $1,%bh */
	assert_int_equal(DECODED("\xbb\x01\x00\x00\x00").writes, 1 << X86_BX);
	assert_int_equal(DECODED("\x41\xff\xc5").writes, 1 << X86_R13);		     /* inc */
	assert_int_equal(DECODED("\x48\xf7\xfb").writes, 1 << X86_AX | 1 << X86_DX); /* idiv %rbx */
	assert_true(DECODED("\xf3\x48\x0f\xae\xcb").writes & 1 << X86_BX); /* rdgsbase %rbx */
	assert_true(DECODED("\x0f\xa2").writes & 1 << X86_BX);		   /* cpuid */
}

/* ---- saved registers ---- */

enum { FUNC = 0x10000 };

static struct saved_flow *flow_of(const char *text, size_t len)
{
	struct saved_flow *flow = saved_flow_new();
	struct saved_part part = { FUNC, (const uint8_t *)text, (uint32_t)len };

	saved_flow_run(flow, &part, 1);
	return flow;
}
#define FLOW_OF(text) flow_of(text, sizeof(text) - 1)

static void assert_slot(const struct saved_state *st, enum saved_reg reg, int offset)
{
	assert_true(st->reg[reg].how == SAVED_SLOT || st->reg[reg].how == SAVED_BOTH);
	assert_int_equal(st->reg[reg].at.base, SAVED_CFA);
	assert_int_equal(st->reg[reg].at.offset, offset);
}

static void pushed_registers_are_in_their_slots(void **state)
{
	static const char text[] = "\xf3\x0f\x1e\xfa"	  /* endbr64 */
				   "\x0f\x1f\x44\x00\x00" /* nop */
				   "\x55"		  /* push %rbp */
				   "\x48\x89\xe5"	  /* mov %rsp,%rbp */
				   "\x41\x57"		  /* push %r15 */
				   "\x53"		  /* push %rbx */
				   "\x48\x83\xec\x18"	  /* sub $0x18,%rsp */
				   "\x48\x89\xfb"	  /* mov %rdi,%rbx */
				   "\xe8\x00\x00\x01\x00" /* call */
				   "\xc9\xc3";
	struct saved_flow *flow = FLOW_OF(text);
	struct saved_state st;

	(void)state;
	assert_true(saved_flow_at(flow, FUNC + 28, true, &st));
	assert_slot(&st, SAVED_BP, -16);
	assert_slot(&st, SAVED_R15, -24);
	assert_slot(&st, SAVED_BX, -32);
	assert_int_equal(st.reg[SAVED_BX].how, SAVED_SLOT);
	assert_int_equal(st.reg[SAVED_R15].how, SAVED_BOTH);
	assert_int_equal(st.reg[SAVED_R12].how, SAVED_NOT);
	assert_int_equal(st.sp.offset, -56);
	assert_int_equal(st.bp.offset, -16);
	/* Stopped before the push of rbx: it is where it was. */
	assert_true(saved_flow_at(flow, FUNC + 15, false, &st));
	assert_int_equal(st.reg[SAVED_BX].how, SAVED_NOT);
	assert_slot(&st, SAVED_R15, -24);
	/* Not an instruction, not a call, not in the function. */
	assert_false(saved_flow_at(flow, FUNC + 14, false, &st));
	assert_false(saved_flow_at(flow, FUNC + 18, true, &st));
	assert_false(saved_flow_at(flow, FUNC - 1, false, &st));
	saved_flow_free(flow);
}

static void a_late_prologue_counts_only_where_it_was_run(void **state)
{
	static const char text[] = "\x48\x85\xff"	  /* 0 test %rdi,%rdi */
				   "\x74\x0b"		  /* 3 je 16 */
				   "\x53"		  /* 5 push %rbx */
				   "\x48\x89\xfb"	  /* 6 mov %rdi,%rbx */
				   "\xe8\x00\x00\x01\x00" /* 9 call */
				   "\x5b\xc3"		  /* 14 pop %rbx; ret */
				   "\x48\x83\xec\x18"	  /* 16 sub $0x18,%rsp */
				   "\xe8\x00\x00\x01\x00" /* 20 call */
				   "\x48\x83\xc4\x18\xc3";
	struct saved_flow *flow = FLOW_OF(text);
	struct saved_state st;

	(void)state;
	assert_true(saved_flow_at(flow, FUNC + 14, true, &st));
	assert_slot(&st, SAVED_BX, -16);
	assert_true(saved_flow_at(flow, FUNC + 25, true, &st));
	assert_int_equal(st.reg[SAVED_BX].how, SAVED_NOT);
	assert_int_equal(st.sp.offset, -32);
	saved_flow_free(flow);
}

static void what_ways_disagree_on_is_lost(void **state)
{
	static const char text[] = "\x48\x85\xff"	  /* 0 test */
				   "\x74\x05"		  /* 3 je 10 */
				   "\x53"		  /* 5 push %rbx */
				   "\x31\xdb"		  /* 6 xor %ebx,%ebx */
				   "\xeb\x04"		  /* 8 jmp 14 */
				   "\x41\x54"		  /* 10 push %r12 */
				   "\x31\xdb"		  /* 12 xor %ebx,%ebx */
				   "\xe8\x00\x00\x01\x00" /* 14 call */
				   "\xc3";
	struct saved_flow *flow = FLOW_OF(text);
	struct saved_state st;

	(void)state;
	assert_true(saved_flow_at(flow, FUNC + 19, true, &st));
	assert_int_equal(st.reg[SAVED_BX].how, SAVED_LOST);
	assert_int_equal(st.reg[SAVED_R12].how, SAVED_NOT);
	assert_int_equal(st.sp.base, SAVED_CFA); /* both pushed one */
	saved_flow_free(flow);
}

static void registers_used_without_saving_are_lost(void **state)
{
	/* As functions that never return may do. */
	static const char text[] = "\x50\x48\x89\xfb\xe8\x00\x00\x01\x00\x0f\x0b";
	struct saved_flow *flow = FLOW_OF(text);
	struct saved_state st;

	(void)state;
	assert_true(saved_flow_at(flow, FUNC + 9, true, &st));
	assert_int_equal(st.reg[SAVED_BX].how, SAVED_LOST);
	assert_int_equal(st.reg[SAVED_R13].how, SAVED_NOT);
	saved_flow_free(flow);
}

static void slots_below_an_alignment_are_counted_from_it(void **state)
{
	static const char text[] = "\x4c\x8d\x54\x24\x08"  /* 0 lea 8(%rsp),%r10 */
				   "\x48\x83\xe4\xf0"	   /* 5 and $-16,%rsp */
				   "\x41\xff\x72\xf8"	   /* 9 push -8(%r10) */
				   "\x55\x48\x89\xe5"	   /* 13 push %rbp; mov %rsp,%rbp */
				   "\x41\x54\x53"	   /* 17 push %r12; push %rbx */
				   "\x31\xdb\x45\x31\xe4"  /* 20 xor both */
				   "\xe8\x00\x00\x01\x00"; /* 25 call */
	struct saved_flow *flow = FLOW_OF(text);
	struct saved_state st;

	(void)state;
	assert_true(saved_flow_at(flow, FUNC + 30, true, &st));
	assert_int_equal(st.bp.base, SAVED_ALIGNED);
	assert_int_equal(st.reg[SAVED_BX].how, SAVED_SLOT);
	assert_int_equal(st.reg[SAVED_BX].at.base, SAVED_ALIGNED);
	assert_int_equal(st.reg[SAVED_BX].at.offset - st.bp.offset, -16);
	assert_int_equal(st.reg[SAVED_R12].at.offset - st.bp.offset, -8);
	saved_flow_free(flow);
}

static void a_cold_half_goes_on_where_the_hot_one_jumped(void **state)
{
	static const char hot[] = "\x53\x31\xdb\xe9\xf8\x0f\x00\x00"; /* push; xor; jmp +0xff8 */
	static const char cold[] = "\xe8\x00\x00\x01\x00\x0f\x0b";
	struct saved_part parts[] = {
		{ FUNC, (const uint8_t *)hot, sizeof(hot) - 1 },
		{ FUNC + 0x1000, (const uint8_t *)cold, sizeof(cold) - 1 },
	};
	struct saved_flow *flow = saved_flow_new();
	struct saved_state st;

	(void)state;
	saved_flow_run(flow, parts, 2);
	assert_true(saved_flow_at(flow, FUNC + 0x1005, true, &st));
	assert_slot(&st, SAVED_BX, -16);
	/* The cold half alone is reached from nowhere: nothing can be said of the hot one. */
	saved_flow_run(flow, parts, 1);
	assert_false(saved_flow_at(flow, FUNC + 0x1005, true, &st));
	saved_flow_free(flow);
}

static void random_code_ends(void **state)
{
	struct saved_flow *flow = saved_flow_new();
	uint8_t text[4096];
	uint64_t x = 88172645463325252ULL;

	(void)state;
	for (int round = 0; round < 300; round++) {
		struct saved_part part = { FUNC, text, sizeof(text) };

		for (size_t i = 0; i < sizeof(text); i++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			/* Many branches, pushes and pops. */
			text[i] =
				x & 0x300 ? (uint8_t)(0x50 + (x >> 40) % 0x30) : (uint8_t)(x >> 32);
		}
		saved_flow_run(flow, &part, 1);
	}
	saved_flow_free(flow);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lengths_are_right),
		cmocka_unit_test(unknown_and_cut_off_instructions_are_refused),
		cmocka_unit_test(effects_on_the_stack_are_known),
		cmocka_unit_test(written_registers_are_known),
		cmocka_unit_test(pushed_registers_are_in_their_slots),
		cmocka_unit_test(a_late_prologue_counts_only_where_it_was_run),
		cmocka_unit_test(what_ways_disagree_on_is_lost),
		cmocka_unit_test(registers_used_without_saving_are_lost),
		cmocka_unit_test(slots_below_an_alignment_are_counted_from_it),
		cmocka_unit_test(a_cold_half_goes_on_where_the_hot_one_jumped),
		cmocka_unit_test(random_code_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
