/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Call frame information
 *
 * .eh_frame is a row of records: a length, an id, contents. Records with id 0 (CIE) say what
 * several functions have in common; the others (FDE) name their CIE and a range of code, and go on
 * with a program for a small machine, whose rows say for each address where the caller's registers
 * are. .eh_frame_hdr has a table of FDEs sorted by address (System V ABI, AMD64 supplement; LSB
 * core, exception frames; DWARF 5, section 6.4).
 *
 * All of it is memory of a sick machine: every length is bounded by its record's, records by
 * MAX_RECORD, programs by the record, and expressions by MAX_STEPS.
 */
#include "unwind/cfi.h"

#include <string.h>

#include "inquest/util.h"

enum {
	MAX_RECORD = 1 << 16,
	MAX_RECORDS = 1 << 18,
	MAX_STEPS = 1000,
	MAX_STATES = 16,
	MAX_STACK = 32,
	NUM_COLUMNS = 17, /* x86-64: 16 registers and the return address */
};

/* How a pointer is written down. */
enum {
	PE_OMIT = 0xff,
	PE_INDIRECT = 0x80,
	PE_PCREL = 0x10,
	PE_DATAREL = 0x30,
};

struct reader {
	const uint8_t *p, *end;
	uint64_t addr; /* of p in the target */
	bool bad;
};

static uint64_t take(struct reader *r, unsigned size)
{
	uint64_t v = 0;

	if ((size_t)(r->end - r->p) < size) {
		r->bad = true;
		r->p = r->end;
		return 0;
	}
	memcpy(&v, r->p, size);
	r->p += size;
	r->addr += size;
	return v;
}

static uint64_t take_uleb(struct reader *r)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 70; shift += 7) {
		uint8_t byte = (uint8_t)take(r, 1);

		if (shift < 64)
			v |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return v;
	}
	r->bad = true;
	return 0;
}

static int64_t take_sleb(struct reader *r)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 70; shift += 7) {
		uint8_t byte = (uint8_t)take(r, 1);

		if (shift < 64)
			v |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			if (byte & 0x40 && shift + 7 < 64)
				v |= ~(uint64_t)0 << (shift + 7);
			return (int64_t)v;
		}
	}
	r->bad = true;
	return 0;
}

static uint64_t take_pointer(const struct cfi_memory *mem, struct reader *r, unsigned encoding,
			     uint64_t data_base)
{
	uint64_t at = r->addr, v;

	if (encoding == PE_OMIT)
		return 0;
	switch (encoding & 0xf) {
	case 0x0:
	case 0x4:
	case 0xc:
		v = take(r, 8);
		break;
	case 0x1:
		v = take_uleb(r);
		break;
	case 0x2:
		v = take(r, 2);
		break;
	case 0x3:
		v = take(r, 4);
		break;
	case 0x9:
		v = (uint64_t)take_sleb(r);
		break;
	case 0xa:
		v = (uint64_t)(int64_t)(int16_t)take(r, 2);
		break;
	case 0xb:
		v = (uint64_t)(int64_t)(int32_t)take(r, 4);
		break;
	default:
		r->bad = true;
		return 0;
	}
	if ((encoding & 0x70) == PE_PCREL)
		v += at;
	else if ((encoding & 0x70) == PE_DATAREL)
		v += data_base;
	else if (encoding & 0x70)
		r->bad = true;
	if (encoding & PE_INDIRECT && !mem->read(mem->ctx, v, &v, 8))
		r->bad = true;
	return v;
}

/* ---- finding ---- */

