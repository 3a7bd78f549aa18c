/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the kernel's half of the address space is divided into
 */
#ifndef IQ_SHELL_MEMORY_REGIONS_H
#define IQ_SHELL_MEMORY_REGIONS_H

#include "inquest/session.h"

struct iq_region {
	iq_vaddr start, end; /* end: the first address behind it */
	const char *name;    /* in the arena */
	bool image;	     /* a part of the kernel's image or a module */
};

struct iq_regions {
	IQ_VEC(struct iq_region)
	list; /* by address; the smaller ones first of those that begin together */
};

/* All of them, as far as this kernel says where they are; iq_regions_deinit(). */
void iq_regions_find(struct iq_session *s, struct iq_arena *arena, struct iq_regions *regions_ret);
void iq_regions_deinit(struct iq_regions *regions);

/* The region of vmalloc() that addr is in: false: none, or this kernel's cannot be read. */
struct iq_vmalloc {
	iq_vaddr start, end; /* with its guard page */
	iq_vaddr caller;     /* who asked for it; 0: not known */
	uint64_t flags;	     /* vm_struct.flags */
};
bool iq_vmalloc_find(struct iq_session *s, iq_vaddr addr, struct iq_vmalloc *area_ret);

/* The page that holds a physical address. */
struct iq_page_info {
	iq_vaddr page; /* struct page */
	uint64_t pfn;
	int32_t refcount;
	uint64_t flags;
	bool free; /* in the buddy allocator */
	bool refcount_known, flags_known;
};
bool iq_page_of_pfn(struct iq_session *s, uint64_t pfn, struct iq_page_info *info_ret);
/* The page whose struct page holds addr. */
bool iq_page_by_struct(struct iq_session *s, iq_vaddr addr, struct iq_page_info *info_ret);
/* The page frame behind an address of the direct map. */
bool iq_direct_map_pfn(struct iq_session *s, iq_vaddr addr, uint64_t *pfn_ret);

#endif
