/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Virtual to physical
 *
 * Kernel addresses are translated by the direct map's formula where it applies,
 * else by walking the page tables. Walks are remembered, those that found
 * nothing too: the readers above us ask about millions of words that might be
 * pointers.
 *
 * The formula is trusted only after the tables have been asked about samples of
 * it. Where the tables themselves are not in the dump (it was cut off), image
 * and direct map go by formula alone: that still gives nearly everything.
 */
#include "target/mem-internal.h"

enum { BIG_SHIFT = 21 };
#define BIG_SIZE (UINT64_C(1) << BIG_SHIFT)

/* ---- reading page tables ---- */

/* Kernel tables: on live targets through the cache, as many walks share them. */
static struct iq_error *read_kernel_entry(void *ctx, iq_paddr pa, uint64_t *value_ret)
{
	struct iq_mem *mem = ctx;
	struct iq_error *err;

	if (mem->cache && mem->layout.page_offset)
		err = iq_mem_read(mem, mem->layout.page_offset + pa, value_ret, sizeof(*value_ret));
	else
		err = iq_mem_ask_phys(mem, pa, value_ret, sizeof(*value_ret));
	if (err) {
		mem->tables_missing = true;
		return err;
	}
	*value_ret &= mem->entry_mask;
	return NULL;
}

/* A process's tables: each is needed once or twice. */
static struct iq_error *read_user_entry(void *ctx, iq_paddr pa, uint64_t *value_ret)
{
	struct iq_mem *mem = ctx;
	struct iq_error *err;

	err = iq_mem_ask_phys(mem, pa, value_ret, sizeof(*value_ret));
	if (err)
		return err;
	*value_ret &= mem->entry_mask;
	return NULL;
}

static bool walk(struct iq_mem *mem, iq_vaddr va, iq_paddr *pa_ret, uint64_t *run_ret)
{
	struct iq_error *err;

	if (!mem->root)
		return false;
	err = mem->t->arch->walk(mem->root, mem->layout.levels, va, read_kernel_entry, mem, pa_ret,
				 run_ret);
	if (err) {
		iq_error_free(err);
		return false;
	}
	return true;
}

/* ---- kernel addresses ---- */

static bool in_image(const struct iq_mem *mem, iq_vaddr va)
{
	return va >= mem->layout.image_start && va < mem->layout.image_end;
}

static struct iq_tlb_entry *small_slot(struct iq_mem *mem, uint64_t tag)
{
	return &mem->small[(tag ^ tag >> 12) & (IQ_TLB_SMALL - 1)];
}

static bool walk_and_remember(struct iq_mem *mem, iq_vaddr va, iq_paddr *pa_ret, uint64_t *run_ret)
{
	uint64_t tag = iq_mem_tag(mem, va, IQ_PAGE_SHIFT);
	struct iq_tlb_entry *slot = small_slot(mem, tag);
	uint64_t in_page = va & (IQ_PAGE_SIZE - 1), run;
	iq_paddr pa;

	if (!walk(mem, va, &pa, &run)) {
		if (!mem->image_by_formula || !in_image(mem, va)) {
			*slot = (struct iq_tlb_entry){ tag, IQ_PA_NONE };
			return false;
		}
		pa = va - mem->t->arch->image_base + mem->layout.phys_base;
		run = IQ_PAGE_SIZE - in_page;
	}
	if ((va & (BIG_SIZE - 1)) + run >= BIG_SIZE &&
	    (pa & (BIG_SIZE - 1)) == (va & (BIG_SIZE - 1)) && run > IQ_PAGE_SIZE - in_page) {
		/* A page of 2 MiB, or a part of one of 1 GiB. */
		tag = iq_mem_tag(mem, va, BIG_SHIFT);
		mem->big[tag & (IQ_TLB_BIG - 1)] = (struct iq_tlb_entry){ tag, pa & -BIG_SIZE };
	} else {
		*slot = (struct iq_tlb_entry){ tag, pa - in_page };
	}
	*pa_ret = pa;
	*run_ret = run;
	return true;
}

bool iq_xlate(struct iq_mem *mem, iq_vaddr va, iq_paddr *pa_ret, uint64_t *run_ret)
{
	const struct iq_tlb_entry *e;
	uint64_t tag;

	if (va < mem->kernel_start)
		return false;
	if (mem->t->flat) {
		*pa_ret = va;
		*run_ret = -va;
		return true;
	}
	if (va - mem->layout.page_offset < mem->direct_len) {
		*pa_ret = va - mem->layout.page_offset;
		*run_ret = mem->direct_len - *pa_ret;
		return true;
	}
	tag = iq_mem_tag(mem, va, BIG_SHIFT);
	e = &mem->big[tag & (IQ_TLB_BIG - 1)];
	if (e->tag == tag) {
		*pa_ret = e->pa + (va & (BIG_SIZE - 1));
		*run_ret = BIG_SIZE - (va & (BIG_SIZE - 1));
		return true;
	}
	tag = iq_mem_tag(mem, va, IQ_PAGE_SHIFT);
	e = small_slot(mem, tag);
	if (e->tag == tag) {
		if (e->pa == IQ_PA_NONE)
			return false;
		*pa_ret = e->pa + (va & (IQ_PAGE_SIZE - 1));
		*run_ret = IQ_PAGE_SIZE - (va & (IQ_PAGE_SIZE - 1));
		return true;
	}
	return walk_and_remember(mem, va, pa_ret, run_ret);
}

