/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where memory is
 *
 * The kernel counts pages by use in vm_zone_stat and vm_node_stat, whose items are enumerators.
 * What CPUs have not yet added is left out: it is less than a hundred pages each.
 *
 * Kernel: include/linux/mmzone.h (enum zone_stat_item, node_stat_item), mm/vmstat.c, mm/slab.h.
 * The names of items that count bytes rather than pages end with _B.
 */
#include <stdio.h>

#include "inquest/module.h"

/* false: this kernel does not count that. */
static bool item(struct iq_session *s, const char *array, const char *type, const char *name,
		 int64_t *pages_ret)
{
	iq_vaddr base = iq_sym_addr(s, array);
	uint64_t value;
	int64_t index;

	if (!base)
		return false;
	struct iq_error *err = iq_enum_value(s, type, name, &index);

	iq_error_free(err);
	if (err || index < 0 || index > 1000 || !iq_peek_u64(s, base + 8 * (uint64_t)index, &value))
		return false;
	*pages_ret = IQ_MAX((int64_t)value, 0);
	return true;
}

static bool zone_item(struct iq_session *s, const char *name, int64_t *pages_ret)
{
	return item(s, "vm_zone_stat", "enum zone_stat_item", name, pages_ret);
}

static bool node_item(struct iq_session *s, const char *name, int64_t *pages_ret)
{
	return item(s, "vm_node_stat", "enum node_stat_item", name, pages_ret);
}

static void row(struct iq_cmd *cmd, const char *what, bool known, int64_t pages, int64_t total)
{
	static const struct iq_column columns[] = {
		{ "what", "Page Summary", .min = 24 },
		{ "pages", "Pages", .right = true, .min = 12 },
		{ "mb", "MB", .right = true, .min = 10 },
		{ "share", "%Tot", .right = true, .min = 5 },
		{ 0 },
	};
	char share[16] = "-";

	if (!known) {
		iq_out_row(cmd, columns,
			   IQ_CELLS(IQ_STR(what), { IQ_CELL_UNREADABLE }, { IQ_CELL_UNREADABLE },
				    { IQ_CELL_UNREADABLE }));
		return;
	}
	if (total > 0)
		snprintf(share, sizeof(share), "%" PRId64 "%%", pages * 100 / total);
	iq_out_row(cmd, columns,
		   IQ_CELLS(IQ_STR(what), IQ_I64(pages), IQ_I64(pages / 256), IQ_STR(share)));
}

static struct iq_error *cmd_memstat(struct iq_cmd *cmd)
{
	int64_t total = 0, free = 0, cache = 0, anon = 0, shmem = 0, reclaimable = 0,
		unreclaimable = 0, stacks = 0, tables = 0, dirty = 0, writeback = 0, part;
	bool has_total, has_slab, has_tables;
	uint64_t value;

	has_total = iq_peek_u64(cmd->s, iq_sym_addr(cmd->s, "_totalram_pages"), &value);
	if (has_total)
		total = (int64_t)value;
	if (!zone_item(cmd->s, "NR_FREE_PAGES", &free) ||
	    !node_item(cmd->s, "NR_FILE_PAGES", &cache))
		return iq_error_new(IQ_ERR_NOTFOUND, "this kernel's counters are not known");
	if (node_item(cmd->s, "NR_INACTIVE_ANON", &part))
		anon += part;
	if (node_item(cmd->s, "NR_ACTIVE_ANON", &part))
		anon += part;
	node_item(cmd->s, "NR_SHMEM", &shmem);
	/* The global counters are pages, whatever the name says: vmstat_item_in_bytes(). */
	has_slab = node_item(cmd->s, "NR_SLAB_RECLAIMABLE_B", &reclaimable) &&
		   node_item(cmd->s, "NR_SLAB_UNRECLAIMABLE_B", &unreclaimable);
	if (node_item(cmd->s, "NR_KERNEL_STACK_KB", &part))
		stacks = part / 4;
	has_tables = node_item(cmd->s, "NR_PAGETABLE", &tables) ||
		     zone_item(cmd->s, "NR_PAGETABLE", &tables);
	row(cmd, "Slab (reclaimable)", has_slab, reclaimable, total);
	row(cmd, "Slab (unreclaimable)", has_slab, unreclaimable, total);
	row(cmd, "Kernel stacks", true, stacks, total);
	row(cmd, "Page tables", has_tables, tables, total);
	/* Shared memory is counted as file pages, and is on the lists of anonymous ones. */
	row(cmd, "Anon (with shmem)", true, anon, total);
	row(cmd, "  of it shmem", true, shmem, total);
	row(cmd, "Page cache", true, IQ_MAX(cache - shmem, 0), total);
	if (node_item(cmd->s, "NR_FILE_DIRTY", &dirty))
		row(cmd, "  of it dirty", true, dirty, total);
	if (node_item(cmd->s, "NR_WRITEBACK", &writeback))
		row(cmd, "  of it in writeback", true, writeback, total);
	row(cmd, "Free", true, free, total);
	if (has_total) {
		part = total - free - cache - anon + shmem - reclaimable - unreclaimable - stacks -
		       tables;
		row(cmd, "Other", true, IQ_MAX(part, 0), total);
		row(cmd, "Total", true, total, 0);
	}
	if (iq_peek_u64(cmd->s, iq_sym_addr(cmd->s, "total_swap_pages"), &value) && value) {
		row(cmd, "Swap", true, (int64_t)value, 0);
		if (iq_peek_u64(cmd->s, iq_sym_addr(cmd->s, "nr_swap_pages"), &value))
			row(cmd, "Swap free", true, (int64_t)value, 0);
	}
	return NULL;
}

static const struct iq_dcmd dcmds[] = {
	{ "memstat", "", "say what memory is used for", NULL, NULL, cmd_memstat },
	{ 0 },
};

static const struct iq_global globals[] = {
	{ "_totalram_pages", "atomic_long_t" },
	{ "nr_swap_pages", "atomic_long_t" },
	{ "total_swap_pages", "long" },
	{ 0 },
};

const struct iq_module iq_module_memory = {
	.api = IQ_MODULE_API,
	.name = "memory",
	.summary = "what memory is used for",
	.dcmds = dcmds,
	.globals = globals,
};
