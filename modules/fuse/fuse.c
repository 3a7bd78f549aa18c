/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * FUSE: who has to answer a request
 *
 * A task that asks a FUSE filesystem something sleeps on fuse_req.waitq until the daemon
 * has answered. Others wait for pages that requests of the kernel's own fill or write
 * (no function of FUSE is on their stacks), for leave to send a request
 * (blocked_waitq), or for requests of one inode to come back (page_waitq). All
 * of it leads to the connection, whose number names it in /sys/fs/fuse/connections,
 * and on to the processes that have its device open.
 *
 * A request is pending until a thread of the daemon reads it, and sent from then
 * on. Which thread that was is recorded nowhere.
 *
 * Since v7.1 a part of fuse_conn is a struct of its own, fuse_chan, which
 * requests and devices point to.
 *
 * A connection that no process can answer is aborted when its last device is closed; one
 * that nobody has open any more, and that is still there, has its
 * descriptor in a message that nobody has received.
 *
 * Kernel: fs/fuse/dev.c, fuse_i.h, fuse_dev_i.h, inode.c, file.c.
 */
#include "inquest/files.h"
#include "inquest/module.h"
#include "inquest/server.h"
#include "inquest/waitq.h"

enum {
	FUSE_SUPER_MAGIC = 0x65735546,
	MINOR_BITS = 20,
	MAX_DEVICES = 1024,
	PAGE_MAPPING_FLAGS = 3,
	DEV_MARK = 1, /* in file.private_data of v6.17 and v6.18 */
};

static const char req_type[] = "struct fuse_req";
static const char conn_type[] = "struct fuse_conn";
static const char chan_type[] = "struct fuse_chan";
static const char inode_type[] = "struct fuse_inode";

static const char *const reads[] = { "fuse_dev_do_read", "fuse_dev_read", "fuse_dev_splice_read",
				     NULL };

/* ---- connections ---- */

/* A connection, and its part that devices and queues are in: itself before there was a fuse_chan.
 */
struct connection {
	iq_vaddr conn, part, sb;
	const char *part_type;
	uint32_t number;
	struct iq_object *object;
};

static const char *operation(uint64_t opcode)
{
	static const char *const names[] = {
		[1] = "LOOKUP",	       [2] = "FORGET",
		[3] = "GETATTR",       [4] = "SETATTR",
		[5] = "READLINK",      [6] = "SYMLINK",
		[8] = "MKNOD",	       [9] = "MKDIR",
		[10] = "UNLINK",       [11] = "RMDIR",
		[12] = "RENAME",       [13] = "LINK",
		[14] = "OPEN",	       [15] = "READ",
		[16] = "WRITE",	       [17] = "STATFS",
		[18] = "RELEASE",      [20] = "FSYNC",
		[21] = "SETXATTR",     [22] = "GETXATTR",
		[23] = "LISTXATTR",    [24] = "REMOVEXATTR",
		[25] = "FLUSH",	       [26] = "INIT",
		[27] = "OPENDIR",      [28] = "READDIR",
		[29] = "RELEASEDIR",   [30] = "FSYNCDIR",
		[31] = "GETLK",	       [32] = "SETLK",
		[33] = "SETLKW",       [34] = "ACCESS",
		[35] = "CREATE",       [36] = "INTERRUPT",
		[37] = "BMAP",	       [38] = "DESTROY",
		[39] = "IOCTL",	       [40] = "POLL",
		[42] = "BATCH_FORGET", [43] = "FALLOCATE",
		[44] = "READDIRPLUS",  [45] = "RENAME2",
		[46] = "LSEEK",	       [47] = "COPY_FILE_RANGE",
		[50] = "SYNCFS",       [51] = "TMPFILE",
		[52] = "STATX",
	};

	return opcode < IQ_ARRAY_SIZE(names) && names[opcode] ? names[opcode] : NULL;
}

