/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What all memory sources have in common, and finding out which one a file is
 */
#include "target/target.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "target/internal.h"

struct iq_target *iq_target_alloc(const struct iq_target_ops *ops, const char *path)
{
	struct iq_target *t = iq_xcalloc(1, sizeof(*t));

	t->ops = ops;
	t->path = iq_xstrdup(path);
	t->arch = &iq_arch_x86_64;
	return t;
}

void iq_target_close(struct iq_target *t)
{
	if (!t)
		return;
	t->ops->close(t);
	free(t->path);
	free(t->vmcoreinfo);
	free(t->missing);
	free(t->ranges);
	free(t->virt);
	free(t->roots);
	free(t);
}

void iq_target_set_vmcoreinfo(struct iq_target *t, const void *text, size_t len)
{
	len = strnlen(text, len);
	free(t->vmcoreinfo);
	t->vmcoreinfo = iq_xmalloc(len + 1);
	memcpy(t->vmcoreinfo, text, len);
	t->vmcoreinfo[len] = '\0';
	t->vmcoreinfo_len = len;
}

/* Room for one more in an array that grows by powers of two. */
static void *array_grow(void *data, size_t num, size_t size)
{
	return num & (num - 1) ? data : iq_xrealloc(data, (num ? num * 2 : 1) * size);
}

void iq_target_add_range(struct iq_target *t, iq_paddr start, iq_paddr end)
{
	if (start >= end)
		return;
	t->ranges = array_grow(t->ranges, t->num_ranges, sizeof(*t->ranges));
	t->ranges[t->num_ranges++] = (struct iq_phys_range){ start, end };
}

void iq_target_add_virt(struct iq_target *t, struct iq_virt_range range)
{
	t->virt = array_grow(t->virt, t->num_virt, sizeof(*t->virt));
	t->virt[t->num_virt++] = range;
}

void iq_target_add_root(struct iq_target *t, iq_paddr root, unsigned levels)
{
	for (size_t i = 0; i < t->num_roots; i++)
		if (t->roots[i].root == root)
			return;
	t->roots = array_grow(t->roots, t->num_roots, sizeof(*t->roots));
	t->roots[t->num_roots++] = (struct iq_root){ root, levels };
}

void iq_target_take_note(struct iq_target *t, struct iq_cpu_regs *regs, const char *name,
			 uint32_t type, const void *desc, size_t len)
{
	if (!strcmp(name, "VMCOREINFO")) {
		iq_target_set_vmcoreinfo(t, desc, len);
	} else if (!strcmp(name, "CORE") && type == NT_PRSTATUS) {
		struct iq_regs cpu;

		if (t->arch->prstatus_regs(desc, len, &cpu))
			iq_vec_push(&regs->cpus, cpu);
	} else if (!strcmp(name, "QEMU") && !type) {
		iq_paddr root;
		unsigned levels;

		if (t->arch->qemu_root(desc, len, &root, &levels))
			iq_target_add_root(t, root, levels);
	}
}

static int range_cmp(const void *a, const void *b)
{
	const struct iq_phys_range *ra = a, *rb = b;

	return (ra->start > rb->start) - (ra->start < rb->start);
}

static int virt_cmp(const void *a, const void *b)
{
	const struct iq_virt_range *ra = a, *rb = b;

	return (ra->start > rb->start) - (ra->start < rb->start);
}

void iq_target_sort(struct iq_target *t)
{
	size_t num = 0;

	if (t->num_ranges)
		qsort(t->ranges, t->num_ranges, sizeof(*t->ranges), range_cmp);
	for (size_t i = 0; i < t->num_ranges; i++) {
		if (num && t->ranges[i].start <= t->ranges[num - 1].end)
			t->ranges[num - 1].end = IQ_MAX(t->ranges[num - 1].end, t->ranges[i].end);
		else
			t->ranges[num++] = t->ranges[i];
	}
	t->num_ranges = num;

	if (t->num_virt)
		qsort(t->virt, t->num_virt, sizeof(*t->virt), virt_cmp);
}

const struct iq_virt_range *iq_target_find_virt(const struct iq_target *t, iq_vaddr va)
{
	size_t lo = 0, hi = t->num_virt;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (t->virt[mid].start <= va)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo && va < t->virt[lo - 1].end ? &t->virt[lo - 1] : NULL;
}

struct iq_error *iq_target_read_u64(void *ctx, iq_paddr pa, uint64_t *value_ret)
{
	struct iq_target *t = ctx;

	return t->ops->read_phys(t, pa, value_ret, sizeof(*value_ret));
}

struct iq_error *iq_target_no_virt(struct iq_target *t, iq_vaddr va, void *buf, size_t len)
{
	(void)va, (void)buf, (void)len;
	return iq_error_new(IQ_ERR_UNSUPPORTED, "%s sources are read by physical address",
			    t->ops->kind);
}

struct iq_error *iq_target_no_map(struct iq_target *t, iq_paddr pa, size_t len,
				  const void **ptr_ret)
{
	(void)pa, (void)len, (void)ptr_ret;
	return iq_error_new(IQ_ERR_UNSUPPORTED, "%s sources cannot be mapped", t->ops->kind);
}

struct iq_error *iq_target_no_regs(struct iq_target *t, unsigned cpu, struct iq_regs *regs_ret)
{
	(void)cpu, (void)regs_ret;
	return iq_error_new(IQ_ERR_UNSUPPORTED, "%s sources have no registers of CPUs",
			    t->ops->kind);
}

struct iq_error *iq_target_open_dump(const char *path, struct iq_target **target_ret)
{
	unsigned char head[16];
	struct stat st;
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return iq_error_errno(errno, "open %s", path);
	if (fstat(fd, &st) < 0 || !(S_ISREG(st.st_mode) || S_ISBLK(st.st_mode))) {
		close(fd);
		return iq_error_new(IQ_ERR_INVALID, "%s: not a memory dump, not even a file", path);
	}
	n = pread(fd, head, sizeof(head), 0);
	if (n < 0) {
		struct iq_error *err = iq_error_errno(errno, "read %s", path);

		close(fd);
		return err;
	}
	if (!n) {
		close(fd);
		return iq_error_new(IQ_ERR_INVALID, "%s: not a memory dump, the file is empty",
				    path);
	}
	if (iq_elf_magic(head, (size_t)n))
		return iq_target_open_elf(fd, path, target_ret);
	return iq_target_open_kdump(fd, path, target_ret);
}
