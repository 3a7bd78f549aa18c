/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Loaded modules
 *
 * The list `modules` links struct module by its member `list` (kernel/module/main.c).
 * A module is in one piece of memory with its code in front (core_layout), and since v6.4 in
 * one piece for each kind of content (mem[], enum mod_mem_type). What only
 * its start needs is in pieces of its own that are given back afterwards.
 *
 * A module that hangs in its exit function is in state GOING, with everything still there: it
 * counts. UNFORMED is one whose memory is not set up yet, or about to be freed.
 *
 * The kernel keeps a module's BTF as struct btf, linked through `btf_modules`
 * (kernel/bpf/btf.c). What struct module says of it itself is only good while it is being loaded,
 * and is forgotten afterwards by newer kernels.
 */
#include "kernel/modules.h"

#include "inquest/util.h"

enum {
	MAX_MODULES = 4096,
	NUM_PIECES = 7,
	TEXT = 0,      /* enum mod_mem_type: MOD_TEXT */
	INIT_TEXT = 4, /* MOD_INIT_TEXT */
	STATE_UNFORMED = 3,
	MAX_PIECE = 256 << 20,
	MAX_BTF = 64 << 20,
};

struct shadow_module {
	uint64_t has;
	uint32_t state;
	iq_vaddr next;
	char name[64];
	iq_vaddr base[NUM_PIECES];
	uint64_t size[NUM_PIECES];
	uint64_t text_size, init_text_size; /* of the pieces that hold more than code; or 0 */
	iq_vaddr kallsyms, core_kallsyms;   /* where it is, and where the one in the struct is */
	iq_vaddr symtab, strtab, typetab;
	uint32_t num_symtab;
	uint32_t num_orcs;
	iq_vaddr orc_unwind, orc_unwind_ip;
};

