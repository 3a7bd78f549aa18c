/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* kallsyms made here, in all orders and encodings, and broken in many ways */
#include "test.h"

#include <unistd.h>

#include "inquest/util.h"
#include "made-kallsyms.h"
#include "sym/find.h"
#include "sym/proc.h"
#include "sym/symtab.h"

enum { NUM_SYMS = 1500 };

static const iq_vaddr stext = 0xffffffff81000000;
static struct iq_sym syms[NUM_SYMS];
static char names[NUM_SYMS][400];

/* A few per-CPU offsets, then code, data, aliases, and one name too long for a length of one byte.
 */
static int make_symbols(void **state)
{
	(void)state;
	for (size_t i = 0; i < NUM_SYMS; i++) {
		bool percpu = i < 10;

		snprintf(names[i], sizeof(names[i]), "%s_%zu", i % 3 ? "sched_lock" : "__init_task",
			 (i * 7919) % NUM_SYMS);
		syms[i] = (struct iq_sym){
			.name = names[i],
			.addr = percpu ? i * 64 : stext + (i - 10) / 2 * 48,
			.kind = percpu	   ? 'A'
				: i < 1000 ? 't'
					   : 'd',
		};
	}
	strcpy(names[10], "_text");
	strcpy(names[11], "_stext");
	strcpy(names[1000], "_etext");
	strcpy(names[1499], "_end");
	strcpy(names[600], "twice");
	strcpy(names[700], "twice");
	memset(names[500], 'q', 300);
	names[500][300] = '\0';
	return 0;
}

struct kernel {
	struct made_kallsyms made;
	struct iq_target *target;
	struct iq_mem *mem;
	struct iq_symtab *tab;
};

static void make(struct kernel *k, enum kallsyms_encoding encoding, enum made_order order,
		 bool with_seqs, bool named, size_t align)
{
	*k = (struct kernel){
		.made = {
			.encoding = encoding,
			.order = order,
			.with_seqs = with_seqs,
			.named = named,
			.align = align,
			.at = 0xffffffff81900010,
			.stext = stext,
			.base = stext,
			.syms = syms,
			.num = NUM_SYMS,
		},
		.target = iq_fake_new(),
	};
	/* Only one of the encodings knows addresses that are not in the image. */
	if (encoding != KALLSYMS_PERCPU_ABSOLUTE) {
		k->made.syms += 10;
		k->made.num -= 10;
	}
	made_kallsyms_write(&k->made, k->target);
}

static struct iq_error *open_symbols(struct kernel *k)
{
	assert_ok(iq_mem_new(k->target, &k->mem));
	return iq_symtab_new(k->mem, &k->tab);
}

static void drop(struct kernel *k)
{
	iq_symtab_free(k->tab);
	iq_mem_free(k->mem);
	iq_target_close(k->target);
}

/* The first with the same name, or at the same address. */
static size_t first_named(const struct made_kallsyms *m, const char *name)
{
	size_t i = 0;

	while (strcmp(m->syms[i].name, name))
		i++;
	return i;
}

