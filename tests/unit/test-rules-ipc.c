/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rules of file locks and pipes on made kernels
 */
#include "test.h"

#include "fakekernel.h"
#include "layouts.h"
#include "why-parts.h"

#include <stdio.h>

enum { FMODE_READ = 1, FMODE_WRITE = 2, FL_POSIX = 1, FL_OFDLCK = 1024, F_WRLCK = 1 };

static struct fakekernel *new_kernel(enum fk_flavour flavour)
{
	struct fakekernel *k = fakekernel_new(flavour);

	if (flavour == FK_OLD)
		fk_types(k, "file_lock { void *fl_blocker; list_head fl_list; void *fl_owner; u32 "
			    "fl_flags; u8 fl_type; u32 fl_pid; wait_queue_head fl_wait; void "
			    "*fl_file; s64 fl_start; s64 fl_end; }");
	else
		fk_types(k,
			 "file_lock_core { void *flc_blocker; list_head flc_list; void *flc_owner; "
			 "u32 flc_flags; u8 flc_type; s32 flc_pid; wait_queue_head flc_wait; void "
			 "*flc_file; }",
			 "file_lock { file_lock_core c; s64 fl_start; s64 fl_end; }");
	fk_types(k, "pipe_inode_info { mutex mutex; wait_queue_head rd_wait; wait_queue_head "
		    "wr_wait; u32 head; u32 tail; u32 ring_size; void *bufs; }");
	return k;
}

static iq_vaddr new_file(struct fakekernel *k, const char *name)
{
	return fk_file(k, fk_inode(k, fk_sb(k, "tmpfs", "tmpfs", NULL), name));
}

/* ---- file locks ---- */

static const char *member(struct fakekernel *k, const char *name)
{
	static char path[64];

	snprintf(path, sizeof(path),
		 fk_flavour(k) == FK_OLD ? "file_lock.fl_%s" : "file_lock_core.flc_%s", name);
	return path;
}

static void fill_lock(struct fakekernel *k, iq_vaddr lock, iq_vaddr file, iq_vaddr owner,
		      uint64_t flags, int32_t pid)
{
	fk_put(k, lock, member(k, "file"), file);
	fk_put(k, lock, member(k, "owner"), owner);
	fk_put(k, lock, member(k, "flags"), flags);
	fk_put(k, lock, member(k, "type"), F_WRLCK);
	fk_put(k, lock, member(k, "pid"), (uint64_t)pid);
}

/* blocker 0: the request itself. */
static void asks_for_lock(struct fakekernel *k, int32_t pid, iq_vaddr file, iq_vaddr blocker)
{
	struct fk_task *t = fk_task(k, pid, "waiter");
	iq_vaddr request;

	fk_calls(t, "__x64_sys_fcntl", "fcntl_setlk");
	request = fk_local(t, "file_lock");
	fill_lock(k, request, file, fk_heap(k, 8), FL_POSIX, pid);
	fk_put(k, request, member(k, "blocker"), blocker ? blocker : request);
	fk_wait_queue(t, request + fk_off(k, member(k, "wait")), "default_wake_function", FK_S);
}

static void posix_lock_belongs_to_a_table_of_files(enum fk_flavour f)
{
	struct fakekernel *k = new_kernel(f);
	struct fk_task *holder = fk_task(k, 10, "holder"), *other = fk_task(k, 11, "other");
	iq_vaddr file = new_file(k, "db"), lock = fk_alloc(k, "file_lock");
	const struct iq_cause *c;

	fk_fd(holder, 3, file);
	fk_fd(other, 3, file);
	fk_stopped(holder);
	fk_nanosleep(other);
	/* The pid is a lie: the owner counts. */
	fill_lock(k, lock, file, fk_task_get(holder, "files"), FL_POSIX, 11);
	asks_for_lock(k, 30, file, lock);
	c = fk_cause(fk_why(k), IQ_CAUSE_TASK_STOPPED);
	assert_non_null(c);
	assert_int_equal(c->root->tid, 10);
	assert_int_equal(c->certainty, IQ_PROVEN);
	assert_string_equal(fk_blocked(k, c), "30");
	fakekernel_free(k);
}

/* An open file description's lock is held by whoever has it open; its taker, if he has. */
static void ofd_lock_belongs_to_who_has_the_file_open(enum fk_flavour f)
{
	for (int heirs = 1; heirs <= 2; heirs++) {
		for (int taker = 0; taker < 2; taker++) {
			struct fakekernel *k = new_kernel(f);
			iq_vaddr file = new_file(k, "db"), lock = fk_alloc(k, "file_lock");
			const struct iq_wait *w;

			for (int32_t i = !taker; i <= heirs; i++) {
				struct fk_task *t = fk_task(k, 10 + i, "holder");

				fk_fd(t, 3, file);
				fk_stopped(t);
			}
			fill_lock(k, lock, file, file, FL_POSIX | FL_OFDLCK, 10);
			asks_for_lock(k, 30, file, lock);
			w = wait_of(fk_why(k), 30);
			if (taker) {
				assert_int_equal(edge_to(w, 10)->certainty, IQ_STRONG);
				assert_null(edge_to(w, 11));
			} else {
				assert_int_equal(edge_to(w, 11)->certainty,
						 heirs == 1 ? IQ_STRONG : IQ_LIKELY);
			}
			fakekernel_free(k);
		}
	}
}

