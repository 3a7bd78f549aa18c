/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a task asked the kernel for, in words
 *
 * Of the tasks that a report is about: their system calls with the arguments decoded. Of those that
 * were asked for by PID, and that no rule knows: what they sleep for. That is no diagnosis, and
 * changes no verdict: it is said when the causes are found.
 */
#include "diag/engine.h"
#include "inquest/describe.h"
#include "inquest/process.h"

enum { MAX_WATCHES = 1024, MAX_INLINE = 3, MAX_CALLS = 256, MAX_OTHERS = 64 };

/* ---- sleeps that programs ask for ---- */

enum sleep {
	SLEEP_SIGNAL,	  /* until a signal comes */
	SLEEP_TIME,	  /* until a time */
	SLEEP_WATCH,	  /* until one of several descriptors is ready */
	SLEEP_FD,	  /* on the descriptor that is the first argument */
	SLEEP_FUTEX,	  /* until another thread wakes it */
	SLEEP_COMPLETION, /* until a request of its own has ended */
	SLEEP_OPEN,	  /* of a FIFO */
};

static const struct {
	const char *call;
	enum sleep sleep;
} sleeps[] = {
	{ "pause", SLEEP_SIGNAL },
	{ "rt_sigsuspend", SLEEP_SIGNAL },
	{ "rt_sigtimedwait", SLEEP_SIGNAL },
	{ "nanosleep", SLEEP_TIME },
	{ "clock_nanosleep", SLEEP_TIME },
	{ "poll", SLEEP_WATCH },
	{ "ppoll", SLEEP_WATCH },
	{ "select", SLEEP_WATCH },
	{ "pselect6", SLEEP_WATCH },
	{ "epoll_wait", SLEEP_WATCH },
	{ "epoll_pwait", SLEEP_WATCH },
	{ "epoll_pwait2", SLEEP_WATCH },
	{ "read", SLEEP_FD },
	{ "write", SLEEP_FD },
	{ "readv", SLEEP_FD },
	{ "writev", SLEEP_FD },
	{ "pread64", SLEEP_FD },
	{ "pwrite64", SLEEP_FD },
	{ "accept", SLEEP_FD },
	{ "accept4", SLEEP_FD },
	{ "connect", SLEEP_FD },
	{ "recvfrom", SLEEP_FD },
	{ "recvmsg", SLEEP_FD },
	{ "recvmmsg", SLEEP_FD },
	{ "sendto", SLEEP_FD },
	{ "sendmsg", SLEEP_FD },
	{ "ioctl", SLEEP_FD },
	{ "futex", SLEEP_FUTEX },
	{ "futex_wait", SLEEP_FUTEX },
	{ "futex_waitv", SLEEP_FUTEX },
	{ "io_getevents", SLEEP_COMPLETION },
	{ "io_pgetevents", SLEEP_COMPLETION },
	{ "io_uring_enter", SLEEP_COMPLETION },
	{ "open", SLEEP_OPEN },
	{ "openat", SLEEP_OPEN },
	{ "openat2", SLEEP_OPEN },
};

static void add_watches(struct iq_diag *d, struct iq_wait *w, const struct iq_task *task,
			struct iq_strbuf *sb)
{
	_cleanup_free_ struct iq_watch *list = iq_xcalloc(MAX_WATCHES, sizeof(*list));
	size_t num = iq_watches(d->s, task, list, MAX_WATCHES);

	if (!num)
		return;
	iq_strbuf_printf(sb, ", %zu descriptor%s: ", num, num == 1 ? "" : "s");
	for (size_t i = 0; i < num && i < MAX_WATCHES; i++) {
		const struct iq_watch *watch = &list[i];
		const char *what = watch->file ? iq_describe_file(d->s, watch->file) : "not open";

		if (i < MAX_INLINE || num == MAX_INLINE + 1)
			iq_strbuf_printf(sb, "%s%d (%s)", i ? ", " : "", watch->fd, what);
		iq_vec_push(&w->watches,
			    (struct iq_watch_text){
				    .fd = watch->fd,
				    .what = iq_arena_strdup(d->g->arena, what),
				    .events = iq_arena_strdup(d->g->arena,
							      iq_watch_events(d->s, watch->events)),
			    });
	}
	if (num > MAX_INLINE + 1)
		iq_strbuf_printf(sb, " and %zu more", num - MAX_INLINE);
}

static void add_time_left(struct iq_diag *d, const struct iq_task *task, struct iq_strbuf *sb,
			  bool at_most)
{
	const int64_t for_ever = INT64_MAX / 2;
	int64_t ns;

	if (iq_sleep_left(d->s, task, &ns) && ns < for_ever)
		iq_strbuf_printf(sb, ", %s%s left", at_most ? "at most " : "",
				 iq_describe_ns(d->s, ns));
}

static const char *describe_sleep(struct iq_diag *d, struct iq_wait *w, const struct iq_task *task,
				  enum sleep sleep)
{
	static const char *const fifo[] = { "wait_for_partner", NULL };
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;
	int fd = (int)w->syscall.args[0];

