/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ::printf: a line for each thing
 *
 * The format is taken apart here, one conversion a member. C's printf() never sees what the user
 * wrote: it gets formats of our own, with flags and widths that were checked.
 */
#include <stdio.h>

#include "shell/memory/commands.h"
#include "shell/print/print.h"

enum { MAX_WIDTH = 4096 };

struct conversion {
	char flags[8];	      /* of "-+ #0", each once */
	int width, precision; /* precision -1: none */
	char letter;
	size_t size; /* bytes that h, hh, l, ll ask for; 0: the member's own */
};

/* One "%...", p behind the '%'. NULL: it is none. */
static const char *parse_conversion(const char *p, struct conversion *c)
{
	size_t num = 0;

	*c = (struct conversion){ .precision = -1 };
	for (; *p && strchr("-+ #0", *p); p++)
		if (!strchr(c->flags, *p) && num + 1 < sizeof(c->flags))
			c->flags[num++] = *p;
	for (; *p >= '0' && *p <= '9'; p++)
		if (c->width < MAX_WIDTH)
			c->width = c->width * 10 + (*p - '0');
	if (*p == '.') {
		c->precision = 0;
		for (p++; *p >= '0' && *p <= '9'; p++)
			if (c->precision < MAX_WIDTH)
				c->precision = c->precision * 10 + (*p - '0');
	}
	for (; *p && strchr("hlLzjt", *p); p++)
		c->size = *p != 'h' ? 8 : c->size == 2 ? 1 : 2;
	if (!*p || !strchr("diuxXocspaAyYINHbrRefgEG%", *p))
		return NULL;
	c->letter = *p;
	c->width = IQ_MIN(c->width, MAX_WIDTH);
	c->precision = IQ_MIN(c->precision, MAX_WIDTH);
	return p + 1;
}

static bool is_left(const struct conversion *c)
{
	return strchr(c->flags, '-');
}

static void add_text(struct iq_strbuf *sb, const struct conversion *c, const char *text)
{
	iq_strbuf_printf(sb, is_left(c) ? "%-*.*s" : "%*.*s", c->width,
			 c->precision < 0 ? INT32_MAX : c->precision, text);
}

static void add_number(struct iq_strbuf *sb, const struct conversion *c, char letter,
		       uint64_t value)
{
	char fmt[32];

	snprintf(fmt, sizeof(fmt), "%%%s*.*ll%c", c->flags, letter);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	iq_strbuf_printf(sb, fmt, c->width, c->precision, (unsigned long long)value);
#pragma GCC diagnostic pop
}

static void add_double(struct iq_strbuf *sb, const struct conversion *c, double value)
{
	char fmt[32];

	snprintf(fmt, sizeof(fmt), "%%%s*.*%c", c->flags, c->letter);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	iq_strbuf_printf(sb, fmt, c->width, c->precision, value);
#pragma GCC diagnostic pop
}

/* ---- strings ---- */

/* The bytes of an array, or what a pointer points to, as far as the NUL. NULL: unreadable. */
static const char *read_text(struct iq_place_reader *r, const struct iq_place *place)
{
	struct iq_type type = iq_type_strip(place->type);
	struct iq_place from = *place;
	struct iq_strbuf sb = IQ_STRBUF_INIT;
	uint64_t max = IQ_PRINT_MAX_CHARS, value;
	const char *text = NULL;
	struct iq_error *err;
	uint64_t i;

	if (iq_type_kind(type) == IQ_TYPE_ARRAY) {
		if (iq_type_size(type))
			max = IQ_MIN(max, iq_type_size(type));
	} else {
		err = iq_place_number(r, place, &value);
		if (err) {
			iq_error_free(err);
			return NULL;
		}
		if (!value)
			return "<NULL>";
		from = (struct iq_place){ .where = IQ_PLACE_MEMORY, .addr = value };
	}
	for (i = 0; i < max; i++) {
		char c;

		if (!iq_place_read(r, &from, i, &c, 1) || !c)
			break;
		iq_strbuf_addc(&sb, c);
	}
	/* An empty string that could be read is one all the same. */
	if (i || iq_place_read(r, &from, 0, &(char){ 0 }, 1))
		text = iq_arena_strdup(r->cmd->arena, iq_strbuf_str(&sb));
	iq_strbuf_deinit(&sb);
	return text;
}

/* %s of what is no text: an enum's name, true and false. */
static const char *text_of(struct iq_place_reader *r, const struct iq_place *place)
{
	struct iq_type type = iq_type_strip(place->type);
	struct iq_error *err;
	uint64_t value;
	const char *name;
	int64_t v;

	switch (iq_type_kind(type)) {
	case IQ_TYPE_ENUM:
	case IQ_TYPE_BOOL:
		err = iq_place_number(r, place, &value);
		if (err) {
			iq_error_free(err);
			return NULL;
		}
		if (iq_type_kind(type) == IQ_TYPE_BOOL)
			return value ? "true" : "false";
		for (size_t i = 0; iq_type_enumerator_at(type, i, &name, &v); i++)
			if ((uint64_t)v == value)
				return name;
		return iq_arena_printf(r->cmd->arena, "%" PRId64, (int64_t)value);
	default:
		return read_text(r, place);
	}
}

