/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Call frame information, as .eh_frame has it
 *
 * For stacks of user mode. Everything is read through the caller's function, and
 * believed as far as it makes sense: false is "it does not say", and there are no errors.
 */
#ifndef IQ_UNWIND_CFI_H
#define IQ_UNWIND_CFI_H

#include "inquest/stack.h"

/* The memory of what is unwound, its tables included. */
struct cfi_memory {
	bool (*read)(void *ctx, uint64_t addr, void *buf, size_t len);
	void *ctx;
};

/*
 * The description (FDE) of the code at pc, by the table in .eh_frame_hdr at `header`. False: there
 * is none, or what is there makes no sense.
 */
bool cfi_find(const struct cfi_memory *mem, uint64_t header, uint64_t header_len, uint64_t pc,
	      uint64_t *fde_ret);

/* The same without a table, by looking through all of .eh_frame: len bytes from start on. */
bool cfi_scan(const struct cfi_memory *mem, uint64_t start, uint64_t len, uint64_t pc,
	      uint64_t *fde_ret);

/*
 * The caller's registers. `pc` is what is looked up: one less than a return address. *signal_ret:
 * the frame was made by a signal, and the caller's pc is exact. False: it does not say.
 */
bool cfi_step(const struct cfi_memory *mem, uint64_t fde, uint64_t pc, const struct iq_regs *regs,
	      struct iq_regs *caller_ret, bool *signal_ret);

#endif
