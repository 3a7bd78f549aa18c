/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Places, and the expressions that lead from one to another
 */
#include "shell/print/place.h"

#include <ctype.h>

enum { MAX_STEPS = 256, MAX_WRAPS = 8, MAX_DEPTH = 32 };

/* ---- reading ---- */

static bool read_bytes(struct iq_place_reader *r, bool phys, uint64_t addr, void *buf, size_t len)
{
	struct iq_error *err;

	if (phys)
		err = iq_read_phys(r->cmd->s, addr, buf, len);
	else if (addr >> 63)
		err = iq_read(r->cmd->s, addr, buf, len);
	else
		err = iq_cmd_read(r->cmd, addr, buf, len);
	if (!err)
		return true;
	iq_error_free(err);
	return false;
}

static bool read_memory(struct iq_place_reader *r, bool phys, uint64_t addr, uint8_t *buf,
			size_t len)
{
	while (len) {
		uint64_t page = addr & ~UINT64_C(4095), at = addr - page;
		size_t chunk = IQ_MIN(len, (size_t)(4096 - at));

		if (!r->have || r->page != (page | phys)) {
			r->have = read_bytes(r, phys, page, r->bytes, sizeof(r->bytes));
			r->page = page | phys;
		}
		/* A page that is there in part, at the end of memory. */
		if (!r->have && !read_bytes(r, phys, addr, buf, chunk))
			return false;
		if (r->have)
			memcpy(buf, r->bytes + at, chunk);
		addr += chunk;
		buf += chunk;
		len -= chunk;
	}
	return true;
}

bool iq_place_read(struct iq_place_reader *r, const struct iq_place *place, uint64_t offset,
		   void *buf, size_t len)
{
	uint64_t addr = place->addr + offset;

	switch (place->where) {
	case IQ_PLACE_VALUE:
		if (addr > sizeof(place->value) || len > sizeof(place->value) - addr)
			return false;
		memcpy(buf, (const uint8_t *)&place->value + addr, len);
		return true;
	case IQ_PLACE_MEMORY:
	case IQ_PLACE_PHYS:
		return read_memory(r, place->where == IQ_PLACE_PHYS, addr, buf, len);
	default:
		return false;
	}
}

/* atomic_t, kuid_t and the like: a struct that is nothing but the number in it. */
static struct iq_type unwrap(struct iq_type type)
{
	uint64_t size = iq_type_size(type);

	for (int i = 0; i < MAX_WRAPS; i++) {
		enum iq_type_kind kind;
		struct iq_member m;

		type = iq_type_strip(type);
		kind = iq_type_kind(type);
		if ((kind != IQ_TYPE_STRUCT && kind != IQ_TYPE_UNION) ||
		    !iq_type_member_at(type, 0, &m) || m.bit_offset || m.bit_size ||
		    iq_type_size(m.type) != size)
			break;
		type = m.type;
	}
	return iq_type_strip(type);
}

struct iq_error *iq_place_number(struct iq_place_reader *r, const struct iq_place *place,
				 uint64_t *value_ret)
{
	struct iq_type type = unwrap(place->type);
	uint64_t size = iq_type_size(type);
	unsigned __int128 wide = 0;
	uint32_t bits;
	uint64_t value;

	switch (iq_type_kind(type)) {
	case IQ_TYPE_INT:
	case IQ_TYPE_BOOL:
	case IQ_TYPE_CHAR:
	case IQ_TYPE_PTR:
	case IQ_TYPE_ENUM:
		break;
	default:
		return iq_error_new(IQ_ERR_INVALID, "not a number");
	}
	bits = place->bit_size ? place->bit_size : (uint32_t)size * 8;
	if (!size || size > 8 || bits > 64 || place->bit > 63)
		return iq_error_new(IQ_ERR_INVALID, "a number of %u bits", bits);
	if (!iq_place_read(r, place, 0, &wide, (place->bit + bits + 7) / 8))
		return iq_error_fault(place->addr, "memory");
	value = (uint64_t)(wide >> place->bit);
	if (bits < 64) {
		value &= (UINT64_C(1) << bits) - 1;
		if (iq_type_is_signed(type) && value >> (bits - 1))
			value |= ~UINT64_C(0) << bits;
	}
	*value_ret = value;
	return NULL;
}

/* ---- members and elements ---- */

static struct iq_place place_of(const struct iq_place *outer, const struct iq_member *m)
{
	struct iq_place place = *outer;

	place.type = m->type;
	place.addr += m->bit_offset / 8;
	place.bit = m->bit_offset % 8;
	place.bit_size = m->bit_size;
	return place;
}

bool iq_place_member(const struct iq_place *place, size_t i, const char **name_ret,
		     struct iq_place *member_ret)
{
	struct iq_member m;

