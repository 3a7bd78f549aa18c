/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Programs and libraries of a process
 *
 * A mapping of the start of a file that begins with an ELF header begins an object; its program
 * headers are in memory with it. Symbols that the dynamic linker needs are in memory too, the
 * others only where the file's pages are still in the page cache.
 */
#include "inquest/uobject.h"

#include <elf.h>

#include "kernel/session.h"
#include "kernel/uspace.h"
#include "unwind/cfi.h"

enum {
	MAX_OBJECTS = 4096,
	MAX_PHDRS = 64,
	MAX_SHDRS = 256,
	MAX_SYMS = 1 << 20,
	MAX_STRINGS = 64 << 20,
	MAX_DYNAMIC = 256,
};

struct usym {
	uint64_t addr, size;
	uint32_t name;
	uint8_t weight; /* of several at one address: the greatest */
};

struct symbols {
	IQ_VEC(struct usym) list; /* by address */
	char *strings;
	size_t strings_len;
};

struct iq_uobjects {
	IQ_VEC(struct iq_uobject) list;
};

/* ---- objects ---- */

/* Static programs have no table of their .eh_frame; where that is say the section headers. */
static void find_eh_frame(struct iq_uspace *us, struct iq_uobject *o)
{
	Elf64_Shdr shdrs[MAX_SHDRS];
	Elf64_Ehdr ehdr;
	char name[10];
	unsigned num;

	if (!o->file || !iq_uspace_peek(us, o->start, &ehdr, sizeof(ehdr)) ||
	    ehdr.e_shentsize != sizeof(Elf64_Shdr))
		return;
	num = IQ_MIN(ehdr.e_shnum, (unsigned)MAX_SHDRS);
	if (ehdr.e_shstrndx >= num ||
	    !iq_uspace_peek_file(us, o->file, ehdr.e_shoff, shdrs, num * sizeof(*shdrs)))
		return;
	for (unsigned i = 0; i < num; i++) {
		uint64_t at = shdrs[ehdr.e_shstrndx].sh_offset + shdrs[i].sh_name;

		if (shdrs[i].sh_flags & SHF_ALLOC &&
		    iq_uspace_peek_file(us, o->file, at, name, sizeof(name)) &&
		    !memcmp(name, ".eh_frame", sizeof(name))) {
			o->eh_frame = o->bias + shdrs[i].sh_addr;
			o->eh_frame_len = shdrs[i].sh_size;
			return;
		}
	}
}

static bool read_object(struct iq_uspace *us, const struct iq_vma *vma, struct iq_uobject *o)
{
	Elf64_Phdr phdrs[MAX_PHDRS];
	Elf64_Ehdr ehdr;
	bool first = true;
	unsigned num;

	if (!iq_uspace_peek(us, vma->start, &ehdr, sizeof(ehdr)) ||
	    memcmp(ehdr.e_ident, ELFMAG, SELFMAG) != 0 || ehdr.e_ident[EI_CLASS] != ELFCLASS64 ||
	    ehdr.e_phentsize != sizeof(Elf64_Phdr))
		return false;
	num = IQ_MIN(ehdr.e_phnum, (unsigned)MAX_PHDRS);
	if (!iq_uspace_peek(us, vma->start + ehdr.e_phoff, phdrs, num * sizeof(*phdrs)))
		return false;
	*o = (struct iq_uobject){ .path = iq_arena_strdup(iq_uspace_arena(us),
							  iq_uspace_vma_name(us, vma)),
				  .start = vma->start,
				  .end = vma->end,
				  .file = vma->file };
	for (unsigned i = 0; i < num; i++) {
		if (phdrs[i].p_type != PT_LOAD)
			continue;
		if (first)
			o->bias = vma->start - (phdrs[i].p_vaddr & ~(uint64_t)4095);
		first = false;
		o->end = IQ_MAX(o->end, (o->bias + phdrs[i].p_vaddr + phdrs[i].p_memsz + 4095) &
						~(uint64_t)4095);
	}
	if (o->end - o->start > UINT64_C(1) << 40)
		o->end = vma->end;
	for (unsigned i = 0; i < num; i++) {
		if (phdrs[i].p_type == PT_GNU_EH_FRAME) {
			o->eh_frame = o->bias + phdrs[i].p_vaddr;
			o->eh_frame_len = phdrs[i].p_memsz;
			o->eh_frame_sorted = true;
		} else if (phdrs[i].p_type == PT_DYNAMIC) {
			o->dynamic = o->bias + phdrs[i].p_vaddr;
		}
	}
	if (!o->eh_frame)
		find_eh_frame(us, o);
	return !first;
}

