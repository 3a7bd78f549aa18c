/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Headers and notes of ELF core files
 *
 * An ELF header of 64 bytes, a table of program headers of 56, and PT_NOTE
 * segments with records of three words (name's length, description's length,
 * type), the name and the description, each padded to 4 bytes. We read only
 * those, by pread(), so that a file that ends early costs nothing but what is
 * missing.
 */
#include <elf.h>
#include <errno.h>
#include <unistd.h>

#include "target/internal.h"

enum {
	MAX_SEGMENTS = 1 << 20, /* QEMU with paging=true writes one for each run of mappings */
	MAX_NOTES = 64 << 20,	/* of thousands of CPUs */
};

bool iq_elf_magic(const void *head, size_t len)
{
	return len >= SELFMAG && !memcmp(head, ELFMAG, SELFMAG);
}

/* Read as much as there is; short only at the end of the file. */
static ssize_t pread_full(int fd, void *buf, size_t len, uint64_t offset)
{
	size_t done = 0;

	if (offset > INT64_MAX)
		return 0;
	while (done < len) {
		ssize_t n = pread(fd, (char *)buf + done, len - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return done ? (ssize_t)done : -1;
		if (!n)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

static struct iq_error *check_ehdr(const Elf64_Ehdr *eh)
{
	if (eh->e_ident[EI_CLASS] != ELFCLASS64 || eh->e_ident[EI_DATA] != ELFDATA2LSB)
		return iq_error_new(IQ_ERR_UNSUPPORTED,
				    "an ELF file, but not of a 64-bit little-endian machine");
	if (eh->e_type != ET_CORE)
		return iq_error_new(IQ_ERR_INVALID, "an ELF file, but not a memory dump%s",
				    eh->e_type == ET_EXEC || eh->e_type == ET_DYN
					    ? " (a program or a vmlinux)"
					    : "");
	if (eh->e_phentsize != sizeof(Elf64_Phdr))
		return iq_error_new(IQ_ERR_CORRUPT, "ELF program headers of %u bytes",
				    eh->e_phentsize);
	return NULL;
}

struct iq_error *iq_elf_read_headers(int fd, struct iq_elf_headers *hdr_ret)
{
	_cleanup_free_ Elf64_Phdr *phdrs = NULL;
	struct iq_elf_headers hdr = { 0 };
	struct iq_error *err;
	Elf64_Ehdr eh;
	size_t num;
	ssize_t n;

	n = pread_full(fd, &eh, sizeof(eh), 0);
	if (n < 0)
		return iq_error_errno(errno, "read");
	if ((size_t)n < sizeof(eh) || !iq_elf_magic(&eh, sizeof(eh)))
		return iq_error_new(IQ_ERR_INVALID, "not an ELF file, or cut off in its header");
	err = check_ehdr(&eh);
	if (err)
		return err;

	num = eh.e_phnum;
	if (num == PN_XNUM) {
		Elf64_Shdr sh;

		/* More than fit: their number is in the first section header. */
		n = pread_full(fd, &sh, sizeof(sh), eh.e_shoff);
		if (n < 0 || (size_t)n < sizeof(sh))
			return iq_error_new(IQ_ERR_CORRUPT, "cut off before its section header");
		num = sh.sh_info;
	}
	if (!num || num > MAX_SEGMENTS)
		return iq_error_new(IQ_ERR_CORRUPT, "%zu ELF program headers", num);
	phdrs = malloc(num * sizeof(*phdrs));
	if (!phdrs)
		return &iq_nomem;
	n = pread_full(fd, phdrs, num * sizeof(*phdrs), eh.e_phoff);
	if (n < 0)
		return iq_error_errno(errno, "read program headers");
	num = IQ_MIN(num, (size_t)n / sizeof(*phdrs));
	if (!num)
		return iq_error_new(IQ_ERR_CORRUPT, "cut off before its program headers");

	hdr.machine = eh.e_machine;
	hdr.segments = malloc(num * sizeof(*hdr.segments));
	if (!hdr.segments)
		return &iq_nomem;
	for (size_t i = 0; i < num; i++)
		hdr.segments[hdr.num_segments++] = (struct iq_elf_segment){
			.type = phdrs[i].p_type,
			.offset = phdrs[i].p_offset,
			.vaddr = phdrs[i].p_vaddr,
			.paddr = phdrs[i].p_paddr,
			.filesz = phdrs[i].p_filesz,
			.memsz = phdrs[i].p_memsz,
		};
	*hdr_ret = hdr;
	return NULL;
}

void iq_elf_headers_deinit(struct iq_elf_headers *hdr)
{
	free(hdr->segments);
	*hdr = (struct iq_elf_headers){ 0 };
}

static size_t align4(size_t len)
{
	return (len + 3) & ~(size_t)3;
}

struct iq_error *iq_elf_read_notes(int fd, const struct iq_elf_segment *seg, iq_elf_note_fn fn,
				   void *ctx)
{
	_cleanup_free_ char *buf = NULL;
	size_t pos = 0, len;
	ssize_t n;

	if (!seg->filesz)
		return NULL;
	if (seg->filesz > MAX_NOTES)
		return iq_error_new(IQ_ERR_CORRUPT, "%" PRIu64 " bytes of ELF notes", seg->filesz);
	buf = malloc(seg->filesz);
	if (!buf)
		return &iq_nomem;
	n = pread_full(fd, buf, seg->filesz, seg->offset);
	if (n < 0)
		return iq_error_errno(errno, "read ELF notes");
	len = (size_t)n;

	while (len - pos >= sizeof(Elf64_Nhdr)) {
		char name[32] = "";
		Elf64_Nhdr nh;
		const char *desc;

		memcpy(&nh, buf + pos, sizeof(nh));
		pos += sizeof(nh);
		if (nh.n_namesz > len - pos || align4(nh.n_namesz) > len - pos)
			break;
		memcpy(name, buf + pos, IQ_MIN(nh.n_namesz, sizeof(name) - 1));
		pos += align4(nh.n_namesz);
		if (nh.n_descsz > len - pos)
			break;
		desc = buf + pos;
		fn(ctx, name, nh.n_type, desc, nh.n_descsz);
		pos += IQ_MIN(align4(nh.n_descsz), len - pos);
	}
	return NULL;
}
