/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Types and shadow structs, on BTF made here: good, cut off and lying */
#include "test.h"

#include "inquest/util.h"
#include "made-btf.h"
#include "type/types.h"

/* Modules' BTF is read from here. */
static struct {
	iq_vaddr addr;
	const void *data;
	size_t len;
	unsigned num_reads;
} made_memory;

struct iq_error *iq_mem_read(struct iq_mem *mem, iq_vaddr va, void *buf, size_t len)
{
	(void)mem;
	made_memory.num_reads++;
	if (va < made_memory.addr || va - made_memory.addr > made_memory.len ||
	    len > made_memory.len - (va - made_memory.addr))
		return iq_error_fault(va, "made memory");
	memcpy(buf, (const char *)made_memory.data + (va - made_memory.addr), len);
	return NULL;
}

/* ---- a small kernel ---- */

static struct made_btf kernel;

/* What is made of a type's kind by adding one: ids used below. */
static uint32_t t_int, t_list, t_task;

static int make_kernel(void **state)
{
	struct made_btf *b = &kernel;
	uint32_t t_uint, t_long, t_ulong, t_char, t_bool, comm, atomic, heads, mode, vlong, se;
	uint32_t anon, ptr, void_ptr, proto, fn_ptr, const_char, str;

	(void)state;
	made_btf_init(b, NULL);
	t_int = made_int(b, "int", 4, MADE_SIGNED);
	t_uint = made_int(b, "unsigned int", 4, 0);
	t_long = made_int(b, "long int", 8, MADE_SIGNED);
	t_ulong = made_int(b, "long unsigned int", 8, 0);
	t_char = made_int(b, "char", 1, MADE_SIGNED);
	t_bool = made_int(b, "_Bool", 1, MADE_BOOL);
	comm = made_array(b, t_char, 16);
	atomic = made_struct(b, "", 4, false);
	made_member(b, "counter", t_int, 0);
	atomic = made_type(b, "atomic_t", BTF_TYPEDEF, 0, atomic);
	ptr = made_type(b, "", BTF_PTR, 0, b->next_id + 1);
	t_list = made_struct(b, "list_head", 16, false);
	made_member(b, "next", ptr, 0);
	made_member(b, "prev", ptr, 64);
	heads = made_array(b, t_list, 2);
	mode = made_type(b, "mode", BTF_ENUM, MADE_KIND_FLAG, 4);
	made_enumerator(b, "MODE_DEAD", -1);
	made_enumerator(b, "MODE_ON", 7);
	made_type(b, "later", BTF_ENUM, 0, 4); /* a forward declaration */
	made_type(b, "wide", BTF_ENUM64, 0, 8);
	made_enumerator64(b, "WIDE", INT64_C(0x123456789a));
	made_type(b, "flags", BTF_ENUM, 0, 4);
	made_enumerator(b, "FLAG_HIGH", (int32_t)0x80000000);
	vlong = made_type(b, "", BTF_VOLATILE, 0, t_long);
	se = made_struct(b, "sched_entity", 24, false);
	made_member(b, "on_rq", t_bool, 0);
	made_member(b, "exec_start", t_ulong, 64);
	made_member(b, "vlag", t_long, 128);
	anon = made_struct(b, "", 8, true);
	made_member(b, "low", t_uint, 3 << 24 | 0);
	made_member(b, "signed_bits", t_int, 5 << 24 | 3);
	made_member(b, "across", t_uint, 24 << 24 | 12);
	void_ptr = made_type(b, "", BTF_PTR, 0, 0);
	const_char = made_type(b, "", BTF_CONST, 0, t_char);
	str = made_type(b, "", BTF_PTR, 0, const_char);
	proto = made_type(b, "", BTF_FUNC_PROTO, 0, t_int);
	made_param(b, "what", str);
	made_param(b, "", 0);
	fn_ptr = made_type(b, "", BTF_PTR, 0, proto);
	made_type(b, "task_struct", BTF_FWD, 0, 0);
	t_task = made_struct(b, "task_struct", 256, true);
	made_member(b, "__state", vlong, 0);
	made_member(b, "usage", atomic, 64);
	made_member(b, "", anon, 96);
	made_member(b, "se", se, 192);
	made_member(b, "comm", comm, 512);
	made_member(b, "heads", heads, 704);
	made_member(b, "mode", mode, 1024);
	made_member(b, "bit", t_uint, 1 << 24 | 1071);
	made_member(b, "self", void_ptr, 1088);
	made_member(b, "print", fn_ptr, 1152);
	made_type(b, "pid_t", BTF_TYPEDEF, 0, t_int);
	made_type(b, "list_head", BTF_FUNC, 0, proto); /* functions have no place among types */
	return 0;
}

