/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Page tables and struct iq_mem, over made memory
 */
#include "test.h"

#include <string.h>

#include "inquest/util.h"
#include "target/fake.h"
#include "target/mem.h"

#define PRESENT	 UINT64_C(0x063)
#define HUGE	 UINT64_C(0x080)
#define PROTNONE UINT64_C(0x100)
#define ADDR	 UINT64_C(0x000ffffffffff000)

enum { PAGE = 4096, ROOT = 0x2000000 };

#define PAGE_OFFSET UINT64_C(0xffff8b4540000000)
#define IMAGE	    UINT64_C(0xffffffff9a000000)
#define PHYS_IMAGE  UINT64_C(0x1a00000)
#define VMALLOC	    UINT64_C(0xffffb00000000000)

/* ---- making page tables ---- */

static iq_paddr next_table;

static uint64_t read_u64(struct iq_target *t, iq_paddr pa)
{
	uint64_t value = 0;
	struct iq_error *err = t->ops->read_phys(t, pa, &value, sizeof(value));

	iq_error_free(err);
	return value;
}

/* Map va by an entry at the given level (1: 4 KiB, 2: 2 MiB, 3: 1 GiB). */
static void map_at(struct iq_target *t, unsigned levels, iq_vaddr va, uint64_t entry, unsigned at)
{
	iq_paddr table = ROOT;

	for (unsigned level = levels; level > at; level--) {
		iq_paddr slot = table + (va >> (12 + 9 * (level - 1)) & 511) * 8;
		uint64_t next = read_u64(t, slot);

		if (!next) {
			next = next_table | PRESENT;
			next_table += PAGE;
			iq_fake_add_pages(t, next & ADDR, PAGE);
			iq_fake_write_u64(t, slot, next);
		}
		table = next & ADDR;
	}
	iq_fake_write_u64(t, table + (va >> (12 + 9 * (at - 1)) & 511) * 8, entry);
}

static const char vmcoreinfo_text[] = "OSRELEASE=6.1.0-made\n"
				      "SYMBOL(swapper_pg_dir)=ffffffff9a600000\n"
				      "SYMBOL(_stext)=ffffffff9a000000\n"
				      "NUMBER(phys_base)=-408944640\n" /* 0x1a00000 - 0x1a000000 */
				      "NUMBER(pgtable_l5_enabled)=%u\n"
				      "KERNELOFFSET=19000000\n"
				      "NUMBER(sme_mask)=0\n";

/* A kernel with image and direct map by huge pages, the table at the image's offset 0x600000. */
static struct iq_target *paged_new(unsigned levels)
{
	struct iq_target *t = iq_fake_new();
	char text[1024];

	iq_fake_use_page_tables(t);
	next_table = 0x4000000;
	iq_fake_add_pages(t, ROOT, PAGE);
	snprintf(text, sizeof(text), vmcoreinfo_text, levels == 5);
	iq_fake_set_vmcoreinfo(t, text);
	for (unsigned i = 0; i < 8; i++)
		map_at(t, levels, IMAGE + i * 0x200000,
		       (PHYS_IMAGE + i * 0x200000) | PRESENT | HUGE, 2);
	if (levels == 4)
		map_at(t, levels, PAGE_OFFSET, 0 | PRESENT | HUGE, 3);
	else
		map_at(t, levels, UINT64_C(0xff25000040000000), 0 | PRESENT | HUGE, 3);
	return t;
}

static struct iq_error *walk_read(void *ctx, iq_paddr pa, uint64_t *value_ret)
{
	struct iq_target *t = ctx;

	return t->ops->read_phys(t, pa, value_ret, sizeof(*value_ret));
}

static struct iq_error *walk(struct iq_target *t, unsigned levels, iq_vaddr va, iq_paddr *pa_ret,
			     uint64_t *run_ret)
{
	return iq_arch_x86_64.walk(ROOT, levels, va, walk_read, t, pa_ret, run_ret);
}

/* ---- the walk ---- */

