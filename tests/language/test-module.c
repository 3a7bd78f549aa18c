/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-module.h"

#include "inquest/dcmd.h"

/* ---- memory ---- */

void test_module_memory(struct fakekernel *k)
{
	static const char text[] = "hello\n\"you\"\t\\\001\033[31m";
	static const double real = 1.5;
	static const float small = -0.25f;
	uint8_t count[64];
	iq_vaddr addr;

	/* 00 01 02 ... 3f */
	for (unsigned i = 0; i < sizeof(count); i++)
		count[i] = (uint8_t)i;
	addr = fk_data(k, "count", sizeof(count));
	fk_write(k, addr, count, sizeof(count));
	/* Names that read as numbers as well. */
	fk_data(k, "add", 8);
	fk_data(k, "bad", 8);
	addr = fk_data(k, "text", 64);
	fk_write(k, addr, text, sizeof(text));
	fk_write(k, addr + 32, "second", 7);
	addr = fk_data(k, "minus", 64);
	fk_u64(k, addr, UINT64_MAX);
	fk_u64(k, addr + 8, 0xfffffffffffffffe);
	addr = fk_data(k, "big", 64);
	fk_u64(k, addr, 0x8877665544332211);
	fk_u64(k, addr + 8, addr);
	fk_u64(k, addr + 16, addr + 4);
	addr = fk_data(k, "dates", 64);
	fk_u64(k, addr, 1296123273); /* 2011-01-27 10:14:33 */
	addr = fk_data(k, "reals", 64);
	fk_write(k, addr, &real, sizeof(real));
	fk_write(k, addr + 8, &small, sizeof(small));
	/* push %rbp; mov %rsp,%rbp; ret */
	addr = fk_func(k, "code");
	fk_write(k, addr, "\x55\x48\x89\xe5\xc3", 5);
	/* A list: each word holds the address of the next. */
	addr = fk_data(k, "chain", 64);
	fk_u64(k, addr, addr + 16);
	fk_u64(k, addr + 16, addr + 32);
}

/* ---- commands ---- */

static struct iq_error *cmd_args(struct iq_cmd *cmd)
{
	for (size_t i = 0; i < cmd->argc; i++) {
		const struct iq_arg *a = &cmd->argv[i];

		iq_out_text(cmd->out, "[%s]%s%s", a->str, a->quoted ? " quoted" : "",
			    a->is_value ? " value" : "");
		if (a->is_value)
			iq_out_text(cmd->out, " %" PRIx64, a->value);
		iq_out_text(cmd->out, "\n");
	}
	return NULL;
}

static struct iq_error *cmd_opts(struct iq_cmd *cmd)
{
	const struct iq_arg *arg;

	iq_out_text(cmd->out, "a%d b%d", iq_cmd_has(cmd, 'a'), iq_cmd_has(cmd, 'b'));
	for (size_t i = 0; (arg = iq_cmd_opt_at(cmd, 'c', i)); i++)
		iq_out_text(cmd->out, " c=%s%s", arg->str, arg->is_value ? " value" : "");
	arg = iq_cmd_opt(cmd, 'c');
	if (arg)
		iq_out_text(cmd->out, " last=%s", arg->str);
	iq_out_text(cmd->out, "\n");
	return cmd_args(cmd);
}

static struct iq_error *cmd_say(struct iq_cmd *cmd)
{
	if (cmd->to_pipe) {
		iq_out_value(cmd->out, cmd->addr);
		return NULL;
	}
	iq_out_text(cmd->out, "%s %" PRIx64 "%s%s%s%s", cmd->dcmd->name, cmd->addr,
		    cmd->has_addr ? " addr" : "", cmd->loop ? " loop" : "",
		    cmd->first ? " first" : "", cmd->has_pipe ? " pipe" : "");
	if (cmd->has_count)
		iq_out_text(cmd->out, " count=%" PRIu64, cmd->count);
	iq_out_text(cmd->out, "\n");
	return NULL;
}

static struct iq_error *cmd_table(struct iq_cmd *cmd)
{
	static const struct iq_column columns[] = {
		{ "addr", "ADDR", .min = 16 },
		{ "num", "NUM", .right = true, .min = 5 },
		{ "name", "NAME", .max = 6 },
		{ "last", "LAST" },
		{ 0 },
	};

	iq_out_row(cmd, columns,
		   (struct iq_cell[]){
			   { IQ_CELL_ADDR, .u64 = cmd->addr },
			   { IQ_CELL_U64, .u64 = cmd->addr * 2 },
			   { IQ_CELL_STR, .str = cmd->addr == 2 ? "too long a name" : "name" },
			   cmd->addr == 3 ? (struct iq_cell){ IQ_CELL_UNREADABLE }
					  : (struct iq_cell){ IQ_CELL_NULL },
			   { IQ_CELL_END },
		   });
	return NULL;
}

static struct iq_error *cmd_fail(struct iq_cmd *cmd)
{
	if (cmd->addr == 2)
		return iq_error_new(IQ_ERR_CORRUPT, "two is one too many");
	return cmd_say(cmd);
}

static struct iq_error *cmd_type(struct iq_cmd *cmd)
{
	char name[100];

