/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The columns of ps(1)
 *
 * Headers, widths and what is printed are those of procps 4.0.2, so that eyes
 * and scripts find what they are used to. The kernel's side of each value is
 * what fs/proc/array.c makes of it for /proc/PID/stat.
 */
#include <stdio.h>

#include "cli/cached.h"
#include "cli/ps.h"
#include "out/text.h"

enum {
	MAX_RT_PRIO = 100,
	DEFAULT_PRIO = 120,
	SCHED_NORMAL = 0,
	SCHED_BATCH = 3,
	NSEC = 1000000000,
};

#define GETTER(name)                                                                               \
	static void name(__attribute__((unused)) const struct ps *ps, const struct ps_row *row,    \
			 struct iq_strbuf *sb, __attribute__((unused)) struct ps_value *v)

static void number(struct iq_strbuf *sb, struct ps_value *v, int64_t num)
{
	v->num = num;
	iq_strbuf_printf(sb, "%" PRId64, num);
}

static void none(struct iq_strbuf *sb, struct ps_value *v)
{
	v->null = true;
	iq_strbuf_addc(sb, '-');
}

#define NUMBER(name, expr)                                                                         \
	GETTER(name)                                                                               \
	{                                                                                          \
		number(sb, v, (int64_t)(expr));                                                    \
	}

NUMBER(get_pid, row->task->tgid)
NUMBER(get_tid, row->task->pid)
NUMBER(get_ppid, row->task->ppid)
NUMBER(get_pgid, row->task->pgid)
NUMBER(get_sid, row->task->sid)
NUMBER(get_tpgid, row->tpgid)
NUMBER(get_nlwp, row->task->num_threads)
NUMBER(get_euid, row->task->euid)
NUMBER(get_uid, row->task->uid)
NUMBER(get_egid, row->task->gid)
NUMBER(get_psr, row->task->cpu)
NUMBER(get_pri, 39 - (row->task->prio - MAX_RT_PRIO))
NUMBER(get_opri, 60 + (row->task->prio - MAX_RT_PRIO))
NUMBER(get_pri_bsd, row->task->prio - MAX_RT_PRIO)
NUMBER(get_vsz, row->total_vm * 4)
NUMBER(get_sz, row->total_vm)
NUMBER(get_rss, row->rss * 4)
NUMBER(get_minflt, row->min_flt)
NUMBER(get_majflt, row->maj_flt)
NUMBER(get_nspid, row->task->ns_pid)

static void name_or_number(struct iq_strbuf *sb, const char *name, uint32_t id)
{
	if (name)
		iq_text_clean(sb, name);
	else
		iq_strbuf_printf(sb, "%u", id);
}

GETTER(get_euser)
{
	if (!row->task->uid_known)
		iq_strbuf_adds(sb, "?");
	else
		name_or_number(sb, iq_user_name(row->task->euid), row->task->euid);
}

GETTER(get_ruser)
{
	if (!row->task->uid_known)
		iq_strbuf_adds(sb, "?");
	else
		name_or_number(sb, iq_user_name(row->task->uid), row->task->uid);
}

GETTER(get_group)
{
	if (!row->task->uid_known)
		iq_strbuf_adds(sb, "?");
	else
		name_or_number(sb, iq_group_name(row->task->gid), row->task->gid);
}

GETTER(get_tty)
{
	iq_strbuf_adds(sb, row->task->tty[0] ? row->task->tty : "?");
}

GETTER(get_state)
{
	iq_strbuf_addc(sb, row->task->state);
}

GETTER(get_stat)
{
	const struct iq_task *t = row->task;
	int nice = t->static_prio - DEFAULT_PRIO;

	iq_strbuf_addc(sb, t->state);
	if (nice)
		iq_strbuf_addc(sb, nice < 0 ? '<' : 'N');
	if (row->locked_vm)
		iq_strbuf_addc(sb, 'L');
	if (t->sid == t->tgid)
		iq_strbuf_addc(sb, 's');
	if (t->num_threads > 1)
		iq_strbuf_addc(sb, 'l');
	if (t->pgid == row->tpgid)
		iq_strbuf_addc(sb, '+');
}

GETTER(get_flags)
{
	v->num = row->task->flags >> 6 & 7;
	iq_strbuf_printf(sb, "%" PRIo64, (uint64_t)v->num);
}