static void all_are_found(struct kernel *k)
{
	struct iq_sym sym;

	for (size_t i = 0; i < k->made.num; i++) {
		const struct iq_sym *s = &k->made.syms[i];
		size_t first = i;

		assert_ok(iq_symtab_by_name(k->tab, s->name, &sym));
		assert_string_equal(sym.name, s->name);
		assert_int_equal(sym.addr, k->made.syms[first_named(&k->made, s->name)].addr);
		assert_int_equal(sym.kind, k->made.syms[first_named(&k->made, s->name)].kind);
		if (!(s->addr >> 63))
			continue;
		while (first && k->made.syms[first - 1].addr == s->addr)
			first--;
		/* Nothing is behind the last one. */
		assert_ok(
			iq_symtab_by_addr(k->tab, s->addr + (i + 2 < k->made.num ? 47 : 0), &sym));
		assert_string_equal(sym.name, k->made.syms[first].name);
		assert_int_equal(sym.addr, s->addr);
		if (i + 2 < k->made.num)
			assert_int_equal(sym.size, 48);
	}
	assert_err(IQ_ERR_NOTFOUND, iq_symtab_by_name(k->tab, "sched_lock_", &sym));
	assert_err(IQ_ERR_NOTFOUND, iq_symtab_by_name(k->tab, "zzz", &sym));
	assert_err(IQ_ERR_NOTFOUND, iq_symtab_by_name(k->tab, "", &sym));
	assert_err(IQ_ERR_NOTFOUND, iq_symtab_by_name(k->tab, "nomodule`_stext", &sym));
	assert_ok(iq_symtab_by_name(k->tab, "vmlinux`_stext", &sym));
	assert_err(IQ_ERR_NOTFOUND, iq_symtab_by_addr(k->tab, 0x40, &sym));
	assert_err(IQ_ERR_NOTFOUND, iq_symtab_by_addr(k->tab, stext - 1, &sym));
	assert_err(IQ_ERR_NOTFOUND, iq_symtab_by_addr(k->tab, UINT64_MAX, &sym));
	assert_true(iq_symtab_is_text(k->tab, stext));
	assert_true(iq_symtab_is_text(k->tab, syms[999].addr));
	assert_false(iq_symtab_is_text(k->tab, syms[1200].addr));
	assert_false(iq_symtab_is_text(k->tab, 0));
}

static const enum kallsyms_encoding encodings[] = { KALLSYMS_PERCPU_ABSOLUTE, KALLSYMS_RELATIVE,
						    KALLSYMS_PLACE };

static void tables_named_by_vmcoreinfo_are_decoded_in_every_order_and_encoding(void **state)
{
	(void)state;
	for (size_t e = 0; e < IQ_ARRAY_SIZE(encodings); e++) {
		for (int order = MADE_OFFSETS_FIRST; order <= MADE_OFFSETS_LAST; order++) {
			for (int how = 0; how < 4; how++) {
				bool with_seqs = how & 1 && order != MADE_OFFSETS_FIRST;
				struct kernel k;

				make(&k, encodings[e], (enum made_order)order, with_seqs, true,
				     how & 2 ? 4 : 8);
				assert_ok(open_symbols(&k));
				assert_int_equal(iq_symtab_stats(k.tab).sorted_names, with_seqs);
				assert_int_equal(iq_symtab_stats(k.tab).num_syms, k.made.num);
				all_are_found(&k);
				drop(&k);
			}
		}
	}
}

static void tables_that_nobody_names_are_found_by_their_shape(void **state)
{
	static const struct {
		enum kallsyms_encoding encoding;
		enum made_order order;
		size_t align;
	} cases[] = {
		{ KALLSYMS_PERCPU_ABSOLUTE, MADE_OFFSETS_FIRST, 8 },
		{ KALLSYMS_PERCPU_ABSOLUTE, MADE_OFFSETS_FIRST, 4 },
		{ KALLSYMS_RELATIVE, MADE_OFFSETS_FIRST, 8 },
		{ KALLSYMS_PERCPU_ABSOLUTE, MADE_OFFSETS_LAST, 8 },
		{ KALLSYMS_RELATIVE, MADE_OFFSETS_LAST, 4 },
		{ KALLSYMS_PLACE, MADE_OFFSETS_LAST, 4 },
	};

	(void)state;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(cases); i++) {
		struct kernel k;

		make(&k, cases[i].encoding, cases[i].order, cases[i].order == MADE_OFFSETS_LAST,
		     false, cases[i].align);
		assert_ok(open_symbols(&k));
		all_are_found(&k);
		drop(&k);
	}
}

struct walk {
	const struct made_kallsyms *made;
	size_t i, stop;
};

static bool walk_next(void *ctx, const struct iq_sym *sym)
{
	struct walk *w = ctx;

	assert_string_equal(sym->name, w->made->syms[w->i].name);
	assert_int_equal(sym->addr, w->made->syms[w->i].addr);
	assert_null(sym->module);
	return ++w->i == w->stop;
}

