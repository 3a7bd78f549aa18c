/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tables of commands and walkers that belong to the language: one line a table
 */
#include "shell/commands.h"
#include "shell/shell.h"

extern const struct iq_dcmd iq_pipe_dcmds[];
extern const struct iq_dcmd iq_help_dcmds[];
extern const struct iq_dcmd iq_house_dcmds[];
extern const struct iq_dcmd iq_setting_dcmds[];
extern const struct iq_dcmd iq_file_dcmds[];
extern const struct iq_dcmd iq_context_dcmds[];
extern const struct iq_dcmd iq_load_dcmds[];
extern const struct iq_dcmd iq_process_dcmds[];

/* clang-format off */
const struct iq_dcmd *const iq_builtin_dcmds[] = {
	iq_pipe_dcmds,
	iq_help_dcmds,
	iq_house_dcmds,
	iq_setting_dcmds,
	iq_file_dcmds,
	iq_context_dcmds,
	iq_load_dcmds,
	iq_process_dcmds,
	iq_print_dcmds,
	iq_printf_dcmds,
	iq_type_dcmds,
	iq_dis_dcmds,
	iq_dump_dcmds,
	iq_nm_dcmds,
	iq_memory_dcmds,
	iq_whatis_dcmds,
	NULL,
};
/* clang-format on */

const struct iq_walker *const iq_builtin_walkers[] = {
	iq_container_walkers,
	NULL,
};
