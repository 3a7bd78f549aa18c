/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The addresses of this machine
 *
 *	net_namespace_list -> struct net.dev_base_head -> struct net_device
 *	        .ip_ptr  -> in_device.ifa_list -> in_ifaddr.ifa_local, and on by .ifa_next
 *	        .ip6_ptr -> inet6_dev.addr_list: list of inet6_ifaddr.addr
 *
 * They are read once for each snapshot.
 *
 * Kernel: include/linux/netdevice.h and inetdevice.h, include/net/net_namespace.h and if_inet6.h.
 */
#include "inquest/net-address.h"

#include "inquest/cache.h"

enum { MAX_NETS = 65536, MAX_DEVICES = 65536, MAX_ADDRESSES = 65536, NAME_LEN = 16 };

static const char dev_type[] = "struct net_device";

struct owned {
	struct iq_address address;
	char device[NAME_LEN + 1];
	iq_vaddr net;
};

struct owned_list {
	IQ_VEC(struct owned) list;
};

struct reader {
	struct iq_session *s;
	struct owned_list *owned;
	struct owned now; /* whose addresses are being read */
};

static void add(struct reader *r, enum iq_address_family family, iq_vaddr at)
{
	r->now.address = (struct iq_address){ .family = family };
	if (r->owned->list.num < MAX_ADDRESSES &&
	    iq_peek(r->s, at, r->now.address.bytes, family == IQ_ADDRESS_V4 ? 4 : 16))
		iq_vec_push(&r->owned->list, r->now);
}

static void add_v4(struct reader *r, iq_vaddr dev)
{
	static const char type[] = "struct in_ifaddr";
	int64_t local = iq_offsetof(r->s, type, "ifa_local");
	uint64_t in, ifa;

	if (local < 0 || !iq_peek_member(r->s, dev_type, "ip_ptr", dev, &in) ||
	    !iq_is_kernel_ptr(r->s, in) ||
	    !iq_peek_member(r->s, "struct in_device", "ifa_list", in, &ifa))
		return;
	for (size_t n = 0; n < MAX_ADDRESSES && iq_is_kernel_ptr(r->s, ifa); n++) {
		add(r, IQ_ADDRESS_V4, ifa + (uint64_t)local);
		if (!iq_peek_member(r->s, type, "ifa_next", ifa, &ifa))
			return;
	}
}

static bool add_one_v6(void *ctx, iq_vaddr node)
{
	struct reader *r = ctx;
	int64_t list = iq_offsetof(r->s, "struct inet6_ifaddr", "if_list"),
		addr = iq_offsetof(r->s, "struct inet6_ifaddr", "addr");

	if (list < 0 || addr < 0)
		return true;
	add(r, IQ_ADDRESS_V6, node - (uint64_t)list + (uint64_t)addr);
	return false;
}

static void add_v6(struct reader *r, iq_vaddr dev)
{
	int64_t list = iq_offsetof(r->s, "struct inet6_dev", "addr_list");
	uint64_t in6;

	if (list >= 0 && iq_peek_member(r->s, dev_type, "ip6_ptr", dev, &in6) &&
	    iq_is_kernel_ptr(r->s, in6))
		iq_error_free(
			iq_list_walk(r->s, in6 + (uint64_t)list, MAX_ADDRESSES, add_one_v6, r));
}

static bool add_device(void *ctx, iq_vaddr node)
{
	struct reader *r = ctx;
	int64_t list = iq_offsetof(r->s, dev_type, "dev_list"),
		name = iq_offsetof(r->s, dev_type, "name");
	iq_vaddr dev = node - (uint64_t)list;

	if (list < 0 || name < 0)
		return true;
	iq_error_free(
		iq_read_str(r->s, dev + (uint64_t)name, r->now.device, sizeof(r->now.device)));
	add_v4(r, dev);
	add_v6(r, dev);
	return false;
}

