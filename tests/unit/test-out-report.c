/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reports and their text. With a folder in INQUEST_TEST_REPORTS the reports are written there,
 * for tests/check-report.py.
 */
#include "test.h"

#include "graph-made.h"
#include "out/report.h"
#include "out/why-text.h"

static json_t *report_of(struct iq_graph *g, const char *name, const iq_texts *notes,
			 struct iq_object *asked)
{
	struct iq_asked about = { .num_pids = asked ? 1 : 0 };
	struct iq_report_meta meta = {
		.version = "0.1.0",
		.taken_at_ns = 1795424400123000000,
		.host = "milkyway1",
		.kernel = "6.1.0-50-cloud-amd64",
		.arch = "x86_64",
		.uptime_s = 4711.2,
		.source_kind = "kcore",
		.source_path = "/proc/kcore",
		.stats = { .tasks = 123,
			   .waiting = 45,
			   .elapsed_us = 23000,
			   .bytes_read = 5242880 },
		.longer_than_s = 1,
		.notes = notes,
		.asked = &about,
	};
	struct iq_causes *causes;
	json_t *report;
	const char *folder = getenv("INQUEST_TEST_REPORTS");

	iq_graph_settle(g);
	if (asked)
		iq_vec_push(&about.tasks, asked);
	causes = iq_graph_causes(g, &about);
	iq_causes_say(g, causes);
	report = iq_report_json(&meta, g, causes);
	iq_vec_free(&about.tasks);

	if (folder) {
		_cleanup_(iq_strbuf_deinit) struct iq_strbuf path = IQ_STRBUF_INIT;
		_cleanup_free_ char *text = iq_report_dump(report);
		FILE *f;

		iq_strbuf_printf(&path, "%s/%s.json", folder, name);
		f = fopen(path.str, "w");
		assert_non_null(f);
		fputs(text, f);
		fclose(f);
	}
	return report;
}

static const json_t *at(const json_t *json, const char *path)
{
	_cleanup_free_ char *copy = iq_xstrdup(path);
	char *save = NULL;

	for (char *p = strtok_r(copy, ".", &save); p && json; p = strtok_r(NULL, ".", &save))
		json = *p >= '0' && *p <= '9' ? json_array_get(json, strtoul(p, NULL, 10))
					      : json_object_get(json, p);
	return json;
}

#define assert_at(json, path, expected)                                                            \
	do {                                                                                       \
		_cleanup_free_ char *_is = json_dumps(                                             \
			at(json, path), JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(12)); \
		assert_non_null(_is);                                                              \
		assert_string_equal(_is, expected);                                                \
	} while (0)

static void assert_text(const json_t *report, const struct iq_why_style *style,
			const char *expected)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;

	iq_why_text(&sb, report, style);
	if (getenv("INQUEST_SHOW"))
		fputs(iq_strbuf_str(&sb), stderr);
	assert_string_equal(iq_strbuf_str(&sb), expected);
}

static const struct iq_why_style plain;

/* ---- JSON ---- */

static void the_incident_is_reported_field_by_field(void **state)
{
	struct iq_graph *g = iq_graph_new();
	json_t *r;

	(void)state;
	made_incident(g);
	r = report_of(g, "incident", NULL, NULL);
	assert_at(r, "schema", "\"inquest.report/1\"");
	assert_at(r, "tool", "{\"name\":\"inquest\",\"version\":\"0.1.0\"}");
	assert_at(r, "taken_at", "\"2026-11-23T09:00:00.123Z\"");
	assert_at(r, "host",
		  "{\"name\":\"milkyway1\",\"kernel\":\"6.1.0-50-cloud-amd64\",\"arch\":\"x86_64\","
		  "\"uptime_s\":4711.2}");
	assert_at(r, "source", "{\"kind\":\"kcore\",\"path\":\"/proc/kcore\"}");
	assert_at(r, "causes.0.rank", "1");
	assert_at(r, "causes.0.kind", "\"fs.frozen\"");
	assert_at(r, "causes.0.root",
		  "{\"id\":\"fs:254:16\",\"type\":\"filesystem\",\"name\":\"ext4 on /dev/vdb\","
		  "\"fstype\":\"ext4\",\"device\":\"/dev/vdb\",\"mount\":\"/data\",\"frozen\":true,"
		  "\"used_pct\":null}");
	assert_at(r, "causes.0.certainty", "\"strong\"");
	assert_at(r, "causes.0.oldest_ms", "93000");
	assert_at(r, "causes.0.blocked", "{\"count\":4,\"tids\":[313,314,4711,4720]}");
	assert_at(r, "causes.0.chain.0.id", "\"task:4711\"");
	assert_at(r, "causes.0.chain.5.id", "\"fs:254:16\"");
	assert_int_equal(json_array_size(at(r, "causes.0.chain")), 6);
	assert_at(r, "waits.1.task",
		  "{\"id\":\"task:314\",\"type\":\"task\",\"name\":\"mapper\",\"pid\":312,\"tid\":"
		  "314,"
		  "\"comm\":\"mapper\",\"uid\":0,\"container\":null,\"kthread\":false}");
	assert_at(r, "waits.1.syscall",
		  "{\"nr\":11,\"name\":\"munmap\",\"args\":[\"0x7f12a0000000\",\"0x1000\"],"
		  "\"text\":null}");
	assert_at(r, "waits.1.mode", "\"write\"");
	assert_at(r, "waits.0.syscall", "null");
	assert_at(r, "waits.0.holders", "[]");
	assert_at(r, "waits.2.holders.0.object.id", "\"task:314\"");
	assert_at(r, "waits.2.stack.0",
		  "{\"function\":\"rwsem_down_read_slowpath\",\"offset\":661,\"address\":"
		  "\"0xffffffff81a0c315\",\"module\":null}");
	json_decref(r);
	iq_graph_free(g);
}

