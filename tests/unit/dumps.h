/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The dumps that tests look at: those below the environment's INQUEST_DUMPS, or where the build
 * says that they are. None: such tests are skipped.
 */
#ifndef IQ_TEST_DUMPS_H
#define IQ_TEST_DUMPS_H

#include <fnmatch.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>

#include "inquest/util.h"

static IQ_VEC(char *) dumps;

static int collect(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	if (flag == FTW_F && ftw->level <= 2 && dumps.num < 64 &&
	    (!fnmatch("*.elf", path, 0) || !fnmatch("*.kdump", path, 0)))
		iq_vec_push(&dumps, iq_xstrdup(path));
	return 0;
}

static int find_dumps(void **state)
{
	const char *folder = getenv("INQUEST_DUMPS");

	(void)state;
	nftw(folder ? folder : INQUEST_DUMPS, collect, 8, FTW_PHYS);
	return 0;
}

static int forget_dumps(void **state)
{
	(void)state;
	iq_vec_foreach(&dumps, path)
		free(*path);
	iq_vec_free(&dumps);
	return 0;
}

#endif
