/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Terminals whose other half does not read
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "role.h"

/* pty: an emulator that reads what its shell writes, and a shell that writes without end */
static _Noreturn int role_pty(char **argv)
{
	static char buf[4096];
	int master = checked(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), "posix_openpt"), slave;
	const char *name;
	pid_t pid;

	(void)argv;
	be("emulator");
	checked(grantpt(master), "grantpt");
	checked(unlockpt(master), "unlockpt");
	name = ptsname(master);
	pid = checked(fork(), "fork");
	if (!pid) {
		be("shell");
		slave = checked(open(name, O_RDWR | O_NOCTTY), name);
		close(master);
		fact(getpid(), "shell");
		memset(buf, 'x', sizeof(buf));
		for (;;)
			checked((int)write(slave, buf, sizeof(buf)), "write");
	}
	fact(getpid(), "emulator");
	for (;;)
		checked((int)read(master, buf, sizeof(buf)), "read");
}

/* pty-xoff: an emulator in which somebody types Ctrl-S, and a shell that writes without end */
static _Noreturn int role_pty_xoff(char **argv)
{
	static char buf[4096];
	int master = checked(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), "posix_openpt"), slave;
	const char *name;

	(void)argv;
	checked(grantpt(master), "grantpt");
	checked(unlockpt(master), "unlockpt");
	name = ptsname(master);
	if (!checked(fork(), "fork")) {
		be("xoff-shell");
		slave = checked(open(name, O_RDWR | O_NOCTTY), name);
		close(master);
		fact(getpid(), "xoff_shell");
		memset(buf, 'x', sizeof(buf));
		for (;;) {
			checked((int)write(slave, buf, 16), "write");
			usleep(10000);
		}
	}
	be("xoff-emulator");
	printf("FACT pts=%s\n", name);
	fact(getpid(), "xoff_emulator");
	usleep(300000);
	checked((int)write(master, "\023", 1), "Ctrl-S");
	for (;;)
		checked((int)read(master, buf, sizeof(buf)), "read");
}

static const struct role tty_roles[] = {
	{ "pty", 0, role_pty },
	{ "pty-xoff", 0, role_pty_xoff },
	{ 0 },
};
ROLES(tty_roles)