static void objects_free(struct iq_uobjects *objects)
{
	iq_vec_foreach(&objects->list, o) {
		struct symbols *y = o->symbols;

		if (!y)
			continue;
		iq_vec_free(&y->list);
		free(y->strings);
		free(y);
	}
	iq_vec_free(&objects->list);
	free(objects);
}

static struct iq_uobjects *objects_of(struct iq_uspace *us)
{
	struct iq_uobjects *objects = iq_uspace_kept(us);
	const struct iq_vma *vmas;
	size_t num;

	if (objects)
		return objects;
	objects = iq_xcalloc(1, sizeof(*objects));
	iq_uspace_keep(us, objects, objects_free);
	vmas = iq_uspace_vmas(us, &num);
	for (size_t i = 0; i < num && objects->list.num < MAX_OBJECTS; i++) {
		const char *name = vmas[i].file ? "" : iq_uspace_vma_name(us, &vmas[i]);
		struct iq_uobject o;

		if ((vmas[i].file ? vmas[i].offset != 0 : strcmp(name, "[vdso]") != 0) ||
		    !read_object(us, &vmas[i], &o))
			continue;
		iq_vec_push(&objects->list, o);
	}
	return objects;
}

const struct iq_uobject *iq_uspace_objects(struct iq_uspace *us, size_t *num_ret)
{
	struct iq_uobjects *objects = objects_of(us);

	*num_ret = objects->list.num;
	return objects->list.data;
}

static struct iq_uobject *object_of(struct iq_uspace *us, uint64_t addr)
{
	struct iq_uobjects *objects = objects_of(us);

	iq_vec_foreach(&objects->list, o)
		if (addr >= o->start && addr < o->end)
			return o;
	return NULL;
}

const struct iq_uobject *iq_uspace_object_of(struct iq_uspace *us, uint64_t addr)
{
	return object_of(us, addr);
}

/* ---- symbols ---- */

static void add_syms(struct symbols *y, const struct iq_uobject *o, const Elf64_Sym *syms,
		     size_t num, const char *strings, size_t strings_len)
{
	size_t base = y->strings_len;

	y->strings = iq_xrealloc(y->strings, base + strings_len + 1);
	memcpy(y->strings + base, strings, strings_len);
	y->strings[base + strings_len] = '\0';
	y->strings_len = base + strings_len + 1;
	for (size_t i = 0; i < num; i++) {
		unsigned type = ELF64_ST_TYPE(syms[i].st_info),
			 bind = ELF64_ST_BIND(syms[i].st_info);

		if (!syms[i].st_value || syms[i].st_shndx == SHN_UNDEF ||
		    syms[i].st_name >= strings_len || !strings[syms[i].st_name] ||
		    (type != STT_FUNC && type != STT_OBJECT && type != STT_NOTYPE &&
		     type != STT_GNU_IFUNC))
			continue;
		iq_vec_push(&y->list, (struct usym){ .addr = o->bias + syms[i].st_value,
						     .size = syms[i].st_size,
						     .name = (uint32_t)(base + syms[i].st_name),
						     .weight = (uint8_t)((type != STT_NOTYPE) * 4 +
									 (bind == STB_GLOBAL) * 2 +
									 (bind == STB_WEAK)) });
	}
}

static void load_section(struct iq_uspace *us, const struct iq_uobject *o, const Elf64_Shdr *sh,
			 const Elf64_Shdr *str, struct symbols *y)
{
	size_t num = sh->sh_size / sizeof(Elf64_Sym);
	Elf64_Sym *syms;
	char *strings;

	if (!num || num > MAX_SYMS || !str->sh_size || str->sh_size > MAX_STRINGS)
		return;
	syms = iq_xmalloc(num * sizeof(*syms));
	strings = iq_xmalloc(str->sh_size);
	if (iq_uspace_peek_file(us, o->file, sh->sh_offset, syms, num * sizeof(*syms)) &&
	    iq_uspace_peek_file(us, o->file, str->sh_offset, strings, str->sh_size))
		add_syms(y, o, syms, num, strings, str->sh_size);
	free(syms);
	free(strings);
}

/* .symtab is in no segment: out of the page cache, if at all. */
static void load_symtab(struct iq_uspace *us, const struct iq_uobject *o, struct symbols *y)
{
	Elf64_Shdr shdrs[MAX_SHDRS];
	Elf64_Ehdr ehdr;
	unsigned num;

	if (!o->file || !iq_uspace_peek(us, o->start, &ehdr, sizeof(ehdr)) ||
	    ehdr.e_shentsize != sizeof(Elf64_Shdr))
		return;
	num = IQ_MIN(ehdr.e_shnum, (unsigned)MAX_SHDRS);
	if (!num || !iq_uspace_peek_file(us, o->file, ehdr.e_shoff, shdrs, num * sizeof(*shdrs)))
		return;
	for (unsigned i = 0; i < num; i++)
		if (shdrs[i].sh_type == SHT_SYMTAB && shdrs[i].sh_link < num)
			load_section(us, o, &shdrs[i], &shdrs[shdrs[i].sh_link], y);
}