bool cfi_find(const struct cfi_memory *mem, uint64_t header, uint64_t header_len, uint64_t pc,
	      uint64_t *fde_ret)
{
	uint8_t head[32];
	struct reader r = { head, head + IQ_MIN(sizeof(head), header_len), header, false };
	uint64_t num, table, from = 0, to;
	uint8_t frame_enc, count_enc, table_enc;
	int32_t entry[2];

	if (header_len < 12 || !mem->read(mem->ctx, header, head, (size_t)(r.end - r.p)) ||
	    take(&r, 1) != 1)
		return false;
	frame_enc = (uint8_t)take(&r, 1);
	count_enc = (uint8_t)take(&r, 1);
	table_enc = (uint8_t)take(&r, 1);
	(void)take_pointer(mem, &r, frame_enc, header);
	num = take_pointer(mem, &r, count_enc, header);
	table = r.addr;
	/* The one form that linkers make: 4 bytes each, relative to the header. */
	if (r.bad || table_enc != (PE_DATAREL | 0xb) || num > header_len / 8)
		return false;
	for (to = num; from < to;) {
		uint64_t middle = from + (to - from) / 2;

		if (!mem->read(mem->ctx, table + middle * 8, entry, 8))
			return false;
		if (header + (uint64_t)(int64_t)entry[0] <= pc)
			from = middle + 1;
		else
			to = middle;
	}
	if (!from || !mem->read(mem->ctx, table + (from - 1) * 8, entry, 8))
		return false;
	*fde_ret = header + (uint64_t)(int64_t)entry[1];
	return true;
}

/* ---- records ---- */

struct record {
	uint8_t *data; /* behind the length */
	size_t len;
	uint64_t addr; /* of data */
};

static bool read_record(const struct cfi_memory *mem, uint64_t addr, struct record *rec)
{
	uint32_t len;

	if (!mem->read(mem->ctx, addr, &len, 4) || len < 4 || len > MAX_RECORD)
		return false; /* 64-bit records (length 0xffffffff) are nobody's */
	rec->data = iq_xmalloc(len);
	rec->len = len;
	rec->addr = addr + 4;
	if (mem->read(mem->ctx, rec->addr, rec->data, len))
		return true;
	free(rec->data);
	rec->data = NULL;
	return false;
}

struct cie {
	uint64_t code_align, ra;
	int64_t data_align;
	uint8_t pointer_enc;
	bool has_augmentation, signal;
	struct reader program;
};

static bool parse_cie(const struct cfi_memory *mem, const struct record *rec, struct cie *cie)
{
	struct reader r = { rec->data, rec->data + rec->len, rec->addr, false };
	const char *augmentation;
	uint64_t version, len;
	const uint8_t *nul;

	if (take(&r, 4) != 0)
		return false;
	version = take(&r, 1);
	nul = memchr(r.p, 0, (size_t)(r.end - r.p));
	if (!nul || (version != 1 && version != 3))
		return false;
	augmentation = (const char *)r.p;
	r.addr += (uint64_t)(nul + 1 - r.p);
	r.p = nul + 1;
	cie->code_align = take_uleb(&r);
	cie->data_align = take_sleb(&r);
	cie->ra = version == 1 ? take(&r, 1) : take_uleb(&r);
	if (*augmentation && *augmentation != 'z')
		return false;
	cie->has_augmentation = *augmentation == 'z';
	if (cie->has_augmentation) {
		struct reader a;

		len = take_uleb(&r);
		if (len > (uint64_t)(r.end - r.p))
			return false;
		a = (struct reader){ r.p, r.p + len, r.addr, false };
		for (const char *c = augmentation + 1; *c && !a.bad; c++) {
			if (*c == 'R')
				cie->pointer_enc = (uint8_t)take(&a, 1);
			else if (*c == 'P')
				(void)take_pointer(mem, &a, (uint8_t)take(&a, 1) & ~PE_INDIRECT, 0);
			else if (*c == 'L')
				(void)take(&a, 1);
			else if (*c == 'S')
				cie->signal = true;
			else
				break;
		}
		if (a.bad)
			return false;
		r.p += len;
		r.addr += len;
	}
	cie->program = r;
	return !r.bad && cie->ra < NUM_COLUMNS;
}

