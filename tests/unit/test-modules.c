/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list of modules, of both layouts of struct module, whole and torn */
#include "test.h"

#include "inquest/util.h"
#include "kernel/modules.h"
#include "made-btf.h"
#include "target/fake.h"

static const iq_vaddr head = 0xffffffff82000000, code = 0xffffffffc0100000;

enum { STATE = 0, LIST = 8, NAME = 24, LAYOUT = 128, ORC = 640, KALLSYMS = 672, SIZE = 768 };

struct kernel {
	struct made_btf btf;
	struct iq_target *target;
	struct iq_mem *mem;
	struct iq_symtab *tab;
	struct iq_types *types;
	bool pieces; /* module_memory, since v6.4 */
	unsigned num_orcs;
	struct iq_module_orc orc;
};

static void make_types(struct kernel *k)
{
	struct made_btf *b = &k->btf;
	uint32_t t_uint, t_char, t_ptr, t_name, t_list, t_layout, t_memory, t_array, t_arch,
		t_kallsyms;
	size_t len;
	void *data;

	made_btf_init(b, NULL);
	t_uint = made_int(b, "unsigned int", 4, 0);
	t_char = made_int(b, "char", 1, MADE_SIGNED);
	t_ptr = made_type(b, "", BTF_PTR, 0, 0);
	t_name = made_array(b, t_char, 56);
	t_list = made_struct(b, "list_head", 16, false);
	made_member(b, "next", t_ptr, 0);
	made_member(b, "prev", t_ptr, 64);
	t_layout = made_struct(b, "module_layout", 24, false);
	made_member(b, "base", t_ptr, 0);
	made_member(b, "size", t_uint, 64);
	made_member(b, "text_size", t_uint, 96);
	t_memory = made_struct(b, "module_memory", 72, false);
	made_member(b, "base", t_ptr, 0);
	made_member(b, "size", t_uint, 96);
	t_array = made_array(b, t_memory, 7);
	t_arch = made_struct(b, "mod_arch_specific", 24, false);
	made_member(b, "num_orcs", t_uint, 0);
	made_member(b, "orc_unwind_ip", t_ptr, 64);
	made_member(b, "orc_unwind", t_ptr, 128);
	t_kallsyms = made_struct(b, "mod_kallsyms", 32, false);
	made_member(b, "symtab", t_ptr, 0);
	made_member(b, "num_symtab", t_uint, 64);
	made_member(b, "strtab", t_ptr, 128);
	made_member(b, "typetab", t_ptr, 192);
	made_struct(b, "module", SIZE, false);
	made_member(b, "state", t_uint, STATE * 8);
	made_member(b, "list", t_list, LIST * 8);
	made_member(b, "name", t_name, NAME * 8);
	if (k->pieces) {
		made_member(b, "mem", t_array, LAYOUT * 8);
	} else {
		made_member(b, "core_layout", t_layout, LAYOUT * 8);
		made_member(b, "init_layout", t_layout, (LAYOUT + 24) * 8);
	}
	made_member(b, "arch", t_arch, ORC * 8);
	made_member(b, "kallsyms", t_ptr, (KALLSYMS - 8) * 8);
	made_member(b, "core_kallsyms", t_kallsyms, KALLSYMS * 8);
	data = made_btf_data(b, &len);
	assert_ok(iq_types_new(&k->types));
	assert_ok(iq_types_add(k->types, NULL, data, len));
}

static void make(struct kernel *k, bool pieces)
{
	static const struct iq_sym list[] = {
		{ .name = "_stext", .addr = 0xffffffff81000000, .kind = 'T' },
		{ .name = "modules", .addr = 0xffffffff82000000, .kind = 'D' },
	};

	*k = (struct kernel){ .pieces = pieces, .target = iq_fake_new() };
	assert_ok(iq_mem_new(k->target, &k->mem));
	assert_ok(iq_symtab_new_list(k->mem, list, IQ_ARRAY_SIZE(list), &k->tab));
	make_types(k);
	iq_fake_write_u64(k->target, head, head);
}

static void drop(struct kernel *k)
{
	iq_types_free(k->types);
	iq_symtab_free(k->tab);
	iq_mem_free(k->mem);
	iq_target_close(k->target);
	made_btf_deinit(&k->btf);
}

