/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The running kernel, by /proc/kcore
 *
 * kcore is an ELF core file whose segments are ranges of kernel virtual memory
 * (fs/proc/kcore.c): the image and the direct map with their physical addresses,
 * vmalloc, modules and vmemmap with a physical address of -1. Its answer for an
 * address of the latter that is not mapped is zeros, or on some kernels what
 * the read before left in its buffer, and success in both cases; so those ranges
 * are marked as not linear, and struct iq_mem asks the page tables first.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <unistd.h>

#include "target/internal.h"

struct kcore {
	int fd;
	struct segment {
		iq_vaddr start, end;
		uint64_t offset;
	} * segments; /* as iq_target.virt, in its order */
	struct linear {
		iq_paddr start, end;
		uint64_t offset;
	} * linear; /* those of known physical address, sorted */
	size_t num_linear;
};

static void kcore_close(struct iq_target *t)
{
	struct kcore *k = t->priv;

	if (!k)
		return;
	close(k->fd);
	free(k->segments);
	free(k->linear);
	free(k);
}

/* Read from the file; addr is what to call it where it fails. */
static struct iq_error *read_at(struct kcore *k, uint64_t offset, void *buf, size_t len,
				uint64_t addr, const char *what)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pread(k->fd, (char *)buf + done, len - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return iq_error_fault(addr + done, what);
		done += (size_t)n;
	}
	return NULL;
}

static struct iq_error *kcore_read_virt(struct iq_target *t, iq_vaddr va, void *buf, size_t len)
{
	struct kcore *k = t->priv;
	struct iq_error *err;

	while (len) {
		const struct iq_virt_range *range = iq_target_find_virt(t, va);
		const struct segment *seg;
		size_t part;

		if (!range)
			return iq_error_fault(va, "kernel memory that /proc/kcore has");
		seg = &k->segments[range - t->virt];
		part = IQ_MIN(len, range->end - va);
		err = read_at(k, seg->offset + (va - seg->start), buf, part, va, "kernel memory");
		if (err)
			return err;
		va += part;
		buf = (char *)buf + part;
		len -= part;
	}
	return NULL;
}

static const struct linear *find_linear(const struct kcore *k, iq_paddr pa)
{
	size_t lo = 0, hi = k->num_linear;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (k->linear[mid].start <= pa)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo && pa < k->linear[lo - 1].end ? &k->linear[lo - 1] : NULL;
}

static struct iq_error *kcore_read_phys(struct iq_target *t, iq_paddr pa, void *buf, size_t len)
{
	struct kcore *k = t->priv;
	struct iq_error *err;

	while (len) {
		const struct linear *lin = find_linear(k, pa);
		size_t part;

		if (!lin)
			return iq_error_fault(pa, "physical memory");
		part = IQ_MIN(len, lin->end - pa);
		err = read_at(k, lin->offset + (pa - lin->start), buf, part, pa, "physical memory");
		if (err)
			return err;
		pa += part;
		buf = (char *)buf + part;
		len -= part;
	}
	return NULL;
}

static const struct iq_target_ops kcore_ops = {
	.kind = "kcore",
	.close = kcore_close,
	.read_phys = kcore_read_phys,
	.read_virt = kcore_read_virt,
	.map_phys = iq_target_no_map,
	.cpu_regs = iq_target_no_regs,
};

static void note(void *ctx, const char *name, uint32_t type, const void *desc, size_t len)
{
	(void)type;
	if (!strcmp(name, "VMCOREINFO"))
		iq_target_set_vmcoreinfo(ctx, desc, len);
}

static int segment_cmp(const void *a, const void *b)
{
	const struct segment *sa = a, *sb = b;

	return (sa->start > sb->start) - (sa->start < sb->start);
}

static int linear_cmp(const void *a, const void *b)
{
	const struct linear *la = a, *lb = b;

	return (la->start > lb->start) - (la->start < lb->start);
}

static struct iq_error *load_segments(struct iq_target *t, const struct iq_elf_headers *hdr)
{
	struct kcore *k = t->priv;
	struct iq_error *err;

