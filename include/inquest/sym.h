/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Symbols of the kernel and of its modules
 *
 * Names are borrowed from the session, but where a function says that they are not. IQ_ERR_NOTFOUND
 * means that there is no such symbol on this kernel, which is often an answer.
 */
#ifndef INQUEST_SYM_H
#define INQUEST_SYM_H

#include "inquest/error.h"
#include "inquest/types.h"

struct iq_session;

struct iq_sym {
	const char *name;   /* borrowed from the session */
	const char *module; /* NULL: the kernel itself */
	iq_vaddr addr;
	uint64_t size; /* to the next distinct address; 0 where not known */
	char kind;     /* nm(1)'s letter: t T d D b B r R ... */
};

/*
 * A symbol by name; "module`name" looks in that module only. Of several with the same name the
 * one of the kernel itself, and there the first by address. IQ_ERR_NOTFOUND.
 */
struct iq_error *iq_sym_by_name(struct iq_session *s, const char *name, struct iq_sym *sym_ret);

/* Its address, or 0. For symbols that are not everywhere. Answers are remembered. */
iq_vaddr iq_sym_addr(struct iq_session *s, const char *name);

/*
 * The symbol that covers addr: the nearest below, within the image or module that addr is in;
 * of several at one address the first. IQ_ERR_NOTFOUND outside of all of them.
 */
struct iq_error *iq_sym_by_addr(struct iq_session *s, iq_vaddr addr, struct iq_sym *sym_ret);

/*
 * All symbols, the kernel's by address and then each module's as it lists them, until fn says stop
 * by returning true. The name is only good during the call.
 */
typedef bool (*iq_sym_fn)(void *ctx, const struct iq_sym *sym);
void iq_sym_foreach(struct iq_session *s, iq_sym_fn fn, void *ctx);

/* A loaded module: where it is. */
struct iq_sym_module {
	const char *name; /* borrowed */
	struct {
		iq_vaddr start;
		uint64_t len;
		bool text;
	} ranges[8];
	size_t num_ranges;
};

/* The i-th module; false: there are not so many. */
bool iq_sym_module_at(struct iq_session *s, size_t i, struct iq_sym_module *module_ret);

/*
 * Symbols of the user's own making, which iq_sym_by_name(), iq_sym_by_addr() and iq_sym_format()
 * know before all others; a second one of the same name takes the first one's place. size 0: it
 * covers its address alone. IQ_ERR_INVALID. del: false, there is none. at: the i-th.
 */
struct iq_error *iq_sym_private_add(struct iq_session *s, const char *name, iq_vaddr addr,
				    uint64_t size);
bool iq_sym_private_del(struct iq_session *s, const char *name);
bool iq_sym_private_at(struct iq_session *s, size_t i, struct iq_sym *sym_ret);

/* Is addr in kernel or module code? */
bool iq_is_text(struct iq_session *s, iq_vaddr addr);

/* "name+0x12" or "module`name+0x12" or "0xffff..."; in the session's snapshot arena. */
const char *iq_sym_format(struct iq_session *s, iq_vaddr addr);

#endif
