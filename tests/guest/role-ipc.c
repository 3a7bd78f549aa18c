/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Roles with semaphores and message queues
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <unistd.h>

#include "role.h"

static void sem_do(int id, int num, int op, int flags)
{
	struct sembuf sop = { .sem_num = (unsigned short)num,
			      .sem_op = (short)op,
			      .sem_flg = (short)flags };

	checked(semop(id, &sop, 1), "semop");
}

/* sem-make VALUE: a set of four, each with that value */
static int role_sem_make(char **argv)
{
	int id = checked(semget(IPC_PRIVATE, 4, 0600), "semget");

	for (int i = 0; i < 4; i++)
		checked(semctl(id, i, SETVAL, atoi(argv[0])), "semctl");
	fact(id, "sem");
	return 0;
}

/* sem-take ID NUM UNDO: takes it and sleeps, or ends if UNDO is "end" */
static int role_sem_take(char **argv)
{
	be("sem-take");
	sem_do(atoi(argv[0]), atoi(argv[1]), -1, strcmp(argv[2], "undo") ? 0 : SEM_UNDO);
	fact(getpid(), "taker");
	if (!strcmp(argv[2], "end"))
		return 0;
	sleep_for_ever();
}

/* sem-both ID HAS WANTS: takes one, to be given back if it ends, and wants another */
static int role_sem_both(char **argv)
{
	be("sem-both");
	sem_do(atoi(argv[0]), atoi(argv[1]), -1, SEM_UNDO);
	fact(getpid(), "between");
	sem_do(atoi(argv[0]), atoi(argv[2]), -1, SEM_UNDO);
	return 0;
}

/* sem-want ID NUM */
static int role_sem_want(char **argv)
{
	be("sem-want");
	sem_do(atoi(argv[0]), atoi(argv[1]), -1, 0);
	return 0;
}

/* sem-serve ID NUM: takes what others give, one after the other */
static int role_sem_serve(char **argv)
{
	be("sem-serve");
	fact(getpid(), "server");
	for (;;)
		sem_do(atoi(argv[0]), atoi(argv[1]), -1, 0);
	sleep_for_ever();
}

/* sem-give ID NUM TIMES */
static int role_sem_give(char **argv)
{
	for (int i = 0; i < atoi(argv[2]); i++)
		sem_do(atoi(argv[0]), atoi(argv[1]), 1, 0);
	return 0;
}

struct text {
	long type;
	char text[1024];
};

/* msg-receive: makes a queue and takes what comes */
static int role_msg_receive(char **argv)
{
	int id = checked(msgget(IPC_PRIVATE, 0600), "msgget");
	struct text msg;

	(void)argv;
	be("msg-receive");
	fact(id, "queue");
	fact(getpid(), "receiver");
	for (;;)
		checked((int)msgrcv(id, &msg, sizeof(msg.text), 0, 0), "msgrcv");
	sleep_for_ever();
}

/* msg-send ID: as many as it can */
static int role_msg_send(char **argv)
{
	struct text msg = { .type = 1 };

	be("msg-send");
	for (;;) {
		checked(msgsnd(atoi(argv[0]), &msg, sizeof(msg.text), 0), "msgsnd");
		usleep(20000);
	}
	sleep_for_ever();
}

/* mq-receive NAME: makes a POSIX queue and takes what comes */
static int role_mq_receive(char **argv)
{
	struct mq_attr attr = { .mq_maxmsg = 4, .mq_msgsize = 64 };
	mqd_t mq = mq_open(argv[0], O_RDONLY | O_CREAT, 0600, &attr);
	char buf[64];

	be("mq-receive");
	checked(mq, "mq_open");
	fact(getpid(), "receiver");
	for (;;)
		checked((int)mq_receive(mq, buf, sizeof(buf), NULL), "mq_receive");
	sleep_for_ever();
}

/* mq-send NAME: as many as it can */
static int role_mq_send(char **argv)
{
	mqd_t mq = mq_open(argv[0], O_WRONLY);

	be("mq-send");
	checked(mq, "mq_open");
	for (;;) {
		checked(mq_send(mq, "hello", 5, 0), "mq_send");
		usleep(20000);
	}
	sleep_for_ever();
}

static const struct role ipc[] = {
	{ "sem-make", 1, role_sem_make },   /* VALUE */
	{ "sem-take", 3, role_sem_take },   /* ID NUM UNDO */
	{ "sem-both", 3, role_sem_both },   /* ID HAS WANTS */
	{ "sem-want", 2, role_sem_want },   /* ID NUM */
	{ "sem-serve", 2, role_sem_serve }, /* ID NUM */
	{ "sem-give", 3, role_sem_give },   /* ID NUM TIMES */
	{ "msg-receive", 0, role_msg_receive },
	{ "msg-send", 1, role_msg_send },     /* ID */
	{ "mq-receive", 1, role_mq_receive }, /* NAME */
	{ "mq-send", 1, role_mq_send },	      /* NAME */
	{ 0 },
};
ROLES(ipc)
