/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Clocks of the machine that we run on
 */
#include <time.h>

#include "inquest/util.h"

static uint64_t read_clock(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

uint64_t iq_clock_monotonic(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

uint64_t iq_clock_boottime(void)
{
	return read_clock(CLOCK_BOOTTIME);
}

uint64_t iq_clock_realtime(void)
{
	return read_clock(CLOCK_REALTIME);
}

uint64_t iq_clock_cpu(void)
{
	return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}