/* Of a FUSE filesystem: superblock -> fuse_mount (fuse_conn before v5.10) -> fuse_conn. */
static iq_vaddr conn_of_sb(struct iq_diag *d, iq_vaddr sb)
{
	uint64_t magic, mount, conn, back;

	if (!iq_peek_member(d->s, "struct super_block", "s_magic", sb, &magic) ||
	    magic != FUSE_SUPER_MAGIC ||
	    !iq_peek_member(d->s, "struct super_block", "s_fs_info", sb, &mount) ||
	    !iq_is_kernel_ptr(d->s, mount) ||
	    !iq_peek_member(d->s, "struct fuse_mount", "sb", mount, &back) || back != sb ||
	    !iq_peek_member(d->s, "struct fuse_mount", "fc", mount, &conn) ||
	    !iq_is_kernel_ptr(d->s, conn))
		return 0;
	return conn;
}

static bool take_first(void *ctx, iq_vaddr node)
{
	*(iq_vaddr *)ctx = node;
	return true;
}

/* The superblock of a connection's first mount; 0 where none of them leads back here. */
static iq_vaddr sb_of_conn(struct iq_diag *d, iq_vaddr conn)
{
	int64_t mounts = iq_offsetof(d->s, conn_type, "mounts"),
		entry = iq_offsetof(d->s, "struct fuse_mount", "fc_entry");
	uint64_t back, sb;
	iq_vaddr node = 0;

	if (mounts < 0 || entry < 0)
		return 0;
	iq_error_free(iq_list_walk(d->s, conn + (uint64_t)mounts, MAX_DEVICES, take_first, &node));
	if (!node ||
	    !iq_peek_member(d->s, "struct fuse_mount", "fc", node - (uint64_t)entry, &back) ||
	    back != conn ||
	    !iq_peek_member(d->s, "struct fuse_mount", "sb", node - (uint64_t)entry, &sb))
		return 0;
	return iq_is_kernel_ptr(d->s, sb) ? sb : 0;
}

/* A connection is one if its filesystem, or its channel, says so. */
static bool read_connection(struct iq_diag *d, iq_vaddr conn, struct connection *c)
{
	uint64_t dev, chan = 0, back;
	bool proven = false;

	*c = (struct connection){ .conn = conn, .part = conn, .part_type = conn_type };
	if (!iq_is_kernel_ptr(d->s, conn) || !iq_peek_member(d->s, conn_type, "dev", conn, &dev))
		return false;
	if (iq_has_member(d->s, conn_type, "chan")) {
		if (!iq_peek_member(d->s, conn_type, "chan", conn, &chan) ||
		    !iq_is_kernel_ptr(d->s, chan) ||
		    !iq_peek_member(d->s, chan_type, "conn", chan, &back) || back != conn)
			return false;
		c->part = chan;
		c->part_type = chan_type;
		proven = true;
	}
	c->sb = sb_of_conn(d, conn);
	if (c->sb && conn_of_sb(d, c->sb) == conn)
		proven = true;
	else
		c->sb = 0;
	c->number = (uint32_t)(dev & ((1u << MINOR_BITS) - 1));
	return proven && dev >> MINOR_BITS == 0;
}

static struct iq_object *object_of(struct iq_diag *d, struct connection *c)
{
	struct iq_object *fs = c->sb ? iq_diag_filesystem(d, c->sb) : NULL;
	const struct iq_attr *mount = fs ? iq_object_attr(fs, "mount") : NULL;
	const struct iq_attr *device = fs ? iq_object_attr(fs, "device") : NULL;
	struct iq_object *o = iq_graph_object(d->g, IQ_OBJ_DAEMON, "daemon:fuse:%u", c->number);

