/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A made kernel, as far as stacks go: code, symbols, ORC tables, a stack
 *
 *	struct made m;
 *	made_init(&m, &orc_format_6_4);
 *	f = made_func(&m, "f", "\x53\x90", 2);
 *	made_rule(&m, f, ORC_TYPE_CALL, ORC_REG_SP, 8, ORC_REG_UNDEFINED, 0);
 *	made_done(&m);
 *	iq_unwind(m.u, ...);
 *	made_deinit(&m);
 */
#ifndef IQ_TESTS_UNIT_MADE_ORC_H
#define IQ_TESTS_UNIT_MADE_ORC_H

#include "inquest/util.h"
#include "target/fake.h"
#include "unwind/orc.h"
#include "unwind/unwind.h"

#define MADE_TEXT      0xffffffff81000000ULL
#define MADE_TEXT_END  0xffffffff81010000ULL
#define MADE_ORC_IP    0xffffffff82000000ULL
#define MADE_ORC       0xffffffff82100000ULL
#define MADE_LOOKUP    0xffffffff82200000ULL
#define MADE_HEADER    0xffffffff82300000ULL
#define MADE_STACK     0xffffc90000010000ULL
#define MADE_STACK_END (MADE_STACK + 0x4000)

struct made_entry {
	iq_vaddr pc;
	uint8_t bytes[ORC_ENTRY_LEN];
};

struct made {
	const struct orc_format *format;
	struct iq_target *target;
	struct iq_mem *mem;
	struct iq_symtab *tab;
	struct iq_unwinder *u;
	struct iq_arena *arena;
	IQ_VEC(struct iq_sym) syms;
	IQ_VEC(struct made_entry) entries; /* to be added in order of pc */
	iq_vaddr next_func, sp;
};

/* An entry as the format has it. */
static inline void made_encode(const struct orc_format *f, enum orc_type type, enum orc_reg sp_reg,
			       int sp_offset, enum orc_reg bp_reg, int bp_offset,
			       uint8_t bytes[ORC_ENTRY_LEN])
{
	static const uint8_t new_numbers[] = {
		[ORC_REG_UNDEFINED] = 0,   [ORC_REG_PREV_SP] = 8, [ORC_REG_DX] = 2,
		[ORC_REG_DI] = 5,	   [ORC_REG_BP] = 4,	  [ORC_REG_SP] = 3,
		[ORC_REG_R10] = 6,	   [ORC_REG_R13] = 7,	  [ORC_REG_BP_INDIRECT] = 10,
		[ORC_REG_SP_INDIRECT] = 9, [ORC_REG_AX] = 1,
	};
	uint64_t sp = f->renumbered ? new_numbers[sp_reg] : sp_reg;
	uint64_t bp = f->renumbered ? new_numbers[bp_reg] : bp_reg;
	uint64_t word = (uint16_t)sp_offset | (uint64_t)(uint16_t)bp_offset << 16;

	if (f->type_bits < 3) {
		if (type <= ORC_TYPE_END_OF_STACK)
			sp = 0;
		if (type == ORC_TYPE_END_OF_STACK)
			word |= 1ULL << f->end;
		if (type >= ORC_TYPE_CALL)
			word |= (uint64_t)(type - ORC_TYPE_CALL) << f->type;
	} else {
		word |= (uint64_t)type << f->type;
	}
	if (f->signal && type >= ORC_TYPE_REGS)
		word |= 1ULL << f->signal;
	word |= sp << f->sp_reg | bp << f->bp_reg;
	for (unsigned i = 0; i < ORC_ENTRY_LEN; i++)
		bytes[i] = (uint8_t)(word >> (8 * i));
}

static inline void made_sym(struct made *m, const char *name, iq_vaddr addr, char kind)
{
	iq_vec_push(&m->syms, (struct iq_sym){ .name = name, .addr = addr, .kind = kind });
}

static inline void made_init(struct made *m, const struct orc_format *format)
{
	*m = (struct made){ .format = format, .next_func = MADE_TEXT, .sp = MADE_STACK_END };
	m->target = iq_fake_new();
	m->arena = iq_arena_new();
	made_sym(m, "_stext", MADE_TEXT, 'T');
	made_sym(m, "_etext", MADE_TEXT_END, 'T');
	iq_fake_add_pages(m->target, MADE_TEXT, MADE_TEXT_END - MADE_TEXT);
	iq_fake_add_pages(m->target, MADE_STACK, MADE_STACK_END - MADE_STACK);
}

/* A function of 256 bytes that begins with these. */
static inline iq_vaddr made_func(struct made *m, const char *name, const char *code, size_t len)
{
	iq_vaddr addr = m->next_func;

	made_sym(m, name, addr, 'T');
	iq_fake_write(m->target, addr, code, len);
	m->next_func += 256;
	return addr;
}

