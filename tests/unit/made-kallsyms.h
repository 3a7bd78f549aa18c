/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * kallsyms tables that a test lays out: in the three orders that kernels have had, with the
 * three encodings of addresses, with or without an order of names
 */
#ifndef IQ_TESTS_UNIT_MADE_KALLSYMS_H
#define IQ_TESTS_UNIT_MADE_KALLSYMS_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "inquest/sym.h"
#include "inquest/util.h"
#include "sym/kallsyms.h"
#include "target/fake.h"

enum made_order {
	MADE_OFFSETS_FIRST, /* ... num names markers tokens */
	MADE_SEQS_INSIDE,   /* ... num names markers seqs tokens */
	MADE_OFFSETS_LAST,  /* num names markers tokens offsets ... */
};

struct made_kallsyms {
	enum kallsyms_encoding encoding;
	enum made_order order;
	bool with_seqs;
	bool named;   /* in VMCOREINFO */
	size_t align; /* 4 or 8 */
	iq_vaddr at;  /* where the first table goes */
	iq_vaddr stext;
	uint64_t base; /* relative_base */
	/* By address. Set before made_kallsyms_write(). */
	const struct iq_sym *syms;
	size_t num;
	/* Set by it: where things are. */
	iq_vaddr names, num_syms, markers, token_table, token_index, offsets, relative_base, seqs,
		end;
	char vmcoreinfo[1024];
};

/* Tokens of more than a character take the codes that no name uses. */
static const char *const made_tokens[] = {
	[1] = "init", [2] = "_task", [3] = "tsched", [4] = "__",
	[5] = "T_s",  [6] = "lock",  [7] = "Dx",
};

static const char *made_token(unsigned code, char *buf)
{
	if (code < IQ_ARRAY_SIZE(made_tokens) && made_tokens[code])
		return made_tokens[code];
	buf[0] = code >= ' ' && code < 127 ? (char)code : 'Z';
	buf[1] = '\0';
	return buf;
}

static inline void made_name(struct iq_strbuf *names, char kind, const char *name)
{
	struct iq_strbuf text = IQ_STRBUF_INIT, codes = IQ_STRBUF_INIT;

	iq_strbuf_addc(&text, kind);
	iq_strbuf_adds(&text, name);
	for (size_t i = 0; i < text.len;) {
		unsigned code = (unsigned char)text.str[i];
		size_t len = 1;

		for (unsigned c = 1; c < IQ_ARRAY_SIZE(made_tokens); c++)
			if (made_tokens[c] &&
			    !strncmp(text.str + i, made_tokens[c], strlen(made_tokens[c]))) {
				code = c;
				len = strlen(made_tokens[c]);
			}
		iq_strbuf_addc(&codes, (char)code);
		i += len;
	}
	if (codes.len > 0x7f) {
		iq_strbuf_addc(names, (char)(0x80 | (codes.len & 0x7f)));
		iq_strbuf_addc(names, (char)(codes.len >> 7));
	} else {
		iq_strbuf_addc(names, (char)codes.len);
	}
	iq_strbuf_add(names, codes.str, codes.len);
	iq_strbuf_deinit(&text);
	iq_strbuf_deinit(&codes);
}

static inline int32_t made_offset(const struct made_kallsyms *k, size_t i)
{
	iq_vaddr addr = k->syms[i].addr;

	switch (k->encoding) {
	case KALLSYMS_PERCPU_ABSOLUTE:
		return addr >> 63 ? (int32_t)(k->base - 1 - addr) : (int32_t)addr;
	case KALLSYMS_RELATIVE:
		return (int32_t)(uint32_t)(addr - k->base);
	default:
		return (int32_t)(addr - (k->offsets + 4 * i));
	}
}

static const struct iq_sym *made_sorting;

static int made_compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	int by_name = strcmp(made_sorting[x].name, made_sorting[y].name);

	return by_name ? by_name : x < y ? -1 : x > y;
}

static inline iq_vaddr made_place(struct made_kallsyms *k, iq_vaddr *at, size_t len)
{
	iq_vaddr place = (*at + k->align - 1) & ~(iq_vaddr)(k->align - 1);

	*at = place + len;
	return place;
}

