/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The value of an expression: 64 bits, unsigned, but for the division, which is signed
 */
#include "shell/language/expr.h"

static struct iq_error *divide(uint64_t left, uint64_t right, uint64_t *value_ret)
{
	if (!right)
		return iq_error_new(IQ_ERR_INVALID, "division by zero");
	/* INT64_MIN / -1 does not fit, and traps. */
	if (right == UINT64_MAX)
		*value_ret = 0 - left;
	else
		*value_ret = (uint64_t)((int64_t)left / (int64_t)right);
	return NULL;
}

static struct iq_error *binary(enum iq_op op, uint64_t l, uint64_t r, uint64_t *value_ret)
{
	switch (op) {
	case IQ_OP_REM:
		if (!r)
			return iq_error_new(IQ_ERR_INVALID, "division by zero");
		*value_ret = l % r;
		return NULL;
	case IQ_OP_DIV:
		return divide(l, r, value_ret);
	case IQ_OP_ROUND:
		if (!r)
			return iq_error_new(IQ_ERR_INVALID, "division by zero");
		*value_ret = l % r ? l + (r - l % r) : l;
		return NULL;
	case IQ_OP_MUL:
		*value_ret = l * r;
		return NULL;
	case IQ_OP_ADD:
		*value_ret = l + r;
		return NULL;
	case IQ_OP_SUB:
		*value_ret = l - r;
		return NULL;
	case IQ_OP_SHL:
		*value_ret = r < 64 ? l << r : 0;
		return NULL;
	case IQ_OP_SHR:
		*value_ret = r < 64 ? l >> r : 0;
		return NULL;
	case IQ_OP_EQ:
		*value_ret = l == r;
		return NULL;
	case IQ_OP_NE:
		*value_ret = l != r;
		return NULL;
	case IQ_OP_AND:
		*value_ret = l & r;
		return NULL;
	case IQ_OP_XOR:
		*value_ret = l ^ r;
		return NULL;
	default:
		*value_ret = l | r;
		return NULL;
	}
}

/* A symbol first; then what looks like a number. */
static struct iq_error *name_value(const struct iq_expr_env *env, const struct iq_node *node,
				   uint64_t *value_ret)
{
	struct iq_error *err = env->symbol(env->ctx, node->name, value_ret);

	if (!err || !node->is_number)
		return err;
	if (!iq_error_catch(&err, IQ_ERR_NOTFOUND))
		return err;
	*value_ret = node->value;
	return NULL;
}

static struct iq_error *unary(const struct iq_expr_env *env, const struct iq_node *node,
			      uint64_t *value_ret)
{
	struct iq_error *err;
	uint64_t value;

	err = iq_expr_value(env, node->left, &value);
	if (err)
		return err;
	if (node->op == IQ_OP_READ)
		return env->read(env->ctx, value, node->size, node->in_file, value_ret);
	*value_ret = node->op == IQ_OP_NOT ? !value : node->op == IQ_OP_COMPL ? ~value : 0 - value;
	return NULL;
}

struct iq_error *iq_expr_value(const struct iq_expr_env *env, const struct iq_node *node,
			       uint64_t *value_ret)
{
	struct iq_error *err;
	uint64_t left, right;

	switch (node->op) {
	case IQ_OP_NUM:
		*value_ret = node->value;
		return NULL;
	case IQ_OP_NAME:
		return name_value(env, node, value_ret);
	case IQ_OP_DOT:
		*value_ret = env->dot;
		return NULL;
	case IQ_OP_LAST:
		*value_ret = env->last;
		return NULL;
	case IQ_OP_NEXT:
		*value_ret = env->dot + env->increment;
		return NULL;
	case IQ_OP_PREV:
		*value_ret = env->dot - env->increment;
		return NULL;
	case IQ_OP_VAR:
		return env->variable(env->ctx, node->name, value_ret);
	case IQ_OP_NOT:
	case IQ_OP_COMPL:
	case IQ_OP_NEG:
	case IQ_OP_READ:
		return unary(env, node, value_ret);
	default:
		break;
	}
	err = iq_expr_value(env, node->left, &left);
	if (!err)
		err = iq_expr_value(env, node->right, &right);
	return err ? err : binary(node->op, left, right, value_ret);
}
