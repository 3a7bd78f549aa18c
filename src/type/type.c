/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a type is: the questions of inquest/type.h that need nothing but the type
 *
 * Ids and strings were checked when the BTF was loaded. Chains are followed for a bounded
 * number of steps: what goes on longer is a circle, and taken for void.
 */
#include "inquest/util.h"
#include "type/btf.h"
#include "type/types.h"

enum {
	MAX_CHAIN = 64,	     /* typedefs and qualifiers one behind the other */
	MAX_DIMENSIONS = 16, /* arrays of arrays */
};

static const struct btf_type *raw(struct iq_type type)
{
	return iq_btf_type(type.btf, type.id);
}

static bool is_void(struct iq_type type)
{
	return !type.btf || !type.id;
}

static const uint8_t kinds[BTF_NUM_KINDS] = {
	[BTF_VOID] = IQ_TYPE_VOID,
	[BTF_INT] = IQ_TYPE_INT,
	[BTF_PTR] = IQ_TYPE_PTR,
	[BTF_ARRAY] = IQ_TYPE_ARRAY,
	[BTF_STRUCT] = IQ_TYPE_STRUCT,
	[BTF_UNION] = IQ_TYPE_UNION,
	[BTF_ENUM] = IQ_TYPE_ENUM,
	[BTF_FWD] = IQ_TYPE_FWD,
	[BTF_TYPEDEF] = IQ_TYPE_TYPEDEF,
	[BTF_VOLATILE] = IQ_TYPE_QUALIFIER,
	[BTF_CONST] = IQ_TYPE_QUALIFIER,
	[BTF_RESTRICT] = IQ_TYPE_QUALIFIER,
	[BTF_FUNC] = IQ_TYPE_FUNC,
	[BTF_FUNC_PROTO] = IQ_TYPE_FUNC,
	[BTF_VAR] = IQ_TYPE_OTHER,
	[BTF_DATASEC] = IQ_TYPE_OTHER,
	[BTF_FLOAT] = IQ_TYPE_FLOAT,
	[BTF_DECL_TAG] = IQ_TYPE_OTHER,
	[BTF_TYPE_TAG] = IQ_TYPE_QUALIFIER,
	[BTF_ENUM64] = IQ_TYPE_ENUM,
};

/* The word behind an INT: bits of size, 8 bits of offset, 4 of encoding. */
enum { INT_SIGNED = 1, INT_CHAR = 2, INT_BOOL = 4 };

static uint32_t int_word(const struct btf_type *t)
{
	return *(const uint32_t *)btf_tail(t);
}

static unsigned int_encoding(const struct btf_type *t)
{
	return int_word(t) >> 24 & 0xf;
}

enum iq_type_kind iq_type_kind(struct iq_type type)
{
	const struct btf_type *t;
	const char *name;

	if (is_void(type))
		return IQ_TYPE_VOID;
	t = raw(type);
	if (btf_kind(t) != BTF_INT)
		return (enum iq_type_kind)kinds[btf_kind(t)];
	if (int_encoding(t) & INT_BOOL)
		return IQ_TYPE_BOOL;
	/* Writers of BTF do not set INT_CHAR, or not always. */
	name = iq_btf_str(type.btf, t->name_off);
	if (t->size_or_type == 1 &&
	    (int_encoding(t) & INT_CHAR || !strcmp(name, "char") || !strcmp(name, "signed char") ||
	     !strcmp(name, "unsigned char")))
		return IQ_TYPE_CHAR;
	return IQ_TYPE_INT;
}

static struct iq_type strip_step(struct iq_type type)
{
	return btf_ref(type.btf, raw(type)->size_or_type);
}

struct iq_type iq_type_strip(struct iq_type type)
{
	for (int i = 0; i < MAX_CHAIN; i++) {
		enum iq_type_kind kind = iq_type_kind(type);

		if (kind != IQ_TYPE_TYPEDEF && kind != IQ_TYPE_QUALIFIER)
			return type;
		type = strip_step(type);
	}
	return (struct iq_type){ type.btf, 0 };
}