GETTER(get_nice)
{
	if (row->task->policy != SCHED_NORMAL && row->task->policy != SCHED_BATCH)
		none(sb, v);
	else
		number(sb, v, row->task->static_prio - DEFAULT_PRIO);
}

GETTER(get_rtprio)
{
	if (row->task->policy == SCHED_NORMAL)
		none(sb, v);
	else
		number(sb, v, row->task->rt_priority);
}

GETTER(get_class)
{
	/* SCHED_* of include/uapi/linux/sched.h */
	static const char *const names[] = { "TS", "FF", "RR", "B", "ISO", "IDL", "DLN" };

	iq_strbuf_adds(sb,
		       row->task->policy < IQ_ARRAY_SIZE(names) ? names[row->task->policy] : "?");
}

/* ---- times ---- */

static int64_t start_s(const struct ps *ps, const struct ps_row *row)
{
	/* In clock ticks, as /proc says it: a hundredth of a second. */
	return ps->btime_s + (int64_t)(row->task->start_ns / NSEC);
}

static double elapsed(const struct ps *ps, const struct ps_row *row)
{
	double start = (double)(row->task->start_ns / 10000000) / 100;

	return ps->up_s > start ? ps->up_s - start : 0;
}

static double percent_cpu(const struct ps *ps, const struct ps_row *row)
{
	double seconds = elapsed(ps, row);

	return seconds > 0 ? (double)(row->runtime_ns / 10000000) / seconds : 0;
}

GETTER(get_pcpu)
{
	v->real = percent_cpu(ps, row);
	v->null = !ps->up_s;
	if (v->null)
		iq_strbuf_adds(sb, "-");
	else
		iq_strbuf_printf(sb, v->real > 99.9 ? "%.0f" : "%.1f",
				 (double)(int64_t)(v->real * 10) / 10);
}

GETTER(get_c)
{
	int64_t percent = (int64_t)percent_cpu(ps, row);

	if (ps->up_s)
		number(sb, v, IQ_MIN(percent, (int64_t)99));
	else
		none(sb, v);
}

GETTER(get_pmem)
{
	uint64_t thousandth = ps->ram_pages ? row->rss * 1000 / ps->ram_pages : 0;

	thousandth = IQ_MIN(thousandth, (uint64_t)999);
	v->real = (double)thousandth / 10;
	iq_strbuf_printf(sb, "%.1f", v->real);
}

static void hms(struct iq_strbuf *sb, uint64_t s)
{
	if (s >= 86400)
		iq_strbuf_printf(sb, "%" PRIu64 "-", s / 86400);
	iq_strbuf_printf(sb, "%02u:%02u:%02u", (unsigned)(s % 86400 / 3600),
			 (unsigned)(s / 60 % 60), (unsigned)(s % 60));
}

GETTER(get_time)
{
	hms(sb, row->runtime_ns / NSEC);
	v->num = (int64_t)row->runtime_ns;
}

GETTER(get_bsdtime)
{
	uint64_t s = row->runtime_ns / NSEC;

	iq_strbuf_printf(sb, "%3" PRIu64 ":%02u", s / 60, (unsigned)(s % 60));
	v->num = (int64_t)row->runtime_ns;
}

NUMBER(get_cputimes, row->runtime_ns / NSEC)
NUMBER(get_etimes, elapsed(ps, row))

GETTER(get_etime)
{
	uint64_t s = (uint64_t)elapsed(ps, row);

	v->num = (int64_t)s;
	if (!ps->up_s)
		none(sb, v);
	else if (s >= 3600)
		hms(sb, s);
	else
		iq_strbuf_printf(sb, "%02u:%02u", (unsigned)(s / 60), (unsigned)(s % 60));
}

static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
				  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };

/* False, and "-", where the clock on the wall is not known. */
static bool started(const struct ps *ps, const struct ps_row *row, struct iq_strbuf *sb,
		    struct ps_value *v, struct iq_civil *civil_ret)
{
	v->num = (int64_t)row->task->start_ns;
	if (!ps->now_s) {
		none(sb, v);
		return false;
	}
	iq_civil_local(start_s(ps, row), civil_ret);
	return true;
}

