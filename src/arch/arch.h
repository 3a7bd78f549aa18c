/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What differs from machine to machine: registers, the page-table walk, the
 * frame that a task leaves on its stack when it is switched out. To add one,
 * fill a struct iq_arch; nothing else in the program asks which machine it is.
 */
#ifndef IQ_ARCH_ARCH_H
#define IQ_ARCH_ARCH_H

#include "inquest/error.h"
#include "inquest/stack.h"
#include "inquest/types.h"

/* Reads 8 bytes of physical memory, for the page-table walk. */
typedef struct iq_error *(*iq_read_phys_u64_fn)(void *ctx, iq_paddr pa, uint64_t *value_ret);

struct iq_arch {
	const char *name; /* as uname -m: "x86_64" */
	uint16_t elf_machine;
	/* Is this an address of the kernel's half? */
	bool (*is_kernel_addr)(iq_vaddr va);
	/*
	 * Walk the page tables whose top level is at physical address root. *run_ret is how many
	 * bytes from va on are mapped by the same entry (huge pages). IQ_ERR_FAULT: not present.
	 */
	struct iq_error *(*walk)(iq_paddr root, unsigned levels, iq_vaddr va,
				 iq_read_phys_u64_fn read, void *ctx, iq_paddr *pa_ret,
				 uint64_t *run_ret);

	/*
	 * The kernel image is mapped from image_base on, at a constant distance (phys_base) from
	 * where it lies in physical memory, and ends before image_end.
	 */
	iq_vaddr image_base, image_end;
	/*
	 * Where the mapping of all physical memory begins: the virtual address of physical 0,
	 * from the page tables alone. IQ_ERR_NOTFOUND: nothing that looks like it.
	 */
	struct iq_error *(*find_direct_map)(iq_paddr root, unsigned levels,
					    iq_read_phys_u64_fn read, void *ctx,
					    iq_vaddr *page_offset_ret);
	/* Registers out of an ELF note NT_PRSTATUS (struct elf_prstatus). False: too short. */
	bool (*prstatus_regs)(const void *data, size_t len, struct iq_regs *regs_ret);
	/* Top page table and levels out of QEMU's note with the CPU's state. False: not readable.
	 */
	bool (*qemu_root)(const void *data, size_t len, iq_paddr *root_ret, unsigned *levels_ret);
};

extern const struct iq_arch iq_arch_x86_64;

#endif
