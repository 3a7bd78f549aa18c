/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finding kallsyms in the target's memory
 *
 * Two ways: by the symbols that VMCOREINFO names, and, where it names none, by the shape of the
 * tables in the kernel's image.
 */
#ifndef IQ_SYM_FIND_H
#define IQ_SYM_FIND_H

#include "sym/kallsyms.h"
#include "target/mem.h"

/*
 * Find the tables and take them. What k points at then belongs to mem. IQ_ERR_NOTFOUND: they are
 * not where VMCOREINFO says, nor anywhere in the image.
 */
struct iq_error *kallsyms_find(struct iq_mem *mem, struct kallsyms *k);

/* The two ways, for tests. */
struct iq_error *kallsyms_find_named(struct iq_mem *mem, iq_vaddr stext, struct kallsyms *k);
struct iq_error *kallsyms_find_shape(struct iq_mem *mem, iq_vaddr stext, struct kallsyms *k);

#endif
