/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who has what open
 *
 * An index over the descriptor tables of all processes, made when it is first
 * asked for and good until the next snapshot. It answers who holds the other end: of a pipe, a
 * socket, a userfaultfd, a fanotify group, a FUSE device, a file lock.
 *
 * Kernel: include/linux/fdtable.h, include/linux/fs.h (struct file).
 */
#ifndef INQUEST_FILES_H
#define INQUEST_FILES_H

#include "inquest/task.h"

struct iq_open_file {
	const struct iq_task *task; /* a task of the process: its leader where that lives */
	iq_vaddr files;		    /* files_struct */
	unsigned fd;
	iq_vaddr file, f_op, private_data, inode;
	uint32_t mode; /* f_mode: 1 read, 2 write */
};

enum { IQ_FMODE_READ = 1, IQ_FMODE_WRITE = 2 };

enum iq_open_key { IQ_OPEN_FILE, IQ_OPEN_PRIVATE, IQ_OPEN_INODE };

/*
 * Call fn for each descriptor whose struct file, private_data or inode is `value`, until it returns
 * true. Returns how many there were. Several tasks may share one table: they are one here.
 */
typedef bool (*iq_open_fn)(void *ctx, const struct iq_open_file *open);
size_t iq_open_each(struct iq_session *s, enum iq_open_key key, iq_vaddr value, iq_open_fn fn,
		    void *ctx);

/* Every descriptor of one task's table, in order. */
size_t iq_open_of_task(struct iq_session *s, const struct iq_task *task, iq_open_fn fn, void *ctx);

#endif
