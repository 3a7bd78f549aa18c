/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Shadow structs: the members we want of a kernel struct, out of one read
 *
 * Names are resolved once into a plan: windows of the kernel's struct to be
 * read, one behind the other into one buffer, and a step for each field that
 * says where in the buffer its value is and how it gets into ours. A second read
 * costs more than some kilobytes that nobody looks at, so that there is one
 * window wherever the members lie within 16 KiB.
 */
#include "inquest/util.h"
#include "type/types.h"

enum {
	MAX_FIELDS = 64,
	MAX_SPAN = 16 << 10,  /* read as one */
	MAX_GAP = 1 << 10,    /* between two members of one window, where it is more than that */
	MAX_OFFSET = 1 << 20, /* no kernel struct is larger */
};

struct step {
	const struct iq_field *field;
	enum { STEP_NUMBER, STEP_COPY, STEP_ADDRESS } kind;
	struct iq_number number; /* its offset is the member's for all kinds */
	size_t len;		 /* bytes to be read */
	size_t at;		 /* in the buffer */
};

struct iq_shadow_plan {
	const struct iq_shadow *shadow;
	uint64_t has;
	struct step steps[MAX_FIELDS];
	size_t num_steps;
	struct iq_shadow_window windows[MAX_FIELDS];
	size_t num_windows;
	size_t buf_len;
};

static struct iq_error *invalid(const struct iq_shadow *shadow, const char *name, const char *what)
{
	return iq_error_new(IQ_ERR_INVALID, "shadow of %s: %s %s", shadow->type, name, what);
}

static struct iq_error *find_field(struct iq_type type, const struct iq_field *field,
				   struct iq_member *member_ret, const char **name_ret)
{
	struct iq_error *err = NULL;

	for (size_t i = 0; i < IQ_ARRAY_SIZE(field->names) && field->names[i]; i++) {
		iq_error_free(err);
		err = iq_type_member(type, field->names[i], member_ret);
		*name_ret = field->names[i];
		if (!err || err->code != IQ_ERR_NOTFOUND)
			return err;
	}
	return err;
}

static struct iq_error *add_step(struct iq_shadow_plan *plan, size_t i, const char *name,
				 const struct iq_member *m)
{
	const struct iq_field *field = &plan->shadow->fields[i];
	struct step *step = &plan->steps[plan->num_steps];

	*step = (struct step){ .field = field, .number.offset = m->bit_offset / 8 };
	if (field->address) {
		step->kind = STEP_ADDRESS;
		if (field->size != sizeof(iq_vaddr))
			return invalid(plan->shadow, name,
				       "wants an address but has no room for one");
	} else if (field->copy) {
		step->kind = STEP_COPY;
		step->len = IQ_MIN(field->size, iq_type_size(m->type));
		if (m->bit_size)
			return invalid(plan->shadow, name,
				       "is a bit field, which has no bytes to copy");
	} else {
		step->kind = STEP_NUMBER;
		if (!iq_member_number(m, &step->number))
			return invalid(plan->shadow, name, "is no number");
		step->len = step->number.len;
		if (field->size != 1 && field->size != 2 && field->size != 4 && field->size != 8)
			return invalid(plan->shadow, name, "does not go into a number of ours");
	}
	if (step->number.offset > MAX_OFFSET || step->len > MAX_OFFSET)
		return iq_error_new(IQ_ERR_CORRUPT, "%s.%s is at %" PRIu64 ", %zu bytes long",
				    plan->shadow->type, name, step->number.offset, step->len);
	plan->has |= UINT64_C(1) << i;
	plan->num_steps++;
	return NULL;
}

static int compare_steps(const void *a, const void *b)
{
	const struct step *x = *(const struct step *const *)a, *y = *(const struct step *const *)b;

	return x->number.offset < y->number.offset ? -1 : x->number.offset > y->number.offset;
}

