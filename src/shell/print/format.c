/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The formatting commands: address/formats, address\formats, address@formats, address?formats,
 * value=formats
 *
 * A line begins with the address, as a label that ends at column 16 or a multiple of it;
 * '=' leaves that place blank. Fields that do not fit on the line any more go to the next,
 * which begins at column 16.
 */
#include <ctype.h>
#include <math.h>
#include <stdio.h>

#include "out/text.h"
#include "shell/print/disasm.h"
#include "shell/print/format.h"
#include "shell/run/context.h"
#include "shell/run/inside.h"

enum { INDENT = 16, DEFAULT_WIDTH = 80, MAX_STR = 4096, MAX_FIELDS = 1 << 20 };

const struct iq_format_letter iq_format_letters[] = {
	{ '+', 0, 0, IQ_FORMAT_FORTH, "move dot forth by the count" },
	{ '-', 0, 0, IQ_FORMAT_BACK, "move dot back by the count" },
	{ '^', 0, 0, IQ_FORMAT_UNDO, "move dot back by the last increment times the count" },
	{ 'B', 1, 8, IQ_FORMAT_HEX, "hexadecimal" },
	{ 'C', 1, 0, IQ_FORMAT_ESCAPED_CHAR, "character, with C's escapes" },
	{ 'D', 4, 16, IQ_FORMAT_DEC, "decimal, signed" },
	{ 'E', 8, 21, IQ_FORMAT_UNSIGNED, "decimal, unsigned" },
	{ 'F', 8, 24, IQ_FORMAT_FLOAT, "double" },
	{ 'G', 8, 23, IQ_FORMAT_OCTAL, "octal" },
	{ 'H', 4, 16, IQ_FORMAT_SWAPPED, "hexadecimal, bytes and shorts swapped" },
	{ 'I', 0, 0, IQ_FORMAT_INSN_ADDR, "address and disassembled instruction" },
	{ 'J', 8, 16, IQ_FORMAT_HEX, "hexadecimal" },
	{ 'K', 8, 16, IQ_FORMAT_HEX, "pointer, hexadecimal" },
	{ 'L', 4, 0, IQ_FORMAT_SEARCH, "search a value (and mask) of this size" },
	{ 'M', 8, 0, IQ_FORMAT_SEARCH, "search a value (and mask) of this size" },
	{ 'N', 0, 0, IQ_FORMAT_NEWLINE, "newline" },
	{ 'O', 4, 16, IQ_FORMAT_OCTAL, "octal" },
	{ 'P', 8, 19, IQ_FORMAT_SYMBOL, "pointer, as symbol and offset" },
	{ 'Q', 4, 16, IQ_FORMAT_SIGNED_OCTAL, "octal, signed" },
	{ 'R', 8, 0, IQ_FORMAT_BINARY, "binary" },
	{ 'S', 0, 0, IQ_FORMAT_ESCAPED_STR, "string, with C's escapes" },
	{ 'T', 0, 0, IQ_FORMAT_TAB, "blanks up to a multiple of the count of columns" },
	{ 'U', 4, 16, IQ_FORMAT_UNSIGNED, "decimal, unsigned" },
	{ 'V', 1, 8, IQ_FORMAT_UNSIGNED, "decimal, unsigned" },
	{ 'W', 4, 16, IQ_FORMAT_RADIX, "in the default radix, unsigned (with a value: write)" },
	{ 'X', 4, 16, IQ_FORMAT_HEX, "hexadecimal" },
	{ 'Y', 4, 24, IQ_FORMAT_TIME, "seconds since 1970, as a date (UTC)" },
	{ 'Z', 8, 16, IQ_FORMAT_HEX, "hexadecimal (with a value: write)" },
	{ 'a', 0, 0, IQ_FORMAT_DOT, "dot, as symbol and offset" },
	{ 'b', 1, 8, IQ_FORMAT_OCTAL, "octal" },
	{ 'c', 1, 0, IQ_FORMAT_CHAR, "character" },
	{ 'd', 2, 8, IQ_FORMAT_DEC, "decimal, signed" },
	{ 'e', 8, 21, IQ_FORMAT_DEC, "decimal, signed" },
	{ 'f', 4, 16, IQ_FORMAT_FLOAT, "float" },
	{ 'g', 8, 24, IQ_FORMAT_SIGNED_OCTAL, "octal, signed" },
	{ 'h', 2, 8, IQ_FORMAT_SWAPPED, "hexadecimal, bytes swapped" },
	{ 'i', 0, 0, IQ_FORMAT_INSN, "disassembled instruction" },
	{ 'j', 8, 0, IQ_FORMAT_DIAGRAM, "binary, with each bit that is set and its mask" },
	{ 'l', 2, 0, IQ_FORMAT_SEARCH, "search a value (and mask) of this size" },
	{ 'n', 0, 0, IQ_FORMAT_NEWLINE, "newline" },
	{ 'o', 2, 8, IQ_FORMAT_OCTAL, "octal" },
	{ 'p', 8, 19, IQ_FORMAT_SYMBOL, "pointer, as symbol and offset" },
	{ 'q', 2, 8, IQ_FORMAT_SIGNED_OCTAL, "octal, signed" },
	{ 'r', 0, 0, IQ_FORMAT_BLANK, "blank" },
	{ 's', 0, 0, IQ_FORMAT_STR, "string" },
	{ 't', 0, 0, IQ_FORMAT_TAB, "blanks up to a multiple of the count of columns" },
	{ 'u', 2, 8, IQ_FORMAT_UNSIGNED, "decimal, unsigned" },
	{ 'v', 1, 8, IQ_FORMAT_DEC, "decimal, signed (with a value: write)" },
	{ 'w', 2, 8, IQ_FORMAT_RADIX, "in the default radix, unsigned (with a value: write)" },
	{ 'x', 2, 8, IQ_FORMAT_HEX, "hexadecimal" },
	{ 'y', 8, 24, IQ_FORMAT_TIME, "seconds since 1970, as a date (UTC)" },
	{ 'z', 0, 0, IQ_FORMAT_WRITE, "write a value" },
	{ 0 },
};