static inline void made_rule(struct made *m, iq_vaddr pc, enum orc_type type, enum orc_reg sp_reg,
			     int sp_offset, enum orc_reg bp_reg, int bp_offset)
{
	struct made_entry e = { .pc = pc };

	made_encode(m->format, type, sp_reg, sp_offset, bp_reg, bp_offset, e.bytes);
	iq_vec_push(&m->entries, e);
}

static inline void made_write_tables(struct made *m, iq_vaddr ip, iq_vaddr orc, size_t first,
				     size_t num)
{
	for (size_t i = 0; i < num; i++) {
		const struct made_entry *e = &m->entries.data[first + i];

		iq_fake_write_u32(m->target, ip + i * 4, (uint32_t)(e->pc - (ip + i * 4)));
		iq_fake_write(m->target, orc + i * ORC_ENTRY_LEN, e->bytes, ORC_ENTRY_LEN);
	}
}

/* orc_lookup[] as the kernel makes it when it starts. */
static inline void made_write_lookup(struct made *m)
{
	uint32_t found = 0;

	made_sym(m, "orc_lookup", MADE_LOOKUP, 'B');
	for (uint32_t i = 0; i <= (MADE_TEXT_END - MADE_TEXT) / 256; i++) {
		while (found + 1 < m->entries.num &&
		       m->entries.data[found + 1].pc <= MADE_TEXT + i * 256)
			found++;
		iq_fake_write_u32(m->target, MADE_LOOKUP + i * 4, found);
	}
	made_sym(m, "orc_lookup_end", MADE_LOOKUP + ((MADE_TEXT_END - MADE_TEXT) / 256 + 1) * 4,
		 'B');
}

static inline void made_open(struct made *m)
{
	struct iq_error *err = iq_mem_new(m->target, &m->mem);

	if (!err)
		err = iq_symtab_new_list(m->mem, m->syms.data, m->syms.num, &m->tab);
	if (!err)
		err = iq_unwinder_new(m->mem, m->tab, NULL, &m->u);
	if (err)
		abort();
}

static inline void made_done(struct made *m)
{
	/* The end of what the table covers. */
	if (m->entries.num)
		made_rule(m, MADE_TEXT_END, ORC_TYPE_UNDEFINED, ORC_REG_UNDEFINED, 0,
			  ORC_REG_UNDEFINED, 0);
	made_write_tables(m, MADE_ORC_IP, MADE_ORC, 0, m->entries.num);
	if (m->entries.num) {
		made_sym(m, "__start_orc_unwind_ip", MADE_ORC_IP, 'R');
		made_sym(m, "__stop_orc_unwind_ip", MADE_ORC_IP + m->entries.num * 4, 'R');
		made_sym(m, "__start_orc_unwind", MADE_ORC, 'R');
		made_sym(m, "__stop_orc_unwind", MADE_ORC + m->entries.num * ORC_ENTRY_LEN, 'R');
		made_write_lookup(m);
	}
	made_open(m);
}

static inline void made_deinit(struct made *m)
{
	iq_unwinder_free(m->u);
	iq_symtab_free(m->tab);
	iq_mem_free(m->mem);
	iq_target_close(m->target);
	iq_arena_free(m->arena);
	iq_vec_free(&m->syms);
	iq_vec_free(&m->entries);
}

/* Grow the stack downwards; the address of the word. */
static inline iq_vaddr made_push(struct made *m, uint64_t word)
{
	m->sp -= 8;
	iq_fake_write_u64(m->target, m->sp, word);
	return m->sp;
}

/* What a task leaves there when it is switched out, to go on at pc. */
static inline void made_switch(struct made *m, iq_vaddr pc, uint64_t bp, uint64_t bx)
{
	made_push(m, pc);
	made_push(m, bp);
	made_push(m, bx);
	for (int i = 12; i <= 15; i++)
		made_push(m, (uint64_t)i * 0x1111);
}

struct made_pt_regs {
	uint64_t r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax;
	uint64_t ip, cs, flags, sp, ss;
};

static inline iq_vaddr made_pt_regs(struct made *m, const struct made_pt_regs *regs)
{
	m->sp -= sizeof(*regs);
	iq_fake_write(m->target, m->sp, regs, sizeof(*regs));
	return m->sp;
}

static inline struct iq_stack made_unwind(struct made *m, bool user_task)
{
	struct iq_unwind_start start = { .sp = m->sp,
					 .stack = MADE_STACK,
					 .stack_end = MADE_STACK_END,
					 .user_task = user_task };
	struct iq_stack stack;

	if (iq_unwind(m->u, &start, m->arena, &stack))
		abort();
	return stack;
}

#endif