static void what_is_not_known_is_null_or_its_default(void **state)
{
	struct iq_graph *g = iq_graph_new();
	struct iq_object *gone = iq_graph_task(g, 99);
	struct iq_object *l = iq_graph_object(g, IQ_OBJ_LOCK, "lock:0xffff888000000000");
	struct iq_report_meta meta = { .uptime_s = -1, .longer_than_s = -1 };
	json_t *r;

	(void)state;
	iq_object_verdict(g, gone, IQ_CAUSE_TASK_GONE, IQ_PROVEN, "gone");
	made_wait(g, made_task(g, 1, "a"), l, IQ_WAIT_LOCK, -1);
	iq_graph_edge(g, iq_graph_find(g, "task:1"), gone, l, IQ_EDGE_OWNER, IQ_PROVEN, "held it");
	iq_graph_object(g, IQ_OBJ_DAEMON, "daemon:fuse:41");
	r = iq_report_json(&meta, g, made_causes(g));
	assert_at(r, "taken_at", "null");
	assert_at(r, "host.uptime_s", "null");
	assert_at(r, "source.path", "\"\"");
	assert_at(r, "waits.0.waited_ms", "null");
	assert_at(r, "causes.0.oldest_ms", "null");
	assert_at(r, "waits.0.on",
		  "{\"id\":\"lock:0xffff888000000000\",\"type\":\"lock\",\"name\":"
		  "\"0xffff888000000000\",\"class\":\"unknown\"}");
	assert_at(r, "causes.0.root",
		  "{\"id\":\"task:99\",\"type\":\"task\",\"name\":\"task:99\",\"pid\":null,\"tid\":"
		  "99,"
		  "\"comm\":null,\"uid\":null,\"container\":null,\"kthread\":false}");
	json_decref(r);
	iq_graph_free(g);
}

static void things_between_are_among_the_holders(void **state)
{
	struct iq_graph *g = iq_graph_new();
	struct iq_object *fs = iq_graph_object(g, IQ_OBJ_FILESYSTEM, "fs:254:0");
	struct iq_object *dm = iq_graph_object(g, IQ_OBJ_DEVICE, "dev:dm-0");
	struct iq_object *disk = iq_graph_object(g, IQ_OBJ_DEVICE, "dev:vdb");
	json_t *r;

	(void)state;
	iq_object_name(g, fs, "xfs on /dev/vg/home");
	iq_object_verdict(g, disk, IQ_CAUSE_IO_STALLED, IQ_PROVEN,
			  "vdb has not answered 3 requests for 93 s");
	iq_graph_edge(g, fs, dm, NULL, IQ_EDGE_SERVES, IQ_PROVEN, "the filesystem is on it");
	iq_graph_edge(g, dm, disk, NULL, IQ_EDGE_SERVES, IQ_STRONG, "lies under it");
	made_wait(g, made_task(g, 1, "a"), fs, IQ_WAIT_SLEEP, 5000);
	r = report_of(g, "things", NULL, NULL);
	assert_int_equal(json_array_size(at(r, "waits.0.holders")), 2);
	assert_at(r, "waits.0.holders.0.object.id", "\"dev:dm-0\"");
	assert_at(r, "waits.0.holders.1.object.id", "\"dev:vdb\"");
	assert_text(r, &plain,
		    "milkyway1, Linux 6.1.0-50-cloud-amd64, up 1 h 18 min; oldest wait: 5.0 s\n"
		    "\n"
		    "vdb has not answered 3 requests for 93 s\n"
		    "   This is as good as sure: at one step a search left one candidate.\n"
		    "\n"
		    "   1 task waits for it, for 5.0 s: a (1)\n"
		    "\n"
		    "   How it comes about\n"
		    "    1. a (1) waits for xfs on /dev/vg/home, for 5.0 s\n"
		    "    2. dm-0: the filesystem is on it\n"
		    "    3. vdb has not answered 3 requests for 93 s\n"
		    "\n"
		    "   What to do\n"
		    "    1. look at vdb: what it says in the kernel log (dmesg)\n"
		    "    2. before you reboot, keep what helps to find the reason: the output of\n"
		    "       `inquest why --json`, and a memory dump if you can take one\n"
		    "\n"
		    "   What this rests on\n"
		    "     - a (1) is in state D for 5.0 s, waiting for xfs on /dev/vg/home\n");
	json_decref(r);
	iq_graph_free(g);
}