/* One run of a list of formats. */
struct run {
	struct iq_shell *sh;
	struct iq_out *out;
	char verb;
	uint64_t value; /* of '=' */
	iq_vaddr start, dot;
	uint64_t increment; /* of the last letter */
	struct iq_strbuf line;
	size_t col;
	unsigned width;
	bool after_dot; /* the line ends with what the letter a wrote */
	bool begun;	/* the label has been written, or is not wanted any more */
	unsigned num_fields;
};

/* ---- the line ---- */

static void add(struct run *r, const char *text)
{
	iq_strbuf_adds(&r->line, text);
	r->col += iq_text_width(text);
}

static void pad_to(struct run *r, size_t col)
{
	while (r->col < col)
		add(r, " ");
}

static void flush(struct run *r)
{
	if (r->line.len)
		iq_out_text(r->out, "%s", iq_strbuf_str(&r->line));
	r->line.len = 0;
}

static void newline(struct run *r)
{
	iq_strbuf_addc(&r->line, '\n');
	flush(r);
	r->col = 0;
}

static const char *symbolic(struct run *r, iq_vaddr addr)
{
	return iq_context_symbol(r->sh, addr);
}

/* "hz:" up to column 16, or the next multiple of it. */
static void label(struct run *r)
{
	add(r, symbolic(r, r->dot));
	add(r, ":");
	pad_to(r, (r->col + INDENT - 1) / INDENT * INDENT);
	r->begun = true;
}

/* What stands before the first thing on a line. */
static void begin(struct run *r, bool wants_label)
{
	if (r->col)
		return;
	if (!r->begun && r->verb != '=' && wants_label) {
		label(r);
		return;
	}
	if (r->begun || r->verb == '=')
		pad_to(r, INDENT);
	r->begun = true;
}

static void field(struct run *r, const char *text, unsigned width)
{
	size_t has = iq_text_width(text);

	r->after_dot = false;
	begin(r, true);
	if (r->col > INDENT && r->col + has > r->width) {
		newline(r);
		pad_to(r, INDENT);
	}
	/* Whatever its width: a field does not run into the next. */
	if (width && has >= width)
		width = (unsigned)has + 1;
	width += (unsigned)r->col;
	add(r, text);
	pad_to(r, width);
}

/* ---- memory ---- */

