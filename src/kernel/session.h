/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The inside of a session: what the files of this folder share
 */
#ifndef IQ_KERNEL_SESSION_H
#define IQ_KERNEL_SESSION_H

#include "inquest/session.h"
#include "inquest/task.h"
#include "sym/symtab.h"
#include "target/mem.h"
#include "target/target.h"
#include "type/types.h"
#include "unwind/unwind.h"

enum { IQ_MAX_CPUS = 8192 };

/* Everything about one superblock's and one mount's place in the tree; see path.c. */
struct iq_mount_table;

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

	struct iq_private_syms *private_syms; /* names.c; NULL: there are none */
	unsigned num_cpus;
	uint64_t *cpu_offsets; /* __per_cpu_offset */
	uint8_t *cpu_online;   /* one byte a CPU */

	struct iq_task_list tasks;
	bool have_tasks;
	struct iq_map task_by_addr; /* -> index + 1 */
	struct iq_map task_by_pid;
	struct iq_map task_by_stack; /* start of the stack -> index + 1 */
	struct iq_stack **stacks;    /* one a task, NULL until asked for */
	uint64_t stack_size;

	struct iq_mount_table *mounts;
	struct iq_open_index *open_index; /* files.c */
	struct iq_map wait_heads; /* waitq.c: node of a wait queue -> its head; of this snapshot */
	struct slab_info *slab;	  /* describe.c; in the arena */
	void *explainer;	  /* the layer above's, of this snapshot; NULL */
	void (*explainer_free)(void *explainer);

	uint64_t deadline_ns;		 /* CLOCK_MONOTONIC; 0: none */
	volatile const int *interrupted; /* set by a signal handler, or NULL */
};

struct iq_session_options {
	const char *dump;  /* a dump's path; NULL: the live kernel */
	const char *kcore; /* another path than /proc/kcore; NULL */
};

/* Open memory, types, symbols and the unwinder. The message is one line for the user. */
struct iq_error *iq_session_open(const struct iq_session_options *options,
				 struct iq_session **session_ret);
/* The same over a target of the caller's, which becomes the session's (tests). */
struct iq_error *iq_session_over(struct iq_target *target, struct iq_session **session_ret);
void iq_session_close(struct iq_session *s);

/* Is the time budget used up, or has the user asked us to stop? */
bool iq_session_expired(struct iq_session *s);

/* Forget all that was derived from memory that moves (mounts, cached pages, scratch). */
void iq_session_forget(struct iq_session *s);

/* Forget what the layer above has found out in this snapshot. */
void iq_session_drop_explainer(struct iq_session *s);

/* Kernel release, node name, of init_uts_ns; borrowed from the session's arena, "" where
 * unreadable. */
const char *iq_session_release(struct iq_session *s);
const char *iq_session_nodename(struct iq_session *s);

/* names.c */
bool iq_private_by_name(struct iq_session *s, const char *name, struct iq_sym *sym_ret);
bool iq_private_by_addr(struct iq_session *s, iq_vaddr addr, struct iq_sym *sym_ret);
void iq_private_deinit(struct iq_session *s);

/* tasks.c */
void iq_tasks_deinit(struct iq_session *s);

/* files.c */
void iq_open_index_free(struct iq_session *s);

/* describe.c */
void iq_slab_deinit(struct iq_session *s);

/* path.c */
void iq_mounts_free(struct iq_session *s);

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
