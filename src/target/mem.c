/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading virtual memory
 *
 * Dumps: translate, then read physical memory; a mapped file costs a lookup and
 * a copy. The running kernel: its segments are asked by virtual address, small
 * reads through a cache of pages, reads of a page and more directly. Where the
 * source does not tell what is mapped (iq_virt_range.linear false), each page
 * is looked up in the page tables first.
 *
 * Inside, reads say false and the first address that is not there; only what
 * leaves this file makes an error of it, so that guesses are cheap.
 */
#include "target/mem.h"

#include "target/mem-internal.h"

enum {
	MAX_VIEW = 256 << 20,
	MAX_COPIES = 4096,
};

struct iq_error *iq_mem_ask_phys(struct iq_mem *mem, iq_paddr pa, void *buf, size_t len)
{
	mem->stats.num_reads++;
	mem->stats.bytes_read += len;
	return mem->t->ops->read_phys(mem->t, pa, buf, len);
}

struct iq_error *iq_mem_ask_virt(struct iq_mem *mem, iq_vaddr va, void *buf, size_t len)
{
	mem->stats.num_reads++;
	mem->stats.bytes_read += len;
	return mem->t->ops->read_virt(mem->t, va, buf, len);
}

/* If err: where, as an address of the read at `from` of len bytes of which the target said addr. */
static bool no_error(struct iq_error *err, uint64_t asked, size_t len, iq_vaddr va,
		     iq_vaddr *bad_ret)
{
	if (!err)
		return true;
	*bad_ret = va;
	if (err->code == IQ_ERR_FAULT && err->addr - asked < len)
		*bad_ret = va + (err->addr - asked);
	iq_error_free(err);
	return false;
}

/* ---- dumps ---- */

/* Spares the target an error object where we know that it holds no such memory. */
static bool is_held(const struct iq_target *t, iq_paddr pa)
{
	size_t lo = 0, hi = t->num_ranges;

	if (!hi)
		return true;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (t->ranges[mid].start <= pa)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo && pa < t->ranges[lo - 1].end;
}

static bool read_dump(struct iq_mem *mem, iq_vaddr va, void *buf, size_t len, iq_vaddr *bad_ret)
{
	while (len) {
		uint64_t run;
		iq_paddr pa;
		size_t part;

		if (!iq_xlate(mem, va, &pa, &run) || !is_held(mem->t, pa)) {
			*bad_ret = va;
			return false;
		}
		part = IQ_MIN(len, run);
		if (!no_error(iq_mem_ask_phys(mem, pa, buf, part), pa, part, va, bad_ret))
			return false;
		va += part;
		buf = (char *)buf + part;
		len -= part;
	}
	return true;
}

/* ---- the running kernel ---- */

static const struct iq_virt_range *find_range(struct iq_mem *mem, iq_vaddr va)
{
	const struct iq_virt_range *r = mem->last_virt;

	if (r && va >= r->start && va < r->end)
		return r;
	r = iq_target_find_virt(mem->t, va);
	if (r)
		mem->last_virt = r;
	return r;
}

/* Are all pages of [va, va + len) mapped? */
static bool is_mapped(struct iq_mem *mem, iq_vaddr va, size_t len, iq_vaddr *bad_ret)
{
	while (len) {
		uint64_t run;
		iq_paddr pa;

		if (!iq_xlate(mem, va, &pa, &run)) {
			*bad_ret = va;
			return false;
		}
		if (run >= len)
			break;
		va += run;
		len -= run;
	}
	return true;
}

static bool read_range(struct iq_mem *mem, const struct iq_virt_range *r, iq_vaddr va, void *buf,
		       size_t len, iq_vaddr *bad_ret)
{
	if (!r->linear && !is_mapped(mem, va, len, bad_ret))
		return false;
	return no_error(iq_mem_ask_virt(mem, va, buf, len), va, len, va, bad_ret);
}

/* A part of one page, which lies in one range. */
static bool read_cached(struct iq_mem *mem, const struct iq_virt_range *r, iq_vaddr va, void *buf,
			size_t len, iq_vaddr *bad_ret)
{
	iq_vaddr page = va & -(iq_vaddr)IQ_PAGE_SIZE;
	uint64_t tag = iq_mem_tag(mem, va, IQ_PAGE_SHIFT);
	const unsigned char *data;

	data = iq_page_cache_get(mem->cache, tag);
	if (!data) {
		unsigned char *fill;

		if (page < r->start || r->end - page < IQ_PAGE_SIZE)
			return read_range(mem, r, va, buf, len, bad_ret);
		/* Before there is a place: this asks for page tables through the same cache. */
		if (!r->linear && !is_mapped(mem, page, IQ_PAGE_SIZE, bad_ret)) {
			*bad_ret = va;
			return false;
		}
		fill = iq_page_cache_put(mem->cache, tag);
		if (!no_error(iq_mem_ask_virt(mem, page, fill, IQ_PAGE_SIZE), page, IQ_PAGE_SIZE,
			      page, bad_ret)) {
			iq_page_cache_drop(mem->cache, tag);
			*bad_ret = va;
			return false;
		}
		data = fill;
	}
	memcpy(buf, data + (va - page), len);
	return true;
}

