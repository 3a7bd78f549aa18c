/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Waits for other programs, on made kernels of each layout: seccomp supervisors
 */
#include "test.h"

#include "fakekernel.h"
#include "layouts.h"
#include "made-btf.h"
#include "why-parts.h"

enum { NOTIFY_INIT, NOTIFY_SENT, NOTIFY_REPLIED };

static void notify_states(struct made_btf *b)
{
	made_type(b, "notify_state", BTF_ENUM, 0, 4);
	made_enumerator(b, "SECCOMP_NOTIFY_INIT", NOTIFY_INIT);
	made_enumerator(b, "SECCOMP_NOTIFY_SENT", NOTIFY_SENT);
	made_enumerator(b, "SECCOMP_NOTIFY_REPLIED", NOTIFY_REPLIED);
}

static struct fakekernel *with_seccomp(enum fk_flavour flavour)
{
	struct fakekernel *k = fakekernel_new(flavour);

	fk_types(k,
		 "seccomp_knotif { void *task; u64 id; void *data; u32 state; s32 error; s64 val; "
		 "u32 flags; completion ready; list_head list; list_head addfd; }",
		 flavour == FK_OLD
			 ? "notification { semaphore request; u64 next_id; list_head "
			   "notifications; }"
			 : "notification { atomic_t requests; u32 flags; u64 next_id; list_head "
			   "notifications; }",
		 flavour == FK_OLD
			 ? "seccomp_filter { u32 refs; u32 users; u8 log; void *prev; void *prog; "
			   "void *notif; mutex notify_lock; wait_queue_head wqh; }"
			 : "seccomp_filter { u32 refs; u32 users; u8 log; u8 wait_killable_recv; "
			   "u64 cache[2]; void *prev; void *prog; void *notif; mutex notify_lock; "
			   "wait_queue_head wqh; }");
	fk_more_types(k, notify_states);
	return k;
}

struct asking {
	struct fk_task *task;
	iq_vaddr outer, inner, notif, knotif;
};

/* It installed the filter that asks first, and another one after it. */
static struct asking asks_supervisor(struct fakekernel *k, int32_t pid, uint64_t state)
{
	struct asking a = { .task = fk_task(k, pid, "asker") };

	a.outer = fk_alloc(k, "seccomp_filter");
	a.inner = fk_alloc(k, "seccomp_filter");
	a.notif = fk_alloc(k, "notification");
	fk_list_init(k, a.notif + fk_off(k, "notification.notifications"));
	fk_put(k, a.outer, "seccomp_filter.notif", a.notif);
	fk_put(k, a.inner, "seccomp_filter.prev", a.outer);
	fk_task_put(a.task, "seccomp.filter", a.inner);
	fk_calls(a.task, "syscall_trace_enter", "__secure_computing", "__seccomp_filter",
		 "seccomp_do_user_notification");
	a.knotif = fk_local(a.task, "seccomp_knotif");
	fk_put(k, a.knotif, "seccomp_knotif.task", a.task->addr);
	fk_put(k, a.knotif, "seccomp_knotif.state", state);
	fk_list_add_tail(k, a.notif + fk_off(k, "notification.notifications"),
			 a.knotif + fk_off(k, "seccomp_knotif.list"));
	fk_wait_completion(a.task, a.knotif + fk_off(k, "seccomp_knotif.ready"), FK_S);
	return a;
}

static void has_listener(struct fk_task *t, iq_vaddr filter)
{
	struct fakekernel *k = t->k;
	iq_vaddr file = fk_file(k, fk_inode(k, fk_sb(k, "anon", "anon", NULL), "seccomp notify"));

	fk_put(k, file, "file.private_data", filter);
	fk_fd(t, 5, file);
}

static void stopped_supervisor_is_the_cause(enum fk_flavour f)
{
	for (uint64_t state = NOTIFY_INIT; state <= NOTIFY_SENT; state++) {
		struct fakekernel *k = with_seccomp(f);
		struct asking a = asks_supervisor(k, 30, state);
		struct fk_task *supervisor = fk_task(k, 10, "supervisor");
		const struct iq_cause *c;

		has_listener(supervisor, a.outer);
		fk_stopped(supervisor);
		c = fk_cause(fk_why(k), IQ_CAUSE_TASK_STOPPED);
		assert_int_equal(c->root->tid, 10);
		assert_int_equal(c->certainty, IQ_PROVEN);
		assert_string_equal(fk_blocked(k, c), "30");
		fakekernel_free(k);
	}
}

static void supervisor_that_waits_for_questions_hangs_nobody(enum fk_flavour f)
{
	struct fakekernel *k = with_seccomp(f);
	struct asking a = asks_supervisor(k, 30, NOTIFY_INIT);
	struct fk_task *supervisor = fk_task(k, 10, "supervisor");

	has_listener(supervisor, a.outer);
	fk_nanosleep(supervisor);
	assert_int_equal(fk_why(k)->causes->list.num, 0);
	fakekernel_free(k);
}

static void listener_that_nobody_has_is_likely_at_most(enum fk_flavour f)
{
	struct fakekernel *k = with_seccomp(f);
	const struct iq_cause *c;

	asks_supervisor(k, 30, NOTIFY_INIT);
	c = fk_cause(fk_why(k), IQ_CAUSE_DAEMON_UNANSWERED);
	assert_int_equal(c->certainty, IQ_LIKELY);
	assert_string_equal(fk_blocked(k, c), "30");
	fakekernel_free(k);
}

/* The listener of another filter is not this one's; filters in a circle have an end. */
static void question_has_to_be_in_the_list_of_one_of_its_filters(enum fk_flavour f)
{
	for (int lie = 0; lie < 4; lie++) {
		struct fakekernel *k = with_seccomp(f);
		struct asking a = asks_supervisor(k, 30, NOTIFY_INIT);
		struct fk_task *supervisor = fk_task(k, 10, "supervisor");

		has_listener(supervisor, a.outer);
		fk_stopped(supervisor);
		switch (lie) {
		case 0:
			fk_put(k, a.outer, "seccomp_filter.notif", fk_heap(k, 64));
			break;
		case 1:
			fk_put(k, a.outer, "seccomp_filter.notif", 0x10);
			break;
		case 2:
			fk_put(k, a.inner, "seccomp_filter.prev", a.inner);
			break;
		case 3:
			fk_list_del(k, a.knotif + fk_off(k, "seccomp_knotif.list"));
			break;
		}
		assert_int_equal(fk_why(k)->causes->list.num, 0);
		fakekernel_free(k);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		each_layout(stopped_supervisor_is_the_cause),
		each_layout(supervisor_that_waits_for_questions_hangs_nobody),
		each_layout(listener_that_nobody_has_is_likely_at_most),
		each_layout(question_has_to_be_in_the_list_of_one_of_its_filters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
