/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * x86-64
 *
 * Page tables have 4 levels of 512 entries, or 5 (CR4.LA57). An entry is
 * present with bit 0; at the second and third level from the bottom, bit 7 says
 * that it maps a page of 2 MiB or 1 GiB itself. Bits 12 to 51 are the address;
 * where memory is encrypted one of them is the C bit, which our caller takes
 * out of the entries that it reads for us.
 *
 * An entry that is not present for the processor may be so for Linux: PROT_NONE
 * and NUMA hinting clear bit 0, set bit 8 instead, and invert the address
 * against L1TF (arch/x86/include/asm/pgtable-invert.h).
 */
#include "arch/arch.h"

#include <string.h>

#include "inquest/util.h"

enum {
	PAGE_SHIFT = 12,
	LEVEL_BITS = 9,
	NUM_ENTRIES = 1 << LEVEL_BITS,
};

#define PTE_PRESENT  (UINT64_C(1) << 0)
#define PTE_HUGE     (UINT64_C(1) << 7)
#define PTE_PROTNONE (UINT64_C(1) << 8)
#define PTE_ADDR     UINT64_C(0x000ffffffffff000)

#define KERNEL_HALF UINT64_C(0xff00000000000000) /* with 5 levels; with 4 it begins higher */
#define IMAGE_BASE  UINT64_C(0xffffffff80000000) /* __START_KERNEL_map */
#define IMAGE_END   UINT64_C(0xffffffffc0000000) /* KERNEL_IMAGE_SIZE_MAX, 1 GiB, above it */

static bool is_kernel_addr(iq_vaddr va)
{
	return va >= KERNEL_HALF;
}

static unsigned level_shift(unsigned level)
{
	return PAGE_SHIFT + (level - 1) * LEVEL_BITS;
}

static bool is_canonical(iq_vaddr va, unsigned levels)
{
	unsigned unused = 64 - (PAGE_SHIFT + levels * LEVEL_BITS);

	return (uint64_t)((int64_t)(va << unused) >> unused) == va;
}

/* What one entry says. */
enum entry_kind { ENTRY_NONE, ENTRY_TABLE, ENTRY_PAGE, ENTRY_BAD };

static enum entry_kind decode(uint64_t entry, unsigned level, iq_paddr table, iq_paddr *pa_ret)
{
	uint64_t in_page = (UINT64_C(1) << level_shift(level)) - 1;
	iq_paddr pa;

	if (!(entry & (PTE_PRESENT | PTE_PROTNONE)))
		return ENTRY_NONE;
	pa = (entry & PTE_PRESENT ? entry : ~entry) & PTE_ADDR;
	if (level == 1) {
		*pa_ret = pa;
		return ENTRY_PAGE;
	}
	if (entry & PTE_HUGE) {
		/* Bit 12 is PAT; the address bits below the page's size are reserved. */
		if (level > 3 || (pa & in_page & ~(UINT64_C(1) << 12) && entry & PTE_PRESENT))
			return ENTRY_BAD;
		*pa_ret = pa & ~in_page;
		return ENTRY_PAGE;
	}
	if (!(entry & PTE_PRESENT))
		return ENTRY_NONE;
	if (pa == table)
		return ENTRY_BAD;
	*pa_ret = pa;
	return ENTRY_TABLE;
}

static struct iq_error *walk(iq_paddr root, unsigned levels, iq_vaddr va, iq_read_phys_u64_fn read,
			     void *ctx, iq_paddr *pa_ret, uint64_t *run_ret)
{
	iq_paddr table = root & PTE_ADDR;
	struct iq_error *err;

	if (levels < 4 || levels > 5)
		return iq_error_new(IQ_ERR_UNSUPPORTED, "%u levels of page tables", levels);
	if (!is_canonical(va, levels))
		return iq_error_fault(va, "a non-canonical address");

	for (unsigned level = levels; level > 0; level--) {
		uint64_t index = va >> level_shift(level) & (NUM_ENTRIES - 1);
		uint64_t size = UINT64_C(1) << level_shift(level);
		uint64_t entry;
		iq_paddr pa;

		err = read(ctx, table + index * 8, &entry);
		if (err)
			return err;
		switch (decode(entry, level, table, &pa)) {
		case ENTRY_TABLE:
			table = pa;
			break;
		case ENTRY_PAGE:
			*pa_ret = pa + (va & (size - 1));
			*run_ret = size - (va & (size - 1));
			return NULL;
		case ENTRY_NONE:
			return iq_error_fault(va, "memory that is not mapped");
		case ENTRY_BAD:
			return iq_error_new(IQ_ERR_CORRUPT,
					    "page table entry %#" PRIx64 " at physical %#" PRIx64
					    " (level %u) has reserved bits set",
					    entry, (iq_paddr)(table + index * 8), level);
		}
	}
	return iq_error_fault(va, "memory that is not mapped");
}

