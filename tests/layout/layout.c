/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What inquest takes types' layout to be, for compare.py
 *
 *	layout BTF-FILE < names of structs
 *
 * A line for each: "struct NAME SIZE", then for each member, also those of anonymous ones,
 * "NAME OFFSET-IN-BITS BITS", BITS being those of a bit field, else the size of the type.
 */
#include <stdio.h>

#include "type/types.h"

#include "inquest/util.h"

enum { MAX_FILE = 64 << 20, MAX_DEPTH = 16 };

/* Nothing is read out of memory here. */
struct iq_error *iq_mem_read(struct iq_mem *mem, iq_vaddr va, void *buf, size_t len)
{
	(void)mem;
	(void)buf;
	(void)len;
	return iq_error_fault(va, "memory");
}

static void print_members(struct iq_type type, uint64_t offset, int depth)
{
	struct iq_member m;

	for (size_t i = 0; depth < MAX_DEPTH && iq_type_member_at(type, i, &m); i++) {
		printf("%s %" PRIu64 " %" PRIu64 "\n", *m.name ? m.name : "-",
		       offset + m.bit_offset,
		       m.bit_size ? (uint64_t)m.bit_size : iq_type_size(m.type) * 8);
		if (!*m.name)
			print_members(m.type, offset + m.bit_offset, depth + 1);
	}
}

int main(int argc, char **argv)
{
	char *data = iq_xmalloc(MAX_FILE), name[128], text[160];
	FILE *f = argc == 2 ? fopen(argv[1], "rb") : NULL;
	struct iq_types *types;
	struct iq_error *err;
	size_t len;

	if (!f) {
		fprintf(stderr, "usage: layout BTF-FILE < names\n");
		return 2;
	}
	len = fread(data, 1, MAX_FILE, f);
	fclose(f);
	err = iq_types_new(&types);
	if (!err)
		err = iq_types_add(types, NULL, data, len);
	if (err) {
		fprintf(stderr, "layout: %s\n", iq_error_text(err));
		return 1;
	}
	while (scanf("%127s", name) == 1) {
		struct iq_type type;

		snprintf(text, sizeof(text), "struct %s", name);
		err = iq_types_by_name(types, text, &type);
		if (err) {
			iq_error_free(err);
			continue;
		}
		printf("struct %s %" PRIu64 "\n", name, iq_type_size(type));
		print_members(type, 0, 0);
	}
	iq_types_free(types);
	free(data);
	return 0;
}
