/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sites: what is known of return addresses
 *
 * By far most time of an unwinder is spent in looking up the same things
 * again: the symbol, the ORC entry and the saved registers of a return address. 2,000 tasks of
 * a machine have some 1,000 of these between them.
 */
#include "unwind/site.h"

struct call {
	uint32_t returns_to; /* offset from the function's start, modulo 2^32 */
	struct saved_state state;
};

/* The states at the calls of one function, by address. */
struct func_calls {
	iq_vaddr start;
	struct call *calls;
	size_t num, cap;
};

void site_deinit(struct iq_unwinder *u)
{
	iq_map_deinit(&u->by_pc);
	iq_map_deinit(&u->by_func);
	iq_vec_free(&u->sites);
	iq_vec_foreach(&u->funcs, f)
		free(f->calls);
	iq_vec_free(&u->funcs);
	saved_flow_free(u->flow);
	free(u->text);
}

bool site_is_text(struct iq_unwinder *u, iq_vaddr pc)
{
	return iq_symtab_is_text(u->tab, pc) || orc_in_module(&u->orc, pc);
}

bool site_follows_call(struct iq_unwinder *u, iq_vaddr pc, iq_vaddr *target_ret)
{
	uint8_t b[7];
	int32_t offset;

	*target_ret = 0;
	if (!iq_mem_peek(u->mem, pc - sizeof(b), b, sizeof(b)))
		return false;
	if (b[2] == 0xe8) {
		memcpy(&offset, b + 3, sizeof(offset));
		*target_ret = pc + (uint64_t)(int64_t)offset;
		return true;
	}
	/*
	 * ff /2: by register; [reg]; [reg + 8 bits]; [reg + 32 bits] or [rip + 32 bits]; with an
	 * index.
	 */
	return (b[5] == 0xff && (b[6] & 0x38) == 0x10 && b[6] >> 6 != 1 && b[6] >> 6 != 2) ||
	       (b[4] == 0xff && (b[5] & 0xf8) == 0x50) || (b[1] == 0xff && (b[2] & 0xf8) == 0x90) ||
	       (b[1] == 0xff && b[2] == 0x15) || (b[4] == 0xff && b[5] == 0x14) ||
	       (b[3] == 0xff && b[4] == 0x54) || (b[0] == 0xff && (b[1] == 0x94 || b[1] == 0x14));
}

/* ---- saved registers ---- */

static void add_call(void *ctx, iq_vaddr returns_to, const struct saved_state *state)
{
	struct func_calls *f = ctx;

	if (f->num == f->cap)
		f->calls = iq_vec_grow(f->calls, &f->cap, f->num + 1, sizeof(*f->calls));
	f->calls[f->num++] = (struct call){ (uint32_t)(returns_to - f->start), *state };
}

static uint32_t read_text(struct iq_unwinder *u, const struct iq_sym *sym, uint8_t *buf)
{
	uint32_t len = sym->size > SAVED_MAX_TEXT ? 0 : (uint32_t)sym->size;

	if (len && !iq_mem_peek(u->mem, sym->addr, buf, len))
		len = 0;
	return len;
}

/* "x.cold" is a part of the function x. */
static bool find_parent(struct iq_unwinder *u, const struct iq_sym *sym, struct iq_sym *parent_ret)
{
	const char *dot = strstr(sym->name, ".cold");
	struct iq_error *err;
	char name[128];
	size_t len;

	if (!dot)
		return false;
	len = (size_t)(dot - sym->name);
	if (len >= sizeof(name))
		return false;
	memcpy(name, sym->name, len);
	name[len] = '\0';
	err = iq_symtab_by_name(u->tab, name, parent_ret);
	if (err)
		iq_error_free(err);
	return !err;
}

/*
 * Run the analysis of the function that sym is (a part of). False: there is nothing to run it on.
 */
static bool run_flow(struct iq_unwinder *u, const struct iq_sym *sym)
{
	struct saved_part parts[SAVED_MAX_PARTS] = { { 0 } };
	struct iq_sym parent;
	unsigned num = 0;

	if (!u->text)
		u->text = iq_xmalloc((size_t)SAVED_MAX_PARTS * SAVED_MAX_TEXT);
	if (!u->flow)
		u->flow = saved_flow_new();
	if (find_parent(u, sym, &parent)) {
		parts[num] = (struct saved_part){ parent.addr, u->text, 0 };
		parts[num].len = read_text(u, &parent, u->text);
		if (!parts[num].len)
			return false;
		num++;
	}
	parts[num] = (struct saved_part){ sym->addr, u->text + num * SAVED_MAX_TEXT, 0 };
	parts[num].len = read_text(u, sym, u->text + num * SAVED_MAX_TEXT);
	if (!parts[num].len)
		return false;
	saved_flow_run(u->flow, parts, num + 1);
	return true;
}

static const struct func_calls *func_of(struct iq_unwinder *u, const struct iq_sym *sym)
{
	uint64_t *index = iq_map_get(&u->by_func, sym->addr);
	struct func_calls f = { .start = sym->addr };

	if (index)
		return &u->funcs.data[*index];
	if (run_flow(u, sym))
		saved_flow_calls(u->flow, add_call, &f);
	iq_map_set(&u->by_func, sym->addr, u->funcs.num);
	return iq_vec_push(&u->funcs, f);
}