	c->object = o;
	if (o->addr)
		return o;
	o->addr = c->conn;
	if (mount && mount->str)
		iq_object_name(d->g, o, "FUSE connection %u (%s at %s)", c->number,
			       device && device->str ? device->str : "fuse", mount->str);
	else
		iq_object_name(d->g, o, "FUSE connection %u", c->number);
	iq_remedy_add(
		d->g, &o->remedy, IQ_RISK_DATA,
		iq_arena_printf(d->g->arena, "echo 1 > /sys/fs/fuse/connections/%u/abort",
				c->number),
		"If the daemon does not come back: echo 1 > /sys/fs/fuse/connections/%u/abort; "
		"every request then fails with an "
		"error, what was not written to the daemon yet is lost, and %s has to be "
		"mounted again",
		c->number, mount && mount->str ? mount->str : "the filesystem");
	return o;
}

/* ---- who serves it ---- */

struct find_servers {
	struct iq_diag *d;
	struct iq_servers servers;
	int64_t entry;
	size_t num_devices;
};

static bool add_device(void *ctx, iq_vaddr node)
{
	struct find_servers *f = ctx;
	iq_vaddr dev = node - (uint64_t)f->entry;

	f->num_devices++;
	iq_open_each(f->d->s, IQ_OPEN_PRIVATE, dev, iq_servers_add, &f->servers);
	iq_open_each(f->d->s, IQ_OPEN_PRIVATE, dev | DEV_MARK, iq_servers_add, &f->servers);
	return f->servers.num == IQ_MAX_SERVERS;
}

/* virtio-fs has its daemon outside of this machine. */
static bool is_served_here(struct iq_diag *d, const struct connection *c)
{
	uint64_t ops, known = iq_sym_addr(d->s, "fuse_dev_fiq_ops");

	return !known || !iq_peek_member(d->s, c->part_type, "iq.ops", c->part, &ops) ||
	       ops == known;
}

static void nobody_serves(struct iq_diag *d, const struct connection *c,
			  const struct find_servers *f)
{
	struct iq_verdict *v = iq_object_verdict(
		d->g, c->object, IQ_CAUSE_DAEMON_UNANSWERED, IQ_STRONG,
		"%s has requests and no process left that could answer them", c->object->name);

	if (!v)
		return;
	iq_text_add(d->g, &v->evidence,
		    "%zu device%s in the list of %s %#" PRIx64
		    ", and no process has one of them in its descriptor table",
		    f->num_devices, f->num_devices == 1 ? " is" : "s are", c->part_type, c->part);
	iq_remedy_add(d->g, &v->remedy, IQ_RISK_LOW, NULL,
		      "Start the daemon again if it can take its connection over (its service "
		      "manager may keep the "
		      "descriptor)");
	iq_remedy_add(d->g, &v->remedy, IQ_RISK_DATA,
		      iq_arena_printf(d->g->arena, "echo 1 > /sys/fs/fuse/connections/%u/abort",
				      c->number),
		      "Or give the mount up: %s",
		      iq_arena_printf(d->g->arena,
				      "echo 1 > /sys/fs/fuse/connections/%u/abort; every request "
				      "then fails with an error",
				      c->number));
}

static void add_servers(struct iq_diag *d, struct iq_wait *w, const struct connection *c,
			bool taken)
{
	struct find_servers f = { .d = d, .entry = iq_offsetof(d->s, "struct fuse_dev", "entry") };
	int64_t devices = iq_offsetof(d->s, c->part_type, "devices");
	struct iq_request request = { .taken = taken, .reads = reads, .how = "has to answer it" };
	struct iq_error *err;

	if (devices < 0 || f.entry < 0 || !is_served_here(d, c))
		return;
	err = iq_list_walk(d->s, c->part + (uint64_t)devices, MAX_DEVICES, add_device, &f);
	if (err) {
		iq_diag_note_error(d, err, "the devices of %s", c->object->name);
		return;
	}
	request.what =
		iq_arena_printf(iq_scratch(d->s), "the device of FUSE connection %u", c->number);
	if (!iq_diag_server_edges(d, w, &f.servers, &request) && f.num_devices)
		nobody_serves(d, c, &f);
}

