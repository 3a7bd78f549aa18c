/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All types of one kernel
 *
 * A name is looked for in the kernel's types, then in the modules' in the order in which they
 * were added: newer kernels repeat some of the kernel's types in modules, and the kernel's win.
 * Modules are read when first needed: until a type is missing from the kernel's own
 * nobody pays for them.
 */
#include "type/types.h"

#include "inquest/util.h"
#include "type/btf.h"

enum { MAX_MODULE_BTF = 64 << 20 };

struct module_types {
	char *name;
	struct iq_btf *btf; /* NULL: not read yet, or broken */
	bool done;
	struct iq_mem *mem;
	iq_vaddr addr;
	size_t len;
	void *data; /* a copy of our own */
};

struct iq_types {
	struct iq_btf *kernel;
	IQ_VEC(struct module_types) modules;
	struct iq_strmap members; /* "type\x1fpath" -> struct remembered * */
	struct iq_strmap sizes;	  /* type -> struct remembered * */
	struct iq_arena *arena;
	iq_types_load_fn load; /* not called yet; then NULL */
	void *load_ctx;
	void (*load_free)(void *ctx);
};

struct remembered {
	bool found;
	struct iq_member member;
	uint64_t size;
};

struct iq_error *iq_types_new(struct iq_types **types_ret)
{
	struct iq_types *types = iq_xcalloc(1, sizeof(*types));

	types->arena = iq_arena_new();
	*types_ret = types;
	return NULL;
}

void iq_types_free(struct iq_types *types)
{
	if (!types)
		return;
	if (types->load_free)
		types->load_free(types->load_ctx);
	iq_vec_foreach(&types->modules, m) {
		iq_btf_free(m->btf);
		free(m->data);
		free(m->name);
	}
	iq_vec_free(&types->modules);
	iq_btf_free(types->kernel);
	iq_strmap_deinit(&types->members);
	iq_strmap_deinit(&types->sizes);
	iq_arena_free(types->arena);
	free(types);
}

struct iq_error *iq_types_add(struct iq_types *types, const char *module, const void *data,
			      size_t len)
{
	struct module_types m = { .done = true };
	struct iq_error *err;

	if (!module) {
		if (types->kernel)
			return iq_error_new(IQ_ERR_INVALID, "the kernel's types are there already");
		return iq_btf_new(NULL, NULL, data, len, &types->kernel);
	}
	if (!types->kernel)
		return iq_error_new(IQ_ERR_INVALID, "types of module %s before the kernel's",
				    module);
	m.name = iq_xstrdup(module);
	err = iq_btf_new(m.name, types->kernel, data, len, &m.btf);
	if (err) {
		free(m.name);
		return iq_error_prefix(err, "types of module %s", module);
	}
	iq_vec_push(&types->modules, m);
	return NULL;
}

struct iq_error *iq_types_add_module(struct iq_types *types, struct iq_mem *mem, const char *module,
				     iq_vaddr addr, size_t len)
{
	if (!types->kernel)
		return iq_error_new(IQ_ERR_INVALID, "types of module %s before the kernel's",
				    module);
	if (!len || len > MAX_MODULE_BTF)
		return iq_error_new(IQ_ERR_CORRUPT, "types of module %s: a length of %zu", module,
				    len);
	iq_vec_push(&types->modules,
		    (struct module_types){
			    .name = iq_xstrdup(module), .mem = mem, .addr = addr, .len = len });
	return NULL;
}

void iq_types_set_loader(struct iq_types *types, iq_types_load_fn load, void *ctx,
			 void (*free_ctx)(void *ctx))
{
	if (types->load_free)
		types->load_free(types->load_ctx);
	types->load = load;
	types->load_ctx = ctx;
	types->load_free = free_ctx;
}

/* Now the modules count. */
static void need_modules(struct iq_types *types)
{
	iq_types_load_fn load = types->load;

	types->load = NULL;
	if (load && types->kernel)
		load(types->load_ctx, types);
}

/* The module's types, read now if they were not; NULL where they cannot be used. */
static const struct iq_btf *module_btf(struct iq_types *types, struct module_types *m)
{
	struct iq_error *err;

	if (m->done)
		return m->btf;
	m->done = true;
	m->data = iq_xmalloc(m->len);
	err = iq_mem_read(m->mem, m->addr, m->data, m->len);
	if (!err)
		err = iq_btf_new(m->name, types->kernel, m->data, m->len, &m->btf);
	iq_error_free(err); /* counted as broken: its btf stays NULL */
	return m->btf;
}

struct iq_types_stats iq_types_stats(const struct iq_types *types)
{
	struct iq_types_stats stats = {
		.num_types = types->kernel ? types->kernel->num_types : 0,
		.num_modules = types->modules.num,
	};

