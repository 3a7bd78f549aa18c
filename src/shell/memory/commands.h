/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Commands on types, symbols, memory and processes: their tables, and what they share
 *
 * What these functions give lives in the arena of the command that asks.
 */
#ifndef IQ_SHELL_MEMORY_COMMANDS_H
#define IQ_SHELL_MEMORY_COMMANDS_H

#include "inquest/dcmd.h"

extern const struct iq_dcmd iq_print_dcmds[], iq_printf_dcmds[], iq_type_dcmds[], iq_dis_dcmds[],
	iq_dump_dcmds[], iq_nm_dcmds[], iq_memory_dcmds[], iq_whatis_dcmds[], iq_process_dcmds[];
extern const struct iq_walker iq_container_walkers[];

/*
 * The type that a command is about: of its words from `first` on, else of what the pipe gives, else
 * of the variable at the address. num_ret: how many words that took. IQ_ERR_NOTFOUND.
 */
struct iq_error *iq_cmd_type(struct iq_cmd *cmd, size_t first, struct iq_type *type_ret,
			     size_t *num_ret);

/* Is it the address of a per-CPU variable, of which each CPU has a copy elsewhere? */
bool iq_is_percpu(struct iq_session *s, iq_vaddr addr);
/* Its name, "runqueues+0x10"; in the command's arena. */
const char *iq_percpu_symbol(struct iq_cmd *cmd, iq_vaddr addr);

#endif