static int drop_kernel(void **state)
{
	(void)state;
	made_btf_deinit(&kernel);
	return 0;
}

static struct iq_types *kernel_types(void)
{
	struct iq_types *types;
	size_t len;
	void *data = made_btf_data(&kernel, &len);

	assert_ok(iq_types_new(&types));
	assert_ok(iq_types_add(types, NULL, data, len));
	return types;
}

static struct iq_type type_of(struct iq_types *types, const char *name)
{
	struct iq_type type = { 0 };

	assert_ok(iq_types_by_name(types, name, &type));
	return type;
}

static uint64_t bits_to(struct iq_types *types, const char *type, const char *path)
{
	struct iq_member m = { 0 };

	assert_ok(iq_type_member(type_of(types, type), path, &m));
	return m.bit_offset;
}

/* ---- names ---- */

static void pointers_and_arrays_can_be_named(void **state)
{
	struct iq_types *types = kernel_types();
	struct iq_type type, again;
	char buf[64];

	(void)state;
	type = type_of(types, "struct list_head *");
	assert_int_equal(iq_type_kind(type), IQ_TYPE_PTR);
	assert_int_equal(iq_type_target(type).id, t_list);
	assert_string_equal(iq_type_format(type, buf, sizeof(buf)), "struct list_head *");
	again = type_of(types, "list_head*");
	assert_ptr_equal(again.btf, type.btf);
	type = type_of(types, "char **[3]");
	assert_int_equal(iq_type_size(type), 24);
	type = type_of(types, "const unsigned  long [2][5]");
	assert_int_equal(iq_type_num_elems(type), 2);
	assert_int_equal(iq_type_num_elems(iq_type_target(type)), 5);
	assert_int_equal(iq_type_size(type), 80);
	assert_int_equal(iq_type_kind(iq_type_target(type_of(types, "void *"))), IQ_TYPE_VOID);
	assert_err(IQ_ERR_NOTFOUND, iq_types_by_name(types, "struct nobody *", &type));
	assert_err(IQ_ERR_NOTFOUND, iq_types_by_name(types, "*", &type));
	assert_err(IQ_ERR_NOTFOUND, iq_types_by_name(types, "char [", &type));
	iq_types_free(types);
}

static bool count_type(void *ctx, struct iq_type type)
{
	++*(unsigned *)ctx;
	return !*iq_type_name(type);
}

static void all_named_types_are_listed(void **state)
{
	struct iq_types *types = kernel_types();
	unsigned num = 0;

	(void)state;
	iq_types_foreach(types, count_type, &num);
	assert_in_range(num, 12, 20);
	iq_types_free(types);
}

