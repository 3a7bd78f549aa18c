/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Mutexes of pthreads that do not come free
 */
#include <pthread.h>
#include <stdlib.h>

#include "role.h"

static pthread_mutex_t mutex;

static void *take(void *how)
{
	be("owner");
	fact(my_tid(), "owner");
	pthread_mutex_lock(&mutex);
	if (how)
		return NULL;
	sleep_for_ever();
}

static void *want(void *arg)
{
	be("wants-mutex");
	fact(my_tid(), "wants");
	pthread_mutex_lock(&mutex);
	return arg;
}

/* mutex TYPE ENDS: a thread takes it and sleeps, or ends if ENDS is not 0; a second one wants it */
static int role_mutex(char **argv)
{
	pthread_mutexattr_t attr;
	pthread_t owner;

	be("mutex");
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, atoi(argv[0]));
	pthread_mutex_init(&mutex, &attr);
	if (pthread_create(&owner, NULL, take, atoi(argv[1]) ? &mutex : NULL))
		die("pthread_create");
	if (atoi(argv[1]))
		pthread_join(owner, NULL);
	else
		while (!pthread_mutex_trylock(&mutex))
			pthread_mutex_unlock(&mutex);
	start(want, NULL);
	sleep_for_ever();
}

static const struct role mutex_roles[] = {
	{ "mutex", 2, role_mutex }, /* TYPE ENDS */
	{ 0 },
};
ROLES(mutex_roles)
