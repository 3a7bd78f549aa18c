/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * inquest: the program
 *
 * Global options, the command's name, the command's own options and words.
 * Without a command's name it is `why`; -k, -c FILE and -p PID alone belong to
 * the debugger.
 */
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>

#include "cli/cli.h"
#include "shell/shell.h"

static const char *const why_examples[] = {
	"inquest why",
	"what hangs on this machine, and why",
	"inquest why 4711",
	"what this process waits for, hanging or not",
	"inquest why --json > report.json",
	"the whole answer for programs",
	"inquest why -c /var/crash/vmcore",
	"the same questions to a memory dump",
	NULL,
};

static const char *const ps_examples[] = {
	"inquest ps -ef",
	"all processes, as ps(1) shows them",
	"inquest ps -eLo pid,tid,stat,wchan:24,comm",
	"every thread and what it sleeps in",
	"inquest ps aux --sort=-rss",
	"the greatest ones first",
	NULL,
};

static const char *const stack_examples[] = {
	"inquest stack 4711",
	"the kernel stacks of its threads",
	"inquest stack -a",
	"those of all threads",
	NULL,
};

static const char *const stacks_examples[] = {
	"inquest stacks -s D",
	"where tasks in uninterruptible sleep are",
	"inquest stacks -f io_schedule --tids",
	"who is below io_schedule",
	NULL,
};

const struct iq_command iq_commands[] = {
	{ "why", "say what hangs, who waits for whom, and what is at the root", "[PID...]",
	  "Finds every task that hangs, follows what it waits for from lock to lock and from task "
	  "to "
	  "task, and prints what all of them end at, how sure that is, and what can be done. With "
	  "PIDs it explains what these wait for, whether they hang or not.",
	  iq_why_option_table, why_examples, iq_cmd_why },
	{ "ps", "list processes and threads, as ps(1) does", "[PID...]",
	  "Takes the options of ps(1), with a dash (-ef, -eLf, -eo pid,comm) or without (aux). It "
	  "reads "
	  "no file of another process, so that it does not hang where ps does.",
	  iq_ps_option_table, ps_examples, iq_cmd_ps },
	{ "ptree", "show who started whom", "[PID|USER]",
	  "The tree of all processes; of one process with its ancestors and everything below it; "
	  "or "
	  "the processes of a user with their ancestors.",
	  NULL, NULL, iq_cmd_ptree },
	{ "stack", "show kernel stacks", "[PID...]",
	  "The kernel stack of each thread of these processes, innermost function first; or why "
	  "there "
	  "is none. A thread's id stands for that thread alone. A question mark marks what was "
	  "found by "
	  "searching the stack.",
	  iq_stack_option_table, stack_examples, iq_cmd_stack },
	{ "stacks", "show equal kernel stacks once, most frequent first", "",
	  "Tasks in the same state whose stacks have the same addresses make one entry.",
	  iq_stacks_option_table, stacks_examples, iq_cmd_stacks },
	{ "doctor", "say which ways to read this machine there are, and whether they work", "",
	  "Looks at what reading a kernel needs, then does it: symbols, types, tasks, a stack. "
	  "With -c it "
	  "tries a dump.",
	  NULL, NULL, iq_cmd_doctor },
	{ "help", "say what a command does, and how to ask it", "[COMMAND]", NULL, NULL, NULL,
	  iq_cmd_help },
	{ 0 },
};

const struct iq_command *iq_command_by_name(const char *name)
{
	for (const struct iq_command *c = iq_commands; c->name; c++)
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}

int iq_cmd_help(struct iq_cli *cli, struct iq_words *words)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf out = IQ_STRBUF_INIT;
	const struct iq_command *command = NULL;
	int id;

	while ((id = iq_words_next(words)) != IQ_WORDS_END) {
		if (id != IQ_WORDS_WORD)
			return IQ_EXIT_USAGE;
		command = iq_command_by_name(words->value);
		if (!command)
			return iq_complain(IQ_EXIT_USAGE, "unknown command %s; see `inquest help`",
					   words->value);
	}
	if (cli->help)
		command = iq_command_by_name("help");
	if (command)
		iq_help_command(&out, command);
	else
		iq_help_program(&out);
	return iq_print(&out, IQ_EXIT_OK);
}

/* ---- without a command's name ---- */

enum { MAX_OPTIONS = 64 };