static struct iq_error *read_bytes(struct run *r, iq_vaddr addr, void *buf, size_t len)
{
	if (r->verb == '=') {
		memset(buf, 0, len);
		memcpy(buf, &r->value, IQ_MIN(len, sizeof(r->value)));
		return NULL;
	}
	if (!r->sh->s)
		return iq_error_fault(addr, "memory");
	if (r->verb == '\\' || r->verb == '@')
		return iq_mem_read_phys(r->sh->s->mem, addr, buf, len);
	if (r->verb == '?')
		return iq_read(r->sh->s, addr, buf, len);
	return iq_shell_read(r->sh, addr, buf, len);
}

/* Bytes up to a NUL; how many with it. */
static struct iq_error *read_str(struct run *r, iq_vaddr addr, struct iq_strbuf *str)
{
	struct iq_error *err = NULL;

	while (str->len < MAX_STR) {
		char buf[64];
		/* Not beyond what one page holds: the next need not be there. */
		size_t len = IQ_MIN(sizeof(buf), 64 - (addr + str->len) % 64);
		const char *end;

		err = read_bytes(r, addr + str->len, buf, len);
		if (err)
			break;
		end = memchr(buf, '\0', len);
		iq_strbuf_add(str, buf, end ? (size_t)(end - buf) : len);
		if (end)
			break;
	}
	if (err && str->len) {
		iq_error_free(err);
		err = NULL;
	}
	return err;
}

/* ---- numbers as text ---- */

static int64_t sign_extended(uint64_t value, unsigned size)
{
	unsigned shift = 64 - 8 * size;

	return (int64_t)(value << shift) >> shift;
}

static void in_radix(uint64_t value, unsigned radix, char *text)
{
	char digits[65];
	unsigned n = 0;

	do {
		digits[n++] = "0123456789abcdef"[value % radix];
		value /= radix;
	} while (value);
	while (n)
		*text++ = digits[--n];
	*text = '\0';
}

static uint64_t swapped(uint64_t value, unsigned size)
{
	return size == 2 ? __builtin_bswap16((uint16_t)value) : __builtin_bswap32((uint32_t)value);
}

static void date(uint64_t value, char *text, size_t len)
{
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	const int64_t most = 253402300799; /* the end of the year 9999 */
	struct iq_civil c;

	if ((int64_t)value > most || (int64_t)value < -most) {
		snprintf(text, len, "0x%" PRIx64, value);
		return;
	}
	iq_civil_utc((int64_t)value, &c);
	snprintf(text, len, "%d %s %2d %02d:%02d:%02d", c.year, months[c.mon], c.mday, c.hour,
		 c.min, c.sec);
}

static void real(uint64_t value, unsigned size, char *text, size_t len)
{
	double d;
	float f;

	memcpy(&d, &value, sizeof(d));
	memcpy(&f, &value, sizeof(f));
	snprintf(text, len, "%+.7e", size == 4 ? (double)f : d);
}

static void number(struct run *r, const struct iq_format_letter *l, uint64_t value, char *text,
		   size_t len)
{
	int64_t is_signed = sign_extended(value, l->size);

	switch (l->kind) {
	case IQ_FORMAT_HEX:
		snprintf(text, len, "%" PRIx64, value);
		break;
	case IQ_FORMAT_OCTAL:
		snprintf(text, len, "%#" PRIo64, value);
		break;
	case IQ_FORMAT_SIGNED_OCTAL:
		snprintf(text, len, "%s%#" PRIo64, is_signed < 0 ? "-" : "",
			 is_signed < 0 ? 0 - (uint64_t)is_signed : value);
		break;
	case IQ_FORMAT_DEC:
		snprintf(text, len, "%" PRId64, is_signed);
		break;
	case IQ_FORMAT_UNSIGNED:
		snprintf(text, len, "%" PRIu64, value);
		break;
	case IQ_FORMAT_RADIX:
		in_radix(value, r->sh->radix, text);
		break;
	case IQ_FORMAT_SWAPPED:
		snprintf(text, len, "%" PRIx64, swapped(value, l->size));
		break;
	case IQ_FORMAT_BINARY:
		in_radix(value, 2, text);
		break;
	case IQ_FORMAT_TIME:
		date((uint64_t)sign_extended(value, l->size), text, len);
		break;
	case IQ_FORMAT_FLOAT:
		real(value, l->size, text, len);
		break;
	default:
		snprintf(text, len, "%s", symbolic(r, value));
	}
}

