/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Loaded modules: where they are, and where their symbols, types and unwind tables are
 */
#ifndef IQ_KERNEL_MODULES_H
#define IQ_KERNEL_MODULES_H

#include "inquest/error.h"
#include "sym/symtab.h"
#include "target/mem.h"
#include "type/types.h"

/* A module's ORC tables (struct module.arch); addresses in the target. */
struct iq_module_orc {
	const char *name; /* good during the call */
	iq_vaddr text;
	uint64_t text_len;
	iq_vaddr orc_ip; /* int32_t[num] */
	iq_vaddr orc;	 /* struct orc_entry[num] */
	uint32_t num;
};

typedef void (*iq_module_orc_fn)(void *ctx, const struct iq_module_orc *orc);

/*
 * Walk the kernel's list of modules, add each to tab, and tell fn of its ORC tables. Its symbols
 * are read when tab first needs them; types asks for all modules' BTF when a type is missing from
 * the kernel's own. mem and tab must outlive types. A module that is just appearing or going away
 * is left out. IQ_ERR_NOTFOUND: a kernel without modules; other errors: the list broke off, and
 * what came before is there.
 */
struct iq_error *iq_modules_load(struct iq_mem *mem, struct iq_symtab *tab, struct iq_types *types,
				 iq_module_orc_fn fn, void *ctx);

#endif
