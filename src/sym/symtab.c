/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The symbols of one kernel
 *
 * The kernel's own come from one of two sources: its kallsyms tables, of which a
 * name is decoded when somebody asks for it and then kept, or a list of our own (/proc/kallsyms,
 * a test's). Each module has a list that is read when an address in it, or a
 * name that the kernel does not have, is first asked for.
 */
#include "sym/symtab.h"

#include "sym/find.h"
#include "sym/list.h"
#include "sym/modsym.h"
#include "sym/proc.h"

enum {
	CACHE_SLOTS = 1024,
	MAX_MODULES = 4096,
};

/* A part of a module's memory; all of them sorted by start. */
struct place {
	iq_vaddr start, end;
	uint32_t module;
	bool text;
};

struct iq_symtab {
	struct iq_mem *mem;
	const char *source;
	struct kallsyms k; /* k.t.num is 0 where the list is what counts */
	struct symlist list;
	char *list_text;
	iq_vaddr image_start, image_end;
	iq_vaddr text_start, text_end;
	bool text_known;
	IQ_VEC(struct modsym) modules;
	IQ_VEC(struct place) places;
	struct iq_map names; /* kallsyms number -> char * in the arena */
	struct iq_arena *arena;
	struct iq_sym *cache; /* by address, of those asked for */
	iq_vaddr *cache_keys;
};

/* ---- the kernel's own, from either source ---- */

static size_t kernel_num(const struct iq_symtab *tab)
{
	return tab->k.t.num ? tab->k.t.num : tab->list.syms.num;
}

static iq_vaddr kernel_addr(const struct iq_symtab *tab, size_t i)
{
	return tab->k.t.num ? kallsyms_addr(&tab->k, (uint32_t)i) : tab->list.syms.data[i].addr;
}

/* To the next distinct address; 0 where there is none. */
static uint64_t kernel_size(const struct iq_symtab *tab, size_t i)
{
	iq_vaddr addr = kernel_addr(tab, i), next;

	if (!tab->k.t.num)
		return symlist_size(&tab->list, i, 0);
	if (++i < tab->k.t.num && kernel_addr(tab, i) == addr)
		i = kallsyms_above(&tab->k, addr);
	next = i < tab->k.t.num ? kernel_addr(tab, i) : addr;
	return next > addr ? next - addr : 0;
}

static bool kernel_sym(struct iq_symtab *tab, size_t i, struct iq_sym *sym_ret)
{
	char buf[KALLSYMS_NAME_MAX], kind;
	const uint64_t *known;
	const char *name;

	if (!tab->k.t.num) {
		const struct symlist_entry *e = &tab->list.syms.data[i];

		*sym_ret = (struct iq_sym){ .name = e->name, .addr = e->addr, .kind = e->kind };
	} else {
		/* The kind is kept in front of the name. */
		known = iq_map_get(&tab->names, i);
		if (known) {
			name = (const char *)(uintptr_t)*known;
			kind = *name++;
		} else {
			if (!kallsyms_name(&tab->k, (uint32_t)i, buf, &kind))
				return false;
			name = iq_arena_printf(tab->arena, "%c%s", kind, buf);
			iq_map_set(&tab->names, i, (uintptr_t)name);
			name++;
		}
		*sym_ret =
			(struct iq_sym){ .name = name, .addr = kernel_addr(tab, i), .kind = kind };
	}
	sym_ret->size = kernel_size(tab, i);
	return true;
}

static bool kernel_by_addr(struct iq_symtab *tab, iq_vaddr addr, size_t *i_ret)
{
	uint32_t n;

	if (!tab->k.t.num)
		return symlist_by_addr(&tab->list, addr, i_ret);
	if (!kallsyms_by_addr(&tab->k, addr, &n))
		return false;
	*i_ret = n;
	return true;
}

static bool kernel_by_name(struct iq_symtab *tab, const char *name, size_t *i_ret)
{
	uint32_t n;

	if (!tab->k.t.num)
		return symlist_by_name(&tab->list, name, i_ret);
	if (!kallsyms_by_name(&tab->k, name, &n))
		return false;
	*i_ret = n;
	return true;
}

/*
 * From the first address of the kernel's half to the last symbol. What is below are per-CPU
 * offsets; behind the last symbol (_end, or what is only there for the linker) nothing of the image
 * is left.
 */
static void find_image(struct iq_symtab *tab)
{
	const iq_vaddr half = UINT64_C(1) << 63;
	size_t num = kernel_num(tab), low = 0, high = num;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (kernel_addr(tab, mid) < half)
			low = mid + 1;
		else
			high = mid;
	}
	tab->image_start = low < num ? kernel_addr(tab, low) : num ? kernel_addr(tab, 0) : 0;
	tab->image_end = num ? kernel_addr(tab, num - 1) : 0;
}

