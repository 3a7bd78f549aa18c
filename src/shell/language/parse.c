/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Statements: [address] [, count] [command {| command}] [! shell command]
 *
 * After a command's name the signs that are commands elsewhere are ordinary parts of words, up to
 * '|', '!', ';' or the end of the line.
 */
#include <ctype.h>

#include "shell/language/syntax.h"

enum { MAX_STAGES = 200, MAX_WORDS = 10000 };

void iq_parser_init(struct iq_parser *p, struct iq_arena *arena, const char *text, unsigned radix)
{
	*p = (struct iq_parser){ .arena = arena, .text = text, .pos = text, .radix = radix };
}

static const char *copy(struct iq_parser *p, const char *start, const char *end)
{
	return iq_arena_printf(p->arena, "%.*s", (int)(end - start), start);
}

/* ---- words after a command's name ---- */

static bool words_end(const struct iq_parser *p)
{
	return iq_lex_at_end(p) || *p->pos == '|' || *p->pos == '!';
}

static bool parse_word(struct iq_parser *p, struct iq_word *word)
{
	struct iq_piece **tail = &word->pieces;

	while (!words_end(p) && !strchr(" \t\r", *p->pos)) {
		struct iq_piece *piece = iq_arena_alloc(p->arena, sizeof(*piece));

		if (*p->pos == '\'' || *p->pos == '"') {
			piece->quoted = true;
			if (!iq_lex_quoted(p, &piece->str, NULL))
				return false;
		} else if (p->pos[0] == '$' && p->pos[1] == '[') {
			if (!iq_parse_immediate(p, &piece->expr))
				return false;
		} else {
			const char *start = p->pos;

			while (!words_end(p) && !strchr(" \t\r'\"", *p->pos) &&
			       !(p->pos[0] == '$' && p->pos[1] == '['))
				p->pos++;
			piece->str = copy(p, start, p->pos);
		}
		*tail = piece;
		tail = &piece->next;
	}
	return true;
}

static bool parse_words(struct iq_parser *p, struct iq_word **words_ret)
{
	unsigned num = 0;

	for (iq_lex_blanks(p); !words_end(p); iq_lex_blanks(p)) {
		struct iq_word *word = iq_arena_alloc(p->arena, sizeof(*word));

		if (++num > MAX_WORDS)
			return iq_lex_fail(p, "too many words");
		if (!parse_word(p, word))
			return false;
		*words_ret = word;
		words_ret = &word->next;
	}
	return true;
}

/* ---- commands by name ---- */

/* ::name and ::mod`name. */
static bool parse_named(struct iq_parser *p, struct iq_stage *stage)
{
	const char *start = p->pos += 2;

	while (*p->pos && !strchr(" \t\r\n[]|!/\\?=>$:;'\"", *p->pos))
		p->pos++;
	if (p->pos == start)
		return iq_lex_fail(p, "a command's name is missing after ::");
	stage->name = copy(p, start, p->pos);
	return parse_words(p, &stage->words);
}

/* $c, $<name, $<<name, $>name, a lone $, and :x. */
static bool parse_signed(struct iq_parser *p, struct iq_stage *stage)
{
	const char *start = p->pos++;

	if (*start == '$' && *p->pos == '<')
		p->pos += p->pos[1] == '<' ? 2 : 1;
	else if (*start == '$' && p->pos[0] == '>')
		p->pos += p->pos[1] == '>' ? 2 : 1;
	else if (*start == '$' && *p->pos == '[')
		return iq_lex_fail(p, "$[ ] stands among the words after a command");
	else if (*p->pos == '?' || *p->pos == '!')
		p->pos++;
	else
		while (isalnum((unsigned char)*p->pos) || *p->pos == '_')
			p->pos++;
	stage->name = copy(p, start, p->pos);
	if (!strcmp(stage->name, "$"))
		stage->name = "$?";
	if (!strcmp(stage->name, ":"))
		return iq_lex_fail(p, "a command's name is missing after :");
	return parse_words(p, &stage->words);
}

