/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The shell around the language: commands that crash, the helper, files that hang */
#include "test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "inquest/dcmd.h"
#include "shell/helper/helper.h"
#include "shell/run/inside.h"

/* ---- commands that crash ---- */

static struct iq_error *cmd_crash(struct iq_cmd *cmd)
{
	volatile int *nowhere = (int *)(uintptr_t)(cmd->addr & 0xf);

	*nowhere = 1;
	return NULL;
}

static volatile int always = 1;

static int deeper(volatile char *up)
{
	volatile char room[4096];

	room[0] = up ? *up : 0;
	return always ? deeper(room) + room[0] : 0;
}

static struct iq_error *cmd_overflow(struct iq_cmd *cmd)
{
	(void)cmd;
	return deeper(NULL) ? NULL : iq_error_new(IQ_ERR_INVALID, "what?");
}

static const struct iq_dcmd dcmds[] = {
	{ "crash", "?", "write to nowhere", NULL, NULL, cmd_crash },
	{ "overflow", "?", "use up the stack", NULL, NULL, cmd_overflow },
	{ 0 },
};

static const struct iq_module module = {
	.api = IQ_MODULE_API,
	.name = "crashes",
	.summary = "what crashes",
	.dcmds = dcmds,
};

static void assert_says(const char *text, const char *out, const char *err)
{
	struct iq_shell *sh = iq_shell_new(NULL);
	struct iq_strbuf o = IQ_STRBUF_INIT, e = IQ_STRBUF_INIT;

	iq_rooms_add(sh->rooms, &module);
	iq_shell_survive_faults(sh);
	assert_int_equal(iq_shell_run_text(sh, text, &o, &e), !*err);
	assert_string_equal(iq_strbuf_str(&o), out);
	assert_string_equal(iq_strbuf_str(&e), err);
	iq_strbuf_deinit(&o);
	iq_strbuf_deinit(&e);
	iq_shell_free(sh);
}

#define CRASHED "the command crashed (memory fault); the session goes on\n"

static void a_command_that_crashes_is_an_error_of_that_command(void **state)
{
	(void)state;
#ifdef __SANITIZE_ADDRESS__
	skip();
#endif
	assert_says("::echo a\n::crash\n::echo b", "a\nb\n", "inquest: ::crash: " CRASHED);
	assert_says("::overflow; ::echo b", "b\n", "inquest: ::overflow: " CRASHED);
}

static void a_crash_within_another_command_is_the_inner_ones(void **state)
{
	(void)state;
#ifdef __SANITIZE_ADDRESS__
	skip();
#endif
	assert_says("::eval '::crash; ::echo b'; ::echo c", "b\nc\n", "inquest: ::crash: " CRASHED);
	assert_says("1 | ::crash | ::echo b", "", "inquest: ::crash: " CRASHED);
}

static void without_a_target_there_is_still_a_language(void **state)
{
	(void)state;
	assert_says("1+1=X", "                2               \n", "");
	assert_says("1/X", "", "inquest: cannot read memory at 0x1\n");
	assert_says("x=X", "", "inquest: there is no symbol x\n");
	assert_says("::status", "debugger has no target\n", "");
}

static void without_a_helper_there_are_neither_files_nor_commands(void **state)
{
	static const char err[] = "there is no helper process: neither files nor shell commands\n";
	char text[200];

	(void)state;
	snprintf(text, sizeof(text), "inquest: %s", err);
	assert_says("! echo hello", "", text);
	snprintf(text, sizeof(text), "inquest: ::cat: %s", err);
	assert_says("::cat /dev/null", "", text);
}

/* ---- the helper ---- */

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void large_inputs_and_outputs_go_through_the_helper(void **state)
{
	struct iq_helper *h = iq_helper_start();
	struct iq_strbuf in = IQ_STRBUF_INIT, out = IQ_STRBUF_INIT;

	(void)state;
	for (unsigned i = 0; in.len < 5000000; i++)
		iq_strbuf_printf(&in, "%u\n", i);
	assert_ok(iq_helper_command(h, "cat; cat", in.str, in.len, &out));
	assert_int_equal(in.len, out.len);
	assert_memory_equal(in.str, out.str, in.len);
	/* A command that does not read. */
	out.len = 0;
	assert_ok(iq_helper_command(h, "echo no", in.str, in.len, &out));
	assert_string_equal(out.str, "no\n");
	iq_strbuf_deinit(&in);
	iq_strbuf_deinit(&out);
	iq_helper_free(h);
}

static void a_file_that_hangs_does_not_hang_the_debugger(void **state)
{
	char folder[] = "/tmp/inquest-shell-XXXXXX", path[100];
	struct iq_helper *h = iq_helper_start();
	struct iq_strbuf out = IQ_STRBUF_INIT;
	struct iq_error *err;
	double start = now();

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/fifo", folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	err = iq_helper_read_file(h, path, &out);
	assert_non_null(err);
	assert_int_equal(err->code, IQ_ERR_TIMEOUT);
	iq_error_free(err);
	assert_true(now() - start < 30);
	/* And the next one is served. */
	assert_ok(iq_helper_command(h, "echo yes", NULL, 0, &out));
	assert_string_equal(iq_strbuf_str(&out), "yes\n");
	iq_strbuf_deinit(&out);
	iq_helper_free(h);
	unlink(path);
	rmdir(folder);
}

static void files_are_written_and_read_again(void **state)
{
	char path[] = "/tmp/inquest-shell-XXXXXX";
	struct iq_helper *h = iq_helper_start();
	struct iq_strbuf out = IQ_STRBUF_INIT;
	struct iq_error *err;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	assert_ok(iq_helper_write_file(h, path, true, "one\n", 4));
	assert_ok(iq_helper_write_file(h, path, false, "two\n", 4));
	assert_ok(iq_helper_read_file(h, path, &out));
	assert_string_equal(out.str, "one\ntwo\n");
	unlink(path);
	err = iq_helper_read_file(h, path, &out);
	assert_true(iq_error_catch(&err, IQ_ERR_NOTFOUND));
	iq_strbuf_deinit(&out);
	iq_helper_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_command_that_crashes_is_an_error_of_that_command),
		cmocka_unit_test(a_crash_within_another_command_is_the_inner_ones),
		cmocka_unit_test(without_a_target_there_is_still_a_language),
		cmocka_unit_test(without_a_helper_there_are_neither_files_nor_commands),
		cmocka_unit_test(large_inputs_and_outputs_go_through_the_helper),
		cmocka_unit_test(a_file_that_hangs_does_not_hang_the_debugger),
		cmocka_unit_test(files_are_written_and_read_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