static void nasty_names_become_harmless(void **state)
{
	static const char nasty[] = "\033[2Jx\xff\xc3(\xe2\x80\xae\x9b"
				    "1m\n\xed\xa0\x80";
	struct iq_graph *g = iq_graph_new();
	struct iq_object *a = made_task(g, 1, nasty), *b = made_task(g, 2, "caf\xc3\xa9");
	struct iq_object *c1 = iq_graph_object(g, IQ_OBJ_CGROUP, "cgroup:/a\xff");
	struct iq_object *c2 = iq_graph_object(g, IQ_OBJ_CGROUP, "cgroup:/a\\xff");
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;
	json_t *r;

	(void)state;
	iq_object_verdict(g, c1, IQ_CAUSE_TASK_FROZEN, IQ_PROVEN, "%s is frozen", nasty);
	iq_object_verdict(g, c2, IQ_CAUSE_TASK_FROZEN, IQ_PROVEN, "frozen");
	made_wait(g, a, c1, IQ_WAIT_SLEEP, 5000);
	made_wait(g, b, c2, IQ_WAIT_SLEEP, 4000);
	r = report_of(g, "nasty", NULL, NULL);
	assert_at(r, "waits.0.task.comm",
		  "\"\\\\x1b[2Jx\\\\xff\\\\xc3("
		  "\\\\xe2\\\\x80\\\\xae\\\\x9b1m\\\\x0a\\\\xed\\\\xa0\\\\x80\"");
	assert_at(r, "waits.1.task.comm", "\"caf\xc3\xa9\"");
	assert_string_not_equal(json_string_value(at(r, "causes.0.root.id")),
				json_string_value(at(r, "causes.1.root.id")));
	iq_why_text(&sb, r, &plain);
	for (size_t i = 0; i < sb.len; i++)
		assert_true((unsigned char)sb.str[i] >= ' ' || sb.str[i] == '\n');
	json_decref(r);
	iq_graph_free(g);
}

/* ---- text ---- */

static const char incident_text[] =
	"milkyway1, Linux 6.1.0-50-cloud-amd64, up 1 h 18 min; oldest wait: 93 s\n"
	"\n"
	"ext4 on /dev/vdb, mounted at /data, is frozen\n"
	"   This is as good as sure: at one step a search left one candidate.\n"
	"\n"
	"   4 tasks wait for it, the oldest for 93 s: 2 mapper (313, 314), 2 ps (4711,\n"
	"   4720)\n"
	"\n"
	"   How it comes about\n"
	"    1. ps (4711) waits to read mmap_lock of process 312 (mapper), for 60 s, in\n"
	"       read(6, 0x55d0c0de0000, 2048)\n"
	"    2. mapper (314): stands in front of it in the queue, to write; waits to\n"
	"       write it too, for 92 s, in munmap(0x7f12a0000000, 4096)\n"
	"    3. mapper (313): holds it to read, in a page fault (strong); waits to write\n"
	"       ext4 on /dev/vdb, for 93 s, in a write fault on /data/file\n"
	"    4. ext4 on /dev/vdb, mounted at /data, is frozen\n"
	"\n"
	"   What to do\n"
	"    1. fsfreeze -u /data thaws it; nothing is lost\n"
	"\n"
	"   What this rests on\n"
	"     - super_block.s_writers.frozen is 4 (SB_FREEZE_COMPLETE)\n"
	"     - rwsem_waiter on its stack points to 0xffff888003a1c0d8\n"
	"     - the one reader: handle_mm_fault is on the stack of 313\n"
	"     - waits in sb_start_pagefault for super_block 0xffff888004400000\n"
	"\n"
	"What could not be read\n"
	"- 1 task moved while it was being read\n";

static void the_incident_is_told_from_the_root_to_the_notes(void **state)
{
	struct iq_graph *g = iq_graph_new();
	iq_texts notes = { 0 };
	json_t *r;

	(void)state;
	made_incident(g);
	iq_vec_push(&notes, "1 task moved while it was being read");
	r = report_of(g, "notes", &notes, NULL);
	assert_text(r, &plain, incident_text);
	iq_vec_free(&notes);
	json_decref(r);
	iq_graph_free(g);
}

static void a_saved_report_is_told_alike(void **state)
{
	struct iq_graph *g = iq_graph_new();
	_cleanup_free_ char *text = NULL;
	iq_texts notes = { 0 };
	json_t *r, *again;

	(void)state;
	made_incident(g);
	iq_vec_push(&notes, "1 task moved while it was being read");
	r = report_of(g, "saved", &notes, NULL);
	text = iq_report_dump(r);
	assert_ok(iq_report_load(text, strlen(text), &again));
	assert_true(json_equal(r, again));
	assert_text(again, &plain, incident_text);
	json_decref(again);
	json_decref(r);
	iq_vec_free(&notes);
	iq_graph_free(g);
}

