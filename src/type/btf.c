/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading BTF
 *
 * A header, a section of types one behind the other, a section of strings.
 * A type is 12 bytes (name, info, size or type) and a tail whose length follows
 * from its kind and number of members. Types have no offsets of their own: the
 * first is number 1, and to find the n-th one has to pass all before it, so that
 * we keep an array of offsets.
 *
 * A module's BTF is split: its numbers go on where the kernel's end, and so do
 * its strings.
 *
 * The input is the memory of a sick machine. One pass checks that every type
 * is whole, that every string begins inside the strings, that these end with a NUL
 * and that every id mentioned exists, so that nobody checks any of it later.
 * What no pass can promise is that chains of types end: typedefs can go in circles,
 * structs contain themselves. Whoever follows ids counts its steps.
 *
 * Format: include/uapi/linux/btf.h. Kernels before 7.x leave the upper bits of
 * info's two fields zero; read wide, they serve for all. An enum's kind_flag has told signed
 * from unsigned since v6.0, which brought ENUM64 too.
 */
#include "type/btf.h"

#include "inquest/util.h"

enum {
	BTF_MAGIC = 0xeb9f,
	BTF_MAGIC_SWAPPED = 0x9feb,
	ID_BITS = 24, /* of an index slot */
	MAX_ID = (1 << ID_BITS) - 1,
};

struct btf_header {
	uint16_t magic;
	uint8_t version, flags;
	uint32_t hdr_len;
	uint32_t type_off, type_len; /* from the header's end */
	uint32_t str_off, str_len;
};

/* Bytes behind the head of a type: fixed, and for each member. */
static const struct tail_size {
	uint8_t fixed, each;
} tail_sizes[BTF_NUM_KINDS] = {
	[BTF_INT] = { 4, 0 },
	[BTF_ARRAY] = { sizeof(struct btf_array), 0 },
	[BTF_STRUCT] = { 0, sizeof(struct btf_member) },
	[BTF_UNION] = { 0, sizeof(struct btf_member) },
	[BTF_ENUM] = { 0, sizeof(struct btf_enum) },
	[BTF_FUNC_PROTO] = { 0, sizeof(struct btf_param) },
	[BTF_VAR] = { 4, 0 },
	[BTF_DATASEC] = { 0, 12 },
	[BTF_DECL_TAG] = { 4, 0 },
	[BTF_ENUM64] = { 0, sizeof(struct btf_enum64) },
};

enum {
	KINDS_WITH_TYPE = 1 << BTF_PTR | 1 << BTF_TYPEDEF | 1 << BTF_VOLATILE | 1 << BTF_CONST |
			  1 << BTF_RESTRICT | 1 << BTF_FUNC | 1 << BTF_FUNC_PROTO | 1 << BTF_VAR |
			  1 << BTF_DECL_TAG | 1 << BTF_TYPE_TAG,
	KINDS_NAMED = 1 << BTF_INT | 1 << BTF_STRUCT | 1 << BTF_UNION | 1 << BTF_ENUM |
		      1 << BTF_TYPEDEF | 1 << BTF_FLOAT | 1 << BTF_ENUM64,
	KINDS_ENUM = 1 << BTF_ENUM | 1 << BTF_ENUM64,
};

const struct btf_type *iq_btf_type(const struct iq_btf *btf, uint32_t id)
{
	static const struct btf_type void_type;

	while (btf->base && id < btf->first_id)
		btf = btf->base;
	if (!id)
		return &void_type;
	return (const struct btf_type *)(btf->types + btf->offsets[id - btf->first_id]);
}

const char *iq_btf_str(const struct iq_btf *btf, uint32_t off)
{
	while (btf->base && off < btf->first_str)
		btf = btf->base;
	return btf->strings + (off - btf->first_str);
}

/*
 * Names are hashed eight bytes at a time, the last of which are filled up with zeros (and are
 * all zeros where the length is a multiple of 8): on loading this is what most of the time goes
 * into.
 */
static uint64_t hash_word(uint64_t h, uint64_t word)
{
	h = (h ^ word) * 0x9e3779b97f4a7c15;
	return h ^ h >> 29;
}

