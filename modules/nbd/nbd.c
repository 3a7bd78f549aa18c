/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Network block devices: on to the server
 *
 * Each connection of an nbd device is a socket. Whoever has its other end
 * open is the server; of a server on another machine we know the address.
 *
 * Kernel: drivers/block/nbd.c (struct nbd_device, nbd_config, nbd_sock: its module's types),
 * include/net/af_unix.h, include/net/sock.h.
 */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "inquest/disk.h"
#include "inquest/files.h"
#include "inquest/module.h"
#include "inquest/net-address.h"

enum { MAX_SOCKS = 64, MAX_THREADS = 64, FAMILY_UNIX = 1, FAMILY_INET = 2, FAMILY_INET6 = 10 };

static const char sock_type[] = "struct sock";

struct served {
	struct iq_diag *d;
	struct iq_object *device;
	iq_vaddr socket, sk;
	size_t num;
};

/* Every thread of a process may be the one that answers. */
static bool add_server(void *ctx, const struct iq_open_file *open)
{
	struct served *v = ctx;
	struct iq_diag *d = v->d;
	size_t num = 0;

	for (size_t i = 0; i < d->tasks->num_tasks && num < MAX_THREADS; i++) {
		const struct iq_task *t = &d->tasks->tasks[i];
		struct iq_edge *e;

		if (!t->pid || t->tgid != open->task->tgid)
			continue;
		e = iq_graph_edge(d->g, v->device, iq_diag_task(d, t), NULL, IQ_EDGE_SERVES,
				  IQ_STRONG, "is its server");
		if (!num++)
			iq_text_add(d->g, &e->evidence,
				    "descriptor %u of %s (%d) is the other end of the connection "
				    "at %#" PRIx64,
				    open->fd, open->task->comm, open->task->pid, v->sk);
	}
	v->num += num;
	return false;
}

static bool peek_sock(struct iq_diag *d, iq_vaddr sk, const char *member, uint64_t *value_ret)
{
	return iq_peek_member(d->s, sock_type, member, sk, value_ret);
}

/* The other end of a TCP connection, where it is on this machine. */
struct other_end {
	struct served v;
	uint64_t daddr, rcv, dport, num;
	iq_vaddr sk;
};

static bool is_other_end(void *ctx, const struct iq_open_file *open)
{
	struct other_end *o = ctx;
	struct iq_diag *d = o->v.d;
	uint64_t sk, back, family, daddr, rcv, dport, num;

	if (!open->private_data ||
	    !iq_peek_member(d->s, "struct socket", "file", open->private_data, &back) ||
	    back != open->file ||
	    !iq_peek_member(d->s, "struct socket", "sk", open->private_data, &sk) || sk == o->sk ||
	    !peek_sock(d, sk, "__sk_common.skc_family", &family) ||
	    (family != FAMILY_INET && family != FAMILY_INET6) ||
	    !peek_sock(d, sk, "__sk_common.skc_daddr", &daddr) ||
	    !peek_sock(d, sk, "__sk_common.skc_rcv_saddr", &rcv) ||
	    !peek_sock(d, sk, "__sk_common.skc_dport", &dport) ||
	    !peek_sock(d, sk, "__sk_common.skc_num", &num))
		return false;
	/* skc_num is our port in our own byte order, skc_dport theirs in the network's. */
	if (daddr == o->rcv && rcv == o->daddr && ntohs((uint16_t)dport) == o->num &&
	    num == ntohs((uint16_t)o->dport))
		add_server(&o->v, open);
	return false;
}

static void find_other_end(struct iq_diag *d, struct other_end *o)
{
	for (size_t i = 0; i < d->tasks->num_tasks; i++) {
		const struct iq_task *t = &d->tasks->tasks[i];

		if (t->pid && t->pid == t->tgid && t->files)
			iq_open_of_task(d->s, t, is_other_end, o);
	}
}

static void add_remote(struct iq_diag *d, struct iq_object *device, iq_vaddr sk, uint64_t family,
		       const struct other_end *end)
{
	int64_t off = iq_offsetof(d->s, sock_type, "__sk_common.skc_v6_daddr");
	char text[INET6_ADDRSTRLEN] = "";
	uint32_t v4 = (uint32_t)end->daddr;
	uint8_t v6[16];
	uint64_t again, net = 0;
	struct iq_address address = { .family = family };
	struct iq_object *o;
	struct iq_verdict *v;
	struct iq_edge *e;

	if (family == FAMILY_INET) {
		memcpy(address.bytes, &v4, sizeof(v4));
		inet_ntop(AF_INET, &v4, text, sizeof(text));
	} else if (off >= 0 && iq_peek(d->s, sk + (uint64_t)off, v6, sizeof(v6))) {
		memcpy(address.bytes, v6, sizeof(v6));
		inet_ntop(AF_INET6, v6, text, sizeof(text));
	}
	if (!text[0])
		return;
	o = iq_graph_object(d->g, IQ_OBJ_SERVER,
			    strchr(text, ':') ? "server:[%s]:%u" : "server:%s:%u", text,
			    ntohs((uint16_t)end->dport));
	iq_object_str(d->g, o, "protocol", "nbd");
	iq_object_name(d->g, o, "block server %s", text);
	e = iq_graph_edge(d->g, device, o, NULL, IQ_EDGE_SERVES, IQ_PROVEN, "is its server");
	iq_text_add(d->g, &e->evidence, "the connection of %s at %#" PRIx64 " goes to %s, port %u",
		    iq_device_name(device), sk, text, ntohs((uint16_t)end->dport));
	if (!device->verdict)
		return;
	v = iq_object_verdict(d->g, o, IQ_CAUSE_NET_UNREACHABLE, IQ_STRONG,
			      "the block server %s does not answer %s", text,
			      iq_device_name(device));
	if (!v)
		return;
	iq_text_add(d->g, &v->evidence, "%s", device->verdict->evidence.data[0]);
	if (iq_peek_member(d->s, "struct inet_connection_sock", "icsk_retransmits", sk, &again) &&
	    again)
		iq_text_add(d->g, &v->evidence,
			    "inet_connection_sock.icsk_retransmits of %#" PRIx64 " is %" PRIu64
			    ": sent again so often, without an answer",
			    sk, again);
	peek_sock(d, sk, "__sk_common.skc_net.net", &net);
	if (iq_address_place(d->s, net, &address, NULL) == IQ_ADDRESS_HERE)
		iq_remedy_add(
			d->g, &v->remedy, IQ_RISK_LOW, NULL,
			"The address is one of this machine, and no process has the other end "
			"of the connection: start the server again (ss -ltnp)");
	else
		iq_remedy_add(
			d->g, &v->remedy, IQ_RISK_NONE,
			iq_arena_printf(d->g->arena, "ss -tn dst %s", text),
			"See whether the server is up and the way to it is open (firewall, route): "
			"ping %s, ss -tn dst %s",
			text, text);
	iq_remedy_add(d->g, &v->remedy, IQ_RISK_DATA,
		      iq_arena_printf(d->g->arena, "nbd-client -d /dev/%s", iq_device_name(device)),
		      "Give the device up, its users get errors: nbd-client -d /dev/%s",
		      iq_device_name(device));
}

static void add_connection(struct iq_diag *d, struct iq_object *device, iq_vaddr nsock)
{
	struct other_end end = { .v = { .d = d, .device = device } };
	uint64_t socket, sk, family, peer;

	if (!iq_peek_member(d->s, "struct nbd_sock", "sock", nsock, &socket) || !socket ||
	    !iq_peek_member(d->s, "struct socket", "sk", socket, &sk) || !sk ||
	    !peek_sock(d, sk, "__sk_common.skc_family", &family))
		return;
	end.sk = end.v.sk = sk;
	if (family == FAMILY_UNIX) {
		if (iq_peek_member(d->s, "struct unix_sock", "peer", sk, &peer) && peer &&
		    peek_sock(d, peer, "sk_socket", &socket) && socket)
			iq_open_each(d->s, IQ_OPEN_PRIVATE, socket, add_server, &end.v);
		return;
	}
	if ((family != FAMILY_INET && family != FAMILY_INET6) ||
	    !peek_sock(d, sk, "__sk_common.skc_daddr", &end.daddr) ||
	    !peek_sock(d, sk, "__sk_common.skc_rcv_saddr", &end.rcv) ||
	    !peek_sock(d, sk, "__sk_common.skc_dport", &end.dport) ||
	    !peek_sock(d, sk, "__sk_common.skc_num", &end.num))
		return;
	find_other_end(d, &end);
	if (!end.v.num)
		add_remote(d, device, sk, family, &end);
}

static struct iq_error *explain_nbd(struct iq_diag *d, struct iq_object *o)
{
	uint64_t nbd, config, num, socks, one, disk;

	if (!iq_disk_has_ops(d->s, o->addr, "nbd_fops") ||
	    !iq_peek_member(d->s, "struct gendisk", "private_data", o->addr, &nbd) ||
	    !iq_peek_member(d->s, "struct nbd_device", "disk", nbd, &disk) || disk != o->addr ||
	    !iq_peek_member(d->s, "struct nbd_device", "config", nbd, &config) || !config ||
	    !iq_peek_member(d->s, "struct nbd_config", "num_connections", config, &num) ||
	    num > MAX_SOCKS || !iq_peek_member(d->s, "struct nbd_config", "socks", config, &socks))
		return NULL;
	for (uint64_t i = 0; i < num; i++)
		if (iq_peek_u64(d->s, socks + 8 * i, &one) && one)
			add_connection(d, o, one);
	return NULL;
}

static const struct iq_object_rule object_rules[] = {
	{ .name = "nbd",
	  .summary = "the server of a network block device: its process, or its address",
	  .type = IQ_OBJ_DEVICE,
	  .explain = explain_nbd },
	{ 0 },
};

static const char *const types[] = { "struct nbd_device", "struct nbd_config", "struct nbd_sock",
				     NULL };

const struct iq_module iq_module_nbd = {
	.api = IQ_MODULE_API,
	.name = "nbd",
	.summary = "network block devices: on to the server",
	.needs_types = types,
	.object_rules = object_rules,
};