static int unknown_command(const char *word)
{
	const char *names[32], *nearest;
	size_t num = 0;
	int64_t pid;

	for (const struct iq_command *c = iq_commands; c->name && num < 31; c++)
		names[num++] = c->name;
	names[num] = NULL;
	if (iq_parse_int(word, 1, INT32_MAX, &pid))
		return iq_complain(IQ_EXIT_USAGE,
				   "unknown command %s; did you mean `inquest why %s`?", word,
				   word);
	nearest = iq_nearest(word, names);
	if (nearest)
		return iq_complain(IQ_EXIT_USAGE,
				   "unknown command %s; did you mean %s? See `inquest help`", word,
				   nearest);
	return iq_complain(IQ_EXIT_USAGE, "unknown command %s; see `inquest help`", word);
}

/*
 * Read up to the command's name: sets cli->command, or leaves it NULL where there is none. Without
 * a name a source, or an option of the debugger's, stands for the debugger; an option of `why`
 * for `why`, as nothing at all does.
 */
static int find_command(struct iq_cli *cli, struct iq_words *words)
{
	struct iq_option own[MAX_OPTIONS];
	const struct iq_command *why = iq_command_by_name("why");
	bool debugger = false;
	size_t num = 0, first_of_why;
	int id;

	for (const struct iq_option *o = iq_debugger.options; o->id; o++)
		own[num++] = *o;
	first_of_why = num;
	for (const struct iq_option *o = why->options; o && o->id && num + 1 < MAX_OPTIONS; o++)
		own[num++] = *o;
	own[num] = (struct iq_option){ 0 };
	words->own = own;
	cli->command = why;
	while ((id = iq_words_next(words)) > 0) {
		size_t i = 0;

		while (i < first_of_why && own[i].id != id)
			i++;
		if (i == first_of_why)
			break;
		debugger = true;
	}
	words->own = NULL;
	if (id == IQ_WORDS_ERROR)
		return IQ_EXIT_USAGE;
	if (id == IQ_WORDS_WORD) {
		cli->command = iq_command_by_name(words->value);
		if (!cli->command)
			return unknown_command(words->value);
		return debugger ? iq_complain(IQ_EXIT_USAGE,
					      "the debugger's options (-p, -e, ...) do not stand "
					      "before a command; see `inquest help %s`",
					      cli->command->name)
				: IQ_EXIT_OK;
	}
	if (id == IQ_WORDS_END &&
	    (cli->help || cli->version || cli->man || cli->man_debugger || cli->completion)) {
		cli->command = NULL;
		return IQ_EXIT_OK;
	}
	if (id == IQ_WORDS_END && (debugger || cli->live || cli->dump))
		cli->command = &iq_debugger;
	/* Again, all of it, as the words of that command. */
	*words = (struct iq_words){
		.cli = cli, .argv = words->argv, .argc = words->argc, .next = 1
	};
	return IQ_EXIT_OK;
}

static bool wants(const struct iq_words *words, const char *option, const char *letter)
{
	for (int i = words->next; i < words->argc && strcmp(words->argv[i], "--") != 0; i++)
		if (!strcmp(words->argv[i], option) || (letter && !strcmp(words->argv[i], letter)))
			return true;
	return false;
}

static int run(struct iq_cli *cli, struct iq_words *words)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf out = IQ_STRBUF_INIT;
	int status;

	status = find_command(cli, words);
	if (status)
		return status;
	if (cli->completion) {
		(void)iq_completion(cli->completion, &out);
	} else if (cli->man_debugger) {
		iq_shell_man(&out);
	} else if (cli->man) {
		iq_help_man(&out);
	} else if (cli->help || wants(words, "--help", "-h")) {
		if (cli->command)
			iq_help_command(&out, cli->command);
		else
			iq_help_program(&out);
	} else if (cli->version || wants(words, "--version", NULL)) {
		iq_strbuf_printf(&out, "inquest %s\n", IQ_VERSION);
	} else {
		words->own = cli->command->options;
		return cli->command->run(cli, words);
	}
	return iq_print(&out, IQ_EXIT_OK);
}

int main(int argc, char **argv)
{
	struct iq_cli cli = { 0 };
	struct iq_words words = { .cli = &cli, .argv = argv, .argc = argc, .next = 1 };
	int status;

	cli.start_ns = iq_clock_monotonic();
	signal(SIGPIPE, SIG_IGN);
	/* Else Jansson asks the kernel for random numbers, which a machine that has just booted has
	 * none of. */
	json_object_seed((size_t)cli.start_ns | 1);
	status = run(&cli, &words);
	iq_timing(&cli, "print");
	iq_cli_close(&cli);
	return status;
}