static void types_are_found_by_their_c_names(void **state)
{
	struct iq_types *types = kernel_types();
	struct iq_type type;

	(void)state;
	assert_int_equal(type_of(types, "struct task_struct").id, t_task);
	assert_int_equal(type_of(types, "task_struct").id, t_task);
	assert_int_equal(type_of(types, "  struct  list_head ").id, t_list);
	assert_int_equal(iq_type_kind(type_of(types, "pid_t")), IQ_TYPE_TYPEDEF);
	assert_int_equal(iq_type_strip(type_of(types, "pid_t")).id, t_int);
	assert_int_equal(iq_type_size(type_of(types, "unsigned long")), 8);
	assert_false(iq_type_is_signed(type_of(types, "unsigned long")));
	assert_true(iq_type_is_signed(type_of(types, "long")));
	assert_int_equal(iq_type_kind(type_of(types, "char")), IQ_TYPE_CHAR);
	assert_int_equal(iq_type_kind(type_of(types, "_Bool")), IQ_TYPE_BOOL);
	assert_int_equal(iq_type_kind(type_of(types, "enum mode")), IQ_TYPE_ENUM);
	assert_int_equal(iq_type_kind(type_of(types, "void")), IQ_TYPE_VOID);
	assert_err(IQ_ERR_NOTFOUND, iq_types_by_name(types, "union task_struct", &type));
	assert_err(IQ_ERR_NOTFOUND, iq_types_by_name(types, "struct pid_t", &type));
	assert_err(IQ_ERR_NOTFOUND, iq_types_by_name(types, "enum later", &type));
	assert_err(IQ_ERR_NOTFOUND, iq_types_by_name(types, "struct task_struc", &type));
	assert_err(IQ_ERR_NOTFOUND, iq_types_by_name(types, "", &type));
	assert_err(IQ_ERR_NOTFOUND, iq_types_by_name(types, "struct ", &type));
	assert_int_equal(iq_types_sizeof(types, "struct task_struct"), 256);
	assert_int_equal(iq_types_sizeof(types, "struct nothing"), -1);
	assert_int_equal(iq_types_sizeof(types, "struct nothing"), -1);
	iq_types_free(types);
}

static void enumerators_keep_their_sign_and_width(void **state)
{
	struct iq_types *types = kernel_types();
	int64_t value;

	(void)state;
	assert_ok(iq_types_enum_value(types, "enum mode", "MODE_DEAD", &value));
	assert_int_equal(value, -1);
	assert_ok(iq_types_enum_value(types, NULL, "WIDE", &value));
	assert_int_equal(value, INT64_C(0x123456789a));
	assert_ok(iq_types_enum_value(types, NULL, "FLAG_HIGH", &value));
	assert_int_equal(value, INT64_C(0x80000000));
	assert_err(IQ_ERR_NOTFOUND, iq_types_enum_value(types, "enum mode", "WIDE", &value));
	assert_err(IQ_ERR_NOTFOUND, iq_types_enum_value(types, NULL, "MODE", &value));
	iq_types_free(types);
}

/* ---- members ---- */

static void members_are_found_through_structs_arrays_and_anonymous_ones(void **state)
{
	struct iq_types *types = kernel_types();
	struct iq_member m;

	(void)state;
	assert_int_equal(bits_to(types, "struct task_struct", "se.exec_start"), 256);
	assert_int_equal(bits_to(types, "struct task_struct", "usage.counter"), 64);
	assert_int_equal(bits_to(types, "struct task_struct", "heads[1].prev"), 704 + 192);
	assert_int_equal(bits_to(types, "struct task_struct", "comm[3]"), 512 + 24);
	assert_int_equal(bits_to(types, "struct task_struct", "across"), 96 + 12);
	assert_ok(iq_type_member(type_of(types, "struct task_struct"), "signed_bits", &m));
	assert_int_equal(m.bit_size, 5);
	for (const char *const *bad =
		     (const char *const[]){ "", ".", "se.", ".se", "se..vlag", "heads[2]", "heads[",
					    "heads[1", "heads[x]", "heads[1]x", "se[0]", "comm.x",
					    "self.x", "stat", "states", "heads[-1]", NULL };
	     *bad; bad++)
		assert_err(IQ_ERR_NOTFOUND,
			   iq_type_member(type_of(types, "struct task_struct"), *bad, &m));
	assert_int_equal(iq_types_offsetof(types, "struct task_struct", "comm"), 64);
	assert_int_equal(iq_types_offsetof(types, "struct task_struct", "comm"), 64);
	assert_int_equal(iq_types_offsetof(types, "struct task_struct", "gone"), -1);
	assert_int_equal(iq_types_offsetof(types, "struct task_struct", "gone"), -1);
	assert_err(IQ_ERR_NOTFOUND, iq_types_member(types, "struct gone", "comm", &m));
	iq_types_free(types);
}

