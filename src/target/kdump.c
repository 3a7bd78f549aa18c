/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Dumps by libkdumpfile
 *
 * kdump-compressed (makedumpfile, QEMU's kdump-zlib and so on) and whatever else
 * the library opens. We ask it for physical memory only: page tables are walked
 * by ourselves. Pages that makedumpfile left out are faults, not zeros.
 */
#include <libkdumpfile/kdumpfile.h>

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "target/internal.h"

enum {
	CACHE_PAGES = 4096, /* of decompressed pages: 16 MiB */
	MAX_CPUS = 8192,
	MAX_RANGES = 1 << 16, /* of RAM; beyond them lookups are left to the library */
};

struct kdump {
	kdump_ctx_t *ctx;
	int fd;
	struct iq_cpu_regs regs;
};

static void kdump_close(struct iq_target *t)
{
	struct kdump *k = t->priv;

	if (!k)
		return;
	if (k->ctx)
		kdump_free(k->ctx);
	close(k->fd);
	iq_vec_free(&k->regs.cpus);
	free(k);
}

static struct iq_error *kdump_read_phys(struct iq_target *t, iq_paddr pa, void *buf, size_t len)
{
	struct kdump *k = t->priv;
	size_t done = len;

	if (kdump_read(k->ctx, KDUMP_MACHPHYSADDR, pa, buf, &done) == KDUMP_OK)
		return NULL;
	kdump_clear_err(k->ctx);
	return iq_error_fault(pa + IQ_MIN(done, len - 1), "physical memory that the dump has");
}

static struct iq_error *kdump_cpu_regs(struct iq_target *t, unsigned cpu, struct iq_regs *regs_ret)
{
	struct kdump *k = t->priv;

	if (cpu >= k->regs.cpus.num || !k->regs.cpus.data[cpu].known)
		return iq_error_new(IQ_ERR_NOTFOUND, "the dump has no registers of CPU %u", cpu);
	*regs_ret = k->regs.cpus.data[cpu];
	return NULL;
}

static const struct iq_target_ops kdump_ops = {
	.kind = "kdump",
	.close = kdump_close,
	.read_phys = kdump_read_phys,
	.read_virt = iq_target_no_virt,
	.map_phys = iq_target_no_map,
	.cpu_regs = kdump_cpu_regs,
};

/* By the attribute: kdump_vmcoreinfo_raw() asks for an OS type to be set first. */
static void load_vmcoreinfo(struct iq_target *t)
{
	struct kdump *k = t->priv;
	kdump_attr_t attr = { .type = KDUMP_BLOB };

	if (kdump_get_typed_attr(k->ctx, "linux.vmcoreinfo.raw", &attr) != KDUMP_OK)
		return;
	iq_target_set_vmcoreinfo(t, kdump_blob_pin(attr.val.blob), kdump_blob_size(attr.val.blob));
	kdump_blob_unpin(attr.val.blob);
}

static void load_regs(struct iq_target *t)
{
	struct kdump *k = t->priv;
	kdump_num_t num;

	if (kdump_get_number_attr(k->ctx, KDUMP_ATTR_NUM_CPUS, &num) != KDUMP_OK)
		num = 0;
	for (unsigned cpu = 0; cpu < IQ_MIN(num, (kdump_num_t)MAX_CPUS); cpu++) {
		kdump_attr_t attr = { .type = KDUMP_BLOB };
		struct iq_regs regs = { 0 };
		char key[32];

		snprintf(key, sizeof(key), "cpu.%u.PRSTATUS", cpu);
		if (kdump_get_typed_attr(k->ctx, key, &attr) == KDUMP_OK) {
			void *data = kdump_blob_pin(attr.val.blob);

			t->arch->prstatus_regs(data, kdump_blob_size(attr.val.blob), &regs);
			kdump_blob_unpin(attr.val.blob);
		}
		iq_vec_push(&k->regs.cpus, regs);
	}
	t->num_cpu_regs = (unsigned)k->regs.cpus.num;
}

/* Where RAM was, by the dump's own bitmap. */
static void load_ranges(struct iq_target *t)
{
	struct kdump *k = t->priv;
	kdump_attr_t attr = { .type = KDUMP_BITMAP };
	kdump_addr_t pfn = 0;

	if (kdump_get_typed_attr(k->ctx, KDUMP_ATTR_MEMORY_PAGEMAP, &attr) != KDUMP_OK)
		return;
	while (t->num_ranges < MAX_RANGES) {
		kdump_addr_t start = pfn, end;

		if (kdump_bmp_find_set(attr.val.bitmap, &start) != KDUMP_OK)
			break;
		end = start;
		if (kdump_bmp_find_clear(attr.val.bitmap, &end) != KDUMP_OK || end <= start)
			break;
		iq_target_add_range(t, start << IQ_PAGE_SHIFT, end << IQ_PAGE_SHIFT);
		pfn = end;
	}
	if (t->num_ranges == MAX_RANGES)
		t->num_ranges = 0;
	iq_target_sort(t);
}

static struct iq_error *check_arch(struct iq_target *t)
{
	struct kdump *k = t->priv;
	const char *name;

	if (kdump_get_string_attr(k->ctx, KDUMP_ATTR_ARCH_NAME, &name) != KDUMP_OK)
		return iq_error_new(IQ_ERR_INVALID, "a dump of an unknown machine");
	if (strcmp(name, t->arch->name))
		return iq_error_new(IQ_ERR_UNSUPPORTED,
				    "a dump of machine %s; only x86-64 is supported", name);
	return NULL;
}

static struct iq_error *load(struct iq_target *t)
{
	struct kdump *k = t->priv;
	struct iq_error *err;
	kdump_status status;

	status = kdump_open_fd(k->ctx, k->fd);
	if (status == KDUMP_ERR_SYSTEM)
		return iq_error_errno(errno, "%s", kdump_get_err(k->ctx));
	if (status != KDUMP_OK)
		return iq_error_new(IQ_ERR_INVALID, "not a memory dump, or a damaged one (%s)",
				    kdump_get_err(k->ctx) ? kdump_get_err(k->ctx)
							  : kdump_strerror(status));
	err = check_arch(t);
	if (err)
		return err;
	kdump_set_number_attr(k->ctx, KDUMP_ATTR_ZERO_EXCLUDED, 0);
	kdump_set_number_attr(k->ctx, "cache.size", CACHE_PAGES);
	kdump_clear_err(k->ctx);
	load_vmcoreinfo(t);
	load_regs(t);
	load_ranges(t);
	kdump_clear_err(k->ctx);
	return NULL;
}

struct iq_error *iq_target_open_kdump(int fd, const char *path, struct iq_target **target_ret)
{
	struct iq_target *t = iq_target_alloc(&kdump_ops, path);
	struct kdump *k = iq_xcalloc(1, sizeof(*k));
	struct iq_error *err;

	t->priv = k;
	k->fd = fd;
	k->ctx = kdump_new();
	if (!k->ctx)
		err = &iq_nomem;
	else
		err = load(t);
	if (err) {
		iq_target_close(t);
		return iq_error_prefix(err, "%s", path);
	}
	*target_ret = t;
	return NULL;
}
