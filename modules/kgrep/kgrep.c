/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Searching memory for a value: kgrep
 */
#include "inquest/module.h"
#include "inquest/ram.h"

struct hits {
	struct iq_cmd *cmd;
	bool verbose;
};

static bool stop(void *ctx)
{
	return iq_cmd_stop(((struct hits *)ctx)->cmd);
}

static bool hit(void *ctx, iq_vaddr addr, uint64_t word)
{
	struct hits *h = ctx;
	struct iq_cmd *cmd = h->cmd;

	if (cmd->to_pipe || !h->verbose)
		iq_out_value(cmd->out, addr);
	else
		iq_out_text(cmd->out, "%016" PRIx64 "  %016" PRIx64 "  %s\n", addr, word,
			    iq_describe_addr(cmd->s, addr));
	return iq_cmd_stop(cmd);
}

static struct iq_error *number(struct iq_cmd *cmd, char letter, uint64_t otherwise,
			       uint64_t *value_ret)
{
	const struct iq_arg *arg = iq_cmd_opt(cmd, letter);

	*value_ret = otherwise;
	return arg ? iq_cmd_number(cmd, arg, value_ret) : NULL;
}

static struct iq_error *cmd_kgrep(struct iq_cmd *cmd)
{
	struct hits hits = { cmd, iq_cmd_has(cmd, 'v') };
	struct iq_ram_search search = { .stop = stop, .hit = hit, .ctx = &hits };
	struct iq_ram_searched done;
	uint64_t size, dist, mask;
	struct iq_error *err;

	if (iq_cmd_has(cmd, 'd') && iq_cmd_has(cmd, 'm'))
		return iq_cmd_usage(cmd, "either a distance or a mask");
	err = number(cmd, 's', 8, &size);
	if (!err)
		err = number(cmd, 'a', 0, &search.from);
	if (!err)
		err = number(cmd, 'A', 0, &search.to);
	if (!err)
		err = number(cmd, 'd', 0, &dist);
	if (!err)
		err = number(cmd, 'm', UINT64_MAX, &mask);
	if (err)
		return err;
	if (size != 4 && size != 8)
		return iq_cmd_usage(cmd, "words are of 4 or 8 bytes");
	search.size = (unsigned)size;
	search.mask = size == 4 ? mask & UINT32_MAX : mask;
	search.min = cmd->addr & search.mask;
	search.max = search.min;
	if (dist) {
		search.min = cmd->addr > dist ? cmd->addr - dist : 0;
		search.max = cmd->addr + dist < dist ? UINT64_MAX : cmd->addr + dist;
	}
	err = iq_ram_search(cmd->s, &search, &done);
	if (!err && hits.verbose && !cmd->to_pipe)
		iq_out_text(cmd->out, "%" PRIu64 " MiB searched%s", done.num_bytes >> 20,
			    done.stopped ? ", not to the end\n" : "\n");
	return err;
}

static const struct iq_opt kgrep_opts[] = {
	{ 'v', NULL, "show the word that was found, and what its place is" },
	{ 'a', "MIN", "only from this address on" },
	{ 'A', "MAX", "only up to this address" },
	{ 'd', "DIST", "also values that are not further than this from it" },
	{ 'm', "MASK", "compare only these bits" },
	{ 's', "SIZE", "words of 4 bytes; 8 where nothing is said" },
	{ 0 },
};

static const char kgrep_help[] =
	"All RAM that the source holds is searched, also what belongs to programs, in the order "
	"of physical addresses. What is found has the address that the kernel knows it by: in the "
	"kernel's own data, on a task's stack, else in the direct map.";

static const struct iq_dcmd dcmds[] = {
	{ "kgrep", ":", "search all memory for a value", kgrep_help, kgrep_opts, cmd_kgrep },
	{ 0 },
};

const struct iq_module iq_module_kgrep = {
	.api = IQ_MODULE_API,
	.name = "kgrep",
	.summary = "searching memory",
	.dcmds = dcmds,
};
