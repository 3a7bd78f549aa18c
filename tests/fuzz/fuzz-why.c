/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Why, on a kernel whose memory lies
 *
 * A made kernel with every kind of wait in it; symbols and types stay right, and of all other
 * memory the input changes what it likes: words, bits, links, whole pages. The program then takes
 * its snapshot, unwinds all stacks, asks why, and renders the answer. It must not crash, leak or
 * run on; and the answer must be what a report promises, whatever it says.
 *
 * Input: a byte that chooses the layout, whether the machine is live, and whether all commands and
 * walkers of the debugger are run too (from 250 on); then 8 bytes a change.
 */
#include <stdio.h>
#include <time.h>

#include "fakekernel.h"
#include "out/report.h"
#include "out/why-text.h"
#include "shell/shell.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum {
	BUDGET_MS = 2000,
	TOO_LONG_MS = 20000,
	MAX_CHANGES = 64,
	COMMAND_MS = 200,
	WITH_COMMANDS = 250
};

/* ---- the kernel ---- */

static iq_vaddr mmap_lock_of(struct fk_task *t)
{
	return fk_mm(t) + fk_off(t->k, "mm_struct.mmap_lock");
}

static void make_incident(struct fakekernel *k)
{
	iq_vaddr sb = fk_sb(k, "ext4", "/dev/vdb", "/data");
	struct fk_task *mapper = fk_task(k, 310, "mapper");
	struct fk_task *a = fk_thread(mapper, 311, "writer"),
		       *b = fk_thread(mapper, 312, "unmapper");
	struct fk_task *ps = fk_task(k, 400, "ps");
	iq_vaddr vma = fk_vma(mapper, 0x7f0000000000, 0x10000, fk_file(k, fk_inode(k, sb, "file")));

	fk_freeze(k, sb);
	fk_nanosleep(mapper);
	fk_write_fault(a, vma);
	fk_calls(a, "ext4_page_mkwrite");
	fk_word(a, sb);
	fk_wait_percpu(a, fk_sb_level(k, sb, 1), false);
	fk_syscall(b, 11, 0x7f0000000000, 0x1000);
	fk_calls(b, "__x64_sys_munmap", "__vm_munmap");
	if (fk_flavour(k) == FK_OLD)
		fk_wait_write(b, mmap_lock_of(mapper), true);
	else
		fk_wait_vma(b, vma);
	fk_syscall(ps, 0, 3, 0);
	fk_calls(ps, "proc_pid_cmdline_read", "access_remote_vm", "__access_remote_vm");
	fk_word(ps, fk_mm(mapper));
	fk_wait_read(ps, mmap_lock_of(mapper), true);
}

static void make_locks(struct fakekernel *k)
{
	iq_vaddr a = fk_mutex(k, "lock_a"), b = fk_mutex(k, NULL), sem = fk_semaphore(k, "sem");
	iq_vaddr percpu = fk_percpu_rwsem(k, "percpu"), rt = fk_rtmutex(k, "rt"),
		 rwsem = fk_rwsem(k, "rwsem");
	struct fk_task *t[16];

	for (int i = 0; i < 16; i++) {
		char comm[16];

		snprintf(comm, sizeof(comm), "t%d", i);
		t[i] = i % 5 == 4 ? fk_kthread(k, 500 + i, comm) : fk_task(k, 500 + i, comm);
		fk_calls(t[i], "do_something");
	}
	fk_mutex_take(t[0], a);
	fk_wait_mutex(t[0], b);
	fk_mutex_take(t[1], b);
	fk_wait_mutex(t[1], a);
	fk_wait_mutex(t[2], a);
	fk_word(t[3], rwsem);
	fk_rwsem_take_read(t[3], rwsem);
	fk_nanosleep(t[3]);
	fk_wait_write(t[4], rwsem, false);
	fk_wait_read(t[5], rwsem, true);
	fk_wait_semaphore(t[6], sem);
	fk_wait_semaphore(t[7], sem);
	fk_drain_percpu(t[8], percpu, 1);
	fk_wait_percpu(t[9], percpu, true);
	fk_put(k, rt, fk_flavour(k) == FK_OLD ? "rt_mutex.owner" : "rt_mutex.rtmutex.owner",
	       t[10]->addr | 1);
	fk_stopped(t[10]);
	fk_wait_rtmutex(t[11], rt);
	fk_runs_on(t[12], 1);
	fk_runnable(t[13], 1);
	fk_stale_waiter(t[14], "mutex_waiter", 0, 0);
	fk_wait_mutex(t[14], a);
	fk_calls(t[15], "io_schedule");
	fk_switch(t[15], FK_D);
}

