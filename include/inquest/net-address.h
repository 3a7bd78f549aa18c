/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Addresses in networks: whose they are
 *
 * A server that a task waits for may be this machine itself: by the loopback, by an address of one
 * of its own devices, or by one in another network namespace (a container's). The same private
 * address may also be in use somewhere else: in another namespace it is only a hint.
 */
#ifndef INQUEST_NET_ADDRESS_H
#define INQUEST_NET_ADDRESS_H

#include "inquest/session.h"

enum iq_address_family { IQ_ADDRESS_V4 = 2, IQ_ADDRESS_V6 = 10 }; /* AF_INET, AF_INET6 */

struct iq_address {
	enum iq_address_family family;
	uint8_t bytes[16]; /* in network order; of V4 the first four */
};

/*
 * The address in a struct sockaddr of the target; an IPv4 address that is written as an IPv6 one is
 * the IPv4 one. False: it cannot be read, or is of another family.
 */
bool iq_address_read(struct iq_session *s, iq_vaddr sockaddr, struct iq_address *address_ret);

enum iq_address_place {
	IQ_ADDRESS_ELSEWHERE,  /* or what devices there are could not be read */
	IQ_ADDRESS_MAYBE_HERE, /* a device of another network namespace has it, or of who knows
				  which */
	IQ_ADDRESS_HERE,
};

/*
 * Where this address is, as seen from a network namespace (struct net); net 0: not known from
 * which, so that only the loopback is sure.
 * device_ret (may be NULL): the name of the device that has it, in the scratch arena; NULL:
 * elsewhere.
 */
enum iq_address_place iq_address_place(struct iq_session *s, iq_vaddr net,
				       const struct iq_address *address, const char **device_ret);

/*
 * Call fn with each address of each network device, with the device's name and its namespace
 * (struct net), until it returns true.
 */
typedef bool (*iq_address_fn)(void *ctx, const struct iq_address *address, const char *device,
			      iq_vaddr net);
void iq_address_each(struct iq_session *s, iq_address_fn fn, void *ctx);

#endif
