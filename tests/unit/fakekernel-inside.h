/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of made kernels share: fakekernel.c (memory, types, symbols),
 * fakekernel-tasks.c (tasks and their stacks), fakekernel-things.c (locks,
 * filesystems, address spaces), fakekernel-why.c (asking and looking at the answer)
 */
#ifndef IQ_TESTS_UNIT_FAKEKERNEL_INSIDE_H
#define IQ_TESTS_UNIT_FAKEKERNEL_INSIDE_H

#include "fakekernel.h"
#include "target/fake.h"

enum { MAX_TYPES = 192, MAX_MEMBERS = 64, FK_CPUS = 2 };

struct member {
	char name[32];
	const struct type *type; /* NULL: void, of a pointer */
	size_t size, align, offset, bit;
	unsigned count, bits;
	bool pointer, array;
};

struct type {
	char name[32];
	size_t size, align, num_members;
	unsigned encoding;
	bool is_int;
	struct member members[MAX_MEMBERS];
};

struct symbol {
	const char *name;
	iq_vaddr addr;
	char kind;
};

struct fakekernel {
	enum fk_flavour flavour;
	bool rt;
	struct iq_target *target;
	bool target_given_away;
	struct iq_arena *arena;
	struct type *types;
	size_t num_types;
	void (*more_types)(struct made_btf *b);
	iq_vaddr heap, text, data, tables, percpu, next_stack;
	IQ_VEC(struct symbol *) symbols;
	struct iq_strmap by_name;
	struct iq_map known_pages;
	IQ_VEC(iq_vaddr) pages;

	iq_vaddr runqueues; /* CPU 0's */
	size_t rq_size;
	uint64_t clock_ns;
	iq_vaddr init_task, pid_ns, mnt_ns, root_mount, root_dentry, last_mnt_node;
	struct fk_task *init; /* process 1 */
	unsigned next_dev;

	struct iq_session *session;
	const struct iq_module *const *rooms; /* NULL: all */
	struct iq_why why;
	bool have_why;
	bool live;
	bool tells_ram;
	void (*in_pause)(struct fakekernel *k, unsigned num_pauses, void *ctx);
	void *pause_ctx;
	unsigned num_pauses;
	struct iq_target_ops ops; /* the fake target's, with our read in front */
	struct iq_error *(*read_phys)(struct iq_target *t, iq_paddr pa, void *buf, size_t len);
	void (*on_read)(struct fakekernel *k, iq_vaddr addr, size_t len, void *ctx);
	void *read_ctx;
};

extern struct fakekernel *fk_paused; /* the live one, whose pauses are ours */

void fk_fail(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
void fk_symbol(struct fakekernel *k, const char *name, iq_vaddr addr, char kind);
/* A return address in that function. */
iq_vaddr fk_call_in(struct fakekernel *k, const char *func);
/* Per-CPU memory: what a pointer to it says; CPU 0's own. */
/* A per-CPU variable with a symbol: the address of the first CPU's; the next one's is 0x10000 on.
 */
iq_vaddr fk_percpu_data(struct fakekernel *k, const char *name, size_t len);
iq_vaddr fk_percpu(struct fakekernel *k, size_t len, iq_vaddr *cpu0_ret);
/* Idle tasks, process 1, the root filesystem. */
void fk_make_first(struct fakekernel *k);

#endif