const char *iq_type_name(struct iq_type type)
{
	if (is_void(type) || btf_kind(raw(type)) == BTF_TYPE_TAG)
		return "";
	return iq_btf_str(type.btf, raw(type)->name_off);
}

uint64_t iq_type_size(struct iq_type type)
{
	uint64_t num = 1;

	for (int i = 0; i < MAX_DIMENSIONS; i++) {
		const struct btf_array *array;
		const struct btf_type *t;
		uint64_t size;

		type = iq_type_strip(type);
		if (is_void(type))
			return 0;
		t = raw(type);
		switch (btf_kind(t)) {
		case BTF_ARRAY:
			array = btf_tail(t);
			if (__builtin_mul_overflow(num, array->num, &num))
				return 0;
			type = btf_ref(type.btf, array->type);
			continue;
		case BTF_PTR:
			size = 8;
			break;
		case BTF_INT:
		case BTF_STRUCT:
		case BTF_UNION:
		case BTF_ENUM:
		case BTF_ENUM64:
		case BTF_FLOAT:
		case BTF_DATASEC:
			size = t->size_or_type;
			break;
		default:
			size = 0;
		}
		return __builtin_mul_overflow(size, num, &size) ? 0 : size;
	}
	return 0;
}

struct iq_type iq_type_target(struct iq_type type)
{
	const struct btf_type *t;

	if (is_void(type))
		return type;
	t = raw(type);
	switch (btf_kind(t)) {
	case BTF_ARRAY:
		return btf_ref(type.btf, ((const struct btf_array *)btf_tail(t))->type);
	case BTF_PTR:
	case BTF_TYPEDEF:
	case BTF_VOLATILE:
	case BTF_CONST:
	case BTF_RESTRICT:
	case BTF_TYPE_TAG:
	case BTF_FUNC:
	case BTF_FUNC_PROTO:
	case BTF_VAR:
		return btf_ref(type.btf, t->size_or_type);
	default:
		return (struct iq_type){ type.btf, 0 };
	}
}

uint64_t iq_type_num_elems(struct iq_type type)
{
	type = iq_type_strip(type);
	if (iq_type_kind(type) != IQ_TYPE_ARRAY)
		return 0;
	return ((const struct btf_array *)btf_tail(raw(type)))->num;
}

bool iq_type_is_signed(struct iq_type type)
{
	const struct btf_type *t;
	const struct btf_enum *e;

	type = iq_type_strip(type);
	if (is_void(type))
		return false;
	t = raw(type);
	switch (btf_kind(t)) {
	case BTF_INT:
		return int_encoding(t) & INT_SIGNED;
	case BTF_ENUM64:
		return btf_kind_flag(t);
	case BTF_ENUM:
		if (type.btf->enums_signed)
			return btf_kind_flag(t);
		e = btf_tail(t);
		for (uint32_t i = 0; i < btf_vlen(t); i++)
			if (e[i].value < 0)
				return true;
		return false;
	default:
		return false;
	}
}

static bool is_aggregate(struct iq_type type)
{
	enum iq_type_kind kind = iq_type_kind(type);

	return kind == IQ_TYPE_STRUCT || kind == IQ_TYPE_UNION;
}

size_t iq_type_num_members(struct iq_type type)
{
	type = iq_type_strip(type);
	if (!is_aggregate(type) && iq_type_kind(type) != IQ_TYPE_ENUM)
		return 0;
	return btf_vlen(raw(type));
}