/* The encoding of pointers in the FDEs of this CIE. */
static bool encoding_of(const struct cfi_memory *mem, uint64_t addr, uint8_t *encoding_ret)
{
	struct record rec = { 0 };
	struct cie cie = { 0 };
	bool ok = read_record(mem, addr, &rec) && parse_cie(mem, &rec, &cie);

	free(rec.data);
	*encoding_ret = cie.pointer_enc;
	return ok;
}

bool cfi_scan(const struct cfi_memory *mem, uint64_t start, uint64_t len, uint64_t pc,
	      uint64_t *fde_ret)
{
	uint64_t last_cie = 0;
	uint8_t encoding = 0;
	bool cie_ok = false;

	for (uint64_t at = 0, num = 0; num < MAX_RECORDS && at + 8 <= len; num++) {
		uint8_t buf[24];
		uint32_t head[2];
		uint64_t first, size;
		struct reader r;

		if (!mem->read(mem->ctx, start + at, head, 8) || head[0] < 4 ||
		    head[0] > MAX_RECORD)
			return false; /* a length of 0 ends it */
		r = (struct reader){ buf, buf + IQ_MIN(sizeof(buf), (size_t)head[0] - 4),
				     start + at + 8, false };
		if (head[1] && mem->read(mem->ctx, r.addr, buf, (size_t)(r.end - r.p))) {
			uint64_t cie = start + at + 4 - head[1];

			if (cie != last_cie)
				cie_ok = encoding_of(mem, cie, &encoding);
			last_cie = cie;
			first = take_pointer(mem, &r, encoding, 0);
			size = take_pointer(mem, &r, encoding & 0xf, 0);
			if (cie_ok && !r.bad && pc >= first && pc - first < size) {
				*fde_ret = start + at;
				return true;
			}
		}
		at += 4 + (uint64_t)head[0];
	}
	return false;
}

/* ---- the machine ---- */

enum rule_kind {
	RULE_SAME,
	RULE_UNDEFINED,
	RULE_OFFSET,
	RULE_VAL_OFFSET,
	RULE_REG,
	RULE_EXPR,
	RULE_VAL_EXPR
};

struct rule {
	enum rule_kind kind;
	int64_t offset; /* or register */
	struct reader expr;
};

struct row {
	struct rule regs[NUM_COLUMNS], cfa;
};

struct machine {
	const struct cfi_memory *mem;
	const struct cie *cie;
	struct row row, initial, saved[MAX_STATES];
	unsigned num_saved;
};

static void set_rule(struct machine *m, struct reader *r, uint64_t reg, enum rule_kind kind,
		     int64_t offset)
{
	if (reg < NUM_COLUMNS)
		m->row.regs[reg] = (struct rule){ .kind = kind, .offset = offset };
	else if (reg > 1000)
		r->bad = true; /* others (vector registers) do not matter */
}

static struct reader take_block(struct reader *r)
{
	uint64_t len = take_uleb(r);
	struct reader block = *r;

	if (len > (uint64_t)(r->end - r->p)) {
		r->bad = true;
		len = 0;
	}
	block.end = block.p + len;
	r->p += len;
	r->addr += len;
	return block;
}