static void make_families(struct fakekernel *k)
{
	struct fk_task *p = fk_task(k, 600, "make"), *c = fk_child(p, 601, "cc"),
		       *v = fk_child(c, 602, "sh");
	struct fk_task *z = fk_child(p, 603, "gone");

	fk_wait_child(p, 4, 0);
	fk_wait_vfork(c, v);
	fk_calls(v, "io_schedule");
	fk_switch(v, FK_D);
	fk_task_put(z, "exit_state", 0x20);
}

static struct fakekernel *make_kernel(unsigned kind)
{
	struct fakekernel *k = fakekernel_new((enum fk_flavour)(kind % 3));

	make_incident(k);
	make_locks(k);
	make_families(k);
	return k;
}

/* ---- what the input does to it ---- */

struct words {
	IQ_VEC(iq_vaddr) at;   /* words that are not 0, but of code and tables */
	IQ_VEC(iq_vaddr) gone; /* pages taken away */
};

static void find_words(struct fakekernel *k, struct words *w)
{
	for (size_t i = 0; i < fk_num_pages(k); i++) {
		iq_vaddr page = fk_page(k, i);
		uint64_t words[512];

		if (page >= 0xffffffff81000000 && page < 0xffffffff83000000)
			continue;
		fk_read(k, page, words, sizeof(words));
		for (size_t j = 0; j < 512; j++)
			if (words[j])
				iq_vec_push(&w->at, page + 8 * j);
	}
}

/* data: what to do, which word, with which (other word, or number). */
static void change(struct fakekernel *k, struct words *w, const uint8_t data[8])
{
	uint32_t where = (uint32_t)data[1] | (uint32_t)data[2] << 8 | (uint32_t)data[3] << 16, arg;
	iq_vaddr addr = w->at.data[where % w->at.num], other;

	memcpy(&arg, data + 4, 4);
	other = w->at.data[arg % w->at.num];
	iq_vec_foreach(&w->gone, page)
		if (addr >> 12 == *page >> 12 || other >> 12 == *page >> 12)
			return;
	switch (data[0] % 9) {
	case 0:
		fk_u64(k, addr, fk_get_u64(k, other));
		break;
	case 1:
		fk_u64(k, addr, fk_get_u64(k, addr) ^ 1ULL << arg % 64);
		break;
	case 2:
		fk_u64(k, addr, 0);
		break;
	case 3:
		fk_u64(k, addr, addr);
		break;
	case 4:
		fk_u64(k, addr, other);
		break;
	case 5:
		fk_u64(k, addr, arg);
		break;
	case 6:
		fk_u64(k, addr, fk_get_u64(k, addr) + (uint64_t)(int64_t)(int32_t)arg);
		break;
	case 7:
		fk_u64(k, addr, 0xffff888000000000 + arg);
		break;
	default:
		iq_vec_push(&w->gone, addr & ~4095ULL);
		fk_unmap(k, addr & ~4095ULL, 4096);
	}
}

/* ---- what the answer has to be like ---- */

static void demand(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "an answer in which not: %s\n", what);
	abort();
}

static void check_cause(const struct iq_cause *c)
{
	demand(c->kind < IQ_NUM_CAUSE_KINDS && c->certainty <= IQ_PROVEN,
	       "kind and certainty are known ones");
	demand(c->chain.num > 0, "a chain");
	demand(c->chain.data[c->chain.num - 1] == c->root || c->kind == IQ_CAUSE_DEADLOCK,
	       "a chain to the root");
	demand(c->evidence.num > 0, "evidence");
	demand(c->remedy.num > 0, "a remedy");
	demand(c->summary && *c->summary, "a summary");
	for (size_t i = 0; i < c->blocked.num; i++) {
		demand(c->blocked.data[i]->wait, "the blocked wait");
		demand(!i || c->blocked.data[i - 1]->tid < c->blocked.data[i]->tid,
		       "the blocked in order, once each");
		demand(c->blocked.data[i] != c->root || c->kind == IQ_CAUSE_DEADLOCK,
		       "the root not blocked by itself");
	}
	for (size_t i = 0; i < c->chain_edges.num; i++)
		demand(c->certainty <= c->chain_edges.data[i]->certainty,
		       "no more certain than its edges");
}

