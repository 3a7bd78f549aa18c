/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ORC tables: from a code address to what to do there
 */
#ifndef IQ_UNWIND_ORC_H
#define IQ_UNWIND_ORC_H

#include "inquest/error.h"
#include "inquest/util.h"
#include "sym/symtab.h"
#include "target/mem.h"
#include "type/types.h"

/* The kernel's numbering before 7.1; what an entry says is rewritten to it. */
enum orc_reg {
	ORC_REG_UNDEFINED,
	ORC_REG_PREV_SP,
	ORC_REG_DX,
	ORC_REG_DI,
	ORC_REG_BP,
	ORC_REG_SP,
	ORC_REG_R10,
	ORC_REG_R13,
	ORC_REG_BP_INDIRECT,
	ORC_REG_SP_INDIRECT,
	ORC_REG_AX,
	ORC_REG_BAD,
};

/* The numbering since 6.4. */
enum orc_type {
	ORC_TYPE_UNDEFINED,
	ORC_TYPE_END_OF_STACK,
	ORC_TYPE_CALL,
	ORC_TYPE_REGS,
	ORC_TYPE_REGS_PARTIAL,
};

struct orc_rule {
	int16_t sp_offset, bp_offset;
	uint8_t sp_reg, bp_reg; /* enum orc_reg */
	uint8_t type;		/* enum orc_type */
	bool signal;		/* the caller's pc is exact, not a return address */
};

/* Where the fields of an entry are, in bits of its 6 bytes, and what their values mean. */
struct orc_format {
	uint8_t sp_reg, bp_reg, type, type_bits;
	uint8_t signal, end; /* 0 where there is none */
	bool renumbered;     /* registers as since 7.1 */
	const char *version; /* "6.4": the kernel that it came with */
};

enum { ORC_ENTRY_LEN = 6 };

extern const struct orc_format orc_format_4_14, orc_format_6_3, orc_format_6_4, orc_format_7_1;

/* What an entry says, in the words above. */
struct orc_rule orc_decode(const struct orc_format *f, const uint8_t entry[ORC_ENTRY_LEN]);

struct orc_table {
	iq_vaddr text, text_end; /* what it covers; of the kernel: all that no module covers */
	iq_vaddr ip, orc;
	uint32_t num;
};

struct orc {
	struct iq_mem *mem;
	struct orc_format format;
	struct orc_table kernel;
	iq_vaddr lookup, lookup_start, lookup_stop; /* orc_lookup[], and the code that it covers */
	uint32_t num_lookup;
	IQ_VEC(struct orc_table) modules; /* sorted by text */
};

/*
 * Find the kernel's tables and their format. IQ_ERR_NOTFOUND: this kernel has none;
 * IQ_ERR_CORRUPT, IQ_ERR_FAULT: it has, but they cannot be used. Borrows mem.
 */
struct iq_error *orc_init(struct orc *orc, struct iq_mem *mem, struct iq_symtab *tab,
			  struct iq_types *types);
void orc_deinit(struct orc *orc);

/* Add a module's tables; num 0 where it has none. IQ_ERR_CORRUPT: they cannot be right. */
struct iq_error *orc_add_module(struct orc *orc, iq_vaddr text, uint64_t text_len, iq_vaddr ip,
				iq_vaddr entries, uint32_t num);

/* Is pc in a module's text? */
bool orc_in_module(const struct orc *orc, iq_vaddr pc);

/* The rule for pc. False: no table covers it, or it cannot be read. */
bool orc_find(const struct orc *orc, iq_vaddr pc, struct orc_rule *rule_ret);

#endif
