/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stacks as text and as JSON, for the commands that show them
 */
#ifndef IQ_CLI_FRAMES_H
#define IQ_CLI_FRAMES_H

#include <jansson.h>

#include "cli/cli.h"

/*
 * Append "function+0x12/0x34 [module]", as /proc/PID/stack has it; in front of it "? " where the
 * frame was found by searching the stack, and not by unwinding it.
 */
void iq_frame_text(struct iq_strbuf *sb, const struct iq_frame *frame);

/* {"function", "offset", "size", "address", "module", "by", "interrupted"}, function, size and
 * module may be null. */
json_t *iq_frame_json(const struct iq_frame *frame);
json_t *iq_frames_json(const struct iq_stack *stack);

/* Append "munmap(0x7f12a0000000, 0x1000)" and say true if the task is in a system call. */
bool iq_syscall_text(struct iq_session *s, const struct iq_stack *stack, struct iq_strbuf *sb);

/* The frame's name as it stands in the target, or NULL; module: its module's name, or NULL. */
static inline const char *iq_frame_name(const struct iq_frame *frame)
{
	return frame->sym.name;
}

/* "6.8 s" since it last ran; false where that is not known. */
bool iq_idle_text(const struct iq_task *task, struct iq_strbuf *sb);

/* Text made harmless, as a JSON string. */
json_t *iq_clean_json(const char *text);

#endif
