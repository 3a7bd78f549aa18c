/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A made kernel's memory
 *
 * A target that a test lays out itself:
 *
 *	struct iq_target *t = iq_fake_new();
 *
 *	iq_fake_write(t, 0xffff888000001000, &task, sizeof(task));
 *	iq_fake_set_vmcoreinfo(t, "OSRELEASE=6.1.0-made\n");
 *	iq_mem_new(t, &mem);	// works: reads find what was written where it was written
 *	...
 *	iq_mem_free(mem);
 *	iq_target_close(t);
 *
 * It is flat at first: every virtual address, of the kernel's half as of any process, is its own
 * physical address, no page tables and no VMCOREINFO are needed, and a pgd is a number that nobody
 * follows. Pages exist from the first write to them on (the rest of the page is zeros); all
 * others are faults. Memory may be changed at any time; the target counts as a dump, so that
 * nothing is cached, unless it is told otherwise.
 */
#ifndef IQ_TARGET_FAKE_H
#define IQ_TARGET_FAKE_H

#include "target/target.h"

/* An empty target; ends with iq_target_close(). */
struct iq_target *iq_fake_new(void);

/* Put bytes, or one number, at an address. */
void iq_fake_write(struct iq_target *t, uint64_t addr, const void *data, size_t len);
void iq_fake_write_u64(struct iq_target *t, uint64_t addr, uint64_t value);
void iq_fake_write_u32(struct iq_target *t, uint64_t addr, uint32_t value);

/* Make the pages of [addr, addr + len) exist (as zeros), or faults again. Bounded to 1 GiB. */
void iq_fake_add_pages(struct iq_target *t, uint64_t addr, size_t len);
void iq_fake_remove_pages(struct iq_target *t, uint64_t addr, size_t len);

/* The text of VMCOREINFO; NULL for none. */
void iq_fake_set_vmcoreinfo(struct iq_target *t, const char *text);

/* The registers of the next CPU, from 0 on. */
void iq_fake_add_cpu(struct iq_target *t, const struct iq_regs *regs);

/*
 * With page tables: addresses written to are physical from now on, and iq_mem_new() asks for
 * VMCOREINFO and page tables as it does with a dump.
 */
void iq_fake_use_page_tables(struct iq_target *t);

/*
 * As a live kernel: reads are cached until iq_mem_forget(), and go by virtual ranges. A flat target
 * gets one for everything. One with page tables gets none: add them, those of known physical
 * address (linear), and those that answer zeros with success for what was never written at that
 * address, as /proc/kcore does.
 */
void iq_fake_set_live(struct iq_target *t);
void iq_fake_add_range(struct iq_target *t, iq_vaddr start, iq_vaddr end, iq_paddr paddr,
		       bool linear);

/* How often the target was asked to read anything. */
uint64_t iq_fake_num_reads(const struct iq_target *t);

#endif