/*
 * The lowest mapping of the kernel's half is the direct map of physical memory (page_offset_base;
 * Documentation/arch/x86/x86_64/mm.rst), aligned to 1 GiB even when randomized
 * (kernel_randomize_memory()), and its first mapped page is physical 0 or little above it. So the
 * level that maps 1 GiB an entry says enough where the tables below it are not in the dump.
 */
static struct iq_error *find_direct_map(iq_paddr root, unsigned levels, iq_read_phys_u64_fn read,
					void *ctx, iq_vaddr *page_offset_ret)
{
	iq_vaddr va = levels == 5 ? UINT64_C(0xff11000000000000) : UINT64_C(0xffff888000000000);
	iq_paddr table = root & PTE_ADDR;
	struct iq_error *err;

	if (levels < 4 || levels > 5)
		return iq_error_new(IQ_ERR_UNSUPPORTED, "%u levels of page tables", levels);
	for (unsigned level = levels; level > 0; level--) {
		unsigned shift = level_shift(level);
		uint64_t index = va >> shift & (NUM_ENTRIES - 1);
		enum entry_kind kind = ENTRY_NONE;
		iq_paddr pa = 0;

		for (; index < NUM_ENTRIES; index++) {
			uint64_t entry;

			err = read(ctx, table + index * 8, &entry);
			if (err && level <= 2 && iq_error_catch(&err, IQ_ERR_FAULT)) {
				*page_offset_ret = va & ~((UINT64_C(1) << level_shift(3)) - 1);
				return NULL;
			}
			if (err)
				return err;
			kind = decode(entry, level, table, &pa);
			if (kind == ENTRY_TABLE || kind == ENTRY_PAGE)
				break;
			/* The next entry's first address: lower indexes begin at 0 there. */
			va = ((va >> shift) + 1) << shift;
		}
		if (index == NUM_ENTRIES || va >= IMAGE_BASE)
			break;
		if (kind == ENTRY_PAGE) {
			if (pa >> level_shift(3))
				break; /* the first page of it that high: something else */
			*page_offset_ret = va - pa;
			return NULL;
		}
		table = pa;
	}
	return iq_error_new(IQ_ERR_NOTFOUND, "no direct map in the page tables");
}

/* struct elf_prstatus: pr_reg is at 112, in the order of struct user_regs_struct. */
static bool prstatus_regs(const void *data, size_t len, struct iq_regs *regs_ret)
{
	enum { PR_REG = 112, NUM = 21, SKIP = IQ_NUM_REGS };
	static const uint8_t order[NUM] = {
		IQ_REG_R15, IQ_REG_R14, IQ_REG_R13, IQ_REG_R12, IQ_REG_BP,    IQ_REG_BX, IQ_REG_R11,
		IQ_REG_R10, IQ_REG_R9,	IQ_REG_R8,  IQ_REG_AX,	IQ_REG_CX,    IQ_REG_DX, IQ_REG_SI,
		IQ_REG_DI,  SKIP,	IQ_REG_IP,  IQ_REG_CS,	IQ_REG_FLAGS, IQ_REG_SP, IQ_REG_SS,
	};
	struct iq_regs regs = { 0 };

	if (len < PR_REG + NUM * 8)
		return false;
	for (unsigned i = 0; i < NUM; i++) {
		if (order[i] == SKIP)
			continue;
		memcpy(&regs.r[order[i]], (const char *)data + PR_REG + i * 8, 8);
		regs.known |= UINT32_C(1) << order[i];
	}
	*regs_ret = regs;
	return true;
}

/*
 * QEMU's QEMUCPUState (target/i386/arch_dump.c): version and size (u32 each), 18 registers, 10
 * segments of 24 bytes, CR0 to CR4.
 */
static bool qemu_root(const void *data, size_t len, iq_paddr *root_ret, unsigned *levels_ret)
{
	enum { CR = 8 + 18 * 8 + 10 * 24 };
	uint64_t cr3, cr4;
	uint32_t version;

	if (len < CR + 5 * 8)
		return false;
	memcpy(&version, data, sizeof(version));
	memcpy(&cr3, (const char *)data + CR + 3 * 8, 8);
	memcpy(&cr4, (const char *)data + CR + 4 * 8, 8);
	if (version != 1 || !(cr3 & PTE_ADDR))
		return false;
	*root_ret = cr3 & PTE_ADDR;
	*levels_ret = cr4 >> 12 & 1 ? 5 : 4;
	return true;
}

const struct iq_arch iq_arch_x86_64 = {
	.name = "x86_64",
	.elf_machine = 62, /* EM_X86_64 */
	.is_kernel_addr = is_kernel_addr,
	.walk = walk,
	.image_base = IMAGE_BASE,
	.image_end = IMAGE_END,
	.find_direct_map = find_direct_map,
	.prstatus_regs = prstatus_regs,
	.qemu_root = qemu_root,
};
