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

#include <stdio.h>

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

struct alias {
	const char *name;
	struct iq_type type;
	struct alias *next;
};

struct iq_types {
	struct iq_btf *kernel;
	IQ_VEC(struct module_types) modules;
	struct iq_strmap members;	 /* "type\x1fpath" -> struct remembered * */
	struct iq_strmap sizes;		 /* type -> struct remembered * */
	IQ_VEC(struct iq_btf *) derived; /* of one type each: pointers and arrays that C can name */
	struct iq_strmap derived_by_key;
	struct iq_strmap aliases; /* the user's own names -> struct alias in the arena */
	struct alias *first_alias;
	struct iq_strmap vars; /* of the kernel's BTF: name -> struct btf_type of its VAR */
	bool have_vars;
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
	/* Each may continue one before it. */
	while (types->derived.num)
		iq_btf_free(types->derived.data[--types->derived.num]);
	iq_vec_free(&types->derived);
	iq_strmap_deinit(&types->derived_by_key);
	iq_strmap_deinit(&types->aliases);
	iq_strmap_deinit(&types->vars);
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
	while (starts_with(&name, "const ") || starts_with(&name, "volatile "))
		;
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

static struct iq_error *by_plain_name(struct iq_types *types, const char *name,
				      struct iq_type *type_ret)
{
	struct wanted w = parse_name(name);
	const struct alias *alias = iq_strmap_get(&types->aliases, name);

	if (alias) {
		*type_ret = alias->type;
		return NULL;
	}
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

/* ---- types that are made of others ---- */

enum { MAX_DERIVED = 4096, MAX_NAME = 256, MAX_SUFFIXES = 8 };

/*
 * BTF of one type that continues the BTF of the type it is made of, so that it is a type like all
 * others. info and word: the type's head; tail: what follows it.
 */
static struct iq_error *derive(struct iq_types *types, struct iq_type of, uint32_t kind,
			       const uint32_t *tail, uint32_t num_tail, struct iq_type *type_ret)
{
	uint32_t data[6 + 3 + 3] = { 1 << 16 | 0xeb9f, 24 }, num = 6;
	struct iq_error *err;
	struct iq_btf *btf;
	char key[64];

	snprintf(key, sizeof(key), "%p %u %u %u", (const void *)of.btf, of.id, kind,
		 num_tail ? tail[2] : 0);
	btf = iq_strmap_get(&types->derived_by_key, key);
	if (!btf) {
		if (!of.btf || types->derived.num >= MAX_DERIVED)
			return iq_error_new(IQ_ERR_UNSUPPORTED, "no types to make others of");
		num++; /* without a name */
		data[num++] = kind << 24;
		data[num++] = num_tail ? 0 : of.id;
		for (uint32_t i = 0; i < num_tail; i++)
			data[num++] = tail[i];
		data[3] = data[4] = (num - 6) * 4;
		err = iq_btf_new(NULL, of.btf, data, num * 4, &btf);
		if (err)
			return err;
		/* It points into our data. */
		btf->copy = iq_xmalloc(data[3]);
		btf->types = memcpy(btf->copy, data + 6, data[3]);
		btf->module = of.btf->module;
		iq_vec_push(&types->derived, btf);
		iq_strmap_set(&types->derived_by_key, key, btf);
	}
	*type_ret = (struct iq_type){ btf, btf->first_id };
	return NULL;
}

struct iq_error *iq_types_pointer(struct iq_types *types, struct iq_type to,
				  struct iq_type *type_ret)
{
	return derive(types, to, BTF_PTR, NULL, 0, type_ret);
}

struct iq_error *iq_types_array(struct iq_types *types, struct iq_type of, uint32_t num,
				struct iq_type *type_ret)
{
	return derive(types, of, BTF_ARRAY, (uint32_t[]){ of.id, of.id, num }, 3, type_ret);
}

/* "[12]" at the end of name: taken off, its number in *num_ret. */
static bool take_dimension(char *name, uint32_t *num_ret)
{
	size_t len = strlen(name);
	char *open = strrchr(name, '['), *end;
	unsigned long long num;

	if (!len || name[len - 1] != ']' || !open || open[1] < '0' || open[1] > '9')
		return false;
	num = strtoull(open + 1, &end, 0);
	if (end != name + len - 1 || num > UINT32_MAX)
		return false;
	*num_ret = (uint32_t)num;
	*open = '\0';
	return true;
}

static void trim(char *name)
{
	size_t len = strlen(name);

	while (len && name[len - 1] == ' ')
		name[--len] = '\0';
}

/* Blanks are one each. */
static bool copy_name(char *buf, size_t size, const char *name)
{
	size_t len = 0;

	for (; *name; name++) {
		char c = *name == '\t' ? ' ' : *name;

		if (c == ' ' && (!len || buf[len - 1] == ' '))
			continue;
		if (len + 1 >= size)
			return false;
		buf[len++] = c;
	}
	buf[len] = '\0';
	trim(buf);
	return true;
}

struct iq_error *iq_types_by_name(struct iq_types *types, const char *name,
				  struct iq_type *type_ret)
{
	uint32_t dims[MAX_SUFFIXES];
	unsigned num_dims = 0, stars = 0;
	struct iq_error *err;
	struct iq_type type;
	char buf[MAX_NAME];
	size_t len;

