/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Waits for other programs, on made kernels of each layout: seccomp supervisors, mutexes in user
 * memory, semaphores that are to become zero
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

/* ---- mutexes in user memory ---- */

enum {
	SYS_FUTEX = 202,
	FUTEX_WAIT = 0,
	FUTEX_PRIVATE = 128,
	KIND_SHARED = 0x80,
	KIND_ROBUST = 0x10,
	VM_SHARED_ = 8,
	MUTEX = 0x7f0000001040,
	PAGE_OF_IT = 0x7f0000001000,
};

/* The one mapping of its process. */
static void maps(struct fk_task *t, iq_vaddr file, uint64_t pgoff)
{
	struct fakekernel *k = t->k;
	iq_vaddr vma = fk_vma(t, PAGE_OF_IT, 4096, file);

	fk_put(k, vma, "vm_area_struct.vm_flags", VM_SHARED_);
	fk_put(k, vma, "vm_area_struct.vm_pgoff", pgoff);
	fk_put(k, fk_mm(t), fk_flavour(k) == FK_OLD ? "mm_struct.mmap" : "mm_struct.mm_mt.ma_root",
	       vma);
}

struct words {
	uint32_t lock, count, owner, nusers, kind;
	uint32_t rest[5];
};

static void waits_for(struct fk_task *t, uint64_t op, uint32_t value)
{
	fk_syscall(t, SYS_FUTEX, MUTEX, op);
	fk_put(t->k, t->pt_regs, "pt_regs.dx", value);
	fk_calls(t, "do_futex", "futex_wait", "futex_wait_queue");
	fk_switch(t, FK_S);
}

/* Two processes that share a mutex of this owner wait for it. */
static struct fakekernel *sharing(enum fk_flavour f, uint32_t owner, iq_vaddr *file_ret)
{
	struct fakekernel *k = fakekernel_new(f);
	struct words m = { 2, 0, owner, 1, KIND_SHARED, { 0 } };

	*file_ret = fk_file(k, fk_inode(k, fk_sb(k, "tmpfs", "tmpfs", NULL), "shared"));
	fk_write(k, MUTEX, &m, sizeof(m));
	for (int32_t pid = 30; pid < 32; pid++) {
		struct fk_task *t = fk_task(k, pid, "wants");

		maps(t, *file_ret, 0);
		waits_for(t, FUTEX_WAIT, 2);
	}
	return k;
}

static void shared_mutex_of_a_process_that_ended_is_one_cause(enum fk_flavour f)
{
	iq_vaddr file;
	struct fakekernel *k = sharing(f, 20, &file);
	const struct iq_cause *c = fk_cause(fk_why(k), IQ_CAUSE_TASK_GONE);

	assert_int_equal(c->certainty, IQ_LIKELY);
	assert_string_equal(fk_blocked(k, c), "30,31");
	assert_non_null(strstr(c->summary, "thread 20,"));
	fakekernel_free(k);
}

static void living_owner_of_a_shared_mutex_has_it_mapped(enum fk_flavour f)
{
	iq_vaddr file;
	struct fakekernel *k = sharing(f, 20, &file);
	struct fk_task *owner = fk_task(k, 20, "owner");
	const struct iq_cause *c;

	maps(owner, file, 0);
	fk_stopped(owner);
	c = fk_cause(fk_why(k), IQ_CAUSE_TASK_STOPPED);
	assert_int_equal(c->root->tid, 20);
	assert_int_equal(c->certainty, IQ_STRONG);
	assert_string_equal(fk_blocked(k, c), "30,31");
	fakekernel_free(k);
}

/* Another file, or another page of the file. */
static void number_given_anew_is_not_the_owner(enum fk_flavour f)
{
	for (uint64_t page = 0; page < 2; page++) {
		iq_vaddr file;
		struct fakekernel *k = sharing(f, 20, &file);
		struct fk_task *other = fk_task(k, 20, "other");
		iq_vaddr elsewhere =
			fk_file(k, fk_inode(k, fk_sb(k, "tmpfs", "tmpfs", NULL), "elsewhere"));

		maps(other, page ? file : elsewhere, page);
		fk_stopped(other);
		assert_non_null(fk_cause(fk_why(k), IQ_CAUSE_TASK_GONE));
		fakekernel_free(k);
	}
}

