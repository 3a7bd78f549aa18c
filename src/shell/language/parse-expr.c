/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Expressions: operands, operators, and who binds whom
 *
 * An operand may be a sign that is an operator elsewhere ('+', '^' and '&' are addresses): it is
 * the place that decides. '|' is an operator only within ( ) and $[ ]; outside it is the pipe.
 */
#include <ctype.h>

#include "shell/language/syntax.h"

enum { MAX_DEPTH = 100, MAX_NODES = 4000, NUM_LEVELS = 8 };

static struct iq_node *node_new(struct iq_parser *p, enum iq_op op)
{
	struct iq_node *node = iq_arena_alloc(p->arena, sizeof(*node));

	node->op = op;
	return node;
}

bool iq_parse_begins_expr(const struct iq_parser *p)
{
	char c = *p->pos;

	if (c == '<')
		return true;
	return c && (isalnum((unsigned char)c) || strchr("_.'(&+^#~-*%", c));
}

/* 'abcd', packed as C's compilers do it. */
static bool char_constant(struct iq_parser *p, struct iq_node *node)
{
	const char *start = p->pos + 1, *end = start, *str;
	uint64_t value = 0;
	size_t len;

	while (*end && *end != '\'' && *end != '\n') {
		if (*end == '\\' && end[1] && end[1] != '\n')
			end++;
		end++;
	}
	if (*end != '\'')
		return iq_lex_fail(p, "the character constant has no end");
	str = iq_lex_unescape(p->arena, start, (size_t)(end - start), &len);
	if (len > 8)
		return iq_lex_fail(p, "a character constant holds 8 bytes at most");
	for (size_t i = 0; i < len; i++)
		value = value << 8 | (unsigned char)str[i];
	node->value = value;
	p->pos = end + 1;
	return true;
}

static bool number_or_name(struct iq_parser *p, struct iq_node *node)
{
	const char *start = p->pos, *wrong;
	size_t len;

	while (iq_lex_is_name_char(*p->pos))
		p->pos++;
	len = (size_t)(p->pos - start);
	wrong = iq_lex_number(start, len, p->radix, &node->value);
	if (isdigit((unsigned char)*start)) {
		if (wrong)
			return iq_lex_fail(p, "%.*s is not a number: %s", (int)IQ_MIN(len, 100u),
					   start, wrong);
		return true;
	}
	node->op = IQ_OP_NAME;
	node->is_number = !wrong;
	node->name = iq_arena_printf(p->arena, "%.*s", (int)len, start);
	return true;
}

/* After '<': a variable's name. */
static bool variable(struct iq_parser *p, struct iq_node *node)
{
	const char *start = ++p->pos;

	while (isalnum((unsigned char)*p->pos) || *p->pos == '_')
		p->pos++;
	if (p->pos == start)
		return iq_lex_fail(p, "a variable's name is missing after <");
	node->op = IQ_OP_VAR;
	node->name = iq_arena_printf(p->arena, "%.*s", (int)(p->pos - start), start);
	return true;
}

/* "i/" after the sign and a '/': how many bytes, 0 where it is not that. */
static unsigned read_size(const char *s)
{
	static const char letters[] = "csil1248";
	static const uint8_t sizes[] = { 1, 2, 4, 8, 1, 2, 4, 8 };
	const char *letter = s[0] ? strchr(letters, s[0]) : NULL;

	return letter && s[1] == '/' ? sizes[letter - letters] : 0;
}

static bool parse_unary(struct iq_parser *p, bool in_parens, struct iq_node **node_ret);

static bool parse_read(struct iq_parser *p, bool in_parens, struct iq_node *node)
{
	node->op = IQ_OP_READ;
	node->in_file = *p->pos == '%';
	node->size = 8;
	p->pos++;
	if (*p->pos == '/') {
		node->size = (uint8_t)read_size(p->pos + 1);
		if (!node->size)
			return iq_lex_fail(p, "after * and %% stands /c/, /s/, /i/, /l/ or a "
					      "number of bytes");
		p->pos += 3;
	}
	return parse_unary(p, in_parens, &node->left);
}

static bool parse_operand(struct iq_parser *p, struct iq_node *node)
{
	char c = *p->pos;

	if (isalnum((unsigned char)c) || c == '_')
		return number_or_name(p, node);
	if (c == '\'')
		return char_constant(p, node);
	if (c == '<')
		return variable(p, node);
	if (c == '.' && iq_lex_is_name_char(p->pos[1]) && p->pos[1] != '.')
		return iq_lex_fail(p, "a name does not begin with a dot");
	if (!c || !strchr(".&+^", c)) {
		if (iq_lex_at_end(p))
			return iq_lex_fail(p, "an expression is missing at the end");
		return iq_lex_fail(p, "an expression cannot begin with %.20s", p->pos);
	}
	node->op = c == '.'   ? IQ_OP_DOT
		   : c == '&' ? IQ_OP_LAST
		   : c == '+' ? IQ_OP_NEXT
			      : IQ_OP_PREV;
	p->pos++;
	return true;
}

