/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the memory sources share among themselves: headers and notes of ELF core
 * files, VMCOREINFO, physical ranges.
 */
#ifndef IQ_TARGET_INTERNAL_H
#define IQ_TARGET_INTERNAL_H

#include "inquest/util.h"
#include "target/target.h"

enum { IQ_PAGE_SHIFT = 12, IQ_PAGE_SIZE = 1 << IQ_PAGE_SHIFT };

/* ---- ELF core files (elfhdr.c) ---- */

struct iq_elf_segment {
	uint32_t type;
	uint64_t offset, vaddr, paddr, filesz, memsz;
};

struct iq_elf_headers {
	struct iq_elf_segment *segments;
	size_t num_segments;
	uint16_t machine;
};

/* Are these first bytes those of an ELF file? */
bool iq_elf_magic(const void *head, size_t len);

/*
 * Read the headers of a 64-bit little-endian core file by pread(). IQ_ERR_INVALID: it is not one;
 * messages begin with what is wrong, not with the path. *hdr_ret is the caller's:
 * iq_elf_headers_deinit().
 */
struct iq_error *iq_elf_read_headers(int fd, struct iq_elf_headers *hdr_ret);
void iq_elf_headers_deinit(struct iq_elf_headers *hdr);

/* One note; name and desc are borrowed for the call. */
typedef void (*iq_elf_note_fn)(void *ctx, const char *name, uint32_t type, const void *desc,
			       size_t len);

/* Call fn for each whole note of a PT_NOTE segment; stops at the first that does not fit. */
struct iq_error *iq_elf_read_notes(int fd, const struct iq_elf_segment *seg, iq_elf_note_fn fn,
				   void *ctx);

/* ---- what a target collects while it is opened (target.c) ---- */

/* A new target with arch x86-64, no VMCOREINFO, no ranges. */
struct iq_target *iq_target_alloc(const struct iq_target_ops *ops, const char *path);

void iq_target_set_vmcoreinfo(struct iq_target *t, const void *text, size_t len);
void iq_target_add_range(struct iq_target *t, iq_paddr start, iq_paddr end);
void iq_target_add_virt(struct iq_target *t, struct iq_virt_range range);
void iq_target_add_root(struct iq_target *t, iq_paddr root, unsigned levels);
/* Sort and merge the ranges, sort virt. */
void iq_target_sort(struct iq_target *t);

/* The virtual range that holds va, or NULL. */
const struct iq_virt_range *iq_target_find_virt(const struct iq_target *t, iq_vaddr va);

/* The registers of CPUs, as NT_PRSTATUS notes have them. */
struct iq_cpu_regs {
	IQ_VEC(struct iq_regs) cpus;
};

/* Take what a note of a dump says: VMCOREINFO, a CPU's registers, QEMU's CR3. */
void iq_target_take_note(struct iq_target *t, struct iq_cpu_regs *regs, const char *name,
			 uint32_t type, const void *desc, size_t len);

/* The capabilities that this process has in effect, as bits; 0 where that cannot be told. */
uint64_t iq_target_capabilities(void);

/* ---- VMCOREINFO (vmcoreinfo.c) ---- */

/*
 * Where the kernel's top page table is, by VMCOREINFO. IQ_ERR_NOTFOUND: it does not say.
 * Any result may be NULL.
 */
struct iq_error *iq_vmcoreinfo_root(const struct iq_target *t, iq_paddr *root_ret,
				    unsigned *levels_ret, uint64_t *phys_base_ret);

/* Does the text of len bytes look like VMCOREINFO: printable lines with the keys that we need? */
bool iq_vmcoreinfo_plausible(const char *text, size_t len);

/*
 * Look for VMCOREINFO in the target's physical memory: the kernel's copy begins a
 * page with "OSRELEASE=". Takes the first whose page tables map _stext where it says, else the
 * first that looks right; leaves t->vmcoreinfo NULL where there is none.
 */
void iq_vmcoreinfo_scan(struct iq_target *t);

/* Read 8 bytes of physical memory, for arch->walk; ctx is the struct iq_target. */
struct iq_error *iq_target_read_u64(void *ctx, iq_paddr pa, uint64_t *value_ret);

/* ---- a cache of pages, by a tag that is not 0 (cache.c) ---- */

struct iq_page_cache;

/* Of num_sets (a power of two) times two pages. */
struct iq_page_cache *iq_page_cache_new(size_t num_sets);
void iq_page_cache_free(struct iq_page_cache *cache);
void iq_page_cache_clear(struct iq_page_cache *cache);

/* The page with this tag, or NULL. */
const unsigned char *iq_page_cache_get(struct iq_page_cache *cache, uint64_t tag);
/* A place for the page with this tag; the caller fills it, or else calls drop. */
unsigned char *iq_page_cache_put(struct iq_page_cache *cache, uint64_t tag);
void iq_page_cache_drop(struct iq_page_cache *cache, uint64_t tag);

/* ---- flattened kdump files (flat.c) ---- */

bool iq_flat_magic(const void *head, size_t len);
/*
 * The file that a flattened one stands for, as a descriptor of an unnamed temporary file; fd
 * stays the caller's. *cut_off_ret: the input ended early, what was there is in it.
 */
struct iq_error *iq_flat_unfold(int fd, int *fd_ret, bool *cut_off_ret);

/* ---- openers; they take the descriptor whether they succeed or not ---- */

struct iq_error *iq_target_open_elf(int fd, const char *path, struct iq_target **target_ret);
/* In kdump.c or no-kdump.c, by the executable. */
struct iq_error *iq_target_open_kdump(int fd, const char *path, struct iq_target **target_ret);
bool iq_target_has_kdump(void);

#endif
