/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Walks that are not in the module interface (yet)
 */
#ifndef IQ_KERNEL_CONTAINERS_H
#define IQ_KERNEL_CONTAINERS_H

#include "inquest/session.h"

/* Call fn with each struct rb_node below rb_root, in order. root: address of the rb_root. */
struct iq_error *iq_rbtree_walk(struct iq_session *s, iq_vaddr root, size_t max, iq_list_fn fn,
				void *ctx);

#endif