static void requests_in_a_circle_have_no_holder(enum fk_flavour f)
{
	struct fakekernel *k = new_kernel(f);
	struct fk_task *t = fk_task(k, 10, "holder");
	iq_vaddr file = new_file(k, "db"), lock = fk_alloc(k, "file_lock");
	const struct iq_wait *w;

	fk_fd(t, 3, file);
	fk_stopped(t);
	fill_lock(k, lock, file, file, FL_POSIX | FL_OFDLCK, 10);
	fk_put(k, lock, member(k, "blocker"), lock);
	asks_for_lock(k, 30, file, lock);
	asks_for_lock(k, 31, file, 0);
	w = wait_of(fk_why_pid(k, 30), 30);
	assert_null(edge_to(w, 10));
	fakekernel_free(k);
}

/* ---- pipes ---- */

static void open_end(struct fk_task *t, iq_vaddr inode, iq_vaddr pipe, uint64_t mode)
{
	struct fakekernel *k = t->k;
	iq_vaddr file = fk_file(k, inode);

	fk_put(k, file, "file.private_data", pipe);
	fk_put(k, file, "file.f_mode", mode);
	fk_fd(t, mode == FMODE_READ ? 3 : 4, file);
}

static void reader_of_an_empty_pipe_waits_for_its_writers(enum fk_flavour f)
{
	for (int own = 0; own < 2; own++) {
		struct fakekernel *k = new_kernel(f);
		struct fk_task *writer = fk_task(k, 10, "writer"),
			       *reader = fk_task(k, 30, "reader");
		iq_vaddr inode = fk_inode(k, fk_sb(k, "pipefs", "pipefs", NULL), "p");
		iq_vaddr pipe = fk_alloc(k, "pipe_inode_info");
		const struct iq_cause *c;

		fk_put(k, pipe, "pipe_inode_info.ring_size", 16);
		fk_put(k, pipe, "pipe_inode_info.bufs", fk_heap(k, 64));
		open_end(writer, inode, pipe, FMODE_WRITE);
		open_end(reader, inode, pipe, FMODE_READ);
		/* A pipe to oneself blames nobody. */
		if (own)
			open_end(reader, inode, pipe, FMODE_WRITE);
		fk_stopped(writer);
		fk_calls(reader, "ksys_read", "pipe_read");
		fk_wait_queue(reader, pipe + fk_off(k, "pipe_inode_info.rd_wait"),
			      "autoremove_wake_function", FK_S);
		c = fk_cause(fk_why(k), IQ_CAUSE_TASK_STOPPED);
		if (own) {
			assert_null(c);
		} else {
			assert_non_null(c);
			assert_int_equal(c->root->tid, 10);
			assert_int_equal(c->certainty, IQ_PROVEN);
			assert_string_equal(fk_blocked(k, c), "30");
		}
		fakekernel_free(k);
	}
}

static void reader_whose_writer_is_idle_does_not_hang(enum fk_flavour f)
{
	struct fakekernel *k = new_kernel(f);
	struct fk_task *writer = fk_task(k, 10, "writer"), *reader = fk_task(k, 30, "reader");
	iq_vaddr inode = fk_inode(k, fk_sb(k, "pipefs", "pipefs", NULL), "p");
	iq_vaddr pipe = fk_alloc(k, "pipe_inode_info");

	fk_put(k, pipe, "pipe_inode_info.ring_size", 16);
	fk_put(k, pipe, "pipe_inode_info.bufs", fk_heap(k, 64));
	open_end(writer, inode, pipe, FMODE_WRITE);
	open_end(reader, inode, pipe, FMODE_READ);
	fk_nanosleep(writer);
	fk_calls(reader, "ksys_read", "pipe_read");
	fk_wait_queue(reader, pipe + fk_off(k, "pipe_inode_info.rd_wait"),
		      "autoremove_wake_function", FK_S);
	assert_int_equal(fk_why(k)->causes->list.num, 0);
	fakekernel_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		each_layout(posix_lock_belongs_to_a_table_of_files),
		each_layout(ofd_lock_belongs_to_who_has_the_file_open),
		each_layout(requests_in_a_circle_have_no_holder),
		each_layout(reader_of_an_empty_pipe_waits_for_its_writers),
		each_layout(reader_whose_writer_is_idle_does_not_hang),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