static void escaped(struct iq_strbuf *sb, const char *str, size_t len)
{
	static const char names[] = "abfnrtv", values[] = "\a\b\f\n\r\t\v";

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)str[i];
		const char *value = c ? strchr(values, c) : NULL;

		if (value)
			iq_strbuf_printf(sb, "\\%c", names[value - values]);
		else if (c == '\\' || c == '"')
			iq_strbuf_printf(sb, "\\%c", c);
		else if (c < 0x80 && isprint(c))
			iq_strbuf_addc(sb, (char)c);
		else
			iq_strbuf_printf(sb, "\\%03o", c);
	}
}

/* A row of bits, and under it a line for each that is set. */
static void diagram(struct run *r, uint64_t value)
{
	char bits[65];
	unsigned top, digits;
	size_t col;

	in_radix(value, 2, bits);
	top = (unsigned)strlen(bits) - 1;
	digits = IQ_MAX(top / 4 + 1, 4u);
	field(r, "", 0);
	col = r->col;
	add(r, bits);
	newline(r);
	if (!value)
		return;
	for (unsigned line = 0; line <= top + 1; line++) {
		/* Line 0 has the strokes alone, line n the end of bit n - 1's. */
		if (line && !(value >> (line - 1) & 1))
			continue;
		pad_to(r, col);
		for (unsigned bit = top; bit + 1 > (line ? line - 1 : 0) && bit <= top; bit--) {
			if (line && bit == line - 1) {
				char text[96];

				add(r, "+-");
				while (r->col < col + top + 3)
					add(r, "-");
				snprintf(text, sizeof(text), " bit %-2u mask 0x%0*" PRIx64, bit,
					 (int)(digits & 31), (uint64_t)1 << bit);
				add(r, text);
				break;
			}
			add(r, value >> bit & 1 ? "|" : " ");
		}
		while (r->line.len && r->line.str[r->line.len - 1] == ' ')
			r->line.len--;
		newline(r);
	}
}

/* ---- letters ---- */

static struct iq_error *insn(struct run *r, const struct iq_format_letter *l)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf text = IQ_STRBUF_INIT;
	iq_vaddr addr = r->verb == '=' ? r->value : r->dot;
	struct iq_error *err = NULL;
	uint8_t code[IQ_MAX_INSN];
	size_t len;

	if (!r->sh->s)
		return iq_error_fault(addr, "memory");
	/* An instruction may end where nothing can be read any more. */
	for (len = sizeof(code); len; len--) {
		iq_error_free(err);
		err = iq_shell_read(r->sh, addr, code, len);
		if (!err)
			break;
	}
	if (err)
		return err;
	len = iq_disasm_one(r->sh->s, addr, code, len, &text);
	if (r->col && !r->after_dot)
		newline(r);
	r->after_dot = false;
	if (l->kind == IQ_FORMAT_INSN_ADDR)
		label(r);
	else
		begin(r, true);
	add(r, iq_strbuf_str(&text));
	newline(r);
	r->increment = len;
	return NULL;
}

static struct iq_error *str(struct run *r, const struct iq_format_letter *l)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf raw = IQ_STRBUF_INIT, text = IQ_STRBUF_INIT;
	struct iq_error *err;

	if (r->verb == '=')
		return iq_error_new(IQ_ERR_INVALID, "the format %c reads memory: use / with it",
				    l->letter);
	err = read_str(r, r->dot, &raw);
	if (err)
		return err;
	if (l->kind == IQ_FORMAT_ESCAPED_STR)
		escaped(&text, iq_strbuf_str(&raw), raw.len);
	else
		iq_strbuf_add(&text, iq_strbuf_str(&raw), raw.len); /* cleaned on its way out */
	begin(r, true);
	add(r, iq_strbuf_str(&text));
	r->increment = raw.len + 1;
	return NULL;
}

static struct iq_error *character(struct run *r, const struct iq_format_letter *l)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf text = IQ_STRBUF_INIT;
	struct iq_error *err;
	char c;

	err = read_bytes(r, r->dot, &c, 1);
	if (err)
		return err;
	if (l->kind == IQ_FORMAT_ESCAPED_CHAR)
		escaped(&text, &c, 1);
	else if (c)
		iq_text_clean_n(&text, &c, 1);
	begin(r, true);
	add(r, iq_strbuf_str(&text));
	iq_var_set(r->sh, "0", (unsigned char)c);
	r->increment = 1;
	return NULL;
}

static struct iq_error *value(struct run *r, const struct iq_format_letter *l)
{
	struct iq_error *err;
	uint64_t v = 0;
	char text[400];

