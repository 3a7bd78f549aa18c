/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which ways to read a kernel exist on this machine
 *
 * What the ways need: kcore CAP_SYS_RAWIO and no lockdown above integrity; BPF
 * reads CAP_BPF with CAP_PERFMON (or CAP_SYS_ADMIN) and the same; names and
 * types come out of kernel memory, so that kallsyms and BTF files only make
 * things faster.
 */
#include "target/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "target/internal.h"

static void add(struct iq_doctor *d, const char *what, enum iq_doctor_state state, const char *fmt,
		...) __attribute__((format(printf, 4, 5)));

static void add(struct iq_doctor *d, const char *what, enum iq_doctor_state state, const char *fmt,
		...)
{
	struct iq_strbuf sb = IQ_STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	iq_strbuf_vprintf(&sb, fmt, ap);
	va_end(ap);
	d->facts = iq_xrealloc(d->facts, (d->num_facts + 1) * sizeof(*d->facts));
	d->facts[d->num_facts++] = (struct iq_doctor_fact){ what, state, iq_strbuf_steal(&sb) };
}

void iq_doctor_deinit(struct iq_doctor *doctor)
{
	for (size_t i = 0; i < doctor->num_facts; i++)
		free(doctor->facts[i].text);
	free(doctor->facts);
	*doctor = (struct iq_doctor){ 0 };
}

const char *iq_doctor_state_name(enum iq_doctor_state state)
{
	switch (state) {
	case IQ_DOCTOR_OK:
		return "ok";
	case IQ_DOCTOR_MISSING:
		return "missing";
	case IQ_DOCTOR_NOTE:
		return "note";
	}
	return "?";
}

/* ---- looking ---- */

static int open_at(const char *root, const char *path)
{
	struct iq_strbuf sb = IQ_STRBUF_INIT;
	int fd;

	iq_strbuf_printf(&sb, "%s%s", root, path);
	fd = open(sb.str, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		fd = -errno;
	iq_strbuf_deinit(&sb);
	return fd;
}

/* The first bytes of a file as a line of text; false where it cannot be read. */
static bool read_line(const char *root, const char *path, char *buf, size_t size)
{
	int fd = open_at(root, path);
	ssize_t n;

	*buf = '\0';
	if (fd < 0)
		return false;
	n = read(fd, buf, size - 1);
	close(fd);
	if (n < 0)
		return false;
	buf[n] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	return true;
}

uint64_t iq_target_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	if (syscall(SYS_capget, &header, data) < 0)
		return 0;
	return data[0].effective | (uint64_t)data[1].effective << 32;
}

static bool has(uint64_t caps, unsigned cap)
{
	return caps >> cap & 1;
}

enum { CAP_PERFMON_NR = 38, CAP_BPF_NR = 39 };

/* ---- the facts ---- */

static void look_at_kcore(struct iq_doctor *d, const char *root, uint64_t caps, bool confidential)
{
	struct stat st;
	int fd = open_at(root, "/proc/kcore");

	if (fd >= 0 && !fstat(fd, &st) && S_ISCHR(st.st_mode))
		add(d, "kcore", IQ_DOCTOR_MISSING,
		    "/proc/kcore is masked, as containers do: run on the host");
	else if (fd >= 0)
		add(d, "kcore", IQ_DOCTOR_OK, "/proc/kcore opens: the running kernel can be read");
	else if (fd == -ENOENT || fd == -ENOTDIR)
		add(d, "kcore", IQ_DOCTOR_MISSING,
		    "/proc/kcore does not exist: no CONFIG_PROC_KCORE, or no /proc here");
	else if (fd == -EPERM && (confidential || has(caps, CAP_SYS_RAWIO)))
		add(d, "kcore", IQ_DOCTOR_MISSING,
		    "/proc/kcore is forbidden by kernel lockdown (confidentiality)");
	else if (fd == -EPERM || fd == -EACCES)
		add(d, "kcore", IQ_DOCTOR_MISSING,
		    geteuid() ? "/proc/kcore is for root: try again with sudo"
			      : "/proc/kcore needs CAP_SYS_RAWIO, which this root has not");
	else
		add(d, "kcore", IQ_DOCTOR_MISSING, "/proc/kcore: %s", strerror(-fd));
	if (fd >= 0)
		close(fd);
}

