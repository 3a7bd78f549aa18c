/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Values of any type as text
 *
 * One walk over types and memory side by side. What cannot be read is "??", and the walk goes on.
 * Types can lie: a struct that contains itself twice would be printed for as long as the
 * depth allows and then two to the power of that, so that lines are counted too.
 */
#include "shell/print/print.h"

#include <ctype.h>
#include <stdio.h>

enum {
	INDENT = 4,
	MAX_DEPTH = 32,
	MAX_LINES = 200000,
	MAX_ENUMERATORS = 100000,
	MAX_STRING = 4096,   /* bytes of a string that a pointer points to */
	MAX_ELEM_CMP = 4096, /* larger elements are not compared with each other */
	MAX_SCAN = 1 << 20,  /* elements looked at, in search of an end of equal ones */
	MIN_REPEATS = 4,
};

static void print_value(struct iq_print *p, const struct iq_place *place, unsigned depth,
			unsigned indent);
static void print_member(struct iq_print *p, const struct iq_place *place, const char *name,
			 unsigned depth, unsigned indent);

static void spaces(struct iq_print *p, unsigned num)
{
	iq_strbuf_printf(&p->sb, "%*s", (int)num, "");
}

static bool has_values(const struct iq_place *place)
{
	return place->where != IQ_PLACE_NOWHERE;
}

/* Enough printed, or the user has enough? */
static bool is_enough(struct iq_print *p)
{
	return p->num_lines >= MAX_LINES || iq_cmd_stop(p->reader->cmd);
}

/* ---- scalars ---- */

static void print_number(struct iq_print *p, uint64_t value, uint64_t size, bool is_signed)
{
	if (p->flags & IQ_PRINT_DECIMAL) {
		if (is_signed && (int64_t)value < 0)
			iq_strbuf_printf(&p->sb, "-0t%" PRIu64, -value);
		else
			iq_strbuf_printf(&p->sb, "0t%" PRIu64, value);
		return;
	}
	if (size < 8)
		value &= (UINT64_C(1) << size * 8) - 1;
	iq_strbuf_printf(&p->sb, value ? "%#" PRIx64 : "%" PRIx64, value);
}

static bool is_flag(int64_t value)
{
	return value > 0 && !(value & (value - 1));
}

/* "A|B" where enumerators that are one bit each make up the value. */
static bool print_flags(struct iq_strbuf *sb, struct iq_type type, uint64_t value)
{
	struct iq_strbuf text = IQ_STRBUF_INIT;
	const char *name;
	int64_t v;

	for (size_t i = 0; i < MAX_ENUMERATORS && iq_type_enumerator_at(type, i, &name, &v); i++) {
		if (!is_flag(v) || !(value & (uint64_t)v))
			continue;
		iq_strbuf_printf(&text, "%s%s", text.len ? "|" : "", name);
		value &= ~(uint64_t)v;
	}
	if (!value)
		iq_strbuf_adds(sb, iq_strbuf_str(&text));
	iq_strbuf_deinit(&text);
	return !value;
}

void iq_print_enum(struct iq_strbuf *sb, struct iq_type type, int64_t value, unsigned flags)
{
	const char *name;
	int64_t v;

	for (size_t i = 0; i < MAX_ENUMERATORS && iq_type_enumerator_at(type, i, &name, &v); i++) {
		if (v == value) {
			iq_strbuf_printf(sb, flags & IQ_PRINT_HEX ? "%#" PRIx64 : "%" PRId64,
					 value);
			iq_strbuf_printf(sb, " (%s)", name);
			return;
		}
	}
	if (value > 0) {
		struct iq_strbuf text = IQ_STRBUF_INIT;
		bool found = print_flags(&text, type, (uint64_t)value);

		if (found)
			iq_strbuf_printf(sb, "%#" PRIx64 " (%s)", (uint64_t)value,
					 iq_strbuf_str(&text));
		iq_strbuf_deinit(&text);
		if (found)
			return;
	}
	iq_strbuf_printf(sb, flags & IQ_PRINT_HEX ? "%#" PRIx64 : "%" PRId64, value);
	iq_strbuf_adds(sb, " (?\?\?)");
}

void iq_print_escaped(struct iq_strbuf *sb, const char *str, size_t len)
{
	static const char plain[] = "\a\b\f\n\r\t\v\\\"", letters[] = "abfnrtv\\\"";

	for (size_t i = 0; i < len; i++) {
		const char *special = str[i] ? strchr(plain, str[i]) : NULL;

		if (special)
			iq_strbuf_printf(sb, "\\%c", letters[special - plain]);
		else if ((unsigned char)str[i] < 0x20 || (unsigned char)str[i] >= 0x7f)
			iq_strbuf_printf(sb, "\\%03o", (unsigned char)str[i]);
		else
			iq_strbuf_addc(sb, str[i]);
	}
}

