/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Places in the kernel, in plain words
 *
 * One static table, for sleeps that no rule knows: it says what a function is for, and proves
 * nothing.
 */
#ifndef IQ_DIAG_PLACES_H
#define IQ_DIAG_PLACES_H

struct iq_place {
	const char *function;
	const char *words; /* "waits for the automount daemon": follows "which" */
	const char *next;  /* where to look next */
};

/* What a function sleeps for, by its name, with a compiler's suffix or without; NULL: not known. */
const struct iq_place *iq_place_of(const char *function);

#endif
