/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Following values through functions: machine code of our own making, assembled into this test
 */
#include "test.h"

#include <string.h>

#include "args/flow.h"
#include "unwind/x86.h"

/* Each function ends where the next begins; labels "at_NAME" stand behind calls. */
__asm__(".text\n"
	/* keeps its arguments, and passes one on */
	"fn_keeps: push %rbp\n push %rbx\n mov %rdi,%rbx\n lea 8(%rsi),%rbp\n mov $5,%esi\n"
	" mov %edx,%edx\n mov %rbp,%rcx\n call callee\n at_keeps: pop %rbx\n pop %rbp\n ret\n"
	/* one way overwrites the register, the other does not */
	"fn_either: push %rbx\n mov %rdi,%rbx\n test %rsi,%rsi\n je 1f\n mov %rsi,%rbx\n"
	"1: mov %rbx,%rdi\n mov %rdi,%rsi\n call callee\n at_either: pop %rbx\n ret\n"
	/* a register that each round of a loop changes, and one that it does not */
	"fn_loop: push %rbx\n push %r12\n push %r13\n mov %rdi,%rbx\n mov %rsi,%r12\n"
	"1: mov %rbx,%r13\n mov (%rbx),%rbx\n test %rbx,%rbx\n je 2f\n mov %rbx,%rdi\n mov "
	"%r12,%rsi\n"
	" mov %r13,%rdx\n call callee\n at_loop: jmp 1b\n 2: pop %r13\n pop %r12\n pop %rbx\n ret\n"
	/* a slot below what is given away, and one above */
	"fn_slots: sub $0xa0,%rsp\n mov %rdi,8(%rsp)\n mov %rsi,0x98(%rsp)\n lea 0x80(%rsp),%rdi\n"
	" mov 8(%rsp),%rdx\n mov 0x98(%rsp),%rcx\n call callee\n at_slots: add $0xa0,%rsp\n ret\n"
	/* what a call may change is not the argument any more */
	"fn_lost: push %rbx\n mov %rdi,%rbx\n call callee\n xor %ebx,%ebx\n call callee\n"
	"at_lost: pop %rbx\n ret\n"
	/* a table of jumps: ways that cannot be seen */
	"fn_table: push %rbx\n mov %rdi,%rbx\n jmp *16(,%rsi,8)\n call callee\n at_table: "
	"ret\n"
	/* called by a pointer out of a table that its argument points to */
	"fn_pointer: push %rbx\n mov %rdi,%rbx\n mov 0x28(%rdi),%rax\n mov 0x10(%rax),%rax\n"
	" call *%rax\n at_pointer: pop %rbx\n ret\n"
	/* a narrow argument, widened */
	"fn_narrow: push %rbx\n movslq %esi,%rbx\n mov %ebx,%edi\n call callee\n at_narrow: pop "
	"%rbx\n"
	" ret\n"
	/* put back, and an early way out */
	"fn_early: test %rdi,%rdi\n je 1f\n push %r12\n mov %rdi,%r12\n call callee\n at_early:\n"
	" mov %r12,%rdi\n pop %r12\n 1: ret\n"
	"callee: ret\n fn_end: nop\n");

#define CODE(name) extern const uint8_t name[]
CODE(fn_keeps);
CODE(fn_either);
CODE(fn_loop);
CODE(fn_slots);
CODE(fn_lost);
CODE(fn_table);
CODE(fn_pointer);
CODE(fn_narrow);
CODE(fn_early);
CODE(callee);
CODE(fn_end);
CODE(at_keeps);
CODE(at_either);
CODE(at_loop);
CODE(at_slots);
CODE(at_lost);
CODE(at_table);
CODE(at_pointer);
CODE(at_narrow);
CODE(at_early);

static bool read_code(void *ctx, iq_vaddr addr, void *buf, size_t len)
{
	(void)ctx;
	memcpy(buf, (const void *)(uintptr_t)addr, len);
	return true;
}

static bool no_part(void *ctx, iq_vaddr addr, iq_vaddr *start_ret, uint64_t *len_ret)
{
	(void)ctx, (void)addr, (void)start_ret, (void)len_ret;
	return false;
}

static iq_vaddr no_fixup(void *ctx, iq_vaddr pc, uint16_t *writes_ret)
{
	(void)ctx, (void)pc, (void)writes_ret;
	return 0;
}

static uint16_t usual_clobbers(void *ctx, iq_vaddr target, uint16_t usual)
{
	(void)ctx, (void)target;
	return usual;
}

static uint8_t no_thunk(void *ctx, iq_vaddr target)
{
	(void)ctx, (void)target;
	return INSN_NO_REG;
}

static const struct flow_source source = { read_code, no_part, no_fixup,    usual_clobbers,
					   no_thunk,  NULL,    { { 0 }, 0 } };

static struct flow *flow;
static struct flow_state st;
static struct flow_call call;

static bool follow(const uint8_t *func, const uint8_t *end, const uint8_t *at)
{
	return flow_run(flow, &source, (uintptr_t)func, (uint64_t)(end - func)) &&
	       flow_at(flow, (uintptr_t)at, true, &st, &call);
}

#define assert_value(v, i, e, a)                                                                   \
	do {                                                                                       \
		struct value _v = (v);                                                             \
		assert_int_equal(_v.id, i);                                                        \
		assert_int_equal(_v.ext, e);                                                       \
		assert_int_equal(_v.add, a);                                                       \
	} while (0)

static bool slot_holds(uint32_t id, int32_t *offset_ret)
{
	for (unsigned i = 0; i < st.num_slots; i++) {
		if (st.slots[i].value.id == id) {
			*offset_ret = st.slots[i].offset;
			return true;
		}
	}
	return false;
}

