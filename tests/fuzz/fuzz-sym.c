/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Symbols: kallsyms tables in memory, named by VMCOREINFO; and the same bytes as a module's symbol
 * table
 *
 * The input is where the tables are (five 16-bit offsets), and then the memory that they lie in.
 */
#include <stdio.h>

#include "sym/find.h"
#include "sym/symtab.h"
#include "target/fake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const iq_vaddr stext = 0xffffffff81000000, image = 0xffffffff81100000,
		      module = 0xffffffffc0000000;

enum { NUM_PLACES = 6 };

static bool walk(void *ctx, const struct iq_sym *sym)
{
	(void)sym;
	return ++*(unsigned *)ctx == 3000;
}

static void ask(struct iq_symtab *tab)
{
	struct iq_sym sym;
	unsigned num = 0;

	iq_error_free(iq_symtab_by_name(tab, "_stext", &sym));
	iq_error_free(iq_symtab_by_name(tab, "schedule", &sym));
	iq_error_free(iq_symtab_by_addr(tab, stext + 0x123, &sym));
	iq_error_free(iq_symtab_by_addr(tab, module + 0x123, &sym));
	iq_symtab_is_text(tab, stext + 64);
	iq_symtab_foreach(tab, walk, &num);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct iq_symtab_module m = { .name = "m",
				      .ranges = { { module, 0x10000, true } },
				      .num_ranges = 1,
				      .symtab = module,
				      .strtab = module + 0x100 };
	static const struct iq_sym one = { .name = "_stext",
					   .addr = 0xffffffff81000000,
					   .kind = 'T' };
	struct iq_target *t = iq_fake_new();
	struct iq_symtab *tab;
	struct kallsyms k;
	struct iq_mem *mem;
	struct iq_error *err;
	uint16_t at[NUM_PLACES];
	char text[512];

	if (len >= sizeof(at) && len <= 1 << 16) {
		memcpy(at, data, sizeof(at));
		iq_fake_write(t, image, data + sizeof(at), len - sizeof(at));
		iq_fake_write(t, module, data + sizeof(at), len - sizeof(at));
		snprintf(text, sizeof(text),
			 "SYMBOL(_stext)=%" PRIx64 "\nSYMBOL(kallsyms_names)=%" PRIx64
			 "\nSYMBOL(kallsyms_num_syms)=%" PRIx64
			 "\nSYMBOL(kallsyms_token_table)=%" PRIx64
			 "\nSYMBOL(kallsyms_token_index)=%" PRIx64
			 "\nSYMBOL(kallsyms_offsets)=%" PRIx64
			 "\nSYMBOL(kallsyms_relative_base)=%" PRIx64 "\n",
			 stext, image + at[0], image + at[1], image + at[2], image + at[3],
			 image + at[4], image + at[5]);
		iq_fake_set_vmcoreinfo(t, text);
		err = iq_mem_new(t, &mem);
		if (!err) {
			err = kallsyms_find_named(mem, stext, &k);
			if (!err) {
				kallsyms_deinit(&k);
				err = iq_symtab_new(mem, &tab);
				if (!err) {
					ask(tab);
					iq_symtab_free(tab);
				}
			}
			iq_error_free(err);
			m.num_syms = at[1] % 64;
			err = iq_symtab_new_list(mem, &one, 1, &tab);
			if (!err) {
				iq_error_free(iq_symtab_add_module(tab, &m));
				ask(tab);
				iq_symtab_free(tab);
			}
			iq_mem_free(mem);
		}
		iq_error_free(err);
	}
	iq_target_close(t);
	return 0;
}
