/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Values of any type: expressions that lead through memory, and printing what is there
 *
 * The first byte chooses the command, the second how many bytes of text follow, which are its
 * words; all the rest is what memory holds where the words lead.
 */
#include <stdio.h>

#include "fakekernel.h"
#include "kernel/session.h"
#include "shell/shell.h"
#include "thing-types.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { BUDGET_MS = 300, MAX_MEMORY = 4096 };

static iq_vaddr memory;

static struct fakekernel *make(void)
{
	struct fakekernel *k = fakekernel_new(FK_NEW);

	fk_more_types(k, thing_types);
	fk_func(k, "do_things");
	memory = fk_data(k, "the_thing", MAX_MEMORY);
	return k;
}

/* Words of arbitrary bytes, without what ends a command. */
static void add_words(struct iq_strbuf *sb, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		iq_strbuf_addc(sb, data[i] && !strchr("\n;|!", data[i]) ? (char)data[i] : ' ');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const commands[] = {
		"the_thing::print ",
		"the_thing::print struct thing ",
		"the_thing::print -ahtT struct thing ",
		"the_thing::print -L -C -x thing ",
		"the_thing::printf \"%s|%d|%a|%x|%p|%y|%H|%N|%g\\n\" thing ",
		"the_thing::printf ",
		"the_thing::list thing ",
		"the_thing::list -H node ",
		"the_thing::walk ",
		"::offsetof ",
		"::enum ",
		"the_thing::dis -f ",
		"the_thing,100::dump ",
		"*the_thing::whatis -v ",
		"*the_thing::print -i ",
		"the_thing::print struct thing next | ::print ",
	};
	static struct fakekernel *k;
	static struct iq_session *s;
	struct iq_strbuf out = IQ_STRBUF_INIT, err = IQ_STRBUF_INIT, text = IQ_STRBUF_INIT;
	uint8_t zeros[MAX_MEMORY] = { 0 };
	struct iq_shell *sh;
	size_t num_text;

	if (len < 2)
		return 0;
	if (!k) {
		k = make();
		s = fk_open(k);
	}
	num_text = IQ_MIN((size_t)data[1], len - 2);
	iq_strbuf_adds(&text, commands[data[0] % IQ_ARRAY_SIZE(commands)]);
	add_words(&text, data + 2, num_text);
	data += 2 + num_text;
	len -= 2 + num_text;
	fk_write(k, memory, zeros, sizeof(zeros));
	fk_write(k, memory, data, IQ_MIN(len, (size_t)MAX_MEMORY));
	s->deadline_ns = iq_clock_monotonic() + (uint64_t)BUDGET_MS * 1000000;
	sh = iq_shell_new(s);
	iq_shell_run_text(sh, iq_strbuf_str(&text), &out, &err);
	iq_shell_free(sh);
	s->deadline_ns = 0;
	iq_strbuf_deinit(&text);
	iq_strbuf_deinit(&out);
	iq_strbuf_deinit(&err);
	return 0;
}
