/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The memory of a process
 *
 * Mappings are in a list (vm_next) up to v6.0, in a maple tree since v6.1 (d4af56c5c7c6, "mm: start
 * tracking VMAs with maple tree"). A node of the tree is 256 bytes, aligned so: the low byte of a
 * pointer to it holds its type. Pivots divide the range of a node; slot i ends at pivot i.
 */
#include "kernel/uspace.h"

#include "inquest/path.h"
#include "kernel/session.h"

enum {
	MAX_VMAS = 1 << 20,
	MAX_NODES = 1 << 18,
	MAX_DEPTH = 16,
	MAX_SLOTS = 32,
	PAGE = 4096,
};

enum { MAPLE_DENSE, MAPLE_LEAF_64, MAPLE_RANGE_64, MAPLE_ARANGE_64 };

struct iq_uspace {
	struct iq_session *s;
	iq_vaddr mm;
	uint64_t pgd;
	struct {
		uint64_t brk, start_brk, stack, vdso;
	} places;
	IQ_VEC(struct iq_vma) vmas;
	unsigned num_nodes;
	struct iq_uobjects *kept; /* uobject.c's */
	void (*kept_free)(struct iq_uobjects *objects);
	struct iq_arena *arena;
};

struct shadow_mm {
	uint64_t has;
	uint64_t pgd, brk, start_brk, stack, vdso, list;
};

IQ_SHADOW(mm_desc, "struct mm_struct", shadow_mm, IQ_FIELD(shadow_mm, pgd, "pgd"),
	  IQ_FIELD_OPT(shadow_mm, brk, "brk"), IQ_FIELD_OPT(shadow_mm, start_brk, "start_brk"),
	  IQ_FIELD_OPT(shadow_mm, stack, "start_stack"),
	  IQ_FIELD_OPT(shadow_mm, vdso, "context.vdso"), IQ_FIELD_OPT(shadow_mm, list, "mmap"));

struct shadow_vma {
	uint64_t has;
	uint64_t start, end, flags, pgoff, file, mm, next;
};

IQ_SHADOW(vma_desc, "struct vm_area_struct", shadow_vma, IQ_FIELD(shadow_vma, start, "vm_start"),
	  IQ_FIELD(shadow_vma, end, "vm_end"), IQ_FIELD(shadow_vma, flags, "vm_flags"),
	  IQ_FIELD(shadow_vma, pgoff, "vm_pgoff"), IQ_FIELD(shadow_vma, file, "vm_file"),
	  IQ_FIELD(shadow_vma, mm, "vm_mm"), IQ_FIELD_OPT(shadow_vma, next, "vm_next"));

/* ---- mappings ---- */

static bool add_vma(struct iq_uspace *us, iq_vaddr addr, struct shadow_vma *v)
{
	struct iq_error *err;

	if (!iq_is_kernel_ptr(us->s, addr) || us->vmas.num >= MAX_VMAS)
		return false;
	err = iq_shadow_read(us->s, &vma_desc, addr, v);
	if (err || v->mm != us->mm || v->start >= v->end || v->start % PAGE || v->end % PAGE ||
	    (us->vmas.num && v->start < us->vmas.data[us->vmas.num - 1].end)) {
		iq_error_free(err);
		return false;
	}
	iq_vec_push(&us->vmas, (struct iq_vma){ .addr = addr,
						.start = v->start,
						.end = v->end,
						.flags = v->flags,
						.offset = v->pgoff * PAGE,
						.file = v->file });
	return true;
}

static unsigned array_len(struct iq_session *s, const char *type, const char *path)
{
	struct iq_member m;
	struct iq_type t;
	struct iq_error *err = iq_type_by_name(s, type, &t);

	if (!err)
		err = iq_type_member(t, path, &m);
	iq_error_free(err);
	return err ? 0 : (unsigned)IQ_MIN(iq_type_num_elems(m.type), (uint64_t)MAX_SLOTS);
}

static void walk_maple(struct iq_uspace *us, uint64_t entry, uint64_t max, int depth)
{
	static const char node_type[] = "struct maple_node";
	unsigned type = entry >> 3 & 15;
	bool wide = type == MAPLE_ARANGE_64, leaf = type == MAPLE_LEAF_64;
	const char *slot_path = wide ? "ma64.slot" : "mr64.slot";
	const char *pivot_path = wide ? "ma64.pivot" : "mr64.pivot";
	int64_t slot_at = iq_offsetof(us->s, node_type, slot_path);
	int64_t pivot_at = iq_offsetof(us->s, node_type, pivot_path);
	unsigned num_slots = array_len(us->s, node_type, slot_path);
	unsigned num_pivots = array_len(us->s, node_type, pivot_path);
	uint64_t slots[MAX_SLOTS], pivots[MAX_SLOTS];
	iq_vaddr node = entry & ~(uint64_t)0xff;

	if (type == MAPLE_DENSE || type > MAPLE_ARANGE_64 || slot_at < 0 || pivot_at < 0 ||
	    depth >= MAX_DEPTH || us->num_nodes++ >= MAX_NODES || !iq_is_kernel_ptr(us->s, node) ||
	    !iq_peek(us->s, node + (uint64_t)slot_at, slots, num_slots * 8) ||
	    !iq_peek(us->s, node + (uint64_t)pivot_at, pivots, num_pivots * 8))
		return;
	for (unsigned i = 0; i < num_slots; i++) {
		uint64_t end = i < num_pivots ? pivots[i] : max;
		struct shadow_vma v;

		if (i && !end)
			return; /* behind the last one there are zeros */
		if (end > max)
			end = max;
		if (slots[i] && leaf)
			(void)add_vma(us, slots[i], &v);
		else if (slots[i])
			walk_maple(us, slots[i], end, depth + 1);
		if (end >= max)
			return;
	}
}

static void read_vmas(struct iq_uspace *us, const struct shadow_mm *mm)
{
	int64_t root_at = iq_offsetof(us->s, "struct mm_struct", "mm_mt.ma_root");
	struct shadow_vma v;
	uint64_t root;
	iq_vaddr next;

	if (root_at >= 0) {
		if (!iq_peek_u64(us->s, us->mm + (uint64_t)root_at, &root) || !root)
			return;
		/* As in xarrays: 10 in the low bits of what is no entry but a node. */
		if ((root & 3) == 2)
			walk_maple(us, root & ~(uint64_t)2, UINT64_MAX, 0);
		else
			(void)add_vma(us, root, &v);
		return;
	}
	for (next = mm->list; next && add_vma(us, next, &v); next = v.next)
		;
}

struct iq_error *iq_uspace_new(struct iq_session *s, iq_vaddr mm, struct iq_uspace **us_ret)
{
	struct iq_uspace *us;
	struct shadow_mm m;
	struct iq_error *err;

	if (!iq_is_kernel_ptr(s, mm))
		return iq_error_new(IQ_ERR_CORRUPT, "%#" PRIx64 " is no mm_struct", mm);
	err = iq_shadow_read(s, &mm_desc, mm, &m);
	if (err)
		return iq_error_prefix(err, "mm_struct %#" PRIx64, mm);
	us = iq_xcalloc(1, sizeof(*us));
	us->s = s;
	us->arena = iq_arena_new();
	us->mm = mm;
	us->pgd = m.pgd;
	us->places.brk = m.brk;
	us->places.start_brk = m.start_brk;
	us->places.stack = m.stack;
	us->places.vdso = m.vdso;
	read_vmas(us, &m);
	*us_ret = us;
	return NULL;
}

void iq_uspace_free(struct iq_uspace *us)
{
	if (!us)
		return;
	if (us->kept)
		us->kept_free(us->kept);
	iq_arena_free(us->arena);
	iq_vec_free(&us->vmas);
	free(us);
}

const struct iq_vma *iq_uspace_vmas(const struct iq_uspace *us, size_t *num_ret)
{
	*num_ret = us->vmas.num;
	return us->vmas.data;
}

const struct iq_vma *iq_uspace_find(const struct iq_uspace *us, uint64_t addr)
{
	size_t from = 0, to = us->vmas.num;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (us->vmas.data[middle].end <= addr)
			from = middle + 1;
		else
			to = middle;
	}
	return from < us->vmas.num && us->vmas.data[from].start <= addr ? &us->vmas.data[from]
									: NULL;
}