/* ---- opening ---- */

static struct iq_symtab *symtab_new(struct iq_mem *mem, const char *source)
{
	struct iq_symtab *tab = iq_xcalloc(1, sizeof(*tab));

	tab->mem = mem;
	tab->source = source;
	tab->arena = iq_arena_new();
	tab->cache = iq_xcalloc(CACHE_SLOTS, sizeof(*tab->cache));
	tab->cache_keys = iq_xcalloc(CACHE_SLOTS, sizeof(*tab->cache_keys));
	return tab;
}

struct iq_error *iq_symtab_new(struct iq_mem *mem, struct iq_symtab **tab_ret)
{
	const struct iq_target *target = iq_mem_target(mem);
	struct iq_symtab *tab = symtab_new(mem, "memory");
	struct iq_error *err, *proc_err;

	err = kallsyms_find(mem, &tab->k);
	if (err && target->live && !strcmp(target->ops->kind, "kcore")) {
		tab->source = "/proc/kallsyms";
		proc_err = proc_kallsyms_read(tab->source, &tab->list, &tab->list_text);
		if (proc_err) {
			err = iq_error_prefix(err, "%s, and in memory", iq_error_text(proc_err));
			iq_error_free(proc_err);
		} else {
			iq_error_free(err);
			err = NULL;
		}
	}
	if (err) {
		iq_symtab_free(tab);
		return err;
	}
	find_image(tab);
	*tab_ret = tab;
	return NULL;
}

void iq_symtab_free(struct iq_symtab *tab)
{
	if (!tab)
		return;
	iq_vec_foreach(&tab->modules, m)
		modsym_deinit(m);
	iq_vec_free(&tab->modules);
	iq_vec_free(&tab->places);
	kallsyms_deinit(&tab->k);
	symlist_deinit(&tab->list);
	free(tab->list_text);
	iq_map_deinit(&tab->names);
	iq_arena_free(tab->arena);
	free(tab->cache);
	free(tab->cache_keys);
	free(tab);
}

/* ---- modules ---- */

static struct modsym *find_module(struct iq_symtab *tab, const char *name, size_t len)
{
	iq_vec_foreach(&tab->modules, m)
		if (strlen(m->desc.name) == len && !strncmp(m->desc.name, name, len))
			return m;
	return NULL;
}

static const struct place *find_place(const struct iq_symtab *tab, iq_vaddr addr)
{
	size_t low = 0, high = tab->places.num;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (tab->places.data[mid].start <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low || addr >= tab->places.data[low - 1].end)
		return NULL;
	return &tab->places.data[low - 1];
}

