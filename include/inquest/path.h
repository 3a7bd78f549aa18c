/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What files and directories are called
 *
 * Paths are put together out of the kernel's cache of directories; no file is asked for. Strings
 * live in the scratch arena. NULL, or 0, where there is none or it cannot be read; none of this has
 * errors.
 */
#ifndef INQUEST_PATH_H
#define INQUEST_PATH_H

#include "inquest/task.h"

/*
 * The path of a dentry as the initial mount namespace shows it: "/data/file"; of a filesystem that
 * is not mounted there, from that filesystem's root. NULL where it cannot be read.
 */
const char *iq_path_of_dentry(struct iq_session *s, iq_vaddr dentry);
/* By the inode's first name, which is the only one for directories. */
const char *iq_path_of_inode(struct iq_session *s, iq_vaddr inode);
const char *iq_path_of_file(struct iq_session *s, iq_vaddr file);

/* struct file behind a descriptor of a task; 0 if there is none. */
iq_vaddr iq_task_file(struct iq_session *s, const struct iq_task *task, unsigned fd);

#endif