const char *iq_uspace_vma_name(struct iq_uspace *us, const struct iq_vma *vma)
{
	const char *path;

	if (vma->file) {
		path = iq_path_of_file(us->s, vma->file);
		return path ? path : "??";
	}
	if (us->places.vdso && us->places.vdso >= vma->start && us->places.vdso < vma->end)
		return "[vdso]";
	if (us->places.stack >= vma->start && us->places.stack < vma->end)
		return "[stack]";
	if (vma->start < us->places.brk && vma->end > us->places.start_brk)
		return "[heap]";
	return "";
}

struct iq_uobjects *iq_uspace_kept(struct iq_uspace *us)
{
	return us->kept;
}

void iq_uspace_keep(struct iq_uspace *us, struct iq_uobjects *objects,
		    void (*free)(struct iq_uobjects *objects))
{
	us->kept = objects;
	us->kept_free = free;
}

struct iq_arena *iq_uspace_arena(struct iq_uspace *us)
{
	return us->arena;
}

iq_vaddr iq_uspace_mm(const struct iq_uspace *us)
{
	return us->mm;
}

struct iq_session *iq_uspace_session(const struct iq_uspace *us)
{
	return us->s;
}

/* ---- the page cache ---- */

/*
 * The page of a file at an index: struct page by vmemmap's array. A folio stands for all its pages;
 * its index is that of its first.
 */
