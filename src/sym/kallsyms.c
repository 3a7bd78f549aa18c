/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Decoding kallsyms
 *
 * scripts/kallsyms.c builds these tables into the kernel image, the symbols in the
 * order of their addresses:
 *
 *   names	  of each symbol a length (one byte; two since v6.1 where the first has
 *		  its top bit set), then so many token numbers of a byte each
 *   token_table  256 strings; a name is its tokens' strings one behind the other,
 *		  and its first character is nm's letter for the kind
 *   token_index  where each of the strings begins
 *   markers	  where every 256th name begins
 *   offsets	  the addresses, in one of three encodings:
 *		   - not negative: absolute (per-CPU offsets); negative: relative_base - 1 - offset
 *		   - relative_base + offset, unsigned
 *		   - the entry's own address + offset
 *   seqs_of_names  numbers of symbols, three bytes each, big end first, in the order of
 *		  their names (since v6.2)
 *
 * Which encoding it is nobody says. One of them gives the symbol named _stext the
 * address that VMCOREINFO says it has.
 *
 * Names are found by bisection where the kernel brings seqs_of_names. Where it does
 * not, one pass over all names makes an index of hashes. The hash is one that can be
 * put together from the tokens' hashes, so that no name is spelt out for it: with
 * hash(ab) = hash(a) * B^len(b) + hash(b) a token costs a multiplication and an addition.
 */
#include "sym/kallsyms.h"

enum {
	MARKER_STEP = 256,
	ID_BITS = 24,	  /* of an index slot: the symbol's number + 1; the rest is of the hash */
	MAX_ALIASES = 64, /* of _stext */
};

static const uint32_t BROKEN = UINT32_MAX; /* a marker: the names behind it are not to be used */

static const uint64_t hash_base = 0x100000001b3;

static uint32_t load32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* ---- names ---- */

/* The length at *off, which moves to the first token. */
static inline bool name_len(const uint8_t *names, size_t len, size_t *off, size_t *len_ret)
{
	size_t n;

	if (*off >= len)
		return false;
	n = names[(*off)++];
	if (n & 0x80) {
		if (*off >= len)
			return false;
		n = (n & 0x7f) | (size_t)names[(*off)++] << 7;
	}
	*len_ret = n;
	return n <= len - *off;
}

bool kallsyms_skip(const uint8_t *names, size_t len, size_t *off)
{
	size_t n;

	if (!name_len(names, len, off, &n) || !n)
		return false;
	*off += n;
	return true;
}

bool kallsyms_name_next(const struct kallsyms *k, size_t *off, char *buf, char *kind_ret)
{
	size_t len, used = 0, end;
	bool first = true;

	if (!name_len(k->t.names, k->t.names_len, off, &len))
		return false;
	end = *off + len;
	for (; *off < end; ++*off) {
		const struct kallsyms_token *token = &k->tokens[k->t.names[*off]];
		/* The very first character is the kind. */
		size_t skip = first;

		if (token->len < skip || token->len - skip >= KALLSYMS_NAME_MAX - used)
			return false;
		if (first)
			*kind_ret = token->str[0];
		memcpy(buf + used, token->str + skip, token->len - skip);
		used += token->len - skip;
		first = false;
	}
	buf[used] = '\0';
	return !first;
}

bool kallsyms_name(const struct kallsyms *k, uint32_t n, char *buf, char *kind_ret)
{
	size_t off;

	if (n >= k->t.num)
		return false;
	off = k->markers[n / MARKER_STEP];
	if (off == BROKEN)
		return false;
	for (uint32_t i = n % MARKER_STEP; i; i--)
		if (!kallsyms_skip(k->t.names, k->t.names_len, &off))
			return false;
	return kallsyms_name_next(k, &off, buf, kind_ret);
}

