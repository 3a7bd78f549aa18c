/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An NFS server that is this machine itself: which of its threads has the calls of a transport. */
#ifndef IQ_NFS_SERVED_H
#define IQ_NFS_SERVED_H

#include "inquest/module.h"
#include "inquest/net-address.h"

struct iq_nfs_served {
	enum iq_address_place place; /* where the server's address is */
	const char *device;	     /* the device that has it, or NULL */
	bool here;		     /* it is this machine: by its address, or by a call in hand */
	size_t num_idle, num_busy;   /* the server's threads, those that work at a call */
	size_t num_edges;
};

/*
 * Edges from a server's object to the threads of this machine that have a call of this transport
 * (struct rpc_xprt) in hand; where all of them are busy with something else and the server's
 * address is here, to each, as a guess.
 */
void iq_nfs_add_threads(struct iq_diag *d, struct iq_object *server, iq_vaddr xprt,
			struct iq_nfs_served *served_ret);

#endif
