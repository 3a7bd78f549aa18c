/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ELF dumps and /proc/kcore, over files made here: good, cut off, and lying
 */
#include "test.h"

#include <sys/stat.h>

#include "made-elf.h"
#include "target/mem.h"

enum { PAGE = 4096, RAM = 64 * PAGE };

static char ram[RAM];

static int fill_ram(void **state)
{
	(void)state;
	for (unsigned i = 0; i < RAM; i++)
		ram[i] = (char)(i / PAGE * 31 + i);
	return 0;
}

static void expect(struct iq_target *t, iq_paddr pa, size_t at, size_t len)
{
	_cleanup_free_ char *buf = iq_xmalloc(len);

	assert_ok(t->ops->read_phys(t, pa, buf, len));
	assert_memory_equal(buf, ram + at, len);
}

static uint64_t fault_at(struct iq_target *t, iq_paddr pa, size_t len)
{
	_cleanup_free_ char *buf = iq_xmalloc(len);
	struct iq_error *err = t->ops->read_phys(t, pa, buf, len);
	uint64_t addr;

	assert_non_null(err);
	assert_int_equal(err->code, IQ_ERR_FAULT);
	addr = err->addr;
	iq_error_free(err);
	return addr;
}

static void add_cpu(struct made_elf *m, uint64_t ip)
{
	uint64_t prstatus[42] = { 0 };

	prstatus[14 + 16] = ip;
	prstatus[14 + 19] = 0xffffc90000001000;
	made_elf_note(m, "CORE", NT_PRSTATUS, prstatus, sizeof(prstatus));
}

/* Two segments with a hole, as QEMU leaves them around the PCI hole. */
static void make_qemu(struct made_elf *m)
{
	uint64_t state[55] = { 0x1b800000001 };

	made_elf_init(m);
	add_cpu(m, 0xffffffff81000000);
	add_cpu(m, 0xffffffff81000001);
	state[1 + 18 + 30 + 3] = 0x1234000 | 0x18;
	made_elf_note(m, "QEMU", 0, state, 440);
	made_elf_load(m, 0, 0, ram, RAM / 2);
	made_elf_load(m, 0x100000000, 0x100000000, ram + RAM / 2, RAM / 2);
}

static void a_dump_is_read_by_its_program_headers(void **state)
{
	struct iq_regs regs;
	struct iq_target *t;
	struct made_elf m;
	const void *p;

	(void)state;
	make_qemu(&m);
	made_elf_note(&m, "VMCOREINFO", 0, "OSRELEASE=6.1\n", 14);
	made_elf_write(&m, SIZE_MAX);
	assert_ok(iq_target_open_dump(m.path, &t));
	assert_string_equal(t->ops->kind, "elf");
	assert_string_equal(t->vmcoreinfo, "OSRELEASE=6.1\n");
	assert_null(t->missing);
	assert_false(t->live);
	assert_int_equal(t->num_ranges, 2);
	assert_int_equal(t->ranges[1].start, 0x100000000);
	expect(t, 0, 0, RAM / 2);
	expect(t, 0x100000000 + PAGE - 3, RAM / 2 + PAGE - 3, 3 * PAGE);
	assert_int_equal(fault_at(t, RAM / 2, 1), RAM / 2);
	assert_int_equal(fault_at(t, RAM / 2 - 5, 10), RAM / 2);
	assert_int_equal(fault_at(t, UINT64_MAX - 3, 8), UINT64_MAX - 3);
	assert_ok(t->ops->map_phys(t, 0x100000010, 16, &p));
	assert_memory_equal(p, ram + RAM / 2 + 16, 16);
	assert_err(IQ_ERR_UNSUPPORTED, t->ops->map_phys(t, 0, RAM / 2 + 1, &p));
	assert_err(IQ_ERR_FAULT, t->ops->map_phys(t, RAM, 1, &p));
	assert_err(IQ_ERR_UNSUPPORTED, t->ops->read_virt(t, 0, &regs, 1));
	assert_int_equal(t->num_cpu_regs, 2);
	assert_ok(t->ops->cpu_regs(t, 1, &regs));
	assert_int_equal(regs.r[IQ_REG_IP], 0xffffffff81000001);
	assert_int_equal(regs.r[IQ_REG_SP], 0xffffc90000001000);
	assert_err(IQ_ERR_NOTFOUND, t->ops->cpu_regs(t, 2, &regs));
	assert_int_equal(t->num_roots, 1);
	assert_int_equal(t->roots[0].root, 0x1234000);
	assert_int_equal(t->roots[0].levels, 4);
	iq_target_close(t);
	made_elf_deinit(&m);
}

