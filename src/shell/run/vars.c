/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Variables: <name, and what sets, shows and forgets them
 */
#include <ctype.h>

#include "shell/run/inside.h"

struct iq_var *iq_var_find(struct iq_shell *sh, const char *name)
{
	return iq_strmap_get(&sh->var_by_name, name);
}

struct iq_var *iq_var_set(struct iq_shell *sh, const char *name, uint64_t value)
{
	struct iq_var *var = iq_var_find(sh, name);

	if (!var) {
		var = iq_xcalloc(1, sizeof(*var));
		var->name = iq_xstrdup(name);
		*sh->vars_tail = var;
		sh->vars_tail = &var->next;
		iq_strmap_set(&sh->var_by_name, name, var);
	}
	var->value = value;
	var->set = true;
	return var;
}

static void set_fixed(struct iq_shell *sh, const char *name, uint64_t value)
{
	iq_var_set(sh, name, value)->fixed = true;
}

/* b d e m t: what adb told of an object file; here of the kernel's image. */
static void set_image(struct iq_shell *sh)
{
	iq_vaddr text = 0, text_end = 0, data = 0, data_end = 0;

	if (sh->s) {
		text = iq_sym_addr(sh->s, "_text");
		text_end = iq_sym_addr(sh->s, "_etext");
		data = iq_sym_addr(sh->s, "_sdata");
		data_end = iq_sym_addr(sh->s, "_edata");
	}
	set_fixed(sh, "b", data);
	set_fixed(sh, "d", data_end > data ? data_end - data : 0);
	set_fixed(sh, "e", text);
	set_fixed(sh, "m", 0x7f454c46); /* "\177ELF" */
	set_fixed(sh, "t", text_end > text ? text_end - text : 0);
}

void iq_vars_init(struct iq_shell *sh)
{
	sh->vars_tail = &sh->vars;
	set_fixed(sh, "0", 0);
	set_fixed(sh, "9", 0);
	set_image(sh);
	set_fixed(sh, "hits", 0);
	set_fixed(sh, "thread", 0);
}

void iq_vars_free(struct iq_shell *sh)
{
	struct iq_var *var, *next;

	for (var = sh->vars; var; var = next) {
		next = var->next;
		free(var->name);
		free(var);
	}
	iq_strmap_deinit(&sh->var_by_name);
}

struct iq_error *iq_var_assign(struct iq_shell *sh, const char *name, uint64_t value)
{
	if (!strcmp(name, "b") || !strcmp(name, "d") || !strcmp(name, "e") || !strcmp(name, "m") ||
	    !strcmp(name, "t") || !strcmp(name, "hits") || !strcmp(name, "thread"))
		return iq_error_new(IQ_ERR_INVALID, "the variable %s cannot be set", name);
	iq_var_set(sh, name, value);
	return NULL;
}
