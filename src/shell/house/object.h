/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Modules' code, put into memory out of a file's content
 */
#ifndef IQ_SHELL_HOUSE_OBJECT_H
#define IQ_SHELL_HOUSE_OBJECT_H

#include "inquest/error.h"
#include "inquest/util.h"

struct iq_object_code; /* stays in memory for good */

/* What find says of a symbol that the program has: its address, or NULL. */
typedef void *(*iq_find_symbol_fn)(const char *name);

/*
 * Load a shared object and run its constructors. IQ_ERR_INVALID: it is none; IQ_ERR_UNSUPPORTED: it
 * needs something that we do not do; IQ_ERR_NOTFOUND: a symbol that nobody has.
 */
struct iq_error *iq_object_load(const void *data, size_t len, iq_find_symbol_fn find,
				struct iq_object_code **code_ret);
/* The address of a symbol that it defines, of at least size bytes; NULL: it has none such. */
const void *iq_object_symbol(const struct iq_object_code *code, const char *name, size_t size);

#endif