	if (!copy_name(buf, sizeof(buf), name))
		return iq_error_new(IQ_ERR_NOTFOUND, "this kernel has no type %.40s...", name);
	while (num_dims < MAX_SUFFIXES && take_dimension(buf, &dims[num_dims])) {
		num_dims++;
		trim(buf);
	}
	while ((len = strlen(buf)) && buf[len - 1] == '*' && stars < MAX_SUFFIXES) {
		stars++;
		buf[len - 1] = '\0';
		trim(buf);
	}
	err = by_plain_name(types, buf, &type);
	while (!err && stars--)
		err = iq_types_pointer(types, type, &type);
	/* The last dimension, which was found first, is the innermost. */
	for (unsigned i = 0; !err && i < num_dims; i++)
		err = iq_types_array(types, type, dims[i], &type);
	if (!err)
		*type_ret = type;
	return err;
}

/* ---- all of them, and variables ---- */

static bool foreach_in(const struct iq_btf *btf, iq_type_fn fn, void *ctx)
{
	const uint32_t kinds = KINDS_STRUCT | KINDS_UNION | KINDS_ENUM | KINDS_PLAIN;

	for (uint32_t id = btf->first_id; id < btf->first_id + btf->num_types; id++) {
		const struct btf_type *t = iq_btf_type(btf, id);

		if (t->name_off && kinds >> btf_kind(t) & 1 &&
		    (btf_vlen(t) || !(KINDS_ENUM >> btf_kind(t) & 1)) &&
		    fn(ctx, (struct iq_type){ btf, id }))
			return true;
	}
	return false;
}

void iq_types_foreach(struct iq_types *types, iq_type_fn fn, void *ctx)
{
	const struct iq_btf *btf;

	if (!types->kernel || foreach_in(types->kernel, fn, ctx))
		return;
	need_modules(types);
	iq_vec_foreach(&types->modules, m)
		if ((btf = module_btf(types, m)) && foreach_in(btf, fn, ctx))
			return;
}

struct iq_error *iq_types_of_var(struct iq_types *types, const char *name, struct iq_type *type_ret)
{
	const struct btf_type *t;

	if (!types->have_vars && types->kernel) {
		const struct iq_btf *btf = types->kernel;

		for (uint32_t id = btf->first_id; id < btf->first_id + btf->num_types; id++) {
			t = iq_btf_type(btf, id);
			if (btf_kind(t) == BTF_VAR)
				iq_strmap_set(&types->vars, iq_btf_str(btf, t->name_off),
					      (void *)(uintptr_t)t);
		}
		types->have_vars = true;
	}
	t = iq_strmap_get(&types->vars, name);
	if (!t)
		return iq_error_new(IQ_ERR_NOTFOUND, "BTF does not say what type %s is of", name);
	*type_ret = btf_ref(types->kernel, t->size_or_type);
	return NULL;
}

struct iq_error *iq_types_alias(struct iq_types *types, const char *name, struct iq_type type)
{
	struct alias *alias = iq_strmap_get(&types->aliases, name);

	if (!*name || strlen(name) >= MAX_NAME || strpbrk(name, " *[]`"))
		return iq_error_new(IQ_ERR_INVALID, "not a name for a type");
	if (!alias) {
		alias = iq_arena_alloc(types->arena, sizeof(*alias));
		*alias = (struct alias){ iq_arena_strdup(types->arena, name), type,
					 types->first_alias };
		types->first_alias = alias;
		iq_strmap_set(&types->aliases, name, alias);
	}
	alias->type = type;
	return NULL;
}

bool iq_types_alias_at(const struct iq_types *types, size_t i, const char **name_ret,
		       struct iq_type *type_ret)
{
	const struct alias *alias = types->first_alias;

	while (alias && i--)
		alias = alias->next;
	if (!alias)
		return false;
	*name_ret = alias->name;
	*type_ret = alias->type;
	return true;
}

const char *iq_type_module(struct iq_type type)
{
	return type.btf ? type.btf->module : NULL;
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