/* Nothing is said of an owner whose mappings cannot be read. */
static void mappings_that_cannot_be_read_prove_nothing(enum fk_flavour f)
{
	iq_vaddr file;
	struct fakekernel *k = sharing(f, 20, &file);
	struct fk_task *owner = fk_task(k, 20, "owner");

	fk_put(k, fk_mm(owner), f == FK_OLD ? "mm_struct.mmap" : "mm_struct.mm_mt.ma_root",
	       0xdead000000000100);
	fk_stopped(owner);
	assert_int_equal(fk_why(k)->causes->list.num, 0);
	fakekernel_free(k);
}

/* Condition variables, semaphores, barriers, rwlocks: what stands around their words. */
static void words_of_other_things_are_no_mutex(enum fk_flavour f)
{
	static const struct words things[] = {
		{ 2, 3, KIND_SHARED, 1, 0, { 0 } },    /* a barrier's round, count, shared */
		{ 2, 0, 0, 0, 0, { KIND_SHARED } },    /* an rwlock's phase, no writer */
		{ 2, 1, 20, 1, KIND_SHARED, { 0 } },   /* a count, and not recursive */
		{ 2, 0, 20, 0, KIND_SHARED, { 0 } },   /* no user */
		{ 2, 0, 20, 1, 0, { 0 } },	       /* private, and waited for as shared */
		{ 2, 0, 20, 1, KIND_SHARED | 0x8000 }, /* no kind of a mutex */
	};

	for (size_t i = 0; i < IQ_ARRAY_SIZE(things); i++) {
		iq_vaddr file;
		struct fakekernel *k = sharing(f, 20, &file);

		fk_write(k, MUTEX, &things[i], sizeof(things[i]));
		assert_int_equal(fk_why(k)->causes->list.num, 0);
		fakekernel_free(k);
	}
}

static void robust_mutex_names_its_owner_twice(enum fk_flavour f)
{
	for (int twice = 0; twice < 2; twice++) {
		iq_vaddr file;
		struct fakekernel *k = sharing(f, 20, &file);
		struct words m = { 0x80000000 | 20,	      0,    twice ? 20 : 16, 1,
				   KIND_ROBUST | KIND_SHARED, { 0 } };
		struct fk_task *t = fk_task(k, 40, "robust");
		const struct iq_why *why;

		maps(t, file, 0);
		waits_for(t, FUTEX_WAIT, 0x80000000 | 20);
		fk_write(k, MUTEX, &m, sizeof(m));
		why = fk_why(k);
		assert_int_equal(why->causes->list.num, twice);
		if (twice) {
			const struct iq_cause *c = fk_cause(why, IQ_CAUSE_TASK_GONE);

			assert_int_equal(c->certainty, IQ_STRONG);
			assert_string_equal(fk_blocked(k, c), "40");
		}
		fakekernel_free(k);
	}
}

/* A mutex that another thread of the parent had locked when this process was forked. */
static void copy_of_a_locked_mutex_is_unlocked_by_nobody(enum fk_flavour f)
{
	for (int other = 0; other < 2; other++) {
		struct fakekernel *k = fakekernel_new(f);
		struct words m = { 2, 0, 21, 1, 0, { 0 } };
		struct fk_task *parent = fk_task(k, 20, "parent"),
			       *child = fk_child(other ? fk_task(k, 25, "stranger") : parent, 30,
						 "child");
		const struct iq_why *why;

		fk_nanosleep(fk_thread(parent, 21, "worker"));
		fk_nanosleep(parent);
		fk_write(k, MUTEX, &m, sizeof(m));
		waits_for(child, FUTEX_WAIT | FUTEX_PRIVATE, 2);
		why = fk_why(k);
		if (other) {
			assert_int_equal(why->causes->list.num, 0);
		} else {
			const struct iq_cause *c = fk_cause(why, IQ_CAUSE_TASK_GONE);

			assert_int_equal(c->certainty, IQ_LIKELY);
			assert_non_null(strstr(c->summary, "forked"));
			assert_string_equal(fk_blocked(k, c), "30");
		}
		fakekernel_free(k);
	}
}