/* The i-th module: a page of code and one of data, struct module in the latter. */
static iq_vaddr module_at(unsigned i)
{
	return code + i * 0x10000 + 0x1000;
}

static void add(struct kernel *k, unsigned i, const char *name, uint32_t state, iq_vaddr next)
{
	struct iq_target *t = k->target;
	iq_vaddr at = module_at(i), base = at - 0x1000;

	iq_fake_add_pages(t, base, 0x2000);
	iq_fake_write_u32(t, at + STATE, state);
	iq_fake_write_u64(t, at + LIST, next);
	iq_fake_write(t, at + NAME, name, strlen(name) + 1);
	iq_fake_write_u64(t, at + LAYOUT, base);
	if (k->pieces) {
		iq_fake_write_u32(t, at + LAYOUT + 12, 0x1000);
		iq_fake_write_u64(t, at + LAYOUT + 72, base + 0x1000);
		iq_fake_write_u32(t, at + LAYOUT + 72 + 12, 0x1000);
	} else {
		iq_fake_write_u32(t, at + LAYOUT + 8, 0x2000);
		iq_fake_write_u32(t, at + LAYOUT + 12, 0x1000);
	}
	iq_fake_write_u32(t, at + ORC, 3);
	iq_fake_write_u64(t, at + ORC + 8, base + 0x1800);
	iq_fake_write_u64(t, at + ORC + 16, base + 0x1900);
}

static void note_orc(void *ctx, const struct iq_module_orc *orc)
{
	struct kernel *k = ctx;

	if (!k->num_orcs++)
		k->orc = *orc;
}

static void modules_of_both_layouts_are_found(void **state)
{
	(void)state;
	for (int pieces = 0; pieces < 2; pieces++) {
		struct kernel k;

		make(&k, pieces);
		iq_fake_write_u64(k.target, head, module_at(0) + LIST);
		add(&k, 0, "ext4", 0, module_at(1) + LIST);
		add(&k, 1, "going_away", 2, module_at(2) + LIST);
		add(&k, 2, "unformed", 3, module_at(3) + LIST);
		add(&k, 3, "torn\x01name", 0, head);
		assert_ok(iq_modules_load(k.mem, k.tab, k.types, note_orc, &k));
		assert_int_equal(iq_symtab_stats(k.tab).num_modules, 2);
		assert_string_equal(iq_symtab_module_of(k.tab, code + 0xfff), "ext4");
		assert_string_equal(iq_symtab_module_of(k.tab, code + 0x1fff), "ext4");
		assert_string_equal(iq_symtab_module_of(k.tab, code + 0x10000), "going_away");
		assert_null(iq_symtab_module_of(k.tab, code + 0x20000));
		assert_true(iq_symtab_is_text(k.tab, code + 0xfff));
		assert_false(iq_symtab_is_text(k.tab, code + 0x1000));
		assert_int_equal(k.num_orcs, 2);
		assert_int_equal(k.orc.text, code);
		assert_int_equal(k.orc.text_len, 0x1000);
		assert_int_equal(k.orc.orc_ip, code + 0x1800);
		assert_int_equal(k.orc.orc, code + 0x1900);
		assert_int_equal(k.orc.num, 3);
		drop(&k);
	}
}

static void a_list_that_goes_in_circles_or_breaks_off_keeps_what_came_before(void **state)
{
	struct kernel k;

	(void)state;
	make(&k, true);
	iq_fake_write_u64(k.target, head, module_at(0) + LIST);
	add(&k, 0, "first", 0, module_at(1) + LIST);
	add(&k, 1, "second", 0, module_at(0) + LIST);
	assert_err(IQ_ERR_CORRUPT, iq_modules_load(k.mem, k.tab, k.types, note_orc, &k));
	assert_int_equal(iq_symtab_stats(k.tab).num_modules, 2);
	assert_int_equal(k.num_orcs, 2);
	drop(&k);

	make(&k, false);
	iq_fake_write_u64(k.target, head, module_at(0) + LIST);
	add(&k, 0, "only", 0, 0xdead000000000100);
	assert_err(IQ_ERR_FAULT, iq_modules_load(k.mem, k.tab, k.types, note_orc, &k));
	assert_int_equal(iq_symtab_stats(k.tab).num_modules, 1);
	drop(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(modules_of_both_layouts_are_found),
		cmocka_unit_test(a_list_that_goes_in_circles_or_breaks_off_keeps_what_came_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
