/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Commands on types, symbols and memory, on a made kernel with types of each kind
 */
#include "test.h"

#include "said.h"
#include "thing-types.h"

static struct thing one;

static struct fakekernel *made(struct names *n)
{
	struct fakekernel *k = fakekernel_new(FK_NEW);
	iq_vaddr thing = fk_data(k, "the_thing", sizeof(one)), text = fk_str(k, "some \"text\"\n");
	iq_vaddr other = fk_heap(k, sizeof(one));

	fk_more_types(k, thing_types);
	one = (struct thing){
		.number = -2,
		.low = 5,
		.mid = -3,
		.high = 0xabcdef,
		.color = 5,
		.yes = 1,
		.name = "made",
		.bytes = { 1, 2, 3, 0xff },
		.table = { 1, 2, 3, 0, 0, 0, 0, 0, 7 },
		.fn = fk_func(k, "do_things"),
		.text = text,
		.list = { other + offsetof(struct thing, list),
			  other + offsetof(struct thing, list) },
		.next = other,
		.word = 0x100000002,
		.flags = (UINT64_C(1) << 40) | 2,
		.d = 1.5,
		.self = 7,
	};
	fk_write(k, thing, &one, sizeof(one));
	fk_u64(k, other, 0x2a);
	fk_u64(k, other + offsetof(struct thing, list), thing + offsetof(struct thing, list));
	fk_u64(k, other + offsetof(struct thing, list) + 8, thing + offsetof(struct thing, list));
	fk_u64(k, other + offsetof(struct thing, next), thing);
	*n = (struct names){ 0 };
	name_it(n, thing, "thing");
	name_it(n, other, "other");
	name_it(n, text, "text");
	name_it(n, thing + offsetof(struct thing, list), "thing.list");
	name_it(n, other + offsetof(struct thing, list), "other.list");
	return k;
}

/* ---- ::print ---- */

static void each_kind_of_member_is_printed(void **state)
{
	struct names n;
	struct fakekernel *k = made(&n);

	(void)state;
	assert_said(
		k, &n, "the_thing::print struct thing",
		"{\n"
		"    number = 0xfffffffe\n"
		"    low = 0x5\n"
		"    mid = 0xfffffffd\n"
		"    high = 0xabcdef\n"
		"    color = 5 (GREEN)\n"
		"    yes = true\n"
		"    name = [ \"made\" ]\n"
		"    bytes = [ 0x1, 0x2, 0x3, 0xff ]\n"
		"    table = [ 0x1, 0x2, 0x3, 0 <repeats 5 times>, 0x7, 0 <repeats 31 times> ]\n"
		"    fn = do_things\n"
		"    text = 0xtext \"some \\\"text\\\"\\n\"\n"
		"    list = {\n"
		"        next = 0xother.list\n"
		"        prev = 0xother.list\n"
		"    }\n"
		"    next = 0xother\n"
		"    union {\n"
		"        word = 0x100000002\n"
		"        struct {\n"
		"            lo = 0x2\n"
		"            hi = 0x1\n"
		"        }\n"
		"    }\n"
		"    nodes = [\n"
		"        {\n"
		"            next = 0\n"
		"            prev = 0\n"
		"        },\n"
		"        {\n"
		"            next = 0\n"
		"            prev = 0\n"
		"        },\n"
		"        {\n"
		"            next = 0\n"
		"            prev = 0\n"
		"        }\n"
		"    ]\n"
		"    flags = 0x10000000002 (BIT_B|BIT_HIGH)\n"
		"    d = 1.5\n"
		"    self = {\n"
		"        counter = 0x7\n"
		"    }\n"
		"}\n");
	fakekernel_free(k);
}