static void what_is_no_report_is_refused(void **state)
{
	static const char *const bad[] = {
		"",	     "{",   "[]", "{}", "{\"schema\": 3}", "{\"schema\": \"inquest.ps/1\"}",
		"\"\033[2J", "null"
	};
	json_t *r;

	(void)state;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(bad); i++)
		assert_err(IQ_ERR_INVALID, iq_report_load(bad[i], strlen(bad[i]), &r));
}

static void a_lying_report_is_refused_and_crashes_nothing(void **state)
{
	static const char *const lies[] = {
		"{\"schema\":\"inquest.report/1\"}",
		"{\"schema\":\"inquest.report/1\",\"causes\":[{}],\"waits\":[{}],\"notes\":[3]}",
		"{\"schema\":\"inquest.report/1\",\"causes\":{\"a\":1},\"waits\":7,\"asked\":[[]]}",
		"{\"schema\":\"inquest.report/1\",\"host\":{\"name\":\"\\u001b[2Jx\"},"
		"\"causes\":[{\"kind\":\"deadlock\",\"chain\":[{\"id\":\"task:1\",\"type\":"
		"\"task\"}],"
		"\"blocked\":{\"tids\":[1,\"2\",null]},\"root\":{\"id\":\"task:1\"}}],"
		"\"waits\":[{\"task\":{\"id\":\"task:1\"},\"on\":{\"id\":\"task:1\"},\"holders\":"
		"[{\"object\":{\"id\":\"task:1\"}},7]}]}",
	};

	(void)state;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(lies); i++) {
		_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;
		struct iq_why_style all = { .all = true, .width = 20 };
		json_t *r;

		if (i)
			assert_err(IQ_ERR_INVALID, iq_report_load(lies[i], strlen(lies[i]), &r));
		r = json_loads(lies[i], 0, NULL);
		assert_non_null(r);
		iq_why_text(&sb, r, &plain);
		iq_why_text(&sb, r, &all);
		assert_null(strchr(iq_strbuf_str(&sb), '\033'));
		json_decref(r);
	}
}

static void nothing_hangs_is_said_in_one_line(void **state)
{
	struct iq_graph *g = iq_graph_new();
	json_t *r = report_of(g, "nothing", NULL, NULL);

	(void)state;
	assert_text(r, &plain,
		    "milkyway1, Linux 6.1.0-50-cloud-amd64, up 1 h 18 min\n"
		    "Nothing hangs: 123 tasks looked at, none has waited longer than 1 s for\n"
		    "something that does not move.\n");
	json_decref(r);
	iq_graph_free(g);
}

static void what_was_not_all_looked_at_is_not_said_to_hang_nowhere(void **state)
{
	struct iq_graph *g = iq_graph_new();
	iq_texts notes = { 0 };
	json_t *r;

	(void)state;
	iq_text_add(g, &notes, "the time was up after 64 of 123 tasks");
	r = report_of(g, "incomplete", &notes, NULL);
	json_object_set_new(r, "complete", json_false());
	assert_text(r, &plain,
		    "milkyway1, Linux 6.1.0-50-cloud-amd64, up 1 h 18 min\n"
		    "Nothing was found to hang, but not everything could be looked at:\n"
		    "\n"
		    "What could not be read\n"
		    "- the time was up after 64 of 123 tasks\n");
	json_decref(r);
	iq_vec_free(&notes);
	iq_graph_free(g);
}

static void a_deadlock_is_told_around(void **state)
{
	struct iq_graph *g = iq_graph_new();
	struct iq_object *a = made_task(g, 10, "mv"), *b = made_task(g, 11, "mkdir");
	struct iq_object *c = made_task(g, 12, "ls");
	json_t *r;

	(void)state;
	made_held(g, a, made_lock(g, 1, "i_rwsem of /data/x"), b, 65000);
	made_held(g, b, made_lock(g, 2, "i_rwsem of /data/y"), a, 64000);
	made_held(g, c, made_lock(g, 1, "i_rwsem of /data/x"), b, 3000);
	r = report_of(g, "deadlock", NULL, NULL);
	assert_text(
		r, &plain,
		"milkyway1, Linux 6.1.0-50-cloud-amd64, up 1 h 18 min; oldest wait: 65 s\n"
		"\n"
		"deadlock of 2 tasks: mv (10) waits for i_rwsem of /data/x held by mkdir (11),\n"
		"mkdir (11) waits for i_rwsem of /data/y held by mv (10)\n"
		"   This is proven: the kernel's own records say it.\n"
		"\n"
		"   3 tasks are in it or behind it, the oldest for 65 s: ls (12), mkdir (11), mv\n"
		"   (10)\n"
		"\n"
		"   The circle\n"
		"    1. mkdir (11) waits for i_rwsem of /data/y, for 64 s\n"
		"    2. mv (10): holds it; waits for i_rwsem of /data/x, for 65 s\n"
		"    3. mkdir (11): holds it, and so it goes round\n"
		"\n"
		"   What to do\n"
		"    1. nothing ends this cycle from outside: its tasks sleep uninterruptibly,\n"
		"       and kill -9 takes effect only when such a sleep ends; it takes a reboot\n"
		"    2. before you reboot, keep what helps to find the reason: the output of\n"
		"       `inquest why --json`, and a memory dump if you can take one\n"
		"\n"
		"   What this rests on\n"
		"     - mkdir (11) is in state D for 64 s, waiting for i_rwsem of /data/y\n"
		"     - mv (10) is in state D for 65 s, waiting for i_rwsem of /data/x\n");
	json_decref(r);
	iq_graph_free(g);
}