static bool cached_page(struct iq_session *s, iq_vaddr file, uint64_t index, iq_paddr *pa_ret)
{
	int64_t pages = iq_offsetof(s, "struct address_space", "i_pages");
	int64_t page_size = iq_sizeof(s, "struct page");
	uint64_t mapping, entry, vmemmap, first, pfn;
	struct iq_error *err;

	if (pages < 0 || page_size <= 0 || !iq_is_kernel_ptr(s, file) ||
	    !iq_peek_member(s, "struct file", "f_mapping", file, &mapping) ||
	    !iq_is_kernel_ptr(s, mapping) ||
	    !iq_peek_u64(s, iq_sym_addr(s, "vmemmap_base"), &vmemmap))
		return false;
	err = iq_xarray_load(s, mapping + (uint64_t)pages, index, &entry);
	if (err) {
		iq_error_free(err);
		return false;
	}
	if (!entry || entry & 3 || entry < vmemmap || (entry - vmemmap) % (uint64_t)page_size)
		return false; /* none, or what is left of one that was given away */
	pfn = (entry - vmemmap) / (uint64_t)page_size;
	if (!iq_peek_member(s, "struct folio", "index", entry, &first) &&
	    !iq_peek_member(s, "struct page", "index", entry, &first))
		return false;
	if (first > index || index - first >= 1 << 18)
		return false;
	*pa_ret = (pfn + index - first) * PAGE;
	return true;
}

bool iq_uspace_peek_file(struct iq_uspace *us, iq_vaddr file, uint64_t offset, void *buf,
			 size_t len)
{
	while (len) {
		size_t part = IQ_MIN(len, (size_t)(PAGE - offset % PAGE));
		struct iq_error *err;
		iq_paddr pa;

		if (!cached_page(us->s, file, offset / PAGE, &pa))
			return false;
		err = iq_mem_read_phys(us->s->mem, pa + offset % PAGE, buf, part);
		if (err) {
			iq_error_free(err);
			return false;
		}
		buf = (char *)buf + part;
		offset += part;
		len -= part;
	}
	return true;
}

/* ---- reading ---- */

struct last_entry {
	struct iq_mem *mem;
	uint64_t value;
};

static struct iq_error *read_entry(void *ctx, iq_paddr pa, uint64_t *value_ret)
{
	struct last_entry *last = ctx;
	struct iq_error *err = iq_mem_read_phys(last->mem, pa, value_ret, 8);

	if (!err)
		last->value = *value_ret;
	return err;
}

/* Was this page never mapped? A page that was swapped out or is on the move has left a mark. */
static bool never_mapped(struct iq_uspace *us, uint64_t addr)
{
	const struct iq_target *t = us->s->target;
	struct last_entry last = { us->s->mem, 1 };
	struct iq_error *err;
	iq_paddr root, pa;
	uint64_t run;

	if (t->flat)
		return true;
	err = iq_mem_vtop(us->s->mem, us->pgd, &root);
	if (!err)
		err = t->arch->walk(root, iq_mem_layout(us->s->mem)->levels, addr, read_entry,
				    &last, &pa, &run);
	if (!err)
		return false;
	iq_error_free(err);
	return !last.value;
}

struct iq_error *iq_uspace_read(struct iq_uspace *us, uint64_t addr, void *buf, size_t len)
{
	while (len) {
		size_t part = IQ_MIN(len, (size_t)(PAGE - addr % PAGE));
		const struct iq_vma *vma;
		struct iq_error *err;

		err = iq_mem_read_user(us->s->mem, us->pgd, addr, buf, part);
		if (err && err->code == IQ_ERR_FAULT) {
			vma = iq_uspace_find(us, addr);
			if (vma && vma->file && never_mapped(us, addr) &&
			    iq_uspace_peek_file(us, vma->file, vma->offset + (addr - vma->start),
						buf, part)) {
				iq_error_free(err);
				err = NULL;
			}
		}
		if (err)
			return err;
		addr += part;
		buf = (char *)buf + part;
		len -= part;
	}
	return NULL;
}

bool iq_uspace_peek(struct iq_uspace *us, uint64_t addr, void *buf, size_t len)
{
	struct iq_error *err = iq_uspace_read(us, addr, buf, len);

	iq_error_free(err);
	return !err;
}