/* ---- semaphores that are to become zero ---- */

enum { COOKIE = 0x0d4d1234, AF_NETLINK = 16, KOBJECT_UEVENT = 15 };

/* A process that has a lock waits until its semaphore is zero; another waits for the lock. */
static struct fakekernel *waiting_for_zero(enum fk_flavour f, uint64_t key)
{
	struct fakekernel *k = fakekernel_new(f);
	struct fk_task *t = fk_task(k, 30, "dmsetup"), *second = fk_task(k, 31, "lvs");
	iq_vaddr array, sem, queue, lock = fk_mutex(k, "lvm_lock"), ops = fk_heap(k, 8);

	fk_types(k, "kern_ipc_perm { u32 lock; u8 deleted; s32 id; s32 key; }",
		 f == FK_OLD ? "sem { s32 semval; void *sempid; u32 lock; list_head pending_alter; "
			       "list_head pending_const; s64 sem_otime; }"
			     : "sem { s32 semval; u32 lock; void *sempid; s64 sem_otime; list_head "
			       "pending_alter; list_head pending_const; }",
		 "sem_array { kern_ipc_perm sem_perm; s64 sem_ctime; list_head pending_alter; "
		 "list_head pending_const; list_head list_id; s32 sem_nsems; sem sems[1]; }",
		 "sem_queue { list_head list; void *sleeper; void *undo; void *pid; s32 status; "
		 "void *sops; void *blocking; s32 nsops; }");
	array = fk_alloc(k, "sem_array");
	sem = array + fk_off(k, "sem_array.sems");
	fk_put(k, array, "sem_array.sem_perm.id", 5);
	fk_put(k, array, "sem_array.sem_perm.key", key);
	fk_put(k, array, "sem_array.sem_nsems", 1);
	fk_list_init(k, array + fk_off(k, "sem_array.list_id"));
	fk_list_init(k, sem + fk_off(k, "sem.pending_const"));
	fk_put(k, sem, "sem.semval", 1);
	fk_mutex_take(t, lock);
	fk_calls(t, "do_semtimedop");
	queue = fk_local(t, "sem_queue");
	fk_put(k, queue, "sem_queue.sleeper", t->addr);
	fk_put(k, queue, "sem_queue.sops", ops);
	fk_list_add_tail(k, sem + fk_off(k, "sem.pending_const"),
			 queue + fk_off(k, "sem_queue.list"));
	fk_switch(t, FK_S);
	fk_calls(second, "do_something");
	fk_wait_mutex(second, lock);
	return k;
}

/* A process that receives what comes by netlink from here, in these groups. */
static struct fk_task *receives(struct fakekernel *k, int32_t pid, uint64_t protocol,
				uint64_t groups)
{
	struct fk_task *t = fk_task(k, pid, "udevd");
	iq_vaddr file = fk_file(k, fk_inode(k, fk_sb(k, "sockfs", "sockfs", NULL), "s"));
	iq_vaddr socket = fk_alloc(k, "socket"), sk = fk_alloc(k, "netlink_sock"),
		 bits = fk_heap(k, 8);

	fk_u64(k, bits, groups);
	fk_put(k, socket, "socket.sk", sk);
	fk_put(k, sk, "sock.sk_socket", socket);
	fk_put(k, sk, "sock.__sk_common.skc_family", AF_NETLINK);
	fk_put(k, sk, "sock.sk_protocol", protocol);
	fk_put(k, sk, "netlink_sock.ngroups", 32);
	fk_put(k, sk, "netlink_sock.groups", bits);
	fk_put(k, file, "file.f_op", fk_data(k, "socket_file_ops", 256));
	fk_put(k, file, "file.private_data", socket);
	fk_fd(t, 4, file);
	return t;
}