	iq_out_text(cmd->out, "%" PRIx64 " %s\n", cmd->addr,
		    cmd->type.btf ? iq_type_format(cmd->type, name, sizeof(name)) : "no type");
	return NULL;
}

static struct iq_error *cmd_whole(struct iq_cmd *cmd)
{
	iq_out_text(cmd->out, "%zu:", cmd->num_pipe);
	for (size_t i = 0; i < cmd->num_pipe; i++)
		iq_out_text(cmd->out, " %" PRIx64, cmd->pipe[i]);
	iq_out_text(cmd->out, "\n");
	return NULL;
}

static struct iq_error *cmd_words(struct iq_cmd *cmd)
{
	iq_out_text(cmd->out, "text for nobody's pipe\n");
	return NULL;
}

static struct iq_error *cmd_number(struct iq_cmd *cmd)
{
	struct iq_error *err;
	uint64_t number, count;

	if (cmd->argc != 1)
		return iq_cmd_usage(cmd, "one number");
	err = iq_cmd_number(cmd, &cmd->argv[0], &number);
	if (!err)
		err = iq_cmd_count(cmd, &cmd->argv[0], &count);
	if (!err)
		iq_out_text(cmd->out, "number %" PRIu64 " count %" PRIu64 "\n", number, count);
	return err;
}

static struct iq_error *cmd_bind(struct iq_cmd *cmd)
{
	for (unsigned i = 1; i <= 2; i++) {
		iq_cmd_set_var(cmd, cmd->argc ? cmd->argv[0].str : "v", cmd->addr * 16 + i);
		iq_out_value(cmd->out, cmd->addr * 256 + i);
	}
	return NULL;
}

static const struct iq_opt opts[] = {
	{ 'a', NULL, "the first letter" },
	{ 'b', NULL, "the second letter" },
	{ 'c', "word", "takes a word" },
	{ 0 },
};

static const struct iq_dcmd dcmds[] = {
	{ "args", "?[word...]", "show words", NULL, NULL, cmd_args, IQ_DCMD_RAW_ARGS },
	{ "opts", "?[word...]", "show options and words", "Help of it.\n\n  as it is", opts,
	  cmd_opts },
	{ "may", "?", "take an address or none", NULL, NULL, cmd_say },
	{ "must", ":[word]", "need an address", NULL, opts, cmd_say },
	{ "none", "", "refuse an address", NULL, NULL, cmd_say },
	{ "counts", "?", "do its own counting", NULL, NULL, cmd_say, IQ_DCMD_COUNT },
	{ "table", "?", "print a row", NULL, NULL, cmd_table },
	{ "fail", "?", "fail at 2", NULL, NULL, cmd_fail },
	{ "type", "?", "show the type that came along", NULL, NULL, cmd_type },
	{ "whole", "?", "take a whole pipe", NULL, NULL, cmd_whole, IQ_DCMD_WHOLE_PIPE },
	{ "words", "?", "print words even into a pipe", NULL, NULL, cmd_words },
	{ "number", "?word", "read a word as a number and as a count", NULL, NULL, cmd_number },
	{ "bind", "?[variable]", "give two addresses and bind a variable to each", NULL, NULL,
	  cmd_bind },
	{ "$z", "?", "have a sign for a name", NULL, NULL, cmd_say },
	{ ":z", "?", "have a colon for a name", NULL, NULL, cmd_say },
	{ 0 },
};

/* ---- walkers ---- */

static struct iq_error *walk_three(struct iq_walk *walk)
{
	for (iq_vaddr i = 1; i <= 3; i++)
		if (iq_walk_emit(walk, walk->addr + i))
			break;
	return NULL;
}

static struct iq_error *walk_nothing(struct iq_walk *walk)
{
	(void)walk;
	return NULL;
}

static struct iq_error *walk_broken(struct iq_walk *walk)
{
	iq_walk_emit(walk, 1);
	return iq_error_new(IQ_ERR_CORRUPT, "the list does not close");
}

static struct iq_error *walk_hopeless(struct iq_walk *walk)
{
	(void)walk;
	return iq_error_fault(0x10, "memory");
}

static struct iq_error *walk_many(struct iq_walk *walk)
{
	for (iq_vaddr i = 0; i < 20; i++)
		if (iq_walk_emit(walk, i))
			break;
	return NULL;
}

static const struct iq_walker walkers[] = {
	{ "three", "give 1, 2 and 3", IQ_WALK_OPTIONAL, "struct task_struct", walk_three },
	{ "nothing", "give nothing", IQ_WALK_GLOBAL, NULL, walk_nothing },
	{ "broken", "give 1 and break off", IQ_WALK_GLOBAL, NULL, walk_broken },
	{ "hopeless", "fail at once", IQ_WALK_GLOBAL, NULL, walk_hopeless },
	{ "many", "give 0 to 19", IQ_WALK_GLOBAL, NULL, walk_many },
	{ "from", "give three from an address on", IQ_WALK_LOCAL, NULL, walk_three },
	{ 0 },
};

const struct iq_module test_module = {
	.api = IQ_MODULE_API,
	.name = "test",
	.summary = "what tests of the language need",
	.dcmds = dcmds,
	.walkers = walkers,
};