static void look_at_capabilities(struct iq_doctor *d, uint64_t caps)
{
	static const struct {
		unsigned nr;
		const char *name;
	} wanted[] = {
		{ CAP_SYS_RAWIO, "CAP_SYS_RAWIO" }, { CAP_SYSLOG, "CAP_SYSLOG" },
		{ CAP_SYS_ADMIN, "CAP_SYS_ADMIN" }, { CAP_PERFMON_NR, "CAP_PERFMON" },
		{ CAP_BPF_NR, "CAP_BPF" },
	};
	struct iq_strbuf sb = IQ_STRBUF_INIT;

	for (unsigned i = 0; i < IQ_ARRAY_SIZE(wanted); i++)
		if (has(caps, wanted[i].nr))
			iq_strbuf_printf(&sb, "%s%s", sb.len ? " " : "", wanted[i].name);
	add(d, "capabilities", has(caps, CAP_SYS_RAWIO) ? IQ_DOCTOR_OK : IQ_DOCTOR_MISSING, "%s",
	    sb.len ? sb.str : "none of CAP_SYS_RAWIO CAP_SYSLOG CAP_SYS_ADMIN CAP_PERFMON CAP_BPF");
	iq_strbuf_deinit(&sb);
}

/* "none [integrity] confidentiality"; no file: the kernel has no lockdown, or no securityfs. */
static bool look_at_lockdown(struct iq_doctor *d, const char *root)
{
	char line[128];

	if (!read_line(root, "/sys/kernel/security/lockdown", line, sizeof(line))) {
		add(d, "lockdown", IQ_DOCTOR_NOTE,
		    "not to be found out: /sys/kernel/security/lockdown cannot be read");
		return false;
	}
	if (strstr(line, "[confidentiality]")) {
		add(d, "lockdown", IQ_DOCTOR_MISSING,
		    "confidentiality: the running kernel cannot be read; read a dump");
		return true;
	}
	add(d, "lockdown", IQ_DOCTOR_OK, "%s",
	    strstr(line, "[integrity]") ? "integrity: reading is allowed" : "none");
	return false;
}

static void look_at_bpf(struct iq_doctor *d, uint64_t caps, bool confidential)
{
	if (confidential)
		add(d, "bpf", IQ_DOCTOR_MISSING, "reads by BPF are forbidden by kernel lockdown");
	else if (has(caps, CAP_SYS_ADMIN) || (has(caps, CAP_BPF_NR) && has(caps, CAP_PERFMON_NR)))
		add(d, "bpf", IQ_DOCTOR_NOTE,
		    "reads by BPF would be allowed; this version does not use them");
	else
		add(d, "bpf", IQ_DOCTOR_MISSING,
		    "reads by BPF need CAP_BPF and CAP_PERFMON (or CAP_SYS_ADMIN)");
}

static void look_at_file(struct iq_doctor *d, const char *root, const char *what, const char *path,
			 const char *otherwise)
{
	int fd = open_at(root, path);

	if (fd >= 0)
		add(d, what, IQ_DOCTOR_OK, "%s", path);
	else
		add(d, what, IQ_DOCTOR_NOTE, "%s: %s; %s", path, strerror(-fd), otherwise);
	if (fd >= 0)
		close(fd);
}

static void look_at_kptr_restrict(struct iq_doctor *d, const char *root)
{
	char line[16];

	if (read_line(root, "/proc/sys/kernel/kptr_restrict", line, sizeof(line)) && *line == '2')
		add(d, "kptr_restrict", IQ_DOCTOR_NOTE,
		    "2: /proc/kallsyms shows no addresses; symbols come out of memory");
}

void iq_target_doctor(const char *root, struct iq_doctor *doctor_ret)
{
	struct iq_doctor d = { 0 };
	uint64_t caps = iq_target_capabilities();
	bool confidential = look_at_lockdown(&d, root);

	look_at_kcore(&d, root, caps, confidential);
	look_at_capabilities(&d, caps);
	look_at_bpf(&d, caps, confidential);
	look_at_file(&d, root, "btf", "/sys/kernel/btf/vmlinux",
		     "types come out of memory, if the kernel has BTF at all");
	look_at_file(&d, root, "kallsyms", "/proc/kallsyms", "symbols come out of memory");
	look_at_kptr_restrict(&d, root);
	if (iq_target_has_kdump())
		add(&d, "dumps", IQ_DOCTOR_OK, "ELF, kdump-compressed and what libkdumpfile reads");
	else
		add(&d, "dumps", IQ_DOCTOR_OK,
		    "ELF only; the dynamically linked inquest reads kdump-compressed ones too");
	*doctor_ret = d;
}
