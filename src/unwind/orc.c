/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ORC tables
 *
 * The kernel carries two arrays: .orc_unwind_ip, sorted offsets of code addresses (each
 * relative to its own place), and .orc_unwind, what to do from that address on. Entry i holds
 * for orc_ip(i) <= pc < orc_ip(i + 1); of several with the same address the last one
 * (arch/x86/kernel/unwind_orc.c, __orc_find()). A third array, orc_lookup, says for each 256
 * bytes of code where to start. Modules have the first two.
 *
 * An entry (struct orc_entry, arch/x86/include/asm/orc_types.h) has 6 bytes: two offsets of 16
 * bits, and bit fields. Four versions exist:
 *
 *	since 4.14  sp_reg:4 bp_reg:4 type:2 end:1
 *	since 6.3   sp_reg:4 bp_reg:4 type:2 signal:1 end:1
 *	since 6.4   sp_reg:4 bp_reg:4 type:3 signal:1, and types of their own for
 *		    "undefined" and "end of stack"
 *	since 7.1   the same with other register numbers
 *
 * The places of the fields are in BTF. The register numbers are macros and are not: they are
 * told by the hash of the format that newer kernels carry (.orc_header), or by what is most
 * frequent, and then tried on the first instruction of functions that we know, where the
 * answer is always the same. orc_decode() rewrites what it reads to the types of 6.4 and the
 * registers before 7.1, so that the rest of this folder knows only one version.
 *
 * Nothing is copied: the few entries that are asked for are read through the memory's cache.
 */
#include "unwind/orc.h"

enum { LOOKUP_BLOCK = 256, MAX_ENTRIES = 16 << 20, MAX_MODULE_ENTRIES = 4 << 20 };

const struct orc_format orc_format_4_14 = { 32, 36, 40, 2, 0, 42, false, "4.14" };
const struct orc_format orc_format_6_3 = { 32, 36, 40, 2, 42, 43, false, "6.3" };
const struct orc_format orc_format_6_4 = { 32, 36, 40, 3, 43, 0, false, "6.4" };
const struct orc_format orc_format_7_1 = { 32, 36, 40, 3, 43, 0, true, "7.1" };

/* .orc_header of kernels that were looked at; the hash changes with orc_types.h. */
static const struct {
	uint8_t hash[20];
	const struct orc_format *format;
} known_headers[] = {
	{ { 0xfe, 0x5d, 0x32, 0xbf, 0x58, 0x1b, 0xd6, 0x3b, 0x2c, 0xa9,
	    0xc5, 0xa6, 0x5b, 0xa5, 0xa6, 0x25, 0xea, 0xb3, 0xfe, 0x24 },
	  &orc_format_6_4 }, /* 6.12 */
	{ { 0x13, 0x7c, 0x36, 0xad, 0x76, 0x27, 0xc4, 0xdd, 0x55, 0x93,
	    0x21, 0x76, 0xbb, 0x0e, 0xcd, 0xbd, 0x50, 0x41, 0xfc, 0x82 },
	  &orc_format_7_1 }, /* 7.3 */
};

static unsigned bits_at(uint64_t entry, unsigned at, unsigned num)
{
	return (unsigned)(entry >> at) & ((1u << num) - 1);
}

static uint64_t entry_word(const uint8_t entry[ORC_ENTRY_LEN])
{
	uint64_t word = 0;

	for (unsigned i = 0; i < ORC_ENTRY_LEN; i++)
		word |= (uint64_t)entry[i] << (8 * i);
	return word;
}

static enum orc_reg reg_of(const struct orc_format *f, unsigned number)
{
	static const uint8_t since_7_1[] = {
		ORC_REG_UNDEFINED, ORC_REG_AX,		ORC_REG_DX,	     ORC_REG_SP,
		ORC_REG_BP,	   ORC_REG_DI,		ORC_REG_R10,	     ORC_REG_R13,
		ORC_REG_PREV_SP,   ORC_REG_SP_INDIRECT, ORC_REG_BP_INDIRECT,
	};

