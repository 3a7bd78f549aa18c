/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Real dumps, where there are any: INQUEST_DUMPS names a folder that is searched
 * for *.elf and *.kdump, two levels deep.
 */
#include "test.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dumps.h"
#include "inquest/util.h"
#include "target/mem.h"

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e3 + ts.tv_nsec / 1e6;
}

static struct iq_error *check_release(struct iq_mem *mem, const char *via)
{
	struct iq_target *t = iq_mem_target(mem);
	uint64_t uts, offset = 4;
	char name[6 * 65], release[65] = "";
	struct iq_error *err;
	const char *text;
	size_t len;

	/* Kernels that do not say where the name is have a reference count of 4 bytes before it. */
	err = iq_target_vmcoreinfo_u64(t, "OFFSET(uts_namespace.name)", &offset);
	iq_error_free(err);
	err = iq_target_vmcoreinfo_u64(t, "SYMBOL(init_uts_ns)", &uts);
	if (!err)
		err = iq_target_vmcoreinfo(t, "OSRELEASE", &text, &len);
	if (!err)
		err = iq_mem_read(mem, uts + offset, name, sizeof(name));
	if (err)
		return iq_error_prefix(err, "%s", via);
	snprintf(release, sizeof(release), "%.*s", (int)len, text);
	assert_string_equal(name, "Linux");
	assert_string_equal(name + 2 * 65, release);
	return NULL;
}

/* The direct map's formula, and the page tables, must agree about the same memory. */
static void check_direct_map(struct iq_mem *mem)
{
	const struct iq_mem_layout *l = iq_mem_layout(mem);
	char by_image[4096], by_direct[4096];
	iq_paddr pa;

	assert_true(l->page_offset);
	assert_ok(iq_mem_vtop(mem, l->image_start, &pa));
	assert_int_equal(pa, l->image_start - 0xffffffff80000000 + l->phys_base);
	assert_ok(iq_mem_read(mem, l->image_start, by_image, sizeof(by_image)));
	assert_ok(iq_mem_read(mem, l->page_offset + pa, by_direct, sizeof(by_direct)));
	assert_memory_equal(by_image, by_direct, sizeof(by_image));
}

static void the_release_in_init_uts_ns_is_the_one_in_vmcoreinfo(void **state)
{
	(void)state;
	if (!dumps.num)
		skip();
	iq_vec_foreach(&dumps, path) {
		double start = now_ms(), opened;
		struct iq_target *t;
		struct iq_mem *mem;

		assert_ok(iq_target_open_dump(*path, &t));
		opened = now_ms();
		assert_ok(iq_mem_new(t, &mem));
		assert_ok(check_release(mem, *path));
		check_direct_map(mem);
		print_message("%s: %s, open %.2f ms, tables %.2f ms, image %#lx-%#lx, direct map "
			      "%#lx, %u levels, %u CPUs%s%s\n",
			      *path, t->ops->kind, opened - start, now_ms() - opened,
			      iq_mem_layout(mem)->image_start, iq_mem_layout(mem)->image_end,
			      iq_mem_layout(mem)->page_offset, iq_mem_layout(mem)->levels,
			      t->num_cpu_regs, t->missing ? ", " : "",
			      t->missing ? t->missing : "");
		assert_true(t->num_cpu_regs);
		iq_mem_free(mem);
		iq_target_close(t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_release_in_init_uts_ns_is_the_one_in_vmcoreinfo),
	};

	return cmocka_run_group_tests(tests, find_dumps, forget_dumps);
}
