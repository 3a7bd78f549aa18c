/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Symbols of modules
 *
 * A module keeps its ELF symbol table, cut down to what is worth keeping, and the
 * strings of it (kernel/module/kallsyms.c: add_kallsyms()). Values are addresses: the kernel
 * relocated them. Nobody says how long the strings are: to the longest name that
 * a symbol can have behind the last one begun, as far as the module's memory goes.
 */
#include "sym/modsym.h"

#include <elf.h>

enum {
	MAX_SYMS = 1 << 20,
	MAX_STRINGS = 32 << 20,
	NAME_MAX_LEN = 512, /* the kernel's KSYM_NAME_LEN */
};

static bool read_all(struct iq_mem *mem, iq_vaddr addr, size_t len, void **data_ret)
{
	void *data = iq_xmalloc(len);

	if (!iq_mem_peek(mem, addr, data, len)) {
		free(data);
		return false;
	}
	*data_ret = data;
	return true;
}

/* How far memory of the module goes on at addr. */
static uint64_t room_at(const struct iq_symtab_module *desc, iq_vaddr addr)
{
	for (size_t i = 0; i < desc->num_ranges; i++) {
		const struct iq_symtab_range *r = &desc->ranges[i];

		if (addr >= r->start && addr - r->start < r->len)
			return r->len - (addr - r->start);
	}
	return 0;
}

static bool read_strings(struct modsym *m, struct iq_mem *mem, uint32_t last, size_t *len_ret)
{
	uint64_t room = room_at(&m->desc, m->desc.strtab);
	size_t len = (size_t)last + NAME_MAX_LEN;
	void *data;

	if (last >= MAX_STRINGS)
		return false;
	if (room)
		len = IQ_MIN(len, room);
	if (!read_all(mem, m->desc.strtab, len, &data)) {
		/* What is behind the last page that has to be there may not be. */
		len = (size_t)(((m->desc.strtab + last) | 4095) + 1 - m->desc.strtab);
		if (!read_all(mem, m->desc.strtab, len, &data))
			return false;
	}
	m->strings = data;
	m->strings[len - 1] = '\0';
	*len_ret = len;
	return true;
}

static bool read_symbols(struct modsym *m, struct iq_mem *mem)
{
	_cleanup_free_ void *table = NULL, *kinds = NULL;
	uint32_t num = m->desc.num_syms, last = 0;
	const Elf64_Sym *syms;
	size_t len;

	if (num > MAX_SYMS || !read_all(mem, m->desc.symtab, num * sizeof(Elf64_Sym), &table))
		return false;
	if (m->desc.typetab && !read_all(mem, m->desc.typetab, num, &kinds))
		kinds = NULL;
	syms = table;
	for (uint32_t i = 0; i < num; i++)
		last = IQ_MAX(last, syms[i].st_name);
	if (!read_strings(m, mem, last, &len))
		return false;
	for (uint32_t i = 0; i < num; i++) {
		char kind = kinds ? ((const char *)kinds)[i] : '?';

		if (syms[i].st_shndx == SHN_UNDEF || syms[i].st_name >= len ||
		    !m->strings[syms[i].st_name])
			continue;
		symlist_add(&m->list, syms[i].st_value, kind > ' ' && kind < 127 ? kind : '?',
			    m->strings + syms[i].st_name);
	}
	return true;
}

const struct symlist *modsym_list(struct modsym *m, struct iq_mem *mem)
{
	if (m->done)
		return &m->list;
	m->done = true;
	if (m->desc.symtab && m->desc.num_syms)
		m->broken = !read_symbols(m, mem);
	symlist_finish(&m->list);
	return &m->list;
}

void modsym_deinit(struct modsym *m)
{
	symlist_deinit(&m->list);
	free(m->strings);
	free((char *)m->desc.name);
}