	if (!iq_type_member_at(place->type, i, &m))
		return false;
	*name_ret = m.name;
	*member_ret = place_of(place, &m);
	return true;
}

struct iq_place iq_place_element(const struct iq_place *place, uint64_t i)
{
	struct iq_place element = *place;

	element.type = iq_type_target(iq_type_strip(place->type));
	element.addr += i * iq_type_size(element.type);
	element.bit = element.bit_size = 0;
	return element;
}

/* ---- expressions ---- */

struct follow {
	struct iq_place_reader *r;
	struct iq_place place;
	const char *text, *p;
};

static struct iq_error *bad(const struct follow *f, const char *what)
{
	return iq_error_new(IQ_ERR_INVALID, "%s: %s", f->text, what);
}

static bool is_aggregate(struct iq_type type)
{
	enum iq_type_kind kind = iq_type_kind(iq_type_strip(type));

	return kind == IQ_TYPE_STRUCT || kind == IQ_TYPE_UNION;
}

/* To what the pointer points to. */
static struct iq_error *dereference(struct follow *f)
{
	struct iq_type type = iq_type_strip(f->place.type);
	struct iq_error *err;
	uint64_t value = 0;

	if (f->place.where != IQ_PLACE_NOWHERE) {
		err = iq_place_number(f->r, &f->place, &value);
		if (err)
			return iq_error_prefix(err, "%.*s", (int)(f->p - f->text), f->text);
		if (!value)
			return iq_error_new(IQ_ERR_FAULT, "%.*s is NULL", (int)(f->p - f->text),
					    f->text);
		f->place.where = IQ_PLACE_MEMORY;
	}
	f->place.type = iq_type_target(type);
	f->place.addr = value;
	f->place.bit = f->place.bit_size = 0;
	return NULL;
}

static bool is_pointer(const struct follow *f)
{
	return iq_type_kind(iq_type_strip(f->place.type)) == IQ_TYPE_PTR;
}

static struct iq_error *follow_index(struct follow *f)
{
	const char *end = strchr(f->p, ']');
	enum iq_type_kind kind = iq_type_kind(iq_type_strip(f->place.type));
	struct iq_cmd *cmd = f->r->cmd;
	struct iq_error *err;
	uint64_t i, num, bytes;

	if (!end || end == f->p + 1)
		return bad(f, "no index in [ ]");
	err = iq_cmd_number(
		cmd,
		&(struct iq_arg){ .str = iq_arena_printf(cmd->arena, "%.*s", (int)(end - f->p - 1),
							 f->p + 1) },
		&i);
	if (err)
		return iq_error_prefix(err, "%s", f->text);
	if (kind == IQ_TYPE_PTR) {
		err = dereference(f);
		if (err)
			return err;
	} else if (kind == IQ_TYPE_ARRAY) {
		/* An array of no length, or of one element, is often the beginning of more. */
		num = iq_type_num_elems(f->place.type);
		if (num > 1 && i >= num)
			return iq_error_new(IQ_ERR_INVALID,
					    "%s: the array has %" PRIu64 " elements", f->text, num);
		f->place.type = iq_type_target(iq_type_strip(f->place.type));
	} else {
		return bad(f, "[ ] of what is no array");
	}
	if (__builtin_mul_overflow(i, iq_type_size(f->place.type), &bytes))
		return bad(f, "the index is out of range");
	f->place.addr += bytes;
	f->place.bit = f->place.bit_size = 0;
	f->p = end + 1;
	return NULL;
}

static struct iq_error *follow_name(struct follow *f)
{
	size_t len = 0;
	struct iq_error *err;
	struct iq_member m;
	char name[128];

	while (f->p[len] == '_' || isalnum((unsigned char)f->p[len]))
		len++;
	if (!len || len >= sizeof(name))
		return bad(f, "a member's name is expected");
	memcpy(name, f->p, len);
	name[len] = '\0';
	if (!is_aggregate(f->place.type))
		return iq_error_new(IQ_ERR_INVALID, "%s: %.*s is no struct", f->text,
				    (int)(f->p - f->text), f->text);
	err = iq_type_member(f->place.type, name, &m);
	if (err)
		return err;
	f->place = place_of(&f->place, &m);
	f->p += len;
	return NULL;
}

/* One step along the expression. A dot after a pointer is taken for an arrow. */
static struct iq_error *follow_step(struct follow *f)
{
	const char *p = f->p;
	struct iq_error *err = NULL;

	if (*p == '[')
		return follow_index(f);
	if (p == f->text) {
		if (is_pointer(f))
			err = dereference(f);
		return err ? err : follow_name(f);
	}
	if (*p == '.' || (p[0] == '-' && p[1] == '>')) {
		if (is_pointer(f))
			err = dereference(f);
		else if (*p == '-')
			err = bad(f, "-> of what is no pointer");
		f->p += *p == '.' ? 1 : 2;
		return err ? err : follow_name(f);
	}
	return bad(f, "not a member expression");
}

