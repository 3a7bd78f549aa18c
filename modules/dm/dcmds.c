/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Device mapper, for the debugger
 */
#include "dcmds.h"

#include "inquest/disk.h"
#include "mapped.h"

/* The mapped device at an address: of a gendisk or a block_device, or itself. */
static iq_vaddr md_at(struct iq_session *s, iq_vaddr addr)
{
	iq_vaddr disk = iq_disk_of_bdev(s, addr);
	uint64_t md;

	md = iq_dm_of_disk(s, disk ? disk : addr);
	if (!md && iq_peek_member(s, "struct mapped_device", "disk", addr, &disk) &&
	    iq_dm_of_disk(s, disk) == addr)
		md = addr;
	return md;
}

struct each {
	struct iq_cmd *cmd;
	struct iq_error *(*print)(struct iq_cmd *cmd, iq_vaddr md);
};

static bool one(struct iq_walk *walk, iq_vaddr disk)
{
	struct each *e = walk->ctx;
	iq_vaddr md = iq_dm_of_disk(walk->s, disk);

	if (md)
		iq_error_free(e->print(e->cmd, md));
	return iq_cmd_stop(e->cmd);
}

static struct iq_error *run(struct iq_cmd *cmd,
			    struct iq_error *(*print)(struct iq_cmd *cmd, iq_vaddr md))
{
	struct each e = { cmd, print };
	iq_vaddr md;

	if (!iq_has_type(cmd->s, "struct mapped_device"))
		return iq_error_new(IQ_ERR_NOTFOUND,
				    "this kernel's device mapper is not loaded, or has no types");
	if (!cmd->has_addr)
		return iq_walk_run(cmd->s, "disk", NULL, one, &e);
	md = md_at(cmd->s, cmd->addr);
	if (!md)
		return iq_error_new(IQ_ERR_INVALID, "%" PRIx64 " is no device-mapper device",
				    cmd->addr);
	return print(cmd, md);
}

struct texts {
	struct iq_session *s;
	struct iq_strbuf *text;
};

static void add_word(struct iq_strbuf *text, const char *word)
{
	iq_strbuf_printf(text, "%s%s", text->len ? "," : "", word);
}

static bool add_target(void *ctx, iq_vaddr target, const char *type)
{
	struct texts *t = ctx;

	(void)target;
	add_word(t->text, type);
	return t->text->len > 200;
}

static bool add_below(void *ctx, iq_vaddr bdev)
{
	struct texts *t = ctx;
	char name[33];

	if (iq_disk_name(t->s, iq_disk_of_bdev(t->s, bdev), name))
		add_word(t->text, name);
	return t->text->len > 200;
}

static struct iq_error *print_dm(struct iq_cmd *cmd, iq_vaddr md)
{
	static const struct iq_column columns[] = {
		{ "addr", "ADDR", .min = 16 },
		{ "disk", "DISK", .min = 8 },
		{ "name", "NAME", .min = 20 },
		{ "state", "STATE", .min = 9 },
		{ "targets", "TARGETS", .min = 14 },
		{ "below", "STANDS ON" },
		{ 0 },
	};
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf targets = IQ_STRBUF_INIT;
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf below = IQ_STRBUF_INIT;
	struct texts t = { cmd->s, &targets }, b = { cmd->s, &below };
	uint64_t flags = 0, disk = 0;
	char name[33] = "?";
	bool known;

	if (cmd->to_pipe) {
		iq_out_value(cmd->out, md);
		return NULL;
	}
	known = iq_peek_member(cmd->s, "struct mapped_device", "flags", md, &flags);
	iq_peek_member(cmd->s, "struct mapped_device", "disk", md, &disk);
	iq_disk_name(cmd->s, disk, name);
	iq_dm_each_target(cmd->s, md, add_target, &t);
	iq_dm_each_below(cmd->s, md, add_below, &b);
	iq_out_row(cmd, columns,
		   IQ_CELLS(IQ_ADDR(md), IQ_STR(name), IQ_STR(iq_dm_name(cmd->s, md)),
			    IQ_STR(!known			   ? "??"
				   : flags >> IQ_DMF_SUSPENDED & 1 ? "SUSPENDED"
								   : "active"),
			    IQ_STR(targets.len ? iq_strbuf_str(&targets) : NULL),
			    IQ_STR(below.len ? iq_strbuf_str(&below) : NULL)));
	return NULL;
}

static struct iq_error *cmd_dm(struct iq_cmd *cmd)
{
	iq_out_type_named(cmd, "struct mapped_device");
	return run(cmd, print_dm);
}

/* ---- ::thin ---- */

struct thin {
	struct iq_cmd *cmd;
	iq_vaddr md;
};

static bool print_pool(void *ctx, iq_vaddr target, const char *type)
{
	static const struct iq_column columns[] = {
		{ "pool", "POOL", .min = 16 },
		{ "device", "DEVICE", .min = 20 },
		{ "mode", "MODE", .min = 21 },
		{ "data", "DATA%", .right = true, .min = 6 },
		{ "meta", "META%", .right = true, .min = 6 },
		{ "full", "WHEN FULL" },
		{ 0 },
	};
	static const char *const modes[] = { "writable", "out of data space",
					     "out of metadata space", "read only", "failed" };
	struct thin *t = ctx;
	struct iq_cmd *cmd = t->cmd;
	uint64_t private, pool, mode, error = 0;
	double data, meta;
	bool has_data, has_meta;

	if ((strcmp(type, "thin") != 0 && strcmp(type, "thin-pool") != 0) ||
	    !iq_peek_member(cmd->s, "struct dm_target", "private", target, &private) ||
	    !iq_peek_member(cmd->s, !strcmp(type, "thin") ? "struct thin_c" : "struct pool_c",
			    "pool", private, &pool) ||
	    !iq_peek_member(cmd->s, "struct pool", "pf.mode", pool, &mode))
		return false;
	if (cmd->to_pipe) {
		iq_out_value(cmd->out, pool);
		return false;
	}
	iq_peek_member(cmd->s, "struct pool", "pf.error_if_no_space", pool, &error);
	has_data = iq_dm_pool_used(cmd->s, pool, false, &data);
	has_meta = iq_dm_pool_used(cmd->s, pool, true, &meta);
	iq_out_row(cmd, columns,
		   IQ_CELLS(IQ_ADDR(pool), IQ_STR(iq_dm_name(cmd->s, t->md)),
			    IQ_STR(mode < IQ_ARRAY_SIZE(modes) ? modes[mode] : "?"),
			    { has_data ? IQ_CELL_REAL : IQ_CELL_UNREADABLE,
			      .real = has_data ? data : 0 },
			    { has_meta ? IQ_CELL_REAL : IQ_CELL_UNREADABLE,
			      .real = has_meta ? meta : 0 },
			    IQ_STR(error ? "errors" : "waits")));
	return false;
}

static struct iq_error *print_thin(struct iq_cmd *cmd, iq_vaddr md)
{
	iq_dm_each_target(cmd->s, md, print_pool, &(struct thin){ cmd, md });
	return NULL;
}

static struct iq_error *cmd_thin(struct iq_cmd *cmd)
{
	iq_out_type_named(cmd, "struct pool");
	return run(cmd, print_thin);
}

const struct iq_dcmd iq_dm_dcmds[] = {
	{ "dm", "?", "list device-mapper devices: name, state, targets, what they stand on",
	  "The address is a struct mapped_device, gendisk or block_device.", NULL, cmd_dm },
	{ "thin", "?", "list thin pools and thin volumes: the pool's mode and how full it is", NULL,
	  NULL, cmd_thin },
	{ 0 },
};
