/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Loading a shared object by hand
 *
 * dlopen() opens files, which this process cannot do any more: the helper has read the file, and
 * what is left to do is little. Segments are copied to where they belong, relocations are done for
 * all symbols at once, and constructors are run. Symbols come from the object itself or from the
 * program and the libraries that it has. No thread-local storage, no symbols that are found at run
 * time (IFUNC).
 */
#include "shell/house/object.h"

#include <elf.h>
#include <stdio.h>
#include <sys/mman.h>

enum { PAGE = 4096, MAX_SPAN = 64 << 20, MAX_PHDRS = 64 };

struct iq_object_code {
	uint8_t *base; /* of address 0 in the object */
	size_t span;
	const Elf64_Sym *syms;
	size_t num_syms;
	const char *strings;
	size_t strings_len;
	iq_find_symbol_fn find;
};

static struct iq_error *invalid(const char *what)
{
	return iq_error_new(IQ_ERR_INVALID, "not a shared object for this machine: %s", what);
}

/* Is [addr, addr + len) in the object? */
static bool holds(const struct iq_object_code *code, uint64_t addr, uint64_t len)
{
	return addr <= code->span && len <= code->span - addr;
}

/* ---- segments ---- */

static struct iq_error *map_segments(struct iq_object_code *code, const uint8_t *data, size_t len,
				     const Elf64_Phdr *phdrs, unsigned num)
{
	uint64_t span = 0;

	for (unsigned i = 0; i < num; i++) {
		const Elf64_Phdr *p = &phdrs[i];

		if (p->p_type == PT_TLS)
			return iq_error_new(IQ_ERR_UNSUPPORTED,
					    "it has thread-local variables, which a module cannot");
		if (p->p_type != PT_LOAD)
			continue;
		if (p->p_offset > len || p->p_filesz > len - p->p_offset ||
		    p->p_memsz < p->p_filesz || p->p_vaddr > MAX_SPAN ||
		    p->p_memsz > MAX_SPAN - p->p_vaddr)
			return invalid("a segment does not fit");
		span = IQ_MAX(span, p->p_vaddr + p->p_memsz);
	}
	if (!span)
		return invalid("it has no segments");
	code->span = (size_t)((span + PAGE - 1) & ~(uint64_t)(PAGE - 1));
	code->base =
		mmap(NULL, code->span, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (code->base == MAP_FAILED) {
		code->base = NULL;
		return &iq_nomem;
	}
	for (unsigned i = 0; i < num; i++)
		if (phdrs[i].p_type == PT_LOAD)
			memcpy(code->base + phdrs[i].p_vaddr, data + phdrs[i].p_offset,
			       phdrs[i].p_filesz);
	return NULL;
}

static struct iq_error *protect_segments(const struct iq_object_code *code, const Elf64_Phdr *phdrs,
					 unsigned num)
{
	for (unsigned i = 0; i < num; i++) {
		const Elf64_Phdr *p = &phdrs[i];
		uint64_t start = p->p_vaddr & ~(uint64_t)(PAGE - 1);
		int prot = 0;

		if (p->p_type != PT_LOAD)
			continue;
		prot |= p->p_flags & PF_R ? PROT_READ : 0;
		prot |= p->p_flags & PF_W ? PROT_WRITE : 0;
		prot |= p->p_flags & PF_X ? PROT_EXEC : 0;
		if (mprotect(code->base + start, p->p_vaddr + p->p_memsz - start, prot) < 0)
			return iq_error_new(IQ_ERR_OS, "its memory cannot be protected");
	}
	return NULL;
}

/* ---- the dynamic section ---- */

struct dynamic {
	uint64_t value[38]; /* by tag, up to DT_RELRENT */
	uint64_t gnu_hash;
};

enum { TAG_RELRSZ = 35, TAG_RELR = 36, NUM_TAGS = 38 };

static struct iq_error *read_dynamic(const struct iq_object_code *code, const Elf64_Phdr *p,
				     struct dynamic *d)
{
	const Elf64_Dyn *dyn = (const Elf64_Dyn *)(code->base + p->p_vaddr);

	if (!holds(code, p->p_vaddr, p->p_memsz) || p->p_vaddr % 8)
		return invalid("its dynamic section does not fit");
	for (size_t i = 0; i < p->p_memsz / sizeof(*dyn) && dyn[i].d_tag != DT_NULL; i++) {
		if (dyn[i].d_tag > 0 && dyn[i].d_tag < NUM_TAGS)
			d->value[dyn[i].d_tag] = dyn[i].d_un.d_val;
		else if (dyn[i].d_tag == DT_GNU_HASH)
			d->gnu_hash = dyn[i].d_un.d_val;
	}
	return NULL;
}

/* The number of symbols: by the hash table. */
static size_t count_syms(const struct iq_object_code *code, const struct dynamic *d)
{
	const uint32_t *words;
	uint32_t max = 0, num_buckets, first, bloom;
	uint64_t at;

	if (d->value[DT_HASH] && holds(code, d->value[DT_HASH], 8))
		return ((const uint32_t *)(code->base + d->value[DT_HASH]))[1];
	if (!d->gnu_hash || !holds(code, d->gnu_hash, 16))
		return 0;
	words = (const uint32_t *)(code->base + d->gnu_hash);
	num_buckets = words[0];
	first = words[1];
	bloom = words[2];
	at = d->gnu_hash + 16 + 8 * (uint64_t)bloom;
	if (!holds(code, at, 4 * (uint64_t)num_buckets))
		return 0;
	for (uint32_t i = 0; i < num_buckets; i++)
		max = IQ_MAX(max, ((const uint32_t *)(code->base + at))[i]);
	if (max < first)
		return first;
	for (at += 4 * (uint64_t)num_buckets;; max++) {
		if (!holds(code, at + 4 * (uint64_t)(max - first), 4))
			return 0;
		if (((const uint32_t *)(code->base + at))[max - first] & 1)
			return max + 1;
	}
}

static struct iq_error *find_syms(struct iq_object_code *code, const struct dynamic *d)
{
	uint64_t num = count_syms(code, d);

	if (!d->value[DT_SYMTAB] || d->value[DT_SYMTAB] % 8 ||
	    !holds(code, d->value[DT_STRTAB], d->value[DT_STRSZ]) || !d->value[DT_STRSZ] ||
	    num > MAX_SPAN || !holds(code, d->value[DT_SYMTAB], num * sizeof(Elf64_Sym)) ||
	    code->base[d->value[DT_STRTAB] + d->value[DT_STRSZ] - 1])
		return invalid("its symbols do not fit");
	code->syms = (const Elf64_Sym *)(code->base + d->value[DT_SYMTAB]);
	code->num_syms = num;
	code->strings = (const char *)(code->base + d->value[DT_STRTAB]);
	code->strings_len = d->value[DT_STRSZ];
	return NULL;
}

static struct iq_error *symbol_value(const struct iq_object_code *code, uint64_t i,
				     uint64_t *value_ret)
{
	const Elf64_Sym *sym;
	const char *name;
	void *found;

	if (i >= code->num_syms || code->syms[i].st_name >= code->strings_len)
		return invalid("a symbol that is not there");
	sym = &code->syms[i];
	name = code->strings + sym->st_name;
	if (ELF64_ST_TYPE(sym->st_info) == STT_GNU_IFUNC || ELF64_ST_TYPE(sym->st_info) == STT_TLS)
		return iq_error_new(IQ_ERR_UNSUPPORTED,
				    "the symbol %.60s is of a kind that a "
				    "module cannot have",
				    name);
	if (sym->st_shndx != SHN_UNDEF) {
		*value_ret = (uintptr_t)code->base + sym->st_value;
		return NULL;
	}
	found = i ? code->find(name) : NULL;
	if (!found && i && ELF64_ST_BIND(sym->st_info) != STB_WEAK)
		return iq_error_new(IQ_ERR_NOTFOUND, "it needs %.100s, which this inquest has not",
				    name);
	*value_ret = (uintptr_t)found;
	return NULL;
}

/* ---- relocations ---- */

static struct iq_error *relocate_table(const struct iq_object_code *code, uint64_t table,
				       uint64_t len)
{
	const Elf64_Rela *r = (const Elf64_Rela *)(code->base + table);

	if (!len)
		return NULL;
	if (!holds(code, table, len) || table % 8)
		return invalid("its relocations do not fit");
	for (size_t i = 0; i < len / sizeof(*r); i++) {
		uint64_t value = 0;
		struct iq_error *err = NULL;

		if (ELF64_R_TYPE(r[i].r_info) == R_X86_64_NONE)
			continue;
		if (!holds(code, r[i].r_offset, 8))
			return invalid("a relocation of a place that is not there");
		switch (ELF64_R_TYPE(r[i].r_info)) {
		case R_X86_64_RELATIVE:
			value = (uintptr_t)code->base + (uint64_t)r[i].r_addend;
			break;
		case R_X86_64_64:
		case R_X86_64_GLOB_DAT:
		case R_X86_64_JUMP_SLOT:
			err = symbol_value(code, ELF64_R_SYM(r[i].r_info), &value);
			value += (uint64_t)r[i].r_addend;
			break;
		default:
			err = iq_error_new(IQ_ERR_UNSUPPORTED, "a relocation of type %u",
					   (unsigned)ELF64_R_TYPE(r[i].r_info));
		}
		if (err)
			return err;
		memcpy(code->base + r[i].r_offset, &value, 8);
	}
	return NULL;
}

/* The packed form of relative ones: an address, then bit maps of the 63 words behind it. */
static struct iq_error *relocate_packed(const struct iq_object_code *code, uint64_t table,
					uint64_t len)
{
	const uint64_t *r = (const uint64_t *)(code->base + table);
	uint64_t at = 0, value;

	if (!len)
		return NULL;
	if (!holds(code, table, len) || table % 8)
		return invalid("its relocations do not fit");
	for (size_t i = 0; i < len / 8; i++) {
		uint64_t bits = r[i] & 1 ? r[i] >> 1 : 1;

		if (!(r[i] & 1))
			at = r[i];
		for (uint64_t a = at; bits; bits >>= 1, a += 8) {
			if (!(bits & 1))
				continue;
			if (!holds(code, a, 8))
				return invalid("a relocation of a place that is not there");
			memcpy(&value, code->base + a, 8);
			value += (uintptr_t)code->base;
			memcpy(code->base + a, &value, 8);
		}
		at += r[i] & 1 ? 63 * 8 : 8;
	}
	return NULL;
}

static void run_constructors(const struct iq_object_code *code, const struct dynamic *d)
{
	uint64_t at = d->value[DT_INIT_ARRAY], len = d->value[DT_INIT_ARRAYSZ];

	for (uint64_t i = 0; len && holds(code, at, len) && i < len / 8; i++) {
		void (*fn)(void);
		uint64_t addr;

		memcpy(&addr, code->base + at + i * 8, 8);
		fn = (void (*)(void))(uintptr_t)addr;
		if (addr && addr != UINT64_MAX)
			fn();
	}
}

static struct iq_error *load(struct iq_object_code *code, const uint8_t *data, size_t len)
{
	struct dynamic d = { 0 };
	Elf64_Phdr phdrs[MAX_PHDRS];
	const Elf64_Phdr *dynamic = NULL;
	struct iq_error *err;
	Elf64_Ehdr ehdr;

	if (len < sizeof(ehdr))
		return invalid("it is too short");
	memcpy(&ehdr, data, sizeof(ehdr));
	if (memcmp(ehdr.e_ident, ELFMAG, SELFMAG) != 0)
		return invalid("no ELF header");
	if (ehdr.e_ident[EI_CLASS] != ELFCLASS64 || ehdr.e_machine != EM_X86_64 ||
	    ehdr.e_type != ET_DYN || ehdr.e_phentsize != sizeof(*phdrs) ||
	    ehdr.e_phnum > MAX_PHDRS || ehdr.e_phoff > len ||
	    ehdr.e_phnum * sizeof(*phdrs) > len - ehdr.e_phoff)
		return invalid("another kind of ELF file");
	memcpy(phdrs, data + ehdr.e_phoff, ehdr.e_phnum * sizeof(*phdrs));
	for (unsigned i = 0; i < ehdr.e_phnum; i++)
		if (phdrs[i].p_type == PT_DYNAMIC)
			dynamic = &phdrs[i];
	if (!dynamic)
		return invalid("no dynamic section");
	err = map_segments(code, data, len, phdrs, ehdr.e_phnum);
	if (!err)
		err = read_dynamic(code, dynamic, &d);
	if (!err)
		err = find_syms(code, &d);
	if (!err)
		err = relocate_packed(code, d.value[TAG_RELR], d.value[TAG_RELRSZ]);
	if (!err)
		err = relocate_table(code, d.value[DT_RELA], d.value[DT_RELASZ]);
	if (!err)
		err = relocate_table(code, d.value[DT_JMPREL], d.value[DT_PLTRELSZ]);
	if (!err)
		err = protect_segments(code, phdrs, ehdr.e_phnum);
	if (!err)
		run_constructors(code, &d);
	return err;
}

struct iq_error *iq_object_load(const void *data, size_t len, iq_find_symbol_fn find,
				struct iq_object_code **code_ret)
{
	struct iq_object_code *code = iq_xcalloc(1, sizeof(*code));
	struct iq_error *err;

	code->find = find;
	err = load(code, data, len);
	if (err) {
		if (code->base)
			munmap(code->base, code->span);
		free(code);
		return err;
	}
	*code_ret = code;
	return NULL;
}

const void *iq_object_symbol(const struct iq_object_code *code, const char *name, size_t size)
{
	for (size_t i = 1; i < code->num_syms; i++) {
		const Elf64_Sym *sym = &code->syms[i];

		if (sym->st_shndx != SHN_UNDEF && sym->st_name < code->strings_len &&
		    !strcmp(code->strings + sym->st_name, name) && holds(code, sym->st_value, size))
			return code->base + sym->st_value;
	}
	return NULL;
}
