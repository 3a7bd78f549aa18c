/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which ways to read a kernel exist on this machine, and what is missing for the
 * others. Facts from opening files and from this process's capabilities; no
 * kernel memory is read.
 */
#ifndef IQ_TARGET_DOCTOR_H
#define IQ_TARGET_DOCTOR_H

#include "inquest/types.h"

enum iq_doctor_state {
	IQ_DOCTOR_OK,	   /* there, and usable */
	IQ_DOCTOR_MISSING, /* not usable; the text says why and what to try */
	IQ_DOCTOR_NOTE,	   /* neither: worth knowing */
};

struct iq_doctor_fact {
	const char *what; /* "kcore", "capabilities", "lockdown", "bpf", "btf", "kallsyms", ...;
			     static */
	enum iq_doctor_state state;
	char *text; /* one line */
};

struct iq_doctor {
	struct iq_doctor_fact *facts;
	size_t num_facts;
};

/*
 * Look around. root is put in front of every path ("" for this machine). The result is the
 * caller's: iq_doctor_deinit(). Nothing of it is an error: what cannot be found out is a fact too.
 */
void iq_target_doctor(const char *root, struct iq_doctor *doctor_ret);
void iq_doctor_deinit(struct iq_doctor *doctor);

/* "ok", "missing", "note" */
const char *iq_doctor_state_name(enum iq_doctor_state state);

#endif