static struct iq_wait *wait_for(const struct iq_sleeper *who, struct connection *c, bool taken)
{
	struct iq_diag *d = who->d;
	struct iq_wait *w = iq_diag_wait(who, object_of(d, c), IQ_WAIT_MESSAGE);

	w->any = true;
	/* Who is killed closes its files on the way out, which asks the same daemon (FLUSH). */
	w->killable = false;
	add_servers(d, w, c, taken);
	return w;
}

/* ---- a request of one's own ---- */

static bool req_flag(struct iq_diag *d, const char *name, uint64_t flags)
{
	int64_t bit;
	struct iq_error *err = iq_enum_value(d->s, "enum fuse_req_flag", name, &bit);

	if (err) {
		iq_error_free(err);
		return false;
	}
	return bit >= 0 && bit < 64 && flags >> bit & 1;
}

static bool conn_of_request(struct iq_diag *d, iq_vaddr req, struct connection *c)
{
	uint64_t mount, conn, chan;

	if (iq_has_member(d->s, req_type, "chan"))
		return iq_peek_member(d->s, req_type, "chan", req, &chan) &&
		       iq_is_kernel_ptr(d->s, chan) &&
		       iq_peek_member(d->s, chan_type, "conn", chan, &conn) &&
		       read_connection(d, conn, c) && c->part == chan;
	return iq_peek_member(d->s, req_type, "fm", req, &mount) && iq_is_kernel_ptr(d->s, mount) &&
	       iq_peek_member(d->s, "struct fuse_mount", "fc", mount, &conn) &&
	       read_connection(d, conn, c);
}

static struct iq_wait *wait_for_request(const struct iq_sleeper *who, iq_vaddr head)
{
	struct iq_diag *d = who->d;
	int64_t waitq = iq_offsetof(d->s, req_type, "waitq");
	iq_vaddr req = head - (uint64_t)waitq;
	uint64_t flags = 0, opcode = 0, unique = 0;
	struct connection c;
	struct iq_wait *w;
	const char *name;
	bool taken;

	if (waitq < 0 || !conn_of_request(d, req, &c) ||
	    !iq_peek_member(d->s, req_type, "flags", req, &flags))
		return NULL;
	iq_peek_member(d->s, req_type, "in.h.opcode", req, &opcode);
	iq_peek_member(d->s, req_type, "in.h.unique", req, &unique);
	taken = req_flag(d, "FR_SENT", flags);
	w = wait_for(who, &c, taken);
	/* Who is killed goes on waiting for what the daemon has in hand: request_wait_answer() in
	 * fs/fuse/dev.c. */
	w->killable = (who->task->killable || who->task->state == 'S') && !w->doomed &&
		      req_flag(d, "FR_PENDING", flags) && !req_flag(d, "FR_FORCE", flags);
	name = operation(opcode);
	iq_text_add(d->g, &w->evidence,
		    "fuse_req %#" PRIx64 " is request %" PRIu64
		    ", %s, of %s; its flags are %#" PRIx64 ": %s",
		    req, unique,
		    name ? name : iq_arena_printf(iq_scratch(d->s), "operation %" PRIu64, opcode),
		    c.object->name, flags,
		    taken ? "the daemon has read it and has not answered"
		    : req_flag(d, "FR_PENDING", flags) ? "the daemon has not read it"
						       : "on its way");
	if (name)
		w->in_words = iq_arena_printf(d->g->arena, "in FUSE's %s", name);
	return w;
}

/* ---- other queues of FUSE ---- */

/* page_waitq and others of an inode; blocked_waitq of a connection or channel. */
static struct iq_wait *wait_in_queue(const struct iq_sleeper *who, iq_vaddr head)
{
	struct iq_diag *d = who->d;
	static const struct {
		const char *type, *member, *words;
	} queues[] = {
		{ chan_type, "blocked_waitq", "leave to send a request" },
		{ conn_type, "blocked_waitq", "leave to send a request" },
		{ inode_type, "page_waitq", "writes of one file that the daemon has to answer" },
		{ inode_type, "direct_io_waitq", "the end of direct I/O to one file" },
	};
	struct connection c;
	uint64_t conn, sb;

