/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an address is
 *
 * Objects of the slab allocators are recognised by their page: struct page of
 * the direct map's pfn, its compound head, and in it, where the page is a slab, the cache
 * and with it the object's size. Since v5.17 (d122019bf061, "mm: Split slab into its own
 * type") that view of the page is struct slab. Whether a page is a slab is a
 * page flag (PG_slab) up to v6.9 and a page type since v6.10; we do not trust either alone but
 * ask whether the cache found there is one of the list slab_caches.
 */
#include "kernel/session.h"

enum { MAX_CACHES = 100000, MAX_ORDER_BYTES = 4096 << 10 };

static const uint64_t masks_from = 0xffffffff00000000; /* no address of a struct page is so high */

struct slab_info {
	uint64_t page_offset, vmemmap;
	int64_t page_size, head, cache, size, name, list;
	struct iq_map caches; /* struct kmem_cache -> 1 */
};

static bool add_cache(void *ctx, iq_vaddr node)
{
	struct slab_info *i = ctx;

	iq_map_set(&i->caches, node - (uint64_t)i->list, 1);
	return false;
}

static void *make_info(struct iq_session *s)
{
	struct slab_info *i = iq_xcalloc(1, sizeof(*i));
	iq_vaddr base = iq_sym_addr(s, "page_offset_base"),
		 vmemmap = iq_sym_addr(s, "vmemmap_base");

	i->page_size = iq_sizeof(s, "struct page");
	i->head = iq_offsetof(s, "struct page", "compound_head");
	if (i->head < 0)
		i->head = iq_offsetof(s, "struct page", "compound_info");
	i->cache = iq_offsetof(s, "struct slab", "slab_cache");
	if (i->cache < 0)
		i->cache = iq_offsetof(s, "struct page", "slab_cache");
	i->size = iq_offsetof(s, "struct kmem_cache", "size");
	i->name = iq_offsetof(s, "struct kmem_cache", "name");
	i->list = iq_offsetof(s, "struct kmem_cache", "list");
	if (!base || !iq_peek_u64(s, base, &i->page_offset))
		i->page_offset = iq_mem_layout(s->mem)->page_offset;
	if (!vmemmap || !iq_peek_u64(s, vmemmap, &i->vmemmap))
		i->vmemmap = 0;
	if (i->list >= 0 && iq_sym_addr(s, "slab_caches"))
		iq_error_free(
			iq_list_walk(s, iq_sym_addr(s, "slab_caches"), MAX_CACHES, add_cache, i));
	return i;
}

static void free_info(void *value)
{
	struct slab_info *i = value;

	iq_map_deinit(&i->caches);
	free(i);
}

static const struct iq_cache slab_cache = { .life = IQ_CACHE_SESSION,
					    .make = make_info,
					    .free = free_info };

struct iq_error *iq_slab_of(struct iq_session *s, iq_vaddr addr, const char **cache_ret,
			    iq_vaddr *object_ret)
{
	struct slab_info *i = iq_cache_get(s, &slab_cache);
	uint64_t page, head, cache, pfn, size = 0, name, base;
	char text[64];

	if (!i->vmemmap || !i->page_offset || i->page_size <= 0 || i->cache < 0 || i->size < 0 ||
	    i->name < 0 || i->head < 0)
		return iq_error_new(IQ_ERR_UNSUPPORTED,
				    "this kernel's slabs are laid out in an unknown way");
	if (addr < i->page_offset || addr - i->page_offset > 1ULL << 52 || addr >= i->vmemmap)
		return iq_error_new(IQ_ERR_NOTFOUND, "%#" PRIx64 " is not in a slab", addr);
	pfn = (addr - i->page_offset) / 4096;
	page = i->vmemmap + pfn * (uint64_t)i->page_size;
	if (!iq_peek_u64(s, page + (uint64_t)i->head, &head))
		head = 0;
	/*
	 * Where it is called compound_info (seen on 7.3) and the size of struct page is a power of
	 * 2, it is a mask of the struct page's address: ffff...fe01 in the tails of 8 pages of 64
	 * bytes.
	 */
	if (head > masks_from && !(i->page_size & (i->page_size - 1)))
		head = (page & (head - 1)) | 1;
	if ((head & 1) && head - 1 < page &&
	    page - (head - 1) <= MAX_ORDER_BYTES / 4096 * (uint64_t)i->page_size)
		page = head - 1;
	if (!iq_peek_u64(s, page + (uint64_t)i->cache, &cache) || !iq_map_get(&i->caches, cache) ||
	    !iq_peek(s, cache + (uint64_t)i->size, &size, 4) || !size ||
	    !iq_peek_u64(s, cache + (uint64_t)i->name, &name))
		return iq_error_new(IQ_ERR_NOTFOUND, "%#" PRIx64 " is not in a slab", addr);
	base = i->page_offset + (page - i->vmemmap) / (uint64_t)i->page_size * 4096;
	iq_error_free(iq_read_str(s, name, text, sizeof(text)));
	*cache_ret = iq_arena_strdup(s->scratch, text);
	*object_ret = base + (addr - base) / size * size;
	return NULL;
}

const char *iq_describe_addr(struct iq_session *s, iq_vaddr addr)
{
	const struct iq_task *task = iq_task_by_stack_addr(s, addr);
	const char *cache;
	struct iq_error *err;
	struct iq_sym sym;
	iq_vaddr object;

	if (task)
		return iq_arena_printf(s->scratch, "stack of task %d (%s)", task->pid, task->comm);
	err = iq_sym_by_addr(s, addr, &sym);
	if (!err)
		return iq_sym_format(s, addr);
	iq_error_free(err);
	err = iq_slab_of(s, addr, &cache, &object);
	if (!err)
		return iq_arena_printf(s->scratch, "%s+%#" PRIx64, cache, addr - object);
	iq_error_free(err);
	return iq_arena_printf(s->scratch, "%#" PRIx64, addr);
}