static void pages_of_all_sizes_are_walked(void **state)
{
	struct iq_target *t = iq_fake_new();
	uint64_t run;
	iq_paddr pa;

	(void)state;
	next_table = 0x4000000;
	iq_fake_add_pages(t, ROOT, PAGE);
	map_at(t, 4, 0x7f0000001000, 0x123456000 | PRESENT | UINT64_C(1) << 63, 1);
	map_at(t, 4, 0x7f0000200000, 0x40000000 | PRESENT | HUGE | 0x1000, 2);
	map_at(t, 4, 0x7f0040000000, 0x80000000 | PRESENT | HUGE, 3);

	assert_ok(walk(t, 4, 0x7f0000001234, &pa, &run));
	assert_int_equal(pa, 0x123456234);
	assert_int_equal(run, PAGE - 0x234);
	assert_ok(walk(t, 4, 0x7f0000212345, &pa, &run));
	assert_int_equal(pa, 0x40012345);
	assert_int_equal(run, 0x200000 - 0x12345);
	assert_ok(walk(t, 4, 0x7f0052345678, &pa, &run));
	assert_int_equal(pa, 0x92345678);
	assert_int_equal(run, 0x40000000 - 0x12345678);
	iq_target_close(t);
}

static void five_levels_reach_further_than_four(void **state)
{
	struct iq_target *t = iq_fake_new();
	iq_vaddr va = UINT64_C(0x00ab000000003000);
	uint64_t run;
	iq_paddr pa;

	(void)state;
	next_table = 0x4000000;
	iq_fake_add_pages(t, ROOT, PAGE);
	map_at(t, 5, va, 0x5000 | PRESENT, 1);
	assert_ok(walk(t, 5, va + 8, &pa, &run));
	assert_int_equal(pa, 0x5008);
	assert_err(IQ_ERR_FAULT, walk(t, 4, va, &pa, &run));
	assert_err(IQ_ERR_FAULT, walk(t, 5, UINT64_C(0x01ab000000003000), &pa, &run));
	assert_err(IQ_ERR_UNSUPPORTED, walk(t, 3, va, &pa, &run));
	iq_target_close(t);
}

static void what_is_not_present_is_a_fault(void **state)
{
	struct iq_target *t = iq_fake_new();
	uint64_t run;
	iq_paddr pa;

	(void)state;
	next_table = 0x4000000;
	iq_fake_add_pages(t, ROOT, PAGE);
	map_at(t, 4, 0x1000, 0x5000, 1); /* a swap entry: bit 0 clear */
	map_at(t, 4, 0x2000, (~UINT64_C(0x6000) & ADDR) | PROTNONE, 1);
	assert_err(IQ_ERR_FAULT, walk(t, 4, 0x1000, &pa, &run));
	assert_err(IQ_ERR_FAULT, walk(t, 4, 0x8000000000, &pa, &run));
	assert_err(IQ_ERR_FAULT, walk(t, 4, UINT64_C(0x0000800000000000), &pa, &run));
	assert_ok(walk(t, 4, 0x2010, &pa, &run));
	assert_int_equal(pa, 0x6010);
	iq_target_close(t);
}

static void lying_tables_are_corrupt_or_faults(void **state)
{
	struct iq_target *t = iq_fake_new();
	uint64_t run;
	iq_paddr pa;

	(void)state;
	next_table = 0x4000000;
	iq_fake_add_pages(t, ROOT, PAGE);
	map_at(t, 4, 0, 0x0 | PRESENT | HUGE, 4);		 /* 512 GiB pages do not exist */
	map_at(t, 4, 0x8000000000, ROOT | PRESENT, 4);		 /* the table in itself */
	map_at(t, 4, 0x10000000000, 0xffffffff000 | PRESENT, 4); /* not in memory */
	map_at(t, 4, 0x18000200000, 0x40003000 | PRESENT | HUGE, 2); /* reserved bits */
	assert_err(IQ_ERR_CORRUPT, walk(t, 4, 0x1000, &pa, &run));
	assert_err(IQ_ERR_CORRUPT, walk(t, 4, 0x8000001000, &pa, &run));
	assert_err(IQ_ERR_FAULT, walk(t, 4, 0x10000000000, &pa, &run));
	assert_err(IQ_ERR_CORRUPT, walk(t, 4, 0x18000200000, &pa, &run));
	iq_target_close(t);
}

/* ---- memory by page tables ---- */