static void all_symbols_can_be_walked_in_order(void **state)
{
	struct kernel k;
	struct walk w = { .made = &k.made };

	(void)state;
	make(&k, KALLSYMS_PERCPU_ABSOLUTE, MADE_OFFSETS_LAST, true, true, 8);
	assert_ok(open_symbols(&k));
	iq_symtab_foreach(k.tab, walk_next, &w);
	assert_int_equal(w.i, NUM_SYMS);
	w = (struct walk){ &k.made, 0, 7 };
	iq_symtab_foreach(k.tab, walk_next, &w);
	assert_int_equal(w.i, 7);
	drop(&k);
}

static void an_order_of_names_that_is_none_is_not_used(void **state)
{
	struct kernel k;

	(void)state;
	make(&k, KALLSYMS_PLACE, MADE_OFFSETS_LAST, true, true, 4);
	for (size_t i = 0; i < 3 * k.made.num; i++)
		iq_fake_write(k.target, k.made.seqs + i, i % 3 ? "\x03" : "\0", 1);
	assert_ok(open_symbols(&k));
	assert_false(iq_symtab_stats(k.tab).sorted_names);
	all_are_found(&k);
	drop(&k);
}

static void markers_that_are_wrong_are_counted_anew(void **state)
{
	struct kernel k;

	(void)state;
	make(&k, KALLSYMS_RELATIVE, MADE_OFFSETS_LAST, false, true, 8);
	iq_fake_write_u32(k.target, k.made.markers + 4, 1234);
	assert_ok(open_symbols(&k));
	all_are_found(&k);
	drop(&k);
}