static void moves_and_constants_are_followed_to_the_call(void **state)
{
	int32_t offset;

	(void)state;
	assert_true(follow(fn_keeps, fn_either, at_keeps));
	assert_value(st.regs[X86_DI], VALUE_ENTRY + X86_DI, EXT_NONE, 0);
	assert_value(st.regs[X86_BX], VALUE_ENTRY + X86_DI, EXT_NONE, 0);
	assert_value(st.regs[X86_BP], VALUE_ENTRY + X86_SI, EXT_NONE, 8);
	assert_value(st.regs[X86_CX], VALUE_ENTRY + X86_SI, EXT_NONE, 8);
	assert_value(st.regs[X86_SI], VALUE_CONST, EXT_NONE, 5);
	assert_value(st.regs[X86_DX], VALUE_ENTRY + X86_DX, EXT_U32, 0);
	assert_value(st.regs[X86_SP], VALUE_FRAME, EXT_NONE, -16);
	assert_true(slot_holds(VALUE_ENTRY + X86_BX, &offset));
	assert_int_equal(offset, -16);
	assert_int_equal(call.target, (uintptr_t)callee);
}

static void where_ways_meet_only_what_agrees_is_known(void **state)
{
	(void)state;
	assert_true(follow(fn_either, fn_loop, at_either));
	assert_true(st.regs[X86_BX].id >= VALUE_DEFINED);
	assert_int_equal(st.regs[X86_DI].id, st.regs[X86_BX].id);
	assert_int_equal(st.regs[X86_SI].id, st.regs[X86_BX].id);
}

static void what_a_loop_changes_is_not_what_it_was(void **state)
{
	(void)state;
	assert_true(follow(fn_loop, fn_slots, at_loop));
	assert_int_equal(st.regs[X86_DI].id, st.regs[X86_BX].id);
	assert_value(st.regs[X86_SI], VALUE_ENTRY + X86_SI, EXT_NONE, 0);
	assert_int_equal(st.regs[X86_DX].id, st.regs[X86_R13].id);
	assert_int_not_equal(st.regs[X86_BX].id, st.regs[X86_R13].id);
	assert_int_not_equal(st.regs[X86_BX].id, VALUE_ENTRY + X86_DI);
}

static void slots_that_others_may_write_to_do_not_count(void **state)
{
	int32_t offset;

	(void)state;
	assert_true(follow(fn_slots, fn_lost, at_slots));
	assert_value(st.regs[X86_DX], VALUE_ENTRY + X86_DI, EXT_NONE, 0);
	assert_true(slot_holds(VALUE_ENTRY + X86_DI, &offset));
	assert_int_equal(offset, 8 - 0xa0);
	assert_false(slot_holds(VALUE_ENTRY + X86_SI, &offset));
	assert_true(st.regs[X86_CX].id >= VALUE_DEFINED);
	assert_value(st.regs[X86_DI], VALUE_FRAME, EXT_NONE, 0x80 - 0xa0);
}

static void what_a_call_may_change_is_lost(void **state)
{
	(void)state;
	assert_true(follow(fn_lost, fn_table, at_lost));
	assert_value(st.regs[X86_BX], VALUE_CONST, EXT_NONE, 0);
	assert_true(st.regs[X86_DI].id >= VALUE_DEFINED);
}

static void functions_with_tables_of_jumps_are_left_alone(void **state)
{
	(void)state;
	assert_false(follow(fn_table, fn_pointer, at_table));
}

static void pointers_that_are_called_are_traced_to_where_they_came_from(void **state)
{
	(void)state;
	assert_true(follow(fn_pointer, fn_narrow, at_pointer));
	assert_true(call.indirect);
	assert_value(call.base, VALUE_ENTRY + X86_DI, EXT_NONE, 0);
	assert_int_equal(call.num_loads, 2);
	assert_int_equal(call.loads[0], 0x28);
	assert_int_equal(call.loads[1], 0x10);
}

static void narrow_values_keep_how_they_were_widened(void **state)
{
	(void)state;
	assert_true(follow(fn_narrow, fn_early, at_narrow));
	assert_value(st.regs[X86_BX], VALUE_ENTRY + X86_SI, EXT_S32, 0);
	assert_true(st.regs[X86_DI].id >= VALUE_DEFINED || st.regs[X86_DI].ext == EXT_U32);
}

static void early_ways_out_do_not_disturb(void **state)
{
	(void)state;
	assert_true(follow(fn_early, callee, at_early));
	assert_value(st.regs[X86_R12], VALUE_ENTRY + X86_DI, EXT_NONE, 0);
}

static void cut_off_code_says_nothing_or_less(void **state)
{
	(void)state;
	for (const uint8_t *end = fn_keeps; end < fn_end; end++)
		for (const uint8_t *start = fn_keeps; start <= end; start += 3)
			(void)follow(start, end, at_keeps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moves_and_constants_are_followed_to_the_call),
		cmocka_unit_test(where_ways_meet_only_what_agrees_is_known),
		cmocka_unit_test(what_a_loop_changes_is_not_what_it_was),
		cmocka_unit_test(slots_that_others_may_write_to_do_not_count),
		cmocka_unit_test(what_a_call_may_change_is_lost),
		cmocka_unit_test(functions_with_tables_of_jumps_are_left_alone),
		cmocka_unit_test(pointers_that_are_called_are_traced_to_where_they_came_from),
		cmocka_unit_test(narrow_values_keep_how_they_were_widened),
		cmocka_unit_test(early_ways_out_do_not_disturb),
		cmocka_unit_test(cut_off_code_says_nothing_or_less),
	};
	int status;

	flow = flow_new();
	status = cmocka_run_group_tests(tests, NULL, NULL);
	flow_free(flow);
	return status;
}
