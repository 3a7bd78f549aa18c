/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Functions of the kernel in which tasks sleep
 *
 * One table says of each what kind of sleep it is; whoever asks says which kinds count for the
 * question. A function may be of several kinds. Not here are functions that only one room knows
 * (jbd2_log_wait_commit), and what a wait rule is called up by: those stand with their rules.
 *
 * None of this reads memory or can fail; frames without a symbol are of no kind.
 */
#ifndef INQUEST_SLEEP_H
#define INQUEST_SLEEP_H

#include "inquest/stack.h"

enum {
	/* It tells only how a task sleeps, and its callers for what. */
	IQ_SLEEP_HOW = 1 << 0,

	/* How. */
	IQ_SLEEP_SCHEDULER = 1 << 1,  /* gives up the CPU, and nothing else */
	IQ_SLEEP_PREEMPTED = 1 << 2,  /* had it taken away */
	IQ_SLEEP_TIMEOUT = 1 << 3,    /* sleeps until woken, but not for ever: schedule_timeout() */
	IQ_SLEEP_IO = 1 << 4,	      /* counts as waiting for I/O: io_schedule() */
	IQ_SLEEP_NAP = 1 << 5,	      /* the kernel lets time pass: msleep() */
	IQ_SLEEP_COMPLETION = 1 << 6, /* in a struct completion */
	IQ_SLEEP_BIT = 1 << 7,	      /* until a bit is cleared */
	IQ_SLEEP_QUEUE = 1 << 8,      /* in a wait queue of its callers' */

	/* For what, as a program asked for it. */
	IQ_SLEEP_TIME = 1 << 9,	      /* nanosleep() */
	IQ_SLEEP_POLL = 1 << 10,      /* poll(), select(), epoll_wait() */
	IQ_SLEEP_RING = 1 << 11,      /* completions of io_uring */
	IQ_SLEEP_SIGNAL = 1 << 12,    /* pause(), sigwait() */
	IQ_SLEEP_FUTEX = 1 << 13,     /* a futex that is not said to have an owner */
	IQ_SLEEP_FUTEX_ANY = 1 << 14, /* any futex, one with an owner too */
	IQ_SLEEP_CHILD = 1 << 15,     /* wait() */
	IQ_SLEEP_EVENT = 1 << 16,     /* reads of eventfd, signalfd, timerfd, inotify */
	IQ_SLEEP_INPUT = 1 << 17, /* pipes, terminals, sockets, messages: nothing is there yet */

	/* A kernel thread that is sent work; on its stack while it works, too. */
	IQ_SLEEP_WORKER = 1 << 18,
};

/* Of which kinds the function of a frame is; 0: none that is known. */
unsigned iq_sleep_kinds(const struct iq_frame *frame);

/* The innermost frame, from frame `from` on, that is of one of these kinds; -1: none. */
int iq_sleep_find(const struct iq_stack *stack, size_t from, unsigned kinds);

/* Is it this function that sleeps: is every frame that it called of one of these kinds? */
bool iq_sleeps_in(const struct iq_stack *stack, size_t frame, unsigned kinds);

#endif
