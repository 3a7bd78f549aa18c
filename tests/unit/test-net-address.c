/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The addresses of a made machine
 */
#include "test.h"

#include "fakekernel.h"
#include "inquest/net-address.h"
#include "layouts.h"

struct machine {
	struct fakekernel *k;
	iq_vaddr nets, net[2], ifa;
};

static iq_vaddr device(struct machine *m, iq_vaddr net, const char *name)
{
	struct fakekernel *k = m->k;
	iq_vaddr dev = fk_alloc(k, "net_device");

	fk_write(k, dev + fk_off(k, "net_device.name"), name, strlen(name) + 1);
	fk_list_add_tail(k, net + fk_off(k, "net.dev_base_head"),
			 dev + fk_off(k, "net_device.dev_list"));
	return dev;
}

/* Another address in front of those that the device has. */
static void add_v4(struct machine *m, iq_vaddr dev, uint8_t last)
{
	struct fakekernel *k = m->k;
	const uint8_t bytes[4] = { 10, 9, 9, last };
	iq_vaddr in = fk_get(k, dev, "net_device.ip_ptr"), ifa = fk_alloc(k, "in_ifaddr");

	if (!in)
		in = fk_alloc(k, "in_device");
	fk_put(k, dev, "net_device.ip_ptr", in);
	fk_put(k, ifa, "in_ifaddr.ifa_next", fk_get(k, in, "in_device.ifa_list"));
	fk_put(k, in, "in_device.ifa_list", ifa);
	fk_write(k, ifa + fk_off(k, "in_ifaddr.ifa_local"), bytes, sizeof(bytes));
	m->ifa = ifa;
}

static void add_v6(struct machine *m, iq_vaddr dev, uint8_t last)
{
	struct fakekernel *k = m->k;
	const uint8_t bytes[16] = { 0xfd, [15] = last };
	iq_vaddr in6 = fk_alloc(k, "inet6_dev"), ifa = fk_alloc(k, "inet6_ifaddr");

	fk_put(k, dev, "net_device.ip6_ptr", in6);
	fk_list_init(k, in6 + fk_off(k, "inet6_dev.addr_list"));
	fk_list_add_tail(k, in6 + fk_off(k, "inet6_dev.addr_list"),
			 ifa + fk_off(k, "inet6_ifaddr.if_list"));
	fk_write(k, ifa + fk_off(k, "inet6_ifaddr.addr"), bytes, sizeof(bytes));
}

/* eth0 with 10.9.9.1, .2 and fd00::1; in another namespace veth0 with 10.9.9.9. */
static void make(struct machine *m, enum fk_flavour flavour)
{
	struct fakekernel *k = m->k = fakekernel_new(flavour);
	iq_vaddr eth0, veth0;

	m->nets = fk_data(k, "net_namespace_list", 16);
	fk_list_init(k, m->nets);
	for (size_t i = 0; i < 2; i++) {
		m->net[i] = fk_alloc(k, "net");
		fk_list_add_tail(k, m->nets, m->net[i] + fk_off(k, "net.list"));
		fk_list_init(k, m->net[i] + fk_off(k, "net.dev_base_head"));
	}
	eth0 = device(m, m->net[0], "eth0");
	veth0 = device(m, m->net[1], "veth0");
	add_v4(m, veth0, 9);
	add_v4(m, eth0, 1);
	add_v4(m, eth0, 2);
	add_v6(m, eth0, 1);
}

static enum iq_address_place place(struct machine *m, struct iq_session *s, uint8_t last,
				   const char **device_ret)
{
	const struct iq_address a = { IQ_ADDRESS_V4, { 10, 9, 9, last } };

	return iq_address_place(s, m->net[0], &a, device_ret);
}

static void each_address_of_each_device_is_here(enum fk_flavour flavour)
{
	const struct iq_address v6 = { IQ_ADDRESS_V6, { 0xfd, [15] = 1 } };
	const char *name;
	struct iq_session *s;
	struct machine m;

	make(&m, flavour);
	s = fk_open(m.k);
	assert_int_equal(place(&m, s, 1, &name), IQ_ADDRESS_HERE);
	assert_string_equal(name, "eth0");
	assert_int_equal(place(&m, s, 2, &name), IQ_ADDRESS_HERE);
	assert_int_equal(iq_address_place(s, m.net[0], &v6, &name), IQ_ADDRESS_HERE);
	assert_string_equal(name, "eth0");
	assert_int_equal(place(&m, s, 3, &name), IQ_ADDRESS_ELSEWHERE);
	assert_null(name);
	fakekernel_free(m.k);
}

