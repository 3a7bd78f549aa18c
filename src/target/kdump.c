/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Dumps by libkdumpfile
 *
 * kdump-compressed (makedumpfile, QEMU's kdump-zlib and so on) and whatever else
 * the library opens. We ask it for physical memory only: page tables are walked
 * by ourselves. Pages that makedumpfile left out are faults, not zeros.
 *
 * A kdump-compressed file that was cut off opens like a whole one. What is
 * missing we count ourselves: block_size, sub_hdr_size, bitmap_blocks at 428,
 * 432 and 436 of the header; behind header, sub header and bitmaps, one
 * descriptor of 24 bytes (offset: u64, size: u32, ...) for each page dumped.
 */
#include <libkdumpfile/kdumpfile.h>

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "target/internal.h"

enum {
	CACHE_SETS = 2048,  /* of two decompressed pages: 16 MiB */
	LIBRARY_PAGES = 32, /* in the library's own cache, which it searches one by one */
	MAX_CPUS = 8192,
	MAX_PFN = 1 << 30,    /* 4 TiB: a bitmap of 128 MiB */
	MAX_RANGES = 1 << 16, /* of RAM; beyond them lookups are left to the library */
};

struct kdump {
	kdump_ctx_t *ctx;
	int fd;
	struct iq_page_cache *cache;
	unsigned char *present; /* a bit for each page that the file has; NULL: not known */
	uint64_t num_pages;	/* bits in it */
	bool size_toggle;
	struct iq_cpu_regs regs;
};

static void kdump_close(struct iq_target *t)
{
	struct kdump *k = t->priv;

	if (!k)
		return;
	/*
	 * The library's context is leaked: kdump_free() of 0.5.1 follows memory that it has not set
	 * (seen with memory that malloc had filled), and a process opens one dump.
	 */
	close(k->fd);
	iq_vec_free(&k->regs.cpus);
	iq_page_cache_free(k->cache);
	free(k->present);
	free(k);
}

static bool is_present(const struct kdump *k, uint64_t pfn)
{
	return !k->present || (pfn < k->num_pages && k->present[pfn >> 3] >> (pfn & 7) & 1);
}

/*
 * The cache of libkdumpfile 0.5.1 loses entries with each read that fails, and crashes when it is
 * full. So we do not ask for pages that are not there, and throw it away after other failures: a
 * new size makes it anew.
 */
static void renew_library_cache(struct kdump *k)
{
	k->size_toggle = !k->size_toggle;
	kdump_set_number_attr(k->ctx, "cache.size", LIBRARY_PAGES + k->size_toggle);
	kdump_clear_err(k->ctx);
}

static const unsigned char *get_page(struct kdump *k, uint64_t pfn)
{
	const unsigned char *page = iq_page_cache_get(k->cache, pfn + 1);
	size_t len = IQ_PAGE_SIZE;
	unsigned char *fill;

	if (page || !is_present(k, pfn))
		return page;
	fill = iq_page_cache_put(k->cache, pfn + 1);
	if (kdump_read(k->ctx, KDUMP_MACHPHYSADDR, pfn << IQ_PAGE_SHIFT, fill, &len) == KDUMP_OK)
		return fill;
	iq_page_cache_drop(k->cache, pfn + 1);
	renew_library_cache(k);
	return NULL;
}

static struct iq_error *kdump_read_phys(struct iq_target *t, iq_paddr pa, void *buf, size_t len)
{
	struct kdump *k = t->priv;

	while (len) {
		uint64_t in_page = pa & (IQ_PAGE_SIZE - 1);
		size_t part = IQ_MIN(len, IQ_PAGE_SIZE - in_page);
		const unsigned char *page = get_page(k, pa >> IQ_PAGE_SHIFT);

		if (!page)
			return iq_error_fault(pa, "physical memory that the dump has");
		memcpy(buf, page + in_page, part);
		pa += part;
		buf = (char *)buf + part;
		len -= part;
	}
	return NULL;
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

static void note(void *ctx, const char *name, uint32_t type, const void *desc, size_t len)
{
	struct iq_target *t = ctx;
	struct kdump *k = t->priv;

	iq_target_take_note(t, &k->regs, name, type, desc, len);
}

/*
 * The notes of a kdump-compressed file, which the library leaves alone while it does not know the
 * machine: offset and size (u64) at 48 of the sub header, in the second block.
 */
static void load_notes(struct iq_target *t)
{
	struct kdump *k = t->priv;
	struct iq_elf_segment seg = { 0 };
	uint64_t where[2];
	char signature[8];
	uint32_t block;

	if (pread(k->fd, signature, 8, 0) != 8 || memcmp(signature, "KDUMP   ", 8) ||
	    pread(k->fd, &block, sizeof(block), 428) != sizeof(block) ||
	    pread(k->fd, where, sizeof(where), (off_t)block + 48) != sizeof(where))
		return;
	seg.offset = where[0];
	seg.filesz = where[1];
	iq_error_free(iq_elf_read_notes(k->fd, &seg, note, t));
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
	if (!k->regs.cpus.num)
		load_notes(t);
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

/* ---- what a cut-off file lacks ---- */

/* Our own copy of which pages the file has. */
static void load_present(struct kdump *k)
{
	enum { BYTES = 4096 };
	kdump_attr_t attr = { .type = KDUMP_BITMAP };
	kdump_addr_t pfn = 0;
	kdump_num_t max_pfn;

	if (kdump_get_number_attr(k->ctx, "max_pfn", &max_pfn) != KDUMP_OK || max_pfn > MAX_PFN ||
	    kdump_get_typed_attr(k->ctx, KDUMP_ATTR_FILE_PAGEMAP, &attr) != KDUMP_OK)
		return;
	k->num_pages = (max_pfn + BYTES * 8) / (BYTES * 8) * (BYTES * 8);
	k->present = iq_xcalloc(k->num_pages / 8, 1);
	while (kdump_bmp_find_set(attr.val.bitmap, &pfn) == KDUMP_OK) {
		pfn -= pfn % (BYTES * 8);
		if (pfn >= k->num_pages ||
		    kdump_bmp_get_bits(attr.val.bitmap, pfn, pfn + BYTES * 8 - 1,
				       k->present + pfn / 8) != KDUMP_OK)
			break;
		pfn += BYTES * 8;
	}
}

static uint64_t count_present(const struct kdump *k)
{
	uint64_t num = 0;

	for (uint64_t i = 0; i < k->num_pages / 8; i += 8) {
		uint64_t word;

		memcpy(&word, k->present + i, sizeof(word));
		num += (unsigned)__builtin_popcountll(word);
	}
	return num;
}

/* The page after pfn that the file has; num_pages if there is none. */
static uint64_t next_present(const struct kdump *k, uint64_t pfn)
{
	while (pfn < k->num_pages && !(k->present[pfn >> 3] >> (pfn & 7) & 1))
		pfn += !(pfn & 7) && !k->present[pfn >> 3] ? 8 : 1;
	return pfn;
}

/*
 * How many of the descriptors from `first` on, at most num, point beyond the end of the file. With
 * take_out (first is 0) their pages are taken out of those present.
 */
static uint64_t count_beyond(struct kdump *k, uint64_t table, uint64_t first, uint64_t num,
			     uint64_t file_len, bool take_out)
{
	enum { BATCH = 4096 };
	struct desc {
		uint64_t offset;
		uint32_t size, flags;
		uint64_t page_flags;
	} descs[BATCH];
	uint64_t beyond = 0, pfn = 0;

	for (uint64_t done = 0; done < num;) {
		size_t want = IQ_MIN(num - done, (uint64_t)BATCH);
		ssize_t n = pread(k->fd, descs, want * sizeof(descs[0]),
				  (off_t)(table + (first + done) * sizeof(descs[0])));
		size_t got = n > 0 ? (size_t)n / sizeof(descs[0]) : 0;

		for (size_t i = 0; i < want; i++) {
			bool gone = i >= got || descs[i].offset > file_len ||
				    descs[i].size > file_len - descs[i].offset;

			beyond += gone;
			if (!take_out)
				continue;
			pfn = next_present(k, pfn);
			if (pfn < k->num_pages && gone)
				k->present[pfn >> 3] &= (unsigned char)~(1U << (pfn & 7));
			pfn++;
		}
		done += want;
	}
	return beyond;
}

static void find_missing(struct iq_target *t, bool cut_off)
{
	struct kdump *k = t->priv;
	uint32_t head[3]; /* block_size, sub_hdr_size, bitmap_blocks */
	char signature[8];
	uint64_t table, num, tail, beyond = 0;
	struct stat st;

	if (k->present && pread(k->fd, signature, 8, 0) == 8 && !memcmp(signature, "KDUMP   ", 8) &&
	    pread(k->fd, head, sizeof(head), 428) == sizeof(head) && !fstat(k->fd, &st)) {
		table = (1 + (uint64_t)head[1] + head[2]) * head[0];
		num = count_present(k);
		/* Data is in the order of pages, but that pages of zeros share one. */
		tail = IQ_MIN(num, (uint64_t)1024);
		beyond = count_beyond(k, table, num - tail, tail, (uint64_t)st.st_size, false);
		if (beyond)
			beyond = count_beyond(k, table, 0, num, (uint64_t)st.st_size, true);
	}
	if (beyond) {
		struct iq_strbuf sb = IQ_STRBUF_INIT;

		iq_strbuf_printf(&sb, "cut off: %" PRIu64 " MiB of %" PRIu64 " MiB are missing",
				 (beyond * IQ_PAGE_SIZE + (1 << 20) - 1) >> 20,
				 (num * IQ_PAGE_SIZE + (1 << 20) - 1) >> 20);
		t->missing = iq_strbuf_steal(&sb);
	} else if (cut_off) {
		t->missing = iq_xstrdup("cut off: its end is missing");
	}
}

/* ---- opening ---- */

static struct iq_error *check_arch(struct iq_target *t)
{
	struct kdump *k = t->priv;
	char machine[65] = "";
	const char *name;

	/* QEMU fills in nothing but the machine, with which the library is not content. */
	if (kdump_get_string_attr(k->ctx, KDUMP_ATTR_ARCH_NAME, &name) != KDUMP_OK) {
		if (pread(k->fd, machine, sizeof(machine) - 1, 272) < 0 ||
		    strcmp(machine, t->arch->name) ||
		    kdump_set_string_attr(k->ctx, KDUMP_ATTR_ARCH_NAME, machine) != KDUMP_OK)
			return iq_error_new(IQ_ERR_INVALID, "a dump of an unknown machine");
		name = machine;
	}
	if (strcmp(name, t->arch->name))
		return iq_error_new(IQ_ERR_UNSUPPORTED,
				    "a dump of machine %s; only x86-64 is supported", name);
	return NULL;
}

/* Put a flattened file together; the descriptor is then of that. */
static struct iq_error *unfold(struct kdump *k, bool *cut_off_ret)
{
	struct iq_error *err;
	char head[16];
	ssize_t n;
	int fd;

	n = pread(k->fd, head, sizeof(head), 0);
	if (n <= 0 || !iq_flat_magic(head, (size_t)n))
		return NULL;
	err = iq_flat_unfold(k->fd, &fd, cut_off_ret);
	if (err)
		return err;
	close(k->fd);
	k->fd = fd;
	return NULL;
}

static struct iq_error *open_error(kdump_ctx_t *ctx, kdump_status status)
{
	const char *text = kdump_get_err(ctx);

	if (status == KDUMP_ERR_NOTIMPL)
		return iq_error_new(IQ_ERR_INVALID,
				    "not a memory dump, or of a format that is not known here");
	/* The library's own words begin with which of its attributes it was about. */
	if (text && !strncmp(text, "Cannot set ", 11) && strstr(text, ": "))
		text = strstr(text, ": ") + 2;
	return iq_error_new(IQ_ERR_CORRUPT, "a damaged dump: %s",
			    text ? text : kdump_strerror(status));
}

/*
 * The library maps header and bitmaps without asking whether the file is that long, and what is
 * behind the end of a mapped file kills who reads it..
 */
static struct iq_error *check_header(const struct kdump *k)
{
	enum { MAX_BLOCK = 1 << 20 };
	uint32_t head[3]; /* block_size, sub_hdr_size, bitmap_blocks */
	uint64_t needed, parts[4];
	uint32_t version;
	char signature[8];
	struct stat st;

	if (pread(k->fd, signature, sizeof(signature), 0) != (ssize_t)sizeof(signature) ||
	    (memcmp(signature, "KDUMP   ", 8) != 0 && memcmp(signature, "DISKDUMP", 8) != 0))
		return NULL;
	if (fstat(k->fd, &st) < 0)
		return iq_error_errno(errno, "stat");
	if (pread(k->fd, head, sizeof(head), 428) != (ssize_t)sizeof(head) ||
	    st.st_size < IQ_PAGE_SIZE)
		return iq_error_new(IQ_ERR_CORRUPT, "a dump that is cut off in its header");
	if (head[0] < 512 || head[0] > MAX_BLOCK || head[0] & (head[0] - 1))
		return iq_error_new(IQ_ERR_CORRUPT, "a damaged dump: blocks of %u bytes", head[0]);
	if (head[1] > INT32_MAX || head[2] > INT32_MAX)
		return iq_error_new(IQ_ERR_CORRUPT,
				    "a damaged dump: %u blocks of header, %u of "
				    "bitmaps",
				    head[1], head[2]);
	needed = (1 + (uint64_t)head[1] + head[2]) * head[0];
	if (needed > (uint64_t)st.st_size)
		return iq_error_new(
			IQ_ERR_CORRUPT,
			"a damaged dump, or one that is cut off: its header and bitmaps "
			"are %" PRIu64 " bytes, the file has %" PRIu64,
			needed, (uint64_t)st.st_size);
	/* Offsets and sizes of VMCOREINFO (since version 3 of the header) and of the notes (4). */
	if (pread(k->fd, &version, sizeof(version), 8) != (ssize_t)sizeof(version) ||
	    pread(k->fd, parts, sizeof(parts), (off_t)head[0] + 32) != (ssize_t)sizeof(parts))
		return NULL;
	for (unsigned i = 0; i < 2 && version >= 3 + i; i++) {
		if (parts[2 * i] > (uint64_t)st.st_size ||
		    parts[2 * i + 1] > (uint64_t)st.st_size - parts[2 * i])
			return iq_error_new(IQ_ERR_CORRUPT,
					    "a damaged dump: its %s of %#" PRIx64
					    " bytes at %#" PRIx64 " would be behind its end",
					    i ? "notes" : "VMCOREINFO", parts[2 * i + 1],
					    parts[2 * i]);
	}
	return NULL;
}

static struct iq_error *load(struct iq_target *t)
{
	struct kdump *k = t->priv;
	struct iq_error *err;
	bool cut_off = false;
	kdump_status status;

	err = unfold(k, &cut_off);
	if (err)
		return err;
	err = check_header(k);
	if (err)
		return err;
	status = kdump_open_fd(k->ctx, k->fd);
	if (status != KDUMP_OK) {
		err = open_error(k->ctx, status);
		/* Leaked: kdump_free() of 0.5.1 crashes after some failures to open. */
		k->ctx = NULL;
		return err;
	}
	err = check_arch(t);
	if (err)
		return err;
	kdump_set_number_attr(k->ctx, KDUMP_ATTR_ZERO_EXCLUDED, 0);
	kdump_set_number_attr(k->ctx, "cache.size", LIBRARY_PAGES);
	kdump_clear_err(k->ctx);
	load_vmcoreinfo(t);
	load_regs(t);
	load_ranges(t);
	load_present(k);
	find_missing(t, cut_off);
	if (!t->vmcoreinfo)
		iq_vmcoreinfo_scan(t);
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
	k->cache = iq_page_cache_new(CACHE_SETS);
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

bool iq_target_has_kdump(void)
{
	return true;
}
