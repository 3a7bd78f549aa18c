/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finding kallsyms in memory
 *
 * Since v6.0 VMCOREINFO says where most of the tables are. It does not say where markers and
 * seqs_of_names are, but all of them lie side by side, in one of three orders:
 *
 *   up to v6.1	 offsets relative_base num_syms names markers token_table token_index
 *   for a while offsets relative_base num_syms names markers seqs token_table token_index
 *   since v6.4	 num_syms names markers token_table token_index offsets [relative_base] seqs
 *
 * Older kernels name none. There we look for the one table that cannot be mistaken:
 * 256 16-bit numbers that begin with 0, each larger than the one before by exactly the length of
 * a string in the table in front of it. From there the others are found going backwards.
 */
#include "sym/find.h"

enum {
	MAX_NAMES = 64 << 20,
	MAX_TOKENS = 16 << 10,
	TOKEN_INDEX_LEN = 2 * KALLSYMS_TOKENS,
	CHUNK = 1 << 20,
	MAX_IMAGE = 512 << 20,
	MAX_MARKER_GAP = 256 * 512, /* bytes that 256 names can have */
	MIN_MARKER_GAP = 256 * 2,
};

/* Where the tables are in the target. */
struct places {
	iq_vaddr names, token_table, token_index, offsets;
	iq_vaddr after_offsets; /* seqs come here, in one of the orders; 0 in the others */
	uint32_t num;
	bool has_base;
	iq_vaddr markers; /* 0: not known */
	uint64_t relative_base;
};

static uint32_t load32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint64_t align8(uint64_t v)
{
	return (v + 7) & ~UINT64_C(7);
}

static size_t num_markers(uint32_t num)
{
	return ((size_t)num + 255) / 256;
}

/* Which of the places where markers could be looks like them? */
static const uint8_t *find_markers(const uint8_t *names, size_t names_len, const uint64_t *ends,
				   size_t num_ends, size_t num)
{
	for (size_t i = 0; i < num_ends; i++) {
		const uint8_t *m = names + ends[i] - 4 * num;

		if (ends[i] > names_len || ends[i] < 4 * num || num < 2)
			continue;
		if (!load32(m) && load32(m + 4) >= MIN_MARKER_GAP &&
		    load32(m + 4) <= MAX_MARKER_GAP)
			return m;
		/* Padded to 8 behind an odd number of them. */
		m -= 4;
		if (m >= names && !load32(m) && load32(m + 4) >= MIN_MARKER_GAP &&
		    load32(m + 4) <= MAX_MARKER_GAP)
			return m;
	}
	return NULL;
}

static void find_seqs(struct iq_mem *mem, const struct places *p, struct kallsyms *k)
{
	uint64_t len = 3 * (uint64_t)p->num;
	iq_vaddr tries[] = {
		p->after_offsets,
		p->after_offsets ? align8(p->after_offsets) : 0,
		/* between markers and tokens */
		p->token_table - align8(len),
		p->token_table - len,
	};
	uint8_t first[3 * 16];

	for (size_t i = 0; i < IQ_ARRAY_SIZE(tries); i++) {
		const void *seqs;
		struct iq_error *err;
		bool ok = tries[i] && len >= sizeof(first) &&
			  iq_mem_peek(mem, tries[i], first, sizeof(first));

		for (size_t j = 0; ok && j < sizeof(first); j += 3)
			ok = ((uint32_t)first[j] << 16 | (uint32_t)first[j + 1] << 8 |
			      first[j + 2]) < p->num;
		if (!ok)
			continue;
		err = iq_mem_view(mem, tries[i], len, &seqs);
		if (err)
			iq_error_free(err);
		else if (kallsyms_use_seqs(k, seqs))
			return;
	}
}

static struct iq_error *take(struct iq_mem *mem, const struct places *p, iq_vaddr stext,
			     struct kallsyms *k)
{
	struct kallsyms_tables t = {
		.num = p->num,
		.offsets_addr = p->offsets,
		.need_markers = p->markers,
		.has_base = p->has_base,
		.relative_base = p->relative_base,
	};
	const void *names, *offsets;
	struct iq_error *err;
	uint64_t ends[2];