static void image_and_direct_map_are_found(void **state)
{
	for (unsigned levels = 4; levels <= 5; levels++) {
		struct iq_target *t = paged_new(levels);
		const struct iq_mem_layout *layout;
		struct iq_mem *mem;
		char word[6];
		iq_paddr pa;

		(void)state;
		iq_fake_write(t, PHYS_IMAGE + 0x1ffffd, "across", 6);
		assert_ok(iq_mem_new(t, &mem));
		layout = iq_mem_layout(mem);
		assert_int_equal(layout->levels, levels);
		assert_int_equal(layout->image_start, IMAGE);
		assert_int_equal(layout->image_end, IMAGE + 8 * 0x200000);
		assert_int_equal(layout->kaslr_offset, 0x19000000);
		assert_int_equal(layout->page_offset,
				 levels == 4 ? PAGE_OFFSET : UINT64_C(0xff25000040000000));
		assert_ok(iq_mem_read(mem, IMAGE + 0x1ffffd, word, 6));
		assert_memory_equal(word, "across", 6);
		assert_ok(iq_mem_read(mem, layout->page_offset + PHYS_IMAGE + 0x1ffffd, word, 6));
		assert_memory_equal(word, "across", 6);
		assert_ok(iq_mem_vtop(mem, IMAGE + 5, &pa));
		assert_int_equal(pa, PHYS_IMAGE + 5);
		assert_err(IQ_ERR_FAULT, iq_mem_read(mem, 0x1000, word, 6));
		assert_false(iq_mem_peek(mem, UINT64_C(0x8000000000000000), word, 6));
		assert_false(iq_mem_peek(mem, UINT64_MAX - 2, word, 6));
		iq_mem_free(mem);
		iq_target_close(t);
	}
}

static void a_stack_of_scattered_pages_is_read_in_one_piece(void **state)
{
	struct iq_target *t = paged_new(4);
	char stack[4 * PAGE];
	struct iq_error *err;
	struct iq_mem *mem;

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		map_at(t, 4, VMALLOC + i * PAGE, (0x900000 - i * 0x3000) | PRESENT, 1);
		iq_fake_add_pages(t, 0x900000 - i * 0x3000, PAGE);
		iq_fake_write_u64(t, 0x900000 - i * 0x3000, i);
	}
	assert_ok(iq_mem_new(t, &mem));
	assert_ok(iq_mem_read(mem, VMALLOC, stack, sizeof(stack)));
	for (uint64_t i = 0; i < 4; i++)
		assert_memory_equal(stack + i * PAGE, &i, 8);
	/* One word more is on the guard page; the fault says where. */
	err = iq_mem_read(mem, VMALLOC + 8, stack, sizeof(stack));
	assert_non_null(err);
	assert_int_equal(err->code, IQ_ERR_FAULT);
	assert_int_equal(err->addr, VMALLOC + sizeof(stack));
	iq_error_free(err);
	iq_mem_free(mem);
	iq_target_close(t);
}

static void a_page_that_is_not_there_is_asked_for_once(void **state)
{
	struct iq_target *t = paged_new(4);
	struct iq_mem *mem;
	uint64_t before, word;

	(void)state;
	map_at(t, 4, VMALLOC, 0x900000 | PRESENT, 1);
	iq_fake_add_pages(t, 0x900000, PAGE);
	assert_ok(iq_mem_new(t, &mem));
	assert_false(iq_mem_peek(mem, VMALLOC + PAGE, &word, sizeof(word)));
	before = iq_fake_num_reads(t);
	for (unsigned i = 0; i < 1000; i++)
		assert_false(iq_mem_peek(mem, VMALLOC + PAGE + i, &word, sizeof(word)));
	assert_int_equal(iq_fake_num_reads(t), before);
	assert_true(iq_mem_stats(mem).num_reads > 0);
	iq_mem_free(mem);
	iq_target_close(t);
}

static void views_point_into_the_target_where_they_can(void **state)
{
	struct iq_target *t = paged_new(4);
	const void *view, *again, *direct;
	struct iq_mem *mem;

	(void)state;
	map_at(t, 4, VMALLOC, 0x900000 | PRESENT, 1);
	map_at(t, 4, VMALLOC + PAGE, 0x700000 | PRESENT, 1);
	iq_fake_write(t, 0x900ffc, "head", 4);
	iq_fake_write(t, 0x700000, "tail", 4);
	assert_ok(iq_mem_new(t, &mem));
	assert_ok(iq_mem_view(mem, VMALLOC + 0xffc, 4, &view));
	assert_ok(t->ops->map_phys(t, 0x900ffc, 4, &direct));
	assert_ptr_equal(view, direct);
	assert_ok(iq_mem_view(mem, VMALLOC + 0xffc, 8, &view));
	assert_memory_equal(view, "headtail", 8);
	assert_ok(iq_mem_view(mem, VMALLOC + 0xffc, 8, &again));
	assert_ptr_equal(view, again);
	assert_err(IQ_ERR_FAULT, iq_mem_view(mem, VMALLOC + 0x1ffc, 8, &view));
	assert_err(IQ_ERR_CORRUPT, iq_mem_view(mem, VMALLOC, (size_t)1 << 40, &view));
	iq_mem_free(mem);
	iq_target_close(t);
}