	for (size_t i = 0; i < types->modules.num; i++) {
		const struct module_types *m = &types->modules.data[i];

		if (m->done && m->btf)
			stats.num_loaded++;
		else if (m->done)
			stats.num_broken++;
	}
	return stats;
}

/* ---- names ---- */

enum {
	KINDS_STRUCT = 1 << BTF_STRUCT,
	KINDS_UNION = 1 << BTF_UNION,
	KINDS_ENUM = 1 << BTF_ENUM | 1 << BTF_ENUM64,
	KINDS_PLAIN = 1 << BTF_TYPEDEF | 1 << BTF_INT | 1 << BTF_FLOAT,
};

/* A name taken apart: where to look, for which kinds, and the bare name. */
struct wanted {
	const char *module; /* not NUL-terminated */
	size_t module_len;
	bool kernel_only, module_first;
	const char *name;
	size_t len;
	uint32_t kinds[4]; /* in the order to be tried; 0: no more */
};

static bool starts_with(const char **p, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(*p, word, len))
		return false;
	*p += len + strspn(*p + len, " ");
	return true;
}

/* As C says it, and as compilers write it down. */
static const struct int_name {
	const char *c, *btf;
} int_names[] = {
	{ "unsigned", "unsigned int" },
	{ "signed", "int" },
	{ "signed int", "int" },
	{ "long", "long int" },
	{ "signed long", "long int" },
	{ "unsigned long", "long unsigned int" },
	{ "unsigned long int", "long unsigned int" },
	{ "long long", "long long int" },
	{ "signed long long", "long long int" },
	{ "unsigned long long", "long long unsigned int" },
	{ "unsigned long long int", "long long unsigned int" },
	{ "short", "short int" },
	{ "signed short", "short int" },
	{ "unsigned short", "short unsigned int" },
	{ "unsigned short int", "short unsigned int" },
};

static struct wanted parse_name(const char *name)
{
	struct wanted w = { 0 };
	const char *tick = strchr(name, '`');

	if (tick) {
		w.module = name;
		w.module_len = (size_t)(tick - name);
		w.kernel_only = w.module_len == 7 && !strncmp(name, "vmlinux", 7);
		w.module_first = !w.kernel_only;
		name = tick + 1;
	}
	name += strspn(name, " ");
	if (starts_with(&name, "struct ")) {
		w.kinds[0] = KINDS_STRUCT;
	} else if (starts_with(&name, "union ")) {
		w.kinds[0] = KINDS_UNION;
	} else if (starts_with(&name, "enum ")) {
		w.kinds[0] = KINDS_ENUM;
	} else {
		w.kinds[0] = KINDS_PLAIN;
		w.kinds[1] = KINDS_STRUCT;
		w.kinds[2] = KINDS_UNION;
		w.kinds[3] = KINDS_ENUM;
		for (size_t i = 0; i < IQ_ARRAY_SIZE(int_names); i++)
			if (!strcmp(name, int_names[i].c))
				name = int_names[i].btf;
	}
	w.name = name;
	w.len = strlen(name);
	while (w.len && name[w.len - 1] == ' ')
		w.len--;
	return w;
}

static bool find_in(const struct iq_btf *btf, const struct wanted *w, struct iq_type *type_ret)
{
	for (size_t i = 0; i < IQ_ARRAY_SIZE(w->kinds) && w->kinds[i]; i++) {
		uint32_t id = iq_btf_find(btf, w->name, w->len, w->kinds[i]);

		if (id) {
			*type_ret = (struct iq_type){ btf, id };
			return true;
		}
	}
	return false;
}

static bool is_module(const struct module_types *m, const struct wanted *w)
{
	return strlen(m->name) == w->module_len && !strncmp(m->name, w->module, w->module_len);
}

/* The kernel's types and then the modules', or one module's before all others. */
static bool find_type(struct iq_types *types, const struct wanted *w, struct iq_type *type_ret)
{
	const struct iq_btf *btf;

	if (w->module_first)
		need_modules(types);
	if (w->module_first)
		iq_vec_foreach(&types->modules, m)
			if (is_module(m, w) && (btf = module_btf(types, m)) &&
			    find_in(btf, w, type_ret))
				return true;
	if (types->kernel && find_in(types->kernel, w, type_ret))
		return true;
	if (w->kernel_only)
		return false;
	need_modules(types);
	iq_vec_foreach(&types->modules, m)
		if ((btf = module_btf(types, m)) && find_in(btf, w, type_ret))
			return true;
	return false;
}

struct iq_error *iq_types_by_name(struct iq_types *types, const char *name,
				  struct iq_type *type_ret)
{
	struct wanted w = parse_name(name);