static void print_char(struct iq_print *p, uint64_t value)
{
	char c = (char)value;

	if (p->flags & (IQ_PRINT_HEX | IQ_PRINT_DECIMAL)) {
		print_number(p, value, 1, true);
	} else if (!c) {
		iq_strbuf_adds(&p->sb, "'\\0'");
	} else {
		iq_strbuf_addc(&p->sb, '\'');
		if (c == '\'')
			iq_strbuf_addc(&p->sb, '\\');
		if (c == '"')
			iq_strbuf_addc(&p->sb, c);
		else
			iq_print_escaped(&p->sb, &c, 1);
		iq_strbuf_addc(&p->sb, '\'');
	}
}

/* char itself; unsigned char and what is called u8 are numbers. */
static bool is_char(struct iq_type type)
{
	type = iq_type_strip(type);
	return iq_type_kind(type) == IQ_TYPE_CHAR && !strcmp(iq_type_name(type), "char");
}

/* Text may be there: char, and unsigned char where it is called so and not u8. */
static bool may_be_text(struct iq_type type)
{
	for (unsigned i = 0; i < MAX_DEPTH && iq_type_kind(type) == IQ_TYPE_QUALIFIER; i++)
		type = iq_type_target(type);
	return iq_type_kind(type) == IQ_TYPE_CHAR || is_char(type);
}

/* What a char * points to, in quotes; nothing where it cannot be read, or is no text (`sure` says
 * that it is some). */
static void print_string(struct iq_print *p, iq_vaddr addr, bool sure)
{
	struct iq_place place = { .where = IQ_PLACE_MEMORY, .addr = addr };
	uint32_t max = IQ_MIN(p->max_chars, (uint32_t)MAX_STRING), len;
	char buf[MAX_STRING];

	for (len = 0; len < max; len++) {
		if (!iq_place_read(p->reader, &place, len, &buf[len], 1)) {
			if (!len)
				return;
			break;
		}
		if (!buf[len])
			break;
		if (!sure && !isprint((unsigned char)buf[len]))
			return;
	}
	if (!sure && !len)
		return;
	iq_strbuf_adds(&p->sb, " \"");
	iq_print_escaped(&p->sb, buf, len);
	iq_strbuf_adds(&p->sb, len == max ? "\"..." : "\"");
}

static void print_pointer(struct iq_print *p, struct iq_type type, uint64_t value)
{
	struct iq_type to = iq_type_target(iq_type_strip(type)), target = iq_type_strip(to);
	struct iq_session *s = p->reader->cmd->s;
	struct iq_error *err;
	struct iq_sym sym;
	bool has_symbol = false;

	if (value && !(p->flags & IQ_PRINT_NO_SYMBOLS)) {
		err = iq_sym_by_addr(s, value, &sym);
		has_symbol = !err;
		iq_error_free(err);
	}
	if (has_symbol && iq_type_kind(target) == IQ_TYPE_FUNC) {
		iq_strbuf_adds(&p->sb, iq_sym_format(s, value));
		return;
	}
	iq_strbuf_printf(&p->sb, value ? "%#" PRIx64 : "%" PRIx64, value);
	if (value && may_be_text(to))
		print_string(p, value, is_char(target));
	else if (has_symbol)
		iq_strbuf_printf(&p->sb, " (%s)", iq_sym_format(s, value));
}

static void print_float(struct iq_print *p, const struct iq_place *place, uint64_t size)
{
	double d = 0;
	float f = 0;

	if (size == sizeof(d) && iq_place_read(p->reader, place, 0, &d, sizeof(d)))
		iq_strbuf_printf(&p->sb, "%g", d);
	else if (size == sizeof(f) && iq_place_read(p->reader, place, 0, &f, sizeof(f)))
		iq_strbuf_printf(&p->sb, "%g", (double)f);
	else
		iq_strbuf_adds(&p->sb, "??");
}

/* What has more than 64 bits, or a kind that we do not know: its bytes, the highest first. */
static void print_bytes(struct iq_print *p, const struct iq_place *place, uint64_t size)
{
	uint8_t bytes[64];

	if (!size || size > sizeof(bytes)) {
		iq_strbuf_adds(&p->sb, "...");
	} else if (!iq_place_read(p->reader, place, 0, bytes, size)) {
		iq_strbuf_adds(&p->sb, "??");
	} else {
		iq_strbuf_adds(&p->sb, "0x");
		for (size_t i = size; i--;)
			iq_strbuf_printf(&p->sb, "%02x", bytes[i]);
	}
}

