/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Mounts from servers that do not answer
 */
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "role.h"

/* nfs-mount SOURCE MNT OPTIONS */
static int role_nfs_mount(char **argv)
{
	be("nfs-mount");
	mkdir(argv[1], 0755);
	fact(getpid(), "mounter");
	checked(mount(argv[0], argv[1], "nfs", 0, argv[2]), "mount");
	return 0;
}

static const struct role nfs_roles[] = {
	{ "nfs-mount", 3, role_nfs_mount }, /* SOURCE MNT OPTIONS */
	{ 0 },
};
ROLES(nfs_roles)