	if (f->renumbered)
		return number < IQ_ARRAY_SIZE(since_7_1) ? since_7_1[number] : ORC_REG_BAD;
	return number <= ORC_REG_SP_INDIRECT ? (enum orc_reg)number : ORC_REG_BAD;
}

struct orc_rule orc_decode(const struct orc_format *f, const uint8_t entry[ORC_ENTRY_LEN])
{
	uint64_t word = entry_word(entry);
	unsigned type = bits_at(word, f->type, f->type_bits);
	struct orc_rule rule = {
		.sp_offset = (int16_t)bits_at(word, 0, 16),
		.bp_offset = (int16_t)bits_at(word, 16, 16),
		.sp_reg = reg_of(f, bits_at(word, f->sp_reg, 4)),
		.bp_reg = reg_of(f, bits_at(word, f->bp_reg, 4)),
	};

	if (f->type_bits >= 3) {
		rule.type = type <= ORC_TYPE_REGS_PARTIAL ? (uint8_t)type : ORC_TYPE_UNDEFINED;
	} else if (rule.sp_reg == ORC_REG_UNDEFINED) {
		/* Before 6.4 that said "undefined", and with `end` the end of the stack. */
		rule.type = f->end && bits_at(word, f->end, 1) ? ORC_TYPE_END_OF_STACK
							       : ORC_TYPE_UNDEFINED;
	} else {
		/* Type 3 was for the return address of a function's caller, in objtool only. */
		rule.type = type < 3 ? (uint8_t)(ORC_TYPE_CALL + type) : ORC_TYPE_UNDEFINED;
	}
	/* Before 6.3 it followed from the type. */
	rule.signal = f->signal ? bits_at(word, f->signal, 1)
				: rule.type == ORC_TYPE_REGS || rule.type == ORC_TYPE_REGS_PARTIAL;
	if (rule.sp_reg == ORC_REG_BAD || rule.bp_reg == ORC_REG_BAD)
		rule.type = ORC_TYPE_UNDEFINED;
	return rule;
}

/* ---- lookup ---- */

static bool ip_at(const struct orc *orc, const struct orc_table *t, uint32_t i, iq_vaddr *pc_ret)
{
	iq_vaddr place = t->ip + (uint64_t)i * 4;
	int32_t offset;

	if (!iq_mem_peek(orc->mem, place, &offset, sizeof(offset)))
		return false;
	*pc_ret = place + (uint64_t)(int64_t)offset;
	return true;
}

/* The last entry in [first, last] whose address is not above pc. */
static bool search(const struct orc *orc, const struct orc_table *t, iq_vaddr pc, uint32_t first,
		   uint32_t last, uint32_t *found_ret)
{
	enum { CHUNK = 64 };
	int32_t offsets[CHUNK];
	bool found = false;
	iq_vaddr at;

	while (last - first >= CHUNK) {
		uint32_t mid = first + (last - first) / 2;

		if (!ip_at(orc, t, mid, &at))
			return false;
		if (at <= pc) {
			found = true;
			*found_ret = first = mid;
		} else {
			last = mid - 1;
		}
		if (first > last)
			return found;
	}
	if (!iq_mem_peek(orc->mem, t->ip + (uint64_t)first * 4, offsets,
			 (last - first + 1) * sizeof(*offsets)))
		return false;
	for (uint32_t i = first; i <= last; i++) {
		at = t->ip + (uint64_t)i * 4 + (uint64_t)(int64_t)offsets[i - first];
		if (at > pc)
			break;
		*found_ret = i;
		found = true;
	}
	return found;
}

/* Is i the entry for pc: not above it, and the next one is? */
static bool covers(const struct orc *orc, const struct orc_table *t, uint32_t i, iq_vaddr pc)
{
	iq_vaddr at, next = 0;

	if (!ip_at(orc, t, i, &at) || at > pc)
		return false;
	return i + 1 == t->num || (ip_at(orc, t, i + 1, &next) && next > pc);
}