static struct iq_error *init_tokens(struct kallsyms *k)
{
	for (unsigned i = 0; i < KALLSYMS_TOKENS; i++) {
		struct kallsyms_token *token = &k->tokens[i];
		uint16_t at;

		memcpy(&at, k->t.token_index + 2 * i, sizeof(at));
		if (at >= k->t.token_table_len)
			return iq_error_new(IQ_ERR_CORRUPT, "kallsyms: token %u at %u of %zu bytes",
					    i, at, k->t.token_table_len);
		token->str = (const char *)k->t.token_table + at;
		token->len = strnlen(token->str, k->t.token_table_len - at);
		if (token->len == k->t.token_table_len - at)
			return iq_error_new(IQ_ERR_CORRUPT, "kallsyms: token %u has no end", i);
		token->power = 1;
		for (size_t j = 0; j < token->len; j++) {
			unsigned char c = (unsigned char)token->str[j];

			token->hash = token->hash * hash_base + c;
			token->power *= hash_base;
			if (j)
				token->first_hash = token->first_hash * hash_base + c;
		}
	}
	return NULL;
}

/* Are the kernel's markers what walking over the names gives? Looks at some. */
static bool markers_hold(const struct kallsyms *k, size_t num)
{
	const uint8_t *m = k->t.markers;

	if (load32(m))
		return false;
	for (size_t i = 1; i < num; i++)
		if (load32(m + 4 * i) <= load32(m + 4 * (i - 1)) ||
		    load32(m + 4 * i) >= k->t.names_len)
			return false;
	for (size_t i = 0; i + 1 < num; i += 1 + num / 8) {
		size_t off = load32(m + 4 * i);

		for (unsigned j = 0; j < MARKER_STEP; j++)
			if (!kallsyms_skip(k->t.names, k->t.names_len, &off))
				return false;
		if (off != load32(m + 4 * (i + 1)))
			return false;
	}
	return true;
}

/*
 * Some names are damaged: what lies between two of the kernel's markers counts if walking over it
 * leads from one to the other. Otherwise names would get the addresses of their neighbours.
 * False: less than half of the table is left.
 */
static bool keep_sound_blocks(struct kallsyms *k, size_t num)
{
	_cleanup_free_ uint32_t *markers = iq_xmalloc(num * sizeof(uint32_t));
	size_t sound = 0;

	for (size_t i = 0; i < num; i++) {
		size_t off = load32(k->t.markers + 4 * i);
		bool last = i + 1 == num;
		uint32_t names = last ? k->t.num - (uint32_t)i * MARKER_STEP : MARKER_STEP;

		markers[i] = (uint32_t)off;
		while (names && off < k->t.names_len &&
		       kallsyms_skip(k->t.names, k->t.names_len, &off))
			names--;
		if (names || (!last && off != load32(k->t.markers + 4 * (i + 1))))
			markers[i] = BROKEN;
		else
			sound++;
	}
	if (sound <= num / 2)
		return false;
	k->damaged = sound < num;
	memcpy(k->markers, markers, num * sizeof(uint32_t));
	return true;
}

static struct iq_error *init_markers(struct kallsyms *k)
{
	size_t num = ((size_t)k->t.num + MARKER_STEP - 1) / MARKER_STEP;
	size_t off = 0;

	k->markers = iq_xmalloc(num * sizeof(uint32_t));
	if (k->t.markers && markers_hold(k, num)) {
		memcpy(k->markers, k->t.markers, num * sizeof(uint32_t));
		return NULL;
	}
	if (k->t.need_markers)
		return iq_error_new(IQ_ERR_CORRUPT, "kallsyms: markers do not hold");
	for (uint32_t n = 0; n < k->t.num; n++) {
		if (n % MARKER_STEP == 0)
			k->markers[n / MARKER_STEP] = (uint32_t)off;
		if (kallsyms_skip(k->t.names, k->t.names_len, &off))
			continue;
		if (k->t.markers && keep_sound_blocks(k, num))
			return NULL;
		return iq_error_new(
			IQ_ERR_CORRUPT,
			"kallsyms: %u names do not fit in %zu bytes: the memory is damaged "
			"there; try another dump of this machine",
			k->t.num, k->t.names_len);
	}
	/* Damage may shift all names that come behind it. */
	if (k->t.markers && k->markers[num - 1] != load32(k->t.markers + 4 * (num - 1)))
		keep_sound_blocks(k, num);
	return NULL;
}

/* ---- addresses ---- */