#define PIECE(i, ...)                                                                              \
	IQ_FIELD_OPT(shadow_module, base[i], "mem[" #i "].base"),                                  \
		IQ_FIELD_OPT(shadow_module, size[i], "mem[" #i "].size")

IQ_SHADOW(module_desc, "struct module", shadow_module, IQ_FIELD(shadow_module, state, "state"),
	  IQ_FIELD(shadow_module, next, "list.next"), IQ_FIELD_COPY(shadow_module, name, "name"),
	  IQ_FIELD(shadow_module, base[0], "mem[0].base", "core_layout.base"),
	  IQ_FIELD(shadow_module, size[0], "mem[0].size", "core_layout.size"), PIECE(1), PIECE(2),
	  PIECE(3), IQ_FIELD_OPT(shadow_module, base[4], "mem[4].base", "init_layout.base"),
	  IQ_FIELD_OPT(shadow_module, size[4], "mem[4].size", "init_layout.size"), PIECE(5),
	  PIECE(6), IQ_FIELD_OPT(shadow_module, text_size, "core_layout.text_size"),
	  IQ_FIELD_OPT(shadow_module, init_text_size, "init_layout.text_size"),
	  IQ_FIELD_OPT(shadow_module, kallsyms, "kallsyms"),
	  IQ_FIELD_ADDR(shadow_module, core_kallsyms, "core_kallsyms"),
	  IQ_FIELD_OPT(shadow_module, symtab, "core_kallsyms.symtab"),
	  IQ_FIELD_OPT(shadow_module, num_symtab, "core_kallsyms.num_symtab"),
	  IQ_FIELD_OPT(shadow_module, strtab, "core_kallsyms.strtab"),
	  IQ_FIELD_OPT(shadow_module, typetab, "core_kallsyms.typetab"),
	  IQ_FIELD_OPT(shadow_module, num_orcs, "arch.num_orcs"),
	  IQ_FIELD_OPT(shadow_module, orc_unwind, "arch.orc_unwind"),
	  IQ_FIELD_OPT(shadow_module, orc_unwind_ip, "arch.orc_unwind_ip"));

struct shadow_kallsyms {
	uint64_t has;
	iq_vaddr symtab, strtab, typetab;
	uint32_t num_symtab;
};

IQ_SHADOW(kallsyms_desc, "struct mod_kallsyms", shadow_kallsyms,
	  IQ_FIELD(shadow_kallsyms, symtab, "symtab"),
	  IQ_FIELD(shadow_kallsyms, num_symtab, "num_symtab"),
	  IQ_FIELD(shadow_kallsyms, strtab, "strtab"),
	  IQ_FIELD_OPT(shadow_kallsyms, typetab, "typetab"));

struct walk {
	struct iq_mem *mem;
	struct iq_symtab *tab;
	struct iq_types *types;
	struct iq_shadow_plan *kallsyms_plan; /* NULL until needed */
	iq_module_orc_fn fn;
	void *ctx;
};

static bool is_name(const char *name, size_t len)
{
	size_t n = strnlen(name, len);

	if (!n || n == len)
		return false;
	for (size_t i = 0; i < n; i++)
		if (name[i] <= ' ' || name[i] > '~')
			return false;
	return true;
}

/* A module that is still being loaded uses a table of its own, with the symbols of its start. */
static void other_kallsyms(struct walk *w, struct shadow_module *m)
{
	struct shadow_kallsyms k;
	struct iq_error *err = NULL;

	if (!m->kallsyms || m->kallsyms == m->core_kallsyms)
		return;
	if (!w->kallsyms_plan)
		err = iq_shadow_resolve(w->types, &kallsyms_desc, &w->kallsyms_plan);
	if (!err)
		err = iq_shadow_plan_read(w->kallsyms_plan, w->mem, m->kallsyms, &k);
	if (err) {
		iq_error_free(err); /* what the struct has is good too */
		return;
	}
	m->symtab = k.symtab;
	m->num_symtab = k.num_symtab;
	m->strtab = k.strtab;
	m->typetab = k.typetab;
}

static void add_range(struct iq_symtab_module *module, iq_vaddr start, uint64_t len, bool text)
{
	if (start && len && len <= MAX_PIECE)
		module->ranges[module->num_ranges++] = (struct iq_symtab_range){ start, len, text };
}

static void add_module(struct walk *w, struct shadow_module *m)
{
	struct iq_symtab_module module = { .name = m->name };
	uint64_t text_len = m->text_size ? m->text_size : m->size[TEXT];
	struct iq_error *err;

	if (text_len > m->size[TEXT])
		return;
	add_range(&module, m->base[TEXT], text_len, true);
	add_range(&module, m->base[TEXT] + text_len, m->size[TEXT] - text_len, false);
	for (size_t i = 1; i < NUM_PIECES; i++) {
		uint64_t len = m->size[i];

		if (i == INIT_TEXT && m->init_text_size && m->init_text_size < len)
			len = m->init_text_size;
		add_range(&module, m->base[i], len, i == INIT_TEXT);
	}
	other_kallsyms(w, m);
	module.symtab = m->symtab;
	module.num_syms = m->num_symtab;
	module.strtab = m->strtab;
	module.typetab = m->typetab;
	err = iq_symtab_add_module(w->tab, &module);
	if (err) {
		/* Where another module is already: torn while it was being read. */
		iq_error_free(err);
		return;
	}
	if (w->fn && m->num_orcs && m->orc_unwind && m->orc_unwind_ip && text_len)
		w->fn(w->ctx, &(struct iq_module_orc){
				      .name = m->name,
				      .text = m->base[TEXT],
				      .text_len = text_len,
				      .orc_ip = m->orc_unwind_ip,
				      .orc = m->orc_unwind,
				      .num = m->num_orcs,
			      });
}

static struct iq_error *walk_modules(struct walk *w, iq_vaddr head, uint64_t list_offset,
				     const struct iq_shadow_plan *plan)
{
	struct iq_error *err;
	iq_vaddr node;

	err = iq_mem_read(w->mem, head, &node, sizeof(node));
	if (err)
		return err;
	for (size_t i = 0; node != head; i++) {
		struct shadow_module m;

		if (i == MAX_MODULES)
			return iq_error_new(IQ_ERR_CORRUPT, "more than %u modules", MAX_MODULES);
		err = iq_shadow_plan_read(plan, w->mem, node - list_offset, &m);
		if (err)
			return err;
		if (m.state < STATE_UNFORMED && is_name(m.name, sizeof(m.name)))
			add_module(w, &m);
		node = m.next;
	}
	return NULL;
}

/* ---- types, when one is missing ---- */

struct shadow_btf_module {
	uint64_t has;
	iq_vaddr next, module, btf;
};

IQ_SHADOW(btf_module_desc, "struct btf_module", shadow_btf_module,
	  IQ_FIELD(shadow_btf_module, next, "list.next"),
	  IQ_FIELD(shadow_btf_module, module, "module"), IQ_FIELD(shadow_btf_module, btf, "btf"));

struct shadow_btf {
	uint64_t has;
	iq_vaddr data;
	uint32_t data_size;
	char name[64];
};

/* name: struct btf.name, "vmlinux" or the module's. */
IQ_SHADOW(btf_desc, "struct btf", shadow_btf, IQ_FIELD(shadow_btf, data, "data"),
	  IQ_FIELD(shadow_btf, data_size, "data_size"), IQ_FIELD_COPY(shadow_btf, name, "name"));

struct btf_loader {
	struct iq_mem *mem;
	struct iq_symtab *tab;
};

static struct iq_error *walk_btf(struct btf_loader *l, struct iq_types *types, iq_vaddr head,
				 uint64_t list_offset, const struct iq_shadow_plan *module_plan,
				 const struct iq_shadow_plan *btf_plan)
{
	struct shadow_btf_module m;
	struct shadow_btf btf;
	struct iq_error *err;
	iq_vaddr node;

	err = iq_mem_read(l->mem, head, &node, sizeof(node));
	for (size_t i = 0; !err && node != head && i < MAX_MODULES; i++) {
		err = iq_shadow_plan_read(module_plan, l->mem, node - list_offset, &m);
		if (err)
			return err;
		node = m.next;
		if (!m.btf)
			continue;
		err = iq_shadow_plan_read(btf_plan, l->mem, m.btf, &btf);
		if (err)
			return err;
		if (is_name(btf.name, sizeof(btf.name)) && btf.data && btf.data_size <= MAX_BTF)
			err = iq_types_add_module(types, l->mem, btf.name, btf.data, btf.data_size);
	}
	return err;
}

static void load_btf(void *ctx, struct iq_types *types)
{
	struct btf_loader *l = ctx;
	struct iq_shadow_plan *module_plan = NULL, *btf_plan = NULL;
	int64_t offset = iq_types_offsetof(types, "vmlinux`struct btf_module", "list");
	struct iq_error *err;
	struct iq_sym head;

	err = iq_symtab_by_name(l->tab, "vmlinux`btf_modules", &head);
	if (!err)
		err = iq_shadow_resolve(types, &btf_module_desc, &module_plan);
	if (!err)
		err = iq_shadow_resolve(types, &btf_desc, &btf_plan);
	if (!err && offset >= 0)
		err = walk_btf(l, types, head.addr, (uint64_t)offset, module_plan, btf_plan);
	/* A kernel without types of modules (before v5.11), or a list that broke off. */
	iq_error_free(err);
	iq_shadow_plan_free(module_plan);
	iq_shadow_plan_free(btf_plan);
}

/* ---- */

struct iq_error *iq_modules_load(struct iq_mem *mem, struct iq_symtab *tab, struct iq_types *types,
				 iq_module_orc_fn fn, void *ctx)
{
	struct walk w = { .mem = mem, .tab = tab, .types = types, .fn = fn, .ctx = ctx };
	struct btf_loader *loader;
	struct iq_shadow_plan *plan;
	struct iq_error *err;
	struct iq_sym head;
	int64_t offset;

	err = iq_symtab_by_name(tab, "vmlinux`modules", &head);
	if (err)
		return iq_error_prefix(err, "loaded modules");
	err = iq_shadow_resolve(types, &module_desc, &plan);
	if (err)
		return iq_error_prefix(err, "loaded modules");
	offset = iq_types_offsetof(types, "struct module", "list");
	err = walk_modules(&w, head.addr, (uint64_t)offset, plan);
	iq_shadow_plan_free(plan);
	iq_shadow_plan_free(w.kallsyms_plan);

	loader = iq_xcalloc(1, sizeof(*loader));
	*loader = (struct btf_loader){ mem, tab };
	iq_types_set_loader(types, load_btf, loader, free);
	return iq_error_prefix(err, "loaded modules");
}
