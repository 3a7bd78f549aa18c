/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the kernel's half of the address space is divided into
 *
 * Where the direct map, vmalloc and the array of struct page begin is random on x86-64, and told by
 * variables; how large they are, by what there is (the direct map, struct page) or by the number of
 * levels of the page tables (vmalloc): Documentation/arch/x86/x86_64/mm.rst.
 *
 * Areas of vmalloc() are struct vmap_area in a red-black tree by address: one tree up to v6.8
 * (vmap_area_root), one for each of vmap_nodes since v6.9.
 */
#include "shell/memory/regions.h"

enum { MAX_DEPTH = 128, MAX_NODES = 4096 };

static const uint64_t modules_start = 0xffffffffc0000000, modules_end = 0xffffffffff000000,
		      cpu_entry_start = 0xfffffe0000000000, cpu_entry_len = 0x8000000000;

static uint64_t variable(struct iq_session *s, const char *name)
{
	uint64_t value;
	iq_vaddr addr = iq_sym_addr(s, name);

	return addr && iq_peek_u64(s, addr, &value) ? value : 0;
}

static void add(struct iq_regions *r, iq_vaddr start, iq_vaddr end, const char *name, bool image)
{
	if (start && end > start)
		iq_vec_push(&r->list, (struct iq_region){ start, end, name, image });
}

static void add_symbols(struct iq_session *s, struct iq_regions *r, const char *start,
			const char *end, const char *name)
{
	add(r, iq_sym_addr(s, start), iq_sym_addr(s, end), name, true);
}

static bool has_five_levels(struct iq_session *s)
{
	uint32_t on;

	/* Below it there is no room for five: 0xff11000000000000 is the lowest with them. */
	if (iq_peek_u32(s, iq_sym_addr(s, "__pgtable_l5_enabled"), &on))
		return on == 1;
	return variable(s, "page_offset_base") < 0xffff800000000000;
}

static void add_percpu(struct iq_session *s, struct iq_arena *arena, struct iq_regions *r)
{
	iq_vaddr start = iq_sym_addr(s, "__per_cpu_start"), end = iq_sym_addr(s, "__per_cpu_end");

	for (unsigned cpu = 0; end > start && cpu < iq_num_cpus(s); cpu++)
		if (iq_cpu_online(s, cpu))
			add(r, iq_per_cpu(s, start, cpu), iq_per_cpu(s, start, cpu) + (end - start),
			    iq_arena_printf(arena, "per-CPU variables of CPU %u", cpu), false);
}

static int by_address(const void *a, const void *b)
{
	const struct iq_region *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->end < y->end ? -1 : x->end > y->end;
}

void iq_regions_find(struct iq_session *s, struct iq_arena *arena, struct iq_regions *regions_ret)
{
	uint64_t direct = variable(s, "page_offset_base"), num_pages = variable(s, "max_pfn");
	uint64_t vmalloc = variable(s, "vmalloc_base"), vmemmap = variable(s, "vmemmap_base");
	int64_t page_size = iq_sizeof(s, "struct page");
	struct iq_regions *r = regions_ret;
	struct iq_sym_module m;

	*r = (struct iq_regions){ 0 };
	if (num_pages > UINT64_C(1) << 40)
		num_pages = 0;
	add(r, direct, direct + num_pages * 4096, "direct map of physical memory", false);
	add(r, vmalloc, vmalloc + (has_five_levels(s) ? UINT64_C(12800) << 40 : UINT64_C(32) << 40),
	    "vmalloc", false);
	if (page_size > 0)
		add(r, vmemmap, vmemmap + num_pages * (uint64_t)page_size,
		    "struct page of each page", false);
	add(r, cpu_entry_start, cpu_entry_start + cpu_entry_len, "CPU entry areas", false);
	add_symbols(s, r, "_stext", "_etext", "kernel text");
	add_symbols(s, r, "__start_rodata", "__end_rodata", "kernel read-only data");
	add_symbols(s, r, "_sdata", "_edata", "kernel data");
	add_symbols(s, r, "__bss_start", "__bss_stop", "kernel bss");
	add(r, modules_start, modules_end, "modules", false);
	add_percpu(s, arena, r);
	for (size_t i = 0; iq_sym_module_at(s, i, &m); i++)
		for (size_t j = 0; j < m.num_ranges; j++)
			add(r, m.ranges[j].start, m.ranges[j].start + m.ranges[j].len,
			    iq_arena_printf(arena, "module %s %s", m.name,
					    m.ranges[j].text ? "text" : "data"),
			    true);
	if (r->list.num)
		qsort(r->list.data, r->list.num, sizeof(*r->list.data), by_address);
}

void iq_regions_deinit(struct iq_regions *regions)
{
	iq_vec_free(&regions->list);
}

/* ---- vmalloc ---- */