/* How many symbols .dynsym has says nobody; the GNU hash table's last chain ends with the last. */
static size_t count_by_gnu_hash(struct iq_uspace *us, uint64_t table)
{
	uint32_t head[4], bucket, max = 0, value;
	uint64_t buckets, chains;

	if (!iq_uspace_peek(us, table, head, sizeof(head)) || head[0] > MAX_SYMS ||
	    head[2] > MAX_SYMS)
		return 0;
	buckets = table + 16 + 8 * (uint64_t)head[2];
	chains = buckets + 4 * (uint64_t)head[0];
	for (uint32_t i = 0; i < head[0]; i++)
		if (iq_uspace_peek(us, buckets + 4 * (uint64_t)i, &bucket, 4) && bucket > max)
			max = bucket;
	if (max < head[1] || max > MAX_SYMS)
		return head[1] <= MAX_SYMS ? head[1] : 0;
	do {
		if (!iq_uspace_peek(us, chains + 4 * (uint64_t)(max - head[1]), &value, 4))
			return 0;
		max++;
	} while (!(value & 1) && max < MAX_SYMS);
	return max;
}

static void load_dynsym(struct iq_uspace *us, const struct iq_uobject *o, struct symbols *y)
{
	uint64_t symtab = 0, strtab = 0, strsz = 0, gnu_hash = 0, hash = 0;
	uint32_t head[2];
	size_t num = 0;
	Elf64_Sym *syms;
	char *strings;

	for (unsigned i = 0; o->dynamic && i < MAX_DYNAMIC; i++) {
		Elf64_Dyn d;

		if (!iq_uspace_peek(us, o->dynamic + i * sizeof(d), &d, sizeof(d)) ||
		    d.d_tag == DT_NULL)
			break;
		/* The linker has made addresses of some, and left others (the vdso's). */
		if (d.d_un.d_ptr < o->start && d.d_tag != DT_STRSZ)
			d.d_un.d_ptr += o->bias;
		if (d.d_tag == DT_SYMTAB)
			symtab = d.d_un.d_ptr;
		else if (d.d_tag == DT_STRTAB)
			strtab = d.d_un.d_ptr;
		else if (d.d_tag == DT_STRSZ)
			strsz = d.d_un.d_val;
		else if (d.d_tag == DT_GNU_HASH)
			gnu_hash = d.d_un.d_ptr;
		else if (d.d_tag == DT_HASH)
			hash = d.d_un.d_ptr;
	}
	if (!symtab || !strtab || !strsz || strsz > MAX_STRINGS)
		return;
	if (hash && iq_uspace_peek(us, hash, head, sizeof(head)) && head[1] <= MAX_SYMS)
		num = head[1];
	else if (gnu_hash)
		num = count_by_gnu_hash(us, gnu_hash);
	if (!num)
		return;
	syms = iq_xmalloc(num * sizeof(*syms));
	strings = iq_xmalloc(strsz);
	if (iq_uspace_peek(us, symtab, syms, num * sizeof(*syms)) &&
	    iq_uspace_peek(us, strtab, strings, strsz))
		add_syms(y, o, syms, num, strings, strsz);
	free(syms);
	free(strings);
}

static int by_addr(const void *a, const void *b)
{
	const struct usym *x = a, *y = b;

	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	return (int)y->weight - (int)x->weight;
}

static const struct symbols *symbols_of(struct iq_uspace *us, struct iq_uobject *o)
{
	struct symbols *y = o->symbols;

	if (y)
		return y;
	y = o->symbols = iq_xcalloc(1, sizeof(*y));
	load_symtab(us, o, y);
	load_dynsym(us, o, y);
	if (y->list.num)
		qsort(y->list.data, y->list.num, sizeof(*y->list.data), by_addr);
	return y;
}

