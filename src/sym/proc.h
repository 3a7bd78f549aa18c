/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The running kernel's own list of symbols
 */
#ifndef IQ_SYM_PROC_H
#define IQ_SYM_PROC_H

#include "inquest/error.h"
#include "sym/list.h"

/*
 * Read the kernel's symbols (no module's) from a file like /proc/kallsyms. The text belongs to
 * the caller (free()) and must outlive the list. IQ_ERR_PERM: its addresses are hidden
 * (kptr_restrict); IQ_ERR_CORRUPT: no such list.
 */
struct iq_error *proc_kallsyms_read(const char *path, struct symlist *list, char **text_ret);

#endif
