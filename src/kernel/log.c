/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's log
 *
 * Descriptor n of the ring is the one of every id that is n modulo the ring's
 * length; its state_var holds the id it has now and, in the two highest bits, what state it
 * is in. The text of a record is a data block: the id again, then the text.
 * A block that would cross the ring's end begins at its start instead. On a
 * live machine records are overwritten while we read: what does not carry its
 * id any more is left out.
 */
#include "inquest/log.h"

#include "kernel/session.h"

enum { MAX_BITS = 24, MAX_TEXT = 1024, COMMITTED = 1, FINALIZED = 2 };

struct shadow_ring {
	uint64_t has;
	uint64_t count_bits, descs, infos, head_id, tail_id, size_bits, data;
};

IQ_SHADOW(ring_desc, "struct printk_ringbuffer", shadow_ring,
	  IQ_FIELD(shadow_ring, count_bits, "desc_ring.count_bits"),
	  IQ_FIELD(shadow_ring, descs, "desc_ring.descs"),
	  IQ_FIELD(shadow_ring, infos, "desc_ring.infos"),
	  IQ_FIELD(shadow_ring, head_id, "desc_ring.head_id.counter"),
	  IQ_FIELD(shadow_ring, tail_id, "desc_ring.tail_id.counter"),
	  IQ_FIELD(shadow_ring, size_bits, "text_data_ring.size_bits"),
	  IQ_FIELD(shadow_ring, data, "text_data_ring.data"));

struct shadow_desc {
	uint64_t has;
	uint64_t state, begin, next;
};

IQ_SHADOW(desc_desc, "struct prb_desc", shadow_desc,
	  IQ_FIELD(shadow_desc, state, "state_var.counter"),
	  IQ_FIELD(shadow_desc, begin, "text_blk_lpos.begin"),
	  IQ_FIELD(shadow_desc, next, "text_blk_lpos.next"));

struct shadow_info {
	uint64_t has;
	uint64_t seq, ns, len, level;
};

IQ_SHADOW(info_desc, "struct printk_info", shadow_info, IQ_FIELD(shadow_info, seq, "seq"),
	  IQ_FIELD(shadow_info, ns, "ts_nsec"), IQ_FIELD(shadow_info, len, "text_len"),
	  IQ_FIELD_OPT(shadow_info, level, "level"));

/* One record: false where it is not there (any more). */
static bool read_record(struct iq_session *s, const struct shadow_ring *r, uint64_t id,
			uint64_t desc_size, uint64_t info_size, char *text,
			struct iq_log_line *line)
{
	const uint64_t id_mask = ~0ULL >> 2, size = 1ULL << r->size_bits;
	uint64_t n = id & ((1ULL << r->count_bits) - 1), at, own;
	struct shadow_desc d;
	struct shadow_info info;
	struct iq_error *err;

	err = iq_shadow_read(s, &desc_desc, r->descs + n * desc_size, &d);
	if (!err)
		err = iq_shadow_read(s, &info_desc, r->infos + n * info_size, &info);
	if (err) {
		iq_error_free(err);
		return false;
	}
	if ((d.state & id_mask) != (id & id_mask) ||
	    (d.state >> 62 != COMMITTED && d.state >> 62 != FINALIZED))
		return false;
	/* An odd lpos: a record without data. */
	if (d.begin & 1)
		return false;
	at = d.begin & (size - 1);
	if (d.begin >> r->size_bits != d.next >> r->size_bits && (d.next & (size - 1)))
		at = 0;
	info.len = IQ_MIN(info.len, (uint64_t)MAX_TEXT);
	if (at + 8 + info.len > size || !iq_peek_u64(s, r->data + at, &own) ||
	    (own & id_mask) != (id & id_mask) ||
	    (info.len && !iq_peek(s, r->data + at + 8, text, info.len)))
		return false;
	text[info.len] = '\0';
	*line = (struct iq_log_line){
		.ns = info.ns, .seq = info.seq, .level = (unsigned)info.level, .text = text
	};
	return true;
}

struct iq_error *iq_log_each(struct iq_session *s, iq_log_fn fn, void *ctx)
{
	int64_t desc_size = iq_sizeof(s, "struct prb_desc"),
		info_size = iq_sizeof(s, "struct printk_info");
	char text[MAX_TEXT + 1];
	struct iq_log_line line;
	struct shadow_ring r;
	struct iq_error *err;
	uint64_t ring;

	if (desc_size <= 0 || info_size <= 0 || !iq_sym_addr(s, "prb"))
		return iq_error_new(IQ_ERR_NOTFOUND, "this kernel's log is of an unknown form");
	err = iq_read_u64(s, iq_sym_addr(s, "prb"), &ring);
	if (!err)
		err = iq_shadow_read(s, &ring_desc, ring, &r);
	if (err)
		return iq_error_prefix(err, "the kernel's log");
	if (r.count_bits > MAX_BITS || r.size_bits > 30 || !r.count_bits || !r.size_bits)
		return iq_error_new(IQ_ERR_CORRUPT, "the kernel's log has an implausible size");
	/* Ids go up, and wrap around within 62 bits. */
	for (uint64_t i = 0; i <= (r.head_id - r.tail_id) && i < 1ULL << r.count_bits; i++)
		if (read_record(s, &r, r.tail_id + i, (uint64_t)desc_size, (uint64_t)info_size,
				text, &line) &&
		    fn(ctx, &line))
			break;
	return NULL;
}