static void types_are_told_in_c(void **state)
{
	struct iq_types *types = kernel_types();
	struct iq_member m;
	char buf[64];

	(void)state;
	static const struct {
		const char *path, *text;
	} cases[] = {
		{ "__state", "volatile long int" },
		{ "usage", "atomic_t" },
		{ "comm", "char [16]" },
		{ "heads", "struct list_head [2]" },
		{ "heads[0].next", "struct list_head *" },
		{ "mode", "enum mode" },
		{ "self", "void *" },
		{ "print", "int (*)(const char *, ...)" },
	};
	for (size_t i = 0; i < IQ_ARRAY_SIZE(cases); i++) {
		assert_ok(iq_type_member(type_of(types, "struct task_struct"), cases[i].path, &m));
		assert_string_equal(iq_type_format(m.type, buf, sizeof(buf)), cases[i].text);
	}
	assert_string_equal(iq_type_format(m.type, buf, 6), "int (");
	assert_string_equal(iq_type_format((struct iq_type){ 0 }, buf, sizeof(buf)), "void");
	iq_types_free(types);
}

/* ---- shadow structs ---- */

struct shadow_task {
	uint64_t has;
	int64_t state;
	int32_t usage;
	uint64_t exec_start;
	bool on_rq;
	char comm[8];
	char long_comm[24];
	uint64_t heads;
	int64_t mode;
	int64_t signed_bits;
	uint64_t across, bit, gone;
};

IQ_SHADOW(shadow_task_desc, "struct task_struct", shadow_task,
	  IQ_FIELD(shadow_task, state, "__state", "state"), IQ_FIELD(shadow_task, usage, "usage"),
	  IQ_FIELD(shadow_task, exec_start, "se.newer_name", "se.exec_start"),
	  IQ_FIELD(shadow_task, on_rq, "se.on_rq"), IQ_FIELD_COPY(shadow_task, comm, "comm"),
	  IQ_FIELD_COPY(shadow_task, long_comm, "comm"), IQ_FIELD_ADDR(shadow_task, heads, "heads"),
	  IQ_FIELD(shadow_task, mode, "mode"), IQ_FIELD(shadow_task, signed_bits, "signed_bits"),
	  IQ_FIELD(shadow_task, across, "across"), IQ_FIELD(shadow_task, bit, "bit"),
	  IQ_FIELD_OPT(shadow_task, gone, "gone"));

static void shadow_fields_are_widened_with_the_sign_of_the_kernels_member(void **state)
{
	struct iq_types *types = kernel_types();
	struct iq_shadow_plan *plan;
	struct shadow_task ours;
	uint8_t theirs[256] = { 0 };

	(void)state;
	memset(&ours, 0xa5, sizeof(ours));
	*(int64_t *)(theirs + 0) = -2;
	*(int32_t *)(theirs + 8) = -3;
	*(uint32_t *)(theirs + 12) = 5 | 0x1eu << 3 | 0xabcdefu << 12;
	theirs[16] = 0x0a;
	*(uint64_t *)(theirs + 32) = UINT64_C(0xfedcba9876543210);
	theirs[24] = 1;
	memcpy(theirs + 64, "fifteen letters", 16);
	*(int32_t *)(theirs + 128) = -1;
	theirs[133] = 0x80;

	assert_ok(iq_shadow_resolve(types, &shadow_task_desc, &plan));
	made_memory.addr = 0xffff888000001000;
	made_memory.data = theirs;
	made_memory.len = sizeof(theirs);
	made_memory.num_reads = 0;
	assert_ok(iq_shadow_plan_read(plan, NULL, made_memory.addr, &ours));
	assert_int_equal(made_memory.num_reads, 1);
	assert_int_equal(ours.has, 0x7ff);
	assert_int_equal(ours.state, -2);
	assert_int_equal(ours.usage, -3);
	assert_int_equal(ours.exec_start, UINT64_C(0xfedcba9876543210));
	assert_true(ours.on_rq);
	assert_memory_equal(ours.comm, "fifteen ", 8);
	assert_string_equal(ours.long_comm, "fifteen letters");
	for (size_t i = 16; i < sizeof(ours.long_comm); i++)
		assert_int_equal(ours.long_comm[i], 0);
	assert_int_equal(ours.heads, made_memory.addr + 88);
	assert_int_equal(ours.mode, -1);
	assert_int_equal(ours.signed_bits, -2);
	assert_int_equal(ours.across, (0xabcdef & 0xfffff) | 0xa << 20);
	assert_int_equal(ours.bit, 1);
	assert_int_equal(ours.gone, 0);
	assert_err(IQ_ERR_FAULT, iq_shadow_plan_read(plan, NULL, 0x1000, &ours));
	iq_shadow_plan_free(plan);
	iq_types_free(types);
}

