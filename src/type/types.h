/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All types of one kernel: its own BTF and that of its modules
 *
 * The functions of inquest/type.h that take no session are in this folder too.
 */
#ifndef IQ_TYPE_TYPES_H
#define IQ_TYPE_TYPES_H

#include "inquest/error.h"
#include "inquest/type.h"
#include "target/mem.h"

struct iq_types;

struct iq_error *iq_types_new(struct iq_types **types_ret);
void iq_types_free(struct iq_types *types);

/*
 * Add BTF: the kernel's (module NULL; once, and first), or a module's, which continues it. data
 * is borrowed and must outlive types. IQ_ERR_CORRUPT, IQ_ERR_UNSUPPORTED: not used.
 */
struct iq_error *iq_types_add(struct iq_types *types, const char *module, const void *data,
			      size_t len);

/*
 * The same for a module's BTF that lies at addr in mem, which must outlive types. It is not read
 * before a type is asked for that the kernel does not have. What then turns out to be broken is
 * left out.
 */
struct iq_error *iq_types_add_module(struct iq_types *types, struct iq_mem *mem, const char *module,
				     iq_vaddr addr, size_t len);

/*
 * load is called once, the first time that a type is asked for which the kernel's own BTF does not
 * have: to add modules. free_ctx (or NULL) frees ctx with types.
 */
typedef void (*iq_types_load_fn)(void *ctx, struct iq_types *types);
void iq_types_set_loader(struct iq_types *types, iq_types_load_fn load, void *ctx,
			 void (*free_ctx)(void *ctx));

/*
 * A type by name, as iq_type_by_name() in inquest/type.h says. "vmlinux`struct x" looks at the
 * kernel's own only. C's spellings of integers ("unsigned long") are understood.
 */
struct iq_error *iq_types_by_name(struct iq_types *types, const char *name,
				  struct iq_type *type_ret);

/* As iq_type_pointer(), iq_type_array(), iq_type_foreach() and iq_type_of_var() in inquest/type.h.
 */
struct iq_error *iq_types_pointer(struct iq_types *types, struct iq_type to,
				  struct iq_type *type_ret);
struct iq_error *iq_types_array(struct iq_types *types, struct iq_type of, uint32_t num,
				struct iq_type *type_ret);
void iq_types_foreach(struct iq_types *types, iq_type_fn fn, void *ctx);
struct iq_error *iq_types_of_var(struct iq_types *types, const char *name,
				 struct iq_type *type_ret);

/* As iq_type_alias() and iq_type_alias_at() in inquest/type.h. */
struct iq_error *iq_types_alias(struct iq_types *types, const char *name, struct iq_type type);
bool iq_types_alias_at(const struct iq_types *types, size_t i, const char **name_ret,
		       struct iq_type *type_ret);

/* The type and the member of it at path, in one; remembered, misses too. IQ_ERR_NOTFOUND. */
struct iq_error *iq_types_member(struct iq_types *types, const char *type, const char *path,
				 struct iq_member *member_ret);
/* Byte offset of a member, or -1. Remembered. */
int64_t iq_types_offsetof(struct iq_types *types, const char *type, const char *path);
/* Size of a type, or -1. Remembered. */
int64_t iq_types_sizeof(struct iq_types *types, const char *type);

/* As iq_type_of_func() in inquest/type.h. */
struct iq_error *iq_types_func(struct iq_types *types, const char *module, const char *name,
			       struct iq_type *type_ret);

/* As iq_enum_value() in inquest/type.h. */
struct iq_error *iq_types_enum_value(struct iq_types *types, const char *type, const char *name,
				     int64_t *value_ret);

/* What is loaded, for doctor and statistics. */
struct iq_types_stats {
	size_t num_types;   /* of the kernel */
	size_t num_modules; /* that were added */
	size_t num_loaded;  /* modules whose types were read */
	size_t num_broken;  /* modules whose types could not be used */
};
struct iq_types_stats iq_types_stats(const struct iq_types *types);

/* ---- numbers in memory ---- */

/* How to take a number out of memory. */
struct iq_number {
	uint64_t offset; /* bytes, from the struct's start */
	uint8_t len;	 /* bytes to be read from there, at most 9 */
	uint8_t shift;	 /* bits */
	uint8_t bits;
	bool is_signed;
};

/*
 * The member as a number: integers, pointers, enums, bit fields, and structs that wrap nothing but
 * one of them (atomic_t, kuid_t). False: it is none.
 */
bool iq_member_number(const struct iq_member *member, struct iq_number *number_ret);

/* The value in the number's len bytes (those at its offset); sign-extended where it is signed. */
uint64_t iq_number_get(const struct iq_number *number, const void *bytes);

/* ---- shadow structs ---- */

/* How to read one shadow struct from this kernel. */
struct iq_shadow_plan;

/*
 * Work out how to read a shadow; the caller owns the plan. IQ_ERR_NOTFOUND names the type or
 * member that this kernel lacks; IQ_ERR_INVALID: the shadow is made wrong. The shadow must outlive
 * the plan.
 */
struct iq_error *iq_shadow_resolve(struct iq_types *types, const struct iq_shadow *shadow,
				   struct iq_shadow_plan **plan_ret);
void iq_shadow_plan_free(struct iq_shadow_plan *plan);

/*
 * What has to be read: [start, start + len) of the kernel's struct, for each window to place `at`
 * in one buffer of *buf_len_ret bytes. Almost always one window; none if only addresses are wanted.
 */
struct iq_shadow_window {
	uint64_t start;
	size_t len, at;
};
const struct iq_shadow_window *iq_shadow_windows(const struct iq_shadow_plan *plan, size_t *num_ret,
						 size_t *buf_len_ret);

/* Fill ours (shadow->size bytes, all set) out of the buffer read from the struct at addr. */
void iq_shadow_fill(const struct iq_shadow_plan *plan, const void *buf, iq_vaddr addr, void *ours);

/* Read the windows and fill, in one. */
struct iq_error *iq_shadow_plan_read(const struct iq_shadow_plan *plan, struct iq_mem *mem,
				     iq_vaddr addr, void *ours);

#endif