static bool lookup(const struct orc *orc, iq_vaddr pc, uint32_t *found_ret)
{
	uint32_t range[2];
	uint64_t block;

	if (!orc->num_lookup || pc < orc->lookup_start || pc >= orc->lookup_stop)
		return false;
	block = (pc - orc->lookup_start) / LOOKUP_BLOCK;
	if (block + 1 >= orc->num_lookup ||
	    !iq_mem_peek(orc->mem, orc->lookup + block * sizeof(*range), range, sizeof(range)))
		return false;
	if (range[0] > range[1] || range[1] >= orc->kernel.num)
		return false;
	return search(orc, &orc->kernel, pc, range[0], range[1], found_ret) &&
	       covers(orc, &orc->kernel, *found_ret, pc);
}

static const struct orc_table *module_of(const struct orc *orc, iq_vaddr pc)
{
	size_t first = 0, last = orc->modules.num;

	while (first < last) {
		size_t mid = first + (last - first) / 2;
		const struct orc_table *t = &orc->modules.data[mid];

		if (pc < t->text)
			last = mid;
		else if (pc >= t->text_end)
			first = mid + 1;
		else
			return t;
	}
	return NULL;
}

bool orc_in_module(const struct orc *orc, iq_vaddr pc)
{
	return module_of(orc, pc) != NULL;
}

static bool rule_at(const struct orc *orc, const struct orc_table *t, uint32_t i,
		    struct orc_rule *rule_ret)
{
	uint8_t entry[ORC_ENTRY_LEN];

	if (!iq_mem_peek(orc->mem, t->orc + (uint64_t)i * sizeof(entry), entry, sizeof(entry)))
		return false;
	*rule_ret = orc_decode(&orc->format, entry);
	return true;
}

bool orc_find(const struct orc *orc, iq_vaddr pc, struct orc_rule *rule_ret)
{
	const struct orc_table *t = module_of(orc, pc);
	uint32_t i;

	if (!t && lookup(orc, pc, &i))
		return rule_at(orc, &orc->kernel, i, rule_ret);
	if (!t)
		t = &orc->kernel;
	if (!t->num || pc < t->text || pc >= t->text_end)
		return false;
	return search(orc, t, pc, 0, t->num - 1, &i) && rule_at(orc, t, i, rule_ret);
}

/* ---- finding them ---- */

static bool sym_addr(struct iq_symtab *tab, const char *name, iq_vaddr *addr_ret)
{
	struct iq_sym sym;
	struct iq_error *err = iq_symtab_by_name(tab, name, &sym);

	if (err) {
		iq_error_free(err);
		return false;
	}
	*addr_ret = sym.addr;
	return true;
}

/* The bit offset of a member of struct orc_entry, and how many bits it has. */
static bool entry_field(struct iq_type type, const char *name, uint8_t *at_ret, uint8_t *bits_ret)
{
	struct iq_member m;
	struct iq_error *err = iq_type_member(type, name, &m);

	if (err) {
		iq_error_free(err);
		return false;
	}
	if (m.bit_offset < 32 || !m.bit_size || m.bit_size > 4 ||
	    m.bit_offset + m.bit_size > ORC_ENTRY_LEN * 8)
		return false;
	*at_ret = (uint8_t)m.bit_offset;
	*bits_ret = (uint8_t)m.bit_size;
	return true;
}

/* The places of the fields. False: BTF does not have them. */
static bool format_from_types(struct iq_types *types, struct orc_format *f)
{
	struct iq_type type;
	struct iq_error *err = iq_types_by_name(types, "struct orc_entry", &type);
	uint8_t bits;

	if (err) {
		iq_error_free(err);
		return false;
	}
	*f = (struct orc_format){ .version = "4.14" };
	if (iq_type_size(type) != ORC_ENTRY_LEN ||
	    !entry_field(type, "sp_reg", &f->sp_reg, &bits) || bits != 4 ||
	    !entry_field(type, "bp_reg", &f->bp_reg, &bits) || bits != 4 ||
	    !entry_field(type, "type", &f->type, &f->type_bits))
		return false;
	if (entry_field(type, "signal", &f->signal, &bits))
		f->version = f->type_bits >= 3 ? "6.4" : "6.3";
	entry_field(type, "end", &f->end, &bits);
	return true;
}