static bool search_tree(struct iq_session *s, iq_vaddr root, iq_vaddr addr,
			struct iq_vmalloc *area_ret)
{
	int64_t node_off = iq_offsetof(s, "struct vmap_area", "rb_node");
	uint64_t node, start, end, vm, value;

	if (node_off < 0 || !iq_peek_u64(s, root, &node))
		return false;
	for (int depth = 0; node && depth < MAX_DEPTH; depth++) {
		iq_vaddr area = node - (uint64_t)node_off;
		const char *side;

		if (!iq_peek_member(s, "struct vmap_area", "va_start", area, &start) ||
		    !iq_peek_member(s, "struct vmap_area", "va_end", area, &end))
			return false;
		if (addr >= start && addr < end) {
			*area_ret = (struct iq_vmalloc){ .start = start, .end = end };
			if (iq_peek_member(s, "struct vmap_area", "vm", area, &vm) && vm) {
				if (iq_peek_member(s, "struct vm_struct", "caller", vm, &value))
					area_ret->caller = value;
				if (iq_peek_member(s, "struct vm_struct", "flags", vm, &value))
					area_ret->flags = value;
			}
			return true;
		}
		side = addr < start ? "rb_left" : "rb_right";
		if (!iq_peek_member(s, "struct rb_node", side, node, &node))
			return false;
	}
	return false;
}

bool iq_vmalloc_find(struct iq_session *s, iq_vaddr addr, struct iq_vmalloc *area_ret)
{
	iq_vaddr root = iq_sym_addr(s, "vmap_area_root");
	uint64_t nodes = variable(s, "vmap_nodes");
	int64_t size = iq_sizeof(s, "struct vmap_node");
	int64_t busy = iq_offsetof(s, "struct vmap_node", "busy.root");
	uint32_t num = 0;

	if (root)
		return search_tree(s, root, addr, area_ret);
	iq_peek_u32(s, iq_sym_addr(s, "nr_vmap_nodes"), &num);
	if (!nodes || size <= 0 || busy < 0)
		return false;
	for (uint32_t i = 0; i < num && i < MAX_NODES; i++)
		if (search_tree(s, nodes + i * (uint64_t)size + (uint64_t)busy, addr, area_ret))
			return true;
	return false;
}

/* ---- pages ---- */

/* page_type says what a page without an owner of its own is: inverted bits up to v6.9, a byte at
 * the top since v6.12 (4ffca5a96678, "mm: support only one page_type per page"). */
static bool is_buddy(struct iq_session *s, iq_vaddr page)
{
	uint64_t type;
	int64_t buddy;
	struct iq_error *err;

	if (!iq_peek_member(s, "struct page", "page_type", page, &type))
		return false;
	type &= UINT32_MAX;
	err = iq_enum_value(s, NULL, "PGTY_buddy", &buddy);
	if (!err)
		return type >> 24 == (uint64_t)buddy;
	iq_error_free(err);
	err = iq_enum_value(s, NULL, "PG_buddy", &buddy);
	if (!err)
		return false; /* between the two: not known */
	iq_error_free(err);
	return (type & 0xf0000080) == 0xf0000000;
}

bool iq_page_of_pfn(struct iq_session *s, uint64_t pfn, struct iq_page_info *info_ret)
{
	uint64_t vmemmap = variable(s, "vmemmap_base"), value;
	int64_t size = iq_sizeof(s, "struct page");
	uint64_t max = variable(s, "max_pfn");
	struct iq_page_info *info = info_ret;

	if (!vmemmap || size <= 0 || (max && pfn >= max))
		return false;
	*info = (struct iq_page_info){ .page = vmemmap + pfn * (uint64_t)size, .pfn = pfn };
	info->refcount_known = iq_peek_member(s, "struct page", "_refcount", info->page, &value);
	info->refcount = info->refcount_known ? (int32_t)value : 0;
	info->flags_known = iq_peek_member(s, "struct page", "flags", info->page, &info->flags);
	info->free = info->refcount_known && !info->refcount && is_buddy(s, info->page);
	return info->refcount_known || info->flags_known;
}

bool iq_page_by_struct(struct iq_session *s, iq_vaddr addr, struct iq_page_info *info_ret)
{
	uint64_t vmemmap = variable(s, "vmemmap_base");
	int64_t size = iq_sizeof(s, "struct page");

	if (!vmemmap || size <= 0 || addr < vmemmap)
		return false;
	return iq_page_of_pfn(s, (addr - vmemmap) / (uint64_t)size, info_ret);
}

bool iq_direct_map_pfn(struct iq_session *s, iq_vaddr addr, uint64_t *pfn_ret)
{
	uint64_t base = variable(s, "page_offset_base"), max = variable(s, "max_pfn");

	if (!base || addr < base || (addr - base) / 4096 >= max)
		return false;
	*pfn_ret = (addr - base) / 4096;
	return true;
}
