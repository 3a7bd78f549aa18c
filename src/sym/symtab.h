/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The symbols of one kernel and of its modules
 */
#ifndef IQ_SYM_SYMTAB_H
#define IQ_SYM_SYMTAB_H

#include "inquest/error.h"
#include "inquest/sym.h"
#include "target/mem.h"

struct iq_symtab;

/*
 * Find the kernel's symbols: its kallsyms tables in memory; on a live target where that fails,
 * /proc/kallsyms. mem must outlive the table. Names are decoded when they are asked for.
 * IQ_ERR_NOTFOUND, IQ_ERR_CORRUPT: this kernel's symbols cannot be had.
 */
struct iq_error *iq_symtab_new(struct iq_mem *mem, struct iq_symtab **tab_ret);
void iq_symtab_free(struct iq_symtab *tab);

/*
 * A table of given symbols, for tests and for /proc/kallsyms: copied; in any order, of which those
 * at one address keep theirs. Symbols with a module make up that module.
 */
struct iq_error *iq_symtab_new_list(struct iq_mem *mem, const struct iq_sym *syms, size_t num,
				    struct iq_symtab **tab_ret);

/*
 * A symbol by name, as iq_sym_by_name() in inquest/sym.h says: the kernel's, then the modules' in
 * the order in which they were added. "module`name" looks in that module, "vmlinux`name" in the
 * kernel only.
 */
struct iq_error *iq_symtab_by_name(struct iq_symtab *tab, const char *name, struct iq_sym *sym_ret);

/* The symbol that covers addr, as iq_sym_by_addr() says. */
struct iq_error *iq_symtab_by_addr(struct iq_symtab *tab, iq_vaddr addr, struct iq_sym *sym_ret);

/* Is addr in the kernel's code (that of its start left out, which is given away later) or a
 * module's? */
bool iq_symtab_is_text(struct iq_symtab *tab, iq_vaddr addr);

/* A module: where it is in memory, and where its symbols are. Its symbols are read when first
 * needed. */
struct iq_symtab_module {
	const char *name;
	struct iq_symtab_range {
		iq_vaddr start;
		uint64_t len;
		bool text;
	} ranges[8];
	size_t num_ranges;
	iq_vaddr symtab; /* Elf64_Sym[num_syms] in the target; 0: it has none */
	uint32_t num_syms;
	iq_vaddr strtab;
	iq_vaddr typetab; /* nm's letter of each; 0 where the kernel does not keep them */
};
/* IQ_ERR_INVALID: it overlaps with another. */
struct iq_error *iq_symtab_add_module(struct iq_symtab *tab, const struct iq_symtab_module *module);

/* The i-th module, or NULL; borrowed until the next is added. */
const struct iq_symtab_module *iq_symtab_module_at(const struct iq_symtab *tab, size_t i);

/* The module that addr is in, or NULL; borrowed. */
const char *iq_symtab_module_of(struct iq_symtab *tab, iq_vaddr addr);

/* As iq_sym_foreach() in inquest/sym.h. */
void iq_symtab_foreach(struct iq_symtab *tab, iq_sym_fn fn, void *ctx);

/* What there is, for doctor and statistics. */
struct iq_symtab_stats {
	const char *source; /* "memory", "/proc/kallsyms", "list" */
	const char
		*encoding; /* of addresses: "percpu-absolute", "relative", "place-relative", "" */
	size_t num_syms;   /* of the kernel */
	bool sorted_names; /* the kernel brings an order of names */
	size_t num_modules, num_modules_read, num_modules_broken;
};
struct iq_symtab_stats iq_symtab_stats(const struct iq_symtab *tab);

#endif