static void what_is_unknown_is_said_to_be(void **state)
{
	struct iq_graph *g = iq_graph_new();
	struct iq_object *place = iq_graph_object(g, IQ_OBJ_KERNEL, "kernel:exit_aio");
	struct iq_object *bash = made_task(g, 312, "bash");
	struct iq_wait *w;
	json_t *r;

	(void)state;
	w = made_wait(g, bash, place, IQ_WAIT_SLEEP, 4000000);
	w->certainty = IQ_STRONG;
	iq_vec_push(&w->stack, (struct iq_frame_text){ .function = "exit_aio" });
	iq_vec_push(&w->stack, (struct iq_frame_text){ .function = "mmput" });
	r = report_of(g, "unknown", NULL, NULL);
	assert_text(r, &plain,
		    "milkyway1, Linux 6.1.0-50-cloud-amd64, up 1 h 18 min; oldest wait: 1 h 6 min\n"
		    "\n"
		    "bash (312) sleeps in exit_aio, and nothing that was read says why\n"
		    "   What leads there is as good as sure; what comes after is not known.\n"
		    "\n"
		    "   Nobody else waits for it. It has lasted 1 h 6 min.\n"
		    "\n"
		    "   How it comes about\n"
		    "    1. bash (312) sleeps in exit_aio, for 1 h 6 min\n"
		    "\n"
		    "   What to do\n"
		    "    1. `inquest stack 312` shows where bash (312) is\n"
		    "    2. kill -9 312 does not help as long as this sleep lasts\n"
		    "    3. before you reboot, keep what helps to find the reason: the output of\n"
		    "       `inquest why --json`, and a memory dump if you can take one\n"
		    "\n"
		    "   What this rests on\n"
		    "     - bash (312) is in state D for 4000 s, its stack: exit_aio < mmput\n");
	json_decref(r);
	iq_graph_free(g);
}

static void every_chain_is_told_when_all_are_asked_for(void **state)
{
	struct iq_graph *g = iq_graph_new();
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;
	struct iq_why_style all = { .all = true };
	json_t *r;

	(void)state;
	made_incident(g);
	made_held(g, made_task(g, 5000, "w"), made_lock(g, 7, "pid lock"),
		  iq_graph_find(g, "task:4720"), 3000);
	made_held(g, made_task(g, 5001, "cat"), made_lock(g, 8, "other lock"),
		  iq_graph_find(g, "task:314"), 3000);
	r = report_of(g, "all", NULL, NULL);
	iq_why_text(&sb, r, &all);
	if (getenv("INQUEST_SHOW"))
		fputs(sb.str, stderr);
	assert_non_null(strstr(sb.str, "   The other chains\n"
				       "\n"
				       "    1. ps (4711) waits to read"));
	assert_non_null(strstr(sb.str, "    2. mapper (314): holds it; goes on as above\n"));
	json_decref(r);
	iq_graph_free(g);
}

static void many_are_grouped_by_program(void **state)
{
	struct iq_graph *g = iq_graph_new();
	struct iq_object *l = made_lock(g, 1, "mmap_lock of process 312 (mapper)");
	struct iq_object *holder = made_task(g, 312, "mapper");
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;
	json_t *r;

	(void)state;
	iq_object_verdict(g, holder, IQ_CAUSE_TASK_STOPPED, IQ_PROVEN, "mapper (312) is stopped");
	for (int i = 0; i < 217; i++)
		made_held(g,
			  made_task(g, 1000 + i,
				    i < 200   ? "ps"
				    : i < 212 ? "nginx"
					      : "w"),
			  l, holder, 5000);
	r = report_of(g, "many", NULL, NULL);
	iq_why_text(&sb, r, &plain);
	assert_non_null(strstr(sb.str, "   217 tasks wait for it, the oldest for 5.0 s: 200 ps, "
				       "12 nginx, 5 w (1212,\n   1213, 1214, 1215, 1216)\n"));
	json_decref(r);
	iq_graph_free(g);
}

/* Six programs are named; of those after them it is said how many tasks and how many programs. */
static void programs_beyond_the_named_ones_are_counted(void **state)
{
	static const char *const said[] = { "and 1 of another program",
					    "and 2 of 2 other programs" };

	(void)state;
	for (int more = 1; more <= 2; more++) {
		struct iq_graph *g = iq_graph_new();
		struct iq_object *l = made_lock(g, 1, "mmap_lock of process 312 (mapper)");
		struct iq_object *holder = made_task(g, 312, "mapper");
		_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;
		json_t *r;

		iq_object_verdict(g, holder, IQ_CAUSE_TASK_STOPPED, IQ_PROVEN,
				  "mapper (312) is stopped");
		for (int i = 0; i < 6 + more; i++) {
			char comm[] = { 'p', (char)('a' + i), 0 };

			made_held(g, made_task(g, 1000 + i, comm), l, holder, 5000);
		}
		r = report_of(g, "many", NULL, NULL);
		iq_why_text(&sb, r, &plain);
		if (getenv("INQUEST_SHOW"))
			fputs(sb.str, stderr);
		assert_non_null(strstr(sb.str, said[more - 1]));
		json_decref(r);
		iq_graph_free(g);
	}
}