static void a_cut_off_dump_is_used_as_far_as_it_goes(void **state)
{
	struct iq_target *t;
	struct made_elf m;
	char *bytes;
	size_t len;

	(void)state;
	make_qemu(&m);
	made_elf_note(&m, "VMCOREINFO", 0, "OSRELEASE=6.1\n", 14);
	bytes = made_elf_bytes(&m, &len);
	free(bytes);
	made_elf_write(&m, len - 3 * PAGE - 100);
	assert_ok(iq_target_open_dump(m.path, &t));
	assert_non_null(t->missing);
	assert_string_equal(t->missing, "cut off: 1 MiB of 1 MiB are missing");
	expect(t, 0, 0, RAM / 2);
	expect(t, 0x100000000, RAM / 2, RAM / 2 - 3 * PAGE - 100);
	assert_int_equal(fault_at(t, 0x100000000, RAM / 2), 0x100000000 + RAM / 2 - 3 * PAGE - 100);
	iq_target_close(t);
	unlink(m.path);

	/* At every length: an error or a target, never a signal. */
	for (size_t keep = 0; keep < len; keep += keep < 4096 ? 7 : 3511) {
		struct iq_error *err;
		char buf[64];

		made_elf_write(&m, keep);
		err = iq_target_open_dump(m.path, &t);
		if (!err) {
			for (iq_paddr pa = 0; pa < RAM; pa += 777)
				iq_error_free(t->ops->read_phys(t, pa, buf, sizeof(buf)));
			iq_target_close(t);
		} else {
			assert_non_null(strstr(iq_error_text(err), m.path));
			iq_error_free(err);
		}
		unlink(m.path);
	}
	made_elf_deinit(&m);
}

static void a_file_that_shrinks_gives_faults_and_no_signal(void **state)
{
	struct iq_target *t;
	struct made_elf m;
	char buf[16];

	(void)state;
	make_qemu(&m);
	made_elf_note(&m, "VMCOREINFO", 0, "OSRELEASE=6.1\n", 14);
	made_elf_write(&m, SIZE_MAX);
	assert_ok(iq_target_open_dump(m.path, &t));
	expect(t, 0x100000000, RAM / 2, 16);
	assert_int_equal(truncate(m.path, 2 * PAGE), 0);
	assert_err(IQ_ERR_FAULT, t->ops->read_phys(t, 0x100000000, buf, sizeof(buf)));
	assert_err(IQ_ERR_FAULT, t->ops->read_phys(t, 0x100000000 + 9 * PAGE, buf, sizeof(buf)));
	expect(t, 0, 0, 16);
	iq_target_close(t);
	made_elf_deinit(&m);
}