static bool saved_of(struct iq_unwinder *u, const struct iq_sym *sym, iq_vaddr pc, bool exact,
		     struct saved_state *state_ret)
{
	const struct func_calls *f;

	if (exact)
		return run_flow(u, sym) && saved_flow_at(u->flow, pc, false, state_ret);
	f = func_of(u, sym);
	for (size_t i = 0; i < f->num; i++) {
		if (f->calls[i].returns_to == (uint32_t)(pc - f->start)) {
			*state_ret = f->calls[i].state;
			return true;
		}
	}
	return false;
}

/* Does the depth of the stack that the analysis came to agree with what ORC says? */
static bool agrees(const struct saved_state *st, const struct orc_rule *rule)
{
	const struct saved_slot *bp = &st->reg[SAVED_BP];

	if (rule->type != ORC_TYPE_CALL)
		return false; /* entry code: other rules */
	if (rule->sp_reg == ORC_REG_SP &&
	    (st->sp.base != SAVED_CFA || st->sp.offset != -rule->sp_offset))
		return false;
	if (rule->sp_reg == ORC_REG_BP &&
	    (st->bp.base != SAVED_CFA || st->bp.offset != -rule->sp_offset))
		return false;
	if (rule->sp_reg != ORC_REG_SP && rule->sp_reg != ORC_REG_BP &&
	    st->bp.base != SAVED_ALIGNED)
		return false;
	if (rule->bp_reg == ORC_REG_UNDEFINED)
		return bp->how == SAVED_NOT || bp->how == SAVED_BOTH;
	if (bp->how != SAVED_BOTH && bp->how != SAVED_SLOT)
		return false;
	if (rule->bp_reg == ORC_REG_PREV_SP)
		return bp->at.base == SAVED_CFA && bp->at.offset == rule->bp_offset;
	return bp->at.base == st->bp.base && bp->at.offset == st->bp.offset + rule->bp_offset;
}

/* ---- entries ---- */

static bool starts_with(const char *str, const char *prefix)
{
	return !strncmp(str, prefix, strlen(prefix));
}

/*
 * arch/x86/entry/: entry_64.S, entry_64_compat.S, common.c (syscall_64.c, syscall_32.c),
 * entry_fred.c
 */
static enum entry_kind entry_of(const char *name)
{
	static const struct {
		const char *prefix;
		enum entry_kind kind;
	} table[] = {
		{ "entry_SYSCALL_64", ENTRY_SYSCALL },
		{ "do_syscall_64", ENTRY_SYSCALL },
		{ "entry_SYSCALL_compat", ENTRY_SYSCALL_COMPAT },
		{ "entry_SYSENTER_compat", ENTRY_SYSCALL_COMPAT },
		{ "entry_INT80_compat", ENTRY_SYSCALL_COMPAT },
		{ "asm_int80_emulation", ENTRY_SYSCALL_COMPAT },
		{ "int80_emulation", ENTRY_SYSCALL_COMPAT },
		{ "do_int80_", ENTRY_SYSCALL_COMPAT },
		{ "do_fast_syscall_32", ENTRY_SYSCALL_COMPAT },
		{ "do_SYSENTER_32", ENTRY_SYSCALL_COMPAT },
		{ "ret_from_fork", ENTRY_FORK },
		{ "asm_exc_", ENTRY_EVENT },
		{ "asm_sysvec_", ENTRY_EVENT },
		{ "asm_common_interrupt", ENTRY_EVENT },
		{ "asm_spurious_interrupt", ENTRY_EVENT },
		{ "asm_load_gs_index", ENTRY_NONE },
		{ "error_return", ENTRY_EVENT },
	};

	for (size_t i = 0; i < IQ_ARRAY_SIZE(table); i++)
		if (starts_with(name, table[i].prefix))
			return table[i].kind;
	return ENTRY_NONE;
}

static void fill(struct iq_unwinder *u, iq_vaddr pc, bool exact, struct site *site)
{
	/* A call that does not return may be a function's last instruction. */
	iq_vaddr at = exact ? pc : pc - 1;
	struct iq_error *err = iq_symtab_by_addr(u->tab, at, &site->sym);

	if (err) {
		iq_error_free(err);
		site->sym = (struct iq_sym){ 0 };
	}
	site->is_text = site_is_text(u, at);
	for (unsigned i = 0; i < u->num_detours; i++)
		site->is_detour |= !exact && pc == u->detours[i];
	site->has_rule = !site->is_detour && orc_find(&u->orc, at, &site->rule);
	if (site->is_detour || !site->sym.name)
		return;
	site->entry = (uint8_t)entry_of(site->sym.name);
	site->has_saved = site->is_text && saved_of(u, &site->sym, pc, exact, &site->saved) &&
			  (!site->has_rule || agrees(&site->saved, &site->rule));
}

const struct site *site_get(struct iq_unwinder *u, iq_vaddr pc, bool exact)
{
	/* Kernel addresses all have their upper bits set: one can be spared. */
	uint64_t key = pc << 1 | exact;
	uint64_t *index = iq_map_get(&u->by_pc, key);
	struct site site = { 0 };

	if (index)
		return &u->sites.data[*index];
	fill(u, pc, exact, &site);
	iq_map_set(&u->by_pc, key, u->sites.num);
	return iq_vec_push(&u->sites, site);
}