static uint32_t hash_name(const char *name, size_t len)
{
	uint64_t h = 0, word;

	for (; len >= sizeof(word); name += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, name, sizeof(word));
		h = hash_word(h, word);
	}
	word = 0;
	memcpy(&word, name, len);
	return (uint32_t)hash_word(h, word);
}

/* The same of a string that ends with a NUL before `end`. */
static uint32_t hash_str(const char *str, const char *end)
{
	const uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080;
	uint64_t h = 0, word, zeros;

	while ((size_t)(end - str) >= sizeof(word)) {
		memcpy(&word, str, sizeof(word));
		/* The lowest bit set here is the top bit of the first zero byte. */
		zeros = (word - ones) & ~word & tops;
		if (zeros)
			return (uint32_t)hash_word(h, word & (((zeros & -zeros) >> 7) - 1));
		h = hash_word(h, word);
		str += sizeof(word);
	}
	word = 0;
	memcpy(&word, str, strnlen(str, (size_t)(end - str)));
	return (uint32_t)hash_word(h, word);
}

static void index_add(const struct iq_btf *btf, struct btf_index *index, uint32_t id)
{
	const struct btf_type *t = iq_btf_type(btf, id);
	/* Its name may be in the base's strings. */
	const struct iq_btf *owner = btf->base && t->name_off < btf->first_str ? btf->base : btf;
	uint32_t h = hash_str(iq_btf_str(owner, t->name_off), owner->strings + owner->strings_len);
	uint32_t i = h & index->mask;

	while (index->slots[i])
		i = (i + 1) & index->mask;
	index->slots[i] = (h >> ID_BITS) << ID_BITS | id;
}

static void index_init(struct btf_index *index, size_t num)
{
	index->mask = 15;
	while (index->mask < num + num / 2)
		index->mask = index->mask * 2 + 1;
	index->slots = iq_xcalloc(index->mask + 1, sizeof(uint32_t));
}

uint32_t iq_btf_find(const struct iq_btf *btf, const char *name, size_t name_len, uint32_t kinds)
{
	uint32_t h = hash_name(name, name_len);

	for (uint32_t i = h & btf->index.mask;; i = (i + 1) & btf->index.mask) {
		uint32_t slot = btf->index.slots[i];
		const struct btf_type *t;
		const char *str;

		if (!slot)
			return 0;
		if (slot >> ID_BITS != h >> ID_BITS)
			continue;
		t = iq_btf_type(btf, slot & MAX_ID);
		if (!(kinds >> btf_kind(t) & 1))
			continue;
		str = iq_btf_str(btf, t->name_off);
		if (!strncmp(str, name, name_len) && !str[name_len])
			return slot & MAX_ID;
	}
}

static bool is_func(const struct iq_btf *btf, uint32_t id)
{
	const struct btf_type *t = iq_btf_type(btf, id);

	return btf_kind(t) == BTF_FUNC && t->name_off;
}

uint32_t iq_btf_find_func(struct iq_btf *btf, const char *name)
{
	uint32_t end = btf->first_id + btf->num_types, found = 0, h;

	if (!btf->funcs.slots) {
		size_t num = 0;

		for (uint32_t id = btf->first_id; id < end; id++)
			num += is_func(btf, id);
		index_init(&btf->funcs, num);
		for (uint32_t id = btf->first_id; id < end; id++)
			if (is_func(btf, id))
				index_add(btf, &btf->funcs, id);
	}
	h = hash_name(name, strlen(name));
	for (uint32_t i = h & btf->funcs.mask; btf->funcs.slots[i]; i = (i + 1) & btf->funcs.mask) {
		uint32_t slot = btf->funcs.slots[i], id = slot & MAX_ID;
		const struct btf_type *t = iq_btf_type(btf, id);

		if (slot >> ID_BITS != h >> ID_BITS || strcmp(iq_btf_str(btf, t->name_off), name))
			continue;
		if (found && iq_btf_type(btf, found)->size_or_type != t->size_or_type)
			return 0;
		found = id;
	}
	return found;
}

/* What one pass over the types learns. */
struct pass {
	uint32_t max_str, max_id; /* the largest mentioned */
	uint32_t *named;	  /* ids to be indexed */
	size_t num_named;
};

