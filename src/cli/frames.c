/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/frames.h"

#include <stdio.h>

#include "out/text.h"

void iq_frame_text(struct iq_strbuf *sb, const struct iq_frame *frame)
{
	if (frame->by == IQ_FRAME_SCAN)
		iq_strbuf_adds(sb, "? ");
	if (!frame->sym.name) {
		iq_strbuf_printf(sb, "%#" PRIx64, frame->pc);
		return;
	}
	iq_text_clean(sb, frame->sym.name);
	iq_strbuf_printf(sb, "+%#" PRIx64, frame->offset);
	if (frame->sym.size)
		iq_strbuf_printf(sb, "/%#" PRIx64, frame->sym.size);
	if (frame->sym.module) {
		iq_strbuf_adds(sb, " [");
		iq_text_clean(sb, frame->sym.module);
		iq_strbuf_addc(sb, ']');
	}
}

json_t *iq_clean_json(const char *text)
{
	struct iq_strbuf sb = IQ_STRBUF_INIT;
	json_t *json;

	if (!text)
		return json_null();
	iq_text_clean(&sb, text);
	json = json_string(iq_strbuf_str(&sb));
	iq_strbuf_deinit(&sb);
	return json;
}

json_t *iq_frame_json(const struct iq_frame *frame)
{
	json_t *object = json_object();
	char address[24];

	snprintf(address, sizeof(address), "%#" PRIx64, frame->pc);
	json_object_set_new(object, "function", iq_clean_json(frame->sym.name));
	json_object_set_new(object, "offset", json_integer((json_int_t)frame->offset));
	json_object_set_new(object, "size",
			    frame->sym.size ? json_integer((json_int_t)frame->sym.size)
					    : json_null());
	json_object_set_new(object, "address", json_string(address));
	json_object_set_new(object, "module", iq_clean_json(frame->sym.module));
	json_object_set_new(object, "by", json_string(iq_frame_by_name(frame->by)));
	json_object_set_new(object, "interrupted", json_boolean(frame->interrupted));
	return object;
}

json_t *iq_frames_json(const struct iq_stack *stack)
{
	json_t *frames = json_array();

	for (size_t i = 0; i < stack->num_frames; i++)
		json_array_append_new(frames, iq_frame_json(&stack->frames[i]));
	return frames;
}

bool iq_syscall_text(struct iq_session *s, const struct iq_stack *stack, struct iq_strbuf *sb)
{
	const char *name;
	unsigned num;

	if (!stack->user.valid || !stack->user.syscall || stack->user.nr < 0)
		return false;
	name = iq_syscall_name(s, stack->user.nr);
	if (name)
		iq_strbuf_printf(sb, "%s(", name);
	else
		iq_strbuf_printf(sb, "system call %" PRId64 "(", stack->user.nr);
	num = IQ_MIN(iq_syscall_num_args(s, stack->user.nr), 6u);
	for (unsigned i = 0; i < num; i++)
		iq_strbuf_printf(sb, "%s%#" PRIx64, i ? ", " : "", stack->user.args[i]);
	iq_strbuf_addc(sb, ')');
	return true;
}

bool iq_idle_text(const struct iq_task *task, struct iq_strbuf *sb)
{
	if (task->idle_ns < 0)
		return false;
	iq_text_duration(sb, task->idle_ns / 1000000);
	return true;
}