/* ---- one conversion ---- */

static const char *time_text(struct iq_cmd *cmd, uint64_t value)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct iq_civil civil;

	if (value > INT64_C(1) << 40)
		return iq_arena_printf(cmd->arena, "%#" PRIx64, value);
	iq_civil_utc((int64_t)value, &civil);
	return iq_arena_printf(cmd->arena, "%d %.3s %2d %02d:%02d:%02d", civil.year,
			       months + 3 * civil.mon, civil.mday, civil.hour, civil.min,
			       civil.sec);
}

/* Bytes for people: 1.5M */
static const char *size_text(struct iq_cmd *cmd, uint64_t value)
{
	static const char units[] = "BKMGTPE";
	unsigned unit = 0;
	uint64_t rest = 0;

	while (value >= 1024 && units[unit + 1]) {
		rest = value % 1024;
		value /= 1024;
		unit++;
	}
	if (!unit)
		return iq_arena_printf(cmd->arena, "%" PRIu64, value);
	return iq_arena_printf(cmd->arena, "%" PRIu64 ".%" PRIu64 "%c", value, rest * 10 / 1024,
			       units[unit]);
}

static const char *ipv6_text(struct iq_place_reader *r, const struct iq_place *place)
{
	struct iq_strbuf sb = IQ_STRBUF_INIT;
	const char *text;
	uint8_t b[16];

	if (!iq_place_read(r, place, 0, b, sizeof(b)))
		return NULL;
	for (int i = 0; i < 16; i += 2)
		iq_strbuf_printf(&sb, "%s%x", i ? ":" : "", b[i] << 8 | b[i + 1]);
	text = iq_arena_strdup(r->cmd->arena, iq_strbuf_str(&sb));
	iq_strbuf_deinit(&sb);
	return text;
}

static bool add_float(struct iq_strbuf *sb, struct iq_place_reader *r, const struct conversion *c,
		      const struct iq_place *place)
{
	double d;
	float f;

	if (iq_type_size(place->type) == sizeof(d) && iq_place_read(r, place, 0, &d, sizeof(d)))
		add_double(sb, c, d);
	else if (iq_type_size(place->type) == sizeof(f) &&
		 iq_place_read(r, place, 0, &f, sizeof(f)))
		add_double(sb, c, (double)f);
	else
		return false;
	return true;
}

static void add_value(struct iq_strbuf *sb, struct iq_cmd *cmd, const struct conversion *c,
		      const struct iq_place *place, uint64_t value)
{
	uint64_t size = iq_type_size(place->type);

	if (c->size && c->size < 8)
		size = c->size;
	switch (c->letter) {
	case 'd':
	case 'i':
		if (c->size && c->size < 8)
			value = c->size == 1 ? (uint64_t)(int8_t)value : (uint64_t)(int16_t)value;
		add_number(sb, c, 'd', value);
		break;
	case 'u':
	case 'x':
	case 'X':
	case 'o':
		/* A negative int is not sixteen f's long. */
		if (size && size < 8)
			value &= (UINT64_C(1) << size * 8) - 1;
		add_number(sb, c, c->letter, value);
		break;
	case 'r':
	case 'R':
		add_number(sb, c, 'x', value);
		break;
	case 'c':
		add_text(sb, c, (char[]){ (char)value, '\0' });
		break;
	case 'p':
		add_number(sb, c, 'x', value);
		break;
	case 'a':
	case 'A':
		add_text(sb, c, value ? iq_sym_format(cmd->s, value) : "0");
		break;
	case 'y':
	case 'Y':
		add_text(sb, c, time_text(cmd, value));
		break;
	case 'H':
		add_text(sb, c, size_text(cmd, value));
		break;
	case 'I':
		add_text(sb, c,
			 iq_arena_printf(cmd->arena, "%u.%u.%u.%u", (unsigned)(value & 255),
					 (unsigned)(value >> 8 & 255),
					 (unsigned)(value >> 16 & 255),
					 (unsigned)(value >> 24 & 255)));
		break;
	case 'b': {
		struct iq_strbuf bits = IQ_STRBUF_INIT;

		for (int i = 63; i >= 0; i--)
			if (bits.len || value >> i & 1 || !i)
				iq_strbuf_addc(&bits, value >> i & 1 ? '1' : '0');
		add_text(sb, c, iq_strbuf_str(&bits));
		iq_strbuf_deinit(&bits);
		break;
	}
	}
}