static void note_max(uint32_t *max, uint32_t value)
{
	if (value > *max)
		*max = value;
}

static void pass_tail(struct pass *p, const struct btf_type *t, unsigned kind)
{
	const void *tail = btf_tail(t);
	uint32_t num = btf_vlen(t);

	switch (kind) {
	case BTF_ARRAY: {
		const struct btf_array *array = tail;

		note_max(&p->max_id, array->type);
		note_max(&p->max_id, array->index_type);
		break;
	}
	case BTF_STRUCT:
	case BTF_UNION: {
		const struct btf_member *m = tail;

		for (uint32_t i = 0; i < num; i++) {
			note_max(&p->max_str, m[i].name_off);
			note_max(&p->max_id, m[i].type);
		}
		break;
	}
	case BTF_FUNC_PROTO: {
		const struct btf_param *param = tail;

		for (uint32_t i = 0; i < num; i++) {
			note_max(&p->max_str, param[i].name_off);
			note_max(&p->max_id, param[i].type);
		}
		break;
	}
	case BTF_ENUM: {
		const struct btf_enum *e = tail;

		for (uint32_t i = 0; i < num; i++)
			note_max(&p->max_str, e[i].name_off);
		break;
	}
	case BTF_ENUM64: {
		const struct btf_enum64 *e = tail;

		for (uint32_t i = 0; i < num; i++)
			note_max(&p->max_str, e[i].name_off);
		break;
	}
	}
}

static struct iq_error *pass_types(struct iq_btf *btf, struct pass *p)
{
	uint32_t off = 0, id = btf->first_id;

	while (off < btf->types_len) {
		const struct btf_type *t = (const struct btf_type *)(btf->types + off);
		uint64_t left = btf->types_len - off;
		unsigned kind;
		uint64_t len;

		if (left < sizeof(*t))
			return iq_error_new(IQ_ERR_CORRUPT, "BTF type %u is cut off", id);
		kind = btf_kind(t);
		if (kind == BTF_VOID || kind >= BTF_NUM_KINDS)
			return iq_error_new(
				IQ_ERR_UNSUPPORTED,
				"BTF type %u is of a kind (%u) that this version does not know", id,
				kind);
		len = sizeof(*t) + tail_sizes[kind].fixed +
		      (uint64_t)tail_sizes[kind].each * btf_vlen(t);
		if (len > left)
			return iq_error_new(IQ_ERR_CORRUPT, "BTF type %u is cut off", id);
		if (id > MAX_ID)
			return iq_error_new(IQ_ERR_UNSUPPORTED, "more than %u BTF types", MAX_ID);

		btf->offsets[id - btf->first_id] = off;
		note_max(&p->max_str, t->name_off);
		if (KINDS_WITH_TYPE >> kind & 1)
			note_max(&p->max_id, t->size_or_type);
		pass_tail(p, t, kind);
		if (KINDS_ENUM >> kind & 1) {
			if (btf_kind_flag(t) || kind == BTF_ENUM64)
				btf->enums_signed = true;
			if (btf_vlen(t))
				btf->enums[btf->num_enums++] = id;
		}
		/* An enum without enumerators is a forward declaration. */
		if ((KINDS_NAMED >> kind & 1) && t->name_off &&
		    (btf_vlen(t) || !(KINDS_ENUM >> kind & 1)))
			p->named[p->num_named++] = id;
		off += (uint32_t)len;
		id++;
	}
	btf->num_types = id - btf->first_id;
	if (p->max_id >= id)
		return iq_error_new(IQ_ERR_CORRUPT, "BTF mentions type %u of %u", p->max_id, id);
	if (p->max_str >= btf->first_str + btf->strings_len)
		return iq_error_new(IQ_ERR_CORRUPT, "BTF mentions a string at %u of %u", p->max_str,
				    btf->first_str + btf->strings_len);
	return NULL;
}

static struct iq_error *load_header(struct iq_btf *btf, const uint8_t *data, size_t len)
{
	struct btf_header h;
	uint64_t after;

