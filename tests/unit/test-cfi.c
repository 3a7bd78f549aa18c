/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Call frame information: this test's own stack, unwound by its own tables
 */
#include "test.h"

#include <execinfo.h>
#include <link.h>
#include <string.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

#include "inquest/util.h"
#include "unwind/cfi.h"

struct table {
	uint64_t start, end, header, header_len;
};

static struct table tables[64];
static size_t num_tables;

static bool read_self(void *ctx, uint64_t addr, void *buf, size_t len)
{
	struct iovec local = { buf, len }, remote = { (void *)(uintptr_t)addr, len };

	(void)ctx;
	return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)len;
}

static const struct cfi_memory self = { read_self, NULL };

static int add_table(struct dl_phdr_info *info, size_t size, void *ctx)
{
	struct table t = { 0 };

	(void)size, (void)ctx;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];

		if (p->p_type == PT_LOAD && p->p_flags & PF_X) {
			t.start = info->dlpi_addr + p->p_vaddr;
			t.end = t.start + p->p_memsz;
		} else if (p->p_type == PT_GNU_EH_FRAME) {
			t.header = info->dlpi_addr + p->p_vaddr;
			t.header_len = p->p_memsz;
		}
	}
	if (t.header && num_tables < IQ_ARRAY_SIZE(tables))
		tables[num_tables++] = t;
	return 0;
}

static bool step(struct iq_regs *regs, bool exact)
{
	uint64_t pc = regs->r[IQ_REG_IP] - !exact, fde;
	struct iq_regs caller;
	bool is_signal;

	for (size_t i = 0; i < num_tables; i++) {
		if (pc < tables[i].start || pc >= tables[i].end)
			continue;
		if (!cfi_find(&self, tables[i].header, tables[i].header_len, pc, &fde) ||
		    !cfi_step(&self, fde, pc, regs, &caller, &is_signal))
			return false;
		*regs = caller;
		return true;
	}
	return false;
}

static struct iq_regs regs_of(const ucontext_t *uc)
{
	static const uint8_t of[17] = { REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI,
					REG_RBP, REG_RSP, REG_R8,  REG_R9,  REG_R10, REG_R11,
					REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP };
	struct iq_regs regs = { .known = (1u << 17) - 1 };

	for (int i = 0; i < 17; i++)
		regs.r[i] = (uint64_t)uc->uc_mcontext.gregs[of[i]];
	return regs;
}

static void our_own_stack_is_unwound_as_the_library_does(void **state)
{
	static struct iq_regs regs;
	static void *theirs[64];
	static size_t ours;
	static ucontext_t uc; /* getcontext() may return twice, says the compiler */
	static int num;

	(void)state;
	dl_iterate_phdr(add_table, NULL);
	assert_int_equal(getcontext(&uc), 0);
	num = backtrace(theirs, 64);
	assert_true(num > 3);
	regs = regs_of(&uc);
	/* Frame 0 is this function, at another place of it. */
	for (int i = 1; i < num; i++) {
		if (!step(&regs, i == 1))
			break;
		assert_int_equal(regs.r[IQ_REG_IP], (uintptr_t)theirs[i]);
		ours++;
	}
	assert_true(ours >= 3);
}

static void tables_without_an_index_are_looked_through(void **state)
{
	uint64_t sorted, scanned, frame,
		pc = (uintptr_t)our_own_stack_is_unwound_as_the_library_does;
	int32_t offset;

	(void)state;
	for (size_t i = 0; i < num_tables; i++) {
		if (pc < tables[i].start || pc >= tables[i].end)
			continue;
		assert_true(cfi_find(&self, tables[i].header, tables[i].header_len, pc, &sorted));
		/* .eh_frame's place, relative to where that is written down. */
		assert_true(read_self(NULL, tables[i].header + 4, &offset, 4));
		frame = tables[i].header + 4 + (uint64_t)(int64_t)offset;
		assert_true(cfi_scan(&self, frame, 1 << 20, pc, &scanned));
		assert_int_equal(sorted, scanned);
		return;
	}
	fail();
}

struct lie {
	const uint8_t *data;
	size_t len;
};

static bool read_lie(void *ctx, uint64_t addr, void *buf, size_t len)
{
	const struct lie *lie = ctx;

	if (addr < 0x1000 || addr - 0x1000 > lie->len || len > lie->len - (addr - 0x1000))
		return false;
	memcpy(buf, lie->data + (addr - 0x1000), len);
	return true;
}

static void lies_end_quietly(void **state)
{
	uint8_t data[256];
	uint32_t seed = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		struct lie lie = { data, sizeof(data) };
		struct cfi_memory mem = { read_lie, &lie };
		struct iq_regs regs = { .known = (1u << 17) - 1 }, caller;
		bool is_signal;
		uint64_t fde;

		for (size_t i = 0; i < sizeof(data); i++) {
			seed = seed * 1664525 + 1013904223;
			data[i] = (uint8_t)(seed >> (round % 2 ? 24 : 29));
		}
		/* A record that names the one before it. */
		memcpy(data,
		       (const uint8_t[]){ 28, 0, 0, 0, 0, 0, 0, 0, 1, 'z', 'R', 0, 1, 0x78, 16, 1,
					  0x1b },
		       17);
		memcpy(data + 32,
		       (const uint8_t[]){ 60, 0, 0, 0, 36, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0 },
		       17);
		(void)cfi_step(&mem, 0x1020, 0x1028 + 8, &regs, &caller, &is_signal);
		(void)cfi_find(&mem, 0x1000, 256, 0x1010, &fde);
		(void)cfi_scan(&mem, 0x1000, 256, 0x1010, &fde);
		for (size_t i = 0; i < 48; i++)
			(void)cfi_step(&mem, 0x1000 + i, 0x1010, &regs, &caller, &is_signal);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_own_stack_is_unwound_as_the_library_does),
		cmocka_unit_test(tables_without_an_index_are_looked_through),
		cmocka_unit_test(lies_end_quietly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