void iq_print_scalar(struct iq_print *p, const struct iq_place *place)
{
	struct iq_type type = iq_type_strip(place->type);
	enum iq_type_kind kind = iq_type_kind(type);
	uint64_t value, size = iq_type_size(type);
	struct iq_error *err;

	if (kind == IQ_TYPE_FLOAT) {
		print_float(p, place, size);
		return;
	}
	err = iq_place_number(p->reader, place, &value);
	if (iq_error_catch(&err, IQ_ERR_INVALID)) {
		print_bytes(p, place, size);
		return;
	}
	if (err) {
		iq_error_free(err);
		iq_strbuf_adds(&p->sb, "??");
		if (place->where == IQ_PLACE_MEMORY && !(p->flags & IQ_PRINT_ADDR))
			iq_strbuf_printf(&p->sb, " (%#" PRIx64 ")", place->addr);
		return;
	}
	switch (kind) {
	case IQ_TYPE_PTR:
		print_pointer(p, type, value);
		break;
	case IQ_TYPE_ENUM:
		iq_print_enum(&p->sb, type, (int64_t)value, p->flags);
		break;
	case IQ_TYPE_BOOL:
		if (value < 2 && !(p->flags & (IQ_PRINT_HEX | IQ_PRINT_DECIMAL)))
			iq_strbuf_adds(&p->sb, value ? "true" : "false");
		else
			print_number(p, value, size, false);
		break;
	case IQ_TYPE_CHAR:
		if (is_char(type)) {
			print_char(p, value);
			break;
		}
		__attribute__((fallthrough));
	default:
		print_number(p, value, size, iq_type_is_signed(type));
	}
}

/* ---- arrays ---- */

/* A string as far as its NUL; what holds other bytes first is not one. */
static bool print_char_array(struct iq_print *p, const struct iq_place *place, uint64_t num)
{
	uint64_t len = IQ_MIN(num, (uint64_t)IQ_MIN(p->max_chars, (uint32_t)MAX_SCAN)), end;
	char *buf;
	bool is_text = true;

	if (!len)
		return false;
	buf = iq_xmalloc(len);
	if (!iq_place_read(p->reader, place, 0, buf, len)) {
		free(buf);
		return false;
	}
	end = strnlen(buf, len);
	for (uint64_t i = 0; i < end; i++)
		is_text &= isprint((unsigned char)buf[i]) || isspace((unsigned char)buf[i]) ||
			   (unsigned char)buf[i] >= 0x80;
	if (is_text) {
		iq_strbuf_adds(&p->sb, "[ \"");
		iq_print_escaped(&p->sb, buf, end);
		iq_strbuf_adds(&p->sb, end == len && len < num ? "\"... ]" : "\" ]");
	}
	free(buf);
	return is_text;
}

/* How many elements from i on have the same bytes; at least 1. */
static uint64_t count_equal(struct iq_print *p, const struct iq_place *array, uint64_t i,
			    uint64_t num, uint64_t size)
{
	_cleanup_free_ uint8_t *a = NULL, *b = NULL;
	struct iq_place element = iq_place_element(array, i);
	uint64_t n = 1;

	if (!size || size > MAX_ELEM_CMP || !has_values(array))
		return 1;
	a = iq_xmalloc(size);
	b = iq_xmalloc(size);
	if (!iq_place_read(p->reader, &element, 0, a, size))
		return 1;
	while (i + n < num && n < MAX_SCAN) {
		element = iq_place_element(array, i + n);
		if (!iq_place_read(p->reader, &element, 0, b, size) || memcmp(a, b, size))
			break;
		n++;
	}
	return n >= MIN_REPEATS ? n : 1;
}

/* [ 1, 2, 0 <repeats 30 times> ], broken at the screen's width. */
static void print_scalar_array(struct iq_print *p, const struct iq_place *place, uint64_t num,
			       uint64_t size, unsigned indent)
{
	struct iq_strbuf text = p->sb;
	size_t line = text.len;
	uint32_t shown = 0;

	while (line && text.str[line - 1] != '\n')
		line--;
	iq_strbuf_adds(&text, "[");
	for (uint64_t i = 0; i < num; shown++) {
		struct iq_place element = iq_place_element(place, i);
		uint64_t n;
		size_t room;

		if (shown >= p->max_elems || is_enough(p)) {
			iq_strbuf_adds(&text, " ...");
			break;
		}
		n = count_equal(p, place, i, num, size);
		p->sb = (struct iq_strbuf)IQ_STRBUF_INIT;
		iq_print_scalar(p, &element);
		if (n > 1)
			iq_strbuf_printf(&p->sb, " <repeats %" PRIu64 " times>", n);
		i += n;
		if (i < num)
			iq_strbuf_addc(&p->sb, ',');
		room = text.len - line + 1 + p->sb.len;
		if (room > p->width && shown) {
			line = text.len + 1;
			iq_strbuf_printf(&text, "\n%*s", (int)indent + INDENT - 1, "");
			p->num_lines++;
		}
		iq_strbuf_addc(&text, ' ');
		iq_strbuf_adds(&text, iq_strbuf_str(&p->sb));
		iq_strbuf_deinit(&p->sb);
	}
	iq_strbuf_adds(&text, " ]");
	p->sb = text;
}