/* ---- user addresses ---- */

struct iq_error *iq_xlate_user(struct iq_mem *mem, iq_paddr root, iq_vaddr va, iq_paddr *pa_ret,
			       uint64_t *run_ret)
{
	struct iq_error *err;
	uint64_t run;
	iq_paddr pa;

	if (mem->t->flat && va < mem->user_end) {
		*pa_ret = va;
		*run_ret = mem->user_end - va;
		return NULL;
	}
	if (va >= mem->user_end)
		return iq_error_fault(va, "user memory (not a user address)");
	if (!mem->user.valid || mem->user.root != root || va < mem->user.start ||
	    va >= mem->user.end) {
		err = mem->t->arch->walk(root, mem->layout.levels, va, read_user_entry, mem, &pa,
					 &run);
		if (err)
			return err;
		mem->user.valid = true;
		mem->user.root = root;
		mem->user.start = va & -(iq_vaddr)IQ_PAGE_SIZE;
		mem->user.end = va + run;
		mem->user.pa = pa & -(iq_paddr)IQ_PAGE_SIZE;
	}
	*pa_ret = mem->user.pa + (va - mem->user.start);
	*run_ret = mem->user.end - va;
	return NULL;
}

/* ---- finding out where everything is ---- */

static void set_levels(struct iq_mem *mem, unsigned levels)
{
	unsigned bits = IQ_PAGE_SHIFT + 9 * levels - 1;

	mem->layout.levels = levels;
	mem->user_end = UINT64_C(1) << bits;
	mem->kernel_start = -mem->user_end;
}

static uint64_t number_or(const struct iq_target *t, const char *key, uint64_t otherwise)
{
	struct iq_error *err;
	uint64_t value;

	err = iq_target_vmcoreinfo_u64(t, key, &value);
	if (!err)
		return value;
	iq_error_free(err);
	return otherwise;
}

/* The target's segments may know where image and direct map are (kcore, kdump's vmcore). */
static void learn_from_segments(struct iq_mem *mem, bool *phys_base_known)
{
	const struct iq_target *t = mem->t;
	iq_vaddr page_offset = 0;
	uint64_t len = 0;
	bool agree = true;

	for (size_t i = 0; i < t->num_virt; i++) {
		const struct iq_virt_range *r = &t->virt[i];

		if (!r->linear || r->start < mem->kernel_start)
			continue;
		if (r->start >= t->arch->image_base) {
			if (r->start >= t->arch->image_end)
				continue;
			mem->layout.image_start = r->start;
			mem->layout.image_end = IQ_MIN(r->end, t->arch->image_end);
			if (!*phys_base_known)
				mem->layout.phys_base = r->paddr - (r->start - t->arch->image_base);
			*phys_base_known = true;
			continue;
		}
		if (page_offset && r->start - r->paddr != page_offset)
			agree = false;
		page_offset = r->start - r->paddr;
		len = IQ_MAX(len, r->paddr + (r->end - r->start));
	}
	if (page_offset && agree && page_offset >= mem->kernel_start && !(page_offset & 0xfff)) {
		mem->layout.page_offset = page_offset;
		mem->direct_len = len;
	}
}

/* Is the page table at root the kernel's: does it map _stext, where phys_base says if that is
 * known? */
static bool root_maps_image(struct iq_mem *mem, iq_vaddr stext, bool phys_base_known)
{
	uint64_t run, phys_base;
	iq_paddr pa;

	if (!walk(mem, stext, &pa, &run))
		return false;
	phys_base = pa - (stext - mem->t->arch->image_base);
	if (phys_base_known && phys_base != mem->layout.phys_base)
		return false;
	mem->layout.phys_base = phys_base;
	return true;
}

static struct iq_error *find_root(struct iq_mem *mem, bool phys_base_known)
{
	struct iq_target *t = mem->t;
	iq_vaddr stext = number_or(t, "SYMBOL(_stext)", 0);
	iq_vaddr pgd =
		number_or(t, "SYMBOL(swapper_pg_dir)", number_or(t, "SYMBOL(init_top_pgt)", 0));
	unsigned levels = mem->layout.levels;
	bool missing;

	if (phys_base_known && pgd >= t->arch->image_base && pgd < t->arch->image_end) {
		mem->root = pgd - t->arch->image_base + mem->layout.phys_base;
		if (root_maps_image(mem, stext, true))
			return NULL;
	}
	missing = mem->tables_missing;