	k->segments = iq_xcalloc(hdr->num_segments, sizeof(*k->segments));
	k->linear = iq_xcalloc(hdr->num_segments, sizeof(*k->linear));
	for (size_t i = 0; i < hdr->num_segments; i++) {
		const struct iq_elf_segment *seg = &hdr->segments[i];
		bool linear;

		if (seg->type == PT_NOTE) {
			err = iq_elf_read_notes(k->fd, seg, note, t);
			if (err)
				return err;
		}
		/* Segments of user addresses (the vsyscall page is none) or that wrap are not ours.
		 */
		if (seg->type != PT_LOAD || !seg->memsz || !t->arch->is_kernel_addr(seg->vaddr) ||
		    seg->memsz >= -seg->vaddr || seg->offset > INT64_MAX - seg->memsz)
			continue;
		linear = seg->paddr <= UINT64_MAX - seg->memsz;
		k->segments[t->num_virt] =
			(struct segment){ seg->vaddr, seg->vaddr + seg->memsz, seg->offset };
		iq_target_add_virt(t, (struct iq_virt_range){ seg->vaddr, seg->vaddr + seg->memsz,
							      seg->paddr, linear });
		/* The image is in the direct map a second time: that one is enough. */
		if (linear && seg->vaddr < t->arch->image_base) {
			k->linear[k->num_linear++] =
				(struct linear){ seg->paddr, seg->paddr + seg->memsz, seg->offset };
			iq_target_add_range(t, seg->paddr, seg->paddr + seg->memsz);
		}
	}
	if (!k->num_linear)
		return iq_error_new(IQ_ERR_UNSUPPORTED, "its segments show no physical memory");
	qsort(k->segments, t->num_virt, sizeof(*k->segments), segment_cmp);
	qsort(k->linear, k->num_linear, sizeof(*k->linear), linear_cmp);
	iq_target_sort(t);
	return NULL;
}

/*
 * Is the kernel locked down so far that its memory cannot be read? Where securityfs is not
 * mounted: what else refuses a process that has the capability?
 */
static bool is_confidential(void)
{
	char text[128];
	ssize_t n;
	int fd;

	fd = open("/sys/kernel/security/lockdown", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return iq_target_capabilities() >> CAP_SYS_RAWIO & 1;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return strstr(text, "[confidentiality]");
}

static struct iq_error *open_error(int errnum, const char *path)
{
	switch (errnum) {
	case ENOENT:
	case ENOTDIR:
		return iq_error_new(IQ_ERR_NOTFOUND,
				    "open %s: it does not exist: the kernel has no "
				    "CONFIG_PROC_KCORE, or /proc is not mounted here; read a dump "
				    "with -c FILE instead",
				    path);
	case EPERM:
	case EACCES:
		if (errnum == EPERM && is_confidential())
			return iq_error_new(IQ_ERR_PERM,
					    "open %s: kernel lockdown (confidentiality) forbids "
					    "reading kernel memory; boot with "
					    "lockdown=integrity, or read a dump with -c FILE",
					    path);
		if (geteuid() != 0)
			return iq_error_new(IQ_ERR_PERM,
					    "open %s: permission denied; try again as root (sudo)",
					    path);
		return iq_error_new(IQ_ERR_PERM,
				    "open %s: %s although root: CAP_SYS_RAWIO is missing (in a "
				    "container?); try again on the host",
				    path, strerror(errnum));
	default:
		return iq_error_errno(errnum, "open %s", path);
	}
}

struct iq_error *iq_target_open_kcore(const char *path, struct iq_target **target_ret)
{
	struct iq_elf_headers hdr;
	struct iq_error *err;
	struct iq_target *t;
	struct kcore *k;
	int fd;

	if (!path)
		path = "/proc/kcore";
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return open_error(errno, path);
	err = iq_elf_read_headers(fd, &hdr);
	if (err) {
		close(fd);
		/* Containers put /dev/null over it. */
		if (iq_error_catch(&err, IQ_ERR_INVALID))
			return iq_error_new(IQ_ERR_NOTFOUND,
					    "read %s: it is empty or masked (in a container?); "
					    "try again on the host, or read a dump with -c FILE",
					    path);
		return iq_error_prefix(err, "%s", path);
	}

	t = iq_target_alloc(&kcore_ops, path);
	t->live = true;
	t->priv = k = iq_xcalloc(1, sizeof(*k));
	k->fd = fd;
	if (hdr.machine != t->arch->elf_machine)
		err = iq_error_new(IQ_ERR_UNSUPPORTED, "machine %u is not supported, only x86-64",
				   hdr.machine);
	else
		err = load_segments(t, &hdr);
	iq_elf_headers_deinit(&hdr);
	if (err) {
		iq_target_close(t);
		return iq_error_prefix(err, "%s", path);
	}
	*target_ret = t;
	return NULL;
}
