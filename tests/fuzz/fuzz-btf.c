/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * BTF: a blob, loaded as the kernel's and then again as a module's, and every question asked
 * of every type.
 */
#include "inquest/util.h"
#include "type/btf.h"
#include "type/types.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct ours {
	uint64_t has, a, b, c;
	char d[8];
};

IQ_SHADOW(ours_desc, "struct s", ours, IQ_FIELD_OPT(ours, a, "a", "in.x"),
	  IQ_FIELD_OPT(ours, b, "bits"), IQ_FIELD_ADDR(ours, c, "array[2].y"),
	  IQ_FIELD_COPY(ours, d, "array"));

static void ask(const struct iq_btf *btf)
{
	char buf[128];

	for (uint32_t id = 0; id < btf->first_id + btf->num_types; id++) {
		struct iq_type type = { btf, id };
		struct iq_number number;
		struct iq_member m;
		const char *name;
		int64_t value;

		iq_type_format(type, buf, sizeof(buf));
		iq_type_size(type);
		iq_type_kind(iq_type_strip(type));
		iq_type_num_elems(type);
		iq_type_is_signed(type);
		iq_type_name(type);
		for (size_t i = 0; iq_type_member_at(type, i, &m); i++)
			iq_member_number(&m, &number);
		for (size_t i = 0; iq_type_enumerator_at(type, i, &name, &value); i++)
			;
		iq_error_free(iq_type_member(type, "array[1].y", &m));
	}
}

static void shadow(struct iq_types *types)
{
	struct iq_shadow_plan *plan;
	struct iq_error *err = iq_shadow_resolve(types, &ours_desc, &plan);
	struct ours ours;
	size_t num, len;
	void *buf;

	if (!err) {
		iq_shadow_windows(plan, &num, &len);
		buf = iq_xcalloc(1, len);
		iq_shadow_fill(plan, buf, 0xffff888000000000, &ours);
		free(buf);
		iq_shadow_plan_free(plan);
	}
	iq_error_free(err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct iq_btf *btf = NULL, *split = NULL;
	struct iq_types *types;
	struct iq_error *err;
	int64_t value;

	err = iq_btf_new(NULL, NULL, data, len, &btf);
	if (!err) {
		ask(btf);
		err = iq_btf_new("module", btf, data, len, &split);
		if (!err)
			ask(split);
	}
	iq_error_free(err);
	iq_btf_free(split);
	iq_btf_free(btf);

	iq_error_free(iq_types_new(&types));
	err = iq_types_add(types, NULL, data, len);
	if (!err) {
		iq_error_free(iq_types_add(types, "module", data, len));
		iq_types_offsetof(types, "module`struct s", "in.x");
		iq_types_sizeof(types, "unsigned long");
		iq_error_free(iq_types_enum_value(types, NULL, "BIG", &value));
		shadow(types);
	}
	iq_error_free(err);
	iq_types_free(types);
	return 0;
}
