/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The calendar
 *
 * libc has it too, but its functions open the file of the local time zone first, gmtime_r()
 * as well, and on a machine whose disk hangs that may not come back.
 */
#include "inquest/util.h"

bool iq_is_leap_year(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int64_t iq_days_to_year(int64_t year)
{
	year--;
	return year * 365 + year / 4 - year / 100 + year / 400 - 719162;
}

static const uint16_t month_start[] = {
	0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365
};

int iq_day_of_year(int year, int mon)
{
	return month_start[mon] + (mon > 1 && iq_is_leap_year(year));
}

void iq_civil_utc(int64_t t, struct iq_civil *c)
{
	int64_t days = t / 86400, rest = t % 86400, year;

	if (rest < 0) {
		rest += 86400;
		days--;
	}
	/* 400 years are 146097 days: near enough to be off by one at most. */
	year = 1970 + days * 400 / 146097;
	while (iq_days_to_year(year) > days)
		year--;
	while (iq_days_to_year(year + 1) <= days)
		year++;
	*c = (struct iq_civil){ .year = (int)year,
				.yday = (int)(days - iq_days_to_year(year)),
				.wday = (int)(((days + 4) % 7 + 7) % 7),
				.hour = (int)(rest / 3600),
				.min = (int)(rest / 60 % 60),
				.sec = (int)(rest % 60) };
	while (c->mon < 11 && iq_day_of_year(c->year, c->mon + 1) <= c->yday)
		c->mon++;
	c->mday = c->yday - iq_day_of_year(c->year, c->mon) + 1;
}
