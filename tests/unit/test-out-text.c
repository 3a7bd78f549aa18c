/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test.h"

#include "out/table.h"
#include "out/text.h"

#define assert_made(expected, call)                                                                \
	do {                                                                                       \
		_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;                  \
		call;                                                                              \
		assert_string_equal(iq_strbuf_str(&sb), expected);                                 \
	} while (0)

/* ---- cleaning ---- */

static void what_is_text_stays(void **state)
{
	(void)state;
	assert_made("plain", iq_text_clean(&sb, "plain"));
	assert_made("caf\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x90\xa7",
		    iq_text_clean(&sb, "caf\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x90\xa7"));
	assert_made("", iq_text_clean(&sb, ""));
	assert_made("a\\x2db", iq_text_clean(&sb, "a\\x2db"));
}

static void what_steers_a_terminal_is_shown_as_bytes(void **state)
{
	(void)state;
	assert_made("\\x1b[31mred\\x07\\x0a\\x09\\x7f",
		    iq_text_clean(&sb, "\033[31mred\a\n\t\177"));
	assert_made("\\xc2\\x9b1m", iq_text_clean(&sb, "\xc2\x9b"
						       "1m"));
	assert_made("\\xe2\\x80\\xaetxt", iq_text_clean(&sb, "\xe2\x80\xaetxt"));
	assert_made("a\\x00b", iq_text_clean_n(&sb, "a\0b", 3));
}

static void what_is_no_character_is_shown_as_bytes(void **state)
{
	static const char *const bad[][2] = {
		{ "\xff", "\\xff" },
		{ "\xc3", "\\xc3" },
		{ "\xc3(", "\\xc3(" },
		{ "\xe2\x82", "\\xe2\\x82" },
		{ "\xc0\x80", "\\xc0\\x80" },
		{ "\xe0\x80\x80", "\\xe0\\x80\\x80" },
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },
		{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" },
		{ "\x80", "\\x80" },
	};

	(void)state;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(bad); i++) {
		assert_false(iq_text_is_clean(bad[i][0], strlen(bad[i][0])));
		assert_made(bad[i][1], iq_text_clean(&sb, bad[i][0]));
	}
}

/* ---- width and wrapping ---- */

static void width_is_that_of_the_screen(void **state)
{
	(void)state;
	assert_int_equal(iq_text_width("caf\xc3\xa9"), 4);
	assert_int_equal(iq_text_width("cafe\xcc\x81"), 4);
	assert_int_equal(iq_text_width("\xe6\x97\xa5\xe6\x9c\xac"), 4);
	assert_int_equal(iq_text_fit("\xe6\x97\xa5\xe6\x9c\xac", 3), 3);
	assert_int_equal(iq_text_fit("abc", 2), 2);
	assert_int_equal(iq_text_fit("abc", 9), 3);
}

static void lines_are_broken_at_blanks(void **state)
{
	(void)state;
	assert_made("- one two\n  three\n  four\n",
		    iq_text_wrap(&sb, "one two  three four", "- ", 2, 10));
	assert_made("a word-that-is-too-long\nb\n",
		    iq_text_wrap(&sb, "word-that-is-too-long b", "a ", 0, 10));
	assert_made("one two three\n", iq_text_wrap(&sb, "one two three", "", 0, 0));
	assert_made("\n", iq_text_wrap(&sb, "", "", 0, 10));
}

static void a_command_in_backquotes_is_not_broken(void **state)
{
	(void)state;
	assert_made("run\n`fsfreeze -u /data`\nnow\n",
		    iq_text_wrap(&sb, "run `fsfreeze -u /data` now", "", 0, 22));
	assert_made("an odd `one\nis no quote\n",
		    iq_text_wrap(&sb, "an odd `one is no quote", "", 0, 12));
}

static void durations_and_sizes_are_said_in_words(void **state)
{
	(void)state;
	assert_made("0.4 s", iq_text_duration(&sb, 499));
	assert_made("93 s", iq_text_duration(&sb, 93900));
	assert_made("4 min 10 s", iq_text_duration(&sb, 250000));
	assert_made("2 h 3 min", iq_text_duration(&sb, 7380000));
	assert_made("1 day 0 h", iq_text_duration(&sb, 86400000));
	assert_made("3 days 4 h", iq_text_duration(&sb, 273600000));
	assert_made("an unknown time", iq_text_duration(&sb, -1));
	assert_made("1 byte", iq_text_size(&sb, 1));
	assert_made("5.2 MiB", iq_text_size(&sb, 5452595));
	assert_made("16.0 EiB", iq_text_size(&sb, UINT64_MAX));
	assert_made("1.0 GiB", iq_text_size(&sb, 1073741823));
	assert_made("\033[1mx\033[0m", iq_text_color(&sb, true, IQ_BOLD, "x"));
	assert_made("x", iq_text_color(&sb, false, IQ_BOLD, "x"));
}

/* ---- tables ---- */

static struct iq_table *some_tasks(void)
{
	static const struct iq_column columns[] = {
		{ "user", "USER", .max = 8 }, { "pid", "PID", .right = true, .min = 5 },
		{ "task", "TASK" },	      { "frames", NULL, .json_only = true },
		{ "comm", "COMMAND" },	      { 0 },
	};
	struct iq_table *t = iq_table_new(columns);