static void damaged_names_cost_their_block_alone(void **state)
{
	struct kernel k;
	struct iq_sym sym;
	uint32_t at;
	size_t known = 0;

	(void)state;
	make(&k, KALLSYMS_RELATIVE, MADE_OFFSETS_LAST, true, true, 8);
	assert_ok(iq_mem_new(k.target, &k.mem));
	assert_ok(iq_mem_read(k.mem, k.made.markers + 8, &at, sizeof(at)));
	iq_mem_free(k.mem);
	/* Names of no length, 16 of them, in the third block. */
	iq_fake_write(k.target, k.made.names + at, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	assert_ok(open_symbols(&k));
	for (size_t i = 0; i < k.made.num; i++) {
		const struct iq_sym *s = &k.made.syms[i];
		struct iq_error *err = iq_symtab_by_name(k.tab, s->name, &sym);

		if (i / 256 != 2 && strcmp(s->name, "twice") != 0) {
			assert_ok(err);
			assert_int_equal(sym.addr, s->addr);
			known++;
		}
		iq_error_free(err);
	}
	assert_true(known > k.made.num / 2);
	drop(&k);
}

/* ---- broken tables ---- */

static void tables_that_contradict_themselves_are_refused(void **state)
{
	struct kernel k;

	(void)state;
	make(&k, KALLSYMS_PERCPU_ABSOLUTE, MADE_OFFSETS_FIRST, false, true, 8);
	iq_fake_write_u64(k.target, k.made.relative_base, stext + 4096);
	assert_err(IQ_ERR_CORRUPT, open_symbols(&k));
	drop(&k);

	make(&k, KALLSYMS_PLACE, MADE_OFFSETS_LAST, false, true, 8);
	iq_fake_write_u32(k.target, k.made.num_syms, 0);
	iq_fake_remove_pages(k.target, k.made.token_index & ~(iq_vaddr)4095, 4096);
	assert_err(IQ_ERR_CORRUPT, open_symbols(&k));
	drop(&k);

	make(&k, KALLSYMS_PLACE, MADE_OFFSETS_LAST, false, false, 8);
	iq_fake_remove_pages(k.target, k.made.names & ~(iq_vaddr)4095, 4096);
	assert_err(IQ_ERR_NOTFOUND, open_symbols(&k));
	drop(&k);

	k = (struct kernel){ .target = iq_fake_new() };
	iq_fake_set_vmcoreinfo(k.target, "OSRELEASE=none\n");
	assert_err(IQ_ERR_NOTFOUND, open_symbols(&k));
	drop(&k);
}

/* Ask all kinds of questions; the answers do not matter. */
static void ask(struct iq_symtab *tab)
{
	struct iq_sym sym;

	for (size_t i = 0; i < NUM_SYMS; i += 97) {
		iq_error_free(iq_symtab_by_name(tab, syms[i].name, &sym));
		iq_error_free(iq_symtab_by_addr(tab, syms[i].addr, &sym));
	}
	iq_symtab_is_text(tab, stext);
}

static void a_table_with_wrong_bytes_is_refused_or_safe_to_ask(void **state)
{
	uint32_t seed = 1;

	(void)state;
	for (int round = 0; round < 400; round++) {
		struct kallsyms tables;
		struct iq_error *err;
		struct kernel k;
		uint64_t len;

		make(&k, encodings[round % 3], (enum made_order)(round / 3 % 3), round & 1, true,
		     8);
		len = k.made.end - k.made.at;
		for (int i = 0; i < 1 + round % 16; i++) {
			uint8_t byte;

			seed = seed * 1103515245 + 12345;
			byte = (uint8_t)(seed >> 8);
			iq_fake_write(k.target, k.made.at + (seed >> 16) % len, &byte, 1);
		}
		assert_ok(iq_mem_new(k.target, &k.mem));
		/* Without the search by shape, which costs too much to be done so often. */
		err = kallsyms_find_named(k.mem, stext, &tables);
		if (!err) {
			kallsyms_deinit(&tables);
			assert_ok(iq_symtab_new(k.mem, &k.tab));
			ask(k.tab);
		}
		iq_error_free(err);
		drop(&k);
	}
}

/* ---- modules ---- */

struct elf_sym {
	uint32_t name;
	uint8_t info, other;
	uint16_t shndx;
	uint64_t value, size;
};

static const iq_vaddr mod = 0xffffffffc0100000;

/* A module of one page of code and one of data, with its tables in a third. */
static struct iq_symtab_module make_module(struct iq_target *t)
{
	static const char strings[] = "\0ext4_sync\0ext4_sync_alias\0$x\0ext4_fops\0_stext";
	const struct elf_sym elf[] = {
		{ 0 },
		{ .name = 1, .shndx = 1, .value = mod + 0x100 },
		{ .name = 11, .shndx = 1, .value = mod + 0x100 },
		{ .name = 27, .shndx = 1, .value = mod + 0x200 }, /* a mark, no symbol */
		{ .name = 30, .shndx = 2, .value = mod + 0x1000 },
		{ .name = 1, .shndx = 0, .value = 0 }, /* undefined */
		{ .name = 40, .shndx = 1, .value = mod + 0x300 },
		{ .name = 0x00ffffff, .shndx = 1, .value = mod + 0x400 }, /* behind the strings */
	};

	iq_fake_write(t, mod + 0x2000, elf, sizeof(elf));
	iq_fake_write(t, mod + 0x2800, strings, sizeof(strings));
	iq_fake_write(t, mod + 0x2900, "?ttNdUtt", 8);
	return (struct iq_symtab_module){
		.name = "ext4",
		.ranges = { { mod, 0x1000, true }, { mod + 0x1000, 0x2000, false } },
		.num_ranges = 2,
		.symtab = mod + 0x2000,
		.num_syms = IQ_ARRAY_SIZE(elf) - 1,
		.strtab = mod + 0x2800,
		.typetab = mod + 0x2900,
	};
}

static void modules_have_symbols_and_are_read_when_needed(void **state)
{
	struct iq_symtab_module m;
	struct iq_sym sym;
	struct kernel k;

	(void)state;
	make(&k, KALLSYMS_PLACE, MADE_OFFSETS_LAST, true, true, 4);
	m = make_module(k.target);
	assert_ok(open_symbols(&k));
	assert_ok(iq_symtab_add_module(k.tab, &m));
	assert_err(IQ_ERR_INVALID, iq_symtab_add_module(k.tab, &m));
	assert_string_equal(iq_symtab_module_of(k.tab, mod + 0x1234), "ext4");
	assert_null(iq_symtab_module_of(k.tab, mod + 0x3000));
	assert_ok(iq_symtab_by_name(k.tab, "_stext", &sym));
	assert_int_equal(sym.addr, stext);
	assert_int_equal(iq_symtab_stats(k.tab).num_modules_read, 0);

	assert_ok(iq_symtab_by_addr(k.tab, mod + 0x110, &sym));
	assert_string_equal(sym.name, "ext4_sync");
	assert_string_equal(sym.module, "ext4");
	assert_int_equal(sym.size, 0x100);
	assert_int_equal(sym.kind, 't');
	assert_ok(iq_symtab_by_addr(k.tab, mod + 0x210, &sym));
	assert_string_equal(sym.name, "ext4_sync");
	assert_ok(iq_symtab_by_addr(k.tab, mod + 0x1fff, &sym));
	assert_string_equal(sym.name, "ext4_fops");
	assert_int_equal(sym.size, 0x2000);
	assert_err(IQ_ERR_NOTFOUND, iq_symtab_by_addr(k.tab, mod + 0x50, &sym));
	assert_ok(iq_symtab_by_name(k.tab, "ext4_sync_alias", &sym));
	assert_int_equal(sym.addr, mod + 0x100);
	assert_ok(iq_symtab_by_name(k.tab, "ext4`_stext", &sym));
	assert_int_equal(sym.addr, mod + 0x300);
	assert_err(IQ_ERR_NOTFOUND, iq_symtab_by_name(k.tab, "vmlinux`ext4_sync", &sym));
	assert_err(IQ_ERR_NOTFOUND, iq_symtab_by_name(k.tab, "ext4`nothing", &sym));
	assert_err(IQ_ERR_NOTFOUND, iq_symtab_by_name(k.tab, "ext4`", &sym));
	assert_true(iq_symtab_is_text(k.tab, mod + 0x10));
	assert_false(iq_symtab_is_text(k.tab, mod + 0x1010));
	assert_int_equal(iq_symtab_stats(k.tab).num_modules_broken, 0);
	drop(&k);
}

static void a_torn_module_has_no_symbols_but_its_name(void **state)
{
	struct iq_symtab_module m;
	struct iq_sym sym;
	struct kernel k;

	(void)state;
	make(&k, KALLSYMS_PLACE, MADE_OFFSETS_LAST, true, true, 4);
	m = make_module(k.target);
	m.num_syms = 8; /* whose last name is behind everything */
	assert_ok(open_symbols(&k));
	assert_ok(iq_symtab_add_module(k.tab, &m));
	m = (struct iq_symtab_module){ .name = "gone",
				       .ranges = { { mod + 0x100000, 0x1000, true } },
				       .num_ranges = 1,
				       .symtab = mod + 0x100000,
				       .num_syms = UINT32_MAX,
				       .strtab = 1 };
	assert_ok(iq_symtab_add_module(k.tab, &m));
	assert_err(IQ_ERR_NOTFOUND, iq_symtab_by_addr(k.tab, mod + 0x100010, &sym));
	assert_err(IQ_ERR_NOTFOUND, iq_symtab_by_name(k.tab, "nowhere", &sym));
	assert_string_equal(iq_symtab_module_of(k.tab, mod + 0x100010), "gone");
	assert_int_equal(iq_symtab_stats(k.tab).num_modules_broken, 1);
	m.ranges[0].start = UINT64_MAX - 10;
	assert_err(IQ_ERR_INVALID, iq_symtab_add_module(k.tab, &m));
	drop(&k);
}

/* ---- lists ---- */

static void a_list_of_symbols_answers_like_a_kernel(void **state)
{
	static const struct iq_sym list[] = {
		{ .name = "_etext", .addr = 0xffffffff81000300, .kind = 'T' },
		{ .name = "_stext", .addr = 0xffffffff81000000, .kind = 'T' },
		{ .name = "schedule", .addr = 0xffffffff81000100, .kind = 'T' },
		{ .name = "alias", .addr = 0xffffffff81000100, .kind = 'T' },
		{ .name = "init_task", .addr = 0xffffffff82000000, .size = 64, .kind = 'D' },
		{ .name = "zfs_sync", .module = "zfs", .addr = mod, .size = 32, .kind = 't' },
	};
	struct iq_symtab *tab;
	struct iq_sym sym;

	(void)state;
	assert_ok(iq_symtab_new_list(NULL, list, IQ_ARRAY_SIZE(list), &tab));
	assert_ok(iq_symtab_by_addr(tab, 0xffffffff81000180, &sym));
	assert_string_equal(sym.name, "schedule");
	assert_int_equal(sym.size, 0x200);
	assert_ok(iq_symtab_by_addr(tab, 0xffffffff82000020, &sym));
	assert_string_equal(sym.name, "init_task");
	assert_ok(iq_symtab_by_name(tab, "zfs`zfs_sync", &sym));
	assert_string_equal(sym.module, "zfs");
	assert_ok(iq_symtab_by_addr(tab, mod + 31, &sym));
	assert_string_equal(sym.name, "zfs_sync");
	assert_err(IQ_ERR_NOTFOUND, iq_symtab_by_addr(tab, mod + 32, &sym));
	assert_true(iq_symtab_is_text(tab, 0xffffffff810002ff));
	assert_false(iq_symtab_is_text(tab, 0xffffffff82000000));
	iq_symtab_free(tab);
}

/* ---- /proc/kallsyms ---- */

static struct iq_error *read_proc(const char *content, struct symlist *list, char **text_ret)
{
	char path[] = "/tmp/inquest-test-XXXXXX";
	int fd = mkstemp(path);
	struct iq_error *err;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	close(fd);
	*list = (struct symlist){ 0 };
	err = proc_kallsyms_read(path, list, text_ret);
	unlink(path);
	return err;
}

static void proc_kallsyms_is_read_and_hidden_addresses_are_told(void **state)
{
	struct symlist list;
	char *text;
	size_t i;

	(void)state;
	assert_ok(read_proc("0000000000000000 A fixed_percpu_data\n"
			    "ffffffff81000000 T _stext\n"
			    "not a line\n"
			    "ffffffff81000100 t do_it\n"
			    "ffffffffc0000000 t mod_fn\t[mod]\n"
			    "ffffffff82000000 D cut",
			    &list, &text));
	assert_int_equal(list.syms.num, 4);
	assert_true(symlist_by_name(&list, "cut", &i));
	assert_true(symlist_by_addr(&list, 0xffffffff81000123, &i));
	assert_string_equal(list.syms.data[i].name, "do_it");
	assert_false(symlist_by_name(&list, "mod_fn", &i));
	symlist_deinit(&list);
	free(text);
	assert_err(IQ_ERR_PERM, read_proc("0000000000000000 T _stext\n", &list, &text));
	assert_err(IQ_ERR_CORRUPT, read_proc("", &list, &text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			tables_named_by_vmcoreinfo_are_decoded_in_every_order_and_encoding),
		cmocka_unit_test(tables_that_nobody_names_are_found_by_their_shape),
		cmocka_unit_test(all_symbols_can_be_walked_in_order),
		cmocka_unit_test(an_order_of_names_that_is_none_is_not_used),
		cmocka_unit_test(markers_that_are_wrong_are_counted_anew),
		cmocka_unit_test(damaged_names_cost_their_block_alone),
		cmocka_unit_test(tables_that_contradict_themselves_are_refused),
		cmocka_unit_test(a_table_with_wrong_bytes_is_refused_or_safe_to_ask),
		cmocka_unit_test(modules_have_symbols_and_are_read_when_needed),
		cmocka_unit_test(a_torn_module_has_no_symbols_but_its_name),
		cmocka_unit_test(a_list_of_symbols_answers_like_a_kernel),
		cmocka_unit_test(proc_kallsyms_is_read_and_hidden_addresses_are_told),
	};

	return cmocka_run_group_tests(tests, make_symbols, NULL);
}
