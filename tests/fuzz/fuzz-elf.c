/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ELF opener, VMCOREINFO, and page tables over whatever came of it
 */
#include <sys/mman.h>
#include <unistd.h>

#include "target/internal.h"
#include "target/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void poke_about(struct iq_target *t, struct iq_mem *mem)
{
	static const iq_vaddr places[] = {
		0,
		0xfff,
		UINT64_C(0xffff888000000000),
		UINT64_C(0xffffc90000000ffc),
		UINT64_C(0xffffffff81000000),
		UINT64_C(0xffffffff82000ffc),
		UINT64_C(0xffffffffc0000000),
		UINT64_MAX - 4095,
		UINT64_MAX,
	};
	struct iq_error *err;
	const void *view;
	char buf[8192];
	uint64_t pgd;

	for (unsigned i = 0; i < IQ_ARRAY_SIZE(places); i++) {
		iq_mem_peek(mem, places[i], buf, 8);
		iq_error_free(iq_mem_read(mem, places[i], buf, sizeof(buf)));
		iq_error_free(iq_mem_view(mem, places[i], 5000, &view));
	}
	err = iq_target_vmcoreinfo_u64(t, "SYMBOL(swapper_pg_dir)", &pgd);
	if (!err)
		err = iq_mem_read_user(mem, pgd, 0x1000, buf, sizeof(buf));
	iq_error_free(err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct iq_target *t;
	struct iq_error *err;
	struct iq_mem *mem;
	char buf[256];

	if (fd < 0)
		return 0;
	if (len && write(fd, data, len) != (ssize_t)len) {
		close(fd);
		return 0;
	}
	err = iq_target_open_elf(fd, "fuzz", &t);
	if (err) {
		iq_error_text(err);
		iq_error_free(err);
		return 0;
	}
	for (size_t i = 0; i < t->num_ranges && i < 16; i++) {
		iq_error_free(t->ops->read_phys(t, t->ranges[i].start, buf, sizeof(buf)));
		iq_error_free(t->ops->read_phys(t, t->ranges[i].end - 8, buf, sizeof(buf)));
	}
	err = iq_mem_new(t, &mem);
	if (!err) {
		poke_about(t, mem);
		iq_mem_free(mem);
	}
	iq_error_free(err);
	iq_target_close(t);
	return 0;
}
