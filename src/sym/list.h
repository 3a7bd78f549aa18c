/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A list of symbols that is held in memory of our own: a module's, those of
 * /proc/kallsyms, those that a test made. By address and by name.
 */
#ifndef IQ_SYM_LIST_H
#define IQ_SYM_LIST_H

#include "inquest/sym.h"
#include "inquest/util.h"

struct symlist_entry {
	iq_vaddr addr;
	const char *name; /* borrowed */
	uint32_t order;	  /* as it was added */
	char kind;
};

struct symlist {
	IQ_VEC(struct symlist_entry) syms;
	uint32_t *index; /* of names: entry + 1, 0: empty */
	uint32_t mask;
};

void symlist_add(struct symlist *l, iq_vaddr addr, char kind, const char *name);
/* Sort and index; once, after the last add. */
void symlist_finish(struct symlist *l);
void symlist_deinit(struct symlist *l);

/*
 * The last symbol that is not above addr; of several at one address the first added. Symbols that
 * compilers and assemblers leave behind ("$x", ".L1") do not count. False: none.
 */
bool symlist_by_addr(const struct symlist *l, iq_vaddr addr, size_t *i_ret);

/* The lowest symbol with this name. */
bool symlist_by_name(const struct symlist *l, const char *name, size_t *i_ret);

/* What lies between symbol i and the next distinct address that is below end; to end if there is
 * none. */
uint64_t symlist_size(const struct symlist *l, size_t i, iq_vaddr end);

#endif
