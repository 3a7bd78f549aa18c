/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The debugger's language, rule by rule
 *
 * Runs the cases of a table (sectionN.txt) on a made kernel, each in a shell of its own:
 *
 *	# what follows is a comment
 *	case the sentence that it proves
 *	> what is typed
 *	| what is printed, up to a last bar|
 *	! what is complained about
 *	%width 40		the terminal's, before what is typed
 *
 * Words that tell of what was given to them, and walkers with known addresses, come from a module
 * of our own. With --actual the table is written with what was really said, for who writes a case.
 */
#include <ctype.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fakekernel.h"
#include "shell/helper/helper.h"
#include "shell/run/inside.h"
#include "test-module.h"

struct test_case {
	char *name;
	struct iq_strbuf input, out, err;
	unsigned width;
};

static void strip_bar(char *line)
{
	size_t len = strlen(line);

	if (len && line[len - 1] == '|')
		line[len - 1] = '\0';
}

/* The next case; false: the table has ended. */
static bool read_case(FILE *f, struct test_case *c, char **next_name)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;

	*c = (struct test_case){ .name = *next_name };
	*next_name = NULL;
	while ((len = getline(&line, &cap, f)) > 0) {
		if (line[len - 1] == '\n')
			line[--len] = '\0';
		if (!strncmp(line, "case ", 5)) {
			if (c->name) {
				*next_name = strdup(line + 5);
				break;
			}
			c->name = strdup(line + 5);
		} else if (*line == '>') {
			iq_strbuf_printf(&c->input, "%s\n", len > 2 ? line + 2 : "");
		} else if (*line == '|') {
			strip_bar(line + 1);
			iq_strbuf_printf(&c->out, "%s\n", line + 1);
		} else if (*line == '!') {
			iq_strbuf_printf(&c->err, "%s\n", line + 2);
		} else if (!strncmp(line, "%width ", 7)) {
			c->width = (unsigned)atoi(line + 7);
		} else if (*line && *line != '#') {
			fprintf(stderr, "what is this? %s\n", line);
			exit(2);
		}
	}
	free(line);
	return c->name != NULL;
}

static void print_lines(const struct iq_strbuf *sb, const char *before, const char *after)
{
	const char *p = iq_strbuf_str(sb), *end;

	for (; *p; p = *end ? end + 1 : end) {
		end = p + strcspn(p, "\n");
		printf("%.*s%.*s%s\n", end == p && *before == '>' ? 1 : (int)strlen(before), before,
		       (int)(end - p), p, after);
	}
}

static void print_case(const struct test_case *c, const struct iq_strbuf *out,
		       const struct iq_strbuf *err)
{
	printf("case %s\n", c->name);
	if (c->width)
		printf("%%width %u\n", c->width);
	print_lines(&c->input, "> ", "");
	print_lines(out, "|", "|");
	print_lines(err, "! ", "");
	printf("\n");
}

/* Where the made kernel's variables lie is nobody's business. */
static void hide_addresses(struct iq_strbuf *sb)
{
	char *p = sb->str;

	while (p && (p = strstr(p, "ffffffff8"))) {
		if (strspn(p, "0123456789abcdef") == 16)
			memset(p, 'K', 16);
		p++;
	}
}

/* Typed line by line, as somebody types. */
static bool run_case(struct iq_session *s, struct iq_helper *helper, const struct test_case *c,
		     bool actual)
{
	struct iq_strbuf out = IQ_STRBUF_INIT, err = IQ_STRBUF_INIT;
	struct iq_shell *sh = iq_shell_new(s);
	char *input = strdup(iq_strbuf_str(&c->input)), *line = input, *end;
	bool ok = true, same;

	iq_shell_set_helper(sh, helper);
	sh->width = c->width;
	while ((end = strchr(line, '\n')) && !iq_shell_quits(sh, NULL)) {
		*end = '\0';
		ok &= iq_shell_run_text(sh, line, &out, &err);
		line = end + 1;
	}
	free(input);
	iq_shell_free(sh);
	hide_addresses(&out);
	hide_addresses(&err);
	same = !strcmp(iq_strbuf_str(&out), iq_strbuf_str(&c->out)) &&
	       !strcmp(iq_strbuf_str(&err), iq_strbuf_str(&c->err));
	if (actual) {
		print_case(c, &out, &err);
	} else if (!same) {
		printf("---- expected:\n");
		print_case(c, &c->out, &c->err);
		printf("---- got:\n");
		print_case(c, &out, &err);
	} else if (ok != !err.len) {
		printf("%s: complaints and status do not agree\n", c->name);
		same = false;
	}
	iq_strbuf_deinit(&out);
	iq_strbuf_deinit(&err);
	return same;
}

static void free_case(struct test_case *c)
{
	free(c->name);
	iq_strbuf_deinit(&c->input);
	iq_strbuf_deinit(&c->out);
	iq_strbuf_deinit(&c->err);
}

/* A folder for files that a case reads or writes; the cases stand in it. */
static char folder[] = "/tmp/inquest-language-XXXXXX";

static void make_folder(void)
{
	FILE *f;

	if (!mkdtemp(folder) || chdir(folder) < 0)
		exit(2);
	f = fopen("macro", "w");
	fprintf(f, "::echo in the macro at\n.=X\n<9=D\n");
	fclose(f);
	f = fopen("forever", "w");
	fprintf(f, "$<<./forever\n");
	fclose(f);
	setenv("SHELL", "/bin/sh", 1);
	setenv("HOME", folder, 1);
}

static void remove_folder(void)
{
	static const char *const names[] = { "macro", "log", "forever" };

	for (size_t i = 0; i < IQ_ARRAY_SIZE(names); i++)
		unlink(names[i]);
	if (chdir("/") < 0 || rmdir(folder) < 0)
		fprintf(stderr, "%s is left\n", folder);
}

int main(int argc, char **argv)
{
	bool actual = argc > 2 && !strcmp(argv[2], "--actual");
	unsigned num = 0, failed = 0;
	struct iq_helper *helper;
	struct fakekernel *k;
	struct iq_session *s;
	struct test_case c;
	char *next = NULL;
	FILE *f = argc > 1 ? fopen(argv[1], "r") : NULL;

	if (!f)
		return 2;
	make_folder();
	helper = iq_helper_start();
	k = fakekernel_new(FK_NEW);
	test_module_memory(k);
	s = fk_open(k);
	iq_rooms_add(&s->rooms, &test_module);
	while (read_case(f, &c, &next)) {
		num++;
		failed += !run_case(s, helper, &c, actual) && !actual;
		free_case(&c);
	}
	fclose(f);
	fakekernel_free(k);
	iq_helper_free(helper);
	remove_folder();
	if (!actual)
		printf("%u cases, %u failed\n", num, failed);
	return failed || !num;
}
