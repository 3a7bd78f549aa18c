/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Types, out of the kernel's and its modules' BTF
 *
 * A struct iq_type is a value that is passed around by copy: it borrows its BTF from the session,
 * and nothing of it is freed. IQ_ERR_NOTFOUND means that this kernel has no such type or member:
 * that is how kernels are told apart.
 */
#ifndef INQUEST_TYPE_H
#define INQUEST_TYPE_H

#include "inquest/error.h"
#include "inquest/types.h"

struct iq_session;
struct iq_btf;

struct iq_type {
	const struct iq_btf *btf;
	uint32_t id; /* 0 is void */
};

enum iq_type_kind {
	IQ_TYPE_VOID,
	IQ_TYPE_INT,
	IQ_TYPE_BOOL,
	IQ_TYPE_CHAR,
	IQ_TYPE_FLOAT,
	IQ_TYPE_PTR,
	IQ_TYPE_ARRAY,
	IQ_TYPE_STRUCT,
	IQ_TYPE_UNION,
	IQ_TYPE_ENUM,
	IQ_TYPE_FWD,
	IQ_TYPE_FUNC,
	IQ_TYPE_TYPEDEF,
	IQ_TYPE_QUALIFIER /* const, volatile, restrict, type tags */,
	IQ_TYPE_OTHER,
};

struct iq_member {
	const char *name; /* borrowed; "" for an anonymous one */
	struct iq_type type;
	uint64_t bit_offset; /* from the start of the outermost struct asked about */
	uint32_t bit_size;   /* 0: not a bit field */
};

/*
 * A type by its C name: "struct task_struct", "union x", "enum y", "pid_t", "int"; a bare tag name
 * finds a struct too. "module`struct x" looks in that module's own types first. Searches the
 * kernel's types, then the modules'. Forward declarations do not count. Pointers to and arrays of
 * what has a name are understood: "char *", "struct list_head *[4]". IQ_ERR_NOTFOUND.
 */
struct iq_error *iq_type_by_name(struct iq_session *s, const char *name, struct iq_type *type_ret);

/* The type of pointers to it, of arrays of it. IQ_ERR_UNSUPPORTED: too many were made. */
struct iq_error *iq_type_pointer(struct iq_session *s, struct iq_type to, struct iq_type *type_ret);
struct iq_error *iq_type_array(struct iq_session *s, struct iq_type of, uint32_t num,
			       struct iq_type *type_ret);

/*
 * Call fn with all types that have a name (structs, unions, enums, typedefs, integers), the
 * kernel's and then the modules', until it returns true.
 */
typedef bool (*iq_type_fn)(void *ctx, struct iq_type type);
void iq_type_foreach(struct iq_session *s, iq_type_fn fn, void *ctx);

/*
 * Give a type a name of the user's own, which iq_type_by_name() knows before all others; a second
 * one takes the first one's place. IQ_ERR_INVALID: that is no name. at: the i-th; false: there are
 * not so many.
 */
struct iq_error *iq_type_alias(struct iq_session *s, const char *name, struct iq_type type);
bool iq_type_alias_at(struct iq_session *s, size_t i, const char **name_ret,
		      struct iq_type *type_ret);

/* The type of a variable that BTF knows: those of the per-CPU section. IQ_ERR_NOTFOUND. */
struct iq_error *iq_type_of_var(struct iq_session *s, const char *name, struct iq_type *type_ret);

/* The module whose type it is, NULL: the kernel's; borrowed. */
const char *iq_type_module(struct iq_type type);

/* Typedefs and qualifiers taken off. */
struct iq_type iq_type_strip(struct iq_type type);
enum iq_type_kind iq_type_kind(struct iq_type type);
/* The tag or name; "" where it has none; borrowed. */
const char *iq_type_name(struct iq_type type);
/* Bytes; 0 for void, functions and forward declarations. */
uint64_t iq_type_size(struct iq_type type);
/* What a pointer points to, an array consists of, a typedef or qualifier stands for. */
struct iq_type iq_type_target(struct iq_type type);
/* Elements of an array. */
uint64_t iq_type_num_elems(struct iq_type type);
/* Signed integer (or enum)? */
bool iq_type_is_signed(struct iq_type type);
/* Members of a struct or union as declared, enumerators of an enum. */
size_t iq_type_num_members(struct iq_type type);
bool iq_type_member_at(struct iq_type type, size_t i, struct iq_member *member_ret);
bool iq_type_enumerator_at(struct iq_type type, size_t i, const char **name_ret,
			   int64_t *value_ret);