static bool parse_parens(struct iq_parser *p, struct iq_node **node_ret)
{
	p->pos++;
	if (!iq_parse_node(p, true, node_ret))
		return false;
	iq_lex_blanks(p);
	if (*p->pos != ')')
		return iq_lex_fail(p, "a ) is missing");
	p->pos++;
	return true;
}

static bool parse_unary(struct iq_parser *p, bool in_parens, struct iq_node **node_ret)
{
	struct iq_node *node;
	bool ok;

	iq_lex_blanks(p);
	if (p->depth >= MAX_DEPTH || p->num_nodes >= MAX_NODES)
		return iq_lex_fail(p, "the expression is too large");
	p->depth++;
	p->num_nodes++;
	node = node_new(p, IQ_OP_NUM);
	switch (*p->pos) {
	case '(':
		ok = parse_parens(p, &node);
		break;
	case '*':
	case '%':
		ok = parse_read(p, in_parens, node);
		break;
	case '#':
	case '~':
	case '-':
		node->op = *p->pos == '#' ? IQ_OP_NOT : *p->pos == '~' ? IQ_OP_COMPL : IQ_OP_NEG;
		p->pos++;
		ok = parse_unary(p, in_parens, &node->left);
		break;
	default:
		ok = parse_operand(p, node);
	}
	p->depth--;
	*node_ret = node;
	return ok;
}

/* The tightest first. Longer signs stand before those that they begin with. */
static const struct operator
{
	const char *sign;
	enum iq_op op;
	int level;
}
operators[] = {
	{ "%%", IQ_OP_REM, 0 },	 { "*", IQ_OP_MUL, 1 },	 { "%", IQ_OP_DIV, 1 },
	{ "#", IQ_OP_ROUND, 1 }, { "+", IQ_OP_ADD, 2 },	 { "-", IQ_OP_SUB, 2 },
	{ "<<", IQ_OP_SHL, 3 },	 { ">>", IQ_OP_SHR, 3 }, { "==", IQ_OP_EQ, 4 },
	{ "!=", IQ_OP_NE, 4 },	 { "&", IQ_OP_AND, 5 },	 { "^", IQ_OP_XOR, 6 },
	{ "|", IQ_OP_OR, 7 },
};

static const struct operator* operator_at(struct iq_parser *p, bool in_parens)
{
	iq_lex_blanks(p);
	for (size_t i = 0; i < IQ_ARRAY_SIZE(operators); i++) {
		const struct operator* o = & operators[i];

		if (!strncmp(p->pos, o->sign, strlen(o->sign)))
			return o->op == IQ_OP_OR && !in_parens ? NULL : o;
	}
	return NULL;
}

static bool parse_level(struct iq_parser *p, bool in_parens, int level, struct iq_node **node_ret)
{
	const struct operator* o;

	if (!(level ? parse_level(p, in_parens, level - 1, node_ret)
		    : parse_unary(p, in_parens, node_ret)))
		return false;
	for (o = operator_at(p, in_parens); o && o->level == level; o = operator_at(p, in_parens)) {
		struct iq_node *node = node_new(p, o->op);

		p->pos += strlen(o->sign);
		node->left = *node_ret;
		if (!(level ? parse_level(p, in_parens, level - 1, &node->right)
			    : parse_unary(p, in_parens, &node->right)))
			return false;
		*node_ret = node;
	}
	return true;
}

bool iq_parse_node(struct iq_parser *p, bool in_parens, struct iq_node **node_ret)
{
	return parse_level(p, in_parens, NUM_LEVELS - 1, node_ret);
}

bool iq_parse_immediate(struct iq_parser *p, struct iq_node **node_ret)
{
	p->pos += 2;
	if (!iq_parse_node(p, true, node_ret))
		return false;
	iq_lex_blanks(p);
	if (*p->pos != ']')
		return iq_lex_fail(p, "a ] is missing after $[");
	p->pos++;
	return true;
}

struct iq_error *iq_parse_expr(struct iq_arena *arena, const char *text, unsigned radix,
			       struct iq_node **node_ret)
{
	struct iq_parser p;
	struct iq_node *node;

	iq_parser_init(&p, arena, text, radix);
	if (iq_parse_node(&p, true, &node)) {
		iq_lex_blanks(&p);
		if (*p.pos)
			iq_lex_fail(&p, "%.20s is too much after the expression", p.pos);
	}
	if (p.err)
		return p.err;
	*node_ret = node;
	return NULL;
}
