/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Addresses
 *
 * Numbers that name a place in the target are never C pointers: they cannot be
 * followed in this process, and they are suspicions until they have been read.
 */
#ifndef INQUEST_TYPES_H
#define INQUEST_TYPES_H

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t iq_vaddr; /* virtual address in the target */
typedef uint64_t iq_paddr; /* physical address in the target */

/* How sure a statement is. A chain is as sure as its weakest link, so that the smaller is the
 * worse. */
enum iq_certainty {
	IQ_LIKELY, /* a heuristic, or one of several candidates */
	IQ_STRONG, /* found by a search that left one candidate */
	IQ_PROVEN, /* recorded by the kernel, and read twice */
};

#endif