/* num parents that wait for a child each, which is stopped. */
static void made_vforks(struct iq_graph *g, int num)
{
	for (int i = 0; i < num; i++) {
		struct iq_object *child = made_task(g, 100 + i, "vfork-c");

		iq_object_verdict(g, child, IQ_CAUSE_TASK_STOPPED, IQ_PROVEN,
				  "vfork-c (%d) is stopped", 100 + i);
		made_held(g, made_task(g, 200 + i, "vfork-p"), made_lock(g, (unsigned)i, "a lock"),
			  child, 5000 + i);
	}
}

static void many_alike_are_told_once(void **state)
{
	struct iq_graph *g = iq_graph_new();
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;
	struct iq_why_style all = { .all = true, .width = 200 }, wide = { .width = 200 };
	json_t *r;

	(void)state;
	made_incident(g);
	made_vforks(g, 30);
	r = report_of(g, "alike", NULL, NULL);
	assert_int_equal(json_array_size(at(r, "causes")), 31);
	iq_why_text(&sb, r, &wide);
	/* Thirty wait for them: more than for what comes first in the report. */
	assert_non_null(strstr(sb.str, "\n1. vfork-c (129) is stopped; 29 more are like it: "
				       "vfork-c (128), vfork-c (127), vfork-c (126) and others\n"));
	assert_non_null(
		strstr(sb.str, "   30 tasks wait for them, the oldest for 5.0 s: 30 vfork-p\n"));
	assert_non_null(strstr(sb.str, "\n2. ext4 on /dev/vdb"));
	assert_null(strstr(sb.str, "\n3. "));
	assert_non_null(strstr(sb.str, "\nWhat is alike is told once: --all tells all of each.\n"));
	sb.len = 0;
	iq_why_text(&sb, r, &all);
	assert_non_null(strstr(sb.str, "\n31. vfork-c (100) is stopped\n"));
	assert_null(strstr(sb.str, "like it"));
	json_decref(r);
	iq_graph_free(g);
}

static void two_alike_and_what_differs_are_told_apart(void **state)
{
	struct iq_graph *g = iq_graph_new();
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;
	json_t *r;

	(void)state;
	made_vforks(g, 2);
	/* The same words, but less sure, and at another distance. */
	for (int i = 0; i < 2; i++) {
		struct iq_object *child = made_task(g, 300 + i, "vfork-c");
		struct iq_object *parent = made_task(g, 310 + i, "vfork-p");

		iq_object_verdict(g, child, IQ_CAUSE_TASK_STOPPED, i ? IQ_PROVEN : IQ_LIKELY,
				  "vfork-c (%d) is stopped", 300 + i);
		made_held(g, parent, made_lock(g, (unsigned)(20 + i), "a lock"), child, 4000);
		if (i)
			made_held(g, made_task(g, 320, "ps"), made_lock(g, 30, "a lock"), parent,
				  4000);
	}
	r = report_of(g, "apart", NULL, NULL);
	iq_why_text(&sb, r, &plain);
	assert_null(strstr(sb.str, "like it"));
	assert_non_null(strstr(sb.str, "\n4. "));
	json_decref(r);
	iq_graph_free(g);
}

static void notes_that_differ_in_numbers_are_told_once(void **state)
{
	struct iq_graph *g = iq_graph_new();
	struct iq_why_style wide = { .width = 200 }, all = { .all = true, .width = 200 };
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;
	iq_texts notes = { 0 };
	json_t *r;

	(void)state;
	iq_text_add(g, &notes, "cat (12): cannot read 0xffff888000a0");
	iq_text_add(g, &notes, "2 tasks could not be read");
	iq_text_add(g, &notes, "cat (13): cannot read 0xffff888000bc");
	iq_text_add(g, &notes, "cat (1400): cannot read 0x10");
	r = report_of(g, "notes", &notes, NULL);
	iq_why_text(&sb, r, &wide);
	assert_non_null(strstr(sb.str, "What could not be read\n"
				       "- cat (12): cannot read 0xffff888000a0; and 2 more like it "
				       "(--all shows them)\n"
				       "- 2 tasks could not be read\n"));
	assert_null(strstr(sb.str, "cat (13)"));
	sb.len = 0;
	iq_why_text(&sb, r, &all);
	assert_non_null(strstr(sb.str, "- cat (1400): cannot read 0x10\n"));
	json_decref(r);
	iq_vec_free(&notes);
	iq_graph_free(g);
}