static bool read_live(struct iq_mem *mem, iq_vaddr va, void *buf, size_t len, bool fresh,
		      iq_vaddr *bad_ret)
{
	fresh = fresh || len >= IQ_PAGE_SIZE || !mem->cache;
	while (len) {
		const struct iq_virt_range *r = find_range(mem, va);
		size_t part;

		if (!r || va < mem->kernel_start) {
			*bad_ret = va;
			return false;
		}
		part = IQ_MIN(len, r->end - va);
		if (!fresh) {
			part = IQ_MIN(part, IQ_PAGE_SIZE - (va & (IQ_PAGE_SIZE - 1)));
			if (!read_cached(mem, r, va, buf, part, bad_ret))
				return false;
		} else if (!read_range(mem, r, va, buf, part, bad_ret)) {
			return false;
		}
		va += part;
		buf = (char *)buf + part;
		len -= part;
	}
	return true;
}

/* ---- kernel memory ---- */

static bool read_kernel(struct iq_mem *mem, iq_vaddr va, void *buf, size_t len, bool fresh,
			iq_vaddr *bad_ret)
{
	*bad_ret = va;
	if (va < mem->kernel_start || len > -va)
		return false;
	if (mem->t->live)
		return read_live(mem, va, buf, len, fresh, bad_ret);
	return read_dump(mem, va, buf, len, bad_ret);
}

struct iq_error *iq_mem_read(struct iq_mem *mem, iq_vaddr va, void *buf, size_t len)
{
	iq_vaddr bad;

	if (read_kernel(mem, va, buf, len, false, &bad))
		return NULL;
	return iq_error_fault(bad, "kernel memory");
}

struct iq_error *iq_mem_read_fresh(struct iq_mem *mem, iq_vaddr va, void *buf, size_t len)
{
	iq_vaddr bad;

	if (read_kernel(mem, va, buf, len, true, &bad))
		return NULL;
	return iq_error_fault(bad, "kernel memory");
}

bool iq_mem_peek(struct iq_mem *mem, iq_vaddr va, void *buf, size_t len)
{
	iq_vaddr bad;

	return read_kernel(mem, va, buf, len, false, &bad);
}

struct iq_error *iq_mem_vtop(struct iq_mem *mem, iq_vaddr va, iq_paddr *pa_ret)
{
	const struct iq_virt_range *r;
	uint64_t run;

	if (mem->t->live) {
		r = find_range(mem, va);
		if (r && r->linear) {
			*pa_ret = r->paddr + (va - r->start);
			return NULL;
		}
	}
	if (!iq_xlate(mem, va, pa_ret, &run))
		return iq_error_fault(va, "kernel memory (not mapped)");
	return NULL;
}

struct iq_error *iq_mem_read_phys(struct iq_mem *mem, iq_paddr pa, void *buf, size_t len)
{
	if (len > -pa)
		return iq_error_fault(pa, "physical memory");
	return iq_mem_ask_phys(mem, pa, buf, len);
}

/* ---- views ---- */

/* A pointer into the target, if the memory is in one piece there. */
static const void *view_mapped(struct iq_mem *mem, iq_vaddr va, size_t len)
{
	iq_paddr first = 0, pa;
	struct iq_error *err;
	size_t done = 0;
	const void *p;
	uint64_t run;

	while (done < len) {
		if (!iq_xlate(mem, va + done, &pa, &run))
			return NULL;
		if (!done)
			first = pa;
		else if (pa != first + done)
			return NULL;
		done += IQ_MIN(run, len - done);
	}
	err = mem->t->ops->map_phys(mem->t, first, len, &p);
	if (err) {
		iq_error_free(err);
		return NULL;
	}
	mem->stats.num_reads++;
	mem->stats.bytes_read += len;
	return p;
}

struct iq_error *iq_mem_view(struct iq_mem *mem, iq_vaddr va, size_t len, const void **ptr_ret)
{
	struct iq_error *err;
	const void *p;
	void *data;

