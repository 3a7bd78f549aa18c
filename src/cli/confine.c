/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Read-only by construction
 *
 * Once the source is open this process has to compute, to read what it has
 * open, and to write to its two outputs. It gives up the rest: its capabilities
 * (but the one that keeps its memory locked), new privileges, and by a seccomp
 * filter every system call that is not on a short list. What is not on the list fails with EPERM;
 * nothing is killed for it, so that a libc that has a new idea costs a feature and not the answer.
 * Where the kernel does not offer one of these we go on without.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/cli.h"

#if defined(__x86_64__)
#define OUR_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_ARCH AUDIT_ARCH_AARCH64
#endif

#if defined(__SANITIZE_ADDRESS__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define IS_SANITIZED 1
#endif
#endif

static void drop_capabilities(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { 0 }, present[2];
	/* CAP_IPC_LOCK: what we allocate from here on is locked as well. */
	uint32_t keep = 1u << CAP_IPC_LOCK;

	if (syscall(SYS_capget, &header, present) < 0)
		return;
	data[0].effective = present[0].effective & keep;
	data[0].permitted = present[0].permitted & keep;
	syscall(SYS_capset, &header, data);
}

#ifdef OUR_ARCH

/* Allowed whatever the arguments are. */
static const unsigned allowed[] = {
	SYS_read,
	SYS_pread64,
	SYS_preadv,
	SYS_preadv2,
	SYS_lseek,
	SYS_close,
	SYS_fstat,
	SYS_mmap,
	SYS_munmap,
	SYS_mremap,
	SYS_brk,
	SYS_mprotect,
	SYS_madvise,
	SYS_mlock,
	SYS_munlock,
	SYS_clock_gettime,
	SYS_clock_nanosleep,
	SYS_nanosleep,
	SYS_gettimeofday,
	SYS_rt_sigaction,
	SYS_sigaltstack,
	SYS_rt_sigprocmask,
	SYS_rt_sigreturn,
	SYS_sigaltstack,
	SYS_restart_syscall,
	SYS_futex,
	SYS_exit,
	SYS_exit_group,
	SYS_getpid,
	SYS_gettid,
	SYS_getrandom,
	SYS_wait4,
	SYS_sched_yield,
	SYS_ioctl,
	SYS_uname,
#ifdef SYS_poll
	SYS_poll,
#endif
	SYS_ppoll,
	SYS_sysinfo,
#ifdef SYS_time
	SYS_time,
#endif
};

/* Allowed on standard output and standard error. */
static const unsigned allowed_to_write[] = { SYS_write, SYS_writev };

enum { NUM_HEAD = 4, NUM_TAIL = 8 };

static void filter_calls(int helper)
{
	enum { NUM_ALLOWED = IQ_ARRAY_SIZE(allowed), NUM_WRITE = IQ_ARRAY_SIZE(allowed_to_write) };
	struct sock_filter code[NUM_HEAD + NUM_ALLOWED + NUM_WRITE + NUM_TAIL];
	struct sock_fprog program = { .filter = code };
	unsigned n = 0, deny, allow, check;

	/* The end: deny, allow, and six that look at the descriptor. */
	deny = NUM_HEAD + NUM_ALLOWED + NUM_WRITE;
	allow = deny + 1;
	check = deny + 2;
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						 offsetof(struct seccomp_data, arch));
	code[n] =
		(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OUR_ARCH, 0, deny - n - 1);
	n++;
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						 offsetof(struct seccomp_data, nr));
	/* Numbers of the x32 ABI are not ours. */
	code[n] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, deny - n - 1,
					       0);
	n++;
	for (unsigned i = 0; i < NUM_ALLOWED; i++, n++)
		code[n] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, allowed[i],
						       allow - n - 1, 0);
	for (unsigned i = 0; i < NUM_WRITE; i++, n++)
		code[n] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
						       allowed_to_write[i], check - n - 1, 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						 offsetof(struct seccomp_data, args[0]));
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, STDOUT_FILENO, 2, 0);
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, STDERR_FILENO, 1, 0);
	/* Without a helper this is standard output once more. */
	code[n++] = (struct sock_filter)BPF_JUMP(
		BPF_JMP | BPF_JEQ | BPF_K, helper > 0 ? (unsigned)helper : STDOUT_FILENO, 0, 1);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	program.len = (unsigned short)n;
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

#else

static void filter_calls(int helper)
{
	(void)helper;
}

#endif

void iq_confine(int helper)
{
#ifndef IS_SANITIZED
	drop_capabilities();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		filter_calls(helper);
#endif
}