/* What lies at a byte offset, as far inside as there are names for it. */
static const char *path_to_offset(struct iq_arena *arena, struct iq_place *place, uint64_t offset)
{
	const char *path = "";

	for (int depth = 0; depth < MAX_DEPTH; depth++) {
		struct iq_type type = iq_type_strip(place->type);
		struct iq_place inner, best;
		const char *name, *best_name = NULL;

		if (iq_type_kind(type) == IQ_TYPE_ARRAY) {
			uint64_t size = iq_type_size(iq_type_target(type));

			/* Where it begins, it is meant. */
			if (!offset || !size || offset / size >= iq_type_num_elems(type))
				break;
			path = iq_arena_printf(arena, "%s[%" PRIu64 "]", path, offset / size);
			*place = iq_place_element(place, offset / size);
			offset %= size;
			continue;
		}
		for (size_t i = 0; iq_place_member(place, i, &name, &inner); i++) {
			uint64_t at = inner.addr - place->addr, size = iq_type_size(inner.type);

			if (offset < at || (offset - at >= size && offset != at) || best_name)
				continue;
			best = inner;
			best_name = name;
		}
		if (!best_name)
			break;
		offset -= best.addr - place->addr;
		*place = best;
		if (*best_name)
			path = iq_arena_printf(arena, "%s%s%s", path, *path ? "." : "", best_name);
	}
	return path;
}

struct iq_error *iq_place_follow(struct iq_place_reader *r, const struct iq_place *from,
				 const struct iq_arg *expr, struct iq_place *place_ret,
				 const char **path_ret)
{
	struct follow f = { .r = r, .place = *from, .text = expr->str, .p = expr->str };
	struct iq_error *err;

	*path_ret = expr->str;
	if (expr->is_value) {
		if (expr->value >= iq_type_size(from->type))
			return iq_error_new(IQ_ERR_INVALID,
					    "offset %#" PRIx64 " is behind the end of it",
					    expr->value);
		*place_ret = *from;
		*path_ret = path_to_offset(r->cmd->arena, place_ret, expr->value);
		return NULL;
	}
	for (unsigned i = 0; !i || *f.p; i++) {
		err = i < MAX_STEPS ? follow_step(&f) : bad(&f, "too long");
		if (err)
			return err;
	}
	*place_ret = f.place;
	return NULL;
}

/* ---- types as words ---- */

static bool begins_type(const char *word)
{
	static const char *const words[] = { "struct", "union", "enum",	 "unsigned", "signed",
					     "long",   "short", "const", "volatile", "int",
					     "char",   "void",	"_Bool", NULL };

	for (size_t i = 0; words[i]; i++)
		if (!strcmp(word, words[i]))
			return true;
	/* module`struct */
	word = strchr(word, '`');
	return word && begins_type(word + 1);
}

struct iq_error *iq_type_args(struct iq_cmd *cmd, const struct iq_arg *argv, size_t argc,
			      struct iq_type *type_ret, size_t *num_ret)
{
	size_t most = 1;
	struct iq_error *err;

	if (!argc)
		return iq_error_new(IQ_ERR_INVALID, "a type is expected");
	if (!argv[0].quoted && begins_type(argv[0].str))
		most = IQ_MIN(argc, (size_t)5);
	while (most < argc && most < 8 && (*argv[most].str == '*' || *argv[most].str == '['))
		most++;
	for (size_t num = most;; num--) {
		const char *text = argv[0].str;

		for (size_t i = 1; i < num; i++)
			text = iq_arena_printf(cmd->arena, "%s %s", text, argv[i].str);
		err = iq_type_by_name(cmd->s, text, type_ret);
		if (!err) {
			*num_ret = num;
			return NULL;
		}
		if (num == 1)
			break;
		iq_error_free(err);
	}
	if (most > 1 && begins_type(argv[0].str)) {
		iq_error_free(err);
		return iq_error_new(IQ_ERR_NOTFOUND, "this kernel has no type %s %s", argv[0].str,
				    argv[1].str);
	}
	return err;
}

bool iq_type_has_first(struct iq_type type, const char *expr)
{
	size_t len = strcspn(expr, ".-[");
	struct iq_error *err;
	struct iq_member m;
	char name[128];

	if (!len || len >= sizeof(name))
		return false;
	memcpy(name, expr, len);
	name[len] = '\0';
	if (iq_type_kind(iq_type_strip(type)) == IQ_TYPE_PTR)
		type = iq_type_target(iq_type_strip(type));
	err = iq_type_member(type, name, &m);
	iq_error_free(err);
	return !err;
}
