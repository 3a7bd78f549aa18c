/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a process keeps in its own memory: its command line
 *
 * Read by the process's page tables, page by page, without its mmap_lock and
 * without paging anything in (compare fs/proc/base.c: get_mm_cmdline, which
 * takes that lock). A page that is not present ends the text.
 */
#include "kernel/session.h"

enum { MAX_CMDLINE = 4096 };

struct shadow_mm {
	uint64_t has;
	uint64_t pgd, arg_start, arg_end;
};

IQ_SHADOW(mm_desc, "struct mm_struct", shadow_mm, IQ_FIELD(shadow_mm, pgd, "pgd"),
	  IQ_FIELD(shadow_mm, arg_start, "arg_start"), IQ_FIELD(shadow_mm, arg_end, "arg_end"));

static const char *in_brackets(struct iq_session *s, const struct iq_task *task)
{
	return iq_arena_printf(s->scratch, "[%s]", task->comm);
}

const char *iq_task_cmdline(struct iq_session *s, const struct iq_task *task)
{
	char buf[MAX_CMDLINE + 1];
	size_t len, done = 0, chunk;
	struct shadow_mm mm;
	struct iq_error *err;

	if (!task->mm || task->kthread)
		return in_brackets(s, task);
	err = iq_shadow_read(s, &mm_desc, task->mm, &mm);
	if (err || mm.arg_end <= mm.arg_start) {
		iq_error_free(err);
		return in_brackets(s, task);
	}
	len = IQ_MIN(mm.arg_end - mm.arg_start, (uint64_t)MAX_CMDLINE);
	while (done < len) {
		chunk = IQ_MIN(len - done, 4096 - (mm.arg_start + done) % 4096);
		err = iq_mem_read_user(s->mem, mm.pgd, mm.arg_start + done, buf + done, chunk);
		if (err) {
			iq_error_free(err);
			break;
		}
		done += chunk;
	}
	while (done && !buf[done - 1])
		done--;
	if (!done)
		return in_brackets(s, task);
	for (size_t i = 0; i < done; i++)
		if (!buf[i])
			buf[i] = ' ';
	buf[done] = '\0';
	return iq_arena_strdup(s->scratch, buf);
}