static bool add_net(void *ctx, iq_vaddr node)
{
	struct reader *r = ctx;
	int64_t list = iq_offsetof(r->s, "struct net", "list"),
		devices = iq_offsetof(r->s, "struct net", "dev_base_head");

	if (list < 0 || devices < 0)
		return true;
	r->now.net = node - (uint64_t)list;
	iq_error_free(
		iq_list_walk(r->s, r->now.net + (uint64_t)devices, MAX_DEVICES, add_device, r));
	return false;
}

static void *make_list(struct iq_session *s)
{
	struct owned_list *owned = iq_xcalloc(1, sizeof(*owned));
	struct reader r = { .s = s, .owned = owned };
	iq_vaddr nets = iq_sym_addr(s, "net_namespace_list");

	if (nets)
		iq_error_free(iq_list_walk(s, nets, MAX_NETS, add_net, &r));
	return owned;
}

static void free_list(void *value)
{
	struct owned_list *owned = value;

	iq_vec_free(&owned->list);
	free(owned);
}

static const struct iq_cache owned_cache = { .life = IQ_CACHE_SNAPSHOT,
					     .make = make_list,
					     .free = free_list };

void iq_address_each(struct iq_session *s, iq_address_fn fn, void *ctx)
{
	struct owned_list *owned = iq_cache_get(s, &owned_cache);

	iq_vec_foreach(&owned->list, o)
		if (fn(ctx, &o->address, o->device, o->net))
			return;
}

/* ---- one address ---- */

bool iq_address_read(struct iq_session *s, iq_vaddr sockaddr, struct iq_address *address_ret)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct iq_address a = { 0 };
	uint16_t family;

	/* sockaddr_in has its address behind the port, sockaddr_in6 behind that and the label of
	 * the flow: both are fixed, programs know them. */
	if (!iq_peek(s, sockaddr, &family, sizeof(family)))
		return false;
	if (family == IQ_ADDRESS_V4) {
		a.family = IQ_ADDRESS_V4;
		if (!iq_peek(s, sockaddr + 4, a.bytes, 4))
			return false;
	} else if (family == IQ_ADDRESS_V6) {
		a.family = IQ_ADDRESS_V6;
		if (!iq_peek(s, sockaddr + 8, a.bytes, 16))
			return false;
		if (!memcmp(a.bytes, mapped, sizeof(mapped))) {
			a.family = IQ_ADDRESS_V4;
			memmove(a.bytes, a.bytes + 12, 4);
			memset(a.bytes + 4, 0, 12);
		}
	} else {
		return false;
	}
	*address_ret = a;
	return true;
}

static bool is_loopback(const struct iq_address *a)
{
	static const uint8_t one[16] = { [15] = 1 };

	return a->family == IQ_ADDRESS_V4 ? a->bytes[0] == 127
					  : !memcmp(a->bytes, one, sizeof(one));
}

struct search {
	const struct iq_address *wanted;
	iq_vaddr net;
	enum iq_address_place place;
	const char *device;
};

static bool is_wanted(void *ctx, const struct iq_address *a, const char *device, iq_vaddr net)
{
	struct search *x = ctx;

	if (a->family != x->wanted->family || memcmp(a->bytes, x->wanted->bytes, sizeof(a->bytes)))
		return false;
	x->device = device;
	x->place = net == x->net ? IQ_ADDRESS_HERE : IQ_ADDRESS_MAYBE_HERE;
	return x->place == IQ_ADDRESS_HERE;
}

enum iq_address_place iq_address_place(struct iq_session *s, iq_vaddr net,
				       const struct iq_address *address, const char **device_ret)
{
	struct search x = { .wanted = address, .net = net };

	if (is_loopback(address)) {
		x.place = IQ_ADDRESS_HERE;
		x.device = "lo";
	} else {
		iq_address_each(s, is_wanted, &x);
	}
	if (device_ret)
		*device_ret = x.device ? iq_arena_strdup(iq_scratch(s), x.device) : NULL;
	return x.place;
}
