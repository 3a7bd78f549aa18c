/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ELF dumps
 *
 * What QEMU's dump-guest-memory and kdump's /proc/vmcore write: PT_LOAD segments
 * with physical memory. QEMU (without paging=true) sets p_vaddr to p_paddr or to
 * 0, kdump sets kernel addresses. Notes have the registers of each CPU
 * (NT_PRSTATUS), QEMU's own state of each CPU with CR3, and VMCOREINFO.
 *
 * The file is mapped, never read into memory. It may end early: then segments
 * end where the file does. And it may get shorter while we have it mapped (or
 * its disk may fail), which the kernel says with SIGBUS: the handler puts a page
 * of zeros there and takes note, and read_phys() answers with a fault from then
 * on for what was lost.
 *
 * Segments may overlap in physical memory (kdump's has the image twice, paging=
 * true whatever is mapped twice); they are trimmed to a sorted table without
 * overlaps.
 */
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "target/internal.h"

struct phys_segment {
	iq_paddr start, end; /* what the file has */
	uint64_t offset;     /* in the file, of start */
};

struct elf_dump {
	const char *map;
	size_t map_len;
	struct phys_segment *segments;
	size_t num_segments;
	size_t last; /* the segment found last */
	struct iq_cpu_regs regs;
	volatile sig_atomic_t lost; /* some page of the map is not the file's any more */
	volatile uintptr_t lost_from;
	struct elf_dump *next; /* of those mapped now */
};

/* ---- files that shrink ---- */

static struct elf_dump *mapped;
static struct sigaction old_sigbus;