static void a_held_lock_is_named_before_its_holder(void **state)
{
	struct iq_graph *g = iq_graph_new();
	struct iq_object *holder = made_task(g, 300, "backup.sh"),
			 *tool = made_task(g, 301, "tool");
	json_t *r;

	(void)state;
	iq_object_verdict(g, holder, IQ_CAUSE_TASK_SLEEPING, IQ_STRONG,
			  "backup.sh (300) sleeps in clock_nanosleep for a reason of its own");
	made_held(g, made_task(g, 20, "cron"), made_lock(g, 1, "flock of /var/lock/x"), holder,
		  9000);
	made_held(g, made_task(g, 21, "cron"), made_lock(g, 1, "flock of /var/lock/x"), holder,
		  8000);
	/* Who is not held up by a lock has nothing to be named before him. */
	iq_object_verdict(g, tool, IQ_CAUSE_TASK_STOPPED, IQ_PROVEN, "tool (301) is stopped");
	made_wait(g, made_task(g, 22, "sh"), iq_graph_object(g, IQ_OBJ_KERNEL, "kernel:do_wait"),
		  IQ_WAIT_SLEEP, 7000);
	iq_graph_edge(g, iq_graph_find(g, "task:22"), tool, NULL, IQ_EDGE_SERVES, IQ_PROVEN,
		      "is its child");
	r = report_of(g, "held", NULL, NULL);
	assert_at(r, "causes.0.summary",
		  "\"flock of /var/lock/x, held by backup.sh (300), which sleeps in "
		  "clock_nanosleep\"");
	assert_at(r, "causes.1.summary", "\"tool (301) is stopped\"");
	json_decref(r);
	iq_graph_free(g);
}

static void a_holder_of_two_locks_is_said_to_hold_more(void **state)
{
	struct iq_graph *g = iq_graph_new();
	struct iq_object *holder = made_task(g, 300, "owner");
	json_t *r;

	(void)state;
	iq_object_verdict(g, holder, IQ_CAUSE_TASK_SLEEPING, IQ_STRONG, "owner (300) sleeps");
	made_held(g, made_task(g, 20, "cron"), made_lock(g, 1, "lock a"), holder, 9000);
	made_held(g, made_task(g, 21, "cron"), made_lock(g, 2, "lock b"), holder, 8000);
	r = report_of(g, "held-two", NULL, NULL);
	assert_at(r, "causes.0.summary",
		  "\"lock a and one more lock, held by owner (300), which sleeps\"");
	json_decref(r);
	iq_graph_free(g);
}

static void an_ordinary_wait_is_explained_when_asked_for(void **state)
{
	struct iq_graph *g = iq_graph_new();
	struct iq_object *sh = made_task(g, 20, "sh"), *sleep = made_task(g, 21, "sleep");
	struct iq_object *child = iq_graph_object(g, IQ_OBJ_KERNEL, "kernel:do_wait");
	json_t *r;

	(void)state;
	made_wait(g, sh, child, IQ_WAIT_MESSAGE, 9000)->in_words = "wait4(-1)";
	iq_graph_edge(g, sh, sleep, NULL, IQ_EDGE_SERVES, IQ_PROVEN, "is its child");
	made_wait(g, sleep, iq_graph_object(g, IQ_OBJ_KERNEL, "kernel:hrtimer_nanosleep"),
		  IQ_WAIT_IDLE, 8000);
	r = report_of(g, "asked", NULL, sh);
	assert_int_equal(json_array_size(at(r, "causes")), 0);
	assert_text(r, &plain,
		    "milkyway1, Linux 6.1.0-50-cloud-amd64, up 1 h 18 min\n"
		    "\n"
		    "sh (20) sleeps in wait4(-1), for 9.0 s (an ordinary wait)\n"
		    "     - sleep (21): is its child; sleeps in hrtimer_nanosleep, for 8.0 s\n");
	json_decref(r);
	iq_graph_free(g);
}

static int roll(uint64_t *x, unsigned n)
{
	return (int)((*x = iq_hash_u64(*x + 0x9e3779b97f4a7c15ULL)) % n);
}

/* Whatever it says: no line is steered by a name, and none is wider than it may be without need. */
static void assert_told(const json_t *report, const struct iq_why_style *style)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;

	iq_why_text(&sb, report, style);
	assert_true(sb.len > 0 && sb.str[sb.len - 1] == '\n');
	assert_null(strstr(sb.str, " \n"));
	assert_true(style->color || !strchr(sb.str, '\033'));
}