static void one_insn(struct machine *m, struct reader *r, uint8_t op)
{
	int64_t align = m->cie->data_align;
	uint64_t reg;

	switch (op) {
	case 0x00: /* nop */
		return;
	case 0x05: /* offset_extended */
		reg = take_uleb(r);
		set_rule(m, r, reg, RULE_OFFSET, (int64_t)take_uleb(r) * align);
		return;
	case 0x06: /* restore_extended */
		reg = take_uleb(r);
		if (reg < NUM_COLUMNS)
			m->row.regs[reg] = m->initial.regs[reg];
		return;
	case 0x07: /* undefined */
		set_rule(m, r, take_uleb(r), RULE_UNDEFINED, 0);
		return;
	case 0x08: /* same_value */
		set_rule(m, r, take_uleb(r), RULE_SAME, 0);
		return;
	case 0x09: /* register */
		reg = take_uleb(r);
		set_rule(m, r, reg, RULE_REG, (int64_t)take_uleb(r));
		return;
	case 0x0a: /* remember_state */
		if (m->num_saved == MAX_STATES)
			r->bad = true;
		else
			m->saved[m->num_saved++] = m->row;
		return;
	case 0x0b: /* restore_state */
		if (!m->num_saved)
			r->bad = true;
		else
			m->row = m->saved[--m->num_saved];
		return;
	case 0x0c: /* def_cfa */
		reg = take_uleb(r);
		m->row.cfa = (struct rule){ .kind = RULE_REG, .offset = (int64_t)reg };
		m->row.cfa.expr.addr = take_uleb(r);
		return;
	case 0x0d: /* def_cfa_register */
		m->row.cfa.kind = RULE_REG;
		m->row.cfa.offset = (int64_t)take_uleb(r);
		return;
	case 0x0e: /* def_cfa_offset */
		m->row.cfa.expr.addr = take_uleb(r);
		return;
	case 0x0f: /* def_cfa_expression */
		m->row.cfa = (struct rule){ .kind = RULE_EXPR, .expr = take_block(r) };
		return;
	case 0x10: /* expression */
	case 0x16: /* val_expression */
		reg = take_uleb(r);
		set_rule(m, r, reg, op == 0x10 ? RULE_EXPR : RULE_VAL_EXPR, 0);
		if (reg < NUM_COLUMNS)
			m->row.regs[reg].expr = take_block(r);
		else
			(void)take_block(r);
		return;
	case 0x11: /* offset_extended_sf */
		reg = take_uleb(r);
		set_rule(m, r, reg, RULE_OFFSET, take_sleb(r) * align);
		return;
	case 0x12: /* def_cfa_sf */
		reg = take_uleb(r);
		m->row.cfa = (struct rule){ .kind = RULE_REG, .offset = (int64_t)reg };
		m->row.cfa.expr.addr = (uint64_t)(take_sleb(r) * align);
		return;
	case 0x13: /* def_cfa_offset_sf */
		m->row.cfa.expr.addr = (uint64_t)(take_sleb(r) * align);
		return;
	case 0x14: /* val_offset */
		reg = take_uleb(r);
		set_rule(m, r, reg, RULE_VAL_OFFSET, (int64_t)take_uleb(r) * align);
		return;
	case 0x15: /* val_offset_sf */
		reg = take_uleb(r);
		set_rule(m, r, reg, RULE_VAL_OFFSET, take_sleb(r) * align);
		return;
	case 0x2e: /* GNU_args_size */
		(void)take_uleb(r);
		return;
	default:
		r->bad = true;
	}
}

/* Run a program up to the row for pc; `at` is where it begins. */
static bool run_program(struct machine *m, struct reader r, uint64_t at, uint64_t pc)
{
	while (r.p < r.end && !r.bad) {
		uint8_t op = (uint8_t)take(&r, 1), low = op & 0x3f;
		uint64_t advance = 0;

		switch (op >> 6) {
		case 1:
			advance = low;
			break;
		case 2:
			set_rule(m, &r, low, RULE_OFFSET,
				 (int64_t)take_uleb(&r) * m->cie->data_align);
			continue;
		case 3:
			if (low < NUM_COLUMNS)
				m->row.regs[low] = m->initial.regs[low];
			continue;
		default:
			if (op == 0x01)
				return !r.bad; /* set_loc: not in .eh_frame */
			if (op < 0x02 || op > 0x04) {
				one_insn(m, &r, op);
				continue;
			}
			advance = take(&r, op == 0x02 ? 1 : op == 0x03 ? 2 : 4);
		}
		at += advance * m->cie->code_align;
		if (at > pc)
			break;
	}
	return !r.bad;
}