	err = read_bytes(r, r->dot, &v, l->size);
	if (err)
		return err;
	r->increment = l->size;
	iq_var_set(r->sh, "0", v);
	if (r->out->to_pipe) {
		iq_out_value(r->out,
			     l->kind == IQ_FORMAT_DEC ? (uint64_t)sign_extended(v, l->size) : v);
		return NULL;
	}
	if (l->kind == IQ_FORMAT_DIAGRAM) {
		diagram(r, v);
		return NULL;
	}
	number(r, l, v, text, sizeof(text));
	field(r, text, l->width);
	return NULL;
}

static void dot_itself(struct run *r)
{
	uint64_t addr = r->verb == '=' ? r->value : r->dot;

	if (r->out->to_pipe) {
		iq_out_value(r->out, addr);
		return;
	}
	if (r->verb == '=') {
		field(r, symbolic(r, addr), 0);
		return;
	}
	/* At the left margin. */
	r->begun = r->after_dot = true;
	add(r, symbolic(r, addr));
	add(r, ":");
	pad_to(r, (r->col + INDENT - 1) / INDENT * INDENT);
}

static struct iq_error *letter_once(struct run *r, const struct iq_format_letter *l)
{
	switch (l->kind) {
	case IQ_FORMAT_INSN:
	case IQ_FORMAT_INSN_ADDR:
		return insn(r, l);
	case IQ_FORMAT_STR:
	case IQ_FORMAT_ESCAPED_STR:
		return str(r, l);
	case IQ_FORMAT_CHAR:
	case IQ_FORMAT_ESCAPED_CHAR:
		return character(r, l);
	case IQ_FORMAT_NEWLINE:
		/* As ADDR,20/nap has it: what is first has its label, be it a line's end. */
		if (!r->begun && !r->col && r->verb != '=' && !r->out->to_pipe)
			label(r);
		r->begun = true;
		newline(r);
		return NULL;
	case IQ_FORMAT_BLANK:
		begin(r, false);
		add(r, " ");
		return NULL;
	case IQ_FORMAT_DOT:
		dot_itself(r);
		return NULL;
	case IQ_FORMAT_WRITE:
		return iq_error_new(IQ_ERR_INVALID, "there is no writing: inquest only reads");
	default:
		return value(r, l);
	}
}

static bool is_string(const struct iq_format_letter *l)
{
	return l->kind == IQ_FORMAT_STR || l->kind == IQ_FORMAT_ESCAPED_STR;
}

static struct iq_error *letter(struct run *r, const struct iq_format_letter *l, uint64_t count)
{
	struct iq_error *err = NULL;

	switch (l->kind) {
	case IQ_FORMAT_FORTH:
		r->dot += count;
		return NULL;
	case IQ_FORMAT_BACK:
		r->dot -= count;
		return NULL;
	case IQ_FORMAT_UNDO:
		r->dot -= r->increment * count;
		return NULL;
	case IQ_FORMAT_TAB:
		begin(r, false);
		if (count == 1)
			count = 8;
		if (count && count <= 256)
			pad_to(r, (r->col / count + 1) * count);
		return NULL;
	default:
		break;
	}
	for (uint64_t i = 0; i < count && !err; i++) {
		if (i && r->col && is_string(l)) /* one on a line */
			newline(r);
		if (iq_shell_stop(r->sh))
			return iq_error_new(IQ_ERR_TIMEOUT, "interrupted");
		if (++r->num_fields > MAX_FIELDS)
			return iq_error_new(IQ_ERR_INVALID, "more than %d fields", MAX_FIELDS);
		r->increment = 0;
		err = letter_once(r, l);
		if (!err)
			r->dot += r->increment;
	}
	return err;
}

static const struct iq_format_letter *find_letter(char c)
{
	const struct iq_format_letter *l = iq_format_letters;

	while (l->letter && l->letter != c)
		l++;
	return l->letter ? l : NULL;
}

/* ---- search ---- */

/* The first place from dot on that holds the value; dot is there then. */
static struct iq_error *search(struct run *r, unsigned size, uint64_t what, uint64_t mask)
{
	uint64_t all = size == 8 ? UINT64_MAX : ((uint64_t)1 << (8 * size)) - 1;
	iq_vaddr addr = r->dot;
	struct iq_error *err;
	uint8_t buf[4096];

