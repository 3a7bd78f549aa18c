/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Roles around the kernel's global services: auditing, network configuration
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <linux/userfaultfd.h>
#include <net/if.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "role.h"

/* ---- auditing ---- */

static int audit_socket(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	int fd = checked(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT), "socket");

	checked(bind(fd, (struct sockaddr *)&address, sizeof(address)), "bind");
	return fd;
}

static void audit_send(int fd, int type, const void *data, size_t len)
{
	static unsigned seq;
	struct {
		struct nlmsghdr head;
		char data[256];
	} msg = { .head = { .nlmsg_len = (unsigned)NLMSG_LENGTH(len),
			    .nlmsg_type = (unsigned short)type,
			    .nlmsg_flags = NLM_F_REQUEST,
			    .nlmsg_seq = ++seq } };
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	memcpy(msg.data, data, len);
	checked((int)sendto(fd, &msg, msg.head.nlmsg_len, 0, (struct sockaddr *)&kernel,
			    sizeof(kernel)),
		"sendto");
}

static void audit_set(int fd, unsigned mask, const struct audit_status *values)
{
	struct audit_status status = *values;

	status.mask = mask;
	audit_send(fd, AUDIT_SET, &status, sizeof(status));
}

/* auditd: registers as the audit daemon, with a small backlog, and never reads */
static int role_auditd(char **argv)
{
	int fd = audit_socket(), size = 1;

	(void)argv;
	be("auditd");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	audit_set(fd, AUDIT_STATUS_ENABLED | AUDIT_STATUS_PID | AUDIT_STATUS_BACKLOG_LIMIT,
		  &(struct audit_status){
			  .enabled = 1, .pid = (unsigned)getpid(), .backlog_limit = 2 });
	fact(getpid(), "auditd");
	sleep_for_ever();
}

/* audit-says: tells the audit trail something, again and again */
static int role_audit_says(char **argv)
{
	static const char text[] = "op=zoo";
	int fd = audit_socket();

	(void)argv;
	be("audit-says");
	fact(getpid(), "says");
	for (;;) {
		audit_send(fd, AUDIT_USER, text, sizeof(text));
		usleep(1000);
	}
	return 0;
}

/* audit-off: as it was; who still waits for room is woken, one by each record */
static int role_audit_off(char **argv)
{
	int fd = audit_socket();

	(void)argv;
	audit_set(fd, AUDIT_STATUS_BACKLOG_LIMIT, &(struct audit_status){ .backlog_limit = 64 });
	for (int i = 0; i < 20; i++) {
		audit_send(fd, AUDIT_USER, "op=zoo", 7);
		usleep(50000);
	}
	audit_set(fd, AUDIT_STATUS_ENABLED, &(struct audit_status){ .enabled = 0 });
	return 0;
}

/* ---- network configuration ---- */

/* ifconf-uffd: asks for the list of network devices, into memory that another process has to
 * bring, which is stopped */
static int role_ifconf_uffd(char **argv)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	int uffd = checked((int)syscall(SYS_userfaultfd, O_CLOEXEC), "userfaultfd");
	int fd = checked(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
	char *map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct ifconf conf = { .ifc_len = PAGE, .ifc_buf = map };
	pid_t pid;

	(void)argv;
	if (map == MAP_FAILED)
		die("mmap");
	checked(ioctl(uffd, UFFDIO_API, &api), "UFFDIO_API");
	range.range.start = (uintptr_t)map;
	range.range.len = PAGE;
	checked(ioctl(uffd, UFFDIO_REGISTER, &range), "UFFDIO_REGISTER");
	pid = checked(fork(), "fork");
	if (!pid) {
		struct uffdio_zeropage zero = { .range = range.range };

		be("uffd-monitor");
		fact(getpid(), "monitor");
		raise(SIGSTOP);
		ioctl(uffd, UFFDIO_ZEROPAGE, &zero);
		_exit(0);
	}
	waitpid(pid, NULL, WUNTRACED);
	close(uffd);
	be("ifconf");
	fact(getpid(), "ifconf");
	checked(ioctl(fd, SIOCGIFCONF, &conf), "SIOCGIFCONF");
	return 0;
}

static const struct role kernel_roles[] = {
	{ "auditd", 0, role_auditd },
	{ "audit-says", 0, role_audit_says },
	{ "audit-off", 0, role_audit_off },
	{ "ifconf-uffd", 0, role_ifconf_uffd },
	{ 0 },
};
ROLES(kernel_roles)
