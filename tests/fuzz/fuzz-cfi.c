/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Call frame information made of anything
 *
 * The input is 8 bytes of choices, then memory from address 0x1000 on: tables, programs,
 * expressions and the stack at once. Whatever it is, every question is answered in bounded time.
 */
#include <assert.h>
#include <string.h>

#include "inquest/util.h"
#include "unwind/cfi.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { START = 0x1000, MAX_STEPS = 64 };

struct input {
	const uint8_t *data;
	size_t len;
};

static bool read_input(void *ctx, uint64_t addr, void *buf, size_t len)
{
	const struct input *in = ctx;

	if (addr < START || addr - START > in->len || len > in->len - (addr - START))
		return false;
	memcpy(buf, in->data + (addr - START), len);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct iq_regs regs = { .known = (1u << 17) - 1 }, caller;
	struct input in = { data + 8, len < 8 ? 0 : len - 8 };
	struct cfi_memory mem = { read_input, &in };
	bool is_signal;
	uint64_t fde;

	if (len < 8)
		return 0;
	for (int i = 0; i < 17; i++)
		regs.r[i] = START + data[0] * 8ULL + (unsigned)i * data[1];
	for (unsigned i = 0; i < MAX_STEPS; i++) {
		uint64_t pc = START + data[2] * (uint64_t)i + data[3];

		if (cfi_find(&mem, START + data[4], data[5] * 8ULL, pc, &fde) ||
		    cfi_scan(&mem, START + data[6], in.len, pc, &fde))
			(void)cfi_step(&mem, fde, pc, &regs, &caller, &is_signal);
		if (cfi_step(&mem, START + data[7] + 4 * (uint64_t)i, pc, &regs, &caller,
			     &is_signal))
			assert(caller.known & 1u << IQ_REG_IP);
	}
	return 0;
}