struct shadow_bad {
	uint64_t has, value;
};
IQ_SHADOW(shadow_missing, "struct task_struct", shadow_bad,
	  IQ_FIELD(shadow_bad, value, "newest", "older"));
IQ_SHADOW(shadow_no_number, "struct task_struct", shadow_bad, IQ_FIELD(shadow_bad, value, "heads"));
IQ_SHADOW(shadow_bits_copied, "struct task_struct", shadow_bad,
	  IQ_FIELD_COPY(shadow_bad, value, "bit"));
IQ_SHADOW(shadow_no_type, "struct no_such", shadow_bad, IQ_FIELD_OPT(shadow_bad, value, "bit"));

static void a_shadow_that_does_not_fit_says_why(void **state)
{
	struct iq_types *types = kernel_types();
	struct iq_shadow_plan *plan;
	struct iq_error *err;

	(void)state;
	err = iq_shadow_resolve(types, &shadow_missing, &plan);
	assert_non_null(err);
	assert_int_equal(err->code, IQ_ERR_NOTFOUND);
	assert_non_null(strstr(iq_error_text(err), "struct task_struct has no member"));
	iq_error_free(err);
	assert_err(IQ_ERR_INVALID, iq_shadow_resolve(types, &shadow_no_number, &plan));
	assert_err(IQ_ERR_INVALID, iq_shadow_resolve(types, &shadow_bits_copied, &plan));
	assert_err(IQ_ERR_NOTFOUND, iq_shadow_resolve(types, &shadow_no_type, &plan));
	iq_types_free(types);
}

struct shadow_far {
	uint64_t has;
	uint32_t a, b, c;
};
IQ_SHADOW(shadow_far_desc, "struct far", shadow_far, IQ_FIELD(shadow_far, c, "c"),
	  IQ_FIELD(shadow_far, a, "a"), IQ_FIELD(shadow_far, b, "b"));

static void members_far_apart_are_read_in_windows(void **state)
{
	const struct iq_shadow_window *windows;
	struct iq_shadow_plan *plan;
	struct shadow_far ours;
	struct iq_types *types;
	struct made_btf b;
	size_t num, buf_len, len;
	uint32_t t;
	void *data;

	(void)state;
	made_btf_init(&b, NULL);
	t = made_int(&b, "int", 4, 0);
	made_struct(&b, "far", 100008, false);
	made_member(&b, "a", t, 0);
	made_member(&b, "b", t, 64);
	made_member(&b, "c", t, 100000 * 8);
	data = made_btf_data(&b, &len);
	assert_ok(iq_types_new(&types));
	assert_ok(iq_types_add(types, NULL, data, len));
	assert_ok(iq_shadow_resolve(types, &shadow_far_desc, &plan));
	windows = iq_shadow_windows(plan, &num, &buf_len);
	assert_int_equal(num, 2);
	assert_int_equal(buf_len, 16);
	assert_int_equal(windows[0].start, 0);
	assert_int_equal(windows[0].len, 12);
	assert_int_equal(windows[1].start, 100000);
	assert_int_equal(windows[1].len, 4);
	iq_shadow_fill(plan, (uint32_t[]){ 1, 0, 2, 3 }, 0, &ours);
	assert_int_equal(ours.a, 1);
	assert_int_equal(ours.b, 2);
	assert_int_equal(ours.c, 3);
	iq_shadow_plan_free(plan);
	iq_types_free(types);
	made_btf_deinit(&b);
}

