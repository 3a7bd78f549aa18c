/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Local time without libc
 *
 * A time zone file (RFC 8536) has a block with 32-bit times, since version 2
 * another one with 64-bit times, and behind it one line: the rule for all times
 * after the last that is listed, in the words of POSIX' TZ: "CET-1CEST,M3.5.0,M10.5.0/3".
 * Everything is big-endian.
 */
#include "cli/cached.h"

enum { HEADER = 44, MAX_FILE = 1 << 20 };

/* ---- rules: std offset [dst [offset] [,start[/time],end[/time]]] ---- */

static const char *skip_name(const char *p)
{
	const char *start = p;

	if (*p == '<') {
		p = strchr(p, '>');
		return p ? p + 1 : NULL;
	}
	while ((*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z'))
		p++;
	return p - start >= 3 ? p : NULL;
}

/* [+-]hh[:mm[:ss]] in seconds */
static const char *parse_hms(const char *p, int64_t *seconds_ret)
{
	int64_t sign = 1, unit = 3600, sum = 0;
	char *end;

	if (*p == '+' || *p == '-')
		sign = *p++ == '-' ? -1 : 1;
	for (;;) {
		unsigned long v;

		if (*p < '0' || *p > '9')
			return NULL;
		v = strtoul(p, &end, 10);
		if (v > 167)
			return NULL;
		sum += (int64_t)v * unit;
		p = end;
		if (*p != ':' || unit == 1)
			break;
		unit /= 60;
		p++;
	}
	*seconds_ret = sign * sum;
	return p;
}

/* A day of a year as Mm.w.d, Jn or n, with its time; in seconds from the year's start, local time.
 */
static const char *parse_day(const char *p, int year, int64_t *at_ret)
{
	int64_t time = 7200, day;
	char *end;

	if (*p == 'M') {
		long mon = strtol(p + 1, &end, 10), week, wday, first;

		if (*end != '.')
			return NULL;
		week = strtol(end + 1, &end, 10);
		if (*end != '.')
			return NULL;
		wday = strtol(end + 1, &end, 10);
		if (mon < 1 || mon > 12 || week < 1 || week > 5 || wday < 0 || wday > 6)
			return NULL;
		day = iq_day_of_year(year, (int)mon - 1);
		first = (long)(((iq_days_to_year(year) + day + 4) % 7 + 7) % 7);
		day += (wday - first + 7) % 7 + (week - 1) * 7;
		if (day >= iq_day_of_year(year, (int)mon))
			day -= 7;
	} else if (*p == 'J') {
		day = strtol(p + 1, &end, 10) - 1;
		day += day >= 59 && iq_is_leap_year(year);
	} else {
		day = strtol(p, &end, 10);
		if (end == p)
			return NULL;
	}
	p = end;
	if (*p == '/')
		p = parse_hms(p + 1, &time);
	*at_ret = day * 86400 + time;
	return p;
}

/* The offset from UTC that a rule gives for a time. False: this is no rule. */
static bool offset_by_rule(const char *rule, int64_t t, int64_t *offset_ret)
{
	int64_t std, dst, start, end, local;
	struct iq_civil c;
	const char *p;

	p = skip_name(rule);
	if (!p || !*p)
		return false;
	p = parse_hms(p, &std);
	if (!p)
		return false;
	*offset_ret = -std;
	if (!*p)
		return true;
	dst = std - 3600;
	p = skip_name(p);
	if (p && *p && *p != ',')
		p = parse_hms(p, &dst);
	if (!p)
		return false;
	iq_civil_utc(t - std, &c);
	if (!*p)
		p = ",M3.2.0,M11.1.0";
	p = parse_day(p + 1, c.year, &start);
	if (!p || *p != ',' || !parse_day(p + 1, c.year, &end))
		return false;
	/* start is by standard time, end by summer time */
	local = t - std - iq_days_to_year(c.year) * 86400;
	end += dst - std;
	if (start < end ? local >= start && local < end : local >= start || local < end)
		*offset_ret = -dst;
	return true;
}

/* ---- files ---- */

static int64_t big_endian(const unsigned char *p, unsigned len)
{
	uint64_t v = p[0] & 0x80 ? ~0ULL : 0;

	for (unsigned i = 0; i < len; i++)
		v = v << 8 | p[i];
	return (int64_t)v;
}

struct block {
	const unsigned char *times, *kinds, *offsets, *end;
	size_t num_times, num_kinds;
	unsigned time_size;
};

static bool parse_block(const unsigned char *p, const unsigned char *limit, unsigned time_size,
			struct block *b)
{
	uint64_t n[6], len;

	if (limit - p < HEADER || memcmp(p, "TZif", 4) != 0)
		return false;
	/* isutcnt, isstdcnt, leapcnt, timecnt, typecnt, charcnt */
	for (int i = 0; i < 6; i++)
		n[i] = (uint32_t)big_endian(p + 20 + 4 * i, 4);
	len = n[3] * (time_size + 1) + n[4] * 6 + n[5] + n[2] * (time_size + 4) + n[1] + n[0];
	if (len > (uint64_t)(limit - p - HEADER))
		return false;
	b->times = p + HEADER;
	b->kinds = b->times + n[3] * time_size;
	b->offsets = b->kinds + n[3];
	b->end = p + HEADER + len;
	b->num_times = n[3];
	b->num_kinds = n[4];
	b->time_size = time_size;
	return true;
}

static bool offset_by_file(const struct iq_strbuf *file, int64_t t, int64_t *offset_ret)
{
	const unsigned char *p = (const unsigned char *)file->str, *limit = p + file->len;
	struct block b;
	size_t i;

	if (!parse_block(p, limit, 4, &b))
		return false;
	if (p[4] >= '2' && !parse_block(b.end, limit, 8, &b))
		return false;
	if (!b.num_times ||
	    t >= big_endian(b.times + (b.num_times - 1) * b.time_size, b.time_size)) {
		char rule[128];
		size_t len = (size_t)(limit - b.end);

		if (b.time_size == 8 && len > 2 && len < sizeof(rule)) {
			memcpy(rule, b.end + 1, len - 1);
			rule[len - 1] = '\0';
			rule[strcspn(rule, "\n")] = '\0';
			if (offset_by_rule(rule, t, offset_ret))
				return true;
		}
	}
	for (i = b.num_times; i > 0; i--)
		if (t >= big_endian(b.times + (i - 1) * b.time_size, b.time_size))
			break;
	i = i ? b.kinds[i - 1] : 0;
	if (i >= b.num_kinds)
		return false;
	*offset_ret = big_endian(b.offsets + i * 6, 4);
	return true;
}

static int64_t offset_at(int64_t t)
{
	static struct iq_strbuf file, path;
	static bool is_read;
	const char *tz = getenv("TZ");
	int64_t offset = 0;

	if (tz && *tz == ':')
		tz++;
	if (tz && (!*tz || offset_by_rule(tz, t, &offset)))
		return offset;
	if (!is_read) {
		is_read = true;
		if (!tz)
			iq_strbuf_adds(&path, "/etc/localtime");
		else
			iq_strbuf_printf(&path, "%s%s", *tz == '/' ? "" : "/usr/share/zoneinfo/",
					 tz);
		if (!iq_read_cached(path.str, MAX_FILE, &file))
			file.len = 0;
	}
	if (file.len)
		offset_by_file(&file, t, &offset);
	return offset;
}

void iq_civil_preload(void)
{
	offset_at(0);
}

void iq_civil_local(int64_t t, struct iq_civil *civil_ret)
{
	iq_civil_utc(t + offset_at(t), civil_ret);
}
