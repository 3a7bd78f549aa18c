/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Symbols of the user's own making
 *
 * Names that somebody gave to addresses while looking at this kernel (::nmadd). They come before
 * the kernel's own wherever people's words and addresses are translated; what the program itself
 * asks for by name (iq_sym_addr()) does not see them.
 */
#include "kernel/session.h"

enum { MAX_PRIVATE = 100000 };

struct iq_private_syms {
	IQ_VEC(struct iq_sym) syms;
};

static void syms_free(void *value)
{
	struct iq_private_syms *private = value;

	iq_vec_free(&private->syms);
	free(private);
}

/* There is none until a name has been given. */
static const struct iq_cache syms_cache = { .life = IQ_CACHE_SESSION, .free = syms_free };

static struct iq_private_syms *syms_of(struct iq_session *s)
{
	return iq_cache_get(s, &syms_cache);
}

static struct iq_sym *find(struct iq_session *s, const char *name)
{
	struct iq_private_syms *private = syms_of(s);

	if (private)
		iq_vec_foreach(&private->syms, sym)
			if (!strcmp(sym->name, name))
				return sym;
	return NULL;
}

struct iq_error *iq_sym_private_add(struct iq_session *s, const char *name, iq_vaddr addr,
				    uint64_t size)
{
	struct iq_private_syms *private = syms_of(s);
	struct iq_sym *sym = find(s, name);

	if (!*name || strlen(name) > 255)
		return iq_error_new(IQ_ERR_INVALID, "not a name for a symbol");
	if (!private) {
		private = iq_xcalloc(1, sizeof(*private));
		iq_cache_put(s, &syms_cache, private);
	}
	if (!sym && private->syms.num >= MAX_PRIVATE)
		return iq_error_new(IQ_ERR_INVALID, "%d private symbols are enough", MAX_PRIVATE);
	if (!sym)
		sym = iq_vec_push(&private->syms,
				  (struct iq_sym){ .name = iq_arena_strdup(s->arena, name) });
	sym->addr = addr;
	sym->size = size;
	sym->kind = 'd';
	return NULL;
}

bool iq_sym_private_del(struct iq_session *s, const char *name)
{
	struct iq_private_syms *private = syms_of(s);
	struct iq_sym *sym = find(s, name);

	if (!sym)
		return false;
	*sym = private->syms.data[--private->syms.num];
	return true;
}

bool iq_sym_private_at(struct iq_session *s, size_t i, struct iq_sym *sym_ret)
{
	struct iq_private_syms *private = syms_of(s);

	if (!private || i >= private->syms.num)
		return false;
	*sym_ret = private->syms.data[i];
	return true;
}

bool iq_private_by_name(struct iq_session *s, const char *name, struct iq_sym *sym_ret)
{
	const struct iq_sym *sym = find(s, name);

	if (sym)
		*sym_ret = *sym;
	return sym;
}

bool iq_private_by_addr(struct iq_session *s, iq_vaddr addr, struct iq_sym *sym_ret)
{
	struct iq_private_syms *private = syms_of(s);
	const struct iq_sym *best = NULL;

	if (private)
		iq_vec_foreach(&private->syms, sym)
			if (addr >= sym->addr &&
			    addr - sym->addr < IQ_MAX(sym->size, UINT64_C(1)) &&
			    (!best || sym->addr > best->addr))
				best = sym;
	if (best)
		*sym_ret = *best;
	return best;
}