/* Structs and arrays in an array: each on lines of its own. */
static void print_array_of_many(struct iq_print *p, const struct iq_place *place, uint64_t num,
				uint64_t size, unsigned depth, unsigned indent)
{
	uint32_t shown = 0;

	iq_strbuf_adds(&p->sb, "[\n");
	p->num_lines++;
	for (uint64_t i = 0; i < num; shown++) {
		struct iq_place element = iq_place_element(place, i);
		uint64_t n;

		spaces(p, indent + INDENT);
		if (shown >= p->max_elems || is_enough(p)) {
			iq_strbuf_adds(&p->sb, "...\n");
			break;
		}
		n = count_equal(p, place, i, num, size);
		if (p->flags & IQ_PRINT_ADDR)
			iq_strbuf_printf(&p->sb, "%" PRIx64 " ", element.addr);
		print_value(p, &element, depth, indent + INDENT);
		if (n > 1)
			iq_strbuf_printf(&p->sb, " <repeats %" PRIu64 " times>", n);
		i += n;
		iq_strbuf_adds(&p->sb, i < num ? ",\n" : "\n");
		p->num_lines++;
	}
	spaces(p, indent);
	iq_strbuf_adds(&p->sb, "]");
}

static void print_array(struct iq_print *p, const struct iq_place *place, unsigned depth,
			unsigned indent)
{
	struct iq_type type = iq_type_strip(place->type), of = iq_type_target(type);
	uint64_t num = iq_type_num_elems(type), size = iq_type_size(of);
	enum iq_type_kind kind = iq_type_kind(iq_type_strip(of));

	if (is_char(of) && has_values(place) && print_char_array(p, place, num))
		return;
	if (kind == IQ_TYPE_STRUCT || kind == IQ_TYPE_UNION || kind == IQ_TYPE_ARRAY) {
		if (!num)
			iq_strbuf_adds(&p->sb, "[ ]");
		else if (depth >= p->depth || depth >= MAX_DEPTH)
			iq_strbuf_adds(&p->sb, "[ ... ]");
		else
			print_array_of_many(p, place, has_values(place) ? num : 1, size,
					    kind == IQ_TYPE_ARRAY ? depth + 1 : depth, indent);
		return;
	}
	print_scalar_array(p, place, num, size, indent);
}

/* ---- structs ---- */

static void print_hole(struct iq_print *p, uint64_t from, uint64_t to, unsigned indent)
{
	if (to <= from)
		return;
	spaces(p, indent);
	if ((to - from) % 8)
		iq_strbuf_printf(&p->sb, "<<%" PRIu64 "-bit hole>>\n", to - from);
	else
		iq_strbuf_printf(&p->sb, "<<%" PRIu64 "-byte hole>>\n", (to - from) / 8);
	p->num_lines++;
}

static void print_struct(struct iq_print *p, const struct iq_place *place, unsigned depth,
			 unsigned indent)
{
	struct iq_type type = iq_type_strip(place->type);
	bool holes = p->flags & IQ_PRINT_HOLES && iq_type_kind(type) == IQ_TYPE_STRUCT;
	uint64_t end = 0, at, bits;
	struct iq_place member;
	const char *name;

	if (depth >= p->depth || depth >= MAX_DEPTH) {
		iq_strbuf_adds(&p->sb, "{ ... }");
		return;
	}
	iq_strbuf_adds(&p->sb, "{\n");
	p->num_lines++;
	for (size_t i = 0; iq_place_member(place, i, &name, &member); i++) {
		if (is_enough(p)) {
			spaces(p, indent + INDENT);
			iq_strbuf_adds(&p->sb, "...\n");
			break;
		}
		at = (member.addr - place->addr) * 8 + member.bit;
		bits = member.bit_size ? member.bit_size : iq_type_size(member.type) * 8;
		if (holes)
			print_hole(p, end, at, indent + INDENT);
		end = IQ_MAX(end, at + bits);
		print_member(p, &member, name, depth + 1, indent + INDENT);
	}
	if (holes)
		print_hole(p, end, iq_type_size(type) * 8, indent + INDENT);
	spaces(p, indent);
	iq_strbuf_addc(&p->sb, '}');
}