	for (size_t i = 0; i < IQ_ARRAY_SIZE(queues); i++) {
		int64_t off = iq_offsetof(d->s, queues[i].type, queues[i].member);
		iq_vaddr container = head - (uint64_t)off;
		struct iq_wait *w;

		if (off < 0)
			continue;
		if (queues[i].type == inode_type)
			conn = iq_peek_member(d->s, inode_type, "inode.i_sb", container, &sb) &&
					       iq_is_kernel_ptr(d->s, sb)
				       ? conn_of_sb(d, sb)
				       : 0;
		else if (queues[i].type == chan_type)
			conn = iq_peek_member(d->s, chan_type, "conn", container, &conn) ? conn : 0;
		else
			conn = container;
		if (!conn || !read_connection(d, conn, &c))
			continue;
		if (queues[i].type == chan_type && c.part != container)
			continue;
		w = wait_for(who, &c, true);
		iq_text_add(d->g, &w->evidence, "it sleeps on %s.%s of %#" PRIx64 ": %s",
			    queues[i].type, queues[i].member, container, queues[i].words);
		return w;
	}
	return NULL;
}

static struct iq_error *explain(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_wait_entry entry;

	if (!iq_find_wait_entry(who->d->s, who->task, who->stack, NULL, &entry))
		return NULL;
	*wait_ret = wait_for_request(who, entry.head);
	if (!*wait_ret)
		*wait_ret = wait_in_queue(who, entry.head);
	return NULL;
}

/* ---- pages ---- */

static bool is_uptodate(struct iq_diag *d, iq_vaddr page)
{
	struct iq_error *err;
	uint64_t flags;
	int64_t bit;

	err = iq_enum_value(d->s, "enum pageflags", "PG_uptodate", &bit);
	if (err) {
		iq_error_free(err);
		return false;
	}
	return (iq_peek_member(d->s, "struct page", "flags.f", page, &flags) ||
		iq_peek_member(d->s, "struct page", "flags", page, &flags)) &&
	       flags >> bit & 1;
}

static struct iq_error *explain_page(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	uint64_t mapping, inode, sb;
	struct connection c;
	const char *path;
	int64_t writeback = -1;
	iq_vaddr page;
	int bit;

	if (!iq_find_wait_page(d->s, who->task, who->stack, &page, &bit))
		return NULL;
	if (!iq_peek_member(d->s, "struct page", "mapping", page, &mapping) &&
	    !iq_peek_member(d->s, "struct folio", "mapping", page, &mapping))
		return NULL;
	if (!mapping || mapping & PAGE_MAPPING_FLAGS ||
	    !iq_peek_member(d->s, "struct address_space", "host", mapping, &inode) ||
	    !iq_peek_member(d->s, "struct inode", "i_sb", inode, &sb) ||
	    !iq_is_kernel_ptr(d->s, sb) || !read_connection(d, conn_of_sb(d, sb), &c))
		return NULL;
	iq_error_free(iq_enum_value(d->s, "enum pageflags", "PG_writeback", &writeback));
	/* Filled already: then a task has locked it, and other rules look for that. */
	if (bit != writeback && is_uptodate(d, page))
		return NULL;
	path = iq_path_of_inode(d->s, inode);
	*wait_ret = wait_for(who, &c, true);
	iq_text_add(d->g, &(*wait_ret)->evidence,
		    "its wait_page_queue names page %#" PRIx64
		    " of %s, which the daemon has to %s (bit %d)",
		    page, path ? path : "a file", bit == writeback ? "write" : "fill", bit);
	(*wait_ret)->in_words = iq_arena_printf(d->g->arena, "%s a page of %s",
						bit == writeback ? "writing back" : "reading",
						path ? path : "a FUSE file");
	return NULL;
}