/* ---- modules ---- */

static void modules_continue_the_kernels_types_and_are_read_when_needed(void **state)
{
	struct iq_types *types = kernel_types();
	struct made_btf m;
	struct iq_type type;
	size_t len;
	void *data;

	(void)state;
	made_btf_init(&m, &kernel);
	made_struct(&m, "ext4_inode_info", 24, false);
	made_member(&m, "vfs_list", t_list, 64);
	made_struct(&m, "list_head", 8, false); /* not the kernel's */
	made_member(&m, "other", t_int, 0);
	data = made_btf_data(&m, &len);
	made_memory.addr = 0xffffffffc0001000;
	made_memory.data = data;
	made_memory.len = len;
	made_memory.num_reads = 0;
	assert_ok(iq_types_add_module(types, NULL, "ext4", made_memory.addr, len));
	assert_ok(iq_types_add_module(types, NULL, "torn", 0xffffffffc0800000, 100));
	assert_int_equal(type_of(types, "struct list_head").id, t_list);
	assert_err(IQ_ERR_NOTFOUND,
		   iq_types_by_name(types, "vmlinux`struct ext4_inode_info", &type));
	assert_int_equal(made_memory.num_reads, 0);
	assert_int_equal(bits_to(types, "struct ext4_inode_info", "vfs_list.prev"), 128);
	assert_int_equal(bits_to(types, "ext4`struct list_head", "other"), 0);
	assert_int_equal(type_of(types, "ext4`struct task_struct").id, t_task);
	assert_err(IQ_ERR_NOTFOUND, iq_types_by_name(types, "struct nothing", &type));
	assert_err(IQ_ERR_NOTFOUND, iq_types_by_name(types, "struct nothing", &type));
	assert_int_equal(made_memory.num_reads, 2);
	assert_int_equal(iq_types_stats(types).num_loaded, 1);
	assert_int_equal(iq_types_stats(types).num_broken, 1);
	iq_types_free(types);
	made_btf_deinit(&m);
}

/* ---- bad input ---- */

static struct iq_error *load(const void *data, size_t len)
{
	struct iq_btf *btf = NULL;
	/* Exactly as long, so that a sanitizer sees what goes beyond. */
	_cleanup_free_ void *copy = malloc(len ? len : 1);
	struct iq_error *err;

	memcpy(copy, data, len);
	err = iq_btf_new(NULL, NULL, copy, len, &btf);
	if (!err)
		iq_btf_free(btf);
	return err;
}

static void btf_cut_off_anywhere_is_refused(void **state)
{
	size_t len;
	uint8_t *data = made_btf_data(&kernel, &len);

	(void)state;
	assert_ok(load(data, len));
	for (size_t cut = 0; cut < len; cut++)
		assert_err(IQ_ERR_CORRUPT, load(data, cut));
}

static void ask_everything(const struct iq_btf *btf)
{
	char buf[256];

	for (uint32_t id = 0; id < btf->first_id + btf->num_types; id++) {
		struct iq_type type = { btf, id };
		struct iq_member m;
		struct iq_number n;
		const char *name;
		int64_t value;

		iq_type_format(type, buf, sizeof(buf));
		iq_type_size(type);
		iq_type_is_signed(type);
		iq_type_name(type);
		iq_type_target(type);
		iq_error_free(iq_type_member(type, "a.b[3].c", &m));
		iq_error_free(iq_type_member(type, "heads[1].next", &m));
		for (size_t i = 0; iq_type_member_at(type, i, &m); i++)
			iq_member_number(&m, &n);
		for (size_t i = 0; iq_type_enumerator_at(type, i, &name, &value); i++)
			;
	}
}