static void an_address_of_another_namespace_is_a_hint(enum fk_flavour flavour)
{
	const struct iq_address a = { IQ_ADDRESS_V4, { 10, 9, 9, 9 } };
	const char *name;
	struct iq_session *s;
	struct machine m;

	make(&m, flavour);
	s = fk_open(m.k);
	assert_int_equal(place(&m, s, 9, &name), IQ_ADDRESS_MAYBE_HERE);
	assert_string_equal(name, "veth0");
	assert_int_equal(iq_address_place(s, m.net[1], &a, NULL), IQ_ADDRESS_HERE);
	assert_int_equal(iq_address_place(s, 0, &a, NULL), IQ_ADDRESS_MAYBE_HERE);
	fakekernel_free(m.k);
}

static void the_loopback_is_here_without_any_device(void **state)
{
	static const struct iq_address loopback = { IQ_ADDRESS_V4, { 127, 1, 2, 3 } },
				       one = { IQ_ADDRESS_V6, { [15] = 1 } },
				       other = { IQ_ADDRESS_V6, { [0] = 1, [15] = 1 } };
	struct fakekernel *k = fakekernel_new(FK_NEW);
	struct iq_session *s = fk_open(k);

	(void)state;
	assert_int_equal(iq_address_place(s, 0, &loopback, NULL), IQ_ADDRESS_HERE);
	assert_int_equal(iq_address_place(s, 0, &one, NULL), IQ_ADDRESS_HERE);
	assert_int_equal(iq_address_place(s, 0, &other, NULL), IQ_ADDRESS_ELSEWHERE);
	fakekernel_free(k);
}

/* A chain of addresses that ends in itself, a list of namespaces that does not close: the walk
 * ends, and what was found before counts. */
static void memory_that_lies_ends_the_walk(enum fk_flavour flavour)
{
	struct iq_session *s;
	struct machine m;

	make(&m, flavour);
	fk_put(m.k, m.ifa, "in_ifaddr.ifa_next", m.ifa);
	fk_u64(m.k, m.net[0] + fk_off(m.k, "net.list"), 0x10);
	s = fk_open(m.k);
	assert_int_equal(place(&m, s, 2, NULL), IQ_ADDRESS_HERE);
	assert_int_equal(place(&m, s, 9, NULL), IQ_ADDRESS_ELSEWHERE);
	fakekernel_free(m.k);
}

static void a_sockaddr_is_read_by_its_family(void **state)
{
	static const uint8_t v4[16] = { 2, 0, 8, 1, 10, 9, 9, 2 }, unix_path[16] = { 1, 0, '/' },
			     mapped[28] = { 10, [18] = 0xff, 0xff, 10, 9, 9, 2 };
	struct fakekernel *k = fakekernel_new(FK_NEW);
	iq_vaddr at = fk_heap(k, 96);
	struct iq_address a;
	struct iq_session *s;

	(void)state;
	fk_write(k, at, v4, sizeof(v4));
	fk_write(k, at + 32, mapped, sizeof(mapped));
	fk_write(k, at + 64, unix_path, sizeof(unix_path));
	s = fk_open(k);
	assert_true(iq_address_read(s, at, &a));
	assert_int_equal(a.family, IQ_ADDRESS_V4);
	assert_memory_equal(a.bytes, v4 + 4, 4);
	assert_true(iq_address_read(s, at + 32, &a));
	assert_int_equal(a.family, IQ_ADDRESS_V4);
	assert_memory_equal(a.bytes, v4 + 4, 4);
	assert_false(iq_address_read(s, at + 64, &a));
	assert_false(iq_address_read(s, 8, &a));
	fakekernel_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		each_layout(each_address_of_each_device_is_here),
		each_layout(an_address_of_another_namespace_is_a_hint),
		cmocka_unit_test(the_loopback_is_here_without_any_device),
		each_layout(memory_that_lies_ends_the_walk),
		cmocka_unit_test(a_sockaddr_is_read_by_its_family),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