/* ---- the daemon's own threads ---- */

static struct iq_error *explain_reader(const struct iq_sleeper *who, struct iq_wait **wait_ret)
{
	struct iq_diag *d = who->d;
	const struct iq_task *task = who->task;
	int64_t iq = iq_offsetof(d->s, "struct fuse_iqueue", "waitq");
	struct iq_wait_entry entry;
	struct connection c;
	iq_vaddr part;
	uint64_t conn;
	int64_t off;

	if (iq < 0 || task->state != 'S' ||
	    !iq_find_wait_entry(d->s, task, who->stack, NULL, &entry))
		return NULL;
	off = iq_offsetof(d->s, chan_type, "iq");
	if (off >= 0) {
		part = entry.head - (uint64_t)(off + iq);
		if (!iq_peek_member(d->s, chan_type, "conn", part, &conn))
			return NULL;
	} else {
		off = iq_offsetof(d->s, conn_type, "iq");
		if (off < 0)
			return NULL;
		part = conn = entry.head - (uint64_t)(off + iq);
	}
	if (!read_connection(d, conn, &c) || c.part != part)
		return NULL;
	*wait_ret = iq_diag_wait(who, object_of(d, &c), IQ_WAIT_IDLE);
	iq_text_add(d->g, &(*wait_ret)->evidence,
		    "%s (%d) serves %s and waits for its next request", task->comm, task->pid,
		    c.object->name);
	return NULL;
}

static const char *const functions[] = {
	"request_wait_answer",
	"__fuse_simple_request",
	"fuse_simple_request",
	"fuse_chan_send",
	"fuse_get_req",
	"fuse_simple_background",
	"fuse_set_nowrite",
	"fuse_sync_writes",
	"fuse_wait_on_page_writeback",
	"fuse_wait_on_folio_writeback",
	"fuse_fsync",
	"fuse_flush",
	"fuse_wait_aborted",
	"fuse_conn_destroy",
	"fuse_file_cached_io_open",
	"fuse_inode_uncached_io_start",
	"fuse_file_io_open",
	"fuse_chan_abort",
	"fuse_chan_wait_aborted",
	NULL,
};
static const char *const types[] = { "struct fuse_req", "struct fuse_conn", "struct fuse_mount",
				     "struct fuse_dev", NULL };

static const struct iq_wait_rule wait_rules[] = {
	{ .name = "fuse",
	  .summary =
		  "a request to a FUSE daemon: its connection, and the threads that have to answer",
	  .reads = "fuse_req.waitq, .flags, .in.h, .fm or .chan; fuse_conn.dev, .devices; "
		   "fuse_inode.page_waitq; files_struct",
	  .seen = "6.1, 6.12, 7.3",
	  .certainty = IQ_PROVEN,
	  .functions = functions,
	  .needs_types = types,
	  .explain = explain },
	{ .name = "fuse-page",
	  .summary = "a page of a FUSE file that the daemon has to fill or to write",
	  .reads = "wait_page_queue.folio; page.mapping; inode.i_sb; super_block.s_magic, "
		   ".s_fs_info; fuse_mount.fc",
	  .seen = "6.1, 6.12, 7.3",
	  .certainty = IQ_PROVEN,
	  .functions = iq_page_wait_functions,
	  .needs_types = types,
	  .explain = explain_page },
	{ .name = "fuse-reader",
	  .summary = "a thread of a FUSE daemon that waits for requests",
	  .reads = "fuse_iqueue.waitq",
	  .seen = "6.1, 6.12, 7.3",
	  .certainty = IQ_PROVEN,
	  .functions = reads,
	  .needs_types = types,
	  .explain = explain_reader },
	{ 0 },
};

const struct iq_module iq_module_fuse = {
	.api = IQ_MODULE_API,
	.name = "fuse",
	.summary = "FUSE: requests, connections, daemons",
	.wait_rules = wait_rules,
};