static void members_are_named_by_expressions(void **state)
{
	struct names n;
	struct fakekernel *k = made(&n);

	(void)state;
	assert_said(k, &n, "the_thing::print struct thing number table[8] next->number lo",
		    "number = 0xfffffffe\ntable[8] = 0x7\nnext->number = 0x2a\nlo = 0x2\n");
	assert_said(k, &n, "the_thing::print thing next->next->name next.number",
		    "next->next->name = [ \"made\" ]\nnext.number = 0x2a\n");
	assert_said(k, &n, "the_thing::print thing nodes[2].prev next[0].next",
		    "nodes[2].prev = 0\nnext[0].next = 0xthing (the_thing)\n");
	assert_said(k, &n, "the_thing::print struct thing $[10] $[1c+4]",
		    "name = [ \"made\" ]\ntable[1] = 0x2\n");
	assert_says(k, &n, "the_thing::print struct thing nothing", "has no member nothing", true);
	assert_says(k, &n, "the_thing::print struct thing number.x", "is no struct", true);
	assert_says(k, &n, "the_thing::print struct thing table[28]", "40 elements", true);
	assert_says(k, &n, "the_thing::print struct thing nodes[0].next->prev", "?? (", true);
	assert_says(k, &n, "the_thing::print struct none", "no type struct none", true);
	assert_says(k, &n, "the_thing::print", "the type of the_thing is not known", true);
	fakekernel_free(k);
}

static void options_change_how_it_looks(void **state)
{
	struct names n;
	struct fakekernel *k = made(&n);

	(void)state;
	assert_said(k, &n, "the_thing::print -d struct thing number low mid",
		    "number = -0t2\nlow = 0t5\nmid = -0t3\n");
	assert_said(k, &n, "the_thing::print -x struct thing color yes name",
		    "color = 0x5 (GREEN)\nyes = 0x1\nname = [ \"made\" ]\n");
	assert_said(k, &n, "the_thing::print -at struct thing next list",
		    "ADDR struct thing *next = 0xother\nthing.list struct node list = {\n"
		    "    thing.list struct node *next = 0xother.list\n"
		    "    ADDR struct node *prev = 0xother.list\n}\n");
	assert_said(k, &n, "the_thing::print -t struct thing fn bytes mid",
		    "void (*fn)(int) = do_things\n__u8 [4] bytes = [ 0x1, 0x2, 0x3, 0xff ]\n"
		    "int mid :5 = 0xfffffffd\n");
	assert_said(k, &n, "the_thing::print -T struct thing self bytes[0]",
		    "atomic_made_t <<struct {...}>> self = {\n"
		    "    long unsigned int counter = 0x7\n}\n"
		    "__u8 <<unsigned char>> bytes[0] = 0x1\n");
	assert_said(k, &n, "the_thing::print -s 1 struct thing list self",
		    "list = {\n    next = 0xother.list\n    prev = 0xother.list\n}\n"
		    "self = {\n    counter = 0x7\n}\n");
	assert_said(k, &n, "the_thing::print -s 0 struct thing list nodes",
		    "list = { ... }\nnodes = [ ... ]\n");
	assert_said(k, &n, "the_thing::print -l 2 -c 2 struct thing table name text",
		    "table = [ 0x1, 0x2, ... ]\nname = [ \"ma\"... ]\ntext = 0xtext \"so\"...\n");
	assert_said(k, &n, "the_thing::print -n struct thing fn", "fn = 0xADDR\n");
	/* Both letters lift a limit, and do what else is known of them. */
	assert_said(k, &n, "the_thing::print -C -c 2 struct thing name fn",
		    "name = [ \"ma\"... ]\nfn = 0xADDR\n");
	assert_said(
		k, &n, "0t48$w; the_thing::print struct thing table",
		"table = [ 0x1, 0x2, 0x3, 0 <repeats 5 times>,\n    0x7, 0 <repeats 31 times> ]\n");
	assert_said(k, &n, "0t48$w; the_thing::print -L struct thing table",
		    "table = [ 0x1, 0x2, 0x3, 0 <repeats 5 times>, 0x7, 0 <repeats 31 times> ]\n");
	assert_says(k, &n, "the_thing::print -h struct thing", "    <<3-byte hole>>\n    name",
		    true);
	assert_says(k, &n, "the_thing::print -h struct thing", "    <<4-byte hole>>\n    fn", true);
	fakekernel_free(k);
}

