/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The symbols of one loaded module
 *
 * Read when first asked for, and kept: the list and its strings belong to the struct. A module
 * whose symbols cannot be read has an empty list.
 */
#ifndef IQ_SYM_MODSYM_H
#define IQ_SYM_MODSYM_H

#include "sym/list.h"
#include "sym/symtab.h"

struct modsym {
	struct iq_symtab_module desc; /* its name is ours */
	bool done;		      /* symbols were read, or cannot be */
	bool broken;
	struct symlist list;
	char *strings;
};

/* The module's symbols, read now if they were not. */
const struct symlist *modsym_list(struct modsym *m, struct iq_mem *mem);
void modsym_deinit(struct modsym *m);

#endif
