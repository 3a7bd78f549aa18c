/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Roles for filesystems and swap
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/btrfs.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "role.h"

static volatile sig_atomic_t told;

static void tell(int sig)
{
	(void)sig;
	told = 1;
}

/* swapped: memory for others to swap out; touched when told by SIGUSR1 */
static int role_swapped(char **argv)
{
	size_t size = (size_t)4 << 20;
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	volatile char sum = 0;

	(void)argv;
	be("swapped");
	if (memory == MAP_FAILED)
		die("mmap");
	for (size_t i = 0; i < size; i++)
		memory[i] = (char)(i * 7 >> 3);
	signal(SIGUSR1, tell);
	fact(getpid(), "swapped");
	fact(1, "ready");
	while (!told)
		usleep(20000);
	for (size_t i = 0; i < size; i += PAGE)
		sum ^= memory[i];
	return 0;
}

/* btrfs-commit DIR: commit the running transaction, without writing data first as sync does */
static int role_btrfs_commit(char **argv)
{
	int fd = checked(open(argv[0], O_RDONLY | O_DIRECTORY), argv[0]);

	be("btrfs-commit");
	checked(ioctl(fd, BTRFS_IOC_SYNC), "BTRFS_IOC_SYNC");
	return 0;
}

static const struct role fs_roles[] = {
	{ "swapped", 0, role_swapped },
	{ "btrfs-commit", 1, role_btrfs_commit }, /* DIR */
	{ 0 },
};

ROLES(fs_roles)
