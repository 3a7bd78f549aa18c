/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading struct scsi_device and Scsi_Host
 *
 * A queue is a SCSI device's where its queuedata is a scsi_device that names the queue in turn, and
 * its operations are scsi_mod's. A device, or its host, may keep requests from being handed to the
 * driver: its state says so. Those requests are not in flight.
 *
 * Kernel: include/scsi/scsi_device.h, scsi_host.h, drivers/scsi/scsi_lib.c (scsi_mq_ops).
 */
#include "device.h"

#include "inquest/disk.h"

enum { VENDOR_LEN = 8, MODEL_LEN = 16 };

static const char sdev_type[] = "struct scsi_device";
static const char host_type[] = "struct Scsi_Host";

/* ---- which they are ---- */

iq_vaddr iq_scsi_of_queue(struct iq_session *s, iq_vaddr queue)
{
	static const char ops_prefix[] = "scsi_mq_ops";
	uint64_t sdev, ops, back, host;
	struct iq_sym sym;
	struct iq_error *err;

	if (!iq_peek_member(s, "struct request_queue", "queuedata", queue, &sdev) ||
	    !iq_is_kernel_ptr(s, sdev) ||
	    !iq_peek_member(s, sdev_type, "request_queue", sdev, &back) || back != queue ||
	    !iq_peek_member(s, sdev_type, "host", sdev, &host) || !iq_is_kernel_ptr(s, host) ||
	    !iq_peek_member(s, "struct request_queue", "mq_ops", queue, &ops))
		return 0;
	err = iq_sym_by_addr(s, ops, &sym);
	if (err) {
		iq_error_free(err);
		return 0;
	}
	/* scsi_mq_ops, and scsi_mq_ops_no_commit where the driver takes commands one by one. */
	return strncmp(sym.name, ops_prefix, strlen(ops_prefix)) ? 0 : sdev;
}

iq_vaddr iq_scsi_of_disk(struct iq_session *s, iq_vaddr disk)
{
	uint64_t queue;

	return disk && iq_peek_member(s, "struct gendisk", "queue", disk, &queue)
		       ? iq_scsi_of_queue(s, queue)
		       : 0;
}

iq_vaddr iq_scsi_host_of(struct iq_session *s, iq_vaddr sdev)
{
	uint64_t host;

	return iq_peek_member(s, sdev_type, "host", sdev, &host) ? host : 0;
}

iq_vaddr iq_scsi_disk_of(struct iq_session *s, iq_vaddr sdev)
{
	uint64_t queue, disk;
	char name[33];

	return iq_peek_member(s, sdev_type, "request_queue", sdev, &queue) &&
			       iq_scsi_of_queue(s, queue) == sdev &&
			       iq_peek_member(s, "struct request_queue", "disk", queue, &disk) &&
			       iq_disk_name(s, disk, name)
		       ? disk
		       : 0;
}

/* ---- what they are called ---- */

/* A string of the device's own, not terminated and filled up with blanks. */
static void add_padded(struct iq_session *s, iq_vaddr sdev, const char *member, size_t len,
		       struct iq_strbuf *text)
{
	char buf[MODEL_LEN];
	uint64_t p;

	if (!iq_peek_member(s, sdev_type, member, sdev, &p) || !p || !iq_peek(s, p, buf, len))
		return;
	while (len && (buf[len - 1] == ' ' || !buf[len - 1]))
		len--;
	for (size_t i = 0; i < len; i++)
		if (buf[i] < ' ' || buf[i] > '~')
			return;
	if (len) {
		iq_strbuf_addc(text, ' ');
		iq_strbuf_add(text, buf, len);
	}
}

const char *iq_scsi_driver(struct iq_session *s, iq_vaddr host)
{
	static const char *const members[] = { "proc_name", "name" };
	uint64_t template, p;
	char buf[64];

	if (!iq_peek_member(s, host_type, "hostt", host, &template))
		return NULL;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(members); i++) {
		struct iq_error *err;

		if (!iq_peek_member(s, "struct scsi_host_template", members[i], template, &p) || !p)
			continue;
		err = iq_read_str(s, p, buf, sizeof(buf));
		if (!err && buf[0])
			return iq_arena_printf(iq_scratch(s), "%s", buf);
		iq_error_free(err);
	}
	return NULL;
}

const char *iq_scsi_describe(struct iq_session *s, iq_vaddr sdev, iq_vaddr host)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf text = IQ_STRBUF_INIT;
	uint64_t no = 0, channel = 0, id = 0, lun = 0;
	const char *driver = iq_scsi_driver(s, host);

	iq_peek_member(s, host_type, "host_no", host, &no);
	iq_peek_member(s, sdev_type, "channel", sdev, &channel);
	iq_peek_member(s, sdev_type, "id", sdev, &id);
	iq_peek_member(s, sdev_type, "lun", sdev, &lun);
	iq_strbuf_printf(&text, "SCSI %" PRIu64 ":%" PRIu64 ":%" PRIu64 ":%" PRIu64, no, channel,
			 id, lun);
	add_padded(s, sdev, "vendor", VENDOR_LEN, &text);
	add_padded(s, sdev, "model", MODEL_LEN, &text);
	if (driver)
		iq_strbuf_printf(&text, ", driver %s", driver);
	return iq_arena_printf(iq_scratch(s), "%s", iq_strbuf_str(&text));
}

/* ---- what keeps I/O back ---- */

/* The first of the enum's names (NULL-terminated) that a state is. */
static const char *state_among(struct iq_session *s, const char *type, uint64_t state,
			       const char *const *names)
{
	for (; *names; names++) {
		int64_t value;
		struct iq_error *err = iq_enum_value(s, type, *names, &value);

		if (err)
			iq_error_free(err);
		else if (value == (int64_t)state)
			return *names;
	}
	return NULL;
}

const char *iq_scsi_device_held(struct iq_session *s, iq_vaddr sdev)
{
	static const char *const held[] = { "SDEV_BLOCK", "SDEV_CREATED_BLOCK", "SDEV_QUIESCE",
					    NULL };
	uint64_t state;

	return iq_peek_member(s, sdev_type, "sdev_state", sdev, &state)
		       ? state_among(s, "enum scsi_device_state", state, held)
		       : NULL;
}

const char *iq_scsi_host_held(struct iq_session *s, iq_vaddr host)
{
	static const char *const held[] = { "SHOST_RECOVERY", "SHOST_CANCEL_RECOVERY",
					    "SHOST_DEL_RECOVERY", NULL };
	const char *name = NULL;
	uint64_t state, blocked;

	if (iq_peek_member(s, host_type, "shost_state", host, &state))
		name = state_among(s, "enum scsi_host_state", state, held);
	if (!name && iq_peek_member(s, host_type, "host_self_blocked", host, &blocked) && blocked)
		name = "host_self_blocked";
	return name;
}

bool iq_scsi_in_recovery(struct iq_session *s, iq_vaddr host, const char **state_ret)
{
	*state_ret = iq_scsi_host_held(s, host);
	return *state_ret && strcmp(*state_ret, "host_self_blocked");
}

bool iq_scsi_may_owe(struct iq_session *s, iq_vaddr disk)
{
	iq_vaddr sdev = iq_scsi_of_disk(s, disk), host = sdev ? iq_scsi_host_of(s, sdev) : 0;

	return sdev && (iq_scsi_device_held(s, sdev) || (host && iq_scsi_host_held(s, host)));
}