static void overlapping_segments_are_read_once(void **state)
{
	struct iq_target *t;
	struct made_elf m;

	(void)state;
	made_elf_init(&m);
	made_elf_note(&m, "VMCOREINFO", 0, "OSRELEASE=6.1\n", 14);
	/* kdump: the image, then RAM in which it lies, then a piece across the end of that. */
	made_elf_load(&m, 0xffffffff81000000, 8 * PAGE, ram + 8 * PAGE, 4 * PAGE);
	made_elf_load(&m, 0xffff888000000000, 0, ram, 32 * PAGE);
	made_elf_load(&m, 0xffff888000000000 + 30 * PAGE, 30 * PAGE, ram + 30 * PAGE, 10 * PAGE);
	made_elf_write(&m, SIZE_MAX);
	assert_ok(iq_target_open_dump(m.path, &t));
	assert_int_equal(t->num_ranges, 1);
	assert_int_equal(t->ranges[0].end, 40 * PAGE);
	expect(t, 0, 0, 40 * PAGE);
	assert_int_equal(fault_at(t, 40 * PAGE, 1), 40 * PAGE);
	assert_int_equal(t->num_virt, 3);
	iq_target_close(t);
	made_elf_deinit(&m);
}

/* VMCOREINFO at the start of a page, in a file without the note. */
static void vmcoreinfo_is_found_in_memory(void **state)
{
	static const char decoy[] = "OSRELEASE=5.0\nKERNELOFFSET=0\n\x01";
	static const char text[] = "OSRELEASE=6.1.0\nSYMBOL(_stext)=ffffffff81000000\n"
				   "NUMBER(phys_base)=0\nKERNELOFFSET=0\n";
	_cleanup_free_ char *copy = iq_xmalloc(RAM);
	struct iq_target *t;
	struct made_elf m;

	(void)state;
	memcpy(copy, ram, RAM);
	memcpy(copy + 3 * PAGE + 8, text, sizeof(text)); /* not at a page's start */
	memcpy(copy + 5 * PAGE, decoy, sizeof(decoy));
	memcpy(copy + 37 * PAGE, text, sizeof(text));
	made_elf_init(&m);
	made_elf_load(&m, 0x1000, 0x1000, copy + PAGE, RAM - PAGE);
	made_elf_write(&m, SIZE_MAX);
	assert_ok(iq_target_open_dump(m.path, &t));
	assert_non_null(t->vmcoreinfo);
	assert_string_equal(t->vmcoreinfo, text);
	iq_target_close(t);
	made_elf_deinit(&m);
}

static void a_dump_without_vmcoreinfo_is_refused_with_words(void **state)
{
	struct iq_target *t;
	struct iq_mem *mem;
	struct iq_error *err;
	struct made_elf m;

	(void)state;
	make_qemu(&m);
	made_elf_write(&m, SIZE_MAX);
	assert_ok(iq_target_open_dump(m.path, &t));
	assert_null(t->vmcoreinfo);
	err = iq_mem_new(t, &mem);
	assert_non_null(err);
	assert_int_equal(err->code, IQ_ERR_NOTFOUND);
	assert_non_null(strstr(iq_error_text(err), "VMCOREINFO"));
	assert_null(strchr(iq_error_text(err), '\n'));
	iq_error_free(err);
	iq_target_close(t);
	made_elf_deinit(&m);
}

static void expect_refusal(struct made_elf *m, enum iq_error_code code)
{
	struct iq_target *t;

	made_elf_write(m, SIZE_MAX);
	assert_err(code, iq_target_open_dump(m->path, &t));
	unlink(m->path);
}

