/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Surviving a crash
 *
 * A signal handler on a stack of its own jumps back to where the command was called. That is
 * rough, but this process only reads: what can be wrong afterwards is a cache or a lost allocation,
 * and somebody in front of a hung machine would rather go on than start again.
 */
#include <setjmp.h>
#include <signal.h>

#include "shell/run/fault.h"

static const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL };
enum { NUM_SIGNALS = IQ_ARRAY_SIZE(signals), STACK_SIZE = 1 << 16 };

static sigjmp_buf *innermost; /* NULL: no command runs */

static void on_fault(int sig)
{
	if (innermost)
		siglongjmp(*innermost, sig);
	signal(sig, SIG_DFL); /* it comes again when we return */
}

static void install(struct sigaction *before)
{
	static char stack[STACK_SIZE];
	struct sigaction sa = { .sa_handler = on_fault, .sa_flags = SA_ONSTACK | SA_NODEFER };
	stack_t ss = { .ss_sp = stack, .ss_size = sizeof(stack) };

	sigaltstack(&ss, NULL);
	for (int i = 0; i < NUM_SIGNALS; i++)
		sigaction(signals[i], &sa, &before[i]);
}

static const char *fault_name(int sig)
{
	return sig == SIGFPE ? "arithmetic" : sig == SIGILL ? "instruction" : "memory";
}

struct iq_error *iq_fault_guard(struct iq_cmd *cmd, bool *fault_ret)
{
	sigjmp_buf here, *outer = innermost;
	struct sigaction before[NUM_SIGNALS];
	struct iq_error *err;
	int sig;

	*fault_ret = false;
	if (!outer)
		install(before);
	sig = sigsetjmp(here, 1);
	if (!sig) {
		innermost = &here;
		err = cmd->dcmd->run(cmd);
	} else {
		*fault_ret = true;
		err = iq_error_new(IQ_ERR_CORRUPT,
				   "the command crashed (%s fault); the session goes on",
				   fault_name(sig));
	}
	innermost = outer;
	if (!outer)
		for (int i = 0; i < NUM_SIGNALS; i++)
			sigaction(signals[i], &before[i], NULL);
	return err;
}
