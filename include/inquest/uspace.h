/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The memory of a process
 *
 * Read by its page tables, without its mmap_lock and without paging anything in. What is not
 * present there may still be in the page cache of the file that is mapped; what was swapped out, or
 * never touched, cannot be read.
 *
 * Kernel: include/linux/mm_types.h (mm_struct, vm_area_struct), lib/maple_tree.c.
 */
#ifndef INQUEST_USPACE_H
#define INQUEST_USPACE_H

#include "inquest/session.h"

enum { IQ_VM_READ = 1, IQ_VM_WRITE = 2, IQ_VM_EXEC = 4, IQ_VM_SHARED = 8 };

struct iq_vma {
	iq_vaddr addr; /* vm_area_struct */
	uint64_t start, end;
	uint64_t flags;	 /* vm_flags */
	uint64_t offset; /* of start, in the file, in bytes */
	iq_vaddr file;	 /* 0: none */
};

struct iq_uspace;

/*
 * The address space of an mm_struct, as it is now; iq_uspace_free(). IQ_ERR_CORRUPT: that is no
 * mm_struct. A list of mappings that breaks off is used as far as it goes.
 */
struct iq_error *iq_uspace_new(struct iq_session *s, iq_vaddr mm, struct iq_uspace **us_ret);
void iq_uspace_free(struct iq_uspace *us);

/* Mappings by address; borrowed. */
const struct iq_vma *iq_uspace_vmas(const struct iq_uspace *us, size_t *num_ret);
/* The one that addr is in, or NULL. */
const struct iq_vma *iq_uspace_find(const struct iq_uspace *us, uint64_t addr);
/* The path of the file that is mapped, "[heap]", "[stack]", "[vdso]", "" where there is no name. */
const char *iq_uspace_vma_name(struct iq_uspace *us, const struct iq_vma *vma);

/* All of it or IQ_ERR_FAULT with the first address that is not there. */
struct iq_error *iq_uspace_read(struct iq_uspace *us, uint64_t addr, void *buf, size_t len);
bool iq_uspace_peek(struct iq_uspace *us, uint64_t addr, void *buf, size_t len);
/* Read a mapped file at an offset, as far as its pages are in memory. */
bool iq_uspace_peek_file(struct iq_uspace *us, iq_vaddr file, uint64_t offset, void *buf,
			 size_t len);

iq_vaddr iq_uspace_mm(const struct iq_uspace *us);
struct iq_session *iq_uspace_session(const struct iq_uspace *us);

#endif
