/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ::dis: code as instructions; ::findsym: who refers to an address
 *
 * Instructions before an address are found by decoding from the beginning of its function: x86's
 * cannot be read backwards.
 */
#include "shell/memory/commands.h"
#include "shell/print/disasm.h"
#include "shell/run/context.h"
#include "shell/run/inside.h"

enum { MAX_FUNCTION = 1 << 20, MAX_INSNS = 1 << 20, WINDOW = 10, CHUNK = 4096 };

struct code {
	struct iq_cmd *cmd;
	struct iq_disasm *d;
	iq_vaddr start, end; /* of buf */
	uint8_t buf[CHUNK + IQ_MAX_INSN];
};

/* As many bytes as there are, at most IQ_MAX_INSN, of the instruction at addr. */
static size_t bytes_at(struct code *c, iq_vaddr addr, const uint8_t **bytes_ret)
{
	if (addr < c->start || addr + IQ_MAX_INSN > c->end) {
		size_t len = sizeof(c->buf);
		bool ok = false;

		/* All of it, or to the end of the page, or nothing. */
		for (int i = 0; i < 2 && !ok; i++) {
			struct iq_error *err = iq_cmd_read(c->cmd, addr, c->buf, len);

			ok = !err;
			iq_error_free(err);
			if (!ok)
				len = 4096 - addr % 4096;
		}
		c->start = addr;
		c->end = addr + (ok ? IQ_MIN(len, sizeof(c->buf)) : 0);
	}
	*bytes_ret = c->buf + (addr - c->start);
	return IQ_MIN((size_t)(c->end - addr), (size_t)IQ_MAX_INSN);
}

/* One line; the length of the instruction, 0: it cannot be read. */
static size_t print_insn(struct code *c, iq_vaddr addr)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf text = IQ_STRBUF_INIT;
	struct iq_cmd *cmd = c->cmd;
	const uint8_t *bytes;
	size_t len = bytes_at(c, addr, &bytes);
	const char *label = iq_arena_printf(cmd->arena, "%s:", iq_context_symbol(cmd->sh, addr));

	if (len)
		len = iq_disasm_text(c->d, cmd->s, addr, bytes, len, &text);
	else
		iq_strbuf_adds(&text, "?\?");
	if (iq_cmd_has(cmd, 'a') || iq_cmd_has(cmd, 'b'))
		iq_out_text(cmd->out, "%-20" PRIx64 " ", addr);
	if (!iq_cmd_has(cmd, 'a'))
		iq_out_text(cmd->out, "%-31s ", label);
	iq_out_text(cmd->out, "%s\n", iq_strbuf_str(&text));
	return len;
}

static void print_from(struct code *c, iq_vaddr addr, iq_vaddr end, uint64_t num)
{
	for (uint64_t i = 0; i < num && addr < end && !iq_cmd_stop(c->cmd); i++) {
		size_t len = print_insn(c, addr);

		if (!len)
			break;
		addr += len;
	}
}

/* Where the num-th instruction before addr begins, as far as the function goes back. */
static iq_vaddr find_before(struct code *c, iq_vaddr from, iq_vaddr addr, uint64_t num)
{
	iq_vaddr last[64], at = from;
	uint64_t seen = 0;

	num = IQ_MIN(num, (uint64_t)IQ_ARRAY_SIZE(last));
	if (!num)
		return addr;
	while (at < addr) {
		const uint8_t *bytes;
		size_t len = bytes_at(c, at, &bytes);

		if (!len)
			return addr;
		last[seen++ % num] = at;
		at += iq_disasm_ref(c->d, at, bytes, len).len;
	}
	/* Past it: the address is in the middle of something. */
	if (at != addr || !seen)
		return addr;
	return seen < num ? from : last[seen % num];
}

static struct iq_error *cmd_dis(struct iq_cmd *cmd)
{
	struct code *c = iq_arena_alloc(cmd->arena, sizeof(*c));
	const struct iq_arg *num_arg = iq_cmd_opt(cmd, 'n');
	iq_vaddr addr = cmd->addr, end = UINT64_MAX;
	uint64_t num = WINDOW;
	struct iq_error *err = NULL;
	struct iq_sym sym = { 0 };
	bool in_function, whole;