	/* What the CPUs used; under PTI the user half's table is the page behind the kernel's. */
	for (size_t i = 0; i < t->num_roots; i++) {
		static const iq_paddr pti[] = { 0, IQ_PAGE_SIZE };

		for (unsigned j = 0; j < IQ_ARRAY_SIZE(pti); j++) {
			mem->root = t->roots[i].root & ~pti[j];
			set_levels(mem, t->roots[i].levels);
			if (root_maps_image(mem, stext, phys_base_known))
				return NULL;
		}
	}
	set_levels(mem, levels);
	mem->root = 0;
	mem->tables_missing = missing;
	if (!phys_base_known || !stext)
		return iq_error_new(IQ_ERR_NOTFOUND,
				    "%s: VMCOREINFO does not say where the kernel's page table is",
				    t->path);
	if (!missing && !mem->direct_len)
		return iq_error_new(
			IQ_ERR_CORRUPT,
			"%s: the page table that VMCOREINFO names does not map the kernel",
			t->path);
	/* Cut off: keep the table for what of it is there, and go by the formula. */
	if (pgd)
		mem->root = pgd - t->arch->image_base + mem->layout.phys_base;
	mem->image_by_formula = true;
	return NULL;
}

/* The image ends where its mapping does, at most 1 GiB on; freed init memory leaves holes. */
static void find_image(struct iq_mem *mem, iq_vaddr stext)
{
	const struct iq_arch *arch = mem->t->arch;
	iq_vaddr end, va;

	if (mem->layout.image_end || stext < arch->image_base || stext >= arch->image_end)
		return;
	mem->layout.image_start = stext & -BIG_SIZE;
	mem->layout.image_end = end = arch->image_end;
	if (mem->image_by_formula)
		return;
	for (va = mem->layout.image_start; va < end; va += BIG_SIZE) {
		uint64_t run;
		iq_paddr pa;

		/* Both ends: a page of the first that was freed does not end the image. */
		if ((walk(mem, va, &pa, &run) &&
		     pa == va - arch->image_base + mem->layout.phys_base) ||
		    (walk(mem, va + BIG_SIZE - IQ_PAGE_SIZE, &pa, &run) &&
		     pa == va + BIG_SIZE - IQ_PAGE_SIZE - arch->image_base + mem->layout.phys_base))
			mem->layout.image_end = va + BIG_SIZE;
		else if (va - mem->layout.image_end >= 64 * BIG_SIZE &&
			 mem->layout.image_end != end)
			break;
	}
}

/* Where the tables map an address of the direct map at all, do they map it as the formula says? */
static bool formula_holds(struct iq_mem *mem, iq_vaddr page_offset)
{
	const struct iq_target *t = mem->t;
	size_t step = t->num_ranges / 16 + 1;
	uint64_t run;
	iq_paddr pa;

	for (size_t i = 0; i < t->num_ranges; i += step) {
		iq_paddr probes[] = { t->ranges[i].start & -(iq_paddr)IQ_PAGE_SIZE,
				      (t->ranges[i].end - 1) & -(iq_paddr)IQ_PAGE_SIZE };

		for (unsigned j = 0; j < IQ_ARRAY_SIZE(probes); j++)
			if (walk(mem, page_offset + probes[j], &pa, &run) && pa != probes[j])
				return false;
	}
	return true;
}

static void find_direct_map(struct iq_mem *mem)
{
	struct iq_target *t = mem->t;
	iq_vaddr page_offset;
	struct iq_error *err;
	uint64_t len;

	if (mem->direct_len || !mem->root)
		return;
	err = t->arch->find_direct_map(mem->root, mem->layout.levels, read_kernel_entry, mem,
				       &page_offset);
	if (err) {
		iq_error_free(err);
		return;
	}
	if (!formula_holds(mem, page_offset))
		return;
	len = t->num_ranges ? t->ranges[t->num_ranges - 1].end : 0;
	mem->layout.page_offset = page_offset;
	mem->direct_len = IQ_MIN(len, t->arch->image_base - page_offset);
}

struct iq_error *iq_xlate_init(struct iq_mem *mem)
{
	struct iq_target *t = mem->t;
	iq_vaddr stext = number_or(t, "SYMBOL(_stext)", 0);
	bool phys_base_known = false;
	struct iq_error *err;
	uint64_t phys_base;

	set_levels(mem, number_or(t, "NUMBER(pgtable_l5_enabled)", 0) ? 5 : 4);
	mem->layout.kaslr_offset = number_or(t, "KERNELOFFSET", 0);
	mem->entry_mask = ~number_or(t, "NUMBER(sme_mask)", 0);
	if (t->flat) {
		mem->kernel_start = UINT64_C(0xff00000000000000);
		mem->layout.image_start = stext ? stext : t->arch->image_base;
		mem->layout.image_end = t->arch->image_end;
		return NULL;
	}
	err = iq_target_vmcoreinfo_u64(t, "NUMBER(phys_base)", &phys_base);
	if (!err) {
		mem->layout.phys_base = phys_base;
		phys_base_known = true;
	}
	iq_error_free(err);
	learn_from_segments(mem, &phys_base_known);
	err = find_root(mem, phys_base_known);
	if (err)
		return err;
	find_image(mem, stext);
	find_direct_map(mem);
	return NULL;
}