GETTER(get_stime)
{
	struct iq_civil c, now;

	if (!started(ps, row, sb, v, &c))
		return;
	iq_civil_local(ps->now_s, &now);
	if (c.year != now.year)
		iq_strbuf_printf(sb, "%d", c.year);
	else if (c.yday != now.yday)
		iq_strbuf_printf(sb, "%s%02d", months[c.mon], c.mday);
	else
		iq_strbuf_printf(sb, "%02d:%02d", c.hour, c.min);
}

GETTER(get_bsdstart)
{
	struct iq_civil c;

	if (!started(ps, row, sb, v, &c))
		return;
	if (ps->now_s - start_s(ps, row) > 86400)
		iq_strbuf_printf(sb, "%s %2d", months[c.mon], c.mday);
	else
		iq_strbuf_printf(sb, " %02d:%02d", c.hour, c.min);
}

GETTER(get_start)
{
	struct iq_civil c;

	if (!started(ps, row, sb, v, &c))
		return;
	if (ps->now_s - start_s(ps, row) >= 86400)
		iq_strbuf_printf(sb, "  %s %02d", months[c.mon], c.mday);
	else
		iq_strbuf_printf(sb, "%02d:%02d:%02d", c.hour, c.min, c.sec);
}

GETTER(get_lstart)
{
	struct iq_civil c;

	if (started(ps, row, sb, v, &c))
		iq_strbuf_printf(sb, "%s %s %2d %02d:%02d:%02d %d", days[c.wday], months[c.mon],
				 c.mday, c.hour, c.min, c.sec, c.year);
}

/* ---- names ---- */

static void add_comm(const struct ps_row *row, struct iq_strbuf *sb)
{
	if (row->forest)
		iq_strbuf_adds(sb, row->forest);
	iq_text_clean(sb, row->name ? row->name : row->task->comm);
}

GETTER(get_comm)
{
	add_comm(row, sb);
}

GETTER(get_args)
{
	if (row->task->state == 'Z') {
		if (row->forest)
			iq_strbuf_adds(sb, row->forest);
		iq_strbuf_addc(sb, '[');
		iq_text_clean(sb, row->task->comm);
		iq_strbuf_adds(sb, "] <defunct>");
		return;
	}
	if (row->forest)
		iq_strbuf_adds(sb, row->forest);
	iq_text_clean(sb, row->args ? row->args : "?");
}

GETTER(get_wchan)
{
	const char *name = row->wchan ? row->wchan : "-";

	/* Underscores at the start tell nothing in six columns; for programs the name stays what it
	 * is. */
	v->null = !row->wchan;
	iq_strbuf_adds(sb, ps->cli->json ? name : name + strspn(name, "._"));
}

GETTER(get_addr)
{
	/* Task addresses are of use for the debugger, not for the column ADDR of ps -l. */
	(void)row;
	none(sb, v);
}

GETTER(get_pidns)
{
	if (row->task->pidns_inum)
		number(sb, v, row->task->pidns_inum);
	else
		none(sb, v);
}

GETTER(get_task)
{
	v->num = (int64_t)row->task->addr;
	iq_strbuf_printf(sb, "%016" PRIx64, row->task->addr);
}

GETTER(get_idle)
{
	v->real = (double)(row->task->idle_ns / 1000000) / 1000;
	v->null = row->task->idle_ns < 0;
	if (v->null)
		iq_strbuf_addc(sb, '-');
	else
		iq_strbuf_printf(sb, "%.1f", v->real);
}

#define PID_COLUMN(n, h, g)                                                                        \
	{                                                                                          \
		n, h, 5, PS_RIGHT, PS_NUMBER, 0, g, true                                           \
	}

