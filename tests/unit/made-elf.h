/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Core files made by tests: notes and segments are added, then written to a
 * file without a name left behind.
 */
#ifndef IQ_TESTS_UNIT_MADE_ELF_H
#define IQ_TESTS_UNIT_MADE_ELF_H

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inquest/util.h"

enum { MADE_MAX = 16 };

struct made_elf {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[MADE_MAX];
	const void *data[MADE_MAX];
	struct iq_strbuf notes;
	unsigned num;
	char path[64];
};

static inline void made_elf_init(struct made_elf *m)
{
	*m = (struct made_elf){ 0 };
	memcpy(m->eh.e_ident, ELFMAG, SELFMAG);
	m->eh.e_ident[EI_CLASS] = ELFCLASS64;
	m->eh.e_ident[EI_DATA] = ELFDATA2LSB;
	m->eh.e_ident[EI_VERSION] = EV_CURRENT;
	m->eh.e_type = ET_CORE;
	m->eh.e_machine = EM_X86_64;
	m->eh.e_version = EV_CURRENT;
	m->eh.e_phoff = sizeof(m->eh);
	m->eh.e_ehsize = sizeof(m->eh);
	m->eh.e_phentsize = sizeof(Elf64_Phdr);
	m->ph[m->num++].p_type = PT_NOTE;
}

/* data of len bytes is at physical paddr; borrowed until the file is written. */
static inline Elf64_Phdr *made_elf_load(struct made_elf *m, uint64_t vaddr, uint64_t paddr,
					const void *data, size_t len)
{
	Elf64_Phdr *ph = &m->ph[m->num];

	*ph = (Elf64_Phdr){ .p_type = PT_LOAD,
			    .p_vaddr = vaddr,
			    .p_paddr = paddr,
			    .p_filesz = len,
			    .p_memsz = len };
	m->data[m->num++] = data;
	return ph;
}

static inline void made_elf_note(struct made_elf *m, const char *name, uint32_t type,
				 const void *desc, size_t len)
{
	Elf64_Nhdr nh = { .n_namesz = (uint32_t)strlen(name) + 1,
			  .n_descsz = (uint32_t)len,
			  .n_type = type };
	static const char pad[4];

	iq_strbuf_add(&m->notes, &nh, sizeof(nh));
	iq_strbuf_add(&m->notes, name, nh.n_namesz);
	iq_strbuf_add(&m->notes, pad, -nh.n_namesz & 3);
	iq_strbuf_add(&m->notes, desc, len);
	iq_strbuf_add(&m->notes, pad, -len & 3);
}

/* The whole file in memory; the caller's. */
static inline char *made_elf_bytes(struct made_elf *m, size_t *len_ret)
{
	struct iq_strbuf sb = IQ_STRBUF_INIT;
	uint64_t offset = sizeof(m->eh) + m->num * sizeof(m->ph[0]);

	m->eh.e_phnum = (uint16_t)m->num;
	m->ph[0].p_offset = offset;
	m->ph[0].p_filesz = m->notes.len;
	offset += m->notes.len;
	for (unsigned i = 1; i < m->num; i++) {
		if (m->ph[i].p_offset)
			continue; /* the test lies about it */
		m->ph[i].p_offset = offset;
		offset += m->data[i] ? m->ph[i].p_filesz : 0;
	}
	iq_strbuf_add(&sb, &m->eh, sizeof(m->eh));
	iq_strbuf_add(&sb, m->ph, m->num * sizeof(m->ph[0]));
	iq_strbuf_add(&sb, iq_strbuf_str(&m->notes), m->notes.len);
	for (unsigned i = 1; i < m->num; i++)
		if (m->data[i])
			iq_strbuf_add(&sb, m->data[i], m->ph[i].p_filesz);
	*len_ret = sb.len;
	return iq_strbuf_steal(&sb);
}

/* Write its first `keep` bytes to m->path; made_elf_deinit() removes it. */
static inline void made_elf_write(struct made_elf *m, size_t keep)
{
	size_t len;
	char *bytes = made_elf_bytes(m, &len);
	int fd;

	strcpy(m->path, "/tmp/inquest-test-XXXXXX");
	fd = mkstemp(m->path);
	if (fd < 0 || write(fd, bytes, IQ_MIN(keep, len)) != (ssize_t)IQ_MIN(keep, len))
		abort();
	close(fd);
	free(bytes);
}

static inline void made_elf_deinit(struct made_elf *m)
{
	if (*m->path)
		unlink(m->path);
	iq_strbuf_deinit(&m->notes);
}

#endif
