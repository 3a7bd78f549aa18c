/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The shell: the debugger's language over one session
 *
 * What those above include. The folders below say what is in them, from the bottom up:
 *
 *	language	text becomes a tree; knows no kernel and runs nothing
 *	helper		the small process that runs commands and opens files for this one
 *	run		statements, pipelines, variables, whose memory is looked at
 *	print		places and their types; values as text: ::print's, formats', instructions
 *	memory		commands on types, symbols, memory and processes
 *	house		the shell's own commands: help, settings, files, modules, pipelines
 *	terminal	a person who types: editing, completion, the pager
 *
 * Each may use some of those before it in this list: tools/check-layers.py says which. Commands
 * and formats, which `run` runs without knowing them, are named in one table, parts.c.
 */
#ifndef IQ_SHELL_SHELL_H
#define IQ_SHELL_SHELL_H

#include "shell/house/house.h"
#include "shell/run/shell.h"
#include "shell/terminal/terminal.h"

#endif
