/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The inside of a session: what the files of this folder share
 *
 * Files of this folder use each other in one direction only. From below: cache.c and names.c and
 * modules.c; session.c, which opens all that is below this folder and answers the small questions;
 * containers.c and trees.c; tasks.c and stacks.c; what stands on these. No file is told of those
 * above it: what they have found out and want to keep they attach to the session themselves
 * (inquest/cache.h).
 *
 * The session owns everything here; what is given out is borrowed from it, or from the scratch
 * arena until the next snapshot.
 */
#ifndef IQ_KERNEL_SESSION_H
#define IQ_KERNEL_SESSION_H

#include "inquest/cache.h"
#include "inquest/session.h"
#include "inquest/task.h"
#include "kernel/rooms.h"
#include "sym/symtab.h"
#include "target/mem.h"
#include "target/target.h"
#include "type/types.h"
#include "unwind/unwind.h"

enum { IQ_MAX_CPUS = 8192 };

/* A cache and what is in it; see cache.c. */
struct iq_kept {
	const struct iq_cache *cache;
	void *value;
};

struct iq_session {
	struct iq_target *target; /* owned */
	struct iq_mem *mem;
	struct iq_symtab *tab;
	struct iq_types *types;
	struct iq_unwinder *unwinder;
	void *btf_file; /* the mapping of /sys/kernel/btf/vmlinux, where types come from there */
	size_t btf_len;

	struct iq_arena *arena;	  /* lives as long as the session */
	struct iq_arena *scratch; /* lives until the next snapshot */

	struct iq_strmap sym_addrs; /* name -> iq_vaddr in the arena */
	struct iq_map plans;	    /* struct iq_shadow * -> struct iq_shadow_plan * */

	unsigned num_cpus;
	uint64_t *cpu_offsets; /* __per_cpu_offset */
	uint8_t *cpu_online;   /* one byte a CPU */

	uint64_t stack_size; /* of kernel stacks, in bytes */

	struct iq_rooms rooms; /* what takes part in explaining it */

	IQ_VEC(struct iq_kept) caches; /* in the order in which they were made */

	uint64_t deadline_ns;		 /* CLOCK_MONOTONIC; 0: none */
	volatile const int *interrupted; /* set by a signal handler, or NULL */
};

struct iq_session_options {
	const char *dump;		      /* a dump's path; NULL: the live kernel */
	const char *kcore;		      /* another path than /proc/kcore; NULL */
	const struct iq_module *const *rooms; /* ends with NULL; or NULL: none */
};

/* Open memory, types, symbols and the unwinder. The message is one line for the user. */
struct iq_error *iq_session_open(const struct iq_session_options *options,
				 struct iq_session **session_ret);
/* The same over a target of the caller's, which becomes the session's (tests). */
struct iq_error *iq_session_over(struct iq_target *target, const struct iq_module *const *rooms,
				 struct iq_session **session_ret);
void iq_session_close(struct iq_session *s);

/*
 * Is the session's time used up, or that of the one question whose deadline this is
 * (CLOCK_MONOTONIC; 0: none), or has the user asked us to stop?
 */
bool iq_session_expired(const struct iq_session *s, uint64_t deadline_ns);

/* Forget all that was derived from memory that moves: the snapshot of all tasks, all that is kept
 * with it, cached pages, the scratch arena. */
void iq_session_forget(struct iq_session *s);

/* Kernel release, node name, of init_uts_ns; borrowed from the session's arena, "" where
 * unreadable. */
const char *iq_session_release(struct iq_session *s);
const char *iq_session_nodename(struct iq_session *s);

/* names.c */
bool iq_private_by_name(struct iq_session *s, const char *name, struct iq_sym *sym_ret);
bool iq_private_by_addr(struct iq_session *s, iq_vaddr addr, struct iq_sym *sym_ret);

/* cache.c */
void iq_caches_drop_snapshot(struct iq_session *s);
void iq_caches_deinit(struct iq_session *s);

/* path.c */

/* What mountinfo says of a superblock: its first mount in the initial namespace. */
struct iq_mount_info {
	const char *device; /* "/dev/vdb" */
	const char *path;   /* "/data"; NULL where it is not mounted there */
	iq_vaddr root;	    /* dentry that is mounted */
};
/* False: this superblock is not mounted in the initial namespace. */
bool iq_mount_of_sb(struct iq_session *s, iq_vaddr sb, struct iq_mount_info *info_ret);
/* The first of its mounts in any namespace; the path is that one's. */
bool iq_mount_elsewhere(struct iq_session *s, iq_vaddr sb, struct iq_mount_info *info_ret);

#endif