static void user_memory_is_read_by_the_process_own_table(void **state)
{
	struct iq_target *t = paged_new(4);
	iq_paddr pgd = 0x3000000;
	struct iq_mem *mem;
	char argv[8];
	iq_paddr pa;

	(void)state;
	/* A table of its own: top level at pgd, the lower ones borrowed from the kernel's. */
	map_at(t, 4, 0x7ffe00001000, 0x500000 | PRESENT | UINT64_C(1) << 63, 1);
	map_at(t, 4, 0x7ffe00002000, 0x600000 | PRESENT, 1);
	iq_fake_add_pages(t, pgd, PAGE);
	iq_fake_write_u64(t, pgd + (0x7ffe00001000 >> 39) * 8,
			  read_u64(t, ROOT + (0x7ffe00001000 >> 39) * 8));
	iq_fake_write(t, 0x500ffc, "/bin", 4);
	iq_fake_write(t, 0x600000, "/ps", 4);
	assert_ok(iq_mem_new(t, &mem));
	assert_ok(iq_mem_read_user(mem, PAGE_OFFSET + pgd, 0x7ffe00001ffc, argv, 8));
	assert_string_equal(argv, "/bin/ps");
	assert_ok(iq_mem_vtop_user(mem, PAGE_OFFSET + pgd, 0x7ffe00002001, &pa));
	assert_int_equal(pa, 0x600001);
	assert_err(IQ_ERR_FAULT, iq_mem_read_user(mem, PAGE_OFFSET + pgd, 0x7ffe00003000, argv, 8));
	assert_err(IQ_ERR_FAULT, iq_mem_read_user(mem, PAGE_OFFSET + pgd, IMAGE, argv, 8));
	assert_err(IQ_ERR_CORRUPT,
		   iq_mem_read_user(mem, PAGE_OFFSET + pgd + 8, 0x7ffe00001000, argv, 8));
	assert_err(IQ_ERR_FAULT, iq_mem_read_user(mem, 0x1000, 0x7ffe00001000, argv, 8));
	iq_mem_free(mem);
	iq_target_close(t);
}

static void the_encryption_bit_is_taken_out_of_entries(void **state)
{
	struct iq_target *t = paged_new(4);
	uint64_t c_bit = UINT64_C(1) << 47;
	char text[1024];
	struct iq_mem *mem;
	iq_paddr pa;
	int n;

	(void)state;
	n = snprintf(text, sizeof(text), vmcoreinfo_text, 0);
	snprintf(text + n - strlen("0\n"), sizeof(text) - n, "%" PRIu64 "\n", c_bit);
	iq_fake_set_vmcoreinfo(t, text);
	map_at(t, 4, VMALLOC, 0x900000 | PRESENT | c_bit, 1);
	assert_ok(iq_mem_new(t, &mem));
	assert_ok(iq_mem_vtop(mem, VMALLOC + 8, &pa));
	assert_int_equal(pa, 0x900008);
	iq_mem_free(mem);
	iq_target_close(t);
}

static void no_vmcoreinfo_or_a_lying_one_is_an_error_with_words(void **state)
{
	struct iq_target *t = paged_new(4);
	struct iq_error *err;
	struct iq_mem *mem;
	char text[1024];

	(void)state;
	iq_fake_set_vmcoreinfo(t, NULL);
	err = iq_mem_new(t, &mem);
	assert_non_null(err);
	assert_int_equal(err->code, IQ_ERR_NOTFOUND);
	assert_non_null(strstr(iq_error_text(err), "VMCOREINFO"));
	iq_error_free(err);

	iq_fake_set_vmcoreinfo(t, "OSRELEASE=6.1\nSYMBOL(_stext)=zzz\nNUMBER(phys_base)=\n");
	assert_err(IQ_ERR_NOTFOUND, iq_mem_new(t, &mem));

	/* The table is there, but does not map the kernel where phys_base says. */
	snprintf(text, sizeof(text), vmcoreinfo_text, 0);
	memcpy(strstr(text, "SYMBOL(_stext)=ffffffff9a"), "SYMBOL(_stext)=ffffffffba", 25);
	iq_fake_set_vmcoreinfo(t, text);
	assert_err(IQ_ERR_CORRUPT, iq_mem_new(t, &mem));
	iq_target_close(t);
}

