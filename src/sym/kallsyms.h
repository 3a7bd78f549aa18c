/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's own table of its symbols, decoded
 *
 * For the files of this folder; everybody else asks sym/symtab.h.
 */
#ifndef IQ_SYM_KALLSYMS_H
#define IQ_SYM_KALLSYMS_H

#include "inquest/error.h"
#include "inquest/util.h"

enum {
	KALLSYMS_NAME_MAX = 1024, /* twice the kernel's KSYM_NAME_LEN */
	KALLSYMS_MAX_SYMS = 1 << 23,
	KALLSYMS_TOKENS = 256,
};

/* How an entry of kallsyms_offsets becomes an address; see kallsyms.c. */
enum kallsyms_encoding {
	KALLSYMS_UNKNOWN,
	KALLSYMS_PERCPU_ABSOLUTE,
	KALLSYMS_RELATIVE,
	KALLSYMS_PLACE,
};

/* Where the tables are in this process. All borrowed. */
struct kallsyms_tables {
	const uint8_t *names;
	size_t names_len;
	uint32_t num;
	const uint8_t *markers; /* (num + 255) / 256 times 4 bytes, or NULL: to be counted */
	bool need_markers;	/* without them, or if they do not hold, it is no table */
	const uint8_t *token_table;
	size_t token_table_len;
	const uint8_t *token_index; /* 256 times 2 bytes */
	const uint8_t *offsets;	    /* num times 4 bytes */
	iq_vaddr offsets_addr;	    /* where they are in the target */
	bool has_base;
	uint64_t relative_base;
};

struct kallsyms {
	struct kallsyms_tables t;
	enum kallsyms_encoding encoding;
	bool damaged; /* some names are not to be read */
	uint32_t *markers;
	struct kallsyms_token {
		const char *str;
		size_t len;
		uint64_t hash, power; /* for the index of names */
		uint64_t
			first_hash; /* of all but the first character, which is the symbol's kind */
	} tokens[KALLSYMS_TOKENS];
	const uint8_t *seqs; /* num times 3 bytes, or NULL */
	uint32_t *index;     /* of names; made when first needed */
	uint32_t index_mask;
};

/*
 * Take the tables and check what can be checked cheaply. stext: the address of _stext, from which
 * the encoding is told. IQ_ERR_CORRUPT.
 */
struct iq_error *kallsyms_init(struct kallsyms *k, const struct kallsyms_tables *tables,
			       iq_vaddr stext);
void kallsyms_deinit(struct kallsyms *k);

/* Use these num times 3 bytes as the order of names, if that is what they are. Borrowed. */
bool kallsyms_use_seqs(struct kallsyms *k, const uint8_t *seqs);

/* The n-th symbol's name into buf (of KALLSYMS_NAME_MAX) and its kind. False: the table is broken
 * there. */
bool kallsyms_name(const struct kallsyms *k, uint32_t n, char *buf, char *kind_ret);
/* The same at an offset into the names; *off is moved on to the next symbol. For walking all. */
bool kallsyms_name_next(const struct kallsyms *k, size_t *off, char *buf, char *kind_ret);

/* The n-th symbol's address. */
iq_vaddr kallsyms_addr(const struct kallsyms *k, uint32_t n);

/* The last symbol that is not above addr, and of several at one address the first. False: none. */
bool kallsyms_by_addr(const struct kallsyms *k, iq_vaddr addr, uint32_t *n_ret);

/* The number of the first symbol above addr; the number of symbols if there is none. */
uint32_t kallsyms_above(const struct kallsyms *k, iq_vaddr addr);

/* The first symbol with this name. Makes an index where there is no order of names. */
bool kallsyms_by_name(struct kallsyms *k, const char *name, uint32_t *n_ret);

/* For the search by shape: pass over one name at *off; false where it does not fit in len bytes. */
bool kallsyms_skip(const uint8_t *names, size_t len, size_t *off);

#endif
