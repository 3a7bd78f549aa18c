/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the shell is made of: the tables of commands and walkers that belong to it and to no room,
 * one line a table, and who runs formats
 */
#include "shell/house/house.h"
#include "shell/memory/commands.h"
#include "shell/print/format.h"
#include "shell/run/context.h"

/* clang-format off */
static const struct iq_dcmd *const dcmds[] = {
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

static const struct iq_walker *const walkers[] = {
	iq_container_walkers,
	NULL,
};

const struct iq_shell_parts iq_shell_parts = {
	.dcmds = dcmds,
	.walkers = walkers,
	.format_run = iq_format_run,
	.format_end = iq_format_end,
};
