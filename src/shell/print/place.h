/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Places: something of a type, somewhere
 *
 * What ::print, ::printf, ::list, ... work on: a type and where the thing is; the expressions that
 * lead from one place to another ("se.load.weight", "mm->owner->comm[2]"); and the values that
 * places hold.
 */
#ifndef IQ_SHELL_PRINT_PLACE_H
#define IQ_SHELL_PRINT_PLACE_H

#include "inquest/dcmd.h"

/* How memory is read: with the page that was read last at hand, which most members share. */
struct iq_place_reader {
	struct iq_cmd *cmd;
	uint64_t page; /* its address | 1 where it is a physical one */
	bool have;
	uint8_t bytes[4096];
};

enum iq_place_where {
	IQ_PLACE_MEMORY, /* of the present context */
	IQ_PLACE_PHYS,	 /* addr is a physical address */
	IQ_PLACE_VALUE,	 /* the value itself is known, and has no address */
	IQ_PLACE_NOWHERE /* only the type counts: addresses are offsets */
};

struct iq_place {
	struct iq_type type;
	enum iq_place_where where;
	iq_vaddr addr;	   /* VALUE: offset in value */
	uint32_t bit;	   /* of a bit field: where it begins, after addr */
	uint32_t bit_size; /* 0: it is none */
	uint64_t value;
};

/* Read len bytes from offset on. False: they cannot be read. */
bool iq_place_read(struct iq_place_reader *r, const struct iq_place *place, uint64_t offset,
		   void *buf, size_t len);

/* As a number, of integers, pointers, enums, bit fields and structs that wrap nothing but one;
 * sign-extended where it is signed. IQ_ERR_INVALID: it is none; IQ_ERR_FAULT. */
struct iq_error *iq_place_number(struct iq_place_reader *r, const struct iq_place *place,
				 uint64_t *value_ret);

/* The i-th member of a struct or union (of num), the i-th element of an array; false: none. */
bool iq_place_member(const struct iq_place *place, size_t i, const char **name_ret,
		     struct iq_place *member_ret);
struct iq_place iq_place_element(const struct iq_place *place, uint64_t i);

/*
 * The place that an expression leads to, or a byte offset that came out of $[ ]; then path is made
 * what is there. Pointers are followed by "->" and "[n]". IQ_ERR_NOTFOUND: no such member;
 * IQ_ERR_FAULT: a pointer on the way could not be followed; IQ_ERR_INVALID: not an expression.
 */
struct iq_error *iq_place_follow(struct iq_place_reader *r, const struct iq_place *from,
				 const struct iq_arg *expr, struct iq_place *place_ret,
				 const char **path_ret);

/*
 * The type that a command's words begin with, as many of them as it takes ("struct list_head *" may
 * be one word or three): *num_ret. IQ_ERR_NOTFOUND.
 */
struct iq_error *iq_type_args(struct iq_cmd *cmd, const struct iq_arg *argv, size_t argc,
			      struct iq_type *type_ret, size_t *num_ret);

/* Does the type have a member that expr can begin with? */
bool iq_type_has_first(struct iq_type type, const char *expr);

/* The type of a global variable, by our own tables, or BTF where it knows. IQ_ERR_NOTFOUND. */
struct iq_error *iq_global_type(struct iq_session *s, const char *symbol, struct iq_type *type_ret);

#endif