bool iq_type_member_at(struct iq_type type, size_t i, struct iq_member *member_ret)
{
	const struct btf_member *m;
	const struct btf_type *t;
	struct iq_type stripped;

	type = iq_type_strip(type);
	if (!is_aggregate(type))
		return false;
	t = raw(type);
	if (i >= btf_vlen(t))
		return false;
	m = (const struct btf_member *)btf_tail(t) + i;
	*member_ret = (struct iq_member){
		.name = iq_btf_str(type.btf, m->name_off),
		.type = btf_ref(type.btf, m->type),
		.bit_offset = m->offset,
	};
	if (btf_kind_flag(t)) {
		member_ret->bit_offset = m->offset & 0xffffff;
		member_ret->bit_size = m->offset >> 24;
		return true;
	}
	/* The older way to say bit field: an integer type of fewer bits than its size, and an
	 * offset in it. */
	stripped = iq_type_strip(member_ret->type);
	if (!is_void(stripped) && btf_kind(raw(stripped)) == BTF_INT) {
		uint32_t word = int_word(raw(stripped));

		if ((word & 0xff) != raw(stripped)->size_or_type * 8 || word >> 16 & 0xff) {
			member_ret->bit_size = word & 0xff;
			member_ret->bit_offset += word >> 16 & 0xff;
		}
	}
	return true;
}

/* The prototype: a FUNC has its own under another id, a FUNC_PROTO is one. */
static const struct btf_type *proto_of(struct iq_type *type)
{
	*type = iq_type_strip(*type);
	if (!is_void(*type) && btf_kind(raw(*type)) == BTF_PTR)
		*type = iq_type_strip(iq_type_target(*type));
	if (!is_void(*type) && btf_kind(raw(*type)) == BTF_FUNC)
		*type = btf_ref(type->btf, raw(*type)->size_or_type);
	return !is_void(*type) && btf_kind(raw(*type)) == BTF_FUNC_PROTO ? raw(*type) : NULL;
}

size_t iq_type_num_params(struct iq_type func)
{
	const struct btf_type *t = proto_of(&func);

	return t ? btf_vlen(t) : 0;
}

bool iq_type_param_at(struct iq_type func, size_t i, const char **name_ret,
		      struct iq_type *type_ret)
{
	const struct btf_type *t = proto_of(&func);
	const struct btf_param *p;

	if (!t || i >= btf_vlen(t))
		return false;
	p = (const struct btf_param *)btf_tail(t) + i;
	/* The last one of "..." has neither. */
	if (i + 1 == btf_vlen(t) && !p->type && !p->name_off)
		return false;
	*name_ret = iq_btf_str(func.btf, p->name_off);
	*type_ret = btf_ref(func.btf, p->type);
	return true;
}

bool iq_type_enumerator_at(struct iq_type type, size_t i, const char **name_ret, int64_t *value_ret)
{
	const struct btf_type *t;

	type = iq_type_strip(type);
	if (iq_type_kind(type) != IQ_TYPE_ENUM)
		return false;
	t = raw(type);
	if (i >= btf_vlen(t))
		return false;
	if (btf_kind(t) == BTF_ENUM64) {
		const struct btf_enum64 *e = (const struct btf_enum64 *)btf_tail(t) + i;

		*name_ret = iq_btf_str(type.btf, e->name_off);
		*value_ret = (int64_t)((uint64_t)e->high << 32 | e->low);
	} else {
		const struct btf_enum *e = (const struct btf_enum *)btf_tail(t) + i;
		bool is_unsigned = type.btf->enums_signed && !btf_kind_flag(t);

		*name_ret = iq_btf_str(type.btf, e->name_off);
		*value_ret = is_unsigned ? (int64_t)(uint32_t)e->value : e->value;
	}
	return true;
}

/* ---- members by path ---- */

/*
 * How many members one search may look at. The kernel's largest structs have some hundreds, but a
 * made struct can contain itself.
 */
enum { MAX_LOOKS = 100000, MAX_ANON_DEPTH = 16 };

static bool find_member(struct iq_type type, const char *name, size_t len, unsigned depth,
			unsigned *looks, struct iq_member *m)
{
	size_t num = iq_type_num_members(type);

	if (!is_aggregate(iq_type_strip(type)) || depth > MAX_ANON_DEPTH)
		return false;
	for (size_t i = 0; i < num; i++) {
		struct iq_member outer;

		if (++*looks > MAX_LOOKS || !iq_type_member_at(type, i, &outer))
			return false;
		if (!strncmp(outer.name, name, len) && !outer.name[len]) {
			*m = outer;
			return true;
		}
		if (!*outer.name && find_member(outer.type, name, len, depth + 1, looks, m)) {
			m->bit_offset += outer.bit_offset;
			return true;
		}
	}
	return false;
}

