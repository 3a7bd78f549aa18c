/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What this machine's files say, without waiting for a disk
 */
#ifndef IQ_CLI_CACHED_H
#define IQ_CLI_CACHED_H

#include "inquest/util.h"

/* Append a file's content if all of it is in the page cache, up to about max bytes. False: it is
 * not. */
bool iq_read_cached(const char *path, size_t max, struct iq_strbuf *sb);

/* This machine is well (it is another one's dump that is read): read files as anybody does. */
void iq_cached_may_wait(void);

/*
 * The name of a user or group as /etc/passwd and /etc/group have it in the page cache; NULL where
 * that is not known. Borrowed, for good.
 */
const char *iq_user_name(uint32_t uid);
const char *iq_group_name(uint32_t gid);
/* The other way round; a number is a user too. */
bool iq_user_by_name(const char *name, uint32_t *uid_ret);

/* Show no names from here on: another machine's users are not ours. */
void iq_users_off(void);

/* Read the files now: later this process can open nothing any more. Users not, where they are off.
 */
void iq_cached_preload(void);

/*
 * Seconds since 1970 in local time, by TZ or /etc/localtime; in UTC where these are not known.
 * libc's functions open files for that (gmtime() too), which may hang.
 */
void iq_civil_preload(void);
void iq_civil_local(int64_t t, struct iq_civil *civil_ret);

#endif