	if (!p->num || p->num > KALLSYMS_MAX_SYMS || p->token_table <= p->names ||
	    p->token_index <= p->token_table || p->token_table - p->names > MAX_NAMES ||
	    p->token_index - p->token_table > MAX_TOKENS)
		return iq_error_new(IQ_ERR_CORRUPT,
				    "kallsyms: %u names at %#" PRIx64 ", tokens at %#" PRIx64
				    " and %#" PRIx64,
				    p->num, p->names, p->token_table, p->token_index);
	err = iq_mem_view(mem, p->names, p->token_index - p->names + TOKEN_INDEX_LEN, &names);
	if (!err)
		err = iq_mem_view(mem, p->offsets, 4 * (size_t)p->num, &offsets);
	if (err)
		return iq_error_prefix(err, "kallsyms");
	t.names = names;
	t.names_len = p->token_table - p->names;
	t.token_table = t.names + (p->token_table - p->names);
	t.token_table_len = p->token_index - p->token_table;
	t.token_index = t.names + (p->token_index - p->names);
	t.offsets = offsets;
	ends[0] = t.names_len;
	ends[1] = t.names_len - IQ_MIN(t.names_len, align8(3 * (uint64_t)p->num));
	if (p->markers)
		t.markers = t.names + (p->markers - p->names);
	else
		t.markers = find_markers(t.names, t.names_len, ends, 2, num_markers(p->num));
	err = kallsyms_init(k, &t, stext);
	if (!err)
		find_seqs(mem, p, k);
	return err;
}

/* ---- by VMCOREINFO ---- */

struct iq_error *kallsyms_find_named(struct iq_mem *mem, iq_vaddr stext, struct kallsyms *k)
{
	const struct iq_target *target = iq_mem_target(mem);
	struct places p = { 0 };
	iq_vaddr num_syms = 0, base = 0;
	struct iq_error *err;
	const struct {
		const char *key;
		iq_vaddr *place;
	} keys[] = {
		{ "SYMBOL(kallsyms_names)", &p.names },
		{ "SYMBOL(kallsyms_num_syms)", &num_syms },
		{ "SYMBOL(kallsyms_token_table)", &p.token_table },
		{ "SYMBOL(kallsyms_token_index)", &p.token_index },
		{ "SYMBOL(kallsyms_offsets)", &p.offsets },
	};

	for (size_t i = 0; i < IQ_ARRAY_SIZE(keys); i++) {
		err = iq_target_vmcoreinfo_u64(target, keys[i].key, keys[i].place);
		if (err)
			return err;
	}
	err = iq_mem_read(mem, num_syms, &p.num, sizeof(p.num));
	if (err)
		return iq_error_prefix(err, "kallsyms_num_syms");
	p.after_offsets = p.offsets + 4 * (uint64_t)p.num;
	err = iq_target_vmcoreinfo_u64(target, "SYMBOL(kallsyms_relative_base)", &base);
	if (!err) {
		err = iq_mem_read(mem, base, &p.relative_base, sizeof(p.relative_base));
		if (err)
			return iq_error_prefix(err, "kallsyms_relative_base");
		p.has_base = true;
		if (base >= p.after_offsets && base <= align8(p.after_offsets))
			p.after_offsets = base + sizeof(p.relative_base);
	} else if (!iq_error_catch(&err, IQ_ERR_NOTFOUND)) {
		return err;
	}
	return take(mem, &p, stext, k);
}

/* ---- by shape ---- */

static bool looks_like_token_index(const uint8_t *p)
{
	uint16_t v[KALLSYMS_TOKENS];

	memcpy(v, p, 8);
	if (v[0] || v[1] < 1 || v[1] > 64 || v[2] <= v[1] || v[3] <= v[2])
		return false;
	memcpy(v, p, sizeof(v));
	for (unsigned i = 1; i < KALLSYMS_TOKENS; i++)
		if (v[i] <= v[i - 1] || v[i] - v[i - 1] > 512)
			return false;
	return v[KALLSYMS_TOKENS - 1] < MAX_TOKENS;
}

/* Are these the strings that the index counts? */
static bool token_table_fits(const uint8_t *table, size_t len, const uint8_t *token_index)
{
	uint16_t v[KALLSYMS_TOKENS];

	memcpy(v, token_index, sizeof(v));
	for (unsigned i = 1; i < KALLSYMS_TOKENS; i++)
		if (v[i] > len || strnlen((const char *)table + v[i - 1], len - v[i - 1]) !=
					  (size_t)(v[i] - v[i - 1] - 1))
			return false;
	return true;
}