/* "struct task_struct *", "char [16]", ...: the C declaration of a nameless thing; into buf. */
const char *iq_type_format(struct iq_type type, char *buf, size_t len);

/*
 * A member by its path, through structs, anonymous ones and arrays with constant index:
 * "se.exec_start", "s_writers.rw_sem[1]". Pointers are not followed. IQ_ERR_NOTFOUND.
 */
struct iq_error *iq_type_member(struct iq_type type, const char *path,
				struct iq_member *member_ret);

/*
 * A function by its symbol's name: a FUNC of the kernel's types, or of this module's.
 * IQ_ERR_NOTFOUND where BTF does not know it, or knows several of that name with different
 * prototypes.
 */
struct iq_error *iq_type_of_func(struct iq_session *s, const char *module, const char *name,
				 struct iq_type *type_ret);
/* Parameters of a function, a prototype or a pointer to one; with the "..." at the end. */
size_t iq_type_num_params(struct iq_type func);
/* False: there are not so many, or it is the "...". name_ret: borrowed, "" where it has none. */
bool iq_type_param_at(struct iq_type func, size_t i, const char **name_ret,
		      struct iq_type *type_ret);

/* Is this member, or type, there? */
bool iq_has_member(struct iq_session *s, const char *type, const char *path);
bool iq_has_type(struct iq_session *s, const char *type);

/* Byte offset of a member, or -1. Answers are remembered, so that this is cheap. */
int64_t iq_offsetof(struct iq_session *s, const char *type, const char *path);
/* Size of a type, or -1. */
int64_t iq_sizeof(struct iq_session *s, const char *type);
/* The value of an enumerator ("PG_writeback") of the named enum ("enum pageflags"; NULL: any).
 * IQ_ERR_NOTFOUND. */
struct iq_error *iq_enum_value(struct iq_session *s, const char *type, const char *name,
			       int64_t *value_ret);

/* ---- shadow structs: the members we want, out of one read ---- */

/*
 * A shadow names members of a kernel type, newest name first, and where their values go in a
 * struct of ours. Integers, pointers and bit fields are widened (with sign) to the size of the
 * destination; arrays and structs are copied as far as both go. The first member of ours is
 * `uint64_t has`: bit i is set if field i is there in this kernel. A field that no name is found
 * for is left 0 and, unless marked optional, makes the read an IQ_ERR_NOTFOUND that names it.
 */
struct iq_field {
	size_t offset, size; /* in our struct */
	bool optional;
	bool is_signed;	      /* of ours; unused for copies */
	bool copy;	      /* raw bytes, not a number */
	bool address;	      /* not the value but the member's address in the target */
	const char *names[4]; /* paths, newest first */
};

struct iq_shadow {
	const char *type; /* "struct task_struct" */
	size_t size;	  /* of our struct */
	const struct iq_field *fields;
	size_t num_fields; /* at most 64 */
};

#define IQ_FIELD_(s, m, opt, cp, adr, ...)                                                         \
	{                                                                                          \
		.offset = offsetof(struct s, m), .size = sizeof(((struct s *)0)->m),               \
		.optional = (opt), .copy = (cp), .address = (adr), .names = {                      \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}
#define IQ_FIELD(s, m, ...)	 IQ_FIELD_(s, m, false, false, false, __VA_ARGS__)
#define IQ_FIELD_OPT(s, m, ...)	 IQ_FIELD_(s, m, true, false, false, __VA_ARGS__)
#define IQ_FIELD_COPY(s, m, ...) IQ_FIELD_(s, m, false, true, false, __VA_ARGS__)
#define IQ_FIELD_ADDR(s, m, ...) IQ_FIELD_(s, m, true, false, true, __VA_ARGS__)
#define IQ_SHADOW(name, ctype, st, ...)                                                            \
	static const struct iq_field name##_fields[] = { __VA_ARGS__ };                            \
	static const struct iq_shadow name = { ctype, sizeof(struct st), name##_fields,            \
					       sizeof(name##_fields) / sizeof(name##_fields[0]) }

/* Read the shadow of the object at addr into ours (shadow->size bytes, all set). */
struct iq_error *iq_shadow_read(struct iq_session *s, const struct iq_shadow *shadow, iq_vaddr addr,
				void *ours);

#endif
