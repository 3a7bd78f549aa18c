/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Opening what is to be read
 */
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/cli.h"
#include "inquest/module.h"

volatile int iq_interrupted;

static void on_interrupt(int sig)
{
	(void)sig;
	iq_interrupted = 1;
}

/* The debugger's: ^C stops a command. One that does not listen can be left by insisting. */
static void on_debugger_interrupt(int sig)
{
	enum { ENOUGH = 4 };

	(void)sig;
	if (++iq_interrupted >= ENOUGH)
		_exit(130);
}

void iq_catch_interrupts_again(void)
{
	struct sigaction sa = { .sa_handler = on_debugger_interrupt };

	sigaction(SIGINT, &sa, NULL);
	iq_interrupted = 0;
}

static void catch_interrupts(void)
{
	/* The second ^C ends the program, should the first one not. */
	struct sigaction sa = { .sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND };

	sigaction(SIGINT, &sa, NULL);
}

struct iq_error *iq_cli_open(struct iq_cli *cli)
{
	struct iq_session_options options = { .dump = cli->dump,
					      .kcore = cli->kcore,
					      .rooms = iq_all_rooms };
	struct iq_error *err;

	iq_timing(cli, "start");
	/*
	 * A machine that hangs may not be able to read our code from its disk, or to make room for
	 * our memory, any more. A dump is mapped, and would be locked in as a whole.
	 */
	if (!cli->dump)
		mlockall(MCL_CURRENT | MCL_FUTURE);
	catch_interrupts();
	err = iq_session_open(&options, &cli->session);
	if (err)
		return err;
	cli->session->interrupted = &iq_interrupted;
	iq_confine(cli->helper);
	if (cli->session->target->missing) {
		cli->missing = true;
		iq_complain(0, "%s: %s", cli->dump ? cli->dump : "/proc/kcore",
			    cli->session->target->missing);
	}
	iq_timing(cli, "open");
	return NULL;
}

void iq_cli_close(struct iq_cli *cli)
{
	iq_session_close(cli->session);
	cli->session = NULL;
}

struct iq_error *iq_cli_tasks(struct iq_cli *cli, const struct iq_task_list **list_ret, int *status)
{
	const struct iq_task_list *list;
	struct iq_error *err;

	err = iq_tasks_snapshot(cli->session, 0, &list);
	if (err)
		return err;
	iq_timing(cli, "tasks");
	*status = IQ_EXIT_OK;
	if (list->err) {
		iq_complain(0, "tasks are missing: %s", iq_error_text(list->err));
		*status = IQ_EXIT_INCOMPLETE;
	}
	if (list->num_unreadable)
		*status = IQ_EXIT_INCOMPLETE;
	*list_ret = list;
	return NULL;
}