/* ---- expressions ---- */

static bool push(uint64_t stack[MAX_STACK], unsigned *num, uint64_t v)
{
	if (*num == MAX_STACK)
		return false;
	stack[(*num)++] = v;
	return true;
}

static bool binary(uint8_t op, uint64_t a, uint64_t b, uint64_t *v)
{
	switch (op) {
	case 0x1a:
		*v = a & b;
		return true;
	case 0x1c:
		*v = a - b;
		return true;
	case 0x1e:
		*v = a * b;
		return true;
	case 0x21:
		*v = a | b;
		return true;
	case 0x22:
		*v = a + b;
		return true;
	case 0x24:
		*v = b < 64 ? a << b : 0;
		return true;
	case 0x25:
		*v = b < 64 ? a >> b : 0;
		return true;
	case 0x27:
		*v = a ^ b;
		return true;
	case 0x29:
		*v = a == b;
		return true;
	case 0x2a:
		*v = (int64_t)a >= (int64_t)b;
		return true;
	case 0x2b:
		*v = (int64_t)a > (int64_t)b;
		return true;
	case 0x2c:
		*v = (int64_t)a <= (int64_t)b;
		return true;
	case 0x2d:
		*v = (int64_t)a < (int64_t)b;
		return true;
	case 0x2e:
		*v = a != b;
		return true;
	default:
		return false;
	}
}

static bool evaluate(const struct cfi_memory *mem, struct reader r, const struct iq_regs *regs,
		     const uint64_t *first, uint64_t *value_ret)
{
	uint64_t stack[MAX_STACK], v;
	unsigned num = 0, steps = 0;

	if (first && !push(stack, &num, *first))
		return false;
	while (r.p < r.end && !r.bad) {
		uint8_t op = (uint8_t)take(&r, 1);

		if (steps++ > MAX_STEPS)
			return false;
		if (op >= 0x30 && op <= 0x4f) { /* lit */
			v = op - 0x30u;
		} else if (op >= 0x70 && op <= 0x8f) { /* breg */
			unsigned reg = op - 0x70u;

			if (reg >= NUM_COLUMNS || !(regs->known & 1u << reg))
				return false;
			v = regs->r[reg] + (uint64_t)take_sleb(&r);
		} else if (op == 0x06) { /* deref */
			if (!num || !mem->read(mem->ctx, stack[--num], &v, 8))
				return false;
		} else if (op == 0x08 || op == 0x0a || op == 0x0c || op == 0x0e) {
			v = take(&r, op == 0x08 ? 1 : op == 0x0a ? 2 : op == 0x0c ? 4 : 8);
		} else if (op == 0x09) {
			v = (uint64_t)(int64_t)(int8_t)take(&r, 1);
		} else if (op == 0x0b) {
			v = (uint64_t)(int64_t)(int16_t)take(&r, 2);
		} else if (op == 0x0d) {
			v = (uint64_t)(int64_t)(int32_t)take(&r, 4);
		} else if (op == 0x10) {
			v = take_uleb(&r);
		} else if (op == 0x11) {
			v = (uint64_t)take_sleb(&r);
		} else if (op == 0x12) { /* dup */
			if (!num)
				return false;
			v = stack[num - 1];
		} else if (op == 0x23) { /* plus_uconst */
			if (!num)
				return false;
			v = stack[--num] + take_uleb(&r);
		} else {
			if (num < 2 || !binary(op, stack[num - 2], stack[num - 1], &v))
				return false;
			num -= 2;
		}
		if (!push(stack, &num, v))
			return false;
	}
	if (!num || r.bad)
		return false;
	*value_ret = stack[num - 1];
	return true;
}

/* ---- one step ---- */