static void render(struct iq_session *s, const struct iq_why *why)
{
	struct iq_report_meta meta = { .version = "0",
				       .host = iq_session_nodename(s),
				       .kernel = iq_session_release(s),
				       .arch = "x86_64",
				       .source_kind = "elf",
				       .uptime_s = -1,
				       .longer_than_s = 1,
				       .notes = &why->notes };
	json_t *report = iq_report_json(&meta, why->graph, why->causes);
	struct iq_strbuf text = IQ_STRBUF_INIT;
	char *dump = iq_report_dump(report);

	iq_why_text(&text, report, &(struct iq_why_style){ .width = 100, .all = true });
	for (size_t i = 0; i < text.len; i++)
		demand((unsigned char)text.str[i] >= ' ' || text.str[i] == '\n',
		       "no control characters");
	iq_strbuf_deinit(&text);
	free(dump);
	json_decref(report);
}

static uint64_t now_ms(void)
{
	return iq_clock_monotonic() / 1000000;
}

static void ask(struct iq_session *s, int32_t pid)
{
	struct iq_why_options options = {
		.longer_than_ms = 1000,
		.max_ms = BUDGET_MS,
		.asked = { .pids = &pid, .num_pids = pid > 0 },
	};
	struct iq_error *err;
	struct iq_why why;

	err = iq_why(s, &options, &why);
	if (err) {
		iq_error_free(err);
		return;
	}
	for (size_t i = 0; i < why.causes->list.num; i++)
		check_cause(why.causes->list.data[i]);
	render(s, &why);
	iq_why_deinit(&why);
}

/* ---- the debugger's commands and walkers, on tasks, locks and whatever tasks point to ---- */

static void type(struct iq_shell *sh, iq_vaddr addr, const char *what, const char *name)
{
	struct iq_strbuf out = IQ_STRBUF_INIT, err = IQ_STRBUF_INIT;
	char line[128];

	snprintf(line, sizeof(line), "0x%" PRIx64 "::%s%s", addr, what, name);
	iq_shell_run_text(sh, addr ? line : strchr(line, ':'), &out, &err);
	iq_strbuf_deinit(&out);
	iq_strbuf_deinit(&err);
}

static void run_commands(struct fakekernel *k, struct iq_session *s, const struct words *words)
{
	static const char *const locks[] = { "lock_a", "sem", "percpu", "rwsem", "rt" };
	struct iq_shell *sh = iq_shell_new(s);
	iq_vaddr addrs[16];
	size_t num = 0;

	addrs[num++] = 0;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(locks); i++)
		addrs[num++] = fk_data(k, locks[i], 1);
	addrs[num++] = words->at.data[words->at.num / 2];
	/* Tasks by their ids may be gone: their memory is there all the same. */
	for (int32_t pid = 310; pid <= 312; pid++)
		if (iq_tasks(s) && iq_task_by_pid(s, pid))
			addrs[num++] = iq_task_by_pid(s, pid)->addr;
	for (size_t a = 0; a < num; a++) {
		for (size_t i = 0; iq_all_rooms[i]; i++) {
			const struct iq_dcmd *d = iq_all_rooms[i]->dcmds;
			const struct iq_walker *w = iq_all_rooms[i]->walkers;

			for (; d && d->name; d++) {
				s->deadline_ns = (now_ms() + COMMAND_MS) * 1000000;
				type(sh, addrs[a], d->name, "");
			}
			for (; w && w->name; w++) {
				s->deadline_ns = (now_ms() + COMMAND_MS) * 1000000;
				type(sh, addrs[a], "walk ", w->name);
			}
		}
	}
	s->deadline_ns = 0;
	iq_shell_free(sh);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint64_t start = now_ms();
	const struct iq_task_list *list;
	struct words words = { 0 };
	struct fakekernel *k;
	struct iq_session *s;
	struct iq_error *err;

	if (!len)
		return 0;
	k = make_kernel(data[0]);
	if (data[0] / 3 % 2)
		fk_live(k, NULL, NULL);
	s = fk_open(k);
	find_words(k, &words);
	for (size_t i = 1; i + 8 <= len && i / 8 < MAX_CHANGES; i += 8)
		change(k, &words, data + i);
	err = iq_tasks_snapshot(s, 0, &list);
	for (size_t i = 0; !err && i < list->num_tasks; i++)
		if (iq_task_cmdline(s, &list->tasks[i]))
			iq_task_stack(s, &list->tasks[i]);
	iq_error_free(err);
	ask(s, 0);
	ask(s, 400);
	if (data[0] >= WITH_COMMANDS && words.at.num)
		run_commands(k, s, &words);
	demand(now_ms() - start < TOO_LONG_MS, "in time");
	iq_vec_free(&words.gone);
	iq_vec_free(&words.at);
	fakekernel_free(k);
	return 0;
}
