/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A session: one kernel being read
 *
 * Memory, symbols and types of one target, opened together. Everything returned as const char *
 * is borrowed: from the session, or where said so from its snapshot arena, which lives until
 * the next snapshot is taken.
 */
#ifndef INQUEST_SESSION_H
#define INQUEST_SESSION_H

#include "inquest/error.h"
#include "inquest/sym.h"
#include "inquest/type.h"
#include "inquest/util.h"

struct iq_session;

/* Read kernel memory, all of it or an error (IQ_ERR_FAULT). */
struct iq_error *iq_read(struct iq_session *s, iq_vaddr addr, void *buf, size_t len);
/* The same for guesses, with no error to free. */
bool iq_peek(struct iq_session *s, iq_vaddr addr, void *buf, size_t len);
bool iq_peek_u64(struct iq_session *s, iq_vaddr addr, uint64_t *value_ret);
bool iq_peek_u32(struct iq_session *s, iq_vaddr addr, uint32_t *value_ret);

struct iq_error *iq_read_u64(struct iq_session *s, iq_vaddr addr, uint64_t *value_ret);
struct iq_error *iq_read_u32(struct iq_session *s, iq_vaddr addr, uint32_t *value_ret);

/*
 * Read a member of the struct at addr, as a number: pointers, integers, bit fields, enums; sign
 * extended where it is signed. IQ_ERR_NOTFOUND: this kernel has no such type or member.
 */
struct iq_error *iq_read_member(struct iq_session *s, const char *type, const char *path,
				iq_vaddr addr, uint64_t *value_ret);
bool iq_peek_member(struct iq_session *s, const char *type, const char *path, iq_vaddr addr,
		    uint64_t *value_ret);

/* Read a string of at most size - 1 bytes; always NUL-terminated. Stops quietly at an unreadable
 * page after 1 byte. */
struct iq_error *iq_read_str(struct iq_session *s, iq_vaddr addr, char *buf, size_t size);

/* Read user memory of the process with this mm_struct, by its page tables. IQ_ERR_FAULT: not
 * present. */
struct iq_error *iq_read_user(struct iq_session *s, iq_vaddr mm, iq_vaddr addr, void *buf,
			      size_t len);

/* Read physical memory. IQ_ERR_FAULT. */
struct iq_error *iq_read_phys(struct iq_session *s, iq_paddr pa, void *buf, size_t len);
/* The physical address of a kernel address (mm 0), or of one in the process with this mm_struct, by
 * the page tables. IQ_ERR_FAULT: not mapped. */
struct iq_error *iq_vtop(struct iq_session *s, iq_vaddr mm, iq_vaddr addr, iq_paddr *pa_ret);

/* The address of a per-CPU variable (its symbol's or member's value) on a CPU. */
iq_vaddr iq_per_cpu(struct iq_session *s, iq_vaddr percpu, unsigned cpu);
/* CPUs that are possible; those online are flagged. At most max. */
unsigned iq_num_cpus(struct iq_session *s);
bool iq_cpu_online(struct iq_session *s, unsigned cpu);
/* The CPU that a dump is about: the one that panicked, or, where none did, the first. */
unsigned iq_dump_cpu(struct iq_session *s);

/* Could this be the address of a kernel object: canonical, kernel half, aligned to 8? */
bool iq_is_kernel_ptr(struct iq_session *s, iq_vaddr addr);

/* Memory that lives until the next snapshot. */
struct iq_arena *iq_scratch(struct iq_session *s);

/* Is the target a running kernel, whose memory changes? */
bool iq_is_live(struct iq_session *s);

/* ---- kernel containers; every walk is bounded and checks its links ---- */

/*
 * Call fn with the address of each list_head linked to head (not head itself), until it says stop
 * by returning true. IQ_ERR_CORRUPT: the list does not close or is longer than max.
 */
typedef bool (*iq_list_fn)(void *ctx, iq_vaddr node);
struct iq_error *iq_list_walk(struct iq_session *s, iq_vaddr head, size_t max, iq_list_fn fn,
			      void *ctx);
/* The same along hlist_head.first. */
struct iq_error *iq_hlist_walk(struct iq_session *s, iq_vaddr head, size_t max, iq_list_fn fn,
			       void *ctx);
/* Call fn with each struct rb_node below rb_root, in order. root: address of the rb_root. */
struct iq_error *iq_rbtree_walk(struct iq_session *s, iq_vaddr root, size_t max, iq_list_fn fn,
				void *ctx);
/* The entry of an xarray (or an older radix tree) at an index: 0 where there is none. */
struct iq_error *iq_xarray_load(struct iq_session *s, iq_vaddr xa, uint64_t index,
				iq_vaddr *entry_ret);

/*
 * Call fn with each entry of an xarray (or an older radix tree), of a maple tree, and the first and
 * last index that it stands for, in order of the indexes. An entry is a pointer, or, where its bit
 * 0 is set, a number. IQ_ERR_CORRUPT: the tree is larger than max, or its nodes contradict
 * themselves; IQ_ERR_NOTFOUND: this kernel has none such.
 */
typedef bool (*iq_index_fn)(void *ctx, uint64_t first, uint64_t last, iq_vaddr entry);
struct iq_error *iq_xarray_walk(struct iq_session *s, iq_vaddr xa, size_t max, iq_index_fn fn,
				void *ctx);
struct iq_error *iq_maple_walk(struct iq_session *s, iq_vaddr tree, size_t max, iq_index_fn fn,
			       void *ctx);
/* Call fn with each node behind a llist_head. */
struct iq_error *iq_llist_walk(struct iq_session *s, iq_vaddr head, size_t max, iq_list_fn fn,
			       void *ctx);

/* ---- what an address is ---- */

/*
 * The slab object that addr is inside of: cache name (borrowed), object start. IQ_ERR_NOTFOUND: not
 * in a slab.
 */
struct iq_error *iq_slab_of(struct iq_session *s, iq_vaddr addr, const char **cache_ret,
			    iq_vaddr *object_ret);

/*
 * What an address is, in words, best first: a symbol ("tasklist_lock", "rtnl_mutex+0x10"), a place
 * on a task's stack ("stack of task 312 (mapper)"), a slab object ("ext4_inode_cache+0x98"), or
 * "0xffff...". In the scratch arena.
 */
const char *iq_describe_addr(struct iq_session *s, iq_vaddr addr);

#endif