static int compare_places(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

struct iq_error *iq_symtab_add_module(struct iq_symtab *tab, const struct iq_symtab_module *module)
{
	struct modsym m = { .desc = *module };

	if (tab->modules.num >= MAX_MODULES)
		return iq_error_new(IQ_ERR_INVALID, "more than %u modules", MAX_MODULES);
	if (module->num_ranges > IQ_ARRAY_SIZE(module->ranges))
		return iq_error_new(IQ_ERR_INVALID, "module %s: %zu ranges", module->name,
				    module->num_ranges);
	for (size_t i = 0; i < module->num_ranges; i++) {
		const struct iq_symtab_range *r = &module->ranges[i];
		iq_vaddr end;

		if (!r->len)
			continue;
		if (__builtin_add_overflow(r->start, r->len, &end))
			return iq_error_new(IQ_ERR_INVALID,
					    "module %s: memory at %#" PRIx64 "+%#" PRIx64,
					    module->name, r->start, r->len);
		for (size_t j = 0; j < tab->places.num; j++)
			if (r->start < tab->places.data[j].end && end > tab->places.data[j].start)
				return iq_error_new(
					IQ_ERR_INVALID, "module %s overlaps with module %s",
					module->name,
					tab->modules.data[tab->places.data[j].module].desc.name);
	}
	m.desc.name = iq_xstrdup(module->name);
	iq_vec_push(&tab->modules, m);
	for (size_t i = 0; i < module->num_ranges; i++) {
		const struct iq_symtab_range *r = &module->ranges[i];

		if (r->len)
			iq_vec_push(&tab->places,
				    (struct place){ .start = r->start,
						    .end = r->start + r->len,
						    .module = (uint32_t)tab->modules.num - 1,
						    .text = r->text });
	}
	if (tab->places.num)
		qsort(tab->places.data, tab->places.num, sizeof(struct place), compare_places);
	return NULL;
}

const struct iq_symtab_module *iq_symtab_module_at(const struct iq_symtab *tab, size_t i)
{
	return i < tab->modules.num ? &tab->modules.data[i].desc : NULL;
}

const char *iq_symtab_module_of(struct iq_symtab *tab, iq_vaddr addr)
{
	const struct place *p = find_place(tab, addr);

	return p ? tab->modules.data[p->module].desc.name : NULL;
}

static void module_sym(const struct modsym *m, size_t i, iq_vaddr end, struct iq_sym *sym_ret)
{
	const struct symlist_entry *e = &m->list.syms.data[i];

	*sym_ret = (struct iq_sym){
		.name = e->name,
		.module = m->desc.name,
		.addr = e->addr,
		.size = symlist_size(&m->list, i, end),
		.kind = e->kind,
	};
}

static iq_vaddr place_end(const struct iq_symtab *tab, iq_vaddr addr)
{
	const struct place *p = find_place(tab, addr);

	return p ? p->end : 0;
}

/* ---- a table that is a list ---- */

/* The modules that the symbols name, each as large as its symbols say. */
static struct iq_error *add_list_modules(struct iq_symtab *tab, const struct iq_sym *syms,
					 size_t num)
{
	struct iq_error *err;

	for (size_t i = 0; i < num; i++) {
		struct iq_symtab_module m = { .name = syms[i].module, .num_ranges = 1 };
		iq_vaddr low = UINT64_MAX, high = 0;
		struct modsym *added;

		if (!m.name || find_module(tab, m.name, strlen(m.name)))
			continue;
		for (size_t j = i; j < num; j++) {
			if (!syms[j].module || strcmp(syms[j].module, m.name))
				continue;
			low = IQ_MIN(low, syms[j].addr);
			high = IQ_MAX(high, syms[j].addr + IQ_MAX(syms[j].size, (uint64_t)16));
		}
		m.ranges[0] = (struct iq_symtab_range){ low, high - low, true };
		err = iq_symtab_add_module(tab, &m);
		if (err)
			return err;
		added = &tab->modules.data[tab->modules.num - 1];
		for (size_t j = i; j < num; j++)
			if (syms[j].module && !strcmp(syms[j].module, m.name))
				symlist_add(&added->list, syms[j].addr, syms[j].kind,
					    iq_arena_strdup(tab->arena, syms[j].name));
		symlist_finish(&added->list);
		added->done = true;
	}
	return NULL;
}

struct iq_error *iq_symtab_new_list(struct iq_mem *mem, const struct iq_sym *syms, size_t num,
				    struct iq_symtab **tab_ret)
{
	struct iq_symtab *tab = symtab_new(mem, "list");
	iq_vaddr end = 0;
	struct iq_error *err;

	for (size_t i = 0; i < num; i++) {
		if (syms[i].module)
			continue;
		symlist_add(&tab->list, syms[i].addr, syms[i].kind,
			    iq_arena_strdup(tab->arena, syms[i].name));
		end = IQ_MAX(end, syms[i].addr + syms[i].size);
	}
	symlist_finish(&tab->list);
	find_image(tab);
	tab->image_end = IQ_MAX(tab->image_end, end);
	err = add_list_modules(tab, syms, num);
	if (err) {
		iq_symtab_free(tab);
		return err;
	}
	*tab_ret = tab;
	return NULL;
}

/* ---- questions ---- */

static struct iq_error *not_found(const char *name)
{
	return iq_error_new(IQ_ERR_NOTFOUND, "no symbol %s", name);
}

static bool module_by_name(struct iq_symtab *tab, struct modsym *m, const char *name,
			   struct iq_sym *sym_ret)
{
	const struct symlist *list = modsym_list(m, tab->mem);
	size_t i;

	if (!symlist_by_name(list, name, &i))
		return false;
	module_sym(m, i, place_end(tab, list->syms.data[i].addr), sym_ret);
	return true;
}

struct iq_error *iq_symtab_by_name(struct iq_symtab *tab, const char *name, struct iq_sym *sym_ret)
{
	const char *tick = strchr(name, '`');
	bool kernel_only = tick && tick - name == 7 && !strncmp(name, "vmlinux", 7);
	const char *bare = tick ? tick + 1 : name;
	struct modsym *m;
	size_t i;

	if (tick && !kernel_only) {
		m = find_module(tab, name, (size_t)(tick - name));
		if (!m)
			return iq_error_new(IQ_ERR_NOTFOUND, "no module %.*s", (int)(tick - name),
					    name);
		return module_by_name(tab, m, bare, sym_ret) ? NULL : not_found(name);
	}
	if (kernel_by_name(tab, bare, &i) && kernel_sym(tab, i, sym_ret))
		return NULL;
	if (!kernel_only)
		iq_vec_foreach(&tab->modules, module)
			if (module_by_name(tab, module, bare, sym_ret))
				return NULL;
	return not_found(name);
}

static bool in_image(const struct iq_symtab *tab, iq_vaddr addr)
{
	return addr >= tab->image_start && addr <= tab->image_end;
}

static bool look_up_addr(struct iq_symtab *tab, iq_vaddr addr, struct iq_sym *sym_ret)
{
	const struct place *p;
	struct modsym *m;
	size_t i;

	if (in_image(tab, addr))
		return kernel_by_addr(tab, addr, &i) && kernel_sym(tab, i, sym_ret);
	p = find_place(tab, addr);
	if (!p)
		return false;
	m = &tab->modules.data[p->module];
	if (!symlist_by_addr(modsym_list(m, tab->mem), addr, &i) ||
	    m->list.syms.data[i].addr < p->start)
		return false;
	module_sym(m, i, p->end, sym_ret);
	return true;
}

struct iq_error *iq_symtab_by_addr(struct iq_symtab *tab, iq_vaddr addr, struct iq_sym *sym_ret)
{
	size_t slot = iq_hash_u64(addr) % CACHE_SLOTS;

	if (tab->cache_keys[slot] == addr && tab->cache[slot].name) {
		*sym_ret = tab->cache[slot];
		return NULL;
	}
	if (!look_up_addr(tab, addr, sym_ret))
		return iq_error_new(IQ_ERR_NOTFOUND, "no symbol covers %#" PRIx64, addr);
	tab->cache_keys[slot] = addr;
	tab->cache[slot] = *sym_ret;
	return NULL;
}

static void find_text(struct iq_symtab *tab)
{
	size_t start, end;

	tab->text_known = true;
	if (!kernel_by_name(tab, "_stext", &start) || !kernel_by_name(tab, "_etext", &end))
		return;
	tab->text_start = kernel_addr(tab, start);
	tab->text_end = kernel_addr(tab, end);
}

bool iq_symtab_is_text(struct iq_symtab *tab, iq_vaddr addr)
{
	const struct place *p;
	struct iq_sym sym;

	if (!in_image(tab, addr)) {
		p = find_place(tab, addr);
		return p && p->text;
	}
	if (!tab->text_known)
		find_text(tab);
	if (tab->text_end)
		return addr >= tab->text_start && addr < tab->text_end;
	/* A list without these two: by what covers the address. */
	return look_up_addr(tab, addr, &sym) && strchr("tTwW", sym.kind);
}

/* ---- all of them ---- */

static bool foreach_kernel(struct iq_symtab *tab, iq_sym_fn fn, void *ctx)
{
	char buf[KALLSYMS_NAME_MAX];
	size_t num = kernel_num(tab), off = 0;

	for (size_t i = 0; i < num; i++) {
		struct iq_sym sym = { .name = buf };

		if (tab->k.damaged) {
			if (!kallsyms_name(&tab->k, (uint32_t)i, buf, &sym.kind))
				continue;
		} else if (tab->k.t.num) {
			if (!kallsyms_name_next(&tab->k, &off, buf, &sym.kind))
				return false;
		} else {
			sym.name = tab->list.syms.data[i].name;
			sym.kind = tab->list.syms.data[i].kind;
		}
		sym.addr = kernel_addr(tab, i);
		sym.size = kernel_size(tab, i);
		if (fn(ctx, &sym))
			return true;
	}
	return false;
}

void iq_symtab_foreach(struct iq_symtab *tab, iq_sym_fn fn, void *ctx)
{
	if (foreach_kernel(tab, fn, ctx))
		return;
	iq_vec_foreach(&tab->modules, m) {
		const struct symlist *list = modsym_list(m, tab->mem);

		for (size_t i = 0; i < list->syms.num; i++) {
			struct iq_sym sym;

			module_sym(m, i, place_end(tab, list->syms.data[i].addr), &sym);
			if (fn(ctx, &sym))
				return;
		}
	}
}

struct iq_symtab_stats iq_symtab_stats(const struct iq_symtab *tab)
{
	static const char *const encodings[] = {
		[KALLSYMS_UNKNOWN] = "",
		[KALLSYMS_PERCPU_ABSOLUTE] = "percpu-absolute",
		[KALLSYMS_RELATIVE] = "relative",
		[KALLSYMS_PLACE] = "place-relative",
	};
	struct iq_symtab_stats stats = {
		.source = tab->source,
		.encoding = encodings[tab->k.encoding],
		.num_syms = kernel_num(tab),
		.sorted_names = tab->k.seqs,
		.num_modules = tab->modules.num,
	};

	for (size_t i = 0; i < tab->modules.num; i++) {
		stats.num_modules_read += tab->modules.data[i].done;
		stats.num_modules_broken += tab->modules.data[i].broken;
	}
	return stats;
}
