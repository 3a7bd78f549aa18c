/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One blob of BTF, checked and indexed
 *
 * For the files of this folder; everybody else asks type/types.h.
 */
#ifndef IQ_TYPE_BTF_H
#define IQ_TYPE_BTF_H

#include "inquest/error.h"
#include "inquest/type.h"

/* include/uapi/linux/btf.h */
enum btf_kind {
	BTF_VOID,
	BTF_INT,
	BTF_PTR,
	BTF_ARRAY,
	BTF_STRUCT,
	BTF_UNION,
	BTF_ENUM,
	BTF_FWD,
	BTF_TYPEDEF,
	BTF_VOLATILE,
	BTF_CONST,
	BTF_RESTRICT,
	BTF_FUNC,
	BTF_FUNC_PROTO,
	BTF_VAR,
	BTF_DATASEC,
	BTF_FLOAT,
	BTF_DECL_TAG,
	BTF_TYPE_TAG,
	BTF_ENUM64,
	BTF_NUM_KINDS,
};

struct btf_type {
	uint32_t name_off;
	uint32_t info;	       /* number of members, kind, kind_flag */
	uint32_t size_or_type; /* which of the two depends on the kind */
};

struct btf_array {
	uint32_t type, index_type, num;
};

struct btf_member {
	uint32_t name_off, type;
	uint32_t offset; /* bits; with kind_flag, the upper 8 are a bit field's size */
};

struct btf_enum {
	uint32_t name_off;
	int32_t value;
};

struct btf_enum64 {
	uint32_t name_off, low, high;
};

struct btf_param {
	uint32_t name_off, type;
};

/* An index of names: a power of two of slots, each 24 bits of id and 8 of the name's hash; 0:
 * empty. */
struct btf_index {
	uint32_t *slots;
	uint32_t mask;
};

struct iq_btf {
	const char *module;	   /* NULL: the kernel; borrowed */
	const struct iq_btf *base; /* whose ids and strings this one continues, or NULL */
	const uint8_t *types;
	uint32_t types_len;
	const char *strings;
	uint32_t strings_len;
	uint32_t first_id;  /* id of its first type */
	uint32_t num_types; /* of its own */
	uint32_t first_str; /* offset of its first string */
	uint32_t *offsets;  /* of type first_id + i in `types` */
	struct btf_index index;
	struct btf_index funcs; /* of functions alone; made when first asked for */
	uint32_t *enums;	/* ids of those with enumerators */
	size_t num_enums;
	bool enums_signed; /* the writer knew that kind_flag of an enum means signed */
	void *copy;	   /* of the data, where its alignment is off */
};

/*
 * Check and index the BTF in data, which must stay where it is (a blob that is not aligned to 4 is
 * copied). IQ_ERR_CORRUPT, IQ_ERR_UNSUPPORTED (byte order, a kind we do not know): nothing of it
 * can be used.
 */
struct iq_error *iq_btf_new(const char *module, const struct iq_btf *base, const void *data,
			    size_t len, struct iq_btf **btf_ret);
void iq_btf_free(struct iq_btf *btf);

/*
 * The id of the type with this name (of name_len bytes) and one of the kinds (bits 1 << kind),
 * the lowest if there are several; 0 if there is none. Does not look into the base.
 */
uint32_t iq_btf_find(const struct iq_btf *btf, const char *name, size_t name_len, uint32_t kinds);

/*
 * The id of the FUNC with this name; 0 if there is none, or if several of different prototypes
 * have it (static functions). Does not look into the base.
 */
uint32_t iq_btf_find_func(struct iq_btf *btf, const char *name);

static inline unsigned btf_kind(const struct btf_type *t)
{
	return t->info >> 24 & 0x7f;
}

static inline uint32_t btf_vlen(const struct btf_type *t)
{
	return t->info & 0xffffff;
}

static inline bool btf_kind_flag(const struct btf_type *t)
{
	return t->info >> 31;
}

/* The type behind an id that was checked on loading; never NULL, id 0 is a void. */
const struct btf_type *iq_btf_type(const struct iq_btf *btf, uint32_t id);
const char *iq_btf_str(const struct iq_btf *btf, uint32_t off);

/* What follows the type's head. */
static inline const void *btf_tail(const struct btf_type *t)
{
	return t + 1;
}

/* The type with an id that btf mentions: in its base where the id is the base's. */
static inline struct iq_type btf_ref(const struct iq_btf *btf, uint32_t id)
{
	while (btf->base && id < btf->first_id)
		btf = btf->base;
	return (struct iq_type){ btf, id };
}

#endif
