/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The inside of struct iq_mem: translation (xlate.c), the cache of pages of live
 * targets (cache.c), and what reads through them (mem.c)
 */
#ifndef IQ_TARGET_MEM_INTERNAL_H
#define IQ_TARGET_MEM_INTERNAL_H

#include "target/internal.h"
#include "target/mem.h"

enum {
	IQ_TLB_SMALL = 4096, /* pages of 4 KiB; powers of two */
	IQ_TLB_BIG = 512,    /* of 2 MiB */
	IQ_CACHE_SETS = 512, /* two pages each: 4 MiB */
};

/*
 * Translations and cached pages are found by a tag: the page number, with the generation in the 12
 * bits above it. Forgetting everything is counting the generation up.
 */
struct iq_tlb_entry {
	uint64_t tag;
	iq_paddr pa; /* or IQ_PA_NONE: not mapped */
};
#define IQ_PA_NONE UINT64_MAX

struct iq_mem {
	struct iq_target *t;
	struct iq_mem_layout layout;
	struct iq_mem_stats stats;
	iq_vaddr kernel_start; /* of canonical addresses of the kernel's half */
	iq_vaddr user_end;

	iq_paddr root;
	uint64_t entry_mask;   /* takes the C bit out of page table entries */
	uint64_t direct_len;   /* of the direct map from layout.page_offset on; 0: unknown */
	bool tables_missing;   /* a page table was not in the dump (set by any walk) */
	bool image_by_formula; /* ... and so the image's are: trust phys_base */
	const struct iq_virt_range *last_virt;

	uint64_t generation; /* 1 to 4095 */
	struct iq_tlb_entry small[IQ_TLB_SMALL];
	struct iq_tlb_entry big[IQ_TLB_BIG];
	struct {
		bool valid;
		iq_paddr root;
		iq_vaddr start, end;
		iq_paddr pa;
	} user; /* the user translation found last */

	struct iq_page_cache *cache; /* NULL but on live targets */
	IQ_VEC(struct iq_mem_copy {
		iq_vaddr va;
		size_t len;
		void *data;
	})
	copies; /* of views */
};

static inline uint64_t iq_mem_tag(const struct iq_mem *mem, iq_vaddr va, unsigned shift)
{
	return (va >> shift & ((UINT64_C(1) << 52) - 1)) | mem->generation << 52;
}

/* Ask the target, and count. */
struct iq_error *iq_mem_ask_phys(struct iq_mem *mem, iq_paddr pa, void *buf, size_t len);
struct iq_error *iq_mem_ask_virt(struct iq_mem *mem, iq_vaddr va, void *buf, size_t len);

/* ---- xlate.c ---- */

/* Find root, levels, image and direct map. */
struct iq_error *iq_xlate_init(struct iq_mem *mem);

/*
 * Where kernel address va is, and for how many bytes from there on that holds. False: not mapped.
 * Knows nothing of the target's virt ranges.
 */
bool iq_xlate(struct iq_mem *mem, iq_vaddr va, iq_paddr *pa_ret, uint64_t *run_ret);

/* The same in the address space with the top page table at physical root. */
struct iq_error *iq_xlate_user(struct iq_mem *mem, iq_paddr root, iq_vaddr va, iq_paddr *pa_ret,
			       uint64_t *run_ret);

#endif