static void btf_with_any_wrong_byte_is_refused_or_safe_to_ask(void **state)
{
	static const uint8_t wrong[] = { 0x00, 0x01, 0x04, 0x0d, 0x7f, 0x80, 0xff };
	size_t len;
	uint8_t *data = made_btf_data(&kernel, &len);
	_cleanup_free_ uint8_t *copy = malloc(len);

	(void)state;
	for (size_t i = 0; i < len; i++) {
		for (size_t j = 0; j < sizeof(wrong); j++) {
			struct iq_btf *btf;
			struct iq_error *err;

			memcpy(copy, data, len);
			copy[i] = wrong[j];
			err = iq_btf_new(NULL, NULL, copy, len, &btf);
			if (!err) {
				ask_everything(btf);
				iq_btf_free(btf);
			}
			iq_error_free(err);
		}
	}
}

static void types_that_go_in_circles_end(void **state)
{
	struct iq_btf *btf;
	struct iq_member m;
	struct made_btf b;
	size_t len;
	void *data;

	(void)state;
	made_btf_init(&b, NULL);
	made_type(&b, "ping", BTF_TYPEDEF, 0, 2);
	made_type(&b, "pong", BTF_TYPEDEF, 0, 1);
	made_array(&b, 3, 1 << 30);
	made_struct(&b, "self", 8, false);
	for (int i = 0; i < 50; i++)
		made_member(&b, "", 4, 0);
	made_type(&b, "", BTF_PTR, 0, 5);
	made_type(&b, "", BTF_FUNC_PROTO, 0, 6);
	made_param(&b, "", 6);
	made_param(&b, "", 6);
	data = made_btf_data(&b, &len);
	assert_ok(iq_btf_new(NULL, NULL, data, len, &btf));
	ask_everything(btf);
	assert_err(IQ_ERR_NOTFOUND, iq_type_member((struct iq_type){ btf, 4 }, "x", &m));
	iq_btf_free(btf);
	made_btf_deinit(&b);
}

static void what_we_do_not_know_is_named(void **state)
{
	struct iq_error *err;
	struct made_btf b;
	size_t len;
	uint8_t *data;

	(void)state;
	made_btf_init(&b, NULL);
	made_type(&b, "new", BTF_NUM_KINDS, 0, 0);
	data = made_btf_data(&b, &len);
	err = load(data, len);
	assert_non_null(err);
	assert_int_equal(err->code, IQ_ERR_UNSUPPORTED);
	assert_non_null(strstr(iq_error_text(err), "kind"));
	iq_error_free(err);
	data[0] = 0xeb;
	data[1] = 0x9f;
	assert_err(IQ_ERR_UNSUPPORTED, load(data, len));
	made_btf_deinit(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pointers_and_arrays_can_be_named),
		cmocka_unit_test(all_named_types_are_listed),
		cmocka_unit_test(types_are_found_by_their_c_names),
		cmocka_unit_test(enumerators_keep_their_sign_and_width),
		cmocka_unit_test(members_are_found_through_structs_arrays_and_anonymous_ones),
		cmocka_unit_test(types_are_told_in_c),
		cmocka_unit_test(shadow_fields_are_widened_with_the_sign_of_the_kernels_member),
		cmocka_unit_test(a_shadow_that_does_not_fit_says_why),
		cmocka_unit_test(members_far_apart_are_read_in_windows),
		cmocka_unit_test(modules_continue_the_kernels_types_and_are_read_when_needed),
		cmocka_unit_test(btf_cut_off_anywhere_is_refused),
		cmocka_unit_test(btf_with_any_wrong_byte_is_refused_or_safe_to_ask),
		cmocka_unit_test(types_that_go_in_circles_end),
		cmocka_unit_test(what_we_do_not_know_is_named),
	};

	return cmocka_run_group_tests(tests, make_kernel, drop_kernel);
}