static bool find_token_table(struct iq_mem *mem, iq_vaddr token_index, const uint8_t *index,
			     iq_vaddr *table_ret)
{
	uint8_t buf[MAX_TOKENS];
	uint16_t last;
	size_t len;

	memcpy(&last, index + TOKEN_INDEX_LEN - 2, sizeof(last));
	len = IQ_MIN(align8(last + 600), sizeof(buf));
	if (!iq_mem_peek(mem, token_index - len, buf, len))
		return false;
	for (size_t back = (last + 5) & ~(size_t)3; back <= len; back += 4) {
		if (token_table_fits(buf + len - back, back, index)) {
			*table_ret = token_index - back;
			return true;
		}
	}
	return false;
}

/* How many markers end where the token table begins; where the first is. */
static bool walk_markers(struct iq_mem *mem, iq_vaddr token_table, iq_vaddr *first_ret,
			 uint32_t *last_ret, size_t *num_ret)
{
	enum { MAX_MARKERS = KALLSYMS_MAX_SYMS / 256 };
	iq_vaddr at = token_table;
	uint32_t above = 0, v;
	size_t num = 0;

	while (num < MAX_MARKERS) {
		at -= 4;
		if (!iq_mem_peek(mem, at, &v, sizeof(v)))
			return false;
		if (!v && !num && at == token_table - 4)
			continue; /* padding */
		if (!num)
			*last_ret = v;
		else if (v >= above || above - v < MIN_MARKER_GAP || above - v > MAX_MARKER_GAP)
			return false;
		num++;
		if (!v) {
			*first_ret = at;
			*num_ret = num;
			return num > 1;
		}
		above = v;
	}
	return false;
}

/* Read what can be read of a chunk; pages that are not there become 0xff, which no index contains.
 */
static void read_chunk(struct iq_mem *mem, iq_vaddr addr, uint8_t *buf, size_t len)
{
	enum { PAGE = 4096 };

	if (iq_mem_peek(mem, addr, buf, len))
		return;
	for (size_t off = 0, part; off < len; off += part) {
		part = IQ_MIN(len - off, PAGE - (addr + off) % PAGE);
		if (!iq_mem_peek(mem, addr + off, buf + off, part))
			memset(buf + off, 0xff, part);
	}
}

static bool try_take(struct iq_mem *mem, const struct places *p, iq_vaddr stext, struct kallsyms *k)
{
	struct iq_error *err;

	/* The base is the lowest address of the image, or near it. */
	if (p->has_base && p->relative_base - (stext - MAX_IMAGE) > 2 * (uint64_t)MAX_IMAGE)
		return false;
	err = take(mem, p, stext, k);
	iq_error_free(err);
	return !err;
}

/* Offsets, base, number, names ...; the number is at num_at, of which there are 24 bytes in front
 * of num. */
static bool take_before(struct iq_mem *mem, struct places p, iq_vaddr stext, const uint8_t *num,
			iq_vaddr num_at, struct kallsyms *k)
{
	p.has_base = true;
	/* What is not aligned to 8 needs no padding in front of what is. */
	for (size_t back = 8; back <= 12; back += 4) {
		memcpy(&p.relative_base, num - back, sizeof(p.relative_base));
		for (size_t pad = 0; pad <= 4; pad += 4) {
			p.offsets = num_at - back - pad - 4 * (uint64_t)p.num;
			if (try_take(mem, &p, stext, k))
				return true;
		}
	}
	return false;
}

/* ... token index, offsets, and a base or none */
static bool take_behind(struct iq_mem *mem, struct places p, iq_vaddr stext, struct kallsyms *k)
{
	iq_vaddr end;

	p.offsets = p.token_index + TOKEN_INDEX_LEN;
	end = p.offsets + 4 * (uint64_t)p.num;
	for (size_t pad = 0; pad <= 4; pad += 4) {
		p.has_base = iq_mem_peek(mem, end + pad, &p.relative_base, sizeof(p.relative_base));
		p.after_offsets = end + pad + sizeof(p.relative_base);
		if (p.has_base && try_take(mem, &p, stext, k))
			return true;
	}
	p.has_base = false;
	p.after_offsets = end;
	return try_take(mem, &p, stext, k);
}