/* Lay the tables out in t and tell its VMCOREINFO. */
static inline void made_kallsyms_write(struct made_kallsyms *k, struct iq_target *t)
{
	struct iq_strbuf names = IQ_STRBUF_INIT, tokens = IQ_STRBUF_INIT, markers = IQ_STRBUF_INIT,
			 index = IQ_STRBUF_INIT, seqs = IQ_STRBUF_INIT;
	uint32_t *order = iq_xcalloc(k->num, sizeof(*order));
	bool has_base = k->encoding != KALLSYMS_PLACE;
	iq_vaddr at = k->at;
	size_t offsets_len = 4 * k->num;
	char buf[2];

	for (size_t i = 0; i < k->num; i++) {
		uint32_t off = (uint32_t)names.len;

		if (i % 256 == 0)
			iq_strbuf_add(&markers, &off, 4);
		made_name(&names, k->syms[i].kind, k->syms[i].name);
		order[i] = (uint32_t)i;
	}
	for (unsigned c = 0; c < KALLSYMS_TOKENS; c++) {
		const char *token = made_token(c, buf);
		uint16_t off = (uint16_t)tokens.len;

		iq_strbuf_add(&index, &off, 2);
		iq_strbuf_add(&tokens, token, strlen(token) + 1);
	}
	made_sorting = k->syms;
	qsort(order, k->num, sizeof(*order), made_compare);
	for (size_t i = 0; i < k->num; i++)
		iq_strbuf_add(&seqs,
			      (uint8_t[]){ (uint8_t)(order[i] >> 16), (uint8_t)(order[i] >> 8),
					   (uint8_t)order[i] },
			      3);

	if (k->order != MADE_OFFSETS_LAST) {
		k->offsets = made_place(k, &at, offsets_len);
		if (has_base)
			k->relative_base = made_place(k, &at, 8);
	}
	k->num_syms = made_place(k, &at, 4);
	k->names = made_place(k, &at, names.len);
	k->markers = made_place(k, &at, markers.len);
	if (k->order == MADE_SEQS_INSIDE && k->with_seqs)
		k->seqs = made_place(k, &at, seqs.len);
	k->token_table = made_place(k, &at, tokens.len);
	k->token_index = made_place(k, &at, index.len);
	if (k->order == MADE_OFFSETS_LAST) {
		k->offsets = made_place(k, &at, offsets_len);
		if (has_base)
			k->relative_base = made_place(k, &at, 8);
		if (k->with_seqs)
			k->seqs = made_place(k, &at, seqs.len);
	}
	k->end = at;

	for (size_t i = 0; i < k->num; i++)
		iq_fake_write_u32(t, k->offsets + 4 * i, (uint32_t)made_offset(k, i));
	if (has_base)
		iq_fake_write_u64(t, k->relative_base, k->base);
	iq_fake_write_u32(t, k->num_syms, (uint32_t)k->num);
	iq_fake_write(t, k->names, names.str, names.len);
	iq_fake_write(t, k->markers, markers.str, markers.len);
	iq_fake_write(t, k->token_table, tokens.str, tokens.len);
	iq_fake_write(t, k->token_index, index.str, index.len);
	if (k->seqs)
		iq_fake_write(t, k->seqs, seqs.str, seqs.len);
	snprintf(k->vmcoreinfo, sizeof(k->vmcoreinfo), "SYMBOL(_stext)=%" PRIx64 "\n", k->stext);
	if (k->named) {
		char *p = k->vmcoreinfo + strlen(k->vmcoreinfo);

		snprintf(p, sizeof(k->vmcoreinfo) - (size_t)(p - k->vmcoreinfo),
			 "SYMBOL(kallsyms_names)=%" PRIx64 "\nSYMBOL(kallsyms_num_syms)=%" PRIx64
			 "\nSYMBOL(kallsyms_token_table)=%" PRIx64
			 "\nSYMBOL(kallsyms_token_index)=%" PRIx64
			 "\nSYMBOL(kallsyms_offsets)=%" PRIx64 "\n",
			 k->names, k->num_syms, k->token_table, k->token_index, k->offsets);
		p += strlen(p);
		if (has_base)
			snprintf(p, sizeof(k->vmcoreinfo) - (size_t)(p - k->vmcoreinfo),
				 "SYMBOL(kallsyms_relative_base)=%" PRIx64 "\n", k->relative_base);
	}
	iq_fake_set_vmcoreinfo(t, k->vmcoreinfo);
	iq_strbuf_deinit(&names);
	iq_strbuf_deinit(&tokens);
	iq_strbuf_deinit(&markers);
	iq_strbuf_deinit(&index);
	iq_strbuf_deinit(&seqs);
	free(order);
}

#endif