/* >name, >/s/name. */
static bool parse_assign(struct iq_parser *p, struct iq_stage *stage)
{
	static const char letters[] = "csil1248";
	static const uint8_t sizes[] = { 1, 2, 4, 8, 1, 2, 4, 8 };
	const char *start;

	p->pos++;
	iq_lex_blanks(p);
	if (*p->pos == '/') {
		const char *letter = p->pos[1] ? strchr(letters, p->pos[1]) : NULL;

		if (!letter || p->pos[2] != '/')
			return iq_lex_fail(p, "after > stands a variable's name, or /c/, /s/, /i/ "
					      "or /l/ and the name");
		stage->size = sizes[letter - letters];
		p->pos += 3;
	}
	for (start = p->pos; isalnum((unsigned char)*p->pos) || *p->pos == '_';)
		p->pos++;
	if (p->pos == start)
		return iq_lex_fail(p, "a variable's name is missing after >");
	stage->kind = IQ_STAGE_ASSIGN;
	stage->name = copy(p, start, p->pos);
	return true;
}

/* ---- formats ---- */

static const char format_letters[] = "aBbCcDdEeFfGgHhIiJjKNnOoPpQqRrSsTtUuVvWwXxYyZ+-^";

/* Values to write, or a value and a mask to search for. */
static bool parse_values(struct iq_parser *p, struct iq_stage *stage)
{
	stage->values = iq_arena_alloc(p->arena, IQ_MAX_FORMAT_VALUES * sizeof(*stage->values));
	for (iq_lex_blanks(p); iq_parse_begins_expr(p); iq_lex_blanks(p)) {
		if (stage->num_values == IQ_MAX_FORMAT_VALUES)
			return iq_lex_fail(p, "too many values");
		if (!iq_parse_node(p, false, &stage->values[stage->num_values++]))
			return false;
	}
	return true;
}

static bool parse_format_count(struct iq_parser *p, struct iq_format *f)
{
	f->count = 1;
	if (p->pos[0] == '$' && p->pos[1] == '[')
		return iq_parse_immediate(p, &f->count_expr);
	if (!isdigit((unsigned char)*p->pos))
		return true;
	f->has_count = true;
	for (f->count = 0; isdigit((unsigned char)*p->pos); p->pos++) {
		if (f->count > UINT32_MAX)
			return iq_lex_fail(p, "the count of a format is too large");
		f->count = f->count * 10 + (unsigned)(*p->pos - '0');
	}
	return true;
}

/* Does a value stand after this letter, which then writes, or searches? */
static bool takes_values(const struct iq_parser *p, const struct iq_stage *stage, char letter)
{
	struct iq_parser look = *p;

	if (strchr("lLMz", letter))
		return true;
	if (!strchr("vwWZ", letter) || stage->verb == '=')
		return false;
	iq_lex_blanks(&look);
	return look.pos != p->pos && iq_parse_begins_expr(&look);
}

static bool parse_formats(struct iq_parser *p, struct iq_stage *stage)
{
	struct iq_format **tail = &stage->list;

	stage->kind = IQ_STAGE_FORMAT;
	stage->verb = *p->pos++;
	for (iq_lex_blanks(p); !words_end(p); iq_lex_blanks(p)) {
		struct iq_format *f = iq_arena_alloc(p->arena, sizeof(*f));
		bool is_first = tail == &stage->list;

		if (!parse_format_count(p, f))
			return false;
		*tail = f;
		tail = &f->next;
		if (*p->pos == '"') {
			f->letter = '"';
			if (!iq_lex_quoted(p, &f->text, NULL))
				return false;
			continue;
		}
		if (words_end(p))
			return iq_lex_fail(p, "a format letter is missing after its count");
		f->letter = *p->pos++;
		if (is_first && stage->verb != '=' && takes_values(p, stage, f->letter))
			return parse_values(p, stage);
		if (!strchr(format_letters, f->letter))
			return iq_lex_fail(p, "there is no format letter %c; see ::formats",
					   isprint((unsigned char)f->letter) ? f->letter : '?');
	}
	return true;
}

/* ---- shell commands ---- */

/*
 * After '!': a quoted command, after which the pipeline can go on, or everything up to ';' or the
 * end of the line.
 */
static bool parse_shell(struct iq_parser *p, struct iq_stage *stage)
{
	const char *start = ++p->pos, *str;
	size_t len;

	stage->kind = IQ_STAGE_SHELL;
	p->pos += strspn(p->pos, " \t");
	if (*p->pos == '<') {
		stage->eval_output = true;
		p->pos++;
		p->pos += strspn(p->pos, " \t");
	}
	start = p->pos;
	if (*p->pos == '\'' || *p->pos == '"') {
		char *body;
		char quote = *p->pos;
		const char *end = start + 1;

		/* \' is a quote in '...'. */
		while (*end && *end != quote)
			end += end[0] == '\\' && end[1] ? 2 : 1;
		if (!*end)
			return iq_lex_fail(p, "the shell command that %c begins has no end", quote);
		p->pos = end + 1;
		iq_lex_blanks(p);
		if (*p->pos == '!')
			return iq_lex_fail(p, "a pipeline holds one shell command at most");
		if (words_end(p)) {
			if (quote == '"') {
				stage->command = iq_lex_unescape(p->arena, start + 1,
								 (size_t)(end - start - 1), NULL);
				return true;
			}
			body = iq_arena_alloc(p->arena, (size_t)(end - start));
			for (str = start + 1, len = 0; str < end; str++) {
				if (str[0] == '\\' && str[1] == '\'')
					str++;
				body[len++] = *str;
			}
			stage->command = body;
			return true;
		}
		p->pos = start;
	}
	p->pos += strcspn(p->pos, ";\n");
	stage->command = copy(p, start, p->pos);
	return true;
}