static const struct orc_format *format_by_header(struct iq_mem *mem, struct iq_symtab *tab)
{
	uint8_t hash[sizeof(known_headers[0].hash)];
	iq_vaddr addr;

	if (!sym_addr(tab, "__start_orc_header", &addr) ||
	    !iq_mem_peek(mem, addr, hash, sizeof(hash)))
		return NULL;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(known_headers); i++)
		if (!memcmp(hash, known_headers[i].hash, sizeof(hash)))
			return known_headers[i].format;
	return NULL;
}

/* Code is mostly function bodies: what is most frequent in a sample of the table. */
static bool format_by_sample(const struct orc *orc, struct orc_format *f, bool types_known)
{
	enum { NUM_CHUNKS = 8, PER_CHUNK = 256 };
	uint8_t entries[PER_CHUNK][ORC_ENTRY_LEN];
	unsigned sp[16] = { 0 }, type[8] = { 0 };
	unsigned per_chunk = IQ_MIN(orc->kernel.num, PER_CHUNK);
	unsigned num = 0;

	for (unsigned c = 0; c < NUM_CHUNKS; c++) {
		uint64_t first = (uint64_t)(orc->kernel.num - per_chunk) * c / (NUM_CHUNKS - 1);

		if (!iq_mem_peek(orc->mem, orc->kernel.orc + first * ORC_ENTRY_LEN, entries,
				 per_chunk * sizeof(*entries)))
			continue;
		for (unsigned i = 0; i < per_chunk; i++) {
			uint64_t word = entry_word(entries[i]);

			sp[bits_at(word, types_known ? f->sp_reg : 32, 4)]++;
			type[bits_at(word, 40, 3)]++;
			num++;
		}
	}
	if (!types_known)
		*f = type[ORC_TYPE_CALL] > type[0] ? orc_format_6_4 : orc_format_4_14;
	f->renumbered = sp[3] > sp[5];
	if (f->renumbered)
		f->version = orc_format_7_1.version;
	return num > 0 && IQ_MAX(sp[3], sp[5]) > num / 4;
}

/* At its first instruction a function has nothing but the return address on the stack. */
static bool format_holds(const struct orc *orc, struct iq_symtab *tab)
{
	static const char *const functions[] = {
		"schedule",	    "do_exit",	  "vfs_read",	     "vfs_write", "kernel_clone",
		"schedule_timeout", "filp_close", "wake_up_process", "do_wait",	  "mutex_lock",
	};
	unsigned good = 0, bad = 0;
	struct orc_rule rule;
	iq_vaddr pc;

	for (size_t i = 0; i < IQ_ARRAY_SIZE(functions); i++) {
		if (!sym_addr(tab, functions[i], &pc) || !orc_find(orc, pc, &rule))
			continue;
		if (rule.type == ORC_TYPE_CALL && rule.sp_reg == ORC_REG_SP && rule.sp_offset == 8)
			good++;
		else
			bad++;
	}
	return good > bad || !bad;
}

static struct iq_error *find_format(struct orc *orc, struct iq_symtab *tab, struct iq_types *types)
{
	const struct orc_format *known = format_by_header(orc->mem, tab);
	struct orc_format *f = &orc->format;
	bool types_known = types && format_from_types(types, f);

	if (known && !types_known) {
		*f = *known;
	} else if (known) {
		f->renumbered = known->renumbered;
		f->version = known->version;
	}
	if (known && format_holds(orc, tab))
		return NULL;
	if (format_by_sample(orc, f, types_known) && format_holds(orc, tab))
		return NULL;
	return iq_error_new(IQ_ERR_CORRUPT, "ORC tables are in no known format");
}