static void without_page_tables_the_image_is_read_by_formula(void **state)
{
	struct iq_target *t = paged_new(4);
	struct iq_mem *mem;
	char word[4];

	(void)state;
	iq_fake_write(t, PHYS_IMAGE + 0x123, "data", 4);
	iq_fake_remove_pages(t, ROOT, PAGE);
	assert_ok(iq_mem_new(t, &mem));
	assert_ok(iq_mem_read(mem, IMAGE + 0x123, word, 4));
	assert_memory_equal(word, "data", 4);
	assert_false(iq_mem_peek(mem, VMALLOC, word, 4));
	assert_false(iq_mem_peek(mem, IMAGE + 0x100123, word, 4));
	iq_mem_free(mem);
	iq_target_close(t);
}

/* ---- live memory ---- */

static void live_memory_is_cached_until_it_is_forgotten(void **state)
{
	struct iq_target *t = iq_fake_new();
	iq_vaddr va = UINT64_C(0xffff888000001ffc);
	char big[2 * PAGE];
	struct iq_mem *mem;
	uint64_t value;

	(void)state;
	iq_fake_set_live(t);
	iq_fake_write_u64(t, va, 1);
	assert_ok(iq_mem_new(t, &mem));
	assert_ok(iq_mem_read(mem, va, &value, 8));
	assert_int_equal(value, 1);
	iq_fake_write_u64(t, va, 2);
	assert_true(iq_mem_peek(mem, va, &value, 8));
	assert_int_equal(value, 1);
	assert_ok(iq_mem_read_fresh(mem, va, &value, 8));
	assert_int_equal(value, 2);
	assert_ok(iq_mem_read(mem, va & -PAGE, big, sizeof(big)));
	memcpy(&value, big + (va & (PAGE - 1)), 8);
	assert_int_equal(value, 2);
	for (unsigned i = 0; i < 5000; i++)
		iq_mem_forget(mem);
	assert_ok(iq_mem_read(mem, va, &value, 8));
	assert_int_equal(value, 2);
	iq_mem_free(mem);
	iq_target_close(t);
}

static void zeros_for_unmapped_vmalloc_are_not_believed(void **state)
{
	struct iq_target *t = paged_new(4);
	char stack[2 * PAGE];
	struct iq_error *err;
	struct iq_mem *mem;
	uint64_t word;

	(void)state;
	iq_fake_set_live(t);
	iq_fake_add_range(t, PAGE_OFFSET, PAGE_OFFSET + 0x40000000, 0, true);
	iq_fake_add_range(t, IMAGE, IMAGE + 8 * 0x200000, PHYS_IMAGE, true);
	iq_fake_add_range(t, VMALLOC, VMALLOC + 0x100000000000, UINT64_MAX, false);
	map_at(t, 4, VMALLOC + PAGE, 0x900000 | PRESENT, 1);
	map_at(t, 4, VMALLOC + 2 * PAGE, 0x800000 | PRESENT, 1);
	iq_fake_write_u64(t, VMALLOC + PAGE, 77);
	iq_fake_write_u64(t, VMALLOC + 2 * PAGE, 78);
	assert_ok(iq_mem_new(t, &mem));
	assert_ok(iq_mem_read(mem, VMALLOC + PAGE, &word, 8));
	assert_int_equal(word, 77);
	assert_ok(iq_mem_read(mem, VMALLOC + PAGE, stack, sizeof(stack)));
	assert_memory_equal(stack + PAGE, "N", 2);
	/* The target would say success, with zeros. */
	assert_false(iq_mem_peek(mem, VMALLOC, &word, 8));
	assert_false(iq_mem_peek(mem, VMALLOC + 0x200000000, &word, 8));
	err = iq_mem_read(mem, VMALLOC + 2 * PAGE, stack, sizeof(stack));
	assert_non_null(err);
	assert_int_equal(err->addr, VMALLOC + 3 * PAGE);
	iq_error_free(err);
	/* Between the ranges there is nothing to ask. */
	assert_false(iq_mem_peek(mem, VMALLOC - 8, &word, 8));
	iq_mem_free(mem);
	iq_target_close(t);
}