static void reports_of_random_graphs_can_be_checked(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 200; seed++) {
		struct iq_graph *g = iq_graph_new();
		uint64_t x = seed * 0x9e3779b97f4a7c15ULL;
		struct iq_object *o[40];
		char name[32];
		json_t *r;

		for (int i = 0; i < 30; i++)
			o[i] = made_task(g, i + 1, "task");
		for (int i = 30; i < 34; i++)
			o[i] = made_lock(g, (unsigned)i, "lock");
		for (int i = 34; i < 37; i++)
			o[i] = iq_graph_object(g, IQ_OBJ_DEVICE, "dev:d%d", i);
		for (int i = 37; i < 40; i++)
			o[i] = iq_graph_object(g, IQ_OBJ_KERNEL, "kernel:place%d", i);
		for (int i = 0; i < 30; i++) {
			struct iq_wait *w;

			if (!roll(&x, 4))
				continue;
			w = made_wait(g, o[i], o[30 + roll(&x, 10)],
				      (enum iq_wait_class)roll(&x, 6),
				      roll(&x, 5) ? 1000 + roll(&x, 9000) : roll(&x, 900));
			w->uninterruptible = roll(&x, 2);
			w->any = roll(&x, 2);
			w->certainty = (enum iq_certainty)roll(&x, 3);
		}
		for (int i = 0; i < 37; i++)
			for (int k = roll(&x, i < 30 ? 3 : 2); k > 0; k--) {
				struct iq_object *on = i < 30 && o[i]->wait ? o[i]->wait->on : NULL;
				struct iq_object *to = o[roll(&x, 5) ? roll(&x, 37) : i];

				if (i < 30 && !on)
					continue;
				if (i >= 30 && to->type != IQ_OBJ_TASK && to->index <= o[i]->index)
					continue;
				if (i < 30 && to->type != IQ_OBJ_TASK)
					to = on;
				iq_graph_edge(g, o[i], to, i < 30 && on != to ? on : NULL,
					      to == on ? IQ_EDGE_ON
						       : (enum iq_edge_kind)roll(&x, IQ_EDGE_ON),
					      (enum iq_certainty)roll(&x, 3), "edge")
					->aside = !roll(&x, 6);
			}
		for (int i = 0; i < 5; i++) {
			struct iq_verdict *v = iq_object_verdict(
				g, o[roll(&x, 37)], IQ_CAUSE_TASK_STOPPED + roll(&x, 10), IQ_STRONG,
				"verdict");

			if (!v)
				continue;
			v->final = roll(&x, 2);
			v->cannot_go_on = roll(&x, 2);
		}
		snprintf(name, sizeof(name), "random-%d", (int)seed);
		r = report_of(g, name, NULL, NULL);
		assert_told(r, &(struct iq_why_style){ .all = true, .width = 40 });
		assert_told(r, &(struct iq_why_style){ .color = true });
		json_decref(r);
		iq_graph_free(g);
	}
}

static void a_long_chain_is_told_in_part(void **state)
{
	struct iq_graph *g = iq_graph_new();
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;
	json_t *r;

	(void)state;
	for (int i = 0; i < 100; i++)
		made_held(g, made_task(g, 1000 + i, "link"), made_lock(g, (unsigned)i, "a lock"),
			  made_task(g, 1001 + i, "link"), 5000);
	made_wait(g, iq_graph_find(g, "task:1100"), made_frozen_fs(g), IQ_WAIT_SLEEP, 5000);
	r = report_of(g, "long", NULL, NULL);
	iq_why_text(&sb, r, &plain);
	assert_non_null(strstr(sb.str,
			       "    5. link (1004): holds it; waits for a lock, for 5.0 s\n"
			       "    ... 87 more steps (--all shows them)\n"
			       "   93. link (1092): holds it; waits for a lock, for 5.0 s\n"));
	assert_non_null(strstr(sb.str, "   102. ext4 on /dev/vdb, mounted at /data, is frozen\n"));
	sb.len = 0;
	iq_why_text(&sb, r, &(struct iq_why_style){ .all = true });
	assert_non_null(
		strstr(sb.str, "   56. link (1055): holds it; waits for a lock, for 5.0 s\n"));
	json_decref(r);
	iq_graph_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_incident_is_reported_field_by_field),
		cmocka_unit_test(what_is_not_known_is_null_or_its_default),
		cmocka_unit_test(things_between_are_among_the_holders),
		cmocka_unit_test(nasty_names_become_harmless),
		cmocka_unit_test(the_incident_is_told_from_the_root_to_the_notes),
		cmocka_unit_test(a_saved_report_is_told_alike),
		cmocka_unit_test(what_is_no_report_is_refused),
		cmocka_unit_test(a_lying_report_is_refused_and_crashes_nothing),
		cmocka_unit_test(nothing_hangs_is_said_in_one_line),
		cmocka_unit_test(what_was_not_all_looked_at_is_not_said_to_hang_nowhere),
		cmocka_unit_test(a_deadlock_is_told_around),
		cmocka_unit_test(what_is_unknown_is_said_to_be),
		cmocka_unit_test(every_chain_is_told_when_all_are_asked_for),
		cmocka_unit_test(many_alike_are_told_once),
		cmocka_unit_test(two_alike_and_what_differs_are_told_apart),
		cmocka_unit_test(notes_that_differ_in_numbers_are_told_once),
		cmocka_unit_test(a_held_lock_is_named_before_its_holder),
		cmocka_unit_test(a_holder_of_two_locks_is_said_to_hold_more),
		cmocka_unit_test(many_are_grouped_by_program),
		cmocka_unit_test(programs_beyond_the_named_ones_are_counted),
		cmocka_unit_test(an_ordinary_wait_is_explained_when_asked_for),
		cmocka_unit_test(reports_of_random_graphs_can_be_checked),
		cmocka_unit_test(a_long_chain_is_told_in_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
