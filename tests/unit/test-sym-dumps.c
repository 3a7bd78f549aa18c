/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Symbols, types and modules of real kernels, where there are dumps: INQUEST_DUMPS names a
 * folder that is searched for *.elf and *.kdump, two levels deep. Beside NAME.elf may lie
 * NAME.kallsyms, the guest's own /proc/kallsyms: then every symbol is compared.
 */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "dumps.h"
#include "inquest/util.h"
#include "kernel/modules.h"

/* What /proc/kallsyms said: the kernel's symbols by their place, the modules' by what they are. */
struct listing {
	char *text;
	IQ_VEC(struct iq_sym) syms;
	struct iq_strmap modules; /* "module`name address" -> anything */
	size_t at, num_modules;
};

static char *module_key(const char *module, const char *name, iq_vaddr addr, char *buf, size_t len)
{
	snprintf(buf, len, "%s`%s %" PRIx64, module, name, addr);
	return buf;
}

static bool read_listing(const char *dump, struct listing *l)
{
	_cleanup_free_ char *path = iq_xmalloc(strlen(dump) + 16);
	char key[1024];
	size_t len, cap = 64 << 20;
	FILE *f;

	*l = (struct listing){ 0 };
	strcpy(path, dump);
	strcpy(strrchr(path, '.'), ".kallsyms");
	f = fopen(path, "r");
	if (!f)
		return false;
	l->text = iq_xmalloc(cap);
	len = fread(l->text, 1, cap - 1, f);
	l->text[len] = '\0';
	fclose(f);
	for (char *line = l->text, *save; (line = strtok_r(line, "\n", &save)); line = NULL) {
		struct iq_sym sym = { 0 };
		char *p, *tab;

		sym.addr = strtoull(line, &p, 16);
		sym.kind = p[1];
		sym.name = p + 3;
		tab = strchr(sym.name, '\t');
		if (!tab) {
			iq_vec_push(&l->syms, sym);
			continue;
		}
		*tab = '\0';
		tab[strcspn(tab + 1, "]") + 1] = '\0';
		/* Trampolines and BPF programs are listed as modules' and are none. */
		if (strncmp(tab + 2, "__builtin__", 11) && strcmp(tab + 2, "bpf")) {
			iq_strmap_set(&l->modules,
				      module_key(tab + 2, sym.name, sym.addr, key, sizeof(key)), l);
			l->num_modules++;
		}
	}
	return true;
}

static bool is_as_listed(void *ctx, const struct iq_sym *sym)
{
	struct listing *l = ctx;
	const struct iq_sym *listed;
	char key[1024];

	if (sym->module) {
		if (!iq_strmap_get(&l->modules,
				   module_key(sym->module, sym->name, sym->addr, key, sizeof(key))))
			fail_msg("%s is not listed", key);
		l->num_modules--;
		return false;
	}
	assert_true(l->at < l->syms.num);
	listed = &l->syms.data[l->at++];
	assert_string_equal(sym->name, listed->name);
	assert_int_equal(sym->addr, listed->addr);
	assert_int_equal(sym->kind, listed->kind);
	return false;
}

static void drop_listing(struct listing *l)
{
	iq_vec_free(&l->syms);
	iq_strmap_deinit(&l->modules);
	free(l->text);
}

struct check {
	struct iq_symtab *tab;
	size_t num, num_asked;
};

/* Every 50th symbol is found by its name, and by its address. */
static bool is_found(void *ctx, const struct iq_sym *sym)
{
	struct check *c = ctx;
	struct iq_sym found;

	if (c->num++ % 50)
		return false;
	c->num_asked++;
	assert_ok(iq_symtab_by_name(c->tab, sym->name, &found));
	assert_string_equal(found.name, sym->name);
	if (!sym->module && sym->addr >> 63) {
		assert_ok(iq_symtab_by_addr(c->tab, sym->addr, &found));
		assert_int_equal(found.addr, sym->addr);
	}
	return false;
}

static struct iq_types *kernel_types(struct iq_mem *mem, struct iq_symtab *tab)
{
	struct iq_sym start, stop;
	struct iq_types *types;
	const void *data;

	assert_ok(iq_symtab_by_name(tab, "__start_BTF", &start));
	assert_ok(iq_symtab_by_name(tab, "__stop_BTF", &stop));
	assert_ok(iq_mem_view(mem, start.addr, stop.addr - start.addr, &data));
	assert_ok(iq_types_new(&types));
	assert_ok(iq_types_add(types, NULL, data, stop.addr - start.addr));
	return types;
}

static void types_are_plausible(struct iq_types *types)
{
	int64_t value;

	assert_true(iq_types_sizeof(types, "struct task_struct") > 1000);
	assert_true(iq_types_offsetof(types, "struct task_struct", "tasks.prev") > 0);
	assert_true(iq_types_offsetof(types, "struct task_struct", "se.exec_start") > 0);
	assert_true(iq_types_offsetof(types, "struct super_block", "s_writers.rw_sem[2]") > 0);
	assert_int_equal(iq_types_sizeof(types, "unsigned long"), 8);
	assert_int_equal(iq_types_sizeof(types, "struct list_head"), 16);
	assert_ok(iq_types_enum_value(types, NULL, "PIDTYPE_TGID", &value));
	assert_int_equal(value, 1);
}

static void all_of(const char *path)
{
	struct iq_target *target;
	struct iq_symtab *tab;
	struct iq_types *types;
	struct check check = { 0 };
	struct listing listing;
	struct iq_error *err;
	struct iq_type type;
	struct iq_mem *mem;

	assert_ok(iq_target_open_dump(path, &target));
	err = iq_mem_new(target, &mem);
	if (iq_error_catch(&err, IQ_ERR_NOTFOUND)) {
		iq_target_close(target);
		return; /* it may have been made to have no VMCOREINFO */
	}
	assert_ok(err);
	assert_ok(iq_symtab_new(mem, &tab));
	types = kernel_types(mem, tab);
	types_are_plausible(types);
	assert_ok(iq_modules_load(mem, tab, types, NULL, NULL));
	err = iq_types_by_name(types, "struct no_such_type", &type);
	assert_true(iq_error_catch(&err, IQ_ERR_NOTFOUND));
	assert_int_equal(iq_types_stats(types).num_broken, 0);

	if (read_listing(path, &listing)) {
		iq_symtab_foreach(tab, is_as_listed, &listing);
		assert_int_equal(listing.at, listing.syms.num);
		assert_int_equal(listing.num_modules, 0);
		drop_listing(&listing);
	}
	check.tab = tab;
	iq_symtab_foreach(tab, is_found, &check);
	assert_true(check.num_asked > 1000);
	assert_int_equal(iq_symtab_stats(tab).num_modules_broken, 0);
	print_message("%s: %zu symbols (%s), %zu modules, %zu types\n", path, check.num,
		      iq_symtab_stats(tab).encoding, iq_symtab_stats(tab).num_modules,
		      iq_types_stats(types).num_types);
	iq_types_free(types);
	iq_symtab_free(tab);
	iq_mem_free(mem);
	iq_target_close(target);
}

static void symbols_and_types_of_real_kernels_are_all_found(void **state)
{
	(void)state;
	if (!dumps.num)
		skip();
	iq_vec_foreach(&dumps, path)
		all_of(*path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(symbols_and_types_of_real_kernels_are_all_found),
	};

	return cmocka_run_group_tests(tests, find_dumps, forget_dumps);
}