	if (len < sizeof(h))
		return iq_error_new(IQ_ERR_CORRUPT, "BTF of %zu bytes is shorter than its header",
				    len);
	memcpy(&h, data, sizeof(h));
	if (h.magic == BTF_MAGIC_SWAPPED)
		return iq_error_new(IQ_ERR_UNSUPPORTED, "BTF of the other byte order");
	if (h.magic != BTF_MAGIC)
		return iq_error_new(IQ_ERR_CORRUPT, "not BTF: magic number %#x", h.magic);
	if (h.version != 1)
		return iq_error_new(IQ_ERR_UNSUPPORTED, "BTF of version %u", h.version);
	if (h.hdr_len < sizeof(h) || h.hdr_len > len)
		return iq_error_new(IQ_ERR_CORRUPT, "BTF header of %u bytes in %zu", h.hdr_len,
				    len);
	after = len - h.hdr_len;
	if (h.type_off > after || h.type_len > after - h.type_off || h.type_off % 4 ||
	    h.hdr_len % 4)
		return iq_error_new(IQ_ERR_CORRUPT, "BTF types at %u+%u do not fit in %zu bytes",
				    h.type_off, h.type_len, len);
	if (h.str_off > after || h.str_len > after - h.str_off)
		return iq_error_new(IQ_ERR_CORRUPT, "BTF strings at %u+%u do not fit in %zu bytes",
				    h.str_off, h.str_len, len);
	btf->types = data + h.hdr_len + h.type_off;
	btf->types_len = h.type_len;
	btf->strings = (const char *)data + h.hdr_len + h.str_off;
	btf->strings_len = h.str_len;
	/* A split one may have no strings of its own; a first one begins with the empty string. */
	if (h.str_len ? btf->strings[h.str_len - 1] || (!btf->base && btf->strings[0]) : !btf->base)
		return iq_error_new(IQ_ERR_CORRUPT, "BTF strings do not begin and end with a NUL");
	if ((uint64_t)btf->first_str + h.str_len > UINT32_MAX)
		return iq_error_new(IQ_ERR_CORRUPT, "BTF strings are longer than 4 GiB");
	return NULL;
}

struct iq_error *iq_btf_new(const char *module, const struct iq_btf *base, const void *data,
			    size_t len, struct iq_btf **btf_ret)
{
	struct iq_btf *btf = iq_xcalloc(1, sizeof(*btf));
	struct pass p = { 0 };
	struct iq_error *err;
	uint32_t max_types;

	btf->module = module;
	btf->base = base;
	btf->first_id = base ? base->first_id + base->num_types : 1;
	btf->first_str = base ? base->first_str + base->strings_len : 0;
	btf->enums_signed = base && base->enums_signed;
	if ((uintptr_t)data % 4) {
		btf->copy = iq_xmalloc(len);
		data = memcpy(btf->copy, data, len);
	}
	err = load_header(btf, data, len);
	if (err) {
		iq_btf_free(btf);
		return err;
	}

	/* As many as could be; what is not used of it is never touched, and given back. */
	max_types = btf->types_len / (uint32_t)sizeof(struct btf_type);
	btf->offsets = iq_xmalloc(sizeof(uint32_t) * max_types);
	btf->enums = iq_xmalloc(sizeof(uint32_t) * max_types);
	p.named = iq_xmalloc(sizeof(uint32_t) * max_types);
	err = pass_types(btf, &p);
	if (err) {
		free(p.named);
		iq_btf_free(btf);
		return err;
	}
	btf->offsets = iq_xrealloc(btf->offsets, sizeof(uint32_t) * btf->num_types);
	btf->enums = iq_xrealloc(btf->enums, sizeof(uint32_t) * btf->num_enums);

	index_init(&btf->index, p.num_named);
	for (size_t i = 0; i < p.num_named; i++)
		index_add(btf, &btf->index, p.named[i]);
	free(p.named);
	*btf_ret = btf;
	return NULL;
}

void iq_btf_free(struct iq_btf *btf)
{
	if (!btf)
		return;
	free(btf->offsets);
	free(btf->enums);
	free(btf->index.slots);
	free(btf->funcs.slots);
	free(btf->copy);
	free(btf);
}