static void the_value_can_be_dot_itself(void **state)
{
	struct names n;
	struct fakekernel *k = made(&n);

	(void)state;
	assert_said(k, &n, "5::print -i enum color", "5 (GREEN)\n");
	assert_said(k, &n, "the_thing+0t208::print struct node * | ::print -i struct node *",
		    "0xother.list\n");
	assert_said(k, &n, "*the_thing+0x0::print -i int", "0xfffffffe\n");
	assert_said(k, &n, "the_thing::print -p struct thing color", "color = 5 (GREEN)\n");
	assert_says(k, &n, "5::print -i struct thing", "-i: values of this type have", true);
	fakekernel_free(k);
}

static void in_a_pipe_only_values_are_given(void **state)
{
	struct names n;
	struct fakekernel *k = made(&n);

	(void)state;
	assert_said(k, &n, "the_thing::print struct thing next | ::print number name",
		    "number = 0x2a\nname = [ \"\" ]\n");
	assert_said(k, &n, "the_thing::print -a struct thing list | ::print next",
		    "next = 0xother.list\n");
	assert_said(k, &n, "the_thing::print struct thing color | ::map .+1", "6\n");
	assert_said(k, &n, "the_thing::print struct thing list | ::map .", "thing.list\n");
	fakekernel_free(k);
}

static void without_an_address_the_type_is_shown(void **state)
{
	struct names n;
	struct fakekernel *k = made(&n);

	(void)state;
	assert_said(k, &n, "::print -a struct node",
		    "0 struct node {\n    0 struct node *next\n    8 struct node *prev\n}\n");
	assert_said(k, &n, "::print struct thing mid table", "int mid :5\nint [40] table\n");
	fakekernel_free(k);
}