	if (sleep == SLEEP_OPEN && iq_stack_find(iq_task_stack(d->s, task), 0, fifo) < 0)
		return NULL;
	iq_strbuf_adds(&sb, w->syscall.name);
	switch (sleep) {
	case SLEEP_SIGNAL:
		iq_strbuf_adds(&sb, ", until a signal comes");
		break;
	case SLEEP_WATCH:
		add_watches(d, w, task, &sb);
		break;
	case SLEEP_FD:
		iq_strbuf_printf(&sb, " of descriptor %s", iq_describe_fd(d->s, task, fd));
		break;
	case SLEEP_FUTEX:
		iq_strbuf_adds(&sb, ", until another thread wakes it; nothing says which one");
		break;
	case SLEEP_COMPLETION:
		iq_strbuf_adds(&sb, ", until a request of its own has ended");
		break;
	case SLEEP_OPEN:
		iq_strbuf_adds(&sb, " of a FIFO, until somebody opens its other end");
		break;
	case SLEEP_TIME:
		break;
	}
	add_time_left(d, task, &sb, sleep != SLEEP_TIME);
	return iq_arena_strdup(d->g->arena, iq_strbuf_str(&sb));
}

/* A wait that no rule knows. */
static void tell_sleep(struct iq_diag *d, struct iq_wait *w, const struct iq_task *task)
{
	if (!w->rule || *w->rule || w->in_words || w->uninterruptible || task->frozen ||
	    !w->syscall.known || !w->syscall.name || task->state == 'T' || task->state == 't')
		return;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(sleeps); i++) {
		if (strcmp(sleeps[i].call, w->syscall.name) != 0)
			continue;
		w->in_words = describe_sleep(d, w, task, sleeps[i].sleep);
		return;
	}
}

/* ---- tasks that do not sleep ---- */

static void tell_doing(struct iq_diag *d, struct iq_object *o, const struct iq_task *task)
{
	const struct iq_task *parent = iq_task_by_addr(d->s, task->parent);
	const char *doing = NULL;

	if (task->on_cpu)
		doing = iq_arena_printf(d->g->arena, "runs on CPU %u", task->cpu);
	else if (task->state == 'R')
		doing = iq_arena_printf(d->g->arena, "is ready to run on CPU %u", task->cpu);
	else if (task->state == 'Z' && parent)
		doing = iq_arena_printf(d->g->arena,
					"has ended; %s (%d) has not asked yet how it ended",
					parent->comm, parent->pid);
	else if (task->state == 'Z' || task->state == 'X')
		doing = "has ended";
	else if (task->state == 'T')
		doing = "is stopped by a signal";
	if (doing)
		iq_object_str(d->g, o, "doing", doing);
}

/* How somebody else holds a task: no wait of its own. */
static void tell_held(struct iq_diag *d, struct iq_wait *w, const struct iq_task *task)
{
	const struct iq_task *tracer = iq_task_by_addr(d->s, task->parent);

	if (!w->rule || *w->rule || w->in_words)
		return;
	if (task->state == 'T')
		w->in_words =
			iq_arena_printf(d->g->arena, "is stopped by a signal; %s lets it go on",
					iq_diag_continue(d, task));
	else if (task->state == 't' && tracer)
		w->in_words = iq_arena_printf(d->g->arena, "is held by its tracer, %s (%d)",
					      tracer->comm, tracer->pid);
	else if (task->frozen)
		w->in_words = "is frozen with its cgroup";
}

/* Those that an asked task waits for, and that do nothing that a rule knows. */
static void tell_others(struct iq_diag *d, const struct iq_object *o)
{
	size_t num = 0;

	iq_vec_foreach(&o->out, e) {
		struct iq_object *to = (*e)->to;
		const struct iq_task *task =
			to->type == IQ_OBJ_TASK ? iq_task_by_pid(d->s, (int32_t)to->tid) : NULL;
		const struct iq_user_regs *user;
		struct iq_wait w = { .rule = "" };

		if (!task || to->wait || num++ == MAX_OTHERS)
			continue;
		user = &iq_task_stack(d->s, task)->user;
		w.syscall.known = user->valid && user->syscall;
		w.syscall.nr = user->nr;
		w.syscall.name = w.syscall.known ? iq_syscall_name(d->s, user->nr) : NULL;
		memcpy(w.syscall.args, user->args, sizeof(w.syscall.args));
		tell_doing(d, to, task);
		if (task->state != 'S' || task->on_cpu)
			continue;
		tell_sleep(d, &w, task);
		iq_vec_free(&w.watches);
		if (w.in_words)
			iq_object_str(d->g, to, "doing",
				      iq_arena_printf(d->g->arena, "sleeps in %s", w.in_words));
	}
}

static void tell_call(struct iq_diag *d, const struct iq_object *o)
{
	const struct iq_task *task = iq_task_by_pid(d->s, (int32_t)o->tid);
	const char *call;

	if (!task || !o->wait || o->wait->call || !o->wait->syscall.known)
		return;
	call = iq_syscall_describe(d->s, task);
	if (call)
		o->wait->call = iq_arena_strdup(d->g->arena, call);
}

void iq_engine_tell_sleeps(struct engine *e, const struct iq_causes *causes)
{
	struct iq_diag *d = &e->d;
	size_t num = 0;

	for (size_t i = 0; i < d->tasks->num_tasks && num < MAX_CALLS; i++) {
		const struct iq_task *task = &d->tasks->tasks[i];
		struct iq_object *o;

		if (!task->pid || !iq_engine_is_asked_for(e, task))
			continue;
		num++;
		o = iq_diag_task(d, task);
		tell_call(d, o);
		if (o->wait) {
			tell_held(d, o->wait, task);
			tell_sleep(d, o->wait, task);
			tell_others(d, o);
		} else {
			tell_doing(d, o, task);
		}
	}
	iq_vec_foreach(&causes->list, cause) {
		tell_call(d, (*cause)->root);
		iq_vec_foreach(&(*cause)->chain, o)
			tell_call(d, *o);
		for (size_t i = 0; i < (*cause)->blocked.num && i < MAX_CALLS; i++)
			tell_call(d, (*cause)->blocked.data[i]);
	}
}
