/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * BTF that a test writes down type by type
 *
 *	struct made_btf b;
 *	made_btf_init(&b, NULL);
 *	uint32_t t_int = made_int(&b, "int", 4, MADE_SIGNED);
 *	uint32_t t_s = made_struct(&b, "s", 8, false);
 *	made_member(&b, "x", t_int, 32);
 *	data = made_btf_data(&b, &len);
 */
#ifndef IQ_TESTS_UNIT_MADE_BTF_H
#define IQ_TESTS_UNIT_MADE_BTF_H

#include <stdint.h>
#include <string.h>

#include "inquest/util.h"
#include "type/btf.h"

struct made_btf {
	struct iq_strbuf types, strings, data;
	uint32_t next_id, first_str;
	size_t last; /* where the type is whose members are being added */
};

enum { MADE_SIGNED = 1, MADE_CHAR = 2, MADE_BOOL = 4, MADE_KIND_FLAG = 1u << 31 };

/* base: continue its ids and strings, or NULL. */
static inline void made_btf_init(struct made_btf *b, const struct made_btf *base)
{
	*b = (struct made_btf){ .next_id = base ? base->next_id : 1,
				.first_str = base ? base->first_str + base->strings.len : 0 };
	if (!base)
		iq_strbuf_addc(&b->strings, '\0');
}

static inline void made_btf_deinit(struct made_btf *b)
{
	iq_strbuf_deinit(&b->types);
	iq_strbuf_deinit(&b->strings);
	iq_strbuf_deinit(&b->data);
}

static inline uint32_t made_str(struct made_btf *b, const char *str)
{
	uint32_t off = b->first_str + (uint32_t)b->strings.len;

	if (!*str)
		return 0;
	iq_strbuf_add(&b->strings, str, strlen(str) + 1);
	return off;
}

static inline void made_words(struct made_btf *b, const uint32_t *words, size_t num)
{
	iq_strbuf_add(&b->types, words, num * sizeof(*words));
}

static inline uint32_t made_type(struct made_btf *b, const char *name, uint32_t kind,
				 uint32_t flags, uint32_t size_or_type)
{
	b->last = b->types.len;
	made_words(b, (uint32_t[]){ made_str(b, name), kind << 24 | flags, size_or_type }, 3);
	return b->next_id++;
}

static inline uint32_t made_int(struct made_btf *b, const char *name, uint32_t size,
				uint32_t encoding)
{
	uint32_t id = made_type(b, name, BTF_INT, 0, size);

	made_words(b, (uint32_t[]){ encoding << 24 | size * 8 }, 1);
	return id;
}

static inline uint32_t made_array(struct made_btf *b, uint32_t type, uint32_t num)
{
	uint32_t id = made_type(b, "", BTF_ARRAY, 0, 0);

	made_words(b, (uint32_t[]){ type, type, num }, 3);
	return id;
}

static inline uint32_t made_struct(struct made_btf *b, const char *name, uint32_t size,
				   bool with_bit_fields)
{
	return made_type(b, name, BTF_STRUCT, with_bit_fields ? MADE_KIND_FLAG : 0, size);
}

static inline void made_count(struct made_btf *b)
{
	((struct btf_type *)(b->types.str + b->last))->info++;
}

/* offset: bits; with bit fields, size << 24 | offset. */
static inline void made_member(struct made_btf *b, const char *name, uint32_t type, uint32_t offset)
{
	made_words(b, (uint32_t[]){ made_str(b, name), type, offset }, 3);
	made_count(b);
}

static inline void made_enumerator(struct made_btf *b, const char *name, int32_t value)
{
	made_words(b, (uint32_t[]){ made_str(b, name), (uint32_t)value }, 2);
	made_count(b);
}

static inline void made_enumerator64(struct made_btf *b, const char *name, int64_t value)
{
	made_words(b,
		   (uint32_t[]){ made_str(b, name), (uint32_t)value,
				 (uint32_t)((uint64_t)value >> 32) },
		   3);
	made_count(b);
}

static inline void made_param(struct made_btf *b, const char *name, uint32_t type)
{
	made_words(b, (uint32_t[]){ made_str(b, name), type }, 2);
	made_count(b);
}

/* The finished blob; belongs to b. */
static inline void *made_btf_data(struct made_btf *b, size_t *len_ret)
{
	uint32_t header[] = {
		1 << 16 | 0xeb9f,	 24, 0, (uint32_t)b->types.len, (uint32_t)b->types.len,
		(uint32_t)b->strings.len
	};

	b->data.len = 0;
	iq_strbuf_add(&b->data, header, sizeof(header));
	iq_strbuf_add(&b->data, iq_strbuf_str(&b->types), b->types.len);
	iq_strbuf_add(&b->data, iq_strbuf_str(&b->strings), b->strings.len);
	*len_ret = b->data.len;
	return b->data.str;
}

#endif