/* "??" where it cannot be read. */
static struct iq_error *convert(struct iq_strbuf *sb, struct iq_place_reader *r,
				const struct conversion *c, const struct iq_place *place)
{
	struct iq_error *err;
	const char *text;
	uint64_t value;

	if (strchr("sN", c->letter)) {
		text = c->letter == 's' ? text_of(r, place) : ipv6_text(r, place);
		add_text(sb, c, text ? text : "?\?");
		return NULL;
	}
	if (strchr("efgEG", c->letter)) {
		if (!add_float(sb, r, c, place))
			add_text(sb, c, "?\?");
		return NULL;
	}
	err = iq_place_number(r, place, &value);
	if (err && err->code == IQ_ERR_INVALID && strchr("paAxX", c->letter)) {
		/* Of what is no number its address. */
		iq_error_free(err);
		err = NULL;
		value = place->addr;
		add_number(sb, c, 'x', value);
		return NULL;
	}
	if (iq_error_catch(&err, IQ_ERR_FAULT)) {
		add_text(sb, c, "?\?");
		return NULL;
	}
	if (err)
		return err;
	add_value(sb, r->cmd, c, place, value);
	return NULL;
}

/* ---- the command ---- */

/* The place of a word; "." is the address itself. */
static struct iq_error *find_place(struct iq_place_reader *r, const struct iq_place *from,
				   const struct iq_arg *arg, struct iq_place *place_ret)
{
	struct iq_cmd *cmd = r->cmd;
	struct iq_error *err;
	struct iq_type type;
	const char *path;

	if (strcmp(arg->str, ".") || arg->is_value)
		return iq_place_follow(r, from, arg, place_ret, &path);
	err = iq_type_pointer(cmd->s, from->type, &type);
	if (err)
		return err;
	*place_ret =
		(struct iq_place){ .type = type, .where = IQ_PLACE_VALUE, .value = from->addr };
	return NULL;
}

static struct iq_error *format_line(struct iq_cmd *cmd, const char *p, const struct iq_place *from,
				    size_t next, struct iq_strbuf *sb)
{
	struct iq_place_reader reader = { .cmd = cmd };
	struct iq_error *err;

	while (*p) {
		struct conversion c;
		struct iq_place place;

		if (*p != '%') {
			iq_strbuf_addc(sb, *p++);
			continue;
		}
		p = parse_conversion(p + 1, &c);
		if (!p)
			return iq_cmd_usage(cmd, "the format has a conversion that is not known");
		if (c.letter == '%') {
			iq_strbuf_addc(sb, '%');
			continue;
		}
		if (next >= cmd->argc)
			return iq_cmd_usage(cmd, "the format wants more members");
		err = find_place(&reader, from, &cmd->argv[next++], &place);
		if (iq_error_catch(&err, IQ_ERR_FAULT)) {
			add_text(sb, &c, "?\?");
			continue;
		}
		if (!err)
			err = convert(sb, &reader, &c, &place);
		if (err)
			return iq_error_prefix(err, "%s", cmd->argv[next - 1].str);
	}
	if (next < cmd->argc)
		return iq_cmd_usage(cmd, "more members than the format wants");
	return NULL;
}

static struct iq_error *cmd_printf(struct iq_cmd *cmd)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;
	struct iq_place place = { .addr = cmd->addr };
	struct iq_error *err;
	size_t num = 0;

	if (!cmd->argc)
		return iq_cmd_usage(cmd, "a format is expected");
	if (cmd->argc > 1) {
		err = iq_cmd_type(cmd, 1, &place.type, &num);
		if (err)
			return err;
	}
	err = format_line(cmd, cmd->argv[0].str, &place, 1 + num, &sb);
	if (!err)
		iq_out_text(cmd->out, "%s", iq_strbuf_str(&sb));
	return err;
}

const struct iq_dcmd iq_printf_dcmds[] = {
	{ "printf", "?format [type] member...", "print members in a form of one's own",
	  "The format is C's: %[flags][width][.precision]letter, one for each member; widths and "
	  "lengths (h, l, ll) may be given, of which only the short ones change anything. The "
	  "type may be left out where the pipe tells it. The member . is the address itself.\n\n"
	  "  %d %i %u %x %X %o %c   numbers\n"
	  "  %s   an array of characters, what a char * points to, an enum's name, true or false\n"
	  "  %p   a number in hexadecimal\n"
	  "  %a   a symbol and an offset\n"
	  "  %y   seconds since 1970 as date and time (UTC)\n"
	  "  %I   an address of IPv4; %N of IPv6\n"
	  "  %H   a number of bytes: 1.5M\n"
	  "  %b   bits\n"
	  "  %e %f %g   a float\n"
	  "  %%   a percent sign\n\n"
	  "What cannot be read is ??.",
	  NULL, cmd_printf, 0, IQ_COMPLETE_TYPE },
	{ 0 },
};