static void plan_windows(struct iq_shadow_plan *plan)
{
	struct step *sorted[MAX_FIELDS];
	struct iq_shadow_window *w = NULL;
	uint64_t first = UINT64_MAX, last = 0, gap;
	size_t num = 0;

	for (size_t i = 0; i < plan->num_steps; i++) {
		struct step *step = &plan->steps[i];

		if (!step->len)
			continue;
		sorted[num++] = step;
		first = IQ_MIN(first, step->number.offset);
		last = IQ_MAX(last, step->number.offset + step->len);
	}
	if (!num)
		return;
	gap = last - first <= MAX_SPAN ? MAX_SPAN : MAX_GAP;
	qsort(sorted, num, sizeof(sorted[0]), compare_steps);
	for (size_t i = 0; i < num; i++) {
		struct step *step = sorted[i];
		uint64_t start = step->number.offset, end = start + step->len;

		if (!w || start > w->start + w->len + gap) {
			w = &plan->windows[plan->num_windows++];
			*w = (struct iq_shadow_window){ .start = start, .at = plan->buf_len };
		}
		if (end > w->start + w->len) {
			plan->buf_len += (size_t)(end - w->start) - w->len;
			w->len = (size_t)(end - w->start);
		}
		step->at = w->at + (size_t)(start - w->start);
	}
}

struct iq_error *iq_shadow_resolve(struct iq_types *types, const struct iq_shadow *shadow,
				   struct iq_shadow_plan **plan_ret)
{
	struct iq_shadow_plan *plan;
	struct iq_error *err;
	struct iq_type type;

	if (shadow->num_fields > MAX_FIELDS || shadow->size < sizeof(plan->has))
		return invalid(shadow, "it", "has too many fields, or no room for `has`");
	err = iq_types_by_name(types, shadow->type, &type);
	if (err)
		return err;
	plan = iq_xcalloc(1, sizeof(*plan));
	plan->shadow = shadow;
	for (size_t i = 0; i < shadow->num_fields && !err; i++) {
		const struct iq_field *field = &shadow->fields[i];
		const char *name = "";
		struct iq_member m;

		if (!field->names[0] || field->offset > shadow->size ||
		    field->size > shadow->size - field->offset) {
			err = invalid(shadow, field->names[0] ? field->names[0] : "a field",
				      "has no name or is outside of our struct");
			break;
		}
		err = find_field(type, field, &m, &name);
		if (!err)
			err = add_step(plan, i, name, &m);
		else if (field->optional)
			iq_error_catch(&err, IQ_ERR_NOTFOUND);
	}
	if (err) {
		iq_shadow_plan_free(plan);
		return err;
	}
	plan_windows(plan);
	*plan_ret = plan;
	return NULL;
}

void iq_shadow_plan_free(struct iq_shadow_plan *plan)
{
	free(plan);
}

const struct iq_shadow_window *iq_shadow_windows(const struct iq_shadow_plan *plan, size_t *num_ret,
						 size_t *buf_len_ret)
{
	*num_ret = plan->num_windows;
	*buf_len_ret = plan->buf_len;
	return plan->windows;
}

void iq_shadow_fill(const struct iq_shadow_plan *plan, const void *buf, iq_vaddr addr, void *ours)
{
	memset(ours, 0, plan->shadow->size);
	memcpy(ours, &plan->has, sizeof(plan->has));
	for (size_t i = 0; i < plan->num_steps; i++) {
		const struct step *step = &plan->steps[i];
		const uint8_t *from = (const uint8_t *)buf + step->at;
		uint8_t *to = (uint8_t *)ours + step->field->offset;
		uint64_t value;

		switch (step->kind) {
		case STEP_COPY:
			if (step->len)
				memcpy(to, from, step->len);
			break;
		case STEP_ADDRESS:
			value = addr + step->number.offset;
			memcpy(to, &value, sizeof(value));
			break;
		case STEP_NUMBER:
			/* Little-endian: the low bytes are the first ones. */
			value = iq_number_get(&step->number, from);
			memcpy(to, &value, step->field->size);
			break;
		}
	}
}

struct iq_error *iq_shadow_plan_read(const struct iq_shadow_plan *plan, struct iq_mem *mem,
				     iq_vaddr addr, void *ours)
{
	_cleanup_free_ uint8_t *heap = NULL;
	uint8_t stack[2048];
	uint8_t *buf = stack;
	struct iq_error *err;

	if (plan->buf_len > sizeof(stack))
		buf = heap = iq_xmalloc(plan->buf_len);
	for (size_t i = 0; i < plan->num_windows; i++) {
		const struct iq_shadow_window *w = &plan->windows[i];

		err = iq_mem_read(mem, addr + w->start, buf + w->at, w->len);
		if (err)
			return iq_error_prefix(err, "%s at %#" PRIx64, plan->shadow->type, addr);
	}
	iq_shadow_fill(plan, buf, addr, ours);
	return NULL;
}