	if (va < mem->kernel_start || len > -va)
		return iq_error_fault(va, "kernel memory");
	if (len > MAX_VIEW || mem->copies.num >= MAX_COPIES)
		return iq_error_new(IQ_ERR_CORRUPT, "%zu bytes at %#" PRIx64 " are too many", len,
				    va);
	if (!mem->t->live && len) {
		p = view_mapped(mem, va, len);
		if (p) {
			*ptr_ret = p;
			return NULL;
		}
		iq_vec_foreach(&mem->copies, copy)
			if (copy->va == va && copy->len == len) {
				*ptr_ret = copy->data;
				return NULL;
			}
	}
	data = malloc(len ? len : 1);
	if (!data)
		return &iq_nomem;
	err = iq_mem_read_fresh(mem, va, data, len);
	if (err) {
		free(data);
		return err;
	}
	iq_vec_push(&mem->copies, (struct iq_mem_copy){ va, len, data });
	*ptr_ret = data;
	return NULL;
}

/* ---- user memory ---- */

static struct iq_error *user_root(struct iq_mem *mem, iq_vaddr pgd, iq_paddr *root_ret)
{
	if (mem->t->flat) {
		*root_ret = pgd;
		return NULL;
	}
	if (pgd & (IQ_PAGE_SIZE - 1))
		return iq_error_new(IQ_ERR_CORRUPT, "page table at %#" PRIx64 ": not at a page",
				    pgd);
	return iq_error_prefix(iq_mem_vtop(mem, pgd, root_ret), "page table");
}

struct iq_error *iq_mem_vtop_user(struct iq_mem *mem, iq_vaddr pgd, iq_vaddr va, iq_paddr *pa_ret)
{
	struct iq_error *err;
	iq_paddr root;
	uint64_t run;

	err = user_root(mem, pgd, &root);
	if (err)
		return err;
	return iq_xlate_user(mem, root, va, pa_ret, &run);
}

struct iq_error *iq_mem_read_user(struct iq_mem *mem, iq_vaddr pgd, iq_vaddr va, void *buf,
				  size_t len)
{
	struct iq_error *err;
	iq_paddr root;

	err = user_root(mem, pgd, &root);
	if (err)
		return err;
	while (len) {
		iq_vaddr bad;
		uint64_t run;
		iq_paddr pa;
		size_t part;

		err = iq_xlate_user(mem, root, va, &pa, &run);
		if (err)
			return err;
		part = IQ_MIN(len, run);
		if (!no_error(iq_mem_ask_phys(mem, pa, buf, part), pa, part, va, &bad))
			return iq_error_fault(bad, "user memory");
		va += part;
		buf = (char *)buf + part;
		len -= part;
	}
	return NULL;
}

/* ---- the object ---- */

struct iq_error *iq_mem_new(struct iq_target *t, struct iq_mem **mem_ret)
{
	struct iq_error *err;
	struct iq_mem *mem;

	if (!t->vmcoreinfo && !t->flat && t->live)
		return iq_error_new(IQ_ERR_NOTFOUND,
				    "no VMCOREINFO in it: the kernel needs CONFIG_VMCORE_INFO "
				    "(CONFIG_CRASH_CORE before 6.9)");
	if (!t->vmcoreinfo && !t->flat)
		return iq_error_new(
			IQ_ERR_NOTFOUND,
			"no VMCOREINFO found, neither as a note nor in memory%s%s%s: "
			"not a Linux guest, or its memory is not in the dump; dump again "
			"all of its memory (QEMU: dump-guest-memory without paging, with "
			"-device vmcoreinfo)",
			t->missing ? " (" : "", t->missing ? t->missing : "",
			t->missing ? ")" : "");
	mem = iq_xcalloc(1, sizeof(*mem));
	mem->t = t;
	mem->generation = 1;
	if (t->live)
		mem->cache = iq_page_cache_new(IQ_CACHE_SETS);
	err = iq_xlate_init(mem);
	if (err) {
		iq_mem_free(mem);
		return err;
	}
	*mem_ret = mem;
	return NULL;
}

void iq_mem_free(struct iq_mem *mem)
{
	if (!mem)
		return;
	iq_vec_foreach(&mem->copies, copy)
		free(copy->data);
	iq_vec_free(&mem->copies);
	iq_page_cache_free(mem->cache);
	free(mem);
}

void iq_mem_forget(struct iq_mem *mem)
{
	mem->user.valid = false;
	if (!mem->t->live)
		return;
	if (++mem->generation == 1 << 12) {
		memset(mem->small, 0, sizeof(mem->small));
		memset(mem->big, 0, sizeof(mem->big));
		if (mem->cache)
			iq_page_cache_clear(mem->cache);
		mem->generation = 1;
	}
}

const struct iq_mem_layout *iq_mem_layout(const struct iq_mem *mem)
{
	return &mem->layout;
}

struct iq_target *iq_mem_target(const struct iq_mem *mem)
{
	return mem->t;
}

struct iq_mem_stats iq_mem_stats(const struct iq_mem *mem)
{
	return mem->stats;
}
