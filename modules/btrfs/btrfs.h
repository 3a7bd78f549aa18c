/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * btrfs: what the files of this room share
 *
 * A btrfs_fs_info is believed only where its superblock leads back to it. Objects are the graph's;
 * NULL and 0 are "it is none", not errors.
 */
#ifndef INQUEST_MODULES_BTRFS_H
#define INQUEST_MODULES_BTRFS_H

#include "inquest/module.h"

#define BTRFS_INFO	  "struct btrfs_fs_info"
#define BTRFS_TRANSACTION "struct btrfs_transaction"
#define BTRFS_BUFFER	  "struct extent_buffer"

/* Is this a btrfs_fs_info? Its superblock leads back to it. */
bool btrfs_is_info(struct iq_session *s, iq_vaddr info);

/* The filesystem that a btrfs_fs_info is of, NULL: it is none. */
struct iq_object *btrfs_filesystem(struct iq_diag *d, iq_vaddr info);

/* The struct of this type that has a member at this address and, as "fs_info", a btrfs_fs_info; 0:
 * none. */
iq_vaddr btrfs_owner_of(struct iq_diag *d, const char *type, const char *member, iq_vaddr at,
			iq_vaddr *info_ret);

/* Is this task in btrfs's code? */
bool btrfs_is_inside(const struct iq_stack *stack);

/* The thing at this address that a task waits for, of this filesystem. */
struct iq_object *btrfs_thing(struct iq_diag *d, iq_vaddr at, const char *cls,
			      const struct iq_object *fs, const char *words);

/* Edges to all other blocked tasks that have one of these functions on their stacks and this
 * address in hand, but do not wait for the same. Returns how many. */
size_t btrfs_add_workers(struct iq_diag *d, struct iq_wait *w, const char *const *functions,
			 iq_vaddr in_hand, const char *what, const char *how);

/* transaction.c */
struct iq_error *btrfs_explain_transaction(const struct iq_sleeper *who, struct iq_wait **wait_ret);
struct iq_error *btrfs_explain_log(const struct iq_sleeper *who, struct iq_wait **wait_ret);
struct iq_error *btrfs_explain_ticket(const struct iq_sleeper *who, struct iq_wait **wait_ret);
extern const char *const btrfs_transaction_functions[];
extern const char *const btrfs_log_functions[];
extern const char *const btrfs_ticket_functions[];

/* locks.c */
extern const struct iq_lock_namer btrfs_lock_namers[];
extern const struct iq_holder btrfs_holders[];

#endif
