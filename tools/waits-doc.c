/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * docs/waits.md, out of the rooms' tables
 *
 * Prints the page on standard output; with a file's name it compares the page with that file
 * and says how to bring it up to date. What a rule says of itself is
 * said in its row and nowhere else.
 */
#include <stdio.h>

#include "inquest/module.h"
#include "inquest/names.h"

static void add_list(struct iq_strbuf *page, const char *label, const char *const *words,
		     const char *quote)
{
	if (!words || !words[0])
		return;
	iq_strbuf_printf(page, "- %s: ", label);
	for (size_t i = 0; words[i]; i++)
		iq_strbuf_printf(page, "%s%s%s%s", i ? ", " : "", quote, words[i], quote);
	iq_strbuf_addc(page, '\n');
}

static void add_wait_rule(struct iq_strbuf *page, const struct iq_wait_rule *rule)
{
	iq_strbuf_printf(page, "\n### %s\n\nExplains: %s.\n\n", rule->name, rule->summary);
	if (rule->reads && *rule->reads)
		iq_strbuf_printf(page, "- reads: %s\n", rule->reads);
	iq_strbuf_printf(page, "- certainty: %s at best\n", iq_certainty_name(rule->certainty));
	iq_strbuf_printf(page, "- seen on: %s\n",
			 rule->seen && *rule->seen ? rule->seen : "no real kernel is noted yet");
	add_list(page, "asked for tasks in", rule->functions, "`");
	add_list(page, "idle where the kernel has no", rule->needs_types, "`");
}

static void add_object_rules(struct iq_strbuf *page, const struct iq_module *m)
{
	if (!m->object_rules || !m->object_rules[0].name)
		return;
	iq_strbuf_adds(page, "\nWhat it says of things that tasks wait for:\n\n");
	for (const struct iq_object_rule *r = m->object_rules; r->name; r++)
		iq_strbuf_printf(page, "- %s (of a %s): %s\n", r->name,
				 iq_object_type_name(r->type), r->summary);
}

static void add_row(struct iq_strbuf *page, const struct iq_holder *row)
{
	const char *const *f = row->functions;

	iq_strbuf_printf(page, "- `%s%s%s`, for %s: who is in ",
			 row->symbol ? row->symbol : row->container,
			 row->symbol ? "" : "::", row->symbol ? "" : row->member,
			 row->mode == IQ_HOLD_READ ? "read" : "write");
	for (size_t i = 0; f && f[i]; i++)
		iq_strbuf_printf(page, "%s`%s`", i ? ", " : "", f[i]);
	if (row->module)
		iq_strbuf_printf(page, "%sthe module `%s`", f ? ", or in " : "", row->module);
	iq_strbuf_addc(page, '\n');
}

static void add_holders(struct iq_strbuf *page, const struct iq_module *m)
{
	bool rules = m->holder_rules && m->holder_rules[0].name;

	if (!rules && !m->holders)
		return;
	iq_strbuf_adds(page, "\nHolders that it finds where the lock does not record them:\n\n");
	for (const struct iq_holder_rule *r = m->holder_rules; rules && r->name; r++)
		iq_strbuf_printf(page, "- %s (of a `%s`): %s\n", r->name, r->lock_type, r->summary);
	for (const struct iq_holder *row = m->holders; row && (row->functions || row->module);
	     row++)
		add_row(page, row);
}

static void add_room(struct iq_strbuf *page, const struct iq_module *m)
{
	iq_strbuf_printf(page, "\n## %s: %s\n", m->name, m->summary);
	add_list(page, "idle where the kernel has no", m->needs_types, "`");
	for (const struct iq_wait_rule *r = m->wait_rules; r && r->name; r++)
		add_wait_rule(page, r);
	add_object_rules(page, m);
	add_holders(page, m);
}

static void add_page(struct iq_strbuf *page)
{
	iq_strbuf_adds(
		page,
		"<!-- Made from the tables in modules/ by `ninja -C build docs-waits`. -->\n"
		"# The waits that inquest explains\n\n"
		"Each room of `modules/` lists the rules that it has. A rule is asked about a "
		"sleeping task that has one of its functions\non the stack, the innermost first. "
		"A task that no rule explains waits at a place in the kernel, and the answer "
		"says so.\n");
	for (const struct iq_module *const *m = iq_all_rooms; *m; m++)
		add_room(page, *m);
}

/* The file's text is the page's? */
static bool is_same(const struct iq_strbuf *page, const char *path)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf text = IQ_STRBUF_INIT;
	char buf[65536];
	size_t len;
	FILE *file;

	file = fopen(path, "r");
	if (!file)
		return false;
	while ((len = fread(buf, 1, sizeof(buf), file)) > 0)
		iq_strbuf_add(&text, buf, len);
	fclose(file);
	return !strcmp(iq_strbuf_str(&text), iq_strbuf_str(page));
}

int main(int argc, char **argv)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf page = IQ_STRBUF_INIT;

	add_page(&page);
	if (argc == 1) {
		fputs(iq_strbuf_str(&page), stdout);
		return 0;
	}
	if (is_same(&page, argv[1]))
		return 0;
	fprintf(stderr,
		"%s does not say what the rooms' tables say: run `ninja -C BUILD docs-waits`\n",
		argv[1]);
	return 1;
}