static bool find_cfa(const struct machine *m, const struct iq_regs *regs, uint64_t *cfa_ret)
{
	const struct rule *rule = &m->row.cfa;

	if (rule->kind == RULE_EXPR)
		return evaluate(m->mem, rule->expr, regs, NULL, cfa_ret);
	if (rule->kind != RULE_REG || rule->offset < 0 || rule->offset >= NUM_COLUMNS ||
	    !(regs->known & 1u << rule->offset))
		return false;
	*cfa_ret = regs->r[rule->offset] + rule->expr.addr;
	return true;
}

static bool find_reg(const struct machine *m, const struct iq_regs *regs, unsigned reg,
		     uint64_t cfa, uint64_t *value_ret)
{
	const struct rule *rule = &m->row.regs[reg];
	uint64_t at;

	switch (rule->kind) {
	case RULE_SAME:
		*value_ret = regs->r[reg];
		return regs->known & 1u << reg;
	case RULE_OFFSET:
		return m->mem->read(m->mem->ctx, cfa + (uint64_t)rule->offset, value_ret, 8);
	case RULE_VAL_OFFSET:
		*value_ret = cfa + (uint64_t)rule->offset;
		return true;
	case RULE_REG:
		if (rule->offset < 0 || rule->offset >= NUM_COLUMNS)
			return false;
		*value_ret = regs->r[rule->offset];
		return regs->known & 1u << rule->offset;
	case RULE_EXPR:
		return evaluate(m->mem, rule->expr, regs, &cfa, &at) &&
		       m->mem->read(m->mem->ctx, at, value_ret, 8);
	case RULE_VAL_EXPR:
		return evaluate(m->mem, rule->expr, regs, &cfa, value_ret);
	default:
		return false;
	}
}

static bool step(const struct cfi_memory *mem, struct record *fde, struct record *cie_rec,
		 uint64_t pc, const struct iq_regs *regs, struct iq_regs *caller, bool *signal_ret)
{
	struct reader r = { fde->data, fde->data + fde->len, fde->addr, false };
	struct cie cie = { 0 };
	struct machine *m;
	uint64_t back = take(&r, 4), start, len, cfa;
	bool ok;

	if (!back || !read_record(mem, fde->addr - back, cie_rec) || !parse_cie(mem, cie_rec, &cie))
		return false;
	start = take_pointer(mem, &r, cie.pointer_enc, 0);
	len = take_pointer(mem, &r, cie.pointer_enc & 0xf, 0);
	if (r.bad || pc < start || pc - start >= len)
		return false;
	if (cie.has_augmentation) {
		uint64_t skip = take_uleb(&r);

		if (skip > (uint64_t)(r.end - r.p))
			return false;
		r.p += skip;
		r.addr += skip;
	}
	m = iq_xcalloc(1, sizeof(*m));
	m->mem = mem;
	m->cie = &cie;
	ok = run_program(m, cie.program, start, start);
	m->initial = m->row;
	ok = ok && run_program(m, r, start, pc) && find_cfa(m, regs, &cfa);
	caller->known = 0;
	for (unsigned i = 0; ok && i < NUM_COLUMNS; i++) {
		uint64_t value;

		if (i == IQ_REG_SP && m->row.regs[i].kind == RULE_SAME)
			value = cfa;
		else if ((i == cie.ra && m->row.regs[i].kind == RULE_SAME) ||
			 !find_reg(m, regs, i, cfa, &value))
			continue;
		caller->r[i] = value;
		caller->known |= 1u << i;
	}
	*signal_ret = cie.signal;
	free(m);
	return ok && caller->known & 1u << IQ_REG_IP;
}

bool cfi_step(const struct cfi_memory *mem, uint64_t fde_addr, uint64_t pc,
	      const struct iq_regs *regs, struct iq_regs *caller_ret, bool *signal_ret)
{
	struct record fde = { 0 }, cie = { 0 };
	bool ok = read_record(mem, fde_addr, &fde) &&
		  step(mem, &fde, &cie, pc, regs, caller_ret, signal_ret);

	free(fde.data);
	free(cie.data);
	return ok;
}