static bool has_remedy(const struct iq_cause *c, const char *text)
{
	return remedy_with(c, text) != NULL;
}

static void semaphore_that_is_to_become_zero_is_not_sent(enum fk_flavour f)
{
	for (int cookie = 0; cookie < 2; cookie++) {
		struct fakekernel *k = waiting_for_zero(f, cookie ? COOKIE : 0x1234);
		const struct iq_cause *c;

		fk_nanosleep(receives(k, 20, KOBJECT_UEVENT, 1));
		c = fk_cause(fk_why(k), IQ_CAUSE_TASK_SLEEPING);
		assert_int_equal(c->root->tid, 30);
		assert_string_equal(fk_blocked(k, c), "31");
		assert_non_null(strstr(c->summary, "to become zero"));
		assert_int_equal(strstr(c->summary, "udev") != NULL, cookie);
		assert_int_equal(has_remedy(c, "dmsetup udevcomplete_all"), cookie);
		fakekernel_free(k);
	}
}

static void stopped_udev_is_likely_the_cause(enum fk_flavour f)
{
	struct fakekernel *k = waiting_for_zero(f, COOKIE);
	const struct iq_cause *c;

	fk_stopped(receives(k, 20, KOBJECT_UEVENT, 1));
	c = fk_cause(fk_why(k), IQ_CAUSE_TASK_STOPPED);
	assert_int_equal(c->root->tid, 20);
	assert_int_equal(c->certainty, IQ_LIKELY);
	assert_string_equal(fk_blocked(k, c), "30,31");
	assert_true(has_remedy(c, "dmsetup udevcomplete_all"));
	fakekernel_free(k);
}

static void stopped_worker_of_udev_is_likely_the_cause(enum fk_flavour f)
{
	struct fakekernel *k = waiting_for_zero(f, COOKIE);
	struct fk_task *udev = receives(k, 20, KOBJECT_UEVENT, 1);
	const struct iq_cause *c;

	fk_stopped(fk_child(udev, 21, "udev-worker"));
	fk_nanosleep(udev);
	c = fk_cause(fk_why(k), IQ_CAUSE_TASK_STOPPED);
	assert_int_equal(c->root->tid, 21);
	assert_int_equal(c->certainty, IQ_LIKELY);
	fakekernel_free(k);
}

/* Another protocol, another group (of udev's own messages), and somebody else's semaphore. */
static void who_listens_to_something_else_is_not_udev(enum fk_flavour f)
{
	static const struct {
		uint64_t key, protocol, groups;
	} others[] = {
		{ COOKIE, KOBJECT_UEVENT, 2 },
		{ COOKIE, KOBJECT_UEVENT - 1, 1 },
		{ 0x1234, KOBJECT_UEVENT, 1 },
	};

	for (size_t i = 0; i < IQ_ARRAY_SIZE(others); i++) {
		struct fakekernel *k = waiting_for_zero(f, others[i].key);

		fk_stopped(receives(k, 20, others[i].protocol, others[i].groups));
		assert_int_equal(fk_cause(fk_why(k), IQ_CAUSE_TASK_SLEEPING)->root->tid, 30);
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
		each_layout(shared_mutex_of_a_process_that_ended_is_one_cause),
		each_layout(living_owner_of_a_shared_mutex_has_it_mapped),
		each_layout(number_given_anew_is_not_the_owner),
		each_layout(mappings_that_cannot_be_read_prove_nothing),
		each_layout(words_of_other_things_are_no_mutex),
		each_layout(robust_mutex_names_its_owner_twice),
		each_layout(copy_of_a_locked_mutex_is_unlocked_by_nobody),
		each_layout(semaphore_that_is_to_become_zero_is_not_sent),
		each_layout(stopped_udev_is_likely_the_cause),
		each_layout(stopped_worker_of_udev_is_likely_the_cause),
		each_layout(who_listens_to_something_else_is_not_udev),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