	if (cmd->argc > 1)
		return iq_cmd_usage(cmd, "one address at most");
	if (cmd->argc)
		err = iq_cmd_number(cmd, &cmd->argv[0], &addr);
	if (!err && num_arg)
		err = iq_cmd_number(cmd, num_arg, &num);
	if (err)
		return err;
	err = iq_sym_by_addr(cmd->s, addr, &sym);
	in_function = !err && iq_is_text(cmd->s, addr) && addr - sym.addr < MAX_FUNCTION;
	iq_error_free(err);
	if (in_function && sym.size && sym.size < MAX_FUNCTION)
		end = sym.addr + sym.size;
	whole = iq_cmd_has(cmd, 'f') || (addr == sym.addr && !num_arg && !iq_cmd_has(cmd, 'w'));
	c->cmd = cmd;
	c->d = iq_disasm_new();
	if (!c->d)
		return iq_error_new(IQ_ERR_UNSUPPORTED, "the disassembler does not work");
	if (in_function && whole)
		print_from(c, sym.addr, end, end == UINT64_MAX ? num : MAX_INSNS);
	else if (in_function && addr != sym.addr) {
		iq_vaddr from = find_before(c, sym.addr, addr, num);

		print_from(c, from, addr, MAX_INSNS);
		print_from(c, addr, end, num + 1);
	} else {
		print_from(c, addr, UINT64_MAX, num + 1);
	}
	iq_disasm_free(c->d);
	return NULL;
}

/* ---- ::findsym ---- */

struct findsym {
	struct code *code;
	const iq_vaddr *wanted;
	size_t num_wanted;
	bool only_global;
};

static bool is_wanted(const struct findsym *f, iq_vaddr addr)
{
	for (size_t i = 0; i < f->num_wanted; i++)
		if (f->wanted[i] == addr)
			return true;
	return false;
}

static bool search_function(void *ctx, const struct iq_sym *sym)
{
	struct findsym *f = ctx;
	struct code *c = f->code;
	iq_vaddr addr = sym->addr, end = sym->addr + sym->size;

	if ((sym->kind != 't' && sym->kind != 'T') || (f->only_global && sym->kind != 'T') ||
	    !sym->size || sym->size > MAX_FUNCTION || !iq_is_text(c->cmd->s, addr))
		return iq_cmd_stop(c->cmd);
	while (addr < end) {
		const uint8_t *bytes;
		size_t len = bytes_at(c, addr, &bytes);
		struct iq_insn_ref ref;

		if (!len)
			break;
		ref = iq_disasm_ref(c->d, addr, bytes, IQ_MIN(len, (size_t)(end - addr)));
		if (ref.has_ref && is_wanted(f, ref.ref)) {
			if (c->cmd->to_pipe)
				iq_out_value(c->cmd->out, addr);
			else
				iq_out_text(c->cmd->out, "%s\n", iq_sym_format(c->cmd->s, addr));
		}
		addr += ref.len;
	}
	return iq_cmd_stop(c->cmd);
}

static struct iq_error *cmd_findsym(struct iq_cmd *cmd)
{
	iq_vaddr *wanted = iq_arena_alloc(cmd->arena, sizeof(*wanted) * (cmd->argc + 1));
	struct findsym f = { .wanted = wanted, .only_global = iq_cmd_has(cmd, 'g') };
	struct iq_error *err;

	if (cmd->has_addr)
		wanted[f.num_wanted++] = cmd->addr;
	for (size_t i = 0; i < cmd->argc; i++) {
		err = iq_cmd_number(cmd, &cmd->argv[i], &wanted[f.num_wanted++]);
		if (err)
			return err;
	}
	if (!f.num_wanted)
		return iq_cmd_usage(cmd, "an address or symbols are expected");
	f.code = iq_arena_alloc(cmd->arena, sizeof(*f.code));
	f.code->cmd = cmd;
	f.code->d = iq_disasm_new();
	if (!f.code->d)
		return iq_error_new(IQ_ERR_UNSUPPORTED, "the disassembler does not work");
	iq_sym_foreach(cmd->s, search_function, &f);
	iq_disasm_free(f.code->d);
	return NULL;
}

static const struct iq_opt dis_opts[] = {
	{ 'a', NULL, "addresses instead of symbols" },
	{ 'b', NULL, "addresses and symbols" },
	{ 'f', NULL, "the whole function that the address is in" },
	{ 'n', "count", "that many instructions before and after the address" },
	{ 'w', NULL, "a window around the address also where a function begins there" },
	{ 0 },
};

static const struct iq_opt findsym_opts[] = {
	{ 'g', NULL, "look in global functions only" },
	{ 0 },
};

const struct iq_dcmd iq_dis_dcmds[] = {
	{ "dis", "?[address]", "disassemble code",
	  "Where a function begins at the address the whole of it is printed, elsewhere a window "
	  "of instructions before and after it. What an instruction calls, jumps to or refers to "
	  "is named behind it.",
	  dis_opts, cmd_dis, 0, IQ_COMPLETE_SYMBOL },
	{ "findsym", "?[symbol...]", "find the code that refers to an address",
	  "All functions are decoded, which takes some seconds. Calls, jumps, operands relative to "
	  "the instruction and constants count.",
	  findsym_opts, cmd_findsym, 0, IQ_COMPLETE_SYMBOL },
	{ 0 },
};
