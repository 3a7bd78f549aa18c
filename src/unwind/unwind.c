/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The unwinder of one kernel: what it has to know before the first stack
 */
#include "unwind/unwind.h"

#include <stdio.h>

#include "unwind/site.h"

static void find_switch_frame(struct iq_unwinder *u, struct iq_types *types)
{
	static const char *const names[] = { "r15", "r14", "r13", "r12", "bx", "bp", "ret_addr" };
	uint16_t *const places[] = {
		&u->switch_frame.r15,	   &u->switch_frame.r14, &u->switch_frame.r13,
		&u->switch_frame.r12,	   &u->switch_frame.bx,	 &u->switch_frame.bp,
		&u->switch_frame.ret_addr,
	};
	int64_t size = types ? iq_types_sizeof(types, "struct inactive_task_frame") : -1;
	bool known = size == (int64_t)sizeof(uint64_t) * (int64_t)IQ_ARRAY_SIZE(names);

	/* As __switch_to_asm pushes them (arch/x86/include/asm/switch_to.h), since v4.9. */
	for (size_t i = 0; i < IQ_ARRAY_SIZE(names); i++) {
		int64_t offset = (int64_t)(i * sizeof(uint64_t));

		if (known)
			offset = iq_types_offsetof(types, "struct inactive_task_frame", names[i]);
		if (offset < 0 || offset + 8 > size)
			offset = (int64_t)(i * sizeof(uint64_t));
		*places[i] = (uint16_t)offset;
	}
	u->switch_frame.len = (uint16_t)(IQ_ARRAY_SIZE(names) * sizeof(uint64_t));
}

/* Tracers replace a return address by one of these, and remember the true one elsewhere. */
static void find_detours(struct iq_unwinder *u)
{
	static const char *const names[] = {
		"return_to_handler",
		"arch_rethook_trampoline",
		"__kretprobe_trampoline",
		"kretprobe_trampoline",
	};
	struct iq_error *err;
	struct iq_sym sym;

	_Static_assert(IQ_ARRAY_SIZE(names) <= IQ_ARRAY_SIZE(u->detours), "room for all");
	for (size_t i = 0; i < IQ_ARRAY_SIZE(names); i++) {
		err = iq_symtab_by_name(u->tab, names[i], &sym);
		if (!err)
			u->detours[u->num_detours++] = sym.addr;
		iq_error_free(err);
	}
}

static void describe(struct iq_unwinder *u, struct iq_error *orc_err)
{
	struct iq_strbuf sb = IQ_STRBUF_INIT;

	if (u->orc.kernel.num)
		iq_strbuf_printf(&sb, "orc (%u entries, format of %s)", u->orc.kernel.num,
				 u->orc.format.version);
	else
		iq_strbuf_printf(&sb, "frame pointers, scan (%s)",
				 orc_err ? iq_error_text(orc_err) : "no ORC tables");
	u->description = iq_strbuf_steal(&sb);
}

struct iq_error *iq_unwinder_new(struct iq_mem *mem, struct iq_symtab *tab, struct iq_types *types,
				 struct iq_unwinder **u_ret)
{
	struct iq_unwinder *u = iq_xcalloc(1, sizeof(*u));
	struct iq_error *err;

	u->mem = mem;
	u->tab = tab;
	/* Whatever is wrong with the tables: there are other ways, and doctor tells. */
	err = orc_init(&u->orc, mem, tab, types);
	describe(u, err);
	iq_error_free(err);
	find_switch_frame(u, types);
	find_detours(u);
	*u_ret = u;
	return NULL;
}

void iq_unwinder_free(struct iq_unwinder *u)
{
	if (!u)
		return;
	site_deinit(u);
	orc_deinit(&u->orc);
	free(u->frames);
	free(u->description);
	free(u);
}

struct iq_error *iq_unwinder_add_module(struct iq_unwinder *u, const char *name, iq_vaddr text,
					uint64_t text_len, iq_vaddr orc_ip, iq_vaddr orc,
					uint32_t num)
{
	if (!orc_ip || !orc || !u->orc.kernel.num)
		num = 0; /* without the kernel's tables their format is not known */
	return iq_error_prefix(orc_add_module(&u->orc, text, text_len, orc_ip, orc, num),
			       "ORC of module %s", name);
}

const char *iq_unwinder_describe(const struct iq_unwinder *u)
{
	return u->description;
}