bool iq_uspace_sym_by_addr(struct iq_uspace *us, uint64_t addr, struct iq_usym *sym_ret)
{
	struct iq_uobject *o = object_of(us, addr);
	const struct symbols *y = o ? symbols_of(us, o) : NULL;
	size_t from = 0, to = y ? y->list.num : 0;
	const struct usym *found;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (y->list.data[middle].addr <= addr)
			from = middle + 1;
		else
			to = middle;
	}
	if (!from)
		return false;
	found = &y->list.data[from - 1];
	while (found > y->list.data && found[-1].addr == found->addr)
		found--;
	/* Far behind the last symbol that is known nothing is said. */
	if (found->size ? addr - found->addr >= IQ_MAX(found->size, (uint64_t)1) + 16
			: addr - found->addr > 1 << 16)
		return false;
	*sym_ret = (struct iq_usym){ y->strings + found->name, o, found->addr, found->size };
	return true;
}

static bool is_object(const struct iq_uobject *o, const char *name, size_t len)
{
	const char *base = strrchr(o->path, '/');

	base = base ? base + 1 : o->path;
	return (strlen(base) == len && !strncmp(base, name, len)) ||
	       (strlen(o->path) == len && !strncmp(o->path, name, len));
}

bool iq_uspace_sym_by_name(struct iq_uspace *us, const char *name, struct iq_usym *sym_ret)
{
	struct iq_uobjects *objects = objects_of(us);
	const char *tick = strrchr(name, '`'), *wanted = tick ? tick + 1 : name;

	iq_vec_foreach(&objects->list, o) {
		const struct symbols *y;

		if (tick && !is_object(o, name, (size_t)(tick - name)))
			continue;
		y = symbols_of(us, o);
		iq_vec_foreach(&y->list, s) {
			if (strcmp(y->strings + s->name, wanted) != 0)
				continue;
			*sym_ret = (struct iq_usym){ y->strings + s->name, o, s->addr, s->size };
			return true;
		}
	}
	return false;
}

/* ---- the stack ---- */

static bool read_for_cfi(void *ctx, uint64_t addr, void *buf, size_t len)
{
	return iq_uspace_peek(ctx, addr, buf, len);
}

static bool is_code(struct iq_uspace *us, uint64_t pc)
{
	const struct iq_vma *vma = iq_uspace_find(us, pc);

	return vma && vma->flags & IQ_VM_EXEC;
}

static bool by_cfi(struct iq_uspace *us, const struct iq_regs *regs, bool exact,
		   struct iq_regs *caller, bool *signal_ret)
{
	struct cfi_memory mem = { read_for_cfi, us };
	uint64_t pc = regs->r[IQ_REG_IP] - !exact, fde;
	const struct iq_uobject *o = object_of(us, pc);

	if (!o || !o->eh_frame ||
	    !(o->eh_frame_sorted ? cfi_find(&mem, o->eh_frame, o->eh_frame_len, pc, &fde)
				 : cfi_scan(&mem, o->eh_frame, o->eh_frame_len, pc, &fde)))
		return false;
	return cfi_step(&mem, fde, pc, regs, caller, signal_ret);
}

static bool by_fp(struct iq_uspace *us, const struct iq_regs *regs, struct iq_regs *caller)
{
	uint64_t words[2], bp = regs->r[IQ_REG_BP];

	if (!(regs->known & 1u << IQ_REG_BP) || bp % 8 || bp < regs->r[IQ_REG_SP] ||
	    !iq_uspace_peek(us, bp, words, sizeof(words)) || !is_code(us, words[1]))
		return false;
	caller->known = 1u << IQ_REG_BP | 1u << IQ_REG_SP | 1u << IQ_REG_IP;
	caller->r[IQ_REG_BP] = words[0];
	caller->r[IQ_REG_SP] = bp + 16;
	caller->r[IQ_REG_IP] = words[1];
	return true;
}

size_t iq_uspace_unwind(struct iq_uspace *us, const struct iq_regs *regs, struct iq_uframe *frames,
			size_t max)
{
	struct iq_regs now = *regs, caller = { 0 };
	enum iq_uframe_by by = IQ_UFRAME_REGS;
	bool exact = true, signal = false;
	size_t num = 0;

	while (num < max) {
		frames[num++] = (struct iq_uframe){ .pc = now.r[IQ_REG_IP],
						    .sp = now.r[IQ_REG_SP],
						    .bp = now.r[IQ_REG_BP],
						    .regs = now,
						    .by = by };
		signal = false;
		if (by_cfi(us, &now, exact, &caller, &signal))
			by = IQ_UFRAME_CFI;
		else if (by_fp(us, &now, &caller))
			by = IQ_UFRAME_FP;
		else
			break;
		/* The stack goes up, but for signals on a stack of their own. */
		if (!caller.r[IQ_REG_IP] || !is_code(us, caller.r[IQ_REG_IP]) ||
		    (!signal && caller.r[IQ_REG_SP] <= now.r[IQ_REG_SP]))
			break;
		exact = signal;
		now = caller;
	}
	return num;
}