static struct iq_error *no_member(struct iq_type type, const char *path)
{
	char name[128];

	return iq_error_new(IQ_ERR_NOTFOUND, "%s has no member %s",
			    iq_type_format(type, name, sizeof(name)), path);
}

/* Step into the element of an array that "[n]" at *p names. */
static bool find_element(const char **p, struct iq_member *m)
{
	struct iq_type array = iq_type_strip(m->type);
	uint64_t i, size, num, bits;
	char *end;

	if (iq_type_kind(array) != IQ_TYPE_ARRAY || (*p)[1] < '0' || (*p)[1] > '9')
		return false;
	i = strtoull(*p + 1, &end, 0);
	num = iq_type_num_elems(array);
	if (*end != ']' || (num ? i >= num : i > UINT32_MAX))
		return false;
	m->type = iq_type_target(array);
	size = iq_type_size(m->type);
	if (__builtin_mul_overflow(i, size * 8, &bits) || bits > UINT64_C(1) << 40)
		return false;
	m->bit_offset += bits;
	*p = end + 1;
	return true;
}

struct iq_error *iq_type_member(struct iq_type type, const char *path, struct iq_member *member_ret)
{
	struct iq_member m = { .name = "", .type = type };
	unsigned looks = 0;
	const char *p = path;

	do {
		struct iq_member inner;
		size_t len = strcspn(p, ".[");

		if (!len || !find_member(m.type, p, len, 0, &looks, &inner))
			return no_member(type, path);
		inner.bit_offset += m.bit_offset;
		m = inner;
		p += len;
		while (*p == '[')
			if (!find_element(&p, &m))
				return no_member(type, path);
	} while (*p++ == '.');
	if (p[-1])
		return no_member(type, path);
	*member_ret = m;
	return NULL;
}

/* ---- values ---- */

/* atomic_t, kuid_t and the like: a struct that is nothing but the number in it. */
static struct iq_type unwrap(struct iq_type type)
{
	uint64_t size = iq_type_size(type);

	for (int i = 0; i < 8; i++) {
		struct iq_member m;

		type = iq_type_strip(type);
		if (!is_aggregate(type) || !iq_type_member_at(type, 0, &m) || m.bit_offset ||
		    m.bit_size || iq_type_size(m.type) != size)
			break;
		type = m.type;
	}
	return iq_type_strip(type);
}

bool iq_member_number(const struct iq_member *m, struct iq_number *number_ret)
{
	struct iq_type type = unwrap(m->type);
	uint64_t size = iq_type_size(type);

	switch (iq_type_kind(type)) {
	case IQ_TYPE_INT:
	case IQ_TYPE_BOOL:
	case IQ_TYPE_CHAR:
	case IQ_TYPE_PTR:
	case IQ_TYPE_ENUM:
		break;
	default:
		return false;
	}
	if (!size || size > 8 || m->bit_size > 64)
		return false;
	*number_ret = (struct iq_number){
		.offset = m->bit_offset / 8,
		.shift = m->bit_offset % 8,
		.bits = m->bit_size ? m->bit_size : (uint8_t)(size * 8),
		.is_signed = iq_type_is_signed(type),
	};
	number_ret->len = (uint8_t)((number_ret->shift + number_ret->bits + 7) / 8);
	return true;
}

uint64_t iq_number_get(const struct iq_number *n, const void *bytes)
{
	const uint8_t *p = bytes;
	unsigned __int128 wide = 0;
	uint64_t value;

	memcpy(&wide, p, n->len);
	value = (uint64_t)(wide >> n->shift);
	if (n->bits < 64) {
		value &= (UINT64_C(1) << n->bits) - 1;
		if (n->is_signed && value >> (n->bits - 1))
			value |= ~UINT64_C(0) << n->bits;
	}
	return value;
}