/* ---- stages ---- */

static bool parse_stage(struct iq_parser *p, struct iq_stage *stage)
{
	char c = *p->pos;
	bool ok;
	const char *start = p->pos;

	if (c == ':' && p->pos[1] == ':')
		ok = parse_named(p, stage);
	else if (c == '$' || c == ':')
		ok = parse_signed(p, stage);
	else if (c == '>')
		ok = parse_assign(p, stage);
	else if (c && strchr("/\\@?=", c))
		ok = parse_formats(p, stage);
	else if (c == '!')
		ok = parse_shell(p, stage);
	else if (iq_parse_begins_expr(p)) {
		stage->kind = IQ_STAGE_EXPR;
		ok = iq_parse_node(p, false, &stage->expr);
	} else if (iq_lex_at_end(p)) {
		ok = iq_lex_fail(p, "a command is missing at the end");
	} else {
		ok = iq_lex_fail(p, "syntax error near %.*s",
				 (int)IQ_MIN(strcspn(p->pos, "\n"), 20u), p->pos);
	}
	stage->text = copy(p, start, p->pos);
	return ok;
}

/* The stages from here on, and that nothing else follows. */
static bool parse_stages(struct iq_parser *p, struct iq_stage **stages_ret)
{
	struct iq_stage **tail = stages_ret, *stage = NULL;
	unsigned num = 0, num_shell = 0;

	for (;;) {
		stage = iq_arena_alloc(p->arena, sizeof(*stage));
		if (++num > MAX_STAGES)
			return iq_lex_fail(p, "too many commands in one pipeline");
		iq_lex_blanks(p);
		if (!parse_stage(p, stage))
			return false;
		*tail = stage;
		tail = &stage->next;
		num_shell += stage->kind == IQ_STAGE_SHELL;
		if (num_shell > 1)
			return iq_lex_fail(p, "a pipeline holds one shell command at most");
		iq_lex_blanks(p);
		if (iq_lex_at_end(p))
			return true;
		if (*p->pos == '!')
			continue;
		if (*p->pos != '|')
			return iq_lex_fail(p, "syntax error near %.*s",
					   (int)IQ_MIN(strcspn(p->pos, "\n"), 20u), p->pos);
		p->pos++;
	}
}

static bool parse_one(struct iq_parser *p, struct iq_statement *st)
{
	iq_lex_blanks(p);
	if (iq_lex_at_end(p))
		return true;
	if (*p->pos != ',' && iq_parse_begins_expr(p)) {
		const char *start = p->pos;

		if (!iq_parse_node(p, false, &st->addr))
			return false;
		iq_lex_blanks(p);
		if (*p->pos == '|' || *p->pos == '!') {
			/* The first stage of a pipeline is an expression. */
			p->pos = start;
			st->addr = NULL;
			return parse_stages(p, &st->stages);
		}
	}
	if (*p->pos == ',') {
		p->pos++;
		if (!iq_parse_node(p, false, &st->count))
			return false;
		iq_lex_blanks(p);
	}
	if (iq_lex_at_end(p))
		return true;
	return parse_stages(p, &st->stages);
}

bool iq_parse_statement(struct iq_parser *p, struct iq_statement *statement_ret,
			struct iq_error **err_ret)
{
	*statement_ret = (struct iq_statement){ 0 };
	*err_ret = NULL;
	if (!*p->pos)
		return false;
	p->depth = p->num_nodes = 0;
	p->err = NULL;
	if (!parse_one(p, statement_ret)) {
		*statement_ret = (struct iq_statement){ 0 };
		*err_ret = take_ptr(p->err);
		p->pos += strcspn(p->pos, "\n");
	}
	if (*p->pos)
		p->pos++; /* ';' or newline */
	return true;
}