	iq_table_row(t, (struct iq_cell[]){ { IQ_CELL_STR, .str = "root" },
					    { IQ_CELL_I64, .i64 = 4711 },
					    { IQ_CELL_ADDR, .u64 = 0xffff888003a1c0c0 },
					    { IQ_CELL_NULL, .json = json_pack("[s]", "schedule") },
					    { IQ_CELL_STR, .str = "ps\033[2J -ef" },
					    { IQ_CELL_END } });
	iq_table_row(t, (struct iq_cell[]){ { IQ_CELL_STR, .str = "systemd-network" },
					    { IQ_CELL_U64, .u64 = 1, .text = "one" },
					    { IQ_CELL_UNREADABLE },
					    { IQ_CELL_NULL },
					    { IQ_CELL_STR, .str = "init  " },
					    { IQ_CELL_END } });
	iq_table_row(t, (struct iq_cell[]){
				{ IQ_CELL_NULL }, { IQ_CELL_I64, .i64 = 2 }, { IQ_CELL_END } });
	return t;
}

static void a_table_prints_as_text(void **state)
{
	struct iq_table *t = some_tasks();

	(void)state;
	assert_made("USER       PID TASK               COMMAND\n"
		    "root      4711 0xffff888003a1c0c0 ps\\x1b[2J -ef\n"
		    "systemd+   one ??                 init\n"
		    "-            2 -                  -\n",
		    iq_table_text(t, &(struct iq_table_style){ 0 }, &sb));
	assert_made("USER       PID TASK               COMMAND\n"
		    "root      4711 0xffff888003a1c0c0 ps\\x1b[\n"
		    "systemd+   one ??                 init\n"
		    "-            2 -                  -\n",
		    iq_table_text(t, &(struct iq_table_style){ .width = 41 }, &sb));
	assert_made("root      4711 0xffff888003a1c0c0 ps\\x1b[2J -ef\n"
		    "systemd+   one ??                 init\n"
		    "-            2 -                  -\n",
		    iq_table_text(t, &(struct iq_table_style){ .no_header = true }, &sb));
	iq_table_free(t);
}

static void a_table_prints_as_json(void **state)
{
	struct iq_table *t = some_tasks();
	json_t *json = iq_table_json(t, "inquest.ps/1");
	_cleanup_free_ char *text = json_dumps(json, JSON_COMPACT);

	(void)state;
	assert_string_equal(
		text, "{\"schema\":\"inquest.ps/1\",\"rows\":["
		      "{\"user\":\"root\",\"pid\":4711,\"task\":\"0xffff888003a1c0c0\",\"frames\":["
		      "\"schedule\"],"
		      "\"comm\":\"ps\\\\x1b[2J -ef\"},"
		      "{\"user\":\"systemd-network\",\"pid\":1,\"task\":null,\"frames\":null,"
		      "\"comm\":\"init  \"},"
		      "{\"user\":null,\"pid\":2,\"task\":null,\"frames\":null,\"comm\":null}]}");
	json_decref(json);
	iq_table_free(t);
}

static void rows_are_sorted_by_a_column(void **state)
{
	static const struct iq_column columns[] = { { "n" }, { "s" }, { 0 } };
	static const struct iq_table_style bare = { .no_header = true };
	struct iq_table *t = iq_table_new(columns);

	(void)state;
	for (int i = 0; i < 5; i++)
		iq_table_row(t, (struct iq_cell[]){
					{ i == 2 ? IQ_CELL_UNREADABLE : IQ_CELL_I64, .i64 = i % 2 },
					{ IQ_CELL_STR, .str = &"edcba"[i] },
					{ IQ_CELL_END } });
	assert_true(iq_table_sort(t, "n", true));
	assert_made("1  dcba\n1  ba\n0  edcba\n0  a\n?? cba\n", iq_table_text(t, &bare, &sb));
	assert_true(iq_table_sort(t, "s", false));
	assert_made("0  a\n1  ba\n?? cba\n1  dcba\n0  edcba\n", iq_table_text(t, &bare, &sb));
	assert_false(iq_table_sort(t, "x", false));
	assert_int_equal(iq_table_num_rows(t), 5);
	iq_table_free(t);
}

static void an_empty_table_has_its_header(void **state)
{
	static const struct iq_column columns[] = { { "pid", "PID", .right = true },
						    { "c", "C" },
						    { 0 } };
	struct iq_table *t = iq_table_new(columns);

	(void)state;
	assert_made("PID C\n", iq_table_text(t, &(struct iq_table_style){ 0 }, &sb));
	iq_table_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_text_stays),
		cmocka_unit_test(what_steers_a_terminal_is_shown_as_bytes),
		cmocka_unit_test(what_is_no_character_is_shown_as_bytes),
		cmocka_unit_test(width_is_that_of_the_screen),
		cmocka_unit_test(lines_are_broken_at_blanks),
		cmocka_unit_test(a_command_in_backquotes_is_not_broken),
		cmocka_unit_test(durations_and_sizes_are_said_in_words),
		cmocka_unit_test(a_table_prints_as_text),
		cmocka_unit_test(a_table_prints_as_json),
		cmocka_unit_test(rows_are_sorted_by_a_column),
		cmocka_unit_test(an_empty_table_has_its_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
