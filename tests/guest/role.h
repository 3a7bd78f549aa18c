/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of roles share: role.c and every role-*.c beside it become one
 * program. A file ends with its table and ROLES(table).
 */
#ifndef INQUEST_TESTS_ROLE_H
#define INQUEST_TESTS_ROLE_H

#include <sys/types.h>

enum { PAGE = 4096 };

struct role {
	const char *name;
	int args;
	int (*fn)(char **argv);
};

struct role_table {
	const struct role *roles; /* the last one has no name */
	struct role_table *next;
};

void role_add(struct role_table *table);

#define ROLES(list)                                                                                \
	static struct role_table list##_table = { list, NULL };                                    \
	__attribute__((constructor)) static void list##_add(void)                                  \
	{                                                                                          \
		role_add(&list##_table);                                                           \
	}

/* Say what failed, by errno, and end. */
_Noreturn void die(const char *what);
/* The result, unless it is negative: then die(). */
int checked(int result, const char *what);

pid_t my_tid(void);

/* Tell the scenario who is who; NAME may be a format. */
__attribute__((format(printf, 2, 3))) void fact(long value, const char *name, ...);

/* The name of this thread, as ps shows it. */
void be(const char *comm);

/* Start a thread. */
void start(void *(*fn)(void *), void *arg);

_Noreturn void sleep_for_ever(void);

#endif