static void a_flat_kernel_needs_nothing_but_its_memory(void **state)
{
	struct iq_target *t = iq_fake_new();
	struct iq_regs regs = { .r = { [IQ_REG_IP] = 5 }, .known = 1U << IQ_REG_IP };
	struct iq_mem *mem;
	char word[8];

	(void)state;
	iq_fake_write(t, UINT64_C(0xffffffff81000ffc), "pages", 6);
	iq_fake_write(t, 0x400000, "argv", 5);
	iq_fake_add_cpu(t, &regs);
	assert_ok(iq_mem_new(t, &mem));
	assert_ok(iq_mem_read(mem, UINT64_C(0xffffffff81000ffc), word, 6));
	assert_string_equal(word, "pages");
	assert_ok(iq_mem_read_user(mem, 0, 0x400000, word, 5));
	assert_string_equal(word, "argv");
	assert_err(IQ_ERR_FAULT, iq_mem_read(mem, 0x400000, word, 5));
	assert_ok(t->ops->cpu_regs(t, 0, &regs));
	assert_int_equal(regs.r[IQ_REG_IP], 5);
	assert_err(IQ_ERR_NOTFOUND, t->ops->cpu_regs(t, 1, &regs));
	iq_mem_free(mem);
	iq_target_close(t);
}

static void vmcoreinfo_is_read_by_key(void **state)
{
	struct iq_target *t = iq_fake_new();
	const char *text;
	uint64_t value;
	size_t len;

	(void)state;
	iq_fake_set_vmcoreinfo(t, "OSRELEASE=6.1.0\nSYMBOL(a)=ffffffff81000000\nNUMBER(a)=-5\n"
				  "NUMBER(b)=0xff\nKERNELOFFSET=1f000000\nBAD=12x\nLAST=7");
	assert_ok(iq_target_vmcoreinfo(t, "OSRELEASE", &text, &len));
	assert_int_equal(len, 5);
	assert_memory_equal(text, "6.1.0", 5);
	assert_ok(iq_target_vmcoreinfo_u64(t, "SYMBOL(a)", &value));
	assert_int_equal(value, 0xffffffff81000000);
	assert_ok(iq_target_vmcoreinfo_u64(t, "NUMBER(a)", &value));
	assert_int_equal(value, -5);
	assert_ok(iq_target_vmcoreinfo_u64(t, "NUMBER(b)", &value));
	assert_int_equal(value, 255);
	assert_ok(iq_target_vmcoreinfo_u64(t, "KERNELOFFSET", &value));
	assert_int_equal(value, 0x1f000000);
	assert_ok(iq_target_vmcoreinfo_u64(t, "LAST", &value));
	assert_int_equal(value, 7);
	assert_err(IQ_ERR_CORRUPT, iq_target_vmcoreinfo_u64(t, "BAD", &value));
	assert_err(IQ_ERR_NOTFOUND, iq_target_vmcoreinfo_u64(t, "SYMBOL(b)", &value));
	assert_err(IQ_ERR_NOTFOUND, iq_target_vmcoreinfo_u64(t, "OSREL", &value));
	iq_target_close(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_of_all_sizes_are_walked),
		cmocka_unit_test(five_levels_reach_further_than_four),
		cmocka_unit_test(what_is_not_present_is_a_fault),
		cmocka_unit_test(lying_tables_are_corrupt_or_faults),
		cmocka_unit_test(image_and_direct_map_are_found),
		cmocka_unit_test(a_stack_of_scattered_pages_is_read_in_one_piece),
		cmocka_unit_test(a_page_that_is_not_there_is_asked_for_once),
		cmocka_unit_test(views_point_into_the_target_where_they_can),
		cmocka_unit_test(user_memory_is_read_by_the_process_own_table),
		cmocka_unit_test(the_encryption_bit_is_taken_out_of_entries),
		cmocka_unit_test(no_vmcoreinfo_or_a_lying_one_is_an_error_with_words),
		cmocka_unit_test(without_page_tables_the_image_is_read_by_formula),
		cmocka_unit_test(live_memory_is_cached_until_it_is_forgotten),
		cmocka_unit_test(zeros_for_unmapped_vmalloc_are_not_believed),
		cmocka_unit_test(a_flat_kernel_needs_nothing_but_its_memory),
		cmocka_unit_test(vmcoreinfo_is_read_by_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