static void lying_headers_are_refused_or_bounded(void **state)
{
	struct iq_target *t;
	struct made_elf m;
	Elf64_Phdr *ph;
	char buf[8];

	(void)state;
	make_qemu(&m);
	m.eh.e_type = ET_EXEC;
	expect_refusal(&m, IQ_ERR_INVALID);
	m.eh.e_type = ET_CORE;
	m.eh.e_machine = EM_AARCH64;
	expect_refusal(&m, IQ_ERR_UNSUPPORTED);
	m.eh.e_machine = EM_X86_64;
	m.eh.e_phentsize = 1;
	expect_refusal(&m, IQ_ERR_CORRUPT);
	m.eh.e_phentsize = sizeof(Elf64_Phdr);
	m.eh.e_phoff = UINT64_MAX - 5;
	expect_refusal(&m, IQ_ERR_CORRUPT);
	m.eh.e_phoff = sizeof(m.eh);
	m.eh.e_ident[EI_CLASS] = ELFCLASS32;
	expect_refusal(&m, IQ_ERR_UNSUPPORTED);
	made_elf_deinit(&m);

	made_elf_init(&m);
	expect_refusal(&m, IQ_ERR_INVALID); /* no memory in it */
	/* Wrapping addresses, offsets beyond everything, sizes that are not there. */
	ph = made_elf_load(&m, 0, UINT64_MAX - 100, NULL, PAGE);
	ph->p_offset = 64;
	ph = made_elf_load(&m, 0, 0x10000, NULL, UINT64_MAX / 2);
	ph->p_offset = UINT64_MAX - 10;
	ph = made_elf_load(&m, UINT64_MAX - 10, 0x1000000, NULL, UINT64_MAX);
	ph->p_offset = 64;
	ph = made_elf_load(&m, UINT64_MAX - 10, 0x2000000, NULL, UINT64_MAX - 0x3000000);
	ph->p_offset = 64;
	made_elf_write(&m, SIZE_MAX);
	assert_ok(iq_target_open_dump(m.path, &t));
	assert_non_null(t->missing);
	assert_ok(t->ops->read_phys(t, 0x2000000, buf, 8));
	assert_err(IQ_ERR_FAULT, t->ops->read_phys(t, 0x2000000 + PAGE, buf, 8));
	assert_err(IQ_ERR_FAULT, t->ops->read_phys(t, UINT64_MAX - 50, buf, 8));
	iq_target_close(t);
	made_elf_deinit(&m);
}

static void lying_notes_are_skipped(void **state)
{
	struct iq_target *t;
	struct made_elf m;
	Elf64_Nhdr nh = { .n_namesz = UINT32_MAX, .n_descsz = UINT32_MAX, .n_type = 1 };

	(void)state;
	make_qemu(&m);
	made_elf_note(&m, "CORE", NT_PRSTATUS, "short", 5);
	made_elf_note(&m, "QEMU", 0, "short", 5);
	made_elf_note(&m, "VMCOREINFO_XEN", 0, "OSRELEASE=xen\n", 14);
	made_elf_note(&m, "VMCOREINFO", 0, "OSRELEASE=6.1\n", 14);
	iq_strbuf_add(&m.notes, &nh, sizeof(nh));
	made_elf_write(&m, SIZE_MAX);
	assert_ok(iq_target_open_dump(m.path, &t));
	assert_string_equal(t->vmcoreinfo, "OSRELEASE=6.1\n");
	assert_int_equal(t->num_cpu_regs, 2);
	iq_target_close(t);
	made_elf_deinit(&m);
}

static void what_is_not_a_dump_is_refused(void **state)
{
	static const char *const paths[] = { "/", "/dev/null", "/nonexistent/dump", NULL };
	struct iq_target *t;
	struct made_elf m = { 0 };
	int fd;

	(void)state;
	for (unsigned i = 0; paths[i]; i++) {
		struct iq_error *err = iq_target_open_dump(paths[i], &t);

		assert_non_null(err);
		assert_non_null(strstr(iq_error_text(err), paths[i]));
		iq_error_free(err);
	}
	strcpy(m.path, "/tmp/inquest-test-XXXXXX");
	fd = mkstemp(m.path);
	assert_true(fd >= 0);
	assert_err(IQ_ERR_INVALID, iq_target_open_dump(m.path, &t)); /* empty */
	for (unsigned i = 0; i < 300; i++)
		assert_int_equal(write(fd, "This is no dump of any kind.\n", 29), 29);
	assert_err(IQ_ERR_INVALID, iq_target_open_dump(m.path, &t));
	/* kdump-compressed by its first bytes, and nothing more. */
	assert_int_equal(pwrite(fd, "KDUMP   \x06\0\0\0", 12, 0), 12);
	{
		struct iq_error *err = iq_target_open_dump(m.path, &t);

		assert_non_null(err);
		iq_error_free(err);
	}
	close(fd);
	made_elf_deinit(&m);
}

