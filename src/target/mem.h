/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory as the kernel sees it
 *
 * struct iq_mem reads kernel and user virtual memory of a target: through the
 * target's own segments where it has them, else by walking page tables; with a
 * cache of pages on live targets and a small translation cache everywhere.
 */
#ifndef IQ_TARGET_MEM_H
#define IQ_TARGET_MEM_H

#include "target/target.h"

struct iq_mem;

/*
 * Memory over a target that stays the caller's. Finds the kernel's page table (VMCOREINFO's
 * swapper_pg_dir/init_top_pgt with phys_base; 4 or 5 levels). IQ_ERR_NOTFOUND with a message
 * for the user where a dump has no VMCOREINFO, neither as a note nor in memory.
 */
struct iq_error *iq_mem_new(struct iq_target *t, struct iq_mem **mem_ret);
void iq_mem_free(struct iq_mem *mem);

/* Read kernel memory; all of it or IQ_ERR_FAULT with the first address that is not there. */
struct iq_error *iq_mem_read(struct iq_mem *mem, iq_vaddr va, void *buf, size_t len);

/*
 * The same past the cache of pages, for what must be as it is now (translations may still be
 * cached ones). Reads of a page or more are always such.
 */
struct iq_error *iq_mem_read_fresh(struct iq_mem *mem, iq_vaddr va, void *buf, size_t len);

/* The same as iq_mem_read() without an error object, for guesses. */
bool iq_mem_peek(struct iq_mem *mem, iq_vaddr va, void *buf, size_t len);

/*
 * Read memory of the address space whose top page table is at kernel address pgd (mm_struct.pgd).
 * Pages that are not present: IQ_ERR_FAULT. With PTI the user half's NX in the kernel's copy of
 * the table does not matter.
 */
struct iq_error *iq_mem_read_user(struct iq_mem *mem, iq_vaddr pgd, iq_vaddr va, void *buf,
				  size_t len);

/* Kernel virtual to physical. IQ_ERR_FAULT: not mapped. */
struct iq_error *iq_mem_vtop(struct iq_mem *mem, iq_vaddr va, iq_paddr *pa_ret);
struct iq_error *iq_mem_vtop_user(struct iq_mem *mem, iq_vaddr pgd, iq_vaddr va, iq_paddr *pa_ret);

/* Read physical memory. */
struct iq_error *iq_mem_read_phys(struct iq_mem *mem, iq_paddr pa, void *buf, size_t len);

/*
 * Borrow len bytes of kernel memory at va: a pointer into the mapped dump where they lie in one
 * piece there, else a copy that belongs to mem and lives as long as it. For big read-only tables.
 */
struct iq_error *iq_mem_view(struct iq_mem *mem, iq_vaddr va, size_t len, const void **ptr_ret);

/* Forget what is cached, so that the next read of a live target is fresh. */
void iq_mem_forget(struct iq_mem *mem);

/* Where the kernel image and the direct map are: what was found out on opening. */
struct iq_mem_layout {
	iq_vaddr image_start, image_end; /* the kernel's text and data; end may be a bound */
	iq_vaddr page_offset;		 /* start of the direct map; 0 where not known yet */
	uint64_t phys_base, kaslr_offset;
	unsigned levels; /* 4 or 5 */
};
const struct iq_mem_layout *iq_mem_layout(const struct iq_mem *mem);

struct iq_target *iq_mem_target(const struct iq_mem *mem);

/* Bytes and calls asked of the target so far, for the report's stats. */
struct iq_mem_stats {
	uint64_t bytes_read, num_reads;
};
struct iq_mem_stats iq_mem_stats(const struct iq_mem *mem);

#endif
