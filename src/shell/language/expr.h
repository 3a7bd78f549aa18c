/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an expression is worth: memory, symbols and variables come from the caller
 */
#ifndef IQ_SHELL_LANGUAGE_EXPR_H
#define IQ_SHELL_LANGUAGE_EXPR_H

#include "shell/language/syntax.h"

struct iq_expr_env {
	void *ctx;
	uint64_t dot, last, increment;
	/* IQ_ERR_NOTFOUND where there is none of that name. */
	struct iq_error *(*symbol)(void *ctx, const char *name, uint64_t *value_ret);
	struct iq_error *(*variable)(void *ctx, const char *name, uint64_t *value_ret);
	/* `size` bytes as a number. */
	struct iq_error *(*read)(void *ctx, iq_vaddr addr, unsigned size, bool in_file,
				 uint64_t *value_ret);
};

struct iq_error *iq_expr_value(const struct iq_expr_env *env, const struct iq_node *node,
			       uint64_t *value_ret);

#endif