/* ---- kcore ---- */

static void kcore_knows_which_segments_to_trust(void **state)
{
	struct iq_target *t;
	struct made_elf m;
	Elf64_Phdr *ph;
	char buf[32];

	(void)state;
	made_elf_init(&m);
	made_elf_note(&m, "VMCOREINFO", 0, "OSRELEASE=6.1\n", 14);
	made_elf_load(&m, 0xffffffff81000000, 8 * PAGE, ram + 8 * PAGE, 4 * PAGE);
	made_elf_load(&m, 0xffff888000000000, 0, ram, 32 * PAGE);
	ph = made_elf_load(&m, 0xffffc90000000000, UINT64_MAX, NULL, 32 * PAGE);
	ph->p_offset = 64;
	made_elf_load(&m, 0xffff888100000000, 0x100000000, ram + 32 * PAGE, 32 * PAGE);
	made_elf_write(&m, SIZE_MAX);
	assert_ok(iq_target_open_kcore(m.path, &t));
	assert_true(t->live);
	assert_int_equal(t->num_virt, 4);
	assert_int_equal(t->virt[0].start, 0xffff888000000000);
	assert_true(t->virt[0].linear);
	assert_int_equal(t->virt[2].start, 0xffffc90000000000);
	assert_false(t->virt[2].linear);
	assert_true(t->virt[3].linear);
	expect(t, 0x100000000 + 5, 32 * PAGE + 5, 2 * PAGE);
	assert_int_equal(fault_at(t, 32 * PAGE - 1, 2), 32 * PAGE);
	assert_ok(t->ops->read_virt(t, 0xffffffff81000003, buf, sizeof(buf)));
	assert_memory_equal(buf, ram + 8 * PAGE + 3, sizeof(buf));
	assert_err(IQ_ERR_FAULT, t->ops->read_virt(t, 0xffff888000000000 + 32 * PAGE - 1, buf, 2));
	assert_err(IQ_ERR_UNSUPPORTED, t->ops->cpu_regs(t, 0, NULL));
	iq_target_close(t);
	made_elf_deinit(&m);
}

static void a_kcore_that_is_none_says_what_to_try(void **state)
{
	struct iq_target *t;
	struct iq_error *err;

	(void)state;
	err = iq_target_open_kcore("/nonexistent/kcore", &t);
	assert_non_null(err);
	assert_int_equal(err->code, IQ_ERR_NOTFOUND);
	assert_non_null(strstr(iq_error_text(err), "-c FILE"));
	iq_error_free(err);
	err = iq_target_open_kcore("/dev/null", &t);
	assert_non_null(err);
	assert_int_equal(err->code, IQ_ERR_NOTFOUND);
	assert_non_null(strstr(iq_error_text(err), "masked"));
	iq_error_free(err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dump_is_read_by_its_program_headers),
		cmocka_unit_test(a_cut_off_dump_is_used_as_far_as_it_goes),
		cmocka_unit_test(a_file_that_shrinks_gives_faults_and_no_signal),
		cmocka_unit_test(overlapping_segments_are_read_once),
		cmocka_unit_test(vmcoreinfo_is_found_in_memory),
		cmocka_unit_test(a_dump_without_vmcoreinfo_is_refused_with_words),
		cmocka_unit_test(lying_headers_are_refused_or_bounded),
		cmocka_unit_test(lying_notes_are_skipped),
		cmocka_unit_test(what_is_not_a_dump_is_refused),
		cmocka_unit_test(kcore_knows_which_segments_to_trust),
		cmocka_unit_test(a_kcore_that_is_none_says_what_to_try),
	};

	return cmocka_run_group_tests(tests, fill_ram, NULL);
}
