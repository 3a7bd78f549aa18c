/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The process that the debugger looks at
 *
 * What is given is borrowed: until the context changes, or as each function says. A process that
 * has gone is an ordinary answer (NULL, false), not an error.
 */
#ifndef IQ_SHELL_RUN_CONTEXT_H
#define IQ_SHELL_RUN_CONTEXT_H

#include "inquest/dcmd.h"
#include "inquest/task.h"
#include "inquest/uobject.h"

extern const struct iq_dcmd iq_context_dcmds[];

/*
 * Make a process the context: its user memory is what commands read, and user addresses are its.
 * task 0: back to the kernel. IQ_ERR_NOTFOUND, IQ_ERR_INVALID: no task, or none with memory.
 */
struct iq_error *iq_context_set(struct iq_shell *sh, iq_vaddr task);

/* Its address space; NULL: the context is the kernel, or the process is gone. */
struct iq_uspace *iq_context_space(struct iq_shell *sh);
/* Its task; NULL as above. Of a snapshot that the next statement may drop. */
const struct iq_task *iq_context_task(struct iq_shell *sh);

/* What was read of a process that runs gets old. */
void iq_context_forget(struct iq_shell *sh);

/* "name+0x12" of the kernel, "libc.so.6`read+0x12" of the process, "0x7fff..."; in the statement's
 * arena. */
const char *iq_context_symbol(struct iq_shell *sh, iq_vaddr addr);
const char *iq_context_symbol_of(struct iq_shell *sh, struct iq_uspace *us, iq_vaddr addr);

/* A symbol of the process in view by name. */
bool iq_context_find(struct iq_shell *sh, const char *name, uint64_t *addr_ret);

/* User addresses out of the context, the kernel's out of the kernel. */
struct iq_error *iq_context_read(struct iq_shell *sh, iq_vaddr addr, void *buf, size_t len);

#endif