	if (!strncmp(w.name, "void", w.len) && w.len == 4) {
		*type_ret = (struct iq_type){ types->kernel, 0 };
		return NULL;
	}
	if (!w.len || !find_type(types, &w, type_ret))
		return iq_error_new(IQ_ERR_NOTFOUND, "this kernel has no type %s", name);
	return NULL;
}

struct iq_error *iq_types_func(struct iq_types *types, const char *module, const char *name,
			       struct iq_type *type_ret)
{
	uint32_t id = 0;

	if (!module && types->kernel) {
		id = iq_btf_find_func(types->kernel, name);
		*type_ret = (struct iq_type){ types->kernel, id };
	} else if (module) {
		need_modules(types);
		iq_vec_foreach(&types->modules, m) {
			if (strcmp(m->name, module) || !module_btf(types, m))
				continue;
			id = iq_btf_find_func(m->btf, name);
			*type_ret = (struct iq_type){ m->btf, id };
			break;
		}
	}
	if (!id)
		return iq_error_new(IQ_ERR_NOTFOUND, "no prototype of %s is known", name);
	return NULL;
}

/* ---- answers that are remembered ---- */

static struct remembered *remember_member(struct iq_types *types, const char *type,
					  const char *path)
{
	size_t type_len = strlen(type), path_len = strlen(path);
	char key[256];
	struct remembered *r;
	struct iq_error *err;
	struct iq_type t;
	bool keep = type_len + path_len + 2 <= sizeof(key);

	if (keep) {
		memcpy(key, type, type_len);
		key[type_len] = '\x1f';
		memcpy(key + type_len + 1, path, path_len + 1);
		r = iq_strmap_get(&types->members, key);
		if (r)
			return r;
	}
	r = iq_arena_alloc(types->arena, sizeof(*r));
	err = iq_types_by_name(types, type, &t);
	if (!err)
		err = iq_type_member(t, path, &r->member);
	r->found = !err;
	iq_error_free(err);
	if (keep)
		iq_strmap_set(&types->members, key, r);
	return r;
}

struct iq_error *iq_types_member(struct iq_types *types, const char *type, const char *path,
				 struct iq_member *member_ret)
{
	const struct remembered *r = remember_member(types, type, path);

	if (!r->found)
		return iq_error_new(IQ_ERR_NOTFOUND, "this kernel has no %s.%s", type, path);
	*member_ret = r->member;
	return NULL;
}

int64_t iq_types_offsetof(struct iq_types *types, const char *type, const char *path)
{
	const struct remembered *r = remember_member(types, type, path);

	return r->found ? (int64_t)(r->member.bit_offset / 8) : -1;
}

int64_t iq_types_sizeof(struct iq_types *types, const char *type)
{
	struct remembered *r = iq_strmap_get(&types->sizes, type);

	if (!r) {
		struct iq_error *err;
		struct iq_type t;

		r = iq_arena_alloc(types->arena, sizeof(*r));
		err = iq_types_by_name(types, type, &t);
		if (!err) {
			r->found = true;
			r->size = iq_type_size(t);
		}
		iq_error_free(err);
		iq_strmap_set(&types->sizes, type, r);
	}
	return r->found && r->size <= INT64_MAX ? (int64_t)r->size : -1;
}

/* ---- enumerators ---- */

static bool find_enumerator(struct iq_type type, const char *name, int64_t *value_ret)
{
	const char *str;
	int64_t value;

	for (size_t i = 0; iq_type_enumerator_at(type, i, &str, &value); i++) {
		if (!strcmp(str, name)) {
			*value_ret = value;
			return true;
		}
	}
	return false;
}

static bool find_enumerator_in(const struct iq_btf *btf, const char *name, int64_t *value_ret)
{
	for (size_t i = 0; i < btf->num_enums; i++)
		if (find_enumerator((struct iq_type){ btf, btf->enums[i] }, name, value_ret))
			return true;
	return false;
}

struct iq_error *iq_types_enum_value(struct iq_types *types, const char *type, const char *name,
				     int64_t *value_ret)
{
	const struct iq_btf *btf;
	struct iq_error *err;
	struct iq_type t;

	if (type) {
		err = iq_types_by_name(types, type, &t);
		if (err)
			return err;
		if (find_enumerator(t, name, value_ret))
			return NULL;
		return iq_error_new(IQ_ERR_NOTFOUND, "%s has no enumerator %s", type, name);
	}
	if (types->kernel && find_enumerator_in(types->kernel, name, value_ret))
		return NULL;
	need_modules(types);
	iq_vec_foreach(&types->modules, m)
		if ((btf = module_btf(types, m)) && find_enumerator_in(btf, name, value_ret))
			return NULL;
	return iq_error_new(IQ_ERR_NOTFOUND, "this kernel has no enumerator %s", name);
}