iq_vaddr kallsyms_addr(const struct kallsyms *k, uint32_t n)
{
	int64_t offset = (int32_t)load32(k->t.offsets + 4 * (size_t)n);

	switch (k->encoding) {
	case KALLSYMS_PERCPU_ABSOLUTE:
		return offset >= 0 ? (iq_vaddr)offset : k->t.relative_base - 1 - (uint64_t)offset;
	case KALLSYMS_RELATIVE:
		return k->t.relative_base + (uint32_t)offset;
	case KALLSYMS_PLACE:
		return k->t.offsets_addr + 4 * (uint64_t)n + (uint64_t)offset;
	default:
		return 0;
	}
}

uint32_t kallsyms_above(const struct kallsyms *k, iq_vaddr addr)
{
	uint32_t low = 0, high = k->t.num;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (kallsyms_addr(k, mid) <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

bool kallsyms_by_addr(const struct kallsyms *k, iq_vaddr addr, uint32_t *n_ret)
{
	uint32_t above = kallsyms_above(k, addr);
	iq_vaddr found;

	if (!above)
		return false;
	found = kallsyms_addr(k, above - 1);
	/* Aliases are few, but for the thousands of names that stand for an empty string. */
	for (*n_ret = above - 1; *n_ret && above - *n_ret < 8; --*n_ret)
		if (kallsyms_addr(k, *n_ret - 1) != found)
			return true;
	*n_ret = found ? kallsyms_above(k, found - 1) : 0;
	return true;
}

static bool encoding_holds(const struct kallsyms *k, iq_vaddr stext)
{
	char name[KALLSYMS_NAME_MAX], kind;
	uint32_t step = k->t.num / 64 + 1, n, wrong = 0;

	for (uint32_t i = step; i < k->t.num; i += step)
		wrong += kallsyms_addr(k, i) < kallsyms_addr(k, i - step);
	if (wrong > (k->damaged ? 8 : 0))
		return false;
	if (!kallsyms_by_addr(k, stext, &n))
		return false;
	for (unsigned i = 0; i < MAX_ALIASES && n < k->t.num && kallsyms_addr(k, n) == stext;
	     i++, n++)
		if (kallsyms_name(k, n, name, &kind) && !strcmp(name, "_stext"))
			return true;
	return false;
}

static struct iq_error *find_encoding(struct kallsyms *k, iq_vaddr stext)
{
	for (int e = KALLSYMS_PERCPU_ABSOLUTE; e <= KALLSYMS_PLACE; e++) {
		k->encoding = (enum kallsyms_encoding)e;
		if ((k->t.has_base || e == KALLSYMS_PLACE) && encoding_holds(k, stext))
			return NULL;
	}
	k->encoding = KALLSYMS_UNKNOWN;
	return iq_error_new(IQ_ERR_CORRUPT,
			    "kallsyms: no known encoding of addresses puts _stext at %#" PRIx64,
			    stext);
}

/* ---- by name ---- */

static uint32_t seq(const struct kallsyms *k, uint32_t i)
{
	const uint8_t *p = k->seqs + 3 * (size_t)i;

	return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

bool kallsyms_use_seqs(struct kallsyms *k, const uint8_t *seqs)
{
	char a[KALLSYMS_NAME_MAX] = "", b[KALLSYMS_NAME_MAX], kind;
	uint32_t step = k->t.num / 64 + 1;

	/* Bisecting would lose its way. */
	if (k->damaged)
		return false;
	/* Looked at here and there; of one name the lower symbol comes first. */
	k->seqs = seqs;
	for (uint32_t i = 0, before = 0; i < k->t.num; i += step) {
		uint32_t n = seq(k, i);
		int order;

		if (!kallsyms_name(k, n, b, &kind)) {
			k->seqs = NULL;
			return false;
		}
		order = strcmp(a, b);
		if (order > 0 || (i && !order && n <= before)) {
			k->seqs = NULL;
			return false;
		}
		strcpy(a, b);
		before = n;
	}
	return true;
}

static bool bisect_name(const struct kallsyms *k, const char *name, uint32_t *n_ret)
{
	uint32_t low = 0, high = k->t.num; /* the first that is not below name is in [low, high] */
	char buf[KALLSYMS_NAME_MAX], kind;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (!kallsyms_name(k, seq(k, mid), buf, &kind))
			return false;
		if (strcmp(buf, name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == k->t.num || !kallsyms_name(k, seq(k, low), buf, &kind) || strcmp(buf, name))
		return false;
	*n_ret = seq(k, low);
	return true;
}

static uint64_t finish_hash(uint64_t h)
{
	h ^= h >> 32;
	return h * 0x9e3779b97f4a7c15;
}

static uint32_t hash_slot(const struct kallsyms *k, uint64_t h)
{
	return (uint32_t)(h >> 32) & k->index_mask;
}

static uint32_t hash_tag(uint64_t h)
{
	return (uint32_t)(h & 0xff) << ID_BITS;
}

static void make_index(struct kallsyms *k)
{
	size_t off = 0, len;

	k->index_mask = 1023;
	while (k->index_mask < k->t.num + k->t.num / 2)
		k->index_mask = k->index_mask * 2 + 1;
	k->index = iq_xcalloc((size_t)k->index_mask + 1, sizeof(uint32_t));
	for (uint32_t n = 0; n < k->t.num; n++) {
		const struct kallsyms_token *token;
		const uint8_t *p;
		uint64_t h;
		uint32_t i;

		if (n % MARKER_STEP == 0)
			off = k->markers[n / MARKER_STEP];
		if (off == BROKEN) {
			n += MARKER_STEP - 1;
			continue;
		}
		if (!name_len(k->t.names, k->t.names_len, &off, &len) || !len)
			return; /* what comes behind cannot be told apart any more */
		p = k->t.names + off;
		h = k->tokens[p[0]].first_hash;
		for (size_t j = 1; j < len; j++) {
			token = &k->tokens[p[j]];
			h = h * token->power + token->hash;
		}
		off += len;
		h = finish_hash(h);
		i = hash_slot(k, h);
		while (k->index[i])
			i = (i + 1) & k->index_mask;
		k->index[i] = hash_tag(h) | (n + 1);
	}
}

static bool look_up_name(const struct kallsyms *k, const char *name, uint32_t *n_ret)
{
	char buf[KALLSYMS_NAME_MAX], kind;
	uint64_t h = 0;

	for (const char *p = name; *p; p++)
		h = h * hash_base + (unsigned char)*p;
	h = finish_hash(h);
	for (uint32_t i = hash_slot(k, h); k->index[i]; i = (i + 1) & k->index_mask) {
		uint32_t n = (k->index[i] & ((1 << ID_BITS) - 1)) - 1;

		if (k->index[i] >> ID_BITS != hash_tag(h) >> ID_BITS)
			continue;
		if (kallsyms_name(k, n, buf, &kind) && !strcmp(buf, name)) {
			*n_ret = n;
			return true;
		}
	}
	return false;
}

bool kallsyms_by_name(struct kallsyms *k, const char *name, uint32_t *n_ret)
{
	if (k->seqs)
		return bisect_name(k, name, n_ret);
	if (!k->index)
		make_index(k);
	return look_up_name(k, name, n_ret);
}

/* ---- */

struct iq_error *kallsyms_init(struct kallsyms *k, const struct kallsyms_tables *tables,
			       iq_vaddr stext)
{
	struct iq_error *err;

	*k = (struct kallsyms){ .t = *tables };
	if (!k->t.num || k->t.num > KALLSYMS_MAX_SYMS)
		return iq_error_new(IQ_ERR_CORRUPT, "kallsyms: %u symbols", k->t.num);
	if (k->t.names_len > UINT32_MAX)
		return iq_error_new(IQ_ERR_CORRUPT, "kallsyms: %zu bytes of names", k->t.names_len);
	err = init_tokens(k);
	if (!err)
		err = init_markers(k);
	if (!err)
		err = find_encoding(k, stext);
	if (err)
		kallsyms_deinit(k);
	return err;
}

void kallsyms_deinit(struct kallsyms *k)
{
	free(k->markers);
	free(k->index);
	*k = (struct kallsyms){ 0 };
}