const struct ps_column ps_columns[] = {
	{ "%cpu", "%CPU", 4, PS_RIGHT, PS_REAL, 0, get_pcpu },
	{ "%mem", "%MEM", 4, PS_RIGHT, PS_REAL, NEEDS_MM, get_pmem },
	{ "addr", "ADDR", 4, PS_RIGHT, PS_TEXT, 0, get_addr },
	{ "addr_1", "ADDR", 1, PS_LEFT, PS_TEXT, 0, get_addr },
	{ "args", "COMMAND", 27, PS_UNLIMITED, PS_TEXT, NEEDS_ARGS | NEEDS_NAME, get_args },
	{ "bsdstart", "START", 6, PS_RIGHT, PS_TEXT, 0, get_bsdstart },
	{ "bsdtime", "TIME", 6, PS_RIGHT, PS_TEXT, 0, get_bsdtime },
	{ "c", "C", 2, PS_RIGHT, PS_NUMBER, 0, get_c },
	{ "class", "CLS", 3, PS_RIGHT, PS_TEXT, 0, get_class },
	{ "cls", "CLS", 3, PS_RIGHT, PS_TEXT, 0, get_class },
	{ "cmd", "CMD", 27, PS_UNLIMITED, PS_TEXT, NEEDS_ARGS | NEEDS_NAME, get_args },
	{ "comm", "COMMAND", 15, PS_UNLIMITED, PS_TEXT, NEEDS_NAME, get_comm },
	{ "command", "COMMAND", 27, PS_UNLIMITED, PS_TEXT, NEEDS_ARGS | NEEDS_NAME, get_args },
	{ "cp", "CP", 3, PS_RIGHT, PS_NUMBER, 0, get_c },
	{ "cpuid", "CPUID", 5, PS_RIGHT, PS_NUMBER, 0, get_psr },
	{ "cputime", "TIME", 8, PS_RIGHT, PS_TEXT, 0, get_time },
	{ "cputimes", "TIME", 8, PS_RIGHT, PS_NUMBER, 0, get_cputimes },
	{ "egid", "EGID", 5, PS_RIGHT, PS_NUMBER, 0, get_egid },
	{ "egroup", "EGROUP", 8, PS_USER, PS_TEXT, 0, get_group },
	{ "etime", "ELAPSED", 11, PS_RIGHT, PS_TEXT, 0, get_etime },
	{ "etimes", "ELAPSED", 7, PS_RIGHT, PS_NUMBER, 0, get_etimes },
	{ "euid", "EUID", 5, PS_RIGHT, PS_NUMBER, 0, get_euid },
	{ "euser", "EUSER", 8, PS_USER, PS_TEXT, 0, get_euser },
	{ "f", "F", 1, PS_RIGHT, PS_NUMBER, 0, get_flags },
	{ "flag", "F", 1, PS_RIGHT, PS_NUMBER, 0, get_flags },
	{ "flags", "F", 1, PS_RIGHT, PS_NUMBER, 0, get_flags },
	{ "gid", "GID", 5, PS_RIGHT, PS_NUMBER, 0, get_egid },
	{ "group", "GROUP", 8, PS_USER, PS_TEXT, 0, get_group },
	{ "idle", "IDLE", 8, PS_RIGHT, PS_REAL, 0, get_idle },
	{ "lstart", "STARTED", 24, PS_RIGHT, PS_TEXT, 0, get_lstart },
	PID_COLUMN("lwp", "LWP", get_tid),
	{ "maj_flt", "MAJFL", 6, PS_RIGHT, PS_NUMBER, NEEDS_FAULTS, get_majflt },
	{ "majflt", "MAJFLT", 6, PS_RIGHT, PS_NUMBER, NEEDS_FAULTS, get_majflt },
	{ "min_flt", "MINFL", 6, PS_RIGHT, PS_NUMBER, NEEDS_FAULTS, get_minflt },
	{ "minflt", "MINFLT", 6, PS_RIGHT, PS_NUMBER, NEEDS_FAULTS, get_minflt },
	{ "ni", "NI", 3, PS_RIGHT, PS_NUMBER, 0, get_nice },
	{ "nice", "NI", 3, PS_RIGHT, PS_NUMBER, 0, get_nice },
	{ "nlwp", "NLWP", 4, PS_RIGHT, PS_NUMBER, 0, get_nlwp },
	PID_COLUMN("nspid", "NSPID", get_nspid),
	{ "opri", "PRI", 3, PS_RIGHT, PS_NUMBER, 0, get_opri },
	{ "pcpu", "%CPU", 4, PS_RIGHT, PS_REAL, 0, get_pcpu },
	PID_COLUMN("pgid", "PGID", get_pgid),
	PID_COLUMN("pgrp", "PGRP", get_pgid),
	PID_COLUMN("pid", "PID", get_pid),
	{ "pidns", "PIDNS", 10, PS_RIGHT, PS_NUMBER, 0, get_pidns },
	{ "pmem", "%MEM", 4, PS_RIGHT, PS_REAL, NEEDS_MM, get_pmem },
	{ "policy", "POL", 3, PS_LEFT, PS_TEXT, 0, get_class },
	PID_COLUMN("ppid", "PPID", get_ppid),
	{ "pri", "PRI", 3, PS_RIGHT, PS_NUMBER, 0, get_pri },
	{ "pri_bsd", "PRI", 3, PS_RIGHT, PS_NUMBER, 0, get_pri_bsd },
	{ "psr", "PSR", 3, PS_RIGHT, PS_NUMBER, 0, get_psr },
	{ "rss", "RSS", 5, PS_RIGHT, PS_NUMBER, NEEDS_MM, get_rss },
	{ "rssize", "RSS", 5, PS_RIGHT, PS_NUMBER, NEEDS_MM, get_rss },
	{ "rsz", "RSZ", 5, PS_RIGHT, PS_NUMBER, NEEDS_MM, get_rss },
	{ "rtprio", "RTPRIO", 6, PS_RIGHT, PS_NUMBER, 0, get_rtprio },
	{ "ruid", "RUID", 5, PS_RIGHT, PS_NUMBER, 0, get_uid },
	{ "ruser", "RUSER", 8, PS_USER, PS_TEXT, 0, get_ruser },
	{ "s", "S", 1, PS_LEFT, PS_TEXT, 0, get_state },
	PID_COLUMN("sess", "SESS", get_sid),
	PID_COLUMN("session", "SESS", get_sid),
	PID_COLUMN("sid", "SID", get_sid),
	PID_COLUMN("spid", "SPID", get_tid),
	{ "start", "STARTED", 8, PS_RIGHT, PS_TEXT, 0, get_start },
	{ "start_time", "START", 5, PS_RIGHT, PS_TEXT, 0, get_stime },
	{ "stat", "STAT", 4, PS_LEFT, PS_TEXT, NEEDS_MM | NEEDS_TPGID, get_stat },
	{ "state", "S", 1, PS_LEFT, PS_TEXT, 0, get_state },
	{ "stime", "STIME", 5, PS_RIGHT, PS_TEXT, 0, get_stime },
	{ "sz", "SZ", 5, PS_RIGHT, PS_NUMBER, NEEDS_MM, get_sz },
	{ "task", "TASK", 16, PS_RIGHT, PS_TEXT, 0, get_task },
	PID_COLUMN("tgid", "TGID", get_pid),
	{ "thcount", "THCNT", 5, PS_RIGHT, PS_NUMBER, 0, get_nlwp },
	PID_COLUMN("tid", "TID", get_tid),
	{ "time", "TIME", 8, PS_RIGHT, PS_TEXT, 0, get_time },
	{ "times", "TIME", 8, PS_RIGHT, PS_NUMBER, 0, get_cputimes },
	{ "tname", "TTY", 8, PS_LEFT, PS_TEXT, 0, get_tty },
	PID_COLUMN("tpgid", "TPGID", get_tpgid),
	{ "tt", "TT", 8, PS_LEFT, PS_TEXT, 0, get_tty },
	{ "tty", "TT", 8, PS_LEFT, PS_TEXT, 0, get_tty },
	{ "ucmd", "CMD", 15, PS_UNLIMITED, PS_TEXT, NEEDS_NAME, get_comm },
	{ "ucomm", "COMMAND", 15, PS_UNLIMITED, PS_TEXT, NEEDS_NAME, get_comm },
	{ "uid", "UID", 5, PS_RIGHT, PS_NUMBER, 0, get_euid },
	{ "uname", "USER", 8, PS_USER, PS_TEXT, 0, get_euser },
	{ "user", "USER", 8, PS_USER, PS_TEXT, 0, get_euser },
	{ "vsize", "VSZ", 6, PS_RIGHT, PS_NUMBER, NEEDS_MM, get_vsz },
	{ "vsz", "VSZ", 6, PS_RIGHT, PS_NUMBER, NEEDS_MM, get_vsz },
	{ "wchan", "WCHAN", 6, PS_LEFT, PS_TEXT, NEEDS_WCHAN, get_wchan },
	{ 0 },
};

const struct ps_column *ps_column_by_name(const char *name, size_t len)
{
	for (const struct ps_column *c = ps_columns; c->name; c++)
		if (strlen(c->name) == len && !memcmp(c->name, name, len))
			return c;
	return NULL;
}