	mask &= all;
	for (;;) {
		/* Up to the end of the page, or one value that may reach into the next. */
		size_t len = sizeof(buf) - addr % sizeof(buf);

		if (iq_shell_stop(r->sh))
			return iq_error_new(IQ_ERR_TIMEOUT, "interrupted");
		len = len < size ? size : len / size * size;
		err = read_bytes(r, addr, buf, len);
		if (err)
			return iq_error_prefix(err, "not found from %s on", symbolic(r, r->start));
		for (size_t i = 0; i < len; i += size) {
			uint64_t v = 0;

			memcpy(&v, buf + i, size);
			if ((v & mask) != (what & mask))
				continue;
			r->sh->dot = addr + i;
			r->sh->increment = size;
			if (r->out->to_pipe)
				iq_out_value(r->out, addr + i);
			else
				iq_out_text(r->out, "%s\n", symbolic(r, addr + i));
			return NULL;
		}
		if (addr + len < addr)
			return iq_error_new(IQ_ERR_NOTFOUND, "not found from %s on",
					    symbolic(r, r->start));
		addr += len;
	}
}

static struct iq_error *with_values(struct run *r, const struct iq_stage *stage,
				    const struct iq_format_letter *l)
{
	struct iq_error *err;
	uint64_t what, mask = UINT64_MAX;

	if (l->kind != IQ_FORMAT_SEARCH)
		return iq_error_new(IQ_ERR_INVALID, "there is no writing: inquest only reads");
	if (!stage->num_values || stage->num_values > 2)
		return iq_error_new(IQ_ERR_INVALID, "%c%c is followed by a value, and maybe a mask",
				    stage->verb, l->letter);
	err = iq_shell_node_value(r->sh, stage->values[0], &what);
	if (!err && stage->num_values > 1)
		err = iq_shell_node_value(r->sh, stage->values[1], &mask);
	return err ? err : search(r, l->size, what, mask);
}

/* ---- a run ---- */

static struct iq_error *run_list(struct run *r, const struct iq_format *list)
{
	struct iq_error *err = NULL;

	for (const struct iq_format *f = list; f && !err; f = f->next) {
		const struct iq_format_letter *l;
		uint64_t count = f->count;

		if (f->count_expr)
			err = iq_shell_node_value(r->sh, f->count_expr, &count);
		if (err)
			break;
		if (f->letter == '"') {
			for (uint64_t i = 0; i < IQ_MIN(count, 1000u); i++) {
				begin(r, false);
				add(r, f->text);
			}
			continue;
		}
		l = find_letter(f->letter);
		err = l ? letter(r, l, count)
			: iq_error_new(IQ_ERR_INVALID, "there is no format letter %c", f->letter);
	}
	return err;
}

struct iq_error *iq_format_run(struct iq_shell *sh, const struct iq_stage *stage,
			       struct iq_out *out, bool first)
{
	static const struct iq_format default_list = { .letter = 'X', .count = 1 };
	const struct iq_format *list = stage->list ? stage->list : &default_list;
	struct run r = { .sh = sh, .out = out, .verb = stage->verb, .begun = !first };
	struct iq_error *err;

	if (stage->verb == '=' && !stage->list)
		return iq_error_new(IQ_ERR_INVALID,
				    "a format letter is missing after =; see ::formats");
	r.col = first ? 0 : sh->format_col;
	if (r.col && strchr("sS", list->letter))
		newline(&r);
	sh->last = r.start = r.dot = r.value = sh->dot;
	r.width = sh->width ? sh->width : DEFAULT_WIDTH;
	if (stage->values)
		return with_values(&r, stage, find_letter(list->letter));
	if (first && stage->verb != '=' && !out->to_pipe && sh->s &&
	    !strchr(symbolic(&r, r.dot), '+') && strncmp(symbolic(&r, r.dot), "0x", 2) != 0 &&
	    !strchr("\"nNaiI", list->letter) && stage->verb != '\\' && stage->verb != '@')
		iq_out_text(out, "%s:\n", symbolic(&r, r.dot));
	err = run_list(&r, list);
	flush(&r);
	sh->format_col = r.col;
	if (!err && stage->verb != '=')
		sh->increment = r.dot - r.start;
	iq_strbuf_deinit(&r.line);
	return err;
}

void iq_format_end(struct iq_shell *sh, struct iq_out *out)
{
	if (sh->format_col)
		iq_out_text(out, "\n");
	sh->format_col = 0;
}