static void print_value(struct iq_print *p, const struct iq_place *place, unsigned depth,
			unsigned indent)
{
	switch (iq_type_kind(iq_type_strip(place->type))) {
	case IQ_TYPE_STRUCT:
	case IQ_TYPE_UNION:
		print_struct(p, place, depth, indent);
		break;
	case IQ_TYPE_ARRAY:
		print_array(p, place, depth, indent);
		break;
	case IQ_TYPE_VOID:
	case IQ_TYPE_FUNC:
	case IQ_TYPE_FWD:
		iq_strbuf_adds(&p->sb, "{ ... }");
		break;
	default:
		iq_print_scalar(p, place);
	}
}

/* ---- members ---- */

/* The type and the name as C has them where a function is pointed to, else one after the other. */
static void print_typed_name(struct iq_print *p, struct iq_type type, const char *name,
			     uint32_t bit_size)
{
	char text[512], base[512];
	char *star;

	iq_type_format(type, text, sizeof(text));
	star = strstr(text, "(*)");
	if (star && *name) {
		iq_strbuf_printf(&p->sb, "%.*s%s%s", (int)(star + 2 - text), text, name, star + 2);
	} else {
		size_t len = strlen(text);

		iq_strbuf_adds(&p->sb, text);
		if (*name && len && text[len - 1] != '*')
			iq_strbuf_addc(&p->sb, ' ');
	}
	if (p->flags & IQ_PRINT_BASE_TYPE) {
		iq_type_format(iq_type_strip(type), base, sizeof(base));
		if (strcmp(base, text))
			iq_strbuf_printf(&p->sb, "<<%s>> ", base);
	}
	if (!star)
		iq_strbuf_adds(&p->sb, name);
	if (bit_size)
		iq_strbuf_printf(&p->sb, " :%u", bit_size);
}

static bool is_aggregate(enum iq_type_kind kind)
{
	return kind == IQ_TYPE_STRUCT || kind == IQ_TYPE_UNION;
}

static void print_member(struct iq_print *p, const struct iq_place *place, const char *name,
			 unsigned depth, unsigned indent)
{
	enum iq_type_kind kind = iq_type_kind(iq_type_strip(place->type));
	bool nameless = !*name;

	spaces(p, indent);
	if (p->flags & IQ_PRINT_ADDR && place->where != IQ_PLACE_VALUE) {
		iq_strbuf_printf(&p->sb, "%" PRIx64, place->addr);
		if (place->bit_size)
			iq_strbuf_printf(&p->sb, ".%x", place->bit);
		iq_strbuf_addc(&p->sb, ' ');
	}
	if (nameless && is_aggregate(kind))
		iq_strbuf_printf(&p->sb, "%s%s%s", kind == IQ_TYPE_UNION ? "union" : "struct",
				 *iq_type_name(iq_type_strip(place->type)) ? " " : "",
				 iq_type_name(iq_type_strip(place->type)));
	else if (p->flags & (IQ_PRINT_TYPE | IQ_PRINT_BASE_TYPE))
		print_typed_name(p, place->type, name, place->bit_size);
	else
		iq_strbuf_adds(&p->sb, name);
	if (has_values(place)) {
		iq_strbuf_adds(&p->sb, nameless ? " " : " = ");
		print_value(p, place, depth, indent);
	} else if (is_aggregate(kind)) {
		iq_strbuf_addc(&p->sb, ' ');
		print_value(p, place, depth, indent);
	}
	iq_strbuf_addc(&p->sb, '\n');
	p->num_lines++;
}

void iq_print_place(struct iq_print *p, const struct iq_place *place, const char *name)
{
	if (name) {
		print_member(p, place, name, 0, 0);
		return;
	}
	if (p->flags & IQ_PRINT_ADDR && place->where != IQ_PLACE_VALUE)
		iq_strbuf_printf(&p->sb, "%" PRIx64 " ", place->addr);
	if (p->flags & (IQ_PRINT_TYPE | IQ_PRINT_BASE_TYPE)) {
		print_typed_name(p, place->type, "", 0);
		iq_strbuf_addc(&p->sb, ' ');
	}
	if (has_values(place) || is_aggregate(iq_type_kind(iq_type_strip(place->type))))
		print_value(p, place, 0, 0);
	iq_strbuf_addc(&p->sb, '\n');
	p->num_lines++;
}