/* The tables in front of and behind a token index and its strings. */
static struct iq_error *take_around(struct iq_mem *mem, struct places p, iq_vaddr stext,
				    struct kallsyms *k)
{
	enum { MAX_LAST_NAMES = 32 << 10 };
	_cleanup_free_ uint8_t *head = NULL;
	iq_vaddr lowest;
	uint32_t last, num;
	size_t n;

	if (!walk_markers(mem, p.token_table, &p.markers, &last, &n))
		return iq_error_new(IQ_ERR_NOTFOUND, "no markers");
	/* Behind the last marker come at most 256 names; in front of the names stands their number.
	 */
	lowest = ((p.markers - last) & ~(iq_vaddr)3) - MAX_LAST_NAMES;
	head = iq_xmalloc(MAX_LAST_NAMES);
	read_chunk(mem, lowest, head, MAX_LAST_NAMES);
	for (size_t at = MAX_LAST_NAMES; at >= 32; at -= 4) {
		for (size_t back = 4; back <= 8; back += 4) {
			num = load32(head + at - back);
			if (num_markers(num) != n || num > KALLSYMS_MAX_SYMS)
				continue;
			p.names = lowest + at;
			p.num = num;
			if (take_before(mem, p, stext, head + at - back, lowest + at - back, k) ||
			    take_behind(mem, p, stext, k))
				return NULL;
		}
	}
	return iq_error_new(IQ_ERR_NOTFOUND, "no names");
}

/* Search [start, start + CHUNK) for token indexes; what begins in it may end behind it. */
static bool search_chunk(struct iq_mem *mem, iq_vaddr start, iq_vaddr stext, uint8_t *buf,
			 struct kallsyms *k)
{
	read_chunk(mem, start, buf, CHUNK + TOKEN_INDEX_LEN);
	for (size_t off = 0; off < CHUNK; off += 4) {
		struct places p = { .token_index = start + off };
		struct iq_error *err;

		if (buf[off] | buf[off + 1] || !looks_like_token_index(buf + off) ||
		    !find_token_table(mem, p.token_index, buf + off, &p.token_table))
			continue;
		err = take_around(mem, p, stext, k);
		if (!err)
			return true;
		iq_error_free(err);
	}
	return false;
}

struct iq_error *kallsyms_find_shape(struct iq_mem *mem, iq_vaddr stext, struct kallsyms *k)
{
	_cleanup_free_ uint8_t *buf = iq_xmalloc(CHUNK + TOKEN_INDEX_LEN);
	const struct iq_mem_layout *layout = iq_mem_layout(mem);
	iq_vaddr end = layout->image_end, data = 0;
	struct iq_error *err;

	if (end <= stext || end - stext > MAX_IMAGE)
		end = stext + MAX_IMAGE / 4;
	/*
	 * The tables are in read-only data, above the code and below this table: going down from it
	 * gets there first.
	 */
	err = iq_target_vmcoreinfo_u64(iq_mem_target(mem), "SYMBOL(swapper_pg_dir)", &data);
	iq_error_free(err);
	if (data <= stext || data >= end)
		data = stext;
	data &= ~(iq_vaddr)4095;
	for (iq_vaddr at = data; at > stext;) {
		at = at - stext > CHUNK ? at - CHUNK : stext;
		if (search_chunk(mem, at, stext, buf, k))
			return NULL;
	}
	for (iq_vaddr at = data; at < end; at += CHUNK)
		if (search_chunk(mem, at, stext, buf, k))
			return NULL;
	return iq_error_new(IQ_ERR_NOTFOUND,
			    "no kallsyms tables between %#" PRIx64 " and %#" PRIx64, stext, end);
}

struct iq_error *kallsyms_find(struct iq_mem *mem, struct kallsyms *k)
{
	struct iq_error *err, *named;
	iq_vaddr stext;

	err = iq_target_vmcoreinfo_u64(iq_mem_target(mem), "SYMBOL(_stext)", &stext);
	if (err)
		return err;
	named = kallsyms_find_named(mem, stext, k);
	if (!named)
		return NULL;
	err = kallsyms_find_shape(mem, stext, k);
	if (!err || named->code == IQ_ERR_NOTFOUND) {
		iq_error_free(named);
		return err;
	}
	/* It was named, and is broken: that tells more than not to have found it again. */
	iq_error_free(err);
	return named;
}
