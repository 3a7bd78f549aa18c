/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory sources
 *
 * A target is where a kernel's memory comes from: the running kernel by
 * /proc/kcore, a dump in a file, or memory that a test laid out. It answers by
 * physical address, and some by virtual address as well. Everything else
 * (page tables, caching, meaning) is built on top and does not know the kinds.
 */
#ifndef IQ_TARGET_TARGET_H
#define IQ_TARGET_TARGET_H

#include "arch/arch.h"
#include "inquest/error.h"
#include "inquest/types.h"

struct iq_target;

/* No slot is NULL: sources that cannot do a thing answer IQ_ERR_UNSUPPORTED (iq_target_no_*). */
struct iq_target_ops {
	const char *kind; /* "kcore", "elf", "kdump", "fake", as the report's source.kind */
	void (*close)(struct iq_target *t);
	/*
	 * Read physical memory. All of len or an error (IQ_ERR_FAULT with the first address
	 * that is not there). len may cross pages.
	 */
	struct iq_error *(*read_phys)(struct iq_target *t, iq_paddr pa, void *buf, size_t len);
	/* Read kernel virtual memory without our page walk (kcore's and ELF's segments). */
	struct iq_error *(*read_virt)(struct iq_target *t, iq_vaddr va, void *buf, size_t len);
	/*
	 * Borrow physical memory that this process has mapped: sets *ptr_ret for at least len
	 * bytes, or IQ_ERR_UNSUPPORTED. Valid until close.
	 */
	struct iq_error *(*map_phys)(struct iq_target *t, iq_paddr pa, size_t len,
				     const void **ptr_ret);
	/* The registers of a CPU at the time of the dump. IQ_ERR_UNSUPPORTED on live targets. */
	struct iq_error *(*cpu_regs)(struct iq_target *t, unsigned cpu, struct iq_regs *regs_ret);
};

struct iq_target {
	const struct iq_target_ops *ops;
	char *path;	  /* "" where there is none */
	bool live;	  /* memory changes while we read */
	char *vmcoreinfo; /* NUL-terminated text "KEY=value\n..."; NULL where none was found */
	size_t vmcoreinfo_len;
	const struct iq_arch *arch;
	unsigned num_cpu_regs; /* CPUs that cpu_regs() knows */
	char *missing;	       /* what of the source is not there ("cut off: 123 MiB of 512 MiB are
				  missing"), or NULL */
	struct iq_phys_range {
		iq_paddr start, end;
	} * ranges; /* physical memory that the source holds, sorted; may be empty if unknown */
	size_t num_ranges;
	/*
	 * Virtual memory that read_virt() answers, sorted. Linear: start is at physical paddr, and
	 * so on to its end, and what is read is what is there. Not linear (kcore's vmalloc and
	 * modules): pages may be missing, and read_virt() does not tell: ask the page tables.
	 */
	struct iq_virt_range {
		iq_vaddr start, end;
		iq_paddr paddr;
		bool linear;
	} * virt;
	size_t num_virt;
	/* Top page tables that the CPUs had in use, where the source knows them; a user's, or the
	 * user half's copy under PTI, as well as the kernel's. */
	struct iq_root {
		iq_paddr root;
		unsigned levels;
	} * roots;
	size_t num_roots;
	bool flat; /* virtual addresses are physical ones (made kernels): there are no page tables
		    */
	void *priv;
};

/*
 * Open the live kernel. IQ_ERR_PERM: not root, or lockdown (the message says which);
 * IQ_ERR_NOTFOUND: no /proc/kcore. One line that says what failed, where, and what to try.
 */
struct iq_error *iq_target_open_kcore(const char *path, struct iq_target **target_ret);

/*
 * Open a dump: asks each kind in turn. ELF (QEMU's dump-guest-memory, kdump's vmcore), then
 * kdump-compressed. IQ_ERR_INVALID: not a dump. A dump that was cut off opens, with ->missing.
 */
struct iq_error *iq_target_open_dump(const char *path, struct iq_target **target_ret);

/* Close and free; NULL is fine. */
void iq_target_close(struct iq_target *t);

/*
 * A value of VMCOREINFO by its key, e.g. "SYMBOL(_stext)", "OSRELEASE". IQ_ERR_NOTFOUND without it.
 * The text is borrowed from the target and ends at *len_ret (it is not NUL-terminated).
 */
struct iq_error *iq_target_vmcoreinfo(const struct iq_target *t, const char *key,
				      const char **text_ret, size_t *len_ret);
/* The same as a number. SYMBOL() and KERNELOFFSET are hexadecimal, NUMBER() is signed decimal or
 * 0x. */
struct iq_error *iq_target_vmcoreinfo_u64(const struct iq_target *t, const char *key,
					  uint64_t *value_ret);

/* Stubs for ops that a source lacks. */
struct iq_error *iq_target_no_virt(struct iq_target *t, iq_vaddr va, void *buf, size_t len);
struct iq_error *iq_target_no_map(struct iq_target *t, iq_paddr pa, size_t len,
				  const void **ptr_ret);
struct iq_error *iq_target_no_regs(struct iq_target *t, unsigned cpu, struct iq_regs *regs_ret);

#endif
