/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Epoll instances: the descriptors that are in one
 */
#ifndef IQ_KERNEL_EPOLL_H
#define IQ_KERNEL_EPOLL_H

#include "inquest/session.h"

/* file: struct file. events: IQ_WATCH_*, and whatever else was asked for. */
typedef void (*iq_epitem_fn)(void *ctx, int fd, iq_vaddr file, uint32_t events);

/* Call fn (which may be NULL) with each descriptor of a struct eventpoll. Returns how many there
 * are; where its tree breaks off, those up to there. */
size_t iq_epoll_each(struct iq_session *s, iq_vaddr eventpoll, iq_epitem_fn fn, void *ctx);

#endif