static void find_lookup(struct orc *orc, struct iq_symtab *tab)
{
	iq_vaddr end;
	uint64_t num;

	if (!sym_addr(tab, "orc_lookup", &orc->lookup) || !sym_addr(tab, "orc_lookup_end", &end) ||
	    !sym_addr(tab, "_stext", &orc->lookup_start) ||
	    !sym_addr(tab, "_etext", &orc->lookup_stop))
		return;
	num = (end - orc->lookup) / sizeof(uint32_t);
	if (end < orc->lookup || orc->lookup_stop < orc->lookup_start || num > UINT32_MAX ||
	    num < (orc->lookup_stop - orc->lookup_start) / LOOKUP_BLOCK)
		return;
	orc->num_lookup = (uint32_t)num;
}

struct iq_error *orc_init(struct orc *orc, struct iq_mem *mem, struct iq_symtab *tab,
			  struct iq_types *types)
{
	iq_vaddr ip, ip_end, entries, entries_end;
	struct orc_table *t = &orc->kernel;
	struct iq_error *err;

	*orc = (struct orc){ .mem = mem };
	if (!sym_addr(tab, "__start_orc_unwind_ip", &ip) ||
	    !sym_addr(tab, "__stop_orc_unwind_ip", &ip_end) ||
	    !sym_addr(tab, "__start_orc_unwind", &entries) ||
	    !sym_addr(tab, "__stop_orc_unwind", &entries_end))
		return iq_error_new(IQ_ERR_NOTFOUND, "no ORC tables");
	if (ip_end <= ip || (ip_end - ip) % 4 || (ip_end - ip) / 4 > MAX_ENTRIES ||
	    entries_end - entries != (ip_end - ip) / 4 * ORC_ENTRY_LEN)
		return iq_error_new(IQ_ERR_CORRUPT,
				    "ORC tables of %" PRId64 " and %" PRId64 " bytes do not fit",
				    (int64_t)(ip_end - ip), (int64_t)(entries_end - entries));
	t->ip = ip;
	t->orc = entries;
	t->num = (uint32_t)((ip_end - ip) / 4);
	t->text_end = UINT64_MAX;
	if (!ip_at(orc, t, 0, &t->text)) {
		t->num = 0;
		return iq_error_fault(ip, "ORC tables");
	}
	find_lookup(orc, tab);
	/* The last entry ends what the table says anything about. */
	if (!ip_at(orc, t, t->num - 1, &t->text_end) || t->text_end < t->text) {
		t->num = 0;
		return iq_error_new(IQ_ERR_CORRUPT, "ORC tables are not sorted");
	}
	err = find_format(orc, tab, types);
	if (err)
		t->num = 0;
	return err;
}

void orc_deinit(struct orc *orc)
{
	iq_vec_free(&orc->modules);
}

struct iq_error *orc_add_module(struct orc *orc, iq_vaddr text, uint64_t text_len, iq_vaddr ip,
				iq_vaddr entries, uint32_t num)
{
	static const uint64_t NEAR = 1 << 30;
	struct orc_table t = { text, text + text_len, ip, entries, num };
	struct iq_error *err = NULL;
	struct orc_table *at;
	iq_vaddr middle;

	if (!text_len || t.text_end < text)
		return iq_error_new(IQ_ERR_CORRUPT, "text of %" PRIu64 " bytes", text_len);
	/* Entries of init code that was freed may come first or last; none is far away. */
	if (num && (num > MAX_MODULE_ENTRIES || !ip_at(orc, &t, num / 2, &middle) ||
		    middle - text + NEAR > 2 * NEAR)) {
		t.num = 0;
		err = iq_error_new(IQ_ERR_CORRUPT, "%u ORC entries are not for its text", num);
	}
	iq_vec_push(&orc->modules, t);
	for (at = &orc->modules.data[orc->modules.num - 1];
	     at > orc->modules.data && at[-1].text > t.text; at--)
		at[0] = at[-1];
	*at = t;
	return err;
}
