/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Cookies of device mapper
 *
 * dmsetup and LVM wait until udev has worked on the devices that they made: they count a semaphore
 * up for each, give its key to the kernel as the event's cookie, and wait until it is zero. udev's
 * rules call `dmsetup udevcomplete` with the key, which counts down. Such a key has 0x0D4D in its
 * upper half (DM_COOKIE_MAGIC of libdevmapper).
 *
 * Who is udev? Who receives the kernel's events: a netlink socket of NETLINK_KOBJECT_UEVENT in the
 * kernel's group, the first (others listen in the second, to what udev says). The service manager
 * has that socket too, since it opens it for udev: the first process of a namespace does not count.
 * The work is done by udev's children. Only those who cannot go on matter: edges to them are likely
 * at the most, since nothing says that this event is with them.
 *
 * Kernel: net/netlink/af_netlink.h, lib/kobject_uevent.c.
 */
#include "udev.h"

#include "inquest/files.h"

enum {
	COOKIE_MAGIC = 0x0D4D,
	AF_NETLINK_ = 16,
	KOBJECT_UEVENT = 15,
	KERNEL_GROUP = 1,
	MAX_STUCK = 16,
};

static const char sock_type[] = "struct sock", nlk_type[] = "struct netlink_sock";

bool is_udev_cookie(struct iq_diag *d, iq_vaddr array, int op, uint32_t *key_ret)
{
	uint64_t key;

	*key_ret = 0;
	if (op != 0 || !iq_peek_member(d->s, "struct sem_array", "sem_perm.key", array, &key))
		return false;
	*key_ret = (uint32_t)key;
	return *key_ret >> 16 == COOKIE_MAGIC;
}

struct receiver {
	struct iq_diag *d;
	iq_vaddr ops;
	bool found;
	unsigned fd;
};

static bool look_at_file(void *ctx, const struct iq_open_file *open)
{
	struct receiver *x = ctx;
	struct iq_session *s = x->d->s;
	uint64_t sk, back, family, protocol, groups, bits, num;

	if (open->f_op != x->ops || !open->private_data ||
	    !iq_peek_member(s, "struct socket", "sk", open->private_data, &sk) ||
	    !iq_is_kernel_ptr(s, sk) || !iq_peek_member(s, sock_type, "sk_socket", sk, &back) ||
	    back != open->private_data ||
	    !iq_peek_member(s, sock_type, "__sk_common.skc_family", sk, &family) ||
	    family != AF_NETLINK_ || !iq_peek_member(s, sock_type, "sk_protocol", sk, &protocol) ||
	    protocol != KOBJECT_UEVENT || !iq_peek_member(s, nlk_type, "ngroups", sk, &num) ||
	    !num || !iq_peek_member(s, nlk_type, "groups", sk, &groups) ||
	    !iq_is_kernel_ptr(s, groups) || !iq_peek_u64(s, groups, &bits) ||
	    !(bits & KERNEL_GROUP))
		return false;
	x->found = true;
	x->fd = open->fd;
	return true;
}

static bool receives_events(struct iq_diag *d, const struct iq_task *process, unsigned *fd_ret)
{
	struct receiver x = { .d = d, .ops = iq_sym_addr(d->s, "socket_file_ops") };

	if (!x.ops || process->kthread || process->ns_pid == 1 || process->pid == 1)
		return false;
	iq_open_of_task(d->s, process, look_at_file, &x);
	*fd_ret = x.fd;
	return x.found;
}

/* Stopped, traced, frozen, or in an uninterruptible sleep. */
static bool does_not_go_on(const struct iq_task *t)
{
	return t->frozen || t->state == 'T' || t->state == 't' || t->state == 'D';
}

static bool add_stuck(struct iq_diag *d, struct iq_wait *w, const struct iq_task *t,
		      const struct iq_task *udev, unsigned fd)
{
	struct iq_edge *e;

	if (!does_not_go_on(t) || t->tgid == (int32_t)iq_object_pid(w->task))
		return false;
	e = iq_graph_edge(d->g, w->task, iq_diag_task(d, t), w->on, IQ_EDGE_SERVES, IQ_LIKELY,
			  t == udev ? "has to work on the device's events"
				    : "works on udev's events");
	iq_text_add(d->g, &e->evidence,
		    "%s (%d) receives the kernel's device events: its descriptor %u is a netlink "
		    "socket of NETLINK_KOBJECT_UEVENT in the kernel's group%s",
		    udev->comm, udev->tgid, fd,
		    t == udev ? ""
			      : iq_arena_printf(iq_scratch(d->s), "; %s (%d) is its child", t->comm,
						t->pid));
	return true;
}

static void add_udev(struct iq_diag *d, struct iq_wait *w)
{
	size_t num = 0;

	for (size_t i = 0; i < d->tasks->num_tasks && num < MAX_STUCK; i++) {
		const struct iq_task *udev = &d->tasks->tasks[i];
		unsigned fd;

		if (!udev->pid || udev->pid != udev->tgid || !udev->files ||
		    !receives_events(d, udev, &fd))
			continue;
		num += add_stuck(d, w, udev, udev, fd);
		for (size_t k = 0; k < d->tasks->num_tasks && num < MAX_STUCK; k++)
			if (d->tasks->tasks[k].ppid == udev->tgid)
				num += add_stuck(d, w, &d->tasks->tasks[k], udev, fd);
	}
}

void explain_udev_cookie(struct iq_diag *d, struct iq_wait *wait, uint32_t key)
{
	wait->in_words = "until udev has worked on a device-mapper device";
	wait->until = "to become zero, which is udev's word that it has worked on the devices";
	iq_text_add(d->g, &wait->evidence,
		    "the set's key is %#x: a cookie of device mapper, that udev's rules count down "
		    "by dmsetup udevcomplete",
		    key);
	if (!wait->on->remedy.num) {
		iq_remedy_add(d->g, &wait->on->remedy, IQ_RISK_NONE, "dmsetup udevcookies",
			      "See whether udev runs and works on its events: systemctl status "
			      "systemd-udevd; dmsetup udevcookies lists the cookies");
		iq_remedy_add(
			d->g, &wait->on->remedy, IQ_RISK_DATA, NULL,
			"If udev is not going to answer: dmsetup udevcomplete %#x ends this "
			"wait, dmsetup udevcomplete_all those for all cookies; the links in /dev "
			"of these devices may then be missing, and who waited goes on without "
			"them",
			key);
	}
	add_udev(d, wait);
}
