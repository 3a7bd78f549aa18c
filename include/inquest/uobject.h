/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a process runs: its program and libraries, their symbols, its stack in user mode
 *
 * All of it is read from the process's memory and the page cache, never from files, and belongs to
 * the address space (struct iq_uspace). What is not present is missing: an object without symbols,
 * a stack that ends early. None of this has errors.
 */
#ifndef INQUEST_UOBJECT_H
#define INQUEST_UOBJECT_H

#include "inquest/stack.h"
#include "inquest/uspace.h"

/* A mapped ELF object. */
struct iq_uobject {
	const char *path; /* "/usr/bin/cat", "[vdso]" */
	uint64_t start, end;
	uint64_t bias;			 /* between its addresses and those of the process */
	uint64_t eh_frame, eh_frame_len; /* .eh_frame_hdr in the process, or, not sorted, .eh_frame;
					    0: it has none */
	bool eh_frame_sorted;
	uint64_t dynamic; /* 0 */
	iq_vaddr file;
	void *symbols;
};

/* By address; read when first asked for; borrowed. */
const struct iq_uobject *iq_uspace_objects(struct iq_uspace *us, size_t *num_ret);
/* The one that addr is in; NULL. */
const struct iq_uobject *iq_uspace_object_of(struct iq_uspace *us, uint64_t addr);

struct iq_usym {
	const char *name; /* borrowed from the address space */
	const struct iq_uobject *object;
	uint64_t addr, size;
};

/*
 * Out of .dynsym, and .symtab as far as its pages are in the page cache. By name: "name", or
 * "libc.so.6`name".
 */
bool iq_uspace_sym_by_addr(struct iq_uspace *us, uint64_t addr, struct iq_usym *sym_ret);
bool iq_uspace_sym_by_name(struct iq_uspace *us, const char *name, struct iq_usym *sym_ret);

enum iq_uframe_by { IQ_UFRAME_REGS, IQ_UFRAME_CFI, IQ_UFRAME_FP };

struct iq_uframe {
	uint64_t pc, sp, bp;
	struct iq_regs regs;
	enum iq_uframe_by by; /* how it was found: FP is a guess */
};

/* Unwind a stack of user mode from these registers; how many frames were found. */
size_t iq_uspace_unwind(struct iq_uspace *us, const struct iq_regs *regs, struct iq_uframe *frames,
			size_t max);

#endif
