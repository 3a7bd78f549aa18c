/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The debugger on a made kernel: any text typed, every command and walker that is built in
 *
 * There is no helper, so that nothing is run and no file is touched. What takes longer than its
 * time is interrupted, as ^C would do it.
 */
#include <time.h>

#include "fakekernel.h"
#include "kernel/session.h"
#include "shell/shell.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { BUDGET_MS = 300, MAX_LEN = 4096 };

static struct fakekernel *make(void)
{
	struct fakekernel *k = fakekernel_new(FK_NEW);
	iq_vaddr a = fk_mutex(k, "lock_a");
	struct fk_task *holder = fk_task(k, 10, "holder"), *waiter = fk_task(k, 11, "waiter");

	fk_u64(k, fk_data(k, "count", 64), 0x0706050403020100);
	fk_data(k, "add", 8);
	fk_sb(k, "ext4", "/dev/vdb", "/data");
	fk_calls(holder, "do_something");
	fk_mutex_take(holder, a);
	fk_nanosleep(holder);
	fk_calls(waiter, "do_something");
	fk_wait_mutex(waiter, a);
	return k;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct fakekernel *k;
	static struct iq_session *s;
	struct iq_strbuf out = IQ_STRBUF_INIT, err = IQ_STRBUF_INIT;
	struct iq_shell *sh;
	char *text;

	if (len > MAX_LEN)
		return 0;
	if (!k) {
		k = make();
		s = fk_open(k);
	}
	text = iq_xmalloc(len + 1);
	memcpy(text, data, len);
	text[len] = '\0';
	s->deadline_ns = iq_clock_monotonic() + (uint64_t)BUDGET_MS * 1000000;
	sh = iq_shell_new(s);
	iq_shell_run_text(sh, text, &out, &err);
	iq_shell_free(sh);
	s->deadline_ns = 0;
	iq_session_forget(s);
	free(text);
	iq_strbuf_deinit(&out);
	iq_strbuf_deinit(&err);
	return 0;
}
