/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The debugger's grammar: any text, statement by statement, in several radices
 */
#include "shell/language/syntax.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { MAX_LEN = 1 << 16 };

static void parse(const char *text, unsigned radix)
{
	struct iq_arena *arena = iq_arena_new();
	const char *end = text + strlen(text);
	struct iq_statement st;
	struct iq_parser p;
	struct iq_node *node;
	struct iq_error *err;

	iq_parser_init(&p, arena, text, radix);
	while (iq_parse_statement(&p, &st, &err)) {
		/* It gets on, and never beyond the end. */
		if (p.pos > end)
			abort();
		if (err && (st.stages || !*iq_error_text(err)))
			abort();
		iq_error_free(err);
	}
	if (p.pos != end)
		abort();
	iq_error_free(iq_parse_expr(arena, text, radix, &node));
	iq_arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text;

	if (len > MAX_LEN)
		return 0;
	text = iq_xmalloc(len + 1);
	memcpy(text, data, len);
	text[len] = '\0';
	parse(text, 16);
	parse(text, 10);
	parse(text, 2);
	free(text);
	return 0;
}