static void on_sigbus(int sig, siginfo_t *info, void *context)
{
	uintptr_t addr = (uintptr_t)info->si_addr;
	uintptr_t page = addr & -(uintptr_t)IQ_PAGE_SIZE;
	int saved = errno;

	for (struct elf_dump *d = mapped; d; d = d->next) {
		if (addr - (uintptr_t)d->map >= d->map_len)
			continue;
		if (mmap((void *)page, IQ_PAGE_SIZE, PROT_READ,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
			break;
		if (!d->lost || page < d->lost_from)
			d->lost_from = page;
		d->lost = 1;
		errno = saved;
		return;
	}
	if (old_sigbus.sa_flags & SA_SIGINFO && old_sigbus.sa_sigaction) {
		old_sigbus.sa_sigaction(sig, info, context);
		return;
	}
	/* Not ours: let it happen again without us. */
	signal(SIGBUS, old_sigbus.sa_handler == SIG_IGN ? SIG_DFL : old_sigbus.sa_handler);
}

static void guard_add(struct elf_dump *d)
{
	struct sigaction sa = { .sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO };

	if (!mapped) {
		sigemptyset(&sa.sa_mask);
		sigaction(SIGBUS, &sa, &old_sigbus);
	}
	d->next = mapped;
	mapped = d;
}

static void guard_remove(struct elf_dump *d)
{
	struct elf_dump **p = &mapped;

	while (*p && *p != d)
		p = &(*p)->next;
	if (*p)
		*p = d->next;
	if (!mapped)
		sigaction(SIGBUS, &old_sigbus, NULL);
}

/* Was any of this lost? Where one page went, those behind it are not to be trusted either. */
static bool is_lost(const struct elf_dump *d, const void *p, size_t len)
{
	return d->lost && (uintptr_t)p + len > d->lost_from;
}

/* ---- reading ---- */

static const struct phys_segment *find(struct elf_dump *d, iq_paddr pa)
{
	size_t lo = 0, hi = d->num_segments;

	if (d->last < hi && pa >= d->segments[d->last].start && pa < d->segments[d->last].end)
		return &d->segments[d->last];
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (d->segments[mid].start <= pa)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo || pa >= d->segments[lo - 1].end)
		return NULL;
	d->last = lo - 1;
	return &d->segments[lo - 1];
}

static struct iq_error *elf_read_phys(struct iq_target *t, iq_paddr pa, void *buf, size_t len)
{
	struct elf_dump *d = t->priv;

	while (len) {
		const struct phys_segment *seg = find(d, pa);
		const char *p;
		size_t part;

		if (!seg)
			return iq_error_fault(pa, "physical memory");
		part = IQ_MIN(len, seg->end - pa);
		p = d->map + seg->offset + (pa - seg->start);
		memcpy(buf, p, part);
		if (is_lost(d, p, part))
			return iq_error_fault(pa,
					      "the dump (its file has changed), physical memory");
		pa += part;
		buf = (char *)buf + part;
		len -= part;
	}
	return NULL;
}

static struct iq_error *elf_map_phys(struct iq_target *t, iq_paddr pa, size_t len,
				     const void **ptr_ret)
{
	struct elf_dump *d = t->priv;
	const struct phys_segment *seg = find(d, pa);
	const char *p;

	if (!seg)
		return iq_error_fault(pa, "physical memory");
	if (len > seg->end - pa)
		return iq_error_new(IQ_ERR_UNSUPPORTED, "not in one piece in the dump");
	p = d->map + seg->offset + (pa - seg->start);
	if (is_lost(d, p, len))
		return iq_error_fault(pa, "the dump (its file has changed), physical memory");
	*ptr_ret = p;
	return NULL;
}

static struct iq_error *elf_cpu_regs(struct iq_target *t, unsigned cpu, struct iq_regs *regs_ret)
{
	struct elf_dump *d = t->priv;

	if (cpu >= d->regs.cpus.num)
		return iq_error_new(IQ_ERR_NOTFOUND, "the dump has no registers of CPU %u", cpu);
	*regs_ret = d->regs.cpus.data[cpu];
	return NULL;
}

static void elf_close(struct iq_target *t)
{
	struct elf_dump *d = t->priv;

	if (!d)
		return;
	if (d->map) {
		guard_remove(d);
		munmap((void *)d->map, d->map_len);
	}
	free(d->segments);
	iq_vec_free(&d->regs.cpus);
	free(d);
}

static const struct iq_target_ops elf_ops = {
	.kind = "elf",
	.close = elf_close,
	.read_phys = elf_read_phys,
	.read_virt = iq_target_no_virt,
	.map_phys = elf_map_phys,
	.cpu_regs = elf_cpu_regs,
};

/* ---- opening ---- */

static void note(void *ctx, const char *name, uint32_t type, const void *desc, size_t len)
{
	struct iq_target *t = ctx;
	struct elf_dump *d = t->priv;

	iq_target_take_note(t, &d->regs, name, type, desc, len);
}

static int segment_cmp(const void *a, const void *b)
{
	const struct phys_segment *sa = a, *sb = b;

	if (sa->start != sb->start)
		return sa->start > sb->start ? 1 : -1;
	return (sa->end < sb->end) - (sa->end > sb->end);
}

static void trim_overlaps(struct elf_dump *d)
{
	size_t num = 0;

	if (d->num_segments)
		qsort(d->segments, d->num_segments, sizeof(*d->segments), segment_cmp);
	for (size_t i = 0; i < d->num_segments; i++) {
		struct phys_segment seg = d->segments[i];

		if (num && seg.start < d->segments[num - 1].end) {
			uint64_t skip = d->segments[num - 1].end - seg.start;

			if (skip >= seg.end - seg.start)
				continue;
			seg.start += skip;
			seg.offset += skip;
		}
		d->segments[num++] = seg;
	}
	d->num_segments = num;
}

static void add_segment(struct iq_target *t, const struct iq_elf_segment *seg, uint64_t file_len,
			uint64_t *whole, uint64_t *absent)
{
	struct elf_dump *d = t->priv;
	uint64_t len = seg->filesz;

	if (!len || seg->paddr > UINT64_MAX - len)
		return;
	*whole += IQ_MIN(len, UINT64_MAX - *whole);
	if (seg->offset >= file_len) {
		*absent += IQ_MIN(len, UINT64_MAX - *absent);
		return;
	}
	if (len > file_len - seg->offset) {
		uint64_t gone = len - (file_len - seg->offset);

		*absent += IQ_MIN(gone, UINT64_MAX - *absent);
		len -= gone;
	}
	d->segments[d->num_segments++] =
		(struct phys_segment){ seg->paddr, seg->paddr + len, seg->offset };
	iq_target_add_range(t, seg->paddr, seg->paddr + len);
	/* kdump's segments say where the kernel has this memory. */
	if (t->arch->is_kernel_addr(seg->vaddr) && len < -seg->vaddr)
		iq_target_add_virt(t, (struct iq_virt_range){ seg->vaddr, seg->vaddr + len,
							      seg->paddr, true });
}

static struct iq_error *load(struct iq_target *t, int fd, const struct iq_elf_headers *hdr,
			     uint64_t file_len)
{
	struct elf_dump *d = t->priv;
	uint64_t whole = 0, absent = 0;
	struct iq_error *err;

	if (hdr->machine != t->arch->elf_machine)
		return iq_error_new(IQ_ERR_UNSUPPORTED,
				    "a dump of machine %u; only x86-64 is supported", hdr->machine);
	d->segments = malloc(hdr->num_segments * sizeof(*d->segments));
	if (!d->segments)
		return &iq_nomem;
	for (size_t i = 0; i < hdr->num_segments; i++) {
		const struct iq_elf_segment *seg = &hdr->segments[i];

		if (seg->type == PT_NOTE) {
			err = iq_elf_read_notes(fd, seg, note, t);
			if (err)
				return err;
		} else if (seg->type == PT_LOAD) {
			add_segment(t, seg, file_len, &whole, &absent);
		}
	}
	if (!d->num_segments)
		return iq_error_new(absent ? IQ_ERR_CORRUPT : IQ_ERR_INVALID,
				    absent ? "cut off before the first byte of memory"
					   : "a core file without physical memory");
	trim_overlaps(d);
	iq_target_sort(t);
	t->num_cpu_regs = (unsigned)d->regs.cpus.num;
	if (absent) {
		struct iq_strbuf sb = IQ_STRBUF_INIT;

		iq_strbuf_printf(&sb, "cut off: %" PRIu64 " MiB of %" PRIu64 " MiB are missing",
				 (absent + (1 << 20) - 1) >> 20, (whole + (1 << 20) - 1) >> 20);
		t->missing = iq_strbuf_steal(&sb);
	}
	return NULL;
}

static struct iq_error *map_file(struct elf_dump *d, int fd, uint64_t *file_len_ret)
{
	off_t len;

	/* Block devices have no st_size. */
	len = lseek(fd, 0, SEEK_END);
	if (len <= 0)
		return iq_error_errno(len ? errno : EINVAL, "find its size");
	d->map_len = (size_t)len;
	d->map = mmap(NULL, d->map_len, PROT_READ, MAP_PRIVATE | MAP_NORESERVE, fd, 0);
	if (d->map == MAP_FAILED) {
		d->map = NULL;
		return iq_error_errno(errno, "map");
	}
	guard_add(d);
	*file_len_ret = (uint64_t)len;
	return NULL;
}

struct iq_error *iq_target_open_elf(int fd, const char *path, struct iq_target **target_ret)
{
	struct iq_elf_headers hdr = { 0 };
	struct iq_error *err;
	struct iq_target *t;
	struct elf_dump *d;
	uint64_t file_len = 0;

	t = iq_target_alloc(&elf_ops, path);
	t->priv = d = iq_xcalloc(1, sizeof(*d));
	err = map_file(d, fd, &file_len);
	if (!err)
		err = iq_elf_read_headers(fd, &hdr);
	if (!err)
		err = load(t, fd, &hdr, file_len);
	iq_elf_headers_deinit(&hdr);
	close(fd);
	if (err) {
		iq_target_close(t);
		return iq_error_prefix(err, "%s", path);
	}
	if (!t->vmcoreinfo)
		iq_vmcoreinfo_scan(t);
	/* From here on reads jump about: reading ahead would only push other things out. */
	madvise((void *)d->map, d->map_len, MADV_RANDOM);
	*target_ret = t;
	return NULL;
}
