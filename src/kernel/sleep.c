/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Functions in which tasks sleep
 *
 * Names of all kernels that we know stand side by side: a name that a kernel does not have is on no
 * stack of it.
 *
 * Kernel: kernel/sched/core.c, completion.c, wait.c, wait_bit.c; kernel/time/; fs/select.c,
 * fs/eventpoll.c; kernel/futex/; kernel/exit.c; kernel/signal.c; kernel/workqueue.c, kthread.c.
 */
#include "inquest/sleep.h"

#include "inquest/util.h"

#define FUNCTIONS(...)                                                                             \
	(const char *const[])                                                                      \
	{                                                                                          \
		__VA_ARGS__, NULL                                                                  \
	}

static const struct {
	unsigned kinds;
	const char *const *functions;
} table[] = {
	{ IQ_SLEEP_SCHEDULER | IQ_SLEEP_HOW,
	  FUNCTIONS("__switch_to", "__switch_to_asm", "__schedule", "schedule",
		    "schedule_preempt_disabled", "schedule_rtlock", "rt_mutex_schedule") },
	{ IQ_SLEEP_PREEMPTED | IQ_SLEEP_HOW,
	  FUNCTIONS("preempt_schedule", "preempt_schedule_common", "preempt_schedule_irq",
		    "__cond_resched") },
	{ IQ_SLEEP_TIMEOUT | IQ_SLEEP_HOW,
	  FUNCTIONS("schedule_timeout", "schedule_timeout_uninterruptible",
		    "schedule_timeout_killable", "schedule_timeout_interruptible",
		    "schedule_timeout_idle", "schedule_hrtimeout", "schedule_hrtimeout_range",
		    "schedule_hrtimeout_range_clock") },
	{ IQ_SLEEP_IO | IQ_SLEEP_HOW, FUNCTIONS("io_schedule", "io_schedule_timeout") },
	{ IQ_SLEEP_NAP | IQ_SLEEP_HOW, FUNCTIONS("msleep", "msleep_interruptible", "usleep_range",
						 "usleep_range_state", "do_nanosleep") },
	{ IQ_SLEEP_COMPLETION | IQ_SLEEP_HOW,
	  FUNCTIONS("wait_for_completion", "wait_for_completion_killable",
		    "wait_for_completion_interruptible", "wait_for_completion_timeout",
		    "wait_for_completion_io", "wait_for_completion_io_timeout",
		    "wait_for_completion_state", "wait_for_completion_killable_timeout",
		    "wait_for_completion_interruptible_timeout", "__wait_for_common",
		    "wait_for_common", "do_wait_for_common") },
	{ IQ_SLEEP_BIT | IQ_SLEEP_HOW,
	  FUNCTIONS("bit_wait", "bit_wait_io", "bit_wait_timeout", "bit_wait_io_timeout",
		    "__wait_on_bit", "__wait_on_bit_lock", "out_of_line_wait_on_bit",
		    "out_of_line_wait_on_bit_lock", "out_of_line_wait_on_bit_timeout") },
	{ IQ_SLEEP_QUEUE | IQ_SLEEP_HOW,
	  FUNCTIONS("do_wait_intr", "do_wait_intr_irq", "wait_woken") },
	{ IQ_SLEEP_HOW, FUNCTIONS("__wait_rcu_gp") },

	{ IQ_SLEEP_TIME, FUNCTIONS("hrtimer_nanosleep", "common_nsleep", "common_nsleep_timens") },
	{ IQ_SLEEP_POLL, FUNCTIONS("do_poll", "do_sys_poll", "do_select", "core_sys_select",
				   "ep_poll", "do_epoll_wait") },
	{ IQ_SLEEP_RING, FUNCTIONS("io_cqring_wait") },
	{ IQ_SLEEP_SIGNAL, FUNCTIONS("do_sigtimedwait", "__do_sys_rt_sigtimedwait", "sigsuspend",
				     "__do_sys_pause", "sys_pause") },
	{ IQ_SLEEP_FUTEX | IQ_SLEEP_FUTEX_ANY,
	  FUNCTIONS("futex_wait", "__futex_wait", "futex_wait_queue", "futex_wait_queue_me",
		    "futex_do_wait", "futex_wait_multiple") },
	{ IQ_SLEEP_FUTEX_ANY, FUNCTIONS("do_futex") },
	{ IQ_SLEEP_CHILD, FUNCTIONS("do_wait", "__do_wait", "kernel_wait4") },
	{ IQ_SLEEP_EVENT, FUNCTIONS("eventfd_read", "signalfd_dequeue", "signalfd_read_iter",
				    "timerfd_read", "inotify_read") },
	{ IQ_SLEEP_INPUT,
	  FUNCTIONS("pipe_read", "anon_pipe_read", "pipe_wait_readable", "n_tty_read", "tty_read",
		    "inet_csk_accept", "unix_accept", "unix_stream_read_generic",
		    "unix_stream_data_wait", "__skb_wait_for_more_packets", "sk_wait_data",
		    "do_msgrcv", "do_semtimedop", "wq_sleep", "kauditd_thread") },

	{ IQ_SLEEP_WORKER,
	  FUNCTIONS("worker_thread", "rescuer_thread", "smpboot_thread_fn", "kthread_worker_fn") },
};

static bool is_one_of(const struct iq_frame *frame, const char *const *functions)
{
	for (; *functions; functions++)
		if (iq_frame_is(frame, *functions))
			return true;
	return false;
}

unsigned iq_sleep_kinds(const struct iq_frame *frame)
{
	for (size_t i = 0; frame->sym.name && i < IQ_ARRAY_SIZE(table); i++)
		if (is_one_of(frame, table[i].functions))
			return table[i].kinds;
	return 0;
}

int iq_sleep_find(const struct iq_stack *stack, size_t from, unsigned kinds)
{
	for (size_t f = from; f < stack->num_frames; f++)
		if (iq_sleep_kinds(&stack->frames[f]) & kinds)
			return (int)f;
	return -1;
}

bool iq_sleeps_in(const struct iq_stack *stack, size_t frame, unsigned kinds)
{
	for (size_t f = 0; f < frame; f++)
		if (!(iq_sleep_kinds(&stack->frames[f]) & kinds))
			return false;
	return true;
}
