/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A made kernel's memory: a map from page number to page
 */
#include "target/fake.h"

#include "target/internal.h"

enum { MAX_PAGES = 1 << 18 }; /* that one call adds or removes */

struct fake {
	struct iq_map pages; /* page number to unsigned char *; 0 after removal */
	struct iq_cpu_regs regs;
	uint64_t num_reads;
};

static unsigned char *page_at(const struct iq_target *t, uint64_t addr)
{
	const struct fake *f = t->priv;
	uint64_t *value = iq_map_get(&f->pages, addr >> IQ_PAGE_SHIFT);

	return value ? (unsigned char *)(uintptr_t)*value : NULL;
}

static unsigned char *page_make(struct iq_target *t, uint64_t addr)
{
	struct fake *f = t->priv;
	unsigned char *page = page_at(t, addr);

	if (!page) {
		page = iq_xcalloc(1, IQ_PAGE_SIZE);
		iq_map_set(&f->pages, addr >> IQ_PAGE_SHIFT, (uintptr_t)page);
	}
	return page;
}

static size_t rest_of_page(uint64_t addr, size_t len)
{
	return IQ_MIN(len, IQ_PAGE_SIZE - (addr & (IQ_PAGE_SIZE - 1)));
}

/* ---- as a target ---- */

static struct iq_error *fake_read_phys(struct iq_target *t, iq_paddr pa, void *buf, size_t len)
{
	struct fake *f = t->priv;

	f->num_reads++;
	while (len) {
		size_t part = rest_of_page(pa, len);
		const unsigned char *page = page_at(t, pa);

		if (!page)
			return iq_error_fault(pa, "made memory");
		memcpy(buf, page + (pa & (IQ_PAGE_SIZE - 1)), part);
		pa += part;
		buf = (char *)buf + part;
		len -= part;
	}
	return NULL;
}

static struct iq_error *fake_read_virt(struct iq_target *t, iq_vaddr va, void *buf, size_t len)
{
	struct fake *f = t->priv;
	const struct iq_virt_range *r = iq_target_find_virt(t, va);

	if (!r || len > r->end - va)
		return iq_error_fault(va, "made memory");
	if (r->linear)
		return fake_read_phys(t, r->paddr + (va - r->start), buf, len);
	f->num_reads++;
	while (len) {
		size_t part = rest_of_page(va, len);
		const unsigned char *page = page_at(t, va);

		if (page)
			memcpy(buf, page + (va & (IQ_PAGE_SIZE - 1)), part);
		else
			memset(buf, 0, part);
		va += part;
		buf = (char *)buf + part;
		len -= part;
	}
	return NULL;
}

static struct iq_error *fake_map_phys(struct iq_target *t, iq_paddr pa, size_t len,
				      const void **ptr_ret)
{
	const unsigned char *page = page_at(t, pa);

	if (!page)
		return iq_error_fault(pa, "made memory");
	if (rest_of_page(pa, len) < len)
		return iq_error_new(IQ_ERR_UNSUPPORTED, "not in one piece");
	*ptr_ret = page + (pa & (IQ_PAGE_SIZE - 1));
	return NULL;
}

static struct iq_error *fake_cpu_regs(struct iq_target *t, unsigned cpu, struct iq_regs *regs_ret)
{
	struct fake *f = t->priv;

	if (cpu >= f->regs.cpus.num)
		return iq_error_new(IQ_ERR_NOTFOUND, "no registers of CPU %u", cpu);
	*regs_ret = f->regs.cpus.data[cpu];
	return NULL;
}

static void fake_close(struct iq_target *t)
{
	struct fake *f = t->priv;

	for (size_t i = 0; i < f->pages.cap; i++)
		if (f->pages.slots[i].used)
			free((void *)(uintptr_t)f->pages.slots[i].value);
	iq_map_deinit(&f->pages);
	iq_vec_free(&f->regs.cpus);
	free(f);
}

static const struct iq_target_ops fake_ops = {
	.kind = "fake",
	.close = fake_close,
	.read_phys = fake_read_phys,
	.read_virt = fake_read_virt,
	.map_phys = fake_map_phys,
	.cpu_regs = fake_cpu_regs,
};

/* ---- laying it out ---- */

struct iq_target *iq_fake_new(void)
{
	struct iq_target *t = iq_target_alloc(&fake_ops, "");

	t->flat = true;
	t->priv = iq_xcalloc(1, sizeof(struct fake));
	return t;
}

void iq_fake_write(struct iq_target *t, uint64_t addr, const void *data, size_t len)
{
	while (len) {
		size_t part = rest_of_page(addr, len);

		memcpy(page_make(t, addr) + (addr & (IQ_PAGE_SIZE - 1)), data, part);
		addr += part;
		data = (const char *)data + part;
		len -= part;
	}
}

void iq_fake_write_u64(struct iq_target *t, uint64_t addr, uint64_t value)
{
	iq_fake_write(t, addr, &value, sizeof(value));
}

void iq_fake_write_u32(struct iq_target *t, uint64_t addr, uint32_t value)
{
	iq_fake_write(t, addr, &value, sizeof(value));
}

static size_t num_pages(uint64_t addr, size_t len)
{
	size_t num = ((addr & (IQ_PAGE_SIZE - 1)) + len + IQ_PAGE_SIZE - 1) >> IQ_PAGE_SHIFT;

	return len ? IQ_MIN(num, (size_t)MAX_PAGES) : 0;
}

void iq_fake_add_pages(struct iq_target *t, uint64_t addr, size_t len)
{
	for (size_t i = 0; i < num_pages(addr, len); i++)
		page_make(t, addr + i * IQ_PAGE_SIZE);
}

void iq_fake_remove_pages(struct iq_target *t, uint64_t addr, size_t len)
{
	struct fake *f = t->priv;

	for (size_t i = 0; i < num_pages(addr, len); i++) {
		uint64_t pfn = (addr >> IQ_PAGE_SHIFT) + i;
		uint64_t *value = iq_map_get(&f->pages, pfn);

		if (!value)
			continue;
		free((void *)(uintptr_t)*value);
		*value = 0;
	}
}

void iq_fake_set_vmcoreinfo(struct iq_target *t, const char *text)
{
	if (text) {
		iq_target_set_vmcoreinfo(t, text, strlen(text));
		return;
	}
	free(take_ptr(t->vmcoreinfo));
	t->vmcoreinfo_len = 0;
}

void iq_fake_add_cpu(struct iq_target *t, const struct iq_regs *regs)
{
	struct fake *f = t->priv;

	iq_vec_push(&f->regs.cpus, *regs);
	t->num_cpu_regs++;
}

void iq_fake_use_page_tables(struct iq_target *t)
{
	t->flat = false;
}

void iq_fake_set_live(struct iq_target *t)
{
	t->live = true;
	if (t->flat)
		iq_fake_add_range(t, UINT64_C(0xff00000000000000), UINT64_MAX,
				  UINT64_C(0xff00000000000000), true);
}

void iq_fake_add_range(struct iq_target *t, iq_vaddr start, iq_vaddr end, iq_paddr paddr,
		       bool linear)
{
	iq_target_add_virt(t, (struct iq_virt_range){ start, end, paddr, linear });
	iq_target_sort(t);
}

uint64_t iq_fake_num_reads(const struct iq_target *t)
{
	const struct fake *f = t->priv;

	return f->num_reads;
}