static void what_cannot_be_read_is_marked_and_the_rest_printed(void **state)
{
	struct names n;
	struct fakekernel *k = made(&n);
	char typed[64];
	iq_vaddr at = (fk_heap(k, 8192) + 4095) & ~4095ULL;

	(void)state;
	fk_write(k, at - 16, "\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	fk_unmap(k, at, 4096);
	snprintf(typed, sizeof(typed), "%lx::print struct thing", (unsigned long)at - 16);
	assert_says(k, &n, typed, "number = 0x1\n", true);
	assert_says(k, &n, typed, "name = [ ?? (0xADDR), ?? (0xADDR)", true);
	assert_says(k, &n, typed, "list = {\n        next = ?? (0xADDR)\n", true);
	assert_says(k, &n, typed, "}\n}\n", true);
	fakekernel_free(k);
}

static void types_that_lie_have_an_end(void **state)
{
	struct names n;
	struct fakekernel *k = made(&n);

	(void)state;
	assert_says(k, &n, "the_thing::print struct twins", "...", true);
	assert_says(k, &n, "the_thing::print -L -C struct huge", "all = [", true);
	assert_says(k, &n, "the_thing::print struct huge far", "far = ??", true);
	assert_says(k, &n, "the_thing::print circle", "{ ... }", true);
	assert_says(k, &n, "the_thing::print struct wide", "bits = ", true);
	assert_says(k, &n, "the_thing::print -h struct wide", "}", true);
	assert_says(k, &n, "ffffffffffffffff::print struct thing", "?? (0x", true);
	fakekernel_free(k);
}

/* ---- ::printf ---- */

static void printf_formats_members(void **state)
{
	struct names n;
	struct fakekernel *k = made(&n);

	(void)state;
	assert_said(k, &n,
		    "the_thing::printf \"%d|%5u|%x|%-6s|%s|%s|%s\\n\" thing number low high name "
		    "text color yes",
		    "-2|    5|abcdef|made  |some \"text\"\n|GREEN|true\n");
	assert_said(k, &n, "the_thing::printf \"%a %p %c%%\\n\" thing fn next name[0]",
		    "do_things other m%\n");
	assert_said(
		k, &n,
		"the_thing::printf \"%.2s %08x %g %H %I %b\\n\" thing name number d high low mid",
		"ma fffffffe 1.5 10.7M 5.0.0.0 "
		"1111111111111111111111111111111111111111111111111111111111111101\n");
	assert_said(k, &n, "the_thing::print thing next | ::printf \"%p %d\\n\" . number",
		    "other 42\n");
	assert_says(k, &n, "the_thing::printf \"%d\" thing", "wants more members", true);
	assert_says(k, &n, "the_thing::printf \"%n\" thing number", "not known", true);
	assert_says(k, &n, "the_thing::printf \"x\" thing number", "more members than", true);
	assert_says(k, &n, "1000::printf \"%5s|%d\\n\" thing name number", "   ??|??", true);
	fakekernel_free(k);
}

/* ---- about types ---- */

static void sizes_offsets_and_enums_are_told(void **state)
{
	struct names n;
	struct fakekernel *k = made(&n);

	(void)state;
	assert_said(k, &n, "::sizeof struct node; ::sizeof thing table",
		    "sizeof (struct node) = 0x10\nsizeof (table) = 0xa0\n");
	assert_said(k, &n, "::sizeof struct node *[4]", "sizeof (struct node *[4]) = 0x20\n");
	assert_said(k, &n, "::offsetof thing nodes[1].prev",
		    "offsetof (struct thing, nodes[1].prev) = 0x108, sizeof (...->nodes[1].prev) = "
		    "0x8\n");
	assert_said(k, &n, "::offsetof thing mid",
		    "offsetof (struct thing, mid) = 0x4, bits 3 to 7\n");
	assert_said(k, &n, "::enum color",
		    "enum color:\n             VALUE NAME\n                 0 RED\n"
		    "                 5 GREEN\n");
	assert_said(k, &n, "::enum color GREEN 5 0 9",
		    "                 5 GREEN\n5 (GREEN)\n0 (RED)\n9 (?\?\?)\n");
	assert_said(k, &n, "::enum enum bits 3", "0x3 (BIT_A|BIT_B)\n");
	assert_said(k, &n, "::enum BIT_HIGH | ::map .", "10000000000\n");
	assert_said(k, &n, "::typelist th?ng", "     138 struct thing\n");
	assert_says(k, &n, "::enum nothing", "neither an enum nor a name", true);
	assert_says(k, &n, "::offsetof thing next->next", "no offset", true);
	fakekernel_free(k);
}

static void a_type_can_be_given_another_name(void **state)
{
	struct names n;
	struct fakekernel *k = made(&n);

	(void)state;
	assert_said(k, &n,
		    "::typedef \"struct node *[4]\" four; ::sizeof four; ::typedef struct thing t; "
		    "::typedef; the_thing::print t number",
		    "sizeof (struct node *[4]) = 0x20\ntypedef struct thing t\n"
		    "typedef struct node *[4] four\nnumber = 0xfffffffe\n");
	assert_says(k, &n, "::typedef struct none x", "no type struct none", true);
	assert_says(k, &n, "::typedef int", "a type is expected", true);
	fakekernel_free(k);
}

static void lists_and_arrays_are_followed(void **state)
{
	struct names n;
	struct fakekernel *k = made(&n);

	(void)state;
	assert_said(k, &n, "the_thing::list thing list", "thing\nother\n");
	assert_said(k, &n, "the_thing::list \"struct thing\" next", "thing\nother\n");
	assert_said(k, &n, "the_thing::list thing list v | ::print number | ::map <v",
		    "thing\nother\n");
	assert_said(k, &n, "100::array struct node 3 | ::map .", "100\n110\n120\n");
	assert_says(k, &n, "100::array struct node 7fffffffffffffff", "too many", true);
	assert_says(k, &n, "the_thing::list thing number", "neither a pointer nor", true);
	assert_said(k, &n, "the_thing+0t208::walk list", "other.list\n");
	fakekernel_free(k);
}

static iq_vaddr node_at_256(struct fakekernel *k)
{
	return (fk_heap(k, 1024) + 255) & ~255ULL;
}

static void maple_trees_are_walked(void **state)
{
	struct names n;
	struct fakekernel *k = made(&n);
	iq_vaddr tree = fk_data(k, "the_tree", 16), root = node_at_256(k), leaf = node_at_256(k),
		 other = node_at_256(k);

	(void)state;
	/* An inner node (3: with gaps) of two leaves (1), the first for 0 to 0xff. */
	fk_u64(k, tree + 8, root | 3 << 3 | 2);
	fk_u64(k, root + 8, 0xff);
	fk_u64(k, root + 8 * 10, leaf | 1 << 3 | 4);
	fk_u64(k, root + 8 * 11, other | 1 << 3 | 4);
	fk_u64(k, leaf + 8, 0xf);
	fk_u64(k, leaf + 16, 0x1f);
	fk_u64(k, leaf + 24, 0xff);
	fk_u64(k, leaf + 8 * 17, 0x1000); /* [10, 1f]; [0, f] is free */
	fk_u64(k, leaf + 8 * 18, 0x2000);
	fk_u64(k, other + 8, 0x1ff);
	fk_u64(k, other + 8 * 16, 0x3000);
	assert_said(k, &n, "the_tree::walk maple", "1000\n2000\n3000\n");
	fakekernel_free(k);
}

static void maple_trees_that_lie_have_an_end(void **state)
{
	struct names n;
	struct fakekernel *k = made(&n);
	iq_vaddr tree = fk_data(k, "the_tree", 16), root = node_at_256(k);

	(void)state;
	/* It is its own child. */
	fk_u64(k, tree + 8, root | 3 << 3 | 2);
	fk_u64(k, root + 8 * 10, root | 3 << 3 | 4);
	assert_says(k, &n, "the_tree::walk maple", "larger than", true);
	/* A pivot beyond the node's own end. */
	fakekernel_free(k);
	k = made(&n);
	tree = fk_data(k, "the_tree", 16);
	root = node_at_256(k);
	fk_u64(k, tree + 8, root | 2 << 3 | 2);
	fk_u64(k, root + 8, 0xff);
	fk_u64(k, root + 16, 0xf);
	assert_says(k, &n, "the_tree::walk maple", "has a pivot of 0xf", true);
	fakekernel_free(k);
}

static void xarrays_are_walked(void **state)
{
	struct names n;
	struct fakekernel *k = made(&n);
	iq_vaddr xa = fk_data(k, "the_array", 16), root = fk_heap(k, 552), leaf = fk_heap(k, 552);
	uint8_t shift = 6;

	(void)state;
	fk_u64(k, xa + 8, root | 2);
	fk_write(k, root, &shift, 1);
	fk_u64(k, root + 40 + 8, leaf | 2);
	fk_u64(k, leaf + 40 + 8 * 3, 0x1000);
	fk_u64(k, leaf + 40 + 8 * 4, 3 << 2 | 2); /* the same entry again: no other */
	fk_u64(k, leaf + 40 + 8 * 63, 0x21);	  /* a number */
	assert_said(k, &n, "the_array::walk xarray", "1000\n21\n");
	fakekernel_free(k);
	/* A node below itself has the same shift. */
	k = made(&n);
	xa = fk_data(k, "the_array", 16);
	root = fk_heap(k, 552);
	fk_u64(k, xa + 8, root | 2);
	fk_write(k, root, &shift, 1);
	fk_u64(k, root + 40, root | 2);
	assert_says(k, &n, "the_array::walk xarray", "has a shift of 6", true);
	fakekernel_free(k);
}

/* ---- memory and symbols ---- */

static void memory_is_dumped(void **state)
{
	struct names n;
	struct fakekernel *k = made(&n);

	(void)state;
	assert_says(k, &n, "the_thing+13,1::dump",
		    "                   0 1 2\\/  4 5 6 7  8 9 a b  c d e f  012vADDR\n"
		    "ADDR: ",
		    true);
	assert_says(k, &n, "the_thing+10,20::dump -g 1 -r",
		    "               0: 6d 61 64 65 00 00 00 00 01 02 03 ff 01 00 00 00  made",
		    true);
	assert_says(k, &n, "the_thing+10::dump -e -q", ": 6564616d 00000000 ff030201 00000001\n",
		    true);
	assert_says(k, &n, "the_thing+11,2::dump -t", "  6164                                ad\n",
		    true);
	assert_says(k, &n, "1000::dump", ": ???????? ???????? ???????? ????????", true);
	assert_says(k, &n, "fffffffffffffff8,100::dump -u", "????????", true);
	assert_says(k, &n, "the_thing::dump -g 3", "usage: [ADDR]", true);
	fakekernel_free(k);
}

static void code_is_disassembled_with_symbols(void **state)
{
	struct names n;
	struct fakekernel *k = made(&n);

	(void)state;
	assert_says(k, &n, "do_things::dis", "do_things:                      ", true);
	assert_says(k, &n, "do_things::dis -a -n 0", "do_things", false);
	assert_says(k, &n, "1000::dis", "??", true);
	fakekernel_free(k);
}

static void names_of_ones_own_are_known_everywhere(void **state)
{
	struct names n;
	struct fakekernel *k = made(&n);

	(void)state;
	assert_says(k, &n, "123450::nmadd -s 10 here; here+4=p", "here+0x4", true);
	assert_says(k, &n, "here::print -i int", "0x123450", true);
	assert_says(k, &n, "::nm -P -f val,name", "0xADDR|here\n", true);
	assert_says(k, &n, "::nmdel here; here=X", "there is no symbol here", true);
	fakekernel_free(k);
}

static void addresses_are_told_what_they_are(void **state)
{
	struct names n;
	struct fakekernel *k = made(&n);

	(void)state;
	assert_said(k, &n, "the_thing+8::whatis -q", "the_thing+0x8, data of the kernel\n");
	assert_said(k, &n, "1234::whatis", "1234 is unknown\n");
	assert_says(k, &n, "do_things::whatis", "is do_things, text of the kernel\n", true);
	fakekernel_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_of_member_is_printed),
		cmocka_unit_test(members_are_named_by_expressions),
		cmocka_unit_test(options_change_how_it_looks),
		cmocka_unit_test(the_value_can_be_dot_itself),
		cmocka_unit_test(in_a_pipe_only_values_are_given),
		cmocka_unit_test(without_an_address_the_type_is_shown),
		cmocka_unit_test(what_cannot_be_read_is_marked_and_the_rest_printed),
		cmocka_unit_test(types_that_lie_have_an_end),
		cmocka_unit_test(printf_formats_members),
		cmocka_unit_test(sizes_offsets_and_enums_are_told),
		cmocka_unit_test(a_type_can_be_given_another_name),
		cmocka_unit_test(lists_and_arrays_are_followed),
		cmocka_unit_test(maple_trees_are_walked),
		cmocka_unit_test(maple_trees_that_lie_have_an_end),
		cmocka_unit_test(xarrays_are_walked),
		cmocka_unit_test(memory_is_dumped),
		cmocka_unit_test(code_is_disassembled_with_symbols),
		cmocka_unit_test(names_of_ones_own_are_known_everywhere),
		cmocka_unit_test(addresses_are_told_what_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
