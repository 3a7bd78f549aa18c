/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the debugger says on a made kernel
 *
 * Addresses of things that the test has named stand in it by those names, so that what is
 * expected can be written down: "@11" is the task_struct of process 11.
 */
#ifndef IQ_TESTS_UNIT_SAID_H
#define IQ_TESTS_UNIT_SAID_H

#include <ctype.h>
#include <stdio.h>

#include "fakekernel.h"
#include "shell/shell.h"

struct names {
	struct {
		iq_vaddr addr;
		char name[32];
	} list[64];
	size_t num;
};

static inline void name_it(struct names *n, iq_vaddr addr, const char *name)
{
	n->list[n->num].addr = addr;
	snprintf(n->list[n->num++].name, sizeof(n->list[0].name), "%s", name);
}

static inline void name_task(struct names *n, const struct fk_task *t)
{
	char name[32];

	snprintf(name, sizeof(name), "@%d", t->pid);
	name_it(n, t->addr, name);
}

/* Numbers of 12 to 16 hexadecimal digits: by name, else as "ADDR". */
static inline void add_named(struct iq_strbuf *sb, const char *text, const struct names *n)
{
	while (*text) {
		size_t len = strspn(text, "0123456789abcdef");
		const char *name = "ADDR";

		if (len < 12 || len > 16) {
			iq_strbuf_add(sb, text, len ? len : 1);
			text += len ? len : 1;
			continue;
		}
		for (size_t i = 0; n && i < n->num; i++)
			if (n->list[i].addr == strtoull(text, NULL, 16))
				name = n->list[i].name;
		iq_strbuf_adds(sb, name);
		text += len;
	}
}

/* All that it prints; complaints behind it, each line behind "! ". The caller frees it. */
static inline char *said(struct fakekernel *k, const struct names *n, const char *typed)
{
	struct iq_strbuf out = IQ_STRBUF_INIT, err = IQ_STRBUF_INIT, both = IQ_STRBUF_INIT;
	struct iq_shell *sh = iq_shell_new(fk_open(k));

	iq_shell_run_text(sh, typed, &out, &err);
	add_named(&both, iq_strbuf_str(&out), n);
	for (const char *line = iq_strbuf_str(&err), *end; *line; line = end) {
		struct iq_strbuf one = IQ_STRBUF_INIT;

		end = line + strcspn(line, "\n");
		end += *end == '\n';
		iq_strbuf_add(&one, line, (size_t)(end - line));
		iq_strbuf_adds(&both, "! ");
		add_named(&both, iq_strbuf_str(&one), n);
		iq_strbuf_deinit(&one);
	}
	iq_shell_free(sh);
	iq_strbuf_deinit(&out);
	iq_strbuf_deinit(&err);
	return iq_strbuf_steal(&both);
}

#define assert_said(k, n, typed, expected)                                                         \
	do {                                                                                       \
		char *_said = said(k, n, typed);                                                   \
                                                                                                   \
		assert_string_equal(_said ? _said : "", expected);                                 \
		free(_said);                                                                       \
	} while (0)

/* ... has this in it, or has not. */
#define assert_says(k, n, typed, part, yes)                                                        \
	do {                                                                                       \
		char *_said = said(k, n, typed);                                                   \
		bool _has = _said && strstr(_said, part);                                          \
                                                                                                   \
		if (_has != (yes))                                                                 \
			printf("%s said:\n%s\n", typed, _said);                                    \
		assert_int_equal(_has, yes);                                                       \
		free(_said);                                                                       \
	} while (0)

#endif
