/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A struct with a member of each kind, and types that lie
 */
#ifndef IQ_TESTS_UNIT_THING_TYPES_H
#define IQ_TESTS_UNIT_THING_TYPES_H

#include "made-btf.h"

/* The same for the compiler. */
struct node {
	uint64_t next, prev;
};

struct thing {
	int32_t number;
	uint32_t low : 3;
	int32_t mid : 5;
	uint32_t high : 24;
	uint32_t color;
	uint8_t yes;
	uint8_t hole3[3];
	char name[8];
	uint8_t bytes[4];
	int32_t table[40];
	uint32_t hole;
	uint64_t fn, text;
	struct node list;
	uint64_t next;
	uint64_t word;
	struct node nodes[3];
	uint64_t flags;
	double d;
	uint64_t self; /* of an atomic_t's kind */
};

static inline void thing_types(struct made_btf *b)
{
	uint32_t t_int = made_int(b, "int", 4, MADE_SIGNED);
	uint32_t t_uint = made_int(b, "unsigned int", 4, 0);
	uint32_t t_ulong = made_int(b, "long unsigned int", 8, 0);
	uint32_t t_char = made_int(b, "char", 1, MADE_SIGNED);
	uint32_t t_uchar = made_int(b, "unsigned char", 1, 0);
	uint32_t t_bool = made_int(b, "_Bool", 1, MADE_BOOL);
	uint32_t t_u8 = made_type(b, "__u8", BTF_TYPEDEF, 0, t_uchar);
	uint32_t t_double = made_type(b, "double", BTF_FLOAT, 0, 8);
	uint32_t color, flags, node, ptr, proto, fn, text, name, bytes, table, halves, word, nodes,
		atomic, thing, twins, many, pivots, slots;

	color = made_type(b, "color", BTF_ENUM, 0, 4);
	made_enumerator(b, "RED", 0);
	made_enumerator(b, "GREEN", 5);
	flags = made_type(b, "bits", BTF_ENUM64, 0, 8);
	made_enumerator64(b, "BIT_A", 1);
	made_enumerator64(b, "BIT_B", 2);
	made_enumerator64(b, "BIT_HIGH", INT64_C(1) << 40);
	ptr = made_type(b, "", BTF_PTR, 0, b->next_id + 1);
	node = made_struct(b, "node", 16, false);
	made_member(b, "next", ptr, 0);
	made_member(b, "prev", ptr, 64);
	proto = made_type(b, "", BTF_FUNC_PROTO, 0, 0);
	made_param(b, "x", t_int);
	fn = made_type(b, "", BTF_PTR, 0, proto);
	text = made_type(b, "", BTF_PTR, 0, made_type(b, "", BTF_CONST, 0, t_char));
	name = made_array(b, t_char, 8);
	bytes = made_array(b, t_u8, 4);
	table = made_array(b, t_int, 40);
	nodes = made_array(b, node, 3);
	halves = made_struct(b, "", 8, false);
	made_member(b, "lo", t_uint, 0);
	made_member(b, "hi", t_uint, 32);
	word = made_type(b, "", BTF_UNION, 0, 8);
	made_member(b, "word", t_ulong, 0);
	made_member(b, "", halves, 0);
	atomic = made_struct(b, "", 8, false);
	made_member(b, "counter", t_ulong, 0);
	atomic = made_type(b, "atomic_made_t", BTF_TYPEDEF, 0, atomic);
	ptr = made_type(b, "", BTF_PTR, 0, b->next_id + 1);
	thing = made_struct(b, "thing", sizeof(struct thing), true);
	made_member(b, "number", t_int, 0);
	made_member(b, "low", t_uint, 3 << 24 | 32);
	made_member(b, "mid", t_int, 5 << 24 | 35);
	made_member(b, "high", t_uint, 24 << 24 | 40);
	made_member(b, "color", color, 8 * offsetof(struct thing, color));
	made_member(b, "yes", t_bool, 8 * offsetof(struct thing, yes));
	made_member(b, "name", name, 8 * offsetof(struct thing, name));
	made_member(b, "bytes", bytes, 8 * offsetof(struct thing, bytes));
	made_member(b, "table", table, 8 * offsetof(struct thing, table));
	made_member(b, "fn", fn, 8 * offsetof(struct thing, fn));
	made_member(b, "text", text, 8 * offsetof(struct thing, text));
	made_member(b, "list", node, 8 * offsetof(struct thing, list));
	made_member(b, "next", ptr, 8 * offsetof(struct thing, next));
	made_member(b, "", word, 8 * offsetof(struct thing, word));
	made_member(b, "nodes", nodes, 8 * offsetof(struct thing, nodes));
	made_member(b, "flags", flags, 8 * offsetof(struct thing, flags));
	made_member(b, "d", t_double, 8 * offsetof(struct thing, d));
	made_member(b, "self", atomic, 8 * offsetof(struct thing, self));

	/* Trees, as include/linux/maple_tree.h and xarray.h have them. */
	made_struct(b, "maple_tree", 16, false);
	made_member(b, "ma_root", t_ulong, 64);
	pivots = made_array(b, t_ulong, 15);
	slots = made_array(b, t_ulong, 16);
	made_struct(b, "maple_range_64", 256, false);
	made_member(b, "parent", t_ulong, 0);
	made_member(b, "pivot", pivots, 64);
	made_member(b, "slot", slots, 64 * 16);
	pivots = made_array(b, t_ulong, 9);
	slots = made_array(b, t_ulong, 10);
	made_struct(b, "maple_arange_64", 256, false);
	made_member(b, "parent", t_ulong, 0);
	made_member(b, "pivot", pivots, 64);
	made_member(b, "slot", slots, 64 * 10);
	made_struct(b, "xarray", 16, false);
	made_member(b, "xa_head", t_ulong, 64);
	slots = made_array(b, t_ulong, 64);
	made_struct(b, "xa_node", 552, false);
	made_member(b, "shift", t_uchar, 0);
	made_member(b, "slots", slots, 64 * 5);

	/* Lies: it holds itself twice; it is larger than any memory; it is a circle of names. */
	twins = made_struct(b, "twins", 16, false);
	made_member(b, "a", twins, 0);
	made_member(b, "b", twins, 64);
	many = made_array(b, thing, 0xffffffff);
	made_struct(b, "huge", 0xffffffff, false);
	made_member(b, "all", many, 0);
	made_member(b, "far", t_int, 0xfffffff8);
	made_type(b, "circle", BTF_TYPEDEF, 0, b->next_id);
	made_struct(b, "wide", 8, true);
	made_member(b, "bits", t_ulong, 255u << 24 | 1);
	made_member(b, "more", t_uchar, 64u << 24 | 63);
}

#endif
